package letter_test

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stoashop/stoa/commerce/cart"
	"github.com/stoashop/stoa/commerce/checkout"
	"github.com/stoashop/stoa/commerce/fulfilment"
	"github.com/stoashop/stoa/commerce/mailbox"
	"github.com/stoashop/stoa/commerce/market"
	"github.com/stoashop/stoa/commerce/order"
	"github.com/stoashop/stoa/commerce/returns"
	"github.com/stoashop/stoa/guard/audit"
	"github.com/stoashop/stoa/platform/db"
	"github.com/stoashop/stoa/platform/event"
	"github.com/stoashop/stoa/stoatest"
	"github.com/stoashop/stoa/stoatest/mailsink"
)

var clerk = audit.Staff("stf_1")

type shop struct {
	*stoatest.Shop
	t       *testing.T
	variant string
}

// TestLetters opens one shop on each engine, because filling one takes longer
// than everything that is tried in it.
func TestLetters(t *testing.T) {
	stoatest.Each(t, func(t *testing.T, open *stoatest.Shop) {
		s := &shop{Shop: open, t: t}
		s.tx(func(ctx context.Context, tx *db.Tx) error {
			for _, p := range s.Payments.All() {
				if p.Provider.Info().ID == "manual" {
					return s.Payments.Save(ctx, tx, clerk, "manual", true, map[string]string{
						"holder": "Alltag GmbH", "iban": "DE89370400440532013000", "days": "7", "transfer_note": `{"de":"Bitte nur aus dem SEPA-Raum."}`,
					}, p.Version)
				}
			}
			return fmt.Errorf("no payment by hand")
		})
		if err := s.DB.QueryRow(t.Context(), `
			SELECT v.id FROM variant v JOIN stock_level l ON l.variant_id = v.id WHERE v.status = 'active' AND l.on_hand >= 5 ORDER BY v.id LIMIT 1`).Scan(&s.variant); err != nil {
			t.Fatal(err)
		}
		for _, try := range []struct {
			name string
			fn   func(t *testing.T, s *shop)
		}{
			{"an order's life", orderLife},
			{"a cancelled order", orderCancelled},
			{"T86 what shoppers type stays text", stayText},
			{"an account opens with its letter", accountOpens},
			{"T49 pages answer alike for every address", answerAlike},
			{"T46 links lead home whatever the request says", leadHome},
			{"B24 a failing mail server fails no order", failNoOrder},
		} {
			t.Run(try.name, func(t *testing.T) {
				s.Mails.Clear()
				try.fn(t, &shop{open, t, s.variant})
			})
		}
	})
}

func (s *shop) tx(fn func(ctx context.Context, tx *db.Tx) error) {
	s.t.Helper()
	if err := s.DB.InTx(s.t.Context(), fn); err != nil {
		s.t.Fatal(err)
	}
}

type placing struct{ lang, method, email, name, note string }

// place orders two pieces.
func (s *shop) place(with placing) order.Order {
	s.t.Helper()
	ctx := s.t.Context()
	var owner cart.Owner
	s.tx(func(ctx context.Context, tx *db.Tx) error {
		added, err := s.Carts.Add(ctx, tx, cart.Owner{}, s.variant, 2, with.lang)
		owner = cart.Owner{Token: added.Token}
		return err
	})
	p := checkout.Placement{
		Owner: owner, ShippingMethod: s.Market.Current(ctx).Zones[0].Methods[0].ID, PaymentMethod: with.method, Terms: true, Lang: with.lang,
		Details: cart.Details{
			Email: with.email, SameBilling: true, Note: with.note,
			Shipping: market.Address{Name: with.name, Line1: "Eppendorfer Weg 12", Postcode: "20259", City: "Hamburg", Country: "DE"},
		},
	}
	var err error
	for range 2 { // the first try tells the total
		bag, berr := s.Carts.Bag(ctx, s.DB, owner, with.lang, s.Clock.Now())
		if berr != nil {
			s.t.Fatal(berr)
		}
		p.ExpectedTotal, p.CartVersion = bag.Quote.Total.Gross, bag.Cart.Version
		var out checkout.Outcome
		if out, err = s.Checkout.Place(ctx, p); err == nil {
			o, err := s.Orders.Get(ctx, s.DB, out.OrderID)
			if err != nil {
				s.t.Fatal(err)
			}
			return o
		}
	}
	s.t.Fatal(err)
	return order.Order{}
}

