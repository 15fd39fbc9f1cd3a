package graph

import (
	"context"
	"fmt"

	"github.com/broadsheet-cms/broadsheet/ent"
	"github.com/broadsheet-cms/broadsheet/graph/loader"
	"github.com/broadsheet-cms/broadsheet/graph/model"
	"github.com/broadsheet-cms/broadsheet/graph/relay"
	"github.com/broadsheet-cms/broadsheet/internal/content"
	"github.com/broadsheet-cms/broadsheet/internal/fault"
	"github.com/broadsheet-cms/broadsheet/internal/id"
	"github.com/broadsheet-cms/broadsheet/internal/keyset"
	"github.com/broadsheet-cms/broadsheet/internal/newsroom"
)

// Picks is the field of the same name of Query.
func (r *queryResolver) Picks(ctx context.Context, categoryID *string) ([]*loader.Article, error) {
	section := 0
	if categoryID != nil {
		var err error
		if section, err = decodeID("categoryId", id.Category, *categoryID); err != nil || section == 0 {
			return []*loader.Article{}, err
		}
	}
	found, err := r.Articles.Picks(ctx, []int{section})
	if err != nil {
		return nil, err
	}
	return loader.Articles.List(ctx, picksOf(section), found[section]), nil
}

// picksOf names the list of picks of a section, or of the front page.
func picksOf(section int) loader.Dependency {
	list := loader.Dependency{List: "picks"}
	if section != 0 {
		list.Entity, list.Key = id.Category, section
	}
	return list
}

// EditorsPicks is the field of the same name of Query.
func (r *queryResolver) EditorsPicks(ctx context.Context, categoryID *string) ([]*loader.Pick, error) {
	var section *int
	key := 0
	if categoryID != nil {
		var err error
		if key, err = decodeID("categoryId", id.Category, *categoryID); err != nil || key == 0 {
			return []*loader.Pick{}, err
		}
		section = &key
	}
	found, err := r.Newsroom.Picks(ctx, section)
	if err != nil {
		return nil, err
	}
	return loader.Picks.List(ctx, picksOf(key), found), nil
}

// SetPicks is the field of the same name of Mutation.
func (r *mutationResolver) SetPicks(ctx context.Context, input model.SetPicksInput) (*model.SetPicksPayload, error) {
	set, err := r.setPicks(ctx, input)
	wrong, err := mistakes(err)
	if err != nil {
		return nil, err
	}
	return &model.SetPicksPayload{Picks: loader.Picks.Rows(ctx, set), UserErrors: wrong}, nil
}

func (r *mutationResolver) setPicks(ctx context.Context, input model.SetPicksInput) ([]*ent.Pick, error) {
	if len(input.Picks) > newsroom.MaxPicks {
		return nil, fault.Mistake(fault.LimitReached, "picks", "A page has at most %d picks.", newsroom.MaxPicks)
	}
	var section *int
	if named := input.CategoryID.Value(); named != nil {
		key, err := keyOf("categoryId", id.Category, *named)
		if err != nil {
			return nil, err
		}
		section = &key
	}
	choices := make([]newsroom.Choice, len(input.Picks))
	for i, p := range input.Picks {
		key, err := keyOf(fmt.Sprintf("picks.%d.articleId", i), id.Article, p.ArticleID)
		if err != nil {
			return nil, err
		}
		choices[i] = newsroom.Choice{Article: key, ExpiresAt: p.ExpiresAt.Value()}
	}
	return r.Newsroom.SetPicks(ctx, section, choices)
}

// PinRelatedArticle is the field of the same name of Mutation.
func (r *mutationResolver) PinRelatedArticle(ctx context.Context, input model.PinRelatedArticleInput) (*model.ArticlePayload, error) {
	return r.changeArticle(ctx, input.IdempotencyKey, "pinRelatedArticle", func(ctx context.Context) (*ent.Article, error) {
		p := newsroom.Pin{Expected: number(input.ExpectedVersion), Position: number(input.Position), Note: orEmpty(input.Note.Value())}
		if err := decodePin(&p, input.ID, input.RelatedID); err != nil {
			return nil, err
		}
		return r.Newsroom.Pin(ctx, p)
	})
}

// UnpinRelatedArticle is the field of the same name of Mutation.
func (r *mutationResolver) UnpinRelatedArticle(ctx context.Context, input model.UnpinRelatedArticleInput) (*model.ArticlePayload, error) {
	return r.changeArticle(ctx, input.IdempotencyKey, "unpinRelatedArticle", func(ctx context.Context) (*ent.Article, error) {
		p := newsroom.Pin{Expected: number(input.ExpectedVersion), Note: orEmpty(input.Note.Value())}
		if err := decodePin(&p, input.ID, input.RelatedID); err != nil {
			return nil, err
		}
		return r.Newsroom.Unpin(ctx, p)
	})
}

func decodePin(p *newsroom.Pin, article, related string) (err error) {
	if p.Article, err = articleKey(article); err != nil {
		return err
	}
	p.Related, err = keyOf("relatedId", id.Article, related)
	return err
}

// CorrectArticle is the field of the same name of Mutation.
func (r *mutationResolver) CorrectArticle(ctx context.Context, input model.CorrectArticleInput) (*model.ArticlePayload, error) {
	return r.changeArticle(ctx, input.IdempotencyKey, "correctArticle", func(ctx context.Context) (*ent.Article, error) {
		key, err := articleKey(input.ID)
		if err != nil {
			return nil, err
		}
		patch, err := decodeContent("article", input.Article)
		if err != nil {
			return nil, err
		}
		return r.Newsroom.Correct(ctx, key, newsroom.Correction{Patch: *patch, Expected: number(input.ExpectedVersion), Note: input.Note})
	})
}

// Corrections is the field of the same name of Query.
func (r *queryResolver) Corrections(ctx context.Context, first *int32, after *string, last *int32, before *string) (*model.CorrectionConnection, error) {
	list := relay.List[*loader.Correction]{
		Name:   listName("corrections"),
		Key:    func(c *loader.Correction) keyset.Key { return content.CorrectionKey(c.Stored()) },
		Beyond: r.Articles.MoreCorrections,
		Count:  r.Articles.CountCorrections,
	}
	return relay.Page(ctx, relay.Args{First: first, After: after, Last: last, Before: before}, list, r.Articles.Corrections, func(found []*content.Correction) []*loader.Correction {
		return loader.Corrections.List(ctx, loader.Dependency{List: "corrections"}, found)
	})
}
