package graph

import (
	"context"

	"github.com/99designs/gqlgen/graphql"
	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/gqlerror"

	"github.com/broadsheet-cms/broadsheet/graph/executor"
	"github.com/broadsheet-cms/broadsheet/graph/loader"
	"github.com/broadsheet-cms/broadsheet/internal/access"
	"github.com/broadsheet-cms/broadsheet/internal/content"
)

// showsWords reports whether a root field of a query shows what must be of one
// version of an article: its title and its body and, to whoever may edit it, all
// that can be edited and the version to save it with. They come from several
// statements. An article found by its slug has its HTML with it.
func showsWords(ctx context.Context, root *graphql.RootFieldContext) bool {
	fields, known := executor.Selected(ctx, "Article")
	if known && len(fields) == 0 {
		return false
	}
	if access.Of(ctx).Can(access.ReadNewsroom) {
		return true
	}
	for _, name := range fields {
		if name == "body" || name == "bodyText" || name == "bodyHtml" && root.Field.Name != "article" {
			return true
		}
	}
	return !known
}

// consistent answers a root field from the database as it was at one moment.
func consistent(ctx context.Context, articles *content.Service, next graphql.RootResolver) (answer graphql.Marshaler) {
	// The directory is not part of the moment, and is read before a connection is
	// held for it.
	_, err := loader.For(ctx).Dir(ctx)
	if err == nil {
		err = articles.Snapshot(ctx, func(ctx context.Context) error {
			answer = next(withColumns(ctx))
			return nil
		})
	}
	if err != nil {
		alias := graphql.GetRootFieldContext(ctx).Field.Alias
		graphql.AddError(ctx, &gqlerror.Error{Err: err, Message: err.Error(), Path: ast.Path{ast.PathName(alias)}})
		return graphql.Null
	}
	return answer
}
