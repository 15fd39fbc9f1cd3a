package bookmark

import (
	"context"
	"database/sql"
	"fmt"
	"slices"
	"strings"

	"github.com/broadsheet-cms/broadsheet/internal/access"
	"github.com/broadsheet-cms/broadsheet/internal/fault"
	"github.com/broadsheet-cms/broadsheet/internal/keyset"
	"github.com/broadsheet-cms/broadsheet/internal/secret"
	"github.com/broadsheet-cms/broadsheet/internal/store"
)

// Shelf is a reading list as it is read: that of the viewer or of a device, of
// all sections or of one with its sub-sections.
type Shelf struct {
	list     int
	Category int // key of a section; 0: all
}

var (
	userShelfSQL   = store.ReadBoth(`SELECT id FROM reading_lists WHERE user_id = $1`)
	deviceShelfSQL = store.ReadBoth(`SELECT id FROM reading_lists WHERE token_hash = $1 AND user_id IS NULL`)
)

// Of gives the list of whoever is signed in, else that of the device. A reader
// who has saved nothing has an empty one; a device token that names no list is
// a mistake.
func (s *Service) Of(ctx context.Context, device string) (Shelf, error) {
	user := access.Of(ctx).UserID
	var found []int
	var err error
	switch {
	case user != 0:
		found, err = store.Collect(ctx, s.db, userShelfSQL, store.ScanInt, user)
	case device == "":
		return Shelf{}, nil
	case len(device) > maxToken:
		return Shelf{}, unknownDevice()
	default:
		if found, err = store.Collect(ctx, s.db, deviceShelfSQL, store.ScanInt, secret.Hash(device)); err == nil && len(found) == 0 {
			return Shelf{}, unknownDevice()
		}
	}
	if err != nil {
		return Shelf{}, fmt.Errorf("find the reading list: %w", err)
	}
	if len(found) == 0 {
		return Shelf{}, nil
	}
	return Shelf{list: found[0]}, nil
}

// A page is a range of the index bookmark_saved. Each bookmark asks for its
// article by key: PostgreSQL is told so by LATERAL with a LIMIT, SQLite by CROSS
// JOIN. Bookmarks of articles that the viewer cannot see stay, unseen.
//
// {direction}: of the read; {section}: a condition on the article.
const (
	pagePostgres = `SELECT b.id, b.article_id, b.saved_at FROM bookmarks b
		CROSS JOIN LATERAL (SELECT 1 FROM articles a WHERE a.id = b.article_id AND visible_article(a) {section} LIMIT 1) seen
		WHERE b.list_id = $1 AND b.removed_at IS NULL AND (b.saved_at, b.id) < ($2, $3) AND (b.saved_at, b.id) > ($4, $5)
		ORDER BY b.saved_at {direction}, b.id {direction} LIMIT $6`
	pageSQLite = `SELECT b.id, b.article_id, b.saved_at FROM bookmarks b CROSS JOIN articles a ON a.id = b.article_id
		WHERE b.list_id = $1 AND b.removed_at IS NULL AND (b.saved_at, b.id) < ($2, $3) AND (b.saved_at, b.id) > ($4, $5)
			AND visible_article(a) {section}
		ORDER BY b.saved_at {direction}, b.id {direction} LIMIT $6`
	countText = `SELECT count(*) FROM (SELECT 1 FROM bookmarks b CROSS JOIN articles a
		WHERE a.id = b.article_id AND b.list_id = $1 AND b.removed_at IS NULL AND visible_article(a) {section} LIMIT $2) AS counted`
)

type shelfStatements struct{ descending, ascending, count *store.Statement }

func newShelfStatements(inPage, inCount string) shelfStatements {
	page := func(direction string) *store.Statement {
		r := strings.NewReplacer("{direction}", direction, "{section}", inPage)
		return store.Read(r.Replace(pagePostgres), r.Replace(pageSQLite))
	}
	return shelfStatements{page("DESC"), page("ASC"), store.ReadBoth(strings.ReplaceAll(countText, "{section}", inCount))}
}

var (
	allSections = newShelfStatements("", "")
	// 1 is content.ByCategory: the listings of a section have the articles of
	// its sub-sections too.
	oneSection = newShelfStatements(
		"AND EXISTS (SELECT 1 FROM listings l WHERE l.article_id = a.id AND l.kind = 1 AND l.owner_id = $7)",
		"AND EXISTS (SELECT 1 FROM listings l WHERE l.article_id = a.id AND l.kind = 1 AND l.owner_id = $3)")
)

func (shelf Shelf) statements() shelfStatements {
	if shelf.Category == 0 {
		return allSections
	}
	return oneSection
}

