package interest

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"github.com/broadsheet-cms/broadsheet/ent"
	"github.com/broadsheet-cms/broadsheet/ent/auditentry"
	"github.com/broadsheet-cms/broadsheet/ent/notification"
	"github.com/broadsheet-cms/broadsheet/internal/access"
	"github.com/broadsheet-cms/broadsheet/internal/audit"
	"github.com/broadsheet-cms/broadsheet/internal/event"
	"github.com/broadsheet-cms/broadsheet/internal/fault"
	"github.com/broadsheet-cms/broadsheet/internal/id"
	"github.com/broadsheet-cms/broadsheet/internal/job"
	"github.com/broadsheet-cms/broadsheet/internal/keyset"
	"github.com/broadsheet-cms/broadsheet/internal/store"
)

// Notification tells one reader of something.
type Notification struct {
	ID                            int
	Kind                          notification.Kind
	ArticleID, CommentID, MediaID *int
	Text                          string
	CreatedAt                     time.Time
	ReadAt                        *time.Time
}

// PublicID is its id in the API.
func (n *Notification) PublicID() string { return id.Encode(id.Notification, n.ID) }

// IsNode makes a notification a node of the API.
func (*Notification) IsNode() {}

// NotificationKey is the place of a notification in its list.
func NotificationKey(n *Notification) keyset.Key {
	return keyset.Key{Time: n.CreatedAt.UnixMicro(), ID: n.ID}
}

// What tells of an article or comment that the reader cannot see is left out, and
// comes back with it.
const (
	seenText = `(n.article_id IS NULL OR EXISTS (SELECT 1 FROM articles a WHERE a.id = n.article_id AND visible_article(a)))
		AND (n.kind <> 'REPLY' OR EXISTS (SELECT 1 FROM comments c WHERE c.id = n.comment_id AND visible_comment(c)))`
	notificationText = `SELECT n.id, n.kind, n.article_id, n.comment_id, n.media_id, n.text, n.created_at, n.read_at FROM notifications n
		WHERE n.user_id = $1 AND (n.created_at, n.id) < ($2, $3) AND (n.created_at, n.id) > ($4, $5) AND ` + seenText + `
		ORDER BY n.created_at {order}, n.id {order} LIMIT $6`
)

var (
	newestSQL = store.ReadBoth(replaceAll(notificationText, "{order}", "DESC"))
	oldestSQL = store.ReadBoth(replaceAll(notificationText, "{order}", "ASC"))
	madeAtSQL = store.ReadBoth(`SELECT n.id, n.kind, n.article_id, n.comment_id, n.media_id, n.text, n.created_at, n.read_at FROM notifications n
		WHERE n.user_id = $1 AND n.created_at = $2 AND ` + seenText + ` ORDER BY n.id LIMIT 100`)
	countAllSQL = store.ReadBoth(`SELECT count(*) FROM (SELECT 1 FROM notifications n WHERE n.user_id = $1 AND ` + seenText + ` LIMIT $2) AS counted`)
	unreadSQL   = store.ReadBoth(`SELECT count(*) FROM (SELECT 1 FROM notifications n WHERE n.user_id = $1 AND n.read_at IS NULL AND ` + seenText + ` LIMIT $2) AS counted`)
	markSQL     = store.MaintainBoth(`UPDATE notifications SET read_at = $3 WHERE user_id = $1 AND id IN (SELECT id FROM each_id($2)) AND read_at IS NULL`)
	markAllSQL  = store.MaintainBoth(`UPDATE notifications SET read_at = $2 WHERE user_id = $1 AND read_at IS NULL`)
)

// Notifications gives a window of the viewer's, the newest first.
func (s *Service) Notifications(ctx context.Context, w keyset.Window) ([]*Notification, error) {
	statement := newestSQL
	if w.Backward {
		statement = oldestSQL
	}
	newer, older := w.Newer(), w.Older()
	rows, err := store.Collect(ctx, s.db, statement, scanNotification, access.Of(ctx).UserID, newer.Moment(), newer.ID, older.Moment(), older.ID, w.Limit)
	if err != nil {
		return nil, fmt.Errorf("read notifications: %w", err)
	}
	if w.Backward {
		slices.Reverse(rows)
	}
	return rows, nil
}

