package ingest

import (
	"slices"
	"strings"

	"github.com/broadsheet-cms/broadsheet/ent"
	"github.com/broadsheet-cms/broadsheet/ent/place"
	"github.com/broadsheet-cms/broadsheet/internal/content"
	"github.com/broadsheet-cms/broadsheet/internal/ninjs"
	"github.com/broadsheet-cms/broadsheet/internal/taxonomy"
)

// How many of each an article can have. What is beyond is left out and
// reported.
const (
	maxSections = 20
	maxTags     = 100
	maxPlaces   = 50
	maxAuthors  = 50
)

// Vocabularies of tags for those a story is about.
const (
	schemePerson       = "person"
	schemeOrganisation = "organisation"
)

// names takes sections, tags, places and authors. A section's name stays whole
// even when it looks like a path: "Life/Style" is one.
func (in *ninjsImport) names(it *item, src *ninjs.Item) {
	s := it.story
	var people []string
	for _, e := range src.Subjects {
		name := it.name("subject", e)
		switch {
		case name == "":
		case relation(e) == "category":
			s.Sections = append(s.Sections, []string{name})
		default:
			s.Tags = append(s.Tags, taxonomy.Tag{Name: name})
		}
	}
	for _, e := range src.People {
		name := it.name("person", e)
		switch {
		case name == "":
		case isAuthor(e):
			people = append(people, name)
		default:
			s.Tags = append(s.Tags, taxonomy.Tag{Name: name, Scheme: schemePerson})
		}
	}
	for _, e := range src.Organisations {
		name := it.name("organisation", e)
		switch {
		case name == "":
		case isAuthor(e):
			people = append(people, name)
		default:
			s.Tags = append(s.Tags, taxonomy.Tag{Name: name, Scheme: schemeOrganisation})
		}
	}
	for _, p := range src.Places {
		if name := it.name("place", p.Entity); name != "" {
			s.Places = append(s.Places, placeOf(name, p))
		}
	}
	by := shorten(tidy(src.By), maxShort)
	if len(people) == 0 {
		people = splitByline(by)
	}
	for _, name := range people {
		s.Authors = append(s.Authors, authorOf(name))
	}
	s.Sections = few(it, "sections", maxSections, s.Sections, func(path []string) string { return strings.ToLower(path[0]) })
	s.Tags = few(it, "tags", maxTags, s.Tags, func(t taxonomy.Tag) string { return t.Scheme + "\x00" + strings.ToLower(t.Name) })
	s.Places = few(it, "places", maxPlaces, s.Places, func(p taxonomy.Place) string { return p.CountryCode + "\x00" + strings.ToLower(p.Name) })
	s.Authors = few(it, "authors", maxAuthors, s.Authors, func(a taxonomy.Author) string { return strings.ToLower(a.Name) })
	if !sayTheSame(by, s.Authors, s.Language) {
		s.Byline = by
	}
}

// name is the name of something, "" when it has none to show.
func (it *item) name(what string, e ninjs.Entity) string {
	name := tidy(e.Name)
	if name == "" {
		it.repair(reasonUnnamed, "a %s without a name (%s): left out", what, shorten(strings.TrimSpace(e.URI+" "+e.Literal), 80))
		return ""
	}
	if len(name) > maxShort {
		it.repair(reasonTooLong, "the name of a %s is longer than %d bytes: cut", what, maxShort)
		name = shorten(name, maxShort-len("…"))
	}
	return name
}

// few leaves out what is there twice and what is too many.
func few[T any](it *item, what string, limit int, all []T, key func(T) string) []T {
	seen := make(map[string]bool, len(all))
	all = slices.DeleteFunc(all, func(v T) bool {
		k := key(v)
		twice := seen[k]
		seen[k] = true
		return twice
	})
	if len(all) > limit {
		it.repair(reasonTooMany, "%d %s: the first %d are kept", len(all), what, limit)
		all = all[:limit]
	}
	return all
}

// relation is the rel of an entity without the vocabulary it is from.
func relation(e ninjs.Entity) string {
	return strings.ToLower(e.Rel[strings.LastIndexAny(e.Rel, "/:#")+1:])
}

func isAuthor(e ninjs.Entity) bool {
	switch relation(e) {
	case "author", "creator", "byline", "contributor":
		return true
	}
	return false
}

// placeOf takes a place. One that is identified by the code of a country, and
// not of a part of it, is that country.
func placeOf(name string, p ninjs.Place) taxonomy.Place {
	to := taxonomy.Place{Name: name, CountryCode: p.Country}
	for _, identifier := range []string{p.Literal, p.URI} {
		code := strings.TrimRight(identifier, "/")
		code = code[strings.LastIndexAny(code, "/:#")+1:]
		if p.Country != "" && (len(code) == 2 && strings.EqualFold(code, p.Country) || len(code) == 3 && namesCountries(identifier, p.Scheme)) {
			to.Kind = place.KindCountry
		}
	}
	if p.Point != nil {
		to.Latitude, to.Longitude = &p.Point.Latitude, &p.Point.Longitude
	}
	return to
}

func namesCountries(identifier, scheme string) bool {
	vocabulary := strings.ToLower(scheme + identifier)
	return strings.Contains(vocabulary, "iso3166") || strings.Contains(vocabulary, "iso-3166") || strings.Contains(vocabulary, "countr") || identifier == strings.ToUpper(identifier)
}

// sayTheSame reports whether a by-line says no more than the names of the
// authors do.
func sayTheSame(by string, authors []taxonomy.Author, lang string) bool {
	if by == "" {
		return true
	}
	rows := make([]*ent.Author, len(authors))
	names := make([]string, len(authors))
	for i, a := range authors {
		rows[i], names[i] = &ent.Author{Name: a.Name}, a.Name
	}
	by = withoutBy(by)
	return strings.EqualFold(by, content.Byline(rows, lang)) || strings.EqualFold(by, strings.Join(names, ", ")) || strings.EqualFold(by, strings.Join(names, " and "))
}
