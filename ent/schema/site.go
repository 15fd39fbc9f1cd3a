package schema

import (
	"entgo.io/ent"
	"entgo.io/ent/schema"
	"entgo.io/ent/schema/edge"
	"entgo.io/ent/schema/field"
	"entgo.io/ent/schema/index"

	"github.com/broadsheet-cms/broadsheet/internal/id"
	"github.com/broadsheet-cms/broadsheet/internal/richtext"
)

// Site is the one row of settings of this site.
type Site struct{ ent.Schema }

// Mixin gives the technical times.
func (Site) Mixin() []ent.Mixin { return []ent.Mixin{timesMixin{}} }

// Fields of the settings.
func (Site) Fields() []ent.Field {
	return []ent.Field{
		field.String("name"),
		field.String("tagline").Default(""),
		field.String("description").Default(""),
		field.String("url").Default("").Comment("address of the front end, without a slash at its end"),
		field.String("language").Default("en"),
		field.String("time_zone").Default("UTC"),
		field.String("copyright_holder").Default(""),
		field.Int("founded_year").Default(0),
		field.Int("logo_id").Optional().Nillable(),
		field.Int("logo_dark_id").Optional().Nillable(),
		field.JSON("social_profiles", []SocialProfile{}).Optional(),
		field.JSON("legal_documents", []LegalDocument{}).Optional(),
		field.JSON("consents", map[string]Consent{}).Optional(),
		field.JSON("comment_settings", &CommentSettings{}).Optional(),
		field.JSON("outputs", &Outputs{}).Optional(),
		field.JSON("publish_checks", map[string]string{}).Optional().Comment("severity of each check before publishing; others have their default"),
	}
}

// Page is a static page, such as the terms.
type Page struct{ ent.Schema }

// Mixin gives the technical times.
func (Page) Mixin() []ent.Mixin { return []ent.Mixin{timesMixin{}} }

// Annotations name the public id.
func (Page) Annotations() []schema.Annotation {
	return []schema.Annotation{Node{Prefix: id.Page}}
}

// Fields of a page.
func (Page) Fields() []ent.Field {
	return []ent.Field{
		field.String("title"),
		field.String("slug").Unique(),
		field.String("path").Unique().Comment("without slashes at its ends: about, or company/about"),
		field.Enum("status").NamedValues("Draft", "DRAFT", "Published", "PUBLISHED", "Unpublished", "UNPUBLISHED").Default("DRAFT"),
		field.Enum("visibility").NamedValues("Public", "PUBLIC", "Private", "PRIVATE").Default("PUBLIC"),
		field.Time("trashed_at").Optional().Nillable(),
		field.String("language").Default("en"),
		field.Int("translation_group").Optional().Nillable(),
		field.Int("parent_id").Optional().Nillable(),
		field.Int("position").Default(0),
		field.Time("published_at").Optional().Nillable(),
		field.Time("updated_at").Optional().Nillable(),
		field.JSON("blocks", []richtext.Block{}),
		field.Text("html").Default(""),
		field.Text("text").Default(""),
		field.JSON("seo", &SEO{}).Optional(),
		field.Int("version").Default(1),
		field.String("source_uri").Optional().Nillable().Unique(),
		field.String("source_hash").Default(""),
		field.JSON("custom", map[string]any{}).Optional(),
	}
}

// Edges of a page.
func (Page) Edges() []ent.Edge {
	return []ent.Edge{edge.To("children", Page.Type).Annotations(setNull()).From("parent").Field("parent_id").Unique()}
}

// Menu is a named list of links shown in one place of the front end.
type Menu struct{ ent.Schema }

// Mixin gives the technical times.
func (Menu) Mixin() []ent.Mixin { return []ent.Mixin{timesMixin{}} }

// Annotations name the public id.
func (Menu) Annotations() []schema.Annotation {
	return []schema.Annotation{Node{Prefix: id.Menu}}
}

