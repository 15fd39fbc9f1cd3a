package comment

import (
	"context"
	"database/sql"
	"fmt"

	"github.com/broadsheet-cms/broadsheet/ent"
	"github.com/broadsheet-cms/broadsheet/ent/commentreaction"
	"github.com/broadsheet-cms/broadsheet/internal/access"
	"github.com/broadsheet-cms/broadsheet/internal/event"
	"github.com/broadsheet-cms/broadsheet/internal/fault"
	"github.com/broadsheet-cms/broadsheet/internal/store"
)

var (
	shownText    = `SELECT c.id FROM comments c WHERE c.id = $1 AND c.removed_at IS NULL AND visible_comment(c)`
	lockShownSQL = store.Read(shownText+` FOR NO KEY UPDATE OF c`, shownText)

	articleOfSQL      = store.MaintainBoth(`SELECT article_id FROM comments WHERE id = $1`)
	reactionSQL       = store.MaintainBoth(`SELECT kind FROM comment_reactions WHERE comment_id = $1 AND user_id = $2`)
	setReactionSQL    = store.MaintainBoth(`INSERT INTO comment_reactions (comment_id, user_id, kind, created_at, article_id) VALUES ($1, $2, $3, $4, $5) ON CONFLICT (comment_id, user_id) DO UPDATE SET kind = excluded.kind`)
	dropReactionSQL   = store.MaintainBoth(`DELETE FROM comment_reactions WHERE comment_id = $1 AND user_id = $2`)
	countReactionSQL  = store.MaintainBoth(`INSERT INTO comment_reaction_counts AS n (comment_id, kind, reactions) VALUES ($1, $2, $3) ON CONFLICT (comment_id, kind) DO UPDATE SET reactions = n.reactions + excluded.reactions`)
	countReactionsSQL = store.MaintainBoth(`UPDATE comments SET reaction_count = reaction_count + $2 WHERE id = $1`)
	countsSQL         = store.ReadBoth(`SELECT n.comment_id, n.kind, n.reactions FROM each_id($1) JOIN comment_reaction_counts n ON n.comment_id = each_id.id WHERE n.reactions > 0 ORDER BY n.reactions DESC, n.kind`)
	ownReactionsSQL   = store.ReadBoth(`SELECT r.comment_id, r.kind FROM each_id($2) JOIN comment_reactions r ON r.comment_id = each_id.id AND r.user_id = $1`)
)

// React sets the viewer's reaction to a comment, or takes it back when kind is
// empty. A reader has one reaction to a comment; repeating it changes nothing.
func (s *Service) React(ctx context.Context, key int, kind commentreaction.Kind) error {
	if err := access.Require(ctx, access.UseAccount); err != nil {
		return err
	}
	user := access.Of(ctx).UserID
	err := s.db.Tx(ctx, func(ctx context.Context) error {
		there, err := store.Collect(ctx, s.db, lockShownSQL, store.ScanInt, key)
		if err != nil {
			return err
		}
		if len(there) == 0 {
			return fault.Mistake(fault.Missing, "commentId", "There is no such comment.")
		}
		if _, err := s.restrictions(ctx, user, "", access.OriginOf(ctx).Address); err != nil {
			return err
		}
		was, err := store.Collect(ctx, s.db, reactionSQL, scanKind, key, user)
		if err != nil {
			return err
		}
		old := commentreaction.Kind("")
		if len(was) > 0 {
			old = was[0]
		}
		if old == kind {
			return nil
		}
		return s.changeReaction(ctx, key, user, old, kind)
	})
	if err != nil {
		return fmt.Errorf("react to a comment: %w", err)
	}
	return nil
}

func scanKind(rows *sql.Rows) (kind commentreaction.Kind, err error) {
	err = rows.Scan(&kind)
	return kind, err
}

