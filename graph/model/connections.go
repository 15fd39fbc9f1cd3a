// Package model holds the Go side of schema types that are neither stored rows
// nor domain values: connections, blocks and inputs.
package model

import (
	"github.com/broadsheet-cms/broadsheet/ent"
	"github.com/broadsheet-cms/broadsheet/graph/relay"
	"github.com/broadsheet-cms/broadsheet/internal/content"
	"github.com/broadsheet-cms/broadsheet/internal/job"
)

// Connections and edges of the API, by the names of the schema.
type (
	// ArticleConnection is a page of articles.
	ArticleConnection = relay.Connection[*ent.Article]
	// ArticleEdge is a row of it.
	ArticleEdge = relay.Edge[*ent.Article]
	// TagConnection is a page of tags.
	TagConnection = relay.Connection[*ent.Tag]
	// TagEdge is a row of it.
	TagEdge = relay.Edge[*ent.Tag]
	// CommentConnection is a page of comments.
	CommentConnection = relay.Connection[*ent.Comment]
	// CommentEdge is a row of it.
	CommentEdge = relay.Edge[*ent.Comment]
	// RedirectConnection is a page of redirects.
	RedirectConnection = relay.Connection[*ent.Redirect]
	// RedirectEdge is a row of it.
	RedirectEdge = relay.Edge[*ent.Redirect]
	// AuditEntryConnection is a page of the record of who did what.
	AuditEntryConnection = relay.Connection[*AuditEntry]
	// AuditEntryEdge is a row of it.
	AuditEntryEdge = relay.Edge[*AuditEntry]
	// DeadJobConnection is a page of dead jobs.
	DeadJobConnection = relay.Connection[*job.Dead]
	// DeadJobEdge is a row of it.
	DeadJobEdge = relay.Edge[*job.Dead]
	// RevisionConnection is a page of revisions.
	RevisionConnection = relay.Connection[*ent.Revision]
	// RevisionEdge is a row of it.
	RevisionEdge = relay.Edge[*ent.Revision]
	// CorrectionConnection is a page of corrections.
	CorrectionConnection = relay.Connection[*content.Correction]
	// CorrectionEdge is a row of it.
	CorrectionEdge = relay.Edge[*content.Correction]
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
func (c *RelatedArticleConnection) Nodes() []*ent.Article {
	nodes := make([]*ent.Article, len(c.Edges))
	for i, e := range c.Edges {
		nodes[i] = e.Node
	}
	return nodes
}

// RelatedArticleEdge is an article related to another.
type RelatedArticleEdge struct {
	Cursor  string
	Node    *ent.Article
	Score   float64
	Related content.Related // knows the reasons
}

// RelatedReason is why an article is related to another.
type RelatedReason struct {
	Kind   content.ReasonKind
	Labels []string
}

// Node is any object with a public id.
type Node interface {
	IsNode()
	PublicID() string
}

// RouteTarget is whatever stands at a path: most are Nodes, a WithdrawnNotice is
// none.
type RouteTarget any
