// Package store opens the database and is the only way to it: ent clients with
// the visibility rules attached, hand-written statements, transactions and
// migrations. SQLite is the embedded default, PostgreSQL the database of
// production; above this package there is one behaviour.
package store

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"entgo.io/ent/dialect"
	entsql "entgo.io/ent/dialect/sql"

	"github.com/broadsheet-cms/broadsheet/ent"
	"github.com/broadsheet-cms/broadsheet/internal/access"
)

// Dialect names one of the two databases.
type Dialect string

// The dialects, by ent's names.
const (
	SQLite   Dialect = dialect.SQLite
	Postgres Dialect = dialect.Postgres
)

// DB is an open database.
type DB struct {
	Dialect Dialect

	url    string // of PostgreSQL, with all settings
	server *postgresConnector
	file   *sqliteConnector
	sql    *sql.DB
	ent    *ent.Client
	stmts  struct {
		sync.RWMutex
		byText map[string]*sql.Stmt
	}
	snapshots chan struct{} // one for each that is open, at most half of the connections
	closing   sync.Once
	listens   atomic.Int64 // see ListensSince
	wake      func()       // told after every commit that appended events
	replicas  replicas
	of        *DB // of a standby: its primary
}

// Options of Open. The zero value is right for a server.
type Options struct {
	// StatementTimeout ends a single statement on PostgreSQL; 0 means 15 s,
	// negative none. Imports and seeds set none.
	StatementTimeout time.Duration
	// Relaxed lets SQLite answer before a change is safe on the disk: a power cut
	// may take the last changes, and never damages the file.
	Relaxed bool
	// MaxConns bounds the pool; 0 means 4 for each processor, at least 8.
	MaxConns int
	// Observe is told of each operation; nil: nobody is.
	Observe Observer
	// Wrap is put around the driver by tests that count or read statements.
	Wrap func(driver.Connector) driver.Connector
	// Existing refuses a database of SQLite that is not there, instead of making it.
	Existing bool
}

// Open opens sqlite:PATH or a postgres:// URL. It does not migrate.
func Open(ctx context.Context, dsn string, opts Options) (*DB, error) {
	db, err := open(dsn, opts)
	if err != nil {
		return nil, err
	}
	if err := db.sql.PingContext(ctx); err != nil {
		_ = db.Close()
		return nil, db.unopened(err)
	}
	return db, nil
}

// open opens a database without asking whether it answers.
func open(dsn string, opts Options) (*DB, error) {
	db := &DB{wake: func() {}, replicas: replicas{moved: make(chan struct{})}}
	connector, err := db.connect(dsn, opts)
	if err != nil {
		return nil, err
	}
	if opts.Wrap != nil {
		connector = opts.Wrap(connector)
	}
	pool := sql.OpenDB(connector)
	conns := opts.MaxConns
	if conns == 0 {
		conns = max(8, 4*runtime.GOMAXPROCS(0))
	}
	pool.SetMaxOpenConns(conns)
	pool.SetMaxIdleConns(conns)
	pool.SetConnMaxIdleTime(5 * time.Minute)
	db.sql = pool
	db.stmts.byText = map[string]*sql.Stmt{}
	db.snapshots = make(chan struct{}, max(1, conns/2))
	db.ent = ent.NewClient(ent.Driver(entsql.OpenDB(string(db.Dialect), pool)))
	access.Guard(db.ent)
	return db, nil
}

// statementTimeout is negative for none.
func (o Options) statementTimeout() time.Duration {
	if o.StatementTimeout == 0 {
		return 15 * time.Second
	}
	return o.StatementTimeout
}

// lockTimeout ends the wait for a lock: a request answers before its own time is
// over, a command may wait longer.
func (o Options) lockTimeout() time.Duration {
	if o.StatementTimeout < 0 {
		return time.Minute
	}
	return 5 * time.Second
}

// idleInTransaction ends a transaction in which nothing happens.
func (o Options) idleInTransaction() time.Duration {
	if o.StatementTimeout < 0 {
		return time.Minute
	}
	return 10 * time.Second
}

// connect gives what opens connections to the database of an address.
func (db *DB) connect(dsn string, opts Options) (driver.Connector, error) {
	switch {
	case strings.HasPrefix(dsn, "sqlite:"):
		path := strings.TrimPrefix(strings.TrimPrefix(dsn, "sqlite:"), "//")
		if path == "" || strings.ContainsAny(path, "?#\x00") {
			return nil, fmt.Errorf("database %q: want sqlite:PATH, a plain path to a file", dsn)
		}
		c, err := newSQLiteConnector(path, opts)
		if err != nil {
			return nil, err
		}
		c.observe = opts.Observe
		db.Dialect, db.file = SQLite, c
		return c, nil
	case strings.HasPrefix(dsn, "postgres://"), strings.HasPrefix(dsn, "postgresql://"):
		full, err := postgresURL(dsn, opts)
		if err != nil {
			return nil, err
		}
		db.Dialect, db.url = Postgres, full
		c, err := newPostgresConnector(full, opts)
		if err != nil {
			return nil, fmt.Errorf("database: %w", err)
		}
		c.observe = opts.Observe
		db.server = c
		return c, nil
	default:
		scheme, _, _ := strings.Cut(dsn, ":")
		return nil, fmt.Errorf("database: unknown kind %q: want sqlite:PATH or postgres://…", scheme)
	}
}

// Close closes the database once nobody uses it any more.
func (db *DB) Close() error {
	db.closing.Do(func() {
		if db.file != nil {
			db.file.writers.close()
		} else {
			db.server.closed.Store(true)
		}
	})
	err := db.sql.Close()
	for _, r := range db.replicas.all {
		err = errors.Join(err, r.db.Close())
	}
	return err
}

// turn waits for the turn to write, on SQLite, before a connection is taken:
// whoever waits for it must not keep readers from theirs.
func (db *DB) turn(ctx context.Context) (context.Context, func(), error) {
	if db.file == nil {
		return ctx, func() {}, nil
	}
	return db.file.writers.wait(ctx)
}

// Ping asks whether the database answers.
func (db *DB) Ping(ctx context.Context) error { return db.sql.PingContext(ctx) }

// Stats are those of the connection pool.
func (db *DB) Stats() sql.DBStats { return db.sql.Stats() }

// Ent gives the ent client of the context: of the transaction it carries, or
// of the database. Its queries apply the visibility rules of the viewer.
func (db *DB) Ent(ctx context.Context) *ent.Client {
	if tx := db.txOf(ctx); tx != nil {
		return tx.ent
	}
	if r := db.replicaOf(ctx); r != nil {
		return r.replica.ent
	}
	return db.ent
}

// OnCommit sets what is called after every commit that appended events. It is
// set once, before the database is used.
func (db *DB) OnCommit(wake func()) { db.wake = wake }
