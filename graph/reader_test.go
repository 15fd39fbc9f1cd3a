package graph_test

import (
	"crypto/sha256"
	"database/sql"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/broadsheet-cms/broadsheet/ent"
	"github.com/broadsheet-cms/broadsheet/ent/article"
	entcomment "github.com/broadsheet-cms/broadsheet/ent/comment"
	"github.com/broadsheet-cms/broadsheet/ent/readerrestriction"
	"github.com/broadsheet-cms/broadsheet/internal/access"
	"github.com/broadsheet-cms/broadsheet/internal/bookmark"
	"github.com/broadsheet-cms/broadsheet/internal/comment"
	"github.com/broadsheet-cms/broadsheet/internal/id"
	"github.com/broadsheet-cms/broadsheet/internal/site"
	"github.com/broadsheet-cms/broadsheet/internal/store"
)

// fillDevice gives each comment the token of a guest's link, and makes a reading list of a device with every article, hidden ones
// included.
func (n *newsroom) fillDevice(t *testing.T) {
	t.Helper()
	system := access.AsSystem(t.Context())
	n.device = "bsd_test"
	sum := sha256.Sum256([]byte(n.device)) // as internal/secret has it
	list := n.DB.Ent(system).ReadingList.Create().SetTokenHash(hex.EncodeToString(sum[:])).SetRevision(1).SaveX(system)
	for _, a := range n.byTitle {
		n.DB.Ent(system).Bookmark.Create().SetListID(list.ID).SetArticleID(a.ID).SetRevision(1).SetSavedAt(n.clock).SaveX(system)
	}
	n.DB.Ent(system).ReadingList.UpdateOne(list).SetBookmarkCount(len(n.byTitle)).ExecX(system)
	for i, c := range n.comments {
		sum := sha256.Sum256([]byte(guestTokenOf(i)))
		must[sql.Result](t)(n.DB.Exec(t.Context(), setGuestTokenSQL, c.ID, hex.EncodeToString(sum[:])))
	}
}

var setGuestTokenSQL = store.MaintainBoth(`UPDATE comments SET guest_token_hash = $2 WHERE id = $1`)

// guestTokenOf is the token of the link of a comment of newsroom.comments, by its place.
func guestTokenOf(i int) string { return fmt.Sprint("bsc_test", i) }

// saved is a bookmark of the article, of the viewer or of a new device, as input
// of a mutation.
func (r *room) saved(t *testing.T, viewer access.Viewer, article int, publicID string) string {
	t.Helper()
	added := must[bookmark.Added](t)(r.Bookmarks.Add(access.With(t.Context(), viewer), "", article))
	return fmt.Sprintf("articleId: %q, deviceToken: %q", publicID, added.DeviceToken)
}

// removed is a removal of such a bookmark, as input of a mutation.
func (r *room) removed(t *testing.T, viewer access.Viewer, article int) string {
	t.Helper()
	ctx := access.With(t.Context(), viewer)
	added := must[bookmark.Added](t)(r.Bookmarks.Add(ctx, "", article))
	removal := must[*bookmark.Removal](t)(r.Bookmarks.Remove(ctx, added.DeviceToken, article))
	return fmt.Sprintf("undoToken: %q, deviceToken: %q", id.Encode(id.Undo, removal.Number), added.DeviceToken)
}

// commented is a comment of a guest below an article.
func (r *room) commented(t *testing.T, article int) *ent.Comment {
	t.Helper()
	draft := &comment.Draft{ArticleID: article, GuestName: "Omar", GuestEmail: r.fresh() + "@example.org", Body: "Said " + r.fresh(), Status: entcomment.StatusApproved}
	return must[[]*ent.Comment](t)(r.Comments.Save(t.Context(), draft))[0]
}

// ownComment is a comment of the viewer, or of a guest with the token, as input
// of a mutation.
func (r *room) ownComment(t *testing.T, viewer access.Viewer, article int) string {
	t.Helper()
	post := comment.Post{ArticleID: article, Body: "Said " + r.fresh(), GuestName: "Salma", GuestEmail: r.fresh() + "@example.org", Submission: comment.Submission{OnPage: time.Minute}}
	posted := must[*comment.Posted](t)(r.Comments.Add(access.With(t.Context(), viewer), post))
	return fmt.Sprintf("id: %q, guestToken: %q", posted.Comment.PublicID(), posted.GuestToken)
}

