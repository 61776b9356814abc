package market_test

import (
	"context"
	"io"
	"log/slog"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/stoashop/stoa/commerce/market"
	"github.com/stoashop/stoa/commerce/pricing"
	"github.com/stoashop/stoa/commerce/shipping"
	"github.com/stoashop/stoa/commerce/tax"
	"github.com/stoashop/stoa/guard/audit"
	"github.com/stoashop/stoa/kit/fault"
	"github.com/stoashop/stoa/kit/locale"
	"github.com/stoashop/stoa/kit/money"
	"github.com/stoashop/stoa/platform/db"
	"github.com/stoashop/stoa/stoatest/dbtest"
)

var owner = audit.Staff("stf_1")

// node is one process of the shop.
type node struct {
	*market.Service
	db  *db.DB
	log *audit.Log
}

func newNode(t *testing.T, d *db.DB) node {
	t.Helper()
	quiet := slog.New(slog.NewTextHandler(io.Discard, nil))
	log := audit.NewLog(d, quiet)
	svc := market.New(d, quiet, tax.New(), shipping.New())
	svc.Follow(log)
	if err := log.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	return node{svc, d, log}
}

func (n node) do(t *testing.T, fn func(ctx context.Context, tx *db.Tx) error) error {
	t.Helper()
	return n.db.InTx(t.Context(), fn)
}

func newShop() market.Setup {
	s := market.Suggest("DE")
	s.Name, s.Email = "  Kaffee & Co ", "hallo@Kaffee.example"
	s.Address.Postcode = "d-10115"
	s.ShippingPrice, s.FreeFrom = 4_90, 50_00
	return s
}

func opened(t *testing.T, e dbtest.Env) node {
	t.Helper()
	n := newNode(t, e.DB)
	if err := n.do(t, func(ctx context.Context, tx *db.Tx) error { return n.SetUp(ctx, tx, owner, newShop()) }); err != nil {
		t.Fatal(err)
	}
	return n
}

// counts is the number of rows of every table that settings live in, and of
// the change log.
func counts(t *testing.T, e dbtest.Env) map[string]int64 {
	t.Helper()
	got := make(map[string]int64)
	for _, table := range []string{
		"shop", "market", "price_list", "tax_class", "tax_rate", "shipping_zone", "shipping_zone_place", "shipping_method", "shipping_rate", "change_log",
	} {
		got[table] = e.Int(t, `SELECT COUNT(*) FROM `+table)
	}
	return got
}

func TestSetUp(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, e dbtest.Env) {
		empty := newNode(t, e.DB)
		if s := empty.Current(t.Context()); s.Open() || s.Default().ID != "" {
			t.Errorf("before it is set up: %+v", s)
		}

		n := opened(t, e)
		s := n.Current(t.Context())

		if !s.Open() || s.Shop.Name != "Kaffee & Co" || s.Shop.Email != "hallo@kaffee.example" || s.Shop.Address.Postcode != "10115" ||
			s.Shop.Address.Country != "DE" || s.Shop.Zone != "Europe/Berlin" || s.Shop.Location().String() != "Europe/Berlin" ||
			s.Shop.Hold() != 10*time.Minute || !s.Shop.OpenedAt.Equal(dbtest.Began) {
			t.Errorf("shop: %+v", s.Shop)
		}
		m := s.Default()
		if m.Currency != "EUR" || m.Locale != "de" || m.Basis() != pricing.Gross || m.TaxOutside != tax.Refuse || m.PriceKept != pricing.KeepGross || !m.Default {
			t.Errorf("market: %+v", m)
		}
		if len(s.PriceLists) != 1 || s.PriceLists[0].ID != m.PriceListID || s.PriceLists[0].Currency != "EUR" {
			t.Errorf("price lists: %+v", s.PriceLists)
		}
		if len(s.Classes) != 2 || s.ClassID(tax.Standard) == "" || s.ClassID("books") != "" || len(s.Rates) != 29 {
			t.Errorf("%d classes, %d rates", len(s.Classes), len(s.Rates))
		}
		if len(s.Zones) != 1 || len(s.Zones[0].Places) != 27 || len(s.Zones[0].Methods) != 1 {
			t.Fatalf("zones: %+v", s.Zones)
		}
		if s.Language("de") != "de" || s.Language("fr") != "de" {
			t.Errorf("languages: %v", s.Shop.Languages)
		}

		before := counts(t, e)
		err := n.do(t, func(ctx context.Context, tx *db.Tx) error { return n.SetUp(ctx, tx, owner, newShop()) })
		if !fault.Is(err, fault.Conflict) || fault.Reason(err) != "market.already_open" {
			t.Errorf("a second time: %v", err)
		}
		if diff := cmp.Diff(before, counts(t, e)); diff != "" {
			t.Error("a refusal wrote: " + diff)
		}
	})
}

