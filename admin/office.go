package admin

import (
	"context"
	"fmt"
	"io/fs"
	"log/slog"
	"net/http"
	"slices"
	"time"

	"github.com/stoashop/stoa/guard/audit"
	"github.com/stoashop/stoa/guard/policy"
	"github.com/stoashop/stoa/guard/staff"
	"github.com/stoashop/stoa/kit/locale"
	"github.com/stoashop/stoa/platform/db"
	"github.com/stoashop/stoa/platform/theme"
	"github.com/stoashop/stoa/platform/web"
	"github.com/stoashop/stoa/platform/web/once"
)

// Prefix is where the back office begins.
const Prefix = "/admin"

// Shop is what the back office needs to know of the shop it belongs to, read
// anew for every request.
type Shop struct {
	Name      string         // "" before the shop is set up
	URL       string         // the storefront
	Zone      *time.Location // in which times are told; nil means UTC
	Languages []string       // of the shop's texts, the first is the fallback
	Currency  string         // of prices that staff type
	PriceList string         // id of the list these prices are kept in
	Classes   []TaxClass     // that goods can have
}

// TaxClass is a group of goods that are taxed alike.
type TaxClass struct {
	ID   string
	Name locale.Text
}

// Options is what an office is made of.
type Options struct {
	DB      *db.DB
	Words   *locale.Catalog
	Staff   *staff.Service
	Once    *once.Service
	Cookies web.Cookies
	Log     *slog.Logger
	Shop    func(ctx context.Context) Shop
	Screens []Screen
	Layers  []fs.FS // of a site that looks different, most specific first

	// Refused is told of every 403, for the audit log; it may be nil.
	Refused func(r *http.Request, route policy.Route, id policy.Identity)
}

// Screen is one room of the back office: its place among the nouns, its
// routes with their policies, its pages.
type Screen struct {
	Nouns  []Noun
	Do     []Command
	Pages  fs.FS // laid out as platform/theme expects
	Routes func(o *Office) []policy.Route

	// Find looks for a person's words among the screen's things, for the
	// command bar; nil when it has nothing to offer. It is asked only for
	// those who may see what it finds.
	Find           func(ctx context.Context, d *Desk, words string) ([]FindGroup, error)
	FindPermission policy.Permission
}

// Noun is an entry of the navigation.
type Noun struct {
	Label      string // message key
	URL        string
	Icon       string
	Key        string // second letter of the keyboard's "g …"
	Group      int    // 0 the trade, 1 letters and files, 2 the foot
	Place      int    // order within the group
	Tab        int    // place in the bottom bar of phones, 1..4; 0 for none
	Permission policy.Permission

	// Waiting counts what waits for a person behind the noun; it may be nil.
	Waiting func(ctx context.Context) (int64, error)
}

// Command is something that the command bar can begin.
type Command struct {
	Label      string // message key
	URL        string
	Icon       string
	Permission policy.Permission
}

// Office is the back office, ready to be served.
type Office struct {
	Options
	Theme *theme.Theme
	Door  *web.Door
	table policy.Table
	nouns []Noun
}

// New puts the office together. It fails when a template is broken, a message
// is missing or a route has no policy.
func New(o Options) (*Office, error) {
	layers := slices.Clone(o.Layers)
	for _, s := range o.Screens {
		if s.Pages != nil {
			layers = append(layers, s.Pages)
		}
	}
	th, err := theme.New(theme.Options{Catalog: o.Words, Layers: append(layers, Layers()...), AssetPrefix: Prefix + "/assets/"})
	if err != nil {
		return nil, fmt.Errorf("back office: %w", err)
	}
	office := &Office{Options: o, Theme: th}
	office.Door = &web.Door{
		Log:     o.Log,
		Printer: func(r *http.Request) *locale.Printer { return office.Desk(r).P },
		Page:    office.faultPage,
		CSP:     web.CSP{Frames: []string{"'self'"}, Images: []string{"data:"}}.String(),
	}
	for _, s := range o.Screens {
		office.nouns = append(office.nouns, s.Nouns...)
		if s.Routes != nil {
			office.table.Add(s.Routes(office)...)
		}
	}
	keys := make(map[string]string, len(office.nouns))
	for _, n := range office.nouns {
		if other, taken := keys[n.Key]; taken && n.Key != "" {
			return nil, fmt.Errorf("back office: %s and %s have the same key %q", other, n.Label, n.Key)
		}
		keys[n.Key] = n.Label
	}
	slices.SortStableFunc(office.nouns, func(a, b Noun) int {
		if a.Group != b.Group {
			return a.Group - b.Group
		}
		return a.Place - b.Place
	})
	office.table.Add(office.doorRoutes()...)
	office.table.Add(policy.Route{Name: "admin.assets", Method: http.MethodGet, Pattern: Prefix + "/assets/{file...}", Who: policy.Public, Handler: web.Sure(th.Assets())})
	return office, nil
}

// Routes is the table of everything that can be asked of the office.
func (o *Office) Routes() []policy.Route { return o.table.Routes() }

