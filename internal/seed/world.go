package seed

import (
	"context"
	"fmt"
	"math/rand/v2"

	"github.com/broadsheet-cms/broadsheet/ent/author"
	"github.com/broadsheet-cms/broadsheet/ent/menuitem"
	"github.com/broadsheet-cms/broadsheet/ent/place"
	"github.com/broadsheet-cms/broadsheet/ent/schema"
	"github.com/broadsheet-cms/broadsheet/internal/account"
	"github.com/broadsheet-cms/broadsheet/internal/site"
	"github.com/broadsheet-cms/broadsheet/internal/slug"
	"github.com/broadsheet-cms/broadsheet/internal/taxonomy"
)

// world is what articles are sorted by and made of, with the keys of what is
// stored.
type world struct {
	leaves  []leaf
	towns   []town
	tags    []int // the most used first
	authors []int
	desks   []int
	series  []int
	readers []int
}

// leaf is a section that articles are written for.
type leaf struct {
	id    int
	topic string // slug of its top section
}

// town is an invented place in a country.
type town struct {
	en, ar        string
	country       country
	id, countryID int
}

const townCount = 240

// builder makes the world.
type builder struct {
	Services
	r *rand.Rand
	w world
}

// build makes everything but articles and comments. What is there already is
// used as it is.
func build(ctx context.Context, s Services, seed uint64, articles int) (*world, error) {
	b := &builder{Services: s, r: rand.New(rand.NewPCG(seed, 0x776f_726c_64))} // the same seed shall give the same newsroom
	tops, err := b.sections(ctx, sections, nil, "")
	if err != nil {
		return nil, fmt.Errorf("sections: %w", err)
	}
	for _, step := range []struct {
		what string
		do   func(context.Context) error
	}{
		{"places", b.places}, {"tags", func(ctx context.Context) error { return b.tags(ctx, tagCount(articles)) }},
		{"authors", b.authors}, {"series", b.series}, {"readers", b.readers}, {"site", func(ctx context.Context) error { return b.site(ctx, tops) }},
	} {
		if err := step.do(ctx); err != nil {
			return nil, fmt.Errorf("%s: %w", step.what, err)
		}
	}
	return &b.w, nil
}

// labels are the names of a thing in both languages.
func labels(en, ar string) schema.Labels {
	return schema.Labels{"en": {Name: en}, "ar": {Name: ar}}
}

func (b *builder) sections(ctx context.Context, tree []section, parent *int, topic string) ([]int, error) {
	specs := make([]taxonomy.Category, len(tree))
	for i, s := range tree {
		specs[i] = taxonomy.Category{Name: s.en, Slug: slug.Make(s.en), Labels: labels(s.en, s.ar), Parent: parent, Position: i}
	}
	ids, err := b.Taxonomy.EnsureCategories(ctx, specs...)
	if err != nil {
		return nil, err
	}
	for i, s := range tree {
		of := topic
		if parent == nil {
			of = specs[i].Slug
		}
		b.w.leaves = append(b.w.leaves, leaf{ids[i], of})
		if _, err := b.sections(ctx, s.children, &ids[i], of); err != nil {
			return nil, err
		}
	}
	return ids, nil
}

func (b *builder) places(ctx context.Context) error {
	specs := make([]taxonomy.Place, len(countries))
	for i, c := range countries {
		specs[i] = taxonomy.Place{Name: c.en, Kind: place.KindCountry, CountryCode: c.code, Labels: labels(c.en, c.ar)}
	}
	ids, err := b.Taxonomy.EnsurePlaces(ctx, specs...)
	if err != nil {
		return err
	}
	// The Arabic names of two hundred towns are all there are of pairs.
	arabic := b.r.Perm(len(arHeads) * len(arTails))
	taken := map[string]bool{}
	specs = specs[:0:0]
	for len(b.w.towns) < townCount {
		name := coin(b.r)
		if taken[name] {
			continue
		}
		taken[name] = true
		n := len(b.w.towns)
		ar := arabic[n%len(arabic)]
		at := b.r.IntN(len(countries))
		t := town{en: name, ar: arHeads[ar%len(arHeads)] + " " + arTails[ar/len(arHeads)], country: countries[at], countryID: ids[at]}
		b.w.towns = append(b.w.towns, t)
		specs = append(specs, taxonomy.Place{
			Name: t.en, Kind: place.KindCity, CountryCode: t.country.code, Labels: labels(t.en, t.ar),
			Latitude: new(float64(b.r.IntN(12_000))/100 - 60), Longitude: new(float64(b.r.IntN(36_000))/100 - 180),
		})
	}
	if ids, err = b.Taxonomy.EnsurePlaces(ctx, specs...); err != nil {
		return err
	}
	for i := range b.w.towns {
		b.w.towns[i].id = ids[i]
	}
	return nil
}

