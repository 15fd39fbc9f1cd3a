package graph

import (
	"context"
	"sync"

	"github.com/broadsheet-cms/broadsheet/ent"
	"github.com/broadsheet-cms/broadsheet/graph/model"
	"github.com/broadsheet-cms/broadsheet/graph/relay"
	"github.com/broadsheet-cms/broadsheet/internal/access"
	"github.com/broadsheet-cms/broadsheet/internal/audit"
	"github.com/broadsheet-cms/broadsheet/internal/fault"
	"github.com/broadsheet-cms/broadsheet/internal/id"
	"github.com/broadsheet-cms/broadsheet/internal/keyset"
)

// AuditLog is the field of the same name of Query.
func (r *queryResolver) AuditLog(ctx context.Context, in *model.AuditFilter, first *int32, after *string, last *int32, before *string) (*relay.Connection[*model.AuditEntry], error) {
	filter, none, err := decodeAuditFilter(in)
	if err != nil {
		return nil, err
	}
	read := func(ctx context.Context, w keyset.Window) ([]*model.AuditEntry, error) {
		if none {
			return nil, access.Require(ctx, access.ReadAuditLog)
		}
		rows, err := r.Audit.Entries(ctx, filter, w)
		return r.auditEntries(rows), err
	}
	list := relay.List[*model.AuditEntry]{
		Name:   listName("auditLog", filterName(in)),
		Key:    func(e *model.AuditEntry) keyset.Key { return audit.Key(e.AuditEntry) },
		Beyond: relay.BeyondBy(read),
		Count: func(ctx context.Context, limit int) (int, error) {
			if none {
				return 0, nil
			}
			return r.Audit.Count(ctx, filter, limit)
		},
	}
	return relay.Page(ctx, relay.Args{First: first, After: after, Last: last, Before: before}, list, read)
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
			return f, false, fault.BadInput("filter.targetId", "%.40q is no id of this API", *s).Because(err)
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

// auditEntries are entries that find what they are about together.
func (r *Resolver) auditEntries(rows []*ent.AuditEntry) []*model.AuditEntry {
	entries := make([]*model.AuditEntry, len(rows))
	var once sync.Once
	var found map[string]model.Node
	var failed error
	targets := func(ctx context.Context) (map[string]model.Node, error) {
		once.Do(func() {
			var ids []string
			seen := map[string]bool{"": true}
			for _, e := range entries {
				if publicID := e.TargetID(); !seen[publicID] {
					seen[publicID] = true
					ids = append(ids, publicID)
				}
			}
			var nodes []model.Node
			if nodes, failed = r.nodes(ctx, "target", ids); failed != nil {
				return
			}
			found = make(map[string]model.Node, len(ids))
			for i, publicID := range ids {
				found[publicID] = nodes[i]
			}
		})
		return found, failed
	}
	for i, row := range rows {
		entries[i] = &model.AuditEntry{AuditEntry: row, Targets: targets}
	}
	return entries
}

// auditNodes are entries by key for node(id:): none for those who may not read
// them.
func (r *Resolver) auditNodes(ctx context.Context, keys []int) (map[int]model.Node, error) {
	found, err := r.Audit.ByIDs(ctx, keys)
	if err != nil {
		return nil, err
	}
	rows := make([]*ent.AuditEntry, 0, len(found))
	for _, e := range found {
		rows = append(rows, e)
	}
	nodes := make(map[int]model.Node, len(rows))
	for _, e := range r.auditEntries(rows) {
		nodes[e.ID] = e
	}
	return nodes, nil
}

func (r *auditEntryResolver) ActorRole(_ context.Context, e *model.AuditEntry) (*string, error) {
	if e.ActorRole == "" {
		return nil, nil
	}
	return &e.ActorRole, nil
}

func (r *auditEntryResolver) ActorID(_ context.Context, e *model.AuditEntry) (*string, error) {
	if e.ActorID == nil {
		return nil, nil
	}
	publicID := id.Encode(id.User, *e.ActorID)
	return &publicID, nil
}

func (r *auditEntryResolver) TargetID(_ context.Context, e *model.AuditEntry) (*string, error) {
	publicID := e.TargetID()
	if publicID == "" {
		return nil, nil
	}
	return &publicID, nil
}

// Target is the thing itself, for a viewer who may see it.
func (r *auditEntryResolver) Target(ctx context.Context, e *model.AuditEntry) (model.Node, error) {
	publicID := e.TargetID()
	if publicID == "" {
		return nil, nil
	}
	found, err := e.Targets(ctx)
	return found[publicID], err
}
