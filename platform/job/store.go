package job

import (
	"context"
	"time"

	"github.com/stoashop/stoa/platform/db"
)

type row struct {
	id, kind, args, uniqueKey string
	priority                  int
	runAt                     time.Time
	attempts, maxAttempts     int
	lease                     string // names the claim; "" before
}

// insert writes a job, or wakes the one that has its key. That row is locked to
// the end of the transaction in any case: a run that would begin now must see
// what the transaction does.
func insert(ctx context.Context, tx *db.Tx, r row) error {
	return tx.Send(ctx, `
		INSERT INTO job (id, kind, args, unique_key, priority, state, run_at, attempts, max_attempts, last_error, created_at)
		VALUES ($1, $2, $3, $4, $5, 'waiting', $6, 0, $7, '', $8)
		ON CONFLICT (unique_key) DO UPDATE SET
			args = CASE WHEN job.state = 'dead' OR job.lease_by IS NOT NULL THEN excluded.args ELSE job.args END,
			state = 'waiting',
			run_at = CASE WHEN job.state = 'dead' THEN excluded.run_at ELSE job.run_at END,
			attempts = CASE WHEN job.state = 'dead' THEN 0 ELSE job.attempts END,
			max_attempts = CASE WHEN job.state = 'dead' OR job.lease_by IS NOT NULL THEN excluded.max_attempts ELSE job.max_attempts END,
			again_at = CASE
				WHEN job.lease_by IS NULL OR job.again_at < excluded.run_at THEN job.again_at
				ELSE excluded.run_at END`,
		r.id, r.kind, r.args, db.Null(&r.uniqueKey), r.priority, r.runAt.UnixMilli(), r.maxAttempts, tx.Now().UnixMilli())
}

// claim leases up to n due jobs and counts the attempt. A job whose lease has
// run out is due again.
func claim(ctx context.Context, tx *db.Tx, node string, n int, until time.Time) ([]row, error) {
	now := tx.Now().UnixMilli()
	lease := node + " " + tx.NewID("run")
	due, err := db.All(ctx, tx, func(rows *db.Rows) (row, error) {
		r := row{lease: lease}
		err := rows.Scan(&r.id, &r.kind, &r.args, &r.attempts, &r.maxAttempts)
		r.attempts++
		return r, err
	}, `
		SELECT id, kind, args, attempts, max_attempts
		FROM job
		WHERE state = 'waiting' AND run_at <= $1 AND (lease_until IS NULL OR lease_until <= $1)
		ORDER BY priority, run_at, id
		LIMIT $2`+tx.SkipLocked(), now, n)
	if err != nil || len(due) == 0 {
		return nil, err
	}
	args := []any{until.UnixMilli(), lease, now}
	for _, r := range due {
		args = append(args, r.id)
	}
	_, err = tx.Exec(ctx, `
		UPDATE job SET lease_until = $1, lease_by = $2, attempts = attempts + 1, again_at = CASE WHEN again_at > $3 THEN again_at END
		WHERE id IN `+db.In(4, len(due)), args...)
	return due, err
}

// release undoes claim for jobs of one lease that were not begun.
func release(ctx context.Context, tx *db.Tx, jobs []row) error {
	args := []any{jobs[0].lease}
	for _, r := range jobs {
		args = append(args, r.id)
	}
	_, err := tx.Exec(ctx, `
		UPDATE job SET lease_until = NULL, lease_by = NULL, attempts = attempts - 1
		WHERE lease_by = $1 AND id IN `+db.In(2, len(jobs)), args...)
	return err
}

// remove ends a job that is done. One that was woken while it ran waits again,
// with all its tries. A lease that another node has taken over ends nothing.
func remove(ctx context.Context, tx *db.Tx, id, lease string) error {
	n, err := tx.Exec(ctx, `DELETE FROM job WHERE id = $1 AND lease_by = $2 AND again_at IS NULL`, id, lease)
	if err != nil || n > 0 {
		return err
	}
	tx.Wake(topic)
	_, err = tx.Exec(ctx, `
		UPDATE job SET run_at = again_at, again_at = NULL, attempts = 0, lease_until = NULL, lease_by = NULL
		WHERE id = $1 AND lease_by = $2 AND again_at IS NOT NULL`, id, lease)
	return err
}

// fail frees the lease for a later attempt, or parks the job as dead. One that
// was woken while it ran gets its tries back and runs by then at the latest.
func fail(ctx context.Context, tx *db.Tx, r row, cause error, next time.Time) error {
	state := "waiting"
	if r.attempts >= r.maxAttempts {
		state = "dead"
	}
	text := cause.Error()
	if len(text) > 2000 {
		text = text[:2000]
	}
	_, err := tx.Exec(ctx, `
		UPDATE job SET
			state = CASE WHEN again_at IS NULL THEN $1 ELSE 'waiting' END,
			attempts = CASE WHEN again_at IS NULL THEN attempts ELSE 0 END,
			run_at = CASE WHEN again_at IS NOT NULL AND ($1 = 'dead' OR again_at <= $2) THEN again_at ELSE $2 END,
			again_at = CASE WHEN $1 <> 'dead' AND again_at > $2 THEN again_at END,
			lease_until = NULL, lease_by = NULL, last_error = $3
		WHERE id = $4 AND lease_by = $5`, state, next.UnixMilli(), text, r.id, r.lease)
	return err
}

// Dead is a job that failed for good.
type Dead struct {
	ID, Kind, Args, Error string
	Attempts              int
	CreatedAt             time.Time
}

// DeadJobs lists the newest dead jobs, at most limit.
func DeadJobs(ctx context.Context, q db.Q, limit int) ([]Dead, error) {
	return db.All(ctx, q, func(rows *db.Rows) (d Dead, err error) {
		err = rows.Scan(&d.ID, &d.Kind, &d.Args, &d.Error, &d.Attempts, db.Time(&d.CreatedAt))
		return d, err
	}, `SELECT id, kind, args, last_error, attempts, created_at FROM job WHERE state = 'dead' ORDER BY id DESC LIMIT $1`, limit)
}

// Revive gives a dead job its attempts back and makes it due. It does nothing
// for a job that is not dead.
func Revive(ctx context.Context, tx *db.Tx, id string) error {
	tx.Wake(topic)
	_, err := tx.Exec(ctx, `
		UPDATE job SET state = 'waiting', attempts = 0, run_at = $1 WHERE id = $2 AND state = 'dead'`,
		tx.Now().UnixMilli(), id)
	return err
}

// Waiting counts jobs that wait or run, for metrics and tests.
func Waiting(ctx context.Context, q db.Q) (n int64, err error) {
	err = q.QueryRow(ctx, `SELECT COUNT(*) FROM job WHERE state = 'waiting'`).Scan(&n)
	return n, err
}
