package newsroom

import (
	"context"
	"fmt"
	"slices"

	"github.com/broadsheet-cms/broadsheet/ent"
	"github.com/broadsheet-cms/broadsheet/ent/article"
	"github.com/broadsheet-cms/broadsheet/internal/access"
	"github.com/broadsheet-cms/broadsheet/internal/content"
	"github.com/broadsheet-cms/broadsheet/internal/fault"
)

// Pin says which article is shown first among the related ones of another.
type Pin struct {
	Article, Related int
	Expected         *int // version that the caller knows; nil: any
	Position         *int // among the pinned ones, 1 is the first; nil: the last
	Note             string
}

// Pin pins a related article, or moves one that is pinned.
func (s *Service) Pin(ctx context.Context, p Pin) (*ent.Article, error) {
	return s.repin(ctx, "pinRelatedArticle", p, func(ctx context.Context, w *working, pins []int) ([]int, error) {
		if p.Related == p.Article {
			return nil, fault.Mistake(fault.Loop, "relatedId", "An article is not related to itself.")
		}
		asked := access.With(ctx, w.viewer)
		there, err := s.db.Ent(asked).Article.Query().Where(article.ID(p.Related)).Exist(asked)
		if err != nil {
			return nil, fmt.Errorf("find an article to pin: %w", err)
		}
		if !there {
			return nil, fault.Mistake(fault.Missing, "relatedId", "There is no such article.")
		}
		if len(pins) >= content.MaxRelated {
			return nil, fault.Mistake(fault.LimitReached, "id", "At most %d related articles are shown.", content.MaxRelated)
		}
		at := len(pins)
		if p.Position != nil {
			if *p.Position < 1 || *p.Position > len(pins)+1 {
				return nil, fault.Mistake(fault.Invalid, "position", "The position is from 1 to %d.", len(pins)+1)
			}
			at = *p.Position - 1
		}
		return slices.Insert(pins, at, p.Related), nil
	})
}

// Unpin lets an article be related to another by nothing but what both are
// about.
func (s *Service) Unpin(ctx context.Context, p Pin) (*ent.Article, error) {
	return s.repin(ctx, "unpinRelatedArticle", p, func(_ context.Context, w *working, pins []int) ([]int, error) {
		if len(pins) == len(w.draft.Pins) {
			return nil, fault.Mistake(fault.Missing, "relatedId", "The article is not pinned here.")
		}
		return pins, nil
	})
}

// repin changes the pinned articles, of which with gets those beside the one
// that it is about.
func (s *Service) repin(ctx context.Context, action string, p Pin, with func(ctx context.Context, w *working, others []int) ([]int, error)) (*ent.Article, error) {
	if err := checkText("note", p.Note, maxNote); err != nil {
		return nil, err
	}
	return s.change(ctx, p.Article, change{
		action: action, needs: access.CurateArticles, expected: p.Expected, note: p.Note,
		may: func(w *working) error {
			if w.row.Status == killed {
				return fault.Mistake(fault.IllegalTransition, "id", "A killed article is not changed any more.")
			}
			return nil
		},
		apply: func(ctx context.Context, w *working) (*content.Move, error) {
			others := slices.DeleteFunc(slices.Clone(w.draft.Pins), func(key int) bool { return key == p.Related })
			pins, err := with(ctx, w, others)
			if err != nil {
				return nil, err
			}
			w.draft.Pins = pins
			return nil, nil
		},
	})
}
