package graph_test

import (
	"context"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/broadsheet-cms/broadsheet/graph"
	"github.com/broadsheet-cms/broadsheet/graph/cache"
	"github.com/broadsheet-cms/broadsheet/internal/access"
	"github.com/broadsheet-cms/broadsheet/internal/partner"
	"github.com/broadsheet-cms/broadsheet/internal/trusted"
)

// within answers requests as if they were those of a context.
func within(h http.Handler, put func(context.Context) context.Context) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { h.ServeHTTP(w, r.WithContext(put(r.Context()))) })
}

func viewed(h http.Handler, v access.Viewer) http.Handler {
	return within(h, func(ctx context.Context) context.Context { return access.With(ctx, v) })
}

func TestTheSchemaIsForItsAudience(t *testing.T) {
	t.Parallel()
	n := newNewsroom(t)
	roles := map[string]access.Viewer{"nobody": {}, "a reader": {UserID: 1, Role: access.Reader}, "an author": {UserID: 2, Role: access.Author}, "an administrator": {UserID: 3, Role: access.Admin}}
	for audience, may := range map[graph.Audience][]string{
		graph.Everyone: {"nobody", "a reader", "an author", "an administrator"},
		graph.Staff:    {"an author", "an administrator"},
		graph.Nobody:   nil,
	} {
		answers := cache.New(cache.Options{Bytes: 1 << 20})
		t.Cleanup(answers.Close)
		handler := graph.Handler(n.Graph(), graph.Options{Introspection: audience, Cache: answers, Logger: slog.New(slog.NewTextHandler(n.errors, nil))})
		for range 2 { // the second time others were answered
			for who, viewer := range roles {
				as, want := viewed(handler, viewer), slices.Contains(may, who)
				if got := send(t, as, http.MethodPost, "/graphql", `{"query":"{__type(name:\"Article\"){name}}"}`); (len(got.codes) == 0) != want {
					t.Errorf("the schema for %q asked by %s: %s", audience, who, got.Body)
				}
				if got := send(t, as, http.MethodPost, "/graphql", `{"query":"{sit{name}}"}`); strings.Contains(got.Body.String(), "Did you mean") != want {
					t.Errorf("suggestions for %q, to %s: %s", audience, who, got.Body)
				}
			}
		}
	}
}

func TestAKeyMayBeHeldToRegisteredDocuments(t *testing.T) {
	t.Parallel()
	n := newNewsroom(t)
	answers := cache.New(cache.Options{Bytes: 1 << 20})
	t.Cleanup(answers.Close)
	handler := graph.Handler(n.Graph(), graph.Options{Cache: answers, Logger: slog.New(slog.NewTextHandler(n.errors, nil))})
	if _, err := n.Trusted.Push(t.Context(), trusted.Document{ID: "relay-1", Text: aDocument}); err != nil {
		t.Fatal(err)
	}
	keyed := func(only bool) http.Handler {
		key := &partner.Key{ID: 1, TrustedDocumentsOnly: only}
		return within(handler, func(ctx context.Context) context.Context { return partner.With(ctx, key) })
	}
	const other = `{"query":"{site{name}}"}`
	hash := `{"extensions":` + persistedQuery(trusted.Hash("{site{name}}")) + `}`
	for range 2 { // the second time the answer is in memory
		for _, c := range []struct {
			name, body, code string
			handler          http.Handler
		}{
			{"nobody", other, fine, handler},
			{"nobody, with a hash", `{"query":"{site{name}}","extensions":` + persistedQuery(trusted.Hash("{site{name}}")) + `}`, fine, handler},
			{"nobody, by the hash", hash, fine, handler},
			{"a key", other, fine, keyed(false)},
			{"a restricted key", other, "DOCUMENT_NOT_TRUSTED", keyed(true)},
			{"a restricted key, by the hash of another's document", hash, notFound, keyed(true)},
			{"a restricted key, with a registered document", `{"query":"` + aDocument + `"}`, fine, keyed(true)},
			{"a restricted key, by an id", `{"documentId":"relay-1"}`, fine, keyed(true)},
		} {
			got := send(t, c.handler, http.MethodPost, "/graphql", c.body)
			if c.code == fine && len(got.codes) > 0 || c.code != fine && (len(got.codes) != 1 || got.codes[0] != c.code) {
				t.Errorf("%s: %q, want %q: %s", c.name, got.codes, c.code, got.Body)
			}
		}
	}
}

