package graph_test

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/pquerna/otp/totp"

	"github.com/broadsheet-cms/broadsheet/ent"
	"github.com/broadsheet-cms/broadsheet/ent/session"
	"github.com/broadsheet-cms/broadsheet/ent/user"
	"github.com/broadsheet-cms/broadsheet/internal/access"
	"github.com/broadsheet-cms/broadsheet/internal/account"
	"github.com/broadsheet-cms/broadsheet/internal/id"
)

// signedIn gives a context in which a new account with a role is looking.
func (n *newsroom) signedIn(t *testing.T, role access.Role) context.Context {
	t.Helper()
	spec := account.User{Email: strings.ToLower(string(role)) + "@example.org", DisplayName: "Somebody", Role: user.Role(role)}
	made, _, err := n.Accounts.Create(access.AsSystem(t.Context()), spec, "seven slow ferries")
	if err != nil {
		t.Fatal(err)
	}
	return access.With(t.Context(), access.Viewer{UserID: made.ID, Role: role, Name: made.DisplayName})
}

// TestAccountMutationsTakeAnyText: whatever is typed, the answer is one of the
// userErrors or a fault, and no password is ever set by a text that no
// database can hold.
func TestAccountMutationsTakeAnyText(t *testing.T) {
	t.Parallel()
	texts := map[string]string{}
	for name, text := range hard {
		if len(text) < 3000 {
			texts[name] = text
		}
	}
	eachNewsroom(t, func(t *testing.T, n *newsroom) {
		admin := n.signedIn(t, access.Admin)
		for _, mutation := range []string{
			`signIn(input: {email: $x, password: $x, code: $x, label: $x, transport: TOKEN})`,
			`setUpAdmin(input: {token: $x, email: $x, displayName: $x, password: $x})`,
			`setUpAdmin(input: {token: $x, email: "a@example.org", displayName: "A", password: "seven slow ferries"})`,
			`changePassword(input: {currentPassword: $x, newPassword: $x})`,
			`startSecondFactor(input: {password: $x})`,
			`confirmSecondFactor(input: {code: $x})`,
			`disableSecondFactor(input: {code: $x})`,
			`regenerateRecoveryCodes(input: {code: $x})`,
			`createUser(input: {email: $x, displayName: $x, role: ADMIN, password: $x})`,
			`signUp(input: {email: $x, displayName: $x, password: $x, invitation: $x, accepted: [{document: $x, version: $x}]})`,
			`signUp(input: {email: "a@example.org", displayName: $x, password: "short"})`,
			`verifyEmail(input: {token: $x, label: $x, transport: TOKEN})`,
			`requestSignInLink(input: {email: $x})`,
			`signInWithLink(input: {token: $x, email: $x, code: $x, secondFactorCode: $x, label: $x, transport: TOKEN})`,
			`signInWithLink(input: {email: $x, code: $x, transport: TOKEN})`,
			`requestPasswordReset(input: {email: $x})`,
			`resetPassword(input: {token: $x, newPassword: $x})`,
			`changeEmail(input: {newEmail: $x, password: $x})`,
			`confirmEmailChange(input: {token: $x})`,
			`recordConsent(input: {document: $x, version: $x, place: $x})`,
			`inviteReader(input: {email: $x})`,
			`confirmNewsletterSubscription(input: {token: $x})`,
			`updateNewsletterPreferences(input: {token: $x, newsletterIds: [], consentVersion: $x})`,
			`unsubscribeFromNewsletter(input: {token: $x})`,
			`stopDigest(input: {token: $x})`,
			`subscribeToNewsletter(input: {newsletterIds: [], email: $x, consentVersion: $x, place: $x, website: $x})`,
			`submitContactMessage(input: {name: $x, email: $x, subject: $x, message: $x, secondsOnPage: 9, website: $x})`,
			`createNewsletter(input: {name: $x, slug: "no slug", description: $x})`,
			`createUser(input: {email: "a@example.org", displayName: $x, role: READER, password: "short"})`,
		} {
			for name, text := range texts {
				got, _ := n.ask(admin, `mutation($x: String!) { a: `+mutation+` { userErrors { code field message } } }`, map[string]any{"x": text})
				var data struct {
					A *struct{ UserErrors []struct{ Code string } }
				}
				if err := json.Unmarshal(got.Data, &data); len(got.Errors) > 0 || err != nil || data.A == nil || len(data.A.UserErrors) == 0 {
					t.Errorf("%s with %s: %s %v", mutation, name, got.Data, got.codes())
				}
			}
		}
		for _, mutation := range []string{"revokeSession(input: {sessionId: $x})", "disableUser(input: {userId: $x})", "enableUser(input: {userId: $x})",
			"setUserRole(input: {userId: $x, role: READER})", "resetUserPassword(input: {userId: $x})", "resetUserSecondFactor(input: {userId: $x})"} {
			for _, x := range []string{"", "usr_", id.Encode(id.User, 999_999), id.Encode(id.Session, 999_999), id.Encode(id.Article, 1)} {
				got, _ := n.ask(admin, `mutation($x: ID!) { a: `+mutation+` { userErrors { code } } }`, map[string]any{"x": x})
				if text := string(got.Data); len(got.Errors) > 0 || !strings.Contains(text, `"NOT_FOUND"`) && !strings.Contains(text, `"INVALID"`) {
					t.Errorf("%s with %q: %s %v", mutation, x, got.Data, got.codes())
				}
			}
		}
	})
}

