package content_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/broadsheet-cms/broadsheet/ent"
	"github.com/broadsheet-cms/broadsheet/ent/article"
	"github.com/broadsheet-cms/broadsheet/ent/articledetail"
	"github.com/broadsheet-cms/broadsheet/internal/access"
	"github.com/broadsheet-cms/broadsheet/internal/content"
	"github.com/broadsheet-cms/broadsheet/internal/directory"
	"github.com/broadsheet-cms/broadsheet/internal/event"
	"github.com/broadsheet-cms/broadsheet/internal/keyset"
	"github.com/broadsheet-cms/broadsheet/internal/richtext"
	"github.com/broadsheet-cms/broadsheet/internal/store"
	"github.com/broadsheet-cms/broadsheet/internal/testkit"
)

type bundle struct {
	*content.Service
	db    *store.DB
	log   *event.Log
	world *ent.Category
	asia  *ent.Category // below world
	sport *ent.Category
	clock time.Time
}

func setup(t *testing.T, db *store.DB) *bundle {
	t.Helper()
	log := event.NewLog(db)
	b := &bundle{Service: content.New(db, log, directory.New(db, log)), db: db, log: log, clock: time.Date(2026, 3, 1, 9, 0, 0, 0, time.UTC)}
	ctx := access.AsSystem(t.Context())
	b.world = db.Ent(ctx).Category.Create().SetName("World").SetSlug("world").SaveX(ctx)
	b.asia = db.Ent(ctx).Category.Create().SetName("Asia").SetSlug("asia").SetParentID(b.world.ID).SaveX(ctx)
	b.sport = db.Ent(ctx).Category.Create().SetName("Sport").SetSlug("sport").SaveX(ctx)
	return b
}

// publish saves a published article, each a minute after the one before.
func (b *bundle) publish(t *testing.T, title string, change ...func(*content.Draft)) *ent.Article {
	t.Helper()
	b.clock = b.clock.Add(time.Minute)
	at := b.clock
	d := &content.Draft{Title: title, Status: article.StatusPublished, PublishedAt: &at, PrimaryCategory: &b.world.ID,
		Body: []richtext.Block{{Kind: richtext.Paragraph, HTML: "Words about " + title}}}
	for _, c := range change {
		c(d)
	}
	saved, err := b.Save(t.Context(), d)
	if err != nil {
		t.Fatalf("save %q: %v", title, err)
	}
	return saved[0]
}

func in(category *ent.Category) func(*content.Draft) {
	return func(d *content.Draft) { d.PrimaryCategory = &category.ID }
}

func titles(articles []*ent.Article) []string {
	var all []string
	for _, a := range articles {
		all = append(all, a.Title)
	}
	return all
}

func (b *bundle) latest(t *testing.T, list content.List, owner int) []string {
	t.Helper()
	found, err := b.Latest(t.Context(), list, []int{owner}, keyset.First(100))
	if err != nil {
		t.Fatal(err)
	}
	return titles(found[owner])
}

func TestLatestFollowsTheTree(t *testing.T) {
	t.Parallel()
	testkit.Databases(t, func(t *testing.T, db *store.DB) {
		b := setup(t, db)
		b.publish(t, "one")
		b.publish(t, "two", in(b.asia))
		b.publish(t, "three", in(b.sport), func(d *content.Draft) { d.Categories = []int{b.asia.ID}; d.Language = "ar" })
		for name, test := range map[string]struct {
			list  content.List
			owner int
			want  []string
		}{
			"site":             {content.List{}, 0, []string{"three", "two", "one"}},
			"with sub-section": {content.List{Kind: content.ByCategory}, b.world.ID, []string{"three", "two", "one"}},
			"sub-section":      {content.List{Kind: content.ByCategory}, b.asia.ID, []string{"three", "two"}},
			"one language":     {content.List{Kind: content.ByCategory, Language: "en"}, b.world.ID, []string{"two", "one"}},
			"nothing there":    {content.List{Kind: content.ByTag}, 1, nil},
		} {
			if diff := cmp.Diff(test.want, b.latest(t, test.list, test.owner)); diff != "" {
				t.Errorf("%s: %s", name, diff)
			}
		}
		many, err := b.Latest(t.Context(), content.List{Kind: content.ByCategory}, []int{b.world.ID, b.asia.ID, b.sport.ID}, keyset.First(1))
		if err != nil {
			t.Fatal(err)
		}
		for _, c := range []*ent.Category{b.world, b.asia, b.sport} {
			if diff := cmp.Diff([]string{"three"}, titles(many[c.ID])); diff != "" {
				t.Errorf("first of %s: %s", c.Name, diff)
			}
		}
	})
}

