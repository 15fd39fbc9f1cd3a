package newsletter_test

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/broadsheet-cms/broadsheet/ent"
	"github.com/broadsheet-cms/broadsheet/ent/article"
	"github.com/broadsheet-cms/broadsheet/ent/newsletterissue"
	"github.com/broadsheet-cms/broadsheet/ent/readerrestriction"
	"github.com/broadsheet-cms/broadsheet/ent/schema"
	"github.com/broadsheet-cms/broadsheet/ent/suppression"
	"github.com/broadsheet-cms/broadsheet/internal/access"
	"github.com/broadsheet-cms/broadsheet/internal/account"
	"github.com/broadsheet-cms/broadsheet/internal/app"
	"github.com/broadsheet-cms/broadsheet/internal/comment"
	"github.com/broadsheet-cms/broadsheet/internal/content"
	"github.com/broadsheet-cms/broadsheet/internal/fault"
	"github.com/broadsheet-cms/broadsheet/internal/job"
	"github.com/broadsheet-cms/broadsheet/internal/mail"
	"github.com/broadsheet-cms/broadsheet/internal/newsletter"
	"github.com/broadsheet-cms/broadsheet/internal/richtext"
	"github.com/broadsheet-cms/broadsheet/internal/store"
	"github.com/broadsheet-cms/broadsheet/internal/taxonomy"
	"github.com/broadsheet-cms/broadsheet/internal/testkit"
	"github.com/broadsheet-cms/broadsheet/internal/testkit/smtptest"
)

// press is a site with two newsletters and a mail server.
type press struct {
	*app.Services
	url              string
	now              time.Time
	server           *smtptest.Server
	morning, evening *ent.Newsletter
	editor           context.Context
}

func presses(t *testing.T, test func(t *testing.T, p *press)) {
	t.Helper()
	testkit.EachURL(t, func(t *testing.T, url string) {
		p := &press{Services: app.NewServices(testkit.Open(t, url, store.Options{}), nil), url: url, server: smtptest.New(t), now: time.Now().UTC().Truncate(time.Second)}
		p.configure(p.server)
		p.editor = access.With(t.Context(), access.Viewer{UserID: 1, Role: access.Editor, Name: "Rita"})
		clock := func() time.Time { return p.now }
		p.Newsletters.Now, p.Mail.Now = clock, clock
		p.Jobs.Configure(job.Settings{Now: clock})
		if _, err := p.Site.SaveConsents(t.Context(), map[string]schema.Consent{"NEWSLETTER": {Version: "3", HTML: "<p>I want it.</p>"}}); err != nil {
			t.Fatal(err)
		}
		p.morning, p.evening = p.list(t, "Morning", "en"), p.list(t, "مساء", "ar")
		test(t, p)
	})
}

// configure sends through a mail server.
func (p *press) configure(server *smtptest.Server) {
	p.Mail.Configure(mail.Settings{Host: server.Host, Port: server.Port, Username: smtptest.Username, Password: smtptest.Password, Security: mail.StartTLS, RootCAs: server.Roots, Timeout: 10 * time.Second})
	p.Directory.SiteURL = "https://harbour.example"
	p.Newsletters.ServerURL = "https://api.harbour.example"
}

func (p *press) list(t *testing.T, name, language string) *ent.Newsletter {
	t.Helper()
	n, err := p.Newsletters.Create(p.editor, newsletter.Newsletter{Name: name, Language: language})
	if err != nil {
		t.Fatal(err)
	}
	return n
}

func (p *press) article(t *testing.T, title string, status article.Status) *ent.Article {
	t.Helper()
	at := p.now.Add(-time.Hour)
	saved, err := p.Articles.Save(access.AsSystem(t.Context()), &content.Draft{Title: title, Excerpt: "About " + title + ".", Status: status, PublishedAt: &at,
		Body: []richtext.Block{{Kind: richtext.Paragraph, HTML: "Words."}}})
	if err != nil {
		t.Fatal(err)
	}
	return saved[0]
}

