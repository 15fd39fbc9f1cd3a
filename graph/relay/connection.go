// Package relay is paging by the Relay server specification: arguments,
// cursors and connections, the same for every list.
//
// Source: GraphQL Cursor Connections Specification.
package relay

import (
	"context"
	"slices"

	"github.com/99designs/gqlgen/graphql"

	"github.com/broadsheet-cms/broadsheet/internal/fault"
	"github.com/broadsheet-cms/broadsheet/internal/keyset"
)

// List is what a connection needs to know of the list it is a page of.
type List[T any] struct {
	// Name tells the list from every other, its filter included: a cursor of
	// one list is refused by another.
	Name string
	// Key is the place of a row.
	Key func(T) keyset.Key
	// Beyond reports whether the list has rows on one side of a place: behind
	// it, or before it.
	Beyond func(ctx context.Context, k keyset.Key, behind bool) (bool, error)
	// Count counts the whole list up to a limit.
	Count func(ctx context.Context, limit int) (int, error)
}

// Connection is a page of a list.
type Connection[T any] struct {
	list   List[T]
	rows   []T
	window keyset.Window
	more   bool // rows of the window beyond the page, in the direction of paging
}

// Edge is a row with its cursor.
type Edge[T any] struct {
	Cursor string
	Node   T
}

// Rows are the rows of a page, in the order of the list.
type Rows[T any] struct {
	Rows []T
	More bool // more of the window lies beyond the page, in the direction of paging
}

// Cut takes the page out of the rows that were found for Probe(window), and
// tells whether there are more.
func Cut[T any](window keyset.Window, found []T) (rows []T, more bool) {
	switch {
	case len(found) <= window.Limit:
		return found, false
	case window.Backward:
		return found[len(found)-window.Limit:], true
	}
	return found[:window.Limit], true
}

// NewConnection makes a connection of a page.
func NewConnection[T any](list List[T], window keyset.Window, page Rows[T]) *Connection[T] {
	return &Connection[T]{list: list, rows: page.Rows, window: window, more: page.More}
}

// Probe is the window to ask the database for: one row more than the page, to
// know whether another follows.
func Probe(w keyset.Window) keyset.Window {
	w.Limit++
	return w
}

// Page reads the page of a list that a client asks for. What read gives for a
// window is in the order of the list; enter lets the rows of the page into the
// response (see package loader).
func Page[E, R any](ctx context.Context, args Args, list List[R], read func(context.Context, keyset.Window) ([]E, error), enter func([]E) []R) (*Connection[R], error) {
	window, err := args.Window(list.Name)
	if err != nil {
		return nil, err
	}
	found, err := read(ctx, Probe(window))
	if err != nil {
		return nil, err
	}
	rows, more := Cut(window, found)
	return NewConnection(list, window, Rows[R]{enter(rows), more}), nil
}

// BeyondBy is the Beyond of a list that has nothing quicker than to read a row.
func BeyondBy[T any](read func(context.Context, keyset.Window) ([]T, error)) func(ctx context.Context, k keyset.Key, behind bool) (bool, error) {
	return func(ctx context.Context, k keyset.Key, behind bool) (bool, error) {
		w := keyset.Window{Limit: 1, After: &k}
		if !behind {
			w = keyset.Window{Limit: 1, Before: &k, Backward: true}
		}
		rows, err := read(ctx, w)
		return len(rows) > 0, err
	}
}

// Nodes are the rows of the page.
func (c *Connection[T]) Nodes() []T {
	if c.rows == nil {
		return []T{}
	}
	return c.rows
}

// Edges are the rows with their cursors.
func (c *Connection[T]) Edges() []*Edge[T] {
	edges := make([]*Edge[T], len(c.rows))
	for i, row := range c.rows {
		edges[i] = &Edge[T]{Cursor: c.cursor(row), Node: row}
	}
	return edges
}

func (c *Connection[T]) cursor(row T) string { return EncodeCursor(c.list.Name, c.list.Key(row)) }

// PageInfo says where the page is.
func (c *Connection[T]) PageInfo() *PageInfo {
	info := &PageInfo{}
	first, last := c.window.After, c.window.Before
	if len(c.rows) > 0 {
		head, tail := c.list.Key(c.rows[0]), c.list.Key(c.rows[len(c.rows)-1])
		first, last = &head, &tail
		start, end := EncodeCursor(c.list.Name, head), EncodeCursor(c.list.Name, tail)
		info.StartCursor, info.EndCursor = &start, &end
	} else if first == nil {
		first = last
	} else if last == nil {
		last = first
	}
	info.next = func(ctx context.Context) (bool, error) {
		if !c.window.Backward && (c.more || c.window.Before == nil) {
			return c.more, nil
		}
		if last == nil || c.window.Backward && c.window.Before == nil { // the end of the list
			return false, nil
		}
		if c.window.Limit == 0 { // the row that the cursor was made of follows
			return true, nil
		}
		return c.list.Beyond(ctx, *last, true)
	}
	info.previous = func(ctx context.Context) (bool, error) {
		if c.window.Backward && (c.more || c.window.After == nil) {
			return c.more, nil
		}
		if first == nil || !c.window.Backward && c.window.After == nil {
			return false, nil
		}
		if c.window.Limit == 0 { // the row that the cursor was made of stands before
			return true, nil
		}
		return c.list.Beyond(ctx, *first, false)
	}
	return info
}

// PageInfo says where a page is in its list. What is not known from the page
// itself is asked of the database only when it is selected.
type PageInfo struct {
	StartCursor, EndCursor *string
	next, previous         func(context.Context) (bool, error)
}

// HasNextPage reports whether rows follow the page.
func (p *PageInfo) HasNextPage(ctx context.Context) (bool, error) { return p.next(ctx) }

// HasPreviousPage reports whether rows stand before the page.
func (p *PageInfo) HasPreviousPage(ctx context.Context) (bool, error) { return p.previous(ctx) }

// FixedPageInfo is the place of a page whose ends are both known.
func FixedPageInfo(start, end *string, previous, next bool) *PageInfo {
	fixed := func(b bool) func(context.Context) (bool, error) {
		return func(context.Context) (bool, error) { return b, nil }
	}
	return &PageInfo{StartCursor: start, EndCursor: end, next: fixed(next), previous: fixed(previous)}
}

// Selects reports whether the client asks for a field of what is being resolved.
func Selects(ctx context.Context, name string) bool {
	return slices.ContainsFunc(graphql.CollectFieldsCtx(ctx, nil), func(f graphql.CollectedField) bool { return f.Name == name })
}

// MaxCount bounds how far totalCount counts.
const MaxCount = 10_000

// Count is a number of rows.
type Count struct {
	Value   int
	AtLeast bool // counting stopped at the limit
}

// Precision is the word of the API for how exact the count is.
func (c *Count) Precision() string {
	if c.AtLeast {
		return "AT_LEAST"
	}
	return "EXACT"
}

// TotalCount counts the whole list, up to a limit.
func (c *Connection[T]) TotalCount(ctx context.Context, limit *int32) (*Count, error) {
	n := 1000
	if limit != nil {
		n = int(*limit)
	}
	if n < 1 || n > MaxCount {
		return nil, fault.BadInput("limit", "limit must be from 1 to %d", MaxCount)
	}
	found, err := c.list.Count(ctx, n+1)
	if err != nil {
		return nil, err
	}
	return &Count{Value: min(found, n), AtLeast: found > n}, nil
}
