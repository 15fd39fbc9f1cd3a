package taxonomy_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/broadsheet-cms/broadsheet/ent"
	"github.com/broadsheet-cms/broadsheet/ent/article"
	"github.com/broadsheet-cms/broadsheet/ent/author"
	entevent "github.com/broadsheet-cms/broadsheet/ent/event"
	"github.com/broadsheet-cms/broadsheet/ent/place"
	"github.com/broadsheet-cms/broadsheet/ent/schema"
	"github.com/broadsheet-cms/broadsheet/ent/tag"
	"github.com/broadsheet-cms/broadsheet/internal/content"
	"github.com/broadsheet-cms/broadsheet/internal/directory"
	"github.com/broadsheet-cms/broadsheet/internal/event"
	"github.com/broadsheet-cms/broadsheet/internal/fault"
	"github.com/broadsheet-cms/broadsheet/internal/keyset"
	"github.com/broadsheet-cms/broadsheet/internal/store"
	"github.com/broadsheet-cms/broadsheet/internal/taxonomy"
	"github.com/broadsheet-cms/broadsheet/internal/testkit"
)

type services struct {
	db       *store.DB
	content  *content.Service
	taxonomy *taxonomy.Service
}

func open(db *store.DB) services {
	log := event.NewLog(db)
	articles := content.New(db, log, directory.New(db, log))
	return services{db, articles, taxonomy.New(db, log, articles)}
}

// move puts a section with everything below it into another one.
func (s services) move(ctx context.Context, section int, parent *int, position int) (*ent.Category, error) {
	c, err := s.db.Ent(ctx).Category.Get(ctx, section)
	if err != nil {
		return nil, err
	}
	return s.taxonomy.SaveCategory(ctx, taxonomy.Category{ID: c.ID, Name: c.Name, Slug: c.Slug, Description: c.Description, Labels: c.Labels,
		Parent: parent, Position: position})
}

// eventTypes gives the types of all events, oldest first.
func (s services) eventTypes(t *testing.T) []string {
	t.Helper()
	types, err := s.db.Ent(t.Context()).Event.Query().Order(entevent.ByID()).Select(entevent.FieldType).Strings(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return types
}

// must gives the value of a call that has to succeed.
func must[T any](value T, err error) func(t *testing.T) T {
	return func(t *testing.T) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return value
	}
}

// wantFault fails unless err is a fault about the given field.
func wantFault(t *testing.T, err error, code fault.Code, field string) {
	t.Helper()
	f, ok := errors.AsType[*fault.Error](err)
	if !ok {
		t.Fatalf("got %v, want a fault", err)
	}
	if f.Code != code || f.Field != field {
		t.Errorf("got %s about %q, want %s about %q: %v", f.Code, f.Field, code, field, err)
	}
}

func TestEnsureMeetsSpellingsAndKeepsNamesakesApart(t *testing.T) {
	t.Parallel()
	testkit.Databases(t, func(t *testing.T, db *store.DB) {
		s, ctx := open(db), t.Context()
		first := must(s.taxonomy.EnsureTags(ctx, []taxonomy.Tag{
			0: {Name: "Élan"}, 1: {Name: "elan"}, 2: {Name: "ELAN "},
			3: {Name: "C"}, 4: {Name: "C++"}, 5: {Name: "C#"},
			6: {Name: "Élan", Scheme: "sport"},
			7: {Name: "!!!"}, 8: {Name: "???"},
			9: {Name: "Shipping lanes", Slug: "shipping"}, 10: {Name: "Shipping"}, 11: {Name: "Cargo", Slug: "shipping"},
			12: {Name: "Covid-19"}, 13: {Name: "COVID 19"},
			14: {Name: "الملاحة"},
		}...))(t)
		groups := make([]int, len(first)) // the place of the first with the same key
		for i, id := range first {
			groups[i] = slices.Index(first, id)
		}
		if diff := cmp.Diff([]int{0, 0, 0, 3, 4, 5, 6, 7, 8, 9, 10, 9, 12, 12, 14}, groups); diff != "" {
			t.Errorf("who is who (-want +got):\n%s", diff)
		}
		slugs := must(db.Ent(ctx).Tag.Query().Order(tag.ByID()).Select(tag.FieldSlug).Strings(ctx))(t)
		if diff := cmp.Diff([]string{"elan", "c", "c-2", "c-3", "elan-2", "tag", "tag-2", "shipping", "shipping-2", "covid-19", "الملاحة"}, slugs); diff != "" {
			t.Errorf("slugs (-want +got):\n%s", diff)
		}
		again := must(s.taxonomy.EnsureTags(ctx, taxonomy.Tag{Name: "Elan", Scheme: "sport", Description: "new"}, taxonomy.Tag{Name: "c#"}, taxonomy.Tag{Name: "???"}))(t)
		if diff := cmp.Diff([]int{first[6], first[5], first[8]}, again); diff != "" {
			t.Errorf("found again (-want +got):\n%s", diff)
		}
		if kept := must(db.Ent(ctx).Tag.Get(ctx, first[6]))(t); kept.Name != "Élan" || kept.Description != "" {
			t.Errorf("a tag that was there became %q, %q", kept.Name, kept.Description)
		}
		if got := len(s.eventTypes(t)); got != len(slugs) {
			t.Errorf("%d events for %d tags", got, len(slugs))
		}
	})
}

