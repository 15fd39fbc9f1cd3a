package store_test

import (
	"context"
	"fmt"
	"os"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/broadsheet-cms/broadsheet/internal/access"
	"github.com/broadsheet-cms/broadsheet/internal/store"
	"github.com/broadsheet-cms/broadsheet/internal/testkit"
)

// TestWritersWaitInOrder: those who write to one file of SQLite are served in the
// order in which they came, whichever DB of the process they use and however
// they write, and readers wait for none of them.
//
// It is not parallel, so that every goroutine in the queue is its own.
func TestWritersWaitInOrder(t *testing.T) { //nolint:paralleltest // see above
	url := testkit.URL(t, store.SQLite)
	ctx := access.AsSystem(t.Context())
	one, two := testkit.Open(t, url, store.Options{MaxConns: 2}), testkit.Open(t, url, store.Options{MaxConns: 20})
	ways := []func(i int) error{
		func(i int) error {
			return one.Tx(ctx, func(ctx context.Context) error {
				return one.Ent(ctx).Tag.Create().SetName("x").SetSlug(fmt.Sprint(i)).Exec(ctx)
			})
		},
		func(i int) error { return two.Ent(ctx).Tag.Create().SetName("x").SetSlug(fmt.Sprint(i)).Exec(ctx) },
		func(i int) error {
			_, err := one.Exec(ctx, store.MaintainBoth(`INSERT INTO tags (created_at, modified_at, name, slug) VALUES ('2026-01-01', '2026-01-01', 'x', $1)`), fmt.Sprint(i))
			return err
		},
	}
	var all sync.WaitGroup
	const many = 30
	err := one.Tx(ctx, func(held context.Context) error {
		for i := range many {
			all.Go(func() {
				if err := ways[i%len(ways)](i); err != nil {
					t.Errorf("writer %d: %v", i, err)
				}
			})
			for queued() <= i { // until it stands in the queue
				time.Sleep(time.Millisecond)
			}
		}
		// The pool has two connections, one of them with this transaction.
		return ask(access.AsSystem(t.Context()), one, oneSQL)
	})
	if err != nil {
		t.Error(err)
	}
	all.Wait()
	for i, tag := range one.Ent(ctx).Tag.Query().AllX(ctx) {
		if tag.Slug != fmt.Sprint(i) {
			t.Fatalf("writer %s was served as number %d", tag.Slug, i)
		}
	}
}

// queued counts the goroutines that are blocked in the queue of writers.
func queued() (n int) {
	buffer := make([]byte, 4<<20)
	for stack := range strings.SplitSeq(string(buffer[:runtime.Stack(buffer, true)]), "\n\n") {
		if strings.Contains(stack, "[select") && strings.Contains(stack, "store.(*writers).wait") {
			n++
		}
	}
	return n
}

// TestWriterGivesUp: a writer that waits in vain says "try again", and leaves
// the queue to others.
func TestWriterGivesUp(t *testing.T) {
	t.Parallel()
	db := testkit.Open(t, testkit.URL(t, store.SQLite), store.Options{})
	ctx := access.AsSystem(t.Context())
	write := func(ctx context.Context) error { return db.Ent(ctx).Tag.Create().SetName("x").SetSlug("x").Exec(ctx) }
	if err := db.Tx(ctx, func(context.Context) error {
		for what, do := range map[string]func(context.Context) error{
			"a transaction": func(ctx context.Context) error { return db.Tx(ctx, write) }, "a statement": write,
		} {
			limited, cancel := context.WithTimeout(ctx, 10*time.Millisecond)
			wantTryAgain(t, what, do(limited))
			cancel()
		}
		return nil
	}); err != nil {
		t.Error(err)
	}
	if err := write(ctx); err != nil {
		t.Error(err)
	}
}

