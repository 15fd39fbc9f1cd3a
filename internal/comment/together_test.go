package comment_test

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	entarticle "github.com/broadsheet-cms/broadsheet/ent/article"
	"github.com/broadsheet-cms/broadsheet/ent/commentreaction"
	"github.com/broadsheet-cms/broadsheet/ent/readinglist"
	"github.com/broadsheet-cms/broadsheet/internal/access"
	"github.com/broadsheet-cms/broadsheet/internal/bookmark"
	"github.com/broadsheet-cms/broadsheet/internal/comment"
	"github.com/broadsheet-cms/broadsheet/internal/content"
	"github.com/broadsheet-cms/broadsheet/internal/directory"
	"github.com/broadsheet-cms/broadsheet/internal/event"
	"github.com/broadsheet-cms/broadsheet/internal/keyset"
	"github.com/broadsheet-cms/broadsheet/internal/store"
	"github.com/broadsheet-cms/broadsheet/internal/testkit"
)

// TestManyReadersAtOnce has 64 clients of 32 accounts save, remove and restore
// bookmarks, add, edit, delete and bring back comments, and set and take back
// reactions, and compares what is left with what the clients know to have done.
func TestManyReadersAtOnce(t *testing.T) {
	t.Parallel()
	testkit.Long(t)
	testkit.Databases(t, func(t *testing.T, db *store.DB) { manyReaders(t, db, func(round int) bool { return round < 6 }) })
}

// TestSoakManyReaders is the long form: a minute, or as long as make soak says.
func TestSoakManyReaders(t *testing.T) {
	t.Parallel()
	testkit.Long(t)
	duration, long := testkit.Soak(t)
	testkit.Databases(t, func(t *testing.T, db *store.DB) {
		end := time.Now().Add(min(duration, time.Minute))
		manyReaders(t, db, func(round int) bool { return long && time.Now().Before(end) || round < 2 })
	})
}

const (
	clients = 64
	topics  = 8 // articles that are bookmarked and commented on, each with one comment to begin with
)

// client is one of two clients of an account. The two change the same list, but
// other articles and reactions, so that each knows what is to be left.
type client struct {
	*crowd
	ctx    context.Context
	number int
	random *rand.Rand
	// What is to be left.
	saved     map[int]bool
	comments  map[int]int // by article
	replies   map[int]int // by parent
	reactions map[int]commentreaction.Kind
}

// crowd is what all clients share.
type crowd struct {
	*forum
	marks          *bookmark.Service
	articles, tops []int
	done           atomic.Int64
}

func newCrowd(t *testing.T, db *store.DB) *crowd {
	t.Helper()
	c := &crowd{forum: openForum(t, db, clients/2), marks: bookmark.New(db)}
	log := event.NewLog(db)
	var drafts []*content.Draft
	for i := range topics {
		drafts = append(drafts, &content.Draft{Title: fmt.Sprint("Topic ", i), Status: entarticle.StatusPublished})
	}
	saved, err := content.New(db, log, directory.New(db, log)).Save(t.Context(), drafts...)
	if err != nil {
		t.Fatal(err)
	}
	for i, a := range saved {
		c.articles = append(c.articles, a.ID)
		c.tops = append(c.tops, c.add(t, c.chief, comment.Post{ArticleID: a.ID, Body: fmt.Sprint("top ", i)}).Comment.ID)
	}
	return c
}

func manyReaders(t *testing.T, db *store.DB, on func(round int) bool) {
	t.Helper()
	shared := newCrowd(t, db)
	var all sync.WaitGroup
	models := make([]*client, clients)
	for i := range clients {
		c := &client{crowd: shared, ctx: as(t, shared.readers[i/2]), number: i, random: rand.New(rand.NewPCG(uint64(i), 7)),
			saved: map[int]bool{}, comments: map[int]int{}, replies: map[int]int{}, reactions: map[int]commentreaction.Kind{}}
		models[i] = c
		all.Go(func() {
			for round := 0; on(round); round++ {
				if err := errors.Join(c.bookmark(), c.comment(as(t, shared.chief), round), c.react()); err != nil {
					t.Errorf("client %d, round %d: %v", i, round, err)
					return
				}
			}
		})
	}
	all.Wait()
	shared.counts(t)
	shared.compare(t, models)
	t.Logf("%d changes by %d clients", shared.done.Load(), clients)
}

// mine is one of the client's own places among the topics.
func (c *client) mine() int { return c.random.IntN(topics/2)*2 + c.number%2 }

// bookmark changes whether an article is saved, each way twice, as a client that
// repeats itself does.
func (c *client) bookmark() error {
	a := c.articles[c.mine()]
	for range 2 {
		c.done.Add(1)
		if _, err := c.marks.Add(c.ctx, "", a); err != nil {
			return err
		}
	}
	c.saved[a] = true
	if c.random.IntN(2) == 0 {
		return nil
	}
	c.done.Add(1)
	removed, err := c.marks.Remove(c.ctx, "", a)
	if err != nil {
		return err
	}
	delete(c.saved, a)
	if c.random.IntN(2) == 0 {
		return nil
	}
	for range 2 {
		c.done.Add(1)
		if _, _, err := c.marks.Restore(c.ctx, "", removed.Number); err != nil {
			return err
		}
	}
	c.saved[a] = true
	return nil
}

