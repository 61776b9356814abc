package transfer_test

import (
	"bytes"
	"context"
	"errors"
	"image/png"
	"io"
	"maps"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	stdimage "image"

	"github.com/google/go-cmp/cmp"

	"github.com/stoashop/stoa/guard/audit"
	"github.com/stoashop/stoa/kit/fault"
	"github.com/stoashop/stoa/ops/transfer"
	"github.com/stoashop/stoa/platform/egress"
	"github.com/stoashop/stoa/stoatest/dbtest"
)

// The back office hands a file over, jobs import it slice by slice, and the
// end is that of one run in one go.
func TestSubmit_jobsImportSliceBySlice(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, e dbtest.Env) {
		whole := newShop(t, e, nil)
		ref := whole.run(t, transfer.Request{Platform: transfer.Spree, File: whole.file(t, "spree_products.csv"), Texts: whole.file(t, "spree_product_translations.csv")})

		other := dbtest.New(t, e.DB.Engine())
		s := newShop(t, other, nil)
		s.SetSlice(0)
		s.SetBatch(1, 0) // one step a job
		jobs := other.Jobs()
		s.Register(jobs)
		staff := audit.Staff("stf_1")
		request := transfer.Request{Platform: transfer.Spree, File: s.file(t, "spree_products.csv"), Texts: s.file(t, "spree_product_translations.csv"), FileName: "goods.csv", Actor: staff, DryRun: true}

		// First the trial.
		dry, err := s.Submit(t.Context(), request)
		if err != nil || dry.State != transfer.Waiting {
			t.Fatalf("Submit = %s, %v", dry.State, err)
		}
		ran, err := jobs.RunDue(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if dry, err = s.Get(t.Context(), dry.ID); err != nil || dry.State != transfer.Done || dry.Created != 37 || ran != 37 {
			t.Fatalf("the trial is %s with %+v after %d jobs, %v", dry.State, dry.Counts, ran, err)
		}
		if n := s.Int(t, `SELECT COUNT(*) FROM product`); n != 0 {
			t.Fatalf("the trial made %d products", n)
		}

		// Then in earnest, twice pressed.
		run, err := s.Carry(t.Context(), staff, dry.ID)
		if err != nil {
			t.Fatal(err)
		}
		twice, err := s.Carry(t.Context(), staff, dry.ID)
		if err != nil || twice.ID != run.ID {
			t.Fatalf("pressed twice: %s and %s, %v", run.ID, twice.ID, err)
		}
		if _, err := jobs.RunDue(t.Context()); err != nil {
			t.Fatal(err)
		}
		if run, err = s.Get(t.Context(), run.ID); err != nil || run.State != transfer.Done || run.FileName != "goods.csv" || run.Report.Actor != staff {
			t.Fatalf("the run is %+v, %v", run, err)
		}
		if diff := cmp.Diff(ref.Counts, run.Counts); diff != "" {
			t.Errorf("counts (-in one go +in slices):\n%s", diff)
		}
		if diff := cmp.Diff(strings.Split(whole.state(t), "\n"), strings.Split(s.state(t), "\n")); diff != "" {
			t.Errorf("shop (-in one go +in slices):\n%s", diff)
		}
		if n := s.Int(t, `SELECT COUNT(*) FROM change_log WHERE object_kind = 'product' AND actor_id = 'stf_1'`); n == 0 {
			t.Error("nobody is named for the import")
		}
		if _, err := s.Carry(t.Context(), staff, dry.ID); fault.Reason(err) != "transfer.file_gone" {
			t.Errorf("the file of a run that is done is kept: %v", err)
		}
		if left, _ := os.ReadDir(s.Temp); len(left) > 0 {
			t.Errorf("left behind: %v", left)
		}

		// Uploaded once more, the file is looked through once more.
		request.File, request.Texts, request.Again = s.file(t, "spree_products.csv"), s.file(t, "spree_product_translations.csv"), true
		if dry, err = s.Submit(t.Context(), request); err != nil {
			t.Fatal(err)
		}
		if _, err := jobs.RunDue(t.Context()); err != nil {
			t.Fatal(err)
		}
		again, err := s.Carry(t.Context(), staff, dry.ID)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := jobs.RunDue(t.Context()); err != nil {
			t.Fatal(err)
		}
		if again, err = s.Get(t.Context(), again.ID); err != nil || again.ID == run.ID || again.State != transfer.Done || again.Unchanged != 37 {
			t.Errorf("once more: %+v, %v", again, err)
		}
	})
}

