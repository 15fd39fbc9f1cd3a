package store

import (
	"strings"
	"testing"

	"github.com/broadsheet-cms/broadsheet/internal/access"
)

// viewers are one of each kind: of each role, with and without a preview, and
// the program itself.
func viewers(t *testing.T) map[string]access.Viewer {
	all := map[string]access.Viewer{
		"anonymous": {},
		"preview":   {Preview: 7},
		"system":    access.Of(access.AsSystem(t.Context())),
	}
	for _, role := range access.Roles() {
		all[string(role)] = access.Viewer{UserID: 4, Role: role}
		all[string(role)+" 5"] = access.Viewer{UserID: 5, Role: role}
		all[string(role)+" with preview"] = access.Viewer{UserID: 4, Role: role, Preview: 7}
	}
	return all
}

// TestStatementCarriesTheRulesOfItsViewer asks every rule that a statement may
// name of every kind of viewer, one after the other from the same statements:
// none may get the text of another, whatever other rules the two share.
func TestStatementCarriesTheRulesOfItsViewer(t *testing.T) {
	t.Parallel()
	differ := 0
	for _, table := range access.Tables() {
		if table.Word == "" {
			continue
		}
		for _, kind := range []string{"visible", "desk", "public"} {
			rule := access.Named(kind, table.Word)
			if rule == nil {
				continue
			}
			s := MaintainBoth("SELECT 1 FROM " + table.Name + " x WHERE " + kind + "_" + table.Word + "(x)")
			for _, d := range []Dialect{SQLite, Postgres} {
				for name, v := range viewers(t) {
					text, personal, err := s.render(access.With(t.Context(), v), d)
					want := "SELECT 1 FROM " + table.Name + " x WHERE (" + rule(v).For("x") + ")"
					if err != nil || text != want {
						t.Errorf("%s_%s for %s: %q, %v, want %q", kind, table.Word, name, text, err, want)
					}
					if personal != rule(v).Personal() {
						t.Errorf("%s_%s for %s: personal is %v", kind, table.Word, name, personal)
					}
					for other, w := range viewers(t) {
						if access.Named("visible", "article")(v) == access.Named("visible", "article")(w) && rule(v) != rule(w) {
							differ++
							if got, _, _ := s.render(access.With(t.Context(), w), d); got == text {
								t.Errorf("%s_%s: %s and %s share a text", kind, table.Word, name, other)
							}
						}
					}
				}
			}
		}
	}
	if differ == 0 {
		t.Error("no two viewers share the rule of articles and differ in another: this test shows nothing")
	}
}

// TestRulesForOneViewerAreMarked: a rule that differs between two people of one
// role is for one viewer alone, so its statements are not kept.
func TestRulesForOneViewerAreMarked(t *testing.T) {
	t.Parallel()
	for _, table := range access.Tables() {
		for kind, rule := range map[string]func(access.Viewer) access.Rule{"visible": table.Visible, "desk": table.Desk} {
			if rule == nil {
				continue
			}
			for _, role := range access.Roles() {
				for _, preview := range []int{0, 7} {
					a := rule(access.Viewer{UserID: 4, Role: role, Preview: preview})
					b := rule(access.Viewer{UserID: 5, Role: role, Preview: 2 * preview})
					if want := a.For("x") != b.For("x"); a.Personal() != want {
						t.Errorf("%s rule of %s for %s, preview %d: personal is %v, want %v", kind, table.Name, role, preview, a.Personal(), want)
					}
				}
			}
		}
	}
}

func TestStatementNamesRulesThatExist(t *testing.T) {
	t.Parallel()
	for _, text := range []string{"SELECT 1 FROM tags t WHERE visible_nothing(t)", "SELECT 1 FROM pages p WHERE desk_page(p)"} {
		if err := MaintainBoth(text).Check(); err == nil || !strings.Contains(err.Error(), "no rule") {
			t.Errorf("%s: %v", text, err)
		}
	}
}
