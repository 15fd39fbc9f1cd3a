package bookmark_test

import (
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/broadsheet-cms/broadsheet/ent/article"
	"github.com/broadsheet-cms/broadsheet/internal/access"
	"github.com/broadsheet-cms/broadsheet/internal/account"
	"github.com/broadsheet-cms/broadsheet/internal/audit"
	"github.com/broadsheet-cms/broadsheet/internal/bookmark"
	"github.com/broadsheet-cms/broadsheet/internal/content"
	"github.com/broadsheet-cms/broadsheet/internal/directory"
	"github.com/broadsheet-cms/broadsheet/internal/event"
	"github.com/broadsheet-cms/broadsheet/internal/fault"
	"github.com/broadsheet-cms/broadsheet/internal/keyset"
	"github.com/broadsheet-cms/broadsheet/internal/store"
	"github.com/broadsheet-cms/broadsheet/internal/testkit"
)

// shelf is a database with articles, a draft last, and a reader.
type shelf struct {
	*bookmark.Service
	db       *store.DB
	articles []int
	draft    int
	reader   access.Viewer
	clock    time.Time
}

func open(t *testing.T, db *store.DB) *shelf {
	t.Helper()
	log := event.NewLog(db)
	s := &shelf{Service: bookmark.New(db), db: db, clock: time.Date(2026, 3, 1, 9, 0, 0, 0, time.UTC)}
	var mu sync.Mutex
	s.Now = func() time.Time {
		mu.Lock()
		defer mu.Unlock()
		s.clock = s.clock.Add(500 * time.Millisecond)
		return s.clock
	}
	var drafts []*content.Draft
	for i := range 6 {
		drafts = append(drafts, &content.Draft{Title: fmt.Sprint("Story ", i), Status: article.StatusPublished})
	}
	saved, err := content.New(db, log, directory.New(db, log)).Save(t.Context(), append(drafts, &content.Draft{Title: "Draft"})...)
	if err != nil {
		t.Fatal(err)
	}
	for _, a := range saved {
		s.articles = append(s.articles, a.ID)
	}
	s.draft = s.articles[6]
	s.articles = s.articles[:6]
	users, err := account.New(db, log, audit.NewLog(db)).EnsureUsers(t.Context(), account.User{Email: "rima@example.org", DisplayName: "Rima"})
	if err != nil {
		t.Fatal(err)
	}
	s.reader = access.Viewer{UserID: users[0], Role: access.Reader}
	return s
}

func must[T any](t *testing.T) func(T, error) T {
	return func(v T, err error) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
}

// on gives the articles of a list by their place in s.articles, the one saved
// last first.
func (s *shelf) on(t *testing.T, who access.Viewer, device string) []int {
	t.Helper()
	ctx := access.With(t.Context(), who)
	list := must[bookmark.Shelf](t)(s.Of(ctx, device))
	numbers := []int{}
	for _, b := range must[[]*bookmark.Bookmark](t)(s.List(ctx, list, keyset.First(100))) {
		numbers = append(numbers, slices.Index(s.articles, b.ArticleID))
	}
	if n := must[int](t)(s.Count(ctx, list, 100)); n != len(numbers) {
		t.Errorf("counted %d of %d bookmarks", n, len(numbers))
	}
	return numbers
}

func (s *shelf) want(t *testing.T, who access.Viewer, device string, want ...int) {
	t.Helper()
	if diff := cmp.Diff(append([]int{}, want...), s.on(t, who, device)); diff != "" {
		t.Errorf("on the list (-want +got):\n%s", diff)
	}
}

