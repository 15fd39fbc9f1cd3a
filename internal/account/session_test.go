package account_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/pquerna/otp/totp"

	"github.com/broadsheet-cms/broadsheet/ent/auditentry"
	"github.com/broadsheet-cms/broadsheet/ent/session"
	"github.com/broadsheet-cms/broadsheet/ent/user"
	"github.com/broadsheet-cms/broadsheet/internal/access"
	"github.com/broadsheet-cms/broadsheet/internal/account"
	"github.com/broadsheet-cms/broadsheet/internal/audit"
	"github.com/broadsheet-cms/broadsheet/internal/event"
	"github.com/broadsheet-cms/broadsheet/internal/keyset"
	"github.com/broadsheet-cms/broadsheet/internal/store"
	"github.com/broadsheet-cms/broadsheet/internal/testkit"
)

func TestSessionsEnd(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		then func(t *testing.T, d *desk, key int)
		kind session.Kind
		want bool // whether the token still opens the session
	}{
		"not at once":                   {func(*testing.T, *desk, int) {}, session.KindBearer, true},
		"not as a cookie":               {func(*testing.T, *desk, int) {}, session.KindCookie, false},
		"not while used":                {func(t *testing.T, d *desk, _ int) { d.now = d.now.Add(7*24*time.Hour - time.Second) }, session.KindBearer, true},
		"after a week without use":      {func(t *testing.T, d *desk, _ int) { d.now = d.now.Add(7 * 24 * time.Hour) }, session.KindBearer, false},
		"when another takes the role":   {func(t *testing.T, d *desk, key int) { administer(t)(d.SetRole(system(t), key, access.Author)) }, session.KindBearer, true},
		"when the account is disabled":  {func(t *testing.T, d *desk, key int) { administer(t)(d.Disable(system(t), key)) }, session.KindBearer, false},
		"when the second factor is off": {func(t *testing.T, d *desk, key int) { administer(t)(d.ResetSecondFactor(system(t), key)) }, session.KindBearer, false},
		"when the password is reset": {func(t *testing.T, d *desk, key int) {
			a, _, err := d.ResetPassword(system(t), key, "")
			administer(t)(a, err)
		}, session.KindBearer, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			desks(t, func(t *testing.T, d *desk) {
				token, err := d.token(t.Context(), ritaEmail, ritaPassword, "")
				if err != nil {
					t.Fatal(err)
				}
				test.then(t, d, d.rita)
				v, err := d.Authenticate(t.Context(), token, test.kind)
				if !test.want {
					if !errors.Is(err, account.ErrNoSession) {
						t.Errorf("got %v, want no session", err)
					}
					return
				}
				stored := d.db.Ent(t.Context()).User.GetX(t.Context(), d.rita)
				if err != nil || v.UserID != d.rita || v.Role != access.Role(stored.Role) {
					t.Errorf("%+v, %v", v, err)
				}
			})
		})
	}
}

func system(t *testing.T) context.Context { return access.AsSystem(t.Context()) }