// comment adds a comment or reply and maybe edits it, has it rejected and approved
// again, or deletes it.
func (c *client) comment(chief context.Context, round int) error {
	i := c.random.IntN(topics)
	post := comment.Post{ArticleID: c.articles[i], Body: fmt.Sprint("said by ", c.number, " in ", round)}
	if c.random.IntN(2) == 0 {
		post.ParentID = c.tops[i]
	}
	c.done.Add(1)
	posted, err := c.forum.comments.Add(c.ctx, post)
	if err != nil {
		return err
	}
	key := posted.Comment.ID
	switch c.random.IntN(4) {
	case 0:
		c.done.Add(1)
		_, err = c.forum.comments.Edit(c.ctx, key, "", post.Body+", changed")
	case 1:
		c.done.Add(2)
		if _, err = c.moderator.Reject(chief, []int{key}); err == nil {
			_, err = c.moderator.Approve(chief, []int{key})
		}
	case 2:
		c.done.Add(1)
		return c.forum.comments.Delete(c.ctx, key, "")
	}
	c.comments[post.ArticleID]++
	if post.ParentID != 0 {
		c.replies[post.ParentID]++
	}
	return err
}

var feelings = []commentreaction.Kind{commentreaction.KindLike, commentreaction.KindLove, commentreaction.KindSad, ""}

func (c *client) react() error {
	top, kind := c.tops[c.mine()], feelings[c.random.IntN(len(feelings))]
	c.done.Add(1)
	if kind == "" {
		delete(c.reactions, top)
	} else {
		c.reactions[top] = kind
	}
	return c.forum.comments.React(c.ctx, top, kind)
}

// compare holds what the database has against what the clients know.
func (c *crowd) compare(t *testing.T, models []*client) {
	t.Helper()
	system := access.AsSystem(t.Context())
	comments, replies, reactions := map[int]int{}, map[int]int{}, map[int]map[commentreaction.Kind]int{}
	for _, a := range c.articles {
		comments[a] = 1 // the one to begin with
	}
	for i := range models {
		for a, n := range models[i].comments {
			comments[a] += n
		}
		for top, n := range models[i].replies {
			replies[top] += n
		}
		for top, kind := range models[i].reactions {
			if reactions[top] == nil {
				reactions[top] = map[commentreaction.Kind]int{}
			}
			reactions[top][kind]++
		}
		if i%2 == 0 {
			saved := maps.Clone(models[i].saved)
			maps.Copy(saved, models[i+1].saved)
			c.compareList(t, models[i].ctx, saved)
		}
	}
	gotComments, gotReplies, gotReactions := map[int]int{}, map[int]int{}, map[int]map[commentreaction.Kind]int{}
	counted, err := c.comments.Reactions(t.Context(), c.tops)
	if err != nil {
		t.Fatal(err)
	}
	for i, a := range c.articles {
		gotComments[a] = c.db.Ent(system).Article.GetX(system, a).CommentCount
		top := c.db.Ent(system).Comment.GetX(system, c.tops[i])
		if top.ReplyCount > 0 {
			gotReplies[top.ID] = top.ReplyCount
		}
		total := 0
		for _, n := range counted[top.ID] {
			if gotReactions[top.ID] == nil {
				gotReactions[top.ID] = map[commentreaction.Kind]int{}
			}
			gotReactions[top.ID][n.Kind] = n.Count
			total += n.Count
		}
		if top.ReactionCount != total {
			t.Errorf("comment %d counts %d reactions, its kinds %d", top.ID, top.ReactionCount, total)
		}
	}
	for what, diff := range map[string]string{"comments": cmp.Diff(comments, gotComments), "replies": cmp.Diff(replies, gotReplies), "reactions": cmp.Diff(reactions, gotReactions)} {
		if diff != "" {
			t.Errorf("%s (-what the clients know +what is stored):\n%s", what, diff)
		}
	}
}

func (c *crowd) compareList(t *testing.T, ctx context.Context, want map[int]bool) {
	t.Helper()
	shelf, err := c.marks.Of(ctx, "")
	if err != nil {
		t.Fatal(err)
	}
	list, err := c.marks.List(ctx, shelf, keyset.First(topics+1))
	if err != nil {
		t.Fatal(err)
	}
	got := map[int]bool{}
	for _, b := range list {
		got[b.ArticleID] = true
	}
	if diff := cmp.Diff(want, got); diff != "" || len(list) != len(want) {
		t.Errorf("the list of account %d has %d bookmarks (-what its clients know +what is stored):\n%s", access.Of(ctx).UserID, len(list), diff)
	}
	system := access.AsSystem(t.Context())
	if l := c.db.Ent(system).ReadingList.Query().Where(readinglist.UserID(access.Of(ctx).UserID)).OnlyX(system); l.BookmarkCount != len(want) {
		t.Errorf("the list of account %d keeps the count %d, want %d", *l.UserID, l.BookmarkCount, len(want))
	}
	if n, err := c.marks.Count(ctx, shelf, topics+1); err != nil || n != len(want) {
		t.Errorf("the list of account %d counts %d, want %d (%v)", access.Of(ctx).UserID, n, len(want), err)
	}
}
