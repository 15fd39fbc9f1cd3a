package account

import (
	"context"
	"time"

	"github.com/broadsheet-cms/broadsheet/internal/access"
	"github.com/broadsheet-cms/broadsheet/internal/throttle"
)

// How guessing and sending mails are slowed down.
var (
	guessesAtAccount   = throttle.Limit{Name: "account", Free: 5, First: time.Second, Longest: 15 * time.Minute}
	guessesFromAddress = throttle.Limit{Name: "address", Free: 20, First: time.Second, Longest: 15 * time.Minute} // a newsroom may share one
	mailsToAddress     = throttle.Limit{Name: "mail to", Free: 4, First: time.Minute, Longest: 6 * time.Hour}
	mailsFromAddress   = throttle.Limit{Name: "mail from", Free: 20, First: time.Minute, Longest: time.Hour}
)

// attempt is a guess at a secret that has been counted as wrong already.
type attempt struct {
	s        *Service
	account  throttle.Subject
	subjects []throttle.Subject // the account and, but for the command line, the address
}

// attempt counts a guess at a secret of the account with an e-mail address,
// from the address of the context, or refuses it with RATE_LIMITED. Accounts
// that do not exist are counted like those that do.
func (s *Service) attempt(ctx context.Context, email string) (*attempt, error) {
	a := &attempt{s: s, account: guessesAtAccount.Subject(email)}
	a.subjects = append(from(ctx, guessesFromAddress), a.account)
	return a, s.throttle.Count(ctx, "There were too many wrong attempts. Try again later.", a.subjects...)
}

// from is the network address of the context, if there is one.
func from(ctx context.Context, limit throttle.Limit) []throttle.Subject {
	if address := throttle.Network(access.OriginOf(ctx).Address); address != "" {
		return []throttle.Subject{limit.Subject(address)}
	}
	return nil
}

// refund takes back that the guess was counted: it was not wrong, but not
// enough either.
func (a *attempt) refund(ctx context.Context) error { return a.s.throttle.Refund(ctx, a.subjects...) }

// right forgets the wrong guesses at the account. Those from the address stay:
// whoever has an account of their own must not clear the count of their
// guesses at others.
func (a *attempt) right(ctx context.Context) error {
	if err := a.s.throttle.Refund(ctx, a.subjects...); err != nil {
		return err
	}
	return a.s.throttle.Forgive(ctx, a.account)
}

// countMail counts a mail that somebody asks for, or refuses it with
// RATE_LIMITED, whether or not the address has an account.
func (s *Service) countMail(ctx context.Context, email string) error {
	return s.throttle.Count(ctx, "Too many mails were asked for. Try again later.", append(from(ctx, mailsFromAddress), mailsToAddress.Subject(email))...)
}
