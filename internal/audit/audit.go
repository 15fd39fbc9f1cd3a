// Package audit is the record of who did what in the newsroom. Each staff
// mutation leaves an entry in its own transaction; nothing changes or removes
// entries, and the database itself refuses to.
package audit

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/broadsheet-cms/broadsheet/ent"
	"github.com/broadsheet-cms/broadsheet/internal/access"
	"github.com/broadsheet-cms/broadsheet/internal/store"
)

// Log is the record of one database.
type Log struct{ db *store.DB }

// NewLog gives the record of db.
func NewLog(db *store.DB) *Log { return &Log{db: db} }

// Entry is one thing that was done. Who did it, and from where, is known from
// the context.
type Entry struct {
	Action   string // name of the mutation, such as publishArticle
	Entity   string // prefix of the public id of the thing changed, or an event's name for what has none
	EntityID int
	// Before and After are what changed, as values that make JSON; nil for a
	// thing that was made or removed. Secrets have no place in them.
	Before, After any
}

// Record adds entries in the transaction of ctx.
func (l *Log) Record(ctx context.Context, entries ...Entry) error {
	if len(entries) == 0 {
		return nil
	}
	viewer, origin := access.Of(ctx), access.OriginOf(ctx)
	client := l.db.Ent(ctx)
	builders := make([]*ent.AuditEntryCreate, len(entries))
	for i, e := range entries {
		b := client.AuditEntry.Create().SetAction(e.Action).SetEntity(e.Entity).SetEntityID(e.EntityID).SetActorName(viewer.Name).
			SetActorRole(string(viewer.Role)).SetAddress(origin.Address).SetUserAgent(origin.UserAgent).SetRequestID(origin.RequestID)
		if viewer.UserID != 0 {
			b.SetActorID(viewer.UserID)
		}
		for value, set := range map[*any]func(json.RawMessage) *ent.AuditEntryCreate{&e.Before: b.SetBefore, &e.After: b.SetAfter} {
			if *value == nil {
				continue
			}
			text, err := json.Marshal(*value)
			if err != nil {
				return fmt.Errorf("record %s: %w", e.Action, err)
			}
			set(text)
		}
		builders[i] = b
	}
	if err := client.AuditEntry.CreateBulk(builders...).Exec(ctx); err != nil {
		return fmt.Errorf("record what was done: %w", err)
	}
	return nil
}
