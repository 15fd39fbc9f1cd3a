package graph_test

import (
	"bytes"
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/broadsheet-cms/broadsheet/ent"
	"github.com/broadsheet-cms/broadsheet/internal/access"
	"github.com/broadsheet-cms/broadsheet/internal/mail"
)

// TestAccountsPage runs the operations of docs/accounts.md in their order on the
// demo newsroom. Words in capitals in the variables are what a reader has then.
func TestAccountsPage(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("../docs/accounts.md")
	if err != nil {
		t.Fatal(err)
	}
	n := demoNewsroom(t)
	n.Newsletters.ContactAddress = "desk@example.org"
	site := must[*ent.Site](t)(n.DB.Ent(t.Context()).Site.Query().Only(t.Context()))
	has := map[string]string{}
	for kind, c := range site.Consents {
		has[kind+"_VERSION"] = c.Version
	}
	people := map[string]access.Viewer{"reader": member(t, n.DB, access.Reader, 0), "editor": member(t, n.DB, access.Editor, 0)}
	got := map[string]*regexp.Regexp{
		"NEWSLETTER_ID": regexp.MustCompile(`"id":"(nwl_\w+)"`), "ISSUE_ID": regexp.MustCompile(`"id":"(nli_\w+)"`),
		"PREFERENCES_TOKEN": regexp.MustCompile(`"preferencesToken":"([^"]+)"`),
	}
	ran := 0
	for _, o := range operations(t, string(text)) {
		viewer := access.Viewer{}
		if as := asLine.FindStringSubmatch(o.query); as != nil {
			viewer = people[as[1]]
		}
		for name, value := range o.variables {
			if given, ok := value.(string); ok && strings.ToUpper(given) == given {
				if has[given] == "" {
					t.Fatalf("%s: nobody has a %s yet; jobs: %v", o.name, given, n.unfinished(t))
				}
				o.variables[name] = has[given]
			}
		}
		a, raw := n.askAs(t, viewer, o.query, o.variables)
		if len(a.Errors) > 0 || strings.Contains(o.query, "mutation ") && !bytes.Contains(raw, []byte(`"userErrors":[]`)) {
			t.Fatalf("%s: %s", o.name, raw)
		}
		for name, find := range got {
			if found := find.FindSubmatch(raw); found != nil {
				has[name] = string(found[1])
			}
		}
		n.readMails(t, has)
		ran++
	}
	if ran < 20 {
		t.Errorf("only %d operations were found", ran)
	}
}

var sixDigits = regexp.MustCompile(`(?m)^(\d{6})\r?$`)

// readMails runs what is due and notes what the newest mails have for a reader.
func (n *newsroom) readMails(t *testing.T, has map[string]string) {
	t.Helper()
	if _, err := n.Jobs.RunDue(t.Context()); err != nil {
		t.Fatal(err)
	}
	for _, k := range must[[]*ent.KeptMail](t)(n.Mail.Kept(t.Context(), 2)) {
		_, text, _, err := mail.Parts(k.Message)
		if err != nil {
			t.Fatal(err)
		}
		if found := mailedToken.FindStringSubmatch(text); found != nil && !strings.Contains(text, "/newsletters/preferences") {
			has["TOKEN_FROM_MAIL"] = strings.TrimSpace(found[1])
		}
		if found := sixDigits.FindStringSubmatch(text); found != nil {
			has["CODE_FROM_MAIL"] = found[1]
		}
	}
	n.DB.Ent(t.Context()).KeptMail.Delete().ExecX(t.Context())
}
