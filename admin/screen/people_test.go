package screen_test

import (
	"bytes"
	"context"
	"encoding/json"
	stdimage "image"
	"image/png"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"golang.org/x/net/html"

	"github.com/stoashop/stoa/commerce/content"
	"github.com/stoashop/stoa/commerce/customer"
	"github.com/stoashop/stoa/commerce/market"
	"github.com/stoashop/stoa/guard/policy"
	"github.com/stoashop/stoa/platform/db"
	"github.com/stoashop/stoa/stoatest/mailsink"
)

// link is the address of the first link of the page whose address contains s.
func (b *browser) link(s string) string {
	b.h.t.Helper()
	n := b.find(func(n *html.Node) bool { return n.Data == "a" && strings.Contains(attr(n, "href"), s) })
	if n == nil {
		b.h.t.Fatalf("%s has no link to %s", b.at, s)
	}
	return attr(n, "href")
}

// work does what waits behind the pages.
func (h *house) work() {
	h.t.Helper()
	if _, err := h.shop.Jobs.RunDue(h.t.Context()); err != nil {
		h.t.Fatal(err)
	}
}

func TestOffice_customers(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		b := h.owner()
		b.get("/admin/customers").ok("No customers yet")
		for _, n := range []customer.Newcomer{
			{Name: "Ada Byron", Email: "ada@example.com", Password: "a difference engine", Locale: "de"},
			{Name: "Grace Hopper", Email: "grace@example.com", Password: "ships in harbour", Locale: "en"},
		} {
			if _, err := h.shop.Customers.SignUp(t.Context(), n, customer.Visit{}); err != nil {
				t.Fatal(err)
			}
		}
		b.get("/admin/customers").ok("Ada Byron", "Grace Hopper", "E-mail not confirmed")
		b.get("/admin/customers?q=nobody%40example.com").ok("Nobody has this address")
		b.get("/admin/customers?q=Ada%40Example.com").ok("Ada Byron")
		if strings.Contains(text(b.doc), "Grace") {
			t.Error("the search found more than it was asked for")
		}
		at := b.link("/admin/customers/cus_")
		b.get(at).ok("Ada Byron", "ada@example.com", "Deutsch", "No order yet.", "No address is saved.", "Account opened")

		// Signing them out everywhere ends their sessions and is on record.
		id := strings.TrimPrefix(at, "/admin/customers/")
		session := func() (n int64) {
			if err := h.shop.DB.QueryRow(t.Context(), `SELECT COUNT(*) FROM session WHERE subject_id = $1`, id).Scan(&n); err != nil {
				t.Fatal(err)
			}
			return n
		}
		if session() != 1 {
			t.Fatalf("%d sessions before, want 1", session())
		}
		b.submit(at+"/sessions/end").ok("Signed out on every device.", "Mira Lindqvist")
		if session() != 0 {
			t.Errorf("%d sessions after, want 0", session())
		}
		b.submit(at+"/password-link").ok("The link is on its way.", "Link for a new password sent")
		b.get("/admin/customers/cus_none").shows(http.StatusNotFound)
		b.get("/admin/find?q=ada%40example.com").ok("Ada Byron")
	})
}

func TestOffice_messages(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		b := h.owner()
		b.get("/admin/messages").ok("No messages")
		var ids []string
		for _, m := range []content.Message{
			{Name: "Ada Byron", Email: "ada@example.com", Text: "Does the kettle whistle?", Lang: "en"},
			{Name: "Grace Hopper", Email: "grace@example.com", Text: "<script>alert(1)</script>", Lang: "en"},
		} {
			err := h.shop.DB.InTx(t.Context(), func(ctx context.Context, tx *db.Tx) error {
				sent, err := h.shop.Content.Send(ctx, tx, m)
				ids = append(ids, sent.ID)
				return err
			})
			if err != nil {
				t.Fatal(err)
			}
		}
		b.get("/admin").ok("2 new messages")
		b.get("/admin/messages").ok("Ada Byron", "Does the kettle whistle?", "<script>alert(1)</script>")
		at := "/admin/messages/" + ids[0]
		b.get(at).ok("Ada Byron", "ada@example.com", "Does the kettle whistle?", "New").submit(at+"/state", "state", "done").ok("Saved.", "Done")
		b.get("/admin").ok("1 new message")
		b.get(at).submit(at+"/state", "state", "new").ok("Saved.", "New")
		b.get("/admin").ok("2 new messages")
		b.get("/admin/messages/" + ids[1][:len(ids[1])-4] + "zzzz").shows(http.StatusNotFound)
	})
}