func TestSetUp_refusesAtTheField(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, e dbtest.Env) {
		n := newNode(t, e.DB)
		before := counts(t, e)
		tests := map[string]struct {
			change func(s *market.Setup)
			field  string
		}{
			"no name":             {func(s *market.Setup) { s.Name = "" }, "name"},
			"a name of two lines": {func(s *market.Setup) { s.Name = "a\r\nBcc: x" }, "name"},
			"no e-mail":           {func(s *market.Setup) { s.Email = "hallo" }, "email"},
			"no country":          {func(s *market.Setup) { s.Address = market.Address{} }, "address.country"},
			"a bad postcode":      {func(s *market.Setup) { s.Address.Postcode = "1" }, "address.postcode"},
			"no currency":         {func(s *market.Setup) { s.Currency = "" }, "currency"},
			"no languages":        {func(s *market.Setup) { s.Languages = nil }, "languages"},
			"no such language":    {func(s *market.Setup) { s.Languages = []string{"en", "klingonese-x"} }, "languages.1"},
			"no zone":             {func(s *market.Setup) { s.Zone = "" }, "zone"},
			"the machine's zone":  {func(s *market.Setup) { s.Zone = "Local" }, "zone"},
			"no such zone":        {func(s *market.Setup) { s.Zone = "Europe/Atlantis" }, "zone"},
			"a path as zone":      {func(s *market.Setup) { s.Zone = "../../etc/passwd" }, "zone"},
			"negative shipping":   {func(s *market.Setup) { s.ShippingPrice = -1 }, "shipping_price"},
			"negative threshold":  {func(s *market.Setup) { s.FreeFrom = -1 }, "free_from"},
			"a state is missing":  {func(s *market.Setup) { s.Address = market.Address{Country: "US"} }, "address.region"},
		}
		for name, tt := range tests {
			s := newShop()
			tt.change(&s)
			err := n.do(t, func(ctx context.Context, tx *db.Tx) error { return n.SetUp(ctx, tx, owner, s) })
			f := fault.From(err)
			if f == nil || f.Kind != fault.Invalid || len(f.Fields) != 1 || f.Fields[0].Path != tt.field {
				t.Errorf("%s: got %v", name, err)
			}
		}
		if diff := cmp.Diff(before, counts(t, e)); diff != "" {
			t.Error("refusals wrote: " + diff)
		}
	})
}

func TestSetUp_onlyOnce(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, e dbtest.Env) {
		n := newNode(t, e.DB)
		var opened, refused atomic.Int64
		var wg sync.WaitGroup
		for range 8 {
			wg.Go(func() {
				err := n.db.InTx(t.Context(), func(ctx context.Context, tx *db.Tx) error { return n.SetUp(ctx, tx, owner, newShop()) })
				switch {
				case err == nil:
					opened.Add(1)
				case fault.Reason(err) == "market.already_open":
					refused.Add(1)
				default:
					t.Error(err)
				}
			})
		}
		wg.Wait()
		if opened.Load() != 1 || refused.Load() != 7 {
			t.Errorf("%d opened, %d were refused", opened.Load(), refused.Load())
		}
		if got := counts(t, e); got["market"] != 1 || got["price_list"] != 1 || got["shipping_zone"] != 1 || got["tax_rate"] != 29 {
			t.Errorf("rows: %v", got)
		}
	})
}

