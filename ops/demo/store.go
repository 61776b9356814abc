package demo

import (
	"context"
	"errors"

	"github.com/stoashop/stoa/platform/db"
)

// State is what a database holds.
type State struct {
	// Taken: a shop has been opened in it, or its owner has an account.
	Taken bool
	// Demo: the shop is one that Fill made. Nothing else may be thrown away.
	Demo bool
	// Products is how many Fill has made so far, whatever became of them since.
	// A demo with none is being thrown away.
	Products int
}

// Look says what a migrated database holds.
func Look(ctx context.Context, q db.Q) (s State, err error) {
	var shops, people int
	err = errors.Join(
		q.QueryRow(ctx, `SELECT COUNT(*) FROM shop`).Scan(&shops),
		q.QueryRow(ctx, `SELECT COUNT(*) FROM (SELECT id FROM staff LIMIT 1) AS somebody`).Scan(&people),
		q.QueryRow(ctx, `SELECT COUNT(*), CAST(COALESCE(MAX(products), 0) AS BIGINT) FROM demo`).Scan(db.Truth(&s.Demo), &s.Products),
	)
	s.Taken = shops+people > 0
	return s, err
}

// mark notes in the transaction that opens the shop that it is a demo.
func mark(ctx context.Context, tx *db.Tx, products int) error {
	_, err := tx.Exec(ctx, `INSERT INTO demo (id, products) VALUES ('demo', $1)`, products)
	return err
}

func grow(ctx context.Context, tx *db.Tx, products int) error {
	_, err := tx.Exec(ctx, `UPDATE demo SET products = products + $1`, products)
	return err
}

// Doom notes that a demo is being thrown away: whoever finds it so goes on
// with that. It changes nothing in a database that holds no demo.
func Doom(ctx context.Context, d *db.DB) error {
	return d.InTx(ctx, func(ctx context.Context, tx *db.Tx) error {
		_, err := tx.Exec(ctx, `UPDATE demo SET products = 0`)
		return err
	})
}
