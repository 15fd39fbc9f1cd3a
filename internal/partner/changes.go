package partner

import (
	"cmp"
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"github.com/broadsheet-cms/broadsheet/ent/article"
	"github.com/broadsheet-cms/broadsheet/internal/access"
	"github.com/broadsheet-cms/broadsheet/internal/event"
	"github.com/broadsheet-cms/broadsheet/internal/fault"
	"github.com/broadsheet-cms/broadsheet/internal/id"
	"github.com/broadsheet-cms/broadsheet/internal/store"
)

// ChangeType is what happened to an article from the point of view of a partner.
type ChangeType string

// The types of changes. The last three are tombstones: the copy must go.
const (
	ChangePublished ChangeType = "PUBLISHED"
	ChangeUpdated   ChangeType = "UPDATED"
	ChangeCorrected ChangeType = "CORRECTED"
	ChangeEntered   ChangeType = "ENTERED"   // came into the entitlement
	ChangeWithdrawn ChangeType = "WITHDRAWN" // with a Reason
	ChangeDeleted   ChangeType = "DELETED"
	ChangeLeft      ChangeType = "LEFT" // left the entitlement; others may still have it
)

// ChangeTypes lists all of them.
func ChangeTypes() []ChangeType {
	return []ChangeType{ChangePublished, ChangeUpdated, ChangeCorrected, ChangeEntered, ChangeWithdrawn, ChangeDeleted, ChangeLeft}
}

// Reason says why a copy must go.
type Reason string

// The reasons.
const (
	Killed      Reason = "KILLED"      // nobody may show it any more: acknowledge
	Unpublished Reason = "UNPUBLISHED" // taken back by the newsroom
	Removed     Reason = "DELETED"
	NotEntitled Reason = "NOT_ENTITLED"
)

// Change is one change of an article that a key may have, or had.
type Change struct {
	Cursor    string
	Type      ChangeType
	Reason    Reason // of a tombstone, else empty
	At        time.Time
	ArticleID int
	// Story is the article as it is now, which may be newer than the change; nil
	// if the copy must go.
	Story *Story

	row copyRow // what is recorded when the change is given
}

// Page is a stretch of the feed of changes.
type Page struct {
	Changes []Change
	// Next is the cursor to go on from, also when there are no changes.
	Next    string
	HasMore bool
}

// Bounds of one page.
const (
	DefaultPage = 100
	MaxPage     = 500
	maxScanned  = MaxPage // events looked at for one page, which may thus be shorter and still have more behind it
)

// ErrCursorExpired says that changes after a cursor are not kept any more.
var ErrCursorExpired = fault.New(fault.CursorExpired, "Changes after this cursor are not kept any more: take a snapshot, and go on from its cursor.")

func checkFirst(first int) (int, error) {
	if first == 0 {
		return DefaultPage, nil
	}
	if first < 1 || first > MaxPage {
		return 0, fault.BadInput("first", "between 1 and %d changes can be asked for at once", MaxPage)
	}
	return first, nil
}

// Changes gives the changes after a cursor, the oldest first; all that are kept
// when it is empty. An article is given as it is now, so a partner that stores
// what has a story and removes what has none comes to the same state as the
// newsroom, whatever it read twice. Only types are given, all when there are none.
//
// It reads the log of events in an order that nothing is added to behind the
// reader, so a change that committed late is never skipped.
func (s *Service) Changes(ctx context.Context, k *Key, after string, first int, types []ChangeType) (*Page, error) {
	first, err := checkFirst(first)
	if err != nil {
		return nil, err
	}
	position, err := s.from(ctx, k, after, types)
	if err != nil {
		return nil, err
	}
	events, err := s.log.Read(access.AsSystem(ctx), position, maxScanned)
	if err != nil {
		return nil, err
	}
	changes, err := s.changesOf(ctx, k, events)
	if err != nil {
		return nil, err
	}
	page := &Page{HasMore: len(events) == maxScanned}
	told := map[int]copyRow{}
	for i, c := range changes {
		if len(page.Changes) == first {
			page.HasMore = true
			break
		}
		position = events[i].Position
		if c.Type == "" {
			continue
		}
		if len(types) == 0 || slices.Contains(types, c.Type) { // what is left out was not told
			told[c.ArticleID] = c.row
			c.Cursor = k.changesAt(position)
			page.Changes = append(page.Changes, c)
		}
	}
	page.Next = k.changesAt(position)
	return page, s.remember(ctx, k, told)
}

