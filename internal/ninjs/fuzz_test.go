package ninjs

import (
	"encoding/json"
	"io"
	"strings"
	"testing"
	"time"
	"unicode/utf8"
)

// FuzzReader checks what holds for any stream: reading ends, positions only
// grow, texts are valid, the limits are kept, and an item which is delivered
// without any problem is what encoding/json takes for JSON as well.
func FuzzReader(f *testing.F) {
	for _, s := range streams() {
		f.Add([]byte(s))
		f.Add([]byte(gzipped(s)))
	}
	for _, name := range []string{"v31.json", "v22.json", "v16.json", "arabic.jsonl"} {
		f.Add([]byte(fixture(f, name)))
	}
	for _, s := range []string{"", "[", "{", `{"items":[`, "]", "}{", "\x00", `{"uri":"\ud800"}`, "[1,,}]", "{\"a\n{", "<x>", "\ufeff\ufeff[]"} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, stream []byte) {
		opts := Options{MaxItemBytes: 4096, MaxDepth: 20, MaxBytes: 1 << 20}
		r := NewReader(strings.NewReader(string(stream)), opts)
		packed := strings.HasPrefix(string(stream), "\x1f\x8b")
		var offset int64
		for {
			it, err := r.Next()
			if _, ok := err.(*StreamError); ok || err == io.EOF { //nolint:errorlint // returned as they are
				return
			}
			if r.Offset() <= offset {
				t.Fatalf("no progress from byte %d", offset)
			}
			offset = r.Offset()
			if err != nil {
				continue
			}
			if it.RawBytes > opts.MaxItemBytes {
				t.Fatalf("an item of %d bytes", it.RawBytes)
			}
			for _, s := range []string{it.URI, it.By, it.Headline(), it.Excerpt()} {
				if !utf8.ValidString(s) || strings.ContainsRune(s, 0) {
					t.Fatalf("not repaired: %q", s)
				}
			}
			if text := stream[min(int(it.Offset), len(stream)):min(int(offset), len(stream))]; !packed && len(it.Problems) == 0 && len(it.Unknown) == 0 &&
				!strings.ContainsAny(string(text), "\x00\t\r\n") && !json.Valid(text) && printable(text) {
				t.Fatalf("no JSON, but delivered: %q", text)
			}
		}
	})
}

// printable tells whether there are no control characters, which are repaired
// in silence where nobody reads them.
func printable(text []byte) bool {
	for _, c := range text {
		if c < ' ' {
			return false
		}
	}
	return true
}

// FuzzParseDate checks that dates which are taken are within range.
func FuzzParseDate(f *testing.F) {
	for _, s := range []string{"2026-03-01T06:30:00.5+05:30", "2026-03-01", "0000-00-00", "9999-12-31T23:59:60-23:59", "12345-01-01", "T", "2026-03-01T+"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		got, _, err := parseDate(s, time.UTC)
		if err == nil && (got.Year() < minYear || got.Year() > maxYear) || err != nil && !got.IsZero() {
			t.Fatalf("parseDate(%q) = %v, %v", s, got, err)
		}
	})
}
