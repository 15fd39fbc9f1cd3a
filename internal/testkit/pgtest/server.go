package pgtest

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"

	"github.com/lib/pq"
)

// Names of the databases made here. A test's database is called
// broadsheet_test_HOME_OWNER_NUMBER, where HOME is the oid of the database that
// TEST_POSTGRES_URL names: advisory locks are local to a database, so an owner's
// lock can be seen from its home only.
const (
	testPrefix     = "broadsheet_test_"
	templatePrefix = "broadsheet_template_"

	// templateLocks is the first key of the advisory locks under which
	// templates are built.
	templateLocks = 0x62736874
)

// server is a PostgreSQL server as seen by one process.
type server struct {
	url   url.URL
	admin *sql.DB   // few connections to the database of url
	owner *sql.Conn // holds the advisory lock on ownerID while the process lives

	fileCopy bool // whether CREATE DATABASE had better copy files
	home     int64
	ownerID  int64
	number   atomic.Int64

	mu        sync.Mutex
	templates map[string]*sync.Mutex // by name: one goroutine at a time
}

// openServer connects to the server of a postgres:// URL, takes the lock that
// marks this process as an owner of databases, and drops the databases of
// owners that are gone.
func openServer(ctx context.Context, rawURL string) (_ *server, err error) {
	u, err := url.Parse(rawURL)
	if err != nil || (u.Scheme != "postgres" && u.Scheme != "postgresql") {
		return nil, errors.New("TEST_POSTGRES_URL is not of the form postgres://user:password@host:port/database")
	}
	admin, err := sql.Open("postgres", rawURL)
	if err != nil {
		return nil, fmt.Errorf("open the server: %w", err)
	}
	// One for the owner's lock, the others to create and drop. Test binaries run
	// side by side and a server's connections are few.
	admin.SetMaxOpenConns(4)
	admin.SetMaxIdleConns(2)
	s := &server{
		url:       *u,
		admin:     admin,
		ownerID:   rand.Int64(),
		templates: make(map[string]*sync.Mutex),
	}
	defer func() {
		if err != nil {
			_ = s.close()
		}
	}()
	if s.owner, err = admin.Conn(ctx); err != nil {
		return nil, fmt.Errorf("connect to the server: %w", err)
	}
	const hello = `SELECT oid::bigint, current_setting('server_version_num')::int / 10000, current_setting('fsync')
		FROM pg_database, pg_advisory_lock($1) WHERE datname = current_database()`
	var major int
	var fsync string
	if err = s.owner.QueryRowContext(ctx, hello, s.ownerID).Scan(&s.home, &major, &fsync); err != nil {
		return nil, fmt.Errorf("lock an owner id: %w", err)
	}
	if major < oldestMajor {
		return nil, fmt.Errorf("the server is PostgreSQL %d; %d or newer is needed", major, oldestMajor)
	}
	// Since 15 a server copies through its write-ahead log unless told otherwise,
	// which spares it two checkpoints. Where those cost nothing, as in our own
	// cluster, the files themselves are copied in half the time.
	s.fileCopy = major >= 15 && fsync == "off"
	if err = s.dropAbandoned(ctx); err != nil {
		return nil, err
	}
	return s, nil
}

func (s *server) close() error {
	if s.owner != nil {
		_ = s.owner.Close()
	}
	return s.admin.Close()
}

// dsn returns the URL of a database on the server.
func (s *server) dsn(database string) string {
	u := s.url
	u.Path = "/" + database
	return u.String()
}

// create makes a database of this process as a copy of a template.
func (s *server) create(ctx context.Context, template string) (string, error) {
	name := fmt.Sprintf("%s%d_%d_%d", testPrefix, s.home, s.ownerID, s.number.Add(1))
	query := "CREATE DATABASE " + pq.QuoteIdentifier(name) + " TEMPLATE " + pq.QuoteIdentifier(template)
	if s.fileCopy {
		query += " STRATEGY FILE_COPY"
	}
	if _, err := s.admin.ExecContext(ctx, query); err != nil {
		return "", fmt.Errorf("create a database from %s: %w", template, err)
	}
	return name, nil
}

func (s *server) drop(ctx context.Context, name string) error {
	return drop(ctx, s.admin, name)
}

