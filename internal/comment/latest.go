package comment

import (
	"context"
	"fmt"
	"time"

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

var olderOfSQL = store.ReadBoth(withColumns(`SELECT {comment} FROM comments c LEFT JOIN users u ON u.id = c.user_id
	WHERE c.article_id = $1 AND (c.posted_at < $2 OR c.posted_at = $2 AND c.id < $3) AND c.status = 'APPROVED' AND c.kind = 'COMMENT' AND c.removed_at IS NULL
		AND visible_comment(c) ORDER BY c.posted_at DESC, c.id DESC LIMIT $4`))

// Older gives the visible comments of an article, replies too, the newest first:
// those before one that was posted at a moment and has a key.
func (s *Service) Older(ctx context.Context, article int, than time.Time, key, limit int) ([]*ent.Comment, error) {
	found, err := store.Collect(ctx, s.db, olderOfSQL, scanCommentOnly, article, than, key, limit)
	if err != nil {
		return nil, fmt.Errorf("read the comments of an article: %w", err)
	}
	return found, nil
}

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
