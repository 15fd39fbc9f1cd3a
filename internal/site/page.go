package site

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/broadsheet-cms/broadsheet/ent"
	"github.com/broadsheet-cms/broadsheet/ent/page"
	"github.com/broadsheet-cms/broadsheet/ent/predicate"
	"github.com/broadsheet-cms/broadsheet/ent/schema"
	"github.com/broadsheet-cms/broadsheet/internal/access"
	"github.com/broadsheet-cms/broadsheet/internal/event"
	"github.com/broadsheet-cms/broadsheet/internal/fault"
	"github.com/broadsheet-cms/broadsheet/internal/id"
	"github.com/broadsheet-cms/broadsheet/internal/richtext"
	"github.com/broadsheet-cms/broadsheet/internal/slug"
	"github.com/broadsheet-cms/broadsheet/internal/store"
)

// Page is a static page as it shall be, whole.
type Page struct {
	ID int // 0: a new page

	Title string
	Slug  string // empty: made from the title, or kept; taken: numbered
	// Path is where the page is, without slashes at its ends. Empty: below the
	// path of the parent, by the slug.
	Path     string
	Parent   *int // key of a page
	Position int  // among its siblings

	Status           page.Status
	Visibility       page.Visibility
	TrashedAt        *time.Time
	PublishedAt      *time.Time // nil: now, when it is published
	UpdatedAt        *time.Time // nil: when it was published
	Language         string     // BCP 47; empty: en
	TranslationGroup *int

	Body   []richtext.Block
	SEO    *schema.SEO
	Custom map[string]any

	SourceURI  string // its identity where it came from
	SourceHash string // of what was imported
}

// publicColumns are what readers see of a page.
var publicColumns = []string{page.FieldTitle, page.FieldSlug, page.FieldPath, page.FieldStatus, page.FieldVisibility, page.FieldLanguage,
	page.FieldTranslationGroup, page.FieldParentID, page.FieldPosition, page.FieldPublishedAt, page.FieldUpdatedAt,
	page.FieldBlocks, page.FieldHTML, page.FieldText, page.FieldSeo, page.FieldVersion}

// PagesByIDs gives the visible pages among the given keys.
func (s *Service) PagesByIDs(ctx context.Context, ids []int) (map[int]*ent.Page, error) {
	pages, err := s.db.Ent(ctx).Page.Query().Where(page.IDIn(ids...)).Select(publicColumns...).All(ctx)
	if err != nil {
		return nil, fmt.Errorf("find pages: %w", err)
	}
	if err := s.hideExpired(ctx, pages); err != nil {
		return nil, err
	}
	found := make(map[int]*ent.Page, len(pages))
	for _, p := range pages {
		found[p.ID] = p
	}
	return found, nil
}

// PageBySlug gives the visible page with a slug, nil when there is none.
func (s *Service) PageBySlug(ctx context.Context, slug string) (*ent.Page, error) {
	return s.onePage(ctx, page.Slug(slug))
}

// PageByPath gives the visible page at a clean path (see permalink.Clean), with
// or without its first slash; nil when there is none.
func (s *Service) PageByPath(ctx context.Context, path string) (*ent.Page, error) {
	return s.onePage(ctx, page.Path(strings.Trim(path, "/")))
}

func (s *Service) onePage(ctx context.Context, is predicate.Page) (*ent.Page, error) {
	pages, err := s.db.Ent(ctx).Page.Query().Where(is).Limit(1).Select(publicColumns...).All(ctx)
	if err != nil {
		return nil, fmt.Errorf("find a page: %w", err)
	}
	if err := s.hideExpired(ctx, pages); err != nil {
		return nil, err
	}
	if len(pages) == 0 {
		return nil, nil
	}
	return pages[0], nil
}

// Imported is what an import needs to know of a page that it brought.
type Imported struct {
	ID   int
	Hash string // Page.SourceHash of that time
}

// PagesBySource gives the pages that came from the given addresses, visible or
// not, so that an import can tell what it has brought already.
func (s *Service) PagesBySource(ctx context.Context, uris []string) (map[string]Imported, error) {
	found := make(map[string]Imported, len(uris))
	for chunk := range slices.Chunk(uris, chunkSize) {
		pages, err := s.db.Ent(ctx).Page.Query().Where(page.SourceURIIn(chunk...)).
			Select(page.FieldSourceURI, page.FieldSourceHash).All(access.AsSystem(ctx))
		if err != nil {
			return nil, fmt.Errorf("find imported pages: %w", err)
		}
		for _, p := range pages {
			found[*p.SourceURI] = Imported{p.ID, p.SourceHash}
		}
	}
	return found, nil
}

