package newsroom

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/broadsheet-cms/broadsheet/ent"
	"github.com/broadsheet-cms/broadsheet/ent/revision"
	"github.com/broadsheet-cms/broadsheet/internal/access"
	"github.com/broadsheet-cms/broadsheet/internal/content"
	"github.com/broadsheet-cms/broadsheet/internal/fault"
	"github.com/broadsheet-cms/broadsheet/internal/store"
)

// Actions of revisions that are no mutations.
const (
	actionImported = "imported" // as it was before its first change here
	actionDue      = "due"      // the server did what was planned
)

var lastRevisionSQL = store.MaintainBoth(`SELECT coalesce(max(number), 0) FROM revisions WHERE article_id = $1`)

func (s *Service) lastRevision(ctx context.Context, articleID int) (int, error) {
	found, err := store.Collect(ctx, s.db, lastRevisionSQL, store.ScanInt, articleID)
	if err != nil {
		return 0, fmt.Errorf("number a revision: %w", err)
	}
	return found[0], nil
}

// baseline keeps an article that has no history, as an import leaves it, before
// its first change.
func (s *Service) baseline(ctx context.Context, row *ent.Article, draft *content.Draft) error {
	last, err := s.lastRevision(ctx, row.ID)
	if err != nil || last > 0 {
		return err
	}
	return s.keep(ctx, 1, row, draft, actionImported, "", since(row), nil)
}

// since is when an article without a history became what it is.
func since(row *ent.Article) time.Time {
	if row.PublishedAt != nil && row.PublishedAt.Before(row.ModifiedAt) {
		return *row.PublishedAt
	}
	return row.ModifiedAt
}

// revise keeps an article as it is now stored and gives the number of the
// revision.
func (s *Service) revise(ctx context.Context, saved *ent.Article, action, note string, at time.Time) (int, error) {
	row, draft, err := s.articles.Load(ctx, saved.ID)
	if err != nil {
		return 0, err
	}
	last, err := s.lastRevision(ctx, saved.ID)
	if err != nil {
		return 0, err
	}
	var by *int
	if v := access.Of(ctx); v.UserID != 0 {
		by = &v.UserID
	}
	return last + 1, s.keep(ctx, last+1, row, draft, action, note, at, by)
}

func (s *Service) keep(ctx context.Context, number int, row *ent.Article, draft *content.Draft, action, note string, at time.Time, by *int) error {
	r, err := s.revision(ctx, number, row, draft, action, note, at, by)
	if err != nil {
		return err
	}
	if err := r.Exec(ctx); err != nil {
		return fmt.Errorf("keep a revision: %w", err)
	}
	return nil
}

// revision is an article on its way into the history.
func (s *Service) revision(ctx context.Context, number int, row *ent.Article, draft *content.Draft, action, note string, at time.Time, by *int) (*ent.RevisionCreate, error) {
	snapshot, err := json.Marshal(draft)
	if err != nil {
		return nil, fmt.Errorf("keep a revision: %w", err)
	}
	return s.db.Ent(ctx).Revision.Create().SetArticleID(row.ID).SetNumber(number).SetAction(action).SetStatus(string(row.Status)).
		SetVersion(row.Version).SetTitle(row.Title).SetSnapshot(snapshot).SetNote(note).SetNillableUserID(by).SetCreatedAt(at), nil
}

// Snapshot gives an article as a revision kept it.
func Snapshot(r *ent.Revision) (*content.Draft, error) {
	d := new(content.Draft)
	if err := json.Unmarshal(r.Snapshot, d); err != nil {
		return nil, fmt.Errorf("read revision %d: %w", r.ID, err)
	}
	d.ID = r.ArticleID
	return d, nil
}

// revisionOf finds one revision of an article by its number.
func (s *Service) revisionOf(ctx context.Context, articleID, number int) (*ent.Revision, error) {
	r, err := s.db.Ent(ctx).Revision.Query().Where(revision.ArticleID(articleID), revision.Number(number)).Only(ctx)
	if ent.IsNotFound(err) {
		return nil, fault.Mistake(fault.Missing, "number", "The article has no revision %d.", number)
	}
	if err != nil {
		return nil, fmt.Errorf("find a revision: %w", err)
	}
	return r, nil
}

// Restore makes an article's words what they were in an earlier revision. Its
// status, address and times stay. It is itself a change with a revision.
func (s *Service) Restore(ctx context.Context, articleID, number int, expected *int, note string) (*ent.Article, error) {
	return s.change(ctx, articleID, change{
		action: "restoreRevision", needs: access.WriteArticles, expected: expected, note: note, may: mayEdit,
		apply: func(ctx context.Context, w *working) (*content.Move, error) {
			if err := s.refuseLocked(ctx, w); err != nil {
				return nil, err
			}
			r, err := s.revisionOf(ctx, articleID, number)
			if err != nil {
				return nil, err
			}
			old, err := Snapshot(r)
			if err != nil {
				return nil, err
			}
			return nil, s.takeWords(ctx, w.draft, old)
		},
	})
}
