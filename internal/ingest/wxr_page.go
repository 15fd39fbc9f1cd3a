package ingest

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/broadsheet-cms/broadsheet/ent"
	"github.com/broadsheet-cms/broadsheet/ent/menuitem"
	"github.com/broadsheet-cms/broadsheet/ent/page"
	"github.com/broadsheet-cms/broadsheet/internal/content"
	"github.com/broadsheet-cms/broadsheet/internal/fault"
	"github.com/broadsheet-cms/broadsheet/internal/id"
	"github.com/broadsheet-cms/broadsheet/internal/permalink"
	"github.com/broadsheet-cms/broadsheet/internal/richtext"
	"github.com/broadsheet-cms/broadsheet/internal/site"
)

// storedPages gives the pages that were imported before.
func (in *wxrImport) storedPages(ctx context.Context, uris []string) (map[string]*ent.Page, error) {
	found := make(map[string]*ent.Page, len(uris))
	for chunk := range slices.Chunk(uris, 500) {
		rows, err := in.DB.Ent(ctx).Page.Query().Where(page.SourceURIIn(chunk...)).All(ctx)
		if err != nil {
			return nil, fmt.Errorf("look for imported pages: %w", err)
		}
		for _, g := range rows {
			found[*g.SourceURI] = g
		}
	}
	return found, nil
}

// storePage writes a page that is new or changed. Its place below another is
// for placePages.
func (in *wxrImport) storePage(ctx context.Context, p *post, old *ent.Page, res *result) error {
	if old != nil {
		seen, err := sources(ctx, in.DB, []string{p.uri})
		if err != nil {
			return err
		}
		switch {
		case old.SourceHash == p.hash:
			res.outcome, res.code = Unchanged, reasonSame
			return nil
		case seen[p.uri].version != old.Version:
			res.outcome, res.code, res.message = Kept, reasonEdited, "was changed here since it was imported"
			return nil
		}
	}
	g := *p.page
	g.Body = slices.Clone(g.Body)
	res.outcome = Created
	before := ""
	if old != nil {
		res.outcome = Updated
		g.ID, g.TranslationGroup, g.Parent = old.ID, old.TranslationGroup, old.ParentID
		if g.PublishedAt == nil {
			g.PublishedAt = old.PublishedAt
		}
	}
	saved, err := in.savePage(ctx, g)
	if err != nil {
		return err
	}
	if g.Slug != "" && saved.Slug != g.Slug {
		res.repair(reasonSlugTaken, "another page has the slug %q: numbered", g.Slug)
	}
	if old != nil && old.Path != saved.Path {
		before = permalink.Path(permalink.Page, old.Path)
	}
	return in.addRedirects(ctx, p.redirects(site.Target{Type: menuitem.TargetTypePage, ID: saved.ID}, permalink.Path(permalink.Page, saved.Path), before))
}

// savePage stores a page with the addresses of its files, and notes the version
// so made, to know a later one as made here.
func (in *wxrImport) savePage(ctx context.Context, g site.Page) (*ent.Page, error) {
	hasFiles, err := in.placeFiles(ctx, g.Body)
	if err != nil {
		return nil, err
	}
	saved, err := in.Site.SavePage(ctx, g)
	if bad, ok := errors.AsType[*fault.Error](err); ok && bad.Field == "path" && g.Path != "" {
		g.Path = "" // another page is there: by its slug then
		saved, err = in.Site.SavePage(ctx, g)
	}
	if err != nil {
		return nil, err
	}
	if hasFiles {
		if err := in.DB.Ent(ctx).Page.UpdateOneID(saved.ID).SetHTML(bodyHTML(saved.Blocks)).Exec(ctx); err != nil {
			return nil, fmt.Errorf("write a page: %w", err)
		}
	}
	return saved, saveSource(ctx, in.DB, g.SourceURI, lastSeen{hash: g.SourceHash, version: saved.Version})
}

