package imports

import (
	"context"
	"fmt"
	"io"
	"mime/multipart"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/stoashop/stoa/admin"
	"github.com/stoashop/stoa/guard/policy"
	"github.com/stoashop/stoa/kit/fault"
	"github.com/stoashop/stoa/ops/transfer"
	"github.com/stoashop/stoa/platform/db"
	"github.com/stoashop/stoa/platform/web"
)

// Parts is what the screen works with.
type Parts struct {
	DB       *db.DB
	Transfer *transfer.Service
}

const (
	at       = admin.Prefix + "/imports"
	pageSize = 50

	// maxUpload bounds what is uploaded: a file, its translations and its
	// pictures. Larger ones are imported from the command line.
	maxUpload = (130 + 300) << 20
)

type screen struct {
	Parts
	o *admin.Office
}

// Screen returns the screen.
func Screen(p Parts) admin.Screen {
	s := &screen{Parts: p}
	return admin.Screen{
		Pages: Templates,
		Nouns: []admin.Noun{{Label: "admin.imports.title", URL: at, Icon: "upload", Key: "I", Group: 1, Place: 3, Permission: policy.TransferWrite}},
		Do:    []admin.Command{{Label: "admin.imports.new", URL: at + "/new", Icon: "upload", Permission: policy.TransferWrite}},
		Routes: func(o *admin.Office) []policy.Route {
			s.o = o
			return []policy.Route{
				o.Get("imports", "/imports", policy.TransferWrite, s.list),
				o.Get("import.new", "/imports/new", policy.TransferWrite, s.blank),
				o.Upload("import.submit", "/imports", policy.TransferWrite, maxUpload, s.submit),
				o.Get("import", "/imports/{id}", policy.TransferWrite, s.show),
				o.Post("import.carry", "/imports/{id}/start", policy.TransferWrite, s.carry),
				o.Post("import.cancel", "/imports/{id}/cancellation", policy.TransferWrite, s.cancel),
			}
		},
	}
}

func (s *screen) list(w http.ResponseWriter, r *http.Request) error {
	d := s.o.Desk(r)
	q, asked := admin.Read[struct {
		Before string `query:"before" max:"40"`
	}](d, r)
	before := asked.Place("before", "imp", q.Before)
	runs, err := s.Transfer.List(r.Context(), before, pageSize+1)
	if err != nil {
		return err
	}
	frame, err := s.o.Frame(r, d.P.T("admin.imports.title"), at)
	if err != nil {
		return err
	}
	begin := admin.Action{Label: d.P.T("admin.imports.new"), URL: at + "/new", Icon: "upload", Look: "primary"}
	frame.Primary = &begin
	t := admin.Table{ID: "imports", Two: true, Caption: d.P.T("admin.imports.title"), Columns: []admin.Column{
		{Head: d.P.T("admin.imports.file"), Kind: admin.Lead}, {Head: d.P.T("admin.product.status")}, {Head: d.P.T("admin.products.title"), Kind: admin.Num}, {Head: d.P.T("admin.imports.refused"), Kind: admin.WideNum}, {Head: d.P.T("admin.stock.when"), Kind: admin.End},
	}, Empty: &admin.Empty{Icon: "upload", Title: d.P.T("admin.imports.none"), Text: d.P.T("admin.imports.none_text"), Actions: []admin.Action{begin}}}
	if len(runs) > pageSize {
		runs = runs[:pageSize]
		t.Pager.Next = at + "?before=" + runs[pageSize-1].ID
	}
	if before != "" {
		t.Pager.Prev = at
	}
	for _, run := range runs {
		status := state(d, run)
		t.Rows = append(t.Rows, admin.Row{ID: run.ID, Cells: []admin.Cell{
			{Text: run.FileName, Note: d.P.T("admin.imports.platform." + string(run.Platform)), URL: at + "/" + run.ID},
			{Status: &status},
			{Text: d.P.Number(run.Created + run.Updated), Label: d.P.T("admin.products.title")},
			{Text: d.P.Number(run.Refused)},
			{Text: d.When(run.CreatedAt, s.DB.Now())},
		}})
	}
	asked.Tell(&frame, nil)
	return s.o.Page(w, r, asked.Status(), "list", admin.ListView{Frame: frame, Table: t})
}

func state(d *admin.Desk, run transfer.Run) admin.Status {
	tones := map[transfer.State]string{transfer.Waiting: admin.Open, transfer.Running: admin.Info, transfer.Done: admin.Good, transfer.Failed: admin.Bad, transfer.Cancelled: admin.Muted}
	key := "admin.imports.state."
	if run.DryRun {
		key = "admin.imports.trial."
	}
	return admin.Status{Tone: tones[run.State], Text: d.P.T(key + string(run.State))}
}

