package partner

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/netip"
	"time"

	"github.com/broadsheet-cms/broadsheet/internal/access"
	"github.com/broadsheet-cms/broadsheet/internal/secret"
	"github.com/broadsheet-cms/broadsheet/internal/store"
)

// Why a key is refused.
var (
	ErrUnknownKey = errors.New("the API key is unknown")
	ErrExpiredKey = errors.New("the API key has expired: ask the newsroom for another one")
	ErrRevokedKey = errors.New("the API key was revoked")
	ErrAddress    = errors.New("the API key may not be used from this address")
)

// Quota is how much of a key's quota is left.
type Quota struct {
	Limit, Remaining int
	Reset            time.Duration // until the window ends
	Exceeded         bool
}

// Use finds the key of a secret and counts a request of it from an address. The
// quota is that of the window, minute or day, which is nearer to its end; a
// request beyond it is counted too. Windows are counted in the database: several
// nodes share them.
func (s *Service) Use(ctx context.Context, token, address string) (*Key, Quota, error) {
	now := s.Now()
	type found struct {
		*Key
		expires *time.Time
	}
	rows, err := store.Collect(ctx, s.db, bySecretSQL, func(rows *sql.Rows) (found, error) {
		f := found{Key: new(Key)}
		return f, s.scan(f.Key, rows, &f.expires)
	}, secret.Hash(token))
	if err != nil {
		return nil, Quota{}, fmt.Errorf("find an API key: %w", err)
	}
	if len(rows) == 0 {
		return nil, Quota{}, ErrUnknownKey
	}
	k := rows[0]
	switch {
	case k.RevokedAt != nil:
		return nil, Quota{}, ErrRevokedKey
	case k.expires != nil && !k.expires.After(now), k.ExpiresAt != nil && !k.ExpiresAt.After(now):
		return nil, Quota{}, ErrExpiredKey
	case !k.allows(address):
		return nil, Quota{}, ErrAddress
	}
	quota, err := s.count(ctx, k.Key, now)
	return k.Key, quota, err
}

// allows reports whether the key may be used from an address.
func (k *Key) allows(address string) bool {
	if len(k.Addresses) == 0 {
		return true
	}
	ip, err := netip.ParseAddr(address)
	if err != nil {
		return false
	}
	for _, network := range k.Addresses {
		if network.Contains(ip.Unmap()) {
			return true
		}
	}
	return false
}

const (
	minute = 60
	day    = 24 * 60 * 60
)

var (
	countSQL = store.MaintainBoth(`INSERT INTO api_key_usage (key_id, seconds, window_start, count) VALUES ($1, 60, $2, 1), ($1, 86400, $3, 1)
		ON CONFLICT (key_id, seconds, window_start) DO UPDATE SET count = api_key_usage.count + 1 RETURNING seconds, count`)
	usedSQL = store.MaintainBoth(`UPDATE api_keys SET last_used_at = $2 WHERE id = $1 AND (last_used_at IS NULL OR last_used_at < $3)`)
)

// count counts a request in the windows of now.
func (s *Service) count(ctx context.Context, k *Key, now time.Time) (worst Quota, err error) {
	unix := now.Unix()
	counts := map[int]int{}
	_, err = store.Collect(ctx, s.db, countSQL, func(rows *sql.Rows) (none struct{}, err error) {
		var seconds, n int
		err = rows.Scan(&seconds, &n)
		counts[seconds] = n
		return none, err
	}, k.ID, unix-unix%minute, unix-unix%day)
	if err != nil {
		return worst, fmt.Errorf("count a request: %w", err)
	}
	for i, w := range []struct{ seconds, limit int }{{minute, k.QuotaMinute}, {day, k.QuotaDay}} {
		q := Quota{Limit: w.limit, Remaining: max(0, w.limit-counts[w.seconds]), Exceeded: counts[w.seconds] > w.limit,
			Reset: time.Duration(int64(w.seconds)-unix%int64(w.seconds)) * time.Second}
		if i == 0 || q.Exceeded && !worst.Exceeded || q.Exceeded == worst.Exceeded && q.Remaining < worst.Remaining {
			worst = q
		}
	}
	// To the minute is near enough, and spares a write for each request.
	_, err = s.db.Exec(ctx, usedSQL, k.ID, now, now.Add(-time.Minute))
	return worst, err
}

// Usage is how many requests a key made on a day, UTC.
type Usage struct {
	Day   time.Time
	Count int
}

var usageSQL = store.MaintainBoth(`SELECT window_start, count FROM api_key_usage WHERE key_id = $1 AND seconds = 86400 ORDER BY window_start DESC LIMIT $2`)

// Usage gives the latest days on which a key was used.
func (s *Service) Usage(ctx context.Context, key, days int) ([]Usage, error) {
	if err := access.Require(ctx, access.ManagePartners); err != nil {
		return nil, err
	}
	return store.Collect(ctx, s.db, usageSQL, func(rows *sql.Rows) (u Usage, err error) {
		var start int64
		err = rows.Scan(&start, &u.Count)
		u.Day = time.Unix(start, 0).UTC()
		return u, err
	}, key, days)
}

var forgetUsageSQL = store.MaintainBoth(`DELETE FROM api_key_usage WHERE seconds = 60 AND window_start < $1 OR window_start < $2`)

// keepUsage is how long the requests of each day are kept.
const keepUsage = 400 * 24 * time.Hour

// Forget removes counts that nobody needs any more.
func (s *Service) Forget(ctx context.Context) error {
	now := s.Now()
	_, err := s.db.Exec(ctx, forgetUsageSQL, now.Add(-time.Hour).Unix(), now.Add(-keepUsage).Unix())
	if err != nil {
		return fmt.Errorf("remove old counts of requests: %w", err)
	}
	return nil
}

type keyKey struct{}

// With gives a context of a request with a key.
func With(ctx context.Context, k *Key) context.Context { return context.WithValue(ctx, keyKey{}, k) }

// Of gives the key that a request came with, nil without one.
func Of(ctx context.Context) *Key {
	k, _ := ctx.Value(keyKey{}).(*Key)
	return k
}
