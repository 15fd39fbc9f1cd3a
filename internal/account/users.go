package account

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/broadsheet-cms/broadsheet/ent"
	"github.com/broadsheet-cms/broadsheet/ent/predicate"
	"github.com/broadsheet-cms/broadsheet/ent/user"
	"github.com/broadsheet-cms/broadsheet/internal/access"
	"github.com/broadsheet-cms/broadsheet/internal/audit"
	"github.com/broadsheet-cms/broadsheet/internal/event"
	"github.com/broadsheet-cms/broadsheet/internal/fault"
	"github.com/broadsheet-cms/broadsheet/internal/id"
	"github.com/broadsheet-cms/broadsheet/internal/keyset"
	"github.com/broadsheet-cms/broadsheet/internal/store"
)

// Account is what its owner and administrators may know of an account. It
// holds no secrets.
type Account struct {
	ID                 int
	Email, DisplayName string
	Role               access.Role
	Disabled           bool
	HasPassword        bool
	SecondFactor       bool
	RecoveryCodesLeft  int
	CreatedAt          time.Time
	SignedInAt         *time.Time // nil: never
	Language           string     // of mails; empty: the site's
	DeletionDueAt      *time.Time // nil: the account stays
}

// PublicID is its id in the API.
func (a *Account) PublicID() string { return id.Encode(id.User, a.ID) }

func accountOf(u *ent.User) *Account {
	return &Account{ID: u.ID, Email: u.Email, DisplayName: u.DisplayName, Role: access.Role(u.Role), Disabled: u.Status == user.StatusDisabled,
		HasPassword: u.PasswordHash != "", SecondFactor: u.TotpConfirmedAt != nil, RecoveryCodesLeft: len(u.RecoveryCodes),
		CreatedAt: u.CreatedAt, SignedInAt: u.SignedInAt, Language: u.Language, DeletionDueAt: u.DeletesAt}
}

// Self is the account of the viewer, nil when nobody is signed in.
func (s *Service) Self(ctx context.Context) (*Account, error) {
	if access.Of(ctx).UserID == 0 {
		return nil, nil
	}
	u, err := s.self(ctx)
	if err != nil {
		return nil, err
	}
	return accountOf(u), nil
}

// Filter narrows a list of accounts. The zero Filter lets all pass.
type Filter struct {
	Role  access.Role
	Staff bool
	Words string // somewhere in the e-mail address or the name
}

func (f Filter) predicates() []predicate.User {
	var where []predicate.User
	if f.Role != "" {
		where = append(where, user.RoleEQ(user.Role(f.Role)))
	}
	if f.Staff {
		where = append(where, user.RoleNEQ(user.RoleReader))
	}
	if f.Words != "" {
		where = append(where, user.Or(user.EmailContainsFold(f.Words), user.DisplayNameContainsFold(f.Words)))
	}
	return where
}

// Key is the place of an account in the list, which is in the order of their
// making.
func Key(a *Account) keyset.Key { return keyset.Key{ID: a.ID} }

// List gives a stretch of the accounts.
func (s *Service) List(ctx context.Context, f Filter, w keyset.Window) ([]*Account, error) {
	if err := access.Require(ctx, access.ManageUsers); err != nil {
		return nil, err
	}
	q := s.db.Ent(ctx).User.Query().Where(f.predicates()...).Limit(w.Limit)
	if w.After != nil {
		q.Where(user.IDGT(w.After.ID))
	}
	if w.Before != nil {
		q.Where(user.IDLT(w.Before.ID))
	}
	if w.Backward {
		q.Order(ent.Desc(user.FieldID))
	} else {
		q.Order(ent.Asc(user.FieldID))
	}
	rows, err := q.All(ctx)
	if err != nil {
		return nil, fmt.Errorf("list accounts: %w", err)
	}
	if w.Backward {
		slices.Reverse(rows)
	}
	all := make([]*Account, len(rows))
	for i, u := range rows {
		all[i] = accountOf(u)
	}
	return all, nil
}

// Beyond reports whether the list has accounts behind a place, or before it.
func (s *Service) Beyond(ctx context.Context, f Filter, k keyset.Key, behind bool) (bool, error) {
	w := keyset.Window{Limit: 1, After: &k}
	if !behind {
		w = keyset.Window{Limit: 1, Before: &k}
	}
	found, err := s.List(ctx, f, w)
	return len(found) > 0, err
}

// Count counts accounts up to a limit.
func (s *Service) Count(ctx context.Context, f Filter, limit int) (int, error) {
	if err := access.Require(ctx, access.ManageUsers); err != nil {
		return 0, err
	}
	ids, err := s.db.Ent(ctx).User.Query().Where(f.predicates()...).Limit(limit).IDs(ctx)
	if err != nil {
		return 0, fmt.Errorf("count accounts: %w", err)
	}
	return len(ids), nil
}

// ByID gives one account, nil when there is none.
func (s *Service) ByID(ctx context.Context, userID int) (*Account, error) {
	if err := access.Require(ctx, access.ManageUsers); err != nil {
		return nil, err
	}
	u, err := s.db.Ent(ctx).User.Get(ctx, userID)
	if ent.IsNotFound(err) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("read an account: %w", err)
	}
	return accountOf(u), nil
}

