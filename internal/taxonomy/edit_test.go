package taxonomy_test

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/broadsheet-cms/broadsheet/ent"
	"github.com/broadsheet-cms/broadsheet/ent/article"
	"github.com/broadsheet-cms/broadsheet/ent/auditentry"
	"github.com/broadsheet-cms/broadsheet/ent/author"
	"github.com/broadsheet-cms/broadsheet/ent/byline"
	"github.com/broadsheet-cms/broadsheet/ent/menuitem"
	"github.com/broadsheet-cms/broadsheet/internal/access"
	"github.com/broadsheet-cms/broadsheet/internal/audit"
	"github.com/broadsheet-cms/broadsheet/internal/content"
	"github.com/broadsheet-cms/broadsheet/internal/directory"
	"github.com/broadsheet-cms/broadsheet/internal/event"
	"github.com/broadsheet-cms/broadsheet/internal/fault"
	"github.com/broadsheet-cms/broadsheet/internal/id"
	"github.com/broadsheet-cms/broadsheet/internal/search"
	"github.com/broadsheet-cms/broadsheet/internal/site"
	"github.com/broadsheet-cms/broadsheet/internal/store"
	"github.com/broadsheet-cms/broadsheet/internal/taxonomy"
	"github.com/broadsheet-cms/broadsheet/internal/testkit"
)

// desk is what an editor works with.
type desk struct {
	services
	*taxonomy.Editor
	log    *event.Log
	pages  *site.Service
	search *search.Service
	ctx    context.Context // of an editor
	clock  time.Time
}

func openDesk(t *testing.T, db *store.DB) *desk {
	t.Helper()
	log := event.NewLog(db)
	dir := directory.New(db, log)
	articles := content.New(db, log, dir)
	d := &desk{services: services{db, articles, taxonomy.New(db, log, articles)}, log: log, pages: site.New(db, log), search: search.New(db, dir),
		ctx: access.With(t.Context(), access.Viewer{UserID: 7, Role: access.Editor, Name: "Edda"}), clock: time.UnixMicro(1e15)}
	articles.Derive(d.search)
	d.Editor = taxonomy.NewEditor(d.taxonomy, d.pages, audit.NewLog(db))
	return d
}

// publish saves an article, each a minute after the one before.
func (d *desk) publish(t *testing.T, title string, change func(*content.Draft)) int {
	t.Helper()
	d.clock = d.clock.Add(time.Minute)
	draft := &content.Draft{Title: "Report: " + title, Status: article.StatusPublished, PublishedAt: new(d.clock)}
	change(draft)
	return must(d.content.Save(t.Context(), draft))(t)[0].ID
}

type listing struct{ kind, owner, article int }

var listingsSQL = store.MaintainBoth(`SELECT kind, owner_id, article_id FROM listings`)

// checkListings compares the stored listings with those that follow from the
// articles and the tree, worked out from nothing.
func (d *desk) checkListings(t *testing.T) {
	t.Helper()
	ctx := access.AsSystem(t.Context())
	client := d.db.Ent(ctx)
	want := map[listing]bool{}
	parents := map[int]*int{}
	for _, c := range client.Category.Query().AllX(ctx) {
		parents[c.ID] = c.ParentID
	}
	for _, a := range client.Article.Query().WithCategories().WithTags().WithPlaces().WithBylines().AllX(ctx) {
		if !content.Live(a) {
			continue
		}
		add := func(kind content.ListingKind, owner int) { want[listing{int(kind), owner, a.ID}] = true }
		under := func(category *int) {
			for ; category != nil; category = parents[*category] {
				add(content.ByCategory, *category)
			}
		}
		add(0, 0)
		under(a.PrimaryCategoryID)
		for _, c := range a.Edges.Categories {
			under(&c.ID)
		}
		for _, x := range a.Edges.Tags {
			add(content.ByTag, x.ID)
		}
		for _, x := range a.Edges.Places {
			add(content.ByPlace, x.ID)
		}
		for _, x := range a.Edges.Bylines {
			add(content.ByAuthor, x.AuthorID)
		}
		if a.SeriesID != nil {
			add(content.BySeries, *a.SeriesID)
		}
	}
	rows := must(store.Collect(ctx, d.db, listingsSQL, func(rows *sql.Rows) (r listing, err error) {
		err = rows.Scan(&r.kind, &r.owner, &r.article)
		return r, err
	}))(t)
	got := map[listing]bool{}
	for _, r := range rows {
		got[r] = true
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("listings (-made from nothing +stored):\n%s", diff)
	}
	if diff := cmp.Diff(got, d.replay(t)); diff != "" {
		t.Errorf("listings (-stored +as the events say):\n%s", diff)
	}
	d.checkSearch(t, want)
}

