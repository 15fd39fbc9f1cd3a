package graph

import (
	"context"

	"github.com/broadsheet-cms/broadsheet/ent/article"
	entcomment "github.com/broadsheet-cms/broadsheet/ent/comment"
	"github.com/broadsheet-cms/broadsheet/ent/commentreaction"
	"github.com/broadsheet-cms/broadsheet/ent/commentreport"
	"github.com/broadsheet-cms/broadsheet/graph/loader"
	"github.com/broadsheet-cms/broadsheet/graph/model"
	"github.com/broadsheet-cms/broadsheet/graph/relay"
	"github.com/broadsheet-cms/broadsheet/internal/comment"
	"github.com/broadsheet-cms/broadsheet/internal/fault"
	"github.com/broadsheet-cms/broadsheet/internal/id"
	"github.com/broadsheet-cms/broadsheet/internal/keyset"
)

// commentList describes the threads of an article or the replies to a comment.
func (r *Resolver) commentList(of comment.List, owner int, order comment.Order, count func(context.Context, int) (int, error)) relay.List[*loader.Comment] {
	return relay.List[*loader.Comment]{
		Name: listName("comments", int(of), owner, int(order)),
		Key:  func(c *loader.Comment) keyset.Key { return order.Key(c.Stored()) },
		Beyond: func(ctx context.Context, k keyset.Key, behind bool) (bool, error) {
			return r.Comments.Beyond(ctx, order, of, owner, k, behind)
		},
		Count: count,
	}
}

var commentOrders = map[model.CommentOrder]comment.Order{model.CommentOrderNewest: comment.NewestFirst, model.CommentOrderOldest: comment.OldestFirst,
	model.CommentOrderMostReactions: comment.MostReactionsFirst}

