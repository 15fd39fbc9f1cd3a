package graph_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/broadsheet-cms/broadsheet/ent/author"
	"github.com/broadsheet-cms/broadsheet/ent/category"
	"github.com/broadsheet-cms/broadsheet/ent/place"
	"github.com/broadsheet-cms/broadsheet/ent/redirect"
	"github.com/broadsheet-cms/broadsheet/ent/series"
	"github.com/broadsheet-cms/broadsheet/ent/tag"
	"github.com/broadsheet-cms/broadsheet/internal/access"
	"github.com/broadsheet-cms/broadsheet/internal/id"
	"github.com/broadsheet-cms/broadsheet/internal/site"
)

// mistake is what a mutation is asked for that cannot be. In its input, {name}
// stands for the id of a thing.
type mistake struct {
	mutation, input string
	code            string
	field           string // path, its steps parted by dots
}

// mistakesOfTerms are those about sections, tags, places, series and authors.
func mistakesOfTerms() map[string]mistake {
	all := map[string]mistake{
		"a section in itself":             {"moveCategory", `id: "{world}", parentId: "{world}"`, "CIRCULAR_REFERENCE", "parentId"},
		"a section in one below it":       {"moveCategory", `id: "{world}", parentId: "{asia}"`, "CIRCULAR_REFERENCE", "parentId"},
		"a section merged below itself":   {"mergeCategories", `ids: ["{sport}", "{world}"], into: "{asia}"`, "CIRCULAR_REFERENCE", "ids.1"},
		"a section merged into itself":    {"mergeCategories", `ids: ["{sport}"], into: "{sport}"`, "CIRCULAR_REFERENCE", "ids.0"},
		"a section's articles to itself":  {"deleteCategory", `id: "{sport}", moveArticlesTo: "{sport}"`, "CIRCULAR_REFERENCE", "moveArticlesTo"},
		"a section with others below":     {"deleteCategory", `id: "{world}", moveArticlesTo: "{sport}"`, "IN_USE", "id"},
		"a section with articles":         {"deleteCategory", `id: "{sport}"`, "IN_USE", "id"},
		"an author with articles":         {"deleteAuthor", `id: "{author}"`, "IN_USE", "id"},
		"articles to nothing":             {"deleteTag", `id: "{tag}", moveArticlesTo: "{author}"`, "NOT_FOUND", "moveArticlesTo"},
		"articles to no id":               {"deleteTag", `id: "{tag}", moveArticlesTo: "x"`, "INVALID", "moveArticlesTo"},
		"a parent of no section":          {"createCategory", `name: "A", parentId: "{no category}"`, "NOT_FOUND", "parentId"},
		"a parent of another type":        {"createCategory", `name: "A", parentId: "{tag}"`, "NOT_FOUND", "parentId"},
		"a parent of no id":               {"moveCategory", `id: "{sport}", parentId: "x"`, "INVALID", "parentId"},
		"nothing merged":                  {"mergeTags", `ids: [], into: "{tag}"`, "INVALID", "ids"},
		"no id merged":                    {"mergeTags", `ids: ["{tag}", "x"], into: "{tag}"`, "INVALID", "ids.1"},
		"merged into nothing":             {"mergeTags", `ids: ["{tag}"], into: "{no tag}"`, "NOT_FOUND", "into"},
		"a taken slug of another tag":     {"updateTag", `id: "{tag}", slug: "ferries"`, "TAKEN", "slug"},
		"a taken slug of another section": {"updateCategory", `id: "{asia}", slug: "sport"`, "TAKEN", "slug"},
		"a picture of nothing":            {"createAuthor", `name: "A", avatarId: "` + id.Encode(id.Media, 987) + `"`, "NOT_FOUND", "avatarId"},
		"an account of no id":             {"updateAuthor", `id: "{author}", userId: "usr"`, "INVALID", "userId"},
		"an account of nobody":            {"updateAuthor", `id: "{author}", userId: "` + id.Encode(id.User, 987) + `"`, "NOT_FOUND", "userId"},
		"two labels of one language":      {"createTag", `name: "A", labels: [{language: "ar", name: "x"}, {language: "ar", name: "y"}]`, "TAKEN", "labels.1.language"},
		"a latitude beyond the pole":      {"createPlace", `name: "A", latitude: 91, longitude: 0`, "INVALID", "latitude"},
		"no longitude":                    {"createPlace", `name: "A", latitude: 9, longitude: 1e300`, "INVALID", "longitude"},
		"a name too long":                 {"createTag", `name: "` + strings.Repeat("x", 3000) + `"`, "TOO_LONG", "name"},
		"a description too long":          {"createSeries", `name: "A", description: "` + strings.Repeat("x", 70_000) + `"`, "TOO_LONG", "description"},
	}
	for kind, slug := range map[string]string{"Category": "sport", "Tag": "ports", "Place": "oman", "Series": "slow-water", "Author": "nadia-karim"} {
		thing := strings.ToLower(kind)
		all["a taken slug: "+thing] = mistake{"create" + kind, `name: "A", slug: "` + slug + `"`, "TAKEN", "slug"}
		all["a slug that is none: "+thing] = mistake{"create" + kind, `name: "A", slug: "A b/c"`, "INVALID", "slug"}
		all["a blank name: "+thing] = mistake{"create" + kind, `name: " \t"`, "BLANK", "name"}
		all["a name taken away: "+thing] = mistake{"update" + kind, `id: "{` + thing + `}", name: null`, "BLANK", "name"}
		for _, action := range []string{"update", "delete"} {
			all[action+" an unknown "+thing] = mistake{action + kind, `id: "{no ` + thing + `}"`, "NOT_FOUND", "id"}
			all[action+" another type than "+thing] = mistake{action + kind, `id: "{no page}"`, "NOT_FOUND", "id"}
			all[action+" no id of a "+thing] = mistake{action + kind, `id: "x"`, "INVALID", "id"}
		}
	}
	return all
}

