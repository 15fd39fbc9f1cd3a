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
func (r *queryResolver) Search(ctx context.Context, query string, filter *model.SearchFilter, orderBy *model.SearchOrder, first *int32,
	after *string) (*model.SearchConnection, error) {
	narrowed, err := searchFilter(filter)
	if err != nil {
		return nil, err
	}
	order := search.Relevance
	if orderBy != nil && *orderBy == model.SearchOrderNewest {
		order = search.Newest
	}
	name := listName("search", query, fmt.Sprintf("%+v %d", narrowed, order))
	window, err := relay.Args{First: first, After: after}.Window(name)
	if err != nil {
		return nil, err
	}
	results, err := r.Services.Search.Search(ctx, search.Query{Text: query, Filter: narrowed, Order: order, First: window.Limit, After: window.After})
	if err != nil {
		return nil, err
	}
	return searchPage(ctx, "search", name, window, results, r.Articles.ByIDs)
}

// searchPage makes a page of what a search found.
func searchPage(ctx context.Context, field, name string, window keyset.Window, results *search.Results,
	byIDs func(context.Context, []int) (map[int]*ent.Article, error)) (*model.SearchConnection, error) {
	keys := make([]int, len(results.Hits))
	for i, h := range results.Hits {
		keys[i] = h.Article
	}
	c := &model.SearchConnection{Results: results, List: name}
	var articles []*ent.Article
	if len(keys) > 0 {
		found, err := byIDs(ctx, keys)
		if err != nil {
			return nil, err
		}
		for _, h := range results.Hits {
			if a := found[h.Article]; a != nil {
				c.Hits, articles = append(c.Hits, h), append(articles, a)
			}
		}
	}
	c.Found = loader.Articles.List(ctx, loader.Dependency{List: field}, articles)
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
		edges[i] = &model.SearchEdge{Cursor: relay.EncodeCursor(c.List, c.Hits[i].Key), Node: a, Score: c.Hits[i].Score,
			HasEveryWord: !c.Hits[i].Partial, Highlight: highlights[a.ID]}
	}
	return edges, nil
}

func (r *searchConnectionResolver) Facets(ctx context.Context, c *model.SearchConnection) (*model.SearchFacets, error) {
	counted, err := c.Results.Facets(ctx)
	if err != nil {
		return nil, err
	}
	f := &model.SearchFacets{Precision: model.CountPrecisionExact, Years: []*model.YearFacet{}, Languages: []*model.LanguageFacet{}}
	if !c.Results.Exact {
		f.Precision = model.CountPrecisionAtLeast
	}
	if f.Categories, err = facets(ctx, loader.Categories, counted.Categories, func(c *loader.Category, n int32) *model.CategoryFacet {
		return &model.CategoryFacet{Category: c, Count: n}
	}); err != nil {
		return nil, err
	}
	if f.Tags, err = facets(ctx, loader.Tags, counted.Tags, func(t *loader.Tag, n int32) *model.TagFacet { return &model.TagFacet{Tag: t, Count: n} }); err != nil {
		return nil, err
	}
	if f.Places, err = facets(ctx, loader.Places, counted.Places, func(p *loader.Place, n int32) *model.PlaceFacet {
		return &model.PlaceFacet{Place: p, Count: n}
	}); err != nil {
		return nil, err
	}
	if f.Authors, err = facets(ctx, loader.Authors, counted.Authors, func(a *loader.Author, n int32) *model.AuthorFacet {
		return &model.AuthorFacet{Author: a, Count: n}
	}); err != nil {
		return nil, err
	}
	for _, y := range counted.Years {
		f.Years = append(f.Years, &model.YearFacet{Year: whole(y.ID), Count: whole(y.Count)})
	}
	for _, l := range counted.Languages {
		f.Languages = append(f.Languages, &model.LanguageFacet{Language: l.Language, Count: whole(l.Count)})
	}
	return f, nil
}

// facets pairs counts with what they count; what was deleted a moment ago is left
// out.
func facets[T, R, F any](ctx context.Context, door *loader.Kind[T, R], counts []search.Count, facet func(*R, int32) F) ([]F, error) {
	keys := make([]int, len(counts))
	for i, c := range counts {
		keys[i] = c.ID
	}
	found, err := door.ByIDs(ctx, keys)
	if err != nil {
		return nil, err
	}
	all := make([]F, 0, len(counts))
	for i, row := range found {
		if row != nil {
			all = append(all, facet(row, whole(counts[i].Count)))
		}
	}
	return all, nil
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
	refs := make([]loader.Ref, len(found))
	for i, s := range found {
		refs[i] = suggested(s)
	}
	targets, err := loader.Nodes(ctx, refs)
	if err != nil {
		return nil, err
	}
	suggestions := make([]*model.SearchSuggestion, 0, len(found))
	for i, s := range found {
		if targets[i] != nil {
			suggestions = append(suggestions, &model.SearchSuggestion{Text: s.Text, Target: targets[i]})
		}
	}
	return suggestions, nil
}

// suggested names what a suggestion leads to.
func suggested(s search.Suggestion) loader.Ref {
	switch s.Kind {
	case search.Category:
		return loader.Ref{Prefix: id.Category, Key: s.Owner}
	case search.Tag:
		return loader.Ref{Prefix: id.Tag, Key: s.Owner}
	case search.Place:
		return loader.Ref{Prefix: id.Place, Key: s.Owner}
	case search.Author:
		return loader.Ref{Prefix: id.Author, Key: s.Owner}
	case search.Series:
		return loader.Ref{Prefix: id.Series, Key: s.Owner}
	}
	return loader.Ref{Prefix: id.Article, Key: s.Article}
}
