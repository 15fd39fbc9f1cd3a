package graph_test

import (
	"bytes"
	"encoding/json"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/broadsheet-cms/broadsheet/ent"
	"github.com/broadsheet-cms/broadsheet/ent/user"
	"github.com/broadsheet-cms/broadsheet/internal/access"
	"github.com/broadsheet-cms/broadsheet/internal/id"
)

// member makes a member of the newsroom and gives how she is seen.
func (n *newsroom) member(t *testing.T, role access.Role) access.Viewer {
	t.Helper()
	name := strings.ToLower(string(role))
	u := must[*ent.User](t)(n.DB.Ent(t.Context()).User.Create().SetEmail(name + "@beacon.example").SetDisplayName("The " + name).SetRole(user.Role(role)).Save(t.Context()))
	return access.Viewer{UserID: u.ID, Role: role, Name: u.DisplayName}
}

// askAs asks the endpoint as a viewer.
func (n *newsroom) askAs(t *testing.T, v access.Viewer, query string, variables map[string]any) (answer, []byte) {
	t.Helper()
	if strings.Contains(query, "$file: Upload!") {
		return n.sendFile(t, v, query, variables, freshPicture(t))
	}
	body, err := json.Marshal(map[string]any{"query": query, "variables": variables})
	if err != nil {
		t.Fatal(err)
	}
	return n.send(t, v, body)
}

// TestGoldenDesk runs the documents of testdata/desk in the order of their
// names, as an editor, and compares each whole answer: what one changes the next
// ones show.
func TestGoldenDesk(t *testing.T) {
	t.Parallel()
	documents, err := filepath.Glob("testdata/desk/*.graphql")
	if err != nil || len(documents) == 0 {
		t.Fatalf("no documents: %v", err)
	}
	eachNewsroom(t, func(t *testing.T, n *newsroom) {
		now := time.Date(2026, 3, 2, 8, 0, 0, 0, time.UTC)
		n.Newsroom.Now = func() time.Time { now = now.Add(time.Minute); return now }
		editor := n.member(t, access.Editor)
		variables := map[string]any{"id": n.byTitle["Ferry crews accept deal"].PublicID(), "other": n.byTitle["Harbour notes 1"].PublicID(),
			"section": id.Encode(id.Category, *n.byTitle["Harbour notes 1"].PrimaryCategoryID), "me": id.Encode(id.User, editor.UserID)}
		for _, path := range documents {
			name := strings.TrimSuffix(filepath.Base(path), ".graphql")
			query, _ := readDocument(t, path)
			got, raw := n.askAs(t, editor, query, variables)
			if len(got.Errors) > 0 {
				t.Fatalf("%s: %+v", name, got.Errors)
			}
			checkGolden(t, filepath.Join("testdata/desk", name+".json"), raw)
		}
	})
}

// TestDeskIsForThoseWhoWorkThere asks for what the newsroom keeps to itself as
// those who have no business with it.
func TestDeskIsForThoseWhoWorkThere(t *testing.T) {
	t.Parallel()
	eachNewsroom(t, func(t *testing.T, n *newsroom) {
		ids := []string{}
		for _, prefix := range []string{id.Revision, id.ArticleNote, id.PreviewToken} {
			for key := 1; key <= 2; key++ {
				ids = append(ids, id.Encode(prefix, key))
			}
		}
		hidden := n.byTitle[secret+" draft"]
		contributor := n.member(t, access.Contributor)
		for name, v := range map[string]access.Viewer{"nobody": {}, "a reader": n.member(t, access.Reader), "a contributor with others' articles": contributor} {
			a, raw := n.askAs(t, v, `query($ids: [ID!]!) { nodes(ids: $ids) { id } }`, map[string]any{"ids": ids})
			if len(a.Errors) > 0 || strings.Contains(string(raw), `"id"`) {
				t.Errorf("%s: %s", name, raw)
			}
		}
		for name, c := range map[string]struct {
			viewer access.Viewer
			query  string
			code   string // of an error, or
			want   string // what the answer holds
		}{
			"the past for nobody":         {access.Viewer{}, `query($x: ID!) { article(by: {id: $x}, at: "2026-03-01T12:00:00Z") { title } }`, "UNAUTHENTICATED", ""},
			"the past of others' work":    {contributor, `query($x: ID!) { article(by: {id: $x}, at: "2026-03-01T12:00:00Z") { title } }`, "", `{"data":{"article":null}}`},
			"the picks with their ends":   {contributor, `{ editorsPicks { expiresAt } }`, "FORBIDDEN", ""},
			"correcting as a contributor": {contributor, `mutation($x: ID!) { correctArticle(input: {id: $x, note: "No.", article: {}}) { userErrors { code } } }`, "FORBIDDEN", ""},
			"locking what is hidden": {contributor, `mutation($x: ID!) { lockArticle(input: {id: $x}) { lock { expiresAt } userErrors { code field } } }`, "",
				`{"data":{"lockArticle":{"lock":null,"userErrors":[{"code":"NOT_FOUND","field":["id"]}]}}}`},
			"a note on what is hidden": {contributor, `mutation($x: ID!) { addArticleNote(input: {id: $x, text: "Hello"}) { note { id } userErrors { code field } } }`, "",
				`{"data":{"addArticleNote":{"note":null,"userErrors":[{"code":"NOT_FOUND","field":["id"]}]}}}`},
			"a token for what is hidden": {contributor, `mutation($x: ID!) { createPreviewToken(input: {articleId: $x}) { token userErrors { code field } } }`, "",
				`{"data":{"createPreviewToken":{"token":null,"userErrors":[{"code":"NOT_FOUND","field":["id"]}]}}}`},
		} {
			var variables map[string]any
			if strings.Contains(c.query, "$x") {
				variables = map[string]any{"x": hidden.PublicID()}
			}
			a, raw := n.askAs(t, c.viewer, c.query, variables)
			if c.code != "" && (len(a.Errors) == 0 || a.codes()[0] != c.code) || c.want != "" && string(raw) != c.want {
				t.Errorf("%s: %s", name, raw)
			}
		}
	})
}

