package graph

import (
	"context"
	"time"

	"github.com/broadsheet-cms/broadsheet/ent"
	"github.com/broadsheet-cms/broadsheet/ent/schema"
	"github.com/broadsheet-cms/broadsheet/graph/loader"
	"github.com/broadsheet-cms/broadsheet/graph/model"
	"github.com/broadsheet-cms/broadsheet/graph/relay"
	"github.com/broadsheet-cms/broadsheet/internal/access"
	"github.com/broadsheet-cms/broadsheet/internal/content"
	"github.com/broadsheet-cms/broadsheet/internal/id"
	"github.com/broadsheet-cms/broadsheet/internal/keyset"
	"github.com/broadsheet-cms/broadsheet/internal/permalink"
)

// Article is the field of the same name of Query.
func (r *queryResolver) Article(ctx context.Context, by model.ArticleBy, at *time.Time) (*loader.Article, error) {
	key, err := oneOf("by", argument{"id", by.ID}, argument{"slug", by.Slug}, argument{"path", by.Path})
	if err != nil {
		return nil, err
	}
	if at != nil {
		// A directive guards a field, and this is an argument of one.
		if err := access.Require(ctx, access.ReadNewsroom); err != nil {
			return nil, err
		}
	}
	slug := key.value
	switch key.name {
	case "id":
		k, err := decodeID("by.id", id.Article, key.value)
		if err != nil || k == 0 {
			return nil, err
		}
		if at != nil {
			past, err := r.Newsroom.LiveAt(ctx, k, "", *at)
			if err != nil {
				return nil, err
			}
			return r.articleAt(ctx, past)
		}
		return loader.Articles.ByID(ctx, k)
	case "path":
		clean, ok := permalink.Clean(key.value)
		kind, rest := permalink.Parse(clean)
		if !ok || kind != permalink.Article {
			return nil, nil
		}
		slug = rest
	}
	if !searchable(slug) {
		return nil, nil
	}
	if at != nil {
		past, err := r.Newsroom.LiveAt(ctx, 0, slug, *at)
		if err != nil {
			return nil, err
		}
		return r.articleAt(ctx, past)
	}
	return r.articleBySlug(ctx, slug)
}

// articleBySlug finds an article that is about to be shown, body and all.
func (r *Resolver) articleBySlug(ctx context.Context, slug string) (*loader.Article, error) {
	found, err := r.Articles.BySlug(ctx, slug)
	if err != nil {
		return nil, err
	}
	if found == nil {
		return loader.Articles.Find(ctx, "slug", slug, nil), nil
	}
	a := loader.Articles.Find(ctx, "slug", slug, found.Article)
	a.Knows(loader.Known{HTML: found.HTML, Authors: found.AuthorIDs, Tags: found.Tags})
	return a, nil
}

func articlePath(slug string) string { return permalink.Path(permalink.Article, slug) }

func (r *articleResolver) Path(_ context.Context, a *loader.Article) (string, error) {
	return articlePath(a.Slug), nil
}

func (r *articleResolver) URL(ctx context.Context, a *loader.Article) (string, error) {
	return r.absolute(ctx, articlePath(a.Slug))
}

// absolute puts a path behind the site's address.
func (r *Resolver) absolute(ctx context.Context, path string) (string, error) {
	dir, err := loader.For(ctx).Dir(ctx)
	if err != nil {
		return "", err
	}
	return permalink.Absolute(dir.Site.URL, path), nil
}

func (r *articleResolver) CanonicalURL(ctx context.Context, a *loader.Article) (string, error) {
	seo, err := r.Seo(ctx, a)
	if err != nil {
		return "", err
	}
	return seo.CanonicalURL, nil
}

func (r *articleResolver) Body(ctx context.Context, a *loader.Article) ([]model.ContentBlock, error) {
	d, err := a.Detail(ctx)
	if err != nil {
		return nil, err
	}
	return model.Blocks(d.Blocks), nil
}

func (r *articleResolver) BodyText(ctx context.Context, a *loader.Article) (string, error) {
	d, err := a.Detail(ctx)
	if err != nil {
		return "", err
	}
	return d.Text, nil
}

func (r *articleResolver) Direction(_ context.Context, a *loader.Article) (model.TextDirection, error) {
	return directionOf(a.Language), nil
}

func (r *articleResolver) UpdatedAt(_ context.Context, a *loader.Article) (*time.Time, error) {
	for _, t := range []*time.Time{a.UpdatedAt, a.PublishedAt} {
		if t != nil {
			return t, nil
		}
	}
	return &a.ModifiedAt, nil
}

func (r *articleResolver) Breadcrumbs(ctx context.Context, a *loader.Article) ([]*model.Breadcrumb, error) {
	dir, err := loader.For(ctx).Dir(ctx)
	if err != nil {
		return nil, err
	}
	var crumbs []*model.Breadcrumb
	if a.PrimaryCategoryID != nil {
		crumbs = categoryBreadcrumbs(ctx, dir, *a.PrimaryCategoryID, a.Language)
	}
	return append(crumbs, &model.Breadcrumb{Label: a.Title, URL: permalink.Absolute(dir.Site.URL, articlePath(a.Slug))}), nil
}

