package comment_test

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/broadsheet-cms/broadsheet/ent"
	"github.com/broadsheet-cms/broadsheet/ent/auditentry"
	entcomment "github.com/broadsheet-cms/broadsheet/ent/comment"
	"github.com/broadsheet-cms/broadsheet/ent/commentreport"
	"github.com/broadsheet-cms/broadsheet/ent/readerrestriction"
	"github.com/broadsheet-cms/broadsheet/ent/schema"
	"github.com/broadsheet-cms/broadsheet/internal/access"
	"github.com/broadsheet-cms/broadsheet/internal/comment"
	"github.com/broadsheet-cms/broadsheet/internal/keyset"
	"github.com/broadsheet-cms/broadsheet/internal/store"
	"github.com/broadsheet-cms/broadsheet/internal/testkit"
)

func from(t *testing.T, v access.Viewer, address string) context.Context {
	t.Helper()
	return access.WithOrigin(as(t, v), access.Origin{Address: address})
}

// TestReasonThatIsNotShownIsAudited: readers are not told, the audit log is.
func TestReasonThatIsNotShownIsAudited(t *testing.T) {
	t.Parallel()
	testkit.Databases(t, func(t *testing.T, db *store.DB) {
		f := openForum(t, db, 1)
		c := f.add(t, f.readers[0], comment.Post{ArticleID: f.articles[0], Body: "shown"}).Comment
		removed, err := f.moderator.Remove(as(t, f.chief), c.ID, "Names a minor", false)
		if err != nil || removed.RemovalReason != "" {
			t.Fatalf("removed with the reason %q, %v", removed.RemovalReason, err)
		}
		system := access.AsSystem(t.Context())
		entry := db.Ent(system).AuditEntry.Query().Where(auditentry.Action("removeComment")).OnlyX(system)
		text, err := json.Marshal(entry.After)
		if err != nil || !strings.Contains(string(text), "Names a minor") {
			t.Errorf("the audit log has %s, %v", text, err)
		}
	})
}

// TestQueueReadsItsIndexes: whatever it is filtered by, a page of the queue and its count
// read the few comments that wait, not the many that do not.
func TestQueueReadsItsIndexes(t *testing.T) {
	t.Parallel()
	testkit.EachURL(t, func(t *testing.T, url string) {
		var statements testkit.Statements
		db := testkit.Open(t, url, store.Options{Wrap: statements.Wrap})
		f := openForum(t, db, 1)
		system := access.AsSystem(t.Context())
		for i := range 30 {
			create := func() *ent.CommentCreate {
				return db.Ent(system).Comment.Create().SetArticleID(f.articles[i%2]).SetBody(fmt.Sprint("queued ", i))
			}
			create().SetHeldFor(map[bool]string{true: ",LINKS,", false: ",WORDS,"}[i%3 == 0]).SaveX(system)
			create().SetReportCount(1).SetStatus(entcomment.StatusApproved).SaveX(system)
			create().SetStatus(entcomment.StatusSpam).SaveX(system)
			create().SetStatus(entcomment.StatusTrash).SaveX(system)
		}
		saved := f.save(t, approved(f.articles[0], 1, "a"), approved(f.articles[1], 2, "b"))
		fill(t, db, f.articles[:2], saved)
		chief := as(t, f.chief)
		for _, view := range []comment.View{comment.Waiting, comment.Reported, comment.Spam, comment.Rejected} {
			for _, article := range []int{0, f.articles[0]} {
				for _, reason := range []comment.Reason{"", comment.Links, comment.FromImport} {
					q := comment.Queue{View: view, Article: article, Reason: reason}
					statements.Take()
					if _, err := f.moderator.List(chief, q, keyset.First(20)); err != nil {
						t.Fatal(err)
					}
					if _, err := f.moderator.Count(chief, q, 1000); err != nil {
						t.Fatal(err)
					}
					read := statements.Take()
					if len(read) != 2 {
						t.Fatalf("%d statements of a page and its count", len(read))
					}
					args := [][]any{{keyset.Newest.Moment(), keyset.Newest.ID, keyset.Oldest.Moment(), keyset.Oldest.ID, article, string(reason), 20}, {article, string(reason), 1000}}
					for i, text := range read {
						plan := explain(t, db, text, args[i])
						for _, bad := range []string{"Seq Scan on comments", "SCAN c\n", "TEMP B-TREE FOR ORDER BY\n"} {
							if strings.Contains(plan, bad) {
								t.Errorf("%s of article %d for %q: %s in\n%s\n%s", view, article, reason, strings.TrimSpace(bad), text, plan)
							}
						}
					}
				}
			}
		}
	})
}

