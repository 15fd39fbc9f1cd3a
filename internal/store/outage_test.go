package store_test

import (
	"context"
	"errors"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/broadsheet-cms/broadsheet/ent/tag"
	"github.com/broadsheet-cms/broadsheet/internal/access"
	"github.com/broadsheet-cms/broadsheet/internal/fault"
	"github.com/broadsheet-cms/broadsheet/internal/store"
	"github.com/broadsheet-cms/broadsheet/internal/testkit"
)

// throughProxy opens a database of PostgreSQL behind a network that can fail.
func throughProxy(t *testing.T, settings string, opts store.Options) (*store.DB, *testkit.Proxy) {
	t.Helper()
	p := testkit.NewProxy(t, testkit.URL(t, store.Postgres))
	return testkit.Open(t, p.URL+settings, opts), p
}

var (
	oneSQL   = store.ReadBoth(`SELECT 1`)
	sleepSQL = store.Maintain(`SELECT 1 FROM pg_sleep(60)`, `SELECT 1`)
)

func ask(ctx context.Context, db *store.DB, s *store.Statement) error {
	_, err := store.Collect(ctx, db, s, store.ScanInt)
	return err
}

func wantTryAgain(t *testing.T, what string, err error) {
	t.Helper()
	if fault.CodeOf(err) != fault.TryAgain {
		t.Errorf("%s: %v, want the code %s", what, err, fault.TryAgain)
	}
}

// TestSilentDatabase swallows every byte: whoever asks gets an error that says
// "try again", soon after nobody waits any more, and the first request after the
// network is back is served.
func TestSilentDatabase(t *testing.T) {
	t.Parallel()
	for name, operation := range map[string]func(context.Context, *store.DB) error{
		"statement": func(ctx context.Context, db *store.DB) error { return ask(ctx, db, oneSQL) },
		"ent": func(ctx context.Context, db *store.DB) error {
			_, err := db.Ent(ctx).Tag.Query().Where(tag.Slug("x")).Count(ctx)
			return err
		},
		"transaction": func(ctx context.Context, db *store.DB) error {
			return db.Tx(ctx, func(ctx context.Context) error { return db.Ent(ctx).Tag.Create().SetName("x").SetSlug("x").Exec(ctx) })
		},
		"ready": func(ctx context.Context, db *store.DB) error { return db.Ready(ctx) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			db, network := throughProxy(t, "", store.Options{MaxConns: 3})
			ctx := access.AsSystem(t.Context())
			var all sync.WaitGroup
			for range 3 { // as many connections as there may be
				all.Go(func() {
					if err := operation(ctx, db); err != nil && !store.IsDuplicate(err) && name != "transaction" {
						t.Errorf("before: %v", err)
					}
				})
			}
			all.Wait()
			network.Blackhole()
			limited, cancel := context.WithTimeout(ctx, 100*time.Millisecond)
			defer cancel()
			start := time.Now()
			err := operation(limited, db)
			if fault.CodeOf(err) != fault.TryAgain && !errors.Is(err, context.DeadlineExceeded) {
				t.Errorf("in silence: %v", err)
			}
			t.Logf("answered with an error after %v", time.Since(start).Round(time.Millisecond))
			network.Pass()
			start = time.Now()
			if err := ask(ctx, db, oneSQL); err != nil {
				t.Errorf("afterwards: %v", err)
			}
			t.Logf("well again after %v", time.Since(start).Round(time.Millisecond))
		})
	}
}

// TestCommitWithoutAnswer: nobody knows whether a change was stored whose
// confirmation was lost, and the error says so; it is not done again behind the
// caller's back.
func TestCommitWithoutAnswer(t *testing.T) {
	t.Parallel()
	db, network := throughProxy(t, "", store.Options{})
	ctx := access.AsSystem(t.Context())
	limited, cancel := context.WithTimeout(ctx, 200*time.Millisecond)
	defer cancel()
	err := db.Tx(limited, func(ctx context.Context) error {
		defer network.Blackhole()
		return db.Ent(ctx).Tag.Create().SetName("x").SetSlug("x").Exec(ctx)
	})
	if fault.CodeOf(err) != fault.TryAgain || !strings.Contains(err.Error(), "may be stored or not") {
		t.Errorf("a commit without an answer: %v", err)
	}
}

