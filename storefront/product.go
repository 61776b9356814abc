package storefront

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/stoashop/stoa/commerce/catalog"
	"github.com/stoashop/stoa/commerce/custom"
	"github.com/stoashop/stoa/commerce/inventory"
	"github.com/stoashop/stoa/commerce/media"
	"github.com/stoashop/stoa/commerce/search"
	"github.com/stoashop/stoa/commerce/shipping"
	"github.com/stoashop/stoa/commerce/slug"
	"github.com/stoashop/stoa/commerce/tax"
	"github.com/stoashop/stoa/guard/policy"
	"github.com/stoashop/stoa/kit/money"
	"github.com/stoashop/stoa/platform/theme"
	"github.com/stoashop/stoa/storefront/view"
)

func (s *Store) catalogRoutes() []policy.Route {
	return []policy.Route{
		get("home", "/{$}", policy.Nothing, s.home),
		get("product", "/p/{slug}", policy.Nothing, s.product),
		get("category", "/c/{slug}", policy.Nothing, s.category),
		get("collection", "/collections/{slug}", policy.Nothing, s.collection),
		get("search", "/search", policy.Nothing, s.searchPage),
		get("search.suggestions", "/search/suggestions", policy.Nothing, s.suggestions),
	}
}

// product shows a product's page. The query chooses a variant: one parameter
// an option ("?colour=black"), or "variant" with an id.
func (s *Store) product(w http.ResponseWriter, r *http.Request) error {
	v := s.visit(r)
	found, err := s.Catalog.ProductPage(r.Context(), v.lang, v.Market.PriceListID, r.PathValue("slug"))
	if err != nil {
		return err
	}
	if found.MovedTo != "" {
		return moved(w, r, v.url("p", found.MovedTo))
	}
	if found.Elsewhere.ID != "" {
		f, err := s.furniture.Get(r.Context())
		if err != nil {
			return err
		}
		if to := s.target(r.Context(), f, v, found.Elsewhere); to != "" {
			return moved(w, r, to)
		}
		return gone()
	}
	if found.Page == nil {
		return notFound()
	}
	return s.showProduct(w, r, found.Page, http.StatusOK, "", nil)
}

// showProduct draws a product's page. refused is why something could not be
// put into the bag and typed the quantity that was asked for, nothing
// otherwise.
func (s *Store) showProduct(w http.ResponseWriter, r *http.Request, p *catalog.Page, status int, typed string, refused error) error {
	v := s.visit(r)
	page, err := s.page(r, textOr(v.text(p.SEOTitle), v.text(p.Name)), func(lang string) string {
		if here := p.Slugs[lang]; here != "" {
			return address(lang, "p", here)
		}
		return ""
	})
	if err != nil {
		return err
	}
	c := choose(p, r.URL.Query())
	own, err := s.Fields.For(r.Context(), custom.Variant)
	if err != nil {
		return err
	}
	product := s.viewProduct(r.Context(), v, p, c, own)
	if refused != nil {
		product.Buy.Problem, product.Buy.Typed = firstProblem(v, refused), typed
	}
	out := view.ProductPage{Page: page, Product: product}
	out.Head.Description = textOr(v.text(p.SEODescription), v.text(p.Subtitle))
	out.Head.Data = productData(s.Base, product)
	if len(product.Images) > 0 {
		out.Head.Image = s.Base + product.Images[0].Src
	}
	for _, n := range p.Path {
		if n.Visible() {
			out.Breadcrumbs = append(out.Breadcrumbs, view.Link{Label: v.text(n.Name), URL: v.categoryURL(n)})
		}
	}
	out.Related = v.cards(s.related(v, p))
	browse(w)
	if wants(r, "product") {
		return s.fragment(w, r, status, "product", product)
	}
	return s.show(w, r, status, "product", out)
}

func textOr(s, other string) string {
	if s != "" {
		return s
	}
	return other
}

// choice is what of a product is looked at.
type choice struct {
	values map[string]string // option code → value code
	offer  *catalog.Offer    // nil when the combination is not made
}

