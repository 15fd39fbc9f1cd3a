package account

import (
	"context"
	"crypto/rand"
	"fmt"
	"slices"
	"strings"

	"github.com/pquerna/otp"
	"github.com/pquerna/otp/hotp"
	"github.com/pquerna/otp/totp"

	"github.com/broadsheet-cms/broadsheet/ent"
	"github.com/broadsheet-cms/broadsheet/ent/user"
	"github.com/broadsheet-cms/broadsheet/internal/access"
	"github.com/broadsheet-cms/broadsheet/internal/audit"
	"github.com/broadsheet-cms/broadsheet/internal/fault"
	"github.com/broadsheet-cms/broadsheet/internal/id"
	"github.com/broadsheet-cms/broadsheet/internal/secret"
)

// The second factor is a time-based one-time password as every authenticator
// makes it: six digits, thirty seconds, SHA-1.
//
// Source: RFC 6238.
const (
	stepSeconds = 30
	skewSteps   = 1 // clocks that are half a minute off

	recoveryCodes = 10
)

// StartSecondFactor makes a secret for the viewer's authenticator and gives it
// and the otpauth:// address that shows as a QR code. It is asked for from
// ConfirmSecondFactor on. The password is asked for where there is one: a
// session left open must not lock its owner out.
func (s *Service) StartSecondFactor(ctx context.Context, password string) (secret, address string, err error) {
	u, err := s.self(ctx)
	if err != nil {
		return "", "", err
	}
	if u.TotpConfirmedAt != nil {
		return "", "", fault.Mistake(fault.InUse, "", "There is a second factor: remove it first.")
	}
	if u.PasswordHash != "" {
		if err := s.provePassword(ctx, u, "password", password); err != nil {
			return "", "", err
		}
	}
	key, err := totp.Generate(totp.GenerateOpts{Issuer: s.Issuer, AccountName: u.Email, SecretSize: 20, Period: stepSeconds})
	if err != nil {
		return "", "", fmt.Errorf("make a second factor: %w", err)
	}
	sealed, err := s.Sealer.Seal(key.Secret())
	if err != nil {
		return "", "", err
	}
	err = s.db.Tx(ctx, func(ctx context.Context) error {
		n, err := s.db.Ent(ctx).User.Update().Where(user.ID(u.ID), user.TotpConfirmedAtIsNil()).SetTotpSecret(sealed).SetTotpLastStep(0).Save(ctx)
		if err != nil {
			return fmt.Errorf("keep a second factor: %w", err)
		}
		if n == 0 {
			return fault.Mistake(fault.InUse, "", "There is a second factor: remove it first.") // set up meanwhile
		}
		return s.audit.Record(ctx, audit.Entry{Action: "startSecondFactor", Entity: id.User, EntityID: u.ID})
	})
	return key.Secret(), key.URL(), err
}

// ConfirmSecondFactor turns the second factor on once the authenticator makes
// the right codes, and gives recovery codes, which are told this once. All
// other sessions of the viewer end.
func (s *Service) ConfirmSecondFactor(ctx context.Context, code string) (recovery []string, err error) {
	err = s.withCode(ctx, code, func(ctx context.Context, u *ent.User) error {
		if u.TotpConfirmedAt != nil || u.TotpSecret == "" {
			return fault.Mistake(fault.InUse, "", "There is no second factor to confirm.")
		}
		if err := s.useTOTP(ctx, u, "code", code); err != nil {
			return err
		}
		if err := s.db.Ent(ctx).User.UpdateOneID(u.ID).SetTotpConfirmedAt(s.Now()).Exec(ctx); err != nil {
			return fmt.Errorf("confirm a second factor: %w", err)
		}
		if recovery, err = s.newRecoveryCodes(ctx, u.ID); err != nil {
			return err
		}
		if _, err := s.endSessions(ctx, u.ID, access.Of(ctx).SessionID); err != nil {
			return err
		}
		return s.audit.Record(ctx, audit.Entry{Action: "confirmSecondFactor", Entity: id.User, EntityID: u.ID})
	})
	return recovery, err
}

// DisableSecondFactor turns the viewer's second factor off, for one of its
// codes or a recovery code.
func (s *Service) DisableSecondFactor(ctx context.Context, code string) error {
	return s.withCode(ctx, code, func(ctx context.Context, u *ent.User) error {
		if u.TotpConfirmedAt == nil {
			return fault.Mistake(fault.Missing, "", "There is no second factor.")
		}
		if err := s.useCode(ctx, u, "code", code); err != nil {
			return err
		}
		if err := s.removeFactor(ctx, u.ID); err != nil {
			return err
		}
		return s.audit.Record(ctx, audit.Entry{Action: "disableSecondFactor", Entity: id.User, EntityID: u.ID})
	})
}