func TestSetUp_abroad(t *testing.T) {
	tests := map[string]struct {
		address  market.Address
		currency string
		includes bool
		outside  tax.Outside
		rates    int
		places   int
	}{
		"Britain":     {market.Address{Country: "GB"}, "GBP", true, tax.Refuse, 1, 1},
		"Switzerland": {market.Address{Country: "CH"}, "CHF", true, tax.Refuse, 1, 1},
		"California":  {market.Address{Country: "US", Region: "California"}, "USD", false, tax.Zero, 1, 1},
		"Japan":       {market.Address{Country: "JP"}, "JPY", true, tax.Refuse, 0, 1},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			e := dbtest.New(t, db.SQLite)
			n := newNode(t, e.DB)
			in := market.Suggest(tt.address.Country)
			in.Name, in.Email, in.Address = "Shop", "shop@example.com", tt.address
			if err := n.do(t, func(ctx context.Context, tx *db.Tx) error { return n.SetUp(ctx, tx, owner, in) }); err != nil {
				t.Fatal(err)
			}
			s := n.Current(t.Context())
			m := s.Default()
			if m.Currency != tt.currency || m.PricesIncludeTax != tt.includes || m.TaxOutside != tt.outside || len(s.Rates) != tt.rates || len(s.Zones[0].Places) != tt.places {
				t.Errorf("market %+v, %d rates, %d places", m, len(s.Rates), len(s.Zones[0].Places))
			}
		})
	}
}

func TestSnapshot_isFreshOnEveryNode(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, e dbtest.Env) {
		here := opened(t, e)
		second, err := db.Open(t.Context(), db.Options{URL: e.URL, Clock: e.Clock})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { second.Close() })
		there := newNode(t, second)
		kept := here.Current(t.Context())

		shop := kept.Shop
		shop.Name, shop.ClosedDays = "Tee & Co", []string{"2026-12-25", "2026-12-24", "2026-12-25"}
		err = here.do(t, func(ctx context.Context, tx *db.Tx) error {
			_, err := here.SaveShop(ctx, tx, owner, shop)
			return err
		})
		if err != nil {
			t.Fatal(err)
		}

		if got := here.Current(t.Context()).Shop; got.Name != "Tee & Co" || got.Version != 2 || len(got.ClosedDays) != 2 {
			t.Errorf("the committing node still says %+v", got)
		}
		if kept.Shop.Name != "Kaffee & Co" {
			t.Error("a snapshot in use was changed")
		}
		if err := there.log.Sync(t.Context()); err != nil {
			t.Fatal(err)
		}
		if got := there.Current(t.Context()).Shop.Name; got != "Tee & Co" {
			t.Errorf("the other node still says %q", got)
		}

		// A change of any part reaches the snapshot; one of something else
		// does not read it again.
		statements := here.db.Statements()
		err = here.do(t, func(ctx context.Context, tx *db.Tx) error {
			return audit.Append(ctx, tx, audit.Change{Actor: owner, Action: "product.saved", Object: "product", ID: "prd_1"})
		})
		if err != nil {
			t.Fatal(err)
		}
		if n := here.db.Statements() - statements; n > 3 {
			t.Errorf("a product made the settings be read: %d statements", n)
		}
		err = here.do(t, func(ctx context.Context, tx *db.Tx) error {
			_, err := tax.New().SaveClass(ctx, tx, owner, tax.Class{Code: "books", Name: locale.Text{"en": "Books"}, Position: 9})
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		if here.Current(t.Context()).ClassID("books") == "" {
			t.Error("a new tax class is not in the snapshot")
		}
	})
}

func TestLoad_takesFewStatements(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, e dbtest.Env) {
		n := opened(t, e)
		before := n.db.Statements()
		if err := n.Reload(t.Context()); err != nil {
			t.Fatal(err)
		}
		if got := n.db.Statements() - before; got > 9 {
			t.Errorf("%d statements", got)
		}
		before = n.db.Statements()
		for range 100 {
			n.Current(t.Context())
		}
		if got := n.db.Statements() - before; got != 0 {
			t.Errorf("reading the settings took %d statements", got)
		}
	})
}

