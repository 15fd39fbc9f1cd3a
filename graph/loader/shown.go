package loader

import "sync"

// Dependency names one thing that a response was made from. An event that touches the
// thing makes the response old.
//
//   - A row: Entity and Key. It may have been absent or hidden.
//   - A list: List, named for its field in the schema, with the Entity and Key of
//     its owner (none for lists of the whole site) and, where the list is
//     narrowed, how, in Filter.
//   - A search for one row by something other than its key: Entity, in List what
//     it was searched by (such as "slug") and in Filter the value.
type Dependency struct {
	Entity string // prefix of public ids, or Settings
	Key    int
	List   string
	Filter string
}

// Settings is the Entity of the site's settings, as events name it.
const Settings = "site"

// maxShown bounds what is noted of one response.
const maxShown = 10_000

// Shown notes everything that one response was made from. Noting is cheap, as
// whole cohorts are noted at once; the dependencies are listed when they are asked for.
type Shown struct {
	mu    sync.Mutex
	notes []notes
	size  int
}

// notes are dependencies that differ in their keys alone.
type notes struct {
	of   Dependency
	keys []int // not changed any more
}

func (s *Shown) note(t Dependency) { s.add(notes{of: t}, 1) }

func (s *Shown) rows(entity string, keys []int) { s.lists(Dependency{Entity: entity}, keys) }

func (s *Shown) lists(of Dependency, keys []int) {
	if of.Entity != "" && len(keys) > 0 {
		s.add(notes{of, keys}, len(keys))
	}
}

func (s *Shown) add(n notes, size int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.size += size; s.size <= maxShown {
		s.notes = append(s.notes, n)
	}
}

// Dependencies gives what the response was made from, each once. It is complete
// unless there was more than can be noted: such a response must not be kept.
func (s *Shown) Dependencies() (all []Dependency, complete bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	seen := make(map[Dependency]bool, min(s.size, maxShown))
	add := func(t Dependency) {
		if !seen[t] {
			seen[t] = true
			all = append(all, t)
		}
	}
	for _, n := range s.notes {
		if n.keys == nil {
			add(n.of)
		}
		for _, key := range n.keys {
			t := n.of
			t.Key = key
			add(t)
		}
	}
	return all, s.size <= maxShown
}
