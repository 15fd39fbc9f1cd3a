package graph

import (
	"context"

	"github.com/broadsheet-cms/broadsheet/graph/loader"
	"github.com/broadsheet-cms/broadsheet/internal/fault"
	"github.com/broadsheet-cms/broadsheet/internal/id"
	"github.com/broadsheet-cms/broadsheet/internal/permalink"
)

// Node is the field of the same name of Query.
func (r *queryResolver) Node(ctx context.Context, publicID string) (loader.Node, error) {
	found, err := nodes(ctx, "id", []string{publicID})
	if err != nil {
		return nil, err
	}
	return found[0], nil
}

// maxNodes bounds the ids of one call.
const maxNodes = 100

// Nodes is the field of the same name of Query.
func (r *queryResolver) Nodes(ctx context.Context, ids []string) ([]loader.Node, error) {
	if len(ids) > maxNodes {
		return nil, fault.BadInput("ids", "at most %d ids can be asked for at once", maxNodes)
	}
	return nodes(ctx, "ids", ids)
}

// nodes finds objects of any types by their public ids.
func nodes(ctx context.Context, field string, ids []string) ([]loader.Node, error) {
	refs := make([]loader.Ref, len(ids))
	for i, s := range ids {
		prefix, key, err := id.Decode(s)
		if err != nil {
			return nil, fault.BadInput(field, "%.40q is no id of this API", s).WithCause(err)
		}
		refs[i] = loader.Ref{Prefix: prefix, Key: key}
	}
	return loader.Nodes(ctx, refs)
}

// pathOf is the path at which a thing is shown, empty for what has no page.
func pathOf(n loader.Node) string {
	switch t := n.(type) {
	case *loader.Article:
		return articlePath(t.Slug)
	case *loader.Category:
		return categoryPath(t.Slug)
	case *loader.Tag:
		return permalink.Path(permalink.Tag, t.Slug)
	case *loader.Place:
		return permalink.Path(permalink.Place, t.Slug)
	case *loader.Series:
		return permalink.Path(permalink.Series, t.Slug)
	case *loader.Author:
		return permalink.Path(permalink.Author, t.Slug)
	case *loader.Page:
		return pagePath(t.Path)
	}
	return ""
}
