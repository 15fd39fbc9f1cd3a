package event

import (
	"cmp"
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/broadsheet-cms/broadsheet/internal/access"
	"github.com/broadsheet-cms/broadsheet/internal/secret"
	"github.com/broadsheet-cms/broadsheet/internal/store"
)

// Log is the log of one database.
type Log struct {
	db      *store.DB
	process string // marks the events of this process
	// Logger is told of consumers that fail. It is set before Run.
	Logger *slog.Logger

	mu        sync.Mutex
	everyNode []Consumer
	outward   []Consumer // on every node too, told last
	once      []Consumer
	missed    bool          // a consumer on every node failed
	looked    atomic.Int64  // when the last look for events of other processes began that succeeded
	woken     chan struct{} // closed and replaced at every wake
	began     time.Time
}

// NewLog gives the log of db and listens to its commits.
func NewLog(db *store.DB) *Log {
	l := &Log{db: db, process: secret.New("")[:12], woken: make(chan struct{}), began: time.Now(), Logger: slog.New(slog.DiscardHandler)}
	db.OnCommit(l.Wake)
	return l
}

var appendSQL = store.Maintain(
	`INSERT INTO events (type, entity, entity_id, actor_id, payload, occurred_at)
		SELECT r.type, r.entity, r.entity_id, r.actor_id, r.payload, $2
		FROM jsonb_to_recordset($1::jsonb) AS r(type text, entity text, entity_id bigint, actor_id bigint, payload jsonb)
		RETURNING txid, id`,
	`INSERT INTO events (type, entity, entity_id, actor_id, payload, occurred_at)
		SELECT value ->> 'type', value ->> 'entity', value ->> 'entity_id', value ->> 'actor_id', value -> 'payload', $2 FROM json_each($1)
		RETURNING txid, id`)

// appendAtOnce bounds the events of one statement.
const appendAtOnce = 1000

// Append records events in the transaction of ctx, which there must be. Right
// after its commit, before the change is answered, the consumers on every node
// of this process are told, so that what they keep in memory is never older than
// what was said.
func (l *Log) Append(ctx context.Context, events ...Event) error {
	if len(events) == 0 {
		return nil
	}
	events = slices.Clone(events)
	now := time.Now().UTC().Truncate(time.Microsecond)
	for chunk := range slices.Chunk(events, appendAtOnce) {
		if err := l.append(ctx, chunk, now); err != nil {
			return err
		}
	}
	l.db.Wake(ctx)
	l.db.AfterCommit(ctx, func() { l.tell(context.WithoutCancel(ctx), events) })
	return nil
}

// append writes events and fills in what the log adds to them.
func (l *Log) append(ctx context.Context, events []Event, now time.Time) error {
	actor := access.Of(ctx).UserID
	rows := make([]stored, len(events))
	for i := range events {
		e := &events[i]
		e.At, e.ActorID = now, cmp.Or(e.ActorID, actor)
		detail, err := json.Marshal(payload{e.Detail, l.process})
		if err != nil {
			return fmt.Errorf("write an event: %w", err)
		}
		rows[i] = stored{Type: e.Type(), Entity: e.Entity, EntityID: e.EntityID, Payload: detail}
		if e.ActorID != 0 {
			rows[i].ActorID = &e.ActorID
		}
	}
	text, err := json.Marshal(rows)
	if err != nil {
		return fmt.Errorf("write events: %w", err)
	}
	positions, err := store.Collect(ctx, l.db, appendSQL, scanPosition, string(text), now)
	if err != nil {
		return fmt.Errorf("record events: %w", err)
	}
	slices.SortFunc(positions, func(a, b Position) int { return cmp.Compare(a.ID, b.ID) })
	for i := range events {
		events[i].Position = positions[i]
	}
	return nil
}

func scanPosition(rows *sql.Rows) (p Position, err error) {
	err = rows.Scan(&p.TxID, &p.ID)
	return p, err
}

const columns = `txid, id, type, entity, entity_id, actor_id, payload, occurred_at`

