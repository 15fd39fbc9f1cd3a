package comment

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/broadsheet-cms/broadsheet/ent"
	"github.com/broadsheet-cms/broadsheet/ent/comment"
	"github.com/broadsheet-cms/broadsheet/internal/access"
	"github.com/broadsheet-cms/broadsheet/internal/audit"
	"github.com/broadsheet-cms/broadsheet/internal/event"
	"github.com/broadsheet-cms/broadsheet/internal/fault"
	"github.com/broadsheet-cms/broadsheet/internal/id"
	"github.com/broadsheet-cms/broadsheet/internal/keyset"
	"github.com/broadsheet-cms/broadsheet/internal/store"
)

// Moderator decides about comments, for those who have MODERATE_COMMENTS. Each
// decision is audited.
type Moderator struct {
	s     *Service
	audit *audit.Log
}

// NewModerator gives the moderator over a service.
func NewModerator(s *Service, record *audit.Log) *Moderator { return &Moderator{s, record} }

// View is a part of the moderation queue.
type View string

// The views.
const (
	Waiting  View = "WAITING"  // not yet decided
	Reported View = "REPORTED" // shown, and reported by readers
	Spam     View = "SPAM"
	Rejected View = "REJECTED" // rejected or deleted
)

// Queue says which comments to show to a moderator.
type Queue struct {
	View    View
	Article int    // 0: of all articles
	Reason  Reason // of waiting; empty: any
}

// Item is a comment as moderators see it.
type Item struct {
	*ent.Comment
	GuestEmail, Address string
	HeldFor             []Reason
}

var views = map[View]string{
	Waiting:  "c.status = 'PENDING' AND c.kind = 'COMMENT'",
	Reported: "c.report_count > 0",
	Spam:     "c.status = 'SPAM'",
	Rejected: "c.status = 'TRASH'",
}

var itemColumns = commentColumns + `, c.guest_email, c.address, c.held_for, c.report_count`

const (
	queueText = `SELECT {item} FROM comments c LEFT JOIN users u ON u.id = c.user_id
		WHERE {view} AND desk_comment(c) AND (c.posted_at, c.id) < ($1, $2) AND (c.posted_at, c.id) > ($3, $4)
			AND ($5 = 0 OR c.article_id = $5) AND ($6 = '' OR c.held_for LIKE '%,' || $6 || ',%' OR $6 = 'IMPORTED' AND {imported})
		ORDER BY c.posted_at {direction}, c.id {direction} LIMIT $7`
	queueCount = `SELECT count(*) FROM (SELECT 1 FROM comments c WHERE {view} AND desk_comment(c)
		AND ($1 = 0 OR c.article_id = $1) AND ($2 = '' OR c.held_for LIKE '%,' || $2 || ',%' OR $2 = 'IMPORTED' AND {imported}) LIMIT $3) AS counted`
	// Whatever waits here is held for a reason; what was imported came without one.
	importedText = `c.status = 'PENDING' AND c.held_for = ''`
)

func newQueue(view, direction string) *store.Statement {
	return store.ReadBoth(strings.NewReplacer("{item}", itemColumns, "{view}", view, "{imported}", importedText, "{direction}", direction, "$5 = 0", "CAST($5 AS bigint) = 0", "$6 = ''", "CAST($6 AS text) = ''").Replace(queueText))
}

type queueStatements struct{ oldest, newest, count *store.Statement }

var queues = func() map[View]queueStatements {
	all := map[View]queueStatements{}
	for view, condition := range views {
		all[view] = queueStatements{newQueue(condition, "ASC"), newQueue(condition, "DESC"),
			store.ReadBoth(strings.NewReplacer("{view}", condition, "{imported}", importedText, "$1 = 0", "CAST($1 AS bigint) = 0", "$2 = ''", "CAST($2 AS text) = ''").Replace(queueCount))}
	}
	return all
}()

