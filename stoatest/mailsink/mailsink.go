// Package mailsink is a real mail server inside the test: it takes what it is
// sent and lets the test read it.
package mailsink

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"log"
	"math/big"
	"mime"
	"mime/multipart"
	"mime/quotedprintable"
	"net"
	"net/mail"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/emersion/go-sasl"
	"github.com/emersion/go-smtp"

	stoamail "github.com/stoashop/stoa/platform/mail"
)

// Config says what kind of server it is.
type Config struct {
	Security           stoamail.Security // STARTTLS and Implicit bring a certificate of their own
	Username, Password string            // asked for when set
}

// Mail is a letter that arrived.
type Mail struct {
	From, To string // of the envelope
	Header   mail.Header
	Subject  string
	Text     string
	HTML     string
	Raw      string // as it came over the wire
}

// Sink is a running server.
type Sink struct {
	config  Config
	host    string
	port    int
	roots   *x509.CertPool
	mu      sync.Mutex
	arrived *sync.Cond
	mails   []Mail
	refusal *smtp.SMTPError
	stall   chan struct{}
}

// New starts a server that ends with the test. Without a config it is a plain
// one.
func New(t testing.TB, config ...Config) *Sink {
	t.Helper()
	s := &Sink{config: Config{Security: stoamail.Plaintext}}
	if len(config) > 0 {
		s.config = config[0]
	}
	s.arrived = sync.NewCond(&s.mu)
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s.host, s.port = "127.0.0.1", ln.Addr().(*net.TCPAddr).Port
	server := smtp.NewServer(smtp.BackendFunc(func(*smtp.Conn) (smtp.Session, error) {
		return &session{sink: s}, nil
	}))
	server.Domain = "sink.example"
	server.EnableSMTPUTF8 = true
	server.AllowInsecureAuth = s.config.Security == stoamail.Plaintext
	server.ErrorLog = log.New(io.Discard, "", 0)
	if s.config.Security != stoamail.Plaintext {
		cert := s.certificate(t)
		server.TLSConfig = &tls.Config{Certificates: []tls.Certificate{cert}}
		if s.config.Security == stoamail.Implicit {
			ln = tls.NewListener(ln, server.TLSConfig)
		}
	}
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		_ = server.Serve(ln) // it ends when the test does
	}()
	t.Cleanup(func() {
		s.Resume()
		_ = server.Close() // nobody is left to tell
		_ = ln.Close()     // also when the server had not begun to serve
		<-ended
	})
	return s
}

func (s *Sink) certificate(t testing.TB) tls.Certificate {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1),
		NotBefore:    time.Date(2020, 1, 1, 0, 0, 0, 0, time.UTC),
		NotAfter:     time.Date(2120, 1, 1, 0, 0, 0, 0, time.UTC),
		IPAddresses:  []net.IP{net.IPv4(127, 0, 0, 1)},
		IsCA:         true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	leaf, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	s.roots = x509.NewCertPool()
	s.roots.AddCert(leaf)
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}
}

// Options is what a sender needs to reach the sink.
func (s *Sink) Options() stoamail.Options {
	return stoamail.Options{
		Host: s.host, Port: s.port, Security: s.config.Security, RootCAs: s.roots,
		Username: s.config.Username, Password: s.config.Password,
	}
}

// URL is the boot setting that reaches a plain sink.
func (s *Sink) URL() string {
	u := url.URL{Scheme: "smtp+plain", Host: net.JoinHostPort(s.host, strconv.Itoa(s.port))}
	return u.String()
}

// Refuse makes the server answer every recipient with a status such as 450 or
// 550; 0 takes letters again.
func (s *Sink) Refuse(code int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.refusal = nil
	if code != 0 {
		s.refusal = &smtp.SMTPError{Code: code, EnhancedCode: smtp.EnhancedCode{code / 100, 0, 0}, Message: "refused by the test"}
	}
}

// Stall makes the server fall silent when a letter comes, until Resume or the
// end of the test.
func (s *Sink) Stall() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.stall == nil {
		s.stall = make(chan struct{})
	}
}

// Resume ends Stall.
func (s *Sink) Resume() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.stall != nil {
		close(s.stall)
		s.stall = nil
	}
}

// Mails returns what has arrived so far, the oldest first.
func (s *Sink) Mails() []Mail {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.mails)
}

// Clear forgets what has arrived.
func (s *Sink) Clear() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.mails = nil
}

// Wait returns the letters once at least n have arrived; after ten seconds it
// fails the test.
func (s *Sink) Wait(t testing.TB, n int) []Mail {
	t.Helper()
	mails, ok := s.until(func(mails []Mail) bool { return len(mails) >= n })
	if !ok {
		t.Fatalf("%d letters arrived in ten seconds, want %d", len(mails), n)
	}
	return mails
}