// next returns the letter that comes next, and forgets it.
func (s *shop) next() mailsink.Mail {
	s.t.Helper()
	got := s.Mails.Wait(s.t, 1)
	s.Mails.Clear()
	if len(got) != 1 {
		s.t.Fatalf("%d letters, want 1", len(got))
	}
	for _, address := range addresses(got[0]) {
		if address != s.URL && !strings.HasPrefix(address, s.URL+"/") && !strings.HasPrefix(address, "mailto:") {
			s.t.Errorf("%s leads to %s", got[0].Subject, address)
		}
	}
	return got[0]
}

var plainURL = regexp.MustCompile(`https?://[^\s"<>]+`)

// addresses lists everything a letter leads to.
func addresses(m mailsink.Mail) []string {
	return append(m.Links(), plainURL.FindAllString(m.Text, -1)...)
}

func contains(t *testing.T, m mailsink.Mail, want ...string) {
	t.Helper()
	for _, w := range want {
		if w = strings.ReplaceAll(w, "\u00a0", " "); !strings.Contains(strings.ReplaceAll(m.HTML, "\u00a0", " "), w) || !strings.Contains(strings.ReplaceAll(m.Text, "\u00a0", " "), w) {
			t.Errorf("%q does not say %q in both forms:\n%s", m.Subject, w, m.Text)
		}
	}
}

// quiet waits until nothing is under way any more and wants no letter.
func (s *shop) quiet() {
	s.t.Helper()
	s.idle()
	if got := s.Mails.Mails(); len(got) != 0 {
		s.t.Errorf("%d letters, the first %q", len(got), got[0].Subject)
	}
}

// idle waits until no job waits.
func (s *shop) idle() {
	s.t.Helper()
	poll(s.t, func() bool {
		var n int64
		if err := s.DB.QueryRow(s.t.Context(), `SELECT COUNT(*) FROM job WHERE kind IN ('event', 'event.delivery', 'mail') AND (attempts = 0 OR lease_until IS NOT NULL)`).Scan(&n); err != nil {
			s.t.Fatal(err)
		}
		return n == 0
	})
}

