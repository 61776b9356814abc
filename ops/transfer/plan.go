package transfer

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"maps"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/stoashop/stoa/commerce/custom"
	"github.com/stoashop/stoa/commerce/inventory"
	"github.com/stoashop/stoa/kit/fault"
	"github.com/stoashop/stoa/kit/locale"
	"github.com/stoashop/stoa/platform/db"
)

// plan is what a first look at all products of a file tells: which custom
// fields they need, and what the whole file should be told.
type plan struct {
	related []int // products that point to others
	fields  map[custom.Owner][]custom.Field
	// codes is the field of an attribute, by its folded name in the file's
	// language.
	codes   map[custom.Owner]map[string]string
	notices []Problem
	// unpriced and unpictured say that the file has prices, or pictures, and
	// none of them can be taken over.
	unpriced, unpictured bool
}

// facts is what is known of the values of one attribute.
type facts struct {
	name   locale.Text
	values []locale.Text
	many   bool // a product has several, or there are too many for a list
	shown  bool
}

// mostChoices is how many different values an attribute may have to become a
// choice that shoppers filter by.
const mostChoices = 100

// typeName is the attribute that a product's type becomes.
func typeName() locale.Text { return locale.Text{"en": "Type", "de": "Art"} }

// look reads every product once.
func (ses *session) look(ctx context.Context) (plan, error) {
	p := plan{fields: make(map[custom.Owner][]custom.Field), codes: make(map[custom.Owner]map[string]string)}
	if ses.sheet.Kind == Customers {
		p.fields[custom.Customer] = ses.personFields()
		return p, nil
	}
	attributes := map[custom.Owner]map[string]*facts{custom.Product: {}, custom.Variant: {}}
	order := map[custom.Owner][]string{}
	used := map[custom.Owner]map[string]*custom.Field{custom.Product: {}, custom.Variant: {}}
	defs := make(map[string]FieldDef)
	for _, d := range ses.sheet.Fields() {
		defs[d.Key] = d
	}
	once := make(map[string]bool)
	tell := func(reason string, params ...any) {
		n := Problem{Reason: reason, Params: pairs(params), Notice: true}
		if key := reason + strings.Join(slices.Sorted(maps.Keys(n.Params)), "") + paramText(n.Params); !once[key] {
			once[key] = true
			p.notices = append(p.notices, n)
		}
	}
	note := func(owner custom.Owner, a Attribute) {
		name := fold(a.Name[ses.lang])
		f := attributes[owner][name]
		if f == nil {
			f = &facts{name: a.Name}
			attributes[owner][name] = f
			order[owner] = append(order[owner], name)
		}
		f.see(a, ses.lang)
	}
	all, now := asides(), ses.s.db.Now()
	var near, far int64 // pictures by file name and by address
	priced := false
	for i := range ses.sheet.Len() {
		if i%256 == 0 && ctx.Err() != nil {
			return p, ctx.Err()
		}
		product, problems, err := ses.sheet.Product(i)
		if err != nil {
			return p, err
		}
		if Refused(problems) {
			continue
		}
		if len(product.Related) > 0 {
			p.related = append(p.related, i)
		}
		if product.Type != "" {
			note(custom.Product, typeAttribute(product.Type))
		}
		for _, a := range product.Attributes {
			note(custom.Product, a)
		}
		see(used[custom.Product], custom.Product, defs, product.Fields)
		for _, d := range all {
			d.look(about{ses: ses, now: now, p: &product}, used)
		}
		ses.lookAtTax(product, tell)
		for _, images := range append(variantImages(product), product.Images) {
			for _, img := range images {
				if isLocal(img.Src) {
					near++
				} else {
					far++
				}
			}
		}
		for _, v := range product.Variants {
			for _, a := range v.Attributes {
				note(custom.Variant, a)
			}
			see(used[custom.Variant], custom.Variant, defs, v.Fields)
			for _, price := range v.Prices {
				if ses.priceList(price.Currency) == "" {
					tell("transfer.no_price_list", "currency", price.Currency)
					p.unpriced = p.unpriced || !priced
				} else {
					priced, p.unpriced = true, false
				}
			}
		}
	}
	p.unpictured = near+far > 0 && !ses.near() && (ses.fetch == nil || far == 0)
	switch {
	case near == 0 || ses.near():
	case ses.submitted():
		tell("transfer.pictures_need_upload", "count", near)
	default:
		tell("transfer.pictures_need_folder", "count", near)
	}
	if far > 0 && !ses.near() && ses.fetch == nil {
		tell("transfer.pictures_not_fetched", "count", far)
	}
	for _, owner := range []custom.Owner{custom.Product, custom.Variant} {
		have, err := custom.For(ctx, ses.s.db, owner)
		if err != nil {
			return p, err
		}
		taken := make(map[string]bool)
		for _, key := range slices.Sorted(maps.Keys(used[owner])) {
			taken[key] = true
			p.fields[owner] = append(p.fields[owner], *used[owner][key])
		}
		p.codes[owner] = make(map[string]string)
		for _, name := range order[owner] {
			f := attributes[owner][name]
			code := freeCode(attributeCode(f.name, ses.lang), func(code string) bool {
				d, ok := have.By(code)
				return taken[code] || ok && !f.fits(d, ses.lang)
			})
			taken[code] = true
			p.codes[owner][name] = code
			p.fields[owner] = append(p.fields[owner], f.field(owner, code, ses.lang))
		}
	}
	return p, nil
}

