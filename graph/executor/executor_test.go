package executor_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"hash/fnv"
	"math/rand/v2"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/99designs/gqlgen/graphql"
	gqlexecutor "github.com/99designs/gqlgen/graphql/executor"
	"github.com/google/go-cmp/cmp"
	"github.com/vektah/gqlparser/v2"
	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/gqlerror"
	"github.com/vektah/gqlparser/v2/validator/rules"

	"github.com/broadsheet-cms/broadsheet/graph/executor"
	"github.com/broadsheet-cms/broadsheet/graph/executor/sample"
	"github.com/broadsheet-cms/broadsheet/graph/executor/sample/generated"
	"github.com/broadsheet-cms/broadsheet/graph/executor/sample/reference"
	"github.com/broadsheet-cms/broadsheet/internal/testkit"
	"github.com/broadsheet-cms/broadsheet/internal/testkit/document"
)

// outcome is what a resolver does: it depends on the seed and on the path in the
// answer, so two executors that agree on paths see the same.
type outcome struct {
	seed   uint64
	faults bool

	mu    sync.Mutex
	calls []string
}

func (o *outcome) at(ctx context.Context) (kind int, hash uint64) {
	path := graphql.GetPath(ctx).String()
	h := fnv.New64a()
	_, _ = fmt.Fprintf(h, "%d %s", o.seed, path)
	hash = h.Sum64()
	o.mu.Lock()
	o.calls = append(o.calls, path)
	o.mu.Unlock()
	if !o.faults {
		return 9, hash
	}
	return int(hash % 20), hash
}

// answer gives a value, its absence, an error or a panic.
func answer[T any](ctx context.Context, o *outcome, give func(hash uint64) T) (T, error) {
	var none T
	switch kind, hash := o.at(ctx); kind {
	case 0:
		return none, errors.New("the resolver failed")
	case 1:
		return none, &gqlerror.Error{Message: "an error with a code", Extensions: map[string]any{"code": "SOME"}}
	case 2:
		panic("the resolver panicked")
	case 3, 4:
		return none, nil
	default:
		return give(hash), nil
	}
}

func thing(hash uint64) *sample.Thing {
	t := &sample.Thing{ID: fmt.Sprintf("t%d", hash%1000), Name: "name \"of\"\n\x01" + fmt.Sprint(hash%7), Count: int32(hash % 100), Flag: hash%2 == 0,
		At: time.Unix(int64(hash%1e9), 123456000), Part: sample.Part{ID: "p", Name: "päärt"}}
	if hash%3 == 0 {
		note, weight := "note", float64(hash%17)/3
		t.Note, t.Weight = &note, &weight
	}
	for i := range hash % 4 {
		word := strings.Repeat("w", int(i))
		t.Words = append(t.Words, word)
		t.Gaps = append(t.Gaps, &word, nil)
		t.Parts = append(t.Parts, sample.Part{ID: fmt.Sprint(i), Name: word})
	}
	return t
}

func things(nils bool) func(uint64) []*sample.Thing {
	return func(hash uint64) []*sample.Thing {
		list := make([]*sample.Thing, hash%5)
		for i := range list {
			if !nils || (hash>>i)%3 > 0 {
				list[i] = thing(hash>>i + uint64(i))
			}
		}
		return list
	}
}

func named(hash uint64) sample.Named {
	switch hash % 4 {
	case 0:
		return nil
	case 1:
		return (*sample.Thing)(nil)
	case 2:
		return sample.Part{ID: "value", Name: "a value"}
	}
	return thing(hash)
}

type resolvers struct{ *outcome }

func (r resolvers) Query() generated.QueryResolver       { return query(r) }
func (r resolvers) Mutation() generated.MutationResolver { return mutation(r) }
func (r resolvers) Thing() generated.ThingResolver       { return thingResolver(r) }
func (r resolvers) Part() generated.PartResolver         { return part(r) }

type query struct{ *outcome }

