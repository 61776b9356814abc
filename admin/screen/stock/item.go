package stock

import (
	"context"
	"net/http"
	"strconv"
	"strings"

	"github.com/stoashop/stoa/admin"
	"github.com/stoashop/stoa/commerce/catalog"
	"github.com/stoashop/stoa/commerce/inventory"
	"github.com/stoashop/stoa/guard/audit"
	"github.com/stoashop/stoa/guard/policy"
	"github.com/stoashop/stoa/kit/fault"
	"github.com/stoashop/stoa/kit/id"
	"github.com/stoashop/stoa/platform/db"
	"github.com/stoashop/stoa/platform/web"
	"github.com/stoashop/stoa/platform/web/once"
)

// reasons are why a person corrects stock; they go into the movement's note,
// in the words of the person.
func reasons() []string {
	return []string{"delivery", "counted", "damaged", "lost", "returned", "other"}
}

const history = 20

// variant reads what the page is about.
func (s *screen) variant(r *http.Request) (*catalog.Line, error) {
	v := r.PathValue("id")
	missing := fault.New(fault.NotFound, "catalog.unknown_variant")
	if !id.Valid("var", v) {
		return nil, missing
	}
	lines, err := s.Catalog.Lines(r.Context(), s.DB, s.o.Desk(r).Shop.PriceList, []string{v})
	if err != nil {
		return nil, err
	}
	if lines[v] == nil {
		return nil, missing
	}
	return lines[v], nil
}

func (s *screen) item(w http.ResponseWriter, r *http.Request) error {
	l, err := s.variant(r)
	if err != nil {
		return err
	}
	return s.page(w, r, l, admin.Typed{}, admin.Typed{}, nil)
}

func (s *screen) page(w http.ResponseWriter, r *http.Request, l *catalog.Line, adjust, rules admin.Typed, cause error) error {
	d := s.o.Desk(r)
	ctx := r.Context()
	frame, err := s.o.Frame(r, l.Name.In(d.P.Lang(), d.First()), at)
	if err != nil {
		return err
	}
	frame.Back, frame.Note = &admin.Link{Label: d.P.T("admin.stock.title"), URL: at}, join(options(d, l.Options), l.SKU)
	if frame.Fault = adjust.Note(); frame.Fault == nil {
		frame.Fault = rules.Note()
	}
	if d.Can(policy.CatalogRead) {
		frame.Actions = []admin.Action{{Label: d.P.T("admin.stock.open_product"), URL: admin.Prefix + "/products/" + l.ProductID, Icon: "package"}}
	}
	levels, err := s.Inventory.Levels(ctx, s.DB, []string{l.VariantID})
	if err != nil {
		return err
	}
	places, err := s.Inventory.Locations(ctx, s.DB)
	if err != nil {
		return err
	}
	names := make(map[string]string, len(places))
	for _, p := range places {
		names[p.ID] = p.Name
	}
	q, asked := admin.Read[struct {
		Before string `query:"before" max:"40"`
	}](d, r)
	v := ItemView{Frame: frame}
	s.levels(d, &v, l, levels, names)
	if v.Movements, err = s.movements(ctx, d, l.VariantID, asked.Place("before", "mov", q.Before), names); err != nil {
		return err
	}
	if d.Can(policy.StockWrite) && len(places) > 0 {
		v.Side = s.forms(d, frame.FormKey, l, levels, places, adjust, rules)
	}
	status := web.Status(cause)
	if cause == nil {
		asked.Tell(&v.Frame, nil)
		status = asked.Status()
	}
	return s.o.Page(w, r, status, "stock_item", v)
}

