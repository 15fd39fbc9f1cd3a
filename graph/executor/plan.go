// Package executor runs the operations of parsed documents. It is the runtime
// of the code that internal/tool/gqlgen writes to graph/generated.
//
// The selections of an operation are compiled once into a tree of nodes and kept
// with the operation. A request walks that tree depth first in one goroutine for
// each root field and appends JSON to one buffer: nothing is allocated for a
// field that is a value of its object, and a resolver is called only where the
// schema has one. Batches are the business of the loaders that resolvers call.
//
// Answers and errors equal those of gqlgen's own executor, which the tests keep
// as their reference.
package executor

import (
	"context"
	"slices"
	"strconv"
	"sync"
	"sync/atomic"

	"github.com/99designs/gqlgen/graphql"
	"github.com/vektah/gqlparser/v2/ast"
)

// Object describes an object type of the schema. The generated code makes one
// for each.
type Object struct {
	Name string
	// Types are the name of the object and those of the interfaces and unions
	// that it belongs to: the type conditions that it meets.
	Types  []string
	Fields []Field

	numbers map[string]int
}

// Field describes a field of an object type.
type Field struct {
	Name     string
	Method   bool // answered by a method of the object or by a resolver
	Resolver bool // answered by a resolver
}

// NewObject makes the description of an object type.
func NewObject(name string, types []string, fields ...Field) *Object {
	o := &Object{Name: name, Types: types, Fields: fields, numbers: make(map[string]int, len(fields)+1)}
	for i, f := range fields {
		o.numbers[f.Name] = i
	}
	o.numbers[typename] = Typename
	return o
}

const typename = "__typename"

// Typename is the Number of a node that selects __typename.
const Typename = -1

// Node is one selected field, with everything below it.
type Node struct {
	// Key is what stands before the value: its response name as JSON, a colon,
	// and a comma unless the node is the first of its object.
	Key []byte
	// Number is the place of the field in the Fields of its object, or Typename.
	Number int

	maximum  int // rows of its list that are answered, 0 for all
	field    graphql.CollectedField
	object   *Object
	parent   *Node // nil below the root
	plan     *plan
	state    int                 // place in Run.states
	selected map[string][]string // of a root: what it and what is below it select, by type
	children atomic.Pointer[[]selection]
}

// selection is what a node selects of one type of object.
type selection struct {
	object *Object
	nodes  []*Node
}

// NonNull reports whether the schema declares the field to be never null.
func (n *Node) NonNull() bool { return n.field.Definition.Type.NonNull }

// Select gives the nodes below n that apply to an object of type o. They are
// compiled when an object of the type is met for the first time, as most fields
// that may answer any type answer few.
func (n *Node) Select(o *Object) []*Node {
	if known := n.children.Load(); known != nil {
		for i := range *known {
			if (*known)[i].object == o {
				return (*known)[i].nodes
			}
		}
	}
	return n.plan.add(n, o)
}

// plan is a compiled operation, for one choice of the variables that @skip and
// @include ask for.
type plan struct {
	roots    []*Node
	selected map[string][]string // by type
	size     atomic.Int64        // of the last answers, in bytes

	mu        sync.Mutex
	operation *graphql.OperationContext
	states    int
	grow      func(nodes int) // counts nodes that are made
}

func compile(op *graphql.OperationContext, root *Object, grow func(nodes int)) *plan {
	p := &plan{grow: grow, operation: &graphql.OperationContext{Doc: op.Doc, Operation: op.Operation, Variables: op.Variables}}
	p.roots = p.nodes(nil, root, op.Operation.SelectionSet)
	p.selected = selected(op.Doc, op.Operation.SelectionSet)
	for _, n := range p.roots {
		n.selected = selected(op.Doc, n.field.Selections)
	}
	return p
}

// selected gives the fields that selections, with their fragments and all that is
// below, select of each type.
func selected(doc *ast.QueryDocument, selections ast.SelectionSet) map[string][]string {
	fields, seen := map[string][]string{}, map[string]bool{}
	var walk func(ast.SelectionSet)
	walk = func(set ast.SelectionSet) {
		for _, s := range set {
			switch s := s.(type) {
			case *ast.Field:
				if of := s.ObjectDefinition; of != nil && !slices.Contains(fields[of.Name], s.Name) {
					fields[of.Name] = append(fields[of.Name], s.Name)
				}
				walk(s.SelectionSet)
			case *ast.InlineFragment:
				walk(s.SelectionSet)
			case *ast.FragmentSpread:
				if f := doc.Fragments.ForName(s.Name); f != nil && !seen[s.Name] {
					seen[s.Name] = true
					walk(f.SelectionSet)
				}
			}
		}
	}
	walk(selections)
	return fields
}

type selectedKey struct{}

// Selected gives the fields of a type that are selected anywhere below the root
// field of the context, or outside of one in the operation; known is false outside of an
// operation that this package executes. It can name a field that @skip leaves out.
func Selected(ctx context.Context, typeName string) (fields []string, known bool) {
	all, known := ctx.Value(selectedKey{}).(map[string][]string)
	return all[typeName], known
}

// add compiles what n selects of o, unless another request just did.
func (p *plan) add(n *Node, o *Object) []*Node {
	p.mu.Lock()
	defer p.mu.Unlock()
	var known []selection
	if before := n.children.Load(); before != nil {
		known = *before
	}
	for _, s := range known {
		if s.object == o {
			return s.nodes
		}
	}
	nodes := p.nodes(n, o, n.field.Selections)
	after := append(slices.Clone(known), selection{o, nodes})
	n.children.Store(&after)
	return nodes
}