func TestSaveShop(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, e dbtest.Env) {
		n := opened(t, e)
		shop := n.Current(t.Context()).Shop
		save := func(s market.Shop) error {
			return n.do(t, func(ctx context.Context, tx *db.Tx) error {
				_, err := n.SaveShop(ctx, tx, owner, s)
				return err
			})
		}
		good := shop
		good.Email, good.Phone, good.BankDetails, good.StockDisplay = " Neu@Example.com ", "+49 30 1234567", "IBAN DE00\r\nBank", market.StockExact
		good.Languages, good.Workdays = []string{"de", "en", "fr"}, []time.Weekday{time.Saturday, time.Monday, time.Monday}
		good.Address = market.Address{Name: "Kaffee & Co", Line1: "Torstr. 1", City: "Berlin", Postcode: "10119", Country: "DE"}
		if err := save(good); err != nil {
			t.Fatal(err)
		}
		want := good
		want.Email, want.BankDetails, want.Workdays, want.Version = "Neu@example.com", "IBAN DE00\nBank", []time.Weekday{time.Monday, time.Saturday}, 2
		got := n.Current(t.Context()).Shop
		if diff := cmp.Diff(want, got, cmpopts.IgnoreUnexported(market.Shop{})); diff != "" {
			t.Error(diff)
		}
		history, err := audit.History(t.Context(), e.DB, "shop", "shop", 10)
		if err != nil || len(history) != 2 || history[0].Action != "shop.saved" || !strings.Contains(string(history[0].Before), "hallo@kaffee.example") {
			t.Errorf("history: %+v, %v", history, err)
		}

		before := counts(t, e)
		if err := save(good); fault.Reason(err) != "settings.changed" || !fault.Is(err, fault.Conflict) {
			t.Errorf("an older version: got %v", err)
		}
		tests := map[string]struct {
			change func(s *market.Shop)
			field  string
		}{
			"no name":          {func(s *market.Shop) { s.Name = " " }, "name"},
			"a line separator": {func(s *market.Shop) { s.Name = "Kaffee\u2028& Co" }, "name"},
			"not UTF-8":        {func(s *market.Shop) { s.Name = "\xff" }, "name"},
			"10 kB":            {func(s *market.Shop) { s.Name = strings.Repeat("x", 10_000) }, "name"},
			"two addresses":    {func(s *market.Shop) { s.Email = "a@x.org,b@x.org" }, "email"},
			"a header":         {func(s *market.Shop) { s.Email = "a@x.org\r\nBcc: b@x.org" }, "email"},
			"no phone":         {func(s *market.Shop) { s.Phone = "ring" }, "phone"},
			"bad postcode":     {func(s *market.Shop) { s.Address.Postcode = "101190" }, "address.postcode"},
			"stock display":    {func(s *market.Shop) { s.StockDisplay = "all" }, "stock_display"},
			"few below zero":   {func(s *market.Shop) { s.FewThreshold = -1 }, "few_threshold"},
			"no hold":          {func(s *market.Shop) { s.HoldMinutes = 0 }, "hold_minutes"},
			"a long hold":      {func(s *market.Shop) { s.HoldMinutes = 31 }, "hold_minutes"},
			"nothing per line": {func(s *market.Shop) { s.MaxPerLine = 0 }, "max_per_line"},
			"cut-off":          {func(s *market.Shop) { s.CutOff = 24*60 + 1 }, "cut_off"},
			"an eighth day":    {func(s *market.Shop) { s.Workdays = []time.Weekday{7} }, "workdays"},
			"no such day":      {func(s *market.Shop) { s.ClosedDays = []string{"2026-02-30"} }, "closed_days.0"},
			"closed for years": {func(s *market.Shop) { s.ClosedDays = days(367) }, "closed_days"},
			"a twin language":  {func(s *market.Shop) { s.Languages = []string{"en", "en"} }, "languages.1"},
			"a novel":          {func(s *market.Shop) { s.BankDetails = strings.Repeat("x", 2001) }, "bank_details"},
		}
		for name, tt := range tests {
			s := got
			tt.change(&s)
			f := fault.From(save(s))
			if f == nil || f.Kind != fault.Invalid || len(f.Fields) != 1 || f.Fields[0].Path != tt.field {
				t.Errorf("%s: got %v", name, f)
			}
		}
		if diff := cmp.Diff(before, counts(t, e)); diff != "" {
			t.Error("refusals wrote: " + diff)
		}
		if diff := cmp.Diff(got, n.Current(t.Context()).Shop, cmpopts.IgnoreUnexported(market.Shop{})); diff != "" {
			t.Error("refusals changed: " + diff)
		}
	})
}

func days(n int) (list []string) {
	for i := range n {
		list = append(list, time.Date(2026, 1, 1+i, 0, 0, 0, 0, time.UTC).Format(time.DateOnly))
	}
	return list
}