// subscribers makes confirmed subscribers of the morning.
func (p *press) subscribers(t *testing.T, n int) {
	t.Helper()
	ctx := access.AsSystem(t.Context())
	for chunk := range slices.Chunk(make([]int, n), 500) {
		subscribers := make([]*ent.SubscriberCreate, len(chunk))
		offset := p.DB.Ent(ctx).Subscriber.Query().CountX(ctx)
		for i := range chunk {
			subscribers[i] = p.DB.Ent(ctx).Subscriber.Create().SetEmail(fmt.Sprintf("reader%d@example.org", offset+i))
		}
		rows := p.DB.Ent(ctx).Subscriber.CreateBulk(subscribers...).SaveX(ctx)
		subscriptions := make([]*ent.SubscriptionCreate, len(rows))
		for i, row := range rows {
			subscriptions[i] = p.DB.Ent(ctx).Subscription.Create().SetSubscriberID(row.ID).SetNewsletterID(p.morning.ID)
		}
		p.DB.Ent(ctx).Subscription.CreateBulk(subscriptions...).ExecX(ctx)
	}
}

func (p *press) run(t *testing.T) {
	t.Helper()
	if _, err := p.Jobs.RunDue(t.Context()); err != nil {
		t.Fatal(err)
	}
}

var tokenOf = regexp.MustCompile(`\?token=(\S+)`)

// confirmation runs jobs and gives the token of the last mail.
func (p *press) confirmation(t *testing.T) string {
	t.Helper()
	p.run(t)
	mails := p.server.Mails()
	if len(mails) == 0 {
		t.Fatal("no mail arrived")
	}
	_, text, _, err := mail.Parts(mails[len(mails)-1].Data)
	if err != nil {
		t.Fatal(err)
	}
	found := tokenOf.FindStringSubmatch(text)
	if found == nil {
		t.Fatalf("no link in %s", text)
	}
	return found[1]
}

func want(t *testing.T, what string, err error, reason fault.Reason) {
	t.Helper()
	got := fault.Reason("")
	if f, ok := errors.AsType[*fault.Error](err); ok {
		if got = f.ReasonOf(); got == "" {
			got = fault.Reason(f.Code)
		}
	} else if err != nil {
		got = fault.Reason(err.Error())
	}
	if got != reason {
		t.Errorf("%s: %q, want %q (%v)", what, got, reason, err)
	}
}

func names(choices []*newsletter.Choice) (on []string) {
	for _, c := range choices {
		if c.IsSubscribed {
			on = append(on, c.Newsletter.Name)
		}
	}
	return on
}

func TestSubscriptionIsConfirmedFirst(t *testing.T) {
	t.Parallel()
	presses(t, func(t *testing.T, p *press) {
		ctx := access.WithOrigin(t.Context(), access.Origin{Address: "192.0.2.7", UserAgent: "Browser"})
		in := newsletter.Subscribe{Newsletters: []int{p.morning.ID, p.evening.ID, p.morning.ID}, Email: "Nadia@example.org", ConsentVersion: "3", Place: "footer"}
		want(t, "subscribe", p.Newsletters.Subscribe(ctx, in), "")
		asked := p.now
		token := p.confirmation(t)
		if n := p.DB.Ent(ctx).Subscriber.Query().CountX(ctx); n != 0 {
			t.Errorf("%d subscribers before the confirmation", n)
		}
		p.now = p.now.Add(time.Hour)
		prefs, preferences, err := p.Newsletters.Confirm(ctx, token)
		if err != nil {
			t.Fatal(err)
		}
		if got := names(prefs.Choices); len(got) != 2 || prefs.MaskedEmail != "n***@example.org" {
			t.Errorf("preferences: %s %v", prefs.MaskedEmail, got)
		}
		_, _, err = p.Newsletters.Confirm(ctx, token)
		want(t, "the link again", err, fault.Expired)
		records := p.DB.Ent(ctx).ConsentRecord.Query().AllX(ctx)
		if len(records) != 2 {
			t.Fatalf("%d consents, want one for each newsletter", len(records))
		}
		for _, r := range records {
			if r.Document != "NEWSLETTER" || r.Version != "3" || r.Text != "<p>I want it.</p>" || r.Place != "footer" || r.Address != "192.0.2.7" || !r.GivenAt.Equal(asked) {
				t.Errorf("consent: %+v", r)
			}
		}
		// The preference page.
		prefs, err = p.Newsletters.Preferences(ctx, preferences)
		if err != nil || len(names(prefs.Choices)) != 2 {
			t.Fatalf("preferences: %+v (%v)", prefs, err)
		}
		prefs, err = p.Newsletters.SetPreferences(ctx, preferences, []int{p.evening.ID}, "")
		if err != nil || !slices.Equal(names(prefs.Choices), []string{"مساء"}) {
			t.Errorf("one less: %+v (%v)", prefs, err)
		}
		_, err = p.Newsletters.SetPreferences(ctx, preferences, []int{p.evening.ID, p.morning.ID}, "2")
		want(t, "one more with an old consent", err, fault.Expired)
		prefs, err = p.Newsletters.SetPreferences(ctx, preferences, []int{p.evening.ID, p.morning.ID}, "3")
		if err != nil || len(names(prefs.Choices)) != 2 {
			t.Errorf("one more: %+v (%v)", prefs, err)
		}
		for range 2 {
			prefs, err = p.Newsletters.Unsubscribe(ctx, preferences)
			if err != nil || len(names(prefs.Choices)) != 0 {
				t.Errorf("unsubscribed: %+v (%v)", prefs, err)
			}
		}
		if prefs, err := p.Newsletters.Preferences(ctx, preferences+"x"); prefs != nil || err != nil {
			t.Errorf("a wrong token: %+v (%v)", prefs, err)
		}
	})
}

