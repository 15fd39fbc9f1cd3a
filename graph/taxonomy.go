package graph

import (
	"context"

	"github.com/broadsheet-cms/broadsheet/ent"
	"github.com/broadsheet-cms/broadsheet/ent/author"
	"github.com/broadsheet-cms/broadsheet/ent/place"
	"github.com/broadsheet-cms/broadsheet/ent/schema"
	"github.com/broadsheet-cms/broadsheet/graph/loader"
	"github.com/broadsheet-cms/broadsheet/graph/model"
	"github.com/broadsheet-cms/broadsheet/graph/relay"
	"github.com/broadsheet-cms/broadsheet/internal/content"
	"github.com/broadsheet-cms/broadsheet/internal/directory"
	"github.com/broadsheet-cms/broadsheet/internal/id"
	"github.com/broadsheet-cms/broadsheet/internal/permalink"
	"github.com/broadsheet-cms/broadsheet/internal/taxonomy"
)

// entry finds a row of the directory by the chosen key of a one-of input.
func entry[T comparable](key chosen, prefix string, kind permalink.Kind, table directory.Table[T]) (found T, err error) {
	switch key.name {
	case "id":
		k, err := decodeID("by.id", prefix, key.value)
		return table.ByID(k), err
	case "path":
		clean, ok := permalink.Clean(key.value)
		if of, slug := permalink.Parse(clean); ok && of == kind {
			return table.BySlug(slug), nil
		}
		return found, nil
	}
	return table.BySlug(key.value), nil
}

// label is the name of a thing in a language, else its name.
func label(labels schema.Labels, language, name string) string {
	if l, ok := labels[language]; ok && l.Name != "" {
		return l.Name
	}
	return name
}

// ── Sections ──

// Category is the field of the same name of Query.
func (r *queryResolver) Category(ctx context.Context, by model.CategoryBy) (*ent.Category, error) {
	key, err := oneOf("by", argument{"id", by.ID}, argument{"slug", by.Slug}, argument{"path", by.Path})
	if err != nil {
		return nil, err
	}
	dir, err := r.Directory.Current(ctx)
	if err != nil {
		return nil, err
	}
	return entry(key, id.Category, permalink.Category, dir.Categories)
}

// Categories is the field of the same name of Query.
func (r *queryResolver) Categories(ctx context.Context, topLevel *bool) ([]*ent.Category, error) {
	dir, err := r.Directory.Current(ctx)
	if err != nil {
		return nil, err
	}
	if topLevel != nil && *topLevel {
		return categoryCohort(ctx, dir.Children(0))
	}
	return categoryCohort(ctx, dir.Categories.All)
}

func categoryCohort(ctx context.Context, categories []*ent.Category) ([]*ent.Category, error) {
	loaders, err := loader.For(ctx)
	if err != nil {
		return nil, err
	}
	loaders.Categories.Add(categories)
	if categories == nil {
		categories = []*ent.Category{}
	}
	return categories, nil
}

func categoryPath(c *ent.Category) string { return permalink.Path(permalink.Category, c.Slug) }

func (r *categoryResolver) Label(_ context.Context, c *ent.Category, language string) (string, error) {
	return label(c.Labels, language, c.Name), nil
}

func (r *categoryResolver) Path(_ context.Context, c *ent.Category) (string, error) {
	return categoryPath(c), nil
}

func (r *categoryResolver) URL(ctx context.Context, c *ent.Category) (string, error) {
	return r.absolute(ctx, categoryPath(c))
}

func (r *categoryResolver) Parent(ctx context.Context, c *ent.Category) (*ent.Category, error) {
	if c.ParentID == nil {
		return nil, nil
	}
	dir, err := r.Directory.Current(ctx)
	if err != nil {
		return nil, err
	}
	return dir.Categories.ByID(*c.ParentID), nil
}

// Children are one cohort with the children of the sections listed beside
// their parent, so that latestNews of all of them is one statement.
func (r *categoryResolver) Children(ctx context.Context, c *ent.Category) ([]*ent.Category, error) {
	dir, err := r.Directory.Current(ctx)
	if err != nil {
		return nil, err
	}
	loaders, err := loader.For(ctx)
	if err != nil {
		return nil, err
	}
	children := dir.Children(c.ID)
	var cousins []*ent.Category
	for _, sibling := range loaders.Categories.Of(c) {
		cousins = append(cousins, dir.Children(sibling.ID)...)
	}
	if _, err := categoryCohort(ctx, cousins); err != nil {
		return nil, err
	}
	if children == nil {
		children = []*ent.Category{}
	}
	return children, nil
}

