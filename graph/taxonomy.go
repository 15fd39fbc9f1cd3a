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
	"github.com/broadsheet-cms/broadsheet/internal/keyset"
	"github.com/broadsheet-cms/broadsheet/internal/permalink"
	"github.com/broadsheet-cms/broadsheet/internal/taxonomy"
)

// entry finds a row of the directory by the chosen key of a one-of input.
func entry[T, R any](ctx context.Context, door *loader.Kind[T, R], key chosen, prefix string, kind permalink.Kind, table func(*directory.Snapshot) directory.Table[*T]) (*R, error) {
	dir, err := loader.For(ctx).Dir(ctx)
	if err != nil {
		return nil, err
	}
	slug := key.value
	switch key.name {
	case "id":
		k, err := decodeID("by.id", prefix, key.value)
		if err != nil {
			return nil, err
		}
		return door.ByID(ctx, k)
	case "name":
		return door.FindNamed(ctx, key.value, table(dir).ByName(key.value)), nil
	case "path":
		clean, ok := permalink.Clean(key.value)
		of, rest := permalink.Parse(clean)
		if !ok || of != kind {
			return nil, nil
		}
		slug = rest
	}
	return door.Find(ctx, "slug", slug, table(dir).BySlug(slug)), nil
}

// label is the name of a thing in a language, else its name.
func label(labels schema.Labels, language, name string) string {
	if l, ok := labels[language]; ok && l.Name != "" {
		return l.Name
	}
	return name
}

// ── Sections ──

// The tables of the directory.
func categories(d *directory.Snapshot) directory.Table[*ent.Category] { return d.Categories }
func places(d *directory.Snapshot) directory.Table[*ent.Place]        { return d.Places }
func allSeries(d *directory.Snapshot) directory.Table[*ent.Series]    { return d.Series }
func authors(d *directory.Snapshot) directory.Table[*ent.Author]      { return d.Authors }

// Category is the field of the same name of Query.
func (r *queryResolver) Category(ctx context.Context, by model.CategoryBy) (*loader.Category, error) {
	key, err := oneOf("by", argument{"id", by.ID}, argument{"slug", by.Slug}, argument{"name", by.Name}, argument{"path", by.Path})
	if err != nil {
		return nil, err
	}
	return entry(ctx, loader.Categories, key, id.Category, permalink.Category, categories)
}

// Categories is the field of the same name of Query.
func (r *queryResolver) Categories(ctx context.Context, topLevel *bool) ([]*loader.Category, error) {
	dir, err := loader.For(ctx).Dir(ctx)
	if err != nil {
		return nil, err
	}
	found := dir.Categories.All
	if topLevel != nil && *topLevel {
		found = dir.Children(0)
	}
	return loader.Categories.List(ctx, loader.Dependency{List: "categories"}, found), nil
}

func categoryPath(slug string) string { return permalink.Path(permalink.Category, slug) }

func (r *categoryResolver) Label(_ context.Context, c *loader.Category, language string) (string, error) {
	return label(c.Labels, language, c.Name), nil
}

func (r *categoryResolver) Path(_ context.Context, c *loader.Category) (string, error) {
	return categoryPath(c.Slug), nil
}

func (r *categoryResolver) URL(ctx context.Context, c *loader.Category) (string, error) {
	return r.absolute(ctx, categoryPath(c.Slug))
}

func (r *categoryResolver) Breadcrumbs(ctx context.Context, c *loader.Category) ([]*model.Breadcrumb, error) {
	dir, err := loader.For(ctx).Dir(ctx)
	if err != nil {
		return nil, err
	}
	return categoryBreadcrumbs(ctx, dir, c.ID, dir.Site.Language), nil
}

func categoryBreadcrumbs(ctx context.Context, dir *directory.Snapshot, category int, language string) []*model.Breadcrumb {
	crumbs := []*model.Breadcrumb{{Label: dir.Site.Name, URL: permalink.Absolute(dir.Site.URL, "/")}}
	for _, c := range loader.Categories.Rows(ctx, dir.Ancestors(category)) {
		crumbs = append(crumbs, &model.Breadcrumb{Label: label(c.Labels, language, c.Name), URL: permalink.Absolute(dir.Site.URL, categoryPath(c.Slug))})
	}
	return crumbs
}

