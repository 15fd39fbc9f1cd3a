package taxonomy

import (
	"context"
	"fmt"
	"slices"

	"github.com/broadsheet-cms/broadsheet/ent"
	"github.com/broadsheet-cms/broadsheet/ent/schema"
	"github.com/broadsheet-cms/broadsheet/ent/tag"
	"github.com/broadsheet-cms/broadsheet/internal/event"
	"github.com/broadsheet-cms/broadsheet/internal/fault"
	"github.com/broadsheet-cms/broadsheet/internal/id"
)

// Tag is a tag as it shall be.
type Tag struct {
	ID          int // 0: a new one; EnsureTags does not look at it
	Name        string
	Slug        string // empty: made from the name, or kept
	Scheme      string // the vocabulary it belongs to; empty: the site's own
	Description string
	Labels      schema.Labels
}

// Tags of different vocabularies are different tags, whatever they are called.
var tags = newVocabulary(id.Tag, "tag", "tags", "scheme, ''", func(have, want [2]string) bool { return have[0] == want[0] })

// EnsureTags gives the keys of tags in order, making those that are missing.
func (s *Service) EnsureTags(ctx context.Context, specs ...Tag) ([]int, error) {
	specs = slices.Clone(specs) // the caller's stay as they are
	wanted := make([]*thing, len(specs))
	for i := range specs {
		t := &specs[i]
		if err := checkTag(fmt.Sprintf("tags[%d].", i), t); err != nil {
			return nil, err
		}
		wanted[i] = &thing{name: t.Name, given: t.Slug, marks: [2]string{t.Scheme}}
	}
	ids, err := s.ensure(ctx, tags, wanted, func(ctx context.Context, missing []int) ([]int, error) {
		client := s.db.Ent(ctx)
		builders := make([]*ent.TagCreate, len(missing))
		for i, n := range missing {
			builders[i] = client.Tag.Create()
			setTag(builders[i].Mutation(), specs[n], wanted[n].slug)
		}
		rows, err := client.Tag.CreateBulk(builders...).Save(ctx)
		return keys(rows, func(t *ent.Tag) int { return t.ID }), err
	})
	if err != nil {
		return nil, fmt.Errorf("ensure tags: %w", err)
	}
	return ids, nil
}

// SaveTag makes a tag or changes one as a whole.
func (s *Service) SaveTag(ctx context.Context, t Tag) (saved *ent.Tag, err error) {
	if err := checkTag("", &t); err != nil {
		return nil, err
	}
	err = s.save(ctx, "tag", false, func(ctx context.Context) error {
		client := s.db.Ent(ctx)
		var before State
		if t.ID != 0 {
			old, err := client.Tag.Get(ctx, t.ID)
			if err != nil {
				return err
			}
			before = tagSpec(old).state()
		}
		if err := s.checkTagName(ctx, t); err != nil {
			return err
		}
		free, err := s.chooseSlug(ctx, tags, t.ID, t.Slug, before.Slug, t.Name)
		if err != nil {
			return err
		}
		if t.ID == 0 {
			b := client.Tag.Create()
			setTag(b.Mutation(), t, free)
			saved, err = b.Save(ctx)
		} else {
			b := client.Tag.UpdateOneID(t.ID)
			setTag(b.Mutation(), t, free)
			saved, err = b.Save(ctx)
		}
		if err != nil {
			return err
		}
		return s.record(ctx, id.Tag, saved.ID, before, tagSpec(saved).state(), event.Detail{})
	})
	return saved, err
}

// checkTagName refuses a new tag that nobody could tell from one that is there: it
// has the same name, and was given no slug of its own.
func (s *Service) checkTagName(ctx context.Context, t Tag) error {
	if t.ID != 0 || t.Slug != "" {
		return nil
	}
	same, err := s.db.Ent(ctx).Tag.Query().Where(tag.NameEqualFold(t.Name), tag.Scheme(t.Scheme)).First(ctx)
	if ent.IsNotFound(err) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("look for a tag of the same name: %w", err)
	}
	return fault.Mistake(fault.Taken, "name", "There is a tag %q with the slug %q. Use that one, or give the new one a slug of its own.", same.Name, same.Slug)
}

func checkTag(field string, t *Tag) error {
	t.Scheme = cleanName(t.Scheme)
	if err := checkLabels(field, t.Labels); err != nil {
		return err
	}
	return checkWords(field, &t.Name, &t.Slug, &t.Description)
}

func setTag(m *ent.TagMutation, t Tag, slug string) {
	m.SetName(t.Name)
	m.SetSlug(slug)
	m.SetScheme(t.Scheme)
	m.SetDescription(t.Description)
	setLabels(t.Labels, m.SetLabels, m.ClearLabels)
}

// setLabels stores labels, or none.
func setLabels(labels schema.Labels, set func(schema.Labels), unset func()) {
	if len(labels) == 0 {
		unset()
		return
	}
	set(labels)
}

// keys gives the keys of rows in order.
func keys[T any](rows []T, key func(T) int) []int {
	ids := make([]int, len(rows))
	for i, r := range rows {
		ids[i] = key(r)
	}
	return ids
}
