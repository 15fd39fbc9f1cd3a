package comment

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"github.com/broadsheet-cms/broadsheet/ent"
	"github.com/broadsheet-cms/broadsheet/ent/comment"
	"github.com/broadsheet-cms/broadsheet/internal/access"
	"github.com/broadsheet-cms/broadsheet/internal/fault"
	"github.com/broadsheet-cms/broadsheet/internal/job"
	"github.com/broadsheet-cms/broadsheet/internal/mail"
	"github.com/broadsheet-cms/broadsheet/internal/store"
	"github.com/broadsheet-cms/broadsheet/internal/throttle"
)

// Templates of letters. Those to reporters stand in decided.
const (
	letterOfGuest   = "guest-comment"   // to a guest who has commented: the link to edit, delete or claim that
	letterOfRemoval = "comment-removed" // to a guest whose comment a moderator took away
	letterOfArrival = "report-received"
	letterOfAuthor  = "report-withdrawn" // to a reporter: the author has deleted the comment
)

// letter is a mail about a comment. The job has keys only: whom it goes to and what
// it says is read when it is sent.
type letter struct {
	Template string `json:"template"`
	Comment  int    `json:"comment"`
	Report   int    `json:"report,omitempty"` // whose reporter it goes to; 0: to the guest who wrote the comment
}

var letterJob = job.Kind[letter]{Name: "comment.letter", MaxAttempts: 30}

// guestLinks bounds the mails with links to one address: it need not be that of who
// gives it. Ten go in a day, as the tenth waits for the next day; what is over is not
// mailed, and the comment stays.
var guestLinks = throttle.Limit{Name: "guest links to", Free: 9, First: throttle.ForgiveAfter, Longest: throttle.ForgiveAfter}

// guestLinksFrom bounds those of the comments that come from one network, to thirty.
var guestLinksFrom = throttle.Limit{Name: "guest links from", Free: 29, First: throttle.ForgiveAfter, Longest: throttle.ForgiveAfter}

// refundWithin bounds how long a link that was not mailed may take to be uncounted.
const refundWithin = 10 * time.Second

// SendBy sets what sends mails, and registers their job. It is called once, before
// the first comment. Without it nobody is mailed.
func (s *Service) SendBy(jobs *job.Runner, mailer *mail.Mailer) {
	s.jobs, s.mail = jobs, mailer
	job.Register(jobs, letterJob, s.send)
}

// write has a letter sent, once the transaction of ctx is done.
func (s *Service) write(ctx context.Context, l letter) error {
	if s.jobs == nil {
		return nil
	}
	return job.Enqueue(ctx, s.jobs, letterJob, l, job.Options{})
}

// stateReasons tells a guest whose comment a moderator took away that it is gone,
// why, and what can be done about it: the statement of reasons of Article 17 of the
// Digital Services Act. Members find it among their notifications. Spam is told
// nothing, nor who wrote what an import brought in and was never shown here.
func (m *Moderator) stateReasons(ctx context.Context, before, after *ent.Comment) error {
	was := before.RemovedAt == nil && (before.Status == comment.StatusApproved || before.Status == comment.StatusPending && after.SourceURI == nil)
	is := after.RemovedBy == comment.RemovedByModerator && isGone(after)
	if !was || !is || after.UserID != nil || after.GuestEmail == "" {
		return nil
	}
	return m.s.write(ctx, letter{Template: letterOfRemoval, Comment: after.ID})
}

var (
	// The title of an article that readers do not see any more is not told.
	letterText = `c.removed_by, c.removal_reason, CASE WHEN a.status = 'PUBLISHED' THEN a.title ELSE '' END`
	authorSQL  = store.MaintainBoth(`SELECT c.guest_name, c.guest_email, '', c.posted_at, c.address, ` + letterText + ` FROM comments c JOIN articles a ON a.id = c.article_id WHERE c.id = $1 AND c.user_id IS NULL AND $2 = 0`)
	// A member who gave no address with a notice is written to at that of the account.
	reporterSQL = store.MaintainBoth(`SELECT CASE WHEN r.name = '' THEN COALESCE(u.display_name, '') ELSE r.name END, CASE WHEN r.email = '' THEN COALESCE(u.email, '') ELSE r.email END,
			COALESCE(u.language, ''), r.created_at, '', ` + letterText + ` FROM comment_reports r JOIN comments c ON c.id = r.comment_id JOIN articles a ON a.id = c.article_id
			LEFT JOIN users u ON u.id = r.user_id WHERE c.id = $1 AND r.id = $2`)
)

// send writes a letter. One that has become wrong meanwhile, or nobody to go to, is
// dropped.
func (s *Service) send(ctx context.Context, l letter) error {
	type page struct {
		to        mail.Address
		language  string
		words     mail.Words
		address   string // of the network that a guest's comment came from
		removedBy comment.RemovedBy
	}
	statement := reporterSQL
	if l.Report == 0 {
		statement = authorSQL
	}
	found, err := store.Collect(access.AsSystem(ctx), s.db, statement, func(rows *sql.Rows) (p page, err error) {
		var at sql.NullTime
		err = rows.Scan(&p.to.Name, &p.to.Email, &p.language, &at, &p.address, &p.removedBy, &p.words.Message, &p.words.Subject)
		p.words.Name, p.words.Date = p.to.Name, at.Time.UTC().Format("2006-01-02")
		return p, err
	}, l.Comment, l.Report)
	if err != nil {
		return fmt.Errorf("read what a letter is about: %w", err)
	}
	if len(found) == 0 || found[0].to.Email == "" || l.Template == letterOfRemoval && found[0].removedBy != comment.RemovedByModerator {
		return nil
	}
	p := found[0]
	if l.Report != 0 {
		p.words.Message = "" // why is between the moderator and the author
	}
	brand, err := s.mail.Brand(ctx)
	if err != nil {
		return fmt.Errorf("read what the site is called: %w", err)
	}
	var links []throttle.Subject
	switch l.Template {
	case letterOfGuest:
		token, err := s.GuestToken(ctx, l.Comment)
		if err != nil || token == "" || p.removedBy != comment.RemovedByNobody {
			return err
		}
		links = append(links, guestLinks.Subject(p.to.Email))
		if network := throttle.Network(p.address); network != "" {
			links = append(links, guestLinksFrom.Subject(network))
		}
		err = s.throttle.Count(ctx, "Too many links were sent to this address.", links...)
		if f, ok := errors.AsType[*fault.Error](err); ok && f.ReasonOf() == fault.SlowedDown {
			return nil
		}
		if err != nil {
			return err
		}
		p.words.URL = brand.Link(mail.PageComment, token)
	case letterOfRemoval, decided["UPHELD"], decided["DISMISSED"]:
		p.words.URL = brand.Link(mail.PageContact, "")
	}
	if err = s.mail.SendTemplate(ctx, p.to, l.Template, p.language, p.words); err == nil {
		return nil
	}
	if _, refused := errors.AsType[*mail.RefusedError](err); refused {
		return job.Permanent(err)
	}
	// The job may have been stopped, which is no reason to count what was not mailed.
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), refundWithin)
	defer cancel()
	return errors.Join(err, s.throttle.Refund(ctx, links...))
}
