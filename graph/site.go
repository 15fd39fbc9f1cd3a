package graph

import (
	"context"
	"strconv"

	"github.com/broadsheet-cms/broadsheet/ent"
	"github.com/broadsheet-cms/broadsheet/ent/schema"
	"github.com/broadsheet-cms/broadsheet/graph/loader"
	"github.com/broadsheet-cms/broadsheet/graph/model"
	"github.com/broadsheet-cms/broadsheet/graph/relay"
	"github.com/broadsheet-cms/broadsheet/internal/fault"
	"github.com/broadsheet-cms/broadsheet/internal/id"
	"github.com/broadsheet-cms/broadsheet/internal/keyset"
	"github.com/broadsheet-cms/broadsheet/internal/permalink"
	"github.com/broadsheet-cms/broadsheet/internal/site"
)

// ── Settings ──

// Site is the field of the same name of Query.
func (r *queryResolver) Site(ctx context.Context) (*loader.Site, error) {
	dir, err := loader.For(ctx).Dir(ctx)
	if err != nil {
		return nil, err
	}
	return loader.Sites.One(ctx, dir.Site), nil
}

func (r *siteResolver) URL(_ context.Context, s *loader.Site) (*string, error) {
	if s.URL == "" {
		return nil, nil
	}
	return &s.URL, nil
}

func (r *siteResolver) Direction(_ context.Context, s *loader.Site) (model.TextDirection, error) {
	return directionOf(s.Language), nil
}

func (r *siteResolver) Copyright(_ context.Context, s *loader.Site, year *int32) (string, error) {
	y := r.Articles.Now().Year()
	if year != nil {
		y = int(*year)
	}
	holder := s.CopyrightHolder
	if holder == "" {
		holder = s.Name
	}
	return "© " + strconv.Itoa(y) + " " + holder, nil
}

func (r *siteResolver) Logo(ctx context.Context, s *loader.Site, theme *model.Theme) (*loader.Media, error) {
	return s.LogoFor(ctx, theme != nil && *theme == model.ThemeDark)
}

func (r *siteResolver) Consent(_ context.Context, s *loader.Site, kind model.ConsentKind) (*schema.Consent, error) {
	c, ok := s.Consents[string(kind)]
	if !ok {
		return nil, nil
	}
	return &c, nil
}

// ── Pages ──

// Page is the field of the same name of Query.
func (r *queryResolver) Page(ctx context.Context, by model.PageBy) (*loader.Page, error) {
	key, err := oneOf("by", argument{"id", by.ID}, argument{"slug", by.Slug}, argument{"path", by.Path})
	if err != nil {
		return nil, err
	}
	switch key.name {
	case "id":
		k, err := decodeID("by.id", id.Page, key.value)
		if err != nil || k == 0 {
			return nil, err
		}
		return loader.Pages.ByID(ctx, k)
	case "path":
		clean, ok := permalink.Clean(key.value)
		if !ok {
			return nil, nil
		}
		return r.pageByPath(ctx, clean)
	}
	if !searchable(key.value) {
		return nil, nil
	}
	found, err := r.Pages.PageBySlug(ctx, key.value)
	if err != nil {
		return nil, err
	}
	return loader.Pages.Find(ctx, "slug", key.value, found), nil
}

func (r *Resolver) pageByPath(ctx context.Context, path string) (*loader.Page, error) {
	found, err := r.Pages.PageByPath(ctx, path)
	if err != nil {
		return nil, err
	}
	return loader.Pages.Find(ctx, "path", path, found), nil
}

// StaticPages is the field of the same name of Query.
func (r *queryResolver) StaticPages(ctx context.Context, trashed *bool, first *int32, after *string) ([]*loader.Page, error) {
	found, err := relay.Paged[*ent.Page](first, after)(r.Pages.AllPages(ctx, trashed != nil && *trashed))
	if err != nil {
		return nil, err
	}
	return loader.Pages.List(ctx, loader.Dependency{List: "staticPages"}, found), nil
}

