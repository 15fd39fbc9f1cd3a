package model

import (
	"github.com/broadsheet-cms/broadsheet/graph/relay"
	"github.com/broadsheet-cms/broadsheet/internal/bookmark"
)

// Lists of readers, by the names of the schema.
type (
	// BookmarkConnection is a page of bookmarks.
	BookmarkConnection = relay.Connection[*bookmark.Bookmark]
	// BookmarkEdge is a row of it.
	BookmarkEdge = relay.Edge[*bookmark.Bookmark]
)