// TestNoteIsAddedOnce repeats mutations with their idempotency keys.
func TestNoteIsAddedOnce(t *testing.T) {
	t.Parallel()
	eachNewsroom(t, func(t *testing.T, n *newsroom) {
		editor := n.member(t, access.Editor)
		variables := map[string]any{"x": n.byTitle["Harbour notes 1"].PublicID()}
		for _, query := range []string{
			`mutation($x: ID!) { addArticleNote(input: {id: $x, text: "Hello", idempotencyKey: "a"}) { note { id text } userErrors { code } } }`,
			`mutation($x: ID!) { createPreviewToken(input: {articleId: $x, idempotencyKey: "b"}) { previewToken { id } userErrors { code } } }`,
		} {
			_, first := n.askAs(t, editor, query, variables)
			_, second := n.askAs(t, editor, query, variables)
			if !bytes.Equal(first, second) || strings.Contains(string(first), "null") {
				t.Errorf("%s, then %s", first, second)
			}
		}
		_, again := n.askAs(t, editor, `mutation($x: ID!) { createPreviewToken(input: {articleId: $x, idempotencyKey: "b"}) { token } }`, variables)
		if !strings.Contains(string(again), `"token":null`) {
			t.Errorf("a repeat shows the token: %s", again)
		}
	})
}

// TestWithdrawnNoticeStandsAtThePath kills a story with words for readers.
func TestWithdrawnNoticeStandsAtThePath(t *testing.T) {
	t.Parallel()
	eachNewsroom(t, func(t *testing.T, n *newsroom) {
		editor := n.member(t, access.Editor)
		ferry := n.byTitle["Ferry crews accept deal"]
		if a, raw := n.askAs(t, editor, `mutation($x: ID!) { killArticle(input: {id: $x, notice: "Withdrawn.", reason: "`+secret+`"}) { userErrors { code } } }`,
			map[string]any{"x": ferry.PublicID()}); len(a.Errors) > 0 || strings.Contains(string(raw), "code") {
			t.Fatalf("%s", raw)
		}
		for _, path := range []string{"/articles/" + ferry.Slug, "/2026/03/ferry-deal"} {
			_, raw := n.post(t, `query($x: String!) { route(path: $x) { path statusCode redirectTo target { __typename ... on WithdrawnNotice { path text } } }
				article(by: {slug: "`+ferry.Slug+`"}) { title } }`, map[string]any{"x": path})
			want := `{"data":{"route":{"path":"/articles/` + ferry.Slug + `","statusCode":410,"redirectTo":null,"target":{"__typename":"WithdrawnNotice","path":"/articles/` +
				ferry.Slug + `","text":"Withdrawn."}},"article":null}}`
			if string(raw) != want {
				t.Errorf("%s: %s\nwant %s", path, raw, want)
			}
		}
		_, raw := n.askAs(t, editor, `query($x: ID!) { article(by: {id: $x}) { newsroom { withdrawal { reason notice by { name } } } } }`, map[string]any{"x": ferry.PublicID()})
		if !strings.Contains(string(raw), `"reason":"`+secret+`"`) || !strings.Contains(string(raw), `"name":"The editor"`) {
			t.Errorf("staff see %s", raw)
		}
	})
}