// TestResetConnections: one statement may fail when all connections break, the
// next is served.
func TestResetConnections(t *testing.T) {
	t.Parallel()
	db, network := throughProxy(t, "", store.Options{MaxConns: 3})
	ctx := access.AsSystem(t.Context())
	var all sync.WaitGroup
	for range 3 {
		all.Go(func() {
			if err := db.Tx(ctx, func(ctx context.Context) error { return ask(ctx, db, oneSQL) }); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	network.Reset()
	if err := ask(ctx, db, oneSQL); err != nil {
		t.Errorf("a read after a reset is not done again: %v", err)
	}
	err := db.Tx(ctx, func(ctx context.Context) error {
		network.Reset()
		return ask(ctx, db, oneSQL)
	})
	wantTryAgain(t, "a transaction whose connection broke", err)
	if err := db.Ready(ctx); err != nil {
		t.Error(err)
	}
}

// TestSlowNetwork: what is late and not lost is waited for.
func TestSlowNetwork(t *testing.T) {
	t.Parallel()
	db, network := throughProxy(t, "", store.Options{})
	network.Delay(50 * time.Millisecond)
	if err := ask(access.AsSystem(t.Context()), db, oneSQL); err != nil {
		t.Error(err)
	}
}

// TestCancelledStatementIsGivenUp by the server, whose connection is free again.
func TestCancelledStatementIsGivenUp(t *testing.T) {
	t.Parallel()
	db := testkit.Open(t, testkit.URL(t, store.Postgres), store.Options{MaxConns: 1})
	ctx, cancel := context.WithTimeout(access.AsSystem(t.Context()), 50*time.Millisecond)
	defer cancel()
	if err := ask(ctx, db, sleepSQL); err == nil {
		t.Error("a statement of a minute ended")
	}
	if err := ask(access.AsSystem(t.Context()), db, oneSQL); err != nil {
		t.Error(err)
	}
}

// TestLimitsOfPostgreSQL: what waits too long, for a lock or in a transaction, is
// ended by the server, with a code that says "try again".
func TestLimitsOfPostgreSQL(t *testing.T) {
	t.Parallel()
	url := testkit.URL(t, store.Postgres)
	ctx := access.AsSystem(t.Context())
	db := testkit.Open(t, url, store.Options{})
	x := db.Ent(ctx).Tag.Create().SetName("x").SetSlug("x").SaveX(ctx)
	and := "?"
	if strings.Contains(url, "?") {
		and = "&"
	}
	impatient := testkit.Open(t, url+and+"lock_timeout=20&statement_timeout=5000&idle_in_transaction_session_timeout=100", store.Options{})
	change := func(ctx context.Context, db *store.DB) error {
		return db.Ent(ctx).Tag.UpdateOneID(x.ID).SetName("y").Exec(ctx)
	}

	if err := db.Tx(ctx, func(held context.Context) error {
		if err := change(held, db); err != nil {
			return err
		}
		wantTryAgain(t, "a lock that is not given", impatient.Tx(ctx, func(ctx context.Context) error { return change(ctx, impatient) }))
		return nil
	}); err != nil {
		t.Error(err)
	}

	// As a node that is stopped in the middle of a transaction: its locks go.
	err := impatient.Tx(ctx, func(held context.Context) error {
		if err := change(held, impatient); err != nil {
			return err
		}
		if err := db.Tx(ctx, func(ctx context.Context) error { return change(ctx, db) }); err != nil {
			t.Errorf("another waits for one that stopped: %v", err)
		}
		return change(held, impatient)
	})
	wantTryAgain(t, "a transaction in which nothing happened", err)

	standby := testkit.Open(t, url+and+"default_transaction_read_only=on", store.Options{})
	if err := standby.Ready(ctx); err == nil {
		t.Error("a database that only reads is ready")
	}
}
