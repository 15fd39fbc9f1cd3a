package graph

import (
	"context"
	"time"

	"github.com/broadsheet-cms/broadsheet/ent"
	"github.com/broadsheet-cms/broadsheet/ent/article"
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
func (r *queryResolver) Article(ctx context.Context, by model.ArticleBy, at *time.Time) (*ent.Article, error) {
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
			return r.asItWas(ctx, past)
		}
		found, err := r.Articles.ByIDs(ctx, []int{k})
		return oneArticle(ctx, found[k], err)
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
		return r.asItWas(ctx, past)
	}
	return r.articleBySlug(ctx, slug)
}

// articleBySlug finds an article that is about to be shown, body and all.
func (r *Resolver) articleBySlug(ctx context.Context, slug string) (*ent.Article, error) {
	found, err := r.Articles.BySlug(ctx, slug)
	if found == nil || err != nil {
		return nil, err
	}
	a, err := oneArticle(ctx, found.Article, nil)
	if err != nil {
		return nil, err
	}
	loaders, err := loader.For(ctx)
	if err != nil {
		return nil, err
	}
	loaders.BodyHTML.Prime(a, found.HTML)
	loaders.AuthorIDs.Prime(a, found.AuthorIDs)
	loaders.ArticleTags.Prime(a, found.Tags)
	return a, nil
}

func articlePath(a *ent.Article) string { return permalink.Path(permalink.Article, a.Slug) }

func (r *articleResolver) Path(_ context.Context, a *ent.Article) (string, error) {
	return articlePath(a), nil
}

func (r *articleResolver) URL(ctx context.Context, a *ent.Article) (string, error) {
	return r.absolute(ctx, articlePath(a))
}

// absolute puts a path behind the site's address.
func (r *Resolver) absolute(ctx context.Context, path string) (string, error) {
	dir, err := r.Directory.Current(ctx)
	if err != nil {
		return "", err
	}
	return permalink.Absolute(dir.Site.URL, path), nil
}

func (r *articleResolver) CanonicalURL(ctx context.Context, a *ent.Article) (string, error) {
	seo, err := r.Seo(ctx, a)
	if err != nil {
		return "", err
	}
	return seo.CanonicalURL, nil
}

func detail(ctx context.Context, a *ent.Article) (*ent.ArticleDetail, error) {
	loaders, err := loader.For(ctx)
	if err != nil {
		return nil, err
	}
	d, err := loaders.Detail.Load(ctx, a)
	if d == nil && err == nil {
		d = &ent.ArticleDetail{} // an article without a body
	}
	return d, err
}

func (r *articleResolver) Body(ctx context.Context, a *ent.Article) ([]model.ContentBlock, error) {
	d, err := detail(ctx, a)
	if err != nil {
		return nil, err
	}
	return model.Blocks(d.Blocks), nil
}

func (r *articleResolver) BodyHTML(ctx context.Context, a *ent.Article) (string, error) {
	loaders, err := loader.For(ctx)
	if err != nil {
		return "", err
	}
	return loaders.BodyHTML.Load(ctx, a)
}

func (r *articleResolver) BodyText(ctx context.Context, a *ent.Article) (string, error) {
	d, err := detail(ctx, a)
	if err != nil {
		return "", err
	}
	return d.Text, nil
}

func (r *articleResolver) Direction(_ context.Context, a *ent.Article) (model.TextDirection, error) {
	return directionOf(a.Language), nil
}

func (r *articleResolver) UpdatedAt(_ context.Context, a *ent.Article) (*time.Time, error) {
	for _, t := range []*time.Time{a.UpdatedAt, a.PublishedAt} {
		if t != nil {
			return t, nil
		}
	}
	return &a.ModifiedAt, nil
}

func (r *articleResolver) Translations(ctx context.Context, a *ent.Article) ([]*ent.Article, error) {
	if a.TranslationGroup == nil {
		return []*ent.Article{}, nil
	}
	loaders, err := loader.For(ctx)
	if err != nil {
		return nil, err
	}
	return loaders.Translations.Load(ctx, a)
}

func (r *articleResolver) CommentPolicy(_ context.Context, a *ent.Article) (*model.CommentPolicy, error) {
	return &model.CommentPolicy{Mode: a.CommentPolicy, ClosesAt: a.CommentsCloseAt,
		GuestFieldsRequired: a.CommentPolicy == article.CommentPolicyOpen}, nil
}

func (r *articleResolver) PrimaryCategory(ctx context.Context, a *ent.Article) (*ent.Category, error) {
	if a.PrimaryCategoryID == nil {
		return nil, nil
	}
	dir, err := r.Directory.Current(ctx)
	if err != nil {
		return nil, err
	}
	return dir.Categories.ByID(*a.PrimaryCategoryID), nil
}