func (s *Service) changeReaction(ctx context.Context, key, user int, old, kind commentreaction.Kind) error {
	total := 0
	if old != "" {
		total--
		if _, err := s.db.Exec(ctx, countReactionSQL, key, string(old), -1); err != nil {
			return err
		}
	}
	if kind != "" {
		total++
		if _, err := s.db.Exec(ctx, countReactionSQL, key, string(kind), 1); err != nil {
			return err
		}
	}
	article, err := store.Collect(ctx, s.db, articleOfSQL, store.ScanInt, key)
	if err != nil || len(article) == 0 {
		return err
	}
	if kind == "" {
		_, err = s.db.Exec(ctx, dropReactionSQL, key, user)
	} else {
		_, err = s.db.Exec(ctx, setReactionSQL, key, user, string(kind), s.Now(), article[0])
	}
	if err == nil && total != 0 {
		_, err = s.db.Exec(ctx, countReactionsSQL, key, total)
	}
	if err != nil {
		return err
	}
	return s.tell(ctx, &ent.Comment{ID: key, ArticleID: article[0]}, event.Updated)
}

// ReactionCount is how many readers reacted in one way.
type ReactionCount struct {
	Kind  commentreaction.Kind
	Count int
}

// Reactions gives the reactions to each comment, the most frequent kind first.
func (s *Service) Reactions(ctx context.Context, comments []int) (map[int][]ReactionCount, error) {
	counts := map[int][]ReactionCount{}
	_, err := store.Collect(ctx, s.db, countsSQL, func(rows *sql.Rows) (struct{}, error) {
		var key int
		var n ReactionCount
		err := rows.Scan(&key, &n.Kind, &n.Count)
		counts[key] = append(counts[key], n)
		return struct{}{}, err
	}, s.db.IDs(comments))
	if err != nil {
		return nil, fmt.Errorf("read reactions: %w", err)
	}
	return counts, nil
}

// OwnReactions gives the viewer's reactions to comments.
func (s *Service) OwnReactions(ctx context.Context, comments []int) (map[int]commentreaction.Kind, error) {
	kinds := map[int]commentreaction.Kind{}
	user := access.Of(ctx).UserID
	if user == 0 {
		return kinds, nil
	}
	_, err := store.Collect(ctx, s.db, ownReactionsSQL, func(rows *sql.Rows) (struct{}, error) {
		var key int
		var kind commentreaction.Kind
		err := rows.Scan(&key, &kind)
		kinds[key] = kind
		return struct{}{}, err
	}, user, s.db.IDs(comments))
	if err != nil {
		return nil, fmt.Errorf("read the viewer's reactions: %w", err)
	}
	return kinds, nil
}

// OwnReaction is the viewer's reaction to a comment.
type OwnReaction struct {
	CommentID int
	Kind      commentreaction.Kind
}

// maxOwnReactions bounds the viewer's reactions to the comments of one article.
const maxOwnReactions = 100

var reactionsOnSQL = store.Read(`SELECT each_id.id, r.comment_id, r.kind FROM each_id($2)
		CROSS JOIN LATERAL (SELECT m.comment_id, m.kind FROM comment_reactions m WHERE m.user_id = $1 AND m.article_id = each_id.id ORDER BY m.comment_id DESC LIMIT $3) r
		ORDER BY each_id.id, r.comment_id DESC`,
	`SELECT each_id.id, r.comment_id, r.kind FROM each_id($2)
		CROSS JOIN comment_reactions r ON r.user_id = $1 AND r.article_id = each_id.id AND r.comment_id IN (
			SELECT m.comment_id FROM comment_reactions m WHERE m.user_id = $1 AND m.article_id = each_id.id ORDER BY m.comment_id DESC LIMIT $3)
		ORDER BY each_id.id, r.comment_id DESC`)

// ReactionsOn gives the viewer's reactions to the comments of each article, those
// to the newest comments first, at most a hundred for each.
func (s *Service) ReactionsOn(ctx context.Context, articles []int) (map[int][]OwnReaction, error) {
	reactions := map[int][]OwnReaction{}
	user := access.Of(ctx).UserID
	if user == 0 {
		return reactions, nil
	}
	_, err := store.Collect(ctx, s.db, reactionsOnSQL, func(rows *sql.Rows) (struct{}, error) {
		var article int
		var r OwnReaction
		err := rows.Scan(&article, &r.CommentID, &r.Kind)
		reactions[article] = append(reactions[article], r)
		return struct{}{}, err
	}, user, s.db.IDs(articles), maxOwnReactions)
	if err != nil {
		return nil, fmt.Errorf("read the viewer's reactions: %w", err)
	}
	return reactions, nil
}
