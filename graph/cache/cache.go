// Package cache answers public operations from memory. An answer is kept with the
// tags of everything that it was made from (loader.Shown); the events of changes
// say which tags they touch. So an answer is given as long as it is what a fresh
// one would be, and not longer.
//
// Two maps lead to an answer. The bytes of a request lead to its key, so that a
// request that was seen before is answered without being parsed; the key, which
// is the document and its variables, leads to the answer.
package cache

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/99designs/gqlgen/graphql"
	"github.com/maypok86/otter/v2"
	"github.com/vektah/gqlparser/v2/gqlerror"

	"github.com/broadsheet-cms/broadsheet/graph/loader"
	"github.com/broadsheet-cms/broadsheet/internal/access"
	"github.com/broadsheet-cms/broadsheet/internal/event"
)

// Options of a Cache.
type Options struct {
	Bytes   int           // memory for answers
	Timeout time.Duration // of one execution; 0 means 10 seconds
	// Audit is the share of the answers from memory that are executed again and
	// compared, 0 to 1.
	Audit float64
	// SharedAge is how long caches between may keep an answer without asking,
	// because they are told of changes. 0: they ask each time.
	SharedAge time.Duration
	// Tags sends the tags of each answer to caches between.
	Tags bool
	// Vouched says whether this process hears of changes; nil means always. While it
	// does not, nothing is answered from memory.
	Vouched func() bool
	Now     func() time.Time // nil means time.Now
	Logger  *slog.Logger
	// Forget leaves a tag out of what an answer was made from. It is for the test
	// that shows that forgotten tags are found.
	Forget func(Tag) bool
}

// Cache keeps answers. A nil Cache keeps none.
type Cache struct {
	opts    Options
	ledger  *ledger
	answers *otter.Cache[key, *answer]
	known   *otter.Cache[key, request] // by the bytes of a request

	mu      sync.Mutex
	flights map[key]*flight
	running sync.WaitGroup
	audits  chan struct{}
	settle  time.Duration // how long it may take until this process hears of a change
	ended   context.Context
	end     context.CancelFunc

	counts counts
}

// Counts say what the cache did so far.
type Counts struct {
	Hits, Misses, Joined, Stored, Evicted, Audited, Different int64
	Bytes                                                     uint64
}

type counts struct{ hits, misses, joined, stored, evicted, audited, different atomic.Int64 }

// answer is one kept answer. Nothing of it changes but what is noted as atomic.
type answer struct {
	body    []byte   // {"data":…}
	etag    string   // without quotes
	tag     []string // the header ETag
	length  []string // the header Content-Length
	tags    string   // for caches between
	slots   []uint16
	read    uint64        // the change before its reading began
	checked atomic.Uint64 // the change up to which it is known to be good
	expires time.Time     // zero: by events only
	packed  atomic.Pointer[[]byte]
}

const (
	// knownRequests bounds the map from the bytes of requests.
	knownRequests = 20_000
	// overhead is about what an answer takes beside its bytes.
	overhead = 512
	// largest is the part of the cache that one answer may take.
	largest = 16
)

// New gives a cache; nil when it may take no memory.
func New(opts Options) *Cache {
	if opts.Bytes <= 0 {
		return nil
	}
	if opts.Timeout == 0 {
		opts.Timeout = 10 * time.Second
	}
	if opts.Now == nil {
		opts.Now = time.Now
	}
	if opts.Logger == nil {
		opts.Logger = slog.New(slog.DiscardHandler)
	}
	c := &Cache{opts: opts, ledger: newLedger(), flights: map[key]*flight{}, audits: make(chan struct{}, 1), settle: 2 * time.Second}
	c.answers = otter.Must(&otter.Options[key, *answer]{MaximumWeight: uint64(opts.Bytes), Weigher: func(_ key, a *answer) uint32 { return a.weight() },
		OnAtomicDeletion: func(e otter.DeletionEvent[key, *answer]) {
			if e.WasEvicted() {
				c.counts.evicted.Add(1)
			}
		}})
	c.known = otter.Must(&otter.Options[key, request]{MaximumSize: knownRequests})
	c.ended, c.end = context.WithCancel(context.Background())
	return c
}