// TestQueueFilters reads each view by each reason and by article, beside what is
// stored.
func TestQueueFilters(t *testing.T) {
	t.Parallel()
	testkit.Databases(t, func(t *testing.T, db *store.DB) {
		f := openForum(t, db, 1)
		system := access.AsSystem(t.Context())
		type where struct {
			view    comment.View
			article int
			reason  comment.Reason
		}
		want := map[where]int{}
		expect := func(view comment.View, article int, reasons ...comment.Reason) {
			for _, a := range []int{0, article} {
				want[where{view, a, ""}]++
				for _, r := range reasons {
					want[where{view, a, r}]++
				}
			}
		}
		for n, article := range f.articles[:2] {
			for i, reason := range comment.Reasons() {
				stored := "," + string(reason) + ","
				if reason == comment.FromImport {
					stored = ""
				}
				db.Ent(system).Comment.Create().SetArticleID(article).SetBody(fmt.Sprint(n, i)).SetHeldFor(stored).SaveX(system)
				expect(comment.Waiting, article, reason)
			}
			db.Ent(system).Comment.Create().SetArticleID(article).SetBody("two").SetHeldFor(",LINKS,WORDS,").SaveX(system)
			expect(comment.Waiting, article, comment.Links, comment.Words)
			db.Ent(system).Comment.Create().SetArticleID(article).SetBody("spam").SetHeldFor(",HONEYPOT,").SetStatus(entcomment.StatusSpam).SaveX(system)
			expect(comment.Spam, article, comment.HoneypotUsed)
			db.Ent(system).Comment.Create().SetArticleID(article).SetBody("gone").SetStatus(entcomment.StatusTrash).SaveX(system)
			expect(comment.Rejected, article)
			db.Ent(system).Comment.Create().SetArticleID(article).SetBody("reported").SetReportCount(2).SetStatus(entcomment.StatusApproved).SaveX(system)
			expect(comment.Reported, article)
		}
		for _, view := range []comment.View{comment.Waiting, comment.Reported, comment.Spam, comment.Rejected} {
			for _, article := range []int{0, f.articles[0], f.articles[1], f.articles[2]} {
				for _, reason := range append(comment.Reasons(), "") {
					q := comment.Queue{View: view, Article: article, Reason: reason}
					items, err := f.moderator.List(as(t, f.chief), q, keyset.First(100))
					if err != nil {
						t.Fatal(err)
					}
					n, err := f.moderator.Count(as(t, f.chief), q, 100)
					if w := want[where{view, article, reason}]; err != nil || len(items) != w || n != w {
						t.Errorf("%s of article %d for %q: %d listed, %d counted (%v), want %d", view, article, reason, len(items), n, err, w)
					}
				}
			}
		}
	})
}

func TestTextsThatCannotBeReadAreRefused(t *testing.T) {
	t.Parallel()
	testkit.Databases(t, func(t *testing.T, db *store.DB) {
		f := openForum(t, db, 1)
		for body, want := range map[string]string{
			"\u200b":                             "BLANK body",
			" \u200d\u200c\u2060\ufeff ":         "BLANK body",
			"\u3164\uffa0\u115f":                 "BLANK body",
			"\u2800\u00ad\ufe0f":                 "BLANK body",
			"\u202e\u2069":                       "BLANK body",
			"half \xed\xa0\xbd of one":           "INVALID body",
			"cut \xff off":                       "INVALID body",
			"lost \ufffd on its way":             "INVALID body",
			"safe \u202egnirts\u202c":            "INVALID body",
			"in \u202bembedded\u202c":            "INVALID body",
			"open \u2067isolate":                 "INVALID body",
			"ends in \u2067another\nline\u2069":  "INVALID body",
			"too many \u2067ends\u2069\u2069":    "INVALID body",
			"call \u2068+968 2460 0000\u2069 ok": "",
			"می\u200cخواهم":                      "",
			"שלום\u200f!":                        "",
			"👨\u200d👩\u200d👧":                    "",
			"ring\x00\x07!":                      "",
		} {
			_, err := f.comments.Add(as(t, f.readers[0]), comment.Post{ArticleID: f.articles[0], Body: body})
			if got := reasonOf(err); got != want || want == "" && err != nil {
				t.Errorf("%q: %q (%v), want %q", body, got, err, want)
			}
		}
	})
}

