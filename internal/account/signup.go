package account

import (
	"context"
	"encoding/json"
	"fmt"

	"golang.org/x/text/language"

	"github.com/broadsheet-cms/broadsheet/ent"
	"github.com/broadsheet-cms/broadsheet/ent/onetimetoken"
	"github.com/broadsheet-cms/broadsheet/ent/session"
	"github.com/broadsheet-cms/broadsheet/ent/user"
	"github.com/broadsheet-cms/broadsheet/internal/access"
	"github.com/broadsheet-cms/broadsheet/internal/audit"
	"github.com/broadsheet-cms/broadsheet/internal/event"
	"github.com/broadsheet-cms/broadsheet/internal/fault"
	"github.com/broadsheet-cms/broadsheet/internal/id"
	"github.com/broadsheet-cms/broadsheet/internal/readername"
	"github.com/broadsheet-cms/broadsheet/internal/secret"
)

// Registration says who can sign up.
type Registration string

// The kinds of registration.
const (
	Open         Registration = "OPEN"
	ByInvitation Registration = "INVITATION"
	Off          Registration = "OFF"
)

// SignUp is an account that somebody asks for.
type SignUp struct {
	Email, DisplayName string
	Password           string // empty: the account signs in by links
	Language           string // empty: the site's
	Invitation         string // token of an invitation
	Accepted           []Document
}

// pending is a SignUp as it waits for its address to be confirmed.
type pending struct {
	DisplayName  string     `json:"displayName"`
	PasswordHash string     `json:"passwordHash,omitempty"`
	Language     string     `json:"language,omitempty"`
	Invitation   string     `json:"invitation,omitempty"` // hash
	Accepted     []accepted `json:"accepted,omitempty"`
}

// language of the mail to an address without an account.
func languageOf(row *ent.OneTimeToken) string {
	var p struct {
		Language string `json:"language"`
	}
	_ = json.Unmarshal(row.Payload, &p) // without one it is the site's
	return p.Language
}

// SignUp asks for an account. Whether the address has one is asked by the job
// that sends the mail: the request itself does the same for all addresses.
// Mistakes: INVALID, BLANK, TOO_LONG, WEAK_PASSWORD, EXPIRED, FORBIDDEN,
// RATE_LIMITED.
func (s *Service) SignUp(ctx context.Context, in SignUp) error {
	if s.Registration == Off {
		return fault.Mistake(fault.Denied, "", "Nobody can sign up here.")
	}
	email, err := MailAddress("email", in.Email)
	if err != nil {
		return err
	}
	p := pending{Language: in.Language}
	if p.DisplayName, err = readername.Check("displayName", in.DisplayName); err != nil {
		return err
	}
	if err := checkLanguage("language", in.Language); err != nil {
		return err
	}
	if in.Password != "" {
		if err := checkPassword("password", in.Password, email, p.DisplayName); err != nil {
			return err
		}
	}
	if p.Accepted, err = s.accept(ctx, "sign-up", in.Accepted); err != nil {
		return err
	}
	if s.Registration == ByInvitation {
		p.Invitation = secret.Hash(in.Invitation)
		if err := s.checkInvitation(ctx, p.Invitation, email); err != nil {
			return err
		}
	}
	if err := s.countMail(ctx, email); err != nil {
		return err
	}
	if in.Password != "" {
		if p.PasswordHash, err = s.passwords.hash(ctx, in.Password); err != nil {
			return err
		}
	}
	payload, err := json.Marshal(p)
	if err != nil {
		return err
	}
	return s.db.Tx(access.AsSystem(ctx), func(ctx context.Context) error {
		return s.askForMail(ctx, forSignUp, email, func(c *ent.OneTimeTokenCreate) { c.SetPayload(payload) })
	})
}

// checkLanguage refuses what is no tag of a language; empty is the site's.
func checkLanguage(field, tag string) error {
	if tag == "" {
		return nil
	}
	if _, err := language.Parse(tag); err != nil || len(tag) > 35 {
		return fault.Mistake(fault.Invalid, field, "%.40q is not a language tag such as en or ar.", tag)
	}
	return nil
}

func (s *Service) checkInvitation(ctx context.Context, hash, email string) error {
	there, err := s.db.Ent(ctx).OneTimeToken.Query().Where(onetimetoken.Purpose(forInvitation), onetimetoken.TokenHash(hash), onetimetoken.Email(email),
		onetimetoken.ExpiresAtGT(s.Now())).Exist(ctx)
	if err != nil {
		return fmt.Errorf("look for an invitation: %w", err)
	}
	if !there {
		return fault.Mistake(fault.Expired, "invitation", "This invitation is not for this address, or not valid any more.")
	}
	return nil
}