// TestOffice_imports tries a file of another shop, sees that nothing changed,
// and brings it in.
func TestOffice_imports(t *testing.T) {
	goods := func(t *testing.T, h *house) (n int) {
		t.Helper()
		if err := h.shop.DB.QueryRow(t.Context(), `SELECT COUNT(*) FROM product`).Scan(&n); err != nil {
			t.Fatal(err)
		}
		return n
	}
	file, err := os.ReadFile(filepath.Join("..", "..", "ops", "transfer", "testdata", "woocommerce_products.csv"))
	if err != nil {
		t.Fatal(err)
	}
	people, err := os.ReadFile(filepath.Join("..", "..", "ops", "transfer", "testdata", "spree_customers.csv"))
	if err != nil {
		t.Fatal(err)
	}
	each(t, func(t *testing.T, h *house) {
		b := h.owner()
		upload := func(platform, name string, content []byte) *browser {
			b.get("/admin/imports/new").ok("Where do the goods come from?")
			values := b.fields(b.find(func(n *html.Node) bool { return n.Data == "form" && attr(n, "action") == "/admin/imports" }))
			values.Set("platform", platform)
			values.Del("pictures")
			files := map[string][]byte{"file=" + name: content}
			if content == nil {
				files = nil
			}
			return b.send("/admin/imports", values, files)
		}
		b.get("/admin/imports").ok("Nothing has been imported yet")
		upload("woocommerce", "", nil).shows(http.StatusUnprocessableEntity)
		upload("woocommerce", "book.csv", []byte("PK\x03\x04 a workbook")).shows(http.StatusUnprocessableEntity, "Save the sheet as CSV")
		upload("shopify", "goods.csv", file).shows(http.StatusUnprocessableEntity)
		b.get("/admin/imports").ok("Nothing has been imported yet")

		upload("woocommerce", "goods.csv", file).ok("goods.csv", "Trial run, waiting", "Reading the file")
		at := strings.Split(b.at, "?")[0]
		h.work()
		b.get(at).ok("Tried", "Nothing has changed yet.", "What became of each column")
		if n := goods(t, h); n != 0 {
			t.Fatalf("a trial made %d products", n)
		}

		b.submit(at + "/start").ok("The import has begun.")
		real := strings.Split(b.at, "?")[0]
		if real == at {
			t.Fatal("the import has the trial's address")
		}
		h.work()
		b.get(real).ok("Imported", "The import is finished", "See the products")
		made := goods(t, h)
		if made == 0 {
			t.Fatal("nothing was imported")
		}
		b.get("/admin/imports").ok("goods.csv", "WooCommerce", "Imported", "Tried")

		// The same file again changes nothing.
		upload("woocommerce", "goods.csv", bytes.Clone(file))
		again := strings.Split(b.at, "?")[0]
		h.work()
		b.get(again).submit(again + "/start")
		last := strings.Split(b.at, "?")[0]
		h.work()
		b.get(last).ok("Imported")
		if n := goods(t, h); n != made {
			t.Errorf("%d products after the second time, want %d", n, made)
		}
		b.get("/admin/imports/imp_none").shows(http.StatusNotFound)

		// Pictures are uploaded with the file that names them by their files.
		mugs := []byte("Handle,Title,Variant Price,Image Src\nmug-x,Mug,9,mug.png\n")
		upload("shopify", "mugs.csv", mugs)
		bare := strings.Split(b.at, "?")[0]
		h.work()
		b.get(bare).ok("One image is named by its file. Upload the file again together with that image.")
		var mug bytes.Buffer
		if err := png.Encode(&mug, stdimage.NewGray(stdimage.Rect(0, 0, 40, 40))); err != nil {
			t.Fatal(err)
		}
		b.get("/admin/imports/new")
		input := b.find(func(n *html.Node) bool { return attr(n, "name") == "images" })
		if attr(input, "type") != "file" || !slices.ContainsFunc(input.Attr, func(a html.Attribute) bool { return a.Key == "multiple" }) {
			t.Errorf("the input for pictures is %v", input.Attr)
		}
		form := b.fields(b.find(func(n *html.Node) bool { return n.Data == "form" && attr(n, "action") == "/admin/imports" }))
		form.Set("platform", "shopify")
		b.send("/admin/imports", form, map[string][]byte{"file=mugs.csv": mugs, "images=mug.png": mug.Bytes(), "images=notes.png": []byte("<html>")})
		with := strings.Split(b.at, "?")[0]
		h.work()
		b.get(with).ok("Tried", "notes.png", "This is not a picture we can use.").submit(with + "/start")
		taken := strings.Split(b.at, "?")[0]
		h.work()
		b.get(taken).ok("Imported")
		var pictures int
		if err := h.shop.DB.QueryRow(t.Context(), `SELECT COUNT(*) FROM product_media m JOIN product p ON p.id = m.product_id WHERE p.handle = 'mug-x'`).Scan(&pictures); err != nil || pictures != 1 {
			t.Errorf("the mug has %d pictures, want 1; %v", pictures, err)
		}

		// Customers come in the same way.
		upload("spree", "people.csv", people)
		trial := strings.Split(b.at, "?")[0]
		h.work()
		b.get(trial).ok("Tried").submit(trial + "/start").ok("The import has begun.")
		done := strings.Split(b.at, "?")[0]
		h.work()
		b.get(done).ok("Imported")
		b.get("/admin/customers?q=mia.scott%40example.com").ok("Mia Scott", "E-mail not confirmed")
	})
}

