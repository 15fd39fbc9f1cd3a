package loader

import (
	"context"

	"github.com/broadsheet-cms/broadsheet/ent"
	"github.com/broadsheet-cms/broadsheet/internal/bookmark"
	"github.com/broadsheet-cms/broadsheet/internal/id"
)

type bookmarkRow = bookmark.Bookmark

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
