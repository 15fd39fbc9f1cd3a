package store

import (
	"context"
	"database/sql/driver"
	"errors"
	"fmt"
	"io"
	"net"
	"slices"
	"strings"
	"syscall"

	"github.com/lib/pq"
	"github.com/lib/pq/pqerror"
	sqlite "modernc.org/sqlite"
	sqlitelib "modernc.org/sqlite/lib"

	"github.com/broadsheet-cms/broadsheet/internal/fault"
)

// IsDuplicate reports whether err is a violation of a unique index.
func IsDuplicate(err error) bool {
	if e, ok := errors.AsType[*pq.Error](err); ok {
		return e.Code == "23505"
	}
	if e, ok := errors.AsType[*sqlite.Error](err); ok {
		return e.Code() == sqlitelib.SQLITE_CONSTRAINT_UNIQUE || e.Code() == sqlitelib.SQLITE_CONSTRAINT_PRIMARYKEY
	}
	return false
}

// withConflict makes a fault of a transaction that PostgreSQL gave up because it
// and another waited for each other.
func withConflict(err error) error {
	if e, ok := errors.AsType[*pq.Error](err); ok && (e.Code == "40P01" || e.Code == "40001") {
		return fault.Mistake(fault.Failed, "", "Somebody changed the same things at this moment. Nothing was done; send it again.").WithCause(err)
	}
	return err
}

// withTryAgain makes a fault of an error that says nothing about what was asked
// and all about the database: it is away, busy, or cannot write; and of a text that cannot be
// stored.
func withTryAgain(ctx context.Context, err error) error {
	if e, ok := errors.AsType[*pq.Error](err); ok && (e.Code == "22021" || e.Code == "22P05") {
		// Texts are valid UTF-8 by then: it is the one character that PostgreSQL has no place for.
		return fault.New(fault.BadUserInput, "A text holds the character NUL (U+0000), which cannot be stored: leave it out.").WithCause(err)
	}
	if err == nil || !isConnectionLost(err) && !isUnavailable(err) {
		return err
	}
	if ended := ctx.Err(); ended != nil {
		err = errors.Join(err, ended)
	}
	return tryAgain(err)
}

func tryAgain(cause error) error {
	return fault.New(fault.TryAgain, "The database is not available or too busy at the moment. Nothing was done; try again.").WithCause(cause)
}

// ErrUnconfirmed is in errors of changes to which no answer came: they may be stored or
// not.
var ErrUnconfirmed = errors.New("the change was not confirmed")

// unconfirmed makes a fault of a change to which no answer came. It hides the
// cause from database/sql, which would do the change again.
func unconfirmed(cause error) error {
	return fault.New(fault.TryAgain, "The database did not confirm the change, which may be stored or not. Look before you send it again.").
		WithCause(fmt.Errorf("%w: %s", ErrUnconfirmed, cause.Error()))
}

// isConnectionLost reports whether err says that a connection to the server, or
// an attempt to make one, broke.
func isConnectionLost(err error) bool {
	if e, ok := errors.AsType[*pq.Error](err); ok {
		// Connection exceptions; the server ends, or starts; a session that was idle
		// in a transaction was ended; a server that only reads now.
		return strings.HasPrefix(string(e.Code), "08") || slices.Contains([]pqerror.Code{"57P01", "57P02", "57P03", "25P03", "25006"}, e.Code)
	}
	if _, ok := errors.AsType[*net.OpError](err); ok {
		return true
	}
	return errors.Is(err, driver.ErrBadConn) || errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, net.ErrClosed) ||
		errors.Is(err, syscall.ECONNRESET) || errors.Is(err, syscall.EPIPE)
}

// isUnavailable reports whether a database that answers cannot do anything at
// the moment, or took longer than it may.
func isUnavailable(err error) bool {
	if e, ok := errors.AsType[*pq.Error](err); ok {
		// Insufficient resources, such as connections and disk; a lock that was not
		// given in time; a statement that took too long; an I/O error; a reading of a
		// standby that stood in the way of what it replays.
		return strings.HasPrefix(string(e.Code), "53") || slices.Contains([]pqerror.Code{"55P03", "57014", "58030", "40001"}, e.Code)
	}
	if e, ok := errors.AsType[*sqlite.Error](err); ok {
		return slices.Contains([]int{sqlitelib.SQLITE_BUSY, sqlitelib.SQLITE_LOCKED, sqlitelib.SQLITE_FULL, sqlitelib.SQLITE_IOERR,
			sqlitelib.SQLITE_READONLY, sqlitelib.SQLITE_CANTOPEN}, e.Code()&0xff)
	}
	return false
}

// isReadOnly reports whether err says that a connection of SQLite cannot write.
func isReadOnly(err error) bool {
	e, ok := errors.AsType[*sqlite.Error](err)
	return ok && e.Code()&0xff == sqlitelib.SQLITE_READONLY
}

// isBusy reports whether err says that another connection has a lock on the file.
func isBusy(err error) bool {
	e, ok := errors.AsType[*sqlite.Error](err)
	return ok && e.Code()&0xff == sqlitelib.SQLITE_BUSY
}
