package site

import (
	"net/url"
	"strings"
	"unicode"

	"github.com/broadsheet-cms/broadsheet/ent/menuitem"
	"github.com/broadsheet-cms/broadsheet/internal/fault"
)

// Target is where a menu item or a redirect leads: to a thing of this site,
// whose address may change, or to an address.
type Target struct {
	Type    menuitem.TargetType // empty: ADDRESS with an address, else NONE
	ID      int                 // key of the thing
	Address string              // path on this site or URL, for ADDRESS
}

// maxAddress bounds an address, in bytes.
const maxAddress = 2000

// check completes a target and refuses one that leads nowhere.
func (t *Target) check(field string) error {
	if t.Type == "" {
		t.Type = menuitem.TargetTypeNone
		if t.Address != "" {
			t.Type = menuitem.TargetTypeAddress
		}
	}
	switch {
	case menuitem.TargetTypeValidator(t.Type) != nil:
		return fault.BadInput(field+"targetType", "There is no kind of target called %.40q.", t.Type)
	case t.Type == menuitem.TargetTypeNone:
		t.ID, t.Address = 0, ""
	case t.Type == menuitem.TargetTypeAddress:
		t.ID = 0
		if !isAddress(t.Address) {
			return fault.BadInput(field+"address", "An address is a path such as /about or begins with https://, http://, mailto: or tel:.")
		}
	case t.ID <= 0:
		return fault.BadInput(field+"targetId", "The id of the target is needed.")
	default:
		t.Address = ""
	}
	return nil
}

// key gives the key of the thing a target leads to, nil for an address.
func (t Target) key() *int {
	if t.ID == 0 {
		return nil
	}
	return &t.ID
}

// isAddress reports whether a browser may be sent to text: a path on this site
// or a URL of a harmless scheme. Two slashes begin the name of another host,
// and browsers take a backslash for a slash.
func isAddress(text string) bool {
	if len(text) > maxAddress || strings.ContainsRune(text, '\\') || strings.ContainsFunc(text, unicode.IsControl) {
		return false
	}
	if strings.HasPrefix(text, "/") {
		return !strings.HasPrefix(text, "//")
	}
	u, err := url.Parse(text)
	if err != nil {
		return false
	}
	switch u.Scheme {
	case "http", "https":
		return u.Host != ""
	case "mailto", "tel":
		return u.Opaque != ""
	}
	return false
}