// TestAccountsAreForAdministrators asks for other people's accounts and
// sessions in every role.
func TestAccountsAreForAdministrators(t *testing.T) {
	t.Parallel()
	eachNewsroom(t, func(t *testing.T, n *newsroom) {
		admin := n.signedIn(t, access.Admin)
		in, err := n.Accounts.SignIn(t.Context(), account.SignIn{Email: "admin@example.org", Password: "seven slow ferries", Kind: "BEARER"})
		if err != nil {
			t.Fatal(err)
		}
		ask := func(ctx context.Context, query string) string {
			got, _ := n.ask(ctx, query, nil)
			return strings.Join(append(got.codes(), string(got.Data)), " ")
		}
		own := access.Of(admin)
		session := fmt.Sprintf(`{node(id:%q){__typename}}`, in.Session.PublicID())
		users := fmt.Sprintf(`{user(id:%q){email}}`, id.Encode(id.User, own.UserID))
		got := map[string][]string{}
		viewers := map[access.Role]context.Context{"": t.Context(), access.Admin: admin}
		for _, role := range access.Roles() {
			if role != access.Admin {
				viewers[role] = n.signedIn(t, role)
			}
		}
		for role, ctx := range viewers {
			answer := ask(ctx, session) + " | " + ask(ctx, users)
			got[answer] = append(got[answer], string(role))
			slices.Sort(got[answer])
		}
		want := map[string][]string{
			`{"node":null} | UNAUTHENTICATED {"user":null}`:                              {""},
			`{"node":null} | FORBIDDEN {"user":null}`:                                    {"AUTHOR", "CONTRIBUTOR", "EDITOR", "MODERATOR", "READER"},
			`{"node":{"__typename":"Session"}} | {"user":{"email":"admin@example.org"}}`: {"ADMIN"},
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("(-want +got):\n%s", diff)
		}
		caps := ask(viewers[access.Moderator], `{viewer{role capabilities secondFactor{isEnabled isRequired recoveryCodesLeft} sessions{id}}}`)
		if want := `{"viewer":{"role":"MODERATOR","capabilities":["USE_ACCOUNT","MODERATE_COMMENTS"],"secondFactor":{"isEnabled":false,"isRequired":false,"recoveryCodesLeft":0},"sessions":[]}}`; caps != want {
			t.Errorf("got %s\nwant %s", caps, want)
		}
	})
}

// passwordHash is the hash of "seven slow ferries", made once, as making one takes
// longer than asking.
func (r *room) passwordHash(t *testing.T) string {
	t.Helper()
	if r.hash == "" {
		system := access.AsSystem(t.Context())
		made, _, err := r.Accounts.Create(system, account.User{Email: "hash@example.org", DisplayName: "Hash", Role: user.RoleReader}, "seven slow ferries")
		r.hash = r.DB.Ent(system).User.GetX(system, must[*account.Account](t)(made, err).ID).PasswordHash
	}
	return r.hash
}

// accountWords makes what the table of permissions asks about accounts, each
// time anew.
func (r *room) accountWords(t *testing.T, viewer access.Viewer) map[string]func() string {
	t.Helper()
	const secret = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"
	system := access.AsSystem(t.Context())
	users := r.DB.Ent(system).User
	fresh := func() *ent.User {
		return users.Create().SetEmail(fmt.Sprintf("fresh%d@example.org", r.serial)).SetDisplayName("Fresh").SetRole(user.RoleAuthor).
			SetPasswordHash(r.passwordHash(t)).SaveX(system)
	}
	code := func(confirmed *time.Time) string {
		code, err := totp.GenerateCode(secret, r.Accounts.Now())
		if err != nil {
			t.Fatal(err)
		}
		users.Update().Where(user.ID(viewer.UserID)).SetTotpSecret(secret).SetTotpLastStep(0).SetNillableTotpConfirmedAt(confirmed).ExecX(system)
		return code
	}
	without := func() {
		users.Update().Where(user.ID(viewer.UserID)).SetTotpSecret("").ClearTotpConfirmedAt().ExecX(system)
	}
	return map[string]func() string{
		"user":  func() string { return id.Encode(id.User, fresh().ID) },
		"email": func() string { return fresh().Email },
		"disabled": func() string {
			made := fresh()
			users.UpdateOneID(made.ID).SetStatus(user.StatusDisabled).ExecX(system)
			return id.Encode(id.User, made.ID)
		},
		"password": func() string {
			without()
			users.Update().Where(user.ID(viewer.UserID)).SetPasswordHash(r.passwordHash(t)).ExecX(system)
			return "seven slow ferries"
		},
		"firstCode": func() string {
			without()
			return code(nil)
		},
		"code": func() string { return code(new(r.Accounts.Now())) },
		"session": func() string {
			if viewer.UserID == 0 {
				return id.Encode(id.Session, 1)
			}
			return r.DB.Ent(system).Session.Create().SetUserID(viewer.UserID).SetTokenHash(fmt.Sprint(r.serial)).SetKind(session.KindBearer).
				SetExpiresAt(r.Accounts.Now().Add(time.Hour)).SaveX(system).PublicID()
		},
		"setup": func() string {
			users.Update().SetPasswordHash("").ExecX(system) // nobody can sign in any more
			token, err := r.Accounts.OfferSetup(system)
			if err != nil {
				t.Fatal(err)
			}
			return token
		},
	}
}
