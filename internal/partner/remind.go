package partner

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"github.com/broadsheet-cms/broadsheet/ent"
	"github.com/broadsheet-cms/broadsheet/ent/article"
	entevent "github.com/broadsheet-cms/broadsheet/ent/event"
	"github.com/broadsheet-cms/broadsheet/internal/access"
	"github.com/broadsheet-cms/broadsheet/internal/audit"
	"github.com/broadsheet-cms/broadsheet/internal/event"
	"github.com/broadsheet-cms/broadsheet/internal/fault"
	"github.com/broadsheet-cms/broadsheet/internal/id"
	"github.com/broadsheet-cms/broadsheet/internal/job"
	"github.com/broadsheet-cms/broadsheet/internal/link"
	"github.com/broadsheet-cms/broadsheet/internal/mail"
	"github.com/broadsheet-cms/broadsheet/internal/store"
)

// Reminder tells a partner again that a story was killed.
type Reminder struct {
	ArticleID int
	// Cursor is that of the change to acknowledge; empty when the log has it no
	// more.
	Cursor string
	At     time.Time // of the reminder
}

// Reminding is a way in which partners are reminded.
type Reminding interface {
	// Reaches gives those of the keys that can be reminded in this way.
	Reaches(ctx context.Context, keys map[int]*Key) (map[int]bool, error)
	// Remind has a partner reminded once the transaction of ctx has committed.
	Remind(ctx context.Context, k *Key, r Reminder) error
}

// RemindBy adds a way in which partners are reminded, at the start.
func (s *Service) RemindBy(way Reminding) { s.ways = append(s.ways, way) }

// remindEvery is how often a partner is reminded of one story at most.
const remindEvery = time.Hour

// claimReminderSQL records a reminder unless there was one a short time ago, or an
// acknowledgement. A partner that was not told of the kill yet gets the change that
// it can acknowledge.
var claimReminderSQL = store.MaintainBoth(`UPDATE partner_copies SET reminded_at = $3,
		removed_txid = CASE WHEN removed_id IS NULL THEN CAST($5 AS bigint) ELSE removed_txid END,
		removed_id = CASE WHEN removed_id IS NULL THEN CAST($6 AS bigint) ELSE removed_id END,
		reason = CASE WHEN removed_id IS NULL AND CAST($6 AS bigint) IS NULL THEN reason ELSE 'KILLED' END
	WHERE article_id = $1 AND key_id IN (SELECT id FROM each_id($2)) AND acknowledged_at IS NULL AND (reminded_at IS NULL OR reminded_at <= $4)
		AND (removed_id IS NULL OR reason = 'KILLED') RETURNING key_id, removed_txid, removed_id`)

// Remind reminds the partners that have not acknowledged that a story was killed,
// each at most once an hour. It gives those that are reminded, and those that no
// way reaches.
func (s *Service) Remind(ctx context.Context, articleID int) (reminded, unreachable []Compliance, err error) {
	if err := access.Require(ctx, access.WithdrawArticles); err != nil {
		return nil, nil, err
	}
	err = s.db.Tx(ctx, func(ctx context.Context) error {
		reminded, unreachable = nil, nil
		a, err := s.db.Ent(ctx).Article.Query().Where(article.ID(articleID)).Select(article.FieldID, article.FieldStatus).Only(ctx)
		switch {
		case ent.IsNotFound(err):
			return fault.Mistake(fault.Missing, "articleId", "There is no such article.")
		case err != nil:
			return fmt.Errorf("find the article: %w", err)
		case a.Status != article.StatusKilled:
			return fault.Mistake(fault.IllegalTransition, "articleId", "The article was not killed: its status is %s. Partners are reminded of articles that were killed.", a.Status)
		}
		claimed, err := s.claimReminders(ctx, articleID, &unreachable)
		if err != nil {
			return err
		}
		all, err := s.KillCompliance(ctx, articleID)
		if err != nil {
			return err
		}
		var names []string
		for _, c := range all {
			if claimed[c.KeyID] {
				reminded = append(reminded, c)
				names = append(names, id.Encode(id.APIKey, c.KeyID))
			}
		}
		return s.audit.Record(ctx, audit.Entry{Action: "remindPartners", Entity: id.Article, EntityID: articleID, After: map[string]any{"apiKeyIds": names}})
	})
	if err != nil {
		return nil, nil, fmt.Errorf("remind partners: %w", err)
	}
	return reminded, unreachable, nil
}

// claimReminders records for which keys a reminder is due, and has them sent.
func (s *Service) claimReminders(ctx context.Context, articleID int, unreachable *[]Compliance) (map[int]bool, error) {
	waiting, keys, err := s.unacknowledged(ctx, articleID)
	if err != nil || len(keys) == 0 {
		return nil, err
	}
	reached := make([]map[int]bool, len(s.ways))
	reachable := map[int]bool{}
	for i, way := range s.ways {
		if reached[i], err = way.Reaches(ctx, keys); err != nil {
			return nil, err
		}
		for key := range reached[i] {
			reachable[key] = true
		}
	}
	var due []int
	for _, c := range waiting {
		if reachable[c.KeyID] {
			due = append(due, c.KeyID)
		} else {
			*unreachable = append(*unreachable, c)
		}
	}
	killed, err := s.killedAt(ctx, articleID)
	if err != nil {
		return nil, err
	}
	now := s.Now()
	claimed := map[int]bool{}
	rows, err := store.Collect(ctx, s.db, claimReminderSQL, func(rows *sql.Rows) (c claim, err error) {
		err = rows.Scan(&c.key, &c.txid, &c.id)
		return c, err
	}, articleID, s.db.IDs(due), now, now.Add(-remindEvery), killed.txid, killed.id)
	if err != nil {
		return nil, fmt.Errorf("record reminders: %w", err)
	}
	for _, c := range rows {
		claimed[c.key] = true
		r := Reminder{ArticleID: articleID, At: now}
		if c.txid != nil && c.id != nil {
			r.Cursor = keys[c.key].changesAt(event.Position{TxID: *c.txid, ID: *c.id})
		}
		for i, way := range s.ways {
			if !reached[i][c.key] {
				continue
			}
			if err := way.Remind(ctx, keys[c.key], r); err != nil {
				return nil, err
			}
		}
	}
	return claimed, nil
}

