package stoa

import (
	"context"
	"log/slog"
	"net/http"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/stoashop/stoa/guard/audit"
	"github.com/stoashop/stoa/guard/policy"
	"github.com/stoashop/stoa/guard/watch"
	"github.com/stoashop/stoa/kit/fault"
	"github.com/stoashop/stoa/platform/db"
	"github.com/stoashop/stoa/platform/web"
)

// refusals notes who tried what the policies deny them: every one in the
// metrics and in the log, and those of staff and programs in the change log,
// where their owner looks for them.
type refusals struct {
	db      *db.DB
	log     *slog.Logger
	counter *prometheus.CounterVec
}

func newRefusals(d *db.DB, log *slog.Logger) *refusals {
	return &refusals{d, log, prometheus.NewCounterVec(prometheus.CounterOpts{
		Name: "stoa_refused_total", Help: "Requests that the asker has no right to, by door, kind of asker and right.",
	}, []string{"door", "asker", "permission"})}
}

// oneAsker is how often the change log hears of one asker. Who hammers is
// counted on in the metrics and does not fill a disk.
func oneAsker() watch.Limit { return watch.Limit{Every: time.Minute, Burst: 20} }

// tell returns what a door tells of its refusals.
func (f *refusals) tell(door string) func(r *http.Request, route policy.Route, id policy.Identity) {
	return func(r *http.Request, route policy.Route, id policy.Identity) {
		ctx := context.WithoutCancel(r.Context()) // whoever hangs up has tried all the same
		f.counter.WithLabelValues(door, id.Kind.String(), string(route.Permission)).Inc()
		f.log.WarnContext(ctx, "refused", "request", web.RequestID(ctx), "door", door, "route", route.Name, "asker", id.Kind.String(), "id", id.ID, "permission", string(route.Permission))
		by := audit.Actor{Kind: audit.KindKey, ID: id.ID}
		switch id.Kind {
		case policy.Staff:
			by = audit.Staff(id.ID)
		case policy.Token:
		default:
			return
		}
		err := f.db.InTx(ctx, func(ctx context.Context, tx *db.Tx) error {
			err := watch.Take(ctx, tx, watch.Bucket{Name: "refused:" + id.ID, Limit: oneAsker()})
			if fault.Is(err, fault.TooMany) {
				return nil
			}
			if err != nil {
				return err
			}
			return audit.Append(ctx, tx, audit.Change{
				Actor: by, Action: "access.refused", Object: "access", ID: route.Name, After: map[string]string{"permission": string(route.Permission)},
			})
		})
		if err != nil {
			f.log.ErrorContext(ctx, "a refusal could not be noted", "request", web.RequestID(ctx), "err", err)
		}
	}
}
