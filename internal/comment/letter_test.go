package comment_test

import (
	"context"
	"fmt"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	entcomment "github.com/broadsheet-cms/broadsheet/ent/comment"
	"github.com/broadsheet-cms/broadsheet/ent/commentreport"
	"github.com/broadsheet-cms/broadsheet/internal/access"
	"github.com/broadsheet-cms/broadsheet/internal/comment"
	"github.com/broadsheet-cms/broadsheet/internal/event"
	"github.com/broadsheet-cms/broadsheet/internal/job"
	"github.com/broadsheet-cms/broadsheet/internal/keyset"
	"github.com/broadsheet-cms/broadsheet/internal/mail"
	"github.com/broadsheet-cms/broadsheet/internal/store"
	"github.com/broadsheet-cms/broadsheet/internal/testkit"
)

type sentMail struct{ to, subject, text, html string }

// post has the letters of a forum sent on a site of a language, and gives what is sent
// since the last call.
func (f *forum) post(t *testing.T, language string) func() []sentMail {
	t.Helper()
	now := time.Date(2026, 5, 4, 9, 0, 0, 0, time.UTC)
	clock := func() time.Time { return now }
	jobs := job.New(f.db, event.NewLog(f.db).Woken, job.Settings{Now: clock})
	mailer := mail.New(f.db, func(context.Context) (mail.Brand, error) {
		return mail.Brand{Name: "The Beacon", URL: "https://beacon.example", Language: language}, nil
	})
	mailer.Configure(mail.Settings{})
	mailer.Now = clock
	f.comments.SendBy(jobs, mailer)
	return func() (sent []sentMail) {
		t.Helper()
		if _, err := jobs.RunDue(t.Context()); err != nil {
			t.Fatal(err)
		}
		kept, err := mailer.Kept(t.Context(), 100)
		if err != nil {
			t.Fatal(err)
		}
		for _, k := range kept {
			_, text, html, err := mail.Parts(k.Message)
			if err != nil {
				t.Fatal(err)
			}
			sent = append(sent, sentMail{k.Recipient, k.Subject, text, html})
		}
		f.db.Ent(t.Context()).KeptMail.Delete().ExecX(t.Context())
		return sent
	}
}

// subjects of mails, in the order of their addresses' first mail.
func subjects(sent []sentMail) map[string][]string {
	all := map[string][]string{}
	for _, m := range sent {
		all[m.to] = append(all[m.to], m.subject)
	}
	return all
}

var ownLink = regexp.MustCompile(`https://beacon\.example/comments/own\?token=(\S+)`)

// TestGuestsGetALinkToTheirComment: once for each comment, with the token that edits,
// deletes and claims it.
func TestGuestsGetALinkToTheirComment(t *testing.T) {
	t.Parallel()
	testkit.Databases(t, func(t *testing.T, db *store.DB) {
		f := openForum(t, db, 2)
		sent, a := f.post(t, "en"), f.articles[0]
		link := func(m sentMail) string {
			t.Helper()
			found := ownLink.FindStringSubmatch(m.text)
			if found == nil || m.to != "salma@example.org" || m.subject != "Your comment at The Beacon" {
				t.Fatalf("a mail to %s, %q: %s", m.to, m.subject, m.text)
			}
			token, err := url.QueryUnescape(found[1])
			if err != nil {
				t.Fatal(err)
			}
			return token
		}
		f.add(t, f.readers[0], comment.Post{ArticleID: a, Body: "a member's"})
		posted := f.add(t, access.Viewer{}, guest(a, "a guest's"))
		waits := guest(a, "waits")
		waits.OnPage = 0
		f.add(t, access.Viewer{}, waits)
		robot := guest(a, "of a robot")
		robot.Honeypot = "filled in"
		f.add(t, access.Viewer{}, robot)
		mails := sent()
		if len(mails) != 2 || len(sent()) != 0 {
			t.Fatalf("%d mails of two comments of people: %v", len(mails), subjects(mails))
		}
		tokens := map[string]bool{link(mails[0]): true, link(mails[1]): true}
		if !tokens[posted.GuestToken] || len(tokens) != 2 {
			t.Fatalf("the mails have the tokens %v, the answer had %s", tokens, posted.GuestToken)
		}
		for token := range tokens {
			own, err := f.comments.ByGuestToken(t.Context(), token)
			if err != nil || own == nil || (own.Status == entcomment.StatusApproved) != (token == posted.GuestToken) {
				t.Fatalf("by its link: %v, %v", own, err)
			}
			if want := own.PostedAt.Add(15 * time.Minute); !own.EditableUntil.Equal(want) {
				t.Errorf("can be edited until %v, want %v", own.EditableUntil, want)
			}
		}
		if _, err := f.comments.Edit(t.Context(), posted.Comment.ID, posted.GuestToken, "a guest's, edited"); err != nil {
			t.Error(err)
		}
		if own, err := f.comments.ByGuestToken(t.Context(), posted.GuestToken); err != nil || own == nil || own.Body != "a guest's, edited" {
			t.Errorf("edited: %v, %v", own, err)
		}
		if err := f.comments.Delete(t.Context(), posted.Comment.ID, posted.GuestToken); err != nil {
			t.Error(err)
		}
		claimed := f.add(t, access.Viewer{}, guest(a, "claimed"))
		if _, err := f.comments.Claim(as(t, f.readers[0]), claimed.Comment.ID, claimed.GuestToken); err != nil {
			t.Error(err)
		}
		for what, token := range map[string]string{"deleted": posted.GuestToken, "claimed": claimed.GuestToken, "none": "", "forged": "bsc_forged"} {
			if own, err := f.comments.ByGuestToken(t.Context(), token); own != nil || err != nil {
				t.Errorf("%s: %v, %v", what, own, err)
			}
		}
		if mails := sent(); len(mails) != 0 {
			t.Errorf("a comment that was claimed before its mail was sent: %v", subjects(mails))
		}
	})
}