// ByEmail gives the key of the account with an e-mail address, for commands. It
// is NOT_FOUND when there is none.
func (s *Service) ByEmail(ctx context.Context, address string) (int, error) {
	if err := access.Require(ctx, access.ManageUsers); err != nil {
		return 0, err
	}
	email, err := Email(address)
	if err != nil {
		return 0, err
	}
	key, err := s.db.Ent(ctx).User.Query().Where(user.Email(email)).OnlyID(ctx)
	if ent.IsNotFound(err) {
		return 0, fault.Mistake(fault.Missing, "email", "There is no account with the address %s.", email)
	}
	if err != nil {
		return 0, fmt.Errorf("look for an account: %w", err)
	}
	return key, nil
}

// Create makes an account with a password; an empty one is made up, and
// returned. Mistakes: INVALID, TAKEN, WEAK_PASSWORD, TOO_LONG.
func (s *Service) Create(ctx context.Context, spec User, password string) (a *Account, given string, err error) {
	if err := access.Require(ctx, access.ManageUsers); err != nil {
		return nil, "", err
	}
	if err := check("", &spec); err != nil {
		return nil, "", err
	}
	if password == "" {
		given = generatePassword()
		password = given
	} else if err := checkPassword("password", password, spec.Email, spec.DisplayName); err != nil {
		return nil, "", err
	}
	hash, err := s.passwords.hash(ctx, password)
	if err != nil {
		return nil, "", err
	}
	err = s.db.Tx(ctx, func(ctx context.Context) error {
		if err := s.lock(ctx); err != nil {
			return err
		}
		taken, err := s.db.Ent(ctx).User.Query().Where(user.Email(spec.Email)).Exist(ctx)
		if err != nil {
			return fmt.Errorf("look for an account: %w", err)
		}
		if taken {
			return fault.Mistake(fault.Taken, "email", "There is an account with this address.")
		}
		u, err := s.db.Ent(ctx).User.Create().SetEmail(spec.Email).SetDisplayName(spec.DisplayName).SetRole(spec.Role).SetPasswordHash(hash).Save(ctx)
		if err != nil {
			return fmt.Errorf("make an account: %w", err)
		}
		a = accountOf(u)
		return s.changed(ctx, "createUser", event.Created, u.ID, nil, facts(u))
	})
	if err != nil {
		return nil, "", err
	}
	return a, given, nil
}

// facts are what the record of changes says of an account.
func facts(u *ent.User) map[string]any {
	return map[string]any{"email": u.Email, "displayName": u.DisplayName, "role": u.Role, "status": u.Status}
}

// changed records what was done to an account.
func (s *Service) changed(ctx context.Context, action, what string, userID int, before, after any) error {
	if err := s.audit.Record(ctx, audit.Entry{Action: action, Entity: id.User, EntityID: userID, Before: before, After: after}); err != nil {
		return err
	}
	return s.log.Append(ctx, event.Event{Action: what, Entity: id.User, EntityID: userID})
}

// lock lets one transaction at a time make accounts and give roles.
func (s *Service) lock(ctx context.Context) error {
	if _, err := s.db.Exec(ctx, lockSQL); err != nil {
		return fmt.Errorf("lock the accounts: %w", err)
	}
	return nil
}

// lockUserSQL locks one account. SQLite has one writer anyway.
var lockUserSQL = store.Maintain(`SELECT id FROM users WHERE id = $1 FOR UPDATE`, `SELECT id FROM users WHERE id = $1`)

// locked reads an account that nobody else changes until the transaction of ctx
// ends.
func (s *Service) locked(ctx context.Context, userID int) (*ent.User, error) {
	if _, err := store.Collect(ctx, s.db, lockUserSQL, store.ScanInt, userID); err != nil {
		return nil, fmt.Errorf("lock an account: %w", err)
	}
	u, err := s.db.Ent(ctx).User.Get(ctx, userID)
	if err != nil {
		return nil, fmt.Errorf("read an account: %w", err)
	}
	return u, nil
}

// administer changes the account with a key, for those who manage accounts.
func (s *Service) administer(ctx context.Context, userID int, change func(ctx context.Context, u *ent.User) error) (a *Account, err error) {
	if err := access.Require(ctx, access.ManageUsers); err != nil {
		return nil, err
	}
	err = s.db.Tx(ctx, func(ctx context.Context) error {
		if err := s.lock(ctx); err != nil {
			return err
		}
		users := s.db.Ent(ctx).User
		u, err := s.locked(ctx, userID)
		if ent.IsNotFound(err) {
			return fault.Mistake(fault.Missing, "userId", "There is no such account.")
		}
		if err != nil {
			return err
		}
		if err := change(ctx, u); err != nil {
			return err
		}
		if u, err = users.Get(ctx, userID); err != nil {
			return fmt.Errorf("read an account: %w", err)
		}
		a = accountOf(u)
		return nil
	})
	if err != nil {
		return nil, err
	}
	return a, nil
}

