package sample

import (
	"fmt"
	"time"

	"github.com/stoashop/stoa/kit/money"
	"github.com/stoashop/stoa/storefront/view"
)

// goods is what the sample shop sells: picture, names, price and price before.
var goods = []struct {
	picture, second, en, de string
	price, was              int64
	colours                 []string
}{
	{"kettle", "kettle-black", "Electric kettle 1.7 l", "Wasserkocher 1,7 l", 5900, 0, []string{"#1c1c1c", "#c9c9c9", "#f4f4f2"}},
	{"toaster", "toaster-black", "Two-slice toaster", "Toaster für zwei Scheiben", 4900, 5900, []string{"#1c1c1c", "#c9c9c9", "#f4f4f2"}},
	{"espresso", "", "Semi-automatic espresso machine", "Halbautomatische Espressomaschine", 54900, 0, []string{"#2b2b2b", "#bdbdbd"}},
	{"blender", "", "High-speed blender", "Hochleistungsmixer", 18900, 0, []string{"#2b2b2b", "#bdbdbd", "#f4f4f2"}},
	{"armchair", "", "Armchair Ida, blue wool", "Sessel Ida, blaue Wolle", 64900, 0, nil},
	{"lamp", "", "Pendant lamp", "Pendelleuchte", 14900, 0, nil},
	{"airfryer", "", "Digital air fryer 4 l", "Digitale Heißluftfritteuse 4 l", 11900, 14900, []string{"#2b2b2b", "#f4f4f2"}},
	{"cactus", "", "Cactus in a terracotta pot", "Kaktus im Terrakottatopf", 2400, 0, nil},
	{"kettle-pro", "", "Temperature-control kettle", "Wasserkocher mit Temperaturwahl", 9900, 0, []string{"#2b2b2b", "#bdbdbd"}},
	{"camera", "", "Instant camera", "Sofortbildkamera", 12900, 0, nil},
	{"coffee", "", "Drip coffee maker with an insulated jug that keeps eight cups hot all morning", "Filterkaffeemaschine mit Isolierkanne, die acht Tassen den ganzen Vormittag heiß hält", 8900, 0, []string{"#1c1c1c", "#77767a", "#f4f4f2"}},
	{"fan", "", "Pedestal fan", "Standventilator", 7900, 0, []string{"#1c1c1c", "#f4f4f2"}},
}

func (m Maker) card(i int) view.ProductCard {
	g := goods[i%len(goods)]
	c := view.ProductCard{
		Name:  m.w(g.en, g.de),
		URL:   fmt.Sprintf("/p/%d", i),
		Image: m.picture(g.picture, m.w(g.en, g.de)),
		Price: view.Price{Amount: eur(g.price), TaxIncluded: true, TaxName: m.P.T("tax.vat"), From: len(g.colours) > 2},
	}
	if g.second != "" {
		c.Second = m.picture(g.second, "")
	}
	if g.was > 0 {
		c.Price.Was = pricePtr(g.was)
		c.Price.Saving = wholePercent(g.price, g.was)
		c.Price.From = false
	}
	for _, hex := range g.colours {
		c.Swatches = append(c.Swatches, view.Swatch{Label: hex, Colour: hex, URL: c.URL})
	}
	return c
}

func (m Maker) cards(from, n int) []view.ProductCard {
	var cards []view.ProductCard
	for i := from; i < from+n; i++ {
		cards = append(cards, m.card(i))
	}
	return cards
}

func (m Maker) tiles() []view.CategoryTile {
	tile := func(en, de, picture string, n int) view.CategoryTile {
		return view.CategoryTile{Name: m.w(en, de), URL: "/c/" + picture, Image: m.picture(picture, ""), Count: n}
	}
	return []view.CategoryTile{
		tile("Coffee and tea", "Kaffee und Tee", "espresso", 24),
		tile("Chairs and sofas", "Stühle und Sofas", "chairs", 12),
		tile("Plants", "Pflanzen", "bonsai", 9),
		tile("Air and care", "Luft und Pflege", "purifier", 31),
	}
}

