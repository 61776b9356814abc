package stoa

import (
	"io"
	"io/fs"
	"log/slog"

	"github.com/stoashop/stoa/commerce/payment"
	"github.com/stoashop/stoa/kit/clock"
	"github.com/stoashop/stoa/kit/id"
)

// Option changes how a shop is put together.
type Option func(*parts)

// parts is what options may change.
type parts struct {
	log        *slog.Logger
	clock      clock.Clock
	ids        *id.Source
	providers  []payment.Provider
	standard   bool
	themes     []fs.FS
	words      []fs.FS
	node       string
	unsearched bool
	claimed    bool
}

// Log writes the shop's log to l. The default is text or JSON on standard
// error, as the settings say.
func Log(l *slog.Logger) Option { return func(p *parts) { p.log = l } }

// Clock gives the shop its time. Tests use it.
func Clock(c clock.Clock) Option { return func(p *parts) { p.clock = c } }

// Entropy gives the shop its random bytes for ids and tokens. The simulator
// uses it.
func Entropy(r io.Reader) Option { return func(p *parts) { p.ids = id.NewSource(r) } }

// Payment offers another payment provider, before the standard ones:
//
//	stoa.New(ctx, settings, stoa.Payment(klarna.New()))
func Payment(provider payment.Provider) Option {
	return func(p *parts) { p.providers = append(p.providers, provider) }
}

// OnlyThesePayments leaves out the standard payment providers.
func OnlyThesePayments() Option { return func(p *parts) { p.standard = false } }

// Theme lays templates and assets over the built-in theme; later ones lie on
// top.
func Theme(layer fs.FS) Option {
	return func(p *parts) { p.themes = append([]fs.FS{layer}, p.themes...) }
}

// Words lays messages over the built-in ones, laid out as
// <language>/<room>.json.
func Words(layer fs.FS) Option { return func(p *parts) { p.words = append(p.words, layer) } }

// WithoutSearch leaves the index of the goods unbuilt, which takes time and
// memory in a large shop. It is for programs that serve nothing, such as an
// import: Handler and Run fail.
func WithoutSearch() Option { return func(p *parts) { p.unsearched = true } }

// Claimed says that the caller holds the claim of the settings (see
// Settings.Claim) and releases it after Run.
func Claimed() Option { return func(p *parts) { p.claimed = true } }
