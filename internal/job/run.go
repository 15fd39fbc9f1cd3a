package job

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"log/slog"
	"runtime/debug"
	"slices"
	"sync"
	"time"

	"github.com/broadsheet-cms/broadsheet/internal/access"
	"github.com/broadsheet-cms/broadsheet/internal/store"
)

// run is an attempt of a job on this node.
type run struct {
	id      int64
	attempt int
	kind    *registered
	args    []byte

	cancel context.CancelCauseFunc
	lease  time.Time // until when other nodes leave the job to this one
}

var (
	errStopped   = errors.New("the server stops")
	errLostLease = errors.New("the claim was not renewed in time")
	errVanished  = errors.New("the node that ran it went away")
)

// maxSleep is how long a runner sleeps when nothing is planned; its clock may be
// set meanwhile.
const maxSleep = time.Minute

// Run claims and runs jobs until ctx ends. Then it claims no more, gives those
// that run the grace of the settings to end, and returns the rest to the other
// nodes. A database that is away is waited for.
func (r *Runner) Run(ctx context.Context) error {
	background := access.AsSystem(context.WithoutCancel(ctx))
	var jobs, renewing sync.WaitGroup
	freed := make(chan struct{}, 1) // a worker is free
	stopRenewing := make(chan struct{})
	renewing.Go(func() { r.renew(background, stopRenewing) })
	defer func() {
		r.stop(&jobs)
		close(stopRenewing)
		renewing.Wait()
	}()
	prepared, held := false, time.Duration(0)
	timer := time.NewTimer(0)
	defer timer.Stop()
	for ctx.Err() == nil {
		woken := r.woken()
		wait, err := time.Duration(0), error(nil)
		if !prepared {
			err = r.prepareSchedules(access.AsSystem(ctx))
			prepared = err == nil
		}
		progress := 0
		if err == nil {
			wait, progress, err = r.turn(access.AsSystem(ctx), func(claimed *run) {
				attempt, cancel := context.WithCancelCause(background)
				r.mu.Lock()
				claimed.cancel = cancel
				r.mu.Unlock()
				jobs.Go(func() {
					r.attempt(attempt, background, claimed)
					select {
					case freed <- struct{}{}:
					default:
					}
				})
			})
		}
		switch {
		case ctx.Err() != nil:
			return ctx.Err()
		case err != nil:
			r.settings.Logger.WarnContext(ctx, "jobs cannot be claimed and will be later", "error", err)
			wait, woken = time.Second, nil
		case progress > 0:
			held = 0
			continue
		case wait <= 0: // due, and locked by a transaction that has not ended
			held = min(max(2*held, 20*time.Millisecond), time.Second)
			wait = held
		}
		timer.Reset(wait)
		select {
		case <-ctx.Done():
		case <-woken:
		case <-freed:
		case <-timer.C:
		}
	}
	return ctx.Err()
}

// RunDue runs the jobs that are due, one after another, until none is: for
// tests, which set the clock instead of waiting. It gives how many it ran.
func (r *Runner) RunDue(ctx context.Context) (ran int, err error) {
	ctx = access.AsSystem(ctx)
	if err := r.prepareSchedules(ctx); err != nil {
		return 0, err
	}
	for {
		var claimed []*run
		_, progress, err := r.turn(ctx, func(c *run) { claimed = append(claimed, c) })
		for _, c := range claimed {
			attempt, cancel := context.WithCancelCause(ctx)
			r.mu.Lock()
			c.cancel = cancel
			r.mu.Unlock()
			r.attempt(attempt, ctx, c)
			ran++
		}
		if err != nil || progress == 0 {
			return ran, err
		}
	}
}

// turn does what is due: it enqueues periodic jobs, takes back those of nodes
// that went away, and claims as many as there are workers. It gives how long
// nothing is due, and how much was done.
func (r *Runner) turn(ctx context.Context, begin func(*run)) (wait time.Duration, progress int, err error) {
	now, err := r.now(ctx)
	if err != nil {
		return 0, 0, err
	}
	kinds, room := r.capacity()
	next, err := r.next(ctx, kinds)
	switch {
	case err != nil:
		return 0, 0, err
	case next.IsZero():
		return maxSleep, 0, nil
	case next.After(now):
		return min(next.Sub(now), maxSleep), 0, nil
	}
	enqueued, err := r.enqueueScheduled(ctx, now)
	if err != nil {
		return 0, 0, err
	}
	rescued, err := r.rescue(ctx, now)
	if err != nil {
		return 0, 0, err
	}
	claimed, err := r.claim(ctx, now, kinds, room)
	for _, c := range claimed {
		begin(c)
	}
	return 0, enqueued + rescued + len(claimed), err
}