func TestAddressesThatLookLikeOthersAreRefused(t *testing.T) {
	t.Parallel()
	testkit.Databases(t, func(t *testing.T, db *store.DB) {
		f := openForum(t, db, 1)
		a := f.articles[0]
		reported := f.add(t, f.readers[0], comment.Post{ArticleID: a, Body: "reported"}).Comment.ID
		for address, want := range map[string]string{
			"sal\u200bma@example.org": "INVALID",
			"s\u0430lma@example.org":  "INVALID", // Cyrillic a
			"sal\u202ema@example.org": "INVALID",
		} {
			p := guest(a, "From there")
			p.GuestEmail = address
			if _, err := f.comments.Add(t.Context(), p); reasonOf(err) != want+" guestEmail" {
				t.Errorf("%q: %v", address, err)
			}
			if err := f.comments.Report(t.Context(), comment.Report{CommentID: reported, Reason: commentreport.ReasonSpam, Email: address}); reasonOf(err) != want+" email" {
				t.Errorf("a report of %q: %v", address, err)
			}
		}
		p := guest(a, "Canonical")
		p.GuestEmail = "Salma@B\u00fcch\u200ber.example"
		c := f.add(t, access.Viewer{}, p).Comment
		if c.GuestEmail != "salma@xn--bcher-kva.example" {
			t.Errorf("kept as %q", c.GuestEmail)
		}
	})
}

// TestEditsMeetTheRulesOfNewComments: nothing can be said by an edit that could not
// be said anew.
func TestEditsMeetTheRulesOfNewComments(t *testing.T) {
	t.Parallel()
	testkit.Databases(t, func(t *testing.T, db *store.DB) {
		f := openForum(t, db, 3)
		f.settings(t, func(s *schema.CommentSettings) {
			s.BlockedNetworks, s.RefusedWords, s.HeldWords = []string{"192.0.2.0/24"}, []string{"knave"}, []string{"free money"}
		})
		a, one := f.articles[0], f.readers[0]
		top := f.add(t, f.readers[1], comment.Post{ArticleID: a, Body: "top"}).Comment
		long := "The same words that somebody has said before, long enough to be no chance."
		f.add(t, f.readers[2], comment.Post{ArticleID: f.articles[1], Body: long})
		f.add(t, one, comment.Post{ArticleID: a, Body: "said already"})
		mine := f.add(t, one, comment.Post{ArticleID: a, ParentID: top.ID, Body: "mine"}).Comment
		ofGuest := f.add(t, access.Viewer{}, guest(a, "a guest's"))
		edit := func(body string) string {
			c, err := f.comments.Edit(as(t, one), mine.ID, "", body)
			if err != nil {
				return reasonOf(err)
			}
			return string(c.Status) + " " + c.HeldFor
		}
		if _, err := f.comments.Edit(from(t, one, "192.0.2.7"), mine.ID, "", "from there"); reasonOf(err) != "FORBIDDEN" {
			t.Errorf("from a blocked network: %v", err)
		}
		if got := edit("you knave"); got != "INVALID body" {
			t.Errorf("a refused word: %s", got)
		}
		if got := edit("Said ALREADY"); got != "TAKEN body" {
			t.Errorf("a repetition: %s", got)
		}
		if got := edit("Mine!"); got != "APPROVED " { // its own words are no repetition
			t.Errorf("the same words: %s", got)
		}
		if _, err := f.moderator.CloseThread(as(t, f.chief), top.ID, true); err != nil {
			t.Fatal(err)
		}
		if got := edit("in a closed thread"); got != "CLOSED id" {
			t.Errorf("a closed thread: %s", got)
		}
		if _, err := f.moderator.CloseThread(as(t, f.chief), top.ID, false); err != nil {
			t.Fatal(err)
		}
		set := func(mode string) {
			if err := f.moderator.SetArticleRules(as(t, f.chief), a, comment.ArticleRules{Mode: &mode}); err != nil {
				t.Fatal(err)
			}
		}
		set("CLOSED")
		if got := edit("below a closed article"); got != "CLOSED id" {
			t.Errorf("a closed article: %s", got)
		}
		set("REGISTERED")
		if _, err := f.comments.Edit(t.Context(), ofGuest.Comment.ID, ofGuest.GuestToken, "for members"); reasonOf(err) != "FORBIDDEN id" {
			t.Errorf("a guest, for members only: %v", err)
		}
		set("OPEN")
		if got := edit(long); got != "PENDING ,REPEATED," {
			t.Errorf("what others said: %s", got)
		}
		if got := edit("free money"); got != "PENDING ,REPEATED,WORDS," {
			t.Errorf("waiting, and edited to a listed word: %s", got)
		}
		f.counts(t)
	})
}