// from gives the position of a cursor, and refuses a key, cursor or types that
// changes cannot be given for.
func (s *Service) from(ctx context.Context, k *Key, after string, types []ChangeType) (position event.Position, err error) {
	if !k.Has(Changes) {
		return position, fault.New(fault.Forbidden, "The key has no scope CHANGES.")
	}
	for _, t := range types {
		if !slices.Contains(ChangeTypes(), t) {
			return position, fault.BadInput("types", "%.40q is no type of change: choose from %v", t, ChangeTypes())
		}
	}
	if position, err = k.positionOf(after); err != nil || after == "" {
		return position, err
	}
	kept, err := s.log.Kept(ctx, position)
	if err == nil && !kept {
		err = ErrCursorExpired
	}
	return position, err
}

// copyOf is what a key has of an article.
type copyOf struct {
	removed *event.Position // the event that told it to remove the copy; nil while it has one
}

// changesOf gives for each event what it means to a key; an empty Type for
// nothing.
func (s *Service) changesOf(ctx context.Context, k *Key, events []event.Event) ([]Change, error) {
	changes := make([]Change, len(events))
	var ids []int
	for _, e := range events {
		if e.Entity == id.Article && !slices.Contains(ids, e.EntityID) {
			ids = append(ids, e.EntityID)
		}
	}
	if len(ids) == 0 {
		return changes, nil
	}
	stories, err := s.Available(ctx, k, ids)
	if err != nil {
		return nil, err
	}
	copies, err := s.copies(ctx, k, ids)
	if err != nil {
		return nil, err
	}
	statuses, err := s.statuses(ctx, ids)
	if err != nil {
		return nil, err
	}
	for i, e := range events {
		if e.Entity != id.Article {
			continue
		}
		c := Change{At: e.At, ArticleID: e.EntityID, Story: stories[e.EntityID]}
		had, known := copies[e.EntityID]
		switch {
		case c.Story != nil:
			c.Type = given(e.Action, known, had)
			copies[e.EntityID] = copyOf{}
			c.row = copyRow{Article: e.EntityID, Version: c.Story.Version}
		case !known, had.removed != nil && had.removed.Before(e.Position) && e.Action != event.Withdrawn && e.Action != event.Deleted:
			continue // it has no copy
		default:
			c.Type, c.Reason = tombstone(e.Action, statuses[e.EntityID])
			copies[e.EntityID] = copyOf{removed: &e.Position}
			c.row = copyRow{Article: e.EntityID, TxID: &e.TxID, ID: &e.ID, Reason: c.Reason}
		}
		changes[i] = c
	}
	return changes, nil
}

// given is the type of a change that a partner gets a story with.
func given(action string, known bool, had copyOf) ChangeType {
	switch {
	case action == event.Published:
		return ChangePublished
	case !known || had.removed != nil:
		return ChangeEntered
	case action == event.Corrected:
		return ChangeCorrected
	}
	return ChangeUpdated
}

// tombstone is the type of a change that takes a story away.
func tombstone(action string, now article.Status) (ChangeType, Reason) {
	switch {
	case action == event.Withdrawn, now == article.StatusKilled:
		return ChangeWithdrawn, Killed
	case action == event.Deleted, now == "":
		return ChangeDeleted, Removed
	case now == article.StatusPublished:
		return ChangeLeft, NotEntitled
	}
	return ChangeWithdrawn, Unpublished
}

// statuses gives the status of each article; none for one that is gone or not
// public any more.
func (s *Service) statuses(ctx context.Context, ids []int) (map[int]article.Status, error) {
	ctx = access.AsSystem(ctx)
	rows, err := s.db.Ent(ctx).Article.Query().Where(article.IDIn(ids...)).Select(article.FieldID, article.FieldStatus, article.FieldTrashedAt, article.FieldVisibility).All(ctx)
	if err != nil {
		return nil, fmt.Errorf("read what became of articles: %w", err)
	}
	found := make(map[int]article.Status, len(rows))
	for _, a := range rows {
		found[a.ID] = a.Status
		if a.Status == article.StatusPublished && (a.TrashedAt != nil || a.Visibility != article.VisibilityPublic) {
			found[a.ID] = article.StatusUnpublished
		}
	}
	return found, nil
}

