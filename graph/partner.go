package graph

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/netip"
	"time"

	"github.com/broadsheet-cms/broadsheet/ent/article"
	"github.com/broadsheet-cms/broadsheet/graph/model"
	"github.com/broadsheet-cms/broadsheet/internal/access"
	"github.com/broadsheet-cms/broadsheet/internal/fault"
	"github.com/broadsheet-cms/broadsheet/internal/id"
	"github.com/broadsheet-cms/broadsheet/internal/ninjs"
	"github.com/broadsheet-cms/broadsheet/internal/partner"
)

// APIKeys is the field of the same name of Query.
func (r *queryResolver) APIKeys(ctx context.Context) ([]*model.APIKey, error) {
	keys, err := r.Partners.Keys(ctx)
	if err != nil {
		return nil, err
	}
	all := make([]*model.APIKey, len(keys))
	for i, k := range keys {
		all[i] = apiKey(k)
	}
	return all, nil
}

// apiKey is a key as the API shows it.
func apiKey(k *partner.Key) *model.APIKey {
	if k == nil {
		return nil
	}
	e := k.Entitlement
	shown := &model.APIKey{
		ID: k.PublicID(), Name: k.Name, Scopes: make([]model.APIKeyScope, len(k.Scopes)), Addresses: make([]string, len(k.Addresses)),
		QuotaPerMinute: int32(k.QuotaMinute), QuotaPerDay: int32(k.QuotaDay), Prefixes: append([]string{}, k.Hints...), CreatedAt: k.CreatedAt, //nolint:gosec // bounded
		ExpiresAt: k.ExpiresAt, RevokedAt: k.RevokedAt, LastUsedAt: k.LastUsedAt,
		Entitlement: &model.Entitlement{CategoryIds: encodeIDs(id.Category, e.Categories), TagIds: encodeIDs(id.Tag, e.Tags), Kinds: append([]article.Kind{}, e.Kinds...),
			Languages: append([]string{}, e.Languages...), OwnRightsOnly: e.OwnRights},
	}
	for i, s := range k.Scopes {
		shown.Scopes[i] = model.APIKeyScope(s)
	}
	for i, a := range k.Addresses {
		shown.Addresses[i] = a.String()
	}
	return shown
}

func encodeIDs(prefix string, keys []int) []string {
	ids := make([]string, len(keys))
	for i, key := range keys {
		ids[i] = id.Encode(prefix, key)
	}
	return ids
}

// usageDays is how many days apiKeyUsage gives.
const usageDays = 100

// APIKeyUsage is the field of the same name of Query.
func (r *queryResolver) APIKeyUsage(ctx context.Context, publicID string) ([]*model.APIKeyUsage, error) {
	key, err := decodeID("id", id.APIKey, publicID)
	if err != nil {
		return nil, err
	}
	days, err := r.Partners.Usage(ctx, key, usageDays)
	if err != nil {
		return nil, err
	}
	all := make([]*model.APIKeyUsage, len(days))
	for i, d := range days {
		all[i] = &model.APIKeyUsage{Day: d.Day, RequestCount: int32(min(d.Count, 1<<31-1))} //nolint:gosec // bounded
	}
	return all, nil
}

// KillCompliance is the field of the same name of Query.
func (r *queryResolver) KillCompliance(ctx context.Context, articleID string) ([]*model.KillCompliance, error) {
	key, err := decodeID("articleId", id.Article, articleID)
	if err != nil {
		return nil, err
	}
	partners, err := r.Partners.KillCompliance(ctx, key)
	if err != nil {
		return nil, err
	}
	all := make([]*model.KillCompliance, len(partners))
	for i, p := range partners {
		all[i] = &model.KillCompliance{APIKeyID: id.Encode(id.APIKey, p.KeyID), Name: p.Name, State: model.KillComplianceState(p.State),
			FetchedAt: p.FetchedAt, AcknowledgedAt: p.AcknowledgedAt}
	}
	return all, nil
}

// CreateAPIKey is the field of the same name of Mutation.
func (r *mutationResolver) CreateAPIKey(ctx context.Context, in model.CreateAPIKeyInput) (*model.CreateAPIKeyPayload, error) {
	k, err := decodeKey(in)
	var made *partner.Key
	var secret string
	if err == nil {
		made, secret, err = r.Partners.Create(ctx, k)
	}
	wrong, err := mistakes(err)
	return payload(&model.CreateAPIKeyPayload{APIKey: apiKey(made), Secret: orNull(secret), UserErrors: wrong}, err)
}

func orNull(s string) *string {
	if s == "" {
		return nil
	}
	return &s
}

func decodeKey(in model.CreateAPIKeyInput) (k partner.Key, err error) {
	k = partner.Key{Name: in.Name, ExpiresAt: in.ExpiresAt.Value()}
	for _, s := range in.Scopes {
		k.Scopes = append(k.Scopes, partner.Scope(s))
	}
	if q := in.QuotaPerMinute.Value(); q != nil {
		k.QuotaMinute = int(*q)
	}
	if q := in.QuotaPerDay.Value(); q != nil {
		k.QuotaDay = int(*q)
	}
	var wrong []error
	for i, text := range in.Addresses.Value() {
		network, err := netip.ParsePrefix(text)
		if err != nil {
			wrong = append(wrong, fault.Mistake(fault.Invalid, fmt.Sprintf("addresses[%d]", i), "%.60q is no network such as 192.0.2.0/24.", text))
		}
		k.Addresses = append(k.Addresses, network)
	}
	if e := in.Entitlement.Value(); e != nil {
		k.Entitlement.Kinds, k.Entitlement.Languages = e.Kinds.Value(), e.Languages.Value()
		if own := e.OwnRightsOnly.Value(); own != nil {
			k.Entitlement.OwnRights = *own
		}
		k.Entitlement.Categories, err = decodeIDs("entitlement.categoryIds", id.Category, e.CategoryIds.Value())
		wrong = append(wrong, err)
		k.Entitlement.Tags, err = decodeIDs("entitlement.tagIds", id.Tag, e.TagIds.Value())
		wrong = append(wrong, err)
	}
	return k, errors.Join(wrong...)
}

