package store_test

import (
	"context"
	"errors"
	"fmt"
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
				report, err := store.Copy(t.Context(), from, to, nil)
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
				if _, err := store.Copy(t.Context(), from, to, nil); !errors.Is(err, store.ErrNotEmpty) {
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