func (r *categoryResolver) Breadcrumbs(ctx context.Context, c *ent.Category) ([]*model.Breadcrumb, error) {
	dir, err := r.Directory.Current(ctx)
	if err != nil {
		return nil, err
	}
	return categoryBreadcrumbs(dir, c.ID, dir.Site.Language), nil
}

func categoryBreadcrumbs(dir *directory.Snapshot, category int, language string) []*model.Breadcrumb {
	crumbs := []*model.Breadcrumb{{Label: dir.Site.Name, URL: permalink.Absolute(dir.Site.URL, "/")}}
	for _, c := range dir.Ancestors(category) {
		crumbs = append(crumbs, &model.Breadcrumb{Label: label(c.Labels, language, c.Name), URL: permalink.Absolute(dir.Site.URL, categoryPath(c))})
	}
	return crumbs
}

func (r *categoryResolver) LatestNews(ctx context.Context, c *ent.Category, first *int32, after *string, last *int32, before *string, language *string) (*relay.Connection[*ent.Article], error) {
	return newsOf(ctx, r.Resolver, content.ByCategory, c, c.ID, relay.Args{First: first, After: after, Last: last, Before: before}, language,
		func(s *loader.Set) *loader.Keyed[loader.News, *ent.Category, []*ent.Article] { return s.CategoryNews })
}

// ── Tags ──

// Tag is the field of the same name of Query.
func (r *queryResolver) Tag(ctx context.Context, by model.TagBy) (*ent.Tag, error) {
	key, err := oneOf("by", argument{"id", by.ID}, argument{"slug", by.Slug})
	if err != nil {
		return nil, err
	}
	if key.name == "id" {
		k, err := decodeID("by.id", id.Tag, key.value)
		if err != nil || k == 0 {
			return nil, err
		}
		found, err := r.Taxonomy.TagsByIDs(ctx, []int{k})
		return found[k], err
	}
	if !searchable(key.value) {
		return nil, nil
	}
	return r.Taxonomy.TagBySlug(ctx, key.value)
}

// Tags is the field of the same name of Query.
func (r *queryResolver) Tags(ctx context.Context, first *int32, after *string, last *int32, before *string) (*relay.Connection[*ent.Tag], error) {
	list := relay.List[*ent.Tag]{
		Name:   listName("tags"),
		Key:    taxonomy.TagKey,
		Beyond: relay.BeyondBy(r.Taxonomy.Tags),
		Count:  r.Taxonomy.CountTags,
	}
	page, err := relay.Page(ctx, relay.Args{First: first, After: after, Last: last, Before: before}, list, r.Taxonomy.Tags)
	if err != nil {
		return nil, err
	}
	loaders, err := loader.For(ctx)
	if err != nil {
		return nil, err
	}
	loaders.Tags.Add(page.Nodes())
	return page, nil
}

func (r *tagResolver) Label(_ context.Context, t *ent.Tag, language string) (string, error) {
	return label(t.Labels, language, t.Name), nil
}

func (r *tagResolver) Path(_ context.Context, t *ent.Tag) (string, error) {
	return permalink.Path(permalink.Tag, t.Slug), nil
}

func (r *tagResolver) LatestNews(ctx context.Context, t *ent.Tag, first *int32, after *string, last *int32, before *string, language *string) (*relay.Connection[*ent.Article], error) {
	return newsOf(ctx, r.Resolver, content.ByTag, t, t.ID, relay.Args{First: first, After: after, Last: last, Before: before}, language,
		func(s *loader.Set) *loader.Keyed[loader.News, *ent.Tag, []*ent.Article] { return s.TagNews })
}

// ── Places ──

// Place is the field of the same name of Query.
func (r *queryResolver) Place(ctx context.Context, by model.PlaceBy) (*ent.Place, error) {
	key, err := oneOf("by", argument{"id", by.ID}, argument{"slug", by.Slug}, argument{"countryCode", by.CountryCode})
	if err != nil {
		return nil, err
	}
	dir, err := r.Directory.Current(ctx)
	if err != nil {
		return nil, err
	}
	if key.name == "countryCode" {
		return dir.Country(key.value), nil
	}
	return entry(key, id.Place, permalink.Place, dir.Places)
}

// Places is the field of the same name of Query.
func (r *queryResolver) Places(ctx context.Context, kind *place.Kind, first *int32, after *string) ([]*ent.Place, error) {
	dir, err := r.Directory.Current(ctx)
	if err != nil {
		return nil, err
	}
	loaders, err := loader.For(ctx)
	if err != nil {
		return nil, err
	}
	places := []*ent.Place{}
	for _, p := range dir.Places.All {
		if kind == nil || p.Kind == *kind {
			places = append(places, p)
		}
	}
	if places, err = page(places, first, after); err != nil {
		return nil, err
	}
	loaders.Places.Add(places)
	return places, nil
}

