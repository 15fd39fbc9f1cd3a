package account_test

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"net/http/httptest"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/broadsheet-cms/broadsheet/ent"
	"github.com/broadsheet-cms/broadsheet/ent/comment"
	entevent "github.com/broadsheet-cms/broadsheet/ent/event"
	"github.com/broadsheet-cms/broadsheet/ent/schema"
	"github.com/broadsheet-cms/broadsheet/ent/session"
	"github.com/broadsheet-cms/broadsheet/ent/user"
	"github.com/broadsheet-cms/broadsheet/internal/access"
	"github.com/broadsheet-cms/broadsheet/internal/account"
	"github.com/broadsheet-cms/broadsheet/internal/audit"
	"github.com/broadsheet-cms/broadsheet/internal/event"
	"github.com/broadsheet-cms/broadsheet/internal/fault"
	"github.com/broadsheet-cms/broadsheet/internal/id"
	"github.com/broadsheet-cms/broadsheet/internal/job"
	"github.com/broadsheet-cms/broadsheet/internal/link"
	"github.com/broadsheet-cms/broadsheet/internal/mail"
	"github.com/broadsheet-cms/broadsheet/internal/readername"
	"github.com/broadsheet-cms/broadsheet/internal/store"
	"github.com/broadsheet-cms/broadsheet/internal/testkit"
	"github.com/broadsheet-cms/broadsheet/internal/testkit/smtptest"
)

// lobby is a desk whose readers get mails, with a clock that stands still.
type lobby struct {
	*desk
	jobs       *job.Runner
	mail       *mail.Mailer
	statements *testkit.Statements
}

var legal = &ent.Site{
	LegalDocuments: []schema.LegalDocument{{Kind: "terms", Version: "1", PublishedAt: time.Date(2025, 1, 1, 0, 0, 0, 0, time.UTC)},
		{Kind: "terms", Version: "2", PublishedAt: time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)}, {Kind: "terms", Version: "3", PublishedAt: time.Date(2027, 1, 1, 0, 0, 0, 0, time.UTC)}},
	Consents: map[string]schema.Consent{"SITE_USE": {Version: "2026-05", HTML: "<p>I agree.</p>"}},
}

// lobbies runs test on each database. Mails are kept.
func lobbies(t *testing.T, test func(t *testing.T, l *lobby)) {
	t.Helper()
	testkit.EachURL(t, func(t *testing.T, url string) {
		l := &lobby{statements: &testkit.Statements{}}
		db := testkit.Open(t, url, store.Options{Wrap: l.statements.Wrap})
		l.desk = &desk{Service: account.New(db, event.NewLog(db), audit.NewLog(db)), db: db, now: time.Date(2026, 5, 4, 9, 0, 0, 0, time.UTC)}
		clock := func() time.Time { return l.now }
		log := event.NewLog(db)
		l.jobs = job.New(db, log.Woken, job.Settings{Now: clock})
		l.mail = mail.New(db, func(context.Context) (mail.Brand, error) {
			return mail.Brand{Name: "The Harbour", URL: "https://harbour.example", Language: "en"}, nil
		})
		l.mail.Configure(mail.Settings{})
		l.Now, l.mail.Now = clock, clock
		l.ServerURL = "https://api.harbour.example"
		l.SendBy(l.jobs, l.mail, link.New(db), func(context.Context) (*ent.Site, error) { return legal, nil })
		l.rita = l.make(t, ritaEmail, user.RoleEditor, ritaPassword)
		test(t, l)
	})
}

// letter is a mail that was kept.
type letter struct{ to, subject, text, html, url, token, code string }

var (
	linkOf = regexp.MustCompile(`https://\S+\?token=(\S+)`)
	codeOf = regexp.MustCompile(`(?m)^(\d{6})\r?$`)
)

// mails runs what is due and gives the mails since the last call, in order.
func (l *lobby) mails(t *testing.T) (all []letter) {
	t.Helper()
	if _, err := l.jobs.RunDue(t.Context()); err != nil {
		t.Fatal(err)
	}
	kept, err := l.mail.Kept(t.Context(), 100)
	if err != nil {
		t.Fatal(err)
	}
	for _, k := range slices.Backward(kept) {
		_, text, html, err := mail.Parts(k.Message)
		if err != nil {
			t.Fatal(err)
		}
		m := letter{to: k.Recipient, subject: k.Subject, text: text, html: html}
		if found := linkOf.FindStringSubmatch(text); found != nil {
			m.url, m.token = found[0], strings.TrimSpace(found[1])
		}
		if found := codeOf.FindStringSubmatch(text); found != nil {
			m.code = found[1]
		}
		all = append(all, m)
	}
	l.db.Ent(t.Context()).KeptMail.Delete().ExecX(t.Context())
	return all
}

