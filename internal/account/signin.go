package account

import (
	"context"
	"fmt"
	"strings"

	"github.com/broadsheet-cms/broadsheet/ent"
	"github.com/broadsheet-cms/broadsheet/ent/session"
	"github.com/broadsheet-cms/broadsheet/ent/user"
	"github.com/broadsheet-cms/broadsheet/internal/access"
	"github.com/broadsheet-cms/broadsheet/internal/audit"
	"github.com/broadsheet-cms/broadsheet/internal/fault"
	"github.com/broadsheet-cms/broadsheet/internal/id"
	"github.com/broadsheet-cms/broadsheet/internal/readername"
)

// SignIn is what somebody signs in with.
type SignIn struct {
	Email, Password string
	Code            string       // of the second factor, or a recovery code
	Kind            session.Kind // a cookie for browsers, else a token for programs
	Label           string       // what the owner calls the session
}

// SignedIn is a session that was opened.
type SignedIn struct {
	Token   string // of the session; empty when the browser keeps it in a cookie
	Viewer  access.Viewer
	Account *Account
	Session *ent.Session
}

// wrongCredentials is the answer to every sign-in that fails before the second
// factor: an account that does not exist, is disabled or has no password
// answers like a wrong password.
func wrongCredentials() error {
	return fault.Mistake(fault.WrongCredentials, "", "The e-mail address or the password is wrong.")
}

// errNoCookies is for pages of other sites and callers that keep no cookies.
func errNoCookies() error {
	return fault.Mistake(fault.Invalid, "transport", "A cookie is given to the pages of this server only: ask for a TOKEN.")
}

// SignIn opens a session for whoever knows the password of an account and,
// where it has one, its second factor. Mistakes: INVALID_CREDENTIALS,
// SECOND_FACTOR_REQUIRED, INVALID_SECOND_FACTOR, RATE_LIMITED.
func (s *Service) SignIn(ctx context.Context, in SignIn) (*SignedIn, error) {
	if in.Kind == session.KindCookie && jarOf(ctx) == nil {
		return nil, errNoCookies()
	}
	email, err := Email(in.Email)
	if err != nil {
		// Nobody has this address: it is answered like one that nobody has.
		email = clip(strings.ToLower(in.Email), readername.MaxAddress)
	}
	guess, err := s.attempt(ctx, email)
	if err != nil {
		return nil, err
	}
	u, err := s.db.Ent(ctx).User.Query().Where(user.Email(email)).Only(ctx)
	if err != nil && !ent.IsNotFound(err) {
		return nil, fmt.Errorf("look for an account: %w", err)
	}
	if u == nil {
		u = &ent.User{}
	}
	ok, stale, err := s.passwords.verify(ctx, u.PasswordHash, in.Password)
	switch {
	case err != nil:
		return nil, err
	case !ok || u.Status != user.StatusActive:
		return nil, wrongCredentials()
	case u.TotpConfirmedAt != nil && in.Code == "":
		if err := guess.refund(ctx); err != nil {
			return nil, err
		}
		return nil, fault.Mistake(fault.SecondFactorRequired, "code", "The code of the second factor is needed.")
	}
	renewed := ""
	if stale {
		if renewed, err = s.passwords.hash(ctx, in.Password); err != nil {
			return nil, err
		}
	}
	var opened *SignedIn
	err = s.db.Tx(ctx, func(ctx context.Context) error {
		now, err := s.locked(ctx, u.ID)
		if err != nil {
			return err
		}
		if now.PasswordHash != u.PasswordHash || now.Status != user.StatusActive {
			return wrongCredentials() // changed meanwhile
		}
		if now.TotpConfirmedAt != nil {
			if err := s.useCode(ctx, now, "code", in.Code); err != nil {
				return err
			}
		}
		if renewed != "" {
			if err := s.db.Ent(ctx).User.UpdateOneID(u.ID).SetPasswordHash(renewed).Exec(ctx); err != nil {
				return fmt.Errorf("renew the hash of a password: %w", err)
			}
		}
		if err := guess.right(ctx); err != nil {
			return err
		}
		opened, err = s.welcome(ctx, now, in.Kind, in.Label, "PASSWORD")
		return err
	})
	if err != nil {
		return nil, err
	}
	return s.handOver(ctx, opened), nil
}

