package main

import (
	"database/sql"
	"strings"
	"testing"

	"github.com/broadsheet-cms/broadsheet/internal/store"
	"github.com/broadsheet-cms/broadsheet/internal/testkit"
)

// TestDeepPagesCostWhatFirstOnesDo reads the lists of readers at two sizes: the
// first page and a deep one cost the same statements and rows, and lists of one
// owner cost no more when they are ten times as long.
func TestDeepPagesCostWhatFirstOnesDo(t *testing.T) {
	t.Parallel()
	testkit.EachURL(t, func(t *testing.T, url string) {
		seen := new(testkit.Statements)
		db := testkit.Open(t, url, store.Options{Wrap: seen.Wrap})
		driver, name := "sqlite", strings.TrimPrefix(url, "sqlite:")
		if db.Dialect == store.Postgres {
			driver, name = "postgres", url
		}
		raw, err := sql.Open(driver, name)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = raw.Close() })
		c := crowd{comments: 20_000, bookmarks: 5_000, follows: 500}
		if err := fillCrowd(t.Context(), raw, db.Dialect, c); err != nil {
			t.Fatal(err)
		}
		for _, r := range readings(db, c) {
			first, deep, err := r.costs(t.Context(), db, seen, 2)
			if err != nil {
				t.Fatalf("%s: %v", r.name, err)
			}
			if first.rows != pageSize || deep.rows != pageSize {
				t.Errorf("%s: the first page has %d rows, a deep one %d, want %d", r.name, first.rows, deep.rows, pageSize)
			}
			if first.statements != deep.statements || first.statements > 2 {
				t.Errorf("%s: the first page costs %d statements, a deep one %d", r.name, first.statements, deep.statements)
			}
			if db.Dialect != store.Postgres {
				continue
			}
			// A page reads its rows, and the feed looks once into the listings of each
			// topic.
			most := 6 * pageSize
			if strings.Contains(r.name, "feed") {
				most = 4*c.follows + pageSize*pageSize*4
			}
			if first.read <= 0 || first.read > most || deep.read > most || deep.read > first.read*3/2+pageSize {
				t.Errorf("%s: the first page reads %d rows, a deep one %d, want at most %d", r.name, first.read, deep.read, most)
			}
		}
	})
}
