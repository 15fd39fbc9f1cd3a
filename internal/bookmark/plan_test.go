package bookmark_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/broadsheet-cms/broadsheet/internal/access"
	"github.com/broadsheet-cms/broadsheet/internal/bookmark"
	"github.com/broadsheet-cms/broadsheet/internal/keyset"
	"github.com/broadsheet-cms/broadsheet/internal/store"
	"github.com/broadsheet-cms/broadsheet/internal/testkit"
)

// TestListsReadTheirIndex: among many lists, a page of one and its count read the entries
// of that list in their order, with the filter by section and without.
func TestListsReadTheirIndex(t *testing.T) {
	t.Parallel()
	testkit.EachURL(t, func(t *testing.T, url string) {
		var statements testkit.Statements
		db := testkit.Open(t, url, store.Options{Wrap: statements.Wrap})
		s := open(t, db)
		ctx := access.With(t.Context(), s.reader)
		for _, a := range s.articles {
			must[bookmark.Added](t)(s.Add(ctx, "", a))
		}
		for _, fill := range []string{
			`INSERT INTO reading_lists (token_hash, created_at, used_at) WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 3000) SELECT 'list ' || i, CURRENT_TIMESTAMP, CURRENT_TIMESTAMP FROM n`,
			`INSERT INTO bookmarks (list_id, article_id, saved_at, revision) SELECT l.id, a.id, CURRENT_TIMESTAMP, 1 FROM reading_lists l CROSS JOIN articles a WHERE l.user_id IS NULL`,
			`INSERT INTO listings (kind, owner_id, published_at, article_id, language) WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 1000)
				SELECT 1, 100 + i, l.published_at, l.article_id, l.language FROM n CROSS JOIN listings l WHERE l.kind = 0`,
			`ANALYZE`,
		} {
			if _, err := db.Exec(t.Context(), store.MaintainBoth(fill)); err != nil {
				t.Fatalf("%s: %v", fill, err)
			}
		}
		shelf := must[bookmark.Shelf](t)(s.Of(ctx, ""))
		lists := must[[]int](t)(store.Collect(ctx, db, store.MaintainBoth(`SELECT id FROM reading_lists WHERE user_id IS NOT NULL`), store.ScanInt))
		for _, section := range []int{0, 200} {
			shelf.Category = section
			statements.Take()
			if n := len(must[[]*bookmark.Bookmark](t)(s.List(ctx, shelf, keyset.First(4)))); n != 4 {
				t.Errorf("section %d: a page of %d", section, n)
			}
			if n := must[int](t)(s.Count(ctx, shelf, 100)); n != len(s.articles) {
				t.Errorf("section %d: counted %d", section, n)
			}
			read := statements.Take()
			args := [][]any{{lists[0], keyset.Newest.Moment(), keyset.Newest.ID, keyset.Oldest.Moment(), keyset.Oldest.ID, 4}, {lists[0], 100}}
			for i, text := range read {
				if section != 0 {
					args[i] = append(args[i], section)
				}
				plan := explain(t, db, text, args[i])
				// PostgreSQL reads the few articles of this test whole, whatever the statement.
				for _, bad := range []string{"Seq Scan on bookmarks", "Seq Scan on listings", "SCAN b\n", "SCAN l\n", "SCAN a\n", "TEMP B-TREE"} {
					if strings.Contains(plan, bad) {
						t.Errorf("section %d: %s in\n%s\n%s", section, strings.TrimSpace(bad), text, plan)
					}
				}
			}
			if len(read) != 2 {
				t.Errorf("%d statements of a page and its count", len(read))
			}
		}
	})
}

// explain gives the plan of a statement.
func explain(t *testing.T, db *store.DB, text string, args []any) string {
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
