// Package mail hands finished letters to a mail server. Whoever writes them,
// queues them and tries again lives above it.
package mail

import (
	"context"
	"net/mail"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"golang.org/x/net/idna"

	"github.com/stoashop/stoa/kit/fault"
)

// Address is one mailbox and the name shown beside it.
type Address struct {
	Name    string // may be empty
	Address string // "name@example.com"; the domain in ASCII
}

// ParseAddress reads what a person typed, "name@example.com", and returns it
// with its domain in the form that mail servers use (müller.de becomes
// xn--mller-kva.de). It fails with Invalid "form.not_an_email". Lists, display
// names, comments, quoted and bare local parts are refused.
func ParseAddress(s string) (Address, error) {
	bad := fault.New(fault.Invalid, "form.not_an_email")
	local, domain, ok := strings.Cut(s, "@")
	if !ok || !utf8.ValidString(s) || local == "" || len(local) > 64 || strings.ContainsAny(s, "\"<>()[]\\,;: ") || strings.Contains(domain, "@") {
		return Address{}, bad
	}
	ascii, err := idna.Lookup.ToASCII(domain)
	if err != nil || !strings.Contains(ascii, ".") || strings.HasSuffix(ascii, ".") {
		return Address{}, bad.Because(err)
	}
	if again, err := idna.Lookup.ToASCII(ascii); err != nil || again != ascii {
		return Address{}, bad.Because(err)
	}
	whole := local + "@" + ascii
	if a, err := mail.ParseAddress(whole); err != nil || a.Address != whole || len(whole) > 254 {
		return Address{}, bad.Because(err)
	}
	return Address{Address: whole}, nil
}

// Message is one letter to one person.
type Message struct {
	// ID becomes the Message-ID, so that a letter which was sent twice (the
	// server took it and the answer was lost) is one to the reader's program.
	// It is the id of the row it comes from: "mail_01k…".
	ID string

	From    Address
	To      Address
	ReplyTo Address // zero: From
	Subject string  // one line
	HTML    string  // a complete document; may be empty
	Text    string  // the same letter without HTML
	Date    time.Time

	// Headers adds to those above: "Auto-Submitted": "auto-generated",
	// "List-Unsubscribe": … It cannot replace one of them.
	Headers map[string]string
}

// Limits of a letter.
const (
	maxSubject = 250        // characters
	maxName    = 200        // characters
	maxHeader  = 900        // bytes; a line of mail holds 998
	maxBody    = 512 * 1024 // bytes of HTML and of text
)

// Check reports what makes m no letter. Whatever ends in a header is one line
// without control characters: a line break there would start a header of its
// writer's choice. The fault is Invalid "mail.bad_message" with the fields at
// fault.
func (m Message) Check() error {
	bad := fault.New(fault.Invalid, "mail.bad_message")
	if m.ID == "" || strings.Trim(m.ID, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-") != "" {
		bad.At("id", "form.invalid_value")
	}
	for _, part := range []struct {
		path     string
		address  Address
		optional bool
	}{{"from", m.From, false}, {"to", m.To, false}, {"reply_to", m.ReplyTo, true}} {
		if !line(part.address.Name, maxName) {
			bad.At(part.path+".name", "form.control_character")
		}
		if part.optional && part.address == (Address{}) {
			continue
		}
		if a, err := ParseAddress(part.address.Address); err != nil || a.Address != part.address.Address {
			bad.At(part.path+".address", "form.not_an_email")
		}
	}
	if m.Subject == "" || !line(m.Subject, maxSubject) {
		bad.At("subject", "form.invalid_value")
	}
	if m.Text == "" || len(m.Text) > maxBody || !utf8.ValidString(m.Text) || strings.ContainsRune(m.Text, 0) {
		bad.At("text", "form.invalid_value")
	}
	if len(m.HTML) > maxBody || !utf8.ValidString(m.HTML) || strings.ContainsRune(m.HTML, 0) {
		bad.At("html", "form.invalid_value")
	}
	if m.Date.IsZero() {
		bad.At("date", "form.required")
	}
	for name, value := range m.Headers {
		if !ourHeader(name) || len(value) > maxHeader || !line(value, maxHeader) {
			bad.At("headers."+strings.ToValidUTF8(name, "?"), "form.invalid_value")
		}
	}
	if len(bad.Fields) > 0 {
		return bad
	}
	return nil
}

// line reports whether s fits on one line of a header.
func line(s string, most int) bool {
	return utf8.ValidString(s) && utf8.RuneCountInString(s) <= most &&
		!strings.ContainsFunc(s, func(c rune) bool { return unicode.IsControl(c) || c == '\u2028' || c == '\u2029' })
}

// ourHeader reports whether a letter may bring this header itself.
func ourHeader(name string) bool {
	if name == "" || len(name) > 60 || strings.Trim(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-") != "" {
		return false
	}
	switch lower := strings.ToLower(name); lower {
	case "from", "sender", "to", "cc", "bcc", "reply-to", "return-path", "subject", "date", "message-id", "mime-version", "received", "dkim-signature":
		return false
	default:
		return !strings.HasPrefix(lower, "content-") && !strings.HasPrefix(lower, "resent-")
	}
}

// Sender hands a letter over. When Send returns nil, somebody else has taken
// it. After an error it may have been taken all the same; sending the same
// Message again is safe, because its ID stays. Refused tells whether trying
// again makes sense.
type Sender interface {
	Send(ctx context.Context, m Message) error
}