func (m Maker) home() view.HomePage {
	fresh := m.cards(8, 4)
	fresh[0].New, fresh[1].New = true, true
	return view.HomePage{
		Page: m.page(""),
		Blocks: []view.Block{
			{Hero: &view.Hero{
				Image:   m.picture("sofa", m.w("A leather sofa in front of a white wall", "Ein Ledersofa vor einer weißen Wand")),
				Title:   m.w("A kettle that pours straight, a chair that holds", "Ein Kocher, der gerade gießt, ein Stuhl, der hält"),
				Text:    m.w("We use everything we sell for a month before it is allowed in here. About one in five stays.", "Wir benutzen alles, was wir verkaufen, einen Monat lang. Etwa eines von fünf Dingen darf bleiben."),
				Link:    &view.Link{Label: m.w("See the kitchen", "Zur Küche"), URL: "/c/kitchen"},
				Caption: &view.Link{Label: m.w("Sofa Linden, cognac", "Sofa Linden, cognac"), URL: "/p/sofa"},
			}},
			{Categories: &view.CategoryRow{Title: m.w("Where would you like to begin?", "Womit möchten Sie anfangen?"), Tiles: m.tiles()}},
			{Products: &view.ProductRow{Title: m.w("On the worktop", "Auf der Arbeitsplatte"), Link: &view.Link{Label: m.w("All of the kitchen", "Die ganze Küche"), URL: "/c/kitchen"}, Products: m.cards(0, 4)}},
			{Story: &view.Story{
				Image: m.picture("bench", m.w("A plant on a long wooden table", "Eine Pflanze auf einem langen Holztisch")),
				Title: m.w("One month on our own table", "Einen Monat auf unserem eigenen Tisch"),
				Text:  html(m.w("Before a toaster comes into the shop, four of us have breakfast with it for four weeks. We measure how even the bread gets, how hot the case becomes, and whether the crumb tray comes out without cursing.", "Bevor ein Toaster in den Laden kommt, frühstücken vier von uns vier Wochen lang mit ihm. Wir messen, wie gleichmäßig das Brot bräunt, wie heiß das Gehäuse wird und ob sich das Krümelfach ohne Fluchen leeren lässt.")),
				Link:  &view.Link{Label: m.w("How we choose", "Wie wir auswählen"), URL: "/pages/story"},
			}},
			{Products: &view.ProductRow{Title: m.w("New this week", "Neu in dieser Woche"), Products: fresh}},
		},
	}
}

func (m Maker) listing() view.Listing {
	colour := func(en, de, hex string, n int, on bool) view.FacetValue {
		return view.FacetValue{Value: en, Label: m.w(en, de), Count: n, Colour: hex, Selected: on}
	}
	value := func(v, label string, n int) view.FacetValue { return view.FacetValue{Value: v, Label: label, Count: n} }
	cards := m.cards(0, 12)
	cards[3].SoldOut = true
	cards[4].Image = nil
	cards[8].New = true
	cards[8].Brand = "Halm"
	return view.Listing{
		Total: 48, Products: cards, Action: "/c/kitchen", Hidden: []view.Hidden{{Name: "sort", Value: "newest"}},
		Facets: []view.Facet{
			{Key: "price", Label: m.P.T("storefront.facet.price"), Kind: "range", Open: true, Range: &view.Range{Min: "24", Max: "1249", FromName: "price_from", ToName: "price_to", Unit: "€"}},
			{Key: "colour", Label: m.w("Colour", "Farbe"), Kind: "swatch", Open: true, Values: []view.FacetValue{
				colour("black", "Schwarz", "#1c1c1c", 18, false), colour("steel", "Edelstahl", "#bdbdbd", 14, false), colour("white", "Weiß", "#f8f8f6", 11, false), colour("blue", "Blau", "#2b5fa8", 2, false), colour("mint", "Mint", "#b8e0d0", 0, false),
			}},
			{Key: "brand", Label: m.P.T("storefront.facet.brand"), Kind: "choice", Values: []view.FacetValue{
				value("halm", "Halm", 9), value("nord", "Nordlicht", 8), value("vapor", "Vapor & Sohn", 7), value("kessel", "Kesselwerk", 6), value("ida", "Ida", 5), value("lund", "Lund", 4), value("aero", "Aero", 3), value("bo", "Bo", 3), value("rund", "Rund", 2), value("zwei", "Zwei", 1),
			}},
			{Key: "stock", Label: m.P.T("storefront.facet.stock"), Kind: "choice", Values: []view.FacetValue{value("1", m.P.T("storefront.facet.in_stock"), 44)}},
		},
		Sorts: []view.Sort{
			{Label: m.P.T("storefront.sort.featured"), URL: "/c/kitchen", Selected: true},
			{Label: m.P.T("storefront.sort.newest"), URL: "/c/kitchen?sort=newest"},
			{Label: m.P.T("storefront.sort.price_up"), URL: "/c/kitchen?sort=price"},
			{Label: m.P.T("storefront.sort.price_down"), URL: "/c/kitchen?sort=-price"},
		},
		Next: "/c/kitchen?after=abc",
	}
}

