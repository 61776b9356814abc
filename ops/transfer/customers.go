package transfer

import (
	"cmp"
	"net/mail"
	"strings"
)

// Columns of customers that nothing recognises, and that no field of the
// merchant's own is called like, are dropped rather than kept:
// what they hold is about a person, and nobody asked for it.
func unknownPersonal(header string) column {
	return column{id: "unknown " + fold(header), drop: "transfer.column_personal"}
}

// ownColumn begins the id of a column that one of the shop's own fields of
// customers holds.
const ownColumn = "own "

// own finds the field of customers that a header names, by its code or by its
// name in any language.
func (s *Sheet) own(header string) (column, bool) {
	if s.Kind != Customers {
		return column{}, false
	}
	for _, d := range s.opt.Own {
		named := fold(d.Code) == fold(header)
		for _, name := range d.Name {
			named = named || fold(name) == fold(header)
		}
		if named {
			return column{id: ownColumn + d.Code, key: d.Code, typ: TextField, label: cmp.Or(d.Name.In(s.opt.Language, ""), d.Code)}, true
		}
	}
	return column{}, false
}

// ownFields reads the cells that the shop's own fields hold.
func (b *builder) ownFields(r rowView) []Field {
	var out []Field
	for _, c := range b.s.columns {
		if !strings.HasPrefix(c.id, ownColumn) {
			continue
		}
		d, _ := b.s.opt.Own.By(c.key)
		_, empty, reason, params := d.Read(r.get(c.id))
		switch {
		case reason != "":
			b.bad(r, c.id, reason, params...)
		case !empty:
			out = append(out, Field{c.key, r.get(c.id)})
		}
	}
	return out
}

func droppedColumn(header, id, reason string, more ...string) column {
	return column{id: id, header: header, names: append([]string{fold(header)}, more...), drop: reason}
}

func customerFormat(platform Platform, columns []column) *format {
	f := &format{
		platform: platform, kind: Customers,
		required: []string{"email"},
		key:      "email",
		unknown:  unknownPersonal,
		columns:  columns,
	}
	f.place = func(r rowView) placement {
		email := strings.ToLower(r.get("email"))
		return placement{key: email, starts: true}
	}
	f.person = buildCustomer
	f.people = writeCustomer
	return f
}

// spreeCustomers reads Spree's file of customers, in both of its spellings.
func spreeCustomers() *format {
	return customerFormat(Spree, []column{
		mapped("email", "email", asHandle, "email"),
		mapped("first_name", "first name", asText, "first_name", "first name"),
		mapped("last_name", "last name", asText, "last_name", "last name"),
		mapped("phone", "phone", asText, "phone"),
		mapped("accepts_email_marketing", "marketing", asBool, "marketing", "accepts email marketing").or("no"),
		mapped("tags", "tags", asList, "tags"),
		mapped("company", "company", asText, "addresses"),
		mapped("address1", "line1", asText, "addresses", "address 1"),
		mapped("address2", "line2", asText, "addresses", "address 2"),
		mapped("city", "city", asText, "addresses"),
		mapped("province_code", "region", asText, "addresses", "province code"),
		mapped("country_code", "country", asText, "addresses", "country code"),
		mapped("zip", "postcode", asText, "addresses"),
		droppedColumn("Province", "province name", "transfer.column_derived"),
		droppedColumn("Country", "country name", "transfer.column_derived"),
		droppedColumn("Total Spent", "total spent", "transfer.column_history"),
		droppedColumn("Total Orders", "total orders", "transfer.column_history"),
	})
}

