package search

import (
	"cmp"
	"context"
	"database/sql"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/broadsheet-cms/broadsheet/internal/language"
	"github.com/broadsheet-cms/broadsheet/internal/store"
)

// maxFacets is how many values of one kind are told, the most common ones.
const maxFacets = 50

// Count is how many of the articles found belong to a thing.
type Count struct{ ID, Count int }

// LanguageCount is how many of the articles found are in a language, named by
// its primary subtag.
type LanguageCount struct {
	Language string
	Count    int
}

// Facets are counts over all articles found, most first. They are as exact as
// Results.Exact says.
type Facets struct {
	Categories, Authors, Places, Tags []Count
	Years                             []Count // ID is the year, in UTC, in which readers got them; the newest first
	Languages                         []LanguageCount
}

// The plus keeps the databases from reading the listings by kind.
var facetsSQL = store.ReadBoth(`SELECT l.kind, l.owner_id, count(*) FROM each_id($1) CROSS JOIN articles a CROSS JOIN listings l
	WHERE a.id = each_id.id AND l.article_id = a.id AND +l.kind BETWEEN 1 AND 4 AND visible_article(a) GROUP BY l.kind, l.owner_id`)

// owned is a thing that articles belong to.
type owned struct {
	kind  Kind
	owner int
}

// countHidden counts what hidden articles belong to: they stand in no listing.
// The viewer was found to work on them.
func (r *Results) countHidden(ctx context.Context, ids []int) (map[owned]int, error) {
	if len(ids) == 0 {
		return nil, nil
	}
	names, err := r.service.names(ctx, ids)
	if err != nil {
		return nil, err
	}
	counts := map[owned]int{}
	for _, list := range names {
		for _, n := range list {
			counts[owned{n.kind, n.owner}]++
		}
	}
	return counts, nil
}

// Facets counts what the articles found belong to.
func (r *Results) Facets(ctx context.Context) (*Facets, error) {
	f := &Facets{}
	if len(r.ranked) == 0 {
		return f, nil
	}
	var ids, hidden []int
	years, languages := map[int]int{}, map[string]int{}
	for _, c := range r.ranked {
		languages[language.Base(c.language)]++
		if c.hidden {
			hidden = append(hidden, c.article)
			continue
		}
		ids = append(ids, c.article)
		years[time.UnixMicro(c.published).UTC().Year()]++
	}
	by := map[Kind]*[]Count{Category: &f.Categories, Author: &f.Authors, Place: &f.Places, Tag: &f.Tags}
	more, err := r.countHidden(ctx, hidden)
	if err != nil {
		return nil, err
	}
	_, err = store.Collect(ctx, r.service.db, facetsSQL, func(rows *sql.Rows) (_ struct{}, err error) {
		var kind Kind
		var c Count
		if err = rows.Scan(&kind, &c.ID, &c.Count); err == nil {
			c.Count += more[owned{kind, c.ID}]
			delete(more, owned{kind, c.ID})
			*by[kind] = append(*by[kind], c)
		}
		return struct{}{}, err
	}, r.service.db.IDs(ids))
	if err != nil {
		return nil, fmt.Errorf("count facets: %w", err)
	}
	for of, n := range more {
		if list := by[of.kind]; list != nil {
			*list = append(*list, Count{of.owner, n})
		}
	}
	for _, list := range by {
		slices.SortFunc(*list, func(a, b Count) int { return cmp.Or(cmp.Compare(b.Count, a.Count), cmp.Compare(a.ID, b.ID)) })
		*list = (*list)[:min(len(*list), maxFacets)]
	}
	for year, n := range years {
		f.Years = append(f.Years, Count{year, n})
	}
	slices.SortFunc(f.Years, func(a, b Count) int { return cmp.Compare(b.ID, a.ID) })
	for l, n := range languages {
		f.Languages = append(f.Languages, LanguageCount{l, n})
	}
	slices.SortFunc(f.Languages, func(a, b LanguageCount) int {
		return cmp.Or(cmp.Compare(b.Count, a.Count), strings.Compare(a.Language, b.Language))
	})
	return f, nil
}
