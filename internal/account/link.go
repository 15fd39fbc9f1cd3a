package account

import (
	"context"
	"fmt"
	"strings"

	"github.com/broadsheet-cms/broadsheet/ent"
	"github.com/broadsheet-cms/broadsheet/ent/onetimetoken"
	"github.com/broadsheet-cms/broadsheet/ent/session"
	"github.com/broadsheet-cms/broadsheet/ent/user"
	"github.com/broadsheet-cms/broadsheet/internal/access"
	"github.com/broadsheet-cms/broadsheet/internal/audit"
	"github.com/broadsheet-cms/broadsheet/internal/fault"
	"github.com/broadsheet-cms/broadsheet/internal/id"
	"github.com/broadsheet-cms/broadsheet/internal/readername"
)

// RequestSignInLink sends a link and a code that sign in to the account with an
// address, if there is one: the job that sends the mail asks. Mistakes:
// INVALID, RATE_LIMITED.
func (s *Service) RequestSignInLink(ctx context.Context, address string) error {
	return s.requestMail(ctx, forSignIn, address)
}

// RequestPasswordReset sends a link to choose another password of the account
// with an address, if there is one: the job that sends the mail asks. Mistakes:
// INVALID, RATE_LIMITED.
func (s *Service) RequestPasswordReset(ctx context.Context, address string) error {
	return s.requestMail(ctx, forReset, address)
}

func (s *Service) requestMail(ctx context.Context, purpose, address string) error {
	email, err := Email(address)
	if err != nil {
		return fault.Mistake(fault.Invalid, "email", "This is not an e-mail address.")
	}
	if err := s.countMail(ctx, email); err != nil {
		return err
	}
	return s.db.Tx(access.AsSystem(ctx), func(ctx context.Context) error { return s.askForMail(ctx, purpose, email, nil) })
}

// LinkSignIn is what somebody signs in with instead of a password: the token of
// a mail, or the address with the code.
type LinkSignIn struct {
	Token            string
	Email, Code      string
	SecondFactorCode string
	How
}

// maxTries is how many codes may be typed for one mail.
const maxTries = 5

// SignInWithLink opens a session for whoever has a mail of RequestSignInLink
// and, where the account has one, the second factor. Mistakes: BLANK, EXPIRED,
// INVALID_CREDENTIALS, SECOND_FACTOR_REQUIRED, INVALID_SECOND_FACTOR, RATE_LIMITED.
func (s *Service) SignInWithLink(ctx context.Context, in LinkSignIn) (*SignedIn, error) {
	if in.Kind == session.KindCookie && jarOf(ctx) == nil {
		return nil, errNoCookies()
	}
	var row *ent.OneTimeToken
	var guess *attempt
	var err error
	switch {
	case in.Token != "":
		if row, err = s.tokenRow(ctx, forSignIn, in.Token); err != nil {
			return nil, err
		}
		guess, err = s.attempt(ctx, row.Email)
	case in.Email == "" || in.Code == "":
		return nil, fault.Mistake(fault.Blank, "token", "The token is needed, or the address with the code.")
	default:
		row, guess, err = s.codeRow(ctx, in.Email, in.Code)
	}
	if err != nil {
		return nil, err
	}
	if row.UserID == nil {
		return nil, errExpired()
	}
	var opened *SignedIn
	needsFactor := false
	err = s.db.Tx(ctx, func(ctx context.Context) error {
		u, err := s.locked(ctx, *row.UserID)
		if err != nil {
			return err
		}
		if u.Status != user.StatusActive || u.Email != row.Email {
			return errExpired() // disabled, or at another address meanwhile
		}
		if u.TotpConfirmedAt != nil && in.SecondFactorCode == "" {
			needsFactor = true
			return fault.Mistake(fault.SecondFactorRequired, "secondFactorCode", "The code of the second factor is needed.")
		}
		client := s.db.Ent(ctx)
		n, err := client.OneTimeToken.Delete().Where(onetimetoken.ID(row.ID), onetimetoken.TokenHash(row.TokenHash)).Exec(ctx)
		if err != nil {
			return fmt.Errorf("use a token: %w", err)
		}
		if n == 0 {
			return errExpired()
		}
		if u.TotpConfirmedAt != nil {
			if err := s.useCode(ctx, u, "secondFactorCode", in.SecondFactorCode); err != nil {
				return err
			}
		}
		// Earlier mails with links have done their work.
		if _, err := client.OneTimeToken.Delete().Where(onetimetoken.Purpose(forSignIn), onetimetoken.UserID(u.ID)).Exec(ctx); err != nil {
			return fmt.Errorf("remove tokens: %w", err)
		}
		if err := guess.right(ctx); err != nil {
			return err
		}
		opened, err = s.welcome(ctx, u, in.Kind, in.Label, "LINK")
		return err
	})
	if needsFactor {
		if err := guess.refund(ctx); err != nil {
			return nil, err
		}
	}
	if err != nil {
		return nil, err
	}
	return s.handOver(ctx, opened), nil
}

