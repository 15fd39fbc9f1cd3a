package webhook

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"math"
	"net/netip"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/broadsheet-cms/broadsheet/internal/access"
	"github.com/broadsheet-cms/broadsheet/internal/audit"
	"github.com/broadsheet-cms/broadsheet/internal/fault"
	"github.com/broadsheet-cms/broadsheet/internal/id"
	"github.com/broadsheet-cms/broadsheet/internal/outbound"
	"github.com/broadsheet-cms/broadsheet/internal/partner"
	"github.com/broadsheet-cms/broadsheet/internal/secret"
	"github.com/broadsheet-cms/broadsheet/internal/store"
)

// Bounds of webhooks.
const (
	maxURL     = 2000
	maxPerKey  = 10
	maxOverlap = 30 * 24 * time.Hour
	// MaxDeliveries is how many deliveries one answer gives.
	MaxDeliveries = 100
	// keepDeliveries is for how long deliveries are kept, and can be replayed.
	keepDeliveries = 30 * 24 * time.Hour
)

// Draft is a webhook as staff want it.
type Draft struct {
	URL   string
	Types []string
	Full  bool
}

func (s *Service) check(d *Draft) error {
	var wrong []error
	d.URL = strings.TrimSpace(d.URL)
	u, err := url.Parse(d.URL)
	switch {
	case err != nil || len(d.URL) > maxURL || u.User != nil || u.Fragment != "" || u.Host == "" || u.Scheme != "https" && !(s.Insecure && u.Scheme == "http"):
		wrong = append(wrong, fault.Mistake(fault.Invalid, "url", "A webhook has an address that begins with https://, without a name or password."))
	default:
		// Names are looked at when a connection is made; an address can be told now.
		if ip, err := netip.ParseAddr(u.Hostname()); err == nil && !s.Insecure && !outbound.IsOpen(ip) {
			wrong = append(wrong, fault.Mistake(fault.Denied, "url", "%s is not an address of the open web.", ip))
		}
	}
	known := Types()
	for i, t := range d.Types {
		if !slices.ContainsFunc(known, func(k EventType) bool { return k.Name == t }) {
			wrong = append(wrong, fault.Mistake(fault.Invalid, fmt.Sprintf("eventTypes[%d]", i), "%.60q is no type of event: webhookEventTypes lists them.", t))
		}
	}
	return errors.Join(wrong...)
}

var (
	insertSQL = store.MaintainBoth(`INSERT INTO webhooks (key_id, url, types, full_payload, secret, created_by, created_at) VALUES ($1, $2, $3, $4, $5, $6, $7) RETURNING id`)
	countSQL  = store.MaintainBoth(`SELECT count(*) FROM webhooks WHERE key_id = $1`)
	updateSQL = store.MaintainBoth(`UPDATE webhooks SET url = $2, types = $3, full_payload = $4, disabled_at = $5, disabled_reason = $6 WHERE id = $1`)
	rotateSQL = store.MaintainBoth(`UPDATE webhooks SET secret = $2, old_secret = secret, old_secret_until = $3 WHERE id = $1`)
	deleteSQL = store.MaintainBoth(`DELETE FROM webhooks WHERE id = $1`)
)

// state is what the audit log keeps of a webhook.
type state struct {
	URL      string   `json:"url"`
	Types    []string `json:"types,omitempty"`
	Full     bool     `json:"full,omitempty"`
	Disabled bool     `json:"disabled,omitempty"`
}

func stateOf(w *Webhook) any {
	if w == nil {
		return nil
	}
	return state{w.URL, w.EventTypes, w.FullPayload, w.DisabledAt != nil}
}

// newWebhook stands in place of the key of a webhook that is made. The key 0 is that of
// an id of another type.
const newWebhook = -1

// change runs a change of a webhook in a transaction, with its audit entry.
func (s *Service) change(ctx context.Context, action string, key int, do func(ctx context.Context, w *Webhook) (int, error)) (changed *Webhook, err error) {
	if err := access.Require(ctx, access.ManagePartners); err != nil {
		return nil, err
	}
	err = s.db.Tx(ctx, func(ctx context.Context) error {
		var before *Webhook
		if key != newWebhook {
			if before, err = s.one(ctx, key); err != nil {
				return err
			}
			if before == nil {
				return fault.Mistake(fault.Missing, "id", "There is no such webhook.")
			}
		}
		done, err := do(ctx, before)
		if err != nil {
			return err
		}
		if changed, err = s.one(ctx, done); err != nil {
			return err
		}
		return s.audit.Record(ctx, audit.Entry{Action: action, Entity: id.Webhook, EntityID: done, Before: stateOf(before), After: stateOf(changed)})
	})
	if err != nil {
		return nil, fmt.Errorf("%s: %w", action, err)
	}
	return changed, nil
}

