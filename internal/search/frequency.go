package search

import (
	"cmp"
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"maps"
	"math"
	"slices"

	"github.com/broadsheet-cms/broadsheet/internal/language"
	"github.com/broadsheet-cms/broadsheet/internal/store"
)

// How many articles have a stem, by its hash, counted among those that readers
// can find: what is hidden changes no score. Like the vocabulary it is
// written after the commit of what it counts.
var (
	frequenciesSQL = store.ReadBoth(`SELECT f.stem, f.articles FROM each_id($1) CROSS JOIN search_frequencies f WHERE f.stem = each_id.id`)

	countFrequenciesSQL = store.Maintain(
		`INSERT INTO search_frequencies (stem, articles) SELECT (value ->> 0)::bigint, (value ->> 1)::bigint FROM json_array_elements($1::json) AS f(value)
			ON CONFLICT (stem) DO UPDATE SET articles = search_frequencies.articles + excluded.articles`,
		`INSERT INTO search_frequencies (stem, articles) SELECT value ->> 0, value ->> 1 FROM json_each($1) WHERE true
			ON CONFLICT (stem) DO UPDATE SET articles = articles + excluded.articles`)

	forgetFrequenciesSQL = store.MaintainBoth(`DELETE FROM search_frequencies`)
	forgetVectorsSQL     = store.MaintainBoth(`UPDATE search_documents SET vector = NULL`)
)

// Keys of search_frequencies that are no hashes.
const (
	allArticles = -1  // how many articles readers can find
	fieldLength = -10 // and below: how many words the fields have together, in the order of the fields
)

// stemKey is the key of a stem in search_frequencies.
func stemKey(stem string) int { return int(stemHash(stem)) }

// change adds what an article says now to counts, and takes away what it said.
func (v *vocabulary) change(d *document) {
	add := func(vec vector, n int) {
		if vec == nil {
			return
		}
		v.frequencies[allArticles] += n
		for field := range fieldCount {
			v.frequencies[fieldLength-field] += n * vec.length(field)
		}
		for _, stem := range vec.stems() {
			v.frequencies[int(stem)] += n
		}
	}
	add(d.before, -1)
	if d.published != nil {
		add(d.vector, 1)
	}
}

// count stores what changed. One order for all writers keeps them from waiting
// for each other in a circle.
func (s *Service) count(ctx context.Context, changed map[int]int) error {
	var rows [][2]int
	for _, stem := range slices.Sorted(maps.Keys(changed)) {
		if n := changed[stem]; n != 0 {
			rows = append(rows, [2]int{stem, n})
		}
	}
	if len(rows) == 0 {
		return nil
	}
	text, err := json.Marshal(rows)
	if err != nil {
		return err
	}
	if _, err := s.db.Exec(ctx, countFrequenciesSQL, string(text)); err != nil {
		return fmt.Errorf("count the articles of words: %w", err)
	}
	return nil
}

// frequencies gives how many articles have each of some keys.
func (s *Service) frequencies(ctx context.Context, keys []int) (map[int]int, error) {
	slices.Sort(keys)
	keys = slices.Compact(keys)
	found := make(map[int]int, len(keys))
	_, err := store.Collect(ctx, s.db, frequenciesSQL, func(rows *sql.Rows) (_ struct{}, err error) {
		var key, n int
		err = rows.Scan(&key, &n)
		found[key] = max(n, 0)
		return struct{}{}, err
	}, s.db.IDs(keys))
	if err != nil {
		return nil, fmt.Errorf("look up how common words are: %w", err)
	}
	return found, nil
}

// understand looks the words of a query up: what their beginnings go on to be,
// with which particles they stand in the text, and how rare they are.
func (s *Service) understand(ctx context.Context, p parsed, m *match) error {
	for _, c := range p.none {
		m.none = append(m.none, group{any: c.any(), title: c.title, byline: c.byline})
	}
	keys := []int{allArticles}
	for field := range fieldCount {
		keys = append(keys, fieldLength-field)
	}
	type particles struct {
		with    []string
		without string
	}
	maybe := make([]particles, len(p.all))
	for n, c := range p.all {
		g := group{any: c.any(), word: c.word, title: c.title, byline: c.byline, choice: len(c.or) > 0, optional: c.optional()}
		switch {
		case c.prefix != "":
			g.prefix, g.word = true, ""
			more, err := s.beginning(ctx, c.prefix)
			if err != nil {
				return err
			}
			for _, stem := range more {
				if stem != c.stems[0] {
					g.any = append(g.any, []string{stem})
				}
			}
		case c.word != "" && !g.choice:
			maybe[n].with, maybe[n].without = language.Attached(c.word)
			for _, stem := range append(slices.Clip(maybe[n].with), maybe[n].without) {
				keys = append(keys, stemKey(stem))
			}
		}
		m.all = append(m.all, g)
		for _, stems := range g.any {
			for _, stem := range stems {
				keys = append(keys, stemKey(stem))
			}
		}
	}
	for _, words := range m.facts {
		for _, word := range words {
			keys = append(keys, stemKey(word))
		}
	}
	seen, err := s.frequencies(ctx, keys)
	if err != nil {
		return err
	}
	all := seen[allArticles]
	m.frequencies = frequencies{}
	for field := range fieldCount {
		m.frequencies.lengths[field] = 10 * max(seen[fieldLength-field], 0) / max(all, 1)
	}
	rarest := math.MaxInt
	for n := range m.all {
		g := &m.all[n]
		own := seen[stemKey(g.any[0][0])]
		// A particle makes the rarer of two forms; see language.Attached.
		for _, stem := range maybe[n].with {
			if f := seen[stemKey(stem)]; f > 0 && f <= own/2 {
				g.any = append(g.any, []string{stem})
			}
		}
		if f := seen[stemKey(maybe[n].without)]; maybe[n].without != "" && f > 0 && f >= 2*own {
			g.any = append(g.any, []string{maybe[n].without})
		}
		rarity, has := rarityOfGroup(*g, seen, all)
		m.frequencies.rarity = append(m.frequencies.rarity, rarity)
		m.seen = append(m.seen, has)
		rarest = min(rarest, has)
	}
	for _, words := range m.facts {
		has := 0
		for _, word := range words {
			has += seen[stemKey(word)]
		}
		rarest = min(rarest, has)
	}
	m.rate = 0
	if all > 0 && rarest < math.MaxInt {
		m.rate = float64(min(rarest, all)) / float64(all)
	}
	return nil
}

// rarityOfGroup is the weight of a group, and about how many articles have it. A phrase is as
// rare as its words together, up to thrice the rarest of them.
func rarityOfGroup(g group, seen map[int]int, all int) (rarity, has int) {
	for _, stems := range g.any {
		least := math.MaxInt
		for _, stem := range stems {
			least = min(least, seen[stemKey(stem)])
		}
		has += least
	}
	rarity = rarityOf(has, all)
	if len(g.any[0]) > 1 {
		sum := 0
		for _, stem := range g.any[0] {
			sum += rarityOf(seen[stemKey(stem)], all)
		}
		rarity = cmp.Or(min(sum, 3*rarity), 1)
	}
	return rarity, has
}
