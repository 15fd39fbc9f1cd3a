package graph_test

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/vektah/gqlparser/v2"
	"github.com/vektah/gqlparser/v2/ast"

	"github.com/broadsheet-cms/broadsheet"
	"github.com/broadsheet-cms/broadsheet/internal/access"
	"github.com/broadsheet-cms/broadsheet/internal/testkit"
)

// hostileValues are JSON that no argument expects, or that databases and decoders
// choke on.
var hostileValues = map[string]string{
	"a NUL":            `"a\u0000b"`,
	"a lone surrogate": `"a\ud800"`,
	"20 kB":            `"` + strings.Repeat("x", 20_000) + `"`,
	"20 kB of Arabic":  `"` + strings.Repeat("ب", 10_000) + `"`,
	"empty":            `""`,
	"a number":         `7`,
	"a large number":   `1e308`,
	"a negative one":   `-1`,
	"true":             `true`,
	"an object":        `{"a":{}}`,
	"a list":           `[[null],{}]`,
	"a list of NULs":   `["a\u0000b"]`,
}

// quickly are those of each test; all are sent by make soak.
var quickly = []string{"a NUL", "a lone surrogate", "20 kB", "a number", "an object"}

// arguments generates values for the arguments of a schema.
type arguments struct {
	schema *ast.Schema
	ids    string // JSON of an id that names something
}

var benignScalars = map[string]string{"Int": `1`, "Float": `1`, "Boolean": `true`, "DateTime": `"2026-05-04T09:00:00Z"`, "Locale": `"en"`, "URL": `"https://127.0.0.1/"`, "Date": `"2026-05-04"`}

// benign is a value of a type that is good as far as types go.
func (a arguments) benign(t *ast.Type, depth int) string {
	if t.Elem != nil {
		return "[" + a.benign(t.Elem, depth) + "]"
	}
	d := a.schema.Types[t.NamedType]
	switch {
	case d.Kind == ast.Enum:
		return `"` + d.EnumValues[0].Name + `"`
	case d.Kind == ast.InputObject:
		if depth > 8 {
			return "null"
		}
		var members []string
		for _, f := range d.Fields {
			if f.Type.NonNull && f.DefaultValue == nil {
				members = append(members, fmt.Sprintf("%q:%s", f.Name, a.benign(f.Type, depth+1)))
			}
		}
		if d.Directives.ForName("oneOf") != nil {
			members = []string{fmt.Sprintf("%q:%s", d.Fields[0].Name, a.benign(d.Fields[0].Type, depth+1))}
		}
		return "{" + strings.Join(members, ",") + "}"
	case t.NamedType == "ID":
		return a.ids
	}
	if known, ok := benignScalars[t.NamedType]; ok {
		return known
	}
	return `"x"`
}

// each calls do with values of a type in which one leaf is hostile, with the place of
// the leaf.
func (a arguments) each(t *ast.Type, hostile string, above []string, do func(place, value string)) {
	if t.Elem != nil {
		do("[]", hostile)
		a.each(t.Elem, hostile, above, func(place, value string) { do("[]"+place, "["+value+"]") })
		return
	}
	do("", hostile)
	d := a.schema.Types[t.NamedType]
	if d.Kind != ast.InputObject || slices.Contains(above, d.Name) {
		return
	}
	above = append(above, d.Name)
	for _, f := range d.Fields {
		a.each(f.Type, hostile, above, func(place, value string) {
			members := []string{fmt.Sprintf("%q:%s", f.Name, value)}
			for _, other := range d.Fields {
				if other != f && other.Type.NonNull && other.DefaultValue == nil && d.Directives.ForName("oneOf") == nil {
					members = append(members, fmt.Sprintf("%q:%s", other.Name, a.benign(other.Type, 0)))
				}
			}
			do("."+f.Name+place, "{"+strings.Join(members, ",")+"}")
		})
	}
}

