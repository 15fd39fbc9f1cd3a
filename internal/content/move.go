package content

import (
	"context"
	"fmt"
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
		ids := make([]int, len(moves))
		for i, m := range moves {
			ids[i] = m.ID
		}
		before, err := s.db.Ent(ctx).Article.Query().Where(article.IDIn(ids...)).All(ctx)
		if err != nil {
			return err
		}
		byID := make(map[int]*ent.Article, len(before))
		for _, a := range before {
			byID[a.ID] = a
		}
		events := make([]event.Event, len(moves))
		for i, m := range moves {
			was := byID[m.ID]
			if was == nil {
				return fmt.Errorf("there is no article %d", m.ID)
			}
			u := s.db.Ent(ctx).Article.UpdateOne(was).AddVersion(1)
			setMove(u.Mutation(), was, m)
			if byPerson {
				u.SetEditedAt(m.At) // an import must not undo it
			}
			if moved[i], err = u.Save(ctx); err != nil {
				return err
			}
			events[i] = event.Event{Action: moveAction(m, was, moved[i]), Entity: id.Article, EntityID: m.ID}
		}
		if err := s.derive(ctx, moved); err != nil {
			return err
		}
		return s.log.Append(ctx, events...)
	})
	if err != nil {
		return nil, fmt.Errorf("move articles: %w", err)
	}
	return moved, nil
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

func setMove(m *ent.ArticleMutation, was *ent.Article, to Move) {
	m.SetStatus(to.Status)
	setOrClear(to.ScheduledAt, m.SetScheduledAt, m.ClearScheduledAt)
	setOrClear(to.EmbargoUntil, m.SetEmbargoUntil, m.ClearEmbargoUntil)
	setOrClear(to.UnpublishAt, m.SetUnpublishAt, m.ClearUnpublishAt)
	setOrClear(to.TrashedAt, m.SetTrashedAt, m.ClearTrashedAt)
	if to.Status != was.Status {
		m.SetStatusChangedAt(to.At)
	}
	if to.Status == article.StatusPublished && was.Status != article.StatusPublished {
		m.SetPublishedAt(to.At)
		m.SetUpdatedAt(to.At)
		if was.FirstPublishedAt == nil {
			m.SetFirstPublishedAt(to.At)
		}
	}
}

// derive makes what is derived from articles anew.
func (s *Service) derive(ctx context.Context, articles []*ent.Article) error {
	if err := s.list(ctx, articles); err != nil {
		return err
	}
	if err := s.relate(ctx, articles); err != nil {
		return err
	}
	for _, d := range s.derivations {
		if err := d.Refresh(ctx, keysOf(articles)); err != nil {
			return err
		}
	}
	return nil
}
