package comment_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/broadsheet-cms/broadsheet/ent"
	"github.com/broadsheet-cms/broadsheet/ent/article"
	entcomment "github.com/broadsheet-cms/broadsheet/ent/comment"
	entevent "github.com/broadsheet-cms/broadsheet/ent/event"
	"github.com/broadsheet-cms/broadsheet/internal/access"
	"github.com/broadsheet-cms/broadsheet/internal/account"
	"github.com/broadsheet-cms/broadsheet/internal/audit"
	"github.com/broadsheet-cms/broadsheet/internal/comment"
	"github.com/broadsheet-cms/broadsheet/internal/content"
	"github.com/broadsheet-cms/broadsheet/internal/directory"
	"github.com/broadsheet-cms/broadsheet/internal/event"
	"github.com/broadsheet-cms/broadsheet/internal/fault"
	"github.com/broadsheet-cms/broadsheet/internal/keyset"
	"github.com/broadsheet-cms/broadsheet/internal/store"
	"github.com/broadsheet-cms/broadsheet/internal/testkit"
)

// bench is a database with two public articles, a draft and an account.
type bench struct {
	db       *store.DB
	comments *comment.Service
	articles []int // public, public, draft
	user     int
}

func open(t *testing.T, db *store.DB) *bench {
	t.Helper()
	log := event.NewLog(db)
	b := &bench{db: db, comments: comment.New(db, log)}
	saved, err := content.New(db, log, directory.New(db, log)).Save(t.Context(),
		&content.Draft{Title: "One", Status: article.StatusPublished},
		&content.Draft{Title: "Two", Status: article.StatusPublished},
		&content.Draft{Title: "Draft"})
	if err != nil {
		t.Fatal(err)
	}
	for _, a := range saved {
		b.articles = append(b.articles, a.ID)
	}
	users, err := account.New(db, log, audit.NewLog(db)).EnsureUsers(t.Context(), account.User{Email: "rima@example.org", DisplayName: "Rima"})
	if err != nil {
		t.Fatal(err)
	}
	b.user = users[0]
	return b
}

func (b *bench) save(t *testing.T, drafts ...*comment.Draft) []*ent.Comment {
	t.Helper()
	saved, err := b.comments.Save(t.Context(), drafts...)
	if err != nil {
		t.Fatal(err)
	}
	return saved
}

// at is a moment so many steps after the beginning; two steps are a second, so
// that some moments have a fraction and some have none.
func at(step int) time.Time { return time.UnixMicro(1_700_000_000_000_000 + int64(step)*500_000).UTC() }

func approved(article, step int, body string) *comment.Draft {
	return &comment.Draft{ArticleID: article, Body: body, Status: entcomment.StatusApproved, PostedAt: at(step), GuestName: "Guest", GuestEmail: "private@example.org"}
}

func bodies(comments []*ent.Comment) []string {
	words := []string{}
	for _, c := range comments {
		words = append(words, c.Body)
	}
	return words
}

func TestSaveKeepsCountsExact(t *testing.T) {
	t.Parallel()
	testkit.Databases(t, func(t *testing.T, db *store.DB) {
		b, ctx := open(t, db), access.AsSystem(t.Context())
		top := approved(b.articles[0], 1, "top")
		reply := approved(0, 2, "reply")
		reply.Parent = top
		deep := approved(0, 3, "deep")
		deep.Parent = reply
		pending := &comment.Draft{Parent: top, Body: "pending"}
		ping := approved(b.articles[0], 4, "ping")
		ping.Kind = entcomment.KindPingback
		// Replies may stand before what they reply to.
		saved := b.save(t, deep, reply, pending, ping, top, approved(b.articles[1], 5, "other"))

		counts := func() (counts []int) {
			t.Helper()
			for _, id := range b.articles {
				counts = append(counts, db.Ent(ctx).Article.GetX(ctx, id).CommentCount)
			}
			for _, c := range saved {
				counts = append(counts, db.Ent(ctx).Comment.GetX(ctx, c.ID).ReplyCount)
			}
			return counts
		}
		if diff := cmp.Diff([]int{3, 1, 0 /**/, 0, 1, 0, 0, 1, 0}, counts()); diff != "" {
			t.Errorf("after the first save (-want +got):\n%s", diff)
		}
		if saved[4].ReplyCount != 1 || saved[0].ArticleID != b.articles[0] {
			t.Errorf("the rows given back are not as stored: %v", saved)
		}
		b.save(t,
			&comment.Draft{ID: saved[2].ID, Body: "pending no more", Status: entcomment.StatusApproved},
			&comment.Draft{ID: saved[5].ID, Body: "other", Status: entcomment.StatusSpam},
			&comment.Draft{ParentID: &saved[0].ID, Body: "deeper", Status: entcomment.StatusApproved})
		if diff := cmp.Diff([]int{5, 0, 0 /**/, 1, 1, 0, 0, 2, 0}, counts()); diff != "" {
			t.Errorf("after the second save (-want +got):\n%s", diff)
		}
		types := db.Ent(ctx).Event.Query().Where(entevent.Entity("com")).Order(entevent.ByID()).Select(entevent.FieldType).StringsX(ctx)
		want := []string{"comment.published", "comment.published", "comment.created", "comment.created", "comment.published", "comment.published",
			"comment.published", "comment.unpublished", "comment.published"}
		if diff := cmp.Diff(want, types); diff != "" {
			t.Errorf("events (-want +got):\n%s", diff)
		}
	})
}

