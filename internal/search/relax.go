package search

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
)

const (
	// fewHits is with how many articles a search goes on to look for others.
	fewHits = 10
	// leastOptional is how many words a query has at least of which one may be
	// missing: of two words each alone says something else.
	leastOptional = 3
	// mostOptional bounds the words of which some must be there: the rarest.
	mostOptional = 6
)

// lookAgain goes on when few articles match: with misspelt words corrected when
// there is none, and with articles that lack one word in three or more.
func (s *Service) lookAgain(ctx context.Context, q Query, p parsed, r *Results, found []candidate, complete bool, find finder) ([]candidate, bool, error) {
	if len(found) == 0 {
		again, all, err := s.lookCorrected(ctx, q, p, r, find)
		if err != nil || r.Corrected != "" {
			return again, all, err
		}
	}
	if q.Order != Relevance {
		return found, complete, nil
	}
	m, ok := relaxed(r.match)
	if !ok {
		return found, complete, nil
	}
	more, all, err := find(m)
	if err != nil {
		return nil, false, fmt.Errorf("search for most of the words: %w", err)
	}
	has := make(map[int]bool, len(found))
	for _, c := range found {
		has[c.article] = true
	}
	for _, c := range more {
		if !has[c.article] {
			c.partial = true
			found = append(found, c)
		}
	}
	return found, complete && all, nil
}

// lookCorrected looks for a query with misspelt words corrected. If that finds
// nothing either, r is as it was.
func (s *Service) lookCorrected(ctx context.Context, q Query, p parsed, r *Results, find finder) ([]candidate, bool, error) {
	corrected, text, err := s.correct(ctx, q.Text, p, r.match)
	if err != nil || text == "" {
		return nil, true, err
	}
	m := r.match
	found, complete, err := s.look(ctx, corrected, r, find)
	if err != nil {
		return nil, false, err
	}
	if len(found) == 0 {
		r.match = m
		return nil, true, nil
	}
	r.Corrected = text
	return found, complete, nil
}

// relaxed is a match of which one word may be missing, and two of five or more.
// It reports whether the query has enough words.
func relaxed(m match) (match, bool) {
	var optional []int
	for n, g := range m.all {
		if g.optional {
			optional = append(optional, n)
		}
	}
	if len(optional) < leastOptional {
		return m, false
	}
	slices.SortStableFunc(optional, func(a, b int) int { return cmp.Compare(m.frequencies.rarity[b], m.frequencies.rarity[a]) })
	optional = optional[:min(len(optional), mostOptional)]
	slices.Sort(optional)
	missing := 1
	if len(optional) >= 5 {
		missing = 2
	}
	m.some = without(optional, missing)
	m.rate = 0 // how many articles have most of the words is not known
	return m, true
}

// without gives every way to leave so many out of a list.
func without(list []int, missing int) [][]int {
	if missing == 0 {
		return [][]int{list}
	}
	var all [][]int
	for i := range list {
		for _, rest := range without(list[i+1:], missing-1) {
			all = append(all, slices.Concat(list[:i], rest))
		}
	}
	return all
}

// conditions are what an article must fulfil, in the query language of an engine,
// which writes a group and a list of facts and has operators for both and either. A
// match without conditions is fulfilled by every article.
func (m match) conditions(one func(group) string, fact func([]string) string, and, or string) []string {
	var all []string
	for _, g := range m.all {
		if len(m.some) == 0 || !g.optional {
			all = append(all, one(g))
		}
	}
	var sets []string
	for _, set := range m.some {
		words := make([]string, len(set))
		for i, n := range set {
			words[i] = one(m.all[n])
		}
		sets = append(sets, "("+strings.Join(words, and)+")")
	}
	if len(sets) > 0 {
		all = append(all, "("+strings.Join(sets, or)+")")
	}
	for _, words := range m.facts {
		all = append(all, fact(words))
	}
	if len(all) == 0 {
		all = append(all, fact([]string{anyArticle}))
	}
	return all
}
