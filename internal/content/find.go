package content

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"github.com/broadsheet-cms/broadsheet/internal/store"
)

// MaxFound is how many articles of a list Find looks at: the newest, or the oldest
// in an ascending order by date. What a list has beyond them is not found.
const MaxFound = 10_000

// FindOrder is the order of what Find gives.
type FindOrder string

// The orders.
const (
	ByDate     FindOrder = "date"
	ByModified FindOrder = "modified"
	ByKey      FindOrder = "id"
	ByTitle    FindOrder = "title"
	BySlugName FindOrder = "slug"
)

// orders are how each is written.
var orders = map[FindOrder]string{ByDate: "l.published_at", ByModified: "coalesce(a.updated_at, a.published_at)", ByKey: "a.id", ByTitle: "a.title", BySlugName: "a.slug"}

// byText are the orders of text. Both databases sort it by code points, whatever
// language PostgreSQL's was made for.
var byText = map[FindOrder]bool{ByTitle: true, BySlugName: true}

// Filter says which articles of a list are wanted. An empty list of keys is no
// condition.
type Filter struct {
	List  ListingKind // the list that is looked at, and its owner
	Owner int
	// Keys are the only articles that are looked at, in place of the list; nil: the
	// list.
	Keys                            []int
	Without                         []int
	Categories, Tags, Authors       []int // in any of each
	NoCategories, NoTags, NoAuthors []int // in none
	After, Before                   time.Time
	ModifiedAfter, ModifiedBefore   time.Time
	Order                           FindOrder
	Ascending                       bool
	Offset, Limit                   int
}

type findKey struct {
	order           FindOrder
	ascending, keys bool
}

// findTexts are the statements of Find, for PostgreSQL and SQLite.
func findTexts() map[findKey][2]string {
	all := map[findKey][2]string{}
	in := func(kind ListingKind, n int) string {
		some := fmt.Sprintf(`EXISTS (SELECT 1 FROM listings x WHERE x.article_id = a.id AND x.kind = %d AND x.owner_id IN (SELECT id FROM each_id($%d)))`, kind, n+1)
		none := fmt.Sprintf(`EXISTS (SELECT 1 FROM listings x WHERE x.article_id = a.id AND x.kind = %d AND x.owner_id IN (SELECT id FROM each_id($%d)))`, kind, n+2)
		return fmt.Sprintf(` AND ($%d = 0 OR %s) AND NOT %s`, n, some, none)
	}
	for order, by := range orders {
		for _, ascending := range []bool{false, true} {
			for _, keys := range []bool{false, true} {
				// By the index of the article: + keeps SQLite from that of the list.
				way := map[bool]string{false: "DESC", true: "ASC"}[ascending]
				listed := map[bool]string{false: "DESC", true: "ASC"}[ascending && order == ByDate]
				from := `SELECT y.article_id, y.published_at FROM listings y WHERE y.kind = $1 AND y.owner_id = $2 AND y.published_at > $3 AND y.published_at < $4 ORDER BY y.published_at ` + listed + `, y.article_id ` + listed + ` LIMIT $5`
				if keys {
					from = `SELECT y.article_id, y.published_at FROM each_id($1) CROSS JOIN listings y WHERE y.article_id = each_id.id AND +y.kind = 0 AND +y.owner_id = $2 AND +y.published_at > $3 AND +y.published_at < $4 LIMIT $5`
				}
				text := `SELECT a.id, count(*) OVER () FROM (` + from + `) l JOIN articles a ON a.id = l.article_id WHERE visible_article(a)` +
					in(ByCategory, 6) + in(ByTag, 9) + in(ByAuthor, 12) +
					` AND coalesce(a.updated_at, a.published_at) > $15 AND coalesce(a.updated_at, a.published_at) < $16 AND a.id NOT IN (SELECT id FROM each_id($17))
					ORDER BY {by} {way}, a.id {way} LIMIT $18 OFFSET $19`
				write := func(by string) string { return strings.NewReplacer("{by}", by, "{way}", way).Replace(text) }
				collated := by
				if byText[order] {
					collated += ` COLLATE "C"`
				}
				all[findKey{order, ascending, keys}] = [2]string{write(collated), write(by)}
			}
		}
	}
	return all
}