// mistakesOfSite are those about pages, menus, redirects, ad slots and settings.
func mistakesOfSite() map[string]mistake {
	all := map[string]mistake{
		"a blank title":                {"createPage", `title: " "`, "BLANK", "title"},
		"a title taken away":           {"updatePage", `id: "{page}", title: null`, "BLANK", "title"},
		"a taken slug of a page":       {"createPage", `title: "A", slug: "terms"`, "TAKEN", "slug"},
		"a taken slug of another page": {"updatePage", `id: "{hidden page}", slug: "terms"`, "TAKEN", "slug"},
		"a taken path":                 {"createPage", `title: "A", path: "terms"`, "TAKEN", "path"},
		"a path that is none":          {"createPage", `title: "A", path: "a//b c"`, "INVALID", "path"},
		"a page below itself":          {"updatePage", `id: "{page}", parentId: "{page}"`, "CIRCULAR_REFERENCE", "parentId"},
		"a page below nothing":         {"createPage", `title: "A", parentId: "{no page}"`, "NOT_FOUND", "parentId"},
		"a page below no id":           {"createPage", `title: "A", parentId: "x"`, "INVALID", "parentId"},
		"a stale version":              {"updatePage", `id: "{page}", expectedVersion: 7, title: "A"`, "VERSION_CONFLICT", "expectedVersion"},
		"publishing what is public":    {"publishPage", `id: "{page}"`, "ILLEGAL_TRANSITION", "id"},
		"restoring what is there":      {"restorePage", `id: "{page}"`, "ILLEGAL_TRANSITION", "id"},
		"a picture of no id in a body": {"createPage", `title: "A", body: {blocks: [{divider: {}}, {image: {mediaId: "x"}}]}`, "INVALID", "body.blocks.1.image.mediaId"},
		"a heading of no level":        {"createPage", `title: "A", body: {blocks: [{heading: {html: "A", level: 9}}]}`, "INVALID", "body.blocks.0.heading.level"},
		"a redirect to itself":         {"createRedirect", `path: "/a", address: "/a"`, "CIRCULAR_REFERENCE", "address"},
		"a redirect to its own URL":    {"createRedirect", `path: "/a", address: "https://beacon.example/a"`, "CIRCULAR_REFERENCE", "address"},
		"a circle of two":              {"createRedirect", `path: "/there", address: "/here"`, "CIRCULAR_REFERENCE", "address"},
		"a circle by a change":         {"updateRedirect", `id: "{redirect}", path: "/there", address: "/here"`, "CIRCULAR_REFERENCE", "address"},
		"a circle by a new path":       {"updateRedirect", `id: "{redirect}", path: "/elsewhere"`, "CIRCULAR_REFERENCE", "address"},
		"a taken path of a redirect":   {"createRedirect", `path: "/shop", address: "/a"`, "TAKEN", "path"},
		"a taken path by a change":     {"updateRedirect", `id: "{redirect}", path: "/shop"`, "TAKEN", "path"},
		"a redirect from nowhere":      {"createRedirect", `path: "", address: "/a"`, "INVALID", "path"},
		"a redirect of the front page": {"createRedirect", `path: "/", address: "/a"`, "INVALID", "path"},
		"a redirect to nowhere":        {"createRedirect", `path: "/a"`, "INVALID", "address"},
		"a redirect to nothing":        {"createRedirect", `path: "/a", targetId: "{no tag}"`, "NOT_FOUND", "targetId"},
		"a redirect to no id":          {"createRedirect", `path: "/a", targetId: "x"`, "INVALID", "targetId"},
		"a redirect to a script":       {"createRedirect", `path: "/a", address: "javascript:b()"`, "INVALID", "address"},
		"a redirect to two":            {"createRedirect", `path: "/a", address: "/b", targetId: "{tag}"`, "INVALID", "address"},
		"a redirect with a status":     {"createRedirect", `path: "/a", address: "/b", statusCode: 200`, "INVALID", "statusCode"},
		"an item without a label":      {"saveMenu", `location: HEADER, items: [{address: "/"}]`, "BLANK", "items.0.label"},
		"an item to nothing":           {"saveMenu", `location: HEADER, items: [{label: "A", items: [{targetId: "{no tag}"}]}]`, "NOT_FOUND", "items.0.items.0.targetId"},
		"an item to a script":          {"saveMenu", `location: HEADER, items: [{label: "A", address: "javascript:b()"}]`, "INVALID", "items.0.address"},
		"a blank name of a slot":       {"createAdSlot", `name: "", placement: FOOTER`, "BLANK", "name"},
		"a taken name of a slot":       {"createAdSlot", `name: "Sidebar", placement: SIDEBAR`, "TAKEN", "name"},
		"a width below zero":           {"createAdSlot", `name: "A", placement: FOOTER, width: -1`, "INVALID", "width"},
		"a height below zero":          {"createAdSlot", `name: "A", placement: FOOTER, height: -1`, "INVALID", "height"},
		"a blank name of the site":     {"updateSite", `name: " "`, "BLANK", "name"},
		"no time zone":                 {"updateSite", `timeZone: "Nowhere"`, "INVALID", "timeZone"},
		"a logo of nothing":            {"updateSite", `logoId: "` + id.Encode(id.Media, 987) + `"`, "NOT_FOUND", "logoId"},
	}
	for mutation, thing := range map[string]string{"updatePage": "page", "publishPage": "page", "unpublishPage": "page", "trashPage": "page", "restorePage": "page",
		"deleteMenu": "menu", "updateRedirect": "redirect", "deleteRedirect": "redirect", "updateAdSlot": "slot", "deleteAdSlot": "slot"} {
		all[mutation+" of nothing"] = mistake{mutation, `id: "{no ` + thing + `}"`, "NOT_FOUND", "id"}
		all[mutation+" of another type"] = mistake{mutation, `id: "{tag}"`, "NOT_FOUND", "id"}
		all[mutation+" of no id"] = mistake{mutation, `id: "x"`, "INVALID", "id"}
	}
	for name, html := range map[string]string{
		"a script":          `<p>a</p><script>b()</script>`,
		"an event handler":  `<p onclick='b()'>a</p>`,
		"a javascript link": `<p><a href='javascript:b()'>a</a></p>`,
		"a foreign frame":   `<iframe src='https://evil.example/'></iframe>`,
	} {
		all[name+" in HTML"] = mistake{"createPage", `title: "A", body: {html: "` + html + `"}`, "INVALID", "body.html"}
		all[name+" in Markdown"] = mistake{"updatePage", `id: "{page}", body: {markdown: "Words\n\n` + html + `"}`, "INVALID", "body.markdown"}
		all[name+" in a paragraph"] = mistake{"createPage", `title: "A", body: {blocks: [{divider: {}}, {paragraph: {html: "` + html + `"}}]}`, "INVALID", "body.blocks.1.paragraph.html"}
		all[name+" in an HTML block"] = mistake{"updatePage", `id: "{page}", body: {blocks: [{html: {html: "` + html + `"}}]}`, "INVALID", "body.blocks.0.html.html"}
	}
	return all
}

