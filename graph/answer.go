package graph

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"sync/atomic"

	"github.com/99designs/gqlgen/graphql"
	"github.com/vektah/gqlparser/v2/gqlerror"

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

// answer is what a client gets. Without data nothing was executed.
type answer struct {
	Errors     gqlerror.List   `json:"errors,omitempty"`
	Data       json.RawMessage `json:"data,omitempty"`
	Extensions map[string]any  `json:"extensions,omitempty"`
}

// executed is the answer of an operation that began: it has data, be it null.
func executed(response *graphql.Response) *answer {
	a := &answer{Errors: response.Errors, Data: response.Data, Extensions: response.Extensions}
	if len(a.Data) == 0 {
		a.Data = json.RawMessage("null")
	}
	return a
}

// isData reports whether there is nothing but data, which is JSON already.
func (a *answer) isData() bool {
	return len(a.Errors) == 0 && len(a.Extensions) == 0 && len(a.Data) > 0
}

// marshal writes an answer as JSON.
func marshal(a *answer) []byte {
	if a.isData() {
		return append(append([]byte(`{"data":`), a.Data...), '}')
	}
	body, err := json.Marshal(a)
	if err != nil {
		panic(fmt.Errorf("write an answer: %w", err)) // a scalar wrote what is no JSON; who calls recovers
	}
	return body
}

func respond(w http.ResponseWriter, status int, a *answer) {
	if a.isData() {
		w.WriteHeader(status)
		// The data is JSON already; json.Marshal would read all of it again.
		_, _ = io.WriteString(w, `{"data":`) // the client may be gone
		_, _ = w.Write(a.Data)
		_, _ = io.WriteString(w, `}`)
		return
	}
	body := marshal(a)
	w.WriteHeader(status)
	_, _ = w.Write(body)
}
