package site

import (
	"context"
	"fmt"

	"github.com/broadsheet-cms/broadsheet/ent"
	"github.com/broadsheet-cms/broadsheet/ent/menu"
	"github.com/broadsheet-cms/broadsheet/ent/menuitem"
	"github.com/broadsheet-cms/broadsheet/ent/redirect"
	"github.com/broadsheet-cms/broadsheet/internal/access"
	"github.com/broadsheet-cms/broadsheet/internal/audit"
	"github.com/broadsheet-cms/broadsheet/internal/event"
	"github.com/broadsheet-cms/broadsheet/internal/fault"
	"github.com/broadsheet-cms/broadsheet/internal/id"
	"github.com/broadsheet-cms/broadsheet/internal/permalink"
)

// entities give the prefix of the public ids of what links lead to.
var entities = map[menuitem.TargetType]string{
	menuitem.TargetTypeCategory: id.Category, menuitem.TargetTypeTag: id.Tag, menuitem.TargetTypePage: id.Page, menuitem.TargetTypeArticle: id.Article,
	menuitem.TargetTypeAuthor: id.Author, menuitem.TargetTypePlace: id.Place, menuitem.TargetTypeSeries: id.Series,
}

// TargetOf gives the target for a thing of this site by the prefix of its public
// id, false for what has no page.
func TargetOf(entity string, key int) (Target, bool) {
	for kind, prefix := range entities {
		if prefix == entity && key > 0 {
			return Target{Type: kind, ID: key}, true
		}
	}
	return Target{}, false
}

// checkThere refuses a target that is not there. What is hidden is there: links
// to it show up with it.
func (e *Editor) checkThere(ctx context.Context, field string, t Target) error {
	if entities[t.Type] == "" {
		return nil
	}
	client := e.s.db.Ent(ctx)
	var err error
	switch t.Type {
	case menuitem.TargetTypeCategory:
		_, err = client.Category.Get(ctx, t.ID)
	case menuitem.TargetTypeTag:
		_, err = client.Tag.Get(ctx, t.ID)
	case menuitem.TargetTypePage:
		_, err = client.Page.Get(ctx, t.ID)
	case menuitem.TargetTypeArticle:
		_, err = client.Article.Get(ctx, t.ID)
	case menuitem.TargetTypeAuthor:
		_, err = client.Author.Get(ctx, t.ID)
	case menuitem.TargetTypePlace:
		_, err = client.Place.Get(ctx, t.ID)
	case menuitem.TargetTypeSeries:
		_, err = client.Series.Get(ctx, t.ID)
	}
	return missing(err, field+"targetId", "thing")
}

// ── Menus ──

type menuState struct {
	Location string      `json:"location"`
	Language string      `json:"language,omitempty"`
	Name     string      `json:"name,omitempty"`
	Items    []itemState `json:"items"`
}

type itemState struct {
	Label   string      `json:"label,omitempty"`
	Target  string      `json:"targetId,omitempty"`
	Address string      `json:"address,omitempty"`
	Items   []itemState `json:"items,omitempty"`
}

// stateOfMenu reads a menu as the record of who did what keeps it.
func (e *Editor) stateOfMenu(ctx context.Context, m *ent.Menu) (menuState, error) {
	items, err := e.s.db.Ent(ctx).MenuItem.Query().Where(menuitem.MenuID(m.ID)).Order(menuitem.ByPosition(), menuitem.ByID()).All(ctx)
	if err != nil {
		return menuState{}, fmt.Errorf("read a menu: %w", err)
	}
	below := map[int][]*ent.MenuItem{}
	for _, it := range items {
		parent := 0
		if it.ParentID != nil {
			parent = *it.ParentID
		}
		below[parent] = append(below[parent], it)
	}
	var tree func(parent, depth int) []itemState
	tree = func(parent, depth int) []itemState {
		if depth > maxMenuDepth {
			return nil
		}
		states := make([]itemState, len(below[parent]))
		for i, it := range below[parent] {
			states[i] = itemState{it.Label, id.EncodeSet(entities[it.TargetType], it.TargetID), it.Address, tree(it.ID, depth+1)}
		}
		return states
	}
	return menuState{m.Location, m.Language, m.Name, tree(0, 1)}, nil
}

// SaveMenu stores the menu of a location and language, whole.
func (e *Editor) SaveMenu(ctx context.Context, m Menu) (saved *ent.Menu, err error) {
	err = e.edit(ctx, access.ManagePages, "menu", func(ctx context.Context) error {
		entry := audit.Entry{Action: "saveMenu", Entity: id.Menu}
		old, err := e.s.db.Ent(ctx).Menu.Query().Where(menu.Location(m.Location), menu.Language(m.Language)).Only(ctx)
		if err == nil {
			entry.Before, err = e.stateOfMenu(ctx, old)
		}
		if err != nil && !ent.IsNotFound(err) {
			return err
		}
		if err := e.checkItemsThere(ctx, "items", m.Items, 1); err != nil {
			return err
		}
		if saved, err = e.s.SaveMenu(ctx, m); err != nil {
			return err
		}
		entry.EntityID = saved.ID
		if entry.After, err = e.stateOfMenu(ctx, saved); err != nil {
			return err
		}
		return e.audit.Record(ctx, entry)
	})
	return saved, err
}