func TestRepeatedRequestsChangeNothing(t *testing.T) {
	t.Parallel()
	testkit.Databases(t, func(t *testing.T, db *store.DB) {
		f := openForum(t, db, 2)
		a, chief := f.articles[0], as(t, f.chief)
		mine := f.add(t, f.readers[0], comment.Post{ArticleID: a, Body: "mine"}).Comment.ID
		ofGuest := f.add(t, access.Viewer{}, guest(a, "a guest's"))
		for range 2 {
			if err := f.comments.Delete(as(t, f.readers[0]), mine, ""); err != nil {
				t.Errorf("deleting: %v", err)
			}
			if err := f.comments.Delete(t.Context(), ofGuest.Comment.ID, ofGuest.GuestToken); err != nil {
				t.Errorf("a guest, deleting: %v", err)
			}
		}
		if err := f.comments.Delete(as(t, f.readers[1]), mine, ""); reasonOf(err) != "NOT_FOUND id" {
			t.Errorf("what somebody else deleted: %v", err)
		}
		removed := f.add(t, f.readers[0], comment.Post{ArticleID: a, Body: "removed"}).Comment.ID
		if _, err := f.moderator.Reject(chief, []int{removed}); err != nil {
			t.Fatal(err)
		}
		if err := f.comments.Delete(as(t, f.readers[0]), removed, ""); reasonOf(err) != "NOT_FOUND id" {
			t.Errorf("what a moderator removed: %v", err)
		}
		other := f.add(t, access.Viewer{}, guest(a, "another"))
		until := f.comments.Now().Add(time.Hour)
		for name, in := range map[string]comment.Restrict{
			"member": {CommentID: f.add(t, f.readers[1], comment.Post{ArticleID: a, Body: "second"}).Comment.ID, Kind: readerrestriction.KindBanned, Reason: "Rude"},
			"guest":  {CommentID: other.Comment.ID, Kind: readerrestriction.KindMuted, Reason: "Rude"},
		} {
			first, err := f.moderator.Restrict(chief, in)
			if err != nil {
				t.Fatal(err)
			}
			again, err := f.moderator.Restrict(chief, in)
			if err != nil || again.ID != first.ID {
				t.Errorf("%s, again: %v, %v", name, again, err)
			}
			in.ExpiresAt, in.Reason = &until, "Rude again"
			later, err := f.moderator.Restrict(chief, in)
			if err != nil || later.ID != first.ID || later.ExpiresAt == nil || later.Reason != "Rude again" {
				t.Errorf("%s, until later: %v, %v", name, later, err)
			}
		}
		system := access.AsSystem(t.Context())
		if n := db.Ent(system).ReaderRestriction.Query().CountX(system); n != 2 {
			t.Errorf("%d restrictions, want 2", n)
		}
		if n := db.Ent(system).AuditEntry.Query().Where(auditentry.ActionIn("banReader", "muteReader")).CountX(system); n != 4 {
			t.Errorf("%d audit entries, want one for each that changed something: 4", n)
		}
		f.counts(t)
	})
}

