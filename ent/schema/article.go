package schema

import (
	"entgo.io/ent"
	"entgo.io/ent/dialect/entsql"
	"entgo.io/ent/schema"
	"entgo.io/ent/schema/edge"
	"entgo.io/ent/schema/field"
	"entgo.io/ent/schema/index"

	"github.com/broadsheet-cms/broadsheet/internal/id"
	"github.com/broadsheet-cms/broadsheet/internal/richtext"
)

// Article is a story of any kind: what lists show and what rules need. What
// only its own page shows is in ArticleDetail, so that lists stay narrow.
type Article struct{ ent.Schema }

// Mixin gives the technical times.
func (Article) Mixin() []ent.Mixin { return []ent.Mixin{timesMixin{}} }

// Annotations name the public id.
func (Article) Annotations() []schema.Annotation {
	return []schema.Annotation{Node{Prefix: id.Article}}
}

// Fields of an article.
func (Article) Fields() []ent.Field {
	return []ent.Field{
		field.Enum("kind").NamedValues(
			"Article", "ARTICLE", "PressRelease", "PRESS_RELEASE", "Opinion", "OPINION", "LiveBlog", "LIVE_BLOG",
			"Gallery", "GALLERY", "Video", "VIDEO", "Audio", "AUDIO").Default("ARTICLE"),
		// The clock never decides what a reader sees: the server changes the
		// status when its minute has come, and leaves an event.
		field.Enum("status").NamedValues(
			"Draft", "DRAFT", "InReview", "IN_REVIEW", "Approved", "APPROVED", "Scheduled", "SCHEDULED",
			"Embargoed", "EMBARGOED", "Published", "PUBLISHED", "Unpublished", "UNPUBLISHED",
			"Archived", "ARCHIVED", "Killed", "KILLED").Default("DRAFT"),
		field.Enum("visibility").NamedValues("Public", "PUBLIC", "Private", "PRIVATE").Default("PUBLIC").
			Comment("PRIVATE: for staff only, whatever the status"),
		field.Time("trashed_at").Optional().Nillable(),

		field.String("title"),
		field.String("subtitle").Default(""),
		field.String("slug").Unique(),
		field.String("excerpt").Default(""),
		field.String("language").Default("en").Comment("BCP 47"),
		field.Int("translation_group").Optional().Nillable().Comment("key of the article that the translations belong to"),

		field.Time("published_at").Optional().Nillable(),
		field.Time("first_published_at").Optional().Nillable(),
		field.Time("updated_at").Optional().Nillable().Comment("last substantive change after publication, as readers see it"),
		field.Time("corrected_at").Optional().Nillable(),
		field.Time("scheduled_at").Optional().Nillable(),
		field.Time("embargo_until").Optional().Nillable(),
		field.Time("unpublish_at").Optional().Nillable(),

		field.Int("word_count").Default(0),
		field.Int("reading_minutes").Default(0),
		field.Int64("body_hash").Default(0).Comment("equal for bodies of the same words; 0: no words"),
		field.Int("subject_revision").Default(0).Comment("goes up when an edit makes the article another one"),
		field.Int("comment_count").Default(0).Comment("approved comments"),
		field.Enum("comment_policy").NamedValues("Open", "OPEN", "Registered", "REGISTERED", "Closed", "CLOSED").Default("OPEN"),
		field.Time("comments_close_at").Optional().Nillable(),
		field.Enum("comment_moderation").NamedValues("Site", "SITE", "Before", "BEFORE", "After", "AFTER").Default("SITE").
			Comment("when comments are looked at: as the site says, before they are shown, or after"),

		field.Int("primary_category_id").Optional().Nillable(),
		field.Int("series_id").Optional().Nillable(),
		field.Int("series_position").Optional().Nillable(),
		field.Int("featured_media_id").Optional().Nillable(),

		field.Int("version").Default(1).Comment("counts saved changes, for expectedVersion"),
		field.Int("created_by").Optional().Nillable(),
		field.Int("assignee_id").Optional().Nillable().Comment("the member of staff whose turn it is"),
		field.Time("status_changed_at").Optional().Nillable().Comment("since when it waits where it is"),
		field.Time("edited_at").Optional().Nillable().Comment("last change by a person here, which an import must not overwrite"),

		field.String("source_uri").Optional().Nillable().Unique(),
		field.Time("source_version_at").Optional().Nillable(),
		field.String("source_hash").Default(""),
	}
}

// Edges of an article.
func (Article) Edges() []ent.Edge {
	return []ent.Edge{
		edge.To("detail", ArticleDetail.Type).Unique().Annotations(cascade()),
		edge.To("bylines", Byline.Type).Annotations(cascade()),
		edge.To("live_entries", LiveEntry.Type).Annotations(cascade()),
		edge.To("comments", Comment.Type).Annotations(cascade()),
		edge.To("tags", Tag.Type).StorageKey(edge.Table("article_tags"), edge.Columns("article_id", "tag_id")),
		edge.To("places", Place.Type).StorageKey(edge.Table("article_places"), edge.Columns("article_id", "place_id")),
		edge.To("categories", Category.Type).StorageKey(edge.Table("article_categories"), edge.Columns("article_id", "category_id")),
		edge.From("primary_category", Category.Type).Ref("primary_articles").Field("primary_category_id").Unique(),
		edge.From("series", Series.Type).Ref("articles").Field("series_id").Unique(),
		edge.From("featured_media", Media.Type).Ref("featured_in").Field("featured_media_id").Unique(),
	}
}

