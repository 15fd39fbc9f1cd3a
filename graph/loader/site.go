package loader

import (
	"context"

	"github.com/broadsheet-cms/broadsheet/ent"
	"github.com/broadsheet-cms/broadsheet/ent/menuitem"
	"github.com/broadsheet-cms/broadsheet/ent/schema"
	"github.com/broadsheet-cms/broadsheet/internal/directory"
	"github.com/broadsheet-cms/broadsheet/internal/id"
)

type (
	siteRow     = ent.Site
	documentRow = schema.LegalDocument
	pageRow     = ent.Page
	menuRow     = directory.Menu
	menuItemRow = directory.MenuItem
	adSlotRow   = ent.AdSlot
	redirectRow = ent.Redirect
)

// Site is the site's settings in a response.
type Site struct {
	*siteRow
	place[ent.Site]
}

// Sites are the door for the site's settings, of which there is one.
var Sites = &Kind[ent.Site, Site]{Settings, func(*ent.Site) int { return 0 },
	func(s *ent.Site, p place[ent.Site]) Site { return Site{s, p} }, nil}

// Stored is the row as services know it.
func (s *Site) Stored() *ent.Site { return s.siteRow }

var (
	siteLogo     = picture(func(s *ent.Site) *int { return s.LogoID }, nil)
	siteLogoDark = picture(func(s *ent.Site) *int { return s.LogoDarkID }, nil)

	siteDocuments = &field[ent.Site, none, []*LegalDocument]{func(_ context.Context, c *cohort[ent.Site], _ none) ([][]*LegalDocument, error) {
		lists := make([][]*schema.LegalDocument, len(c.rows))
		for i, s := range c.rows {
			for j := range s.LegalDocuments {
				lists[i] = append(lists[i], &s.LegalDocuments[j])
			}
		}
		return legalDocuments.enterAll(c.response, lists), nil
	}}
)

// LogoFor is the logo for a light or a dark background.
func (s *Site) LogoFor(ctx context.Context, dark bool) (*Media, error) {
	if dark && s.LogoDarkID != nil {
		return get(ctx, s.place, siteLogoDark, none{})
	}
	return get(ctx, s.place, siteLogo, none{})
}

// LegalDocuments is the field of the same name.
func (s *Site) LegalDocuments(ctx context.Context) ([]*LegalDocument, error) {
	return get(ctx, s.place, siteDocuments, none{})
}

// LegalDocument is a legal document of the site in a response.
type LegalDocument struct {
	*documentRow
	place[schema.LegalDocument]
}

// legalDocuments are part of the settings, and have no keys.
var legalDocuments = &Kind[schema.LegalDocument, LegalDocument]{"", nil,
	func(d *schema.LegalDocument, p place[schema.LegalDocument]) LegalDocument { return LegalDocument{d, p} }, nil}

var documentPage = &field[schema.LegalDocument, none, *Page]{func(ctx context.Context, c *cohort[schema.LegalDocument], _ none) ([]*Page, error) {
	dir, err := c.response.Dir(ctx)
	if err != nil {
		return nil, err
	}
	wanted := make([]*int, len(c.rows))
	for i, d := range c.rows {
		if p := dir.PageBySlug(d.PageSlug); p != nil {
			wanted[i] = &p.ID
		} else {
			c.response.Shown.note(Dependency{Entity: id.Page, List: "slug", Filter: d.PageSlug})
		}
	}
	return Pages.follow(ctx, c.response, wanted)
}}

// Page is the field of the same name.
func (d *LegalDocument) Page(ctx context.Context) (*Page, error) {
	return get(ctx, d.place, documentPage, none{})
}

// Page is a static page in a response.
type Page struct {
	*pageRow
	place[ent.Page]
}

// Pages are the door for static pages.
var Pages = &Kind[ent.Page, Page]{id.Page, func(p *ent.Page) int { return p.ID },
	func(p *ent.Page, at place[ent.Page]) Page { return Page{p, at} }, pagesByIDs}

// Stored is the row as services know it.
func (p *Page) Stored() *ent.Page { return p.pageRow }

func pagesByIDs(ctx context.Context, r *Response, keys []int) (map[int]*ent.Page, error) {
	return r.Pages.PagesByIDs(ctx, keys)
}

func slotsByIDs(ctx context.Context, r *Response, keys []int) (map[int]*ent.AdSlot, error) {
	dir, err := r.Dir(ctx)
	if err != nil {
		return nil, err
	}
	return byKey(keys, dir.AdSlotByID), nil
}

func menusByIDs(ctx context.Context, r *Response, keys []int) (map[int]*directory.Menu, error) {
	dir, err := r.Dir(ctx)
	if err != nil {
		return nil, err
	}
	return byKey(keys, dir.MenuByID), nil
}

func redirectsByIDs(ctx context.Context, r *Response, keys []int) (map[int]*ent.Redirect, error) {
	return r.Pages.RedirectsByIDs(ctx, keys)
}

// AdSlot is an ad slot in a response.
type AdSlot struct {
	*adSlotRow
	place[ent.AdSlot]
}

// AdSlots are the door for ad slots.
var AdSlots = &Kind[ent.AdSlot, AdSlot]{id.AdSlot, func(s *ent.AdSlot) int { return s.ID },
	func(s *ent.AdSlot, p place[ent.AdSlot]) AdSlot { return AdSlot{s, p} }, slotsByIDs}

// Redirect is a redirect in a response.
type Redirect struct {
	*redirectRow
	place[ent.Redirect]
}

