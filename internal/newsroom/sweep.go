package newsroom

import (
	"context"
	"database/sql"
	"fmt"
	"time"

	"github.com/broadsheet-cms/broadsheet/internal/access"
	"github.com/broadsheet-cms/broadsheet/internal/store"
)

// dueAtOnce is how many articles one transaction publishes. Readers see them
// when it commits: more at once would be cheaper, and later for the first.
const dueAtOnce = 50

// Swept is what a sweep did.
type Swept struct {
	Done     int
	Earliest time.Time // moment that the earliest of them was planned for
	Failed   []Failure // those that fail for the first time since they were changed
}

// Sweep publishes what is scheduled, lifts embargoes and takes articles back,
// whatever is due by now, each exactly once on however many nodes: an article is
// claimed by a lock of its row and done in the claim's transaction. One that
// fails costs no other: it is passed over until its time comes again.
func (s *Service) Sweep(ctx context.Context, now time.Time) (Swept, error) {
	ctx = access.AsSystem(ctx)
	var done Swept
	if err := s.forgetChanged(ctx); err != nil {
		return done, err
	}
	for _, k := range dueKinds {
		for more := true; more; {
			claimed, err := s.sweepBatch(ctx, k, now, &done)
			if err != nil {
				return done, err
			}
			more = claimed == dueAtOnce
		}
	}
	return done, nil
}

// sweepBatch does a batch, or if that fails its articles one by one. It gives
// how many there were.
func (s *Service) sweepBatch(ctx context.Context, k dueKind, now time.Time, done *Swept) (int, error) {
	skip, _ := s.failing.waiting(now)
	claimed, err := s.claim(ctx, k, now, done, k.claim, now, dueAtOnce, s.db.IDs(skip))
	if err == nil {
		return len(claimed), nil
	}
	if len(claimed) == 0 || s.gone(ctx) != nil {
		return 0, err
	}
	for _, articleID := range claimed {
		_, err := s.claim(ctx, k, now, done, k.claimOne, now, articleID)
		if err == nil {
			continue
		}
		if gone := s.gone(ctx); gone != nil {
			return 0, gone
		}
		if err := s.fail(ctx, articleID, now, err, done); err != nil {
			return 0, err
		}
	}
	return len(claimed), nil
}

// claim claims articles by a statement and does what is due for them, in one
// transaction. The articles are given also when that fails.
func (s *Service) claim(ctx context.Context, k dueKind, now time.Time, done *Swept, statement *store.Statement, args ...any) (claimed []int, err error) {
	var earliest time.Time
	err = s.db.Tx(ctx, func(ctx context.Context) error {
		if err := s.articles.ShareTaxonomy(ctx); err != nil {
			return err
		}
		claimed, err = store.Collect(ctx, s.db, statement, store.ScanInt, args...)
		if err != nil {
			return fmt.Errorf("claim what is due: %w", err)
		}
		if len(claimed) == 0 {
			return nil
		}
		earliest, err = s.carryOut(ctx, k, claimed, now)
		return err
	})
	if err != nil || len(claimed) == 0 {
		return claimed, err
	}
	s.failing.remove(claimed...)
	done.Done += len(claimed)
	if done.Earliest.IsZero() || earliest.Before(done.Earliest) {
		done.Earliest = earliest
	}
	return claimed, nil
}

// gone tells whether it was not an article's fault that something failed.
func (s *Service) gone(ctx context.Context) error {
	if ctx.Err() != nil {
		return ctx.Err()
	}
	return s.db.Ping(ctx)
}

func (s *Service) fail(ctx context.Context, articleID int, now time.Time, cause error, done *Swept) error {
	versions, err := s.versions(ctx, []int{articleID})
	if err != nil {
		return err
	}
	failure, first, err := s.failing.add(articleID, versions[articleID], now, cause)
	if first {
		done.Failed = append(done.Failed, failure)
	}
	return err
}

// nextDueSQL gives the first moment of each kind, without the articles $1.
var nextDueSQL = store.MaintainBoth(`SELECT * FROM (SELECT a.scheduled_at FROM articles a WHERE ` + plannedScheduled + ` IS NOT NULL
		AND a.id NOT IN (SELECT id FROM each_id($1)) ORDER BY a.scheduled_at LIMIT 1) AS s
	UNION ALL SELECT * FROM (SELECT a.embargo_until FROM articles a WHERE ` + plannedEmbargoed + ` IS NOT NULL
		AND a.id NOT IN (SELECT id FROM each_id($1)) ORDER BY a.embargo_until LIMIT 1) AS e
	UNION ALL SELECT * FROM (SELECT a.unpublish_at FROM articles a WHERE ` + plannedUnpublished + ` IS NOT NULL
		AND a.id NOT IN (SELECT id FROM each_id($1)) ORDER BY a.unpublish_at LIMIT 1) AS u`)

// nextDue gives the next moment at which something is planned, past ones
// included, leaving out some articles; zero when nothing is.
func (s *Service) nextDue(ctx context.Context, without []int) (next time.Time, err error) {
	moments, err := store.Collect(ctx, s.db, nextDueSQL, func(rows *sql.Rows) (at time.Time, err error) {
		err = rows.Scan(&at)
		return at, err
	}, s.db.IDs(without))
	if err != nil {
		return next, fmt.Errorf("look what is planned: %w", err)
	}
	for _, at := range moments {
		if next.IsZero() || at.Before(next) {
			next = at.UTC()
		}
	}
	return next, nil
}