func (e *Editor) checkItemsThere(ctx context.Context, field string, items []MenuItem, depth int) error {
	if depth > maxMenuDepth || len(items) > maxMenuItems {
		return nil // which SaveMenu says better
	}
	for i, it := range items {
		here := fmt.Sprintf("%s[%d].", field, i)
		if err := e.checkThere(ctx, here, it.Target); err != nil {
			return err
		}
		if err := e.checkItemsThere(ctx, here+"items", it.Children, depth+1); err != nil {
			return err
		}
	}
	return nil
}

// DeleteMenu takes a menu with its items away.
func (e *Editor) DeleteMenu(ctx context.Context, key int) error {
	return e.edit(ctx, access.ManagePages, "menu", func(ctx context.Context) error {
		client := e.s.db.Ent(ctx)
		old, err := client.Menu.Get(ctx, key)
		if err != nil {
			return missing(err, "id", "menu")
		}
		before, err := e.stateOfMenu(ctx, old)
		if err != nil {
			return err
		}
		if err := client.Menu.DeleteOne(old).Exec(ctx); err != nil {
			return err
		}
		if err := e.s.log.Append(ctx, event.Event{Action: event.Deleted, Entity: id.Menu, EntityID: key}); err != nil {
			return err
		}
		return e.audit.Record(ctx, audit.Entry{Action: "deleteMenu", Entity: id.Menu, EntityID: key, Before: before})
	})
}

// ── Redirects ──

type redirectState struct {
	Path       string `json:"path"`
	Target     string `json:"targetId,omitempty"`
	Address    string `json:"address,omitempty"`
	StatusCode int    `json:"statusCode"`
}

func stateOfRedirect(r *ent.Redirect) redirectState {
	return redirectState{r.Path, id.EncodeSet(entities[menuitem.TargetType(r.TargetType)], r.TargetID), r.Address, r.StatusCode}
}

// Redirect gives a redirect.
func (e *Editor) Redirect(ctx context.Context, key int) (*ent.Redirect, error) {
	return stored(ctx, access.ManagePages, "redirect", e.s.db.Ent(ctx).Redirect.Get, key)
}

// CreateRedirect makes a redirect from a path that has none.
func (e *Editor) CreateRedirect(ctx context.Context, r Redirect) (saved *ent.Redirect, err error) {
	err = e.edit(ctx, access.ManagePages, "redirect", func(ctx context.Context) error {
		if saved, err = e.saveRedirect(ctx, 0, r); err != nil {
			return err
		}
		return e.audit.Record(ctx, audit.Entry{Action: "createRedirect", Entity: id.Redirect, EntityID: saved.ID, After: stateOfRedirect(saved)})
	})
	return saved, err
}

// UpdateRedirect changes a redirect by change, which is given it as it is.
func (e *Editor) UpdateRedirect(ctx context.Context, key int, change func(*Redirect)) (saved *ent.Redirect, err error) {
	err = e.edit(ctx, access.ManagePages, "redirect", func(ctx context.Context) error {
		old, err := e.s.db.Ent(ctx).Redirect.Get(ctx, key)
		if err != nil {
			return missing(err, "id", "redirect")
		}
		r := Redirect{Path: permalink.Escaped(old.Path), Target: Target{Type: menuitem.TargetType(old.TargetType), Address: old.Address}, StatusCode: old.StatusCode}
		if old.TargetID != nil {
			r.Target.ID = *old.TargetID
		}
		change(&r)
		if saved, err = e.saveRedirect(ctx, key, r); err != nil {
			return err
		}
		return e.audit.Record(ctx, audit.Entry{Action: "updateRedirect", Entity: id.Redirect, EntityID: key, Before: stateOfRedirect(old), After: stateOfRedirect(saved)})
	})
	return saved, err
}

// saveRedirect stores a redirect under its key, or a new one for 0, and refuses
// the path of another.
func (e *Editor) saveRedirect(ctx context.Context, key int, r Redirect) (*ent.Redirect, error) {
	if path, ok := permalink.Clean(r.Path); ok {
		other, err := e.s.db.Ent(ctx).Redirect.Query().Where(redirect.Path(path), redirect.IDNEQ(key)).Exist(ctx)
		if err != nil {
			return nil, err
		}
		if other {
			return nil, fault.Mistake(fault.Taken, "path", "Another redirect has the path.")
		}
		if key != 0 {
			// What is stored is found by its path.
			if err := e.s.db.Ent(ctx).Redirect.UpdateOneID(key).SetPath(path).Exec(ctx); err != nil {
				return nil, err
			}
		}
	}
	if err := e.checkThere(ctx, "", r.Target); err != nil {
		return nil, err
	}
	saved, err := e.s.SaveRedirects(ctx, r)
	if err != nil {
		return nil, one("redirects", err)
	}
	return saved[0], nil
}

// DeleteRedirect takes a redirect away.
func (e *Editor) DeleteRedirect(ctx context.Context, key int) error {
	return e.edit(ctx, access.ManagePages, "redirect", func(ctx context.Context) error {
		old, err := e.s.db.Ent(ctx).Redirect.Get(ctx, key)
		if err != nil {
			return missing(err, "id", "redirect")
		}
		if err := e.s.dropRedirects(ctx, redirect.ID(key)); err != nil {
			return err
		}
		return e.audit.Record(ctx, audit.Entry{Action: "deleteRedirect", Entity: id.Redirect, EntityID: key, Before: stateOfRedirect(old)})
	})
}
