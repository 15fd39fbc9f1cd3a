package graph

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"log/slog"
	"runtime/debug"

	"github.com/99designs/gqlgen/graphql"
	"github.com/vektah/gqlparser/v2/gqlerror"

	"github.com/broadsheet-cms/broadsheet/internal/fault"
)

// present is the one door through which errors leave. Faults go as they are,
// mistakes in the document as the library words them; anything else is ours:
// the client learns that it happened, the log learns why.
func present(logger *slog.Logger) graphql.ErrorPresenterFunc {
	return func(ctx context.Context, err error) *gqlerror.Error {
		shown := &gqlerror.Error{}
		if errors.As(err, &shown) {
			// A copy, as the library keeps documents and their errors.
			c := *shown
			shown = &c
		} else {
			shown = gqlerror.WrapPath(graphql.GetPath(ctx), err)
		}
		if tellsEnough(ctx) {
			return nil
		}
		if _, coded := shown.Extensions["code"]; coded { // refused before it was executed
			return shown
		}
		if f, ok := errors.AsType[*fault.Error](err); ok && f.Code != fault.Internal {
			if f.Code == fault.TryAgain {
				logger.WarnContext(ctx, "a field failed for now", "path", shown.Path.String(), "error", err)
			}
			shown.Message = f.Message
			shown.Extensions = map[string]any{"code": string(f.Code)}
			if f.Field != "" {
				shown.Extensions["field"] = f.Field
			}
			return shown
		}
		if badValue(err) || shown.Err == nil && shown.Rule != "" {
			shown.Extensions = map[string]any{"code": string(fault.BadUserInput)}
			return shown
		}
		if ctx.Err() != nil {
			// Nobody waits for the answer any more, or its time is over.
			shown.Message = tookTooLong.Message
			shown.Extensions = map[string]any{"code": string(tookTooLong.Code)}
			return shown
		}
		incident := rand.Text()
		logger.ErrorContext(ctx, "a field failed", "incident", incident, "path", shown.Path.String(), "error", err)
		shown.Message = "internal error"
		shown.Extensions = map[string]any{"code": string(fault.Internal), "incident": incident}
		return shown
	}
}

// tookTooLong is the end of a request whose time is over. Whatever it was about
// to change is not changed.
var tookTooLong = fault.New(fault.TryAgain, "the request took too long: try again later, or ask for less")

// badValue reports whether err says that a value does not fit its scalar.
func badValue(err error) bool {
	if _, ok := errors.AsType[*graphql.IntegerError](err); ok {
		return true
	}
	_, ok := errors.AsType[*inputError](err)
	return ok
}

// inputError is a value that an argument cannot take.
type inputError struct{ cause error }

func (e *inputError) Error() string { return e.cause.Error() }
func (e *inputError) Unwrap() error { return e.cause }

// recovered turns a panic into an error for the log; the client learns that
// something internal failed.
func recovered(_ context.Context, thrown any) error {
	return fmt.Errorf("panic: %v\n%s", thrown, debug.Stack())
}
