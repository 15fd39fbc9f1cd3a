package schema

import (
	"entgo.io/ent"
	"entgo.io/ent/dialect"
	"entgo.io/ent/dialect/entsql"
	"entgo.io/ent/schema/field"
	"entgo.io/ent/schema/index"
)

// Event is one committed change of content. The row is written in the
// transaction of the change; whoever follows the site (caches, the change
// feed, webhooks) reads these rows and nothing else.
type Event struct{ ent.Schema }

// Fields of an event.
func (Event) Fields() []ent.Field {
	return []ent.Field{
		// Ids are taken in another order than transactions commit in. On
		// PostgreSQL readers go by (txid, id) and stop below the oldest running
		// transaction, so that nothing ever appears behind them. SQLite has one
		// writer and needs no such number.
		field.Int64("txid").Optional().Annotations(entsql.DefaultExprs(map[string]string{
			dialect.Postgres: "(pg_current_xact_id()::text::bigint)",
			dialect.SQLite:   "0",
		})),
		field.String("type").Comment("what happened, such as article.published"),
		field.String("entity").Comment("prefix of the public id of the thing changed"),
		field.Int("entity_id"),
		field.Int("actor_id").Optional().Nillable(),
		field.JSON("payload", map[string]any{}).Optional(),
		field.Time("occurred_at").Default(now),
	}
}

// Indexes of events.
func (Event) Indexes() []ent.Index {
	return []ent.Index{
		index.Fields("txid", "id"),
		index.Fields("entity", "entity_id"),
	}
}
