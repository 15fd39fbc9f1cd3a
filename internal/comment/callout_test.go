package comment_test

import (
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	entcomment "github.com/broadsheet-cms/broadsheet/ent/comment"
	"github.com/broadsheet-cms/broadsheet/ent/commentreaction"
	"github.com/broadsheet-cms/broadsheet/ent/schema"
	"github.com/broadsheet-cms/broadsheet/internal/access"
	"github.com/broadsheet-cms/broadsheet/internal/comment"
	"github.com/broadsheet-cms/broadsheet/internal/store"
	"github.com/broadsheet-cms/broadsheet/internal/testkit"
)

// oracle is a moderation service that does as the test says.
type oracle struct {
	*httptest.Server
	mu    sync.Mutex // of what follows: a question can still be read when its asker has given up
	act   func(w http.ResponseWriter, r *http.Request)
	asked []map[string]any
	token string
}

func newOracle(t *testing.T) *oracle {
	t.Helper()
	o := &oracle{}
	o.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var question map[string]any
		if err := json.NewDecoder(r.Body).Decode(&question); err != nil {
			t.Error(err)
		}
		o.mu.Lock()
		o.asked, o.token = append(o.asked, question), r.Header.Get("Authorization")
		act := o.act
		o.mu.Unlock()
		_, _ = io.Copy(io.Discard, r.Body) // only then the server sees that the client left
		act(w, r)
	}))
	t.Cleanup(o.Close)
	return o
}

func (o *oracle) will(act func(w http.ResponseWriter, r *http.Request)) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.act = act
}

func says(verdict string) func(http.ResponseWriter, *http.Request) {
	return func(w http.ResponseWriter, _ *http.Request) { _, _ = fmt.Fprintf(w, `{"verdict":%q}`, verdict) }
}

func TestModerationServiceDecides(t *testing.T) {
	t.Parallel()
	testkit.Databases(t, func(t *testing.T, db *store.DB) {
		f, o := openForum(t, db, 1), newOracle(t)
		var inside atomic.Int32
		private := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			inside.Add(1)
			says("APPROVE")(w, r)
		}))
		t.Cleanup(private.Close)
		f.comments.Service = comment.NewModerationService(o.URL, "between us", 200*time.Millisecond, slog.New(slog.DiscardHandler))
		for name, c := range map[string]struct {
			act  func(w http.ResponseWriter, r *http.Request)
			want string
		}{
			"says yes":        {says("APPROVE"), "APPROVED "},
			"says wait":       {says("HOLD"), "PENDING ,EXTERNAL,"},
			"says no":         {says("SPAM"), "SPAM ,EXTERNAL,"},
			"says else":       {says("LOVELY"), "PENDING ,SERVICE_DOWN,"},
			"says nonsense":   {func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte("<html>")) }, "PENDING ,SERVICE_DOWN,"},
			"says nothing":    {func(http.ResponseWriter, *http.Request) {}, "PENDING ,SERVICE_DOWN,"},
			"never answers":   {func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() }, "PENDING ,SERVICE_DOWN,"},
			"answers forever": {func(w http.ResponseWriter, r *http.Request) { flood(w, r) }, "PENDING ,SERVICE_DOWN,"},
			"is broken": {func(w http.ResponseWriter, _ *http.Request) {
				http.Error(w, `{"verdict":"APPROVE"}`, http.StatusInternalServerError)
			}, "PENDING ,SERVICE_DOWN,"},
			"breaks off": {func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }, "PENDING ,SERVICE_DOWN,"},
			"leads elsewhere": {func(w http.ResponseWriter, r *http.Request) {
				http.Redirect(w, r, private.URL, http.StatusTemporaryRedirect)
			}, "PENDING ,SERVICE_DOWN,"},
		} {
			o.will(c.act)
			posted := f.add(t, f.readers[0], comment.Post{ArticleID: f.articles[0], Body: "a service that " + name})
			if got := string(posted.Comment.Status) + " " + posted.Comment.HeldFor; got != c.want {
				t.Errorf("%s: %q, want %q", name, got, c.want)
			}
		}
		if inside.Load() != 0 {
			t.Error("a redirect was followed")
		}
		if o.token != "Bearer between us" || len(o.asked) != 11 || len(o.asked[0]) != 3 || o.asked[0]["isGuest"] != false {
			t.Errorf("asked %d times by %q: %v", len(o.asked), o.token, o.asked[0])
		}
		o.will(says("SPAM"))
		if c := f.add(t, f.chief, comment.Post{ArticleID: f.articles[0], Body: "moderators are not asked about"}).Comment; c.Status != entcomment.StatusApproved {
			t.Errorf("of a moderator: %s", c.Status)
		}
		o.Close() // nobody listens any more
		if c := f.add(t, access.Viewer{}, guest(f.articles[0], "is it down?")).Comment; c.HeldFor != ",SERVICE_DOWN," {
			t.Errorf("a service that is gone: held for %q", c.HeldFor)
		}
		f.counts(t)
	})
}

// flood writes white space until the client leaves.
func flood(w http.ResponseWriter, r *http.Request) {
	for r.Context().Err() == nil {
		if _, err := w.Write([]byte(strings.Repeat(" ", 4096))); err != nil {
			return
		}
	}
}

