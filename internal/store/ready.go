package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"os"
	"path/filepath"
)

var writableSQL = MaintainBoth(`SELECT NOT pg_is_in_recovery() AND current_setting('transaction_read_only') = 'off'`)

// Ready tells why the database cannot serve requests: it does not answer, only
// reads, its file is gone, or the disk is full.
func (db *DB) Ready(ctx context.Context) error {
	if db.Dialect == SQLite {
		return db.file.ready(ctx, db.sql)
	}
	writable, err := Collect(ctx, db, writableSQL, func(rows *sql.Rows) (ok bool, err error) {
		err = rows.Scan(&ok)
		return ok, err
	})
	if err != nil {
		return fmt.Errorf("ask the database: %w", err)
	}
	if !writable[0] {
		return errors.New("the database only reads: it is a standby, or was set to read only")
	}
	return nil
}

// readyBytes are written beside the file of the database to see whether that is
// possible. SQLite's log grows in steps far smaller.
const readyBytes = 64 << 10

func (c *sqliteConnector) ready(ctx context.Context, pool *sql.DB) error {
	var pages int
	if err := pool.QueryRowContext(ctx, "PRAGMA page_count").Scan(&pages); err != nil {
		return fmt.Errorf("ask the database: %w", err)
	}
	// A connection goes on with a file that was removed or replaced: what it stores
	// is lost with the process.
	now, err := os.Stat(c.path)
	if err != nil {
		return fmt.Errorf("look at the file of the database: %w", err)
	}
	if !os.SameFile(c.opened, now) {
		return fmt.Errorf("the file %s was replaced while it was open: restart the server", filepath.Base(c.path))
	}
	if err := mayWrite(c.path); err != nil {
		return fmt.Errorf("the file %s cannot be written to: %w", filepath.Base(c.path), err)
	}
	probe := c.path + "-ready"
	defer func() { _ = os.Remove(probe) }()
	if err := os.WriteFile(probe, make([]byte, readyBytes), 0o600); err != nil {
		return fmt.Errorf("write beside the database: %w", err)
	}
	return nil
}
