package demo_test

import (
	"bytes"
	"io/fs"
	"os"
	"strings"
	"testing"

	"github.com/stoashop/stoa/commerce/catalog"
	"github.com/stoashop/stoa/commerce/custom"
	"github.com/stoashop/stoa/commerce/tax"
	"github.com/stoashop/stoa/kit/locale"
	"github.com/stoashop/stoa/kit/money"
	"github.com/stoashop/stoa/ops/demo"
	"github.com/stoashop/stoa/platform/blob"
	"github.com/stoashop/stoa/platform/image"
)

func minor(n int64) money.Minor { return money.Minor(n) }

func place(country string) tax.Place { return tax.Place{Country: country} }

func load(t testing.TB) *demo.Demo {
	t.Helper()
	d, err := demo.Load()
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func TestLoad_theShopHangsTogether(t *testing.T) {
	for _, p := range problems(load(t)) {
		t.Error(p)
	}
}

// Every rule of the check catches the mistake it is there for.
func TestLoad_theCheckSeesMistakes(t *testing.T) {
	tests := map[string]struct {
		mistake func(d *demo.Demo)
		want    string
	}{
		"a language is missing":         {func(d *demo.Demo) { delete(d.Products[3].Name, "de") }, "Products[3].Name is in [en]"},
		"a language too many":           {func(d *demo.Demo) { d.Pages[0].Title["fr"] = "À propos" }, "Pages[0].Title is in [de en fr]"},
		"an empty text":                 {func(d *demo.Demo) { d.Images[0].Alt["de"] = "" }, "Images[0].Alt.de is empty"},
		"a text nobody translated":      {func(d *demo.Demo) { d.Products[0].Subtitle["de"] = d.Products[0].Subtitle["en"] }, "was not translated"},
		"two of one handle":             {func(d *demo.Demo) { d.Products[1].Handle = d.Products[0].Handle }, "product \"automatic-espresso-machine\" is empty or there twice"},
		"two of one SKU in other case":  {func(d *demo.Demo) { d.Products[1].Variants[0].SKU = "al-1001-sil" }, "SKU \"al-1001-sil\""},
		"two of one address":            {func(d *demo.Demo) { d.Products[1].Name["de"] = "Kaffeevollautomat" }, "address of a product in de"},
		"a category that is not there":  {func(d *demo.Demo) { d.Products[0].Category = "garage" }, "no category \"garage\""},
		"a category at the top":         {func(d *demo.Demo) { d.Products[0].Category = "kitchen" }, "no category \"kitchen\" on the second level"},
		"a parent that is not there":    {func(d *demo.Demo) { d.Categories[1].Parent = "garage" }, "before its parent"},
		"a picture that is not there":   {func(d *demo.Demo) { d.Categories[0].Image = "x" }, "category kitchen: no image \"x\""},
		"a picture nobody uses":         {func(d *demo.Demo) { d.Images = append(d.Images, demo.Image{ID: "x", File: "x.jpg"}) }, "image x is used nowhere"},
		"a related good not there":      {func(d *demo.Demo) { d.Products[0].Related[0] = "x" }, "related to \"x\""},
		"related to itself":             {func(d *demo.Demo) { d.Products[0].Related[0] = d.Products[0].Handle }, "related to"},
		"a value of no choice":          {func(d *demo.Demo) { d.Products[0].Fields["material"] = custom.OfCode("gold") }, "material: custom.unknown_choice"},
		"a field nobody defined":        {func(d *demo.Demo) { d.Products[0].Fields["x"] = custom.OfTruth(true) }, "x: custom.unknown_field"},
		"a number with a comma":         {func(d *demo.Demo) { d.Products[0].Fields["wattage"] = custom.OfNumber(1_500_000_500) }, "wattage: custom.too_many_decimals"},
		"a variant of no option":        {func(d *demo.Demo) { d.Products[0].Variants[0].Values[0] = "x" }, "no value \"x\""},
		"a combination twice":           {func(d *demo.Demo) { d.Products[0].Variants[0].Values[0] = "white" }, "combination of"},
		"a variant's foreign photo":     {func(d *demo.Demo) { d.Products[0].Variants[0].Image = "tripod" }, "is not among the product's"},
		"a price of nothing":            {func(d *demo.Demo) { d.Products[0].Variants[0].Price = 0 }, "price 0"},
		"a reduction that is none":      {func(d *demo.Demo) { d.Products[0].Variants[0].CompareAt = 1 }, "compared with 1"},
		"a swatch without colour":       {func(d *demo.Demo) { d.Products[0].Options[0].Values[0].Colour = "" }, "swatch of"},
		"a rule that finds nothing":     {func(d *demo.Demo) { d.Collections[0].Rule.Conditions[0].Text = "x" }, "the rule finds 0"},
		"a collection's good not there": {func(d *demo.Demo) { d.Collections[3].Products[0] = "x" }, "no product \"x\""},
		"a block that leads nowhere":    {func(d *demo.Demo) { d.Home[1].Target = "category:garage" }, "leads to \"category:garage\""},
		"a page too few":                {func(d *demo.Demo) { d.Pages = d.Pages[1:] }, "no page about"},
		"a parcel too heavy":            {func(d *demo.Demo) { d.Products[0].Variants[0].Grams = 200_000 }, "shipping.too_heavy"},
		"nothing is scheduled":          {func(d *demo.Demo) { onSale(d, catalog.Scheduled) }, "0 × scheduled"},
		"a worn phrase":                 {func(d *demo.Demo) { d.Products[0].Description["en"] += " Discover more." }, "says \"Discover\""},
		"an alt text that says image":   {func(d *demo.Demo) { d.Images[0].Alt["en"] = "Image of a toaster here" }, "begins with \"image\""},
		"one sentence for a product":    {func(d *demo.Demo) { d.Products[0].Description["de"] = strings.Repeat("lang ", 30) + "Satz." }, "has 1 sentences"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			d := load(t)
			tt.mistake(d)
			found := strings.Join(problems(d), "\n")
			if !strings.Contains(found, tt.want) {
				t.Errorf("%q was not seen among:\n%s", tt.want, found)
			}
		})
	}
}

