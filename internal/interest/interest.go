// Package interest keeps what readers care about: what they follow, the feed
// that comes of it, what they have read, and their notifications.
package interest

import (
	"context"
	"database/sql"
	"fmt"
	"slices"
	"time"

	"github.com/broadsheet-cms/broadsheet/ent"
	"github.com/broadsheet-cms/broadsheet/internal/access"
	"github.com/broadsheet-cms/broadsheet/internal/audit"
	"github.com/broadsheet-cms/broadsheet/internal/event"
	"github.com/broadsheet-cms/broadsheet/internal/fault"
	"github.com/broadsheet-cms/broadsheet/internal/id"
	"github.com/broadsheet-cms/broadsheet/internal/job"
	"github.com/broadsheet-cms/broadsheet/internal/keyset"
	"github.com/broadsheet-cms/broadsheet/internal/store"
)

// Service keeps interests.
type Service struct {
	db    *store.DB
	log   *event.Log
	jobs  *job.Runner
	audit *audit.Log
	// Now is the clock, for tests.
	Now func() time.Time
}

// New gives the service. It registers its jobs with the runner.
func New(db *store.DB, log *event.Log, jobs *job.Runner, record *audit.Log) *Service {
	s := &Service{db: db, log: log, jobs: jobs, audit: record, Now: func() time.Time { return time.Now().UTC().Truncate(time.Microsecond) }}
	job.Register(jobs, tellAll, s.TellAll)
	return s
}

// MaxFollows is how many things one reader can follow.
const MaxFollows = 10_000

// kinds are the values of listings.kind by the prefixes of public ids; see
// content.ListingKind.
var kinds = map[string]int{id.Category: 1, id.Tag: 2, id.Place: 3, id.Author: 4, id.Series: 5}

// tables are where the followed things are.
var tables = map[string]string{id.Category: "categories", id.Tag: "tags", id.Place: "places", id.Author: "authors", id.Series: "series"}

// Topic is something that can be followed.
type Topic struct {
	Prefix string // of its public id
	Key    int
}

func prefixOf(kind int) string {
	for prefix, k := range kinds {
		if k == kind {
			return prefix
		}
	}
	return ""
}

// Follow is a topic that a reader follows.
type Follow struct {
	ID    int
	Topic Topic
	Since time.Time
	// Notify is whether new articles about it make notifications.
	Notify bool
}

// FollowKey is the place of a follow in its list.
func FollowKey(f *Follow) keyset.Key { return keyset.Key{Time: f.Since.UnixMicro(), ID: f.ID} }

var (
	topicSQL = func() map[string]*store.Statement {
		all := map[string]*store.Statement{}
		for prefix, table := range tables {
			all[prefix] = store.MaintainBoth(`SELECT id FROM ` + table + ` WHERE id = $1`)
		}
		return all
	}()
	lockText       = `SELECT id FROM users WHERE id = $1`
	lockSQL        = store.Maintain(lockText+` FOR NO KEY UPDATE`, lockText)
	countFollowSQL = store.MaintainBoth(`SELECT count(*) FROM follows WHERE user_id = $1`)
	followSQL      = store.MaintainBoth(`INSERT INTO follows (user_id, kind, owner_id, notify, created_at) VALUES ($1, $2, $3, $4, $5)
		ON CONFLICT (user_id, kind, owner_id) DO UPDATE SET notify = excluded.notify`)
	unfollowSQL = store.MaintainBoth(`DELETE FROM follows WHERE user_id = $1 AND kind = $2 AND owner_id = $3`)
)

// reader gives the key of the account that is signed in.
func reader(ctx context.Context) (int, error) {
	if err := access.Require(ctx, access.UseAccount); err != nil {
		return 0, err
	}
	return access.Of(ctx).UserID, nil
}

func notFollowable() error {
	return fault.Mistake(fault.Invalid, "topicId", "Sections, tags, places, authors and series can be followed.")
}

