package content

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"maps"

	"github.com/broadsheet-cms/broadsheet/ent"
	"github.com/broadsheet-cms/broadsheet/ent/liveentry"
	"github.com/broadsheet-cms/broadsheet/ent/media"
	"github.com/broadsheet-cms/broadsheet/internal/access"
	"github.com/broadsheet-cms/broadsheet/internal/richtext"
	"github.com/broadsheet-cms/broadsheet/internal/store"
)

var (
	bylinesSQL = store.ReadBoth(`SELECT b.article_id, b.author_id FROM each_id($1) JOIN bylines b ON b.article_id = each_id.id
		ORDER BY b.article_id, b.position, b.id`)
	tagsSQL = store.ReadBoth(`SELECT x.article_id, t.id, t.name, t.slug, t.scheme, t.description, t.labels
		FROM each_id($1) JOIN article_tags x ON x.article_id = each_id.id JOIN tags t ON t.id = x.tag_id ORDER BY x.article_id, t.name, t.id`)
	placesSQL = store.ReadBoth(`SELECT x.article_id, x.place_id FROM each_id($1) JOIN article_places x ON x.article_id = each_id.id
		ORDER BY x.article_id, x.place_id`)
	categoriesSQL = store.ReadBoth(`SELECT x.article_id, x.category_id FROM each_id($1) JOIN article_categories x ON x.article_id = each_id.id
		ORDER BY x.article_id, x.category_id`)
	bodyHTMLSQL = store.ReadBoth(`SELECT d.article_id, d.html, ` + expiredIn + ` FROM each_id($1) JOIN article_details d ON d.article_id = each_id.id`)
	detailSQL   = store.ReadBoth(`SELECT d.article_id, d.blocks, d.text, d.byline, d.dateline, d.seo, d.rights, d.source_name, d.source_url, ` + expiredIn + `
		FROM each_id($1) JOIN article_details d ON d.article_id = each_id.id`)
)

// pairs reads rows of two keys into lists by the first.
func (s *Service) pairs(ctx context.Context, statement *store.Statement, ids []int) (map[int][]int, error) {
	rows, err := store.Collect(ctx, s.db, statement, func(rows *sql.Rows) (p [2]int, err error) {
		err = rows.Scan(&p[0], &p[1])
		return p, err
	}, s.db.IDs(ids))
	if err != nil {
		return nil, fmt.Errorf("read the parts of articles: %w", err)
	}
	found := make(map[int][]int, len(ids))
	for _, p := range rows {
		found[p[0]] = append(found[p[0]], p[1])
	}
	return found, nil
}

// AuthorIDs gives the authors of each article in the order of the by-line.
func (s *Service) AuthorIDs(ctx context.Context, articles []int) (map[int][]int, error) {
	return s.pairs(ctx, bylinesSQL, articles)
}

// PlaceIDs gives the places of each article.
func (s *Service) PlaceIDs(ctx context.Context, articles []int) (map[int][]int, error) {
	return s.pairs(ctx, placesSQL, articles)
}

// CategoryIDs gives the sections of each article beside its primary one.
func (s *Service) CategoryIDs(ctx context.Context, articles []int) (map[int][]int, error) {
	return s.pairs(ctx, categoriesSQL, articles)
}

// Tags gives the tags of each article by name.
func (s *Service) Tags(ctx context.Context, articles []int) (map[int][]*ent.Tag, error) {
	found := make(map[int][]*ent.Tag, len(articles))
	_, err := store.Collect(ctx, s.db, tagsSQL, func(rows *sql.Rows) (*ent.Tag, error) {
		var article int
		var labels []byte
		t := new(ent.Tag)
		if err := rows.Scan(&article, &t.ID, &t.Name, &t.Slug, &t.Scheme, &t.Description, &labels); err != nil {
			return nil, err
		}
		if len(labels) > 0 {
			if err := json.Unmarshal(labels, &t.Labels); err != nil {
				return nil, fmt.Errorf("labels of tag %d: %w", t.ID, err)
			}
		}
		found[article] = append(found[article], t)
		return t, nil
	}, s.db.IDs(articles))
	if err != nil {
		return nil, fmt.Errorf("read tags: %w", err)
	}
	return found, nil
}