func (s *screen) blank(w http.ResponseWriter, r *http.Request) error {
	return s.page(w, r, admin.Typed{}, nil)
}

func (s *screen) page(w http.ResponseWriter, r *http.Request, t admin.Typed, cause error) error {
	d := s.o.Desk(r)
	frame, err := s.o.Frame(r, d.P.T("admin.imports.new"), at)
	if err != nil {
		return err
	}
	frame.Back, frame.Fault = &admin.Link{Label: d.P.T("admin.imports.title"), URL: at}, t.Note()
	platform := admin.Field{Name: "platform", Label: d.P.T("admin.imports.from"), Kind: admin.RadioField, Bare: true}
	for i, p := range transfer.Platforms() {
		platform.Choices = append(platform.Choices, admin.Choice{Value: string(p), Label: d.P.T("admin.imports.platform." + string(p)), Help: d.P.T("admin.imports.where." + string(p)), Selected: i == 0})
	}
	help := d.P.T("admin.imports.drop_help")
	if t.Sent() {
		help = d.P.T("admin.imports.drop_again")
	}
	return s.o.Page(w, r, web.Status(cause), "import_new", NewView{
		Frame: frame, To: at, Refused: t.Sent(), Platform: t.Fill(platform),
		File: admin.Drop{ID: "file", Name: "file", Label: d.P.T("admin.imports.drop"), Help: help, Accept: ".csv,text/csv", Fault: t.Fault("file")},
		Fields: t.Fields(
			admin.Field{Name: "texts", Label: d.P.T("admin.imports.texts"), Help: d.P.T("admin.imports.texts_help"), Kind: admin.FileField, Accept: ".csv,text/csv", Optional: true},
			admin.Field{Name: "images", Label: d.P.T("admin.imports.images"), Help: d.P.T("admin.imports.images_help"), Kind: admin.FileField, Many: true, Accept: admin.PictureTypes, Optional: true},
			admin.Field{Name: "pictures", Label: d.P.T("admin.imports.pictures"), Help: d.P.T("admin.imports.pictures_help"), Kind: admin.CheckField, Checked: true},
		),
		Actions: []admin.Action{{Label: d.P.T("admin.imports.try"), Look: "primary"}},
		Steps: []admin.Fact{
			{Label: d.P.T("admin.imports.step1"), Value: d.P.T("admin.imports.step1_text")},
			{Label: d.P.T("admin.imports.step2"), Value: d.P.T("admin.imports.step2_text")},
			{Label: d.P.T("admin.imports.step3"), Value: d.P.T("admin.imports.step3_text")},
		},
	})
}

// submit stores the file and tries it. A repeat finds the run of the same file.
func (s *screen) submit(w http.ResponseWriter, r *http.Request) error {
	d := s.o.Desk(r)
	limits := d.Limits()
	limits.Bytes = maxUpload
	in, raw, err := web.DecodeForm[struct {
		Platform string                  `form:"platform" oneof:"shopify woocommerce spree vendure" required:"true"`
		File     *multipart.FileHeader   `form:"file" required:"true"`
		Texts    *multipart.FileHeader   `form:"texts"`
		Images   []*multipart.FileHeader `form:"images" items:"900"`
		Pictures bool                    `form:"pictures"`
	}](r, limits)
	var run transfer.Run
	if err == nil {
		run, err = s.try(r.Context(), transfer.Request{Platform: transfer.Platform(in.Platform), Pictures: in.Pictures, DryRun: true, Again: true, Actor: d.Actor()}, in.File, in.Texts, in.Images)
		err = atFile(err)
	}
	if err == nil {
		http.Redirect(w, r, at+"/"+run.ID, http.StatusSeeOther)
		return nil
	}
	if !admin.Correctable(err) {
		return err
	}
	return s.page(w, r, d.Typed(raw, err), err)
}

func (s *screen) try(ctx context.Context, req transfer.Request, file, texts *multipart.FileHeader, images []*multipart.FileHeader) (transfer.Run, error) {
	f, err := file.Open()
	if err != nil {
		return transfer.Run{}, fmt.Errorf("open upload: %w", err)
	}
	defer f.Close() //nolint:errcheck // only read
	req.File, req.FileName = f, file.Filename
	if texts != nil && texts.Size > 0 {
		t, err := texts.Open()
		if err != nil {
			return transfer.Run{}, fmt.Errorf("open upload: %w", err)
		}
		defer t.Close() //nolint:errcheck // only read
		req.Texts = t
	}
	for _, h := range images {
		if h.Size == 0 && h.Filename == "" {
			continue
		}
		req.Given = append(req.Given, transfer.Given{Name: h.Filename, Open: func() (io.ReadSeekCloser, error) { return h.Open() }})
	}
	return s.Transfer.Submit(ctx, req)
}

