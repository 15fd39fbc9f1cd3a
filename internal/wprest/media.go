package wprest

import (
	"context"
	"html"
	"strings"

	"github.com/broadsheet-cms/broadsheet/ent"
	"github.com/broadsheet-cms/broadsheet/ent/media"
	"github.com/broadsheet-cms/broadsheet/internal/content"
	"github.com/broadsheet-cms/broadsheet/internal/permalink"
)

// attachment writes a media item.
func (q *query) attachment(m *ent.Media) object {
	at := permalink.Absolute(q.base, content.MediaURL(m))
	kind := "file"
	if m.Kind == media.KindImage {
		kind = "image"
	}
	name := m.BlobKey
	if name == "" {
		name = m.SourceURL
	}
	name = name[strings.LastIndexByte(name, '/')+1:]
	size := object{"file": name, "width": m.Width, "height": m.Height, "mime_type": m.ContentType, "source_url": at}
	out := object{"id": m.ID, "slug": strings.ToLower(strings.TrimSuffix(name, name[max(0, strings.LastIndexByte(name, '.')):])), "status": "inherit", "type": "attachment", "link": at, "guid": rendered(at),
		"title": rendered(html.EscapeString(m.Alt)), "author": 0, "post": nil, "comment_status": "closed", "ping_status": "closed", "template": "", "meta": []any{},
		"alt_text": m.Alt, "caption": rendered(paragraph(m.Caption)), "description": rendered(""), "media_type": kind, "mime_type": m.ContentType, "source_url": at,
		"media_details": object{"width": m.Width, "height": m.Height, "file": name, "sizes": object{"full": size}}, "_links": q.links("media", m.ID)}
	q.dates(out, "date", &m.CreatedAt)
	q.dates(out, "modified", &m.CreatedAt)
	return out
}

func (s *Service) listMedia(ctx context.Context, q *query) ([]object, int, error) {
	for _, unsupported := range []string{"search", "slug", "parent", "author"} {
		if q.values.Get(unsupported) != "" {
			return nil, 0, invalid(unsupported, "Media are not found by %s.", unsupported)
		}
	}
	wanted, err := q.choice("media_type", "", "image", "video", "audio")
	if err != nil {
		return nil, 0, err
	}
	include, err := q.ids("include")
	if err != nil {
		return nil, 0, err
	}
	keys, total := cut(include, q), len(include)
	if len(include) == 0 {
		if keys, total, err = s.articles.ListMedia(ctx, strings.ToUpper(wanted), q.offset, q.perPage); err != nil {
			return nil, 0, err
		}
	}
	rows, err := s.articles.VisibleMedia(ctx, keys)
	if err != nil {
		return nil, 0, err
	}
	var all []object
	for _, key := range keys {
		if rows[key] != nil {
			all = append(all, q.attachment(rows[key]))
		}
	}
	if len(include) > 0 {
		total = len(all)
	}
	return all, total, nil
}

func (s *Service) oneMedia(ctx context.Context, q *query, id int) (object, error) {
	rows, err := s.articles.VisibleMedia(ctx, []int{id})
	if err != nil || rows[id] == nil {
		return nil, err
	}
	return q.attachment(rows[id]), nil
}
