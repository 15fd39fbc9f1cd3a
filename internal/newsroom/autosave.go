package newsroom

import (
	"context"
	"fmt"

	"github.com/broadsheet-cms/broadsheet/ent"
	"github.com/broadsheet-cms/broadsheet/ent/autosave"
)

// dropAutosave throws away what the editor had typed, once it is saved.
func (s *Service) dropAutosave(ctx context.Context, w *working, _ *ent.Article, _ int) error {
	_, err := s.db.Ent(ctx).Autosave.Delete().Where(autosave.ArticleID(w.row.ID), autosave.UserID(w.viewer.UserID)).Exec(ctx)
	if err != nil {
		return fmt.Errorf("drop an autosave: %w", err)
	}
	return nil
}
