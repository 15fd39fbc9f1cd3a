package relay

import (
	"slices"

	"github.com/broadsheet-cms/broadsheet/internal/fault"
	"github.com/broadsheet-cms/broadsheet/internal/id"
)

// Sizes of the pages of plain lists: those that are no connections and can be
// long all the same.
const (
	defaultRows = 100
	maxRows     = 500
)

// Rest says which part of a plain list is asked for: as many rows as Limit behind
// the one with the key After, or from the first when that is 0.
type Rest struct{ Limit, After int }

// RestOf reads first and after, the id of a row whose ids have the prefix.
func RestOf(first *int32, after *string, prefix string) (Rest, error) {
	n, err := size(first)
	if err != nil || after == nil {
		return Rest{Limit: n}, err
	}
	key, err := id.DecodeAs(prefix, *after)
	if err != nil {
		return Rest{}, NoSuchRow()
	}
	return Rest{n, key}, nil
}

// NoSuchRow says that the row to go on from is not in the list.
func NoSuchRow() error {
	return fault.New(fault.CursorInvalid, "after names no row of this list any more: start at its beginning")
}

func size(first *int32) (int, error) {
	n := defaultRows
	if first != nil {
		n = int(*first)
	}
	if n < 0 || n > maxRows {
		return 0, fault.BadInput("first", "first must be from 0 to %d", maxRows)
	}
	return n, nil
}

// Paged gives the part of a plain list that is asked for: first rows behind the
// one with the id after. It takes the list as the call that reads it returns it.
func Paged[T interface{ PublicID() string }](first *int32, after *string) func([]T, error) ([]T, error) {
	return func(rows []T, err error) ([]T, error) {
		if err != nil {
			return nil, err
		}
		n, err := size(first)
		if err != nil {
			return nil, err
		}
		if after != nil {
			i := slices.IndexFunc(rows, func(row T) bool { return row.PublicID() == *after })
			if i < 0 {
				return nil, NoSuchRow()
			}
			rows = rows[i+1:]
		}
		if rows = rows[:min(n, len(rows))]; rows == nil {
			rows = []T{}
		}
		return rows, nil
	}
}
