package shipping_test

import (
	"context"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/stoashop/stoa/commerce/shipping"
	"github.com/stoashop/stoa/guard/audit"
	"github.com/stoashop/stoa/kit/fault"
	"github.com/stoashop/stoa/kit/locale"
	"github.com/stoashop/stoa/platform/db"
	"github.com/stoashop/stoa/stoatest/dbtest"
)

var owner = audit.Staff("stf_1")

// desk is a member of staff at work.
type desk struct {
	t   *testing.T
	e   dbtest.Env
	svc *shipping.Service
}

func (d desk) zone(z shipping.Zone) (saved shipping.Zone, err error) {
	err = d.e.DB.InTx(d.t.Context(), func(ctx context.Context, tx *db.Tx) error {
		saved, err = d.svc.SaveZone(ctx, tx, owner, z)
		return err
	})
	return saved, err
}

func (d desk) method(m shipping.Method) (saved shipping.Method, err error) {
	err = d.e.DB.InTx(d.t.Context(), func(ctx context.Context, tx *db.Tx) error {
		saved, err = d.svc.SaveMethod(ctx, tx, owner, m)
		return err
	})
	return saved, err
}

func (d desk) load() []shipping.Zone {
	d.t.Helper()
	zones, err := shipping.Load(d.t.Context(), d.e.DB)
	if err != nil {
		d.t.Fatal(err)
	}
	return zones
}

// refused wants a fault and nothing changed.
func (d desk) refused(name, reason, field string, do func() error) {
	d.t.Helper()
	before, logged := d.load(), d.e.Int(d.t, `SELECT COUNT(*) FROM change_log`)
	f := fault.From(do())
	if f == nil || f.Reason != reason || (field != "" && (len(f.Fields) != 1 || f.Fields[0].Path != field)) {
		d.t.Errorf("%s: got %v", name, f)
	}
	if diff := cmp.Diff(before, d.load()); diff != "" || d.e.Int(d.t, `SELECT COUNT(*) FROM change_log`) != logged {
		d.t.Errorf("%s: a refusal changed something: %s", name, diff)
	}
}

