package cache

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/99designs/gqlgen/graphql"
	"github.com/vektah/gqlparser/v2"
	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/gqlerror"
	"github.com/vektah/gqlparser/v2/validator/rules"

	"github.com/broadsheet-cms/broadsheet"
	"github.com/broadsheet-cms/broadsheet/ent"
	"github.com/broadsheet-cms/broadsheet/graph/loader"
	"github.com/broadsheet-cms/broadsheet/internal/access"
	"github.com/broadsheet-cms/broadsheet/internal/event"
	"github.com/broadsheet-cms/broadsheet/internal/id"
)

// endpoint answers requests whose body is a name by executing an operation of that
// name, and counts that.
type endpoint struct {
	cache    *Cache
	handler  http.Handler
	executed atomic.Int64
	// run is the execution: it gives what stands behind "data".
	run func(ctx context.Context, name string) (string, error)
}

var errLate = errors.New("took too long")

func newEndpoint(t *testing.T, opts Options) *endpoint {
	t.Helper()
	if opts.Bytes == 0 {
		opts.Bytes = 1 << 20
	}
	e := &endpoint{cache: New(opts)}
	t.Cleanup(e.cache.Close)
	e.run = func(ctx context.Context, name string) (string, error) {
		loader.Articles.List(ctx, loader.Dependency{List: "latestNews"}, []*ent.Article{{ID: 7}})
		return fmt.Sprintf(`{"name":%q,"execution":%d}`, name, e.executed.Load()), nil
	}
	e.handler = e.cache.Handler(http.HandlerFunc(e.serve), open{})
	return e
}

// serve is the transport below the cache.
func (e *endpoint) serve(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	name := string(body) + r.URL.Query().Get("query")
	doc := &ast.QueryDocument{Operations: ast.OperationList{{Operation: ast.Query, SelectionSet: ast.SelectionSet{&ast.Field{Name: "latestNews", Alias: "latestNews"}}}}}
	if strings.HasPrefix(name, "search") {
		doc.Operations[0].SelectionSet = ast.SelectionSet{&ast.Field{Name: "search", Alias: "search"}}
	}
	ctx := graphql.WithOperationContext(r.Context(), &graphql.OperationContext{RawQuery: strings.TrimSpace(name), Doc: doc, Operation: doc.Operations[0]})
	response := e.cache.Answer(loader.With(ctx, &loader.Services{}), errLate, func(ctx context.Context) *graphql.Response {
		e.executed.Add(1)
		data, err := e.run(ctx, name)
		if err != nil {
			return &graphql.Response{Errors: gqlerror.List{gqlerror.Wrap(err)}}
		}
		return &graphql.Response{Data: []byte(data)}
	})
	w.Header().Set("Content-Type", "application/json")
	if response == nil {
		return
	}
	if len(response.Errors) > 0 {
		raw, _ := json.Marshal(response) // errors are JSON
		_, _ = w.Write(raw)
		return
	}
	_, _ = io.WriteString(w, `{"data":`)
	_, _ = w.Write(response.Data)
	_, _ = io.WriteString(w, `}`)
}

func (e *endpoint) ask(name string, change ...func(*http.Request)) *httptest.ResponseRecorder {
	r := httptest.NewRequest(http.MethodPost, "/graphql", strings.NewReader(name))
	for _, f := range change {
		f(r)
	}
	w := httptest.NewRecorder()
	e.handler.ServeHTTP(w, r)
	return w
}

func (e *endpoint) tell(t *testing.T, events ...event.Event) {
	t.Helper()
	if err := e.cache.Consume(t.Context(), events); err != nil {
		t.Fatal(err)
	}
}

func published(key int) event.Event {
	return event.Event{Action: event.Published, Entity: id.Article, EntityID: key, Detail: event.Detail{Is: []event.List{{Entity: event.Site}}}}
}

func wantExecuted(t *testing.T, e *endpoint, n int64) {
	t.Helper()
	if got := e.executed.Load(); got != n {
		t.Fatalf("executed %d times, want %d", got, n)
	}
}