// SavePage makes a page or changes one as a whole. When its path changes, the
// pages below it move along.
func (s *Service) SavePage(ctx context.Context, p Page) (saved *ent.Page, err error) {
	if err := checkPage(&p); err != nil {
		return nil, err
	}
	err = s.save(ctx, "page", func(ctx context.Context) error {
		client := s.db.Ent(ctx)
		old := new(ent.Page)
		if p.ID != 0 {
			if old, err = client.Page.Get(ctx, p.ID); err != nil {
				return err
			}
		}
		if err := s.checkParent(ctx, p); err != nil {
			return err
		}
		if err := s.chooseAddress(ctx, &p, old); err != nil {
			return err
		}
		s.chooseMoments(&p)
		if p.ID == 0 {
			b := client.Page.Create()
			setPage(b.Mutation(), p)
			saved, err = b.Save(ctx)
		} else {
			b := client.Page.UpdateOneID(p.ID)
			setPage(b.Mutation(), p)
			saved, err = b.AddVersion(1).Save(ctx)
		}
		if err != nil {
			return err
		}
		if err := s.saveBodyMedia(ctx, saved.ID, p.Body); err != nil {
			return err
		}
		events := []event.Event{{Action: change(p.ID == 0, live(old), live(saved)), Entity: id.Page, EntityID: saved.ID}}
		if p.ID != 0 && old.Path != saved.Path {
			moved, err := s.moveBelow(ctx, saved.ID, old.Path, saved.Path)
			if err != nil {
				return err
			}
			for _, page := range moved {
				events = append(events, event.Event{Action: event.Updated, Entity: id.Page, EntityID: page})
			}
		}
		return s.log.Append(ctx, events...)
	})
	return saved, err
}

// live reports whether readers see a page. It says of a row at hand what
// the rule of pages in package access says to the database.
func live(p *ent.Page) bool {
	return p.Status == page.StatusPublished && p.Visibility == page.VisibilityPublic && p.TrashedAt == nil
}

// change names what happened to a page.
func change(isNew, was, is bool) string {
	switch {
	case is && !was:
		return event.Published
	case was && !is:
		return event.Unpublished
	}
	return action(isNew)
}

// chooseAddress gives a page its slug and its path.
func (s *Service) chooseAddress(ctx context.Context, p *Page, old *ent.Page) error {
	pages := s.db.Ent(ctx).Page
	base := p.Slug
	for _, other := range []string{old.Slug, slug.Make(p.Title), "page"} {
		if base == "" {
			base = other
		}
	}
	chosen, err := free(base, func(candidates []string) ([]string, error) {
		return pages.Query().Where(page.SlugIn(candidates...), page.IDNEQ(p.ID)).Select(page.FieldSlug).Strings(ctx)
	})
	if err != nil {
		return err
	}
	p.Slug = chosen
	inUse := func(candidates []string) ([]string, error) {
		return pages.Query().Where(page.PathIn(candidates...), page.IDNEQ(p.ID)).Select(page.FieldPath).Strings(ctx)
	}
	if p.Path != "" {
		taken, err := inUse([]string{p.Path})
		if err == nil && len(taken) > 0 {
			err = fault.Mistake(fault.Taken, "path", "Another page is at %.200q.", p.Path)
		}
		return err
	}
	path := p.Slug
	if p.Parent != nil {
		parent, err := pages.Get(ctx, *p.Parent)
		if err != nil {
			return err
		}
		path = parent.Path + "/" + p.Slug
	}
	p.Path, err = free(path, inUse)
	return err
}

// free gives the first variant of base that is not in use.
func free(base string, inUse func(candidates []string) ([]string, error)) (string, error) {
	for low, high := 1, 4; ; low, high = high, high*8 {
		var candidates []string
		for n := low; n < high; n++ {
			candidates = append(candidates, slug.Number(base, n))
		}
		taken, err := inUse(candidates)
		if err != nil {
			return "", fmt.Errorf("look for addresses in use: %w", err)
		}
		for _, candidate := range candidates {
			if !slices.Contains(taken, candidate) {
				return candidate, nil
			}
		}
	}
}

// chooseMoments completes the times that readers see.
func (s *Service) chooseMoments(p *Page) {
	if p.Status == page.StatusPublished && p.PublishedAt == nil {
		p.PublishedAt = new(s.Now())
	}
	if p.UpdatedAt == nil {
		p.UpdatedAt = p.PublishedAt
	}
	for _, t := range []**time.Time{&p.PublishedAt, &p.UpdatedAt, &p.TrashedAt} {
		if *t != nil {
			*t = new((*t).UTC().Truncate(time.Microsecond)) // what PostgreSQL keeps
		}
	}
}

func setPage(m *ent.PageMutation, p Page) {
	m.SetTitle(p.Title)
	m.SetSlug(p.Slug)
	m.SetPath(p.Path)
	m.SetStatus(p.Status)
	m.SetVisibility(p.Visibility)
	m.SetLanguage(p.Language)
	m.SetPosition(p.Position)
	m.SetBlocks(p.Body)
	m.SetHTML(richtext.PlacedHTML(p.Body))
	m.SetText(richtext.Text(p.Body))
	m.SetSourceHash(p.SourceHash)
	var uri *string
	if p.SourceURI != "" {
		uri = &p.SourceURI
	}
	store.SetOrClear(uri, m.SetSourceURI, m.ClearSourceURI)
	store.SetOrClear(p.TrashedAt, m.SetTrashedAt, m.ClearTrashedAt)
	store.SetOrClear(p.PublishedAt, m.SetPublishedAt, m.ClearPublishedAt)
	store.SetOrClear(p.UpdatedAt, m.SetUpdatedAt, m.ClearUpdatedAt)
	store.SetOrClear(p.TranslationGroup, m.SetTranslationGroup, m.ClearTranslationGroup)
	store.SetOrClear(p.Parent, m.SetParentID, m.ClearParentID)
	if p.SEO != nil {
		m.SetSeo(p.SEO)
	} else {
		m.ClearSeo()
	}
	if p.Custom != nil {
		m.SetCustom(p.Custom)
	} else {
		m.ClearCustom()
	}
}