// checkSearch looks for the articles of each owner by the search index, which
// must find those that are listed there.
func (d *desk) checkSearch(t *testing.T, listed map[listing]bool) {
	t.Helper()
	filters := map[content.ListingKind]func(owner int) search.Filter{
		content.ByCategory: func(owner int) search.Filter { return search.Filter{Categories: []int{owner}} },
		content.ByTag:      func(owner int) search.Filter { return search.Filter{Tags: []int{owner}} },
		content.ByPlace:    func(owner int) search.Filter { return search.Filter{Places: []int{owner}} },
		content.ByAuthor:   func(owner int) search.Filter { return search.Filter{Authors: []int{owner}} },
		content.BySeries:   func(owner int) search.Filter { return search.Filter{Series: []int{owner}} },
	}
	type owner struct {
		kind content.ListingKind
		key  int
	}
	want := map[owner][]int{}
	for kind := range filters {
		for key := 1; key <= 20; key++ { // those that are gone have none
			want[owner{kind, key}] = nil
		}
	}
	for l := range listed {
		if o := (owner{content.ListingKind(l.kind), l.owner}); l.kind != 0 {
			want[o] = append(want[o], l.article)
		}
	}
	for o, articles := range want {
		found := must(d.search.Search(t.Context(), search.Query{Text: "report", Filter: filters[o.kind](o.key), First: 100}))(t)
		var got []int
		for _, h := range found.Hits {
			got = append(got, h.Article)
		}
		slices.Sort(articles)
		slices.Sort(got)
		if !slices.Equal(articles, got) {
			t.Errorf("a search in owner %d of kind %d found %v, listed are %v", o.key, o.kind, got, articles)
		}
	}
}

// entries gives the actions in the record of who did what.
func (d *desk) entries(t *testing.T) []*ent.AuditEntry {
	t.Helper()
	return must(d.db.Ent(t.Context()).AuditEntry.Query().Order(auditentry.ByID()).All(t.Context()))(t)
}

func (d *desk) redirects(t *testing.T) map[string]string {
	t.Helper()
	all := map[string]string{}
	for _, r := range must(d.db.Ent(t.Context()).Redirect.Query().All(t.Context()))(t) {
		key := 0
		if r.TargetID != nil {
			key = *r.TargetID
		}
		all[r.Path] = fmt.Sprint(r.StatusCode, " ", r.TargetType, " ", key)
	}
	return all
}

