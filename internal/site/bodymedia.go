package site

import (
	"context"
	"fmt"

	"github.com/broadsheet-cms/broadsheet/ent"
	"github.com/broadsheet-cms/broadsheet/ent/page"
	"github.com/broadsheet-cms/broadsheet/internal/access"
	"github.com/broadsheet-cms/broadsheet/internal/id"
	"github.com/broadsheet-cms/broadsheet/internal/richtext"
	"github.com/broadsheet-cms/broadsheet/internal/store"
)

// page_media has a row for each of the site's own files that the body of a page
// names. It is derived from it.
var (
	clearBodyMediaSQL = store.MaintainBoth(`DELETE FROM page_media WHERE page_id = $1`)
	addBodyMediaSQL   = store.MaintainBoth(`INSERT INTO page_media (page_id, media_id) SELECT CAST($1 AS bigint), each_id.id FROM each_id($2) WHERE true ON CONFLICT DO NOTHING`)

	pagesAfterSQL = store.Maintain(`SELECT id FROM pages WHERE id > $1 ORDER BY id LIMIT $2 FOR UPDATE`, `SELECT id FROM pages WHERE id > $1 ORDER BY id LIMIT $2`)
)

// saveBodyMedia notes the files that the body of a page names.
func (s *Service) saveBodyMedia(ctx context.Context, key int, body []richtext.Block) error {
	if _, err := s.db.Exec(ctx, clearBodyMediaSQL, key); err != nil {
		return fmt.Errorf("forget the files of a page: %w", err)
	}
	named := id.KeysOf(id.Media, richtext.MediaIDs(body))
	if len(named) == 0 {
		return nil
	}
	if _, err := s.db.Exec(ctx, addBodyMediaSQL, key, s.db.IDs(named)); err != nil {
		return fmt.Errorf("note the files of a page: %w", err)
	}
	return nil
}

// NoteAllMedia notes which files the bodies of all pages name, for what was stored
// before this was kept.
func (s *Service) NoteAllMedia(ctx context.Context) error {
	ctx = access.AsSystem(ctx)
	const batch = 100
	for last := 0; ; {
		err := s.db.Tx(ctx, func(ctx context.Context) error {
			keys, err := store.Collect(ctx, s.db, pagesAfterSQL, store.ScanInt, last, batch)
			if err != nil || len(keys) == 0 {
				last = 0
				return err
			}
			last = keys[len(keys)-1]
			pages, err := s.db.Ent(ctx).Page.Query().Where(page.IDIn(keys...)).Order(ent.Asc(page.FieldID)).Select(page.FieldID, page.FieldBlocks).All(ctx)
			if err != nil {
				return err
			}
			for _, p := range pages {
				if err := s.saveBodyMedia(ctx, p.ID, p.Blocks); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil || last == 0 {
			return err
		}
	}
}

// hideExpired takes the files whose licence has ended out of the bodies of pages, unless
// the viewer sees them.
func (s *Service) hideExpired(ctx context.Context, pages []*ent.Page) error {
	bodies := make([][]richtext.Block, len(pages))
	for i, p := range pages {
		bodies[i] = p.Blocks
	}
	named := richtext.MediaIDs(bodies...)
	if len(named) == 0 || access.Of(ctx).SeesExpired() {
		return nil
	}
	keys, err := store.ExpiredMedia(ctx, s.db, id.KeysOf(id.Media, named))
	if err != nil {
		return fmt.Errorf("look for files whose licence has ended: %w", err)
	}
	gone := make(map[string]bool, len(keys))
	for _, key := range keys {
		gone[id.Encode(id.Media, key)] = true
	}
	for _, p := range pages {
		p.Blocks, p.HTML = richtext.Hide(p.Blocks, p.HTML, gone)
	}
	return nil
}