func TestAnswersStayUntilAnEventTouchesThem(t *testing.T) {
	t.Parallel()
	e := newEndpoint(t, Options{})
	first := e.ask("a").Body.String()
	if got := e.ask("a").Body.String(); got != first {
		t.Errorf("from memory %s, at first %s", got, first)
	}
	e.ask(" a ") // other bytes, the same document
	wantExecuted(t, e, 1)
	e.tell(t, event.Event{Action: event.Updated, Entity: id.Article, EntityID: 8}, event.Event{Action: event.Updated, Entity: id.Comment, EntityID: 7, Detail: event.Detail{ArticleID: 7}})
	e.ask("a")
	wantExecuted(t, e, 1)
	e.tell(t, event.Event{Action: event.Updated, Entity: id.Article, EntityID: 7}) // a row that it shows
	e.ask("a")
	wantExecuted(t, e, 2)
	e.tell(t, published(9)) // into the list
	e.ask("a")
	wantExecuted(t, e, 3)
	e.tell(t, event.Event{Action: event.Missed})
	e.ask("a")
	wantExecuted(t, e, 4)
	e.tell(t, event.Event{Action: event.Updated, Entity: "new"}) // of what it does not know
	e.ask("a")
	wantExecuted(t, e, 5)
}

// An answer that was read before a commit is not given after the commit's event.
func TestWhatWasReadBeforeAChangeIsNotKeptAfterIt(t *testing.T) {
	t.Parallel()
	e := newEndpoint(t, Options{})
	reads, goOn := make(chan struct{}), make(chan struct{})
	plain := e.run
	e.run = func(ctx context.Context, name string) (string, error) {
		data, err := plain(ctx, name)
		reads <- struct{}{}
		<-goOn
		return data, err
	}
	done := make(chan struct{})
	go func() { defer close(done); e.ask("a") }()
	<-reads
	e.tell(t, published(9))
	later := make(chan string)
	go func() { later <- e.ask("a").Body.String() }() // must not join the first
	<-reads
	goOn <- struct{}{}
	goOn <- struct{}{}
	<-done
	if got := <-later; !strings.Contains(got, `"execution":2`) {
		t.Errorf("who asked after the change got %s", got)
	}
	e.run = plain
	if got := e.ask("a").Body.String(); strings.Contains(got, `"execution":1`) {
		t.Errorf("kept %s", got)
	}
}

func TestEqualRequestsAreExecutedOnceAndOutliveTheFirst(t *testing.T) {
	t.Parallel()
	e := newEndpoint(t, Options{})
	reads, goOn := make(chan struct{}), make(chan struct{})
	e.run = func(ctx context.Context, _ string) (string, error) {
		close(reads)
		<-goOn
		return `{"ok":true}`, ctx.Err()
	}
	ctx, leave := context.WithCancel(t.Context())
	first := make(chan string)
	go func() {
		first <- e.ask("a", func(r *http.Request) { *r = *r.WithContext(ctx) }).Body.String()
	}()
	<-reads
	leave()
	if got := <-first; got != "" {
		t.Errorf("who left got %q", got)
	}
	second := make(chan string)
	go func() { second <- e.ask("a").Body.String() }()
	for e.cache.Counts().Joined == 0 {
		time.Sleep(time.Millisecond)
	}
	close(goOn)
	if got := <-second; got != `{"data":{"ok":true}}` {
		t.Errorf("who joined got %q", got)
	}
	wantExecuted(t, e, 1)
}

func TestErrorsAndPrivateAnswersAreNotKept(t *testing.T) {
	t.Parallel()
	e := newEndpoint(t, Options{})
	e.run = func(context.Context, string) (string, error) { return "", errors.New("no") }
	for range 2 {
		if w := e.ask("a"); !strings.Contains(w.Body.String(), `"errors"`) || w.Header().Get("Cache-Control") != "no-store" {
			t.Errorf("%v %s", w.Header(), w.Body)
		}
	}
	wantExecuted(t, e, 2)
	e.run = func(context.Context, string) (string, error) { return "{}", nil }
	e.ask("search a")
	e.ask("search a")
	wantExecuted(t, e, 4)
	e.run = func(ctx context.Context, _ string) (string, error) {
		loader.Articles.List(ctx, loader.Dependency{List: "of a new kind"}, nil)
		return "{}", nil
	}
	e.ask("b")
	e.ask("b")
	wantExecuted(t, e, 6)
	e.run = func(context.Context, string) (string, error) { panic("thrown") }
	if got := e.ask("c").Body.String(); !strings.Contains(got, "INTERNAL") {
		t.Errorf("after a panic: %s", got)
	}
}