func (r *articleResolver) Categories(ctx context.Context, a *ent.Article) ([]*ent.Category, error) {
	loaders, err := loader.For(ctx)
	if err != nil {
		return nil, err
	}
	ids, err := loaders.CategoryIDs.Load(ctx, a)
	if err != nil {
		return nil, err
	}
	dir, err := r.Directory.Current(ctx)
	if err != nil {
		return nil, err
	}
	return pick(ids, dir.Categories.ByID), nil
}

// pick gives the rows of the directory with the given keys; what was deleted a
// moment ago is left out.
func pick[T comparable](ids []int, byID func(int) T) []T {
	var none T
	rows := make([]T, 0, len(ids))
	for _, id := range ids {
		if row := byID(id); row != none {
			rows = append(rows, row)
		}
	}
	return rows
}

func (r *articleResolver) Breadcrumbs(ctx context.Context, a *ent.Article) ([]*model.Breadcrumb, error) {
	dir, err := r.Directory.Current(ctx)
	if err != nil {
		return nil, err
	}
	var crumbs []*model.Breadcrumb
	if a.PrimaryCategoryID != nil {
		crumbs = categoryBreadcrumbs(dir, *a.PrimaryCategoryID, a.Language)
	}
	return append(crumbs, &model.Breadcrumb{Label: a.Title, URL: permalink.Absolute(dir.Site.URL, articlePath(a))}), nil
}

func (r *articleResolver) Authors(ctx context.Context, a *ent.Article) ([]*ent.Author, error) {
	loaders, err := loader.For(ctx)
	if err != nil {
		return nil, err
	}
	ids, err := loaders.AuthorIDs.Load(ctx, a)
	if err != nil {
		return nil, err
	}
	dir, err := r.Directory.Current(ctx)
	if err != nil {
		return nil, err
	}
	return pick(ids, dir.Authors.ByID), nil
}

func (r *articleResolver) Byline(ctx context.Context, a *ent.Article) (string, error) {
	d, err := detail(ctx, a)
	if err != nil || d.Byline != "" {
		return d.Byline, err
	}
	authors, err := r.Authors(ctx, a)
	if err != nil {
		return "", err
	}
	return content.Byline(authors, a.Language), nil
}

func (r *articleResolver) Dateline(ctx context.Context, a *ent.Article) (string, error) {
	d, err := detail(ctx, a)
	if err != nil {
		return "", err
	}
	return d.Dateline, nil
}

func (r *articleResolver) Tags(ctx context.Context, a *ent.Article) ([]*ent.Tag, error) {
	loaders, err := loader.For(ctx)
	if err != nil {
		return nil, err
	}
	return loaders.ArticleTags.Load(ctx, a)
}

func (r *articleResolver) Places(ctx context.Context, a *ent.Article) ([]*ent.Place, error) {
	loaders, err := loader.For(ctx)
	if err != nil {
		return nil, err
	}
	ids, err := loaders.PlaceIDs.Load(ctx, a)
	if err != nil {
		return nil, err
	}
	dir, err := r.Directory.Current(ctx)
	if err != nil {
		return nil, err
	}
	return pick(ids, dir.Places.ByID), nil
}

func (r *articleResolver) Series(ctx context.Context, a *ent.Article) (*ent.Series, error) {
	if a.SeriesID == nil {
		return nil, nil
	}
	dir, err := r.Directory.Current(ctx)
	if err != nil {
		return nil, err
	}
	return dir.Series.ByID(*a.SeriesID), nil
}

func (r *articleResolver) FeaturedImage(ctx context.Context, a *ent.Article) (*ent.Media, error) {
	if a.FeaturedMediaID == nil {
		return nil, nil
	}
	loaders, err := loader.For(ctx)
	if err != nil {
		return nil, err
	}
	return loaders.FeaturedImage.Load(ctx, a)
}

func (r *articleResolver) LiveEntries(ctx context.Context, a *ent.Article, first *int32, after *string) ([]*ent.LiveEntry, error) {
	if a.Kind != article.KindLiveBlog {
		return []*ent.LiveEntry{}, nil
	}
	loaders, err := loader.For(ctx)
	if err != nil {
		return nil, err
	}
	return paged[*ent.LiveEntry](first, after)(loaders.LiveEntries.Load(ctx, a))
}