// A trial that was stopped goes on as a trial: nobody has seen its end yet.
func TestCarry_aStoppedTrialStaysATrial(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, e dbtest.Env) {
		s := newShop(t, e, nil)
		jobs := e.Jobs()
		s.Register(jobs)
		staff := audit.Staff("stf_1")
		trial, err := s.Submit(t.Context(), transfer.Request{Platform: transfer.Vendure, File: s.file(t, "vendure_products.csv"), DryRun: true, Again: true})
		if err != nil {
			t.Fatal(err)
		}
		if err := s.Cancel(t.Context(), staff, trial.ID); err != nil {
			t.Fatal(err)
		}

		on, err := s.Carry(t.Context(), staff, trial.ID)

		if err != nil || on.ID != trial.ID || !on.DryRun {
			t.Errorf("Carry = %s, dry %t, %v, want the trial %s", on.ID, on.DryRun, err, trial.ID)
		}
		if _, err := jobs.RunDue(t.Context()); err != nil {
			t.Fatal(err)
		}
		if on, err = s.Get(t.Context(), trial.ID); err != nil || on.State != transfer.Done || on.Created != 54 || s.Int(t, `SELECT COUNT(*) FROM product`) != 0 {
			t.Errorf("the trial is %s with %+v, %v", on.State, on.Counts, err)
		}
		run, err := s.Carry(t.Context(), staff, trial.ID)
		if err != nil || run.DryRun || run.ID == trial.ID {
			t.Errorf("Carry after the end = %+v, %v", run, err)
		}
	})
}

func TestSubmit_refusesAtOnceWhatCannotBeUsed(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, e dbtest.Env) {
		s := newShop(t, e, nil)
		if _, err := s.Submit(t.Context(), transfer.Request{Platform: transfer.Shopify, File: s.file(t, "spree_products.csv")}); fault.Reason(err) != "transfer.other_platform" {
			t.Errorf("Submit = %v", err)
		}
		if n := s.Int(t, `SELECT COUNT(*) FROM import_run`) + s.Int(t, `SELECT COUNT(*) FROM job`); n != 0 {
			t.Errorf("%d rows were written", n)
		}
		_, err := s.Submit(t.Context(), transfer.Request{Platform: transfer.Shopify, File: &giant{head: "Handle,Title,Variant Price\n", n: 101 << 20}})
		if fault.Reason(err) != "transfer.file_too_large" {
			t.Errorf("Submit = %v", err)
		}
	})
}

// A file about people is not kept for longer than it may be needed: it goes when
// its run is done or stopped, and a trial's after a day.
func TestSubmit_filesOfCustomersAreNotKept(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, e dbtest.Env) {
		s := newShop(t, e, nil)
		s.keepPeople(t)
		jobs := e.Jobs()
		s.Register(jobs)
		staff := audit.Staff("stf_1")
		kept := func(r transfer.Run) bool {
			f, err := s.Files.Open(t.Context(), r.Report.File)
			if err == nil {
				_ = f.Close()
			}
			return err == nil
		}
		submit := func() transfer.Run {
			t.Helper()
			run, err := s.Submit(t.Context(), transfer.Request{Platform: transfer.Spree, File: s.file(t, "spree_customers.csv"), DryRun: true, Again: true})
			if err != nil || !kept(run) {
				t.Fatalf("the file waits for its job: %t, %v", kept(run), err)
			}
			return run
		}
		work := func() {
			t.Helper()
			if _, err := jobs.RunDue(t.Context()); err != nil {
				t.Fatal(err)
			}
			if err := s.Sweep(t.Context()); err != nil {
				t.Fatal(err)
			}
		}

		stopped := submit()
		if err := s.Cancel(t.Context(), staff, stopped.ID); err != nil {
			t.Fatal(err)
		}
		if work(); kept(stopped) {
			t.Error("the file of a run that was stopped is still there")
		}

		tried := submit()
		if work(); !kept(tried) {
			t.Fatal("the file of a trial is gone before anybody has looked at it")
		}
		s.Clock.Advance(24*time.Hour - time.Second)
		if work(); !kept(tried) {
			t.Error("the file of a trial is gone within the day")
		}
		s.Clock.Advance(time.Second)
		if work(); kept(tried) {
			t.Error("the file of a trial is there after a day")
		}
		if _, err := s.Carry(t.Context(), staff, tried.ID); fault.Reason(err) != "transfer.file_gone" {
			t.Errorf("Carry = %v", err)
		}

		done, err := s.Carry(t.Context(), staff, func() string { r := submit(); work(); return r.ID }())
		if err != nil {
			t.Fatal(err)
		}
		if work(); kept(done) || s.Int(t, `SELECT COUNT(*) FROM customer`) != 20 {
			t.Errorf("the file of a run that is done is kept: %t, %d customers", kept(done), s.Int(t, `SELECT COUNT(*) FROM customer`))
		}
	})
}

