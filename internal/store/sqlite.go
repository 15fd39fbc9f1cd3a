package store

import (
	"context"
	"database/sql/driver"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/sync/semaphore"
	sqlite "modernc.org/sqlite"
)

// writerWait is how long a writer waits for its turn, and for a lock that another
// process has on the file.
const writerWait = 10 * time.Second

// sqliteConnector opens connections with the pragmas that every one needs. Its
// writers wait in one queue for the file, in the order in which they came: SQLite
// itself lets them try again and again, and one without luck never gets in.
type sqliteConnector struct {
	path    string
	dsn     string
	driver  *sqlite.Driver
	writers *writers
	opened  os.FileInfo // the file, to tell whether it was replaced
	observe Observer
}

func newSQLiteConnector(path string, opts Options) (*sqliteConnector, error) {
	if err := checkFile(path, opts.Existing); err != nil {
		return nil, err
	}
	if err := makeFile(path); err != nil {
		return nil, err
	}
	opened, err := os.Stat(path)
	if err != nil {
		return nil, fmt.Errorf("look at the file of the database: %w", err)
	}
	synchronous := "FULL"
	if opts.Relaxed {
		synchronous = "NORMAL"
	}
	// busy_timeout stands first: switching to WAL can itself meet a lock.
	dsn := "file:" + (&url.URL{Path: path}).EscapedPath() +
		fmt.Sprintf("?_pragma=busy_timeout(%d)", writerWait.Milliseconds()) +
		"&_pragma=journal_mode(WAL)&_pragma=synchronous(" + synchronous + ")&_pragma=foreign_keys(1)" +
		"&_pragma=temp_store(MEMORY)&_pragma=cache_size(-16000)&_pragma=mmap_size(268435456)" +
		"&_txlock=immediate&_timezone=UTC&_time_format=sqlite"
	return &sqliteConnector{path: path, dsn: dsn, driver: &sqlite.Driver{}, writers: openWriters(path), opened: opened}, nil
}

// makeFile makes the file of a database, for its owner alone: it has addresses
// and hashes of passwords in it. SQLite gives its other files the same rights.
func makeFile(path string) error {
	if dir := filepath.Dir(path); dir != "." {
		if err := os.MkdirAll(dir, 0o750); err != nil {
			return fmt.Errorf("make the folder of the database: %w", hinted(err))
		}
	}
	f, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL, 0o600)
	if errors.Is(err, os.ErrExist) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("make the file of the database: %w", hinted(err))
	}
	return f.Close()
}

// Connect opens a connection. Where two processes make the same file at the
// same moment, turning it to WAL answers "busy" without waiting for the
// busy_timeout, so that is tried again here.
func (c *sqliteConnector) Connect(ctx context.Context) (driver.Conn, error) {
	start := time.Now()
	for wait := time.Millisecond; ; wait = min(2*wait, 100*time.Millisecond) {
		readOnly := mayWrite(c.path) != nil
		conn, err := c.driver.Open(c.dsn)
		if err == nil {
			return &session{Conn: conn, keeper: &sqliteKeeper{writers: c.writers, path: c.path, readOnly: readOnly}, observe: c.observe}, nil
		}
		if !isBusy(err) || time.Since(start) > writerWait {
			return nil, withTryAgain(ctx, err)
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

// writers is the queue of those who write to one file.
type writers struct {
	file  string
	users int
	turn  *semaphore.Weighted // first come, first served
}

var queues = struct {
	sync.Mutex
	byFile map[string]*writers
}{byFile: map[string]*writers{}}

// openWriters gives the queue of a file, one for the process.
func openWriters(path string) *writers {
	if absolute, err := filepath.Abs(path); err == nil {
		path = absolute
	}
	if target, err := filepath.EvalSymlinks(path); err == nil {
		path = target
	}
	queues.Lock()
	defer queues.Unlock()
	w := queues.byFile[path]
	if w == nil {
		w = &writers{file: path, turn: semaphore.NewWeighted(1)}
		queues.byFile[path] = w
	}
	w.users++
	return w
}

func (w *writers) close() {
	queues.Lock()
	defer queues.Unlock()
	if w.users--; w.users == 0 {
		delete(queues.byFile, w.file)
	}
}

type turnKey struct{}

// turn is one writer's, until it is over.
type turn struct {
	of   *writers
	over atomic.Bool
}

// wait waits for the turn to write. The context that it gives has the turn until
// it is done: whoever waits with it meanwhile goes on at once.
func (w *writers) wait(ctx context.Context) (_ context.Context, done func(), err error) {
	if t, _ := ctx.Value(turnKey{}).(*turn); t != nil && t.of == w && !t.over.Load() {
		return ctx, func() {}, nil
	}
	limited, cancel := context.WithTimeout(ctx, writerWait)
	defer cancel()
	if err := w.turn.Acquire(limited, 1); err != nil {
		return ctx, nil, tryAgain(errors.Join(errBusy, err))
	}
	t := &turn{of: w}
	return context.WithValue(ctx, turnKey{}, t), func() {
		if t.over.CompareAndSwap(false, true) {
			w.turn.Release(1)
		}
	}, nil
}

var errBusy = errors.New("others wrote to the file all the time")

// sqliteKeeper lets an operation that writes wait for its turn.
type sqliteKeeper struct {
	writers *writers
	path    string
	// readOnly says that the connection was opened while the file could not be written
	// to: it never writes, also when the file can be written to again.
	readOnly bool
}

func (k *sqliteKeeper) start(ctx context.Context, writes bool) (func(), error) {
	if !writes {
		return func() {}, nil
	}
	_, done, err := k.writers.wait(ctx)
	return done, err
}

func (k *sqliteKeeper) startTx(ctx context.Context, readOnly bool) (func(), error) {
	return k.start(ctx, !readOnly)
}

func (k *sqliteKeeper) returned() {}

func (k *sqliteKeeper) closing() {}

// taken refuses a connection that only reads once there can be one that writes.
func (k *sqliteKeeper) taken(context.Context, func(context.Context) error) error {
	if k.readOnly && mayWrite(k.path) == nil {
		return driver.ErrBadConn
	}
	return nil
}

func (k *sqliteKeeper) explain(ctx context.Context, err error, _ bool) error {
	k.readOnly = k.readOnly || isReadOnly(err)
	return withTryAgain(ctx, err)
}

var (
	reads      = regexp.MustCompile(`(?i)^\s*(SELECT|PRAGMA|EXPLAIN|VALUES)\b`)
	withChange = regexp.MustCompile(`(?i)\b(INSERT\s+INTO|UPDATE|DELETE\s+FROM|REPLACE\s+INTO)\b`)
)

// writes tells whether a query changes rows, as one with RETURNING does. It
// may be wrong the safe way: a reader that waits for its turn.
func writes(query string) bool {
	if reads.MatchString(query) {
		return false
	}
	return !strings.HasPrefix(strings.ToUpper(strings.TrimSpace(query)), "WITH") || withChange.MatchString(query)
}
