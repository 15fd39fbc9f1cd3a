package ingest

import (
	"cmp"
	"context"
	"fmt"
	"net/url"
	"slices"
	"strings"

	"github.com/broadsheet-cms/broadsheet/ent/menuitem"
	"github.com/broadsheet-cms/broadsheet/internal/richtext"
	"github.com/broadsheet-cms/broadsheet/internal/site"
	"github.com/broadsheet-cms/broadsheet/internal/slug"
	"github.com/broadsheet-cms/broadsheet/internal/taxonomy"
	"github.com/broadsheet-cms/broadsheet/internal/wxr"
)

// decoded gives a slug as people read it: WordPress keeps other scripts with
// percent signs.
func decoded(text string) string {
	if plain, err := url.PathUnescape(text); err == nil {
		text = plain
	}
	text = strings.ToLower(strings.TrimSpace(text))
	if !slug.Valid(text) {
		return slug.Make(text)
	}
	return text
}

// words bounds a name.
func words(text string) string { return shorten(tidy(richtext.PlainText(text)), 490) }

func (s *oldSite) addAuthor(a *wxr.Author) {
	name := a.DisplayName
	if name == "" {
		name = strings.TrimSpace(a.First + " " + a.Last)
	}
	s.addPerson(a.Login, cmp.Or(name, a.Login), "")
}

// addGuest takes an author of the plugin Co-Authors Plus, who has no account.
func (s *oldSite) addGuest(it *wxr.Item) {
	login := strings.TrimPrefix(cmp.Or(it.Get("cap-user_login"), it.Name), "cap-")
	s.addPerson(login, cmp.Or(it.Get("cap-display_name"), it.Title, login), it.Get("cap-description"))
}

func (s *oldSite) addPerson(login, name, bio string) {
	login = strings.TrimSpace(login)
	_, known := s.authors[strings.ToLower(login)]
	if name = words(name); login == "" || name == "" || known || len(s.people) >= maxPeople {
		return
	}
	s.authors[strings.ToLower(login)] = 0 // until it is stored
	a := authorOf(name)
	a.Slug, a.Bio = decoded(login), shorten(strings.TrimSpace(richtext.PlainText(bio)), 19_000)
	s.logins, s.people = append(s.logins, login), append(s.people, a)
}

func (s *oldSite) addTerm(t *wxr.Term) {
	if t.Slug == "" {
		t.Slug = slug.Make(t.Name)
	}
	key := termKey{t.Taxonomy, decoded(t.Slug)}
	if key.slug == "" || t.Taxonomy == "" {
		return
	}
	if t.ID > 0 {
		s.termIDs[t.ID] = key
	}
	if t.Taxonomy == "nav_menu" {
		s.menu(key.slug, t.Name)
		return
	}
	// Each file of an export has all terms in its head.
	if _, known := s.keys[key]; known || len(s.terms) >= maxTermsHeld {
		return
	}
	if !isSubject(t.Taxonomy) {
		s.keys[key] = 0
		countName(&s.otherTerms, "terms of the taxonomy "+t.Taxonomy+": left out", 1)
		return
	}
	s.keys[key] = 0 // until it is stored
	s.terms = append(s.terms, t)
}

// isSubject tells the taxonomies that say what a post is about from those that
// the software needs for itself.
func isSubject(taxonomy string) bool {
	switch taxonomy {
	case "", "nav_menu", "post_format", "author", "link_category", "language", "post_translations", "term_language", "term_translations",
		"wp_theme", "wp_template_part_area", "wp_pattern_category", "following_users", "ef_usergroup", "translation_priority":
		return false
	}
	return true
}

