package taxonomy

import (
	"context"
	"fmt"
	"slices"

	"github.com/broadsheet-cms/broadsheet/ent"
	"github.com/broadsheet-cms/broadsheet/ent/menuitem"
	"github.com/broadsheet-cms/broadsheet/ent/schema"
	"github.com/broadsheet-cms/broadsheet/internal/access"
	"github.com/broadsheet-cms/broadsheet/internal/audit"
	"github.com/broadsheet-cms/broadsheet/internal/event"
	"github.com/broadsheet-cms/broadsheet/internal/fault"
	"github.com/broadsheet-cms/broadsheet/internal/id"
	"github.com/broadsheet-cms/broadsheet/internal/permalink"
	"github.com/broadsheet-cms/broadsheet/internal/site"
)

// Editor is the way in for people: it asks what they may do, refuses slugs in
// use, leaves redirects and records who did what. Imports use the Service
// itself.
type Editor struct {
	Categories *Collection[Category, *ent.Category]
	Tags       *Collection[Tag, *ent.Tag]
	Places     *Collection[Place, *ent.Place]
	Series     *Collection[Series, *ent.Series]
	Authors    *Collection[Author, *ent.Author]
}

// NewEditor gives the editor of what s keeps. What leads to things that move or
// go is kept right by pages.
func NewEditor(s *Service, pages *site.Service, log *audit.Log) *Editor {
	e := &editing{Service: s, pages: pages, audit: log}
	return &Editor{
		Categories: &Collection[Category, *ent.Category]{
			editing: e, entity: id.Category, one: "Category", many: "Categories", what: "section",
			target: menuitem.TargetTypeCategory, path: permalink.Category, needed: true,
			get: func(ctx context.Context, c *ent.Client, key int) (*ent.Category, error) {
				return c.Category.Get(ctx, key)
			},
			spec: categorySpec, save: s.SaveCategory, merging: s.mergeTree, removing: s.checkNoneBelow,
			remove: func(ctx context.Context, c *ent.Client, key int) error { return c.Category.DeleteOneID(key).Exec(ctx) },
		},
		Tags: &Collection[Tag, *ent.Tag]{
			editing: e, entity: id.Tag, one: "Tag", many: "Tags", what: "tag", target: menuitem.TargetTypeTag, path: permalink.Tag,
			get:  func(ctx context.Context, c *ent.Client, key int) (*ent.Tag, error) { return c.Tag.Get(ctx, key) },
			spec: tagSpec, save: s.SaveTag,
			remove: func(ctx context.Context, c *ent.Client, key int) error { return c.Tag.DeleteOneID(key).Exec(ctx) },
		},
		Places: &Collection[Place, *ent.Place]{
			editing: e, entity: id.Place, one: "Place", many: "Places", what: "place", target: menuitem.TargetTypePlace, path: permalink.Place,
			get:  func(ctx context.Context, c *ent.Client, key int) (*ent.Place, error) { return c.Place.Get(ctx, key) },
			spec: placeSpec, save: s.SavePlace,
			remove: func(ctx context.Context, c *ent.Client, key int) error { return c.Place.DeleteOneID(key).Exec(ctx) },
		},
		Series: &Collection[Series, *ent.Series]{
			editing: e, entity: id.Series, one: "Series", many: "Series", what: "series", target: menuitem.TargetTypeSeries, path: permalink.Series,
			get:  func(ctx context.Context, c *ent.Client, key int) (*ent.Series, error) { return c.Series.Get(ctx, key) },
			spec: seriesSpec, save: s.SaveSeries,
			remove: func(ctx context.Context, c *ent.Client, key int) error { return c.Series.DeleteOneID(key).Exec(ctx) },
		},
		Authors: &Collection[Author, *ent.Author]{
			editing: e, entity: id.Author, one: "Author", many: "Authors", what: "author",
			target: menuitem.TargetTypeAuthor, path: permalink.Author, needed: true,
			get:  func(ctx context.Context, c *ent.Client, key int) (*ent.Author, error) { return c.Author.Get(ctx, key) },
			spec: authorSpec, save: s.SaveAuthor, merging: s.mergeUsers,
			remove: func(ctx context.Context, c *ent.Client, key int) error { return c.Author.DeleteOneID(key).Exec(ctx) },
		},
	}
}

// editing is what all collections share.
type editing struct {
	*Service
	pages *site.Service
	audit *audit.Log
}

// spec is a thing as it shall be.
type spec interface{ state() State }