// TestLinksToOneAddressAreFew: whoever comments in somebody else's name does not fill
// their mailbox: ten mails go to one address within a day, and thirty from one network.
func TestLinksToOneAddressAreFew(t *testing.T) {
	t.Parallel()
	testkit.Databases(t, func(t *testing.T, db *store.DB) {
		f := openForum(t, db, 1)
		sent := f.post(t, "en")
		now := f.comments.Now()
		f.comments.Now = func() time.Time { return now }
		comments := func(when string, number, want int) {
			t.Helper()
			for i := range number {
				f.add(t, access.Viewer{}, guest(f.articles[0], fmt.Sprint(when, " number ", i)))
			}
			if n := len(sent()); n != want {
				t.Errorf("%s: %d mails to one address, want %d", when, n, want)
			}
		}
		comments("at once", 25, 10)
		for hour := range 23 {
			now = now.Add(time.Hour)
			comments(fmt.Sprint(hour+1, " hours later"), 2, 0)
		}
		now = now.Add(2 * time.Hour)
		comments("the next day", 12, 10)
		// Nor many mailboxes from one network.
		for i := range 60 {
			p := guest(f.articles[1], fmt.Sprint("to others ", i))
			p.GuestEmail = fmt.Sprintf("other%d@example.org", i)
			if _, err := f.comments.Add(from(t, access.Viewer{}, fmt.Sprint("2001:db8:1:2::", i+1)), p); err != nil {
				t.Fatal(err)
			}
		}
		if n := len(sent()); n != 30 {
			t.Errorf("%d mails from one network, want 30", n)
		}
	})
}

// TestLinksThatWereNotMailedAreNotCounted, also when the job was stopped while it mailed.
func TestLinksThatWereNotMailedAreNotCounted(t *testing.T) {
	t.Parallel()
	testkit.Databases(t, func(t *testing.T, db *store.DB) {
		f := openForum(t, db, 1)
		now := time.Date(2026, 5, 4, 9, 0, 0, 0, time.UTC)
		jobs := job.New(db, event.NewLog(db).Woken, job.Settings{Now: func() time.Time { return now }})
		asked, stop := 0, func() {}
		mailer := mail.New(db, func(ctx context.Context) (mail.Brand, error) {
			if asked++; asked == 2 { // once the link is counted
				stop()
				return mail.Brand{}, ctx.Err()
			}
			return mail.Brand{Name: "The Beacon", URL: "https://beacon.example", Language: "en"}, nil
		})
		mailer.Configure(mail.Settings{})
		f.comments.SendBy(jobs, mailer)
		for i := range 10 {
			f.add(t, access.Viewer{}, guest(f.articles[0], fmt.Sprint("stopped ", i)))
			ctx, cancel := context.WithCancel(t.Context())
			asked, stop = 0, cancel
			_, _ = jobs.RunDue(ctx) // it was stopped
			stopped := ctx.Err() != nil
			cancel()
			if !stopped {
				t.Fatalf("mail %d was not stopped: the brand was read %d times", i, asked)
			}
		}
		for i := range 10 {
			f.add(t, access.Viewer{}, guest(f.articles[0], fmt.Sprint("mailed ", i)))
		}
		asked = 2
		if _, err := jobs.RunDue(t.Context()); err != nil {
			t.Fatal(err)
		}
		if kept, err := mailer.Kept(t.Context(), 100); err != nil || len(kept) != 10 {
			t.Errorf("%d mails, %v, want 10", len(kept), err)
		}
	})
}

