package storefront

import (
	"io"
	"net/http"
	"strconv"

	"github.com/stoashop/stoa/commerce/payment"
)

// paymentWebhook takes a payment provider's message. Any error but a refusal
// asks the provider to send it again.
func (s *Store) paymentWebhook(w http.ResponseWriter, r *http.Request) error {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return err
	}
	if err := s.Checkout.Webhook(r.Context(), r.PathValue("provider"), payment.Inbound{Header: r.Header, Body: body, At: s.DB.Now()}); err != nil {
		return err
	}
	w.WriteHeader(http.StatusNoContent)
	return nil
}

func formatInt(n int64) string { return strconv.FormatInt(n, 10) }
