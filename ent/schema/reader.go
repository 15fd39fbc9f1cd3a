package schema

import (
	"entgo.io/ent"
	"entgo.io/ent/dialect/entsql"
	"entgo.io/ent/schema"
	"entgo.io/ent/schema/edge"
	"entgo.io/ent/schema/field"
	"entgo.io/ent/schema/index"

	"github.com/broadsheet-cms/broadsheet/internal/id"
)

// ReadingList is the bookmarks of an account, or of a device whose reader has
// none. Every change of a list takes its next revision, under a lock of this
// row, so that a client can ask for what changed since the revision it knows.
type ReadingList struct{ ent.Schema }

// Fields of a list.
func (ReadingList) Fields() []ent.Field {
	return []ent.Field{
		field.Int("user_id").Optional().Nillable().Unique(),
		field.String("token_hash").Optional().Nillable().Unique().Sensitive().Comment("SHA-256 of a device token, hex"),
		field.Int("revision").Default(0).Comment("number of the last change"),
		field.Int("forgotten").Default(0).Comment("changes up to this one are no longer all known"),
		field.Int("bookmark_count").Default(0).Comment("bookmarks not removed, of hidden articles too"),
		field.Time("created_at").Default(now).Immutable(),
		field.Time("used_at").Default(now).Comment("last change, after which a device's list is kept for a year"),
	}
}

// Edges of a list.
func (ReadingList) Edges() []ent.Edge {
	return []ent.Edge{
		edge.From("user", User.Type).Ref("reading_list").Field("user_id").Unique(),
		edge.To("bookmarks", Bookmark.Type).Annotations(cascade()),
	}
}

// Indexes of lists.
func (ReadingList) Indexes() []ent.Index { return []ent.Index{index.Fields("used_at")} }

// Bookmark is an article on a reading list. A removed one stays for a while,
// for Undo and for clients that were offline.
type Bookmark struct{ ent.Schema }

// Annotations name the public id.
func (Bookmark) Annotations() []schema.Annotation {
	return []schema.Annotation{Node{Prefix: id.Bookmark}}
}

// Fields of a bookmark.
func (Bookmark) Fields() []ent.Field {
	return []ent.Field{
		field.Int("list_id"),
		field.Int("article_id"),
		field.Time("saved_at").Default(now),
		field.Int("revision").Comment("of the list, at the last change of this bookmark"),
		field.Time("removed_at").Optional().Nillable(),
		field.Int("removed_in").Optional().Nillable().Comment("revision of the list that removed it last"),
	}
}

// Edges of a bookmark.
func (Bookmark) Edges() []ent.Edge {
	return []ent.Edge{
		edge.From("list", ReadingList.Type).Ref("bookmarks").Field("list_id").Unique().Required(),
		edge.To("article", Article.Type).Field("article_id").Unique().Required().Annotations(cascade()),
	}
}

// Indexes of bookmarks. The one that lists are read by, bookmark_saved, covers
// bookmarks that are not removed; it stands in the migrations.
func (Bookmark) Indexes() []ent.Index {
	return []ent.Index{
		index.Fields("list_id", "article_id").Unique(),
		index.Fields("list_id", "revision", "id"),
		index.Fields("list_id", "removed_in"),
		index.Fields("article_id"),
		index.Fields("removed_at"),
	}
}

// CommentRevision is the text of a comment before it was edited or removed.
type CommentRevision struct{ ent.Schema }

// Fields of a revision.
func (CommentRevision) Fields() []ent.Field {
	return []ent.Field{
		field.Int("comment_id"),
		field.Text("body"),
		field.Int("user_id").Optional().Nillable().Comment("who replaced it; none: a guest"),
		field.Time("replaced_at").Default(now).Immutable(),
	}
}

// Edges of a revision.
func (CommentRevision) Edges() []ent.Edge {
	return []ent.Edge{
		edge.To("comment", Comment.Type).Field("comment_id").Unique().Required().Annotations(cascade()),
		edge.To("user", User.Type).Field("user_id").Unique().Annotations(setNull()),
	}
}

// Indexes of revisions.
func (CommentRevision) Indexes() []ent.Index {
	return []ent.Index{index.Fields("comment_id", "id"), index.Fields("user_id")}
}

// CommentReaction is what a reader feels about a comment: one kind at a time.
type CommentReaction struct{ ent.Schema }

// Fields of a reaction.
func (CommentReaction) Fields() []ent.Field {
	return []ent.Field{
		field.Int("comment_id"),
		field.Int("user_id"),
		field.Enum("kind").NamedValues("Like", "LIKE", "Love", "LOVE", "Laugh", "LAUGH", "Sad", "SAD", "Angry", "ANGRY"),
		field.Time("created_at").Default(now),
		field.Int("article_id").Default(0).Comment("of the comment, so that a reader's reactions on one page are a range of an index"),
	}
}

