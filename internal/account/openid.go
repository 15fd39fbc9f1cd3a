package account

import (
	"context"
	"fmt"

	"github.com/broadsheet-cms/broadsheet/ent"
	"github.com/broadsheet-cms/broadsheet/ent/identity"
	"github.com/broadsheet-cms/broadsheet/ent/session"
	"github.com/broadsheet-cms/broadsheet/ent/user"
	"github.com/broadsheet-cms/broadsheet/internal/access"
	"github.com/broadsheet-cms/broadsheet/internal/audit"
	"github.com/broadsheet-cms/broadsheet/internal/event"
	"github.com/broadsheet-cms/broadsheet/internal/fault"
	"github.com/broadsheet-cms/broadsheet/internal/id"
	"github.com/broadsheet-cms/broadsheet/internal/readername"
)

// Identity is who an OpenID provider says somebody is.
type Identity struct {
	Issuer, Subject string // together the name of the person, for ever
	Email           string
	EmailVerified   bool
	Name            string // as the provider calls the person; may be empty
}

// SignInAs opens a session for whoever a provider has signed in. The first
// time the account is found by its e-mail address, if the provider has verified
// that; afterwards by issuer and subject alone. No account is ever made: staff
// are let in by an administrator first. The browser of ctx gets a cookie.
func (s *Service) SignInAs(ctx context.Context, who Identity) (*SignedIn, error) {
	if jarOf(ctx) == nil {
		return nil, errNoCookies()
	}
	var opened *SignedIn
	err := s.db.Tx(ctx, func(ctx context.Context) error {
		u, err := s.known(ctx, who)
		if ent.IsNotFound(err) {
			u, err = s.link(ctx, who)
		}
		if err != nil {
			return err
		}
		if u.Status != user.StatusActive {
			return notLetIn()
		}
		opened, err = s.welcome(ctx, u, session.KindCookie, "", "OPENID")
		return err
	})
	if err != nil {
		return nil, err
	}
	return s.handOver(ctx, opened), nil
}

// SignInReader opens a session for whoever a provider for readers has signed in.
// It makes an account where registration is open, and reaches no account of the
// newsroom: for those only the newsroom's own provider is believed.
func (s *Service) SignInReader(ctx context.Context, who Identity) (*SignedIn, error) {
	if jarOf(ctx) == nil {
		return nil, errNoCookies()
	}
	var opened *SignedIn
	err := s.db.Tx(ctx, func(ctx context.Context) error {
		if err := s.lock(ctx); err != nil {
			return err
		}
		u, err := s.known(ctx, who)
		if ent.IsNotFound(err) {
			u, err = s.meet(ctx, who)
		}
		if err != nil {
			return err
		}
		if u.Status != user.StatusActive || u.Role != user.RoleReader {
			return notLetIn()
		}
		opened, err = s.welcome(ctx, u, session.KindCookie, "", "OPENID")
		return err
	})
	if err != nil {
		return nil, err
	}
	return s.handOver(ctx, opened), nil
}

// meet links an identity to the reader with its verified e-mail address, and
// makes an account where there is none.
func (s *Service) meet(ctx context.Context, who Identity) (*ent.User, error) {
	email, err := MailAddress("email", who.Email)
	if err != nil || !who.EmailVerified {
		return nil, fault.New(fault.Forbidden, "The provider has not verified your e-mail address.")
	}
	client := s.db.Ent(ctx)
	u, err := client.User.Query().Where(user.Email(email)).Only(ctx)
	switch {
	case err == nil && (u.Role != user.RoleReader || u.Status != user.StatusActive):
		return nil, notLetIn()
	case err == nil:
		return s.link(ctx, who)
	case !ent.IsNotFound(err):
		return nil, fmt.Errorf("look for an account: %w", err)
	case s.Registration != Open:
		return nil, notLetIn()
	}
	name, err := readername.Check("displayName", who.Name)
	if err != nil {
		name = "Reader"
	}
	if u, err = client.User.Create().SetEmail(email).SetDisplayName(name).SetRole(user.RoleReader).Save(ctx); err != nil {
		return nil, fmt.Errorf("make an account: %w", err)
	}
	as := access.With(ctx, access.Viewer{UserID: u.ID, Role: access.Reader, Name: u.DisplayName})
	if err := s.changed(as, "signUp", event.Created, u.ID, nil, nil); err != nil {
		return nil, err
	}
	return s.link(ctx, who)
}

// known gives the account that an identity is linked to.
func (s *Service) known(ctx context.Context, who Identity) (*ent.User, error) {
	i, err := s.db.Ent(ctx).Identity.Query().Where(identity.Issuer(who.Issuer), identity.Subject(who.Subject)).Only(ctx)
	if err != nil {
		return nil, fmt.Errorf("look for an identity: %w", err)
	}
	return s.locked(ctx, i.UserID)
}

// link binds an identity to the account with its verified e-mail address.
func (s *Service) link(ctx context.Context, who Identity) (*ent.User, error) {
	email, err := Email(who.Email)
	if err != nil || !who.EmailVerified {
		return nil, notLetIn()
	}
	client := s.db.Ent(ctx)
	key, err := client.User.Query().Where(user.Email(email), user.StatusEQ(user.StatusActive)).OnlyID(ctx)
	if ent.IsNotFound(err) {
		return nil, notLetIn()
	}
	if err != nil {
		return nil, fmt.Errorf("look for an account: %w", err)
	}
	u, err := s.locked(ctx, key)
	if err != nil {
		return nil, err
	}
	known, err := client.Identity.Query().Where(identity.UserID(u.ID), identity.Issuer(who.Issuer)).First(ctx)
	switch {
	case err == nil && known.Subject == who.Subject:
		return u, nil // linked by another request meanwhile
	case err == nil:
		return nil, notLetIn() // another subject with the same address is another person
	case !ent.IsNotFound(err):
		return nil, fmt.Errorf("look for an identity: %w", err)
	}
	if err := client.Identity.Create().SetUserID(u.ID).SetIssuer(who.Issuer).SetSubject(who.Subject).Exec(ctx); err != nil {
		return nil, fmt.Errorf("link an identity: %w", err)
	}
	as := access.With(ctx, access.Viewer{UserID: u.ID, Role: access.Role(u.Role), Name: u.DisplayName})
	return u, s.audit.Record(as, audit.Entry{Action: "linkIdentity", Entity: id.User, EntityID: u.ID, After: map[string]string{"issuer": who.Issuer, "subject": who.Subject}})
}

func notLetIn() error {
	return fault.New(fault.Forbidden, "There is no account here for this sign-in. Ask an administrator to make one.")
}

// Provider is an OpenID provider by which readers sign in and sign up.
type Provider struct {
	Name string // as it stands on a button
	URL  string // where the browser begins
}
