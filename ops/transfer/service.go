package transfer

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"net/http"
	"path"
	"sync"
	"time"

	"github.com/stoashop/stoa/commerce/catalog"
	"github.com/stoashop/stoa/commerce/custom"
	"github.com/stoashop/stoa/commerce/customer"
	"github.com/stoashop/stoa/commerce/inventory"
	"github.com/stoashop/stoa/commerce/market"
	"github.com/stoashop/stoa/guard/audit"
	"github.com/stoashop/stoa/kit/clock"
	"github.com/stoashop/stoa/kit/fault"
	"github.com/stoashop/stoa/platform/blob"
	"github.com/stoashop/stoa/platform/db"
	"github.com/stoashop/stoa/platform/job"
	"github.com/stoashop/stoa/platform/upload"
)

// State is where a run is in its life.
type State string

// The states of a run.
const (
	Waiting   State = "waiting" // for a worker
	Running   State = "running" // or interrupted: Run and the jobs go on where it stood
	Done      State = "done"
	Failed    State = "failed"    // Report.Failure says why; it can be continued
	Cancelled State = "cancelled" // by somebody; it can be continued
)

// Counts is what a run has done so far. A dry run counts what would be done.
type Counts struct {
	Created   int64 `json:"created"` // products
	Updated   int64 `json:"updated"`
	Unchanged int64 `json:"unchanged"`
	Refused   int64 `json:"refused"`
	Variants  int64 `json:"variants"` // of created and updated products
	Pictures  int64 `json:"pictures"` // taken in
	Problems  int64 `json:"problems"` // notices included; the first 2,000 are kept
}

// Report is what a run knows of its file.
type Report struct {
	Kind     Kind     `json:"kind,omitempty"`
	Encoding Encoding `json:"encoding,omitempty"`
	Comma    string   `json:"comma,omitempty"`
	Rows     int      `json:"rows"`
	Blank    int      `json:"blank"`
	Columns  []Column `json:"columns,omitempty"`
	// Failure is the reason for which the run failed, a key of the words, with
	// its values.
	Failure string         `json:"failure,omitempty"`
	Params  map[string]any `json:"params,omitempty"`

	Currency string      `json:"currency,omitempty"`
	Language string      `json:"language,omitempty"`
	Pictures bool        `json:"pictures,omitempty"` // fetch them from the web
	Actor    audit.Actor `json:"actor"`
	// File and Texts name the stored file and its translations, of runs that
	// jobs carry out.
	File  string `json:"file,omitempty"`
	Texts string `json:"texts,omitempty"`
	// Given are the stored pictures that came with the file, by their names.
	Given map[string]string `json:"given,omitempty"`
	// Refused are those that could not be taken.
	Refused []Problem `json:"refused,omitempty"`
}

// Run is one import, under way or ended.
type Run struct {
	ID       string
	Platform Platform
	FileName string
	FileHash string
	DryRun   bool
	State    State
	// Total is the steps of the whole and Done those behind: a step a product,
	// and one more for each product that points to others. Total is 0 until
	// the file has been read.
	Total, Done                      int64
	Report                           Report
	CreatedAt, UpdatedAt, FinishedAt time.Time
	Counts
}

// Request says what to import and how.
type Request struct {
	Platform Platform
	File     io.ReadSeeker
	FileName string // for people
	// Texts is a file of translations for the products; nil: none.
	Texts  io.ReadSeeker
	DryRun bool
	// Folder is where pictures are looked for by file name, before the web; "":
	// nowhere. It cannot be used with Submit.
	Folder string
	// Given are pictures by file name, for Submit, where there is no folder. An
	// unfinished run of the same file that is continued keeps those it has.
	Given []Given
	// Pictures says to fetch pictures from the web.
	Pictures bool
	// Language of texts that name none; "" is the shop's first.
	Language string
	// Again starts a new run although the file was imported to the end before.
	// An unfinished run of the same file is continued all the same.
	Again bool
	Actor audit.Actor // zero: the system
	// Progress is told after every few steps; nil: nobody. It must be quick.
	Progress func(Run)
}