func TestHiddenArticlesAreNowhere(t *testing.T) {
	t.Parallel()
	testkit.Databases(t, func(t *testing.T, db *store.DB) {
		b := setup(t, db)
		shown := b.publish(t, "shown")
		now := time.Now()
		for name, hide := range map[string]func(*content.Draft){
			"draft":     func(d *content.Draft) { d.Status = article.StatusDraft },
			"scheduled": func(d *content.Draft) { d.Status = article.StatusScheduled },
			"embargoed": func(d *content.Draft) { d.Status = article.StatusEmbargoed },
			"killed":    func(d *content.Draft) { d.Status = article.StatusKilled },
			"private":   func(d *content.Draft) { d.Visibility = article.VisibilityPrivate },
			"trashed":   func(d *content.Draft) { d.TrashedAt = &now },
		} {
			hidden := b.publish(t, name, hide)
			if a, err := b.BySlug(t.Context(), hidden.Slug); a != nil || err != nil {
				t.Errorf("%s: found by slug: %v, %v", name, a, err)
			}
			if found, err := b.ByIDs(t.Context(), []int{hidden.ID}); len(found) != 0 || err != nil {
				t.Errorf("%s: found by id: %v, %v", name, found, err)
			}
			if n, err := db.Ent(t.Context()).Article.Query().Where(article.ID(hidden.ID)).Count(t.Context()); n != 0 || err != nil {
				t.Errorf("%s: counted by ent: %d, %v", name, n, err)
			}
			related, err := b.Related(t.Context(), []int{shown.ID, hidden.ID}, 8)
			if err != nil || len(related[shown.ID]) != 0 || len(related[hidden.ID]) != 0 {
				t.Errorf("%s: related: %v, %v", name, related, err)
			}
			around, err := b.Neighbours(t.Context(), content.WholeSite, []int{shown.ID})
			if err != nil || around[shown.ID].Next != nil {
				t.Errorf("%s: next: %v, %v", name, around, err)
			}
		}
		if diff := cmp.Diff([]string{"shown"}, b.latest(t, content.List{}, 0)); diff != "" {
			t.Errorf("latest: %s", diff)
		}
	})
}

func TestSaveAgain(t *testing.T) {
	t.Parallel()
	testkit.Databases(t, func(t *testing.T, db *store.DB) {
		b := setup(t, db)
		first := b.publish(t, "The title")
		second := b.publish(t, "The title")
		if first.Slug != "the-title" || second.Slug != "the-title-2" {
			t.Errorf("slugs %q and %q", first.Slug, second.Slug)
		}
		at := *first.PublishedAt
		again, err := b.Save(t.Context(), &content.Draft{ID: first.ID, Title: "Another title", Slug: first.Slug, Status: article.StatusPublished,
			PublishedAt: &at, PrimaryCategory: &b.sport.ID})
		if err != nil {
			t.Fatal(err)
		}
		if got := again[0]; got.Slug != "the-title" || got.Title != "Another title" || got.Version != 2 {
			t.Errorf("saved again: %v", got)
		}
		if diff := cmp.Diff([]string{"Another title"}, b.latest(t, content.List{Kind: content.ByCategory}, b.sport.ID)); diff != "" {
			t.Errorf("in its new section: %s", diff)
		}
		if diff := cmp.Diff([]string{"The title"}, b.latest(t, content.List{Kind: content.ByCategory}, b.world.ID)); diff != "" {
			t.Errorf("in its old section: %s", diff)
		}
		var types []string
		for _, e := range db.Ent(t.Context()).Event.Query().AllX(context.Background()) {
			types = append(types, e.Type)
		}
		if diff := cmp.Diff([]string{"article.published", "article.published", "article.updated"}, types); diff != "" {
			t.Errorf("events: %s", diff)
		}
	})
}

