package graph

import (
	"context"

	"github.com/broadsheet-cms/broadsheet/graph/model"
	"github.com/broadsheet-cms/broadsheet/internal/fault"
	"github.com/broadsheet-cms/broadsheet/internal/id"
)

// ViewerState is the field of the same name of Query.
func (r *queryResolver) ViewerState(ctx context.Context, articleIDs []string, deviceToken *string) ([]*model.ArticleViewerState, error) {
	if len(articleIDs) > maxNodes {
		return nil, fault.BadInput("articleIds", "at most %d articles can be asked for at once", maxNodes)
	}
	keys := make([]int, 0, len(articleIDs))
	for _, publicID := range articleIDs {
		key, err := decodeID("articleIds", id.Article, publicID)
		if err != nil {
			return nil, err
		}
		keys = append(keys, key)
	}
	there, err := r.Articles.Visible(ctx, keys)
	if err != nil {
		return nil, err
	}
	shelf, err := r.Bookmarks.Of(ctx, orEmpty(deviceToken))
	if err != nil {
		return nil, err
	}
	saved, err := r.Bookmarks.Has(ctx, shelf, keys)
	if err != nil {
		return nil, err
	}
	read, err := r.Interests.HasRead(ctx, keys)
	if err != nil {
		return nil, err
	}
	followed, err := r.Interests.Followed(ctx, keys)
	if err != nil {
		return nil, err
	}
	reactions, err := r.Comments.ReactionsOn(ctx, keys)
	if err != nil {
		return nil, err
	}
	states := []*model.ArticleViewerState{}
	for i, key := range keys {
		if !there[key] {
			continue
		}
		state := &model.ArticleViewerState{ArticleID: articleIDs[i], IsBookmarked: saved[key], IsRead: read[key], FollowedIds: []string{}, Reactions: []*model.CommentReactionState{}}
		for _, t := range followed[key] {
			state.FollowedIds = append(state.FollowedIds, id.Encode(t.Prefix, t.Key))
		}
		for _, own := range reactions[key] {
			state.Reactions = append(state.Reactions, &model.CommentReactionState{CommentID: id.Encode(id.Comment, own.CommentID), Kind: own.Kind})
		}
		states = append(states, state)
	}
	return states, nil
}