func (r *articleResolver) Seo(ctx context.Context, a *ent.Article) (*model.SEO, error) {
	d, err := detail(ctx, a)
	if err != nil {
		return nil, err
	}
	url, err := r.URL(ctx, a)
	if err != nil {
		return nil, err
	}
	return seo(d.Seo, a.Title, a.Excerpt, url), nil
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

func (r *articleResolver) Rights(ctx context.Context, a *ent.Article) (*schema.Rights, error) {
	d, err := detail(ctx, a)
	if err != nil {
		return nil, err
	}
	return d.Rights, nil
}

func (r *articleResolver) Source(ctx context.Context, a *ent.Article) (*model.ArticleSource, error) {
	d, err := detail(ctx, a)
	if err != nil || a.SourceURI == nil && d.SourceName == "" && d.SourceURL == "" {
		return nil, err
	}
	s := &model.ArticleSource{URI: a.SourceURI, Name: d.SourceName}
	if d.SourceURL != "" {
		s.URL = &d.SourceURL
	}
	return s, nil
}

func neighbours(ctx context.Context, a *ent.Article, scope *content.Scope) (content.Neighbours, error) {
	loaders, err := loader.For(ctx)
	if err != nil {
		return content.Neighbours{}, err
	}
	in := content.WholeSite
	if scope != nil {
		in = *scope
	}
	return loaders.Neighbours.With(in).Load(ctx, a)
}

func (r *articleResolver) Previous(ctx context.Context, a *ent.Article, scope *content.Scope) (*ent.Article, error) {
	n, err := neighbours(ctx, a, scope)
	return n.Previous, err
}

func (r *articleResolver) Next(ctx context.Context, a *ent.Article, scope *content.Scope) (*ent.Article, error) {
	n, err := neighbours(ctx, a, scope)
	return n.Next, err
}

func (r *articleResolver) Comments(ctx context.Context, a *ent.Article, first *int32, after *string, last *int32, before *string, orderBy *model.CommentOrder) (*relay.Connection[*ent.Comment], error) {
	return r.threads(ctx, a, relay.Args{First: first, After: after, Last: last, Before: before}, orderBy)
}

func (r *liveEntryResolver) Body(_ context.Context, e *ent.LiveEntry) ([]model.ContentBlock, error) {
	return model.Blocks(e.Blocks), nil
}

// LatestNews is the field of the same name of Query.
func (r *queryResolver) LatestNews(ctx context.Context, first *int32, after *string, last *int32, before *string, language *string) (*relay.Connection[*ent.Article], error) {
	list, window, err := r.newsList(content.BySite, 0, relay.Args{First: first, After: after, Last: last, Before: before}, language)
	if err != nil {
		return nil, err
	}
	found, err := r.Articles.Latest(ctx, content.List{Language: orEmpty(language)}, []int{0}, relay.Probe(window))
	if err != nil {
		return nil, err
	}
	loaders, err := loader.For(ctx)
	if err != nil {
		return nil, err
	}
	loaders.Articles.Add(found[0])
	return relay.NewConnection(list, window, found[0]), nil
}

// newsList describes one list of news and the window of it that is asked for.
func (r *Resolver) newsList(kind content.ListingKind, owner int, args relay.Args, language *string) (relay.List[*ent.Article], keyset.Window, error) {
	of := content.List{Kind: kind, Language: orEmpty(language)}
	list := relay.List[*ent.Article]{
		Name: listName("latestNews", int(kind), owner, of.Language),
		Key:  content.Key,
		Beyond: func(ctx context.Context, k keyset.Key, behind bool) (bool, error) {
			if behind {
				return r.Articles.HasOlder(ctx, of, owner, k)
			}
			return r.Articles.HasNewer(ctx, of, owner, k)
		},
		Count: func(ctx context.Context, limit int) (int, error) {
			return r.Articles.CountLatest(ctx, of, owner, limit)
		},
	}
	window, err := args.Window(list.Name)
	return list, window, err
}

// newsOf answers the latestNews of one parent together with those of its
// cohort.
func newsOf[T comparable](ctx context.Context, r *Resolver, kind content.ListingKind, parent T, owner int, args relay.Args, language *string,
	loaderOf func(*loader.Set) *loader.Keyed[loader.News, T, []*ent.Article]) (*relay.Connection[*ent.Article], error) {
	list, window, err := r.newsList(kind, owner, args, language)
	if err != nil {
		return nil, err
	}
	loaders, err := loader.For(ctx)
	if err != nil {
		return nil, err
	}
	rows, err := loaderOf(loaders).With(loader.News{Language: orEmpty(language), Window: loader.WindowOf(relay.Probe(window))}).Load(ctx, parent)
	if err != nil {
		return nil, err
	}
	return relay.NewConnection(list, window, rows), nil
}