// restriction mutes the author of a comment.
func (r *room) restriction(t *testing.T, article int) string {
	t.Helper()
	ctx := access.With(t.Context(), r.people[access.Moderator])
	made := must[*ent.ReaderRestriction](t)(r.Moderator.Restrict(ctx, comment.Restrict{CommentID: r.commented(t, article).ID, Kind: readerrestriction.KindMuted}))
	return made.PublicID()
}

// siteSettings makes sure of a site whose settings can be changed.
func (r *room) siteSettings(t *testing.T) string {
	t.Helper()
	must[*ent.Site](t)(r.Site.SaveSettings(t.Context(), site.Settings{Name: "The Beacon", Language: "en"}))
	return "maxLinks: 3"
}

// flow asks one document after the other as a viewer. Words in braces stand for
// what answers before gave under that name.
type flow struct {
	n      *newsroom
	viewer access.Viewer
	known  map[string]string
}

// ask sends a document and remembers texts of its answer by the names in keep.
func (f *flow) ask(t *testing.T, document string, keep ...string) string {
	t.Helper()
	for name, value := range f.known {
		document = strings.ReplaceAll(document, "{"+name+"}", value)
	}
	a, raw := f.n.askAs(t, f.viewer, document, nil)
	if len(a.Errors) > 0 {
		t.Fatalf("%s\nof %s", raw, document)
	}
	var data any
	if err := json.Unmarshal(a.Data, &data); err != nil {
		t.Fatal(err)
	}
	for _, name := range keep {
		value, ok := findText(data, name)
		if !ok {
			t.Fatalf("no %s in %s", name, raw)
		}
		f.known[name] = value
	}
	return string(a.Data)
}

// findText looks for the text of a field anywhere in an answer.
func findText(v any, name string) (string, bool) {
	switch v := v.(type) {
	case map[string]any:
		if s, ok := v[name].(string); ok {
			return s, true
		}
		for _, one := range v {
			if s, ok := findText(one, name); ok {
				return s, true
			}
		}
	case []any:
		for _, one := range v {
			if s, ok := findText(one, name); ok {
				return s, true
			}
		}
	}
	return "", false
}

func (f *flow) want(t *testing.T, document, want string, keep ...string) {
	t.Helper()
	if got := f.ask(t, document, keep...); got != want {
		t.Errorf("%s\nanswers %s\nwant    %s", document, got, want)
	}
}

func TestBookmarksOfDeviceAndAccount(t *testing.T) {
	t.Parallel()
	eachNewsroom(t, func(t *testing.T, n *newsroom) {
		one, two := n.byTitle["Harbour notes 1"].PublicID(), n.byTitle["Harbour notes 2"].PublicID() // World, Asia below it
		guest := &flow{n: n, known: map[string]string{"one": one, "two": two, "draft": n.byTitle[secret+" draft"].PublicID()}}
		guest.ask(t, `mutation { addBookmark(input: {articleId: "{one}"}) { bookmark { id } deviceToken userErrors { code } } }`, "deviceToken")
		guest.want(t, `mutation { addBookmark(input: {articleId: "{two}", deviceToken: "{deviceToken}"}) { bookmark { article { title } } deviceToken userErrors { code } } }`,
			`{"addBookmark":{"bookmark":{"article":{"title":"Harbour notes 2"}},"deviceToken":null,"userErrors":[]}}`)
		guest.want(t, `{ deviceBookmarks(deviceToken: "{deviceToken}", first: 1) { nodes { article { title viewerHasBookmarked } } totalCount { value } pageInfo { hasNextPage } } }`,
			`{"deviceBookmarks":{"nodes":[{"article":{"title":"Harbour notes 2","viewerHasBookmarked":false}}],"totalCount":{"value":2},"pageInfo":{"hasNextPage":true}}}`)
		guest.want(t, `{ viewerState(articleIds: ["{one}", "{draft}", "{two}"], deviceToken: "{deviceToken}") { isBookmarked } }`,
			`{"viewerState":[{"isBookmarked":true},{"isBookmarked":true}]}`)

		reader := &flow{n: n, viewer: n.holder(t, access.Reader), known: guest.known}
		reader.want(t, `mutation { mergeBookmarks(input: {deviceToken: "{deviceToken}"}) { movedCount userErrors { code } } }`, `{"mergeBookmarks":{"movedCount":2,"userErrors":[]}}`)
		reader.want(t, `{ latestNews(first: 3) { nodes { viewerHasBookmarked } } article(by: {id: "{one}"}) { viewerHasBookmarked } viewer { bookmarks { nodes { article { title } } } } }`,
			`{"latestNews":{"nodes":[{"viewerHasBookmarked":false},{"viewerHasBookmarked":false},{"viewerHasBookmarked":false}]},"article":{"viewerHasBookmarked":true},`+
				`"viewer":{"bookmarks":{"nodes":[{"article":{"title":"Harbour notes 2"}},{"article":{"title":"Harbour notes 1"}}]}}}`)
		reader.ask(t, `{ category(by: {slug: "asia"}) { id } }`, "id")
		reader.want(t, `{ viewer { bookmarks(categoryId: "{id}") { nodes { article { title } } totalCount { value } } } }`,
			`{"viewer":{"bookmarks":{"nodes":[{"article":{"title":"Harbour notes 2"}}],"totalCount":{"value":1}}}}`)
		reader.ask(t, `mutation { removeBookmark(input: {articleId: "{one}"}) { removedBookmarkId undoToken undoExpiresAt userErrors { code } } }`, "undoToken")
		reader.ask(t, `{ viewer { bookmarkChanges { endCursor } } }`, "endCursor")
		reader.want(t, `mutation { restoreBookmark(input: {undoToken: "{undoToken}"}) { bookmark { article { title } } restoredCount userErrors { code } } }`,
			`{"restoreBookmark":{"bookmark":{"article":{"title":"Harbour notes 1"}},"restoredCount":1,"userErrors":[]}}`)
		reader.want(t, `{ viewer { bookmarkChanges(after: "{endCursor}") { changes { isBookmarked isAvailable } hasMore } } }`,
			`{"viewer":{"bookmarkChanges":{"changes":[{"isBookmarked":true,"isAvailable":true}],"hasMore":false}}}`)
		reader.want(t, `mutation { clearBookmarks { removedCount userErrors { code } } again: clearBookmarks { removedCount } }`,
			`{"clearBookmarks":{"removedCount":2,"userErrors":[]},"again":{"removedCount":2}}`)
	})
}

