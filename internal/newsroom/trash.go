package newsroom

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/broadsheet-cms/broadsheet/ent"
	"github.com/broadsheet-cms/broadsheet/internal/access"
	"github.com/broadsheet-cms/broadsheet/internal/content"
	"github.com/broadsheet-cms/broadsheet/internal/fault"
	"github.com/broadsheet-cms/broadsheet/internal/keyset"
	"github.com/broadsheet-cms/broadsheet/internal/store"
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

// What lies in the trash is a range of the index article_trash.
const trashPage = `SELECT a.id FROM articles a WHERE a.trashed_at IS NOT NULL AND (a.trashed_at, a.id) > ($1, $2)
	AND (a.trashed_at, a.id) < ($3, $4) AND desk_article(a) ORDER BY a.trashed_at {order}, a.id {order} LIMIT $5`

var (
	trashSQL = directions{
		oldest: store.ReadBoth(strings.ReplaceAll(trashPage, "{order}", "ASC")),
		newest: store.ReadBoth(strings.ReplaceAll(trashPage, "{order}", "DESC")),
	}
	trashCountSQL = store.ReadBoth(`SELECT count(*) FROM (SELECT 1 FROM articles a WHERE a.trashed_at IS NOT NULL AND desk_article(a) LIMIT $1) AS counted`)
)

// TrashKey gives the place of an article in the trash.
func TrashKey(a *ent.Article) keyset.Key {
	return keyset.Key{Time: a.TrashedAt.UnixMicro(), ID: a.ID}
}

// InTrash gives a window of the trash as far as it is the viewer's, what was
// put there last coming first.
func (s *Service) InTrash(ctx context.Context, w keyset.Window) ([]*ent.Article, error) {
	if err := access.Require(ctx, access.ReadNewsroom); err != nil {
		return nil, err
	}
	statement := trashSQL.newest
	if w.Backward {
		statement = trashSQL.oldest
	}
	older, newer := w.Older(), w.Newer()
	ids, err := store.Collect(ctx, s.db, statement, store.ScanInt, older.Moment(), older.ID, newer.Moment(), newer.ID, w.Limit)
	if err != nil {
		return nil, fmt.Errorf("read the trash: %w", err)
	}
	found, err := s.ArticlesByIDs(ctx, ids)
	if err != nil {
		return nil, err
	}
	all := make([]*ent.Article, 0, len(ids))
	for _, id := range ids {
		if a := found[id]; a != nil && a.TrashedAt != nil {
			all = append(all, a)
		}
	}
	slices.SortFunc(all, func(a, b *ent.Article) int { return keyset.CompareNewestFirst(TrashKey(a), TrashKey(b)) })
	return all, nil
}

// CountTrash counts the trash up to a limit.
func (s *Service) CountTrash(ctx context.Context, limit int) (int, error) {
	if err := access.Require(ctx, access.ReadNewsroom); err != nil {
		return 0, err
	}
	n, err := store.Collect(ctx, s.db, trashCountSQL, store.ScanInt, limit)
	if err != nil {
		return 0, fmt.Errorf("count the trash: %w", err)
	}
	return n[0], nil
}

// BeyondInTrash reports whether the trash holds anything on one side of a
// place: behind it, or before it.
func (s *Service) BeyondInTrash(ctx context.Context, k keyset.Key, behind bool) (bool, error) {
	w := keyset.Window{Limit: 1, After: &k}
	if !behind {
		w = keyset.Window{Limit: 1, Before: &k, Backward: true}
	}
	found, err := s.InTrash(ctx, w)
	return len(found) > 0, err
}
