package media

import (
	"context"
	"database/sql"
	"fmt"
	"log/slog"
	"math"
	"net/http"
	"time"

	"github.com/broadsheet-cms/broadsheet/ent"
	"github.com/broadsheet-cms/broadsheet/internal/access"
	"github.com/broadsheet-cms/broadsheet/internal/audit"
	"github.com/broadsheet-cms/broadsheet/internal/event"
	"github.com/broadsheet-cms/broadsheet/internal/id"
	"github.com/broadsheet-cms/broadsheet/internal/store"
)

// An item whose licence has ended is marked as expired by a write, with events for
// whatever shows it: answers never depend on what time it is. What is marked may be
// licensed anew, by an editor or by its source.
var (
	expireSQL = store.MaintainBoth(`UPDATE media SET expired = TRUE WHERE NOT expired AND expires_at IS NOT NULL AND expires_at <= $1
		AND id IN (SELECT m.id FROM media m WHERE NOT m.expired AND m.expires_at IS NOT NULL AND m.expires_at <= $1 ORDER BY m.expires_at LIMIT $2) RETURNING id`)
	reviveSQL = store.MaintainBoth(`UPDATE media SET expired = FALSE WHERE expired AND (expires_at IS NULL OR expires_at > $1)
		AND id IN (SELECT m.id FROM media m WHERE m.expired AND (m.expires_at IS NULL OR m.expires_at > $1) LIMIT $2) RETURNING id`)
	nextExpirySQL = store.MaintainBoth(`SELECT m.expires_at FROM media m WHERE NOT m.expired AND m.expires_at IS NOT NULL ORDER BY m.expires_at LIMIT 1`)
	licenceSQL    = store.MaintainBoth(`SELECT m.id, m.expired, m.expires_at FROM media m WHERE m.blob_key = $1 AND m.blob_key <> ''
		ORDER BY m.expired, m.expires_at IS NOT NULL, m.expires_at DESC LIMIT 1`)
)

// expireBatch is how many items are marked in one transaction.
const expireBatch = 50

// Expire hides the items whose licence has ended, and shows those again that were
// licensed anew. It says when the next licence ends; nil: none does.
func (e *Editor) Expire(ctx context.Context) (next *time.Time, err error) {
	ctx = access.AsSystem(ctx)
	for _, step := range []struct {
		statement *store.Statement
		expired   bool
	}{{expireSQL, true}, {reviveSQL, false}} {
		for {
			n := 0
			err := e.s.db.Tx(ctx, func(ctx context.Context) error {
				keys, err := store.Collect(ctx, e.s.db, step.statement, store.ScanInt, e.s.Now(), expireBatch)
				n = len(keys)
				for _, key := range keys {
					if err == nil {
						err = e.marked(ctx, key, step.expired)
					}
				}
				return err
			})
			if err != nil {
				return nil, fmt.Errorf("hide media whose licence has ended: %w", err)
			}
			if n < expireBatch {
				break
			}
		}
	}
	moments, err := store.Collect(ctx, e.s.db, nextExpirySQL, func(rows *sql.Rows) (at time.Time, err error) {
		err = rows.Scan(&at)
		return at.UTC(), err
	})
	if err != nil || len(moments) == 0 {
		return nil, err
	}
	return &moments[0], nil
}

// marked tells whoever shows an item that its licence has ended, or that it is there
// again.
func (e *Editor) marked(ctx context.Context, key int, expired bool) error {
	found, err := e.s.uses(ctx, []int{key}, math.MaxInt32)
	if err != nil {
		return err
	}
	events := []event.Event{{Action: event.Updated, Entity: id.Media, EntityID: key, Detail: event.Detail{Expired: expired}}}
	for _, u := range found[key] {
		events = append(events, event.Event{Action: event.Updated, Entity: u.Entity, EntityID: u.Key})
	}
	if err := e.s.log.Append(ctx, events...); err != nil {
		return err
	}
	action := "expireMedia"
	if !expired {
		action = "renewMedia"
	}
	return e.audit.Record(ctx, audit.Entry{Action: action, Entity: id.Media, EntityID: key, After: map[string]int{"uses": len(found[key])}})
}

