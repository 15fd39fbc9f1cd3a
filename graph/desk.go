package graph

import (
	"context"

	"github.com/broadsheet-cms/broadsheet/ent"
	"github.com/broadsheet-cms/broadsheet/graph/loader"
	"github.com/broadsheet-cms/broadsheet/graph/model"
	"github.com/broadsheet-cms/broadsheet/internal/fault"
	"github.com/broadsheet-cms/broadsheet/internal/id"
	"github.com/broadsheet-cms/broadsheet/internal/newsroom"
)

// keyOf gives the key of a thing named in an input.
func keyOf(field, prefix, publicID string) (int, error) {
	key, err := decodeID(field, prefix, publicID)
	if err == nil && key == 0 {
		err = fault.Mistake(fault.Missing, field, "There is no such thing.")
	}
	return key, err
}

// LockArticle is the field of the same name of Mutation.
func (r *mutationResolver) LockArticle(ctx context.Context, input model.LockArticleInput) (*model.ArticleLockPayload, error) {
	key, err := articleKey(input.ID)
	var lock *ent.ArticleLock
	if err == nil {
		takeOver := input.TakeOver.Value()
		lock, err = r.Newsroom.Lock(ctx, key, takeOver != nil && *takeOver)
	}
	wrong, err := mistakes(err)
	if err != nil {
		return nil, err
	}
	return &model.ArticleLockPayload{Lock: loader.Locks.One(ctx, lock), UserErrors: wrong}, nil
}

// UnlockArticle is the field of the same name of Mutation.
func (r *mutationResolver) UnlockArticle(ctx context.Context, input model.UnlockArticleInput) (*model.ArticleLockPayload, error) {
	key, err := articleKey(input.ID)
	if err == nil {
		err = r.Newsroom.Unlock(ctx, key)
	}
	wrong, err := mistakes(err)
	if err != nil {
		return nil, err
	}
	return &model.ArticleLockPayload{UserErrors: wrong}, nil
}

// AutosaveArticle is the field of the same name of Mutation.
func (r *mutationResolver) AutosaveArticle(ctx context.Context, input model.AutosaveArticleInput) (*model.AutosavePayload, error) {
	var kept *newsroom.Autosave
	key, err := articleKey(input.ID)
	if err == nil {
		var patch *newsroom.Patch
		if patch, err = decodeContent("article", input.Article); err == nil {
			kept, err = r.Newsroom.Autosave(ctx, key, int(input.BaseVersion), *patch)
		}
	}
	wrong, err := mistakes(err)
	if err != nil {
		return nil, err
	}
	return &model.AutosavePayload{Autosave: loader.Autosaves.One(ctx, kept), UserErrors: wrong}, nil
}

// DiscardAutosave is the field of the same name of Mutation.
func (r *mutationResolver) DiscardAutosave(ctx context.Context, input model.DiscardAutosaveInput) (*model.AutosavePayload, error) {
	key, err := articleKey(input.ID)
	if err == nil {
		err = r.Newsroom.DiscardAutosave(ctx, key)
	}
	wrong, err := mistakes(err)
	if err != nil {
		return nil, err
	}
	return &model.AutosavePayload{UserErrors: wrong}, nil
}

// AddArticleNote is the field of the same name of Mutation.
func (r *mutationResolver) AddArticleNote(ctx context.Context, input model.AddArticleNoteInput) (*model.ArticleNotePayload, error) {
	note, err := kept(ctx, r.Repeats, creation{"addArticleNote", input.IdempotencyKey}, func(ctx context.Context) (*ent.ArticleNote, int, error) {
		article, err := articleKey(input.ID)
		if err != nil {
			return nil, 0, err
		}
		note, err := r.Newsroom.AddNote(ctx, article, input.Text)
		if err != nil {
			return nil, 0, err
		}
		return note, note.ID, nil
	}, func(ctx context.Context, key int) (*ent.ArticleNote, error) {
		found, err := r.Newsroom.NotesByIDs(ctx, []int{key})
		return found[key], err
	})
	return notePayload(ctx, note, err)
}

func notePayload(ctx context.Context, note *ent.ArticleNote, err error) (*model.ArticleNotePayload, error) {
	wrong, err := mistakes(err)
	if err != nil {
		return nil, err
	}
	if len(wrong) > 0 {
		note = nil
	}
	return &model.ArticleNotePayload{Note: loader.Notes.One(ctx, note), UserErrors: wrong}, nil
}

// ResolveArticleNote is the field of the same name of Mutation.
func (r *mutationResolver) ResolveArticleNote(ctx context.Context, input model.ResolveArticleNoteInput) (*model.ArticleNotePayload, error) {
	key, err := keyOf("id", id.ArticleNote, input.ID)
	if err != nil {
		return notePayload(ctx, nil, err)
	}
	note, err := r.Newsroom.ResolveNote(ctx, key)
	return notePayload(ctx, note, err)
}

// AssignArticle is the field of the same name of Mutation.
func (r *mutationResolver) AssignArticle(ctx context.Context, input model.AssignArticleInput) (*model.ArticlePayload, error) {
	key, err := articleKey(input.ID)
	if err != nil {
		return articlePayload(ctx, nil, err)
	}
	var to *int
	if named := input.AssigneeID.Value(); named != nil {
		who, err := keyOf("assigneeId", id.User, *named)
		if err != nil {
			return articlePayload(ctx, nil, err)
		}
		to = &who
	}
	changed, err := r.Newsroom.Assign(ctx, key, to)
	return articlePayload(ctx, changed, err)
}

// CreatePreviewToken is the field of the same name of Mutation. What a repeat is
// answered with is kept, so it is not the token.
func (r *mutationResolver) CreatePreviewToken(ctx context.Context, input model.CreatePreviewTokenInput) (*model.PreviewTokenPayload, error) {
	var token string // a repeat has none
	preview, err := kept(ctx, r.Repeats, creation{"createPreviewToken", input.IdempotencyKey}, func(ctx context.Context) (*ent.PreviewToken, int, error) {
		article, err := keyOf("articleId", id.Article, input.ArticleID)
		if err != nil {
			return nil, 0, err
		}
		made, preview, err := r.Newsroom.CreatePreview(ctx, article, input.ExpiresAt.Value(), orEmpty(input.Label.Value()))
		if err != nil {
			return nil, 0, err
		}
		token = made
		return preview, preview.ID, nil
	}, func(ctx context.Context, key int) (*ent.PreviewToken, error) {
		found, err := r.Newsroom.PreviewsByIDs(ctx, []int{key})
		return found[key], err
	})
	return previewPayload(ctx, token, preview, err)
}

func previewPayload(ctx context.Context, token string, kept *ent.PreviewToken, err error) (*model.PreviewTokenPayload, error) {
	wrong, err := mistakes(err)
	if err != nil {
		return nil, err
	}
	payload := &model.PreviewTokenPayload{UserErrors: wrong}
	if len(wrong) > 0 {
		return payload, nil
	}
	payload.PreviewToken = loader.PreviewTokens.One(ctx, kept)
	if token != "" {
		payload.Token = &token
	}
	return payload, nil
}

// RevokePreviewToken is the field of the same name of Mutation.
func (r *mutationResolver) RevokePreviewToken(ctx context.Context, input model.RevokePreviewTokenInput) (*model.PreviewTokenPayload, error) {
	key, err := keyOf("id", id.PreviewToken, input.ID)
	if err != nil {
		return previewPayload(ctx, "", nil, err)
	}
	kept, err := r.Newsroom.RevokePreview(ctx, key)
	return previewPayload(ctx, "", kept, err)
}
