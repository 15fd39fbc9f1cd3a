package loader

import (
	"context"

	"github.com/broadsheet-cms/broadsheet/ent"
	"github.com/broadsheet-cms/broadsheet/internal/bookmark"
	"github.com/broadsheet-cms/broadsheet/internal/comment"
	"github.com/broadsheet-cms/broadsheet/internal/id"
	"github.com/broadsheet-cms/broadsheet/internal/interest"
)

type (
	bookmarkRow     = bookmark.Bookmark
	followRow       = interest.Follow
	readRow         = interest.Read
	notificationRow = interest.Notification
	moderatedRow    = comment.Item
	restrictionRow  = ent.ReaderRestriction
)

// Bookmark is a bookmark in a response.
type Bookmark struct {
	*bookmarkRow
	place[bookmark.Bookmark]
}

// Bookmarks are the door for bookmarks. They are read by their list only.
var Bookmarks = &Kind[bookmark.Bookmark, Bookmark]{id.Bookmark, func(b *bookmark.Bookmark) int { return b.ID },
	func(b *bookmark.Bookmark, p place[bookmark.Bookmark]) Bookmark { return Bookmark{b, p} }, nil}

// Stored is the row as services know it.
func (b *Bookmark) Stored() *bookmark.Bookmark { return b.bookmarkRow }

// PublicID is the bookmark's id in the API.
func (b *Bookmark) PublicID() string { return b.bookmarkRow.PublicID() }

var bookmarkArticle = reference(Articles, func(b *bookmark.Bookmark) *int { return &b.ArticleID })

// Article is the field of the same name.
func (b *Bookmark) Article(ctx context.Context) (*Article, error) {
	return get(ctx, b.place, bookmarkArticle, none{})
}

var articleIsBookmarked = value[ent.Article](func(ctx context.Context, r *Response, keys []int) (map[int]bool, error) {
	shelf, err := r.Bookmarks.Of(ctx, "")
	if err != nil {
		return nil, err
	}
	return r.Bookmarks.Has(ctx, shelf, keys)
})

// ViewerHasBookmarked is the field of the same name.
func (a *Article) ViewerHasBookmarked(ctx context.Context) (bool, error) {
	return get(ctx, a.place, articleIsBookmarked, none{})
}

var articleViews = value[ent.Article](func(ctx context.Context, r *Response, keys []int) (map[int]int, error) {
	return r.Popularity.Totals(ctx, keys)
})

// ViewCount is the field of the same name.
func (a *Article) ViewCount(ctx context.Context) (int, error) {
	return get(ctx, a.place, articleViews, none{})
}

var articlePinned = listed(Articles, "pinnedComments", Comments, func(ctx context.Context, c *cohort[ent.Article]) (map[int][]*ent.Comment, error) {
	return c.response.Comments.Pinned(ctx, c.keys)
})

// PinnedComments is the field of the same name.
func (a *Article) PinnedComments(ctx context.Context) ([]*Comment, error) {
	return get(ctx, a.place, articlePinned, none{})
}

var commentReactions = value[ent.Comment](func(ctx context.Context, r *Response, keys []int) (map[int][]comment.ReactionCount, error) {
	return r.Comments.Reactions(ctx, keys)
})

// ReactionCounts are the reactions by kind.
func (c *Comment) ReactionCounts(ctx context.Context) ([]comment.ReactionCount, error) {
	if c.ReactionCount == 0 {
		return nil, nil
	}
	return get(ctx, c.place, commentReactions, none{})
}

// BodyHTML is the field of the same name.
func (c *Comment) BodyHTML() string { return comment.HTML(c.Body) }

// IsPinned is the field of the same name.
func (c *Comment) IsPinned() bool { return c.PinnedAt != nil }

// IsThreadClosed is the field of the same name.
func (c *Comment) IsThreadClosed() bool { return c.ClosedAt != nil }

// FollowedTopic is a topic that the viewer follows, in a response.
type FollowedTopic struct {
	*followRow
	place[interest.Follow]
}

// FollowedTopics are the door for followed topics.
var FollowedTopics = &Kind[interest.Follow, FollowedTopic]{"", func(f *interest.Follow) int { return f.ID },
	func(f *interest.Follow, p place[interest.Follow]) FollowedTopic { return FollowedTopic{f, p} }, nil}

// Stored is the row as services know it.
func (f *FollowedTopic) Stored() *interest.Follow { return f.followRow }

var followedNode = &field[interest.Follow, none, Node]{func(ctx context.Context, c *cohort[interest.Follow], _ none) ([]Node, error) {
	refs := make([]Ref, len(c.rows))
	for i, f := range c.rows {
		refs[i] = Ref{f.Topic.Prefix, f.Topic.Key}
	}
	return c.response.nodes(ctx, refs)
}}

// Node is the topic, nil when it was deleted.
func (f *FollowedTopic) Node(ctx context.Context) (Node, error) {
	return get(ctx, f.place, followedNode, none{})
}

// ReadArticle is an article of the reading history, in a response.
type ReadArticle struct {
	*readRow
	place[interest.Read]
}

