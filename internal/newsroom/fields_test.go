package newsroom

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/broadsheet-cms/broadsheet/ent"
	"github.com/broadsheet-cms/broadsheet/ent/article"
	"github.com/broadsheet-cms/broadsheet/ent/articledetail"
	"github.com/broadsheet-cms/broadsheet/ent/schema"
	"github.com/broadsheet-cms/broadsheet/internal/access"
	"github.com/broadsheet-cms/broadsheet/internal/content"
	"github.com/broadsheet-cms/broadsheet/internal/directory"
	"github.com/broadsheet-cms/broadsheet/internal/event"
	"github.com/broadsheet-cms/broadsheet/internal/richtext"
	"github.com/broadsheet-cms/broadsheet/internal/store"
	"github.com/broadsheet-cms/broadsheet/internal/testkit"
)

// notRestored are the fields that stay as they are when a revision is restored.
var notRestored = map[string]string{
	"ID": "identity", "Slug": "address", "TranslationGroup": "joins other articles", "CreatedBy": "origin", "EditedAt": "the moment of the restoring",
	"Source.URI": "origin", "Source.Name": "origin", "Source.URL": "origin", "Source.VersionAt": "origin", "Source.Hash": "origin",
	"Status": "state", "Visibility": "state", "TrashedAt": "state", "PublishedAt": "state", "FirstPublishedAt": "state", "UpdatedAt": "state",
	"CorrectedAt": "state", "ScheduledAt": "state", "EmbargoUntil": "state", "UnpublishAt": "state",
	"Pins": "curated apart from the words",
}

// unstored are the fields of a draft that no revision keeps.
var unstored = map[string]string{"ID": "the revision has it", "CreatedBy": "never changes", "EditedAt": "the moment of a change, not its content"}

// underived are the columns that a save of a full draft leaves empty.
var underived = map[string]string{
	"articles.comment_count": "counts comments", "articles.subject_revision": "counts edits that make it another article",
	"articles.assignee_id": "set by assignArticle", "articles.status_changed_at": "set by steps of the workflow",
	"article_details.editor_note": "nothing writes it",
}

// filler makes two drafts in which every field has a value and differs.
type filler struct {
	t    *testing.T
	keys map[string][2][]int // of things that are there, by the field that refers to them
}

func newFiller(ctx context.Context, t *testing.T, db *store.DB, articles *content.Service) *filler {
	t.Helper()
	f := &filler{t, map[string][2][]int{}}
	client := db.Ent(ctx)
	two := func(fields string, create func(name string) int) {
		a, b := []int{create(fields + " a"), create(fields + " b")}, []int{create(fields + " c")}
		for field := range strings.SplitSeq(fields, " ") {
			f.keys[field] = [2][]int{a, b}
		}
	}
	slug := func(name string) string { return strings.ToLower(strings.ReplaceAll(name, " ", "-")) }
	two("PrimaryCategory", func(n string) int { return client.Category.Create().SetName(n).SetSlug(slug(n)).SaveX(ctx).ID })
	two("Categories", func(n string) int { return client.Category.Create().SetName(n).SetSlug(slug(n)).SaveX(ctx).ID })
	two("Tags", func(n string) int { return client.Tag.Create().SetName(n).SetSlug(slug(n)).SaveX(ctx).ID })
	two("Places", func(n string) int { return client.Place.Create().SetName(n).SetSlug(slug(n)).SaveX(ctx).ID })
	two("Authors", func(n string) int { return client.Author.Create().SetName(n).SetSlug(slug(n)).SaveX(ctx).ID })
	two("Series", func(n string) int { return client.Series.Create().SetName(n).SetSlug(slug(n)).SaveX(ctx).ID })
	two("FeaturedMedia", func(n string) int { return client.Media.Create().SetSourceURL(n).SaveX(ctx).ID })
	two("CreatedBy", func(n string) int {
		return client.User.Create().SetEmail(slug(n) + "@example.org").SetDisplayName(n).SaveX(ctx).ID
	})
	two("Pins TranslationGroup", func(n string) int {
		saved, err := articles.Save(ctx, &content.Draft{Title: n})
		if err != nil {
			t.Fatal(err)
		}
		return saved[0].ID
	})
	return f
}

// full gives the first or the second of the two drafts.
func (f *filler) full(n int) *content.Draft {
	d := new(content.Draft)
	f.fill(reflect.ValueOf(d).Elem(), "", n)
	return d
}

