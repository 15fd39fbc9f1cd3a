package job

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"time"

	"github.com/broadsheet-cms/broadsheet/internal/access"
	"github.com/broadsheet-cms/broadsheet/internal/audit"
	"github.com/broadsheet-cms/broadsheet/internal/fault"
	"github.com/broadsheet-cms/broadsheet/internal/id"
	"github.com/broadsheet-cms/broadsheet/internal/keyset"
	"github.com/broadsheet-cms/broadsheet/internal/store"
)

// Dead is a job whose attempts are used up. It waits for staff.
type Dead struct {
	ID         int
	Kind       string
	Args       []byte // JSON
	Attempts   int
	LastError  string
	EnqueuedAt time.Time
	DiedAt     time.Time
}

// PublicID is its id in the API.
func (d *Dead) PublicID() string { return id.Encode(id.Job, d.ID) }

// IsNode marks types that node(id:) finds.
func (*Dead) IsNode() {}

// Key is its place in the list of dead jobs.
func (d *Dead) Key() keyset.Key { return keyset.Key{Time: d.DiedAt.UnixMicro(), ID: d.ID} }

// Office lets staff look after jobs.
type Office struct {
	runner *Runner
	record *audit.Log
}

// NewOffice gives the office of a runner.
func NewOffice(r *Runner, record *audit.Log) *Office { return &Office{r, record} }

const deadColumns = `j.id, j.kind, j.args, j.attempts, j.last_error, j.enqueued_at, j.died_at`

var (
	deadSQL       = deadPage("DESC")
	deadBackSQL   = deadPage("ASC")
	deadCountSQL  = store.MaintainBoth(`SELECT count(*) FROM (SELECT 1 FROM jobs WHERE state = 'dead' LIMIT $1) AS counted`)
	deadByIDsSQL  = store.MaintainBoth(`SELECT ` + deadColumns + ` FROM each_id($1) JOIN jobs j ON j.id = each_id.id WHERE j.state = 'dead'`)
	reviveSQL     = store.MaintainBoth(`UPDATE jobs SET state = 'waiting', run_at = $2, attempts = 0, died_at = NULL WHERE id = $1 AND state = 'dead'`)
	discardSQL    = store.MaintainBoth(`DELETE FROM jobs WHERE id = $1 AND state = 'dead'`)
	forgetDeadSQL = store.MaintainBoth(`DELETE FROM jobs WHERE state = 'dead' AND (died_at < $1 OR died_at < $2 AND kind IN (SELECT text FROM each_text($3)))`)
)

func deadPage(order string) *store.Statement {
	return store.MaintainBoth(`SELECT ` + deadColumns + ` FROM jobs j WHERE j.state = 'dead' AND (j.died_at, j.id) < ($1, $2) AND (j.died_at, j.id) > ($3, $4)
		ORDER BY j.died_at ` + order + `, j.id ` + order + ` LIMIT $5`)
}

func scanDead(rows *sql.Rows) (*Dead, error) {
	d := new(Dead)
	err := rows.Scan(&d.ID, &d.Kind, &d.Args, &d.Attempts, &d.LastError, &d.EnqueuedAt, &d.DiedAt)
	return d, err
}

// Dead gives a window of the dead jobs, the latest first.
func (o *Office) Dead(ctx context.Context, w keyset.Window) ([]*Dead, error) {
	if err := access.Require(ctx, access.ManageJobs); err != nil {
		return nil, err
	}
	statement := deadSQL
	if w.Backward {
		statement = deadBackSQL
	}
	newer, older := w.Newer(), w.Older()
	list, err := store.Collect(ctx, o.runner.db, statement, scanDead, newer.Moment(), newer.ID, older.Moment(), older.ID, w.Limit)
	if err != nil {
		return nil, fmt.Errorf("read dead jobs: %w", err)
	}
	if w.Backward {
		slices.Reverse(list)
	}
	return list, nil
}

// CountDead counts the dead jobs up to a limit.
func (o *Office) CountDead(ctx context.Context, limit int) (int, error) {
	if err := access.Require(ctx, access.ManageJobs); err != nil {
		return 0, err
	}
	n, err := store.Collect(ctx, o.runner.db, deadCountSQL, store.ScanInt, limit)
	if err != nil {
		return 0, fmt.Errorf("count dead jobs: %w", err)
	}
	return n[0], nil
}

