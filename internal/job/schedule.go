package job

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"github.com/broadsheet-cms/broadsheet/internal/store"
)

// Schedule says when a periodic job runs.
type Schedule interface {
	// Next gives the first moment after another. All nodes must agree on it.
	Next(after time.Time) time.Time
}

type every time.Duration

// Every runs at the multiples of a duration since 1970, UTC.
func Every(d time.Duration) Schedule { return every(d) }

func (e every) Next(after time.Time) time.Time {
	return after.UTC().Truncate(time.Duration(e)).Add(time.Duration(e))
}

type daily struct {
	hour, minute int
	in           *time.Location
}

// Daily runs once a day at a time of day in a time zone.
func Daily(hour, minute int, in *time.Location) Schedule { return daily{hour, minute, in} }

func (d daily) Next(after time.Time) time.Time {
	t := after.In(d.in)
	next := time.Date(t.Year(), t.Month(), t.Day(), d.hour, d.minute, 0, 0, d.in)
	if !next.After(after) {
		next = time.Date(t.Year(), t.Month(), t.Day()+1, d.hour, d.minute, 0, 0, d.in)
	}
	return next.UTC()
}

type scheduled struct {
	when Schedule
	args []byte
}

// Periodic enqueues a job of a registered kind at every moment of a schedule,
// on one node only, and once when the schedule is new to the database. Moments
// that pass while no node runs are made up for by one job. A job that still
// waits when the next is due is not added again.
func Periodic[Args any](r *Runner, kind Kind[Args], args Args, when Schedule) {
	text, err := json.Marshal(args)
	if err != nil {
		panic(fmt.Sprintf("arguments of periodic %s: %v", kind.Name, err)) // of the program, not of input
	}
	r.schedules[kind.Name] = scheduled{when: when, args: text}
}

func (r *Runner) scheduledKinds() []string {
	names := make([]string, 0, len(r.schedules))
	for name := range r.schedules {
		names = append(names, name)
	}
	return names
}

var (
	// A schedule that became more frequent does not wait for the old moment.
	planSQL = store.MaintainBoth(`INSERT INTO job_schedules (kind, next_at) VALUES ($1, $2)
		ON CONFLICT (kind) DO UPDATE SET next_at = $3 WHERE job_schedules.next_at > $3`)
	dueSchedulesSQL = store.MaintainBoth(`SELECT kind, next_at FROM job_schedules WHERE next_at <= $1 AND kind IN (SELECT text FROM each_text($2))`)
	// Whoever moves the moment on enqueues the job.
	advanceSQL = store.MaintainBoth(`UPDATE job_schedules SET next_at = $3 WHERE kind = $1 AND next_at = $2`)
)

func (r *Runner) prepareSchedules(ctx context.Context) error {
	now, err := r.now(ctx)
	if err != nil {
		return err
	}
	for kind, s := range r.schedules {
		if r.kinds[kind] == nil {
			return fmt.Errorf("periodic job %s is not registered", kind)
		}
		if _, err := r.db.Exec(ctx, planSQL, kind, now, s.when.Next(now).Truncate(time.Microsecond)); err != nil {
			return fmt.Errorf("plan %s: %w", kind, err)
		}
	}
	return nil
}

// enqueueScheduled enqueues the periodic jobs whose moment has come.
func (r *Runner) enqueueScheduled(ctx context.Context, now time.Time) (int, error) {
	type due struct {
		kind string
		at   time.Time
	}
	all, err := store.Collect(ctx, r.db, dueSchedulesSQL, func(rows *sql.Rows) (d due, err error) {
		err = rows.Scan(&d.kind, &d.at)
		return d, err
	}, now, r.db.Texts(r.scheduledKinds()))
	if err != nil {
		return 0, fmt.Errorf("look for periodic jobs: %w", err)
	}
	for _, d := range all {
		s := r.schedules[d.kind]
		err := r.db.Tx(ctx, func(ctx context.Context) error {
			moved, err := r.db.Exec(ctx, advanceSQL, d.kind, d.at.UTC(), s.when.Next(now).Truncate(time.Microsecond))
			if err != nil {
				return err
			}
			if n, err := moved.RowsAffected(); err != nil || n == 0 {
				return err
			}
			return r.enqueue(ctx, d.kind, s.args, Options{UniqueKey: "schedule", Priority: Low})
		})
		if err != nil {
			return 0, fmt.Errorf("enqueue periodic %s: %w", d.kind, err)
		}
	}
	return len(all), nil
}

// toText makes a text that both databases can keep.
func toText(s string) string {
	return strings.ReplaceAll(strings.ToValidUTF8(s, "\uFFFD"), "\x00", "")
}