// levels fills in what is where, and what that comes to.
func (s *screen) levels(d *admin.Desk, v *ItemView, l *catalog.Line, levels []inventory.Level, names map[string]string) {
	num := func(n int64, label string) admin.Cell {
		return admin.Cell{Text: d.P.Number(n), Label: d.P.T(label)}
	}
	v.Levels = admin.Table{ID: "levels", Still: true, Caption: d.P.T("admin.stock.levels"), Columns: []admin.Column{
		{Head: d.P.T("admin.stock.location"), Kind: admin.Lead},
		{Head: d.P.T("admin.stock.on_hand"), Kind: admin.Num},
		{Head: d.P.T("admin.stock.sold"), Kind: admin.Num},
		{Head: d.P.T("admin.stock.being_paid"), Kind: admin.Num},
		{Head: d.P.T("admin.stock.kept_back"), Kind: admin.Num},
		{Head: d.P.T("admin.stock.for_sale"), Kind: admin.End},
	}, Empty: &admin.Empty{Icon: "warehouse", Title: d.P.T("admin.stock.nowhere"), Text: d.P.T("admin.stock.nowhere_text")}}
	var onHand, sold, kept, sale int64
	for _, level := range levels {
		onHand, sold, kept, sale = onHand+level.OnHand, sold+level.Allocated, kept+level.Safety, sale+level.Sellable()
		v.Levels.Rows = append(v.Levels.Rows, admin.Row{Cells: []admin.Cell{
			{Text: names[level.LocationID]},
			num(level.OnHand, "admin.stock.on_hand"), num(level.Allocated, "admin.stock.sold"),
			num(level.Held, "admin.stock.being_paid"), num(level.Safety, "admin.stock.kept_back"),
			{Text: d.P.Number(level.Sellable())},
		}})
	}
	v.Tiles = []admin.Tile{
		{Label: d.P.T("admin.stock.on_hand"), Value: d.P.Number(onHand)},
		{Label: d.P.T("admin.stock.sold_not_shipped"), Value: d.P.Number(sold)},
		{Label: d.P.T("admin.stock.kept_back"), Value: d.P.Number(kept)},
		{Label: d.P.T("admin.stock.for_sale"), Value: d.P.Number(sale)},
	}
	switch {
	case !l.Tracked:
		v.Badges = []admin.Status{{Tone: admin.Muted, Text: d.P.T("admin.stock.uncounted")}}
	case sale <= 0:
		v.Badges = []admin.Status{{Tone: admin.Bad, Text: d.P.T("admin.stock.sold_out")}}
	case sale <= s.Inventory.Display().Few:
		v.Badges = []admin.Status{{Tone: admin.Warn, Text: d.P.T("admin.stock.low")}}
	}
}

func (s *screen) movements(ctx context.Context, d *admin.Desk, variant, before string, names map[string]string) (admin.Table, error) {
	t := admin.Table{ID: "movements", Still: true, Two: true, Caption: d.P.T("admin.stock.history"), Columns: []admin.Column{
		{Head: d.P.T("admin.stock.when"), Kind: admin.Lead},
		{Head: d.P.T("admin.stock.why")},
		{Head: d.P.T("admin.stock.who"), Kind: admin.Wide},
		{Head: d.P.T("admin.stock.location"), Kind: admin.Wide},
		{Head: d.P.T("admin.stock.change"), Kind: admin.End},
	}, Empty: &admin.Empty{Icon: "rotate-ccw-clock", Title: d.P.T("admin.stock.no_history")}}
	moves, err := s.Inventory.Movements(ctx, s.DB, variant, before, history+1)
	if err != nil {
		return t, err
	}
	staff, err := s.Staff.Names(ctx)
	if err != nil {
		return t, err
	}
	self := at + "/" + variant
	if len(moves) > history {
		moves = moves[:history]
		t.Pager.Next = self + "?before=" + moves[history-1].ID + "#history"
	}
	if before != "" {
		t.Pager.Prev = self + "#history"
	}
	for _, m := range moves {
		change := signed(d, m.OnHandDelta)
		if m.OnHandDelta == 0 {
			change = d.P.T("admin.stock.sold_change", "count", signed(d, m.AllocatedDelta))
		}
		t.Rows = append(t.Rows, admin.Row{Cells: []admin.Cell{
			{Text: d.When(m.At, s.DB.Now())},
			{Text: d.P.T("admin.stock.cause." + string(m.Cause)), Note: m.Note},
			{Text: who(d, m.ActorKind, m.ActorID, staff)},
			{Text: names[m.LocationID]},
			{Text: change},
		}})
	}
	return t, nil
}

func signed(d *admin.Desk, n int64) string {
	switch {
	case n > 0:
		return "+" + d.P.Number(n)
	case n < 0:
		return "−" + d.P.Number(-n)
	}
	return "0"
}

func who(d *admin.Desk, kind, actor string, staff map[string]string) string {
	if name := staff[actor]; kind == string(audit.KindStaff) && name != "" {
		return name
	}
	if key := "admin.actor." + kind; d.P.Has(key) {
		return d.P.T(key)
	}
	return kind
}

