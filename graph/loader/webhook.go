package loader

import (
	"context"
	"time"

	"github.com/broadsheet-cms/broadsheet/internal/id"
	"github.com/broadsheet-cms/broadsheet/internal/webhook"
)

type (
	webhookRow  = webhook.Webhook
	deliveryRow = webhook.Delivery
)

// Webhook is where a partner is told, in a response.
type Webhook struct {
	*webhookRow
	place[webhook.Webhook]
}

// Webhooks are the door for webhooks.
var Webhooks = &Kind[webhook.Webhook, Webhook]{id.Webhook, func(w *webhook.Webhook) int { return w.ID },
	func(w *webhook.Webhook, p place[webhook.Webhook]) Webhook { return Webhook{w, p} },
	func(ctx context.Context, r *Response, keys []int) (map[int]*webhook.Webhook, error) {
		return r.Webhooks.ByIDs(ctx, keys)
	}}

// WebhookDelivery is one event for a webhook, in a response.
type WebhookDelivery struct {
	*deliveryRow
	place[webhook.Delivery]
}

// WebhookDeliveries are the door for deliveries.
var WebhookDeliveries = &Kind[webhook.Delivery, WebhookDelivery]{id.WebhookDelivery, func(d *webhook.Delivery) int { return d.ID },
	func(d *webhook.Delivery, p place[webhook.Delivery]) WebhookDelivery { return WebhookDelivery{d, p} },
	func(ctx context.Context, r *Response, keys []int) (map[int]*webhook.Delivery, error) {
		return r.Webhooks.DeliveriesByIDs(ctx, keys)
	}}

// PublicID is the webhook's id in the API.
func (w *Webhook) PublicID() string { return w.webhookRow.PublicID() }

// APIKeyID answers the field of the same name.
func (w *Webhook) APIKeyID() string { return w.webhookRow.APIKeyID() }

// DisabledReason answers the field of the same name.
func (w *Webhook) DisabledReason() webhook.DisabledReason { return w.webhookRow.DisabledReason() }

// PublicID is the delivery's id in the API.
func (d *WebhookDelivery) PublicID() string { return d.deliveryRow.PublicID() }

// MessageID answers the field of the same name.
func (d *WebhookDelivery) MessageID() string { return d.deliveryRow.MessageID() }

// ArticleID answers the field of the same name.
func (d *WebhookDelivery) ArticleID() *string { return d.deliveryRow.ArticleID() }

// CommentID answers the field of the same name.
func (d *WebhookDelivery) CommentID() *string { return d.deliveryRow.CommentID() }

// NextAttemptAt answers the field of the same name.
func (d *WebhookDelivery) NextAttemptAt() *time.Time { return d.deliveryRow.NextAttemptAt() }

// LastStatus answers the field of the same name.
func (d *WebhookDelivery) LastStatus() *int { return d.deliveryRow.LastStatus() }