func (r *categoryResolver) LatestNews(ctx context.Context, c *loader.Category, first *int32, after *string, last *int32, before *string, language *string) (*relay.Connection[*loader.Article], error) {
	return r.newsOf(ctx, content.ByCategory, c, c.ID, relay.Args{First: first, After: after, Last: last, Before: before}, language)
}

// ── Tags ──

// Tag is the field of the same name of Query.
func (r *queryResolver) Tag(ctx context.Context, by model.TagBy) (*loader.Tag, error) {
	key, err := oneOf("by", argument{"id", by.ID}, argument{"slug", by.Slug}, argument{"name", by.Name})
	if err != nil {
		return nil, err
	}
	switch key.name {
	case "id":
		k, err := decodeID("by.id", id.Tag, key.value)
		if err != nil || k == 0 {
			return nil, err
		}
		return loader.Tags.ByID(ctx, k)
	case "name":
		if !taxonomy.IsName(key.value) {
			return nil, nil
		}
		found, err := r.Taxonomy.TagByName(ctx, key.value)
		if err != nil {
			return nil, err
		}
		return loader.Tags.FindNamed(ctx, key.value, found), nil
	}
	return r.tagBySlug(ctx, key.value)
}

func (r *Resolver) tagBySlug(ctx context.Context, slug string) (*loader.Tag, error) {
	if !searchable(slug) {
		return nil, nil
	}
	found, err := r.Taxonomy.TagBySlug(ctx, slug)
	if err != nil {
		return nil, err
	}
	return loader.Tags.Find(ctx, "slug", slug, found), nil
}

// Tags is the field of the same name of Query.
func (r *queryResolver) Tags(ctx context.Context, first *int32, after *string, last *int32, before *string) (*relay.Connection[*loader.Tag], error) {
	list := relay.List[*loader.Tag]{
		Name:   listName("tags"),
		Key:    func(t *loader.Tag) keyset.Key { return taxonomy.TagKey(t.Stored()) },
		Beyond: relay.BeyondBy(r.Taxonomy.Tags),
		Count:  r.Taxonomy.CountTags,
	}
	return relay.Page(ctx, relay.Args{First: first, After: after, Last: last, Before: before}, list, r.Taxonomy.Tags, func(found []*ent.Tag) []*loader.Tag {
		return loader.Tags.List(ctx, loader.Dependency{List: "tags"}, found)
	})
}

func (r *tagResolver) Label(_ context.Context, t *loader.Tag, language string) (string, error) {
	return label(t.Labels, language, t.Name), nil
}

func (r *tagResolver) Path(_ context.Context, t *loader.Tag) (string, error) {
	return permalink.Path(permalink.Tag, t.Slug), nil
}

// URL is the field of the same name of Tag.
func (r *tagResolver) URL(ctx context.Context, t *loader.Tag) (string, error) {
	return r.absolute(ctx, permalink.Path(permalink.Tag, t.Slug))
}

func (r *tagResolver) LatestNews(ctx context.Context, t *loader.Tag, first *int32, after *string, last *int32, before *string, language *string) (*relay.Connection[*loader.Article], error) {
	return r.newsOf(ctx, content.ByTag, t, t.ID, relay.Args{First: first, After: after, Last: last, Before: before}, language)
}

// ── Places ──

// Place is the field of the same name of Query.
func (r *queryResolver) Place(ctx context.Context, by model.PlaceBy) (*loader.Place, error) {
	key, err := oneOf("by", argument{"id", by.ID}, argument{"slug", by.Slug}, argument{"name", by.Name}, argument{"countryCode", by.CountryCode})
	if err != nil {
		return nil, err
	}
	if key.name == "countryCode" {
		dir, err := loader.For(ctx).Dir(ctx)
		if err != nil {
			return nil, err
		}
		return loader.Places.Find(ctx, "countryCode", key.value, dir.Country(key.value)), nil
	}
	return entry(ctx, loader.Places, key, id.Place, permalink.Place, places)
}

// Places is the field of the same name of Query.
func (r *queryResolver) Places(ctx context.Context, kind *place.Kind, first *int32, after *string) ([]*loader.Place, error) {
	dir, err := loader.For(ctx).Dir(ctx)
	if err != nil {
		return nil, err
	}
	var found []*ent.Place
	for _, p := range dir.Places.All {
		if kind == nil || p.Kind == *kind {
			found = append(found, p)
		}
	}
	found, err = relay.Paged[*ent.Place](first, after)(found, nil)
	if err != nil {
		return nil, err
	}
	return loader.Places.List(ctx, loader.Dependency{List: "places"}, found), nil
}

