// Package loader is the one way by which rows enter a response, and answers a
// field of many rows by one statement.
//
// # Rows and cohorts
//
// The object types of the API are bound to the row types of this package
// (gqlgen.yml), such as Article. A row can be made here only, by a Kind, and
// belongs to a cohort: the rows of its type that entered together, across all
// parents of a list. The first row of a cohort that is asked for a field loads
// it for all of them; the others wait for it. So the number of statements
// depends on the shape of a document alone, never on the length of lists, and
// no timer decides what belongs to one batch.
//
// # What a response was made from
//
// Every row and list that enters, and every search that found nothing, is noted
// in the Shown of its response.
package loader

import (
	"context"
	"slices"
	"sync"

	"github.com/broadsheet-cms/broadsheet/ent"
	"github.com/broadsheet-cms/broadsheet/internal/fault"
	"github.com/broadsheet-cms/broadsheet/internal/id"
)

// cohort is rows that entered a response together, each key once.
type cohort[T any] struct {
	response *Response
	rows     []*T
	keys     []int

	mu    sync.Mutex
	loads map[any]any // *load[V] by field and arguments
}

// place is where a row stands. Every row type embeds the place of its type.
type place[T any] struct {
	in *cohort[T]
	at int
}

// Kind is one type of rows: T as a service gives them, R as a response shows
// them.
type Kind[T, R any] struct {
	entity string       // prefix of the public ids; empty for rows that are part of another
	key    func(*T) int // nil where rows have none: each is its own
	row    func(*T, place[T]) R
	find   finder[T] // nil where rows are not found by key
}

// Rows lets rows in that were found together. The answer is in the order of
// found, with nil for nil; rows with the same key are one.
func (k *Kind[T, R]) Rows(ctx context.Context, found []*T) []*R { return k.enter(For(ctx), found) }

// One lets one row in, nil for nil.
func (k *Kind[T, R]) One(ctx context.Context, found *T) *R { return k.Rows(ctx, []*T{found})[0] }

// ByID finds the row with a key, nil when there is none that the viewer may see.
func (k *Kind[T, R]) ByID(ctx context.Context, key int) (*R, error) {
	rows, err := k.ByIDs(ctx, []int{key})
	if err != nil {
		return nil, err
	}
	return rows[0], nil
}

// ByIDs finds rows by keys, in the order of keys, with nil for those that the
// viewer may not see.
func (k *Kind[T, R]) ByIDs(ctx context.Context, keys []int) ([]*R, error) {
	wanted := make([]*int, len(keys))
	for i := range keys {
		wanted[i] = &keys[i]
	}
	return k.follow(ctx, For(ctx), wanted)
}

// List lets the rows of a list in, and notes that the response shows this list.
func (k *Kind[T, R]) List(ctx context.Context, list Dependency, found []*T) []*R {
	r := For(ctx)
	r.Shown.note(list)
	return k.enter(r, found)
}

// Find lets in what was found by something other than its key, such as a slug. When
// nothing was, it notes what was searched for, as the answer changes when such a
// row appears.
func (k *Kind[T, R]) Find(ctx context.Context, by, value string, found *T) *R {
	r := For(ctx)
	if found == nil { // else the row is noted, and has to change before another is found
		r.Shown.note(Dependency{Entity: k.entity, List: by, Filter: value})
	}
	return k.enter(r, []*T{found})[0]
}

// FindNamed is Find by a name, which several rows may have: whatever was found, the
// answer changes when another row takes the name.
func (k *Kind[T, R]) FindNamed(ctx context.Context, name string, found *T) *R {
	r := For(ctx)
	r.Shown.note(Dependency{Entity: k.entity, List: "name", Filter: name})
	return k.enter(r, []*T{found})[0]
}

