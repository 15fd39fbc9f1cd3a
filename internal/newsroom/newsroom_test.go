package newsroom_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/broadsheet-cms/broadsheet/ent"
	"github.com/broadsheet-cms/broadsheet/ent/article"
	"github.com/broadsheet-cms/broadsheet/ent/auditentry"
	"github.com/broadsheet-cms/broadsheet/ent/revision"
	"github.com/broadsheet-cms/broadsheet/ent/schema"
	"github.com/broadsheet-cms/broadsheet/ent/user"
	"github.com/broadsheet-cms/broadsheet/internal/access"
	"github.com/broadsheet-cms/broadsheet/internal/audit"
	"github.com/broadsheet-cms/broadsheet/internal/content"
	"github.com/broadsheet-cms/broadsheet/internal/directory"
	"github.com/broadsheet-cms/broadsheet/internal/event"
	"github.com/broadsheet-cms/broadsheet/internal/fault"
	"github.com/broadsheet-cms/broadsheet/internal/idempotency"
	"github.com/broadsheet-cms/broadsheet/internal/keyset"
	"github.com/broadsheet-cms/broadsheet/internal/newsroom"
	"github.com/broadsheet-cms/broadsheet/internal/richtext"
	"github.com/broadsheet-cms/broadsheet/internal/search"
	"github.com/broadsheet-cms/broadsheet/internal/site"
	"github.com/broadsheet-cms/broadsheet/internal/store"
	"github.com/broadsheet-cms/broadsheet/internal/testkit"
)

// bundle is a newsroom with one member of each role.
type bundle struct {
	t        *testing.T
	db       *store.DB
	desk     *newsroom.Service
	articles *content.Service
	users    map[access.Role]int
	now      time.Time
}

var morning = time.Date(2026, 3, 1, 8, 0, 0, 0, time.UTC)

