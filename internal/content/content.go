// Package content is the newsroom's heart: articles with their parts, the
// lists they appear in, what comes before and after them and what they are
// related to.
//
// Reading is in latest.go, neighbours.go, related.go and parts.go, by
// statements that answer all parents of a page at once; writing is in save.go
// and move.go and, for all articles of an owner at once, in reassign.go; they
// alone change articles and keep everything derived from them right.
package content

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/broadsheet-cms/broadsheet/ent"
	"github.com/broadsheet-cms/broadsheet/ent/article"
	"github.com/broadsheet-cms/broadsheet/internal/directory"
	"github.com/broadsheet-cms/broadsheet/internal/event"
	"github.com/broadsheet-cms/broadsheet/internal/job"
	"github.com/broadsheet-cms/broadsheet/internal/related"
	"github.com/broadsheet-cms/broadsheet/internal/store"
)

// Service reads and writes articles.
type Service struct {
	db          *store.DB
	log         *event.Log
	dir         *directory.Directory
	derivations []Derivation
	jobs        *job.Runner
	// RefreshLater, where it is set, has Refresh called for articles once the
	// transaction of ctx has committed.
	RefreshLater func(ctx context.Context, articles []int) error
	// Now is the clock, for tests.
	Now func() time.Time
	// Ranker is how related articles are ranked, for measurements.
	Ranker related.Ranker
}

// New gives the service.
func New(db *store.DB, log *event.Log, dir *directory.Directory) *Service {
	return &Service{db: db, log: log, dir: dir, Ranker: related.NewRanker(), Now: func() time.Time { return time.Now().UTC().Truncate(time.Microsecond) }}
}

// Snapshot runs fn with a context in which everything is read as it was at one
// moment.
func (s *Service) Snapshot(ctx context.Context, fn func(ctx context.Context) error) error {
	return s.db.Snapshot(ctx, fn)
}

// Derivation keeps something that is derived from articles, such as the search
// index, right: Refresh is called in the transaction of every save.
type Derivation interface {
	Refresh(ctx context.Context, articles []int) error
}

// Derive adds a derivation. It is called before the service is used.
func (s *Service) Derive(d Derivation) { s.derivations = append(s.derivations, d) }

// articleColumns are the columns of an article that readers can see, in the
// order of scanArticle, and listColumns those of them that most lists show.
// Fields for staff (schedules, versions, sources) are not read for readers.
//
// PostgreSQL spends as much on writing four times as on all the rest, and most
// are the same: what equals published_at is not sent.
const (
	listColumns = `a.id, a.kind, a.status, a.title, a.slug, a.excerpt, a.language, a.published_at, a.reading_minutes,
	a.comment_count, a.primary_category_id, a.featured_media_id`
	articleColumns = listColumns + `, a.subtitle, a.translation_group, {first}, {updated}, a.corrected_at, a.word_count,
	a.comment_policy, a.comments_close_at, a.series_id, a.series_position, a.source_uri, {modified}`
	firstPostgres    = `CASE WHEN a.status <> 'PUBLISHED' OR a.first_published_at <> a.published_at THEN a.first_published_at END`
	updatedPostgres  = `nullif(a.updated_at, a.published_at)`
	modifiedPostgres = `CASE WHEN a.published_at IS NULL THEN a.modified_at END`
)

var (
	columnsPostgres = strings.NewReplacer("{first}", firstPostgres, "{updated}", updatedPostgres, "{modified}", modifiedPostgres).Replace(articleColumns)
	columnsSQLite   = strings.NewReplacer("{first}", "a.first_published_at", "{updated}", "a.updated_at", "{modified}", "a.modified_at").Replace(articleColumns)
)

type listColumnsKey struct{}

// WithListColumns gives a context in which articles are read with their ID, Kind,
// Status, Title, Slug, Excerpt, Language, PublishedAt, ReadingMinutes,
// CommentCount, PrimaryCategoryID and FeaturedMediaID alone, and related articles
// without their reasons: for responses that show nothing else.
func WithListColumns(ctx context.Context) context.Context {
	return context.WithValue(ctx, listColumnsKey{}, true)
}

func onlyListColumns(ctx context.Context) bool { return ctx.Value(listColumnsKey{}) != nil }

type bylinesKey struct{}

// WithBylines gives a context of WithListColumns in which the latest articles are read
// with the keys of their authors (see Bylined), which costs less than asking for them
// after.
func WithBylines(ctx context.Context) context.Context {
	return context.WithValue(ctx, bylinesKey{}, true)
}

func withBylines(ctx context.Context) bool { return ctx.Value(bylinesKey{}) != nil }

// Bylined gives the keys of the authors of articles that were all read with them.
func Bylined(articles []*ent.Article) (map[int][]int, bool) {
	for _, a := range articles {
		if a.Edges.Bylines == nil {
			return nil, false
		}
	}
	found := make(map[int][]int, len(articles))
	for _, a := range articles {
		keys := make([]int, len(a.Edges.Bylines))
		for i, b := range a.Edges.Bylines {
			keys[i] = b.AuthorID
		}
		found[a.ID] = keys
	}
	return found, true
}

