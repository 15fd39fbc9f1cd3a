package taxonomy_test

import (
	"context"
	"testing"
	"time"

	"github.com/broadsheet-cms/broadsheet/ent/article"
	"github.com/broadsheet-cms/broadsheet/internal/access"
	"github.com/broadsheet-cms/broadsheet/internal/content"
	"github.com/broadsheet-cms/broadsheet/internal/store"
	"github.com/broadsheet-cms/broadsheet/internal/taxonomy"
	"github.com/broadsheet-cms/broadsheet/internal/testkit"
)

// waitingSQL counts the sessions of this database that wait for a lock.
var waitingSQL = store.Maintain(`SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'`, `SELECT 0`)

// beside runs other while first has done its work and not committed: other either
// waits for first, or ends before it. Both must come out as if they had run one
// after the other.
func (d *desk) beside(t *testing.T, first, other func(ctx context.Context) error) {
	t.Helper()
	ended := make(chan error, 1)
	err := d.db.Tx(access.AsSystem(d.ctx), func(ctx context.Context) error {
		if err := first(ctx); err != nil {
			return err
		}
		go func() { ended <- other(d.ctx) }()
		if d.db.Dialect == store.SQLite {
			return nil // there is one writer
		}
		for t.Context().Err() == nil {
			if len(ended) > 0 {
				return nil
			}
			waiting, err := store.Collect(access.AsSystem(t.Context()), d.db, waitingSQL, store.ScanInt)
			if err != nil {
				return err
			}
			if waiting[0] > 0 {
				return nil
			}
			time.Sleep(time.Millisecond)
		}
		return t.Context().Err()
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := <-ended; err != nil {
		t.Fatal(err)
	}
}

// TestTaxonomyChangesBesideArticles lets an article be saved or published, and a
// section or tag be moved, merged or deleted, at the same time.
func TestTaxonomyChangesBesideArticles(t *testing.T) {
	t.Parallel()
	type scene struct {
		*desk
		ferries, ships           int // tags
		world, sport, harbours   int // sections, harbours below world
		draft                    *content.Draft
		save, publish, move, cut func(ctx context.Context) error
	}
	set := func(t *testing.T, db *store.DB) *scene {
		s := &scene{desk: openDesk(t, db)}
		newTag := func(name string) int { return must(s.Tags.Create(s.ctx, taxonomy.Tag{Name: name}))(t).ID }
		newSection := func(name string, parent *int) int {
			return must(s.Categories.Create(s.ctx, taxonomy.Category{Name: name, Parent: parent}))(t).ID
		}
		s.ferries, s.ships = newTag("Ferries"), newTag("Ships")
		s.world, s.sport = newSection("World", nil), newSection("Sport", nil)
		s.harbours = newSection("Harbours", &s.world)
		s.draft = &content.Draft{Title: "Report", Status: article.StatusPublished, PublishedAt: &s.clock, Tags: []int{s.ferries}, PrimaryCategory: &s.harbours}
		waiting := must(s.content.Save(s.ctx, &content.Draft{Title: "Report: waiting", Status: article.StatusApproved, Tags: []int{s.ferries}, PrimaryCategory: &s.harbours}))(t)[0]
		s.save = func(ctx context.Context) error { _, err := s.content.Save(ctx, s.draft); return err }
		s.publish = func(ctx context.Context) error {
			_, err := s.content.Move(ctx, content.Move{ID: waiting.ID, Status: article.StatusPublished, At: s.clock})
			return err
		}
		s.move = func(ctx context.Context) error {
			_, err := s.MoveCategory(access.With(ctx, access.Of(s.ctx)), s.harbours, &s.sport, 0)
			return err
		}
		s.cut = func(ctx context.Context) error {
			return s.Tags.Delete(access.With(ctx, access.Of(s.ctx)), s.ferries, s.ships)
		}
		return s
	}
	for name, c := range map[string]struct {
		first, other func(*scene) func(context.Context) error
	}{
		"a tag is deleted while an article is saved":     {func(s *scene) func(context.Context) error { return s.save }, func(s *scene) func(context.Context) error { return s.cut }},
		"a section moves while an article is saved":      {func(s *scene) func(context.Context) error { return s.save }, func(s *scene) func(context.Context) error { return s.move }},
		"a section moves while an article is published":  {func(s *scene) func(context.Context) error { return s.publish }, func(s *scene) func(context.Context) error { return s.move }},
		"an article is published while a section moves":  {func(s *scene) func(context.Context) error { return s.move }, func(s *scene) func(context.Context) error { return s.publish }},
		"an article is saved while a section moves":      {func(s *scene) func(context.Context) error { return s.move }, func(s *scene) func(context.Context) error { return s.save }},
		"an article is published while a tag is deleted": {func(s *scene) func(context.Context) error { return s.cut }, func(s *scene) func(context.Context) error { return s.publish }},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			testkit.Databases(t, func(t *testing.T, db *store.DB) {
				s := set(t, db)
				s.beside(t, c.first(s), c.other(s))
				s.checkListings(t)
				ctx := access.AsSystem(t.Context())
				for _, a := range db.Ent(ctx).Article.Query().WithTags().AllX(ctx) {
					if len(a.Edges.Tags) != 1 {
						t.Errorf("%s has the tags %v", a.Title, a.Edges.Tags)
					}
				}
			})
		})
	}
}

// TestNamesAreRefreshedLater: what no list and no index shows changes nothing of
// the articles, a name does, and it does so later where somebody does it.
func TestNamesAreRefreshedLater(t *testing.T) {
	t.Parallel()
	testkit.Databases(t, func(t *testing.T, db *store.DB) {
		d := openDesk(t, db)
		var later [][]int
		d.content.RefreshLater = func(_ context.Context, articles []int) error {
			later = append(later, articles)
			return nil
		}
		section := must(d.Categories.Create(d.ctx, taxonomy.Category{Name: "World"}))(t).ID
		other := must(d.Categories.Create(d.ctx, taxonomy.Category{Name: "Sport"}))(t).ID
		key := d.publish(t, "one", func(draft *content.Draft) { draft.PrimaryCategory = &section })
		for _, change := range []struct {
			what   string
			change func(*taxonomy.Category)
			want   int
		}{
			{"a description", func(c *taxonomy.Category) { c.Description = "All there is." }, 0},
			{"a slug", func(c *taxonomy.Category) { c.Slug = "all" }, 0},
			{"a place among others", func(c *taxonomy.Category) { c.Position = 3 }, 0},
			{"a name", func(c *taxonomy.Category) { c.Name = "All" }, 1},
			{"a parent", func(c *taxonomy.Category) { c.Parent = &other }, 1},
		} {
			later = nil
			must(d.Categories.Update(d.ctx, section, change.change))(t)
			if len(later) != change.want || len(later) == 1 && (len(later[0]) != 1 || later[0][0] != key) {
				t.Errorf("%s: refreshed later %v", change.what, later)
			}
		}
		if err := d.content.Refresh(d.ctx, []int{key}); err != nil {
			t.Fatal(err)
		}
		d.checkListings(t)
	})
}
