package newsroom_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/broadsheet-cms/broadsheet/ent"
	"github.com/broadsheet-cms/broadsheet/ent/auditentry"
	"github.com/broadsheet-cms/broadsheet/ent/event"
	"github.com/broadsheet-cms/broadsheet/internal/access"
	"github.com/broadsheet-cms/broadsheet/internal/fault"
	"github.com/broadsheet-cms/broadsheet/internal/keyset"
	"github.com/broadsheet-cms/broadsheet/internal/newsroom"
	"github.com/broadsheet-cms/broadsheet/internal/richtext"
	"github.com/broadsheet-cms/broadsheet/internal/store"
	"github.com/broadsheet-cms/broadsheet/internal/testkit"
)

func ok[T any](b *bundle) func(T, error) T {
	return func(v T, err error) T {
		b.t.Helper()
		if err != nil {
			b.t.Fatal(err)
		}
		return v
	}
}

func (b *bundle) record(role access.Role, a *ent.Article) *newsroom.Record {
	b.t.Helper()
	return ok[map[int]*newsroom.Record](b)(b.desk.Records(b.as(role), []int{a.ID}))[a.ID]
}

func body(paragraphs ...string) *[]richtext.Block {
	blocks := make([]richtext.Block, len(paragraphs))
	for i, p := range paragraphs {
		blocks[i] = richtext.Block{Kind: richtext.Paragraph, HTML: p}
	}
	return &blocks
}

// actions are what the record of who did what holds of what came after the
// first n entries.
func (b *bundle) actions(n int) []string {
	b.t.Helper()
	system := access.AsSystem(b.t.Context())
	found := ok[[]string](b)(b.db.Ent(system).AuditEntry.Query().Order(ent.Asc(auditentry.FieldID)).Offset(n).Select(auditentry.FieldAction).Strings(system))
	return found
}

func (b *bundle) events(kind string) int {
	b.t.Helper()
	system := access.AsSystem(b.t.Context())
	return ok[int](b)(b.db.Ent(system).Event.Query().Where(event.Type(kind)).Count(system))
}

func TestHistoryIsPagedAndCompared(t *testing.T) {
	t.Parallel()
	testkit.Databases(t, func(t *testing.T, db *store.DB) {
		b := setup(t, db)
		a := b.create(access.Author, "Ferry returns")
		for i := range 4 {
			title := fmt.Sprintf("Ferry returns %d", i)
			ok[*ent.Article](b)(b.desk.Update(b.as(access.Author), a.ID, newsroom.Update{Patch: newsroom.Patch{Title: &title,
				Body: body("The ferry left at dawn.", fmt.Sprint("It came back ", i))}}))
		}
		ctx := b.as(access.Author)
		numbers := func(w keyset.Window) (all []int) {
			for _, r := range ok[map[int][]*ent.Revision](b)(b.desk.Revisions(ctx, []int{a.ID}, w))[a.ID] {
				all = append(all, r.Number)
				if len(r.Snapshot) > 0 {
					t.Error("a list of revisions reads their snapshots")
				}
			}
			return all
		}
		if diff := cmp.Diff([]int{5, 4, 3}, numbers(keyset.First(3))); diff != "" {
			t.Errorf("newest first: %s", diff)
		}
		if diff := cmp.Diff([]int{2, 1}, numbers(keyset.Window{Limit: 3, After: &keyset.Key{ID: 3}})); diff != "" {
			t.Errorf("behind the third: %s", diff)
		}
		if diff := cmp.Diff([]int{2, 1}, numbers(keyset.Window{Limit: 2, Backward: true})); diff != "" {
			t.Errorf("the last: %s", diff)
		}
		if n := ok[map[int]int](b)(b.desk.CountRevisions(ctx, []int{a.ID}, 3))[a.ID]; n != 3 {
			t.Errorf("counted %d up to 3", n)
		}
		compared := func(from, to int) newsroom.Compared {
			return ok[map[int]newsroom.Compared](b)(b.desk.Diffs(ctx, []int{a.ID}, from, to))[a.ID]
		}
		d := compared(1, 2).Diff
		if diff := cmp.Diff([]newsroom.FieldChange{{Field: "title", Before: "Ferry returns", After: "Ferry returns 0"}}, d.Fields); diff != "" {
			t.Errorf("fields: %s", diff)
		}
		kinds := []newsroom.BlockChangeKind{}
		for _, c := range d.Blocks {
			kinds = append(kinds, c.Kind)
		}
		if diff := cmp.Diff([]newsroom.BlockChangeKind{newsroom.Kept, newsroom.Added}, kinds); diff != "" {
			t.Errorf("blocks: %s", diff)
		}
		if err := compared(1, 99).Err; fault.CodeOf(err) != fault.BadUserInput {
			t.Errorf("a revision that is not there: %v", err)
		}
		revision := ok[map[int]map[int]*ent.Revision](b)(b.desk.RevisionsNumbered(ctx, []int{a.ID}, 1))[1][a.ID]
		for role, want := range map[access.Role]int{access.Author: 1, access.Editor: 1, access.Contributor: 0} {
			if found := ok[map[int]*ent.Revision](b)(b.desk.RevisionsByIDs(b.as(role), []int{revision.ID})); len(found) != want {
				t.Errorf("as %s by key: %d, want %d", role, len(found), want)
			}
		}
		if _, err := b.desk.RevisionsByIDs(t.Context(), []int{revision.ID}); fault.CodeOf(err) != fault.Unauthenticated {
			t.Errorf("a reader asks for revisions: %v", err)
		}
	})
}

