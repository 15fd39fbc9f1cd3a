package graph_test

import (
	"context"
	"database/sql"
	"fmt"
	"regexp"
	"slices"
	"testing"

	"github.com/vektah/gqlparser/v2/ast"

	"github.com/broadsheet-cms/broadsheet"
	"github.com/broadsheet-cms/broadsheet/ent"
	"github.com/broadsheet-cms/broadsheet/ent/newsletterissue"
	"github.com/broadsheet-cms/broadsheet/ent/schema"
	"github.com/broadsheet-cms/broadsheet/ent/user"
	"github.com/broadsheet-cms/broadsheet/internal/access"
	"github.com/broadsheet-cms/broadsheet/internal/account"
	"github.com/broadsheet-cms/broadsheet/internal/id"
	"github.com/broadsheet-cms/broadsheet/internal/mail"
	"github.com/broadsheet-cms/broadsheet/internal/newsletter"
	"github.com/broadsheet-cms/broadsheet/internal/store"
)

var mailedToken = regexp.MustCompile(`\?token=(\S+)`)

// mailed runs what is due and gives the token of the newest mail to an address.
func (n *newsroom) mailed(t *testing.T, to string) string {
	t.Helper()
	if _, err := n.Jobs.RunDue(t.Context()); err != nil {
		t.Fatal(err)
	}
	for _, k := range must[[]*ent.KeptMail](t)(n.Mail.Kept(t.Context(), 500)) {
		_, text, _, err := mail.Parts(k.Message)
		if err != nil {
			t.Fatal(err)
		}
		if found := mailedToken.FindStringSubmatch(text); found != nil && k.Recipient == to {
			return found[1]
		}
	}
	t.Fatalf("no mail with a link was sent to %s; jobs: %v", to, n.unfinished(t))
	return ""
}

var unfinishedSQL = store.MaintainBoth(`SELECT kind || ' ' || state || ' ' || coalesce(last_error, '') FROM jobs`)

// unfinished are the jobs that were not done, with their errors.
func (n *newsroom) unfinished(t *testing.T) []string {
	t.Helper()
	return must[[]string](t)(store.Collect(t.Context(), n.DB, unfinishedSQL, func(rows *sql.Rows) (text string, err error) {
		err = rows.Scan(&text)
		return text, err
	}))
}

// readerWords are what the documents of the table of permissions say of readers'
// accounts and newsletters.
func (r *room) readerWords(t *testing.T) map[string]func() string {
	t.Helper()
	system := access.AsSystem(t.Context())
	do := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	fresh := func() string { r.serial++; return fmt.Sprintf("guest%d@reader.example", r.serial) }
	as := func(email string) context.Context {
		made := r.DB.Ent(system).User.Create().SetEmail(email).SetDisplayName("Reader").SetRole(user.RoleReader).SetPasswordHash(r.passwordHash(t)).SaveX(system)
		return access.With(t.Context(), access.Viewer{UserID: made.ID, Role: access.Reader, Name: "Reader"})
	}
	list := func() int {
		n, err := r.Newsletters.Create(system, newsletter.Newsletter{Name: "List " + fresh(), Slug: fmt.Sprintf("list-%d", r.serial), Language: "en"})
		do(err)
		return n.ID
	}
	consents := func() {
		_, err := r.Site.SaveConsents(system, map[string]schema.Consent{"NEWSLETTER": {Version: "1", HTML: "Yes."}, "SITE_USE": {Version: "1", HTML: "Yes."}})
		do(err)
	}
	subscribe := func() string {
		consents()
		email := fresh()
		do(r.Newsletters.Subscribe(t.Context(), newsletter.Subscribe{Newsletters: []int{list()}, Email: email, ConsentVersion: "1"}))
		return r.mailed(t, email)
	}
	// of gives the token of a mail to an address that has an account, or has none.
	of := func(hasAccount bool, ask func(email string) error) func() string {
		return func() string {
			email := fresh()
			if hasAccount {
				as(email)
			}
			do(ask(email))
			return r.mailed(t, email)
		}
	}
	return map[string]func() string{
		"reader": fresh,
		"verify": of(false, func(email string) error {
			return r.Accounts.SignUp(t.Context(), account.SignUp{Email: email, DisplayName: "Reader"})
		}),
		"link":  of(true, func(email string) error { return r.Accounts.RequestSignInLink(t.Context(), email) }),
		"reset": of(true, func(email string) error { return r.Accounts.RequestPasswordReset(t.Context(), email) }),
		"change": of(false, func(email string) error {
			return r.Accounts.ChangeEmail(as(fresh()), email, "seven slow ferries")
		}),
		"consent": func() string { consents(); return "1" },
		"contact": func() string { r.Newsletters.ContactAddress = "desk@example.org"; return "Reader" },
		"list":    func() string { return id.Encode(id.Newsletter, list()) },
		"confirm": subscribe,
		"preferences": func() string {
			_, token, err := r.Newsletters.Confirm(t.Context(), subscribe())
			do(err)
			return token
		},
		"digest": func() string {
			token, err := r.Links.Sign(t.Context(), "digest.stop", "1")
			do(err)
			return token
		},
		"issue": func() string {
			made, err := r.Newsletters.CreateIssue(system, newsletter.Issue{Newsletter: list(), Subject: "Hello", Intro: "Words.", Source: newsletterissue.SourceLatest, Count: 3})
			do(err)
			return made.PublicID()
		},
	}
}

