package watch_test

import (
	"context"
	"errors"
	"testing"

	"github.com/broadsheet-cms/broadsheet/internal/event"
	"github.com/broadsheet-cms/broadsheet/internal/id"
	"github.com/broadsheet-cms/broadsheet/internal/store"
	"github.com/broadsheet-cms/broadsheet/internal/testkit"
	"github.com/broadsheet-cms/broadsheet/internal/watch"
)

func newHub(t *testing.T) *watch.Hub {
	t.Helper()
	return watch.New(event.NewLog(testkit.Open(t, testkit.URL(t, store.SQLite), store.Options{})))
}

func TestChangesReachWhoWatchesThem(t *testing.T) {
	t.Parallel()
	h := newHub(t)
	for name, c := range map[string]struct {
		event   event.Event
		subject watch.Subject
		id      int
		told    bool
	}{
		"a published article":   {event.Event{Entity: id.Article, Action: event.Published, EntityID: 7}, watch.Subject{Of: watch.Publications}, 7, true},
		"a changed article":     {event.Event{Entity: id.Article, Action: event.Updated, EntityID: 7}, watch.Subject{Of: watch.Article, Key: 7}, 7, true},
		"of another article":    {event.Event{Entity: id.Article, Action: event.Updated, EntityID: 8}, watch.Subject{Of: watch.Article, Key: 7}, 0, false},
		"no publication":        {event.Event{Entity: id.Article, Action: event.Updated, EntityID: 7}, watch.Subject{Of: watch.Publications}, 0, false},
		"a comment":             {event.Event{Entity: id.Comment, Action: event.Published, EntityID: 3, Detail: event.Detail{ArticleID: 7}}, watch.Subject{Of: watch.Comments, Key: 7}, 3, true},
		"a comment that waits":  {event.Event{Entity: id.Comment, Action: event.Created, EntityID: 3, Detail: event.Detail{ArticleID: 7}}, watch.Subject{Of: watch.Comments, Key: 7}, 0, false},
		"breaking news":         {event.Event{Entity: event.Breaking, Action: event.Created, EntityID: 7}, watch.Subject{Of: watch.Breaking}, 7, true},
		"a changed account":     {event.Event{Entity: id.User, Action: event.Updated, EntityID: 2}, watch.Subject{Of: watch.Account, Key: 2}, 2, true},
		"a session of it ended": {event.Event{Entity: id.Session, Action: event.Deleted, EntityID: 9, Detail: event.Detail{UserID: 2}}, watch.Subject{Of: watch.Account, Key: 2}, 9, true},
	} {
		q := h.Queue(c.subject)
		if err := h.Consume(t.Context(), []event.Event{c.event}); err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithCancel(t.Context())
		if !c.told {
			cancel()
		}
		got, err := q.Next(ctx)
		if told := err == nil && len(got) == 1 && got[0].ID == c.id; told != c.told {
			t.Errorf("%s: %v, %v", name, got, err)
		}
		cancel()
		q.Close()
	}
	if n := h.Watchers(); n != 0 {
		t.Errorf("%d watchers are left", n)
	}
}

func TestWhatIsMissedIsSaid(t *testing.T) {
	t.Parallel()
	h := newHub(t)
	slow, lost := h.Queue(watch.Subject{Of: watch.Publications}), h.Queue(watch.Subject{Of: watch.Breaking})
	defer slow.Close()
	defer lost.Close()
	for range 501 {
		_ = h.Consume(t.Context(), []event.Event{{Entity: id.Article, Action: event.Published, EntityID: 1}})
	}
	if _, err := slow.Next(t.Context()); !errors.Is(err, watch.ErrMissed) {
		t.Errorf("a queue that nobody read: %v", err)
	}
	_ = h.Consume(t.Context(), []event.Event{{Action: event.Missed}})
	if _, err := lost.Next(t.Context()); !errors.Is(err, watch.ErrMissed) {
		t.Errorf("after missed events: %v", err)
	}
	_ = h.Consume(t.Context(), []event.Event{{Entity: event.Breaking, Action: event.Created, EntityID: 4}})
	if got, err := lost.Next(t.Context()); err != nil || len(got) != 1 || got[0].ID != 4 {
		t.Errorf("afterwards: %v %v", got, err)
	}
}
