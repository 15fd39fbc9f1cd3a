package retention_test

import (
	"os"
	"strings"
	"testing"
	"time"

	"github.com/broadsheet-cms/broadsheet/ent/commentreport"
	"github.com/broadsheet-cms/broadsheet/ent/newsletterissue"
	"github.com/broadsheet-cms/broadsheet/ent/readerrestriction"
	"github.com/broadsheet-cms/broadsheet/ent/subscription"
	"github.com/broadsheet-cms/broadsheet/internal/access"
	"github.com/broadsheet-cms/broadsheet/internal/event"
	"github.com/broadsheet-cms/broadsheet/internal/job"
	"github.com/broadsheet-cms/broadsheet/internal/retention"
	"github.com/broadsheet-cms/broadsheet/internal/store"
	"github.com/broadsheet-cms/broadsheet/internal/testkit"
)

func TestDocumentationNamesEverySetting(t *testing.T) {
	t.Parallel()
	for _, file := range []string{"../../docs/privacy.md", "../../docs/config.md"} {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for _, name := range retention.Settings() {
			if !strings.Contains(string(text), "`--"+name+"`") {
				t.Errorf("%s does not name --%s", file, name)
			}
		}
	}
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
		s := retention.New(db, job.New(db, event.NewLog(db).Woken, job.Settings{}))
		s.Now = func() time.Time { return now }
		day := 24 * time.Hour
		s.Ages = retention.Ages{AuditLog: 60 * day, GuestEmails: 10 * day, Addresses: 10 * day, Unsubscribed: 10 * day, Deliveries: 10 * day, Views: 10 * day, AnonymousConsents: 20 * day}
		article := client.Article.Create().SetTitle("A").SetSlug("a").SaveX(ctx)
		list := client.Newsletter.Create().SetName("Morning").SetSlug("morning").SaveX(ctx)
		for _, age := range []time.Duration{time.Hour, 15 * day, 100 * day} {
			at := now.Add(-age)
			client.AuditEntry.Create().SetAction(age.String()).SetAt(at).ExecX(ctx)
			client.Comment.Create().SetArticleID(article.ID).SetGuestName("Guest").SetGuestEmail("guest@example.org").SetBody("Words.").SetAddress("192.0.2.7").SetPostedAt(at).ExecX(ctx)
			reported := client.Comment.Create().SetArticleID(article.ID).SetGuestName("Guest").SetBody("Reported " + age.String()).SetPostedAt(at).SaveX(ctx)
			client.CommentReport.Create().SetCommentID(reported.ID).SetReporter(age.String()).SetReason(commentreport.ReasonIllegal).SetName("Omar").SetEmail("omar@example.org").SetCreatedAt(at).ExecX(ctx)
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
		for range 2 {
			if err := s.Run(ctx); err != nil {
				t.Fatal(err)
			}
		}
		withEmail, withAddress, commentAddress, reporters, bansByAddress := 0, 0, 0, 0, 0
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
