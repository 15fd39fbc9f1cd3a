package account

import (
	"strings"
	"unicode"

	"golang.org/x/net/idna"

	"github.com/broadsheet-cms/broadsheet/internal/fault"
)

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