// choose finds the variant a query asks for. What it leaves open is filled
// with the first combination that can be bought, so that a page always shows
// one price.
func choose(p *catalog.Page, q url.Values) choice {
	asked := make(map[string]string)
	for _, o := range p.Options {
		want := q.Get(o.Code)
		if slices.ContainsFunc(o.Values, func(value catalog.OptionValue) bool { return value.Code == want }) {
			asked[o.Code] = want
		}
	}
	var best *catalog.Offer
	for i := range p.Variants {
		offer := &p.Variants[i]
		if offer.ID == q.Get("variant") {
			best = offer
			break
		}
		if fits(p, offer, asked) && (best == nil || !best.Buyable() && offer.Buyable()) {
			best = offer
		}
	}
	if best == nil {
		return choice{values: asked}
	}
	return choice{valuesOf(p, best), best}
}

// valuesOf are the choices that make up a variant.
func valuesOf(p *catalog.Page, offer *catalog.Offer) map[string]string {
	values := make(map[string]string, len(p.Options))
	for i, o := range p.Options {
		if i < len(offer.Values) {
			values[o.Code] = offer.Values[i]
		}
	}
	return values
}

func fits(p *catalog.Page, offer *catalog.Offer, asked map[string]string) bool {
	for code, value := range valuesOf(p, offer) {
		if want, ok := asked[code]; ok && want != value {
			return false
		}
	}
	return true
}

// nearest is the variant with a value of one option that keeps most of the
// other choices, those that can be bought first.
func nearest(p *catalog.Page, option, value string, now map[string]string) (best *catalog.Offer, exact bool) {
	most := -1
	for i := range p.Variants {
		offer := &p.Variants[i]
		values := valuesOf(p, offer)
		if values[option] != value {
			continue
		}
		kept := 0
		for code, v := range values {
			if code != option && now[code] == v {
				kept += 2
			}
		}
		if kept == 2*(len(p.Options)-1) {
			return offer, true
		}
		if offer.Buyable() {
			kept++
		}
		if kept > most {
			best, most = offer, kept
		}
	}
	return best, false
}

// viewProduct draws a product; own are the fields of variants.
func (s *Store) viewProduct(ctx context.Context, v *Visit, p *catalog.Page, c choice, own custom.Definitions) view.Product {
	here := v.url("p", v.text(p.Slugs))
	out := view.Product{
		ID: p.ID, Name: v.text(p.Name), Intro: v.text(p.Subtitle), URL: here,
		Description: s.Content.HTML(v.text(p.Description)),
		Buy:         view.BuyForm{Action: v.url("bag", "lines"), Quantity: 1, Max: int(v.Shop.Shop.MaxPerLine)},
		Stock:       view.Stock{State: view.NotMade},
	}
	if p.Brand != "" {
		out.Brand = &view.Link{Label: p.Brand, URL: v.url("search") + "?" + url.Values{"brand": {p.Brand}}.Encode()}
	}
	out.Images = images(v, p, c.offer)
	for _, o := range p.Options {
		out.Options = append(out.Options, s.option(v, p, o, c, here))
	}
	out.Fields = v.fields(p.Fields)
	if len(c.values) < len(p.Options) {
		out.Stock.State = view.Choose
	}
	offer := c.offer
	if offer == nil {
		out.Price = v.priceFrom(p)
		return s.aboutDelivery(ctx, v, out)
	}
	for _, f := range v.fields(own.Shown(offer.Fields)) {
		if has := out.Fields.Get(f.Key); has != nil {
			*has = f // the variant knows better
			continue
		}
		out.Fields = append(out.Fields, f)
	}
	out.SKU = offer.SKU
	if offer.WeightGrams > 0 {
		out.Attributes = append(out.Attributes, view.Attribute{Key: "weight", Label: v.P.T("storefront.product.weight"), Value: v.P.Weight(offer.WeightGrams)})
	}
	if offer.LengthMM > 0 && offer.WidthMM > 0 && offer.HeightMM > 0 {
		out.Attributes = append(out.Attributes, view.Attribute{
			Key: "size", Label: v.P.T("storefront.product.size"),
			Value: v.P.T("storefront.product.size_value", "length", centimetres(v, offer.LengthMM), "width", centimetres(v, offer.WidthMM), "height", centimetres(v, offer.HeightMM)),
		})
	}
	if offer.Price == nil {
		out.Stock.State = view.SoldOut
		return s.aboutDelivery(ctx, v, out)
	}
	out.Price = v.price(offer.Price.Amount, offer.Price.CompareAt)
	stock := s.Stock.Display().Public(offer.Stock)
	out.Stock = view.Stock{State: stockStates[stock.State], Left: int(stock.Count)}
	if stock.State == inventory.FewLeft || stock.Count == 0 || stock.Count > 5 {
		out.Stock.Left = 0
	}
	if out.Stock.Left > 0 {
		out.Stock.State = view.LowStock
	}
	if stock.CanBuy() {
		out.Buy.VariantID = offer.ID
		out.Delivery = v.delivery(offer)
	}
	return s.aboutDelivery(ctx, v, out)
}

