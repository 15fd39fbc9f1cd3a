package account_test

import (
	"context"
	"crypto/hmac"
	"crypto/sha512"
	"encoding/base64"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/pquerna/otp/totp"
	"golang.org/x/crypto/bcrypt"

	"github.com/broadsheet-cms/broadsheet/ent/session"
	"github.com/broadsheet-cms/broadsheet/ent/user"
	"github.com/broadsheet-cms/broadsheet/internal/access"
	"github.com/broadsheet-cms/broadsheet/internal/account"
	"github.com/broadsheet-cms/broadsheet/internal/audit"
	"github.com/broadsheet-cms/broadsheet/internal/event"
	"github.com/broadsheet-cms/broadsheet/internal/fault"
	"github.com/broadsheet-cms/broadsheet/internal/store"
	"github.com/broadsheet-cms/broadsheet/internal/testkit"
)

const (
	ritaEmail    = "rita@example.org"
	ritaPassword = "seven slow ferries"
)

// desk is a service with a clock that stands still and one account.
type desk struct {
	*account.Service
	db   *store.DB
	now  time.Time
	rita int
}

// desks runs test on each database, with an editor called Rita.
func desks(t *testing.T, test func(t *testing.T, d *desk)) {
	t.Helper()
	testkit.Databases(t, func(t *testing.T, db *store.DB) {
		d := &desk{Service: account.New(db, event.NewLog(db), audit.NewLog(db)), db: db, now: time.Date(2026, 5, 4, 9, 0, 0, 0, time.UTC)}
		d.Now = func() time.Time { return d.now }
		d.rita = d.make(t, ritaEmail, user.RoleEditor, ritaPassword)
		test(t, d)
	})
}

func (d *desk) make(t *testing.T, email string, role user.Role, password string) int {
	t.Helper()
	a, _, err := d.Create(access.AsSystem(t.Context()), account.User{Email: email, DisplayName: "Rita Marwan", Role: role}, password)
	if err != nil {
		t.Fatal(err)
	}
	return a.ID
}

// from is a request from a network address.
func from(ctx context.Context, address string) context.Context {
	return access.WithOrigin(ctx, access.Origin{Address: address, UserAgent: "test", RequestID: "r1"})
}

// token signs in as a program does.
func (d *desk) token(ctx context.Context, email, password, code string) (string, error) {
	in, err := d.SignIn(ctx, account.SignIn{Email: email, Password: password, Code: code, Kind: session.KindBearer})
	if err != nil {
		return "", err
	}
	return in.Token, nil
}

// as gives a context in which the account has signed in.
func (d *desk) as(t *testing.T, email, password, code string) context.Context {
	t.Helper()
	token, err := d.token(t.Context(), email, password, code)
	if err != nil {
		t.Fatal(err)
	}
	v, err := d.Authenticate(t.Context(), token, session.KindBearer)
	if err != nil {
		t.Fatal(err)
	}
	return access.With(t.Context(), v)
}

// reason is why a user's request was refused, empty when it was not.
func reason(err error) string {
	if err == nil {
		return ""
	}
	if f, ok := errors.AsType[*fault.Error](err); ok {
		if f.ReasonOf() != "" {
			return string(f.ReasonOf())
		}
		return string(f.Code)
	}
	return err.Error()
}

