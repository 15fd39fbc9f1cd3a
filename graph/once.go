package graph

import (
	"context"

	"github.com/99designs/gqlgen/graphql"

	"github.com/broadsheet-cms/broadsheet/graph/loader"
	"github.com/broadsheet-cms/broadsheet/graph/model"
	"github.com/broadsheet-cms/broadsheet/internal/fault"
	"github.com/broadsheet-cms/broadsheet/internal/id"
	"github.com/broadsheet-cms/broadsheet/internal/idempotency"
)

// creation is a mutation that makes a thing, as a client asked for it.
type creation struct {
	mutation string
	key      graphql.Omittable[*string] // idempotency key
}

// asSent is the input of a mutation as its client sent it. A field that is null
// differs there from one that is left out.
func asSent(ctx context.Context) any {
	return graphql.GetFieldContext(ctx).Field.ArgumentMap(graphql.GetOperationContext(ctx).Variables)
}

// once answers a creation: with the same idempotency key do runs the first
// time only, and a repeat is answered with what it made, as read finds it now.
func once[R loader.Node](ctx context.Context, k *idempotency.Store, c creation, do func(ctx context.Context) (R, error),
	read func(ctx context.Context, key int) (R, error),
) (R, []model.UserError, error) {
	return result(kept(ctx, k, c, func(ctx context.Context) (thing R, publicID string, err error) {
		if thing, err = do(ctx); err == nil {
			publicID = thing.PublicID()
		}
		return thing, publicID, err
	}, func(ctx context.Context, publicID string) (R, error) { return readAgain(ctx, publicID, read) }))
}

// kept gives what do makes, and keeps by which id it is found; a repeat is given
// what read finds by that id. With the same idempotency key do runs the first
// time only.
func kept[R, ID any](ctx context.Context, k *idempotency.Store, c creation, do func(ctx context.Context) (R, ID, error),
	read func(ctx context.Context, id ID) (R, error),
) (thing R, err error) {
	isNew := false
	made, err := idempotency.Once(ctx, k, orEmpty(c.key.Value()), c.mutation, asSent(ctx), func(ctx context.Context) (made ID, err error) {
		thing, made, err = do(ctx)
		isNew = true
		return made, err
	})
	if err == nil && !isNew {
		thing, err = read(ctx, made)
	}
	return thing, err
}

func readAgain[R loader.Node](ctx context.Context, publicID string, read func(ctx context.Context, key int) (R, error)) (thing R, err error) {
	_, key, err := id.Decode(publicID)
	if err != nil {
		return thing, err
	}
	if thing, err = read(ctx, key); fault.CodeOf(err) == fault.NotFound {
		err = fault.Mistake(fault.Missing, "idempotencyKey", "What was made with this key is gone.").WithCause(err)
	}
	return thing, err
}