func TestCancel_stopsAndMayBeContinued(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, e dbtest.Env) {
		s := newShop(t, e, nil)
		s.SetBatch(1, 0)
		request := transfer.Request{Platform: transfer.Vendure, File: s.file(t, "vendure_products.csv")}
		request.Progress = func(r transfer.Run) {
			if r.Done == 5 {
				if err := s.Cancel(t.Context(), audit.Staff("stf_1"), r.ID); err != nil {
					t.Error(err)
				}
			}
		}
		run, err := s.Run(t.Context(), request)
		if fault.Reason(err) != "transfer.run_stopped" {
			t.Fatalf("Run = %v", err)
		}
		if run, err = s.Get(t.Context(), run.ID); err != nil || run.State != transfer.Cancelled || run.Done != 5 || run.FinishedAt.IsZero() {
			t.Fatalf("the run is %s at %d, %v", run.State, run.Done, err)
		}
		if n := s.Int(t, `SELECT COUNT(*) FROM product`); n != 5 {
			t.Errorf("%d products, want 5", n)
		}
		if err := s.Cancel(t.Context(), audit.Staff("stf_1"), run.ID); err != nil { // a second press
			t.Error(err)
		}
		request.Progress = nil
		done := s.run(t, request)
		if done.ID != run.ID || done.Created != 54 {
			t.Errorf("continued as %s with %+v", done.ID, done.Counts)
		}
		if again := s.run(t, request); again.ID != run.ID {
			t.Errorf("a file that is done is imported again as %s", again.ID)
		}
		if n := s.Int(t, `SELECT COUNT(*) FROM change_log WHERE object_kind = 'import' AND action = 'import.cancelled'`); n != 1 {
			t.Errorf("%d entries of the cancellation, want 1", n)
		}
	})
}

// Two processes that import the same file at once do nothing twice: the one
// that finds a step taken stops.
func TestRun_twoAtOnceDoNothingTwice(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, e dbtest.Env) {
		s := newShop(t, e, nil)
		s.SetBatch(1, 0)
		var inner error
		var started atomic.Bool
		request := transfer.Request{Platform: transfer.Vendure, File: s.file(t, "vendure_products.csv"), Progress: func(r transfer.Run) {
			if r.Done != 3 || !started.CompareAndSwap(false, true) {
				return
			}
			ctx, kill := context.WithCancel(t.Context()) // takes two steps and is killed; the run goes on
			defer kill()
			_, inner = s.Run(ctx, transfer.Request{Platform: transfer.Vendure, File: s.file(t, "vendure_products.csv"), Progress: func(r transfer.Run) {
				if r.Done == 5 {
					kill()
				}
			}})
		}}
		run, err := s.Run(t.Context(), request)
		if !errors.Is(inner, context.Canceled) {
			t.Errorf("the second process: %v", inner)
		}
		if fault.Reason(err) != "transfer.run_elsewhere" {
			t.Errorf("the first process: %v", err)
		}
		if run, err = s.Get(t.Context(), run.ID); err != nil || run.Done != 5 || run.State != transfer.Running {
			t.Errorf("the run is %s at %d, %v", run.State, run.Done, err)
		}
		if done := s.run(t, request); done.ID != run.ID || done.Created != 54 {
			t.Errorf("%+v", done.Counts)
		}
		if n := s.Int(t, `SELECT COUNT(*) FROM stock_movement`); n != 88 {
			t.Errorf("%d movements, want 88", n)
		}
	})
}