func as(v access.Viewer) func(*http.Request) {
	return func(r *http.Request) { *r = *r.WithContext(access.With(r.Context(), v)) }
}

func TestWhoSeesMoreIsNotAnsweredFromMemory(t *testing.T) {
	t.Parallel()
	e := newEndpoint(t, Options{})
	e.ask("a")
	reader := httptest.NewRecorder()
	reader.Header().Set("Cache-Control", "private, no-store") // as the sign-in says
	r := httptest.NewRequest(http.MethodPost, "/graphql", strings.NewReader("a"))
	e.handler.ServeHTTP(reader, r.WithContext(access.With(r.Context(), access.Viewer{UserID: 1, Role: access.Reader})))
	wantExecuted(t, e, 1)
	if h := reader.Header(); h.Get("Cache-Control") != "private, no-store" || h.Get("ETag") != "" {
		t.Errorf("a reader who is signed in got %v", h)
	}
	e.ask("a", as(access.Viewer{Preview: 3}))
	wantExecuted(t, e, 2)
	for i, role := range []access.Role{access.Contributor, access.Author, access.Moderator, access.Editor, access.Admin} {
		e.ask("a", as(access.Viewer{UserID: 1, Role: role}))
		wantExecuted(t, e, int64(3+i))
	}
}

func TestCachesBetweenAreTold(t *testing.T) {
	t.Parallel()
	e := newEndpoint(t, Options{Tags: true, SharedAge: time.Minute})
	e.run = func(ctx context.Context, _ string) (string, error) {
		loader.Articles.List(ctx, loader.Dependency{List: "latestNews"}, []*ent.Article{{ID: 7}})
		return `"` + strings.Repeat("words ", 1000) + `"`, nil
	}
	get := func(change func(http.Header)) *httptest.ResponseRecorder {
		r := httptest.NewRequest(http.MethodGet, "/graphql?query=a", nil)
		change(r.Header)
		w := httptest.NewRecorder()
		e.handler.ServeHTTP(w, r)
		return w
	}
	var etag string
	for range 2 { // executed, and from memory
		w := get(func(http.Header) {})
		h := w.Header()
		etag = h.Get("ETag")
		if etag == "" || h.Get("Cache-Tag") != "art-7,list-site" || h.Get("Surrogate-Key") != "art-7 list-site" || h.Get("Cache-Control") != "public, max-age=0, s-maxage=60" ||
			!strings.Contains(h.Get("Vary"), "Cookie") || h.Get("Content-Length") != fmt.Sprint(w.Body.Len()) {
			t.Errorf("%v", h)
		}
		packed := get(func(h http.Header) { h.Set("Accept-Encoding", "br, gzip") })
		z, err := gzip.NewReader(packed.Body)
		if err != nil || packed.Header().Get("Content-Encoding") != "gzip" {
			t.Fatalf("%v %v", packed.Header(), err)
		}
		if plain, err := io.ReadAll(z); err != nil || !bytes.Equal(plain, w.Body.Bytes()) {
			t.Errorf("compressed differs: %v", err)
		}
		if has := get(func(h http.Header) { h.Set("If-None-Match", `"x", `+etag) }); has.Code != http.StatusNotModified || has.Body.Len() > 0 {
			t.Errorf("%d %s", has.Code, has.Body)
		}
	}
	wantExecuted(t, e, 1)
	if plain := get(func(h http.Header) { h.Set("Accept-Encoding", "gzip;q=0") }); plain.Header().Get("Content-Encoding") != "" {
		t.Error("compressed for a client that does not want it")
	}
	long := map[Tag]bool{}
	for i := range 3000 {
		long[Tag{"art", i}] = true
	}
	if got := tagHeader(long); got != "" {
		t.Errorf("%d bytes of tags", len(got))
	}
}

