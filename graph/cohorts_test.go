package graph_test

import (
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/vektah/gqlparser/v2/ast"

	"github.com/broadsheet-cms/broadsheet"
	"github.com/broadsheet-cms/broadsheet/graph"
	"github.com/broadsheet-cms/broadsheet/internal/access"
	"github.com/broadsheet-cms/broadsheet/internal/id"
	"github.com/broadsheet-cms/broadsheet/internal/partner"
	"github.com/broadsheet-cms/broadsheet/internal/store"
	"github.com/broadsheet-cms/broadsheet/internal/testkit"
)

// paths makes a document for every path of the schema from a field of Query over
// the fields of its rows, with all fields of the rows behind those.
type paths struct {
	*wide
	schema *ast.Schema
	viewer access.Viewer
	root   string // of the documents; empty: every one
	fail   func(format string, args ...any)
}

// documents gives the documents by what they ask: "latestNews.authors" asks for
// latestNews { nodes { authors { …every field… } } }.
func (p *paths) documents() map[string]string {
	all := map[string]string{}
	for _, root := range p.schema.Query.Fields {
		target := p.schema.Types[root.Type.Name()]
		if strings.HasPrefix(root.Name, "__") || !target.IsCompositeType() || !p.may(root) || p.root != "" && p.root != root.Name {
			continue
		}
		for below, selection := range p.rows(target) {
			all[root.Name+below] = "{ " + p.call(p.schema.Query, root) + " { " + selection + " } }"
		}
	}
	return all
}

// may tells whether the viewer is answered a field.
func (p *paths) may(f *ast.FieldDefinition) bool {
	auth := f.Directives.ForName("auth")
	if auth == nil {
		return true
	}
	return p.viewer.Can(access.Capability(auth.Arguments.ForName("can").Value.Raw))
}

// isRow tells rows, which count as a level of a path, from what stands around
// them, such as connections and records of the newsroom.
func (p *paths) isRow(d *ast.Definition) bool { return slices.Contains(d.Interfaces, "Node") }

// rows gives, for each field of the rows of a type, a selection of it.
func (p *paths) rows(d *ast.Definition) map[string]string {
	all := map[string]string{}
	if d.IsAbstractType() {
		for _, possible := range p.schema.GetPossibleTypes(d) {
			for below, selection := range p.rows(possible) {
				all["."+possible.Name+below] = "... on " + possible.Name + " { " + selection + " }"
			}
		}
		return all
	}
	for _, f := range d.Fields {
		target := p.schema.Types[f.Type.Name()]
		switch {
		case strings.HasPrefix(f.Name, "__") || !p.may(f) || isBlock(target) || !target.IsCompositeType() || isNode(d, f):
		case p.isRow(d):
			all["."+f.Name] = p.call(d, f) + " { " + p.whole(target, 2, nil) + " }"
		default:
			for below, selection := range p.rows(target) {
				all["."+f.Name+below] = p.call(d, f) + " { " + selection + " }"
			}
		}
	}
	if len(all) == 0 { // rows with nothing below them
		all[""] = p.whole(d, 1, nil)
	}
	return all
}

// whole selects every field of a type: those of rows to the depth of so many
// levels, those of what stands around rows always.
func (p *paths) whole(d *ast.Definition, levels int, around []string) string {
	var b strings.Builder
	b.WriteString("__typename ")
	if d.IsAbstractType() {
		for _, possible := range p.schema.GetPossibleTypes(d) {
			fmt.Fprintf(&b, "... on %s { %s } ", possible.Name, p.whole(possible, levels, around))
		}
		return b.String()
	}
	if p.isRow(d) {
		levels, around = levels-1, nil
	} else {
		around = append(slices.Clone(around), d.Name)
	}
	for _, f := range d.Fields {
		target := p.schema.Types[f.Type.Name()]
		if strings.HasPrefix(f.Name, "__") || !p.may(f) || slices.Contains(around, target.Name) {
			continue
		}
		alias := strings.ToLower(d.Name) + "_" + f.Name + ": "
		switch {
		case !target.IsCompositeType():
			b.WriteString(alias + p.call(d, f) + " ")
		case isBlock(target) || isNode(d, f):
			b.WriteString(alias + p.call(d, f) + " { __typename } ")
		case levels > 0:
			fmt.Fprintf(&b, "%s%s { %s} ", alias, p.call(d, f), p.whole(target, levels, around))
		}
	}
	return b.String()
}

