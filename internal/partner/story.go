package partner

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/broadsheet-cms/broadsheet/ent"
	"github.com/broadsheet-cms/broadsheet/ent/article"
	"github.com/broadsheet-cms/broadsheet/internal/access"
	"github.com/broadsheet-cms/broadsheet/internal/content"
	"github.com/broadsheet-cms/broadsheet/internal/directory"
	"github.com/broadsheet-cms/broadsheet/internal/id"
	"github.com/broadsheet-cms/broadsheet/internal/ninjs"
	"github.com/broadsheet-cms/broadsheet/internal/permalink"
	"github.com/broadsheet-cms/broadsheet/internal/store"
)

// Story is an article as a partner gets it.
type Story struct {
	ID      int
	Version int
	Item    *ninjs.Item
}

// Available gives those of the articles that a key may have now: published ones
// and, with the scope, those under embargo.
func (s *Service) Available(ctx context.Context, k *Key, ids []int) (map[int]*Story, error) {
	if len(ids) == 0 {
		return nil, nil
	}
	rows := map[int]*ent.Article{}
	if k.Has(Published) || k.Has(Changes) || k.Has(Webhooks) {
		var err error
		if rows, err = s.articles.ByIDs(access.With(ctx, access.Viewer{}), ids); err != nil {
			return nil, err
		}
	}
	ctx = access.AsSystem(ctx)
	if k.Has(Embargoed) {
		held, err := s.db.Ent(ctx).Article.Query().Where(article.IDIn(ids...), article.StatusEQ(article.StatusEmbargoed),
			article.VisibilityEQ(article.VisibilityPublic), article.TrashedAtIsNil()).All(ctx)
		if err != nil {
			return nil, fmt.Errorf("find articles under embargo: %w", err)
		}
		for _, a := range held {
			rows[a.ID] = a
		}
	}
	return s.stories(ctx, k, rows)
}

// Stories gives articles that the viewer of ctx sees as a partner gets them,
// without those that the key is not entitled to; all of them without a key.
func (s *Service) Stories(ctx context.Context, k *Key, articles []*ent.Article) (map[int]*Story, error) {
	rows := make(map[int]*ent.Article, len(articles))
	for _, a := range articles {
		rows[a.ID] = a
	}
	return s.stories(ctx, k, rows)
}

// parts are what stories are made of beside the rows of articles.
type parts struct {
	dir        *directory.Snapshot
	categories map[int][]int
	tags       map[int][]*ent.Tag
	authors    map[int][]int
	places     map[int][]int
	html       map[int]string
	details    map[int]*ent.ArticleDetail
	media      map[int]*ent.Media
}

var versionsSQL = store.MaintainBoth(`SELECT a.id, a.version FROM each_id($1) JOIN articles a ON a.id = each_id.id`)

func (s *Service) stories(ctx context.Context, k *Key, rows map[int]*ent.Article) (map[int]*Story, error) {
	ids := make([]int, 0, len(rows))
	var pictures []int
	for key, a := range rows {
		ids = append(ids, key)
		if a.FeaturedMediaID != nil {
			pictures = append(pictures, *a.FeaturedMediaID)
		}
	}
	if len(ids) == 0 {
		return nil, nil
	}
	slices.Sort(ids)
	var p parts
	var err error
	step := func(do func() error) {
		if err == nil {
			err = do()
		}
	}
	step(func() (err error) { p.dir, err = s.dir.Current(ctx); return err })
	step(func() (err error) { p.categories, err = s.articles.CategoryIDs(ctx, ids); return err })
	step(func() (err error) { p.tags, err = s.articles.Tags(ctx, ids); return err })
	step(func() (err error) { p.authors, err = s.articles.AuthorIDs(ctx, ids); return err })
	step(func() (err error) { p.places, err = s.articles.PlaceIDs(ctx, ids); return err })
	step(func() (err error) { p.html, err = s.articles.BodyHTML(ctx, ids); return err })
	step(func() (err error) { p.details, err = s.articles.Details(ctx, ids); return err })
	step(func() (err error) { p.media, err = s.articles.Media(ctx, pictures); return err })
	var versions map[int]int
	step(func() (err error) { versions, err = store.Counts(ctx, s.db, versionsSQL, s.db.IDs(ids)); return err })
	if err != nil {
		return nil, fmt.Errorf("read stories: %w", err)
	}
	found := make(map[int]*Story, len(rows))
	for key, a := range rows {
		a.Version = versions[key] // readers do not read it
		if k == nil || p.entitled(k, a) {
			found[key] = &Story{ID: key, Version: a.Version, Item: p.item(a)}
		}
	}
	return found, nil
}

