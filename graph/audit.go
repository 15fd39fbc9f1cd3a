package graph

import (
	"context"

	"github.com/broadsheet-cms/broadsheet/ent"
	"github.com/broadsheet-cms/broadsheet/graph/loader"
	"github.com/broadsheet-cms/broadsheet/graph/model"
	"github.com/broadsheet-cms/broadsheet/graph/relay"
	"github.com/broadsheet-cms/broadsheet/internal/access"
	"github.com/broadsheet-cms/broadsheet/internal/audit"
	"github.com/broadsheet-cms/broadsheet/internal/fault"
	"github.com/broadsheet-cms/broadsheet/internal/id"
	"github.com/broadsheet-cms/broadsheet/internal/keyset"
)

// AuditLog is the field of the same name of Query.
func (r *queryResolver) AuditLog(ctx context.Context, in *model.AuditFilter, first *int32, after *string, last *int32, before *string) (*relay.Connection[*loader.AuditEntry], error) {
	filter, none, err := decodeAuditFilter(in)
	if err != nil {
		return nil, err
	}
	read := func(ctx context.Context, w keyset.Window) ([]*ent.AuditEntry, error) {
		if none {
			return nil, access.Require(ctx, access.ReadAuditLog)
		}
		return r.Audit.Entries(ctx, filter, w)
	}
	list := relay.List[*loader.AuditEntry]{
		Name:   listName("auditLog", filterName(in)),
		Key:    func(e *loader.AuditEntry) keyset.Key { return audit.Key(e.Stored()) },
		Beyond: relay.BeyondBy(read),
		Count: func(ctx context.Context, limit int) (int, error) {
			if none {
				return 0, nil
			}
			return r.Audit.Count(ctx, filter, limit)
		},
	}
	return relay.Page(ctx, relay.Args{First: first, After: after, Last: last, Before: before}, list, read, func(found []*ent.AuditEntry) []*loader.AuditEntry {
		return loader.AuditEntries.List(ctx, loader.Dependency{List: "auditLog"}, found)
	})
}

// decodeAuditFilter gives the filter, and whether nothing can fit it: the id of
// a thing of another type names nothing.
func decodeAuditFilter(in *model.AuditFilter) (f audit.Filter, none bool, err error) {
	if in == nil {
		return f, false, nil
	}
	if s := in.ActorID.Value(); s != nil {
		if f.Actor, err = decodeID("filter.actorId", id.User, *s); err != nil {
			return f, false, err
		}
		none = f.Actor == 0
	}
	if s := in.TargetID.Value(); s != nil {
		if f.Entity, f.EntityID, err = id.Decode(*s); err != nil {
			return f, false, fault.BadInput("filter.targetId", "%.40q is no id of this API", *s).WithCause(err)
		}
	}
	if s := in.Action.Value(); s != nil {
		f.Action = *s
		none = none || !searchable(*s)
	}
	f.From, f.To = in.From.Value(), in.To.Value()
	return f, none, nil
}

// filterName tells one filter from another for cursors.
func filterName(in *model.AuditFilter) []string {
	if in == nil {
		return nil
	}
	name := []string{orEmpty(in.ActorID.Value()), orEmpty(in.Action.Value()), orEmpty(in.TargetID.Value()), "", ""}
	if t := in.From.Value(); t != nil {
		name[3] = t.String()
	}
	if t := in.To.Value(); t != nil {
		name[4] = t.String()
	}
	return name
}

func (r *auditEntryResolver) ActorRole(_ context.Context, e *loader.AuditEntry) (*string, error) {
	if e.ActorRole == "" {
		return nil, nil
	}
	return &e.ActorRole, nil
}

func (r *auditEntryResolver) ActorID(_ context.Context, e *loader.AuditEntry) (*string, error) {
	if e.ActorID == nil {
		return nil, nil
	}
	publicID := id.Encode(id.User, *e.ActorID)
	return &publicID, nil
}

func (r *auditEntryResolver) TargetID(_ context.Context, e *loader.AuditEntry) (*string, error) {
	publicID := e.TargetID()
	if publicID == "" {
		return nil, nil
	}
	return &publicID, nil
}