// storeTerms stores authors, sections and tags that are missing.
func (in *wxrImport) storeTerms(ctx context.Context, s *oldSite) error {
	return in.DB.Tx(ctx, func(ctx context.Context) error {
		before, err := in.things(ctx)
		if err != nil {
			return err
		}
		for start := 0; start < len(s.people); start += 200 {
			end := min(start+200, len(s.people))
			ids, err := in.Taxonomy.EnsureAuthors(ctx, s.people[start:end]...)
			if err != nil {
				return err
			}
			for i, key := range ids {
				s.authors[strings.ToLower(s.logins[start+i])] = key
			}
		}
		sections, tags, err := in.storeSubjects(ctx, s)
		if err != nil {
			return err
		}
		after, err := in.things(ctx)
		if err != nil || in.report.Surveyed {
			return err
		}
		for i, t := range []struct {
			name string
			read int
		}{{"author", len(s.people)}, {"section", sections}, {"tag", tags}} {
			if t.read > 0 {
				row := tally(&in.report.Things, t.name, "")
				row.Read += t.read
				row.Created += after[i] - before[i]
				row.Unchanged += max(t.read-(after[i]-before[i]), 0)
			}
		}
		s.terms = nil
		for name, n := range s.otherTerms {
			countName(&in.report.Marks, name, n)
		}
		return in.addRedirects(ctx, s.termRedirects())
	})
}

// things counts authors, sections and tags, to tell what was made.
func (in *wxrImport) things(ctx context.Context) (n [3]int, err error) {
	client := in.DB.Ent(ctx)
	if n[0], err = client.Author.Query().Count(ctx); err != nil {
		return n, err
	}
	if n[1], err = client.Category.Query().Count(ctx); err != nil {
		return n, err
	}
	n[2], err = client.Tag.Query().Count(ctx)
	return n, err
}

func (in *wxrImport) storeSubjects(ctx context.Context, s *oldSite) (sections, tags int, err error) {
	byslug := map[string]*wxr.Term{}
	var order []string
	var words []*wxr.Term
	for _, t := range s.terms {
		key := decoded(t.Slug)
		switch {
		case t.Taxonomy != "category":
			words = append(words, t)
		case byslug[key] == nil:
			byslug[key], order = t, append(order, key)
		}
	}
	for len(order) > 0 {
		var now, later []string
		for _, key := range order {
			t := byslug[key]
			parent := decoded(t.Parent)
			switch {
			case t.Parent == "" || s.keys[termKey{"category", parent}] != 0:
				now = append(now, key)
			case byslug[parent] == nil:
				in.orphan(t, "the section above, %q, is not there: put at the top", t.Parent)
				now = append(now, key)
			default:
				later = append(later, key)
			}
		}
		if len(now) == 0 { // a circle: one of it stands at the top
			t := byslug[later[0]]
			in.orphan(t, "the section lies in itself: put at the top", "")
			t.Parent = ""
			continue
		}
		for chunk := range slices.Chunk(now, 200) {
			specs := make([]taxonomy.Category, len(chunk))
			for i, key := range chunk {
				specs[i] = s.category(byslug[key], key)
			}
			ids, err := in.Taxonomy.EnsureCategories(ctx, specs...)
			if err != nil {
				return 0, 0, err
			}
			for i, key := range chunk {
				s.keys[termKey{"category", key}] = ids[i]
				s.ways[key] = strings.TrimPrefix(s.ways[decoded(byslug[key].Parent)]+"/"+key, "/")
			}
		}
		order = later
	}
	for chunk := range slices.Chunk(words, 200) {
		specs := make([]taxonomy.Tag, len(chunk))
		for i, t := range chunk {
			specs[i] = s.tag(t.Taxonomy, decoded(t.Slug), t.Name, t.Description)
			if t.Parent != "" && !in.report.Surveyed {
				countName(&in.report.Marks, "terms whose place below another was left out", 1)
			}
		}
		ids, err := in.Taxonomy.EnsureTags(ctx, specs...)
		if err != nil {
			return 0, 0, err
		}
		for i, t := range chunk {
			s.keys[termKey{t.Taxonomy, decoded(t.Slug)}] = ids[i]
		}
	}
	return len(byslug), len(words), nil
}

func (in *wxrImport) orphan(t *wxr.Term, format, arg string) {
	if in.report.Surveyed {
		return
	}
	message := format
	if arg != "" {
		message = fmt.Sprintf(format, arg)
	}
	in.report.note(position{t.Position.Index, t.Position.Line, t.Position.Offset}, reasonNoParent, "section "+t.Slug, "%s", message)
}

func (s *oldSite) category(t *wxr.Term, key string) taxonomy.Category {
	c := taxonomy.Category{Name: cmp.Or(words(t.Name), key), Slug: key, Description: shorten(strings.TrimSpace(richtext.PlainText(t.Description)), 19_000)}
	if parent := s.keys[termKey{"category", decoded(t.Parent)}]; parent != 0 && t.Parent != "" {
		c.Parent = &parent
	}
	return c
}