// unacknowledged gives the partners that have not acknowledged a kill, with their
// keys.
func (s *Service) unacknowledged(ctx context.Context, articleID int) ([]Compliance, map[int]*Key, error) {
	all, err := s.KillCompliance(ctx, articleID)
	if err != nil {
		return nil, nil, err
	}
	var waiting []Compliance
	var ids []int
	for _, c := range all {
		if c.State != Acknowledged {
			waiting = append(waiting, c)
			ids = append(ids, c.KeyID)
		}
	}
	keys, err := s.ForProgram(ctx, ids)
	return waiting, keys, err
}

// claim is a key whose partner is reminded, with the change to acknowledge.
type claim struct {
	key      int
	txid, id *int64
}

// taking are the types of events that take an article away from readers. An import
// may bring in a kill as the latter.
var taking = []string{
	event.Event{Entity: id.Article, Action: event.Withdrawn}.Type(),
	event.Event{Entity: id.Article, Action: event.Unpublished}.Type(),
}

// killedAt gives the position of the event by which an article was killed.
func (s *Service) killedAt(ctx context.Context, articleID int) (c claim, err error) {
	ctx = access.AsSystem(ctx)
	e, err := s.db.Ent(ctx).Event.Query().Where(entevent.Entity(id.Article), entevent.EntityID(articleID), entevent.TypeIn(taking...)).Order(ent.Desc(entevent.FieldID)).First(ctx)
	if ent.IsNotFound(err) {
		return c, nil
	}
	if err != nil {
		return c, fmt.Errorf("find the event of a kill: %w", err)
	}
	txid, key := e.Txid, int64(e.ID)
	return claim{txid: &txid, id: &key}, nil
}

// remindArgs name a reminder by mail.
type remindArgs struct {
	Key     int `json:"key"`
	Article int `json:"article"`
}

// A mail server that is down for some hours loses no reminder.
var remindJob = job.Kind[remindArgs]{Name: "partner.remind", MaxAttempts: 30}

// byMail reminds the contacts of keys.
type byMail struct {
	*Service

	jobs  *job.Runner
	mail  *mail.Mailer
	links *link.Signer
}

// SendBy sets what sends mails to partners, signs their links and runs jobs, once, at
// the start.
func (s *Service) SendBy(jobs *job.Runner, mailer *mail.Mailer, links *link.Signer) {
	m := &byMail{s, jobs, mailer, links}
	s.mails = m
	job.Register(jobs, remindJob, m.send)
	s.RemindBy(m)
}

// Reaches implements Reminding. A key that has ended has a partner that may still
// show what it was given.
func (m *byMail) Reaches(_ context.Context, keys map[int]*Key) (map[int]bool, error) {
	reached := map[int]bool{}
	for key, k := range keys {
		if k.ContactEmail != "" {
			reached[key] = true
		}
	}
	return reached, nil
}

// Remind implements Reminding.
func (m *byMail) Remind(ctx context.Context, k *Key, r Reminder) error {
	return job.Enqueue(ctx, m.jobs, remindJob, remindArgs{k.ID, r.ArticleID}, job.Options{})
}

// unconfirmedSQL gives the event of the kill that a partner has not acknowledged.
var unconfirmedSQL = store.MaintainBoth(`SELECT coalesce(removed_id, 0) FROM partner_copies WHERE key_id = $1 AND article_id = $2 AND acknowledged_at IS NULL`)

// send mails a reminder, unless it is needed no more. The words of the story are
// not repeated: they may be why it was killed.
func (m *byMail) send(ctx context.Context, a remindArgs) error {
	waiting, err := store.Collect(ctx, m.db, unconfirmedSQL, store.ScanInt, a.Key, a.Article)
	if err != nil || len(waiting) == 0 {
		return err
	}
	keys, err := m.ForProgram(ctx, []int{a.Key})
	if err != nil || keys[a.Key] == nil || keys[a.Key].ContactEmail == "" {
		return err
	}
	k := keys[a.Key]
	confirm, err := m.confirmLink(ctx, confirmation{a.Key, a.Article, int64(waiting[0])})
	if err != nil {
		return err
	}
	err = m.mail.SendTemplate(ctx, mail.Address{Name: k.Name, Email: k.ContactEmail}, "kill-reminder", "", mail.Words{Name: k.Name, Subject: id.Encode(id.Article, a.Article), URL: confirm})
	if _, refused := errors.AsType[*mail.RefusedError](err); refused {
		return job.Permanent(err)
	}
	return err
}
