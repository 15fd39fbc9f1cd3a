package site

import (
	"context"
	"fmt"

	"github.com/broadsheet-cms/broadsheet/ent"
	"github.com/broadsheet-cms/broadsheet/internal/store"
)

var redirectsByIDSQL = store.ReadBoth(`SELECT r.id, r.path, r.target_type, r.target_id, r.address, r.status_code
	FROM each_id($1) JOIN redirects r ON r.id = each_id.id WHERE visible_redirect(r)`)

// RedirectsByIDs gives redirects by key.
func (s *Service) RedirectsByIDs(ctx context.Context, ids []int) (map[int]*ent.Redirect, error) {
	rows, err := store.Collect(ctx, s.db, redirectsByIDSQL, scanRedirect, s.db.IDs(ids))
	if err != nil {
		return nil, fmt.Errorf("find redirects: %w", err)
	}
	found := make(map[int]*ent.Redirect, len(rows))
	for _, r := range rows {
		found[r.ID] = r
	}
	return found, nil
}
