// Package idempotency answers a mutation that a client sends again with the result
// of the first time. The client marks it with an idempotency key of its own.
package idempotency

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/broadsheet-cms/broadsheet/internal/access"
	"github.com/broadsheet-cms/broadsheet/internal/fault"
	"github.com/broadsheet-cms/broadsheet/internal/store"
)

// Store keeps the results of mutations with their keys, in one database.
type Store struct {
	db *store.DB
	// Now is the clock, for tests.
	Now func() time.Time
}

// New gives the store of db.
func New(db *store.DB) *Store {
	return &Store{db: db, Now: func() time.Time { return time.Now().UTC().Truncate(time.Microsecond) }}
}

// kept is how long a key is remembered, and maxKey its greatest length in bytes.
const (
	kept   = 24 * time.Hour
	maxKey = 200
)

// Two requests with one key at the same time: the second waits here until the
// first has committed, and then finds its result.
var (
	claimSQL  = store.MaintainBoth(`INSERT INTO repeats (user_id, key, input_hash, result, created_at) VALUES ($1, $2, $3, 'null', $4) ON CONFLICT (user_id, key) DO NOTHING`)
	resultSQL = store.MaintainBoth(`SELECT input_hash, result FROM repeats WHERE user_id = $1 AND key = $2`)
	keepSQL   = store.MaintainBoth(`UPDATE repeats SET result = $3 WHERE user_id = $1 AND key = $2`)
	forgetSQL = store.MaintainBoth(`DELETE FROM repeats WHERE created_at < $1`)
)

// Once runs do in a transaction. With a key (empty: none) its result, which
// must make JSON, is kept for a day, and the same viewer's next call with that
// key gets it without do. The same key with another mutation or input is a
// IDEMPOTENCY_KEY_REUSED mistake; a do that fails leaves nothing behind, so that it can be
// tried again.
func Once[T any](ctx context.Context, k *Store, key, mutation string, input any, do func(ctx context.Context) (T, error)) (result T, err error) {
	if key == "" {
		err = k.db.Tx(ctx, func(ctx context.Context) error {
			result, err = do(ctx)
			return err
		})
		return result, err
	}
	if len(key) > maxKey {
		return result, fault.Mistake(fault.TooLong, "idempotencyKey", "The key is longer than %d bytes.", maxKey)
	}
	if !utf8.ValidString(key) || strings.ContainsRune(key, 0) {
		return result, fault.Mistake(fault.Invalid, "idempotencyKey", "The key holds what is no text.")
	}
	text, err := json.Marshal(input)
	if err != nil {
		return result, fmt.Errorf("read the input of %s: %w", mutation, err)
	}
	sum := sha256.Sum256(append([]byte(mutation+"\n"), text...))
	hash := hex.EncodeToString(sum[:])
	user := access.Of(ctx).UserID
	err = k.db.Tx(ctx, func(ctx context.Context) error {
		claimed, err := k.db.Exec(ctx, claimSQL, user, key, hash, k.Now())
		if err != nil {
			return fmt.Errorf("claim an idempotency key: %w", err)
		}
		if n, err := claimed.RowsAffected(); err != nil {
			return err
		} else if n == 0 {
			return k.earlier(ctx, user, key, hash, &result)
		}
		if result, err = do(ctx); err != nil {
			return err
		}
		text, err := json.Marshal(result)
		if err != nil {
			return fmt.Errorf("keep the result of %s: %w", mutation, err)
		}
		if _, err := k.db.Exec(ctx, keepSQL, user, key, string(text)); err != nil {
			return fmt.Errorf("keep the result of %s: %w", mutation, err)
		}
		return nil
	})
	return result, err
}

func (k *Store) earlier(ctx context.Context, user int, key, hash string, result any) error {
	type row struct {
		hash string
		text []byte
	}
	found, err := store.Collect(ctx, k.db, resultSQL, func(rows *sql.Rows) (r row, err error) {
		err = rows.Scan(&r.hash, &r.text)
		return r, err
	}, user, key)
	if err != nil {
		return fmt.Errorf("read an earlier result: %w", err)
	}
	if len(found) == 0 || found[0].hash != hash {
		return fault.Mistake(fault.KeyReused, "idempotencyKey", "This key was used with another input.")
	}
	return json.Unmarshal(found[0].text, result)
}

// Forget removes keys that are older than a day.
func (k *Store) Forget(ctx context.Context) error {
	if _, err := k.db.Exec(ctx, forgetSQL, k.Now().Add(-kept)); err != nil {
		return fmt.Errorf("forget idempotency keys: %w", err)
	}
	return nil
}
