package model

import (
	"context"
	"encoding/json"
	"errors"
	"io"

	"github.com/99designs/gqlgen/graphql"

	"github.com/broadsheet-cms/broadsheet/ent"
	"github.com/broadsheet-cms/broadsheet/internal/id"
)

// AuditEntry is an entry of the record of who did what.
type AuditEntry struct {
	*ent.AuditEntry
	// Targets finds what the entries of one page are about, by public id, all at
	// once.
	Targets func(ctx context.Context) (map[string]Node, error)
}

// TargetID is the public id of what it was done to, empty for what has none.
func (e *AuditEntry) TargetID() string {
	if e.Entity == "" || e.EntityID == 0 || !id.Known(e.Entity) {
		return ""
	}
	return id.Encode(e.Entity, e.EntityID)
}

// MarshalJSON writes a value of JSON.
func MarshalJSON(v json.RawMessage) graphql.Marshaler {
	if len(v) == 0 {
		return graphql.Null
	}
	return graphql.WriterFunc(func(w io.Writer) { _, _ = w.Write(v) })
}

// UnmarshalJSON refuses: JSON is only ever answered.
func UnmarshalJSON(any) (json.RawMessage, error) {
	return nil, errors.New("JSON is no input")
}