var stockStates = map[inventory.State]view.StockState{
	inventory.InStock: view.InStock, inventory.FewLeft: view.LowStock, inventory.OnBackorder: view.BackOrder, inventory.SoldOut: view.SoldOut,
}

// centimetres writes a length in millimetres: "24", "24.5".
func centimetres(v *Visit, mm int64) string {
	if mm%10 == 0 {
		return v.P.Number(mm / 10)
	}
	return v.P.Decimal(fmt.Sprintf("%d.%d", mm/10, mm%10))
}

// aboutDelivery adds what the merchant's pages say of delivery and returns.
func (s *Store) aboutDelivery(ctx context.Context, v *Visit, p view.Product) view.Product {
	about := func(code string) (theme.HTML, string) {
		page, err := s.Content.ByCode(ctx, code)
		if err != nil {
			return "", "" // the shop has no such page
		}
		to := v.pageURL(page)
		return s.Content.HTML(v.text(page.SEODescription) + "\n\n[" + v.text(page.Title) + "](" + to + ")"), to
	}
	p.Delivered, p.Price.ShippingURL = about("delivery")
	p.Returned, _ = about("returns")
	if page, err := s.Content.ByCode(ctx, "returns"); err == nil && v.text(page.SEODescription) != "" {
		p.Promises = append(p.Promises, view.Promise{Icon: "undo-2", Text: v.text(page.SEODescription), URL: v.pageURL(page)})
	}
	var ways []string
	for _, o := range s.Payments.Offered(v.Market.Currency) {
		ways = append(ways, v.P.T(o.Name))
	}
	if len(ways) > 0 {
		p.Promises = append(p.Promises, view.Promise{Icon: "lock", Text: v.P.T("storefront.product.pay_with", "methods", strings.Join(ways, ", "))})
	}
	return p
}

// images lists a product's pictures, the chosen variant's first.
func images(v *Visit, p *catalog.Page, offer *catalog.Offer) []view.Image {
	list := slices.Clone(p.Media)
	if offer != nil && offer.MediaID != "" {
		if i := slices.IndexFunc(list, func(m media.Media) bool { return m.ID == offer.MediaID }); i > 0 {
			first := list[i]
			list = slices.Insert(slices.Delete(list, i, i+1), 0, first)
		}
	}
	var out []view.Image
	for _, m := range list {
		out = append(out, v.picture(m))
	}
	return out
}

func (s *Store) option(v *Visit, p *catalog.Page, o catalog.Option, c choice, here string) view.Option {
	out := view.Option{Key: o.Code, Label: v.text(o.Name), Kind: "chip"}
	for _, value := range o.Values {
		offer, exact := nearest(p, o.Code, value.Code, c.values)
		q := make(url.Values)
		switch {
		case offer != nil:
			for code, v := range valuesOf(p, offer) {
				q.Set(code, v)
			}
		default:
			for code, v := range c.values {
				q.Set(code, v)
			}
			q.Set(o.Code, value.Code)
		}
		one := view.OptionValue{
			Label: v.text(value.Name), URL: here + "?" + q.Encode(), Selected: c.values[o.Code] == value.Code,
			Colour: value.Colour, Exists: exact, Available: exact && offer.Buyable(),
		}
		if one.Selected {
			out.Chosen = one.Label
		}
		if value.Colour != "" {
			out.Kind = "swatch"
		}
		out.Values = append(out.Values, one)
	}
	return out
}