func TestBadInputOfForms(t *testing.T) {
	t.Parallel()
	presses(t, func(t *testing.T, p *press) {
		shut := false
		closed := p.list(t, "Closed", "en")
		if _, err := p.Newsletters.Update(p.editor, closed.ID, newsletter.Change{IsOpen: &shut}); err != nil {
			t.Fatal(err)
		}
		for name, c := range map[string]struct {
			change func(*newsletter.Subscribe)
			reason fault.Reason
		}{
			"no newsletter": {func(s *newsletter.Subscribe) { s.Newsletters = nil }, fault.Blank},
			"none such":     {func(s *newsletter.Subscribe) { s.Newsletters = []int{999} }, fault.Missing},
			"a closed one":  {func(s *newsletter.Subscribe) { s.Newsletters = []int{closed.ID} }, fault.Missing},
			"too many": {func(s *newsletter.Subscribe) {
				s.Newsletters = []int{1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21}
			}, fault.TooLong},
			"header injection":     {func(s *newsletter.Subscribe) { s.Email = "n@example.org\nBcc: all@example.org" }, fault.Invalid},
			"an old consent":       {func(s *newsletter.Subscribe) { s.ConsentVersion = "2" }, fault.Expired},
			"a place turned round": {func(s *newsletter.Subscribe) { s.Place = "\u202efooter" }, fault.Invalid},
			"a field for programs": {func(s *newsletter.Subscribe) { s.Website = "https://spam.example" }, ""},
		} {
			in := newsletter.Subscribe{Newsletters: []int{p.morning.ID}, Email: "nadia@example.org", ConsentVersion: "3"}
			c.change(&in)
			want(t, name, p.Newsletters.Subscribe(t.Context(), in), c.reason)
		}
		p.Newsletters.ContactAddress = "desk@harbour.example"
		for name, c := range map[string]struct {
			change func(*newsletter.Contact)
			reason fault.Reason
		}{
			"no name":              {func(c *newsletter.Contact) { c.Name = "" }, fault.Blank},
			"lines in the subject": {func(c *newsletter.Contact) { c.Subject = "Hello\r\nBcc: all@example.org" }, fault.Invalid},
			"lines in the name":    {func(c *newsletter.Contact) { c.Name = "Nadia\nBcc: all@example.org" }, fault.Invalid},
			"no address":           {func(c *newsletter.Contact) { c.Email = "nadia" }, fault.Invalid},
			"a megabyte":           {func(c *newsletter.Contact) { c.Message = strings.Repeat("m", 1<<20) }, fault.TooLong},
			"no message":           {func(c *newsletter.Contact) { c.Message = " \n" }, fault.Blank},
			"a lone surrogate":     {func(c *newsletter.Contact) { c.Message = "\xed\xa0\x80" }, fault.Invalid},
			"four links":           {func(c *newsletter.Contact) { c.Message = strings.Repeat("see https://spam.example ", 4) }, fault.Invalid},
			"within a second":      {func(c *newsletter.Contact) { c.SecondsOnPage = 1 }, fault.Invalid},
			"a field for programs": {func(c *newsletter.Contact) { c.Website = "https://spam.example" }, ""},
		} {
			in := newsletter.Contact{Name: "Nadia", Email: "nadia@example.org", Subject: "A question", Message: "Who wrote this?", SecondsOnPage: 20}
			c.change(&in)
			want(t, "contact: "+name, p.Newsletters.SubmitContact(t.Context(), in), c.reason)
		}
		p.run(t)
		if n := len(p.server.Mails()); n != 0 {
			t.Errorf("%d mails were sent", n)
		}
	})
}

