package wprest

import (
	"context"
	"html"
	"slices"

	"github.com/broadsheet-cms/broadsheet/ent"
	"github.com/broadsheet-cms/broadsheet/internal/content"
	"github.com/broadsheet-cms/broadsheet/internal/permalink"
)

// users writes authors. Their accounts have no part in it.
func (s *Service) users(ctx context.Context, q *query, authors []*ent.Author) ([]object, error) {
	var pictures []int
	for _, a := range authors {
		if a.AvatarID != nil {
			pictures = append(pictures, *a.AvatarID)
		}
	}
	faces, err := s.articles.VisibleMedia(ctx, pictures)
	if err != nil {
		return nil, err
	}
	all := make([]object, len(authors))
	for i, a := range authors {
		face := object{}
		if a.AvatarID != nil && faces[*a.AvatarID] != nil {
			at := permalink.Absolute(q.base, content.MediaURL(faces[*a.AvatarID]))
			face = object{"24": at, "48": at, "96": at}
		}
		all[i] = object{"id": a.ID, "name": html.EscapeString(a.Name), "slug": a.Slug, "description": a.Bio, "url": "", "link": q.link(permalink.Author, a.Slug), "avatar_urls": face, "meta": []any{},
			"_links": q.links("users", a.ID)}
	}
	return all, nil
}

// listUsers gives authors of published articles: nobody else is shown.
func (s *Service) listUsers(ctx context.Context, q *query) ([]object, int, error) {
	keep, err := q.named()
	if err != nil {
		return nil, 0, err
	}
	var terms []term
	var keys []int
	for _, a := range q.dir.Authors.All {
		if keep(a.ID, a.Slug, a.Name) {
			terms, keys = append(terms, term{a.ID, 0, a.Name, a.Slug}), append(keys, a.ID)
		}
	}
	published, err := s.published(ctx, keys)
	if err != nil {
		return nil, 0, err
	}
	terms = slices.DeleteFunc(terms, func(t term) bool { return published[t.id] == 0 })
	if err := q.sorted(terms, "name", "id", "slug", "include"); err != nil {
		return nil, 0, err
	}
	var page []*ent.Author
	for _, t := range cut(terms, q) {
		page = append(page, q.dir.Authors.ByID(t.id))
	}
	users, err := s.users(ctx, q, page)
	return users, len(terms), err
}

// published tells which authors have a published article.
func (s *Service) published(ctx context.Context, authors []int) (map[int]int, error) {
	if len(authors) == 0 {
		return nil, nil
	}
	return s.articles.CountLatest(ctx, content.List{Kind: content.ByAuthor}, authors, 1)
}

func (s *Service) oneUser(ctx context.Context, q *query, id int) (object, error) {
	a := q.dir.Authors.ByID(id)
	if a == nil {
		return nil, nil
	}
	published, err := s.published(ctx, []int{id})
	if err != nil || published[id] == 0 {
		return nil, err
	}
	users, err := s.users(ctx, q, []*ent.Author{a})
	if err != nil {
		return nil, err
	}
	return users[0], nil
}
