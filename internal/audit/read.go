package audit

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"github.com/broadsheet-cms/broadsheet/ent"
	"github.com/broadsheet-cms/broadsheet/internal/access"
	"github.com/broadsheet-cms/broadsheet/internal/keyset"
	"github.com/broadsheet-cms/broadsheet/internal/store"
)

// Filter narrows the record. Its conditions add up; the zero Filter lets
// everything pass.
type Filter struct {
	Actor    int    // key of a user
	Action   string // a mutation, such as publishArticle
	Entity   string // prefix of the public id of the thing
	EntityID int    // its key, with Entity
	From, To *time.Time
}

const columns = `e.id, e.at, e.actor_id, e.actor_name, e.actor_role, e.action, e.entity, e.entity_id, e.before, e.after, e.address, e.user_agent, e.request_id`

// conditions are those of a Filter, as $1 to $6.
const conditions = `(CAST($1 AS bigint) = 0 OR e.actor_id = $1) AND (CAST($2 AS text) = '' OR e.action = $2)
	AND (CAST($3 AS text) = '' OR e.entity = $3 AND (CAST($4 AS bigint) = 0 OR e.entity_id = $4))`

// The record is read newest first. Each kind of question has a statement of its
// own, which walks the index that fits; with conditions that may be absent the
// database could not tell which that is.
var (
	newestSQL = pages(``)
	byActor   = pages(`e.actor_id = $1 AND `)
	byThing   = pages(`e.entity = $3 AND e.entity_id = $4 AND `)

	countSQL = store.ReadBoth(`SELECT count(*) FROM (SELECT 1 FROM audit_entries e WHERE ` + conditions + ` AND e.at >= $5 AND e.at < $6 LIMIT $7) AS counted`)
	byIDsSQL = store.ReadBoth(`SELECT ` + columns + ` FROM each_id($1) JOIN audit_entries e ON e.id = each_id.id`)
)

// directions are the statements for paging forward and backward.
type directions struct{ forward, backward *store.Statement }

// pages makes the statements for entries within two moments ($5, $6) that stand
// between two places of the list ($7, $8 and $9, $10).
func pages(first string) directions {
	text := func(order string) string {
		return `SELECT ` + columns + ` FROM audit_entries e WHERE ` + first + conditions + ` AND e.at >= $5 AND e.at < $6
			AND (e.at, e.id) < ($7, $8) AND (e.at, e.id) > ($9, $10) ORDER BY e.at ` + order + `, e.id ` + order + ` LIMIT $11`
	}
	return directions{store.ReadBoth(text("DESC")), store.ReadBoth(text("ASC"))}
}

// Key is the place of an entry in the record.
func Key(e *ent.AuditEntry) keyset.Key { return keyset.Key{Time: e.At.UnixMicro(), ID: e.ID} }

// Entries gives a window of the entries that fit, newest first.
func (l *Log) Entries(ctx context.Context, f Filter, w keyset.Window) ([]*ent.AuditEntry, error) {
	if err := access.Require(ctx, access.ReadAuditLog); err != nil {
		return nil, err
	}
	how := newestSQL
	switch {
	case f.EntityID != 0:
		how = byThing
	case f.Actor != 0:
		how = byActor
	}
	statement := how.forward
	if w.Backward {
		statement = how.backward
	}
	newer, older := w.Newer(), w.Older()
	args := append(f.args(), newer.Moment(), newer.ID, older.Moment(), older.ID, w.Limit)
	entries, err := store.Collect(ctx, l.db, statement, scan, args...)
	if err != nil {
		return nil, fmt.Errorf("read the record: %w", err)
	}
	if w.Backward {
		slices.Reverse(entries)
	}
	return entries, nil
}

// Count counts the entries that fit, up to a limit.
func (l *Log) Count(ctx context.Context, f Filter, limit int) (int, error) {
	if err := access.Require(ctx, access.ReadAuditLog); err != nil {
		return 0, err
	}
	n, err := store.Collect(ctx, l.db, countSQL, store.ScanInt, append(f.args(), limit)...)
	if err != nil {
		return 0, fmt.Errorf("count the record: %w", err)
	}
	return n[0], nil
}

// ByIDs gives entries by key to those who may read the record, and none to
// others.
func (l *Log) ByIDs(ctx context.Context, ids []int) (map[int]*ent.AuditEntry, error) {
	if !access.Of(ctx).Can(access.ReadAuditLog) {
		return nil, nil
	}
	entries, err := store.Collect(ctx, l.db, byIDsSQL, scan, l.db.IDs(ids))
	if err != nil {
		return nil, fmt.Errorf("read entries: %w", err)
	}
	found := make(map[int]*ent.AuditEntry, len(entries))
	for _, e := range entries {
		found[e.ID] = e
	}
	return found, nil
}

func (f Filter) args() []any {
	from, to := keyset.Oldest.Moment(), keyset.Newest.Moment()
	if f.From != nil {
		from = f.From.UTC()
	}
	if f.To != nil {
		to = f.To.UTC()
	}
	return []any{f.Actor, f.Action, f.Entity, f.EntityID, from, to}
}

func scan(rows *sql.Rows) (*ent.AuditEntry, error) {
	e := new(ent.AuditEntry)
	var before, after []byte
	if err := rows.Scan(&e.ID, &e.At, &e.ActorID, &e.ActorName, &e.ActorRole, &e.Action, &e.Entity, &e.EntityID, &before, &after, &e.Address, &e.UserAgent,
		&e.RequestID); err != nil {
		return nil, err
	}
	e.Before, e.After = json.RawMessage(before), json.RawMessage(after)
	return e, nil
}
