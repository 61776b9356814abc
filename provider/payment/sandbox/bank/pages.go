package bank

import (
	"bytes"
	"embed"
	"html/template"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/stoashop/stoa/kit/locale"
	"github.com/stoashop/stoa/kit/money"
	"github.com/stoashop/stoa/kit/pan"
	"github.com/stoashop/stoa/words"
)

//go:embed pages/*.html
var pageFiles embed.FS

//go:embed assets/style.css
var styleSheet []byte

// pages are the templates, one set a language.
type pages struct {
	catalog *locale.Catalog
	sets    map[string]*template.Template
}

func newPages() (*pages, error) {
	catalog, err := locale.Load("en", words.Files)
	if err != nil {
		return nil, err
	}
	ps := &pages{catalog, make(map[string]*template.Template)}
	for _, lang := range catalog.Languages() {
		p := catalog.Printer(lang, nil)
		set, err := template.New("").Funcs(template.FuncMap{
			"t":     p.T,
			"lang":  p.Lang,
			"money": func(amount int64, currency string) string { return p.Money(money.Minor(amount), currency) },
			"when":  p.DateTime,
		}).ParseFS(pageFiles, "pages/*.html")
		if err != nil {
			return nil, err
		}
		ps.sets[lang] = set
	}
	return ps, nil
}

// view is what every page is drawn from.
type view struct {
	Merchant string
	Payment  Payment
	Locale   string // the merchant's wish
	Return   string // where the shopper goes back to
	Base     string // path of the payment's page

	Form   form
	Cards  []Card
	Chosen Scenario // the test card that filled the form
	State  string   // for the ended page and the ledger: "paid", "failed", …
	Ledger []row
}

// form is the card form: what was typed and what is wrong with it.
type form struct {
	Number, Expiry, CVC, Name string
	Bad                       map[string]string // field → message key
}

type row struct {
	Payment Payment
	State   string
}

func (b *Bank) pageRoutes(mux *http.ServeMux) {
	own := http.NewCrossOriginProtection()
	page := func(pattern string, h func(w http.ResponseWriter, r *http.Request, page string)) {
		mux.Handle(pattern, own.Handler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			r.Body = http.MaxBytesReader(w, r.Body, 16<<10)
			if err := r.ParseForm(); err != nil {
				http.Error(w, "this form cannot be read", http.StatusBadRequest)
				return
			}
			h(w, r, r.PathValue("page"))
		})))
	}
	page("GET /pay/{page}", b.pageCard)
	page("POST /pay/{page}", b.pagePay)
	page("GET /pay/{page}/confirmation", b.pageConfirm)
	page("POST /pay/{page}/confirmation", b.pageDecide)
	page("POST /pay/{page}/cancellation", b.pageCancel)
	mux.HandleFunc("GET /assets/style.css", func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/css; charset=utf-8")
		w.Header().Set("Cache-Control", "max-age=300")
		w.Write(styleSheet)
	})
	mux.HandleFunc("GET /{$}", b.pageLedger)
	mux.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
		b.show(w, r, http.StatusNotFound, "missing", view{})
	})
}

// visit runs fn on the payment of a page and returns the page's view. It
// answers the request itself when there is no such payment.
func (b *Bank) visit(w http.ResponseWriter, r *http.Request, page string, fn func(p *Payment)) (view, bool) {
	b.mu.Lock()
	p := b.byPage[page]
	if p == nil {
		b.mu.Unlock()
		b.show(w, r, http.StatusNotFound, "missing", view{})
		return view{}, false
	}
	b.lapse(p)
	if fn != nil {
		fn(p)
	}
	v := view{
		Merchant: b.o.Merchant, Payment: p.copy(), Locale: p.Secret.Request.Locale,
		Return: p.Secret.Request.ReturnURL, Base: "/pay/" + page, Cards: Cards(), State: state(p),
	}
	b.mu.Unlock()
	v.Payment.Secret = Secret{}
	return v, true
}