func setup(t *testing.T, db *store.DB) *bundle {
	t.Helper()
	log := event.NewLog(db)
	dir := directory.New(db, log)
	articles := content.New(db, log, dir)
	articles.Derive(search.New(db, dir))
	b := &bundle{t: t, db: db, articles: articles, users: map[access.Role]int{}, now: morning}
	b.desk = newsroom.New(db, log, audit.NewLog(db), articles, site.New(db, log), idempotency.New(db))
	b.desk.Now = func() time.Time { return b.now }
	articles.Now = b.desk.Now
	for _, role := range access.Roles() {
		u, err := db.Ent(t.Context()).User.Create().SetEmail(string(role) + "@example.org").SetDisplayName(string(role)).SetRole(user.Role(role)).Save(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		b.users[role] = u.ID
	}
	return b
}

func (b *bundle) as(role access.Role) context.Context {
	if role == "" {
		return b.t.Context()
	}
	return access.With(b.t.Context(), access.Viewer{UserID: b.users[role], Role: role, Name: string(role)})
}

func (b *bundle) create(role access.Role, title string) *ent.Article {
	b.t.Helper()
	body := []richtext.Block{{Kind: richtext.Paragraph, HTML: "The ferry left at dawn."}}
	a, err := b.desk.Create(b.as(role), newsroom.Patch{Title: &title, Body: &body}, "")
	if err != nil {
		b.t.Fatal(err)
	}
	return a
}

func (b *bundle) step(role access.Role, step newsroom.Step, a *ent.Article, change ...func(*newsroom.StepInput)) *ent.Article {
	b.t.Helper()
	take := newsroom.StepInput{Article: a.ID}
	for _, c := range change {
		c(&take)
	}
	moved, err := b.desk.Step(b.as(role), step, take)
	if err != nil {
		b.t.Fatalf("%s as %s: %v", step, role, err)
	}
	return moved
}

// latest are the titles that everybody reads.
func (b *bundle) latest() []string {
	b.t.Helper()
	found, err := b.articles.Latest(b.t.Context(), content.List{}, []int{0}, keyset.First(10))
	if err != nil {
		b.t.Fatal(err)
	}
	titles := []string{}
	for _, a := range found[0] {
		titles = append(titles, a.Title)
	}
	return titles
}

func reasonOf(err error) fault.Reason {
	f, ok := errors.AsType[*fault.Error](err)
	if !ok {
		return ""
	}
	return f.ReasonOf()
}

func TestStoryGoesFromDraftToReaders(t *testing.T) {
	t.Parallel()
	testkit.Databases(t, func(t *testing.T, db *store.DB) {
		b := setup(t, db)
		a := b.create(access.Author, "Ferry returns")
		if a.Status != article.StatusDraft || len(b.latest()) != 0 {
			t.Fatalf("a new article is %s, readers see %v", a.Status, b.latest())
		}
		b.step(access.Author, newsroom.Submit, a)
		b.step(access.Editor, newsroom.Approve, a)
		b.now = b.now.Add(time.Hour)
		live := b.step(access.Author, newsroom.Publish, a)
		if live.PublishedAt == nil || !live.PublishedAt.Equal(b.now) || live.Version != 4 {
			t.Errorf("published at %v, version %d", live.PublishedAt, live.Version)
		}
		if diff := cmp.Diff([]string{"Ferry returns"}, b.latest()); diff != "" {
			t.Errorf("latest news: %s", diff)
		}

		typo := "Ferry returns home"
		b.now = b.now.Add(time.Hour)
		mended, err := b.desk.Update(b.as(access.Author), a.ID, newsroom.Update{Patch: newsroom.Patch{Title: &typo}, Expected: &live.Version})
		if err != nil {
			t.Fatal(err)
		}
		if !mended.UpdatedAt.Equal(*live.UpdatedAt) {
			t.Errorf("a mended typing error moved updatedAt to %v", mended.UpdatedAt)
		}
		mended, err = b.desk.Update(b.as(access.Author), a.ID, newsroom.Update{Patch: newsroom.Patch{Subtitle: &typo}, Substantive: true})
		if err != nil || !mended.UpdatedAt.Equal(b.now) {
			t.Errorf("a substantive update left updatedAt at %v (%v)", mended.UpdatedAt, err)
		}

		var conflict *newsroom.ConflictError
		if _, err := b.desk.Update(b.as(access.Editor), a.ID, newsroom.Update{Patch: newsroom.Patch{Title: &typo}, Expected: &live.Version}); !errors.As(err, &conflict) {
			t.Errorf("a stale version: %v", err)
		} else if conflict.Current.Version != mended.Version {
			t.Errorf("the conflict names version %d, want %d", conflict.Current.Version, mended.Version)
		}

		restored, err := b.desk.Restore(b.as(access.Editor), a.ID, 1, nil, "as it was")
		if err != nil || restored.Title != "Ferry returns" || restored.Status != article.StatusPublished || restored.Subtitle != "" {
			t.Errorf("restored %+v, %v", restored, err)
		}
		b.step(access.Editor, newsroom.Kill, a, func(t *newsroom.StepInput) { t.Reason = "court order" })
		if len(b.latest()) != 0 {
			t.Errorf("readers see a killed story: %v", b.latest())
		}

		system := access.AsSystem(t.Context())
		actions, err := db.Ent(system).Revision.Query().Where(revision.ArticleID(a.ID)).Order(ent.Asc(revision.FieldNumber)).Select(revision.FieldAction).Strings(system)
		if err != nil {
			t.Fatal(err)
		}
		want := []string{"createArticle", "submitArticleForReview", "approveArticle", "publishArticle", "updateArticle", "updateArticle", "restoreRevision", "killArticle"}
		if diff := cmp.Diff(want, actions); diff != "" {
			t.Errorf("revisions: %s", diff)
		}
		entries, err := db.Ent(system).AuditEntry.Query().Order(ent.Asc(auditentry.FieldID)).Select(auditentry.FieldAction).Strings(system)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, entries); diff != "" {
			t.Errorf("audit entries: %s", diff)
		}
	})
}

