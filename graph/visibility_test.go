package graph_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"log/slog"
	"maps"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/vektah/gqlparser/v2/ast"

	"github.com/broadsheet-cms/broadsheet"
	"github.com/broadsheet-cms/broadsheet/graph"
	"github.com/broadsheet-cms/broadsheet/internal/access"
	"github.com/broadsheet-cms/broadsheet/internal/id"
)

// guarded reports whether a type of the schema holds rows which readers may not
// see.
func guarded(name string) bool {
	return slices.ContainsFunc(access.Tables(), func(t access.Table) bool { return t.Type == name })
}

// holds gives, for each type, whether a guarded row stands in it: it is one, or
// is a list, edge, union or interface of them.
func holdsGuarded(s *ast.Schema, t string, seen map[string]bool) bool {
	if guarded(t) {
		return true
	}
	d := s.Types[t]
	wrapper := strings.HasSuffix(t, "Connection") || strings.HasSuffix(t, "Edge") || d.Kind == ast.Union || d.Kind == ast.Interface || t == "Route"
	if !wrapper || seen[t] {
		return false
	}
	seen[t] = true
	for _, member := range s.GetPossibleTypes(d) {
		if member.Name != t && holdsGuarded(s, member.Name, seen) {
			return true
		}
	}
	for _, f := range d.Fields {
		if !strings.HasPrefix(f.Name, "__") && holdsGuarded(s, f.Type.Name(), seen) {
			return true
		}
	}
	return false
}

// scalars selects every field of a type that needs no selection of its own,
// each under a name with the type's in it, as those of other types stand beside.
func scalars(s *ast.Schema, t string) string {
	var fields []string
	for _, f := range s.Types[t].Fields {
		target := s.Types[f.Type.Name()]
		if (target.Kind == ast.Scalar || target.Kind == ast.Enum) && f.Arguments == nil && f.Directives.ForName("auth") == nil {
			fields = append(fields, strings.ToLower(t)+"_"+f.Name+": "+f.Name)
		}
	}
	return strings.Join(fields, " ")
}