var (
	copiesSQL = store.MaintainBoth(`SELECT article_id, removed_txid, removed_id FROM partner_copies WHERE key_id = $1 AND article_id IN (SELECT id FROM each_id($2))`)
	// A copy that is given again is one that need not be removed; a removal that
	// is read again was told before.
	rememberSQL = store.Maintain(`INSERT INTO partner_copies (key_id, article_id, version, fetched_at, removed_txid, removed_id, reason, told_at)
		SELECT $1, r.article, r.version, $3, r.txid, r.id, r.reason, CASE WHEN r.id IS NULL OR r.untold THEN NULL ELSE $3::timestamptz END
		FROM jsonb_to_recordset($2::jsonb) AS r(article bigint, version integer, txid bigint, id bigint, reason text, untold boolean)`+onCopy,
		`INSERT INTO partner_copies (key_id, article_id, version, fetched_at, removed_txid, removed_id, reason, told_at)
		SELECT $1, value ->> 'article', value ->> 'version', $3, value ->> 'txid', value ->> 'id', value ->> 'reason', CASE WHEN value ->> 'id' IS NULL OR value ->> 'untold' THEN NULL ELSE $3 END
		FROM json_each($2) WHERE true`+onCopy)
)

const onCopy = ` ON CONFLICT (key_id, article_id) DO UPDATE SET removed_txid = excluded.removed_txid, removed_id = excluded.removed_id, reason = excluded.reason,
	version = CASE WHEN excluded.removed_id IS NULL THEN excluded.version ELSE partner_copies.version END,
	fetched_at = CASE WHEN excluded.removed_id IS NULL THEN excluded.fetched_at ELSE partner_copies.fetched_at END,
	told_at = CASE WHEN excluded.removed_id = partner_copies.removed_id THEN coalesce(partner_copies.told_at, excluded.told_at) ELSE excluded.told_at END,
	acknowledged_at = CASE WHEN excluded.removed_id = partner_copies.removed_id THEN partner_copies.acknowledged_at END,
	reminded_at = CASE WHEN excluded.removed_id IS NOT NULL THEN partner_copies.reminded_at END`

// copyRow is a copy as it is handed to the database.
type copyRow struct {
	Article int    `json:"article"`
	Version int    `json:"version"`
	TxID    *int64 `json:"txid"`
	ID      *int64 `json:"id"`
	Reason  Reason `json:"reason"`
	// Untold says that the partner will be told of the removal later.
	Untold bool `json:"untold"`
}

func (s *Service) copies(ctx context.Context, k *Key, ids []int) (map[int]copyOf, error) {
	found := map[int]copyOf{}
	_, err := store.Collect(ctx, s.db, copiesSQL, func(rows *sql.Rows) (none struct{}, err error) {
		var article int
		var txid, at *int64
		if err := rows.Scan(&article, &txid, &at); err != nil {
			return none, err
		}
		c := copyOf{}
		if txid != nil && at != nil {
			c.removed = &event.Position{TxID: *txid, ID: *at}
		}
		found[article] = c
		return none, nil
	}, k.ID, s.db.IDs(ids))
	if err != nil {
		return nil, fmt.Errorf("read what a partner carries: %w", err)
	}
	return found, nil
}

func (s *Service) remember(ctx context.Context, k *Key, touched map[int]copyRow) error {
	if len(touched) == 0 {
		return nil
	}
	rows := make([]copyRow, 0, len(touched))
	for _, r := range touched {
		rows = append(rows, r)
	}
	slices.SortFunc(rows, func(a, b copyRow) int { return cmp.Compare(a.Article, b.Article) }) // two requests lock in one order
	text, err := json.Marshal(rows)
	if err != nil {
		return err
	}
	if _, err := s.db.Exec(ctx, rememberSQL, k.ID, string(text), s.Now()); err != nil {
		return fmt.Errorf("record what a partner carries: %w", err)
	}
	return nil
}