func TestUndoPutsBookmarksBackWhereTheyWere(t *testing.T) {
	t.Parallel()
	testkit.Databases(t, func(t *testing.T, db *store.DB) {
		s := open(t, db)
		ctx := access.With(t.Context(), s.reader)
		for range 2 { // saving twice is the same as once
			for _, a := range s.articles[:4] {
				must[bookmark.Added](t)(s.Add(ctx, "", a))
			}
		}
		s.want(t, s.reader, "", 3, 2, 1, 0)

		first := must[*bookmark.Removal](t)(s.Remove(ctx, "", s.articles[1]))
		again := must[*bookmark.Removal](t)(s.Remove(ctx, "", s.articles[1]))
		if first.Number != again.Number || !first.ExpiresAt.Equal(again.ExpiresAt) {
			t.Errorf("removing twice: %v, then %v", first, again)
		}
		s.want(t, s.reader, "", 3, 2, 0)
		for range 2 {
			if b, n, err := s.Restore(ctx, "", first.Number); err != nil || n != 1 || b.ArticleID != s.articles[1] {
				t.Fatalf("restored %v, %d, %v", b, n, err)
			}
			s.want(t, s.reader, "", 3, 2, 1, 0)
		}

		cleared := must[*bookmark.Removal](t)(s.Clear(ctx, ""))
		repeated := must[*bookmark.Removal](t)(s.Clear(ctx, ""))
		if cleared.Count != 4 || repeated.Count != 4 || cleared.Number != repeated.Number {
			t.Errorf("clearing twice: %v, then %v", cleared, repeated)
		}
		s.want(t, s.reader, "")
		must[bookmark.Added](t)(s.Add(ctx, "", s.articles[2])) // saved again meanwhile: now the newest
		if _, n, err := s.Restore(ctx, "", cleared.Number); err != nil || n != 4 {
			t.Fatalf("restored %d, %v", n, err)
		}
		s.want(t, s.reader, "", 2, 3, 1, 0)
		if _, _, err := s.Restore(ctx, "", 99); fault.CodeOf(err) != fault.BadUserInput {
			t.Errorf("a removal that never was: %v", err)
		}
	})
}

func TestHiddenArticlesKeepTheirBookmark(t *testing.T) {
	t.Parallel()
	testkit.Databases(t, func(t *testing.T, db *store.DB) {
		s := open(t, db)
		ctx, system := access.With(t.Context(), s.reader), access.AsSystem(t.Context())
		if _, err := s.Add(ctx, "", s.draft); fault.CodeOf(err) != fault.NotFound {
			t.Errorf("a draft was saved: %v", err)
		}
		if _, err := s.Add(ctx, "", 12345); fault.CodeOf(err) != fault.NotFound {
			t.Errorf("an article that is not there was saved: %v", err)
		}
		for _, a := range s.articles[:3] {
			must[bookmark.Added](t)(s.Add(ctx, "", a))
		}
		hide := func(status article.Status) {
			t.Helper()
			if err := db.Ent(system).Article.UpdateOneID(s.articles[1]).SetStatus(status).Exec(system); err != nil {
				t.Fatal(err)
			}
		}
		hide(article.StatusUnpublished)
		s.want(t, s.reader, "", 2, 0)
		hide(article.StatusPublished)
		s.want(t, s.reader, "", 2, 1, 0)
	})
}

func TestDeviceListIsMergedOnce(t *testing.T) {
	t.Parallel()
	testkit.Databases(t, func(t *testing.T, db *store.DB) {
		s := open(t, db)
		nobody, reader := t.Context(), access.With(t.Context(), s.reader)
		added := must[bookmark.Added](t)(s.Add(nobody, "", s.articles[0]))
		device := added.DeviceToken
		for _, a := range s.articles[1:4] {
			if more := must[bookmark.Added](t)(s.Add(nobody, device, a)); more.DeviceToken != "" {
				t.Error("a device with a list was given another")
			}
		}
		must[*bookmark.Removal](t)(s.Remove(nobody, device, s.articles[3]))
		s.want(t, access.Viewer{}, device, 2, 1, 0)

		must[bookmark.Added](t)(s.Add(reader, "", s.articles[4]))
		must[bookmark.Added](t)(s.Add(reader, "", s.articles[1]))
		must[bookmark.Added](t)(s.Add(reader, "", s.articles[2]))
		must[*bookmark.Removal](t)(s.Remove(reader, "", s.articles[2]))
		if n := must[int](t)(s.Merge(reader, device)); n != 2 {
			t.Errorf("moved %d, want 2", n)
		}
		s.want(t, s.reader, "", 1, 4, 2, 0)
		if n := must[int](t)(s.Merge(reader, device)); n != 0 {
			t.Errorf("the second merge moved %d", n)
		}
		if _, err := s.Of(nobody, device); fault.CodeOf(err) != fault.NotFound {
			t.Errorf("the device still has a list: %v", err)
		}
	})
}

