package store_test

import (
	"context"
	"database/sql"
	"errors"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/broadsheet-cms/broadsheet/internal/access"
	"github.com/broadsheet-cms/broadsheet/internal/fault"
	"github.com/broadsheet-cms/broadsheet/internal/store"
	"github.com/broadsheet-cms/broadsheet/internal/testkit"
	"github.com/broadsheet-cms/broadsheet/internal/testkit/pgtest"
)

// emptyURL gives a database without a schema, with the driver that opens it.
func emptyURL(t *testing.T, d store.Dialect) (url, driver, source string) {
	t.Helper()
	if d == store.Postgres {
		url = pgtest.Database(t, pgtest.Template(t, "empty", func(string) error { return nil }))
		return url, "postgres", url
	}
	path := filepath.Join(t.TempDir(), "empty.db")
	return "sqlite:" + path, "sqlite", path
}

// at brings a database to a version of the schema as a program of that time
// did, and fills it.
func at(t *testing.T, driver, source string, steps []store.Migration, data ...string) {
	t.Helper()
	db, err := sql.Open(driver, source)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = db.Close() }()
	do := func(text string, args ...any) {
		if _, err := db.ExecContext(t.Context(), text, args...); err != nil {
			t.Fatalf("%.100s: %v", text, err)
		}
	}
	do(`CREATE TABLE schema_migrations (version bigint PRIMARY KEY, name text NOT NULL, checksum text NOT NULL, applied_at text NOT NULL)`)
	for _, s := range steps {
		do(s.SQL)
		do(`INSERT INTO schema_migrations (version, name, checksum, applied_at) VALUES ($1, $2, $3, '2026-01-01T00:00:00Z')`, s.Version, s.Name, s.Checksum())
	}
	for _, text := range data {
		do(text)
	}
}

// TestChangedMigrationIsRefused: a step whose text is another than the one that was
// applied stops the program, and nothing is done.
func TestChangedMigrationIsRefused(t *testing.T) {
	t.Parallel()
	for _, d := range []store.Dialect{store.SQLite, store.Postgres} {
		t.Run(string(d), func(t *testing.T) {
			t.Parallel()
			steps, err := store.Migrations(d)
			if err != nil {
				t.Fatal(err)
			}
			url, driver, source := emptyURL(t, d)
			edited := slices.Clone(steps[:3])
			edited[1].SQL += "\n-- edited after it was released"
			at(t, driver, source, edited)
			db := testkit.Open(t, url, store.Options{})
			applied, err := db.Migrate(t.Context())
			if !errors.Is(err, store.ErrOtherSchema) || !strings.Contains(err.Error(), "0002_") || len(applied) != 0 {
				t.Errorf("applied %v, %v", applied, err)
			}
			if have, _, err := db.SchemaVersion(t.Context()); err != nil || have != 3 {
				t.Errorf("version %d, %v", have, err)
			}
		})
	}
}

// schema describes a database: its columns and its indexes.
var schemaSQL = store.Maintain(
	`SELECT table_name || '.' || column_name || ' ' || data_type || ' ' || is_nullable || ' ' || coalesce(column_default, '') FROM information_schema.columns WHERE table_schema = 'public'
		UNION ALL SELECT indexdef FROM pg_indexes WHERE schemaname = 'public' ORDER BY 1`,
	`SELECT m.name || '.' || c.name || ' ' || c.type || ' ' || c."notnull" || ' ' || coalesce(c.dflt_value, '') FROM sqlite_master m JOIN pragma_table_info(m.name) c WHERE m.type = 'table'
		UNION ALL SELECT sql FROM sqlite_master WHERE type = 'index' AND sql IS NOT NULL ORDER BY 1`)

func schema(t *testing.T, db *store.DB) []string {
	t.Helper()
	lines, err := store.Collect(t.Context(), db, schemaSQL, func(rows *sql.Rows) (s string, err error) {
		err = rows.Scan(&s)
		return s, err
	})
	if err != nil {
		t.Fatal(err)
	}
	return lines
}

