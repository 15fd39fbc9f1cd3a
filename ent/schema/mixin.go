// Package schema says what Broadsheet stores. It imports leaf packages only,
// so that the code around it can be generated from a clean tree.
package schema

import (
	"time"

	"entgo.io/ent"
	"entgo.io/ent/dialect/entsql"
	"entgo.io/ent/schema/field"
	"entgo.io/ent/schema/mixin"
)

// now is the clock of all default times: UTC and cut to microseconds, which is
// what PostgreSQL keeps, so that a row just written equals the row read back.
func now() time.Time { return time.Now().UTC().Truncate(time.Microsecond) }

// timesMixin gives a row its technical times. What readers see as "published"
// and "updated" are fields of their own.
type timesMixin struct{ mixin.Schema }

func (timesMixin) Fields() []ent.Field {
	return []ent.Field{
		field.Time("created_at").Default(now).Immutable(),
		field.Time("modified_at").Default(now).UpdateDefault(now),
	}
}

// Node is the annotation of a type with a public id: see template/node.tmpl.
type Node struct{ Prefix string }

// Name implements schema.Annotation.
func (Node) Name() string { return "Node" }

// cascade removes the row together with the row it hangs on.
func cascade() *entsql.Annotation { return entsql.OnDelete(entsql.Cascade) }

// setNull keeps the row when the row it points to goes.
func setNull() *entsql.Annotation { return entsql.OnDelete(entsql.SetNull) }

// restrict refuses to remove a row that something still needs.
func restrict() *entsql.Annotation { return entsql.OnDelete(entsql.Restrict) }
