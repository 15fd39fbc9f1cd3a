package graph

import (
	"context"

	"github.com/broadsheet-cms/broadsheet/graph/model"
	"github.com/broadsheet-cms/broadsheet/internal/newsroom"
)

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
	set, wrong, err := result(r.Newsroom.UpdateCheckSettings(ctx, changes))
	return payload(&model.UpdatePublishCheckSettingsPayload{Settings: orEmptyList(set), UserErrors: wrong}, err)
}
