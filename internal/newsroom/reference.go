package newsroom

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/broadsheet-cms/broadsheet/ent"
	"github.com/broadsheet-cms/broadsheet/ent/article"
	"github.com/broadsheet-cms/broadsheet/ent/author"
	"github.com/broadsheet-cms/broadsheet/ent/category"
	"github.com/broadsheet-cms/broadsheet/ent/media"
	"github.com/broadsheet-cms/broadsheet/ent/place"
	"github.com/broadsheet-cms/broadsheet/ent/series"
	"github.com/broadsheet-cms/broadsheet/ent/tag"
	"github.com/broadsheet-cms/broadsheet/internal/access"
	"github.com/broadsheet-cms/broadsheet/internal/content"
	"github.com/broadsheet-cms/broadsheet/internal/event"
	"github.com/broadsheet-cms/broadsheet/internal/fault"
	"github.com/broadsheet-cms/broadsheet/internal/id"
	"github.com/broadsheet-cms/broadsheet/internal/slug"
)

// checkSlug takes a slug that is asked for, if it is free. Without one content
// makes a free one from the headline.
func (s *Service) checkSlug(ctx context.Context, d *content.Draft, wanted *string) error {
	if wanted == nil || *wanted == d.Slug {
		return nil
	}
	if !slug.Valid(*wanted) {
		return fault.Mistake(fault.Invalid, "article.slug", "A slug holds small letters, digits, hyphens and underscores only.")
	}
	taken, err := s.db.Ent(ctx).Article.Query().Where(article.Slug(*wanted), article.IDNEQ(d.ID)).Exist(ctx)
	if err != nil {
		return fmt.Errorf("look for a slug: %w", err)
	}
	if taken {
		return fault.Mistake(fault.Taken, "article.slug", "Another article has the slug %q.", *wanted)
	}
	d.Slug = *wanted
	return nil
}

// finders find which keys of things are there, by the name of the field that
// holds them.
var finders = map[string]func(ctx context.Context, c *ent.Client, ids []int) ([]int, error){
	"categoryIds": func(ctx context.Context, c *ent.Client, ids []int) ([]int, error) {
		return c.Category.Query().Where(category.IDIn(ids...)).IDs(ctx)
	},
	"tagIds": func(ctx context.Context, c *ent.Client, ids []int) ([]int, error) {
		return c.Tag.Query().Where(tag.IDIn(ids...)).IDs(ctx)
	},
	"placeIds": func(ctx context.Context, c *ent.Client, ids []int) ([]int, error) {
		return c.Place.Query().Where(place.IDIn(ids...)).IDs(ctx)
	},
	"authorIds": func(ctx context.Context, c *ent.Client, ids []int) ([]int, error) {
		return c.Author.Query().Where(author.IDIn(ids...)).IDs(ctx)
	},
	"seriesId": func(ctx context.Context, c *ent.Client, ids []int) ([]int, error) {
		return c.Series.Query().Where(series.IDIn(ids...)).IDs(ctx)
	},
	"featuredImageId": func(ctx context.Context, c *ent.Client, ids []int) ([]int, error) {
		return c.Media.Query().Where(media.IDIn(ids...)).IDs(ctx)
	},
}

// present gives those of ids that are there, in their order and once each.
func (s *Service) present(ctx context.Context, field string, ids []int) ([]int, error) {
	if len(ids) == 0 {
		return nil, nil
	}
	found, err := finders[field](ctx, s.db.Ent(ctx), ids)
	if err != nil {
		return nil, fmt.Errorf("look for %s: %w", field, err)
	}
	var there []int
	for _, id := range ids {
		if slices.Contains(found, id) && !slices.Contains(there, id) {
			there = append(there, id)
		}
	}
	return there, nil
}

// checkReferences refuses things that are not there.
func (s *Service) checkReferences(ctx context.Context, d *content.Draft, p Patch) error {
	var wrong []error
	check := func(given bool, field, kind string, ids []int) {
		if !given {
			return
		}
		if len(ids) > maxThings {
			wrong = append(wrong, fault.Mistake(fault.LimitReached, "article."+field, "At most %d are allowed.", maxThings))
			return
		}
		there, err := s.present(ctx, kind, ids)
		if err != nil {
			wrong = append(wrong, err)
			return
		}
		for i, id := range ids {
			if !slices.Contains(there, id) {
				path := "article." + field
				if strings.HasSuffix(field, "s") {
					path = fmt.Sprintf("%s.%d", path, i)
				}
				wrong = append(wrong, fault.Mistake(fault.Missing, path, "There is no such thing."))
			}
		}
	}
	check(p.PrimaryCategory.Given, "primaryCategoryId", "categoryIds", one(d.PrimaryCategory))
	check(p.Categories != nil, "categoryIds", "categoryIds", d.Categories)
	check(p.Tags != nil, "tagIds", "tagIds", d.Tags)
	check(p.Places != nil, "placeIds", "placeIds", d.Places)
	check(p.Authors != nil, "authorIds", "authorIds", d.Authors)
	check(p.Series.Given, "seriesId", "seriesId", one(d.Series))
	check(p.FeaturedMedia.Given, "featuredImageId", "featuredImageId", one(d.FeaturedMedia))
	return errors.Join(wrong...)
}

