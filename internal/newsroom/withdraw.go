package newsroom

import (
	"context"
	"fmt"

	"github.com/broadsheet-cms/broadsheet/ent/menuitem"
	"github.com/broadsheet-cms/broadsheet/internal/permalink"
	"github.com/broadsheet-cms/broadsheet/internal/site"
)

// withdraw keeps what readers are told at the path of a killed story, and why
// it was killed.
func (s *Service) withdraw(ctx context.Context, w *working, t Take) error {
	notice, reason := cleanLine(t.Notice), cleanLine(t.Reason)
	if err := checkText("notice", notice, maxNote); err != nil {
		return err
	}
	if err := checkText("reason", reason, maxNote); err != nil {
		return err
	}
	b := s.db.Ent(ctx).Withdrawal.Create().SetArticleID(w.row.ID).SetNotice(notice).SetReason(reason).SetWithdrawnAt(w.now)
	if w.viewer.UserID != 0 {
		b.SetUserID(w.viewer.UserID)
	}
	if err := b.Exec(ctx); err != nil {
		return fmt.Errorf("keep a withdrawal: %w", err)
	}
	return nil
}

// keepAddress leaves a redirect where an article that readers have seen gets
// another slug.
func (s *Service) keepAddress(ctx context.Context, w *working) error {
	if w.row.FirstPublishedAt == nil || w.draft.Slug == w.row.Slug {
		return nil
	}
	_, err := s.site.SaveRedirects(ctx, site.Redirect{Path: permalink.Path(permalink.Article, w.row.Slug),
		Target: site.Target{Type: menuitem.TargetTypeArticle, ID: w.row.ID}})
	return err
}
