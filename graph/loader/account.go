package loader

import (
	"context"

	"github.com/broadsheet-cms/broadsheet/ent"
	"github.com/broadsheet-cms/broadsheet/internal/account"
	"github.com/broadsheet-cms/broadsheet/internal/id"
)

type (
	sessionRow = ent.Session
	accountRow = account.Account
	auditRow   = ent.AuditEntry
)

func sessionsByIDs(ctx context.Context, r *Response, keys []int) (map[int]*ent.Session, error) {
	return r.Accounts.SessionsByIDs(ctx, keys)
}

func auditByIDs(ctx context.Context, r *Response, keys []int) (map[int]*ent.AuditEntry, error) {
	return r.Audit.ByIDs(ctx, keys)
}

// Session is a session of the viewer in a response.
type Session struct {
	*sessionRow
	place[ent.Session]
}

// Sessions are the door for sessions.
var Sessions = &Kind[ent.Session, Session]{id.Session, func(s *ent.Session) int { return s.ID },
	func(s *ent.Session, p place[ent.Session]) Session { return Session{s, p} }, sessionsByIDs}

// Account is an account, as those see it who manage them, in a response.
type Account struct {
	*accountRow
	place[account.Account]
}

// Accounts are the door for accounts.
var Accounts = &Kind[account.Account, Account]{id.User, func(a *account.Account) int { return a.ID },
	func(a *account.Account, p place[account.Account]) Account { return Account{a, p} }, nil}

// PublicID is its id in the API.
func (a *Account) PublicID() string { return a.accountRow.PublicID() }

// Stored is the row as services know it.
func (a *Account) Stored() *account.Account { return a.accountRow }

// AuditEntry is an entry of the audit log in a response.
type AuditEntry struct {
	*auditRow
	place[ent.AuditEntry]
}

// AuditEntries are the door for entries of the audit log.
var AuditEntries = &Kind[ent.AuditEntry, AuditEntry]{id.AuditEntry, func(e *ent.AuditEntry) int { return e.ID },
	func(e *ent.AuditEntry, p place[ent.AuditEntry]) AuditEntry { return AuditEntry{e, p} }, auditByIDs}

// Stored is the row as services know it.
func (e *AuditEntry) Stored() *ent.AuditEntry { return e.auditRow }

// about names what an entry is about, nothing for what has no public id.
func about(e *ent.AuditEntry) Ref {
	if e.Entity == "" || e.EntityID == 0 || !id.Known(e.Entity) {
		return Ref{}
	}
	return Ref{e.Entity, e.EntityID}
}

// TargetID is the public id of what the entry is about, empty for what has none.
func (e *AuditEntry) TargetID() string {
	ref := about(e.auditRow)
	if ref == (Ref{}) {
		return ""
	}
	return id.Encode(ref.Prefix, ref.Key)
}

var auditTarget = &field[ent.AuditEntry, none, Node]{func(ctx context.Context, c *cohort[ent.AuditEntry], _ none) ([]Node, error) {
	refs := make([]Ref, len(c.rows))
	for i, e := range c.rows {
		refs[i] = about(e)
	}
	return c.response.nodes(ctx, refs)
}}

// Target is the field of the same name: for a viewer who may see it.
func (e *AuditEntry) Target(ctx context.Context) (Node, error) {
	return get(ctx, e.place, auditTarget, none{})
}