// Redirects are the door for redirects.
var Redirects = &Kind[ent.Redirect, Redirect]{id.Redirect, func(r *ent.Redirect) int { return r.ID },
	func(r *ent.Redirect, p place[ent.Redirect]) Redirect { return Redirect{r, p} }, redirectsByIDs}

// Stored is the row as services know it.
func (r *Redirect) Stored() *ent.Redirect { return r.redirectRow }

var redirectTarget = &field[ent.Redirect, none, Node]{func(ctx context.Context, c *cohort[ent.Redirect], _ none) ([]Node, error) {
	refs := make([]Ref, len(c.rows))
	for i, d := range c.rows {
		if d.TargetID != nil {
			refs[i] = targetOf(string(d.TargetType), *d.TargetID)
		}
	}
	return c.response.nodes(ctx, refs)
}}

// Target is what the redirect leads to, nil for an address and for what the
// viewer may not see.
func (r *Redirect) Target(ctx context.Context) (Node, error) {
	return get(ctx, r.place, redirectTarget, none{})
}

// Menu is a menu in a response.
type Menu struct {
	*menuRow
	place[directory.Menu]
}

// Menus are the door for menus.
var Menus = &Kind[directory.Menu, Menu]{id.Menu, func(m *directory.Menu) int { return m.ID },
	func(m *directory.Menu, p place[directory.Menu]) Menu { return Menu{m, p} }, menusByIDs}

// The items of a menu, of all levels, are one cohort.
var menuItems = &field[directory.Menu, none, []*MenuItem]{func(_ context.Context, c *cohort[directory.Menu], _ none) ([][]*MenuItem, error) {
	lists := make([][]*directory.MenuItem, len(c.rows))
	for i, m := range c.rows {
		lists[i] = m.Items
	}
	return enterItems(c.response, lists), nil
}}

// Items is the field of the same name.
func (m *Menu) Items(ctx context.Context) ([]*MenuItem, error) {
	items, err := get(ctx, m.place, menuItems, none{})
	if err != nil {
		return nil, err
	}
	return visibleItems(ctx, items)
}

// MenuItem is an item of a menu in a response.
type MenuItem struct {
	*menuItemRow
	place[directory.MenuItem]

	children []*MenuItem
}

// menuItemRows are the door for items of menus, by enterItems.
var menuItemRows = &Kind[directory.MenuItem, MenuItem]{id.MenuItem, func(it *directory.MenuItem) int { return it.ID },
	func(it *directory.MenuItem, p place[directory.MenuItem]) MenuItem {
		return MenuItem{menuItemRow: it, place: p}
	}, nil}

// enterItems lets in the items of several lists with all that stands below
// them.
func enterItems(r *Response, lists [][]*directory.MenuItem) [][]*MenuItem {
	var flat []*directory.MenuItem
	var gather func(items []*directory.MenuItem)
	gather = func(items []*directory.MenuItem) {
		for _, it := range items {
			flat = append(flat, it)
			gather(it.Children)
		}
	}
	for _, list := range lists {
		gather(list)
	}
	rows := make(map[*directory.MenuItem]*MenuItem, len(flat))
	for i, row := range menuItemRows.enter(r, flat) {
		rows[flat[i]] = row
	}
	of := func(items []*directory.MenuItem) []*MenuItem {
		shown := make([]*MenuItem, len(items))
		for i, it := range items {
			shown[i] = rows[it]
		}
		return shown
	}
	for it, row := range rows {
		row.children = of(it.Children)
	}
	shown := make([][]*MenuItem, len(lists))
	for i, list := range lists {
		shown[i] = of(list)
	}
	return shown
}

// visibleItems leaves out items that lead to an article which is not to be seen.
// All other targets were checked when the directory was made.
func visibleItems(ctx context.Context, items []*MenuItem) ([]*MenuItem, error) {
	visible := make([]*MenuItem, 0, len(items))
	for _, it := range items {
		if it.TargetType == menuitem.TargetTypeArticle {
			a, err := it.Article(ctx)
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

var (
	menuItemArticle = reference(Articles, func(it *directory.MenuItem) *int {
		if it.TargetType != menuitem.TargetTypeArticle {
			return nil
		}
		return it.TargetID
	})
	menuItemTarget = &field[directory.MenuItem, none, Node]{func(ctx context.Context, c *cohort[directory.MenuItem], _ none) ([]Node, error) {
		refs := make([]Ref, len(c.rows))
		for i, it := range c.rows {
			if it.TargetID != nil && it.TargetType != menuitem.TargetTypeArticle {
				refs[i] = targetOf(string(it.TargetType), *it.TargetID)
			}
		}
		return c.response.nodes(ctx, refs)
	}}
)

// Children is the field of the same name.
func (it *MenuItem) Children(ctx context.Context) ([]*MenuItem, error) {
	return visibleItems(ctx, it.children)
}

// Article is what the item leads to when that is an article.
func (it *MenuItem) Article(ctx context.Context) (*Article, error) {
	return get(ctx, it.place, menuItemArticle, none{})
}

// Target is the field of the same name.
func (it *MenuItem) Target(ctx context.Context) (Node, error) {
	if it.TargetType == menuitem.TargetTypeArticle {
		return nodeOf(it.Article(ctx))
	}
	return get(ctx, it.place, menuItemTarget, none{})
}

// Links gives the directory, and notes that the response shows name and address
// of what the item leads to.
func (it *MenuItem) Links(ctx context.Context) (*directory.Snapshot, error) {
	if it.TargetID != nil {
		it.in.response.Shown.note(Dependency{Entity: targetOf(string(it.TargetType), 0).Prefix, Key: *it.TargetID})
	}
	return it.in.response.Dir(ctx)
}
