package interest

import (
	"context"
	"database/sql"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/broadsheet-cms/broadsheet/internal/access"
	"github.com/broadsheet-cms/broadsheet/internal/fault"
	"github.com/broadsheet-cms/broadsheet/internal/keyset"
	"github.com/broadsheet-cms/broadsheet/internal/store"
)

func replaceAll(text string, pairs ...string) string {
	for range 2 { // what is put in may name something itself
		text = strings.NewReplacer(pairs...).Replace(text)
	}
	return text
}

// Read is an article that a reader has read.
type Read struct {
	ID, ArticleID int
	At            time.Time
}

// ReadKey is the place of a read article in the history.
func ReadKey(r *Read) keyset.Key { return keyset.Key{Time: r.At.UnixMicro(), ID: r.ID} }

var (
	visibleSQL = store.ReadBoth(`SELECT a.id FROM articles a WHERE a.id = $1 AND visible_article(a)`)
	readSQL    = store.MaintainBoth(`INSERT INTO reading_history (user_id, article_id, read_at) VALUES ($1, $2, $3)
		ON CONFLICT (user_id, article_id) DO UPDATE SET read_at = excluded.read_at`)
	clearSQL   = store.MaintainBoth(`DELETE FROM reading_history WHERE user_id = $1`)
	hasReadSQL = store.ReadBoth(`SELECT h.article_id FROM each_id($2) JOIN reading_history h ON h.user_id = $1 AND h.article_id = each_id.id`)
)

// MarkRead notes that the viewer has read an article, unless they switched their
// history off. It reports whether it was noted.
func (s *Service) MarkRead(ctx context.Context, article int) (noted bool, err error) {
	user, err := reader(ctx)
	if err != nil {
		return false, err
	}
	err = s.db.Tx(ctx, func(ctx context.Context) error {
		there, err := store.Collect(ctx, s.db, visibleSQL, store.ScanInt, article)
		if err != nil {
			return err
		}
		if len(there) == 0 {
			return fault.Mistake(fault.Missing, "articleId", "There is no such article.")
		}
		settings, err := s.Settings(ctx)
		if err != nil || !settings.HistoryEnabled {
			return err
		}
		noted = true
		_, err = s.db.Exec(ctx, readSQL, user, article, s.Now())
		return err
	})
	if err != nil {
		return false, fmt.Errorf("note what was read: %w", err)
	}
	return noted, nil
}

// ClearHistory forgets what the viewer has read, and tells how much that was.
func (s *Service) ClearHistory(ctx context.Context) (int, error) {
	user, err := reader(ctx)
	if err != nil {
		return 0, err
	}
	done, err := s.db.Exec(ctx, clearSQL, user)
	if err != nil {
		return 0, fmt.Errorf("clear the reading history: %w", err)
	}
	n, err := done.RowsAffected()
	return int(n), err
}

// HasRead tells which articles stand in the viewer's history.
func (s *Service) HasRead(ctx context.Context, articles []int) (map[int]bool, error) {
	read := map[int]bool{}
	user := access.Of(ctx).UserID
	if user == 0 {
		return read, nil
	}
	found, err := store.Collect(ctx, s.db, hasReadSQL, store.ScanInt, user, s.db.IDs(articles))
	if err != nil {
		return nil, fmt.Errorf("look into the reading history: %w", err)
	}
	for _, article := range found {
		read[article] = true
	}
	return read, nil
}

const (
	historyPostgres = `SELECT h.id, h.article_id, h.read_at FROM reading_history h
		CROSS JOIN LATERAL (SELECT 1 FROM articles a WHERE a.id = h.article_id AND visible_article(a) LIMIT 1) seen
		WHERE h.user_id = $1 AND (h.read_at, h.id) < ($2, $3) AND (h.read_at, h.id) > ($4, $5) ORDER BY h.read_at {order}, h.id {order} LIMIT $6`
	historySQLite = `SELECT h.id, h.article_id, h.read_at FROM reading_history h CROSS JOIN articles a ON a.id = h.article_id
		WHERE h.user_id = $1 AND (h.read_at, h.id) < ($2, $3) AND (h.read_at, h.id) > ($4, $5) AND visible_article(a) ORDER BY h.read_at {order}, h.id {order} LIMIT $6`
	historyCount = `SELECT count(*) FROM (SELECT 1 FROM reading_history h JOIN articles a ON a.id = h.article_id WHERE h.user_id = $1 AND visible_article(a) LIMIT $2) AS counted`
)

func newHistory(order string) *store.Statement {
	return store.Read(replaceAll(historyPostgres, "{order}", order), replaceAll(historySQLite, "{order}", order))
}

var (
	newestHistorySQL = newHistory("DESC")
	oldestHistorySQL = newHistory("ASC")
	countHistorySQL  = store.ReadBoth(historyCount)
)

// History gives a window of what the viewer has read, the last first.
func (s *Service) History(ctx context.Context, w keyset.Window) ([]*Read, error) {
	statement := newestHistorySQL
	if w.Backward {
		statement = oldestHistorySQL
	}
	newer, older := w.Newer(), w.Older()
	rows, err := store.Collect(ctx, s.db, statement, func(rows *sql.Rows) (*Read, error) {
		r := new(Read)
		err := rows.Scan(&r.ID, &r.ArticleID, &r.At)
		r.At = r.At.UTC()
		return r, err
	}, access.Of(ctx).UserID, newer.Moment(), newer.ID, older.Moment(), older.ID, w.Limit)
	if err != nil {
		return nil, fmt.Errorf("read the reading history: %w", err)
	}
	if w.Backward {
		slices.Reverse(rows)
	}
	return rows, nil
}

// CountHistory counts it up to a limit.
func (s *Service) CountHistory(ctx context.Context, limit int) (int, error) {
	n, err := store.Collect(ctx, s.db, countHistorySQL, store.ScanInt, access.Of(ctx).UserID, limit)
	if err != nil {
		return 0, fmt.Errorf("count the reading history: %w", err)
	}
	return n[0], nil
}