// ReadArticles are the door for the reading history.
var ReadArticles = &Kind[interest.Read, ReadArticle]{"", func(r *interest.Read) int { return r.ID },
	func(r *interest.Read, p place[interest.Read]) ReadArticle { return ReadArticle{r, p} }, nil}

// Stored is the row as services know it.
func (r *ReadArticle) Stored() *interest.Read { return r.readRow }

var readArticle = reference(Articles, func(r *interest.Read) *int { return &r.ArticleID })

// Article is the field of the same name.
func (r *ReadArticle) Article(ctx context.Context) (*Article, error) {
	return get(ctx, r.place, readArticle, none{})
}

// Notification is a notification in a response.
type Notification struct {
	*notificationRow
	place[interest.Notification]
}

// Notifications are the door for notifications. They are read by their list only.
var Notifications = &Kind[interest.Notification, Notification]{id.Notification, func(n *interest.Notification) int { return n.ID },
	func(n *interest.Notification, p place[interest.Notification]) Notification { return Notification{n, p} }, nil}

// Stored is the row as services know it.
func (n *Notification) Stored() *interest.Notification { return n.notificationRow }

// PublicID is the notification's id in the API.
func (n *Notification) PublicID() string { return n.notificationRow.PublicID() }

var (
	notificationArticle = reference(Articles, func(n *interest.Notification) *int { return n.ArticleID })
	notificationComment = reference(Comments, func(n *interest.Notification) *int { return n.CommentID })
	notificationMedia   = reference(MediaItems, func(n *interest.Notification) *int { return n.MediaID })
)

// Article is the field of the same name.
func (n *Notification) Article(ctx context.Context) (*Article, error) {
	return get(ctx, n.place, notificationArticle, none{})
}

// Comment is the field of the same name.
func (n *Notification) Comment(ctx context.Context) (*Comment, error) {
	return get(ctx, n.place, notificationComment, none{})
}

// Media is the field of the same name.
func (n *Notification) Media(ctx context.Context) (*Media, error) {
	return get(ctx, n.place, notificationMedia, none{})
}

// ModeratedComment is a comment as moderators see it, in a response.
type ModeratedComment struct {
	*moderatedRow
	place[comment.Item]
}

// ModeratedComments are the door for comments as moderators see them.
var ModeratedComments = &Kind[comment.Item, ModeratedComment]{"", func(it *comment.Item) int { return it.ID },
	func(it *comment.Item, p place[comment.Item]) ModeratedComment { return ModeratedComment{it, p} }, nil}

// Stored is the row as services know it.
func (m *ModeratedComment) Stored() *comment.Item { return m.moderatedRow }

var (
	moderatedArticle = reference(Articles, func(it *comment.Item) *int { return &it.ArticleID })
	moderatedReports = value[comment.Item](func(ctx context.Context, r *Response, keys []int) (map[int][]*ent.CommentReport, error) {
		return r.Moderator.Reports(ctx, keys)
	})
	moderatedEarlier = value[comment.Item](func(ctx context.Context, r *Response, keys []int) (map[int][]comment.EarlierText, error) {
		return r.Moderator.EarlierTexts(ctx, keys)
	})
)

// CommentID is the field of the same name.
func (m *ModeratedComment) CommentID() string { return m.PublicID() }

// Article is the field of the same name.
func (m *ModeratedComment) Article(ctx context.Context) (*Article, error) {
	return get(ctx, m.place, moderatedArticle, none{})
}

// AuthorName is the field of the same name.
func (m *ModeratedComment) AuthorName() string { return comment.AuthorName(m.Comment) }

// AuthorID is the field of the same name.
func (m *ModeratedComment) AuthorID() *string {
	if m.UserID == nil {
		return nil
	}
	return new(id.Encode(id.User, *m.UserID))
}

// IsRemoved is the field of the same name.
func (m *ModeratedComment) IsRemoved() bool { return m.RemovedAt != nil }

// IsPinned is the field of the same name.
func (m *ModeratedComment) IsPinned() bool { return m.PinnedAt != nil }

// IsThreadClosed is the field of the same name.
func (m *ModeratedComment) IsThreadClosed() bool { return m.ClosedAt != nil }

// AllReports are the reports, as services know them.
func (m *ModeratedComment) AllReports(ctx context.Context) ([]*ent.CommentReport, error) {
	return get(ctx, m.place, moderatedReports, none{})
}

// Earlier is what it said before.
func (m *ModeratedComment) Earlier(ctx context.Context) ([]comment.EarlierText, error) {
	return get(ctx, m.place, moderatedEarlier, none{})
}

// ReaderRestriction is a restriction in a response.
type ReaderRestriction struct {
	*restrictionRow
	place[ent.ReaderRestriction]
}

// ReaderRestrictions are the door for restrictions. They are read by their list only.
var ReaderRestrictions = &Kind[ent.ReaderRestriction, ReaderRestriction]{id.ReaderRestriction, func(r *ent.ReaderRestriction) int { return r.ID },
	func(r *ent.ReaderRestriction, p place[ent.ReaderRestriction]) ReaderRestriction {
		return ReaderRestriction{r, p}
	}, nil}

// Stored is the row as services know it.
func (r *ReaderRestriction) Stored() *ent.ReaderRestriction { return r.restrictionRow }
