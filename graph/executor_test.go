package graph_test

import (
	"encoding/json"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/vektah/gqlparser/v2"
	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/validator/rules"

	"github.com/broadsheet-cms/broadsheet"
	"github.com/broadsheet-cms/broadsheet/graph"
	"github.com/broadsheet-cms/broadsheet/internal/access"
	"github.com/broadsheet-cms/broadsheet/internal/testkit/document"
)

// TestExecutorEqualsGqlgens asks random documents, made from the schema, by the
// executor and by gqlgen's own: data and errors are equal, for readers and
// for editors, and they cost no more statements.
func TestExecutorEqualsGqlgens(t *testing.T) {
	t.Parallel()
	schema := loadSchema(t, broadsheet.SDL)
	eachNewsroom(t, func(t *testing.T, n *newsroom) {
		opts := graph.Options{Introspection: graph.Everyone, Limits: unlimited, Logger: slog.New(slog.NewTextHandler(n.errors, nil))}
		ours, gqlgens := graph.Handler(n.Graph(), opts), graph.Handler(n.Graph(), opts.WithReferenceExecutor())
		ids := n.everyID()
		compared, rows := 0, 0
		for seed := uint64(0); compared < 250; seed++ {
			random := rand.New(rand.NewPCG(seed, 2))
			g := document.Generator{Schema: schema, Rand: random, Depth: 5, Width: 5, OneRoot: seed%4 > 0, Argument: func(f *ast.FieldDefinition, a *ast.ArgumentDefinition) string {
				return argumentFor(random, ids, f, a)
			}}
			query := g.Operation("query")
			if _, wrong := gqlparser.LoadQueryWithRules(schema, query, rules.NewDefaultRules()); len(wrong) > 0 {
				continue
			}
			compared++
			viewer := n.holder(t, []access.Role{"", access.Editor, access.Admin}[seed%3])
			body, err := json.Marshal(map[string]any{"query": query, "operationName": "Random", "variables": map[string]any{"a": seed%2 == 0, "b": seed%5 == 0}})
			if err != nil {
				t.Fatal(err)
			}
			type result struct {
				Data   string
				Errors []string
			}
			ask := func() (r result, statements []string) {
				n.send(t, viewer, body) // what is prepared and kept in memory, is so from here on
				n.statements.Take()
				a, _ := n.send(t, viewer, body)
				r.Data = string(a.Data)
				for _, e := range a.Errors {
					r.Errors = append(r.Errors, fmt.Sprintf("%+v", e))
				}
				slices.Sort(r.Errors)
				return r, n.statements.Take()
			}
			n.handler = gqlgens
			want, theirs := ask()
			n.handler = ours
			got, own := ask()
			if diff := cmp.Diff(want, got); diff != "" {
				t.Fatalf("seed %d (-gqlgen +ours):\n%s\n%s", seed, diff, query)
			}
			if len(own) > len(theirs) { // by-lines may have come with their articles

				t.Errorf("seed %d: %d statements, gqlgen's executor needs %d:\n%s\n%s", seed, len(own), len(theirs), query, strings.Join(own, "\n"))
			}
			rows += strings.Count(got.Data, "{")
		}
		if rows < 1000 {
			t.Errorf("only %d objects were compared", rows)
		}
	})
}

// argumentFor gives arguments that find something.
func argumentFor(random *rand.Rand, ids []string, f *ast.FieldDefinition, a *ast.ArgumentDefinition) string {
	pick := func(of ...string) string { return of[random.IntN(len(of))] }
	quoted := func() string { return fmt.Sprintf("%q", pick(ids...)) }
	switch a.Type.Name() {
	case "ID":
		if a.Type.Elem != nil {
			return "[" + quoted() + ", " + quoted() + "]"
		}
		return quoted()
	case "Int":
		return pick("", "2", "5")
	case "ArticleBy", "CategoryBy", "TagBy", "PlaceBy", "SeriesBy", "AuthorBy", "PageBy":
		return "{slug: " + pick(`"ferry-crews-accept-deal"`, `"world"`, `"ports"`, `"oman"`, `"nadia-karim"`, `"slow-water"`, `"terms"`) + "}"
	case "String":
		if a.Type.NonNull {
			return pick(`"words about"`, `"ferry"`, `"/articles/ferry-crews-accept-deal"`)
		}
	}
	if !a.Type.NonNull || a.DefaultValue != nil {
		return ""
	}
	switch a.Type.Name() {
	case "MenuLocation":
		return "HEADER"
	case "AdPlacement":
		return "SIDEBAR"
	case "DateTime":
		return pick(`"2026-03-01T00:00:00Z"`, `"2026-03-03T00:00:00Z"`)
	}
	return fmt.Sprintf("%q", f.Name)
}
