package graph_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/vektah/gqlparser/v2"
	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/validator/rules"

	"github.com/broadsheet-cms/broadsheet"
	"github.com/broadsheet-cms/broadsheet/ent"
	"github.com/broadsheet-cms/broadsheet/ent/article"
	"github.com/broadsheet-cms/broadsheet/graph"
	"github.com/broadsheet-cms/broadsheet/graph/cache"
	"github.com/broadsheet-cms/broadsheet/internal/access"
	"github.com/broadsheet-cms/broadsheet/internal/app"
	"github.com/broadsheet-cms/broadsheet/internal/content"
	"github.com/broadsheet-cms/broadsheet/internal/event"
	"github.com/broadsheet-cms/broadsheet/internal/richtext"
	"github.com/broadsheet-cms/broadsheet/internal/store"
	"github.com/broadsheet-cms/broadsheet/internal/testkit"
	"github.com/broadsheet-cms/broadsheet/internal/testkit/document"
)

// plant is a mistake that is made on purpose.
type plant struct {
	forget func(cache.Tag) bool   // a tag that is not noted
	lose   func(event.Event) bool // an event that is not told
}

// node is one server of several on one database.
type node struct {
	*app.Services
	answers       *cache.Cache
	cached, fresh http.Handler

	mu    sync.Mutex
	heard map[int]bool
	came  chan struct{}
}

// Name implements event.Consumer.
func (*node) Name() string { return "test" }

// Consume implements event.Consumer. It is told after the cache.
func (n *node) Consume(_ context.Context, events []event.Event) error {
	n.mu.Lock()
	defer n.mu.Unlock()
	for _, e := range events {
		if e.Entity == event.Pick {
			n.heard[e.EntityID] = true
		}
	}
	close(n.came)
	n.came = make(chan struct{})
	return nil
}

// losing is a consumer that is not told of everything.
type losing struct {
	event.Consumer
	lose func(event.Event) bool
}

func (l losing) Consume(ctx context.Context, events []event.Event) error {
	return l.Consumer.Consume(ctx, slices.DeleteFunc(slices.Clone(events), l.lose))
}

func newNode(t *testing.T, services *app.Services, p plant) *node {
	t.Helper()
	n := &node{Services: services, heard: map[int]bool{}, came: make(chan struct{})}
	n.answers = cache.New(cache.Options{Bytes: 32 << 20, Vouched: n.Log.Hears, Forget: p.forget, Logger: slog.New(slog.NewTextHandler(t.Output(), nil))})
	var consumer event.Consumer = n.answers
	if p.lose != nil {
		consumer = losing{n.answers, p.lose}
	}
	n.Log.EveryNode(consumer)
	n.Log.EveryNode(n)
	opts := graph.Options{Limits: unlimited, Logger: slog.New(slog.NewTextHandler(t.Output(), nil))}
	n.fresh = graph.Handler(n.Graph(), opts)
	opts.Cache = n.answers
	n.cached = graph.Handler(n.Graph(), opts)
	ctx, cancel := context.WithCancel(context.Background())
	var group sync.WaitGroup
	group.Go(func() { _ = n.DB.Listen(ctx, n.Log.Wake) })
	group.Go(func() { _ = n.Log.Run(ctx) })
	t.Cleanup(func() {
		cancel()
		group.Wait()
		n.answers.Close()
	})
	for !n.Log.Hears() {
		n.wait(t)
	}
	return n
}

// wait waits until something was told, or for a moment.
func (n *node) wait(t *testing.T) {
	t.Helper()
	n.mu.Lock()
	came := n.came
	n.mu.Unlock()
	select {
	case <-came:
	case <-time.After(10 * time.Millisecond):
	case <-t.Context().Done():
		t.Fatal(t.Context().Err())
	}
}

// hears waits until this node was told of everything that is committed.
func (n *node) hears(t *testing.T, by *node, serial int) {
	t.Helper()
	mark := 1_000_000 + serial
	err := by.DB.Tx(t.Context(), func(ctx context.Context) error {
		return by.Log.Append(ctx, event.Event{Action: event.Updated, Entity: event.Pick, EntityID: mark})
	})
	if err != nil {
		t.Fatal(err)
	}
	for {
		n.mu.Lock()
		heard := n.heard[mark]
		n.mu.Unlock()
		if heard {
			return
		}
		n.wait(t)
	}
}

