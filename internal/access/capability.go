package access

import (
	"context"
	"slices"

	"github.com/broadsheet-cms/broadsheet/internal/fault"
)

// Capability is something that only some may do. The API's schema names it
// beside each field that needs it; capabilities below is the one table of who
// has which.
type Capability string

// The capabilities.
const (
	UseAccount         Capability = "USE_ACCOUNT"          // one's own account: password, second factor, sessions
	ReadNewsroom       Capability = "READ_NEWSROOM"        // what the newsroom keeps about the articles one may see
	WriteArticles      Capability = "WRITE_ARTICLES"       // write articles and change one's own
	PublishOwnArticles Capability = "PUBLISH_OWN_ARTICLES" // publish one's own articles once they are approved
	EditArticles       Capability = "EDIT_ARTICLES"        // see and change everybody's articles
	ReviewArticles     Capability = "REVIEW_ARTICLES"      // approve, ask for changes, give work to others
	PublishArticles    Capability = "PUBLISH_ARTICLES"     // publish, schedule, embargo, take back, correct any article
	WithdrawArticles   Capability = "WITHDRAW_ARTICLES"    // kill a story
	CurateArticles     Capability = "CURATE_ARTICLES"      // editors' picks and pinned related articles
	ManageTaxonomy     Capability = "MANAGE_TAXONOMY"      // sections, tags, places, series, authors
	ManagePages        Capability = "MANAGE_PAGES"         // static pages, menus, redirects
	ManageSite         Capability = "MANAGE_SITE"          // the site's settings, ad slots
	ModerateComments   Capability = "MODERATE_COMMENTS"
	ManageUsers        Capability = "MANAGE_USERS"
	ReadAuditLog       Capability = "READ_AUDIT_LOG"
	ManageJobs         Capability = "MANAGE_JOBS"        // look after work in the background that failed
	ManagePartners     Capability = "MANAGE_PARTNERS"    // keys of partners
	ManageNewsletters  Capability = "MANAGE_NEWSLETTERS" // compose and send newsletters
)

// Capabilities lists all of them.
func Capabilities() []Capability {
	return []Capability{UseAccount, ReadNewsroom, WriteArticles, PublishOwnArticles, EditArticles, ReviewArticles, PublishArticles, WithdrawArticles,
		CurateArticles, ManageTaxonomy, ManagePages, ManageSite, ModerateComments, ManageUsers, ReadAuditLog, ManageJobs, ManagePartners, ManageNewsletters}
}

// Roles lists all roles, the least powerful first.
func Roles() []Role { return []Role{Reader, Contributor, Author, Moderator, Editor, Admin} }

// capabilities is who may do what.
var capabilities = map[Role][]Capability{
	Reader:      {UseAccount},
	Contributor: {UseAccount, ReadNewsroom, WriteArticles},
	Author:      {UseAccount, ReadNewsroom, WriteArticles, PublishOwnArticles},
	Moderator:   {UseAccount, ModerateComments},
	Editor: {UseAccount, ReadNewsroom, WriteArticles, PublishOwnArticles, EditArticles, ReviewArticles, PublishArticles, WithdrawArticles,
		CurateArticles, ManageTaxonomy, ManagePages, ModerateComments, ManageNewsletters},
	Admin: Capabilities(),
}

// Has reports whether a role has a capability.
func (r Role) Has(c Capability) bool { return slices.Contains(capabilities[r], c) }

// Staff reports whether a role is one of the newsroom.
func (r Role) Staff() bool { return r != Reader && len(capabilities[r]) > 0 }

// Can reports whether v may do something.
func (v Viewer) Can(c Capability) bool {
	return v.system || v.UserID != 0 && v.Role.Has(c)
}

// Require refuses whoever lacks a capability: UNAUTHENTICATED when nobody is
// signed in, else FORBIDDEN.
func Require(ctx context.Context, c Capability) error {
	switch v := Of(ctx); {
	case v.Can(c):
		return nil
	case v.UserID == 0:
		return fault.New(fault.Unauthenticated, "Sign in to do this.")
	default:
		return Forbidden()
	}
}

// Forbidden is what is answered to a viewer who may see something but not do
// what was asked.
func Forbidden() error { return fault.New(fault.Forbidden, "Your role does not allow this.") }
