// Package retention removes what is personal after the time that is stated for
// it. The rules stand in one table, which docs/privacy.md gives in words.
package retention

import (
	"context"
	"database/sql"
	"fmt"
	"time"

	"github.com/broadsheet-cms/broadsheet/internal/event"
	"github.com/broadsheet-cms/broadsheet/internal/id"
	"github.com/broadsheet-cms/broadsheet/internal/job"
	"github.com/broadsheet-cms/broadsheet/internal/store"
)

// Ages say how long each kind of data is kept.
type Ages struct {
	AuditLog          time.Duration // entries of the audit log, with their addresses
	GuestEmails       time.Duration // e-mail addresses of guests who commented, and the tokens of their links
	RemovedComments   time.Duration // texts of comments that are gone, and earlier texts of others
	Addresses         time.Duration // network addresses of comments, bans and consents, with programs beside those
	Views             time.Duration // how often articles were viewed in each hour
	Unsubscribed      time.Duration // addresses that left all newsletters
	Deliveries        time.Duration // who was sent an issue
	AnonymousConsents time.Duration // consents without an account or a subscriber
}

// Default are the ages of a server whose settings say nothing.
var Default = Ages{AuditLog: 2 * 365 * 24 * time.Hour, GuestEmails: 180 * 24 * time.Hour, RemovedComments: 180 * 24 * time.Hour, Addresses: 90 * 24 * time.Hour, Unsubscribed: 90 * 24 * time.Hour,
	Deliveries: 90 * 24 * time.Hour, Views: 31 * 24 * time.Hour, AnonymousConsents: 365 * 24 * time.Hour}

// Service removes what is too old.
type Service struct {
	db  *store.DB
	log *event.Log
	// Ages are set before the first run.
	Ages Ages
	// Now is the clock, for tests.
	Now func() time.Time
}

var removeJob = job.Kind[struct{}]{Name: "retention", Timeout: 10 * time.Minute, MaxAttempts: 5}

// New gives the service and registers its job, which runs every hour.
func New(db *store.DB, log *event.Log, jobs *job.Runner) *Service {
	s := &Service{db: db, log: log, Ages: Default, Now: func() time.Time { return time.Now().UTC().Truncate(time.Microsecond) }}
	job.Register(jobs, removeJob, func(ctx context.Context, _ struct{}) error { return s.Run(ctx) })
	job.Periodic(jobs, removeJob, struct{}{}, job.Every(time.Hour))
	return s
}

// A rule removes or empties rows that are older than its age. Its statement
// takes the moment ($1) and the most rows ($2): a large table is cleared in
// steps, so that nobody waits for a lock for long.
type rule struct {
	// Setting is the flag of the age, without its dashes.
	Setting   string
	age       func(Ages) time.Duration
	statement *store.Statement
	// before gives the argument of a moment; nil: the moment itself.
	before func(time.Time) any
	// tells says that readers see a change of what the statement empties: it gives the
	// keys of the comments and of their articles.
	tells bool
}

