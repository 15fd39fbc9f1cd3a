package comment_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/broadsheet-cms/broadsheet/ent"
	entarticle "github.com/broadsheet-cms/broadsheet/ent/article"
	entcomment "github.com/broadsheet-cms/broadsheet/ent/comment"
	"github.com/broadsheet-cms/broadsheet/ent/commentreaction"
	"github.com/broadsheet-cms/broadsheet/ent/commentreport"
	"github.com/broadsheet-cms/broadsheet/ent/readerrestriction"
	"github.com/broadsheet-cms/broadsheet/ent/schema"
	"github.com/broadsheet-cms/broadsheet/internal/access"
	"github.com/broadsheet-cms/broadsheet/internal/account"
	"github.com/broadsheet-cms/broadsheet/internal/audit"
	"github.com/broadsheet-cms/broadsheet/internal/comment"
	"github.com/broadsheet-cms/broadsheet/internal/event"
	"github.com/broadsheet-cms/broadsheet/internal/fault"
	"github.com/broadsheet-cms/broadsheet/internal/keyset"
	"github.com/broadsheet-cms/broadsheet/internal/store"
	"github.com/broadsheet-cms/broadsheet/internal/testkit"
)

// forum is a bench with readers and a moderator.
type forum struct {
	*bench
	moderator *comment.Moderator
	readers   []access.Viewer
	chief     access.Viewer
}

func openForum(t *testing.T, db *store.DB, readers int) *forum {
	t.Helper()
	f := &forum{bench: open(t, db), chief: access.Viewer{Role: access.Moderator, Name: "Mona"}}
	record := audit.NewLog(db)
	f.moderator = comment.NewModerator(f.comments, record)
	var specs []account.User
	for i := range readers + 1 {
		specs = append(specs, account.User{Email: fmt.Sprintf("reader%d@example.org", i), DisplayName: fmt.Sprint("Reader ", i)})
	}
	users, err := account.New(db, event.NewLog(db), record).EnsureUsers(t.Context(), specs...)
	if err != nil {
		t.Fatal(err)
	}
	for i, user := range users[1:] {
		f.readers = append(f.readers, access.Viewer{UserID: user, Role: access.Reader, Name: fmt.Sprint("Reader ", i+1)})
	}
	f.chief.UserID = users[0]
	system := access.AsSystem(t.Context())
	db.Ent(system).Site.Create().SetName("The Beacon").SaveX(system)
	return f
}

func (f *forum) settings(t *testing.T, change func(*schema.CommentSettings)) {
	t.Helper()
	if _, err := f.moderator.UpdateSettings(as(t, access.Viewer{UserID: f.chief.UserID, Role: access.Admin}), change); err != nil {
		t.Fatal(err)
	}
}

func as(t *testing.T, v access.Viewer) context.Context {
	t.Helper()
	return access.With(t.Context(), v)
}

// guest is a post that nothing is wrong with.
func guest(article int, body string) comment.Post {
	return comment.Post{ArticleID: article, Body: body, GuestName: "Salma", GuestEmail: "salma@example.org", Submission: comment.Submission{OnPage: time.Minute}}
}

func (f *forum) add(t *testing.T, v access.Viewer, p comment.Post) *comment.Posted {
	t.Helper()
	posted, err := f.comments.Add(as(t, v), p)
	if err != nil {
		t.Fatal(err)
	}
	return posted
}

// counts compares the counts beside articles and comments with the rows.
func (f *forum) counts(t *testing.T) {
	t.Helper()
	system := access.AsSystem(t.Context())
	rows := f.db.Ent(system).Comment.Query().AllX(system)
	articles, replies := map[int]int{}, map[int]int{}
	for _, c := range rows {
		if c.Status != entcomment.StatusApproved {
			continue
		}
		reached := c.RemovedAt == nil
		for above := c.ParentID; above != nil; {
			i := slices.IndexFunc(rows, func(o *ent.Comment) bool { return o.ID == *above })
			reached = reached && rows[i].Status == entcomment.StatusApproved && rows[i].Kind == entcomment.KindComment
			above = rows[i].ParentID
		}
		if reached {
			articles[c.ArticleID]++
		}
		if c.ParentID != nil {
			replies[*c.ParentID]++
		}
	}
	for _, a := range f.db.Ent(system).Article.Query().AllX(system) {
		if a.CommentCount != articles[a.ID] {
			t.Errorf("article %d counts %d comments, has %d", a.ID, a.CommentCount, articles[a.ID])
		}
	}
	for _, c := range rows {
		if c.ReplyCount != replies[c.ID] {
			t.Errorf("comment %d counts %d replies, has %d", c.ID, c.ReplyCount, replies[c.ID])
		}
		if n := f.db.Ent(system).CommentReaction.Query().Where(commentreaction.CommentID(c.ID)).CountX(system); n != c.ReactionCount {
			t.Errorf("comment %d counts %d reactions, has %d", c.ID, c.ReactionCount, n)
		}
	}
}

