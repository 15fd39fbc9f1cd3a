// Package newsletter keeps newsletters: who gets them and agreed to what, what
// stands in an issue, and the sending of it. Contact messages go the same way.
package newsletter

import (
	"context"
	"fmt"
	"strings"
	"time"
	"unicode/utf8"

	"golang.org/x/text/language"

	"github.com/broadsheet-cms/broadsheet/ent"
	entnewsletter "github.com/broadsheet-cms/broadsheet/ent/newsletter"
	"github.com/broadsheet-cms/broadsheet/ent/subscription"
	"github.com/broadsheet-cms/broadsheet/internal/access"
	"github.com/broadsheet-cms/broadsheet/internal/audit"
	"github.com/broadsheet-cms/broadsheet/internal/content"
	"github.com/broadsheet-cms/broadsheet/internal/directory"
	"github.com/broadsheet-cms/broadsheet/internal/fault"
	"github.com/broadsheet-cms/broadsheet/internal/id"
	"github.com/broadsheet-cms/broadsheet/internal/job"
	"github.com/broadsheet-cms/broadsheet/internal/link"
	"github.com/broadsheet-cms/broadsheet/internal/mail"
	"github.com/broadsheet-cms/broadsheet/internal/slug"
	"github.com/broadsheet-cms/broadsheet/internal/store"
	"github.com/broadsheet-cms/broadsheet/internal/throttle"
)

// Service keeps newsletters. Its exported fields are set before it is used.
type Service struct {
	db       *store.DB
	audit    *audit.Log
	articles *content.Service
	dir      *directory.Directory
	jobs     *job.Runner
	mail     *mail.Mailer
	links    *link.Signer
	throttle *throttle.Throttle

	// Now is the clock, for tests.
	Now func() time.Time
	// ServerURL is where this server is reached from outside, without a slash at
	// its end.
	ServerURL string
	// BounceSecret is what whoever reports bounces signs with; empty: nobody does.
	BounceSecret string
	// ContactAddress is where contact messages go; empty: none are taken.
	ContactAddress string
	// Admit refuses a contact message of an e-mail address; nil: none is refused.
	Admit func(ctx context.Context, email, message string) error
	// Batch is how many mails one job sends before it lets others run.
	Batch int
}

// New gives the service and registers its jobs.
func New(db *store.DB, record *audit.Log, articles *content.Service, dir *directory.Directory, jobs *job.Runner, mailer *mail.Mailer, links *link.Signer) *Service {
	s := &Service{db: db, audit: record, articles: articles, dir: dir, jobs: jobs, mail: mailer, links: links, Batch: 200,
		Now: func() time.Time { return time.Now().UTC().Truncate(time.Microsecond) }}
	s.throttle = throttle.New(db, func() time.Time { return s.Now() })
	job.Register(jobs, confirmJob, s.sendConfirmation)
	job.Register(jobs, sendJob, s.runSend)
	job.Register(jobs, contactJob, s.sendContact)
	return s
}

// Jobs of newsletters. A mail is tried for about a day.
var (
	confirmJob = job.Kind[confirmArgs]{Name: "newsletter.confirm", MaxAttempts: 30}
	sendJob    = job.Kind[sendArgs]{Name: "newsletter.send", Timeout: 10 * time.Minute, MaxAttempts: 100, Concurrency: 1}
	contactJob = job.Kind[Contact]{Name: "newsletter.contact", MaxAttempts: 30, Private: true}
)

const (
	maxNewsletters = 100
	maxName        = 200
	maxDescription = 2000
)

// All gives the newsletters by name.
func (s *Service) All(ctx context.Context) ([]*ent.Newsletter, error) {
	all, err := s.db.Ent(ctx).Newsletter.Query().Order(ent.Asc(entnewsletter.FieldName, entnewsletter.FieldID)).Limit(maxNewsletters).All(ctx)
	if err != nil {
		return nil, fmt.Errorf("list newsletters: %w", err)
	}
	return all, nil
}

