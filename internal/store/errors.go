package store

import (
	"errors"

	"github.com/lib/pq"
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
		return fault.Mistake(fault.Failed, "", "Somebody changed the same things at this moment. Nothing was done; send it again.").Because(err)
	}
	return err
}

// isBusy reports whether err says that another connection holds the file.
func isBusy(err error) bool {
	e, ok := errors.AsType[*sqlite.Error](err)
	return ok && e.Code()&0xff == sqlitelib.SQLITE_BUSY
}
