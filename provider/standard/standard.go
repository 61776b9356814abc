// Package standard is the set of providers a shop has unless it says
// otherwise.
package standard

import (
	"github.com/stoashop/stoa/commerce/payment"
	"github.com/stoashop/stoa/platform/egress"
	"github.com/stoashop/stoa/provider/payment/manual"
	"github.com/stoashop/stoa/provider/payment/sandbox"
)

// Options come from the server's settings.
type Options struct {
	SandboxURL     string // "" leaves the sandbox out
	SandboxKey     string
	SandboxWebhook string
}

// Payments returns the payment providers in the order they are offered.
func Payments(out *egress.Client, o Options) ([]payment.Provider, error) {
	var list []payment.Provider
	if o.SandboxURL != "" {
		p, err := sandbox.New(out, sandbox.Options{URL: o.SandboxURL, SecretKey: o.SandboxKey, WebhookSecrets: []string{o.SandboxWebhook}})
		if err != nil {
			return nil, err
		}
		list = append(list, p)
	}
	return append(list, manual.New()), nil
}
