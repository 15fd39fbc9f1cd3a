package graph_test

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/vektah/gqlparser/v2/ast"

	"github.com/broadsheet-cms/broadsheet"
	"github.com/broadsheet-cms/broadsheet/ent"
	"github.com/broadsheet-cms/broadsheet/internal/access"
	"github.com/broadsheet-cms/broadsheet/internal/directory"
	"github.com/broadsheet-cms/broadsheet/internal/keyset"
)

// TestTopicsAreFoundByName asks for a row of each type of Topic by each of its keys.
// Each has an address, and no name that is not there is found.
func TestTopicsAreFoundByName(t *testing.T) {
	t.Parallel()
	schema := loadSchema(t, broadsheet.SDL)
	eachNewsroom(t, func(t *testing.T, n *newsroom) {
		for _, of := range schema.GetPossibleTypes(schema.Types["Topic"]) {
			field := strings.ToLower(of.Name)
			key := n.topic(t, field)
			row := n.topicOf(t, fmt.Sprintf("node(id: %q)", key))
			if row == nil || row.ID != key {
				t.Fatalf("%s of the id %s is %+v", of.Name, key, row)
			}
			if !strings.HasPrefix(row.URL, "http") || !strings.HasSuffix(row.URL, row.Path) {
				t.Errorf("%s has the path %q and the address %q", of.Name, row.Path, row.URL)
			}
			for by, value := range map[string]string{"slug": row.Slug, "name": row.Name} {
				if found := n.topicOf(t, fmt.Sprintf("%s(by: {%s: %q})", field, by, value)); found == nil || found.ID != key {
					t.Errorf("%s of the %s %q is %+v", of.Name, by, value, found)
				}
				if found := n.topicOf(t, fmt.Sprintf("%s(by: {%s: %q})", field, by, value+"-else")); found != nil {
					t.Errorf("%s of a %s that nothing has is %+v", of.Name, by, found)
				}
			}
		}
	})
}

type topic struct{ ID, Name, Slug, Path, URL string }

// topicOf asks as anybody for one topic.
func (n *newsroom) topicOf(t *testing.T, field string) *topic {
	t.Helper()
	_, raw := n.askAs(t, access.Viewer{}, "{ x: "+field+" { ... on Topic { id name slug path url } } }", nil)
	var answer struct{ Data struct{ X *topic } }
	if err := json.Unmarshal(raw, &answer); err != nil || strings.Contains(string(raw), `"errors"`) {
		t.Fatalf("%s: %s", field, raw)
	}
	return answer.Data.X
}

// topic gives the id of a row that readers see.
func (n *newsroom) topic(t *testing.T, field string) string {
	t.Helper()
	ctx := access.AsSystem(t.Context())
	dir := must[*directory.Snapshot](t)(n.Directory.Current(ctx))
	switch field {
	case "category":
		return dir.Categories.All[0].PublicID()
	case "place":
		return dir.Places.All[0].PublicID()
	case "author":
		return dir.Authors.All[0].PublicID()
	case "series":
		return dir.Series.All[0].PublicID()
	case "tag":
		return must[[]*ent.Tag](t)(n.Taxonomy.Tags(t.Context(), keyset.First(1)))[0].PublicID()
	}
	t.Fatalf("%s is a new type of Topic: say where a row of it is", field)
	return ""
}

// TestWhatIsWrittenInABlockCanBeRead compares the input of each kind of block with
// what can be read of it.
func TestWhatIsWrittenInABlockCanBeRead(t *testing.T) {
	t.Parallel()
	schema := loadSchema(t, broadsheet.SDL)
	inputs := 0
	for _, in := range own(schema) {
		name, isBlock := strings.CutSuffix(in.Name, "BlockInput")
		readable := []*ast.Definition{schema.Types[name+"Block"]}
		switch {
		case in.Name == "TableCellInput" || in.Name == "ListItemInput" || in.Name == "TableRowInput":
			readable = []*ast.Definition{schema.Types[strings.TrimSuffix(in.Name, "Input")]}
		case in.Name == "GalleryImageInput":
			readable = []*ast.Definition{schema.Types["BlockImage"]}
		case !isBlock || name == "":
			continue
		case name == "Image":
			readable = append(readable, schema.Types["BlockImage"])
		}
		inputs++
		for _, f := range in.Fields {
			if !slices.ContainsFunc(readable, func(d *ast.Definition) bool { return d.Fields.ForName(f.Name) != nil }) {
				t.Errorf("%s.%s can be written, and not read", in.Name, f.Name)
			}
		}
	}
	if inputs < 19 {
		t.Errorf("only %d inputs were compared", inputs)
	}
}
