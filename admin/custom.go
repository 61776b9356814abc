package admin

import (
	"slices"
	"strings"

	"github.com/stoashop/stoa/commerce/custom"
	"github.com/stoashop/stoa/kit/fault"
	"github.com/stoashop/stoa/kit/locale"
)

// CustomInputs draws the inputs of the merchant's own fields, named
// fields.CODE, texts fields.CODE.LANGUAGE.
func (d *Desk) CustomInputs(defs custom.Definitions, values custom.Values, t Typed) []Field {
	var fields []Field
	for _, def := range defs {
		name := "fields." + def.Code
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
	values := make(custom.Values)
	texts := make(map[string]locale.Text)
	for name, typed := range sent {
		code, lang, inLang := strings.Cut(name, ".")
		def, ok := defs.By(code)
		if !ok || inLang != (def.Kind == custom.Text) || (inLang && !slices.Contains(d.Languages(), lang)) {
			form.Add("fields."+name, "form.unknown")
			continue
		}
		if inLang {
			if texts[code] == nil {
				texts[code] = locale.Text{}
			}
			if typed != "" {
				texts[code][lang] = typed
			}
			continue
		}
		v, empty, ok := def.Parse(typed)
		switch {
		case !ok:
			form.Add("fields."+name, "form.invalid_value")
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