// now is the time that all nodes go by: the database's.
func (r *Runner) now(ctx context.Context) (time.Time, error) {
	if r.settings.Now != nil {
		return r.settings.Now().UTC().Truncate(time.Microsecond), nil
	}
	now := time.Now()
	r.mu.Lock()
	skew, stale := r.skew, now.Sub(r.measuredAt).Abs() > maxSleep
	r.mu.Unlock()
	if stale {
		var err error
		if skew, err = r.db.ClockAhead(ctx, time.Now); err != nil {
			return now, err
		}
		r.mu.Lock()
		r.skew, r.measuredAt = skew, now
		r.mu.Unlock()
	}
	return time.Now().Add(skew).UTC().Truncate(time.Microsecond), nil
}

// capacity gives the kinds of which this node may run more, and how many jobs of
// any of them it may claim.
func (r *Runner) capacity() (kinds []string, room int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	room = r.settings.Workers - len(r.running)
	if room <= 0 {
		return nil, 0
	}
	for _, k := range r.kinds {
		limit := k.concurrency
		if limit == 0 {
			limit = max(1, r.settings.Workers/2)
		}
		if left := limit - r.perKind[k.name]; left > 0 {
			kinds = append(kinds, k.name)
			room = min(room, left)
		}
	}
	slices.Sort(kinds)
	return kinds, room
}

// nextSQL gives the moments at which there is something to do, for jobs of the
// kinds $1, running jobs of the kinds $2 and schedules of the kinds $3.
var nextSQL = store.MaintainBoth(func() string {
	text := `SELECT * FROM (SELECT next_at FROM job_schedules WHERE kind IN (SELECT text FROM each_text($3)) ORDER BY next_at LIMIT 1) AS s
		UNION ALL SELECT * FROM (SELECT lease_until FROM jobs WHERE state = 'running' AND kind IN (SELECT text FROM each_text($2)) ORDER BY lease_until LIMIT 1) AS l`
	for _, p := range []string{"-1", "0", "1"} {
		text += ` UNION ALL SELECT * FROM (SELECT run_at FROM jobs WHERE state = 'waiting' AND priority = ` + p + `
			AND kind IN (SELECT text FROM each_text($1)) ORDER BY run_at LIMIT 1) AS w`
	}
	return text
}())

// next gives the first moment at which there is something to do; zero if there
// is none.
func (r *Runner) next(ctx context.Context, free []string) (time.Time, error) {
	moments, err := store.Collect(ctx, r.db, nextSQL, func(rows *sql.Rows) (at time.Time, err error) {
		err = rows.Scan(&at)
		return at, err
	}, r.db.Texts(free), r.db.Texts(r.known()), r.db.Texts(r.scheduledKinds()))
	if err != nil {
		return time.Time{}, fmt.Errorf("look for jobs: %w", err)
	}
	if len(moments) == 0 {
		return time.Time{}, nil
	}
	return slices.MinFunc(moments, time.Time.Compare), nil
}

func (r *Runner) known() []string {
	names := make([]string, 0, len(r.kinds))
	for name := range r.kinds {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}

// claimSQL claims up to $4 jobs of the kinds $3 that are due at $2, for the node
// $1 until $5. What another transaction has locked is passed over: another node
// claims it just now, or whoever enqueued it anew has not committed.
var claimSQL = store.Maintain(`WITH due AS (
		SELECT j.id FROM (VALUES (-1), (0), (1)) AS p(priority) CROSS JOIN LATERAL (
			SELECT id FROM jobs WHERE state = 'waiting' AND jobs.priority = p.priority AND run_at <= $2 AND kind IN (SELECT text FROM each_text($3))
			ORDER BY run_at, id LIMIT $4 FOR UPDATE SKIP LOCKED) j
		ORDER BY p.priority LIMIT $4)
	UPDATE jobs SET state = 'running', attempts = attempts + 1, claim = $1, lease_until = $5 FROM due WHERE jobs.id = due.id
	RETURNING jobs.id, jobs.kind, jobs.args, jobs.attempts`,
	`UPDATE jobs SET state = 'running', attempts = attempts + 1, claim = $1, lease_until = $5 WHERE id IN (
		SELECT id FROM jobs WHERE state = 'waiting' AND run_at <= $2 AND kind IN (SELECT text FROM each_text($3)) ORDER BY priority, run_at, id LIMIT $4)
	RETURNING id, kind, args, attempts`)

func (r *Runner) claim(ctx context.Context, now time.Time, kinds []string, room int) ([]*run, error) {
	if room == 0 {
		return nil, nil
	}
	lease := time.Now().Add(r.settings.Lease)
	claimed, err := store.Collect(ctx, r.db, claimSQL, func(rows *sql.Rows) (*run, error) {
		c := &run{lease: lease}
		var kind string
		err := rows.Scan(&c.id, &kind, &c.args, &c.attempt)
		c.kind = r.kinds[kind]
		return c, err
	}, r.node, now, r.db.Texts(kinds), room, now.Add(r.settings.Lease))
	if err != nil {
		return nil, fmt.Errorf("claim jobs: %w", err)
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, c := range claimed {
		r.running[c.id] = c
		r.perKind[c.kind.name]++
	}
	return claimed, nil
}

// attempt runs a job once, in the first context, and records in the second what
// became of it.
func (r *Runner) attempt(ctx, background context.Context, c *run) {
	defer c.cancel(nil)
	ctx, timedOut := context.WithTimeout(ctx, c.kind.timeout)
	defer timedOut()
	ctx = context.WithValue(ctx, infoKey{}, Info{ID: c.id, Attempt: c.attempt, MaxAttempts: c.kind.maxAttempts})
	failure := handle(ctx, c)
	if failure != nil && ctx.Err() != nil {
		failure = errors.Join(failure, context.Cause(ctx))
	}
	if err := r.record(background, c, failure); err != nil {
		r.settings.Logger.WarnContext(background, "the outcome of a job is not recorded: it will run again", "kind", c.kind.name, "job", c.id, "error", err)
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.running[c.id] == c {
		delete(r.running, c.id)
	}
	r.perKind[c.kind.name]--
}

func handle(ctx context.Context, c *run) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("panic: %v\n%s", p, debug.Stack())
		}
	}()
	return c.kind.handle(ctx, c.args)
}