// People keeps the customers of files; *customer.Service does.
type People interface {
	// Admit opens an account without a password for somebody whose address is
	// not proven, and reports whether it did. An account that exists under the
	// address is its owner's: nothing of it changes, and opened is false. A bad
	// field fails with an Invalid fault and changes nothing.
	Admit(ctx context.Context, tx *db.Tx, actor audit.Actor, a customer.Admission) (opened bool, err error)
	List(ctx context.Context, q db.Q, f customer.Filter) ([]customer.Customer, error)
	Addresses(ctx context.Context, q db.Q, customerID string) ([]customer.Saved, error)
}

// Service imports files into the shop. It is safe for concurrent use.
type Service struct {
	db       *db.DB
	catalog  *catalog.Service
	fields   *custom.Service
	stock    *inventory.Service
	markets  *market.Service
	pictures *upload.Service
	web      *http.Client // may only reach the open internet
	files    blob.Store
	people   People // nil: files of customers are refused
	log      *slog.Logger
	tempDir  string

	// sliceTime is how long one job imports, so that other jobs come in between
	// and no lease runs out.
	sliceTime time.Duration
	mostBatch int           // steps in a transaction
	batchTime time.Duration // after which a transaction takes no further step
	readTime  time.Duration // after which nothing more is made ready for it

	mu   sync.Mutex
	open *session // the file of the run whose job ran last, kept for its next slice
}

// New returns a service. web is a client of egress.Public for pictures; nil
// fetches none. files keeps what Submit is given. tempDir is where the rows of
// a file lie while it is imported; "" means the system's.
func New(d *db.DB, goods *catalog.Service, fields *custom.Service, stock *inventory.Service, markets *market.Service,
	pictures *upload.Service, web *http.Client, files blob.Store, log *slog.Logger, tempDir string,
) *Service {
	return &Service{
		db: d, catalog: goods, fields: fields, stock: stock, markets: markets, pictures: pictures, web: web, files: files, log: log, tempDir: tempDir, sliceTime: 15 * time.Second,
		mostBatch: mostBatch, batchTime: batchTime, readTime: readTime,
	}
}

// WithPeople has files of customers kept by p. Call it before anything else.
func (s *Service) WithPeople(p People) *Service {
	s.people = p
	return s
}

// Run imports a file to its end, in the caller's goroutine. A run of the same
// file that was interrupted, failed or was cancelled is continued where it
// stood, and nothing is done twice. A file that was imported to the end is
// imported again only with Again; otherwise its run is returned.
//
// It returns a fault when the file cannot be used as a whole (see Open) or
// when another process is importing it ("transfer.run_elsewhere"). Products
// that are refused are no error: see Problems. When ctx ends, the steps
// under way are finished or undone whole, and ctx's error comes back.
func (s *Service) Run(ctx context.Context, r Request) (Run, error) {
	run, err := s.begin(ctx, r, Running)
	if err != nil || run.State == Done {
		return run, err
	}
	ses, err := s.session(ctx, run, r.File, r.Texts, r.Folder)
	if err != nil {
		return s.fail(ctx, run, err)
	}
	defer ses.close()
	err = s.work(ctx, ses, r.Progress, func() bool { return true })
	if err != nil {
		return s.fail(ctx, run, err)
	}
	return s.Get(ctx, run.ID)
}

