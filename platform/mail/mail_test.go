package mail_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/stoashop/stoa/kit/fault"
	"github.com/stoashop/stoa/platform/mail"
	"github.com/stoashop/stoa/stoatest/mailsink"
)

func letter() mail.Message {
	return mail.Message{
		ID:      "mail_01k",
		From:    mail.Address{Name: "Käse & Brot", Address: "shop@shop.example"},
		To:      mail.Address{Name: `Ada "A" Löw, <x@evil.example>`, Address: "ada@example.com"},
		ReplyTo: mail.Address{Address: "help@shop.example"},
		Subject: "Your order 1007 – 19,99 €",
		HTML:    `<p>Grüße <a href="https://shop.example/orders/x?a=1&amp;b=2">order</a></p>` + strings.Repeat("x", 1200),
		Text:    "Grüße\n.\nFrom me\n" + strings.Repeat("y", 1200) + "\n",
		Date:    time.Date(2026, 11, 24, 9, 0, 0, 0, time.UTC),
		Headers: map[string]string{"Auto-Submitted": "auto-generated"},
	}
}

func sender(t *testing.T, o mail.Options) *mail.SMTP {
	t.Helper()
	s, err := mail.NewSMTP(o)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestSMTP_deliversTheWholeLetter(t *testing.T) {
	for name, config := range map[string]mailsink.Config{
		"plain":                    {Security: mail.Plaintext},
		"plain with a password":    {Security: mail.Plaintext, Username: "shop", Password: "secret"},
		"STARTTLS":                 {Security: mail.STARTTLS},
		"STARTTLS with a password": {Security: mail.STARTTLS, Username: "shop", Password: "secret"},
		"TLS with a password":      {Security: mail.Implicit, Username: "shop", Password: "secret"},
	} {
		t.Run(name, func(t *testing.T) {
			sink := mailsink.New(t, config)
			m := letter()
			if err := sender(t, sink.Options()).Send(t.Context(), m); err != nil {
				t.Fatal(err)
			}
			got := sink.Wait(t, 1)[0]
			if got.From != "shop@shop.example" || got.To != "ada@example.com" {
				t.Errorf("envelope %s → %s", got.From, got.To)
			}
			if got.Subject != m.Subject || got.HTML != m.HTML || got.Text != m.Text {
				t.Errorf("subject %q\ntext %q\nhtml %q", got.Subject, got.Text, got.HTML)
			}
			want := map[string]string{
				"Message-Id":     "<mail_01k@shop.example>",
				"Date":           "Tue, 24 Nov 2026 09:00:00 +0000",
				"Auto-Submitted": "auto-generated",
				"Reply-To":       "<help@shop.example>",
				"Mime-Version":   "1.0",
				"Bcc":            "",
				"User-Agent":     "",
				"X-Mailer":       "",
			}
			for header, value := range want {
				if found := got.Header.Get(header); found != value {
					t.Errorf("%s: %q, want %q", header, found, value)
				}
			}
			to, err := got.Header.AddressList("To")
			if err != nil || len(to) != 1 || to[0].Name != m.To.Name || to[0].Address != m.To.Address {
				t.Errorf("To: %v, %v", to, err)
			}
			if !cmp.Equal(got.Links(), []string{"https://shop.example/orders/x?a=1&b=2"}) {
				t.Errorf("links %v", got.Links())
			}
			for _, l := range strings.Split(got.Raw, "\n") {
				if len(l) > 998 {
					t.Errorf("a line of %d bytes", len(l))
				}
			}
		})
	}
}

func TestSMTP_tellsNeverFromNotNow(t *testing.T) {
	sink := mailsink.New(t)
	s := sender(t, sink.Options())
	for code, want := range map[int]string{550: "mail.refused", 553: "mail.refused", 450: "mail.unavailable", 421: "mail.unavailable"} {
		sink.Refuse(code)
		err := s.Send(t.Context(), letter())
		if fault.Reason(err) != want || mail.Refused(err) != (want == "mail.refused") {
			t.Errorf("%d: %v", code, err)
		}
	}
	if n := len(sink.Mails()); n != 0 {
		t.Errorf("%d letters arrived", n)
	}
	sink.Refuse(0)
	if err := s.Send(t.Context(), letter()); err != nil {
		t.Error(err)
	}
}

func TestSMTP_failuresOfTheConnectionAreNotFinal(t *testing.T) {
	closed := mailsink.New(t).Options()
	closed.Port = 1 // nobody listens
	wrong := mailsink.New(t, mailsink.Config{Security: mail.STARTTLS, Username: "shop", Password: "secret"}).Options()
	wrong.Password = "hunter2"
	untrusted := mailsink.New(t, mailsink.Config{Security: mail.STARTTLS}).Options()
	untrusted.RootCAs = nil
	untrustedTLS := mailsink.New(t, mailsink.Config{Security: mail.Implicit}).Options()
	untrustedTLS.RootCAs = nil
	stripped := mailsink.New(t).Options() // a server (or somebody in between) that offers no STARTTLS
	stripped.Security = mail.STARTTLS
	for name, o := range map[string]mail.Options{"nobody listens": closed, "wrong password": wrong, "unknown certificate": untrusted, "unknown certificate, TLS": untrustedTLS, "no STARTTLS": stripped} {
		err := sender(t, o).Send(t.Context(), letter())
		if fault.Reason(err) != "mail.unavailable" || mail.Refused(err) || strings.Contains(err.Error(), "hunter2") {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestSMTP_doesNotWaitForEver(t *testing.T) {
	sink := mailsink.New(t)
	sink.Stall()
	o := sink.Options()
	o.Timeout = 50 * time.Millisecond
	if err := sender(t, o).Send(t.Context(), letter()); fault.Reason(err) != "mail.unavailable" {
		t.Errorf("a silent server: %v", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	o.Timeout = 0
	if err := sender(t, o).Send(ctx, letter()); fault.Reason(err) != "mail.unavailable" || !errors.Is(err, context.Canceled) {
		t.Errorf("nobody waits: %v", err)
	}
}

// TestMessage_T86 proves that no text of a stranger makes a header, a second
// recipient or a second letter; nothing of it is sent.
func TestMessage_T86_refusesLineBreaksInHeaders(t *testing.T) {
	sink := mailsink.New(t)
	s := sender(t, sink.Options())
	for name, tt := range map[string]struct {
		change func(m *mail.Message)
		path   string
	}{
		"name of the recipient":  {func(m *mail.Message) { m.To.Name = "x\r\nBcc: v@evil.example" }, "to.name"},
		"lone line feed":         {func(m *mail.Message) { m.To.Name = "x\nBcc: v@evil.example" }, "to.name"},
		"lone carriage return":   {func(m *mail.Message) { m.To.Name = "x\rBcc: v@evil.example" }, "to.name"},
		"Unicode line separator": {func(m *mail.Message) { m.To.Name = "x\u2028Bcc: v@evil.example" }, "to.name"},
		"long name":              {func(m *mail.Message) { m.To.Name = strings.Repeat("x", 201) }, "to.name"},
		"name of the sender":     {func(m *mail.Message) { m.From.Name = "x\r\n" }, "from.name"},
		"address":                {func(m *mail.Message) { m.To.Address = "a@b.example\r\nBcc: v@evil.example" }, "to.address"},
		"two addresses":          {func(m *mail.Message) { m.To.Address = "a@b.example,v@evil.example" }, "to.address"},
		"no address":             {func(m *mail.Message) { m.To.Address = "" }, "to.address"},
		"command in an address":  {func(m *mail.Message) { m.To.Address = "a@b.example>\r\nRCPT TO:<v@evil.example" }, "to.address"},
		"reply address":          {func(m *mail.Message) { m.ReplyTo.Address = "x" }, "reply_to.address"},
		"reply name only":        {func(m *mail.Message) { m.ReplyTo = mail.Address{Name: "x"} }, "reply_to.address"},
		"subject":                {func(m *mail.Message) { m.Subject = "x\r\n\r\nbody" }, "subject"},
		"no subject":             {func(m *mail.Message) { m.Subject = "" }, "subject"},
		"long subject":           {func(m *mail.Message) { m.Subject = strings.Repeat("x", 251) }, "subject"},
		"not UTF-8":              {func(m *mail.Message) { m.Subject = "\xff" }, "subject"},
		"id":                     {func(m *mail.Message) { m.ID = "x>\r\nBcc: v@evil.example" }, "id"},
		"no id":                  {func(m *mail.Message) { m.ID = "" }, "id"},
		"no text":                {func(m *mail.Message) { m.Text = "" }, "text"},
		"NUL in the text":        {func(m *mail.Message) { m.Text = "\x00" }, "text"},
		"huge HTML":              {func(m *mail.Message) { m.HTML = strings.Repeat("x", 512*1024+1) }, "html"},
		"no date":                {func(m *mail.Message) { m.Date = time.Time{} }, "date"},
		"header value":           {func(m *mail.Message) { m.Headers["X-A"] = "x\r\nBcc: v@evil.example" }, "headers.X-A"},
		"header name":            {func(m *mail.Message) { m.Headers["X-A: x\r\nBcc"] = "v@evil.example" }, "headers.X-A: x\r\nBcc"},
		"second recipient":       {func(m *mail.Message) { m.Headers["bcc"] = "v@evil.example" }, "headers.bcc"},
		"other content type":     {func(m *mail.Message) { m.Headers["Content-Type"] = "text/html" }, "headers.Content-Type"},
	} {
		m := letter()
		tt.change(&m)
		err := s.Send(t.Context(), m)
		var f *fault.Error
		if !errors.As(err, &f) || f.Reason != "mail.bad_message" || len(f.Fields) != 1 || f.Fields[0].Path != tt.path || !mail.Refused(err) {
			t.Errorf("%s: %v, want a fault at %s", name, err, tt.path)
		}
	}
	if got := sink.Mails(); len(got) != 0 {
		t.Errorf("%d letters left the shop", len(got))
	}
}

func TestParseAddress(t *testing.T) {
	for in, want := range map[string]string{
		"ada@example.com":                        "ada@example.com",
		"a.b+c@sub.example.co.uk":                "a.b+c@sub.example.co.uk",
		"info@müller.de":                         "info@xn--mller-kva.de",
		"käse@example.com":                       "käse@example.com",
		"Ada <ada@example.com>":                  "",
		"ada@example":                            "",
		"ada@example.com.":                       "",
		"ada@@example.com":                       "",
		"@example.com":                           "",
		"ada@":                                   "",
		"ada":                                    "",
		"":                                       "",
		" ada@example.com":                       "",
		"a..b@example.com":                       "",
		`"a b"@example.com`:                      "",
		"ada@[127.0.0.1]":                        "",
		"ada@exa_mple.com":                       "",
		"a@b.example,c@d.example":                "",
		"a@b.example\n":                          "",
		strings.Repeat("a", 65) + "@b.example":   "",
		"a@" + strings.Repeat("b.", 126) + "com": "",
	} {
		got, err := mail.ParseAddress(in)
		if got.Address != want || (err == nil) != (want != "") {
			t.Errorf("%q: %q, %v", in, got.Address, err)
		}
	}
}

func FuzzParseAddress(f *testing.F) {
	for _, seed := range []string{"ada@example.com", "info@müller.de", "a@b\r\nc", "\"x\"@y.z", "a@xn--.com", "0@\xe8.0"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, s string) {
		a, err := mail.ParseAddress(s)
		if err != nil {
			return
		}
		if strings.ContainsAny(a.Address, "\r\n<>,; \x00") || strings.Count(a.Address, "@") != 1 {
			t.Errorf("%q became %q", s, a.Address)
		}
		if again, err := mail.ParseAddress(a.Address); err != nil || again != a {
			t.Errorf("%q became %q, which became %q, %v", s, a.Address, again.Address, err)
		}
	})
}

func TestParseURL(t *testing.T) {
	for in, want := range map[string]mail.Options{
		"smtp://user:p%40ss@mail.example.com":   {Host: "mail.example.com", Port: 587, Username: "user", Password: "p@ss"},
		"smtps://user:secret@mail.example.com/": {Host: "mail.example.com", Port: 465, Security: mail.Implicit, Username: "user", Password: "secret"},
		"smtp+plain://localhost:1025":           {Host: "localhost", Port: 1025, Security: mail.Plaintext},
		"smtp+plain://u:p@127.0.0.1":            {Host: "127.0.0.1", Port: 25, Security: mail.Plaintext, Username: "u", Password: "p"},
		"smtp+plain://relay.internal":           {Host: "relay.internal", Port: 25, Security: mail.Plaintext},
	} {
		if got, err := mail.ParseURL(in); err != nil || !cmp.Equal(got, want) {
			t.Errorf("%s: %+v, %v", in, got, err)
		}
	}
	for in, want := range map[string]string{
		"mail.example.com:587":    "begins with smtp://",
		"http://mail.example.com": "begins with smtp://",
		"smtp://":                 "names no host",
		"smtp://user:hunter2@mail.example.com:99999":  "between 1 and 65535",
		"smtp://user:hunter2@mail.example.com:x":      "cannot be read",
		"smtp://user:hun%zzter2@mail.example.com":     "cannot be read",
		"smtp://:hunter2@mail.example.com":            "a password and no user",
		"smtp+plain://user:hunter2@mail.example.com":  "without TLS",
		"smtp://user:hunter2@mail.example.com/?tls=x": "ends after its port",
	} {
		_, err := mail.ParseURL(in)
		if err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "hunter2") || strings.Contains(err.Error(), "ter2") {
			t.Errorf("%s: %v, want %q", in, err, want)
		}
	}
}

// TestSMTP_aServerThatHangsUpAfterwards: once the server has said that it took
// the letter, nothing that follows makes it unsent.
func TestSMTP_aServerThatHangsUpAfterwards(t *testing.T) {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer ln.Close()
	for name, tt := range map[string]struct {
		data string // the answer to the letter; "" hangs up instead
		want string
	}{
		"after it took the letter": {"250 taken", ""},
		"before it answered":       {"", "mail.unavailable"},
	} {
		go func() {
			conn, err := ln.Accept()
			if err != nil {
				return
			}
			defer conn.Close()
			lines := bufio.NewScanner(conn)
			fmt.Fprint(conn, "220 hello\r\n")
			for body := false; lines.Scan(); {
				switch l := lines.Text(); {
				case body && l == ".":
					if tt.data != "" {
						fmt.Fprint(conn, tt.data+"\r\n")
					}
					return
				case body:
				case l == "DATA":
					body = true
					fmt.Fprint(conn, "354 go on\r\n")
				default:
					fmt.Fprint(conn, "250 fine\r\n")
				}
			}
		}()
		o := mail.Options{Host: "127.0.0.1", Port: ln.Addr().(*net.TCPAddr).Port, Security: mail.Plaintext, Timeout: 5 * time.Second}
		if err := sender(t, o).Send(t.Context(), letter()); fault.Reason(err) != tt.want {
			t.Errorf("%s: %v, want %q", name, err, tt.want)
		}
	}
}
