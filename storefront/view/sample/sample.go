// Package sample makes one example of every state a storefront page can be in.
// Tests render all of them, and whoever works on a theme looks at them. Nothing
// here is shown to a shopper.
package sample

import (
	"strings"
	"time"

	"github.com/stoashop/stoa/kit/locale"
	"github.com/stoashop/stoa/kit/money"
	"github.com/stoashop/stoa/platform/theme"
	"github.com/stoashop/stoa/storefront/view"
)

// State is one page in one state.
type State struct {
	Name     string // "product-sold-out"
	Page     string // name of the page; "" when Fragment is set
	Fragment string // name of the partial
	Data     any
}

// Maker makes states in the language of its printer.
type Maker struct {
	P *locale.Printer

	// Picture finds the picture called name ("kettle"), or makes one up.
	Picture func(name string) view.Image
}

// now is the day on which all of this happens.
var now = time.Date(2026, 11, 24, 10, 30, 0, 0, time.UTC)

func (m Maker) w(en, de string) string {
	if strings.HasPrefix(m.P.Lang(), "de") {
		return de
	}
	return en
}

func (m Maker) picture(name, alt string) *view.Image {
	image := m.Picture(name)
	image.Alt = alt
	return &image
}

func eur(cents int64) money.Money { return money.Money{Amount: money.Minor(cents), Currency: "EUR"} }

func pricePtr(cents int64) *money.Money { m := eur(cents); return &m }

// States lists everything there is to see.
func (m Maker) States() []State {
	var all []State
	add := func(name, page string, data any) { all = append(all, State{Name: name, Page: page, Data: data}) }
	m.addCatalog(add)
	m.addBag(add)
	m.addOrders(add)
	m.addAccount(add)
	m.addContent(add)
	all = append(all,
		State{Name: "drawer", Fragment: "drawer", Data: m.bag(true)},
		State{Name: "drawer-empty", Fragment: "drawer", Data: view.BagContent{URL: "/bag", ContinueURL: "/", Summary: view.Summary{Total: eur(0)}}},
		State{Name: "suggestions", Fragment: "suggestions", Data: m.suggestions()},
		State{Name: "suggestions-none", Fragment: "suggestions", Data: view.Suggestions{Query: "samowar", AllURL: "/search?q=samowar"}},
	)
	return all
}

func (m Maker) page(title string) view.Page {
	lang := m.P.Lang()
	return view.Page{
		Shop: view.Shop{
			Name:          "Halm",
			Tagline:       m.w("Small appliances and good things for the home, chosen one by one.", "Kleine Geräte und gute Dinge für zu Hause, einzeln ausgesucht."),
			HomeURL:       "/",
			Email:         "hello@halm.example",
			Phone:         "+49 30 1234567",
			Address:       []string{"Halm GmbH", "Lindenstraße 4", "10969 Berlin"},
			CopyrightYear: 2026,
		},
		Head: view.Head{
			Title:       title,
			Description: m.w("Kettles, toasters, lamps and chairs that last.", "Wasserkocher, Toaster, Lampen und Stühle, die bleiben."),
			Canonical:   "https://halm.example/",
			Alternates:  []view.Alternate{{Lang: "en", URL: "https://halm.example/en/"}, {Lang: "de", URL: "https://halm.example/de/"}},
			Data:        map[string]any{"@context": "https://schema.org", "@type": "WebPage", "name": title},
		},
		Announcement: &view.Link{Label: m.w("Free delivery in Germany from €180", "Versand in Deutschland frei ab 180 €"), URL: "/pages/delivery"},
		Menu:         m.menu(),
		Footer: []view.FooterColumn{
			{Title: m.w("Help", "Hilfe"), Links: []view.Link{
				{Label: m.w("Delivery", "Lieferung"), URL: "/pages/delivery"},
				{Label: m.w("Returns", "Rückgabe"), URL: "/pages/returns"},
				{Label: m.w("Write to us", "Schreiben Sie uns"), URL: "/contact"},
			}},
			{Title: "Halm", Links: []view.Link{
				{Label: m.w("Our story", "Unsere Geschichte"), URL: "/pages/story"},
				{Label: m.w("Terms", "AGB"), URL: "/pages/terms"},
				{Label: m.w("Privacy", "Datenschutz"), URL: "/pages/privacy"},
				{Label: m.w("Legal notice", "Impressum"), URL: "/pages/legal"},
			}},
		},
		Search: view.SearchBox{URL: "/search", SuggestURL: "/search/suggestions", Popular: []view.Link{
			{Label: m.w("kettle", "Wasserkocher"), URL: "/search?q=kettle"},
			{Label: m.w("espresso machine", "Espressomaschine"), URL: "/search?q=espresso"},
			{Label: m.w("air fryer", "Heißluftfritteuse"), URL: "/search?q=fryer"},
		}},
		Bag:     view.BagLink{URL: "/bag", Count: 3},
		Account: view.AccountLinks{URL: "/account", SignInURL: "/account/sign-in", SignUpURL: "/account/sign-up", SignOutURL: "/account/sign-out"},
		Languages: []view.Language{
			{Tag: "en", Name: "English", URL: "/en/", Current: lang == "en"},
			{Tag: "de", Name: "Deutsch", URL: "/de/", Current: lang == "de"},
		},
	}
}