// pageCard is the payment page. "?card=" fills in a test card.
func (b *Bank) pageCard(w http.ResponseWriter, r *http.Request, page string) {
	v, ok := b.visit(w, r, page, nil)
	switch {
	case !ok:
	case v.Payment.Phase == Confirming:
		http.Redirect(w, r, v.Base+"/confirmation", http.StatusSeeOther)
	case v.Payment.Phase == Open:
		if card, ok := cardByScenario(Scenario(r.Form.Get("card"))); ok {
			v.Chosen = card.Scenario
			v.Form = form{Number: card.Spaced(), Expiry: b.now().AddDate(3, 0, 0).Format("01/06"), CVC: "123", Name: "A. Shopper"}
		}
		b.show(w, r, http.StatusOK, "card", v)
	default:
		b.show(w, r, http.StatusOK, "ended", v)
	}
}

// pagePay takes the card. A second click finds the payment ended and leads on
// to the shop like the first.
func (b *Bank) pagePay(w http.ResponseWriter, r *http.Request, page string) {
	card, f := readForm(r, b.now())
	var refused, lost bool
	v, ok := b.visit(w, r, page, func(p *Payment) {
		if p.Phase != Open {
			return
		}
		if refused = len(f.Bad) > 0; !refused {
			b.charge(p, card)
			lost = card.Scenario == AnswerLost
		}
	})
	switch {
	case !ok:
	case refused:
		v.Form = f
		b.show(w, r, http.StatusUnprocessableEntity, "card", v)
	case lost:
		cut(w)
	default:
		onward(w, r, v)
	}
}

// onward leads to the next step, or back to the shop.
func onward(w http.ResponseWriter, r *http.Request, v view) {
	to := v.Return
	if v.Payment.Phase == Confirming {
		to = v.Base + "/confirmation"
	}
	http.Redirect(w, r, to, http.StatusSeeOther)
}

func (b *Bank) pageConfirm(w http.ResponseWriter, r *http.Request, page string) {
	v, ok := b.visit(w, r, page, nil)
	switch {
	case !ok:
	case v.Payment.Phase == Open:
		http.Redirect(w, r, v.Base, http.StatusSeeOther)
	case v.Payment.Phase == Confirming:
		b.show(w, r, http.StatusOK, "confirm", v)
	default:
		b.show(w, r, http.StatusOK, "ended", v)
	}
}

func (b *Bank) pageDecide(w http.ResponseWriter, r *http.Request, page string) {
	v, ok := b.visit(w, r, page, func(p *Payment) {
		switch decision := r.PostForm.Get("decision"); {
		case p.Phase != Confirming:
		case decision == "approve":
			b.authorise(p)
		case decision == "refuse":
			b.fail(p, "authentication_failed")
		}
	})
	if ok {
		onward(w, r, v)
	}
}

func (b *Bank) pageCancel(w http.ResponseWriter, r *http.Request, page string) {
	v, ok := b.visit(w, r, page, func(p *Payment) {
		if p.Phase == Open || p.Phase == Confirming {
			b.fail(p, "cancelled")
		}
	})
	if ok {
		onward(w, r, v)
	}
}

// Serve names the merchant that shoppers read from now on.
func (b *Bank) Serve(merchant string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.o.Merchant = merchant
}

// pageLedger is the bank's front page: the test cards and the latest payments.
func (b *Bank) pageLedger(w http.ResponseWriter, r *http.Request) {
	all := b.Ledger()
	b.mu.Lock()
	v := view{Merchant: b.o.Merchant, Cards: Cards()}
	b.mu.Unlock()
	for _, p := range slices.Backward(all[max(0, len(all)-50):]) {
		p.Secret = Secret{}
		v.Ledger = append(v.Ledger, row{p, state(&p)})
	}
	b.show(w, r, http.StatusOK, "ledger", v)
}

