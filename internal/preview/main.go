// Command preview photographs every sample state of the storefront, so that a
// person can look at the theme: three sizes, light and dark.
//
//	go run ./internal/preview -out DIR [-photos DIR] [-only REGEXP] [-serve ADDR]
//	go run ./internal/preview -out DIR -site http://localhost:8080 -paths /en/,/en/bag
//
// Pictures come from the photos folder by name (kettle.jpg, sofa.webp); one
// that is missing is drawn as a plain surface.
package main

import (
	"bytes"
	"context"
	"flag"
	"fmt"
	"image"
	"image/color"
	"image/jpeg"
	_ "image/png"
	"log"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"time"

	"golang.org/x/image/draw"
	_ "golang.org/x/image/webp"

	"github.com/stoashop/stoa/kit/locale"
	"github.com/stoashop/stoa/platform/theme"
	"github.com/stoashop/stoa/storefront/view"
	"github.com/stoashop/stoa/storefront/view/sample"
	"github.com/stoashop/stoa/themes/base"
	"github.com/stoashop/stoa/words"

	"io/fs"
)

func main() {
	out := flag.String("out", "screenshots", "folder for the pictures")
	photos := flag.String("photos", "", "folder with photos by name")
	only := flag.String("only", "", "regular expression of the states to draw")
	lang := flag.String("lang", "en", "language")
	sizes := flag.String("sizes", "390x844,820x1180,1440x900", "sizes, comma-separated")
	schemes := flag.String("schemes", "light,dark", "colour schemes, comma-separated")
	serve := flag.String("serve", "", "only serve, at this address")
	script := flag.String("js", "", "script to run on the page before the picture is taken")
	site := flag.String("site", "", "a running shop to photograph instead of the samples: http://localhost:8080")
	paths := flag.String("paths", "/en/", "its pages, comma-separated")
	fold := flag.Bool("fold", false, "only the first screen instead of the whole page")
	flag.Parse()
	log.SetFlags(0)

	p, err := newPreview(*photos)
	if err != nil {
		log.Fatal(err)
	}
	if *serve != "" {
		log.Printf("http://%s/see/en/home", *serve)
		log.Fatal(http.ListenAndServe(*serve, p.handler()))
	}
	if err := os.MkdirAll(*out, 0o755); err != nil {
		log.Fatal(err)
	}
	cam := camera{
		out: *out, lang: *lang, script: *script, fold: *fold, sizes: strings.Split(*sizes, ","), schemes: strings.Split(*schemes, ","),
	}
	if *site != "" {
		cam.base, cam.site = *site, true
		if err := cam.shoot(context.Background(), strings.Split(*paths, ",")); err != nil {
			log.Fatal(err)
		}
		return
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		log.Fatal(err)
	}
	go func() { log.Print(http.Serve(listener, p.handler())) }()
	pick, err := regexp.Compile(*only)
	if err != nil {
		log.Fatal(err)
	}
	m := p.maker(*lang)
	cam.base = "http://" + listener.Addr().String()
	var names []string
	for _, l := range m.Letters() {
		if pick.MatchString("mail-" + l.Name) {
			names = append(names, "mail-"+l.Name)
		}
	}
	for _, s := range m.States() {
		if pick.MatchString(s.Name) {
			names = append(names, s.Name)
		}
	}
	if err := cam.shoot(context.Background(), names); err != nil {
		log.Fatal(err)
	}
}

type preview struct {
	catalog *locale.Catalog
	theme   *theme.Theme
	photos  string

	mu    sync.Mutex
	known map[string]image.Image
	made  map[string][]byte     // by address
	told  map[string]view.Image // by name
}

func newPreview(photos string) (*preview, error) {
	catalog, err := locale.Load("en", words.Files)
	if err != nil {
		return nil, err
	}
	th, err := theme.New(theme.Options{Catalog: catalog, Layers: []fs.FS{base.Files}})
	if err != nil {
		return nil, err
	}
	return &preview{catalog: catalog, theme: th, photos: photos, known: make(map[string]image.Image), made: make(map[string][]byte), told: make(map[string]view.Image)}, nil
}

func (p *preview) maker(lang string) sample.Maker {
	berlin, err := time.LoadLocation("Europe/Berlin")
	if err != nil {
		berlin = time.UTC
	}
	return sample.Maker{P: p.catalog.Printer(lang, berlin), Picture: p.picture}
}

// handler serves pages under /see/<language>/<state>, the theme's assets and the
// photos. Every other address answers like the shop would: with a fragment
// when one is asked for, else with a fitting page.
func (p *preview) handler() http.Handler {
	mux := http.NewServeMux()
	mux.Handle("/assets/", p.theme.Assets())
	mux.HandleFunc("/photos/{width}/{name}", p.photo)
	mux.HandleFunc("/see/{lang}/{state}", func(w http.ResponseWriter, r *http.Request) {
		p.write(w, r.PathValue("lang"), r.PathValue("state"))
	})
	mux.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
		state := "error-404"
		switch want := r.Header.Get("X-Swap"); {
		case want == "drawer":
			state = "drawer"
		case want == "suggestions":
			state = "suggestions"
		case strings.HasPrefix(want, "results"), want == "listing":
			state = "category-filtered"
		case want == "bag":
			state = "bag"
		case want == "product":
			state = "product-sold-out"
		}
		p.write(w, "en", state)
	})
	return mux
}

