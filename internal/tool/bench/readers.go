package main

import (
	"context"
	"database/sql"
	"errors"
	"flag"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/broadsheet-cms/broadsheet/internal/access"
	"github.com/broadsheet-cms/broadsheet/internal/audit"
	"github.com/broadsheet-cms/broadsheet/internal/bookmark"
	"github.com/broadsheet-cms/broadsheet/internal/comment"
	"github.com/broadsheet-cms/broadsheet/internal/event"
	"github.com/broadsheet-cms/broadsheet/internal/interest"
	"github.com/broadsheet-cms/broadsheet/internal/job"
	"github.com/broadsheet-cms/broadsheet/internal/keyset"
	"github.com/broadsheet-cms/broadsheet/internal/store"
	"github.com/broadsheet-cms/broadsheet/internal/testkit"
)

// crowd is how much readers have left: comments on one article, bookmarks of one
// reader, and topics that the reader follows.
type crowd struct{ comments, bookmarks, follows int }

// begun is when the first of what is filled was made; each next is a second later.
const begun = 1_600_000_000

// Rows go straight into the tables: what is measured is reading. {n} is a number
// from 1 up, {at} its second and {micro} that in microseconds.
var crowdSQL = []struct {
	of   func(c crowd) int
	text string
}{
	{one, `INSERT INTO users (id, created_at, modified_at, email, display_name) SELECT {n}, {at}, {at}, 'reader@example.org', 'Reader' FROM {series}`},
	{func(c crowd) int { return max(c.bookmarks, 1) }, `INSERT INTO articles (id, created_at, modified_at, title, slug, status, published_at)
		SELECT {n}, {at}, {at}, 'Story', 'story-' || {n}, 'PUBLISHED', {at} FROM {series}`},
	{func(c crowd) int { return c.comments }, `INSERT INTO comments (id, created_at, modified_at, posted_at, article_id, guest_name, body, status, reaction_count)
		SELECT {n}, {at}, {at}, {at}, 1, 'Guest', 'Words.', 'APPROVED', {n} % 1000 FROM {series}`},
	{one, `INSERT INTO reading_lists (id, user_id, revision, bookmark_count, created_at, used_at) SELECT {n}, 1, 1, 0, {at}, {at} FROM {series}`},
	{func(c crowd) int { return c.bookmarks }, `INSERT INTO bookmarks (id, list_id, article_id, saved_at, revision) SELECT {n}, 1, {n}, {at}, 1 FROM {series}`},
	{func(c crowd) int { return c.follows }, `INSERT INTO tags (id, created_at, modified_at, name, slug) SELECT {n}, {at}, {at}, 'Topic ' || {n}, 'topic-' || {n} FROM {series}`},
	{func(c crowd) int { return c.follows }, `INSERT INTO follows (user_id, kind, owner_id, notify, created_at) SELECT 1, 2, {n}, {true}, {at} FROM {series}`},
	// Each article is about one topic.
	{func(c crowd) int { return c.bookmarks }, `INSERT INTO listings (kind, owner_id, published_at, article_id, language)
		SELECT 2, 1 + {n} % {follows}, {micro}, {n}, 'en' FROM {series}`},
}

func one(crowd) int { return 1 }

func fillCrowd(ctx context.Context, db *sql.DB, dialect store.Dialect, c crowd) error {
	for _, s := range crowdSQL {
		pairs := []string{"{series}", fmt.Sprintf("generate_series(1, %d) AS g(n)", s.of(c)), "{n}", "g.n", "{at}", fmt.Sprintf("to_timestamp(%d + g.n)", begun),
			"{micro}", fmt.Sprintf("(%d + g.n::bigint) * 1000000", begun), "{true}", "TRUE", "{follows}", fmt.Sprint(max(c.follows, 1))}
		if dialect == store.SQLite {
			pairs[1] = fmt.Sprintf("(WITH RECURSIVE g(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM g WHERE n < %d) SELECT n FROM g) AS g", s.of(c))
			pairs[5] = fmt.Sprintf("strftime('%%Y-%%m-%%d %%H:%%M:%%S+00:00', %d + g.n, 'unixepoch')", begun)
			pairs[7] = fmt.Sprintf("(%d + g.n) * 1000000", begun)
		}
		if _, err := db.ExecContext(ctx, strings.NewReplacer(pairs...).Replace(s.text)); err != nil {
			return fmt.Errorf("%.40s…: %w", s.text, err)
		}
	}
	statement := "ANALYZE"
	if dialect == store.Postgres {
		statement = "VACUUM ANALYZE"
	}
	_, err := db.ExecContext(ctx, statement)
	return err
}

// pageSize is how many rows a page of a list has, with the one that tells whether
// more follow.
const pageSize = 21

// cost is what reading one page cost.
type cost struct {
	rows       int // that the page has
	statements int
	read       int // rows and entries of indexes that PostgreSQL read; -1: not known, of SQLite
	took       []time.Duration
}

// reading is a list whose first and deep pages are compared.
type reading struct {
	name string
	size int // rows of the list
	page func(ctx context.Context, w keyset.Window) (int, error)
	key  func(n int) *keyset.Key // the place of the n-th oldest row
}

