package site

import (
	"context"
	"fmt"
	"slices"

	"golang.org/x/text/language"

	"github.com/broadsheet-cms/broadsheet/ent"
	"github.com/broadsheet-cms/broadsheet/ent/menu"
	"github.com/broadsheet-cms/broadsheet/ent/menuitem"
	"github.com/broadsheet-cms/broadsheet/ent/schema"
	"github.com/broadsheet-cms/broadsheet/internal/event"
	"github.com/broadsheet-cms/broadsheet/internal/fault"
	"github.com/broadsheet-cms/broadsheet/internal/id"
)

// Menu is a menu as it shall be, with all its items.
type Menu struct {
	Location string // a value of the API's MenuLocation
	Language string // BCP 47; empty: for every language without a menu of its own
	Name     string
	Items    []MenuItem
}

// MenuItem is one item with the items below it.
type MenuItem struct {
	Label    string // empty: the name of the target
	Labels   schema.Labels
	Target   Target
	Children []MenuItem
}

// Bounds of a menu.
const (
	maxMenuDepth = 5
	maxMenuItems = 500
)

// SaveMenu stores the menu of a location and language, in the place of the one
// that was there. The answer holds the items as a flat list, parents first.
func (s *Service) SaveMenu(ctx context.Context, m Menu) (saved *ent.Menu, err error) {
	if err := checkMenu(&m); err != nil {
		return nil, err
	}
	err = s.save(ctx, "menu", func(ctx context.Context) error {
		client := s.db.Ent(ctx)
		old, err := client.Menu.Query().Where(menu.Location(m.Location), menu.Language(m.Language)).All(ctx)
		if err != nil {
			return err
		}
		if len(old) == 0 {
			saved, err = client.Menu.Create().SetLocation(m.Location).SetLanguage(m.Language).SetName(m.Name).Save(ctx)
		} else {
			if _, err := client.MenuItem.Delete().Where(menuitem.MenuID(old[0].ID)).Exec(ctx); err != nil {
				return err
			}
			saved, err = client.Menu.UpdateOne(old[0]).SetName(m.Name).Save(ctx)
		}
		if err != nil {
			return err
		}
		if saved.Edges.Items, err = createItems(ctx, client, saved.ID, m.Items); err != nil {
			return err
		}
		return s.log.Append(ctx, event.Event{Action: action(len(old) == 0), Entity: id.Menu, EntityID: saved.ID})
	})
	return saved, err
}

// createItems stores a tree of items, one statement for each level.
func createItems(ctx context.Context, client *ent.Client, menu int, items []MenuItem) ([]*ent.MenuItem, error) {
	type node struct {
		MenuItem
		parent   *int
		position int
	}
	below := func(parent *int, items []MenuItem) []node {
		nodes := make([]node, len(items))
		for i, it := range items {
			nodes[i] = node{it, parent, i}
		}
		return nodes
	}
	var all []*ent.MenuItem
	for level := below(nil, items); len(level) > 0; {
		builders := make([]*ent.MenuItemCreate, len(level))
		for i, n := range level {
			builders[i] = client.MenuItem.Create().SetMenuID(menu).SetNillableParentID(n.parent).SetPosition(n.position).
				SetLabel(n.Label).SetTargetType(n.Target.Type).SetNillableTargetID(n.Target.key()).SetAddress(n.Target.Address)
			if len(n.Labels) > 0 {
				builders[i].SetLabels(n.Labels)
			}
		}
		rows, err := client.MenuItem.CreateBulk(builders...).Save(ctx)
		if err != nil {
			return nil, err
		}
		all = append(all, rows...)
		var next []node
		for i, n := range level {
			next = append(next, below(&rows[i].ID, n.Children)...)
		}
		level = next
	}
	return all, nil
}

func checkMenu(m *Menu) error {
	if m.Location == "" {
		return fault.BadInput("location", "The location of the menu is needed.")
	}
	if m.Language != "" {
		if _, err := language.Parse(m.Language); err != nil {
			return fault.BadInput("language", "%.40q is not a language tag such as en or ar.", m.Language)
		}
	}
	if err := cleanText("name", &m.Name); err != nil {
		return err
	}
	count := 0
	items, err := checkItems("items", m.Items, 1, &count)
	m.Items = items
	return err
}

// checkItems gives a copy of the items with their targets completed.
func checkItems(field string, items []MenuItem, depth int, count *int) ([]MenuItem, error) {
	if *count += len(items); *count > maxMenuItems {
		return nil, fault.Mistake(fault.LimitReached, field, "A menu can hold %d items at most.", maxMenuItems)
	}
	if len(items) > 0 && depth > maxMenuDepth {
		return nil, fault.Mistake(fault.LimitReached, field, "A menu can be %d levels deep at most.", maxMenuDepth)
	}
	items = slices.Clone(items)
	for i := range items {
		it := &items[i]
		here := fmt.Sprintf("%s[%d].", field, i)
		if err := cleanText(here+"label", &it.Label); err != nil {
			return nil, err
		}
		if err := it.Target.check(here); err != nil {
			return nil, err
		}
		if it.Label == "" && len(it.Labels) == 0 && (it.Target.Type == menuitem.TargetTypeNone || it.Target.Type == menuitem.TargetTypeAddress) {
			return nil, fault.Mistake(fault.Blank, here+"label", "An item that leads to no thing of this site needs a label.")
		}
		children, err := checkItems(here+"items", it.Children, depth+1, count)
		if err != nil {
			return nil, err
		}
		it.Children = children
	}
	return items, nil
}
