package schema

import (
	"entgo.io/ent"
	"entgo.io/ent/schema"
	"entgo.io/ent/schema/edge"
	"entgo.io/ent/schema/field"
	"entgo.io/ent/schema/index"

	"github.com/broadsheet-cms/broadsheet/internal/id"
)

// User is an account of a reader or of staff.
type User struct{ ent.Schema }

// Mixin gives the technical times.
func (User) Mixin() []ent.Mixin { return []ent.Mixin{timesMixin{}} }

// Annotations name the public id.
func (User) Annotations() []schema.Annotation {
	return []schema.Annotation{Node{Prefix: id.User}}
}

// Fields of a user.
func (User) Fields() []ent.Field {
	return []ent.Field{
		field.String("email").Unique().Sensitive().Comment("lower case; private"),
		field.String("display_name"),
		field.Enum("role").NamedValues(
			"Reader", "READER", "Contributor", "CONTRIBUTOR", "Author", "AUTHOR",
			"Editor", "EDITOR", "Moderator", "MODERATOR", "Admin", "ADMIN").Default("READER"),
		field.Enum("status").NamedValues("Active", "ACTIVE", "Disabled", "DISABLED").Default("ACTIVE"),
		field.String("password_hash").Default("").Sensitive(),
		field.String("totp_secret").Default("").Sensitive().Comment("of the second factor, base 32; empty: none"),
		field.Time("totp_confirmed_at").Optional().Nillable().Comment("since when the second factor is asked for"),
		field.Int64("totp_last_step").Default(0).Comment("time step of the last code used, which is not taken again"),
		field.JSON("recovery_codes", []string{}).Optional().Sensitive().Comment("hashes of those not used yet"),
		field.Time("signed_in_at").Optional().Nillable(),
	}
}

// Edges of a user.
func (User) Edges() []ent.Edge {
	return []ent.Edge{
		edge.To("author", Author.Type).Unique().Annotations(setNull()),
		edge.To("comments", Comment.Type).Annotations(setNull()),
		edge.To("reading_list", ReadingList.Type).Unique().Annotations(cascade()),
		edge.To("sessions", Session.Type).Annotations(cascade()),
		edge.To("identities", Identity.Type).Annotations(cascade()),
	}
}

// Comment is what a reader or guest says below an article. A guest's e-mail is
// private: no public type has a field for it.
type Comment struct{ ent.Schema }

// Mixin gives the technical times.
func (Comment) Mixin() []ent.Mixin { return []ent.Mixin{timesMixin{}} }

// Annotations name the public id.
func (Comment) Annotations() []schema.Annotation {
	return []schema.Annotation{Node{Prefix: id.Comment}}
}

// Fields of a comment.
func (Comment) Fields() []ent.Field {
	return []ent.Field{
		field.Int("article_id"),
		field.Int("parent_id").Optional().Nillable(),
		field.Int("user_id").Optional().Nillable(),
		field.String("guest_name").Default(""),
		field.String("guest_email").Default("").Sensitive(),
		field.Text("body").Comment("plain text"),
		field.Enum("kind").NamedValues("Comment", "COMMENT", "Pingback", "PINGBACK", "Trackback", "TRACKBACK").Default("COMMENT").
			Comment("only COMMENT is shown and counted"),
		field.Enum("status").NamedValues("Pending", "PENDING", "Approved", "APPROVED", "Spam", "SPAM", "Trash", "TRASH").Default("PENDING"),
		field.Time("posted_at").Default(now),
		field.Time("edited_at").Optional().Nillable(),
		field.Int("reply_count").Default(0).Comment("approved direct replies"),
		field.Int("depth").Default(0).Comment("how many comments stand above it in its thread"),
		field.Int("thread_id").Optional().Nillable().Comment("the comment that begins its thread; none: it begins one itself"),
		field.Int("reaction_count").Default(0),
		field.Time("pinned_at").Optional().Nillable(),
		field.Time("closed_at").Optional().Nillable().Comment("of the comment that begins a thread: since when nobody may reply in it"),

		field.String("held_for").Default("").Comment("why it waits for a moderator: reasons separated by commas, with a comma at both ends"),
		field.Int("report_count").Default(0).Comment("reports that no moderator has decided"),
		field.Time("removed_at").Optional().Nillable().Comment("its text is gone; replies keep their place below it"),
		field.Enum("removed_by").NamedValues("Nobody", "NOBODY", "Author", "AUTHOR", "Moderator", "MODERATOR").Default("NOBODY"),
		field.String("removal_reason").Default("").Comment("told to readers; empty: they are told nothing"),

		field.String("guest_token_hash").Optional().Nillable().Unique().Sensitive().Comment("SHA-256 of the token in a guest's link, hex"),
		field.String("address").Default("").Sensitive().Comment("network address it was sent from, for moderators"),
		field.String("body_hash").Default("").Comment("equal for comments of the same words"),
		field.String("source_uri").Optional().Nillable().Unique(),
		field.String("source_hash").Default(""),
	}
}

// Edges of a comment.
func (Comment) Edges() []ent.Edge {
	return []ent.Edge{
		edge.From("article", Article.Type).Ref("comments").Field("article_id").Unique().Required(),
		edge.To("replies", Comment.Type).Annotations(cascade()).From("parent").Field("parent_id").Unique(),
		edge.From("user", User.Type).Ref("comments").Field("user_id").Unique(),
	}
}

// Indexes of comments.
func (Comment) Indexes() []ent.Index {
	// The index that threads are read by, comment_thread, covers shown comments
	// only. It stands in the migrations, as ent cannot compare such conditions.
	return []ent.Index{
		index.Fields("parent_id"),
		index.Fields("article_id"),
		index.Fields("user_id"),
		index.Fields("status", "posted_at"),
		index.Fields("body_hash"),
		index.Fields("thread_id"),
	}
}
