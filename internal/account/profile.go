package account

import (
	"context"
	"fmt"

	"github.com/broadsheet-cms/broadsheet/ent"
	"github.com/broadsheet-cms/broadsheet/ent/onetimetoken"
	"github.com/broadsheet-cms/broadsheet/ent/user"
	"github.com/broadsheet-cms/broadsheet/internal/access"
	"github.com/broadsheet-cms/broadsheet/internal/audit"
	"github.com/broadsheet-cms/broadsheet/internal/event"
	"github.com/broadsheet-cms/broadsheet/internal/fault"
	"github.com/broadsheet-cms/broadsheet/internal/id"
	"github.com/broadsheet-cms/broadsheet/internal/readername"
)

// ChangeEmail asks for another address of the viewer's account: a mail with a
// link goes to the new one, a notice to the old one. Mistakes: INVALID,
// INVALID_CREDENTIALS, RATE_LIMITED.
func (s *Service) ChangeEmail(ctx context.Context, address, password string) error {
	u, err := s.self(ctx)
	if err != nil {
		return err
	}
	email, err := MailAddress("newEmail", address)
	if err != nil {
		return err
	}
	if email == u.Email {
		return fault.Mistake(fault.Invalid, "newEmail", "This is the address of the account already.")
	}
	if u.PasswordHash != "" {
		if err := s.provePassword(ctx, u, "password", password); err != nil {
			return err
		}
	}
	if err := s.countMail(ctx, email); err != nil {
		return err
	}
	return s.db.Tx(ctx, func(ctx context.Context) error {
		if _, err := s.db.Ent(ctx).OneTimeToken.Delete().Where(onetimetoken.Purpose(forEmailChange), onetimetoken.UserID(u.ID)).Exec(ctx); err != nil {
			return fmt.Errorf("remove tokens: %w", err)
		}
		if err := s.askForMail(ctx, forEmailChange, email, func(c *ent.OneTimeTokenCreate) { c.SetUserID(u.ID) }); err != nil {
			return err
		}
		if err := s.notify(ctx, "email-changed", u, ""); err != nil {
			return err
		}
		return s.audit.Record(ctx, audit.Entry{Action: "changeEmail", Entity: id.User, EntityID: u.ID})
	})
}

// ConfirmEmailChange makes the change that ChangeEmail asked for. Mistakes:
// EXPIRED, TAKEN.
func (s *Service) ConfirmEmailChange(ctx context.Context, token string) error {
	return s.db.Tx(ctx, func(ctx context.Context) error {
		if err := s.lock(ctx); err != nil {
			return err
		}
		row, err := s.useToken(ctx, forEmailChange, token)
		if err != nil {
			return err
		}
		if row.UserID == nil {
			return errExpired()
		}
		client := s.db.Ent(ctx)
		taken, err := client.User.Query().Where(user.Email(row.Email)).Exist(ctx)
		if err != nil {
			return fmt.Errorf("look for an account: %w", err)
		}
		if taken {
			return fault.Mistake(fault.Taken, "token", "There is another account with this address.")
		}
		u, err := s.locked(ctx, *row.UserID)
		if err != nil {
			return err
		}
		if u.Status != user.StatusActive {
			return errExpired()
		}
		if err := client.User.UpdateOneID(u.ID).SetEmail(row.Email).Exec(ctx); err != nil {
			return fmt.Errorf("change an address: %w", err)
		}
		// Links that went to the old address are good for nothing any more.
		if _, err := client.OneTimeToken.Delete().Where(onetimetoken.UserID(u.ID)).Exec(ctx); err != nil {
			return fmt.Errorf("remove tokens: %w", err)
		}
		as := access.With(ctx, access.Viewer{UserID: u.ID, Role: access.Role(u.Role), Name: u.DisplayName})
		return s.changed(as, "confirmEmailChange", event.Updated, u.ID, nil, nil)
	})
}

// Profile is what changes of the viewer's account; nil stays.
type Profile struct {
	DisplayName *string
	Language    *string // empty: the site's
}

// UpdateProfile changes the viewer's name and language. Mistakes: BLANK,
// INVALID, TOO_LONG.
func (s *Service) UpdateProfile(ctx context.Context, p Profile) error {
	u, err := s.self(ctx)
	if err != nil {
		return err
	}
	name := u.DisplayName
	if p.DisplayName != nil {
		if name, err = readername.Check("displayName", *p.DisplayName); err != nil {
			return err
		}
	}
	if p.Language != nil {
		if err := checkLanguage("language", *p.Language); err != nil {
			return err
		}
	}
	return s.db.Tx(ctx, func(ctx context.Context) error {
		update := s.db.Ent(ctx).User.UpdateOneID(u.ID).SetDisplayName(name)
		if p.Language != nil {
			update.SetLanguage(*p.Language)
		}
		if err := update.Exec(ctx); err != nil {
			return fmt.Errorf("change a profile: %w", err)
		}
		return s.changed(ctx, "updateProfile", event.Updated, u.ID, nil, nil)
	})
}
