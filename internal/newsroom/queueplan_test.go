package newsroom_test

import (
	"context"
	"database/sql"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/broadsheet-cms/broadsheet/internal/access"
	"github.com/broadsheet-cms/broadsheet/internal/newsroom"
	"github.com/broadsheet-cms/broadsheet/internal/store"
	"github.com/broadsheet-cms/broadsheet/internal/testkit"
)

// plan gives what a database says about how it runs a statement.
func plan(t *testing.T, ctx context.Context, db *store.DB, s *store.Statement, args ...any) string {
	t.Helper()
	var text strings.Builder
	err := db.Tx(ctx, func(ctx context.Context) error {
		if db.Dialect == store.Postgres {
			// Tables of a test are so small that reading them whole is cheapest.
			if _, err := db.Exec(ctx, store.MaintainBoth("SET LOCAL enable_seqscan = off")); err != nil {
				return err
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
			text.WriteString(fields[len(fields)-1].(*sql.NullString).String + "\n")
			return struct{}{}, err
		}, args...)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return text.String()
}

// derived are the parts of statements that may be scanned: arguments, and what
// was just computed.
var derived = regexp.MustCompile(`^SCAN (each_\w+|below|found|l|w|own|CONSTANT ROW|\(subquery-\d+\)|json_each.*|.* VIRTUAL TABLE.*)`)

// TestNewsroomListsAreRangesOfIndexes holds that what the lists of the newsroom
// cost does not grow with the archive.
func TestNewsroomListsAreRangesOfIndexes(t *testing.T) {
	t.Parallel()
	testkit.Databases(t, func(t *testing.T, db *store.DB) {
		b := setup(t, db)
		for range 3 {
			b.create(access.Author, "Dam")
		}
		first, last := morning.Add(-time.Hour), morning.Add(time.Hour)
		statuses, kinds := db.Texts([]string{"DRAFT", "IN_REVIEW"}), db.Texts([]string{"ARTICLE"})
		list := []any{statuses, first, 0, last, 0, 21, 0, 0, 0, "", kinds}
		check := func(name string, p newsroom.Plan, args ...any) {
			text := plan(t, b.as(access.Editor), db, p.Explain, args...)
			if !strings.Contains(text, p.Index) {
				t.Errorf("%s is not read through %s:\n%s", name, p.Index, text)
			}
			if db.Dialect == store.SQLite && p.Index == "article_queue" && !strings.Contains(text, "article_queue (status=? AND <expr>>? AND <expr><?)") {
				t.Errorf("%s does not begin at its bounds:\n%s", name, text)
			}
			for line := range strings.Lines(text) {
				line = strings.TrimSpace(line)
				if strings.Contains(line, "Seq Scan on articles") || strings.HasPrefix(line, "SCAN") && !derived.MatchString(line) {
					t.Errorf("%s: %s in\n%s", name, line, text)
				}
			}
		}
		all, own := newsroom.QueuePlans()
		for name, p := range all {
			check(name, p, list...)
		}
		for name, p := range own {
			check(name, p, append(list, b.users[access.Author])...)
		}
		for name, p := range newsroom.SpanPlans() {
			check(name, p, first, last, 10)
		}
		check("published", newsroom.PublishedPlan(), first.UnixMicro(), last.UnixMicro(), 10)
		check("trash", newsroom.TrashPlan(), first, 0, last, 0, 10)
	})
}
