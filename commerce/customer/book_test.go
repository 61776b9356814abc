package customer_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stoashop/stoa/commerce/custom"
	"github.com/stoashop/stoa/commerce/customer"
	"github.com/stoashop/stoa/guard/audit"
	"github.com/stoashop/stoa/kit/fault"
	"github.com/stoashop/stoa/kit/locale"
	"github.com/stoashop/stoa/platform/db"
	"github.com/stoashop/stoa/stoatest/dbtest"
)

// book writes an address book as "name*+" lines: * is the default delivery
// address, + the default billing address.
func (s *shop) book(id string) string {
	s.t.Helper()
	all, err := s.Addresses(s.t.Context(), s.DB, id)
	if err != nil {
		s.t.Fatal(err)
	}
	var lines []string
	for _, a := range all {
		line := a.Address.Line1
		if a.DefaultShipping {
			line += "*"
		}
		if a.DefaultBilling {
			line += "+"
		}
		lines = append(lines, line)
	}
	return strings.Join(lines, " ")
}

func TestAddresses_oneDefaultOfEachKind(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, e dbtest.Env) {
		s := open(t, e, customer.Options{})
		id, _ := s.member(ada)
		me := audit.Customer(id.ID)
		save := func(a customer.Saved, street string) customer.Saved {
			t.Helper()
			a.Address = berlin()
			a.Address.Line1 = street
			saved, err := s.SaveAddress(t.Context(), me, id.ID, a)
			if err != nil {
				t.Fatal(err)
			}
			return saved
		}
		see := func(want string) {
			t.Helper()
			if got := s.book(id.ID); got != want {
				t.Errorf("book %q, want %q", got, want)
			}
		}
		a := save(customer.Saved{}, "a")
		see("a*+")
		b := save(customer.Saved{DefaultBilling: true}, "b")
		see("a* b+")
		c := save(customer.Saved{}, "c")
		see("a* b+ c")
		save(customer.Saved{ID: a.ID}, "a2") // a default stays one
		see("a2* b+ c")
		if err := s.SetDefault(t.Context(), me, id.ID, c.ID, true, true); err != nil {
			t.Fatal(err)
		}
		see("a2 b c*+")
		if err := s.DeleteAddress(t.Context(), me, id.ID, c.ID); err != nil {
			t.Fatal(err)
		}
		see("a2*+ b")
		want(t, s.DeleteAddress(t.Context(), me, id.ID, c.ID), fault.NotFound, "customer.address_not_found")
		if err := s.DeleteAddress(t.Context(), me, id.ID, a.ID); err != nil {
			t.Fatal(err)
		}
		see("b*+")
		if err := s.DeleteAddress(t.Context(), me, id.ID, b.ID); err != nil {
			t.Fatal(err)
		}
		see("")
	})
}

func TestAddresses_anothersAddressIsNotThere(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, e dbtest.Env) {
		s := open(t, e, customer.Options{})
		adas, _ := s.member(ada)
		bens, _ := s.member(ben)
		hers, err := s.SaveAddress(t.Context(), audit.Customer(adas.ID), adas.ID, customer.Saved{Address: berlin()})
		if err != nil {
			t.Fatal(err)
		}
		him := audit.Customer(bens.ID)
		before := e.Int(t, `SELECT COUNT(*) FROM change_log`)
		for _, id := range []string{hers.ID, "adr_nothing", ""} {
			_, read := s.Address(t.Context(), e.DB, bens.ID, id)
			refusals := []error{
				read,
				s.DeleteAddress(t.Context(), him, bens.ID, id),
				s.SetDefault(t.Context(), him, bens.ID, id, true, true),
			}
			if id != "" {
				_, write := s.SaveAddress(t.Context(), him, bens.ID, customer.Saved{ID: id, Address: berlin()})
				refusals = append(refusals, write)
			}
			for i, err := range refusals {
				if fault.Reason(err) != "customer.address_not_found" || !fault.Is(err, fault.NotFound) {
					t.Errorf("%q, %d: %v", id, i, err)
				}
			}
		}
		if s.book(adas.ID) != "Torstraße 1*+" || s.book(bens.ID) != "" || e.Int(t, `SELECT COUNT(*) FROM change_log`) != before {
			t.Error("something changed")
		}
		if got, err := s.Address(t.Context(), e.DB, adas.ID, hers.ID); err != nil || got.Address != berlin() {
			t.Errorf("%+v, %v", got, err)
		}
	})
}

