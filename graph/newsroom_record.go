package graph

import (
	"context"

	"github.com/broadsheet-cms/broadsheet/ent"
	"github.com/broadsheet-cms/broadsheet/graph/loader"
	"github.com/broadsheet-cms/broadsheet/internal/newsroom"
)

// Newsroom is the field of the same name of Article.
func (r *articleResolver) Newsroom(ctx context.Context, a *ent.Article) (*newsroom.Record, error) {
	loaders, err := loader.For(ctx)
	if err != nil {
		return nil, err
	}
	return loaders.Newsroom.Load(ctx, a)
}

// AllowedSteps is the field of the same name of NewsroomRecord.
func (r *newsroomRecordResolver) AllowedSteps(ctx context.Context, record *newsroom.Record) ([]newsroom.Step, error) {
	return r.Newsroom.AllowedSteps(ctx, record), nil
}

// CreatedBy is the field of the same name of NewsroomRecord.
func (r *newsroomRecordResolver) CreatedBy(ctx context.Context, record *newsroom.Record) (*newsroom.Member, error) {
	return member(ctx, record.CreatedBy)
}

// Assignee is the field of the same name of NewsroomRecord.
func (r *newsroomRecordResolver) Assignee(ctx context.Context, record *newsroom.Record) (*newsroom.Member, error) {
	return member(ctx, record.Assignee)
}

// member gives a member of the newsroom by key, nil for nobody.
func member(ctx context.Context, key *int) (*newsroom.Member, error) {
	if key == nil {
		return nil, nil
	}
	loaders, err := loader.For(ctx)
	if err != nil {
		return nil, err
	}
	return loaders.Members.Load(ctx, *key)
}