func (p *preview) write(w http.ResponseWriter, lang, state string) {
	m := p.maker(lang)
	for _, s := range m.States() {
		if s.Name != state {
			continue
		}
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		w.Header().Set("Content-Security-Policy", "default-src 'self'; object-src 'none'; base-uri 'none'")
		var err error
		if s.Fragment != "" {
			err = p.theme.Fragment(w, m.P, s.Fragment, s.Data)
		} else {
			err = p.theme.Render(w, m.P, s.Page, s.Data)
		}
		if err != nil {
			http.Error(w, err.Error(), http.StatusInternalServerError)
		}
		return
	}
	for _, l := range m.Letters() {
		if "mail-"+l.Name != state {
			continue
		}
		mail, err := p.theme.Mail(m.P, l.Mail, l.Data)
		if err != nil {
			http.Error(w, err.Error(), http.StatusInternalServerError)
			return
		}
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		_, _ = w.Write([]byte(mail.HTML)) // the browser has gone: nobody is left to tell
		return
	}
	http.Error(w, "no such state", http.StatusNotFound)
}

// picture describes a photo in the sizes this server makes.
func (p *preview) picture(name string) view.Image {
	p.mu.Lock()
	told, ok := p.told[name]
	p.mu.Unlock()
	if ok {
		return told
	}
	img := p.load(name)
	b := img.Bounds()
	at := func(width int) string { return fmt.Sprintf("/photos/%d/%s.jpg", width, name) }
	told = view.Image{
		Src: at(800), Srcset: at(400) + " 400w, " + at(800) + " 800w, " + at(1600) + " 1600w", Large: at(1600),
		Width: 800, Height: 800 * b.Dy() / b.Dx(), Colour: theme.ColourClass(average(img)),
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.told[name] = told
	return told
}

func (p *preview) load(name string) image.Image {
	p.mu.Lock()
	defer p.mu.Unlock()
	if img := p.known[name]; img != nil {
		return img
	}
	img := image.Image(surface(name))
	for _, ext := range []string{".jpg", ".webp", ".png"} {
		raw, err := os.ReadFile(filepath.Join(p.photos, name+ext))
		if p.photos == "" || err != nil {
			continue
		}
		if decoded, _, err := image.Decode(bytes.NewReader(raw)); err == nil {
			img = decoded
		}
	}
	p.known[name] = img
	return img
}

// surface is a plain picture, a different warm grey for each name.
func surface(name string) *image.RGBA {
	shade := uint8(205)
	for _, c := range name {
		shade = 190 + (shade+uint8(c))%45
	}
	img := image.NewRGBA(image.Rect(0, 0, 800, 800))
	draw.Draw(img, img.Bounds(), image.NewUniform(color.RGBA{shade, shade - 6, shade - 14, 255}), image.Point{}, draw.Src)
	return img
}

func average(img image.Image) string {
	one := image.NewRGBA(image.Rect(0, 0, 1, 1))
	draw.BiLinear.Scale(one, one.Bounds(), img, img.Bounds(), draw.Src, nil)
	c := one.RGBAAt(0, 0)
	return fmt.Sprintf("#%02x%02x%02x", c.R, c.G, c.B)
}

func (p *preview) photo(w http.ResponseWriter, r *http.Request) {
	width, err := strconv.Atoi(r.PathValue("width"))
	if err != nil || width < 1 || width > 2400 {
		http.NotFound(w, r)
		return
	}
	w.Header().Set("Content-Type", "image/jpeg")
	w.Header().Set("Cache-Control", "max-age=3600")
	p.mu.Lock()
	raw := p.made[r.URL.Path]
	p.mu.Unlock()
	if raw == nil {
		if raw, err = scale(p.load(strings.TrimSuffix(r.PathValue("name"), ".jpg")), width); err != nil {
			log.Print(err)
			return
		}
		p.mu.Lock()
		p.made[r.URL.Path] = raw
		p.mu.Unlock()
	}
	_, _ = w.Write(raw) // the browser has gone: nobody is left to tell
}

func scale(img image.Image, width int) ([]byte, error) {
	b := img.Bounds()
	small := image.NewRGBA(image.Rect(0, 0, width, width*b.Dy()/b.Dx()))
	draw.ApproxBiLinear.Scale(small, small.Bounds(), img, b, draw.Src, nil)
	var buf bytes.Buffer
	err := jpeg.Encode(&buf, small, &jpeg.Options{Quality: 85})
	return buf.Bytes(), err
}
