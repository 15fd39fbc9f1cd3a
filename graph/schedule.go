package graph

import (
	"context"

	"github.com/broadsheet-cms/broadsheet/ent"
	"github.com/broadsheet-cms/broadsheet/graph/loader"
	"github.com/broadsheet-cms/broadsheet/graph/model"
)

// ScheduleHealth is the field of the same name of Query.
func (r *queryResolver) ScheduleHealth(ctx context.Context) (*model.ScheduleHealth, error) {
	h, err := r.Newsroom.ScheduleHealth(ctx)
	if err != nil {
		return nil, err
	}
	answer := &model.ScheduleHealth{DueCount: int32(h.Due), NextDueAt: h.Next, LastDoneAt: h.Last, Failing: make([]*model.ScheduleFailure, len(h.Failing))}
	if h.Due > 0 {
		late := h.Oldest.Seconds()
		answer.OldestLateness = &late
	}
	if l := h.Lateness; l != nil {
		answer.Lateness = &model.ScheduleLateness{Count: int32(l.Count), Median: l.Median.Seconds(), Max: l.Max.Seconds()}
	}
	articles := make([]*ent.Article, len(h.Failing))
	for i, f := range h.Failing {
		articles[i] = f.Article
	}
	shown := loader.Articles.Rows(ctx, articles)
	for i, f := range h.Failing {
		answer.Failing[i] = &model.ScheduleFailure{Article: shown[i], Attempts: int32(f.Attempts), FailingSince: f.Since, NextAttemptAt: f.Next}
	}
	return answer, nil
}