func paramText(params map[string]any) string {
	var b strings.Builder
	for _, k := range slices.Sorted(maps.Keys(params)) {
		if s, ok := params[k].(string); ok {
			b.WriteString(s + "\x00")
		}
	}
	return b.String()
}

func typeAttribute(s string) Attribute {
	name := typeName()
	value := make(locale.Text, len(name))
	for lang := range name {
		value[lang] = s
	}
	return Attribute{Name: name, Values: []locale.Text{value}, Visible: true, Global: true}
}

// attributeCode is the code that an attribute's field has unless another has
// it: made of its name in English when there is one, so that files in several
// languages meet.
func attributeCode(name locale.Text, lang string) string {
	if maps.Equal(name, typeName()) {
		return "product_type"
	}
	return fieldKey(cmp.Or(name["en"], name[lang]))
}

func freeCode(code string, taken func(string) bool) string {
	base := code
	for n := 2; taken(code); n++ {
		tail := "_" + strconv.Itoa(n)
		code = base[:min(len(base), 40-len(tail))] + tail
	}
	return code
}

// see notes one product's values.
func (f *facts) see(a Attribute, lang string) {
	f.shown = f.shown || a.Visible
	f.many = f.many || len(a.Values) != 1
	for _, v := range a.Values {
		if f.many || utf8.RuneCountInString(v[lang]) > 60 {
			f.many = true
			return
		}
		if !slices.ContainsFunc(f.values, func(t locale.Text) bool { return t[lang] == v[lang] }) {
			if len(f.values) == mostChoices {
				f.many = true
				return
			}
			f.values = append(f.values, v)
		}
	}
}

// fits reports whether a field that is there can hold the attribute.
func (f *facts) fits(d custom.Field, lang string) bool {
	switch d.Kind {
	case custom.Text:
		return true
	case custom.Choice:
		return !f.many
	case custom.Number, custom.Colour, custom.Date, custom.Truth:
	}
	return !f.many && !slices.ContainsFunc(f.values, func(v locale.Text) bool {
		_, empty, ok := d.Parse(v[lang])
		return !ok || empty
	})
}

// field is the definition an attribute gets: a choice that can be filtered by
// when every product has one of a moderate number of values, else a text.
func (f *facts) field(owner custom.Owner, code, lang string) custom.Field {
	d := custom.Field{Owner: owner, Code: code, Kind: custom.Text, Name: short(f.name, 100), Shown: f.shown, Searchable: f.shown}
	if f.many {
		return d
	}
	d.Kind, d.Facet = custom.Choice, f.shown && owner == custom.Product
	for _, v := range f.values {
		d.Choices = append(d.Choices, choiceOf(d.Choices, v, lang))
	}
	return d
}

