package taxonomy

import (
	"context"
	"database/sql"
	"fmt"
	"slices"

	"github.com/broadsheet-cms/broadsheet/ent/author"
	"github.com/broadsheet-cms/broadsheet/ent/category"
	"github.com/broadsheet-cms/broadsheet/internal/content"
	"github.com/broadsheet-cms/broadsheet/internal/event"
	"github.com/broadsheet-cms/broadsheet/internal/fault"
	"github.com/broadsheet-cms/broadsheet/internal/id"
	"github.com/broadsheet-cms/broadsheet/internal/store"
)

// heightSQL counts the levels of a section with what is below it. UNION ends
// should the tree ever have a loop, together with the bound on the depth.
var heightSQL = store.MaintainBoth(`
	WITH RECURSIVE below (id, depth) AS (
		SELECT id, 1 FROM categories WHERE id = $1
		UNION SELECT c.id, below.depth + 1 FROM below JOIN categories c ON c.parent_id = below.id WHERE below.depth < 100
	) SELECT coalesce(max(depth), 0) FROM below`)

// height gives the levels of a section with what is below it.
func (s *Service) height(ctx context.Context, key int) (int, error) {
	found, err := store.Collect(ctx, s.db, heightSQL, store.ScanInt, key)
	if err != nil {
		return 0, fmt.Errorf("measure the tree of sections: %w", err)
	}
	return found[0], nil
}

// ancestors gives the way from a section to the top, itself included; nothing
// when there is no such section.
func (s *Service) ancestors(ctx context.Context, key int) ([]int, error) {
	found, err := store.Collect(ctx, s.db, ancestorsSQL, func(rows *sql.Rows) (id int, err error) {
		err = rows.Scan(&id)
		return id, err
	}, key)
	if err != nil {
		return nil, fmt.Errorf("read the way to the top: %w", err)
	}
	return found, nil
}

// mergeTree gives the sections right below one to another. Their articles are
// listed anew, as other sections stand above them now.
func (s *Service) mergeTree(ctx context.Context, from, into int) error {
	above, err := s.ancestors(ctx, into)
	if err != nil {
		return err
	}
	if slices.Contains(above, from) {
		return fault.Mistake(fault.Loop, "", "A section cannot be merged into one below it.")
	}
	client := s.db.Ent(ctx)
	children, err := client.Category.Query().Where(category.ParentID(from)).Order(category.ByID()).IDs(ctx)
	if err != nil || len(children) == 0 {
		return err
	}
	height, err := s.height(ctx, from)
	if err != nil {
		return err
	}
	if len(above)+height-1 > maxDepth {
		return fault.Mistake(fault.LimitReached, "", "Sections can be %d deep at most.", maxDepth)
	}
	if err := client.Category.Update().Where(category.ParentID(from)).SetParentID(into).Exec(ctx); err != nil {
		return err
	}
	moved := event.Detail{OldParent: from, NewParent: into}
	for _, child := range children {
		if err := s.content.Relist(ctx, content.ByCategory, child); err != nil {
			return err
		}
		if err := s.log.Append(ctx, event.Event{Action: event.Updated, Entity: id.Category, EntityID: child, Detail: moved}); err != nil {
			return err
		}
	}
	return nil
}

// checkNoneBelow refuses to remove a section with others below it.
func (s *Service) checkNoneBelow(ctx context.Context, key int) error {
	has, err := s.db.Ent(ctx).Category.Query().Where(category.ParentID(key)).Exist(ctx)
	if err == nil && has {
		err = fault.Mistake(fault.InUse, "id", "The section has sections below it: move or merge them first.")
	}
	return err
}

// mergeUsers gives the account that writes under one name to another person's
// that has none, so that its articles stay its own. A desk gets none: all of
// its articles would be that account's.
func (s *Service) mergeUsers(ctx context.Context, from, into int) error {
	client := s.db.Ent(ctx)
	gone, err := client.Author.Get(ctx, from)
	if err != nil || gone.UserID == nil {
		return err
	}
	if err := client.Author.UpdateOneID(from).ClearUserID().Exec(ctx); err != nil {
		return err
	}
	return client.Author.Update().Where(author.ID(into), author.UserIDIsNil(), author.KindEQ(author.KindPerson)).SetUserID(*gone.UserID).Exec(ctx)
}
