package main

import (
	"context"
	"database/sql"
)

// largeTable is the number of rows from which a table must never be read from
// end to end: below it that is quicker than an index.
const largeTable = 10_000

// scans counts the sequential scans of large tables so far.
func scans(ctx context.Context, url string) (map[string]int, error) {
	db, err := sql.Open("postgres", url)
	if err != nil {
		return nil, err
	}
	defer func() { _ = db.Close() }()
	rows, err := db.QueryContext(ctx, "SELECT relname, seq_scan FROM pg_stat_user_tables WHERE n_live_tup > $1", largeTable)
	if err != nil {
		return nil, err
	}
	defer func() { _ = rows.Close() }()
	all := map[string]int{}
	for rows.Next() {
		var name string
		var n int
		if err := rows.Scan(&name, &n); err != nil {
			return nil, err
		}
		all[name] = n
	}
	return all, rows.Err()
}
