package payment

import (
	"context"
	"fmt"
	"log/slog"
	"slices"
	"sync"

	"github.com/stoashop/stoa/guard/audit"
	"github.com/stoashop/stoa/guard/privacy"
	"github.com/stoashop/stoa/kit/fault"
	"github.com/stoashop/stoa/platform/db"
)

// Offer is a payment method a shopper may choose.
type Offer struct {
	Code string // "provider.method"
	Method
}

// Stored is a provider with what the merchant has decided about it.
type Stored struct {
	Provider Provider
	Active   bool
	Settings Settings
	Version  int64 // 0 while nothing is stored
}

// Service keeps the providers of a shop and their settings.
type Service struct {
	db        *db.DB
	log       *slog.Logger
	vault     *privacy.Vault
	providers []Provider // in the order they are offered

	mu     sync.RWMutex
	stored map[string]Stored
}

// NewService returns a service for providers, in the order they are offered. A
// provider is active until staff switch it off. It knows no stored settings
// until the log it Follows has started, or Reload was called.
func NewService(d *db.DB, log *slog.Logger, vault *privacy.Vault, providers ...Provider) (*Service, error) {
	s := &Service{db: d, log: log, vault: vault, providers: providers, stored: make(map[string]Stored)}
	for i, p := range providers {
		id := p.Info().ID
		if slices.ContainsFunc(providers[:i], func(q Provider) bool { return q.Info().ID == id }) {
			return nil, fmt.Errorf("two payment providers are called %q", id)
		}
		s.stored[id] = s.fresh(p)
	}
	return s, nil
}

// fresh is a provider nobody has decided anything about.
func (s *Service) fresh(p Provider) Stored {
	settings, err := Tidy(p.Info().Settings, nil)
	if err != nil {
		settings = Settings{}
	}
	return Stored{Provider: p, Active: true, Settings: settings}
}

const object = "payment_provider"

// Follow keeps the settings fresh on every node.
func (s *Service) Follow(log *audit.Log) {
	log.Follow("payment providers", func(entries []audit.Entry) {
		if slices.ContainsFunc(entries, func(e audit.Entry) bool { return e.Object == object }) {
			if err := s.Reload(context.Background()); err != nil {
				s.log.Error("payment settings cannot be read; the older ones are used", "err", err)
			}
		}
	}, s.Reload)
}

// Reload reads the settings anew.
func (s *Service) Reload(ctx context.Context) error {
	rows, err := load(ctx, s.db)
	if err != nil {
		return fmt.Errorf("load payment providers: %w", err)
	}
	next := make(map[string]Stored, len(s.providers))
	for _, p := range s.providers {
		info := p.Info()
		st := s.fresh(p)
		if row, ok := rows[info.ID]; ok {
			var in map[string]string
			if err := s.vault.OpenJSON(ctx, s.vault.SystemKey(), object+":"+info.ID, row.settings, &in); err != nil {
				return err
			}
			// A field that a newer program added gets its default; one that it
			// dropped is left out.
			for name := range in {
				if !slices.ContainsFunc(info.Settings, func(f Field) bool { return f.Name == name }) {
					delete(in, name)
				}
			}
			settings, err := Tidy(info.Settings, in)
			if err != nil {
				return fmt.Errorf("stored settings of %s: %w", info.ID, err)
			}
			st = Stored{Provider: p, Active: row.active, Settings: settings, Version: row.version}
		}
		next[info.ID] = st
	}
	s.mu.Lock()
	s.stored = next
	s.mu.Unlock()
	return nil
}

// Provider returns a provider and its settings. One that was switched off
// still finishes, refunds and answers for what it began.
func (s *Service) Provider(id string) (Provider, Settings, bool) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	st, ok := s.stored[id]
	return st.Provider, st.Settings, ok
}

// Offered lists what shoppers may choose for a currency: the methods of active
// providers whose required settings are filled in.
func (s *Service) Offered(currency string) []Offer {
	var offers []Offer
	for _, st := range s.All() {
		info := st.Provider.Info()
		for _, m := range info.Methods {
			if st.Active && m.Takes(currency) && Ready(info, m.ID, st.Settings) {
				offers = append(offers, Offer{Code: info.ID + "." + m.ID, Method: m})
			}
		}
	}
	return offers
}

// All lists every provider, for staff.
func (s *Service) All() []Stored {
	s.mu.RLock()
	defer s.mu.RUnlock()
	list := make([]Stored, 0, len(s.providers))
	for _, p := range s.providers {
		list = append(list, s.stored[p.Info().ID])
	}
	return list
}

// AnyLive reports whether an offered provider moves real money.
func (s *Service) AnyLive() bool {
	for _, st := range s.All() {
		if st.Active && !st.Provider.Info().ByHand && Live(st.Provider, st.Settings) {
			return true
		}
	}
	return false
}

// Save stores what staff decided about a provider. An empty Secret field keeps
// the stored value. version is the one that was edited; "version.changed" when
// somebody else was faster. Bad fields fail with "form.invalid".
func (s *Service) Save(ctx context.Context, tx *db.Tx, actor audit.Actor, id string, active bool, in map[string]string, version int64) error {
	s.mu.RLock()
	before, ok := s.stored[id]
	s.mu.RUnlock()
	if !ok {
		return fault.New(fault.NotFound, "payment.unknown_provider")
	}
	info := before.Provider.Info()
	for _, f := range info.Settings {
		if f.Kind == Secret && in[f.Name] == "" && before.Settings[f.Name] != "" {
			in[f.Name] = before.Settings[f.Name]
		}
	}
	settings, err := Tidy(info.Settings, in)
	if err != nil {
		return err
	}
	sealed, err := s.vault.SealJSON(ctx, s.vault.SystemKey(), object+":"+id, settings)
	if err != nil {
		return err
	}
	saved, err := save(ctx, tx, id, active, sealed, version)
	if err != nil {
		return fmt.Errorf("save payment provider: %w", err)
	}
	if !saved {
		return fault.New(fault.Conflict, "version.changed")
	}
	var changed []string
	for _, f := range info.Settings {
		if settings[f.Name] != before.Settings[f.Name] {
			changed = append(changed, f.Name)
		}
	}
	return audit.Append(ctx, tx, audit.Change{
		Actor: actor, Action: "payment_provider.saved", Object: object, ID: id,
		Before: map[string]any{"active": before.Active}, After: map[string]any{"active": active, "changed": changed},
	})
}