func (q query) Thing(ctx context.Context, _ string) (*sample.Thing, error) {
	return answer(ctx, q.outcome, thing)
}
func (q query) ThingOrDie(ctx context.Context, _ string) (*sample.Thing, error) {
	return answer(ctx, q.outcome, thing)
}
func (q query) Things(ctx context.Context, _ *int32) ([]*sample.Thing, error) {
	return answer(ctx, q.outcome, things(true))
}
func (q query) ThingsOrDie(ctx context.Context, _ *int32) ([]*sample.Thing, error) {
	return answer(ctx, q.outcome, things(false))
}
func (q query) Holes(ctx context.Context) ([]*sample.Thing, error) {
	return answer(ctx, q.outcome, things(true))
}
func (q query) Named(ctx context.Context) (sample.Named, error) { return answer(ctx, q.outcome, named) }
func (q query) Either(ctx context.Context) ([]sample.Either, error) {
	return answer(ctx, q.outcome, func(hash uint64) []sample.Either {
		return []sample.Either{thing(hash), &sample.Part{ID: "x"}, sample.Part{ID: "y"}}[:hash%4]
	})
}
func (q query) Guarded(ctx context.Context) (*string, error) {
	return answer(ctx, q.outcome, func(uint64) *string { s := "secret"; return &s })
}
func (q query) Number(ctx context.Context) (int32, error) {
	return answer(ctx, q.outcome, func(hash uint64) int32 { return int32(hash % 100) })
}

type mutation struct{ *outcome }

func (m mutation) Change(ctx context.Context, _ sample.ChangeInput) (*sample.Thing, error) {
	return answer(ctx, m.outcome, thing)
}
func (m mutation) ChangeOrDie(ctx context.Context, _ sample.ChangeInput) (*sample.Thing, error) {
	return answer(ctx, m.outcome, thing)
}

type part struct{ *outcome }

func (p part) Friend(ctx context.Context, _ *sample.Part) (sample.Named, error) {
	return answer(ctx, p.outcome, named)
}
func (p part) Owner(ctx context.Context, _ *sample.Part) (*sample.Thing, error) {
	return answer(ctx, p.outcome, thing)
}

type thingResolver struct{ *outcome }

func (t thingResolver) Shade(ctx context.Context, _ *sample.Thing) (sample.Shade, error) {
	return answer(ctx, t.outcome, func(hash uint64) sample.Shade { return sample.AllShade[hash%2] })
}
func (t thingResolver) Shades(ctx context.Context, _ *sample.Thing) ([]sample.Shade, error) {
	return answer(ctx, t.outcome, func(uint64) []sample.Shade { return sample.AllShade })
}
func (t thingResolver) Text(ctx context.Context, _ *sample.Thing, length int32) (string, error) {
	return answer(ctx, t.outcome, func(uint64) string { return strings.Repeat("é", int(length)) })
}
func (t thingResolver) Maybe(ctx context.Context, _ *sample.Thing) (*string, error) {
	return answer(ctx, t.outcome, func(uint64) *string { s := "maybe"; return &s })
}
func (t thingResolver) Friend(ctx context.Context, _ *sample.Thing) (sample.Named, error) {
	return answer(ctx, t.outcome, named)
}
func (t thingResolver) Parent(ctx context.Context, _ *sample.Thing) (*sample.Thing, error) {
	return answer(ctx, t.outcome, thing)
}
func (t thingResolver) ParentOrDie(ctx context.Context, _ *sample.Thing) (*sample.Thing, error) {
	return answer(ctx, t.outcome, thing)
}
func (t thingResolver) Children(ctx context.Context, _ *sample.Thing, _ *int32) ([]*sample.Thing, error) {
	return answer(ctx, t.outcome, things(true))
}
func (t thingResolver) Orphans(ctx context.Context, _ *sample.Thing) ([]*sample.Thing, error) {
	return answer(ctx, t.outcome, things(true))
}
func (t thingResolver) Guarded(ctx context.Context, _ *sample.Thing) (*sample.Thing, error) {
	return answer(ctx, t.outcome, thing)
}

// asked is what came of an operation.
type asked struct {
	Data   string
	Errors []string
	Calls  []string
}

