package customer_test

import (
	"context"
	"errors"
	"testing"

	"github.com/stoashop/stoa/commerce/customer"
	"github.com/stoashop/stoa/guard/audit"
	"github.com/stoashop/stoa/guard/privacy"
	"github.com/stoashop/stoa/kit/fault"
	"github.com/stoashop/stoa/platform/db"
	"github.com/stoashop/stoa/stoatest/dbtest"
)

// exec changes what the services have no word for.
func (s *shop) exec(sql string, args ...any) {
	s.t.Helper()
	err := s.DB.InTx(s.t.Context(), func(ctx context.Context, tx *db.Tx) error {
		_, err := tx.Exec(ctx, sql, args...)
		return err
	})
	if err != nil {
		s.t.Fatal(err)
	}
}

// sealedOrder is an order of a customer, sealed under a key of its own.
func (s *shop) sealedOrder(name, customerID string) (key string, contact []byte) {
	s.t.Helper()
	key, err := s.vault.NewKey()
	if err != nil {
		s.t.Fatal(err)
	}
	id := s.guestOrder(name, "ada@example.com")
	if contact, err = s.vault.SealText(s.t.Context(), key, "orders.contact:"+id, "Ada Lovelace, Torstraße 1"); err != nil {
		s.t.Fatal(err)
	}
	s.exec(`UPDATE orders SET key_id = $1, contact = $2, customer_id = $3, total = 4200, fulfilment_state = 'shipped' WHERE id = $4`, key, contact, customerID, id)
	return key, contact
}

func TestErase_nothingOfThePersonCanBeRead(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, e dbtest.Env) {
		s := open(t, e, customer.Options{})
		ctx := t.Context()
		e.Market(t)
		who, session := s.member(ada)
		other, _ := s.member(ben)
		s.book(who.ID)
		key, contact := s.sealedOrder("one", who.ID)

		if err := s.Erase(ctx, audit.Staff("stf_1"), who.ID); err != nil {
			t.Fatal(err)
		}
		if s.who(session).Known() {
			t.Error("the session still opens the account")
		}
		if _, err := s.SignIn(ctx, ada.Email, ada.Password, home); !fault.Is(err, fault.Invalid) {
			t.Errorf("the password still opens the account: %v", err)
		}
		if c := s.customer(who.ID); !c.Erased || c.Name != "" || c.Email != "" {
			t.Errorf("the account says %+v", c)
		}
		if _, err := s.vault.OpenText(ctx, key, "orders.contact:ord_one", contact); !errors.Is(err, privacy.ErrErased) {
			t.Errorf("the order's address opens: %v", err)
		}
		if n := s.Int(t, `SELECT CAST(SUM(total) AS BIGINT) FROM orders WHERE customer_id = $1`, who.ID); n != 4200 {
			t.Errorf("the order amounts to %d, want 4200", n)
		}
		for table, sql := range map[string]string{
			"address":   `SELECT COUNT(*) FROM customer_address WHERE customer_id = '` + who.ID + `'`,
			"session":   `SELECT COUNT(*) FROM session WHERE subject_id = '` + who.ID + `'`,
			"token":     `SELECT COUNT(*) FROM one_time_token WHERE subject_id = '` + who.ID + `'`,
			"not noted": `SELECT 1 - COUNT(*) FROM change_log WHERE action = 'customer.erased' AND actor_id = 'stf_1'`,
		} {
			if n := s.Int(t, sql); n != 0 {
				t.Errorf("%s: %d are left", table, n)
			}
		}
		if found, err := s.List(ctx, e.DB, customer.Filter{Email: ada.Email}); err != nil || len(found) != 0 {
			t.Errorf("the address still finds %v, %v", found, err)
		}
		if c := s.customer(other.ID); c.Erased || c.Name != ben.Name {
			t.Errorf("somebody else is now %+v", c)
		}

		// A second time nothing is left to do, the job finds the keys gone, and
		// the address may come again, to an account without a past.
		if err := s.Erase(ctx, audit.Staff("stf_1"), who.ID); err != nil {
			t.Error(err)
		}
		s.letters()
		if n := s.Int(t, `SELECT COUNT(*) FROM change_log WHERE action IN ('customer.erased', 'customer.keys_erased')`); n != 2 {
			t.Errorf("%d entries in the log, want 2", n)
		}
		s.quiet()
		again, _ := s.member(ada)
		if again.ID == who.ID || s.ordersOf(again.ID) != 0 {
			t.Errorf("the new account is %s with %d orders", again.ID, s.ordersOf(again.ID))
		}
	})
}

func TestErase_waitsForOpenOrders(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, e dbtest.Env) {
		s := open(t, e, customer.Options{})
		e.Market(t)
		who, session := s.member(ada)
		key, contact := s.sealedOrder("one", who.ID)
		for _, open := range [][2]string{{"placed", "unfulfilled"}, {"placed", "partly_shipped"}, {"draft", "unfulfilled"}} {
			s.exec(`UPDATE orders SET state = $1, fulfilment_state = $2`, open[0], open[1])
			changes := s.Int(t, `SELECT COUNT(*) FROM change_log`)
			want(t, s.Erase(t.Context(), audit.Staff("stf_1"), who.ID), fault.Conflict, "customer.orders_open")
			if s.customer(who.ID).Name != ada.Name || !s.who(session).Known() || s.Int(t, `SELECT COUNT(*) FROM change_log`) != changes {
				t.Errorf("%v: something was erased all the same", open)
			}
			if _, err := s.vault.OpenText(t.Context(), key, "orders.contact:ord_one", contact); err != nil {
				t.Errorf("%v: %v", open, err)
			}
		}
		s.exec(`UPDATE orders SET state = 'cancelled', fulfilment_state = 'nothing'`)
		if err := s.Erase(t.Context(), audit.Staff("stf_1"), who.ID); err != nil {
			t.Error(err)
		}
		want(t, s.Erase(t.Context(), audit.Staff("stf_1"), "cus_none"), fault.NotFound, "customer.not_found")
	})
}
