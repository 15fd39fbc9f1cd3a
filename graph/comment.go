package graph

import (
	"context"

	"github.com/broadsheet-cms/broadsheet/graph/loader"
	"github.com/broadsheet-cms/broadsheet/graph/model"
	"github.com/broadsheet-cms/broadsheet/graph/relay"
	"github.com/broadsheet-cms/broadsheet/internal/comment"
	"github.com/broadsheet-cms/broadsheet/internal/keyset"
)

// commentList describes the threads of an article or the replies to a comment.
func (r *Resolver) commentList(of comment.List, owner int, order comment.Order, count func(context.Context, int) (int, error)) relay.List[*loader.Comment] {
	return relay.List[*loader.Comment]{
		Name: listName("comments", int(of), owner, int(order)),
		Key:  func(c *loader.Comment) keyset.Key { return comment.Key(c.Stored()) },
		Beyond: func(ctx context.Context, k keyset.Key, behind bool) (bool, error) {
			if behind == (order == comment.NewestFirst) {
				return r.Comments.HasOlder(ctx, of, owner, k)
			}
			return r.Comments.HasNewer(ctx, of, owner, k)
		},
		Count: count,
	}
}

// Comments is the field of the same name of Article.
func (r *articleResolver) Comments(ctx context.Context, a *loader.Article, first *int32, after *string, last *int32, before *string, orderBy *model.CommentOrder) (*relay.Connection[*loader.Comment], error) {
	order := comment.NewestFirst
	if orderBy != nil && *orderBy == model.CommentOrderOldest {
		order = comment.OldestFirst
	}
	list := r.commentList(comment.OfArticle, a.ID, order, a.CountThreads)
	window, err := relay.Args{First: first, After: after, Last: last, Before: before}.Window(list.Name)
	if err != nil {
		return nil, err
	}
	page, err := a.Threads(ctx, order, window)
	if err != nil {
		return nil, err
	}
	return relay.NewConnection(list, window, page), nil
}

func (r *commentResolver) Replies(ctx context.Context, c *loader.Comment, first *int32, after *string, last *int32, before *string) (*relay.Connection[*loader.Comment], error) {
	list := r.commentList(comment.OfComment, c.ID, comment.OldestFirst, c.CountReplies)
	window, err := relay.Args{First: first, After: after, Last: last, Before: before}.Window(list.Name)
	if err != nil {
		return nil, err
	}
	page, err := c.ReplyPage(ctx, window)
	if err != nil {
		return nil, err
	}
	return relay.NewConnection(list, window, page), nil
}

// Author names who says a comment, and nothing else about them.
func (r *commentResolver) Author(_ context.Context, c *loader.Comment) (*model.CommentAuthor, error) {
	if c.Edges.User != nil {
		return &model.CommentAuthor{Name: c.Edges.User.DisplayName}, nil
	}
	return &model.CommentAuthor{Name: c.GuestName, IsGuest: true}, nil
}
