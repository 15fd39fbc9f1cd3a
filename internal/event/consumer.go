package event

import (
	"context"
	"database/sql"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/broadsheet-cms/broadsheet/internal/access"
	"github.com/broadsheet-cms/broadsheet/internal/store"
)

// Consumer follows the log, as one of two kinds: on every node (EveryNode) or
// once for all nodes (OnceForAllNodes).
type Consumer interface {
	// Name identifies the consumer in the database and in logs. It never changes.
	Name() string
	// Consume is told of events, in order.
	Consume(ctx context.Context, events []Event) error
}

// EveryNode registers a consumer that keeps something in the memory of this
// process. It is told of the events of this process right after their commit,
// before the change is answered, and of those of other processes as soon as they
// are committed, however long older transactions run. So events may come in
// another order than Read gives. It may be called from several goroutines, and
// is given a Missed event when it might have been passed by.
func (l *Log) EveryNode(c Consumer) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.everyNode = append(l.everyNode, c)
}

// Outward registers a consumer on every node that tells clients to look again. It is
// told after all that keep something in memory, so that clients do not find there what
// was before.
func (l *Log) Outward(c Consumer) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.outward = append(l.outward, c)
}

// OnceForAllNodes registers a consumer that is told of each event on one of the
// nodes, from the moment at which its name is first seen on. Its position is
// stored in the database and locked by the node that has its turn; after a crash
// another goes on from there.
//
// Consume runs in the transaction that moves the position on. What it writes
// into the database is thus done exactly once. What it does elsewhere is done at
// least once, and Event.Key tells a repeat; anything slow belongs into a job that
// it enqueues.
func (l *Log) OnceForAllNodes(c Consumer) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.once = append(l.once, c)
}

// tell gives events to the consumers on every node.
func (l *Log) tell(ctx context.Context, events []Event) {
	l.db.Changed() // before anything reads because of them
	l.mu.Lock()
	consumers := slices.Concat(l.everyNode, l.outward)
	l.mu.Unlock()
	for _, c := range consumers {
		if err := c.Consume(ctx, events); err != nil {
			l.Logger.WarnContext(ctx, "a consumer of events failed and will take everything as changed", "consumer", c.Name(), "error", err)
			l.mu.Lock()
			l.missed = true
			l.mu.Unlock()
		}
	}
}

// lookAnyway is how often followers look without being woken: an older
// transaction that held events back ends without a notification.
const lookAnyway = time.Second

// retryAfter is how long a follower waits after an error, at most.
const retryAfter = 30 * time.Second

// Run follows the log for all consumers until ctx ends. A consumer that fails is
// tried again and delays no other.
func (l *Log) Run(ctx context.Context) error {
	l.mu.Lock()
	once := l.once
	l.mu.Unlock()
	ctx = access.AsSystem(ctx)
	var group sync.WaitGroup
	defer group.Wait()
	for _, c := range once {
		ready := false
		group.Go(func() {
			l.repeat(ctx, c.Name(), func() (bool, error) {
				if !ready {
					if err := l.place(ctx, c); err != nil {
						return false, err
					}
					ready = true
				}
				return l.step(ctx, c)
			})
		})
	}
	var seen *snapshot
	l.repeat(ctx, "every node", func() (more bool, err error) {
		seen, err = l.tail(ctx, seen)
		return false, err
	})
	return ctx.Err()
}

// repeat calls do until ctx ends: again at once while there is more, else when
// something was committed, and after a pause when it failed.
func (l *Log) repeat(ctx context.Context, name string, do func() (more bool, err error)) {
	timer := time.NewTimer(lookAnyway)
	defer timer.Stop()
	failures := 0
	for ctx.Err() == nil {
		woken, wait := l.Woken(), lookAnyway
		more, err := do()
		switch {
		case ctx.Err() != nil:
			return
		case err != nil:
			wait = min(lookAnyway<<min(failures, 10), retryAfter)
			failures++
			woken = nil
			l.Logger.WarnContext(ctx, "a consumer of events failed and will be tried again", "consumer", name, "error", err, "after", wait)
		case more:
			failures = 0
			continue
		default:
			failures = 0
		}
		timer.Reset(wait)
		select {
		case <-ctx.Done():
		case <-woken:
		case <-timer.C:
		}
	}
}

// snapshot tells which transactions a statement saw the outcome of: all below
// next that were not running.
type snapshot struct {
	next    int64
	running []int
}

// parseSnapshot reads PostgreSQL's xmin:xmax:xip,xip…
func parseSnapshot(text string) (*snapshot, error) {
	parts := strings.SplitN(text, ":", 3)
	if len(parts) < 3 {
		return nil, fmt.Errorf("%.80q is no snapshot", text)
	}
	next, err := strconv.ParseInt(parts[1], 10, 64)
	if err != nil {
		return nil, fmt.Errorf("%.80q is no snapshot: %w", text, err)
	}
	s := &snapshot{next: next}
	for one := range strings.SplitSeq(parts[2], ",") {
		if one == "" {
			continue
		}
		n, err := strconv.Atoi(one)
		if err != nil {
			return nil, fmt.Errorf("%.80q is no snapshot: %w", text, err)
		}
		s.running = append(s.running, n)
	}
	return s, nil
}

