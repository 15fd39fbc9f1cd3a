package graph

import (
	"context"

	"github.com/broadsheet-cms/broadsheet/graph/loader"
	"github.com/broadsheet-cms/broadsheet/graph/model"
	"github.com/broadsheet-cms/broadsheet/graph/relay"
	"github.com/broadsheet-cms/broadsheet/internal/fault"
	"github.com/broadsheet-cms/broadsheet/internal/keyset"
)

// Sizes of pages of related articles.
const (
	defaultRelated = 8
	maxRelated     = 24
)

// RelatedArticles is a list of at most maxRelated rows; its cursors count
// them.
func (r *articleResolver) RelatedArticles(ctx context.Context, a *loader.Article, first *int32, after *string) (*model.RelatedArticleConnection, error) {
	n, skip := defaultRelated, 0
	if first != nil {
		n = int(*first)
	}
	if n < 0 || n > maxRelated {
		return nil, fault.BadInput("first", "first must be from 0 to %d", maxRelated)
	}
	name := listName("relatedArticles", a.ID)
	if after != nil {
		k, err := relay.DecodeCursor(name, *after)
		if err != nil {
			return nil, err
		}
		if k.ID < 0 || k.ID > maxRelated {
			return nil, fault.New(fault.CursorInvalid, "the cursor is damaged or was not made by this API")
		}
		skip = k.ID
	}
	wanted := skip + n
	if relay.Selects(ctx, "pageInfo") { // which tells whether there is one more
		wanted++
	}
	rows, err := a.Related(ctx, min(wanted, maxRelated))
	if err != nil {
		return nil, err
	}
	page := rows[min(skip, len(rows)):min(skip+n, len(rows))]
	c := &model.RelatedArticleConnection{Edges: make([]*model.RelatedArticleEdge, len(page))}
	for i, row := range page {
		c.Edges[i] = &model.RelatedArticleEdge{Cursor: relay.EncodeCursor(name, keyset.Key{ID: skip + i + 1}), Node: row.Article, Score: row.Why.Score, Related: row.Why}
	}
	var start, end *string
	if len(c.Edges) > 0 {
		start, end = &c.Edges[0].Cursor, &c.Edges[len(c.Edges)-1].Cursor
	}
	c.PageInfo = relay.FixedPageInfo(start, end, skip > 0, len(rows) > skip+n)
	return c, nil
}

// Reasons are read only where they are asked for.
func (r *relatedArticleEdgeResolver) Reasons(_ context.Context, e *model.RelatedArticleEdge) ([]*model.RelatedReason, error) {
	known, err := e.Related.Reasons()
	if err != nil {
		return nil, err
	}
	reasons := make([]*model.RelatedReason, len(known))
	for i, reason := range known {
		reasons[i] = &model.RelatedReason{Kind: reason.Kind, Labels: orEmptyList(reason.Words)}
	}
	return reasons, nil
}