var (
	itemsSQL = store.ReadBoth(`SELECT ` + itemColumns + ` FROM each_id($1) JOIN comments c ON c.id = each_id.id LEFT JOIN users u ON u.id = c.user_id WHERE desk_comment(c)`)
	// How many comments wait, by why.
	tallySQL = store.ReadBoth(`SELECT w.held_for, count(*) FROM (SELECT c.held_for FROM comments c WHERE c.status = 'PENDING' AND c.kind = 'COMMENT' AND desk_comment(c) LIMIT $1) w GROUP BY w.held_for`)
)

func scanItem(rows *sql.Rows) (*Item, error) {
	c, name := new(ent.Comment), sql.NullString{}
	it := &Item{Comment: c}
	var heldFor string
	if err := rows.Scan(append(destinations(c, &name), &it.GuestEmail, &it.Address, &heldFor, &c.ReportCount)...); err != nil {
		return nil, fmt.Errorf("read a comment: %w", err)
	}
	it.HeldFor = reasonsOf(heldFor)
	if c.Status == comment.StatusPending && len(it.HeldFor) == 0 {
		it.HeldFor = []Reason{FromImport} // as importedText
	}
	setAuthor(c, name)
	return it, nil
}

// ItemKey is the place of an item in its queue.
func ItemKey(it *Item) keyset.Key { return Key(it.Comment) }

// List gives a window of the queue, the comment that waits longest first.
func (m *Moderator) List(ctx context.Context, q Queue, w keyset.Window) ([]*Item, error) {
	if err := access.Require(ctx, access.ModerateComments); err != nil {
		return nil, err
	}
	statement := queues[q.View].oldest
	if w.Backward {
		statement = queues[q.View].newest
	}
	newer, older := bounds(OldestFirst, w)
	items, err := store.Collect(ctx, m.s.db, statement, scanItem, newer.Moment(), newer.ID, older.Moment(), older.ID, q.Article, string(q.Reason), w.Limit)
	if err != nil {
		return nil, fmt.Errorf("read the moderation queue: %w", err)
	}
	if w.Backward {
		slices.Reverse(items)
	}
	return items, nil
}

// Count counts the queue up to a limit.
func (m *Moderator) Count(ctx context.Context, q Queue, limit int) (int, error) {
	if err := access.Require(ctx, access.ModerateComments); err != nil {
		return 0, err
	}
	n, err := store.Collect(ctx, m.s.db, queues[q.View].count, store.ScanInt, q.Article, string(q.Reason), limit)
	if err != nil {
		return 0, fmt.Errorf("count the moderation queue: %w", err)
	}
	return n[0], nil
}

// Tally gives how many comments wait for each reason, counting up to a limit of
// comments. One that waits for two reasons counts for both.
func (m *Moderator) Tally(ctx context.Context, limit int) (map[Reason]int, error) {
	if err := access.Require(ctx, access.ModerateComments); err != nil {
		return nil, err
	}
	tally := map[Reason]int{}
	_, err := store.Collect(ctx, m.s.db, tallySQL, func(rows *sql.Rows) (struct{}, error) {
		var text string
		var n int
		err := rows.Scan(&text, &n)
		reasons := reasonsOf(text)
		if len(reasons) == 0 {
			reasons = []Reason{FromImport}
		}
		for _, r := range reasons {
			tally[r] += n
		}
		return struct{}{}, err
	}, limit)
	if err != nil {
		return nil, fmt.Errorf("count the moderation queue: %w", err)
	}
	return tally, nil
}

// Items gives comments as moderators see them, in the order of keys.
func (m *Moderator) Items(ctx context.Context, keys []int) ([]*Item, error) {
	if err := access.Require(ctx, access.ModerateComments); err != nil {
		return nil, err
	}
	found, err := store.Collect(ctx, m.s.db, itemsSQL, scanItem, m.s.db.IDs(keys))
	if err != nil {
		return nil, fmt.Errorf("read comments: %w", err)
	}
	slices.SortFunc(found, func(a, b *Item) int { return slices.Index(keys, a.ID) - slices.Index(keys, b.ID) })
	return found, nil
}

