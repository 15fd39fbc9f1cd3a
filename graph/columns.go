package graph

import (
	"context"
	"slices"

	"github.com/99designs/gqlgen/graphql"
	"github.com/vektah/gqlparser/v2/ast"

	"github.com/broadsheet-cms/broadsheet/graph/executor"
	"github.com/broadsheet-cms/broadsheet/internal/content"
)

// listFields are the fields of Article that are answered from the columns that
// content.WithListColumns reads. A document that selects any other field of an
// article reads articles whole.
var listFields = map[string]bool{
	"__typename": true, "id": true, "kind": true, "status": true, "title": true, "slug": true, "path": true, "url": true, "excerpt": true,
	"language": true, "direction": true, "publishedAt": true, "commentCount": true, "readingTimeMinutes": true, "featuredImage": true,
	"primaryCategory": true, "breadcrumbs": true, "authors": true, "tags": true, "places": true, "bodyHtml": true, "relatedArticles": true,
	"comments": true, "previous": true, "next": true,
}

// withColumns lets articles be read with no more columns than a query shows.
func withColumns(ctx context.Context) context.Context {
	if graphql.GetOperationContext(ctx).Operation.Operation != ast.Query {
		return ctx
	}
	fields, known := executor.Selected(ctx, "Article")
	if !known {
		return ctx
	}
	for _, name := range fields {
		if !listFields[name] {
			return ctx
		}
	}
	if edge, _ := executor.Selected(ctx, "RelatedArticleEdge"); slices.Contains(edge, "reasons") {
		return ctx
	}
	ctx = content.WithListColumns(ctx)
	if slices.Contains(fields, "authors") {
		ctx = content.WithBylines(ctx)
	}
	return ctx
}