// atFile says what is wrong with a whole file at the field it was chosen in.
func atFile(err error) error {
	switch f := fault.From(err); {
	case err == nil, len(f.Fields) > 0:
		return err
	case f.Kind == fault.Malformed, f.Kind == fault.Invalid, f.Kind == fault.TooLarge:
		return &fault.Error{Kind: fault.Invalid, Reason: "form.invalid", Fields: []fault.Field{{Path: "file", Reason: f.Reason, Params: f.Params}}}
	}
	return err
}

func (s *screen) show(w http.ResponseWriter, r *http.Request) error {
	d := s.o.Desk(r)
	run, err := s.Transfer.Get(r.Context(), r.PathValue("id"))
	if err != nil {
		return err
	}
	frame, err := s.o.Frame(r, run.FileName, at)
	if err != nil {
		return err
	}
	frame.Back = &admin.Link{Label: d.P.T("admin.imports.title"), URL: at}
	frame.Note = d.P.T("admin.imports.platform."+string(run.Platform)) + " · " + d.P.DateTime(run.CreatedAt)
	self := at + "/" + run.ID
	v := RunView{Frame: frame, Self: self, Status: state(d, run), Done: run.Done, Total: max(run.Total, 1), Running: run.State == transfer.Waiting || run.State == transfer.Running}
	percent := int64(0)
	if run.Total > 0 {
		percent = min(run.Done*100/run.Total, 100)
	}
	if run.State == transfer.Done {
		v.Done, v.Total, percent = 1, 1, 100
	}
	v.Percent = strconv.FormatInt(percent, 10) + "%"
	switch {
	case run.State == transfer.Waiting, run.Total == 0 && v.Running:
		v.Progress = d.P.T("admin.imports.reading")
	default:
		v.Progress = d.P.T("admin.imports.steps", "done", run.Done, "total", run.Total)
	}
	s.notes(d, &v, run, self)
	if run.Created+run.Updated+run.Unchanged+run.Refused > 0 {
		v.Tiles = []admin.Tile{
			{Label: d.P.T("admin.imports.created"), Value: d.P.Number(run.Created)},
			{Label: d.P.T("admin.imports.updated"), Value: d.P.Number(run.Updated)},
			{Label: d.P.T("admin.imports.unchanged"), Value: d.P.Number(run.Unchanged)},
			{Label: d.P.T("admin.imports.refused"), Value: d.P.Number(run.Refused)},
		}
	}
	q, asked := admin.Read[struct {
		After int64 `query:"after" min:"0"`
	}](d, r)
	if v.Errors, err = s.problems(r.Context(), d, run, q.After, self); err != nil {
		return err
	}
	v.Columns = columns(d, run.Report.Columns)
	asked.Tell(&v.Frame, nil)
	return s.o.Page(w, r, asked.Status(), "import_run", v)
}

// notes says how the run ended and offers what can be done now.
func (s *screen) notes(d *admin.Desk, v *RunView, run transfer.Run, self string) {
	start := admin.Action{Post: true, URL: self + "/start", Key: v.FormKey, Icon: "upload", Look: "primary"}
	switch {
	case v.Running:
		v.Actions = []admin.Action{{Label: d.P.T("admin.imports.stop"), Post: true, URL: self + "/cancellation", Key: v.FormKey, Icon: "ban"}}
	case run.State == transfer.Failed:
		v.Notes = []admin.Note{{Tone: admin.Bad, Title: d.P.T("admin.imports.failed"), Text: d.P.T(run.Report.Failure, run.Report.Params)}}
		start.Label = d.P.T("admin.imports.go_on")
		v.Actions = []admin.Action{start}
	case run.State == transfer.Cancelled:
		start.Label = d.P.T("admin.imports.go_on")
		v.Actions = []admin.Action{start}
	case run.DryRun:
		note := admin.Note{Tone: admin.Good, Title: d.P.T("admin.imports.trial_good"), Text: d.P.T("admin.imports.trial_text")}
		if run.Refused > 0 {
			note = admin.Note{Tone: admin.Warn, Title: d.P.T("admin.imports.trial_refused", "count", int(run.Refused)), Text: d.P.T("admin.imports.trial_refused_text")}
		}
		v.Notes = []admin.Note{note}
		start.Label = d.P.T("admin.imports.now")
		v.Actions = []admin.Action{start}
	case run.State == transfer.Done:
		v.Notes = []admin.Note{{Tone: admin.Good, Title: d.P.T("admin.imports.finished"), Links: []admin.Link{{Label: d.P.T("admin.imports.see_products"), URL: admin.Prefix + "/products"}}}}
	}
}