// Comments is the field of the same name of Article.
func (r *articleResolver) Comments(ctx context.Context, a *loader.Article, first *int32, after *string, last *int32, before *string, orderBy *model.CommentOrder) (*relay.Connection[*loader.Comment], error) {
	order := comment.NewestFirst
	if orderBy != nil {
		order = commentOrders[*orderBy]
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

// Author names who says a comment, and nothing else about them. Who deleted
// their comment is not named.
func (r *commentResolver) Author(_ context.Context, c *loader.Comment) (*model.CommentAuthor, error) {
	switch {
	case c.RemovedBy == entcomment.RemovedByAuthor:
		return &model.CommentAuthor{IsGuest: c.UserID == nil}, nil
	case c.Edges.User != nil:
		return &model.CommentAuthor{Name: c.Edges.User.DisplayName}, nil
	}
	return &model.CommentAuthor{Name: c.GuestName, IsGuest: true}, nil
}

// Removal is the field of the same name of Comment.
func (r *commentResolver) Removal(_ context.Context, c *loader.Comment) (*model.CommentRemoval, error) {
	if c.RemovedAt == nil {
		return nil, nil
	}
	return &model.CommentRemoval{By: model.CommentRemover(c.RemovedBy), RemovedAt: *c.RemovedAt, Reason: shownOnce(c.RemovalReason)}, nil
}

// Reactions is the field of the same name of Comment.
func (r *commentResolver) Reactions(ctx context.Context, c *loader.Comment) ([]*model.ReactionCount, error) {
	found, err := c.ReactionCounts(ctx)
	if err != nil {
		return nil, err
	}
	counts := make([]*model.ReactionCount, len(found))
	for i, n := range found {
		counts[i] = &model.ReactionCount{Kind: n.Kind, Count: int32(n.Count)}
	}
	return counts, nil
}

// CommentPolicy is the field of the same name of Article.
func (r *articleResolver) CommentPolicy(ctx context.Context, a *loader.Article) (*model.CommentPolicy, error) {
	dir, err := loader.For(ctx).Dir(ctx)
	if err != nil {
		return nil, err
	}
	rules := comment.RulesOf(dir.Site.CommentSettings)
	policy := rules.PolicyOf(a.CommentPolicy, "", a.CommentsCloseAt, a.PublishedAt)
	return &model.CommentPolicy{Mode: policy.Mode, ClosesAt: policy.ClosesAt, GuestFieldsRequired: policy.Mode == article.CommentPolicyOpen,
		MaxLength: int32(rules.MaxLength), MaxDepth: int32(rules.MaxDepth), EditMinutes: int32(rules.EditFor.Minutes())}, nil
}

// shownComment is a comment as its author gets it back: only if readers see it. Without
// a key nothing was posted or changed.
func (r *Resolver) shownComment(ctx context.Context, key int) (*loader.Comment, model.CommentState, error) {
	if key == 0 {
		return nil, model.CommentStateRefused, nil
	}
	c, err := loader.Comments.ByID(ctx, key)
	if c == nil || err != nil {
		return nil, model.CommentStateWaiting, err
	}
	return c, model.CommentStateShown, nil
}

// AddComment is the field of the same name of Mutation.
func (r *mutationResolver) AddComment(ctx context.Context, in model.AddCommentInput) (*model.AddCommentPayload, error) {
	var token string
	key := 0
	post, err := decodePost(in)
	if err == nil {
		post, err = r.Comments.Ask(ctx, post)
	}
	if err == nil {
		key, err = kept(ctx, r.Repeats, creation{"addComment", in.IdempotencyKey}, func(ctx context.Context) (int, int, error) {
			posted, err := r.Comments.Add(ctx, post)
			if err != nil {
				return 0, 0, err
			}
			token = posted.GuestToken
			return posted.Comment.ID, posted.Comment.ID, nil
		}, func(ctx context.Context, key int) (_ int, err error) {
			token, err = r.Comments.GuestToken(ctx, key)
			return key, err
		})
	}
	wrong, err := mistakes(err)
	if err != nil {
		return nil, err
	}
	if len(wrong) > 0 { // of a transaction that was rolled back
		key, token = 0, ""
	}
	c, state, err := r.shownComment(ctx, key)
	return payload(&model.AddCommentPayload{Comment: c, CommentID: publicIDOf(id.Comment, key), State: state, GuestToken: shownOnce(token), UserErrors: wrong}, err)
}

// publicIDOf is the id of a key, nil for none.
func publicIDOf(prefix string, key int) *string {
	if key == 0 {
		return nil
	}
	return new(id.Encode(prefix, key))
}

func decodePost(in model.AddCommentInput) (p comment.Post, err error) {
	p = comment.Post{Body: in.Body, GuestName: text(in.GuestName), GuestEmail: text(in.GuestEmail)}
	p.Honeypot = text(in.Website)
	if s := in.SecondsOnPage.Value(); s != nil {
		p.OnPage = seconds(*s)
	}
	if p.ArticleID, err = keyOf("articleId", id.Article, in.ArticleID); err != nil {
		return p, err
	}
	if parent := in.ParentID.Value(); parent != nil {
		p.ParentID, err = keyOf("parentId", id.Comment, *parent)
	}
	return p, err
}

// GuestComment is the field of the same name of Query.
func (r *queryResolver) GuestComment(ctx context.Context, guestToken string) (*model.GuestComment, error) {
	found, err := r.Comments.ByGuestToken(ctx, guestToken)
	if found == nil || err != nil {
		return nil, err
	}
	a, err := loader.Articles.ByID(ctx, found.ArticleID)
	if err != nil {
		return nil, err
	}
	_, state, err := r.shownComment(ctx, found.ID)
	return &model.GuestComment{CommentID: id.Encode(id.Comment, found.ID), Body: found.Body, State: state, PostedAt: found.PostedAt, EditableUntil: found.EditableUntil, Article: a}, err
}

// EditComment is the field of the same name of Mutation.
func (r *mutationResolver) EditComment(ctx context.Context, in model.EditCommentInput) (*model.EditCommentPayload, error) {
	key, err := keyOf("id", id.Comment, in.ID)
	if err == nil {
		_, err = r.Comments.Edit(ctx, key, text(in.GuestToken), in.Body)
	}
	wrong, err := mistakes(err)
	if err != nil {
		return nil, err
	}
	if len(wrong) > 0 {
		key = 0
	}
	c, state, err := r.shownComment(ctx, key)
	return payload(&model.EditCommentPayload{Comment: c, State: state, UserErrors: wrong}, err)
}

// DeleteComment is the field of the same name of Mutation.
func (r *mutationResolver) DeleteComment(ctx context.Context, in model.OwnCommentInput) (*model.DeleteCommentPayload, error) {
	key, err := keyOf("id", id.Comment, in.ID)
	if err == nil {
		err = r.Comments.Delete(ctx, key, text(in.GuestToken))
	}
	wrong, err := mistakes(err)
	return payload(&model.DeleteCommentPayload{DeletedID: unless(wrong, in.ID), UserErrors: wrong}, err)
}

// unless is an id when nothing is wrong.
func unless(wrong []model.UserError, publicID string) *string {
	if len(wrong) > 0 {
		return nil
	}
	return &publicID
}

// ClaimComment is the field of the same name of Mutation.
func (r *mutationResolver) ClaimComment(ctx context.Context, in model.ClaimCommentInput) (*model.ClaimCommentPayload, error) {
	key, err := keyOf("id", id.Comment, in.ID)
	if err == nil {
		_, err = r.Comments.Claim(ctx, key, in.GuestToken)
	}
	wrong, err := mistakes(err)
	return payload(&model.ClaimCommentPayload{CommentID: unless(wrong, in.ID), UserErrors: wrong}, err)
}

// React is the field of the same name of Mutation.
func (r *mutationResolver) React(ctx context.Context, in model.ReactInput) (*model.ReactPayload, error) {
	key, err := keyOf("commentId", id.Comment, in.CommentID)
	if err == nil {
		kind := commentreaction.Kind("")
		if k := in.Kind.Value(); k != nil {
			kind = *k
		}
		err = r.Comments.React(ctx, key, kind)
	}
	wrong, err := mistakes(err)
	if err != nil || len(wrong) > 0 {
		return payload(&model.ReactPayload{UserErrors: wrong}, err)
	}
	c, err := loader.Comments.ByID(ctx, key)
	return payload(&model.ReactPayload{Comment: c, UserErrors: wrong}, err)
}

// ReportComment is the field of the same name of Mutation.
func (r *mutationResolver) ReportComment(ctx context.Context, in model.ReportCommentInput) (*model.ReportCommentPayload, error) {
	key, err := keyOf("commentId", id.Comment, in.CommentID)
	if err == nil {
		report := comment.Report{CommentID: key, Reason: commentreport.Reason(in.Reason), Explanation: text(in.Explanation), Law: text(in.Law),
			Name: text(in.Name), Email: text(in.Email)}
		if good := in.GoodFaith.Value(); good != nil {
			report.GoodFaith = *good
		}
		err = r.Comments.Report(ctx, report)
	}
	wrong, err := mistakes(err)
	return payload(&model.ReportCommentPayload{Reported: err == nil && len(wrong) == 0, UserErrors: wrong}, err)
}

// ViewerReactions is the field of the same name of Query.
func (r *queryResolver) ViewerReactions(ctx context.Context, commentIDs []string) ([]*model.CommentReactionState, error) {
	if len(commentIDs) > maxNodes {
		return nil, fault.BadInput("commentIds", "at most %d comments can be asked for at once", maxNodes)
	}
	keys := make([]int, len(commentIDs))
	for i, publicID := range commentIDs {
		var err error
		if keys[i], err = decodeID("commentIds", id.Comment, publicID); err != nil {
			return nil, err
		}
	}
	own, err := r.Comments.OwnReactions(ctx, keys)
	if err != nil {
		return nil, err
	}
	states := []*model.CommentReactionState{}
	for i, key := range keys {
		if kind, ok := own[key]; ok {
			states = append(states, &model.CommentReactionState{CommentID: commentIDs[i], Kind: kind})
		}
	}
	return states, nil
}
