package account

import (
	"context"
	"fmt"

	"github.com/broadsheet-cms/broadsheet/ent/session"
	"github.com/broadsheet-cms/broadsheet/internal/access"
)

// SignOut ends the session that the viewer came with.
func (s *Service) SignOut(ctx context.Context) error {
	if err := access.Require(ctx, access.UseAccount); err != nil {
		return err
	}
	viewer := access.Of(ctx)
	_, err := s.db.Ent(ctx).Session.Delete().Where(session.ID(viewer.SessionID), session.UserID(viewer.UserID)).Exec(ctx)
	if err != nil {
		return fmt.Errorf("end a session: %w", err)
	}
	return nil
}
