package storefront

import (
	"context"
	"net/http"
	"strconv"
	"strings"

	"github.com/stoashop/stoa/commerce/content"
	"github.com/stoashop/stoa/commerce/search"
	"github.com/stoashop/stoa/commerce/slug"
	"github.com/stoashop/stoa/guard/policy"
	"github.com/stoashop/stoa/platform/db"
	"github.com/stoashop/stoa/platform/web"
	"github.com/stoashop/stoa/platform/web/once"
	"github.com/stoashop/stoa/storefront/view"
)

func (s *Store) contentRoutes() []policy.Route {
	write := post("contact.send", "/contact", policy.Nothing, s.writeToUs)
	write.Handler = s.Once.Guard(once.Rule{Door: s.Door, Scope: func(r *http.Request) string { return web.ClientIP(r.Context()).String() }, Form: true}, s.writeToUs)
	return []policy.Route{
		get("page", "/pages/{slug}", policy.Nothing, s.article),
		get("contact", "/contact", policy.Nothing, s.contactPage),
		get("contact.sent", "/contact/sent", policy.Nothing, s.contactSent),
		write,
	}
}

// home shows the blocks the merchant arranged, or a page made from the
// catalogue when there are none.
func (s *Store) home(w http.ResponseWriter, r *http.Request) error {
	v := s.visit(r)
	page, err := s.page(r, "", func(lang string) string { return address(lang) })
	if err != nil {
		return err
	}
	f, err := s.furniture.Get(r.Context())
	if err != nil {
		return err
	}
	blocks, err := s.Content.Blocks(r.Context(), content.Home, false)
	if err != nil {
		return err
	}
	out := view.HomePage{Page: page}
	stories := 0
	for _, b := range blocks {
		block, ok := s.block(r.Context(), f, v, b)
		if !ok {
			continue
		}
		if block.Story != nil {
			block.Story.Flip = stories%2 == 1
			stories++
		}
		if block.Hero != nil && out.Head.Image == "" && block.Hero.Image != nil {
			out.Head.Image = s.Base + block.Hero.Image.Src
		}
		out.Blocks = append(out.Blocks, block)
	}
	if len(blocks) == 0 {
		out.Blocks = s.plainHome(f, v)
	}
	out.Head.Data = map[string]any{"@context": "https://schema.org", "@type": "Organization", "name": page.Shop.Name, "url": s.Base}
	browse(w)
	return s.show(w, r, http.StatusOK, "home", out)
}

// plainHome is the home page of a shop that has arranged nothing yet.
func (s *Store) plainHome(f *furniture, v *Visit) []view.Block {
	blocks := []view.Block{{Hero: &view.Hero{Title: v.Shop.Shop.Name}}}
	if tiles := f.tiles(v); tiles != nil {
		blocks = append(blocks, view.Block{Categories: &view.CategoryRow{Title: v.P.T("storefront.home.categories"), Tiles: tiles}})
	}
	if cards := s.newest(v, 8); cards != nil {
		blocks = append(blocks, view.Block{Products: &view.ProductRow{Title: v.P.T("storefront.home.new"), Products: cards}})
	}
	return blocks
}

// block turns a stored block into what the page shows; ok is false when there
// is nothing to show.
func (s *Store) block(ctx context.Context, f *furniture, v *Visit, b content.Shown) (out view.Block, ok bool) {
	title := v.text(b.Title)
	var image *view.Image
	if b.Media != nil {
		p := v.picture(*b.Media)
		image = &p
	}
	var link *view.Link
	if to := s.target(ctx, f, v, b.Target); to != "" && v.text(b.Action) != "" {
		link = &view.Link{Label: v.text(b.Action), URL: to}
	}
	switch b.Kind {
	case content.Hero:
		out.Hero = &view.Hero{Image: image, Title: title, Text: v.text(b.Body), Link: link}
	case content.Categories:
		out.Categories = &view.CategoryRow{Title: title, Tiles: f.tiles(v)}
		return out, len(out.Categories.Tiles) > 0
	case content.Products:
		q := search.Query{Sort: search.Featured}
		switch b.Target.Kind {
		case slug.Category:
			q.Category = b.Target.ID
		case slug.Collection:
			q.Collection = b.Target.ID
		default:
			q.Sort = search.Newest
		}
		out.Products = &view.ProductRow{Title: title, Text: v.text(b.Body), Link: link, Products: v.cards(s.someOf(v, q, 4))}
		return out, len(out.Products.Products) > 0
	case content.Story:
		out.Story = &view.Story{Image: image, Title: title, Text: s.Content.HTML(v.text(b.Body)), Link: link}
	case content.Notice:
		out.Text = &view.TextBlock{Title: title, Text: s.Content.HTML(v.text(b.Body))}
	default:
		return out, false
	}
	return out, true
}