func TestContactMessageGoesToTheNewsroom(t *testing.T) {
	t.Parallel()
	presses(t, func(t *testing.T, p *press) {
		in := newsletter.Contact{Name: "Nadia Karim", Email: "nadia@example.org", Subject: "سؤال", Message: "Who wrote this?\n\nI <b>ask</b> 👋", SecondsOnPage: 20}
		want(t, "without an address for it", p.Newsletters.SubmitContact(t.Context(), in), fault.Denied)
		p.Newsletters.ContactAddress = "desk@harbour.example"
		want(t, "submit", p.Newsletters.SubmitContact(t.Context(), in), "")
		p.run(t)
		mails := p.server.Mails()
		if len(mails) != 1 || mails[0].To != "desk@harbour.example" || mails[0].From != "noreply@harbour.example" {
			t.Fatalf("arrived: %+v", mails)
		}
		header, text, html, err := mail.Parts(mails[0].Data)
		if err != nil {
			t.Fatal(err)
		}
		reply, err := header.AddressList("Reply-To")
		if err != nil || len(reply) != 1 || reply[0].Address != "nadia@example.org" || reply[0].Name != "Nadia Karim" {
			t.Errorf("Reply-To: %v (%v)", reply, err)
		}
		if !strings.Contains(text, "I <b>ask</b> 👋") || !strings.Contains(html, "I &lt;b&gt;ask&lt;/b&gt; 👋") {
			t.Errorf("parts:\n%s\n%s", text, html)
		}
		for range 10 {
			want(t, "again", p.Newsletters.SubmitContact(t.Context(), in), "")
		}
		p.run(t)
		if n := len(p.server.Mails()); n != 1 {
			t.Errorf("%d mails of a message that was sent again, want 1", n)
		}
		for i := range 5 { // the sixth is the first that makes the next wait
			in.Message = fmt.Sprint("Another question ", i)
			want(t, "another", p.Newsletters.SubmitContact(t.Context(), in), "")
		}
		in.Message = "One more"
		for range 2 { // what was refused is not taken for sent
			want(t, "too often", p.Newsletters.SubmitContact(t.Context(), in), fault.SlowedDown)
		}
		in.Message = "Another question 0"
		want(t, "again", p.Newsletters.SubmitContact(t.Context(), in), "")
		p.now = p.now.Add(25 * time.Hour)
		want(t, "the next day", p.Newsletters.SubmitContact(t.Context(), in), "")
		p.run(t)
		if n := len(p.server.Mails()); n != 7 {
			t.Errorf("%d mails, want 7", n)
		}
	})
}

