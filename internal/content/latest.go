package content

import (
	"context"
	"database/sql"
	"fmt"
	"slices"
	"strings"

	"github.com/broadsheet-cms/broadsheet/ent"
	"github.com/broadsheet-cms/broadsheet/internal/keyset"
	"github.com/broadsheet-cms/broadsheet/internal/language"
	"github.com/broadsheet-cms/broadsheet/internal/store"
)

// ListingKind says what an article is listed under.
type ListingKind int

// The kinds of listings, as stored.
const (
	BySite     ListingKind = iota // every published article; the owner is 0
	ByCategory                    // a section with all its sub-sections
	ByTag
	ByPlace
	ByAuthor
	BySeries
)

// List is one list of published articles, newest first.
type List struct {
	Kind     ListingKind
	Language string // BCP 47; empty: all languages
}

// Key is the place of an article in every List.
func Key(a *ent.Article) keyset.Key {
	k := keyset.Key{ID: a.ID}
	if a.PublishedAt != nil {
		k.Time = a.PublishedAt.UnixMicro()
	}
	return k
}

// A list is one range of the listings' index for each owner, whatever the size
// of the archive and the depth of the tree. PostgreSQL is told so by LATERAL,
// SQLite by a sub-select for each owner.
//
// {order}: newest first, or oldest first for the end of a list; {language}: a
// condition on the second index when only one language is wanted.
const (
	latestPostgres = `SELECT each_id.id, {article} FROM each_id($2) CROSS JOIN LATERAL (
		SELECT a.* FROM listings l JOIN articles a ON a.id = l.article_id
		WHERE l.kind = $1 AND l.owner_id = each_id.id {language}
			AND (l.published_at, l.article_id) < ($3, $4) AND (l.published_at, l.article_id) > ($5, $6) AND visible_article(a)
		ORDER BY l.published_at {order}, l.article_id {order} LIMIT $7) a`
	latestSQLite = `SELECT each_id.id, {article} FROM each_id($2) CROSS JOIN articles a
		WHERE a.id IN (SELECT l.article_id FROM listings l CROSS JOIN articles b ON b.id = l.article_id
			WHERE l.kind = $1 AND l.owner_id = each_id.id {language}
				AND (l.published_at, l.article_id) < ($3, $4) AND (l.published_at, l.article_id) > ($5, $6) AND visible_article(b)
			ORDER BY l.published_at {order}, l.article_id {order} LIMIT $7)
		AND visible_article(a)`
	countLatest = `SELECT each_id.id, (SELECT count(*) FROM (SELECT 1 FROM listings l JOIN articles a ON a.id = l.article_id
		WHERE l.kind = $1 AND l.owner_id = each_id.id {language} AND visible_article(a) LIMIT $3) AS counted) FROM each_id($2)`
	existsLatest = `SELECT 1 FROM listings l JOIN articles a ON a.id = l.article_id
		WHERE l.kind = $1 AND l.owner_id = $2 {language} AND (l.published_at, l.article_id) {side} ($3, $4) AND visible_article(a) LIMIT 1`
)

// latestStatements are the variants of the statements above.
type latestStatements struct {
	newest, oldest      articleStatement
	count, newer, older *store.Statement
}

func newLatestStatements(languagePage, languageCount, languageExists string) latestStatements {
	fill := func(text string, pairs ...string) string {
		return strings.NewReplacer(pairs...).Replace(text)
	}
	page := func(order string) articleStatement {
		return readListedArticles(fill(latestPostgres, "{language}", languagePage, "{order}", order),
			fill(latestSQLite, "{language}", languagePage, "{order}", order))
	}
	return latestStatements{
		newest: page("DESC"),
		oldest: page("ASC"),
		count:  store.ReadBoth(fill(countLatest, "{language}", languageCount)),
		newer:  store.ReadBoth(fill(existsLatest, "{language}", languageExists, "{side}", ">")),
		older:  store.ReadBoth(fill(existsLatest, "{language}", languageExists, "{side}", "<")),
	}
}

var (
	latestAll        = newLatestStatements("", "", "")
	latestInLanguage = newLatestStatements("AND l.language = $8", "AND l.language = $4", "AND l.language = $5")
)

func (l List) statements() latestStatements {
	if l.Language == "" {
		return latestAll
	}
	return latestInLanguage
}

func (l List) args(args ...any) []any {
	if l.Language == "" {
		return args
	}
	return append(args, l.Language)
}

