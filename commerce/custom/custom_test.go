package custom_test

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/stoashop/stoa/commerce/custom"
	"github.com/stoashop/stoa/guard/audit"
	"github.com/stoashop/stoa/kit/fault"
	"github.com/stoashop/stoa/kit/locale"
	"github.com/stoashop/stoa/platform/db"
	"github.com/stoashop/stoa/stoatest/dbtest"
	"github.com/stoashop/stoa/words"
)

var actor = audit.Staff("stf_1")

func en(s string) locale.Text { return locale.Text{"en": s} }

var material = custom.Field{
	Owner: custom.Product, Code: "material", Kind: custom.Choice, Name: en("Material"),
	Choices: []custom.Option{{Code: "linen", Name: locale.Text{"en": "Linen", "de": "Leinen"}}, {Code: "wool", Name: en("Wool")}},
}

func TestDefinitions_Check(t *testing.T) {
	height := custom.Field{Code: "height", Kind: custom.Number, Unit: "cm", Decimals: 1}
	tests := map[string]struct {
		field custom.Field
		in    custom.Value
		want  custom.Value
		bad   string
	}{
		"a number":                {height, custom.OfNumber(12_500_000), custom.OfNumber(12_500_000), ""},
		"too many decimals":       {height, custom.OfNumber(12_510_000), custom.Value{}, "custom.too_many_decimals"},
		"a number as text":        {height, custom.OfCode("12.5"), custom.Value{}, "custom.not_a_number"},
		"a huge number":           {height, custom.OfNumber(1 << 62), custom.Value{}, "custom.not_a_number"},
		"a colour":                {custom.Field{Code: "c", Kind: custom.Colour}, custom.OfCode(" #AaBbCc "), custom.OfCode("#aabbcc"), ""},
		"a short colour":          {custom.Field{Code: "c", Kind: custom.Colour}, custom.OfCode("#a3f"), custom.OfCode("#aa33ff"), ""},
		"no colour":               {custom.Field{Code: "c", Kind: custom.Colour}, custom.OfCode("red"), custom.Value{}, "custom.not_a_colour"},
		"a day":                   {custom.Field{Code: "d", Kind: custom.Date}, custom.OfCode("2026-02-28"), custom.OfCode("2026-02-28"), ""},
		"a day that is none":      {custom.Field{Code: "d", Kind: custom.Date}, custom.OfCode("2026-02-29"), custom.Value{}, "form.not_a_date"},
		"a choice":                {material, custom.OfCode("wool"), custom.OfCode("wool"), ""},
		"an unknown choice":       {material, custom.OfCode("silk"), custom.Value{}, "custom.unknown_choice"},
		"a truth":                 {custom.Field{Code: "t", Kind: custom.Truth}, custom.OfTruth(false), custom.OfTruth(false), ""},
		"a truth as number":       {custom.Field{Code: "t", Kind: custom.Truth}, custom.OfNumber(1), custom.Value{}, "custom.not_a_truth"},
		"a text":                  {custom.Field{Code: "x", Kind: custom.Text}, custom.OfText(locale.Text{"en": " a ", "de": " "}), custom.OfText(en("a")), ""},
		"a text in all languages": {custom.Field{Code: "x", Kind: custom.Text}, custom.OfCode("a"), custom.OfWords("a"), ""},
		"a broken text":           {custom.Field{Code: "x", Kind: custom.Text}, custom.OfWords("\xff"), custom.Value{}, "form.not_utf8"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			got, err := custom.Definitions{tt.field}.Check(custom.Values{tt.field.Code: tt.in}, nil)
			if tt.bad != "" {
				if f := fault.From(err); f == nil || len(f.Fields) != 1 || f.Fields[0].Path != tt.field.Code || f.Fields[0].Reason != tt.bad {
					t.Errorf("got %v, want %s", err, tt.bad)
				}
				return
			}
			if err != nil || !got.Equal(custom.Values{tt.field.Code: tt.want}) {
				t.Errorf("got %v, %v; want %v", got, err, tt.want)
			}
		})
	}
}

