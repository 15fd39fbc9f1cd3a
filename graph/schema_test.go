package graph_test

import (
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/vektah/gqlparser/v2"
	"github.com/vektah/gqlparser/v2/ast"

	"github.com/broadsheet-cms/broadsheet"
)

func loadSchema(t testing.TB, sdl string) *ast.Schema {
	t.Helper()
	schema, err := gqlparser.LoadSchema(&ast.Source{Name: "schema.graphql", Input: sdl})
	if err != nil {
		t.Fatal(err)
	}
	return schema
}

// own gives the types of the schema that are ours, by name.
func own(s *ast.Schema) []*ast.Definition {
	var types []*ast.Definition
	for _, d := range s.Types {
		if !d.BuiltIn {
			types = append(types, d)
		}
	}
	slices.SortFunc(types, func(a, b *ast.Definition) int { return strings.Compare(a.Name, b.Name) })
	return types
}

// usual are the arguments of paging, which mean the same on every list and are
// described at Query.latestNews, and the language that every latestNews takes.
var usual = []string{"first", "after", "last", "before", "language"}

// TestEverythingIsDescribed holds the schema to be documentation: each type,
// field, argument, enum value and input field has words of its own.
func TestEverythingIsDescribed(t *testing.T) {
	t.Parallel()
	schema := loadSchema(t, broadsheet.SDL)
	for _, d := range own(schema) {
		if d.Description == "" {
			t.Errorf("%s has no description", d.Name)
		}
		for _, v := range d.EnumValues {
			if v.Description == "" {
				t.Errorf("%s.%s has no description", d.Name, v.Name)
			}
		}
		for _, f := range d.Fields {
			if strings.HasPrefix(f.Name, "__") || describedByInterface(schema, d, f) {
				continue
			}
			if f.Description == "" {
				t.Errorf("%s.%s has no description", d.Name, f.Name)
			}
			for _, a := range f.Arguments {
				if a.Description == "" && !slices.Contains(usual, a.Name) {
					t.Errorf("%s.%s(%s:) has no description", d.Name, f.Name, a.Name)
				}
			}
		}
		if d.Kind == ast.Scalar && d.Directives.ForName("specifiedBy") == nil {
			t.Errorf("scalar %s has no @specifiedBy", d.Name)
		}
	}
	for _, name := range usual {
		if schema.Query.Fields.ForName("latestNews").Arguments.ForName(name).Description == "" {
			t.Errorf("Query.latestNews(%s:) has no description, and stands for all others", name)
		}
	}
}

func describedByInterface(s *ast.Schema, d *ast.Definition, f *ast.FieldDefinition) bool {
	for _, name := range d.Interfaces {
		if same := s.Types[name].Fields.ForName(f.Name); same != nil && same.Description != "" {
			return true
		}
	}
	return false
}

// TestSchemaKeepsItsConventions checks what docs/graphql.md can promise of the
// form of the schema alone.
func TestSchemaKeepsItsConventions(t *testing.T) {
	t.Parallel()
	schema := loadSchema(t, broadsheet.SDL)
	for _, d := range own(schema) {
		if d.Kind == ast.Enum {
			for _, v := range d.EnumValues {
				if v.Name != strings.ToUpper(v.Name) {
					t.Errorf("%s.%s: values of enums are written in capitals", d.Name, v.Name)
				}
			}
		}
		if d.Kind != ast.Object && d.Kind != ast.Interface {
			continue
		}
		if strings.HasSuffix(d.Name, "Connection") {
			checkConnection(t, schema, d)
		}
		for _, f := range d.Fields {
			if !strings.HasPrefix(f.Name, "__") {
				checkField(t, schema, d, f)
			}
		}
		if implementsNode := slices.Contains(d.Interfaces, "Node"); d.Fields.ForName("id") != nil && !implementsNode && d.Name != "Node" {
			t.Errorf("%s has an id and is no Node", d.Name)
		}
	}
	for name, d := range schema.Types {
		if d.Kind == ast.InputObject && strings.HasSuffix(name, "By") && d.Directives.ForName("oneOf") == nil {
			t.Errorf("%s names one thing by one key and is no @oneOf", name)
		}
	}
}

