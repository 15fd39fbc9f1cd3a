package directory_test

import (
	"context"
	"sync"
	"testing"

	"github.com/broadsheet-cms/broadsheet/internal/access"
	"github.com/broadsheet-cms/broadsheet/internal/directory"
	"github.com/broadsheet-cms/broadsheet/internal/event"
	"github.com/broadsheet-cms/broadsheet/internal/id"
	"github.com/broadsheet-cms/broadsheet/internal/store"
	"github.com/broadsheet-cms/broadsheet/internal/testkit"
)

type node struct {
	db  *store.DB
	log *event.Log
	dir *directory.Directory
}

func newNode(t *testing.T, url string) *node {
	t.Helper()
	db := testkit.Open(t, url, store.Options{})
	log := event.NewLog(db)
	return &node{db, log, directory.New(db, log)}
}

func (n *node) current(t *testing.T) *directory.Snapshot {
	t.Helper()
	s, err := n.dir.Current(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// series adds a series with its event, as the service does.
func (n *node) series(t *testing.T, slug string) {
	t.Helper()
	err := n.db.Tx(access.AsSystem(t.Context()), func(ctx context.Context) error {
		s, err := n.db.Ent(ctx).Series.Create().SetName(slug).SetSlug(slug).Save(ctx)
		if err != nil {
			return err
		}
		return n.log.Append(ctx, event.Event{Action: event.Created, Entity: id.Series, EntityID: s.ID})
	})
	if err != nil {
		t.Fatal(err)
	}
}

func has(s *directory.Snapshot, slug string) bool { return s.Series.BySlug(slug) != nil }

func TestOwnChangesAreSeenAtOnce(t *testing.T) {
	t.Parallel()
	testkit.EachURL(t, func(t *testing.T, url string) {
		n := newNode(t, url)
		before := n.current(t)
		if n.current(t) != before {
			t.Error("a snapshot is loaded though nothing changed")
		}
		n.series(t, "elections")
		after := n.current(t)
		if has(before, "elections") || !has(after, "elections") {
			t.Error("a snapshot changed, or the next does not show what was committed")
		}
		if err := n.db.Tx(t.Context(), func(ctx context.Context) error {
			return n.log.Append(ctx, event.Event{Action: event.Updated, Entity: id.Article, EntityID: 1})
		}); err != nil {
			t.Fatal(err)
		}
		if n.current(t) != after {
			t.Error("a change of an article makes the directory load anew")
		}
	})
}

func TestChangesOfOthersAreSeenSoon(t *testing.T) {
	t.Parallel()
	testkit.EachURL(t, func(t *testing.T, url string) {
		writer, reader := newNode(t, url), newNode(t, url)
		told := make(chan event.Event, 10)
		reader.log.EveryNode(notify(told)) // told after the directory
		ctx, cancel := context.WithCancel(t.Context())
		var group sync.WaitGroup
		defer group.Wait()
		defer cancel()
		reader.current(t)
		writer.series(t, "before")
		group.Go(func() { _ = reader.log.Run(ctx) })
		group.Go(func() { _ = reader.db.Listen(ctx, reader.log.Wake) })
		<-told
		if !has(reader.current(t), "before") {
			t.Error("what was committed before the log was followed is not seen")
		}
		writer.series(t, "elections")
		<-told
		if !has(reader.current(t), "elections") {
			t.Error("what another node committed is not seen")
		}
	})
}

// notify passes on events.
type notify chan event.Event

func (notify) Name() string { return "notify" }

func (n notify) Consume(_ context.Context, events []event.Event) error {
	for _, e := range events {
		n <- e
	}
	return nil
}

func TestSiteURLStandsInForTheStoredOne(t *testing.T) {
	t.Parallel()
	testkit.EachURL(t, func(t *testing.T, url string) {
		n := newNode(t, url)
		n.dir.SiteURL = "https://news.example"
		if got := n.current(t).Site.URL; got != "https://news.example" {
			t.Errorf("the site is at %q", got)
		}
	})
}
