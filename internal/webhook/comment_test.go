package webhook_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/broadsheet-cms/broadsheet/ent/article"
	entcomment "github.com/broadsheet-cms/broadsheet/ent/comment"
	"github.com/broadsheet-cms/broadsheet/ent/commentreaction"
	"github.com/broadsheet-cms/broadsheet/internal/access"
	"github.com/broadsheet-cms/broadsheet/internal/account"
	"github.com/broadsheet-cms/broadsheet/internal/audit"
	"github.com/broadsheet-cms/broadsheet/internal/comment"
	"github.com/broadsheet-cms/broadsheet/internal/id"
	"github.com/broadsheet-cms/broadsheet/internal/partner"
	"github.com/broadsheet-cms/broadsheet/internal/testkit"
	"github.com/broadsheet-cms/broadsheet/internal/webhook"
)

// eachNode runs a test on a node of each database.
func eachNode(t *testing.T, test func(t *testing.T, n *node)) {
	t.Helper()
	testkit.EachURL(t, func(t *testing.T, url string) { test(t, newNode(t, url)) })
}

// guest is the context of a guest's request.
func guest(t *testing.T) context.Context {
	t.Helper()
	return access.WithOrigin(t.Context(), access.Origin{Address: "203.0.113.77"})
}

// comment posts a comment as a guest, whose e-mail and address are private.
func (n *node) comment(t *testing.T, article int, text string) *comment.Posted {
	t.Helper()
	posted, err := n.comments.Add(guest(t), comment.Post{ArticleID: article, Body: text, GuestName: "Nadia", GuestEmail: "nadia@private.example",
		Submission: comment.Submission{OnPage: time.Minute}})
	return must(posted, err)(t)
}

func TestCommentsAreToldToKeysThatMayHaveThem(t *testing.T) {
	t.Parallel()
	eachNode(t, func(t *testing.T, n *node) {
		inside, outside := n.section(t, "inside"), n.section(t, "outside")
		in := n.save(t, n.draft(0, "In", article.StatusPublished, inside.ID))
		out := n.save(t, n.draft(0, "Out", article.StatusPublished, outside.ID))
		k := n.key(t, partner.Entitlement{Categories: []int{inside.ID}})
		_, token, err := n.partners.Create(admin(t), partner.Key{Name: "No comments", Scopes: []partner.Scope{partner.Published, partner.Webhooks, partner.Changes}})
		narrow, _, err2 := n.partners.Use(t.Context(), must(token, err)(t), "192.0.2.1")
		r, other := newReceiver(t), newReceiver(t)
		n.connect(t, k, r, webhook.Draft{Full: true})
		n.connect(t, must(narrow, err2)(t), other, webhook.Draft{Full: true})
		users := must(account.New(n.db, n.log, audit.NewLog(n.db)).EnsureUsers(admin(t), account.User{Email: "rima@private.example", DisplayName: "Rima"}))(t)

		first := n.comment(t, in, "The first words")
		n.comment(t, out, "Words below another story")
		pending := must(n.comments.Save(access.AsSystem(t.Context()), &comment.Draft{ArticleID: in, GuestName: "Waiting", Body: "Spam?", Status: entcomment.StatusPending, Kind: entcomment.KindComment}))(t)[0]
		n.settled(t)
		must(n.comments.Edit(guest(t), first.Comment.ID, first.GuestToken, "The first words, mended"))(t)
		n.settled(t)
		reader := access.With(t.Context(), access.Viewer{UserID: users[0], Role: access.Reader, Name: "Rima"})
		if err := n.comments.React(reader, first.Comment.ID, commentreaction.KindLike); err != nil {
			t.Fatal(err)
		}
		n.settled(t)
		if err := n.comments.Delete(guest(t), first.Comment.ID, first.GuestToken); err != nil {
			t.Fatal(err)
		}
		n.settled(t)

		r.mu.Lock()
		defer r.mu.Unlock()
		delete(r.order, id.Encode(id.Article, in))
		want := map[string][]string{id.Encode(id.Comment, first.Comment.ID): {"comment.published", "comment.edited", "comment.removed"}}
		if diff := cmp.Diff(want, r.order); diff != "" {
			t.Errorf("told (-want +got):\n%s", diff)
		}
		other.mu.Lock()
		defer other.mu.Unlock()
		all := strings.Join(append(slices.Clone(r.bodies), other.bodies...), "\n")
		for _, private := range []string{"private.example", "203.0.113.77", first.GuestToken, id.Encode(id.Comment, pending.ID), "Spam?"} {
			if strings.Contains(all, private) {
				t.Errorf("messages have %q", private)
			}
		}
		for _, shown := range []string{"The first words, mended", "Nadia"} {
			if !strings.Contains(all, shown) {
				t.Errorf("messages lack %q", shown)
			}
		}
		if strings.Contains(strings.Join(other.bodies, ""), "commentId") {
			t.Errorf("a key without the scope was told of comments: %v", other.order)
		}
	})
}