// TestHiddenArticlesLeaveTheList of who has saved them, and of nobody else: for others they
// are no different from what is not there.
func TestHiddenArticlesLeaveTheList(t *testing.T) {
	t.Parallel()
	eachNewsroom(t, func(t *testing.T, n *newsroom) {
		system := access.AsSystem(t.Context())
		one := n.byTitle["Harbour notes 1"]
		known := map[string]string{"one": one.PublicID(), "nothing": id.Encode(id.Article, 123456)}
		reader, other, guest := &flow{n: n, viewer: n.holder(t, access.Reader), known: known}, &flow{n: n, viewer: n.holder(t, access.Contributor), known: known}, &flow{n: n, known: known}
		reader.ask(t, `mutation { addBookmark(input: {articleId: "{one}"}) { bookmark { id } userErrors { code } } }`)
		guest.ask(t, `mutation { addBookmark(input: {articleId: "{one}"}) { deviceToken userErrors { code } } }`, "deviceToken")
		n.DB.Ent(system).Article.UpdateOneID(one.ID).SetStatus(article.StatusUnpublished).ExecX(system)
		remove := `mutation { removeBookmark(input: {articleId: "%s"%s}) { undoToken userErrors { code field message } } }`
		hidden, absent := other.ask(t, fmt.Sprintf(remove, "{one}", "")), other.ask(t, fmt.Sprintf(remove, "{nothing}", ""))
		if hidden != absent || !strings.Contains(hidden, "NOT_FOUND") {
			t.Errorf("a hidden article: %s, one that is not there: %s", hidden, absent)
		}
		for f, device := range map[*flow]string{reader: "", guest: `, deviceToken: "{deviceToken}"`} {
			if got := f.ask(t, fmt.Sprintf(remove, "{one}", device), "undoToken"); !strings.Contains(got, `"userErrors":[]`) {
				t.Errorf("the bookmark of a hidden article stays: %s", got)
			}
		}
		n.DB.Ent(system).Article.UpdateOneID(one.ID).SetStatus(article.StatusPublished).ExecX(system)
		reader.want(t, `{ viewer { bookmarks { nodes { id } } } }`, `{"viewer":{"bookmarks":{"nodes":[]}}}`)
	})
}

