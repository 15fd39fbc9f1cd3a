// Package directory keeps what is small and on every page in memory: sections,
// authors, places, series, menus, pages' addresses and the site's settings. A
// Snapshot never changes; after an event about any of it the next reader gets
// a new one, so that it is as exact as the database and costs no statement.
package directory

import (
	"cmp"
	"slices"

	"github.com/broadsheet-cms/broadsheet/ent"
	"github.com/broadsheet-cms/broadsheet/ent/menuitem"
	"github.com/broadsheet-cms/broadsheet/ent/place"
	"github.com/broadsheet-cms/broadsheet/internal/permalink"
)

// Snapshot is the directory at one moment. Nothing in it may be changed.
type Snapshot struct {
	Site       *ent.Site // never nil
	Categories Table[*ent.Category]
	Authors    Table[*ent.Author]
	Places     Table[*ent.Place]
	Series     Table[*ent.Series]

	children map[int][]*ent.Category // by parent, 0 for the top level
	menus    map[menuKey]*Menu
	menuByID map[int]*Menu
	itemByID map[int]*MenuItem
	slotByID map[int]*ent.AdSlot
	slots    map[string][]*ent.AdSlot
	pages    map[int]*ent.Page // title, slug and path of the public ones
	pageSlug map[string]*ent.Page
	tags     map[int]*ent.Tag // those that menus lead to
}

type menuKey struct{ location, language string }

// Table finds rows of one type by key, by slug and by name.
type Table[T any] struct {
	All    []T // in the order of their names or positions
	byID   map[int]T
	bySlug map[string]T
	byName map[string]T
}

// ByID gives the row with a key, the zero value when there is none.
func (t Table[T]) ByID(id int) T { return t.byID[id] }

// BySlug gives the row with a slug, the zero value when there is none.
func (t Table[T]) BySlug(slug string) T { return t.bySlug[slug] }

// ByName gives the row with a name, of several the one made first; the zero value
// when there is none.
func (t Table[T]) ByName(name string) T { return t.byName[name] }

func newTable[T any](rows []T, names func(T) (id int, slug, name string)) Table[T] {
	t := Table[T]{All: rows, byID: make(map[int]T, len(rows)), bySlug: make(map[string]T, len(rows)), byName: make(map[string]T, len(rows))}
	for _, r := range rows {
		id, slug, name := names(r)
		t.byID[id], t.bySlug[slug] = r, r
		if named, ok := t.byName[name]; ok {
			if first, _, _ := names(named); first < id {
				continue
			}
		}
		t.byName[name] = r
	}
	return t
}

// Menu is a menu with its tree of items.
type Menu struct {
	*ent.Menu
	Items []*MenuItem
}

// MenuItem is one item with the items below it.
type MenuItem struct {
	*ent.MenuItem
	Children []*MenuItem
}

// Children gives the sections right below one, in their order; those of the
// top level for 0.
func (s *Snapshot) Children(category int) []*ent.Category { return s.children[category] }

// Ancestors gives the way from the top level down to a section, itself
// included.
func (s *Snapshot) Ancestors(category int) []*ent.Category {
	var path []*ent.Category
	// The tree has no loops; should a row ever say otherwise, the walk still ends.
	for c := s.Categories.ByID(category); c != nil && len(path) < len(s.Categories.All); {
		path = append(path, c)
		if c.ParentID == nil {
			break
		}
		c = s.Categories.ByID(*c.ParentID)
	}
	slices.Reverse(path)
	return path
}

// Country gives the country with an ISO 3166-1 alpha-2 code, nil when the site
// does not know it.
func (s *Snapshot) Country(code string) *ent.Place {
	for _, p := range s.Places.All {
		if p.Kind == place.KindCountry && p.CountryCode == code {
			return p
		}
	}
	return nil
}

// Menu gives the menu of a location in a language, else the one for every
// language, else nil.
func (s *Snapshot) Menu(location, language string) *Menu {
	if m := s.menus[menuKey{location, language}]; m != nil {
		return m
	}
	return s.menus[menuKey{location, ""}]
}

// MenuByID gives a menu by key.
func (s *Snapshot) MenuByID(id int) *Menu { return s.menuByID[id] }

// MenuItemByID gives an item of a menu by key.
func (s *Snapshot) MenuItemByID(id int) *MenuItem { return s.itemByID[id] }

// AdSlotByID gives an active slot by key.
func (s *Snapshot) AdSlotByID(id int) *ent.AdSlot { return s.slotByID[id] }

