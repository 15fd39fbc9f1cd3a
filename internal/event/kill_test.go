package event_test

import (
	"context"
	"fmt"
	"os"
	"strconv"
	"testing"

	"github.com/broadsheet-cms/broadsheet/internal/access"
	"github.com/broadsheet-cms/broadsheet/internal/event"
	"github.com/broadsheet-cms/broadsheet/internal/store"
	"github.com/broadsheet-cms/broadsheet/internal/testkit"
)

func TestMain(m *testing.M) {
	testkit.Main(m, map[string]func(context.Context, string) error{"consumer": func(ctx context.Context, url string) error {
		db, err := store.Open(ctx, url, store.Options{})
		if err != nil {
			return err
		}
		log := event.NewLog(db)
		log.OnceForAllNodes(tagger(db, func(key string) { fmt.Println(key) }))
		go func() { _ = db.Listen(ctx, log.Wake) }()
		return log.Run(ctx)
	}})
}

// tagger tells the outside of each event and makes a tag of it, which a second
// one of the same name would refuse.
func tagger(db *store.DB, outside func(key string)) *consumer {
	return &consumer{name: "tagger", consume: func(ctx context.Context, events []event.Event) error {
		for _, e := range events {
			outside(e.Key())
			if err := db.Ent(ctx).Tag.Create().SetName(e.Key()).SetSlug(e.Key()).Exec(ctx); err != nil {
				return err
			}
		}
		return nil
	}}
}

// rounds is how often a process is killed; BROADSHEET_SOAK_ROUNDS makes it more.
func rounds() int {
	if n, err := strconv.Atoi(os.Getenv("BROADSHEET_SOAK_ROUNDS")); err == nil {
		return n
	}
	return 3
}

// TestKilledConsumer kills the process of a consumer once for all nodes in the
// middle of its work, again and again. No event is lost; what it did in the
// database is done once; what it did outside is repeated under the same key.
func TestKilledConsumer(t *testing.T) {
	t.Parallel()
	testkit.EachURL(t, func(t *testing.T, url string) {
		last := newNode(t, url)
		outside := map[string]int{}
		told := make(chan string, 10_000)
		written := 0
		process := testkit.Start(t, "consumer", url)
		placed(t, last.db, "tagger")
		for round := range rounds() {
			for i := range 40 {
				add(t, last.db, last.log, tagged(i), tagged(-i))
				written += 2
			}
			for range 25 + round {
				outside[<-process.Lines]++
			}
			for _, line := range process.Kill() {
				outside[line]++
			}
			process = testkit.Start(t, "consumer", url)
		}
		for _, line := range process.Kill() {
			outside[line]++
		}
		last.log.OnceForAllNodes(tagger(last.db, func(key string) { told <- key }))
		last.start(t)
		ctx := access.AsSystem(t.Context())
		for tags := 0; tags < written; {
			var err error
			if tags, err = last.db.Ent(ctx).Tag.Query().Count(ctx); err != nil || tags > written {
				t.Fatalf("%d tags of %d events, %v", tags, written, err)
			}
		}
		for len(told) > 0 {
			outside[<-told]++
		}
		if len(outside) != written {
			t.Errorf("the outside was told of %d events of %d", len(outside), written)
		}
	})
}