// isNode tells the row of an edge, which its connection lists among its nodes.
func isNode(d *ast.Definition, f *ast.FieldDefinition) bool {
	return strings.HasSuffix(d.Name, "Edge") && f.Name == "node"
}

// isBlock tells the types of bodies, which hold no rows and may nest.
func isBlock(d *ast.Definition) bool {
	return d.Name == "ContentBlock" || slices.Contains(d.Interfaces, "ContentBlock") || d.Name == "BlockImage" || d.Name == "ListItem"
}

// call is a field with the arguments that it needs, such as find many rows.
func (p *paths) call(d *ast.Definition, f *ast.FieldDefinition) string {
	var args []string
	for _, a := range f.Arguments {
		if value := p.argument(d.Name+"."+f.Name, a.Name); value != "" {
			args = append(args, a.Name+": "+value)
		} else if a.Type.NonNull && a.DefaultValue == nil {
			p.fail("the test knows no value for the argument %s of %s.%s", a.Name, d.Name, f.Name)
		}
	}
	if len(args) == 0 {
		return f.Name
	}
	return f.Name + "(" + strings.Join(args, ", ") + ")"
}

func (p *paths) argument(field, name string) string {
	if name == "first" {
		if strings.HasPrefix(field, "Query.") {
			return fmt.Sprint(len(p.terms.tags))
		}
		return "2"
	}
	article := p.live[len(p.live)-1]
	switch field + "." + name {
	case "Query.article.by":
		return fmt.Sprintf("{slug: %q}", article.Slug)
	case "Query.category.by":
		return `{slug: "wide-section-0"}`
	case "Query.tag.by":
		return `{slug: "wide-word-0"}`
	case "Query.place.by":
		return `{slug: "wide-place-0"}`
	case "Query.series.by":
		return `{slug: "wide-series-0"}`
	case "Query.author.by":
		return `{slug: "wide-author-0"}`
	case "Query.page.by":
		return `{slug: "wide-page-0"}`
	case "Query.search.query", "Query.newsroomSearch.query":
		return `"wide ferry"`
	case "Query.searchSuggestions.query":
		return `"wide word"`
	case "Query.menu.location":
		return "HEADER"
	case "Query.adSlots.placement":
		return "SIDEBAR"
	case "Query.route.path":
		return fmt.Sprintf("%q", "/articles/"+article.Slug)
	case "Query.node.id":
		return fmt.Sprintf("%q", article.PublicID())
	case "Query.apiKeyUsage.id":
		return fmt.Sprintf("%q", p.key.PublicID())
	case "Query.webhookDeliveries.webhookId":
		return fmt.Sprintf("%q", id.Encode(id.Webhook, 1))
	case "Query.killCompliance.articleId":
		return fmt.Sprintf("%q", article.PublicID())
	case "Query.user.id":
		return fmt.Sprintf("%q", id.Encode(id.User, p.editor.UserID))
	case "Query.calendar.from":
		return fmt.Sprintf("%q", p.clock.AddDate(0, 0, -1).Format(time.RFC3339))
	case "Query.calendar.to":
		return fmt.Sprintf("%q", p.clock.AddDate(0, 0, 30).Format(time.RFC3339))
	case "Query.viewerState.articleIds":
		return fmt.Sprintf("[%q]", article.PublicID())
	case "Query.newsletterPreferences.token", "Query.guestComment.guestToken":
		return `"none"`
	case "Query.viewerReactions.commentIds":
		return fmt.Sprintf("[%q]", id.Encode(id.Comment, 1))
	case "Query.deviceBookmarks.deviceToken", "Query.deviceBookmarkChanges.deviceToken":
		return fmt.Sprintf("%q", p.device)
	case "Query.nodes.ids":
		return p.someIDs()
	case "NewsroomRecord.revision.number", "NewsroomRecord.diff.from":
		return "1"
	case "NewsroomRecord.diff.to":
		return "2"
	case "Site.consent.kind":
		return "NEWSLETTER"
	}
	if name == "language" && strings.HasSuffix(field, ".label") {
		return `"ar"`
	}
	return ""
}

