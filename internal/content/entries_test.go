package content_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/broadsheet-cms/broadsheet/ent"
	"github.com/broadsheet-cms/broadsheet/ent/article"
	"github.com/broadsheet-cms/broadsheet/internal/content"
	"github.com/broadsheet-cms/broadsheet/internal/richtext"
	"github.com/broadsheet-cms/broadsheet/internal/store"
	"github.com/broadsheet-cms/broadsheet/internal/testkit"
)

// TestEachLiveBlogHasItsPage: a page is as long for each live blog of many as it
// is for one alone, and goes on exactly behind the entry that it is asked for.
func TestEachLiveBlogHasItsPage(t *testing.T) {
	t.Parallel()
	testkit.Databases(t, func(t *testing.T, db *store.DB) {
		b := setup(t, db)
		var ids []int
		for i := range 3 {
			ids = append(ids, b.publish(t, fmt.Sprint("Blog ", i), func(d *content.Draft) {
				d.Kind = article.KindLiveBlog
				for n := range 900 {
					d.Entries = append(d.Entries, content.Entry{Title: fmt.Sprint(n), Body: []richtext.Block{}, Pinned: n == 4, PublishedAt: b.clock.Add(-time.Duration(n/2) * time.Second)})
				}
			}).ID)
		}
		hidden := b.publish(t, "Draft", func(d *content.Draft) {
			d.Kind, d.Status, d.PublishedAt = article.KindLiveBlog, article.StatusDraft, nil
			d.Entries = []content.Entry{{Title: "Secret", Body: []richtext.Block{}, PublishedAt: b.clock}}
		}).ID
		read := func(limit, after int) map[int][]*ent.LiveEntry {
			t.Helper()
			found, err := b.LiveEntries(t.Context(), append([]int{hidden}, ids...), limit, after)
			if err != nil {
				t.Fatal(err)
			}
			if len(found[hidden]) > 0 {
				t.Errorf("a reader is given %d entries of a draft", len(found[hidden]))
			}
			return found
		}
		// Entries of the same second: the one that was added later comes first.
		if diff := cmp.Diff([]string{"4", "1", "0", "3", "2", "5"}, entryTitles(read(6, 0)[ids[0]])); diff != "" {
			t.Errorf("pinned ones first, then newest first (-want +got):\n%s", diff)
		}
		for _, id := range ids {
			var walked []string
			for after := 0; ; {
				page := read(400, after)
				if after == 0 && len(page) != 4 || after != 0 && len(page) != 1 {
					t.Fatalf("after %d: pages of %d live blogs", after, len(page))
				}
				if len(page[id]) == 0 {
					break
				}
				walked = append(walked, entryTitles(page[id])...)
				after = page[id][len(page[id])-1].ID
			}
			if diff := cmp.Diff(entryTitles(read(1000, 0)[id]), walked); diff != "" || len(walked) != 900 {
				t.Errorf("%d entries on pages (-whole +pages):\n%s", len(walked), diff)
			}
		}
	})
}

func entryTitles(entries []*ent.LiveEntry) []string {
	titles := make([]string, len(entries))
	for i, e := range entries {
		titles[i] = e.Title
	}
	return titles
}
