// Package watch tells those who wait on this node what changed: it follows the log
// of events on every node and hands each event to whoever watches its subject. What
// it tells is where to look; whoever is told reads again, by the rules of its viewer.
package watch

import (
	"context"
	"errors"
	"slices"
	"sync"
	"time"

	"github.com/broadsheet-cms/broadsheet/internal/event"
	"github.com/broadsheet-cms/broadsheet/internal/id"
)

// Kind is what a Subject is.
type Kind int

// The kinds of subjects.
const (
	Publications  Kind = iota + 1 // articles that become visible to readers; no key
	Article                       // all that happens to one article
	Comments                      // comments that appear below one article
	Breaking                      // breaking news; no key
	Notifications                 // new notifications; no key
	Account                       // an account that changed, or lost a session
)

// Subject is what can be watched.
type Subject struct {
	Of  Kind
	Key int
}

// List is a list that an article stands in.
type List struct {
	Prefix string // of the public id of its owner
	Owner  int
}

// Change says what happened to a subject.
type Change struct {
	// Missed says that changes may have passed by, and nothing else.
	Missed bool
	ID     int    // the article or comment
	In     []List // lists that the article is in now
	Text   string
	At     time.Time
	// Readers are the accounts that got notifications, nil when they are many.
	Readers []int
}

// Hub hands changes to whoever watches.
type Hub struct {
	mu       sync.Mutex
	watchers map[Subject]map[*watcher]struct{}
	began    chan struct{} // is closed when somebody begins to watch
}

type watcher struct{ tell func(Change) }

// New makes a hub, which is told of events by its log.
func New(log *event.Log) *Hub {
	h := &Hub{watchers: map[Subject]map[*watcher]struct{}{}, began: make(chan struct{})}
	log.Outward(h)
	return h
}

// Name implements event.Consumer.
func (*Hub) Name() string { return "watchers" }

// Consume implements event.Consumer.
func (h *Hub) Consume(_ context.Context, events []event.Event) error {
	for _, e := range events {
		if e.Action == event.Missed {
			h.all(Change{Missed: true, At: e.At})
			continue
		}
		for _, t := range told(e) {
			for _, w := range h.of(t.subject) {
				w.tell(t.change)
			}
		}
	}
	return nil
}

type news struct {
	subject Subject
	change  Change
}

// told gives whom an event is for.
func told(e event.Event) []news {
	c := Change{ID: e.EntityID, At: e.At}
	switch e.Entity {
	case id.Article:
		all := []news{{Subject{Article, e.EntityID}, c}, {Subject{Comments, e.EntityID}, Change{At: e.At}}}
		if e.Action == event.Published {
			for _, l := range e.Is {
				c.In = append(c.In, List{l.Entity, l.Owner})
			}
			all = append(all, news{Subject{Of: Publications}, c})
		}
		return all
	case id.Comment:
		if e.Action == event.Published {
			return []news{{Subject{Comments, e.ArticleID}, c}}
		}
	case event.Breaking:
		c.Text = e.Text
		return []news{{Subject{Of: Breaking}, c}}
	case id.Notification:
		if e.Moment != nil {
			c.At, c.Readers = *e.Moment, e.Readers
			return []news{{Subject{Of: Notifications}, c}}
		}
	case id.User:
		if e.Action != event.Created {
			return []news{{Subject{Account, e.EntityID}, c}}
		}
	case id.Session:
		return []news{{Subject{Account, e.UserID}, c}}
	}
	return nil
}

func (h *Hub) of(s Subject) []*watcher {
	h.mu.Lock()
	defer h.mu.Unlock()
	all := make([]*watcher, 0, len(h.watchers[s]))
	for w := range h.watchers[s] {
		all = append(all, w)
	}
	return all
}

func (h *Hub) all(c Change) {
	h.mu.Lock()
	var every []*watcher
	for _, some := range h.watchers {
		for w := range some {
			every = append(every, w)
		}
	}
	h.mu.Unlock()
	for _, w := range every {
		w.tell(c)
	}
}

// Watch calls tell for each change of a subject until stop is called. Whoever is
// told must not wait for anything.
func (h *Hub) Watch(s Subject, tell func(Change)) (stop func()) {
	w := &watcher{tell}
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.watchers[s] == nil {
		h.watchers[s] = map[*watcher]struct{}{}
	}
	h.watchers[s][w] = struct{}{}
	close(h.began)
	h.began = make(chan struct{})
	return func() {
		h.mu.Lock()
		defer h.mu.Unlock()
		delete(h.watchers[s], w)
		if len(h.watchers[s]) == 0 {
			delete(h.watchers, s)
		}
	}
}

// Watchers is how many watch.
func (h *Hub) Watchers() int {
	n, _ := h.count()
	return n
}

func (h *Hub) count() (n int, began <-chan struct{}) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, some := range h.watchers {
		n += len(some)
	}
	return n, h.began
}

// Await waits until so many watch, for tests.
func (h *Hub) Await(ctx context.Context, watchers int) error {
	for {
		n, began := h.count()
		if n >= watchers {
			return nil
		}
		select {
		case <-began:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// ErrMissed says that changes passed a queue by: it was read too slowly, or this
// process did not hear of all events.
var ErrMissed = errors.New("changes were missed")

// maxPending bounds the changes of a queue that were not read yet.
const maxPending = 500

// Queue keeps the changes of a subject until they are read.
type Queue struct {
	stop func()
	more chan struct{} // has an element while there is something to read

	mu      sync.Mutex
	pending []Change
	missed  bool
}

// Queue watches a subject. Whoever asks for it closes it.
func (h *Hub) Queue(s Subject) *Queue {
	q := &Queue{more: make(chan struct{}, 1)}
	q.stop = h.Watch(s, q.put)
	return q
}

// Close ends the watching.
func (q *Queue) Close() { q.stop() }

func (q *Queue) put(c Change) {
	q.mu.Lock()
	if c.Missed || len(q.pending) >= maxPending {
		q.pending, q.missed = nil, true
	} else if !q.missed {
		q.pending = append(q.pending, c)
	}
	q.mu.Unlock()
	select {
	case q.more <- struct{}{}:
	default:
	}
}

// Next waits for changes and gives all that there are. The error is ErrMissed once
// when some passed by, or why ctx ended.
func (q *Queue) Next(ctx context.Context) ([]Change, error) {
	for {
		q.mu.Lock()
		all, missed := q.pending, q.missed
		q.pending, q.missed = nil, false
		q.mu.Unlock()
		switch {
		case missed:
			return nil, ErrMissed
		case len(all) > 0:
			return all, nil
		}
		select {
		case <-ctx.Done():
			return nil, ctx.Err()
		case <-q.more:
		}
	}
}

// Includes reports whether a change of notifications is about an account.
func (c Change) Includes(account int) bool {
	return c.Readers == nil || slices.Contains(c.Readers, account)
}
