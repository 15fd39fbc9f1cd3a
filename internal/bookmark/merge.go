package bookmark

import (
	"context"
	"fmt"
	"time"

	"github.com/broadsheet-cms/broadsheet/internal/access"
	"github.com/broadsheet-cms/broadsheet/internal/secret"
	"github.com/broadsheet-cms/broadsheet/internal/store"
)

var (
	// The bookmarks of a device that the account has not: new ones, and removed
	// ones that are saved again. The moment of saving is the device's.
	takeOverSQL = store.MaintainBoth(`INSERT INTO bookmarks (list_id, article_id, saved_at, revision)
		SELECT $2, d.article_id, d.saved_at, $3 FROM bookmarks d WHERE d.list_id = $1 AND d.removed_at IS NULL
			AND NOT EXISTS (SELECT 1 FROM bookmarks o WHERE o.list_id = $2 AND o.article_id = d.article_id AND o.removed_at IS NULL)
		ORDER BY d.saved_at DESC, d.id DESC LIMIT $4
		ON CONFLICT (list_id, article_id) DO UPDATE SET saved_at = excluded.saved_at, revision = excluded.revision, removed_at = NULL`)
	dropListSQL = store.MaintainBoth(`DELETE FROM reading_lists WHERE id = $1`)
)

// Merge moves the bookmarks of a device to the account that is signed in and
// ends the device's list. An article that is on both lists stays once. A token
// without a list, as of a merge that was done before, moves nothing.
func (s *Service) Merge(ctx context.Context, device string) (moved int, err error) {
	if err := access.Require(ctx, access.UseAccount); err != nil {
		return 0, err
	}
	if device == "" || len(device) > maxToken {
		return 0, nil
	}
	err = s.change(ctx, "", func(ctx context.Context, l *list) (bool, error) {
		found, err := store.Collect(ctx, s.db, lockDeviceListSQL, scanList, secret.Hash(device))
		if err != nil || len(found) == 0 {
			return false, err
		}
		result, err := s.db.Exec(ctx, takeOverSQL, found[0].id, l.id, l.revision+1, MaxBookmarks-l.count)
		if err != nil {
			return false, err
		}
		n, err := result.RowsAffected()
		if err != nil {
			return false, err
		}
		if _, err := s.db.Exec(ctx, dropListSQL, found[0].id); err != nil {
			return false, err
		}
		moved = int(n)
		l.count += moved
		l.revision++
		return true, nil
	})
	if err != nil {
		return 0, fmt.Errorf("merge reading lists: %w", err)
	}
	return moved, nil
}

var (
	// What is forgotten is noted first, so that a client that knows an older
	// revision is told to read the whole list.
	noteForgottenSQL = store.MaintainBoth(`UPDATE reading_lists SET forgotten = (
			SELECT max(b.revision) FROM bookmarks b WHERE b.list_id = reading_lists.id AND b.removed_at < $1)
		WHERE id IN (SELECT b.list_id FROM bookmarks b WHERE b.removed_at < $1)`)
	forgetRemovedSQL = store.MaintainBoth(`DELETE FROM bookmarks WHERE removed_at < $1`)
	dropUnusedSQL    = store.MaintainBoth(`DELETE FROM reading_lists WHERE user_id IS NULL AND used_at < $1`)
)

// Tidy removes bookmarks whose removal can no longer be undone, and lists of
// devices that have not changed for a year.
func (s *Service) Tidy(ctx context.Context) error {
	now := s.Now()
	err := s.db.Tx(ctx, func(ctx context.Context) error {
		for _, step := range []struct {
			statement *store.Statement
			before    time.Duration
		}{{noteForgottenSQL, UndoFor}, {forgetRemovedSQL, UndoFor}, {dropUnusedSQL, DeviceListsFor}} {
			if _, err := s.db.Exec(ctx, step.statement, now.Add(-step.before)); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("tidy reading lists: %w", err)
	}
	return nil
}