func TestDefinitions_Check_requiredUnknownAndOldValues(t *testing.T) {
	required := material
	required.Required = true
	defs := custom.Definitions{required}
	for name, tt := range map[string]struct {
		values, before custom.Values
		want           string
	}{
		"missing":                  {nil, nil, "material: form.required"},
		"emptied":                  {custom.Values{"material": custom.OfCode(" ")}, custom.Values{"material": custom.OfCode("wool")}, "material: form.required"},
		"unknown field":            {custom.Values{"material": custom.OfCode("wool"), "nope": custom.OfTruth(true)}, nil, "nope: custom.unknown_field"},
		"old value still passes":   {custom.Values{"material": custom.OfCode("silk")}, custom.Values{"material": custom.OfCode("silk")}, ""},
		"a new one of it does not": {custom.Values{"material": custom.OfCode("silk")}, custom.Values{"material": custom.OfCode("wool")}, "material: custom.unknown_choice"},
	} {
		_, err := defs.Check(tt.values, tt.before)
		got := ""
		if f := fault.From(err); f != nil {
			got = f.Fields[0].Path + ": " + f.Fields[0].Reason
		}
		if got != tt.want {
			t.Errorf("%s: %q, want %q", name, got, tt.want)
		}
	}
}

func TestValue_JSONRoundTrip(t *testing.T) {
	values := custom.Values{
		"n": custom.OfNumber(-12_345_600), "c": custom.OfCode("#aabbcc"), "t": custom.OfTruth(true), "x": custom.OfText(locale.Text{"en": "a", "de": "b"}),
	}
	raw, err := json.Marshal(values)
	if want := `{"c":"#aabbcc","n":-12.3456,"t":true,"x":{"de":"b","en":"a"}}`; err != nil || string(raw) != want {
		t.Errorf("wrote %s, %v; want %s", raw, err, want)
	}
	var back custom.Values
	if err := json.Unmarshal(raw, &back); err != nil || !back.Equal(values) {
		t.Errorf("read %v, %v", back, err)
	}
	for _, bad := range []string{`1e5`, `0.1234567`, `null`, `[1]`, `99999999999`} {
		if err := json.Unmarshal([]byte(`{"n":`+bad+`}`), &back); bad != `null` && err == nil {
			t.Errorf("%s was read as %v", bad, back["n"])
		}
	}
}

func TestDecimal_roundTrip(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.Int64Range(-custom.MaxNumber, custom.MaxNumber).Draw(t, "n")
		if back, ok := custom.ParseDecimal(custom.Decimal(n)); !ok || back != n {
			t.Fatalf("%d is written %q and read %d, %t", n, custom.Decimal(n), back, ok)
		}
	})
}

func TestField_Parse_readsWhatPeopleWrite(t *testing.T) {
	number := custom.Field{Code: "n", Kind: custom.Number, Unit: "cm", Decimals: 2}
	truth := custom.Field{Code: "t", Kind: custom.Truth}
	for _, tt := range []struct {
		field custom.Field
		in    string
		want  custom.Value
		ok    bool
	}{
		{number, "12,5 cm", custom.OfNumber(12_500_000), true},
		{number, "12.50", custom.OfNumber(12_500_000), true},
		{number, "twelve", custom.Value{}, false},
		{number, "1.234,5", custom.Value{}, false},
		{truth, "Ja", custom.OfTruth(true), true},
		{truth, "FALSE", custom.OfTruth(false), true},
		{truth, "perhaps", custom.Value{}, false},
		{material, "leinen", custom.OfCode("linen"), true},
		{material, "linen", custom.OfCode("linen"), true},
		{material, "Silk", custom.Value{}, false},
	} {
		got, empty, ok := tt.field.Parse(tt.in)
		if ok != tt.ok || empty || (ok && !got.Equal(tt.want)) {
			t.Errorf("Parse(%q) = %v, %t; want %v, %t", tt.in, got, ok, tt.want, tt.ok)
		}
	}
	if _, empty, ok := number.Parse("  "); !empty || !ok {
		t.Errorf("nothing is no empty value")
	}
}