var rules = []rule{
	{Setting: "retain-audit-log", age: func(a Ages) time.Duration { return a.AuditLog }, statement: store.MaintainBoth(`DELETE FROM audit_entries WHERE id IN (SELECT id FROM audit_entries WHERE at < $1 ORDER BY at LIMIT $2)`)},
	{Setting: "retain-guest-emails", age: func(a Ages) time.Duration { return a.GuestEmails }, statement: store.MaintainBoth(`UPDATE comments SET guest_email = '', guest_token_hash = NULL
			WHERE id IN (SELECT id FROM comments WHERE (guest_email <> '' OR guest_token_hash IS NOT NULL) AND posted_at < $1 LIMIT $2)`)},
	// The text that was kept when a comment was taken away says when that was. What has
	// none, such as spam that was never shown, goes by when it was posted.
	{Setting: "retain-removed-comments", age: func(a Ages) time.Duration { return a.RemovedComments }, statement: store.MaintainBoth(`DELETE FROM comment_revisions WHERE id IN (SELECT id FROM comment_revisions WHERE replaced_at < $1 LIMIT $2)`)},
	{Setting: "retain-removed-comments", age: func(a Ages) time.Duration { return a.RemovedComments }, statement: store.MaintainBoth(`UPDATE comments SET body = '', body_hash = '', guest_name = '', guest_email = '', guest_token_hash = NULL, address = ''
			WHERE id IN (SELECT c.id FROM comments c WHERE c.status IN ('TRASH', 'SPAM') AND c.posted_at < $1 AND (c.body <> '' OR c.guest_name <> '')
				AND NOT EXISTS (SELECT 1 FROM comment_revisions r WHERE r.comment_id = c.id AND r.replaced_at >= $1) LIMIT $2)`)},
	// What was removed in its place, for its replies, has lost its text already.
	{Setting: "retain-removed-comments", age: func(a Ages) time.Duration { return a.RemovedComments }, statement: store.MaintainBoth(`UPDATE comments SET body_hash = '', guest_name = '', guest_email = '', guest_token_hash = NULL, address = ''
			WHERE id IN (SELECT id FROM comments WHERE removed_at < $1 AND (guest_name <> '' OR guest_email <> '' OR guest_token_hash IS NOT NULL OR address <> '' OR body_hash <> '') LIMIT $2) RETURNING id, article_id`), tells: true},
	{Setting: "retain-addresses", age: func(a Ages) time.Duration { return a.Addresses }, statement: store.MaintainBoth(`UPDATE consent_records SET address = '', user_agent = '' WHERE id IN (SELECT id FROM consent_records WHERE given_at < $1 AND (address <> '' OR user_agent <> '') LIMIT $2)`)},
	{Setting: "retain-addresses", age: func(a Ages) time.Duration { return a.Addresses }, statement: store.MaintainBoth(`UPDATE comments SET address = '' WHERE id IN (SELECT id FROM comments WHERE address <> '' AND posted_at < $1 LIMIT $2)`)},
	// A ban by address ends with the address: it may have become somebody else's.
	{Setting: "retain-addresses", age: func(a Ages) time.Duration { return a.Addresses }, statement: store.MaintainBoth(`DELETE FROM reader_restrictions WHERE id IN (SELECT id FROM reader_restrictions
			WHERE expires_at < $1 OR created_at < $1 AND address <> '' AND user_id IS NULL AND email_hash = '' LIMIT $2)`)},
	{Setting: "retain-addresses", age: func(a Ages) time.Duration { return a.Addresses }, statement: store.MaintainBoth(`UPDATE reader_restrictions SET address = '' WHERE id IN (SELECT id FROM reader_restrictions WHERE created_at < $1 AND address <> '' LIMIT $2)`)},
	{Setting: "retain-views", age: func(a Ages) time.Duration { return a.Views }, statement: store.MaintainBoth(`DELETE FROM article_views WHERE (hour, article_id) IN (SELECT hour, article_id FROM article_views WHERE hour < $1 ORDER BY hour LIMIT $2)`), before: func(t time.Time) any { return t.Unix() / 3600 }},
	{Setting: "retain-guest-emails", age: func(a Ages) time.Duration { return a.GuestEmails }, statement: store.MaintainBoth(`UPDATE comment_reports SET name = '', email = '' WHERE id IN (SELECT id FROM comment_reports WHERE (email <> '' OR name <> '') AND created_at < $1 LIMIT $2)`)},
	// What tells whether a guest reports again is made from their network.
	{Setting: "retain-addresses", age: func(a Ages) time.Duration { return a.Addresses }, statement: store.MaintainBoth(`UPDATE comment_reports SET reporter = 'gone:' || id WHERE id IN (SELECT id FROM comment_reports WHERE user_id IS NULL AND created_at < $1 AND reporter NOT LIKE 'gone:%' LIMIT $2)`)},
	{Setting: "retain-removed-comments", age: func(a Ages) time.Duration { return a.RemovedComments }, statement: store.MaintainBoth(`UPDATE comment_reports SET explanation = '', law = '' WHERE id IN (SELECT id FROM comment_reports WHERE decided_at < $1 AND (explanation <> '' OR law <> '') LIMIT $2)`)},
	{Setting: "retain-anonymous-consents", age: func(a Ages) time.Duration { return a.AnonymousConsents }, statement: store.MaintainBoth(`DELETE FROM consent_records WHERE id IN (SELECT id FROM consent_records WHERE user_id IS NULL AND subscriber_id IS NULL AND given_at < $1 LIMIT $2)`)},
	{Setting: "retain-unsubscribed", age: func(a Ages) time.Duration { return a.Unsubscribed }, statement: store.MaintainBoth(`DELETE FROM subscribers WHERE id IN (SELECT b.id FROM subscribers b WHERE b.created_at < $1
			AND NOT EXISTS (SELECT 1 FROM subscriptions s WHERE s.subscriber_id = b.id AND (s.status = 'CONFIRMED' OR s.ended_at >= $1)) LIMIT $2)`)},
	{Setting: "retain-deliveries", age: func(a Ages) time.Duration { return a.Deliveries }, statement: store.MaintainBoth(`DELETE FROM deliveries WHERE id IN (SELECT d.id FROM deliveries d JOIN newsletter_issues i ON i.id = d.issue_id WHERE i.status = 'SENT' AND i.sent_at < $1 LIMIT $2)`)},
}

// step is how many rows one statement removes, and steps how many statements of
// one rule a run makes: what is left waits for the next.
const (
	step  = 1000
	steps = 500
)

// Run removes what is too old now.
func (s *Service) Run(ctx context.Context) error {
	for _, r := range rules {
		moment := s.Now().Add(-r.age(s.Ages))
		var before any = moment
		if r.before != nil {
			before = r.before(moment)
		}
		for range steps {
			n, err := s.remove(ctx, r, before)
			if err != nil {
				return fmt.Errorf("remove what is older than --%s: %w", r.Setting, err)
			}
			if n < step {
				break
			}
		}
	}
	return nil
}

// remove runs the statement of a rule once, and gives how many rows it changed.
func (s *Service) remove(ctx context.Context, r rule, before any) (n int64, err error) {
	if !r.tells {
		result, err := s.db.Exec(ctx, r.statement, before, step)
		if err != nil {
			return 0, err
		}
		return result.RowsAffected()
	}
	err = s.db.Tx(ctx, func(ctx context.Context) error {
		changed, err := store.Collect(ctx, s.db, r.statement, func(rows *sql.Rows) (e event.Event, err error) {
			e = event.Event{Action: event.Updated, Entity: id.Comment}
			err = rows.Scan(&e.EntityID, &e.ArticleID)
			return e, err
		}, before, step)
		if n = int64(len(changed)); err != nil || n == 0 {
			return err
		}
		return s.log.Append(ctx, changed...)
	})
	return n, err
}
