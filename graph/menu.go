package graph

import (
	"context"

	"github.com/broadsheet-cms/broadsheet/ent/menuitem"
	"github.com/broadsheet-cms/broadsheet/graph/loader"
	"github.com/broadsheet-cms/broadsheet/graph/model"
	"github.com/broadsheet-cms/broadsheet/internal/permalink"
)

// Menu is the field of the same name of Query.
func (r *queryResolver) Menu(ctx context.Context, location model.MenuLocation, language *string) (*loader.Menu, error) {
	dir, err := loader.For(ctx).Dir(ctx)
	if err != nil {
		return nil, err
	}
	return loader.Menus.Find(ctx, "location", string(location), dir.Menu(string(location), orEmpty(language))), nil
}

func (r *menuResolver) Location(_ context.Context, m *loader.Menu) (model.MenuLocation, error) {
	return model.MenuLocation(m.Location), nil
}

// destination is what a link needs to know of its target.
type destination struct{ name, path string }

// placeOf finds name and path of what an item leads to: in the directory, but
// for articles.
func (r *menuItemResolver) placeOf(ctx context.Context, it *loader.MenuItem, language string) (destination, error) {
	if it.TargetType == menuitem.TargetTypeAddress {
		return destination{it.Address, it.Address}, nil
	}
	if it.TargetID == nil {
		return destination{}, nil
	}
	dir, err := it.Links(ctx)
	if err != nil {
		return destination{}, err
	}
	id := *it.TargetID
	switch it.TargetType {
	case menuitem.TargetTypeCategory:
		if c := dir.Categories.ByID(id); c != nil {
			return destination{label(c.Labels, language, c.Name), categoryPath(c.Slug)}, nil
		}
	case menuitem.TargetTypeTag:
		if t := dir.Tag(id); t != nil {
			return destination{label(t.Labels, language, t.Name), permalink.Path(permalink.Tag, t.Slug)}, nil
		}
	case menuitem.TargetTypePlace:
		if p := dir.Places.ByID(id); p != nil {
			return destination{label(p.Labels, language, p.Name), permalink.Path(permalink.Place, p.Slug)}, nil
		}
	case menuitem.TargetTypeSeries:
		if s := dir.Series.ByID(id); s != nil {
			return destination{label(s.Labels, language, s.Name), permalink.Path(permalink.Series, s.Slug)}, nil
		}
	case menuitem.TargetTypeAuthor:
		if a := dir.Authors.ByID(id); a != nil {
			return destination{label(a.Labels, language, a.Name), permalink.Path(permalink.Author, a.Slug)}, nil
		}
	case menuitem.TargetTypePage:
		if p := dir.Page(id); p != nil {
			return destination{p.Title, pagePath(p.Path)}, nil
		}
	case menuitem.TargetTypeArticle:
		a, err := it.Article(ctx)
		if a != nil {
			return destination{a.Title, articlePath(a.Slug)}, err
		}
		return destination{}, err
	}
	return destination{}, nil
}

func (r *menuItemResolver) Label(ctx context.Context, it *loader.MenuItem, language *string) (string, error) {
	if l, ok := it.Labels[orEmpty(language)]; ok && l.Name != "" {
		return l.Name, nil
	}
	if it.Label != "" {
		return it.Label, nil
	}
	p, err := r.placeOf(ctx, it, orEmpty(language))
	return p.name, err
}

func (r *menuItemResolver) URL(ctx context.Context, it *loader.MenuItem) (*string, error) {
	p, err := r.placeOf(ctx, it, "")
	if err != nil || p.path == "" {
		return nil, err
	}
	if it.TargetType == menuitem.TargetTypeAddress {
		return &p.path, nil
	}
	url, err := r.absolute(ctx, p.path)
	return &url, err
}
