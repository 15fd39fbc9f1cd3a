package partner

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"

	"github.com/broadsheet-cms/broadsheet/internal/event"
	"github.com/broadsheet-cms/broadsheet/internal/fault"
)

// A cursor names a place in what one key may read: the base64url form of its
// kind, numbers as varints, and 12 bytes of an HMAC by a secret of the key. A
// cursor of another key, or a made-up one, does not pass.
type cursor struct {
	kind    byte
	numbers []int64
}

const (
	changesCursor  = 'c' // txid, id
	snapshotCursor = 's' // txid, id, article
	commentsCursor = 'm' // microseconds since 1970, comment
	macLength      = 12
)

func (k *Key) encode(c cursor) string {
	b := []byte{c.kind}
	for _, n := range c.numbers {
		b = binary.AppendVarint(b, n)
	}
	return base64.RawURLEncoding.EncodeToString(append(b, k.mac(b)...))
}

func (k *Key) mac(b []byte) []byte {
	h := hmac.New(sha256.New, []byte(k.cursorSecret))
	_, _ = h.Write(b) // never fails
	return h.Sum(nil)[:macLength]
}

// decode gives the numbers of a cursor of a kind, as many as there must be.
func (k *Key) decode(text string, kind byte, count int) ([]int64, error) {
	invalid := fault.New(fault.CursorInvalid, "The cursor is damaged, of another list, or of another key.")
	if len(text) > 200 {
		return nil, invalid
	}
	b, err := base64.RawURLEncoding.Strict().DecodeString(text)
	if err != nil || len(b) <= macLength || b[0] != kind {
		return nil, invalid
	}
	body, sum := b[:len(b)-macLength], b[len(b)-macLength:]
	if !hmac.Equal(sum, k.mac(body)) {
		return nil, invalid
	}
	numbers := make([]int64, count)
	for rest, i := body[1:], 0; i < count; i++ {
		n, size := binary.Varint(rest)
		if size <= 0 {
			return nil, invalid
		}
		numbers[i], rest = n, rest[size:]
	}
	return numbers, nil
}

func (k *Key) changesAt(p event.Position) string {
	return k.encode(cursor{changesCursor, []int64{p.TxID, p.ID}})
}

func (k *Key) positionOf(text string) (event.Position, error) {
	if text == "" {
		return event.Position{}, nil
	}
	n, err := k.decode(text, changesCursor, 2)
	if err != nil {
		return event.Position{}, err
	}
	return event.Position{TxID: n[0], ID: n[1]}, nil
}