// WaitFor returns the first letter that is the one; when none has come after
// ten seconds it fails the test and tells those that came.
func (s *Sink) WaitFor(t testing.TB, is func(Mail) bool) Mail {
	t.Helper()
	mails, ok := s.until(func(mails []Mail) bool { return slices.ContainsFunc(mails, is) })
	if !ok {
		for _, m := range mails {
			t.Logf("%s: %s\n%s", m.To, m.Subject, m.Text)
		}
		t.Fatalf("it is none of the %d letters that arrived in ten seconds", len(mails))
	}
	return mails[slices.IndexFunc(mails, is)]
}

func (s *Sink) until(enough func([]Mail) bool) ([]Mail, bool) {
	late := false
	timer := time.AfterFunc(10*time.Second, func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		late = true
		s.arrived.Broadcast()
	})
	defer timer.Stop()
	s.mu.Lock()
	defer s.mu.Unlock()
	for !enough(s.mails) && !late {
		s.arrived.Wait()
	}
	return slices.Clone(s.mails), enough(s.mails)
}

var href = regexp.MustCompile(`href="([^"]*)"`)

// Links returns the addresses that the letter's HTML links to.
func (m Mail) Links() []string {
	var links []string
	for _, found := range href.FindAllStringSubmatch(m.HTML, -1) {
		links = append(links, strings.ReplaceAll(found[1], "&amp;", "&"))
	}
	return links
}

type session struct {
	sink *Sink
	from string
	to   []string
	in   bool // signed in
}

func (c *session) AuthMechanisms() []string {
	if c.sink.config.Username == "" {
		return nil
	}
	return []string{sasl.Plain}
}

func (c *session) Auth(string) (sasl.Server, error) {
	return sasl.NewPlainServer(func(_, username, password string) error {
		if username != c.sink.config.Username || password != c.sink.config.Password {
			return errors.New("wrong user or password")
		}
		c.in = true
		return nil
	}), nil
}

func (c *session) Mail(from string, _ *smtp.MailOptions) error {
	if c.sink.config.Username != "" && !c.in {
		return smtp.ErrAuthRequired
	}
	c.from = from
	return nil
}

func (c *session) Rcpt(to string, _ *smtp.RcptOptions) error {
	c.sink.mu.Lock()
	defer c.sink.mu.Unlock()
	if c.sink.refusal != nil {
		return c.sink.refusal
	}
	c.to = append(c.to, to)
	return nil
}

func (c *session) Data(r io.Reader) error {
	raw, err := io.ReadAll(r)
	if err != nil {
		return err
	}
	c.sink.mu.Lock()
	stall := c.sink.stall
	c.sink.mu.Unlock()
	if stall != nil {
		<-stall
	}
	m := Mail{From: c.from, To: strings.Join(c.to, ", "), Raw: string(raw)}
	if err := m.parse(raw); err != nil {
		return err
	}
	c.sink.mu.Lock()
	defer c.sink.mu.Unlock()
	c.sink.mails = append(c.sink.mails, m)
	c.sink.arrived.Broadcast()
	return nil
}

func (c *session) Reset() { c.from, c.to = "", nil }

func (c *session) Logout() error { return nil }

func (m *Mail) parse(raw []byte) error {
	msg, err := mail.ReadMessage(bytes.NewReader(raw))
	if err != nil {
		return err
	}
	m.Header = msg.Header
	if m.Subject, err = new(mime.WordDecoder).DecodeHeader(msg.Header.Get("Subject")); err != nil {
		return err
	}
	return m.part(msg.Header.Get("Content-Type"), msg.Header.Get("Content-Transfer-Encoding"), msg.Body)
}

func (m *Mail) part(contentType, encoding string, body io.Reader) error {
	kind, params, err := mime.ParseMediaType(contentType)
	if err != nil {
		return err
	}
	if strings.HasPrefix(kind, "multipart/") {
		parts := multipart.NewReader(body, params["boundary"])
		for {
			p, err := parts.NextRawPart()
			if errors.Is(err, io.EOF) {
				return nil
			}
			if err != nil {
				return err
			}
			if err := m.part(p.Header.Get("Content-Type"), p.Header.Get("Content-Transfer-Encoding"), p); err != nil {
				return err
			}
		}
	}
	if strings.EqualFold(encoding, "quoted-printable") {
		body = quotedprintable.NewReader(body)
	}
	content, err := io.ReadAll(body)
	if err != nil {
		return err
	}
	text := strings.ReplaceAll(string(content), "\r\n", "\n")
	switch kind {
	case "text/plain":
		m.Text = text
	case "text/html":
		m.HTML = text
	}
	return nil
}
