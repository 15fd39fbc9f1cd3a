package secret

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"strings"
)

// Sealer keeps secrets that must be read again from whoever gets hold of the
// database alone. The zero Sealer has no key, and stores them as they are.
type Sealer struct{ key string }

// NewSealer gives a sealer with a key: a text of at least 16 characters.
func NewSealer(key string) Sealer { return Sealer{key} }

const sealed = "sealed:"

func (s Sealer) cipher() (cipher.AEAD, error) {
	if s.key == "" {
		return nil, errors.New("the secret is sealed, and the server has no key (--seal-key)")
	}
	sum := sha256.Sum256([]byte("broadsheet seal\n" + s.key))
	block, err := aes.NewCipher(sum[:])
	if err != nil {
		return nil, err
	}
	return cipher.NewGCMWithRandomNonce(block)
}

// Seal gives the form in which a secret is stored: AES-256-GCM, with a random
// nonce in front.
func (s Sealer) Seal(secret string) (string, error) {
	if s.key == "" || secret == "" {
		return secret, nil
	}
	aead, err := s.cipher()
	if err != nil {
		return "", err
	}
	return sealed + base64.RawStdEncoding.EncodeToString(aead.Seal(nil, nil, []byte(secret), nil)), nil //nolint:gosec // G407: this cipher makes its nonces itself
}

// Open gives a secret back. What was stored without a key is given as it is.
func (s Sealer) Open(stored string) (string, error) {
	text, ok := strings.CutPrefix(stored, sealed)
	if !ok {
		return stored, nil
	}
	aead, err := s.cipher()
	if err != nil {
		return "", err
	}
	raw, err := base64.RawStdEncoding.DecodeString(text)
	if err != nil {
		return "", fmt.Errorf("read a sealed secret: %w", err)
	}
	secret, err := aead.Open(nil, nil, raw, nil)
	if err != nil {
		return "", fmt.Errorf("open a sealed secret: the server's key is another one: %w", err)
	}
	return string(secret), nil
}

// NewWebhook makes a secret of Standard Webhooks: 256 random bits.
func NewWebhook() string {
	b := make([]byte, 32)
	_, _ = rand.Read(b) // never fails
	return "whsec_" + base64.StdEncoding.EncodeToString(b)
}