// ByIDs gives newsletters by key.
func (s *Service) ByIDs(ctx context.Context, keys []int) (map[int]*ent.Newsletter, error) {
	rows, err := s.db.Ent(ctx).Newsletter.Query().Where(entnewsletter.IDIn(keys...)).All(ctx)
	if err != nil {
		return nil, fmt.Errorf("read newsletters: %w", err)
	}
	found := make(map[int]*ent.Newsletter, len(rows))
	for _, n := range rows {
		found[n.ID] = n
	}
	return found, nil
}

// ByID gives one newsletter, NOT_FOUND when there is none.
func (s *Service) ByID(ctx context.Context, key int) (*ent.Newsletter, error) {
	n, err := s.db.Ent(ctx).Newsletter.Get(ctx, key)
	if ent.IsNotFound(err) {
		return nil, fault.Mistake(fault.Missing, "id", "There is no such newsletter.")
	}
	if err != nil {
		return nil, fmt.Errorf("read a newsletter: %w", err)
	}
	return n, nil
}

// SubscriberCounts counts the addresses that get each newsletter.
func (s *Service) SubscriberCounts(ctx context.Context, keys []int) (map[int]int, error) {
	if err := access.Require(ctx, access.ManageNewsletters); err != nil {
		return nil, err
	}
	var rows []struct {
		Newsletter int `json:"newsletter_id"`
		Count      int `json:"count"`
	}
	err := s.db.Ent(ctx).Subscription.Query().Where(subscription.NewsletterIDIn(keys...), subscription.StatusEQ(subscription.StatusConfirmed)).
		GroupBy(subscription.FieldNewsletterID).Aggregate(ent.Count()).Scan(ctx, &rows)
	if err != nil {
		return nil, fmt.Errorf("count subscribers: %w", err)
	}
	counts := map[int]int{}
	for _, row := range rows {
		counts[row.Newsletter] = row.Count
	}
	return counts, nil
}

// Newsletter is a newsletter as it shall be made.
type Newsletter struct {
	Name, Slug, Description, Language string
	Frequency                         entnewsletter.Frequency
}

// Create makes a newsletter. Mistakes: BLANK, TOO_LONG, INVALID, TAKEN,
// LIMIT_REACHED.
func (s *Service) Create(ctx context.Context, in Newsletter) (made *ent.Newsletter, err error) {
	if err := access.Require(ctx, access.ManageNewsletters); err != nil {
		return nil, err
	}
	if in.Name, err = line("name", in.Name, maxName, true); err != nil {
		return nil, err
	}
	if in.Description, err = line("description", in.Description, maxDescription, false); err != nil {
		return nil, err
	}
	if in.Slug == "" {
		in.Slug = slug.Make(in.Name)
	}
	if !slug.Valid(in.Slug) {
		return nil, fault.Mistake(fault.Invalid, "slug", "A slug has letters, digits and hyphens.")
	}
	if _, err := language.Parse(in.Language); err != nil {
		return nil, fault.Mistake(fault.Invalid, "language", "%.40q is not a language tag such as en or ar.", in.Language)
	}
	if in.Frequency == "" {
		in.Frequency = entnewsletter.DefaultFrequency
	}
	err = s.db.Tx(ctx, func(ctx context.Context) error {
		client := s.db.Ent(ctx)
		if n, err := client.Newsletter.Query().Count(ctx); err != nil || n >= maxNewsletters {
			return orElse(err, fault.Mistake(fault.LimitReached, "", "There are %d newsletters at most.", maxNewsletters))
		}
		if taken, err := client.Newsletter.Query().Where(entnewsletter.Slug(in.Slug)).Exist(ctx); err != nil || taken {
			return orElse(err, fault.Mistake(fault.Taken, "slug", "Another newsletter has the slug %s.", in.Slug))
		}
		made, err = client.Newsletter.Create().SetName(in.Name).SetSlug(in.Slug).SetDescription(in.Description).SetLanguage(in.Language).SetFrequency(in.Frequency).Save(ctx)
		if err != nil {
			return fmt.Errorf("make a newsletter: %w", err)
		}
		return s.audit.Record(ctx, audit.Entry{Action: "createNewsletter", Entity: id.Newsletter, EntityID: made.ID, After: facts(made)})
	})
	return made, err
}

