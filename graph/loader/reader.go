package loader

import (
	"context"

	"github.com/broadsheet-cms/broadsheet/ent"
	"github.com/broadsheet-cms/broadsheet/internal/bookmark"
	"github.com/broadsheet-cms/broadsheet/internal/content"
)

// Readers are the loaders of what readers do.
type Readers struct {
	Bookmarks Cohorts[*bookmark.Bookmark]

	BookmarkArticle *Loader[*bookmark.Bookmark, *ent.Article]
	IsBookmarked    *Loader[*ent.Article, bool]
}

// readers makes the loaders of what readers do.
func (s *Set) readers(articles *content.Service, bookmarks *bookmark.Service) {
	byBookmark := func(b *bookmark.Bookmark) int { return b.ID }
	s.BookmarkArticle = newLoader(&s.Bookmarks, byBookmark, func(ctx context.Context, of []*bookmark.Bookmark, _ []int) (map[int]*ent.Article, error) {
		found, err := follow(ctx, of, byBookmark, func(b *bookmark.Bookmark) *int { return &b.ArticleID }, articles.ByIDs)
		var all []*ent.Article
		for _, b := range of {
			if a := found[b.ID]; a != nil {
				all = append(all, a)
			}
		}
		s.Articles.Add(all)
		return found, err
	})
	s.IsBookmarked = newLoader(&s.Articles, func(a *ent.Article) int { return a.ID }, func(ctx context.Context, _ []*ent.Article, ids []int) (map[int]bool, error) {
		shelf, err := bookmarks.Of(ctx, "")
		if err != nil {
			return nil, err
		}
		return bookmarks.Has(ctx, shelf, ids)
	})
}
