package content_test

import (
	"context"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/broadsheet-cms/broadsheet/ent"
	"github.com/broadsheet-cms/broadsheet/internal/access"
	"github.com/broadsheet-cms/broadsheet/internal/content"
	"github.com/broadsheet-cms/broadsheet/internal/store"
	"github.com/broadsheet-cms/broadsheet/internal/testkit"
)

// TestNoPlanOfFindReadsATableWhole: lists are read by an index, and so is whatever hangs
// on an article. The site is one row.
func TestNoPlanOfFindReadsATableWhole(t *testing.T) {
	t.Parallel()
	testkit.Databases(t, func(t *testing.T, db *store.DB) {
		b := setup(t, db)
		key := b.titled(t, "dam").ID
		anybody := access.With(t.Context(), access.Viewer{})
		for name, s := range content.FindPlans() {
			text := planFor(t, anybody, db, s, findArguments(db, name, key)...)
			for line := range strings.Lines(text) {
				line = strings.TrimSpace(line)
				// What a bounded part of the statement gave, and the newest of a table.
				if bounded := []string{"SCAN l", "SCAN newest", "SCAN media", "SCAN branded"}; whole(line) && !slices.Contains(bounded, line) && !strings.Contains(line, "Seq Scan on sites branded") {
					t.Errorf("%s: %s in\n%s", name, line, text)
				}
			}
			if name == "media" && !strings.Contains(text, "SEARCH m USING INTEGER PRIMARY KEY") && !strings.Contains(text, "using media_pkey on media m ") && !strings.Contains(text, "using media_newest on media m ") {
				t.Errorf("media are not looked up by their keys:\n%s", text)
			}
		}
	})
}

func findArguments(db *store.DB, name string, key int) []any {
	if name == "media" {
		return []any{"", content.MaxFound, 10, 0}
	}
	args := []any{0, 0}
	if strings.HasSuffix(name, "keys true") {
		args[0] = db.IDs([]int{key})
	}
	args = append(args, 0, int64(1)<<60, content.MaxFound)
	for range 3 {
		args = append(args, 0, db.IDs(nil), db.IDs(nil))
	}
	return append(args, "0001-01-01", "9999-01-01", db.IDs(nil), 10, 0)
}

// TestTextIsOrderedByCodePointsOnBothDatabases: whatever language PostgreSQL's database
// was made for.
func TestTextIsOrderedByCodePointsOnBothDatabases(t *testing.T) {
	t.Parallel()
	testkit.Databases(t, func(t *testing.T, db *store.DB) {
		b := setup(t, db)
		if db.Dialect == store.Postgres { // as in a database of another locale
			for _, column := range []string{"title", "slug"} {
				if _, err := db.Exec(t.Context(), store.MaintainBoth(`ALTER TABLE articles ALTER COLUMN `+column+` TYPE text COLLATE "en-x-icu"`)); err != nil {
					t.Fatal(err)
				}
			}
		}
		want := []string{"Abc", "Zed", "a-z", "aB", "ab", "zed", "Äpfel"}
		byTitle, bySlug := map[int]string{}, map[int]string{}
		for _, i := range []int{3, 6, 0, 5, 2, 4, 1} {
			a := b.publish(t, want[i])
			byTitle[a.ID], bySlug[a.ID] = a.Title, a.Slug
		}
		slugs := slices.Sorted(maps.Values(bySlug))
		for order, c := range map[content.FindOrder]struct {
			of   map[int]string
			want []string
		}{content.ByTitle: {byTitle, want}, content.BySlugName: {bySlug, slugs}} {
			for _, ascending := range []bool{true, false} {
				keys, _, err := b.Find(access.With(t.Context(), access.Viewer{}), content.Filter{Order: order, Ascending: ascending, Limit: 10})
				if err != nil {
					t.Fatal(err)
				}
				var got []string
				for _, key := range keys {
					got = append(got, c.of[key])
				}
				wanted := slices.Clone(c.want)
				if !ascending {
					slices.Reverse(wanted)
				}
				if diff := cmp.Diff(wanted, got); diff != "" {
					t.Errorf("by %s (-want +got):\n%s", order, diff)
				}
			}
		}
	})
}

// TestMediaAreLookedForAmongTheNewest: media that nobody sees, however many, do not make
// the list read on.
func TestMediaAreLookedForAmongTheNewest(t *testing.T) {
	t.Parallel()
	testkit.Databases(t, func(t *testing.T, db *store.DB) {
		b := setup(t, db)
		show := func(name string) int {
			m := mediaOf(t, db, name)
			b.publish(t, name, func(d *content.Draft) { d.FeaturedMedia = &m.ID })
			return m.ID
		}
		old := show("old")
		fill := store.Maintain(`INSERT INTO media (kind, content_type, created_at, modified_at) SELECT 'IMAGE', 'image/jpeg', now(), now() FROM generate_series(1, $1::int)`,
			`INSERT INTO media (kind, content_type, created_at, modified_at) WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < $1) SELECT 'IMAGE', 'image/jpeg', CURRENT_TIMESTAMP, CURRENT_TIMESTAMP FROM n`)
		list := func() []int {
			keys, total, err := b.ListMedia(access.With(t.Context(), access.Viewer{}), "IMAGE", 0, 10)
			if err != nil || total != len(keys) {
				t.Fatalf("%d of %d, %v", len(keys), total, err)
			}
			return keys
		}
		if _, err := db.Exec(t.Context(), fill, content.MaxFound-2); err != nil {
			t.Fatal(err)
		}
		fresh := show("fresh")
		if got := list(); !slices.Equal(got, []int{fresh, old}) {
			t.Errorf("within the bound: %v", got)
		}
		if _, err := db.Exec(t.Context(), fill, 1); err != nil {
			t.Fatal(err)
		}
		if got := list(); !slices.Equal(got, []int{fresh}) {
			t.Errorf("beyond the bound: %v", got)
		}
	})
}

func mediaOf(t *testing.T, db *store.DB, name string) (saved *ent.Media) {
	t.Helper()
	err := db.Tx(access.AsSystem(t.Context()), func(ctx context.Context) (err error) {
		saved, err = db.Ent(ctx).Media.Create().SetKind("IMAGE").SetContentType("image/jpeg").SetBlobKey(name + ".jpg").Save(ctx)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return saved
}