func TestLockIsALease(t *testing.T) {
	t.Parallel()
	testkit.Databases(t, func(t *testing.T, db *store.DB) {
		b := setup(t, db)
		a := b.create(access.Author, "Ferry returns")
		lock := ok[*ent.ArticleLock](b)(b.desk.Lock(b.as(access.Author), a.ID, false))
		if !lock.ExpiresAt.Equal(b.now.Add(newsroom.Lease)) {
			t.Errorf("it holds until %v", lock.ExpiresAt)
		}
		b.now = b.now.Add(time.Minute)
		ok[*ent.ArticleLock](b)(b.desk.Lock(b.as(access.Author), a.ID, false)) // renewed
		title := "Mine"
		_, err := b.desk.Update(b.as(access.Editor), a.ID, newsroom.Update{Patch: newsroom.Patch{Title: &title}})
		held, is := errors.AsType[*newsroom.LockedError](err)
		if !is || held.Lock.UserID != b.users[access.Author] || !held.Lock.ExpiresAt.Equal(b.now.Add(newsroom.Lease)) {
			t.Errorf("writing over a lock: %v", err)
		}
		if _, err := b.desk.Lock(b.as(access.Editor), a.ID, false); reasonOf(err) != fault.Locked {
			t.Errorf("a second lock: %v", err)
		}
		if err := b.desk.Unlock(b.as(access.Editor), a.ID); err != nil {
			t.Errorf("unlocking what another holds: %v", err)
		}
		if _, err := b.desk.Lock(b.as(access.Editor), a.ID, true); err != nil {
			t.Errorf("an editor takes over: %v", err)
		}
		if _, err := b.desk.Lock(b.as(access.Author), a.ID, true); fault.CodeOf(err) != fault.Forbidden {
			t.Errorf("an author takes over: %v", err)
		}
		if _, err := b.desk.Lock(b.as(access.Contributor), a.ID, false); reasonOf(err) != fault.Missing {
			t.Errorf("locking what one does not see: %v", err)
		}
		b.now = b.now.Add(newsroom.Lease)
		if locks := ok[map[int]*ent.ArticleLock](b)(b.desk.Locks(b.as(access.Author), []int{a.ID})); len(locks) != 0 {
			t.Errorf("a lease that is over holds: %v", locks)
		}
		ok[*ent.ArticleLock](b)(b.desk.Lock(b.as(access.Author), a.ID, false))
		if err := b.desk.Unlock(b.as(access.Author), a.ID); err != nil {
			t.Error(err)
		}
		if diff := cmp.Diff([]string{"createArticle", "lockArticle", "lockArticle", "lockArticle", "unlockArticle"}, b.actions(0)); diff != "" {
			t.Errorf("audit entries: %s", diff)
		}
	})
}

