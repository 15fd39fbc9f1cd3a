package schema

import (
	"entgo.io/ent"
	"entgo.io/ent/schema"
	"entgo.io/ent/schema/edge"
	"entgo.io/ent/schema/field"
	"entgo.io/ent/schema/index"

	"github.com/broadsheet-cms/broadsheet/internal/id"
)

// Newsletter is a mailing list that readers subscribe to.
type Newsletter struct{ ent.Schema }

// Mixin gives the technical times.
func (Newsletter) Mixin() []ent.Mixin { return []ent.Mixin{timesMixin{}} }

// Annotations name the public id.
func (Newsletter) Annotations() []schema.Annotation {
	return []schema.Annotation{Node{Prefix: id.Newsletter}}
}

// Fields of a newsletter.
func (Newsletter) Fields() []ent.Field {
	return []ent.Field{
		field.String("slug").Unique(),
		field.String("name"),
		field.String("description").Default(""),
		field.String("language").Default("en"),
		field.Enum("frequency").NamedValues("Daily", "DAILY", "Weekly", "WEEKLY", "Monthly", "MONTHLY", "Irregular", "IRREGULAR").Default("IRREGULAR"),
		field.Bool("is_open").Default(true).Comment("whether new subscribers are accepted"),
	}
}

// Edges of a newsletter.
func (Newsletter) Edges() []ent.Edge {
	return []ent.Edge{
		edge.To("subscriptions", Subscription.Type).Annotations(cascade()),
		edge.To("issues", NewsletterIssue.Type).Annotations(cascade()),
	}
}

// Subscriber is an e-mail address that confirmed a subscription.
type Subscriber struct{ ent.Schema }

// Fields of a subscriber.
func (Subscriber) Fields() []ent.Field {
	return []ent.Field{
		field.String("email").Unique().Sensitive().Comment("lower case; private"),
		field.String("language").Default(""),
		field.Time("created_at").Default(now).Immutable(),
	}
}

// Edges of a subscriber.
func (Subscriber) Edges() []ent.Edge {
	return []ent.Edge{
		edge.To("subscriptions", Subscription.Type).Annotations(cascade()),
		edge.To("consents", ConsentRecord.Type).Annotations(cascade()),
		edge.To("deliveries", Delivery.Type).Annotations(cascade()),
	}
}

// Indexes of subscribers.
func (Subscriber) Indexes() []ent.Index { return []ent.Index{index.Fields("created_at")} }

// Subscription is one subscriber's place on one list. It is made once the
// address has confirmed it.
type Subscription struct{ ent.Schema }

// Fields of a subscription.
func (Subscription) Fields() []ent.Field {
	return []ent.Field{
		field.Int("subscriber_id"),
		field.Int("newsletter_id"),
		field.Enum("status").NamedValues("Confirmed", "CONFIRMED", "Ended", "ENDED").Default("CONFIRMED"),
		field.Time("created_at").Default(now).Immutable(),
		field.Time("confirmed_at").Default(now),
		field.Time("ended_at").Optional().Nillable(),
	}
}

// Edges of a subscription.
func (Subscription) Edges() []ent.Edge {
	return []ent.Edge{
		edge.From("subscriber", Subscriber.Type).Ref("subscriptions").Field("subscriber_id").Unique().Required(),
		edge.From("newsletter", Newsletter.Type).Ref("subscriptions").Field("newsletter_id").Unique().Required(),
	}
}

// Indexes of subscriptions.
func (Subscription) Indexes() []ent.Index {
	return []ent.Index{index.Fields("subscriber_id", "newsletter_id").Unique(), index.Fields("newsletter_id", "status", "subscriber_id")}
}

// ConsentRecord is what somebody agreed to: a version of a legal document, or
// the sentence below a newsletter form.
type ConsentRecord struct{ ent.Schema }

// Fields of a consent.
func (ConsentRecord) Fields() []ent.Field {
	return []ent.Field{
		field.Int("user_id").Optional().Nillable(),
		field.Int("subscriber_id").Optional().Nillable(),
		field.Int("newsletter_id").Optional().Nillable(),
		field.String("document").Comment("kind of a legal document, or of a consent form"),
		field.String("version"),
		field.Text("text").Default("").Comment("the words that were agreed to, as HTML"),
		field.String("place").Default("").Comment("where on which page"),
		field.Time("given_at").Default(now).Immutable(),
		field.String("address").Default("").Sensitive(),
		field.String("user_agent").Default("").Sensitive(),
	}
}

// Edges of a consent.
func (ConsentRecord) Edges() []ent.Edge {
	return []ent.Edge{
		edge.From("user", User.Type).Ref("consents").Field("user_id").Unique(),
		edge.From("subscriber", Subscriber.Type).Ref("consents").Field("subscriber_id").Unique(),
		edge.To("newsletter", Newsletter.Type).Field("newsletter_id").Unique().Annotations(setNull()),
	}
}

// Indexes of consents.
func (ConsentRecord) Indexes() []ent.Index {
	return []ent.Index{index.Fields("user_id", "given_at"), index.Fields("subscriber_id", "given_at"), index.Fields("newsletter_id"), index.Fields("given_at")}
}

// NewsletterIssue is one mailing of a newsletter.
type NewsletterIssue struct{ ent.Schema }

// Mixin gives the technical times.
func (NewsletterIssue) Mixin() []ent.Mixin { return []ent.Mixin{timesMixin{}} }

