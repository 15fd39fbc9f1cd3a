package model

import (
	"github.com/broadsheet-cms/broadsheet/graph/loader"
	"github.com/broadsheet-cms/broadsheet/internal/search"
)

// SearchConnection is a page of articles found. Highlights and facets are made
// only when they are selected.
type SearchConnection struct {
	Results  *search.Results
	Found    []*loader.Article // the hits that are still there, in their order
	Hits     []search.Hit      // of Found
	List     string            // name of the list, for its cursors
	PageInfo *PageInfo
}

// CorrectedQuery is the query that the results are of, if it was corrected.
func (c *SearchConnection) CorrectedQuery() *string {
	if c.Results.Corrected == "" {
		return nil
	}
	return &c.Results.Corrected
}

// Nodes are the articles alone.
func (c *SearchConnection) Nodes() []*loader.Article { return c.Found }

// TotalCount is how many articles were found.
func (c *SearchConnection) TotalCount() *Count {
	return &Count{Value: c.Results.Count, AtLeast: !c.Results.Exact}
}
