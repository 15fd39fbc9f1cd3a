package wprest

import (
	"context"
	"fmt"
	"html"
	"slices"
	"strconv"
	"time"

	"github.com/broadsheet-cms/broadsheet/ent"
	"github.com/broadsheet-cms/broadsheet/internal/comment"
	"github.com/broadsheet-cms/broadsheet/internal/content"
	"github.com/broadsheet-cms/broadsheet/internal/permalink"
	"github.com/broadsheet-cms/broadsheet/internal/search"
)

// filter reads which posts are wanted.
func (s *Service) filter(ctx context.Context, q *query) (f content.Filter, ranked []int, err error) {
	step := func(do func() error) {
		if err == nil {
			err = do()
		}
	}
	ids := func(name string, into *[]int) {
		step(func() (err error) { *into, err = q.ids(name); return err })
	}
	f.Offset, f.Limit = q.offset, q.perPage
	ids("categories", &f.Categories)
	ids("categories_exclude", &f.NoCategories)
	ids("tags", &f.Tags)
	ids("tags_exclude", &f.NoTags)
	ids("author", &f.Authors)
	ids("author_exclude", &f.NoAuthors)
	ids("exclude", &f.Without)
	step(func() (err error) { f.After, err = q.moment("after"); return err })
	step(func() (err error) { f.Before, err = q.moment("before"); return err })
	step(func() (err error) { f.ModifiedAfter, err = q.moment("modified_after"); return err })
	step(func() (err error) { f.ModifiedBefore, err = q.moment("modified_before"); return err })
	step(func() (err error) { _, err = q.choice("status", "publish"); return err })
	var order, by string
	step(func() (err error) { order, err = q.choice("order", "desc", "asc"); return err })
	step(func() (err error) {
		by, err = q.choice("orderby", "date", "modified", "id", "title", "slug", "include", "relevance")
		return err
	})
	if err != nil {
		return f, nil, err
	}
	f.Ascending = order == "asc"
	if by != "include" && by != "relevance" {
		f.Order = content.FindOrder(by)
	}
	// The shortest list that has them all is the one to look at.
	switch {
	case len(f.Tags) == 1:
		f.List, f.Owner = content.ByTag, f.Tags[0]
	case len(f.Authors) == 1:
		f.List, f.Owner = content.ByAuthor, f.Authors[0]
	case len(f.Categories) == 1:
		f.List, f.Owner = content.ByCategory, f.Categories[0]
	}
	if err := s.only(ctx, q, &f); err != nil {
		return f, nil, err
	}
	if by == "include" || by == "relevance" {
		ranked = f.Keys
	}
	return f, ranked, nil
}

// only narrows a filter to what is named, by id, slug or words.
func (s *Service) only(ctx context.Context, q *query, f *content.Filter) error {
	narrow := func(keys []int) {
		if keys == nil {
			keys = []int{}
		}
		if f.Keys != nil { // the order of the words' ranking goes before that of names
			keys = slices.DeleteFunc(keys, func(key int) bool { return !slices.Contains(f.Keys, key) })
		}
		f.Keys = keys
	}
	if q.values.Has("include") {
		keys, err := q.ids("include")
		if err != nil {
			return err
		}
		if len(keys) > 0 {
			narrow(keys)
		}
	}
	slugs, err := q.texts("slug")
	if err != nil {
		return err
	}
	if len(slugs) > 0 {
		keys, err := s.articles.KeysOfSlugs(ctx, slugs)
		if err != nil {
			return err
		}
		narrow(keys)
	}
	if words := q.values.Get("search"); words != "" {
		keys, err := s.found(ctx, words)
		if err != nil {
			return err
		}
		narrow(keys)
	}
	return nil
}

// found gives the keys of the articles that words find, the best first.
func (s *Service) found(ctx context.Context, words string) ([]int, error) {
	results, err := s.search.Search(ctx, search.Query{Text: words, First: search.MaxHits})
	if err != nil {
		return nil, err
	}
	keys := make([]int, len(results.Hits))
	for i, hit := range results.Hits {
		keys[i] = hit.Article
	}
	return keys, nil
}

// find gives the keys of a page of posts.
func (s *Service) find(ctx context.Context, q *query) ([]int, int, error) {
	f, ranked, err := s.filter(ctx, q)
	if err != nil {
		return nil, 0, err
	}
	if ranked == nil {
		return s.articles.Find(ctx, f)
	}
	f.Offset, f.Limit = 0, len(ranked)
	keys, total, err := s.articles.Find(ctx, f)
	if err != nil {
		return nil, 0, err
	}
	ordered := slices.DeleteFunc(slices.Clone(ranked), func(key int) bool { return !slices.Contains(keys, key) })
	return cut(ordered, q), total, nil
}

func (s *Service) listPosts(ctx context.Context, q *query) ([]object, int, error) {
	keys, total, err := s.find(ctx, q)
	if err != nil {
		return nil, 0, err
	}
	posts, err := s.posts(ctx, q, keys)
	return posts, total, err
}