// choiceOf makes a new choice with a code that none of the others has.
func choiceOf(others []custom.Option, name locale.Text, lang string) custom.Option {
	text := cmp.Or(name["en"], name[lang])
	code := strings.Map(func(r rune) rune {
		if r >= 'a' && r <= 'z' || r >= '0' && r <= '9' || r == '-' {
			return r
		}
		return -1
	}, slug(text))
	code = strings.Trim(code[:min(len(code), 50)], "-")
	if code == "" {
		sum := sha256.Sum256([]byte(text))
		code = hex.EncodeToString(sum[:4])
	}
	base := code
	for n := 2; slices.ContainsFunc(others, func(o custom.Option) bool { return o.Code == code }); n++ {
		code = base + "-" + strconv.Itoa(n)
	}
	return custom.Option{Code: code, Name: short(name, 100)}
}

// short cuts texts to at most n runes.
func short(t locale.Text, n int) locale.Text {
	out := make(locale.Text, len(t))
	for lang, s := range t {
		if r := []rune(s); len(r) > n {
			s = string(r[:n])
		}
		out[lang] = s
	}
	return out
}

// see notes the fields that are used and what their definitions must hold.
func see(used map[string]*custom.Field, owner custom.Owner, defs map[string]FieldDef, fields []Field) {
	for _, v := range fields {
		f := used[v.Key]
		if f == nil {
			d := defs[v.Key]
			f = &custom.Field{Owner: owner, Code: v.Key, Kind: kindOf(d.Type), Name: short(locale.Text{"en": cmp.Or(d.Label, v.Key)}, 100), Shown: d.Shown, Searchable: d.Shown}
			used[v.Key] = f
		}
		holdDecimals(f, v.Value)
	}
}

// holdDecimals makes a number's definition hold a value, as a text if need be.
func holdDecimals(f *custom.Field, value string) {
	if f.Kind != custom.Number {
		return
	}
	_, frac, _ := strings.Cut(value, ".")
	f.Decimals = max(f.Decimals, min(len(frac), 6))
	if _, ok := custom.ParseDecimal(value); !ok || len(frac) > 6 {
		f.Kind, f.Decimals, f.Unit = custom.Text, 0, ""
	}
}

func kindOf(t FieldType) custom.Kind {
	switch t {
	case BoolField:
		return custom.Truth
	case IntField, DecimalField:
		return custom.Number
	case DateField:
		return custom.Date
	case TextField, URLField:
	}
	return custom.Text
}

// makeFields creates the definitions that are missing and adds the choices
// that are. A dry run only looks.
func (ses *session) makeFields(ctx context.Context, tx *db.Tx) error {
	ses.defs = make(map[custom.Owner]custom.Definitions)
	for owner, wanted := range ses.plan.fields {
		have, err := custom.For(ctx, tx, owner)
		if err != nil {
			return err
		}
		position := 0
		for _, f := range have {
			position = max(position, f.Position+1)
		}
		for _, f := range wanted {
			old, ok := have.By(f.Code)
			switch {
			case ses.run.DryRun:
				continue
			case !ok && len(have) >= custom.MaxPerOwner:
				continue // the value is kept beside the product
			case !ok:
				f.Position = position
				position++
				made, err := ses.s.fields.Create(ctx, tx, ses.actor, f)
				if err != nil && slices.ContainsFunc(fault.From(err).Fields, func(f fault.Field) bool { return f.Reason == "custom.code_retired" }) {
					continue // deleted on purpose
				}
				if err != nil {
					return fault.New(fault.Invalid, "transfer.bad_field").With("field", f.Code).Because(err)
				}
				have = append(have, made)
				continue
			case old.Kind != custom.Choice:
				continue
			}
			grown := old
			grown.Choices = slices.Clone(old.Choices)
			for _, c := range f.Choices {
				if !slices.ContainsFunc(grown.Choices, func(o custom.Option) bool { return sameName(o.Name, c.Name) }) && len(grown.Choices) < custom.MaxChoices {
					grown.Choices = append(grown.Choices, choiceOf(grown.Choices, c.Name, ses.lang))
				}
			}
			if len(grown.Choices) == len(old.Choices) {
				continue
			}
			if grown, err = ses.s.fields.Update(ctx, tx, ses.actor, grown); err != nil {
				return fault.New(fault.Invalid, "transfer.bad_field").With("field", f.Code).Because(err)
			}
			for i := range have {
				if have[i].Code == grown.Code {
					have[i] = grown
				}
			}
		}
		ses.defs[owner] = have
	}
	return nil
}

