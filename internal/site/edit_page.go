package site

import (
	"context"
	"errors"
	"time"

	"github.com/broadsheet-cms/broadsheet/ent"
	"github.com/broadsheet-cms/broadsheet/ent/page"
	"github.com/broadsheet-cms/broadsheet/ent/schema"
	"github.com/broadsheet-cms/broadsheet/internal/access"
	"github.com/broadsheet-cms/broadsheet/internal/audit"
	"github.com/broadsheet-cms/broadsheet/internal/fault"
	"github.com/broadsheet-cms/broadsheet/internal/id"
	"github.com/broadsheet-cms/broadsheet/internal/permalink"
)

// pageState is what the record of who did what keeps of a page: not its body,
// which is long, but how many words it has.
type pageState struct {
	Title    string      `json:"title"`
	Slug     string      `json:"slug"`
	Path     string      `json:"path"`
	Parent   string      `json:"parentId,omitempty"`
	Position int         `json:"position,omitempty"`
	Status   page.Status `json:"status"`
	Trashed  bool        `json:"isTrashed,omitempty"`
	Language string      `json:"language"`
	Version  int         `json:"version"`
	Length   int         `json:"bodyLength"` // bytes of the text
	SEO      *schema.SEO `json:"seo,omitempty"`
}

func stateOfPage(p *ent.Page) pageState {
	return pageState{p.Title, p.Slug, p.Path, id.EncodeSet(id.Page, p.ParentID), p.Position, p.Status, p.TrashedAt != nil, p.Language, p.Version, len(p.Text), p.Seo}
}

// pageSpec is a stored page as it could be stored again.
func pageSpec(p *ent.Page) Page {
	s := Page{ID: p.ID, Title: p.Title, Slug: p.Slug, Path: p.Path, Parent: p.ParentID, Position: p.Position, Status: p.Status, Visibility: p.Visibility,
		TrashedAt: p.TrashedAt, PublishedAt: p.PublishedAt, UpdatedAt: p.UpdatedAt, Language: p.Language, TranslationGroup: p.TranslationGroup,
		Body: p.Blocks, SEO: p.Seo, Custom: p.Custom, SourceHash: p.SourceHash}
	if p.SourceURI != nil {
		s.SourceURI = *p.SourceURI
	}
	return s
}

// Page gives a page in any status, in the trash or not.
func (e *Editor) Page(ctx context.Context, key int) (*ent.Page, error) {
	return stored(ctx, access.ManagePages, "page", e.s.db.Ent(ctx).Page.Get, key)
}

// CreatePage makes a page, as a draft. A slug that is asked for must be free.
func (e *Editor) CreatePage(ctx context.Context, p Page) (saved *ent.Page, err error) {
	err = e.edit(ctx, access.ManagePages, "page", func(ctx context.Context) error {
		p.ID, p.Status = 0, page.StatusDraft
		if saved, err = e.savePage(ctx, p); err != nil {
			return err
		}
		return e.audit.Record(ctx, audit.Entry{Action: "createPage", Entity: id.Page, EntityID: saved.ID, After: stateOfPage(saved)})
	})
	return saved, err
}

// savePage saves a page and refuses a slug that another one has.
func (e *Editor) savePage(ctx context.Context, p Page) (*ent.Page, error) {
	saved, err := e.s.SavePage(ctx, p)
	if err == nil && p.Slug != "" && saved.Slug != p.Slug {
		err = fault.Mistake(fault.Taken, "slug", "Another page has the slug %.60q.", p.Slug)
	}
	return saved, err
}

// UpdatePage changes a page by change, which is given it as it is. With an
// expected version, a page that somebody else saved meanwhile stays as it is:
// VERSION_CONFLICT. When its path changes, redirects lead from the old paths of
// it and of the pages below it.
func (e *Editor) UpdatePage(ctx context.Context, key int, expected *int, change func(*Page)) (*ent.Page, error) {
	return e.changePage(ctx, "updatePage", key, func(p *ent.Page, s *Page) error {
		if p.TrashedAt != nil {
			return fault.Mistake(fault.Missing, "id", "There is no such page.")
		}
		if expected != nil && *expected != p.Version {
			return fault.Mistake(fault.VersionConflict, "expectedVersion", "Somebody saved the page meanwhile: it is at version %d.", p.Version)
		}
		before := *s
		s.Path = ""
		change(s)
		sameParent := s.Parent == before.Parent || s.Parent != nil && before.Parent != nil && *s.Parent == *before.Parent
		if s.Path == "" && sameParent && (s.Slug == before.Slug || s.Slug == "") {
			s.Path = before.Path // else it follows from the parent and the slug
		}
		s.UpdatedAt = new(e.s.Now())
		return nil
	})
}