// Follow follows a topic. Following twice is the same as once, with the last
// choice of notifications.
func (s *Service) Follow(ctx context.Context, t Topic, notify bool) error {
	user, err := reader(ctx)
	if err != nil {
		return err
	}
	if topicSQL[t.Prefix] == nil {
		return notFollowable()
	}
	err = s.db.Tx(ctx, func(ctx context.Context) error {
		there, err := store.Collect(ctx, s.db, topicSQL[t.Prefix], store.ScanInt, t.Key)
		if err != nil {
			return err
		}
		if len(there) == 0 {
			return fault.Mistake(fault.Missing, "topicId", "There is no such topic.")
		}
		if _, err := store.Collect(ctx, s.db, lockSQL, store.ScanInt, user); err != nil {
			return err
		}
		if _, err := s.db.Exec(ctx, followSQL, user, kinds[t.Prefix], t.Key, notify, s.Now()); err != nil {
			return err
		}
		counted, err := store.Collect(ctx, s.db, countFollowSQL, store.ScanInt, user)
		if err == nil && counted[0] > MaxFollows {
			return fault.Mistake(fault.LimitReached, "", "At most %d topics can be followed.", MaxFollows)
		}
		return err
	})
	if err != nil {
		return fmt.Errorf("follow: %w", err)
	}
	return nil
}

// Unfollow ends that. Ending it twice is the same as once.
func (s *Service) Unfollow(ctx context.Context, t Topic) error {
	user, err := reader(ctx)
	if err != nil {
		return err
	}
	if topicSQL[t.Prefix] == nil {
		return notFollowable()
	}
	if _, err := s.db.Exec(ctx, unfollowSQL, user, kinds[t.Prefix], t.Key); err != nil {
		return fmt.Errorf("unfollow: %w", err)
	}
	return nil
}

func followPage(direction string) *store.Statement {
	return store.MaintainBoth(`SELECT id, kind, owner_id, notify, created_at FROM follows WHERE user_id = $1
		AND (created_at, id) < ($2, $3) AND (created_at, id) > ($4, $5) ORDER BY created_at ` + direction + `, id ` + direction + ` LIMIT $6`)
}

var (
	newestFollowsSQL = followPage("DESC")
	oldestFollowsSQL = followPage("ASC")
)

// Follows gives a window of what the viewer follows, the newest first.
func (s *Service) Follows(ctx context.Context, w keyset.Window) ([]*Follow, error) {
	statement := newestFollowsSQL
	if w.Backward {
		statement = oldestFollowsSQL
	}
	newer, older := w.Newer(), w.Older()
	rows, err := store.Collect(ctx, s.db, statement, func(rows *sql.Rows) (*Follow, error) {
		f, kind := new(Follow), 0
		err := rows.Scan(&f.ID, &kind, &f.Topic.Key, &f.Notify, &f.Since)
		f.Topic.Prefix, f.Since = prefixOf(kind), f.Since.UTC()
		return f, err
	}, access.Of(ctx).UserID, newer.Moment(), newer.ID, older.Moment(), older.ID, w.Limit)
	if err != nil {
		return nil, fmt.Errorf("read what is followed: %w", err)
	}
	if w.Backward {
		slices.Reverse(rows)
	}
	return rows, nil
}

// CountFollows counts them up to a limit.
func (s *Service) CountFollows(ctx context.Context, limit int) (int, error) {
	n, err := store.Collect(ctx, s.db, countFollowSQL, store.ScanInt, access.Of(ctx).UserID)
	if err != nil {
		return 0, fmt.Errorf("count what is followed: %w", err)
	}
	return min(n[0], limit), nil
}

// Place is an article of the feed.
type Place struct {
	ArticleID int
	At        int64 // when it was published, in microseconds since 1970
}