// enter is the door: every row of every response comes through here.
func (k *Kind[T, R]) enter(r *Response, found []*T) []*R {
	shown := make([]*R, len(found))
	made := make([]R, 0, len(found)) // does not grow: shown points into it
	var seen map[int]*R
	if len(found) > 1 {
		seen = make(map[int]*R, len(found))
	}
	var c *cohort[T]
	for i, row := range found {
		if row == nil {
			continue
		}
		key := i
		if k.key != nil {
			key = k.key(row)
		}
		if shown[i] = seen[key]; shown[i] != nil {
			continue
		}
		if c == nil || len(c.rows) == r.maxCohort() {
			n := min(len(found)-i, r.maxCohort())
			c = &cohort[T]{response: r, rows: make([]*T, 0, n), keys: make([]int, 0, n)}
			defer func(c *cohort[T]) { r.Shown.rows(k.entity, c.keys) }(c)
		}
		if said, ok := any(row).(*ent.Comment); ok { // a comment shows counts of what is said around it
			r.Shown.note(Dependency{Entity: id.Article, Key: said.ArticleID, List: "comments"})
		}
		if entry, ok := any(row).(*ent.LiveEntry); ok { // its body depends on what is hidden of its article
			r.Shown.rows(id.Article, []int{entry.ArticleID})
		}
		made = append(made, k.row(row, place[T]{c, len(c.rows)}))
		c.rows, c.keys = append(c.rows, row), append(c.keys, key)
		shown[i] = &made[len(made)-1]
		if seen != nil {
			seen[key] = shown[i]
		}
	}
	return shown
}

// enterAll lets in the lists of several parents as one cohort. The answer has a
// list for each parent, empty ones included.
func (k *Kind[T, R]) enterAll(r *Response, lists [][]*T) [][]*R {
	n := 0
	for _, list := range lists {
		n += len(list)
	}
	together := make([]*T, 0, n)
	for _, list := range lists {
		together = append(together, list...)
	}
	shown := k.enter(r, together)
	parts := make([][]*R, len(lists))
	for i, list := range lists {
		n := len(list)
		parts[i], shown = shown[:n:n], shown[n:]
	}
	return parts
}

// align puts values by key into the order of keys.
func align[V any](keys []int, values map[int]V) []V {
	list := make([]V, len(keys))
	for i, key := range keys {
		list[i] = values[key]
	}
	return list
}

// field is something that every row of a cohort has, with arguments A. Its load
// gives the values in the order of the rows.
type field[T any, A comparable, V any] struct {
	load func(ctx context.Context, c *cohort[T], args A) ([]V, error)
}

// none are the arguments of a field without any.
type none = struct{}

type fieldKey[T any, A comparable, V any] struct {
	field *field[T, A, V]
	args  A
}

// load is a field on its way for a whole cohort.
type load[V any] struct {
	ready  chan struct{}
	values []V
	err    error
}

// get gives the field of the row at a place.
func get[T any, A comparable, V any](ctx context.Context, p place[T], f *field[T, A, V], args A) (V, error) {
	values, err := all(ctx, p.in, f, args)
	if err != nil {
		var nothing V
		return nothing, err
	}
	return values[p.at], nil
}

// all gives the field of every row of a cohort, in their order. The first to ask
// loads it, the others wait.
func all[T any, A comparable, V any](ctx context.Context, c *cohort[T], f *field[T, A, V], args A) ([]V, error) {
	var key any = f
	if _, plain := any(args).(none); !plain {
		key = fieldKey[T, A, V]{f, args}
	}
	c.mu.Lock()
	if known, ok := c.loads[key]; ok {
		c.mu.Unlock()
		return known.(*load[V]).wait(ctx)
	}
	l := &load[V]{ready: make(chan struct{})}
	c.keep(key, l)
	c.mu.Unlock()
	defer close(l.ready)
	// Should loading panic, those who wait must not take that for "nothing there".
	l.err = fault.New(fault.Internal, "loading was interrupted")
	l.values, l.err = f.load(ctx, c, args)
	return l.values, l.err
}

func (c *cohort[T]) keep(key, load any) {
	if c.loads == nil {
		c.loads = map[any]any{}
	}
	c.loads[key] = load
}

