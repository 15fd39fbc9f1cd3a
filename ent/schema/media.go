package schema

import (
	"entgo.io/ent"
	"entgo.io/ent/dialect/entsql"
	"entgo.io/ent/schema"
	"entgo.io/ent/schema/edge"
	"entgo.io/ent/schema/field"

	"github.com/broadsheet-cms/broadsheet/internal/id"
)

// Media is a picture, film, sound or file with the words that belong to it.
type Media struct{ ent.Schema }

// Mixin gives the technical times.
func (Media) Mixin() []ent.Mixin { return []ent.Mixin{timesMixin{}} }

// Annotations name the public id.
func (Media) Annotations() []schema.Annotation {
	return []schema.Annotation{Node{Prefix: id.Media}, entsql.Annotation{Table: "media"}}
}

// Fields of a media item.
func (Media) Fields() []ent.Field {
	return []ent.Field{
		field.Enum("kind").NamedValues("Image", "IMAGE", "Video", "VIDEO", "Audio", "AUDIO", "File", "FILE").Default("IMAGE"),
		field.String("blob_key").Default("").Comment("key of the original in the blob store; empty while it is only elsewhere"),
		field.String("source_url").Default("").Comment("where the original came from"),
		field.String("source_uri").Optional().Nillable().Unique(),
		field.String("content_type").Default(""),
		field.Int("width").Default(0).Comment("pixels; 0 unknown"),
		field.Int("height").Default(0).Comment("pixels; 0 unknown"),
		field.Int64("size").Default(0).Comment("bytes; 0 unknown"),
		field.String("checksum").Default("").Comment("SHA-256 of the original, hex"),
		field.String("placeholder").Default("").Comment("BlurHash of a picture; empty until the first variant is made"),
		field.Int64("duration").Default(0).Comment("milliseconds of a film or sound; 0 unknown"),
		field.String("alt").Default(""),
		field.String("caption").Default(""),
		field.String("credit").Default(""),
		field.Float("focal_x").Optional().Nillable().Comment("0 left to 1 right"),
		field.Float("focal_y").Optional().Nillable().Comment("0 top to 1 bottom"),
		field.JSON("translations", map[string]MediaWords{}).Optional().Comment("words in other languages, by BCP 47"),
		field.JSON("rights", &Rights{}).Optional(),
		field.Time("expires_at").Optional().Nillable().Comment("when the licence ends"),
		field.Bool("expired").Default(false).Comment("the licence has ended: readers do not see the item"),
		field.Int("uploaded_by").Optional().Nillable().Comment("the member of staff who uploaded it"),
	}
}

// Edges of a media item.
func (Media) Edges() []ent.Edge {
	return []ent.Edge{
		edge.To("featured_in", Article.Type).Annotations(setNull()),
		edge.To("avatar_of", Author.Type).Annotations(setNull()),
	}
}
