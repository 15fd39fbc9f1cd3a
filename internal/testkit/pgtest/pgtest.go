// Package pgtest gives tests PostgreSQL databases of their own.
//
// A test asks for a database and gets the URL of a new one, which is dropped
// when the test ends:
//
//	schema := pgtest.Template(t, "schema-"+hash, migrate) // built once
//	dsn := pgtest.Database(t, schema)                     // a copy, some 20 ms
//
// The server is the one TEST_POSTGRES_URL names (its role must be allowed to
// create databases), or else a private cluster which the package makes from the
// installed server binaries. All test processes of one user share that cluster.
//
// Everything here has an owner and an end, also when a process is killed:
//
//   - A database belongs to the process that made it, which holds an advisory
//     lock on the server. A later process drops databases whose lock is free.
//   - A cluster belongs to its keeper, a process of its own which starts the
//     server, and ends both when no process has held the lock on the cluster's
//     users file for a while.
//   - A keeper holds a lock on its cluster's directory. A directory whose lock
//     is free lost its keeper; the next process to come stops what is left of
//     that server and removes the directory.
//
// The locks are those of the operating system and of PostgreSQL, which release
// them when the holder dies.
package pgtest

import (
	"context"
	"errors"
	"os"
	"sync"
	"testing"
	"time"
)

// Bounds on what a test waits for, far above what it takes on a busy machine.
const (
	startTimeout  = time.Minute
	buildTimeout  = 2 * time.Minute
	createTimeout = time.Minute
)

// Database creates a database for one test or benchmark and returns its URL.
// It is a copy of template, which comes from [Template], or empty without one.
// It is dropped, and connections still open to it are closed, when t ends.
//
// Without PostgreSQL on the machine, and with go test -short, the test is
// skipped; with CI=true in the environment it is not.
func Database(t testing.TB, template ...string) string {
	t.Helper()
	if len(template) > 1 {
		t.Fatal("pgtest: a database has one template at most")
	}
	from := "template0"
	if len(template) == 1 {
		from = template[0]
	}
	s := processServer.get(t)
	ctx, cancel := context.WithTimeout(t.Context(), createTimeout)
	defer cancel()
	name, err := s.create(ctx, from)
	if err != nil {
		t.Fatalf("pgtest: %v", err)
	}
	t.Cleanup(func() {
		// The test's own context has ended by now.
		ctx, cancel := context.WithTimeout(context.Background(), createTimeout)
		defer cancel()
		if err := s.drop(ctx, name); err != nil {
			t.Errorf("pgtest: %v", err)
		}
	})
	return s.dsn(name)
}

// Own starts a cluster for one test, which ends with it, where Database would give a
// database of a private cluster. A setting is as those of [Start].
func Own(t testing.TB, settings ...string) *Cluster {
	t.Helper()
	return own(t, func(ctx context.Context) (*Cluster, error) { return Start(ctx, settings...) })
}

// OwnStandby is Own for a standby of another.
func OwnStandby(t testing.TB, primary *Cluster, settings ...string) *Cluster {
	t.Helper()
	return own(t, func(ctx context.Context) (*Cluster, error) { return primary.Standby(ctx, settings...) })
}

// OwnPair is Own for a primary with a standby, which follows soon. database is the URL of
// an empty database of the primary, which is named site on both.
func OwnPair(t testing.TB, settings ...string) (primary, standby *Cluster, database string) {
	t.Helper()
	primary = Own(t, append([]string{"wal_level=replica", "max_wal_senders=4", "synchronous_commit=on"}, settings...)...)
	database, err := primary.Create(t.Context(), "site")
	if err != nil {
		t.Fatal(err)
	}
	return primary, OwnStandby(t, primary, "wal_retrieve_retry_interval=100ms"), database
}

func own(t testing.TB, start func(context.Context) (*Cluster, error)) *Cluster {
	t.Helper()
	if testing.Short() && os.Getenv("CI") != "true" {
		t.Skip("pgtest: -short leaves PostgreSQL out")
	}
	ctx, cancel := context.WithTimeout(t.Context(), startTimeout)
	defer cancel()
	c, err := start(ctx)
	switch {
	case errors.Is(err, errNoPostgres) && os.Getenv("CI") != "true":
		t.Skipf("pgtest: %v", err)
	case err != nil:
		t.Fatalf("pgtest: %v", err)
	}
	t.Cleanup(c.Stop)
	return c
}

// Template returns the name of the template database for key, to be passed to
// [Database]. The first process that asks for a key creates an empty database
// and has build fill it; all others, meanwhile and later, wait for that and take
// it as it is. The key must therefore name the content: put a hash of the
// migrations into it, for a server of one's own keeps its templates for good.
// If build fails the test fails, and the next to ask builds again.
//
// build must close its connections before it returns.
func Template(t testing.TB, key string, build func(dsn string) error) string {
	t.Helper()
	s := processServer.get(t)
	ctx, cancel := context.WithTimeout(t.Context(), buildTimeout)
	defer cancel()
	name, err := s.template(ctx, key, build)
	if err != nil {
		t.Fatalf("pgtest: %v", err)
	}
	return name
}

// processServer is the server of this test process. It is found on first use
// and is let go only when the process ends: a test binary has no later moment.
var processServer = &lazyServer{getenv: os.Getenv, find: findBinaries}

// lazyServer finds a server once. The fields are what a test of this package
// replaces to see a machine without PostgreSQL.
type lazyServer struct {
	getenv func(string) string
	find   func(context.Context) (binaries, error)

	once    sync.Once
	server  *server
	cluster *Cluster // kept, as its open file is what says that it is in use
	missing error    // no PostgreSQL on this machine
	err     error    // there is one, and it does not work
}

// get returns the server or ends the test.
func (l *lazyServer) get(t testing.TB) *server {
	t.Helper()
	if testing.Short() && l.getenv("CI") != "true" {
		t.Skip("pgtest: -short leaves PostgreSQL out")
	}
	l.once.Do(l.open)
	switch {
	case l.err != nil:
		t.Fatalf("pgtest: %v", l.err)
	case l.missing != nil && l.getenv("CI") == "true":
		t.Fatalf("pgtest: %v", l.missing)
	case l.missing != nil:
		t.Skipf("pgtest: %v", l.missing)
	}
	return l.server
}

func (l *lazyServer) open() {
	ctx, cancel := context.WithTimeout(context.Background(), startTimeout)
	defer cancel()
	url := l.getenv("TEST_POSTGRES_URL")
	if url == "" {
		bin, err := l.find(ctx)
		if err != nil {
			l.missing = err
			return
		}
		cluster, err := joinShared(ctx, bin)
		if err != nil {
			l.err = err
			return
		}
		l.cluster = cluster
		url = cluster.URL("postgres")
	}
	l.server, l.err = openServer(ctx, url)
}