// tag makes a tag of a term. Those of other taxonomies than that of tags have
// it as their scheme.
func (s *oldSite) tag(kind, key, name, description string) taxonomy.Tag {
	t := taxonomy.Tag{Name: cmp.Or(words(name), key), Slug: key, Description: shorten(strings.TrimSpace(richtext.PlainText(description)), 19_000)}
	if kind != "post_tag" {
		t.Scheme = shorten(tidy(kind), 100)
	}
	return t
}

// ensureRefs gives the keys of the terms of posts, making those that the head
// of the file did not name.
func (in *wxrImport) ensureRefs(ctx context.Context, s *oldSite, refs []wxr.TermRef) error {
	var categories []taxonomy.Category
	var tags []taxonomy.Tag
	var categoryKeys, tagKeys []termKey
	for _, r := range refs {
		key := termKey{r.Domain, decoded(cmp.Or(r.Slug, r.Name))}
		if !isSubject(r.Domain) || key.slug == "" || s.keys[key] != 0 || slices.Contains(categoryKeys, key) || slices.Contains(tagKeys, key) {
			continue
		}
		if r.Domain == "category" {
			categories, categoryKeys = append(categories, taxonomy.Category{Name: cmp.Or(words(r.Name), key.slug), Slug: key.slug}), append(categoryKeys, key)
		} else {
			tags, tagKeys = append(tags, s.tag(r.Domain, key.slug, r.Name, "")), append(tagKeys, key)
		}
	}
	ids, err := in.Taxonomy.EnsureCategories(ctx, categories...)
	if err != nil {
		return err
	}
	in.remember(s, categoryKeys, ids)
	if ids, err = in.Taxonomy.EnsureTags(ctx, tags...); err != nil {
		return err
	}
	in.remember(s, tagKeys, ids)
	var redirects []site.Redirect
	for _, key := range slices.Concat(categoryKeys, tagKeys) {
		redirects = append(redirects, s.redirectsOf(key)...)
	}
	return in.addRedirects(ctx, redirects)
}

// remember keeps keys for the items to come, unless the transaction in which
// they were made is taken back.
func (in *wxrImport) remember(s *oldSite, keys []termKey, ids []int) {
	for i, key := range keys {
		s.keys[key] = ids[i]
		in.undo = append(in.undo, func() { delete(s.keys, key) })
	}
}

// redirectsOf lead from where WordPress shows a section or tag, unless its settings say otherwise,
// to where it is now.
func (s *oldSite) redirectsOf(key termKey) []site.Redirect {
	id, root := s.keys[key], strings.TrimRight(s.base.Path, "/")
	if id == 0 || !isSubject(key.taxonomy) {
		return nil
	}
	target := site.Target{Type: menuitem.TargetTypeTag, ID: id}
	switch key.taxonomy {
	case "category":
		target.Type = menuitem.TargetTypeCategory
		all := []site.Redirect{{Path: root + "/category/" + key.slug, Target: target}}
		if way := s.ways[key.slug]; way != "" && way != key.slug {
			all = append(all, site.Redirect{Path: root + "/category/" + way, Target: target})
		}
		return all
	case "post_tag":
		return []site.Redirect{{Path: root + "/tag/" + key.slug, Target: target}}
	}
	if !slug.Valid(key.taxonomy) {
		return nil
	}
	return []site.Redirect{{Path: root + "/" + key.taxonomy + "/" + key.slug, Target: target}}
}

func (s *oldSite) authorRedirects(login string, id int) []site.Redirect {
	if login = decoded(login); login == "" || id == 0 {
		return nil
	}
	return []site.Redirect{{Path: strings.TrimRight(s.base.Path, "/") + "/author/" + login, Target: site.Target{Type: menuitem.TargetTypeAuthor, ID: id}}}
}

func (s *oldSite) termRedirects() []site.Redirect {
	var all []site.Redirect
	for key := range s.keys {
		all = append(all, s.redirectsOf(key)...)
	}
	for login, id := range s.authors {
		all = append(all, s.authorRedirects(login, id)...)
	}
	return all
}
