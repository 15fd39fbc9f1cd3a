package app

import (
	"context"
	"errors"
	"time"

	"github.com/broadsheet-cms/broadsheet/internal/content"
	"github.com/broadsheet-cms/broadsheet/internal/job"
)

// tidy removes what has ended: sessions, counts of wrong attempts, idempotency
// keys, preview tokens, old dead jobs.
var tidy = job.Kind[struct{}]{Name: "tidy", Timeout: 5 * time.Minute, MaxAttempts: 3}

// refresh makes the search index of some articles anew, after a section, tag, place,
// series or author of theirs was renamed, moved or merged. The waiting jobs are what
// is left to do.
var refresh = job.Kind[[]int]{Name: "content.refresh", Timeout: content.RefreshTimeout, Concurrency: 2}

// registerJobs says what the jobs of the server do that belong to no service.
func (a *App) registerJobs() {
	job.Register(a.Jobs, tidy, func(ctx context.Context, _ struct{}) error {
		return errors.Join(a.Accounts.Tidy(ctx), a.Repeats.Forget(ctx), a.Newsroom.ForgetPreviews(ctx), a.Jobs.Forget(ctx))
	})
	job.Register(a.Jobs, refresh, a.Articles.Refresh)
	a.Articles.RefreshLater = func(ctx context.Context, articles []int) error {
		return job.Enqueue(ctx, a.Jobs, refresh, articles, job.Options{})
	}
	job.Periodic(a.Jobs, tidy, struct{}{}, job.Every(10*time.Minute))
}