// authorKeys reads the keys of authors into an article, as PostgreSQL writes arrays or
// SQLite puts them together: {4,2} or 4,2.
type authorKeys struct{ article *ent.Article }

// Scan implements sql.Scanner.
func (b authorKeys) Scan(value any) error {
	var text string
	switch v := value.(type) {
	case []byte:
		text = string(v)
	case string:
		text = v
	case int64: // SQLite, of one author
		text = strconv.FormatInt(v, 10)
	case nil:
	default:
		return fmt.Errorf("%T is no list of authors", value)
	}
	text = strings.Trim(text, "{}")
	b.article.Edges.Bylines = []*ent.Byline{}
	if text == "" {
		return nil
	}
	for one := range strings.SplitSeq(text, ",") {
		key, err := strconv.Atoi(one)
		if err != nil {
			return fmt.Errorf("%.40q is no list of authors: %w", text, err)
		}
		b.article.Edges.Bylines = append(b.article.Edges.Bylines, &ent.Byline{AuthorID: key})
	}
	return nil
}

const (
	bylinesPostgres = `, ARRAY(SELECT b.author_id FROM bylines b WHERE b.article_id = a.id ORDER BY b.position, b.id)`
	bylinesSQLite   = `, (SELECT group_concat(o.author_id) FROM (SELECT b.author_id FROM bylines b WHERE b.article_id = a.id ORDER BY b.position, b.id) AS o)`
)

// articleStatement is a statement that reads articles, in two forms, and for some
// in a third that has the by-lines as well.
type articleStatement struct{ whole, list, listBylines *store.Statement }

// readArticles is a statement for readers with the columns of articles in the
// place of {article}. {shared} is there only where they are read whole.
func readArticles(postgres, sqlite string) articleStatement {
	form := func(text, columns, shared string) string {
		return strings.NewReplacer("{article}", columns, "{shared}", shared).Replace(text)
	}
	return articleStatement{
		// The third form is that of readListedArticles.
		whole: store.Read(form(postgres, columnsPostgres, `c.item -> 'y'`), form(sqlite, columnsSQLite, `c.value -> 'y'`)),
		list:  store.Read(form(postgres, listColumns, `NULL::jsonb`), form(sqlite, listColumns, `NULL`)),
	}
}

// readListedArticles is readArticles with the form that has the by-lines.
func readListedArticles(postgres, sqlite string) articleStatement {
	s := readArticles(postgres, sqlite)
	s.listBylines = store.Read(strings.ReplaceAll(postgres, "{article}", listColumns+bylinesPostgres), strings.ReplaceAll(sqlite, "{article}", listColumns+bylinesSQLite))
	return s
}

// readArticlesBoth is readArticles for a text that both databases understand.
func readArticlesBoth(text string) articleStatement { return readArticles(text, text) }

// collectArticles runs a statement. scan is given what reads the article of a
// row, after what the statement selects before it.
func collectArticles[T any](ctx context.Context, db *store.DB, s articleStatement,
	scan func(article func(before ...any) (*ent.Article, error)) (T, error), args ...any,
) ([]T, error) {
	statement, read := s.whole, scanArticle
	switch {
	case onlyListColumns(ctx) && s.listBylines != nil && withBylines(ctx):
		statement, read = s.listBylines, scanBylinedArticle
	case onlyListColumns(ctx):
		statement, read = s.list, scanListArticle
	}
	return store.Collect(ctx, db, statement, func(rows *sql.Rows) (T, error) {
		return scan(func(before ...any) (*ent.Article, error) { return read(rows, before) })
	}, args...)
}

// articleAlone is the scan of statements that select nothing else.
func articleAlone(article func(...any) (*ent.Article, error)) (*ent.Article, error) { return article() }

func listDestinations(a *ent.Article, before []any) []any {
	return append(append(make([]any, 0, len(before)+24), before...), &a.ID, &a.Kind, &a.Status, &a.Title, &a.Slug, &a.Excerpt, &a.Language,
		&a.PublishedAt, &a.ReadingMinutes, &a.CommentCount, &a.PrimaryCategoryID, &a.FeaturedMediaID)
}

func scanListArticle(rows *sql.Rows, before []any) (*ent.Article, error) {
	a := new(ent.Article)
	if err := rows.Scan(listDestinations(a, before)...); err != nil {
		return nil, fmt.Errorf("read an article: %w", err)
	}
	return a, nil
}

func scanBylinedArticle(rows *sql.Rows, before []any) (*ent.Article, error) {
	a := new(ent.Article)
	if err := rows.Scan(append(listDestinations(a, before), authorKeys{a})...); err != nil {
		return nil, fmt.Errorf("read an article: %w", err)
	}
	return a, nil
}

