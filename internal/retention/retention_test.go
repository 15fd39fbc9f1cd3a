package retention_test

import (
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/broadsheet-cms/broadsheet/ent/comment"
	"github.com/broadsheet-cms/broadsheet/ent/commentreport"
	entevent "github.com/broadsheet-cms/broadsheet/ent/event"
	"github.com/broadsheet-cms/broadsheet/ent/newsletterissue"
	"github.com/broadsheet-cms/broadsheet/ent/readerrestriction"
	"github.com/broadsheet-cms/broadsheet/ent/subscription"
	"github.com/broadsheet-cms/broadsheet/internal/access"
	"github.com/broadsheet-cms/broadsheet/internal/account"
	"github.com/broadsheet-cms/broadsheet/internal/bookmark"
	"github.com/broadsheet-cms/broadsheet/internal/event"
	"github.com/broadsheet-cms/broadsheet/internal/id"
	"github.com/broadsheet-cms/broadsheet/internal/interest"
	"github.com/broadsheet-cms/broadsheet/internal/job"
	"github.com/broadsheet-cms/broadsheet/internal/mail"
	"github.com/broadsheet-cms/broadsheet/internal/retention"
	"github.com/broadsheet-cms/broadsheet/internal/store"
	"github.com/broadsheet-cms/broadsheet/internal/testkit"
	"github.com/broadsheet-cms/broadsheet/internal/throttle"
)

func TestDocumentationNamesEverySetting(t *testing.T) {
	t.Parallel()
	for _, file := range []string{"../../docs/privacy.md", "../../docs/config.md"} {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for name := range retention.Stated(retention.Default) {
			if !strings.Contains(string(text), "`--"+name+"`") {
				t.Errorf("%s does not name --%s", file, name)
			}
		}
	}
}

// fixed are the ages that no setting changes, by a phrase of their row in
// docs/privacy.md.
var fixed = map[string]time.Duration{
	"| notifications |":                      interest.KeepNotificationsFor,
	"| jobs that failed for good |":          job.KeepDead,
	"| such jobs that mail a person":         job.KeepPrivateDead,
	"| one-time tokens":                      account.LongestToken(),
	"| counts of wrong guesses":              throttle.ForgiveAfter,
	"| mails of a server without SMTP":       mail.KeepFor,
	"| what Undo puts back":                  bookmark.UndoFor,
	"| archives of `requestDataExport`":      account.ExportLifetime,
	"| bookmarks of devices without an acco": bookmark.DeviceListsFor,
}

// untimed are the rows of docs/privacy.md that name no number, with what does.
var untimed = map[string]string{
	"| contact addresses of API keys":     "an administrator removes them",
	"| sessions, with their addresses":    "settings of sessions, which are no ages of retention",
	"| accounts, with what hangs on them": "their owner asks",
	"| the suppression list":              "nothing ever removes from it: an address must not be written to again",
}

// TestDocumentationStatesTheAges compares docs/privacy.md with the code.
func TestDocumentationStatesTheAges(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("../../docs/privacy.md")
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]time.Duration{}
	for name, age := range retention.Stated(retention.Default) {
		want["`--"+name+"`"] = age
	}
	for phrase, age := range fixed {
		want[phrase] = age
	}
	for line := range strings.SplitSeq(string(text), "\n") {
		known := !strings.HasPrefix(line, "| ") || strings.HasPrefix(line, "| what |") || strings.HasPrefix(line, "| ---")
		for phrase := range want {
			known = known || strings.Contains(line, phrase)
		}
		for phrase := range untimed {
			known = known || strings.HasPrefix(line, phrase)
		}
		if !known {
			t.Errorf("no age in the code is compared with %s", line)
		}
	}
	for phrase := range untimed {
		if !strings.Contains(string(text), "\n"+phrase) {
			t.Errorf("docs/privacy.md has no row for %s", phrase)
		}
	}
	for phrase, age := range want {
		rows := 0
		for line := range strings.SplitSeq(string(text), "\n") {
			if !strings.HasPrefix(line, "| ") || !strings.Contains(line, phrase) {
				continue
			}
			rows++
			if !slices.ContainsFunc([]string{stated(age), strings.Replace(stated(age), "1 year", "a year", 1), strings.Replace(stated(age), "1 days", "a day", 1)}, func(words string) bool {
				return strings.Contains(line, "| "+words) || strings.Contains(line, ", "+words+" at most")
			}) {
				t.Errorf("%s is %s, which is not what stands in %s", phrase, stated(age), line)
			}
		}
		if rows == 0 {
			t.Errorf("docs/privacy.md has no row for %s", phrase)
		}
	}
}

// stated is an age as docs/privacy.md writes it.
func stated(age time.Duration) string {
	days := int(age / (24 * time.Hour))
	switch {
	case days == 365:
		return "1 year"
	case days%365 == 0:
		return fmt.Sprint(days/365, " years")
	}
	return fmt.Sprint(days, " days")
}

