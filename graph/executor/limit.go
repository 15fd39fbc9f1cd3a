package executor

import (
	"context"
	"strings"
	"sync/atomic"
	"time"

	"github.com/99designs/gqlgen/graphql"
)

type limitKey struct{}

// Limit bounds one answer. It is asked while the answer is written, before each
// field with a resolver and each element of a list, so no more than one value
// is written beyond it.
type Limit struct {
	Bytes int // 0: any number
	Steps int // fields with resolvers and elements of lists; 0: any number
	// IntrospectionShare is how many steps within introspection, which is read from
	// memory, count as one; 0: one.
	IntrospectionShare int
	Exceeded           error // of an answer that is larger; its data is null
	// Time bounds the answer to one event of a subscription, whose wait for the event
	// takes any time; 0: nothing does.
	Time time.Duration
}

// WithLimit bounds the answers of operations that run with the context.
func WithLimit(ctx context.Context, l Limit) context.Context {
	return context.WithValue(ctx, limitKey{}, l)
}

// budget is what all root fields of an operation may write together.
type budget struct {
	ctx            context.Context
	limit          Limit
	written, steps atomic.Int64 // steps in parts of one, as IntrospectionShare says
	stopped        atomic.Bool
}

func newBudget(ctx context.Context) *budget {
	b := &budget{ctx: ctx}
	b.limit, _ = ctx.Value(limitKey{}).(Limit)
	return b
}

// stop is thrown to end an operation that nobody waits for, or that is too large.
type stop struct{ cause error }

// check ends the run when the answer is too large or its context has ended. The step
// is one within an object of a type.
func (b *budget) check(r *Run, object string) {
	if b.limit.Bytes > 0 {
		grown := len(r.Buf) - r.spent
		r.spent = len(r.Buf)
		if b.written.Add(int64(grown)) > int64(b.limit.Bytes) {
			panic(stop{b.limit.Exceeded})
		}
	}
	if b.limit.Steps > 0 {
		share := int64(max(1, b.limit.IntrospectionShare))
		taken := share
		if strings.HasPrefix(object, "__") {
			taken = 1
		}
		if b.steps.Add(taken) > share*int64(b.limit.Steps) {
			panic(stop{b.limit.Exceeded})
		}
	}
	if err := b.ctx.Err(); err != nil {
		panic(stop{err})
	}
}

// report adds the error that ended the operation, once for all root fields.
func (b *budget) report(ctx context.Context, cause error) {
	if !b.stopped.Swap(true) {
		graphql.AddError(ctx, cause)
	}
}
