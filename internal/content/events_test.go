package content_test

import (
	"context"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/broadsheet-cms/broadsheet/ent/article"
	"github.com/broadsheet-cms/broadsheet/internal/content"
	"github.com/broadsheet-cms/broadsheet/internal/event"
	"github.com/broadsheet-cms/broadsheet/internal/id"
	"github.com/broadsheet-cms/broadsheet/internal/store"
	"github.com/broadsheet-cms/broadsheet/internal/testkit"
)

// told keeps the last event it is told of.
type told struct{ last event.Event }

func (*told) Name() string { return "told" }

func (c *told) Consume(_ context.Context, events []event.Event) error {
	c.last = events[len(events)-1]
	return nil
}

// TestEventsNameListsBeforeAndAfter each change of an article.
func TestEventsNameListsBeforeAndAfter(t *testing.T) {
	t.Parallel()
	testkit.Databases(t, func(t *testing.T, db *store.DB) {
		b := setup(t, db)
		told := &told{}
		b.log.EveryNode(told)
		site := event.List{Entity: event.Site}
		list := func(owner int) event.List { return event.List{Entity: id.Category, Owner: owner} }
		asia := []event.List{list(b.world.ID), list(b.asia.ID), site}
		sport := []event.List{list(b.sport.ID), site}
		a := b.publish(t, "Report", in(b.asia))
		change := func(status article.Status, category int) func() {
			return func() {
				d := &content.Draft{ID: a.ID, Title: "Report", Status: status, PrimaryCategory: &category, PublishedAt: &b.clock}
				if _, err := b.Save(t.Context(), d); err != nil {
					t.Fatal(err)
				}
			}
		}
		for _, step := range []struct {
			do      func()
			action  string
			version int
			was, is []event.List
		}{
			{func() {}, event.Published, 1, nil, asia},
			{change(article.StatusPublished, b.sport.ID), event.Updated, 2, asia, sport},
			{change(article.StatusDraft, b.sport.ID), event.Unpublished, 3, sport, nil},
			{change(article.StatusDraft, b.asia.ID), event.Updated, 4, nil, nil},
			{change(article.StatusPublished, b.asia.ID), event.Published, 5, nil, asia},
			{func() {
				if _, err := b.Move(t.Context(), content.Move{ID: a.ID, Status: article.StatusKilled, At: b.clock}); err != nil {
					t.Fatal(err)
				}
			}, event.Withdrawn, 6, asia, nil},
		} {
			step.do()
			got := told.last
			want := event.Event{Position: got.Position, At: got.At, Action: step.action, Entity: id.Article, EntityID: a.ID,
				Detail: event.Detail{Version: step.version, Was: step.was, Is: step.is}}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("%s (-want +got):\n%s", step.action, diff)
			}
		}
	})
}
