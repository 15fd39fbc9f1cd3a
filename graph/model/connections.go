// Package model holds the Go side of schema types that are neither stored rows
// nor domain values: connections, blocks and inputs.
package model

import (
	"github.com/broadsheet-cms/broadsheet/graph/loader"
	"github.com/broadsheet-cms/broadsheet/graph/relay"
	"github.com/broadsheet-cms/broadsheet/internal/content"
)

// Connections and edges of the API, by the names of the schema.
type (
	// ArticleConnection is a page of articles.
	ArticleConnection = relay.Connection[*loader.Article]
	// ArticleEdge is a row of it.
	ArticleEdge = relay.Edge[*loader.Article]
	// TagConnection is a page of tags.
	TagConnection = relay.Connection[*loader.Tag]
	// TagEdge is a row of it.
	TagEdge = relay.Edge[*loader.Tag]
	// CommentConnection is a page of comments.
	CommentConnection = relay.Connection[*loader.Comment]
	// CommentEdge is a row of it.
	CommentEdge = relay.Edge[*loader.Comment]
	// RedirectConnection is a page of redirects.
	RedirectConnection = relay.Connection[*loader.Redirect]
	// RedirectEdge is a row of it.
	RedirectEdge = relay.Edge[*loader.Redirect]
	// AuditEntryConnection is a page of the audit log.
	AuditEntryConnection = relay.Connection[*loader.AuditEntry]
	// AuditEntryEdge is a row of it.
	AuditEntryEdge = relay.Edge[*loader.AuditEntry]
	// MediaConnection is a page of the library.
	MediaConnection = relay.Connection[*loader.Media]
	// MediaEdge is a row of it.
	MediaEdge = relay.Edge[*loader.Media]
	// DeadJobConnection is a page of dead jobs.
	DeadJobConnection = relay.Connection[*loader.DeadJob]
	// DeadJobEdge is a row of it.
	DeadJobEdge = relay.Edge[*loader.DeadJob]
	// RevisionConnection is a page of revisions.
	RevisionConnection = relay.Connection[*loader.Revision]
	// RevisionEdge is a row of it.
	RevisionEdge = relay.Edge[*loader.Revision]
	// CorrectionConnection is a page of corrections.
	CorrectionConnection = relay.Connection[*loader.Correction]
	// CorrectionEdge is a row of it.
	CorrectionEdge = relay.Edge[*loader.Correction]
	// PageInfo says where a page is.
	PageInfo = relay.PageInfo
	// Count is a count that says how exact it is.
	Count = relay.Count
)

// RelatedArticleConnection is a page of related articles.
type RelatedArticleConnection struct {
	Edges    []*RelatedArticleEdge
	PageInfo *PageInfo
}

// Nodes are the articles alone.
func (c *RelatedArticleConnection) Nodes() []*loader.Article {
	nodes := make([]*loader.Article, len(c.Edges))
	for i, e := range c.Edges {
		nodes[i] = e.Node
	}
	return nodes
}

// RelatedArticleEdge is an article related to another.
type RelatedArticleEdge struct {
	Cursor  string
	Node    *loader.Article
	Score   float64
	Related content.Related // knows the reasons
}

// RelatedReason is why an article is related to another.
type RelatedReason struct {
	Kind   content.ReasonKind
	Labels []string
}

// RouteTarget is whatever stands at a path: most are Nodes, a WithdrawnNotice is
// none.
type RouteTarget any
