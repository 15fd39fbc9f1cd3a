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
type Sealer struct {
	key  string
	also []string
}

// NewSealer gives a sealer with a key: a text of at least 16 characters. It opens
// what other keys sealed, too, while the key is rotated.
func NewSealer(key string, also ...string) Sealer { return Sealer{key, also} }

const sealed = "sealed:"

func cipherOf(key string) (cipher.AEAD, error) {
	sum := sha256.Sum256([]byte("broadsheet seal\n" + key))
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
	aead, err := cipherOf(s.key)
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
	raw, err := base64.RawStdEncoding.DecodeString(text)
	if err != nil {
		return "", fmt.Errorf("read a sealed secret: %w", err)
	}
	keys := s.also
	if s.key != "" {
		keys = append([]string{s.key}, keys...)
	}
	if len(keys) == 0 {
		return "", errors.New("the secret is sealed, and the server has no key (--seal-key)")
	}
	for _, key := range keys {
		aead, err := cipherOf(key)
		if err != nil {
			return "", err
		}
		if secret, err := aead.Open(nil, nil, raw, nil); err == nil {
			return string(secret), nil
		}
	}
	return "", errors.New("open a sealed secret: neither --seal-key nor a key of --unseal-keys sealed it")
}

// Reseal gives the form in which a stored secret is stored from now on, and
// whether that is another one: sealed by the key, or as it is if there is none.
func (s Sealer) Reseal(stored string) (again string, changed bool, err error) {
	secret, err := s.Open(stored)
	if err != nil {
		return "", false, err
	}
	if s.key == "" {
		return secret, secret != stored, nil
	}
	if _, err := (Sealer{key: s.key}).Open(stored); err == nil && secret != stored {
		return stored, false, nil
	}
	again, err = s.Seal(secret)
	return again, again != stored, err
}

// NewWebhook makes a secret of Standard Webhooks: 256 random bits.
func NewWebhook() string {
	b := make([]byte, 32)
	_, _ = rand.Read(b) // never fails
	return "whsec_" + base64.StdEncoding.EncodeToString(b)
}
