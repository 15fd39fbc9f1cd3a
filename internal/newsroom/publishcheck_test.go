package newsroom_test

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/broadsheet-cms/broadsheet/ent"
	"github.com/broadsheet-cms/broadsheet/internal/access"
	"github.com/broadsheet-cms/broadsheet/internal/content"
	"github.com/broadsheet-cms/broadsheet/internal/event"
	"github.com/broadsheet-cms/broadsheet/internal/fault"
	"github.com/broadsheet-cms/broadsheet/internal/newsroom"
	"github.com/broadsheet-cms/broadsheet/internal/richtext"
	"github.com/broadsheet-cms/broadsheet/internal/site"
	"github.com/broadsheet-cms/broadsheet/internal/store"
	"github.com/broadsheet-cms/broadsheet/internal/taxonomy"
	"github.com/broadsheet-cms/broadsheet/internal/testkit"
)

func (b *bundle) saved(t *testing.T, d *content.Draft) *ent.Article {
	t.Helper()
	saved, err := b.articles.Save(access.AsSystem(t.Context()), d)
	if err != nil {
		t.Fatal(err)
	}
	return saved[0]
}

// TestPublishChecks mends an article step by step: each check fails until what it
// looks for is there.
func TestPublishChecks(t *testing.T) {
	t.Parallel()
	testkit.Databases(t, func(t *testing.T, db *store.DB) {
		b := setup(t, db)
		system := access.AsSystem(t.Context())
		terms := taxonomy.New(db, event.NewLog(db), b.articles)
		ids := func(of []int, err error) int {
			if err != nil {
				t.Fatal(err)
			}
			return of[0]
		}
		category := ids(terms.EnsureCategories(system, taxonomy.Category{Name: "World"}))
		author := ids(terms.EnsureAuthors(system, taxonomy.Author{Name: "Nadia"}))
		picture := db.Ent(system).Media.Create().SetBlobKey("a.jpg").SaveX(system)
		d := &content.Draft{Title: "Bare"}
		a := b.saved(t, d)
		d.ID = a.ID
		failing := func() (codes []newsroom.PublishCheck) {
			records, err := b.desk.Records(b.as(access.Editor), []int{a.ID})
			if err != nil {
				t.Fatal(err)
			}
			found, err := b.desk.PublishChecks(b.as(access.Editor), []*newsroom.Record{records[a.ID]})
			if err != nil {
				t.Fatal(err)
			}
			for _, c := range found[a.ID] {
				codes = append(codes, c.Code)
				if want := map[bool]newsroom.Severity{true: newsroom.Blocking, false: newsroom.Warning}[c.Code == newsroom.EmptyBody]; c.Severity != want {
					t.Errorf("%s is %s, want %s", c.Code, c.Severity, want)
				}
			}
			return codes
		}
		want := []newsroom.PublishCheck{newsroom.EmptyBody, newsroom.MissingCategory, newsroom.MissingAuthor, newsroom.MissingFeaturedMedia}
		for _, step := range []struct {
			what   string
			change func()
		}{
			{"a body", func() { d.Body = []richtext.Block{{Kind: richtext.Paragraph, HTML: "Words."}} }},
			{"a category", func() { d.PrimaryCategory = &category }},
			{"an author", func() { d.Authors = []int{author} }},
		} {
			if got := failing(); !slices.Equal(got, want) {
				t.Fatalf("before %s %v fail, want %v", step.what, got, want)
			}
			step.change()
			b.saved(t, d)
			want = want[1:]
		}
		d.FeaturedMedia = &picture.ID
		b.saved(t, d)
		if got := failing(); !slices.Equal(got, []newsroom.PublishCheck{newsroom.MissingAltText}) {
			t.Errorf("with a picture without alternative text %v fail", got)
		}
		db.Ent(system).Media.UpdateOne(picture).SetAlt("A ferry").ExecX(system)
		if got := failing(); len(got) != 0 {
			t.Errorf("when all is there %v fail", got)
		}
	})
}

