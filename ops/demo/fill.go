package demo

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"maps"
	"runtime"
	"slices"
	"strings"
	"sync/atomic"

	"golang.org/x/sync/errgroup"

	"github.com/stoashop/stoa/commerce/catalog"
	"github.com/stoashop/stoa/commerce/content"
	"github.com/stoashop/stoa/commerce/custom"
	"github.com/stoashop/stoa/commerce/inventory"
	"github.com/stoashop/stoa/commerce/market"
	"github.com/stoashop/stoa/commerce/media"
	"github.com/stoashop/stoa/commerce/payment"
	"github.com/stoashop/stoa/commerce/shipping"
	"github.com/stoashop/stoa/commerce/slug"
	"github.com/stoashop/stoa/guard/audit"
	"github.com/stoashop/stoa/kit/fault"
	"github.com/stoashop/stoa/kit/money"
	"github.com/stoashop/stoa/platform/db"
	"github.com/stoashop/stoa/platform/upload"
)

// Services are the parts of a shop through which it is filled.
type Services struct {
	DB       *db.DB
	Market   *market.Service
	Shipping *shipping.Service
	Fields   *custom.Service
	Catalog  *catalog.Service
	Stock    *inventory.Service
	Content  *content.Service
	Payments *payment.Service
	Upload   Taker
}

// Taker takes pictures in; *upload.Service is one.
type Taker interface {
	Picture(ctx context.Context, r io.Reader) (upload.Picture, error)
}

// Options say how a shop is filled. The zero value is the demo as it is.
type Options struct {
	// Products is how many products there shall be in the end. When it is more
	// than the demo has, further ones are made out of them: other names,
	// prices and values, the same photographs. The same number makes the same
	// products.
	Products int

	// Progress is told how many of the steps are done; nil for nobody. It is
	// called from several goroutines.
	Progress func(done, total int)
}

// Fill opens a fresh shop and furnishes it. Everything of the demo appears at
// once: pictures are taken in first, and one transaction does the rest. Further
// products (Options.Products) follow in portions, each product whole or not at
// all.
//
// The database is marked as a demo's (see Look) in the transaction that opens
// the shop. A shop that is open already is left as it is, and filled is false;
// so it is when another process fills the same database and is done first.
func Fill(ctx context.Context, s Services, o Options) (filled bool, err error) {
	settings, err := market.Load(ctx, s.DB)
	if err != nil || settings.Open() {
		return false, err
	}
	d, err := Load()
	if err != nil {
		return false, err
	}
	more := max(0, o.Products-len(d.Products))
	f := &filler{Demo: d, s: s, actor: audit.System("demo"), total: len(d.Images) + more, progress: o.Progress}
	if err := f.pictures(ctx); err != nil {
		return false, err
	}
	err = s.DB.InTx(ctx, f.furnish)
	if fault.Reason(err) == "market.already_open" {
		if now, lookErr := Look(ctx, s.DB); lookErr == nil && now.Demo {
			return false, nil
		}
	}
	if err != nil {
		return false, fmt.Errorf("furnish the demo: %w", err)
	}
	return true, f.multiply(ctx, more)
}

// filler fills one shop.
type filler struct {
	*Demo
	s        Services
	actor    audit.Actor
	total    int
	done     atomic.Int64
	progress func(done, total int)
	taken    map[string]upload.Picture // by picture id

	// What furnish made, by code or handle. A transaction may run more than
	// once, so furnish begins by making all of them anew.
	media, categories, products, collections, pages map[string]string
	list, class, location                           string
}

func (f *filler) step(n int) {
	done := f.done.Add(int64(n))
	if f.progress != nil {
		f.progress(int(done), f.total)
	}
}

// pictures takes all pictures in.
func (f *filler) pictures(ctx context.Context) error {
	taken := make([]upload.Picture, len(f.Images))
	g, ctx := errgroup.WithContext(ctx)
	g.SetLimit(runtime.GOMAXPROCS(0))
	for i, img := range f.Images {
		g.Go(func() error {
			data, err := Master(img)
			if err != nil {
				return err
			}
			if taken[i], err = f.s.Upload.Picture(ctx, bytes.NewReader(data)); err != nil {
				return fmt.Errorf("picture %s: %w", img.File, err)
			}
			f.step(1)
			return nil
		})
	}
	if err := g.Wait(); err != nil {
		return err
	}
	f.taken = make(map[string]upload.Picture, len(taken))
	for i, img := range f.Images {
		f.taken[img.ID] = taken[i]
	}
	return nil
}

