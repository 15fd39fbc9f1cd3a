package newsroom

import (
	"context"
	"database/sql"
	"fmt"
	"time"

	"github.com/broadsheet-cms/broadsheet/ent"
	"github.com/broadsheet-cms/broadsheet/ent/article"
	"github.com/broadsheet-cms/broadsheet/ent/menuitem"
	"github.com/broadsheet-cms/broadsheet/ent/pick"
	"github.com/broadsheet-cms/broadsheet/ent/predicate"
	"github.com/broadsheet-cms/broadsheet/ent/withdrawal"
	"github.com/broadsheet-cms/broadsheet/internal/event"
	"github.com/broadsheet-cms/broadsheet/internal/permalink"
	"github.com/broadsheet-cms/broadsheet/internal/site"
	"github.com/broadsheet-cms/broadsheet/internal/store"
)

// withdraw keeps what readers are told at the path of a killed story, and why
// it was killed.
func (s *Service) withdraw(ctx context.Context, w *working, t StepInput) error {
	notice, reason := cleanText(t.Notice), cleanText(t.Reason)
	if err := checkText("notice", notice, maxNote); err != nil {
		return err
	}
	if err := checkText("reason", reason, maxNote); err != nil {
		return err
	}
	b := s.db.Ent(ctx).Withdrawal.Create().SetArticleID(w.row.ID).SetNotice(notice).SetReason(reason).SetWithdrawnAt(w.now)
	if notice != "" && w.row.Visibility == article.VisibilityPublic {
		b.SetPath(permalink.Path(permalink.Article, w.row.Slug))
	}
	if w.viewer.UserID != 0 {
		b.SetUserID(w.viewer.UserID)
	}
	if err := b.Exec(ctx); err != nil {
		return fmt.Errorf("keep a withdrawal: %w", err)
	}
	return s.dropPicks(ctx, w.row.ID)
}

// dropPicks takes an article off every page that it was picked for.
func (s *Service) dropPicks(ctx context.Context, articleID int) error {
	picks, err := s.db.Ent(ctx).Pick.Query().Where(pick.ArticleID(articleID)).All(ctx)
	if err != nil {
		return fmt.Errorf("find picks: %w", err)
	}
	if len(picks) == 0 {
		return nil
	}
	if _, err := s.db.Ent(ctx).Pick.Delete().Where(pick.ArticleID(articleID)).Exec(ctx); err != nil {
		return fmt.Errorf("drop picks: %w", err)
	}
	events := make([]event.Event, len(picks))
	for i, p := range picks {
		events[i] = event.Event{Action: event.Updated, Entity: event.Pick, EntityID: pageKey(p.CategoryID)}
	}
	return s.log.Append(ctx, events...)
}

// Notice is what readers are told at the path of a story that was killed.
type Notice struct {
	Path        string
	Text        string
	WithdrawnAt time.Time
}

// Notice gives what readers are told at a path, nil when that is nothing. It
// reads withdrawals alone: the article is hidden from whoever asks.
func (s *Service) Notice(ctx context.Context, path string) (*Notice, error) {
	return s.notice(ctx, withdrawal.Path(path))
}

var noticeBehindSQL = store.ReadBoth(`SELECT w.path, w.notice, w.withdrawn_at FROM redirects r JOIN withdrawals w ON w.article_id = r.target_id
	WHERE r.path = $1 AND r.target_type = 'ARTICLE' AND w.path <> ''`)

// NoticeBehind is Notice for an old path, which leads to an article that nobody
// sees any more.
func (s *Service) NoticeBehind(ctx context.Context, path string) (*Notice, error) {
	found, err := store.Collect(ctx, s.db, noticeBehindSQL, func(rows *sql.Rows) (*Notice, error) {
		n := new(Notice)
		err := rows.Scan(&n.Path, &n.Text, &n.WithdrawnAt)
		return n, err
	}, path)
	if err != nil || len(found) == 0 {
		return nil, err
	}
	return found[0], nil
}

func (s *Service) notice(ctx context.Context, where ...predicate.Withdrawal) (*Notice, error) {
	w, err := s.db.Ent(ctx).Withdrawal.Query().Where(where...).First(ctx)
	if ent.IsNotFound(err) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("find a notice of withdrawal: %w", err)
	}
	return &Notice{Path: w.Path, Text: w.Notice, WithdrawnAt: w.WithdrawnAt}, nil
}

// Withdrawals gives why and by whom articles were killed, for those who have
// the records of the articles.
func (s *Service) Withdrawals(ctx context.Context, articles []int) (map[int]*ent.Withdrawal, error) {
	rows, err := s.db.Ent(ctx).Withdrawal.Query().Where(withdrawal.ArticleIDIn(articles...)).All(ctx)
	return byKey(rows, func(w *ent.Withdrawal) int { return w.ArticleID }, err)
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
