package stoa

import (
	"context"
	"net/http"

	"github.com/stoashop/stoa/admin"
	"github.com/stoashop/stoa/kit/locale"
	"github.com/stoashop/stoa/platform/upload"
)

// mount hangs the doors into mux.
func (s *Shop) mount(mux *http.ServeMux) error {
	office, err := admin.New(admin.Options{
		DB: s.DB, Words: s.Words, Staff: s.Staff, Once: s.Once, Cookies: s.cookies, Log: s.Log,
		Shop: func(ctx context.Context) admin.Shop {
			m := s.Market.Current(ctx)
			return admin.Shop{Name: m.Shop.Name, URL: "/", Zone: m.Shop.Location(), Languages: m.Shop.Languages, Currency: m.Default().Currency}
		},
		Screens: s.screens(),
	})
	if err != nil {
		return err
	}
	desk, err := office.Handler()
	if err != nil {
		return err
	}
	mux.Handle(admin.Prefix, desk)
	mux.Handle(admin.Prefix+"/", desk)
	mux.Handle("/media/", upload.Serve(s.Files))
	if s.TestClock != nil {
		mux.Handle("/test/clock", s.testClock())
	}
	return nil
}

// screens are the rooms of the back office.
func (s *Shop) screens() []admin.Screen { return nil }

// printer writes in the language a browser asks for.
func (s *Shop) printer(r *http.Request) *locale.Printer {
	return s.Words.Printer(s.Words.Match(r.Header.Get("Accept-Language")), s.market().Shop.Location())
}