func TestEnsureTakesFewStatements(t *testing.T) {
	t.Parallel()
	testkit.EachURL(t, func(t *testing.T, url string) {
		var statements testkit.Statements
		s, ctx := open(testkit.Open(t, url, store.Options{Wrap: statements.Wrap})), t.Context()
		specs := make([]taxonomy.Tag, 100)
		for i := range specs {
			specs[i].Name = fmt.Sprintf("Subject %d", i)
		}
		for _, run := range []struct {
			name  string
			limit int
		}{{"missing", 7}, {"present", 2}} {
			statements.Take()
			must(s.taxonomy.EnsureTags(ctx, specs...))(t)
			if took := statements.Take(); len(took) > run.limit {
				t.Errorf("%d statements for 100 %s tags, want at most %d: %.60q", len(took), run.name, run.limit, took)
			}
		}
	})
}

func TestEnsureAtTheSameTimeEndsWithOne(t *testing.T) {
	t.Parallel()
	testkit.Databases(t, func(t *testing.T, db *store.DB) {
		s, ctx := open(db), t.Context()
		var imports sync.WaitGroup
		errs := make([]error, 4)
		for i := range errs {
			imports.Go(func() {
				_, errs[i] = s.taxonomy.EnsureTags(ctx, taxonomy.Tag{Name: "One"}, taxonomy.Tag{Name: "Two"})
			})
		}
		imports.Wait()
		if err := errors.Join(errs...); err != nil {
			t.Fatal(err)
		}
		if n := must(db.Ent(ctx).Tag.Query().Count(ctx))(t); n != 2 {
			t.Errorf("%d tags, want 2", n)
		}
	})
}

func TestPlacesOfOneNameAreToldApart(t *testing.T) {
	t.Parallel()
	testkit.Databases(t, func(t *testing.T, db *store.DB) {
		s, ctx := open(db), t.Context()
		ids := must(s.taxonomy.EnsurePlaces(ctx,
			taxonomy.Place{Name: "Georgia", Kind: place.KindCountry, CountryCode: "ge"},
			taxonomy.Place{Name: "Georgia", Kind: place.KindRegion, CountryCode: "US"},
			taxonomy.Place{Name: "Georgia"}))(t)
		if ids[0] == ids[1] || ids[2] != ids[0] {
			t.Errorf("keys %v, want the country, the state, the country", ids)
		}
		if p := must(db.Ent(ctx).Place.Get(ctx, ids[0]))(t); p.CountryCode != "GE" || p.Kind != place.KindCountry {
			t.Errorf("stored %s %s", p.Kind, p.CountryCode)
		}
	})
}

func TestPathsOfSections(t *testing.T) {
	t.Parallel()
	testkit.Databases(t, func(t *testing.T, db *store.DB) {
		s, ctx := open(db), t.Context()
		ends := must(s.taxonomy.EnsurePaths(ctx, []string{"World", "Europe"}, []string{"Sport", "Europe"}, []string{"World"}, []string{"world", "EUROPE"}, []string{"Sport", "Europe", "Cup"}))(t)
		if ends[0] == ends[1] || ends[0] != ends[3] {
			t.Errorf("ends %v: Europe in World and in Sport are two sections", ends)
		}
		paths := map[int][]string{}
		dir := directory.New(db, event.NewLog(db))
		for i, end := range ends {
			for _, c := range must(dir.Current(ctx))(t).Ancestors(end) {
				paths[i] = append(paths[i], c.Slug)
			}
		}
		want := map[int][]string{0: {"world", "europe"}, 1: {"sport", "europe-2"}, 2: {"world"}, 3: {"world", "europe"}, 4: {"sport", "europe-2", "cup"}}
		if diff := cmp.Diff(want, paths); diff != "" {
			t.Errorf("paths (-want +got):\n%s", diff)
		}
		flat := must(s.taxonomy.EnsureCategories(ctx, taxonomy.Category{Name: "Cup"}, taxonomy.Category{Name: "Elsewhere", Slug: "europe"}))(t)
		if diff := cmp.Diff([]int{ends[4], ends[0]}, flat); diff != "" {
			t.Errorf("found without a path (-want +got):\n%s", diff)
		}
	})
}