func orderLife(t *testing.T, s *shop) {
	ctx := t.Context()
	o := s.place(placing{"de", "manual.bank_transfer", "ada@example.com", "Ada Byron", "Bitte klingeln"})
	printer := s.Words.Printer("de", s.Market.Current(ctx).Shop.Location())
	total := printer.Money(o.Total, o.Currency)

	m := s.next()
	if m.To != "ada@example.com" || m.Subject != "Ihre Bestellung "+o.PublicNumber() || m.Header.Get("Auto-Submitted") != "auto-generated" {
		t.Errorf("%s: %q %v", m.To, m.Subject, m.Header)
	}
	contains(t, m, o.Lines[0].Name, total, "Alltag GmbH", "DE89 3704 0044 0532 0130 00", o.PublicNumber(), "Bitte nur aus dem SEPA-Raum.",
		"Eppendorfer Weg 12", "20259 Hamburg", "Bitte klingeln", s.URL+"/de/orders/"+o.Token, "Widerruf")
	if id := m.Header.Get("Message-Id"); !strings.HasPrefix(id, "<mail_") {
		t.Errorf("Message-ID %s", id)
	}

	// Told twice (another event about the same thing): one letter.
	s.tx(func(ctx context.Context, tx *db.Tx) error {
		return event.Emit(ctx, tx, order.Events().Placed, order.Ref{OrderID: o.ID})
	})
	s.quiet()

	if _, err := s.Checkout.NotePaid(ctx, clerk, o.ID, "k", 0); err != nil {
		t.Fatal(err)
	}
	parcel := fulfilment.Parcel{Carrier: "dhl", Tracking: "00340434161094042557", Lines: []order.ShipmentLine{{LineID: o.Lines[0].ID, Quantity: 1}}}
	if _, err := s.Fulfilment.Ship(ctx, clerk, o.ID, parcel); err != nil {
		t.Fatal(err)
	}
	m = s.nextTo("00340434161094042557")
	contains(t, m, "00340434161094042557", o.Lines[0].Name, "Der Rest Ihrer Bestellung folgt", s.URL+"/de/orders/"+o.Token)
	if m.Subject != "Ihre Bestellung "+o.PublicNumber()+" ist unterwegs" {
		t.Errorf("subject %q", m.Subject)
	}
	if _, err := s.Fulfilment.Ship(ctx, clerk, o.ID, fulfilment.Parcel{}); err != nil {
		t.Fatal(err)
	}
	if m = s.next(); strings.Contains(m.Text, "Der Rest") {
		t.Errorf("the last parcel promises another:\n%s", m.Text)
	}

	ref, err := s.Returns.Refund(ctx, clerk, o.ID, returns.Request{Lines: []returns.Line{{LineID: o.Lines[0].ID, Quantity: 1}}, Reason: "between us: he is a pest"})
	if err != nil {
		t.Fatal(err)
	}
	m = s.next()
	contains(t, m, printer.Money(ref.Amount, o.Currency), o.Lines[0].Name, "Überweisung")
	if strings.Contains(m.Text+m.HTML, "pest") {
		t.Error("the letter tells what staff noted for themselves")
	}
	s.quiet()
	letters, err := s.Mail.List(ctx, s.DB, mailbox.Filter{ObjectID: o.ID})
	if err != nil || len(letters) != 4 || slices.ContainsFunc(letters, func(l mailbox.Summary) bool { return l.State != mailbox.Sent || l.Locale != "de" }) {
		t.Errorf("%+v, %v", letters, err)
	}
}

// nextTo is next for letters that also lead to a carrier's page.
func (s *shop) nextTo(part string) mailsink.Mail {
	s.t.Helper()
	got := s.Mails.Wait(s.t, 1)
	s.Mails.Clear()
	for _, address := range addresses(got[0]) {
		if !strings.HasPrefix(address, s.URL) && !strings.HasPrefix(address, "mailto:") && !strings.Contains(address, part) {
			s.t.Errorf("%s leads to %s", got[0].Subject, address)
		}
	}
	return got[0]
}

func orderCancelled(t *testing.T, s *shop) {
	o := s.place(placing{"en", "manual.cash_on_delivery", "ada@example.com", "Ada Byron", ""})
	m := s.next()
	contains(t, m, "We are packing your order", s.URL+"/en/orders/"+o.Token)
	if strings.Contains(m.Text, "As soon as the payment arrives") || strings.Contains(m.Text, "IBAN") {
		t.Errorf("paid at the door, and yet:\n%s", m.Text)
	}
	if _, err := s.Returns.Cancel(t.Context(), clerk, o.ID, "a remark for staff", true); err != nil {
		t.Fatal(err)
	}
	m = s.next()
	contains(t, m, o.PublicNumber(), "Nothing was charged", o.Lines[0].Name)
	if m.Subject != "Your order "+o.PublicNumber()+" was cancelled" || strings.Contains(m.Text, "a remark for staff") {
		t.Errorf("%q\n%s", m.Subject, m.Text)
	}
	s.quiet()
	s.cancelPaid(true, "goes back the way it came")
	s.cancelPaid(false, "About what you have paid we will write")
	s.shortened()
}

// shortened cancels what is left of an order that is not paid yet: the customer
// is told what will not come and what is left to pay.
func (s *shop) shortened() {
	s.t.Helper()
	o := s.place(placing{"en", "manual.bank_transfer", "ada@example.com", "Ada Byron", ""})
	s.next()
	parcel := fulfilment.Parcel{Quiet: true, Lines: []order.ShipmentLine{{LineID: o.Lines[0].ID, Quantity: 1}}}
	if _, err := s.Fulfilment.Ship(s.t.Context(), clerk, o.ID, parcel); err != nil {
		s.t.Fatal(err)
	}
	o, err := s.Returns.Cancel(s.t.Context(), clerk, o.ID, "a remark for staff", true)
	if err != nil {
		s.t.Fatal(err)
	}
	m := s.next()
	contains(s.t, m, "will not be sent", o.Lines[0].Name, s.Words.Printer("en", nil).Money(o.Due(), o.Currency)+" is left to pay")
	if m.Subject != "A part of your order "+o.PublicNumber()+" was cancelled" || strings.Contains(m.Text, "a remark for staff") || strings.Contains(m.Text, "come as agreed") {
		s.t.Errorf("%q\n%s", m.Subject, m.Text)
	}
	s.quiet()
}

