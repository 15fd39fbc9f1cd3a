package webhook

import (
	"context"
	"fmt"

	"github.com/broadsheet-cms/broadsheet/internal/partner"
	"github.com/broadsheet-cms/broadsheet/internal/store"
)

// What waits about the story goes out at once: a reminder comes after it.
var hurrySQL = store.MaintainBoth(`UPDATE webhook_deliveries SET next_at = $3 WHERE webhook_id = $1 AND article_id = $2 AND comment_id = 0 AND state = 'WAITING' AND next_at > $3`)

// Reaches implements partner.Reminding: a key is reached that has a webhook which
// is told of reminders.
func (s *Service) Reaches(ctx context.Context, keys map[int]*partner.Key) (map[int]bool, error) {
	hooks, err := s.reminded(ctx)
	if err != nil {
		return nil, err
	}
	reached := map[int]bool{}
	for _, w := range hooks {
		if k := keys[w.KeyID]; k != nil && s.partners.Valid(k) {
			reached[w.KeyID] = true
		}
	}
	return reached, nil
}

// reminded are the webhooks that are told of reminders.
func (s *Service) reminded(ctx context.Context) ([]*Webhook, error) {
	hooks, err := store.Collect(ctx, s.db, activeSQL, scan)
	if err != nil {
		return nil, fmt.Errorf("find webhooks: %w", err)
	}
	var told []*Webhook
	for _, w := range hooks {
		if w.wants(ReminderEvent) {
			told = append(told, w)
		}
	}
	return told, nil
}

// Remind implements partner.Reminding.
func (s *Service) Remind(ctx context.Context, k *partner.Key, r partner.Reminder) error {
	hooks, err := s.reminded(ctx)
	if err != nil {
		return err
	}
	for _, w := range hooks {
		if w.KeyID != k.ID {
			continue
		}
		if _, err := s.db.Exec(ctx, hurrySQL, w.ID, r.ArticleID, r.At); err != nil {
			return fmt.Errorf("send what waits: %w", err)
		}
		if err := s.add(ctx, w, []row{{Article: r.ArticleID, Type: ReminderEvent, Reason: string(partner.Killed), Cursor: r.Cursor, At: r.At}}); err != nil {
			return err
		}
	}
	return nil
}
