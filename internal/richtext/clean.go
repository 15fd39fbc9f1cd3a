package richtext

import (
	"slices"
	"strings"
	"unicode/utf8"
)

// limitInput cuts s to [MaxInput] at a rune and replaces invalid UTF-8.
func limitInput(s string, notes Notes) string {
	if len(s) > MaxInput {
		end := MaxInput
		for end > 0 && !utf8.RuneStart(s[end]) {
			end--
		}
		s = s[:end]
		notes.add("input cut at 8 MB")
	}
	if !utf8.ValidString(s) {
		s = strings.ToValidUTF8(s, "\uFFFD")
		notes.add("invalid UTF-8 replaced")
	}
	return s
}

// cleanText removes what has no place in text of any kind: control characters other than tab and newlines,
// noncharacters (both are illegal in XML feeds too). Invalid UTF-8 becomes U+FFFD.
func cleanText(s string) string {
	clean := true
	for i := 0; i < len(s); i++ {
		if c := s[i]; c < ' ' && c != '\n' && c != '\t' || c == 0x7F || c >= 0x80 {
			clean = false
			break
		}
	}
	if clean {
		return s
	}
	return strings.Map(func(r rune) rune {
		switch {
		case r == '\n' || r == '\t':
			return r
		case r == '\r' || r == '\f':
			return '\n'
		case r < ' ' || r >= 0x7F && r < 0xA0:
			return -1
		case r >= 0xFDD0 && r <= 0xFDEF || r&0xFFFE == 0xFFFE:
			return -1
		}
		return r
	}, s)
}

// plainField cleans a string that is plain text on one line: an alt text, a title, a name.
func plainField(s string) string {
	return strings.Join(strings.Fields(balanceBidi(cleanText(s))), " ")
}

// Bidirectional formatting characters (Unicode Standard Annex 9). The marks LRM, RLM and ALM act on their own place
// only and stay. Embeddings, overrides and isolates stay when they are closed in the same text; an open one would
// reorder whatever the page puts after it.
const (
	lre, rle, pdf, lro, rlo = '\u202A', '\u202B', '\u202C', '\u202D', '\u202E'
	lri, rli, fsi, pdi      = '\u2066', '\u2067', '\u2068', '\u2069'
)

func hasBidi(s string) bool {
	return strings.Contains(s, "\xE2\x80") && strings.ContainsAny(s, "\u202A\u202B\u202C\u202D\u202E") ||
		strings.Contains(s, "\xE2\x81") && strings.ContainsAny(s, "\u2066\u2067\u2068\u2069")
}

// balanceBidi removes the bidi controls that do not pair within s.
func balanceBidi(s string) string {
	if !hasBidi(s) {
		return s
	}
	type opener struct {
		at      int
		isolate bool
	}
	var drop []int
	var open []opener
	for i, r := range s {
		switch r {
		case lre, rle, lro, rlo, lri, rli, fsi:
			// The bidi algorithm itself ignores what is deeper.
			if len(open) >= 60 {
				drop = append(drop, i)
				continue
			}
			open = append(open, opener{i, r == lri || r == rli || r == fsi})
		case pdf, pdi:
			if n := len(open); n > 0 && open[n-1].isolate == (r == pdi) {
				open = open[:n-1]
			} else {
				drop = append(drop, i)
			}
		}
	}
	for _, o := range open {
		drop = append(drop, o.at)
	}
	if len(drop) == 0 {
		return s
	}
	b := make([]byte, 0, len(s))
	last := 0
	slices.Sort(drop)
	for _, i := range drop {
		b = append(b, s[last:i]...)
		last = i + 3 // every one of these is three bytes long
	}
	return string(append(b, s[last:]...))
}

// BalanceDirection removes from a plain text the bidi controls that would make it, or what a page puts behind it,
// read in another order than it is written: overrides, and embeddings and isolates that are not closed in it.
func BalanceDirection(s string) string {
	if !hasBidi(s) {
		return s
	}
	return balanceBidi(strings.Map(func(r rune) rune {
		if r == lro || r == rlo {
			return -1
		}
		return r
	}, s))
}

// appendEscaped appends s to dst as HTML text, or as the value of a double-quoted attribute.
func appendEscaped(dst []byte, s string, attr bool) []byte {
	last := 0
	for i := 0; i < len(s); i++ {
		var esc string
		switch s[i] {
		case '&':
			esc = "&amp;"
		case '<':
			esc = "&lt;"
		case '>':
			esc = "&gt;"
		case '"':
			if !attr {
				continue
			}
			esc = "&#34;"
		default:
			continue
		}
		dst = append(dst, s[last:i]...)
		dst = append(dst, esc...)
		last = i + 1
	}
	return append(dst, s[last:]...)
}
