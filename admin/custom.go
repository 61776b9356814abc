package admin

import (
	"net/http"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/stoashop/stoa/commerce/custom"
	"github.com/stoashop/stoa/kit/fault"
	"github.com/stoashop/stoa/kit/locale"
	"github.com/stoashop/stoa/platform/web"
)

// CustomInputs draws the inputs of the merchant's own fields, named
// fields.CODE, texts fields.CODE.LANGUAGE.
func (d *Desk) CustomInputs(defs custom.Definitions, values custom.Values, t Typed) []Field {
	return d.CustomInputsAt("", defs, values, t)
}

// CustomInputsAt is CustomInputs for one of several things on a page: prefix,
// such as "variants.0.", stands before the names.
func (d *Desk) CustomInputsAt(prefix string, defs custom.Definitions, values custom.Values, t Typed) []Field {
	var fields []Field
	for _, def := range defs {
		name := prefix + "fields." + def.Code
		f := Field{Name: name, Label: def.Name.In(d.P.Lang(), d.First()), Optional: !def.Required, Required: def.Required}
		v, known := values[def.Code]
		switch def.Kind {
		case custom.Text:
			for _, lang := range d.Languages() {
				own := f
				own.Name, own.ID, own.Lang = name+"."+lang, name+"-"+lang, lang
				if len(d.Languages()) > 1 {
					own.Label += " (" + strings.ToUpper(lang) + ")"
				}
				if known {
					own.Value = v.Text[lang]
					if own.Value == "" {
						own.Value = v.Text[""]
					}
				}
				own = t.Fill(own)
				if own.Fault == "" {
					own.Fault = t.Fault(name)
				}
				fields = append(fields, own)
			}
			continue
		case custom.Number:
			f.Kind, f.Suffix = AmountField, def.Unit
			if known {
				f.Value = d.P.Decimal(custom.Decimal(v.Number))
			}
		case custom.Date:
			f.Kind, f.Value = DateField, v.Code
		case custom.Colour:
			f.Value, f.Hint, f.Mono = v.Code, "#rrggbb", true
		case custom.Choice:
			f.Kind, f.Choices = ChoiceField, []Choice{{Label: "–"}}
			for _, o := range def.Choices {
				f.Choices = append(f.Choices, Choice{Value: o.Code, Label: o.Name.In(d.P.Lang(), d.First()), Selected: v.Code == o.Code})
			}
		case custom.Truth:
			f.Kind = ChoiceField
			f.Choices = []Choice{{Label: "–", Selected: !known}, {Value: "yes", Label: d.P.T("custom.yes"), Selected: known && v.Truth}, {Value: "no", Label: d.P.T("custom.no"), Selected: known && !v.Truth}}
		}
		fields = append(fields, t.Fill(f))
	}
	return fields
}

// CustomValues reads what CustomInputs drew. What does not fit its field is a
// fault at the input; what no field is known for is one as well.
func (d *Desk) CustomValues(defs custom.Definitions, sent map[string]string, form *fault.Form) custom.Values {
	return d.CustomValuesAt("", defs, sent, form)
}

// CustomValuesAt is CustomValues for what CustomInputsAt drew.
func (d *Desk) CustomValuesAt(prefix string, defs custom.Definitions, sent map[string]string, form *fault.Form) custom.Values {
	values := make(custom.Values)
	texts := make(map[string]locale.Text)
	for name, typed := range sent {
		code, lang, inLang := strings.Cut(name, ".")
		def, ok := defs.By(code)
		if !ok || inLang != (def.Kind == custom.Text) || (inLang && !slices.Contains(d.Languages(), lang)) {
			form.Add(prefix+"fields."+name, "form.unknown")
			continue
		}
		if inLang {
			if texts[code] == nil {
				texts[code] = locale.Text{}
			}
			if utf8.RuneCountInString(typed) > custom.MaxText {
				form.Add(prefix+"fields."+name, "form.too_long", "max", custom.MaxText)
			} else if typed != "" {
				texts[code][lang] = typed
			}
			continue
		}
		v, empty, reason, params := def.Read(typed)
		switch {
		case reason != "":
			form.Add(prefix+"fields."+name, reason, params...)
		case !empty:
			values[code] = v
		}
	}
	for code, text := range texts {
		if len(text) == 0 {
			continue
		}
		values[code] = custom.OfText(text)
		if same(text, d.Languages()) { // "Oak" is no translation of "Oak"
			values[code] = custom.OfWords(text[d.First()])
		}
	}
	return values
}

// CustomSection is the card in which staff fill in the merchant's own fields of
// something that has no form otherwise; nil when there are none.
func (d *Desk) CustomSection(f Frame, to string, write bool, defs custom.Definitions, values custom.Values, t Typed, version int64) *Section {
	if len(defs) == 0 {
		return nil
	}
	if !t.raw.Has("version") { // another form of the page came back
		t = Typed{}
	}
	sec := &Section{Title: d.P.T("admin.product.details"), ID: "details", Grid: true, Fields: d.CustomInputs(defs, values, t)}
	if !write {
		for i := range sec.Fields {
			sec.Fields[i].Off = true
		}
		return sec
	}
	sec.Form, sec.FormKey = to, f.FormKey
	sec.Hidden = []Hidden{{Name: "version", Value: strconv.FormatInt(version, 10)}}
	if stale := t.Value("version", ""); stale != "" && !t.Stale() {
		sec.Hidden[0].Value = stale
	}
	sec.Actions = []Action{{Label: d.P.T("admin.save.save"), Submit: "details-form"}}
	return sec
}

// CustomForm reads what CustomSection drew.
func (d *Desk) CustomForm(r *http.Request, defs custom.Definitions) (custom.Values, int64, web.Raw, error) {
	in, raw, err := web.DecodeForm[struct {
		Version int64             `form:"version" min:"0" required:"true"`
		Fields  map[string]string `form:"fields" items:"500" max:"20000" multiline:"true"`
	}](r, d.Limits())
	if err != nil {
		return nil, 0, raw, err
	}
	var faults fault.Form
	values := d.CustomValues(defs, in.Fields, &faults)
	return values, in.Version, raw, faults.Err()
}

// same reports whether a text is there in every language and always alike.
func same(t locale.Text, langs []string) bool {
	for _, lang := range langs {
		if t[lang] != t[langs[0]] {
			return false
		}
	}
	return true
}

// Languages are those of the shop's texts, the fallback first; never empty.
func (d *Desk) Languages() []string {
	if len(d.Shop.Languages) > 0 {
		return d.Shop.Languages
	}
	return []string{d.P.Lang()}
}
