package graph

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/netip"
	"time"

	"github.com/broadsheet-cms/broadsheet/graph/loader"
	"github.com/broadsheet-cms/broadsheet/graph/model"
	"github.com/broadsheet-cms/broadsheet/internal/access"
	"github.com/broadsheet-cms/broadsheet/internal/fault"
	"github.com/broadsheet-cms/broadsheet/internal/id"
	"github.com/broadsheet-cms/broadsheet/internal/ninjs"
	"github.com/broadsheet-cms/broadsheet/internal/partner"
)

// APIKeys is the field of the same name of Query.
func (r *queryResolver) APIKeys(ctx context.Context) ([]*loader.APIKey, error) {
	keys, err := r.Partners.Keys(ctx)
	if err != nil {
		return nil, err
	}
	return loader.APIKeys.List(ctx, loader.Dependency{List: "apiKeys"}, keys), nil
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
		all[i] = &model.APIKeyUsage{Day: d.Day, RequestCount: int32(min(d.Count, 1<<31-1))}
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
	return compliance(partners), nil
}

func compliance(partners []partner.Compliance) []*model.KillCompliance {
	all := make([]*model.KillCompliance, len(partners))
	for i, p := range partners {
		all[i] = &model.KillCompliance{APIKeyID: id.Encode(id.APIKey, p.KeyID), Name: p.Name, State: model.KillComplianceState(p.State),
			FetchedAt: p.FetchedAt, AcknowledgedAt: p.AcknowledgedAt, RemindedAt: p.RemindedAt}
	}
	return all
}

// RemindPartners is the field of the same name of Mutation.
func (r *mutationResolver) RemindPartners(ctx context.Context, in model.RemindPartnersInput) (*model.RemindPartnersPayload, error) {
	key, err := decodeID("articleId", id.Article, in.ArticleID)
	var reminded, unreachable []partner.Compliance
	if err == nil {
		reminded, unreachable, err = r.Partners.Remind(ctx, key)
	}
	wrong, err := mistakes(err)
	return payload(&model.RemindPartnersPayload{Reminded: compliance(reminded), Unreachable: compliance(unreachable), UserErrors: wrong}, err)
}

// UpdateAPIKey is the field of the same name of Mutation.
func (r *mutationResolver) UpdateAPIKey(ctx context.Context, in model.UpdateAPIKeyInput) (*model.UpdateAPIKeyPayload, error) {
	key, err := decodeID("id", id.APIKey, in.ID)
	var changed *partner.Key
	if err == nil {
		var email *string
		if in.ContactEmail.IsSet() {
			email = new(orEmpty(in.ContactEmail.Value()))
		}
		changed, err = r.Partners.Update(ctx, key, email)
	}
	wrong, err := mistakes(err)
	return payload(&model.UpdateAPIKeyPayload{APIKey: loader.APIKeys.One(ctx, changed), UserErrors: wrong}, err)
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
	return payload(&model.CreateAPIKeyPayload{APIKey: loader.APIKeys.One(ctx, made), Secret: orNull(secret), UserErrors: wrong}, err)
}

func orNull(s string) *string {
	if s == "" {
		return nil
	}
	return &s
}

func decodeKey(in model.CreateAPIKeyInput) (k partner.Key, err error) {
	k = partner.Key{Name: in.Name, Scopes: in.Scopes, ContactEmail: orEmpty(in.ContactEmail.Value()), ExpiresAt: in.ExpiresAt.Value()}
	if q := in.QuotaPerMinute.Value(); q != nil {
		k.QuotaMinute = int(*q)
	}
	if q := in.QuotaPerDay.Value(); q != nil {
		k.QuotaDay = int(*q)
	}
	if only := in.TrustedDocumentsOnly.Value(); only != nil {
		k.TrustedDocumentsOnly = *only
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
	return payload(&model.RotateAPIKeyPayload{APIKey: loader.APIKeys.One(ctx, rotated), Secret: orNull(secret), UserErrors: wrong}, err)
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
	return payload(&model.RevokeAPIKeyPayload{APIKey: loader.APIKeys.One(ctx, revoked), UserErrors: wrong}, err)
}

// requestKey gives the API key of a request.
func requestKey(ctx context.Context) (*partner.Key, error) {
	if k := partner.Of(ctx); k != nil {
		return k, nil
	}
	return nil, fault.New(fault.Unauthenticated, "Send an API key as Authorization: Bearer.")
}

// Changes is the field of the same name of Query.
func (r *queryResolver) Changes(ctx context.Context, after *string, first *int32, types []model.ChangeType) (*model.ChangeFeed, error) {
	k, err := requestKey(ctx)
	if err != nil {
		return nil, err
	}
	page, err := r.Partners.Changes(ctx, k, orEmpty(after), orDefault(first), changeTypes(types))
	if err != nil {
		return nil, err
	}
	return changeFeed(page)
}

func changeTypes(types []model.ChangeType) []partner.ChangeType {
	wanted := make([]partner.ChangeType, len(types))
	for i, t := range types {
		wanted[i] = partner.ChangeType(t)
	}
	return wanted
}

func changeFeed(page *partner.Page) (_ *model.ChangeFeed, err error) {
	feed := &model.ChangeFeed{Changes: make([]*model.Change, len(page.Changes)), Next: page.Next, HasMore: page.HasMore}
	for i, c := range page.Changes {
		out := &model.Change{Cursor: c.Cursor, Type: model.ChangeType(c.Type), At: c.At, ArticleID: id.Encode(id.Article, c.ArticleID), Reason: model.RemovalReason(cmp.Or(string(c.Reason), string(model.RemovalReasonNone)))}
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
	k, err := requestKey(ctx)
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
	k, err := requestKey(ctx)
	if err != nil {
		return nil, err
	}
	err = r.Partners.Acknowledge(ctx, k, in.Cursor)
	if code := fault.CodeOf(err); code == fault.NotFound || code == fault.CursorInvalid {
		err = fault.Mistake(fault.Missing, "cursor", "This is no change that took an article away, or a later one gave it back.").WithCause(err)
	}
	wrong, err := mistakes(err)
	out := &model.AcknowledgeChangePayload{UserErrors: wrong}
	if len(wrong) == 0 {
		out.AcknowledgedCursor = &in.Cursor
	}
	return payload(out, err)
}