// CountNotifications counts the viewer's up to a limit: all, or those not read.
func (s *Service) CountNotifications(ctx context.Context, unread bool, limit int) (int, error) {
	statement := countAllSQL
	if unread {
		statement = unreadSQL
	}
	n, err := store.Collect(ctx, s.db, statement, store.ScanInt, access.Of(ctx).UserID, limit)
	if err != nil {
		return 0, fmt.Errorf("count notifications: %w", err)
	}
	return n[0], nil
}

// maxMarked bounds the notifications of one call.
const maxMarked = 100

// MarkNotificationsRead marks some of the viewer's notifications, or all of them
// when no keys are given, and tells how many were not read before.
func (s *Service) MarkNotificationsRead(ctx context.Context, keys []int) (int, error) {
	user, err := reader(ctx)
	if err != nil {
		return 0, err
	}
	if len(keys) > maxMarked {
		return 0, fault.Mistake(fault.TooLong, "ids", "Give at most %d notifications, or none to mark all.", maxMarked)
	}
	var done sql.Result
	if keys == nil {
		done, err = s.db.Exec(ctx, markAllSQL, user, s.Now())
	} else {
		done, err = s.db.Exec(ctx, markSQL, user, s.db.IDs(keys), s.Now())
	}
	if err != nil {
		return 0, fmt.Errorf("mark notifications as read: %w", err)
	}
	n, err := done.RowsAffected()
	return int(n), err
}

var (
	// Whoever follows a topic of an article is told once, whatever else of it they
	// follow.
	tellFollowersSQL = store.MaintainBoth(`INSERT INTO notifications (user_id, kind, cause, article_id, text, created_at)
		SELECT x.user_id, 'FOLLOWED_TOPIC', 'art:' || x.article_id, x.article_id, '', $2
		FROM (SELECT DISTINCT f.user_id, l.article_id
			FROM listings l JOIN follows f ON f.kind = l.kind AND f.owner_id = l.owner_id LEFT JOIN reader_settings r ON r.user_id = f.user_id
			WHERE l.article_id = $1 AND f.notify AND COALESCE(r.notify_followed, TRUE)) x
		WHERE TRUE
		ON CONFLICT (user_id, cause) DO NOTHING RETURNING user_id`)
	tellReplySQL = store.MaintainBoth(`INSERT INTO notifications (user_id, kind, cause, article_id, comment_id, text, created_at)
		SELECT p.user_id, 'REPLY', 'reply:' || c.id, c.article_id, c.id, '', $2
		FROM comments c JOIN comments p ON p.id = c.parent_id LEFT JOIN reader_settings r ON r.user_id = p.user_id
		WHERE c.id = $1 AND c.status = 'APPROVED' AND p.user_id IS NOT NULL AND (c.user_id IS NULL OR c.user_id <> p.user_id) AND COALESCE(r.notify_replies, TRUE)
		ON CONFLICT (user_id, cause) DO NOTHING RETURNING user_id`)
	// A decision of a moderator: of somebody else than the author.
	tellDecisionSQL = store.MaintainBoth(`INSERT INTO notifications (user_id, kind, cause, article_id, comment_id, text, created_at)
		SELECT c.user_id, 'MODERATION', 'decision:' || c.id || ':' || c.status || ':' || c.removed_by, c.article_id, c.id, c.removal_reason, $3
		FROM comments c WHERE c.id = $1 AND c.user_id IS NOT NULL AND c.user_id <> $2 AND c.removed_by <> 'AUTHOR'
		ON CONFLICT (user_id, cause) DO NOTHING RETURNING user_id`)
	tellAllSQL = store.MaintainBoth(`INSERT INTO notifications (user_id, kind, cause, article_id, text, created_at)
		SELECT u.id, 'BREAKING_NEWS', 'breaking:' || CAST($2 AS bigint), CAST($2 AS bigint), $3, $4 FROM users u LEFT JOIN reader_settings r ON r.user_id = u.id
		WHERE u.id > $1 AND u.id <= $5 AND u.status = 'ACTIVE' AND COALESCE(r.notify_breaking, TRUE)
		ON CONFLICT (user_id, cause) DO NOTHING RETURNING user_id`)
	// Whoever looks after all media, and who uploaded the item.
	tellDeskSQL = store.MaintainBoth(`INSERT INTO notifications (user_id, kind, cause, media_id, text, created_at)
		SELECT u.id, 'MEDIA_EXPIRED', 'expired:' || m.id || ':' || CAST($2 AS bigint), m.id, '', $3 FROM media m JOIN users u
		ON u.role IN ('EDITOR', 'ADMIN') OR u.role IN ('AUTHOR', 'CONTRIBUTOR') AND u.id = m.uploaded_by
		WHERE m.id = $1 AND m.expired AND u.status = 'ACTIVE'
		ON CONFLICT (user_id, cause) DO NOTHING RETURNING user_id`)
	lastUserSQL = store.MaintainBoth(`SELECT COALESCE(max(id), 0) FROM users`)
	publicSQL   = store.ReadBoth(`SELECT a.id FROM articles a WHERE a.id = $1 AND visible_article(a) AND public_article(a)`)
	forgetSQL   = store.MaintainBoth(`DELETE FROM notifications WHERE created_at < $1`)
)

