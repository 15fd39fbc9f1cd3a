package event_test

import (
	"context"
	"encoding/json"
	"errors"
	"reflect"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/broadsheet-cms/broadsheet/internal/access"
	"github.com/broadsheet-cms/broadsheet/internal/event"
	"github.com/broadsheet-cms/broadsheet/internal/id"
	"github.com/broadsheet-cms/broadsheet/internal/store"
	"github.com/broadsheet-cms/broadsheet/internal/testkit"
)

func add(t *testing.T, db *store.DB, log *event.Log, events ...event.Event) {
	t.Helper()
	if err := db.Tx(t.Context(), func(ctx context.Context) error { return log.Append(ctx, events...) }); err != nil {
		t.Fatal(err)
	}
}

func tagged(key int) event.Event {
	return event.Event{Action: event.Created, Entity: id.Tag, EntityID: key}
}

// filled sets every field of a struct to something.
func filled(v reflect.Value) {
	for i := range v.NumField() {
		f := v.Field(i)
		switch f.Interface().(type) {
		case []int:
			f.Set(reflect.ValueOf([]int{i, i + 1}))
			continue
		case *time.Time:
			f.Set(reflect.ValueOf(new(time.Date(2026, 3, 1, 8, 0, 0, 123456000, time.UTC))))
			continue
		}
		switch f.Kind() {
		case reflect.Int:
			f.SetInt(int64(i + 1))
		case reflect.Bool:
			f.SetBool(true)
		case reflect.String:
			f.SetString("/path/é\"")
		case reflect.Slice:
			f.Set(reflect.ValueOf([]event.List{{Entity: event.Site}, {Entity: id.Category, Owner: i + 1}}))
		default:
			panic("an event has a field of a kind that this test cannot fill: " + f.Type().String())
		}
	}
}

// TestReadingGivesBackWhatWasWritten, whatever fields events come to have.
func TestReadingGivesBackWhatWasWritten(t *testing.T) {
	t.Parallel()
	testkit.Databases(t, func(t *testing.T, db *store.DB) {
		log, told := event.NewLog(db), &consumer{name: "test"}
		log.EveryNode(told)
		e := event.Event{Action: event.Published, Entity: id.Article, EntityID: 7}
		filled(reflect.ValueOf(&e.Detail).Elem())
		bare := event.Event{Action: event.Updated, Entity: event.Site}
		ctx := access.With(t.Context(), access.Viewer{UserID: 42, Role: access.Editor})
		if err := db.Tx(ctx, func(ctx context.Context) error { return log.Append(ctx, e, bare) }); err != nil {
			t.Fatal(err)
		}
		testkit.Settle(t, db)
		read, err := log.Read(t.Context(), event.Position{}, 10)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(told.events, read); diff != "" {
			t.Errorf("told after the commit and read differ (-told +read):\n%s", diff)
		}
		e.ActorID, bare.ActorID = 42, 42
		if diff := cmp.Diff([]event.Event{e, bare}, read, cmpopts.IgnoreFields(event.Event{}, "Position", "At")); diff != "" {
			t.Errorf("(-written +read):\n%s", diff)
		}
		if len(read) == 2 && (read[0].At.IsZero() || read[0].Key() == read[1].Key() || read[0].Type() != "article.published") {
			t.Errorf("read %+v", read)
		}
	})
}

func TestLists(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]*event.List{
		`"site"`: {Entity: event.Site}, `"cat:12"`: {Entity: id.Category, Owner: 12},
		`"cat"`: nil, `"site:1"`: nil, `"cat:x"`: nil, `""`: nil, `":1"`: nil,
	} {
		var got event.List
		err := json.Unmarshal([]byte(text), &got)
		if (err == nil) != (want != nil) || want != nil && got != *want {
			t.Errorf("%s: %v, %v", text, got, err)
		}
	}
}