// TestEveryReleaseIsUpgraded: a database of any version becomes like a new one.
func TestEveryReleaseIsUpgraded(t *testing.T) {
	t.Parallel()
	testkit.Long(t)
	testkit.Databases(t, func(t *testing.T, fresh *store.DB) {
		steps, err := store.Migrations(fresh.Dialect)
		if err != nil {
			t.Fatal(err)
		}
		want := schema(t, fresh)
		for version := range steps {
			url, driver, source := emptyURL(t, fresh.Dialect)
			at(t, driver, source, steps[:version])
			db := testkit.Open(t, url, store.Options{})
			applied, err := db.Migrate(t.Context())
			if err != nil || len(applied) != len(steps)-version {
				t.Fatalf("from version %d: %d steps, %v", version, len(applied), err)
			}
			if diff := cmp.Diff(want, schema(t, db)); diff != "" {
				t.Errorf("from version %d (-new database +upgraded):\n%s", version, diff)
			}
			if again, err := db.Migrate(t.Context()); err != nil || len(again) != 0 {
				t.Errorf("migrated again: %d steps, %v", len(again), err)
			}
		}
	})
}

// TestSubjectsMove: the seventh step takes what lists of related articles ask of
// an article from its profile.
func TestSubjectsMove(t *testing.T) {
	t.Parallel()
	for _, d := range []store.Dialect{store.SQLite, store.Postgres} {
		t.Run(string(d), func(t *testing.T) {
			t.Parallel()
			steps, err := store.Migrations(d)
			if err != nil {
				t.Fatal(err)
			}
			url, driver, source := emptyURL(t, d)
			at(t, driver, source, steps[:6],
				`INSERT INTO articles (id, created_at, modified_at, title, slug) VALUES (1, '2026-01-01', '2026-01-01', 'With a profile', 'with'), (2, '2026-01-01', '2026-01-01', 'Without', 'without'),
					(3, '2026-01-01', '2026-01-01', 'Withdrawn', 'withdrawn'), (4, '2026-01-01', '2026-01-01', 'Waiting', 'waiting')`,
				`INSERT INTO article_profiles (article_id, language, listed, published, section_id, body_hash, revision, terms, words) VALUES
					(1, 'en', true, 0, 0, -9000000000000000001, 3, '[]', ''), (3, 'en', false, 0, 0, 5, 3, '[]', ''), (4, 'en', true, 0, 0, 6, 3, '[]', '')`,
				`INSERT INTO related_pending (article_id) VALUES (4)`)
			db := testkit.Open(t, url, store.Options{})
			if _, err := db.Migrate(t.Context()); err != nil {
				t.Fatal(err)
			}
			for _, a := range db.Ent(access.AsSystem(t.Context())).Article.Query().AllX(access.AsSystem(t.Context())) {
				hash, revision := int64(0), 3
				switch a.ID {
				case 1:
					hash = -9000000000000000001
				case 2:
					revision = 0
				}
				if a.BodyHash != hash || a.SubjectRevision != revision {
					t.Errorf("%s: body %d, revision %d, want %d, %d", a.Title, a.BodyHash, a.SubjectRevision, hash, revision)
				}
			}
		})
	}
}