func TestService(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, e dbtest.Env) {
		e.Market(t)
		d := desk{t, e, shipping.New()}

		home, err := d.zone(shipping.Zone{Name: "Home", Position: 2, Places: []shipping.Place{place("DE", "", "", ""), place("AT", "", "", "")}})
		if err != nil {
			t.Fatal(err)
		}
		isles, err := d.zone(shipping.Zone{Name: "Isles", Position: 1, Places: []shipping.Place{place("DE", "", "25 8", "25-9")}})
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff([]shipping.Place{place("DE", "", "258", "259")}, isles.Places); diff != "" {
			t.Error(diff)
		}
		parcel := shipping.Method{
			ZoneID: home.ID, Code: "parcel", Name: locale.Text{"en": "Parcel", "de": "Paket"}, Kind: shipping.ByWeight, Currency: "EUR",
			Rates: []shipping.Rate{{MaxGrams: 2000, Price: 4_90}, {MaxGrams: 9000, Price: 7_90}}, FreeFrom: 50_00, TaxClass: "txc_std",
			DaysMin: 1, DaysMax: 3, Position: 2, Active: true,
		}
		parcel, err = d.method(parcel)
		if err != nil {
			t.Fatal(err)
		}
		express, err := d.method(shipping.Method{
			ZoneID: home.ID, Code: "express", Name: locale.Text{"en": "Express"}, Kind: shipping.Flat, Currency: "EUR", Price: 14_90, Position: 1,
		})
		if err != nil {
			t.Fatal(err)
		}

		home.Places = []shipping.Place{place("AT", "", "", ""), place("DE", "", "", "")} // as they are read
		home.Methods = []shipping.Method{express, parcel}
		if diff := cmp.Diff([]shipping.Zone{isles, home}, d.load()); diff != "" {
			t.Fatal(diff)
		}

		t.Run("edits", func(t *testing.T) {
			home.Name, home.Places = "Near", []shipping.Place{place("CH", "", "", "")}
			if home, err = d.zone(home); err != nil || home.Version != 2 {
				t.Fatal(home, err)
			}
			parcel.Kind, parcel.Price, parcel.Rates, parcel.FreeFrom, parcel.TaxClass = shipping.Flat, 5_90, nil, 0, ""
			parcel.ZoneID = isles.ID // a method stays in its zone
			if parcel, err = d.method(parcel); err != nil || parcel.ZoneID != home.ID {
				t.Fatal(parcel, err)
			}
			home.Methods = []shipping.Method{express, parcel}
			if diff := cmp.Diff([]shipping.Zone{isles, home}, d.load()); diff != "" {
				t.Error(diff)
			}
			history, err := audit.History(t.Context(), e.DB, "shipping_method", parcel.ID, 10)
			if err != nil || len(history) != 2 || history[0].Action != "shipping_method.saved" || history[0].Actor != owner {
				t.Errorf("history: %+v, %v", history, err)
			}
		})

		t.Run("refusals", func(t *testing.T) {
			d := desk{t, e, d.svc}
			old := home
			old.Version = 1
			d.refused("an older zone", "settings.changed", "", func() error { _, err := d.zone(old); return err })
			oldMethod := parcel
			oldMethod.Version = 1
			d.refused("an older method", "settings.changed", "", func() error { _, err := d.method(oldMethod); return err })
			d.refused("a zone without places", "form.invalid", "places", func() error { _, err := d.zone(shipping.Zone{Name: "x"}); return err })
			d.refused("a zone that is gone", "settings.unknown", "", func() error {
				_, err := d.zone(shipping.Zone{ID: "zon_gone", Name: "x", Places: home.Places, Version: 1})
				return err
			})
			fresh := flat("", 1, 0)
			fresh.Code, fresh.Name, fresh.ZoneID = "express", locale.Text{"en": "x"}, home.ID
			d.refused("a taken code", "form.invalid", "code", func() error { _, err := d.method(fresh); return err })
			fresh.Code, fresh.TaxClass = "new", "txc_gone"
			d.refused("an unknown class", "form.invalid", "tax_class", func() error { _, err := d.method(fresh); return err })
			fresh.TaxClass, fresh.ZoneID = "", "zon_gone"
			d.refused("a method of no zone", "settings.unknown", "", func() error { _, err := d.method(fresh); return err })
			fresh.ZoneID, fresh.Price = home.ID, -1
			d.refused("a negative price", "form.invalid", "price", func() error { _, err := d.method(fresh); return err })
			d.refused("deleting an older method", "settings.changed", "", func() error {
				return e.DB.InTx(t.Context(), func(ctx context.Context, tx *db.Tx) error { return d.svc.DeleteMethod(ctx, tx, owner, parcel.ID, 1) })
			})
			d.refused("deleting an older zone", "settings.changed", "", func() error {
				return e.DB.InTx(t.Context(), func(ctx context.Context, tx *db.Tx) error { return d.svc.DeleteZone(ctx, tx, owner, home.ID, 1) })
			})
		})

		t.Run("deletes", func(t *testing.T) {
			err := e.DB.InTx(t.Context(), func(ctx context.Context, tx *db.Tx) error {
				if err := d.svc.DeleteMethod(ctx, tx, owner, express.ID, express.Version); err != nil {
					return err
				}
				return d.svc.DeleteZone(ctx, tx, owner, isles.ID, isles.Version)
			})
			if err != nil {
				t.Fatal(err)
			}
			home.Methods = []shipping.Method{parcel}
			if diff := cmp.Diff([]shipping.Zone{home}, d.load()); diff != "" {
				t.Error(diff)
			}
			if err := e.DB.InTx(t.Context(), func(ctx context.Context, tx *db.Tx) error {
				return d.svc.DeleteZone(ctx, tx, owner, home.ID, home.Version)
			}); err != nil {
				t.Fatal(err)
			}
			for _, table := range []string{"shipping_zone", "shipping_zone_place", "shipping_method", "shipping_rate"} {
				if n := e.Int(t, `SELECT COUNT(*) FROM `+table); n != 0 {
					t.Errorf("%d rows are left in %s", n, table)
				}
			}
		})
	})
}
