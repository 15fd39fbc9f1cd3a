package content

import (
	"cmp"
	"encoding/json"
	"fmt"
	"math"
	"slices"

	"github.com/broadsheet-cms/broadsheet/internal/related"
)

// candidate is an article in the stored list of another.
type candidate struct {
	Article  int64   `json:"a"`
	Score    float64 `json:"s"`
	Revision int     `json:"r"` // of the subject of Article
	Body     int64   `json:"b,omitempty"`
	// Shared is a sharing, which only readers look into.
	Shared json.RawMessage `json:"y"`
}

// sharing is what two articles have in common, in words to show, so that a list
// is shown without another statement. Names are those of the moment when the
// candidate came into the list.
type sharing struct {
	Words   []string `json:"w,omitempty"`
	Tags    []string `json:"t,omitempty"`
	Series  []string `json:"s,omitempty"`
	Places  []string `json:"l,omitempty"`
	People  []string `json:"p,omitempty"`
	Section bool     `json:"c,omitempty"`
}

// reasons are in the order of what they usually tell.
func (s *sharing) reasons() []Reason {
	var all []Reason
	for _, r := range []Reason{{SameSeries, s.Series}, {SharedWords, s.Words}, {SharedTags, s.Tags}, {SamePeople, s.People}, {SamePlace, s.Places}} {
		if len(r.Words) > 0 {
			all = append(all, r)
		}
	}
	if s.Section {
		all = append(all, Reason{Kind: SameSection})
	}
	return all
}

// newCandidate is a found candidate as it is stored, with the hash of its body
// and the revision of its subject. terms are those of one of the two articles,
// spelt as in words; known tells more about them.
func newCandidate(found related.Candidate, body uint64, revision int, known map[int64]relatedTerm, terms []related.Term, words []string) (candidate, error) {
	shared := sharing{Section: found.Reasons.Section}
	for _, id := range found.Reasons.Words {
		i := slices.IndexFunc(terms, func(t related.Term) bool { return t.ID == id })
		if i >= 0 && i < len(words) && words[i] != "" {
			shared.Words = append(shared.Words, words[i])
		}
	}
	names := func(ids []int64) (all []string) {
		for _, id := range ids {
			if name := known[id].name; name != "" {
				all = append(all, name)
			}
		}
		return all
	}
	shared.Tags, shared.Places, shared.People = names(found.Reasons.Tags), names(found.Reasons.Places), names(found.Reasons.People)
	if found.Reasons.Series {
		for _, t := range terms {
			if t.Kind == related.Series {
				shared.Series = names([]int64{t.ID})
			}
		}
	}
	data, err := json.Marshal(shared)
	if err != nil {
		return candidate{}, fmt.Errorf("write the reasons of a candidate: %w", err)
	}
	return candidate{Article: found.ID, Score: math.Round(found.Score*1e6) / 1e6, Revision: revision, Body: int64(body), Shared: data}, nil
}

// put puts a candidate into a list, in the place of an older one of the same
// article, and reports whether the list is another now. Of articles with one
// body the best stays.
func put(list []candidate, c candidate) ([]candidate, bool) {
	had := slices.ContainsFunc(list, func(o candidate) bool { return o.Article == c.Article })
	next := make([]candidate, 0, len(list)+1)
	for _, o := range list {
		if o.Article != c.Article {
			next = append(next, o)
		}
	}
	next = append(next, c)
	slices.SortStableFunc(next, func(a, b candidate) int {
		return cmp.Or(cmp.Compare(b.Score, a.Score), cmp.Compare(b.Article, a.Article))
	})
	bodies := map[int64]bool{}
	kept := next[:0]
	for _, o := range next {
		if o.Body == 0 || !bodies[o.Body] {
			bodies[o.Body] = true
			kept = append(kept, o)
		}
	}
	kept = kept[:min(len(kept), related.MaxCandidates)]
	is := slices.ContainsFunc(kept, func(o candidate) bool { return o.Article == c.Article })
	return kept, had || is
}
