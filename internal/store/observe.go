package store

import "context"

// Observer is told of each operation that reaches the database, with its text, or
// BEGIN, COMMIT and ROLLBACK. What it gives is called when the operation ended, for a query
// when its rows are closed.
type Observer func(ctx context.Context, text string) (ended func())

// observed has the end of an operation told to the observer, if there is one.
func (s *session) observed(ctx context.Context, text string, done func()) func() {
	if s.observe == nil {
		return done
	}
	ended := s.observe(ctx, text)
	return func() {
		done()
		ended()
	}
}
