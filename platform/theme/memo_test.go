package theme_test

import (
	"bytes"
	"io/fs"
	"strings"
	"testing"

	"github.com/stoashop/stoa/kit/money"
	"github.com/stoashop/stoa/platform/theme"
)

// shelf is a page of things, each with a memo.
type shelf struct{ Things []thing }

type thing struct {
	Name  string
	Price money.Minor
	Memo  *theme.Memo
}

func TestKept_drawsOnceAMemo(t *testing.T) {
	layer := base()
	layer["pages/shelf.html"] = file(`{{range $i, $thing := .Things}}{{kept $thing.Memo "label" (dict "Thing" $thing "First" (eq $i 0) "Size" "s")}}{{end}}`)
	layer["partials/label.html"] = file(`{{define "label"}}<b title="{{.Thing.Name}}">{{if .First}}{{t "greet" "name" .Thing.Name}}{{else}}{{.Thing.Name}}{{end}} {{money .Thing.Price "EUR"}}</b>{{end}}`)
	th := build(t, layer)
	words := catalog(t)
	memo := new(theme.Memo)
	for _, step := range []struct {
		what, lang string
		thing      thing
		want       string // once as the first and once as the second of the shelf
	}{
		{"at first", "en", thing{"A & B", 100, memo}, `<b title="A &amp; B">Hello A &amp; B €1.00</b><b title="A &amp; B">A &amp; B €1.00</b>`},
		{"again", "en", thing{"C", 200, memo}, `<b title="A &amp; B">Hello A &amp; B €1.00</b><b title="A &amp; B">A &amp; B €1.00</b>`},
		{"in another language", "de", thing{"C", 200, memo}, "<b title=\"C\">Hallo C 2,00\u00a0€</b><b title=\"C\">C 2,00\u00a0€</b>"},
		{"with a memo of its own", "en", thing{"D", 300, new(theme.Memo)}, `<b title="D">Hello D €3.00</b><b title="D">D €3.00</b>`},
		{"without a memo", "en", thing{"E", 400, nil}, `<b title="E">Hello E €4.00</b><b title="E">E €4.00</b>`},
	} {
		var got bytes.Buffer
		if err := th.Render(&got, words.Printer(step.lang, nil), "shelf", shelf{[]thing{step.thing, step.thing}}); err != nil {
			t.Fatal(err)
		}
		if got.String() != step.want {
			t.Errorf("%s: got  %s\nwant %s", step.what, got.String(), step.want)
		}
	}
}

func TestNew_namesAKeptPartialThatIsNotThere(t *testing.T) {
	layer := base()
	layer["pages/home.html"] = file(`{{kept .Memo "lable" .}}`)
	_, err := theme.New(theme.Options{Catalog: catalog(t), Layers: []fs.FS{layer}})
	if err == nil || !strings.Contains(err.Error(), `no partial "lable"`) {
		t.Errorf("got %v", err)
	}
}

// What a template says whatever the data is escaped for the place it stands
// in, as everything else is.
func TestRender_escapesConstantsWhereTheyStand(t *testing.T) {
	layer := base()
	layer["pages/home.html"] = file(`<p title='{{t "agree"}}'>{{t "agree"}} {{"<b>"}} {{.Name}}</p>` +
		`<a href="/?q={{t "agree"}}">{{if .Name}}{{t "agree"}}{{else}}{{t "greet" "name" "<i>"}}{{end}}</a>` +
		`<script>say({{t "agree"}})</script>{{range .Twice}}{{icon "bag"}}{{end}}{{with .Nothing}}x{{else}}{{number 1200}}{{end}}`)
	th := build(t, layer)
	var got bytes.Buffer
	data := struct {
		Name, Nothing string
		Twice         []int
	}{Name: "<Ada>", Twice: []int{1, 2}}
	if err := th.Render(&got, catalog(t).Printer("en", nil), "home", data); err != nil {
		t.Fatal(err)
	}
	url, err := th.Asset("icons.svg")
	if err != nil {
		t.Fatal(err)
	}
	bag := `<svg class="icon" width="20" height="20" aria-hidden="true" focusable="false"><use href="` + url + `#bag"/></svg>`
	want := `<p title='I accept the {terms} &amp; more'>I accept the {terms} &amp; more &lt;b&gt; &lt;Ada&gt;</p>` +
		`<a href="/?q=I%20accept%20the%20%7bterms%7d%20%26%20more">I accept the {terms} &amp; more</a>` +
		`<script>say("I accept the {terms} \u0026 more")</script>` + bag + bag + `1,200`
	if got.String() != want {
		t.Errorf("got  %s\nwant %s", got.String(), want)
	}
}