var (
	viewSQL  = store.MaintainBoth(`INSERT INTO article_views (hour, article_id, views) VALUES ($1, $2, 1)`)
	viewsSQL = store.MaintainBoth(`SELECT count(*) FROM article_views`)
)

func TestOldIsRemovedAndYoungStays(t *testing.T) {
	t.Parallel()
	testkit.Databases(t, func(t *testing.T, db *store.DB) {
		ctx := access.AsSystem(t.Context())
		client := db.Ent(ctx)
		now := time.Now().UTC().Truncate(time.Second)
		testkit.Settle(t, db)
		log := event.NewLog(db)
		s := retention.New(db, log, job.New(db, log.Woken, job.Settings{}))
		s.Now = func() time.Time { return now }
		day := 24 * time.Hour
		s.Ages = retention.Ages{AuditLog: 60 * day, GuestEmails: 10 * day, RemovedComments: 50 * day, Addresses: 10 * day, Unsubscribed: 10 * day, Deliveries: 10 * day, Views: 10 * day, AnonymousConsents: 20 * day}
		article := client.Article.Create().SetTitle("A").SetSlug("a").SaveX(ctx)
		late := client.Article.Create().SetTitle("B").SetSlug("b").SaveX(ctx)
		list := client.Newsletter.Create().SetName("Morning").SetSlug("morning").SaveX(ctx)
		for _, age := range []time.Duration{time.Hour, 15 * day, 100 * day} {
			at := now.Add(-age)
			client.AuditEntry.Create().SetAction(age.String()).SetAt(at).ExecX(ctx)
			client.Comment.Create().SetArticleID(article.ID).SetGuestName("Guest").SetGuestEmail("guest@example.org").SetBody("Words.").SetAddress("192.0.2.7").SetPostedAt(at).ExecX(ctx)
			reported := client.Comment.Create().SetArticleID(article.ID).SetGuestName("Guest").SetBody("Reported " + age.String()).SetPostedAt(at).SaveX(ctx)
			client.CommentReport.Create().SetCommentID(reported.ID).SetReporter(age.String()).SetReason(commentreport.ReasonIllegal).SetExplanation("It names a witness.").SetLaw("Witness Act").SetDecidedAt(at).SetName("Omar").SetEmail("omar@example.org").SetCreatedAt(at).ExecX(ctx)
			client.ReaderRestriction.Create().SetKind(readerrestriction.KindBanned).SetAddress("192.0.2.7").SetCreatedAt(at).ExecX(ctx)
			client.ReaderRestriction.Create().SetKind(readerrestriction.KindBanned).SetAddress("192.0.2.7").SetEmailHash("hash").SetCreatedAt(at).ExecX(ctx)
			client.ReaderRestriction.Create().SetKind(readerrestriction.KindMuted).SetEmailHash("hash").SetCreatedAt(at).SetExpiresAt(at).ExecX(ctx)
			if _, err := db.Exec(ctx, viewSQL, at.Unix()/3600, article.ID); err != nil {
				t.Fatal(err)
			}
			client.ConsentRecord.Create().SetDocument("terms").SetVersion("1").SetAddress("192.0.2.7").SetUserAgent("Browser").SetGivenAt(at).ExecX(ctx)
			left := client.Subscriber.Create().SetEmail("left" + age.String() + "@example.org").SetCreatedAt(at).SaveX(ctx)
			client.Subscription.Create().SetSubscriberID(left.ID).SetNewsletterID(list.ID).SetStatus(subscription.StatusEnded).SetEndedAt(at).ExecX(ctx)
			stays := client.Subscriber.Create().SetEmail("stays" + age.String() + "@example.org").SetCreatedAt(at).SaveX(ctx)
			client.Subscription.Create().SetSubscriberID(stays.ID).SetNewsletterID(list.ID).ExecX(ctx)
			issue := client.NewsletterIssue.Create().SetNewsletterID(list.ID).SetSubject("Hello").SetStatus(newsletterissue.StatusSent).SetSentAt(at).SaveX(ctx)
			client.Delivery.Create().SetIssueID(issue.ID).SetSubscriberID(stays.ID).ExecX(ctx)
		}
		// Comments that are gone: posted at one time, taken away at another.
		gone := map[string]int{}
		for name, c := range map[string]struct {
			status        comment.Status
			posted, taken time.Duration // taken 0: no text was kept then
		}{
			"taken long ago": {comment.StatusTrash, 100 * day, 90 * day}, "taken lately": {comment.StatusTrash, 100 * day, day}, "spam of long ago": {comment.StatusSpam, 100 * day, 0},
			"spam of late": {comment.StatusSpam, day, 0}, "shown": {comment.StatusApproved, 100 * day, 0}, "edited": {comment.StatusApproved, 100 * day, 90 * day},
		} {
			row := client.Comment.Create().SetArticleID(late.ID).SetGuestName("Guest").SetBody("Words.").SetStatus(c.status).SetPostedAt(now.Add(-c.posted)).
				SetGuestTokenHash(name).SaveX(ctx)
			if c.taken != 0 {
				client.CommentRevision.Create().SetCommentID(row.ID).SetBody("Words.").SetReplacedAt(now.Add(-c.taken)).ExecX(ctx)
			}
			gone[name] = row.ID
		}
		// Comments that keep their place, for their replies, without their text.
		removed := map[string]int{}
		for name, age := range map[string]time.Duration{"long ago": 90 * day, "lately": 40 * day} {
			removed[name] = client.Comment.Create().SetArticleID(late.ID).SetGuestName("Salma").SetGuestEmail("salma@example.org").SetGuestTokenHash("removed " + name).SetBodyHash("hash").
				SetBody("").SetStatus(comment.StatusApproved).SetPostedAt(now.Add(-100 * day)).SetRemovedAt(now.Add(-age)).SetRemovedBy(comment.RemovedByModerator).SaveX(ctx).ID
		}
		for range 2 {
			if err := s.Run(ctx); err != nil {
				t.Fatal(err)
			}
		}
		for name, want := range map[string]string{"long ago": "", "lately": "Salma"} {
			c := client.Comment.GetX(ctx, removed[name])
			if c.GuestName != want || (c.BodyHash != "") != (want != "") || c.GuestEmail != "" || c.GuestTokenHash != nil {
				t.Errorf("removed in its place %s: %q <%s>, %q, %v", name, c.GuestName, c.GuestEmail, c.BodyHash, c.GuestTokenHash)
			}
			if n := client.Event.Query().Where(entevent.Entity(id.Comment), entevent.EntityID(c.ID)).CountX(ctx); n != map[bool]int{true: 1}[want == ""] {
				t.Errorf("removed in its place %s: %d events", name, n)
			}
		}
		for name, left := range map[string]bool{"taken long ago": false, "taken lately": true, "spam of long ago": false, "spam of late": true, "shown": true, "edited": true} {
			c := client.Comment.GetX(ctx, gone[name])
			if (c.Body != "") != left || (c.GuestName != "") != left {
				t.Errorf("%s: the text %q of %q is left, want %v", name, c.Body, c.GuestName, left)
			}
			if (c.GuestTokenHash != nil) != (name == "spam of late") {
				t.Errorf("%s: a token of a guest %v", name, c.GuestTokenHash)
			}
		}
		if n := client.CommentRevision.Query().CountX(ctx); n != 1 {
			t.Errorf("%d earlier texts are left, want 1", n)
		}
		client.Comment.Delete().Where(comment.ArticleID(late.ID)).ExecX(ctx)
		withEmail, withAddress, commentAddress, reporters, explained, networks, bansByAddress := 0, 0, 0, 0, 0, 0, 0
		for _, c := range client.Comment.Query().AllX(ctx) {
			if c.GuestEmail != "" {
				withEmail++
			}
			if c.Address != "" {
				commentAddress++
			}
		}
		for _, r := range client.CommentReport.Query().AllX(ctx) {
			if r.Email != "" || r.Name != "" {
				reporters++
			}
			if r.Explanation != "" || r.Law != "" {
				explained++
			}
			if !strings.HasPrefix(r.Reporter, "gone:") {
				networks++
			}
		}
		bans := client.ReaderRestriction.Query().AllX(ctx)
		for _, b := range bans {
			if b.Address != "" {
				bansByAddress++
			}
		}
		views, err := store.Collect(ctx, db, viewsSQL, store.ScanInt)
		if err != nil {
			t.Fatal(err)
		}
		consents := client.ConsentRecord.Query().AllX(ctx)
		for _, c := range consents {
			if c.Address != "" || c.UserAgent != "" {
				withAddress++
			}
		}
		for what, got := range map[string][2]int{
			"audit entries":       {client.AuditEntry.Query().CountX(ctx), 2},
			"comments":            {client.Comment.Query().CountX(ctx), 6},
			"comments' networks":  {commentAddress, 1},
			"reporters":           {reporters, 1},
			"reporters' networks": {networks, 1},
			"reporters' words":    {explained, 2},
			"bans":                {len(bans), 5},
			"bans by address":     {bansByAddress, 2},
			"hours of views":      {views[0], 1},
			"guests' addresses":   {withEmail, 1},
			"consents":            {len(consents), 2},
			"addresses beside":    {withAddress, 1},
			"subscribers":         {client.Subscriber.Query().CountX(ctx), 4},
			"deliveries":          {client.Delivery.Query().CountX(ctx), 1},
			"issues, which stays": {client.NewsletterIssue.Query().CountX(ctx), 3},
		} {
			if got[0] != got[1] {
				t.Errorf("%d %s are left, want %d", got[0], what, got[1])
			}
		}
		// Whatever the settings say, the database keeps a month of the audit log.
		s.Ages.AuditLog = time.Minute
		if err := s.Run(ctx); err == nil {
			t.Error("audit entries of the last 30 days were removed")
		}
		if n := client.AuditEntry.Query().CountX(ctx); n != 2 {
			t.Errorf("%d audit entries are left, want 2", n)
		}
	})
}
