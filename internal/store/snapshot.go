package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"sync"

	"entgo.io/ent/dialect"
	entsql "entgo.io/ent/dialect/sql"

	"github.com/broadsheet-cms/broadsheet/ent"
	"github.com/broadsheet-cms/broadsheet/internal/access"
)

// Snapshot runs fn with a context in which all reads see the database as it was
// at one moment: the first of them. Reads may run at the same time, and wait for
// each other. Nothing can be written in it.
func (db *DB) Snapshot(ctx context.Context, fn func(ctx context.Context) error) (err error) {
	if db.txOf(ctx) != nil {
		return fn(ctx)
	}
	if r := db.replicaOf(ctx); r != nil {
		begun := false
		err := r.replica.db.Snapshot(ctx, func(ctx context.Context) error {
			begun = true
			return fn(ctx)
		})
		if failed := r.fails(ctx, err); begun || !failed {
			return err
		}
	}
	// Reads that are not part of it, as of the directory, need connections too.
	select {
	case db.snapshots <- struct{}{}:
		defer func() { <-db.snapshots }()
	case <-ctx.Done():
		return ctx.Err()
	}
	opts := &sql.TxOptions{ReadOnly: true} // on SQLite every transaction that reads is a snapshot
	if db.Dialect == Postgres {
		opts.Isolation = sql.LevelRepeatableRead
	}
	var sqlTx *sql.Tx
	begin := func(ctx context.Context) (err error) {
		sqlTx, err = db.sql.BeginTx(ctx, opts)
		return err
	}
	if db.of != nil { // a standby: the primary is asked where it says nothing
		err = patiently(ctx, begin)
	} else {
		err = begin(ctx)
	}
	if err != nil {
		return fmt.Errorf("begin a snapshot: %w", err)
	}
	tx := &transaction{db: db, sql: sqlTx, reading: &sync.Mutex{}}
	tx.ent = ent.NewClient(ent.Driver(&snapshotDriver{txDriver{entsql.NewDriver(string(db.Dialect), entsql.Conn{ExecQuerier: sqlTx})}, tx.reading}))
	access.Guard(tx.ent)
	defer func() {
		tx.done.Store(true)
		if rollback := sqlTx.Rollback(); rollback != nil && !errors.Is(rollback, sql.ErrTxDone) {
			err = errors.Join(err, fmt.Errorf("end a snapshot: %w", rollback))
		}
	}()
	return fn(context.WithValue(ctx, txKey{}, tx))
}

// hold keeps other reads of the snapshot of ctx waiting until the function it
// gives is called. A connection can answer one at a time.
func (db *DB) hold(ctx context.Context) (release func()) {
	tx := db.txOf(ctx)
	if tx == nil || tx.reading == nil {
		return func() {}
	}
	tx.reading.Lock()
	return tx.reading.Unlock
}

// snapshotDriver is txDriver for reads at the same time.
type snapshotDriver struct {
	txDriver
	reading *sync.Mutex
}

// Query implements dialect.Driver: the next read begins when the rows are closed.
func (d *snapshotDriver) Query(ctx context.Context, query string, args, v any) error {
	d.reading.Lock()
	if err := d.txDriver.Query(ctx, query, args, v); err != nil {
		d.reading.Unlock()
		return err
	}
	rows, ok := v.(*entsql.Rows)
	if !ok {
		d.reading.Unlock()
		return fmt.Errorf("read in a snapshot: %T is not rows", v)
	}
	rows.ColumnScanner = &heldRows{ColumnScanner: rows.ColumnScanner, release: sync.OnceFunc(d.reading.Unlock)}
	return nil
}

// Tx implements dialect.Driver.
func (d *snapshotDriver) Tx(context.Context) (dialect.Tx, error) { return dialect.NopTx(d), nil }

type heldRows struct {
	entsql.ColumnScanner
	release func()
}

func (r *heldRows) Close() error {
	defer r.release()
	return r.ColumnScanner.Close()
}
