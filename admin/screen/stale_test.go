package screen_test

import (
	"net/http"
	"strings"
	"testing"
)

// TestOffice_staleOrderForms opens the forms of an order in one tab and works
// on the order in another: the first is refused, told what happened, and may
// be sent again as it was typed.
func TestOffice_staleOrderForms(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		b := h.owner()
		_, variant := h.product(b, "Carafe", "CA-1", "30", "20")
		o := h.order(map[string]int64{variant: 5})
		at, line, open := "/admin/orders/"+o.PublicNumber(), "quantity."+o.Lines[0].ID, "cancel."+o.Lines[0].ID
		b.get(at).submit(at + "/payments").ok("The payment is noted.")
		tab := func(form string) *browser { return h.browserLike(b).get(at + form) }
		// refused fails unless the form came back with what was typed and the
		// order is what it was.
		refused := func(b *browser, kept map[string]string, says ...string) {
			t.Helper()
			before, _ := h.shop.Orders.Get(t.Context(), h.shop.DB, o.ID)
			b.shows(http.StatusConflict, append(says, "The order has changed since you opened this page")...)
			for name, want := range kept {
				if got := b.value(name); got != want {
					t.Errorf("%s: typed %q, came back %q", name, want, got)
				}
			}
			after, err := h.shop.Orders.Get(t.Context(), h.shop.DB, o.ID)
			if err != nil || after.Version != before.Version {
				t.Errorf("the order went from version %d to %d, %v", before.Version, after.Version, err)
			}
		}

		ship, refund, cancel := tab("/shipments/new"), tab("/refunds/new"), tab("/cancellation/new")
		b.get(at+"/shipments/new").submit(at+"/shipments", line, "1", "tracking", "FIRST").ok("The parcel is on its way.")
		ship.submit(at+"/shipments", line, "4", "tracking", "SECOND")
		refused(ship, map[string]string{line: "4", "tracking": "SECOND"}, "Parcel 1 shipped", "Mira Lindqvist")
		if strings.Contains(strings.Join(ship.faults(), " "), "noted as paid") {
			t.Errorf("told what was known before: %q", ship.faults())
		}
		if n := h.onHand(variant); n != 19 {
			t.Errorf("%d on the shelf, want 19", n)
		}
		refund.submit(at+"/refunds", open, "1", "reason", "Chipped", "do", "refund")
		refused(refund, map[string]string{open: "1", "reason": "Chipped"}, "Parcel 1 shipped")
		cancel.submit(at+"/cancellation", "reason", "Changed their mind")
		refused(cancel, map[string]string{"reason": "Changed their mind"}, "Parcel 1 shipped")

		// Sent again, knowing it: each does what it says.
		late := tab("/cancellation/new")
		ship.submit(at+"/shipments", line, "2").ok("The parcel is on its way.", "SECOND")
		refund.submit(at+"/refunds", "do", "count")
		refused(refund, map[string]string{open: "1", "reason": "Chipped"}, "Parcel 2 shipped")
		refund.submit(at+"/refunds", "do", "count").ok("Refund €30.00")
		refund.submit(at+"/refunds", "do", "refund").ok("The refund is noted.", "1 item cancelled")
		refund.get(at+"/refunds/new").submit(at+"/refunds", line, "99999999999999999999", "do", "count").shows(http.StatusUnprocessableEntity, "3 or less")
		b.get(at).submit(at+"/notes", "note", "Wait for the new glass")
		late.submit(at+"/cancellation", "reason", "Out of glass")
		refused(late, map[string]string{"reason": "Out of glass"}, "Parcel 2 shipped", "30.00")
		late.submit(at + "/cancellation").ok("cancelled")
		done, err := h.shop.Orders.Get(t.Context(), h.shop.DB, o.ID)
		if err != nil {
			t.Fatal(err)
		}
		if l := done.Lines[0]; l.Shipped != 3 || l.Cancelled != 2 || l.Refunded == 0 || done.CancelReason != "Out of glass" {
			t.Errorf("in the end %+v", done)
		}
		ship.get(at+"/shipments/new").submit(at+"/shipments", "-version", "").shows(http.StatusUnprocessableEntity)
	})
}
