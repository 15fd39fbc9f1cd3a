package newsroom

import (
	"context"
	"fmt"
	"strings"

	"github.com/broadsheet-cms/broadsheet/ent"
	"github.com/broadsheet-cms/broadsheet/ent/articlenote"
	"github.com/broadsheet-cms/broadsheet/internal/access"
	"github.com/broadsheet-cms/broadsheet/internal/audit"
	"github.com/broadsheet-cms/broadsheet/internal/fault"
	"github.com/broadsheet-cms/broadsheet/internal/id"
)

// maxNotes bounds the notes of one article.
const maxNotes = 500

// noted is what the record of who did what keeps of a note.
type noted struct {
	Article  string `json:"article"`
	Text     string `json:"text"`
	Resolved bool   `json:"resolved"`
}

func notedOf(n *ent.ArticleNote) *noted {
	return &noted{id.Encode(id.Article, n.ArticleID), n.Text, n.ResolvedAt != nil}
}

// AddNote adds a remark to an article, for those who work on it.
func (s *Service) AddNote(ctx context.Context, articleID int, text string) (note *ent.ArticleNote, err error) {
	text = cleanText(text)
	err = s.work(ctx, articleID, access.WriteArticles, mayDiscuss, func(ctx context.Context, w *working) error {
		if err := needText("text", text, maxNote); err != nil {
			return err
		}
		n, err := s.db.Ent(ctx).ArticleNote.Query().Where(articlenote.ArticleID(articleID)).Count(ctx)
		if err != nil {
			return fmt.Errorf("count notes: %w", err)
		}
		if n >= maxNotes {
			return fault.Mistake(fault.LimitReached, "id", "An article has at most %d notes.", maxNotes)
		}
		note, err = s.db.Ent(ctx).ArticleNote.Create().SetArticleID(articleID).SetUserID(w.viewer.UserID).SetText(text).SetCreatedAt(w.now).Save(ctx)
		if err != nil {
			return fmt.Errorf("add a note: %w", err)
		}
		return s.audit.Record(ctx, audit.Entry{Action: "addArticleNote", Entity: id.ArticleNote, EntityID: note.ID, After: notedOf(note)})
	})
	if err != nil {
		return nil, err
	}
	return note, nil
}

// ResolveNote says that a note is done with. One that was so before stays as
// it is.
func (s *Service) ResolveNote(ctx context.Context, noteID int) (note *ent.ArticleNote, err error) {
	if err := access.Require(ctx, access.WriteArticles); err != nil {
		return nil, err
	}
	found, err := s.NotesByIDs(ctx, []int{noteID})
	if err != nil {
		return nil, err
	}
	if found[noteID] == nil {
		return nil, fault.Mistake(fault.Missing, "id", "There is no such note.")
	}
	err = s.work(ctx, found[noteID].ArticleID, access.WriteArticles, mayDiscuss, func(ctx context.Context, w *working) error {
		before, err := s.db.Ent(ctx).ArticleNote.Get(ctx, noteID)
		if err != nil {
			return fmt.Errorf("find a note: %w", err)
		}
		if note = before; before.ResolvedAt != nil {
			return nil
		}
		note, err = before.Update().SetResolvedAt(w.now).SetResolvedBy(w.viewer.UserID).Save(ctx)
		if err != nil {
			return fmt.Errorf("resolve a note: %w", err)
		}
		return s.audit.Record(ctx, audit.Entry{Action: "resolveArticleNote", Entity: id.ArticleNote, EntityID: noteID, Before: notedOf(before), After: notedOf(note)})
	})
	if err != nil {
		return nil, err
	}
	return note, nil
}

// Notes gives the notes of articles, oldest first, for those who have the
// records of the articles.
func (s *Service) Notes(ctx context.Context, articles []int) (map[int][]*ent.ArticleNote, error) {
	rows, err := s.db.Ent(ctx).ArticleNote.Query().Where(articlenote.ArticleIDIn(articles...)).
		Order(ent.Asc(articlenote.FieldCreatedAt, articlenote.FieldID)).All(ctx)
	if err != nil {
		return nil, fmt.Errorf("read notes: %w", err)
	}
	found := make(map[int][]*ent.ArticleNote, len(articles))
	for _, n := range rows {
		found[n.ArticleID] = append(found[n.ArticleID], n)
	}
	return found, nil
}

// NotesByIDs gives notes by key, on articles that the viewer works on.
func (s *Service) NotesByIDs(ctx context.Context, ids []int) (map[int]*ent.ArticleNote, error) {
	rows, err := s.db.Ent(ctx).ArticleNote.Query().Where(articlenote.IDIn(ids...)).All(ctx)
	if err != nil {
		return nil, fmt.Errorf("find notes: %w", err)
	}
	return onTheirs(ctx, s, rows, func(n *ent.ArticleNote) (int, int) { return n.ID, n.ArticleID })
}

// cleanText is cleanLine line by line.
func cleanText(text string) string {
	lines := strings.Split(strings.ReplaceAll(text, "\r\n", "\n"), "\n")
	for i, line := range lines {
		lines[i] = cleanLine(line)
	}
	return strings.TrimSpace(strings.Join(lines, "\n"))
}
