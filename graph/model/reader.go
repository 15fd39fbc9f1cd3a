package model

import (
	"github.com/broadsheet-cms/broadsheet/graph/loader"
	"github.com/broadsheet-cms/broadsheet/graph/relay"
)

// Lists of readers and moderators, by the names of the schema.
type (
	// BookmarkConnection is a page of bookmarks.
	BookmarkConnection = relay.Connection[*loader.Bookmark]
	// BookmarkEdge is a row of it.
	BookmarkEdge = relay.Edge[*loader.Bookmark]
	// FollowedTopicConnection is a page of what is followed.
	FollowedTopicConnection = relay.Connection[*loader.FollowedTopic]
	// FollowedTopicEdge is a row of it.
	FollowedTopicEdge = relay.Edge[*loader.FollowedTopic]
	// ReadArticleConnection is a page of the reading history.
	ReadArticleConnection = relay.Connection[*loader.ReadArticle]
	// ReadArticleEdge is a row of it.
	ReadArticleEdge = relay.Edge[*loader.ReadArticle]
	// NotificationConnection is a page of notifications.
	NotificationConnection = relay.Connection[*loader.Notification]
	// NotificationEdge is a row of it.
	NotificationEdge = relay.Edge[*loader.Notification]
	// ModeratedCommentConnection is a page of the moderation queue.
	ModeratedCommentConnection = relay.Connection[*loader.ModeratedComment]
	// ModeratedCommentEdge is a row of it.
	ModeratedCommentEdge = relay.Edge[*loader.ModeratedComment]
	// ReaderRestrictionConnection is a page of restrictions.
	ReaderRestrictionConnection = relay.Connection[*loader.ReaderRestriction]
	// ReaderRestrictionEdge is a row of it.
	ReaderRestrictionEdge = relay.Edge[*loader.ReaderRestriction]
)
