// Package throttle slows down what must not be done often: guessing at
// passwords and codes, sending mails to one address, filling in forms.
package throttle

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"time"

	"github.com/broadsheet-cms/broadsheet/internal/fault"
	"github.com/broadsheet-cms/broadsheet/internal/store"
)

// Limit says how often something may be done: some times at once, then each
// time doubles the wait for the next. A day after the first of them all are
// forgotten.
type Limit struct {
	Name           string // of what is counted, such as "account"
	Free           int
	First, Longest time.Duration // waits
}

// ForgiveAfter is when counts are forgotten.
const ForgiveAfter = 24 * time.Hour

// maxSubjects bounds the table of counts.
const maxSubjects = 100_000

// Statements of the count.
var (
	// An act is counted before it is done, in one statement that locks the row:
	// however many come at once, on however many nodes, each is either counted or
	// refused.
	countSQL = store.MaintainBoth(`INSERT INTO sign_in_failures AS f (subject, count, failed_at, blocked_until) VALUES ($1, 1, $2, $2)
		ON CONFLICT (subject) DO UPDATE SET count = CASE WHEN f.failed_at < $3 THEN 1 ELSE f.count + 1 END, failed_at = CASE WHEN f.failed_at < $3 THEN excluded.failed_at ELSE f.failed_at END
		WHERE f.blocked_until <= $2 RETURNING count`)
	blockSQL   = store.MaintainBoth(`UPDATE sign_in_failures SET blocked_until = $2 WHERE subject = $1`)
	refundSQL  = store.MaintainBoth(`UPDATE sign_in_failures SET count = count - 1, blocked_until = failed_at WHERE subject = $1 AND count > 0`)
	forgiveSQL = store.MaintainBoth(`DELETE FROM sign_in_failures WHERE subject = $1`)
	oldSQL     = store.MaintainBoth(`DELETE FROM sign_in_failures WHERE failed_at < $1`)
	trimSQL    = store.MaintainBoth(`DELETE FROM sign_in_failures WHERE failed_at < (SELECT failed_at FROM sign_in_failures ORDER BY failed_at DESC LIMIT 1 OFFSET $1)`)
)

// Subject is something whose acts are counted: an account, an address. It is
// stored as a hash.
type Subject struct {
	key   string
	limit Limit
}

// Subject names something that the limit counts.
func (l Limit) Subject(name string) Subject {
	sum := sha256.Sum256([]byte(l.Name + ":" + name))
	return Subject{hex.EncodeToString(sum[:]), l}
}

// wait is how long the next act must wait after n.
func (l Limit) wait(n int) time.Duration {
	over := n - l.Free
	if over <= 0 {
		return 0
	}
	if over > 20 {
		return l.Longest
	}
	return min(l.First<<(over-1), l.Longest)
}

// Throttle counts in one database.
type Throttle struct {
	db  *store.DB
	now func() time.Time
}

// New gives a throttle with a clock.
func New(db *store.DB, now func() time.Time) *Throttle { return &Throttle{db: db, now: now} }

// Count counts an act of each subject, or refuses it with RATE_LIMITED and the
// message. It commits even when what follows fails, so it is not called in a
// transaction.
func (t *Throttle) Count(ctx context.Context, message string, subjects ...Subject) error {
	now := t.now()
	err := t.db.Tx(ctx, func(ctx context.Context) error {
		for _, s := range ordered(subjects) {
			counts, err := store.Collect(ctx, t.db, countSQL, store.ScanInt, s.key, now, now.Add(-ForgiveAfter))
			if err != nil {
				return err
			}
			if len(counts) == 0 {
				return fault.Mistake(fault.SlowedDown, "", "%s", message)
			}
			if wait := s.limit.wait(counts[0]); wait > 0 {
				if _, err := t.db.Exec(ctx, blockSQL, s.key, now.Add(wait)); err != nil {
					return err
				}
			}
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("count an attempt: %w", err)
	}
	return nil
}

// ordered sorts subjects, so that no two transactions wait for one another.
func ordered(subjects []Subject) []Subject {
	return slices.SortedFunc(slices.Values(subjects), func(a, b Subject) int { return strings.Compare(a.key, b.key) })
}

// Refund takes back that an act of each subject was counted.
func (t *Throttle) Refund(ctx context.Context, subjects ...Subject) error {
	for _, s := range ordered(subjects) {
		if _, err := t.db.Exec(ctx, refundSQL, s.key); err != nil {
			return fmt.Errorf("take back an attempt: %w", err)
		}
	}
	return nil
}

// Forgive forgets all acts of a subject.
func (t *Throttle) Forgive(ctx context.Context, s Subject) error {
	if _, err := t.db.Exec(ctx, forgiveSQL, s.key); err != nil {
		return fmt.Errorf("forget attempts: %w", err)
	}
	return nil
}

// Tidy removes counts that are forgotten, and the oldest of too many.
func (t *Throttle) Tidy(ctx context.Context) error {
	if _, err := t.db.Exec(ctx, oldSQL, t.now().Add(-ForgiveAfter)); err != nil {
		return fmt.Errorf("forget old attempts: %w", err)
	}
	if _, err := t.db.Exec(ctx, trimSQL, maxSubjects); err != nil {
		return fmt.Errorf("bound the attempts: %w", err)
	}
	return nil
}

// Network is what is counted as one address: of IPv6 the first 64 bits, as one
// customer has all of them.
func Network(address string) string {
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