// TestNewTextIsLookedAtLikeANewComment: who posts something harmless first must
// not get the rest past the moderators.
func TestNewTextIsLookedAtLikeANewComment(t *testing.T) {
	t.Parallel()
	testkit.Databases(t, func(t *testing.T, db *store.DB) {
		f, o := openForum(t, db, 1), newOracle(t)
		a, author := f.articles[0], as(t, f.readers[0])
		edited := func(body string) string {
			c := f.add(t, f.readers[0], comment.Post{ArticleID: a, Body: "harmless " + body}).Comment
			changed, err := f.comments.Edit(author, c.ID, "", body)
			if err != nil {
				t.Fatal(err)
			}
			return string(changed.Status) + " " + changed.HeldFor
		}
		if got := edited("nothing to see"); got != "APPROVED " {
			t.Errorf("edited: %q", got)
		}
		first := f.add(t, f.readers[0], comment.Post{ArticleID: a, Body: "before the rule"}).Comment
		f.settings(t, func(s *schema.CommentSettings) { s.Moderation = "BEFORE" })
		if changed, err := f.comments.Edit(author, first.ID, "", "after the rule"); err != nil || changed.HeldFor != ",PREMODERATED," {
			t.Errorf("where comments wait: %v, %v", changed, err)
		}
		f.settings(t, func(s *schema.CommentSettings) { s.Moderation = "AFTER" })
		o.will(says("APPROVE"))
		f.comments.Service = comment.NewModerationService(o.URL, "", time.Second, slog.New(slog.DiscardHandler))
		shown := f.add(t, f.readers[0], comment.Post{ArticleID: a, Body: "fine words"}).Comment
		o.will(says("SPAM"))
		if changed, err := f.comments.Edit(author, shown.ID, "", "buy now"); err != nil || changed.HeldFor != ",EXTERNAL," || changed.Status != entcomment.StatusPending {
			t.Errorf("by the service: %v, %v", changed, err)
		}
		f.counts(t)
	})
}

func TestReactionsOnArticles(t *testing.T) {
	t.Parallel()
	testkit.Databases(t, func(t *testing.T, db *store.DB) {
		f := openForum(t, db, 2)
		one, two := f.articles[0], f.articles[1]
		var last int
		for i := range 103 {
			last = f.add(t, f.readers[1], comment.Post{ArticleID: one, Body: fmt.Sprint("number ", i)}).Comment.ID
			if err := f.comments.React(as(t, f.readers[0]), last, "LOVE"); err != nil {
				t.Fatal(err)
			}
		}
		other := f.add(t, f.readers[1], comment.Post{ArticleID: two, Body: "elsewhere"}).Comment
		for _, kind := range []string{"SAD", "LIKE"} {
			if err := f.comments.React(as(t, f.readers[0]), other.ID, commentreaction.Kind(kind)); err != nil {
				t.Fatal(err)
			}
		}
		got, err := f.comments.ReactionsOn(as(t, f.readers[0]), []int{one, two})
		if err != nil || len(got[one]) != 100 || got[one][0] != (comment.OwnReaction{CommentID: last, Kind: "LOVE"}) {
			t.Errorf("%d reactions, %v", len(got[one]), err)
		}
		if len(got[two]) != 1 || got[two][0] != (comment.OwnReaction{CommentID: other.ID, Kind: "LIKE"}) {
			t.Errorf("%v", got[two])
		}
		for _, v := range []access.Viewer{f.readers[1], {}} {
			if got, err := f.comments.ReactionsOn(as(t, v), []int{one, two}); err != nil || len(got) != 0 {
				t.Errorf("of %v: %v, %v", v, got, err)
			}
		}
	})
}

func TestGuestGetsTheTokenAgain(t *testing.T) {
	t.Parallel()
	testkit.Databases(t, func(t *testing.T, db *store.DB) {
		f := openForum(t, db, 1)
		posted := f.add(t, access.Viewer{}, guest(f.articles[0], "mine"))
		again, err := f.comments.GuestToken(t.Context(), posted.Comment.ID)
		if err != nil || again == "" || again != posted.GuestToken {
			t.Fatalf("%q, then %q (%v)", posted.GuestToken, again, err)
		}
		if _, err := f.comments.Edit(t.Context(), posted.Comment.ID, again, "mine still"); err != nil {
			t.Error(err)
		}
		other := f.add(t, access.Viewer{}, guest(f.articles[0], "another"))
		if _, err := f.comments.Edit(t.Context(), other.Comment.ID, again, "mine now"); reasonOf(err) != "NOT_FOUND id" {
			t.Errorf("with the token of another comment: %v", err)
		}
		if _, err := f.comments.Claim(as(t, f.readers[0]), posted.Comment.ID, again); err != nil {
			t.Fatal(err)
		}
		ofAccount := f.add(t, f.readers[0], comment.Post{ArticleID: f.articles[0], Body: "signed in"})
		for _, key := range []int{posted.Comment.ID, ofAccount.Comment.ID, 1 << 40} {
			if token, err := f.comments.GuestToken(t.Context(), key); token != "" || err != nil {
				t.Errorf("comment %d: %q, %v", key, token, err)
			}
		}
	})
}