// readings are the lists of readers.
func readings(db *store.DB, c crowd) []reading {
	log := event.NewLog(db)
	comments, marks := comment.New(db, log), bookmark.New(db)
	interests := interest.New(db, log, job.New(db, log.Woken, job.Settings{}), audit.NewLog(db))
	byTime := func(n int) *keyset.Key { return &keyset.Key{Time: (begun + int64(n)) * 1e6, ID: n} }
	threads := func(order comment.Order) func(context.Context, keyset.Window) (int, error) {
		return func(ctx context.Context, w keyset.Window) (int, error) {
			found, err := comments.Threads(ctx, order, []int{1}, w)
			return len(found[1]), err
		}
	}
	return []reading{
		{"comments, the newest first", c.comments, threads(comment.NewestFirst), byTime},
		{"comments, most reactions first", c.comments, threads(comment.MostReactionsFirst), func(n int) *keyset.Key {
			return &keyset.Key{Time: int64(n * 1000 / c.comments), ID: c.comments / 2}
		}},
		{"bookmarks", c.bookmarks, func(ctx context.Context, w keyset.Window) (int, error) {
			shelf, err := marks.Of(ctx, "")
			if err != nil {
				return 0, err
			}
			found, err := marks.List(ctx, shelf, w)
			return len(found), err
		}, byTime},
		{"follows", c.follows, func(ctx context.Context, w keyset.Window) (int, error) {
			found, err := interests.Follows(ctx, w)
			return len(found), err
		}, byTime},
		{"the feed of these follows", c.bookmarks, func(ctx context.Context, w keyset.Window) (int, error) {
			found, err := interests.Feed(ctx, w)
			return len(found), err
		}, byTime},
	}
}

var errRolledBack = errors.New("a measurement is not kept")

// readSQL counts rows and entries of indexes that this transaction has read.
var readSQL = store.Maintain(`SELECT (SELECT COALESCE(sum(pg_stat_get_xact_tuples_returned(c.oid)), 0) FROM pg_class c WHERE c.relkind IN ('r', 'i') AND c.relnamespace = 'public'::regnamespace)::bigint`,
	`SELECT -1`)

// cost reads a page some times and tells what that cost.
func (r reading) cost(ctx context.Context, db *store.DB, seen *testkit.Statements, w keyset.Window, runs int) (c cost, err error) {
	for range runs {
		seen.Take()
		start := time.Now()
		if c.rows, err = r.page(ctx, w); err != nil {
			return c, err
		}
		c.took = append(c.took, time.Since(start))
		c.statements = len(seen.Take())
	}
	slices.Sort(c.took)
	err = db.Tx(ctx, func(ctx context.Context) error {
		before, err := store.Collect(ctx, db, readSQL, store.ScanInt)
		if err != nil {
			return err
		}
		if _, err := r.page(ctx, w); err != nil {
			return err
		}
		after, err := store.Collect(ctx, db, readSQL, store.ScanInt)
		if err != nil {
			return err
		}
		if c.read = after[0] - before[0]; before[0] < 0 {
			c.read = -1
		}
		return errRolledBack
	})
	if errors.Is(err, errRolledBack) {
		err = nil
	}
	return c, err
}

// costs gives the cost of the first page and of one behind nine tenths of the list.
func (r reading) costs(ctx context.Context, db *store.DB, seen *testkit.Statements, runs int) (first, deep cost, err error) {
	ctx = access.With(ctx, access.Viewer{UserID: 1, Role: access.Reader})
	if first, err = r.cost(ctx, db, seen, keyset.First(pageSize), runs); err != nil {
		return first, deep, err
	}
	deep, err = r.cost(ctx, db, seen, keyset.Window{Limit: pageSize, After: r.key(r.size / 10)}, runs)
	return first, deep, err
}

func benchReaders(ctx context.Context, args []string) error {
	flags := flag.NewFlagSet("readers", flag.ContinueOnError)
	var c crowd
	flags.IntVar(&c.comments, "comments", 1_000_000, "comments on one article")
	flags.IntVar(&c.bookmarks, "bookmarks", 100_000, "bookmarks of one reader")
	flags.IntVar(&c.follows, "follows", 10_000, "topics that the reader follows")
	only := flags.String("database", "", "only sqlite3 or postgres")
	runs := flags.Int("runs", 50, "how often each page is read")
	if err := flags.Parse(args); err != nil {
		return err
	}
	if c.comments < pageSize*20 || c.bookmarks < pageSize*20 || c.follows < pageSize*20 || *runs < 1 {
		return fmt.Errorf("-comments, -bookmarks and -follows must be at least %d, -runs at least 1", pageSize*20)
	}
	dbs, err := openDatabases(ctx)
	if err != nil {
		return err
	}
	defer dbs.close()
	fmt.Println("| database | list | of | page | statements | read | p50 | p99 |\n| --- | --- | --: | --- | --: | --: | --: | --: |")
	for _, dialect := range dialects {
		if *only != "" && *only != string(dialect) {
			continue
		}
		if err := measureReaders(ctx, dbs, dialect, c, *runs); err != nil {
			return fmt.Errorf("%s: %w", dialect, err)
		}
	}
	return nil
}

func measureReaders(ctx context.Context, dbs *databases, dialect store.Dialect, c crowd, runs int) (err error) {
	db, seen, err := dbs.open(ctx, dialect)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	raw, err := dbs.raw(dialect)
	if err != nil {
		return err
	}
	if err := errors.Join(fillCrowd(ctx, raw, dialect, c), raw.Close()); err != nil {
		return err
	}
	for _, r := range readings(db, c) {
		first, deep, err := r.costs(ctx, db, seen, runs)
		if err != nil {
			return fmt.Errorf("%s: %w", r.name, err)
		}
		for _, page := range []struct {
			name string
			cost
		}{{"first", first}, {"deep", deep}} {
			read := "–"
			if page.read >= 0 {
				read = fmt.Sprint(page.read)
			}
			fmt.Printf("| %s | %s | %d | %s, %d rows | %d | %s | %.2f ms | %.2f ms |\n", dialect, r.name, r.size, page.name, page.rows, page.statements, read,
				millis(page.took[len(page.took)/2]), millis(page.took[(len(page.took)*99-1)/100]))
		}
	}
	return nil
}

func millis(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }
