package loader

import (
	"context"

	"github.com/broadsheet-cms/broadsheet/ent"
	"github.com/broadsheet-cms/broadsheet/internal/id"
	"github.com/broadsheet-cms/broadsheet/internal/media"
)

type mediaRow = ent.Media

// Media is a picture, film, sound or file in a response.
type Media struct {
	*mediaRow
	place[ent.Media]
}

// MediaItems are the door for media.
var MediaItems = &Kind[ent.Media, Media]{id.Media, func(m *ent.Media) int { return m.ID },
	func(m *ent.Media, p place[ent.Media]) Media { return Media{m, p} }, mediaByIDs}

// Stored is the row as services know it.
func (m *Media) Stored() *ent.Media { return m.mediaRow }

func mediaByIDs(ctx context.Context, r *Response, keys []int) (map[int]*ent.Media, error) {
	return r.Articles.VisibleMedia(ctx, keys)
}

// MediaUse is a place where a media item stands.
type MediaUse struct {
	Place  media.Place
	Target Node // nil: not for the viewer, or no thing of its own
}

var mediaUses = &field[ent.Media, none, []*MediaUse]{func(ctx context.Context, c *cohort[ent.Media], _ none) ([][]*MediaUse, error) {
	keys := make([]int, len(c.rows))
	for i, m := range c.rows {
		keys[i] = m.ID
	}
	found, err := c.response.MediaDesk.Uses(ctx, keys)
	if err != nil {
		return nil, err
	}
	lists := make([][]*MediaUse, len(c.rows))
	var refs []Ref
	for i, m := range c.rows {
		lists[i] = make([]*MediaUse, len(found[m.ID]))
		for j, u := range found[m.ID] {
			lists[i][j] = &MediaUse{Place: u.Place}
			ref := Ref{}
			if !u.OfSite() {
				ref = Ref{u.Entity, u.Key}
			}
			refs = append(refs, ref)
		}
	}
	targets, err := c.response.nodes(ctx, refs)
	if err != nil {
		return nil, err
	}
	for _, list := range lists {
		for _, u := range list {
			u.Target, targets = targets[0], targets[1:]
		}
	}
	return lists, nil
}}

// UsedIn is the field of the same name.
func (m *Media) UsedIn(ctx context.Context) ([]*MediaUse, error) {
	return get(ctx, m.place, mediaUses, none{})
}
