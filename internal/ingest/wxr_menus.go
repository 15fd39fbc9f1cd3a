package ingest

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/broadsheet-cms/broadsheet/ent/menu"
	"github.com/broadsheet-cms/broadsheet/ent/menuitem"
	"github.com/broadsheet-cms/broadsheet/internal/fault"
	"github.com/broadsheet-cms/broadsheet/internal/richtext"
	"github.com/broadsheet-cms/broadsheet/internal/site"
	"github.com/broadsheet-cms/broadsheet/internal/wxr"
)

// Bounds on the menus that are read; package site has those of one menu.
const (
	maxMenus     = 50
	maxMenuItems = 500
	maxMenuDepth = 5
)

// menu finds or makes a menu by its slug.
func (s *oldSite) menu(key, name string) *oldMenu {
	for _, m := range s.menus {
		if m.slug == key {
			if m.name == "" {
				m.name = words(name)
			}
			return m
		}
	}
	if len(s.menus) >= maxMenus {
		return &oldMenu{}
	}
	m := &oldMenu{slug: key, name: words(name)}
	s.menus = append(s.menus, m)
	return m
}

func (s *oldSite) addMenuItem(it *wxr.Item) {
	number := func(key string) int { n, _ := strconv.Atoi(strings.TrimSpace(it.Get(key))); return max(n, 0) }
	for _, t := range it.Terms {
		if t.Domain != "nav_menu" {
			continue
		}
		m := s.menu(decoded(t.Slug), t.Name)
		if len(m.items) >= maxMenuItems {
			m.cut++
			return
		}
		m.items = append(m.items, &oldMenuItem{
			at: position{it.Index, it.Line, it.Offset}, number: it.ID, order: it.MenuOrder, status: it.Status, label: words(it.Title),
			parent: number("_menu_item_menu_item_parent"), kind: it.Get("_menu_item_type"), object: it.Get("_menu_item_object"),
			objectID: number("_menu_item_object_id"), address: strings.TrimSpace(it.Get("_menu_item_url")),
		})
		return
	}
}

// places are the locations of menus with the words by which a menu belongs
// there. An export does not say where a theme shows a menu.
var places = []struct {
	location string
	words    []string
}{
	{"FOOTER", []string{"foot", "bottom"}},
	{"MOBILE", []string{"mobile", "phone"}},
	{"QUICK_LINKS", []string{"quick", "legal", "short"}},
	{"SITE_LINKS", []string{"social", "site", "useful"}},
	{"HOT_TOPICS", []string{"hot", "trend"}},
	{"MORE_TOPICS", []string{"topic", "section", "categor", "more"}},
	{"HEADER", []string{"main", "primary", "header", "top", "principal", "haupt", "رئيس"}},
}

// inOrder is where menus go whose names say nothing.
var inOrder = []string{"HEADER", "FOOTER", "MORE_TOPICS", "SITE_LINKS", "QUICK_LINKS", "HOT_TOPICS", "MOBILE"}

// placeMenus gives each menu a free location, empty where none is left.
func placeMenus(menus []*oldMenu, taken map[string]bool) []string {
	given := make([]string, len(menus))
	take := func(i int, location string) bool {
		if taken[location] || given[i] != "" {
			return false
		}
		taken[location], given[i] = true, location
		return true
	}
	for i, m := range menus {
		text := strings.ToLower(m.slug + " " + m.name)
		for _, p := range places {
			if slices.ContainsFunc(p.words, func(w string) bool { return strings.Contains(text, w) }) && take(i, p.location) {
				break
			}
		}
	}
	for i := range menus {
		for _, location := range inOrder {
			if take(i, location) {
				break
			}
		}
	}
	return given
}

// menus stores the menus of a site. One that is as it was in the last export
// stays as it was made here since.
func (in *wxrImport) menus(ctx context.Context, s *oldSite) error {
	var menus []*oldMenu
	for _, m := range s.menus {
		if len(m.items) > 0 {
			menus = append(menus, m)
		}
	}
	if len(menus) == 0 {
		return nil
	}
	return in.DB.Tx(ctx, func(ctx context.Context) error {
		uris := make([]string, 0, 2*len(inOrder))
		for _, m := range menus {
			uris = append(uris, s.menuURI(m))
		}
		for _, location := range inOrder {
			uris = append(uris, placeURI(location))
		}
		seen, err := sources(ctx, in.DB, uris)
		if err != nil {
			return err
		}
		// A place with a menu that no import of this site has put there is taken.
		rows, err := in.DB.Ent(ctx).Menu.Query().Where(menu.Language("")).All(ctx)
		if err != nil {
			return fmt.Errorf("read the menus: %w", err)
		}
		taken := map[string]bool{}
		for _, row := range rows {
			taken[row.Location] = seen[placeURI(row.Location)].hash != s.uri
		}
		locations := placeMenus(menus, taken)
		for i, m := range menus {
			if err := in.storeMenu(ctx, s, m, locations[i], seen[s.menuURI(m)].hash); err != nil {
				return err
			}
		}
		return nil
	})
}

func (s *oldSite) menuURI(m *oldMenu) string { return s.uri + "/#menu-" + m.slug }

// placeURI is under which it is noted which site's menu stands in a place.
func placeURI(location string) string { return "menu:" + location }