// Name implements event.Consumer.
func (*Service) Name() string { return "notifications" }

// Consume makes notifications of what happened: of each event once, as the log
// runs it in the transaction that moves its position on.
func (s *Service) Consume(ctx context.Context, events []event.Event) error {
	for _, e := range events {
		if err := s.tell(ctx, e); err != nil {
			return fmt.Errorf("make notifications of %s: %w", e.Type(), err)
		}
	}
	return nil
}

func (s *Service) tell(ctx context.Context, e event.Event) error {
	switch {
	case e.Entity == id.Article && e.Action == event.Published:
		now := s.Now()
		return s.made(ctx, now, tellFollowersSQL, e.EntityID, now)
	case e.Entity == id.Media && e.Expired:
		now := s.Now()
		return s.made(ctx, now, tellDeskSQL, e.EntityID, int(e.ID), now)
	case e.Entity != id.Comment || e.Action != event.Published && e.Action != event.Unpublished && !e.Decided:
		return nil
	case e.Action == event.Published:
		now := s.Now()
		if err := s.made(ctx, now, tellReplySQL, e.EntityID, now); err != nil {
			return err
		}
	}
	if e.ActorID == 0 {
		return nil
	}
	now := s.Now()
	return s.made(ctx, now, tellDecisionSQL, e.EntityID, e.ActorID, now)
}

// maxReaders is how many readers an event of new notifications names.
const maxReaders = 100

// made makes notifications by a statement and appends the event by which nodes tell
// whoever waits for them.
func (s *Service) made(ctx context.Context, now time.Time, statement *store.Statement, args ...any) error {
	return s.db.Tx(ctx, func(ctx context.Context) error {
		readers, err := store.Collect(ctx, s.db, statement, store.ScanInt, args...)
		if err != nil || len(readers) == 0 {
			return err
		}
		e := event.Event{Action: event.Created, Entity: id.Notification, Detail: event.Detail{Moment: &now}}
		if len(readers) <= maxReaders {
			e.Readers = readers
		}
		return s.log.Append(ctx, e)
	})
}

// MadeAt gives the viewer's notifications that were made at a moment, as Detail of
// an event tells it.
func (s *Service) MadeAt(ctx context.Context, moment time.Time) ([]*Notification, error) {
	rows, err := store.Collect(ctx, s.db, madeAtSQL, scanNotification, access.Of(ctx).UserID, moment)
	if err != nil {
		return nil, fmt.Errorf("read new notifications: %w", err)
	}
	return rows, nil
}

