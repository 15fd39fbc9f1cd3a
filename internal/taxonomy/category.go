package taxonomy

import (
	"context"
	"fmt"
	"slices"
	"strconv"

	"github.com/broadsheet-cms/broadsheet/ent"
	"github.com/broadsheet-cms/broadsheet/ent/schema"
	"github.com/broadsheet-cms/broadsheet/internal/content"
	"github.com/broadsheet-cms/broadsheet/internal/event"
	"github.com/broadsheet-cms/broadsheet/internal/fault"
	"github.com/broadsheet-cms/broadsheet/internal/id"
	"github.com/broadsheet-cms/broadsheet/internal/store"
)

// Category is a section as it shall be.
type Category struct {
	ID          int // 0: a new one; EnsureCategories does not look at it
	Name        string
	Slug        string // empty: made from the name, or kept
	Description string
	Labels      schema.Labels
	Parent      *int // key of the section it lies in; nil: at the top, for EnsureCategories: wherever it is
	Position    int  // among its siblings
}

// maxDepth bounds the tree of sections.
const maxDepth = 20

// Sections of one name in different sections are different ones. A section
// wanted without a parent is found wherever it lies.
var categories = newVocabulary(id.Category, "section", "categories", "coalesce(parent_id, 0), ''",
	func(have, want [2]string) bool { return want[0] == "" || have[0] == want[0] })

// EnsureCategories gives the keys of sections in order, making those that are
// missing. One with a slug is found by that slug wherever it lies.
func (s *Service) EnsureCategories(ctx context.Context, specs ...Category) ([]int, error) {
	specs = slices.Clone(specs) // the caller's stay as they are
	wanted := make([]*thing, len(specs))
	for i := range specs {
		c := &specs[i]
		if err := checkCategory(fmt.Sprintf("categories[%d].", i), c); err != nil {
			return nil, err
		}
		wanted[i] = &thing{name: c.Name, given: c.Slug}
		if c.Parent != nil && c.Slug == "" {
			wanted[i].marks[0] = strconv.Itoa(*c.Parent)
		}
	}
	ids, err := s.ensure(ctx, categories, wanted, func(ctx context.Context, missing []int) ([]int, error) {
		client := s.db.Ent(ctx)
		builders := make([]*ent.CategoryCreate, len(missing))
		for i, n := range missing {
			builders[i] = client.Category.Create()
			setCategory(builders[i].Mutation(), specs[n], wanted[n].slug)
		}
		rows, err := client.Category.CreateBulk(builders...).Save(ctx)
		return keys(rows, func(c *ent.Category) int { return c.ID }), err
	})
	if err != nil {
		return nil, fmt.Errorf("ensure sections: %w", err)
	}
	return ids, nil
}

// EnsurePaths gives the key of the section at the end of each path of names,
// such as World, Europe, making what is missing on the way. The first name is
// found wherever it lies.
func (s *Service) EnsurePaths(ctx context.Context, paths ...[]string) (ends []int, err error) {
	for i, path := range paths {
		if len(path) == 0 || len(path) > maxDepth {
			return nil, fault.BadInput(fmt.Sprintf("paths[%d]", i), "A path has one to %d names.", maxDepth)
		}
	}
	ends = make([]int, len(paths))
	err = s.db.Tx(ctx, func(ctx context.Context) error {
		for depth := range maxDepth {
			var specs []Category
			var places []int
			for i, path := range paths {
				if depth < len(path) {
					c := Category{Name: path[depth]}
					if depth > 0 {
						c.Parent = new(ends[i])
					}
					specs, places = append(specs, c), append(places, i)
				}
			}
			level, err := s.EnsureCategories(ctx, specs...)
			if err != nil {
				return err
			}
			for n, i := range places {
				ends[i] = level[n]
			}
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return ends, nil
}

// SaveCategory makes a section or changes one as a whole. When that moves it,
// its articles and those of all sections below are listed anew, and its event
// names the parents it left and came to.
func (s *Service) SaveCategory(ctx context.Context, c Category) (saved *ent.Category, err error) {
	if err := checkCategory("", &c); err != nil {
		return nil, err
	}
	err = s.save(ctx, "section", c.ID != 0, func(ctx context.Context) error {
		client := s.db.Ent(ctx)
		old := new(ent.Category)
		if c.ID != 0 {
			if old, err = client.Category.Get(ctx, c.ID); err != nil {
				return err
			}
		}
		if err := s.checkParent(ctx, c); err != nil {
			return err
		}
		free, err := s.chooseSlug(ctx, categories, c.ID, c.Slug, old.Slug, c.Name)
		if err != nil {
			return err
		}
		if c.ID == 0 {
			b := client.Category.Create()
			setCategory(b.Mutation(), c, free)
			saved, err = b.Save(ctx)
		} else {
			b := client.Category.UpdateOneID(c.ID)
			setCategory(b.Mutation(), c, free)
			saved, err = b.Save(ctx)
		}
		if err != nil {
			return err
		}
		from, to := parentOf(old.ParentID), parentOf(saved.ParentID)
		if c.ID != 0 && from != to {
			// All articles below are listed under this section as well.
			if err := s.content.Relist(ctx, content.ByCategory, c.ID); err != nil {
				return err
			}
		}
		return s.record(ctx, id.Category, saved.ID, categorySpec(old).state(), categorySpec(saved).state(), event.Detail{OldParent: from, NewParent: to})
	})
	return saved, err
}

// parentOf gives the key of a parent, 0 at the top.
func parentOf(parent *int) int {
	if parent == nil {
		return 0
	}
	return *parent
}

var ancestorsSQL = store.MaintainBoth(`
	WITH RECURSIVE up (id, parent_id) AS (
		SELECT id, parent_id FROM categories WHERE id = $1
		UNION SELECT c.id, c.parent_id FROM up JOIN categories c ON c.id = up.parent_id
	) SELECT id FROM up`)

// checkParent refuses a parent that is not there or that lies in the section
// itself.
func (s *Service) checkParent(ctx context.Context, c Category) error {
	if c.Parent == nil {
		return nil
	}
	ancestors, err := s.ancestors(ctx, *c.Parent)
	if err != nil {
		return err
	}
	height := 1
	if c.ID != 0 {
		if height, err = s.height(ctx, c.ID); err != nil {
			return err
		}
	}
	switch {
	case len(ancestors) == 0:
		return fault.Mistake(fault.Missing, "parentId", "There is no such section.")
	case c.ID != 0 && slices.Contains(ancestors, c.ID):
		return fault.Mistake(fault.Loop, "parentId", "A section cannot lie in itself or in a section below it.")
	case len(ancestors)+height > maxDepth:
		return fault.Mistake(fault.LimitReached, "parentId", "Sections can be %d deep at most.", maxDepth)
	}
	return nil
}

func checkCategory(field string, c *Category) error {
	if err := checkLabels(field, c.Labels); err != nil {
		return err
	}
	return checkWords(field, &c.Name, &c.Slug, &c.Description)
}

func setCategory(m *ent.CategoryMutation, c Category, slug string) {
	m.SetName(c.Name)
	m.SetSlug(slug)
	m.SetDescription(c.Description)
	m.SetPosition(c.Position)
	setLabels(c.Labels, m.SetLabels, m.ClearLabels)
	store.SetOrClear(c.Parent, m.SetParentID, m.ClearParentID)
}
