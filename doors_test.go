package stoa_test

import (
	"net/http"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stoashop/stoa/guard/policy"
	"github.com/stoashop/stoa/guard/policy/policytest"
	"github.com/stoashop/stoa/platform/db"
	"github.com/stoashop/stoa/platform/web"
)

// TestDoors lets everybody try everything at the doors of one shop an engine.
func TestDoors(t *testing.T) {
	for _, engine := range []db.Engine{db.SQLite, db.Postgres} {
		t.Run(string(engine), func(t *testing.T) {
			w := openWorld(t, engine)
			t.Run("T62_T65_anothers_object_answers_like_none", w.anothersObjectAnswersLikeNone)
			t.Run("bad_addresses_are_answered", w.badAddressesAreAnswered)
			t.Run("filters_are_told_where_they_were_chosen", w.filtersAreToldWhereTheyWereChosen)
			t.Run("T46_T91_T98_strangers_change_nothing", w.strangersChangeNothing)
			t.Run("every_form_refuses_nonsense", w.everyFormRefusesNonsense)
			t.Run("everyone_tries_everything", w.everyoneTriesEverything) // signs everybody out
		})
	}
}

// golden holds a text against a file; STOA_GOLDEN=1 writes it.
func golden(t *testing.T, file, got string) {
	t.Helper()
	if os.Getenv("STOA_GOLDEN") != "" {
		if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil || string(want) != got {
		t.Errorf("%s differs (%v); look at what changed and write it with make golden:\n%s", file, err, difference(string(want), got))
	}
}

// difference lists the lines that only one of two texts has.
func difference(want, got string) string {
	var b strings.Builder
	wants, gots := strings.Split(want, "\n"), strings.Split(got, "\n")
	for _, line := range wants {
		if !slices.Contains(gots, line) {
			b.WriteString("- " + line + "\n")
		}
	}
	for _, line := range gots {
		if !slices.Contains(wants, line) {
			b.WriteString("+ " + line + "\n")
		}
	}
	return b.String()
}

// everyoneTriesEverything sends every route's request as everybody
// and holds the answers against the policies, and as a table against a file: in
// a review it shows what a change lets whom do. What is sent to change
// something is refused for what it says once the policy has let it in, so that
// nothing changes.
func (w *world) everyoneTriesEverything(t *testing.T) {
	w.t = t
	probes, err := w.shop.Probes(web.NewMetrics())
	if err != nil {
		t.Fatal(err)
	}
	ends := func(r policy.Route) bool { return strings.HasSuffix(r.Pattern, "/session/end") }
	ask := func(method string, r policy.Route, a policytest.Actor) int {
		req := w.request(method, w.path(r, nil), formType, "nonsense=1")
		switch {
		case strings.HasPrefix(r.Pattern, "/api/"), strings.HasPrefix(r.Pattern, "/test/"):
			req = w.request(method, w.path(r, nil), jsonType, `{"nonsense":1}`)
			req.Header.Set("Idempotency-Key", "nonsense")
		case method == http.MethodGet:
			req = w.request(method, w.path(r, nil), "", "")
		}
		req.Header.Set("Accept", "application/json")
		if a.Prepare != nil {
			a.Prepare(req)
		}
		if r.Name == "metrics" {
			return answered(probes, req)
		}
		return w.send(req).Code
	}
	routes := w.routes
	for _, r := range probes.Routes() {
		if r.Name == "metrics" {
			routes = append(routes, r)
		}
	}
	table := policytest.Run(t, slices.DeleteFunc(slices.Clone(routes), ends), w.actors, ask)
	last := policytest.Run(t, slices.DeleteFunc(slices.Clone(routes), func(r policy.Route) bool { return !ends(r) }), w.actors, ask)
	_, last, _ = strings.Cut(last, "\n") // its head
	golden(t, "testdata/routes.txt", table+last)
}

// ids are what one answer may have and its twin not.
var ids = regexp.MustCompile(`req_[0-9a-z]{26}|form_key" value="[^"]*"`)

// anothersObjectAnswersLikeNone asks everything that names an
// object of a shopper's in its path, as another shopper and as a guest, once
// for the object and once for one that never was: the answers are the same to
// the byte.
func (w *world) anothersObjectAnswersLikeNone(t *testing.T) {
	w.t = t
	address := `{"address":{"name":"Eve","line1":"Ring 2","city":"Berlin","postcode":"10119","country":"DE"}}`
	form := "name=Eve&line1=Ring+2&city=Berlin&postcode=10119&country=DE"
	bodies := map[string]string{ // what would be done if it were one's own
		"POST /{lang}/account/addresses/{id}": form, "POST /{lang}/account/addresses/{id}/default": "", "POST /{lang}/account/addresses/{id}/removal": "",
		"POST /{lang}/account/orders/{number}/cancellation": "", "POST /{lang}/bag/lines/{line}": "quantity=9", "POST /{lang}/bag/lines/{line}/removal": "",
		"PUT /api/v1/account/addresses/{id}": address, "DELETE /api/v1/account/addresses/{id}": "",
		"PATCH /api/v1/cart/lines/{line}": `{"quantity":9}`, "DELETE /api/v1/cart/lines/{line}": "",
	}
	never := map[string]string{"{id}": "adr_00000000000000000000000000", "{number}": "4711", "{line}": "cln_00000000000000000000000000"}
	before := w.books()
	tried := 0
	for _, r := range w.routes {
		named := ""
		for part := range strings.SplitSeq(r.Pattern, "/") {
			if _, ok := never[part]; ok {
				named = part
			}
		}
		if named == "" || r.Who&(policy.Guest|policy.Customer) == 0 {
			continue
		}
		body, known := bodies[r.Method+" "+r.Pattern]
		if !known && r.Method != http.MethodGet {
			t.Errorf("%s %s: say here what would be sent to it", r.Method, r.Pattern)
			continue
		}
		for _, name := range []string{"stranger", "anonymous", "owner"} {
			if name == "owner" && strings.HasPrefix(r.Pattern, "/api/") {
				continue // staff is nobody's customer
			}
			ask := func(id string) (int, string, string) {
				kind := formType
				if strings.HasPrefix(r.Pattern, "/api/") && body != "" {
					kind = jsonType
				} else if strings.HasPrefix(r.Pattern, "/api/") || r.Method == http.MethodGet {
					kind = ""
				}
				req := w.request(r.Method, w.path(r, map[string]string{named: id}), kind, body)
				req.Header.Set("Idempotency-Key", "one-"+id)
				if a := w.as(name); a.Prepare != nil {
					a.Prepare(req)
				}
				a := w.send(req)
				return a.Code, strings.ReplaceAll(ids.ReplaceAllString(a.text, ""), id, "ID"), strings.ReplaceAll(a.Header().Get("Location"), id, "ID")
			}
			object := w.objects[named]
			if named == "{id}" {
				object = w.objects["/{lang}/account/addresses {id}"]
			}
			status, text, to := ask(object)
			status2, text2, to2 := ask(never[named])
			tried++
			if status != status2 || text != text2 || to != to2 {
				t.Errorf("%s %s as %s: %d %q for another's and %d %q for none\n%.1500s\n%.1500s", r.Method, r.Pattern, name, status, to, status2, to2, text, text2)
			}
			if status < 300 {
				t.Errorf("%s %s as %s: %d", r.Method, r.Pattern, name, status)
			}
		}
	}
	if tried < 30 {
		t.Errorf("only %d tries", tried)
	}
	if after := w.books(); after != before {
		t.Errorf("something was written:\n%s", difference(before, after))
	}
}