// ask runs an operation by one of the two executors.
func ask(t *testing.T, schema func(generated.Config) graphql.ExecutableSchema, o *outcome, document string, variables map[string]any) asked {
	t.Helper()
	config := generated.Config{Resolvers: resolvers{o}, Directives: generated.DirectiveRoot{
		Auth: func(ctx context.Context, _ any, next graphql.Resolver, can string) (any, error) {
			if kind, _ := o.at(ctx); kind == 5 {
				return nil, errors.New("may not " + can)
			} else if kind == 6 {
				return nil, nil
			}
			return next(ctx)
		},
	}}
	e := gqlexecutor.New(schema(config))
	e.SetRecoverFunc(func(_ context.Context, thrown any) error { return fmt.Errorf("panic: %v", thrown) })
	ctx := graphql.StartOperationTrace(t.Context())
	op, wrong := e.CreateOperationContext(ctx, &graphql.RawParams{Query: document, OperationName: "Random", Variables: variables, Headers: http.Header{}})
	if wrong != nil {
		t.Fatalf("%v\n%s", wrong, document)
	}
	responses, ctx := e.DispatchOperation(ctx, op)
	response := responses(ctx)
	if more := responses(ctx); more != nil {
		t.Errorf("a second response: %s", more.Data)
	}
	a := asked{Data: string(response.Data), Calls: o.calls}
	for _, err := range response.Errors {
		line, marshalErr := json.Marshal(err)
		if marshalErr != nil {
			t.Fatal(marshalErr)
		}
		a.Errors = append(a.Errors, string(line))
	}
	slices.Sort(a.Errors)
	slices.Sort(a.Calls)
	return a
}

func schemaOf(t *testing.T) *ast.Schema {
	t.Helper()
	return reference.NewExecutableSchema(generated.Config{}).Schema()
}

// TestAnswersEqualGqlgens compares the executor with gqlgen's own on random
// operations over resolvers that give values, nothing, errors and panics.
func TestAnswersEqualGqlgens(t *testing.T) {
	t.Parallel()
	schema := schemaOf(t)
	equal, withErrors, nulled := 0, 0, 0
	for seed := uint64(0); equal < 1500 && seed < 10_000; seed++ {
		random := rand.New(rand.NewPCG(seed, 1))
		g := document.Generator{Schema: schema, Rand: random, Depth: 4, Width: 4, Argument: argument(random)}
		kind := []string{"query", "query", "mutation"}[seed%3]
		text := g.Operation(kind)
		if !valid(schema, text) {
			continue
		}
		variables := map[string]any{"a": random.IntN(2) == 0, "b": random.IntN(2) == 0}
		faults := seed%4 > 0
		want := ask(t, reference.NewExecutableSchema, &outcome{seed: seed, faults: faults}, text, variables)
		got := ask(t, generated.NewCompiledSchema, &outcome{seed: seed, faults: faults}, text, variables)
		if diff := cmp.Diff(want, got); diff != "" {
			t.Fatalf("seed %d (-gqlgen +ours):\n%s\n%s", seed, diff, text)
		}
		equal++
		if len(want.Errors) > 0 {
			withErrors++
		}
		if want.Data == "null" {
			nulled++
		}
	}
	// What was compared must hold what the comparison is for.
	if equal < 1500 || withErrors < 500 || nulled < 200 {
		t.Errorf("only %d operations were compared, %d with errors, %d with no data at all", equal, withErrors, nulled)
	}
}

// TestPlansAreKept: conditions choose among plans of one operation, which is
// parsed once and executed with other variables.
func TestPlansAreKept(t *testing.T) {
	t.Parallel()
	o := &outcome{seed: 7}
	e := gqlexecutor.New(generated.NewCompiledSchema(generated.Config{Resolvers: resolvers{o}}))
	e.SetQueryCache(graphql.MapCache[*ast.QueryDocument]{})
	const text = `query Q($a: Boolean!) { number x: number @include(if: $a) ...F @skip(if: $a) } fragment F on Query { y: number }`
	for range 2 {
		for a, want := range map[bool][]string{true: {"number", "x"}, false: {"number", "y"}} {
			ctx := graphql.StartOperationTrace(t.Context())
			op, wrong := e.CreateOperationContext(ctx, &graphql.RawParams{Query: text, Variables: map[string]any{"a": a}})
			if wrong != nil {
				t.Fatal(wrong)
			}
			responses, ctx := e.DispatchOperation(ctx, op)
			var data map[string]int
			if err := json.Unmarshal(responses(ctx).Data, &data); err != nil {
				t.Fatal(err)
			}
			for _, key := range want {
				if _, ok := data[key]; !ok || len(data) != len(want) {
					t.Errorf("a = %v: %v, want %v", a, data, want)
				}
			}
		}
	}
}

// TestAppendString writes strings like gqlgen.
func TestAppendString(t *testing.T) {
	t.Parallel()
	for c := range 0x100 {
		for _, s := range []string{"", string(rune(c)), "a" + string(rune(c)) + "b", string([]byte{'x', byte(c), 'y'})} {
			var b strings.Builder
			graphql.MarshalString(s).MarshalGQL(&b)
			if got := string(executor.AppendString(nil, s)); got != b.String() {
				t.Errorf("%q: %s, want %s", s, got, b.String())
			}
		}
	}
}