// Edges of a reaction.
func (CommentReaction) Edges() []ent.Edge {
	return []ent.Edge{
		edge.To("comment", Comment.Type).Field("comment_id").Unique().Required().Annotations(cascade()),
		edge.To("user", User.Type).Field("user_id").Unique().Required().Annotations(cascade()),
	}
}

// Indexes of reactions.
func (CommentReaction) Indexes() []ent.Index {
	return []ent.Index{index.Fields("comment_id", "user_id").Unique(), index.Fields("comment_id", "kind"), index.Fields("user_id", "article_id", "comment_id")}
}

// CommentReport is a complaint about a comment. A notice of illegal content
// carries what Article 16 of the Digital Services Act asks for.
type CommentReport struct{ ent.Schema }

// Annotations name the public id.
func (CommentReport) Annotations() []schema.Annotation {
	return []schema.Annotation{Node{Prefix: id.CommentReport}}
}

// Fields of a report.
func (CommentReport) Fields() []ent.Field {
	return []ent.Field{
		field.Int("comment_id"),
		field.Int("user_id").Optional().Nillable(),
		field.String("reporter").Comment("hash of who reports, so that one reporter counts once"),
		field.Enum("reason").NamedValues("Spam", "SPAM", "Abuse", "ABUSE", "Hate", "HATE", "OffTopic", "OFF_TOPIC", "PersonalData", "PERSONAL_DATA",
			"Illegal", "ILLEGAL_CONTENT", "Other", "OTHER"),
		field.String("explanation").Default("").Sensitive(),
		field.String("law").Default("").Comment("which law the comment breaks, as the reporter says"),
		field.String("name").Default("").Sensitive(),
		field.String("email").Default("").Sensitive(),
		field.Bool("good_faith").Default(false),
		field.Time("created_at").Default(now).Immutable(),
		field.Time("decided_at").Optional().Nillable(),
		field.Enum("decision").NamedValues("None", "NONE", "Upheld", "UPHELD", "Dismissed", "DISMISSED").Default("NONE"),
		field.Int("decided_by").Optional().Nillable(),
	}
}

// Edges of a report.
func (CommentReport) Edges() []ent.Edge {
	return []ent.Edge{
		edge.To("comment", Comment.Type).Field("comment_id").Unique().Required().Annotations(cascade()),
		edge.To("user", User.Type).Field("user_id").Unique().Annotations(setNull()),
	}
}

// Indexes of reports.
func (CommentReport) Indexes() []ent.Index {
	return []ent.Index{index.Fields("comment_id", "reporter").Unique(), index.Fields("user_id")}
}

// ReaderRestriction keeps an account, an e-mail address of guests or a network
// address from commenting, or from doing so unseen by a moderator.
type ReaderRestriction struct{ ent.Schema }

// Annotations name the public id.
func (ReaderRestriction) Annotations() []schema.Annotation {
	return []schema.Annotation{Node{Prefix: id.ReaderRestriction}}
}

// Fields of a restriction.
func (ReaderRestriction) Fields() []ent.Field {
	return []ent.Field{
		field.Enum("kind").NamedValues("Banned", "BANNED", "Muted", "MUTED"),
		field.Int("user_id").Optional().Nillable(),
		field.String("email_hash").Default("").Sensitive().Comment("of a guest's e-mail address; empty: none"),
		field.String("address").Default("").Sensitive().Comment("network address; empty: none"),
		field.String("name").Default("").Comment("what the reader was called, for moderators"),
		field.String("reason").Default("").Comment("for moderators"),
		field.Time("expires_at").Optional().Nillable(),
		field.Int("created_by").Optional().Nillable(),
		field.Time("created_at").Default(now).Immutable(),
	}
}

// Edges of a restriction.
func (ReaderRestriction) Edges() []ent.Edge {
	return []ent.Edge{edge.To("user", User.Type).Field("user_id").Unique().Annotations(cascade())}
}

// Indexes of restrictions.
func (ReaderRestriction) Indexes() []ent.Index {
	return []ent.Index{index.Fields("user_id"), index.Fields("email_hash"), index.Fields("address"), index.Fields("expires_at")}
}

// Follow is a reader's interest in a section, tag, place, author or series.
type Follow struct{ ent.Schema }

// Fields of a follow.
func (Follow) Fields() []ent.Field {
	return []ent.Field{
		field.Int("user_id"),
		field.Int("kind").Comment("as listings.kind"),
		field.Int("owner_id").Comment("key of what is followed, as listings.owner_id"),
		field.Bool("notify").Default(true),
		field.Time("created_at").Default(now).Immutable(),
	}
}