func TestARemovedDocumentIsNotAnsweredFromMemory(t *testing.T) {
	t.Parallel()
	n := newNewsroom(t)
	var mu sync.Mutex
	var observed []graph.Observed
	for _, only := range []bool{false, true} {
		answers := cache.New(cache.Options{Bytes: 1 << 20})
		t.Cleanup(answers.Close)
		handler := graph.Handler(n.Graph(), graph.Options{TrustedOnly: only, Cache: answers, Logger: slog.New(slog.NewTextHandler(n.errors, nil)), Observe: func(o graph.Observed) {
			mu.Lock()
			defer mu.Unlock()
			observed = append(observed, o)
		}})
		if _, err := n.Trusted.Push(t.Context(), trusted.Document{ID: "relay-1", Text: aDocument}); err != nil {
			t.Fatal(err)
		}
		bodies := []string{`{"documentId":"relay-1"}`, `{"documentId":"` + trusted.Hash(aDocument) + `"}`}
		if only {
			bodies = append(bodies, `{"query":"`+aDocument+`"}`)
		}
		observed = nil
		for range 3 {
			for _, body := range bodies {
				if got := send(t, handler, http.MethodPost, "/graphql", body); len(got.codes) > 0 {
					t.Fatalf("%s: %s", body, got.Body)
				}
			}
		}
		// All but the first are answered from memory: by their bytes, or by what they ask.
		executed := slices.DeleteFunc(slices.Clone(observed), func(o graph.Observed) bool { return o.FromMemory })
		if len(observed) != 3*len(bodies) || len(executed) != 1 || slices.ContainsFunc(observed, func(o graph.Observed) bool { return o.Name != "Named" || o.Type != "query" }) {
			t.Errorf("only registered %v: observed %+v", only, observed)
		}
		if hits := answers.Counts().Hits; hits != int64(3*len(bodies)-1) {
			t.Errorf("%d hits", hits)
		}
		if _, err := n.Trusted.Remove(t.Context(), "relay-1", trusted.Hash(aDocument)); err != nil {
			t.Fatal(err)
		}
		for _, body := range bodies {
			if got := send(t, handler, http.MethodPost, "/graphql", body); len(got.codes) != 1 {
				t.Errorf("only registered %v: %s is answered once the document is gone: %s", only, body, got.Body)
			}
		}
	}
}

func TestOperationsOverSocketsTakePlaces(t *testing.T) {
	t.Parallel()
	n := newNewsroom(t)
	full, inside, most := false, 0, 0
	sockets := graph.NewSockets(graph.SocketOptions{Watch: n.Watch, MaxConnections: 10, MaxPerAddress: 10, MaxOperations: 10, Enter: func() (func(), bool) {
		if full {
			return nil, false
		}
		inside++
		most = max(most, inside)
		return func() { inside-- }, true
	}})
	t.Cleanup(sockets.Close)
	handler := graph.Handler(n.Graph(), graph.Options{Sockets: sockets, Logger: slog.New(slog.NewTextHandler(n.errors, nil))})
	ask := func(query string) string {
		r := httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/graphql", strings.NewReader(`{"query":"`+query+`"}`))
		r.Header.Set("Content-Type", "application/json")
		r.Header.Set("Accept", "text/event-stream")
		w := httptest.NewRecorder()
		handler.ServeHTTP(w, r)
		return w.Body.String()
	}
	for _, query := range []string{"{site{__typename}}", "{nosuch}", "subscription{breakingNews{nosuch}}"} {
		if body := ask(query); inside != 0 || strings.Contains(body, "TRY_AGAIN") {
			t.Errorf("%s: %d places are taken for good: %s", query, inside, body)
		}
	}
	if most != 1 {
		t.Errorf("%d places were taken at once, want 1", most)
	}
	full = true
	if body := ask("{site{__typename}}"); !strings.Contains(body, "TRY_AGAIN") {
		t.Errorf("beyond the most: %s", body)
	}
}
