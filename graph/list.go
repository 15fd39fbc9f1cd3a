package graph

import (
	"slices"

	"github.com/broadsheet-cms/broadsheet/graph/model"
	"github.com/broadsheet-cms/broadsheet/internal/fault"
)

// Sizes of the pages of plain lists: those that are no connections and can be
// long all the same.
const (
	defaultPlainPage = 100
	maxPlainPage     = 500
)

// page gives the part of a plain list that is asked for: first rows behind the
// one with the id after.
func page[T model.Node](rows []T, first *int32, after *string) ([]T, error) {
	n := defaultPlainPage
	if first != nil {
		n = int(*first)
	}
	if n < 0 || n > maxPlainPage {
		return nil, fault.BadInput("first", "first must be from 0 to %d", maxPlainPage)
	}
	if after != nil {
		i := slices.IndexFunc(rows, func(row T) bool { return row.PublicID() == *after })
		if i < 0 {
			return nil, fault.New(fault.CursorInvalid, "after names no row of this list any more: start at its beginning")
		}
		rows = rows[i+1:]
	}
	return orEmptyList(rows[:min(n, len(rows))]), nil
}

// paged is page for the results of a call.
func paged[T model.Node](first *int32, after *string) func([]T, error) ([]T, error) {
	return func(rows []T, err error) ([]T, error) {
		if err != nil {
			return nil, err
		}
		return page(rows, first, after)
	}
}