func (s *screen) forms(d *admin.Desk, key string, l *catalog.Line, levels []inventory.Level, places []inventory.Location, adjust, rules admin.Typed) []admin.Section {
	choose := func(id string) admin.Field {
		f := admin.Field{Name: "location", ID: id, Label: d.P.T("admin.stock.location"), Kind: admin.ChoiceField}
		for _, p := range places {
			if p.Active {
				f.Choices = append(f.Choices, admin.Choice{Value: p.ID, Label: p.Name})
			}
		}
		return f
	}
	reason := admin.Field{Name: "reason", Label: d.P.T("admin.stock.reason"), Kind: admin.ChoiceField}
	for _, code := range reasons() {
		reason.Choices = append(reason.Choices, admin.Choice{Value: code, Label: d.P.T("admin.stock.reason." + code)})
	}
	safety, ahead := "0", "0"
	if len(levels) > 0 {
		safety, ahead = strconv.FormatInt(levels[0].Safety, 10), strconv.FormatInt(levels[0].BackorderLimit, 10)
	}
	self := at + "/" + l.VariantID
	return []admin.Section{
		{Title: d.P.T("admin.stock.adjust"), ID: "adjust", Form: self + "/movements", FormKey: key, Fields: adjust.Fields(
			choose("adjust-location"),
			admin.Field{Name: "change", Label: d.P.T("admin.stock.change"), Kind: admin.NumberField, Help: d.P.T("admin.stock.change_help"), Required: true},
			reason,
			admin.Field{Name: "note", Label: d.P.T("admin.stock.note"), Optional: true, Max: 300},
		), Actions: []admin.Action{{Label: d.P.T("admin.stock.adjust"), Submit: "adjust-form", Look: "primary"}}},
		{Title: d.P.T("admin.stock.rules"), ID: "rules", Form: self + "/policy", FormKey: key, Fields: rules.Fields(
			choose("rules-location"),
			admin.Field{Name: "safety", Label: d.P.T("admin.stock.kept_back"), Kind: admin.NumberField, Value: safety, Help: d.P.T("admin.stock.kept_back_help")},
			admin.Field{Name: "backorder", Label: d.P.T("admin.stock.ahead"), Kind: admin.NumberField, Value: ahead, Help: d.P.T("admin.stock.ahead_help")},
		), Actions: []admin.Action{{Label: d.P.T("admin.save.save"), Submit: "rules-form"}}},
	}
}

// adjust corrects what is on hand, by a difference: two people who count at
// once do not undo each other.
func (s *screen) adjust(w http.ResponseWriter, r *http.Request) error {
	l, err := s.variant(r)
	if err != nil {
		return err
	}
	d := s.o.Desk(r)
	in, raw, err := web.DecodeForm[struct {
		Location string `form:"location" max:"40" required:"true"`
		Change   int64  `form:"change" min:"-1000000000" max:"1000000000" required:"true"`
		Reason   string `form:"reason" oneof:"delivery counted damaged lost returned other" required:"true"`
		Note     string `form:"note" max:"300"`
	}](r, web.Limits{})
	if err == nil && in.Change == 0 {
		err = fault.New(fault.Invalid, "form.invalid").At("change", "admin.stock.no_change")
	}
	if err == nil {
		cause := inventory.Adjustment
		if in.Reason == "counted" {
			cause = inventory.Count
		}
		note := strings.TrimSuffix(d.P.T("admin.stock.reason."+in.Reason)+": "+in.Note, ": ")
		err = s.o.Once.Do(w, r, func(ctx context.Context, tx *db.Tx) (once.Response, error) {
			change := inventory.Change{VariantID: l.VariantID, LocationID: in.Location, Delta: in.Change, Note: note}
			if err := s.Inventory.Adjust(ctx, tx, d.Actor(), cause, []inventory.Change{change}); err != nil {
				return once.Response{}, err
			}
			return admin.Done(at+"/"+l.VariantID, "stock"), nil
		})
	}
	if err == nil || !admin.Correctable(err) {
		return err
	}
	return s.page(w, r, l, d.Typed(raw, err), admin.Typed{}, err)
}

func (s *screen) policy(w http.ResponseWriter, r *http.Request) error {
	l, err := s.variant(r)
	if err != nil {
		return err
	}
	d := s.o.Desk(r)
	in, raw, err := web.DecodeForm[struct {
		Location  string `form:"location" max:"40" required:"true"`
		Safety    int64  `form:"safety" min:"0" max:"1000000000" required:"true"`
		Backorder int64  `form:"backorder" min:"0" max:"1000000000" required:"true"`
	}](r, web.Limits{})
	if err == nil {
		err = s.o.Once.Do(w, r, func(ctx context.Context, tx *db.Tx) (once.Response, error) {
			if err := s.Inventory.SetPolicy(ctx, tx, d.Actor(), l.VariantID, in.Location, in.Safety, in.Backorder); err != nil {
				return once.Response{}, err
			}
			return admin.Done(at+"/"+l.VariantID, "saved"), nil
		})
	}
	if err == nil || !admin.Correctable(err) {
		return err
	}
	return s.page(w, r, l, admin.Typed{}, d.Typed(raw, err), err)
}