// mailed is mails for one mail.
func (l *lobby) mailed(t *testing.T) letter {
	t.Helper()
	all := l.mails(t)
	if len(all) != 1 {
		t.Fatalf("%d mails, want 1: %+v", len(all), all)
	}
	return all[0]
}

var bearer = account.How{Kind: session.KindBearer}

// reader makes an account as readers do, and gives a context in which it is
// signed in.
func (l *lobby) reader(t *testing.T, email string) (context.Context, *account.SignedIn) {
	t.Helper()
	if err := l.SignUp(t.Context(), account.SignUp{Email: email, DisplayName: "Nadia Karim", Password: "nine slow ferries"}); err != nil {
		t.Fatal(err)
	}
	in, err := l.VerifyEmail(t.Context(), l.mailed(t).token, bearer)
	if err != nil {
		t.Fatal(err)
	}
	return access.With(t.Context(), in.Viewer), in
}

func reasonOf(err error) fault.Reason {
	if f, ok := errors.AsType[*fault.Error](err); ok {
		if f.ReasonOf() == "" {
			return fault.Reason(f.Code)
		}
		return f.ReasonOf()
	}
	if err != nil {
		return fault.Reason(err.Error())
	}
	return ""
}

func want(t *testing.T, what string, err error, reason fault.Reason) {
	t.Helper()
	if got := reasonOf(err); got != reason {
		t.Errorf("%s: %q, want %q (%v)", what, got, reason, err)
	}
}

func TestSignUpMakesAnAccountOnce(t *testing.T) {
	t.Parallel()
	lobbies(t, func(t *testing.T, l *lobby) {
		in := account.SignUp{Email: "Nadia@Example.org", DisplayName: " Nadia  Karim ", Password: "nine slow ferries", Language: "ar", Accepted: []account.Document{{Kind: "terms", Version: "2"}}}
		want(t, "sign up", l.SignUp(t.Context(), in), "")
		if n := l.db.Ent(t.Context()).User.Query().CountX(t.Context()); n != 1 {
			t.Errorf("%d accounts before the address is confirmed", n)
		}
		m := l.mailed(t)
		if m.to != "nadia@example.org" || !strings.HasPrefix(m.url, "https://harbour.example/account/verify?token=") || !strings.Contains(m.html, `dir="rtl"`) {
			t.Errorf("mail: %+v", m)
		}
		var opened []*account.SignedIn
		var mu sync.Mutex
		var group sync.WaitGroup
		for range 8 {
			group.Go(func() {
				if in, err := l.VerifyEmail(t.Context(), m.token, bearer); err == nil {
					mu.Lock()
					defer mu.Unlock()
					opened = append(opened, in)
				}
			})
		}
		group.Wait()
		if len(opened) != 1 {
			t.Fatalf("the link worked %d times", len(opened))
		}
		a := opened[0].Account
		if a.Email != "nadia@example.org" || a.DisplayName != "Nadia Karim" || a.Role != access.Reader || !a.HasPassword || a.Language != "ar" {
			t.Errorf("account: %+v", a)
		}
		want(t, "the link again", second(l.VerifyEmail(t.Context(), m.token, bearer)), fault.Expired)
		consents, err := l.Consents(access.With(t.Context(), opened[0].Viewer))
		if err != nil || len(consents) != 1 || consents[0].Document != "terms" || consents[0].Version != "2" || !consents[0].GivenAt.Equal(l.now) {
			t.Errorf("consents: %+v (%v)", consents, err)
		}
		if _, err := l.SignIn(t.Context(), account.SignIn{Email: "nadia@example.org", Password: "nine slow ferries", Kind: session.KindBearer}); err != nil {
			t.Errorf("sign in: %v", err)
		}
		// Whoever has an account is told so, at the address alone.
		want(t, "sign up again", l.SignUp(t.Context(), in), "")
		if m := l.mailed(t); m.token != "" || m.subject != "لديك حساب في The Harbour" {
			t.Errorf("the second mail: %+v", m)
		}
		if left := l.db.Ent(t.Context()).OneTimeToken.Query().CountX(t.Context()); left != 0 {
			t.Errorf("%d tokens are left", left)
		}
	})
}

