package relay

import (
	"bytes"
	"encoding/base64"
	"encoding/binary"
	"hash/crc32"
	"hash/fnv"
	"unicode/utf8"

	"github.com/broadsheet-cms/broadsheet/internal/fault"
	"github.com/broadsheet-cms/broadsheet/internal/keyset"
)

// cursorVersion is the first byte of every cursor; it changes with the form.
const cursorVersion = 1

// EncodeCursor makes the cursor of a place in a list.
//
// A cursor is the base64url form of: version, hash of the list's name (4
// bytes), time and id as varints, the text, and a CRC-32 of all that (4
// bytes). The checksum finds mistakes, not malice: a forged cursor can only
// name another place in a list that the viewer may read anyway.
func EncodeCursor(list string, k keyset.Key) string {
	b := make([]byte, 0, 32+len(k.Text))
	b = append(b, cursorVersion)
	b = binary.BigEndian.AppendUint32(b, listHash(list))
	b = binary.AppendVarint(b, k.Time)
	b = binary.AppendVarint(b, int64(k.ID))
	b = append(b, k.Text...)
	b = binary.BigEndian.AppendUint32(b, crc32.ChecksumIEEE(b))
	return base64.RawURLEncoding.EncodeToString(b)
}

func listHash(list string) uint32 {
	h := fnv.New32a()
	_, _ = h.Write([]byte(list)) // never fails
	return h.Sum32()
}

// DecodeCursor gives the place that a cursor of the list names, or a
// CURSOR_INVALID fault.
func DecodeCursor(list, cursor string) (keyset.Key, error) {
	invalid := fault.New(fault.CursorInvalid, "the cursor is damaged or was not made by this API")
	if len(cursor) > 2048 {
		return keyset.Key{}, invalid
	}
	b, err := base64.RawURLEncoding.Strict().DecodeString(cursor)
	if err != nil || len(b) < 11 || b[0] != cursorVersion {
		return keyset.Key{}, invalid
	}
	body, sum := b[:len(b)-4], binary.BigEndian.Uint32(b[len(b)-4:])
	if crc32.ChecksumIEEE(body) != sum {
		return keyset.Key{}, invalid
	}
	if binary.BigEndian.Uint32(body[1:]) != listHash(list) {
		return keyset.Key{}, fault.New(fault.CursorInvalid, "the cursor belongs to a list with another parent, filter or order")
	}
	rest := body[5:]
	at, n := binary.Varint(rest)
	if n <= 0 {
		return keyset.Key{}, invalid
	}
	rest = rest[n:]
	id, n := binary.Varint(rest)
	if n <= 0 {
		return keyset.Key{}, invalid
	}
	text := rest[n:]
	if !utf8.Valid(text) || bytes.IndexByte(text, 0) >= 0 {
		return keyset.Key{}, invalid // forged: no database holds such a text, and one refuses to look for it
	}
	return keyset.Key{Time: at, ID: int(id), Text: string(text)}, nil
}
