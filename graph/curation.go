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
	"github.com/broadsheet-cms/broadsheet/internal/newsroom"
)

// Picks is the field of the same name of Query.
func (r *queryResolver) Picks(ctx context.Context, categoryID *string) ([]*ent.Article, error) {
	section := 0
	if categoryID != nil {
		var err error
		if section, err = decodeID("categoryId", id.Category, *categoryID); err != nil || section == 0 {
			return []*ent.Article{}, err
		}
	}
	found, err := r.Articles.Picks(ctx, []int{section})
	if err != nil {
		return nil, err
	}
	loaders, err := loader.For(ctx)
	if err != nil {
		return nil, err
	}
	loaders.Articles.Add(found[section])
	return orEmptyList(found[section]), nil
}

// Picks is the field of the same name of Category.
func (r *categoryResolver) Picks(ctx context.Context, c *ent.Category) ([]*ent.Article, error) {
	loaders, err := loader.For(ctx)
	if err != nil {
		return nil, err
	}
	found, err := loaders.Picks.Load(ctx, c)
	return orEmptyList(found), err
}

// EditorsPicks is the field of the same name of Query.
func (r *queryResolver) EditorsPicks(ctx context.Context, categoryID *string) ([]*ent.Pick, error) {
	var section *int
	if categoryID != nil {
		key, err := decodeID("categoryId", id.Category, *categoryID)
		if err != nil || key == 0 {
			return []*ent.Pick{}, err
		}
		section = &key
	}
	found, err := r.Newsroom.Picks(ctx, section)
	if err != nil {
		return nil, err
	}
	return found, addPicks(ctx, found)
}

func addPicks(ctx context.Context, picks []*ent.Pick) error {
	loaders, err := loader.For(ctx)
	if err != nil {
		return err
	}
	loaders.AddPicks(picks)
	return nil
}

func (r *editorsPickResolver) Article(ctx context.Context, p *ent.Pick) (*ent.Article, error) {
	loaders, err := loader.For(ctx)
	if err != nil {
		return nil, err
	}
	return loaders.PickArticle.Load(ctx, p)
}

// SetPicks is the field of the same name of Mutation.
func (r *mutationResolver) SetPicks(ctx context.Context, input model.SetPicksInput) (*model.SetPicksPayload, error) {
	set, err := r.setPicks(ctx, input)
	wrong, err := mistakes(err)
	if err != nil {
		return nil, err
	}
	return &model.SetPicksPayload{Picks: orEmptyList(set), UserErrors: wrong}, addPicks(ctx, set)
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

// Corrections is the field of the same name of Article.
func (r *articleResolver) Corrections(ctx context.Context, a *ent.Article) ([]*content.Correction, error) {
	if a.CorrectedAt == nil {
		return []*content.Correction{}, nil
	}
	loaders, err := loader.For(ctx)
	if err != nil {
		return nil, err
	}
	found, err := loaders.Corrections.Load(ctx, a)
	return orEmptyList(found), err
}

// Corrections is the field of the same name of Query.
func (r *queryResolver) Corrections(ctx context.Context, first *int32, after *string, last *int32, before *string) (*model.CorrectionConnection, error) {
	list := relay.List[*content.Correction]{
		Name:   listName("corrections"),
		Key:    content.CorrectionKey,
		Beyond: r.Articles.MoreCorrections,
		Count:  r.Articles.CountCorrections,
	}
	page, err := relay.Page(ctx, relay.Args{First: first, After: after, Last: last, Before: before}, list, r.Articles.Corrections)
	if err != nil {
		return nil, err
	}
	loaders, err := loader.For(ctx)
	if err != nil {
		return nil, err
	}
	loaders.AddCorrections(page.Nodes())
	return page, nil
}
