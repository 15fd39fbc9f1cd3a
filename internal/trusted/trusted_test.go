package trusted_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/broadsheet-cms/broadsheet/internal/fault"
	"github.com/broadsheet-cms/broadsheet/internal/store"
	"github.com/broadsheet-cms/broadsheet/internal/testkit"
	"github.com/broadsheet-cms/broadsheet/internal/trusted"
)

func TestDocumentsAreFoundByEachOfTheirIDs(t *testing.T) {
	t.Parallel()
	testkit.Databases(t, func(t *testing.T, db *store.DB) {
		ctx := t.Context()
		s := trusted.New(db)
		const text = "query A { site { name } }"
		if _, there, err := s.Text(ctx, "relay-1"); there || err != nil {
			t.Fatalf("before: %t %v", there, err)
		}
		if added, err := s.Push(ctx, trusted.Document{ID: "relay-1", Text: text}); added != 2 || err != nil {
			t.Fatalf("pushed: %d %v", added, err)
		}
		if added, err := s.Push(ctx, trusted.Document{ID: "relay-1", Text: text}); added != 0 || err != nil {
			t.Errorf("pushed again: %d %v", added, err)
		}
		for _, id := range []string{"relay-1", trusted.Hash(text), trusted.ID("sha256:" + trusted.Hash(text))} {
			if got, there, err := s.Text(ctx, id); got != text || !there || err != nil {
				t.Errorf("%s: %q %t %v", id, got, there, err)
			}
		}
		for _, id := range []string{"", "relay-2", "a\x00b", strings.Repeat("x", 300), "'; --", "\xff"} {
			if _, there, err := s.Text(ctx, id); there || err != nil {
				t.Errorf("%q: %t %v", id, there, err)
			}
		}
		other := []trusted.Document{{ID: "relay-9", Text: "{b}"}, {ID: "relay-1", Text: "{a}"}}
		if _, err := s.Push(ctx, other...); fault.CodeOf(err) != fault.Conflict {
			t.Errorf("another text for an id: %v", err)
		}
		if _, err := s.Push(ctx, trusted.Document{ID: "a b", Text: "{a}"}); fault.CodeOf(err) != fault.BadUserInput {
			t.Errorf("no id: %v", err)
		}
		var ids []string
		if err := s.Each(ctx, func(d trusted.Document) error { ids = append(ids, d.ID); return nil }); err != nil {
			t.Fatal(err)
		}
		want := []string{trusted.Hash(text), "relay-1"}
		if slices.Sort(want); !slices.Equal(ids, want) { // nothing of what was refused
			t.Errorf("all: %q", ids)
		}
		if removed, err := s.Remove(ctx, "relay-1", "relay-2"); removed != 1 || err != nil {
			t.Errorf("removed: %d %v", removed, err)
		}
		if _, there, err := s.Text(ctx, "relay-1"); there || err != nil {
			t.Errorf("after: %t %v", there, err)
		}
	})
}

func TestManifests(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		file, text string
		ids        []string // nil: refused
	}{
		"a document":           {"a.graphql", "{site{name}}", []string{trusted.Hash("{site{name}}")}},
		"codegen and Relay":    {"persisted-documents.json", `{"b2":"{b}","a1":"{a}"}`, []string{"a1", "b2"}},
		"prefixed ids":         {"m.json", `{"sha256:ab":"{b}"}`, []string{"ab"}},
		"Apollo's manifest":    {"persisted-query-manifest.json", `{"format":"apollo-persisted-query-manifest","version":1,"operations":[{"id":"x","name":"A","type":"query","body":"query A{a}"}]}`, []string{"x"}},
		"an empty document":    {"a.graphql", " \n", nil},
		"no JSON":              {"m.json", `{`, nil},
		"a list":               {"m.json", `[]`, nil},
		"nothing":              {"m.json", `{}`, nil},
		"a number":             {"m.json", `{"a":1}`, nil},
		"an empty text":        {"m.json", `{"a":""}`, nil},
		"an operation of none": {"m.json", `{"operations":[{"id":"x"}]}`, nil},
	} {
		documents, err := trusted.Parse(c.file, []byte(c.text))
		var ids []string
		for _, d := range documents {
			ids = append(ids, d.ID)
		}
		if (err != nil) != (c.ids == nil) || !slices.Equal(ids, c.ids) {
			t.Errorf("%s: %q %v, want %q", name, ids, err, c.ids)
		}
	}
}