func TestGet_unknownRun(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, e dbtest.Env) {
		s := newShop(t, e, nil)
		if _, err := s.Get(t.Context(), "imp_x"); !fault.Is(err, fault.NotFound) {
			t.Errorf("Get = %v", err)
		}
	})
}

// dot is a small picture.
func dot(t *testing.T, shade uint8) []byte {
	t.Helper()
	img := stdimage.NewGray(stdimage.Rect(0, 0, 8, 8))
	for i := range img.Pix {
		img.Pix[i] = shade
	}
	var b bytes.Buffer
	if err := png.Encode(&b, img); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// A picture comes from the folder when it is there, else from the web, and
// what cannot be had keeps nothing back and is tried again next time.
func TestPictures_fromTheFolderAndTheWeb(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, e dbtest.Env) {
		var asked []string
		var lock sync.Mutex
		var lost atomic.Bool
		lost.Store(true)
		server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			lock.Lock()
			asked = append(asked, r.Host+r.URL.Path)
			lock.Unlock()
			switch r.URL.Path {
			case "/lost.png":
				if lost.Load() {
					http.NotFound(w, r)
					return
				}
				_, _ = w.Write(dot(t, 3))
			case "/page.png":
				_, _ = w.Write([]byte("<html>no picture</html>"))
			default:
				_, _ = w.Write(dot(t, 2))
			}
		}))
		defer server.Close()
		web := egress.New(
			egress.WithResolver(func(_ context.Context, host string) ([]netip.Addr, error) {
				if host == "inside.example" {
					return []netip.Addr{netip.MustParseAddr("10.0.0.1")}, nil
				}
				return []netip.Addr{netip.MustParseAddr("203.0.114.7")}, nil
			}),
			egress.WithDialer(func(ctx context.Context, network, _ string) (net.Conn, error) {
				var d net.Dialer
				return d.DialContext(ctx, network, server.Listener.Addr().String())
			}),
		).Public(egress.Total(10 * time.Second))
		s := newShop(t, e, web)
		folder := t.TempDir()
		for name, shade := range map[string]uint8{"near.png": 1, "byname.png": 9} {
			if err := os.WriteFile(filepath.Join(folder, name), dot(t, shade), 0o600); err != nil {
				t.Fatal(err)
			}
		}
		if err := os.Symlink("/etc/hostname", filepath.Join(folder, "out.png")); err != nil {
			t.Fatal(err)
		}
		file := "Handle,Title,Variant Price,Variant SKU,Image Src,Image Alt Text,Option1 Name,Option1 Value,Variant Image\n" +
			"a,A,1,A-S,http://pics.example/near.png?v=1,Near,Size,S,http://pics.example/far.png\n" +
			"a,,2,A-M,http://pics.example/lost.png,,,M,\n" +
			"a,,,,http://pics.example/page.png,,,,\n" +
			"b,B,1,B-1,http://pics.example/far.png,,,,\n" +
			"b,,,,http://inside.example/secret.png,,,,\n" +
			"b,,,,byname.png,,,,\n" +
			"b,,,,out.png,,,,\n" +
			"b,,,,nowhere.png,,,,\n"
		request := transfer.Request{Platform: transfer.Shopify, File: strings.NewReader(file), Folder: folder, Pictures: true}

		run := s.run(t, request)

		reasons := make(map[string]string)
		for _, p := range s.problems(t, run.ID) {
			reasons[p.Value] = p.Reason
		}
		want := map[string]string{
			"http://pics.example/lost.png":     "transfer.picture_refused",
			"http://pics.example/page.png":     "image.unknown_format",
			"http://inside.example/secret.png": "egress.address_refused",
			"out.png":                          "transfer.picture_unreadable",
			"nowhere.png":                      "transfer.picture_not_in_folder",
		}
		if diff := cmp.Diff(want, reasons); diff != "" {
			t.Errorf("problems (-want +got):\n%s", diff)
		}
		a, b := s.product(t, "a"), s.product(t, "b")
		if len(a.Media) != 2 || len(b.Media) != 2 || a.Variants[0].MediaID != a.Media[1] || b.Media[0] != a.Media[1] {
			t.Errorf("a has %v (its variant %s), b %v", a.Media, a.Variants[0].MediaID, b.Media)
		}
		if run.Created != 2 || run.Pictures != 4 {
			t.Errorf("counts %+v", run.Counts)
		}
		if alt := s.Int(t, `SELECT COUNT(*) FROM media WHERE alt = '{"en":"Near"}'`); alt != 1 {
			t.Errorf("%d pictures say what they show", alt)
		}
		slices.Sort(asked)
		if want := []string{"pics.example/far.png", "pics.example/lost.png", "pics.example/page.png"}; !slices.Equal(asked, want) {
			t.Errorf("asked for %v, want %v", asked, want)
		}

		// The lost one is found later; the others are not asked for again.
		asked = nil
		lost.Store(false)
		request.Again = true
		again := s.run(t, request)
		slices.Sort(asked)
		if want := []string{"pics.example/lost.png", "pics.example/page.png"}; !slices.Equal(asked, want) {
			t.Errorf("asked again for %v, want %v", asked, want)
		}
		a = s.product(t, "a")
		if again.Updated != 1 || again.Unchanged != 1 || len(a.Media) != 3 {
			t.Errorf("counts %+v, pictures %v", again.Counts, a.Media)
		}
		for p, err := range s.Catalogue(t.Context(), "https://shop.example") {
			if err != nil {
				t.Fatal(err)
			}
			var sources []string
			for _, i := range p.Images {
				sources = append(sources, i.Src)
			}
			if want := map[string]int{"a": 3, "b": 5}[p.Handle]; len(sources) != want || strings.Contains(strings.Join(sources, " "), "shop.example") {
				t.Errorf("%s comes back with %v", p.Handle, sources)
			}
		}
	})
}