func (r *articleResolver) Byline(ctx context.Context, a *loader.Article) (string, error) {
	d, err := a.Detail(ctx)
	if err != nil || d.Byline != "" {
		return d.Byline, err
	}
	shown, err := a.Authors(ctx)
	if err != nil {
		return "", err
	}
	authors := make([]*ent.Author, len(shown))
	for i, author := range shown {
		authors[i] = author.Stored()
	}
	return content.Byline(authors, a.Language), nil
}

func (r *articleResolver) Dateline(ctx context.Context, a *loader.Article) (string, error) {
	d, err := a.Detail(ctx)
	if err != nil {
		return "", err
	}
	return d.Dateline, nil
}

func (r *articleResolver) Seo(ctx context.Context, a *loader.Article) (*model.SEO, error) {
	d, err := a.Detail(ctx)
	if err != nil {
		return nil, err
	}
	url, err := r.URL(ctx, a)
	if err != nil {
		return nil, err
	}
	said := seo(d.Seo, a.Title, a.Excerpt, url)
	said.Of = a
	return said, nil
}

// seo fills what was not said with the visible words.
func seo(said *schema.SEO, title, description, url string) *model.SEO {
	s := &model.SEO{Title: title, Description: description, CanonicalURL: url}
	if said == nil {
		return s
	}
	if said.Title != "" {
		s.Title = said.Title
	}
	if said.Description != "" {
		s.Description = said.Description
	}
	if said.CanonicalURL != "" {
		s.CanonicalURL = said.CanonicalURL
	}
	s.NoIndex = said.NoIndex
	return s
}

func (r *articleResolver) Rights(ctx context.Context, a *loader.Article) (*schema.Rights, error) {
	d, err := a.Detail(ctx)
	if err != nil {
		return nil, err
	}
	return d.Rights, nil
}

func (r *articleResolver) Source(ctx context.Context, a *loader.Article) (*model.ArticleSource, error) {
	d, err := a.Detail(ctx)
	if err != nil || a.SourceURI == nil && d.SourceName == "" && d.SourceURL == "" {
		return nil, err
	}
	s := &model.ArticleSource{URI: a.SourceURI, Name: d.SourceName}
	if d.SourceURL != "" {
		s.URL = &d.SourceURL
	}
	return s, nil
}

func (r *liveEntryResolver) Body(_ context.Context, e *loader.LiveEntry) ([]model.ContentBlock, error) {
	return model.Blocks(e.Blocks), nil
}

// LatestNews is the field of the same name of Query.
func (r *queryResolver) LatestNews(ctx context.Context, first *int32, after *string, last *int32, before *string, language *string) (*relay.Connection[*loader.Article], error) {
	of := content.List{Language: orEmpty(language)}
	return relay.Page(ctx, relay.Args{First: first, After: after, Last: last, Before: before}, r.newsList(of, 0, func(ctx context.Context, limit int) (int, error) {
		counts, err := r.Articles.CountLatest(ctx, of, []int{0}, limit)
		return counts[0], err
	}), func(ctx context.Context, w keyset.Window) ([]*ent.Article, error) {
		found, err := r.Articles.Latest(ctx, of, []int{0}, w)
		return found[0], err
	}, func(found []*ent.Article) []*loader.Article {
		return loader.Articles.List(ctx, loader.Dependency{List: "latestNews", Filter: of.Language}, found)
	})
}

// newsList describes one list of news.
func (r *Resolver) newsList(of content.List, owner int, count func(context.Context, int) (int, error)) relay.List[*loader.Article] {
	return relay.List[*loader.Article]{
		Name: listName("latestNews", int(of.Kind), owner, of.Language),
		Key:  func(a *loader.Article) keyset.Key { return content.Key(a.Stored()) },
		Beyond: func(ctx context.Context, k keyset.Key, behind bool) (bool, error) {
			if behind {
				return r.Articles.HasOlder(ctx, of, owner, k)
			}
			return r.Articles.HasNewer(ctx, of, owner, k)
		},
		Count: count,
	}
}

// owner is a row with news of its own, such as a section.
type owner interface {
	News(ctx context.Context, language string, w keyset.Window) (relay.Rows[*loader.Article], error)
	CountNews(ctx context.Context, language string, limit int) (int, error)
}

// newsOf answers the latestNews of a row.
func (r *Resolver) newsOf(ctx context.Context, kind content.ListingKind, of owner, key int, args relay.Args, language *string) (*relay.Connection[*loader.Article], error) {
	in := content.List{Kind: kind, Language: orEmpty(language)}
	list := r.newsList(in, key, func(ctx context.Context, limit int) (int, error) { return of.CountNews(ctx, in.Language, limit) })
	window, err := args.Window(list.Name)
	if err != nil {
		return nil, err
	}
	page, err := of.News(ctx, in.Language, window)
	if err != nil {
		return nil, err
	}
	return relay.NewConnection(list, window, page), nil
}
