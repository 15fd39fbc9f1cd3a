package executor

import (
	"context"
	"io"
	"strconv"
	"sync"

	"github.com/99designs/gqlgen/graphql"
	"github.com/vektah/gqlparser/v2/ast"
)

// Run is the execution of one root field of an operation.
type Run struct {
	// Buf is the answer as far as it is written.
	Buf []byte

	op     *graphql.OperationContext
	base   context.Context // of the root object
	states []*State        // by Node.state, made when they are needed
	budget *budget
	spent  int // bytes of Buf that the budget knows of
}

// State is what a Run knows of a node: the context of its resolver and the
// element of its list that is being written.
type State struct {
	// Field is what graphql.GetFieldContext gives below Ctx.
	Field graphql.FieldContext
	// Ctx is the context of the field.
	Ctx context.Context

	here    context.Context // Ctx, or within a list that of the element
	element graphql.FieldContext
	within  context.Context // of any element
	index   int
	decoded bool
}

// State gives the state of a node whose field begins to be written.
func (r *Run) State(n *Node) *State {
	r.budget.check(r, n.object.Name)
	s := r.state(n)
	s.here = s.Ctx
	return s
}

// Here gives the context of what is being written for n: of its field, or of the
// element of its list.
func (r *Run) Here(n *Node) context.Context { return r.state(n).here }

func (r *Run) state(n *Node) *State {
	if n.state < len(r.states) {
		if s := r.states[n.state]; s != nil {
			return s
		}
	} else {
		r.states = append(r.states, make([]*State, n.state+8-len(r.states))...)
	}
	above := r.base
	if n.parent != nil {
		above = r.state(n.parent).here
	}
	s := &State{Field: n.fieldContext()}
	s.Ctx = graphql.WithFieldContext(above, &s.Field)
	s.here = s.Ctx
	r.states[n.state] = s
	return s
}

// Rows is how many rows of a list are answered.
func (r *Run) Rows(n *Node, rows int) int {
	if n.maximum > 0 {
		return min(rows, n.maximum)
	}
	return rows
}

// Enter begins the list of a field.
func (s *State) Enter() {
	if s.within == nil {
		s.element.Index = &s.index
		s.within = graphql.WithFieldContext(s.Ctx, &s.element)
	}
	s.here = s.within
}

// At goes to an element of the list.
func (s *State) At(r *Run, i int) {
	r.budget.check(r, s.Field.Object)
	s.index = i
}

// Leave ends the list.
func (s *State) Leave() { s.here = s.Ctx }

// Arguments decodes the arguments of a field into s.Field.Args, once for all
// objects that it is selected of. Where they cannot be decoded the error is
// reported and the field is null.
func (r *Run) Arguments(s *State, decode func(context.Context, map[string]any) (map[string]any, error)) bool {
	if s.decoded {
		return true
	}
	args, err := decode(s.Ctx, s.Field.Field.ArgumentMap(r.op.Variables))
	if err != nil {
		graphql.AddError(s.Ctx, err)
		return false
	}
	s.Field.Args, s.decoded = args, true
	return true
}

// Fail reports the error of a resolver and writes null.
func (r *Run) Fail(s *State, err error) (null bool) {
	graphql.AddError(s.Ctx, graphql.AddFieldLocationToError(s.Ctx, err))
	return r.Null()
}

// Recover is deferred by the writers of fields that call a resolver or a method:
// a panic becomes an error of the field.
func (r *Run) Recover(s *State, mark int, null *bool) {
	if thrown := recover(); thrown != nil {
		if _, ok := thrown.(stop); ok {
			panic(thrown) // for root, which ends the whole field
		}
		graphql.AddError(s.Ctx, r.op.Recover(s.Ctx, thrown))
		*null = r.NullFrom(mark)
	}
}

// Null writes null.
func (r *Run) Null() (null bool) {
	r.Buf = append(r.Buf, "null"...)
	return true
}

// NullFrom writes null in place of everything since mark.
func (r *Run) NullFrom(mark int) (null bool) {
	r.Buf = append(r.Buf[:mark], "null"...)
	return true
}

// Missing writes null for a value that the schema declares to be never null, and
// reports that.
func (r *Run) Missing(n *Node, declared string) (null bool) {
	graphql.AddInvalidNullError(r.Here(n), declared)
	return r.Null()
}

// Leaf writes what a marshaler of gqlgen made of a value.
func (r *Run) Leaf(m graphql.Marshaler) (null bool) {
	m.MarshalGQL(r)
	return m == graphql.Null
}

// Write implements io.Writer for marshalers.
func (r *Run) Write(p []byte) (int, error) {
	r.Buf = append(r.Buf, p...)
	return len(p), nil
}

// WriteString implements io.StringWriter.
func (r *Run) WriteString(s string) (int, error) {
	r.Buf = append(r.Buf, s...)
	return len(s), nil
}

// String writes a string.
func (r *Run) String(s string) { r.Buf = AppendString(r.Buf, s) }

// Bool writes a Boolean.
func (r *Run) Bool(b bool) { r.Buf = strconv.AppendBool(r.Buf, b) }

