package graph

import (
	"context"

	"github.com/broadsheet-cms/broadsheet/graph/loader"
	"github.com/broadsheet-cms/broadsheet/internal/newsroom"
)

// AllowedSteps is the field of the same name of NewsroomRecord.
func (r *newsroomRecordResolver) AllowedSteps(ctx context.Context, record *loader.Record) ([]newsroom.Step, error) {
	return r.Newsroom.AllowedSteps(ctx, record.Stored()), nil
}