// TestOffice_mails follows an order's letters: sent, sent once more, refused
// by the server and sent after all.
func TestOffice_mails(t *testing.T) {
	for _, engine := range []db.Engine{db.SQLite, db.Postgres} {
		t.Run(string(engine), func(t *testing.T) {
			sink := mailsink.New(t)
			h := openHouse(t, engine, sink.URL())
			b := h.owner()
			b.get("/admin/mails").ok("No mails yet")
			_, variant := h.product(b, "Kettle", "KET-1", "49.00", "10")
			o := h.order(map[string]int64{variant: 1})
			h.work()
			at := "/admin/orders/" + o.PublicNumber()
			b.get(at).ok("Order confirmation", "Sent").submit(at+"/mails").ok("The confirmation is sent again.", "Confirmation sent again")
			h.work()
			if got := sink.Mails(); len(got) != 2 || got[0].To != "ada@example.com" || got[1].Subject != got[0].Subject || got[1].Text != got[0].Text {
				t.Fatalf("the server got %+v", got)
			}

			sink.Refuse(550)
			h.order(map[string]int64{variant: 1})
			h.work()
			b.get("/admin").ok("1 mail could not be sent")
			b.get("/admin/mails?state=failed").ok("Your order", "Order confirmation", "ada@example.com", "Failed")
			letter := b.link("/admin/mails/mail_")
			b.get(letter).ok("The mail server did not take it", "refused by the test", "ada@example.com")
			b.get(letter + "?form=text").ok("Kettle")
			b.get(letter + "/body").ok("Kettle")
			if csp := b.header.Get("Content-Security-Policy"); !strings.Contains(csp, "default-src 'none'") || !strings.Contains(csp, "sandbox") || strings.Contains(csp, "script-src") || b.header.Get("X-Frame-Options") != "SAMEORIGIN" {
				t.Errorf("the letter's own page may do too much: %v", b.header)
			}
			sink.Refuse(0)
			b.get(letter).submit(letter + "/retry").ok("The mail is on its way again.")
			h.work()
			b.get(letter).ok("Sent")
			if n := len(sink.Mails()); n != 3 {
				t.Errorf("%d letters arrived, want 3", n)
			}
			b.post(letter+"/retry", url.Values{"form_key": {"again"}}).shows(http.StatusConflict, "This letter has been sent already.")
			b.get("/admin/mails?q=ada%40example.com").ok("Your order")
			b.get("/admin/mails?q=nobody%40example.com").ok("No mail fits")
			b.get("/admin/mails/mail_none").shows(http.StatusNotFound)
		})
	}
}

