package cache

import (
	"bytes"
	"compress/gzip"
	"context"
	"crypto/sha256"
	"errors"
	"hash"
	"io"
	"math/rand/v2"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/broadsheet-cms/broadsheet/internal/access"
	"github.com/broadsheet-cms/broadsheet/internal/httpheader"
	"github.com/broadsheet-cms/broadsheet/internal/httprecorder"
)

// keyed are the headers of a request that answers may depend on: their values are
// part of what a request is known by. The tests compare them with the headers that
// the endpoint reads.
var keyed = []string{"Accept", "Content-Type", "Content-Encoding", "Upgrade"}

// vary is what answers differ by between caches. A signed-in browser may see more,
// and so may a token.
const vary = "Accept, Accept-Encoding, Authorization, Cookie, X-Broadsheet-Preview"

// Values of headers that are the same in all answers. Nothing changes them: whoever adds to
// them makes a copy, as they are as long as they can be.
var (
	varies = []string{vary}
	asks   = []string{"public, no-cache"}
)

const (
	// mostKnown is the longest body that is looked up by its bytes.
	mostKnown = 32 << 10
	// leastPacked is the shortest answer that is worth compressing.
	leastPacked = 1400
)

// request is what is known of the bytes of a request: which answer it asks for and
// in which media type.
type request struct {
	key      key
	kind     []string
	name     string // of the operation
	document string // id of the registered document that it names; empty: it brings its own
}

// Endpoint is what the cache asks of the endpoint whose answers it keeps.
type Endpoint interface {
	// Unread reports whether a request may be answered by its bytes, without being
	// read by the endpoint.
	Unread(ctx context.Context) bool
	// Registered reports whether a document is still registered.
	Registered(ctx context.Context, id string) bool
	// Answered is told of an operation that was so answered.
	Answered(name string, took time.Duration)
}

// exchange is one request on its way, as both ends of the cache see it.
type exchange struct {
	key      key
	answer   *answer
	hit      bool   // the answer was in memory
	name     string // of the operation
	document string // id of the registered document, if it is one
}

// Named notes that the document of a request was found among those that are
// registered.
func Named(ctx context.Context, id string) {
	if x := exchangeOf(ctx); x != nil {
		x.document = id
	}
}

// Hit reports whether the answer of a request was in memory.
func Hit(ctx context.Context) bool {
	x := exchangeOf(ctx)
	return x != nil && x.hit
}

type exchangeKey struct{}

func exchangeOf(ctx context.Context) *exchange {
	x, _ := ctx.Value(exchangeKey{}).(*exchange)
	return x
}

func (x *exchange) found(k key, a *answer) {
	if x != nil {
		x.key, x.answer = k, a
	}
}

type auditKey struct{}

func auditing(ctx context.Context) bool { return ctx.Value(auditKey{}) != nil }

// Handler answers what is in memory and hands on everything else.
func (c *Cache) Handler(next http.Handler, endpoint Endpoint) http.Handler {
	if c == nil {
		return next
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		// What an operation costs is told beside the answer, and not kept with it.
		if r.Header.Get("X-Broadsheet-Cost") != "" || !shares(access.Of(r.Context())) || r.Method != http.MethodPost && !safe(r) {
			next.ServeHTTP(w, r)
			return
		}
		start := time.Now()
		body, whole, err := readBody(r)
		defer body.release()
		raw := sha256Of(r, body.Bytes())
		if whole && endpoint.Unread(r.Context()) {
			if known, ok := c.known.GetIfPresent(raw); ok && (known.document == "" || endpoint.Registered(r.Context(), known.document)) {
				if a := c.get(known.key); a != nil {
					c.counts.hits.Add(1)
					w.Header()["Content-Type"] = known.kind
					c.write(w, r, a)
					endpoint.Answered(known.name, time.Since(start))
					c.sample(next, r, body.Bytes(), known.key, a)
					return
				}
			}
		}
		body.giveBack(r, whole, err)
		x := &exchange{}
		writer := &writer{ResponseWriter: w, cache: c, request: r, exchange: x}
		next.ServeHTTP(writer, r.WithContext(context.WithValue(r.Context(), exchangeKey{}, x)))
		if whole && x.answer != nil && writer.status == http.StatusOK && !registers(r, body.Bytes()) {
			c.known.Set(raw, request{x.key, slices.Clone(w.Header()["Content-Type"]), x.name, x.document})
		}
	})
}