// scanArticle reads articleColumns. An article that was ever published has no
// ModifiedAt.
func scanArticle(rows *sql.Rows, before []any) (*ent.Article, error) {
	a := new(ent.Article)
	var modified *time.Time
	dest := append(listDestinations(a, before), &a.Subtitle, &a.TranslationGroup, &a.FirstPublishedAt, &a.UpdatedAt, &a.CorrectedAt, &a.WordCount,
		&a.CommentPolicy, &a.CommentsCloseAt, &a.SeriesID, &a.SeriesPosition, &a.SourceURI, &modified)
	if err := rows.Scan(dest...); err != nil {
		return nil, fmt.Errorf("read an article: %w", err)
	}
	if a.FirstPublishedAt == nil && a.Status == article.StatusPublished {
		a.FirstPublishedAt = a.PublishedAt
	}
	if a.UpdatedAt == nil {
		a.UpdatedAt = a.PublishedAt
	}
	if a.PublishedAt == nil && modified != nil {
		a.ModifiedAt = *modified
	}
	return a, nil
}

var (
	byIDSQL    = readArticlesBoth(`SELECT {article} FROM each_id($1) CROSS JOIN articles a WHERE a.id = each_id.id AND visible_article(a)`)
	byGroupSQL = readArticlesBoth(`SELECT {article} FROM articles a WHERE a.translation_group IN (SELECT id FROM each_id($1))
		AND visible_article(a) ORDER BY a.language, a.id`)
	bySlugSQL = readArticles(bySlug(
		`SELECT coalesce(json_agg(b.author_id ORDER BY b.position, b.id), '[]') FROM bylines b WHERE b.article_id = a.id`,
		`SELECT coalesce(json_agg(json_build_object('id', t.id, 'name', t.name, 'slug', t.slug, 'scheme', t.scheme, 'description', t.description,
			'labels', t.labels) ORDER BY t.name, t.id), '[]') FROM article_tags x JOIN tags t ON t.id = x.tag_id WHERE x.article_id = a.id`),
		bySlug(
			`SELECT json_group_array(b.author_id) FROM (SELECT author_id FROM bylines WHERE article_id = a.id ORDER BY position, id) AS b`,
			`SELECT json_group_array(json_object('id', t.id, 'name', t.name, 'slug', t.slug, 'scheme', t.scheme, 'description', t.description,
				'labels', json(t.labels))) FROM (SELECT g.* FROM article_tags x JOIN tags g ON g.id = x.tag_id WHERE x.article_id = a.id
				ORDER BY g.name, g.id) AS t`))
)

// bySlug is the statement for one article that is about to be shown, with what
// its page is sure to show: one statement instead of four.
func bySlug(authors, tags string) string {
	return `SELECT coalesce(d.html, ''), (` + authors + `), (` + tags + `), {article}
		FROM articles a LEFT JOIN article_details d ON d.article_id = a.id WHERE a.slug = $1 AND visible_article(a)`
}

// ByIDs gives the visible articles among the given keys.
func (s *Service) ByIDs(ctx context.Context, ids []int) (map[int]*ent.Article, error) {
	articles, err := collectArticles(ctx, s.db, byIDSQL, articleAlone, s.db.IDs(ids))
	if err != nil {
		return nil, fmt.Errorf("find articles: %w", err)
	}
	found := make(map[int]*ent.Article, len(articles))
	for _, a := range articles {
		found[a.ID] = a
	}
	return found, nil
}

// Translations gives, for each article, the visible articles of its
// translation group in other languages, by language.
func (s *Service) Translations(ctx context.Context, of []*ent.Article) (map[int][]*ent.Article, error) {
	var groups []int
	for _, a := range of {
		if a.TranslationGroup != nil {
			groups = append(groups, *a.TranslationGroup)
		}
	}
	if len(groups) == 0 {
		return nil, nil
	}
	members, err := collectArticles(ctx, s.db, byGroupSQL, articleAlone, s.db.IDs(groups))
	if err != nil {
		return nil, fmt.Errorf("find translations: %w", err)
	}
	found := make(map[int][]*ent.Article, len(of))
	for _, a := range of {
		for _, m := range members {
			if a.TranslationGroup != nil && *m.TranslationGroup == *a.TranslationGroup && m.ID != a.ID {
				found[a.ID] = append(found[a.ID], m)
			}
		}
	}
	return found, nil
}

// Shown is an article with what its page is sure to show.
type Shown struct {
	*ent.Article
	HTML      string // the body
	AuthorIDs []int  // in the order of the by-line
	Tags      []*ent.Tag
}

// BySlug gives the visible article with a slug, nil when there is none.
func (s *Service) BySlug(ctx context.Context, slug string) (*Shown, error) {
	found, err := collectArticles(ctx, s.db, bySlugSQL, func(article func(...any) (*ent.Article, error)) (*Shown, error) {
		shown := new(Shown)
		var authors, tags []byte
		var err error
		if shown.Article, err = article(&shown.HTML, &authors, &tags); err != nil {
			return nil, err
		}
		return shown, errors.Join(json.Unmarshal(authors, &shown.AuthorIDs), json.Unmarshal(tags, &shown.Tags))
	}, slug)
	if err != nil {
		return nil, fmt.Errorf("find article %q: %w", slug, err)
	}
	if len(found) == 0 {
		return nil, nil
	}
	return found[0], nil
}
