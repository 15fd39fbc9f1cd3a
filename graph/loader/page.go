package loader

import (
	"github.com/broadsheet-cms/broadsheet/graph/relay"
	"github.com/broadsheet-cms/broadsheet/internal/keyset"
)

// window is a keyset.Window that can be compared, as arguments of a field must
// be.
type window struct {
	limit               int
	backward            bool
	hasAfter, hasBefore bool
	after, before       keyset.Key
}

func windowOf(w keyset.Window) window {
	c := window{limit: w.Limit, backward: w.Backward}
	if w.After != nil {
		c.hasAfter, c.after = true, *w.After
	}
	if w.Before != nil {
		c.hasBefore, c.before = true, *w.Before
	}
	return c
}

func (w window) keyset() keyset.Window {
	k := keyset.Window{Limit: w.limit, Backward: w.backward}
	if w.hasAfter {
		k.After = &w.after
	}
	if w.hasBefore {
		k.Before = &w.before
	}
	return k
}

// pages lets in a page of the list of each owner, from what was found for
// relay.Probe(w).
func pages[T, O, E, R any](c *cohort[T], owner *Kind[T, O], list, filter string, k *Kind[E, R], w keyset.Window, found map[int][]*E, err error) ([]relay.Rows[*R], error) {
	if err != nil {
		return nil, err
	}
	c.response.Shown.lists(Dependency{Entity: owner.entity, List: list, Filter: filter}, c.keys)
	cut := make([][]*E, len(c.keys))
	shown := make([]relay.Rows[*R], len(c.keys))
	for i, key := range c.keys {
		cut[i], shown[i].More = relay.Cut(w, found[key])
	}
	for i, rows := range k.enterAll(c.response, cut) {
		shown[i].Rows = rows
	}
	return shown, nil
}
