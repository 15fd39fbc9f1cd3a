package schema

import (
	"encoding/json"

	"entgo.io/ent"
	"entgo.io/ent/schema"
	"entgo.io/ent/schema/edge"
	"entgo.io/ent/schema/field"
	"entgo.io/ent/schema/index"

	"github.com/broadsheet-cms/broadsheet/internal/id"
)

// Revision is an article as it was after one change, whole. Revisions are
// numbered from 1 in each article and never changed.
type Revision struct{ ent.Schema }

// Annotations name the public id.
func (Revision) Annotations() []schema.Annotation {
	return []schema.Annotation{Node{Prefix: id.Revision}}
}

// Fields of a revision.
func (Revision) Fields() []ent.Field {
	return []ent.Field{
		field.Int("article_id"),
		field.Int("number"),
		field.String("action").Comment("the change that made it: created, updated, published …"),
		field.String("status").Comment("status of the article after it"),
		field.Int("version").Comment("version of the article after it"),
		field.String("title"),
		field.JSON("snapshot", json.RawMessage{}).Comment("the article as content.Draft"),
		field.String("note").Default("").Comment("what its author says of it"),
		field.Int("user_id").Optional().Nillable().Comment("who made it; none: the server or an import"),
		field.Time("created_at").Default(now).Immutable(),
	}
}

// Edges of a revision.
func (Revision) Edges() []ent.Edge {
	return []ent.Edge{
		edge.To("article", Article.Type).Field("article_id").Unique().Required().Annotations(cascade()),
		edge.To("user", User.Type).Field("user_id").Unique().Annotations(setNull()),
	}
}

// Indexes of revisions.
func (Revision) Indexes() []ent.Index {
	return []ent.Index{index.Fields("article_id", "number").Unique(), index.Fields("article_id", "created_at"), index.Fields("user_id")}
}

// Autosave is what an editor has typed and not saved: one for each editor of
// an article, apart from its revisions.
type Autosave struct{ ent.Schema }

// Fields of an autosave.
func (Autosave) Fields() []ent.Field {
	return []ent.Field{
		field.Int("article_id"),
		field.Int("user_id"),
		field.Int("base_version").Comment("version of the article that was being edited"),
		field.JSON("content", json.RawMessage{}),
		field.Time("saved_at").Default(now),
	}
}

// Edges of an autosave.
func (Autosave) Edges() []ent.Edge {
	return []ent.Edge{
		edge.To("article", Article.Type).Field("article_id").Unique().Required().Annotations(cascade()),
		edge.To("user", User.Type).Field("user_id").Unique().Required().Annotations(cascade()),
	}
}

// Indexes of autosaves.
func (Autosave) Indexes() []ent.Index {
	return []ent.Index{index.Fields("article_id", "user_id").Unique(), index.Fields("user_id")}
}

// ArticleLock says who is editing an article. It is a lease: it ends by itself
// unless it is renewed.
type ArticleLock struct{ ent.Schema }

// Fields of a lock.
func (ArticleLock) Fields() []ent.Field {
	return []ent.Field{
		field.Int("article_id"),
		field.Int("user_id"),
		field.Time("acquired_at").Default(now),
		field.Time("expires_at"),
	}
}

// Edges of a lock.
func (ArticleLock) Edges() []ent.Edge {
	return []ent.Edge{
		edge.To("article", Article.Type).Field("article_id").Unique().Required().Annotations(cascade()),
		edge.To("user", User.Type).Field("user_id").Unique().Required().Annotations(cascade()),
	}
}

// Indexes of locks.
func (ArticleLock) Indexes() []ent.Index {
	return []ent.Index{index.Fields("article_id").Unique(), index.Fields("user_id")}
}

// ArticleNote is a remark of the newsroom about an article, for staff alone.
type ArticleNote struct{ ent.Schema }

// Annotations name the public id.
func (ArticleNote) Annotations() []schema.Annotation {
	return []schema.Annotation{Node{Prefix: id.ArticleNote}}
}

// Fields of a note.
func (ArticleNote) Fields() []ent.Field {
	return []ent.Field{
		field.Int("article_id"),
		field.Int("user_id").Optional().Nillable(),
		field.Text("text"),
		field.Time("created_at").Default(now).Immutable(),
		field.Time("resolved_at").Optional().Nillable(),
		field.Int("resolved_by").Optional().Nillable(),
	}
}

// Edges of a note.
func (ArticleNote) Edges() []ent.Edge {
	return []ent.Edge{
		edge.To("article", Article.Type).Field("article_id").Unique().Required().Annotations(cascade()),
		edge.To("user", User.Type).Field("user_id").Unique().Annotations(setNull()),
	}
}

// Indexes of notes.
func (ArticleNote) Indexes() []ent.Index {
	return []ent.Index{index.Fields("article_id", "created_at"), index.Fields("user_id")}
}

