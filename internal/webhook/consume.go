package webhook

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"github.com/broadsheet-cms/broadsheet/internal/event"
	"github.com/broadsheet-cms/broadsheet/internal/id"
	"github.com/broadsheet-cms/broadsheet/internal/job"
	"github.com/broadsheet-cms/broadsheet/internal/partner"
	"github.com/broadsheet-cms/broadsheet/internal/store"
)

// Name implements event.Consumer.
func (s *Service) Name() string { return "webhooks" }

// Consume implements event.Consumer: it writes down, in the transaction that moves
// the position on, what each webhook shall be told.
func (s *Service) Consume(ctx context.Context, events []event.Event) error {
	if !slices.ContainsFunc(events, func(e event.Event) bool { return e.Entity == id.Article || e.Entity == id.Comment }) {
		return nil
	}
	hooks, err := store.Collect(ctx, s.db, activeSQL, scan)
	if err != nil || len(hooks) == 0 {
		return err
	}
	var keys []int
	for _, w := range hooks {
		keys = append(keys, w.KeyID)
	}
	byID, err := s.partners.ForProgram(ctx, keys)
	if err != nil {
		return err
	}
	for _, w := range hooks {
		k := byID[w.KeyID]
		if k == nil || !s.partners.Valid(k) {
			continue
		}
		if err := s.write(ctx, w, k, events); err != nil {
			return fmt.Errorf("webhook %d: %w", w.ID, err)
		}
	}
	return nil
}

// row is a delivery as it is handed to the database.
type row struct {
	Article int       `json:"article"`
	Comment int       `json:"comment"`
	Type    string    `json:"type"`
	Reason  string    `json:"reason"`
	Cursor  string    `json:"cursor"`
	At      time.Time `json:"at"`
}

var addSQL = store.Maintain(
	`INSERT INTO webhook_deliveries (webhook_id, article_id, comment_id, type, reason, cursor, at, state, next_at, created_at)
		SELECT $1, r.article, r.comment, r.type, r.reason, r.cursor, r.at, 'WAITING', $3, $3
		FROM ROWS FROM (jsonb_to_recordset($2::jsonb) AS (article bigint, comment bigint, type text, reason text, cursor text, at timestamptz)) WITH ORDINALITY AS r(article, comment, type, reason, cursor, at, n) ORDER BY r.n`,
	`INSERT INTO webhook_deliveries (webhook_id, article_id, comment_id, type, reason, cursor, at, state, next_at, created_at)
		SELECT $1, value ->> 'article', value ->> 'comment', value ->> 'type', value ->> 'reason', value ->> 'cursor', value ->> 'at', 'WAITING', $3, $3 FROM json_each($2) ORDER BY key`)

func (s *Service) write(ctx context.Context, w *Webhook, k *partner.Key, events []event.Event) error {
	// What came before the webhook is in the snapshot that a partner begins with.
	changes, err := s.partners.Prepare(ctx, k, events, func(t partner.ChangeType) bool { return w.wants(typeOf(t)) })
	if err != nil {
		return err
	}
	rows := make([]row, len(changes))
	for i, c := range changes {
		rows[i] = row{Article: c.ArticleID, Type: typeOf(c.Type), Reason: string(c.Reason), Cursor: c.Cursor, At: c.At}
	}
	comments, err := s.partners.CommentChanges(ctx, k, events)
	if err != nil {
		return err
	}
	for _, c := range comments {
		if w.wants(commentTypeOf(c.Type)) {
			rows = append(rows, row{Article: c.ArticleID, Comment: c.CommentID, Type: commentTypeOf(c.Type), At: c.At})
		}
	}
	if len(rows) == 0 {
		return nil
	}
	return s.add(ctx, w, rows)
}

func (s *Service) add(ctx context.Context, w *Webhook, rows []row) error {
	text, err := json.Marshal(rows)
	if err != nil {
		return err
	}
	if _, err := s.db.Exec(ctx, addSQL, w.ID, string(text), s.Now()); err != nil {
		return fmt.Errorf("write down what a webhook is told: %w", err)
	}
	return s.soon(ctx, w.ID, time.Time{})
}

// soon has a webhook's deliveries sent once the transaction of ctx has committed,
// not before a moment.
func (s *Service) soon(ctx context.Context, key int, at time.Time) error {
	return job.Enqueue(ctx, s.jobs, send, args{key}, job.Options{UniqueKey: fmt.Sprint(key), RunAt: at})
}

// wants reports whether a webhook is told of a type.
func (w *Webhook) wants(t string) bool {
	return len(w.EventTypes) == 0 || slices.Contains(w.EventTypes, t)
}
