package richtext

import (
	"strconv"
	"strings"
	"unicode"
)

// validLang reports whether s looks like a BCP 47 language tag: letters, then parts of letters and digits.
func validLang(s string) bool {
	if s == "" || len(s) > 35 {
		return false
	}
	for i, part := range strings.Split(s, "-") {
		if part == "" || len(part) > 8 {
			return false
		}
		for _, c := range []byte(part) {
			if !(c|0x20 >= 'a' && c|0x20 <= 'z' || i > 0 && c >= '0' && c <= '9') {
				return false
			}
		}
	}
	return true
}

// validDateTime accepts the characters dates, times and durations of HTML are made of.
func validDateTime(s string) bool {
	if s == "" || len(s) > 40 {
		return false
	}
	for _, c := range []byte(s) {
		if !(c >= '0' && c <= '9' || strings.IndexByte("-+:.TZPYMWDHS ", c) >= 0) {
			return false
		}
	}
	return strings.TrimSpace(s) == s
}

// validAnchor reports whether s can be a fragment: letters of any script, digits, marks and -_.: only.
func validAnchor(s string) bool {
	if s == "" || len(s) > 128 {
		return false
	}
	for _, r := range s {
		if !(unicode.IsLetter(r) || unicode.IsDigit(r) || unicode.Is(unicode.M, r) || strings.ContainsRune("-_.:", r)) || r == unicode.ReplacementChar {
			return false
		}
	}
	return true
}

// validMediaID reports whether s has the form of an opaque id of ours.
func validMediaID(s string) bool {
	if s == "" || len(s) > 64 {
		return false
	}
	for _, c := range []byte(s) {
		if !(c|0x20 >= 'a' && c|0x20 <= 'z' || c >= '0' && c <= '9' || c == '_' || c == '-') {
			return false
		}
	}
	return true
}

// codeLanguage reads the name of a programming language as it is written in classes and fences.
func codeLanguage(s string) string {
	s = strings.ToLower(s)
	if len(s) > 32 {
		return ""
	}
	for _, c := range []byte(s) {
		if !(c >= 'a' && c <= 'z' || c >= '0' && c <= '9' || strings.IndexByte("+-#._", c) >= 0) {
			return ""
		}
	}
	return s
}

// number reads a positive integer up to limit; anything else is 0. A unit of pixels is allowed.
func number(s string, limit int) int {
	n, err := strconv.Atoi(strings.TrimSuffix(strings.TrimSpace(s), "px"))
	if err != nil || n < 0 || n > limit {
		return 0
	}
	return n
}

const (
	maxPixels = 100_000
	maxSpan   = 100
	maxStart  = 1_000_000
)

func dirOf(n *node) string {
	switch d := strings.ToLower(n.attr("dir")); d {
	case LTR, RTL:
		return d
	}
	return ""
}

// alignOf reads an alignment from our own classes, those of WordPress, and old attributes and styles.
func alignOf(n *node) Align {
	if c := n.attr("class"); c != "" {
		for name := range strings.FieldsSeq(c) {
			for _, prefix := range []string{"align-", "has-text-align-", "align"} {
				if v, ok := strings.CutPrefix(name, prefix); ok && v != "" && validAlign(Align(v)) {
					return Align(v)
				}
			}
		}
	}
	if v := Align(strings.ToLower(n.attr("align"))); v != "" && validAlign(v) {
		return v
	}
	if _, v, ok := strings.Cut(strings.ReplaceAll(strings.ToLower(n.attr("style")), " ", ""), "text-align:"); ok {
		v, _, _ = strings.Cut(v, ";")
		if v := Align(v); v == AlignLeft || v == AlignRight || v == AlignCenter || v == AlignJustify {
			return v
		}
	}
	return ""
}

func validAlign(v Align) bool {
	switch v {
	case "", AlignLeft, AlignRight, AlignCenter, AlignJustify, AlignWide, AlignFull:
		return true
	}
	return false
}

func validDir(s string) bool { return s == "" || s == LTR || s == RTL }