func (l *load[V]) wait(ctx context.Context) ([]V, error) {
	select {
	case <-l.ready:
		return l.values, l.err
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// prime tells the value of a field that came together with a row, which is
// alone in its cohort.
func prime[T, V any](p place[T], f *field[T, none, V], value V) {
	l := &load[V]{ready: make(chan struct{}), values: []V{value}}
	close(l.ready)
	p.in.mu.Lock()
	defer p.in.mu.Unlock()
	p.in.keep(f, l)
}

// primed gives what prime told, if it did.
func primed[T, V any](p place[T], f *field[T, none, V]) (value V, ok bool) {
	p.in.mu.Lock()
	defer p.in.mu.Unlock()
	if l, ok := p.in.loads[f].(*load[V]); ok {
		return l.values[0], true
	}
	return value, false
}

// value is a field that is no row, from a service that takes keys.
func value[T, V any](load func(ctx context.Context, r *Response, keys []int) (map[int]V, error)) *field[T, none, V] {
	return &field[T, none, V]{func(ctx context.Context, c *cohort[T], _ none) ([]V, error) {
		found, err := load(ctx, c.response, c.keys)
		return align(c.keys, found), err
	}}
}

// listed is a field that lists rows, from a service that takes keys.
func listed[T, O, E, R any](owner *Kind[T, O], name string, k *Kind[E, R],
	load func(ctx context.Context, c *cohort[T]) (map[int][]*E, error),
) *field[T, none, []*R] {
	return &field[T, none, []*R]{func(ctx context.Context, c *cohort[T], _ none) ([][]*R, error) {
		c.response.Shown.lists(Dependency{Entity: owner.entity, List: name}, c.keys)
		found, err := load(ctx, c)
		if err != nil {
			return nil, err
		}
		return k.enterAll(c.response, align(c.keys, found)), nil
	}}
}

// finder finds rows by their keys; what is hidden or absent is left out.
type finder[T any] = func(ctx context.Context, r *Response, keys []int) (map[int]*T, error)

// reference is a field that points to at most one row.
func reference[T, E, R any](k *Kind[E, R], pointer func(*T) *int) *field[T, none, *R] {
	return &field[T, none, *R]{func(ctx context.Context, c *cohort[T], _ none) ([]*R, error) {
		wanted := make([]*int, len(c.rows))
		for i, row := range c.rows {
			wanted[i] = pointer(row)
		}
		return k.follow(ctx, c.response, wanted)
	}}
}

// follow lets in what keys point to, as one cohort, in their order.
func (k *Kind[T, R]) follow(ctx context.Context, r *Response, wanted []*int) ([]*R, error) {
	keys := distinct(wanted)
	found, err := k.found(ctx, r, keys)
	if err != nil {
		return nil, err
	}
	rows := make([]*T, len(wanted))
	for i, p := range wanted {
		if p != nil {
			rows[i] = found[*p]
		}
	}
	return k.enter(r, rows), nil
}

// pick lets in the rows with the keys of several lists, as one cohort. What is
// not there is left out.
func (k *Kind[T, R]) pick(ctx context.Context, r *Response, lists [][]int) ([][]*R, error) {
	var wanted []*int
	for _, list := range lists {
		for i := range list {
			wanted = append(wanted, &list[i])
		}
	}
	found, err := k.found(ctx, r, distinct(wanted))
	if err != nil {
		return nil, err
	}
	rows := make([][]*T, len(lists))
	for i, list := range lists {
		rows[i] = make([]*T, 0, len(list))
		for _, key := range list {
			if row := found[key]; row != nil {
				rows[i] = append(rows[i], row)
			}
		}
	}
	return k.enterAll(r, rows), nil
}

// found finds rows by keys, and notes those that are not there.
func (k *Kind[T, R]) found(ctx context.Context, r *Response, keys []int) (map[int]*T, error) {
	if len(keys) == 0 {
		return nil, nil
	}
	found, err := k.find(ctx, r, keys)
	if err != nil {
		return nil, err
	}
	if len(found) < len(keys) {
		r.Shown.rows(k.entity, slices.DeleteFunc(slices.Clone(keys), func(key int) bool { return found[key] != nil }))
	}
	return found, nil
}

// distinct gives each key once, in the order of their first appearance.
func distinct(wanted []*int) []int {
	keys := make([]int, 0, len(wanted))
	seen := make(map[int]bool, len(wanted))
	for _, p := range wanted {
		if p != nil && !seen[*p] {
			seen[*p] = true
			keys = append(keys, *p)
		}
	}
	return keys
}
