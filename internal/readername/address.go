package readername

import (
	"net/mail"
	"strings"
	"unicode"

	"golang.org/x/net/idna"
	"golang.org/x/text/unicode/norm"

	"github.com/broadsheet-cms/broadsheet/internal/fault"
)

// MaxAddress bounds an e-mail address, in bytes, as RFC 5321 does.
const MaxAddress = 254

// Fold gives an e-mail address in lower case and one form of Unicode, without spaces
// around it; false when it is none.
func Fold(address string) (string, bool) {
	email := norm.NFC.String(strings.ToLower(strings.TrimSpace(address)))
	parsed, err := mail.ParseAddress(email)
	return email, err == nil && parsed.Address == email && len(email) <= MaxAddress
}

// Address gives the form in which a reader's e-mail address is kept: lower case,
// with an international domain in the form of the DNS and a local part of ASCII,
// so that no two addresses look the same. field names it in errors, which are
// faults.
func Address(field, address string) (string, error) {
	wrong := fault.Mistake(fault.Invalid, field, "This is not an e-mail address.")
	email, ok := Fold(address)
	if !ok {
		return "", wrong
	}
	at := strings.LastIndexByte(email, '@')
	domain, err := idna.Lookup.ToASCII(email[at+1:])
	if err != nil || strings.ContainsAny(email[:at], "\"\\ ") || strings.ContainsFunc(email[:at], func(r rune) bool { return r > unicode.MaxASCII || unicode.IsControl(r) }) {
		return "", wrong
	}
	email = email[:at+1] + domain
	if len(email) > MaxAddress {
		return "", wrong
	}
	return email, nil
}