// The feed reads, of each topic, the one article next to the place where the page
// begins; the articles of a page can only stand under the topics whose next
// article is among the first of those, so only they are read on. However many
// topics are followed, each costs one look into the index of listings, and a page
// further on costs the same as the first.
//
// {side}: newer or older than the place; {order}: away from it.
const (
	feedText = `WITH next AS (
			SELECT f.kind, f.owner_id, n.published_at, n.article_id FROM follows f {first}
			WHERE f.user_id = $1
		), edge AS (
			SELECT DISTINCT published_at, article_id FROM next ORDER BY published_at {order}, article_id {order} LIMIT $6
		), topic AS (
			SELECT next.kind, next.owner_id FROM next JOIN edge ON edge.article_id = next.article_id AND edge.published_at = next.published_at
		), found AS (
			SELECT DISTINCT l.published_at, l.article_id FROM topic {rest}
		)
		SELECT found.article_id, found.published_at FROM found CROSS JOIN articles a
		WHERE a.id = found.article_id AND visible_article(a) ORDER BY found.published_at {order}, found.article_id {order} LIMIT $6`
	firstPostgres = `CROSS JOIN LATERAL (SELECT l.published_at, l.article_id FROM listings l WHERE l.kind = f.kind AND l.owner_id = f.owner_id
		AND (l.published_at, l.article_id) < ($2, $3) AND (l.published_at, l.article_id) > ($4, $5)
		ORDER BY l.published_at {order}, l.article_id {order} LIMIT 1) n`
	restPostgres = `CROSS JOIN LATERAL (SELECT l.published_at, l.article_id FROM listings l WHERE l.kind = topic.kind AND l.owner_id = topic.owner_id
		AND (l.published_at, l.article_id) < ($2, $3) AND (l.published_at, l.article_id) > ($4, $5)
		ORDER BY l.published_at {order}, l.article_id {order} LIMIT $6) l`
	// SQLite has no LATERAL: a sub-select finds the key, and the index its row.
	firstSQLite = `CROSS JOIN listings n ON n.kind = f.kind AND n.owner_id = f.owner_id AND (n.published_at, n.article_id) = (
		SELECT l.published_at, l.article_id FROM listings l WHERE l.kind = f.kind AND l.owner_id = f.owner_id
		AND (l.published_at, l.article_id) < ($2, $3) AND (l.published_at, l.article_id) > ($4, $5)
		ORDER BY l.published_at {order}, l.article_id {order} LIMIT 1)`
	restSQLite = `CROSS JOIN listings l ON l.kind = topic.kind AND l.owner_id = topic.owner_id AND l.article_id IN (
		SELECT m.article_id FROM listings m WHERE m.kind = topic.kind AND m.owner_id = topic.owner_id
		AND (m.published_at, m.article_id) < ($2, $3) AND (m.published_at, m.article_id) > ($4, $5)
		ORDER BY m.published_at {order}, m.article_id {order} LIMIT $6)
		AND (l.published_at, l.article_id) < ($2, $3) AND (l.published_at, l.article_id) > ($4, $5)`
)

var newestFeedSQL, oldestFeedSQL = newFeed("DESC"), newFeed("ASC")

func newFeed(order string) *store.Statement {
	fill := func(first, rest string) string {
		return replaceAll(feedText, "{first}", first, "{rest}", rest, "{order}", order)
	}
	return store.Read(fill(firstPostgres, restPostgres), fill(firstSQLite, restSQLite))
}

// Feed gives a window of the articles about what the viewer follows, the newest
// first, each once, in one statement however many topics that are.
func (s *Service) Feed(ctx context.Context, w keyset.Window) ([]Place, error) {
	statement := newestFeedSQL
	if w.Backward {
		statement = oldestFeedSQL
	}
	newer, older := w.Newer(), w.Older()
	places, err := store.Collect(ctx, s.db, statement, func(rows *sql.Rows) (p Place, err error) {
		err = rows.Scan(&p.ArticleID, &p.At)
		return p, err
	}, access.Of(ctx).UserID, newer.Time, newer.ID, older.Time, older.ID, w.Limit)
	if err != nil {
		return nil, fmt.Errorf("read the feed: %w", err)
	}
	if w.Backward {
		slices.Reverse(places)
	}
	return places, nil
}