func ask(h http.Handler, body []byte) string {
	r := httptest.NewRequest(http.MethodPost, "/graphql", bytes.NewReader(body))
	r.Header.Set("Content-Type", "application/json")
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	raw, _ := io.ReadAll(w.Body) // from memory
	return string(raw)
}

// proof changes things on two nodes and compares answers from memory with fresh
// ones.
type proof struct {
	*room
	nodes    [2]*node
	random   *rand.Rand
	schema   *ast.Schema
	headline [][]byte
	changes  []string
	compared int
	wrong    []string
}

func newProof(t *testing.T, url string, seed uint64, p plant) *proof {
	t.Helper()
	x := &proof{random: rand.New(rand.NewPCG(seed, 3)), schema: loadSchema(t, broadsheet.SDL)}
	x.room = &room{newsroom: openNewsroom(t, url), people: map[access.Role]access.Viewer{"": {}}}
	for _, role := range access.Roles() {
		x.people[role] = member(t, x.DB, role, 1)
	}
	x.other = member(t, x.DB, access.Author, 2)
	x.nodes[0] = newNode(t, x.Services, p)
	second := app.NewServices(testkit.Open(t, url, store.Options{}), x.bucket)
	second.Articles.Now = x.Articles.Now
	x.nodes[1] = newNode(t, second, p)
	documents, err := filepath.Glob("testdata/golden/*.graphql")
	if err != nil || len(documents) == 0 {
		t.Fatalf("no documents: %v", err)
	}
	for _, path := range documents {
		if query, variables := readDocument(t, path); roleOf(query) == "" {
			x.headline = append(x.headline, must[[]byte](t)(json.Marshal(map[string]any{"query": query, "variables": variables})))
		}
	}
	for name := range permissionTable {
		if strings.HasPrefix(name, "Mutation.") {
			x.changes = append(x.changes, name)
		}
	}
	x.changes = append(x.changes, slices.Sorted(maps.Keys(x.otherChanges(t)))...)
	slices.Sort(x.changes)
	return x
}

// otherChanges are made by no mutation.
func (x *proof) otherChanges(t *testing.T) map[string]func(a *ent.Article) error {
	t.Helper()
	ctx := access.AsSystem(t.Context())
	return map[string]func(a *ent.Article) error{
		"an import, related later": func(*ent.Article) error {
			_, err := x.Articles.Save(content.DeferRelated(ctx), x.draft(article.StatusPublished), x.draft(article.StatusDraft))
			return err
		},
		"what is related": func(*ent.Article) error { return x.Articles.CompleteRelated(ctx, nil) },
		"all that is related": func(*ent.Article) error {
			return x.Articles.RebuildRelated(ctx, nil)
		},
		"a refresh": func(a *ent.Article) error { return x.Articles.Refresh(ctx, []int{a.ID}) },
	}
}

// draft is an article that belongs to much.
func (x *proof) draft(status article.Status) *content.Draft {
	x.serial++
	at := x.Articles.Now().Add(time.Duration(x.serial) * time.Second)
	later := x.Newsroom.Now().Add(time.Hour)
	pick := func(n int) *int { return new(1 + x.random.IntN(n)) }
	d := &content.Draft{Title: fmt.Sprintf("Ferry story %d about ports", x.serial), Status: status, PrimaryCategory: pick(3), Tags: []int{*pick(2)}, Authors: []int{*pick(2)},
		Places: []int{1}, Series: pick(1), FeaturedMedia: pick(1), Excerpt: "Crews and islands",
		Body: []richtext.Block{{Kind: richtext.Paragraph, HTML: "The ferry crews of the islands accept."}}}
	switch status {
	case article.StatusPublished:
		d.PublishedAt = &at
	case article.StatusScheduled:
		d.ScheduledAt = &later
	case article.StatusEmbargoed:
		d.EmbargoUntil = &later
	}
	return d
}