// TestOneReportForEachReporterAndReason: the first counts, a notice of illegal content is
// never lost, also not after a moderator let the comment stay, and no report is confirmed
// twice.
func TestOneReportForEachReporterAndReason(t *testing.T) {
	t.Parallel()
	testkit.Databases(t, func(t *testing.T, db *store.DB) {
		f := openForum(t, db, 4)
		sent := f.post(t, "en")
		spam, abuse, illegal := commentreport.ReasonSpam, commentreport.ReasonAbuse, commentreport.ReasonIllegal
		type report struct {
			email  string
			reason commentreport.Reason
		}
		received := "The Beacon has received your report"
		for name, c := range map[string]struct {
			viewer  access.Viewer
			reports []report
			kept    int
			mails   map[string][]string
		}{
			"a guest, illegal twice": {access.Viewer{}, []report{{"omar@example.org", illegal}, {"omar@example.org", illegal}, {"omar@example.org", illegal}}, 1,
				map[string][]string{"omar@example.org": {received}}},
			"two of one network": {access.Viewer{}, []report{{"omar@example.org", illegal}, {"hind@example.org", illegal}, {"omar@example.org", illegal}, {"hind@example.org", illegal}}, 2,
				map[string][]string{"omar@example.org": {received}, "hind@example.org": {received}}},
			"a guest, spam and then illegal": {access.Viewer{}, []report{{"omar@example.org", spam}, {"omar@example.org", illegal}, {"omar@example.org", illegal}, {"omar@example.org", spam}}, 2,
				map[string][]string{"omar@example.org": {received, received}}},
			"a member, spam and then illegal": {f.readers[1], []report{{"", spam}, {"", illegal}, {"", illegal}, {"", spam}}, 2, map[string][]string{"reader2@example.org": {received}}},
			"a member, three reasons":         {f.readers[2], []report{{"", illegal}, {"", abuse}, {"", spam}, {"", illegal}, {"", abuse}}, 3, map[string][]string{"reader3@example.org": {received}}},
		} {
			key := f.add(t, f.readers[0], comment.Post{ArticleID: f.articles[0], Body: name}).Comment.ID
			for _, r := range c.reports {
				in := comment.Report{CommentID: key, Reason: r.reason, Email: r.email, Name: "Somebody", Explanation: "It is.", GoodFaith: true}
				if err := f.comments.Report(from(t, c.viewer, "203.0.113.5"), in); err != nil {
					t.Fatal(err)
				}
			}
			if diff := cmp.Diff(c.mails, subjects(sent())); diff != "" {
				t.Errorf("%s: mails (-want +got):\n%s", name, diff)
			}
			system := access.AsSystem(t.Context())
			kept := db.Ent(system).CommentReport.Query().Where(commentreport.CommentID(key)).AllX(system)
			if n := db.Ent(system).Comment.GetX(system, key).ReportCount; len(kept) != c.kept || n != 1 {
				t.Errorf("%s: %d reports that count %d, want %d that count once", name, len(kept), n, c.kept)
			}
		}
		for name, viewer := range map[string]access.Viewer{"a guest": {}, "a member": f.readers[3]} {
			key := f.add(t, f.readers[0], comment.Post{ArticleID: f.articles[1], Body: name}).Comment.ID
			for _, reason := range []commentreport.Reason{spam, illegal, abuse} {
				for range 2 {
					in := comment.Report{CommentID: key, Reason: reason, Email: strings.ReplaceAll(name, " ", ".") + "@example.org", Name: "Noor", Explanation: "It is.", GoodFaith: true}
					if err := f.comments.Report(from(t, viewer, "203.0.113.77"), in); err != nil {
						t.Fatal(err)
					}
				}
				queue, err := f.moderator.List(as(t, f.chief), comment.Queue{View: comment.Reported, Article: f.articles[1]}, keyset.Window{Limit: 10})
				if err != nil || len(queue) != 1 || queue[0].ID != key || queue[0].ReportCount != 1 {
					t.Errorf("%s reports %s after the comment was approved: the queue has %v, %v", name, reason, queue, err)
				}
				if _, err := f.moderator.Approve(as(t, f.chief), []int{key}); err != nil {
					t.Fatal(err)
				}
			}
		}
	})
}

