// Package fulfilment sends what was ordered: parcels, whole or in parts, each
// with what is in it and how to follow it.
package fulfilment

import (
	"context"
	"fmt"
	"net/url"
	"strings"

	"github.com/stoashop/stoa/commerce/inventory"
	"github.com/stoashop/stoa/commerce/order"
	"github.com/stoashop/stoa/commerce/payment"
	"github.com/stoashop/stoa/guard/audit"
	"github.com/stoashop/stoa/kit/fault"
	"github.com/stoashop/stoa/platform/db"
	"github.com/stoashop/stoa/platform/event"
)

// Service ships orders.
type Service struct {
	db     *db.DB
	orders *order.Service
	stock  *inventory.Service
}

// New returns the service.
func New(d *db.DB, orders *order.Service, stock *inventory.Service) *Service {
	return &Service{d, orders, stock}
}

// Parcel is what staff send. Without lines it holds everything that is still
// open.
type Parcel struct {
	LocationID  string // "" is the first active location
	Carrier     string // a code of Carriers, or any name
	Tracking    string
	TrackingURL string // "" is made from carrier and number, if the carrier is known
	Lines       []order.ShipmentLine
	Quiet       bool  // the customer is not told
	Version     int64 // of the order as it was read; 0 is any
}

// Carrier is a known carrier.
type Carrier struct {
	Code string
	Name string
	url  string
}

// Carriers lists the carriers whose tracking pages are known.
func Carriers() []Carrier {
	return []Carrier{
		{"dhl", "DHL", "https://www.dhl.com/global-en/home/tracking.html?tracking-id="},
		{"dpd", "DPD", "https://tracking.dpd.de/status/en_US/parcel/"},
		{"gls", "GLS", "https://gls-group.com/GROUP/en/parcel-tracking?match="},
		{"hermes", "Hermes", "https://www.myhermes.de/empfangen/sendungsverfolgung/sendungsinformation#"},
		{"ups", "UPS", "https://www.ups.com/track?tracknum="},
		{"fedex", "FedEx", "https://www.fedex.com/fedextrack/?trknbr="},
		{"postnl", "PostNL", "https://postnl.nl/tracktrace/?B="},
		{"postat", "Österreichische Post", "https://www.post.at/sv/sendungsdetails?snr="},
		{"swisspost", "Swiss Post", "https://service.post.ch/ekp-web/ui/entry/search/"},
		{"royalmail", "Royal Mail", "https://www.royalmail.com/track-your-item#/tracking-results/"},
	}
}

// CarrierName is how people know a carrier.
func CarrierName(code string) string {
	for _, c := range Carriers() {
		if c.Code == code {
			return c.Name
		}
	}
	return code
}

// TrackingURL is the address of a carrier's page for a number; "" when either
// is not known.
func TrackingURL(carrier, number string) string {
	if number == "" {
		return ""
	}
	for _, c := range Carriers() {
		if c.Code == carrier {
			return c.url + url.QueryEscape(number)
		}
	}
	return ""
}

// Ship sends a parcel. It fails with "version.changed" when the order is not
// the one that was read, with "order.not_shippable" for an order that is
// not placed or whose payment is under review, "order.too_many_units" at
// "lines.<id>" when a line has fewer units open, and "inventory.not_on_shelf"
// when a back-ordered unit has not arrived. Two members of staff who ship the
// same units at once do not both succeed.
func (s *Service) Ship(ctx context.Context, actor audit.Actor, orderID string, p Parcel) (sh order.Shipment, err error) {
	err = s.db.InTx(ctx, func(ctx context.Context, tx *db.Tx) error {
		sh, err = s.ship(ctx, tx, actor, orderID, p)
		return err
	})
	return sh, err
}

