package newsroom

import (
	"context"
	"database/sql"
	"fmt"
	"time"

	"github.com/broadsheet-cms/broadsheet/ent"
	"github.com/broadsheet-cms/broadsheet/internal/access"
	"github.com/broadsheet-cms/broadsheet/internal/audit"
	"github.com/broadsheet-cms/broadsheet/internal/content"
	"github.com/broadsheet-cms/broadsheet/internal/id"
	"github.com/broadsheet-cms/broadsheet/internal/store"
)

// dueKind is a kind of thing that the server does by itself at a moment written
// in the article. Each kind has a partial index of its own, so that asking what
// comes next reads one row.
type dueKind struct {
	// claim gives the earliest articles that are due by $1, at most $2 of them
	// without $3, and holds their rows; what another node holds is passed over.
	claim *store.Statement
	// claimOne is claim for the one article $2.
	claimOne *store.Statement
	moment   func(a *ent.Article) *time.Time // when it was to be done
	move     func(a *ent.Article, now time.Time) content.Move
}

// What is planned, by kind.
const (
	plannedScheduled   = `a.status = 'SCHEDULED' AND a.trashed_at IS NULL AND a.scheduled_at`
	plannedEmbargoed   = `a.status = 'EMBARGOED' AND a.trashed_at IS NULL AND a.embargo_until`
	plannedUnpublished = `a.status = 'PUBLISHED' AND a.unpublish_at IS NOT NULL AND a.trashed_at IS NULL AND a.unpublish_at`
)

// holdDue lets other transactions refer to the articles meanwhile.
const holdDue = ` FOR NO KEY UPDATE SKIP LOCKED`

func claimDue(planned, moment string) *store.Statement {
	text := `SELECT a.id FROM articles a WHERE ` + planned + ` <= $1 AND a.id NOT IN (SELECT id FROM each_id($3)) ORDER BY ` + moment + `, a.id LIMIT $2`
	return store.Maintain(text+holdDue, text)
}

func claimOneDue(planned string) *store.Statement {
	text := `SELECT a.id FROM articles a WHERE ` + planned + ` <= $1 AND a.id = $2`
	return store.Maintain(text+holdDue, text)
}

var (
	// lastRevisionsSQL gives the number of the newest revision of each article
	// that has any.
	lastRevisionsSQL = store.MaintainBoth(`SELECT r.article_id, max(r.number) FROM revisions r WHERE r.article_id IN (SELECT id FROM each_id($1)) GROUP BY r.article_id`)
)

// dueKinds in the order in which they are carried out: what is to be taken back
// goes first.
var dueKinds = []dueKind{
	{
		claim: claimDue(plannedUnpublished, `a.unpublish_at`), claimOne: claimOneDue(plannedUnpublished),
		moment: func(a *ent.Article) *time.Time { return a.UnpublishAt },
		move: func(a *ent.Article, _ time.Time) content.Move {
			return content.Move{ID: a.ID, Status: unpublished, At: *a.UnpublishAt}
		},
	},
	{
		claim: claimDue(plannedEmbargoed, `a.embargo_until`), claimOne: claimOneDue(plannedEmbargoed),
		moment: func(a *ent.Article) *time.Time { return a.EmbargoUntil },
		move:   func(a *ent.Article, now time.Time) content.Move { return publication(a, *a.EmbargoUntil, now) },
	},
	{
		claim: claimDue(plannedScheduled, `a.scheduled_at`), claimOne: claimOneDue(plannedScheduled),
		moment: func(a *ent.Article) *time.Time { return a.ScheduledAt },
		move:   func(a *ent.Article, now time.Time) content.Move { return publication(a, *a.ScheduledAt, now) },
	},
}

// publication publishes an article as if it were the moment it was planned for.
// One that was to be taken back by now, because no server ran meanwhile, is not
// shown any more.
func publication(a *ent.Article, at, now time.Time) content.Move {
	if a.UnpublishAt != nil && !a.UnpublishAt.After(now) {
		return content.Move{ID: a.ID, Status: unpublished, At: *a.UnpublishAt}
	}
	return content.Move{ID: a.ID, Status: published, At: at, UnpublishAt: a.UnpublishAt}
}

// doneState is what the record of who did what keeps of something done by plan.
type doneState struct {
	*state
	DueAt time.Time `json:"dueAt"`
}

// carryOut does what is planned for articles whose rows the transaction of ctx
// holds: status, listings, events, a revision and an entry in the record for
// each. It gives the moment that the earliest of them was planned for.
func (s *Service) carryOut(ctx context.Context, k dueKind, ids []int, now time.Time) (earliest time.Time, err error) {
	ctx = content.DeferRelatedBriefly(access.AsSystem(ctx))
	loaded, err := s.articles.LoadHeld(ctx, ids)
	if err != nil {
		return earliest, err
	}
	numbers, err := s.lastRevisions(ctx, ids)
	if err != nil {
		return earliest, err
	}
	moves := make([]content.Move, len(loaded))
	for i, l := range loaded {
		moves[i] = k.move(l.Article, now)
		if at := *k.moment(l.Article); i == 0 || at.Before(earliest) {
			earliest = at
		}
	}
	moved, err := s.articles.Move(ctx, moves...)
	if err != nil {
		return earliest, err
	}
	done := s.Now()
	var history []*ent.RevisionCreate
	entries := make([]audit.Entry, len(loaded))
	for i, l := range loaded {
		number := numbers[l.Article.ID]
		if number == 0 { // as change does
			number = 1
			first, err := s.revision(ctx, number, l.Article, l.Draft, actionImported, "", since(l.Article), nil)
			if err != nil {
				return earliest, err
			}
			history = append(history, first)
		}
		next, err := s.revision(ctx, number+1, moved[i], l.Draft.Moved(moved[i]), actionDue, "", done, nil)
		if err != nil {
			return earliest, err
		}
		history = append(history, next)
		entries[i] = audit.Entry{Action: actionDue, Entity: id.Article, EntityID: l.Article.ID, Before: stateOf(l.Article),
			After: &doneState{stateOf(moved[i]), k.moment(l.Article).UTC()}}
	}
	if err := s.db.Ent(ctx).Revision.CreateBulk(history...).Exec(ctx); err != nil {
		return earliest, fmt.Errorf("keep revisions: %w", err)
	}
	return earliest, s.audit.Record(ctx, entries...)
}

func (s *Service) lastRevisions(ctx context.Context, ids []int) (map[int]int, error) {
	found := make(map[int]int, len(ids))
	_, err := store.Collect(ctx, s.db, lastRevisionsSQL, func(rows *sql.Rows) (struct{}, error) {
		var articleID, number int
		err := rows.Scan(&articleID, &number)
		found[articleID] = number
		return struct{}{}, err
	}, s.db.IDs(ids))
	if err != nil {
		return nil, fmt.Errorf("number revisions: %w", err)
	}
	return found, nil
}
