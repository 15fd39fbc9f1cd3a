package graph_test

import (
	"bytes"
	"context"
	"encoding/json"
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/broadsheet-cms/broadsheet/ent/user"
	"github.com/broadsheet-cms/broadsheet/internal/access"
	"github.com/broadsheet-cms/broadsheet/internal/account"
	"github.com/broadsheet-cms/broadsheet/internal/signin"
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
		people[strings.ToLower(string(role))] = member(t, n.DB, role, 0)
	}
	spec := account.User{Email: "you@example.org", DisplayName: "You", Role: user.RoleEditor}
	if _, _, err := n.Accounts.Create(access.AsSystem(t.Context()), spec, "a whole sentence is a good password"); err != nil {
		t.Fatal(err)
	}
	endpoint := n.handler
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
		if o.name == "SignIn" { // the one operation that needs the door
			n.handler = signin.New(n.Accounts, signin.Options{RequestID: func(context.Context) string { return "" }}).Handler(endpoint)
		}
		got, raw := n.askAs(t, viewer, o.query, o.variables)
		n.handler = endpoint
		if len(got.Errors) > 0 {
			t.Fatalf("%s: %s", o.name, raw)
		}
		if bytes.Contains(raw, []byte(`"userErrors":[{`)) {
			t.Errorf("%s: %s", o.name, raw)
		}
		if o.name == "Write" { // the article of the day
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
