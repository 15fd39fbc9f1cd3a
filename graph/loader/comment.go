package loader

import (
	"context"

	"github.com/broadsheet-cms/broadsheet/ent"
	"github.com/broadsheet-cms/broadsheet/graph/relay"
	"github.com/broadsheet-cms/broadsheet/internal/comment"
	"github.com/broadsheet-cms/broadsheet/internal/id"
	"github.com/broadsheet-cms/broadsheet/internal/keyset"
)

type commentRow = ent.Comment

// Comment is a comment in a response.
type Comment struct {
	*commentRow
	place[ent.Comment]
}

// Comments are the door for comments.
var Comments = &Kind[ent.Comment, Comment]{id.Comment, func(c *ent.Comment) int { return c.ID },
	func(c *ent.Comment, p place[ent.Comment]) Comment { return Comment{c, p} }, commentsByIDs}

// Stored is the row as services know it.
func (c *Comment) Stored() *ent.Comment { return c.commentRow }

var (
	commentArticle = reference(Articles, func(c *ent.Comment) *int { return &c.ArticleID })
	commentParent  = reference(Comments, func(c *ent.Comment) *int { return c.ParentID })
	commentReplies = &field[ent.Comment, window, relay.Rows[*Comment]]{func(ctx context.Context, c *cohort[ent.Comment], args window) ([]relay.Rows[*Comment], error) {
		w := args.keyset()
		found, err := c.response.Comments.Replies(ctx, c.keys, relay.Probe(w))
		return pages(c, Comments, "replies", "", Comments, w, found, err)
	}}
	commentReplyCount = &field[ent.Comment, int, int]{func(ctx context.Context, c *cohort[ent.Comment], limit int) ([]int, error) {
		found, err := c.response.Comments.Counts(ctx, comment.OfComment, c.keys, limit)
		return align(c.keys, found), err
	}}
)

func commentsByIDs(ctx context.Context, r *Response, keys []int) (map[int]*ent.Comment, error) {
	return r.Comments.ByIDs(ctx, keys)
}

// Article is the field of the same name.
func (c *Comment) Article(ctx context.Context) (*Article, error) {
	return get(ctx, c.place, commentArticle, none{})
}

// Parent is the field of the same name.
func (c *Comment) Parent(ctx context.Context) (*Comment, error) {
	return get(ctx, c.place, commentParent, none{})
}

// ReplyPage is a page of the direct replies.
func (c *Comment) ReplyPage(ctx context.Context, w keyset.Window) (relay.Rows[*Comment], error) {
	return get(ctx, c.place, commentReplies, windowOf(w))
}

// CountReplies counts the direct replies up to a limit.
func (c *Comment) CountReplies(ctx context.Context, limit int) (int, error) {
	return get(ctx, c.place, commentReplyCount, limit)
}