// Close waits for executions that nobody waits for any more.
func (c *Cache) Close() {
	if c == nil {
		return
	}
	c.end()
	c.running.Wait()
}

// Name implements event.Consumer.
func (c *Cache) Name() string { return "answers" }

// Consume implements event.Consumer: when it returns, no answer that the events
// made old is given.
func (c *Cache) Consume(_ context.Context, events []event.Event) error {
	c.ledger.tell(events)
	return nil
}

// Drop makes all answers old.
func (c *Cache) Drop() { c.ledger.drop() }

// Counts gives what the cache did so far.
func (c *Cache) Counts() Counts {
	if c == nil {
		return Counts{}
	}
	n := &c.counts
	return Counts{Hits: n.hits.Load(), Misses: n.misses.Load(), Joined: n.joined.Load(), Stored: n.stored.Load(), Evicted: n.evicted.Load(), Audited: n.audited.Load(),
		Different: n.different.Load(), Bytes: c.answers.WeightedSize()}
}

// weight counts the packed bytes as a quarter of the plain ones.
func (a *answer) weight() uint32 {
	return uint32(len(a.body) + len(a.body)/4 + 2*len(a.slots) + len(a.tags) + overhead)
}

// data is what stands behind "data" in the answer.
func (a *answer) data() []byte { return a.body[len(`{"data":`) : len(a.body)-1] }

func (c *Cache) vouched() bool { return c.opts.Vouched == nil || c.opts.Vouched() }

// get gives the answer of a key if it is still good.
func (c *Cache) get(k key) *answer {
	a, ok := c.answers.GetIfPresent(k)
	if !ok || !c.vouched() {
		return nil
	}
	if !c.good(a) {
		// Not another that was stored meanwhile.
		c.answers.ComputeIfPresent(k, func(now *answer) (*answer, otter.ComputeOp) {
			if now == a {
				return nil, otter.InvalidateOp
			}
			return now, otter.CancelOp
		})
		return nil
	}
	return a
}

// good reports whether an answer is what a fresh one would be.
func (c *Cache) good(a *answer) bool {
	if !a.expires.IsZero() && !c.opts.Now().Before(a.expires) {
		return false
	}
	now := c.ledger.now.Load()
	if a.checked.Load() == now {
		return true
	}
	if c.ledger.since(a.read, a.slots) {
		return false
	}
	a.checked.Store(now)
	return true
}

// flight is an execution on its way, which all who ask the same wait for.
type flight struct {
	read     uint64 // the change before its reading began
	done     chan struct{}
	response *graphql.Response
	answer   *answer // nil when it is not kept
}

// Answer gives the answer of an operation from memory, or by next. What next reads
// is noted in the loader.Response of ctx; late is why an execution ends that takes too
// long.
func (c *Cache) Answer(ctx context.Context, late error, next graphql.ResponseHandler) *graphql.Response {
	if c == nil || !shares(access.Of(ctx)) {
		return next(ctx)
	}
	op, s, ok := surveyed(ctx, c.opts.Now())
	if !ok {
		return next(ctx)
	}
	k, ok := keyOf(op)
	if !ok {
		return next(ctx)
	}
	x := exchangeOf(ctx)
	if x != nil {
		x.name = op.Operation.Name
	}
	if a := c.get(k); a != nil {
		c.counts.hits.Add(1)
		if x != nil {
			x.hit = true
		}
		x.found(k, a)
		return &graphql.Response{Data: a.data()}
	}
	f, first := c.join(k)
	if first {
		c.counts.misses.Add(1)
		go c.fly(context.WithoutCancel(ctx), late, k, f, s, next) // ends within the timeout; Close waits for it
	} else {
		c.counts.joined.Add(1)
	}
	select {
	case <-f.done:
	case <-ctx.Done():
		if errors.Is(context.Cause(ctx), context.Canceled) {
			return nil // the client is gone; the others wait on
		}
		<-f.done // which began no later, and ends in time
	}
	x.found(k, f.answer)
	shared := *f.response // whoever adds to it adds to their own
	shared.Errors = slices.Clone(shared.Errors)
	return &shared
}

