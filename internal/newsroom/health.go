package newsroom

import (
	"context"
	"database/sql"
	"fmt"
	"slices"
	"time"

	"github.com/broadsheet-cms/broadsheet/ent"
	"github.com/broadsheet-cms/broadsheet/internal/access"
	"github.com/broadsheet-cms/broadsheet/internal/store"
)

// ScheduleHealth is how far the server is with what it does by itself.
type ScheduleHealth struct {
	Due    int           // what is due and not done
	Oldest time.Duration // how late the first of these is
	Next   *time.Time    // moment of what comes next
	Last   *time.Time    // when something was last done
	// Lateness of what was done within the last hour; nil when nothing was.
	Lateness *Lateness
	Failing  []FailingArticle // as this server knows them, of those that the viewer may see
}

// Lateness is how late many things were done, from the moment each was planned
// for until shortly before its commit.
type Lateness struct {
	Count       int
	Median, Max time.Duration
}

// FailingArticle is a failure with its article.
type FailingArticle struct {
	Failure
	Article *ent.Article
}

// healthWindow is how far back lateness is measured, over maxMeasured at most.
const (
	healthWindow = time.Hour
	maxMeasured  = 10_000
)

var (
	// dueCountSQL counts what is due by $1.
	dueCountSQL = store.MaintainBoth(`SELECT (SELECT count(*) FROM articles a WHERE ` + plannedScheduled + ` <= $1)
		+ (SELECT count(*) FROM articles a WHERE ` + plannedEmbargoed + ` <= $1) + (SELECT count(*) FROM articles a WHERE ` + plannedUnpublished + ` <= $1)`)
	comingSQL = store.MaintainBoth(`SELECT * FROM (SELECT a.scheduled_at FROM articles a WHERE ` + plannedScheduled + ` > $1 ORDER BY a.scheduled_at LIMIT 1) AS s
		UNION ALL SELECT * FROM (SELECT a.embargo_until FROM articles a WHERE ` + plannedEmbargoed + ` > $1 ORDER BY a.embargo_until LIMIT 1) AS e
		UNION ALL SELECT * FROM (SELECT a.unpublish_at FROM articles a WHERE ` + plannedUnpublished + ` > $1 ORDER BY a.unpublish_at LIMIT 1) AS u`)
	doneSQL = store.MaintainBoth(`SELECT e.at, e.after ->> 'dueAt' FROM audit_entries e WHERE e.action = 'due' AND e.at > $1 ORDER BY e.at DESC LIMIT $2`)
)

// ScheduleHealth tells how far the server is with what it does by itself.
func (s *Service) ScheduleHealth(ctx context.Context) (*ScheduleHealth, error) {
	if err := access.Require(ctx, access.ReadNewsroom); err != nil {
		return nil, err
	}
	system, now := access.AsSystem(ctx), s.Now()
	h := &ScheduleHealth{}
	var err error
	if h.Due, h.Oldest, err = s.overdue(system, now); err != nil {
		return nil, err
	}
	if h.Next, err = s.coming(system, now); err != nil {
		return nil, err
	}
	if err := s.measure(system, h, now); err != nil {
		return nil, err
	}
	h.Failing, err = s.failingFor(ctx)
	return h, err
}

// Overdue gives how much is due and not done, and how late the first of it is.
func (s *Service) Overdue(ctx context.Context) (due int, late time.Duration, err error) {
	if err := access.Require(ctx, access.ReadNewsroom); err != nil {
		return 0, 0, err
	}
	return s.overdue(access.AsSystem(ctx), s.Now())
}

func (s *Service) overdue(ctx context.Context, now time.Time) (due int, late time.Duration, err error) {
	counted, err := store.Collect(ctx, s.db, dueCountSQL, store.ScanInt, now)
	if err != nil {
		return 0, 0, fmt.Errorf("count what is due: %w", err)
	}
	if counted[0] == 0 {
		return 0, 0, nil
	}
	first, err := s.nextDue(ctx, nil)
	if err != nil {
		return 0, 0, err
	}
	return counted[0], max(0, now.Sub(first)), nil
}

func (s *Service) coming(ctx context.Context, now time.Time) (next *time.Time, err error) {
	moments, err := store.Collect(ctx, s.db, comingSQL, func(rows *sql.Rows) (at time.Time, err error) {
		err = rows.Scan(&at)
		return at.UTC(), err
	}, now)
	if err != nil {
		return nil, fmt.Errorf("look what comes next: %w", err)
	}
	for _, at := range moments {
		if next == nil || at.Before(*next) {
			next = &at
		}
	}
	return next, nil
}

// measure tells what was done last, and how late what was done lately was.
func (s *Service) measure(ctx context.Context, h *ScheduleHealth, now time.Time) error {
	type done struct{ at, due time.Time }
	read := func(since time.Time, limit int) ([]done, error) {
		return store.Collect(ctx, s.db, doneSQL, func(rows *sql.Rows) (d done, err error) {
			var due string
			if err := rows.Scan(&d.at, &due); err != nil {
				return d, err
			}
			d.due, err = time.Parse(time.RFC3339Nano, due)
			return d, err
		}, since, limit)
	}
	since := now.Add(-healthWindow)
	lately, err := read(since, maxMeasured)
	if err == nil && len(lately) == 0 {
		if lately, err = read(time.Unix(0, 0).UTC(), 1); err == nil && len(lately) == 1 {
			at := lately[0].at.UTC()
			h.Last = &at
		}
		return err
	}
	if err != nil {
		return fmt.Errorf("look what was done: %w", err)
	}
	late := make([]time.Duration, len(lately))
	for i, d := range lately {
		late[i] = max(0, d.at.Sub(d.due))
	}
	slices.Sort(late)
	at := lately[0].at.UTC()
	h.Last, h.Lateness = &at, &Lateness{Count: len(late), Median: late[len(late)/2], Max: late[len(late)-1]}
	return nil
}

// failingFor gives the failures of articles that the viewer of ctx may see.
func (s *Service) failingFor(ctx context.Context) ([]FailingArticle, error) {
	if err := s.forgetChanged(access.AsSystem(ctx)); err != nil {
		return nil, err
	}
	known := s.failing.all()
	articles := make([]int, len(known))
	for i, f := range known {
		articles[i] = f.ArticleID
	}
	seen, err := s.articles.ByIDs(ctx, articles)
	if err != nil {
		return nil, err
	}
	failing := []FailingArticle{}
	for _, f := range known {
		if a := seen[f.ArticleID]; a != nil {
			failing = append(failing, FailingArticle{f, a})
		}
	}
	return failing, nil
}