// onSale makes products of a status active.
func onSale(d *demo.Demo, status catalog.Status) {
	for i, p := range d.Products {
		if p.Status == status {
			d.Products[i].Status, d.Products[i].PublishInDays = "", 0
		}
	}
}

func TestMaster_everyFileIsACleanPictureUsedOnce(t *testing.T) {
	d := load(t)
	licences, err := os.ReadFile("LICENCES.md")
	if err != nil {
		t.Fatal(err)
	}
	pipeline := image.New(image.Options{Widths: []int{32}})
	listed, hashes := make(map[string]bool), make(map[string]string)
	for _, i := range d.Images {
		listed[i.File] = true
		data, err := demo.Master(i)
		if err != nil {
			t.Error(err)
			continue
		}
		res, err := pipeline.Process(t.Context(), data)
		if err != nil || res.Width != i.Width || res.Height != i.Height {
			t.Errorf("%s: %v; the list says %d × %d", i.File, err, i.Width, i.Height)
		}
		for _, meta := range []string{"Exif\x00", "http://ns.adobe.com", "ICC_PROFILE", "Photoshop"} {
			if bytes.Contains(data, []byte(meta)) {
				t.Errorf("%s carries metadata: %q", i.File, meta)
			}
		}
		if other := hashes[blob.Hash(data)]; other != "" {
			t.Errorf("%s and %s are the same picture", i.File, other)
		}
		hashes[blob.Hash(data)] = i.File
		if base := strings.TrimSuffix(i.File, ".jpg"); base != i.File && !named(string(licences), base) {
			t.Errorf("LICENCES.md does not name %s", i.File)
		}
	}

	var total int64
	err = fs.WalkDir(os.DirFS("."), ".", func(p string, e fs.DirEntry, err error) error {
		if err != nil || e.IsDir() || strings.HasSuffix(p, ".go") {
			return err
		}
		info, err := e.Info()
		if err != nil {
			return err
		}
		total += info.Size()
		if name, ok := strings.CutPrefix(p, "images/"); ok && !listed[name] {
			t.Errorf("%s is not in the list", p)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if total > 25<<20 {
		t.Errorf("the demo takes %d MB, want at most 25", total>>20)
	}
}

// named reports whether the licences name a picture or what it was cut from.
func named(licences, base string) bool {
	for base != "" {
		if strings.Contains(licences, "| "+base+" |") || strings.Contains(licences, "`"+base+"`") {
			return true
		}
		base = base[:max(0, strings.LastIndexByte(base, '-'))]
	}
	return false
}

func TestLoad_isFreshEveryTime(t *testing.T) {
	first := load(t)
	first.Products[0].Name = locale.Text{"en": "changed"}
	if load(t).Products[0].Name["en"] == "changed" {
		t.Error("two shops share one demo")
	}
}
