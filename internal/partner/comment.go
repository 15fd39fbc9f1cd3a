package partner

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"time"

	"github.com/broadsheet-cms/broadsheet/ent"
	"github.com/broadsheet-cms/broadsheet/internal/access"
	"github.com/broadsheet-cms/broadsheet/internal/comment"
	"github.com/broadsheet-cms/broadsheet/internal/event"
	"github.com/broadsheet-cms/broadsheet/internal/fault"
	"github.com/broadsheet-cms/broadsheet/internal/id"
)

// Comment is a comment as a partner gets it: what every reader sees. A guest's
// e-mail and address have no place in it.
type Comment struct {
	ID        string     `json:"id"`
	ArticleID string     `json:"articleId"`
	ParentID  string     `json:"parentId,omitempty"` // of the comment that it replies to
	Author    string     `json:"author"`
	Body      string     `json:"body"` // plain text
	CreatedAt time.Time  `json:"createdAt"`
	EditedAt  *time.Time `json:"editedAt,omitempty"`
}

// CommentsOf gives those of the comments that a key may have now: what an anonymous
// reader sees below published articles that the key is entitled to.
func (s *Service) CommentsOf(ctx context.Context, k *Key, ids []int) (map[int]*Comment, error) {
	if len(ids) == 0 || !k.Has(Comments) {
		return nil, nil
	}
	rows, err := s.comments.ByIDs(access.With(ctx, access.Viewer{}), ids)
	if err != nil {
		return nil, err
	}
	var articles []int
	for _, c := range rows {
		articles = append(articles, c.ArticleID)
	}
	entitled, err := s.published(ctx, k, articles)
	if err != nil {
		return nil, err
	}
	found := make(map[int]*Comment, len(rows))
	for key, c := range rows {
		if entitled[c.ArticleID] != nil && comment.Shown(c) {
			found[key] = commentOf(c)
		}
	}
	return found, nil
}

// published gives those of the articles that everybody may read and that a key is
// entitled to, whatever its scopes.
func (s *Service) published(ctx context.Context, k *Key, articles []int) (map[int]*Story, error) {
	if len(articles) == 0 {
		return nil, nil
	}
	rows, err := s.articles.ByIDs(access.With(ctx, access.Viewer{}), articles)
	if err != nil {
		return nil, err
	}
	return s.stories(access.AsSystem(ctx), k, rows)
}

func commentOf(c *ent.Comment) *Comment {
	out := &Comment{ID: id.Encode(id.Comment, c.ID), ArticleID: id.Encode(id.Article, c.ArticleID), Author: comment.AuthorName(c), Body: c.Body, CreatedAt: c.PostedAt.UTC()}
	if c.ParentID != nil {
		out.ParentID = id.Encode(id.Comment, *c.ParentID)
	}
	if c.EditedAt != nil {
		at := c.EditedAt.UTC()
		out.EditedAt = &at
	}
	return out
}

// CommentChangeType is what happened to a comment from the point of view of a
// partner.
type CommentChangeType string

// The types of changes of comments.
const (
	CommentPublished CommentChangeType = "PUBLISHED"
	CommentEdited    CommentChangeType = "EDITED"  // its text or its author's name
	CommentRemoved   CommentChangeType = "REMOVED" // the copy must go
)

// CommentChangeTypes lists all of them.
func CommentChangeTypes() []CommentChangeType {
	return []CommentChangeType{CommentPublished, CommentEdited, CommentRemoved}
}

// CommentChange is a change of a comment that a key may have, or had.
type CommentChange struct {
	Type                 CommentChangeType
	At                   time.Time
	CommentID, ArticleID int
}

