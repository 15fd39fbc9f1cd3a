package newsroom

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/broadsheet-cms/broadsheet/ent"
	"github.com/broadsheet-cms/broadsheet/ent/autosave"
	"github.com/broadsheet-cms/broadsheet/internal/access"
	"github.com/broadsheet-cms/broadsheet/internal/content"
	"github.com/broadsheet-cms/broadsheet/internal/fault"
)

// Autosave is what an editor has typed and not saved.
//
// It belongs to the editor alone: it never touches the article, and makes no
// revision, no version, no event and no entry in the record of who did what.
// Nothing has been done until it is saved.
type Autosave struct {
	Draft       *content.Draft // the article with what was typed
	BaseVersion int            // version of the article that was being edited
	SavedAt     time.Time
	Stale       bool // somebody saved the article after that version
}

// Autosave keeps what the viewer has typed of an article. It builds on what was
// kept before for the same version, so a program may send only what changed;
// for another version, on the article as it is now. What would have to be looked
// up (a free slug, things that are there, an original) is asked when it is saved.
func (s *Service) Autosave(ctx context.Context, articleID, baseVersion int, p Patch) (kept *Autosave, err error) {
	err = s.work(ctx, articleID, access.WriteArticles, mayEdit, func(ctx context.Context, w *working) error {
		if baseVersion < 1 || baseVersion > w.row.Version {
			return fault.Mistake(fault.Invalid, "baseVersion", "The article has not been at version %d.", baseVersion)
		}
		before, err := s.autosaveOf(ctx, articleID, w.viewer.UserID)
		if err != nil {
			return err
		}
		draft := w.draft
		if before != nil && before.BaseVersion == baseVersion {
			if draft, err = typed(before); err != nil {
				return err
			}
		}
		if err := fill(draft, p); err != nil {
			return err
		}
		if p.Slug != nil {
			draft.Slug = cleanLine(*p.Slug)
			if err := checkText("article.slug", draft.Slug, maxLine); err != nil {
				return err
			}
		}
		text, err := json.Marshal(draft)
		if err != nil {
			return fmt.Errorf("keep an autosave: %w", err)
		}
		if before != nil {
			before, err = before.Update().SetBaseVersion(baseVersion).SetContent(text).SetSavedAt(w.now).Save(ctx)
		} else {
			before, err = s.db.Ent(ctx).Autosave.Create().SetArticleID(articleID).SetUserID(w.viewer.UserID).SetBaseVersion(baseVersion).
				SetContent(text).SetSavedAt(w.now).Save(ctx)
		}
		if err != nil {
			return fmt.Errorf("keep an autosave: %w", err)
		}
		kept, err = readAutosave(before, w.row.Version)
		return err
	})
	if err != nil {
		return nil, err
	}
	return kept, nil
}

// Autosaves gives what the viewer has typed of articles and not saved.
func (s *Service) Autosaves(ctx context.Context, articles []*Record) (map[int]*Autosave, error) {
	versions := make(map[int]int, len(articles))
	ids := make([]int, len(articles))
	for i, r := range articles {
		ids[i], versions[r.Article.ID] = r.Article.ID, r.Version
	}
	rows, err := s.db.Ent(ctx).Autosave.Query().Where(autosave.ArticleIDIn(ids...), autosave.UserID(access.Of(ctx).UserID)).All(ctx)
	if err != nil {
		return nil, fmt.Errorf("read autosaves: %w", err)
	}
	found := make(map[int]*Autosave, len(rows))
	for _, a := range rows {
		if found[a.ArticleID], err = readAutosave(a, versions[a.ArticleID]); err != nil {
			return nil, err
		}
	}
	return found, nil
}

// DiscardAutosave throws away what the viewer has typed of an article.
func (s *Service) DiscardAutosave(ctx context.Context, articleID int) error {
	return s.work(ctx, articleID, access.WriteArticles, anybody, func(ctx context.Context, w *working) error {
		return s.dropAutosave(ctx, w, nil, 0)
	})
}

// dropAutosave throws away what the editor had typed, once it is saved.
func (s *Service) dropAutosave(ctx context.Context, w *working, _ *ent.Article, _ int) error {
	_, err := s.db.Ent(ctx).Autosave.Delete().Where(autosave.ArticleID(w.row.ID), autosave.UserID(w.viewer.UserID)).Exec(ctx)
	if err != nil {
		return fmt.Errorf("drop an autosave: %w", err)
	}
	return nil
}

func (s *Service) autosaveOf(ctx context.Context, articleID, userID int) (*ent.Autosave, error) {
	a, err := s.db.Ent(ctx).Autosave.Query().Where(autosave.ArticleID(articleID), autosave.UserID(userID)).Only(ctx)
	if ent.IsNotFound(err) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("find an autosave: %w", err)
	}
	return a, nil
}

func typed(a *ent.Autosave) (*content.Draft, error) {
	d := new(content.Draft)
	if err := json.Unmarshal(a.Content, d); err != nil {
		return nil, fmt.Errorf("read autosave %d: %w", a.ID, err)
	}
	d.ID = a.ArticleID
	return d, nil
}

func readAutosave(a *ent.Autosave, version int) (*Autosave, error) {
	d, err := typed(a)
	if err != nil {
		return nil, err
	}
	return &Autosave{Draft: d, BaseVersion: a.BaseVersion, SavedAt: a.SavedAt, Stale: a.BaseVersion != version}, nil
}