func TestChangesReachWhoeverWasOffline(t *testing.T) {
	t.Parallel()
	testkit.Databases(t, func(t *testing.T, db *store.DB) {
		s := open(t, db)
		ctx := access.With(t.Context(), s.reader)
		known := map[int]bool{}
		var after *keyset.Key
		sync := func() {
			t.Helper()
			for {
				changes := must[[]*bookmark.Change](t)(s.Changes(ctx, must[bookmark.Shelf](t)(s.Of(ctx, "")), after, 2))
				for _, c := range changes {
					known[c.ArticleID] = !c.Removed
					after = new(bookmark.ChangeKey(c))
				}
				if len(changes) < 2 {
					break
				}
			}
			want := map[int]bool{}
			for _, i := range s.on(t, s.reader, "") {
				want[s.articles[i]] = true
			}
			for a, on := range known {
				if on != want[a] {
					t.Errorf("the client has article %d as %v", a, on)
				}
			}
			if after == nil && len(want) > 0 {
				t.Error("nothing reached the client")
			}
		}
		sync()
		for _, a := range s.articles {
			must[bookmark.Added](t)(s.Add(ctx, "", a))
		}
		sync()
		cleared := must[*bookmark.Removal](t)(s.Clear(ctx, ""))
		sync()
		old := *after
		if _, _, err := s.Restore(ctx, "", cleared.Number); err != nil {
			t.Fatal(err)
		}
		must[*bookmark.Removal](t)(s.Remove(ctx, "", s.articles[3]))
		sync()
		s.clock = s.clock.Add(2 * bookmark.UndoFor)
		if err := s.Tidy(ctx); err != nil {
			t.Fatal(err)
		}
		sync()
		if _, err := s.Changes(ctx, must[bookmark.Shelf](t)(s.Of(ctx, "")), &old, 2); fault.CodeOf(err) != fault.CursorExpired {
			t.Errorf("a place before forgotten changes: %v", err)
		}
	})
}

func TestConcurrentChangesOfOneList(t *testing.T) {
	t.Parallel()
	testkit.Databases(t, func(t *testing.T, db *store.DB) {
		s := open(t, db)
		ctx := access.With(t.Context(), s.reader)
		var clients sync.WaitGroup
		for i := range 16 {
			clients.Go(func() {
				for _, a := range s.articles {
					if _, err := s.Add(ctx, "", a); err != nil {
						t.Error(err)
					}
				}
				removed, err := s.Remove(ctx, "", s.articles[i%6])
				if err == nil {
					_, _, err = s.Restore(ctx, "", removed.Number)
				}
				if err != nil && fault.CodeOf(err) != fault.BadUserInput { // another client removed it once more: that removal is the one to undo
					t.Error(err)
				}
			})
		}
		clients.Wait()
		for _, a := range s.articles {
			must[bookmark.Added](t)(s.Add(ctx, "", a))
		}
		if on := s.on(t, s.reader, ""); len(on) != 6 {
			t.Errorf("on the list: %v", on)
		}
		system := access.AsSystem(t.Context())
		if l := db.Ent(system).ReadingList.Query().OnlyX(system); l.BookmarkCount != 6 {
			t.Errorf("the list counts %d", l.BookmarkCount)
		}
	})
}