// Invite sends an invitation to sign up. Mistakes: INVALID, RATE_LIMITED.
func (s *Service) Invite(ctx context.Context, address, language string) error {
	if err := access.Require(ctx, access.ManageUsers); err != nil {
		return err
	}
	email, err := MailAddress("email", address)
	if err != nil {
		return err
	}
	if err := checkLanguage("language", language); err != nil {
		return err
	}
	if err := s.throttle.Count(ctx, "Too many mails were sent to this address. Try again later.", mailsToAddress.Subject(email)); err != nil {
		return err
	}
	payload, err := json.Marshal(pending{Language: language})
	if err != nil {
		return err
	}
	return s.db.Tx(ctx, func(ctx context.Context) error {
		if err := s.askForMail(ctx, forInvitation, email, func(c *ent.OneTimeTokenCreate) { c.SetPayload(payload) }); err != nil {
			return err
		}
		return s.audit.Record(ctx, audit.Entry{Action: "inviteReader", Entity: id.User})
	})
}

// How is how somebody signs in with a token of a mail.
type How struct {
	Kind  session.Kind
	Label string
}

// VerifyEmail makes the account that a SignUp asked for, and opens a session.
// Mistakes: EXPIRED, TAKEN.
func (s *Service) VerifyEmail(ctx context.Context, token string, how How) (*SignedIn, error) {
	if how.Kind == session.KindCookie && jarOf(ctx) == nil {
		return nil, errNoCookies()
	}
	var opened *SignedIn
	err := s.db.Tx(ctx, func(ctx context.Context) error {
		if err := s.lock(ctx); err != nil {
			return err
		}
		row, err := s.useToken(ctx, forSignUp, token)
		if err != nil {
			return err
		}
		var p pending
		if err := json.Unmarshal(row.Payload, &p); err != nil {
			return fmt.Errorf("read a sign-up: %w", err)
		}
		client := s.db.Ent(ctx)
		taken, err := client.User.Query().Where(user.Email(row.Email)).Exist(ctx)
		if err != nil {
			return fmt.Errorf("look for an account: %w", err)
		}
		if taken {
			return fault.Mistake(fault.Taken, "token", "There is an account with this address already. Sign in to it.")
		}
		if p.Invitation != "" {
			n, err := client.OneTimeToken.Delete().Where(onetimetoken.Purpose(forInvitation), onetimetoken.TokenHash(p.Invitation)).Exec(ctx)
			if err != nil {
				return fmt.Errorf("use an invitation: %w", err)
			}
			if n == 0 {
				return fault.Mistake(fault.Expired, "token", "The invitation was used meanwhile, or is not valid any more.")
			}
		}
		u, err := client.User.Create().SetEmail(row.Email).SetDisplayName(p.DisplayName).SetRole(user.RoleReader).SetPasswordHash(p.PasswordHash).SetLanguage(p.Language).Save(ctx)
		if err != nil {
			return fmt.Errorf("make an account: %w", err)
		}
		// Other sign-ups of this address have come to nothing.
		if _, err := client.OneTimeToken.Delete().Where(onetimetoken.Purpose(forSignUp), onetimetoken.Email(row.Email)).Exec(ctx); err != nil {
			return fmt.Errorf("remove tokens: %w", err)
		}
		for _, a := range p.Accepted {
			if err := client.ConsentRecord.Create().SetUserID(u.ID).SetDocument(a.Kind).SetVersion(a.Version).SetPlace(a.Place).SetGivenAt(a.At).
				SetAddress(a.Address).SetUserAgent(a.UserAgent).Exec(ctx); err != nil {
				return fmt.Errorf("keep a consent: %w", err)
			}
		}
		as := access.With(ctx, access.Viewer{UserID: u.ID, Role: access.Reader, Name: u.DisplayName})
		// The audit log outlives the account: it gets no address of a reader.
		if err := s.changed(as, "verifyEmail", event.Created, u.ID, nil, nil); err != nil {
			return err
		}
		opened, err = s.welcome(ctx, u, how.Kind, how.Label, "SIGN_UP")
		return err
	})
	if err != nil {
		return nil, err
	}
	return s.handOver(ctx, opened), nil
}

// useToken uses a token of a mail up and gives its row: of several requests at
// once, one gets it. Anything else, such as a token of another purpose, is
// EXPIRED.
func (s *Service) useToken(ctx context.Context, purpose, token string) (*ent.OneTimeToken, error) {
	row, err := s.tokenRow(ctx, purpose, token)
	if err != nil {
		return nil, err
	}
	n, err := s.db.Ent(ctx).OneTimeToken.Delete().Where(onetimetoken.ID(row.ID), onetimetoken.TokenHash(row.TokenHash)).Exec(ctx)
	if err != nil {
		return nil, fmt.Errorf("use a token: %w", err)
	}
	if n == 0 {
		return nil, errExpired()
	}
	return row, nil
}

func (s *Service) tokenRow(ctx context.Context, purpose, token string) (*ent.OneTimeToken, error) {
	row, err := s.db.Ent(ctx).OneTimeToken.Query().Where(onetimetoken.Purpose(purpose), onetimetoken.TokenHash(secret.Hash(token)), onetimetoken.ExpiresAtGT(s.Now())).Only(ctx)
	if ent.IsNotFound(err) {
		return nil, errExpired()
	}
	if err != nil {
		return nil, fmt.Errorf("look for a token: %w", err)
	}
	return row, nil
}

func errExpired() error {
	return fault.Mistake(fault.Expired, "token", "This link is not valid, was used before, or is not valid any more. Ask for another.")
}