// about are operations about one article, and some random ones.
func (x *proof) about(t *testing.T, a *ent.Article) [][]byte {
	t.Helper()
	key, slug := a.PublicID(), a.Slug
	queries := []string{
		fmt.Sprintf(`{ article(by: {id: %q}) { title subtitle slug commentCount bodyHtml correctedAt: publishedAt authors { name } tags { name } categories { name } primaryCategory { name parent { name } }
			commentPolicy { mode } corrections { note } liveEntries { title isPinned } previous { title } next(scope: CATEGORY) { title } relatedArticles { edges { score node { title } } } } }`, key),
		fmt.Sprintf(`{ article(by: {slug: %q}) { title comments(first: 5) { totalCount { value } nodes { body isPinned isThreadClosed removal { reason } author { name } reactions { kind count } replies(first: 3) { nodes { body } } } } pinnedComments { body } } }`, slug),
		fmt.Sprintf(`{ node(id: %q) { id ... on Article { title status } } route(path: "/articles/%s") { statusCode path } }`, key, slug),
		`{ tag(by: {name: "Ferries"}) { id url } renamed: tag(by: {name: "Ports"}) { id } category(by: {name: "Ferries"}) { id } author(by: {name: "Ferries"}) { id name } place(by: {name: "Lebanon"}) { url } }`,
		`{ latestNews(first: 5) { totalCount { value } nodes { title commentCount } } categories { name slug latestNews(first: 3) { nodes { title } } } tags(first: 10) { nodes { name latestNews(first: 2) { nodes { title } } } } }`,
		`{ site { name description copyright } menu(location: HEADER) { items { label url children { label } } } adSlots(placement: FOOTER) { name width } authors { name latestNews(first: 2) { nodes { title } } } places { name } corrections(first: 5) { nodes { note article { title } } } picks { title } }`,
	}
	ids := append(x.everyID(), key)
	for len(queries) < 12 {
		g := document.Generator{Schema: x.schema, Rand: x.random, Depth: 4, Width: 5, Argument: func(f *ast.FieldDefinition, of *ast.ArgumentDefinition) string {
			return argumentFor(x.random, ids, f, of)
		}}
		query := g.Operation("query")
		if _, wrong := gqlparser.LoadQueryWithRules(x.schema, query, rules.NewDefaultRules()); len(wrong) > 0 || strings.Contains(query, "mostRead") {
			continue
		}
		queries = append(queries, query)
	}
	bodies := slices.Clone(x.headline)
	for _, query := range queries {
		body := map[string]any{"query": query}
		if strings.HasPrefix(query, "query Random") {
			body["variables"] = map[string]any{"a": true, "b": false}
		}
		bodies = append(bodies, must[[]byte](t)(json.Marshal(body)))
	}
	return bodies
}

// step makes one change and compares all answers after it.
func (x *proof) step(t *testing.T, name string) {
	t.Helper()
	p := permissionTable[name]
	status := p.status
	if status == "" && x.random.IntN(2) == 0 {
		status = article.StatusPublished
	}
	d := x.draft(status)
	if p.trashed {
		d.TrashedAt = new(x.Newsroom.Now())
	}
	viewer := x.people[access.Admin]
	d.CreatedBy = &viewer.UserID
	a := must[[]*ent.Article](t)(x.Articles.Save(access.AsSystem(t.Context()), d))[0]
	var change func() error
	by := x.nodes[x.random.IntN(2)]
	if p.document != "" {
		query := x.fill(t, viewer, p, func() *ent.Article { return a })
		change = func() error {
			x.handler = by.fresh
			if got, raw := x.askAs(t, viewer, query, nil); len(got.Errors) > 0 && !strings.Contains(string(raw), "UNAUTHENTICATED") {
				return fmt.Errorf("%s: %s", query, raw)
			}
			return nil
		}
	} else {
		by = x.nodes[0]
		made := x.otherChanges(t)[name]
		change = func() error { return made(a) }
	}
	// What was prepared above may have been written past the services.
	for _, n := range x.nodes {
		n.answers.Drop()
	}
	bodies := x.about(t, a)
	for _, body := range bodies {
		for _, n := range x.nodes {
			ask(n.cached, body)
			ask(n.cached, body)
		}
	}
	var ended atomic.Bool
	var group sync.WaitGroup
	for i := range x.nodes { // answers are read and stored while the change is made
		group.Go(func() {
			for at := i; !ended.Load(); at++ {
				ask(x.nodes[i].cached, bodies[at%len(bodies)])
			}
		})
	}
	err := change()
	x.compare(by, by, name, bodies)
	ended.Store(true)
	group.Wait()
	if err != nil {
		t.Errorf("%s: %v", name, err)
	}
	x.compare(by, by, name, bodies)
	other := x.nodes[0]
	if by == other {
		other = x.nodes[1]
	}
	other.hears(t, by, x.serial)
	x.compare(other, by, name, bodies)
}