func argument(random *rand.Rand) func(*ast.FieldDefinition, *ast.ArgumentDefinition) string {
	return func(_ *ast.FieldDefinition, a *ast.ArgumentDefinition) string {
		switch a.Type.Name() {
		case "ID":
			return `"x"`
		case "Int":
			return []string{"", "1", "3"}[random.IntN(3)]
		case "ChangeInput":
			return []string{`{id: "a"}`, `{id: "a", shades: [DARK], inner: {id: "b"}}`}[random.IntN(2)]
		}
		return ""
	}
}

func valid(schema *ast.Schema, text string) bool {
	_, wrong := gqlparser.LoadQueryWithRules(schema, text, rules.NewDefaultRules())
	return len(wrong) == 0
}

// TestAnswersAreBounded: an answer is stopped while it is written, as is one that
// nobody waits for, and resolvers are not called any more.
func TestAnswersAreBounded(t *testing.T) {
	t.Parallel()
	tooLarge := errors.New("too large")
	const text = `query Random { a: holes { orphans { orphans { orphans { text(length: 1000) } } } } b: number }`
	ended, end := context.WithCancel(t.Context())
	end()
	for name, c := range map[string]struct {
		ctx   context.Context
		bytes int
		steps int
		want  string
	}{
		"within":         {t.Context(), 1 << 30, 1 << 30, ""},
		"too large":      {t.Context(), 5000, 1 << 30, tooLarge.Error()},
		"too many steps": {t.Context(), 1 << 30, 20, tooLarge.Error()},
		"ended":          {ended, 1 << 30, 1 << 30, context.Canceled.Error()},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			o := &outcome{seed: 3}
			es := generated.NewCompiledSchema(generated.Config{Resolvers: resolvers{o}})
			op, wrong := gqlexecutor.New(es).CreateOperationContext(graphql.StartOperationTrace(t.Context()), &graphql.RawParams{Query: text})
			if wrong != nil {
				t.Fatal(wrong)
			}
			op.RootResolverMiddleware = func(ctx context.Context, next graphql.RootResolver) graphql.Marshaler { return next(ctx) }
			within := graphql.WithResponseContext(graphql.WithOperationContext(executor.WithLimit(c.ctx, executor.Limit{Bytes: c.bytes, Steps: c.steps, Exceeded: tooLarge}), op), graphql.DefaultErrorPresenter, graphql.DefaultRecover)
			response := es.Exec(within)(within)
			errs := graphql.GetErrors(within)
			switch {
			case c.want == "" && (len(errs) > 0 || len(response.Data) < 5000):
				t.Errorf("%d bytes, %v", len(response.Data), errs)
			case c.want != "" && (len(errs) != 1 || errs[0].Message != c.want || string(response.Data) != "null"):
				t.Errorf("%v, data of %d bytes", errs, len(response.Data))
			case c.want != "" && len(o.calls) > 60:
				t.Errorf("%d resolvers were called", len(o.calls))
			}
		})
	}
}

// TestWhatIsKeptIsBounded asks many operations and looks at how much is kept of
// them.
func TestWhatIsKeptIsBounded(t *testing.T) {
	t.Parallel()
	testkit.Long(t)
	plans := executor.NewPlans()
	root := executor.NewObject("Query", []string{"Query"}, executor.Field{Name: "number"})
	schema := schemaOf(t)
	for i := range 400 {
		text := fmt.Sprintf("query Q%d {%s}", i, strings.Repeat(" number", 500))
		doc, wrong := gqlparser.LoadQueryWithRules(schema, text, rules.NewDefaultRules())
		if len(wrong) > 0 {
			t.Fatal(wrong)
		}
		op := &graphql.OperationContext{Doc: doc, Operation: doc.Operations[0], RootResolverMiddleware: func(context.Context, graphql.RootResolver) graphql.Marshaler { return graphql.Null }}
		ctx := graphql.WithResponseContext(graphql.WithOperationContext(t.Context(), op), graphql.DefaultErrorPresenter, graphql.DefaultRecover)
		plans.Execute(ctx, root, func(*executor.Run, *executor.Node) bool { return true })
	}
	if operations, nodes := plans.Kept(); operations < 20 || operations > 150 || nodes > 60_000 {
		t.Errorf("%d operations of %d nodes are kept", operations, nodes)
	}
}