func (s *screen) problems(ctx context.Context, d *admin.Desk, run transfer.Run, from int64, self string) (*admin.Table, error) {
	if run.Problems == 0 {
		return nil, nil
	}
	list, err := s.Transfer.Problems(ctx, run.ID, from, pageSize+1)
	if err != nil {
		return nil, err
	}
	t := &admin.Table{ID: "problems", Still: true, Caption: d.P.T("admin.imports.errors"), Columns: []admin.Column{
		{Head: d.P.T("admin.imports.row"), Kind: admin.Lead}, {Head: d.P.T("admin.imports.column")}, {Head: d.P.T("admin.imports.what")}, {Head: d.P.T("admin.imports.value"), Kind: admin.Wide}, {Head: d.P.T("admin.product.status"), Kind: admin.End},
	}, Empty: &admin.Empty{Icon: "circle-check", Title: d.P.T("admin.imports.no_more")}}
	if len(list) > pageSize {
		list = list[:pageSize]
		t.Pager.Next = self + "?after=" + strconv.FormatInt(from+pageSize, 10)
	}
	if from > 0 {
		t.Pager.Prev = self
	}
	for _, p := range list {
		row := d.P.T("admin.imports.whole_file")
		if p.Row > 0 {
			row = d.P.Number(int64(p.Row))
		}
		status := admin.Status{Tone: admin.Bad, Text: d.P.T("admin.imports.left_out")}
		if p.Notice {
			status = admin.Status{Tone: admin.Info, Text: d.P.T("admin.imports.taken")}
		}
		t.Rows = append(t.Rows, admin.Row{Cells: []admin.Cell{{Text: row}, {Text: p.Column}, {Text: d.P.T(p.Reason, p.Params)}, {Text: p.Value, Tone: "faint"}, {Status: &status}}})
	}
	return t, nil
}

// columns tells what became of each column, those that were left out first.
// Those that fill something we have need no reason.
func columns(d *admin.Desk, list []transfer.Column) *admin.Table {
	if len(list) == 0 {
		return nil
	}
	t := &admin.Table{ID: "columns", Still: true, Caption: d.P.T("admin.imports.columns"), Columns: []admin.Column{
		{Head: d.P.T("admin.imports.column"), Kind: admin.Lead}, {Head: d.P.T("admin.imports.becomes")}, {Head: d.P.T("admin.stock.why"), Kind: admin.Wide}, {Head: d.P.T("admin.imports.filled"), Kind: admin.End},
	}}
	rank := map[transfer.Use]int{transfer.Dropped: 0, transfer.Kept: 1, transfer.Mapped: 2}
	list = slices.Clone(list)
	slices.SortStableFunc(list, func(a, b transfer.Column) int { return rank[a.Use] - rank[b.Use] })
	for _, c := range list {
		var becomes, why admin.Cell
		switch c.Use {
		case transfer.Kept:
			becomes.Text = d.P.T("admin.imports.kept")
			if c.Field != nil {
				becomes.Text = d.P.T("admin.imports.kept_as", "field", c.Field.Label)
			}
		case transfer.Dropped:
			becomes.Text, becomes.Tone = d.P.T("admin.imports.dropped"), admin.Warn
		default:
			becomes.Text = target(d, c.Target)
		}
		for _, f := range c.Also {
			why.Text += ", " + d.P.T("admin.imports.kept_as", "field", f.Label)
			why.Text = strings.TrimPrefix(why.Text, ", ")
		}
		if c.Reason != "" {
			why = admin.Cell{Text: d.P.T(c.Reason)}
		}
		t.Rows = append(t.Rows, admin.Row{Cells: []admin.Cell{{Text: c.Name}, becomes, why, {Text: d.P.Number(int64(c.Filled))}}})
	}
	return t
}

// target says in words what a column fills: "variants.sku" is the SKU.
func target(d *admin.Desk, targets string) string {
	var names []string
	for part := range strings.SplitSeq(targets, ", ") {
		key := "admin.imports.target." + part
		if d.P.Has(key) {
			names = append(names, d.P.T(key))
		}
	}
	if len(names) == 0 {
		return d.P.T("admin.imports.mapped")
	}
	return strings.Join(names, ", ")
}

func (s *screen) carry(w http.ResponseWriter, r *http.Request) error {
	if _, _, err := web.DecodeForm[struct{}](r, web.Limits{}); err != nil {
		return err
	}
	run, err := s.Transfer.Carry(r.Context(), s.o.Desk(r).Actor(), r.PathValue("id"))
	if err != nil {
		return err
	}
	admin.Done(at+"/"+run.ID, "import_begun").Send(w)
	return nil
}

func (s *screen) cancel(w http.ResponseWriter, r *http.Request) error {
	if _, _, err := web.DecodeForm[struct{}](r, web.Limits{}); err != nil {
		return err
	}
	if err := s.Transfer.Cancel(r.Context(), s.o.Desk(r).Actor(), r.PathValue("id")); err != nil {
		return err
	}
	admin.Done(at+"/"+r.PathValue("id"), "import_stopped").Send(w)
	return nil
}
