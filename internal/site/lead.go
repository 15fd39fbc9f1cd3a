package site

import (
	"context"
	"fmt"
	"net/http"

	"github.com/broadsheet-cms/broadsheet/ent"
	"github.com/broadsheet-cms/broadsheet/ent/menuitem"
	"github.com/broadsheet-cms/broadsheet/ent/predicate"
	"github.com/broadsheet-cms/broadsheet/ent/redirect"
	"github.com/broadsheet-cms/broadsheet/internal/event"
	"github.com/broadsheet-cms/broadsheet/internal/id"
	"github.com/broadsheet-cms/broadsheet/internal/permalink"
	"github.com/broadsheet-cms/broadsheet/internal/store"
)

// Moved leaves a redirect from the path that a thing had to the thing. A
// redirect from the path that it has now is taken away, as nobody would come to
// it any more. Paths are clean ones. It takes part in the transaction of ctx.
func (s *Service) Moved(ctx context.Context, from, to string, thing Target) error {
	return s.save(ctx, "redirects", func(ctx context.Context) error {
		if err := s.dropRedirects(ctx, redirect.Path(to)); err != nil {
			return err
		}
		_, err := s.SaveRedirects(ctx, Redirect{Path: permalink.Escaped(from), Target: thing})
		return err
	})
}

// Replaced makes everything that led to a thing lead to another: its path,
// redirects and menu items. When there is no other (a Target of type NONE), its
// path and the redirects to it answer that it is gone for good, and menu items
// are taken away, but for those with items below them, which stay as headings
// of the given name. It takes part in the transaction of ctx.
func (s *Service) Replaced(ctx context.Context, path, name string, thing, by Target) error {
	return s.save(ctx, "redirects", func(ctx context.Context) error {
		old, err := s.db.Ent(ctx).Redirect.Query().Where(redirect.TargetTypeEQ(redirect.TargetType(thing.Type)), redirect.TargetID(thing.ID)).All(ctx)
		if err != nil {
			return fmt.Errorf("find redirects: %w", err)
		}
		changed := make([]Redirect, 0, len(old)+1)
		for _, r := range old {
			changed = append(changed, Redirect{Path: permalink.Escaped(r.Path), Target: by, StatusCode: r.StatusCode})
		}
		changed = append(changed, Redirect{Path: permalink.Escaped(path), Target: by})
		if by.Type == menuitem.TargetTypeNone {
			for i := range changed {
				changed[i].StatusCode = http.StatusGone
			}
		}
		if _, err := s.SaveRedirects(ctx, changed...); err != nil {
			return err
		}
		return s.replaceInMenus(ctx, name, thing, by)
	})
}

// replaceInMenus makes menu items that lead to a thing lead to another.
func (s *Service) replaceInMenus(ctx context.Context, name string, thing, by Target) error {
	client := s.db.Ent(ctx)
	items, err := client.MenuItem.Query().Where(menuitem.TargetTypeEQ(thing.Type), menuitem.TargetID(thing.ID)).Order(menuitem.ByID()).All(ctx)
	if err != nil || len(items) == 0 {
		return err
	}
	var events []event.Event
	told := map[int]bool{}
	for _, it := range items {
		if !told[it.MenuID] {
			told[it.MenuID] = true
			events = append(events, event.Event{Action: event.Updated, Entity: id.Menu, EntityID: it.MenuID})
		}
		heads, err := client.MenuItem.Query().Where(menuitem.ParentID(it.ID)).Exist(ctx)
		if err != nil {
			return err
		}
		useless := by.Type == menuitem.TargetTypeNone
		if !useless {
			if useless, err = s.hasSibling(ctx, it, by); err != nil {
				return err
			}
		}
		if useless && !heads {
			if err := client.MenuItem.DeleteOne(it).Exec(ctx); err != nil {
				return err
			}
			continue
		}
		change := client.MenuItem.UpdateOne(it).SetTargetType(by.Type)
		store.SetOrClear(by.key(), func(key int) { change.SetTargetID(key) }, func() { change.ClearTargetID() })
		if by.Type == menuitem.TargetTypeNone && it.Label == "" {
			change.SetLabel(name)
		}
		if err := change.Exec(ctx); err != nil {
			return err
		}
	}
	return s.log.Append(ctx, events...)
}

// hasSibling reports whether an item beside it leads to a thing already.
func (s *Service) hasSibling(ctx context.Context, it *ent.MenuItem, to Target) (bool, error) {
	beside := menuitem.ParentIDIsNil()
	if it.ParentID != nil {
		beside = menuitem.ParentID(*it.ParentID)
	}
	return s.db.Ent(ctx).MenuItem.Query().Where(menuitem.MenuID(it.MenuID), menuitem.IDNEQ(it.ID), menuitem.TargetTypeEQ(to.Type), menuitem.TargetID(to.ID), beside).Exist(ctx)
}

// dropRedirects takes redirects away.
func (s *Service) dropRedirects(ctx context.Context, which predicate.Redirect) error {
	client := s.db.Ent(ctx)
	keys, err := client.Redirect.Query().Where(which).IDs(ctx)
	if err != nil || len(keys) == 0 {
		return err
	}
	if _, err := client.Redirect.Delete().Where(redirect.IDIn(keys...)).Exec(ctx); err != nil {
		return err
	}
	events := make([]event.Event, len(keys))
	for i, key := range keys {
		events[i] = event.Event{Action: event.Deleted, Entity: id.Redirect, EntityID: key}
	}
	return s.log.Append(ctx, events...)
}
