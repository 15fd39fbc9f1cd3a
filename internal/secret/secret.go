// Package secret makes the secrets that programs show to prove who they are, and
// what is kept of them.
package secret

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
)

// New makes a secret of 256 random bits behind a prefix, which tells people and
// scanners of source code what they look at.
func New(prefix string) string {
	b := make([]byte, 32)
	_, _ = rand.Read(b) // never fails
	return prefix + base64.RawURLEncoding.EncodeToString(b)
}

// Hash is how a token is stored: SHA-256, hex. A token is random in all its
// bits, so it needs no salt and no slow hash; it is looked up by its hash, so
// comparing takes no time that tells anything.
func Hash(token string) string {
	sum := sha256.Sum256([]byte(token))
	return hex.EncodeToString(sum[:])
}