func TestSignInAnswers(t *testing.T) {
	t.Parallel()
	desks(t, func(t *testing.T, d *desk) {
		d.make(t, "shut@example.org", user.RoleAuthor, ritaPassword)
		shut, err := d.ByEmail(access.AsSystem(t.Context()), "shut@example.org")
		if err != nil {
			t.Fatal(err)
		}
		if _, err := d.Disable(access.AsSystem(t.Context()), shut); err != nil {
			t.Fatal(err)
		}
		if _, err := d.EnsureUsers(t.Context(), account.User{Email: "bare@example.org", DisplayName: "B"}); err != nil {
			t.Fatal(err)
		}
		var messages []string
		for i, test := range []struct{ name, email, password, want string }{
			{"the right password", ritaEmail, ritaPassword, ""},
			{"an address in capitals", " RITA@Example.org ", ritaPassword, ""},
			{"a wrong password", ritaEmail, "wrong", "INVALID_CREDENTIALS"},
			{"no password", ritaEmail, "", "INVALID_CREDENTIALS"},
			{"a password with a NUL", ritaEmail, "a\x00b", "INVALID_CREDENTIALS"},
			{"a megabyte", ritaEmail, strings.Repeat("x", 1<<20), "INVALID_CREDENTIALS"},
			{"nobody's address", "nobody@example.org", ritaPassword, "INVALID_CREDENTIALS"},
			{"no address", "\x00 ' OR 1=1", ritaPassword, "INVALID_CREDENTIALS"},
			{"a disabled account", "shut@example.org", ritaPassword, "INVALID_CREDENTIALS"},
			{"an account without a password", "bare@example.org", "", "INVALID_CREDENTIALS"},
		} {
			_, err := d.token(from(t.Context(), fmt.Sprintf("192.0.2.%d", i)), test.email, test.password, "")
			if got := reason(err); got != test.want {
				t.Errorf("%s: %q, want %q", test.name, got, test.want)
			}
			if err != nil {
				messages = append(messages, err.Error())
			}
		}
		for _, m := range messages {
			if m != messages[0] {
				t.Errorf("refusals differ: %q and %q", m, messages[0])
			}
		}
	})
}

// TestGuessingIsSlowedDown shows the wait after each wrong password, and that
// it is the same for an account that does not exist.
func TestGuessingIsSlowedDown(t *testing.T) {
	t.Parallel()
	desks(t, func(t *testing.T, d *desk) {
		answers := func(email string) (all []string) {
			for i := range 9 {
				// Each from another address: they are counted by account here.
				_, err := d.token(from(t.Context(), fmt.Sprintf("198.51.100.%d", i)), email, "wrong", "")
				all = append(all, reason(err))
			}
			return all
		}
		wrong, slow := "INVALID_CREDENTIALS", "RATE_LIMITED"
		want := []string{wrong, wrong, wrong, wrong, wrong, wrong, slow, slow, slow}
		if diff := cmp.Diff(want, answers(ritaEmail)); diff != "" {
			t.Errorf("an account (-want +got):\n%s", diff)
		}
		if diff := cmp.Diff(want, answers("nobody@example.org")); diff != "" {
			t.Errorf("no account (-want +got):\n%s", diff)
		}
		if _, err := d.token(from(t.Context(), "203.0.113.1"), ritaEmail, ritaPassword, ""); reason(err) != slow {
			t.Errorf("the right password while waiting: %v, or guessing would not be slowed down", err)
		}
		for _, wait := range []time.Duration{time.Second, 2 * time.Second, 4 * time.Second, 8 * time.Second} {
			d.now = d.now.Add(wait - time.Millisecond)
			if _, err := d.token(from(t.Context(), "203.0.113.1"), ritaEmail, "wrong", ""); reason(err) != slow {
				t.Errorf("a moment before %s are over: %v", wait, err)
			}
			d.now = d.now.Add(time.Millisecond)
			if _, err := d.token(from(t.Context(), "203.0.113.1"), ritaEmail, "wrong", ""); reason(err) != wrong {
				t.Errorf("after %s: %v", wait, err)
			}
		}
		d.now = d.now.Add(15 * time.Minute)
		if _, err := d.token(from(t.Context(), "203.0.113.2"), ritaEmail, ritaPassword, ""); err != nil {
			t.Errorf("the right password after the longest wait: %v", err)
		}
		if diff := cmp.Diff(want, answers(ritaEmail)); diff != "" {
			t.Errorf("the right password did not forget the wrong ones (-want +got):\n%s", diff)
		}
		d.now = d.now.Add(25 * time.Hour)
		if err := d.Tidy(t.Context()); err != nil {
			t.Fatal(err)
		}
		if n := d.db.Ent(t.Context()).SignInFailure.Query().CountX(t.Context()); n != 0 {
			t.Errorf("%d counts are kept after a day", n)
		}
	})
}

