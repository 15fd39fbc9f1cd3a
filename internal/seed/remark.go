package seed

import (
	"fmt"
	"time"

	"github.com/broadsheet-cms/broadsheet/ent/article"
	entcomment "github.com/broadsheet-cms/broadsheet/ent/comment"
	"github.com/broadsheet-cms/broadsheet/internal/comment"
	"github.com/broadsheet-cms/broadsheet/internal/content"
)

// remark is a comment before its article is stored.
type remark struct {
	parent int // place among the comments of the article; -1: the article itself
	depth  int
	draft  comment.Draft
}

// maxDepth bounds threads.
const maxDepth = 6

var commentStatuses = weighted[entcomment.Status]{
	{entcomment.StatusApproved, 94}, {entcomment.StatusPending, 3}, {entcomment.StatusSpam, 2}, {entcomment.StatusTrash, 1},
}

// comments are what is said below an article: nothing below most, much below a
// few.
func (g *generator) comments(d *content.Draft, t *teller, at time.Time) []remark {
	if d.Status != article.StatusPublished || d.CommentPolicy == article.CommentPolicyClosed {
		return nil
	}
	r := g.r
	all := make([]remark, g.crowd.Uint64())
	for i := range all {
		at = at.Add(time.Duration(30+r.IntN(3600)) * time.Second)
		c := &all[i]
		c.parent = -1
		c.draft = comment.Draft{Body: t.fill(pick(r, t.words.comments)), Status: commentStatuses.pick(r), PostedAt: at}
		if i > 0 && r.IntN(2) == 0 {
			if parent := r.IntN(i); all[parent].depth+1 < maxDepth {
				c.parent, c.depth = parent, all[parent].depth+1
				c.draft.Body = t.fill(pick(r, t.words.replies))
			}
		}
		if r.IntN(5) < 3 {
			c.draft.UserID = &g.world.readers[r.IntN(len(g.world.readers))]
		} else {
			c.draft.GuestName = pick(r, enFirst)
			c.draft.GuestEmail = fmt.Sprintf("guest%d@example.org", r.IntN(10_000))
		}
	}
	return all
}
