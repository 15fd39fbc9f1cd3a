package graph

import (
	"context"
	"strings"
	"unicode/utf8"

	"github.com/broadsheet-cms/broadsheet/graph/loader"
	"github.com/broadsheet-cms/broadsheet/graph/model"
	"github.com/broadsheet-cms/broadsheet/graph/relay"
	"github.com/broadsheet-cms/broadsheet/internal/access"
	"github.com/broadsheet-cms/broadsheet/internal/account"
	"github.com/broadsheet-cms/broadsheet/internal/fault"
	"github.com/broadsheet-cms/broadsheet/internal/id"
	"github.com/broadsheet-cms/broadsheet/internal/keyset"
)

// maxFilterWords bounds the words that accounts are looked for by, in bytes.
const maxFilterWords = 200

// Users is the field of the same name of Query.
func (r *queryResolver) Users(ctx context.Context, role *access.Role, staffOnly *bool, query *string, first *int32, after *string, last *int32, before *string) (*model.AccountConnection, error) {
	f := account.Filter{Staff: staffOnly != nil && *staffOnly}
	if role != nil {
		f.Role = *role
	}
	if query != nil {
		f.Words = *query
	}
	if len(f.Words) > maxFilterWords || !utf8.ValidString(f.Words) || strings.ContainsRune(f.Words, 0) {
		return nil, fault.BadInput("query", "query is a text of at most %d bytes", maxFilterWords)
	}
	list := relay.List[*loader.Account]{
		Name: listName("users", f.Role, f.Staff, f.Words),
		Key:  func(a *loader.Account) keyset.Key { return account.Key(a.Stored()) },
		Beyond: func(ctx context.Context, k keyset.Key, behind bool) (bool, error) {
			return r.Accounts.Beyond(ctx, f, k, behind)
		},
		Count: func(ctx context.Context, limit int) (int, error) { return r.Accounts.Count(ctx, f, limit) },
	}
	return relay.Page(ctx, relay.Args{First: first, After: after, Last: last, Before: before}, list, func(ctx context.Context, w keyset.Window) ([]*account.Account, error) {
		return r.Accounts.List(ctx, f, w)
	}, func(found []*account.Account) []*loader.Account { return loader.Accounts.Rows(ctx, found) })
}

// User is the field of the same name of Query.
func (r *queryResolver) User(ctx context.Context, userID string) (*loader.Account, error) {
	key, err := decodeID("id", id.User, userID)
	if err != nil {
		return nil, err
	}
	found, err := r.Accounts.ByID(ctx, key)
	if err != nil {
		return nil, err
	}
	return loader.Accounts.One(ctx, found), nil
}