func (in *wxrImport) storeMenu(ctx context.Context, s *oldSite, m *oldMenu, location, hash string) error {
	res := Created
	count := func() {
		tally(&in.report.Things, "menu", "").add(res, false)
		for _, it := range m.items {
			in.report.count("nav_menu_item", it.status, &result{item: &item{at: it.at}, outcome: res})
		}
	}
	if location == "" {
		res = leftOut
		in.report.note(m.items[0].at, reasonMenuPlace, s.menuURI(m), "there is no place left for the menu %q of %d items", m.name, len(m.items))
		count()
		return nil
	}
	if err := in.aim(ctx, s, m.items); err != nil {
		return err
	}
	saved := site.Menu{Location: location, Name: m.name, Items: in.tree(s, m)}
	text, err := json.Marshal(saved)
	if err != nil {
		return fmt.Errorf("read the menu %q: %w", m.name, err)
	}
	sum := sha256.Sum256(text)
	now := hex.EncodeToString(sum[:])
	switch hash {
	case now:
		res = Unchanged
		count()
		return nil
	case "":
	default:
		res = Updated
	}
	_, err = in.Site.SaveMenu(ctx, saved)
	if bad, ok := errors.AsType[*fault.Error](err); ok {
		res = leftOut
		in.report.note(m.items[0].at, reasonMenuPlace, s.menuURI(m), "%s", bad.Message)
		count()
		return nil
	}
	if err != nil {
		return err
	}
	count()
	if err := saveSource(ctx, in.DB, placeURI(location), lastSeen{hash: s.uri}); err != nil {
		return err
	}
	return saveSource(ctx, in.DB, s.menuURI(m), lastSeen{hash: now})
}

// tree puts the items of a menu below one another. Those deeper than a menu may
// be stand beside the deepest.
func (in *wxrImport) tree(s *oldSite, m *oldMenu) []site.MenuItem {
	slices.SortStableFunc(m.items, func(a, b *oldMenuItem) int { return cmp.Compare(a.order, b.order) })
	known := map[int]*oldMenuItem{}
	for _, it := range m.items {
		known[it.number] = it
	}
	below := map[int][]*oldMenuItem{}
	for _, it := range m.items {
		depth, parent := 0, it
		for parent != nil && depth <= len(m.items) {
			parent, depth = known[parent.parent], depth+1
		}
		switch {
		case it.parent != 0 && known[it.parent] == nil, depth > len(m.items):
			in.report.note(it.at, reasonNoParent, s.menuURI(m), "the item above %q is not there: put at the top", it.label)
			it.parent = 0
		case depth > maxMenuDepth:
			it.parent = known[it.parent].parent
		}
	}
	for _, it := range m.items {
		below[it.parent] = append(below[it.parent], it)
	}
	var build func(parent int) []site.MenuItem
	build = func(parent int) []site.MenuItem {
		var all []site.MenuItem
		for _, it := range below[parent] {
			children := build(it.number)
			if it.label == "" && (it.target.Type == menuitem.TargetTypeNone || it.target.Type == menuitem.TargetTypeAddress) {
				in.report.note(it.at, reasonMenuItem, s.menuURI(m), "an item without words leads nowhere: left out")
				all = append(all, children...)
				continue
			}
			all = append(all, site.MenuItem{Label: it.label, Target: it.target, Children: children})
		}
		return all
	}
	return build(0)
}

// aim finds where the items of a menu lead.
func (in *wxrImport) aim(ctx context.Context, s *oldSite, items []*oldMenuItem) error {
	var addresses, uris []string
	for _, it := range items {
		switch it.kind {
		case "post_type":
			uris = append(uris, s.itemURI(it.objectID))
		case "custom", "post_type_archive", "":
			addresses = append(addresses, it.address)
		}
	}
	found, err := in.resolve(ctx, s, addresses)
	if err != nil {
		return err
	}
	articles, err := in.stored(ctx, uris)
	if err != nil {
		return err
	}
	pages, err := in.storedPages(ctx, uris)
	if err != nil {
		return err
	}
	for _, it := range items {
		it.target = site.Target{Type: menuitem.TargetTypeNone}
		uri := s.itemURI(it.objectID)
		switch {
		case it.kind == "post_type" && pages[uri] != nil:
			it.target = site.Target{Type: menuitem.TargetTypePage, ID: pages[uri].ID}
		case it.kind == "post_type" && articles[uri] != nil:
			it.target = site.Target{Type: menuitem.TargetTypeArticle, ID: articles[uri].ID}
		case it.kind == "taxonomy":
			key := s.termIDs[it.objectID]
			if id := s.keys[key]; id != 0 && key.taxonomy == "category" {
				it.target = site.Target{Type: menuitem.TargetTypeCategory, ID: id}
			} else if id != 0 {
				it.target = site.Target{Type: menuitem.TargetTypeTag, ID: id}
			}
		default:
			it.target = aimed(found[it.address], it.address)
		}
		if it.label == "" && it.target.Type != menuitem.TargetTypeNone && it.target.Type != menuitem.TargetTypeAddress {
			continue // it has the name of what it leads to
		}
		if it.label == "" {
			it.label = words(richtext.PlainText(it.object))
			if it.object == "custom" {
				it.label = ""
			}
		}
	}
	return nil
}

// aimed is the target of an item with an address of its own.
func aimed(found destination, address string) site.Target {
	switch {
	case found.target.Type != "":
		return found.target
	case found.path != "":
		return site.Target{Type: menuitem.TargetTypeAddress, Address: found.path}
	case strings.HasPrefix(address, "https://"), strings.HasPrefix(address, "http://"), strings.HasPrefix(address, "mailto:"),
		strings.HasPrefix(address, "/") && !strings.HasPrefix(address, "//"):
		if len(address) <= 1900 && !strings.ContainsAny(address, "\\\n\t ") {
			return site.Target{Type: menuitem.TargetTypeAddress, Address: address}
		}
	}
	return site.Target{Type: menuitem.TargetTypeNone}
}