// BodyHTML gives the derived HTML of each article, without files whose licence has
// ended unless the viewer sees them.
func (s *Service) BodyHTML(ctx context.Context, articles []int) (map[int]string, error) {
	found := make(map[int]string, len(articles))
	sees, others := access.Of(ctx).SeesExpired(), []int(nil)
	_, err := store.Collect(ctx, s.db, bodyHTMLSQL, func(rows *sql.Rows) (struct{}, error) {
		var id int
		var html, expired string
		err := rows.Scan(&id, &html, &expired)
		found[id] = html
		if expired != "" && !sees {
			others = append(others, id)
		}
		return struct{}{}, err
	}, s.db.IDs(articles))
	if err != nil {
		return nil, fmt.Errorf("read bodies: %w", err)
	}
	if len(others) == 0 {
		return found, nil
	}
	details, err := s.Details(ctx, others)
	for id, d := range details {
		found[id] = richtext.PlacedHTML(d.Blocks)
	}
	return found, err
}

// Details gives what only an article's own page shows, without the HTML, and without
// files whose licence has ended unless the viewer sees them.
func (s *Service) Details(ctx context.Context, articles []int) (map[int]*ent.ArticleDetail, error) {
	sees := access.Of(ctx).SeesExpired()
	rows, err := store.Collect(ctx, s.db, detailSQL, func(rows *sql.Rows) (*ent.ArticleDetail, error) {
		d := new(ent.ArticleDetail)
		var blocks, seo, rights []byte
		var expired string
		err := rows.Scan(&d.ArticleID, &blocks, &d.Text, &d.Byline, &d.Dateline, &seo, &rights, &d.SourceName, &d.SourceURL, &expired)
		if err != nil {
			return nil, err
		}
		for _, part := range []struct {
			data []byte
			into any
		}{{blocks, &d.Blocks}, {seo, &d.Seo}, {rights, &d.Rights}} {
			if len(part.data) == 0 {
				continue
			}
			if err := json.Unmarshal(part.data, part.into); err != nil {
				return nil, fmt.Errorf("details of article %d: %w", d.ArticleID, err)
			}
		}
		if expired != "" && !sees {
			d.Blocks = richtext.Without(d.Blocks, publicIDs(expired))
		}
		return d, nil
	}, s.db.IDs(articles))
	if err != nil {
		return nil, fmt.Errorf("read details: %w", err)
	}
	found := make(map[int]*ent.ArticleDetail, len(rows))
	for _, d := range rows {
		found[d.ArticleID] = d
	}
	return found, nil
}

// The keys of the entries on a page of each live blog. $3 is the key of the entry
// before the page, 0 for the first page.
const entryPage = `SELECT x.id, x.is_pinned, x.published_at FROM live_entries x WHERE x.article_id = each_id.id AND visible_live_entry(x)
		AND ((x.is_pinned, x.published_at, x.id) < (SELECT y.is_pinned, y.published_at, y.id FROM live_entries y
			WHERE y.id = $3 AND y.article_id = x.article_id AND visible_live_entry(y)) OR $3 = 0)
		ORDER BY x.is_pinned DESC, x.published_at DESC, x.id DESC LIMIT $2`

var entryPageSQL = store.Read(
	`SELECT each_id.id, e.id FROM each_id($1) CROSS JOIN LATERAL (`+entryPage+`) e ORDER BY each_id.id, e.is_pinned DESC, e.published_at DESC, e.id DESC`,
	`SELECT each_id.id, e.id FROM each_id($1) CROSS JOIN live_entries e WHERE visible_live_entry(e) AND e.id IN (SELECT id FROM (`+entryPage+`))
		ORDER BY each_id.id, e.is_pinned DESC, e.published_at DESC, e.id DESC`)