func (s *Service) ship(ctx context.Context, tx *db.Tx, actor audit.Actor, orderID string, p Parcel) (order.Shipment, error) {
	var sh order.Shipment
	o, err := s.orders.Lock(ctx, tx, orderID)
	if err != nil {
		return sh, err
	}
	if err := o.Expect(p.Version); err != nil {
		return sh, err
	}
	if o.State != order.Placed || o.Payment == payment.UnderReview {
		return sh, fault.New(fault.Conflict, "order.not_shippable")
	}
	if err := s.check(ctx, tx, &p); err != nil {
		return sh, err
	}
	if len(p.Lines) == 0 {
		for _, l := range o.Lines {
			if l.Open() > 0 {
				p.Lines = append(p.Lines, order.ShipmentLine{LineID: l.ID, Quantity: l.Open()})
			}
		}
	}
	if len(p.Lines) == 0 {
		return sh, fault.New(fault.Conflict, "order.nothing_open")
	}
	sh = order.Shipment{
		ID: tx.NewID("shp"), OrderID: o.ID, LocationID: p.LocationID, Carrier: p.Carrier, Tracking: p.Tracking, TrackingURL: p.TrackingURL,
		ShippedAt: tx.Now(), Lines: p.Lines,
	}
	var units []inventory.Units
	for _, l := range p.Lines {
		for _, ol := range o.Lines {
			if ol.ID == l.LineID && l.Quantity > ol.Open() {
				return sh, order.TooMany(ol)
			}
		}
		if err := s.orders.AddUnits(ctx, tx, &o, l.LineID, order.Count{Shipped: l.Quantity}); err != nil {
			return sh, err
		}
		for _, ol := range o.Lines {
			if ol.ID == l.LineID && ol.Tracked {
				units = append(units, inventory.Units{LineID: l.LineID, VariantID: ol.VariantID, Quantity: l.Quantity})
			}
		}
	}
	if err := s.stock.Ship(ctx, tx, actor, o.ID, p.LocationID, sh.ID, units); err != nil {
		return sh, fmt.Errorf("take from the shelf: %w", err)
	}
	if err := s.orders.AddShipment(ctx, tx, sh); err != nil {
		return sh, fmt.Errorf("record shipment: %w", err)
	}
	if err := s.orders.Save(ctx, tx, &o); err != nil {
		return sh, err
	}
	if err := event.Emit(ctx, tx, order.Events().Shipped, order.ShipmentRef{OrderID: o.ID, ShipmentID: sh.ID, Quiet: p.Quiet}); err != nil {
		return sh, err
	}
	return sh, s.orders.Log(ctx, tx, actor, o.ID, "order.shipped", map[string]any{"shipment": sh.ID, "carrier": sh.Carrier, "tracking": sh.Tracking, "lines": sh.Lines, "quiet": p.Quiet})
}

// check tidies a parcel and finds its location.
func (s *Service) check(ctx context.Context, q db.Q, p *Parcel) error {
	var form fault.Form
	p.Carrier, p.Tracking, p.TrackingURL = strings.TrimSpace(p.Carrier), strings.TrimSpace(p.Tracking), strings.TrimSpace(p.TrackingURL)
	for _, f := range []struct{ path, text string }{{"carrier", p.Carrier}, {"tracking", p.Tracking}} {
		if len(f.text) > 100 {
			form.Add(f.path, "form.too_long", "max", 100)
		}
	}
	if p.TrackingURL == "" {
		p.TrackingURL = TrackingURL(p.Carrier, p.Tracking)
	} else if u, err := url.Parse(p.TrackingURL); err != nil || (u.Scheme != "https" && u.Scheme != "http") || u.Host == "" || len(p.TrackingURL) > 500 {
		form.Add("tracking_url", "form.not_an_address")
	}
	seen := make(map[string]bool)
	for _, l := range p.Lines {
		if l.Quantity < 1 {
			form.Add("lines."+l.LineID, "form.too_small", "min", 1)
		}
		if seen[l.LineID] {
			form.Add("lines."+l.LineID, "form.repeated")
		}
		seen[l.LineID] = true
	}
	if err := form.Err(); err != nil {
		return err
	}
	places, err := s.stock.Locations(ctx, q)
	if err != nil {
		return err
	}
	for _, place := range places {
		if place.ID == p.LocationID || (p.LocationID == "" && place.Active) {
			p.LocationID = place.ID
			return nil
		}
	}
	return fault.New(fault.Invalid, "form.invalid").At("location", "form.not_a_choice")
}

// Delivered notes that a parcel has arrived. A second call changes nothing.
func (s *Service) Delivered(ctx context.Context, actor audit.Actor, orderID, shipmentID string) error {
	return s.db.InTx(ctx, func(ctx context.Context, tx *db.Tx) error {
		o, err := s.orders.Lock(ctx, tx, orderID)
		if err != nil {
			return err
		}
		list, err := s.orders.Shipments(ctx, tx, o.ID)
		if err != nil {
			return err
		}
		for _, sh := range list {
			if sh.ID != shipmentID {
				continue
			}
			fresh, err := s.orders.Delivered(ctx, tx, shipmentID)
			if err != nil || !fresh {
				return err
			}
			return s.orders.Log(ctx, tx, actor, o.ID, "order.delivered", map[string]any{"shipment": shipmentID})
		}
		return order.NotFound()
	})
}
