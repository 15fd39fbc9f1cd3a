package taxonomy

import (
	"context"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/broadsheet-cms/broadsheet/ent"
	"github.com/broadsheet-cms/broadsheet/ent/place"
	"github.com/broadsheet-cms/broadsheet/ent/schema"
	"github.com/broadsheet-cms/broadsheet/internal/event"
	"github.com/broadsheet-cms/broadsheet/internal/fault"
	"github.com/broadsheet-cms/broadsheet/internal/id"
	"github.com/broadsheet-cms/broadsheet/internal/store"
)

// Place is a place as it shall be.
type Place struct {
	ID                  int // 0: a new one; EnsurePlaces does not look at it
	Name                string
	Slug                string     // empty: made from the name, or kept
	Kind                place.Kind // empty: OTHER
	CountryCode         string     // ISO 3166-1 alpha-2 of the country it is or lies in
	Labels              schema.Labels
	Latitude, Longitude *float64 // degrees, north and east
}

// Namesakes of different kinds or in different countries are different places:
// Georgia is a country and a state of another one. A place of which less is
// known is taken for its namesake.
var places = newVocabulary(id.Place, "place", "places", "kind, country_code", func(have, want [2]string) bool {
	compatible := func(a, b, unknown string) bool { return a == b || a == unknown || b == unknown }
	return compatible(have[0], want[0], string(place.KindOther)) && compatible(have[1], want[1], "")
})

// EnsurePlaces gives the keys of places in order, making those that are
// missing.
func (s *Service) EnsurePlaces(ctx context.Context, specs ...Place) ([]int, error) {
	specs = slices.Clone(specs) // the caller's stay as they are
	wanted := make([]*thing, len(specs))
	for i := range specs {
		p := &specs[i]
		if err := checkPlace(fmt.Sprintf("places[%d].", i), p); err != nil {
			return nil, err
		}
		wanted[i] = &thing{name: p.Name, given: p.Slug, marks: [2]string{string(p.Kind), p.CountryCode}}
	}
	ids, err := s.ensure(ctx, places, wanted, func(ctx context.Context, missing []int) ([]int, error) {
		client := s.db.Ent(ctx)
		builders := make([]*ent.PlaceCreate, len(missing))
		for i, n := range missing {
			builders[i] = client.Place.Create()
			setPlace(builders[i].Mutation(), specs[n], wanted[n].slug)
		}
		rows, err := client.Place.CreateBulk(builders...).Save(ctx)
		return keys(rows, func(p *ent.Place) int { return p.ID }), err
	})
	if err != nil {
		return nil, fmt.Errorf("ensure places: %w", err)
	}
	return ids, nil
}

// SavePlace makes a place or changes one as a whole.
func (s *Service) SavePlace(ctx context.Context, p Place) (saved *ent.Place, err error) {
	if err := checkPlace("", &p); err != nil {
		return nil, err
	}
	err = s.save(ctx, "place", false, func(ctx context.Context) error {
		client := s.db.Ent(ctx)
		var before State
		if p.ID != 0 {
			old, err := client.Place.Get(ctx, p.ID)
			if err != nil {
				return err
			}
			before = placeSpec(old).state()
		}
		free, err := s.chooseSlug(ctx, places, p.ID, p.Slug, before.Slug, p.Name)
		if err != nil {
			return err
		}
		if p.ID == 0 {
			b := client.Place.Create()
			setPlace(b.Mutation(), p, free)
			saved, err = b.Save(ctx)
		} else {
			b := client.Place.UpdateOneID(p.ID)
			setPlace(b.Mutation(), p, free)
			saved, err = b.Save(ctx)
		}
		if err != nil {
			return err
		}
		return s.record(ctx, id.Place, saved.ID, before, placeSpec(saved).state(), event.Detail{})
	})
	return saved, err
}

func checkPlace(field string, p *Place) error {
	p.Kind = orDefault(p.Kind, place.DefaultKind)
	if place.KindValidator(p.Kind) != nil {
		return fault.BadInput(field+"kind", "There is no kind of place called %.40q.", p.Kind)
	}
	p.CountryCode = strings.ToUpper(p.CountryCode)
	if p.CountryCode != "" && !countryCode.MatchString(p.CountryCode) {
		return fault.BadInput(field+"countryCode", "A country code has two letters, such as PT.")
	}
	if outside(p.Latitude, 90) {
		return fault.BadInput(field+"latitude", "A latitude lies between -90 and 90 degrees.")
	}
	if outside(p.Longitude, 180) {
		return fault.BadInput(field+"longitude", "A longitude lies between -180 and 180 degrees.")
	}
	if err := checkLabels(field, p.Labels); err != nil {
		return err
	}
	return checkWords(field, &p.Name, &p.Slug, nil)
}

var countryCode = regexp.MustCompile(`^[A-Z]{2}$`)

func outside(degrees *float64, limit float64) bool {
	return degrees != nil && !(-limit <= *degrees && *degrees <= limit) // NaN is outside
}

func setPlace(m *ent.PlaceMutation, p Place, slug string) {
	m.SetName(p.Name)
	m.SetSlug(slug)
	m.SetKind(p.Kind)
	m.SetCountryCode(p.CountryCode)
	setLabels(p.Labels, m.SetLabels, m.ClearLabels)
	store.SetOrClear(p.Latitude, m.SetLatitude, m.ClearLatitude)
	store.SetOrClear(p.Longitude, m.SetLongitude, m.ClearLongitude)
}