func second[T any](_ T, err error) error { return err }

// TestRequestsAreAlikeForAllAddresses asks for mails with an address that has an
// account and one that has none. What differs would be seen in the time.
func TestRequestsAreAlikeForAllAddresses(t *testing.T) {
	t.Parallel()
	lobbies(t, func(t *testing.T, l *lobby) {
		l.reader(t, "known@example.org")
		for name, request := range map[string]func(email string) error{
			"signUp": func(email string) error {
				return l.SignUp(t.Context(), account.SignUp{Email: email, DisplayName: "Somebody", Password: "ten slow ferries"})
			},
			"requestSignInLink":    func(email string) error { return l.RequestSignInLink(t.Context(), email) },
			"requestPasswordReset": func(email string) error { return l.RequestPasswordReset(t.Context(), email) },
			"signInWithLink": func(email string) error {
				return second(l.SignInWithLink(t.Context(), account.LinkSignIn{Email: email, Code: "000000", How: bearer}))
			},
			"signIn": func(email string) error {
				return second(l.SignIn(t.Context(), account.SignIn{Email: email, Password: "a wrong password", Kind: session.KindBearer}))
			},
		} {
			ask := func(email string) (string, []string) {
				l.statements.Take()
				err := request(email)
				return fmt.Sprint(err), l.statements.Take()
			}
			ask("warm@example.org") // prepares statements
			known, did := ask("known@example.org")
			unknown, didToo := ask("unknown@example.org")
			if known != unknown {
				t.Errorf("%s answers %q, and %q without an account", name, known, unknown)
			}
			if diff := cmp.Diff(did, didToo); diff != "" {
				t.Errorf("%s asks the database other things (-known +unknown):\n%s", name, diff)
			}
			if len(did) < 2 {
				t.Errorf("%s made only the statements %q", name, did)
			}
		}
		for _, m := range l.mails(t) {
			if m.to == "unknown@example.org" && m.subject != "Confirm your account at The Harbour" {
				t.Errorf("%s got %q", m.to, m.subject)
			}
		}
	})
}

// TestTokensAreGoodForOneThing makes a token of each purpose and tries it
// everywhere else, twice, and too late.
func TestTokensAreGoodForOneThing(t *testing.T) {
	t.Parallel()
	lobbies(t, func(t *testing.T, l *lobby) {
		ctx, _ := l.reader(t, "nadia@example.org")
		makers := map[string]func() error{
			"sign-up": func() error {
				return l.SignUp(t.Context(), account.SignUp{Email: "new@example.org", DisplayName: "New"})
			},
			"sign-in":        func() error { return l.RequestSignInLink(t.Context(), "nadia@example.org") },
			"reset-password": func() error { return l.RequestPasswordReset(t.Context(), "nadia@example.org") },
			"change-email":   func() error { return l.ChangeEmail(ctx, "other@example.org", "nine slow ferries") },
		}
		uses := map[string]func(token string) error{
			"sign-up": func(token string) error { return second(l.VerifyEmail(t.Context(), token, bearer)) },
			"sign-in": func(token string) error {
				return second(l.SignInWithLink(t.Context(), account.LinkSignIn{Token: token, How: bearer}))
			},
			"reset-password": func(token string) error { return l.ResetWithToken(t.Context(), token, "eleven slow ferries") },
			"change-email":   func(token string) error { return l.ConfirmEmailChange(t.Context(), token) },
		}
		token := func(purpose string) string {
			l.now = l.now.Add(24 * time.Hour) // limits of mails are forgotten
			want(t, purpose, makers[purpose](), "")
			for _, m := range l.mails(t) {
				if m.token != "" {
					return m.token
				}
			}
			t.Fatalf("no mail with a token for %s", purpose)
			return ""
		}
		for _, purpose := range slices.Sorted(maps.Keys(makers)) {
			one := token(purpose)
			for other, use := range uses {
				if other != purpose {
					want(t, "a token of "+purpose+" for "+other, use(one), fault.Expired)
				}
			}
			l.now = l.now.Add(25 * time.Hour)
			want(t, "a token of "+purpose+", too late", uses[purpose](one), fault.Expired)
		}
		for _, purpose := range []string{"sign-up", "sign-in", "reset-password", "change-email"} {
			if purpose == "change-email" {
				makers[purpose] = func() error { return l.ChangeEmail(ctx, "other@example.org", "eleven slow ferries") }
			}
			one := token(purpose)
			want(t, purpose, uses[purpose](one), "")
			want(t, purpose+" again", uses[purpose](one), fault.Expired)
		}
		for name, bad := range map[string]string{"nothing": "", "no token": "bst_x", "a megabyte": strings.Repeat("x", 1<<20), "NUL": "a\x00b"} {
			for purpose, use := range uses {
				if purpose == "sign-in" && bad == "" {
					continue // asks for a code instead
				}
				want(t, name+" for "+purpose, use(bad), fault.Expired)
			}
		}
	})
}

