package store

import (
	"cmp"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"log/slog"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	entsql "entgo.io/ent/dialect/sql"

	"github.com/broadsheet-cms/broadsheet/ent"
	"github.com/broadsheet-cms/broadsheet/internal/access"
	"github.com/broadsheet-cms/broadsheet/internal/fault"
)

// Standbys of PostgreSQL answer readings once they have replayed everything that this
// process knows of (decision 69). Changed counts what it comes to know; Follow asks the
// primary for the end of its log after that, and each standby until it has come there.

const (
	// replicaLook is how often a standby that is up to date is asked whether it lives.
	replicaLook = time.Second
	// replicaPatience is how long a standby may take for a statement, or an answer to a
	// look, before the primary is asked in its place.
	replicaPatience = 2 * time.Second
	// replicaWait is the longest pause between two looks at one that is behind, and
	// replicaPause the shortest between two questions to the primary.
	replicaWait  = 50 * time.Millisecond
	replicaPause = 5 * time.Millisecond
)

// replica is one standby.
type replica struct {
	db      *DB
	ent     *ent.Client // asks the primary where the standby fails
	name    string      // its host, for metrics and logs
	reached atomic.Int64
	up      atomic.Bool // it answered the last time
	used    atomic.Int64
	failed  atomic.Int64
}

// replicas are the standbys of a database.
type replicas struct {
	all     []*replica
	turn    atomic.Uint64
	primary atomic.Int64 // readings that found none
	changes atomic.Int64 // see Changed

	mu    sync.Mutex
	moved chan struct{} // closed and replaced when changes moves
}

// AddReplica lets readings go to a standby as well. It need not answer yet. It is called
// before the database is used.
func (db *DB) AddReplica(dsn string, opts Options) error {
	if db.Dialect != Postgres {
		return errors.New("only PostgreSQL has standbys")
	}
	standby, err := open(dsn, opts)
	if err != nil {
		return err
	}
	if standby.Dialect != Postgres {
		_ = standby.sql.Close()
		return errors.New("a standby is a PostgreSQL")
	}
	standby.of = db
	r := &replica{db: standby, name: db.replicaName(dsn)}
	r.reached.Store(-1)
	r.ent = ent.NewClient(ent.Driver(&replicaDriver{Driver: entsql.OpenDB(string(Postgres), db.sql), standby: entsql.OpenDB(string(Postgres), standby.sql), replica: r}))
	access.Guard(r.ent)
	db.replicas.all = append(db.replicas.all, r)
	return nil
}

// replicaName is the host of a standby, told apart from others there.
func (db *DB) replicaName(dsn string) string {
	name := "socket"
	if u, err := url.Parse(dsn); err == nil {
		name = cmp.Or(u.Host, u.Query().Get("host"), name)
	}
	same := 0
	for _, r := range db.replicas.all {
		if r.name == name || strings.HasPrefix(r.name, name+"#") {
			same++
		}
	}
	if same > 0 {
		name += "#" + strconv.Itoa(same+1)
	}
	return name
}

// Changed tells that this process knows of something committed which readings that
// begin from now on must show.
func (db *DB) Changed() {
	if len(db.replicas.all) == 0 {
		return
	}
	db.replicas.changes.Add(1)
	db.replicas.mu.Lock()
	defer db.replicas.mu.Unlock()
	close(db.replicas.moved)
	db.replicas.moved = make(chan struct{})
}

type replicaKey struct{}

// standbyReading is a reading that goes to a standby, until that fails it.
type standbyReading struct {
	of      *DB
	replica *replica
	over    atomic.Bool
}

// Reading gives a context whose reads go to a standby that has everything this process
// knew of when it was called; ctx itself when there is none. It is for readings of what
// events tell all changes of. Reads of a transaction that ctx carries stay there.
func (db *DB) Reading(ctx context.Context) context.Context {
	n := len(db.replicas.all)
	if n == 0 || db.txOf(ctx) != nil {
		return ctx
	}
	now := db.replicas.changes.Load()
	first := int(db.replicas.turn.Add(1) % uint64(n))
	for i := range n {
		if r := db.replicas.all[(first+i)%n]; r.up.Load() && r.reached.Load() == now {
			r.used.Add(1)
			return context.WithValue(ctx, replicaKey{}, &standbyReading{of: db, replica: r})
		}
	}
	db.replicas.primary.Add(1)
	return ctx
}

// replicaOf is the standby that reads of a context go to, nil where they go to the
// primary.
func (db *DB) replicaOf(ctx context.Context) *standbyReading {
	if len(db.replicas.all) == 0 {
		return nil
	}
	if r, _ := ctx.Value(replicaKey{}).(*standbyReading); r != nil && r.of == db && !r.over.Load() {
		return r
	}
	return nil
}

// fails reports whether a read failed on the standby while its request goes on. From
// then on the reading goes to the primary, which repeats an error that is about what was
// asked; other readings do too until the standby answers again.
func (r *standbyReading) fails(ctx context.Context, err error) bool {
	if err == nil || ctx.Err() != nil {
		return false
	}
	if !r.over.Swap(true) && fault.CodeOf(err) != fault.BadUserInput {
		r.replica.failed.Add(1)
		r.replica.up.Store(false)
	}
	return true
}

// patiently runs the first part of a statement on a standby, until its first row is there,
// within its bound. The context that do is given lives on for the rows.
func patiently(ctx context.Context, do func(ctx context.Context) error) error {
	ctx, cancel := context.WithCancel(ctx)
	timer := time.AfterFunc(replicaPatience, cancel)
	err := do(ctx)
	if !timer.Stop() && err == nil {
		err = context.DeadlineExceeded
	}
	if err != nil {
		cancel()
	}
	return err
}