// sameName reports whether two names agree in a language that both have.
func sameName(a, b locale.Text) bool {
	for lang, s := range a {
		if s != "" && strings.EqualFold(s, b[lang]) {
			return true
		}
	}
	return false
}

// priceList is the list that prices in a currency go to; "" when there is
// none. The default market's list comes first.
func (ses *session) priceList(currency string) string {
	if m := ses.settings.Default(); m.Currency == currency {
		return m.PriceListID
	}
	for _, l := range ses.settings.PriceLists {
		if l.Currency == currency {
			return l.ID
		}
	}
	return ""
}

// taxClass finds the tax class that a source calls by name. ok is false when
// the shop has none like it; then it is the standard class.
func (ses *session) taxClass(name string) (id string, ok bool) {
	classes := ses.settings.Classes
	if len(classes) == 0 {
		return "", false
	}
	standard := cmp.Or(ses.settings.ClassID("standard"), classes[0].ID)
	key := strings.NewReplacer("-", " ", "_", " ").Replace(fold(name))
	key = strings.TrimSpace(strings.TrimSuffix(key, "rate"))
	switch key {
	case "", "default", "standard", "normal":
		return standard, true
	}
	for _, c := range classes {
		if strings.EqualFold(c.Code, key) || sameName(c.Name, locale.Text{"en": key, "de": key, ses.lang: key}) {
			return c.ID, true
		}
	}
	return standard, false
}

func (ses *session) lookAtTax(p Product, tell func(string, ...any)) {
	if _, ok := ses.taxClass(p.TaxClass); !ok {
		tell("transfer.no_tax_class", "class", p.TaxClass)
	}
	untaxed := !p.Taxable
	for _, v := range p.Variants {
		untaxed = untaxed || !v.Taxable
		if v.TaxClass != "" && v.TaxClass != p.TaxClass {
			tell("transfer.tax_class_of_variant", "class", v.TaxClass)
		}
	}
	if untaxed {
		tell("transfer.not_taxed")
	}
}

// findLocation finds the place where stock goes, or makes one.
func (ses *session) findLocation(ctx context.Context, tx *db.Tx) error {
	all, err := ses.s.stock.Locations(ctx, tx)
	if err != nil {
		return err
	}
	for _, l := range all {
		if l.Active {
			ses.location = l.ID
			return nil
		}
	}
	if ses.run.DryRun {
		return nil
	}
	made, err := ses.s.stock.SaveLocation(ctx, tx, ses.actor, inventory.Location{Code: "main", Name: "Main", Country: ses.settings.Shop.Address.Country, Active: true})
	ses.location = made.ID
	return err
}

// columns tells what becomes of the file's columns, now that all of it has been
// looked at: a custom field that no product needs is not made, and prices and
// pictures that cannot be had are not taken over.
func (ses *session) columns() []Column {
	made := make(map[string]bool)
	for _, fields := range ses.plan.fields {
		for _, f := range fields {
			made[f.Code] = true
		}
	}
	list := ses.sheet.Columns()
	for i := range list {
		c := &list[i]
		c.Also = slices.DeleteFunc(c.Also, func(d FieldDef) bool { return !made[d.Key] })
		switch {
		case c.Use != Mapped:
		case ses.plan.unpriced && c.Target == "variants.prices" && len(c.Also) == 0:
			c.Use, c.Target, c.Reason = Dropped, "", "transfer.column_unpriced"
		case ses.plan.unpictured && (strings.HasPrefix(c.Target, "images") || c.Target == "variants.images"):
			c.Use, c.Target, c.Reason = Dropped, "", "transfer.column_unpictured"
		}
		if c.Use != Kept || made[c.Field.Key] {
			continue
		}
		if len(c.Also) > 0 {
			c.Field, c.Also = &c.Also[0], c.Also[1:]
			continue
		}
		c.Use, c.Field, c.Reason = Dropped, nil, "transfer.column_usual"
	}
	return list
}