func TestGuessingFromOneAddressIsSlowedDown(t *testing.T) {
	t.Parallel()
	desks(t, func(t *testing.T, d *desk) {
		for i := range 30 {
			// One customer's IPv6 addresses are one.
			_, err := d.token(from(t.Context(), fmt.Sprintf("2001:db8::%d", i+1)), fmt.Sprintf("guess%d@example.org", i), "wrong", "")
			want := "INVALID_CREDENTIALS"
			if i > 20 {
				want = "RATE_LIMITED"
			}
			if reason(err) != want {
				t.Fatalf("guess %d: %v, want %s", i+1, err, want)
			}
		}
		if _, err := d.token(from(t.Context(), "2001:db8:0:1::1"), ritaEmail, ritaPassword, ""); err != nil {
			t.Errorf("another network: %v", err)
		}
		if n := d.db.Ent(t.Context()).SignInFailure.Query().CountX(t.Context()); n > 23 {
			t.Errorf("%d counts are kept for 21 guesses: what is refused leaves none", n)
		}
	})
}

func bcrypted(t *testing.T, password string) string {
	t.Helper()
	hash, err := bcrypt.GenerateFromPassword([]byte(password), bcrypt.MinCost)
	if err != nil {
		t.Fatal(err)
	}
	return string(hash)
}

func TestPasswordsOfWordPressAreRenewed(t *testing.T) {
	t.Parallel()
	digest := hmac.New(sha512.New384, []byte("wp-sha384"))
	digest.Write([]byte("test12345"))
	desks(t, func(t *testing.T, d *desk) {
		for name, hash := range map[string]string{
			"phpass, until 6.7":        "$P$9IQRaTwmfeRo7ud9Fh4E2PdI0S3r.L0",
			"keyed bcrypt, since 6.8":  "$wp" + bcrypted(t, base64.StdEncoding.EncodeToString(digest.Sum(nil))),
			"plain bcrypt, by plugins": bcrypted(t, "test12345"),
		} {
			key := d.make(t, "old@example.org", user.RoleAuthor, "")
			d.db.Ent(t.Context()).User.UpdateOneID(key).SetPasswordHash(hash).ExecX(t.Context())
			if _, err := d.token(t.Context(), "old@example.org", "test12346", ""); reason(err) != "INVALID_CREDENTIALS" {
				t.Errorf("%s, a wrong password: %v", name, err)
			}
			for _, when := range []string{"first", "again"} {
				if _, err := d.token(t.Context(), "old@example.org", "test12345", ""); err != nil {
					t.Errorf("%s, %s: %v", name, when, err)
				}
			}
			if renewed := d.db.Ent(t.Context()).User.GetX(t.Context(), key).PasswordHash; !strings.HasPrefix(renewed, "$argon2id$v=19$m=19456,t=2,p=1$") {
				t.Errorf("%s: still %.20s", name, renewed)
			}
			d.db.Ent(t.Context()).User.DeleteOneID(key).ExecX(t.Context())
		}
	})
}