func TestIssueIsComposedAndSentOnce(t *testing.T) {
	t.Parallel()
	presses(t, func(t *testing.T, p *press) {
		shown := p.article(t, "Ferry deal", article.StatusPublished)
		p.article(t, "Secret draft", article.StatusDraft)
		p.subscribers(t, 5)
		system := access.AsSystem(t.Context())
		for i, email := range []string{"gone@refused.example", "later@busy.example", "suppressed@example.org"} {
			b := p.DB.Ent(system).Subscriber.Create().SetEmail(email).SaveX(system)
			p.DB.Ent(system).Subscription.Create().SetSubscriberID(b.ID).SetNewsletterID(p.morning.ID).ExecX(system)
			_ = i
		}
		p.DB.Ent(system).Suppression.Create().SetEmailHash(hashOf("suppressed@example.org")).SetReason(suppression.ReasonBounce).ExecX(system)

		issue, err := p.Newsletters.CreateIssue(p.editor, newsletter.Issue{Newsletter: p.morning.ID, Subject: "Good morning", Intro: "Hello.\n\nMore.", Source: newsletterissue.SourceLatest, Count: 10})
		if err != nil {
			t.Fatal(err)
		}
		previews, err := p.Newsletters.Previews(p.editor, []*ent.NewsletterIssue{issue})
		if err != nil {
			t.Fatal(err)
		}
		preview := previews[0]
		if !strings.Contains(preview.Text, "Ferry deal\nAbout Ferry deal.\nhttps://harbour.example/articles/"+shown.Slug) || strings.Contains(preview.HTML, "Secret") {
			t.Errorf("preview:\n%s", preview.Text)
		}
		for range 2 {
			if issue, err = p.Newsletters.SendIssue(p.editor, issue.ID); err != nil || issue.Status != newsletterissue.StatusSending {
				t.Fatalf("send: %+v (%v)", issue, err)
			}
		}
		want(t, "delete while it is sent", p.Newsletters.DeleteIssue(p.editor, issue.ID), fault.InUse)
		p.article(t, "After the issue began", article.StatusPublished)
		for range 3 {
			p.run(t)
			p.now = p.now.Add(time.Hour)
		}
		p.checkOnce(t, 5)
		progress, err := p.Newsletters.Progress(p.editor, []int{issue.ID})
		if err != nil || progress[issue.ID] != (newsletter.Progress{Recipients: 8, Sent: 5, Refused: 1}) {
			t.Errorf("progress: %+v (%v)", progress, err)
		}
		header, text, _, err := mail.Parts(p.server.Mails()[0].Data)
		if err != nil {
			t.Fatal(err)
		}
		if strings.Contains(text, "After the issue") {
			t.Error("an article came into an issue that was being sent")
		}
		p.checkOneClick(t, header.Get("List-Unsubscribe"), header.Get("List-Unsubscribe-Post"))
		// Sent again it reaches nobody.
		if _, err := p.Newsletters.SendIssue(p.editor, issue.ID); err != nil {
			t.Fatal(err)
		}
		p.run(t)
		p.checkOnce(t, 5)
	})
}

func hashOf(email string) string {
	sum := sha256.Sum256([]byte(email))
	return hex.EncodeToString(sum[:])
}

// checkOnce checks that each of the first n readers got one mail.
func (p *press) checkOnce(t *testing.T, n int) {
	t.Helper()
	got := map[string]int{}
	for _, m := range p.server.Mails() {
		got[m.To]++
	}
	for i := range n {
		if count := got[fmt.Sprintf("reader%d@example.org", i)]; count != 1 {
			t.Errorf("reader%d got %d mails", i, count)
		}
	}
	if len(got) != n {
		t.Errorf("%d addresses got mails, want %d", len(got), n)
	}
}

// checkOneClick unsubscribes as a mail program does.
func (p *press) checkOneClick(t *testing.T, header, post string) {
	t.Helper()
	ctx := access.AsSystem(t.Context())
	address, ok := strings.CutPrefix(strings.Trim(header, "<>"), "https://api.harbour.example")
	if !ok || post != "List-Unsubscribe=One-Click" {
		t.Fatalf("List-Unsubscribe: %s, List-Unsubscribe-Post: %s", header, post)
	}
	confirmed := func() int { return p.DB.Ent(ctx).Subscription.Query().CountX(ctx) - p.ended(t) }
	before := confirmed()
	ask := func(method, path string) *httptest.ResponseRecorder {
		w := httptest.NewRecorder()
		r := httptest.NewRequest(method, path, strings.NewReader("List-Unsubscribe=One-Click"))
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		p.Newsletters.Handler().ServeHTTP(w, r)
		return w
	}
	if w := ask(http.MethodGet, address); w.Code != http.StatusSeeOther || !strings.HasPrefix(w.Header().Get("Location"), "https://harbour.example/newsletters/unsubscribe?token=") || confirmed() != before {
		t.Errorf("GET: %d %s", w.Code, w.Header().Get("Location"))
	}
	for range 2 {
		if w := ask(http.MethodPost, address); w.Code != http.StatusOK || confirmed() != before-1 {
			t.Errorf("POST: %d %s, %d are left of %d", w.Code, w.Body, confirmed(), before)
		}
	}
	if w := ask(http.MethodPost, address+"x"); w.Code != http.StatusNotFound {
		t.Errorf("a wrong token: %d", w.Code)
	}
}