// requestsOf gives the requests for one field in which one place of one argument is
// hostile. before and after are what stands around the field.
func (a arguments) requestsOf(operation, before, after string, f *ast.FieldDefinition, hostile string, do func(place, body string)) {
	selection := ""
	if d := a.schema.Types[f.Type.Name()]; d.IsCompositeType() {
		selection = "{__typename}"
	}
	for _, given := range f.Arguments {
		var declared, passed []string
		others := map[string]string{}
		for _, arg := range f.Arguments {
			if arg == given || arg.Type.NonNull && arg.DefaultValue == nil {
				declared = append(declared, fmt.Sprintf("$%s:%s", arg.Name, arg.Type))
				passed = append(passed, fmt.Sprintf("%s:$%s", arg.Name, arg.Name))
				others[arg.Name] = a.benign(arg.Type, 0)
			}
		}
		document, err := json.Marshal(fmt.Sprintf("%s(%s){%s%s(%s)%s%s}", operation, strings.Join(declared, ","), before, f.Name, strings.Join(passed, ","), selection, after))
		if err != nil {
			panic(err)
		}
		a.each(given.Type, hostile, nil, func(place, value string) {
			var variables []string
			for name, other := range others {
				if name == given.Name {
					other = value
				}
				variables = append(variables, fmt.Sprintf("%q:%s", name, other))
			}
			do(fmt.Sprintf("%s(%s%s)", f.Name, given.Name, place), fmt.Sprintf(`{"query":%s,"variables":{%s}}`, document, strings.Join(variables, ",")))
		})
	}
}

// TestSoakEveryArgumentIsChecked sends what is hostile in every place of every argument of
// the schema, as an administrator, who gets furthest: nothing fails inside.
func TestSoakEveryArgumentIsChecked(t *testing.T) {
	t.Parallel()
	testkit.Long(t)
	schema := gqlparser.MustLoadSchema(&ast.Source{Input: broadsheet.SDL})
	eachNewsroom(t, func(t *testing.T, n *newsroom) {
		admin := n.member(t, access.Admin)
		article := `"` + n.byTitle["Ferry crews accept deal"].PublicID() + `"`
		a := arguments{schema, article}
		sent, places := 0, map[string]bool{}
		_, long := testkit.Soak(t)
		for what, hostile := range hostileValues {
			if !long && !slices.Contains(quickly, what) {
				continue
			}
			send := func(place, body string) {
				n.errors.Reset()
				w := n.sendRaw(admin, body)
				raw := w.Body.String()
				sent, places[place] = sent+1, true
				if w.Code >= http.StatusInternalServerError {
					t.Errorf("%s in %s: status %d", what, place, w.Code)
				}
				for _, inside := range []string{`"INTERNAL"`, "SQLSTATE", "pq:", "sqlite", "goroutine"} {
					if strings.Contains(raw, inside) {
						t.Errorf("%s in %s: %.300s\n%.500s\n%.500s", what, place, raw, n.errors, body)
						break
					}
				}
				if n.errors.Len() > 0 && !t.Failed() {
					t.Errorf("%s in %s is logged: %.500s", what, place, n.errors)
				}
			}
			for operation, root := range map[string]*ast.Definition{"query": schema.Query, "mutation": schema.Mutation} {
				for _, f := range root.Fields {
					if !strings.HasPrefix(f.Name, "__") {
						a.requestsOf(operation, "", "", f, hostile, send)
					}
				}
			}
			// Arguments of fields of what has an id, asked of a thing of each type.
			for _, d := range schema.Types {
				if d.Kind != ast.Object || !slices.Contains(d.Interfaces, "Node") {
					continue
				}
				for _, f := range d.Fields {
					a.requestsOf("query", fmt.Sprintf("node(id:%s){...on %s{", n.someID(d.Name, article), d.Name), "}}", f, hostile, func(place, body string) { send(d.Name+"."+place, body) })
				}
			}
		}
		n.errors.Reset()
		t.Logf("%d requests for %d places", sent, len(places))
		if len(places) < 500 {
			t.Errorf("only %d places", len(places))
		}
	})
}

// someID is the JSON of the id of a thing of a type, of an article where the newsroom
// has none.
func (n *newsroom) someID(kind, article string) string {
	a, _ := n.ask(context.Background(), `{latestNews(first:1){nodes{id primaryCategory{id} tags{id} authors{id}}}}`, nil)
	var data struct {
		LatestNews struct {
			Nodes []struct {
				ID              string
				PrimaryCategory struct{ ID string }
				Tags, Authors   []struct{ ID string }
			}
		}
	}
	_ = json.Unmarshal(a.Data, &data)
	if len(data.LatestNews.Nodes) == 0 {
		return article
	}
	first := data.LatestNews.Nodes[0]
	found := map[string]string{"Article": first.ID, "Category": first.PrimaryCategory.ID}
	if len(first.Tags) > 0 {
		found["Tag"] = first.Tags[0].ID
	}
	if len(first.Authors) > 0 {
		found["Author"] = first.Authors[0].ID
	}
	if id := found[kind]; id != "" {
		return `"` + id + `"`
	}
	return article
}
