package account

import (
	"context"
	"crypto/rand"
	"crypto/subtle"
	"encoding/base64"
	"fmt"
	"runtime"
	"strings"
	"unicode/utf8"

	"github.com/ccojocar/zxcvbn-go"
	"golang.org/x/crypto/argon2"
	"golang.org/x/sync/semaphore"
	"golang.org/x/text/unicode/norm"

	"github.com/broadsheet-cms/broadsheet/internal/fault"
	"github.com/broadsheet-cms/broadsheet/internal/wxr"
)

// cost is what one argon2id hash takes.
type cost struct {
	memory uint32 // KiB
	passes uint32
	lanes  uint8
}

// current is the cost of new hashes, one of those that the OWASP Password
// Storage Cheat Sheet names: 19 MiB, two passes, one lane.
var current = cost{memory: 19 * 1024, passes: 2, lanes: 1}

// maxCost is the most that checking a stored hash may take.
var maxCost = cost{memory: 256 * 1024, passes: 16, lanes: 16}

const (
	saltBytes = 16
	hashBytes = 32
)

// The rule for new passwords; see NIST SP 800-63B, which asks for length and
// not for kinds of characters.
const (
	minPassword      = 12 // characters
	maxPassword      = 1024
	minPasswordRunes = 5 // different ones
)

// hasher makes and checks hashes of passwords, few at a time: each takes 19 MiB
// and some thirty milliseconds of a processor.
type hasher struct {
	gate *semaphore.Weighted
	// dummy is checked for accounts that do not exist or have no password, so
	// that they take as long as others.
	dummy string
}

func newHasher() *hasher {
	h := &hasher{gate: semaphore.NewWeighted(int64(runtime.GOMAXPROCS(0)))}
	// Nobody can know the password of this one: it has no preimage by design.
	h.dummy = format(current, make([]byte, saltBytes), make([]byte, hashBytes))
	return h
}

// hash gives the hash of a new password as a PHC string:
// $argon2id$v=19$m=19456,t=2,p=1$salt$hash.
//
// Source: PHC string format, github.com/P-H-C/phc-string-format.
func (h *hasher) hash(ctx context.Context, password string) (string, error) {
	salt := make([]byte, saltBytes)
	_, _ = rand.Read(salt) // never fails
	sum, err := h.sum(ctx, current, salt, hashBytes, password)
	if err != nil {
		return "", err
	}
	return format(current, salt, sum), nil
}

// verify reports whether a password is the one of a stored hash, and whether
// that hash is to be replaced: one of WordPress, or of another cost. It always
// makes one argon2id hash, whatever it is asked, so that time tells nothing.
func (h *hasher) verify(ctx context.Context, stored, password string) (ok, stale bool, err error) {
	if len(password) > maxPassword {
		password = password[:maxPassword+1] // too long for any hash of ours; it costs no more than others
	}
	foreign := wxr.KnownHash(stored)
	cost, salt, want, known := parse(stored)
	if !known {
		cost, salt, want, _ = parse(h.dummy)
	}
	got, err := h.sum(ctx, cost, salt, len(want), password)
	if err != nil {
		return false, false, err
	}
	if !foreign {
		return subtle.ConstantTimeCompare(got, want) == 1 && known, cost != current, nil
	}
	if err := h.gate.Acquire(ctx, 1); err != nil {
		return false, false, fmt.Errorf("wait to check a password: %w", err)
	}
	defer h.gate.Release(1)
	return wxr.CheckPassword(stored, password), true, nil
}

func (h *hasher) sum(ctx context.Context, c cost, salt []byte, length int, password string) ([]byte, error) {
	if err := h.gate.Acquire(ctx, 1); err != nil {
		return nil, fmt.Errorf("wait to hash a password: %w", err)
	}
	defer h.gate.Release(1)
	// The same letters may come composed or not, as keyboards differ.
	return argon2.IDKey([]byte(norm.NFC.String(password)), salt, c.passes, c.memory, c.lanes, uint32(length)), nil
}

func format(c cost, salt, sum []byte) string {
	b64 := base64.RawStdEncoding
	return fmt.Sprintf("$argon2id$v=%d$m=%d,t=%d,p=%d$%s$%s", argon2.Version, c.memory, c.passes, c.lanes, b64.EncodeToString(salt), b64.EncodeToString(sum))
}

// parse reads a PHC string of argon2id that is not too dear to check.
func parse(stored string) (c cost, salt, sum []byte, ok bool) {
	parts := strings.Split(stored, "$")
	if len(parts) != 6 || parts[0] != "" || parts[1] != "argon2id" || parts[2] != fmt.Sprintf("v=%d", argon2.Version) {
		return c, nil, nil, false
	}
	if n, err := fmt.Sscanf(parts[3], "m=%d,t=%d,p=%d", &c.memory, &c.passes, &c.lanes); n != 3 || err != nil {
		return c, nil, nil, false
	}
	salt, badSalt := base64.RawStdEncoding.DecodeString(parts[4])
	sum, badSum := base64.RawStdEncoding.DecodeString(parts[5])
	ok = badSalt == nil && badSum == nil && len(salt) >= 8 && len(sum) >= 16 && len(sum) <= 128 &&
		c.memory >= 8 && c.passes >= 1 && c.lanes >= 1 && c.memory <= maxCost.memory && c.passes <= maxCost.passes && c.lanes <= maxCost.lanes
	return c, salt, sum, ok
}

// checkPassword refuses passwords that are easily guessed for an account.
func checkPassword(field, password, email, name string) error {
	if len(password) > maxPassword {
		return fault.Mistake(fault.TooLong, field, "A password has at most %d bytes.", maxPassword)
	}
	if !utf8.ValidString(password) {
		return fault.Mistake(fault.Invalid, field, "A password is text.")
	}
	if utf8.RuneCountInString(password) < minPassword {
		return fault.Mistake(fault.WeakPassword, field, "A password needs at least %d characters.", minPassword)
	}
	different := map[rune]bool{}
	for _, r := range password {
		different[r] = true
	}
	folded := strings.ToLower(strings.TrimSpace(password))
	local, _, _ := strings.Cut(email, "@")
	if guessable(password, email, local, name) || len(different) < minPasswordRunes || folded == email || folded == local || folded == strings.ToLower(name) {
		return fault.Mistake(fault.WeakPassword, field, "This password is too easy to guess.")
	}
	return nil
}

// guessable reports whether programs that guess passwords find this one soon: it
// is made of common passwords, words, names, dates, rows of a keyboard or words
// about its owner.
func guessable(password string, about ...string) bool {
	about = append(about, "broadsheet")
	return zxcvbn.PasswordStrength(strings.ToValidUTF8(password[:min(len(password), maxJudged)], ""), about).Score < leastScore
}

// leastScore is one of zxcvbn's 0 to 4: fewer than a million guesses are 0 or 1.
// What follows the first maxJudged bytes makes a password only better.
const (
	leastScore = 2
	maxJudged  = 64
)

// generatePassword makes a password of 130 random bits.
func generatePassword() string { return rand.Text() }
