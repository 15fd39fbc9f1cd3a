package interest_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	entarticle "github.com/broadsheet-cms/broadsheet/ent/article"
	"github.com/broadsheet-cms/broadsheet/internal/access"
	"github.com/broadsheet-cms/broadsheet/internal/interest"
	"github.com/broadsheet-cms/broadsheet/internal/keyset"
	"github.com/broadsheet-cms/broadsheet/internal/store"
)

// TestFeedOfManyTopicsReadsIndexes: with thousands of topics and the articles
// below them, a page of the feed neither reads a whole table nor sorts one, and a
// page further on has the same plan.
func TestFeedOfManyTopicsReadsIndexes(t *testing.T) {
	t.Parallel()
	eachDesk(t, func(t *testing.T, d *desk) {
		ctx := access.With(t.Context(), d.reader)
		for minute := range 10 {
			d.publish(t, minute, entarticle.StatusPublished)
		}
		const topics = 3_000
		numbers := `WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < CAST($1 AS bigint)) `
		fill := []*store.Statement{
			store.MaintainBoth(`INSERT INTO follows (user_id, kind, owner_id, notify, created_at) ` + numbers + `SELECT CAST($2 AS bigint), 2, 1000 + i, TRUE, $3 FROM n`),
			store.MaintainBoth(`INSERT INTO listings (kind, owner_id, published_at, article_id, language) ` + numbers +
				`SELECT 2, 1000 + i, l.published_at, l.article_id, l.language FROM n CROSS JOIN listings l WHERE l.kind = 0`),
		}
		if _, err := d.DB.Exec(t.Context(), fill[0], topics, d.reader.UserID, time.Now().UTC()); err != nil {
			t.Fatal(err)
		}
		if _, err := d.DB.Exec(t.Context(), fill[1], topics); err != nil {
			t.Fatal(err)
		}
		if _, err := d.DB.Exec(t.Context(), store.MaintainBoth(`ANALYZE`)); err != nil {
			t.Fatal(err)
		}
		d.statements.Take()
		first := must[[]interest.Place](t)(d.Interests.Feed(ctx, keyset.First(4)))
		if len(first) != 4 {
			t.Fatalf("a page of %d articles", len(first))
		}
		last := first[3]
		second := must[[]interest.Place](t)(d.Interests.Feed(ctx, keyset.Window{Limit: 4, After: &keyset.Key{Time: last.At, ID: last.ArticleID}}))
		if len(second) != 4 || second[0].At >= last.At {
			t.Fatalf("the next page is %v", second)
		}
		text := d.statements.Take()[0]
		plan := explain(t, d.DB, text, d.reader.UserID, keyset.Newest.Time, keyset.Newest.ID, keyset.Oldest.Time, keyset.Oldest.ID, 4)
		// PostgreSQL reads the few articles of this test whole, whatever the statement.
		for _, bad := range []string{"Seq Scan on listings", "SCAN l\n", "SCAN n\n", "SCAN m\n", "SCAN a\n"} {
			if strings.Contains(plan, bad) {
				t.Errorf("reads a whole table (%s):\n%s", strings.TrimSpace(bad), plan)
			}
		}
	})
}

// explain gives the plan of a statement.
func explain(t *testing.T, db *store.DB, text string, args ...any) string {
	t.Helper()
	how := "EXPLAIN QUERY PLAN "
	if db.Dialect == store.Postgres {
		how = "EXPLAIN "
	}
	rows, err := db.Query(t.Context(), store.MaintainBoth(how+text), args...)
	if err != nil {
		t.Fatalf("%v: %s", err, text)
	}
	defer func() { _ = rows.Close() }()
	columns := must[[]string](t)(rows.Columns())
	var plan strings.Builder
	for rows.Next() {
		cells := make([]any, len(columns))
		for i := range cells {
			cells[i] = new(any)
		}
		if err := rows.Scan(cells...); err != nil {
			t.Fatal(err)
		}
		fmt.Fprintf(&plan, "%s\n", *cells[len(cells)-1].(*any))
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	return plan.String()
}