func TestAutosaveTouchesNothing(t *testing.T) {
	t.Parallel()
	testkit.Databases(t, func(t *testing.T, db *store.DB) {
		b := setup(t, db)
		a := b.create(access.Author, "Ferry returns")
		entries, told := len(b.actions(0)), b.events("article.updated")
		title, empty := "Ferry re", ""
		if _, err := b.desk.Autosave(b.as(access.Author), a.ID, 1, newsroom.Patch{Title: &title}); err != nil {
			t.Fatal(err)
		}
		kept := ok[*newsroom.Autosave](b)(b.desk.Autosave(b.as(access.Author), a.ID, 1, newsroom.Patch{Body: body("The ferry")}))
		if kept.Draft.Title != title || richtext.Text(kept.Draft.Body) != "The ferry" || kept.Stale {
			t.Errorf("kept %+v", kept)
		}
		if _, err := b.desk.Autosave(b.as(access.Author), a.ID, 1, newsroom.Patch{Title: &empty}); err != nil {
			t.Errorf("an unfinished headline: %v", err)
		}
		if got := b.record(access.Author, a); got.Article.Title != "Ferry returns" || got.Version != 1 {
			t.Errorf("the article is %q, version %d", got.Article.Title, got.Version)
		}
		if len(b.actions(0)) != entries || b.events("article.updated") != told {
			t.Error("an autosave left a trace")
		}
		mine := func(role access.Role) *newsroom.Autosave {
			return ok[map[int]*newsroom.Autosave](b)(b.desk.Autosaves(b.as(role), []*newsroom.Record{b.record(access.Editor, a)}))[a.ID]
		}
		if mine(access.Editor) != nil {
			t.Error("an editor sees what the author typed")
		}
		other := "Another headline"
		ok[*ent.Article](b)(b.desk.Update(b.as(access.Editor), a.ID, newsroom.Update{Patch: newsroom.Patch{Title: &other}}))
		if m := mine(access.Author); m == nil || !m.Stale {
			t.Errorf("after somebody saved: %+v", m)
		}
		for name, version := range map[string]int{"a version to come": 9, "no version": 0} {
			if _, err := b.desk.Autosave(b.as(access.Author), a.ID, version, newsroom.Patch{}); reasonOf(err) != fault.Invalid {
				t.Errorf("%s: %v", name, err)
			}
		}
		ok[*ent.Article](b)(b.desk.Update(b.as(access.Author), a.ID, newsroom.Update{Patch: newsroom.Patch{Title: &other}}))
		if mine(access.Author) != nil {
			t.Error("what was saved is still kept as typed")
		}
		ok[*newsroom.Autosave](b)(b.desk.Autosave(b.as(access.Author), a.ID, 3, newsroom.Patch{Title: &title}))
		if err := b.desk.DiscardAutosave(b.as(access.Author), a.ID); err != nil || mine(access.Author) != nil {
			t.Errorf("discarded: %v", err)
		}
	})
}

