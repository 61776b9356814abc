package transfer

import (
	"slices"
)

// spreeTranslations reads the texts of products in further languages: one row
// a product and language.
func spreeTranslations() *format {
	f := &format{
		platform: Spree, kind: Translations,
		required: []string{"slug", "locale"},
		key:      "slug",
		unknown:  unknownColumn,
		columns: []column{
			mapped("slug", "slug", asHandle, "handle"),
			mapped("locale", "locale", asText, "language"),
			mapped("name", "name", asText, "name"),
			mapped("description", "description", asHTML, "description"),
			mapped("meta_title", "meta title", asText, "seo.title"),
			mapped("meta_description", "meta description", asText, "seo.text"),
		},
	}
	f.unknown = func(string) column {
		c := unknownColumn("x")
		c.key, c.drop = "", "transfer.column_not_a_text"
		return c
	}
	f.place = func(r rowView) placement {
		slug := handleOf(r.get("slug"))
		return placement{key: slug, handle: slug}
	}
	f.build = func(b *builder) {
		p := &b.p
		p.Partial = true
		b.checkHandle("slug")
		for _, r := range b.rows {
			lang, ok := languageTag(r.get("locale"))
			if !ok {
				b.bad(r, "locale", "transfer.unknown_language")
				continue
			}
			if _, twice := p.Name[lang]; twice {
				b.bad(r, "locale", "transfer.language_repeated", "language", lang)
				continue
			}
			if r.get("name") == "" {
				b.bad(r, "name", "transfer.name_missing")
			}
			put(&p.Name, lang, r.get("name"))
			put(&p.Description, lang, b.safe(r, "description", r.get("description")))
			put(&p.SEOTitle, lang, r.get("meta title"))
			put(&p.SEOText, lang, r.get("meta description"))
		}
	}
	f.rows = func(p Product, w *sheetWriter) {
		langs := make([]string, 0, len(p.Name))
		for lang := range p.Name {
			langs = append(langs, lang)
		}
		slices.Sort(langs)
		row := 0
		for _, lang := range langs {
			if lang == w.lang && !p.Partial {
				continue
			}
			w.set(row, "slug", p.Handle)
			w.set(row, "locale", lang)
			w.set(row, "name", p.Name[lang])
			w.set(row, "description", p.Description[lang])
			w.set(row, "meta title", p.SEOTitle[lang])
			w.set(row, "meta description", p.SEOText[lang])
			row++
		}
	}
	return f
}
