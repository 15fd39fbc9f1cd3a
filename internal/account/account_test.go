package account_test

import (
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/broadsheet-cms/broadsheet/ent/user"
	"github.com/broadsheet-cms/broadsheet/internal/account"
	"github.com/broadsheet-cms/broadsheet/internal/audit"
	"github.com/broadsheet-cms/broadsheet/internal/event"
	"github.com/broadsheet-cms/broadsheet/internal/fault"
	"github.com/broadsheet-cms/broadsheet/internal/store"
	"github.com/broadsheet-cms/broadsheet/internal/testkit"
)

func TestEnsureUsersMeetsByEmail(t *testing.T) {
	t.Parallel()
	testkit.Databases(t, func(t *testing.T, db *store.DB) {
		s, ctx := account.New(db, event.NewLog(db), audit.NewLog(db)), t.Context()
		ids, err := s.EnsureUsers(ctx,
			account.User{Email: "Rima@Example.org", DisplayName: "Rima\tSoltar", Role: user.RoleEditor},
			account.User{Email: " rima@example.org", DisplayName: "Somebody"},
			account.User{Email: "omar@example.org", DisplayName: "Omar"})
		if err != nil {
			t.Fatal(err)
		}
		again, err := s.EnsureUsers(ctx, account.User{Email: "RIMA@example.org", DisplayName: "Changed", Role: user.RoleAdmin}, account.User{Email: "new@example.org", DisplayName: "New"})
		if err != nil {
			t.Fatal(err)
		}
		if ids[0] != ids[1] || ids[0] == ids[2] || again[0] != ids[0] || again[1] == 0 {
			t.Errorf("keys %v, then %v", ids, again)
		}
		stored := db.Ent(ctx).User.GetX(ctx, ids[0])
		if stored.Email != "rima@example.org" || stored.DisplayName != "Rima Soltar" || stored.Role != user.RoleEditor {
			t.Errorf("stored %q %q %s", stored.Email, stored.DisplayName, stored.Role)
		}
		if n := db.Ent(ctx).Event.Query().CountX(ctx); n != 3 {
			t.Errorf("%d events for 3 accounts", n)
		}
		public, err := s.UsersByIDs(ctx, []int{ids[0], ids[2], 999})
		if err != nil {
			t.Fatal(err)
		}
		names := map[int]string{}
		for id, u := range public {
			names[id] = u.DisplayName
			if u.Email != "" || u.Role != "" || u.PasswordHash != "" {
				t.Errorf("more than the name of account %d is public: %+v", id, u)
			}
		}
		if diff := cmp.Diff(map[int]string{ids[0]: "Rima Soltar", ids[2]: "Omar"}, names); diff != "" {
			t.Errorf("public names (-want +got):\n%s", diff)
		}
	})
}

func TestEnsureUsersRefuses(t *testing.T) {
	t.Parallel()
	db := testkit.Open(t, testkit.URL(t, store.SQLite), store.Options{})
	s := account.New(db, event.NewLog(db), audit.NewLog(db))
	for name, test := range map[string]struct {
		user  account.User
		field string
	}{
		"no address":           {account.User{Email: "rima", DisplayName: "R"}, "users[0].email"},
		"a name and address":   {account.User{Email: "Rima <rima@example.org>", DisplayName: "R"}, "users[0].email"},
		"an empty name":        {account.User{Email: "rima@example.org", DisplayName: "\x00"}, "users[0].displayName"},
		"a role there is none": {account.User{Email: "rima@example.org", DisplayName: "R", Role: "KING"}, "users[0].role"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := s.EnsureUsers(t.Context(), test.user)
			f, ok := errors.AsType[*fault.Error](err)
			if !ok || f.Field != test.field {
				t.Errorf("got %v, want a fault about %s", err, test.field)
			}
		})
	}
}