func TestSaveMarket(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, e dbtest.Env) {
		n := opened(t, e)
		m := n.Current(t.Context()).Default()
		save := func(m market.Market) error {
			return n.do(t, func(ctx context.Context, tx *db.Tx) error {
				_, err := n.SaveMarket(ctx, tx, owner, m)
				return err
			})
		}
		edited := m
		edited.Name, edited.Currency, edited.PricesIncludeTax, edited.TaxRounding = "Schweiz", "CHF", false, "line"
		edited.TaxOutside, edited.PriceKept, edited.PriceListID, edited.Default = tax.Zero, pricing.KeepNet, "plist_other", false
		if err := save(edited); err != nil {
			t.Fatal(err)
		}
		want := edited
		want.PriceListID, want.Default, want.Version = m.PriceListID, true, 2
		s := n.Current(t.Context())
		if diff := cmp.Diff(want, s.Default()); diff != "" {
			t.Error(diff)
		}
		if s.PriceLists[0].Currency != "CHF" || s.Default().Basis() != pricing.NetLine {
			t.Errorf("price list %+v, basis %s", s.PriceLists[0], s.Default().Basis())
		}

		at := e.Clock.Now().UnixMilli()
		class := s.ClassID(tax.Standard)
		err := n.do(t, func(ctx context.Context, tx *db.Tx) error {
			if _, err := tx.Exec(ctx, `
				INSERT INTO product (id, handle, status, brand, name, subtitle, description, seo_title, seo_description, tax_class_id, tags, fields, sort_name, created_at, updated_at, version)
				VALUES ('prd_a', 'a', 'active', '', '{}', '{}', '{}', '{}', '{}', $1, '[]', '{}', 'a', $2, $2, 1)`, class, at); err != nil {
				return err
			}
			if _, err := tx.Exec(ctx, `
				INSERT INTO variant (id, product_id, sku, sku_key, gtin, combination, status, position, tracked, weight_grams, length_mm, width_mm, height_mm, hs_code, origin, fields, created_at, updated_at)
				VALUES ('var_a', 'prd_a', 'a', 'a', '', '', 'active', 0, 1, 500, 0, 0, 0, '', '', '{}', $1, $1)`, at); err != nil {
				return err
			}
			_, err := tx.Exec(ctx, `INSERT INTO price (list_id, variant_id, currency, amount, updated_at) VALUES ($1, 'var_a', 'CHF', 100, $2)`, m.PriceListID, at)
			return err
		})
		if err != nil {
			t.Fatal(err)
		}

		before := counts(t, e)
		if err := save(edited); fault.Reason(err) != "settings.changed" {
			t.Errorf("an older version: got %v", err)
		}
		tests := map[string]struct {
			change func(m *market.Market)
			field  string
		}{
			"another currency once there are prices": {func(m *market.Market) { m.Currency = "EUR" }, "currency"},
			"no currency":                            {func(m *market.Market) { m.Currency = "XXX1" }, "currency"},
			"no code":                                {func(m *market.Market) { m.Code = "" }, "code"},
			"no name":                                {func(m *market.Market) { m.Name = "" }, "name"},
			"no locale":                              {func(m *market.Market) { m.Locale = "" }, "locale"},
			"odd rounding":                           {func(m *market.Market) { m.TaxRounding = "total" }, "tax_rounding"},
			"odd outside":                            {func(m *market.Market) { m.TaxOutside = "" }, "tax_outside"},
			"odd price kept":                         {func(m *market.Market) { m.PriceKept = "" }, "price_kept"},
		}
		for name, tt := range tests {
			m := want
			tt.change(&m)
			f := fault.From(save(m))
			if f == nil || f.Kind != fault.Invalid || len(f.Fields) != 1 || f.Fields[0].Path != tt.field {
				t.Errorf("%s: got %v", name, f)
			}
		}
		gone := want
		gone.ID = "mkt_gone"
		if err := save(gone); fault.Reason(err) != "settings.unknown" {
			t.Errorf("got %v", err)
		}
		if diff := cmp.Diff(before, counts(t, e)); diff != "" {
			t.Error("refusals wrote: " + diff)
		}
		if diff := cmp.Diff(want, n.Current(t.Context()).Default()); diff != "" {
			t.Error("refusals changed: " + diff)
		}
	})
}