func TestSignInByCode(t *testing.T) {
	t.Parallel()
	lobbies(t, func(t *testing.T, l *lobby) {
		l.reader(t, "nadia@example.org")
		by := func(email, code string) error {
			return second(l.SignInWithLink(t.Context(), account.LinkSignIn{Email: email, Code: code, How: bearer}))
		}
		request := func() letter {
			want(t, "request", l.RequestSignInLink(t.Context(), "NADIA@example.org"), "")
			return l.mailed(t)
		}
		m := request()
		want(t, "the code with another address", by(ritaEmail, m.code), fault.WrongCredentials)
		want(t, "the code", by("nadia@example.org", m.code[:3]+" "+m.code[3:]), "")
		want(t, "the code again", by("nadia@example.org", m.code), fault.WrongCredentials)
		want(t, "the link of that mail", second(l.SignInWithLink(t.Context(), account.LinkSignIn{Token: m.token, How: bearer})), fault.Expired)

		m = request()
		l.now = l.now.Add(16 * time.Minute)
		want(t, "too late", by("nadia@example.org", m.code), fault.WrongCredentials)

		// Five codes may be typed for one mail, however slowly.
		m = request()
		for range 5 {
			l.now = l.now.Add(2 * time.Minute)
			wrong := "000000"
			if m.code == wrong {
				wrong = "000001"
			}
			want(t, "a wrong code", by("nadia@example.org", wrong), fault.WrongCredentials)
		}
		l.now = l.now.Add(time.Minute)
		want(t, "the right one after five", by("nadia@example.org", m.code), fault.WrongCredentials)
		want(t, "neither token nor code", by("nadia@example.org", ""), fault.Blank)
	})
}

func TestPasswordIsReset(t *testing.T) {
	t.Parallel()
	lobbies(t, func(t *testing.T, l *lobby) {
		_, in := l.reader(t, "nadia@example.org")
		want(t, "a link to sign in", l.RequestSignInLink(t.Context(), "nadia@example.org"), "")
		link := l.mailed(t)
		want(t, "request", l.RequestPasswordReset(t.Context(), "nadia@example.org"), "")
		m := l.mailed(t)
		want(t, "a weak password", l.ResetWithToken(t.Context(), m.token, "password1234"), fault.WeakPassword)
		want(t, "reset", l.ResetWithToken(t.Context(), m.token, "eleven slow ferries"), "")
		if _, err := l.Authenticate(t.Context(), in.Token, session.KindBearer); !errors.Is(err, account.ErrNoSession) {
			t.Errorf("the session before: %v", err)
		}
		want(t, "the link sent before", second(l.SignInWithLink(t.Context(), account.LinkSignIn{Token: link.token, How: bearer})), fault.Expired)
		if _, err := l.SignIn(t.Context(), account.SignIn{Email: "nadia@example.org", Password: "eleven slow ferries", Kind: session.KindBearer}); err != nil {
			t.Errorf("the new password: %v", err)
		}
		want(t, "an address without an account", l.RequestPasswordReset(t.Context(), "nobody@example.org"), "")
		if _, err := l.Disable(access.AsSystem(t.Context()), in.Viewer.UserID); err != nil {
			t.Fatal(err)
		}
		want(t, "a disabled account", l.RequestPasswordReset(t.Context(), "nadia@example.org"), "")
		if got := l.mails(t); len(got) != 0 {
			t.Errorf("mails: %+v", got)
		}
	})
}

