package graph

import (
	"context"

	"github.com/broadsheet-cms/broadsheet/graph/loader"
	"github.com/broadsheet-cms/broadsheet/graph/model"
	"github.com/broadsheet-cms/broadsheet/graph/relay"
	"github.com/broadsheet-cms/broadsheet/internal/newsroom"
)

// Staff is the field of the same name of Query.
func (r *queryResolver) Staff(ctx context.Context, query *string, first *int32, after *string) ([]*loader.Member, error) {
	words := ""
	if query != nil {
		words = *query
	}
	members, err := relay.Paged[*newsroom.Member](first, after)(r.Newsroom.Staff(ctx, words))
	if err != nil {
		return nil, err
	}
	return loader.Members.Rows(ctx, members), nil
}

// PublishCheckSettings is the field of the same name of Query.
func (r *queryResolver) PublishCheckSettings(ctx context.Context) ([]*newsroom.CheckSetting, error) {
	return r.Newsroom.CheckSettings(ctx)
}

// UpdatePublishCheckSettings is the field of the same name of Mutation.
func (r *mutationResolver) UpdatePublishCheckSettings(ctx context.Context, in model.UpdatePublishCheckSettingsInput) (*model.UpdatePublishCheckSettingsPayload, error) {
	changes := make([]newsroom.CheckSetting, len(in.Settings))
	for i, s := range in.Settings {
		changes[i] = newsroom.CheckSetting{Code: s.Code, Severity: s.Severity}
	}
	set, err := r.Newsroom.UpdateCheckSettings(ctx, changes)
	wrong, err := mistakes(err)
	if err != nil {
		return nil, err
	}
	return &model.UpdatePublishCheckSettingsPayload{Settings: orEmptyList(set), UserErrors: wrong}, nil
}
