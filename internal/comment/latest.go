package comment

import (
	"context"
	"fmt"

	"github.com/broadsheet-cms/broadsheet/ent"
	"github.com/broadsheet-cms/broadsheet/internal/store"
)

var (
	latestSQL = store.ReadBoth(withColumns(`SELECT {comment} FROM comments c LEFT JOIN users u ON u.id = c.user_id
		WHERE c.status = 'APPROVED' AND c.kind = 'COMMENT' AND c.removed_at IS NULL AND visible_comment(c) ORDER BY c.posted_at DESC, c.id DESC LIMIT $1`))
	latestOfSQL = store.ReadBoth(withColumns(`SELECT {comment} FROM comments c LEFT JOIN users u ON u.id = c.user_id
		WHERE c.article_id = $1 AND c.status = 'APPROVED' AND c.kind = 'COMMENT' AND c.removed_at IS NULL AND visible_comment(c)
		ORDER BY c.posted_at DESC, c.id DESC LIMIT $2`))
)

// Latest gives the newest visible comments, replies too, of an article; of all
// articles for 0.
func (s *Service) Latest(ctx context.Context, article, limit int) ([]*ent.Comment, error) {
	statement, args := latestSQL, []any{limit}
	if article != 0 {
		statement, args = latestOfSQL, []any{article, limit}
	}
	found, err := store.Collect(ctx, s.db, statement, scanCommentOnly, args...)
	if err != nil {
		return nil, fmt.Errorf("read the latest comments: %w", err)
	}
	return found, nil
}