func administer(t *testing.T) func(*account.Account, error) {
	return func(_ *account.Account, err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
}

func TestSessionsEndHoweverMuchTheyAreUsed(t *testing.T) {
	t.Parallel()
	desks(t, func(t *testing.T, d *desk) {
		token, err := d.token(t.Context(), ritaEmail, ritaPassword, "")
		if err != nil {
			t.Fatal(err)
		}
		start := d.now
		for d.now.Before(start.Add(30 * 24 * time.Hour)) {
			if _, err := d.Authenticate(t.Context(), token, session.KindBearer); err != nil {
				t.Fatalf("after %s: %v", d.now.Sub(start), err)
			}
			d.now = d.now.Add(3 * 24 * time.Hour)
		}
		if _, err := d.Authenticate(t.Context(), token, session.KindBearer); !errors.Is(err, account.ErrNoSession) {
			t.Errorf("after 30 days: %v", err)
		}
		if err := d.Tidy(t.Context()); err != nil {
			t.Fatal(err)
		}
		if n := d.db.Ent(t.Context()).Session.Query().CountX(t.Context()); n != 0 {
			t.Errorf("%d sessions are kept", n)
		}
	})
}

func TestUseIsNotedOnceAMinute(t *testing.T) {
	t.Parallel()
	statements := &testkit.Statements{}
	db := testkit.Open(t, testkit.URL(t, store.SQLite), store.Options{Wrap: statements.Wrap})
	d := &desk{Service: account.New(db, event.NewLog(db), audit.NewLog(db)), db: db, now: time.Date(2026, 5, 4, 9, 0, 0, 0, time.UTC)}
	d.Now = func() time.Time { return d.now }
	d.make(t, ritaEmail, user.RoleEditor, ritaPassword)
	token, err := d.token(t.Context(), ritaEmail, ritaPassword, "")
	if err != nil {
		t.Fatal(err)
	}
	for _, step := range []struct {
		after time.Duration
		want  int
	}{{0, 1}, {59 * time.Second, 1}, {time.Second, 2}, {time.Second, 1}} {
		d.now = d.now.Add(step.after)
		statements.Take()
		if _, err := d.Authenticate(t.Context(), token, session.KindBearer); err != nil {
			t.Fatal(err)
		}
		if got := len(statements.Take()); got != step.want {
			t.Errorf("%s later: %d statements, want %d", step.after, got, step.want)
		}
	}
}

func TestSessionsAreRevoked(t *testing.T) {
	t.Parallel()
	desks(t, func(t *testing.T, d *desk) {
		ctx, other := d.as(t, ritaEmail, ritaPassword, ""), d.as(t, ritaEmail, ritaPassword, "")
		d.make(t, "omar@example.org", user.RoleAdmin, ritaPassword)
		omar := d.as(t, "omar@example.org", ritaPassword, "")
		list := func() (keys []int) {
			all, err := d.Sessions(ctx)
			if err != nil {
				t.Fatal(err)
			}
			for _, one := range all {
				keys = append(keys, one.ID)
			}
			slices.Sort(keys)
			return keys
		}
		first, second := access.Of(ctx).SessionID, access.Of(other).SessionID
		if diff := cmp.Diff([]int{first, second}, list()); diff != "" {
			t.Errorf("sessions (-want +got):\n%s", diff)
		}
		if err := d.RevokeSession(omar, second); reason(err) != "NOT_FOUND" {
			t.Errorf("another's session: %v", err)
		}
		if err := d.RevokeSession(ctx, second); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff([]int{first}, list()); diff != "" {
			t.Errorf("after one was revoked (-want +got):\n%s", diff)
		}
		d.as(t, ritaEmail, ritaPassword, "")
		d.as(t, ritaEmail, ritaPassword, "")
		if n, err := d.RevokeOtherSessions(ctx); n != 2 || err != nil {
			t.Errorf("%d others, %v", n, err)
		}
		for range 60 {
			d.as(t, "omar@example.org", ritaPassword, "")
		}
		if all, err := d.Sessions(omar); len(all) != 50 || err != nil {
			t.Errorf("%d sessions of one account are kept, %v", len(all), err)
		}
	})
}

func TestChangePassword(t *testing.T) {
	t.Parallel()
	desks(t, func(t *testing.T, d *desk) {
		ctx, other := d.as(t, ritaEmail, ritaPassword, ""), d.as(t, ritaEmail, ritaPassword, "")
		for name, test := range map[string]struct{ current, next, want string }{
			"short":                 {ritaPassword, "short", "WEAK_PASSWORD"},
			"eleven Arabic letters": {ritaPassword, "كلمةسريةقصي", "WEAK_PASSWORD"},
			"one letter":            {ritaPassword, strings.Repeat("a", 40), "WEAK_PASSWORD"},
			"the address":           {ritaPassword, "Rita@example.org", "WEAK_PASSWORD"},
			"too long":              {ritaPassword, strings.Repeat("long ", 300), "TOO_LONG"},
			"a wrong old one":       {"wrong", "eight slow ferries", "INVALID_CREDENTIALS"},
		} {
			if err := d.ChangePassword(ctx, test.current, test.next); reason(err) != test.want {
				t.Errorf("%s: %v, want %s", name, err, test.want)
			}
		}
		if err := d.ChangePassword(t.Context(), ritaPassword, "eight slow ferries"); reason(err) != "UNAUTHENTICATED" {
			t.Errorf("nobody: %v", err)
		}
		if err := d.ChangePassword(ctx, ritaPassword, "eight slow ferries"); err != nil {
			t.Fatal(err)
		}
		if n := d.db.Ent(t.Context()).Session.Query().Where(session.ID(access.Of(other).SessionID)).CountX(t.Context()); n != 0 {
			t.Error("the other session did not end")
		}
		if _, err := d.token(t.Context(), ritaEmail, "eight slow ferries", ""); err != nil {
			t.Error(err)
		}
	})
}

func TestTheLastAdministratorStays(t *testing.T) {
	t.Parallel()
	desks(t, func(t *testing.T, d *desk) {
		first, second := d.make(t, "a@example.org", user.RoleAdmin, ""), d.make(t, "b@example.org", user.RoleAdmin, "")
		// Both at once: one of them must stay.
		var wait sync.WaitGroup
		refused := make([]string, 2)
		for i, key := range []int{first, second} {
			wait.Go(func() {
				_, err := d.SetRole(access.AsSystem(t.Context()), key, access.Editor)
				refused[i] = reason(err)
			})
		}
		wait.Wait()
		slices.Sort(refused)
		if diff := cmp.Diff([]string{"", "LAST_ADMIN"}, refused); diff != "" {
			t.Errorf("(-want +got):\n%s", diff)
		}
		last := d.db.Ent(t.Context()).User.Query().Where(user.RoleEQ(user.RoleAdmin)).OnlyIDX(t.Context())
		if _, err := d.Disable(access.AsSystem(t.Context()), last); reason(err) != "LAST_ADMIN" {
			t.Errorf("disabled: %v", err)
		}
	})
}

func TestOnlyAdministratorsKeepAccounts(t *testing.T) {
	t.Parallel()
	desks(t, func(t *testing.T, d *desk) {
		rita := d.as(t, ritaEmail, ritaPassword, "")
		for name, do := range map[string]func() error{
			"create":   func() error { _, _, err := d.Create(rita, account.User{}, ""); return err },
			"list":     func() error { _, err := d.List(rita, account.Filter{}, keyset.First(1)); return err },
			"count":    func() error { _, err := d.Count(rita, account.Filter{}, 1); return err },
			"role":     func() error { _, err := d.SetRole(rita, d.rita, access.Admin); return err },
			"disable":  func() error { _, err := d.Disable(rita, d.rita); return err },
			"enable":   func() error { _, err := d.Enable(rita, d.rita); return err },
			"password": func() error { _, _, err := d.ResetPassword(rita, d.rita, ""); return err },
			"one":      func() error { _, err := d.ByID(rita, d.rita); return err },
			"factor":   func() error { _, err := d.ResetSecondFactor(rita, d.rita); return err },
		} {
			if err := do(); reason(err) != "FORBIDDEN" {
				t.Errorf("%s: %v", name, err)
			}
		}
	})
}

func TestStaffMustHaveASecondFactor(t *testing.T) {
	t.Parallel()
	desks(t, func(t *testing.T, d *desk) {
		d.RequireSecondFactor = true
		if v := access.Of(d.as(t, ritaEmail, ritaPassword, "")); v.Role != access.Reader || !v.Can(access.UseAccount) || v.Can(access.ReadNewsroom) {
			t.Errorf("without one: %+v", v)
		}
		d.RequireSecondFactor = false
		ctx := d.as(t, ritaEmail, ritaPassword, "")
		secret, _, err := d.StartSecondFactor(ctx, ritaPassword)
		if err != nil {
			t.Fatal(err)
		}
		code, _ := totp.GenerateCode(secret, d.now)
		if _, err := d.ConfirmSecondFactor(ctx, code); err != nil {
			t.Fatal(err)
		}
		d.RequireSecondFactor = true
		d.now = d.now.Add(time.Minute)
		code, _ = totp.GenerateCode(secret, d.now)
		if v := access.Of(d.as(t, ritaEmail, ritaPassword, code)); v.Role != access.Editor {
			t.Errorf("with one: %+v", v)
		}
	})
}

// TestSetUpAdmin: the token makes one administrator, once.
func TestSetUpAdmin(t *testing.T) {
	t.Parallel()
	desks(t, func(t *testing.T, d *desk) {
		first, err := d.OfferSetup(t.Context())
		if err != nil || first == "" {
			t.Fatalf("%q, %v", first, err)
		}
		second, err := d.OfferSetup(t.Context()) // another node
		if err != nil {
			t.Fatal(err)
		}
		spec := account.User{Email: "chief@example.org", DisplayName: "Chief"}
		setUp := func(token string) error {
			_, err := d.SetUpAdmin(t.Context(), token, spec, "nine slow ferries")
			return err
		}
		if err := setUp("bst_guessed"); reason(err) != "EXPIRED" {
			t.Errorf("a wrong token: %v", err)
		}
		var wait sync.WaitGroup
		answers := make([]string, 4)
		for i := range answers {
			wait.Go(func() { answers[i] = reason(setUp([]string{first, second}[i%2])) })
		}
		wait.Wait()
		slices.Sort(answers)
		if diff := cmp.Diff([]string{"", "EXPIRED", "EXPIRED", "EXPIRED"}, answers); diff != "" {
			t.Errorf("(-want +got):\n%s", diff)
		}
		if token, err := d.OfferSetup(t.Context()); token != "" || err != nil {
			t.Errorf("offered again: %v", err)
		}
		if v := access.Of(d.as(t, "chief@example.org", "nine slow ferries", "")); v.Role != access.Admin {
			t.Errorf("%+v", v)
		}
	})
	t.Run("a token expires", func(t *testing.T) {
		t.Parallel()
		desks(t, func(t *testing.T, d *desk) {
			token, err := d.OfferSetup(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			d.now = d.now.Add(account.SetupLifetime)
			if _, err := d.SetUpAdmin(t.Context(), token, account.User{Email: "chief@example.org", DisplayName: "Chief"}, "nine slow ferries"); reason(err) != "EXPIRED" {
				t.Error(err)
			}
		})
	})
}

// TestChangesAreRecordedWithoutSecrets goes through every change and looks at
// the record of it.
func TestChangesAreRecordedWithoutSecrets(t *testing.T) {
	t.Parallel()
	desks(t, func(t *testing.T, d *desk) {
		d.make(t, "chief@example.org", user.RoleAdmin, ritaPassword)
		admin := from(d.as(t, "chief@example.org", ritaPassword, ""), "192.0.2.7")
		if err := d.ChangePassword(admin, ritaPassword, "eight slow ferries"); err != nil {
			t.Fatal(err)
		}
		secret, _, err := d.StartSecondFactor(admin, "eight slow ferries")
		if err != nil {
			t.Fatal(err)
		}
		made, generated, err := d.Create(admin, account.User{Email: "new@example.org", DisplayName: "New"}, "")
		if err != nil {
			t.Fatal(err)
		}
		administer(t)(d.SetRole(admin, made.ID, access.Author))
		administer(t)(d.SetRole(admin, made.ID, access.Author)) // nothing changes
		administer(t)(d.Disable(admin, made.ID))
		administer(t)(d.Enable(admin, made.ID))
		_, again, err := d.ResetPassword(admin, made.ID, "")
		if err != nil {
			t.Fatal(err)
		}
		administer(t)(d.ResetSecondFactor(admin, made.ID))
		if err := d.SignOut(admin); err != nil {
			t.Fatal(err)
		}
		entries := d.db.Ent(t.Context()).AuditEntry.Query().Where(auditentry.ActorName("Rita Marwan")).Order(auditentry.ByID()).AllX(t.Context())
		var got []string
		for _, e := range entries {
			got = append(got, fmt.Sprintf("%s %s %s→%s", e.Action, e.Entity, e.Before, e.After))
			if e.Action != "signIn" && (e.Address != "192.0.2.7" || e.ActorRole != "ADMIN") {
				t.Errorf("%s by %s from %q", e.Action, e.ActorRole, e.Address)
			}
		}
		all, err := json.Marshal([]any{entries, d.db.Ent(t.Context()).Event.Query().AllX(t.Context())})
		if err != nil {
			t.Fatal(err)
		}
		for _, hidden := range []string{ritaPassword, "eight slow ferries", secret, generated, again, "argon2id", "bst_"} {
			if strings.Contains(string(all), hidden) {
				t.Errorf("the record holds %q", hidden)
			}
		}
		var actions []string
		for _, line := range got {
			action, _, _ := strings.Cut(line, " ")
			actions = append(actions, action)
		}
		want := []string{"signIn", "changePassword", "startSecondFactor", "createUser", "setUserRole", "disableUser", "enableUser",
			"resetUserPassword", "resetUserSecondFactor", "signOut"}
		if diff := cmp.Diff(want, actions); diff != "" {
			t.Errorf("actions (-want +got):\n%s\n%s", diff, strings.Join(got, "\n"))
		}
	})
}
