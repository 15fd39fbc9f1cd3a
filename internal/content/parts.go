package content

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"

	"github.com/broadsheet-cms/broadsheet/ent"
	"github.com/broadsheet-cms/broadsheet/ent/liveentry"
	"github.com/broadsheet-cms/broadsheet/ent/media"
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
	bodyHTMLSQL = store.ReadBoth(`SELECT d.article_id, d.html FROM each_id($1) JOIN article_details d ON d.article_id = each_id.id`)
	detailSQL   = store.ReadBoth(`SELECT d.article_id, d.blocks, d.text, d.byline, d.dateline, d.seo, d.rights, d.source_name, d.source_url
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

// BodyHTML gives the derived HTML of each article.
func (s *Service) BodyHTML(ctx context.Context, articles []int) (map[int]string, error) {
	found := make(map[int]string, len(articles))
	_, err := store.Collect(ctx, s.db, bodyHTMLSQL, func(rows *sql.Rows) (struct{}, error) {
		var id int
		var html string
		err := rows.Scan(&id, &html)
		found[id] = html
		return struct{}{}, err
	}, s.db.IDs(articles))
	if err != nil {
		return nil, fmt.Errorf("read bodies: %w", err)
	}
	return found, nil
}

// Details gives what only an article's own page shows, without the HTML.
func (s *Service) Details(ctx context.Context, articles []int) (map[int]*ent.ArticleDetail, error) {
	rows, err := store.Collect(ctx, s.db, detailSQL, func(rows *sql.Rows) (*ent.ArticleDetail, error) {
		d := new(ent.ArticleDetail)
		var blocks, seo, rights []byte
		err := rows.Scan(&d.ArticleID, &blocks, &d.Text, &d.Byline, &d.Dateline, &seo, &rights, &d.SourceName, &d.SourceURL)
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

// maxLiveEntries bounds the entries that are read at once.
const maxLiveEntries = 2000

// LiveEntries gives the entries of each live blog, pinned ones first, then
// newest first.
func (s *Service) LiveEntries(ctx context.Context, articles []int) (map[int][]*ent.LiveEntry, error) {
	entries, err := s.db.Ent(ctx).LiveEntry.Query().Where(liveentry.ArticleIDIn(articles...)).
		Order(ent.Desc(liveentry.FieldIsPinned, liveentry.FieldPublishedAt, liveentry.FieldID)).Limit(maxLiveEntries).All(ctx)
	if err != nil {
		return nil, fmt.Errorf("read live entries: %w", err)
	}
	found := make(map[int][]*ent.LiveEntry, len(articles))
	for _, e := range entries {
		found[e.ArticleID] = append(found[e.ArticleID], e)
	}
	return found, nil
}

// LiveEntriesByIDs gives the entries of visible live blogs by key.
func (s *Service) LiveEntriesByIDs(ctx context.Context, ids []int) (map[int]*ent.LiveEntry, error) {
	entries, err := s.db.Ent(ctx).LiveEntry.Query().Where(liveentry.IDIn(ids...)).All(ctx)
	if err != nil {
		return nil, fmt.Errorf("find live entries: %w", err)
	}
	found := make(map[int]*ent.LiveEntry, len(entries))
	for _, e := range entries {
		found[e.ID] = e
	}
	return found, nil
}

var visibleMediaSQL = store.ReadBoth(`SELECT m.id, m.kind, m.blob_key, m.source_url, m.content_type, m.width, m.height, m.alt, m.caption, m.credit,
	m.focal_x, m.focal_y, m.rights FROM each_id($1) JOIN media m ON m.id = each_id.id WHERE visible_media(m)`)

// VisibleMedia gives the media items with the given keys that the viewer may see
// by their own ids.
func (s *Service) VisibleMedia(ctx context.Context, ids []int) (map[int]*ent.Media, error) {
	found := make(map[int]*ent.Media, len(ids))
	_, err := store.Collect(ctx, s.db, visibleMediaSQL, func(rows *sql.Rows) (none struct{}, err error) {
		m := new(ent.Media)
		var rights []byte
		if err := rows.Scan(&m.ID, &m.Kind, &m.BlobKey, &m.SourceURL, &m.ContentType, &m.Width, &m.Height, &m.Alt, &m.Caption, &m.Credit,
			&m.FocalX, &m.FocalY, &rights); err != nil {
			return none, err
		}
		found[m.ID] = m
		if len(rights) == 0 {
			return none, nil
		}
		return none, json.Unmarshal(rights, &m.Rights)
	}, s.db.IDs(ids))
	if err != nil {
		return nil, fmt.Errorf("find media: %w", err)
	}
	return found, nil
}

// Media gives media items by keys that something shown or stored names.
func (s *Service) Media(ctx context.Context, ids []int) (map[int]*ent.Media, error) {
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
