// Package job runs work that outlives the request that asked for it. Jobs are
// rows of the same database, enqueued in the transaction of their cause: they
// exist if and only if the change does. A job runs at least once, on one node at
// a time, and is retried until it succeeds or its attempts are used up.
package job

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"math"
	"math/rand/v2"
	"reflect"
	"sync"
	"time"

	"github.com/broadsheet-cms/broadsheet/internal/secret"
	"github.com/broadsheet-cms/broadsheet/internal/store"
)

// Kind describes the jobs of one name, whose arguments are of type Args and are
// stored as JSON. Nodes of the version before may run jobs of this one: change
// Args only by adding optional fields, or take another name.
type Kind[Args any] struct {
	// Name identifies the kind in the database and in logs, such as "mail.send".
	Name string
	// Timeout bounds one attempt; 0 means a minute.
	Timeout time.Duration
	// MaxAttempts is after how many failed attempts a job is dead; 0 means 10.
	MaxAttempts int
	// Backoff gives how long to wait after the nth failed attempt, before jitter;
	// nil means ExponentialBackoff.
	Backoff func(attempts int) time.Duration
	// Private says that the arguments have a name, an address or the words of a
	// person: once dead, such a job is kept for KeepPrivateDead alone.
	Private bool
	// Concurrency bounds how many of them one node runs at once, so that slow ones
	// leave room for the others; 0 means half of the workers.
	Concurrency int
}

// Priority orders the jobs that are due.
type Priority int

// The priorities. Within one, jobs run in the order of their moments.
const (
	High   Priority = -1 // somebody waits for it
	Normal Priority = 0
	Low    Priority = 1 // housekeeping
)

// Options of one job. The zero value runs it at once.
type Options struct {
	// RunAt is the earliest moment to run; zero means now.
	RunAt    time.Time
	Priority Priority
	// UniqueKey makes the job one of a kind: while a job of the same kind and key
	// waits, another is not added; the one that waits keeps its arguments and runs
	// at the earlier of both moments. A job that already runs does not count, as it
	// may have read the state from before this change.
	UniqueKey string
}

// Info tells a handler about the job it runs.
type Info struct {
	// ID stays the same over all attempts: a handler that acts on another system
	// sends it along, so that a repeated attempt is recognised.
	ID int64
	// Attempt counts from 1; MaxAttempts is the last one.
	Attempt, MaxAttempts int
}

type infoKey struct{}

// Current gives the job that the context of a handler belongs to.
func Current(ctx context.Context) Info {
	info, _ := ctx.Value(infoKey{}).(Info)
	return info
}

// Settings of a Runner. The zero value is right for a server.
type Settings struct {
	// Workers is how many jobs one node runs at once; 0 means 8.
	Workers int
	// Lease is how long a claim survives the node that made it; 0 means 30 s. It is
	// renewed three times as often.
	Lease time.Duration
	// Grace is how long running jobs may go on when the server stops; 0 means 10 s.
	Grace time.Duration
	// Now replaces the clock, for tests.
	Now    func() time.Time
	Logger *slog.Logger
}

// Runner enqueues and runs the jobs of one database.
type Runner struct {
	db       *store.DB
	woken    func() <-chan struct{}
	settings Settings
	node     string // distinguishes the claims of this process

	kinds     map[string]*registered
	schedules map[string]scheduled

	mu      sync.Mutex
	running map[int64]*run
	perKind map[string]int

	skew       time.Duration
	measuredAt time.Time
}

type registered struct {
	name        string
	timeout     time.Duration
	maxAttempts int
	concurrency int
	private     bool
	args        reflect.Type
	backoff     func(int) time.Duration
	handle      func(ctx context.Context, args []byte) error
}

// New gives the runner of db. The channel that woken gives is closed when
// something may have been committed, here or on another node.
func New(db *store.DB, woken func() <-chan struct{}, settings Settings) *Runner {
	r := &Runner{
		db: db, woken: woken, settings: settings, node: secret.New("")[:16],
		kinds: map[string]*registered{}, schedules: map[string]scheduled{},
		running: map[int64]*run{}, perKind: map[string]int{},
	}
	r.Configure(settings)
	return r
}

// Configure replaces the settings, before Run.
func (r *Runner) Configure(s Settings) {
	if s.Workers == 0 {
		s.Workers = 8
	}
	if s.Lease == 0 {
		s.Lease = 30 * time.Second
	}
	if s.Grace == 0 {
		s.Grace = 10 * time.Second
	}
	if s.Logger == nil {
		s.Logger = slog.New(slog.DiscardHandler)
	}
	r.settings = s
}