// TestRestoredEventsAreRead: a dump brings events of transactions that this
// cluster has not come to. Without Adopt they, and all that follow them, would
// not be read.
func TestRestoredEventsAreRead(t *testing.T) {
	t.Parallel()
	testkit.Databases(t, func(t *testing.T, db *store.DB) {
		log := event.NewLog(db)
		add(t, db, log, tagged(1))
		if _, err := db.Exec(t.Context(), store.Maintain(`UPDATE events SET txid = 1000000000000`, `SELECT 1`)); err != nil {
			t.Fatal(err)
		}
		if err := log.RepairRestored(t.Context()); err != nil {
			t.Fatal(err)
		}
		add(t, db, log, tagged(2))
		if err := log.RepairRestored(t.Context()); err != nil { // changes nothing
			t.Fatal(err)
		}
		testkit.Settle(t, db)
		events, err := log.Read(t.Context(), event.Position{}, 10)
		if err != nil {
			t.Fatal(err)
		}
		if len(events) != 2 || events[0].EntityID != 1 || events[1].EntityID != 2 {
			t.Errorf("read %+v", events)
		}
	})
}

// consumer keeps what it is told.
type consumer struct {
	name string
	mu   sync.Mutex
	// consume is called first, if it is set.
	consume func(ctx context.Context, events []event.Event) error
	events  []event.Event
	more    chan event.Event // is sent each event, if it is set
}

func (c *consumer) Name() string { return c.name }

func (c *consumer) Consume(ctx context.Context, events []event.Event) error {
	if c.consume != nil {
		if err := c.consume(ctx, events); err != nil {
			return err
		}
	}
	c.mu.Lock()
	c.events = append(c.events, events...)
	c.mu.Unlock()
	if c.more != nil {
		for _, e := range events {
			c.more <- e
		}
	}
	return nil
}

// node is a process as far as events go.
type node struct {
	db  *store.DB
	log *event.Log
}

func newNode(t *testing.T, url string) *node {
	t.Helper()
	db := testkit.Open(t, url, store.Options{})
	return &node{db, event.NewLog(db)}
}

func (n *node) start(t *testing.T) (stop func()) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	var group sync.WaitGroup
	group.Go(func() { _ = n.log.Run(ctx) })
	group.Go(func() { _ = n.db.Listen(ctx, n.log.Wake) })
	stop = sync.OnceFunc(func() { cancel(); group.Wait() })
	t.Cleanup(stop)
	return stop
}

// TestEveryNodeIsToldAtOnce: of its own events before the change is answered, of
// those of others although an older transaction is still running, and of that
// one's when it commits; each once.
func TestEveryNodeIsToldAtOnce(t *testing.T) {
	t.Parallel()
	testkit.EachURL(t, func(t *testing.T, url string) {
		writer, reader, slow := newNode(t, url), newNode(t, url), newNode(t, url)
		own := &consumer{name: "own"}
		writer.log.EveryNode(own)
		other := &consumer{name: "other", more: make(chan event.Event, 100)}
		reader.log.EveryNode(other)
		reader.start(t)
		writer.start(t)
		if e := <-other.more; e.Action != event.Missed {
			t.Errorf("a consumer is told %s at its start", e.Type())
		}
		expect := func(key int) {
			t.Helper()
			if e := <-other.more; e.EntityID != key || e.Action != event.Created {
				t.Errorf("told of %s %d, want %d", e.Type(), e.EntityID, key)
			}
		}
		add(t, writer.db, writer.log, tagged(1))
		own.mu.Lock()
		if last := own.events[len(own.events)-1]; last.EntityID != 1 {
			t.Errorf("a process learns of its own change late: %+v", own.events)
		}
		own.mu.Unlock()
		expect(1)
		testkit.Settle(t, reader.db)
		concurrent := reader.db.Dialect == store.Postgres // SQLite has one writer
		if err := slow.db.Tx(t.Context(), func(ctx context.Context) error {
			if err := slow.log.Append(ctx, tagged(2)); err != nil {
				return err
			}
			if concurrent {
				add(t, writer.db, writer.log, tagged(3))
				expect(3)
				if events, err := reader.log.Read(ctx, event.Position{}, 10); err != nil || len(events) != 1 {
					t.Errorf("%d events are read behind a transaction that may still add some, %v", len(events), err)
				}
			}
			return nil
		}); err != nil {
			t.Fatal(err)
		}
		expect(2)
		add(t, writer.db, writer.log, tagged(4))
		expect(4)
		if len(other.more) > 0 {
			t.Errorf("told twice of %+v", <-other.more)
		}
	})
}