func (p *press) ended(t *testing.T) (n int) {
	t.Helper()
	ctx := access.AsSystem(t.Context())
	for _, s := range p.DB.Ent(ctx).Subscription.Query().AllX(ctx) {
		if s.Status == "ENDED" {
			n++
		}
	}
	return n
}

func TestBouncesAreSigned(t *testing.T) {
	t.Parallel()
	presses(t, func(t *testing.T, p *press) {
		p.subscribers(t, 3)
		p.Newsletters.BounceSecret = "a secret of the mail service"
		report := func(body, secret string, at time.Time) int {
			stamp := fmt.Sprint(at.Unix())
			h := hmac.New(sha256.New, []byte(secret))
			h.Write([]byte(stamp + "." + body))
			r := httptest.NewRequest(http.MethodPost, "/newsletters/bounces", strings.NewReader(body))
			r.Header.Set("X-Broadsheet-Timestamp", stamp)
			r.Header.Set("X-Broadsheet-Signature", hex.EncodeToString(h.Sum(nil)))
			w := httptest.NewRecorder()
			p.Newsletters.Handler().ServeHTTP(w, r)
			return w.Code
		}
		body := `{"bounces": [{"email": "Reader0@example.org", "type": "bounce"}, {"email": "reader1@example.org", "type": "full"}, {"email": "reader2@example.org", "type": "complaint"}, {"email": "?", "type": "bounce"}]}`
		for name, c := range map[string]struct{ got, want int }{
			"another secret": {report(body, "another secret of somebody", p.now), http.StatusUnauthorized},
			"an old report":  {report(body, "a secret of the mail service", p.now.Add(-time.Hour)), http.StatusUnauthorized},
			"no JSON":        {report("x", "a secret of the mail service", p.now), http.StatusBadRequest},
			"too large":      {report(strings.Repeat("x", 2<<20), "a secret of the mail service", p.now), http.StatusRequestEntityTooLarge},
		} {
			if c.got != c.want {
				t.Errorf("%s: %d, want %d", name, c.got, c.want)
			}
		}
		if p.ended(t) != 0 {
			t.Fatal("a report that was refused changed something")
		}
		for range 2 {
			if status := report(body, "a secret of the mail service", p.now); status != http.StatusNoContent || p.ended(t) != 2 {
				t.Errorf("%d, %d ended", status, p.ended(t))
			}
		}
		// A suppressed address is asked for no confirmation.
		want(t, "subscribe", p.Newsletters.Subscribe(t.Context(), newsletter.Subscribe{Newsletters: []int{p.morning.ID}, Email: "reader0@example.org", ConsentVersion: "3"}), "")
		p.run(t)
		if n := len(p.server.Mails()); n != 0 {
			t.Errorf("%d mails to a suppressed address", n)
		}
		want(t, "release", p.Newsletters.Release(t.Context(), "reader0@example.org"), "")
		want(t, "release again", p.Newsletters.Release(t.Context(), "reader0@example.org"), fault.Missing)
	})
}

