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

// Session is one sign-in of an account. Its token is kept as a hash: whoever
// reads the table cannot sign in with it.
type Session struct{ ent.Schema }

// Annotations name the public id.
func (Session) Annotations() []schema.Annotation {
	return []schema.Annotation{Node{Prefix: id.Session}}
}

// Fields of a session.
func (Session) Fields() []ent.Field {
	return []ent.Field{
		field.Int("user_id"),
		field.String("token_hash").Unique().Sensitive().Comment("SHA-256 of the token, hex"),
		field.Enum("kind").NamedValues("Cookie", "COOKIE", "Bearer", "BEARER"),
		field.String("label").Default("").Comment("what its owner calls it"),
		field.String("address").Default("").Comment("where it was opened from"),
		field.String("user_agent").Default(""),
		field.Time("created_at").Default(now).Immutable(),
		field.Time("seen_at").Default(now).Comment("last use, to the minute"),
		field.Time("expires_at").Comment("its end, however much it is used"),
	}
}

// Edges of a session.
func (Session) Edges() []ent.Edge {
	return []ent.Edge{edge.From("user", User.Type).Ref("sessions").Field("user_id").Unique().Required()}
}

// Indexes of sessions.
func (Session) Indexes() []ent.Index {
	return []ent.Index{index.Fields("user_id"), index.Fields("expires_at")}
}

// Identity is an account at an OpenID provider that signs a user in.
type Identity struct{ ent.Schema }

// Fields of an identity.
func (Identity) Fields() []ent.Field {
	return []ent.Field{
		field.Int("user_id"),
		field.String("issuer"),
		field.String("subject"),
		field.Time("created_at").Default(now).Immutable(),
	}
}

// Edges of an identity.
func (Identity) Edges() []ent.Edge {
	return []ent.Edge{edge.From("user", User.Type).Ref("identities").Field("user_id").Unique().Required()}
}

// Indexes of identities.
func (Identity) Indexes() []ent.Index {
	return []ent.Index{index.Fields("issuer", "subject").Unique(), index.Fields("user_id")}
}

// SignInFailure counts wrong sign-ins for one account or one address, which
// the next ones have to wait for. Accounts that do not exist are counted like
// those that do.
type SignInFailure struct{ ent.Schema }

// Fields of the count.
func (SignInFailure) Fields() []ent.Field {
	return []ent.Field{
		field.String("subject").Unique().Comment("hash of what is counted: an e-mail address or a network address"),
		field.Int("count").Default(0),
		field.Time("failed_at"),
		field.Time("blocked_until"),
	}
}

// Indexes of counts.
func (SignInFailure) Indexes() []ent.Index { return []ent.Index{index.Fields("failed_at")} }

// OneTimeToken is a secret that may be used once: to set up the first account, to
// prove an address, to sign in by a link. One that waits to be mailed has the hash
// of nothing.
type OneTimeToken struct{ ent.Schema }

// Fields of the token.
func (OneTimeToken) Fields() []ent.Field {
	return []ent.Field{
		field.String("purpose"),
		field.String("token_hash").Unique().Sensitive().Comment("SHA-256 of the token, hex"),
		field.Int("user_id").Optional().Nillable().Comment("the account it is good for"),
		field.String("email").Default("").Sensitive().Comment("the address it was or will be sent to"),
		field.String("code_hash").Default("").Sensitive().Comment("keyed hash of the six digits that may be typed instead"),
		field.Int("tries").Default(0).Comment("codes typed for it"),
		field.JSON("payload", json.RawMessage{}).Optional().Sensitive().Comment("what is done when it is used, such as the account to make"),
		field.Time("created_at").Default(now).Immutable(),
		field.Time("expires_at"),
	}
}

// Edges of the token.
func (OneTimeToken) Edges() []ent.Edge {
	return []ent.Edge{edge.From("user", User.Type).Ref("one_time_tokens").Field("user_id").Unique()}
}

// Indexes of tokens.
func (OneTimeToken) Indexes() []ent.Index {
	return []ent.Index{index.Fields("expires_at"), index.Fields("purpose", "email"), index.Fields("user_id")}
}

// AuditEntry is what one staff mutation did. Entries are only ever added: the
// database itself refuses to change or remove them (see the migrations). They
// name people and things without references, so that they outlive both.
type AuditEntry struct{ ent.Schema }

// Annotations name the public id.
func (AuditEntry) Annotations() []schema.Annotation {
	return []schema.Annotation{Node{Prefix: id.AuditEntry}}
}

// Fields of an entry.
func (AuditEntry) Fields() []ent.Field {
	return []ent.Field{
		field.Time("at").Default(now).Immutable(),
		field.Int("actor_id").Optional().Nillable().Immutable().Comment("key of the user; none: the server or the command line"),
		field.String("actor_name").Default("").Immutable(),
		field.String("actor_role").Default("").Immutable(),
		field.String("action").Immutable().Comment("the mutation, such as publishArticle"),
		field.String("entity").Default("").Immutable().Comment("prefix of the public id of the thing changed"),
		field.Int("entity_id").Default(0).Immutable(),
		field.JSON("before", json.RawMessage{}).Optional().Immutable(),
		field.JSON("after", json.RawMessage{}).Optional().Immutable(),
		field.String("address").Default("").Immutable(),
		field.String("user_agent").Default("").Immutable(),
		field.String("request_id").Default("").Immutable(),
	}
}

// Indexes of entries.
func (AuditEntry) Indexes() []ent.Index {
	return []ent.Index{
		index.Fields("at", "id"),
		index.Fields("actor_id", "at", "id"),
		index.Fields("entity", "entity_id", "at", "id"),
	}
}

// Repeat remembers the result of a mutation that carried an idempotency key,
// so that a client that tries again gets the first answer.
type Repeat struct{ ent.Schema }

// Fields of a repeat.
func (Repeat) Fields() []ent.Field {
	return []ent.Field{
		field.Int("user_id"),
		field.String("key"),
		field.String("input_hash").Comment("of the mutation and its input: the same key with another input is a mistake"),
		field.JSON("result", json.RawMessage{}).Comment("keys of what was made or changed"),
		field.Time("created_at").Default(now).Immutable(),
	}
}

// Indexes of repeats.
func (Repeat) Indexes() []ent.Index {
	return []ent.Index{index.Fields("user_id", "key").Unique(), index.Fields("created_at")}
}
