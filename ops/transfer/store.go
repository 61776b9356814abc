package transfer

import (
	"context"
	"errors"
	"time"

	"github.com/stoashop/stoa/platform/db"
)

const runColumns = `r.id, r.platform, r.file_name, r.file_hash, r.dry_run, r.state, r.total, r.done, r.report, r.created_at, r.updated_at, r.finished_at,
	COALESCE(c.created, 0), COALESCE(c.updated, 0), COALESCE(c.unchanged, 0), COALESCE(c.refused, 0), COALESCE(c.variants, 0), COALESCE(c.pictures, 0), COALESCE(c.problems, 0)`

func scanRun(rows *db.Rows) (r Run, err error) {
	err = rows.Scan(&r.ID, &r.Platform, &r.FileName, &r.FileHash, db.Truth(&r.DryRun), &r.State, &r.Total, &r.Done, db.JSON(&r.Report),
		db.Time(&r.CreatedAt), db.Time(&r.UpdatedAt), db.Time(&r.FinishedAt),
		&r.Created, &r.Updated, &r.Unchanged, &r.Refused, &r.Variants, &r.Pictures, &r.Problems)
	return r, err
}

func findRun(ctx context.Context, q db.Q, id string) (Run, error) {
	return db.First(ctx, q, scanRun, `SELECT `+runColumns+` FROM import_run r LEFT JOIN import_count c ON c.run_id = r.id WHERE r.id = $1`, id)
}

// lockRun is findRun that holds the run until the transaction ends. It sees what
// others wrote to the run while it waited for them; the counts may be older.
func lockRun(ctx context.Context, tx *db.Tx, id string) (Run, error) {
	return db.First(ctx, tx, scanRun, `SELECT `+runColumns+` FROM import_run r LEFT JOIN import_count c ON c.run_id = r.id WHERE r.id = $1`+tx.ForUpdateOf("r"), id)
}

// latestRun is the run of a file that is under way, else the newest.
func latestRun(ctx context.Context, q db.Q, platform Platform, hash string, dry bool) (Run, error) {
	return db.First(ctx, q, scanRun, `
		SELECT `+runColumns+` FROM import_run r LEFT JOIN import_count c ON c.run_id = r.id
		WHERE r.platform = $1 AND r.file_hash = $2 AND r.dry_run = $3
		ORDER BY CASE WHEN r.state IN ('waiting', 'running') THEN 0 ELSE 1 END, r.created_at DESC, r.id DESC LIMIT 1`, string(platform), hash, db.Bool(dry))
}

func listRuns(ctx context.Context, q db.Q, before string, limit int) ([]Run, error) {
	return db.All(ctx, q, scanRun, `
		SELECT `+runColumns+` FROM import_run r LEFT JOIN import_count c ON c.run_id = r.id
		WHERE ($1 = '' OR r.id < $1)
		ORDER BY r.id DESC LIMIT $2`, before, limit)
}

// insertRun reports false, and writes nothing, when a run of the file is under
// way. It waits for a transaction that is about to say so.
func insertRun(ctx context.Context, tx *db.Tx, r Run) (bool, error) {
	n, err := tx.Exec(ctx, `
		INSERT INTO import_run (id, platform, file_name, file_hash, dry_run, state, total, done, report, created_at, updated_at)
		VALUES ($1, $2, $3, $4, $5, $6, $7, 0, $8, $9, $9)
		ON CONFLICT DO NOTHING`,
		r.ID, string(r.Platform), r.FileName, r.FileHash, db.Bool(r.DryRun), string(r.State), r.Total, db.JSON(&r.Report), tx.Now().UnixMilli())
	return n == 1, err
}

// setState moves a run to a state, unless it has ended otherwise meanwhile.
func setState(ctx context.Context, tx *db.Tx, id string, to State, report *Report, from ...State) (bool, error) {
	var finished time.Time
	if to != Waiting && to != Running {
		finished = tx.Now()
	}
	args := []any{id, string(to), tx.Now().UnixMilli(), db.Time(&finished)}
	set := ``
	if report != nil {
		args = append(args, db.JSON(report))
		set = `, report = $5`
	}
	first := len(args) + 1
	for _, s := range from {
		args = append(args, string(s))
	}
	n, err := tx.Exec(ctx, `UPDATE import_run SET state = $2, updated_at = $3, finished_at = $4`+set+` WHERE id = $1 AND state IN `+db.In(first, len(from)), args...)
	return n == 1, err
}

// setReport replaces the report of a run that has ended.
func setReport(ctx context.Context, tx *db.Tx, id string, r Report) error {
	_, err := tx.Exec(ctx, `UPDATE import_run SET report = $2 WHERE id = $1 AND finished_at IS NOT NULL`, id, db.JSON(&r))
	return err
}

func setTotal(ctx context.Context, tx *db.Tx, id string, total int64) error {
	_, err := tx.Exec(ctx, `UPDATE import_run SET total = $2 WHERE id = $1`, id, total)
	return err
}

// advance moves the cursor from done by some steps. It reports false when the
// run was stopped or somebody else moved it.
func advance(ctx context.Context, tx *db.Tx, id string, done, steps int64) (bool, error) {
	n, err := tx.Exec(ctx, `UPDATE import_run SET done = $3, updated_at = $4 WHERE id = $1 AND done = $2 AND state = 'running'`, id, done, done+steps, tx.Now().UnixMilli())
	return n == 1, err
}

