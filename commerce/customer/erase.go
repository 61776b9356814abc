package customer

import (
	"context"
	"fmt"

	"github.com/stoashop/stoa/guard/audit"
	"github.com/stoashop/stoa/kit/fault"
	"github.com/stoashop/stoa/platform/db"
	"github.com/stoashop/stoa/platform/job"
)

// Erase makes a person unreadable for good: the account, its addresses, and
// name, address and words of every order. Orders keep their number, their
// goods and their amounts; the address may open an account anew.
//
// It fails with "customer.orders_open" while an order is neither shipped nor
// cancelled, because nobody could deliver it any more, and with
// "customer.not_found". Erasing somebody a second time does nothing.
func (s *Service) Erase(ctx context.Context, actor audit.Actor, id string) error {
	var keys []string
	err := s.db.InTx(ctx, func(ctx context.Context, tx *db.Tx) error {
		keys = nil
		r, err := byID(ctx, tx, id, tx.ForUpdate())
		if err != nil {
			return err
		}
		c, err := s.open(ctx, r)
		if err != nil || c.Erased {
			return err
		}
		var index []byte
		if r.Verified() {
			index = r.index
			if _, err := s.attach(ctx, tx, r); err != nil {
				return err
			}
		}
		open, err := hasOpenOrders(ctx, tx, id)
		if err != nil {
			return fmt.Errorf("look for open orders: %w", err)
		}
		if open {
			return fault.New(fault.Conflict, "customer.orders_open")
		}
		if keys, err = keysOf(ctx, tx, id, index); err != nil {
			return fmt.Errorf("gather keys: %w", err)
		}
		if err := blank(ctx, tx, id, keys, s.vault.Index("erased", id)); err != nil {
			return fmt.Errorf("blank customer: %w", err)
		}
		if err := audit.Append(ctx, tx, audit.Change{Actor: actor, Action: "customer.erased", Object: "customer", ID: id, After: map[string]int{"keys": len(keys)}}); err != nil {
			return err
		}
		return job.Enqueue(ctx, tx, shred{id, keys})
	})
	if err != nil {
		return err
	}
	return s.shred(ctx, keys) // the job does it once more, should we not get this far
}

// shred is the job that deletes a person's keys. They lie in a database of
// their own, which the transaction cannot reach.
type shred struct {
	CustomerID string   `json:"customer_id"`
	Keys       []string `json:"keys"`
}

func (shred) Kind() string { return "customer_shred" }

func (s *Service) shred(ctx context.Context, keys []string) error {
	for _, key := range keys {
		if err := s.vault.Erase(ctx, key); err != nil {
			return fmt.Errorf("erase key %s: %w", key, err)
		}
	}
	return nil
}

// Register takes on the work that outlives a request, and makes this node
// forget the keys of whoever was erased on another.
func (s *Service) Register(jobs *job.Runner, log *audit.Log) {
	job.Handle(jobs, func(ctx context.Context, _ job.Info, args shred) error {
		if err := s.shred(ctx, args.Keys); err != nil {
			return err
		}
		return s.db.InTx(ctx, func(ctx context.Context, tx *db.Tx) error {
			return audit.Append(ctx, tx, audit.Change{Actor: audit.System("privacy"), Action: keysErased, Object: "customer", ID: args.CustomerID})
		})
	})
	log.Follow("erased people", func(entries []audit.Entry) {
		for _, e := range entries {
			if e.Action == keysErased {
				s.vault.ForgetAll()
				return
			}
		}
	}, func(context.Context) error { s.vault.ForgetAll(); return nil })
}

const keysErased = "customer.keys_erased"
