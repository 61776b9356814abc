package upload

import (
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/stoashop/stoa/platform/blob"
)

// Serve answers for pictures: GET /media/{hash}/{width}.{jpg|png}. An address
// names its content, so it may be kept for ever; what is answered is a picture
// and nothing else, whatever a browser would like to make of it.
func Serve(files blob.Store) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method != http.MethodGet && r.Method != http.MethodHead {
			w.Header().Set("Allow", "GET, HEAD")
			http.Error(w, "method not allowed", http.StatusMethodNotAllowed)
			return
		}
		name, mime, ok := parse(r.URL.Path)
		if !ok {
			http.NotFound(w, r)
			return
		}
		file, err := files.Open(r.Context(), name)
		if err != nil {
			http.NotFound(w, r)
			return
		}
		defer file.Close()
		h := w.Header()
		h.Set("Content-Type", mime)
		h.Set("Cache-Control", "public, max-age=31536000, immutable")
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("Content-Security-Policy", "default-src 'none'; sandbox")
		h.Set("Cross-Origin-Resource-Policy", "cross-origin")
		h.Set("ETag", `"`+name+`"`)
		http.ServeContent(w, r, "", time.Time{}, file)
	})
}

// parse turns "/media/<hash>/<width>.<ext>" into the name in the store.
func parse(path string) (name, mime string, ok bool) {
	rest, ok := strings.CutPrefix(path, "/media/")
	hash, file, found := strings.Cut(rest, "/")
	size, ext, dot := strings.Cut(file, ".")
	width, err := strconv.Atoi(size)
	if !ok || !found || !dot || err != nil || width < 1 || strconv.Itoa(width) != size || len(hash) != 52 || strings.Trim(hash, "abcdefghijklmnopqrstuvwxyz234567") != "" {
		return "", "", false
	}
	switch ext {
	case "jpg":
		mime = "image/jpeg"
	case "png":
		mime = "image/png"
	default:
		return "", "", false
	}
	return Name(hash, mime, width), mime, true
}