// TestOffice_mailsWithoutServer keeps letters readable and says why.
func TestOffice_mailsWithoutServer(t *testing.T) {
	h := openHouse(t, db.SQLite, "")
	b := h.owner()
	_, variant := h.product(b, "Kettle", "KET-1", "49.00", "10")
	h.order(map[string]int64{variant: 1})
	h.work()
	b.get("/admin/mails").ok("Order confirmation", "Kept, not sent")
	b.get(b.link("/admin/mails/mail_")).ok("No mail server is set up")
	if b.find(func(n *html.Node) bool { return strings.Contains(attr(n, "action"), "/retry") }) != nil {
		t.Error("a letter that cannot be sent offers to be sent")
	}
}

// TestOffice_erasesAndExportsPeople gives a person's data out as they are, and
// makes them unreadable; only the owner may.
func TestOffice_erasesAndExportsPeople(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		b := h.owner()
		_, variant := h.product(b, "Kettle", "KET-1", "49", "10")
		o := h.order(map[string]int64{variant: 2})
		if _, err := h.shop.Customers.SignUp(t.Context(), customer.Newcomer{Name: "Ada Byron", Email: "ada@example.com", Password: "a difference engine", Locale: "en"}, customer.Visit{}); err != nil {
			t.Fatal(err)
		}
		b.get("/admin/customers")
		at := b.link("/admin/customers/cus_")
		id := strings.TrimPrefix(at, "/admin/customers/")
		if err := h.shop.DB.InTx(t.Context(), func(ctx context.Context, tx *db.Tx) error {
			_, err := tx.Exec(ctx, `UPDATE orders SET customer_id = $1`, id)
			return err
		}); err != nil {
			t.Fatal(err)
		}
		for _, m := range []struct{ name, email, text string }{
			{"Ada Byron", " Ada@Example.com", "Does the kettle whistle in F?"},
			{"Grace Hopper", "grace@example.com", "Do you ship to harbours?"},
		} {
			h.browser().get("/en/contact").submit("/en/contact", "name", m.name, "email", m.email, "message", m.text).ok()
		}
		h.work()
		proven := func(at any) {
			t.Helper()
			if err := h.shop.DB.InTx(t.Context(), func(ctx context.Context, tx *db.Tx) error {
				_, err := tx.Exec(ctx, `UPDATE customer SET verified_at = $1 WHERE id = $2`, at, id)
				return err
			}); err != nil {
				t.Fatal(err)
			}
		}
		// What came from an address that was never proven may be somebody else's.
		proven(nil)
		if b.get(at).submit(at + "/data"); strings.Contains(text(b.doc), "whistle") {
			t.Error("messages of an unproven address are given out")
		}
		proven(h.clock.Now().UnixMilli())
		manager := h.staff(b, policy.RoleManager)
		manager.get(at).ok("Ada Byron")
		if strings.Contains(text(manager.doc), "Erase this person") || strings.Contains(text(manager.doc), "Export all data") {
			t.Error("a manager is offered what only the owner may do")
		}
		if manager.post(at+"/data", nil); manager.status != http.StatusForbidden {
			t.Errorf("a manager takes a person's data out: %d", manager.status)
		}

		b.get(at).submit(at + "/data")
		if got := b.header.Get("Content-Disposition"); b.status != http.StatusOK || got != `attachment; filename="`+id+`.json"` || b.header.Get("Cache-Control") != "no-store" {
			t.Fatalf("%d, %q", b.status, got)
		}
		var dossier struct {
			Name, Email string
			Orders      []struct {
				Number   string
				Total    int64
				Delivery market.Address `json:"delivery_address"`
				Lines    []struct{ Name string }
			}
			Messages []struct{ Name, Text string }
			Letters  []struct{ To, Subject, Text string }
		}
		if err := json.Unmarshal([]byte(text(b.doc)), &dossier); err != nil {
			t.Fatal(err)
		}
		if len(dossier.Orders) != 1 || dossier.Name != "Ada Byron" || dossier.Email != "ada@example.com" || dossier.Orders[0].Number != o.PublicNumber() ||
			dossier.Orders[0].Total != int64(o.Total) || dossier.Orders[0].Delivery.Line1 != "Eppendorfer Weg 12" || dossier.Orders[0].Lines[0].Name != "Kettle" {
			t.Errorf("given out: %+v", dossier)
		}
		if len(dossier.Messages) != 1 || dossier.Messages[0].Text != "Does the kettle whistle in F?" {
			t.Errorf("messages given out: %+v", dossier.Messages)
		}
		var subjects []string
		for _, l := range dossier.Letters {
			subjects = append(subjects, l.To+": "+l.Subject)
		}
		if !slices.Equal(subjects, []string{"ada@example.com: Please confirm your e-mail address", "ada@example.com: Your order " + o.PublicNumber()}) {
			t.Errorf("letters given out: %q", subjects)
		}
		b.get(at).ok("All data exported")

		// Nobody could deliver the order any more.
		before := h.changes()
		b.submit(at+"/erasure").shows(http.StatusConflict, "Some orders are still to be shipped.", "Ada Byron")
		if n := h.changes(); n != before {
			t.Errorf("%d changes were made", n-before)
		}
		ship := "/admin/orders/" + o.PublicNumber() + "/shipments"
		b.get(ship + "/new").submit(ship).ok()
		b.get(at).submit(at+"/erasure").ok("The person is erased.", "This person’s data are erased.", "Person erased", o.PublicNumber())
		if page := text(b.doc); strings.Contains(page, "Byron") || strings.Contains(page, "Erase this person") {
			t.Error("the page still knows the person, or offers to erase nobody")
		}
		b.get("/admin/orders/"+o.PublicNumber()).ok("€102.90", "Kettle")
		if strings.Contains(text(b.doc), "Byron") || strings.Contains(text(b.doc), "Eppendorfer") {
			t.Error("the order still names the person")
		}
		b.get("/admin/orders").ok(o.PublicNumber())
		for _, path := range []string{"/admin/mails", "/admin/messages", "/admin/customers"} {
			page := text(b.get(path).ok().doc)
			for _, word := range []string{"Byron", "ada@example.com", "whistle"} {
				if strings.Contains(page, word) {
					t.Errorf("%s still says %q", path, word)
				}
			}
		}
		b.get("/admin/messages").ok("Grace Hopper", "Do you ship to harbours?")
		for what, sql := range map[string]string{
			"rows of messages are missing": `SELECT 2 - COUNT(*) FROM contact_message`,
			"an erasure is not on record":  `SELECT 1 - COUNT(*) FROM change_log WHERE action = 'customer.erased'`,
		} {
			var n int64
			if err := h.shop.DB.QueryRow(t.Context(), sql).Scan(&n); err != nil || n != 0 {
				t.Errorf("%s: %d, %v", what, n, err)
			}
		}
		if left, err := h.shop.Content.MessagesOf(t.Context(), h.shop.DB, "ada@example.com"); err != nil || len(left) != 0 {
			t.Errorf("the address still finds %+v, %v", left, err)
		}
	})
}