func TestAddresses_whatWillNotDo(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, e dbtest.Env) {
		s := open(t, e, customer.Options{})
		id, _ := s.member(ada)
		me := audit.Customer(id.ID)
		bad := berlin()
		bad.Postcode, bad.Name = "123", "Ada\r\nBcc: v@x.example"
		_, err := s.SaveAddress(t.Context(), me, id.ID, customer.Saved{Address: bad})
		var got []string
		for _, f := range fault.From(err).Fields {
			got = append(got, f.Path+" "+f.Reason)
		}
		if !slices.Equal(got, []string{"name form.one_line", "postcode address.postcode"}) || s.book(id.ID) != "" {
			t.Errorf("%v; book %q", got, s.book(id.ID))
		}
		loose := berlin()
		loose.Postcode, loose.Country, loose.City = "D-10119", "de", "  Berlin "
		if saved, err := s.SaveAddress(t.Context(), me, id.ID, customer.Saved{Address: loose}); err != nil || saved.Address != berlin() {
			t.Errorf("%+v, %v", saved, err)
		}
		for range customer.MaxAddresses - 1 {
			if _, err := s.SaveAddress(t.Context(), me, id.ID, customer.Saved{Address: berlin()}); err != nil {
				t.Fatal(err)
			}
		}
		_, err = s.SaveAddress(t.Context(), me, id.ID, customer.Saved{Address: berlin()})
		want(t, err, fault.Conflict, "customer.too_many_addresses")
		if n := e.Int(t, `SELECT COUNT(*) FROM customer_address WHERE default_shipping = 1`); n != 1 {
			t.Errorf("%d default addresses", n)
		}
	})
}

func TestT58_aProfileIsNameTelephoneAndLanguage(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, e dbtest.Env) {
		s := open(t, e, customer.Options{})
		id, _ := s.member(ada)
		before := s.customer(id.ID)
		me := audit.Customer(id.ID)
		err := s.SetProfile(t.Context(), me, id.ID, customer.Profile{Name: " ", Phone: "call me", Locale: "x"}, before.Version)
		if f := fault.From(err); f == nil || len(f.Fields) != 3 {
			t.Errorf("%v", err)
		}
		if err := s.SetProfile(t.Context(), me, id.ID, customer.Profile{Name: " Ada King ", Phone: "+49 30 123456", Locale: "de"}, before.Version); err != nil {
			t.Fatal(err)
		}
		want(t, s.SetProfile(t.Context(), me, id.ID, customer.Profile{Name: "Late", Locale: "en"}, before.Version), fault.Conflict, "version.changed")
		after := s.customer(id.ID)
		expect := before
		expect.Name, expect.Phone, expect.Locale, expect.Version = "Ada King", "+49 30 123456", "de", before.Version+1
		if fmt.Sprint(after) != fmt.Sprint(expect) {
			t.Errorf("got  %+v\nwant %+v", after, expect)
		}
		log, err := audit.History(t.Context(), e.DB, "customer", id.ID, 1)
		if err != nil || string(log[0].After) != `{"changed":["locale","name","phone"]}` || log[0].Actor != me {
			t.Errorf("%+v, %v", log, err)
		}
		want(t, s.SetProfile(t.Context(), me, "cus_nobody", customer.Profile{Name: "x", Locale: "en"}, 1), fault.NotFound, "customer.not_found")
	})
}