func checkField(t *testing.T, schema *ast.Schema, d *ast.Definition, f *ast.FieldDefinition) {
	t.Helper()
	where := d.Name + "." + f.Name
	if f.Name == "id" && f.Type.String() != "ID!" {
		t.Errorf("%s is %s, want ID!", where, f.Type)
	}
	if f.Type.Elem != nil {
		if !f.Type.NonNull && where != "Query.searchSuggestions" { // which may fail alone
			t.Errorf("%s is %s: lists are never null", where, f.Type)
		}
		if !f.Type.Elem.NonNull && where != "Query.nodes" {
			t.Errorf("%s is %s: rows are never null", where, f.Type)
		}
	}
	target := schema.Types[f.Type.Name()]
	if target.Kind == ast.Enum && !f.Type.NonNull && f.Name != "direction" && f.Name != "align" { // null: that of the article, that of the design
		t.Errorf("%s is %s: enums are never null", where, f.Type)
	}
	if strings.HasSuffix(target.Name, "Connection") {
		if f.Type.NonNull {
			t.Errorf("%s is %s: a list that fails alone must not blank the page", where, f.Type)
		}
		for _, a := range []string{"first", "after"} {
			if f.Arguments.ForName(a) == nil {
				t.Errorf("%s takes no %s", where, a)
			}
		}
		if forward := target.Name == "RelatedArticleConnection" || target.Name == "SearchConnection"; !forward && (f.Arguments.ForName("last") == nil || f.Arguments.ForName("before") == nil) {
			t.Errorf("%s cannot be paged backward", where)
		}
	}
	if d.Name == "Query" && f.Arguments.ForName("by") != nil && f.Type.NonNull {
		t.Errorf("%s is %s: a look-up may find nothing", where, f.Type)
	}
}

func checkConnection(t *testing.T, schema *ast.Schema, d *ast.Definition) {
	t.Helper()
	edge := strings.TrimSuffix(d.Name, "Connection") + "Edge"
	for field, want := range map[string]string{"edges": "[" + edge + "!]!", "pageInfo": "PageInfo!"} {
		if f := d.Fields.ForName(field); f == nil || f.Type.String() != want {
			t.Errorf("%s.%s must be %s", d.Name, field, want)
		}
	}
	e := schema.Types[edge]
	if e == nil || e.Fields.ForName("cursor") == nil || e.Fields.ForName("cursor").Type.String() != "String!" {
		t.Fatalf("%s.cursor must be String!", edge)
	}
	node := e.Fields.ForName("node").Type
	if nodes := d.Fields.ForName("nodes"); nodes == nil || nodes.Type.String() != "["+node.String()+"]!" {
		t.Errorf("%s.nodes must be [%s]!", d.Name, node)
	}
}

// schemaGolden is the schema as clients know it.
const schemaGolden = "testdata/schema.golden.graphql"