func TestEmailIsChanged(t *testing.T) {
	t.Parallel()
	lobbies(t, func(t *testing.T, l *lobby) {
		ctx, in := l.reader(t, "nadia@example.org")
		want(t, "a wrong password", l.ChangeEmail(ctx, "new@example.org", "wrong"), fault.WrongCredentials)
		want(t, "the same address", l.ChangeEmail(ctx, "Nadia@example.org", "nine slow ferries"), fault.Invalid)
		want(t, "nobody", l.ChangeEmail(t.Context(), "new@example.org", ""), fault.Reason(fault.Unauthenticated))
		want(t, "change", l.ChangeEmail(ctx, "new@example.org", "nine slow ferries"), "")
		byAddress := map[string]letter{}
		for _, m := range l.mails(t) {
			byAddress[m.to] = m
		}
		if len(byAddress) != 2 || byAddress["new@example.org"].token == "" || byAddress["nadia@example.org"].subject != "A new address was asked for at The Harbour" {
			t.Fatalf("mails: %+v", byAddress)
		}
		if a := l.db.Ent(ctx).User.GetX(ctx, in.Viewer.UserID); a.Email != "nadia@example.org" {
			t.Errorf("the address before it is confirmed: %s", a.Email)
		}
		want(t, "confirm", l.ConfirmEmailChange(t.Context(), byAddress["new@example.org"].token), "")
		if a := l.db.Ent(ctx).User.GetX(ctx, in.Viewer.UserID); a.Email != "new@example.org" {
			t.Errorf("the address: %s", a.Email)
		}
		// Another account takes the address between request and confirmation.
		want(t, "change again", l.ChangeEmail(ctx, "third@example.org", "nine slow ferries"), "")
		token := ""
		for _, m := range l.mails(t) {
			token += m.token
		}
		l.make(t, "third@example.org", user.RoleReader, "twelve slow ferries")
		want(t, "an address that is taken meanwhile", l.ConfirmEmailChange(t.Context(), token), fault.Taken)
	})
}

func TestAccountIsRemovedAfterItsGrace(t *testing.T) {
	t.Parallel()
	lobbies(t, func(t *testing.T, l *lobby) {
		ctx, in := l.reader(t, "nadia@example.org")
		system := access.AsSystem(t.Context())
		a := l.db.Ent(system).Article.Create().SetTitle("A").SetSlug("a").SaveX(system)
		c := l.db.Ent(system).Comment.Create().SetArticleID(a.ID).SetUserID(in.Viewer.UserID).SetBody("I was there.").SetStatus(comment.StatusApproved).SaveX(system)
		waits := l.db.Ent(system).Comment.Create().SetArticleID(a.ID).SetUserID(in.Viewer.UserID).SetBody("I wait.").SetStatus(comment.StatusPending).SaveX(system)
		staff := access.With(t.Context(), access.Viewer{UserID: l.rita, Role: access.Editor})
		want(t, "staff", l.Delete(staff, ritaPassword), fault.Denied)
		want(t, "a wrong password", l.Delete(ctx, "wrong"), fault.WrongCredentials)
		want(t, "delete", l.Delete(ctx, "nine slow ferries"), "")
		if m := l.mailed(t); !strings.Contains(m.text, "2026-05-18") {
			t.Errorf("the notice does not say when: %s", m.text)
		}
		l.now = l.now.Add(13 * 24 * time.Hour)
		l.mails(t)
		want(t, "keep", l.CancelDeletion(ctx), "")
		l.now = l.now.Add(7 * 24 * time.Hour)
		l.mails(t)
		if !l.db.Ent(system).User.Query().Where(user.ID(in.Viewer.UserID)).ExistX(system) {
			t.Fatal("an account that was kept is removed")
		}
		want(t, "delete again", l.Delete(ctx, "nine slow ferries"), "")
		l.mails(t)
		l.now = l.now.Add(15 * 24 * time.Hour)
		if m := l.mailed(t); m.to != "nadia@example.org" || m.subject != "Your account at The Harbour was removed" {
			t.Errorf("mail: %+v", m)
		}
		if l.db.Ent(system).User.Query().Where(user.ID(in.Viewer.UserID)).ExistX(system) {
			t.Error("the account is there")
		}
		c = l.db.Ent(system).Comment.GetX(system, c.ID)
		if c.UserID != nil || c.GuestName != readername.Deleted("en") || c.Body != "I was there." {
			t.Errorf("the comment: %+v", c)
		}
		// Those who keep copies of what readers see are told; of what nobody saw, nobody is.
		for key, want := range map[int]int{c.ID: 1, waits.ID: 0} {
			told := l.db.Ent(system).Event.Query().Where(entevent.Entity(id.Comment), entevent.EntityID(key)).AllX(system)
			if len(told) != want || want == 1 && told[0].Payload["edited"] != true {
				t.Errorf("events of comment %d: %+v", key, told)
			}
		}
		if n := l.db.Ent(system).Session.Query().Where(session.UserID(in.Viewer.UserID)).CountX(system); n != 0 {
			t.Errorf("%d sessions are left", n)
		}
	})
}