// TestCommentsAreReadWithAKey: by pages, each, and not without the scope, beyond the
// entitlement or of what readers do not see.
func TestCommentsAreReadWithAKey(t *testing.T) {
	t.Parallel()
	eachNode(t, func(t *testing.T, n *node) {
		inside, outside := n.section(t, "inside"), n.section(t, "outside")
		in := n.save(t, n.draft(0, "In", article.StatusPublished, inside.ID))
		out := n.save(t, n.draft(0, "Out", article.StatusPublished, outside.ID))
		k := n.key(t, partner.Entitlement{Categories: []int{inside.ID}})
		var want []string
		var drafts []*comment.Draft
		for i := range 7 {
			drafts = append(drafts, &comment.Draft{ArticleID: in, GuestName: "Nadia", GuestEmail: "nadia@private.example", Body: strings.Repeat("x", i+1), Status: entcomment.StatusApproved, Kind: entcomment.KindComment,
				PostedAt: time.Date(2026, 3, 1, 9, i/3, 0, 0, time.UTC)})
		}
		drafts = append(drafts, &comment.Draft{ArticleID: in, GuestName: "Waiting", Body: "?", Status: entcomment.StatusPending, Kind: entcomment.KindComment},
			&comment.Draft{ArticleID: out, GuestName: "Nadia", Body: "elsewhere", Status: entcomment.StatusApproved, Kind: entcomment.KindComment})
		saved := must(n.comments.Save(access.AsSystem(t.Context()), drafts...))(t)
		for _, c := range saved[:7] {
			want = append(want, id.Encode(id.Comment, c.ID))
		}
		slices.Reverse(want)
		var got []string
		for after := ""; ; {
			page, next, err := n.partners.CommentsBelow(t.Context(), k, in, after, 2)
			if err != nil {
				t.Fatal(err)
			}
			for _, c := range page {
				got = append(got, c.ID)
			}
			if after = next; after == "" {
				break
			}
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("pages (-want +got):\n%s", diff)
		}
		narrow := n.key(t, partner.Entitlement{})
		narrow.Scopes = []partner.Scope{partner.Published, partner.Changes}
		for path, c := range map[string]struct {
			key    *partner.Key
			status int
		}{
			"/partner/comments/" + want[0]:                                             {k, http.StatusOK},
			"/partner/comments/" + id.Encode(id.Comment, saved[7].ID):                  {k, http.StatusNotFound},
			"/partner/comments/" + id.Encode(id.Comment, saved[8].ID):                  {k, http.StatusNotFound},
			"/partner/comments/nonsense":                                               {k, http.StatusNotFound},
			"/partner/comments/" + want[1]:                                             {narrow, http.StatusForbidden},
			"/partner/articles/" + id.Encode(id.Article, in) + "/comments":             {narrow, http.StatusForbidden},
			"/partner/articles/" + id.Encode(id.Article, in) + "/comments?first=3":     {k, http.StatusOK},
			"/partner/articles/" + id.Encode(id.Article, in) + "/comments?after=bogus": {k, http.StatusBadRequest},
			"/partner/articles/" + id.Encode(id.Article, in) + "/comments?first=9999":  {k, http.StatusBadRequest},
			"/partner/articles/" + id.Encode(id.Article, out) + "/comments":            {k, http.StatusNotFound},
		} {
			w := httptest.NewRecorder()
			request := httptest.NewRequestWithContext(partner.With(t.Context(), c.key), http.MethodGet, path, nil)
			n.partners.Handler().ServeHTTP(w, request)
			if w.Code != c.status || strings.Contains(w.Body.String(), "private.example") {
				t.Errorf("%s: %d, want %d: %s", path, w.Code, c.status, w.Body)
			}
		}
	})
}