func (b *builder) tags(ctx context.Context, count int) error {
	var specs []taxonomy.Tag
	for _, n := range b.r.Perm(len(tagHeads) * len(tagTails)) {
		head, tail := tagHeads[n%len(tagHeads)], tagTails[n/len(tagHeads)]
		if head != tail && len(specs) < count {
			specs = append(specs, taxonomy.Tag{Name: capital(head) + " " + tail})
		}
	}
	ids, err := b.Taxonomy.EnsureTags(ctx, specs...)
	b.w.tags = ids
	return err
}

func (b *builder) authors(ctx context.Context) error {
	names := b.r.Perm(len(enFirst) * len(enLast))[:authorCount]
	specs := make([]taxonomy.Author, 0, authorCount+deskCount)
	for i, n := range names {
		en := enFirst[n%len(enFirst)] + " " + enLast[n/len(enFirst)]
		ar := arFirst[i%len(arFirst)] + " " + arLast[i/len(arFirst)%len(arLast)]
		specs = append(specs, taxonomy.Author{Name: en, Labels: labels(en, ar), Bio: "Writes for the synthetic newsroom."})
	}
	for i := range deskCount {
		top := sections[i]
		specs = append(specs, taxonomy.Author{Kind: author.KindDesk, Name: top.en + " Desk", Labels: labels(top.en+" Desk", "قسم "+top.ar)})
	}
	ids, err := b.Taxonomy.EnsureAuthors(ctx, specs...)
	if err != nil {
		return err
	}
	b.w.authors, b.w.desks = ids[:authorCount], ids[authorCount:]
	return nil
}

func (b *builder) series(ctx context.Context) error {
	specs := make([]taxonomy.Series, seriesCount)
	for i := range specs {
		specs[i] = taxonomy.Series{Name: "The " + coin(b.r) + " " + pick(b.r, enMades), Description: "Told in parts."}
	}
	ids, err := b.Taxonomy.EnsureSeries(ctx, specs...)
	b.w.series = ids
	return err
}

func (b *builder) readers(ctx context.Context) error {
	specs := make([]account.User, readerCount)
	for i := range specs {
		specs[i] = account.User{Email: fmt.Sprintf("reader%03d@example.org", i), DisplayName: pick(b.r, enFirst) + " " + pick(b.r, enLast)}
	}
	ids, err := b.Accounts.EnsureUsers(ctx, specs...)
	b.w.readers = ids
	return err
}

// site gives a site that has no settings yet a name and a main menu of the top
// sections.
func (b *builder) site(ctx context.Context, tops []int) error {
	some, err := b.DB.Ent(ctx).Site.Query().Exist(ctx)
	if err != nil || some {
		return err
	}
	if _, err := b.Site.SaveSettings(ctx, site.Settings{Name: "The Synthetic Times", Tagline: "All the news that never happened"}); err != nil {
		return err
	}
	items := make([]site.MenuItem, len(tops))
	for i, id := range tops {
		items[i].Target = site.Target{Type: menuitem.TargetTypeCategory, ID: id}
	}
	_, err = b.Site.SaveMenu(ctx, site.Menu{Location: "HEADER", Name: "Sections", Items: items})
	return err
}