// reasonOf gives the reason and field of a mistake, empty for no error.
func reasonOf(err error) string {
	f, ok := errors.AsType[*fault.Error](err)
	if !ok {
		return ""
	}
	return strings.TrimSpace(string(f.ReasonOf()) + " " + f.Field)
}

func TestWhatBreaksARuleIsRefused(t *testing.T) {
	t.Parallel()
	testkit.Databases(t, func(t *testing.T, db *store.DB) {
		f := openForum(t, db, 2)
		f.settings(t, func(s *schema.CommentSettings) {
			s.RefusedWords, s.BlockedNetworks, s.MaxLength = []string{"Knave"}, []string{"192.0.2.0/24"}, 200
		})
		public, other, draft := f.articles[0], f.articles[1], f.articles[2]
		elsewhere := f.add(t, f.readers[0], comment.Post{ArticleID: other, Body: "Elsewhere"}).Comment.ID
		for name, c := range map[string]struct {
			change func(*comment.Post)
			want   string
		}{
			"nothing said":            {func(p *comment.Post) { p.Body = " \u202e\n\t " }, "BLANK body"},
			"too long":                {func(p *comment.Post) { p.Body = strings.Repeat("ب", 201) }, "TOO_LONG body"},
			"a megabyte":              {func(p *comment.Post) { p.Body = strings.Repeat("x", 1<<20) }, "TOO_LONG body"},
			"a refused word":          {func(p *comment.Post) { p.Body = "You KNAVE!" }, "INVALID body"},
			"no name":                 {func(p *comment.Post) { p.GuestName = "" }, "BLANK guestName"},
			"a name with an override": {func(p *comment.Post) { p.GuestName = "Sal\u202ema" }, "INVALID guestName"},
			"a name with a line":      {func(p *comment.Post) { p.GuestName = "Salma\r\nBcc: x@example.org" }, "INVALID guestName"},
			"no address":              {func(p *comment.Post) { p.GuestEmail = "" }, "BLANK guestEmail"},
			"no e-mail address":       {func(p *comment.Post) { p.GuestEmail = "salma" }, "INVALID guestEmail"},
			"an injected header":      {func(p *comment.Post) { p.GuestEmail = "salma@example.org\r\nBcc: x@example.org" }, "INVALID guestEmail"},
			"no article":              {func(p *comment.Post) { p.ArticleID = 1 << 40 }, "NOT_FOUND articleId"},
			"a draft":                 {func(p *comment.Post) { p.ArticleID = draft }, "NOT_FOUND articleId"},
			"no parent":               {func(p *comment.Post) { p.ParentID = 1 << 40 }, "NOT_FOUND parentId"},
			"a parent elsewhere":      {func(p *comment.Post) { p.ParentID = elsewhere }, "NOT_FOUND parentId"},
		} {
			p := guest(public, "Good news for the islands.")
			c.change(&p)
			if _, err := f.comments.Add(t.Context(), p); reasonOf(err) != c.want {
				t.Errorf("%s: %q (%v), want %q", name, reasonOf(err), err, c.want)
			}
		}
		blocked := access.WithOrigin(t.Context(), access.Origin{Address: "192.0.2.7"})
		if _, err := f.comments.Add(blocked, guest(public, "From a blocked network")); reasonOf(err) != "FORBIDDEN" {
			t.Errorf("a blocked network: %v", err)
		}
		f.counts(t)
	})
}