// furnish makes everything but the pictures' bytes.
func (f *filler) furnish(ctx context.Context, tx *db.Tx) error {
	for _, ids := range []*map[string]string{&f.media, &f.categories, &f.products, &f.collections, &f.pages} {
		*ids = make(map[string]string)
	}
	for _, step := range []struct {
		what string
		do   func(context.Context, *db.Tx) error
	}{
		{"open", f.open},
		{"delivery", f.delivery},
		{"payments", f.payments},
		{"fields", f.fields},
		{"pictures", f.note},
		{"categories", f.tree},
		{"goods", f.goods},
		{"collections", f.gather},
		{"pages", f.write},
		{"home page", f.arrange},
	} {
		if err := step.do(ctx, tx); err != nil {
			return fmt.Errorf("%s: %w", step.what, err)
		}
	}
	return nil
}

// open sets the shop up and says who it is.
func (f *filler) open(ctx context.Context, tx *db.Tx) error {
	a := f.Shop.Address
	address := market.Address{Company: a.Company, Line1: a.Line1, Postcode: a.Postcode, City: a.City, Country: a.Country}
	setup := market.Suggest(a.Country)
	setup.Name, setup.Email, setup.Address, setup.Currency, setup.Languages, setup.Zone =
		f.Shop.Name, f.Shop.Email, address, f.Shop.Currency, f.Shop.Languages, f.Shop.Zone
	if err := f.s.Market.SetUp(ctx, tx, f.actor, setup); err != nil {
		return err
	}
	if err := mark(ctx, tx, len(f.Products)); err != nil {
		return err
	}
	settings, err := market.Load(ctx, tx)
	if err != nil {
		return err
	}
	shop := settings.Shop
	shop.Phone, shop.BankDetails = f.Shop.Phone, f.Shop.BankDetails
	shop.CutOff, shop.ClosedDays = f.Shop.CutOff, f.Shop.ClosedDays
	shop.StockDisplay, shop.FewThreshold, shop.MaxPerLine = f.Shop.StockDisplay, f.Shop.FewThreshold, f.Shop.MaxPerLine
	if _, err := f.s.Market.SaveShop(ctx, tx, f.actor, shop); err != nil {
		return err
	}
	f.list, f.class = settings.Default().PriceListID, settings.ClassID("standard")
	for _, z := range settings.Zones { // the demo brings its own
		if err := f.s.Shipping.DeleteZone(ctx, tx, f.actor, z.ID, z.Version); err != nil {
			return err
		}
	}
	l := f.Shop.Location
	location, err := f.s.Stock.SaveLocation(ctx, tx, f.actor, inventory.Location{Code: l.Code, Name: l.Name, Country: l.Country, Position: 1, Active: true})
	f.location = location.ID
	return err
}

// payments fills in what shoppers need to know to pay.
func (f *filler) payments(ctx context.Context, tx *db.Tx) error {
	for _, id := range slices.Sorted(maps.Keys(f.Shop.Payments)) {
		if err := f.s.Payments.Save(ctx, tx, f.actor, id, true, f.Shop.Payments[id], 0); err != nil {
			return err
		}
	}
	return nil
}

func (f *filler) delivery(ctx context.Context, tx *db.Tx) error {
	var named []string
	for _, z := range f.Shipping {
		named = append(named, z.Countries...)
	}
	for i, z := range f.Shipping {
		countries := []string(z.Countries)
		if slices.Equal(countries, []string{"EU"}) {
			countries = slices.DeleteFunc(market.EU(), func(c string) bool { return slices.Contains(named, c) })
		}
		zone := shipping.Zone{Name: z.Name, Position: i + 1}
		for _, c := range countries {
			zone.Places = append(zone.Places, shipping.Place{Country: c})
		}
		zone, err := f.s.Shipping.SaveZone(ctx, tx, f.actor, zone)
		if err != nil {
			return err
		}
		for j, m := range z.Methods {
			method := shipping.Method{
				ZoneID: zone.ID, Code: m.Code, Name: m.Name, Kind: shipping.ByWeight, Currency: f.Shop.Currency,
				FreeFrom: m.FreeFrom, DaysMin: m.Days[0], DaysMax: m.Days[1], Position: j + 1, Active: true,
			}
			for _, r := range m.Rates {
				method.Rates = append(method.Rates, shipping.Rate{MaxGrams: r[0], Price: money.Minor(r[1])})
			}
			if _, err := f.s.Shipping.SaveMethod(ctx, tx, f.actor, method); err != nil {
				return err
			}
		}
	}
	return nil
}