// shopifyCustomers reads Shopify's file of customers.
func shopifyCustomers() *format {
	return customerFormat(Shopify, []column{
		droppedColumn("Customer ID", "id", "transfer.column_foreign_id", "id"),
		mapped("First Name", "first name", asText, "first_name"),
		mapped("Last Name", "last name", asText, "last_name"),
		mapped("Email", "email", asHandle, "email"),
		mapped("Accepts Email Marketing", "marketing", asBool, "marketing", "accepts marketing").or("no"),
		mapped("Default Address Company", "company", asText, "addresses", "company"),
		mapped("Default Address Address1", "line1", asText, "addresses", "address1"),
		mapped("Default Address Address2", "line2", asText, "addresses", "address2"),
		mapped("Default Address City", "city", asText, "addresses", "city"),
		mapped("Default Address Province Code", "region", asText, "addresses", "province code"),
		mapped("Default Address Country Code", "country", asText, "addresses", "country code"),
		mapped("Default Address Zip", "postcode", asText, "addresses", "zip"),
		mapped("Default Address Phone", "address phone", asText, "addresses"),
		mapped("Phone", "phone", asText, "phone"),
		droppedColumn("Accepts SMS Marketing", "sms", "transfer.column_no_sms"),
		droppedColumn("Total Spent", "total spent", "transfer.column_history"),
		droppedColumn("Total Orders", "total orders", "transfer.column_history"),
		mapped("Note", "note", asText, "note"),
		mapped("Tax Exempt", "tax exempt", asBool, "tax_exempt").or("no"),
		mapped("Tags", "tags", asList, "tags"),
		droppedColumn("Province", "province name", "transfer.column_derived"),
		droppedColumn("Country", "country name", "transfer.column_derived"),
	})
}

func buildCustomer(b *builder) Customer {
	r := b.rows[0]
	c := Customer{
		Email:     strings.ToLower(r.get("email")),
		FirstName: r.get("first name"),
		LastName:  r.get("last name"),
		Phone:     r.get("phone"),
		Marketing: b.yes(r, "marketing", false),
		TaxExempt: b.yes(r, "tax exempt", false),
		Note:      r.get("note"),
		Tags:      splitList(r.get("tags"), ','),
		Fields:    b.ownFields(r),
	}
	if a, err := mail.ParseAddress(c.Email); err != nil || a.Address != c.Email || a.Name != "" || len(c.Email) > 254 {
		b.bad(r, "email", "transfer.not_an_email")
	}
	for _, id := range []string{"first name", "last name", "phone", "company", "line1", "line2", "city", "region", "postcode", "address phone"} {
		if len(r.get(id)) > 500 {
			b.bad(r, id, "transfer.text_too_long", "max", int64(500))
		}
	}
	a := Address{
		Company:  r.get("company"),
		Line1:    r.get("line1"),
		Line2:    r.get("line2"),
		City:     r.get("city"),
		Region:   r.get("region"),
		Postcode: r.get("postcode"),
		Country:  strings.ToUpper(r.get("country")),
		Phone:    r.get("address phone"),
	}
	if a.Country != "" && (len(a.Country) != 2 || strings.Trim(a.Country, "ABCDEFGHIJKLMNOPQRSTUVWXYZ") != "") {
		b.bad(r, "country", "transfer.not_a_country")
	}
	if a != (Address{}) {
		c.Addresses = []Address{a}
	}
	return c
}

func writeCustomer(c Customer, w *sheetWriter) {
	yes := map[bool]string{true: "yes", false: "no"}
	w.set(0, "email", c.Email)
	w.set(0, "first name", c.FirstName)
	w.set(0, "last name", c.LastName)
	w.set(0, "phone", c.Phone)
	w.set(0, "marketing", yes[c.Marketing])
	w.set(0, "tax exempt", yes[c.TaxExempt])
	w.set(0, "note", c.Note)
	w.set(0, "tags", joinList(c.Tags, ", "))
	for i, col := range w.columns {
		if col.key != "" {
			w.rows[0][i] = field(c.Fields, col.key)
		}
	}
	if len(c.Addresses) == 0 {
		return
	}
	a := c.Addresses[0]
	w.set(0, "company", a.Company)
	w.set(0, "line1", a.Line1)
	w.set(0, "line2", a.Line2)
	w.set(0, "city", a.City)
	w.set(0, "region", a.Region)
	w.set(0, "postcode", a.Postcode)
	w.set(0, "country", a.Country)
	w.set(0, "address phone", a.Phone)
}
