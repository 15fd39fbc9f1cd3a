package graph

import (
	"context"
	"time"

	"github.com/broadsheet-cms/broadsheet/graph/loader"
	"github.com/broadsheet-cms/broadsheet/graph/model"
	"github.com/broadsheet-cms/broadsheet/internal/id"
	"github.com/broadsheet-cms/broadsheet/internal/webhook"
)

// Webhooks is the field of the same name of Query.
func (r *queryResolver) Webhooks(ctx context.Context) ([]*loader.Webhook, error) {
	all, err := r.Resolver.Webhooks.List(ctx)
	if err != nil {
		return nil, err
	}
	return loader.Webhooks.List(ctx, loader.Dependency{List: "webhooks"}, all), nil
}

// WebhookDeliveries is the field of the same name of Query.
func (r *queryResolver) WebhookDeliveries(ctx context.Context, webhookID string, state *webhook.State, first *int32, after *string) ([]*loader.WebhookDelivery, error) {
	key, err := decodeID("webhookId", id.Webhook, webhookID)
	if err != nil {
		return nil, err
	}
	before := 0
	if after != nil {
		if before, err = decodeID("after", id.WebhookDelivery, *after); err != nil {
			return nil, err
		}
	}
	var of webhook.State
	if state != nil {
		of = *state
	}
	limit := 20
	if first != nil {
		limit = int(*first)
	}
	found, err := r.Resolver.Webhooks.Deliveries(ctx, key, before, of, limit)
	if err != nil {
		return nil, err
	}
	return loader.WebhookDeliveries.List(ctx, loader.Dependency{List: "webhookDeliveries"}, found), nil
}

// WebhookEventTypes is the field of the same name of Query.
func (r *queryResolver) WebhookEventTypes(context.Context) ([]*webhook.EventType, error) {
	types := webhook.Types()
	all := make([]*webhook.EventType, len(types))
	for i := range types {
		all[i] = &types[i]
	}
	return all, nil
}

// CreateWebhook is the field of the same name of Mutation.
func (r *mutationResolver) CreateWebhook(ctx context.Context, in model.CreateWebhookInput) (*model.CreateWebhookPayload, error) {
	key, err := decodeID("apiKeyId", id.APIKey, in.APIKeyID)
	var made *webhook.Webhook
	var secret string
	if err == nil {
		full := in.FullPayload.Value()
		made, secret, err = r.Webhooks.Create(ctx, key, webhook.Draft{URL: in.URL, Types: in.EventTypes.Value(), Full: full != nil && *full})
	}
	wrong, err := mistakes(err)
	return payload(&model.CreateWebhookPayload{Webhook: loader.Webhooks.One(ctx, made), Secret: orNull(secret), UserErrors: wrong}, err)
}

// UpdateWebhook is the field of the same name of Mutation.
func (r *mutationResolver) UpdateWebhook(ctx context.Context, in model.UpdateWebhookInput) (*model.WebhookPayload, error) {
	key, err := decodeID("id", id.Webhook, in.ID)
	var changed *webhook.Webhook
	if err == nil {
		changed, err = r.Webhooks.Update(ctx, key, func(d *webhook.Draft) {
			if url := in.URL.Value(); url != nil {
				d.URL = *url
			}
			if in.EventTypes.IsSet() {
				d.Types = in.EventTypes.Value()
			}
			if full := in.FullPayload.Value(); full != nil {
				d.Full = *full
			}
		}, in.Enabled.Value())
	}
	return webhookPayload(ctx, changed, err)
}

func webhookPayload(ctx context.Context, changed *webhook.Webhook, err error) (*model.WebhookPayload, error) {
	wrong, err := mistakes(err)
	return payload(&model.WebhookPayload{Webhook: loader.Webhooks.One(ctx, changed), UserErrors: wrong}, err)
}

// RotateWebhookSecret is the field of the same name of Mutation.
func (r *mutationResolver) RotateWebhookSecret(ctx context.Context, in model.RotateWebhookSecretInput) (*model.CreateWebhookPayload, error) {
	overlap := 24 * time.Hour
	if hours := in.OverlapHours.Value(); hours != nil {
		overlap = time.Duration(*hours) * time.Hour
	}
	key, err := decodeID("id", id.Webhook, in.ID)
	var rotated *webhook.Webhook
	var secret string
	if err == nil {
		rotated, secret, err = r.Webhooks.Rotate(ctx, key, overlap)
	}
	wrong, err := mistakes(err)
	return payload(&model.CreateWebhookPayload{Webhook: loader.Webhooks.One(ctx, rotated), Secret: orNull(secret), UserErrors: wrong}, err)
}

// DeleteWebhook is the field of the same name of Mutation.
func (r *mutationResolver) DeleteWebhook(ctx context.Context, in model.WebhookInput) (*model.DeleteWebhookPayload, error) {
	key, err := decodeID("id", id.Webhook, in.ID)
	if err == nil {
		err = r.Webhooks.Delete(ctx, key)
	}
	wrong, err := mistakes(err)
	p := &model.DeleteWebhookPayload{UserErrors: wrong}
	if err == nil && len(wrong) == 0 {
		p.DeletedID = &in.ID
	}
	return payload(p, err)
}

// TestWebhook is the field of the same name of Mutation.
func (r *mutationResolver) TestWebhook(ctx context.Context, in model.WebhookInput) (*model.WebhookPayload, error) {
	key, err := decodeID("id", id.Webhook, in.ID)
	var tested *webhook.Webhook
	if err == nil {
		tested, err = r.Webhooks.Test(ctx, key)
	}
	return webhookPayload(ctx, tested, err)
}

// RetryWebhookDelivery is the field of the same name of Mutation.
func (r *mutationResolver) RetryWebhookDelivery(ctx context.Context, in model.RetryWebhookDeliveryInput) (*model.RetryWebhookDeliveryPayload, error) {
	key, err := decodeID("id", id.WebhookDelivery, in.ID)
	if err == nil {
		err = r.Webhooks.Retry(ctx, key)
	}
	wrong, err := mistakes(err)
	p := &model.RetryWebhookDeliveryPayload{UserErrors: wrong}
	if err == nil && len(wrong) == 0 {
		p.DeliveryID = &in.ID
	}
	return payload(p, err)
}

// ReplayWebhook is the field of the same name of Mutation.
func (r *mutationResolver) ReplayWebhook(ctx context.Context, in model.ReplayWebhookInput) (*model.ReplayWebhookPayload, error) {
	key, err := decodeID("id", id.Webhook, in.ID)
	count := 0
	if err == nil {
		count, err = r.Webhooks.Replay(ctx, key, in.Since)
	}
	wrong, err := mistakes(err)
	p := &model.ReplayWebhookPayload{UserErrors: wrong}
	if err == nil && len(wrong) == 0 {
		n := int32(min(count, 1<<31-1))
		p.DeliveryCount = &n
	}
	return payload(p, err)
}