func (shelf Shelf) args(args ...any) []any {
	if shelf.Category == 0 {
		return args
	}
	return append(args, shelf.Category)
}

func scanBookmark(rows *sql.Rows) (*Bookmark, error) {
	b := new(Bookmark)
	err := rows.Scan(&b.ID, &b.ArticleID, &b.SavedAt)
	b.SavedAt = b.SavedAt.UTC()
	return b, err
}

// List gives a window of a reading list, the article saved last first.
func (s *Service) List(ctx context.Context, shelf Shelf, w keyset.Window) ([]*Bookmark, error) {
	statement := shelf.statements().descending
	if w.Backward {
		statement = shelf.statements().ascending
	}
	newer, older := w.Newer(), w.Older()
	rows, err := store.Collect(ctx, s.db, statement, scanBookmark,
		shelf.args(shelf.list, newer.Moment(), newer.ID, older.Moment(), older.ID, w.Limit)...)
	if err != nil {
		return nil, fmt.Errorf("read the reading list: %w", err)
	}
	if w.Backward {
		slices.Reverse(rows)
	}
	return rows, nil
}

// Count counts a reading list up to a limit.
func (s *Service) Count(ctx context.Context, shelf Shelf, limit int) (int, error) {
	n, err := store.Collect(ctx, s.db, shelf.statements().count, store.ScanInt, shelf.args(shelf.list, limit)...)
	if err != nil {
		return 0, fmt.Errorf("count the reading list: %w", err)
	}
	return n[0], nil
}

var hasSQL = store.ReadBoth(`SELECT b.article_id FROM each_id($2) JOIN bookmarks b ON b.article_id = each_id.id AND b.list_id = $1 WHERE b.removed_at IS NULL`)

// Has tells which of the articles are on a reading list.
func (s *Service) Has(ctx context.Context, shelf Shelf, articles []int) (map[int]bool, error) {
	has := map[int]bool{}
	if shelf.list == 0 {
		return has, nil
	}
	found, err := store.Collect(ctx, s.db, hasSQL, store.ScanInt, shelf.list, s.db.IDs(articles))
	if err != nil {
		return nil, fmt.Errorf("look for bookmarks: %w", err)
	}
	for _, article := range found {
		has[article] = true
	}
	return has, nil
}

// Change is what a client that was offline has missed of one article.
type Change struct {
	Bookmark
	Revision int
	Removed  bool
	Visible  bool // whether the viewer can see the article now
}

// ChangeKey is the place of a change among those of its list.
func ChangeKey(c *Change) keyset.Key { return keyset.Key{Time: int64(c.Revision), ID: c.ID} }

var (
	forgottenSQL = store.ReadBoth(`SELECT forgotten FROM reading_lists WHERE id = $1`)
	changesSQL   = store.ReadBoth(`SELECT b.id, b.article_id, b.saved_at, b.revision, b.removed_at IS NOT NULL,
			EXISTS (SELECT 1 FROM articles a WHERE a.id = b.article_id AND visible_article(a))
		FROM bookmarks b WHERE b.list_id = $1 AND (b.revision, b.id) > ($2, $3) ORDER BY b.revision, b.id LIMIT $4`)
)

// Changes gives what changed in a list after a place, the oldest change first;
// each bookmark stands there once, with its last change. A place before changes
// that are forgotten is CURSOR_EXPIRED: the client reads the whole list again.
func (s *Service) Changes(ctx context.Context, shelf Shelf, after *keyset.Key, limit int) ([]*Change, error) {
	if shelf.list == 0 {
		return nil, nil
	}
	var from keyset.Key
	if after != nil {
		from = *after
		forgotten, err := store.Collect(ctx, s.db, forgottenSQL, store.ScanInt, shelf.list)
		if err != nil {
			return nil, fmt.Errorf("read changes of bookmarks: %w", err)
		}
		if len(forgotten) > 0 && from.Time < int64(forgotten[0]) {
			return nil, fault.New(fault.CursorExpired, "Changes of that time are no longer kept: read viewer.bookmarks again, then bookmarkChanges without after.")
		}
	}
	changes, err := store.Collect(ctx, s.db, changesSQL, func(rows *sql.Rows) (*Change, error) {
		c := new(Change)
		err := rows.Scan(&c.ID, &c.ArticleID, &c.SavedAt, &c.Revision, &c.Removed, &c.Visible)
		c.SavedAt = c.SavedAt.UTC()
		return c, err
	}, shelf.list, from.Time, from.ID, limit)
	if err != nil {
		return nil, fmt.Errorf("read changes of bookmarks: %w", err)
	}
	return changes, nil
}
