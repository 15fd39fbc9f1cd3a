package content

import (
	"cmp"
	"context"
	"html"

	"github.com/broadsheet-cms/broadsheet/ent"
	"github.com/broadsheet-cms/broadsheet/internal/id"
	"github.com/broadsheet-cms/broadsheet/internal/richtext"
)

// MediaURL is the address of a media item's original: ours once it is in the
// blob store, until then where it came from.
func MediaURL(m *ent.Media) string {
	if m.BlobKey != "" {
		return "/media/" + m.BlobKey
	}
	return m.SourceURL
}

// placeMedia writes into the blocks of drafts what is known of the site's own
// files they name: address, size and, where the block says nothing, alt text,
// caption and credit. So a body can be shown as it is stored. A block that
// names no file of ours loses the name.
func (s *Service) placeMedia(ctx context.Context, drafts []*Draft) error {
	var bodies [][]richtext.Block
	for _, d := range drafts {
		bodies = append(bodies, d.Body)
		for _, e := range d.Entries {
			bodies = append(bodies, e.Body)
		}
	}
	return s.PlaceMedia(ctx, bodies...)
}

// PlaceMedia is placeMedia for bodies of any kind, such as those of pages.
func (s *Service) PlaceMedia(ctx context.Context, bodies ...[]richtext.Block) error {
	var named []*richtext.Block
	var pictures []*richtext.Image
	for _, body := range bodies {
		for i := range body {
			if body[i].MediaID != "" {
				named = append(named, &body[i])
			}
			for j := range body[i].Images {
				if p := &body[i].Images[j]; p.MediaID != "" {
					pictures = append(pictures, p)
				}
			}
		}
	}
	if len(named)+len(pictures) == 0 {
		return nil
	}
	media, err := s.Media(ctx, id.KeysOf(id.Media, richtext.MediaIDs(bodies...)))
	if err != nil {
		return err
	}
	find := func(mediaID string) *ent.Media {
		key, err := id.DecodeAs(id.Media, mediaID)
		if err != nil {
			return nil
		}
		return media[key]
	}
	for _, b := range named {
		m := find(b.MediaID)
		if m == nil {
			b.MediaID = ""
			continue
		}
		b.URL, b.Width, b.Height = MediaURL(m), m.Width, m.Height
		b.Alt, b.Caption, b.Credit = cmp.Or(b.Alt, m.Alt), cmp.Or(b.Caption, html.EscapeString(m.Caption)), cmp.Or(b.Credit, html.EscapeString(m.Credit))
	}
	for _, p := range pictures {
		m := find(p.MediaID)
		if m == nil {
			p.MediaID = ""
			continue
		}
		p.URL, p.Width, p.Height = MediaURL(m), m.Width, m.Height
		p.Alt, p.Caption, p.Credit = cmp.Or(p.Alt, m.Alt), cmp.Or(p.Caption, html.EscapeString(m.Caption)), cmp.Or(p.Credit, html.EscapeString(m.Credit))
	}
	return nil
}
