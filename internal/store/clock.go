package store

import (
	"context"
	"database/sql"
	"fmt"
	"time"
)

var clockSQL = MaintainBoth(`SELECT clock_timestamp()`)

// ClockAhead gives how far the clock of the database is ahead of ours, which
// now tells, to within half of the way there and back. SQLite has ours.
func (db *DB) ClockAhead(ctx context.Context, now func() time.Time) (time.Duration, error) {
	if db.Dialect == SQLite {
		return 0, nil
	}
	asked := now()
	found, err := Collect(ctx, db, clockSQL, func(rows *sql.Rows) (at time.Time, err error) {
		err = rows.Scan(&at)
		return at, err
	})
	if err != nil {
		return 0, fmt.Errorf("ask the database for the time: %w", err)
	}
	return found[0].Sub(asked.Add(now().Sub(asked) / 2)), nil
}