// Submit stores a file and has it imported by a job. It returns at once; Get
// tells how far the run is. Submitting the same file while its run is under
// way returns that run.
func (s *Service) Submit(ctx context.Context, r Request) (Run, error) {
	if r.Folder != "" {
		return Run{}, errors.New("transfer: a folder cannot be submitted")
	}
	stored, err := blobOf(r.File)
	if err != nil {
		return Run{}, err
	}
	store := []blob.File{stored}
	var texts string
	if r.Texts != nil {
		more, err := blobOf(r.Texts)
		if err != nil {
			return Run{}, err
		}
		texts = more.Name
		store = append(store, more)
	}
	// A file that cannot be used is refused while the person still looks.
	currency, language := s.defaults(ctx, r)
	sheet, err := Open(ctx, r.Platform, r.File, Options{Currency: currency, Language: language, TempDir: s.tempDir})
	if err != nil {
		return Run{}, err
	}
	kind := sheet.Kind
	if err := sheet.Close(); err != nil {
		return Run{}, err
	}
	for _, f := range []io.ReadSeeker{r.File, r.Texts} {
		if f == nil {
			continue
		}
		if _, err := f.Seek(0, io.SeekStart); err != nil {
			return Run{}, fmt.Errorf("rewind import: %w", err)
		}
	}
	if err := s.files.Put(ctx, store...); err != nil {
		return Run{}, fmt.Errorf("store import: %w", err)
	}
	kept, refused, err := s.store(ctx, path.Base(stored.Name), r.Given)
	if err != nil {
		return Run{}, err
	}
	run, err := s.begin(ctx, r, Waiting)
	if err != nil || run.State == Done {
		return run, err
	}
	run.Report.File, run.Report.Texts, run.Report.Kind = stored.Name, texts, kind
	if run.Report.Given == nil {
		run.Report.Given = kept
	} else {
		maps.Copy(run.Report.Given, kept)
	}
	run.Report.Refused = append(run.Report.Refused, refused...)
	return run, s.enqueue(ctx, run)
}

func (s *Service) enqueue(ctx context.Context, run Run) error {
	return s.db.InTx(ctx, func(ctx context.Context, tx *db.Tx) error {
		if _, err := setState(ctx, tx, run.ID, Waiting, &run.Report, Waiting, Running); err != nil {
			return err
		}
		return job.Enqueue(ctx, tx, slice{run.ID}, job.Unique("import "+run.ID))
	})
}

// Carry imports what a submitted dry run has tried to its end, also when the
// file was imported before, or continues a submitted run, dry or not, that
// failed or was cancelled.
// While the run is under way a second call returns it. It fails with
// "transfer.file_gone" when the run's file is not kept any more.
func (s *Service) Carry(ctx context.Context, actor audit.Actor, id string) (Run, error) {
	tried, err := s.Get(ctx, id)
	if err != nil {
		return Run{}, err
	}
	gone := fault.New(fault.Conflict, "transfer.file_gone")
	if tried.Report.File == "" {
		return Run{}, gone
	}
	open := func(name string) (io.ReadSeekCloser, error) {
		f, err := s.files.Open(ctx, name)
		if fault.Is(err, fault.NotFound) {
			return nil, gone.Because(err)
		}
		return f, err
	}
	file, err := open(tried.Report.File)
	if err != nil {
		return Run{}, err
	}
	defer file.Close()
	r := Request{
		Platform: tried.Platform, File: file, FileName: tried.FileName, Pictures: tried.Report.Pictures, Language: tried.Report.Language,
		DryRun: tried.DryRun && tried.State != Done, Again: true, Actor: actor,
	}
	if tried.Report.Texts != "" {
		texts, err := open(tried.Report.Texts)
		if err != nil {
			return Run{}, err
		}
		defer texts.Close()
		r.Texts = texts
	}
	run, err := s.begin(ctx, r, Waiting)
	if err != nil || run.State == Done {
		return run, err
	}
	run.Report.File, run.Report.Texts, run.Report.Kind = tried.Report.File, tried.Report.Texts, tried.Report.Kind
	run.Report.Given, run.Report.Refused = tried.Report.Given, tried.Report.Refused
	return run, s.enqueue(ctx, run)
}

// MaxFile is the largest file that Submit takes, in bytes.
const MaxFile = 100 << 20

// blobOf names a file after its content, of which it holds nothing in memory.
func blobOf(r io.ReadSeeker) (blob.File, error) {
	if _, err := r.Seek(0, io.SeekStart); err != nil {
		return blob.File{}, fmt.Errorf("rewind import: %w", err)
	}
	h := sha256.New()
	n, err := io.Copy(h, io.LimitReader(r, MaxFile+1))
	if err != nil {
		return blob.File{}, fmt.Errorf("read import: %w", err)
	}
	if n > MaxFile {
		return blob.File{}, fault.New(fault.TooLarge, "transfer.file_too_large").With("max", int64(MaxFile>>20))
	}
	return blob.File{Name: "imports/" + hex.EncodeToString(h.Sum(nil)) + ".csv", Body: r}, nil
}