// sections are the keys of the sections of an article, with all above them.
func (p *parts) sections(a *ent.Article) []int {
	own := p.categories[a.ID]
	if a.PrimaryCategoryID != nil {
		own = append([]int{*a.PrimaryCategoryID}, own...)
	}
	all := slices.Clone(own)
	for _, c := range own {
		for _, above := range p.dir.Ancestors(c) {
			all = append(all, above.ID)
		}
	}
	return all
}

// entitled reports whether a key may have an article, as far as its entitlement
// goes.
func (p *parts) entitled(k *Key, a *ent.Article) bool {
	e := k.Entitlement
	in := func(wanted, has []int) bool {
		return slices.ContainsFunc(wanted, func(key int) bool { return slices.Contains(has, key) })
	}
	tags := make([]int, len(p.tags[a.ID]))
	for i, t := range p.tags[a.ID] {
		tags[i] = t.ID
	}
	switch {
	case len(e.Categories)+len(e.Tags) > 0 && !in(e.Categories, p.sections(a)) && !in(e.Tags, tags):
		return false
	case len(e.Kinds) > 0 && !slices.Contains(e.Kinds, a.Kind):
		return false
	case len(e.Languages) > 0 && !slices.ContainsFunc(e.Languages, func(l string) bool { return sameLanguage(l, a.Language) }):
		return false
	}
	return !e.OwnRights || p.ownRights(a)
}

// sameLanguage reports whether an article of a language passes for a wanted one:
// en lets en-GB pass.
func sameLanguage(wanted, has string) bool {
	return strings.EqualFold(wanted, has) || len(has) > len(wanted) && has[len(wanted)] == '-' && strings.EqualFold(wanted, has[:len(wanted)])
}

func (p *parts) ownRights(a *ent.Article) bool {
	d := p.details[a.ID]
	if d == nil {
		return true
	}
	return d.SourceName == "" && (d.Rights == nil || d.Rights.Holder == "" || d.Rights.Holder == p.dir.Site.CopyrightHolder)
}

// URI is the name of an article that never changes.
func URI(articleID int) string { return "urn:broadsheet:" + id.Encode(id.Article, articleID) }

// item writes an article as an item of ninjs.
func (p *parts) item(a *ent.Article) *ninjs.Item {
	site := p.dir.Site
	it := &ninjs.Item{
		URI: URI(a.ID), Version: strconv.Itoa(a.Version), Type: "text", RepresentationType: ninjs.Full, PubStatus: ninjs.Usable, Language: a.Language,
		Headlines: []ninjs.Text{{Role: "main", ContentType: "text/plain", Value: a.Title}}, Copyright: ninjs.Copyright{Holder: site.CopyrightHolder},
		FirstCreated: a.CreatedAt.UTC(),
		Renditions:   []ninjs.Rendition{{Name: "web", Href: permalink.Absolute(site.URL, permalink.Path(permalink.Article, a.Slug)), ContentType: "text/html"}},
		Genres:       []ninjs.Entity{{Name: string(a.Kind)}},
	}
	if a.PublishedAt != nil {
		it.FirstCreated, it.VersionCreated = a.PublishedAt.UTC(), a.PublishedAt.UTC()
	}
	if a.FirstPublishedAt != nil {
		it.FirstCreated = a.FirstPublishedAt.UTC()
	}
	if a.UpdatedAt != nil {
		it.VersionCreated = a.UpdatedAt.UTC()
	}
	if a.Status == article.StatusEmbargoed {
		it.PubStatus = ninjs.Withheld
		if a.EmbargoUntil != nil {
			it.EmbargoedUntil = a.EmbargoUntil.UTC()
		}
	}
	if a.Subtitle != "" {
		it.Headlines = append(it.Headlines, ninjs.Text{Role: "subheadline", ContentType: "text/plain", Value: a.Subtitle})
	}
	if a.Excerpt != "" {
		it.Descriptions = []ninjs.Text{{Role: "summary", ContentType: "text/plain", Value: a.Excerpt}}
	}
	if html := p.html[a.ID]; html != "" {
		it.Bodies = []ninjs.Text{{ContentType: "text/html", Value: html}}
	}
	p.names(a, it)
	p.detail(a, it)
	p.picture(a, it)
	return it
}

