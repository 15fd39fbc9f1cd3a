package newsroom

import (
	"context"
	"log/slog"
	"time"

	"github.com/broadsheet-cms/broadsheet/internal/access"
)

const (
	// lookAnyway is how long a server sleeps at most: its clock may be set
	// meanwhile.
	lookAnyway = 15 * time.Second
	// lookForHeld is how soon a server looks again for what is due and held by
	// another transaction: another node does it just now, or somebody saves it.
	lookForHeld = 100 * time.Millisecond
	// lateAfter is how late something is before the log says so.
	lateAfter = 5 * time.Second
	// warnEvery bounds how often the log says the same.
	warnEvery = time.Minute
)

// keeper is a server that keeps the schedule.
type keeper struct {
	*Service
	logger *slog.Logger

	skew       time.Duration // of the database's clock against ours
	measuredAt time.Time
	warnedLate time.Time
	warnedSkew bool
	relateNext time.Time
}

// KeepSchedule does what is due, at its moment, until ctx ends or the database
// fails. It sleeps until the next moment and is woken by whatever is committed
// on any node, so that a plan made for sooner is noticed. Every node runs it.
//
// It is no job: what is planned stands in the articles, and a job for each plan
// would be a second record of it that could disagree. A sweep also publishes many
// articles in one transaction, at their moment, whatever the jobs are busy with.
func (s *Service) KeepSchedule(ctx context.Context, logger *slog.Logger) error {
	k := &keeper{Service: s, logger: logger}
	ctx = access.AsSystem(ctx)
	timer := time.NewTimer(0)
	defer timer.Stop()
	for {
		woken := s.log.Woken()
		wait, err := k.turn(ctx)
		if err != nil {
			return err
		}
		timer.Reset(wait)
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-woken:
		case <-timer.C:
		}
	}
}

// turn does what there is to do and gives how long there is nothing.
func (k *keeper) turn(ctx context.Context) (time.Duration, error) {
	now, err := k.clock(ctx)
	if err != nil {
		return 0, err
	}
	if err := k.forgetChanged(ctx); err != nil {
		return 0, err
	}
	skip, retry := k.failing.waiting(now)
	next, err := k.nextDue(ctx, skip)
	if err != nil {
		return 0, err
	}
	if !next.IsZero() && !next.After(now) {
		swept, err := k.Sweep(ctx, now)
		k.report(ctx, swept, now)
		if err != nil || swept.Done > 0 || len(swept.Failed) > 0 {
			return 0, err
		}
		k.warn(ctx, next, now)
		return lookForHeld, nil
	}
	if len(skip) > 0 {
		overdue, err := k.nextDue(ctx, nil)
		if err != nil {
			return 0, err
		}
		k.warn(ctx, overdue, now)
	}
	over, err := k.nextPickOver(ctx)
	if err != nil {
		return 0, err
	}
	if !over.IsZero() && !over.After(now) {
		_, err := k.ExpirePicks(ctx, now)
		return 0, err
	}
	if related, err := k.relate(ctx, now); err != nil || related > 0 {
		return 0, err
	}
	wait := lookAnyway
	for _, at := range []time.Time{next, retry, over} {
		if !at.IsZero() {
			wait = min(wait, at.Sub(now))
		}
	}
	return wait, nil
}

// relate finds what is related to some of the articles just published, once
// nothing is due. What fails is tried again later: news go on meanwhile.
func (k *keeper) relate(ctx context.Context, now time.Time) (int, error) {
	if now.Before(k.relateNext) {
		return 0, nil
	}
	related, err := k.articles.RelateSoon(ctx)
	if err == nil {
		return related, nil
	}
	if gone := k.gone(ctx); gone != nil {
		return 0, gone
	}
	k.logger.WarnContext(ctx, "what is related to articles just published will be found later", "error", err)
	k.relateNext = now.Add(warnEvery)
	return 0, nil
}

func (k *keeper) report(ctx context.Context, swept Swept, now time.Time) {
	for _, f := range swept.Failed {
		k.logger.ErrorContext(ctx, "what is due for an article failed and will be tried again", "article", f.ArticleID, "version", f.Version, "error", f.Err)
	}
	if late := now.Sub(swept.Earliest); swept.Done > 0 && late > lateAfter {
		k.logger.WarnContext(ctx, "done late", "articles", swept.Done, "lateness", late.Round(time.Millisecond))
	}
}

// warn says that something is overdue, now and then.
func (k *keeper) warn(ctx context.Context, due, now time.Time) {
	if late := now.Sub(due); !due.IsZero() && late > lateAfter && now.Sub(k.warnedLate) > warnEvery {
		k.warnedLate = now
		k.logger.WarnContext(ctx, "something is due and not done; scheduleHealth tells more", "lateness", late.Round(time.Millisecond))
	}
}

// clock gives the time by which something is due. Nodes whose clocks differ go
// by that of the database, which they share.
func (k *keeper) clock(ctx context.Context) (time.Time, error) {
	now := k.Now()
	if now.Sub(k.measuredAt).Abs() < lookAnyway {
		return now.Add(k.skew), nil
	}
	var err error
	if k.skew, err = k.db.ClockAhead(ctx, k.Now); err != nil {
		return now, err
	}
	k.measuredAt = now
	if k.skew.Abs() > time.Second && !k.warnedSkew {
		k.warnedSkew = true
		k.logger.WarnContext(ctx, "the clocks of this machine and of the database differ; what is due goes by the database's", "difference", k.skew.Round(time.Millisecond))
	}
	return k.Now().Add(k.skew), nil
}