// registers reports whether a request may register its document by a hash, and so
// must reach the endpoint each time.
func registers(r *http.Request, body []byte) bool {
	const hash = "persistedQuery"
	return strings.Contains(r.URL.RawQuery, hash) && strings.Contains(r.URL.RawQuery, "query=") ||
		bytes.Contains(body, []byte(hash)) && bytes.Contains(body, []byte(`"query"`))
}

// safe reports whether a request asks by its address.
func safe(r *http.Request) bool { return r.Method == http.MethodGet || r.Method == http.MethodHead }

// buffer is the body of a request.
type buffer struct{ *bytes.Buffer }

var buffers = sync.Pool{New: func() any { return new(bytes.Buffer) }}

func (b buffer) release() {
	if b.Cap() <= 2*mostKnown {
		buffers.Put(b.Buffer)
	}
}

// readBody reads a body of moderate length. whole says that there is no more.
func readBody(r *http.Request) (b buffer, whole bool, err error) {
	b = buffer{buffers.Get().(*bytes.Buffer)}
	b.Reset()
	if r.Body == nil || safe(r) {
		return b, true, nil
	}
	if r.ContentLength > mostKnown {
		return b, false, nil
	}
	body := io.Reader(r.Body)
	if r.ContentLength < 0 {
		body = io.LimitReader(body, mostKnown+1)
	}
	n, err := b.ReadFrom(body)
	return b, err == nil && n <= mostKnown, err
}

// giveBack lets whoever comes next read the body from its beginning.
func (b buffer) giveBack(r *http.Request, whole bool, err error) {
	if b.Len() == 0 && err == nil {
		return
	}
	rest := io.Reader(r.Body)
	switch {
	case err != nil:
		rest = failing{err}
	case whole:
		rest = http.NoBody
	}
	r.Body = readCloser{io.MultiReader(bytes.NewReader(b.Bytes()), rest), r.Body}
}

type readCloser struct {
	io.Reader
	io.Closer
}

type failing struct{ err error }

func (f failing) Read([]byte) (int, error) { return 0, f.err }

var hashes = sync.Pool{New: func() any { return sha256.New() }}

// sha256Of is the hash of everything in a request that its answer may depend on.
func sha256Of(r *http.Request, body []byte) (k key) {
	h := hashes.Get().(hash.Hash)
	defer hashes.Put(h)
	h.Reset()
	_, _ = io.WriteString(h, r.Method)
	for _, name := range keyed {
		for _, value := range r.Header[name] {
			_, _ = h.Write([]byte{0})
			_, _ = io.WriteString(h, value)
		}
		_, _ = h.Write([]byte{1})
	}
	_, _ = io.WriteString(h, r.URL.RawQuery)
	_, _ = h.Write([]byte{2})
	_, _ = h.Write(body)
	h.Sum(k[:0])
	return k
}

// write sends a kept answer.
func (c *Cache) write(w http.ResponseWriter, r *http.Request, a *answer) (status int) {
	header := w.Header()
	body := a.body
	if packed := a.packedFor(r); packed != nil {
		body = packed
		header["Content-Encoding"] = []string{"gzip"}
	}
	if header.Get("Cache-Control") == "" { // else it is for one viewer, whoever else gets the same
		c.describe(header, a)
		if safe(r) && httpheader.HasETag(r.Header["If-None-Match"], `"`+a.etag+`"`) {
			header.Del("Content-Encoding")
			w.WriteHeader(http.StatusNotModified)
			return http.StatusNotModified
		}
	}
	if len(body) == len(a.body) {
		header["Content-Length"] = a.length
	} else {
		header["Content-Length"] = []string{strconv.Itoa(len(body))}
	}
	w.WriteHeader(http.StatusOK)
	_, _ = w.Write(body)
	return http.StatusOK
}

// describe says to caches between what they may do with an answer.
func (c *Cache) describe(header http.Header, a *answer) {
	header["Etag"] = a.tag
	if len(header["Vary"]) == 0 {
		header["Vary"] = varies
	} else {
		header.Add("Vary", vary)
	}
	shared := c.opts.SharedAge
	if !a.expires.IsZero() {
		shared = min(shared, a.expires.Sub(c.opts.Now()))
	}
	if shared < time.Second || c.opts.Tags && a.tags == "" {
		header["Cache-Control"] = asks
	} else {
		header["Cache-Control"] = []string{"public, max-age=0, s-maxage=" + strconv.Itoa(int(shared.Seconds()))}
	}
	if a.tags != "" {
		header["Cache-Tag"] = []string{strings.ReplaceAll(a.tags, " ", ",")}
		header["Surrogate-Key"] = []string{a.tags}
	}
}

