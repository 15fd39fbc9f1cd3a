package graph_test

import (
	"bytes"
	"encoding/json"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/broadsheet-cms/broadsheet/internal/access"
)

// TestEditorsDay runs the operations of docs/editors.md in their order on the
// demo newsroom, as the person that the first line of each names. Ids that a
// reader of the page fills in (art_…) are those of the answers before.
func TestEditorsDay(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("../docs/editors.md")
	if err != nil {
		t.Fatal(err)
	}
	n := demoNewsroom(t)
	people := map[string]access.Viewer{"nobody": {}}
	for _, role := range access.Roles() {
		people[strings.ToLower(string(role))] = memberOf(t, n.DB, role, 0)
	}
	makeAccount(t, n, "you@example.org", "a whole sentence is a good password", access.Editor)
	ids := map[string]string{} // the newest id by its prefix
	ran := 0
	for _, o := range operations(t, string(text)) {
		as := asLine.FindStringSubmatch(o.query)
		if as == nil {
			t.Errorf("%s does not say as whom it runs", o.name)
			continue
		}
		viewer, known := people[as[1]]
		if !known {
			t.Fatalf("%s: nobody is a %q", o.name, as[1])
		}
		for name, value := range o.variables {
			if id, ok := value.(string); ok && strings.HasSuffix(id, "_…") {
				o.variables[name] = ids[strings.TrimSuffix(id, "_…")]
			}
		}
		got, raw := n.askAs(t, viewer, o.query, o.variables)
		if len(got.Errors) > 0 {
			t.Fatalf("%s: %s", o.name, raw)
		}
		if bytes.Contains(raw, []byte(`"userErrors":[{`)) {
			t.Errorf("%s: %s", o.name, raw)
		}
		if i := slices.Index([]string{"Write"}, o.name); i >= 0 { // the article of the day
			noteIDs(ids, got.Data)
		}
		ran++
	}
	if ran < 15 {
		t.Errorf("only %d operations were found", ran)
	}
}

var asLine = regexp.MustCompile(`(?m)^# as: (\w+)$`)

// noteIDs keeps the ids of an answer by their prefixes.
func noteIDs(ids map[string]string, data json.RawMessage) {
	for _, id := range regexp.MustCompile(`"id":"([a-z]{3})_[^"]+"`).FindAllSubmatch(data, -1) {
		whole := strings.TrimSuffix(strings.TrimPrefix(string(id[0]), `"id":"`), `"`)
		ids[string(id[1])] = whole
	}
}
