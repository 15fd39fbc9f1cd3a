package id

import (
	"errors"
	"math"
	"testing"
)

func TestEncodeDecode(t *testing.T) {
	t.Parallel()
	seen := map[string]bool{}
	for _, key := range []int{1, 2, 3, 999, 1 << 20, 1 << 40, math.MaxInt64} {
		s := Encode(Article, key)
		if seen[s] {
			t.Fatalf("id %q given twice", s)
		}
		seen[s] = true
		prefix, got, err := Decode(s)
		if err != nil || prefix != Article || got != key {
			t.Errorf("Decode(%q) = %q, %d, %v; want %q, %d", s, prefix, got, err, Article, key)
		}
	}
}

func TestDecodeMalformed(t *testing.T) {
	t.Parallel()
	for _, s := range []string{"", "_", "art", "art_", "art_zzzzzzzzzzzzz", "art_0", "1", "article_0000000000001",
		"art_000000000000u", "art_0000000000000", Encode(Article, -1), Encode(Article, 0), Encode(Article, 1) + "0", "آرت_0000000000001"} {
		if _, _, err := Decode(s); !errors.Is(err, ErrMalformed) {
			t.Errorf("Decode(%q) error = %v, want ErrMalformed", s, err)
		}
	}
	if _, err := DecodeAs(Tag, Encode(Article, 1)); !errors.Is(err, ErrMalformed) {
		t.Errorf("DecodeAs with another type: error = %v, want ErrMalformed", err)
	}
}

func FuzzDecode(f *testing.F) {
	f.Add(Encode(Article, 7))
	f.Add("art_zzzzzzzzzzzzz")
	f.Fuzz(func(t *testing.T, s string) {
		prefix, key, err := Decode(s)
		if err == nil && Encode(prefix, key) != s {
			t.Errorf("Decode(%q) does not encode back", s)
		}
	})
}