// TestReportsOfWhatItsAuthorDeletedAreClosed: whoever reported hears of it, once.
func TestReportsOfWhatItsAuthorDeletedAreClosed(t *testing.T) {
	t.Parallel()
	testkit.Databases(t, func(t *testing.T, db *store.DB) {
		f := openForum(t, db, 2)
		sent, system := f.post(t, "en"), access.AsSystem(t.Context())
		key := f.add(t, f.readers[0], comment.Post{ArticleID: f.articles[0], Body: "regretted"}).Comment.ID
		for i, r := range []comment.Report{{Reason: commentreport.ReasonSpam, Email: "omar@example.org"}, {Reason: commentreport.ReasonSpam}} {
			r.CommentID = key
			if err := f.comments.Report(from(t, access.Viewer{}, fmt.Sprint("203.0.113.", i)), r); err != nil {
				t.Fatal(err)
			}
		}
		sent()
		for range 2 {
			if err := f.comments.Delete(as(t, f.readers[0]), key, ""); err != nil {
				t.Fatal(err)
			}
		}
		if diff := cmp.Diff(map[string][]string{"omar@example.org": {"The comment that you reported to The Beacon is gone"}}, subjects(sent())); diff != "" {
			t.Errorf("mails (-want +got):\n%s", diff)
		}
		for _, r := range db.Ent(system).CommentReport.Query().AllX(system) {
			if r.DecidedAt == nil || r.Decision != commentreport.DecisionUpheld || r.DecidedBy != nil {
				t.Errorf("the report is %s of %v by %v", r.Decision, r.DecidedAt, r.DecidedBy)
			}
		}
	})
}

// TestDeletedReadersAreNamedInTheLanguageOfTheSite, whatever it was when they left.
func TestDeletedReadersAreNamedInTheLanguageOfTheSite(t *testing.T) {
	t.Parallel()
	testkit.Databases(t, func(t *testing.T, db *store.DB) {
		f := openForum(t, db, 1)
		system := access.AsSystem(t.Context())
		const english, arabic = "Deleted reader", "قارئ حذف حسابه"
		var keys []int
		for _, name := range []string{english, arabic, "Salma"} {
			c := db.Ent(system).Comment.Create().SetArticleID(f.articles[0]).SetGuestName(name).SetBody("words").SetStatus(entcomment.StatusApproved).SaveX(system)
			keys = append(keys, c.ID)
		}
		mine := f.add(t, f.readers[0], comment.Post{ArticleID: f.articles[0], Body: "mine"}).Comment
		for language, want := range map[string]string{"en-GB": english, "ar": arabic, "AR-om": arabic, "arn": english} {
			db.Ent(system).Site.Update().SetLanguage(language).ExecX(system)
			found, err := f.comments.ByIDs(t.Context(), append(keys, mine.ID))
			if err != nil {
				t.Fatal(err)
			}
			items, err := f.moderator.Items(as(t, f.chief), keys)
			if err != nil {
				t.Fatal(err)
			}
			for i, name := range []string{want, want, "Salma"} {
				if got := comment.AuthorName(found[keys[i]]); got != name {
					t.Errorf("in %s: %q, want %q", language, got, name)
				}
				if got := comment.AuthorName(items[i].Comment); got != name {
					t.Errorf("in %s, for moderators: %q, want %q", language, got, name)
				}
			}
			if got := comment.AuthorName(found[mine.ID]); got != "Reader 1" {
				t.Errorf("a reader is called %q", got)
			}
		}
	})
}
