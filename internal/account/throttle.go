package account

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"time"

	"github.com/broadsheet-cms/broadsheet/internal/access"
	"github.com/broadsheet-cms/broadsheet/internal/fault"
	"github.com/broadsheet-cms/broadsheet/internal/store"
)

// How guessing is slowed down. The first wrong attempts are free, then each
// doubles the wait for the next, up to a quarter of an hour; a day after the
// first of them all are forgotten.
const (
	freeByAccount = 5
	freeByAddress = 20 // a newsroom may share one
	firstWait     = time.Second
	longestWait   = 15 * time.Minute
	forgiveAfter  = 24 * time.Hour
)

// Statements of the count.
var (
	// An attempt is counted before it is looked at, in one statement that locks
	// the row: however many come at once, on however many nodes, each is either
	// counted or refused.
	countAttemptSQL = store.MaintainBoth(`INSERT INTO sign_in_failures AS f (subject, count, failed_at, blocked_until) VALUES ($1, 1, $2, $2)
		ON CONFLICT (subject) DO UPDATE SET count = CASE WHEN f.failed_at < $3 THEN 1 ELSE f.count + 1 END, failed_at = CASE WHEN f.failed_at < $3 THEN excluded.failed_at ELSE f.failed_at END
		WHERE f.blocked_until <= $2 RETURNING count`)
	blockSQL   = store.MaintainBoth(`UPDATE sign_in_failures SET blocked_until = $2 WHERE subject = $1`)
	refundSQL  = store.MaintainBoth(`UPDATE sign_in_failures SET count = count - 1, blocked_until = failed_at WHERE subject = $1 AND count > 0`)
	forgiveSQL = store.MaintainBoth(`DELETE FROM sign_in_failures WHERE subject = $1`)
)

// subject is something whose wrong attempts are counted.
type subject struct {
	key  string // hash of a name
	free int    // wrong attempts without a wait
}

func subjectOf(kind, name string, free int) subject {
	sum := sha256.Sum256([]byte(kind + ":" + name))
	return subject{hex.EncodeToString(sum[:]), free}
}

// wait is how long the next attempt must wait after n wrong ones.
func (s subject) wait(n int) time.Duration {
	over := n - s.free
	if over <= 0 {
		return 0
	}
	if over > 20 {
		return longestWait
	}
	return min(firstWait<<(over-1), longestWait)
}

// attempt is a guess at a secret that has been counted as wrong already.
type attempt struct {
	s        *Service
	account  subject
	subjects []subject // the account and, but for the command line, the address; in the one order for locks
}

// attempt counts a guess at a secret of the account with an e-mail address,
// from the address of the context, or refuses it with SLOWED_DOWN. Accounts
// that do not exist are counted like those that do.
func (s *Service) attempt(ctx context.Context, email string) (*attempt, error) {
	account := subjectOf("account", email, freeByAccount)
	a := &attempt{s: s, account: account, subjects: []subject{account}}
	if address := network(access.OriginOf(ctx).Address); address != "" {
		a.subjects = append(a.subjects, subjectOf("address", address, freeByAddress))
	}
	// One order for everybody, so that no two wait for one another.
	slices.SortFunc(a.subjects, func(a, b subject) int { return strings.Compare(a.key, b.key) })
	now := s.Now()
	err := s.db.Tx(ctx, func(ctx context.Context) error {
		for _, subject := range a.subjects {
			counts, err := store.Collect(ctx, s.db, countAttemptSQL, store.ScanInt, subject.key, now, now.Add(-forgiveAfter))
			if err != nil {
				return err
			}
			if len(counts) == 0 {
				return fault.Mistake(fault.SlowedDown, "", "There were too many wrong attempts. Try again later.")
			}
			if wait := subject.wait(counts[0]); wait > 0 {
				if _, err := s.db.Exec(ctx, blockSQL, subject.key, now.Add(wait)); err != nil {
					return err
				}
			}
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("count an attempt: %w", err)
	}
	return a, nil
}

// refund takes back that the guess was counted: it was not wrong, but not
// enough either.
func (a *attempt) refund(ctx context.Context) error {
	for _, subject := range a.subjects {
		if _, err := a.s.db.Exec(ctx, refundSQL, subject.key); err != nil {
			return fmt.Errorf("take back an attempt: %w", err)
		}
	}
	return nil
}

// right forgets the wrong guesses at the account. Those from the address stay:
// whoever has an account of their own must not clear the count of their
// guesses at others.
func (a *attempt) right(ctx context.Context) error {
	for _, subject := range a.subjects {
		statement := refundSQL
		if subject == a.account {
			statement = forgiveSQL
		}
		if _, err := a.s.db.Exec(ctx, statement, subject.key); err != nil {
			return fmt.Errorf("forget wrong attempts: %w", err)
		}
	}
	return nil
}

// network is what is counted as one address: of IPv6 the first 64 bits, as one
// customer has all of them.
func network(address string) string {
	ip, err := netip.ParseAddr(address)
	if err != nil {
		return address
	}
	if ip = ip.Unmap(); ip.Is4() {
		return ip.String()
	}
	p, err := ip.WithZone("").Prefix(64)
	if err != nil {
		return address
	}
	return p.String()
}
