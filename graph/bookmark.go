package graph

import (
	"context"
	"time"

	"github.com/broadsheet-cms/broadsheet/graph/loader"
	"github.com/broadsheet-cms/broadsheet/graph/model"
	"github.com/broadsheet-cms/broadsheet/graph/relay"
	"github.com/broadsheet-cms/broadsheet/internal/access"
	"github.com/broadsheet-cms/broadsheet/internal/bookmark"
	"github.com/broadsheet-cms/broadsheet/internal/fault"
	"github.com/broadsheet-cms/broadsheet/internal/id"
	"github.com/broadsheet-cms/broadsheet/internal/keyset"
)

// bookmarks gives a page of the reading list of the viewer or of a device.
func (r *Resolver) bookmarks(ctx context.Context, device string, args relay.Args, categoryID *string) (*model.BookmarkConnection, error) {
	shelf, err := r.Bookmarks.Of(ctx, device)
	if err != nil {
		return nil, err
	}
	if categoryID != nil {
		if shelf.Category, err = decodeID("categoryId", id.Category, *categoryID); err != nil {
			return nil, err
		}
		if shelf.Category == 0 {
			shelf.Category = -1 // no section has this key, so nothing is in it
		}
	}
	read := func(ctx context.Context, w keyset.Window) ([]*bookmark.Bookmark, error) {
		return r.Bookmarks.List(ctx, shelf, w)
	}
	list := relay.List[*loader.Bookmark]{
		Name: listName("bookmarks", shelf), Key: func(b *loader.Bookmark) keyset.Key { return bookmark.Key(b.Stored()) }, Beyond: relay.BeyondBy(read),
		Count: func(ctx context.Context, limit int) (int, error) { return r.Bookmarks.Count(ctx, shelf, limit) },
	}
	return relay.Page(ctx, args, list, read, func(found []*bookmark.Bookmark) []*loader.Bookmark {
		return loader.Bookmarks.List(ctx, loader.Dependency{List: "bookmarks"}, found)
	})
}

// maxChanges bounds the changes of one answer.
const maxChanges = 100

func (r *Resolver) bookmarkChanges(ctx context.Context, device string, after *string, first *int32) (*model.BookmarkChanges, error) {
	shelf, err := r.Bookmarks.Of(ctx, device)
	if err != nil {
		return nil, err
	}
	n := maxChanges
	if first != nil {
		n = int(*first)
	}
	if n < 1 || n > maxChanges {
		return nil, fault.BadInput("first", "first must be from 1 to %d", maxChanges)
	}
	name := listName("bookmarkChanges", shelf)
	var from *keyset.Key
	if after != nil {
		key, err := relay.DecodeCursor(name, *after)
		if err != nil {
			return nil, err
		}
		from = &key
	}
	found, err := r.Bookmarks.Changes(ctx, shelf, from, n+1)
	if err != nil {
		return nil, err
	}
	answer := &model.BookmarkChanges{Changes: []*model.BookmarkChange{}, EndCursor: after, HasMore: len(found) > n}
	for _, c := range found[:min(n, len(found))] {
		end := relay.EncodeCursor(name, bookmark.ChangeKey(c))
		answer.EndCursor = &end
		answer.Changes = append(answer.Changes, &model.BookmarkChange{ArticleID: id.Encode(id.Article, c.ArticleID), IsBookmarked: !c.Removed,
			SavedAt: c.SavedAt, IsAvailable: c.Visible})
	}
	return answer, nil
}

// Bookmarks is the field of the same name of Viewer.
func (r *viewerResolver) Bookmarks(ctx context.Context, v *model.Viewer, first *int32, after *string, last *int32, before *string, categoryID *string) (*model.BookmarkConnection, error) {
	return r.bookmarks(access.With(ctx, v.As), "", relay.Args{First: first, After: after, Last: last, Before: before}, categoryID)
}

// BookmarkChanges is the field of the same name of Viewer.
func (r *viewerResolver) BookmarkChanges(ctx context.Context, v *model.Viewer, after *string, first *int32) (*model.BookmarkChanges, error) {
	return r.bookmarkChanges(access.With(ctx, v.As), "", after, first)
}