func TestNotesAndAssignments(t *testing.T) {
	t.Parallel()
	testkit.Databases(t, func(t *testing.T, db *store.DB) {
		b := setup(t, db)
		a := b.create(access.Author, "Ferry returns")
		note := ok[*ent.ArticleNote](b)(b.desk.AddNote(b.as(access.Editor), a.ID, " Who says so?\r\nAsk. "))
		if note.Text != "Who says so?\nAsk." {
			t.Errorf("text %q", note.Text)
		}
		resolved := ok[*ent.ArticleNote](b)(b.desk.ResolveNote(b.as(access.Author), note.ID))
		if resolved.ResolvedAt == nil || *resolved.ResolvedBy != b.users[access.Author] {
			t.Errorf("resolved %+v", resolved)
		}
		ok[*ent.ArticleNote](b)(b.desk.ResolveNote(b.as(access.Editor), note.ID)) // nothing more happens
		for name, c := range map[string]struct {
			do     func() error
			reason fault.Reason
		}{
			"an empty note": {func() error { _, err := b.desk.AddNote(b.as(access.Editor), a.ID, " "); return err }, fault.Blank},
			"a note of 10 MB": {func() error {
				_, err := b.desk.AddNote(b.as(access.Editor), a.ID, strings.Repeat("x", 10<<20))
				return err
			}, fault.TooLong},
			"a note on what is not":   {func() error { _, err := b.desk.AddNote(b.as(access.Contributor), a.ID, "Hello"); return err }, fault.Missing},
			"resolving a hidden note": {func() error { _, err := b.desk.ResolveNote(b.as(access.Contributor), note.ID); return err }, fault.Missing},
			"work for a reader": {func() error {
				_, err := b.desk.Assign(b.as(access.Editor), a.ID, new(b.users[access.Reader]))
				return err
			}, fault.Missing},
			"work for nobody known": {func() error { _, err := b.desk.Assign(b.as(access.Editor), a.ID, new(987_654)); return err }, fault.Missing},
		} {
			if err := c.do(); reasonOf(err) != c.reason {
				t.Errorf("%s: %v, want %s", name, err, c.reason)
			}
		}
		if _, err := b.desk.Assign(b.as(access.Author), a.ID, new(b.users[access.Author])); fault.CodeOf(err) != fault.Forbidden {
			t.Errorf("an author assigns: %v", err)
		}
		assigned := ok[*ent.Article](b)(b.desk.Assign(b.as(access.Editor), a.ID, new(b.users[access.Editor])))
		if *assigned.AssigneeID != b.users[access.Editor] || assigned.Version != a.Version {
			t.Errorf("assigned %+v", assigned)
		}
		if freed := ok[*ent.Article](b)(b.desk.Assign(b.as(access.Editor), a.ID, nil)); freed.AssigneeID != nil {
			t.Error("it is still somebody's turn")
		}
		if diff := cmp.Diff([]string{"addArticleNote", "resolveArticleNote", "assignArticle", "assignArticle"}, b.actions(1)); diff != "" {
			t.Errorf("audit entries: %s", diff)
		}
	})
}

