package graph

import (
	"context"
	"fmt"

	"github.com/broadsheet-cms/broadsheet/ent"
	"github.com/broadsheet-cms/broadsheet/graph/loader"
	"github.com/broadsheet-cms/broadsheet/graph/model"
	"github.com/broadsheet-cms/broadsheet/graph/relay"
	"github.com/broadsheet-cms/broadsheet/internal/fault"
	"github.com/broadsheet-cms/broadsheet/internal/id"
	"github.com/broadsheet-cms/broadsheet/internal/keyset"
	"github.com/broadsheet-cms/broadsheet/internal/search"
)

// Search is the field of the same name of Query.
func (r *queryResolver) Search(ctx context.Context, query string, filter *model.SearchFilter, first *int32, after *string) (*model.SearchConnection, error) {
	narrowed, err := searchFilter(filter)
	if err != nil {
		return nil, err
	}
	name := listName("search", query, fmt.Sprintf("%+v", narrowed))
	window, err := relay.Args{First: first, After: after}.Window(name)
	if err != nil {
		return nil, err
	}
	results, err := r.Services.Search.Search(ctx, search.Query{Text: query, Filter: narrowed, First: window.Limit, After: window.After})
	if err != nil {
		return nil, err
	}
	return searchPage(ctx, name, window, results, r.Articles.ByIDs)
}

// searchPage makes a page of what a search found.
func searchPage(ctx context.Context, name string, window keyset.Window, results *search.Results,
	byIDs func(context.Context, []int) (map[int]*ent.Article, error)) (*model.SearchConnection, error) {
	keys := make([]int, len(results.Hits))
	for i, h := range results.Hits {
		keys[i] = h.Article
	}
	c := &model.SearchConnection{Results: results, List: name}
	if len(keys) > 0 {
		found, err := byIDs(ctx, keys)
		if err != nil {
			return nil, err
		}
		for _, h := range results.Hits {
			if a := found[h.Article]; a != nil {
				c.Hits, c.Found = append(c.Hits, h), append(c.Found, a)
			}
		}
	}
	if c.Found == nil {
		c.Found = []*ent.Article{}
	}
	loaders, err := loader.For(ctx)
	if err != nil {
		return nil, err
	}
	loaders.Articles.Add(c.Found)
	var start, end *string
	if n := len(c.Hits); n > 0 {
		head, tail := relay.EncodeCursor(name, c.Hits[0].Key), relay.EncodeCursor(name, c.Hits[n-1].Key)
		start, end = &head, &tail
	}
	c.PageInfo = relay.FixedPageInfo(start, end, window.After != nil, results.HasNext)
	return c, nil
}

// searchFilter decodes the ids of a filter.
func searchFilter(f *model.SearchFilter) (search.Filter, error) {
	var s search.Filter
	if f == nil {
		return s, nil
	}
	for _, list := range []struct {
		field, prefix string
		ids           []string
		into          *[]int
	}{
		{"categories", id.Category, f.Categories.Value(), &s.Categories},
		{"tags", id.Tag, f.Tags.Value(), &s.Tags},
		{"places", id.Place, f.Places.Value(), &s.Places},
		{"authors", id.Author, f.Authors.Value(), &s.Authors},
		{"series", id.Series, f.Series.Value(), &s.Series},
	} {
		for i, publicID := range list.ids {
			key, err := decodeID(fmt.Sprintf("filter.%s.%d", list.field, i), list.prefix, publicID)
			if err != nil {
				return s, err
			}
			// An id of another type can fit nothing: 0 is no row.
			*list.into = append(*list.into, key)
		}
	}
	s.Languages = f.Languages.Value()
	for _, k := range f.Kinds.Value() {
		s.Kinds = append(s.Kinds, string(k))
	}
	s.PublishedSince, s.PublishedBefore = f.PublishedSince.Value(), f.PublishedBefore.Value()
	return s, nil
}

func (r *searchConnectionResolver) Edges(ctx context.Context, c *model.SearchConnection) ([]*model.SearchEdge, error) {
	edges := make([]*model.SearchEdge, len(c.Found))
	if len(edges) == 0 {
		return edges, nil
	}
	highlights, err := c.Results.Highlights(ctx)
	if err != nil {
		return nil, err
	}
	for i, a := range c.Found {
		edges[i] = &model.SearchEdge{Cursor: relay.EncodeCursor(c.List, c.Hits[i].Key), Node: a, Score: c.Hits[i].Score, Highlight: highlights[a.ID]}
	}
	return edges, nil
}