func (p *plan) nodes(parent *Node, o *Object, set ast.SelectionSet) []*Node {
	fields := graphql.CollectFields(p.operation, set, o.Types)
	nodes := make([]*Node, 0, len(fields))
	for _, f := range fields {
		// __typename of a union and of one of its members are collected apart.
		if slices.ContainsFunc(nodes, func(n *Node) bool { return n.field.Alias == f.Alias }) {
			continue
		}
		number, ok := o.numbers[f.Name]
		if !ok {
			panic("executor: " + o.Name + " has no field " + f.Name) // the document was validated
		}
		key := make([]byte, 0, len(f.Alias)+4)
		if len(nodes) > 0 {
			key = append(key, ',')
		}
		key = append(key, '"')
		key = append(key, f.Alias...)
		key = append(key, '"', ':')
		nodes = append(nodes, &Node{Key: key, Number: number, field: f, object: o, parent: parent, plan: p, state: p.states, maximum: maximum(f.Definition)})
		p.states++
	}
	p.grow(len(nodes))
	return nodes
}

// maximum reads the most rows that a list answers, as @listSize says beside the
// field.
func maximum(f *ast.FieldDefinition) int {
	if size := f.Directives.ForName("listSize"); size != nil {
		if a := size.Arguments.ForName("maximum"); a != nil {
			n, _ := strconv.Atoi(a.Value.Raw) // the schema was validated
			return n
		}
	}
	return 0
}

// Plans keeps the plans of the operations that were executed last.
type Plans struct {
	mu         sync.Mutex
	operations map[*ast.OperationDefinition]*operation
	clock      int64
	nodes      atomic.Int64 // of all operations
}

// operation is what is kept about one operation.
type operation struct {
	conditions []string // variables that @skip and @include ask for
	variants   map[string]*plan
	used       int64
	nodes      atomic.Int64 // of the document and of all plans
	forgotten  atomic.Bool
}

// Bounds of what is kept: nodes in all, which take some 500 bytes each, and
// choices of conditions for each operation.
const (
	maxNodes    = 50_000
	maxVariants = 16
)

// NewPlans makes an empty store of plans.
func NewPlans() *Plans { return &Plans{operations: map[*ast.OperationDefinition]*operation{}} }

func (p *Plans) of(op *graphql.OperationContext, root *Object) *plan {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.clock++
	known := p.operations[op.Operation]
	if p.nodes.Load() > maxNodes {
		p.forget()
	}
	if known == nil {
		var size int
		known = &operation{variants: map[string]*plan{}}
		known.conditions, size = conditions(op.Doc, op.Operation)
		p.operations[op.Operation] = known
		p.grow(known, size)
	}
	known.used = p.clock
	choice := make([]byte, len(known.conditions))
	for i, name := range known.conditions {
		choice[i] = '0'
		if set, _ := op.Variables[name].(bool); set {
			choice[i] = '1'
		}
	}
	compiled := known.variants[string(choice)]
	if compiled == nil {
		if len(known.variants) >= maxVariants {
			clear(known.variants)
		}
		compiled = compile(op, root, func(nodes int) { p.grow(known, nodes) })
		known.variants[string(choice)] = compiled
	}
	return compiled
}

// grow counts what is kept for an operation.
func (p *Plans) grow(o *operation, nodes int) {
	if o.forgotten.Load() {
		return // a run that goes on finishes it
	}
	o.nodes.Add(int64(nodes))
	p.nodes.Add(int64(nodes))
}

// forget drops the half of the operations that was not used for longest.
func (p *Plans) forget() {
	used := make([]int64, 0, len(p.operations))
	for _, o := range p.operations {
		used = append(used, o.used)
	}
	slices.Sort(used)
	middle := used[len(used)/2]
	for key, o := range p.operations {
		if o.used <= middle {
			o.forgotten.Store(true)
			p.nodes.Add(-o.nodes.Load())
			delete(p.operations, key)
		}
	}
}

// conditions gives the variables that @skip and @include ask for in an operation
// and in the fragments of its document.
func conditions(doc *ast.QueryDocument, op *ast.OperationDefinition) (names []string, nodes int) {
	var walk func(ast.SelectionSet)
	ask := func(directives ast.DirectiveList) {
		for _, d := range directives {
			if arg := d.Arguments.ForName("if"); arg != nil && arg.Value.Kind == ast.Variable && !slices.Contains(names, arg.Value.Raw) {
				names = append(names, arg.Value.Raw)
			}
		}
	}
	walk = func(set ast.SelectionSet) {
		nodes += len(set)
		for _, s := range set {
			switch s := s.(type) {
			case *ast.Field:
				ask(s.Directives)
				walk(s.SelectionSet)
			case *ast.InlineFragment:
				ask(s.Directives)
				walk(s.SelectionSet)
			case *ast.FragmentSpread:
				ask(s.Directives)
			}
		}
	}
	walk(op.SelectionSet)
	for _, f := range doc.Fragments {
		walk(f.SelectionSet)
	}
	return names, nodes
}

// fieldContext describes a node to whoever asks a context for its field.
func (n *Node) fieldContext() graphql.FieldContext {
	fc := graphql.FieldContext{Object: n.object.Name, Field: n.field}
	if n.Number >= 0 {
		fc.IsMethod, fc.IsResolver = n.object.Fields[n.Number].Method, n.object.Fields[n.Number].Resolver
	}
	return fc
}