func TestMergingSectionsKeepsListingsRight(t *testing.T) {
	t.Parallel()
	testkit.Databases(t, func(t *testing.T, db *store.DB) {
		d := openDesk(t, db)
		ends := must(d.taxonomy.EnsurePaths(t.Context(), []string{"World"}, []string{"World", "Asia"}, []string{"Abroad"}, []string{"Abroad", "Africa"},
			[]string{"Abroad", "Africa", "Cairo"}, []string{"Foreign"}))(t)
		world, asia, abroad, africa, cairo, foreign := ends[0], ends[1], ends[2], ends[3], ends[4], ends[5]
		articles := map[string]int{}
		for name, change := range map[string]func(*content.Draft){
			"in what goes":    func(a *content.Draft) { a.PrimaryCategory = &abroad },
			"in both":         func(a *content.Draft) { a.PrimaryCategory, a.Categories = &abroad, []int{world} },
			"in both, turned": func(a *content.Draft) { a.PrimaryCategory, a.Categories = &world, []int{abroad} },
			"in two that go":  func(a *content.Draft) { a.PrimaryCategory, a.Categories = &abroad, []int{foreign} },
			"further":         func(a *content.Draft) { a.PrimaryCategory, a.Categories = &asia, []int{abroad, foreign, world} },
			"below what goes": func(a *content.Draft) { a.PrimaryCategory = &cairo },
			"below and in it": func(a *content.Draft) { a.PrimaryCategory, a.Categories = &africa, []int{abroad} },
			"in what stays":   func(a *content.Draft) { a.PrimaryCategory = &world },
			"a draft":         func(a *content.Draft) { a.PrimaryCategory, a.Status, a.PublishedAt = &abroad, article.StatusDraft, nil },
			"a draft further on": func(a *content.Draft) {
				a.Categories, a.Status, a.PublishedAt = []int{abroad}, article.StatusDraft, nil
			},
		} {
			articles[name] = d.publish(t, name, change)
		}
		d.checkListings(t)
		must(d.pages.SaveMenu(t.Context(), site.Menu{Location: "HEADER", Items: []site.MenuItem{
			{Target: site.Target{Type: menuitem.TargetTypeCategory, ID: world}},
			{Target: site.Target{Type: menuitem.TargetTypeCategory, ID: abroad}},
			{Label: "More", Children: []site.MenuItem{{Target: site.Target{Type: menuitem.TargetTypeCategory, ID: foreign}}}},
		}}))(t)
		must(d.pages.SaveRedirects(t.Context(), site.Redirect{Path: "/old-abroad", Target: site.Target{Type: menuitem.TargetTypeCategory, ID: abroad}}))(t)

		merged := must(d.Categories.Merge(d.ctx, []int{abroad, foreign}, world))(t)
		if merged.ID != world {
			t.Errorf("merged into %d", merged.ID)
		}
		d.checkListings(t)

		client, system := db.Ent(t.Context()), access.AsSystem(t.Context())
		primary := func(name string) int { return *client.Article.GetX(system, articles[name]).PrimaryCategoryID }
		for _, name := range []string{"in what goes", "in both", "in both, turned", "in two that go", "a draft"} {
			if primary(name) != world {
				t.Errorf("%s: in section %d", name, primary(name))
			}
		}
		for name, want := range map[string][]int{"in both": nil, "in both, turned": nil, "in two that go": nil, "further": {world}, "below and in it": {world}, "a draft further on": {world}} {
			got := client.Article.Query().Where(article.ID(articles[name])).QueryCategories().IDsX(system)
			if diff := cmp.Diff(want, got); diff != "" && len(want)+len(got) > 0 {
				t.Errorf("%s: further sections (-want +got):\n%s", name, diff)
			}
		}
		if parent := client.Category.GetX(system, africa).ParentID; parent == nil || *parent != world {
			t.Errorf("the section below went to %v", parent)
		}
		into := fmt.Sprint("301 CATEGORY ", world)
		if diff := cmp.Diff(map[string]string{"/sections/abroad": into, "/sections/foreign": into, "/old-abroad": into}, d.redirects(t)); diff != "" {
			t.Errorf("redirects (-want +got):\n%s", diff)
		}
		var items []string
		for _, it := range client.MenuItem.Query().Order(menuitem.ByID()).AllX(system) {
			key := 0
			if it.TargetID != nil {
				key = *it.TargetID
			}
			items = append(items, fmt.Sprint(it.Label, it.TargetType, key))
		}
		if diff := cmp.Diff([]string{fmt.Sprint("CATEGORY", world), "MoreNONE0", fmt.Sprint("CATEGORY", world)}, items); diff != "" {
			t.Errorf("menu (-want +got):\n%s", diff)
		}
		entries := d.entries(t)
		if len(entries) != 1 || entries[0].Action != "mergeCategories" || entries[0].EntityID != world || entries[0].ActorName != "Edda" {
			t.Errorf("recorded %v", entries)
		}
		var before []taxonomy.State
		if err := json.Unmarshal(entries[0].Before, &before); err != nil || len(before) != 2 || before[0].Slug != "abroad" {
			t.Errorf("recorded what was before as %s: %v", entries[0].Before, err)
		}
	})
}

