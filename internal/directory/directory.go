package directory

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"

	"github.com/broadsheet-cms/broadsheet/ent"
	"github.com/broadsheet-cms/broadsheet/ent/adslot"
	"github.com/broadsheet-cms/broadsheet/ent/author"
	"github.com/broadsheet-cms/broadsheet/ent/menuitem"
	"github.com/broadsheet-cms/broadsheet/ent/page"
	"github.com/broadsheet-cms/broadsheet/ent/place"
	"github.com/broadsheet-cms/broadsheet/ent/series"
	"github.com/broadsheet-cms/broadsheet/ent/tag"
	"github.com/broadsheet-cms/broadsheet/internal/access"
	"github.com/broadsheet-cms/broadsheet/internal/event"
	"github.com/broadsheet-cms/broadsheet/internal/id"
	"github.com/broadsheet-cms/broadsheet/internal/store"
)

// Directory gives the current Snapshot.
type Directory struct {
	db *store.DB
	// SiteURL stands in for the stored address of the site when it is set. It is
	// set once, before the directory is used.
	SiteURL string

	changes atomic.Int64 // counts what happened to the rows behind it
	current atomic.Pointer[versioned]
	loading sync.Mutex
}

type versioned struct {
	*Snapshot
	changes int64
}

// New gives the directory of db, which is read when it is first asked for and
// after each event that touches it.
func New(db *store.DB, log *event.Log) *Directory {
	d := &Directory{db: db}
	log.EveryNode(d)
	return d
}

// Name implements event.Consumer.
func (d *Directory) Name() string { return "directory" }

// Consume implements event.Consumer: the next reader loads a new snapshot if any
// of the events is about what a snapshot holds.
func (d *Directory) Consume(_ context.Context, events []event.Event) error {
	for _, e := range events {
		switch e.Entity {
		case id.Category, id.Author, id.Place, id.Series, id.Menu, id.AdSlot, id.Page, id.Tag, event.Site:
			d.changes.Add(1)
			return nil
		}
		if e.Action == event.Missed {
			d.changes.Add(1)
			return nil
		}
	}
	return nil
}

// Current gives the snapshot that holds everything committed by this process,
// and by others as soon as their events have come.
func (d *Directory) Current(ctx context.Context) (*Snapshot, error) {
	if v := d.current.Load(); v != nil && v.changes == d.changes.Load() {
		return v.Snapshot, nil
	}
	d.loading.Lock()
	defer d.loading.Unlock()
	// The count is taken before reading: what changes meanwhile makes this
	// snapshot old, never wrong for longer than one read.
	changes := d.changes.Load()
	if v := d.current.Load(); v != nil && v.changes == changes {
		return v.Snapshot, nil
	}
	s, err := load(access.AsSystem(context.WithoutCancel(ctx)), d.db.Ent(context.Background()))
	if err != nil {
		return nil, fmt.Errorf("load the directory: %w", err)
	}
	if d.SiteURL != "" {
		site := *s.Site
		site.URL = d.SiteURL
		s.Site = &site
	}
	d.current.Store(&versioned{Snapshot: s, changes: changes})
	return s, nil
}

func load(ctx context.Context, client *ent.Client) (*Snapshot, error) {
	s := &Snapshot{}
	sites, err := client.Site.Query().Limit(1).All(ctx)
	if err != nil {
		return nil, err
	}
	s.Site = &ent.Site{Name: "Broadsheet", Language: "en", TimeZone: "UTC"}
	if len(sites) > 0 {
		s.Site = sites[0]
	}
	categories, err := client.Category.Query().All(ctx)
	if err != nil {
		return nil, err
	}
	s.addCategories(categories)
	authors, err := client.Author.Query().Order(author.ByName(), author.ByID()).All(ctx)
	if err != nil {
		return nil, err
	}
	s.Authors = newTable(authors, func(a *ent.Author) (int, string, string) { return a.ID, a.Slug, a.Name })
	places, err := client.Place.Query().Order(place.ByName(), place.ByID()).All(ctx)
	if err != nil {
		return nil, err
	}
	s.Places = newTable(places, func(p *ent.Place) (int, string, string) { return p.ID, p.Slug, p.Name })
	all, err := client.Series.Query().Order(series.ByName(), series.ByID()).All(ctx)
	if err != nil {
		return nil, err
	}
	s.Series = newTable(all, func(x *ent.Series) (int, string, string) { return x.ID, x.Slug, x.Name })
	// Only what is public goes into a directory that everybody reads.
	pages, err := client.Page.Query().Select(page.FieldID, page.FieldTitle, page.FieldSlug, page.FieldPath, page.FieldLanguage).
		All(access.With(ctx, access.Viewer{}))
	if err != nil {
		return nil, err
	}
	s.pages, s.pageSlug = make(map[int]*ent.Page, len(pages)), make(map[string]*ent.Page, len(pages))
	for _, p := range pages {
		s.pages[p.ID], s.pageSlug[p.Slug] = p, p
	}
	slots, err := client.AdSlot.Query().Where(adslot.IsActive(true)).Order(adslot.ByPosition(), adslot.ByID()).All(ctx)
	if err != nil {
		return nil, err
	}
	s.slots, s.slotByID = map[string][]*ent.AdSlot{}, make(map[int]*ent.AdSlot, len(slots))
	for _, slot := range slots {
		s.slotByID[slot.ID] = slot
		s.slots[slot.Placement] = append(s.slots[slot.Placement], slot)
	}
	return s, loadMenus(ctx, client, s)
}

func loadMenus(ctx context.Context, client *ent.Client, s *Snapshot) error {
	menus, err := client.Menu.Query().All(ctx)
	if err != nil {
		return err
	}
	items, err := client.MenuItem.Query().All(ctx)
	if err != nil {
		return err
	}
	var tagIDs []int
	for _, it := range items {
		if it.TargetType == menuitem.TargetTypeTag && it.TargetID != nil {
			tagIDs = append(tagIDs, *it.TargetID)
		}
	}
	s.tags = map[int]*ent.Tag{}
	if len(tagIDs) > 0 {
		tags, err := client.Tag.Query().Where(tag.IDIn(tagIDs...)).All(ctx)
		if err != nil {
			return err
		}
		for _, t := range tags {
			s.tags[t.ID] = t
		}
	}
	s.addMenus(menus, items)
	return nil
}
