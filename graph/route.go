package graph

import (
	"context"
	"net/http"

	"github.com/broadsheet-cms/broadsheet/graph/loader"
	"github.com/broadsheet-cms/broadsheet/graph/model"
	"github.com/broadsheet-cms/broadsheet/internal/access"
	"github.com/broadsheet-cms/broadsheet/internal/id"
	"github.com/broadsheet-cms/broadsheet/internal/newsroom"
	"github.com/broadsheet-cms/broadsheet/internal/permalink"
)

// Route is the field of the same name of Query. What stands at a path wins
// over a redirect from it.
func (r *queryResolver) Route(ctx context.Context, path string) (*model.Route, error) {
	clean, ok := permalink.Clean(path)
	if !ok {
		return nil, nil
	}
	kind, slug := permalink.Parse(clean)
	if kind == permalink.Front {
		// A query is no part of a path, but for the short addresses of WordPress.
		if old, err := r.oldRoute(ctx, clean, path); err != nil || old != nil {
			return old, err
		}
	}
	target, err := r.shownAt(ctx, kind, slug)
	if err != nil {
		return nil, err
	}
	if target != nil {
		return &model.Route{Path: pathOf(target), Target: target, StatusCode: 200}, nil
	}
	if kind == permalink.Article {
		notice, err := r.Newsroom.Notice(ctx, clean)
		if err != nil || notice != nil {
			return withdrawn(notice), err
		}
	}
	found, err := r.Pages.Redirect(ctx, clean)
	if err != nil {
		return nil, err
	}
	redirect := loader.Redirects.Find(ctx, "path", clean, found)
	if redirect == nil {
		if old, err := r.oldRoute(ctx, clean, path); err != nil || old != nil {
			return old, err
		}
		// Where it leads to is gone or hidden, or it never was: nothing is there but
		// what readers are told.
		notice, err := r.Newsroom.NoticeBehind(ctx, clean)
		return withdrawn(notice), err
	}
	if redirect.StatusCode == http.StatusGone {
		return &model.Route{Path: clean, Target: redirect, StatusCode: http.StatusGone}, nil
	}
	location, err := (&redirectResolver{r.Resolver}).Location(ctx, redirect)
	if err != nil {
		return nil, err
	}
	if location == nil {
		notice, err := r.Newsroom.NoticeBehind(ctx, clean)
		return withdrawn(notice), err
	}
	return &model.Route{Path: clean, Target: redirect, RedirectTo: location, StatusCode: int32(redirect.StatusCode)}, nil
}

// oldRoute leads an address of a WordPress site on, nil when it is none.
func (r *queryResolver) oldRoute(ctx context.Context, clean, path string) (*model.Route, error) {
	to, err := r.Feeds.Old(access.With(ctx, access.Viewer{}), path)
	if err != nil || to == nil {
		return nil, err
	}
	return &model.Route{Path: clean, RedirectTo: &to.Location, StatusCode: int32(to.Status)}, nil
}

// withdrawn is the route to a notice, nil for none.
func withdrawn(notice *newsroom.Notice) *model.Route {
	if notice == nil {
		return nil
	}
	return &model.Route{Path: notice.Path, Target: notice, StatusCode: http.StatusGone}
}

// shownAt finds what a path shows, nil when nothing.
func (r *queryResolver) shownAt(ctx context.Context, kind permalink.Kind, slug string) (loader.Node, error) {
	if !searchable(slug) && kind != permalink.Page {
		return nil, nil
	}
	by := chosen{"slug", slug}
	switch kind {
	case permalink.Article:
		return orNil(r.articleBySlug(ctx, slug))
	case permalink.Category:
		return orNil(entry(ctx, loader.Categories, by, id.Category, kind, categories))
	case permalink.Tag:
		return orNil(r.tagBySlug(ctx, slug))
	case permalink.Place:
		return orNil(entry(ctx, loader.Places, by, id.Place, kind, places))
	case permalink.Series:
		return orNil(entry(ctx, loader.AllSeries, by, id.Series, kind, allSeries))
	case permalink.Author:
		return orNil(entry(ctx, loader.Authors, by, id.Author, kind, authors))
	case permalink.Page:
		return orNil(r.pageByPath(ctx, slug))
	}
	return nil, nil
}

// orNil keeps a nil row from becoming an interface that is not nil.
func orNil[T interface {
	comparable
	loader.Node
}](row T, err error) (loader.Node, error) {
	var none T
	if row == none || err != nil {
		return nil, err
	}
	return row, nil
}

// Location is the field of the same name of Redirect.
func (r *redirectResolver) Location(ctx context.Context, d *loader.Redirect) (*string, error) {
	if d.TargetID == nil {
		if d.Address == "" { // gone for good
			return nil, nil
		}
		return &d.Address, nil
	}
	target, err := d.Target(ctx)
	if err != nil || target == nil {
		return nil, err
	}
	url, err := r.absolute(ctx, pathOf(target))
	return &url, err
}
