package taxonomy

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/broadsheet-cms/broadsheet/internal/access"
	"github.com/broadsheet-cms/broadsheet/internal/event"
	"github.com/broadsheet-cms/broadsheet/internal/slug"
	"github.com/broadsheet-cms/broadsheet/internal/store"
)

// Things are found by slug. A slug that is given names the thing whatever it
// is called now. A slug that is made from a name also needs a thing of that
// name, for "C", "C++" and "C#" share one: who comes second gets a number.
// Names that differ in case, accents or punctuation only are one name.

// thing is a row as far as telling things apart goes: a stored one, or one
// that is wanted.
type thing struct {
	id    int    // 0: not stored yet
	slug  string // a wanted thing has none until it is placed
	name  string
	marks [2]string // what else tells it from its namesakes; see vocabulary.same

	given string // the slug that was asked for
	as    *thing // the thing that a wanted one turned out to be, itself when it is new
}

// vocabulary is one kind of things.
type vocabulary struct {
	entity   string // prefix of public ids
	fallback string // slug of a name without letters
	inUse    *store.Statement
	// same compares the marks of two namesakes.
	same func(have, want [2]string) bool
}

// newVocabulary describes a table by two expressions for its marks.
func newVocabulary(entity, fallback, table, marks string, same func(have, want [2]string) bool) vocabulary {
	text := `SELECT id, slug, name, ` + marks + ` FROM ` + table + ` WHERE slug IN `
	return vocabulary{
		entity: entity, fallback: fallback, same: same,
		inUse: store.Maintain(text+`(SELECT jsonb_array_elements_text($1::jsonb))`, text+`(SELECT value FROM json_each($1))`),
	}
}

// alike is the comparison for things that nothing but their name tells apart.
func alike(_, _ [2]string) bool { return true }

// nameKey is equal for two spellings of one name.
func nameKey(name string) string {
	key := slug.Make(name)
	if key == "" {
		return strings.ToLower(name)
	}
	for _, r := range name {
		if r == '+' || r == '#' { // these do tell names apart
			key += string(r)
		}
	}
	return key
}

// chunkSize is how many rows go into the database by one statement.
const chunkSize = 500

// ensure finds or makes the wanted things and gives their keys in order, in a
// handful of statements however many there are. create stores the things whose
// places in wanted it is given, and gives their keys.
func (s *Service) ensure(ctx context.Context, v vocabulary, wanted []*thing, create func(ctx context.Context, places []int) ([]int, error)) ([]int, error) {
	if len(wanted) == 0 {
		return nil, nil
	}
	err := s.db.Tx(access.AsSystem(ctx), func(ctx context.Context) error {
		missing, err := s.match(ctx, v, wanted)
		if err != nil || len(missing) == 0 {
			return err
		}
		// Another import may be making the same things: look again when alone.
		if err := s.lock(ctx); err != nil {
			return err
		}
		if missing, err = s.match(ctx, v, wanted); err != nil {
			return err
		}
		for places := range slices.Chunk(missing, chunkSize) {
			keys, err := create(ctx, places)
			if err != nil {
				return err
			}
			events := make([]event.Event, len(keys))
			for i, key := range keys {
				wanted[places[i]].id = key
				events[i] = event.Event{Action: event.Created, Entity: v.entity, EntityID: key}
			}
			if err := s.log.Append(ctx, events...); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	ids := make([]int, len(wanted))
	for i, w := range wanted {
		ids[i] = w.as.id
	}
	return ids, nil
}

// match finds the stored thing for each wanted one or gives it a free slug. It
// tells the places of those that have to be made.
func (s *Service) match(ctx context.Context, v vocabulary, wanted []*thing) (missing []int, err error) {
	known := map[string]*thing{} // by slug: stored, or about to be
	open := make([]int, len(wanted))
	for i, w := range wanted {
		w.id, w.slug, w.as = 0, "", nil
		open[i] = i
	}
	// Most slugs are free or right at once; a crowd of namesakes is asked about
	// in ever larger steps.
	for low, high := 1, 3; len(open) > 0; low, high = high, high*8 {
		var candidates []string
		for _, i := range open {
			for n := low; n < high; n++ {
				candidates = append(candidates, slug.Number(v.base(wanted[i]), n))
			}
		}
		stored, err := s.stored(ctx, v, candidates)
		if err != nil {
			return nil, err
		}
		for _, t := range stored {
			if known[t.slug] == nil {
				known[t.slug] = t
			}
		}
		var still []int
		for _, i := range open {
			w := wanted[i]
			for n := low; n < high && w.as == nil; n++ {
				candidate := slug.Number(v.base(w), n)
				switch have := known[candidate]; {
				case have == nil:
					w.slug, w.as, known[candidate] = candidate, w, w
					missing = append(missing, i)
				case v.isSame(have, w, n):
					w.as = have
				}
			}
			if w.as == nil {
				still = append(still, i)
			}
		}
		open = still
	}
	slices.Sort(missing) // keys grow in the order of what is wanted
	return missing, nil
}

func (v vocabulary) base(w *thing) string {
	return orDefault(w.given, orDefault(slug.Make(w.name), v.fallback))
}

// isSame says whether a thing that has the n-th variant of the slug of w is
// what w asks for.
func (v vocabulary) isSame(have, w *thing, n int) bool {
	byName := nameKey(have.name) == nameKey(w.name)
	return v.same(have.marks, w.marks) && (byName || n == 1 && w.given != "")
}

// stored reads the things that have one of the given slugs.
func (s *Service) stored(ctx context.Context, v vocabulary, slugs []string) ([]*thing, error) {
	list, err := json.Marshal(slugs)
	if err != nil {
		return nil, err
	}
	things, err := store.Collect(ctx, s.db, v.inUse, func(rows *sql.Rows) (*thing, error) {
		t := new(thing)
		err := rows.Scan(&t.id, &t.slug, &t.name, &t.marks[0], &t.marks[1])
		return t, err
	}, string(list))
	if err != nil {
		return nil, fmt.Errorf("look for slugs in use: %w", err)
	}
	return things, nil
}

// chooseSlug gives the slug under which one thing is saved: the one asked for,
// else the one it has, else one made from its name; numbered when another
// thing has it.
func (s *Service) chooseSlug(ctx context.Context, v vocabulary, id int, asked, current, name string) (string, error) {
	base := v.base(&thing{given: orDefault(asked, current), name: name})
	for low, high := 1, 3; ; low, high = high, high*8 {
		var candidates []string
		for n := low; n < high; n++ {
			candidates = append(candidates, slug.Number(base, n))
		}
		stored, err := s.stored(ctx, v, candidates)
		if err != nil {
			return "", err
		}
		for _, candidate := range candidates {
			taken := slices.ContainsFunc(stored, func(t *thing) bool { return t.slug == candidate && t.id != id })
			if !taken {
				return candidate, nil
			}
		}
	}
}
