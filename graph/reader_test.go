package graph_test

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/broadsheet-cms/broadsheet/internal/access"
	"github.com/broadsheet-cms/broadsheet/internal/bookmark"
	"github.com/broadsheet-cms/broadsheet/internal/id"
)

// fillDevice makes a reading list of a device with every article, hidden ones
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
}

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
