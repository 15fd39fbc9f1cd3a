package comment

import (
	"context"
	"database/sql"
	"fmt"
	"slices"
	"strings"

	"github.com/broadsheet-cms/broadsheet/ent"
	"github.com/broadsheet-cms/broadsheet/internal/keyset"
	"github.com/broadsheet-cms/broadsheet/internal/store"
)

// List says which comments a list holds.
type List int

// The lists.
const (
	OfArticle List = iota // the comments right below an article, each of which begins a thread
	OfComment             // the direct replies to a comment
)

// Order is the order of a list.
type Order int

// The orders.
const (
	NewestFirst Order = iota
	OldestFirst
)

// Key is the place of a comment in every list.
func Key(c *ent.Comment) keyset.Key { return keyset.Key{Time: c.PostedAt.UnixMicro(), ID: c.ID} }

// A list is one range of the index comment_thread for each owner, whatever the
// number of comments. PostgreSQL is told so by LATERAL, SQLite by a sub-select
// for each owner. In the order of PostgreSQL stands parent_id, although it is
// one value: it does not take from "IS NULL" that a column is constant, and
// would sort.
//
// {owner}: the conditions of the list, on {c}; {direction}: of the read.
const (
	pagePostgres = `SELECT each_id.id, {comment} FROM each_id($1) CROSS JOIN LATERAL (
			SELECT c.id, c.article_id, c.parent_id, c.user_id, c.guest_name, c.body, c.kind, c.status, c.posted_at, c.edited_at, c.reply_count
			FROM comments c WHERE {owner} AND (c.posted_at, c.id) < ($2, $3) AND (c.posted_at, c.id) > ($4, $5) AND visible_comment(c)
			ORDER BY c.parent_id {direction}, c.posted_at {direction}, c.id {direction} LIMIT $6) c
		LEFT JOIN users u ON u.id = c.user_id`
	pageSQLite = `SELECT each_id.id, {comment} FROM each_id($1) CROSS JOIN comments c LEFT JOIN users u ON u.id = c.user_id
		WHERE c.id IN (SELECT t.id FROM comments t
			WHERE {owner} AND (t.posted_at, t.id) < ($2, $3) AND (t.posted_at, t.id) > ($4, $5) AND visible_comment(t)
			ORDER BY t.posted_at {direction}, t.id {direction} LIMIT $6)
		AND visible_comment(c)`
	countText = `SELECT each_id.id, (SELECT count(*) FROM (SELECT 1 FROM comments c WHERE {owner} AND visible_comment(c) LIMIT $2) AS counted)
		FROM each_id($1)`
	existsText = `SELECT 1 FROM comments c WHERE {owner} AND (c.posted_at, c.id) {side} ($2, $3) AND visible_comment(c)
		ORDER BY c.parent_id {direction}, c.posted_at {direction}, c.id {direction} LIMIT 1`
)

// owners are the conditions of the lists. Replies name the article of their
// parent too, as the index begins with it; the replies to a hidden comment
// belong to no article and so are not found.
var owners = [...]string{
	OfArticle: `{c}.article_id = {id} AND {c}.parent_id IS NULL`,
	OfComment: `{c}.article_id = (SELECT p.article_id FROM comments p WHERE p.id = {id} AND visible_comment(p)) AND {c}.parent_id = {id}`,
}

type listStatements struct{ descending, ascending, count, newer, older *store.Statement }

func newListStatements(list List) listStatements {
	fill := func(text, alias, id string, pairs ...string) string {
		owner := strings.NewReplacer("{c}", alias, "{id}", id).Replace(owners[list])
		return strings.NewReplacer(append(pairs, "{owner}", owner)...).Replace(withColumns(text))
	}
	page := func(direction string) *store.Statement {
		return store.Read(fill(pagePostgres, "c", "each_id.id", "{direction}", direction),
			fill(pageSQLite, "t", "each_id.id", "{direction}", direction))
	}
	return listStatements{
		descending: page("DESC"),
		ascending:  page("ASC"),
		count:      store.ReadBoth(fill(countText, "c", "each_id.id")),
		newer:      store.ReadBoth(fill(existsText, "c", "$1", "{side}", ">", "{direction}", "ASC")),
		older:      store.ReadBoth(fill(existsText, "c", "$1", "{side}", "<", "{direction}", "DESC")),
	}
}

