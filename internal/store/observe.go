package store

import (
	"context"
	"sync/atomic"
)

// Observer is told of each operation that reaches the database, with its text, or
// BEGIN, COMMIT and ROLLBACK. What it gives is called when the operation ended, for a query
// when its rows are closed.
type Observer func(ctx context.Context, text string) (ended func())

type counterKey struct{}

// Counted gives a context whose statements are counted, and their number so far.
// What begins and ends transactions is no statement.
func Counted(ctx context.Context) (context.Context, func() int) {
	n := new(atomic.Int64)
	return context.WithValue(ctx, counterKey{}, n), func() int { return int(n.Load()) }
}

// observed counts an operation where that is wanted, and has its end told to the
// observer, if there is one.
func (s *session) observed(ctx context.Context, text string, done func()) func() {
	if n, ok := ctx.Value(counterKey{}).(*atomic.Int64); ok && text != "BEGIN" && text != "COMMIT" && text != "ROLLBACK" {
		n.Add(1)
	}
	if s.observe == nil {
		return done
	}
	ended := s.observe(ctx, text)
	return func() {
		done()
		ended()
	}
}