func TestMergingKeepsOneOfEach(t *testing.T) {
	t.Parallel()
	testkit.Databases(t, func(t *testing.T, db *store.DB) {
		d := openDesk(t, db)
		ctx, system := t.Context(), access.AsSystem(t.Context())
		tags := must(d.taxonomy.EnsureTags(ctx, taxonomy.Tag{Name: "Ports"}, taxonomy.Tag{Name: "Harbours"}, taxonomy.Tag{Name: "Ships"}))(t)
		places := must(d.taxonomy.EnsurePlaces(ctx, taxonomy.Place{Name: "Oman"}, taxonomy.Place{Name: "Sultanate"}))(t)
		series := must(d.taxonomy.EnsureSeries(ctx, taxonomy.Series{Name: "Slow"}, taxonomy.Series{Name: "Water"}))(t)
		names := must(d.taxonomy.EnsureAuthors(ctx, taxonomy.Author{Name: "A"}, taxonomy.Author{Name: "B"}, taxonomy.Author{Name: "A. again"}))(t)
		key := d.publish(t, "All", func(a *content.Draft) {
			a.Tags, a.Places, a.Series, a.Authors = tags, places, &series[1], []int{names[2], names[1], names[0]}
		})
		d.publish(t, "Gone only", func(a *content.Draft) {
			a.Tags, a.Places, a.Series, a.Authors = tags[1:2], places[1:], &series[1], names[2:]
		})
		user := db.Ent(system).User.Create().SetEmail("a@example.org").SetDisplayName("A").SaveX(system)
		db.Ent(system).Author.UpdateOneID(names[2]).SetUserID(user.ID).ExecX(system)

		must(d.Tags.Merge(d.ctx, []int{tags[1], tags[1]}, tags[0]))(t)
		must(d.Places.Merge(d.ctx, places[1:], places[0]))(t)
		must(d.Series.Merge(d.ctx, series[1:], series[0]))(t)
		must(d.Authors.Merge(d.ctx, names[2:], names[0]))(t)
		d.checkListings(t)
		a := db.Ent(system).Article.GetX(system, key)
		if got := slices.Sorted(slices.Values(a.QueryTags().IDsX(system))); !slices.Equal(got, []int{tags[0], tags[2]}) {
			t.Errorf("tags %v", got)
		}
		if a.SeriesID == nil || *a.SeriesID != series[0] {
			t.Errorf("series %v", a.SeriesID)
		}
		var line []int
		for _, b := range a.QueryBylines().Order(byline.ByPosition(), byline.ByID()).AllX(system) {
			line = append(line, b.AuthorID)
		}
		if diff := cmp.Diff([]int{names[0], names[1]}, line); diff != "" {
			t.Errorf("by-line (-want +got):\n%s", diff)
		}
		if u := db.Ent(system).Author.GetX(system, names[0]).UserID; u == nil || *u != user.ID {
			t.Errorf("the account went to %v", u)
		}
		if err := d.content.CompleteRelated(ctx, nil); err != nil {
			t.Error(err)
		}
	})
}

func TestDeletingAsksWhereArticlesGo(t *testing.T) {
	t.Parallel()
	testkit.Databases(t, func(t *testing.T, db *store.DB) {
		d := openDesk(t, db)
		ctx, system := t.Context(), access.AsSystem(t.Context())
		ends := must(d.taxonomy.EnsurePaths(ctx, []string{"World"}, []string{"World", "Asia"}, []string{"Sport"}))(t)
		world, asia, sport := ends[0], ends[1], ends[2]
		tag := must(d.taxonomy.EnsureTags(ctx, taxonomy.Tag{Name: "Ports"}))(t)[0]
		name := must(d.taxonomy.EnsureAuthors(ctx, taxonomy.Author{Name: "A"}, taxonomy.Author{Name: "B"}))(t)
		series := must(d.taxonomy.EnsureSeries(ctx, taxonomy.Series{Name: "Slow"}))(t)[0]
		d.publish(t, "One", func(a *content.Draft) {
			a.PrimaryCategory, a.Tags, a.Authors, a.Series, a.SeriesPosition = &asia, []int{tag}, name[:1], &series, new(1)
		})
		must(d.pages.SaveMenu(ctx, site.Menu{Location: "HEADER", Items: []site.MenuItem{
			{Target: site.Target{Type: menuitem.TargetTypeTag, ID: tag}, Children: []site.MenuItem{{Label: "Home", Target: site.Target{Address: "/"}}}},
			{Target: site.Target{Type: menuitem.TargetTypeSeries, ID: series}},
		}}))(t)
		wantMistake(t, d.Categories.Delete(d.ctx, world, 0), fault.InUse, "id")     // has sections below it
		wantMistake(t, d.Categories.Delete(d.ctx, world, sport), fault.InUse, "id") // still has
		wantMistake(t, d.Categories.Delete(d.ctx, asia, 0), fault.InUse, "id")      // has articles
		wantMistake(t, d.Categories.Delete(d.ctx, asia, asia), fault.Loop, "moveArticlesTo")
		wantMistake(t, d.Categories.Delete(d.ctx, asia, 999), fault.Missing, "moveArticlesTo")
		wantMistake(t, d.Categories.Delete(d.ctx, 999, 0), fault.Missing, "id")
		wantMistake(t, d.Authors.Delete(d.ctx, name[0], 0), fault.InUse, "id")
		for _, err := range []error{d.Categories.Delete(d.ctx, asia, sport), d.Categories.Delete(d.ctx, world, 0), d.Tags.Delete(d.ctx, tag, 0),
			d.Authors.Delete(d.ctx, name[0], name[1]), d.Series.Delete(d.ctx, series, 0)} {
			if err != nil {
				t.Error(err)
			}
		}
		d.checkListings(t)
		want := map[string]string{"/sections/asia": fmt.Sprint("301 CATEGORY ", sport), "/sections/world": "410 ADDRESS 0", "/tags/ports": "410 ADDRESS 0",
			"/authors/a": fmt.Sprint("301 AUTHOR ", name[1]), "/series/slow": "410 ADDRESS 0"}
		if diff := cmp.Diff(want, d.redirects(t)); diff != "" {
			t.Errorf("redirects (-want +got):\n%s", diff)
		}
		items := db.Ent(system).MenuItem.Query().Order(menuitem.ByID()).AllX(system)
		if len(items) != 2 || items[0].Label != "Ports" || items[0].TargetType != menuitem.TargetTypeNone || items[1].Label != "Home" {
			t.Errorf("menu %v", items)
		}
		if n := len(d.entries(t)); n != 5 {
			t.Errorf("%d entries for 5 deletions", n)
		}
	})
}

