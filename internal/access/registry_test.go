package access_test

import (
	"context"
	"testing"

	"github.com/broadsheet-cms/broadsheet/ent/migrate"
	"github.com/broadsheet-cms/broadsheet/internal/access"
)

// beyond are the tables that refer to guarded rows and are no guarded tables
// themselves, each with the reason.
var beyond = map[string]string{
	"article_categories": "joins keys; statements read it beside articles",
	"article_places":     "joins keys; statements read it beside articles",
	"article_tags":       "joins keys; statements read it beside articles",
	"article_locks":      "read by the newsroom's services after the article was asked for",
	"article_notes":      "read by the newsroom's services after the article was asked for",
	"authors":            "profiles are public, and what shows a picture shows it",
	"autosaves":          "read by the newsroom's services after the article was asked for",
	"bookmarks":          "read by their owner alone; statements read them beside articles",
	"picks":              "read beside articles",
	"preview_tokens":     "read by the newsroom's services after the article was asked for",
	"comment_reactions":  "counted beside comments, which carry their rule",
	"comment_reports":    "read by moderators after the comment was asked for",
	"comment_revisions":  "read by moderators after the comment was asked for",
	"notifications":      "read by their owner alone; statements read them beside articles and comments",
	"reading_history":    "read by its owner alone; statements read it beside articles",
	"related_pins":       "read beside articles",
	"revisions":          "read by the newsroom's services after the article was asked for",
	"withdrawals":        "read by the newsroom's services after the article was asked for",
}

// TestWhatRefersToGuardedRowsIsGuarded: a table that refers to one of the
// registry is in it as well, or says why not.
func TestWhatRefersToGuardedRowsIsGuarded(t *testing.T) {
	t.Parallel()
	guarded := map[string]bool{}
	for _, table := range access.Tables() {
		guarded[table.Name] = true
	}
	used := map[string]bool{}
	for _, table := range migrate.Tables {
		delete(guarded, table.Name) // what is left at the end is no table at all
	}
	for name := range guarded {
		t.Errorf("the registry names %s, which is no table", name)
	}
	for _, table := range access.Tables() {
		guarded[table.Name] = true
	}
	for _, table := range migrate.Tables {
		for _, key := range table.ForeignKeys {
			if !guarded[key.RefTable.Name] || guarded[table.Name] {
				continue
			}
			used[table.Name] = true
			if beyond[table.Name] == "" {
				t.Errorf("%s refers to %s, which is guarded, and is neither in the registry nor in this test", table.Name, key.RefTable.Name)
			}
		}
	}
	for name := range beyond {
		if !used[name] {
			t.Errorf("%s is listed here without need", name)
		}
	}
}

// TestNobodySeesMoreThanTheSystem and an unknown viewer sees the least: the
// program sees all, and a context without a viewer is an anonymous reader's.
func TestNobodySeesMoreThanTheSystem(t *testing.T) {
	t.Parallel()
	for _, table := range access.Tables() {
		if rule := table.Visible(access.Of(access.AsSystem(context.Background()))); rule.For("x") != "1 = 1" {
			t.Errorf("%s: the program sees %q", table.Name, rule.For("x"))
		}
		if a, b := table.Visible(access.Of(context.Background())), table.Visible(access.Viewer{}); a != b {
			t.Errorf("%s: without a viewer %q, for an anonymous one %q", table.Name, a.For("x"), b.For("x"))
		}
		if table.Desk != nil && table.Desk(access.Viewer{UserID: 1, Role: access.Reader}).For("x") != "1 = 0" {
			t.Errorf("%s: a reader works on some", table.Name)
		}
	}
}