// TestBlockingChecks lets no article that fails one towards readers, by any step.
func TestBlockingChecks(t *testing.T) {
	t.Parallel()
	testkit.Databases(t, func(t *testing.T, db *store.DB) {
		b := setup(t, db)
		later := b.now.Add(time.Hour)
		try := func(step newsroom.Step, a *ent.Article) error {
			in := newsroom.StepInput{Article: a.ID}
			if step == newsroom.Schedule || step == newsroom.Embargo {
				in.At = &later
			}
			_, err := b.desk.Step(b.as(access.Editor), step, in)
			return err
		}
		refused := func(err error, checks ...newsroom.PublishCheck) bool {
			joined, ok := errors.AsType[interface {
				error
				Unwrap() []error
			}](err)
			return ok && len(joined.Unwrap()) == len(checks) && !slices.ContainsFunc(joined.Unwrap(), func(e error) bool { return reasonOf(e) != fault.CheckFailed })
		}
		set := func(severity newsroom.Severity, codes ...newsroom.PublishCheck) error {
			var changes []newsroom.CheckSetting
			for _, c := range codes {
				changes = append(changes, newsroom.CheckSetting{Code: c, Severity: severity})
			}
			_, err := b.desk.UpdateCheckSettings(b.as(access.Admin), changes)
			return err
		}
		for _, step := range []newsroom.Step{newsroom.Publish, newsroom.Schedule, newsroom.Embargo} {
			if err := try(step, b.saved(t, &content.Draft{Title: "Empty"})); !refused(err, newsroom.EmptyBody) {
				t.Errorf("%s of an article without a body: %v", step, err)
			}
		}
		empty := func(a *ent.Article) error {
			_, err := b.desk.Update(b.as(access.Editor), a.ID, newsroom.Update{Patch: newsroom.Patch{Body: new([]richtext.Block)}})
			return err
		}
		full := []richtext.Block{{Kind: richtext.Paragraph, HTML: "The ferries run again."}}
		for _, step := range []newsroom.Step{newsroom.Publish, newsroom.Schedule, newsroom.Embargo} {
			a := b.saved(t, &content.Draft{Title: "Emptied after " + string(step), Body: full})
			if err := try(step, a); err != nil {
				t.Fatal(err)
			}
			if err := empty(a); !refused(err, newsroom.EmptyBody) {
				t.Errorf("an article is emptied after %s: %v", step, err)
			}
		}
		if err := empty(b.saved(t, &content.Draft{Title: "Emptied as a draft", Body: full})); err != nil {
			t.Errorf("a draft is emptied: %v", err)
		}
		if err := set(newsroom.Off, newsroom.EmptyBody); reasonOf(err) != fault.Missing {
			t.Errorf("settings of no site: %v", err)
		}
		if _, err := site.New(db, event.NewLog(db)).SaveSettings(access.AsSystem(t.Context()), site.Settings{Name: "The Beacon", Language: "en"}); err != nil {
			t.Fatal(err)
		}
		for severity, wants := range map[newsroom.Severity]bool{newsroom.Blocking: true, newsroom.Warning: false, newsroom.Off: false} {
			if err := set(severity, newsroom.EmptyBody, newsroom.MissingCategory); err != nil {
				t.Fatal(err)
			}
			err := try(newsroom.Publish, b.saved(t, &content.Draft{Title: "Empty, " + string(severity)}))
			if wants && !refused(err, newsroom.EmptyBody, newsroom.MissingCategory) || !wants && err != nil {
				t.Errorf("with checks %s: %v", severity, err)
			}
		}
		old := b.saved(t, &content.Draft{Title: "Published without a section", Body: full})
		if err := errors.Join(set(newsroom.Off, newsroom.MissingCategory), try(newsroom.Publish, old), set(newsroom.Blocking, newsroom.EmptyBody, newsroom.MissingCategory)); err != nil {
			t.Fatal(err)
		}
		title := "Published before a section was needed"
		if _, err := b.desk.Update(b.as(access.Editor), old.ID, newsroom.Update{Patch: newsroom.Patch{Title: &title}}); err != nil {
			t.Errorf("a published article that failed a check already: %v", err)
		}
		if err := empty(old); !refused(err, newsroom.EmptyBody) {
			t.Errorf("a published article that failed another check is emptied: %v", err)
		}
		if err := set(newsroom.Off, newsroom.EmptyBody, newsroom.EmptyBody); reasonOf(err) != fault.Invalid {
			t.Errorf("a check set twice: %v", err)
		}
		if err := set(newsroom.Off, slices.Repeat([]newsroom.PublishCheck{newsroom.EmptyBody}, 7)...); reasonOf(err) != fault.LimitReached {
			t.Errorf("a check set seven times: %v", err)
		}
	})
}

// TestAuthorsAreToldToHandIn what they try to publish before it is approved.
func TestAuthorsAreToldToHandIn(t *testing.T) {
	t.Parallel()
	b := setup(t, testkit.Open(t, testkit.URL(t, store.SQLite), store.Options{}))
	a := b.create(access.Author, "Too early")
	_, err := b.desk.Step(b.as(access.Author), newsroom.Publish, newsroom.StepInput{Article: a.ID})
	if fault.CodeOf(err) != fault.Forbidden || !strings.Contains(err.Error(), "submitArticleForReview") || !strings.Contains(err.Error(), "this one is DRAFT") {
		t.Errorf("%v", err)
	}
}

func TestStaffIsFoundByName(t *testing.T) {
	t.Parallel()
	testkit.Databases(t, func(t *testing.T, db *store.DB) {
		b := setup(t, db)
		names := func(role access.Role, words string) (names []string) {
			members, err := b.desk.Staff(b.as(role), words)
			if err != nil {
				return []string{string(fault.CodeOf(err))}
			}
			for _, m := range members {
				names = append(names, m.Name)
			}
			return names
		}
		for _, c := range []struct {
			role  access.Role
			words string
			want  []string
		}{
			{access.Editor, "", []string{"ADMIN", "AUTHOR", "CONTRIBUTOR", "EDITOR", "MODERATOR"}},
			{access.Contributor, "tor", []string{"CONTRIBUTOR", "EDITOR", "MODERATOR"}},
			{access.Editor, "READER", nil},
			{access.Editor, "%", nil},
			{access.Reader, "", []string{string(fault.Forbidden)}},
			{"", "", []string{string(fault.Unauthenticated)}},
		} {
			if got := names(c.role, c.words); !slices.Equal(got, c.want) {
				t.Errorf("%q as %q finds %v, want %v", c.words, c.role, got, c.want)
			}
		}
	})
}