// RegenerateRecoveryCodes gives new recovery codes in place of all old ones,
// for a code of the second factor.
func (s *Service) RegenerateRecoveryCodes(ctx context.Context, code string) (recovery []string, err error) {
	err = s.withCode(ctx, code, func(ctx context.Context, u *ent.User) error {
		if u.TotpConfirmedAt == nil {
			return fault.Mistake(fault.Missing, "", "There is no second factor.")
		}
		if err := s.useTOTP(ctx, u, "code", code); err != nil {
			return err
		}
		if recovery, err = s.newRecoveryCodes(ctx, u.ID); err != nil {
			return err
		}
		return s.audit.Record(ctx, audit.Entry{Action: "regenerateRecoveryCodes", Entity: id.User, EntityID: u.ID})
	})
	return recovery, err
}

// withCode runs change with the locked account of the viewer, who says a code,
// slowed down as signing in is.
func (s *Service) withCode(ctx context.Context, code string, change func(context.Context, *ent.User) error) error {
	u, err := s.self(ctx)
	if err != nil {
		return err
	}
	if strings.TrimSpace(code) == "" {
		return fault.Mistake(fault.Blank, "code", "The code of the second factor is needed.")
	}
	guess, err := s.attempt(ctx, u.Email)
	if err != nil {
		return err
	}
	return s.db.Tx(ctx, func(ctx context.Context) error {
		u, err := s.locked(ctx, u.ID)
		if err != nil {
			return err
		}
		if err := change(ctx, u); err != nil {
			return err
		}
		return guess.right(ctx)
	})
}

// useCode takes a code of the second factor, or a recovery code, of an account
// whose row the transaction of ctx has locked.
func (s *Service) useCode(ctx context.Context, u *ent.User, field, code string) error {
	if plain := plainCode(code); len(plain) == recoveryLength {
		i := slices.Index(u.RecoveryCodes, secret.Hash(plain))
		if i < 0 {
			return wrongCode(field)
		}
		left := slices.Delete(slices.Clone(u.RecoveryCodes), i, i+1)
		if err := s.db.Ent(ctx).User.UpdateOneID(u.ID).SetRecoveryCodes(left).Exec(ctx); err != nil {
			return fmt.Errorf("use a recovery code: %w", err)
		}
		u.RecoveryCodes = left
		return nil
	}
	return s.useTOTP(ctx, u, field, code)
}

// useTOTP takes a code of the authenticator. A code of a step that was used, or
// of an earlier one, is not taken again.
func (s *Service) useTOTP(ctx context.Context, u *ent.User, field, code string) error {
	code = plainCode(code)
	key, err := s.Sealer.Open(u.TotpSecret)
	if err != nil {
		return fmt.Errorf("read a second factor: %w", err)
	}
	current := s.Now().Unix() / stepSeconds
	for step := current - skewSteps; step <= current+skewSteps; step++ {
		ok, err := hotp.ValidateCustom(code, uint64(step), key, hotp.ValidateOpts{Digits: otp.DigitsSix, Algorithm: otp.AlgorithmSHA1})
		if err != nil || !ok || step <= u.TotpLastStep {
			continue // also a code of another length is just wrong
		}
		if err := s.db.Ent(ctx).User.UpdateOneID(u.ID).SetTotpLastStep(step).Exec(ctx); err != nil {
			return fmt.Errorf("note the use of a code: %w", err)
		}
		return nil
	}
	return wrongCode(field)
}

func wrongCode(field string) error {
	return fault.Mistake(fault.WrongSecondFactor, field, "The code is wrong or was used before.")
}

// recoveryLength is that of a recovery code: 80 bits in base 32.
const recoveryLength = 16

// newRecoveryCodes replaces the recovery codes of an account and gives them as
// people write them down: four groups of four.
func (s *Service) newRecoveryCodes(ctx context.Context, userID int) ([]string, error) {
	shown, kept := make([]string, recoveryCodes), make([]string, recoveryCodes)
	for i := range shown {
		code := strings.ToLower(rand.Text()[:recoveryLength])
		kept[i] = secret.Hash(code)
		shown[i] = code[:4] + "-" + code[4:8] + "-" + code[8:12] + "-" + code[12:]
	}
	if err := s.db.Ent(ctx).User.UpdateOneID(userID).SetRecoveryCodes(kept).Exec(ctx); err != nil {
		return nil, fmt.Errorf("keep recovery codes: %w", err)
	}
	return shown, nil
}

// plainCode takes a code as people type it: with spaces and hyphens.
func plainCode(code string) string {
	if len(code) > 100 {
		return ""
	}
	return strings.ToLower(strings.NewReplacer(" ", "", "-", "").Replace(code))
}

// removeFactor takes the second factor from an account.
func (s *Service) removeFactor(ctx context.Context, userID int) error {
	err := s.db.Ent(ctx).User.UpdateOneID(userID).SetTotpSecret("").ClearTotpConfirmedAt().SetTotpLastStep(0).ClearRecoveryCodes().Exec(ctx)
	if err != nil {
		return fmt.Errorf("remove a second factor: %w", err)
	}
	return nil
}
