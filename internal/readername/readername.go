// Package readername checks the names and e-mail addresses that readers give, with an
// account or as guests.
package readername

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/secure/precis"

	"github.com/broadsheet-cms/broadsheet/internal/fault"
)

// Max bounds a name, in characters.
const Max = 80

// alike are scripts whose letters look like one another's.
var alike = []*unicode.RangeTable{unicode.Latin, unicode.Cyrillic, unicode.Greek, unicode.Armenian, unicode.Cherokee}

// Check gives the form in which a name that a reader chose is kept. field names it
// in errors, which are faults.
// Compatibility forms become plain ones and spaces single; control characters,
// marks that turn the direction of text around, invisible characters and words
// that mix scripts with letters alike are refused.
//
// Source: RFC 8266, the PRECIS profile for nicknames.
func Check(field, name string) (string, error) {
	if strings.TrimSpace(name) == "" {
		return "", fault.Mistake(fault.Blank, field, "A name is needed.")
	}
	if len(name) > 8*Max || utf8.RuneCountInString(name) > Max {
		return "", fault.Mistake(fault.TooLong, field, "A name has at most %d characters.", Max)
	}
	clean, err := precis.Nickname.String(name)
	if err != nil || strings.ContainsFunc(clean, IsHidden) {
		return "", fault.Mistake(fault.Invalid, field, "A name has letters, digits and signs that can be seen, and no marks that change the direction of text.")
	}
	if utf8.RuneCountInString(clean) > Max { // compatibility forms may be longer
		return "", fault.Mistake(fault.TooLong, field, "A name has at most %d characters.", Max)
	}
	for word := range strings.FieldsSeq(clean) {
		if mixed(word) {
			return "", fault.Mistake(fault.Invalid, field, "The word %q mixes letters of different scripts that look alike.", word)
		}
	}
	return clean, nil
}

// IsHidden reports whether a character shows nothing, or changes how others are
// shown. Joiners are none where they join: Persian and Hindi names need them, and
// PRECIS refuses them elsewhere.
func IsHidden(r rune) bool {
	return unicode.IsControl(r) || unicode.Is(unicode.Cf, r) && !isJoiner(r) || unicode.Is(unicode.Co, r) || r == utf8.RuneError ||
		unicode.Is(unicode.Other_Default_Ignorable_Code_Point, r) && !isJoiner(r) || unicode.Is(unicode.Variation_Selector, r)
}

func isJoiner(r rune) bool { return r == '\u200c' || r == '\u200d' }

func mixed(word string) bool {
	found := -1
	for _, r := range word {
		for i, script := range alike {
			if unicode.Is(script, r) {
				if found >= 0 && found != i {
					return true
				}
				found = i
			}
		}
	}
	return false
}
