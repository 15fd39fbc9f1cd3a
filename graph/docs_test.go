package graph_test

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"gocloud.dev/blob/memblob"

	"github.com/broadsheet-cms/broadsheet/graph"
	"github.com/broadsheet-cms/broadsheet/graph/document"
	"github.com/broadsheet-cms/broadsheet/internal/app"
	"github.com/broadsheet-cms/broadsheet/internal/demo"
	"github.com/broadsheet-cms/broadsheet/internal/store"
	"github.com/broadsheet-cms/broadsheet/internal/testkit"
)

// TestDocs asks every operation that the documentation shows of the demo
// newsroom, as a reader who tries it would. Each must be answered without an
// error, and with something to see at its first level.
//
// An operation is a block fenced as graphql. A block fenced as json right
// behind it holds its variables.
func TestDocs(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob("../docs/*.md")
	if err != nil {
		t.Fatal(err)
	}
	n := demoNewsroom(t)
	asked := 0
	for _, file := range append(files, "../README.md") {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for _, o := range operations(t, string(text)) {
			if strings.Contains(o.query, "mutation ") || asLine.MatchString(o.query) {
				continue // of editors.md: TestEditorsDay runs them in their order
			}
			asked++
			if strings.HasPrefix(o.query, "subscription ") { // it waits for what happens
				if _, errs := graph.Documents(document.Limits{}).Load(t.Context(), o.query); len(errs) > 0 {
					t.Errorf("%s: %v", o.name, errs)
				}
				continue
			}
			t.Run(filepath.Base(file)+"/"+o.name, func(t *testing.T) {
				got, raw := n.post(t, o.query, o.variables)
				if len(got.Errors) > 0 {
					t.Fatalf("errors: %s\nof: %s", raw, o.query)
				}
				var fields map[string]json.RawMessage
				if err := json.Unmarshal(got.Data, &fields); err != nil {
					t.Fatal(err)
				}
				for name, value := range fields {
					if bytes.Equal(value, []byte("null")) {
						t.Errorf("%s is null, which shows nothing to a reader", name)
					}
				}
			})
		}
	}
	if asked == 0 {
		t.Error("no operations found")
	}
}

// demoNewsroom is the endpoint of the demo newsroom.
func demoNewsroom(t *testing.T) *newsroom {
	t.Helper()
	bucket := memblob.OpenBucket(nil)
	t.Cleanup(func() { _ = bucket.Close() })
	n := &newsroom{Services: app.NewServices(testkit.Open(t, testkit.URL(t, store.SQLite), store.Options{}), bucket)}
	if err := demo.Load(t.Context(), n.Demo(), n.Articles.Now()); err != nil {
		t.Fatal(err)
	}
	n.handler = graph.Handler(n.Graph(), graph.Options{Introspection: graph.Everyone})
	return n
}

// operation is one that a document shows.
type operation struct {
	name, query string
	variables   map[string]any
}

var (
	fenced        = regexp.MustCompile("(?s)```graphql\n(.*?)```(?:\n+```json\n(.*?)```)?")
	operationName = regexp.MustCompile(`(?m)^(?:query|mutation) (\w+)`)
)

// operations are those of a document in Markdown.
func operations(t *testing.T, text string) (all []operation) {
	t.Helper()
	for _, m := range fenced.FindAllStringSubmatch(strings.ReplaceAll(text, "\r\n", "\n"), -1) {
		o := operation{query: m[1]}
		if name := operationName.FindStringSubmatch(o.query); name != nil {
			o.name = name[1]
		}
		if m[2] != "" {
			if err := json.Unmarshal([]byte(m[2]), &o.variables); err != nil {
				t.Fatalf("variables of %s: %v", o.name, err)
			}
		}
		all = append(all, o)
	}
	return all
}
