package graph

import (
	"context"
	"sync/atomic"

	"github.com/broadsheet-cms/broadsheet/internal/fault"
)

// DefaultAnswerBytes bounds one answer.
const DefaultAnswerBytes = 8 << 20

// errTooLarge ends an answer that has more bytes, or took more steps, than one
// may.
var errTooLarge = fault.New(fault.CostLimitExceeded, "the answer is too large: ask for fewer rows or in several requests")

// maxAnswerErrors is how many errors one answer tells.
const maxAnswerErrors = 100

type errorCountKey struct{}

// withErrorCount puts a counter of errors beside an answer.
func withErrorCount(ctx context.Context) context.Context {
	return context.WithValue(ctx, errorCountKey{}, new(atomic.Int64))
}

// tellsEnough reports whether an answer tells as many errors as it may, and
// counts one more.
func tellsEnough(ctx context.Context) bool {
	count, ok := ctx.Value(errorCountKey{}).(*atomic.Int64)
	return ok && count.Add(1) > maxAnswerErrors
}
