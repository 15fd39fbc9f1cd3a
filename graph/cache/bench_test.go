package cache

import (
	"context"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/broadsheet-cms/broadsheet/ent"
	"github.com/broadsheet-cms/broadsheet/graph/loader"
)

// discard is a client that takes everything.
type discard struct{ header http.Header }

func (d *discard) Header() http.Header         { return d.header }
func (d *discard) Write(b []byte) (int, error) { return len(b), nil }
func (d *discard) WriteHeader(int)             {}

func hit(t testing.TB) func() {
	t.Helper()
	c := New(Options{Bytes: 1 << 20})
	t.Cleanup(c.Close)
	e := &endpoint{cache: c}
	e.run = func(ctx context.Context, _ string) (string, error) {
		loader.Articles.List(ctx, loader.Dependency{List: "latestNews"}, []*ent.Article{{ID: 7}})
		return `"` + strings.Repeat("words ", 1500) + `"`, nil
	}
	handler := c.Handler(http.HandlerFunc(e.serve), open{})
	r := httptest.NewRequest(http.MethodPost, "/graphql", nil)
	body := strings.NewReader("")
	text := strings.Repeat("{ latestNews { nodes { title } } }", 10)
	closer := r.Body
	ask := func() {
		body.Reset(text)
		r.Body = readCloser{body, closer}
		handler.ServeHTTP(&discard{http.Header{}}, r)
	}
	ask()
	return ask
}

func BenchmarkHit(b *testing.B) {
	ask := hit(b)
	b.ReportAllocs()
	for b.Loop() {
		ask()
	}
}