func TestRegistrationModes(t *testing.T) {
	t.Parallel()
	lobbies(t, func(t *testing.T, l *lobby) {
		up := func(email, invitation string) error {
			return l.SignUp(t.Context(), account.SignUp{Email: email, DisplayName: "Nadia", Invitation: invitation})
		}
		l.Registration = account.Off
		want(t, "off", up("nadia@example.org", ""), fault.Denied)
		l.Registration = account.ByInvitation
		want(t, "without an invitation", up("nadia@example.org", ""), fault.Expired)
		want(t, "a reader invites", l.Invite(access.With(t.Context(), access.Viewer{UserID: l.rita, Role: access.Editor}), "nadia@example.org", ""), fault.Denied)
		want(t, "invite", l.Invite(access.AsSystem(t.Context()), "nadia@example.org", "ar"), "")
		m := l.mailed(t)
		if !strings.HasPrefix(m.url, "https://harbour.example/account/sign-up?token=") || !strings.Contains(m.html, `dir="rtl"`) {
			t.Errorf("invitation: %+v", m)
		}
		want(t, "for another address", up("other@example.org", m.token), fault.Expired)
		want(t, "sign up", up("nadia@example.org", m.token), "")
		first := l.mailed(t)
		want(t, "sign up again", up("nadia@example.org", m.token), "") // the first mail may be lost
		l.mails(t)
		if _, err := l.VerifyEmail(t.Context(), first.token, bearer); err != nil {
			t.Error(err)
		}
		want(t, "the invitation again", up("nadia@example.org", m.token), fault.Expired)
	})
}

func TestBadInputOfReaders(t *testing.T) {
	t.Parallel()
	lobbies(t, func(t *testing.T, l *lobby) {
		for name, c := range map[string]struct {
			change func(*account.SignUp)
			reason fault.Reason
			field  string
		}{
			"no address":               {func(s *account.SignUp) { s.Email = "" }, fault.Invalid, "email"},
			"header injection":         {func(s *account.SignUp) { s.Email = "nadia@example.org\r\nBcc: all@example.org" }, fault.Invalid, "email"},
			"a name in the address":    {func(s *account.SignUp) { s.Email = "Nadia <nadia@example.org>" }, fault.Invalid, "email"},
			"two addresses":            {func(s *account.SignUp) { s.Email = "a@example.org, b@example.org" }, fault.Invalid, "email"},
			"look-alike address":       {func(s *account.SignUp) { s.Email = "n\u0430dia@example.org" }, fault.Invalid, "email"},
			"a quoted local part":      {func(s *account.SignUp) { s.Email = `"na dia"@example.org` }, fault.Invalid, "email"},
			"a megabyte of address":    {func(s *account.SignUp) { s.Email = strings.Repeat("a", 1<<20) + "@example.org" }, fault.Invalid, "email"},
			"NUL in the address":       {func(s *account.SignUp) { s.Email = "na\x00dia@example.org" }, fault.Invalid, "email"},
			"no name":                  {func(s *account.SignUp) { s.DisplayName = " \t" }, fault.Blank, "displayName"},
			"a long name":              {func(s *account.SignUp) { s.DisplayName = strings.Repeat("n", 81) }, fault.TooLong, "displayName"},
			"a name turned around":     {func(s *account.SignUp) { s.DisplayName = "Nadia \u202Emirak" }, fault.Invalid, "displayName"},
			"an isolate in the name":   {func(s *account.SignUp) { s.DisplayName = "\u2066Nadia\u2069" }, fault.Invalid, "displayName"},
			"an invisible character":   {func(s *account.SignUp) { s.DisplayName = "Na\u200bdia" }, fault.Invalid, "displayName"},
			"lines in the name":        {func(s *account.SignUp) { s.DisplayName = "Nadia\r\nBcc: x" }, fault.Invalid, "displayName"},
			"look-alike letters":       {func(s *account.SignUp) { s.DisplayName = "\u0410dmin" }, fault.Invalid, "displayName"},
			"a lone surrogate":         {func(s *account.SignUp) { s.DisplayName = "Nadia \xed\xa0\x80" }, fault.Invalid, "displayName"},
			"a common password":        {func(s *account.SignUp) { s.Password = "password1234" }, fault.WeakPassword, "password"},
			"a row of keys":            {func(s *account.SignUp) { s.Password = "qwertyuiop[]" }, fault.WeakPassword, "password"},
			"a short password":         {func(s *account.SignUp) { s.Password = "ferries" }, fault.WeakPassword, "password"},
			"the address as password":  {func(s *account.SignUp) { s.Password = "nadia@example.org" }, fault.WeakPassword, "password"},
			"a megabyte of password":   {func(s *account.SignUp) { s.Password = strings.Repeat("ferry", 1<<18) }, fault.TooLong, "password"},
			"no language":              {func(s *account.SignUp) { s.Language = "klingon!" }, fault.Invalid, "language"},
			"an old version of terms":  {func(s *account.SignUp) { s.Accepted = []account.Document{{Kind: "terms", Version: "1"}} }, fault.Expired, "accepted[0].version"},
			"terms of the future":      {func(s *account.SignUp) { s.Accepted = []account.Document{{Kind: "terms", Version: "3"}} }, fault.Expired, "accepted[0].version"},
			"a document that is none":  {func(s *account.SignUp) { s.Accepted = []account.Document{{Kind: "recipe", Version: "1"}} }, fault.Missing, "accepted[0].document"},
			"too many documents":       {func(s *account.SignUp) { s.Accepted = make([]account.Document, 21) }, fault.TooLong, "accepted"},
			"letters that are spelled": {func(s *account.SignUp) { s.DisplayName = "Ｎａｄｉａ  عمر Zoë" }, "", ""},
			"emoji":                    {func(s *account.SignUp) { s.DisplayName = "Nadia \U0001F6F3" }, "", ""},
			"an international domain":  {func(s *account.SignUp) { s.Email = "nadia@bücher.example" }, "", ""},
		} {
			in := account.SignUp{Email: "nadia@example.org", DisplayName: "Nadia", Password: "nine slow ferries"}
			c.change(&in)
			err := l.SignUp(t.Context(), in)
			want(t, name, err, c.reason)
			if f, ok := errors.AsType[*fault.Error](err); ok && f.Field != c.field {
				t.Errorf("%s: field %q, want %q", name, f.Field, c.field)
			}
		}
	})
}

