package wprest

import (
	"cmp"
	"context"
	"html"
	"slices"
	"strings"

	"github.com/broadsheet-cms/broadsheet/ent"
	"github.com/broadsheet-cms/broadsheet/internal/content"
	"github.com/broadsheet-cms/broadsheet/internal/keyset"
	"github.com/broadsheet-cms/broadsheet/internal/permalink"
)

// Bounds of counts.
const (
	maxCount = 1000   // posts that the count of a term counts
	maxTags  = 10_000 // tags that are looked at, by name
)

// term is a section, tag or author in a list.
type term struct {
	id, count  int
	name, slug string
}

// sorted orders terms as the parameters say.
func (q *query) sorted(terms []term, orders ...string) error {
	by, err := q.choice("orderby", orders...)
	if err != nil {
		return err
	}
	order, err := q.choice("order", "asc", "desc")
	if err != nil {
		return err
	}
	include, err := q.ids("include")
	if err != nil {
		return err
	}
	compare := map[string]func(a, b term) int{
		"name":    func(a, b term) int { return strings.Compare(strings.ToLower(a.name), strings.ToLower(b.name)) },
		"slug":    func(a, b term) int { return strings.Compare(a.slug, b.slug) },
		"id":      func(a, b term) int { return 0 },
		"count":   func(a, b term) int { return cmp.Compare(a.count, b.count) },
		"include": func(a, b term) int { return cmp.Compare(slices.Index(include, a.id), slices.Index(include, b.id)) },
	}[by]
	slices.SortFunc(terms, func(a, b term) int {
		c := cmp.Or(compare(a, b), cmp.Compare(a.id, b.id))
		if order == "desc" {
			return -c
		}
		return c
	})
	return nil
}

func (q *query) category(c *ent.Category) object {
	out := object{"id": c.ID, "name": html.EscapeString(c.Name), "slug": c.Slug, "description": c.Description, "taxonomy": "category", "parent": 0, "meta": []any{},
		"link": q.link(permalink.Category, c.Slug), "_links": q.links("categories", c.ID)}
	if c.ParentID != nil {
		out["parent"] = *c.ParentID
	}
	return out
}

func (q *query) tag(t *ent.Tag) object {
	return object{"id": t.ID, "name": html.EscapeString(t.Name), "slug": t.Slug, "description": t.Description, "taxonomy": "post_tag", "meta": []any{},
		"link": q.link(permalink.Tag, t.Slug), "_links": q.links("tags", t.ID)}
}

// ofPost gives the article that a list is narrowed to; 0 without one, -1 when it is
// not public.
func (s *Service) ofPost(ctx context.Context, q *query) (*ent.Article, bool, error) {
	posts, err := q.ids("post")
	if err != nil || len(posts) == 0 {
		return nil, false, err
	}
	if len(posts) > 1 {
		return nil, false, invalid("post", "post takes one ID.")
	}
	rows, err := s.articles.ByIDs(ctx, posts)
	return rows[posts[0]], true, err
}

func (s *Service) listCategories(ctx context.Context, q *query) ([]object, int, error) {
	keep, err := q.named()
	if err != nil {
		return nil, 0, err
	}
	parents, err := q.ids("parent")
	if err != nil {
		return nil, 0, err
	}
	own, narrowed, err := s.sectionsOf(ctx, q)
	if err != nil {
		return nil, 0, err
	}
	var terms []term
	var keys []int
	for _, c := range q.dir.Categories.All {
		parent := 0
		if c.ParentID != nil {
			parent = *c.ParentID
		}
		if keep(c.ID, c.Slug, c.Name) && (len(parents) == 0 || slices.Contains(parents, parent)) && (!narrowed || slices.Contains(own, c.ID)) {
			terms, keys = append(terms, term{c.ID, 0, c.Name, c.Slug}), append(keys, c.ID)
		}
	}
	if q.flag("hide_empty") || q.values.Get("orderby") == "count" {
		counts, err := s.articles.CountLatest(ctx, content.List{Kind: content.ByCategory}, keys, maxCount)
		if err != nil {
			return nil, 0, err
		}
		for i := range terms {
			terms[i].count = counts[terms[i].id]
		}
		if q.flag("hide_empty") {
			terms = slices.DeleteFunc(terms, func(t term) bool { return t.count == 0 })
		}
	}
	if err := q.sorted(terms, "name", "id", "slug", "count", "include"); err != nil {
		return nil, 0, err
	}
	var all []object
	for _, t := range cut(terms, q) {
		all = append(all, q.category(q.dir.Categories.ByID(t.id)))
	}
	return all, len(terms), s.counted(ctx, content.ByCategory, all)
}

