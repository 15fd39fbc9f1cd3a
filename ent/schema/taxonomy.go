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

// Category is a section of the site. Sections form a tree; an article has one
// primary section.
type Category struct{ ent.Schema }

// Mixin gives the technical times.
func (Category) Mixin() []ent.Mixin { return []ent.Mixin{timesMixin{}} }

// Annotations name the public id.
func (Category) Annotations() []schema.Annotation {
	return []schema.Annotation{Node{Prefix: id.Category}}
}

// Fields of a category.
func (Category) Fields() []ent.Field {
	return []ent.Field{
		field.String("name"),
		field.String("slug").Unique(),
		field.String("description").Default(""),
		field.JSON("labels", Labels{}).Optional(),
		field.Int("parent_id").Optional().Nillable(),
		field.Int("position").Default(0),
	}
}

// Edges of a category.
func (Category) Edges() []ent.Edge {
	return []ent.Edge{
		edge.To("children", Category.Type).Annotations(restrict()).From("parent").Field("parent_id").Unique(),
		edge.To("primary_articles", Article.Type).Annotations(restrict()),
		edge.From("articles", Article.Type).Ref("categories"),
	}
}

// Tag is a free subject word. Scheme keeps apart the vocabularies that an
// import brings; the site's own tags have none.
type Tag struct{ ent.Schema }

// Mixin gives the technical times.
func (Tag) Mixin() []ent.Mixin { return []ent.Mixin{timesMixin{}} }

// Annotations name the public id.
func (Tag) Annotations() []schema.Annotation {
	return []schema.Annotation{Node{Prefix: id.Tag}}
}

// Fields of a tag.
func (Tag) Fields() []ent.Field {
	return []ent.Field{
		field.String("name"),
		field.String("slug").Unique(),
		field.String("scheme").Default(""),
		field.String("description").Default(""),
		field.JSON("labels", Labels{}).Optional(),
	}
}

// Edges of a tag.
func (Tag) Edges() []ent.Edge {
	return []ent.Edge{edge.From("articles", Article.Type).Ref("tags")}
}

// Place is where news happens. A country has its ISO 3166-1 alpha-2 code.
type Place struct{ ent.Schema }

// Mixin gives the technical times.
func (Place) Mixin() []ent.Mixin { return []ent.Mixin{timesMixin{}} }

// Annotations name the public id.
func (Place) Annotations() []schema.Annotation {
	return []schema.Annotation{Node{Prefix: id.Place}}
}

// Fields of a place.
func (Place) Fields() []ent.Field {
	return []ent.Field{
		field.String("name"),
		field.String("slug").Unique(),
		field.Enum("kind").NamedValues("Country", "COUNTRY", "Region", "REGION", "City", "CITY", "Other", "OTHER").Default("OTHER"),
		field.String("country_code").Default("").MaxLen(2).Comment("ISO 3166-1 alpha-2 of the country it is or lies in"),
		field.JSON("labels", Labels{}).Optional(),
		field.Float("latitude").Optional().Nillable(),
		field.Float("longitude").Optional().Nillable(),
	}
}

// Edges of a place.
func (Place) Edges() []ent.Edge {
	return []ent.Edge{edge.From("articles", Article.Type).Ref("places")}
}

// Indexes of places.
func (Place) Indexes() []ent.Index {
	return []ent.Index{index.Fields("country_code", "kind")}
}

// Series groups the parts of one long story, podcast or column.
type Series struct{ ent.Schema }

// Mixin gives the technical times.
func (Series) Mixin() []ent.Mixin { return []ent.Mixin{timesMixin{}} }

// Annotations name the public id.
func (Series) Annotations() []schema.Annotation {
	return []schema.Annotation{Node{Prefix: id.Series}, entsql.Annotation{Table: "series"}}
}

// Fields of a series.
func (Series) Fields() []ent.Field {
	return []ent.Field{
		field.String("name"),
		field.String("slug").Unique(),
		field.String("description").Default(""),
		field.JSON("labels", Labels{}).Optional(),
	}
}

// Edges of a series.
func (Series) Edges() []ent.Edge {
	return []ent.Edge{edge.To("articles", Article.Type).Annotations(setNull())}
}

// Author signs articles: a person, or a desk such as "News Room". An author
// need not have an account.
type Author struct{ ent.Schema }

// Mixin gives the technical times.
func (Author) Mixin() []ent.Mixin { return []ent.Mixin{timesMixin{}} }

// Annotations name the public id.
func (Author) Annotations() []schema.Annotation {
	return []schema.Annotation{Node{Prefix: id.Author}}
}

// Fields of an author.
func (Author) Fields() []ent.Field {
	return []ent.Field{
		field.Enum("kind").NamedValues("Person", "PERSON", "Desk", "DESK").Default("PERSON"),
		field.String("name"),
		field.String("slug").Unique(),
		field.String("bio").Default(""),
		field.JSON("labels", Labels{}).Optional(),
		field.Int("avatar_id").Optional().Nillable(),
		field.Int("user_id").Optional().Nillable().Unique(),
	}
}

// Edges of an author.
func (Author) Edges() []ent.Edge {
	return []ent.Edge{
		edge.To("bylines", Byline.Type).Annotations(restrict()),
		edge.From("avatar", Media.Type).Ref("avatar_of").Field("avatar_id").Unique(),
		edge.From("user", User.Type).Ref("author").Field("user_id").Unique(),
	}
}
