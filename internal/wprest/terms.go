package wprest

import (
	"cmp"
	"context"
	"html"
	"slices"
	"strconv"
	"strings"

	"github.com/broadsheet-cms/broadsheet/ent"
	entcomment "github.com/broadsheet-cms/broadsheet/ent/comment"
	"github.com/broadsheet-cms/broadsheet/ent/media"
	"github.com/broadsheet-cms/broadsheet/internal/comment"
	"github.com/broadsheet-cms/broadsheet/internal/content"
	"github.com/broadsheet-cms/broadsheet/internal/keyset"
	"github.com/broadsheet-cms/broadsheet/internal/permalink"
)

// Bounds of counts.
const (
	maxCount = 1000   // posts that the count of a term counts
	maxTags  = 10_000 // tags that are looked at, by name
)

// named reads include, exclude, slug and search, and gives what of a list in memory
// they let pass.
func (q *query) named() (func(id int, slug, name string) bool, error) {
	include, err := q.ids("include")
	if err != nil {
		return nil, err
	}
	exclude, err := q.ids("exclude")
	if err != nil {
		return nil, err
	}
	slugs, err := q.texts("slug")
	if err != nil {
		return nil, err
	}
	words := strings.ToLower(q.values.Get("search"))
	return func(id int, slug, name string) bool {
		return (len(include) == 0 || slices.Contains(include, id)) && !slices.Contains(exclude, id) && (len(slugs) == 0 || slices.Contains(slugs, slug)) &&
			(words == "" || strings.Contains(strings.ToLower(name), words))
	}, nil
}

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

// attachment writes a media item.
func (q *query) attachment(m *ent.Media) object {
	at := permalink.Absolute(q.base, content.MediaURL(m))
	kind := "file"
	if m.Kind == media.KindImage {
		kind = "image"
	}
	name := m.BlobKey
	if name == "" {
		name = m.SourceURL
	}
	name = name[strings.LastIndexByte(name, '/')+1:]
	size := object{"file": name, "width": m.Width, "height": m.Height, "mime_type": m.ContentType, "source_url": at}
	out := object{"id": m.ID, "slug": strings.ToLower(strings.TrimSuffix(name, name[max(0, strings.LastIndexByte(name, '.')):])), "status": "inherit", "type": "attachment", "link": at, "guid": rendered(at),
		"title": rendered(html.EscapeString(m.Alt)), "author": 0, "post": nil, "comment_status": "closed", "ping_status": "closed", "template": "", "meta": []any{},
		"alt_text": m.Alt, "caption": rendered(paragraph(m.Caption)), "description": rendered(""), "media_type": kind, "mime_type": m.ContentType, "source_url": at,
		"media_details": object{"width": m.Width, "height": m.Height, "file": name, "sizes": object{"full": size}}, "_links": q.links("media", m.ID)}
	q.dates(out, "date", &m.CreatedAt)
	q.dates(out, "modified", &m.CreatedAt)
	return out
}

func (s *Service) listMedia(ctx context.Context, q *query) ([]object, int, error) {
	for _, unsupported := range []string{"search", "slug", "parent", "author"} {
		if q.values.Get(unsupported) != "" {
			return nil, 0, invalid(unsupported, "Media are not found by %s.", unsupported)
		}
	}
	wanted, err := q.choice("media_type", "", "image", "video", "audio")
	if err != nil {
		return nil, 0, err
	}
	include, err := q.ids("include")
	if err != nil {
		return nil, 0, err
	}
	keys, total := cut(include, q), len(include)
	if len(include) == 0 {
		if keys, total, err = s.articles.ListMedia(ctx, strings.ToUpper(wanted), q.offset, q.perPage); err != nil {
			return nil, 0, err
		}
	}
	rows, err := s.articles.VisibleMedia(ctx, keys)
	if err != nil {
		return nil, 0, err
	}
	var all []object
	for _, key := range keys {
		if rows[key] != nil {
			all = append(all, q.attachment(rows[key]))
		}
	}
	if len(include) > 0 {
		total = len(all)
	}
	return all, total, nil
}

func (s *Service) oneMedia(ctx context.Context, q *query, id int) (object, error) {
	rows, err := s.articles.VisibleMedia(ctx, []int{id})
	if err != nil || rows[id] == nil {
		return nil, err
	}
	return q.attachment(rows[id]), nil
}

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
		if c == nil || of[c.ArticleID] == nil || c.Kind != entcomment.KindComment || c.Status != entcomment.StatusApproved || c.RemovedAt != nil {
			continue
		}
		name, parent := c.GuestName, 0
		if c.Edges.User != nil {
			name = c.Edges.User.DisplayName
		}
		if c.ParentID != nil {
			parent = *c.ParentID
		}
		links := q.links("comments", c.ID)
		links["up"] = []object{{"embeddable": true, "post_type": "post", "href": q.href("posts/" + strconv.Itoa(c.ArticleID))}}
		out := object{"id": c.ID, "post": c.ArticleID, "parent": parent, "author": 0, "author_name": html.EscapeString(name), "author_url": "", "author_avatar_urls": object{}, "status": "approved", "type": "comment",
			"meta": []any{}, "content": rendered(comment.HTML(c.Body)), "link": q.link(permalink.Article, of[c.ArticleID].Slug) + "#comment-" + strconv.Itoa(c.ID), "_links": links}
		q.dates(out, "date", &c.PostedAt)
		all = append(all, out)
	}
	return all, nil
}
