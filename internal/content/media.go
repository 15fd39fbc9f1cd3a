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

// placed is a body with the language that it is in.
type placed struct {
	body     []richtext.Block
	language string
}

// placeMedia writes into the blocks of drafts what is known of the site's own
// files they name: address, size and, where the block says nothing, alt text,
// caption and credit in the language of the draft. So a body can be shown as it is
// stored. A block that names no file of ours loses the name.
func (s *Service) placeMedia(ctx context.Context, drafts []*Draft) error {
	var bodies []placed
	for _, d := range drafts {
		bodies = append(bodies, placed{d.Body, d.Language})
		for _, e := range d.Entries {
			bodies = append(bodies, placed{e.Body, d.Language})
		}
	}
	return s.place(ctx, bodies)
}

// PlaceMedia is placeMedia for a body of any kind, such as that of a page.
func (s *Service) PlaceMedia(ctx context.Context, body []richtext.Block, language string) error {
	return s.place(ctx, []placed{{body, language}})
}

func (s *Service) place(ctx context.Context, bodies []placed) error {
	var named []string
	for _, p := range bodies {
		named = append(named, richtext.MediaIDs(p.body)...)
	}
	if len(named) == 0 {
		return nil
	}
	media, err := s.StoredMedia(ctx, id.KeysOf(id.Media, named))
	if err != nil {
		return err
	}
	for _, p := range bodies {
		find := func(mediaID string) *ent.Media {
			key, err := id.DecodeAs(id.Media, mediaID)
			if err != nil || media[key] == nil {
				return nil
			}
			return WordsIn(media[key], p.language)
		}
		for i := range p.body {
			b := &p.body[i]
			if b.MediaID != "" {
				b.MediaID = fill(find(b.MediaID), b.MediaID, &b.URL, &b.Width, &b.Height, &b.Alt, &b.Caption, &b.Credit, b.OwnWords)
			}
			for j := range b.Images {
				if p := &b.Images[j]; p.MediaID != "" {
					p.MediaID = fill(find(p.MediaID), p.MediaID, &p.URL, &p.Width, &p.Height, &p.Alt, &p.Caption, &p.Credit, p.OwnWords)
				}
			}
		}
	}
	return nil
}

// fill writes what is known of a file, and gives the id to keep: none for no file. Of one
// with words of its own, only a missing credit is filled in: who made a picture is named.
func fill(m *ent.Media, mediaID string, address *string, width, height *int, alt, caption, credit *string, own bool) string {
	if m == nil {
		return ""
	}
	*address, *width, *height = MediaURL(m), m.Width, m.Height
	*credit = cmp.Or(*credit, html.EscapeString(m.Credit))
	if !own {
		*alt, *caption = cmp.Or(*alt, m.Alt), cmp.Or(*caption, html.EscapeString(m.Caption))
	}
	return mediaID
}
