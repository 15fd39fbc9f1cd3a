package language

import (
	"strings"
	"sync"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/cases"
	"golang.org/x/text/unicode/norm"
)

// class says what a character does to the word it stands in.
type class uint8

const (
	separator  class = iota
	word             // a letter, a digit, or a mark that a script needs to be read
	mark             // folds to nothing and belongs to the letter before it
	format           // folds to nothing and is invisible: joiners, bidi marks
	apostrophe       // joins letters, but is no part of a term
)

// folded is what one character becomes.
type folded struct {
	text  string
	class class
}

// tableEnd bounds the table of precomputed folds: Latin, Greek, Cyrillic,
// Hebrew and Arabic lie below it.
const tableEnd = 0x700

var table = sync.OnceValue(func() *[tableEnd]folded {
	t := new([tableEnd]folded)
	for r := range rune(tableEnd) {
		t[r] = foldRune(r)
	}
	return t
})

// Fold maps spellings that a reader takes for the same word to one string:
//
//   - compatibility forms to plain ones (NFKC): ﬁ, Ａ, ², ﻻ
//   - letter case (full case folding: ß is ss) and accents on any alphabet
//   - Arabic: آ أ إ ٱ to ا; ؤ to و and ئ to ي, that is a carried hamza goes
//     and its carrier stays, while ء on the line is kept; ة to ه; ى to ي;
//     tatweel, vowel marks and Quranic signs go
//   - Persian and Urdu letters to their Arabic counterparts: ک to ك, ی to ي,
//     ہ ھ ە to ه
//   - Arabic-Indic and Persian digits to 0–9
//   - invisible characters (joiners, bidi marks, soft hyphens) go; control
//     characters become spaces; invalid UTF-8 becomes U+FFFD
//
// The result is valid UTF-8 without NUL, and Fold(Fold(s)) == Fold(s).
//
// Composed and decomposed Arabic meet because the combining hamza and madda
// are dropped like vowel marks: آ and ا followed by U+0653 are both ا. Folding
// decomposed text by the composed letters alone would miss the second.
func Fold(s string) string {
	i := 0
	for i < len(s) && isPlain(s[i]) {
		i++
	}
	if i == len(s) {
		return s
	}
	buf := make([]byte, i, len(s)+8)
	copy(buf, s)
	compose := false
	for i < len(s) {
		if c := s[i]; c < utf8.RuneSelf {
			buf = append(buf, asciiFold[c])
			i++
			continue
		}
		f, size := foldAt(s, i)
		compose = compose || size > 2
		buf = append(buf, f.text...)
		i += size
	}
	if compose {
		return composed(string(buf))
	}
	return string(buf)
}

// composed joins what folding took apart for its own purposes: Hangul
// syllables, voiced kana, Indic vowels. Below tableEnd nothing that survives
// folding composes.
func composed(s string) string { return norm.NFC.String(s) }

// asciiFold is Fold for one byte of ASCII.
var asciiFold = func() (t [utf8.RuneSelf]byte) {
	for i := range t {
		c := byte(i)
		switch {
		case 'A' <= c && c <= 'Z':
			c += 'a' - 'A'
		case c == 0x7f, c < ' ' && c != '\t' && c != '\n' && c != '\r':
			c = ' '
		}
		t[i] = c
	}
	return t
}()

func isPlain(c byte) bool { return c < utf8.RuneSelf && asciiFold[c] == c }

// foldAt folds the character of s at byte i and says how many bytes it has.
func foldAt(s string, i int) (folded, int) {
	r, size := utf8.DecodeRuneInString(s[i:])
	if r < tableEnd {
		return table()[r], size
	}
	if r == utf8.RuneError {
		return folded{"\uFFFD", separator}, size
	}
	// Most characters up here, ideographs above all, are their own fold.
	if unicode.IsLetter(r) && unicode.SimpleFold(r) == r && norm.NFKD.PropertiesString(s[i:]).Decomposition() == nil {
		if _, special := letters[r]; !special {
			return folded{s[i : i+size], word}, size
		}
	}
	return foldRune(r), size
}

