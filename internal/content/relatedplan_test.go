package content_test

import (
	"context"
	"database/sql"
	"regexp"
	"strings"
	"testing"

	"github.com/broadsheet-cms/broadsheet/internal/content"
	"github.com/broadsheet-cms/broadsheet/internal/store"
	"github.com/broadsheet-cms/broadsheet/internal/testkit"
)

// plan gives what a database says about how it runs a statement.
func plan(t *testing.T, db *store.DB, s *store.Statement, args ...any) string {
	t.Helper()
	return planFor(t, t.Context(), db, s, args...)
}

// planFor is plan for the viewer of a context.
func planFor(t *testing.T, ctx context.Context, db *store.DB, s *store.Statement, args ...any) string {
	t.Helper()
	var text string
	err := db.Tx(ctx, func(ctx context.Context) error {
		if db.Dialect == store.Postgres {
			// Tables of a test are so small that reading them whole is cheapest.
			if _, err := db.Exec(ctx, store.MaintainBoth("SET LOCAL enable_seqscan = off")); err != nil {
				return err
			}
		} else { // as if somebody had run ANALYZE on a large archive
			for _, text := range []string{"ANALYZE", "DELETE FROM sqlite_stat1", largeArchive, "ANALYZE sqlite_schema"} {
				if _, err := db.Exec(ctx, store.MaintainBoth(text)); err != nil {
					return err
				}
			}
		}
		_, err := store.Collect(ctx, db, s, func(rows *sql.Rows) (struct{}, error) {
			columns, err := rows.Columns()
			if err != nil {
				return struct{}{}, err
			}
			fields := make([]any, len(columns))
			for i := range fields {
				fields[i] = new(sql.NullString)
			}
			err = rows.Scan(fields...)
			text += fields[len(fields)-1].(*sql.NullString).String + "\n"
			return struct{}{}, err
		}, args...)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return text
}

// largeArchive tells SQLite's planner of a million articles in ten sections.
const largeArchive = `INSERT INTO sqlite_stat1 (tbl, idx, stat) VALUES
	('articles', 'article_primary_category_id', '1000000 100000'), ('articles', 'articles_slug_key', '1000000 1'),
	('article_candidates', NULL, '1000000'), ('article_terms', 'article_terms', '24000000 50 1 1'), ('terms', 'terms_key_key', '500000 1'), ('article_profiles', 'article_profile_published', '1000000 1000000 1 1'),
	('listings', 'listing_language', '2000000 1000000 181900 181900 1 1'), ('listings', 'listings', '2000000 1000000 181900 1 1')`

// derived are the parts of statements that SQLite may scan: what was just
// computed, and JSON.
var derived = regexp.MustCompile(`^(SCAN|SEARCH) (parent|candidate|chosen|c|filler|CONSTANT ROW|\(subquery-\d+\)|.* VIRTUAL TABLE)( |$)`)

// whole reports whether a line of a plan reads a table from end to end, be it to
// make an index for just this statement.
func whole(line string) bool {
	return strings.Contains(line, "Seq Scan") ||
		(strings.HasPrefix(line, "SCAN") || strings.Contains(line, "USING AUTOMATIC")) && !derived.MatchString(line)
}

func TestNoPlanReadsATableWhole(t *testing.T) {
	t.Parallel()
	testkit.Databases(t, func(t *testing.T, db *store.DB) {
		b := setup(t, db)
		ids := []int{b.titled(t, "dam").ID, b.titled(t, "dam").ID}
		for name, p := range content.RelatedPlans() {
			args := []any{db.IDs(ids)}
			if p.Number {
				args = append(args, 8)
			}
			if p.Lists {
				args = append(args, db.IDs(ids))
			}
			text := plan(t, db, p.Explain, args...)
			for line := range strings.Lines(text) {
				line = strings.TrimSpace(line)
				if whole(line) {
					t.Errorf("%s: %s in\n%s", name, line, text)
				}
			}
		}
	})
}
