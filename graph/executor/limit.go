package executor

import (
	"context"
	"sync/atomic"

	"github.com/99designs/gqlgen/graphql"
)

type limitKey struct{}

type limit struct {
	bytes    int64
	exceeded error
}

// WithLimit bounds the answers of operations that run with the context, in
// bytes. The bound is asked while the answer is written, before each field with a
// resolver and each element of a list, so no more than one value is written
// beyond it. The data of an answer that exceeds it is null, its error exceeded.
func WithLimit(ctx context.Context, bytes int, exceeded error) context.Context {
	return context.WithValue(ctx, limitKey{}, limit{int64(bytes), exceeded})
}

// budget is what all root fields of an operation may write together.
type budget struct {
	ctx     context.Context
	limit   limit // of zero bytes: none
	written atomic.Int64
	stopped atomic.Bool
}

func newBudget(ctx context.Context) *budget {
	b := &budget{ctx: ctx}
	b.limit, _ = ctx.Value(limitKey{}).(limit)
	return b
}

// stop is thrown to end an operation that nobody waits for, or that is too large.
type stop struct{ cause error }

// check ends the run when the answer is too large or its context has ended.
func (b *budget) check(r *Run) {
	if b.limit.bytes > 0 {
		grown := len(r.Buf) - r.spent
		r.spent = len(r.Buf)
		if b.written.Add(int64(grown)) > b.limit.bytes {
			panic(stop{b.limit.exceeded})
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