// LiveEntries gives a page of the entries of each live blog, pinned ones first,
// then newest first: as many as limit, behind the entry with the key after, or
// from the first when that is 0. A live blog that has no such entry is left out.
func (s *Service) LiveEntries(ctx context.Context, articles []int, limit, after int) (map[int][]*ent.LiveEntry, error) {
	keys, err := store.Collect(ctx, s.db, entryPageSQL, func(rows *sql.Rows) (k [2]int, err error) {
		return k, rows.Scan(&k[0], &k[1])
	}, s.db.IDs(articles), limit, after)
	if err != nil {
		return nil, fmt.Errorf("read live entries: %w", err)
	}
	wanted := make([]int, 0, len(keys)+1)
	for _, k := range keys {
		wanted = append(wanted, k[1])
	}
	if after != 0 {
		wanted = append(wanted, after)
	}
	entries, err := s.LiveEntriesByIDs(ctx, wanted)
	if err != nil {
		return nil, err
	}
	found := make(map[int][]*ent.LiveEntry, len(articles))
	for _, article := range articles {
		if before := entries[after]; after == 0 || before != nil && before.ArticleID == article {
			found[article] = []*ent.LiveEntry{}
		}
	}
	for _, k := range keys {
		if e := entries[k[1]]; e != nil {
			found[k[0]] = append(found[k[0]], e)
		}
	}
	return found, nil
}

// LiveEntriesByIDs gives the entries of visible live blogs by key.
func (s *Service) LiveEntriesByIDs(ctx context.Context, ids []int) (map[int]*ent.LiveEntry, error) {
	if len(ids) == 0 {
		return nil, nil
	}
	entries, err := s.db.Ent(ctx).LiveEntry.Query().Where(liveentry.IDIn(ids...)).All(ctx)
	if err != nil {
		return nil, fmt.Errorf("find live entries: %w", err)
	}
	if err := s.hideExpired(ctx, entries); err != nil {
		return nil, err
	}
	found := make(map[int]*ent.LiveEntry, len(entries))
	for _, e := range entries {
		found[e.ID] = e
	}
	return found, nil
}

var visibleMediaSQL = store.ReadBoth(`SELECT ` + store.MediaColumns + ` FROM each_id($1) JOIN media m ON m.id = each_id.id WHERE visible_media(m)`)

// VisibleMedia gives the media items with the given keys that the viewer may see
// by their own ids.
func (s *Service) VisibleMedia(ctx context.Context, ids []int) (map[int]*ent.Media, error) {
	items, err := store.Collect(ctx, s.db, visibleMediaSQL, store.ScanMedia, s.db.IDs(ids))
	if err != nil {
		return nil, fmt.Errorf("find media: %w", err)
	}
	found := make(map[int]*ent.Media, len(items))
	for _, m := range items {
		found[m.ID] = m
	}
	return found, nil
}

// Media gives media items by keys that something shown names. Those whose licence has
// ended are for staff alone.
func (s *Service) Media(ctx context.Context, ids []int) (map[int]*ent.Media, error) {
	found, err := s.StoredMedia(ctx, ids)
	if !access.Of(ctx).SeesExpired() {
		maps.DeleteFunc(found, func(_ int, m *ent.Media) bool { return m.Expired })
	}
	return found, err
}

// StoredMedia gives media items by keys for the program's own work.
func (s *Service) StoredMedia(ctx context.Context, ids []int) (map[int]*ent.Media, error) {
	items, err := s.db.Ent(ctx).Media.Query().Where(media.IDIn(ids...)).All(ctx)
	if err != nil {
		return nil, fmt.Errorf("read media: %w", err)
	}
	found := make(map[int]*ent.Media, len(items))
	for _, m := range items {
		found[m.ID] = m
	}
	return found, nil
}