// Fields of a menu.
func (Menu) Fields() []ent.Field {
	return []ent.Field{
		field.String("location").Comment("a value of the API's MenuLocation"),
		field.String("language").Default("").Comment("empty: for every language without a menu of its own"),
		field.String("name").Default(""),
	}
}

// Edges of a menu.
func (Menu) Edges() []ent.Edge {
	return []ent.Edge{edge.To("items", MenuItem.Type).Annotations(cascade())}
}

// Indexes of menus.
func (Menu) Indexes() []ent.Index {
	return []ent.Index{index.Fields("location", "language").Unique()}
}

// MenuItem is one link of a menu. Its target is a thing of this site, by type
// and key, or an address.
type MenuItem struct{ ent.Schema }

// Annotations name the public id.
func (MenuItem) Annotations() []schema.Annotation {
	return []schema.Annotation{Node{Prefix: id.MenuItem}}
}

// Fields of an item.
func (MenuItem) Fields() []ent.Field {
	return []ent.Field{
		field.Int("menu_id"),
		field.Int("parent_id").Optional().Nillable(),
		field.Int("position").Default(0),
		field.String("label").Default("").Comment("empty: the name of the target"),
		field.JSON("labels", Labels{}).Optional(),
		field.Enum("target_type").NamedValues(
			"Category", "CATEGORY", "Tag", "TAG", "Page", "PAGE", "Article", "ARTICLE", "Author", "AUTHOR",
			"Place", "PLACE", "Series", "SERIES", "Address", "ADDRESS", "None", "NONE").Default("NONE"),
		field.Int("target_id").Optional().Nillable(),
		field.String("address").Default("").Comment("path or URL when the target type is ADDRESS"),
	}
}

// Edges of an item.
func (MenuItem) Edges() []ent.Edge {
	return []ent.Edge{
		edge.From("menu", Menu.Type).Ref("items").Field("menu_id").Unique().Required(),
		edge.To("children", MenuItem.Type).Annotations(cascade()).From("parent").Field("parent_id").Unique(),
	}
}

// AdSlot is a space for advertising in one placement.
type AdSlot struct{ ent.Schema }

// Mixin gives the technical times.
func (AdSlot) Mixin() []ent.Mixin { return []ent.Mixin{timesMixin{}} }

// Annotations name the public id.
func (AdSlot) Annotations() []schema.Annotation {
	return []schema.Annotation{Node{Prefix: id.AdSlot}}
}

// Fields of a slot.
func (AdSlot) Fields() []ent.Field {
	return []ent.Field{
		field.String("placement").Comment("a value of the API's AdPlacement"),
		field.String("name"),
		field.Int("width").Default(0),
		field.Int("height").Default(0),
		field.String("provider").Default("").Comment("name of the ad server"),
		field.String("unit").Default("").Comment("unit path at the ad server"),
		field.Int("position").Default(0),
		field.Bool("is_active").Default(true),
	}
}

// Redirect sends an old path to where the thing is now: to a thing of this
// site, whose path may change again, or to an address.
type Redirect struct{ ent.Schema }

// Mixin gives the technical times.
func (Redirect) Mixin() []ent.Mixin { return []ent.Mixin{timesMixin{}} }

// Annotations name the public id.
func (Redirect) Annotations() []schema.Annotation {
	return []schema.Annotation{Node{Prefix: id.Redirect}}
}

// Fields of a redirect.
func (Redirect) Fields() []ent.Field {
	return []ent.Field{
		field.String("path").Unique().Comment("the old path, with a slash before and none behind"),
		field.Enum("target_type").NamedValues(
			"Category", "CATEGORY", "Tag", "TAG", "Page", "PAGE", "Article", "ARTICLE", "Author", "AUTHOR",
			"Place", "PLACE", "Series", "SERIES", "Address", "ADDRESS").Default("ADDRESS"),
		field.Int("target_id").Optional().Nillable(),
		field.String("address").Default(""),
		field.Int("status_code").Default(301),
	}
}

// Indexes of redirects.
func (Redirect) Indexes() []ent.Index {
	return []ent.Index{index.Fields("target_type", "target_id")}
}