// tailSQL gives the events that became visible since the snapshot ($1, $2), and
// the snapshot of this statement. What was committed between the two is what was
// not begun or still running in the first and is visible in the second: nothing
// is given twice, nothing is left out, and nobody waits for older transactions.
var tailSQL = store.Read(`SELECT s.now::text, e.* FROM (SELECT pg_current_snapshot() AS now) s LEFT JOIN LATERAL (
		SELECT * FROM (SELECT `+columns+` FROM events WHERE txid >= $1
			UNION ALL SELECT `+columns+` FROM events WHERE txid IN (SELECT id FROM each_id($2)) AND txid < $1) AS new
		ORDER BY txid, id LIMIT $3) e ON true`,
	`SELECT '0:' || s.next || ':', e.* FROM (SELECT coalesce(max(id), 0) + 1 AS next FROM events) s LEFT JOIN (
		SELECT `+columns+` FROM events WHERE id >= $1 AND $2 IS NOT NULL ORDER BY id LIMIT $3) e`)

// maxTail is how many events are read at once. Whoever missed more is told that
// everything may have changed, which is cheaper than telling what.
const maxTail = 10_000

// HearsWithin is how long ago the last look for events of other processes may lie
// in a process that hears of them.
const HearsWithin = 3 * lookAnyway

// Hears reports whether the consumers on every node of this process are told of
// what other processes commit as soon as it is committed: the process is listening,
// and has looked for events since it does, and not long ago.
func (l *Log) Hears() bool {
	since, looked := l.db.ListensSince(), l.looked.Load()
	return since != 0 && looked >= since && time.Since(time.Unix(0, looked)) < HearsWithin
}

// tail tells the consumers on every node what other processes committed since
// the snapshot; without one, that anything may have changed.
func (l *Log) tail(ctx context.Context, since *snapshot) (*snapshot, error) {
	from := since
	if from == nil {
		from = &snapshot{next: math.MaxInt64}
	}
	now, began := since, time.Now().UnixNano()
	events, err := store.Collect(ctx, l.db, tailSQL, func(rows *sql.Rows) (e recorded, err error) {
		var r row
		var text string
		if err := rows.Scan(append([]any{&text}, r.targets()...)...); err != nil {
			return e, err
		}
		if now == since {
			if now, err = parseSnapshot(text); err != nil {
				return e, err
			}
		}
		return r.event()
	}, from.next, l.db.IDs(from.running), maxTail+1)
	if err != nil {
		return since, fmt.Errorf("read new events: %w", err)
	}
	l.mu.Lock()
	missed := l.missed || since == nil || len(events) > maxTail
	l.missed = false
	l.mu.Unlock()
	defer l.looked.Store(began)
	if missed {
		l.tell(ctx, []Event{{Action: Missed, At: time.Now().UTC()}})
		return now, nil
	}
	others := make([]Event, 0, len(events))
	for _, e := range events {
		if e.ID != 0 && e.process != l.process {
			others = append(others, e.Event)
		}
	}
	if len(others) > 0 {
		l.tell(ctx, others)
	}
	return now, nil
}

// Bounds on one turn of a consumer once for all nodes.
const (
	onceAtOnce = 100
	onceWithin = time.Minute
)

var (
	placeSQL = store.MaintainBoth(`INSERT INTO event_consumers (name, txid, id) VALUES ($1, $2, $3) ON CONFLICT (name) DO NOTHING`)
	behind   = store.Maintain(`SELECT 1 FROM event_consumers c WHERE c.name = $1 AND EXISTS (SELECT 1 FROM events e
		WHERE (e.txid, e.id) > (c.txid, c.id) AND e.txid < pg_snapshot_xmin(pg_current_snapshot())::text::bigint)`,
		`SELECT 1 FROM event_consumers c WHERE c.name = $1 AND EXISTS (SELECT 1 FROM events e WHERE e.txid = 0 AND e.id > c.id)`)
	turnSQL = store.Maintain(`SELECT txid, id FROM event_consumers WHERE name = $1 FOR UPDATE SKIP LOCKED`, `SELECT txid, id FROM event_consumers WHERE name = $1`)
	moveSQL = store.MaintainBoth(`UPDATE event_consumers SET txid = $2, id = $3 WHERE name = $1`)
)

// place gives a consumer that is new to the database its position, the end of
// the log.
func (l *Log) place(ctx context.Context, c Consumer) error {
	head, err := l.Head(ctx)
	if err != nil {
		return err
	}
	if _, err := l.db.Exec(ctx, placeSQL, c.Name(), head.TxID, head.ID); err != nil {
		return fmt.Errorf("place the consumer %s: %w", c.Name(), err)
	}
	return nil
}

// step tells a consumer of the next events, unless another node does so just
// now, and whether there may be more.
func (l *Log) step(ctx context.Context, c Consumer) (more bool, err error) {
	// Most wakes bring nothing; looking takes no lock.
	found, err := store.Collect(ctx, l.db, behind, store.ScanInt, c.Name())
	if err != nil || len(found) == 0 {
		return false, err
	}
	ctx, cancel := context.WithTimeout(ctx, onceWithin)
	defer cancel()
	err = l.db.Tx(ctx, func(ctx context.Context) error {
		turn, err := store.Collect(ctx, l.db, turnSQL, scanPosition, c.Name())
		if err != nil || len(turn) == 0 {
			return err
		}
		events, err := l.Read(ctx, turn[0], onceAtOnce)
		if err != nil || len(events) == 0 {
			return err
		}
		if err := c.Consume(ctx, events); err != nil {
			return err
		}
		last := events[len(events)-1].Position
		_, err = l.db.Exec(ctx, moveSQL, c.Name(), last.TxID, last.ID)
		more = len(events) == onceAtOnce
		return err
	})
	return more, err
}