// On PostgreSQL a transaction that began before ours may commit after it, with
// lower numbers. Below the oldest one still running nothing can appear any
// more, so readers stop there.
var (
	readSQL = store.Read(`SELECT `+columns+` FROM events
		WHERE (txid, id) > ($1, $2) AND txid < pg_snapshot_xmin(pg_current_snapshot())::text::bigint
		ORDER BY txid, id LIMIT $3`,
		`SELECT `+columns+` FROM events WHERE txid = 0 AND id > $2 AND $1 = 0 ORDER BY txid, id LIMIT $3`)
	headSQL = store.Read(`SELECT txid, id FROM events WHERE txid < pg_snapshot_xmin(pg_current_snapshot())::text::bigint
		ORDER BY txid DESC, id DESC LIMIT 1`,
		`SELECT txid, id FROM events WHERE txid = 0 ORDER BY txid DESC, id DESC LIMIT 1`)
)

// A row of this cluster is older than every transaction that has not begun.
var repairRestoredSQL = store.Maintain(`UPDATE events SET txid = 0 WHERE txid >= pg_snapshot_xmax(pg_current_snapshot())::text::bigint`, `SELECT 1`)

// RepairRestored repairs the log of a database that was restored from a dump of another
// cluster, which counted its transactions from elsewhere: events that seem to
// lie in the future become its oldest. It is called at start and otherwise
// finds nothing to do.
func (l *Log) RepairRestored(ctx context.Context) error {
	if _, err := l.db.Exec(ctx, repairRestoredSQL); err != nil {
		return fmt.Errorf("look for events of another cluster: %w", err)
	}
	return nil
}

// recorded is an event as it is read back, with the process that appended it.
type recorded struct {
	Event
	process string
}

// row receives the columns of an event, all of which may be missing.
type row struct {
	txid, id, entityID, actor sql.NullInt64
	kind, entity              sql.NullString
	payload                   []byte
	at                        sql.NullTime
}

func (r *row) targets() []any {
	return []any{&r.txid, &r.id, &r.kind, &r.entity, &r.entityID, &r.actor, &r.payload, &r.at}
}

func (r *row) event() (recorded, error) {
	_, action, _ := strings.Cut(r.kind.String, ".")
	e := recorded{Event: Event{Position: Position{r.txid.Int64, r.id.Int64}, At: r.at.Time.UTC(), Action: action, Entity: r.entity.String,
		EntityID: int(r.entityID.Int64), ActorID: int(r.actor.Int64)}}
	if len(r.payload) > 0 {
		var p payload
		if err := json.Unmarshal(r.payload, &p); err != nil {
			return e, fmt.Errorf("event %d: %w", r.id.Int64, err)
		}
		e.Detail, e.process = p.Detail, p.Process
	}
	return e, nil
}

// Read gives up to limit events after a position, in an order to which nothing
// is ever added behind the reader. An event is held back while a transaction
// runs that is older than it.
func (l *Log) Read(ctx context.Context, after Position, limit int) ([]Event, error) {
	events, err := store.Collect(ctx, l.db, readSQL, func(rows *sql.Rows) (Event, error) {
		var r row
		if err := rows.Scan(r.targets()...); err != nil {
			return Event{}, err
		}
		e, err := r.event()
		return e.Event, err
	}, after.TxID, after.ID, limit)
	if err != nil {
		return nil, fmt.Errorf("read events: %w", err)
	}
	return events, nil
}

// Head is the position of the newest event that Read gives.
func (l *Log) Head(ctx context.Context) (Position, error) {
	found, err := store.Collect(ctx, l.db, headSQL, scanPosition)
	if err != nil {
		return Position{}, fmt.Errorf("find the newest event: %w", err)
	}
	if len(found) == 0 { // none, or all were removed
		found, err = store.Collect(ctx, l.db, trimmedSQL, scanPosition, trimmed)
		if err != nil {
			return Position{}, fmt.Errorf("find the end of what was removed: %w", err)
		}
	}
	if len(found) == 0 {
		return Position{}, nil
	}
	return found[0], nil
}

// Wake makes followers look for new events at once.
func (l *Log) Wake() {
	l.mu.Lock()
	defer l.mu.Unlock()
	close(l.woken)
	l.woken = make(chan struct{})
}

// Woken gives a channel that is closed when something may have been committed,
// here or elsewhere. Whoever waits asks for it before looking, so that nothing
// committed while looking is missed.
func (l *Log) Woken() <-chan struct{} {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.woken
}

