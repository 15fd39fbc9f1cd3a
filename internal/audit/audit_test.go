package audit_test

import (
	"context"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/broadsheet-cms/broadsheet/ent"
	"github.com/broadsheet-cms/broadsheet/internal/access"
	"github.com/broadsheet-cms/broadsheet/internal/audit"
	"github.com/broadsheet-cms/broadsheet/internal/fault"
	"github.com/broadsheet-cms/broadsheet/internal/id"
	"github.com/broadsheet-cms/broadsheet/internal/keyset"
	"github.com/broadsheet-cms/broadsheet/internal/store"
	"github.com/broadsheet-cms/broadsheet/internal/testkit"
)

func TestTheRecordIsPagedAndFiltered(t *testing.T) {
	t.Parallel()
	testkit.Databases(t, func(t *testing.T, db *store.DB) {
		log := audit.NewLog(db)
		start := time.Now().UTC().Add(-time.Minute)
		by := func(user int) func(action string, thing int) {
			ctx := access.With(t.Context(), access.Viewer{UserID: user, Role: access.Editor, Name: "Edda"})
			ctx = access.WithOrigin(ctx, access.Origin{Address: "192.0.2.1", UserAgent: "test", RequestID: "r"})
			return func(action string, thing int) {
				entry := audit.Entry{Action: action, Entity: id.Tag, EntityID: thing, After: map[string]int{"n": thing}}
				if err := db.Tx(ctx, func(ctx context.Context) error { return log.Record(ctx, entry) }); err != nil {
					t.Fatal(err)
				}
			}
		}
		one, two := by(1), by(2)
		one("createTag", 1)
		two("createTag", 2)
		one("updateTag", 1)
		one("deleteTag", 1)
		two("updateTag", 2)

		admin := access.With(t.Context(), access.Viewer{UserID: 9, Role: access.Admin})
		read := func(f audit.Filter, w keyset.Window) []*ent.AuditEntry {
			t.Helper()
			entries, err := log.Entries(admin, f, w)
			if err != nil {
				t.Fatal(err)
			}
			return entries
		}
		actions := func(entries []*ent.AuditEntry) (all []string) {
			for _, e := range entries {
				all = append(all, e.Action)
			}
			return all
		}
		soon := time.Now().UTC().Add(time.Minute)
		for name, c := range map[string]struct {
			filter audit.Filter
			want   []string
		}{
			"all":             {audit.Filter{}, []string{"updateTag", "deleteTag", "updateTag", "createTag", "createTag"}},
			"of one":          {audit.Filter{Actor: 1}, []string{"deleteTag", "updateTag", "createTag"}},
			"one action":      {audit.Filter{Action: "updateTag"}, []string{"updateTag", "updateTag"}},
			"one thing":       {audit.Filter{Entity: id.Tag, EntityID: 2}, []string{"updateTag", "createTag"}},
			"thing and actor": {audit.Filter{Entity: id.Tag, EntityID: 2, Actor: 1}, nil},
			"other things":    {audit.Filter{Entity: id.Page}, nil},
			"within":          {audit.Filter{From: &start, To: &soon, Actor: 2}, []string{"updateTag", "createTag"}},
			"before":          {audit.Filter{To: &start}, nil},
			"after":           {audit.Filter{From: &soon}, nil},
		} {
			if diff := cmp.Diff(c.want, actions(read(c.filter, keyset.First(10)))); diff != "" {
				t.Errorf("%s (-want +got):\n%s", name, diff)
			}
			n, err := log.Count(admin, c.filter, 100)
			if err != nil || n != len(c.want) {
				t.Errorf("%s: counted %d, want %d: %v", name, n, len(c.want), err)
			}
		}

		all := read(audit.Filter{}, keyset.First(10))
		var forward []*ent.AuditEntry
		for w := keyset.First(2); ; {
			page := read(audit.Filter{}, w)
			if len(page) == 0 {
				break
			}
			forward = append(forward, page...)
			w.After = new(audit.Key(page[len(page)-1]))
		}
		keys := func(entries []*ent.AuditEntry) (ids []int) {
			for _, e := range entries {
				ids = append(ids, e.ID)
			}
			return ids
		}
		if !slices.Equal(keys(all), keys(forward)) {
			t.Errorf("page by page %v, want %v", keys(forward), keys(all))
		}
		if last := read(audit.Filter{}, keyset.Window{Limit: 2, Backward: true}); !slices.Equal(keys(last), keys(all[3:])) {
			t.Errorf("the last two are %v, want %v", keys(last), keys(all[3:]))
		}
		e := all[0]
		if e.ActorName != "Edda" || e.Address != "192.0.2.1" || string(e.After) == "" || e.Before != nil {
			t.Errorf("entry %v after %s before %s", e, e.After, e.Before)
		}

		editor := access.With(t.Context(), access.Viewer{UserID: 1, Role: access.Editor})
		if _, err := log.Entries(editor, audit.Filter{}, keyset.First(1)); fault.CodeOf(err) != fault.Forbidden {
			t.Errorf("an editor reads the record: %v", err)
		}
		if found, err := log.ByIDs(editor, keys(all)); err != nil || len(found) != 0 {
			t.Errorf("an editor finds %d entries: %v", len(found), err)
		}
		if found, err := log.ByIDs(admin, keys(all)); err != nil || len(found) != 5 {
			t.Errorf("an administrator finds %d entries: %v", len(found), err)
		}
	})
}