// TestSignInByLinkTakesTheDevicesBookmarks, and so does the first sign-in of an account.
func TestSignInByLinkTakesTheDevicesBookmarks(t *testing.T) {
	t.Parallel()
	eachNewsroom(t, func(t *testing.T, n *newsroom) {
		r := &room{newsroom: n}
		words := r.readerWords(t)
		for mutation, token := range map[string]string{"verifyEmail": words["verify"](), "signInWithLink": words["link"]()} {
			guest := &flow{n: n, known: map[string]string{"one": n.byTitle["Harbour notes 1"].PublicID(), "token": token}}
			guest.ask(t, `mutation { addBookmark(input: {articleId: "{one}"}) { deviceToken userErrors { code } } }`, "deviceToken")
			guest.want(t, `mutation { `+mutation+`(input: {token: "{token}", deviceToken: "{deviceToken}", transport: TOKEN}) { viewer { bookmarks { nodes { article { title } } } } userErrors { code } } }`,
				`{"`+mutation+`":{"viewer":{"bookmarks":{"nodes":[{"article":{"title":"Harbour notes 1"}}]}},"userErrors":[]}}`)
			guest.want(t, `mutation { removeBookmark(input: {articleId: "{one}", deviceToken: "{deviceToken}"}) { userErrors { code field } } }`,
				`{"removeBookmark":{"userErrors":[{"code":"NOT_FOUND","field":["deviceToken"]}]}}`)
		}
	})
}

// TestSignInStandsWithoutTheDevicesBookmarks: the token of the mail is used up, so the
// session is answered although the bookmarks cannot be moved, and they can be moved later.
func TestSignInStandsWithoutTheDevicesBookmarks(t *testing.T) {
	t.Parallel()
	eachNewsroom(t, func(t *testing.T, n *newsroom) {
		r := &room{newsroom: n}
		words := r.readerWords(t)
		rename := func(from, to string) {
			if _, err := n.DB.Exec(t.Context(), store.MaintainBoth(`ALTER TABLE `+from+` RENAME TO `+to)); err != nil {
				t.Fatal(err)
			}
		}
		for mutation, token := range map[string]string{"verifyEmail": words["verify"](), "signInWithLink": words["link"]()} {
			guest := &flow{n: n, known: map[string]string{"one": n.byTitle["Harbour notes 1"].PublicID()}}
			guest.ask(t, `mutation { addBookmark(input: {articleId: "{one}"}) { deviceToken userErrors { code } } }`, "deviceToken")
			rename("bookmarks", "bookmarks_away")
			a, raw := n.askAs(t, access.Viewer{}, fmt.Sprintf(`mutation { %s(input: {token: %q, deviceToken: %q, transport: TOKEN}) { token session { id } viewer { displayName } userErrors { code } } }`,
				mutation, token, guest.known["deviceToken"]), nil)
			rename("bookmarks_away", "bookmarks")
			var opened map[string]struct {
				Token   string
				Session *struct{ ID string }
				Viewer  *struct{ DisplayName string }
			}
			if err := json.Unmarshal(a.Data, &opened); err != nil || len(a.Errors) != 1 || opened[mutation].Token == "" || opened[mutation].Session == nil || opened[mutation].Viewer == nil {
				t.Errorf("%s: %v: %s", mutation, err, raw)
			}
			n.errors.Reset()
			reader := &flow{n: n, viewer: n.holder(t, access.Reader), known: guest.known}
			reader.want(t, `mutation { mergeBookmarks(input: {deviceToken: "{deviceToken}"}) { userErrors { code } } }`, `{"mergeBookmarks":{"userErrors":[]}}`)
			guest.want(t, `mutation { removeBookmark(input: {articleId: "{one}", deviceToken: "{deviceToken}"}) { userErrors { code } } }`, `{"removeBookmark":{"userErrors":[{"code":"NOT_FOUND"}]}}`)
		}
	})
}