// cancelPaid cancels an order that was paid, with or without giving the money
// back, and looks for the words about it.
func (s *shop) cancelPaid(refund bool, words string) {
	s.t.Helper()
	o := s.place(placing{"en", "manual.bank_transfer", "ada@example.com", "Ada Byron", ""})
	s.next()
	if _, err := s.Checkout.NotePaid(s.t.Context(), clerk, o.ID, "k", 0); err != nil {
		s.t.Fatal(err)
	}
	if _, err := s.Returns.Cancel(s.t.Context(), clerk, o.ID, "", refund); err != nil {
		s.t.Fatal(err)
	}
	s.idle()
	told := false
	for _, m := range s.Mails.Mails() {
		told = told || strings.Contains(m.Subject, "was cancelled") && strings.Contains(m.Text, words)
	}
	if !told {
		s.t.Errorf("refund %v: no letter says %q", refund, words)
	}
	s.Mails.Clear()
}

func failNoOrder(t *testing.T, s *shop) {
	s.Mails.Refuse(550)
	o := s.place(placing{"en", "manual.cash_on_delivery", "ada@example.com", "Ada Byron", ""})
	if o.State != order.Placed {
		t.Errorf("the order is %s", o.State)
	}
	poll(t, func() bool {
		letters, err := s.Mail.List(t.Context(), s.DB, mailbox.Filter{ObjectID: o.ID, State: mailbox.Failed})
		if err != nil {
			t.Fatal(err)
		}
		return len(letters) == 1
	})
}

func stayText(t *testing.T, s *shop) {
	const evil = `Ada <a href="https://evil.example/">win</a> "B" <v@evil.example>`
	s.place(placing{"en", "manual.cash_on_delivery", "ada@example.com", evil, "<script>alert(1)</script>\nBcc: v@evil.example"})
	m := s.next()
	for _, address := range m.Links() {
		if strings.Contains(address, "evil") {
			t.Errorf("a link to %s", address)
		}
	}
	to, err := m.Header.AddressList("To")
	if err != nil || len(to) != 1 || to[0].Address != "ada@example.com" || to[0].Name != evil || m.To != "ada@example.com" {
		t.Errorf("to %v, %v", to, err)
	}
	if strings.Contains(m.Text+m.HTML, "evil.example") || !strings.Contains(m.Text, "evil.\u200bexample") {
		t.Errorf("mail programs would make a link:\n%s", m.Text)
	}
	if m.Header.Get("Bcc") != "" || m.Header.Get("Cc") != "" || strings.Contains(m.HTML, "<script>") || !strings.Contains(m.HTML, "&lt;script&gt;") {
		t.Errorf("%v\n%s", m.Header, m.HTML)
	}
}

// post sends a form as a browser without a session would.
func (s *shop) post(path string, header http.Header, form ...string) (status int, head http.Header, body string) {
	s.t.Helper()
	values := url.Values{}
	for i := 0; i+1 < len(form); i += 2 {
		values.Set(form[i], form[i+1])
	}
	r, err := http.NewRequestWithContext(s.t.Context(), http.MethodPost, s.URL+path, strings.NewReader(values.Encode()))
	if err != nil {
		s.t.Fatal(err)
	}
	for name, list := range header {
		r.Header[name] = list
	}
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	return s.do(r)
}

