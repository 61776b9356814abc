package sample

import (
	"github.com/stoashop/stoa/platform/theme"
	"github.com/stoashop/stoa/storefront/view"
)

func (m Maker) addContent(add func(name, page string, data any)) {
	body := theme.HTML(`<p>` + m.w("We are four people and a dog in a former bakery in Berlin. In the front is the shop, in the back the kitchen in which everything has to prove itself.", "Wir sind vier Menschen und ein Hund in einer ehemaligen Bäckerei in Berlin. Vorne ist der Laden, hinten die Küche, in der sich alles bewähren muss.") +
		`</p><h2>` + m.w("How we choose", "Wie wir auswählen") + `</h2><p>` + m.w("A month of daily use, then we take it apart. What cannot be opened cannot be repaired, and what cannot be repaired does not come in.", "Ein Monat täglicher Gebrauch, dann nehmen wir es auseinander. Was sich nicht öffnen lässt, lässt sich nicht reparieren, und was sich nicht reparieren lässt, kommt nicht herein.") +
		`</p><ul><li>` + m.w("Parts for ten years", "Teile für zehn Jahre") + `</li><li>` + m.w("A person on the phone", "Ein Mensch am Telefon") + `</li></ul>`)
	story := view.ContentPage{Page: m.page(m.w("Our story", "Unsere Geschichte")), Title: m.w("A former bakery in Berlin", "Eine ehemalige Bäckerei in Berlin"), Intro: m.w("Why we sell forty things and not four thousand.", "Warum wir vierzig Dinge verkaufen und nicht viertausend."), Image: m.picture("bench", ""), Body: body}
	story.Breadcrumbs = []view.Link{{Label: m.w("Home", "Start"), URL: "/"}}
	add("content", "content", story)
	legal := view.ContentPage{Page: m.page(m.w("Returns", "Rückgabe")), Title: m.w("Returns", "Rückgabe"), Body: body, Updated: now, Side: []view.Link{{Label: m.w("Delivery", "Lieferung"), URL: "/pages/delivery"}, {Label: m.w("Returns", "Rückgabe"), URL: "/pages/returns", Current: true}, {Label: m.w("Terms", "AGB"), URL: "/pages/terms"}}}
	add("content-side", "content", legal)

	email := m.field("email", "email", "")
	email.Type, email.Autocomplete, email.Size = "email", "email", "half"
	name := m.field("name", "name", "")
	name.Autocomplete, name.Size = "name", "half"
	order := m.field("order", "order_number", "")
	order.Required = false
	message := m.field("message", "message", "")
	message.Type, message.MaxLength = "textarea", 4000
	contact := view.ContactPage{
		Page: m.page(m.P.T("storefront.contact.title")), Intro: html(m.w("A question about a thing, an order or a broken part? A person reads this.", "Eine Frage zu einem Ding, einer Bestellung oder einem kaputten Teil? Das liest ein Mensch.")),
		Form: view.Form{Action: "/contact", Fields: []view.Field{name, email, order, message}}, Answer: m.w("Usually within a working day", "Meist innerhalb eines Werktags"),
	}
	add("contact", "contact", contact)
	wrong := contact
	wrong.Form.Fields = append([]view.Field{}, contact.Form.Fields...)
	wrong.Form.Problem = m.P.T("form.invalid")
	wrong.Form.Fields[1].Value, wrong.Form.Fields[1].Problem = "ada", m.P.T("form.not_an_email")
	wrong.Form.Fields[3].Problem = m.P.T("form.required")
	add("contact-errors", "contact", wrong)
	contact.Sent = true
	add("contact-sent", "contact", contact)

	lost := view.ErrorPage{Page: m.page(m.P.T("storefront.error.not_found")), Status: 404, Title: m.P.T("storefront.error.not_found"), Text: m.P.T("storefront.error.not_found_text"), Tiles: m.tiles()}
	lost.Head.NoIndex = true
	add("error-404", "error", lost)
	gone := lost
	gone.Head.Title, gone.Title, gone.Text, gone.Status = m.P.T("storefront.error.gone"), m.P.T("storefront.error.gone"), m.P.T("storefront.error.gone_text"), 410
	add("error-410", "error", gone)
	add("error-500", "error", view.ErrorPage{Page: m.page(m.P.T("storefront.error.internal")), Status: 500, Title: m.P.T("storefront.error.internal"), Text: m.P.T("storefront.error.internal_text"), RequestID: "req_01k9z4", RetryURL: "/"})
	add("error-503", "error", view.ErrorPage{Page: m.page(m.P.T("storefront.error.unavailable")), Status: 503, Title: m.P.T("storefront.error.unavailable"), Text: m.P.T("storefront.error.unavailable_text"), RetryURL: "/"})
}
