package graph

import (
	"context"

	"github.com/broadsheet-cms/broadsheet/graph/loader"
	"github.com/broadsheet-cms/broadsheet/graph/model"
	"github.com/broadsheet-cms/broadsheet/graph/relay"
	"github.com/broadsheet-cms/broadsheet/internal/id"
	"github.com/broadsheet-cms/broadsheet/internal/job"
)

// JobHealth is the field of the same name of Query.
func (r *queryResolver) JobHealth(ctx context.Context) (*model.JobHealth, error) {
	queues, err := r.Jobs.Queues(ctx)
	if err != nil {
		return nil, err
	}
	shown := make([]*model.JobQueue, len(queues))
	for i, q := range queues {
		shown[i] = &model.JobQueue{Kind: q.Kind, Waiting: int32(q.Waiting), Running: int32(q.Running), Dead: int32(q.Dead), NextDueAt: q.NextDueAt}
	}
	return &model.JobHealth{Queues: shown}, nil
}

// DeadJobs is the field of the same name of Query.
func (r *queryResolver) DeadJobs(ctx context.Context, first *int32, after *string, last *int32, before *string) (*relay.Connection[*loader.DeadJob], error) {
	list := relay.List[*loader.DeadJob]{Name: "deadJobs", Key: (*loader.DeadJob).Key, Beyond: relay.BeyondBy(r.Jobs.Dead), Count: r.Jobs.CountDead}
	return relay.Page(ctx, relay.Args{First: first, After: after, Last: last, Before: before}, list, r.Jobs.Dead, func(found []*job.Dead) []*loader.DeadJob {
		return loader.DeadJobs.List(ctx, loader.Dependency{List: "deadJobs"}, found)
	})
}

// RetryJob is the field of the same name of Mutation.
func (r *mutationResolver) RetryJob(ctx context.Context, in model.RetryJobInput) (*model.RetryJobPayload, error) {
	done, wrong, err := r.changeJob(ctx, in.ID, r.Jobs.Retry)
	return payload(&model.RetryJobPayload{RetriedID: done, UserErrors: wrong}, err)
}

// DiscardJob is the field of the same name of Mutation.
func (r *mutationResolver) DiscardJob(ctx context.Context, in model.DiscardJobInput) (*model.DiscardJobPayload, error) {
	done, wrong, err := r.changeJob(ctx, in.ID, r.Jobs.Discard)
	return payload(&model.DiscardJobPayload{DiscardedID: done, UserErrors: wrong}, err)
}

// changeJob does something to a dead job and gives its id if that was done.
func (r *mutationResolver) changeJob(ctx context.Context, publicID string, change func(ctx context.Context, key int) error) (*string, []model.UserError, error) {
	key, err := decodeID("id", id.Job, publicID)
	if err == nil {
		err = change(ctx, key)
	}
	wrong, err := mistakes(err)
	if err != nil || len(wrong) > 0 {
		return nil, wrong, err
	}
	return &publicID, wrong, nil
}
