package language

import (
	"strings"
	"unicode/utf8"
)

// attached are the Arabic particles of one letter that are written onto the word
// that follows: with, like, for, and so. The letters begin other words too, so
// whether one is a particle cannot be told from the word.
var attached = []string{"ب", "ك", "ل", "ف"}

// minAttached is how many letters a word has at least that a particle stands
// before.
const minAttached = 3

// Attached gives the stems that a folded Arabic word may also stand in the text
// as: with one of the particles of a letter before it, and without its first
// letter where that may be one. Which of them are the same word, only the text
// can say: a particle makes the rarer of two forms. Words that are not Arabic
// have none.
func Attached(term string) (with []string, without string) {
	term = Fold(term)
	if term == "" || term[0] < utf8.RuneSelf || strings.ContainsFunc(term, func(r rune) bool { return r < 'ء' || r > 'ي' }) {
		return nil, ""
	}
	if rest, ok := strings.CutPrefix(term, "و"); ok && utf8.RuneCountInString(rest) >= minAttached {
		term = rest
	}
	if rest, ok := strings.CutPrefix(term, "ال"); ok && utf8.RuneCountInString(rest) >= minAttached {
		term = rest
	}
	if utf8.RuneCountInString(term) < minAttached {
		return nil, ""
	}
	own := Stem(term)
	for _, particle := range attached {
		if stem := Stem(particle + term); stem != own {
			with = append(with, stem)
		}
	}
	for _, particle := range attached {
		rest, ok := strings.CutPrefix(term, particle)
		if ok && utf8.RuneCountInString(rest) >= minAttached {
			if stem := Stem(rest); stem != own {
				without = stem
			}
		}
	}
	return with, without
}