// TestTurnEndsWithItsTransaction: a context that outlives its transaction waits
// like any other.
func TestTurnEndsWithItsTransaction(t *testing.T) {
	t.Parallel()
	db := testkit.Open(t, testkit.URL(t, store.SQLite), store.Options{})
	ctx := access.AsSystem(t.Context())
	var old context.Context
	_ = db.Tx(ctx, func(ctx context.Context) error { old = ctx; return nil })
	if err := db.Tx(ctx, func(context.Context) error {
		limited, cancel := context.WithTimeout(old, 10*time.Millisecond)
		defer cancel()
		wantTryAgain(t, "a statement", db.Ent(limited).Tag.Create().SetName("x").SetSlug("x").Exec(limited))
		return nil
	}); err != nil {
		t.Error(err)
	}
}

// TestFullDisk: a change that finds no room says "try again" and changes nothing.
func TestFullDisk(t *testing.T) {
	t.Parallel()
	db := testkit.Open(t, testkit.URL(t, store.SQLite), store.Options{MaxConns: 1})
	ctx := access.AsSystem(t.Context())
	limit := func(pages int) {
		if err := ask(ctx, db, store.MaintainBoth(fmt.Sprintf("PRAGMA max_page_count = %d", pages))); err != nil {
			t.Fatal(err)
		}
	}
	limit(1) // as many as there are
	wantTryAgain(t, "a change", db.Tx(ctx, func(ctx context.Context) error {
		return db.Ent(ctx).Tag.Create().SetName(strings.Repeat("x", 1<<20)).SetSlug("x").Exec(ctx)
	}))
	limit(1 << 30)
	if n := db.Ent(ctx).Tag.Query().CountX(ctx); n != 0 {
		t.Errorf("%d rows", n)
	}
	if err := db.Ent(ctx).Tag.Create().SetName("x").SetSlug("x").Exec(ctx); err != nil {
		t.Error(err)
	}
}

// TestReadyTellsTheTruth: a disk that is full, a file that is gone or another one.
func TestReadyTellsTheTruth(t *testing.T) {
	t.Parallel()
	url := testkit.URL(t, store.SQLite)
	path := strings.TrimPrefix(url, "sqlite:")
	db := testkit.Open(t, url, store.Options{})
	ctx := t.Context()
	if err := db.Ready(ctx); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink("/dev/full", path+"-ready"); err != nil {
		t.Fatal(err)
	}
	if err := db.Ready(ctx); err == nil || !strings.Contains(err.Error(), "no space left") {
		t.Errorf("with a full disk: %v", err)
	}
	if err := db.Ready(ctx); err != nil {
		t.Errorf("with room again: %v", err)
	}
	if err := os.Rename(path, path+".away"); err != nil {
		t.Fatal(err)
	}
	if err := db.Ready(ctx); err == nil {
		t.Error("ready without its file")
	}
	if err := os.WriteFile(path, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := db.Ready(ctx); err == nil || !strings.Contains(err.Error(), "replaced") {
		t.Errorf("with another file: %v", err)
	}
}

// TestFileIsItsOwners: nobody else on the machine reads the database, nor the
// files that SQLite keeps beside it.
func TestFileIsItsOwners(t *testing.T) {
	t.Parallel()
	path := t.TempDir() + "/new.db"
	db := testkit.Open(t, "sqlite:"+path, store.Options{})
	if _, err := db.Migrate(t.Context()); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{path, path + "-wal", path + "-shm"} {
		info, err := os.Stat(name)
		if err != nil || info.Mode().Perm() != 0o600 {
			t.Errorf("%s: %v, %v", name, info.Mode(), err)
		}
	}
}

// TestChangesSurviveAPowerCut unless a setting says otherwise.
func TestChangesSurviveAPowerCut(t *testing.T) {
	t.Parallel()
	for relaxed, want := range map[bool]int{false: 2, true: 1} {
		db := testkit.Open(t, testkit.URL(t, store.SQLite), store.Options{Relaxed: relaxed})
		got, err := store.Collect(access.AsSystem(t.Context()), db, store.MaintainBoth("PRAGMA synchronous"), store.ScanInt)
		if err != nil || got[0] != want {
			t.Errorf("relaxed %v: synchronous is %v, %v", relaxed, got, err)
		}
	}
}