// taxName is what tax is called at the shop's home.
func (v *Visit) taxName() string {
	row, ok := v.Shop.Rates.Rate(tax.Locate(v.Shop.Home()), tax.Standard, v.store.DB.Now())
	if !ok {
		return v.P.T("tax.some")
	}
	return tax.Title(row.Name, v.P)
}

// price is what one of something costs.
func (v *Visit) price(amount, compareAt money.Minor) view.Price {
	p := view.Price{Amount: v.money(amount), TaxIncluded: v.Market.PricesIncludeTax, TaxName: v.taxName()}
	if compareAt > amount {
		was := v.money(compareAt)
		p.Was = &was
		p.Saving = money.Rate(int64(compareAt-amount)*100/int64(compareAt)) * 10_000
	}
	return p
}

// priceFrom is the lowest price of a product's variants.
func (v *Visit) priceFrom(p *catalog.Page) view.Price {
	var low *catalog.Price
	many := false
	for i := range p.Variants {
		price := p.Variants[i].Price
		if price == nil {
			continue
		}
		many = many || low != nil && low.Amount != price.Amount
		if low == nil || price.Amount < low.Amount {
			low = price
		}
	}
	if low == nil {
		return v.price(0, 0)
	}
	out := v.price(low.Amount, 0)
	out.From = many
	return out
}

// delivery estimates when and for how much one piece would arrive at home.
func (v *Visit) delivery(offer *catalog.Offer) view.Delivery {
	home := v.Shop.Home()
	options := shipping.Options(v.Shop.Zones, home, v.Market.Parcel(offer.WeightGrams, offer.Price.Amount))
	if len(options) == 0 {
		return view.Delivery{}
	}
	first := options[0]
	cost := v.money(first.Price)
	return view.Delivery{Window: v.window(first.Method, v.store.DB.Now()), Cost: &cost, To: v.country(home.Country)}
}

// window is when an order placed at an instant would arrive by a method.
func (v *Visit) window(m shipping.Method, at time.Time) view.Window {
	e := v.Shop.Expect(at, m)
	return view.Window{From: e.Earliest, To: e.Latest}
}

// related are a product's own neighbours, and others of its category, or of
// those above it, in the places that stay free.
func (s *Store) related(v *Visit, p *catalog.Page) []*catalog.Card {
	cards := s.Search.Cards(v.Market.PriceListID, p.Related)
	const places = 4
	if p.Category == nil || len(cards) >= places {
		return cards[:min(len(cards), places)]
	}
	for _, above := range slices.Backward(p.Category.Path()) {
		found, err := s.Search.Search(search.Query{Lang: v.lang, ListID: v.Market.PriceListID, Category: above.ID, Limit: 2 * places, NoFacets: true})
		if err != nil {
			break
		}
		for _, h := range found.Hits {
			known := h.Card.ID == p.ID || slices.ContainsFunc(cards, func(c *catalog.Card) bool { return c.ID == h.Card.ID })
			if !known && len(cards) < places {
				cards = append(cards, h.Card)
			}
		}
	}
	return cards
}

// isNew reports whether a product came into the shop lately. What the shop
// opened with is not news.
func (v *Visit) isNew(at time.Time) bool {
	const day = 24 * time.Hour
	return v.store.DB.Now().Sub(at) < 30*day && at.Sub(v.Shop.Shop.OpenedAt) > day
}

func (v *Visit) cards(list []*catalog.Card) []view.ProductCard {
	var out []view.ProductCard
	for _, c := range list {
		out = append(out, v.card(c))
	}
	return out
}

