package graph

import (
	"context"

	"github.com/broadsheet-cms/broadsheet/ent/menuitem"
	"github.com/broadsheet-cms/broadsheet/graph/loader"
	"github.com/broadsheet-cms/broadsheet/graph/model"
	"github.com/broadsheet-cms/broadsheet/internal/directory"
	"github.com/broadsheet-cms/broadsheet/internal/permalink"
)

// Menu is the field of the same name of Query.
func (r *queryResolver) Menu(ctx context.Context, location model.MenuLocation, language *string) (*directory.Menu, error) {
	dir, err := r.Directory.Current(ctx)
	if err != nil {
		return nil, err
	}
	m := dir.Menu(string(location), orEmpty(language))
	if m == nil {
		return nil, nil
	}
	loaders, err := loader.For(ctx)
	if err != nil {
		return nil, err
	}
	loaders.MenuItems.Add(flat(m.Items))
	return m, nil
}

func flat(items []*directory.MenuItem) []*directory.MenuItem {
	var all []*directory.MenuItem
	for _, it := range items {
		all = append(append(all, it), flat(it.Children)...)
	}
	return all
}

// shown leaves out items that lead to an article which is not to be seen. All
// other targets were checked when the directory was made.
func shown(ctx context.Context, items []*directory.MenuItem) ([]*directory.MenuItem, error) {
	loaders, err := loader.For(ctx)
	if err != nil {
		return nil, err
	}
	visible := make([]*directory.MenuItem, 0, len(items))
	for _, it := range items {
		if it.TargetType == menuitem.TargetTypeArticle {
			a, err := loaders.MenuArticle.Load(ctx, it)
			if err != nil {
				return nil, err
			}
			if a == nil {
				continue
			}
		}
		visible = append(visible, it)
	}
	return visible, nil
}

func (r *menuResolver) Location(_ context.Context, m *directory.Menu) (model.MenuLocation, error) {
	return model.MenuLocation(m.Location), nil
}

func (r *menuResolver) Items(ctx context.Context, m *directory.Menu) ([]*directory.MenuItem, error) {
	return shown(ctx, m.Items)
}

func (r *menuItemResolver) Children(ctx context.Context, it *directory.MenuItem) ([]*directory.MenuItem, error) {
	return shown(ctx, it.Children)
}

// destination is what a link needs to know of its target.
type destination struct{ name, path string }

// placeOf finds name and path of what an item leads to: in the directory, but
// for articles.
func (r *menuItemResolver) placeOf(ctx context.Context, it *directory.MenuItem, language string) (destination, error) {
	if it.TargetType == menuitem.TargetTypeAddress {
		return destination{it.Address, it.Address}, nil
	}
	if it.TargetID == nil {
		return destination{}, nil
	}
	dir, err := r.Directory.Current(ctx)
	if err != nil {
		return destination{}, err
	}
	id := *it.TargetID
	switch it.TargetType {
	case menuitem.TargetTypeCategory:
		if c := dir.Categories.ByID(id); c != nil {
			return destination{label(c.Labels, language, c.Name), categoryPath(c)}, nil
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
			return destination{p.Title, pagePath(p)}, nil
		}
	case menuitem.TargetTypeArticle:
		loaders, err := loader.For(ctx)
		if err != nil {
			return destination{}, err
		}
		a, err := loaders.MenuArticle.Load(ctx, it)
		if a != nil {
			return destination{a.Title, articlePath(a)}, err
		}
		return destination{}, err
	}
	return destination{}, nil
}

func (r *menuItemResolver) Label(ctx context.Context, it *directory.MenuItem, language *string) (string, error) {
	if l, ok := it.Labels[orEmpty(language)]; ok && l.Name != "" {
		return l.Name, nil
	}
	if it.Label != "" {
		return it.Label, nil
	}
	p, err := r.placeOf(ctx, it, orEmpty(language))
	return p.name, err
}

func (r *menuItemResolver) URL(ctx context.Context, it *directory.MenuItem) (*string, error) {
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

// Target is the thing itself, with all its fields.
func (r *menuItemResolver) Target(ctx context.Context, it *directory.MenuItem) (model.Node, error) {
	if it.TargetID == nil {
		return nil, nil
	}
	loaders, err := loader.For(ctx)
	if err != nil {
		return nil, err
	}
	switch it.TargetType {
	case menuitem.TargetTypeArticle:
		a, err := loaders.MenuArticle.Load(ctx, it)
		a, err = oneArticle(ctx, a, err)
		return nodeOrNil(a, err)
	case menuitem.TargetTypePage:
		return nodeOrNil(loaders.MenuPage.Load(ctx, it))
	}
	return r.target(ctx, string(it.TargetType), *it.TargetID)
}