// ways are all documents by which a guarded row could be reached. A field of
// the schema that leads to one and stands in none of them fails the test, so
// whoever adds one adds it here.
func (n *newsroom) ways(s *ast.Schema) map[string]string {
	article, comment, page := scalars(s, "Article"), scalars(s, "Comment"), scalars(s, "Page")
	entry := scalars(s, "LiveEntry")
	correction := scalars(s, "Correction") + ` changes { before after } article { ` + article + ` }`
	news := `latestNews(first: 100) { nodes { ` + article + ` } edges { cursor node { id title } } totalCount { value precision } pageInfo { hasNextPage hasPreviousPage } }`
	full := article + ` categories { ` + news + ` } authors { ` + news + ` } places { ` + news + ` } tags { ` + news + ` } series { ` + news + ` } primaryCategory { ` + news + ` parent { ` + news + ` } children { ` + news + ` } }`
	ids := n.everyID()
	list, _ := json.Marshal(ids)
	anything := `__typename id ... on Article { ` + article + ` } ... on Comment { ` + comment + ` article { ` + article + ` } parent { ` + comment + ` } replies { nodes { ` + comment + ` } totalCount { value } } }
		... on Page { ` + page + ` } ... on LiveEntry { ` + entry + ` } ... on Correction { ` + correction + ` } ... on Redirect { path location }
		... on MenuItem { label url target { __typename ... on Article { title } ... on Page { title } } children { label url } }
		... on AuditEntry { target { __typename ... on Article { title } ... on Page { title } } }
		... on Menu { items { label url children { label url } } }
		... on Category { ` + news + ` } ... on Tag { ` + news + ` } ... on Place { ` + news + ` } ... on Series { ` + news + ` } ... on Author { ` + news + ` }`
	around := `corrections { ` + correction + ` } translations { ` + article + ` } liveEntries { ` + entry + ` }
		previous { ` + article + ` } next { ` + article + ` } previousIn: previous(scope: CATEGORY) { ` + article + ` } nextIn: next(scope: CATEGORY) { ` + article + ` }
		relatedArticles(first: 24) { nodes { ` + article + ` } edges { node { title } score reasons { kind labels } } pageInfo { hasNextPage } }
		pinnedComments { ` + comment + ` } comments(first: 100) { nodes { ` + comment + ` article { ` + article + ` } parent { ` + comment + ` }
			replies(first: 100) { nodes { ` + comment + ` parent { id } } edges { node { body } } totalCount { value } } } edges { node { body } } totalCount { value } }`
	saved := `nodes { savedAt article { ` + article + ` } } edges { node { article { title } } } totalCount { value } pageInfo { hasNextPage }`
	ways := map[string]string{
		"bookmarks": `{ deviceBookmarks(deviceToken: "` + n.device + `", first: 100) { ` + saved + ` } viewer { followedTopics { nodes { topic { id latestNews { nodes { ` + article + ` } } } } } bookmarks { ` + saved + ` } feed { nodes { ` + article + ` } edges { node { id } } }
			notifications { nodes { text article { ` + article + ` } comment { ` + comment + ` } } edges { node { text } } } readingHistory { nodes { article { ` + article + ` } } edges { node { readAt } } } } }`,
		"most read":   `{ mostRead(first: 100) { ` + article + ` } month: mostRead(window: MONTH) { ` + article + ` } }`,
		"picks":       `{ picks { ` + article + ` } categories { name picks { ` + article + ` } } }`,
		"corrections": `{ corrections(first: 100) { nodes { ` + correction + ` } edges { cursor node { note article { title } } } totalCount { value } pageInfo { hasNextPage } } }`,
		"latest":      `{ ` + news + ` newest: latestNews(first: 100) { nodes { id ` + around + ` } } }`,
		"by slug":     `{ article(by: {slug: "ferry-crews-accept-deal"}) { ` + full + around + ` } }`,
		"categories":  `{ categories { name ` + news + ` children { ` + news + ` } parent { ` + news + ` } } category(by: {slug: "world"}) { ` + news + ` } }`,
		"tags":        `{ tags(first: 100) { nodes { ` + news + ` } } tag(by: {slug: "ports"}) { ` + news + ` } }`,
		"places":      `{ places { ` + news + ` } place(by: {countryCode: "OM"}) { ` + news + ` } }`,
		"series":      `{ series(by: {slug: "slow-water"}) { ` + news + ` } }`,
		"authors":     `{ authors { ` + news + ` } author(by: {slug: "nadia-karim"}) { ` + news + ` } }`,
		"nodes":       `{ nodes(ids: ` + string(list) + `) { ` + anything + ` } }`,
		"site":        `{ site { legalDocuments { kind page { ` + page + ` } } } page(by: {slug: "hidden-page"}) { id } terms: page(by: {slug: "terms"}) { ` + page + ` } }`,
		"menus": `{ menu(location: HEADER) { items { label url target { __typename ... on Article { ` + article + ` } ... on Page { ` + page + ` } }
			children { label url target { __typename ... on Article { ` + article + ` } ... on Page { ` + page + ` } } } } } }`,
		"search": `{ search(query: "` + strings.ToLower(secret) + `", first: 50) { edges { node { ` + article + ` } } nodes { id } totalCount { value } }
			hidden: search(query: "words about", first: 50) { edges { node { title } } nodes { ` + article + ` } }
			searchSuggestions(query: "` + strings.ToLower(secret) + `") { text target { __typename } }
			others: searchSuggestions(query: "f") { text target { __typename ... on Article { title } } } }`,
	}
	var routes, single, own strings.Builder
	for i := range max(1, len(n.comments)) { // the words are the guest's own, the article is not
		fmt.Fprintf(&own, `o%d: guestComment(guestToken: %q) { state article { `+article+` } } `, i, guestTokenOf(i))
	}
	for i, path := range []string{"/articles/hidden-draft", "/articles/hidden-trashed", "/articles/hidden-private", "/hidden-page", "/old-draft", "/2026/03/ferry-deal", "/terms", "/articles/hidden-killed"} {
		fmt.Fprintf(&routes, `r%d: route(path: %q) { path statusCode redirectTo target { __typename ... on Article { %s } ... on Page { %s } ... on Redirect { path location } } } `, i, path, article, page)
	}
	for i, key := range ids {
		fmt.Fprintf(&single, `n%d: node(id: %q) { %s } `, i, key, `__typename id ... on Article { title } ... on Comment { body } ... on Page { title } ... on LiveEntry { title }`)
	}
	for title, a := range n.byTitle {
		if strings.HasPrefix(title, secret) {
			slug := a.Slug
			fmt.Fprintf(&single, `a%d: article(by: {id: %q}) { title } b%d: article(by: {slug: %q}) { title } c%d: article(by: {path: %q}) { title } `,
				a.ID, a.PublicID(), a.ID, slug, a.ID, "/articles/"+slug)
		}
	}
	ways["route"], ways["single"], ways["own comments"] = "{ "+routes.String()+"}", "{ "+single.String()+"}", "{ "+own.String()+"}"
	return ways
}