// ByIDs gives dead jobs by key to those who may manage jobs, and none to others.
func (o *Office) ByIDs(ctx context.Context, keys []int) (map[int]*Dead, error) {
	if !access.Of(ctx).Can(access.ManageJobs) {
		return nil, nil
	}
	list, err := store.Collect(ctx, o.runner.db, deadByIDsSQL, scanDead, o.runner.db.IDs(keys))
	if err != nil {
		return nil, fmt.Errorf("read dead jobs: %w", err)
	}
	found := make(map[int]*Dead, len(list))
	for _, d := range list {
		found[d.ID] = d
	}
	return found, nil
}

// Retry lets a dead job run again, with all its attempts. Where another with
// its unique key waits already, that one does its work.
func (o *Office) Retry(ctx context.Context, key int) error {
	return o.change(ctx, "retryJob", key, func(ctx context.Context) (sql.Result, error) {
		now, err := o.runner.now(ctx)
		if err != nil {
			return nil, err
		}
		o.runner.db.Wake(ctx)
		return o.runner.db.Exec(ctx, reviveSQL, key, now)
	})
}

// Discard removes a dead job.
func (o *Office) Discard(ctx context.Context, key int) error {
	return o.change(ctx, "discardJob", key, func(ctx context.Context) (sql.Result, error) {
		return o.runner.db.Exec(ctx, discardSQL, key)
	})
}

func (o *Office) change(ctx context.Context, action string, key int, change func(ctx context.Context) (sql.Result, error)) error {
	if err := access.Require(ctx, access.ManageJobs); err != nil {
		return err
	}
	err := o.runner.db.Tx(ctx, func(ctx context.Context) error {
		found, err := store.Collect(ctx, o.runner.db, deadByIDsSQL, scanDead, o.runner.db.IDs([]int{key}))
		if err != nil {
			return err
		}
		if len(found) == 0 {
			return errGone
		}
		changed, err := change(ctx)
		if err != nil {
			return err
		}
		if n, err := changed.RowsAffected(); err != nil || n == 0 {
			return errors.Join(err, errGone)
		}
		return o.record.Record(ctx, audit.Entry{Action: action, Entity: id.Job, EntityID: key, Before: map[string]any{"kind": found[0].Kind, "lastError": found[0].LastError}})
	})
	switch {
	case errors.Is(err, errGone):
		return fault.Mistake(fault.Missing, "id", "There is no dead job with this id.")
	case store.IsDuplicate(err):
		return fault.Mistake(fault.Taken, "id", "The same work already waits to run: discard this job.").WithCause(err)
	}
	return err
}

var errGone = errors.New("no such dead job")

// KeepDead is how long dead jobs are kept, and KeepPrivateDead those whose arguments
// have something of a person.
const (
	KeepDead        = 90 * 24 * time.Hour
	KeepPrivateDead = 14 * 24 * time.Hour
)

// KnownKind is a kind of jobs that is registered.
type KnownKind struct {
	Name    string
	Args    reflect.Type
	Private bool // as Kind.Private
}

// Known gives the kinds that are registered.
func (r *Runner) Known() (all []KnownKind) {
	for name, k := range r.kinds {
		all = append(all, KnownKind{name, k.args, k.private})
	}
	return all
}

// Forget removes dead jobs that nobody looked after in time.
func (r *Runner) Forget(ctx context.Context) error {
	now, err := r.now(ctx)
	if err != nil {
		return err
	}
	var private []string
	for _, k := range r.Known() {
		if k.Private {
			private = append(private, k.Name)
		}
	}
	if _, err := r.db.Exec(ctx, forgetDeadSQL, now.Add(-KeepDead), now.Add(-KeepPrivateDead), r.db.Texts(private)); err != nil {
		return fmt.Errorf("remove old dead jobs: %w", err)
	}
	return nil
}

// Tally is how many jobs of a kind there are in a state: waiting, running or
// dead.
type Tally struct {
	Kind, State string
	Count       int
}

var tallySQL = store.MaintainBoth(`SELECT kind, state, count(*) FROM jobs GROUP BY kind, state ORDER BY kind, state`)

// Tallies counts all jobs, for metrics.
func (r *Runner) Tallies(ctx context.Context) ([]Tally, error) {
	return store.Collect(ctx, r.db, tallySQL, func(rows *sql.Rows) (t Tally, err error) {
		err = rows.Scan(&t.Kind, &t.State, &t.Count)
		return t, err
	})
}