func TestSecondFactor(t *testing.T) {
	t.Parallel()
	desks(t, func(t *testing.T, d *desk) {
		ctx := d.as(t, ritaEmail, ritaPassword, "")
		if _, _, err := d.StartSecondFactor(ctx, "wrong"); reason(err) != "INVALID_CREDENTIALS" {
			t.Fatalf("started with a wrong password: %v", err)
		}
		secret, address, err := d.StartSecondFactor(ctx, ritaPassword)
		if err != nil || !strings.HasPrefix(address, "otpauth://totp/") || !strings.Contains(address, secret) {
			t.Fatalf("%q, %v", address, err)
		}
		code := func() string {
			c, err := totp.GenerateCode(secret, d.now)
			if err != nil {
				t.Fatal(err)
			}
			return c
		}
		if _, err := d.token(t.Context(), ritaEmail, ritaPassword, ""); err != nil {
			t.Errorf("asked for before it was confirmed: %v", err)
		}
		if _, err := d.ConfirmSecondFactor(ctx, "000000"); reason(err) != "INVALID_SECOND_FACTOR" {
			t.Errorf("confirmed by a wrong code: %v", err)
		}
		recovery, err := d.ConfirmSecondFactor(ctx, code())
		if err != nil || len(recovery) != 10 {
			t.Fatalf("%v, %v", recovery, err)
		}
		try := func(name, password, code, want string) {
			t.Helper()
			if _, err := d.token(t.Context(), ritaEmail, password, code); reason(err) != want {
				t.Errorf("%s: %v, want %q", name, err, want)
			}
		}
		try("the code that confirmed it, again", ritaPassword, code(), "INVALID_SECOND_FACTOR")
		d.now = d.now.Add(30 * time.Second)
		try("no code", ritaPassword, "", "SECOND_FACTOR_REQUIRED")
		try("a code with a wrong password", "wrong", code(), "INVALID_CREDENTIALS")
		try("the next code", ritaPassword, code()[:3]+" "+code()[3:], "")
		try("the same code again", ritaPassword, code(), "INVALID_SECOND_FACTOR")
		try("a recovery code", ritaPassword, strings.ToUpper(recovery[3]), "")
		try("the same recovery code again", ritaPassword, recovery[3], "INVALID_SECOND_FACTOR")
		try("another recovery code", ritaPassword, recovery[4], "")
		d.now = d.now.Add(time.Hour)

		ctx = d.as(t, ritaEmail, ritaPassword, code())
		if self, err := d.Self(ctx); err != nil || !self.SecondFactor || self.RecoveryCodesLeft != 8 {
			t.Errorf("%+v, %v", self, err)
		}
		d.now = d.now.Add(time.Minute)
		again, err := d.RegenerateRecoveryCodes(ctx, code())
		if err != nil {
			t.Fatal(err)
		}
		try("an old recovery code", ritaPassword, recovery[5], "INVALID_SECOND_FACTOR")
		if err := d.DisableSecondFactor(ctx, again[0]); err != nil {
			t.Fatal(err)
		}
		try("after it was disabled", ritaPassword, "", "")
	})
}

// TestTwentyWrongCodes: a second factor is guessed no faster than a password.
func TestTwentyWrongCodes(t *testing.T) {
	t.Parallel()
	desks(t, func(t *testing.T, d *desk) {
		ctx := d.as(t, ritaEmail, ritaPassword, "")
		secret, _, err := d.StartSecondFactor(ctx, ritaPassword)
		if err != nil {
			t.Fatal(err)
		}
		code, _ := totp.GenerateCode(secret, d.now)
		if _, err := d.ConfirmSecondFactor(ctx, code); err != nil {
			t.Fatal(err)
		}
		wrong := 0
		for i := range 20 {
			_, err := d.token(from(t.Context(), fmt.Sprintf("198.51.100.%d", i)), ritaEmail, ritaPassword, "00000"+fmt.Sprint(i%10))
			switch reason(err) {
			case "INVALID_SECOND_FACTOR":
				wrong++
			case "RATE_LIMITED":
			default:
				t.Fatalf("code %d: %v", i, err)
			}
			// Asking which factor is needed must not clear the count.
			if _, err := d.token(from(t.Context(), "203.0.113.9"), ritaEmail, ritaPassword, ""); reason(err) != "SECOND_FACTOR_REQUIRED" && reason(err) != "RATE_LIMITED" {
				t.Fatal(err)
			}
		}
		if wrong > 7 {
			t.Errorf("%d wrong codes were looked at, at one moment", wrong)
		}
	})
}