// Get returns a run as it stands; "transfer.run_not_found".
func (s *Service) Get(ctx context.Context, id string) (Run, error) {
	run, err := findRun(ctx, s.db, id)
	if errors.Is(err, db.ErrNoRows) {
		return run, fault.New(fault.NotFound, "transfer.run_not_found")
	}
	return run, err
}

// List returns runs, newest first, from below the id before ("" for the
// newest), at most limit.
func (s *Service) List(ctx context.Context, before string, limit int) ([]Run, error) {
	return listRuns(ctx, s.db, before, limit)
}

// Problems lists what a run has to say about its rows, in the order in which
// it was found, from the after-th on (0 for the first), at most limit.
func (s *Service) Problems(ctx context.Context, id string, after int64, limit int) ([]Problem, error) {
	return listProblems(ctx, s.db, id, after, limit)
}

// Cancel stops a run after the steps under way. What it did stays. A run that
// has ended is left as it is.
func (s *Service) Cancel(ctx context.Context, actor audit.Actor, id string) error {
	return s.db.InTx(ctx, func(ctx context.Context, tx *db.Tx) error {
		stopped, err := setState(ctx, tx, id, Cancelled, nil, Waiting, Running)
		if err != nil || !stopped {
			return err
		}
		return audit.Append(ctx, tx, audit.Change{Actor: actor, Action: "import.cancelled", Object: "import", ID: id})
	})
}

// defaults are the currency and language of texts and amounts that name none.
func (s *Service) defaults(ctx context.Context, r Request) (currency, language string) {
	settings := s.markets.Current(ctx)
	language = r.Language
	if language == "" && len(settings.Shop.Languages) > 0 {
		language = settings.Shop.Languages[0]
	}
	if language == "" {
		language = "en"
	}
	return settings.Default().Currency, language
}

// begin finds the run to continue, or makes one.
func (s *Service) begin(ctx context.Context, r Request, state State) (Run, error) {
	currency, language := s.defaults(ctx, r)
	if currency == "" {
		return Run{}, fault.New(fault.Conflict, "transfer.shop_not_set_up")
	}
	hash, err := hashFiles(currency+language, r.File, r.Texts)
	if err != nil {
		return Run{}, err
	}
	actor := r.Actor
	if actor == (audit.Actor{}) {
		actor = audit.System("import")
	}
	var run Run
	err = s.db.InTx(ctx, func(ctx context.Context, tx *db.Tx) error {
		for {
			var err error
			run, err = latestRun(ctx, tx, r.Platform, hash, r.DryRun)
			switch {
			case errors.Is(err, db.ErrNoRows):
			case err != nil:
				return err
			case run.State == Done && !r.Again && !r.DryRun:
				return nil
			case run.State != Done:
				run.Report.Failure, run.Report.Params, run.Report.Pictures = "", nil, r.Pictures
				run.State = state
				_, err := setState(ctx, tx, run.ID, state, &run.Report, Waiting, Running, Failed, Cancelled)
				return err
			}
			run = Run{
				ID: tx.NewID("imp"), Platform: r.Platform, FileName: r.FileName, FileHash: hash, DryRun: r.DryRun, State: state,
				Report: Report{Currency: currency, Language: language, Pictures: r.Pictures, Actor: actor}, CreatedAt: tx.Now(), UpdatedAt: tx.Now(),
			}
			made, err := insertRun(ctx, tx, run)
			if err != nil {
				return err
			}
			if !made {
				continue // somebody made it while we looked: a process that was killed, a second click
			}
			return audit.Append(ctx, tx, audit.Change{
				Actor: actor, Action: "import.started", Object: "import", ID: run.ID,
				After: map[string]any{"platform": r.Platform, "file": r.FileName, "dry_run": r.DryRun},
			})
		}
	})
	return run, err
}

