package graph

import (
	"context"

	"github.com/99designs/gqlgen/graphql"

	"github.com/broadsheet-cms/broadsheet/internal/access"
)

// auth is the directive of the same name: the field is answered to those who
// have the capability.
func auth(ctx context.Context, _ any, next graphql.Resolver, can access.Capability) (any, error) {
	if err := access.Require(ctx, can); err != nil {
		return nil, err
	}
	return next(ctx)
}

// standsOnce is the directive once, which sensitive has asked of the whole
// document before.
func standsOnce(ctx context.Context, _ any, next graphql.Resolver) (any, error) { return next(ctx) }