func TestMovingASectionMovesItsArticles(t *testing.T) {
	t.Parallel()
	testkit.Databases(t, func(t *testing.T, db *store.DB) {
		s, ctx := open(db), t.Context()
		ends := must(s.taxonomy.EnsurePaths(ctx, []string{"Coast"}, []string{"Coast", "Harbour"}, []string{"Coast", "Harbour", "Ferries"}, []string{"Business"}))(t)
		coast, harbour, ferries, business := ends[0], ends[1], ends[2], ends[3]
		saved := must(s.content.Save(ctx, &content.Draft{Title: "Ferry", Status: article.StatusPublished, PrimaryCategory: &ferries, PublishedAt: new(time.UnixMicro(1e15))}))(t)
		listed := func() map[int]int {
			t.Helper()
			got := map[int]int{}
			for owner, articles := range must(s.content.Latest(ctx, content.List{Kind: content.ByCategory}, ends, keyset.First(5)))(t) {
				for _, a := range articles {
					got[owner] = a.ID
				}
			}
			return got
		}
		key := saved[0].ID
		if diff := cmp.Diff(map[int]int{coast: key, harbour: key, ferries: key}, listed()); diff != "" {
			t.Fatalf("before (-want +got):\n%s", diff)
		}
		moved := must(s.move(ctx, harbour, &business, 3))(t)
		if moved.Slug != "harbour" || moved.Position != 3 {
			t.Errorf("moved section is %q at %d", moved.Slug, moved.Position)
		}
		if diff := cmp.Diff(map[int]int{business: key, harbour: key, ferries: key}, listed()); diff != "" {
			t.Errorf("after (-want +got):\n%s", diff)
		}
		types := s.eventTypes(t)
		if last := types[len(types)-1]; last != "category.updated" {
			t.Errorf("last event %q", last)
		}
		_, err := s.move(ctx, harbour, &ferries, 0)
		wantFault(t, err, fault.BadUserInput, "parentId")
		_, err = s.move(ctx, harbour, &harbour, 0)
		wantFault(t, err, fault.BadUserInput, "parentId")
		_, err = s.move(ctx, harbour, new(99999), 0)
		wantFault(t, err, fault.NotFound, "parentId")
		must(s.move(ctx, harbour, nil, 0))(t)
		if diff := cmp.Diff(map[int]int{harbour: key, ferries: key}, listed()); diff != "" {
			t.Errorf("at the top (-want +got):\n%s", diff)
		}
	})
}

func TestSaveIsWholeAndKeepsTheSlug(t *testing.T) {
	t.Parallel()
	testkit.Databases(t, func(t *testing.T, db *store.DB) {
		s, ctx := open(db), t.Context()
		made := must(s.taxonomy.SaveAuthor(ctx, taxonomy.Author{Name: "Nadia  Qarmal", Bio: "Port", Labels: schema.Labels{"ar": {Name: "نادية"}}}))(t)
		if made.Name != "Nadia Qarmal" || made.Slug != "nadia-qarmal" || made.Kind != author.KindPerson {
			t.Errorf("made %q %q %s", made.Name, made.Slug, made.Kind)
		}
		other := must(s.taxonomy.SaveAuthor(ctx, taxonomy.Author{Name: "Nadia Qarmal", Kind: author.KindDesk}))(t)
		if other.Slug != "nadia-qarmal-2" {
			t.Errorf("a namesake has the slug %q", other.Slug)
		}
		renamed := must(s.taxonomy.SaveAuthor(ctx, taxonomy.Author{ID: made.ID, Name: "N. Qarmal"}))(t)
		if renamed.Slug != "nadia-qarmal" || renamed.Bio != "" || len(renamed.Labels) != 0 {
			t.Errorf("renamed: %+v", renamed)
		}
		series := must(s.taxonomy.SaveSeries(ctx, taxonomy.Series{Name: "Strike", Slug: "on-strike"}))(t)
		if ids := must(s.taxonomy.EnsureSeries(ctx, taxonomy.Series{Name: "other", Slug: "on-strike"}))(t); ids[0] != series.ID {
			t.Error("a series was not found by its slug")
		}
		if ids := must(s.taxonomy.EnsureAuthors(ctx, taxonomy.Author{Name: "n qarmal"}))(t); ids[0] == made.ID {
			t.Error("an author of another name was taken for one with another slug")
		}
	})
}

