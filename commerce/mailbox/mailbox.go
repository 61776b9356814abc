// Package mailbox is the outbox of letters. A letter is one row per purpose
// (its once key), so however often something is told, one letter leaves.
//
// Who writes a letter renders it, in the handler of an event and so outside of
// the transaction the event tells of: a template that fails never fails an
// order. Queue stores the finished letter, sealed, together with the job that
// sends it. The job gives it to the mail server with its row's id as the
// Message-ID, tries again for two days, and moves the row's state in the same
// transaction as its own end. A crash between the server's answer and that
// transaction sends the letter again under the same Message-ID, which mail
// programs show once. Without a mail server letters are kept, and staff read
// them in the back office.
package mailbox

import (
	"strings"
	"time"
	"unicode/utf8"

	"github.com/stoashop/stoa/platform/mail"
)

// State is what became of a letter.
type State string

// The states.
const (
	Queued State = "queued" // on its way, or waiting for another try
	Kept   State = "kept"   // there was no mail server; it is readable here
	Sent   State = "sent"   // a mail server took it
	Failed State = "failed" // a mail server refused it, or none took it in two days
)

// Letter is a finished letter.
type Letter struct {
	// OnceKey names the letter's purpose, "template:object:version"; a second
	// letter with the same key is never written.
	OnceKey  string
	Template string // "order_confirmation"
	ObjectID string // what it is about: the order's or customer's id; may be empty
	KeyID    string // the person's privacy key
	Locale   string
	To       mail.Address
	Subject  string // one line
	HTML     string
	Text     string

	// Secret is the token of a link in the letter that lets its holder into an
	// account; "" when there is none. It is hidden from staff wherever a mail
	// server can bring the letter to its reader, and forgotten once it did.
	Secret string
}

// Summary is a letter in a list.
type Summary struct {
	ID        string // "mail_…"
	Template  string
	ObjectID  string
	Locale    string
	To        mail.Address
	Subject   string
	State     State
	Attempts  int64
	Problem   string // why the last try failed, without the reader's address
	CreatedAt time.Time
	SentAt    time.Time // zero until sent
	Erased    bool      // its reader's data are gone; To, Subject and content are empty
}

// Message is a whole letter.
type Message struct {
	Summary
	HTML string
	Text string
}

// Filter chooses letters. Zero values choose all.
type Filter struct {
	State    State
	Template string
	ObjectID string
	Email    string // whole address

	// After and AfterID continue below the last row of the page before:
	// its CreatedAt and ID.
	After   time.Time
	AfterID string
	Limit   int // 1..200; 0 is 50
}

// content is what is sealed of a letter.
type content struct {
	Subject string `json:"subject"`
	HTML    string `json:"html"`
	Text    string `json:"text"`
	Secret  string `json:"secret,omitempty"`
}

// hidden stands where a secret was.
const hidden = "•••"

// veiled is the content without its secret.
func (c content) veiled() content {
	if c.Secret == "" {
		return c
	}
	c.HTML = strings.ReplaceAll(c.HTML, c.Secret, hidden)
	c.Text = strings.ReplaceAll(c.Text, c.Secret, hidden)
	c.Secret = ""
	return c
}

const maxProblem = 300 // bytes

// explain writes down why a letter was not taken. Servers like to repeat the
// address, which is personal: every word with an @ is left out.
func explain(err error) string {
	words := strings.Fields(strings.ToValidUTF8(err.Error(), ""))
	for i, w := range words {
		if strings.Contains(w, "@") {
			words[i] = hidden
		}
	}
	text := strings.Join(words, " ")
	for len(text) > maxProblem {
		_, size := utf8.DecodeLastRuneInString(text)
		text = text[:len(text)-size]
	}
	return text
}
