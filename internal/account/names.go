package account

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/net/idna"
	"golang.org/x/text/secure/precis"

	"github.com/broadsheet-cms/broadsheet/internal/fault"
)

// maxReaderName bounds the names that readers give themselves, in characters.
const maxReaderName = 80

// alike are scripts whose letters look like one another's.
var alike = []*unicode.RangeTable{unicode.Latin, unicode.Cyrillic, unicode.Greek, unicode.Armenian, unicode.Cherokee}

// ReaderName gives the form in which a name that a reader chose is kept.
// Compatibility forms become plain ones and spaces single; control characters,
// marks that turn the direction of text around, invisible characters and words
// that mix scripts with letters alike are refused.
//
// Source: RFC 8266, the PRECIS profile for nicknames.
func ReaderName(field, name string) (string, error) {
	if strings.TrimSpace(name) == "" {
		return "", fault.Mistake(fault.Blank, field, "A name is needed.")
	}
	if len(name) > 8*maxReaderName || utf8.RuneCountInString(name) > maxReaderName {
		return "", fault.Mistake(fault.TooLong, field, "A name has at most %d characters.", maxReaderName)
	}
	clean, err := precis.Nickname.String(name)
	if err != nil || strings.ContainsFunc(clean, isHidden) {
		return "", fault.Mistake(fault.Invalid, field, "A name has letters, digits and signs that can be seen, and no marks that change the direction of text.")
	}
	if utf8.RuneCountInString(clean) > maxReaderName { // compatibility forms may be longer
		return "", fault.Mistake(fault.TooLong, field, "A name has at most %d characters.", maxReaderName)
	}
	for word := range strings.FieldsSeq(clean) {
		if mixed(word) {
			return "", fault.Mistake(fault.Invalid, field, "The word %q mixes letters of different scripts that look alike.", word)
		}
	}
	return clean, nil
}

// isHidden reports whether a character shows nothing, or changes how others are
// shown.
func isHidden(r rune) bool {
	return unicode.IsControl(r) || unicode.Is(unicode.Cf, r) || unicode.Is(unicode.Co, r) || r == utf8.RuneError ||
		unicode.Is(unicode.Other_Default_Ignorable_Code_Point, r) || unicode.Is(unicode.Variation_Selector, r)
}

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

// MailAddress gives the form in which a reader's address is kept: Email's, with
// an international domain in the form of the DNS and a local part of ASCII, so
// that no two addresses look the same.
func MailAddress(field, address string) (string, error) {
	wrong := fault.Mistake(fault.Invalid, field, "This is not an e-mail address.")
	email, err := Email(address)
	if err != nil {
		return "", wrong
	}
	at := strings.LastIndexByte(email, '@')
	domain, err := idna.Lookup.ToASCII(email[at+1:])
	if err != nil || strings.ContainsAny(email[:at], "\"\\ ") || strings.ContainsFunc(email[:at], func(r rune) bool { return r > unicode.MaxASCII || unicode.IsControl(r) }) {
		return "", wrong
	}
	email = email[:at+1] + domain
	if len(email) > maxEmail {
		return "", wrong
	}
	return email, nil
}