// TestCommentsAreCountedAnew: step 31 counts what readers can get to, as the program
// does since then, and leaves articles without comments as they are.
func TestCommentsAreCountedAnew(t *testing.T) {
	t.Parallel()
	for _, d := range []store.Dialect{store.SQLite, store.Postgres} {
		t.Run(string(d), func(t *testing.T) {
			t.Parallel()
			steps, err := store.Migrations(d)
			if err != nil {
				t.Fatal(err)
			}
			url, driver, source := emptyURL(t, d)
			const day = `'2026-01-01', '2026-01-01'`
			at(t, driver, source, steps[:30],
				`INSERT INTO articles (id, created_at, modified_at, title, slug, comment_count) VALUES (1, `+day+`, 'A reply below what waits', 'a', 1), (2, `+day+`, 'All shown', 'b', 3),
					(3, `+day+`, 'None', 'c', 7), (4, `+day+`, 'Only what waits', 'd', 1)`,
				`INSERT INTO comments (id, created_at, modified_at, posted_at, body, article_id, parent_id, status, kind, removed_at) VALUES
					(1, `+day+`, '2026-01-01', 'waits', 1, NULL, 'PENDING', 'COMMENT', NULL), (2, `+day+`, '2026-01-01', 'below', 1, 1, 'APPROVED', 'COMMENT', NULL),
					(3, `+day+`, '2026-01-01', 'shown', 2, NULL, 'APPROVED', 'COMMENT', NULL), (4, `+day+`, '2026-01-01', '', 2, 3, 'APPROVED', 'COMMENT', '2026-01-02'),
					(5, `+day+`, '2026-01-01', 'below what was removed in its place', 2, 4, 'APPROVED', 'COMMENT', NULL), (6, `+day+`, '2026-01-01', 'from elsewhere', 2, NULL, 'APPROVED', 'PINGBACK', NULL),
					(7, `+day+`, '2026-01-01', 'waits', 4, NULL, 'PENDING', 'COMMENT', NULL)`)
			db := testkit.Open(t, url, store.Options{})
			if _, err := db.Migrate(t.Context()); err != nil {
				t.Fatal(err)
			}
			got := map[int]int{}
			for _, a := range db.Ent(access.AsSystem(t.Context())).Article.Query().AllX(access.AsSystem(t.Context())) {
				got[a.ID] = a.CommentCount
			}
			if diff := cmp.Diff(map[int]int{1: 0, 2: 2, 3: 7, 4: 0}, got); diff != "" {
				t.Errorf("comments of articles (-want +got):\n%s", diff)
			}
		})
	}
}

func TestTx(t *testing.T) {
	t.Parallel()
	failure := errors.New("no")
	testkit.Databases(t, func(t *testing.T, db *store.DB) {
		ctx := access.AsSystem(t.Context())
		tag := func(ctx context.Context, slug string) error {
			return db.Ent(ctx).Tag.Create().SetName(slug).SetSlug(slug).Exec(ctx)
		}
		var told []string
		tell := func(ctx context.Context, what string) { db.AfterCommit(ctx, func() { told = append(told, what) }) }

		err := db.Tx(ctx, func(ctx context.Context) error {
			tell(ctx, "outer")
			if err := tag(ctx, "kept"); err != nil {
				return err
			}
			return db.Tx(ctx, func(ctx context.Context) error {
				tell(ctx, "inner")
				return tag(ctx, "kept-too")
			})
		})
		if err != nil {
			t.Fatal(err)
		}
		if err := db.Tx(ctx, func(ctx context.Context) error {
			tell(ctx, "failed")
			return errors.Join(tag(ctx, "lost"), db.Tx(ctx, func(ctx context.Context) error { return tag(ctx, "lost-too") }), failure)
		}); !errors.Is(err, failure) {
			t.Errorf("a transaction that failed says %v", err)
		}
		func() {
			defer func() { _ = recover() }()
			_ = db.Tx(ctx, func(ctx context.Context) error {
				tell(ctx, "panicked")
				if err := tag(ctx, "lost-in-panic"); err != nil {
					t.Error(err)
				}
				panic("no")
			})
		}()
		tell(ctx, "without")

		if diff := cmp.Diff([]string{"outer", "inner", "without"}, told); diff != "" {
			t.Errorf("told after commit (-want +got):\n%s", diff)
		}
		var slugs []string
		for _, tag := range db.Ent(ctx).Tag.Query().AllX(ctx) {
			slugs = append(slugs, tag.Slug)
		}
		if diff := cmp.Diff([]string{"kept", "kept-too"}, slugs); diff != "" {
			t.Errorf("stored (-want +got):\n%s", diff)
		}
	})
}

