package store_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/broadsheet-cms/broadsheet/internal/access"
	"github.com/broadsheet-cms/broadsheet/internal/store"
	"github.com/broadsheet-cms/broadsheet/internal/testkit"
)

// fill puts rows of many kinds of values into a database, with references in both
// directions and rows that are gone.
func fill(t *testing.T, db *store.DB) {
	t.Helper()
	at := time.Date(2026, 3, 1, 9, 0, 0, 123456000, time.UTC)
	err := db.Tx(access.AsSystem(t.Context()), func(ctx context.Context) error {
		c := db.Ent(ctx)
		parent := c.Category.Create().SetName("Welt & \"mehr\"").SetSlug("world").SaveX(ctx)
		child := c.Category.Create().SetName("أخبار").SetSlug("news").SetParentID(parent.ID).SaveX(ctx)
		tag := c.Tag.Create().SetName("Floods").SetSlug("floods").SetDescription("{not JSON").SaveX(ctx)
		for i := range 700 {
			a := c.Article.Create().SetKind("ARTICLE").SetStatus("PUBLISHED").SetTitle(fmt.Sprintf("Story %d", i)).SetSlug(fmt.Sprintf("story-%d", i)).SetLanguage("en").
				SetPublishedAt(at.Add(time.Duration(i) * time.Minute)).SetPrimaryCategoryID(child.ID).AddTags(tag).SaveX(ctx)
			if i == 699 {
				c.Article.DeleteOneID(a.ID).ExecX(ctx)
			}
		}
		c.Media.Create().SetKind("IMAGE").SetContentType("image/png").SetFocalX(0.25).SetFocalY(0.5).SaveX(ctx)
		c.AuditEntry.Create().SetAction("test").SetEntity("art").SetEntityID(1).SetAfter([]byte(`{"b": 1, "a": [1.50, true, null]}`)).SaveX(ctx)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

func rowsOf(r *store.CopyReport) map[string]int {
	rows := map[string]int{}
	for _, table := range r.Tables {
		rows[table.Name] = table.Rows
	}
	return rows
}

// TestADatabaseMovesThereAndBack: each kind into the other and back has the same
// rows, which Copy compares one by one.
func TestADatabaseMovesThereAndBack(t *testing.T) {
	t.Parallel()
	for name, way := range map[string][]store.Dialect{"sqlite first": {store.SQLite, store.Postgres, store.SQLite}, "postgres first": {store.Postgres, store.SQLite, store.Postgres}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			from := testkit.Open(t, testkit.URL(t, way[0]), store.Options{})
			fill(t, from)
			var first map[string]int
			for _, d := range way[1:] {
				to := testkit.Open(t, testkit.URL(t, d), store.Options{StatementTimeout: -1})
				report, err := store.Copy(t.Context(), from, to, nil, unindexed)
				if err != nil {
					t.Fatal(err)
				}
				rows := rowsOf(report)
				if first == nil {
					first = rows
				}
				if diff := cmp.Diff(first, rows); diff != "" || rows["articles"] != 699 || rows["article_tags"] != 699 {
					t.Errorf("rows: %s\n%v", diff, rows)
				}
				if _, err := store.Copy(t.Context(), from, to, nil, unindexed); !errors.Is(err, store.ErrNotEmpty) {
					t.Errorf("into one that holds content: %v", err)
				}
				from = to
			}
			ctx := access.AsSystem(t.Context())
			next := from.Ent(ctx).Article.Create().SetKind("ARTICLE").SetTitle("Next").SetSlug("next").SetLanguage("en").SaveX(ctx)
			if next.ID != 701 { // never the number of one that is gone
				t.Errorf("the next article has the key %d", next.ID)
			}
		})
	}
}

// unindexed leaves the search index as it is.
func unindexed(context.Context) error { return nil }

// notCopied are the tables whose rows are not copied, by prefix, with the reason.
var notCopied = map[string]string{
	"search_":           "the search index is made anew",
	"schema_migrations": "each database has the steps of its own kind",
}

// TestEveryTableIsCopiedOrNamed: each table that the catalogue has moves from SQLite to
// PostgreSQL and back with every value, or is named above.
func TestEveryTableIsCopiedOrNamed(t *testing.T) {
	t.Parallel()
	url := testkit.URL(t, store.SQLite)
	tables := testkit.FillEveryTable(t, url)
	from := testkit.Open(t, url, store.Options{})
	first, err := store.Dump(t.Context(), from, discard{})
	if err != nil {
		t.Fatal(err)
	}
	copied := map[string]store.DumpedTable{}
	for _, table := range first.Tables {
		copied[table.Name] = table
	}
	for _, table := range tables {
		named := false
		for prefix := range notCopied {
			named = named || strings.HasPrefix(table, prefix)
		}
		if _, ok := copied[table]; ok == named || ok && copied[table].Rows != 3 {
			t.Errorf("%s is copied: %t with %d rows; and named as not copied: %t", table, ok, copied[table].Rows, named)
		}
	}
	for _, d := range []store.Dialect{store.Postgres, store.SQLite, store.Postgres} {
		to := testkit.Open(t, testkit.URL(t, d), store.Options{StatementTimeout: -1})
		if _, err := store.Copy(t.Context(), from, to, nil, unindexed); err != nil {
			t.Fatal(err)
		}
		now, err := store.Dump(t.Context(), to, discard{})
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(first.Tables, now.Tables); diff != "" {
			t.Errorf("in %s:\n%s", d, diff)
		}
		from = to
	}
}

// TestRowsAreWrittenAsText: what EncodeRow writes, DecodeRow reads.
func TestRowsAreWrittenAsText(t *testing.T) {
	t.Parallel()
	columns := []store.Column{{"a", "text"}, {"b", "bytea"}, {"c", "timestamp with time zone"}, {"d", "double precision"}, {"e", "integer"}, {"f", "boolean"}, {"g", "text"}}
	row := []any{"<&>\u2028\n\"\\", "\xff\x00", time.Date(2026, 3, 1, 9, 0, 0, 123456000, time.UTC), 0.1, int64(9007199254740993), true, nil}
	text, err := store.EncodeRow(row)
	if err != nil {
		t.Fatal(err)
	}
	got, err := store.DecodeRow(text, columns)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(row, got); diff != "" {
		t.Error(diff)
	}
	for _, bad := range []string{"", "[", "{}", "[1]", `[1,2,3,4,5,6,[]]`, `["","","never",0,0,true,null]`, `["","","2026-03-01T09:00:00Z",0,1.5,true,null]`, `[{"base64":"!"},"","2026-03-01T09:00:00Z",0,1,true,null]`} {
		if _, err := store.DecodeRow([]byte(bad), columns); err == nil {
			t.Errorf("%s is read", bad)
		}
	}
}

type discard struct{}

func (discard) Table(string, []store.Column) error { return nil }
func (discard) Row([]any) error                    { return nil }