// article shows a page of the merchant's.
func (s *Store) article(w http.ResponseWriter, r *http.Request) error {
	v := s.visit(r)
	found, err := s.Content.At(r.Context(), v.lang, r.PathValue("slug"))
	if err != nil {
		return err
	}
	if found.MovedTo != "" {
		return moved(w, r, v.url("pages", found.MovedTo))
	}
	if found.Page == nil {
		f, err := s.furniture.Get(r.Context())
		if err != nil {
			return err
		}
		if to := s.target(r.Context(), f, v, found.Elsewhere); to != "" {
			return moved(w, r, to)
		}
		return gone()
	}
	p := *found.Page
	if p.Code == contactCode {
		return moved(w, r, v.url("contact"))
	}
	page, err := s.page(r, v.text(p.Title), func(lang string) string {
		if here := p.Slugs[lang]; here != "" {
			return address(lang, "pages", here)
		}
		return ""
	})
	if err != nil {
		return err
	}
	page.Head.Description = v.text(p.SEODescription)
	out := view.ContentPage{Page: page, Title: v.text(p.Title), Body: s.Content.HTML(v.text(p.Body))}
	if p.Menu == content.LegalMenu {
		out.Updated = p.UpdatedAt
	}
	if p.Menu == content.HelpMenu || p.Menu == content.LegalMenu {
		side, err := s.Content.Menu(r.Context(), p.Menu)
		if err != nil {
			return err
		}
		for _, other := range side {
			out.Side = append(out.Side, view.Link{Label: v.text(other.Title), URL: v.pageURL(other), Current: other.ID == p.ID})
		}
		if len(out.Side) < 2 {
			out.Side = nil
		}
	}
	browse(w)
	return s.show(w, r, http.StatusOK, "content", out)
}

func (s *Store) contactPage(w http.ResponseWriter, r *http.Request) error {
	return s.showContact(w, r, form{}, http.StatusOK)
}

func (s *Store) showContact(w http.ResponseWriter, r *http.Request, f form, status int) error {
	v := s.visit(r)
	page, err := s.page(r, v.P.T("storefront.contact.title"), nil)
	if err != nil {
		return err
	}
	field := func(name, label, kind, value string, max int) view.Field {
		return view.Field{Name: name, Label: v.P.T("storefront.field." + label), Type: kind, Value: value, Required: true, MaxLength: max}
	}
	name := field("name", "name", "text", v.Person.Name, 200)
	name.Autocomplete, name.Size = "name", "half"
	email := field("email", "email", "email", v.Person.Email, 254)
	email.Autocomplete, email.Size = "email", "half"
	number := field("order", "order_number", "text", cut(r.URL.Query().Get("order"), 20), 40)
	number.Required = false
	message := field("message", "message", "textarea", "", 5000)
	out := view.ContactPage{Page: page, Form: view.Form{
		Action: v.url("contact"), Problem: f.note, Fields: f.fill([]view.Field{name, email, number, message}),
		Hidden: []view.Hidden{{Name: web.FormKeyField, Value: once.NewKey()}},
	}}
	if about, err := s.Content.ByCode(r.Context(), contactCode); err == nil {
		out.Intro = s.Content.HTML(v.text(about.Body))
	}
	return s.show(w, r, status, "contact", out)
}

// writeToUs keeps a message. Sent twice it is kept once: the page's key tells.
func (s *Store) writeToUs(w http.ResponseWriter, r *http.Request) error {
	v := s.visit(r)
	in, raw, err := web.DecodeForm[struct {
		Name    string `form:"name"`
		Email   string `form:"email"`
		Order   string `form:"order"`
		Message string `form:"message" multiline:"true" max:"20000"`
	}](r, formLimits())
	if err == nil {
		err = s.Once.Do(w, r, func(ctx context.Context, tx *db.Tx) (once.Response, error) {
			_, err := s.Content.Send(ctx, tx, content.Message{Name: in.Name, Email: in.Email, Order: in.Order, Text: in.Message, Lang: v.lang})
			return once.SeeOther(v.url("contact", "sent")), err
		})
	}
	if err == nil || !correctable(err) {
		return err
	}
	if seconds, ok := faultOf(err).Params["retry_after"].(int64); ok {
		w.Header().Set("Retry-After", strconv.FormatInt(seconds, 10))
	}
	return s.showContact(w, r, v.typed(raw, err), web.Status(err))
}

func (s *Store) contactSent(w http.ResponseWriter, r *http.Request) error {
	v := s.visit(r)
	page, err := s.private(r, v.P.T("storefront.contact.title"))
	if err != nil {
		return err
	}
	for i := range page.Languages {
		page.Languages[i].URL = strings.TrimSuffix(page.Languages[i].URL, "/sent")
	}
	return s.show(w, r, http.StatusOK, "contact", view.ContactPage{Page: page, Sent: true})
}