// sectionsOf gives the sections of the article that a list is narrowed to.
func (s *Service) sectionsOf(ctx context.Context, q *query) (own []int, narrowed bool, err error) {
	a, narrowed, err := s.ofPost(ctx, q)
	if err != nil || a == nil {
		return nil, narrowed, err
	}
	found, err := s.articles.CategoryIDs(ctx, []int{a.ID})
	own = found[a.ID]
	if a.PrimaryCategoryID != nil {
		own = append(slices.Clone(own), *a.PrimaryCategoryID)
	}
	return own, true, err
}

// counted adds to terms how many posts each has, up to a bound.
func (s *Service) counted(ctx context.Context, kind content.ListingKind, terms []object) error {
	keys := make([]int, len(terms))
	for i, t := range terms {
		keys[i], _ = t["id"].(int)
	}
	if len(keys) == 0 {
		return nil
	}
	counts, err := s.articles.CountLatest(ctx, content.List{Kind: kind}, keys, maxCount)
	for i, t := range terms {
		t["count"] = counts[keys[i]]
	}
	return err
}

func (s *Service) oneCategory(ctx context.Context, q *query, id int) (object, error) {
	c := q.dir.Categories.ByID(id)
	if c == nil {
		return nil, nil
	}
	out := q.category(c)
	return out, s.counted(ctx, content.ByCategory, []object{out})
}

func (s *Service) listTags(ctx context.Context, q *query) ([]object, int, error) {
	rows, total, err := s.tags(ctx, q)
	if err != nil {
		return nil, 0, err
	}
	all := make([]object, len(rows))
	for i, t := range rows {
		all[i] = q.tag(t)
	}
	return all, total, s.counted(ctx, content.ByTag, all)
}

// tags gives a page of tags by name.
func (s *Service) tags(ctx context.Context, q *query) ([]*ent.Tag, int, error) {
	for name, words := range map[string][]string{"orderby": {"name", "include"}, "order": {"asc"}} {
		if _, err := q.choice(name, words...); err != nil {
			return nil, 0, err
		}
	}
	keep, err := q.named()
	if err != nil {
		return nil, 0, err
	}
	var all []*ent.Tag
	plain := false
	include, _ := q.ids("include") // read by named
	a, narrowed, err := s.ofPost(ctx, q)
	switch {
	case err != nil:
		return nil, 0, err
	case narrowed && a == nil:
	case narrowed:
		found, err := s.articles.Tags(ctx, []int{a.ID})
		if err != nil {
			return nil, 0, err
		}
		all = found[a.ID]
	case len(include) > 0:
		found, err := s.terms.TagsByIDs(ctx, include)
		if err != nil {
			return nil, 0, err
		}
		for _, key := range include {
			if found[key] != nil {
				all = append(all, found[key])
			}
		}
	default:
		// Without a word only as far as the page reaches.
		plain = !q.values.Has("search") && !q.values.Has("slug") && !q.values.Has("exclude")
		limit := maxTags
		if plain {
			limit = min(maxTags, q.offset+q.perPage)
		}
		if all, err = s.terms.Tags(ctx, keyset.First(limit)); err != nil {
			return nil, 0, err
		}
	}
	all = slices.DeleteFunc(all, func(t *ent.Tag) bool { return !keep(t.ID, t.Slug, t.Name) })
	total := len(all)
	if plain {
		if total, err = s.terms.CountTags(ctx, maxTags); err != nil {
			return nil, 0, err
		}
	}
	return cut(all, q), total, nil
}

func (s *Service) oneTag(ctx context.Context, q *query, id int) (object, error) {
	found, err := s.terms.TagsByIDs(ctx, []int{id})
	if err != nil || found[id] == nil {
		return nil, err
	}
	out := q.tag(found[id])
	return out, s.counted(ctx, content.ByTag, []object{out})
}
