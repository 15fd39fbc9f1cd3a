package wprest

import (
	"context"
	"html"
	"slices"
	"strconv"

	"github.com/broadsheet-cms/broadsheet/internal/comment"
	"github.com/broadsheet-cms/broadsheet/internal/permalink"
)

func (s *Service) listComments(ctx context.Context, q *query) ([]object, int, error) {
	for _, unsupported := range []string{"search", "exclude", "author", "author_email", "orderby"} {
		if q.values.Get(unsupported) != "" {
			return nil, 0, invalid(unsupported, "Comments are not found by %s.", unsupported)
		}
	}
	f := comment.Filter{Offset: q.offset, Limit: q.perPage}
	a, narrowed, err := s.ofPost(ctx, q)
	if err != nil {
		return nil, 0, err
	}
	if narrowed && a == nil {
		return []object{}, 0, nil
	}
	if a != nil {
		f.ArticleID = a.ID
	}
	if f.After, err = q.moment("after"); err != nil {
		return nil, 0, err
	}
	if f.Before, err = q.moment("before"); err != nil {
		return nil, 0, err
	}
	order, err := q.choice("order", "desc", "asc")
	if err != nil {
		return nil, 0, err
	}
	f.Ascending = order == "asc"
	parents, err := q.ids("parent")
	if err != nil {
		return nil, 0, err
	}
	if len(parents) > 1 {
		return nil, 0, invalid("parent", "parent takes one ID.")
	}
	if len(parents) == 1 {
		f.ParentID = &parents[0]
	}
	if include, err := q.ids("include"); err != nil {
		return nil, 0, err
	} else if len(include) > 0 {
		all, err := s.writeComments(ctx, q, include)
		all = slices.DeleteFunc(all, func(o object) bool {
			return a != nil && o["post"] != a.ID || f.ParentID != nil && o["parent"] != *f.ParentID
		})
		return cut(all, q), len(all), err
	}
	keys, total, err := s.comments.Find(ctx, f)
	if err != nil {
		return nil, 0, err
	}
	all, err := s.writeComments(ctx, q, keys)
	return all, total, err
}

func (s *Service) oneComment(ctx context.Context, q *query, id int) (object, error) {
	all, err := s.writeComments(ctx, q, []int{id})
	if err != nil || len(all) == 0 {
		return nil, err
	}
	return all[0], nil
}

// writeComments writes comments as every reader sees them: their authors have a name,
// and nothing else.
func (s *Service) writeComments(ctx context.Context, q *query, keys []int) ([]object, error) {
	rows, err := s.comments.ByIDs(ctx, keys)
	if err != nil {
		return nil, err
	}
	var posts []int
	for _, c := range rows {
		posts = append(posts, c.ArticleID)
	}
	of, err := s.articles.ByIDs(ctx, posts)
	if err != nil {
		return nil, err
	}
	var all []object
	for _, key := range keys {
		c := rows[key]
		if c == nil || of[c.ArticleID] == nil || !comment.Shown(c) {
			continue
		}
		parent := 0
		if c.ParentID != nil {
			parent = *c.ParentID
		}
		links := q.links("comments", c.ID)
		links["up"] = []object{{"embeddable": true, "post_type": "post", "href": q.href("posts/" + strconv.Itoa(c.ArticleID))}}
		out := object{"id": c.ID, "post": c.ArticleID, "parent": parent, "author": 0, "author_name": html.EscapeString(comment.AuthorName(c)), "author_url": "", "author_avatar_urls": object{}, "status": "approved", "type": "comment",
			"meta": []any{}, "content": rendered(comment.HTML(c.Body)), "link": q.link(permalink.Article, of[c.ArticleID].Slug) + "#comment-" + strconv.Itoa(c.ID), "_links": links}
		q.dates(out, "date", &c.PostedAt)
		all = append(all, out)
	}
	return all, nil
}