func checkPage(p *Page) error {
	if err := cleanText("title", &p.Title); err != nil {
		return err
	}
	if err := checkSEO(p.SEO); err != nil {
		return err
	}
	if p.Status == "" {
		p.Status = page.DefaultStatus
	}
	if p.Visibility == "" {
		p.Visibility = page.DefaultVisibility
	}
	if p.Language == "" {
		p.Language = page.DefaultLanguage
	}
	if p.Body == nil {
		p.Body = []richtext.Block{}
	}
	p.Path = strings.Trim(p.Path, "/")
	switch {
	case p.Title == "":
		return fault.Mistake(fault.Blank, "title", "A title is needed.")
	case page.StatusValidator(p.Status) != nil:
		return fault.BadInput("status", "There is no status called %.40q.", p.Status)
	case page.VisibilityValidator(p.Visibility) != nil:
		return fault.BadInput("visibility", "There is no visibility called %.40q.", p.Visibility)
	case p.Slug != "" && !slug.Valid(p.Slug):
		return fault.BadInput("slug", "The slug %.60q may hold small letters, digits, hyphens and underscores only.", p.Slug)
	case len(p.Path) > maxAddress:
		return fault.Mistake(fault.TooLong, "path", "The path is longer than %d bytes.", maxAddress)
	}
	if p.Path != "" {
		for part := range strings.SplitSeq(p.Path, "/") {
			if !slug.Valid(part) {
				return fault.BadInput("path", "The path %.60q may hold small letters, digits, hyphens and underscores between its slashes only.", p.Path)
			}
		}
	}
	return nil
}

// checkSEO cleans what search engines shall be told of a page.
func checkSEO(seo *schema.SEO) error {
	if seo == nil {
		return nil
	}
	if err := errors.Join(cleanText("seo.title", &seo.Title), cleanText("seo.description", &seo.Description)); err != nil {
		return err
	}
	if seo.CanonicalURL != "" && !isWebAddress(seo.CanonicalURL) {
		return fault.BadInput("seo.canonicalUrl", "The canonical address begins with https:// or http://.")
	}
	return nil
}

var (
	ancestorsSQL = store.MaintainBoth(`
		WITH RECURSIVE up (id, parent_id) AS (
			SELECT id, parent_id FROM pages WHERE id = $1
			UNION SELECT p.id, p.parent_id FROM up JOIN pages p ON p.id = up.parent_id
		) SELECT id FROM up`)

	// Only those go along whose path was made from that of the page that moves.
	moveBelowSQL = store.MaintainBoth(`
		WITH RECURSIVE below (id) AS (
			SELECT id FROM pages WHERE parent_id = $1
			UNION SELECT p.id FROM below JOIN pages p ON p.parent_id = below.id
		) UPDATE pages SET path = CAST($3 AS text) || substr(path, length(CAST($2 AS text)) + 1)
		WHERE id IN (SELECT id FROM below) AND substr(path, 1, length(CAST($2 AS text)) + 1) = CAST($2 AS text) || '/' RETURNING id`)
)

// checkParent refuses a parent that is not there or that is below the page
// itself.
func (s *Service) checkParent(ctx context.Context, p Page) error {
	if p.Parent == nil {
		return nil
	}
	ancestors, err := store.Collect(ctx, s.db, ancestorsSQL, store.ScanInt, *p.Parent)
	switch {
	case err != nil:
		return fmt.Errorf("read the way to the top: %w", err)
	case len(ancestors) == 0:
		return fault.Mistake(fault.Missing, "parentId", "There is no such page.")
	case p.ID != 0 && slices.Contains(ancestors, p.ID):
		return fault.Mistake(fault.Loop, "parentId", "A page cannot be below itself.")
	}
	return nil
}

// moveBelow changes the paths of the pages below one whose path changed, and
// gives their keys.
func (s *Service) moveBelow(ctx context.Context, root int, from, to string) ([]int, error) {
	moved, err := store.Collect(ctx, s.db, moveBelowSQL, store.ScanInt, root, from, to)
	if store.IsDuplicate(err) {
		return nil, fault.Mistake(fault.Taken, "path", "A page below this one would come to the path of another page.").WithCause(err)
	}
	if err != nil {
		return nil, fmt.Errorf("move the pages below: %w", err)
	}
	return moved, nil
}