// TestMistakesInTaxonomyAndSite asks for what cannot be: each is one userError
// with its code and path, and changes nothing.
func TestMistakesInTaxonomyAndSite(t *testing.T) {
	t.Parallel()
	eachNewsroom(t, func(t *testing.T, n *newsroom) {
		admin := n.member(t, access.Admin)
		system := access.AsSystem(t.Context())
		if _, err := n.Site.SaveRedirects(t.Context(), site.Redirect{Path: "/here", Target: site.Target{Address: "/there"}},
			site.Redirect{Path: "/other", Target: site.Target{Address: "/elsewhere"}}); err != nil {
			t.Fatal(err)
		}
		ids := n.named(t)
		rows := n.DB.Ent(system)
		events := must[int](t)(rows.Event.Query().Count(system))
		huge := strings.Repeat("word ", 6<<20/5)
		for name, c := range mistakesOfTerms() {
			t.Run(name, func(t *testing.T) { n.refuses(t, admin, c, ids, nil) })
		}
		for name, c := range mistakesOfSite() {
			t.Run(name, func(t *testing.T) { n.refuses(t, admin, c, ids, nil) })
		}
		for form, c := range map[string]mistake{
			"HTML":     {"createPage", `title: "A", body: {html: $text}`, "TOO_LONG", "body.html"},
			"Markdown": {"updatePage", `id: "{page}", body: {markdown: $text}`, "TOO_LONG", "body.markdown"},
			"blocks":   {"createPage", `title: "A", body: {blocks: [{paragraph: {html: $html}}]}`, "TOO_LONG", "body.blocks"},
		} {
			variable := "text"
			if form == "blocks" {
				variable = "html"
			}
			t.Run("6 MB of "+form, func(t *testing.T) { n.refuses(t, admin, c, ids, map[string]any{variable: huge}) })
		}
		if kept := must[int](t)(rows.AuditEntry.Query().Count(system)); kept != 0 {
			t.Errorf("%d audit entries", kept)
		}
		if now := must[int](t)(rows.Event.Query().Count(system)); now != events {
			t.Errorf("%d events more", now-events)
		}
	})
}