// Indexes of articles. Public lists are read through the listings table, which
// needs none of these. Those of the newsroom's lists, such as article_queue, stand
// in the migrations: they leave published articles out, or a database without
// statistics would look there for them.
func (Article) Indexes() []ent.Index {
	return []ent.Index{
		index.Fields("translation_group"),
		index.Fields("primary_category_id"),
		index.Fields("series_id", "series_position"),
		index.Fields("featured_media_id"),
	}
}

// ArticleDetail is the part of an article that only its own page shows.
type ArticleDetail struct{ ent.Schema }

// Fields of the detail.
func (ArticleDetail) Fields() []ent.Field {
	return []ent.Field{
		field.Int("article_id").Unique(),
		field.JSON("blocks", []richtext.Block{}).Comment("the body; what follows is derived from it"),
		field.Text("html").Default(""),
		field.Text("text").Default(""),
		field.String("byline").Default("").Comment("by-line as it was written, where it says more than the authors"),
		field.String("dateline").Default("").Comment("place named before the first sentence"),
		field.String("editor_note").Default(""),
		field.JSON("seo", &SEO{}).Optional(),
		field.JSON("rights", &Rights{}).Optional(),
		field.String("source_name").Default("").Comment("agency or publication the text came from"),
		field.String("source_url").Default(""),
		field.JSON("custom", map[string]any{}).Optional().Comment("fields that came from elsewhere and have no place of their own"),
	}
}

// Edges of the detail.
func (ArticleDetail) Edges() []ent.Edge {
	return []ent.Edge{edge.From("article", Article.Type).Ref("detail").Field("article_id").Unique().Required()}
}

// LiveEntry is one timed entry of a live blog.
type LiveEntry struct{ ent.Schema }

// Mixin gives the technical times.
func (LiveEntry) Mixin() []ent.Mixin { return []ent.Mixin{timesMixin{}} }

// Annotations name the public id.
func (LiveEntry) Annotations() []schema.Annotation {
	return []schema.Annotation{Node{Prefix: id.LiveEntry}, entsql.Annotation{Table: "live_entries"}}
}

// Fields of an entry.
func (LiveEntry) Fields() []ent.Field {
	return []ent.Field{
		field.Int("article_id"),
		field.String("title").Default(""),
		field.JSON("blocks", []richtext.Block{}),
		field.Text("html").Default(""),
		field.Time("published_at"),
		field.Bool("is_key").Default(false),
		field.Bool("is_pinned").Default(false),
	}
}

// Edges of an entry.
func (LiveEntry) Edges() []ent.Edge {
	return []ent.Edge{edge.From("article", Article.Type).Ref("live_entries").Field("article_id").Unique().Required()}
}

// Indexes of entries.
func (LiveEntry) Indexes() []ent.Index {
	return []ent.Index{index.Fields("article_id", "published_at")}
}

// Byline is one author of an article, in order.
type Byline struct{ ent.Schema }

// Fields of a by-line.
func (Byline) Fields() []ent.Field {
	return []ent.Field{
		field.Int("article_id"),
		field.Int("author_id"),
		field.Int("position"),
	}
}

// Edges of a by-line.
func (Byline) Edges() []ent.Edge {
	return []ent.Edge{
		edge.From("article", Article.Type).Ref("bylines").Field("article_id").Unique().Required(),
		edge.From("author", Author.Type).Ref("bylines").Field("author_id").Unique().Required(),
	}
}

// Indexes of by-lines.
func (Byline) Indexes() []ent.Index {
	return []ent.Index{
		index.Fields("article_id", "author_id").Unique(),
		index.Fields("author_id"),
	}
}

// RelatedPin is a related article that an editor chose.
type RelatedPin struct{ ent.Schema }

// Fields of a pin.
func (RelatedPin) Fields() []ent.Field {
	return []ent.Field{
		field.Int("article_id"),
		field.Int("related_id"),
		field.Int("position"),
	}
}

// Edges of a pin.
func (RelatedPin) Edges() []ent.Edge {
	return []ent.Edge{
		edge.To("article", Article.Type).Field("article_id").Unique().Required().Annotations(cascade()),
		edge.To("related", Article.Type).Field("related_id").Unique().Required().Annotations(cascade()),
	}
}

// Indexes of pins.
func (RelatedPin) Indexes() []ent.Index {
	return []ent.Index{index.Fields("article_id", "related_id").Unique(), index.Fields("related_id")}
}