func TestField_Show(t *testing.T) {
	catalog, err := locale.Load("en", words.Files)
	if err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		lang  string
		field custom.Field
		value custom.Value
		want  string
	}{
		{"en", custom.Field{Kind: custom.Number, Unit: "cm", Decimals: 1}, custom.OfNumber(12_000_000), "12.0\u00a0cm"},
		{"de", custom.Field{Kind: custom.Number, Unit: "cm"}, custom.OfNumber(12_500_000), "12,5\u00a0cm"},
		{"de", material, custom.OfCode("linen"), "Leinen"},
		{"de", material, custom.OfCode("wool"), "Wool"},
		{"en", custom.Field{Kind: custom.Truth}, custom.OfTruth(true), "Yes"},
		{"de", custom.Field{Kind: custom.Truth}, custom.OfTruth(false), "Nein"},
		{"en", custom.Field{Kind: custom.Date}, custom.OfCode("2026-11-24"), "24 November 2026"},
		{"de", custom.Field{Kind: custom.Text}, custom.OfWords("same"), "same"},
	} {
		if got := tt.field.Show(tt.value, catalog.Printer(tt.lang, nil), "en"); got != tt.want {
			t.Errorf("%s shows %q, want %q", tt.lang, got, tt.want)
		}
	}
}

type shop struct {
	dbtest.Env
	*custom.Service
}

func open(t *testing.T, e dbtest.Env) *shop {
	t.Helper()
	log := audit.NewLog(e.DB, slog.New(slog.NewTextHandler(io.Discard, nil)))
	s := &shop{e, custom.New(e.DB, log)}
	if err := log.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	return s
}

func (s *shop) in(t *testing.T, fn func(ctx context.Context, tx *db.Tx) error) error {
	t.Helper()
	return s.DB.InTx(t.Context(), fn)
}

func (s *shop) create(t *testing.T, f custom.Field) custom.Field {
	t.Helper()
	if err := s.in(t, func(ctx context.Context, tx *db.Tx) (err error) {
		f, err = s.Create(ctx, tx, actor, f)
		return err
	}); err != nil {
		t.Fatal(err)
	}
	return f
}

func TestService_keepsMeaningOfValues(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, e dbtest.Env) {
		s := open(t, e)
		f := material
		f.Owner = custom.Category
		f = s.create(t, f)
		if err := s.in(t, func(ctx context.Context, tx *db.Tx) error {
			_, err := tx.Exec(ctx, `INSERT INTO category (id, position, status, name, description, seo_title, seo_description, fields, created_at, updated_at, version)
				VALUES ('cat_1', 0, 'active', '{}', '{}', '{}', '{}', '{"material":"linen"}', 0, 0, 1)`)
			return err
		}); err != nil {
			t.Fatal(err)
		}
		update := func(change func(*custom.Field)) error {
			return s.in(t, func(ctx context.Context, tx *db.Tx) error {
				g := f
				change(&g)
				g, err := s.Update(ctx, tx, actor, g)
				if err == nil {
					f = g
				}
				return err
			})
		}
		want := func(err error, path, reason string) {
			t.Helper()
			if got := fault.From(err); got == nil || len(got.Fields) != 1 || got.Fields[0].Path != path || got.Fields[0].Reason != reason {
				t.Errorf("got %v, want %s at %s", err, reason, path)
			}
		}
		want(update(func(g *custom.Field) { g.Kind, g.Choices = custom.Text, nil }), "kind", "custom.kind_in_use")
		want(update(func(g *custom.Field) { g.Choices = g.Choices[1:] }), "choices.0.code", "custom.choice_in_use")
		if err := update(func(g *custom.Field) { g.Choices = g.Choices[:1] }); err != nil {
			t.Errorf("a choice nobody has may go: %v", err)
		}
		defs, err := s.For(t.Context(), custom.Category)
		if err != nil || len(defs) != 1 || defs[0].Kind != custom.Choice || len(defs[0].Choices) != 1 || defs[0].Version != 2 {
			t.Errorf("after the refusals: %+v, %v", defs, err)
		}
		err = update(func(g *custom.Field) { g.Version = 1 })
		if got := fault.From(err); got == nil || got.Reason != "custom.version_conflict" || got.Params["current"] != int64(2) {
			t.Errorf("an old version: %v", err)
		}
		if err := s.in(t, func(ctx context.Context, tx *db.Tx) error {
			_, err := tx.Exec(ctx, `UPDATE category SET fields = '{}'`)
			return err
		}); err != nil {
			t.Fatal(err)
		}
		if err := update(func(g *custom.Field) { g.Kind, g.Choices = custom.Text, nil }); err != nil {
			t.Errorf("without values the kind may change: %v", err)
		}
	})
}