// Before reports whether a position comes before another.
func (p Position) Before(other Position) bool {
	return cmp.Or(cmp.Compare(p.TxID, other.TxID), cmp.Compare(p.ID, other.ID)) < 0
}

// trimmed is the name under which the log keeps, among the positions of the
// consumers, up to where its events were removed.
const trimmed = "log.trimmed"

var (
	// The oldest events, of which those are removed that are old enough and behind
	// every consumer.
	oldSQL = store.MaintainBoth(`SELECT o.txid, o.id FROM (SELECT txid, id, occurred_at FROM events ORDER BY txid, id LIMIT $2) o
		WHERE o.occurred_at < $1 AND NOT EXISTS (SELECT 1 FROM event_consumers c WHERE c.name <> 'log.trimmed' AND (c.txid, c.id) < (o.txid, o.id))
		ORDER BY o.txid DESC, o.id DESC LIMIT 1`)
	removeSQL = store.MaintainBoth(`DELETE FROM events WHERE (txid, id) <= ($1, $2)`)
	markSQL   = store.MaintainBoth(`INSERT INTO event_consumers (name, txid, id) VALUES ($1, $2, $3) ON CONFLICT (name) DO UPDATE SET txid = excluded.txid, id = excluded.id`)
	// trimmedSQL gives up to where events were removed.
	trimmedSQL = store.MaintainBoth(`SELECT txid, id FROM event_consumers WHERE name = $1`)
	keptSQL    = store.MaintainBoth(`SELECT 1 FROM event_consumers WHERE name = $1 AND (txid, id) > ($2, $3)`)
)

// trimAtOnce is how many events one transaction removes.
const trimAtOnce = 5000

// Trim removes events from before a moment, as far as all consumers have come.
func (l *Log) Trim(ctx context.Context, before time.Time) error {
	for {
		done := false
		err := l.db.Tx(ctx, func(ctx context.Context) error {
			found, err := store.Collect(ctx, l.db, oldSQL, scanPosition, before.UTC(), trimAtOnce)
			if err != nil || len(found) == 0 {
				done = true
				return err
			}
			if _, err := l.db.Exec(ctx, removeSQL, found[0].TxID, found[0].ID); err != nil {
				return err
			}
			_, err = l.db.Exec(ctx, markSQL, trimmed, found[0].TxID, found[0].ID)
			return err
		})
		if err != nil {
			return fmt.Errorf("remove old events: %w", err)
		}
		if done {
			return nil
		}
	}
}

// lagSQL gives for each consumer the moment of the first event that it has not
// consumed. Those that run once for all nodes have a position.
var lagSQL = store.MaintainBoth(`SELECT c.name, (SELECT e.occurred_at FROM events e WHERE (e.txid, e.id) > (c.txid, c.id) ORDER BY e.txid, e.id LIMIT 1)
	FROM event_consumers c WHERE c.name <> 'log.trimmed' ORDER BY c.name LIMIT 100`)

// Lag gives for each consumer once for all nodes how old the first event is that it has
// not consumed; 0 when there is none.
func (l *Log) Lag(ctx context.Context) (map[string]time.Duration, error) {
	lag, now := map[string]time.Duration{}, time.Now()
	_, err := store.Collect(ctx, l.db, lagSQL, func(rows *sql.Rows) (none struct{}, err error) {
		var name string
		var at sql.NullTime
		err = rows.Scan(&name, &at)
		lag[name] = 0
		if at.Valid {
			lag[name] = max(0, now.Sub(at.Time))
		}
		return none, err
	})
	if err != nil {
		return nil, fmt.Errorf("look how far consumers are: %w", err)
	}
	return lag, nil
}

// Unheard is for how long this process has not looked for events of others.
func (l *Log) Unheard() time.Duration {
	looked := l.looked.Load()
	if looked == 0 {
		looked = l.began.UnixNano()
	}
	return max(0, time.Since(time.Unix(0, looked)))
}

// Kept reports whether all events after a position are still there.
func (l *Log) Kept(ctx context.Context, after Position) (bool, error) {
	gone, err := store.Collect(ctx, l.db, keptSQL, store.ScanInt, trimmed, after.TxID, after.ID)
	if err != nil {
		return false, fmt.Errorf("look how far the log goes back: %w", err)
	}
	return len(gone) == 0, nil
}