// Annotations name the public id.
func (NewsletterIssue) Annotations() []schema.Annotation {
	return []schema.Annotation{Node{Prefix: id.NewsletterIssue}}
}

// Fields of an issue.
func (NewsletterIssue) Fields() []ent.Field {
	return []ent.Field{
		field.Int("newsletter_id"),
		field.String("subject"),
		field.Text("intro").Default("").Comment("plain text above the articles"),
		field.Enum("source").NamedValues("Latest", "LATEST", "Picks", "PICKS", "Category", "CATEGORY", "Chosen", "CHOSEN").Default("LATEST"),
		field.Int("category_id").Optional().Nillable(),
		field.JSON("article_ids", []int{}).Optional().Comment("of a CHOSEN issue, in their order"),
		field.Int("article_count").Default(10),
		field.Enum("status").NamedValues("Draft", "DRAFT", "Sending", "SENDING", "Sent", "SENT").Default("DRAFT"),
		field.JSON("articles", []MailedArticle{}).Optional().Comment("what is sent, as it was when sending began"),
		field.Int("created_by").Optional().Nillable(),
		field.Time("started_at").Optional().Nillable(),
		field.Time("sent_at").Optional().Nillable(),
	}
}

// Edges of an issue.
func (NewsletterIssue) Edges() []ent.Edge {
	return []ent.Edge{
		edge.From("newsletter", Newsletter.Type).Ref("issues").Field("newsletter_id").Unique().Required(),
		edge.To("deliveries", Delivery.Type).Annotations(cascade()),
	}
}

// Indexes of issues.
func (NewsletterIssue) Indexes() []ent.Index { return []ent.Index{index.Fields("newsletter_id", "id")} }

// Delivery is one issue for one subscriber. It is HANDED_OVER from the moment
// before the mail server gets the end of the message, so that an issue that is
// resumed sends to nobody twice.
type Delivery struct{ ent.Schema }

// Fields of a delivery.
func (Delivery) Fields() []ent.Field {
	return []ent.Field{
		field.Int("issue_id"),
		field.Int("subscriber_id"),
		field.Enum("status").NamedValues("Queued", "QUEUED", "HandedOver", "HANDED_OVER", "Sent", "SENT", "Refused", "REFUSED", "Skipped", "SKIPPED").Default("QUEUED"),
		field.Time("changed_at").Default(now),
	}
}

// Edges of a delivery.
func (Delivery) Edges() []ent.Edge {
	return []ent.Edge{
		edge.From("issue", NewsletterIssue.Type).Ref("deliveries").Field("issue_id").Unique().Required(),
		edge.From("subscriber", Subscriber.Type).Ref("deliveries").Field("subscriber_id").Unique().Required(),
	}
}

// Indexes of deliveries.
func (Delivery) Indexes() []ent.Index {
	return []ent.Index{index.Fields("issue_id", "subscriber_id").Unique(), index.Fields("issue_id", "status", "id"), index.Fields("subscriber_id")}
}

// Suppression is an address that gets no newsletters, because mail to it came
// back or its owner complained. It is kept as a hash, so that it outlives the
// subscriber.
type Suppression struct{ ent.Schema }

// Fields of a suppression.
func (Suppression) Fields() []ent.Field {
	return []ent.Field{
		field.String("email_hash").Unique().Sensitive().Comment("SHA-256 of the address in lower case, hex"),
		field.Enum("reason").NamedValues("Bounce", "BOUNCE", "Complaint", "COMPLAINT", "Manual", "MANUAL"),
		field.Time("created_at").Default(now).Immutable(),
	}
}

// Indexes of suppressions.
func (Suppression) Indexes() []ent.Index { return []ent.Index{index.Fields("created_at")} }

// KeptMail is a mail of a server without SMTP settings, to be read at /mail.
type KeptMail struct{ ent.Schema }

// Fields of a mail.
func (KeptMail) Fields() []ent.Field {
	return []ent.Field{
		field.String("recipient").Sensitive(),
		field.String("subject").Sensitive(),
		field.Bytes("message").Sensitive().Comment("the whole message, RFC 5322"),
		field.Time("created_at").Default(now).Immutable(),
	}
}

// Indexes of mails.
func (KeptMail) Indexes() []ent.Index { return []ent.Index{index.Fields("created_at")} }

// SigningKey signs links, such as the one in a newsletter that ends the
// subscription. The server makes it when it first needs it.
type SigningKey struct{ ent.Schema }

// Fields of a key.
func (SigningKey) Fields() []ent.Field {
	return []ent.Field{
		field.String("name").Unique(),
		field.String("key").Sensitive(),
		field.Time("created_at").Default(now).Immutable(),
	}
}

// DataExport is an archive of what is kept about a reader, for that reader. It
// has an archive once the job that makes it has run.
type DataExport struct{ ent.Schema }

// Fields of an export.
func (DataExport) Fields() []ent.Field {
	return []ent.Field{
		field.Int("user_id"),
		field.String("token_hash").Optional().Nillable().Unique().Sensitive().Comment("SHA-256 of the token of its link, hex"),
		field.Bytes("archive").Optional().Sensitive(),
		field.Time("requested_at").Default(now).Immutable(),
		field.Time("expires_at"),
	}
}

// Edges of an export.
func (DataExport) Edges() []ent.Edge {
	return []ent.Edge{edge.From("user", User.Type).Ref("data_exports").Field("user_id").Unique().Required()}
}

// Indexes of exports.
func (DataExport) Indexes() []ent.Index {
	return []ent.Index{index.Fields("user_id"), index.Fields("expires_at")}
}
