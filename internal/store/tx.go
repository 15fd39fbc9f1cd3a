package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"

	"entgo.io/ent/dialect"
	entsql "entgo.io/ent/dialect/sql"

	"github.com/broadsheet-cms/broadsheet/ent"
	"github.com/broadsheet-cms/broadsheet/internal/access"
)

// NotifyChannel is the channel on which PostgreSQL tells every node that
// events were committed.
const NotifyChannel = "broadsheet_events"

type transaction struct {
	db          *DB
	sql         *sql.Tx
	ent         *ent.Client
	afterCommit []func()
	wakes       bool
	done        atomic.Bool
	reading     *sync.Mutex // of a snapshot: held while a statement runs
}

type txKey struct{}

func (db *DB) txOf(ctx context.Context) *transaction {
	if tx, _ := ctx.Value(txKey{}).(*transaction); tx != nil && (tx.db == db || tx.db.of == db) && !tx.done.Load() {
		return tx
	}
	return nil
}

// Tx runs fn in a transaction, which the context given to fn carries: whatever
// uses that context takes part in it. A call inside another joins it. The
// transaction is rolled back when fn fails; where the database gave it up for the
// sake of another, the error is a fault of the code CONFLICT.
func (db *DB) Tx(ctx context.Context, fn func(ctx context.Context) error) (err error) {
	if db.txOf(ctx) != nil {
		return fn(ctx)
	}
	ctx, done, err := db.turn(ctx)
	if err != nil {
		return fmt.Errorf("begin transaction: %w", err)
	}
	defer done()
	sqlTx, err := db.sql.BeginTx(ctx, nil)
	if err != nil {
		return fmt.Errorf("begin transaction: %w", err)
	}
	tx := &transaction{db: db, sql: sqlTx}
	tx.ent = ent.NewClient(ent.Driver(&txDriver{entsql.NewDriver(string(db.Dialect), entsql.Conn{ExecQuerier: sqlTx})}))
	access.Guard(tx.ent)
	defer func() {
		tx.done.Store(true)
		// After a commit this does nothing; after a failure or a panic it ends
		// what would otherwise hold a lock.
		if rollback := sqlTx.Rollback(); rollback != nil && !errors.Is(rollback, sql.ErrTxDone) {
			err = errors.Join(err, fmt.Errorf("roll back: %w", rollback))
		}
	}()
	if err := fn(context.WithValue(ctx, txKey{}, tx)); err != nil {
		return withConflict(err)
	}
	if tx.wakes && db.Dialect == Postgres {
		if _, err := sqlTx.ExecContext(ctx, "NOTIFY "+NotifyChannel); err != nil {
			return fmt.Errorf("notify: %w", err)
		}
	}
	if err := sqlTx.Commit(); err != nil {
		return withConflict(fmt.Errorf("commit: %w", err))
	}
	tx.done.Store(true)
	done()
	for _, f := range tx.afterCommit {
		f()
	}
	if tx.wakes {
		db.wake()
	}
	return nil
}

// AfterCommit runs f once the transaction of the context has committed, or at
// once when there is none.
func (db *DB) AfterCommit(ctx context.Context, f func()) {
	if tx := db.txOf(ctx); tx != nil {
		tx.afterCommit = append(tx.afterCommit, f)
		return
	}
	f()
}

// Wake asks that whoever follows the events is told when the transaction of
// the context commits, on this node and the others.
func (db *DB) Wake(ctx context.Context) {
	if tx := db.txOf(ctx); tx != nil {
		tx.wakes = true
	}
}

// txDriver lets ent run inside a transaction that it did not open: where it
// would open one of its own, it takes part in ours.
type txDriver struct{ *entsql.Driver }

func (d *txDriver) Tx(context.Context) (dialect.Tx, error) { return dialect.NopTx(d), nil }
func (d *txDriver) Close() error                           { return nil }
