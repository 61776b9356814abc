package mail

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	netmail "net/mail"
	"net/netip"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	gomail "github.com/wneessen/go-mail"

	"github.com/stoashop/stoa/kit/fault"
)

// Security says how the connection to the mail server is protected.
type Security int

// The zero Security is the safe one for port 587.
const (
	STARTTLS  Security = iota // upgrade, or do not send
	Implicit                  // TLS from the first byte, port 465
	Plaintext                 // none: for a server on this machine
)

// Options says which server takes the letters. They come from boot settings;
// the server may stand in a private network.
type Options struct {
	Host     string
	Port     int
	Security Security
	Username string // "" does not sign in
	Password string
	HELO     string         // this machine's name; "" means "localhost"
	Timeout  time.Duration  // for one letter, connecting included; 0 means 30 seconds
	RootCAs  *x509.CertPool // nil means the system's
}

// ParseURL reads a boot setting:
//
//	smtp://user:password@mail.example.com:587   STARTTLS, which must succeed
//	smtps://user:password@mail.example.com:465  TLS from the start
//	smtp+plain://localhost:1025                 no TLS; only on loopback, or without a password
//
// The port may be left out. Its errors never repeat the password.
func ParseURL(s string) (Options, error) {
	u, err := url.Parse(s)
	if err != nil {
		return Options{}, errors.New("the mail server's address cannot be read; it looks like smtp://user:password@mail.example.com:587, with special characters of the password percent-encoded")
	}
	o := Options{Host: u.Hostname(), Username: u.User.Username()}
	o.Password, _ = u.User.Password()
	switch u.Scheme {
	case "smtp":
		o.Port = 587
	case "smtps":
		o.Security, o.Port = Implicit, 465
	case "smtp+plain":
		o.Security, o.Port = Plaintext, 25
	default:
		return Options{}, errors.New("the mail server's address begins with smtp://, smtps:// or smtp+plain://")
	}
	if p := u.Port(); p != "" {
		o.Port, _ = strconv.Atoi(p) // New checks the range
	}
	if strings.Trim(u.Path, "/") != "" || u.RawQuery != "" || u.Fragment != "" {
		return Options{}, errors.New("the mail server's address ends after its port")
	}
	return o, o.check()
}

func (o Options) check() error {
	switch {
	case o.Host == "":
		return errors.New("the mail server's address names no host")
	case o.Port < 1 || o.Port > 65535:
		return errors.New("the mail server's port must be between 1 and 65535")
	case o.Username == "" && o.Password != "":
		return errors.New("the mail server's address has a password and no user")
	case o.Security == Plaintext && o.Username != "" && !loopback(o.Host):
		return fmt.Errorf("refusing to send a password to %s without TLS; use smtp:// or smtps://", o.Host)
	}
	return nil
}

func loopback(host string) bool {
	if strings.EqualFold(host, "localhost") {
		return true
	}
	ip, err := netip.ParseAddr(host)
	return err == nil && ip.IsLoopback()
}

// SMTP is a Sender that opens a connection for each letter. It is safe for
// concurrent use.
type SMTP struct {
	o       Options
	options []gomail.Option
}

// NewSMTP checks the options; it does not connect.
func NewSMTP(o Options) (*SMTP, error) {
	if err := o.check(); err != nil {
		return nil, err
	}
	if o.Timeout == 0 {
		o.Timeout = 30 * time.Second
	}
	if o.HELO == "" {
		o.HELO = "localhost"
	}
	s := &SMTP{o: o, options: []gomail.Option{
		gomail.WithTimeout(o.Timeout),
		gomail.WithHELO(o.HELO),
		gomail.WithTLSConfig(&tls.Config{ServerName: o.Host, RootCAs: o.RootCAs, MinVersion: tls.VersionTLS12}),
		gomail.WithoutNoop(),
		gomail.WithoutRset(), // one letter a connection
	}}
	switch o.Security {
	case STARTTLS:
		s.options = append(s.options, gomail.WithTLSPolicy(gomail.TLSMandatory))
	case Implicit:
		s.options = append(s.options, gomail.WithSSL())
	case Plaintext:
		s.options = append(s.options, gomail.WithTLSPolicy(gomail.NoTLS))
	}
	if o.Username != "" {
		auth := gomail.SMTPAuthAutoDiscover
		if o.Security == Plaintext { // on loopback only, see check
			auth = gomail.SMTPAuthPlainNoEnc
		}
		s.options = append(s.options, gomail.WithSMTPAuth(auth), gomail.WithUsername(o.Username), gomail.WithPassword(o.Password))
	}
	s.options = append(s.options, gomail.WithPort(o.Port))
	return s, nil
}