func one(id *int) []int {
	if id == nil {
		return nil
	}
	return []int{*id}
}

// joinTranslations makes an article a translation of another, or of none. The
// articles of a group have a language each.
func (s *Service) joinTranslations(ctx context.Context, viewer access.Viewer, d *content.Draft, p Patch) error {
	switch of := p.TranslationOf; {
	case of.Given && of.Value == nil:
		d.TranslationGroup = nil
	case of.Given:
		group, err := s.groupOf(ctx, viewer, d, *of.Value)
		if err != nil {
			return err
		}
		d.TranslationGroup = &group
	case p.Language == nil:
		return nil
	}
	if d.TranslationGroup == nil {
		return nil
	}
	language := cmp.Or(d.Language, article.DefaultLanguage)
	same, err := s.db.Ent(ctx).Article.Query().Where(article.Or(article.TranslationGroup(*d.TranslationGroup), article.ID(*d.TranslationGroup)),
		article.Language(language), article.IDNEQ(d.ID), article.TrashedAtIsNil()).Exist(ctx)
	if err != nil {
		return fmt.Errorf("look for other translations: %w", err)
	}
	if same && p.TranslationOf.Given {
		return fault.Mistake(fault.Taken, "article.translationOfId", "There is an article in this language (%s) already: a translation has a language of its own.", language)
	}
	if same {
		return fault.Mistake(fault.Taken, "article.language", "Another translation of the article has this language (%s).", language)
	}
	return nil
}

// groupOf gives the group of translations that an article belongs to, and makes
// it the first of one if it belongs to none.
func (s *Service) groupOf(ctx context.Context, viewer access.Viewer, d *content.Draft, original int) (int, error) {
	other, err := s.db.Ent(access.With(ctx, viewer)).Article.Query().Where(article.ID(original)).Only(access.With(ctx, viewer))
	if ent.IsNotFound(err) || original == d.ID && d.ID != 0 {
		return 0, fault.Mistake(fault.Missing, "article.translationOfId", "There is no such article.")
	}
	if err != nil {
		return 0, fmt.Errorf("find the original of a translation: %w", err)
	}
	if other.TranslationGroup != nil {
		return *other.TranslationGroup, nil
	}
	// Nothing that it says changes, so its version stays; what is kept of it and what
	// partners have is read again.
	if err := s.db.Ent(ctx).Article.UpdateOneID(original).SetTranslationGroup(original).Exec(ctx); err != nil {
		return 0, fmt.Errorf("begin a group of translations: %w", err)
	}
	return original, s.log.Append(ctx, event.Event{Action: event.Updated, Entity: id.Article, EntityID: original, Detail: event.Detail{Version: other.Version}})
}

// takeWords gives a draft the words of an older one. A field is part of the words
// unless it is named here. What the words refer to and is gone meanwhile is left
// out.
func (s *Service) takeWords(ctx context.Context, d, old *content.Draft) error {
	was := *d
	*d = *old
	// The identity and the origin of the article stay as they are,
	d.ID, d.CreatedBy, d.EditedAt, d.Source, d.Slug, d.TranslationGroup = was.ID, was.CreatedBy, was.EditedAt, was.Source, was.Slug, was.TranslationGroup
	// so does its state, with its times,
	d.Status, d.Visibility, d.TrashedAt = was.Status, was.Visibility, was.TrashedAt
	d.PublishedAt, d.FirstPublishedAt, d.UpdatedAt, d.CorrectedAt = was.PublishedAt, was.FirstPublishedAt, was.UpdatedAt, was.CorrectedAt
	d.ScheduledAt, d.EmbargoUntil, d.UnpublishAt = was.ScheduledAt, was.EmbargoUntil, was.UnpublishAt
	// and the related articles that editors chose.
	d.Pins = was.Pins
	// A live blog gets back what was taken out and keeps what was reported since.
	d.Entries = slices.Clone(old.Entries)
	for _, e := range was.Entries {
		if !slices.ContainsFunc(old.Entries, func(o content.Entry) bool { return o.ID == e.ID }) {
			d.Entries = append(d.Entries, e)
		}
	}
	for _, list := range []struct {
		field string
		from  []int
		into  *[]int
	}{
		{"categoryIds", old.Categories, &d.Categories}, {"tagIds", old.Tags, &d.Tags}, {"placeIds", old.Places, &d.Places},
		{"authorIds", old.Authors, &d.Authors},
	} {
		there, err := s.present(ctx, list.field, list.from)
		if err != nil {
			return err
		}
		*list.into = there
	}
	for _, single := range []struct {
		field string
		from  *int
		into  **int
	}{
		{"categoryIds", old.PrimaryCategory, &d.PrimaryCategory}, {"seriesId", old.Series, &d.Series},
		{"featuredImageId", old.FeaturedMedia, &d.FeaturedMedia},
	} {
		there, err := s.present(ctx, single.field, one(single.from))
		if err != nil {
			return err
		}
		*single.into = nil
		if len(there) == 1 {
			*single.into = &there[0]
		}
	}
	return nil
}