// Register says what jobs of a kind do, before Run. A node leaves jobs of kinds
// it does not know to others. The handler must be safe to repeat: it runs again
// after an error and after a crash. It panics if the kind is registered twice.
func Register[Args any](r *Runner, kind Kind[Args], handle func(ctx context.Context, args Args) error) {
	if _, twice := r.kinds[kind.Name]; twice || kind.Name == "" {
		panic(fmt.Sprintf("job kind %q is registered twice or has no name", kind.Name))
	}
	k := &registered{name: kind.Name, timeout: kind.Timeout, maxAttempts: kind.MaxAttempts, concurrency: kind.Concurrency, private: kind.Private, args: reflect.TypeFor[Args](), backoff: kind.Backoff}
	if k.timeout == 0 {
		k.timeout = time.Minute
	}
	if k.maxAttempts == 0 {
		k.maxAttempts = 10
	}
	if k.backoff == nil {
		k.backoff = ExponentialBackoff
	}
	k.handle = func(ctx context.Context, text []byte) error {
		var args Args
		if err := json.Unmarshal(text, &args); err != nil {
			return Permanent(fmt.Errorf("read the arguments: %w", err))
		}
		return handle(ctx, args)
	}
	r.kinds[kind.Name] = k
}

var enqueueSQL = store.MaintainBoth(`INSERT INTO jobs (kind, args, priority, unique_key, run_at, enqueued_at) VALUES ($1, $2, $3, $4, $5, $6)
	ON CONFLICT (kind, unique_key) WHERE state = 'waiting' AND unique_key IS NOT NULL
	DO UPDATE SET run_at = CASE WHEN excluded.run_at < jobs.run_at THEN excluded.run_at ELSE jobs.run_at END`)

// Enqueue adds a job in the transaction of the context: it runs once that has
// committed, and never if it is rolled back. Outside of a transaction it is
// added at once.
//
// Of two transactions that enqueue with the same unique key the second waits
// for the first to end. The waiting job is locked until both have: it cannot
// run before it sees what either changed.
func Enqueue[Args any](ctx context.Context, r *Runner, kind Kind[Args], args Args, opts Options) error {
	text, err := json.Marshal(args)
	if err != nil {
		return fmt.Errorf("enqueue %s: write the arguments: %w", kind.Name, err)
	}
	return r.enqueue(ctx, kind.Name, text, opts)
}

func (r *Runner) enqueue(ctx context.Context, kind string, args []byte, opts Options) error {
	return r.db.Tx(ctx, func(ctx context.Context) error {
		now, err := r.now(ctx)
		if err != nil {
			return err
		}
		at := now
		if !opts.RunAt.IsZero() {
			at = opts.RunAt.UTC().Truncate(time.Microsecond)
		}
		unique := sql.NullString{String: opts.UniqueKey, Valid: opts.UniqueKey != ""}
		if _, err := r.db.Exec(ctx, enqueueSQL, kind, string(args), opts.Priority, unique, at, now); err != nil {
			return fmt.Errorf("enqueue %s: %w", kind, err)
		}
		r.db.Wake(ctx)
		return nil
	})
}

// ExponentialBackoff is 2 s, 4 s, 8 s …, at most an hour.
func ExponentialBackoff(attempts int) time.Duration {
	return time.Duration(math.Min(math.Pow(2, float64(attempts)), 3600)) * time.Second
}

// jitter spreads retries of jobs that failed together over ±20 %.
func jitter(d time.Duration) time.Duration {
	return time.Duration(float64(d) * (0.8 + 0.4*rand.Float64()))
}

type permanentError struct{ error }

func (e permanentError) Unwrap() error { return e.error }

// Permanent marks an error that no retry can mend: the job is dead at once.
func Permanent(err error) error { return permanentError{err} }

type laterError struct {
	error
	after time.Duration
}

func (e laterError) Unwrap() error { return e.error }

// RetryAfter marks an error that says when to try again, such as an HTTP answer
// with Retry-After. It counts as an attempt.
func RetryAfter(err error, after time.Duration) error { return laterError{err, after} }

// verdict is what becomes of a job after a failed attempt.
func (k *registered) verdict(err error, attempts int) (dead bool, after time.Duration) {
	if _, permanent := errors.AsType[permanentError](err); permanent || attempts >= k.maxAttempts {
		return true, 0
	}
	if later, ok := errors.AsType[laterError](err); ok {
		return false, later.after
	}
	return false, jitter(k.backoff(attempts))
}