func (m Maker) menu() []view.MenuItem {
	item := func(en, de, url string) view.MenuItem { return view.MenuItem{Label: m.w(en, de), URL: url} }
	kitchen := item("Kitchen", "Küche", "/c/kitchen")
	kitchen.Children = []view.MenuItem{
		{Label: m.w("Coffee and tea", "Kaffee und Tee"), URL: "/c/coffee", Children: []view.MenuItem{
			item("Espresso machines", "Espressomaschinen", "/c/espresso"), item("Kettles", "Wasserkocher", "/c/kettles"), item("Filter coffee", "Filterkaffee", "/c/filter"),
		}},
		{Label: m.w("Breakfast", "Frühstück"), URL: "/c/breakfast", Children: []view.MenuItem{
			item("Toasters", "Toaster", "/c/toasters"), item("Blenders", "Standmixer", "/c/blenders"),
		}},
		{Label: m.w("Cooking", "Kochen"), URL: "/c/cooking", Children: []view.MenuItem{
			item("Air fryers", "Heißluftfritteusen", "/c/air-fryers"), item("Food processors", "Küchenmaschinen", "/c/processors"),
		}},
	}
	kitchen.Picture = &view.Picture{Image: *m.picture("espresso", ""), Label: m.w("Espresso at home", "Espresso zu Hause"), URL: "/c/espresso"}
	home := item("Home", "Wohnen", "/c/home")
	home.Children = []view.MenuItem{item("Chairs", "Stühle", "/c/chairs"), item("Sofas", "Sofas", "/c/sofas"), item("Lamps", "Leuchten", "/c/lamps")}
	home.Picture = &view.Picture{Image: *m.picture("sofa", ""), Label: m.w("Sit down", "Setzen Sie sich"), URL: "/c/sofas"}
	air := item("Air and care", "Luft und Pflege", "/c/air")
	air.Children = []view.MenuItem{item("Fans", "Ventilatoren", "/c/fans"), item("Air purifiers", "Luftreiniger", "/c/purifiers"), item("Vacuum cleaners", "Staubsauger", "/c/vacuums"), item("Irons", "Bügeleisen", "/c/irons")}
	return []view.MenuItem{kitchen, home, air, item("Plants", "Pflanzen", "/c/plants"), item("Cameras", "Kameras", "/c/cameras"), item("Story", "Geschichte", "/pages/story")}
}

func (m Maker) signedIn(p view.Page) view.Page {
	p.Customer = &view.CustomerLink{Name: "Ada Lindqvist", Email: "ada@example.com"}
	return p
}

func (m Maker) field(name, key, value string) view.Field {
	return view.Field{Name: name, Label: m.P.T("storefront.field." + key), Type: "text", Value: value, Required: true, MaxLength: 120}
}

func html(paragraphs ...string) theme.HTML {
	return theme.HTML("<p>" + strings.Join(paragraphs, "</p><p>") + "</p>")
}
