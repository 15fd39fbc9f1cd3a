package store_test

import (
	"context"
	"database/sql"
	"log/slog"
	"sync"
	"testing"
	"time"

	"github.com/broadsheet-cms/broadsheet/internal/access"
	"github.com/broadsheet-cms/broadsheet/internal/store"
	"github.com/broadsheet-cms/broadsheet/internal/testkit"
	"github.com/broadsheet-cms/broadsheet/internal/testkit/pgtest"
)

var namesSQL = store.MaintainBoth(`SELECT name FROM tags ORDER BY id`)

// TestReadingsAreNeverOlderThanWhatIsKnown: a reading goes to a standby when that has
// replayed what the process knew of when it began, by statements of all three kinds, and
// to the primary meanwhile.
func TestReadingsAreNeverOlderThanWhatIsKnown(t *testing.T) {
	t.Parallel()
	_, standby, url := pgtest.OwnPair(t)
	admin, err := sql.Open("postgres", standby.AdminURL("site"))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = admin.Close() }()
	replay := func(how string) {
		t.Helper()
		if _, err := admin.ExecContext(t.Context(), `SELECT pg_wal_replay_`+how+`()`); err != nil {
			t.Fatal(err)
		}
	}
	db := testkit.Open(t, url, store.Options{MaxConns: 4})
	network := testkit.NewProxy(t, standby.URL("site"))
	if err := db.AddReplica(network.URL, store.Options{MaxConns: 4}); err != nil {
		t.Fatal(err)
	}
	if err := db.AddReplica(network.URL, store.Options{MaxConns: 4}); err != nil { // the same again
		t.Fatal(err)
	}
	if all, _ := db.Replicas(); all[0].Name == all[1].Name {
		t.Errorf("two standbys have the name %s", all[0].Name)
	}
	if _, err := db.Migrate(t.Context()); err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(access.AsSystem(t.Context()))
	var following sync.WaitGroup
	following.Go(func() { _ = db.FollowReplicas(ctx, slog.New(slog.NewTextHandler(t.Output(), nil))) })
	defer following.Wait()
	defer stop()
	current := func() {
		t.Helper()
		for all, _ := db.Replicas(); !all[0].Current || !all[1].Current; all, _ = db.Replicas() {
			if ctx.Err() != nil {
				t.Fatal(ctx.Err())
			}
			time.Sleep(time.Millisecond)
		}
	}
	write := func(name string) {
		t.Helper()
		if err := db.Ent(ctx).Tag.Create().SetName(name).SetSlug(name).Exec(ctx); err != nil {
			t.Fatal(err)
		}
		db.Changed()
	}
	// wants reads in each way and compares how many there are.
	wants := func(what string, n int, fromStandby bool) {
		t.Helper()
		read := db.Reading(ctx)
		if went := read != ctx; went != fromStandby {
			t.Errorf("%s: a reading goes to the standby: %v", what, went)
		}
		names, err := store.Collect(read, db, namesSQL, store.ScanText)
		if err != nil || len(names) != n {
			t.Errorf("%s: by a statement %d rows, %v, want %d", what, len(names), err, n)
		}
		if got, err := db.Ent(read).Tag.Query().Count(read); err != nil || got != n {
			t.Errorf("%s: by ent %d rows, %v, want %d", what, got, err, n)
		}
		if err := db.Snapshot(read, func(within context.Context) error {
			got, err := db.Ent(within).Tag.Query().Count(within)
			names, wrong := store.Collect(within, db, namesSQL, store.ScanText)
			if got != n || len(names) != n || wrong != nil {
				t.Errorf("%s: in a snapshot %d and %d rows, %v, want %d", what, got, len(names), wrong, n)
			}
			return err
		}); err != nil {
			t.Errorf("%s: %v", what, err)
		}
	}
	current()
	wants("at first", 0, true)
	replay("pause")
	write("one")
	wants("while nothing is replayed", 1, false)
	replay("resume")
	current()
	wants("once that is replayed", 1, true)
	replay("pause")
	began := db.Reading(ctx) // before the change
	write("two")
	if names, err := db.Ent(began).Tag.Query().Count(began); err != nil || names != 1 {
		t.Errorf("a reading that began before the change: %d, %v", names, err)
	}
	wants("again behind", 2, false)
	// What only the primary can do works in such a reading, too.
	if err := db.Ent(began).Tag.Create().SetName("three").SetSlug("three").Exec(began); err != nil {
		t.Errorf("a change in a reading: %v", err)
	}
	db.Changed()
	replay("resume")
	current()
	count := func(within context.Context) error {
		if got, err := db.Ent(within).Tag.Query().Count(within); err != nil || got != 3 {
			t.Errorf("in a snapshot, where the standby is silent: %d, %v", got, err)
		}
		return nil
	}
	readings := [2]context.Context{db.Reading(ctx), db.Reading(ctx)}
	network.Blackhole()
	for _, r := range readings {
		if r == ctx {
			t.Error("a standby that is current is not asked")
		}
		request, end := context.WithTimeout(r, 12*time.Second) // which the standby must not take for itself
		if err := db.Snapshot(request, count); err != nil {
			t.Errorf("a snapshot where the standby is silent: %v", err)
		}
		end()
	}
	network.Pass()
	standby.Stop()
	write("four")
	wants("without the standby", 4, false)
	if names, err := db.Ent(began).Tag.Query().Count(began); err != nil || names != 4 {
		t.Errorf("a reading whose standby is gone: %d, %v", names, err)
	}
}
