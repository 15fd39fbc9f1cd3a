// Package id turns the integer keys of tables into the ids of the public API
// and back. A public id names its type by a readable prefix and hides the key
// (`art_0w3k5z7q9c1vd`), so that a client can neither count rows nor guess an
// order; nothing sorts by it. It is an encoding, not a secret: what a viewer
// may see is decided below every query, not here.
package id

import (
	"errors"
	"fmt"
	"slices"
	"strings"
)

// The prefixes of all public types.
const (
	Article   = "art"
	LiveEntry = "liv"
	Category  = "cat"
	Tag       = "tag"
	Place     = "plc"
	Series    = "ser"
	Author    = "aut"
	Media     = "med"
	Page      = "pag"
	Menu      = "mnu"
	MenuItem  = "mni"
	AdSlot    = "ads"
	Redirect  = "red"
	Comment   = "com"
	User      = "usr"
	Bookmark  = "bkm"
	Job       = "job"
	APIKey    = "key"

	Webhook         = "whk"
	WebhookDelivery = "whd"

	Session      = "ses"
	AuditEntry   = "aud"
	Revision     = "rev"
	ArticleNote  = "nte"
	Correction   = "cor"
	PreviewToken = "prv"

	CommentReport     = "rpt"
	ReaderRestriction = "rst"
	Notification      = "ntf"
	Undo              = "und" // a removal of bookmarks, within a reading list
	Newsletter        = "nwl"
	NewsletterIssue   = "nli"
)

// Known reports whether a text has the form of a prefix of public ids.
func Known(prefix string) bool {
	return len(prefix) == 3 && strings.Trim(prefix, "abcdefghijklmnopqrstuvwxyz") == ""
}

// ErrMalformed says that a text is no public id at all. An id that is well
// formed but names nothing decodes without error and simply is not found.
var ErrMalformed = errors.New("malformed id")

// alphabet is Crockford's base 32: no letters that look like digits.
const alphabet = "0123456789abcdefghjkmnpqrstvwxyz"

const digits = 13 // 64 bits in steps of 5

var values = func() (v [256]int8) {
	for i := range v {
		v[i] = -1
	}
	for i := range len(alphabet) {
		v[alphabet[i]] = int8(i)
	}
	return v
}()

// Encode gives the public id of the row with the given key.
func Encode(prefix string, key int) string {
	n := scramble(uint64(key)) // keys are positive; the bits are what counts
	b := make([]byte, len(prefix)+1+digits)
	copy(b, prefix)
	b[len(prefix)] = '_'
	for i := len(b) - 1; i > len(prefix); i-- {
		b[i] = alphabet[n&31]
		n >>= 5
	}
	return string(b)
}

// EncodeSet is Encode for a key that may not be set: empty for none.
func EncodeSet(prefix string, key *int) string {
	if key == nil {
		return ""
	}
	return Encode(prefix, *key)
}

// Decode splits a public id into its prefix and key, or fails with
// ErrMalformed.
func Decode(s string) (prefix string, key int, err error) {
	prefix, rest, ok := strings.Cut(s, "_")
	if !ok || len(prefix) != 3 || len(rest) != digits {
		return "", 0, fmt.Errorf("%w: %.40q", ErrMalformed, s)
	}
	var n uint64
	for i := range len(rest) {
		v := values[rest[i]]
		// The first digit holds the top four bits only.
		if v < 0 || (i == 0 && v > 15) {
			return "", 0, fmt.Errorf("%w: %.40q", ErrMalformed, s)
		}
		n = n<<5 | uint64(v)
	}
	k := int(unscramble(n)) // the inverse of Encode
	if k <= 0 {
		return "", 0, fmt.Errorf("%w: %.40q", ErrMalformed, s)
	}
	return prefix, k, nil
}

// DecodeAs is Decode for a place where only one type can stand.
func DecodeAs(prefix, s string) (int, error) {
	p, key, err := Decode(s)
	if err != nil {
		return 0, err
	}
	if p != prefix {
		return 0, fmt.Errorf("%w: %.40q is no %s id", ErrMalformed, s, prefix)
	}
	return key, nil
}

// KeysOf gives the keys of those ids that are of one type, each once, sorted. Other
// texts are left out.
func KeysOf(prefix string, ids []string) []int {
	var keys []int
	for _, s := range ids {
		if key, err := DecodeAs(prefix, s); err == nil {
			keys = append(keys, key)
		}
	}
	slices.Sort(keys)
	return slices.Compact(keys)
}

// scramble is a bijection on 64 bits: two rounds of xor-shift and
// multiplication by an odd constant (the finaliser of splitmix64, Steele et
// al. 2014), undone step by step in unscramble.
func scramble(x uint64) uint64 {
	x ^= x >> 30
	x *= 0xbf58476d1ce4e5b9
	x ^= x >> 27
	x *= 0x94d049bb133111eb
	x ^= x >> 31
	return x
}

func unscramble(x uint64) uint64 {
	x ^= x>>31 ^ x>>62
	x *= 0x319642b2d24d8ec3
	x ^= x>>27 ^ x>>54
	x *= 0x96de1b173f119089
	x ^= x>>30 ^ x>>60
	return x
}