func (s *Service) onePost(ctx context.Context, q *query, id int) (object, error) {
	posts, err := s.posts(ctx, q, []int{id})
	if err != nil || len(posts) == 0 {
		return nil, err
	}
	return posts[0], nil
}

// parts are what posts are made of beside the rows of articles.
type parts struct {
	categories, authors map[int][]int
	tags                map[int][]*ent.Tag
	html                map[int]string
	media               map[int]*ent.Media
	people              map[int]object
}

// posts writes articles, in the order of their keys. Those that are not public are
// left out.
func (s *Service) posts(ctx context.Context, q *query, keys []int) ([]object, error) {
	rows, err := s.articles.ByIDs(ctx, keys)
	if err != nil {
		return nil, err
	}
	keys = slices.DeleteFunc(slices.Clone(keys), func(key int) bool { return rows[key] == nil })
	if len(keys) == 0 {
		return nil, nil
	}
	var p parts
	step := func(do func() error) {
		if err == nil {
			err = do()
		}
	}
	step(func() (err error) { p.categories, err = s.articles.CategoryIDs(ctx, keys); return err })
	step(func() (err error) { p.authors, err = s.articles.AuthorIDs(ctx, keys); return err })
	step(func() (err error) { p.tags, err = s.articles.Tags(ctx, keys); return err })
	step(func() (err error) { p.html, err = s.articles.BodyHTML(ctx, keys); return err })
	if err != nil {
		return nil, fmt.Errorf("read posts: %w", err)
	}
	if err := s.embedded(ctx, q, rows, &p); err != nil {
		return nil, err
	}
	all := make([]object, len(keys))
	for i, key := range keys {
		all[i] = s.post(q, rows[key], &p)
	}
	return all, nil
}

// embedded reads the pictures and authors that are put into posts.
func (s *Service) embedded(ctx context.Context, q *query, rows map[int]*ent.Article, p *parts) (err error) {
	if q.embed("wp:featuredmedia") {
		var pictures []int
		for _, a := range rows {
			if a.FeaturedMediaID != nil {
				pictures = append(pictures, *a.FeaturedMediaID)
			}
		}
		if p.media, err = s.articles.VisibleMedia(ctx, pictures); err != nil {
			return err
		}
	}
	if !q.embed("author") {
		return nil
	}
	var people []*ent.Author
	for key := range rows {
		if by := p.authors[key]; len(by) > 0 {
			if a := q.dir.Authors.ByID(by[0]); a != nil {
				people = append(people, a)
			}
		}
	}
	users, err := s.users(ctx, q, people)
	if err != nil {
		return err
	}
	p.people = map[int]object{}
	for i, a := range people {
		p.people[a.ID] = users[i]
	}
	return nil
}

func rendered(text string) object { return object{"rendered": text} }

// post writes an article.
func (s *Service) post(q *query, a *ent.Article, p *parts) object {
	out := object{"id": a.ID, "slug": a.Slug, "status": "publish", "type": "post", "link": q.link(permalink.Article, a.Slug), "author": 0, "featured_media": 0,
		"comment_status": "open", "ping_status": "closed", "sticky": false, "template": "", "format": "standard", "meta": object{}, "lang": a.Language,
		"title": rendered(html.EscapeString(a.Title)), "guid": rendered(q.link(permalink.Article, a.Slug)),
		"content": object{"rendered": permalink.AbsoluteHTML(q.base, p.html[a.ID]), "protected": false},
		"excerpt": object{"rendered": paragraph(a.Excerpt), "protected": false}}
	q.dates(out, "date", a.PublishedAt)
	q.dates(out, "modified", a.UpdatedAt)
	// Whether the article's comments wait for a moderator does not matter here.
	if !comment.RulesOf(q.dir.Site.CommentSettings).PolicyOf(a.CommentPolicy, "", a.CommentsCloseAt, a.PublishedAt).OpenAt(time.Now()) {
		out["comment_status"] = "closed"
	}
	links := q.links("posts", a.ID)
	post := strconv.Itoa(a.ID)
	links["replies"] = []object{{"embeddable": true, "href": q.href("comments?post=" + post)}}
	embedded := object{}
	if by := p.authors[a.ID]; len(by) > 0 {
		out["author"] = by[0]
		links["author"] = []object{{"embeddable": true, "href": q.href("users/" + strconv.Itoa(by[0]))}}
		if u := p.people[by[0]]; u != nil {
			embedded["author"] = []object{u}
		}
	}
	if a.FeaturedMediaID != nil {
		out["featured_media"] = *a.FeaturedMediaID
		links["wp:featuredmedia"] = []object{{"embeddable": true, "href": q.href("media/" + strconv.Itoa(*a.FeaturedMediaID))}}
		if m := p.media[*a.FeaturedMediaID]; m != nil {
			embedded["wp:featuredmedia"] = []object{q.attachment(m)}
		}
	}
	s.filed(q, a, p, out, links, embedded)
	out["_links"] = links
	if len(embedded) > 0 {
		out["_embedded"] = embedded
	}
	return out
}