// A job is changed only by whoever holds its latest claim.
var (
	doneSQL = store.MaintainBoth(`DELETE FROM jobs WHERE id = $1 AND state = 'running' AND claim = $2 AND attempts = $3`)
	waitSQL = store.MaintainBoth(`UPDATE jobs SET state = 'waiting', run_at = $4, attempts = $5, last_error = $6, claim = NULL, lease_until = NULL
		WHERE id = $1 AND state = 'running' AND claim = $2 AND attempts = $3`)
	dieSQL = store.MaintainBoth(`UPDATE jobs SET state = 'dead', died_at = $4, last_error = $5, claim = NULL, lease_until = NULL
		WHERE id = $1 AND state = 'running' AND claim = $2 AND attempts = $3`)
)

// record says what became of an attempt.
func (r *Runner) record(ctx context.Context, c *run, failure error) error {
	ctx, cancel := context.WithTimeout(ctx, r.settings.Lease)
	defer cancel()
	log := r.settings.Logger.With("kind", c.kind.name, "job", c.id, "attempt", c.attempt)
	if failure == nil {
		_, err := r.db.Exec(ctx, doneSQL, c.id, r.node, c.attempt)
		return err
	}
	if errors.Is(failure, errLostLease) {
		log.WarnContext(ctx, "a job was stopped: its claim was not renewed in time", "error", failure)
		return nil
	}
	now, err := r.now(ctx)
	if err != nil {
		return err
	}
	if errors.Is(failure, errStopped) {
		return r.waitAgain(ctx, c.id, r.node, c.attempt, now, c.attempt-1, failure)
	}
	dead, after := c.kind.verdict(failure, c.attempt)
	if dead {
		log.LogAttrs(ctx, slog.LevelError, "a job failed for good: see deadJobs", slog.Any("error", failure))
		_, err := r.db.Exec(ctx, dieSQL, c.id, r.node, c.attempt, now, message(failure))
		return err
	}
	log.LogAttrs(ctx, slog.LevelWarn, "a job failed and will be tried again", slog.Any("error", failure), slog.Duration("after", after))
	return r.waitAgain(ctx, c.id, r.node, c.attempt, now.Add(after), c.attempt, failure)
}

// waitAgain puts a claimed job back. Where another with its unique key waits
// already, that one does its work.
func (r *Runner) waitAgain(ctx context.Context, id int64, claim string, attempt int, at time.Time, attempts int, failure error) error {
	put := func(ctx context.Context) error {
		if _, err := r.db.Exec(ctx, supersededSQL, id, claim, attempt); err != nil {
			return err
		}
		_, err := r.db.Exec(ctx, waitSQL, id, claim, attempt, at.UTC().Truncate(time.Microsecond), attempts, message(failure))
		r.db.Wake(ctx)
		return err
	}
	err := r.db.Tx(ctx, put)
	if store.IsDuplicate(err) { // the other was enqueued at this moment, and is seen now
		err = r.db.Tx(ctx, put)
	}
	return err
}

var supersededSQL = store.MaintainBoth(`DELETE FROM jobs WHERE id = $1 AND state = 'running' AND claim = $2 AND attempts = $3
	AND EXISTS (SELECT 1 FROM jobs w WHERE w.state = 'waiting' AND w.kind = jobs.kind AND w.unique_key = jobs.unique_key)`)

