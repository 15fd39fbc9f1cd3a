package demo

import (
	"context"

	"github.com/broadsheet-cms/broadsheet/ent/author"
	"github.com/broadsheet-cms/broadsheet/ent/place"
	"github.com/broadsheet-cms/broadsheet/ent/schema"
	"github.com/broadsheet-cms/broadsheet/ent/user"
	"github.com/broadsheet-cms/broadsheet/internal/account"
	"github.com/broadsheet-cms/broadsheet/internal/demo/newsroom"
	"github.com/broadsheet-cms/broadsheet/internal/taxonomy"
)

func labels(from newsroom.Labels) schema.Labels {
	to := make(schema.Labels, len(from))
	for language, l := range from {
		to[language] = schema.Label{Name: l.Name, Description: l.Description}
	}
	return to
}

func (l *loader) loadUsers(ctx context.Context) error {
	specs := make([]account.User, len(l.news.Users))
	for i, u := range l.news.Users {
		specs[i] = account.User{Email: u.Email, DisplayName: u.Name, Role: user.Role(u.Role)}
	}
	ids, err := l.Accounts.EnsureUsers(ctx, specs...)
	if err != nil {
		return err
	}
	l.users = byKey(l.news.Users, ids, func(u newsroom.User) string { return u.Key })
	return nil
}

// loadTerms writes sections, tags, places and series.
func (l *loader) loadTerms(ctx context.Context) error {
	if err := l.loadCategories(ctx); err != nil {
		return err
	}
	tags := make([]taxonomy.Tag, len(l.news.Tags))
	for i, t := range l.news.Tags {
		main := t.Labels[mainLanguage]
		tags[i] = taxonomy.Tag{Name: main.Name, Slug: main.Slug, Description: main.Description, Labels: labels(t.Labels)}
	}
	ids, err := l.Taxonomy.EnsureTags(ctx, tags...)
	if err != nil {
		return err
	}
	l.tags = byKey(l.news.Tags, ids, func(t newsroom.Tag) string { return t.Key })

	places := make([]taxonomy.Place, len(l.news.Places))
	for i, p := range l.news.Places {
		main := p.Labels[mainLanguage]
		places[i] = taxonomy.Place{Name: main.Name, Slug: main.Slug, Kind: place.Kind(p.Kind), CountryCode: p.Country, Labels: labels(p.Labels)}
	}
	if ids, err = l.Taxonomy.EnsurePlaces(ctx, places...); err != nil {
		return err
	}
	l.places = byKey(l.news.Places, ids, func(p newsroom.Place) string { return p.Key })

	series := make([]taxonomy.Series, len(l.news.Series))
	for i, s := range l.news.Series {
		main := s.Labels[mainLanguage]
		series[i] = taxonomy.Series{Name: main.Name, Slug: main.Slug, Description: main.Description, Labels: labels(s.Labels)}
	}
	if ids, err = l.Taxonomy.EnsureSeries(ctx, series...); err != nil {
		return err
	}
	l.series = byKey(l.news.Series, ids, func(s newsroom.Series) string { return s.Key })
	return nil
}

// loadCategories writes the tree, where parents stand before their children.
func (l *loader) loadCategories(ctx context.Context) error {
	l.categories = map[string]int{}
	for i, c := range l.news.Categories {
		main := c.Labels[mainLanguage]
		spec := taxonomy.Category{Name: main.Name, Slug: main.Slug, Description: main.Description, Labels: labels(c.Labels), Position: i}
		if c.Parent != "" {
			spec.Parent = new(l.categories[c.Parent])
		}
		ids, err := l.Taxonomy.EnsureCategories(ctx, spec)
		if err != nil {
			return err
		}
		l.categories[c.Key] = ids[0]
	}
	return nil
}

func (l *loader) loadAuthors(ctx context.Context) error {
	specs := make([]taxonomy.Author, len(l.news.Authors))
	for i, a := range l.news.Authors {
		main := a.Labels[mainLanguage]
		portrait, err := l.storeOwn(ctx, a.Key, main.Name, l.drawn.portraits[a.Key])
		if err != nil {
			return err
		}
		specs[i] = taxonomy.Author{
			Kind: author.Kind(a.Kind), Name: main.Name, Slug: main.Slug, Bio: main.Description, Labels: labels(a.Labels), Avatar: portrait,
		}
		if a.User != "" {
			specs[i].User = new(l.users[a.User])
		}
	}
	ids, err := l.Taxonomy.EnsureAuthors(ctx, specs...)
	if err != nil {
		return err
	}
	l.authors = byKey(l.news.Authors, ids, func(a newsroom.Author) string { return a.Key })
	return nil
}

func byKey[T any](things []T, ids []int, key func(T) string) map[string]int {
	m := make(map[string]int, len(things))
	for i, t := range things {
		m[key(t)] = ids[i]
	}
	return m
}