func TestMailServerThatIsDownLosesNothing(t *testing.T) {
	t.Parallel()
	lobbies(t, func(t *testing.T, l *lobby) {
		server := smtptest.New(t)
		l.mail.Configure(mail.Settings{Host: server.Host, Port: server.Port, Username: smtptest.Username, Password: smtptest.Password, Security: mail.StartTLS, RootCAs: server.Roots, Timeout: 5 * time.Second})
		server.SetDown(true)
		want(t, "sign up", l.SignUp(t.Context(), account.SignUp{Email: "nadia@example.org", DisplayName: "Nadia", Password: "nine slow ferries"}), "")
		want(t, "a mailbox that is none", l.SignUp(t.Context(), account.SignUp{Email: "nobody@refused.example", DisplayName: "Nobody"}), "")
		down := l.now
		for l.now.Sub(down) < time.Hour {
			if _, err := l.jobs.RunDue(t.Context()); err != nil {
				t.Fatal(err)
			}
			l.now = l.now.Add(time.Minute)
		}
		server.SetDown(false)
		l.now = l.now.Add(2 * time.Hour) // the longest wait between two attempts
		if _, err := l.jobs.RunDue(t.Context()); err != nil {
			t.Fatal(err)
		}
		mails := server.Mails()
		if len(mails) != 1 || mails[0].To != "nadia@example.org" || !mails[0].TLS {
			t.Fatalf("arrived: %+v", mails)
		}
		_, text, _, err := mail.Parts(mails[0].Data)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := l.VerifyEmail(t.Context(), strings.TrimSpace(linkOf.FindStringSubmatch(text)[1]), bearer); err != nil {
			t.Errorf("the link: %v", err)
		}
	})
}