func TestWhatIsSuspiciousWaits(t *testing.T) {
	t.Parallel()
	testkit.Databases(t, func(t *testing.T, db *store.DB) {
		f := openForum(t, db, 3)
		f.settings(t, func(s *schema.CommentSettings) { s.HeldWords = []string{"free money"} })
		long := "The same words that somebody has said before, long enough to be no chance."
		f.add(t, f.readers[2], comment.Post{ArticleID: f.articles[0], Body: long})
		for name, c := range map[string]struct {
			change func(*comment.Post)
			want   string
		}{
			"nothing":        {func(*comment.Post) {}, "APPROVED "},
			"the honeypot":   {func(p *comment.Post) { p.Honeypot = "https://spam.example" }, "SPAM ,HONEYPOT,"},
			"too fast":       {func(p *comment.Post) { p.OnPage = time.Second }, "PENDING ,TOO_FAST,"},
			"too many links": {func(p *comment.Post) { p.Body += " http://a.example www.b.example https://c.example" }, "PENDING ,LINKS,"},
			"a listed word":  {func(p *comment.Post) { p.Body += " FREE   money" }, "PENDING ,WORDS,"},
			"a repetition":   {func(p *comment.Post) { p.Body = strings.ToUpper(long) }, "PENDING ,REPEATED,"},
		} {
			p := guest(f.articles[0], "About "+name)
			c.change(&p)
			posted := f.add(t, access.Viewer{}, p)
			if got := string(posted.Comment.Status) + " " + posted.Comment.HeldFor; got != c.want {
				t.Errorf("%s: %q, want %q", name, got, c.want)
			}
		}
		own := comment.Post{ArticleID: f.articles[0], Body: "Well said"}
		f.add(t, f.readers[0], own)
		if _, err := f.comments.Add(as(t, f.readers[0]), own); reasonOf(err) != "TAKEN body" {
			t.Errorf("sent twice: %v", err)
		}
		f.add(t, f.readers[1], own) // short, by somebody else
		f.counts(t)
	})
}

func TestPolicies(t *testing.T) {
	t.Parallel()
	testkit.Databases(t, func(t *testing.T, db *store.DB) {
		f := openForum(t, db, 1)
		a := f.articles[0]
		n := 0
		try := func(v access.Viewer) string {
			n++
			posted, err := f.comments.Add(as(t, v), guest(a, fmt.Sprint("Comment ", n)))
			if err != nil {
				return reasonOf(err)
			}
			return string(posted.Comment.Status)
		}
		set := func(r comment.ArticleRules) {
			t.Helper()
			if err := f.moderator.SetArticleRules(as(t, f.chief), a, r); err != nil {
				t.Fatal(err)
			}
		}
		check := func(what, guest, member string) {
			t.Helper()
			if g, m := try(access.Viewer{}), try(f.readers[0]); g != guest || m != member {
				t.Errorf("%s: a guest gets %q and a member %q, want %q and %q", what, g, m, guest, member)
			}
		}
		check("open", "APPROVED", "APPROVED")
		set(comment.ArticleRules{Mode: new("REGISTERED")})
		check("for members", "FORBIDDEN articleId", "APPROVED")
		set(comment.ArticleRules{Mode: new("OPEN"), Moderation: new("BEFORE")})
		check("moderated before", "PENDING", "PENDING")
		set(comment.ArticleRules{Mode: new("CLOSED"), Moderation: new("SITE")})
		check("closed", "CLOSED articleId", "CLOSED articleId")
		past := f.comments.Now().Add(-time.Minute)
		set(comment.ArticleRules{Mode: new("OPEN"), ClosesAt: new(&past)})
		check("closed by time", "CLOSED articleId", "CLOSED articleId")
		set(comment.ArticleRules{ClosesAt: new((*time.Time)(nil))})
		f.settings(t, func(s *schema.CommentSettings) { s.Mode = "REGISTERED" })
		check("the site is for members", "FORBIDDEN articleId", "APPROVED")
		f.settings(t, func(s *schema.CommentSettings) { s.Mode, s.CloseAfterDays = "OPEN", 1 })
		system := access.AsSystem(t.Context())
		db.Ent(system).Article.UpdateOneID(a).SetPublishedAt(f.comments.Now().AddDate(0, 0, -2)).ExecX(system)
		check("after its days", "CLOSED articleId", "CLOSED articleId")
		db.Ent(system).Article.UpdateOneID(a).SetStatus(entarticle.StatusUnpublished).ExecX(system)
		check("unpublished", "NOT_FOUND articleId", "NOT_FOUND articleId")
	})
}