func TestPictures_aMissingFolderIsSaid(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, e dbtest.Env) {
		s := newShop(t, e, nil)
		_, err := s.Run(t.Context(), transfer.Request{Platform: transfer.Vendure, File: s.file(t, "vendure_products.csv"), Folder: filepath.Join(t.TempDir(), "none")})
		if fault.Reason(err) != "transfer.no_folder" || errors.Is(err, context.Canceled) {
			t.Errorf("Run = %v", err)
		}
		if n := s.Int(t, `SELECT COUNT(*) FROM product`); n != 0 {
			t.Errorf("%d products", n)
		}
	})
}

// A file that is handed over many times at the same moment is imported once.
func TestSubmit_manyAtOnceAreOneRun(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, e dbtest.Env) {
		s := newShop(t, e, nil)
		for n := range 5 {
			goods := manyGoods(n + 1)
			var all sync.WaitGroup
			var ids sync.Map
			for range 8 {
				all.Go(func() {
					run, err := s.Submit(t.Context(), transfer.Request{Platform: transfer.Shopify, File: strings.NewReader(goods)})
					if err != nil {
						t.Error(err)
					}
					ids.Store(run.ID, true)
				})
			}
			all.Wait()
			told := 0
			ids.Range(func(any, any) bool { told++; return true })
			if told != 1 || s.Int(t, `SELECT COUNT(*) FROM import_run`) != int64(n+1) {
				t.Fatalf("%d runs of file %d are told, %d of all files are there", told, n+1, s.Int(t, `SELECT COUNT(*) FROM import_run`))
			}
		}
		if n := s.Int(t, `SELECT COUNT(*) FROM change_log WHERE object_kind = 'import' AND action = 'import.started'`); n != 5 {
			t.Errorf("%d entries of a start, want 5", n)
		}
	})
}

func givenPicture(name string, data []byte) transfer.Given {
	return transfer.Given{Name: name, Open: func() (io.ReadSeekCloser, error) {
		return struct {
			io.ReadSeeker
			io.Closer
		}{bytes.NewReader(data), io.NopCloser(nil)}, nil
	}}
}