func TestConsentsAreKept(t *testing.T) {
	t.Parallel()
	lobbies(t, func(t *testing.T, l *lobby) {
		ctx, in := l.reader(t, "nadia@example.org")
		ctx = access.WithOrigin(ctx, access.Origin{Address: "192.0.2.7", UserAgent: "Browser"})
		kept, err := l.RecordConsent(ctx, account.Document{Kind: "SITE_USE", Version: "2026-05"}, "banner")
		if err != nil {
			t.Fatal(err)
		}
		if kept.UserID == nil || *kept.UserID != in.Viewer.UserID || kept.Text != "<p>I agree.</p>" || kept.Place != "banner" || kept.Address != "192.0.2.7" || !kept.GivenAt.Equal(l.now) {
			t.Errorf("kept: %+v", kept)
		}
		l.now = l.now.Add(30 * time.Second)
		again, err := l.RecordConsent(ctx, account.Document{Kind: "SITE_USE", Version: "2026-05"}, "banner")
		if err != nil || again.ID != kept.ID {
			t.Errorf("again: %+v (%v)", again, err)
		}
		guest := access.WithOrigin(t.Context(), access.Origin{Address: "192.0.2.8", UserAgent: "Browser"})
		one, err := l.RecordConsent(guest, account.Document{Kind: "terms", Version: "2"}, "banner")
		if err != nil || one.UserID != nil {
			t.Fatal(one, err)
		}
		if two, err := l.RecordConsent(guest, account.Document{Kind: "terms", Version: "2"}, "banner"); err != nil || two.ID != one.ID {
			t.Errorf("a guest, again: %+v (%v)", two, err)
		}
		if other, err := l.RecordConsent(guest, account.Document{Kind: "terms", Version: "2"}, "footer"); err != nil || other.ID == one.ID {
			t.Errorf("at another place: %+v (%v)", other, err)
		}
		anonymous, err := l.RecordConsent(t.Context(), account.Document{Kind: "terms", Version: "2"}, "")
		if err != nil || anonymous.UserID != nil {
			t.Errorf("without an account: %+v (%v)", anonymous, err)
		}
		want(t, "an old version", second(l.RecordConsent(ctx, account.Document{Kind: "SITE_USE", Version: "2026-04"}, "")), fault.Expired)
		want(t, "no document", second(l.RecordConsent(ctx, account.Document{Kind: "x", Version: "1"}, "")), fault.Missing)
		want(t, "a long place", second(l.RecordConsent(ctx, account.Document{Kind: "terms", Version: "2"}, strings.Repeat("p", 201))), fault.TooLong)
		want(t, "a place turned around", second(l.RecordConsent(ctx, account.Document{Kind: "terms", Version: "2"}, "\u202ex")), fault.Invalid)
		if all, err := l.Consents(ctx); err != nil || len(all) != 1 {
			t.Errorf("consents: %+v (%v)", all, err)
		}
	})
}

func TestExportIsBehindALinkThatEnds(t *testing.T) {
	t.Parallel()
	lobbies(t, func(t *testing.T, l *lobby) {
		ctx, _ := l.reader(t, "nadia@example.org")
		want(t, "request", l.RequestExport(ctx), "")
		m := l.mailed(t)
		if !strings.HasPrefix(m.url, "https://api.harbour.example/account/export?token=") {
			t.Fatalf("mail: %+v", m)
		}
		get := func(token string) (int, string) {
			w := httptest.NewRecorder()
			l.ExportHandler().ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/account/export?token="+token, nil))
			return w.Code, w.Body.String()
		}
		status, archive := get(m.token)
		if status != http.StatusOK || !strings.Contains(archive, `"email": "nadia@example.org"`) || !strings.Contains(archive, `"sessions": [`) {
			t.Errorf("%d %s", status, archive)
		}
		for _, secret := range []string{"argon2id", "token_hash", "password", "totp"} {
			if strings.Contains(archive, secret) {
				t.Errorf("the archive has %s", secret)
			}
		}
		if status, _ := get("bst_wrong"); status != http.StatusNotFound {
			t.Errorf("a wrong token: %d", status)
		}
		l.now = l.now.Add(8 * 24 * time.Hour)
		if status, _ := get(m.token); status != http.StatusNotFound {
			t.Errorf("after a week: %d", status)
		}
		l.now = l.now.Add(-8 * 24 * time.Hour)
		for range 3 {
			want(t, "again", l.RequestExport(ctx), "")
		}
		if again := l.mails(t); len(again) != 0 {
			t.Errorf("%d archives of a request that was repeated", len(again))
		}
		for _, reason := range []fault.Reason{"", "", fault.SlowedDown} {
			l.now = l.now.Add(2 * time.Hour)
			want(t, "hours later", l.RequestExport(ctx), reason)
			want(t, "while that is made", l.RequestExport(ctx), reason)
			l.mails(t)
		}
	})
}
