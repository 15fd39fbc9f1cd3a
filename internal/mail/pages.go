package mail

import "slices"

// Page is a page of the front end that mails lead to. There are no others than those
// named here, so that whoever serves the front end can be asked for each.
type Page struct{ path string }

// Pages of accounts, newsletters, digests and comments. Links to all but PageSettings and
// PageContact carry a token, PageSignIn only where it signs in by itself.
var (
	PageVerify       = newPage("/account/verify")
	PageSignIn       = newPage("/account/sign-in")
	PageReset        = newPage("/account/reset-password")
	PageConfirmEmail = newPage("/account/confirm-email")
	PageSignUp       = newPage("/account/sign-up")
	PageSettings     = newPage("/account/settings")
	PageStopDigest   = newPage("/account/stop-digest")
	PageConfirm      = newPage("/newsletters/confirm")
	PagePreferences  = newPage("/newsletters/preferences")
	PageUnsubscribe  = newPage("/newsletters/unsubscribe")
	PageComment      = newPage("/comments/own")
	PageContact      = newPage("/contact-us")
)

var pages []Page

func newPage(path string) Page {
	p := Page{path}
	pages = append(pages, p)
	return p
}

// Pages are all pages of the front end that mails lead to.
func Pages() []Page { return slices.Clone(pages) }

// Path is where the front end has the page.
func (p Page) Path() string { return p.path }