func hashFiles(salt string, files ...io.ReadSeeker) (string, error) {
	h := sha256.New()
	h.Write([]byte(salt))
	for _, f := range files {
		if f == nil {
			continue
		}
		if _, err := f.Seek(0, io.SeekStart); err != nil {
			return "", fmt.Errorf("rewind import: %w", err)
		}
		if _, err := io.Copy(h, f); err != nil {
			return "", fmt.Errorf("read import: %w", err)
		}
		h.Write([]byte{0})
	}
	return hex.EncodeToString(h.Sum(nil)), nil
}

// fail notes why a run cannot go on and returns it with the error. An end of
// ctx is no failure: the run stays as it is, to be continued.
func (s *Service) fail(ctx context.Context, run Run, cause error) (Run, error) {
	if ctx.Err() != nil {
		return run, cause
	}
	f := fault.From(cause)
	if fault.Reason(cause) == "transfer.run_elsewhere" || fault.Reason(cause) == "transfer.run_stopped" {
		return run, cause
	}
	err := s.db.InTx(ctx, func(ctx context.Context, tx *db.Tx) error {
		now, err := findRun(ctx, tx, run.ID)
		if err != nil {
			return err
		}
		run = now
		run.State, run.Report.Failure, run.Report.Params = Failed, f.Reason, f.Params
		_, err = setState(ctx, tx, run.ID, Failed, &run.Report, Waiting, Running)
		return err
	})
	return run, errors.Join(cause, err)
}

// slice is the job that imports for some seconds and then makes way.
type slice struct {
	Run string `json:"run"`
}

// Kind implements job.Args.
func (slice) Kind() string { return "import" }

// Register has the runner carry out what Submit was given. Call it before the
// runner runs.
func (s *Service) Register(r *job.Runner) { job.Handle(r, s.slice) }

func (s *Service) slice(ctx context.Context, info job.Info, args slice) error {
	run, err := s.Get(ctx, args.Run)
	if err != nil {
		return err
	}
	if run.State != Waiting && run.State != Running {
		return s.forget(ctx, run)
	}
	err = s.db.InTx(ctx, func(ctx context.Context, tx *db.Tx) error {
		_, err := setState(ctx, tx, run.ID, Running, nil, Waiting, Running)
		return err
	})
	if err != nil {
		return err
	}
	ses, err := s.borrow(ctx, run)
	if err == nil {
		watch := clock.Start()
		err = s.work(ctx, ses, nil, func() bool { return watch.Elapsed() < s.sliceTime })
	}
	switch {
	case errors.Is(err, errPause):
		s.giveBack(ses)
		return s.db.InTx(ctx, func(ctx context.Context, tx *db.Tx) error {
			if err := info.Complete(ctx, tx); err != nil {
				return err
			}
			return job.Enqueue(ctx, tx, args, job.Unique("import "+run.ID))
		})
	case ses != nil:
		ses.close()
	}
	switch reason := fault.Reason(err); {
	case err == nil, reason == "transfer.run_stopped":
		return s.forgetNow(ctx, run.ID)
	case reason == "transfer.run_elsewhere":
		return nil
	case reason == "" && !info.Last:
		return err // the disk, the database: it is tried again where it stood
	}
	if run, _ := s.fail(ctx, run, err); run.State != Failed {
		return err
	}
	return s.forgetNow(ctx, run.ID)
}

// borrow opens the run's file, or takes it as the last slice left it.
func (s *Service) borrow(ctx context.Context, run Run) (*session, error) {
	s.mu.Lock()
	ses := s.open
	s.open = nil
	s.mu.Unlock()
	if ses != nil {
		if ses.run.ID == run.ID && ses.at == run.Done {
			return ses, nil
		}
		ses.close()
	}
	file, err := s.files.Open(ctx, run.Report.File)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	var texts io.ReadSeeker
	if run.Report.Texts != "" {
		more, err := s.files.Open(ctx, run.Report.Texts)
		if err != nil {
			return nil, err
		}
		defer more.Close()
		texts = more
	}
	return s.session(ctx, run, file, texts, "")
}

// giveBack keeps an open file for the run's next slice.
func (s *Service) giveBack(ses *session) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.open != nil {
		s.open.close()
	}
	s.open = ses
}
