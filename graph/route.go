package graph

import (
	"context"
	"net/http"

	"github.com/broadsheet-cms/broadsheet/ent"
	entredirect "github.com/broadsheet-cms/broadsheet/ent/redirect"
	"github.com/broadsheet-cms/broadsheet/graph/model"
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
	redirect, err := r.Pages.Redirect(ctx, clean)
	if err != nil || redirect == nil {
		return nil, err
	}
	if redirect.StatusCode == http.StatusGone {
		return &model.Route{Path: clean, Target: redirect, StatusCode: http.StatusGone}, nil
	}
	location, err := (&redirectResolver{r.Resolver}).Location(ctx, redirect)
	if err != nil || location == nil {
		if err != nil || redirect.TargetID == nil || redirect.TargetType != entredirect.TargetTypeArticle {
			return nil, err
		}
		// Its target is gone or hidden: nothing is there but what readers are told.
		notice, err := r.Newsroom.NoticeOf(ctx, *redirect.TargetID)
		return withdrawn(notice), err
	}
	return &model.Route{Path: clean, Target: redirect, RedirectTo: location, StatusCode: int32(redirect.StatusCode)}, nil
}

// withdrawn is the route to a notice, nil for none.
func withdrawn(notice *newsroom.Notice) *model.Route {
	if notice == nil {
		return nil
	}
	return &model.Route{Path: notice.Path, Target: notice, StatusCode: http.StatusGone}
}

// shownAt finds what a path shows, nil when nothing.
func (r *queryResolver) shownAt(ctx context.Context, kind permalink.Kind, slug string) (model.Node, error) {
	if !searchable(slug) && kind != permalink.Page {
		return nil, nil
	}
	dir, err := r.Directory.Current(ctx)
	if err != nil {
		return nil, err
	}
	switch kind {
	case permalink.Article:
		return nodeOrNil(r.articleBySlug(ctx, slug))
	case permalink.Category:
		return nodeOrNil(dir.Categories.BySlug(slug), nil)
	case permalink.Tag:
		return nodeOrNil(r.Taxonomy.TagBySlug(ctx, slug))
	case permalink.Place:
		return nodeOrNil(dir.Places.BySlug(slug), nil)
	case permalink.Series:
		return nodeOrNil(dir.Series.BySlug(slug), nil)
	case permalink.Author:
		return nodeOrNil(dir.Authors.BySlug(slug), nil)
	case permalink.Page:
		return nodeOrNil(r.Pages.PageByPath(ctx, slug))
	}
	return nil, nil
}

// nodeOrNil keeps a nil row from becoming an interface that is not nil.
func nodeOrNil[T interface {
	comparable
	model.Node
}](row T, err error) (model.Node, error) {
	var none T
	if row == none || err != nil {
		return nil, err
	}
	return row, nil
}

func (r *redirectResolver) Location(ctx context.Context, d *ent.Redirect) (*string, error) {
	if d.TargetID == nil {
		if d.Address == "" { // gone for good
			return nil, nil
		}
		return &d.Address, nil
	}
	target, err := r.target(ctx, string(d.TargetType), *d.TargetID)
	if err != nil || target == nil {
		return nil, err
	}
	url, err := r.absolute(ctx, pathOf(target))
	return &url, err
}