func (m Maker) category() view.CategoryPage {
	p := view.CategoryPage{
		Page: m.page(m.w("Kitchen", "Küche")), Name: m.w("Kitchen", "Küche"),
		Description: html(m.w("What boils, toasts, grinds and stirs. All of it can be repaired, and we keep the parts.", "Was kocht, röstet, mahlt und rührt. Alles lässt sich reparieren, und die Teile haben wir da.")),
		Children:    m.tiles(), Listing: m.listing(),
	}
	p.Breadcrumbs = []view.Link{{Label: m.w("Home", "Start"), URL: "/"}}
	p.Menu[0].Current = true
	return p
}

func (m Maker) product() view.ProductPage {
	name := m.w("Electric kettle 1.7 l", "Wasserkocher 1,7 l")
	value := func(en, de, hex string, selected, available, exists bool) view.OptionValue {
		return view.OptionValue{Label: m.w(en, de), URL: "/p/kettle?colour=" + en, Selected: selected, Available: available, Exists: exists, Colour: hex}
	}
	p := view.ProductPage{
		Page: m.page(name),
		Product: view.Product{
			ID: "prd_1", Name: name, URL: "/p/kettle", SKU: "KT-17-ST",
			Brand:  &view.Link{Label: "Kesselwerk", URL: "/b/kesselwerk"},
			Intro:  m.w("Boils a litre in under three minutes and pours without a drip.", "Kocht einen Liter in unter drei Minuten und gießt, ohne zu tropfen."),
			Images: []view.Image{*m.picture("kettle", name), *m.picture("kettle-black", name), *m.picture("kettle-white", name), *m.picture("kettle-all", name)},
			Price:  view.Price{Amount: eur(5900), TaxIncluded: true, TaxName: m.P.T("tax.vat"), ShippingURL: "/pages/delivery"},
			Options: []view.Option{
				{Key: "colour", Label: m.w("Colour", "Farbe"), Chosen: m.w("Stainless steel", "Edelstahl"), Kind: "swatch", Values: []view.OptionValue{
					value("Black", "Schwarz", "#1c1c1c", false, true, true), value("Stainless steel", "Edelstahl", "#bdbdbd", true, true, true), value("White", "Weiß", "#f4f4f2", false, false, true),
				}},
				{Key: "plug", Label: m.w("Plug", "Stecker"), Chosen: "EU", Kind: "chip", Values: []view.OptionValue{
					value("EU", "EU", "", true, true, true), value("UK", "UK", "", false, true, true), value("CH", "CH", "", false, false, false),
				}},
			},
			Stock:    view.Stock{State: view.InStock},
			Delivery: view.Delivery{Window: view.Window{From: now.AddDate(0, 0, 2), To: now.AddDate(0, 0, 4)}, Cost: pricePtr(490), To: "Germany"},
			Buy:      view.BuyForm{Action: "/bag/lines", VariantID: "var_1", Quantity: 1, Max: 10},
			Description: html(
				m.w("A wide spout, a lid that opens with the thumb of the hand that holds it, and a filter you can take out and wash. The water level is marked in cups on both sides, so it does not matter which hand you pour with.", "Ein breiter Ausguss, ein Deckel, den der Daumen der haltenden Hand öffnet, und ein Filter, den man herausnehmen und abwaschen kann. Der Wasserstand ist auf beiden Seiten in Tassen angezeichnet; es ist also egal, mit welcher Hand Sie gießen."),
				m.w("It switches itself off when the water boils, when it is lifted, and when there is nothing in it.", "Er schaltet sich ab, wenn das Wasser kocht, wenn er angehoben wird und wenn nichts darin ist.")),
			Attributes: []view.Attribute{
				{Key: "volume", Label: m.w("Volume", "Inhalt"), Value: m.w("1.7 l", "1,7 l")},
				{Key: "power", Label: m.w("Power", "Leistung"), Value: "2,200 W"},
				{Key: "weight", Label: m.w("Weight", "Gewicht"), Value: m.P.Weight(1150)},
				{Key: "material", Label: m.w("Material", "Material"), Value: m.w("Stainless steel, polypropylene", "Edelstahl, Polypropylen"), URL: "/c/kettles?material=steel"},
			},
			Fields: view.Fields{{Key: "warranty", Label: m.w("Warranty", "Garantie"), Value: m.w("5 years", "5 Jahre")}},
			Promises: []view.Promise{
				{Icon: "undo-2", Text: m.w("Thirty days to send things back.", "Dreißig Tage Rückgabe."), URL: "/pages/returns"},
				{Icon: "lock", Text: m.w("Ways to pay: Card, bank transfer", "Zahlungsarten: Karte, Überweisung")},
			},
			Delivered: html(m.w("We send within Germany with DHL for €4.90, from €80 at no charge. Other countries are listed at checkout.", "Innerhalb Deutschlands versenden wir mit DHL für 4,90 €, ab 80 € kostenfrei. Andere Länder stehen an der Kasse.")),
			Returned:  html(m.w("You have 30 days to try it. Send it back as it is; we pay the parcel.", "Sie haben 30 Tage zum Ausprobieren. Senden Sie es zurück, wie es ist; das Paket bezahlen wir.")),
		},
		Related: m.cards(1, 4),
	}
	p.Breadcrumbs = []view.Link{{Label: m.w("Home", "Start"), URL: "/"}, {Label: m.w("Kitchen", "Küche"), URL: "/c/kitchen"}, {Label: m.w("Kettles", "Wasserkocher"), URL: "/c/kettles"}}
	return p
}

