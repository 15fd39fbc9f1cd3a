package graph

import (
	"context"
	"reflect"
	"strings"
	"sync/atomic"

	"github.com/99designs/gqlgen/graphql"
	"github.com/vektah/gqlparser/v2/gqlerror"

	"github.com/broadsheet-cms/broadsheet/graph/document"
	"github.com/broadsheet-cms/broadsheet/internal/fault"
)

// DefaultAnswerBytes bounds one answer.
const DefaultAnswerBytes = 8 << 20

// maxAnswerErrors is how many errors one answer tells.
const maxAnswerErrors = 100

// answerLimit bounds answers while their fields are resolved, before anything is
// written: in bytes, and in what the fields cost, as a list can be longer than
// its weight says.
type answerLimit struct {
	documents *document.Store
	bytes     int64
}

// answer counts what one answer has become so far.
type answer struct {
	bytes, cost, errors atomic.Int64
	tooLarge            atomic.Bool
	cancel              context.CancelFunc
}

type answerKey struct{}

func answerOf(ctx context.Context) *answer {
	a, _ := ctx.Value(answerKey{}).(*answer)
	return a
}

// errTooLarge ends the fields of an answer that is too large. It is shown once
// for all of them.
var errTooLarge = fault.New(fault.CostLimitExceeded, "the answer is too large: ask for fewer rows or in several requests")

// response puts a counter beside an answer, and refuses the answer as a whole
// when it grows too large.
func (l answerLimit) response(ctx context.Context, next graphql.ResponseHandler) *graphql.Response {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	a := &answer{cancel: cancel}
	response := next(context.WithValue(ctx, answerKey{}, a))
	if response != nil && (a.tooLarge.Load() || int64(len(response.Data)) > l.bytes) {
		return &graphql.Response{Data: []byte("null"), Errors: gqlerror.List{{Message: errTooLarge.Message,
			Extensions: map[string]any{"code": string(errTooLarge.Code)}}}}
	}
	return response
}

// field counts one field of an answer and cuts lists at their maximum.
func (l answerLimit) field(ctx context.Context, next graphql.Resolver) (any, error) {
	a, fc := answerOf(ctx), graphql.GetFieldContext(ctx)
	if a == nil || fc == nil || fc.Field.Field == nil {
		return next(ctx)
	}
	if a.tooLarge.Load() {
		return nil, errTooLarge
	}
	if !strings.HasPrefix(fc.Object, "__") && a.cost.Add(int64(l.documents.Weight(fc.Field.Definition))) > int64(l.documents.MaxCost()) {
		return nil, a.end()
	}
	result, err := next(ctx)
	if err != nil {
		return result, err
	}
	if fc.Field.Definition.Type.Elem != nil {
		var rows int
		result, rows = cut(result, l.documents.Maximum(fc.Field.Definition))
		if a.cost.Add(int64(rows)) > int64(l.documents.MaxCost()) {
			return nil, a.end()
		}
	}
	if a.bytes.Add(int64(len(fc.Field.Alias))+4+sizeOf(result)) > l.bytes {
		return nil, a.end()
	}
	return result, nil
}

// end stops whatever the answer still waits for.
func (a *answer) end() error {
	a.tooLarge.Store(true)
	a.cancel()
	return errTooLarge
}

// cut leaves out the rows of a list beyond the most that are answered, 0 for
// all of them, and counts what is left.
func cut(list any, most int) (any, int) {
	v := reflect.ValueOf(list)
	switch {
	case v.Kind() != reflect.Slice:
		return list, 0
	case most > 0 && v.Len() > most:
		return v.Slice(0, most).Interface(), most
	}
	return list, v.Len()
}

// sizeOf is about how many bytes a value takes in an answer, without the fields
// below it, which count for themselves.
func sizeOf(value any) int64 {
	switch v := value.(type) {
	case nil:
		return 4
	case string:
		return int64(len(v)) + 2
	case *string:
		if v == nil {
			return 4
		}
		return int64(len(*v)) + 2
	case []string:
		n := int64(2)
		for _, s := range v {
			n += int64(len(s)) + 3
		}
		return n
	case []byte:
		return int64(len(v))
	}
	return 16 // numbers, times, enums, and the braces of objects and lists
}
