package model

import (
	"github.com/broadsheet-cms/broadsheet/graph/loader"
	"github.com/broadsheet-cms/broadsheet/graph/relay"
	"github.com/broadsheet-cms/broadsheet/internal/access"
	"github.com/broadsheet-cms/broadsheet/internal/account"
)

// Lists of accounts, by the names of the schema.
type (
	// AccountConnection is a page of accounts.
	AccountConnection = relay.Connection[*loader.Account]
	// AccountEdge is a row of it.
	AccountEdge = relay.Edge[*loader.Account]
	// NewsletterIssueConnection is a page of issues of newsletters.
	NewsletterIssueConnection = relay.Connection[*loader.NewsletterIssue]
	// NewsletterIssueEdge is a row of it.
	NewsletterIssueEdge = relay.Edge[*loader.NewsletterIssue]
)

// Viewer is who is signed in. It is made for nobody but its owner, for whom As
// stands also right after signing in.
type Viewer struct {
	*account.Account
	As access.Viewer
}

// Capabilities are what the viewer may do.
func (v *Viewer) Capabilities() []access.Capability {
	can := []access.Capability{}
	for _, c := range access.Capabilities() {
		if v.As.Can(c) {
			can = append(can, c)
		}
	}
	return can
}