func (m Maker) suggestions() view.Suggestions {
	return view.Suggestions{
		Query: "ket", Total: 14, AllURL: "/search?q=kettle", Products: m.cards(0, 6),
		Terms:      []view.Link{{Label: m.w("kettle", "Wasserkocher"), URL: "/search?q=kettle"}, {Label: m.w("kettle black", "Wasserkocher schwarz"), URL: "/search?q=kettle+black"}},
		Categories: []view.Link{{Label: m.w("Kettles", "Wasserkocher"), URL: "/c/kettles"}},
	}
}

func (m Maker) addCatalog(add func(name, page string, data any)) {
	add("home", "home", m.home())
	sparse := m.home()
	sparse.Blocks = []view.Block{{Hero: &view.Hero{Title: sparse.Blocks[0].Hero.Title}}, {Products: &view.ProductRow{Title: m.w("What there is", "Was es gibt"), Products: m.cards(0, 1)}}}
	add("home-one-product", "home", sparse)

	add("category", "category", m.category())
	filtered := m.category()
	filtered.Listing.Products = filtered.Listing.Products[:2]
	filtered.Listing.Total, filtered.Listing.Next, filtered.Listing.ClearURL = 2, "", "/c/kitchen"
	filtered.Listing.Chips = []view.Chip{{Label: m.w("Black", "Schwarz"), RemoveURL: "/c/kitchen"}, {Label: m.w("up to €60", "bis 60 €"), RemoveURL: "/c/kitchen"}}
	filtered.Listing.Facets[1].Values[0].Selected = true
	filtered.Children = nil
	add("category-filtered", "category", filtered)
	none := m.category()
	none.Listing.Products, none.Listing.Total, none.Listing.Next = nil, 0, ""
	none.Listing.Chips, none.Listing.ClearURL = filtered.Listing.Chips, "/c/kitchen"
	add("category-none", "category", none)
	one := m.category()
	one.Listing = view.Listing{Total: 1, Products: m.cards(5, 1), Action: "/c/lamps"}
	one.Children, one.Description, one.Name = nil, "", m.w("Lamps", "Leuchten")
	one.Image = m.picture("lamp", "")
	add("category-one", "category", one)
	many := m.category()
	many.Listing.Total, many.Listing.First, many.Listing.Previous = 12345, "/c/kitchen", "/c/kitchen?before=abc"
	add("category-thousands", "category", many)

	add("product", "product", m.product())
	out := m.product()
	out.Product.Stock.State, out.Product.Buy.VariantID = view.SoldOut, ""
	out.Product.Delivery = view.Delivery{}
	add("product-sold-out", "product", out)
	low := m.product()
	low.Product.Stock = view.Stock{State: view.LowStock, Left: 3}
	low.Product.Price.Was, low.Product.Price.Saving = pricePtr(7400), wholePercent(5900, 7400)
	low.Product.Buy.Problem = m.w("There are only 3 left.", "Es sind nur noch 3 da.")
	add("product-reduced", "product", low)
	choose := m.product()
	choose.Product.Stock.State, choose.Product.Buy.VariantID, choose.Product.SKU = view.Choose, "", ""
	choose.Product.Price.From = true
	for i := range choose.Product.Options {
		choose.Product.Options[i].Chosen = ""
		for j := range choose.Product.Options[i].Values {
			choose.Product.Options[i].Values[j].Selected = false
		}
	}
	add("product-choose", "product", choose)
	bare := m.product()
	bare.Product.Images, bare.Product.Options, bare.Product.Intro, bare.Product.Brand = nil, nil, "", nil
	bare.Product.Name = m.w("Drip coffee maker with an insulated stainless steel jug, permanent gold filter and a timer for the morning", "Filterkaffeemaschine mit Edelstahl-Isolierkanne, Dauergoldfilter und Zeitschaltuhr für den Morgen")
	bare.Product.Stock.State = view.BackOrder
	bare.Product.Delivery.Window.To = bare.Product.Delivery.Window.From.Add(12 * 24 * time.Hour)
	bare.Related = nil
	add("product-no-photo", "product", bare)

	found := view.SearchPage{Page: m.page(m.w("Search", "Suche")), Query: m.w("kettle", "Wasserkocher"), Listing: m.listing(), Categories: []view.Link{{Label: m.w("Kettles", "Wasserkocher"), URL: "/c/kettles"}}}
	found.Search.Query = found.Query
	found.Listing.Sorts[0].Label = m.P.T("storefront.sort.relevance")
	add("search", "search", found)
	lost := view.SearchPage{Page: m.page(m.w("Search", "Suche")), Query: "samowar", DidYouMean: &view.Link{Label: "samovar", URL: "/search?q=samovar"}, Popular: m.cards(0, 4), Listing: view.Listing{Action: "/search"}}
	lost.Search.Query = lost.Query
	add("search-none", "search", lost)
}

// wholePercent is how much less price is than was, in whole percent.
func wholePercent(price, was int64) money.Rate {
	return money.Rate((was-price)*100/was) * 10_000
}