// TestSchemaBreaksNoClient compares the schema with the one that clients know.
// Additions pass; what was removed, or made stricter for clients, fails until
// somebody decides it by -update.
func TestSchemaBreaksNoClient(t *testing.T) {
	t.Parallel()
	if *update {
		if err := os.WriteFile(schemaGolden, []byte(broadsheet.SDL), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	known, err := os.ReadFile(schemaGolden)
	if err != nil {
		t.Fatalf("%v (run the test with -update)", err)
	}
	for _, change := range breaking(loadSchema(t, string(known)), loadSchema(t, broadsheet.SDL)) {
		t.Errorf("breaks clients: %s", change)
	}
}

// breaking lists what a client of the old schema could stumble over.
func breaking(old, now *ast.Schema) (changes []string) {
	say := func(format string, args ...any) { changes = append(changes, fmt.Sprintf(format, args...)) }
	for _, was := range own(old) {
		is := now.Types[was.Name]
		if is == nil {
			say("%s is gone", was.Name)
			continue
		}
		if is.Kind != was.Kind {
			say("%s was %s, is %s", was.Name, was.Kind, is.Kind)
			continue
		}
		for _, v := range was.EnumValues {
			if is.EnumValues.ForName(v.Name) == nil {
				say("%s.%s is gone", was.Name, v.Name)
			}
		}
		for _, member := range was.Types {
			if !slices.Contains(is.Types, member) {
				say("%s no longer holds %s", was.Name, member)
			}
		}
		for _, name := range was.Interfaces {
			if !slices.Contains(is.Interfaces, name) {
				say("%s is no longer a %s", was.Name, name)
			}
		}
		input := was.Kind == ast.InputObject
		for _, f := range was.Fields {
			g := is.Fields.ForName(f.Name)
			switch {
			case g == nil:
				say("%s.%s is gone", was.Name, f.Name)
			case input && !fits(f.Type, g.Type) || !input && !fits(g.Type, f.Type):
				say("%s.%s was %s, is %s", was.Name, f.Name, f.Type, g.Type)
			default:
				changes = append(changes, breakingArguments(was.Name+"."+f.Name, f.Arguments, g.Arguments)...)
			}
		}
		for _, g := range is.Fields {
			if input && was.Fields.ForName(g.Name) == nil && g.Type.NonNull && g.DefaultValue == nil {
				say("%s.%s is new and required", was.Name, g.Name)
			}
		}
		if was.Directives.ForName("oneOf") == nil && is.Directives.ForName("oneOf") != nil {
			say("%s takes one key only", was.Name)
		}
	}
	return changes
}

func breakingArguments(field string, was, is ast.ArgumentDefinitionList) (changes []string) {
	for _, a := range was {
		b := is.ForName(a.Name)
		switch {
		case b == nil:
			changes = append(changes, fmt.Sprintf("%s(%s:) is gone", field, a.Name))
		case !fits(a.Type, b.Type):
			changes = append(changes, fmt.Sprintf("%s(%s:) was %s, is %s", field, a.Name, a.Type, b.Type))
		case a.DefaultValue.String() != b.DefaultValue.String():
			changes = append(changes, fmt.Sprintf("%s(%s:) was %s by default, is %s", field, a.Name, a.DefaultValue, b.DefaultValue))
		}
	}
	for _, b := range is {
		if was.ForName(b.Name) == nil && b.Type.NonNull && b.DefaultValue == nil {
			changes = append(changes, fmt.Sprintf("%s(%s:) is new and required", field, b.Name))
		}
	}
	return changes
}

// fits reports whether whoever takes b is well served by a: a is the same type,
// and never null where b is not.
func fits(a, b *ast.Type) bool {
	if b.NonNull && !a.NonNull || a.NamedType != b.NamedType || (a.Elem == nil) != (b.Elem == nil) {
		return false
	}
	return a.Elem == nil || fits(a.Elem, b.Elem)
}

func TestBreakingChangesAreFound(t *testing.T) {
	t.Parallel()
	const before = `type Query { a(x: Int, y: Int! = 1): String! b: [E!]! u: U } enum E { ONE TWO } type A { a: Int } type B { a: Int } union U = A | B input I { a: Int }`
	for name, c := range map[string]struct{ old, new, want string }{
		"a field is gone":                {"b: [E!]!", "", "Query.b is gone"},
		"a field may be null":            {"String!", "String", "Query.a was String!, is String"},
		"a row may be null":              {"[E!]!", "[E]!", "Query.b was [E!]!, is [E]!"},
		"an argument is gone":            {"x: Int, ", "", "Query.a(x:) is gone"},
		"an argument is required":        {"x: Int,", "x: Int!,", "Query.a(x:) was Int, is Int!"},
		"a required argument is new":     {"x: Int,", "x: Int, z: Int!,", "Query.a(z:) is new and required"},
		"a default changed":              {"= 1", "= 2", "Query.a(y:) was 1 by default, is 2"},
		"an enum value is gone":          {"TWO", "", "E.TWO is gone"},
		"a member of a union is gone":    {"A | B", "A", "U no longer holds B"},
		"an input field is required":     {"input I { a: Int }", "input I { a: Int! }", "I.a was Int, is Int!"},
		"an input field is new":          {"input I { a: Int }", "input I { a: Int b: Int! }", "I.b is new and required"},
		"a type is gone":                 {"input I { a: Int }", "", "I is gone"},
		"a field is added":               {"u: U", "u: U v: Int", ""},
		"an optional argument is added":  {"x: Int,", "x: Int, z: Int,", ""},
		"a field is never null any more": {"u: U", "u: U!", ""},
		"an enum value is added":         {"TWO", "TWO THREE", ""},
	} {
		got := strings.Join(breaking(loadSchema(t, before), loadSchema(t, strings.Replace(before, c.old, c.new, 1))), "; ")
		if got != c.want {
			t.Errorf("%s: %q, want %q", name, got, c.want)
		}
	}
}

// TestEveryListHasABound holds the schema to say of each list how long it is:
// what cannot be weighed before it runs can be made as dear as one likes.
func TestEveryListHasABound(t *testing.T) {
	t.Parallel()
	for _, missing := range unbounded(loadSchema(t, broadsheet.SDL)) {
		t.Error(missing)
	}
}

// unbounded names the lists of a schema whose length nothing bounds.
func unbounded(schema *ast.Schema) (missing []string) {
	for _, d := range own(schema) {
		if d.Kind != ast.Object && d.Kind != ast.Interface {
			continue
		}
		for _, f := range d.Fields {
			size := f.Directives.ForName("listSize")
			connection := strings.HasSuffix(f.Type.Name(), "Connection")
			if strings.HasPrefix(f.Name, "__") || f.Type.Elem == nil && !connection || sizedAbove(schema, d, f) || f.Name == "userErrors" { // as many as the input has fields
				continue
			}
			where := d.Name + "." + f.Name
			if size == nil {
				missing = append(missing, where+" is a list without @listSize")
				continue
			}
			slicing := size.Arguments.ForName("slicingArguments")
			if slicing == nil && size.Arguments.ForName("maximum") == nil {
				missing = append(missing, where+": neither an argument nor a maximum bounds the list")
			}
			if size.Arguments.ForName("assumedSize") == nil {
				missing = append(missing, where+": want an assumedSize")
			}
			if slicing == nil {
				continue
			}
			for _, a := range slicing.Value.Children {
				if f.Arguments.ForName(a.Value.Raw) == nil {
					missing = append(missing, where+" has no argument "+a.Value.Raw)
				}
			}
		}
	}
	return missing
}

// sizedAbove reports whether every field that gives the type says how many rows
// f has.
func sizedAbove(schema *ast.Schema, d *ast.Definition, f *ast.FieldDefinition) bool {
	found := false
	for _, owner := range own(schema) {
		if owner.Kind != ast.Object && owner.Kind != ast.Interface {
			continue
		}
		for _, above := range owner.Fields {
			if above.Type.Name() != d.Name {
				continue
			}
			size := above.Directives.ForName("listSize")
			if size == nil || size.Arguments.ForName("sizedFields") == nil ||
				!slices.ContainsFunc(size.Arguments.ForName("sizedFields").Value.Children, func(c *ast.ChildValue) bool { return c.Value.Raw == f.Name }) {
				return false
			}
			found = true
		}
	}
	return found
}

func TestUnboundedListsAreFound(t *testing.T) {
	t.Parallel()
	const directives = `directive @listSize(assumedSize: Int, slicingArguments: [String!], sizedFields: [String!], maximum: Int) on FIELD_DEFINITION `
	for sdl, want := range map[string]string{
		`type Query { a: [Int!]! }`:                                                                                      "Query.a is a list without @listSize",
		`type Query { a: [Int!]! @listSize(assumedSize: 3) }`:                                                            "Query.a: neither an argument nor a maximum bounds the list",
		`type Query { a: [Int!]! @listSize(assumedSize: 3, maximum: 4) }`:                                                "",
		`type Query { a: [Int!]! @listSize(assumedSize: 3, slicingArguments: ["n"]) }`:                                   "Query.a has no argument n",
		`type Query { a: C @listSize(assumedSize: 3, maximum: 9, sizedFields: ["edges"]) } type C { edges: [Int!]! }`:    "",
		`type Query { a: C @listSize(assumedSize: 3, maximum: 9, sizedFields: ["edges"]) b: C } type C { edges: [Int] }`: "C.edges is a list without @listSize",
		`type Query { a: XConnection } type XConnection { b: Int }`:                                                      "Query.a is a list without @listSize",
	} {
		if got := strings.Join(unbounded(loadSchema(t, directives+sdl)), "; "); got != want {
			t.Errorf("%s: %q, want %q", sdl, got, want)
		}
	}
}
