package transfer

import (
	"cmp"
	"slices"
	"strconv"
	"time"

	"github.com/stoashop/stoa/commerce/catalog"
	"github.com/stoashop/stoa/commerce/custom"
	"github.com/stoashop/stoa/kit/locale"
	"github.com/stoashop/stoa/kit/money"
)

// aside is a custom field for what sources say of goods and the shop has no
// place of its own for. The staff see it, shoppers do not.
type aside struct {
	owner custom.Owner // Product or Variant
	key   string
	name  locale.Text
	typ   FieldType
	money bool // an amount in the shop's currency
	// say writes the value; "" when there is nothing to say.
	say func(about) string
	// read takes the value back from the field, "" when it was emptied. nil:
	// what a file said is remembered beside the product.
	read func(about, string)
}

// about is what an aside speaks of.
type about struct {
	ses *session
	now time.Time
	p   *Product
	v   *Variant // nil for an aside of a product
}

// day is the date of an instant where the shop is.
func (x about) day(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.In(x.ses.settings.Shop.Location()).Format(time.DateOnly)
}

// sale is the price that holds for a time only.
func (x about) sale() (Price, bool) {
	i := slices.IndexFunc(x.v.Prices, Price.dated)
	if i < 0 {
		return Price{}, false
	}
	return x.v.Prices[i], true
}

func yesIf(yes bool) string { return map[bool]string{true: "true"}[yes] }

// asides lists them all. No column of a file gets one of their keys.
func asides() []aside {
	return []aside{
		{
			owner: custom.Variant, key: "cost_price", name: locale.Text{"en": "Cost", "de": "Einkaufspreis"}, typ: DecimalField, money: true,
			say: func(x about) string {
				if x.v.Cost == nil {
					return ""
				}
				return x.v.Cost.Amount.Decimal(x.v.Cost.Currency)
			},
			read: func(x about, s string) {
				currency := x.ses.settings.Default().Currency
				if x.v.Cost = nil; s != "" {
					if amount, reason := parseAmount(s, currency, decimalPoint); reason == "" {
						x.v.Cost = &money.Money{Amount: amount, Currency: currency}
					}
				}
			},
		},
		{
			owner: custom.Variant, key: "digital", name: locale.Text{"en": "Digital, nothing is shipped", "de": "Digital, nichts wird versandt"}, typ: BoolField,
			say:  func(x about) string { return yesIf(x.v.Digital) },
			read: func(x about, s string) { x.v.Digital = s == "true" },
		},
		{
			owner: custom.Variant, key: "tax_free", name: locale.Text{"en": "Not taxed in the other shop", "de": "Im anderen Shop nicht besteuert"}, typ: BoolField,
			say:  func(x about) string { return yesIf(!x.v.Taxable) },
			read: func(x about, s string) { x.v.Taxable = s != "true" },
		},
		{
			owner: custom.Product, key: "tax_free", name: locale.Text{"en": "Not taxed in the other shop", "de": "Im anderen Shop nicht besteuert"}, typ: BoolField,
			say: func(x about) string { return yesIf(!x.p.Taxable && len(x.p.Variants) == 0) },
		},
		{
			owner: custom.Variant, key: "tax_code", name: locale.Text{"en": "Tax code", "de": "Steuercode"}, typ: TextField,
			say:  func(x about) string { return x.v.TaxCode },
			read: func(x about, s string) { x.v.TaxCode = s },
		},
		{
			owner: custom.Variant, key: "source_tax_class", name: locale.Text{"en": "Tax class in the other shop", "de": "Steuerklasse im anderen Shop"}, typ: TextField,
			say: func(x about) string {
				if x.v.TaxClass == x.p.TaxClass {
					return ""
				}
				return x.v.TaxClass
			},
		},
		{
			owner: custom.Product, key: "source_tax_class", name: locale.Text{"en": "Tax class in the other shop", "de": "Steuerklasse im anderen Shop"}, typ: TextField,
			say: func(x about) string {
				if _, ok := x.ses.taxClass(x.p.TaxClass); ok {
					return ""
				}
				return x.p.TaxClass
			},
		},
		{
			owner: custom.Variant, key: "barcode", name: locale.Text{"en": "Barcode", "de": "Strichcode"}, typ: TextField,
			say: func(x about) string {
				if catalog.ValidGTIN(x.v.Barcode) {
					return ""
				}
				return x.v.Barcode
			},
			read: func(x about, s string) {
				if s != "" || !catalog.ValidGTIN(x.v.Barcode) {
					x.v.Barcode = s
				}
			},
		},
		{
			owner: custom.Variant, key: "low_stock_at", name: locale.Text{"en": "Low stock from", "de": "Meldebestand"}, typ: IntField,
			say: func(x about) string {
				if x.v.Stock.LowAt == 0 {
					return ""
				}
				return strconv.FormatInt(x.v.Stock.LowAt, 10)
			},
			read: func(x about, s string) { x.v.Stock.LowAt, _ = parseCount(cmp.Or(s, "0"), decimalPoint) },
		},
		{
			owner: custom.Variant, key: "sale_price", name: locale.Text{"en": "Sale price", "de": "Aktionspreis"}, typ: DecimalField, money: true,
			say: func(x about) string {
				sale, ok := x.sale()
				if !ok {
					return ""
				}
				return sale.Amount.Decimal(sale.Currency)
			},
		},
		{
			owner: custom.Variant, key: "sale_from", name: locale.Text{"en": "Sale begins", "de": "Aktion beginnt"}, typ: DateField,
			say: func(x about) string { sale, _ := x.sale(); return x.day(sale.From) },
		},
		{
			owner: custom.Variant, key: "sale_until", name: locale.Text{"en": "Sale ends", "de": "Aktion endet"}, typ: DateField,
			say: func(x about) string { sale, _ := x.sale(); return x.day(sale.Until) },
		},
		{
			owner: custom.Product, key: "catalog_visibility", name: locale.Text{"en": "Where the other shop showed it", "de": "Wo der andere Shop es zeigte"}, typ: TextField,
			say: func(x about) string { return string(x.p.Visibility) },
		},
		{
			owner: custom.Product, key: "product_kind", name: locale.Text{"en": "Kind of product in the other shop", "de": "Produktart im anderen Shop"}, typ: TextField,
			say: func(x about) string { return string(x.p.Selling) },
		},
		{
			owner: custom.Product, key: "available_since", name: locale.Text{"en": "For sale since", "de": "Im Verkauf seit"}, typ: DateField,
			say: func(x about) string {
				if status, _ := statusOf(*x.p, x.now); status == catalog.Scheduled {
					return "" // the day stands with the status
				}
				return x.day(x.p.PublishAt)
			},
		},
	}
}