func (f *filler) fields(ctx context.Context, tx *db.Tx) error {
	for _, field := range f.Fields {
		if _, err := f.s.Fields.Create(ctx, tx, f.actor, field); err != nil {
			return fmt.Errorf("%s: %w", field.Code, err)
		}
	}
	return nil
}

// note enters the pictures that have been taken in.
func (f *filler) note(ctx context.Context, tx *db.Tx) error {
	for _, img := range f.Images {
		p := f.taken[img.ID]
		m, err := media.Add(ctx, tx, f.actor, media.Input{
			Hash: p.Hash, Mime: p.Mime, Width: p.Width, Height: p.Height, Bytes: p.Bytes, Colour: p.Colour, Name: img.File, Alt: img.Alt,
		})
		if err != nil {
			return fmt.Errorf("%s: %w", img.File, err)
		}
		f.media[img.ID] = m.ID
	}
	return nil
}

func (f *filler) tree(ctx context.Context, tx *db.Tx) error {
	for _, c := range f.Categories {
		saved, err := f.s.Catalog.SaveCategory(ctx, tx, f.actor, catalog.Category{
			ParentID: f.categories[c.Parent], Name: c.Name, Description: c.Description,
			SEOTitle: c.SEOTitle, SEODescription: c.SEODescription, MediaID: f.media[c.Image],
		})
		if err != nil {
			return fmt.Errorf("%s: %w", c.Code, err)
		}
		f.categories[c.Code] = saved.ID
	}
	return nil
}

// goods makes the products, then says which go together, then fills the
// shelves.
func (f *filler) goods(ctx context.Context, tx *db.Tx) error {
	drafts := make([]catalog.Product, len(f.Products))
	for i, p := range f.Products {
		drafts[i] = f.product(p)
		if p.Status == catalog.Scheduled {
			drafts[i].PublishAt = tx.Now().AddDate(0, 0, p.PublishInDays)
		}
	}
	saved, err := f.s.Catalog.SaveAll(ctx, tx, f.actor, drafts)
	if err != nil {
		return err
	}
	for _, p := range saved {
		f.products[p.Handle] = p.ID
	}
	for i, p := range f.Products {
		for _, handle := range p.Related {
			saved[i].Related = append(saved[i].Related, f.products[handle])
		}
	}
	if saved, err = f.s.Catalog.SaveAll(ctx, tx, f.actor, saved); err != nil {
		return err
	}
	return f.shelve(ctx, tx, saved, f.Products)
}

// product is a product of the demo as the catalogue takes it.
func (f *filler) product(p Product) catalog.Product {
	out := catalog.Product{
		Handle: p.Handle, Status: p.Status, Brand: p.Brand, Name: p.Name, Subtitle: p.Subtitle, Description: p.Description,
		SEOTitle: p.SEOTitle, SEODescription: p.SEODescription, TaxClassID: f.class, Tags: p.Tags, Fields: p.Fields,
		CategoryID: f.categories[p.Category],
		Categories: []string{f.categories[p.Category]},
		Media:      f.mediaIDs(p.Images),
	}
	if out.Status == "" {
		out.Status = catalog.Active
	}
	for _, o := range p.Options {
		option := catalog.Option{Code: o.Code, Name: o.Name}
		for _, v := range o.Values {
			option.Values = append(option.Values, catalog.OptionValue{Code: v.Code, Name: v.Name, Colour: v.Colour})
		}
		out.Options = append(out.Options, option)
	}
	for _, v := range p.Variants {
		out.Variants = append(out.Variants, catalog.Variant{
			SKU: v.SKU, Values: v.Values, Status: catalog.Active, Tracked: true,
			WeightGrams: v.Grams, LengthMM: v.SizeMM[0], WidthMM: v.SizeMM[1], HeightMM: v.SizeMM[2],
			HSCode: p.HSCode, Origin: p.Origin, MediaID: f.media[v.Image], Fields: v.Fields,
			Prices: []catalog.Price{{ListID: f.list, Currency: f.Shop.Currency, Amount: v.Price, CompareAt: v.CompareAt}},
		})
	}
	return out
}