// foldRune folds one character through its full decomposition.
func foldRune(r rune) folded {
	switch {
	case r < utf8.RuneSelf:
		c := asciiFold[r]
		f := folded{text: string(rune(c))}
		switch {
		case 'a' <= c && c <= 'z', '0' <= c && c <= '9':
			f.class = word
		case c == '\'':
			f.class = apostrophe
		}
		return f
	case r == '\u200b': // zero width space: an invisible place to break
		return folded{" ", separator}
	case unicode.Is(unicode.Cc, r):
		return folded{" ", separator}
	case unicode.Is(unicode.Cf, r), r == '\u034f', '\ufe00' <= r && r <= '\ufe0f', 0xe0100 <= r && r <= 0xe01ef:
		return folded{"", format}
	case dropped(r):
		return folded{"", mark}
	case r == '\u2018', r == '\u2019', r == '\u02bc', r == '\uff07':
		return folded{"'", apostrophe}
	}
	plain := cases.Fold().String(norm.NFKD.String(string(r)))
	plain = norm.NFKD.String(plain)
	if strings.ContainsRune(plain, '\u2044') { // ½ is not "12"
		return folded{string(r), separator}
	}
	var out strings.Builder
	words := false
	for _, p := range plain {
		if dropped(p) {
			continue
		}
		if l, ok := letters[p]; ok {
			out.WriteString(l)
			words = true
			continue
		}
		words = words || isWord(p)
		out.WriteRune(p)
	}
	if !words {
		if strings.TrimSpace(out.String()) == "" && !unicode.IsSpace(r) {
			return folded{"", mark} // a spacing accent: a blank with a mark on it
		}
		return folded{out.String(), separator}
	}
	// A sign that stands for letters stands for one word: ﷺ and ㏂ lose their
	// blanks and dots.
	text := strings.Map(func(p rune) rune {
		if !isWord(p) {
			return -1
		}
		return p
	}, out.String())
	return folded{text, word}
}

// isWord reports whether a decomposed character is part of a word.
func isWord(r rune) bool {
	return unicode.In(r, unicode.L, unicode.N, unicode.M) && r != '\u02bc'
}

// dropped reports whether a decomposed character folds to nothing: accents,
// Hebrew points, Arabic vowel marks, Quranic signs and tatweel. Marks of other
// scripts spell vowels and stay.
func dropped(r rune) bool {
	switch {
	case r == '\u0345': // iota below is a letter in lower case
		return false
	case 0x0300 <= r && r <= 0x036f, 0x0483 <= r && r <= 0x0489,
		0x1ab0 <= r && r <= 0x1aff, 0x1dc0 <= r && r <= 0x1dff,
		0x20d0 <= r && r <= 0x20ff, 0xfe20 <= r && r <= 0xfe2f:
		return true
	case 0x0591 <= r && r <= 0x05c7:
		return unicode.Is(unicode.Mn, r)
	case 0x0610 <= r && r <= 0x061a, r == 0x0640, 0x064b <= r && r <= 0x065f, r == 0x0670,
		0x06d6 <= r && r <= 0x06ed && !(0x06ee <= r):
		return true
	case 0x0890 <= r && r <= 0x08ff:
		return unicode.In(r, unicode.Mn, unicode.Cf)
	}
	return false
}

// letters are the letters that decomposition leaves as they are although
// readers take them for others.
var letters = map[rune]string{
	'æ': "ae", 'œ': "oe", 'ø': "o", 'đ': "d", 'ð': "d", 'ħ': "h", 'ı': "i",
	'ł': "l", 'ŋ': "n", 'þ': "th", 'ŧ': "t",

	'ٱ': "ا", 'ٲ': "ا", 'ٳ': "ا", 'ٵ': "ا",
	'ة': "ه", 'ۃ': "ه", 'ہ': "ه", 'ھ': "ه", 'ە': "ه",
	'ى': "ي", 'ی': "ي", 'ې': "ي",
	'ک': "ك", 'ڪ': "ك",

	'٠': "0", '١': "1", '٢': "2", '٣': "3", '٤': "4", '٥': "5", '٦': "6", '٧': "7", '٨': "8", '٩': "9",
	'۰': "0", '۱': "1", '۲': "2", '۳': "3", '۴': "4", '۵': "5", '۶': "6", '۷': "7", '۸': "8", '۹': "9",
}