func (r *placeResolver) Label(_ context.Context, p *ent.Place, language string) (string, error) {
	return label(p.Labels, language, p.Name), nil
}

func (r *placeResolver) Path(_ context.Context, p *ent.Place) (string, error) {
	return permalink.Path(permalink.Place, p.Slug), nil
}

func (r *placeResolver) CountryCode(_ context.Context, p *ent.Place) (*string, error) {
	if p.CountryCode == "" {
		return nil, nil
	}
	return &p.CountryCode, nil
}

func (r *placeResolver) LatestNews(ctx context.Context, p *ent.Place, first *int32, after *string, last *int32, before *string, language *string) (*relay.Connection[*ent.Article], error) {
	return newsOf(ctx, r.Resolver, content.ByPlace, p, p.ID, relay.Args{First: first, After: after, Last: last, Before: before}, language,
		func(s *loader.Set) *loader.Keyed[loader.News, *ent.Place, []*ent.Article] { return s.PlaceNews })
}

// ── Series ──

// Series is the field of the same name of Query.
func (r *queryResolver) Series(ctx context.Context, by model.SeriesBy) (*ent.Series, error) {
	key, err := oneOf("by", argument{"id", by.ID}, argument{"slug", by.Slug})
	if err != nil {
		return nil, err
	}
	dir, err := r.Directory.Current(ctx)
	if err != nil {
		return nil, err
	}
	return entry(key, id.Series, permalink.Series, dir.Series)
}

func (r *seriesResolver) Label(_ context.Context, s *ent.Series, language string) (string, error) {
	return label(s.Labels, language, s.Name), nil
}

func (r *seriesResolver) Path(_ context.Context, s *ent.Series) (string, error) {
	return permalink.Path(permalink.Series, s.Slug), nil
}

func (r *seriesResolver) LatestNews(ctx context.Context, s *ent.Series, first *int32, after *string, last *int32, before *string, language *string) (*relay.Connection[*ent.Article], error) {
	return newsOf(ctx, r.Resolver, content.BySeries, s, s.ID, relay.Args{First: first, After: after, Last: last, Before: before}, language,
		func(s *loader.Set) *loader.Keyed[loader.News, *ent.Series, []*ent.Article] { return s.SeriesNews })
}

// ── Authors ──

// Author is the field of the same name of Query.
func (r *queryResolver) Author(ctx context.Context, by model.AuthorBy) (*ent.Author, error) {
	key, err := oneOf("by", argument{"id", by.ID}, argument{"slug", by.Slug})
	if err != nil {
		return nil, err
	}
	dir, err := r.Directory.Current(ctx)
	if err != nil {
		return nil, err
	}
	return entry(key, id.Author, permalink.Author, dir.Authors)
}

// Authors is the field of the same name of Query.
func (r *queryResolver) Authors(ctx context.Context, kind *author.Kind, first *int32, after *string) ([]*ent.Author, error) {
	dir, err := r.Directory.Current(ctx)
	if err != nil {
		return nil, err
	}
	loaders, err := loader.For(ctx)
	if err != nil {
		return nil, err
	}
	authors := []*ent.Author{}
	for _, a := range dir.Authors.All {
		if kind == nil || a.Kind == *kind {
			authors = append(authors, a)
		}
	}
	if authors, err = page(authors, first, after); err != nil {
		return nil, err
	}
	loaders.Authors.Add(authors)
	return authors, nil
}

func (r *authorResolver) Label(_ context.Context, a *ent.Author, language string) (string, error) {
	return label(a.Labels, language, a.Name), nil
}

func (r *authorResolver) Path(_ context.Context, a *ent.Author) (string, error) {
	return permalink.Path(permalink.Author, a.Slug), nil
}

func (r *authorResolver) Avatar(ctx context.Context, a *ent.Author) (*ent.Media, error) {
	if a.AvatarID == nil {
		return nil, nil
	}
	loaders, err := loader.For(ctx)
	if err != nil {
		return nil, err
	}
	return loaders.Avatar.Load(ctx, a)
}

func (r *authorResolver) LatestNews(ctx context.Context, a *ent.Author, first *int32, after *string, last *int32, before *string, language *string) (*relay.Connection[*ent.Article], error) {
	return newsOf(ctx, r.Resolver, content.ByAuthor, a, a.ID, relay.Args{First: first, After: after, Last: last, Before: before}, language,
		func(s *loader.Set) *loader.Keyed[loader.News, *ent.Author, []*ent.Article] { return s.AuthorNews })
}