// packedFor gives the answer compressed, for clients that take it so and where
// that is worth it.
func (a *answer) packedFor(r *http.Request) []byte {
	if len(a.body) < leastPacked || !httpheader.AcceptsGzip(r.Header["Accept-Encoding"]) {
		return nil
	}
	if packed := a.packed.Load(); packed != nil {
		return *packed
	}
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	_, err := z.Write(a.body)
	if err = errors.Join(err, z.Close()); err != nil { // a buffer takes everything
		return nil
	}
	packed := b.Bytes()
	a.packed.Store(&packed)
	return packed
}

// writer sends a kept answer in place of the same one from the transport.
type writer struct {
	http.ResponseWriter
	cache    *Cache
	request  *http.Request
	exchange *exchange
	status   int
	sent     bool // the whole answer is sent
}

func (w *writer) WriteHeader(status int) {
	if w.status != 0 {
		return
	}
	w.status = status
	if w.exchange.answer != nil && status == http.StatusOK {
		w.sent = true
		w.status = w.cache.write(w.ResponseWriter, w.request, w.exchange.answer)
		if w.status == http.StatusNotModified {
			w.status = http.StatusOK // what the request asks for is known all the same
		}
		return
	}
	if w.Header().Get("Cache-Control") == "" {
		w.Header().Set("Cache-Control", "no-store")
	}
	w.ResponseWriter.WriteHeader(status)
}

func (w *writer) Write(data []byte) (int, error) {
	if w.status == 0 {
		w.WriteHeader(http.StatusOK)
	}
	if w.sent {
		return len(data), nil
	}
	return w.ResponseWriter.Write(data)
}

// Unwrap lets http.ResponseController reach the writer below.
func (w *writer) Unwrap() http.ResponseWriter { return w.ResponseWriter }

// WriteString keeps io.WriteString from reaching the writer below.
func (w *writer) WriteString(text string) (int, error) { return w.Write([]byte(text)) }

// sample executes some of the requests that were answered from memory again, one
// at a time, in the background.
func (c *Cache) sample(next http.Handler, r *http.Request, body []byte, k key, a *answer) {
	if c.opts.Audit <= 0 || rand.Float64() >= c.opts.Audit || !a.expires.IsZero() {
		return
	}
	select {
	case c.audits <- struct{}{}:
	default: // one is on its way
		return
	}
	again := r.Clone(access.With(context.WithValue(context.WithoutCancel(r.Context()), auditKey{}, true), access.Viewer{}))
	again.Header.Del("Accept-Encoding")
	body = slices.Clone(body)
	c.mu.Lock()
	c.running.Add(1)
	c.mu.Unlock()
	go func() { // ends within the timeout; Close waits for it
		defer c.running.Done()
		defer func() { <-c.audits }()
		c.audit(next, again, body, k, a)
	}()
}

// audit compares a kept answer with a fresh one. They may differ while the event
// of a change is on its way; one that differs and is good ever after is wrong.
func (c *Cache) audit(next http.Handler, r *http.Request, body []byte, k key, a *answer) {
	ctx, cancel := context.WithTimeout(r.Context(), c.opts.Timeout)
	defer cancel()
	r = r.WithContext(ctx)
	r.Body = io.NopCloser(bytes.NewReader(body))
	fresh := new(httprecorder.Recorder)
	next.ServeHTTP(fresh, r)
	if fresh.Status() != http.StatusOK {
		return
	}
	c.counts.audited.Add(1)
	if bytes.Equal(fresh.Body.Bytes(), a.body) {
		return
	}
	select {
	case <-time.After(c.settle):
	case <-c.ended.Done():
		return
	}
	if !c.good(a) || bytes.HasPrefix(fresh.Body.Bytes(), []byte(`{"errors"`)) {
		return
	}
	c.counts.different.Add(1)
	c.opts.Logger.ErrorContext(ctx, "an answer from memory differs from a fresh one and is dropped", "tags", a.tags, "slots", len(a.slots), "kept", len(a.body), "fresh", fresh.Body.Len())
	c.answers.Invalidate(k)
}