func (f *filler) mediaIDs(images []string) []string {
	ids := make([]string, len(images))
	for i, id := range images {
		ids[i] = f.media[id]
	}
	return ids
}

// shelve puts the first stock of saved products on the shelf. wanted holds
// the same products in the same order.
func (f *filler) shelve(ctx context.Context, tx *db.Tx, saved []catalog.Product, wanted []Product) error {
	var changes []inventory.Change
	for i, p := range wanted {
		for j, v := range p.Variants {
			if v.Stock > 0 {
				changes = append(changes, inventory.Change{VariantID: saved[i].Variants[j].ID, LocationID: f.location, Delta: v.Stock})
			}
		}
	}
	return f.s.Stock.Adjust(ctx, tx, f.actor, inventory.Opening, changes)
}

func (f *filler) gather(ctx context.Context, tx *db.Tx) error {
	for i, c := range f.Collections {
		saved, err := f.s.Catalog.SaveCollection(ctx, tx, f.actor, catalog.Collection{
			Code: c.Code, Rule: f.rule(c.Rule), Position: i + 1, Name: c.Name, Description: c.Description,
			SEOTitle: c.SEOTitle, SEODescription: c.SEODescription, MediaID: f.media[c.Image],
		})
		if err != nil {
			return fmt.Errorf("%s: %w", c.Code, err)
		}
		f.collections[c.Code] = saved.ID
		if c.Rule != nil {
			continue
		}
		ids := make([]string, len(c.Products))
		for j, handle := range c.Products {
			ids[j] = f.products[handle]
		}
		if err := f.s.Catalog.SetCollectionProducts(ctx, tx, f.actor, saved.ID, ids); err != nil {
			return fmt.Errorf("%s: %w", c.Code, err)
		}
	}
	return nil
}

// rule returns a rule in which categories are named by id.
func (f *filler) rule(r *catalog.Rule) *catalog.Rule {
	if r == nil {
		return nil
	}
	out := catalog.Rule{Any: r.Any, Conditions: slices.Clone(r.Conditions)}
	for i, c := range out.Conditions {
		if c.On == catalog.OnCategory {
			out.Conditions[i].Text = f.categories[c.Text]
		}
	}
	return &out
}

func (f *filler) write(ctx context.Context, tx *db.Tx) error {
	for i, p := range f.Pages {
		saved, err := f.s.Content.SavePage(ctx, tx, f.actor, content.Page{
			Code: p.Code, Menu: content.Menu(p.Menu), Position: i + 1, Title: p.Title, Body: p.Body, SEODescription: p.SEODescription,
		})
		if err != nil {
			return fmt.Errorf("%s: %w", p.Code, err)
		}
		f.pages[p.Code] = saved.ID
	}
	return nil
}

func (f *filler) arrange(ctx context.Context, tx *db.Tx) error {
	for i, b := range f.Home {
		block := content.Block{
			Place: content.Place(b.Place), Kind: content.BlockKind(b.Kind), Title: b.Title, Body: b.Body, Action: b.Action, MediaID: f.media[b.Image],
		}
		switch kind, code, _ := strings.Cut(b.Target, ":"); kind {
		case "category":
			block.Target = slug.Target{Kind: slug.Category, ID: f.categories[code]}
		case "collection":
			block.Target = slug.Target{Kind: slug.Collection, ID: f.collections[code]}
		case "page":
			block.Target = slug.Target{Kind: slug.Page, ID: f.pages[code]}
		}
		if _, err := f.s.Content.SaveBlock(ctx, tx, f.actor, block); err != nil {
			return fmt.Errorf("block %d: %w", i, err)
		}
	}
	return nil
}