// filed adds the sections and tags of a post.
func (s *Service) filed(q *query, a *ent.Article, p *parts, out, links, embedded object) {
	sections := []int{}
	if a.PrimaryCategoryID != nil {
		sections = append(sections, *a.PrimaryCategoryID)
	}
	for _, key := range p.categories[a.ID] {
		if !slices.Contains(sections, key) {
			sections = append(sections, key)
		}
	}
	tags := []int{}
	for _, t := range p.tags[a.ID] {
		tags = append(tags, t.ID)
	}
	out["categories"], out["tags"] = sections, tags
	post := strconv.Itoa(a.ID)
	links["wp:term"] = []object{{"taxonomy": "category", "embeddable": true, "href": q.href("categories?post=" + post)},
		{"taxonomy": "post_tag", "embeddable": true, "href": q.href("tags?post=" + post)}}
	if !q.embed("wp:term") {
		return
	}
	var first, second = []object{}, []object{}
	for _, key := range sections {
		if c := q.dir.Categories.ByID(key); c != nil {
			first = append(first, q.category(c))
		}
	}
	for _, t := range p.tags[a.ID] {
		second = append(second, q.tag(t))
	}
	embedded["wp:term"] = [][]object{first, second}
}

func paragraph(text string) string {
	if text == "" {
		return ""
	}
	return "<p>" + html.EscapeString(text) + "</p>\n"
}

func (s *Service) listPages(ctx context.Context, q *query) ([]object, int, error) {
	all, err := s.pages.ListPages(ctx)
	if err != nil {
		return nil, 0, err
	}
	keep, err := q.named()
	if err != nil {
		return nil, 0, err
	}
	parents, err := q.ids("parent")
	if err != nil {
		return nil, 0, err
	}
	all = slices.DeleteFunc(all, func(p *ent.Page) bool {
		parent := 0
		if p.ParentID != nil {
			parent = *p.ParentID
		}
		return !keep(p.ID, p.Slug, p.Title) || len(parents) > 0 && !slices.Contains(parents, parent)
	})
	var keys []int
	for _, p := range cut(all, q) {
		keys = append(keys, p.ID)
	}
	pages, err := s.writePages(ctx, q, keys)
	return pages, len(all), err
}

func (s *Service) onePage(ctx context.Context, q *query, id int) (object, error) {
	pages, err := s.writePages(ctx, q, []int{id})
	if err != nil || len(pages) == 0 {
		return nil, err
	}
	return pages[0], nil
}

func (s *Service) writePages(ctx context.Context, q *query, keys []int) ([]object, error) {
	rows, err := s.pages.PagesByIDs(ctx, keys)
	if err != nil {
		return nil, err
	}
	var all []object
	for _, key := range keys {
		p := rows[key]
		if p == nil {
			continue
		}
		link := q.link(permalink.Page, p.Path)
		out := object{"id": p.ID, "slug": p.Slug, "status": "publish", "type": "page", "link": link, "author": 0, "featured_media": 0, "parent": 0, "menu_order": p.Position,
			"comment_status": "closed", "ping_status": "closed", "template": "", "meta": object{}, "lang": p.Language, "title": rendered(html.EscapeString(p.Title)), "guid": rendered(link),
			"content": object{"rendered": permalink.AbsoluteHTML(q.base, p.HTML), "protected": false}, "excerpt": object{"rendered": "", "protected": false}, "_links": q.links("pages", p.ID)}
		if p.ParentID != nil {
			out["parent"] = *p.ParentID
		}
		q.dates(out, "date", p.PublishedAt)
		q.dates(out, "modified", p.UpdatedAt)
		all = append(all, out)
	}
	return all, nil
}

// listFound is the search over all kinds of content: posts alone have an index.
func (s *Service) listFound(ctx context.Context, q *query) ([]object, int, error) {
	if _, err := q.choice("type", "post"); err != nil {
		return nil, 0, err
	}
	if _, err := q.choice("subtype", "any", "post"); err != nil {
		return nil, 0, err
	}
	var f content.Filter
	if err := s.only(ctx, q, &f); err != nil {
		return nil, 0, err
	}
	if f.Keys == nil {
		return []object{}, 0, nil
	}
	rows, err := s.articles.ByIDs(ctx, cut(f.Keys, q))
	if err != nil {
		return nil, 0, err
	}
	var all []object
	for _, key := range cut(f.Keys, q) {
		if a := rows[key]; a != nil {
			all = append(all, object{"id": a.ID, "title": html.EscapeString(a.Title), "url": q.link(permalink.Article, a.Slug), "type": "post", "subtype": "post",
				"_links": object{"self": []object{{"embeddable": true, "href": q.href("posts/" + strconv.Itoa(a.ID))}}}})
		}
	}
	return all, len(f.Keys), nil
}