// TestSensitiveMutationsStandOnce sends one twice, by aliases and by fragments.
func TestSensitiveMutationsStandOnce(t *testing.T) {
	t.Parallel()
	eachNewsroom(t, func(t *testing.T, n *newsroom) {
		const guess = `signIn(input: {email: "rita@example.org", password: "a guess", transport: TOKEN}) { userErrors { code } }`
		for name, c := range map[string]struct {
			document string
			refused  bool
		}{
			"aliases":                    {`mutation { a: ` + guess + ` b: ` + guess + ` }`, true},
			"inline fragments":           {`mutation { a: ` + guess + ` ... { b: ` + guess + ` } }`, true},
			"a fragment":                 {`mutation { ...F b: ` + guess + ` } fragment F on Mutation { a: ` + guess + ` }`, true},
			"a fragment that is skipped": {`mutation { a: ` + guess + ` ... @skip(if: true) { b: ` + guess + ` } }`, true},
			"once":                       {`mutation { ` + guess + ` }`, false},
			"two others":                 {`mutation { a: ` + guess + ` b: requestSignInLink(input: {email: "rita@example.org"}) { userErrors { code } } }`, false},
		} {
			a, raw := n.post(t, c.document, nil)
			if refused := slices.Equal(a.codes(), []string{"BAD_USER_INPUT"}); refused != c.refused {
				t.Errorf("%s: %s", name, raw)
			}
		}
	})
}

// TestWhatTakesASecretStandsOnce finds mutations that take a secret or send a
// mail for whoever asks, and are not marked @once.
func TestWhatTakesASecretStandsOnce(t *testing.T) {
	t.Parallel()
	s := loadSchema(t, broadsheet.SDL)
	secrets := []string{"password", "currentPassword", "newPassword", "token", "code", "email", "newEmail"}
	marked := 0
	for _, f := range s.Mutation.Fields {
		if f.Directives.ForName("once") != nil {
			marked++
			continue
		}
		if auth := f.Directives.ForName("auth"); auth != nil && auth.Arguments.ForName("can").Value.Raw != "USE_ACCOUNT" {
			continue
		}
		for _, a := range f.Arguments {
			d := s.Types[a.Type.Name()]
			if d.Kind != ast.InputObject {
				continue
			}
			for _, field := range d.Fields {
				if slices.Contains(secrets, field.Name) {
					t.Errorf("Mutation.%s takes %s.%s and is not marked @once", f.Name, d.Name, field.Name)
				}
			}
		}
	}
	if marked < 20 {
		t.Errorf("only %d mutations are marked @once", marked)
	}
}