// fill sets every field of a struct. A type that it does not know fails the test:
// whoever adds a field says here what it may be.
func (f *filler) fill(v reflect.Value, path string, n int) {
	f.t.Helper()
	for i := range v.NumField() {
		name := path + v.Type().Field(i).Name
		field := v.Field(i)
		at := time.Date(2026, 3, 1+n, 10, i, 0, 0, time.UTC)
		number := 10*i + n + 1
		var value any
		switch field.Interface().(type) {
		case string:
			value = fmt.Sprintf("%s-%d", strings.ToLower(strings.ReplaceAll(name, ".", "-")), n)
		case *time.Time:
			value = &at
		case article.Kind:
			value = []article.Kind{article.KindLiveBlog, article.KindOpinion}[n]
		case article.Status:
			value = []article.Status{article.StatusScheduled, article.StatusApproved}[n]
		case article.Visibility:
			value = []article.Visibility{article.VisibilityPrivate, article.VisibilityPublic}[n]
		case article.CommentPolicy:
			value = []article.CommentPolicy{article.CommentPolicyClosed, article.CommentPolicyRegistered}[n]
		case []richtext.Block:
			value = []richtext.Block{{Kind: richtext.Paragraph, HTML: fmt.Sprintf("Words of the body, %d.", n)}}
		case *schema.SEO:
			value = &schema.SEO{Title: name + fmt.Sprint(n)}
		case *schema.Rights:
			value = &schema.Rights{Holder: name + fmt.Sprint(n)}
		case map[string]any:
			value = map[string]any{"field": fmt.Sprint(n)}
		case []content.Entry:
			value = []content.Entry{{Title: fmt.Sprint("Entry ", n), Body: []richtext.Block{{Kind: richtext.Paragraph, HTML: "It goes on."}}, PublishedAt: at, Key: n == 0, Pinned: n == 1}}
		case content.Source:
			f.fill(field, name+".", n)
			continue
		case []int:
			value = f.keys[name][n]
		case *int:
			if keys := f.keys[name][n]; keys != nil {
				value = &keys[0]
			} else if name == "SeriesPosition" {
				value = &number
			}
		case int:
			if name == "ID" {
				continue // of the row that it is stored in
			}
		}
		if value == nil || reflect.ValueOf(value).IsZero() {
			f.t.Fatalf("content.Draft.%s is a %s: say in this test what it may be", name, field.Type())
		}
		field.Set(reflect.ValueOf(value))
	}
}

// leaves are the fields of a draft by their names, those of its source too.
func leaves(d *content.Draft) map[string]reflect.Value {
	found := map[string]reflect.Value{}
	var walk func(v reflect.Value, path string)
	walk = func(v reflect.Value, path string) {
		for i := range v.NumField() {
			name := path + v.Type().Field(i).Name
			if v.Field(i).Type() == reflect.TypeFor[content.Source]() {
				walk(v.Field(i), name+".")
				continue
			}
			found[name] = v.Field(i)
		}
	}
	walk(reflect.ValueOf(d).Elem(), "")
	return found
}

