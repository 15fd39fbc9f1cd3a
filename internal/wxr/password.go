package wxr

import (
	"crypto/hmac"
	"crypto/md5" //nolint:gosec // it is what the old hashes are made of
	"crypto/sha512"
	"crypto/subtle"
	"encoding/base64"
	"strings"

	"golang.org/x/crypto/bcrypt"
)

// KnownHash reports whether CheckPassword understands a hash.
func KnownHash(hash string) bool {
	switch {
	case strings.HasPrefix(hash, "$P$"), strings.HasPrefix(hash, "$H$"):
		return len(hash) == phpassLength && phpassRounds(hash) > 0
	case strings.HasPrefix(hash, "$wp$2"):
		return affordable(strings.TrimPrefix(hash, "$wp"))
	case strings.HasPrefix(hash, "$2"):
		return affordable(hash)
	}
	return false
}

// affordable refuses hashes that take minutes to check.
func affordable(hash string) bool {
	const maxCost = 15
	cost, err := bcrypt.Cost([]byte(hash))
	return err == nil && cost <= maxCost
}

// CheckPassword reports whether a password is the one that WordPress has made a
// hash of, in any of its three ways: the portable hashes of phpass (until 6.7),
// bcrypt of a keyed digest (since 6.8), and plain bcrypt, by plugins. Whoever
// signs in so should get a new hash.
// https://make.wordpress.org/core/2025/02/17/wordpress-6-8-will-use-bcrypt-for-password-hashing/
func CheckPassword(hash, password string) bool {
	const longest = 4096 // as WordPress has it
	if len(password) > longest || !KnownHash(hash) {
		return false
	}
	switch {
	case strings.HasPrefix(hash, "$wp"):
		digest := hmac.New(sha512.New384, []byte("wp-sha384"))
		digest.Write([]byte(strings.Trim(password, " \t\n\r\x00\x0b")))
		key := base64.StdEncoding.EncodeToString(digest.Sum(nil))
		return bcrypt.CompareHashAndPassword([]byte(strings.TrimPrefix(hash, "$wp")), []byte(key)) == nil
	case strings.HasPrefix(hash, "$2"):
		return bcrypt.CompareHashAndPassword([]byte(hash), []byte(password)[:min(len(password), 72)]) == nil
	}
	return subtle.ConstantTimeCompare([]byte(phpass(hash, password)), []byte(hash)) == 1
}

// phpass is the portable hash: MD5 over salt and password, then over its result
// and the password again, 2ⁿ times.
const (
	phpassLength   = 34
	phpassAlphabet = "./0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
)

// phpassRounds reads how often; 0: not in the range that phpass allows itself.
func phpassRounds(hash string) int {
	n := strings.IndexByte(phpassAlphabet, hash[3])
	if n < 7 || n > 20 {
		return 0
	}
	return 1 << n
}

func phpass(setting, password string) string {
	salt := setting[4:12]
	sum := md5.Sum([]byte(salt + password)) //nolint:gosec // likewise
	for range phpassRounds(setting) {
		sum = md5.Sum(append(sum[:], password...)) //nolint:gosec // likewise
	}
	return setting[:12] + phpassEncode(sum[:])
}

// phpassEncode writes six bits a letter, the lowest first.
func phpassEncode(b []byte) string {
	var out strings.Builder
	for i := 0; i < len(b); i += 3 {
		v, n := 0, 0
		for j := 0; j < 3 && i+j < len(b); j++ {
			v |= int(b[i+j]) << (8 * j)
			n++
		}
		for j := range n + 1 {
			out.WriteByte(phpassAlphabet[v>>(6*j)&63])
		}
	}
	return out.String()
}
