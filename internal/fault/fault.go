// Package fault holds the errors that clients are meant to see. An error that
// is no *fault.Error is a bug or an outage: clients learn only that it
// happened, the log learns why.
package fault

import (
	"errors"
	"fmt"
)

// Code names a kind of fault for programs. It is what GraphQL answers as
// extensions.code.
type Code string

// The codes.
const (
	Unauthenticated   Code = "UNAUTHENTICATED"
	Forbidden         Code = "FORBIDDEN"
	RateLimited       Code = "RATE_LIMITED"
	CostLimitExceeded Code = "COST_LIMIT_EXCEEDED"
	BadUserInput      Code = "BAD_USER_INPUT"
	CursorInvalid     Code = "CURSOR_INVALID"
	CursorExpired     Code = "CURSOR_EXPIRED"
	NotFound          Code = "NOT_FOUND"
	Conflict          Code = "CONFLICT"
	Internal          Code = "INTERNAL"
)

// Error is a fault with a message that is safe to show to anybody.
type Error struct {
	Code    Code
	Field   string // path into the input, empty when it is about no field
	Message string
	cause   error // for the log only
}

// Error implements error.
func (e *Error) Error() string {
	if e.cause != nil {
		return e.Message + ": " + e.cause.Error()
	}
	return e.Message
}

// Unwrap gives the cause, which is never shown to clients.
func (e *Error) Unwrap() error { return e.cause }

// New makes a fault of the given code.
func New(code Code, format string, args ...any) *Error {
	return &Error{Code: code, Message: fmt.Sprintf(format, args...)}
}

// BadInput makes a BAD_USER_INPUT fault about the given field.
func BadInput(field, format string, args ...any) *Error {
	return &Error{Code: BadUserInput, Field: field, Message: fmt.Sprintf(format, args...)}
}

// Because keeps the cause for the log.
func (e *Error) Because(cause error) *Error {
	c := *e
	c.cause = cause
	return &c
}

// CodeOf gives the code of err, INTERNAL for errors that are no faults.
func CodeOf(err error) Code {
	if f, ok := errors.AsType[*Error](err); ok {
		return f.Code
	}
	return Internal
}