// everyID is the id of every row of the newsroom, hidden ones included.
func (n *newsroom) everyID() []string {
	ids := []string{}
	for _, a := range n.byTitle {
		ids = append(ids, a.PublicID())
	}
	for _, c := range n.comments {
		ids = append(ids, c.PublicID())
	}
	for _, p := range n.pages {
		ids = append(ids, p.PublicID())
	}
	for _, prefix := range []string{id.Category, id.Tag, id.Place, id.Series, id.Author, id.Menu, id.MenuItem, id.Redirect, id.LiveEntry, id.Correction, id.Revision, id.ArticleNote, id.PreviewToken} {
		for key := 1; key <= 5; key++ {
			ids = append(ids, id.Encode(prefix, key))
		}
	}
	slices.Sort(ids)
	return ids
}

func TestHiddenRowsAreNowhere(t *testing.T) {
	t.Parallel()
	schema := loadSchema(t, broadsheet.SDL)
	eachNewsroom(t, func(t *testing.T, n *newsroom) {
		n.handler = graph.Handler(n.Graph(), graph.Options{Limits: unlimited, Logger: slog.New(slog.NewTextHandler(n.errors, nil))})
		n.statements.Take()
		for name, query := range n.ways(schema) {
			a, raw := n.post(t, query, nil)
			if len(a.Errors) > 0 {
				t.Errorf("%s: %+v", name, a.Errors[0])
			}
			if i := bytes.Index(bytes.ToUpper(raw), []byte(secret)); i >= 0 {
				t.Errorf("%s holds what is hidden: …%s", name, raw[max(0, i-200):min(len(raw), i+100)])
			}
			var data any
			if err := json.Unmarshal(a.Data, &data); err != nil {
				t.Fatal(err)
			}
			checkCounts(t, name, data)
		}
		for _, q := range n.statements.Take() {
			if strings.Contains(q, "WHERE c.guest_token_hash = ") { // one's own comment, by the token of its link
				continue
			}
			if err := checkRule(q); err != nil {
				t.Errorf("%v:\n%s", err, q)
			}
		}
	})
}

// checkCounts compares each count with the rows beside it: lists are asked for
// whole.
func checkCounts(t *testing.T, where string, v any) {
	t.Helper()
	switch v := v.(type) {
	case []any:
		for _, row := range v {
			checkCounts(t, where, row)
		}
	case map[string]any:
		if count, ok := v["totalCount"].(map[string]any); ok && v["nodes"] != nil {
			if nodes := v["nodes"].([]any); float64(len(nodes)) != count["value"] {
				t.Errorf("%s: %d rows, counted %v", where, len(nodes), count["value"])
			}
		}
		if replies, ok := v["replies"].(map[string]any); ok && v["comment_replyCount"] != nil {
			if nodes := replies["nodes"].([]any); float64(len(nodes)) != v["comment_replyCount"] {
				t.Errorf("%s: %d replies, stored count %v", where, len(nodes), v["comment_replyCount"])
			}
		}
		for key, child := range v {
			checkCounts(t, where+"."+key, child)
		}
	}
}

