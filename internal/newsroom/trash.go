package newsroom

import (
	"context"

	"github.com/broadsheet-cms/broadsheet/ent"
	"github.com/broadsheet-cms/broadsheet/internal/access"
	"github.com/broadsheet-cms/broadsheet/internal/content"
	"github.com/broadsheet-cms/broadsheet/internal/fault"
)

// Trash puts an article away where only Recover finds it. A published one is
// taken back with it.
func (s *Service) Trash(ctx context.Context, articleID int, expected *int, note string) (*ent.Article, error) {
	return s.change(ctx, articleID, change{
		action: "trashArticle", needs: access.WriteArticles, expected: expected, note: note,
		may: func(w *working) error {
			switch {
			case w.row.Status == killed:
				return fault.Mistake(fault.IllegalTransition, "id", "A killed article stays.")
			case w.viewer.Can(access.PublishArticles), w.own && w.row.Status == draft:
				return nil
			}
			return access.Forbidden()
		},
		apply: func(_ context.Context, w *working) (*content.Move, error) {
			m := &content.Move{ID: articleID, Status: w.row.Status, At: w.now, TrashedAt: &w.now}
			switch m.Status {
			case published:
				m.Status = unpublished
			case scheduled, embargoed:
				m.Status = approved // its time must not come while it lies there
			}
			return m, nil
		},
	})
}

// Recover takes an article out of the trash.
func (s *Service) Recover(ctx context.Context, articleID int, expected *int, note string) (*ent.Article, error) {
	return s.change(ctx, articleID, change{
		action: "restoreArticle", needs: access.WriteArticles, expected: expected, note: note, trashed: true,
		may: func(*working) error { return nil }, // whoever sees it there
		apply: func(_ context.Context, w *working) (*content.Move, error) {
			return &content.Move{ID: articleID, Status: w.row.Status, At: w.now}, nil
		},
	})
}
