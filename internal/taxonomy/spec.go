package taxonomy

import (
	"github.com/broadsheet-cms/broadsheet/ent"
	"github.com/broadsheet-cms/broadsheet/internal/id"
)

// What is stored as it could be stored again, and what the record of who did
// what keeps of it.

func categorySpec(c *ent.Category) Category {
	return Category{ID: c.ID, Name: c.Name, Slug: c.Slug, Description: c.Description, Labels: c.Labels, Parent: c.ParentID, Position: c.Position}
}

func (c Category) state() State {
	return State{key: c.ID, ID: id.Encode(id.Category, c.ID), Name: c.Name, Slug: c.Slug, Description: c.Description, Labels: c.Labels,
		Parent: id.EncodeSet(id.Category, c.Parent), Position: c.Position}
}

func tagSpec(t *ent.Tag) Tag {
	return Tag{ID: t.ID, Name: t.Name, Slug: t.Slug, Scheme: t.Scheme, Description: t.Description, Labels: t.Labels}
}

func (t Tag) state() State {
	return State{key: t.ID, ID: id.Encode(id.Tag, t.ID), Name: t.Name, Slug: t.Slug, Scheme: t.Scheme, Description: t.Description, Labels: t.Labels}
}

func placeSpec(p *ent.Place) Place {
	return Place{ID: p.ID, Name: p.Name, Slug: p.Slug, Kind: p.Kind, CountryCode: p.CountryCode, Labels: p.Labels, Latitude: p.Latitude, Longitude: p.Longitude}
}

func (p Place) state() State {
	return State{key: p.ID, ID: id.Encode(id.Place, p.ID), Name: p.Name, Slug: p.Slug, Kind: string(p.Kind), CountryCode: p.CountryCode, Labels: p.Labels,
		Latitude: p.Latitude, Longitude: p.Longitude}
}

func seriesSpec(s *ent.Series) Series {
	return Series{ID: s.ID, Name: s.Name, Slug: s.Slug, Description: s.Description, Labels: s.Labels}
}

func (s Series) state() State {
	return State{key: s.ID, ID: id.Encode(id.Series, s.ID), Name: s.Name, Slug: s.Slug, Description: s.Description, Labels: s.Labels}
}

func authorSpec(a *ent.Author) Author {
	return Author{ID: a.ID, Kind: a.Kind, Name: a.Name, Slug: a.Slug, Bio: a.Bio, Labels: a.Labels, Avatar: a.AvatarID, User: a.UserID}
}

func (a Author) state() State {
	return State{key: a.ID, ID: id.Encode(id.Author, a.ID), Name: a.Name, Slug: a.Slug, Kind: string(a.Kind), Description: a.Bio, Labels: a.Labels,
		Avatar: id.EncodeSet(id.Media, a.Avatar), User: id.EncodeSet(id.User, a.User)}
}