func TestReportsOfGuestsCountOnceForANetwork(t *testing.T) {
	t.Parallel()
	testkit.Databases(t, func(t *testing.T, db *store.DB) {
		f := openForum(t, db, 1)
		key := f.add(t, f.readers[0], comment.Post{ArticleID: f.articles[0], Body: "reported"}).Comment.ID
		report := func(address, email string, reason commentreport.Reason) string {
			return reasonOf(f.comments.Report(from(t, access.Viewer{}, address), comment.Report{CommentID: key, Reason: reason, Email: email, Name: "Omar", Explanation: "It is.", GoodFaith: true}))
		}
		for i, address := range []string{"203.0.113.5", "203.0.113.5", "2001:db8:1:2::1", "2001:db8:1:2:ffff::9", "2001:db8:1:3::1"} {
			if got := report(address, fmt.Sprintf("omar%d@example.org", i), commentreport.ReasonSpam); got != "" {
				t.Errorf("from %s: %s", address, got)
			}
		}
		system := access.AsSystem(t.Context())
		if n := db.Ent(system).Comment.GetX(system, key).ReportCount; n != 3 {
			t.Errorf("counted %d times, want once for each of 3 networks", n)
		}
		// A notice of illegal content by somebody else of a network is kept.
		for range 2 {
			report("203.0.113.5", "hind@example.org", commentreport.ReasonIllegal)
		}
		if n, kept := db.Ent(system).Comment.GetX(system, key).ReportCount, db.Ent(system).CommentReport.Query().CountX(system); n != 3 || kept != 4 {
			t.Errorf("counted %d times with %d reports, want 3 with 4", n, kept)
		}
		slowed := false
		for i := range 40 {
			slowed = slowed || report("198.51.100.9", fmt.Sprintf("r%d@example.org", i), commentreport.ReasonSpam) == "RATE_LIMITED"
		}
		if !slowed {
			t.Error("forty reports of one network were taken at once")
		}
	})
}

// TestLettersOfModeration: who gave an address hears that a report arrived and what
// was decided, and a guest why a comment is gone.
func TestLettersOfModeration(t *testing.T) {
	t.Parallel()
	testkit.Databases(t, func(t *testing.T, db *store.DB) {
		f := openForum(t, db, 2)
		sent := f.post(t, "ar")
		a, chief, system := f.articles[0], as(t, f.chief), access.AsSystem(t.Context())
		db.Ent(system).User.UpdateOneID(f.readers[0].UserID).SetLanguage("en").ExecX(system)
		mails := func() map[string]string {
			t.Helper()
			got := map[string]string{}
			for _, m := range sent() {
				if _, twice := got[m.to]; twice {
					t.Errorf("two mails to %s", m.to)
				}
				got[m.to] = m.subject
				if strings.Contains(m.subject, "not shown") || strings.Contains(m.subject, "غير معروض") {
					got[m.to] += ": " + map[bool]string{true: "with the reason", false: "without"}[strings.Contains(m.text, "Insulting")]
				}
				decision := !strings.Contains(m.subject, "received") && !strings.Contains(m.subject, "تسلّم")
				if tells := strings.Contains(m.text, "https://beacon.example/contact-us") && strings.Contains(m.html, "https://beacon.example/contact-us"); tells != decision {
					t.Errorf("%q says where to complain: %v, want %v", m.subject, tells, decision)
				}
			}
			return got
		}
		check := func(what string, want map[string]string) {
			t.Helper()
			if diff := cmp.Diff(want, mails()); diff != "" {
				t.Errorf("%s (-want +got):\n%s", what, diff)
			}
		}
		ofGuest := f.add(t, access.Viewer{}, guest(a, "a guest's")).Comment.ID
		sent() // the guest's link, of TestGuestsGetALinkToTheirComment
		member := f.add(t, f.readers[1], comment.Post{ArticleID: a, Body: "a member's"}).Comment.ID
		report := func(ctx context.Context, r comment.Report) {
			t.Helper()
			if err := f.comments.Report(ctx, r); err != nil {
				t.Fatal(err)
			}
		}
		spam, illegal := commentreport.ReasonSpam, commentreport.ReasonIllegal
		for range 2 {
			report(from(t, access.Viewer{}, "203.0.113.5"), comment.Report{CommentID: ofGuest, Reason: spam, Email: "omar@example.org"})
		}
		report(from(t, access.Viewer{}, "203.0.113.6"), comment.Report{CommentID: ofGuest, Reason: spam})
		report(as(t, f.readers[0]), comment.Report{CommentID: member, Reason: illegal, Explanation: "It is.", GoodFaith: true})
		check("reported", map[string]string{"omar@example.org": "تسلّم The Beacon بلاغك", "reader1@example.org": "The Beacon has received your report"})
		if _, err := f.moderator.Remove(chief, ofGuest, "Insulting", true); err != nil {
			t.Fatal(err)
		}
		if _, err := f.moderator.Approve(chief, []int{member}); err != nil {
			t.Fatal(err)
		}
		check("decided", map[string]string{"omar@example.org": "أزال The Beacon التعليق الذي أبلغت عنه", "reader1@example.org": "The Beacon has decided about your report",
			"salma@example.org": "تعليقك في The Beacon غير معروض: with the reason"})
		if _, err := f.moderator.Reject(chief, []int{ofGuest, member}); err != nil { // the guest knows; the member finds a notification
			t.Fatal(err)
		}
		check("decided again", map[string]string{})

		slow := guest(a, "waits")
		slow.OnPage = 0
		waiting := f.add(t, access.Viewer{}, slow).Comment.ID
		trap := guest(a, "trapped")
		trap.GuestEmail = "robot@example.org"
		spammed := f.add(t, access.Viewer{}, trap).Comment.ID
		imported := f.save(t, &comment.Draft{ArticleID: a, GuestName: "Old", GuestEmail: "old@example.org", Body: "imported", SourceURI: "https://old.example/1"})[0].ID
		sent()
		if _, err := f.moderator.Reject(chief, []int{waiting, imported}); err != nil {
			t.Fatal(err)
		}
		if _, err := f.moderator.MarkSpam(chief, []int{spammed}); err != nil {
			t.Fatal(err)
		}
		check("rejected while it waited", map[string]string{"salma@example.org": "تعليقك في The Beacon غير معروض: without"})
	})
}