func TestSavesAtTheSameTimeAreAllCounted(t *testing.T) {
	t.Parallel()
	testkit.Databases(t, func(t *testing.T, db *store.DB) {
		b, ctx := open(t, db), access.AsSystem(t.Context())
		top := b.save(t, approved(b.articles[0], 1, "top"))[0]
		var writers sync.WaitGroup
		errs := make([]error, 6)
		for i := range errs {
			writers.Go(func() {
				reply := approved(0, 2+i, "reply")
				reply.ParentID = &top.ID
				// In two orders, which must not lock one another out.
				pair := []*comment.Draft{reply, approved(b.articles[1], 9, "other")}
				if i%2 == 0 {
					pair[0], pair[1] = pair[1], pair[0]
				}
				_, errs[i] = b.comments.Save(t.Context(), pair...)
			})
		}
		writers.Wait()
		if err := errors.Join(errs...); err != nil {
			t.Fatal(err)
		}
		got := []int{db.Ent(ctx).Article.GetX(ctx, b.articles[0]).CommentCount, db.Ent(ctx).Article.GetX(ctx, b.articles[1]).CommentCount, db.Ent(ctx).Comment.GetX(ctx, top.ID).ReplyCount}
		if diff := cmp.Diff([]int{7, 6, 6}, got); diff != "" {
			t.Errorf("comments, comments, replies (-want +got):\n%s", diff)
		}
	})
}

func TestUpdateKeepsPlaceAndMoment(t *testing.T) {
	t.Parallel()
	testkit.Databases(t, func(t *testing.T, db *store.DB) {
		b, ctx := open(t, db), access.AsSystem(t.Context())
		d := approved(b.articles[0], 1, "said")
		d.SourceURI, d.SourceHash, d.UserID = "urn:c:1", "one", &b.user
		saved := b.save(t, d)
		b.save(t, &comment.Draft{ID: saved[0].ID, ArticleID: b.articles[1], Body: "mended", EditedAt: new(at(9)), SourceURI: "urn:c:1", SourceHash: "two"})
		got := db.Ent(ctx).Comment.GetX(ctx, saved[0].ID)
		if got.ArticleID != b.articles[0] || !got.PostedAt.Equal(at(1)) || got.EditedAt == nil || !got.EditedAt.Equal(at(9)) || got.UserID != nil || got.Body != "mended" {
			t.Errorf("stored %v", got)
		}
		imported, err := b.comments.BySource(ctx, []string{"urn:c:1", "urn:c:2"})
		if diff := cmp.Diff(map[string]comment.Imported{"urn:c:1": {ID: got.ID, Hash: "two"}}, imported); err != nil || diff != "" {
			t.Errorf("imported: %v (-want +got):\n%s", err, diff)
		}
	})
}

