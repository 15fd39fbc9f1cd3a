package executor

import (
	"context"

	"github.com/99designs/gqlgen/graphql"
)

// Stream waits for the next event of a subscription and gives what writes it, nil
// when there are no more events or the context ended.
type Stream func(ctx context.Context) Writer

// Events makes a Stream of the channel that a resolver gave.
func Events[T any](events <-chan T, write func(r *Run, n *Node, event T) (null bool)) Stream {
	return func(ctx context.Context) Writer {
		select {
		case event, ok := <-events:
			if !ok {
				return nil
			}
			return func(r *Run, n *Node) bool { return write(r, n, event) }
		case <-ctx.Done():
			return nil
		}
	}
}

// Subscribe opens the one root field of a subscription, and gives a handler that
// answers one event at each call. Errors of opening are reported to ctx.
func (p *Plans) Subscribe(ctx context.Context, root *Object, open func(r *Run, n *Node) Stream) graphql.ResponseHandler {
	op := graphql.GetOperationContext(ctx)
	plan := p.of(op, root)
	if len(plan.roots) != 1 {
		graphql.AddErrorf(ctx, "must subscribe to exactly one stream")
		return graphql.OneShot(nil)
	}
	n := plan.roots[0]
	below := func(ctx context.Context) context.Context {
		ctx = context.WithValue(ctx, selectedKey{}, plan.selected)
		return graphql.WithFieldContext(ctx, &graphql.FieldContext{Object: root.Name})
	}
	stream := open(&Run{op: op, base: below(ctx), budget: newBudget(ctx)}, n)
	if stream == nil {
		return graphql.OneShot(nil)
	}
	return func(ctx context.Context) *graphql.Response {
		write := stream(ctx)
		if write == nil {
			return nil
		}
		if l, _ := ctx.Value(limitKey{}).(Limit); l.Time > 0 {
			within, cancel := context.WithTimeout(ctx, l.Time)
			defer cancel()
			ctx = within
		}
		limit := newBudget(ctx)
		event := plan.root(below(ctx), op, n, func(r *Run, n *Node) bool { return write(r, n) }, limit)
		if limit.stopped.Load() || event.null && n.NonNull() {
			return &graphql.Response{Data: []byte("null")}
		}
		return &graphql.Response{Data: append(event.data, '}')}
	}
}