func TestStepsAreRefused(t *testing.T) {
	t.Parallel()
	past, soon := morning.Add(-time.Second), morning.Add(time.Hour)
	for _, c := range []struct {
		name   string
		writer access.Role
		steps  []newsroom.Step // by an editor
		by     access.Role
		step   newsroom.Step
		take   newsroom.StepInput
		code   fault.Code
		reason fault.Reason
	}{
		{name: "publishing one's own draft", writer: access.Author, by: access.Author, step: newsroom.Publish, code: fault.Forbidden},
		{name: "publishing as a contributor", writer: access.Contributor, steps: []newsroom.Step{newsroom.Approve}, by: access.Contributor, step: newsroom.Publish, code: fault.Forbidden},
		{name: "another's draft is not there", writer: access.Author, by: access.Contributor, step: newsroom.Submit, code: fault.NotFound, reason: fault.Missing},
		{name: "another's published story", writer: access.Editor, steps: []newsroom.Step{newsroom.Publish}, by: access.Author, step: newsroom.Unpublish, code: fault.Forbidden},
		{name: "nobody signed in", writer: access.Author, by: "", step: newsroom.Submit, code: fault.Unauthenticated},
		{name: "a reader", writer: access.Author, by: access.Reader, step: newsroom.Submit, code: fault.Forbidden},
		{name: "taking back a draft", writer: access.Editor, by: access.Editor, step: newsroom.Unpublish, code: fault.Conflict, reason: fault.IllegalTransition},
		{name: "publishing twice", writer: access.Editor, steps: []newsroom.Step{newsroom.Publish}, by: access.Editor, step: newsroom.Publish, code: fault.Conflict, reason: fault.IllegalTransition},
		{name: "publishing past an embargo", writer: access.Editor, by: access.Editor, steps: []newsroom.Step{newsroom.Embargo}, step: newsroom.Publish, code: fault.Conflict, reason: fault.IllegalTransition},
		{name: "reopening a killed story", writer: access.Editor, steps: []newsroom.Step{newsroom.Kill}, by: access.Editor, step: newsroom.Reopen, code: fault.Conflict, reason: fault.IllegalTransition},
		{name: "a schedule in the past", writer: access.Editor, by: access.Editor, step: newsroom.Schedule, take: newsroom.StepInput{At: &past}, code: fault.BadUserInput, reason: fault.InThePast},
		{name: "a schedule without a moment", writer: access.Editor, by: access.Editor, step: newsroom.Schedule, code: fault.BadUserInput, reason: fault.Blank},
		{name: "taken back before it is published", writer: access.Editor, by: access.Editor, step: newsroom.Schedule, take: newsroom.StepInput{At: &soon, UnpublishAt: &soon}, code: fault.BadUserInput, reason: fault.InThePast},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			testkit.Databases(t, func(t *testing.T, db *store.DB) {
				b := setup(t, db)
				a := b.create(c.writer, "Ferry returns")
				b.create(access.Contributor, "Another of a contributor's") // which must open nothing else to them
				for _, step := range c.steps {
					a = b.step(access.Editor, step, a, func(t *newsroom.StepInput) {
						if step == newsroom.Embargo {
							t.At = &soon
						}
					})
				}
				take := c.take
				take.Article = a.ID
				_, err := b.desk.Step(b.as(c.by), c.step, take)
				if fault.CodeOf(err) != c.code || reasonOf(err) != c.reason {
					t.Errorf("got %v, want %s %s", err, c.code, c.reason)
				}
				system := access.AsSystem(t.Context())
				after, err := db.Ent(system).Article.Get(system, a.ID)
				if err != nil || after.Version != a.Version || after.Status != a.Status {
					t.Errorf("the article changed: %v %v", after, err)
				}
			})
		})
	}
}

// TestPlansThatContradictAreRefused: an article that is planned to be taken
// back must not be planned to appear later.
func TestPlansThatContradictAreRefused(t *testing.T) {
	t.Parallel()
	testkit.Databases(t, func(t *testing.T, db *store.DB) {
		b := setup(t, db)
		noon, evening, tomorrow := morning.Add(4*time.Hour), morning.Add(10*time.Hour), morning.Add(24*time.Hour)
		a := b.create(access.Editor, "A notice for today")
		b.step(access.Editor, newsroom.Schedule, a, func(t *newsroom.StepInput) { t.At, t.UnpublishAt = &noon, &evening })
		for _, step := range []newsroom.Step{newsroom.Schedule, newsroom.Embargo} {
			_, err := b.desk.Step(b.as(access.Editor), step, newsroom.StepInput{Article: a.ID, At: &tomorrow})
			if reasonOf(err) != fault.InThePast {
				t.Errorf("%s for tomorrow, to be taken back today: %v", step, err)
			}
		}
		next := tomorrow.Add(time.Hour)
		b.step(access.Editor, newsroom.Schedule, a, func(t *newsroom.StepInput) { t.At, t.UnpublishAt = &tomorrow, &next })
	})
}

func TestTextsThatNoDatabaseHoldsAreRefused(t *testing.T) {
	t.Parallel()
	testkit.Databases(t, func(t *testing.T, db *store.DB) {
		b := setup(t, db)
		a := b.create(access.Editor, "Ferry returns")
		ctx, nul := b.as(access.Editor), "a\x00b"
		for what, do := range map[string]func() error{
			"the note of the trash": func() error { _, err := b.desk.Trash(ctx, a.ID, nil, nul); return err },
			"the note of a restore": func() error { _, err := b.desk.Restore(ctx, a.ID, 1, nil, nul); return err },
			"the note of an update": func() error { _, err := b.desk.Update(ctx, a.ID, newsroom.Update{Note: nul}); return err },
			"what search engines read": func() error {
				return b.patch(a, newsroom.Patch{SEO: newsroom.Maybe[schema.SEO]{Given: true, Value: &schema.SEO{Title: nul}}})
			},
			"who owns it": func() error {
				return b.patch(a, newsroom.Patch{Rights: newsroom.Maybe[schema.Rights]{Given: true, Value: &schema.Rights{Notice: nul}}})
			},
		} {
			if err := do(); reasonOf(err) != fault.Invalid {
				t.Errorf("%s: %v", what, err)
			}
		}
	})
}

func (b *bundle) patch(a *ent.Article, p newsroom.Patch) error {
	_, err := b.desk.Update(b.as(access.Editor), a.ID, newsroom.Update{Patch: p})
	return err
}