var followedSQL = store.ReadBoth(`SELECT l.article_id, l.kind, l.owner_id FROM each_id($2) JOIN listings l ON l.article_id = each_id.id
	JOIN follows f ON f.user_id = $1 AND f.kind = l.kind AND f.owner_id = l.owner_id ORDER BY l.article_id, l.kind, l.owner_id`)

// Followed gives the topics of each article that the viewer follows.
func (s *Service) Followed(ctx context.Context, articles []int) (map[int][]Topic, error) {
	topics := map[int][]Topic{}
	user := access.Of(ctx).UserID
	if user == 0 {
		return topics, nil
	}
	_, err := store.Collect(ctx, s.db, followedSQL, func(rows *sql.Rows) (struct{}, error) {
		var article, kind int
		var t Topic
		err := rows.Scan(&article, &kind, &t.Key)
		t.Prefix = prefixOf(kind)
		topics[article] = append(topics[article], t)
		return struct{}{}, err
	}, user, s.db.IDs(articles))
	if err != nil {
		return nil, fmt.Errorf("look for followed topics: %w", err)
	}
	return topics, nil
}

var (
	settingsSQL = store.MaintainBoth(`SELECT history_enabled, notify_replies, notify_followed, notify_breaking, digest FROM reader_settings WHERE user_id = $1`)
	setSQL      = store.MaintainBoth(`INSERT INTO reader_settings (user_id, history_enabled, notify_replies, notify_followed, notify_breaking, digest) VALUES ($1, $2, $3, $4, $5, $6)
		ON CONFLICT (user_id) DO UPDATE SET history_enabled = excluded.history_enabled, notify_replies = excluded.notify_replies,
			notify_followed = excluded.notify_followed, notify_breaking = excluded.notify_breaking, digest = excluded.digest,
			digest_due_at = CASE WHEN reader_settings.digest = excluded.digest THEN reader_settings.digest_due_at END`)
)

// Settings gives what the viewer has chosen.
func (s *Service) Settings(ctx context.Context) (*ent.ReaderSettings, error) {
	found, err := store.Collect(ctx, s.db, settingsSQL, func(rows *sql.Rows) (*ent.ReaderSettings, error) {
		r := new(ent.ReaderSettings)
		return r, rows.Scan(&r.HistoryEnabled, &r.NotifyReplies, &r.NotifyFollowed, &r.NotifyBreaking, &r.Digest)
	}, access.Of(ctx).UserID)
	if err != nil {
		return nil, fmt.Errorf("read a reader's settings: %w", err)
	}
	if len(found) == 0 {
		return &ent.ReaderSettings{HistoryEnabled: true, NotifyReplies: true, NotifyFollowed: true, NotifyBreaking: true, Digest: "NEVER"}, nil
	}
	return found[0], nil
}

// UpdateSettings changes what the viewer has chosen.
func (s *Service) UpdateSettings(ctx context.Context, change func(*ent.ReaderSettings)) (set *ent.ReaderSettings, err error) {
	user, err := reader(ctx)
	if err != nil {
		return nil, err
	}
	err = s.db.Tx(ctx, func(ctx context.Context) error {
		if _, err := store.Collect(ctx, s.db, lockSQL, store.ScanInt, user); err != nil {
			return err
		}
		if set, err = s.Settings(ctx); err != nil {
			return err
		}
		change(set)
		_, err := s.db.Exec(ctx, setSQL, user, set.HistoryEnabled, set.NotifyReplies, set.NotifyFollowed, set.NotifyBreaking, string(set.Digest))
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("change a reader's settings: %w", err)
	}
	return set, nil
}
