package ingest

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"time"

	"github.com/broadsheet-cms/broadsheet/internal/store"
)

// run is the record of how far a file has been imported: one row a file and
// format, written in the transaction of each batch, so that it is never ahead
// of what is stored nor behind it.
type run struct {
	db      *store.DB
	format  string
	file    File
	started time.Time
}

// Moments are microseconds since 1970, as in the listings.
var (
	saveRunSQL = store.MaintainBoth(`
		INSERT INTO import_runs (format, source, name, size, started_at, saved_at, finished_at, next_offset, next_index, report)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
		ON CONFLICT (format, source) DO UPDATE SET name = excluded.name, size = excluded.size, started_at = excluded.started_at,
			saved_at = excluded.saved_at, finished_at = excluded.finished_at,
			next_offset = excluded.next_offset, next_index = excluded.next_index, report = excluded.report`)
	openRunSQL = store.MaintainBoth(`SELECT started_at, next_offset, next_index, report FROM import_runs
		WHERE format = $1 AND source = $2 AND finished_at IS NULL`)
)

// resume gives where an unfinished run of the file stopped and its report
// until then, nil when there is none.
func (r *run) resume(ctx context.Context) (checkpoint, *Report, error) {
	type row struct {
		at     checkpoint
		report *Report
	}
	rows, err := store.Collect(ctx, r.db, openRunSQL, func(rows *sql.Rows) (found row, err error) {
		var started int64
		var report string
		if err := rows.Scan(&started, &found.at.Offset, &found.at.Index, &report); err != nil {
			return found, err
		}
		r.started = time.UnixMicro(started).UTC()
		found.report = new(Report)
		return found, json.Unmarshal([]byte(report), found.report)
	}, r.format, r.file.Identity)
	if err != nil {
		return checkpoint{}, nil, fmt.Errorf("look for an unfinished import: %w", err)
	}
	if len(rows) == 0 {
		return checkpoint{}, nil, nil
	}
	return rows[0].at, rows[0].report, nil
}

// save notes how far the file has been imported, in the transaction of ctx.
func (r *run) save(ctx context.Context, next checkpoint, report *Report, now time.Time, finished bool) error {
	if r.file.Identity == "" {
		return nil
	}
	text, err := json.Marshal(report)
	if err != nil {
		return fmt.Errorf("note the progress: %w", err)
	}
	var end *int64
	if finished {
		end = new(now.UnixMicro())
	}
	if _, err := r.db.Exec(ctx, saveRunSQL, r.format, r.file.Identity, r.file.Name, r.file.Size, r.started.UnixMicro(), now.UnixMicro(), end,
		next.Offset, next.Index, string(text)); err != nil {
		return fmt.Errorf("note the progress: %w", err)
	}
	return nil
}