func (s *shop) do(r *http.Request) (status int, head http.Header, body string) {
	s.t.Helper()
	w, err := http.DefaultTransport.RoundTrip(r)
	if err != nil {
		s.t.Fatal(err)
	}
	defer w.Body.Close()
	raw, err := io.ReadAll(w.Body)
	if err != nil {
		s.t.Fatal(err)
	}
	w.Header.Del("Date")
	return w.StatusCode, w.Header, string(raw)
}

func (s *shop) get(path string) (status int, body string) {
	s.t.Helper()
	r, err := http.NewRequestWithContext(s.t.Context(), http.MethodGet, s.URL+path, nil)
	if err != nil {
		s.t.Fatal(err)
	}
	status, _, body = s.do(r)
	return status, body
}

var token = regexp.MustCompile(`/account/(?:reset|verify|email)/([A-Za-z0-9_-]{43})`)

func tokenOf(t *testing.T, m mailsink.Mail) string {
	t.Helper()
	found := token.FindStringSubmatch(m.Text)
	if found == nil || !strings.Contains(m.HTML, found[0]) {
		t.Fatalf("no link in %q:\n%s", m.Subject, m.Text)
	}
	return found[1]
}

func accountOpens(t *testing.T, s *shop) {
	status, _, body := s.post("/en/account/sign-up", nil, "name", "Ada Byron", "email", "ada@example.com", "password", "grinder on monday")
	if status != http.StatusOK {
		t.Fatalf("sign-up: %d\n%s", status, body)
	}
	m := s.next()
	secret := tokenOf(t, m)
	if m.To != "ada@example.com" || m.Subject != "Please confirm your e-mail address" || strings.Contains(m.Raw, "Byron") {
		t.Errorf("%s: %q (a name nobody has proven is not told)", m.To, m.Subject)
	}
	if strings.Contains(body, secret) {
		t.Error("T47: the answer holds the token")
	}
	if status, _, body = s.post("/en/account/verify/"+secret, nil, "password", "grinder on monday"); status != http.StatusSeeOther {
		t.Fatalf("verify: %d\n%s", status, body)
	}
	s.idle()
	letters, err := s.Mail.List(t.Context(), s.DB, mailbox.Filter{Email: "ada@example.com"})
	if err != nil || len(letters) == 0 || letters[0].Template != "account_verify" {
		t.Fatalf("%+v, %v", letters, err)
	}
	if read, err := s.Mail.Get(t.Context(), s.DB, letters[0].ID); err != nil || strings.Contains(read.Text+read.HTML, secret) {
		t.Errorf("T47: staff read the token: %v", err)
	}

	// Somebody signs up with her address: the same page, another letter.
	if status, _, _ = s.post("/en/account/sign-up", nil, "name", "Eve", "email", "ADA@example.com", "password", "something else"); status != http.StatusOK {
		t.Errorf("sign-up again: %d", status)
	}
	m = s.next()
	if m.Subject != "You already have an account" || token.MatchString(m.Text) || strings.Contains(m.Raw, "Eve") {
		t.Errorf("%q\n%s", m.Subject, m.Text)
	}
	contains(t, m, s.URL+"/en/account/sign-in", s.URL+"/en/account/forgotten")

	if status, _, _ = s.post("/de/account/forgotten", nil, "email", "ada@example.com"); status != http.StatusOK {
		t.Errorf("forgotten: %d", status)
	}
	m = s.next()
	secret = tokenOf(t, m)
	if m.Subject != "Neues Passwort" || !strings.Contains(m.Text, s.URL+"/de/account/reset/"+secret) {
		t.Errorf("%q\n%s", m.Subject, m.Text)
	}
	if status, _ := s.get("/de/account/reset/" + secret); status != http.StatusOK {
		t.Errorf("the link answers %d", status)
	}
	if status, _, body = s.post("/de/account/reset/"+secret, nil, "password", "ein neuer Morgen"); status != http.StatusSeeOther {
		t.Fatalf("reset: %d\n%s", status, body)
	}
	if m = s.next(); m.Subject != "Your password was changed" { // in the language she chose for her account
		t.Errorf("%q", m.Subject)
	}
	if status, _ := s.get("/de/account/reset/" + secret); status != http.StatusNotFound {
		t.Errorf("the link again answers %d", status)
	}
}

