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
	"net/url"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"time"

	"entgo.io/ent/dialect"
	entsql "entgo.io/ent/dialect/sql"
	"github.com/lib/pq"
	sqlite "modernc.org/sqlite"

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

	url   string
	sql   *sql.DB
	ent   *ent.Client
	stmts struct {
		sync.RWMutex
		byText map[string]*sql.Stmt
	}
	wake func() // told after every commit that appended events
}

// Options of Open. The zero value is right for a server.
type Options struct {
	// StatementTimeout ends a single statement on PostgreSQL; 0 means 15 s,
	// negative none. Imports and seeds set none.
	StatementTimeout time.Duration
	// MaxConns bounds the pool; 0 means 4 for each processor, at least 8.
	MaxConns int
	// Wrap is put around the driver by tests that count or read statements.
	Wrap func(driver.Connector) driver.Connector
}

// Open opens sqlite:PATH or a postgres:// URL. It does not migrate.
func Open(ctx context.Context, dsn string, opts Options) (*DB, error) {
	connector, d, err := connect(dsn, opts)
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
	if err := pool.PingContext(ctx); err != nil {
		_ = pool.Close()
		return nil, fmt.Errorf("open database: %w", err)
	}
	db := &DB{Dialect: d, url: dsn, sql: pool, wake: func() {}}
	db.stmts.byText = map[string]*sql.Stmt{}
	db.ent = ent.NewClient(ent.Driver(entsql.OpenDB(string(d), pool)))
	access.Guard(db.ent)
	return db, nil
}

func connect(dsn string, opts Options) (driver.Connector, Dialect, error) {
	switch {
	case strings.HasPrefix(dsn, "sqlite:"):
		path := strings.TrimPrefix(strings.TrimPrefix(dsn, "sqlite:"), "//")
		if path == "" || strings.ContainsAny(path, "?#\x00") {
			return nil, "", fmt.Errorf("database %q: want sqlite:PATH, a plain path to a file", dsn)
		}
		if dir := filepath.Dir(path); dir != "." {
			if err := os.MkdirAll(dir, 0o750); err != nil {
				return nil, "", fmt.Errorf("make the folder of the database: %w", err)
			}
		}
		c, err := newSQLiteConnector(path)
		return c, SQLite, err
	case strings.HasPrefix(dsn, "postgres://"), strings.HasPrefix(dsn, "postgresql://"):
		u, err := url.Parse(dsn)
		if err != nil {
			// The parser's message repeats the URL, password and all.
			return nil, "", errors.New("database: the postgres URL cannot be parsed")
		}
		q := u.Query()
		setDefault := func(key, value string) {
			if !q.Has(key) {
				q.Set(key, value)
			}
		}
		setDefault("application_name", "broadsheet")
		setDefault("jit", "off") // compiles for longer than our statements run
		// Our statements are prepared once and look rows up by keys: one plan fits
		// all arguments, and planning costs several times what running does.
		setDefault("plan_cache_mode", "force_generic_plan")
		setDefault("TimeZone", "UTC")
		timeout := opts.StatementTimeout
		if timeout == 0 {
			timeout = 15 * time.Second
		}
		if timeout > 0 {
			setDefault("statement_timeout", strconv.FormatInt(timeout.Milliseconds(), 10))
		}
		u.RawQuery = q.Encode()
		c, err := pq.NewConnector(u.String())
		if err != nil {
			return nil, "", fmt.Errorf("database: %w", err)
		}
		return c, Postgres, nil
	default:
		scheme, _, _ := strings.Cut(dsn, ":")
		return nil, "", fmt.Errorf("database: unknown kind %q: want sqlite:PATH or postgres://…", scheme)
	}
}

// sqliteConnector opens connections with the pragmas that every one needs.
type sqliteConnector struct {
	dsn    string
	driver *sqlite.Driver
}

func newSQLiteConnector(path string) (driver.Connector, error) {
	// busy_timeout stands first: switching to WAL can itself meet a lock.
	dsn := "file:" + (&url.URL{Path: path}).EscapedPath() +
		"?_pragma=busy_timeout(10000)&_pragma=journal_mode(WAL)&_pragma=synchronous(NORMAL)&_pragma=foreign_keys(1)" +
		"&_pragma=temp_store(MEMORY)&_pragma=cache_size(-16000)&_pragma=mmap_size(268435456)" +
		"&_txlock=immediate&_timezone=UTC&_time_format=sqlite"
	return &sqliteConnector{dsn: dsn, driver: &sqlite.Driver{}}, nil
}

// Connect opens a connection. Where two processes make the same file at the
// same moment, turning it to WAL answers "busy" without waiting for the
// busy_timeout, so that is tried again here.
func (c *sqliteConnector) Connect(ctx context.Context) (driver.Conn, error) {
	start := time.Now()
	for wait := time.Millisecond; ; wait = min(2*wait, 100*time.Millisecond) {
		conn, err := c.driver.Open(c.dsn)
		if err == nil || !isBusy(err) || time.Since(start) > 10*time.Second {
			return conn, err
		}
		select {
		case <-ctx.Done():
			return nil, errors.Join(err, ctx.Err())
		case <-time.After(wait):
		}
	}
}

// Driver implements driver.Connector.
func (c *sqliteConnector) Driver() driver.Driver { return c.driver }

// Close closes the database once nobody uses it any more.
func (db *DB) Close() error { return db.sql.Close() }

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
	return db.ent
}

// OnCommit sets what is called after every commit that appended events. It is
// set once, before the database is used.
func (db *DB) OnCommit(wake func()) { db.wake = wake }