// TestService_Delete takes the values along, and of sealed ones the code out of
// use.
func TestService_Delete(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, e dbtest.Env) {
		s := open(t, e)
		f := material
		f.Owner = custom.Category
		f = s.create(t, f)
		exec := func(sql string) {
			t.Helper()
			if err := s.in(t, func(ctx context.Context, tx *db.Tx) error {
				_, err := tx.Exec(ctx, sql)
				return err
			}); err != nil {
				t.Fatal(err)
			}
		}
		for _, row := range []string{`'cat_1', '{"material":"linen","width":2}'`, `'cat_2', '{"width":3}'`} {
			id, fields, _ := strings.Cut(row, ", ")
			exec(`INSERT INTO category (id, position, status, name, description, seo_title, seo_description, fields, created_at, updated_at, version)
				VALUES (` + id + `, 0, 'active', '{}', '{}', '{}', '{}', ` + fields + `, 0, 0, 1)`)
		}
		if n, err := s.Count(t.Context(), s.DB, f); n != 1 || err != nil {
			t.Errorf("%d values, %v; want 1", n, err)
		}
		remove := func(id string) error {
			return s.in(t, func(ctx context.Context, tx *db.Tx) error { return s.Delete(ctx, tx, actor, id) })
		}
		if err := remove(f.ID); err != nil {
			t.Fatal(err)
		}
		if err := remove(f.ID); fault.Reason(err) != "custom.not_found" {
			t.Errorf("a second time: %v", err)
		}
		got, err := db.All(t.Context(), s.DB, func(rows *db.Rows) (line string, err error) {
			var fields string
			var version int64
			err = rows.Scan(&fields, &version)
			return fmt.Sprintf("%s %d", fields, version), err
		}, `SELECT fields, version FROM category ORDER BY id`)
		if diff := cmp.Diff([]string{`{"width":2} 2`, `{"width":3} 1`}, got); err != nil || diff != "" {
			t.Errorf("%v; the categories hold (-want +got):\n%s", err, diff)
		}
		if defs, _ := s.For(t.Context(), custom.Category); len(defs) != 0 {
			t.Errorf("memory still has %v", defs)
		}
		f.ID = ""
		s.create(t, f) // the code is free again

		exec(`INSERT INTO collection (id, code, kind, rule, status, name, description, seo_title, seo_description, position, by_stock, created_at, updated_at, version)
			VALUES ('col_1', 'linen', 'rule', '{"conditions":[{"on":"field","field":"material","is":"is","text":"linen"}]}', 'active', '{"en":"In linen"}', '{}', '{}', '{}', 0, 0, 0, 0, 1)`)
		asked := material
		asked.Owner = custom.Product
		asked = s.create(t, asked)
		if err := remove(asked.ID); fault.Reason(err) != "custom.field_in_rule" || fault.From(err).Params["collection"] != "In linen" {
			t.Errorf("a field that a rule asks for: %v", err)
		}

		sealed := s.create(t, custom.Field{Owner: custom.Order, Code: "gift", Kind: custom.Text, Name: en("Gift")})
		if err := s.in(t, func(ctx context.Context, tx *db.Tx) error {
			_, err := custom.Accept(ctx, tx, custom.Order, custom.Values{"gift": custom.OfWords("yes")}, nil)
			return err
		}); err != nil {
			t.Fatal(err)
		}
		if err := remove(sealed.ID); err != nil {
			t.Fatal(err)
		}
		if err := remove(sealed.ID); fault.Reason(err) != "custom.not_found" {
			t.Errorf("a second time: %v", err)
		}
		if defs, _ := s.For(t.Context(), custom.Order); len(defs) != 0 {
			t.Errorf("memory still has %v", defs)
		}
		err = s.in(t, func(ctx context.Context, tx *db.Tx) error {
			_, err := s.Create(ctx, tx, actor, custom.Field{Owner: custom.Order, Code: "gift", Kind: custom.Number, Name: en("Gift")})
			return err
		})
		if g := fault.From(err); g == nil || len(g.Fields) != 1 || g.Fields[0].Reason != "custom.code_retired" {
			t.Errorf("a code that orders have values of: %v", err)
		}
	})
}

