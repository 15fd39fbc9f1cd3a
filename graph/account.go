package graph

import (
	"context"

	"github.com/broadsheet-cms/broadsheet/graph/model"
)

// SignOut is the field of the same name of Mutation.
func (r *mutationResolver) SignOut(ctx context.Context) (*model.SignOutPayload, error) {
	wrong, err := mistakes(r.Accounts.SignOut(ctx))
	if err != nil {
		return nil, err
	}
	return &model.SignOutPayload{UserErrors: wrong}, nil
}
