package account

import "github.com/broadsheet-cms/broadsheet/internal/readername"

// MailAddress gives the form in which a reader's address is kept; see
// readername.Address.
func MailAddress(field, address string) (string, error) { return readername.Address(field, address) }
