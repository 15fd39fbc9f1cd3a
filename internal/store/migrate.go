package store

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"embed"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"strconv"
	"strings"
	"time"
)

//go:embed migrations
var migrationFiles embed.FS

// ErrNewerSchema says that the database was migrated by a newer program.
var ErrNewerSchema = errors.New("the database was made by a newer version of broadsheet: use that version or a newer one")

// ErrOtherSchema says that a step was applied with another text than this program
// has for it, so that nobody knows what the schema is.
var ErrOtherSchema = errors.New("the database was not made by a release of broadsheet that this one follows: restore a backup, or use the program that made it")

// Migration is one step of the schema, a file that is never edited after a
// release.
type Migration struct {
	Version int
	Name    string
	SQL     string
}

// Checksum identifies the text of the step.
func (m Migration) Checksum() string {
	sum := sha256.Sum256([]byte(m.SQL))
	return hex.EncodeToString(sum[:])
}

// Migrations lists the steps for a dialect, oldest first. Their files are
// called NNNN_name.sql.
func Migrations(d Dialect) ([]Migration, error) {
	dir := path.Join("migrations", map[Dialect]string{SQLite: "sqlite", Postgres: "postgres"}[d])
	entries, err := fs.ReadDir(migrationFiles, dir)
	if err != nil {
		return nil, fmt.Errorf("read migrations: %w", err)
	}
	var all []Migration
	for _, e := range entries {
		number, name, ok := strings.Cut(strings.TrimSuffix(e.Name(), ".sql"), "_")
		version, err := strconv.Atoi(number)
		if !ok || err != nil || version != len(all)+1 {
			return nil, fmt.Errorf("migration %s: want %04d_name.sql", e.Name(), len(all)+1)
		}
		text, err := fs.ReadFile(migrationFiles, path.Join(dir, e.Name()))
		if err != nil {
			return nil, fmt.Errorf("read migration: %w", err)
		}
		all = append(all, Migration{Version: version, Name: name, SQL: string(text)})
	}
	return all, nil
}

// migrationLock is the key of PostgreSQL's advisory lock, which lets several
// nodes start together.
const migrationLock = 0x62726f6164 // "broad"

// Migrate brings the schema up to date and gives the steps it applied. Nodes
// that start together wait for one another.
func (db *DB) Migrate(ctx context.Context) (applied []Migration, err error) {
	steps, err := Migrations(db.Dialect)
	if err != nil {
		return nil, err
	}
	return db.migrate(ctx, steps)
}

// MigrateTo is Migrate up to a version, for rows that have the schema of an older
// program.
func (db *DB) MigrateTo(ctx context.Context, version int) (applied []Migration, err error) {
	steps, err := Migrations(db.Dialect)
	if err != nil {
		return nil, err
	}
	if version > len(steps) {
		return nil, fmt.Errorf("schema version %d, this program knows %d: %w", version, len(steps), ErrNewerSchema)
	}
	return db.migrate(ctx, steps[:version])
}

func (db *DB) migrate(ctx context.Context, steps []Migration) (applied []Migration, err error) {
	conn, err := db.sql.Conn(ctx)
	if err != nil {
		return nil, fmt.Errorf("migrate: %w", err)
	}
	defer func() { _ = conn.Close() }()
	if db.Dialect == Postgres {
		for _, q := range []string{"SET statement_timeout = 0", "SET lock_timeout = 0", fmt.Sprintf("SELECT pg_advisory_lock(%d)", migrationLock)} {
			if _, err := conn.ExecContext(ctx, q); err != nil {
				return nil, fmt.Errorf("lock the schema: %w", err)
			}
		}
		defer func() {
			// The connection goes back to the pool: without the lock and with its limit.
			background, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
			defer cancel()
			_, unlock := conn.ExecContext(background, fmt.Sprintf("SELECT pg_advisory_unlock(%d)", migrationLock))
			_, reset := conn.ExecContext(background, "RESET statement_timeout")
			_, resetLock := conn.ExecContext(background, "RESET lock_timeout")
			err = errors.Join(err, unlock, reset, resetLock)
		}()
	}
	for {
		step, err := db.migrateOne(ctx, conn, steps)
		if err != nil {
			return applied, err
		}
		if step == nil {
			return applied, nil
		}
		applied = append(applied, *step)
	}
}

// migrateOne applies the next step in a transaction of its own; on SQLite that
// transaction is also the lock.
func (db *DB) migrateOne(ctx context.Context, conn *sql.Conn, steps []Migration) (*Migration, error) {
	tx, err := conn.BeginTx(ctx, nil)
	if err != nil {
		return nil, fmt.Errorf("migrate: %w", err)
	}
	defer func() { _ = tx.Rollback() }()
	if _, err := tx.ExecContext(ctx, `CREATE TABLE IF NOT EXISTS schema_migrations (
		version bigint PRIMARY KEY, name text NOT NULL, checksum text NOT NULL, applied_at text NOT NULL)`); err != nil {
		return nil, fmt.Errorf("migrate: %w", err)
	}
	current, err := checkApplied(ctx, tx, steps)
	if err != nil {
		return nil, err
	}
	switch {
	case current > len(steps):
		return nil, fmt.Errorf("schema version %d, this program knows %d: %w", current, len(steps), ErrNewerSchema)
	case current == len(steps):
		return nil, tx.Commit()
	}
	step := steps[current]
	if _, err := tx.ExecContext(ctx, step.SQL); err != nil {
		return nil, fmt.Errorf("migration %04d_%s: %w", step.Version, step.Name, err)
	}
	if _, err := tx.ExecContext(ctx, "INSERT INTO schema_migrations (version, name, checksum, applied_at) VALUES ($1, $2, $3, $4)",
		step.Version, step.Name, step.Checksum(), time.Now().UTC().Format(time.RFC3339)); err != nil {
		return nil, fmt.Errorf("record migration %04d_%s: %w", step.Version, step.Name, err)
	}
	if err := tx.Commit(); err != nil {
		return nil, fmt.Errorf("commit migration %04d_%s: %w", step.Version, step.Name, err)
	}
	return &step, nil
}

// checkApplied gives the version of the database, and refuses one whose steps had
// other texts.
func checkApplied(ctx context.Context, tx *sql.Tx, steps []Migration) (current int, err error) {
	rows, err := tx.QueryContext(ctx, "SELECT version, name, checksum FROM schema_migrations ORDER BY version")
	if err != nil {
		return 0, fmt.Errorf("read the schema version: %w", err)
	}
	defer func() { _ = rows.Close() }()
	for rows.Next() {
		var name, checksum string
		if err := rows.Scan(&current, &name, &checksum); err != nil {
			return 0, fmt.Errorf("read the schema version: %w", err)
		}
		if current > len(steps) {
			continue // of a newer program
		}
		if step := steps[current-1]; checksum != step.Checksum() {
			return 0, fmt.Errorf("migration %04d_%s was applied as %q with another text than this program has: %w", current, step.Name, name, ErrOtherSchema)
		}
	}
	return current, rows.Err()
}

// SchemaVersion gives the version of the database and the one this program
// wants.
func (db *DB) SchemaVersion(ctx context.Context) (have, want int, err error) {
	steps, err := Migrations(db.Dialect)
	if err != nil {
		return 0, 0, err
	}
	row := db.sql.QueryRowContext(ctx, "SELECT coalesce(max(version), 0) FROM schema_migrations")
	if err := row.Scan(&have); err != nil {
		return 0, len(steps), fmt.Errorf("read the schema version: %w", err)
	}
	return have, len(steps), nil
}
