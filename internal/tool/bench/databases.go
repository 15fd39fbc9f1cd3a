package main

import (
	"context"
	"database/sql"
	"fmt"
	"os"
	"path/filepath"
	"time"

	_ "github.com/lib/pq" // to create databases

	"github.com/broadsheet-cms/broadsheet/internal/store"
	"github.com/broadsheet-cms/broadsheet/internal/testkit"
	"github.com/broadsheet-cms/broadsheet/internal/testkit/pgtest"
)

// databases makes databases to measure on: SQLite files in a directory of its
// own and databases of a PostgreSQL cluster of its own.
type databases struct {
	dir     string
	cluster *pgtest.Cluster
	made    int
}

func openDatabases(ctx context.Context) (*databases, error) {
	dir, err := os.MkdirTemp("", "broadsheet-bench")
	if err != nil {
		return nil, err
	}
	// What a server that flushes to disk would wait for at each commit is not measured.
	cluster, err := pgtest.Start(ctx, "autovacuum=on", "shared_buffers=1GB", "max_wal_size=4GB")
	if err != nil {
		_ = os.RemoveAll(dir)
		return nil, err
	}
	return &databases{dir: dir, cluster: cluster}, nil
}

func (d *databases) close() {
	d.cluster.Stop()
	_ = os.RemoveAll(d.dir)
}

// file is that of the SQLite database made last.
func (d *databases) file() string { return filepath.Join(d.dir, fmt.Sprintf("%d.db", d.made)) }

// name is that of the PostgreSQL database made last.
func (d *databases) name() string { return fmt.Sprintf("bench%d", d.made) }

// url is the address of the database made last.
func (d *databases) url(dialect store.Dialect) string {
	if dialect == store.Postgres {
		return d.cluster.URL(d.name())
	}
	return "sqlite:" + d.file()
}

// raw opens the database made last without the rules of the store, to change it
// in bulk.
func (d *databases) raw(dialect store.Dialect) (*sql.DB, error) {
	if dialect == store.Postgres {
		return sql.Open("postgres", d.cluster.AdminURL(d.name()))
	}
	return sql.Open("sqlite", d.file())
}

// dialects are the databases in the order of reports.
var dialects = []store.Dialect{store.SQLite, store.Postgres}

// open makes an empty migrated database, whose statements are counted.
func (d *databases) open(ctx context.Context, dialect store.Dialect) (*store.DB, *testkit.Statements, error) {
	d.made++
	if dialect == store.Postgres {
		admin, err := sql.Open("postgres", d.cluster.URL("postgres"))
		if err != nil {
			return nil, nil, err
		}
		_, err = admin.ExecContext(ctx, "CREATE DATABASE "+d.name())
		if closing := admin.Close(); err == nil {
			err = closing
		}
		if err != nil {
			return nil, nil, fmt.Errorf("create a database: %w", err)
		}
	}
	seen := new(testkit.Statements)
	db, err := store.Open(ctx, d.url(dialect), store.Options{StatementTimeout: -time.Second, Wrap: seen.Wrap})
	if err != nil {
		return nil, nil, err
	}
	if _, err := db.Migrate(ctx); err != nil {
		_ = db.Close()
		return nil, nil, err
	}
	return db, seen, nil
}