func TestThreadsByPages(t *testing.T) {
	t.Parallel()
	testkit.Databases(t, func(t *testing.T, db *store.DB) {
		b, ctx := open(t, db), t.Context()
		var drafts []*comment.Draft
		for i := range 5 {
			// Two comments of each moment: the key breaks the tie.
			drafts = append(drafts, approved(b.articles[0], 10+i/2, fmt.Sprint("a", i)), approved(b.articles[1], 20+i, fmt.Sprint("b", i)))
		}
		hidden := approved(b.articles[0], 15, "spam")
		hidden.Status = entcomment.StatusSpam
		reply := approved(0, 16, "reply")
		reply.Parent = drafts[0]
		drafts = append(drafts, hidden, reply, approved(b.articles[2], 30, "on a draft"))
		saved := b.save(t, drafts...)
		place := func(i int) *keyset.Key { return new(comment.Key(saved[2*i])) } // of a0 … a4

		for name, test := range map[string]struct {
			order  comment.Order
			window keyset.Window
			want   []string // of the first article
		}{
			"newest first":                 {comment.NewestFirst, keyset.First(3), []string{"a4", "a3", "a2"}},
			"newest first, next page":      {comment.NewestFirst, keyset.Window{Limit: 3, After: place(2)}, []string{"a1", "a0"}},
			"newest first, from the end":   {comment.NewestFirst, keyset.Window{Limit: 2, Backward: true}, []string{"a1", "a0"}},
			"newest first, page before":    {comment.NewestFirst, keyset.Window{Limit: 2, Backward: true, Before: place(1)}, []string{"a3", "a2"}},
			"oldest first":                 {comment.OldestFirst, keyset.First(3), []string{"a0", "a1", "a2"}},
			"oldest first, next page":      {comment.OldestFirst, keyset.Window{Limit: 3, After: place(2)}, []string{"a3", "a4"}},
			"oldest first, from the end":   {comment.OldestFirst, keyset.Window{Limit: 2, Backward: true}, []string{"a3", "a4"}},
			"oldest first, page before":    {comment.OldestFirst, keyset.Window{Limit: 2, Backward: true, Before: place(3)}, []string{"a1", "a2"}},
			"between two":                  {comment.OldestFirst, keyset.Window{Limit: 9, After: place(0), Before: place(3)}, []string{"a1", "a2"}},
			"newest first, nothing beyond": {comment.NewestFirst, keyset.Window{Limit: 3, After: place(0)}, []string{}},
		} {
			got, err := b.comments.Threads(ctx, test.order, b.articles, test.window)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(test.want, bodies(got[b.articles[0]])); diff != "" {
				t.Errorf("%s (-want +got):\n%s", name, diff)
			}
			if len(got[b.articles[2]]) != 0 {
				t.Errorf("%s: readers see comments on a draft", name)
			}
		}
		both, err := b.comments.Threads(ctx, comment.OldestFirst, b.articles, keyset.First(2))
		if diff := cmp.Diff([]string{"b0", "b1"}, bodies(both[b.articles[1]])); err != nil || diff != "" {
			t.Errorf("second article: %v (-want +got):\n%s", err, diff)
		}
		count, err := b.count(ctx, comment.OfArticle, b.articles[0], 100)
		if err != nil || count != 5 {
			t.Errorf("count %d, %v", count, err)
		}
		if count, _ := b.count(ctx, comment.OfArticle, b.articles[0], 3); count != 3 {
			t.Errorf("count up to 3 is %d", count)
		}
		for i, want := range map[int]struct{ newer, older bool }{0: {true, false}, 1: {true, true}, 4: {false, true}} {
			newer, err1 := b.comments.HasNewer(ctx, comment.OfArticle, b.articles[0], *place(i))
			older, err2 := b.comments.HasOlder(ctx, comment.OfArticle, b.articles[0], *place(i))
			if err := errors.Join(err1, err2); err != nil || newer != want.newer || older != want.older {
				t.Errorf("beyond a%d: newer %v, older %v, %v", i, newer, older, err)
			}
		}
	})
}

func TestRepliesAreOldestFirstAndHiddenWithTheirParent(t *testing.T) {
	t.Parallel()
	testkit.Databases(t, func(t *testing.T, db *store.DB) {
		b, ctx := open(t, db), t.Context()
		shown, hidden := approved(b.articles[0], 1, "shown"), approved(b.articles[0], 2, "hidden")
		hidden.Status = entcomment.StatusTrash
		under := func(parent *comment.Draft, step int, body string) *comment.Draft {
			d := approved(0, step, body)
			d.Parent, d.UserID, d.GuestName = parent, &b.user, ""
			return d
		}
		saved := b.save(t, shown, hidden, under(shown, 5, "r2"), under(shown, 4, "r1"), under(shown, 6, "r3"), under(hidden, 7, "unseen"))
		parents := []int{saved[0].ID, saved[1].ID}
		got, err := b.comments.Replies(ctx, parents, keyset.First(2))
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff([]string{"r1", "r2"}, bodies(got[parents[0]])); diff != "" {
			t.Errorf("first page (-want +got):\n%s", diff)
		}
		if len(got[parents[1]]) != 0 {
			t.Error("readers see replies to a hidden comment")
		}
		if u := got[parents[0]][0].Edges.User; u == nil || u.ID != b.user || u.DisplayName != "Rima" || u.Email != "" {
			t.Errorf("author %v", u)
		}
		next, err := b.comments.Replies(ctx, parents, keyset.Window{Limit: 2, After: new(comment.Key(saved[2]))})
		if diff := cmp.Diff([]string{"r3"}, bodies(next[parents[0]])); err != nil || diff != "" {
			t.Errorf("second page: %v (-want +got):\n%s", err, diff)
		}
		if n, err := b.count(ctx, comment.OfComment, parents[0], 100); n != 3 || err != nil {
			t.Errorf("count %d, %v", n, err)
		}
		if n, err := b.count(ctx, comment.OfComment, parents[1], 100); n != 0 || err != nil {
			t.Errorf("count below a hidden comment %d, %v", n, err)
		}
		staff, err := b.comments.Replies(access.AsSystem(ctx), parents, keyset.First(5))
		if err != nil || len(staff[parents[1]]) != 1 {
			t.Errorf("the program sees %v, %v", staff[parents[1]], err)
		}
		found, err := b.comments.ByIDs(ctx, append(parents, saved[2].ID, saved[5].ID))
		if err != nil {
			t.Fatal(err)
		}
		if found[parents[1]] != nil || found[saved[2].ID].Edges.User.DisplayName != "Rima" || found[parents[0]].GuestName != "Guest" || found[parents[0]].GuestEmail != "" {
			t.Errorf("by key: %v", found)
		}
	})
}