func TestRenamingLeavesRedirects(t *testing.T) {
	t.Parallel()
	testkit.Databases(t, func(t *testing.T, db *store.DB) {
		d := openDesk(t, db)
		made := must(d.Tags.Create(d.ctx, taxonomy.Tag{Name: "Ports"}))(t)
		rename := func(slug string) func(*taxonomy.Tag) { return func(x *taxonomy.Tag) { x.Slug = slug } }
		must(d.Tags.Update(d.ctx, made.ID, rename("harbours")))(t)
		must(d.Tags.Update(d.ctx, made.ID, rename("docks")))(t)
		must(d.Tags.Update(d.ctx, made.ID, rename("ports")))(t) // back to where it was
		to := fmt.Sprint("301 TAG ", made.ID)
		if diff := cmp.Diff(map[string]string{"/tags/harbours": to, "/tags/docks": to}, d.redirects(t)); diff != "" {
			t.Errorf("redirects (-want +got):\n%s", diff)
		}
		must(d.Tags.Create(d.ctx, taxonomy.Tag{Name: "Ships"}))(t)
		_, err := d.Tags.Update(d.ctx, made.ID, rename("ships"))
		wantMistake(t, err, fault.Taken, "slug")
		_, err = d.Tags.Create(d.ctx, taxonomy.Tag{Name: "Other", Slug: "ships"})
		wantMistake(t, err, fault.Taken, "slug")
		_, err = d.Tags.Update(d.ctx, made.ID, func(x *taxonomy.Tag) { x.Name = " " })
		wantMistake(t, err, fault.Blank, "name")
		_, err = d.Tags.Merge(d.ctx, []int{made.ID}, made.ID)
		wantMistake(t, err, fault.Loop, "ids[0]")
		var actions []string
		for _, e := range d.entries(t) {
			actions = append(actions, e.Action)
		}
		if got := strings.Join(actions, " "); got != "createTag updateTag updateTag updateTag createTag" {
			t.Errorf("recorded %s", got)
		}
	})
}

func TestTheTreeOfSectionsHasNoLoopsAndAnEnd(t *testing.T) {
	t.Parallel()
	testkit.Databases(t, func(t *testing.T, db *store.DB) {
		d := openDesk(t, db)
		path := make([]string, 20)
		for i := range path {
			path[i] = fmt.Sprint("Level ", i+1)
		}
		ends := must(d.taxonomy.EnsurePaths(t.Context(), path[:1], path[:2], path, []string{"Apart"}, []string{"Apart", "Below"}, path[:19]))(t)
		top, second, deepest, apart, below, nineteenth := ends[0], ends[1], ends[2], ends[3], ends[4], ends[5]
		move := func(key, to int) error {
			_, err := d.MoveCategory(d.ctx, key, &to, 0)
			return err
		}
		merge := func(key, to int) error {
			_, err := d.Categories.Merge(d.ctx, []int{key}, to)
			return err
		}
		wantMistake(t, move(top, deepest), fault.Loop, "parentId")
		wantMistake(t, move(top, top), fault.Loop, "parentId")
		wantMistake(t, move(apart, nineteenth), fault.LimitReached, "parentId") // it fits, what is below it does not
		wantMistake(t, move(apart, 999), fault.Missing, "parentId")
		wantMistake(t, merge(top, second), fault.Loop, "ids[0]")
		wantMistake(t, merge(apart, deepest), fault.LimitReached, "ids[0]")
		if err := errors.Join(move(below, nineteenth), merge(second, apart)); err != nil {
			t.Error(err)
		}
		d.checkListings(t)
	})
}

