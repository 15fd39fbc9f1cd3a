// Package mail composes mails and sends them by SMTP. A server without SMTP
// settings keeps its mails instead, to be read at /mail.
//
// Send is called by jobs: what fails is tried again by them.
package mail

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	netmail "net/mail"
	"net/url"
	"strings"
	"time"
	"unicode"

	gomail "github.com/wneessen/go-mail"

	"github.com/broadsheet-cms/broadsheet/internal/store"
)

// Address is where a mail comes from or goes to.
type Address struct{ Name, Email string }

// Message is a mail to one recipient.
type Message struct {
	To      Address
	ReplyTo Address // the zero Address: answers go to the sender
	Content
	// ID makes the Message-ID the same whenever the mail is composed; empty: random.
	ID string
	// Unsubscribe is an address at which one POST ends the subscription that the
	// mail is sent for (RFC 8058); empty: the mail is no newsletter.
	Unsubscribe string
}

// Brand is what mails say about the site.
type Brand struct {
	Name     string
	URL      string // of the front end, without a slash at its end
	LogoURL  string // empty: mails show the name
	Language string
}

// Mailer sends the mails of one site.
type Mailer struct {
	db       *store.DB
	settings Settings
	brand    func(ctx context.Context) (Brand, error)
	// Now is the clock, for tests.
	Now func() time.Time
}

// New gives a mailer. What the site is called is asked for each mail, as it may
// change.
func New(db *store.DB, brand func(ctx context.Context) (Brand, error)) *Mailer {
	return &Mailer{db: db, brand: brand, Now: func() time.Time { return time.Now().UTC().Truncate(time.Microsecond) }}
}

// Configure sets how mails are sent, before the first.
func (m *Mailer) Configure(s Settings) {
	if s.Timeout == 0 {
		s.Timeout = 30 * time.Second
	}
	m.settings = s
}

// Keeps reports whether mails are kept instead of sent.
func (m *Mailer) Keeps() bool { return m.settings.Host == "" }

// Brand is what mails say about the site now.
func (m *Mailer) Brand(ctx context.Context) (Brand, error) { return m.brand(ctx) }

// Link is the address of a page of the front end, with a token if it is not empty.
func (b Brand) Link(to Page, token string) string {
	if token == "" {
		return b.URL + to.path
	}
	return b.URL + to.path + "?token=" + url.QueryEscape(token)
}

// errHeader refuses what could end a header line.
var errHeader = errors.New("a name, address or subject of a mail has control characters")

// inHeader reports whether a text may stand in a header: it has no control
// characters and no separators of lines, so it cannot end the header.
func inHeader(text string) bool {
	return !strings.ContainsFunc(text, func(r rune) bool { return unicode.IsControl(r) || r == '\u2028' || r == '\u2029' })
}

// compose makes the message as it is sent.
func (m *Mailer) compose(brand Brand, in Message) (*gomail.Msg, error) {
	from := m.settings.From
	if from.Email == "" {
		from.Email = "noreply@" + hostOf(brand.URL)
	}
	if from.Name == "" {
		from.Name = brand.Name
	}
	for _, text := range []string{from.Name, from.Email, in.To.Name, in.To.Email, in.ReplyTo.Name, in.ReplyTo.Email, in.Subject, in.ID, in.Unsubscribe} {
		if !inHeader(text) {
			return nil, errHeader
		}
	}
	msg := gomail.NewMsg(gomail.WithNoDefaultUserAgent())
	msg.FromMailAddress(&netmail.Address{Name: from.Name, Address: from.Email})
	msg.ToMailAddress(&netmail.Address{Name: in.To.Name, Address: in.To.Email})
	if in.ReplyTo.Email != "" {
		msg.ReplyToMailAddress(&netmail.Address{Name: in.ReplyTo.Name, Address: in.ReplyTo.Email})
	}
	msg.Subject(in.Subject)
	msg.SetDateWithValue(m.Now())
	if in.ID == "" {
		in.ID = strings.ToLower(rand.Text())
	}
	msg.SetMessageIDWithValue(in.ID + "@" + domainOf(from.Email))
	msg.SetGenHeader("Content-Language", in.Language)
	if in.Unsubscribe != "" {
		msg.SetGenHeader("List-Unsubscribe", "<"+in.Unsubscribe+">")
		msg.SetGenHeader("List-Unsubscribe-Post", "List-Unsubscribe=One-Click")
	} else {
		// Out-of-office replies to a mail with a link help nobody (RFC 3834).
		msg.SetGenHeader("Auto-Submitted", "auto-generated")
	}
	msg.SetBodyString(gomail.TypeTextPlain, in.Text)
	msg.AddAlternativeString(gomail.TypeTextHTML, in.HTML)
	return msg, nil
}

func domainOf(email string) string { return email[strings.LastIndexByte(email, '@')+1:] }

func hostOf(address string) string {
	if u, err := url.Parse(address); err == nil && u.Hostname() != "" {
		return u.Hostname()
	}
	return "localhost"
}

// Send sends one mail, or keeps it. See Conn.Send for its errors.
func (m *Mailer) Send(ctx context.Context, in Message) error {
	c, err := m.Connect(ctx)
	if err != nil {
		return err
	}
	return errors.Join(c.Send(ctx, in, nil), c.Close())
}

// SendTemplate fills a template in a language and sends it.
func (m *Mailer) SendTemplate(ctx context.Context, to Address, name, language string, words Words) error {
	brand, err := m.brand(ctx)
	if err != nil {
		return fmt.Errorf("read what the site is called: %w", err)
	}
	content, err := Render(brand, name, language, words)
	if err != nil {
		return err
	}
	return m.Send(ctx, Message{To: to, Content: content})
}