// TestEveryFieldSurvives takes each field of a draft through a save, a load, a
// revision, a comparison and a restoring. A field that one of them forgets fails,
// the next one included.
func TestEveryFieldSurvives(t *testing.T) {
	t.Parallel()
	testkit.Databases(t, func(t *testing.T, db *store.DB) {
		ctx := access.AsSystem(t.Context())
		log := event.NewLog(db)
		articles := content.New(db, log, directory.New(db, log))
		s := &Service{db: db, articles: articles}
		f := newFiller(ctx, t, db, articles)
		load := func(id int) (row *ent.Article, d *content.Draft) {
			t.Helper()
			err := db.Tx(ctx, func(ctx context.Context) (err error) {
				row, d, err = articles.Load(ctx, id)
				return err
			})
			if err != nil {
				t.Fatal(err)
			}
			return row, d
		}

		// Saved anew, saved over others, and saved back: what comes back is what went in.
		var id int
		var rows [2]*ent.Article
		var loaded [2]*content.Draft
		for _, n := range []int{0, 1, 0, 1} {
			d := f.full(n)
			d.ID = id
			if id != 0 {
				d.CreatedBy = loaded[0].CreatedBy // never changes
				for i := range d.Entries {
					d.Entries[i].ID = loaded[1-n].Entries[i].ID
				}
			}
			want := f.full(n)
			saved, err := articles.Save(ctx, d)
			if err != nil {
				t.Fatal(err)
			}
			id = saved[0].ID
			rows[n], loaded[n] = load(id)
			want.ID, want.CreatedBy, want.EditedAt = id, loaded[0].CreatedBy, nil
			for i := range want.Entries {
				want.Entries[i].ID = loaded[n].Entries[i].ID
			}
			if diff := cmp.Diff(want, loaded[n]); diff != "" {
				t.Errorf("saved and loaded (-want +got):\n%s", diff)
			}
			if rows[n].EditedAt == nil || !rows[n].EditedAt.Equal(*f.full(n).EditedAt) {
				t.Errorf("the moment of the change is %v", rows[n].EditedAt)
			}
			f.columns(ctx, db, id)
		}

		for name, value := range leaves(loaded[0]) {
			other := leaves(loaded[1])[name]
			if name != "ID" && name != "CreatedBy" && name != "EditedAt" && reflect.DeepEqual(value.Interface(), other.Interface()) {
				t.Fatalf("both drafts have the same %s: this test shows nothing for it", name)
			}

			// Kept as a revision keeps it.
			text, err := json.Marshal(loaded[0])
			if err != nil {
				t.Fatal(err)
			}
			kept := new(content.Draft)
			if err := json.Unmarshal(text, kept); err != nil {
				t.Fatal(err)
			}
			if unstored[name] == "" {
				if diff := cmp.Diff(value.Interface(), leaves(kept)[name].Interface()); diff != "" {
					t.Errorf("a revision keeps %s otherwise:\n%s", name, diff)
				}
			}

			// Seen in a comparison when it changes alone.
			changed := *loaded[0]
			leaves(&changed)[name].Set(other)
			if fields := diffFields(loaded[0], &changed); name != "Body" && unstored[name] == "" && len(fields) != 1 {
				t.Errorf("%s changed and a comparison shows %v", name, fields)
			}

			// Given back by a restoring, or left as it is for a reason.
			now := *loaded[1]
			if err := s.takeWords(ctx, &now, kept); err != nil {
				t.Fatal(err)
			}
			want, what := value, "given back"
			if notRestored[name] != "" {
				want, what = other, "left as it is"
			}
			if diff := cmp.Diff(want.Interface(), leaves(&now)[name].Interface()); diff != "" {
				t.Errorf("%s is not %s by a restoring:\n%s", name, what, diff)
			}
		}
		for _, names := range []map[string]string{notRestored, unstored} {
			for name := range names {
				if _, there := leaves(loaded[0])[name]; !there {
					t.Errorf("%s is listed and is no field", name)
				}
			}
		}

		// The past is shown with the row that there was.
		want := *rows[0]
		was := rowOf(rows[1], loaded[0])
		for _, same := range []*ent.Article{&want, was} { // what no draft has
			same.ID, same.Version, same.ModifiedAt, same.EditedAt, same.BodyHash, same.SourceHash, same.SourceURI, same.SourceVersionAt = 0, 0, time.Time{}, nil, 0, "", nil, nil
			same.ScheduledAt, same.EmbargoUntil, same.UnpublishAt = nil, nil, nil // plans were no part of what readers saw
		}
		if was, want := fmt.Sprint(was), fmt.Sprint(&want); was != want {
			t.Errorf("an article as it was:\n%s\nwant\n%s", was, want)
		}
	})
}

// columns finds columns that a full draft leaves empty: a column that no field
// fills is blanked when somebody else fills it.
func (f *filler) columns(ctx context.Context, db *store.DB, id int) {
	f.t.Helper()
	detail := db.Ent(ctx).ArticleDetail.Query().Where(articledetail.ArticleID(id)).OnlyX(ctx)
	row := db.Ent(ctx).Article.GetX(ctx, id)
	empty := map[string]bool{}
	for table, v := range map[string]reflect.Value{"articles": reflect.ValueOf(row).Elem(), "article_details": reflect.ValueOf(detail).Elem()} {
		for i := range v.NumField() {
			column, tagged := v.Type().Field(i).Tag.Lookup("json")
			column, _, _ = strings.Cut(column, ",")
			if tagged && column != "" && column != "edges" && column != "-" && v.Field(i).IsZero() {
				empty[table+"."+column] = true
			}
		}
	}
	for _, column := range slices.Sorted(maps.Keys(empty)) {
		if underived[column] == "" {
			f.t.Errorf("no field of content.Draft fills %s", column)
		}
	}
	for column := range underived {
		if !empty[column] {
			f.t.Errorf("%s is listed as empty and is filled", column)
		}
	}
}