// Send implements Sender. It fails with Invalid "mail.bad_message" for what is
// no letter, with Invalid "mail.refused" when the server will never take it,
// and with Unavailable "mail.unavailable" when another try may succeed.
func (s *SMTP) Send(ctx context.Context, m Message) error {
	if err := m.Check(); err != nil {
		return err
	}
	msg := compose(m)
	client, err := gomail.NewClient(s.o.Host, s.options...)
	if err != nil {
		return fmt.Errorf("mail server %s: %w", s.o.Host, err)
	}
	ctx, cancel := context.WithTimeout(ctx, s.o.Timeout)
	defer cancel()
	if err := client.DialAndSendWithContext(ctx, msg); err != nil {
		// The letter was taken when only the farewell failed.
		if delivered(msg, err) {
			return nil
		}
		return explain(err)
	}
	return nil
}

// delivered reports whether the server accepted msg before err happened.
func delivered(msg *gomail.Msg, err error) bool {
	var sendErr *gomail.SendError
	return msg.IsDelivered() && !msg.HasSendError() && !errors.As(err, &sendErr)
}

// explain tells "never" from "not now". Only what the server says of the
// letter itself is final; a refused sign-in or a failed handshake is for the
// person who runs the shop to mend, and the letter waits for it.
func explain(err error) error {
	var sendErr *gomail.SendError
	if errors.As(err, &sendErr) && sendErr.ErrorCode() >= 500 && sendErr.ErrorCode() < 600 {
		letter := []gomail.SendErrReason{gomail.ErrSMTPMailFrom, gomail.ErrSMTPRcptTo, gomail.ErrSMTPData, gomail.ErrSMTPDataClose}
		if slices.Contains(letter, sendErr.Reason) {
			return fault.New(fault.Invalid, "mail.refused").Because(err)
		}
	}
	return fault.New(fault.Unavailable, "mail.unavailable").Because(err)
}

// Refused reports whether err is final: trying the same letter again cannot
// succeed.
func Refused(err error) bool { return fault.Is(err, fault.Invalid) }

// compose writes the letter. The addresses were checked, so they are given as
// they are: the library would quote a name and then encode the quotes.
func compose(m Message) *gomail.Msg {
	msg := gomail.NewMsg(gomail.WithCharset(gomail.CharsetUTF8), gomail.WithEncoding(gomail.EncodingQP), gomail.WithNoDefaultUserAgent())
	box := func(a Address) *netmail.Address { return &netmail.Address{Name: a.Name, Address: a.Address} }
	msg.EnvelopeFromMailAddress(&netmail.Address{Address: m.From.Address})
	msg.FromMailAddress(box(m.From))
	msg.ToMailAddress(box(m.To))
	if m.ReplyTo != (Address{}) {
		msg.ReplyToMailAddress(box(m.ReplyTo))
	}
	msg.Subject(m.Subject)
	msg.SetDateWithValue(m.Date.UTC())
	_, domain, _ := strings.Cut(m.From.Address, "@")
	msg.SetMessageIDWithValue(m.ID + "@" + domain)
	for name, value := range m.Headers {
		msg.SetGenHeader(gomail.Header(name), value)
	}
	msg.SetBodyString(gomail.TypeTextPlain, m.Text)
	if m.HTML != "" {
		msg.AddAlternativeString(gomail.TypeTextHTML, m.HTML)
	}
	return msg
}

// Address returns host:port, for telling people where letters go.
func (s *SMTP) Address() string { return net.JoinHostPort(s.o.Host, strconv.Itoa(s.o.Port)) }