// maxMessage bounds what is kept of an error, in bytes.
const maxMessage = 4000

func message(err error) string {
	text := err.Error()
	if len(text) > maxMessage {
		text = text[:maxMessage]
	}
	return toText(text)
}

// renewSQL renews the claims of a node.
var renewSQL = store.MaintainBoth(`UPDATE jobs SET lease_until = $2 WHERE state = 'running' AND claim = $1 RETURNING id, attempts`)

// renew keeps the claims of running jobs until stop is closed. A job whose claim
// could not be renewed in time is told to stop, as another node may run it.
func (r *Runner) renew(ctx context.Context, stop <-chan struct{}) {
	tick := time.NewTicker(r.settings.Lease / 3)
	defer tick.Stop()
	for {
		select {
		case <-stop:
			return
		case <-tick.C:
		}
		if err := r.renewOnce(ctx); err != nil {
			r.settings.Logger.WarnContext(ctx, "claims of jobs cannot be renewed and will be later", "error", err)
		}
		r.mu.Lock()
		for _, c := range r.running {
			if c.cancel != nil && time.Now().After(c.lease) {
				c.cancel(errLostLease)
			}
		}
		r.mu.Unlock()
	}
}

func (r *Runner) renewOnce(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, r.settings.Lease/3)
	defer cancel()
	r.mu.Lock()
	idle := len(r.running) == 0
	r.mu.Unlock()
	if idle {
		return nil
	}
	lease := time.Now().Add(r.settings.Lease)
	now, err := r.now(ctx)
	if err != nil {
		return err
	}
	type held struct {
		id      int64
		attempt int
	}
	renewed, err := store.Collect(ctx, r.db, renewSQL, func(rows *sql.Rows) (h held, err error) {
		err = rows.Scan(&h.id, &h.attempt)
		return h, err
	}, r.node, now.Add(r.settings.Lease))
	if err != nil {
		return err
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, h := range renewed {
		if c := r.running[h.id]; c != nil && c.attempt == h.attempt {
			c.lease = lease
		}
	}
	return nil
}

var expiredSQL = store.MaintainBoth(`SELECT id, kind, claim, attempts FROM jobs WHERE state = 'running' AND lease_until < $1
	AND kind IN (SELECT text FROM each_text($2)) ORDER BY lease_until LIMIT 100`)

// rescue takes back the jobs of nodes that went away. Several nodes may do so at
// once: each job is taken back by the first.
func (r *Runner) rescue(ctx context.Context, now time.Time) (int, error) {
	type lost struct {
		id          int64
		kind, claim string
		attempts    int
	}
	expired, err := store.Collect(ctx, r.db, expiredSQL, func(rows *sql.Rows) (l lost, err error) {
		err = rows.Scan(&l.id, &l.kind, &l.claim, &l.attempts)
		return l, err
	}, now, r.db.Texts(r.known()))
	if err != nil {
		return 0, fmt.Errorf("look for jobs of nodes that went away: %w", err)
	}
	for _, l := range expired {
		log := r.settings.Logger.With("kind", l.kind, "job", l.id, "attempt", l.attempts)
		if dead, _ := r.kinds[l.kind].verdict(errVanished, l.attempts); dead {
			log.ErrorContext(ctx, "a job failed for good, as the nodes that ran it went away: see deadJobs")
			_, err = r.db.Exec(ctx, dieSQL, l.id, l.claim, l.attempts, now, message(errVanished))
		} else {
			log.WarnContext(ctx, "a job is taken back from a node that went away")
			err = r.waitAgain(ctx, l.id, l.claim, l.attempts, now, l.attempts, errVanished)
		}
		if err != nil {
			return 0, fmt.Errorf("take back job %d: %w", l.id, err)
		}
	}
	return len(expired), nil
}

// stop waits for running jobs, tells those that do not end to stop, and leaves
// those that do not listen to the expiry of their claims.
func (r *Runner) stop(jobs *sync.WaitGroup) {
	ended := make(chan struct{})
	go func() { // ends with the last job
		jobs.Wait()
		close(ended)
	}()
	grace := time.NewTimer(r.settings.Grace)
	defer grace.Stop()
	select {
	case <-ended:
		return
	case <-grace.C:
	}
	r.mu.Lock()
	for _, c := range r.running {
		if c.cancel != nil {
			c.cancel(errStopped)
		}
	}
	r.mu.Unlock()
	const patience = 5 * time.Second
	grace.Reset(patience)
	select {
	case <-ended:
	case <-grace.C:
		r.settings.Logger.Warn("jobs did not stop when they were told to; another node will run them again")
	}
}