func TestAccept_sealedValuesKeepTheirDefinition(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, e dbtest.Env) {
		s := open(t, e)
		f := s.create(t, custom.Field{Owner: custom.Customer, Code: "birthday", Kind: custom.Date, Name: en("Birthday")})
		var got custom.Values
		err := s.in(t, func(ctx context.Context, tx *db.Tx) (err error) {
			got, err = custom.Accept(ctx, tx, custom.Customer, custom.Values{"birthday": custom.OfCode(" 1990-05-01 ")}, nil)
			return err
		})
		if err != nil || !got.Equal(custom.Values{"birthday": custom.OfCode("1990-05-01")}) {
			t.Errorf("accepted %v, %v", got, err)
		}
		err = s.in(t, func(ctx context.Context, tx *db.Tx) error {
			_, err := custom.Accept(ctx, tx, custom.Customer, custom.Values{"birthday": custom.OfCode("soon")}, nil)
			return err
		})
		if g := fault.From(err); g == nil || g.Fields[0].Path != "fields.birthday" {
			t.Errorf("a bad value: %v", err)
		}
		f.Kind = custom.Text
		err = s.in(t, func(ctx context.Context, tx *db.Tx) error {
			_, err := s.Update(ctx, tx, actor, f)
			return err
		})
		if g := fault.From(err); g == nil || g.Fields[0].Reason != "custom.kind_sealed" {
			t.Errorf("the kind of a sealed value's field changed: %v", err)
		}
	})
}

func TestField_Check(t *testing.T) {
	err := custom.Field{Owner: "shelf", Code: "Bad Code", Kind: custom.Truth, Unit: "cm", Decimals: 2, Choices: []custom.Option{{Code: "x"}, {Code: "x", Name: en("X")}}}.Check()
	got := map[string]string{}
	for _, f := range fault.From(err).Fields {
		got[f.Path] = f.Reason
	}
	if diff := cmp.Diff(map[string]string{
		"owner": "form.not_a_choice", "code": "custom.bad_code", "decimals": "custom.bad_decimals", "unit": "custom.unit_without_number", "name": "form.required",
		"choices": "custom.choices_without_choice", "choices.0.name": "form.required", "choices.1.code": "custom.repeated_choice",
	}, got); diff != "" {
		t.Errorf("faults (-want +got):\n%s", diff)
	}
}
