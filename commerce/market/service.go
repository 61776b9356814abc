package market

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/stoashop/stoa/commerce/shipping"
	"github.com/stoashop/stoa/commerce/tax"
	"github.com/stoashop/stoa/guard/audit"
	"github.com/stoashop/stoa/kit/fault"
	"github.com/stoashop/stoa/platform/db"
)

// Load reads all settings in nine statements. A shop that has not been set up
// has an empty snapshot.
func Load(ctx context.Context, q db.Q) (*Snapshot, error) {
	s := &Snapshot{}
	var err error
	if s.Shop, err = shop(ctx, q); err != nil && !errors.Is(err, db.ErrNoRows) {
		return nil, fmt.Errorf("load shop: %w", err)
	}
	s.Shop.location = location(s.Shop.Zone)
	if s.Markets, err = markets(ctx, q); err != nil {
		return nil, fmt.Errorf("load markets: %w", err)
	}
	if s.PriceLists, err = priceLists(ctx, q); err != nil {
		return nil, fmt.Errorf("load price lists: %w", err)
	}
	rates, err := tax.Load(ctx, q)
	if err != nil {
		return nil, err
	}
	s.Classes, s.Rates = rates.Classes, rates.Rates
	if s.Zones, err = shipping.Load(ctx, q); err != nil {
		return nil, err
	}
	return s, nil
}

// Service holds the settings for everyone on this node and changes them for
// the staff.
type Service struct {
	db  *db.DB
	log *slog.Logger

	tax      *tax.Service
	shipping *shipping.Service

	now     atomic.Pointer[Snapshot]
	stale   atomic.Bool
	loading sync.Mutex
}

// New returns the service. It knows nothing until the change log that it is
// told to Follow has started, or Reload was called.
func New(d *db.DB, log *slog.Logger, t *tax.Service, s *shipping.Service) *Service {
	svc := &Service{db: d, log: log, tax: t, shipping: s}
	svc.now.Store(&Snapshot{})
	return svc
}

// objects are the kinds of change that a snapshot is made of.
func objects() []string {
	return []string{"shop", "market", "price_list", "tax_class", "tax_rate", "shipping_zone", "shipping_method"}
}

// patience bounds a reload on behalf of the change log.
const patience = 10 * time.Second

// Follow keeps the snapshot fresh: on the node that commits a change before
// its InTx returns, on the others within a second.
func (s *Service) Follow(log *audit.Log) {
	log.Follow("settings", func(entries []audit.Entry) {
		if !slices.ContainsFunc(entries, func(e audit.Entry) bool { return slices.Contains(objects(), e.Object) }) {
			return
		}
		s.stale.Store(true)
		ctx, cancel := context.WithTimeout(context.Background(), patience)
		defer cancel()
		if err := s.Reload(ctx); err != nil {
			s.log.Error("settings could not be read; trying again at the next request", "err", err)
		}
	}, s.Reload)
}

// Reload reads the settings anew.
func (s *Service) Reload(ctx context.Context) error {
	s.loading.Lock()
	defer s.loading.Unlock()
	return s.load(ctx)
}

// load needs the lock.
func (s *Service) load(ctx context.Context) error {
	s.stale.Store(false) // before reading: a change from now on is another reload
	fresh, err := Load(ctx, s.db)
	if err != nil {
		s.stale.Store(true)
		return err
	}
	s.now.Store(fresh)
	return nil
}

// Current returns the settings as they are now. It costs nothing unless a
// reload failed before: then one caller at a time tries it again, and all get
// the older settings while that fails.
func (s *Service) Current(ctx context.Context) *Snapshot {
	if s.stale.Load() && s.loading.TryLock() {
		err := s.load(ctx)
		s.loading.Unlock()
		if err != nil {
			s.log.ErrorContext(ctx, "settings could not be read", "err", err)
		}
	}
	return s.now.Load()
}

// SaveShop changes what is said of the shop. Its country may change; rates and
// zones do not follow by themselves. It fails with "form.invalid", with
// "settings.changed" when somebody else saved in the meantime, and with
// NotFound "settings.unknown" before the shop is set up.
func (s *Service) SaveShop(ctx context.Context, tx *db.Tx, actor audit.Actor, shop Shop) (Shop, error) {
	shop = shop.tidied()
	if err := shop.Validate(); err != nil {
		return Shop{}, err
	}
	before, err := lockShop(ctx, tx)
	if err := current(err, before.Version, shop.Version); err != nil {
		return Shop{}, fmt.Errorf("shop: %w", err)
	}
	shop.OpenedAt = before.OpenedAt
	if err := updateShop(ctx, tx, shop); err != nil {
		return Shop{}, fmt.Errorf("update shop: %w", err)
	}
	shop.Version++
	shop.location = location(shop.Zone)
	return shop, logged(ctx, tx, actor, "shop.saved", "shop", "shop", before, shop)
}

// SaveMarket changes a market. Its currency may change only while its price
// list is empty: a fault at "currency" otherwise. It fails like SaveShop.
func (s *Service) SaveMarket(ctx context.Context, tx *db.Tx, actor audit.Actor, m Market) (Market, error) {
	m.Name = tidy(m.Name)
	if err := m.Validate(); err != nil {
		return Market{}, err
	}
	before, err := lockMarket(ctx, tx, m.ID)
	if err := current(err, before.Version, m.Version); err != nil {
		return Market{}, fmt.Errorf("market %s: %w", m.ID, err)
	}
	m.PriceListID, m.Default = before.PriceListID, before.Default
	var form fault.Form
	taken, err := marketCodeTaken(ctx, tx, m.ID, m.Code)
	if err != nil {
		return Market{}, fmt.Errorf("look for the code of market %s: %w", m.ID, err)
	}
	if taken {
		form.Add("code", "market.code_taken")
	}
	if m.Currency != before.Currency {
		n, err := changeCurrency(ctx, tx, m.PriceListID, m.Currency)
		if err != nil {
			return Market{}, fmt.Errorf("change currency of price list %s: %w", m.PriceListID, err)
		}
		if n == 0 {
			form.Add("currency", "market.currency_in_use")
		}
	}
	if err := form.Err(); err != nil {
		return Market{}, err
	}
	if err := updateMarket(ctx, tx, m); err != nil {
		return Market{}, fmt.Errorf("update market %s: %w", m.ID, err)
	}
	m.Version++
	return m, logged(ctx, tx, actor, "market.saved", "market", m.ID, before, m)
}

// current turns the outcome of locking a row into a fault when it is gone or
// not the version that was edited.
func current(err error, have, edited int64) error {
	switch {
	case errors.Is(err, db.ErrNoRows):
		return fault.New(fault.NotFound, "settings.unknown")
	case err != nil:
		return err
	case have != edited:
		return fault.New(fault.Conflict, "settings.changed")
	}
	return nil
}

func logged(ctx context.Context, tx *db.Tx, actor audit.Actor, action, object, id string, before, after any) error {
	return audit.Append(ctx, tx, audit.Change{Actor: actor, Action: action, Object: object, ID: id, Before: before, After: after})
}