func answerAlike(t *testing.T, s *shop) {
	s.post("/en/account/sign-up", nil, "name", "Ada Byron", "email", "alike@example.com", "password", "grinder on monday")
	s.post("/en/account/verify/"+tokenOf(t, s.next()), nil, "password", "grinder on monday")
	for path, form := range map[string][]string{
		"/en/account/forgotten": nil,
		"/en/account/sign-up":   {"name", "X", "password", "something else"},
		"/en/account/sign-in":   {"password", "something else"},
	} {
		ask := func(email string) string {
			status, head, body := s.post(path, nil, append(form, "email", email)...)
			head.Del("X-Request-Id")
			return fmt.Sprintln(status, head, strings.ReplaceAll(body, email, "EMAIL"))
		}
		if known, unknown := ask("alike@example.com"), ask("eve@example.com"); known != unknown {
			t.Errorf("%s answers\n%.400s\nto a known address and\n%.400s\nto an unknown one", path, known, unknown)
		}
	}
	s.idle()
	s.Mails.Wait(t, 4)
}

func leadHome(t *testing.T, s *shop) {
	s.post("/en/account/sign-up", nil, "name", "Ada Byron", "email", "home@example.com", "password", "grinder on monday")
	s.post("/en/account/verify/"+tokenOf(t, s.next()), nil, "password", "grinder on monday")
	host := strings.TrimPrefix(s.URL, "http://")
	accepted := 0
	for i, trick := range []string{
		"POST %s HTTP/1.1\r\nHost: " + host + "\r\nX-Forwarded-Host: evil.example\r\nX-Forwarded-Proto: https\r\n",
		"POST %s HTTP/1.1\r\nHost: " + host + "\r\nForwarded: host=evil.example;proto=https\r\nX-Original-URL: http://evil.example/\r\nX-Host: evil.example\r\n",
		"POST %s HTTP/1.1\r\nHost: evil.example\r\n",
		"POST %s HTTP/1.1\r\nHost: " + host + "@evil.example\r\n",
		"POST %s HTTP/1.1\r\nHost: " + host + ".evil.example\r\n",
		"POST %s HTTP/1.1\r\nHost: " + host + ":80@evil.example\r\n",
		"POST http://evil.example%s HTTP/1.1\r\nHost: " + host + "\r\n",
		"POST %s HTTP/1.1\r\nHost: " + host + "\r\nHost: evil.example\r\n",
		"POST //evil.example%s HTTP/1.1\r\nHost: " + host + "\r\n",
	} {
		email := "home@example.com"
		if i > 1 {
			email = fmt.Sprintf("nobody%d@example.com", i) // whoever: what may leave is what counts
		}
		body := url.Values{"email": {email}}.Encode()
		conn, err := net.Dial("tcp", host)
		if err != nil {
			t.Fatal(err)
		}
		fmt.Fprintf(conn, trick+"Content-Type: application/x-www-form-urlencoded\r\nContent-Length: %d\r\nConnection: close\r\n\r\n%s", "/en/account/forgotten", len(body), body)
		w, err := http.ReadResponse(bufio.NewReader(conn), nil)
		if err != nil {
			t.Fatal(err)
		}
		raw, _ := io.ReadAll(w.Body)
		conn.Close()
		if w.StatusCode == http.StatusOK {
			accepted++
		} else if i < 2 {
			t.Errorf("an honest request with odd headers is answered %d", w.StatusCode)
		}
		if strings.Contains(string(raw), "evil.example") {
			t.Errorf("trick %d: the answer names the false host", i)
		}
	}
	s.idle()
	got := s.Mails.Wait(t, accepted)
	if len(got) != accepted {
		t.Errorf("%d letters for %d accepted requests", len(got), accepted)
	}
	for _, m := range got {
		if strings.Contains(m.Raw, "evil") {
			t.Errorf("a letter names the false host:\n%s", m.Text)
		}
		for _, address := range addresses(m) {
			if !strings.HasPrefix(address, s.URL) && !strings.HasPrefix(address, "mailto:") {
				t.Errorf("%q leads to %s", m.Subject, address)
			}
		}
	}
}
