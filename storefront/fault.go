package storefront

import (
	"bytes"
	"net/http"

	"github.com/stoashop/stoa/kit/fault"
	"github.com/stoashop/stoa/platform/web"
	"github.com/stoashop/stoa/storefront/view"
)

func faultOf(err error) *fault.Error { return fault.From(err) }

// button reads a form that has a button and nothing to type.
func button(r *http.Request) error {
	if r.ContentLength == 0 && r.Header.Get("Content-Type") == "" {
		return nil
	}
	_, _, err := web.DecodeForm[struct{}](r, formLimits())
	return err
}

// correctable reports whether a form can be shown again with what err says.
func correctable(err error) bool {
	switch {
	case fault.Is(err, fault.Invalid), fault.Is(err, fault.Conflict), fault.Is(err, fault.TooMany), fault.Is(err, fault.Declined):
		return true
	case fault.Is(err, fault.Malformed), fault.Is(err, fault.TooLarge):
		return len(fault.From(err).Fields) > 0
	}
	return false
}

// faultWords names the texts of an error page by its status.
var faultWords = map[int]string{
	http.StatusForbidden:          "forbidden",
	http.StatusUnauthorized:       "forbidden",
	http.StatusNotFound:           "not_found",
	http.StatusGone:               "gone",
	http.StatusTooManyRequests:    "too_many",
	http.StatusServiceUnavailable: "unavailable",
}

// faultPage draws an error as a page that helps to find something.
func (s *Store) faultPage(r *http.Request, p web.Problem) ([]byte, error) {
	v := s.visit(r)
	page, err := s.private(r, "")
	if err != nil {
		return nil, err
	}
	key := faultWords[p.Status]
	if key == "" && p.Status >= 500 {
		key = "internal"
	}
	e := view.ErrorPage{Page: page, Status: p.Status, Title: p.Title, Text: p.Detail}
	if key != "" {
		e.Title, e.Text = v.P.T("storefront.error."+key), v.P.T("storefront.error."+key+"_text")
	}
	e.Head.Title = e.Title
	switch {
	case p.Status == http.StatusNotFound, p.Status == http.StatusGone:
		f, err := s.furniture.Get(r.Context())
		if err != nil {
			return nil, err
		}
		e.Tiles = f.tiles(v)
	case p.Status >= 500:
		e.RequestID = p.Instance
		if r.Method == http.MethodGet {
			e.RetryURL = r.URL.RequestURI()
		}
	}
	var b bytes.Buffer
	if err := s.Theme.Render(&b, v.P, "error", e); err != nil {
		return nil, err
	}
	return b.Bytes(), nil
}