// Requests that nobody repeats neither take more memory nor push out what is asked
// all the time.
func TestUnknownRequestsDoNotPushOutWhatIsHot(t *testing.T) {
	t.Parallel()
	e := newEndpoint(t, Options{Bytes: 200_000})
	e.run = func(ctx context.Context, name string) (string, error) {
		loader.Articles.List(ctx, loader.Dependency{List: "latestNews"}, nil)
		return `"` + strings.Repeat(name[:1], 2000) + `"`, nil
	}
	hot := func() {
		for i := range 10 {
			e.ask(fmt.Sprintf("hot %d", i))
		}
	}
	for range 20 {
		hot()
	}
	for i := range 5000 {
		e.ask(fmt.Sprintf("x%d", i))
		if i%20 == 0 {
			hot()
		}
	}
	e.cache.answers.CleanUp()
	if n := e.cache.Counts(); n.Bytes > 250_000 {
		t.Errorf("%d bytes", n.Bytes)
	}
	before := e.executed.Load()
	hot()
	if again := e.executed.Load() - before; again > 1 {
		t.Errorf("%d of 10 hot answers were pushed out", again)
	}
}

func TestNothingIsGivenUnheard(t *testing.T) {
	t.Parallel()
	var heard atomic.Bool
	e := newEndpoint(t, Options{Vouched: heard.Load})
	e.ask("a")
	e.ask("a")
	wantExecuted(t, e, 2)
	heard.Store(true)
	e.ask("a")
	wantExecuted(t, e, 2)
}

func TestTimeBoundsAnswers(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 12, 31, 23, 59, 0, 0, time.UTC)
	for query, want := range map[string]time.Duration{
		`{ site { name } }`:      0,
		`{ site { copyright } }`: time.Minute,
		`{ mostRead { title } site { ...s } } fragment s on Site { copyright }`: 5 * time.Second,
		`{ latestNews { nodes { commentCount } } }`:                             0,
		`{ ...q } fragment q on Query { ... { mostRead { title } } }`:           5 * time.Second,
	} {
		doc, err := gqlparser.LoadQueryWithRules(schema(t), query, rules.NewDefaultRules())
		if err != nil {
			t.Fatal(err)
		}
		s, ok := look(&graphql.OperationContext{Doc: doc, Operation: doc.Operations[0]}, now)
		if !ok || s.life != want {
			t.Errorf("%s: %v %v, want %v", query, s.life, ok, want)
		}
	}
}

func TestAuditsFindWhatIsOld(t *testing.T) {
	t.Parallel()
	e := newEndpoint(t, Options{Audit: 1})
	e.cache.settle = time.Millisecond
	e.ask("a")
	e.ask("a") // its audit executes it again, and finds another number
	e.cache.running.Wait()
	if got := e.cache.Counts().Different; got != 1 {
		t.Fatalf("%d differences were found, want 1", got)
	}
	e.cache.answers.CleanUp()
	before := e.executed.Load()
	e.ask("a")
	if e.executed.Load() == before {
		t.Error("an answer that differed was not dropped")
	}
}

func schema(t *testing.T) *ast.Schema {
	t.Helper()
	s, err := gqlparser.LoadSchema(&ast.Source{Input: broadsheet.SDL})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// Every root field is kept, or not for a reason, or needs a capability.
func TestEveryRootFieldIsDecided(t *testing.T) {
	t.Parallel()
	s := schema(t)
	var fields []string
	for _, f := range s.Query.Fields {
		_, kept := public[f.Name]
		_, not := private[f.Name]
		guarded := f.Directives.ForName("auth") != nil
		if kept == (not || guarded) {
			t.Errorf("%s: kept %v, not kept %v, needs a capability %v", f.Name, kept, not, guarded)
		}
		fields = append(fields, f.Name)
	}
	for name := range public {
		if !slices.Contains(fields, name) && !strings.HasPrefix(name, "__") {
			t.Errorf("there is no root field %s", name)
		}
	}
}

// open is an endpoint that refuses nobody.
type open struct{}

func (open) Unread(context.Context) bool             { return true }
func (open) Registered(context.Context, string) bool { return true }
func (open) Answered(string, time.Duration)          {}