// Replies below a comment that is not shown are not counted; one that a moderator takes away
// keeps its place, and its replies can be reached.
func TestCommentCountIsOfWhatCanBeReached(t *testing.T) {
	t.Parallel()
	testkit.Databases(t, func(t *testing.T, db *store.DB) {
		f := openForum(t, db, 0)
		chief, article := as(t, f.chief), f.articles[0]
		top, below, deep := approved(article, 1, "top"), approved(0, 2, "below"), approved(0, 3, "deep")
		below.Parent, deep.Parent = top, below
		hidden, reply := &comment.Draft{ArticleID: article, Body: "waits", GuestName: "G", PostedAt: at(4)}, approved(0, 5, "to what waits")
		reply.Parent = hidden
		saved := f.save(t, top, below, deep, hidden, reply)
		count := func(want int, when string) {
			t.Helper()
			f.counts(t)
			if n := db.Ent(access.AsSystem(t.Context())).Article.GetX(access.AsSystem(t.Context()), article).CommentCount; n != want {
				t.Errorf("%s: %d comments, want %d", when, n, want)
			}
		}
		count(3, "after the import")
		for _, step := range []struct {
			when string
			do   func() error
			want int
		}{
			{"the top is rejected", func() error { _, err := f.moderator.Reject(chief, []int{saved[0].ID}); return err }, 2}, // it keeps its place
			{"a reply below it is rejected", func() error { _, err := f.moderator.Reject(chief, []int{saved[1].ID}); return err }, 1},
			{"the top is approved", func() error { _, err := f.moderator.Approve(chief, []int{saved[0].ID}); return err }, 2},
			{"the reply is approved", func() error { _, err := f.moderator.Approve(chief, []int{saved[1].ID}); return err }, 3},
			{"what waited is approved", func() error { _, err := f.moderator.Approve(chief, []int{saved[3].ID}); return err }, 5},
			{"it is spam", func() error { _, err := f.moderator.MarkSpam(chief, []int{saved[3].ID}); return err }, 4},
		} {
			if err := step.do(); err != nil {
				t.Fatalf("%s: %v", step.when, err)
			}
			count(step.want, step.when)
		}
	})
}