var keywords = regexp.MustCompile(`(?i)^(where|on|join|left|order|limit|cross|inner|group|set|union)$`)

// checkRule tells whether a statement as the database got it reads a guarded
// table without the visibility rule for its alias.
func checkRule(statement string) error {
	plain := strings.NewReplacer(`"`, "", "`", "").Replace(statement)
	if !strings.HasPrefix(strings.ToUpper(strings.TrimSpace(plain)), "SELECT") && !strings.HasPrefix(strings.ToUpper(strings.TrimSpace(plain)), "WITH") {
		return fmt.Errorf("a query wrote")
	}
	for _, table := range access.Tables() {
		if !table.Checked() {
			continue // a part of an article is reached by the article's key
		}
		reading := regexp.MustCompile(`(?i)(?:from|join|,)\s+` + table.Name + `\b(?:\s+(?:as\s+)?(\w+))?`)
		for _, m := range reading.FindAllStringSubmatch(plain, -1) {
			alias := m[1]
			if alias == "" || keywords.MatchString(alias) {
				alias = table.Name
			}
			if !strings.Contains(plain, table.Visible(access.Viewer{}).For(alias)) {
				return fmt.Errorf("reads %s as %q without the rule", table.Name, alias)
			}
		}
	}
	return nil
}

func TestRuleIsMissedWhereItLacks(t *testing.T) {
	t.Parallel()
	rule := func(a string) string {
		return a + ".status = 'PUBLISHED' AND " + a + ".visibility = 'PUBLIC' AND " + a + ".trashed_at IS NULL"
	}
	for statement, ok := range map[string]bool{
		"SELECT id FROM articles":                                                                          false,
		"SELECT id FROM articles WHERE " + rule("articles"):                                                false,
		"SELECT id FROM articles AS a JOIN articles b ON b.id = a.id WHERE " + rule("a"):                   false,
		"SELECT id FROM articles AS a JOIN articles b ON b.id = a.id WHERE " + rule("a") + " " + rule("b"): true,
		`SELECT id FROM "pages" WHERE "pages"."id" = 1`:                                                    false,
		`SELECT c.id FROM comments c WHERE c.status = 'APPROVED'`:                                          false,
		"SELECT 1 FROM listings l":                                                                         true,
		"UPDATE articles SET id=1":                                                                         false,
	} {
		if statement == "SELECT id FROM articles WHERE "+rule("articles") {
			ok = true
		}
		if got := checkRule(statement) == nil; got != ok {
			t.Errorf("%s: %v, want %v", statement, got, ok)
		}
	}
}

// TestHiddenIsLikeAbsent asks for rows that are hidden and for such as never
// were, by each way there is, and compares the answers byte by byte.
func TestHiddenIsLikeAbsent(t *testing.T) {
	t.Parallel()
	eachNewsroom(t, func(t *testing.T, n *newsroom) {
		pairs := map[string][2]string{}
		pair := func(query, hidden, absent string) { pairs[query+hidden] = [2]string{query, absent} }
		hide := map[string]string{}
		ask := func(query, hidden, absent string) {
			pair(query, hidden, absent)
			hide[query+hidden] = hidden
		}
		for title, a := range n.byTitle {
			if !strings.HasPrefix(title, secret) {
				continue
			}
			none := id.Encode(id.Article, 987_654_321)
			ask(`query($x: ID!) { node(id: $x) { id } }`, a.PublicID(), none)
			ask(`query($x: ID!) { nodes(ids: [$x]) { id } }`, a.PublicID(), none)
			ask(`query($x: ID!) { article(by: {id: $x}) { id } }`, a.PublicID(), none)
			ask(`query($x: String!) { article(by: {slug: $x}) { id } }`, a.Slug, "never-was")
			ask(`query($x: String!) { article(by: {path: $x}) { id } }`, "/articles/"+a.Slug, "/articles/never-was")
			ask(`query($x: String!) { route(path: $x) { path } }`, "/articles/"+a.Slug, "/articles/never-was")
		}
		ask(`query($x: String!) { route(path: $x) { path } }`, "/old-draft", "/never-was")
		ask(`query($x: String!) { route(path: $x) { path } }`, "/hidden-page", "/never-was")
		for _, c := range n.comments {
			if strings.HasPrefix(c.Body, secret) {
				ask(`query($x: ID!) { node(id: $x) { id } }`, c.PublicID(), id.Encode(id.Comment, 987_654_321))
			}
		}
		page := n.pages[secret+" page"]
		ask(`query($x: ID!) { node(id: $x) { id } }`, page.PublicID(), id.Encode(id.Page, 987_654_321))
		ask(`query($x: ID!) { page(by: {id: $x}) { id } }`, page.PublicID(), id.Encode(id.Page, 987_654_321))
		ask(`query($x: String!) { page(by: {slug: $x}) { id } }`, page.Slug, "never-was")
		ask(`query($x: String!) { page(by: {path: $x}) { id } }`, "/"+page.Path, "/never-was")
		for key, p := range pairs {
			_, hidden := n.post(t, p[0], map[string]any{"x": hide[key]})
			_, absent := n.post(t, p[0], map[string]any{"x": p[1]})
			if !bytes.Equal(hidden, absent) {
				t.Errorf("%s of %s: %s, of nothing: %s", p[0], hide[key], hidden, absent)
			}
			if bytes.Contains(hidden, []byte("errors")) {
				t.Errorf("%s: %s", p[0], hidden)
			}
		}
	})
}

