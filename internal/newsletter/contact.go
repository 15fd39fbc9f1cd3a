package newsletter

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"time"

	"github.com/broadsheet-cms/broadsheet/internal/access"
	"github.com/broadsheet-cms/broadsheet/internal/account"
	"github.com/broadsheet-cms/broadsheet/internal/fault"
	"github.com/broadsheet-cms/broadsheet/internal/job"
	"github.com/broadsheet-cms/broadsheet/internal/mail"
	"github.com/broadsheet-cms/broadsheet/internal/readername"
	"github.com/broadsheet-cms/broadsheet/internal/throttle"
)

// Contact is a message to the newsroom.
type Contact struct {
	Name    string `json:"name"`
	Email   string `json:"email"`
	Subject string `json:"subject"`
	Message string `json:"message"`
	// Website is a field that people leave empty, and SecondsOnPage how long the
	// form was open.
	Website       string `json:"-"`
	SecondsOnPage int    `json:"-"`
}

const (
	maxContact   = 5000
	maxLinks     = 3
	leastSeconds = 3
)

var (
	webLink         = regexp.MustCompile(`(?i)https?://|www\.`)
	contactsFromNet = throttle.Limit{Name: "contact from", Free: 5, First: time.Minute, Longest: 6 * time.Hour}
	// The same words of the same address are one message for a day.
	sameContact     = throttle.Limit{Name: "contact message", First: 24 * time.Hour, Longest: 24 * time.Hour}
	contactsByEmail = throttle.Limit{Name: "contact by", Free: 5, First: time.Minute, Longest: 6 * time.Hour}
)

// SubmitContact sends a message to the newsroom. A message that is sent again within
// a day is accepted and not mailed again. Mistakes: BLANK, INVALID,
// TOO_LONG, RATE_LIMITED, FORBIDDEN.
func (s *Service) SubmitContact(ctx context.Context, in Contact) (err error) {
	if s.ContactAddress == "" {
		return fault.Mistake(fault.Denied, "", "The site takes no messages.")
	}
	if in.Name, err = readername.Check("name", in.Name); err != nil {
		return err
	}
	if in.Email, err = account.MailAddress("email", in.Email); err != nil {
		return err
	}
	if in.Subject, err = line("subject", in.Subject, maxName, true); err != nil {
		return err
	}
	if in.Message, err = paragraphs("message", in.Message, maxContact, true); err != nil {
		return err
	}
	if len(webLink.FindAllStringIndex(in.Message, maxLinks+1)) > maxLinks {
		return fault.Mistake(fault.Invalid, "message", "A message has at most %d links.", maxLinks)
	}
	if in.SecondsOnPage < leastSeconds {
		return fault.Mistake(fault.Invalid, "secondsOnPage", "The form was filled in faster than people do. Wait a moment and send it again.")
	}
	if in.Website != "" {
		return nil // a program filled in what people do not see; it need not know
	}
	same := sameContact.Subject(in.Email + "\x00" + in.Subject + "\x00" + in.Message)
	err = s.throttle.Count(ctx, "This message was sent already.", same)
	if f, ok := errors.AsType[*fault.Error](err); ok && f.ReasonOf() == fault.SlowedDown {
		return nil
	}
	if err != nil {
		return err
	}
	if err := s.takeContact(ctx, in); err != nil {
		return errors.Join(err, s.throttle.Refund(ctx, same))
	}
	return nil
}

// takeContact counts a message, asks whether its writer may send it, and has it mailed.
// What is refused counts as well: nobody finds out by trying which words and addresses
// are.
func (s *Service) takeContact(ctx context.Context, in Contact) error {
	subjects := []throttle.Subject{contactsByEmail.Subject(in.Email)}
	if network := throttle.Network(access.OriginOf(ctx).Address); network != "" {
		subjects = append(subjects, contactsFromNet.Subject(network))
	}
	if err := s.throttle.Count(ctx, "Too many messages were sent. Try again later.", subjects...); err != nil {
		return err
	}
	if s.Admit != nil {
		if err := s.Admit(ctx, in.Email, in.Subject+"\n"+in.Message); err != nil {
			return err
		}
	}
	return job.Enqueue(ctx, s.jobs, contactJob, in, job.Options{})
}

// sendContact mails a message. Its writer stands in Reply-To alone: the mail
// itself comes from this site.
func (s *Service) sendContact(ctx context.Context, in Contact) error {
	brand, err := s.mail.Brand(ctx)
	if err != nil {
		return err
	}
	content, err := mail.Render(brand, "contact", "", mail.Words{Name: in.Name, Email: in.Email, Subject: in.Subject, Message: in.Message})
	if err != nil {
		return fmt.Errorf("compose a contact message: %w", err)
	}
	return sent(s.mail.Send(ctx, mail.Message{To: mail.Address{Email: s.ContactAddress}, ReplyTo: mail.Address{Name: in.Name, Email: in.Email}, Content: content}))
}
