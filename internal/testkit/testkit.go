// Package testkit gives tests migrated databases of their own, SQLite and
// PostgreSQL alike, and counts the statements that run on them. Only tests
// import it.
package testkit

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"os"
	"path/filepath"
	"sync"
	"testing"

	"github.com/broadsheet-cms/broadsheet/internal/store"
	"github.com/broadsheet-cms/broadsheet/internal/testkit/pgtest"
)

// Databases runs test once on each database, in parallel, with a migrated
// database that nobody else uses.
func Databases(t *testing.T, test func(t *testing.T, db *store.DB)) {
	t.Helper()
	EachURL(t, func(t *testing.T, url string) {
		test(t, Open(t, url, store.Options{}))
	})
}

// EachURL is Databases for tests that open the database themselves.
func EachURL(t *testing.T, test func(t *testing.T, url string)) {
	t.Helper()
	for _, d := range []store.Dialect{store.SQLite, store.Postgres} {
		t.Run(map[store.Dialect]string{store.SQLite: "sqlite", store.Postgres: "postgres"}[d], func(t *testing.T) {
			t.Parallel()
			test(t, URL(t, d))
		})
	}
}

// URL gives the address of a migrated database for one test.
func URL(t testing.TB, d store.Dialect) string {
	t.Helper()
	if d == store.Postgres {
		return pgtest.Database(t, pgtest.Template(t, schemaKey(t), migrate))
	}
	template, err := sqliteTemplate()
	if err != nil {
		t.Fatalf("make the SQLite template: %v", err)
	}
	path := filepath.Join(t.TempDir(), "test.db")
	if err := os.WriteFile(path, template, 0o600); err != nil {
		t.Fatal(err)
	}
	return "sqlite:" + path
}

// Open opens a database for one test.
func Open(t testing.TB, url string, opts store.Options) *store.DB {
	t.Helper()
	db, err := store.Open(t.Context(), url, opts)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	return db
}

// schemaKey names the schema, so that a template of another one is not reused.
func schemaKey(t testing.TB) string {
	t.Helper()
	steps, err := store.Migrations(store.Postgres)
	if err != nil {
		t.Fatal(err)
	}
	h := sha256.New()
	for _, s := range steps {
		h.Write([]byte(s.Checksum()))
	}
	return "schema_" + hex.EncodeToString(h.Sum(nil))[:16]
}

func migrate(url string) error {
	db, err := store.Open(context.Background(), url, store.Options{MaxConns: 2})
	if err != nil {
		return err
	}
	_, err = db.Migrate(context.Background())
	if closing := db.Close(); err == nil {
		err = closing
	}
	return err
}

// sqliteTemplate is the file of an empty migrated database.
var sqliteTemplate = sync.OnceValues(func() ([]byte, error) {
	dir, err := os.MkdirTemp("", "broadsheet-template")
	if err != nil {
		return nil, err
	}
	defer func() { _ = os.RemoveAll(dir) }()
	path := filepath.Join(dir, "template.db")
	if err := migrate("sqlite:" + path); err != nil {
		return nil, err
	}
	return os.ReadFile(path)
})