// PublishPage shows a page to readers.
func (e *Editor) PublishPage(ctx context.Context, key int) (*ent.Page, error) {
	return e.changePage(ctx, "publishPage", key, e.toStatus(page.StatusPublished, page.StatusDraft, page.StatusUnpublished))
}

// UnpublishPage takes a page back from readers.
func (e *Editor) UnpublishPage(ctx context.Context, key int) (*ent.Page, error) {
	return e.changePage(ctx, "unpublishPage", key, e.toStatus(page.StatusUnpublished, page.StatusPublished))
}

func (e *Editor) toStatus(to page.Status, from ...page.Status) func(*ent.Page, *Page) error {
	return func(p *ent.Page, s *Page) error {
		if p.TrashedAt != nil {
			return fault.Mistake(fault.Missing, "id", "There is no such page.")
		}
		for _, f := range from {
			if p.Status == f {
				s.Status = to
				return nil
			}
		}
		return fault.Mistake(fault.IllegalTransition, "id", "A page that is %s cannot become %s.", p.Status, to)
	}
}

// TrashPage puts a page into the trash: nobody finds it there but by restoring it.
func (e *Editor) TrashPage(ctx context.Context, key int) (*ent.Page, error) {
	return e.changePage(ctx, "trashPage", key, e.trash(true))
}

// RestorePage takes a page out of the trash, as it was.
func (e *Editor) RestorePage(ctx context.Context, key int) (*ent.Page, error) {
	return e.changePage(ctx, "restorePage", key, e.trash(false))
}

func (e *Editor) trash(into bool) func(*ent.Page, *Page) error {
	return func(p *ent.Page, s *Page) error {
		if (p.TrashedAt != nil) == into {
			return fault.Mistake(fault.IllegalTransition, "id", "The page is there already.")
		}
		var at *time.Time
		if into {
			at = new(e.s.Now())
		}
		s.TrashedAt = at
		return nil
	}
}

func (e *Editor) changePage(ctx context.Context, action string, key int, change func(*ent.Page, *Page) error) (saved *ent.Page, err error) {
	err = e.edit(ctx, access.ManagePages, "page", func(ctx context.Context) error {
		client := e.s.db.Ent(ctx)
		old, err := client.Page.Get(ctx, key)
		if err != nil {
			return missing(err, "id", "page")
		}
		spec := pageSpec(old)
		if err := change(old, &spec); err != nil {
			return err
		}
		below, err := client.Page.Query().Where(page.PathHasPrefix(old.Path + "/")).Select(page.FieldPath).All(ctx)
		if err != nil {
			return err
		}
		if saved, err = e.savePage(ctx, spec); err != nil {
			return err
		}
		if saved.Path != old.Path {
			if err := e.leadOn(ctx, append(below, old)); err != nil {
				return err
			}
		}
		return e.audit.Record(ctx, audit.Entry{Action: action, Entity: id.Page, EntityID: key, Before: stateOfPage(old), After: stateOfPage(saved)})
	})
	return saved, err
}

// leadOn leaves redirects from the paths that pages had to where they are now.
func (e *Editor) leadOn(ctx context.Context, old []*ent.Page) error {
	var errs []error
	for _, was := range old {
		is, err := e.s.db.Ent(ctx).Page.Get(ctx, was.ID)
		if err == nil && is.Path != was.Path {
			target, _ := TargetOf(id.Page, was.ID)
			err = e.s.Moved(ctx, permalink.Path(permalink.Page, was.Path), permalink.Path(permalink.Page, is.Path), target)
		}
		errs = append(errs, err)
	}
	return errors.Join(errs...)
}
