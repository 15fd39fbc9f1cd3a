package newsroom

import (
	"context"
	"fmt"

	"github.com/broadsheet-cms/broadsheet/ent"
	"github.com/broadsheet-cms/broadsheet/ent/schema"
	"github.com/broadsheet-cms/broadsheet/internal/access"
	"github.com/broadsheet-cms/broadsheet/internal/content"
	"github.com/broadsheet-cms/broadsheet/internal/event"
	"github.com/broadsheet-cms/broadsheet/internal/fault"
	"github.com/broadsheet-cms/broadsheet/internal/id"
	"github.com/broadsheet-cms/broadsheet/internal/richtext"
)

// Correction says how a published article is set right.
type Correction struct {
	Patch
	Expected *int   // version that the caller knows; nil: any
	Note     string // what was wrong and what is right, for readers
}

// Correct sets a published article right and tells readers: it stores the
// change with the public note and the paragraphs that changed, and moves the
// times of the last change and correction that readers see.
func (s *Service) Correct(ctx context.Context, articleID int, c Correction) (*ent.Article, error) {
	note := cleanText(c.Note)
	var before content.Draft
	return s.change(ctx, articleID, change{
		action: "correctArticle", needs: access.PublishArticles, expected: c.Expected, note: note,
		may: func(w *working) error {
			if w.row.Status != published {
				return fault.Mistake(fault.IllegalTransition, "id", "Only a published article is corrected; this one is %s.", w.row.Status)
			}
			return nil
		},
		apply: func(ctx context.Context, w *working) (*content.Move, error) {
			if err := needText("note", note, maxNote); err != nil {
				return nil, err
			}
			if err := s.refuseLocked(ctx, w); err != nil {
				return nil, err
			}
			before = *w.draft // write puts a new body in place of the old one
			if err := s.write(ctx, w.viewer, w.draft, c.Patch); err != nil {
				return nil, err
			}
			w.draft.UpdatedAt, w.draft.CorrectedAt = &w.now, &w.now
			return nil, s.keepAddress(ctx, w)
		},
		after: func(ctx context.Context, w *working, saved *ent.Article, revision int) error {
			if err := s.dropAutosave(ctx, w, nil, 0); err != nil {
				return err
			}
			b := s.db.Ent(ctx).Correction.Create().SetArticleID(articleID).SetNote(note).SetChanges(paragraphs(&before, w.draft)).
				SetRevision(revision).SetIssuedAt(w.now)
			if w.viewer.UserID != 0 {
				b.SetUserID(w.viewer.UserID)
			}
			if err := b.Exec(ctx); err != nil {
				return fmt.Errorf("keep a correction: %w", err)
			}
			return s.log.Append(ctx, event.Event{Action: event.Corrected, Entity: id.Article, EntityID: articleID,
				Detail: event.Detail{Version: saved.Version}})
		},
	})
}

// paragraphs gives, as plain text, the headlines and blocks that read otherwise
// than before.
func paragraphs(before, after *content.Draft) []schema.ParagraphChange {
	changes := []schema.ParagraphChange{}
	compare := func(was, is string) {
		if was != is {
			changes = append(changes, schema.ParagraphChange{Before: was, After: is})
		}
	}
	compare(before.Title, after.Title)
	compare(before.Subtitle, after.Subtitle)
	for _, c := range diffBlocks(before.Body, after.Body) {
		compare(blockText(c.Before), blockText(c.After))
	}
	return changes
}

// blockText gives the words of a block, none for no block.
func blockText(b *richtext.Block) string {
	if b == nil {
		return ""
	}
	return richtext.Text([]richtext.Block{*b})
}