// TestClientsAreToldLast: whoever is told to look again finds nothing older in memory.
func TestClientsAreToldLast(t *testing.T) {
	t.Parallel()
	testkit.EachURL(t, func(t *testing.T, url string) {
		n := newNode(t, url)
		var told []string
		note := func(name string) *consumer {
			return &consumer{name: name, consume: func(context.Context, []event.Event) error {
				told = append(told, name)
				return nil
			}}
		}
		n.log.Outward(note("clients"))
		n.log.EveryNode(note("directory"))
		n.log.EveryNode(note("answers"))
		add(t, n.db, n.log, tagged(1))
		if want := []string{"directory", "answers", "clients"}; !slices.Equal(told, want) {
			t.Errorf("told %q, want %q", told, want)
		}
	})
}

// TestNothingIsMissed while many write at once, in transactions of any length
// that may be rolled back.
func TestNothingIsMissed(t *testing.T) {
	t.Parallel()
	testkit.EachURL(t, func(t *testing.T, url string) {
		const writers, each = 6, 30
		reader := newNode(t, url)
		every := &consumer{name: "every", more: make(chan event.Event, 2*writers*each)}
		once := &consumer{name: "once", more: make(chan event.Event, 2*writers*each)}
		reader.log.EveryNode(every)
		reader.log.OnceForAllNodes(once)
		reader.start(t)
		<-every.more // the start
		placed(t, reader.db, "once")
		var group sync.WaitGroup
		var failed atomic.Int64
		no := errors.New("no")
		for w := range writers {
			n := newNode(t, url)
			group.Go(func() {
				for i := range each {
					err := n.db.Tx(t.Context(), func(ctx context.Context) error {
						if err := n.log.Append(ctx, tagged(w*each+i+1), tagged(-1)); err != nil {
							return err
						}
						if i%5 == 4 {
							return no
						}
						return nil
					})
					if err != nil && !errors.Is(err, no) {
						failed.Add(1)
					}
				}
			})
		}
		group.Wait()
		if failed.Load() > 0 {
			t.Fatalf("%d writes failed", failed.Load())
		}
		for name, c := range map[string]*consumer{"on every node": every, "once": once} {
			seen := map[int]int{}
			for range 2 * writers * each / 5 * 4 {
				seen[(<-c.more).EntityID]++
			}
			delete(seen, -1)
			if len(seen) != writers*each/5*4 || len(c.more) > 0 {
				t.Errorf("%s: told of %d of %d, %d too many", name, len(seen), writers*each/5*4, len(c.more))
			}
		}
	})
}

// placed waits until a consumer has its position.
func placed(t *testing.T, db *store.DB, name string) {
	t.Helper()
	for {
		n, err := store.Collect(t.Context(), db, store.MaintainBoth(`SELECT count(*) FROM event_consumers WHERE name = $1`), store.ScanInt, name)
		if err != nil {
			t.Fatal(err)
		}
		if n[0] == 1 {
			return
		}
	}
}

// TestOnceForAllNodes: two nodes share a consumer; what it writes is done once
// for each event, although it fails now and then, and one that starts later goes
// on where the others were.
func TestOnceForAllNodes(t *testing.T) {
	t.Parallel()
	testkit.EachURL(t, func(t *testing.T, url string) {
		const events = 250
		var attempts atomic.Int64
		done := make(chan int, 2*events)
		join := func() *node {
			n := newNode(t, url)
			n.log.OnceForAllNodes(&consumer{name: "tags", consume: func(ctx context.Context, events []event.Event) error {
				for _, e := range events {
					if err := n.db.Ent(ctx).Tag.Create().SetName(e.Key()).SetSlug(e.Key()).Exec(ctx); err != nil {
						return err
					}
				}
				if attempts.Add(1) == 2 {
					return errors.New("not now")
				}
				n.db.AfterCommit(ctx, func() { done <- len(events) })
				return nil
			}})
			return n
		}
		first := join()
		add(t, first.db, first.log, tagged(1)) // before the consumer is known
		testkit.Settle(t, first.db)
		stop := first.start(t)
		placed(t, first.db, "tags")
		second := join()
		second.start(t)
		for i := range events / 2 {
			add(t, first.db, first.log, tagged(i))
		}
		total := <-done
		stop()
		for i := range events / 2 {
			add(t, second.db, second.log, tagged(i))
		}
		for total < events {
			total += <-done
		}
		n, err := second.db.Ent(t.Context()).Tag.Query().Count(access.AsSystem(t.Context()))
		if err != nil || n != events || total != events || len(done) > 0 {
			t.Errorf("%d tags of %d events, told %d, %v", n, events, total, err)
		}
	})
}
