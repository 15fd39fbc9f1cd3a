// Package link signs what stands in links: whoever has the link can do the one
// thing that it is for, without an account, and nobody can make another.
package link

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"strings"
	"sync"

	"github.com/broadsheet-cms/broadsheet/ent"
	"github.com/broadsheet-cms/broadsheet/ent/signingkey"
	"github.com/broadsheet-cms/broadsheet/internal/access"
	"github.com/broadsheet-cms/broadsheet/internal/secret"
	"github.com/broadsheet-cms/broadsheet/internal/store"
)

// Signer signs with the key of one site. Without Key it uses one that it makes
// and keeps in the database.
type Signer struct {
	db *store.DB
	// Key is set before the first use, if at all. All nodes need the same.
	Key string
	// Sealer seals the key that is kept.
	Sealer secret.Sealer

	mu    sync.Mutex
	known []byte
}

// New gives the signer of a database.
func New(db *store.DB) *Signer { return &Signer{db: db} }

// name is that of the key in its table.
const name = "links"

// key gives the key, which the first node that needs it makes.
func (s *Signer) key(ctx context.Context) ([]byte, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.known != nil {
		return s.known, nil
	}
	if s.Key != "" {
		s.known = []byte(s.Key)
		return s.known, nil
	}
	ctx = access.AsSystem(ctx)
	read := func() (string, error) {
		row, err := s.db.Ent(ctx).SigningKey.Query().Where(signingkey.Name(name)).Only(ctx)
		if err != nil {
			return "", err
		}
		return s.Sealer.Open(row.Key)
	}
	key, err := read()
	if ent.IsNotFound(err) {
		made, failed := s.Sealer.Seal(secret.New(""))
		if failed != nil {
			return nil, failed
		}
		if _, err := s.db.Exec(ctx, makeKeySQL, name, made); err != nil {
			return nil, fmt.Errorf("make the key of links: %w", err)
		}
		key, err = read() // of another node, if that was first
	}
	if err != nil {
		return nil, fmt.Errorf("read the key of links: %w", err)
	}
	s.known = []byte(key)
	return s.known, nil
}

var makeKeySQL = store.MaintainBoth(`INSERT INTO signing_keys (name, key, created_at) VALUES ($1, $2, CURRENT_TIMESTAMP) ON CONFLICT (name) DO NOTHING`)

// MAC is a keyed hash of a text for a purpose, as base64url: 128 bits.
func (s *Signer) MAC(ctx context.Context, purpose, text string) (string, error) {
	key, err := s.key(ctx)
	if err != nil {
		return "", err
	}
	h := hmac.New(sha256.New, key)
	h.Write([]byte(purpose + "\x00" + text))
	return base64.RawURLEncoding.EncodeToString(h.Sum(nil)[:16]), nil
}

// Sign gives a token for a payload of letters, digits and hyphens.
func (s *Signer) Sign(ctx context.Context, purpose, payload string) (string, error) {
	mac, err := s.MAC(ctx, purpose, payload)
	if err != nil {
		return "", err
	}
	return payload + "." + mac, nil
}

// Open gives the payload of a token that was signed for a purpose; ok is false
// for any other text.
func (s *Signer) Open(ctx context.Context, purpose, token string) (payload string, ok bool, err error) {
	i := strings.LastIndexByte(token, '.')
	if i < 0 || len(token) > 200 {
		return "", false, nil
	}
	want, err := s.MAC(ctx, purpose, token[:i])
	if err != nil {
		return "", false, err
	}
	return token[:i], hmac.Equal([]byte(want), []byte(token[i+1:])), nil
}