var findStatements = func() map[findKey]*store.Statement {
	all := map[findKey]*store.Statement{}
	for key, text := range findTexts() {
		all[key] = store.Read(text[0], text[1])
	}
	return all
}()

// Bounds of moments, for filters that have none.
var (
	beforeAll = time.Date(1, 1, 1, 0, 0, 0, 0, time.UTC)
	afterAll  = time.Date(9999, 12, 31, 0, 0, 0, 0, time.UTC)
)

// Find gives the keys of a page of the visible articles that a filter lets pass, and
// how many there are on all pages, in one statement over at most MaxFound articles.
func (s *Service) Find(ctx context.Context, f Filter) (keys []int, total int, err error) {
	or := func(t, without time.Time) time.Time {
		if t.IsZero() {
			return without
		}
		return t.UTC()
	}
	if f.Order == "" {
		f.Order = ByDate
	}
	args := []any{int(f.List), f.Owner}
	if f.Keys != nil {
		args = []any{s.db.IDs(f.Keys), 0}
	}
	args = append(args, or(f.After, beforeAll).UnixMicro(), or(f.Before, afterAll).UnixMicro(), MaxFound)
	for _, pair := range [][2][]int{{f.Categories, f.NoCategories}, {f.Tags, f.NoTags}, {f.Authors, f.NoAuthors}} {
		args = append(args, len(pair[0]), s.db.IDs(pair[0]), s.db.IDs(pair[1]))
	}
	args = append(args, or(f.ModifiedAfter, beforeAll), or(f.ModifiedBefore, afterAll), s.db.IDs(f.Without), f.Limit, f.Offset)
	keys, total, err = store.CollectCounted(ctx, s.db, findStatements[findKey{f.Order, f.Ascending, f.Keys != nil}], args...)
	if err != nil {
		return nil, 0, fmt.Errorf("find articles: %w", err)
	}
	if len(keys) == 0 && f.Offset > 0 { // beyond the end: the first page has the count
		f.Offset, f.Limit = 0, 1
		_, total, err = s.Find(ctx, f)
	}
	return keys, total, err
}

var keysOfSlugsSQL = store.Read(
	`SELECT a.id FROM articles a WHERE a.slug IN (SELECT jsonb_array_elements_text($1::jsonb)) AND visible_article(a)`,
	`SELECT a.id FROM articles a WHERE a.slug IN (SELECT value FROM json_each($1)) AND visible_article(a)`)

// KeysOfSlugs gives the keys of the visible articles with any of some slugs.
func (s *Service) KeysOfSlugs(ctx context.Context, slugs []string) ([]int, error) {
	list, err := json.Marshal(slugs)
	if err != nil {
		return nil, err
	}
	keys, err := store.Collect(ctx, s.db, keysOfSlugsSQL, store.ScanInt, string(list))
	if err != nil {
		return nil, fmt.Errorf("find articles by slug: %w", err)
	}
	return keys, nil
}

// The bound is that of what is looked at, whatever of it is visible or of a kind:
// few may be among many.
const listMediaText = `SELECT m.id, count(*) OVER () FROM (SELECT id FROM media ORDER BY id DESC LIMIT $2) newest CROSS JOIN media m
	WHERE m.id = newest.id AND ($1 = '' OR m.kind = $1) AND visible_media(m) ORDER BY m.id DESC LIMIT $3 OFFSET $4`

var listMediaSQL = store.ReadBoth(listMediaText)

// ListMedia gives the keys of a page of the visible media items among the newest
// MaxFound, the newest first, of one kind or of all, and how many there are.
func (s *Service) ListMedia(ctx context.Context, kind string, offset, limit int) (keys []int, total int, err error) {
	keys, total, err = store.CollectCounted(ctx, s.db, listMediaSQL, kind, MaxFound, limit, offset)
	if err != nil {
		return nil, 0, fmt.Errorf("list media: %w", err)
	}
	if len(keys) == 0 && offset > 0 {
		_, total, err = s.ListMedia(ctx, kind, 0, 1)
	}
	return keys, total, err
}