func (r *placeResolver) Label(_ context.Context, p *loader.Place, language string) (string, error) {
	return label(p.Labels, language, p.Name), nil
}

func (r *placeResolver) Path(_ context.Context, p *loader.Place) (string, error) {
	return permalink.Path(permalink.Place, p.Slug), nil
}

// URL is the field of the same name of Place.
func (r *placeResolver) URL(ctx context.Context, p *loader.Place) (string, error) {
	return r.absolute(ctx, permalink.Path(permalink.Place, p.Slug))
}

func (r *placeResolver) CountryCode(_ context.Context, p *loader.Place) (*string, error) {
	if p.CountryCode == "" {
		return nil, nil
	}
	return &p.CountryCode, nil
}

func (r *placeResolver) LatestNews(ctx context.Context, p *loader.Place, first *int32, after *string, last *int32, before *string, language *string) (*relay.Connection[*loader.Article], error) {
	return r.newsOf(ctx, content.ByPlace, p, p.ID, relay.Args{First: first, After: after, Last: last, Before: before}, language)
}

// ── Series ──

// Series is the field of the same name of Query.
func (r *queryResolver) Series(ctx context.Context, by model.SeriesBy) (*loader.Series, error) {
	key, err := oneOf("by", argument{"id", by.ID}, argument{"slug", by.Slug}, argument{"name", by.Name})
	if err != nil {
		return nil, err
	}
	return entry(ctx, loader.AllSeries, key, id.Series, permalink.Series, allSeries)
}

func (r *seriesResolver) Label(_ context.Context, s *loader.Series, language string) (string, error) {
	return label(s.Labels, language, s.Name), nil
}

func (r *seriesResolver) Path(_ context.Context, s *loader.Series) (string, error) {
	return permalink.Path(permalink.Series, s.Slug), nil
}

// URL is the field of the same name of Series.
func (r *seriesResolver) URL(ctx context.Context, s *loader.Series) (string, error) {
	return r.absolute(ctx, permalink.Path(permalink.Series, s.Slug))
}

func (r *seriesResolver) LatestNews(ctx context.Context, s *loader.Series, first *int32, after *string, last *int32, before *string, language *string) (*relay.Connection[*loader.Article], error) {
	return r.newsOf(ctx, content.BySeries, s, s.ID, relay.Args{First: first, After: after, Last: last, Before: before}, language)
}

// ── Authors ──

// Author is the field of the same name of Query.
func (r *queryResolver) Author(ctx context.Context, by model.AuthorBy) (*loader.Author, error) {
	key, err := oneOf("by", argument{"id", by.ID}, argument{"slug", by.Slug}, argument{"name", by.Name})
	if err != nil {
		return nil, err
	}
	return entry(ctx, loader.Authors, key, id.Author, permalink.Author, authors)
}

// Authors is the field of the same name of Query.
func (r *queryResolver) Authors(ctx context.Context, kind *author.Kind, first *int32, after *string) ([]*loader.Author, error) {
	dir, err := loader.For(ctx).Dir(ctx)
	if err != nil {
		return nil, err
	}
	var found []*ent.Author
	for _, a := range dir.Authors.All {
		if kind == nil || a.Kind == *kind {
			found = append(found, a)
		}
	}
	found, err = relay.Paged[*ent.Author](first, after)(found, nil)
	if err != nil {
		return nil, err
	}
	return loader.Authors.List(ctx, loader.Dependency{List: "authors"}, found), nil
}

func (r *authorResolver) Label(_ context.Context, a *loader.Author, language string) (string, error) {
	return label(a.Labels, language, a.Name), nil
}

func (r *authorResolver) Path(_ context.Context, a *loader.Author) (string, error) {
	return permalink.Path(permalink.Author, a.Slug), nil
}

// URL is the field of the same name of Author.
func (r *authorResolver) URL(ctx context.Context, a *loader.Author) (string, error) {
	return r.absolute(ctx, permalink.Path(permalink.Author, a.Slug))
}

func (r *authorResolver) LatestNews(ctx context.Context, a *loader.Author, first *int32, after *string, last *int32, before *string, language *string) (*relay.Connection[*loader.Article], error) {
	return r.newsOf(ctx, content.ByAuthor, a, a.ID, relay.Args{First: first, After: after, Last: last, Before: before}, language)
}