// count counts the list of one owner.
func (b *bench) count(ctx context.Context, list comment.List, owner, limit int) (int, error) {
	counts, err := b.comments.Counts(ctx, list, []int{owner}, limit)
	return counts[owner], err
}

func TestReadsUseTheThreadIndex(t *testing.T) {
	t.Parallel()
	testkit.EachURL(t, func(t *testing.T, url string) {
		var statements testkit.Statements
		db := testkit.Open(t, url, store.Options{Wrap: statements.Wrap})
		b, ctx := open(t, db), t.Context()
		saved := b.save(t, approved(b.articles[0], 1, "a"), approved(b.articles[1], 2, "b"))
		fill(t, db, b.articles[:2], saved)
		middle := keyset.Key{Time: at(300).UnixMicro(), ID: 300}
		w := keyset.Window{Limit: 10, After: &middle}
		two := []int{saved[0].ID, saved[1].ID}
		errs := func(errs ...error) {
			t.Helper()
			if err := errors.Join(errs...); err != nil {
				t.Fatal(err)
			}
		}
		statements.Take()
		_, err1 := b.comments.Threads(ctx, comment.NewestFirst, b.articles, w)
		_, err2 := b.comments.Threads(ctx, comment.OldestFirst, b.articles, w)
		_, err3 := b.comments.Replies(ctx, two, w)
		_, err4 := b.comments.HasNewer(ctx, comment.OfArticle, b.articles[0], middle)
		_, err5 := b.comments.HasOlder(ctx, comment.OfComment, two[0], middle)
		_, err6 := b.comments.Counts(ctx, comment.OfComment, two, 50)
		errs(err1, err2, err3, err4, err5, err6)
		read := statements.Take()
		if len(read) != 6 {
			t.Fatalf("%d statements for 6 reads", len(read))
		}
		args := [][]any{
			{db.IDs(b.articles), at(300), middle.ID, at(-1), 0, 10},
			{db.IDs(b.articles), at(900), 0, at(300), middle.ID, 10},
			{db.IDs(two), at(900), 0, at(300), middle.ID, 10},
			{b.articles[0], at(300), middle.ID},
			{two[0], at(300), middle.ID},
			{db.IDs(two), 50},
		}
		for i, text := range read {
			plan := explain(t, db, text, args[i])
			// To count the replies to one comment another index serves as well.
			counts := i == len(read)-1 && (strings.Contains(plan, "comment_parent_id") || strings.Contains(plan, "comment_by_reactions"))
			if !strings.Contains(plan, "comment_thread") && !counts {
				t.Errorf("not read by the thread's index: %s\n%s", text, plan)
			}
			if strings.Contains(plan, "TEMP B-TREE FOR") || strings.Contains(plan, "Sort") || strings.Contains(plan, "SCAN c\n") || strings.Contains(plan, "Seq Scan on comments") {
				t.Errorf("sorts or reads the whole table: %s\n%s", text, plan)
			}
			if strings.Contains(text, "guest_email") {
				t.Errorf("reads the e-mail of guests: %s", text)
			}
		}
	})
}

