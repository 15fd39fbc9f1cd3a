package ingest

import (
	"context"
	"database/sql"
	"fmt"

	"github.com/broadsheet-cms/broadsheet/ent"
	"github.com/broadsheet-cms/broadsheet/ent/articledetail"
	"github.com/broadsheet-cms/broadsheet/ent/media"
	"github.com/broadsheet-cms/broadsheet/ent/page"
	"github.com/broadsheet-cms/broadsheet/internal/access"
	"github.com/broadsheet-cms/broadsheet/internal/content"
	"github.com/broadsheet-cms/broadsheet/internal/event"
	"github.com/broadsheet-cms/broadsheet/internal/id"
	"github.com/broadsheet-cms/broadsheet/internal/richtext"
	"github.com/broadsheet-cms/broadsheet/internal/store"
)

// Bodies that name a file of ours, or link to something that may be one.
var (
	showingArticlesSQL = store.MaintainBoth(`SELECT d.article_id FROM article_details d WHERE d.article_id > $1
		AND (CAST(d.blocks AS text) LIKE '%"mediaId"%' OR CAST(d.blocks AS text) LIKE '%/uploads/%' OR CAST(d.blocks AS text) LIKE '%/files/%')
		ORDER BY d.article_id LIMIT 100`)
	showingPagesSQL = store.MaintainBoth(`SELECT p.id FROM pages p WHERE p.id > $1
		AND (CAST(p.blocks AS text) LIKE '%"mediaId"%' OR CAST(p.blocks AS text) LIKE '%/uploads/%' OR CAST(p.blocks AS text) LIKE '%/files/%')
		ORDER BY p.id LIMIT 100`)
)

// PlaceMedia writes into all bodies where the files are that they show or link
// to, after files have been fetched. It gives how many bodies it changed. What
// else stands in a body stays as it is, so it does not matter who wrote it.
func PlaceMedia(ctx context.Context, s Services) (changed int, err error) {
	ctx = access.AsSystem(ctx)
	for _, of := range []struct {
		statement *store.Statement
		place     func(ctx context.Context, s Services, keys []int) (int, error)
	}{{showingArticlesSQL, placeInArticles}, {showingPagesSQL, placeInPages}} {
		for last := 0; ; {
			keys, err := store.Collect(ctx, s.DB, of.statement, func(rows *sql.Rows) (key int, err error) {
				err = rows.Scan(&key)
				return key, err
			}, last)
			if err != nil {
				return changed, fmt.Errorf("look for bodies with files: %w", err)
			}
			if len(keys) == 0 {
				break
			}
			last = keys[len(keys)-1]
			n := 0
			err = s.DB.Tx(ctx, func(ctx context.Context) (err error) {
				n, err = of.place(ctx, s, keys)
				return err
			})
			if err != nil {
				return changed, err
			}
			changed += n
		}
	}
	return changed, nil
}

func placeInArticles(ctx context.Context, s Services, keys []int) (n int, err error) {
	client := s.DB.Ent(ctx)
	rows, err := client.ArticleDetail.Query().Where(articledetail.ArticleIDIn(keys...)).Select(articledetail.FieldArticleID, articledetail.FieldBlocks).All(ctx)
	if err != nil {
		return 0, fmt.Errorf("read bodies: %w", err)
	}
	bodies := make([][]richtext.Block, len(rows))
	for i, r := range rows {
		bodies[i] = r.Blocks
	}
	changed, err := placeIn(ctx, s, client, bodies)
	if err != nil {
		return 0, err
	}
	for i, r := range rows {
		if !changed[i] {
			continue
		}
		if err := client.ArticleDetail.UpdateOneID(r.ID).SetBlocks(bodies[i]).SetHTML(bodyHTML(bodies[i])).Exec(ctx); err != nil {
			return 0, fmt.Errorf("write a body: %w", err)
		}
		if err := s.Log.Append(ctx, event.Event{Action: event.Updated, Entity: id.Article, EntityID: r.ArticleID}); err != nil {
			return 0, err
		}
		n++
	}
	return n, nil
}

func placeInPages(ctx context.Context, s Services, keys []int) (n int, err error) {
	client := s.DB.Ent(ctx)
	rows, err := client.Page.Query().Where(page.IDIn(keys...)).Select(page.FieldBlocks).All(ctx)
	if err != nil {
		return 0, fmt.Errorf("read pages: %w", err)
	}
	bodies := make([][]richtext.Block, len(rows))
	for i, r := range rows {
		bodies[i] = r.Blocks
	}
	changed, err := placeIn(ctx, s, client, bodies)
	if err != nil {
		return 0, err
	}
	for i, r := range rows {
		if !changed[i] {
			continue
		}
		if err := client.Page.UpdateOneID(r.ID).SetBlocks(bodies[i]).SetHTML(bodyHTML(bodies[i])).Exec(ctx); err != nil {
			return 0, fmt.Errorf("write a page: %w", err)
		}
		if err := s.Log.Append(ctx, event.Event{Action: event.Updated, Entity: id.Page, EntityID: r.ID}); err != nil {
			return 0, err
		}
		n++
	}
	return n, nil
}

// placeIn completes bodies in place and tells which have changed.
func placeIn(ctx context.Context, s Services, client *ent.Client, bodies [][]richtext.Block) ([]bool, error) {
	var keys []int
	linked := map[string]string{} // by address: ours, empty while it is not known
	var addresses []string
	for _, body := range bodies {
		eachFile(body, func(mediaID string, _ *string, _, _ *int) {
			if key, err := id.DecodeAs(id.Media, mediaID); err == nil {
				keys = append(keys, key)
			}
		})
		eachLink(body, func(address string) string {
			if bare := sized.ReplaceAllString(address, "$1"); contentType(address) != "" {
				addresses = append(addresses, address, bare)
			}
			return address
		})
	}
	known, err := s.Content.StoredMedia(ctx, keys)
	if err != nil {
		return nil, err
	}
	if len(addresses) > 0 {
		rows, err := client.Media.Query().Where(media.SourceURLIn(addresses...), media.BlobKeyNEQ("")).All(ctx)
		if err != nil {
			return nil, fmt.Errorf("look for files: %w", err)
		}
		for _, m := range rows {
			linked[m.SourceURL] = content.MediaURL(m)
		}
	}
	changed := make([]bool, len(bodies))
	for i, body := range bodies {
		eachFile(body, func(mediaID string, address *string, width, height *int) {
			key, err := id.DecodeAs(id.Media, mediaID)
			m := known[key]
			if err != nil || m == nil || m.BlobKey == "" {
				return
			}
			if now := content.MediaURL(m); *address != now || *width != m.Width || *height != m.Height {
				*address, *width, *height = now, m.Width, m.Height
				changed[i] = true
			}
		})
		eachLink(body, func(address string) string {
			now := linked[address]
			if now == "" {
				now = linked[sized.ReplaceAllString(address, "$1")]
			}
			if now == "" {
				return address
			}
			changed[i] = true
			return now
		})
	}
	return changed, nil
}
