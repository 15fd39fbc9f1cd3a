package export

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/broadsheet-cms/broadsheet/ent"
	"github.com/broadsheet-cms/broadsheet/ent/menuitem"
	"github.com/broadsheet-cms/broadsheet/internal/permalink"
	"github.com/broadsheet-cms/broadsheet/internal/wxr"
)

// readMenus reads those that WordPress can have, and counts the others.
func (e *wxrExport) readMenus(ctx context.Context) error {
	rows, err := e.DB.Ent(ctx).Menu.Query().WithItems().Order(ent.Asc("id")).All(ctx)
	if err != nil {
		return fmt.Errorf("read menus: %w", err)
	}
	e.lists = slices.DeleteFunc(slices.Clone(rows), func(m *ent.Menu) bool { return m.Language != "" || len(m.Edges.Items) == 0 })
	e.limit("menus of one language, or without items: left out", len(rows)-len(e.lists))
	return nil
}

// menuSlug names a menu by its place, from which an import here tells it.
func menuSlug(m *ent.Menu) string { return strings.ReplaceAll(strings.ToLower(m.Location), "_", "-") }

func (e *wxrExport) menus(ctx context.Context) error {
	for _, m := range e.lists {
		e.wrote("menus")
		for i, row := range inOrder(m.Edges.Items) {
			it := &wxr.Item{Title: text(row.Label), ID: number(menuItems, row.ID), MenuOrder: i + 1, DateGMT: m.CreatedAt, Status: "publish", Type: "nav_menu_item", CommentStatus: "closed",
				Terms: []wxr.TermRef{{Domain: "nav_menu", Slug: menuSlug(m), Name: text(m.Name)}}}
			it.GUID = e.base + "/?p=" + strconv.Itoa(it.ID)
			parent := 0
			if row.ParentID != nil {
				parent = number(menuItems, *row.ParentID)
			}
			if len(row.Labels) > 0 {
				e.limit("labels of menu items in other languages: left out", 1)
			}
			what, object, key, address, err := e.target(ctx, row)
			if err != nil {
				return err
			}
			for _, f := range [][2]string{{"type", what}, {"menu_item_parent", strconv.Itoa(parent)}, {"object_id", strconv.Itoa(cmp.Or(key, it.ID))}, {"object", object}, {"url", address}} {
				it.Meta = append(it.Meta, wxr.Meta{Key: "_menu_item_" + f[0], Value: f[1]})
			}
			if err := e.out.Item(it, nil); err != nil {
				return err
			}
		}
	}
	return nil
}

// target is where a menu item leads, in WordPress' words.
func (e *wxrExport) target(ctx context.Context, row *ent.MenuItem) (what, object string, key int, address string, err error) {
	to := 0
	if row.TargetID != nil {
		to = *row.TargetID
	}
	dir, err := e.Directory.Current(ctx)
	if err != nil {
		return "", "", 0, "", err
	}
	switch row.TargetType {
	case menuitem.TargetTypeCategory:
		return "taxonomy", "category", number(sections, to), "", nil
	case menuitem.TargetTypeTag:
		return "taxonomy", "post_tag", number(tags, to), "", nil
	case menuitem.TargetTypeArticle:
		return "post_type", "post", number(articles, to), "", nil
	case menuitem.TargetTypePage:
		return "post_type", "page", number(pages, to), "", nil
	}
	if p := dir.PathOf(row.TargetType, to); p != "" {
		return "custom", "custom", 0, e.absolute(permalink.Escaped(p)), nil
	}
	return "custom", "custom", 0, e.absolute(row.Address), nil
}