func TestFaultsNameTheField(t *testing.T) {
	t.Parallel()
	s, ctx := open(testkit.Open(t, testkit.URL(t, store.SQLite), store.Options{})), t.Context()
	one := func(_ any, err error) error { return err }
	for name, test := range map[string]struct {
		err   error
		code  fault.Code
		field string
	}{
		"a name of spaces":     {one(s.taxonomy.SaveTag(ctx, taxonomy.Tag{Name: " \n"})), fault.BadUserInput, "name"},
		"a slug with a slash":  {one(s.taxonomy.SaveTag(ctx, taxonomy.Tag{Name: "a", Slug: "a/b"})), fault.BadUserInput, "slug"},
		"no such tag":          {one(s.taxonomy.SaveTag(ctx, taxonomy.Tag{ID: 7, Name: "a"})), fault.NotFound, ""},
		"second of a batch":    {one(s.taxonomy.EnsureTags(ctx, taxonomy.Tag{Name: "a"}, taxonomy.Tag{})), fault.BadUserInput, "tags[1].name"},
		"a country by name":    {one(s.taxonomy.SavePlace(ctx, taxonomy.Place{Name: "a", CountryCode: "Portugal"})), fault.BadUserInput, "countryCode"},
		"beyond the pole":      {one(s.taxonomy.SavePlace(ctx, taxonomy.Place{Name: "a", Latitude: new(91.0)})), fault.BadUserInput, "latitude"},
		"an unknown kind":      {one(s.taxonomy.EnsureAuthors(ctx, taxonomy.Author{Name: "a", Kind: "ROBOT"})), fault.BadUserInput, "authors[0].kind"},
		"an empty path":        {one(s.taxonomy.EnsurePaths(ctx, nil)), fault.BadUserInput, "paths[0]"},
		"a parent that is not": {one(s.taxonomy.SaveCategory(ctx, taxonomy.Category{Name: "a", Parent: new(5)})), fault.NotFound, "parentId"},
	} {
		t.Run(name, func(t *testing.T) { wantFault(t, test.err, test.code, test.field) })
	}
}

// TestTagsOfOneNameAreMadeOnPurpose: a second tag of a name is made with a slug of
// its own or in another vocabulary, and not by mistake.
func TestTagsOfOneNameAreMadeOnPurpose(t *testing.T) {
	t.Parallel()
	testkit.Databases(t, func(t *testing.T, db *store.DB) {
		s, ctx := open(db), t.Context()
		first, err := s.taxonomy.SaveTag(ctx, taxonomy.Tag{Name: "Storms"})
		if err != nil {
			t.Fatal(err)
		}
		for what, c := range map[string]struct {
			tag taxonomy.Tag
			ok  bool
		}{
			"the same once more":    {taxonomy.Tag{Name: "storms"}, false},
			"with a slug":           {taxonomy.Tag{Name: "Storms", Slug: "storms-at-sea"}, true},
			"in another vocabulary": {taxonomy.Tag{Name: "Storms", Scheme: "iptc"}, true},
			"itself":                {taxonomy.Tag{ID: first.ID, Name: "STORMS"}, true},
		} {
			if _, err := s.taxonomy.SaveTag(ctx, c.tag); (err == nil) != c.ok {
				t.Errorf("%s: %v", what, err)
			}
		}
	})
}

func TestEnsureJoinsTheTransaction(t *testing.T) {
	t.Parallel()
	testkit.Databases(t, func(t *testing.T, db *store.DB) {
		s, ctx := open(db), t.Context()
		stop := errors.New("stop")
		err := db.Tx(ctx, func(ctx context.Context) error {
			if _, err := s.taxonomy.EnsureTags(ctx, taxonomy.Tag{Name: "gone"}); err != nil {
				return err
			}
			return stop
		})
		if !errors.Is(err, stop) {
			t.Fatal(err)
		}
		if n := must(db.Ent(ctx).Tag.Query().Count(ctx))(t); n != 0 {
			t.Errorf("%d tags after a rollback", n)
		}
		if types := s.eventTypes(t); len(types) != 0 {
			t.Errorf("events after a rollback: %v", types)
		}
	})
}
