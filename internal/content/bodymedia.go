package content

import (
	"context"
	"fmt"
	"maps"
	"slices"

	"github.com/broadsheet-cms/broadsheet/ent/articledetail"
	"github.com/broadsheet-cms/broadsheet/ent/liveentry"
	"github.com/broadsheet-cms/broadsheet/internal/access"
	"github.com/broadsheet-cms/broadsheet/internal/id"
	"github.com/broadsheet-cms/broadsheet/internal/richtext"
	"github.com/broadsheet-cms/broadsheet/internal/store"
)

// article_media has a row for each of the site's own files that the body of an
// article or of one of its entries names. It is derived from them.
var (
	clearBodyMediaSQL = store.MaintainBoth(`DELETE FROM article_media WHERE article_id IN (SELECT id FROM each_id($1))`)
	addBodyMediaSQL   = store.MaintainBoth(`INSERT INTO article_media (article_id, media_id) SELECT CAST($1 AS bigint), each_id.id FROM each_id($2) WHERE true ON CONFLICT DO NOTHING`)

	articlesAfterSQL = store.Maintain(`SELECT id FROM articles WHERE id > $1 ORDER BY id LIMIT $2 FOR UPDATE`, `SELECT id FROM articles WHERE id > $1 ORDER BY id LIMIT $2`)
)

// saveBodyMedia notes the files of drafts, old are the articles that were there
// before.
func (s *Service) saveBodyMedia(ctx context.Context, old []int, drafts []*prepared, saved []int) error {
	named := map[int][]int{}
	for i, p := range drafts {
		bodies := [][]richtext.Block{p.Body}
		for _, e := range p.Entries {
			bodies = append(bodies, e.Body)
		}
		named[saved[i]] = id.KeysOf(id.Media, richtext.MediaIDs(bodies...))
	}
	return s.noteBodyMedia(ctx, old, named)
}

func (s *Service) noteBodyMedia(ctx context.Context, old []int, named map[int][]int) error {
	if len(old) > 0 {
		if _, err := s.db.Exec(ctx, clearBodyMediaSQL, s.db.IDs(old)); err != nil {
			return fmt.Errorf("forget the files of bodies: %w", err)
		}
	}
	for _, article := range slices.Sorted(maps.Keys(named)) {
		if len(named[article]) == 0 {
			continue
		}
		if _, err := s.db.Exec(ctx, addBodyMediaSQL, article, s.db.IDs(named[article])); err != nil {
			return fmt.Errorf("note the files of a body: %w", err)
		}
	}
	return nil
}

// NoteAllMedia notes which files the bodies of all articles name, for what was
// stored before this was kept. It holds a batch at a time, so that a save comes
// before or after.
func (s *Service) NoteAllMedia(ctx context.Context) error {
	ctx = access.AsSystem(ctx)
	for last := 0; ; {
		err := s.db.Tx(ctx, func(ctx context.Context) error {
			keys, err := store.Collect(ctx, s.db, articlesAfterSQL, store.ScanInt, last, chunkSize)
			if err != nil || len(keys) == 0 {
				last = 0
				return err
			}
			last = keys[len(keys)-1]
			details, err := s.db.Ent(ctx).ArticleDetail.Query().Where(articledetail.ArticleIDIn(keys...)).Select(articledetail.FieldArticleID, articledetail.FieldBlocks).All(ctx)
			if err != nil {
				return err
			}
			entries, err := s.db.Ent(ctx).LiveEntry.Query().Where(liveentry.ArticleIDIn(keys...)).Select(liveentry.FieldArticleID, liveentry.FieldBlocks).All(ctx)
			if err != nil {
				return err
			}
			named := map[int][]int{}
			for _, d := range details {
				named[d.ArticleID] = append(named[d.ArticleID], id.KeysOf(id.Media, richtext.MediaIDs(d.Blocks))...)
			}
			for _, e := range entries {
				named[e.ArticleID] = append(named[e.ArticleID], id.KeysOf(id.Media, richtext.MediaIDs(e.Blocks))...)
			}
			return s.noteBodyMedia(ctx, keys, named)
		})
		if err != nil || last == 0 {
			return err
		}
	}
}