// cardKey names everything a card is made from. A card of the index never
// changes: what changes about a product makes another one.
type cardKey struct {
	card                 *catalog.Card
	lang, list, currency string
	taxIncluded, fresh   bool
}

// card is a product in a list. It comes with a memo, so that what was drawn of
// it is drawn once.
func (v *Visit) card(c *catalog.Card) view.ProductCard {
	key := cardKey{c, v.lang, v.Market.PriceListID, v.Market.Currency, v.Market.PricesIncludeTax, v.isNew(c.CreatedAt)}
	return v.store.cards.get(key, func() view.ProductCard {
		out := v.drawCard(c, key.fresh)
		out.Memo = new(theme.Memo)
		return out
	})
}

func (v *Visit) drawCard(c *catalog.Card, fresh bool) view.ProductCard {
	out := view.ProductCard{Name: v.text(c.Name), URL: v.url("p", v.text(c.Slugs)), New: fresh}
	if len(c.Media) > 0 {
		first := v.picture(c.Media[0])
		out.Image = &first
	}
	if len(c.Media) > 1 {
		second := v.picture(c.Media[1])
		out.Second = &second
	}
	if p, ok := c.Price(v.Market.PriceListID); ok {
		out.Price = v.price(p.Min, p.CompareAt)
		out.Price.From = p.Max > p.Min
		out.SoldOut = !p.Available
	}
	for i, swatch := range c.Swatches {
		if i == 5 {
			out.More = len(c.Swatches) - i
			break
		}
		out.Swatches = append(out.Swatches, view.Swatch{Label: v.text(swatch.Name), Colour: swatch.Colour, URL: link(out.URL, url.Values{swatch.Option: {swatch.Value}})})
	}
	return out
}

// productData is the product for search engines, as schema.org wants it.
func productData(base string, p view.Product) map[string]any {
	availability := "https://schema.org/OutOfStock"
	switch {
	case p.Stock.State == view.BackOrder:
		availability = "https://schema.org/BackOrder"
	case p.Buy.Enabled():
		availability = "https://schema.org/InStock"
	}
	data := map[string]any{
		"@context": "https://schema.org", "@type": "Product", "name": p.Name, "url": base + p.URL,
		"offers": map[string]any{
			"@type": "Offer", "price": p.Price.Amount.Amount.Decimal(p.Price.Amount.Currency),
			"priceCurrency": p.Price.Amount.Currency, "availability": availability,
		},
	}
	if p.SKU != "" {
		data["sku"] = p.SKU
	}
	if p.Brand != nil {
		data["brand"] = map[string]any{"@type": "Brand", "name": p.Brand.Label}
	}
	if p.Intro != "" {
		data["description"] = p.Intro
	}
	var pictures []string
	for _, image := range p.Images {
		pictures = append(pictures, base+image.Large)
	}
	if pictures != nil {
		data["image"] = pictures
	}
	return data
}

// moved leads from an old address to the current one, query kept (rule B23).
func moved(w http.ResponseWriter, r *http.Request, to string) error {
	if r.URL.RawQuery != "" {
		to += "?" + r.URL.RawQuery
	}
	w.Header().Set("Cache-Control", "no-cache")
	http.Redirect(w, r, to, http.StatusMovedPermanently)
	return nil
}

// elsewhere answers for an address that is no current one of a kind: where its
// object lives now, or not at all.
func (s *Store) elsewhere(w http.ResponseWriter, r *http.Request, f *furniture, kind slug.Kind) error {
	v := s.visit(r)
	hit, ok, err := slug.Find(r.Context(), s.DB, kind, v.lang, v.fallback(), r.PathValue("slug"))
	if err != nil {
		return err
	}
	target := slug.Target{Kind: kind, ID: hit.ObjectID}
	if hit.Gone() {
		target = hit.GoneTo
	}
	if to := s.target(r.Context(), f, v, target); ok && to != "" && to != r.URL.EscapedPath() {
		return moved(w, r, to)
	}
	if ok && hit.Gone() {
		return gone()
	}
	return notFound()
}