// Create makes a webhook of a key and gives its secret, which is shown this once.
func (s *Service) Create(ctx context.Context, key int, d Draft) (made *Webhook, shown string, err error) {
	shown = secret.NewWebhook()
	made, err = s.change(ctx, "createWebhook", newWebhook, func(ctx context.Context, _ *Webhook) (int, error) {
		if err := s.check(&d); err != nil {
			return 0, err
		}
		keys, err := s.partners.ForProgram(ctx, []int{key})
		if err != nil {
			return 0, err
		}
		if k := keys[key]; k == nil || !s.partners.Valid(k) || !k.Has(partner.Webhooks) {
			return 0, fault.Mistake(fault.Missing, "apiKeyId", "There is no valid key of this id with the scope WEBHOOKS.")
		}
		n, err := store.Collect(ctx, s.db, countSQL, store.ScanInt, key)
		if err != nil {
			return 0, err
		}
		if n[0] >= maxPerKey {
			return 0, fault.Mistake(fault.LimitReached, "apiKeyId", "A key has at most %d webhooks.", maxPerKey)
		}
		stored, err := s.Sealer.Seal(shown)
		if err != nil {
			return 0, err
		}
		by := sql.NullInt64{Int64: int64(access.Of(ctx).UserID), Valid: access.Of(ctx).UserID != 0}
		ids, err := store.Collect(ctx, s.db, insertSQL, store.ScanInt, key, d.URL, strings.Join(d.Types, " "), d.Full, stored, by, s.Now())
		if err != nil {
			return 0, err
		}
		return ids[0], nil
	})
	if err != nil {
		return nil, "", err
	}
	return made, shown, nil
}

// Update changes a webhook. Enabling it again sends what waits.
func (s *Service) Update(ctx context.Context, key int, change func(*Draft), enabled *bool) (*Webhook, error) {
	return s.change(ctx, "updateWebhook", key, func(ctx context.Context, w *Webhook) (int, error) {
		d := Draft{w.URL, w.EventTypes, w.FullPayload}
		change(&d)
		if err := s.check(&d); err != nil {
			return 0, err
		}
		at, reason := w.DisabledAt, w.disabledReason
		switch {
		case enabled != nil && *enabled:
			at, reason = nil, ""
		case enabled != nil && at == nil:
			now := s.Now()
			at, reason = &now, ByStaff
		}
		if _, err := s.db.Exec(ctx, updateSQL, key, d.URL, strings.Join(d.Types, " "), d.Full, at, reason); err != nil {
			return 0, err
		}
		if at == nil {
			return key, s.soon(ctx, key, time.Time{})
		}
		return key, nil
	})
}

// Rotate gives a webhook another secret. Messages are signed by the old one too for
// the overlap.
func (s *Service) Rotate(ctx context.Context, key int, overlap time.Duration) (rotated *Webhook, shown string, err error) {
	shown = secret.NewWebhook()
	rotated, err = s.change(ctx, "rotateWebhookSecret", key, func(ctx context.Context, _ *Webhook) (int, error) {
		if overlap < 0 || overlap > maxOverlap {
			return 0, fault.Mistake(fault.Invalid, "overlapHours", "The old secret can sign for up to %d hours.", int(maxOverlap.Hours()))
		}
		stored, err := s.Sealer.Seal(shown)
		if err != nil {
			return 0, err
		}
		_, err = s.db.Exec(ctx, rotateSQL, key, stored, s.Now().Add(overlap))
		return key, err
	})
	if err != nil {
		return nil, "", err
	}
	return rotated, shown, nil
}

// Delete removes a webhook with its log.
func (s *Service) Delete(ctx context.Context, key int) error {
	_, err := s.change(ctx, "deleteWebhook", key, func(ctx context.Context, _ *Webhook) (int, error) {
		_, err := s.db.Exec(ctx, deleteSQL, key)
		return key, err
	})
	return err
}

// Test sends an event that is about nothing.
func (s *Service) Test(ctx context.Context, key int) (*Webhook, error) {
	return s.change(ctx, "testWebhook", key, func(ctx context.Context, w *Webhook) (int, error) {
		if w.DisabledAt != nil {
			return 0, fault.Mistake(fault.Closed, "id", "The webhook is disabled.")
		}
		return key, s.add(ctx, w, []row{{Type: TestEvent, At: s.Now()}})
	})
}

var (
	retrySQL = store.MaintainBoth(`UPDATE webhook_deliveries SET state = 'WAITING', attempts = 0, next_at = $2, claimed_until = NULL, finished_at = NULL,
		run = CASE WHEN state = 'DELIVERED' THEN run + 1 ELSE run END WHERE id = $1 RETURNING webhook_id`)
	// What waits goes on as it is; what was delivered is a message of its own.
	replaySQL = store.MaintainBoth(`UPDATE webhook_deliveries SET state = 'WAITING', attempts = 0, next_at = $3, claimed_until = NULL, finished_at = NULL,
		run = CASE WHEN state = 'DELIVERED' THEN run + 1 ELSE run END WHERE webhook_id = $1 AND at >= $2 AND state <> 'WAITING' AND article_id <> 0`)
	logSQL = store.MaintainBoth(`SELECT ` + deliveryColumns + ` FROM webhook_deliveries WHERE webhook_id = $1 AND id < $2 AND ($3 = '' OR state = $3) ORDER BY id DESC LIMIT $4`)
	oldSQL = store.MaintainBoth(`DELETE FROM webhook_deliveries WHERE id IN (SELECT id FROM webhook_deliveries WHERE created_at < $1 ORDER BY created_at LIMIT 5000)`)
)