// TestEveryWayToHiddenRowsIsWalked finds fields that lead to a guarded row and
// stand in none of the documents above.
func TestEveryWayToHiddenRowsIsWalked(t *testing.T) {
	t.Parallel()
	schema := loadSchema(t, broadsheet.SDL)
	n := &newsroom{}
	walked := map[string]bool{}
	for name, text := range n.ways(schema) {
		for field := range fieldsOf(t, schema, name, text) {
			walked[field] = true
		}
	}
	found := 0
	open := openTypes(schema)
	for _, d := range own(schema) {
		if d.Kind != ast.Object || !open[d.Name] {
			continue
		}
		for _, f := range d.Fields {
			if strings.HasPrefix(f.Name, "__") || f.Directives.ForName("auth") != nil || !holdsGuarded(schema, f.Type.Name(), map[string]bool{}) {
				continue
			}
			found++
			if !walked[d.Name+"."+f.Name] {
				t.Errorf("%s.%s leads to rows that may be hidden: add it to the documents of this file", d.Name, f.Name)
			}
		}
	}
	if found < 30 {
		t.Errorf("only %d fields found: the walk misses most", found)
	}
}

// openTypes are the types that can be reached without a guarded field. What
// lies behind those is held by the table of permissions.
func openTypes(s *ast.Schema) map[string]bool {
	open := map[string]bool{}
	var walk func(d *ast.Definition)
	walk = func(d *ast.Definition) {
		if d == nil || open[d.Name] {
			return
		}
		open[d.Name] = true
		for _, t := range s.GetPossibleTypes(d) {
			walk(t)
		}
		for _, f := range d.Fields {
			if f.Directives.ForName("auth") == nil {
				walk(s.Types[f.Type.Name()])
			}
		}
	}
	walk(s.Query)
	return open
}

func TestWalkFindsNewFields(t *testing.T) {
	t.Parallel()
	s := loadSchema(t, `type Query { a: Article b: BConnection c: Thing d: [U!]! e: Int } type Article { id: Int } type BConnection { edges: [BEdge!]! }
		type BEdge { node: Article } type Thing { article: Article } union U = Article | Thing`)
	got := map[string]bool{}
	for _, f := range s.Query.Fields {
		if !strings.HasPrefix(f.Name, "__") {
			got[f.Name] = holdsGuarded(s, f.Type.Name(), map[string]bool{})
		}
	}
	// c is no way of its own: Thing.article is.
	if want := map[string]bool{"a": true, "b": true, "c": false, "d": true, "e": false}; !maps.Equal(got, want) {
		t.Errorf("%v, want %v", got, want)
	}
}