// state sums a payment up in a word: the tail of a message key.
func state(p *Payment) string {
	switch {
	case p.Phase == Failed:
		return "failed"
	case p.Phase != Done:
		return "open"
	case p.Refunded > 0 && p.Refunded == p.Captured:
		return "refunded"
	case p.Refunded > 0:
		return "partly_refunded"
	case p.Captured > 0:
		return "paid"
	case p.Voided > 0:
		return "voided"
	}
	return "authorised"
}

// readForm checks the card form. The number is looked up among the test cards
// and forgotten; it is never shown again, kept or logged.
func readForm(r *http.Request, now time.Time) (Card, form) {
	f := form{
		Number: strings.TrimSpace(r.PostForm.Get("number")),
		Expiry: strings.TrimSpace(r.PostForm.Get("expiry")),
		CVC:    strings.TrimSpace(r.PostForm.Get("cvc")),
		Name:   strings.TrimSpace(r.PostForm.Get("name")),
		Bad:    make(map[string]string),
	}
	digits := strings.NewReplacer(" ", "", "-", "").Replace(f.Number)
	card, ok := cardByNumber(digits)
	switch {
	case digits == "":
		f.Bad["number"] = "bank.number.missing"
	case ok:
	case len(digits) < 12 || len(digits) > 19 || !pan.Luhn(digits):
		f.Bad["number"] = "bank.number.wrong"
	default:
		f.Bad["number"] = "bank.number.real"
		f.Number = ""
	}
	if reason := checkExpiry(f.Expiry, now); reason != "" {
		f.Bad["expiry"] = reason
	}
	if n := len(f.CVC); n < 3 || n > 4 || strings.Trim(f.CVC, "0123456789") != "" {
		f.Bad["cvc"] = "bank.cvc.wrong"
		f.CVC = ""
	}
	if len(f.Name) > 100 {
		f.Bad["name"] = "bank.name.long"
	}
	return card, f
}

// checkExpiry reads "12/29", "1229" and "12/2029"; a card is good until its
// month ends.
func checkExpiry(s string, now time.Time) (reason string) {
	month, year, ok := strings.Cut(strings.ReplaceAll(s, " ", ""), "/")
	if !ok && len(month) == 4 {
		month, year = month[:2], month[2:]
	}
	m, err1 := strconv.Atoi(month)
	y, err2 := strconv.Atoi(year)
	if len(year) == 2 {
		y += 2000
	}
	if err1 != nil || err2 != nil || m < 1 || m > 12 || y < 2000 || y > 2099 {
		return "bank.expiry.wrong"
	}
	if !now.Before(time.Date(y, time.Month(m)+1, 1, 0, 0, 0, 0, time.UTC)) {
		return "bank.expiry.past"
	}
	return ""
}

// show renders a page. Its form may lead to the shop in the end: browsers apply
// form-action to the redirect that answers a form, too.
func (b *Bank) show(w http.ResponseWriter, r *http.Request, status int, name string, v view) {
	lang := v.Locale
	if lang == "" {
		lang = b.pages.catalog.Match(r.Header.Get("Accept-Language"))
	}
	set := b.pages.sets[lang]
	if base, _, _ := strings.Cut(lang, "-"); set == nil {
		set = b.pages.sets[base]
	}
	if set == nil {
		set = b.pages.sets["en"]
	}
	var body bytes.Buffer
	if err := set.ExecuteTemplate(&body, name+".html", v); err != nil {
		b.o.Log.Error("sandbox bank: page not drawn", "page", name, "err", err)
		http.Error(w, "this page could not be drawn", http.StatusInternalServerError)
		return
	}
	action := "'self'"
	if u, err := url.Parse(v.Return); err == nil && u.Host != "" {
		action += " " + u.Scheme + "://" + u.Host
	}
	h := w.Header()
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Cache-Control", "no-store")
	h.Set("Content-Security-Policy", "default-src 'none'; style-src 'self'; img-src 'self' data:; base-uri 'none'; frame-ancestors 'none'; form-action "+action)
	h.Set("Referrer-Policy", "same-origin")
	h.Set("X-Content-Type-Options", "nosniff")
	w.WriteHeader(status)
	w.Write(body.Bytes())
}