// AdSlots gives the active slots of a placement in their order.
func (s *Snapshot) AdSlots(placement string) []*ent.AdSlot { return s.slots[placement] }

// Page gives title, slug and path of a public page, nil when there is none.
func (s *Snapshot) Page(id int) *ent.Page { return s.pages[id] }

// PageBySlug is Page by slug.
func (s *Snapshot) PageBySlug(slug string) *ent.Page { return s.pageSlug[slug] }

// Tag gives a tag that some menu leads to.
func (s *Snapshot) Tag(id int) *ent.Tag { return s.tags[id] }

// PathOf gives the path at which a section, author, place, series or public page is
// shown; empty where there is none, and for what is no part of the directory.
func (s *Snapshot) PathOf(kind menuitem.TargetType, key int) string {
	switch kind {
	case menuitem.TargetTypeCategory:
		if c := s.Categories.ByID(key); c != nil {
			return permalink.Path(permalink.Category, c.Slug)
		}
	case menuitem.TargetTypeAuthor:
		if a := s.Authors.ByID(key); a != nil {
			return permalink.Path(permalink.Author, a.Slug)
		}
	case menuitem.TargetTypePlace:
		if p := s.Places.ByID(key); p != nil {
			return permalink.Path(permalink.Place, p.Slug)
		}
	case menuitem.TargetTypeSeries:
		if x := s.Series.ByID(key); x != nil {
			return permalink.Path(permalink.Series, x.Slug)
		}
	case menuitem.TargetTypePage:
		if p := s.Page(key); p != nil {
			return permalink.Path(permalink.Page, p.Path)
		}
	}
	return ""
}

func (s *Snapshot) addCategories(rows []*ent.Category) {
	slices.SortFunc(rows, func(a, b *ent.Category) int {
		return cmp.Or(cmp.Compare(a.Position, b.Position), cmp.Compare(a.Name, b.Name), cmp.Compare(a.ID, b.ID))
	})
	s.Categories = newTable(rows, func(c *ent.Category) (int, string, string) { return c.ID, c.Slug, c.Name })
	s.children = map[int][]*ent.Category{}
	for _, c := range rows {
		parent := 0
		if c.ParentID != nil {
			parent = *c.ParentID
		}
		s.children[parent] = append(s.children[parent], c)
	}
}

func (s *Snapshot) addMenus(menus []*ent.Menu, items []*ent.MenuItem) {
	slices.SortFunc(items, func(a, b *ent.MenuItem) int {
		return cmp.Or(cmp.Compare(a.Position, b.Position), cmp.Compare(a.ID, b.ID))
	})
	nodes := make(map[int]*MenuItem, len(items))
	for _, it := range items {
		nodes[it.ID] = &MenuItem{MenuItem: it}
	}
	s.menus = make(map[menuKey]*Menu, len(menus))
	s.menuByID, s.itemByID = make(map[int]*Menu, len(menus)), make(map[int]*MenuItem, len(items))
	for _, m := range menus {
		s.menuByID[m.ID] = &Menu{Menu: m}
		s.menus[menuKey{m.Location, m.Language}] = s.menuByID[m.ID]
	}
	for _, it := range items {
		node := nodes[it.ID]
		if !s.targetVisible(it) {
			continue
		}
		s.itemByID[it.ID] = node
		if it.ParentID != nil && nodes[*it.ParentID] != nil {
			parent := nodes[*it.ParentID]
			parent.Children = append(parent.Children, node)
		} else if m := s.menuByID[it.MenuID]; m != nil {
			m.Items = append(m.Items, node)
		}
	}
}

// targetVisible leaves out items that lead to what readers may not see. Where
// an item leads to an article, the article's own visibility decides when the
// menu is read.
func (s *Snapshot) targetVisible(it *ent.MenuItem) bool {
	if it.TargetID == nil {
		return true
	}
	id := *it.TargetID
	switch it.TargetType {
	case menuitem.TargetTypeCategory:
		return s.Categories.ByID(id) != nil
	case menuitem.TargetTypeAuthor:
		return s.Authors.ByID(id) != nil
	case menuitem.TargetTypePlace:
		return s.Places.ByID(id) != nil
	case menuitem.TargetTypeSeries:
		return s.Series.ByID(id) != nil
	case menuitem.TargetTypePage:
		return s.pages[id] != nil
	case menuitem.TargetTypeTag:
		return s.tags[id] != nil
	}
	return true
}
