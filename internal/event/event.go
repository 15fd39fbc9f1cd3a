// Package event is the record of every committed change of content. A change
// appends its events in its own transaction; caches, the change feed and
// webhooks read the record and listen to nothing else, so they can never
// disagree.
package event

import (
	"cmp"
	"context"
	"database/sql"
	"fmt"
	"sync"
	"time"

	"github.com/broadsheet-cms/broadsheet/ent"
	"github.com/broadsheet-cms/broadsheet/internal/access"
	"github.com/broadsheet-cms/broadsheet/internal/store"
)

// What happened to a thing. The type of an event is the thing and one of
// these: article.published.
const (
	Created     = "created"
	Updated     = "updated"
	Published   = "published"   // became visible to readers
	Unpublished = "unpublished" // was visible and is no more
	Deleted     = "deleted"
	Corrected   = "corrected" // a correction was issued
	Withdrawn   = "withdrawn" // was killed: nobody may show it any more
)

// Names of things in event types, by the prefix of their public ids.
var names = map[string]string{
	"art": "article", "liv": "live_entry", "cat": "category", "tag": "tag", "plc": "place", "ser": "series", "aut": "author",
	"med": "media", "pag": "page", "mnu": "menu", "ads": "ad_slot", "red": "redirect", "com": "comment", "usr": "user",
	"bkm": "bookmark", "ses": "session", "nte": "article_note", "cor": "correction", Pick: "pick", Site: "site",
}

// Site stands for the site's settings, which have no public id.
const Site = "site"

// Pick stands for the editors' picks of one page: the key is that of the
// section, 0 for the front page.
const Pick = "pck"

// Event is a change before it is recorded.
type Event struct {
	Action   string         // Created, Published, …
	Entity   string         // prefix of the public id of the thing, or Site
	EntityID int            // its key
	ActorID  int            // the user who did it; 0: the viewer of the context, if anybody
	Payload  map[string]any // what readers of the event need beyond the thing itself
}

// Type is the name of the event, such as article.published.
func (e Event) Type() string { return names[e.Entity] + "." + e.Action }

// Position is a place in the record. The zero Position is its beginning.
type Position struct{ TxID, ID int64 }

// Log is the record of one database.
type Log struct {
	db *store.DB

	mu        sync.Mutex
	listeners []func(Event)
	woken     chan struct{} // closed and replaced at every wake
}

// NewLog gives the record of db and listens to its commits.
func NewLog(db *store.DB) *Log {
	l := &Log{db: db, woken: make(chan struct{})}
	db.OnCommit(l.Wake)
	return l
}

// OnCommit registers f to be called for every event of this process right
// after its commit, before the change is answered, so that what this process
// keeps in memory is never older than what it has said. The events of other
// processes come through Follow.
func (l *Log) OnCommit(f func(Event)) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.listeners = append(l.listeners, f)
}

// Append records events in the transaction of ctx.
func (l *Log) Append(ctx context.Context, events ...Event) error {
	if len(events) == 0 {
		return nil
	}
	builders := make([]*ent.EventCreate, len(events))
	actor := access.Of(ctx).UserID
	client := l.db.Ent(ctx)
	for i, e := range events {
		b := client.Event.Create().SetType(e.Type()).SetEntity(e.Entity).SetEntityID(e.EntityID)
		if by := cmp.Or(e.ActorID, actor); by != 0 {
			b.SetActorID(by)
		}
		if e.Payload != nil {
			b.SetPayload(e.Payload)
		}
		builders[i] = b
	}
	if err := client.Event.CreateBulk(builders...).Exec(ctx); err != nil {
		return fmt.Errorf("record events: %w", err)
	}
	l.db.Wake(ctx)
	l.db.AfterCommit(ctx, func() {
		l.mu.Lock()
		listeners := l.listeners
		l.mu.Unlock()
		for _, f := range listeners {
			for _, e := range events {
				f(e)
			}
		}
	})
	return nil
}

// On PostgreSQL a transaction that began before ours may commit after it, with
// lower numbers. Below the oldest one still running nothing can appear any
// more, so readers stop there.
var (
	readSQL = store.Read(`SELECT txid, id, type, entity, entity_id FROM events
		WHERE (txid, id) > ($1, $2) AND txid < pg_snapshot_xmin(pg_current_snapshot())::text::bigint
		ORDER BY txid, id LIMIT $3`,
		`SELECT txid, id, type, entity, entity_id FROM events WHERE txid = 0 AND id > $2 AND $1 = 0 ORDER BY txid, id LIMIT $3`)
	headSQL = store.Read(`SELECT txid, id FROM events WHERE txid < pg_snapshot_xmin(pg_current_snapshot())::text::bigint
		ORDER BY txid DESC, id DESC LIMIT 1`,
		`SELECT txid, id FROM events WHERE txid = 0 ORDER BY txid DESC, id DESC LIMIT 1`)
)

// A row of this cluster is older than every transaction that has not begun.
var adoptSQL = store.Maintain(`UPDATE events SET txid = 0 WHERE txid >= pg_snapshot_xmax(pg_current_snapshot())::text::bigint`, `SELECT 1`)

// Adopt mends the record of a database that was restored from a dump of another
// cluster, which counted its transactions from elsewhere: events that seem to
// lie in the future become its oldest. It is called at start and otherwise
// finds nothing to do.
func (l *Log) Adopt(ctx context.Context) error {
	if _, err := l.db.Exec(ctx, adoptSQL); err != nil {
		return fmt.Errorf("look for events of another cluster: %w", err)
	}
	return nil
}

// Recorded is an event as it is read back.
type Recorded struct {
	Position
	Type     string
	Entity   string
	EntityID int
}

// Read gives up to limit events after a position, in an order to which nothing
// is ever added behind the reader.
func (l *Log) Read(ctx context.Context, after Position, limit int) ([]Recorded, error) {
	events, err := store.Collect(ctx, l.db, readSQL, func(rows *sql.Rows) (r Recorded, err error) {
		err = rows.Scan(&r.TxID, &r.ID, &r.Type, &r.Entity, &r.EntityID)
		return r, err
	}, after.TxID, after.ID, limit)
	if err != nil {
		return nil, fmt.Errorf("read events: %w", err)
	}
	return events, nil
}

// Head is the position of the newest event that can be read.
func (l *Log) Head(ctx context.Context) (Position, error) {
	found, err := store.Collect(ctx, l.db, headSQL, func(rows *sql.Rows) (p Position, err error) {
		err = rows.Scan(&p.TxID, &p.ID)
		return p, err
	})
	if err != nil {
		return Position{}, fmt.Errorf("find the newest event: %w", err)
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

// lookAnyway is how often a follower looks without being woken: an event may
// have committed while an older transaction still hid it.
const lookAnyway = time.Second

// Follow calls handle with every event after a position, in order, those of
// other processes included, until ctx ends or handle fails.
func (l *Log) Follow(ctx context.Context, after Position, handle func([]Recorded) error) error {
	timer := time.NewTimer(lookAnyway)
	defer timer.Stop()
	for {
		woken := l.Woken()
		for {
			const batch = 500
			events, err := l.Read(ctx, after, batch)
			if err != nil {
				return err
			}
			if len(events) > 0 {
				if err := handle(events); err != nil {
					return err
				}
				after = events[len(events)-1].Position
			}
			if len(events) < batch {
				break
			}
		}
		timer.Reset(lookAnyway)
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-woken:
		case <-timer.C:
		}
	}
}