func TestNeighbours(t *testing.T) {
	t.Parallel()
	testkit.Databases(t, func(t *testing.T, db *store.DB) {
		b := setup(t, db)
		one := b.publish(t, "one")
		b.publish(t, "elsewhere", in(b.sport))
		two := b.publish(t, "two")
		b.publish(t, "other language", func(d *content.Draft) { d.Language = "ar" })
		for scope, want := range map[content.Scope][]string{content.WholeSite: {"elsewhere", "elsewhere"}, content.OneCategory: {"two", "one"}} {
			found, err := b.Neighbours(t.Context(), scope, []int{one.ID, two.ID})
			if err != nil {
				t.Fatal(err)
			}
			if found[one.ID].Previous != nil || found[two.ID].Next != nil {
				t.Errorf("%s: neighbours beyond the ends: %v", scope, found)
			}
			if diff := cmp.Diff(want, titles([]*ent.Article{found[one.ID].Next, found[two.ID].Previous})); diff != "" {
				t.Errorf("%s: %s", scope, diff)
			}
		}
	})
}

func TestPagesMeetWithoutGapOrRepeat(t *testing.T) {
	t.Parallel()
	testkit.Databases(t, func(t *testing.T, db *store.DB) {
		b := setup(t, db)
		same := b.clock
		for range 7 { // ties are broken by key
			b.publish(t, "tie", func(d *content.Draft) { d.PublishedAt = &same })
		}
		for range 6 {
			b.publish(t, "later")
		}
		all, err := b.Latest(t.Context(), content.List{}, []int{0}, keyset.First(100))
		if err != nil || len(all[0]) != 13 {
			t.Fatalf("%d articles, %v", len(all[0]), err)
		}
		for _, backward := range []bool{false, true} {
			var seen []int
			w := keyset.Window{Limit: 4, Backward: backward}
			for range 4 {
				page, err := b.Latest(t.Context(), content.List{}, []int{0}, w)
				if err != nil {
					t.Fatal(err)
				}
				var ids []int
				for _, a := range page[0] {
					ids = append(ids, a.ID)
				}
				if backward {
					seen = append(ids, seen...)
					k := content.Key(page[0][0])
					w.Before = &k
				} else {
					seen = append(seen, ids...)
					k := content.Key(page[0][len(page[0])-1])
					w.After = &k
				}
			}
			var want []int
			for _, a := range all[0] {
				want = append(want, a.ID)
			}
			if diff := cmp.Diff(want, seen); diff != "" {
				t.Errorf("backward %t: %s", backward, diff)
			}
		}
	})
}

// A headline cannot turn the direction of what a page puts around it.
func TestHeadlinesDoNotTurnWhatFollows(t *testing.T) {
	t.Parallel()
	testkit.Databases(t, func(t *testing.T, db *store.DB) {
		b := setup(t, db)
		for written, want := range map[string]string{
			"\u202edam":                             "dam",
			"a \u202edam\u202c b":                   "a dam b",
			"open \u2067isolate":                    "open isolate",
			"closed \u2067سد\u2069 isolate":         "closed \u2067سد\u2069 isolate",
			"closed \u202bسد\u202c embedding":       "closed \u202bسد\u202c embedding",
			"mark\u200e and \u200fmark":             "mark\u200e and \u200fmark",
			"می\u200cخواهم":                         "می\u200cخواهم",
			strings.Repeat("\u202d", 5_000) + "dam": "dam",
		} {
			a := b.publish(t, written, func(d *content.Draft) { d.Subtitle, d.Excerpt, d.Byline = written, written, written })
			detail := db.Ent(access.AsSystem(t.Context())).ArticleDetail.Query().Where(articledetail.ArticleID(a.ID)).OnlyX(access.AsSystem(t.Context()))
			if a.Title != want || a.Subtitle != want || a.Excerpt != want || detail.Byline != want {
				t.Errorf("%.40q: %+q %+q %+q %+q", written, a.Title, a.Subtitle, a.Excerpt, detail.Byline)
			}
		}
	})
}