var lists = [...]listStatements{OfArticle: newListStatements(OfArticle), OfComment: newListStatements(OfComment)}

// Threads gives a window of the comments right below each article, with the
// display names of their authors, in one statement for all articles. To tell
// whether more follows, ask for one more than is shown.
func (s *Service) Threads(ctx context.Context, order Order, articles []int, w keyset.Window) (map[int][]*ent.Comment, error) {
	return s.page(ctx, OfArticle, order, articles, w)
}

// Replies gives a window of the direct replies to each comment, oldest first,
// in one statement for all comments.
func (s *Service) Replies(ctx context.Context, comments []int, w keyset.Window) (map[int][]*ent.Comment, error) {
	return s.page(ctx, OfComment, OldestFirst, comments, w)
}

func (s *Service) page(ctx context.Context, list List, order Order, owners []int, w keyset.Window) (map[int][]*ent.Comment, error) {
	statement := lists[list].ascending
	if (order == NewestFirst) != w.Backward {
		statement = lists[list].descending
	}
	newer, older := bounds(order, w)
	type row struct {
		owner   int
		comment *ent.Comment
	}
	rows, err := store.Collect(ctx, s.db, statement, func(rows *sql.Rows) (r row, err error) {
		r.comment, err = scanComment(rows, &r.owner)
		return r, err
	}, s.db.IDs(owners), newer.Moment(), newer.ID, older.Moment(), older.ID, w.Limit)
	if err != nil {
		return nil, fmt.Errorf("read comments: %w", err)
	}
	byOwner := make(map[int][]*ent.Comment, len(owners))
	for _, r := range rows {
		byOwner[r.owner] = append(byOwner[r.owner], r.comment)
	}
	for _, comments := range byOwner {
		slices.SortFunc(comments, order.compare)
	}
	return byOwner, nil
}

func (o Order) compare(a, b *ent.Comment) int {
	if o == OldestFirst {
		a, b = b, a
	}
	return keyset.CompareNewestFirst(Key(a), Key(b))
}

// bounds gives the keys that a window lies between: every comment of it is
// older than newer and newer than older.
func bounds(order Order, w keyset.Window) (newer, older keyset.Key) {
	if order == OldestFirst {
		w.After, w.Before = w.Before, w.After
	}
	return w.Newer(), w.Older()
}

// Counts counts the list of each owner up to a limit, in one statement for all
// of them.
func (s *Service) Counts(ctx context.Context, list List, owners []int, limit int) (map[int]int, error) {
	counts, err := store.Counts(ctx, s.db, lists[list].count, s.db.IDs(owners), limit)
	if err != nil {
		return nil, fmt.Errorf("count comments: %w", err)
	}
	return counts, nil
}

// HasNewer reports whether a list holds anything newer than a key.
func (s *Service) HasNewer(ctx context.Context, list List, owner int, than keyset.Key) (bool, error) {
	return s.exists(ctx, lists[list].newer, owner, than)
}

// HasOlder reports whether a list holds anything older than a key.
func (s *Service) HasOlder(ctx context.Context, list List, owner int, than keyset.Key) (bool, error) {
	return s.exists(ctx, lists[list].older, owner, than)
}

func (s *Service) exists(ctx context.Context, statement *store.Statement, owner int, than keyset.Key) (bool, error) {
	found, err := store.Collect(ctx, s.db, statement, store.ScanInt, owner, than.Moment(), than.ID)
	if err != nil {
		return false, fmt.Errorf("look beyond a page of comments: %w", err)
	}
	return len(found) > 0, nil
}
