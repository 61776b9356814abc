package settings

import (
	"encoding/json"
	"slices"
	"strings"

	"github.com/stoashop/stoa/commerce/payment"
	"github.com/stoashop/stoa/kit/fault"
	"github.com/stoashop/stoa/kit/locale"
)

func hasPrefix(s, prefix string) bool { return strings.HasPrefix(s, prefix) }

// gather turns the inputs of a provider's form into its settings: texts in
// several languages, which arrive as one input a language, become one value.
func gather(fields []payment.Field, sent map[string]string, languages []string) (map[string]string, error) {
	var form fault.Form
	values := make(map[string]string)
	texts := make(map[string]locale.Text)
	for name, value := range sent {
		code, lang, local := strings.Cut(name, ".")
		i := slices.IndexFunc(fields, func(f payment.Field) bool { return f.Name == code })
		if i < 0 || local != (fields[i].Kind == payment.LocalText) || (local && !slices.Contains(languages, lang)) {
			form.Add("settings."+name, "form.unknown")
			continue
		}
		if !local {
			values[code] = value
			continue
		}
		if texts[code] == nil {
			texts[code] = locale.Text{}
		}
		if value != "" {
			texts[code][lang] = value
		}
	}
	for code, text := range texts {
		if len(text) == 0 {
			continue
		}
		raw, err := json.Marshal(text)
		if err != nil {
			return nil, err
		}
		values[code] = string(raw)
	}
	return values, form.Err()
}