// dropAbandoned drops the databases of processes that ended without doing so.
func (s *server) dropAbandoned(ctx context.Context) error {
	byOwner, err := s.databases(ctx)
	if err != nil {
		return err
	}
	for owner, names := range byOwner {
		if owner == s.ownerID {
			continue
		}
		var free bool
		if err := s.owner.QueryRowContext(ctx, "SELECT pg_try_advisory_lock($1)", owner).Scan(&free); err != nil {
			return fmt.Errorf("look for the owner of %s: %w", names[0], err)
		}
		if !free {
			continue
		}
		for _, name := range names {
			if err := drop(ctx, s.owner, name); err != nil {
				return err
			}
		}
		if _, err := s.owner.ExecContext(ctx, "SELECT pg_advisory_unlock($1)", owner); err != nil {
			return fmt.Errorf("unlock a former owner: %w", err)
		}
	}
	return nil
}

// databases lists the test databases of this home by their owner.
func (s *server) databases(ctx context.Context) (map[int64][]string, error) {
	prefix := testPrefix + strconv.FormatInt(s.home, 10) + "_"
	rows, err := s.owner.QueryContext(ctx,
		"SELECT datname FROM pg_database WHERE starts_with(datname::text, $1)", prefix)
	if err != nil {
		return nil, fmt.Errorf("list the test databases: %w", err)
	}
	defer rows.Close()
	byOwner := make(map[int64][]string)
	for rows.Next() {
		var name string
		if err := rows.Scan(&name); err != nil {
			return nil, fmt.Errorf("list the test databases: %w", err)
		}
		id, _, _ := strings.Cut(strings.TrimPrefix(name, prefix), "_")
		owner, err := strconv.ParseInt(id, 10, 64)
		if err != nil {
			continue // not a name of ours
		}
		byOwner[owner] = append(byOwner[owner], name)
	}
	if err := rows.Err(); err != nil {
		return nil, fmt.Errorf("list the test databases: %w", err)
	}
	return byOwner, nil
}

// template returns the name of the template of a key, and builds it if this
// process is the first to ask. A finished template is marked as such in the
// catalogue (datistemplate); one without the mark was left half-built.
func (s *server) template(ctx context.Context, key string, build func(dsn string) error) (string, error) {
	sum := sha256.Sum256([]byte(key))
	name := templatePrefix + hex.EncodeToString(sum[:8])

	s.mu.Lock()
	turn := s.templates[name]
	if turn == nil {
		turn = new(sync.Mutex)
		s.templates[name] = turn
	}
	s.mu.Unlock()
	turn.Lock()
	defer turn.Unlock()

	conn, err := s.admin.Conn(ctx)
	if err != nil {
		return "", fmt.Errorf("template %s: connect: %w", name, err)
	}
	defer conn.Close()
	lock := int32(binary.BigEndian.Uint32(sum[:4]))
	if _, err := conn.ExecContext(ctx, "SELECT pg_advisory_lock($1, $2)", templateLocks, lock); err != nil {
		return "", fmt.Errorf("template %s: lock: %w", name, err)
	}
	defer func() {
		// Also when ctx has ended: the connection goes back to the pool.
		_, _ = conn.ExecContext(context.WithoutCancel(ctx), "SELECT pg_advisory_unlock($1, $2)", templateLocks, lock)
	}()

	var done bool
	err = conn.QueryRowContext(ctx, "SELECT datistemplate FROM pg_database WHERE datname = $1", name).Scan(&done)
	if err != nil && !errors.Is(err, sql.ErrNoRows) {
		return "", fmt.Errorf("template %s: look it up: %w", name, err)
	}
	if done {
		return name, nil
	}
	if err := drop(ctx, conn, name); err != nil {
		return "", err
	}
	quoted := pq.QuoteIdentifier(name)
	if _, err := conn.ExecContext(ctx, "CREATE DATABASE "+quoted+" TEMPLATE template0"); err != nil {
		return "", fmt.Errorf("template %s: create: %w", name, err)
	}
	if err := build(s.dsn(name)); err != nil {
		return "", fmt.Errorf("template %s: build: %w", name, err)
	}
	// A database can be copied only while nobody is connected to it.
	if _, err := conn.ExecContext(ctx, "ALTER DATABASE "+quoted+" ALLOW_CONNECTIONS false IS_TEMPLATE true"); err != nil {
		return "", fmt.Errorf("template %s: finish: %w", name, err)
	}
	return name, nil
}

// execer is a pool or one connection of it.
type execer interface {
	ExecContext(ctx context.Context, query string, args ...any) (sql.Result, error)
}

func drop(ctx context.Context, db execer, name string) error {
	if _, err := db.ExecContext(ctx, "DROP DATABASE IF EXISTS "+pq.QuoteIdentifier(name)+" WITH (FORCE)"); err != nil {
		return fmt.Errorf("drop database %s: %w", name, err)
	}
	return nil
}