// query runs a statement on the standby; ok is false where the primary must be asked.
func (r *standbyReading) query(ctx context.Context, s *Statement, args []any) (rows *sql.Rows, ok bool, err error) {
	err = patiently(ctx, func(ctx context.Context) error {
		rows, err = r.replica.db.Query(ctx, s, args...) //nolint:sqlclosecheck,rowserrcheck // the caller's
		return err
	})
	if r.fails(ctx, err) {
		if rows != nil {
			_ = rows.Close()
		}
		return nil, false, nil
	}
	return rows, true, err
}

// replicaDriver lets ent read from a standby, and write to the primary.
type replicaDriver struct {
	*entsql.Driver // the primary
	standby        *entsql.Driver
	replica        *replica
}

// Query implements dialect.Driver.
func (d *replicaDriver) Query(ctx context.Context, query string, args, v any) error {
	r, _ := ctx.Value(replicaKey{}).(*standbyReading)
	if r == nil || r.over.Load() {
		return d.Driver.Query(ctx, query, args, v)
	}
	err := patiently(ctx, func(ctx context.Context) error { return d.standby.Query(ctx, query, args, v) })
	if r.fails(ctx, err) {
		return d.Driver.Query(ctx, query, args, v)
	}
	return err
}

var (
	walEndSQL = MaintainBoth(`SELECT pg_current_wal_insert_lsn()::text`)
	// A standby that was made a primary has a log of its own.
	walReachedSQL = MaintainBoth(`SELECT CASE WHEN NOT pg_is_in_recovery() THEN -1 WHEN pg_last_wal_replay_lsn() >= $1::pg_lsn THEN 1 ELSE 0 END`)
)

// FollowReplicas keeps looking how far the standbys have come until ctx ends.
func (db *DB) FollowReplicas(ctx context.Context, logger *slog.Logger) error {
	var all sync.WaitGroup
	for _, r := range db.replicas.all {
		all.Go(func() { db.followReplica(ctx, r, logger) })
	}
	all.Wait()
	<-ctx.Done()
	return ctx.Err()
}

func (db *DB) followReplica(ctx context.Context, r *replica, logger *slog.Logger) {
	defer r.up.Store(false)
	answered := true
	wait := time.NewTimer(0)
	defer wait.Stop()
	for ctx.Err() == nil {
		db.replicas.mu.Lock()
		moved := db.replicas.moved
		db.replicas.mu.Unlock()
		now := db.replicas.changes.Load()
		reached, err := db.look(ctx, r, now)
		pause := replicaLook
		switch {
		case ctx.Err() != nil:
			return
		case err != nil:
			if r.up.Store(false); answered {
				logger.WarnContext(ctx, "a standby does not answer: the primary is asked", "replica", r.name, "error", err)
			}
			answered, moved = false, nil
		case !answered:
			logger.InfoContext(ctx, "a standby answers again", "replica", r.name)
			answered = true
			fallthrough
		default:
			if !reached || db.replicas.changes.Load() != now { // it waited meanwhile, or there is more
				pause, moved = replicaPause, nil
			}
		}
		wait.Reset(pause)
		select {
		case <-ctx.Done():
		case <-moved:
		case <-wait.C:
		}
	}
}

// look asks, and waits for a while, whether a standby has everything that this process
// knew of at a count of changes.
func (db *DB) look(ctx context.Context, r *replica, now int64) (reached bool, err error) {
	ctx, cancel := context.WithTimeout(ctx, replicaPatience)
	defer cancel()
	// The end of the log is asked after the changes are known, so it lies behind them.
	end, err := Collect(ctx, db, walEndSQL, ScanText)
	if err != nil {
		return false, fmt.Errorf("ask the primary for the end of its log: %w", err)
	}
	for pause := time.Millisecond; ; pause = min(2*pause, replicaWait) {
		came, err := Collect(ctx, r.db, walReachedSQL, ScanInt, end[0])
		switch {
		case err != nil:
			return false, fmt.Errorf("ask how far the standby is: %w", err)
		case came[0] < 0:
			return false, errors.New("this is no standby: it was made a primary, or never was one")
		case came[0] > 0:
			r.reached.Store(now)
			r.up.Store(true)
			return true, nil
		}
		select {
		case <-ctx.Done(): // behind, and not away: others may be asked meanwhile
			return false, nil
		case <-time.After(pause):
		}
	}
}

// CheckReplicas asks each standby whether it has everything that is committed, and tells
// by its name what keeps it from answering readers; nil: nothing does.
func (db *DB) CheckReplicas(ctx context.Context) map[string]error {
	wrong := make(map[string]error, len(db.replicas.all))
	for _, r := range db.replicas.all {
		reached, err := db.look(ctx, r, db.replicas.changes.Load())
		if err == nil && !reached {
			err = fmt.Errorf("it is more than %v behind", replicaPatience)
		}
		wrong[r.name] = err
	}
	return wrong
}

// ReplicaStats say what a standby does.
type ReplicaStats struct {
	Name    string
	Current bool  // it has everything that this process knows of
	Used    int64 // readings that began on it
	Failed  int64 // of those, ones that went on at the primary
}

// Replicas gives what each standby does, and how many readings found none.
func (db *DB) Replicas() (all []ReplicaStats, primary int64) {
	now := db.replicas.changes.Load()
	for _, r := range db.replicas.all {
		all = append(all, ReplicaStats{r.name, r.up.Load() && r.reached.Load() == now, r.used.Load(), r.failed.Load()})
	}
	return all, db.replicas.primary.Load()
}
