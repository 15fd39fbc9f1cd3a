package newsletter

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/broadsheet-cms/broadsheet/ent"
	"github.com/broadsheet-cms/broadsheet/ent/delivery"
	"github.com/broadsheet-cms/broadsheet/ent/newsletterissue"
	"github.com/broadsheet-cms/broadsheet/internal/access"
	"github.com/broadsheet-cms/broadsheet/internal/audit"
	"github.com/broadsheet-cms/broadsheet/internal/fault"
	"github.com/broadsheet-cms/broadsheet/internal/id"
	"github.com/broadsheet-cms/broadsheet/internal/job"
	"github.com/broadsheet-cms/broadsheet/internal/mail"
	"github.com/broadsheet-cms/broadsheet/internal/store"
)

type sendArgs struct {
	Issue int `json:"issue"`
}

// An issue is sent in steps that each leave the database right:
//
//  1. SendIssue writes down the articles, and a delivery for each confirmed
//     subscriber, QUEUED.
//  2. For each delivery the mail is given to the mail server up to its last line.
//     Then the delivery becomes HANDED_OVER, if it is QUEUED still, and the end of
//     the message is sent, by which the server takes the mail.
//  3. When the server has answered, the delivery is SENT or REFUSED; or QUEUED
//     again, if the server is busy.
//
// A process that is killed before HANDED_OVER is committed has sent nothing: the
// server drops a message without its end. One that is killed after it is taken to
// have sent the mail. So nobody gets an issue twice, and whoever is left out must
// be the one whose mail was between the commit and the write to the socket.
var (
	queueSQL = store.MaintainBoth(`INSERT INTO deliveries (issue_id, subscriber_id, status, changed_at)
		SELECT $1, s.subscriber_id, 'QUEUED', $3 FROM subscriptions s WHERE s.newsletter_id = $2 AND s.status = 'CONFIRMED'
		ON CONFLICT (issue_id, subscriber_id) DO NOTHING`)
	queuedSQL = store.MaintainBoth(`SELECT d.id, d.subscriber_id, b.email, EXISTS (SELECT 1 FROM subscriptions s
			WHERE s.subscriber_id = d.subscriber_id AND s.newsletter_id = $2 AND s.status = 'CONFIRMED')
		FROM deliveries d JOIN subscribers b ON b.id = d.subscriber_id
		WHERE d.issue_id = $1 AND d.status = 'QUEUED' AND d.id > $3 ORDER BY d.id LIMIT $4`)
	handOverSQL = store.MaintainBoth(`UPDATE deliveries SET status = 'HANDED_OVER', changed_at = $2 WHERE id = $1 AND status = 'QUEUED'`)
	becomeSQL   = store.MaintainBoth(`UPDATE deliveries SET status = $2, changed_at = $3 WHERE id = $1 AND status IN ('QUEUED', 'HANDED_OVER')`)
)

// SendIssue begins to send an issue to all confirmed subscribers. One that is
// being sent, or was, stays as it is. Mistakes: NOT_FOUND, BLANK.
func (s *Service) SendIssue(ctx context.Context, key int) (issue *ent.NewsletterIssue, err error) {
	if err := access.Require(ctx, access.ManageNewsletters); err != nil {
		return nil, err
	}
	err = s.db.Tx(ctx, func(ctx context.Context) error {
		if issue, err = s.IssueByID(ctx, key); err != nil || issue.Status != newsletterissue.StatusDraft {
			return err
		}
		list, err := s.ByID(ctx, issue.NewsletterID)
		if err != nil {
			return err
		}
		articles, err := s.compose(ctx, list, issue)
		if err != nil {
			return err
		}
		if len(articles) == 0 && issue.Intro == "" {
			return fault.Mistake(fault.Blank, "id", "The issue has neither articles nor words of its own.")
		}
		client, now := s.db.Ent(ctx), s.Now()
		n, err := client.NewsletterIssue.Update().Where(newsletterissue.ID(key), newsletterissue.StatusEQ(newsletterissue.StatusDraft)).
			SetStatus(newsletterissue.StatusSending).SetArticles(articles).SetStartedAt(now).Save(ctx)
		if err != nil {
			return fmt.Errorf("begin to send an issue: %w", err)
		}
		if n == 1 { // else somebody else began meanwhile
			if _, err := s.db.Exec(ctx, queueSQL, key, issue.NewsletterID, now); err != nil {
				return fmt.Errorf("list who gets an issue: %w", err)
			}
			if err := job.Enqueue(ctx, s.jobs, sendJob, sendArgs{Issue: key}, job.Options{UniqueKey: strconv.Itoa(key)}); err != nil {
				return err
			}
			if err := s.audit.Record(ctx, audit.Entry{Action: "sendNewsletterIssue", Entity: id.NewsletterIssue, EntityID: key}); err != nil {
				return err
			}
		}
		issue, err = s.IssueByID(ctx, key)
		return err
	})
	return issue, err
}

// queued is a delivery to be made.
type queued struct {
	id, subscriber int
	email          string
	wanted         bool // subscribed still
}

// turn is how long one job sends before it lets others run.
const turn = 2 * time.Minute