// TestDeadlockIsAConflict: of two who wait for each other one is told to try
// again, and nothing of it is done.
func TestDeadlockIsAConflict(t *testing.T) {
	t.Parallel()
	db := testkit.Open(t, testkit.URL(t, store.Postgres), store.Options{})
	ctx := access.AsSystem(t.Context())
	first := db.Ent(ctx).Tag.Create().SetName("First").SetSlug("first").SaveX(ctx)
	second := db.Ent(ctx).Tag.Create().SetName("Second").SetSlug("second").SaveX(ctx)
	var met, done sync.WaitGroup
	met.Add(2)
	results := make(chan error, 2)
	for name, order := range map[string][2]int{"Forth": {first.ID, second.ID}, "Back": {second.ID, first.ID}} {
		done.Go(func() {
			results <- db.Tx(ctx, func(ctx context.Context) error {
				if err := db.Ent(ctx).Tag.UpdateOneID(order[0]).SetName(name).Exec(ctx); err != nil {
					return err
				}
				met.Done()
				met.Wait()
				return db.Ent(ctx).Tag.UpdateOneID(order[1]).SetName(name).Exec(ctx)
			})
		})
	}
	done.Wait()
	a, b := <-results, <-results
	if a != nil {
		a, b = b, a
	}
	if a != nil || fault.CodeOf(b) != fault.Conflict {
		t.Errorf("one says %v, the other %v", a, b)
	}
	if tags := db.Ent(ctx).Tag.Query().AllX(ctx); tags[0].Name != tags[1].Name || tags[0].Name == "First" {
		t.Errorf("half of each was done: %v", tags)
	}
}

// TestStatementsNeedTheirRule: hand-written reading of articles, comments and
// pages is refused without the visibility rule of the same table.
func TestStatementsNeedTheirRule(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		text string
		ok   bool
	}{
		{"SELECT 1 FROM tags", true},
		{"SELECT 1 FROM articles a WHERE visible_article(a)", true},
		{"SELECT 1 FROM articles AS a WHERE visible_article(a)", true},
		{"SELECT 1 FROM articles a WHERE desk_article(a)", true},
		{"SELECT 1 FROM articles WHERE visible_article(articles)", true},
		{"SELECT 1 FROM articles", false},
		{"SELECT 1 FROM articles a WHERE a.status = 'PUBLISHED'", false},
		{"SELECT 1 FROM articles a WHERE visible_article(b)", false},
		{"SELECT 1 FROM articles a WHERE public_article(a)", false},
		{"SELECT 1 FROM tags t, articles a WHERE a.id = t.id", false},
		{"SELECT 1 FROM tags t left join Articles a ON a.id = t.id", false},
		{"SELECT 1 FROM articles a JOIN comments c ON c.article_id = a.id WHERE visible_article(a)", false},
		{"SELECT 1 FROM comments c WHERE visible_comment(c)", true},
		{"SELECT 1 FROM comments c WHERE desk_article(c)", false},
		{"SELECT 1 FROM pages p", false},
		{"SELECT (SELECT count(*) FROM articles x) FROM articles a WHERE visible_article(a)", false},
	} {
		if err := store.ReadBoth(test.text).Check(); (err == nil) != test.ok {
			t.Errorf("%s: %v", test.text, err)
		}
		if err := store.Read("SELECT 1", test.text).Check(); (err == nil) != test.ok {
			t.Errorf("%s, on SQLite alone: %v", test.text, err)
		}
		if err := store.MaintainBoth(test.text).Check(); err != nil {
			t.Errorf("%s, to maintain: %v", test.text, err)
		}
	}
	testkit.Databases(t, func(t *testing.T, db *store.DB) {
		_, err := store.Collect(t.Context(), db, store.ReadBoth("SELECT a.id FROM articles a"), store.ScanInt)
		if err == nil || !strings.Contains(err.Error(), "visible_article") {
			t.Errorf("a statement without its rule ran: %v", err)
		}
	})
}

// TestOpenSaysWhatIsWrong with an address.
func TestOpenSaysWhatIsWrong(t *testing.T) {
	t.Parallel()
	for _, url := range []string{"", "mysql://localhost/news", "sqlite:", "/var/news.db", "postgres://%zz"} {
		db, err := store.Open(t.Context(), url, store.Options{})
		if err == nil {
			_ = db.Close()
			t.Errorf("%q was opened", url)
		}
	}
}