// CommentChanges gives what events mean to a key that may have comments, in their
// order. When an article goes, its comments go with it: no change says so for each.
func (s *Service) CommentChanges(ctx context.Context, k *Key, events []event.Event) ([]CommentChange, error) {
	if !k.Has(Comments) {
		return nil, nil
	}
	var changes []CommentChange
	var comments, articles []int
	for _, e := range events {
		c := CommentChange{At: e.At, CommentID: e.EntityID, ArticleID: e.ArticleID}
		switch {
		case e.Entity != id.Comment:
			continue
		case e.Action == event.Published:
			c.Type = CommentPublished
		case e.Action == event.Updated && e.Edited:
			c.Type = CommentEdited
		case e.Action == event.Unpublished, e.Action == event.Deleted:
			c.Type = CommentRemoved
		default: // it waits for a moderator, or only its reactions changed
			continue
		}
		changes = append(changes, c)
		comments, articles = append(comments, c.CommentID), append(articles, c.ArticleID)
	}
	if len(changes) == 0 {
		return nil, nil
	}
	shown, err := s.CommentsOf(ctx, k, unique(comments))
	if err != nil {
		return nil, err
	}
	entitled, err := s.published(ctx, k, unique(articles))
	if err != nil {
		return nil, fmt.Errorf("find the articles of comments: %w", err)
	}
	return slices.DeleteFunc(changes, func(c CommentChange) bool {
		if c.Type == CommentRemoved {
			return entitled[c.ArticleID] == nil
		}
		return shown[c.CommentID] == nil // a change that follows says why
	}), nil
}

// endOfTime is after every comment.
var endOfTime = time.Date(9999, 12, 31, 0, 0, 0, 0, time.UTC)

// CommentsBelow gives a page of the comments of an article that a key may have, the
// newest first, with the cursor of the next; empty on the last.
func (s *Service) CommentsBelow(ctx context.Context, k *Key, articleID int, after string, first int) (page []*Comment, next string, err error) {
	if !k.Has(Comments) {
		return nil, "", fault.New(fault.Forbidden, "The key has no scope COMMENTS.")
	}
	if first, err = checkFirst(first); err != nil {
		return nil, "", err
	}
	than, last := endOfTime, 0
	if after != "" {
		n, err := k.decode(after, commentsCursor, 2)
		if err != nil {
			return nil, "", err
		}
		than, last = time.UnixMicro(n[0]).UTC(), int(n[1])
	}
	entitled, err := s.published(ctx, k, []int{articleID})
	if err != nil {
		return nil, "", err
	}
	if entitled[articleID] == nil {
		return nil, "", fault.New(fault.NotFound, "There is no such article.")
	}
	rows, err := s.comments.Older(access.With(ctx, access.Viewer{}), articleID, than, last, first+1)
	if err != nil {
		return nil, "", err
	}
	if len(rows) > first {
		rows = rows[:first]
		end := rows[first-1]
		next = k.encode(cursor{commentsCursor, []int64{end.PostedAt.UnixMicro(), int64(end.ID)}})
	}
	page = make([]*Comment, len(rows))
	for i, c := range rows {
		page[i] = commentOf(c)
	}
	return page, next, nil
}

func (s *Service) serveComments(w http.ResponseWriter, r *http.Request) {
	first, err := number(r, "first", 1, MaxPage)
	if err != nil {
		fail(w, err)
		return
	}
	prefix, key, err := id.Decode(r.PathValue("id"))
	if err != nil || prefix != id.Article {
		fail(w, fault.New(fault.NotFound, "There is no such article."))
		return
	}
	page, next, err := s.CommentsBelow(r.Context(), Of(r.Context()), key, r.URL.Query().Get("after"), first)
	if err != nil {
		fail(w, err)
		return
	}
	write(w, r, "application/json", struct {
		Comments []*Comment `json:"comments"`
		Next     string     `json:"next,omitempty"`
	}{page, next})
}

func unique(keys []int) []int {
	slices.Sort(keys)
	return slices.Compact(keys)
}

func (s *Service) serveComment(w http.ResponseWriter, r *http.Request) {
	k := Of(r.Context())
	prefix, key, err := id.Decode(r.PathValue("id"))
	if !k.Has(Comments) {
		fail(w, fault.New(fault.Forbidden, "The key has no scope COMMENTS."))
		return
	}
	var found map[int]*Comment
	if err == nil && prefix == id.Comment {
		if found, err = s.CommentsOf(r.Context(), k, []int{key}); err != nil {
			fail(w, err)
			return
		}
	}
	if found[key] == nil {
		fail(w, fault.New(fault.NotFound, "There is no such comment."))
		return
	}
	write(w, r, "application/json", found[key])
}
