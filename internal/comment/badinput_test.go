package comment_test

import (
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"

	entcomment "github.com/broadsheet-cms/broadsheet/ent/comment"
	"github.com/broadsheet-cms/broadsheet/ent/commentreaction"
	"github.com/broadsheet-cms/broadsheet/ent/schema"
	"github.com/broadsheet-cms/broadsheet/internal/access"
	"github.com/broadsheet-cms/broadsheet/internal/comment"
	"github.com/broadsheet-cms/broadsheet/internal/keyset"
	"github.com/broadsheet-cms/broadsheet/internal/store"
	"github.com/broadsheet-cms/broadsheet/internal/testkit"
)

func TestTextsAreKeptAsWritten(t *testing.T) {
	t.Parallel()
	testkit.Databases(t, func(t *testing.T, db *store.DB) {
		f := openForum(t, db, 1)
		for name, c := range map[string]struct{ sent, kept string }{
			"emoji":             {"Fine \U0001F468\u200d\U0001F469\u200d\U0001F467 \U0001F1F4\U0001F1F2", "Fine \U0001F468\u200d\U0001F469\u200d\U0001F467 \U0001F1F4\U0001F1F2"},
			"an isolate":        {"call \u2068+968 2460 0000\u2069 now", "call \u2068+968 2460 0000\u2069 now"},
			"Persian":           {"می\u200cخواهم", "می\u200cخواهم"},
			"Hebrew":            {"שלום\u200f!", "שלום\u200f!"},
			"Arabic":            {"خبر جيد للجزر", "خبر جيد للجزر"},
			"two ways to write": {"Cafe\u0301", "Caf\u00e9"},
			"NUL and bell":      {"ring\x00\x07!", "ring!"},
		} {
			c1 := f.add(t, f.readers[0], comment.Post{ArticleID: f.articles[0], Body: c.sent}).Comment
			found, err := f.comments.ByIDs(t.Context(), []int{c1.ID})
			if err != nil || found[c1.ID] == nil || found[c1.ID].Body != c.kept {
				t.Errorf("%s: %v, %v, want %q", name, found[c1.ID], err, c.kept)
			}
		}
	})
}

// TestThreadIsClosedWhileReadersWrite: each reply is either kept and counted, or
// refused with CLOSED; none comes after the closing.
func TestThreadIsClosedWhileReadersWrite(t *testing.T) {
	t.Parallel()
	testkit.Databases(t, func(t *testing.T, db *store.DB) {
		f := openForum(t, db, 8)
		a := f.articles[0]
		top := f.add(t, f.chief, comment.Post{ArticleID: a, Body: "top"}).Comment.ID
		var writers sync.WaitGroup
		var mu sync.Mutex
		var kept []int
		started := make(chan struct{}, len(f.readers))
		for i, reader := range f.readers {
			ctx := as(t, reader)
			writers.Go(func() {
				for n := range 100 {
					posted, err := f.comments.Add(ctx, comment.Post{ArticleID: a, ParentID: top, Body: fmt.Sprint("reply ", i, " ", n)})
					if n == 0 {
						started <- struct{}{}
					}
					if reasonOf(err) == "CLOSED parentId" {
						return
					}
					if err != nil {
						t.Error(err)
						return
					}
					mu.Lock()
					kept = append(kept, posted.Comment.ID)
					mu.Unlock()
				}
			})
		}
		for range f.readers {
			<-started
		}
		if _, err := f.moderator.CloseThread(as(t, f.chief), top, true); err != nil {
			t.Fatal(err)
		}
		mu.Lock()
		before := len(kept)
		mu.Unlock()
		writers.Wait()
		if len(kept)-before > len(f.readers) {
			t.Errorf("%d replies came after the thread was closed", len(kept)-before)
		}
		system := access.AsSystem(t.Context())
		stored := db.Ent(system).Comment.Query().Where(entcomment.ParentID(top)).IDsX(system)
		slices.Sort(stored)
		slices.Sort(kept)
		if !slices.Equal(stored, kept) {
			t.Errorf("%d replies are stored, the readers know of %d", len(stored), len(kept))
		}
		f.counts(t)
	})
}

// TestSoakNestedReplies: however deep clients reply, threads stay as deep
// as the site allows, and nothing is lost. Ten thousand where make soak asks for
// the long form.
func TestSoakNestedReplies(t *testing.T) {
	t.Parallel()
	testkit.Long(t)
	nested := 200
	if _, long := testkit.Soak(t); long {
		nested = 10_000
	}
	testkit.Databases(t, func(t *testing.T, db *store.DB) {
		f := openForum(t, db, 1)
		f.settings(t, func(s *schema.CommentSettings) { s.MaxDepth = 20 })
		a := f.articles[0]
		parent := 0
		for i := range nested {
			c := f.add(t, f.readers[0], comment.Post{ArticleID: a, ParentID: parent, Body: fmt.Sprint("level ", i)}).Comment
			if want := min(i, 20); c.Depth != want {
				t.Fatalf("reply %d stands at depth %d, want %d", i, c.Depth, want)
			}
			parent = c.ID
		}
		system := access.AsSystem(t.Context())
		if n := db.Ent(system).Article.GetX(system, a).CommentCount; n != nested {
			t.Errorf("the article counts %d comments, want %d", n, nested)
		}
		threads, err := f.comments.Threads(t.Context(), comment.NewestFirst, []int{a}, keyset.First(2))
		if err != nil || len(threads[a]) != 1 {
			t.Errorf("%d threads, %v", len(threads[a]), err)
		}
	})
}

// TestReactingTwice: a reader has one reaction, whatever is repeated.
func TestReactingTwice(t *testing.T) {
	t.Parallel()
	testkit.Databases(t, func(t *testing.T, db *store.DB) {
		f := openForum(t, db, 1)
		c := f.add(t, f.chief, comment.Post{ArticleID: f.articles[0], Body: strings.Repeat("word ", 10)}).Comment
		ctx := as(t, f.readers[0])
		for _, kind := range []commentreaction.Kind{"LOVE", "LOVE", "SAD", "", "", "LIKE"} {
			if err := f.comments.React(ctx, c.ID, kind); err != nil {
				t.Fatal(err)
			}
			f.counts(t)
		}
		if err := f.comments.React(ctx, 1<<40, "LIKE"); reasonOf(err) != "NOT_FOUND commentId" {
			t.Errorf("of nothing: %v", err)
		}
	})
}