// refuses asks for a mistake and expects to be told of it, and of nothing else.
func (n *newsroom) refuses(t *testing.T, v access.Viewer, c mistake, ids *strings.Replacer, variables map[string]any) {
	t.Helper()
	head := "mutation"
	for variable := range variables {
		head += map[string]string{"text": "($text: String!)", "html": "($html: HTML!)"}[variable]
	}
	query := head + ` { ` + c.mutation + `(input: {` + ids.Replace(c.input) + `}) { userErrors { code field } } }`
	want := fmt.Sprintf(`{"data":{%q:{"userErrors":[{"code":%q,"field":["%s"]}]}}}`, c.mutation, c.code, strings.ReplaceAll(c.field, ".", `","`))
	if _, raw := n.askAs(t, v, query, variables); string(raw) != want {
		t.Errorf("%.500s\nwant %s", raw, want)
	}
}

// named gives the ids that stand in mistakes.
func (n *newsroom) named(t *testing.T) *strings.Replacer {
	t.Helper()
	system := access.AsSystem(t.Context())
	rows := n.DB.Ent(system)
	section := func(slug string) string {
		return rows.Category.Query().Where(category.Slug(slug)).OnlyX(system).PublicID()
	}
	return strings.NewReplacer(
		"{world}", section("world"), "{asia}", section("asia"), "{sport}", section("sport"), "{category}", section("sport"),
		"{tag}", rows.Tag.Query().Where(tag.Slug("ports")).OnlyX(system).PublicID(),
		"{place}", rows.Place.Query().Where(place.Slug("oman")).OnlyX(system).PublicID(),
		"{series}", rows.Series.Query().Where(series.Slug("slow-water")).OnlyX(system).PublicID(),
		"{author}", rows.Author.Query().Where(author.Slug("nadia-karim")).OnlyX(system).PublicID(),
		"{redirect}", rows.Redirect.Query().Where(redirect.Path("/other")).OnlyX(system).PublicID(),
		"{page}", n.pages["Terms"].PublicID(), "{hidden page}", n.pages[secret+" page"].PublicID(),
		"{no category}", id.Encode(id.Category, 987), "{no tag}", id.Encode(id.Tag, 987), "{no place}", id.Encode(id.Place, 987),
		"{no series}", id.Encode(id.Series, 987), "{no author}", id.Encode(id.Author, 987), "{no page}", id.Encode(id.Page, 987),
		"{no menu}", id.Encode(id.Menu, 987), "{no redirect}", id.Encode(id.Redirect, 987), "{no slot}", id.Encode(id.AdSlot, 987))
}