// RotateAPIKey is the field of the same name of Mutation.
func (r *mutationResolver) RotateAPIKey(ctx context.Context, in model.RotateAPIKeyInput) (*model.RotateAPIKeyPayload, error) {
	overlap := 24 * time.Hour
	if hours := in.OverlapHours.Value(); hours != nil {
		overlap = time.Duration(*hours) * time.Hour
	}
	key, err := decodeID("id", id.APIKey, in.ID)
	var rotated *partner.Key
	var secret string
	if err == nil {
		rotated, secret, err = r.Partners.Rotate(ctx, key, overlap)
	}
	wrong, err := mistakes(err)
	if len(wrong) > 0 {
		rotated = nil
	}
	return payload(&model.RotateAPIKeyPayload{APIKey: apiKey(rotated), Secret: orNull(secret), UserErrors: wrong}, err)
}

// RevokeAPIKey is the field of the same name of Mutation.
func (r *mutationResolver) RevokeAPIKey(ctx context.Context, in model.RevokeAPIKeyInput) (*model.RevokeAPIKeyPayload, error) {
	key, err := decodeID("id", id.APIKey, in.ID)
	var revoked *partner.Key
	if err == nil {
		revoked, err = r.Partners.Revoke(ctx, key)
	}
	wrong, err := mistakes(err)
	if len(wrong) > 0 {
		revoked = nil
	}
	return payload(&model.RevokeAPIKeyPayload{APIKey: apiKey(revoked), UserErrors: wrong}, err)
}

// keyOf gives the API key of a request.
func keyOf(ctx context.Context) (*partner.Key, error) {
	if k := partner.Of(ctx); k != nil {
		return k, nil
	}
	return nil, fault.New(fault.Unauthenticated, "Send an API key as Authorization: Bearer.")
}

// Changes is the field of the same name of Query.
func (r *queryResolver) Changes(ctx context.Context, after *string, first *int32, types []model.ChangeType) (*model.ChangeFeed, error) {
	k, err := keyOf(ctx)
	if err != nil {
		return nil, err
	}
	wanted := make([]partner.ChangeType, len(types))
	for i, t := range types {
		wanted[i] = partner.ChangeType(t)
	}
	page, err := r.Partners.Changes(ctx, k, orEmpty(after), orDefault(first), wanted)
	if err != nil {
		return nil, err
	}
	feed := &model.ChangeFeed{Changes: make([]*model.Change, len(page.Changes)), Next: page.Next, HasMore: page.HasMore}
	for i, c := range page.Changes {
		out := &model.Change{Cursor: c.Cursor, Type: model.ChangeType(c.Type), At: c.At, ArticleID: id.Encode(id.Article, c.ArticleID)}
		if c.Reason != "" {
			reason := model.RemovalReason(c.Reason)
			out.Reason = &reason
		}
		if c.Story != nil {
			if out.Article, err = ninjs.Encode(c.Story.Item); err != nil {
				return nil, err
			}
		}
		feed.Changes[i] = out
	}
	return feed, nil
}

func orDefault(first *int32) int {
	if first == nil {
		return partner.DefaultPage
	}
	if *first == 0 {
		return -1 // refused, where the service takes 0 for none given
	}
	return int(*first)
}

// ContentSnapshot is the field of the same name of Query.
func (r *queryResolver) ContentSnapshot(ctx context.Context, after *string, first *int32) (*model.ContentSnapshot, error) {
	k, err := keyOf(ctx)
	if err != nil {
		return nil, err
	}
	page, err := r.Partners.Snapshot(access.With(ctx, access.Viewer{}), k, orEmpty(after), orDefault(first))
	if err != nil {
		return nil, err
	}
	out := &model.ContentSnapshot{Articles: make([]json.RawMessage, len(page.Stories)), Next: orNull(page.Next), ChangesCursor: page.Changes}
	for i, s := range page.Stories {
		if out.Articles[i], err = ninjs.Encode(s.Item); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// AcknowledgeChange is the field of the same name of Mutation.
func (r *mutationResolver) AcknowledgeChange(ctx context.Context, in model.AcknowledgeChangeInput) (*model.AcknowledgeChangePayload, error) {
	k, err := keyOf(ctx)
	if err != nil {
		return nil, err
	}
	err = r.Partners.Acknowledge(ctx, k, in.Cursor)
	if code := fault.CodeOf(err); code == fault.NotFound || code == fault.CursorInvalid {
		err = fault.Mistake(fault.Missing, "cursor", "This is no change that took an article away, or a later one gave it back.").Because(err)
	}
	wrong, err := mistakes(err)
	out := &model.AcknowledgeChangePayload{UserErrors: wrong}
	if len(wrong) == 0 {
		out.AcknowledgedCursor = &in.Cursor
	}
	return payload(out, err)
}
