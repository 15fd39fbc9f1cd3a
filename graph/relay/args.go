package relay

import (
	"github.com/broadsheet-cms/broadsheet/internal/fault"
	"github.com/broadsheet-cms/broadsheet/internal/keyset"
)

// Sizes of pages.
const (
	DefaultPage = 20
	MaxPage     = 100
)

// Args are the paging arguments of a field.
type Args struct {
	First, Last   *int32
	After, Before *string
}

// Window checks the arguments for a list and decodes its cursors.
func (a Args) Window(list string) (keyset.Window, error) {
	w := keyset.Window{Limit: DefaultPage}
	switch {
	case a.First != nil && a.Last != nil:
		return w, fault.BadInput("last", "first and last cannot be combined: page in one direction")
	case a.First != nil:
		w.Limit = int(*a.First)
	case a.Last != nil:
		w.Limit, w.Backward = int(*a.Last), true
	}
	if w.Limit < 0 || w.Limit > MaxPage {
		field := "first"
		if w.Backward {
			field = "last"
		}
		return w, fault.BadInput(field, "%s must be from 0 to %d", field, MaxPage)
	}
	for _, c := range []struct {
		cursor *string
		into   **keyset.Key
	}{{a.After, &w.After}, {a.Before, &w.Before}} {
		if c.cursor == nil {
			continue
		}
		k, err := DecodeCursor(list, *c.cursor)
		if err != nil {
			return w, err
		}
		*c.into = &k
	}
	return w, nil
}
