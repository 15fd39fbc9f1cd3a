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
	TryAgain          Code = "TRY_AGAIN" // busy, timed out, lost connection: nothing was done
	Internal          Code = "INTERNAL"

	// About documents that a request names or that a site does not answer.
	PersistedQueryNotFound     Code = "PERSISTED_QUERY_NOT_FOUND"
	PersistedQueryNotSupported Code = "PERSISTED_QUERY_NOT_SUPPORTED"
	DocumentNotTrusted         Code = "DOCUMENT_NOT_TRUSTED"
)

// Reason says more closely what is wrong with an input, for programs. It is
// what mutations answer as userErrors.code; Reasons lists all.
type Reason string

// The reasons.
const (
	Invalid              Reason = "INVALID"
	Blank                Reason = "BLANK"
	TooLong              Reason = "TOO_LONG"
	Missing              Reason = "NOT_FOUND"
	Taken                Reason = "TAKEN"
	Loop                 Reason = "CIRCULAR_REFERENCE"
	InUse                Reason = "IN_USE"
	InThePast            Reason = "IN_THE_PAST"
	IllegalTransition    Reason = "ILLEGAL_TRANSITION"
	VersionConflict      Reason = "VERSION_CONFLICT"
	Locked               Reason = "LOCKED"
	LimitReached         Reason = "LIMIT_REACHED"
	KeyReused            Reason = "IDEMPOTENCY_KEY_REUSED"
	Expired              Reason = "EXPIRED"
	WrongCredentials     Reason = "INVALID_CREDENTIALS" //nolint:gosec // G101: a word about credentials
	SecondFactorRequired Reason = "SECOND_FACTOR_REQUIRED"
	WrongSecondFactor    Reason = "INVALID_SECOND_FACTOR"
	SlowedDown           Reason = "RATE_LIMITED"
	WeakPassword         Reason = "WEAK_PASSWORD"
	LastAdmin            Reason = "LAST_ADMIN"
	Denied               Reason = "FORBIDDEN" // with one of many; else it is a code
	Failed               Reason = "FAILED"
	Closed               Reason = "CLOSED"
	CheckFailed          Reason = "PUBLISH_CHECK_FAILED"
)

// Reasons lists all reasons.
func Reasons() []Reason {
	return []Reason{Invalid, Blank, TooLong, Missing, Taken, Loop, InUse, InThePast, IllegalTransition, VersionConflict, Locked, LimitReached, KeyReused,
		Expired, WrongCredentials, SecondFactorRequired, WrongSecondFactor, SlowedDown, WeakPassword, LastAdmin, Denied, Failed, Closed, CheckFailed}
}

// Error is a fault with a message that is safe to show to anybody.
type Error struct {
	Code    Code
	Reason  Reason // empty: what the code says, see ReasonOf
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

// Mistake makes a fault that the user can mend: mutations answer it among their
// userErrors. The field is a path into the input, such as blocks[2].html, empty
// when it is about no field.
func Mistake(reason Reason, field, format string, args ...any) *Error {
	e := &Error{Code: BadUserInput, Reason: reason, Field: field, Message: fmt.Sprintf(format, args...)}
	switch reason {
	case Missing:
		e.Code = NotFound
	case Taken, VersionConflict, Locked, InUse, IllegalTransition, KeyReused, LastAdmin, Failed, Closed, CheckFailed:
		e.Code = Conflict
	}
	return e
}

// ReasonOf gives the reason of a fault that the user can mend, empty for all
// others.
func (e *Error) ReasonOf() Reason {
	switch {
	case e.Reason != "":
		return e.Reason
	case e.Code == BadUserInput:
		return Invalid
	case e.Code == NotFound:
		return Missing
	case e.Code == Conflict:
		return Taken
	}
	return ""
}

// WithCause keeps the cause for the log.
func (e *Error) WithCause(cause error) *Error {
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