// keepAnAdmin refuses to take the last administrator.
func (s *Service) keepAnAdmin(ctx context.Context, u *ent.User) error {
	if u.Role != user.RoleAdmin || u.Status != user.StatusActive {
		return nil
	}
	another, err := s.admins(ctx, u.ID)
	if err != nil {
		return err
	}
	if another == 0 {
		return fault.Mistake(fault.LastAdmin, "userId", "This is the last administrator.")
	}
	return nil
}

// SetRole gives an account another role, which holds from its next request on.
// Mistakes: NOT_FOUND, INVALID, LAST_ADMIN.
func (s *Service) SetRole(ctx context.Context, userID int, role access.Role) (*Account, error) {
	return s.administer(ctx, userID, func(ctx context.Context, u *ent.User) error {
		if user.RoleValidator(user.Role(role)) != nil {
			return fault.Mistake(fault.Invalid, "role", "There is no role called %.40q.", role)
		}
		if user.Role(role) == u.Role {
			return nil
		}
		if err := s.keepAnAdmin(ctx, u); err != nil {
			return err
		}
		if err := s.db.Ent(ctx).User.UpdateOneID(u.ID).SetRole(user.Role(role)).Exec(ctx); err != nil {
			return fmt.Errorf("give a role: %w", err)
		}
		return s.changed(ctx, "setUserRole", event.Updated, u.ID, map[string]any{"role": u.Role}, map[string]any{"role": role})
	})
}

// Disable shuts an account: its sessions end, nobody signs in to it. What it
// wrote stays. Mistakes: NOT_FOUND, LAST_ADMIN.
func (s *Service) Disable(ctx context.Context, userID int) (*Account, error) {
	return s.administer(ctx, userID, func(ctx context.Context, u *ent.User) error {
		if u.Status == user.StatusDisabled {
			return nil
		}
		if err := s.keepAnAdmin(ctx, u); err != nil {
			return err
		}
		if _, err := s.endSessions(ctx, u.ID, 0); err != nil {
			return err
		}
		return s.setStatus(ctx, "disableUser", u, user.StatusDisabled)
	})
}

// Enable opens a disabled account again.
func (s *Service) Enable(ctx context.Context, userID int) (*Account, error) {
	return s.administer(ctx, userID, func(ctx context.Context, u *ent.User) error {
		if u.Status == user.StatusActive {
			return nil
		}
		return s.setStatus(ctx, "enableUser", u, user.StatusActive)
	})
}

func (s *Service) setStatus(ctx context.Context, action string, u *ent.User, status user.Status) error {
	if err := s.db.Ent(ctx).User.UpdateOneID(u.ID).SetStatus(status).Exec(ctx); err != nil {
		return fmt.Errorf("disable or enable an account: %w", err)
	}
	return s.changed(ctx, action, event.Updated, u.ID, map[string]any{"status": u.Status}, map[string]any{"status": status})
}

// ResetPassword gives an account another password and ends its sessions; an
// empty one is made up, and returned. Mistakes: NOT_FOUND, WEAK_PASSWORD,
// TOO_LONG.
func (s *Service) ResetPassword(ctx context.Context, userID int, password string) (a *Account, given string, err error) {
	if err := access.Require(ctx, access.ManageUsers); err != nil {
		return nil, "", err
	}
	if password == "" {
		given = generatePassword()
		password = given
	} else if len(password) > maxPassword {
		return nil, "", checkPassword("password", password, "", "")
	}
	// Before the transaction, which locks: hashing may have to wait.
	hash, err := s.passwords.hash(ctx, password)
	if err != nil {
		return nil, "", err
	}
	a, err = s.administer(ctx, userID, func(ctx context.Context, u *ent.User) error {
		if err := checkPassword("password", password, u.Email, u.DisplayName); err != nil {
			return err
		}
		if err := s.db.Ent(ctx).User.UpdateOneID(u.ID).SetPasswordHash(hash).Exec(ctx); err != nil {
			return fmt.Errorf("give a password: %w", err)
		}
		if _, err := s.endSessions(ctx, u.ID, 0); err != nil {
			return err
		}
		if err := s.pardon(ctx, u.Email); err != nil {
			return err
		}
		return s.changed(ctx, "resetUserPassword", event.Updated, u.ID, nil, nil)
	})
	if err != nil {
		return nil, "", err
	}
	return a, given, nil
}

// pardon forgets the wrong guesses at an account.
func (s *Service) pardon(ctx context.Context, email string) error {
	return s.throttle.Forgive(ctx, guessesAtAccount.Subject(email))
}

// ResetSecondFactor takes the second factor from an account whose owner lost
// it, and ends its sessions.
func (s *Service) ResetSecondFactor(ctx context.Context, userID int) (*Account, error) {
	return s.administer(ctx, userID, func(ctx context.Context, u *ent.User) error {
		if err := s.removeFactor(ctx, u.ID); err != nil {
			return err
		}
		if _, err := s.endSessions(ctx, u.ID, 0); err != nil {
			return err
		}
		return s.changed(ctx, "resetUserSecondFactor", event.Updated, u.ID, map[string]any{"secondFactor": u.TotpConfirmedAt != nil}, map[string]any{"secondFactor": false})
	})
}
