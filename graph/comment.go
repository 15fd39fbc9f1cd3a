package graph

import (
	"context"

	"github.com/broadsheet-cms/broadsheet/ent"
	"github.com/broadsheet-cms/broadsheet/graph/loader"
	"github.com/broadsheet-cms/broadsheet/graph/model"
	"github.com/broadsheet-cms/broadsheet/graph/relay"
	"github.com/broadsheet-cms/broadsheet/internal/comment"
	"github.com/broadsheet-cms/broadsheet/internal/keyset"
)

// commentList describes the threads of an article or the replies to a comment.
func (r *Resolver) commentList(of comment.List, owner int, order comment.Order) relay.List[*ent.Comment] {
	return relay.List[*ent.Comment]{
		Name: listName("comments", int(of), owner, int(order)),
		Key:  comment.Key,
		Beyond: func(ctx context.Context, k keyset.Key, behind bool) (bool, error) {
			if behind == (order == comment.NewestFirst) {
				return r.Comments.HasOlder(ctx, of, owner, k)
			}
			return r.Comments.HasNewer(ctx, of, owner, k)
		},
		Count: func(ctx context.Context, limit int) (int, error) { return r.Comments.Count(ctx, of, owner, limit) },
	}
}

// threads answers the comments of an article together with those of its
// cohort.
func (r *Resolver) threads(ctx context.Context, a *ent.Article, args relay.Args, orderBy *model.CommentOrder) (*relay.Connection[*ent.Comment], error) {
	order := comment.NewestFirst
	if orderBy != nil && *orderBy == model.CommentOrderOldest {
		order = comment.OldestFirst
	}
	list := r.commentList(comment.OfArticle, a.ID, order)
	window, err := args.Window(list.Name)
	if err != nil {
		return nil, err
	}
	loaders, err := loader.For(ctx)
	if err != nil {
		return nil, err
	}
	rows, err := loaders.Threads.With(loader.Threads{Order: order, Window: loader.WindowOf(relay.Probe(window))}).Load(ctx, a)
	if err != nil {
		return nil, err
	}
	return relay.NewConnection(list, window, rows), nil
}

func (r *commentResolver) Replies(ctx context.Context, c *ent.Comment, first *int32, after *string, last *int32, before *string) (*relay.Connection[*ent.Comment], error) {
	list := r.commentList(comment.OfComment, c.ID, comment.OldestFirst)
	window, err := relay.Args{First: first, After: after, Last: last, Before: before}.Window(list.Name)
	if err != nil {
		return nil, err
	}
	loaders, err := loader.For(ctx)
	if err != nil {
		return nil, err
	}
	rows, err := loaders.Replies.With(loader.WindowOf(relay.Probe(window))).Load(ctx, c)
	if err != nil {
		return nil, err
	}
	return relay.NewConnection(list, window, rows), nil
}

// Author names who says a comment, and nothing else about them.
func (r *commentResolver) Author(_ context.Context, c *ent.Comment) (*model.CommentAuthor, error) {
	if c.Edges.User != nil {
		return &model.CommentAuthor{Name: c.Edges.User.DisplayName}, nil
	}
	return &model.CommentAuthor{Name: c.GuestName, IsGuest: true}, nil
}

func (r *commentResolver) Article(ctx context.Context, c *ent.Comment) (*ent.Article, error) {
	loaders, err := loader.For(ctx)
	if err != nil {
		return nil, err
	}
	return loaders.CommentArticle.Load(ctx, c)
}

func (r *commentResolver) Parent(ctx context.Context, c *ent.Comment) (*ent.Comment, error) {
	if c.ParentID == nil {
		return nil, nil
	}
	loaders, err := loader.For(ctx)
	if err != nil {
		return nil, err
	}
	return loaders.CommentParent.Load(ctx, c)
}