// join gives the execution of a key that is on its way, or a new one. One that began
// before the last change is left to those who wait for it: it may have read
// what was before.
func (c *Cache) join(k key) (f *flight, first bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	now := c.ledger.now.Load()
	if f := c.flights[k]; f != nil && f.read == now && c.vouched() {
		return f, false
	}
	f = &flight{read: now, done: make(chan struct{})}
	c.flights[k] = f
	c.running.Add(1)
	return f, true
}

// fly executes an operation for everybody and keeps the answer.
func (c *Cache) fly(ctx context.Context, late error, k key, f *flight, s survey, next graphql.ResponseHandler) {
	defer c.running.Done()
	ctx, cancel := context.WithTimeoutCause(ctx, c.opts.Timeout, late)
	defer cancel()
	defer func() {
		if thrown := recover(); thrown != nil {
			c.opts.Logger.ErrorContext(ctx, "panic", "thrown", thrown)
			f.response, f.answer = &graphql.Response{Errors: gqlerror.List{{Message: "internal error", Extensions: map[string]any{"code": "INTERNAL"}}}}, nil
		}
		c.mu.Lock()
		if c.flights[k] == f {
			delete(c.flights, k)
		}
		c.mu.Unlock()
		close(f.done)
	}()
	f.response = next(access.With(ctx, access.Viewer{}))
	if f.response == nil { // out of time
		f.response = &graphql.Response{Errors: gqlerror.List{{Message: late.Error(), Extensions: map[string]any{"code": "TRY_AGAIN"}}}}
	}
	f.answer = c.keep(k, f, s, &loader.For(ctx).Shown)
}

// keep stores the answer of an execution unless it holds errors, is too large, was
// made from what no event tells of, or is old already.
func (c *Cache) keep(k key, f *flight, s survey, shown *loader.Shown) *answer {
	r := f.response
	if len(r.Errors) > 0 || len(r.Extensions) > 0 || len(r.Data) == 0 {
		return nil
	}
	dependencies, complete := shown.Dependencies()
	if !complete {
		return nil
	}
	tags := slices.Clone(s.wide)
	for _, d := range dependencies {
		more, ok := needed(d, s)
		if !ok {
			return nil
		}
		tags = append(tags, more...)
	}
	a := &answer{read: f.read, body: fmt.Appendf(make([]byte, 0, len(r.Data)+len(`{"data":}`)), `{"data":%s}`, r.Data)}
	sum := sha256.Sum256(a.body)
	a.etag = hex.EncodeToString(sum[:16])
	a.tag, a.length = []string{`W/"` + a.etag + `"`}, []string{strconv.Itoa(len(a.body))}
	seen := make(map[Tag]bool, len(tags))
	for _, t := range tags {
		if seen[t] || c.opts.Forget != nil && c.opts.Forget(t) {
			continue
		}
		seen[t] = true
		a.slots = append(a.slots, c.ledger.slot(t))
	}
	if c.opts.Tags {
		a.tags = tagHeader(seen)
	}
	if s.life > 0 {
		a.expires = c.opts.Now().Add(s.life)
	}
	if int(a.weight()) > c.opts.Bytes/largest || !c.good(a) {
		return nil
	}
	c.answers.Set(k, a)
	c.counts.stored.Add(1)
	return a
}

// maxTagHeader bounds the tags that are sent with an answer; CDNs take 16 KB.
const maxTagHeader = 15_000

// tagHeader gives tags as they are sent; empty when they are too many, so that
// no cache between keeps the answer for long.
func tagHeader(tags map[Tag]bool) string {
	names := make([]string, 0, len(tags))
	for t := range tags {
		names = append(names, t.String())
	}
	slices.Sort(names)
	if header := strings.Join(names, " "); len(header) <= maxTagHeader {
		return header
	}
	return ""
}

// shares reports whether a viewer sees what everybody sees: nobody who is signed
// in, or a reader, without a preview token.
func shares(v access.Viewer) bool {
	return !v.System() && v.Preview == 0 && (v.Role == "" || v.Role == access.Reader)
}
