package partner

import (
	"context"
	"fmt"

	"github.com/broadsheet-cms/broadsheet/internal/event"
	"github.com/broadsheet-cms/broadsheet/internal/store"
)

// Prepare gives those changes that events mean to a key which are wanted, in the
// transaction of ctx, and records that it will be told of them: copies that it is
// about to get count as given, copies that must go count as told by Told only.
func (s *Service) Prepare(ctx context.Context, k *Key, events []event.Event, wanted func(ChangeType) bool) ([]Change, error) {
	all, err := s.changesOf(ctx, k, events)
	if err != nil {
		return nil, err
	}
	var changes []Change
	touched := map[int]copyRow{}
	for i, c := range all {
		if c.Type == "" || !wanted(c.Type) {
			continue
		}
		c.Cursor = k.changesAt(events[i].Position)
		c.row.Untold = c.row.ID != nil
		touched[c.ArticleID] = c.row
		changes = append(changes, c)
	}
	return changes, s.remember(ctx, k, touched)
}

var toldSQL = store.MaintainBoth(`UPDATE partner_copies SET told_at = coalesce(told_at, $4) WHERE key_id = $1 AND removed_txid = $2 AND removed_id = $3`)

// Told records that a key was told to remove the copy that the change at a cursor
// was about. Of other changes nothing is recorded.
func (s *Service) Told(ctx context.Context, k *Key, cursor string) error {
	at, err := k.positionOf(cursor)
	if err != nil {
		return err
	}
	if _, err := s.db.Exec(ctx, toldSQL, k.ID, at.TxID, at.ID, s.Now()); err != nil {
		return fmt.Errorf("record that a partner was told: %w", err)
	}
	return nil
}

// ForProgram gives keys for the program's own work, those that are revoked or have
// expired too: see Valid.
func (s *Service) ForProgram(ctx context.Context, ids []int) (map[int]*Key, error) {
	keys, err := store.Collect(ctx, s.db, byIDsSQL, s.scanKey, s.db.IDs(ids))
	if err != nil {
		return nil, fmt.Errorf("find keys: %w", err)
	}
	found := make(map[int]*Key, len(keys))
	for _, k := range keys {
		found[k.ID] = k
	}
	return found, nil
}

// Valid reports whether a key may be used now.
func (s *Service) Valid(k *Key) bool {
	return k.RevokedAt == nil && (k.ExpiresAt == nil || k.ExpiresAt.After(s.Now()))
}
