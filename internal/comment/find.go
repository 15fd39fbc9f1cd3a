package comment

import (
	"context"
	"fmt"
	"time"

	"github.com/broadsheet-cms/broadsheet/internal/store"
)

// MaxFound is how many comments Find looks at: the newest.
const MaxFound = 10_000

// Filter says which comments are wanted.
type Filter struct {
	ArticleID     int  // 0: of all articles
	ParentID      *int // 0: those that begin a thread; nil: all
	After, Before time.Time
	Ascending     bool // the oldest first
	Offset, Limit int
}

var findStatements = func() map[[2]bool]*store.Statement {
	all := map[[2]bool]*store.Statement{}
	for _, ascending := range []bool{false, true} {
		for _, of := range []bool{false, true} {
			way := map[bool]string{false: "DESC", true: "ASC"}[ascending]
			article := map[bool]string{false: "$1 = 0", true: "c.article_id = $1"}[of]
			all[[2]bool{ascending, of}] = store.ReadBoth(`SELECT l.id, count(*) OVER () FROM (SELECT c.id, c.parent_id, c.posted_at FROM comments c
				WHERE ` + article + ` AND c.status = 'APPROVED' AND c.kind = 'COMMENT' AND c.removed_at IS NULL AND visible_comment(c)
				ORDER BY c.posted_at DESC, c.id DESC LIMIT $2) l
				WHERE l.posted_at > $3 AND l.posted_at < $4 AND ($5 = 0 OR coalesce(l.parent_id, 0) = $6)
				ORDER BY l.posted_at ` + way + `, l.id ` + way + ` LIMIT $7 OFFSET $8`)
		}
	}
	return all
}()

// Find gives the keys of a page of the visible comments that a filter lets pass, and
// how many there are on all pages, in one statement over at most MaxFound comments.
func (s *Service) Find(ctx context.Context, f Filter) (keys []int, total int, err error) {
	after, before := f.After.UTC(), f.Before.UTC()
	if f.Before.IsZero() {
		before = time.Date(9999, 12, 31, 0, 0, 0, 0, time.UTC)
	}
	byParent, parent := 0, 0
	if f.ParentID != nil {
		byParent, parent = 1, *f.ParentID
	}
	keys, total, err = store.CollectCounted(ctx, s.db, findStatements[[2]bool{f.Ascending, f.ArticleID != 0}], f.ArticleID, MaxFound, after, before, byParent, parent, f.Limit, f.Offset)
	if err != nil {
		return nil, 0, fmt.Errorf("find comments: %w", err)
	}
	if len(keys) == 0 && f.Offset > 0 {
		f.Offset, f.Limit = 0, 1
		_, total, err = s.Find(ctx, f)
	}
	return keys, total, err
}