// Edges of a follow.
func (Follow) Edges() []ent.Edge {
	return []ent.Edge{edge.To("user", User.Type).Field("user_id").Unique().Required().Annotations(cascade())}
}

// Indexes of follows.
func (Follow) Indexes() []ent.Index {
	return []ent.Index{index.Fields("user_id", "kind", "owner_id").Unique(), index.Fields("kind", "owner_id", "user_id"), index.Fields("user_id", "created_at", "id")}
}

// ReaderSettings are what an account has chosen. A reader without a row has the
// defaults.
type ReaderSettings struct{ ent.Schema }

// Annotations name the table.
func (ReaderSettings) Annotations() []schema.Annotation {
	return []schema.Annotation{entsql.Annotation{Table: "reader_settings"}}
}

// Fields of the settings.
func (ReaderSettings) Fields() []ent.Field {
	return []ent.Field{
		field.Int("user_id"),
		field.Bool("history_enabled").Default(true),
		field.Bool("notify_replies").Default(true),
		field.Bool("notify_followed").Default(true),
		field.Bool("notify_breaking").Default(true),
		field.Enum("digest").NamedValues("Never", "NEVER", "Daily", "DAILY", "Weekly", "WEEKLY").Default("NEVER"),
		field.Time("digest_sent_at").Optional().Nillable(),
		field.Time("digest_due_at").Optional().Nillable().Comment("when the next digest is sent; none: not planned yet, or none is wanted"),
	}
}

// Edges of the settings.
func (ReaderSettings) Edges() []ent.Edge {
	return []ent.Edge{edge.To("user", User.Type).Field("user_id").Unique().Required().Annotations(cascade())}
}

// Indexes of the settings.
func (ReaderSettings) Indexes() []ent.Index {
	return []ent.Index{index.Fields("user_id").Unique(), index.Fields("digest", "digest_due_at")}
}

// HistoryEntry is an article that a reader has read.
type HistoryEntry struct{ ent.Schema }

// Annotations name the table.
func (HistoryEntry) Annotations() []schema.Annotation {
	return []schema.Annotation{entsql.Annotation{Table: "reading_history"}}
}

// Fields of an entry.
func (HistoryEntry) Fields() []ent.Field {
	return []ent.Field{field.Int("user_id"), field.Int("article_id"), field.Time("read_at").Default(now)}
}

// Edges of an entry.
func (HistoryEntry) Edges() []ent.Edge {
	return []ent.Edge{
		edge.To("user", User.Type).Field("user_id").Unique().Required().Annotations(cascade()),
		edge.To("article", Article.Type).Field("article_id").Unique().Required().Annotations(cascade()),
	}
}

// Indexes of entries.
func (HistoryEntry) Indexes() []ent.Index {
	return []ent.Index{index.Fields("user_id", "article_id").Unique(), index.Fields("user_id", "read_at", "id"), index.Fields("article_id")}
}

// Notification tells one reader of something.
type Notification struct{ ent.Schema }

// Annotations name the public id.
func (Notification) Annotations() []schema.Annotation {
	return []schema.Annotation{Node{Prefix: id.Notification}}
}

// Fields of a notification.
func (Notification) Fields() []ent.Field {
	return []ent.Field{
		field.Int("user_id"),
		field.Enum("kind").NamedValues("FollowedTopic", "FOLLOWED_TOPIC", "Reply", "REPLY", "Moderation", "MODERATION", "BreakingNews", "BREAKING_NEWS", "MediaExpired", "MEDIA_EXPIRED"),
		field.String("cause").Comment("what it tells of, so that it is told once: art:12, com:5:APPROVED"),
		field.Int("article_id").Optional().Nillable(),
		field.Int("comment_id").Optional().Nillable(),
		field.Int("media_id").Optional().Nillable(),
		field.String("text").Default("").Comment("words of an editor or moderator"),
		field.Time("created_at").Default(now).Immutable(),
		field.Time("read_at").Optional().Nillable(),
	}
}

// Edges of a notification.
func (Notification) Edges() []ent.Edge {
	return []ent.Edge{
		edge.To("user", User.Type).Field("user_id").Unique().Required().Annotations(cascade()),
		edge.To("article", Article.Type).Field("article_id").Unique().Annotations(cascade()),
		edge.To("comment", Comment.Type).Field("comment_id").Unique().Annotations(cascade()),
		edge.To("media", Media.Type).Field("media_id").Unique().Annotations(cascade()),
	}
}

// Indexes of notifications. That of the unread ones, notification_unread,
// stands in the migrations.
func (Notification) Indexes() []ent.Index {
	return []ent.Index{
		index.Fields("user_id", "cause").Unique(),
		index.Fields("user_id", "created_at", "id"),
		index.Fields("created_at"),
		index.Fields("article_id"),
		index.Fields("comment_id"),
		index.Fields("media_id"),
	}
}