// TestBadInputAtTheDesk asks for what cannot be: each is a userError with code
// and path, or a typed error, and changes nothing.
func TestBadInputAtTheDesk(t *testing.T) {
	t.Parallel()
	eachNewsroom(t, func(t *testing.T, n *newsroom) {
		editor := n.member(t, access.Editor)
		variables := map[string]any{"x": n.byTitle["Ferry crews accept deal"].PublicID(), "tag": id.Encode(id.Tag, 1), "none": id.Encode(id.Article, 987_654_321)}
		before := n.row(t, "Ferry crews accept deal")
		for name, c := range map[string]struct{ query, want string }{
			"a stale version":         {`mutation($x: ID!) { correctArticle(input: {id: $x, expectedVersion: 7, note: "N", article: {title: "T"}}) { userErrors { code field } } }`, `{"code":"VERSION_CONFLICT","field":["expectedVersion"]}`},
			"a correction unsaid":     {`mutation($x: ID!) { correctArticle(input: {id: $x, note: "", article: {title: "T"}}) { userErrors { code field } } }`, `{"code":"BLANK","field":["note"]}`},
			"a script in a body":      {`mutation($x: ID!) { correctArticle(input: {id: $x, note: "N", article: {body: {html: "<p>a</p><script>b()</script>"}}}) { userErrors { code field } } }`, `{"code":"INVALID","field":["article","body","html"]}`},
			"a javascript link":       {`mutation($x: ID!) { addLiveEntry(input: {articleId: $x, entry: {body: {html: "<p><a href='javascript:b()'>a</a></p>"}}}) { userErrors { code field } } }`, `{"code":"INVALID","field":["entry","body","html"]}`},
			"an entry of an article":  {`mutation($x: ID!) { addLiveEntry(input: {articleId: $x, entry: {title: "T"}}) { userErrors { code field } } }`, `{"code":"INVALID","field":["articleId"]}`},
			"an entry not there":      {`mutation { updateLiveEntry(input: {id: "` + id.Encode(id.LiveEntry, 987) + `", entry: {title: "T"}}) { userErrors { code field } } }`, `{"code":"NOT_FOUND","field":["id"]}`},
			"a tag as a pick":         {`mutation($tag: ID!) { setPicks(input: {picks: [{articleId: $tag}]}) { userErrors { code field } } }`, `{"code":"NOT_FOUND","field":["picks","0","articleId"]}`},
			"no id as a pick":         {`mutation { setPicks(input: {picks: [{articleId: "x"}]}) { userErrors { code field } } }`, `{"code":"INVALID","field":["picks","0","articleId"]}`},
			"a pick of the past":      {`mutation($x: ID!) { setPicks(input: {picks: [{articleId: $x, expiresAt: "2001-01-01T00:00:00Z"}]}) { userErrors { code field } } }`, `{"code":"IN_THE_PAST","field":["picks","0","expiresAt"]}`},
			"itself as related":       {`mutation($x: ID!) { pinRelatedArticle(input: {id: $x, relatedId: $x}) { userErrors { code field } } }`, `{"code":"CIRCULAR_REFERENCE","field":["relatedId"]}`},
			"a pin not there":         {`mutation($x: ID!, $none: ID!) { unpinRelatedArticle(input: {id: $x, relatedId: $none}) { userErrors { code field } } }`, `{"code":"NOT_FOUND","field":["relatedId"]}`},
			"an assignee not there":   {`mutation($x: ID!) { assignArticle(input: {id: $x, assigneeId: "` + id.Encode(id.User, 987) + `"}) { userErrors { code field } } }`, `{"code":"NOT_FOUND","field":["assigneeId"]}`},
			"a preview for ever":      {`mutation($x: ID!) { createPreviewToken(input: {articleId: $x, expiresAt: "2999-01-01T00:00:00Z"}) { token userErrors { code field } } }`, `{"code":"LIMIT_REACHED","field":["expiresAt"]}`},
			"a token not there":       {`mutation { revokePreviewToken(input: {id: "` + id.Encode(id.PreviewToken, 987) + `"}) { userErrors { code field } } }`, `{"code":"NOT_FOUND","field":["id"]}`},
			"a version to come":       {`mutation($x: ID!) { autosaveArticle(input: {id: $x, baseVersion: 99, article: {title: "T"}}) { userErrors { code field } } }`, `{"code":"INVALID","field":["baseVersion"]}`},
			"a revision not there":    {`query($x: ID!) { article(by: {id: $x}) { newsroom { revision(number: -1) { id } diff(from: 1, to: 99) { fields { field } } } } }`, `"code":"BAD_USER_INPUT"`},
			"a page of no revisions":  {`query($x: ID!) { article(by: {id: $x}) { newsroom { revisions(first: -1) { nodes { id } } } } }`, `"code":"BAD_USER_INPUT"`},
			"a cursor of nothing":     {`query($x: ID!) { article(by: {id: $x}) { newsroom { revisions(after: "x") { nodes { id } } } } }`, `"code":"CURSOR_INVALID"`},
			"corrections behind junk": {`{ corrections(after: "x") { nodes { id } } }`, `"code":"CURSOR_INVALID"`},
			"picks of no section":     {`{ picks(categoryId: "x") { id } }`, `"code":"BAD_USER_INPUT"`},
		} {
			used := map[string]any{}
			for v, value := range variables {
				if strings.Contains(c.query, "$"+v) {
					used[v] = value
				}
			}
			if _, raw := n.askAs(t, editor, c.query, used); !strings.Contains(string(raw), c.want) {
				t.Errorf("%s: %s, want %s", name, raw, c.want)
			}
		}
		if after := n.row(t, "Ferry crews accept deal"); after.String() != before.String() {
			t.Errorf("the article changed: %v", after)
		}
	})
}

// row is an article as it is stored.
func (n *newsroom) row(t *testing.T, title string) *ent.Article {
	t.Helper()
	system := access.AsSystem(t.Context())
	return must[*ent.Article](t)(n.DB.Ent(system).Article.Get(system, n.byTitle[title].ID))
}
