package model

import (
	"github.com/broadsheet-cms/broadsheet/graph/loader"
	"github.com/broadsheet-cms/broadsheet/graph/relay"
)

// Lists of readers, by the names of the schema.
type (
	// BookmarkConnection is a page of bookmarks.
	BookmarkConnection = relay.Connection[*loader.Bookmark]
	// BookmarkEdge is a row of it.
	BookmarkEdge = relay.Edge[*loader.Bookmark]
)