func orElse(err, otherwise error) error {
	if err != nil {
		return err
	}
	return otherwise
}

func facts(n *ent.Newsletter) map[string]any {
	return map[string]any{"name": n.Name, "description": n.Description, "frequency": n.Frequency, "isOpen": n.IsOpen}
}

// Change is what changes of a newsletter; nil stays.
type Change struct {
	Name, Description *string
	Frequency         *entnewsletter.Frequency
	IsOpen            *bool
}

// Update changes a newsletter. Mistakes: NOT_FOUND, BLANK, TOO_LONG.
func (s *Service) Update(ctx context.Context, key int, c Change) (saved *ent.Newsletter, err error) {
	if err := access.Require(ctx, access.ManageNewsletters); err != nil {
		return nil, err
	}
	err = s.db.Tx(ctx, func(ctx context.Context) error {
		before, err := s.ByID(ctx, key)
		if err != nil {
			return err
		}
		update := s.db.Ent(ctx).Newsletter.UpdateOne(before)
		if c.Name != nil {
			name, err := line("name", *c.Name, maxName, true)
			if err != nil {
				return err
			}
			update.SetName(name)
		}
		if c.Description != nil {
			text, err := line("description", *c.Description, maxDescription, false)
			if err != nil {
				return err
			}
			update.SetDescription(text)
		}
		update.SetNillableFrequency(c.Frequency).SetNillableIsOpen(c.IsOpen)
		if saved, err = update.Save(ctx); err != nil {
			return fmt.Errorf("change a newsletter: %w", err)
		}
		return s.audit.Record(ctx, audit.Entry{Action: "updateNewsletter", Entity: id.Newsletter, EntityID: key, Before: facts(before), After: facts(saved)})
	})
	return saved, err
}

// line checks a text of one line, which may come to stand in a header.
func line(field, text string, most int, needed bool) (string, error) {
	if !utf8.ValidString(text) || strings.ContainsFunc(text, hidden) {
		return "", fault.Mistake(fault.Invalid, field, "This is text in one line, without control characters or marks that change the direction of text.")
	}
	return bounded(field, text, most, needed)
}

// paragraphs checks a text of several lines.
func paragraphs(field, text string, most int, needed bool) (string, error) {
	text = strings.ReplaceAll(text, "\r\n", "\n")
	if !utf8.ValidString(text) || strings.ContainsFunc(strings.NewReplacer("\n", "", "\t", "").Replace(text), hidden) {
		return "", fault.Mistake(fault.Invalid, field, "This is plain text, without control characters or marks that change the direction of text.")
	}
	return bounded(field, text, most, needed)
}

func bounded(field, text string, most int, needed bool) (string, error) {
	text = strings.TrimSpace(text)
	if text == "" && needed {
		return "", fault.Mistake(fault.Blank, field, "This is needed.")
	}
	if utf8.RuneCountInString(text) > most {
		return "", fault.Mistake(fault.TooLong, field, "This has at most %d characters.", most)
	}
	return text, nil
}

// hidden reports whether a character is a control, or turns the direction of
// text around.
func hidden(r rune) bool {
	switch {
	case r < 0x20, r >= 0x7f && r < 0xa0, r == 0x2028, r == 0x2029, r == utf8.RuneError:
		return true
	}
	return r >= 0x202a && r <= 0x202e || r >= 0x2066 && r <= 0x2069
}