// Collection is all things of one kind: S is one as it shall be, R its row.
type Collection[S spec, R any] struct {
	*editing
	entity    string // prefix of public ids
	one, many string // in the names of mutations
	what      string // for people
	target    menuitem.TargetType
	path      permalink.Kind
	needed    bool // an article must not lose it

	get    func(ctx context.Context, client *ent.Client, key int) (R, error)
	spec   func(R) S
	save   func(ctx context.Context, thing S) (R, error)
	remove func(ctx context.Context, client *ent.Client, key int) error
	// merging, which may be nil, moves what belongs to a thing beside its
	// articles, or refuses.
	merging func(ctx context.Context, from, into int) error
	// removing, which may be nil, refuses to remove a thing that is in use.
	removing func(ctx context.Context, key int) error
}

// State is what the record of who did what keeps of a thing.
type State struct {
	key int

	ID          string        `json:"id,omitempty"`
	Name        string        `json:"name"`
	Slug        string        `json:"slug"`
	Description string        `json:"description,omitempty"`
	Labels      schema.Labels `json:"labels,omitempty"`
	Kind        string        `json:"kind,omitempty"`
	Parent      string        `json:"parentId,omitempty"`
	Position    int           `json:"position,omitempty"`
	Scheme      string        `json:"scheme,omitempty"`
	CountryCode string        `json:"countryCode,omitempty"`
	Latitude    *float64      `json:"latitude,omitempty"`
	Longitude   *float64      `json:"longitude,omitempty"`
	Avatar      string        `json:"avatarId,omitempty"`
	User        string        `json:"userId,omitempty"`
}

// edit runs one change: for a viewer who may, alone, in a transaction. One that moves
// articles to other lists waits for everybody who saves an article.
func (c *Collection[S, R]) edit(ctx context.Context, moves bool, do func(ctx context.Context) error) error {
	if err := access.Require(ctx, access.ManageTaxonomy); err != nil {
		return err
	}
	return c.Service.save(ctx, c.what, moves, do)
}

// Get gives a thing as it is stored, for a viewer who may change it.
func (c *Collection[S, R]) Get(ctx context.Context, key int) (row R, err error) {
	if err := access.Require(ctx, access.ManageTaxonomy); err != nil {
		return row, err
	}
	return c.row(access.AsSystem(ctx), "id", key)
}

// Create makes a thing. A slug that is asked for must be free.
func (c *Collection[S, R]) Create(ctx context.Context, thing S) (made R, err error) {
	err = c.edit(ctx, c.entity == id.Category, func(ctx context.Context) error {
		if made, err = c.store(ctx, thing); err != nil {
			return err
		}
		after := c.state(made)
		return c.audit.Record(ctx, audit.Entry{Action: "create" + c.one, Entity: c.entity, EntityID: after.key, After: after})
	})
	return made, err
}

// Update changes a thing by change, which is given it as it is now. When that
// changes its slug, a redirect leads from its old path to it.
func (c *Collection[S, R]) Update(ctx context.Context, key int, change func(*S)) (R, error) {
	return c.change(ctx, "update"+c.one, key, change)
}

func (c *Collection[S, R]) change(ctx context.Context, action string, key int, change func(*S)) (changed R, err error) {
	err = c.edit(ctx, c.entity == id.Category, func(ctx context.Context) error {
		old, err := c.find(ctx, "id", key)
		if err != nil {
			return err
		}
		before := old.state()
		change(&old)
		if changed, err = c.store(ctx, old); err != nil {
			return err
		}
		after := c.state(changed)
		if before.Slug != after.Slug {
			if err := c.pages.Moved(ctx, c.pathOf(before), c.pathOf(after), c.targetOf(key)); err != nil {
				return err
			}
		}
		return c.audit.Record(ctx, audit.Entry{Action: action, Entity: c.entity, EntityID: key, Before: before, After: after})
	})
	return changed, err
}

// store saves a thing and refuses a slug that another one has.
func (c *Collection[S, R]) store(ctx context.Context, thing S) (saved R, err error) {
	if saved, err = c.save(ctx, thing); err != nil {
		return saved, err
	}
	if asked := thing.state().Slug; asked != "" && c.state(saved).Slug != asked {
		err = fault.Mistake(fault.Taken, "slug", "Another %s has the slug %.60q.", c.what, asked)
	}
	return saved, err
}

// MaxMerged bounds how many things are merged into one at once.
const MaxMerged = 20

