package partner

import (
	"context"
	"database/sql"
	"fmt"
	"time"

	"github.com/broadsheet-cms/broadsheet/internal/access"
	"github.com/broadsheet-cms/broadsheet/internal/fault"
	"github.com/broadsheet-cms/broadsheet/internal/store"
)

var acknowledgeSQL = store.MaintainBoth(`UPDATE partner_copies SET acknowledged_at = coalesce(acknowledged_at, $4) WHERE key_id = $1 AND removed_txid = $2 AND removed_id = $3`)

// Acknowledge records that a partner has removed the copy that a tombstone of
// the feed, named by its cursor, was about.
func (s *Service) Acknowledge(ctx context.Context, k *Key, cursor string) error {
	at, err := k.positionOf(cursor)
	if err != nil {
		return err
	}
	done, err := s.db.Exec(ctx, acknowledgeSQL, k.ID, at.TxID, at.ID, s.Now())
	if err != nil {
		return fmt.Errorf("record an acknowledgement: %w", err)
	}
	if n, err := done.RowsAffected(); err != nil || n == 0 {
		return fault.New(fault.NotFound, "This is no change that took an article away, or a later one gave it back.").WithCause(err)
	}
	return nil
}

// ComplianceState is how far a partner is with a story that was killed.
type ComplianceState string

// The states.
const (
	NotFetched   ComplianceState = "NOT_FETCHED"  // it may still show the story
	Fetched      ComplianceState = "FETCHED"      // it was told
	Acknowledged ComplianceState = "ACKNOWLEDGED" // it says that the copy is gone
)

// Compliance is what a partner did about a story that was killed.
type Compliance struct {
	KeyID          int
	Name           string // of the partner
	State          ComplianceState
	FetchedAt      *time.Time // when it was told
	AcknowledgedAt *time.Time
	RemindedAt     *time.Time // last
}

var complianceSQL = store.MaintainBoth(`SELECT c.key_id, k.name, c.reason, c.told_at, c.acknowledged_at, c.reminded_at FROM partner_copies c JOIN api_keys k ON k.id = c.key_id
	WHERE c.article_id = $1 AND (c.removed_id IS NULL OR c.reason = 'KILLED') ORDER BY k.name, k.id LIMIT 1000`)

// KillCompliance gives what each partner that was given an article did about its
// being killed.
func (s *Service) KillCompliance(ctx context.Context, articleID int) ([]Compliance, error) {
	if err := access.Require(ctx, access.WithdrawArticles); err != nil {
		return nil, err
	}
	all, err := store.Collect(ctx, s.db, complianceSQL, func(rows *sql.Rows) (c Compliance, err error) {
		var reason Reason
		if err := rows.Scan(&c.KeyID, &c.Name, &reason, &c.FetchedAt, &c.AcknowledgedAt, &c.RemindedAt); err != nil {
			return c, err
		}
		switch {
		case reason != Killed:
			c.State = NotFetched
		case c.AcknowledgedAt != nil: // also by the cursor of a reminder, whose answer was lost
			c.State = Acknowledged
		case c.FetchedAt == nil:
			c.State = NotFetched
		default:
			c.State = Fetched
		}
		return c, nil
	}, articleID)
	if err != nil {
		return nil, fmt.Errorf("read what partners did: %w", err)
	}
	return all, nil
}