// Handler serves the office below Prefix, its assets included.
func (o *Office) Handler() (*policy.Served, error) {
	routes, err := o.table.Handler(policy.Options{
		Door:      o.Door,
		Identify:  o.identify,
		AskSignIn: policy.Redirect(Prefix + "/sign-in"),
		Refused:   o.Refused,
	})
	if err != nil {
		return nil, fmt.Errorf("back office: %w", err)
	}
	return routes.Around(func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			d := &Desk{office: o}
			next.ServeHTTP(w, r.WithContext(context.WithValue(r.Context(), deskKey{}, d)))
		})
	}), nil
}

// Desk is who is at work in a request, and in which words they are answered.
type Desk struct {
	P      *locale.Printer
	Shop   Shop
	Me     policy.Identity
	Person staff.Person
	office *Office
}

type deskKey struct{}

// Desk returns the desk of a request. Handlers of the office always have one.
func (o *Office) Desk(r *http.Request) *Desk {
	d, _ := r.Context().Value(deskKey{}).(*Desk)
	if d == nil {
		d = &Desk{office: o}
	}
	if d.P == nil {
		d.Shop = o.Shop(r.Context())
		d.P = o.Words.Printer(o.language(r, d), d.Shop.Zone)
	}
	return d
}

// Actor is who the change log names for what is done in a request.
func (d *Desk) Actor() audit.Actor { return audit.Staff(d.Me.ID) }

// Can reports whether the person may do something.
func (d *Desk) Can(p policy.Permission) bool { return d.Me.Can(p) }

const (
	sessionCookie = "stoa_staff"
	lookCookie    = "stoa_look"
	tongueCookie  = "stoa_tongue"
)

// language is the member's own, else what was last chosen here, else what the
// browser asks for.
func (o *Office) language(r *http.Request, d *Desk) string {
	speaks := o.Words.Languages()
	if slices.Contains(speaks, d.Person.Locale) {
		return d.Person.Locale
	}
	if lang, ok := o.Cookies.Get(r, tongueCookie); ok && slices.Contains(speaks, lang) {
		return lang
	}
	return o.Words.Match(r.Header.Get("Accept-Language"))
}

func (o *Office) identify(r *http.Request) (policy.Identity, error) {
	token, ok := o.Cookies.Get(r, sessionCookie)
	if !ok {
		return policy.Identity{}, nil
	}
	id, person, err := o.Staff.Identify(r.Context(), token)
	if err != nil {
		return policy.Identity{}, err
	}
	if d, _ := r.Context().Value(deskKey{}).(*Desk); d != nil {
		d.Me, d.Person = id, person
	}
	return id, nil
}

// Get declares a screen that is looked at.
func (o *Office) Get(name, pattern string, p policy.Permission, h web.Handler) policy.Route {
	return policy.Route{Name: "admin." + name, Method: http.MethodGet, Pattern: Prefix + pattern, Who: policy.Staff, Permission: p, Handler: h}
}

// Post declares a form that changes something. Sent twice, it is carried out
// once: the page's one-time key tells repeats.
func (o *Office) Post(name, pattern string, p policy.Permission, h web.Handler) policy.Route {
	return policy.Route{
		Name: "admin." + name, Method: http.MethodPost, Pattern: Prefix + pattern, Who: policy.Staff, Permission: p,
		Handler: o.Once.Guard(once.Rule{Door: o.Door, Scope: func(r *http.Request) string { return policy.Of(r.Context()).Session }, Form: true}, h),
	}
}

// Upload declares a form that carries files of at most size bytes together.
// Repeats are told by what is in the files, not by a key.
func (o *Office) Upload(name, pattern string, p policy.Permission, size int64, h web.Handler) policy.Route {
	return policy.Route{Name: "admin." + name, Method: http.MethodPost, Pattern: Prefix + pattern, Who: policy.Staff, Permission: p, Body: size, Handler: h}
}

// Limits are the decoder's bounds for a form typed at this desk.
func (d *Desk) Limits() web.Limits {
	return web.Limits{Currency: d.Shop.Currency, Lang: d.P.Lang(), Zone: d.Shop.Zone}
}

// Page answers a request with a page of the theme. status is 200, or what
// web.Status says of the error that the page shows.
func (o *Office) Page(w http.ResponseWriter, r *http.Request, status int, page string, view any) error {
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	return o.Theme.Render(&late{w, status}, o.Desk(r).P, page, view)
}

// late writes the status just before the first byte, so that a page which
// fails to render can still be answered with an error.
type late struct {
	w      http.ResponseWriter
	status int
}

func (l *late) Write(b []byte) (int, error) {
	if l.status != 0 {
		l.w.WriteHeader(l.status)
		l.status = 0
	}
	return l.w.Write(b)
}

// faultPage draws an error with as much of the frame as is known.
func (o *Office) faultPage(r *http.Request, p web.Problem) ([]byte, error) {
	f, err := o.Frame(r, p.Title, "")
	if err != nil {
		return nil, err
	}
	view := FaultView{Frame: f, Text: p.Detail}
	if p.Status >= 500 {
		view.Request = p.Instance
	}
	page := "fault"
	if !o.Desk(r).Me.Known() {
		page = "fault_outside"
	}
	var b buffer
	if err := o.Theme.Render(&b, o.Desk(r).P, page, view); err != nil {
		return nil, err
	}
	return b, nil
}

type buffer []byte

func (b *buffer) Write(p []byte) (int, error) { *b = append(*b, p...); return len(p), nil }
