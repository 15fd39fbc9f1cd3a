package account

import (
	"context"
	"fmt"
	"time"

	"github.com/broadsheet-cms/broadsheet/ent"
	"github.com/broadsheet-cms/broadsheet/ent/dataexport"
	"github.com/broadsheet-cms/broadsheet/ent/onetimetoken"
	"github.com/broadsheet-cms/broadsheet/ent/session"
	"github.com/broadsheet-cms/broadsheet/ent/user"
	"github.com/broadsheet-cms/broadsheet/internal/access"
	"github.com/broadsheet-cms/broadsheet/internal/event"
	"github.com/broadsheet-cms/broadsheet/internal/fault"
	"github.com/broadsheet-cms/broadsheet/internal/secret"
	"github.com/broadsheet-cms/broadsheet/internal/store"
)

// What one-time tokens are for.
const forSetup = "setup"

// SetupLifetime is how long a setup token is valid. A restart makes another.
const SetupLifetime = 24 * time.Hour

// OfferSetup makes a token with which the first administrator can be made by
// SetUpAdmin. It is empty when there is an administrator who can sign in.
func (s *Service) OfferSetup(ctx context.Context) (token string, err error) {
	err = s.db.Tx(ctx, func(ctx context.Context) error {
		there, err := s.hasAdmin(ctx)
		if err != nil || there {
			return err
		}
		token = secret.New(tokenPrefix)
		return s.keepToken(ctx, forSetup, token, SetupLifetime)
	})
	return token, err
}

var adminsSQL = store.MaintainBoth(`SELECT count(*) FROM users u WHERE u.role = 'ADMIN' AND u.status = 'ACTIVE' AND u.id <> $1 AND
	(u.password_hash <> '' OR EXISTS (SELECT 1 FROM identities i WHERE i.user_id = u.id))`)

// hasAdmin reports whether somebody can sign in and manage accounts.
func (s *Service) hasAdmin(ctx context.Context) (bool, error) {
	n, err := s.admins(ctx, 0)
	return n > 0, err
}

// admins counts the administrators who can sign in, one account left out.
func (s *Service) admins(ctx context.Context, without int) (int, error) {
	n, err := store.Collect(ctx, s.db, adminsSQL, store.ScanInt, without)
	if err != nil {
		return 0, fmt.Errorf("look for an administrator: %w", err)
	}
	return n[0], nil
}

// SetUpAdmin makes the first administrator, for the token that the server
// printed at its start. An account with the address, such as an imported one,
// becomes it. Mistakes: EXPIRED, INVALID, WEAK_PASSWORD, TOO_LONG.
func (s *Service) SetUpAdmin(ctx context.Context, token string, spec User, password string) (*Account, error) {
	spec.Role = user.RoleAdmin
	if err := check("", &spec); err != nil {
		return nil, err
	}
	if err := checkPassword("password", password, spec.Email, spec.DisplayName); err != nil {
		return nil, err
	}
	// Nobody without the token makes the server hash: it is asked for twice.
	valid, err := s.db.Ent(ctx).OneTimeToken.Query().Where(onetimetoken.Purpose(forSetup), onetimetoken.TokenHash(secret.Hash(token)), onetimetoken.ExpiresAtGT(s.Now())).Exist(ctx)
	if err != nil {
		return nil, fmt.Errorf("look for a token: %w", err)
	}
	if !valid {
		return nil, noSetup()
	}
	hash, err := s.passwords.hash(ctx, password)
	if err != nil {
		return nil, err
	}
	var made *ent.User
	err = s.db.Tx(ctx, func(ctx context.Context) error {
		if err := s.lock(ctx); err != nil {
			return err
		}
		if ok, err := s.takeToken(ctx, forSetup, token); err != nil || !ok {
			return errorOr(err, noSetup())
		}
		if there, err := s.hasAdmin(ctx); err != nil || there {
			return errorOr(err, noSetup())
		}
		client := s.db.Ent(ctx)
		if _, err := client.OneTimeToken.Delete().Where(onetimetoken.Purpose(forSetup)).Exec(ctx); err != nil {
			return fmt.Errorf("remove the setup tokens: %w", err)
		}
		n, err := client.User.Update().Where(user.Email(spec.Email)).SetDisplayName(spec.DisplayName).SetRole(spec.Role).SetStatus(user.StatusActive).SetPasswordHash(hash).Save(ctx)
		if err != nil {
			return fmt.Errorf("make an administrator of an account: %w", err)
		}
		what := event.Updated
		if n == 0 {
			what = event.Created
			if err := client.User.Create().SetEmail(spec.Email).SetDisplayName(spec.DisplayName).SetRole(spec.Role).SetPasswordHash(hash).Exec(ctx); err != nil {
				return fmt.Errorf("make the first administrator: %w", err)
			}
		}
		if made, err = client.User.Query().Where(user.Email(spec.Email)).Only(ctx); err != nil {
			return fmt.Errorf("read the first administrator: %w", err)
		}
		as := access.With(ctx, access.Viewer{UserID: made.ID, Role: access.Admin, Name: made.DisplayName})
		return s.changed(as, "setUpAdmin", what, made.ID, nil, facts(made))
	})
	if err != nil {
		return nil, err
	}
	return accountOf(made), nil
}

func noSetup() error {
	return fault.Mistake(fault.Expired, "token", "This setup token is not valid, or not any more. A restart of the server prints another while there is no administrator.")
}

func errorOr(err, otherwise error) error {
	if err != nil {
		return err
	}
	return otherwise
}

// keepToken stores a one-time token as its hash.
func (s *Service) keepToken(ctx context.Context, purpose, token string, lifetime time.Duration) error {
	now := s.Now()
	err := s.db.Ent(ctx).OneTimeToken.Create().SetPurpose(purpose).SetTokenHash(secret.Hash(token)).SetCreatedAt(now).SetExpiresAt(now.Add(lifetime)).Exec(ctx)
	if err != nil {
		return fmt.Errorf("keep a token: %w", err)
	}
	return nil
}

// takeToken uses a one-time token up: of several at once, one gets it.
func (s *Service) takeToken(ctx context.Context, purpose, token string) (bool, error) {
	n, err := s.db.Ent(ctx).OneTimeToken.Delete().Where(onetimetoken.Purpose(purpose), onetimetoken.TokenHash(secret.Hash(token)),
		onetimetoken.ExpiresAtGT(s.Now())).Exec(ctx)
	if err != nil {
		return false, fmt.Errorf("use a token: %w", err)
	}
	return n == 1, nil
}

// Tidy removes sessions and tokens that have ended and wrong attempts that are
// forgiven. The server calls it now and then.
func (s *Service) Tidy(ctx context.Context) error {
	now := s.Now()
	client := s.db.Ent(ctx)
	_, err := client.Session.Delete().Where(session.Or(session.ExpiresAtLTE(now),
		session.And(session.KindEQ(session.KindCookie), session.SeenAtLTE(now.Add(-s.SessionIdle))),
		session.And(session.KindEQ(session.KindBearer), session.SeenAtLTE(now.Add(-s.TokenIdle))))).Exec(ctx)
	if err != nil {
		return fmt.Errorf("remove ended sessions: %w", err)
	}
	if _, err := client.OneTimeToken.Delete().Where(onetimetoken.ExpiresAtLTE(now)).Exec(ctx); err != nil {
		return fmt.Errorf("remove old tokens: %w", err)
	}
	if _, err := client.DataExport.Delete().Where(dataexport.ExpiresAtLTE(now)).Exec(ctx); err != nil {
		return fmt.Errorf("remove old archives: %w", err)
	}
	return s.throttle.Tidy(ctx)
}
