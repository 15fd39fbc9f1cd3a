package taxonomy

import (
	"context"
	"fmt"
	"slices"

	"github.com/broadsheet-cms/broadsheet/ent"
	"github.com/broadsheet-cms/broadsheet/ent/schema"
	"github.com/broadsheet-cms/broadsheet/internal/event"
	"github.com/broadsheet-cms/broadsheet/internal/id"
)

// Series is a series as it shall be.
type Series struct {
	ID          int // 0: a new one; EnsureSeries does not look at it
	Name        string
	Slug        string // empty: made from the name, or kept
	Description string
	Labels      schema.Labels
}

var allSeries = newVocabulary(id.Series, "series", "series", "'', ''", alike)

// EnsureSeries gives the keys of series in order, making those that are
// missing.
func (s *Service) EnsureSeries(ctx context.Context, specs ...Series) ([]int, error) {
	specs = slices.Clone(specs) // the caller's stay as they are
	wanted := make([]*thing, len(specs))
	for i := range specs {
		t := &specs[i]
		if err := checkSeries(fmt.Sprintf("series[%d].", i), t); err != nil {
			return nil, err
		}
		wanted[i] = &thing{name: t.Name, given: t.Slug}
	}
	ids, err := s.ensure(ctx, allSeries, wanted, func(ctx context.Context, missing []int) ([]int, error) {
		client := s.db.Ent(ctx)
		builders := make([]*ent.SeriesCreate, len(missing))
		for i, n := range missing {
			builders[i] = client.Series.Create()
			setSeries(builders[i].Mutation(), specs[n], wanted[n].slug)
		}
		rows, err := client.Series.CreateBulk(builders...).Save(ctx)
		return keys(rows, func(t *ent.Series) int { return t.ID }), err
	})
	if err != nil {
		return nil, fmt.Errorf("ensure series: %w", err)
	}
	return ids, nil
}

// SaveSeries makes a series or changes one as a whole.
func (s *Service) SaveSeries(ctx context.Context, t Series) (saved *ent.Series, err error) {
	if err := checkSeries("", &t); err != nil {
		return nil, err
	}
	err = s.save(ctx, "series", false, func(ctx context.Context) error {
		client := s.db.Ent(ctx)
		var before State
		if t.ID != 0 {
			old, err := client.Series.Get(ctx, t.ID)
			if err != nil {
				return err
			}
			before = seriesSpec(old).state()
		}
		free, err := s.chooseSlug(ctx, allSeries, t.ID, t.Slug, before.Slug, t.Name)
		if err != nil {
			return err
		}
		if t.ID == 0 {
			b := client.Series.Create()
			setSeries(b.Mutation(), t, free)
			saved, err = b.Save(ctx)
		} else {
			b := client.Series.UpdateOneID(t.ID)
			setSeries(b.Mutation(), t, free)
			saved, err = b.Save(ctx)
		}
		if err != nil {
			return err
		}
		return s.record(ctx, id.Series, saved.ID, before, seriesSpec(saved).state(), event.Detail{})
	})
	return saved, err
}

func checkSeries(field string, t *Series) error {
	if err := checkLabels(field, t.Labels); err != nil {
		return err
	}
	return checkWords(field, &t.Name, &t.Slug, &t.Description)
}

func setSeries(m *ent.SeriesMutation, t Series, slug string) {
	m.SetName(t.Name)
	m.SetSlug(slug)
	m.SetDescription(t.Description)
	setLabels(t.Labels, m.SetLabels, m.ClearLabels)
}
