package event_test

import (
	"context"
	"testing"

	"github.com/broadsheet-cms/broadsheet/internal/event"
	"github.com/broadsheet-cms/broadsheet/internal/id"
	"github.com/broadsheet-cms/broadsheet/internal/store"
	"github.com/broadsheet-cms/broadsheet/internal/testkit"
)

// TestRestoredEventsAreRead: a dump brings events of transactions that this
// cluster has not come to. Without Adopt they, and all that follow them, would
// not be read.
func TestRestoredEventsAreRead(t *testing.T) {
	t.Parallel()
	testkit.Databases(t, func(t *testing.T, db *store.DB) {
		log := event.NewLog(db)
		add := func(key int) {
			t.Helper()
			err := db.Tx(t.Context(), func(ctx context.Context) error {
				return log.Append(ctx, event.Event{Action: event.Created, Entity: id.Tag, EntityID: key})
			})
			if err != nil {
				t.Fatal(err)
			}
		}
		add(1)
		if _, err := db.Exec(t.Context(), store.Maintain(`UPDATE events SET txid = 1000000000000`, `SELECT 1`)); err != nil {
			t.Fatal(err)
		}
		if err := log.Adopt(t.Context()); err != nil {
			t.Fatal(err)
		}
		add(2)
		if err := log.Adopt(t.Context()); err != nil { // changes nothing
			t.Fatal(err)
		}
		events, err := log.Read(t.Context(), event.Position{}, 10)
		if err != nil {
			t.Fatal(err)
		}
		if len(events) != 2 || events[0].EntityID != 1 || events[1].EntityID != 2 {
			t.Errorf("read %+v", events)
		}
	})
}