// Redirects is the field of the same name of Query.
func (r *queryResolver) Redirects(ctx context.Context, pathPrefix *string, first *int32, after *string, last *int32, before *string) (*relay.Connection[*loader.Redirect], error) {
	prefix := orEmpty(pathPrefix)
	if prefix != "" && !searchable(prefix) {
		return nil, fault.BadInput("pathPrefix", "This is no beginning of a path.")
	}
	read := func(ctx context.Context, w keyset.Window) ([]*ent.Redirect, error) {
		return r.Pages.Redirects(ctx, prefix, w)
	}
	list := relay.List[*loader.Redirect]{
		Name:   listName("redirects", prefix),
		Key:    func(d *loader.Redirect) keyset.Key { return site.RedirectKey(d.Stored()) },
		Beyond: relay.BeyondBy(read),
		Count:  func(ctx context.Context, limit int) (int, error) { return r.Pages.CountRedirects(ctx, prefix, limit) },
	}
	return relay.Page(ctx, relay.Args{First: first, After: after, Last: last, Before: before}, list, read, func(found []*ent.Redirect) []*loader.Redirect {
		return loader.Redirects.List(ctx, loader.Dependency{List: "redirects"}, found)
	})
}

func pagePath(path string) string { return permalink.Path(permalink.Page, path) }

func (r *pageResolver) Path(_ context.Context, p *loader.Page) (string, error) {
	return pagePath(p.Path), nil
}

func (r *pageResolver) URL(ctx context.Context, p *loader.Page) (string, error) {
	return r.absolute(ctx, pagePath(p.Path))
}

func (r *pageResolver) Direction(_ context.Context, p *loader.Page) (model.TextDirection, error) {
	return directionOf(p.Language), nil
}

func (r *pageResolver) Body(_ context.Context, p *loader.Page) ([]model.ContentBlock, error) {
	return model.Blocks(p.Blocks), nil
}

func (r *pageResolver) Seo(ctx context.Context, p *loader.Page) (*model.SEO, error) {
	url, err := r.URL(ctx, p)
	if err != nil {
		return nil, err
	}
	return seo(p.Seo, p.Title, "", url), nil
}

// ── Ad slots ──

// AdSlots is the field of the same name of Query.
func (r *queryResolver) AdSlots(ctx context.Context, placement model.AdPlacement) ([]*loader.AdSlot, error) {
	dir, err := loader.For(ctx).Dir(ctx)
	if err != nil {
		return nil, err
	}
	return loader.AdSlots.List(ctx, loader.Dependency{List: "adSlots", Filter: string(placement)}, dir.AdSlots(string(placement))), nil
}

func (r *adSlotResolver) Placement(_ context.Context, s *loader.AdSlot) (model.AdPlacement, error) {
	return model.AdPlacement(s.Placement), nil
}

// ── Media ──

func (r *mediaResolver) Width(_ context.Context, m *loader.Media) (*int32, error) {
	return pixels(m.Width), nil
}

func (r *mediaResolver) Height(_ context.Context, m *loader.Media) (*int32, error) {
	return pixels(m.Height), nil
}

func pixels(n int) *int32 {
	if n <= 0 {
		return nil
	}
	p := int32(min(n, 1<<30))
	return &p
}

func (r *mediaResolver) FocalPoint(_ context.Context, m *loader.Media) (*model.FocalPoint, error) {
	if m.FocalX == nil || m.FocalY == nil {
		return nil, nil
	}
	return &model.FocalPoint{X: *m.FocalX, Y: *m.FocalY}, nil
}

// ── Counts ──

func (r *countResolver) Precision(_ context.Context, c *relay.Count) (model.CountPrecision, error) {
	return model.CountPrecision(c.Precision()), nil
}

// ── Outputs ──

// outputsOf are the settings of what other programs read.
func outputsOf(s *loader.Site) schema.Outputs {
	if s.Outputs == nil {
		return schema.Outputs{}
	}
	return *s.Outputs
}

func (r *siteResolver) FeedContent(_ context.Context, s *loader.Site) (model.FeedContent, error) {
	if outputsOf(s).FullText {
		return model.FeedContentFull, nil
	}
	return model.FeedContentExcerpt, nil
}

func (r *siteResolver) RobotsTxt(_ context.Context, s *loader.Site) (string, error) {
	return outputsOf(s).RobotsTxt, nil
}

func (r *siteResolver) AdsTxt(_ context.Context, s *loader.Site) (string, error) {
	return outputsOf(s).AdsTxt, nil
}

func (r *siteResolver) HumansTxt(_ context.Context, s *loader.Site) (string, error) {
	return outputsOf(s).HumansTxt, nil
}
