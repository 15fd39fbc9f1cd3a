package app

import (
	"context"
	"errors"
	"time"

	"github.com/broadsheet-cms/broadsheet/internal/job"
)

// tidy removes what has ended: sessions, counts of wrong attempts, idempotency
// keys, preview tokens, removed bookmarks, old dead jobs.
var tidy = job.Kind[struct{}]{Name: "tidy", Timeout: 5 * time.Minute, MaxAttempts: 3}

// registerJobs says what the jobs of the server do that belong to no service.
func (a *App) registerJobs() {
	job.Register(a.Jobs, tidy, func(ctx context.Context, _ struct{}) error {
		return errors.Join(a.Accounts.Tidy(ctx), a.Repeats.Forget(ctx), a.Newsroom.ForgetPreviews(ctx), a.Bookmarks.Tidy(ctx), a.Jobs.Forget(ctx))
	})
	job.Periodic(a.Jobs, tidy, struct{}{}, job.Every(10*time.Minute))
}