// languagesSQL looks up one entry of the index of listings for each language.
var languagesSQL = store.MaintainBoth(`WITH RECURSIVE known (language) AS (
		SELECT min(l.language) FROM listings l WHERE l.kind = $1 AND l.owner_id = 0
		UNION ALL SELECT (SELECT min(l.language) FROM listings l WHERE l.kind = $1 AND l.owner_id = 0 AND l.language > known.language) FROM known WHERE known.language IS NOT NULL
	) SELECT language FROM known WHERE language IS NOT NULL`)

// Languages gives the languages that published articles are written in.
func (s *Service) Languages(ctx context.Context) ([]string, error) {
	found, err := store.Collect(ctx, s.db, languagesSQL, func(rows *sql.Rows) (language string, err error) {
		err = rows.Scan(&language)
		return language, err
	}, int(BySite))
	if err != nil {
		return nil, fmt.Errorf("list the languages of articles: %w", err)
	}
	return found, nil
}

// LatestInForms gives the newest articles of one list in its language or, where there is
// none, in other forms of it: those in en-GB for en.
func (s *Service) LatestInForms(ctx context.Context, of List, owner, count int) ([]*ent.Article, error) {
	listed, err := s.Latest(ctx, of, []int{owner}, keyset.First(count))
	if err != nil || len(listed[owner]) > 0 || of.Language == "" {
		return listed[owner], err
	}
	languages, err := s.Languages(ctx)
	if err != nil {
		return nil, err
	}
	var found []*ent.Article
	exact := of.Language
	for _, form := range languages {
		if form == exact || language.Base(form) != language.Base(exact) {
			continue
		}
		of.Language = form
		listed, err := s.Latest(ctx, of, []int{owner}, keyset.First(count))
		if err != nil {
			return nil, err
		}
		found = append(found, listed[owner]...)
	}
	slices.SortFunc(found, newestFirst)
	return found[:min(len(found), count)], nil
}

// Latest gives a window of the list of each owner, newest first, in one
// statement for all of them. To tell whether more follows, ask for one more
// than is shown.
func (s *Service) Latest(ctx context.Context, list List, owners []int, w keyset.Window) (map[int][]*ent.Article, error) {
	statement := list.statements().newest
	if w.Backward {
		statement = list.statements().oldest
	}
	newer, older := w.Newer(), w.Older()
	type row struct {
		owner   int
		article *ent.Article
	}
	rows, err := collectArticles(ctx, s.db, statement, func(article func(...any) (*ent.Article, error)) (r row, err error) {
		r.article, err = article(&r.owner)
		return r, err
	}, list.args(int(list.Kind), s.db.IDs(owners), newer.Time, newer.ID, older.Time, older.ID, w.Limit)...)
	if err != nil {
		return nil, fmt.Errorf("read the latest news: %w", err)
	}
	byOwner := make(map[int][]*ent.Article, len(owners))
	for _, r := range rows {
		byOwner[r.owner] = append(byOwner[r.owner], r.article)
	}
	for _, articles := range byOwner {
		slices.SortFunc(articles, newestFirst)
	}
	return byOwner, nil
}

// newestFirst is the order of every List.
func newestFirst(a, b *ent.Article) int { return keyset.CompareNewestFirst(Key(a), Key(b)) }

// CountLatest counts the list of each owner up to a limit, in one statement for
// all of them.
func (s *Service) CountLatest(ctx context.Context, list List, owners []int, limit int) (map[int]int, error) {
	counts, err := store.Counts(ctx, s.db, list.statements().count, list.args(int(list.Kind), s.db.IDs(owners), limit)...)
	if err != nil {
		return nil, fmt.Errorf("count the latest news: %w", err)
	}
	return counts, nil
}

// HasNewer reports whether a list holds anything newer than a key.
func (s *Service) HasNewer(ctx context.Context, list List, owner int, than keyset.Key) (bool, error) {
	return s.exists(ctx, list.statements().newer, list.args(int(list.Kind), owner, than.Time, than.ID)...)
}

// HasOlder reports whether a list holds anything older than a key.
func (s *Service) HasOlder(ctx context.Context, list List, owner int, than keyset.Key) (bool, error) {
	return s.exists(ctx, list.statements().older, list.args(int(list.Kind), owner, than.Time, than.ID)...)
}

func (s *Service) exists(ctx context.Context, statement *store.Statement, args ...any) (bool, error) {
	found, err := store.Collect(ctx, s.db, statement, store.ScanInt, args...)
	if err != nil {
		return false, fmt.Errorf("look beyond a page: %w", err)
	}
	return len(found) > 0, nil
}
