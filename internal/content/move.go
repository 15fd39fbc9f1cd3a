package content

import (
	"context"
	"fmt"
	"math"
	"time"

	"github.com/broadsheet-cms/broadsheet/ent"
	"github.com/broadsheet-cms/broadsheet/ent/article"
	"github.com/broadsheet-cms/broadsheet/internal/access"
	"github.com/broadsheet-cms/broadsheet/internal/event"
	"github.com/broadsheet-cms/broadsheet/internal/id"
)

// Move takes an article from one status to another and leaves its words as they
// are. Times that are nil are cleared, but those of publication stay.
type Move struct {
	ID     int
	Status article.Status
	At     time.Time // when it happens; with PUBLISHED the moment of publication

	ScheduledAt, EmbargoUntil, UnpublishAt *time.Time
	TrashedAt                              *time.Time
	Action                                 string // of the event where visibility does not change; empty: updated
}

// Move changes the status of articles, in one transaction (that of ctx if it
// carries one), with their listings, related articles and derivations, and an
// event for each. It is as cheap for many as moving them needs; what is related
// to them can be put off with DeferRelated.
func (s *Service) Move(ctx context.Context, moves ...Move) ([]*ent.Article, error) {
	if len(moves) == 0 {
		return nil, nil
	}
	byPerson := access.Of(ctx).UserID != 0
	ctx = access.AsSystem(ctx)
	moved := make([]*ent.Article, len(moves))
	err := s.db.Tx(ctx, func(ctx context.Context) error {
		if err := s.ShareTaxonomy(ctx); err != nil {
			return err
		}
		ids := make([]int, len(moves))
		for i, m := range moves {
			ids[i] = m.ID
		}
		before, err := s.rows(ctx, ids)
		if err != nil {
			return err
		}
		groups := map[target][]int{}
		for _, m := range moves {
			if before[m.ID] == nil {
				return fmt.Errorf("there is no article %d", m.ID)
			}
			t := targetOf(before[m.ID], m)
			groups[t] = append(groups[t], m.ID)
		}
		// Articles of one plan share their moments, so that a thousand of them are
		// one statement.
		for t, ids := range groups {
			u := s.db.Ent(ctx).Article.Update().Where(article.IDIn(ids...)).AddVersion(1)
			t.set(u.Mutation(), byPerson)
			if err := u.Exec(ctx); err != nil {
				return err
			}
		}
		after, err := s.rows(ctx, ids)
		if err != nil {
			return err
		}
		for i, m := range moves {
			moved[i] = after[m.ID]
		}
		lists, err := s.derive(ctx, moved)
		if err != nil {
			return err
		}
		events := make([]event.Event, len(moves))
		for i, m := range moves {
			events[i] = eventOf(moveAction(m, before[m.ID], moved[i]), moved[i], lists)
		}
		return s.log.Append(ctx, events...)
	})
	if err != nil {
		return nil, fmt.Errorf("move articles: %w", err)
	}
	return moved, nil
}

// rows gives the stored articles by key.
func (s *Service) rows(ctx context.Context, ids []int) (map[int]*ent.Article, error) {
	all, err := s.db.Ent(ctx).Article.Query().Where(article.IDIn(ids...)).All(ctx)
	if err != nil {
		return nil, err
	}
	byID := make(map[int]*ent.Article, len(all))
	for _, a := range all {
		byID[a.ID] = a
	}
	return byID, nil
}

func moveAction(m Move, was, is *ent.Article) string {
	switch {
	case m.Status == article.StatusKilled:
		return event.Withdrawn
	case Live(is) && !Live(was):
		return event.Published
	case !Live(is) && Live(was):
		return event.Unpublished
	case m.Action != "":
		return m.Action
	}
	return event.Updated
}

// target is all that a move writes of one article. Those of articles that are
// written alike are equal.
type target struct {
	status                                          article.Status
	at                                              moment
	scheduledAt, embargoUntil, unpublishAt, trashed moment
	changes, publishes, first                       bool // the status; to PUBLISHED; for the first time
}

// moment is a time in microseconds since 1970, which compares as time.Time does
// not; noMoment stands for none.
type moment int64

const noMoment moment = math.MinInt64

func momentOf(t *time.Time) moment {
	if t == nil {
		return noMoment
	}
	return moment(t.UnixMicro())
}

func (m moment) time() *time.Time {
	if m == noMoment {
		return nil
	}
	t := time.UnixMicro(int64(m)).UTC()
	return &t
}

func targetOf(was *ent.Article, to Move) target {
	t := target{status: to.Status, at: momentOf(&to.At), scheduledAt: momentOf(to.ScheduledAt), embargoUntil: momentOf(to.EmbargoUntil),
		unpublishAt: momentOf(to.UnpublishAt), trashed: momentOf(to.TrashedAt), changes: to.Status != was.Status}
	t.publishes = t.changes && to.Status == article.StatusPublished
	t.first = t.publishes && was.FirstPublishedAt == nil
	return t
}

func (t target) set(m *ent.ArticleMutation, byPerson bool) {
	at := *t.at.time()
	m.SetStatus(t.status)
	setOrClear(t.scheduledAt.time(), m.SetScheduledAt, m.ClearScheduledAt)
	setOrClear(t.embargoUntil.time(), m.SetEmbargoUntil, m.ClearEmbargoUntil)
	setOrClear(t.unpublishAt.time(), m.SetUnpublishAt, m.ClearUnpublishAt)
	setOrClear(t.trashed.time(), m.SetTrashedAt, m.ClearTrashedAt)
	if t.changes {
		m.SetStatusChangedAt(at)
	}
	if t.publishes {
		m.SetPublishedAt(at)
		m.SetUpdatedAt(at)
	}
	if t.first {
		m.SetFirstPublishedAt(at)
	}
	if byPerson {
		m.SetEditedAt(at) // an import must not undo it
	}
}

// Moved gives a draft as it is after a move that left the article as a.
func (d *Draft) Moved(a *ent.Article) *Draft {
	m := *d
	m.Status, m.TrashedAt = a.Status, a.TrashedAt
	m.PublishedAt, m.FirstPublishedAt, m.UpdatedAt = a.PublishedAt, a.FirstPublishedAt, a.UpdatedAt
	m.ScheduledAt, m.EmbargoUntil, m.UnpublishAt = a.ScheduledAt, a.EmbargoUntil, a.UnpublishAt
	return &m
}

// derive makes what is derived from articles anew.
func (s *Service) derive(ctx context.Context, articles []*ent.Article) (map[int]listings, error) {
	lists, err := s.list(ctx, articles)
	if err != nil {
		return nil, err
	}
	if err := s.relate(ctx, articles); err != nil {
		return nil, err
	}
	for _, d := range s.derivations {
		if err := d.Refresh(ctx, keysOf(articles)); err != nil {
			return nil, err
		}
	}
	return lists, nil
}

// eventOf is the event of a change that left an article as it is.
func eventOf(action string, a *ent.Article, lists map[int]listings) event.Event {
	return event.Event{Action: action, Entity: id.Article, EntityID: a.ID, Detail: event.Detail{Version: a.Version, Was: lists[a.ID].was, Is: lists[a.ID].is}}
}