func addCounts(ctx context.Context, tx *db.Tx, id string, c Counts) error {
	_, err := tx.Exec(ctx, `
		INSERT INTO import_count (run_id, created, updated, unchanged, refused, variants, pictures, problems)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
		ON CONFLICT (run_id) DO UPDATE SET created = import_count.created + excluded.created, updated = import_count.updated + excluded.updated,
			unchanged = import_count.unchanged + excluded.unchanged, refused = import_count.refused + excluded.refused,
			variants = import_count.variants + excluded.variants, pictures = import_count.pictures + excluded.pictures,
			problems = import_count.problems + excluded.problems`,
		id, c.Created, c.Updated, c.Unchanged, c.Refused, c.Variants, c.Pictures, c.Problems)
	return err
}

// maxProblems is how many problems of a run are kept; more are only counted.
const maxProblems = 2000

func addProblems(ctx context.Context, tx *db.Tx, id string, problems []Problem) error {
	var last int64
	err := tx.QueryRow(ctx, `SELECT COALESCE(MAX(seq), 0) FROM import_problem WHERE run_id = $1`, id).Scan(&last)
	if err != nil {
		return err
	}
	for _, p := range problems {
		if last++; last > maxProblems {
			return nil
		}
		params := p.Params
		if params == nil {
			params = map[string]any{}
		}
		_, err := tx.Exec(ctx, `
			INSERT INTO import_problem (run_id, seq, at_row, at_column, product, reason, params, value, notice)
			VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)`, id, last, p.Row, p.Column, p.Product, p.Reason, db.JSON(&params), p.Value, db.Bool(p.Notice))
		if err != nil {
			return err
		}
	}
	return nil
}

func listProblems(ctx context.Context, q db.Q, id string, after int64, limit int) ([]Problem, error) {
	return db.All(ctx, q, func(rows *db.Rows) (p Problem, err error) {
		err = rows.Scan(&p.Row, &p.Column, &p.Product, &p.Reason, db.JSON(&p.Params), &p.Value, db.Truth(&p.Notice))
		if len(p.Params) == 0 {
			p.Params = nil
		}
		return p, err
	}, `SELECT at_row, at_column, product, reason, params, value, notice FROM import_problem WHERE run_id = $1 AND seq > $2 ORDER BY seq LIMIT $3`, id, after, limit)
}

// origin is what is known of where a product came from.
type origin struct {
	ProductID string
	Source    string
	Hash      string
	Kept      memory
}

func scanOrigin(rows *db.Rows) (o origin, err error) {
	return o, rows.Scan(&o.ProductID, &o.Source, &o.Hash, db.JSON(&o.Kept))
}

// originBySource finds the living product that came from source.
func originBySource(ctx context.Context, q db.Q, source string) (origin, bool, error) {
	o, err := db.First(ctx, q, scanOrigin, `
		SELECT i.product_id, i.source, i.hash, i.kept FROM import_product i JOIN product p ON p.id = i.product_id
		WHERE i.source = $1 AND p.status <> 'deleted'`, source)
	if errors.Is(err, db.ErrNoRows) {
		return o, false, nil
	}
	return o, err == nil, err
}

func originOf(ctx context.Context, q db.Q, productID string) (origin, bool, error) {
	o, err := db.First(ctx, q, scanOrigin, `SELECT product_id, source, hash, kept FROM import_product WHERE product_id = $1`, productID)
	if errors.Is(err, db.ErrNoRows) {
		return o, false, nil
	}
	return o, err == nil, err
}

func saveOrigin(ctx context.Context, tx *db.Tx, o origin) error {
	if _, err := tx.Exec(ctx, `DELETE FROM import_product WHERE source = $1 AND product_id <> $2`, o.Source, o.ProductID); err != nil {
		return err
	}
	_, err := tx.Exec(ctx, `
		INSERT INTO import_product (product_id, source, hash, kept, updated_at) VALUES ($1, $2, $3, $4, $5)
		ON CONFLICT (product_id) DO UPDATE SET source = excluded.source, hash = excluded.hash, kept = excluded.kept, updated_at = excluded.updated_at`,
		o.ProductID, o.Source, o.Hash, db.JSON(&o.Kept), tx.Now().UnixMilli())
	return err
}

// productPage lists ids of living products, ascending.
func productPage(ctx context.Context, q db.Q, after string, limit int) ([]string, error) {
	return db.All(ctx, q, db.String, `SELECT id FROM product WHERE id > $1 AND status <> 'deleted' ORDER BY id LIMIT $2`, after, limit)
}

// headings are the columns that imported files of a kind had.
func headings(ctx context.Context, q db.Q, platform Platform, kind Kind) ([]heading, error) {
	had, err := db.First(ctx, q, func(rows *db.Rows) (had []heading, err error) {
		return had, rows.Scan(db.JSON(&had))
	}, `SELECT headings FROM import_heading WHERE platform = $1 AND kind = $2`, string(platform), string(kind))
	if errors.Is(err, db.ErrNoRows) {
		return nil, nil
	}
	return had, err
}

func saveHeadings(ctx context.Context, tx *db.Tx, platform Platform, kind Kind, list []heading) error {
	_, err := tx.Exec(ctx, `
		INSERT INTO import_heading (platform, kind, headings) VALUES ($1, $2, $3)
		ON CONFLICT (platform, kind) DO UPDATE SET headings = excluded.headings`, string(platform), string(kind), db.JSON(&list))
	return err
}