// fill stores thousands of comments, half of them right below each article and
// half as replies to its first comment, because databases read small tables
// from end to end whatever indexes there are.
func fill(t *testing.T, db *store.DB, articles []int, parents []*ent.Comment) {
	t.Helper()
	text := `INSERT INTO comments (created_at, modified_at, posted_at, body, kind, status, article_id, parent_id)
		WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 4000)
		SELECT {time}, {time}, {time}, 'filled', 'COMMENT', 'APPROVED', CAST($1 AS bigint), CASE WHEN i % 2 = 0 THEN CAST($2 AS bigint) END FROM n`
	statement := store.Maintain(
		strings.ReplaceAll(text, "{time}", "to_timestamp(1700000000 + i)"),
		strings.ReplaceAll(text, "{time}", "strftime('%Y-%m-%d %H:%M:%S+00:00', 1700000000 + i, 'unixepoch')"))
	for i, a := range articles {
		if _, err := db.Exec(t.Context(), statement, a, parents[i].ID); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := db.Exec(t.Context(), store.MaintainBoth(`ANALYZE`)); err != nil {
		t.Fatal(err)
	}
}

// explain gives the plan of a statement.
func explain(t *testing.T, db *store.DB, text string, args []any) string {
	t.Helper()
	how := "EXPLAIN QUERY PLAN "
	if db.Dialect == store.Postgres {
		how = "EXPLAIN "
	}
	rows, err := db.Query(t.Context(), store.MaintainBoth(how+text), args...)
	if err != nil {
		t.Fatalf("%v: %s", err, text)
	}
	defer func() { _ = rows.Close() }()
	columns, err := rows.Columns()
	if err != nil {
		t.Fatal(err)
	}
	var plan strings.Builder
	for rows.Next() {
		cells := make([]any, len(columns))
		for i := range cells {
			cells[i] = new(any)
		}
		if err := rows.Scan(cells...); err != nil {
			t.Fatal(err)
		}
		fmt.Fprintf(&plan, "%s\n", *cells[len(cells)-1].(*any))
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	return plan.String()
}

func TestSaveOfManyTakesFewStatements(t *testing.T) {
	t.Parallel()
	testkit.EachURL(t, func(t *testing.T, url string) {
		var statements testkit.Statements
		b := open(t, testkit.Open(t, url, store.Options{Wrap: statements.Wrap}))
		var drafts []*comment.Draft
		for i := range 1000 {
			drafts = append(drafts, approved(b.articles[0], i, "c"))
			if i > 0 {
				drafts[i].ArticleID, drafts[i].Parent = 0, drafts[(i-1)/10]
			}
		}
		statements.Take()
		b.save(t, drafts...)
		if took := statements.Take(); len(took) > 12 {
			t.Errorf("%d statements for 1000 comments in four levels: %.50q", len(took), took)
		}
	})
}

func TestSaveRefuses(t *testing.T) {
	t.Parallel()
	db := testkit.Open(t, testkit.URL(t, store.SQLite), store.Options{})
	b := open(t, db)
	stored := b.save(t, approved(b.articles[0], 1, "there"))[0].ID
	good := approved(b.articles[0], 1, "good")
	for name, test := range map[string]struct {
		draft *comment.Draft
		field string
	}{
		"an empty comment":       {approved(b.articles[0], 1, " \x00"), "comments[1].body"},
		"a long comment":         {approved(b.articles[0], 1, strings.Repeat("a", 200_000)), "comments[1].body"},
		"no such article":        {approved(9999, 1, "a"), "comments[1].articleId"},
		"no such parent":         {&comment.Draft{ParentID: new(9999), Body: "a"}, "comments[1].parentId"},
		"a parent elsewhere":     {&comment.Draft{ArticleID: b.articles[1], ParentID: &stored, Body: "a"}, "comments[1].parentId"},
		"a status there is none": {&comment.Draft{ArticleID: b.articles[0], Body: "a", Status: "LOUD"}, "comments[1].status"},
		"no such comment":        {&comment.Draft{ID: 9999, Body: "a"}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := b.comments.Save(t.Context(), good, test.draft)
			if f, ok := errors.AsType[*fault.Error](err); !ok || f.Field != test.field {
				t.Errorf("got %v, want a fault about %q", err, test.field)
			}
		})
	}
	one, two := approved(b.articles[0], 1, "one"), approved(b.articles[0], 1, "two")
	one.Parent, two.Parent = two, one
	for name, drafts := range map[string][]*comment.Draft{
		"a circle": {one, two}, "the same draft twice": {good, good}, "a parent not in the batch": {one},
	} {
		if _, err := b.comments.Save(t.Context(), drafts...); err == nil {
			t.Errorf("%s was saved", name)
		}
	}
	ctx := access.AsSystem(context.Background())
	if n := db.Ent(ctx).Comment.Query().CountX(ctx); n != 1 {
		t.Errorf("%d comments stored, want the first alone", n)
	}
}
