package app

import (
	"context"
	"errors"
	"time"

	"github.com/broadsheet-cms/broadsheet/internal/content"
	"github.com/broadsheet-cms/broadsheet/internal/job"
	"github.com/broadsheet-cms/broadsheet/internal/media"
	"github.com/broadsheet-cms/broadsheet/internal/popularity"
	"github.com/broadsheet-cms/broadsheet/internal/search"
)

// tidy removes what has ended: sessions, counts of wrong attempts, idempotency
// keys, preview tokens, removed bookmarks, old dead jobs, kept mails.
var tidy = job.Kind[struct{}]{Name: "tidy", Timeout: 5 * time.Minute, MaxAttempts: 3}

// rank finds the most read articles anew.
var rank = job.Kind[struct{}]{Name: "mostread.rank", Timeout: time.Minute, MaxAttempts: 1}

// keepEvents is how long events are kept: a partner that stays away longer takes
// a snapshot.
const keepEvents = 90 * 24 * time.Hour

// refresh makes the search index of some articles anew, after a section, tag, place,
// series or author of theirs was renamed, moved or merged. The waiting jobs are what
// is left to do.
var refresh = job.Kind[[]int]{Name: "content.refresh", Timeout: content.RefreshTimeout, Concurrency: 2}

// findMediaUses notes which files the bodies name that were stored before this was
// kept. The migration enqueues it.
var findMediaUses = job.Kind[struct{}]{Name: media.FindUsesName, Timeout: time.Hour}

// rebuildSearch makes the search index anew.
var rebuildSearch = job.Kind[struct{}]{Name: search.RebuildName, Timeout: 6 * time.Hour}

// removeOrphans removes files that no media item names.
var removeOrphans = job.Kind[struct{}]{Name: "media.orphans", Timeout: time.Hour, MaxAttempts: 3}

// expireMedia hides the media items whose licence has ended. Whoever sets the end of a
// licence enqueues it for that moment; each run enqueues the next.
var expireMedia = job.Kind[struct{}]{Name: "media.expire", Timeout: 10 * time.Minute}

// expireAt has expireMedia run at a moment. One that runs is not enough: it may have
// read what is due before this change.
func (a *App) expireAt(ctx context.Context, at time.Time) error {
	return job.Enqueue(ctx, a.Jobs, expireMedia, struct{}{}, job.Options{RunAt: at, UniqueKey: "next"})
}

// registerJobs says what the jobs of the server do that belong to no service.
func (a *App) registerJobs() {
	job.Register(a.Jobs, tidy, func(ctx context.Context, _ struct{}) error {
		return errors.Join(a.Accounts.Tidy(ctx), a.Repeats.Forget(ctx), a.Newsroom.ForgetPreviews(ctx), a.Bookmarks.Tidy(ctx), a.Interests.Tidy(ctx), a.Jobs.Forget(ctx), a.Mail.Forget(ctx),
			a.Partners.Forget(ctx), a.Webhooks.Forget(ctx), a.Log.Trim(ctx, time.Now().Add(-keepEvents)))
	})
	job.Register(a.Jobs, rank, func(ctx context.Context, _ struct{}) error { return a.Popularity.Rank(ctx) })
	job.Periodic(a.Jobs, rank, struct{}{}, job.Every(popularity.RankEvery))
	job.Register(a.Jobs, refresh, a.Articles.Refresh)
	job.Register(a.Jobs, findMediaUses, func(ctx context.Context, _ struct{}) error {
		if err := a.Articles.NoteAllMedia(ctx); err != nil {
			return err
		}
		return a.Site.NoteAllMedia(ctx)
	})
	job.Register(a.Jobs, rebuildSearch, func(ctx context.Context, _ struct{}) error { return a.Search.Rebuild(ctx) })
	job.Register(a.Jobs, removeOrphans, func(ctx context.Context, _ struct{}) error {
		_, err := a.Media.RemoveOrphans(ctx)
		return err
	})
	job.Periodic(a.Jobs, removeOrphans, struct{}{}, job.Every(24*time.Hour))
	job.Register(a.Jobs, expireMedia, func(ctx context.Context, _ struct{}) error {
		next, err := a.MediaDesk.Expire(ctx)
		if err != nil || next == nil {
			return err
		}
		at := *next
		if soon := time.Now().Add(time.Second); at.Before(soon) { // this node's clock may be behind
			at = soon
		}
		return a.expireAt(ctx, at)
	})
	job.Periodic(a.Jobs, expireMedia, struct{}{}, job.Every(10*time.Minute)) // for what imports brought
	a.Media.ExpireAt = a.expireAt
	a.Articles.RefreshLater = func(ctx context.Context, articles []int) error {
		return job.Enqueue(ctx, a.Jobs, refresh, articles, job.Options{})
	}
	job.Periodic(a.Jobs, tidy, struct{}{}, job.Every(10*time.Minute))
}
