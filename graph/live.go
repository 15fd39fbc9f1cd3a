package graph

import (
	"context"

	"github.com/broadsheet-cms/broadsheet/ent"
	"github.com/broadsheet-cms/broadsheet/graph/loader"
	"github.com/broadsheet-cms/broadsheet/graph/model"
	"github.com/broadsheet-cms/broadsheet/internal/id"
	"github.com/broadsheet-cms/broadsheet/internal/newsroom"
)

func decodeEntry(in *model.LiveEntryInput) (newsroom.EntryPatch, error) {
	p := newsroom.EntryPatch{Title: in.Title.Value(), PublishedAt: in.PublishedAt.Value(), Key: in.IsKeyEvent.Value(), Pinned: in.IsPinned.Value()}
	if body := in.Body.Value(); body != nil {
		blocks, err := decodeBody("entry.body", body)
		if err != nil {
			return p, err
		}
		p.Body = &blocks
	}
	return p, nil
}

func entryPayload(ctx context.Context, a *ent.Article, entry *ent.LiveEntry, err error) (*model.LiveEntryPayload, error) {
	changed, err := articlePayload(ctx, a, err)
	if err != nil {
		return nil, err
	}
	if changed.Article == nil {
		entry = nil
	}
	return &model.LiveEntryPayload{Article: changed.Article, Entry: loader.LiveEntries.One(ctx, entry), UserErrors: changed.UserErrors}, nil
}

// AddLiveEntry is the field of the same name of Mutation.
func (r *mutationResolver) AddLiveEntry(ctx context.Context, input model.AddLiveEntryInput) (*model.LiveEntryPayload, error) {
	var a *ent.Article
	entry, err := kept(ctx, r.Repeats, creation{"addLiveEntry", input.IdempotencyKey}, func(ctx context.Context) (entry *ent.LiveEntry, key int, err error) {
		article, err := keyOf("articleId", id.Article, input.ArticleID)
		if err != nil {
			return nil, 0, err
		}
		patch, err := decodeEntry(input.Entry)
		if err != nil {
			return nil, 0, err
		}
		if a, entry, err = r.Newsroom.AddEntry(ctx, article, patch); err != nil {
			return nil, 0, err
		}
		return entry, entry.ID, nil
	}, func(ctx context.Context, key int) (entry *ent.LiveEntry, err error) {
		found, err := r.Articles.LiveEntriesByIDs(ctx, []int{key})
		if entry = found[key]; entry != nil {
			a, err = r.Newsroom.Article(ctx, entry.ArticleID)
		}
		return entry, err
	})
	return entryPayload(ctx, a, entry, err)
}

// UpdateLiveEntry is the field of the same name of Mutation.
func (r *mutationResolver) UpdateLiveEntry(ctx context.Context, input model.UpdateLiveEntryInput) (*model.LiveEntryPayload, error) {
	key, err := keyOf("id", id.LiveEntry, input.ID)
	if err != nil {
		return entryPayload(ctx, nil, nil, err)
	}
	patch, err := decodeEntry(input.Entry)
	if err != nil {
		return entryPayload(ctx, nil, nil, err)
	}
	a, entry, err := r.Newsroom.UpdateEntry(ctx, key, patch)
	return entryPayload(ctx, a, entry, err)
}

// RemoveLiveEntry is the field of the same name of Mutation.
func (r *mutationResolver) RemoveLiveEntry(ctx context.Context, input model.RemoveLiveEntryInput) (*model.LiveEntryPayload, error) {
	key, err := keyOf("id", id.LiveEntry, input.ID)
	if err != nil {
		return entryPayload(ctx, nil, nil, err)
	}
	a, err := r.Newsroom.RemoveEntry(ctx, key)
	return entryPayload(ctx, a, nil, err)
}