func TestFields_areTypedAndSealed(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, e dbtest.Env) {
		s := open(t, e, customer.Options{})
		id, _ := s.member(ada)
		fields := custom.New(e.DB, e.Audit(t, nil))
		err := e.DB.InTx(t.Context(), func(ctx context.Context, tx *db.Tx) error {
			_, err := fields.Create(ctx, tx, audit.System("test"), custom.Field{Owner: custom.Customer, Code: "birthday", Kind: custom.Date, Name: locale.Text{"en": "Birthday"}})
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		clerk := audit.Staff("stf_1")
		v := s.customer(id.ID).Version
		wantField(t, s.SetFields(t.Context(), clerk, id.ID, custom.Values{"birthday": custom.OfCode("soon")}, v), "fields.birthday", "form.not_a_date")
		wantField(t, s.SetFields(t.Context(), clerk, id.ID, custom.Values{"role": custom.OfCode("owner")}, v), "fields.role", "custom.unknown_field")
		good := custom.Values{"birthday": custom.OfCode("1815-12-10")}
		if err := s.SetFields(t.Context(), clerk, id.ID, good, v); err != nil {
			t.Fatal(err)
		}
		want(t, s.SetFields(t.Context(), clerk, id.ID, nil, v), fault.Conflict, "version.changed")
		if got := s.customer(id.ID).Fields; !got.Equal(good) {
			t.Errorf("%v", got)
		}
		if n := e.Int(t, `SELECT COUNT(*) FROM change_log WHERE after LIKE '%1815%'`); n != 0 {
			t.Error("the change log tells the birthday")
		}
		if n := e.Int(t, `SELECT used FROM field WHERE code = 'birthday'`); n != 1 {
			t.Error("the field does not know that it is used")
		}
	})
}

func TestList_pagesAndFindsByAddress(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, e dbtest.Env) {
		s := open(t, e, customer.Options{})
		for i := range 5 {
			n := ada
			n.Email = fmt.Sprintf("c%d@example.com", i)
			if _, err := s.SignUp(t.Context(), n, home); err != nil {
				t.Fatal(err)
			}
			if i%2 == 0 { // some at the same instant
				e.Clock.Advance(time.Minute)
			}
		}
		var got []string
		var f customer.Filter
		for f.Limit = 2; ; {
			page, err := s.List(t.Context(), e.DB, f)
			if err != nil || len(page) > 2 {
				t.Fatalf("%d, %v", len(page), err)
			}
			if len(page) == 0 {
				break
			}
			for _, c := range page {
				got = append(got, c.Email)
			}
			last := page[len(page)-1]
			f.After, f.AfterID = last.CreatedAt, last.ID
		}
		if strings.Join(got, " ") != "c4@example.com c3@example.com c2@example.com c1@example.com c0@example.com" {
			t.Errorf("%v", got)
		}
		for typed, n := range map[string]int{"C3@example.COM": 1, " c3@example.com": 1, "c9@example.com": 0, "c3": 0, "%": 0} {
			if list, err := s.List(t.Context(), e.DB, customer.Filter{Email: typed}); err != nil || len(list) != n {
				t.Errorf("%q finds %d, %v", typed, len(list), err)
			}
		}
		_, err := s.List(t.Context(), e.DB, customer.Filter{Limit: 201})
		wantField(t, err, "limit", "form.too_large")
	})
}

func TestProven_isWhoHasPaidHere(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, e dbtest.Env) {
		e.Market(t)
		s := open(t, e, customer.Options{})
		id, _ := s.member(ada)
		order := s.guestOrder("one", "ada@example.com")
		if _, err := s.SignIn(t.Context(), ada.Email, secret, home); err != nil {
			t.Fatal(err)
		}
		for state, proven := range map[string]bool{"pending": false, "authorised": false, "paid": true, "partly_refunded": true, "refunded": false, "failed": false} {
			e.Exec(t, `UPDATE orders SET payment_state = '`+state+`' WHERE id = '`+order+`'`)
			if got, err := s.Proven(t.Context(), id.ID); err != nil || got != proven {
				t.Errorf("%s: %v, %v", state, got, err)
			}
		}
		e.Exec(t, `UPDATE orders SET payment_state = 'paid', state = 'cancelled' WHERE id = '`+order+`'`)
		if got, err := s.Proven(t.Context(), id.ID); got || err != nil {
			t.Errorf("a cancelled order proves somebody: %v", err)
		}
		if got, err := s.Proven(t.Context(), ""); got || err != nil {
			t.Errorf("a guest is proven: %v", err)
		}
	})
}
