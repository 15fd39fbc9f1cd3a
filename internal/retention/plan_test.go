package retention_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/broadsheet-cms/broadsheet/internal/access"
	"github.com/broadsheet-cms/broadsheet/internal/event"
	"github.com/broadsheet-cms/broadsheet/internal/job"
	"github.com/broadsheet-cms/broadsheet/internal/retention"
	"github.com/broadsheet-cms/broadsheet/internal/store"
	"github.com/broadsheet-cms/broadsheet/internal/testkit"
)

// TestReportsAreFoundByIndexes: the rules run every hour, and all but a few of the reports
// of years have lost what is kept for a time.
func TestReportsAreFoundByIndexes(t *testing.T) {
	t.Parallel()
	testkit.EachURL(t, func(t *testing.T, url string) {
		var statements testkit.Statements
		db := testkit.Open(t, url, store.Options{Wrap: statements.Wrap})
		ctx := access.AsSystem(t.Context())
		client := db.Ent(ctx)
		article := client.Article.Create().SetTitle("A").SetSlug("a").SaveX(ctx)
		reported := client.Comment.Create().SetArticleID(article.ID).SetGuestName("Guest").SetBody("Words.").SetPostedAt(time.Now()).SaveX(ctx)
		fill := `INSERT INTO comment_reports (comment_id, reporter, reason, explanation, law, name, email, good_faith, created_at, decided_at, decision)
			WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 5000)
			SELECT CAST($1 AS bigint), 'gone:' || i, 'SPAM', '', '', '', '', {false}, {time}, {time}, 'DISMISSED' FROM n`
		statement := store.Maintain(strings.NewReplacer("{time}", "to_timestamp(1700000000 + i)", "{false}", "false").Replace(fill),
			strings.NewReplacer("{time}", "strftime('%Y-%m-%d %H:%M:%S+00:00', 1700000000 + i, 'unixepoch')", "{false}", "0").Replace(fill))
		if _, err := db.Exec(ctx, statement, reported.ID); err != nil {
			t.Fatal(err)
		}
		if _, err := db.Exec(ctx, store.MaintainBoth(`ANALYZE`)); err != nil {
			t.Fatal(err)
		}
		log := event.NewLog(db)
		s := retention.New(db, log, job.New(db, log.Woken, job.Settings{}))
		statements.Take()
		if err := s.Run(ctx); err != nil {
			t.Fatal(err)
		}
		read := 0
		for _, text := range statements.Take() {
			if !strings.Contains(text, "FROM comment_reports") {
				continue
			}
			read++
			plan := explain(t, db, text, time.Now(), 500)
			if !strings.Contains(plan, "comment_report_") || strings.Contains(plan, "Seq Scan on comment_reports") || strings.Contains(plan, "SCAN comment_reports") {
				t.Errorf("reads the whole table: %s\n%s", text, plan)
			}
		}
		if read == 0 {
			t.Error("no rule is about reports")
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
	columns, err := rows.Columns()
	if err != nil {
		t.Fatal(err)
	}
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