// Pictures that are uploaded with their file are found by their names, in the
// trial, in earnest and by a run that goes on later. One that is none keeps
// nothing back; all are forgotten when the run has ended.
func TestSubmit_picturesComeWithTheFile(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, e dbtest.Env) {
		s := newShop(t, e, nil)
		jobs := e.Jobs()
		s.Register(jobs)
		file := table("Handle|Title|Variant Price|Image Src", "mug|Mug|9|front.png", "cup|Cup|9|shots/side.png", "jug|Jug|9|gone.png", "pot|Pot|9|page.png")
		staff := audit.Staff("stf_1")
		work := func(id string) (transfer.Run, map[string]string) {
			t.Helper()
			if _, err := jobs.RunDue(t.Context()); err != nil {
				t.Fatal(err)
			}
			run, err := s.Get(t.Context(), id)
			if err != nil || run.State != transfer.Done {
				t.Fatalf("the run is %s: %v", run.State, err)
			}
			told := make(map[string]string)
			for _, p := range s.problems(t, id) {
				told[p.Value] += p.Reason
				if !p.Notice {
					t.Errorf("refused: %+v", p)
				}
			}
			return run, told
		}

		bare, err := s.Submit(t.Context(), transfer.Request{Platform: transfer.Shopify, File: strings.NewReader(file), DryRun: true, Actor: staff})
		if err != nil {
			t.Fatal(err)
		}
		if _, told := work(bare.ID); !maps.Equal(told, map[string]string{"": "transfer.pictures_need_upload"}) {
			t.Errorf("without pictures the report says %v", told)
		}

		trial, err := s.Submit(t.Context(), transfer.Request{
			Platform: transfer.Shopify, File: strings.NewReader(file), DryRun: true, Again: true, Actor: staff,
			Given: []transfer.Given{givenPicture("front.png", dot(t, 1)), givenPicture(`C:\pictures\side.png`, dot(t, 2)), givenPicture("page.png", []byte("<html>"))},
		})
		if err != nil {
			t.Fatal(err)
		}
		want := map[string]string{"gone.png": "transfer.picture_not_given", "page.png": "image.unknown_formattransfer.picture_not_given"}
		if _, told := work(trial.ID); !maps.Equal(told, want) {
			t.Errorf("the trial says %v, want %v", told, want)
		}
		if n := s.Int(t, `SELECT COUNT(*) FROM media`); n != 0 {
			t.Errorf("the trial made %d pictures", n)
		}

		run, err := s.Carry(t.Context(), staff, trial.ID)
		if err != nil {
			t.Fatal(err)
		}
		if err := s.Cancel(t.Context(), staff, run.ID); err != nil {
			t.Fatal(err)
		}
		if run, err = s.Carry(t.Context(), staff, run.ID); err != nil {
			t.Fatal(err)
		}
		run, told := work(run.ID)
		if !maps.Equal(told, want) || run.Pictures != 2 || run.Created != 4 {
			t.Errorf("in earnest %+v and %v, want 2 pictures and %v", run.Counts, told, want)
		}
		if a, b := s.product(t, "mug").Media, s.product(t, "cup").Media; len(a) != 1 || len(b) != 1 || a[0] == b[0] {
			t.Errorf("the mug has %v, the cup %v", a, b)
		}
		for _, name := range run.Report.Given {
			if _, err := s.Files.Open(t.Context(), name); !fault.Is(err, fault.NotFound) {
				t.Errorf("%s is still kept: %v", name, err)
			}
		}

		// What is no longer kept is asked for again.
		trial, err = s.Submit(t.Context(), transfer.Request{Platform: transfer.Shopify, File: strings.NewReader(file), DryRun: true, Again: true, Actor: staff, Given: []transfer.Given{givenPicture("gone.png", dot(t, 3))}})
		if err != nil {
			t.Fatal(err)
		}
		if trial, err = s.Get(t.Context(), trial.ID); err != nil {
			t.Fatal(err)
		}
		if err := s.Files.Delete(t.Context(), trial.Report.Given["gone.png"]); err != nil {
			t.Fatal(err)
		}
		if _, told := work(trial.ID); told["gone.png"] != "transfer.picture_gone" {
			t.Errorf("of a picture that was deleted it says %v", told)
		}
	})
}
