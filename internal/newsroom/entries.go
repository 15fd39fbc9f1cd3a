package newsroom

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/broadsheet-cms/broadsheet/ent"
	"github.com/broadsheet-cms/broadsheet/ent/article"
	"github.com/broadsheet-cms/broadsheet/ent/liveentry"
	"github.com/broadsheet-cms/broadsheet/internal/access"
	"github.com/broadsheet-cms/broadsheet/internal/content"
	"github.com/broadsheet-cms/broadsheet/internal/fault"
	"github.com/broadsheet-cms/broadsheet/internal/richtext"
)

// EntryPatch is what a reporter writes of an entry of a live blog: nil fields
// stay as they are.
type EntryPatch struct {
	Title       *string
	Body        *[]richtext.Block
	PublishedAt *time.Time
	Key, Pinned *bool
}

// maxEntries bounds the entries of one live blog, as every revision keeps all.
const maxEntries = 1000

// AddEntry adds an entry to a live blog, of now unless the patch names a time
// that is over. Entries are no part of what a lock guards: many report at once.
func (s *Service) AddEntry(ctx context.Context, articleID int, p EntryPatch) (a *ent.Article, entry *ent.LiveEntry, err error) {
	a, err = s.report(ctx, "addLiveEntry", articleID, func(w *working) error {
		if len(w.draft.Entries) >= maxEntries {
			return fault.Mistake(fault.LimitReached, "articleId", "A live blog has at most %d entries.", maxEntries)
		}
		e := content.Entry{PublishedAt: w.now, Body: []richtext.Block{}}
		if err := p.fill(&e, w.now); err != nil {
			return err
		}
		if e.Title == "" && len(e.Body) == 0 {
			return fault.Mistake(fault.Blank, "entry.body", "An entry needs words.")
		}
		w.draft.Entries = append(w.draft.Entries, e)
		return nil
	}, func(ctx context.Context) error {
		// Keys grow, and the article is held.
		entry, err = s.db.Ent(ctx).LiveEntry.Query().Where(liveentry.ArticleID(articleID)).Order(ent.Desc(liveentry.FieldID)).First(ctx)
		return err
	})
	if err != nil {
		return nil, nil, err
	}
	return a, entry, nil
}

// UpdateEntry changes an entry of a live blog.
func (s *Service) UpdateEntry(ctx context.Context, entryID int, p EntryPatch) (a *ent.Article, entry *ent.LiveEntry, err error) {
	articleID, err := s.blogOf(ctx, entryID)
	if err != nil {
		return nil, nil, err
	}
	a, err = s.report(ctx, "updateLiveEntry", articleID, func(w *working) error {
		i := entryAt(w, entryID)
		if i < 0 {
			return missingEntry()
		}
		return p.fill(&w.draft.Entries[i], w.now)
	}, func(ctx context.Context) error {
		entry, err = s.db.Ent(ctx).LiveEntry.Get(ctx, entryID)
		return err
	})
	if err != nil {
		return nil, nil, err
	}
	return a, entry, nil
}

// RemoveEntry takes an entry out of a live blog. Its revisions keep it.
func (s *Service) RemoveEntry(ctx context.Context, entryID int) (*ent.Article, error) {
	articleID, err := s.blogOf(ctx, entryID)
	if err != nil {
		return nil, err
	}
	return s.report(ctx, "removeLiveEntry", articleID, func(w *working) error {
		i := entryAt(w, entryID)
		if i < 0 {
			return missingEntry()
		}
		w.draft.Entries = slices.Delete(w.draft.Entries, i, i+1)
		return nil
	}, nil)
}

func missingEntry() error { return fault.Mistake(fault.Missing, "id", "There is no such entry.") }

func entryAt(w *working, entryID int) int {
	return slices.IndexFunc(w.draft.Entries, func(e content.Entry) bool { return e.ID == entryID })
}

// blogOf gives the live blog of an entry, if the viewer may see it.
func (s *Service) blogOf(ctx context.Context, entryID int) (int, error) {
	if err := access.Require(ctx, access.WriteArticles); err != nil {
		return 0, err
	}
	e, err := s.db.Ent(ctx).LiveEntry.Query().Where(liveentry.ID(entryID)).Only(ctx)
	if ent.IsNotFound(err) {
		return 0, missingEntry()
	}
	if err != nil {
		return 0, fmt.Errorf("find a live entry: %w", err)
	}
	return e.ArticleID, nil
}

// report changes the entries of a live blog. Where readers see it, they see
// that it has news.
func (s *Service) report(ctx context.Context, action string, articleID int, entries func(w *working) error, after func(ctx context.Context) error) (*ent.Article, error) {
	return s.change(ctx, articleID, change{
		action: action, needs: access.WriteArticles, may: mayEdit,
		apply: func(_ context.Context, w *working) (*content.Move, error) {
			if w.row.Kind != article.KindLiveBlog {
				return nil, fault.Mistake(fault.Invalid, "articleId", "Only a live blog has entries.")
			}
			if err := entries(w); err != nil {
				return nil, err
			}
			if w.draft.PublishedAt != nil {
				w.draft.UpdatedAt = &w.now
			}
			return nil, nil
		},
		after: func(ctx context.Context, _ *working, _ *ent.Article, _ int) error {
			if after == nil {
				return nil
			}
			if err := after(ctx); err != nil {
				return fmt.Errorf("find a live entry: %w", err)
			}
			return nil
		},
	})
}

// fill puts the patch into an entry, or says what is wrong with it.
func (p EntryPatch) fill(e *content.Entry, now time.Time) error {
	var wrong []error
	if p.Title != nil {
		e.Title = cleanLine(*p.Title)
		wrong = append(wrong, checkText("entry.title", e.Title, maxTitle))
	}
	if p.Body != nil {
		e.Body = richtext.KeepOwnWords(e.Body, richtext.Sanitise(*p.Body))
		wrong = append(wrong, checkBody("entry.body", e.Body))
	}
	if p.PublishedAt != nil {
		e.PublishedAt = p.PublishedAt.UTC().Truncate(time.Microsecond)
		if e.PublishedAt.After(now) {
			wrong = append(wrong, fault.Mistake(fault.Invalid, "entry.publishedAt", "The time of an entry is not to come."))
		}
	}
	set(&e.Key, p.Key)
	set(&e.Pinned, p.Pinned)
	return errors.Join(wrong...)
}