// welcome opens a session, in the transaction of ctx, for an account that has
// proven who it is.
func (s *Service) welcome(ctx context.Context, u *ent.User, kind session.Kind, label, method string) (*SignedIn, error) {
	opened, token, err := s.open(ctx, u, kind, label)
	if err != nil {
		return nil, err
	}
	u, err = s.db.Ent(ctx).User.UpdateOneID(u.ID).SetSignedInAt(s.Now()).Save(ctx)
	if err != nil {
		return nil, fmt.Errorf("note a sign-in: %w", err)
	}
	viewer := access.Viewer{UserID: u.ID, Role: access.Role(u.Role), Name: u.DisplayName, SessionID: opened.ID}
	err = s.audit.Record(access.With(ctx, viewer), audit.Entry{Action: "signIn", Entity: id.Session, EntityID: opened.ID,
		After: map[string]string{"method": method, "kind": string(kind)}})
	if err != nil {
		return nil, err
	}
	return &SignedIn{Token: token, Viewer: s.reduced(viewer, u.TotpConfirmedAt != nil), Account: accountOf(u), Session: opened}, nil
}

// handOver puts the token of a browser into its cookie, after the commit.
func (s *Service) handOver(ctx context.Context, in *SignedIn) *SignedIn {
	if in.Session.Kind == session.KindCookie {
		jarOf(ctx).Keep(in.Token, in.Session.ExpiresAt)
		in.Token = ""
	}
	return in
}

// ChangePassword gives the viewer another password and ends all their other
// sessions. Mistakes: INVALID_CREDENTIALS, WEAK_PASSWORD, TOO_LONG, RATE_LIMITED.
func (s *Service) ChangePassword(ctx context.Context, current, next string) error {
	u, err := s.self(ctx)
	if err != nil {
		return err
	}
	if err := checkPassword("newPassword", next, u.Email, u.DisplayName); err != nil {
		return err
	}
	if err := s.provePassword(ctx, u, "currentPassword", current); err != nil {
		return err
	}
	hash, err := s.passwords.hash(ctx, next)
	if err != nil {
		return err
	}
	return s.db.Tx(ctx, func(ctx context.Context) error {
		n, err := s.db.Ent(ctx).User.Update().Where(user.ID(u.ID), user.PasswordHash(u.PasswordHash)).SetPasswordHash(hash).Save(ctx)
		if err != nil {
			return fmt.Errorf("change a password: %w", err)
		}
		if n == 0 {
			return fault.Mistake(fault.WrongCredentials, "currentPassword", "The password is wrong.") // changed meanwhile
		}
		if _, err := s.endSessions(ctx, u.ID, access.Of(ctx).SessionID); err != nil {
			return err
		}
		return s.audit.Record(ctx, audit.Entry{Action: "changePassword", Entity: id.User, EntityID: u.ID})
	})
}

// self reads the account of the viewer.
func (s *Service) self(ctx context.Context) (*ent.User, error) {
	if err := access.Require(ctx, access.UseAccount); err != nil {
		return nil, err
	}
	u, err := s.db.Ent(ctx).User.Get(ctx, access.Of(ctx).UserID)
	if err != nil {
		return nil, fmt.Errorf("read the account of the viewer: %w", err)
	}
	return u, nil
}

// provePassword asks the viewer for their password once more, slowed down as
// signing in is.
func (s *Service) provePassword(ctx context.Context, u *ent.User, field, password string) error {
	guess, err := s.attempt(ctx, u.Email)
	if err != nil {
		return err
	}
	ok, _, err := s.passwords.verify(ctx, u.PasswordHash, password)
	if err != nil {
		return err
	}
	if !ok {
		return fault.Mistake(fault.WrongCredentials, field, "The password is wrong.")
	}
	return guess.right(ctx)
}