// codeRow finds the mail that a code was sent with. An address without an
// account answers like a wrong code, by the same statements.
func (s *Service) codeRow(ctx context.Context, address, code string) (*ent.OneTimeToken, *attempt, error) {
	email, err := Email(address)
	if err != nil {
		email = clip(strings.ToLower(address), readername.MaxAddress) // nobody has it
	}
	guess, err := s.attempt(ctx, email)
	if err != nil {
		return nil, nil, err
	}
	mac, err := s.codeMAC(ctx, email, plainCode(code))
	if err != nil {
		return nil, nil, err
	}
	open := onetimetoken.And(onetimetoken.Purpose(forSignIn), onetimetoken.Email(email), onetimetoken.CodeHashNEQ(""), onetimetoken.ExpiresAtGT(s.Now()))
	// The try is counted before the code is looked at, by every mail that it could
	// be of.
	if _, err := s.db.Ent(ctx).OneTimeToken.Update().Where(open).AddTries(1).Save(ctx); err != nil {
		return nil, nil, fmt.Errorf("count a code: %w", err)
	}
	row, err := s.db.Ent(ctx).OneTimeToken.Query().Where(onetimetoken.Purpose(forSignIn), onetimetoken.Email(email), onetimetoken.CodeHash(mac),
		onetimetoken.TriesLTE(maxTries), onetimetoken.ExpiresAtGT(s.Now())).First(ctx)
	if ent.IsNotFound(err) {
		return nil, nil, fault.Mistake(fault.WrongCredentials, "code", "The code is wrong, was used before, or is not valid any more.")
	}
	if err != nil {
		return nil, nil, fmt.Errorf("look for a code: %w", err)
	}
	return row, guess, nil
}

// ResetWithToken gives an account another password, for the token of a mail, and
// ends its sessions. Mistakes: EXPIRED, WEAK_PASSWORD, TOO_LONG.
func (s *Service) ResetWithToken(ctx context.Context, token, password string) error {
	// Nobody without the token makes the server hash: it is asked for twice.
	row, err := s.tokenRow(ctx, forReset, token)
	if err != nil {
		return err
	}
	if row.UserID == nil {
		return errExpired()
	}
	if err := checkPassword("newPassword", password, row.Email, ""); err != nil {
		return err
	}
	hash, err := s.passwords.hash(ctx, password)
	if err != nil {
		return err
	}
	return s.db.Tx(ctx, func(ctx context.Context) error {
		u, err := s.locked(ctx, *row.UserID)
		if err != nil {
			return err
		}
		if u.Status != user.StatusActive || u.Email != row.Email {
			return errExpired()
		}
		if _, err := s.useToken(ctx, forReset, token); err != nil {
			return err
		}
		client := s.db.Ent(ctx)
		if err := client.User.UpdateOneID(u.ID).SetPasswordHash(hash).Exec(ctx); err != nil {
			return fmt.Errorf("give a password: %w", err)
		}
		// Whoever could read the mailbox may have asked for more.
		if _, err := client.OneTimeToken.Delete().Where(onetimetoken.UserID(u.ID)).Exec(ctx); err != nil {
			return fmt.Errorf("remove tokens: %w", err)
		}
		if _, err := s.endSessions(ctx, u.ID, 0); err != nil {
			return err
		}
		if err := s.pardon(ctx, u.Email); err != nil {
			return err
		}
		as := access.With(ctx, access.Viewer{UserID: u.ID, Role: access.Role(u.Role), Name: u.DisplayName})
		return s.audit.Record(as, audit.Entry{Action: "resetPassword", Entity: id.User, EntityID: u.ID})
	})
}
