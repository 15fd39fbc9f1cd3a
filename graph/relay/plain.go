package relay

import (
	"slices"

	"github.com/broadsheet-cms/broadsheet/internal/fault"
)

// Sizes of the pages of plain lists: those that are no connections and can be
// long all the same.
const (
	defaultRows = 100
	maxRows     = 500
)

// Paged gives the part of a plain list that is asked for: first rows behind the
// one with the id after. It takes the list as the call that reads it returns it.
func Paged[T interface{ PublicID() string }](first *int32, after *string) func([]T, error) ([]T, error) {
	return func(rows []T, err error) ([]T, error) {
		n := defaultRows
		if first != nil {
			n = int(*first)
		}
		if err != nil {
			return nil, err
		}
		if n < 0 || n > maxRows {
			return nil, fault.BadInput("first", "first must be from 0 to %d", maxRows)
		}
		if after != nil {
			i := slices.IndexFunc(rows, func(row T) bool { return row.PublicID() == *after })
			if i < 0 {
				return nil, fault.New(fault.CursorInvalid, "after names no row of this list any more: start at its beginning")
			}
			rows = rows[i+1:]
		}
		if rows = rows[:min(n, len(rows))]; rows == nil {
			rows = []T{}
		}
		return rows, nil
	}
}