// Int writes a whole number.
func (r *Run) Int(n int64) { r.Buf = strconv.AppendInt(r.Buf, n, 10) }

const hexDigits = "0123456789ABCDEF"

// AppendString appends a string as JSON, with the same escapes as gqlgen's.
func AppendString(buf []byte, s string) []byte {
	buf = append(buf, '"')
	start := 0
	for i := range len(s) {
		c := s[i]
		if c >= 0x20 && c != '\\' && c != '"' {
			continue
		}
		buf = append(buf, s[start:i]...)
		switch c {
		case '\t':
			buf = append(buf, '\\', 't')
		case '\r':
			buf = append(buf, '\\', 'r')
		case '\n':
			buf = append(buf, '\\', 'n')
		case '\\', '"':
			buf = append(buf, '\\', c)
		default:
			buf = append(buf, '\\', 'u', '0', '0', hexDigits[c>>4], hexDigits[c&0xf])
		}
		start = i + 1
	}
	buf = append(buf, s[start:]...)
	return append(buf, '"')
}

// Writer writes the value of a root field and reports whether that is null.
type Writer func(r *Run, n *Node) (null bool)

// Execute answers a query or a mutation: the data as JSON. The root fields of a
// query are written concurrently, those of a mutation one after another.
func (p *Plans) Execute(ctx context.Context, root *Object, write Writer) []byte {
	op := graphql.GetOperationContext(ctx)
	plan := p.of(op, root)
	ctx = context.WithValue(ctx, selectedKey{}, plan.selected)
	ctx = graphql.WithFieldContext(ctx, &graphql.FieldContext{Object: root.Name})

	if len(plan.roots) == 0 { // @skip or @include left nothing
		return []byte("{}")
	}
	limit := newBudget(ctx)
	answers := make([]answer, len(plan.roots))
	if op.Operation.Operation == ast.Mutation || len(plan.roots) == 1 {
		for i, n := range plan.roots {
			answers[i] = plan.root(ctx, op, n, write, limit)
		}
	} else {
		var running sync.WaitGroup
		for i, n := range plan.roots[1:] {
			running.Go(func() { answers[i+1] = plan.root(ctx, op, n, write, limit) })
		}
		answers[0] = plan.root(ctx, op, plan.roots[0], write, limit)
		running.Wait()
	}

	if limit.stopped.Load() {
		return []byte("null")
	}
	size := len("{}")
	for i, a := range answers {
		if a.null && plan.roots[i].NonNull() {
			return []byte("null")
		}
		size += len(a.data)
	}
	if len(answers) == 1 {
		// The buffer has room for its frame: see root.
		return append(answers[0].data, '}')
	}
	data := make([]byte, 0, size)
	for _, a := range answers {
		data = append(data, a.data...)
	}
	return append(data, '}')
}

type answer struct {
	data []byte // key and value, with a brace before the first
	null bool
}

// root writes one root field.
func (p *plan) root(ctx context.Context, op *graphql.OperationContext, n *Node, write Writer, limit *budget) (a answer) {
	size := p.size.Load() + 64
	r := &Run{op: op, Buf: make([]byte, 0, size), budget: limit}
	if n == p.roots[0] {
		r.Buf = append(r.Buf, '{')
	}
	r.Buf = append(r.Buf, n.Key...)
	mark := len(r.Buf)
	defer func() {
		switch thrown := recover().(type) {
		case nil:
		case stop:
			limit.report(ctx, thrown.cause)
			a = answer{null: r.NullFrom(mark)}
		default:
			graphql.AddError(ctx, op.Recover(ctx, thrown))
			a = answer{null: r.NullFrom(mark)}
		}
		a.data = r.Buf
		if grown := int64(len(r.Buf)); grown > size-64 && grown < maxHint {
			p.size.Store(grown)
		}
	}()
	if n.Number == Typename {
		r.String(n.object.Name)
		return a
	}
	if op.Operation.Operation == ast.Subscription {
		r.base = ctx // interceptors of root fields see the opening of a subscription, if anything
		a.null = write(r, n)
		return a
	}
	ctx = context.WithValue(ctx, selectedKey{}, n.selected)
	rooted := graphql.WithRootFieldContext(ctx, &graphql.RootFieldContext{Object: n.field.Name, Field: n.field})
	written := op.RootResolverMiddleware(rooted, func(ctx context.Context) graphql.Marshaler {
		r.base = ctx
		if write(r, n) {
			return graphql.Null
		}
		return done
	})
	if written != done {
		// The field is null, or a middleware answered in its place.
		r.Buf = r.Buf[:mark]
		a.null = r.Leaf(written)
	}
	return a
}

// maxHint bounds the buffer that is made before anything is written, in bytes.
const maxHint = 1 << 18

// done stands for a value that is in the buffer already.
var done = graphql.Marshaler(&inBuffer{})

type inBuffer struct{ _ byte }

// MarshalGQL implements graphql.Marshaler. It is called only if a middleware
// wraps what it was given, which none does.
func (*inBuffer) MarshalGQL(io.Writer) { panic("executor: the value is in the buffer already") }