func scanNotification(rows *sql.Rows) (*Notification, error) {
	n := new(Notification)
	err := rows.Scan(&n.ID, &n.Kind, &n.ArticleID, &n.CommentID, &n.MediaID, &n.Text, &n.CreatedAt, &n.ReadAt)
	n.CreatedAt = n.CreatedAt.UTC()
	return n, err
}

// Breaking is news that editors send to all readers.
type Breaking struct {
	Article int    `json:"article"`
	Text    string `json:"text"`
}

// tellAll is the job that tells readers of breaking news.
var tellAll = job.Kind[Breaking]{Name: "notifications.breaking", Timeout: 10 * time.Minute}

var (
	holdText = `SELECT id FROM articles WHERE id = $1`
	holdSQL  = store.Maintain(holdText+` FOR NO KEY UPDATE`, holdText)
)

// SendBreaking has every reader who wants breaking news told of an article. They are
// told once of each: sending the same again changes nothing, and other words are
// refused. Mistakes: NOT_FOUND, TAKEN.
func (s *Service) SendBreaking(ctx context.Context, b Breaking) error {
	if err := access.Require(ctx, access.PublishArticles); err != nil {
		return err
	}
	err := s.db.Tx(ctx, func(ctx context.Context) error {
		there, err := store.Collect(ctx, s.db, publicSQL, store.ScanInt, b.Article)
		if err != nil {
			return err
		}
		if len(there) == 0 {
			return fault.Mistake(fault.Missing, "articleId", "There is no such published article.")
		}
		if _, err := store.Collect(ctx, s.db, holdSQL, store.ScanInt, b.Article); err != nil { // who repeats the request waits
			return err
		}
		system := access.AsSystem(ctx)
		told, err := s.db.Ent(system).AuditEntry.Query().Where(auditentry.Action("sendBreakingNews"), auditentry.Entity(id.Article), auditentry.EntityID(b.Article)).
			Order(ent.Desc(auditentry.FieldAt, auditentry.FieldID)).First(system)
		if err == nil {
			var said struct{ Text string }
			if err := json.Unmarshal(told.After, &said); err != nil || said.Text != b.Text {
				return fault.Mistake(fault.Taken, "articleId", "Readers were told of this article on %s. Send news about another article.", told.At.UTC().Format(time.DateTime))
			}
			return nil
		}
		if !ent.IsNotFound(err) {
			return err
		}
		if err := job.Enqueue(ctx, s.jobs, tellAll, b, job.Options{Priority: job.High}); err != nil {
			return err
		}
		if err := s.log.Append(ctx, event.Event{Action: event.Created, Entity: event.Breaking, EntityID: b.Article, Detail: event.Detail{Text: b.Text}}); err != nil {
			return err
		}
		return s.audit.Record(ctx, audit.Entry{Action: "sendBreakingNews", Entity: id.Article, EntityID: b.Article, After: map[string]string{"text": b.Text}})
	})
	if err != nil {
		return fmt.Errorf("send breaking news: %w", err)
	}
	return nil
}

// usersAtOnce is how many accounts one statement tells.
const usersAtOnce = 1_000

// TellAll makes a notification for every reader who wants breaking news. It may
// be repeated: nobody is told twice.
func (s *Service) TellAll(ctx context.Context, b Breaking) error {
	last, err := store.Collect(ctx, s.db, lastUserSQL, store.ScanInt)
	if err != nil {
		return err
	}
	for after := 0; after < last[0]; after += usersAtOnce {
		now := s.Now()
		if err := s.made(ctx, now, tellAllSQL, after, b.Article, b.Text, now, after+usersAtOnce); err != nil {
			return fmt.Errorf("tell readers of breaking news: %w", err)
		}
	}
	return nil
}

// KeepNotificationsFor is how long notifications are kept.
const KeepNotificationsFor = 90 * 24 * time.Hour

// Tidy removes old notifications.
func (s *Service) Tidy(ctx context.Context) error {
	if _, err := s.db.Exec(ctx, forgetSQL, s.Now().Add(-KeepNotificationsFor)); err != nil {
		return fmt.Errorf("tidy notifications: %w", err)
	}
	return nil
}