// TestGuestSeesTheirOwnComment by its token alone, shown or not, and no more of its article
// than others.
func TestGuestSeesTheirOwnComment(t *testing.T) {
	t.Parallel()
	eachNewsroom(t, func(t *testing.T, n *newsroom) {
		system := access.AsSystem(t.Context())
		one := n.byTitle["Harbour notes 1"]
		guest := &flow{n: n, known: map[string]string{"article": one.PublicID()}}
		post := func(body, seconds string) {
			guest.ask(t, `mutation { addComment(input: {articleId: "{article}", body: "`+body+`", guestName: "Salma", guestEmail: "salma@example.org"`+seconds+`}) { commentId guestToken userErrors { code } } }`, "commentId", "guestToken")
		}
		own := `{ guestComment(guestToken: "{guestToken}") { commentId body state article { title } } }`
		answer := func(body, state, about string) string {
			return fmt.Sprintf(`{"guestComment":{"commentId":%q,"body":%q,"state":%q,"article":%s}}`, guest.known["commentId"], body, state, about)
		}
		title := `{"title":"Harbour notes 1"}`
		post("Well said.", ", secondsOnPage: 60")
		guest.want(t, own, answer("Well said.", "SHOWN", title))
		guest.want(t, `mutation { editComment(input: {id: "{commentId}", guestToken: "{guestToken}", body: "   "}) { state comment { id } userErrors { code field } } }`,
			`{"editComment":{"state":"REFUSED","comment":null,"userErrors":[{"code":"BLANK","field":["body"]}]}}`)
		n.DB.Ent(system).Article.UpdateOneID(one.ID).SetStatus(article.StatusUnpublished).ExecX(system)
		guest.want(t, own, answer("Well said.", "WAITING", "null"))
		n.DB.Ent(system).Article.UpdateOneID(one.ID).SetStatus(article.StatusPublished).ExecX(system)
		guest.ask(t, `mutation { deleteComment(input: {id: "{commentId}", guestToken: "{guestToken}"}) { deletedId userErrors { code } } }`)
		guest.want(t, own, `{"guestComment":null}`)
		post("In no known time.", "")
		guest.want(t, own, answer("In no known time.", "WAITING", title))
		guest.want(t, `mutation { addComment(input: {articleId: "{article}", body: "Well said.", guestName: "", guestEmail: "salma@example.org"}) { state commentId guestToken comment { id } userErrors { code } } }`,
			`{"addComment":{"state":"REFUSED","commentId":null,"guestToken":null,"comment":null,"userErrors":[{"code":"BLANK"}]}}`)
	})
}

// TestGuestRepeatsAComment: a client that has lost the answer gets the comment and
// its token again, and only with the same key and input.
func TestGuestRepeatsAComment(t *testing.T) {
	t.Parallel()
	eachNewsroom(t, func(t *testing.T, n *newsroom) {
		guest := &flow{n: n, known: map[string]string{"article": n.byTitle["Harbour notes 1"].PublicID()}}
		post := `mutation { addComment(input: {articleId: "{article}", body: "Well said.", guestName: "Salma", guestEmail: "salma@example.org", secondsOnPage: 60, idempotencyKey: "lost answer"}) {
			commentId guestToken userErrors { code } } }`
		first := guest.ask(t, post, "commentId", "guestToken")
		guest.want(t, post, first)
		guest.want(t, strings.Replace(post, "Well said.", "Give me the token.", 1), `{"addComment":{"commentId":null,"guestToken":null,"userErrors":[{"code":"IDEMPOTENCY_KEY_REUSED"}]}}`)
		reader := &flow{n: n, viewer: n.holder(t, access.Reader), known: guest.known}
		reader.want(t, `mutation { claimComment(input: {id: "{commentId}", guestToken: "{guestToken}"}) { userErrors { code } } react(input: {commentId: "{commentId}", kind: LOVE}) { userErrors { code } } }`,
			`{"claimComment":{"userErrors":[]},"react":{"userErrors":[]}}`)
		guest.want(t, post, `{"addComment":{"commentId":"`+guest.known["commentId"]+`","guestToken":null,"userErrors":[]}}`)
		reader.want(t, `{ viewerState(articleIds: ["{article}"]) { reactions { commentId kind } } }`,
			`{"viewerState":[{"reactions":[{"commentId":"`+guest.known["commentId"]+`","kind":"LOVE"}]}]}`)
		guest.want(t, `{ viewerState(articleIds: ["{article}"]) { reactions { kind } } }`, `{"viewerState":[{"reactions":[]}]}`)
	})
}