// Merge makes one thing of several: the articles, redirects and menu items of
// the others become those of the one that stays, and the others go.
func (c *Collection[S, R]) Merge(ctx context.Context, others []int, into int) (merged R, err error) {
	if len(others) == 0 || len(others) > MaxMerged {
		return merged, fault.Mistake(fault.Invalid, "ids", "One to %d can be merged at once.", MaxMerged)
	}
	err = c.edit(ctx, true, func(ctx context.Context) error {
		if _, err := c.find(ctx, "into", into); err != nil {
			return err
		}
		var before []State
		for i, key := range others {
			field := fmt.Sprintf("ids[%d]", i)
			switch {
			case key == into:
				return fault.Mistake(fault.Loop, field, "A %s cannot be merged into itself.", c.what)
			case slices.Contains(others[:i], key):
				continue // named twice
			}
			gone, err := c.find(ctx, field, key)
			if err != nil {
				return err
			}
			before = append(before, gone.state())
			if c.merging != nil {
				if err := c.merging(ctx, key, into); err != nil {
					return at(field, err)
				}
			}
			if err := c.replace(ctx, gone.state(), into); err != nil {
				return err
			}
		}
		if merged, err = c.get(ctx, c.db.Ent(ctx), into); err != nil {
			return err
		}
		if err := c.log.Append(ctx, event.Event{Action: event.Updated, Entity: c.entity, EntityID: into}); err != nil {
			return err
		}
		return c.audit.Record(ctx, audit.Entry{Action: "merge" + c.many, Entity: c.entity, EntityID: into, Before: before, After: c.state(merged)})
	})
	return merged, err
}

// Delete takes a thing away. Its articles go to another one of its kind, or,
// when to is 0, to none; a section or an author that has articles can only go
// when another one takes them.
func (c *Collection[S, R]) Delete(ctx context.Context, key, to int) error {
	return c.edit(ctx, true, func(ctx context.Context) error {
		gone, err := c.find(ctx, "id", key)
		if err != nil {
			return err
		}
		if to != 0 {
			if to == key {
				return fault.Mistake(fault.Loop, "moveArticlesTo", "The articles cannot stay where they are.")
			}
			if _, err := c.find(ctx, "moveArticlesTo", to); err != nil {
				return err
			}
		}
		if c.removing != nil {
			if err := c.removing(ctx, key); err != nil {
				return err
			}
		}
		if to == 0 && c.needed {
			used, err := c.content.HasArticles(ctx, listedAs[c.entity], key)
			if err != nil {
				return err
			}
			if used {
				return fault.Mistake(fault.InUse, "id", "The %s has articles: say where they go.", c.what)
			}
		}
		before := gone.state()
		if err := c.replace(ctx, before, to); err != nil {
			return err
		}
		return c.audit.Record(ctx, audit.Entry{Action: "delete" + c.one, Entity: c.entity, EntityID: key, Before: before})
	})
}

// replace puts one thing, or none when by is 0, in the place of another, which
// goes.
func (c *Collection[S, R]) replace(ctx context.Context, gone State, by int) error {
	if by != 0 || !c.needed {
		if _, err := c.content.Reassign(ctx, listedAs[c.entity], gone.key, by); err != nil {
			return err
		}
	}
	if err := c.pages.Replaced(ctx, c.pathOf(gone), gone.Name, c.targetOf(gone.key), c.targetOf(by)); err != nil {
		return err
	}
	if err := c.remove(ctx, c.db.Ent(ctx), gone.key); err != nil {
		return err
	}
	return c.log.Append(ctx, event.Event{Action: event.Deleted, Entity: c.entity, EntityID: gone.key,
		Detail: event.Detail{OldPath: c.pathOf(gone), MergedInto: by}})
}

// at puts the field of an input into a mistake that names none.
func at(field string, err error) error {
	if f, ok := err.(*fault.Error); ok && f.Field == "" { //nolint:errorlint // made by us just now, never wrapped
		c := *f
		c.Field = field
		return &c
	}
	return err
}

// find gives a thing as it is, or a mistake about the field that names it.
func (c *Collection[S, R]) find(ctx context.Context, field string, key int) (thing S, err error) {
	row, err := c.row(ctx, field, key)
	if err != nil {
		return thing, err
	}
	return c.spec(row), nil
}

func (c *Collection[S, R]) row(ctx context.Context, field string, key int) (row R, err error) {
	row, err = c.get(ctx, c.db.Ent(ctx), key)
	if ent.IsNotFound(err) {
		err = fault.Mistake(fault.Missing, field, "There is no such %s.", c.what)
	}
	return row, err
}

func (c *Collection[S, R]) state(row R) State { return c.spec(row).state() }

func (c *Collection[S, R]) pathOf(s State) string { return permalink.Path(c.path, s.Slug) }

// targetOf is where links to a thing lead, nowhere for 0.
func (c *Collection[S, R]) targetOf(key int) site.Target {
	if key == 0 {
		return site.Target{Type: menuitem.TargetTypeNone}
	}
	return site.Target{Type: c.target, ID: key}
}

// MoveCategory puts a section with everything below it into another one, or at
// the top when parent is nil.
func (e *Editor) MoveCategory(ctx context.Context, key int, parent *int, position int) (*ent.Category, error) {
	return e.Categories.change(ctx, "moveCategory", key, func(c *Category) { c.Parent, c.Position = parent, position })
}