func TestPreviewTokenShowsOneDraft(t *testing.T) {
	t.Parallel()
	testkit.Databases(t, func(t *testing.T, db *store.DB) {
		b := setup(t, db)
		a, other := b.create(access.Author, "Ferry returns"), b.create(access.Author, "Another")
		token, kept, err := b.desk.CreatePreview(b.as(access.Author), a.ID, nil, "front end")
		if err != nil {
			t.Fatal(err)
		}
		if strings.Contains(kept.TokenHash, token) || len(token) < 40 {
			t.Errorf("token %q is kept as %q", token, kept.TokenHash)
		}
		opens := func(token string) (int, bool) {
			t.Helper()
			key, ok, err := b.desk.PreviewArticle(t.Context(), token)
			if err != nil {
				t.Fatal(err)
			}
			return key, ok
		}
		if key, ok := opens(token); !ok || key != a.ID {
			t.Errorf("it opens %d, %v", key, ok)
		}
		for name, wrong := range map[string]string{"none": "", "an unknown one": token[:len(token)-1] + "~", "its hash": kept.TokenHash, "a long one": strings.Repeat("x", 1<<20)} {
			if _, ok := opens(wrong); ok {
				t.Errorf("%s opens something", name)
			}
		}
		holder := access.With(t.Context(), access.Viewer{Preview: a.ID})
		if found := ok[map[int]*ent.Article](b)(b.articles.ByIDs(holder, []int{a.ID, other.ID})); len(found) != 1 || found[a.ID] == nil {
			t.Errorf("its holder sees %v", found)
		}
		past, far := b.now, b.now.Add(1000*24*time.Hour)
		for name, c := range map[string]struct {
			role   access.Role
			until  *time.Time
			reason fault.Reason
		}{
			"one that is over":         {access.Author, &past, fault.InThePast},
			"one for ever":             {access.Author, &far, fault.LimitReached},
			"one of what one sees not": {access.Contributor, nil, fault.Missing},
		} {
			if _, _, err := b.desk.CreatePreview(b.as(c.role), a.ID, c.until, ""); reasonOf(err) != c.reason {
				t.Errorf("%s: %v, want %s", name, err, c.reason)
			}
		}
		if _, err := b.desk.RevokePreview(b.as(access.Contributor), kept.ID); reasonOf(err) != fault.Missing {
			t.Errorf("revoked by somebody else: %v", err)
		}
		ok[*ent.PreviewToken](b)(b.desk.RevokePreview(b.as(access.Editor), kept.ID))
		if _, ok := opens(token); ok {
			t.Error("a revoked token opens something")
		}
		short := b.now.Add(time.Minute)
		token, _, err = b.desk.CreatePreview(b.as(access.Author), a.ID, &short, "")
		if err != nil {
			t.Fatal(err)
		}
		b.now = short
		if _, ok := opens(token); ok {
			t.Error("a token that is over opens something")
		}
		b.step(access.Editor, newsroom.Kill, a)
		if _, _, err := b.desk.CreatePreview(b.as(access.Editor), a.ID, nil, ""); reasonOf(err) != fault.IllegalTransition {
			t.Errorf("a token for a killed story: %v", err)
		}
		if found := ok[map[int]*ent.Article](b)(b.articles.ByIDs(holder, []int{a.ID})); len(found) != 0 {
			t.Errorf("a killed story is shown: %v", found)
		}
	})
}

func TestPastIsWhatReadersSaw(t *testing.T) {
	t.Parallel()
	testkit.Databases(t, func(t *testing.T, db *store.DB) {
		b := setup(t, db)
		at := map[string]time.Time{}
		mark := func(name string) { at[name] = b.now; b.now = b.now.Add(time.Hour) }
		a := b.create(access.Author, "First words")
		mark("draft")
		b.step(access.Editor, newsroom.Publish, a)
		mark("published")
		later := "Later words"
		ok[*ent.Article](b)(b.desk.Update(b.as(access.Editor), a.ID, newsroom.Update{Patch: newsroom.Patch{Title: &later}}))
		mark("changed")
		b.step(access.Editor, newsroom.Unpublish, a)
		mark("taken back")
		b.step(access.Editor, newsroom.Publish, a)
		mark("again")
		b.step(access.Editor, newsroom.Kill, a)
		mark("killed")
		see := func(role access.Role, name string) string {
			past := ok[*newsroom.Past](b)(b.desk.LiveAt(b.as(role), a.ID, "", at[name].Add(time.Minute)))
			if past == nil {
				return ""
			}
			return past.Article.Title
		}
		for name, want := range map[string]string{"draft": "", "published": "First words", "changed": "Later words", "taken back": "", "again": "Later words", "killed": ""} {
			if got := see(access.Editor, name); got != want {
				t.Errorf("%s: %q, want %q", name, got, want)
			}
		}
		if got := see(access.Contributor, "published"); got != "" {
			t.Errorf("somebody who does not work on it sees %q", got)
		}
		if _, err := b.desk.LiveAt(t.Context(), a.ID, "", b.now); fault.CodeOf(err) != fault.Unauthenticated {
			t.Errorf("a reader asks: %v", err)
		}
	})
}