// licensed marks an item that was saved, as its licence says, and has it marked later
// when it ends later.
func (e *Editor) licensed(ctx context.Context, m *ent.Media) error {
	ended := m.ExpiresAt != nil && !m.ExpiresAt.After(e.s.Now())
	if ended != m.Expired {
		saved, err := e.s.db.Ent(ctx).Media.UpdateOneID(m.ID).SetExpired(ended).Save(ctx)
		if err != nil {
			return err
		}
		*m = *saved
		return e.marked(ctx, m.ID, ended)
	}
	if ended || m.ExpiresAt == nil || e.s.ExpireAt == nil {
		return nil
	}
	return e.s.ExpireAt(ctx, *m.ExpiresAt)
}

// licence is whether a file may be shown to readers, and until when.
type licence struct {
	item  int // that has it; 0: no item has the file
	ended bool
	until *time.Time
}

// licenceOf gives the licence of a file: that of the item which has it longest.
func (s *Service) licenceOf(ctx context.Context, key string) (licence, error) {
	all, err := store.Collect(ctx, s.db, licenceSQL, func(rows *sql.Rows) (l licence, err error) {
		err = rows.Scan(&l.item, &l.ended, &l.until)
		return l, err
	}, key)
	if err != nil {
		return licence{}, fmt.Errorf("read the licence of a file: %w", err)
	}
	if len(all) == 0 {
		return licence{}, nil
	}
	return all[0], nil
}

// seenLicence is a licence as it was read at a moment.
type seenLicence struct {
	licence

	at time.Time
}

// Bounds on the licences that are remembered, for when the database is away.
const (
	maxSeen = 20_000
	seenFor = time.Hour
)

// Name implements event.Consumer.
func (s *Service) Name() string { return "licences" }

// Consume implements event.Consumer: licences of items that have changed are forgotten. Of
// the items with a file only the one counts that has its licence longest: a change of
// another can make it longer, never shorter.
func (s *Service) Consume(_ context.Context, events []event.Event) error {
	changed := map[int]bool{}
	for _, e := range events {
		switch {
		case e.Action == event.Missed:
			s.changes.Add(1)
			s.seen.Purge()
			return nil
		case e.Entity == id.Media && e.Action != event.Created:
			changed[e.EntityID] = true
		}
	}
	if len(changed) == 0 {
		return nil
	}
	s.changes.Add(1)
	for _, key := range s.seen.Keys() {
		if known, ok := s.seen.Peek(key); ok && changed[known.item] {
			s.seen.Remove(key)
		}
	}
	return nil
}

// mayShow gives the licence of a file. While the database does not answer, one that was read
// within the last hour counts, unless it has ended or its item has changed since. A node that
// alone is cut off from the database does not hear what others change there: it shows a file
// for up to an hour after its licence was ended by hand.
func (s *Service) mayShow(ctx context.Context, key string) (licence, error) {
	changes := s.changes.Load()
	l, err := s.licenceOf(ctx, key)
	if err == nil {
		if l.item == 0 { // anybody can ask for keys that no item has
			return l, nil
		}
		s.seen.Add(key, seenLicence{l, s.Now()})
		if s.changes.Load() != changes { // it may have been read before the change
			s.seen.Remove(key)
		}
		return l, nil
	}
	known, ok := s.seen.Get(key)
	if ctx.Err() != nil || !ok || known.ended || s.Now().Sub(known.at) > seenFor || known.until != nil && !known.until.After(s.Now()) {
		return licence{}, err
	}
	slog.DebugContext(ctx, "a media file is shown by a licence that was read earlier", "key", key, "error", err)
	return known.licence, nil
}

// restricted serves a file to staff alone; for anybody else it is not there.
func (s *Service) restricted(w http.ResponseWriter, r *http.Request, serve http.HandlerFunc) {
	var ask http.Handler = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Cache-Control", "private, no-store")
		if !access.Of(r.Context()).SeesExpired() {
			http.Error(w, "There is no such file.", http.StatusNotFound)
			return
		}
		serve(w, r)
	})
	if s.SignIn != nil {
		ask = s.SignIn(ask)
	}
	ask.ServeHTTP(w, r)
}

// cacheFor tells how long an answer with a file may be kept: for good, or until its
// licence ends.
func (s *Service) cacheFor(l licence) string {
	switch {
	case l.ended:
		return "private, no-store"
	case l.until != nil && l.until.Sub(s.Now()) < cacheSeconds*time.Second:
		return fmt.Sprintf("public, max-age=%d", max(0, int(l.until.Sub(s.Now()).Seconds())))
	}
	return fmt.Sprintf("public, max-age=%d, immutable", cacheSeconds)
}

// cacheSeconds is a year, the longest that caches heed.
const cacheSeconds = 31_536_000
