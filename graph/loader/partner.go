package loader

import (
	"context"

	"github.com/broadsheet-cms/broadsheet/ent/article"
	"github.com/broadsheet-cms/broadsheet/internal/id"
	"github.com/broadsheet-cms/broadsheet/internal/partner"
)

type apiKeyRow = partner.Key

// APIKey is the access of a partner, in a response.
type APIKey struct {
	*apiKeyRow
	place[partner.Key]
}

// APIKeys are the door for the keys of partners.
var APIKeys = &Kind[partner.Key, APIKey]{id.APIKey, func(k *partner.Key) int { return k.ID },
	func(k *partner.Key, p place[partner.Key]) APIKey { return APIKey{k, p} },
	func(ctx context.Context, r *Response, keys []int) (map[int]*partner.Key, error) {
		return r.Partners.ByIDs(ctx, keys)
	}}

// PublicID is the key's id in the API.
func (k *APIKey) PublicID() string { return k.apiKeyRow.PublicID() }

// Addresses answers the field of the same name.
func (k *APIKey) Addresses() []string {
	networks := make([]string, len(k.apiKeyRow.Addresses))
	for i, a := range k.apiKeyRow.Addresses {
		networks[i] = a.String()
	}
	return networks
}

// Entitlement is which articles a key may have.
type Entitlement struct {
	CategoryIDs, TagIDs []string
	Kinds               []article.Kind
	Languages           []string
	OwnRightsOnly       bool
}

// Entitlement answers the field of the same name.
func (k *APIKey) Entitlement() *Entitlement {
	e := k.apiKeyRow.Entitlement
	return &Entitlement{CategoryIDs: encoded(id.Category, e.Categories), TagIDs: encoded(id.Tag, e.Tags), Kinds: append([]article.Kind{}, e.Kinds...),
		Languages: append([]string{}, e.Languages...), OwnRightsOnly: e.OwnRights}
}

func encoded(prefix string, keys []int) []string {
	ids := make([]string, len(keys))
	for i, key := range keys {
		ids[i] = id.Encode(prefix, key)
	}
	return ids
}

// QuotaPerMinute answers the field of the same name.
func (k *APIKey) QuotaPerMinute() int { return k.QuotaMinute }

// QuotaPerDay answers the field of the same name.
func (k *APIKey) QuotaPerDay() int { return k.QuotaDay }