// runSend sends what is queued of an issue.
func (s *Service) runSend(ctx context.Context, args sendArgs) error {
	issue, err := s.db.Ent(ctx).NewsletterIssue.Get(ctx, args.Issue)
	if ent.IsNotFound(err) || err == nil && issue.Status != newsletterissue.StatusSending {
		return nil
	}
	if err != nil {
		return fmt.Errorf("read an issue: %w", err)
	}
	list, err := s.db.Ent(ctx).Newsletter.Get(ctx, issue.NewsletterID)
	if err != nil {
		return fmt.Errorf("read a newsletter: %w", err)
	}
	sending := &sending{Service: s, issue: issue, list: list}
	defer sending.disconnect()
	for begun := time.Now(); time.Since(begun) < turn; {
		more, err := sending.batch(ctx)
		if err != nil && sending.made == 0 {
			return err
		}
		if err != nil || !more {
			break // what is left is tried again below
		}
	}
	left, err := s.db.Ent(ctx).Delivery.Query().Where(delivery.IssueID(issue.ID), delivery.StatusEQ(delivery.StatusQueued)).Exist(ctx)
	if err != nil {
		return fmt.Errorf("look for deliveries: %w", err)
	}
	if !left {
		err := s.db.Ent(ctx).NewsletterIssue.UpdateOne(issue).SetStatus(newsletterissue.StatusSent).SetSentAt(s.Now()).Exec(ctx)
		if err != nil {
			return fmt.Errorf("finish an issue: %w", err)
		}
		return nil
	}
	if sending.made == 0 {
		return job.RetryAfter(errors.New("the mail server takes none of the mails now"), 5*time.Minute)
	}
	next := job.Options{UniqueKey: strconv.Itoa(issue.ID)}
	if sending.busy > 0 {
		next.RunAt = s.Now().Add(time.Minute)
	}
	return job.Enqueue(ctx, s.jobs, sendJob, args, next)
}

// sending is one job's work on an issue.
type sending struct {
	*Service
	issue      *ent.NewsletterIssue
	list       *ent.Newsletter
	conn       *mail.Conn
	brand      mail.Brand
	after      int // key of the last delivery that was tried
	made, busy int
}

func (s *sending) disconnect() {
	if s.conn != nil {
		_ = s.conn.Close() // all mails were answered; a connection that does not end well changes nothing
		s.conn = nil
	}
}

// batch sends the next mails, and tells whether more may follow.
func (s *sending) batch(ctx context.Context) (more bool, err error) {
	rows, err := store.Collect(ctx, s.db, queuedSQL, func(rows *sql.Rows) (q queued, err error) {
		err = rows.Scan(&q.id, &q.subscriber, &q.email, &q.wanted)
		return q, err
	}, s.issue.ID, s.list.ID, s.after, s.Batch)
	if err != nil {
		return false, fmt.Errorf("read deliveries: %w", err)
	}
	for _, q := range rows {
		if err := s.deliver(ctx, q); err != nil {
			return false, err
		}
		s.after = q.id
	}
	return len(rows) == s.Batch, nil
}

// deliver sends one mail. Its error ends the batch; what the server says of one
// address does not.
func (s *sending) deliver(ctx context.Context, q queued) error {
	suppressed, err := s.suppressed(ctx, q.email)
	if err != nil {
		return err
	}
	if suppressed || !q.wanted {
		return s.become(ctx, q, delivery.StatusSkipped)
	}
	if s.conn == nil {
		if s.brand, err = s.mail.Brand(ctx); err != nil {
			return err
		}
		if s.conn, err = s.mail.Connect(ctx); err != nil {
			return err
		}
	}
	msg, err := s.message(ctx, q)
	if err != nil {
		return err
	}
	err = s.conn.Send(ctx, msg, func(ctx context.Context) error { return s.handOver(ctx, q) })
	_, refused := errors.AsType[*mail.RefusedError](err)
	_, busy := errors.AsType[*mail.BusyError](err)
	switch {
	case err == nil:
		s.made++
		return s.become(ctx, q, delivery.StatusSent)
	case refused:
		s.made++
		return s.become(ctx, q, delivery.StatusRefused)
	case busy:
		s.busy++
		return s.become(ctx, q, delivery.StatusQueued)
	case errors.Is(err, mail.ErrNotHandedOver):
		s.disconnect()
		return nil // another process has it
	}
	s.disconnect()
	return err
}

var errTaken = errors.New("the delivery is made by another process")

// handOver notes that the mail server is about to get a mail.
func (s *sending) handOver(ctx context.Context, q queued) error {
	result, err := s.db.Exec(ctx, handOverSQL, q.id, s.Now())
	if err != nil {
		return err
	}
	if n, err := result.RowsAffected(); err != nil || n == 0 {
		return orElse(err, errTaken)
	}
	return nil
}

// become notes what became of a delivery, even when the job is to stop.
func (s *sending) become(ctx context.Context, q queued, status delivery.Status) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 10*time.Second)
	defer cancel()
	if _, err := s.db.Exec(ctx, becomeSQL, q.id, string(status), s.Now()); err != nil {
		return fmt.Errorf("note a delivery: %w", err)
	}
	return nil
}

// message is the mail to one address. Its Message-ID is the same however often it
// is composed.
func (s *sending) message(ctx context.Context, q queued) (mail.Message, error) {
	preferences, err := s.links.Sign(ctx, signPreference, strconv.Itoa(q.subscriber))
	if err != nil {
		return mail.Message{}, err
	}
	unsubscribe, err := s.signUnsubscribe(ctx, q.subscriber, s.list.ID)
	if err != nil {
		return mail.Message{}, err
	}
	body, err := mailOf(s.brand, s.list, s.issue, s.issue.Articles, preferences, unsubscribe)
	if err != nil {
		return mail.Message{}, err
	}
	return mail.Message{To: mail.Address{Email: q.email}, Content: body, ID: fmt.Sprintf("newsletter-%d-%d", s.issue.ID, q.subscriber),
		Unsubscribe: s.ServerURL + oneClickPath + unsubscribe}, nil
}