// TestContactMeetsTheRulesOfComments: who may not comment cannot write to the
// newsroom either, and words that comments are refused for are refused here.
func TestContactMeetsTheRulesOfComments(t *testing.T) {
	t.Parallel()
	presses(t, func(t *testing.T, p *press) {
		p.Newsletters.ContactAddress = "desk@harbour.example"
		ctx := access.AsSystem(t.Context())
		p.DB.Ent(ctx).Site.Create().SetName("The Harbour").SaveX(ctx)
		users, err := p.Accounts.EnsureUsers(ctx, account.User{Email: "mona@example.org", DisplayName: "Mona"}, account.User{Email: "rude@example.org", DisplayName: "Rude"})
		if err != nil {
			t.Fatal(err)
		}
		chief := access.With(t.Context(), access.Viewer{UserID: users[0], Role: access.Admin, Name: "Mona"})
		if _, err := p.Moderator.UpdateSettings(chief, func(s *schema.CommentSettings) {
			s.BlockedNetworks, s.RefusedWords = []string{"192.0.2.0/24"}, []string{"knave"}
		}); err != nil {
			t.Fatal(err)
		}
		a := p.article(t, "One", article.StatusPublished)
		rude := access.With(t.Context(), access.Viewer{UserID: users[1], Role: access.Reader, Name: "Rude"})
		ofGuest, err := p.Comments.Add(t.Context(), comment.Post{ArticleID: a.ID, Body: "a guest's", GuestName: "Guest", GuestEmail: "guest@example.org", Submission: comment.Submission{OnPage: time.Minute}})
		if err != nil {
			t.Fatal(err)
		}
		ofMember, err := p.Comments.Add(rude, comment.Post{ArticleID: a.ID, Body: "a member's"})
		if err != nil {
			t.Fatal(err)
		}
		for _, posted := range []*comment.Posted{ofGuest, ofMember} {
			if _, err := p.Moderator.Restrict(chief, comment.Restrict{CommentID: posted.Comment.ID, Kind: readerrestriction.KindBanned}); err != nil {
				t.Fatal(err)
			}
		}
		for name, c := range map[string]struct {
			ctx            context.Context
			email, message string
			reason         fault.Reason
		}{
			"a blocked network":          {access.WithOrigin(t.Context(), access.Origin{Address: "192.0.2.7"}), "nadia@example.org", "Let me in", fault.Denied},
			"a refused word":             {t.Context(), "nadia@example.org", "You KNAVE!", fault.Invalid},
			"a banned guest":             {t.Context(), "Guest@example.org", "Let me in", fault.Denied},
			"a banned member":            {rude, "another@example.org", "Let me in", fault.Denied},
			"the address of that member": {t.Context(), "rude@example.org", "Let me in", fault.Denied},
			"anybody else":               {t.Context(), "nadia@example.org", "Who wrote this?", ""},
		} {
			in := newsletter.Contact{Name: "Nadia", Email: c.email, Subject: "A question", Message: c.message, SecondsOnPage: 20}
			want(t, name, p.Newsletters.SubmitContact(c.ctx, in), c.reason)
		}
		// What is refused counts: nobody finds out by trying who is banned.
		slowed := false
		for i := range 10 {
			in := newsletter.Contact{Name: "Nadia", Email: fmt.Sprintf("try%d@example.org", i), Subject: "A question", Message: "You knave", SecondsOnPage: 20}
			err := p.Newsletters.SubmitContact(access.WithOrigin(t.Context(), access.Origin{Address: "198.51.100.4"}), in)
			f, ok := errors.AsType[*fault.Error](err)
			slowed = slowed || ok && f.ReasonOf() == fault.SlowedDown
		}
		if !slowed {
			t.Error("ten messages that are refused were all looked at")
		}
	})
}

// TestIssuesFindOtherFormsOfTheirLanguage: a newsletter in en has what is in en-GB, where
// nothing is in en.
func TestIssuesFindOtherFormsOfTheirLanguage(t *testing.T) {
	t.Parallel()
	presses(t, func(t *testing.T, p *press) {
		ctx := access.AsSystem(t.Context())
		sections, err := p.Taxonomy.EnsureCategories(ctx, taxonomy.Category{Name: "World"})
		if err != nil {
			t.Fatal(err)
		}
		var keys []int
		for i, a := range []struct{ title, language string }{{"British", "en-GB"}, {"Omani", "ar-OM"}, {"American", "en-US"}, {"Finnish", "fi"}, {"Filipino", "fil"}, {"Late", "en-GB"}} {
			at := p.now.Add(time.Duration(i-10) * time.Minute)
			saved, err := p.Articles.Save(ctx, &content.Draft{Title: a.title, Slug: fmt.Sprint("a", i), Language: a.language, Status: article.StatusPublished, PublishedAt: &at, PrimaryCategory: &sections[0]})
			if err != nil {
				t.Fatal(err)
			}
			keys = append(keys, saved[0].ID)
		}
		for i, key := range keys {
			p.DB.Ent(ctx).Pick.Create().SetArticleID(key).SetPosition(i).ExecX(ctx)
		}
		for language, want := range map[string]string{"en": "Late American British", "en-GB": "Late British", "en-AU": "Late American British", "ar": "Omani", "fi-FI": "Finnish", "fil": "Filipino", "de": ""} {
			list := p.list(t, "In "+language, language)
			for source, category := range map[newsletterissue.Source]int{newsletterissue.SourceLatest: 0, newsletterissue.SourceCategory: sections[0], newsletterissue.SourcePicks: 0} {
				issue, err := p.Newsletters.CreateIssue(p.editor, newsletter.Issue{Newsletter: list.ID, Subject: "Now", Source: source, Category: category, Count: 10})
				if err != nil {
					t.Fatal(err)
				}
				previews, err := p.Newsletters.Previews(p.editor, []*ent.NewsletterIssue{issue})
				if err != nil {
					t.Fatal(err)
				}
				var got []string
				for _, title := range []string{"Late", "Filipino", "Finnish", "American", "Omani", "British"} {
					if strings.Contains(previews[0].Text, title) {
						got = append(got, title)
					}
				}
				if strings.Join(got, " ") != want {
					t.Errorf("%s in %s: %v, want %s", source, language, got, want)
				}
			}
		}
	})
}