func TestGuestsEditDeleteAndClaimByTheirToken(t *testing.T) {
	t.Parallel()
	testkit.Databases(t, func(t *testing.T, db *store.DB) {
		f := openForum(t, db, 2)
		posted := f.add(t, access.Viewer{}, guest(f.articles[0], "Frist!"))
		key, token := posted.Comment.ID, posted.GuestToken
		for name, wrong := range map[string]string{"no token": "", "another token": token + "x", "a token of another kind": "bsd_" + token[4:]} {
			if _, err := f.comments.Edit(t.Context(), key, wrong, "Mine"); reasonOf(err) != "NOT_FOUND id" {
				t.Errorf("%s: %v", name, err)
			}
			if err := f.comments.Delete(t.Context(), key, wrong); reasonOf(err) != "NOT_FOUND id" {
				t.Errorf("%s: %v", name, err)
			}
		}
		if _, err := f.comments.Edit(as(t, f.readers[0]), key, "", "Mine"); reasonOf(err) != "NOT_FOUND id" {
			t.Errorf("another reader: %v", err)
		}
		changed, err := f.comments.Edit(t.Context(), key, token, "First!")
		if err != nil || changed.Body != "First!" || changed.EditedAt == nil {
			t.Fatalf("edited %v, %v", changed, err)
		}
		texts, err := f.moderator.EarlierTexts(as(t, f.chief), []int{key})
		if err != nil || len(texts[key]) != 1 || texts[key][0].Body != "Frist!" {
			t.Errorf("earlier texts %v, %v", texts, err)
		}
		if _, err := f.comments.Claim(as(t, f.readers[0]), key, token); err != nil {
			t.Fatal(err)
		}
		system := access.AsSystem(t.Context())
		if row := db.Ent(system).Comment.GetX(system, key); row.GuestEmail != "" || row.GuestName != "" || row.GuestTokenHash != nil || *row.UserID != f.readers[0].UserID {
			t.Errorf("after the claim: %v", row)
		}
		if err := f.comments.Delete(t.Context(), key, token); reasonOf(err) != "NOT_FOUND id" {
			t.Errorf("the token works after the claim: %v", err)
		}
		now := f.comments.Now()
		f.comments.Now = func() time.Time { return now.Add(time.Hour) }
		if _, err := f.comments.Edit(as(t, f.readers[0]), key, "", "Too late"); reasonOf(err) != "EXPIRED id" {
			t.Errorf("after the window: %v", err)
		}
		if err := f.comments.Delete(as(t, f.readers[0]), key, ""); err != nil {
			t.Errorf("deleting: %v", err)
		}
		f.counts(t)
	})
}

func TestRepliesKeepTheirPlace(t *testing.T) {
	t.Parallel()
	testkit.Databases(t, func(t *testing.T, db *store.DB) {
		f := openForum(t, db, 2)
		f.settings(t, func(s *schema.CommentSettings) { s.MaxDepth = 2 })
		a, one := f.articles[0], f.readers[0]
		top := f.add(t, one, comment.Post{ArticleID: a, Body: "top"}).Comment
		parent := top.ID
		for i := range 20 {
			c := f.add(t, f.readers[i%2], comment.Post{ArticleID: a, ParentID: parent, Body: fmt.Sprint("reply ", i)}).Comment
			if want := min(i+1, 2); c.Depth != want || *c.ThreadID != top.ID {
				t.Fatalf("reply %d stands at depth %d in thread %d", i, c.Depth, *c.ThreadID)
			}
			parent = c.ID
		}
		if err := f.comments.Delete(as(t, one), top.ID, ""); err != nil {
			t.Fatal(err)
		}
		f.counts(t)
		threads, err := f.comments.Threads(t.Context(), comment.NewestFirst, []int{a}, keyset.First(10))
		if err != nil || len(threads[a]) != 1 || threads[a][0].Body != "" || threads[a][0].RemovedBy != entcomment.RemovedByAuthor {
			t.Fatalf("the deleted comment is %v, %v", threads[a], err)
		}
		if _, err := f.comments.Add(as(t, one), comment.Post{ArticleID: a, ParentID: top.ID, Body: "late"}); reasonOf(err) != "NOT_FOUND parentId" {
			t.Errorf("a reply to what is gone: %v", err)
		}
		if _, err := f.moderator.CloseThread(as(t, f.chief), top.ID, true); err != nil {
			t.Fatal(err)
		}
		if _, err := f.comments.Add(as(t, one), comment.Post{ArticleID: a, ParentID: parent, Body: "late"}); reasonOf(err) != "CLOSED parentId" {
			t.Errorf("a reply in a closed thread: %v", err)
		}
	})
}