// names adds whom and what an article is by and about.
func (p *parts) names(a *ent.Article, it *ninjs.Item) {
	link := func(kind permalink.Kind, slug string) string {
		return permalink.Absolute(p.dir.Site.URL, permalink.Path(kind, slug))
	}
	var by []string
	for _, key := range p.authors[a.ID] {
		if author := p.dir.Authors.ByID(key); author != nil {
			by = append(by, author.Name)
			it.People = append(it.People, ninjs.Entity{Name: author.Name, Rel: "author", URI: link(permalink.Author, author.Slug)})
		}
	}
	it.By = strings.Join(by, ", ")
	own := p.categories[a.ID]
	if a.PrimaryCategoryID != nil {
		own = append([]int{*a.PrimaryCategoryID}, own...)
	}
	for _, key := range own {
		if c := p.dir.Categories.ByID(key); c != nil {
			it.Subjects = append(it.Subjects, ninjs.Entity{Name: c.Name, Rel: "category", URI: link(permalink.Category, c.Slug)})
		}
	}
	for _, t := range p.tags[a.ID] {
		it.Subjects = append(it.Subjects, ninjs.Entity{Name: t.Name, Rel: "tag", URI: link(permalink.Tag, t.Slug)})
	}
	for _, key := range p.places[a.ID] {
		if place := p.dir.Places.ByID(key); place != nil {
			it.Places = append(it.Places, ninjs.Place{Entity: ninjs.Entity{Name: place.Name, URI: link(permalink.Place, place.Slug)}})
		}
	}
}

func (p *parts) detail(a *ent.Article, it *ninjs.Item) {
	d := p.details[a.ID]
	if d == nil {
		return
	}
	if d.Byline != "" {
		it.By = d.Byline
	}
	it.Located = d.Dateline
	if d.Rights != nil {
		if d.Rights.Holder != "" {
			it.Copyright.Holder = d.Rights.Holder
		}
		it.Copyright.Notice, it.UsageTerms = d.Rights.Notice, d.Rights.UsageTerms
	}
	if d.SourceName != "" {
		it.InfoSources = []ninjs.Entity{{Name: d.SourceName, Role: "origin", URI: d.SourceURL}}
	}
}

func (p *parts) picture(a *ent.Article, it *ninjs.Item) {
	if a.FeaturedMediaID == nil {
		return
	}
	m := p.media[*a.FeaturedMediaID]
	if m == nil {
		return
	}
	href := permalink.Absolute(p.dir.Site.URL, content.MediaURL(m))
	if href == "" {
		return
	}
	picture := ninjs.Item{URI: "urn:broadsheet:" + id.Encode(id.Media, m.ID), Type: "picture", By: m.Credit,
		Renditions: []ninjs.Rendition{{Name: "full", Href: href, ContentType: m.ContentType, Width: m.Width, Height: m.Height, SizeInBytes: int(m.Size)}}}
	if m.Alt != "" {
		picture.Headlines = []ninjs.Text{{ContentType: "text/plain", Value: m.Alt}}
	}
	if m.Caption != "" {
		picture.Descriptions = []ninjs.Text{{Role: "caption", ContentType: "text/plain", Value: m.Caption}}
	}
	it.Associations = []ninjs.Association{{Name: "featured", Item: picture}}
}