// asideOf is an aside as a custom field in files' terms.
func asideOf(key, header string) *FieldDef {
	for _, d := range asides() {
		if d.key == key {
			return &FieldDef{Key: key, Label: d.name["en"], Type: d.typ, Column: header}
		}
	}
	return nil
}

// look notes which asides a product needs.
func (d aside) look(x about, used map[custom.Owner]map[string]*custom.Field) {
	note := func(x about) {
		value := d.say(x)
		if value == "" {
			return
		}
		f := used[d.owner][d.key]
		if f == nil {
			f = &custom.Field{Owner: d.owner, Code: d.key, Kind: kindOf(d.typ), Name: d.name}
			if d.money {
				f.Unit = x.ses.settings.Default().Currency
			}
			used[d.owner][d.key] = f
		}
		holdDecimals(f, value)
	}
	if d.owner == custom.Product {
		note(x)
		return
	}
	for i := range x.p.Variants {
		x.v = &x.p.Variants[i]
		note(x)
	}
}

// setAsides writes the asides of a product, or of its variant v. What the file
// said last time and says no more is taken away.
func (a *applier) setAsides(into custom.Values, now time.Time, v *Variant, id string, row int) {
	was := a.from.Kept.Product
	before := about{ses: a.session, now: now, p: &was}
	said := a.known
	owner := custom.Product
	if v != nil {
		owner = custom.Variant
		one, ok := a.was(id)
		before.v, said = &one, ok
	}
	for _, d := range asides() {
		if d.owner != owner {
			continue
		}
		if value := d.say(about{ses: a.session, now: now, p: &a.in, v: v}); value != "" {
			a.setFields(owner, into, []Field{{d.key, value}}, nil, row)
		} else if said && d.say(before) != "" {
			delete(into, d.key)
		}
	}
}

// asides reads back what the staff made of the asides of a product, or of its
// variant v.
func (r *reader) asides(values custom.Values, p *Product, v *Variant) {
	x := about{ses: &r.session, now: r.s.db.Now(), p: p, v: v}
	owner := custom.Product
	if v != nil {
		owner = custom.Variant
	}
	for _, d := range asides() {
		def, ok := r.fields[owner].By(d.key)
		if d.owner != owner || d.read == nil || !ok {
			continue
		}
		if value, set := values[d.key]; set {
			d.read(x, texts(def, value).In(r.lang, ""))
		} else if said := d.say(x); said != "" {
			if _, _, fits := def.Parse(said); fits {
				d.read(x, "") // taken away since
			}
		}
	}
}

// dated reports whether a price holds for a time only.
func (p Price) dated() bool { return !p.From.IsZero() || !p.Until.IsZero() }