// TestMistakesOfReaders: each answers a user error with its code and field.
func TestMistakesOfReaders(t *testing.T) {
	t.Parallel()
	eachNewsroom(t, func(t *testing.T, n *newsroom) {
		names := strings.NewReplacer("{article}", n.byTitle["Harbour notes 1"].PublicID(), "{draft}", n.byTitle[secret+" draft"].PublicID(), "{comment}", n.comments[0].PublicID(),
			"{nothing}", id.Encode(id.Article, 1<<40), "{no undo}", id.Encode(id.Undo, 1<<40))
		for name, c := range map[string]struct{ mutation, input, want string }{
			"a bookmark of nothing":             {"addBookmark", `articleId: "{nothing}"`, "NOT_FOUND articleId"},
			"a bookmark of no id":               {"addBookmark", `articleId: "nonsense"`, "INVALID articleId"},
			"a bookmark of a comment":           {"addBookmark", `articleId: "{comment}"`, "NOT_FOUND articleId"},
			"a bookmark of a draft":             {"addBookmark", `articleId: "{draft}"`, "NOT_FOUND articleId"},
			"a bookmark under an unknown token": {"addBookmark", `articleId: "{article}", deviceToken: "bsd_nosuch"`, "NOT_FOUND deviceToken"},
			"a bookmark under a long token":     {"addBookmark", `articleId: "{article}", deviceToken: "` + strings.Repeat("x", 5000) + `"`, "NOT_FOUND deviceToken"},
			"a removal without a list":          {"removeBookmark", `articleId: "{article}"`, "BLANK deviceToken"},
			"a removal of what is not saved":    {"removeBookmark", `articleId: "{nothing}", deviceToken: "bsd_test"`, "NOT_FOUND articleId"},
			"an undo of nothing":                {"restoreBookmark", `undoToken: "{no undo}", deviceToken: "bsd_test"`, "EXPIRED undoToken"},
			"an undo with another id":           {"restoreBookmark", `undoToken: "{article}", deviceToken: "bsd_test"`, "NOT_FOUND undoToken"},
			"an undo with an override":          {"restoreBookmark", `undoToken: "\u202eund", deviceToken: "bsd_test"`, "INVALID undoToken"},
			"a comment on no article":           {"addComment", `articleId: "nonsense", body: "x"`, "INVALID articleId"},
			"a comment on a draft":              {"addComment", `articleId: "{draft}", body: "x", guestName: "S", guestEmail: "s@example.org"`, "NOT_FOUND articleId"},
			"a comment without words":           {"addComment", `articleId: "{article}", body: "  ", guestName: "S", guestEmail: "s@example.org"`, "BLANK body"},
			"a comment of nobody":               {"addComment", `articleId: "{article}", body: "x"`, "BLANK guestName"},
			"a name that injects a header":      {"addComment", `articleId: "{article}", body: "x", guestName: "S\r\nBcc: x", guestEmail: "s@example.org"`, "INVALID guestName"},
			"an address that injects a header":  {"addComment", `articleId: "{article}", body: "x", guestName: "S", guestEmail: "s@example.org\nBcc:x@example.org"`, "INVALID guestEmail"},
			"a name with an override":           {"addComment", `articleId: "{article}", body: "x", guestName: "\u202eS", guestEmail: "s@example.org"`, "INVALID guestName"},
			"a long comment":                    {"addComment", `articleId: "{article}", body: "` + strings.Repeat("x", 9_000) + `", guestName: "S", guestEmail: "s@example.org"`, "TOO_LONG body"},
			"a reply to nothing":                {"addComment", `articleId: "{article}", parentId: "com_nonsense", body: "x", guestName: "S", guestEmail: "s@example.org"`, "INVALID parentId"},
			"an edit with a wrong token":        {"editComment", `id: "{comment}", body: "x", guestToken: "bsc_wrong"`, "NOT_FOUND id"},
			"an edit with a device token":       {"editComment", `id: "{comment}", body: "x", guestToken: "bsd_test"`, "NOT_FOUND id"},
			"a report of nothing":               {"reportComment", `commentId: "{nothing}", reason: SPAM`, "NOT_FOUND commentId"},
			"a notice without an explanation":   {"reportComment", `commentId: "{comment}", reason: ILLEGAL_CONTENT`, "BLANK explanation"},
			"a view of nothing":                 {"recordView", `articleId: "com_nonsense"`, "INVALID articleId"},
			"a clearing without a list":         {"clearBookmarks", ``, "BLANK deviceToken"},
		} {
			a, raw := n.post(t, names.Replace(`mutation { answer: `+c.mutation+`(input: {`+c.input+`}) { userErrors { code field message } } }`), nil)
			var data struct {
				Answer struct {
					UserErrors []struct {
						Code  string
						Field []string
					} `json:"userErrors"`
				}
			}
			if err := json.Unmarshal(a.Data, &data); err != nil || len(a.Errors) > 0 {
				t.Errorf("%s: %s", name, raw)
				continue
			}
			got := ""
			for _, e := range data.Answer.UserErrors {
				got += e.Code + " " + strings.Join(e.Field, ".")
			}
			if got != c.want {
				t.Errorf("%s: %q, want %q", name, got, c.want)
			}
		}
	})
}