func TestModeratorsDecide(t *testing.T) {
	t.Parallel()
	testkit.Databases(t, func(t *testing.T, db *store.DB) {
		f := openForum(t, db, 2)
		a, chief := f.articles[0], as(t, f.chief)
		imported := f.save(t, &comment.Draft{ArticleID: a, GuestName: "Old", Body: "imported"})[0]
		slow := guest(a, "waits")
		slow.OnPage = 0
		waiting := f.add(t, access.Viewer{}, slow).Comment
		shown := f.add(t, f.readers[0], comment.Post{ArticleID: a, Body: "shown"}).Comment
		reply := f.add(t, f.readers[1], comment.Post{ArticleID: a, ParentID: shown.ID, Body: "reply"}).Comment

		if _, err := f.moderator.List(as(t, f.readers[0]), comment.Queue{View: comment.Waiting}, keyset.First(9)); fault.CodeOf(err) != fault.Forbidden {
			t.Errorf("a reader sees the queue: %v", err)
		}
		items, err := f.moderator.List(chief, comment.Queue{View: comment.Waiting}, keyset.First(9))
		if err != nil {
			t.Fatal(err)
		}
		got := map[int]string{}
		for _, it := range items {
			got[it.ID] = fmt.Sprint(it.HeldFor, it.GuestEmail)
		}
		if diff := cmp.Diff(map[int]string{imported.ID: "[IMPORTED]", waiting.ID: "[TOO_FAST]salma@example.org"}, got); diff != "" {
			t.Errorf("the queue (-want +got):\n%s", diff)
		}
		tally, err := f.moderator.Tally(chief, 100)
		if diff := cmp.Diff(map[comment.Reason]int{comment.FromImport: 1, comment.TooFast: 1}, tally); err != nil || diff != "" {
			t.Errorf("the counts: %v (-want +got):\n%s", err, diff)
		}
		if _, err := f.moderator.Approve(chief, []int{waiting.ID, 1 << 40}); reasonOf(err) != "NOT_FOUND ids[1]" {
			t.Errorf("one that is not there: %v", err)
		}
		f.counts(t)
		decide := func(items []*comment.Item, err error) []*comment.Item {
			t.Helper()
			if err != nil {
				t.Fatal(err)
			}
			f.counts(t)
			return items
		}
		decide(f.moderator.Approve(chief, []int{waiting.ID, imported.ID}))
		if err := f.comments.Report(t.Context(), comment.Report{CommentID: waiting.ID, Reason: commentreport.ReasonSpam}); err != nil {
			t.Fatal(err)
		}
		if err := f.comments.Report(t.Context(), comment.Report{CommentID: waiting.ID, Reason: commentreport.ReasonSpam}); err != nil { // counts once
			t.Fatal(err)
		}
		if err := f.comments.Report(t.Context(), comment.Report{CommentID: shown.ID, Reason: commentreport.ReasonIllegal, Explanation: "It is.", GoodFaith: true}); reasonOf(err) != "BLANK name" {
			t.Errorf("a notice without a name: %v", err)
		}
		reported := decide(f.moderator.List(chief, comment.Queue{View: comment.Reported}, keyset.First(9)))
		if len(reported) != 1 || reported[0].ReportCount != 1 {
			t.Errorf("reported: %v", reported)
		}
		decide(f.moderator.MarkSpam(chief, []int{waiting.ID}))
		removed, err := f.moderator.Remove(chief, shown.ID, "Insulting", true)
		if err != nil || removed.RemovalReason != "Insulting" || removed.Body != "" || removed.Status != entcomment.StatusApproved {
			t.Errorf("removed %v, %v", removed, err)
		}
		f.counts(t)
		back := decide(f.moderator.Approve(chief, []int{shown.ID}))
		if back[0].Body != "shown" || back[0].RemovedAt != nil {
			t.Errorf("shown again: %v", back[0])
		}
		decide(f.moderator.Reject(chief, []int{reply.ID}))
		if _, err := f.moderator.Pin(chief, shown.ID, true); err != nil {
			t.Error(err)
		}
		if _, err := f.moderator.Pin(chief, reply.ID, true); reasonOf(err) != "ILLEGAL_TRANSITION ids[0]" {
			t.Errorf("pinning what is hidden: %v", err)
		}
		pinned, err := f.comments.Pinned(t.Context(), []int{a})
		if err != nil || len(pinned[a]) != 1 {
			t.Errorf("pinned: %v, %v", pinned, err)
		}
		system := access.AsSystem(t.Context())
		if n := db.Ent(system).AuditEntry.Query().CountX(system); n != 7 {
			t.Errorf("%d audit entries, want one for each comment decided about: 7", n)
		}
	})
}