// placeFiles writes into blocks where the files are that they name, as content
// does for articles.
func (in *wxrImport) placeFiles(ctx context.Context, body []richtext.Block) (bool, error) {
	var keys []int
	eachFile(body, func(mediaID string, _ *string, _, _ *int) {
		if key, err := id.DecodeAs(id.Media, mediaID); err == nil {
			keys = append(keys, key)
		}
	})
	if len(keys) == 0 {
		return false, nil
	}
	known, err := in.Content.StoredMedia(ctx, keys)
	if err != nil {
		return false, err
	}
	eachFile(body, func(mediaID string, address *string, width, height *int) {
		if key, err := id.DecodeAs(id.Media, mediaID); err == nil && known[key] != nil {
			*address, *width, *height = content.MediaURL(known[key]), known[key].Width, known[key].Height
		}
	})
	return true, nil
}

// eachFile calls f for every file of ours that blocks show.
func eachFile(body []richtext.Block, f func(mediaID string, address *string, width, height *int)) {
	for i := range body {
		b := &body[i]
		if b.MediaID != "" {
			f(b.MediaID, &b.URL, &b.Width, &b.Height)
		}
		for j := range b.Images {
			if p := &b.Images[j]; p.MediaID != "" {
				f(p.MediaID, &p.URL, &p.Width, &p.Height)
			}
		}
	}
}

// bodyHTML renders a body with the files whose addresses stand in it.
func bodyHTML(body []richtext.Block) string {
	known := map[string]richtext.Media{}
	eachFile(body, func(mediaID string, address *string, width, height *int) {
		known[mediaID] = richtext.Media{URL: *address, Width: *width, Height: *height}
	})
	return richtext.HTML(body, richtext.RenderOptions{Media: func(mediaID string) (richtext.Media, bool) {
		m, ok := known[mediaID]
		return m, ok && m.URL != ""
	}})
}

// maxPageDepth bounds the way from a page to the top.
const maxPageDepth = 50

// depth counts the pages above one; -1 in a circle.
func (s *oldSite) depth(number int) int {
	for n := range maxPageDepth {
		if number = s.parents[number]; number == 0 {
			return n
		}
	}
	return -1
}

// placePages puts the pages of a site below their parents, which may have come
// after them.
func (in *wxrImport) placePages(ctx context.Context, s *oldSite) error {
	slices.SortStableFunc(s.pages, func(a, b placedPage) int { return cmp.Compare(s.depth(a.parent), s.depth(b.parent)) })
	for chunk := range slices.Chunk(s.pages, 200) {
		err := in.DB.Tx(ctx, func(ctx context.Context) error {
			for _, p := range chunk {
				if err := in.placePage(ctx, s, p); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			return err
		}
	}
	return nil
}

func (in *wxrImport) placePage(ctx context.Context, s *oldSite, p placedPage) error {
	uri, parentURI := p.uri, cmp.Or(s.pageURIs[p.parent], s.itemURI(p.parent))
	rows, err := in.storedPages(ctx, []string{uri, parentURI})
	if err != nil {
		return err
	}
	g, parent := rows[uri], rows[parentURI]
	switch {
	case g == nil:
		return nil
	case parent == nil:
		in.report.note(position{}, reasonNoParent, uri, "the page above, number %d, is not there: put at the top", p.parent)
		return nil
	case s.depth(p.parent) < 0 || parent.ID == g.ID:
		in.report.note(position{}, reasonNoParent, uri, "the page lies in itself: put at the top")
		return nil
	case g.ParentID != nil && *g.ParentID == parent.ID:
		return nil
	}
	seen, err := sources(ctx, in.DB, []string{uri})
	if err != nil || seen[uri].version != g.Version { // moved here
		return err
	}
	next := site.Page{
		ID: g.ID, Title: g.Title, Slug: g.Slug, Parent: &parent.ID, Position: g.Position, Status: g.Status, Visibility: g.Visibility, TrashedAt: g.TrashedAt,
		PublishedAt: g.PublishedAt, UpdatedAt: g.UpdatedAt, Language: g.Language, TranslationGroup: g.TranslationGroup, Body: g.Blocks, SEO: g.Seo, Custom: g.Custom,
		SourceURI: uri, SourceHash: g.SourceHash,
	}
	if strings.HasPrefix(g.Path, parent.Path+"/") {
		next.Path = g.Path
	}
	if _, err := in.savePage(ctx, next); err != nil {
		return fmt.Errorf("put %s below %s: %w", uri, parentURI, err)
	}
	return nil
}