// T103: of two people who save the same version one is told.
func TestSaveShop_twoAtOnce(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, e dbtest.Env) {
		n := opened(t, e)
		shop := n.Current(t.Context()).Shop
		var saved, told atomic.Int64
		var wg sync.WaitGroup
		for i := range 6 {
			wg.Go(func() {
				mine := shop
				mine.FewThreshold = int64(i)
				err := n.db.InTx(t.Context(), func(ctx context.Context, tx *db.Tx) error {
					_, err := n.SaveShop(ctx, tx, owner, mine)
					return err
				})
				switch {
				case err == nil:
					saved.Add(1)
				case fault.Reason(err) == "settings.changed":
					told.Add(1)
				default:
					t.Error(err)
				}
			})
		}
		wg.Wait()
		if saved.Load() != 1 || told.Load() != 5 {
			t.Errorf("%d saved, %d were told", saved.Load(), told.Load())
		}
		if v := n.Current(t.Context()).Shop.Version; v != 2 {
			t.Errorf("version is %d", v)
		}
	})
}

// From settings to a price: the parts fit together.
func TestSnapshot_pricesABasket(t *testing.T) {
	e := dbtest.New(t, db.SQLite)
	n := opened(t, e)
	s := n.Current(t.Context())
	m, class := s.Default(), s.ClassID(tax.Standard)
	munich := market.Address{Country: "DE", Postcode: "80331"}.Place()

	quote := func(to tax.Place, unit money.Minor) (pricing.Quote, shipping.Option) {
		t.Helper()
		b := m.Basket()
		b.Lines = []pricing.Line{{ID: "cln_1", VariantID: "var_1", Unit: unit, Quantity: 1, Class: class, Weight: 500}}
		var err error
		if b.Taxes, err = s.Taxes(m, to, []string{class}, e.Clock.Now()); err != nil {
			t.Fatal(err)
		}
		options := shipping.Options(s.Zones, to, m.Parcel(500, unit))
		if len(options) != 1 {
			t.Fatalf("options: %+v", options)
		}
		b.Shipping = market.Shipping(options[0])
		q, err := pricing.Compute(b)
		if err != nil {
			t.Fatal(err)
		}
		if err := q.Check(); err != nil {
			t.Fatal(err)
		}
		return q, options[0]
	}

	q, o := quote(munich, 23_80)
	if q.Total != (pricing.Amounts{Net: 24_12, Tax: 4_58, Gross: 28_70}) || q.Taxes[0].Code != "DE" || q.Taxes[0].Name != "MwSt." {
		t.Errorf("quote: %+v %+v", q.Total, q.Taxes)
	}
	if q, _ := quote(munich, 50_00); q.Total.Gross != 50_00 {
		t.Errorf("free from 50.00: %+v", q.Total)
	}
	if q, _ := quote(market.Address{Country: "FR", Postcode: "75002"}.Place(), 23_80); q.Total.Gross != 28_70 || q.Taxes[0].Rate != 200_000 {
		t.Errorf("to France: %+v", q.Total)
	}
	if meter, ok := shipping.FreeMeter(s.Zones, munich, m.Parcel(500, 20_00)); !ok || meter.Missing != 30_00 {
		t.Errorf("meter: %+v", meter)
	}
	// Tuesday 24 November 2026, 10:00 in Berlin.
	if got := s.Expect(e.Clock.Now(), o.Method); got.Leaves.Day() != 24 || got.Earliest.Day() != 26 || got.Latest.Day() != 30 {
		t.Errorf("expected %+v", got)
	}
	for name, to := range map[string]tax.Place{"Norway": {Country: "NO"}, "the Canary Islands": {Country: "ES", Postcode: "35001"}} {
		if _, err := s.Taxes(m, to, []string{class}, e.Clock.Now()); fault.Reason(err) != "tax.unknown_destination" {
			t.Errorf("%s: got %v", name, err)
		}
	}
	if _, err := s.Taxes(m, munich, []string{"txc_gone"}, e.Clock.Now()); fault.Reason(err) != "tax.rate_missing" {
		t.Errorf("got %v", err)
	}
	byClass := o
	byClass.TaxClass = class
	want := &pricing.Shipping{MethodID: o.ID, Price: o.Price, Tax: pricing.ByClass, Class: class}
	if diff := cmp.Diff(want, market.Shipping(byClass)); diff != "" {
		t.Error(diff)
	}
}