// ParagraphChange is a paragraph before and after a correction, as plain text.
// An empty one was added or taken out.
type ParagraphChange struct {
	Before string `json:"before"`
	After  string `json:"after"`
}

// Correction is a mistake that was set right after publication, told to
// readers.
type Correction struct{ ent.Schema }

// Annotations name the public id.
func (Correction) Annotations() []schema.Annotation {
	return []schema.Annotation{Node{Prefix: id.Correction}}
}

// Fields of a correction.
func (Correction) Fields() []ent.Field {
	return []ent.Field{
		field.Int("article_id"),
		field.Text("note").Comment("what was wrong and what is right, for readers"),
		field.JSON("changes", []ParagraphChange{}),
		field.Int("revision").Comment("number of the revision that made it"),
		field.Int("user_id").Optional().Nillable(),
		field.Time("issued_at").Default(now),
	}
}

// Edges of a correction.
func (Correction) Edges() []ent.Edge {
	return []ent.Edge{
		edge.To("article", Article.Type).Field("article_id").Unique().Required().Annotations(cascade()),
		edge.To("user", User.Type).Field("user_id").Unique().Annotations(setNull()),
	}
}

// Indexes of corrections.
func (Correction) Indexes() []ent.Index {
	return []ent.Index{index.Fields("article_id", "issued_at"), index.Fields("issued_at", "id"), index.Fields("user_id")}
}

// Withdrawal is the killing of a story: what readers are told at its path, and
// why it was done, for staff.
type Withdrawal struct{ ent.Schema }

// Fields of a withdrawal.
func (Withdrawal) Fields() []ent.Field {
	return []ent.Field{
		field.Int("article_id"),
		field.Text("notice").Default("").Comment("for readers; empty: the path answers like one that never was"),
		field.Text("reason").Default("").Comment("for staff"),
		field.String("path").Default("").Comment("where readers are told, so that the hidden article is not read for it"),
		field.Int("user_id").Optional().Nillable(),
		field.Time("withdrawn_at").Default(now),
	}
}

// Edges of a withdrawal.
func (Withdrawal) Edges() []ent.Edge {
	return []ent.Edge{
		edge.To("article", Article.Type).Field("article_id").Unique().Required().Annotations(cascade()),
		edge.To("user", User.Type).Field("user_id").Unique().Annotations(setNull()),
	}
}

// Indexes of withdrawals.
func (Withdrawal) Indexes() []ent.Index {
	return []ent.Index{index.Fields("article_id").Unique(), index.Fields("path")}
}

// PreviewToken lets a front end read one article before it is published.
type PreviewToken struct{ ent.Schema }

// Annotations name the public id.
func (PreviewToken) Annotations() []schema.Annotation {
	return []schema.Annotation{Node{Prefix: id.PreviewToken}}
}

// Fields of a token.
func (PreviewToken) Fields() []ent.Field {
	return []ent.Field{
		field.Int("article_id"),
		field.String("token_hash").Unique().Sensitive().Comment("SHA-256 of the token, hex"),
		field.String("label").Default(""),
		field.Int("user_id").Optional().Nillable(),
		field.Time("created_at").Default(now).Immutable(),
		field.Time("expires_at"),
		field.Time("revoked_at").Optional().Nillable(),
	}
}

// Edges of a token.
func (PreviewToken) Edges() []ent.Edge {
	return []ent.Edge{
		edge.To("article", Article.Type).Field("article_id").Unique().Required().Annotations(cascade()),
		edge.To("user", User.Type).Field("user_id").Unique().Annotations(setNull()),
	}
}

// Indexes of tokens.
func (PreviewToken) Indexes() []ent.Index {
	return []ent.Index{index.Fields("article_id"), index.Fields("user_id"), index.Fields("expires_at")}
}

// Pick is an article that editors put on the front page or on that of a
// section, in order, maybe until a moment.
type Pick struct{ ent.Schema }

// Fields of a pick.
func (Pick) Fields() []ent.Field {
	return []ent.Field{
		field.Int("category_id").Optional().Nillable().Comment("none: the front page"),
		field.Int("article_id"),
		field.Int("position"),
		field.Time("expires_at").Optional().Nillable(),
		field.Int("user_id").Optional().Nillable(),
		field.Time("created_at").Default(now).Immutable(),
	}
}

// Edges of a pick.
func (Pick) Edges() []ent.Edge {
	return []ent.Edge{
		edge.To("category", Category.Type).Field("category_id").Unique().Annotations(cascade()),
		edge.To("article", Article.Type).Field("article_id").Unique().Required().Annotations(cascade()),
		edge.To("user", User.Type).Field("user_id").Unique().Annotations(setNull()),
	}
}

// Indexes of picks.
func (Pick) Indexes() []ent.Index {
	return []ent.Index{
		index.Fields("category_id", "position"),
		index.Fields("article_id"),
		index.Fields("expires_at"),
		index.Fields("user_id"),
	}
}