// maxDecisions bounds the comments of one decision.
const maxDecisions = 100

// lockManyText holds the articles of comments in one order.
var (
	lockManyText = `SELECT a.id FROM articles a WHERE a.id IN (SELECT c.article_id FROM comments c WHERE c.id IN (SELECT id FROM each_id($1))) ORDER BY a.id`
	lockManySQL  = store.Maintain(lockManyText+` FOR NO KEY UPDATE`, lockManyText)
)

// decision is one kind of decision of moderators.
type decision struct {
	action string // the mutation
	report string // what becomes of open reports
	reason string // for the audit log, whether readers are told it or not
	apply  func(ctx context.Context, s *Service, c **ent.Comment) error
}

// decide applies a decision to comments: to all of them or, where it cannot be
// done with one, to none.
func (m *Moderator) decide(ctx context.Context, keys []int, d decision) ([]*Item, error) {
	if err := access.Require(ctx, access.ModerateComments); err != nil {
		return nil, err
	}
	if len(keys) == 0 || len(keys) > maxDecisions {
		return nil, fault.Mistake(fault.Invalid, "ids", "Give from 1 to %d comments.", maxDecisions)
	}
	err := m.s.db.Tx(ctx, func(ctx context.Context) error {
		if _, err := store.Collect(ctx, m.s.db, lockManySQL, store.ScanInt, m.s.db.IDs(keys)); err != nil {
			return fmt.Errorf("lock the articles: %w", err)
		}
		items, err := m.Items(ctx, keys)
		if err != nil {
			return err
		}
		there := map[int]bool{}
		for _, it := range items {
			there[it.ID] = true
		}
		var wrong []error
		for i, key := range keys {
			if !there[key] {
				wrong = append(wrong, fault.Mistake(fault.Missing, fmt.Sprintf("ids[%d]", i), "There is no such comment."))
			}
		}
		if len(wrong) > 0 {
			return errors.Join(wrong...)
		}
		for i, it := range items {
			if err := m.decideOne(ctx, i, it, d); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return m.Items(ctx, keys)
}

func (m *Moderator) decideOne(ctx context.Context, i int, it *Item, d decision) error {
	before := stateOf(it.Comment)
	c, err := m.s.lock(ctx, it.ID) // its article is held already
	if err != nil {
		return err
	}
	if err := d.apply(ctx, m.s, &c); err != nil {
		if f, ok := errors.AsType[*fault.Error](err); ok && f.Field == "" {
			f.Field = fmt.Sprintf("ids[%d]", i)
		}
		return err
	}
	if d.report != "" {
		if err := m.closeReports(ctx, c.ID, d.report); err != nil {
			return err
		}
	}
	if err := m.stateReasons(ctx, it.Comment, c); err != nil {
		return err
	}
	after := stateOf(c)
	if d.reason != "" {
		after.Reason = d.reason
	}
	return m.audit.Record(ctx, audit.Entry{Action: d.action, Entity: id.Comment, EntityID: c.ID, Before: before, After: after})
}

// state is what the audit log keeps of a comment: nothing that was said.
type state struct {
	Status  comment.Status `json:"status"`
	Removed bool           `json:"removed,omitempty"`
	Reason  string         `json:"reason,omitempty"`
	Pinned  bool           `json:"pinned,omitempty"`
	Closed  bool           `json:"closed,omitempty"`
}

func stateOf(c *ent.Comment) state {
	return state{c.Status, c.RemovedAt != nil, c.RemovalReason, c.PinnedAt != nil, c.ClosedAt != nil}
}

var lastTextSQL = store.MaintainBoth(`SELECT body FROM comment_revisions WHERE comment_id = $1 ORDER BY id DESC LIMIT 1`)

// Approve shows comments. One that a moderator took away is shown again with its
// text.
func (m *Moderator) Approve(ctx context.Context, keys []int) ([]*Item, error) {
	return m.decide(ctx, keys, decision{action: "approveComments", report: "DISMISSED", apply: func(ctx context.Context, s *Service, c **ent.Comment) error {
		if (*c).RemovedBy == comment.RemovedByAuthor {
			return fault.Mistake(fault.IllegalTransition, "", "Its author has deleted this comment.")
		}
		if (*c).ParentID != nil {
			p, err := s.parentOf(ctx, *(*c).ParentID)
			if err != nil {
				return err
			}
			if p == nil {
				return fault.Mistake(fault.IllegalTransition, "", "The comment that this one answers is not shown: approve that first.")
			}
		}
		update := s.db.Ent(ctx).Comment.UpdateOneID((*c).ID).SetStatus(comment.StatusApproved).SetHeldFor("").SetReportCount(0).
			SetRemovedBy(comment.RemovedByNobody).SetRemovalReason("").ClearRemovedAt()
		if (*c).RemovedAt != nil {
			texts, err := store.Collect(ctx, s.db, lastTextSQL, func(rows *sql.Rows) (text string, err error) {
				err = rows.Scan(&text)
				return text, err
			}, (*c).ID)
			if err != nil || len(texts) == 0 {
				return errorOr(err, fault.Mistake(fault.IllegalTransition, "", "The text of this comment is gone."))
			}
			update.SetBody(texts[0])
		} else if (*c).Body == "" {
			return fault.Mistake(fault.IllegalTransition, "", "The text of this comment is gone.")
		}
		return s.save(ctx, update, (*c).Status, c)
	}})
}

func errorOr(err, otherwise error) error {
	if err != nil {
		return err
	}
	return otherwise
}

// Reject hides comments. One with replies loses its text and keeps its place.
func (m *Moderator) Reject(ctx context.Context, keys []int) ([]*Item, error) {
	return m.decide(ctx, keys, decision{action: "rejectComments", report: "UPHELD", apply: func(ctx context.Context, s *Service, c **ent.Comment) error {
		return s.takeAway(ctx, c, comment.RemovedByModerator, comment.StatusTrash, "")
	}})
}

// MarkSpam hides comments as spam.
func (m *Moderator) MarkSpam(ctx context.Context, keys []int) ([]*Item, error) {
	return m.decide(ctx, keys, decision{action: "markCommentsSpam", report: "UPHELD", apply: func(ctx context.Context, s *Service, c **ent.Comment) error {
		return s.takeAway(ctx, c, comment.RemovedByModerator, comment.StatusSpam, "")
	}})
}

// maxReason bounds what moderators write, in characters.
const maxReason = 500

// Remove takes a comment away. With a reason that is shown, readers see in its
// place why; with one that is not, the audit log alone has it.
func (m *Moderator) Remove(ctx context.Context, key int, reason string, shown bool) (*Item, error) {
	reason = trimmed(reason, maxReason)
	if reason == "" {
		return nil, fault.Mistake(fault.Blank, "reason", "Say why the comment is removed.")
	}
	told := ""
	if shown {
		told = reason
	}
	items, err := m.decide(ctx, []int{key}, decision{action: "removeComment", report: "UPHELD", reason: reason, apply: func(ctx context.Context, s *Service, c **ent.Comment) error {
		return s.takeAway(ctx, c, comment.RemovedByModerator, comment.StatusTrash, told)
	}})
	return first(items, err)
}

func first(items []*Item, err error) (*Item, error) {
	if err != nil || len(items) == 0 {
		return nil, err
	}
	return items[0], nil
}

// Pin shows a comment above the others of its article, or no longer.
func (m *Moderator) Pin(ctx context.Context, key int, pinned bool) (*Item, error) {
	return m.mark(ctx, key, map[bool]string{true: "pinComment", false: "unpinComment"}[pinned], func(c *ent.Comment, u *ent.CommentUpdateOne, now time.Time) error {
		if pinned && (c.Status != comment.StatusApproved || c.RemovedAt != nil) {
			return fault.Mistake(fault.IllegalTransition, "", "Only a comment that is shown can be pinned.")
		}
		if pinned {
			u.SetPinnedAt(now)
		} else {
			u.ClearPinnedAt()
		}
		return nil
	})
}

// CloseThread ends replies in the thread that a comment begins, or allows them
// again.
func (m *Moderator) CloseThread(ctx context.Context, key int, closed bool) (*Item, error) {
	return m.mark(ctx, key, map[bool]string{true: "closeThread", false: "reopenThread"}[closed], func(c *ent.Comment, u *ent.CommentUpdateOne, now time.Time) error {
		if c.ParentID != nil {
			return fault.Mistake(fault.Invalid, "", "This comment is a reply: close the thread by the comment that begins it.")
		}
		if closed {
			u.SetClosedAt(now)
		} else {
			u.ClearClosedAt()
		}
		return nil
	})
}

func (m *Moderator) mark(ctx context.Context, key int, action string, change func(*ent.Comment, *ent.CommentUpdateOne, time.Time) error) (*Item, error) {
	items, err := m.decide(ctx, []int{key}, decision{action: action, apply: func(ctx context.Context, s *Service, c **ent.Comment) error {
		update := s.db.Ent(ctx).Comment.UpdateOneID((*c).ID)
		if err := change(*c, update, s.Now()); err != nil {
			return err
		}
		return s.save(ctx, update, (*c).Status, c)
	}})
	return first(items, err)
}

// ArticleRules are what a moderator sets for one article; nil leaves it.
type ArticleRules struct {
	Mode       *string
	Moderation *string
	ClosesAt   **time.Time // a nil inside: never
}

var (
	articleRulesText = `SELECT a.comment_policy, a.comment_moderation, a.comments_close_at FROM articles a WHERE a.id = $1 AND visible_article(a)`
	articleRulesSQL  = store.Read(articleRulesText+` FOR NO KEY UPDATE`, articleRulesText)
	setRulesSQL      = store.MaintainBoth(`UPDATE articles SET comment_policy = $2, comment_moderation = $3, comments_close_at = $4 WHERE id = $1`)
)

// articleState is what the audit log keeps of an article's rules.
type articleState struct {
	Mode       string     `json:"mode"`
	Moderation string     `json:"moderation"`
	ClosesAt   *time.Time `json:"closesAt,omitempty"`
}

// SetArticleRules says who may comment on an article, until when, and whether
// comments wait for a moderator.
func (m *Moderator) SetArticleRules(ctx context.Context, article int, set ArticleRules) error {
	if err := access.Require(ctx, access.ModerateComments); err != nil {
		return err
	}
	err := m.s.db.Tx(ctx, func(ctx context.Context) error {
		found, err := store.Collect(ctx, m.s.db, articleRulesSQL, func(rows *sql.Rows) (r articleState, err error) {
			err = rows.Scan(&r.Mode, &r.Moderation, &r.ClosesAt)
			return r, err
		}, article)
		if err != nil {
			return err
		}
		if len(found) == 0 {
			return fault.Mistake(fault.Missing, "articleId", "There is no such article.")
		}
		next := found[0]
		if set.Mode != nil {
			next.Mode = *set.Mode
		}
		if set.Moderation != nil {
			next.Moderation = *set.Moderation
		}
		if set.ClosesAt != nil {
			next.ClosesAt = *set.ClosesAt
		}
		if _, err := m.s.db.Exec(ctx, setRulesSQL, article, next.Mode, next.Moderation, next.ClosesAt); err != nil {
			return err
		}
		if err := m.s.log.Append(ctx, event.Event{Action: event.Updated, Entity: id.Article, EntityID: article}); err != nil {
			return err
		}
		return m.audit.Record(ctx, audit.Entry{Action: "setArticleCommentPolicy", Entity: id.Article, EntityID: article, Before: found[0], After: next})
	})
	if err != nil {
		return fmt.Errorf("set who may comment: %w", err)
	}
	return nil
}
