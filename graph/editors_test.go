package graph_test

import (
	"bytes"
	"context"
	"encoding/json"
	"maps"
	"os"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/broadsheet-cms/broadsheet"
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
	for _, f := range loadSchema(t, broadsheet.SDL).Mutation.Fields { // the moderator's day is whole
		auth := f.Directives.ForName("auth")
		if auth != nil && auth.Arguments.ForName("can").Value.Raw == string(access.ModerateComments) && !strings.Contains(string(text), f.Name) {
			t.Errorf("docs/editors.md does not tell of %s", f.Name)
		}
	}
	ran := runInOrder(t, n, people, string(text), map[string]string{})
	if ran < 25 {
		t.Errorf("only %d operations were found", ran)
	}
}

// runInOrder runs the operations of a document, as the person that the first
// line of each names, and tells how many there were.
func runInOrder(t *testing.T, n *newsroom, people map[string]access.Viewer, text string, given map[string]string) (ran int) {
	t.Helper()
	endpoint := n.handler
	ids := maps.Clone(given) // what a reader has from a mail, and the newest id by its prefix
	for _, o := range operations(t, text) {
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
			o.variables[name] = filled(ids, name, value)
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
		noteIDs(ids, o.name, got.Data)
		ran++
	}
	return ran
}

// filled puts what answers before gave in the place of what a reader fills in:
// art_… is the article, … the text of the variable's name.
func filled(known map[string]string, name string, value any) any {
	switch v := value.(type) {
	case string:
		if v == "…" {
			return known[name]
		}
		if prefix, ok := strings.CutSuffix(v, "_…"); ok {
			return known[prefix]
		}
	case []any:
		for i := range v {
			v[i] = filled(known, name, v[i])
		}
	}
	return value
}

// TestReadersFlows runs the operations of docs/readers.md in their order.
func TestReadersFlows(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("../docs/readers.md")
	if err != nil {
		t.Fatal(err)
	}
	n := demoNewsroom(t)
	people := map[string]access.Viewer{"nobody": {}, "reader": member(t, n.DB, access.Reader, 0)}
	stop, err := n.Links.Sign(t.Context(), "digest.stop", strconv.Itoa(people["reader"].UserID)) // of a mail
	if err != nil {
		t.Fatal(err)
	}
	spec := account.User{Email: "salma@example.net", DisplayName: "Salma"}
	const password = "a whole sentence is a good password"
	if _, _, err := n.Accounts.Create(access.AsSystem(t.Context()), spec, password); err != nil {
		t.Fatal(err)
	}
	if ran := runInOrder(t, n, people, string(text), map[string]string{"token": stop, "email": spec.Email, "password": password}); ran < 25 {
		t.Errorf("only %d operations were found", ran)
	}
}

var asLine = regexp.MustCompile(`(?m)^# as: (\w+)$`)

// noteIDs keeps what later operations are filled in with: the article of the day,
// the newest comment and section, and tokens by their names.
func noteIDs(known map[string]string, operation string, data json.RawMessage) {
	for _, m := range regexp.MustCompile(`"(id|commentId)":"([a-z]{3})_[^"]+"`).FindAllSubmatch(data, -1) {
		prefix := string(m[2])
		_, id, _ := strings.Cut(strings.TrimSuffix(string(m[0]), `"`), `":"`)
		switch prefix {
		case "art":
			if operation == "Write" || operation == "Front" || operation == "Page" && known["art"] == "" {
				known["art"] = id
			}
		case "com":
			if strings.HasPrefix(operation, "Comment") || operation == "Reader" {
				known["com"] = id
			}
		default:
			known[prefix] = id
		}
	}
	for _, m := range regexp.MustCompile(`"(\w+Token)":"([^"]+)"`).FindAllSubmatch(data, -1) {
		known[string(m[1])] = string(m[2])
	}
}