// DeviceBookmarks is the field of the same name of Query.
func (r *queryResolver) DeviceBookmarks(ctx context.Context, deviceToken string, first *int32, after *string, last *int32, before *string, categoryID *string) (*model.BookmarkConnection, error) {
	return r.bookmarks(asNobody(ctx), deviceToken, relay.Args{First: first, After: after, Last: last, Before: before}, categoryID)
}

// DeviceBookmarkChanges is the field of the same name of Query.
func (r *queryResolver) DeviceBookmarkChanges(ctx context.Context, deviceToken string, after *string, first *int32) (*model.BookmarkChanges, error) {
	return r.bookmarkChanges(asNobody(ctx), deviceToken, after, first)
}

// asNobody is how a device's list is read by whoever is signed in meanwhile.
func asNobody(ctx context.Context) context.Context { return access.With(ctx, access.Viewer{}) }

// AddBookmark is the field of the same name of Mutation.
func (r *mutationResolver) AddBookmark(ctx context.Context, in model.AddBookmarkInput) (*model.AddBookmarkPayload, error) {
	var added bookmark.Added
	article, err := keyOf("articleId", id.Article, in.ArticleID)
	if err == nil {
		added, err = r.Bookmarks.Add(ctx, text(in.DeviceToken), article)
	}
	wrong, err := mistakes(err)
	return payload(&model.AddBookmarkPayload{Bookmark: loader.Bookmarks.One(ctx, added.Bookmark), DeviceToken: shownOnce(added.DeviceToken), UserErrors: wrong}, err)
}

// RemoveBookmark is the field of the same name of Mutation.
func (r *mutationResolver) RemoveBookmark(ctx context.Context, in model.RemoveBookmarkInput) (*model.RemoveBookmarkPayload, error) {
	var removed *bookmark.Removal
	article, err := keyOf("articleId", id.Article, in.ArticleID)
	if err == nil {
		removed, err = r.Bookmarks.Remove(ctx, text(in.DeviceToken), article)
	}
	wrong, err := mistakes(err)
	answer := &model.RemoveBookmarkPayload{UserErrors: wrong}
	if removed != nil {
		answer.RemovedBookmarkID = new(removed.Bookmark.PublicID())
		answer.UndoToken, answer.UndoExpiresAt = undoOf(removed)
	}
	return payload(answer, err)
}

func undoOf(removed *bookmark.Removal) (token *string, expires *time.Time) {
	return new(id.Encode(id.Undo, removed.Number)), &removed.ExpiresAt
}

// RestoreBookmark is the field of the same name of Mutation.
func (r *mutationResolver) RestoreBookmark(ctx context.Context, in model.RestoreBookmarkInput) (*model.RestoreBookmarkPayload, error) {
	var b *bookmark.Bookmark
	var count int
	removal, err := keyOf("undoToken", id.Undo, in.UndoToken)
	if err == nil {
		b, count, err = r.Bookmarks.Restore(ctx, text(in.DeviceToken), removal)
	}
	wrong, err := mistakes(err)
	return payload(&model.RestoreBookmarkPayload{Bookmark: loader.Bookmarks.One(ctx, b), RestoredCount: int32(count), UserErrors: wrong}, err)
}

// ClearBookmarks is the field of the same name of Mutation.
func (r *mutationResolver) ClearBookmarks(ctx context.Context, in *model.ClearBookmarksInput) (*model.ClearBookmarksPayload, error) {
	device := ""
	if in != nil {
		device = text(in.DeviceToken)
	}
	removed, err := r.Bookmarks.Clear(ctx, device)
	wrong, err := mistakes(err)
	answer := &model.ClearBookmarksPayload{UserErrors: wrong}
	if removed != nil {
		answer.RemovedCount = int32(removed.Count)
		answer.UndoToken, answer.UndoExpiresAt = undoOf(removed)
	}
	return payload(answer, err)
}

// MergeBookmarks is the field of the same name of Mutation.
func (r *mutationResolver) MergeBookmarks(ctx context.Context, in model.MergeBookmarksInput) (*model.MergeBookmarksPayload, error) {
	moved, err := r.Bookmarks.Merge(ctx, in.DeviceToken)
	wrong, err := mistakes(err)
	return payload(&model.MergeBookmarksPayload{MovedCount: int32(moved), UserErrors: wrong}, err)
}