// Retry sends a delivery again, now.
func (s *Service) Retry(ctx context.Context, delivery int) error {
	if err := access.Require(ctx, access.ManagePartners); err != nil {
		return err
	}
	return s.db.Tx(ctx, func(ctx context.Context) error {
		of, err := store.Collect(ctx, s.db, retrySQL, store.ScanInt, delivery, s.Now())
		if err != nil {
			return fmt.Errorf("retry a delivery: %w", err)
		}
		if len(of) == 0 {
			return fault.Mistake(fault.Missing, "id", "There is no such delivery.")
		}
		if err := s.soon(ctx, of[0], time.Time{}); err != nil {
			return err
		}
		return s.audit.Record(ctx, audit.Entry{Action: "retryWebhookDelivery", Entity: id.Webhook, EntityID: of[0]})
	})
}

// Replay sends again whatever happened since a moment, as far as the log goes back,
// and says how many.
func (s *Service) Replay(ctx context.Context, key int, since time.Time) (count int, err error) {
	_, err = s.change(ctx, "replayWebhook", key, func(ctx context.Context, _ *Webhook) (int, error) {
		done, err := s.db.Exec(ctx, replaySQL, key, since.UTC(), s.Now())
		if err != nil {
			return 0, err
		}
		n, err := done.RowsAffected()
		if err != nil {
			return 0, err
		}
		count = int(n)
		return key, s.soon(ctx, key, time.Time{})
	})
	return count, err
}

// List gives all webhooks.
func (s *Service) List(ctx context.Context) ([]*Webhook, error) {
	if err := access.Require(ctx, access.ManagePartners); err != nil {
		return nil, err
	}
	return store.Collect(ctx, s.db, allSQL, scan)
}

// ByIDs gives webhooks to those who may manage them, and none to others.
func (s *Service) ByIDs(ctx context.Context, ids []int) (map[int]*Webhook, error) {
	if !access.Of(ctx).Can(access.ManagePartners) {
		return nil, nil
	}
	return byID(ctx, s, byIDsSQL, scan, ids, func(w *Webhook) int { return w.ID })
}

// DeliveriesByIDs is ByIDs for deliveries.
func (s *Service) DeliveriesByIDs(ctx context.Context, ids []int) (map[int]*Delivery, error) {
	if !access.Of(ctx).Can(access.ManagePartners) {
		return nil, nil
	}
	return byID(ctx, s, deliveriesSQL, scanDelivery, ids, func(d *Delivery) int { return d.ID })
}

func byID[T any](ctx context.Context, s *Service, statement *store.Statement, scan func(*sql.Rows) (*T, error), ids []int, key func(*T) int) (map[int]*T, error) {
	rows, err := store.Collect(ctx, s.db, statement, scan, s.db.IDs(ids))
	if err != nil {
		return nil, fmt.Errorf("find webhooks: %w", err)
	}
	found := make(map[int]*T, len(rows))
	for _, r := range rows {
		found[key(r)] = r
	}
	return found, nil
}

var (
	byIDsSQL      = store.MaintainBoth(`SELECT ` + columns + ` FROM webhooks w WHERE w.id IN (SELECT id FROM each_id($1))`)
	deliveriesSQL = store.MaintainBoth(`SELECT ` + deliveryColumns + ` FROM webhook_deliveries WHERE id IN (SELECT id FROM each_id($1))`)
)

// Deliveries gives the log of a webhook, the newest first, those before one if it is
// not 0, of one state if it is not empty.
func (s *Service) Deliveries(ctx context.Context, key, before int, of State, limit int) ([]*Delivery, error) {
	if err := access.Require(ctx, access.ManagePartners); err != nil {
		return nil, err
	}
	if limit < 1 || limit > MaxDeliveries {
		return nil, fault.BadInput("first", "between 1 and %d deliveries can be asked for at once", MaxDeliveries)
	}
	if before == 0 {
		before = math.MaxInt64
	}
	return store.Collect(ctx, s.db, logSQL, scanDelivery, key, before, string(of), limit)
}

// Forget removes deliveries that are too old to be replayed.
func (s *Service) Forget(ctx context.Context) error {
	for {
		done, err := s.db.Exec(ctx, oldSQL, s.Now().Add(-keepDeliveries))
		if err != nil {
			return fmt.Errorf("remove old deliveries: %w", err)
		}
		if n, err := done.RowsAffected(); err != nil || n == 0 {
			return err
		}
	}
}