// someIDs are ids of all types, more of each in a newsroom that has more. Items
// of menus lead to things of seven types.
func (p *paths) someIDs() string {
	var list []string
	n := 2
	if len(p.terms.tags) > 3 {
		n = 3
	}
	for prefix, ids := range p.ids {
		some := n
		if prefix == id.MenuItem {
			some = 14 * (n - 1)
		}
		for _, publicID := range ids[max(0, len(ids)-some):] {
			list = append(list, fmt.Sprintf("%q", publicID))
		}
	}
	slices.Sort(list)
	return "[" + strings.Join(list, ", ") + "]"
}

// ask gives the statements that each document costs, and an example of the
// answers' size.
func (p *paths) ask(t *testing.T) map[string][]string {
	t.Helper()
	spent := map[string][]string{}
	p.askAs(t, p.viewer, `{ site { name } }`, nil) // the directory is kept in memory from here on
	for path, document := range p.documents() {
		p.statements.Take()
		a, _ := p.askAs(t, p.viewer, document, nil)
		spent[path] = p.statements.Take()
		for _, e := range a.Errors {
			t.Errorf("%s: %s %v\n%s", path, e.Message, e.Path, document)
		}
	}
	return spent
}

// TestStatementsDependOnTheDocumentAlone asks for every path of the schema, rows
// → rows → every field, in a newsroom that has 3 of everything and in one that
// has 12: it costs as many statements. Rows in cohorts of one, as if somebody had
// let each in by itself, are found by it.
func TestStatementsDependOnTheDocumentAlone(t *testing.T) {
	t.Parallel()
	testkit.Long(t)
	schema := loadSchema(t, broadsheet.SDL)
	ask := func(t *testing.T, url string, k, cohort int, role access.Role, root string) map[string][]string {
		t.Helper()
		n := emptyNewsroom(t, url)
		opts := graph.Options{Limits: unlimited, Timeout: time.Minute, Logger: slog.New(slog.NewTextHandler(n.errors, nil))}
		w := n.widen(t, k)
		made, _, err := n.Partners.Create(access.AsSystem(t.Context()), partner.Key{Name: "Partner", Scopes: partner.Scopes()})
		n.key = must[*partner.Key](t)(made, err)
		n.handler = graph.Handler(n.Graph(), opts.WithCohort(cohort))
		return (&paths{wide: w, schema: schema, viewer: n.holder(t, role), fail: t.Fatalf, root: root}).ask(t)
	}
	growing := func(few, many map[string][]string) (found []string) {
		for path := range many {
			if len(few[path]) != len(many[path]) {
				found = append(found, path)
			}
		}
		slices.Sort(found)
		return found
	}
	for name, c := range map[string]struct {
		dialect store.Dialect
		role    access.Role
	}{ // an administrator may ask for every field
		"sqlite as an administrator": {store.SQLite, access.Admin}, "postgres as an administrator": {store.Postgres, access.Admin}, "sqlite as anybody": {store.SQLite, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			few, many := ask(t, testkit.URL(t, c.dialect), 3, 0, c.role, ""), ask(t, testkit.URL(t, c.dialect), 12, 0, c.role, "")
			for _, path := range growing(few, many) {
				t.Errorf("%s: %d statements for 3, %d for 12:\n%s", path, len(few[path]), len(many[path]), strings.Join(many[path], "\n"))
			}
			if len(many) < 150 {
				t.Errorf("only %d paths were asked", len(many))
			}
		})
	}
	planted := map[string][]string{
		"latestNews": {"latestNews.nodes.authors", "latestNews.nodes.translations", "latestNews.nodes.tags", "latestNews.nodes.comments"},
		"authors":    {"authors.latestNews"}, "categories": {"categories.children", "categories.picks"}, "menu": {"menu.items"},
	}
	for root, paths := range planted {
		t.Run("finds who forgets, below "+root, func(t *testing.T) {
			t.Parallel()
			few, many := ask(t, testkit.URL(t, store.SQLite), 3, 1, "", root), ask(t, testkit.URL(t, store.SQLite), 12, 1, "", root)
			found := growing(few, many)
			for _, path := range paths {
				if !slices.Contains(found, path) {
					t.Errorf("cohorts of one row are not noticed at %s", path)
				}
			}
		})
	}
}