// TestIssuesAreComposedOfEachSource in the language of their newsletter.
func TestIssuesAreComposedOfEachSource(t *testing.T) {
	t.Parallel()
	presses(t, func(t *testing.T, p *press) {
		ctx := access.AsSystem(t.Context())
		sections, err := p.Taxonomy.EnsureCategories(ctx, taxonomy.Category{Name: "World"})
		if err != nil {
			t.Fatal(err)
		}
		keys := map[string]int{}
		for i, a := range []struct{ title, language string }{{"World one", "en"}, {"Other", "en"}, {"World two", "en"}, {"خبر العالم", "ar"}, {"خبر آخر", "ar"}} {
			at := p.now.Add(time.Duration(i-10) * time.Minute)
			draft := &content.Draft{Title: a.title, Slug: fmt.Sprint("a", i), Language: a.language, Status: article.StatusPublished, PublishedAt: &at}
			if a.title != "Other" && a.title != "خبر آخر" {
				draft.PrimaryCategory = &sections[0]
			}
			saved, err := p.Articles.Save(ctx, draft)
			if err != nil {
				t.Fatal(err)
			}
			keys[a.title] = saved[0].ID
		}
		for i, title := range []string{"Other", "خبر العالم", "World one"} {
			p.DB.Ent(ctx).Pick.Create().SetArticleID(keys[title]).SetPosition(i).ExecX(ctx)
		}
		for name, c := range map[string]struct {
			list   *ent.Newsletter
			source newsletterissue.Source
			want   []string
		}{
			"latest":              {p.morning, newsletterissue.SourceLatest, []string{"World two", "Other", "World one"}},
			"latest, in Arabic":   {p.evening, newsletterissue.SourceLatest, []string{"خبر آخر", "خبر العالم"}},
			"category":            {p.morning, newsletterissue.SourceCategory, []string{"World two", "World one"}},
			"category, in Arabic": {p.evening, newsletterissue.SourceCategory, []string{"خبر العالم"}},
			"picks":               {p.morning, newsletterissue.SourcePicks, []string{"Other", "World one"}},
			"picks, in Arabic":    {p.evening, newsletterissue.SourcePicks, []string{"خبر العالم"}},
			"chosen":              {p.morning, newsletterissue.SourceChosen, []string{"World one", "خبر العالم", "Other"}}, // whatever its language
		} {
			create := p.DB.Ent(ctx).NewsletterIssue.Create().SetNewsletterID(c.list.ID).SetSubject(name).SetSource(c.source).SetArticleCount(9)
			switch c.source {
			case newsletterissue.SourceCategory:
				create.SetCategoryID(sections[0])
			case newsletterissue.SourceChosen:
				var chosen []int
				for _, title := range c.want {
					chosen = append(chosen, keys[title])
				}
				create.SetArticleIds(chosen)
			}
			previews, err := p.Newsletters.Previews(p.editor, []*ent.NewsletterIssue{create.SaveX(ctx)})
			if err != nil {
				t.Fatal(err)
			}
			var got []string
			for line := range strings.SplitSeq(previews[0].Text, "\n") {
				if _, known := keys[strings.TrimSpace(line)]; known {
					got = append(got, strings.TrimSpace(line))
				}
			}
			if !slices.Equal(got, c.want) {
				t.Errorf("%s: %q, want %q in\n%s", name, got, c.want, previews[0].Text)
			}
		}
	})
}