func TestOnlyEditorsEdit(t *testing.T) {
	t.Parallel()
	testkit.Databases(t, func(t *testing.T, db *store.DB) {
		d := openDesk(t, db)
		for role, want := range map[access.Role]fault.Code{"": fault.Unauthenticated, access.Author: fault.Forbidden, access.Moderator: fault.Forbidden} {
			viewer := access.Viewer{Role: role}
			if role != "" {
				viewer.UserID = 9
			}
			ctx := access.With(t.Context(), viewer)
			_, create := d.Tags.Create(ctx, taxonomy.Tag{Name: "a"})
			_, update := d.Authors.Update(ctx, 1, func(*taxonomy.Author) {})
			_, merge := d.Places.Merge(ctx, []int{1}, 2)
			_, move := d.MoveCategory(ctx, 1, nil, 0)
			for _, err := range []error{create, update, merge, move, d.Series.Delete(ctx, 1, 0)} {
				if fault.CodeOf(err) != want {
					t.Errorf("%q: %v, want %s", role, err, want)
				}
			}
		}
		if n := len(d.entries(t)); n != 0 {
			t.Errorf("%d entries of what was refused", n)
		}
	})
}

func TestAuthorsAreTiedToWhatIsThere(t *testing.T) {
	t.Parallel()
	testkit.Databases(t, func(t *testing.T, db *store.DB) {
		d := openDesk(t, db)
		system := access.AsSystem(t.Context())
		user := db.Ent(system).User.Create().SetEmail("a@example.org").SetDisplayName("A").SaveX(system)
		made := must(d.Authors.Create(d.ctx, taxonomy.Author{Name: "A", User: &user.ID}))(t)
		_, err := d.Authors.Create(d.ctx, taxonomy.Author{Name: "B", User: &user.ID})
		wantMistake(t, err, fault.Taken, "userId")
		_, err = d.Authors.Update(d.ctx, made.ID, func(a *taxonomy.Author) { a.User = new(999) })
		wantMistake(t, err, fault.Missing, "userId")
		_, err = d.Authors.Update(d.ctx, made.ID, func(a *taxonomy.Author) { a.Avatar = new(999) })
		wantMistake(t, err, fault.Missing, "avatarId")
		_, err = d.Authors.Update(d.ctx, made.ID, func(a *taxonomy.Author) { a.Kind = "ROBOT" })
		wantMistake(t, err, fault.Invalid, "kind")
		if kept := db.Ent(system).Author.GetX(system, made.ID); kept.Kind != author.KindPerson || *kept.UserID != user.ID {
			t.Errorf("kept %v", kept)
		}
		if got := d.entries(t)[0]; !strings.Contains(string(got.After), id.Encode(id.User, user.ID)) {
			t.Errorf("recorded %s", got.After)
		}
	})
}

func wantMistake(t *testing.T, err error, reason fault.Reason, field string) {
	t.Helper()
	f, ok := errors.AsType[*fault.Error](err)
	if !ok || f.ReasonOf() != reason || f.Field != field {
		t.Errorf("got %v, want %s about %q", err, reason, field)
	}
}

// replay gives the listings as whoever follows the events knows them.
func (d *desk) replay(t *testing.T) map[listing]bool {
	t.Helper()
	written := must(d.db.Ent(d.ctx).Event.Query().Count(access.AsSystem(d.ctx)))(t)
	events := must(d.log.Read(d.ctx, event.Position{}, written+1))(t)
	for len(events) < written { // held back by a transaction of another test
		events = must(d.log.Read(d.ctx, event.Position{}, written+1))(t)
	}
	kinds := map[string]content.ListingKind{event.Site: content.BySite, id.Category: content.ByCategory, id.Tag: content.ByTag, id.Place: content.ByPlace,
		id.Author: content.ByAuthor, id.Series: content.BySeries}
	known := map[int][]event.List{}
	for _, e := range events {
		if e.Entity != id.Article || e.Action == event.Corrected {
			continue
		}
		if diff := cmp.Diff(known[e.EntityID], e.Was); diff != "" {
			t.Errorf("an article is said to have been in other lists than before (-known +%s):\n%s", e.Type(), diff)
		}
		known[e.EntityID] = e.Is
	}
	all := map[listing]bool{}
	for article, lists := range known {
		for _, l := range lists {
			all[listing{int(kinds[l.Entity]), l.Owner, article}] = true
		}
	}
	return all
}