func TestBannedAndMuted(t *testing.T) {
	t.Parallel()
	testkit.Databases(t, func(t *testing.T, db *store.DB) {
		f := openForum(t, db, 2)
		a, chief := f.articles[0], as(t, f.chief)
		first := f.add(t, f.readers[0], comment.Post{ArticleID: a, Body: "first"}).Comment
		second := f.add(t, f.readers[1], comment.Post{ArticleID: a, Body: "second"}).Comment
		ofGuest := f.add(t, access.Viewer{}, guest(a, "third")).Comment
		for key, kind := range map[int]readerrestriction.Kind{first.ID: readerrestriction.KindBanned, second.ID: readerrestriction.KindMuted, ofGuest.ID: readerrestriction.KindBanned} {
			if _, err := f.moderator.Restrict(chief, comment.Restrict{CommentID: key, Kind: kind}); err != nil {
				t.Fatal(err)
			}
		}
		if _, err := f.comments.Add(as(t, f.readers[0]), comment.Post{ArticleID: a, Body: "again"}); reasonOf(err) != "FORBIDDEN" {
			t.Errorf("banned: %v", err)
		}
		if err := f.comments.React(as(t, f.readers[0]), second.ID, commentreaction.KindLike); reasonOf(err) != "FORBIDDEN" {
			t.Errorf("banned, reacting: %v", err)
		}
		if _, err := f.comments.Add(t.Context(), guest(a, "again")); reasonOf(err) != "FORBIDDEN" {
			t.Errorf("a banned guest: %v", err)
		}
		if c := f.add(t, f.readers[1], comment.Post{ArticleID: a, Body: "again"}).Comment; c.HeldFor != ",MUTED_READER," {
			t.Errorf("muted: held for %q", c.HeldFor)
		}
		all, err := f.moderator.Restrictions(chief, keyset.First(9))
		if err != nil || len(all) != 3 {
			t.Fatalf("restrictions %v, %v", all, err)
		}
		for _, r := range all {
			if err := f.moderator.Lift(chief, r.ID); err != nil {
				t.Error(err)
			}
		}
		f.add(t, f.readers[0], comment.Post{ArticleID: a, Body: "forgiven"})
	})
}

func TestLinksAreMadeSafe(t *testing.T) {
	t.Parallel()
	const rel = ` rel="nofollow ugc noopener noreferrer"`
	for text, want := range map[string]string{
		"":                              "",
		"plain":                         "<p>plain</p>",
		"two\nlines\n\nand more":        "<p>two<br>lines</p><p>and more</p>",
		"<script>alert(1)</script>":     "<p>&lt;script&gt;alert(1)&lt;/script&gt;</p>",
		"see https://a.example/b?c&d.":  `<p>see <a href="https://a.example/b?c&amp;d"` + rel + `>https://a.example/b?c&amp;d</a>.</p>`,
		"www.a.example":                 `<p><a href="https://www.a.example"` + rel + `>www.a.example</a></p>`,
		"javascript:alert(1)":           "<p>javascript:alert(1)</p>",
		`https://a.example/" onclick="`: `<p><a href="https://a.example/"` + rel + `>https://a.example/</a>&#34; onclick=&#34;</p>`,
		"(https://a.example)":           `<p>(<a href="https://a.example"` + rel + `>https://a.example</a>)</p>`,
	} {
		if diff := cmp.Diff(want, comment.HTML(text)); diff != "" {
			t.Errorf("%q (-want +got):\n%s", text, diff)
		}
	}
}
