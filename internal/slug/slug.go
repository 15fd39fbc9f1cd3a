// Package slug makes the readable part of an address out of a title, in any
// script: Latin letters lose their accents, others stay as they are.
package slug

import (
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// MaxBytes bounds a slug, its number to make it unique included.
const MaxBytes = 200

// Make gives the slug of a title, empty when the title has no letter or digit.
func Make(title string) string {
	var b strings.Builder
	dash, latin := false, false
	for _, r := range norm.NFKC.String(strings.ToLower(strings.ToValidUTF8(title, " "))) {
		switch {
		case r == '\'' || r == '’': // it's → its
			continue
		case r == tatweel || r >= fathatan && r <= sukun || r == superscriptAlef:
			continue
		case unicode.IsMark(r) && (b.Len() == 0 || dash || latin):
			continue
		case !unicode.IsLetter(r) && !unicode.IsDigit(r) && !unicode.IsMark(r):
			dash = b.Len() > 0
			continue
		}
		if latin = unicode.Is(unicode.Latin, r); latin {
			r, _ = utf8.DecodeRuneInString(norm.NFD.String(string(r)))
		}
		if r = unicode.ToLower(r); unicode.IsUpper(r) {
			continue // an ornamental capital without a small twin
		}
		if b.Len()+utf8.RuneLen(r)+1 > MaxBytes-10 {
			break
		}
		if dash {
			b.WriteByte('-')
			dash = false
		}
		b.WriteRune(r)
	}
	return norm.NFC.String(b.String())
}

// Signs of Arabic writing that stretch or vocalise a word: it is the same word
// without them.
const (
	tatweel         = '\u0640'
	fathatan        = '\u064b'
	sukun           = '\u0652'
	superscriptAlef = '\u0670'
)

// Number gives the n-th variant of a slug that is in use: title, title-2, …
func Number(base string, n int) string {
	if n <= 1 {
		return base
	}
	return base + "-" + strconv.Itoa(n)
}

// Valid reports whether s can stand as one part of a path.
func Valid(s string) bool {
	if s == "" || len(s) > MaxBytes || !utf8.ValidString(s) || !norm.NFC.IsNormalString(s) {
		return false
	}
	for _, r := range s {
		if r != '-' && r != '_' && !unicode.IsLetter(r) && !unicode.IsDigit(r) && !unicode.IsMark(r) || unicode.IsUpper(r) {
			return false
		}
	}
	return true
}