func (x *proof) compare(cached, fresh *node, name string, bodies [][]byte) {
	for _, body := range bodies {
		x.compared++
		if kept, want := ask(cached.cached, body), ask(fresh.fresh, body); kept != want {
			x.wrong = append(x.wrong, fmt.Sprintf("after %s, of %s\nkept  %.4000s\nfresh %.4000s", name, body, kept, want))
		}
	}
}

// silentChanges are mutations whose effects are no part of this proof: they end the
// accounts that it acts as.
var silentChanges = []string{"Mutation.deleteAccount", "Mutation.signOut"}

// TestCachedAnswersAreFresh makes changes by mutations and services on two nodes,
// and compares every headline operation, operations about what changed and random
// ones from memory with fresh answers: on the node that took the change as soon as it
// is answered, on the other as soon as it has heard of it.
func TestCachedAnswersAreFresh(t *testing.T) {
	t.Parallel()
	testkit.Long(t)
	testkit.EachURL(t, func(t *testing.T, url string) {
		prove(t, url, 1, func(done int) bool { return done >= 25 })
	})
}

// TestSoakCachedAnswers is TestCachedAnswersAreFresh for as long as BROADSHEET_SOAK
// says.
func TestSoakCachedAnswers(t *testing.T) {
	testkit.Long(t)
	duration, long := testkit.Soak(t)
	if !long {
		duration = time.Second
	}
	testkit.EachURL(t, func(t *testing.T, url string) {
		end := time.Now().Add(duration)
		prove(t, url, rand.Uint64(), func(done int) bool { return done > 0 && time.Now().After(end) })
	})
}

func prove(t *testing.T, url string, seed uint64, enough func(done int) bool) {
	t.Helper()
	x := newProof(t, url, seed, plant{})
	changes := slices.DeleteFunc(slices.Clone(x.changes), func(name string) bool { return slices.Contains(silentChanges, name) })
	for done := 0; !enough(done); done++ {
		if done%len(changes) == 0 {
			x.random.Shuffle(len(changes), func(i, j int) { changes[i], changes[j] = changes[j], changes[i] })
		}
		x.step(t, changes[done%len(changes)])
		if len(x.wrong) > 0 {
			t.Fatalf("seed %d: %s", seed, x.wrong[0])
		}
	}
	hits := x.nodes[0].answers.Counts().Hits + x.nodes[1].answers.Counts().Hits
	t.Logf("seed %d: %d answers compared, %d given from memory", seed, x.compared, hits)
	if hits < int64(x.compared)/4 {
		t.Errorf("of %d answers only %d came from memory", x.compared, hits)
	}
}

// TestProofFindsPlantedMistakes leaves tags out of answers and events untold: the
// proof above finds each.
func TestProofFindsPlantedMistakes(t *testing.T) {
	t.Parallel()
	testkit.Long(t)
	tag := func(of string) func(cache.Tag) bool { return func(t cache.Tag) bool { return t.Of == of } }
	for name, m := range map[string]struct {
		plant  plant
		change string
	}{
		"a list without a tag":     {plant{forget: func(t cache.Tag) bool { return t.Of == "list-site" || t.Of == "live" }}, "Mutation.publishArticle"},
		"an article without a tag": {plant{forget: func(t cache.Tag) bool { return t.Of == "art" || t.Of == "live" || strings.HasPrefix(t.Of, "list-") }}, "Mutation.correctArticle"},
		"settings without a tag":   {plant{forget: tag("directory")}, "Mutation.updateSite"},
		"comments untold":          {plant{lose: func(e event.Event) bool { return e.Entity == "com" }}, "Mutation.removeComment"},
		"articles untold":          {plant{lose: func(e event.Event) bool { return e.Entity == "art" }}, "Mutation.unpublishArticle"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			x := newProof(t, testkit.URL(t, store.SQLite), 1, m.plant)
			x.step(t, m.change)
			if len(x.wrong) == 0 {
				t.Errorf("%s was not found by %d comparisons", name, x.compared)
			}
		})
	}
}