func (r *searchConnectionResolver) Facets(ctx context.Context, c *model.SearchConnection) (*model.SearchFacets, error) {
	counted, err := c.Results.Facets(ctx)
	if err != nil {
		return nil, err
	}
	dir, err := r.Directory.Current(ctx)
	if err != nil {
		return nil, err
	}
	var tagIDs []int
	for _, t := range counted.Tags {
		tagIDs = append(tagIDs, t.ID)
	}
	tags := map[int]*ent.Tag{}
	if len(tagIDs) > 0 {
		if tags, err = r.Taxonomy.TagsByIDs(ctx, tagIDs); err != nil {
			return nil, err
		}
	}
	f := &model.SearchFacets{Precision: model.CountPrecisionExact, Years: []*model.YearFacet{}, Languages: []*model.LanguageFacet{}}
	if !c.Results.Exact {
		f.Precision = model.CountPrecisionAtLeast
	}
	f.Categories = facets(counted.Categories, dir.Categories.ByID, func(c *ent.Category, n int) *model.CategoryFacet {
		return &model.CategoryFacet{Category: c, Count: whole(n)}
	})
	f.Tags = facets(counted.Tags, func(id int) *ent.Tag { return tags[id] }, func(t *ent.Tag, n int) *model.TagFacet { return &model.TagFacet{Tag: t, Count: whole(n)} })
	f.Places = facets(counted.Places, dir.Places.ByID, func(p *ent.Place, n int) *model.PlaceFacet { return &model.PlaceFacet{Place: p, Count: whole(n)} })
	f.Authors = facets(counted.Authors, dir.Authors.ByID, func(a *ent.Author, n int) *model.AuthorFacet { return &model.AuthorFacet{Author: a, Count: whole(n)} })
	for _, y := range counted.Years {
		f.Years = append(f.Years, &model.YearFacet{Year: whole(y.ID), Count: whole(y.Count)})
	}
	for _, l := range counted.Languages {
		f.Languages = append(f.Languages, &model.LanguageFacet{Language: l.Language, Count: whole(l.Count)})
	}
	return f, nil
}

// facets words counts; what was deleted a moment ago is left out.
func facets[T comparable, F any](counts []search.Count, byID func(int) T, facet func(T, int) F) []F {
	var none T
	all := make([]F, 0, len(counts))
	for _, c := range counts {
		if thing := byID(c.ID); thing != none {
			all = append(all, facet(thing, c.Count))
		}
	}
	return all
}

func whole(n int) int32 { return int32(min(n, 1<<31-1)) }

// SearchSuggestions is the field of the same name of Query.
func (r *queryResolver) SearchSuggestions(ctx context.Context, query string, first *int32, language *string) ([]*model.SearchSuggestion, error) {
	n := 8
	if first != nil {
		n = int(*first)
	}
	if n < 1 || n > search.MaxSuggestions {
		return nil, fault.BadInput("first", "first must be from 1 to %d", search.MaxSuggestions)
	}
	found, err := r.Services.Search.Suggest(ctx, query, orEmpty(language), n)
	if err != nil {
		return nil, err
	}
	keys := map[string][]int{}
	for _, s := range found {
		prefix, key := suggested(s)
		keys[prefix] = append(keys[prefix], key)
	}
	targets := map[string]map[int]model.Node{}
	for prefix, of := range keys {
		if targets[prefix], err = r.find(ctx, prefix, of); err != nil {
			return nil, err
		}
	}
	suggestions := make([]*model.SearchSuggestion, 0, len(found))
	for _, s := range found {
		prefix, key := suggested(s)
		if target, ok := targets[prefix][key]; ok {
			suggestions = append(suggestions, &model.SearchSuggestion{Text: s.Text, Target: target})
		}
	}
	return suggestions, nil
}

// suggested names what a suggestion leads to.
func suggested(s search.Suggestion) (prefix string, key int) {
	switch s.Kind {
	case search.Category:
		return id.Category, s.Owner
	case search.Tag:
		return id.Tag, s.Owner
	case search.Place:
		return id.Place, s.Owner
	case search.Author:
		return id.Author, s.Owner
	case search.Series:
		return id.Series, s.Owner
	}
	return id.Article, s.Article
}
