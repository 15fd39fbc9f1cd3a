package digest_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/broadsheet-cms/broadsheet/ent"
	"github.com/broadsheet-cms/broadsheet/ent/article"
	"github.com/broadsheet-cms/broadsheet/ent/readersettings"
	"github.com/broadsheet-cms/broadsheet/ent/suppression"
	"github.com/broadsheet-cms/broadsheet/ent/user"
	"github.com/broadsheet-cms/broadsheet/internal/access"
	"github.com/broadsheet-cms/broadsheet/internal/account"
	"github.com/broadsheet-cms/broadsheet/internal/app"
	"github.com/broadsheet-cms/broadsheet/internal/content"
	"github.com/broadsheet-cms/broadsheet/internal/id"
	"github.com/broadsheet-cms/broadsheet/internal/interest"
	"github.com/broadsheet-cms/broadsheet/internal/mail"
	"github.com/broadsheet-cms/broadsheet/internal/site"
	"github.com/broadsheet-cms/broadsheet/internal/store"
	"github.com/broadsheet-cms/broadsheet/internal/taxonomy"
	"github.com/broadsheet-cms/broadsheet/internal/testkit"
	"github.com/broadsheet-cms/broadsheet/internal/testkit/smtptest"
)

// desk is a site in Riyadh (UTC+3) with a mail server.
type desk struct {
	*app.Services
	now    time.Time
	server *smtptest.Server
	tag    int
}

func eachDesk(t *testing.T, test func(t *testing.T, d *desk)) {
	t.Helper()
	testkit.Databases(t, func(t *testing.T, db *store.DB) {
		// A Wednesday, noon in Riyadh.
		d := &desk{Services: app.NewServices(db, nil), server: smtptest.New(t), now: time.Date(2026, 3, 4, 9, 0, 0, 0, time.UTC)}
		d.Mail.Configure(mail.Settings{Host: d.server.Host, Port: d.server.Port, Username: smtptest.Username, Password: smtptest.Password, Security: mail.StartTLS,
			RootCAs: d.server.Roots, Timeout: 10 * time.Second})
		d.Digests.Now = func() time.Time { return d.now }
		d.Digests.ServerURL = "https://api.harbour.example"
		if _, err := d.Site.SaveSettings(t.Context(), site.Settings{Name: "The Harbour", URL: "https://harbour.example", Language: "en", TimeZone: "Asia/Riyadh"}); err != nil {
			t.Fatal(err)
		}
		tags, err := d.Taxonomy.EnsureTags(t.Context(), taxonomy.Tag{Name: "Ports"})
		if err != nil {
			t.Fatal(err)
		}
		d.tag = tags[0]
		test(t, d)
	})
}

// reader makes an account that wants digests, and follows the tag.
func (d *desk) reader(t *testing.T, email, language string, kind readersettings.Digest, follows bool) access.Viewer {
	t.Helper()
	users, err := d.Accounts.EnsureUsers(t.Context(), account.User{Email: email, DisplayName: "Rima"})
	if err != nil {
		t.Fatal(err)
	}
	system := access.AsSystem(t.Context())
	d.DB.Ent(system).User.UpdateOneID(users[0]).SetLanguage(language).ExecX(system)
	viewer := access.Viewer{UserID: users[0], Role: access.Reader}
	d.want(t, viewer, kind)
	if follows {
		if err := d.Interests.Follow(access.With(t.Context(), viewer), interest.Topic{Prefix: id.Tag, Key: d.tag}, true); err != nil {
			t.Fatal(err)
		}
	}
	return viewer
}

func (d *desk) want(t *testing.T, viewer access.Viewer, kind readersettings.Digest) {
	t.Helper()
	if _, err := d.Interests.UpdateSettings(access.With(t.Context(), viewer), func(s *ent.ReaderSettings) { s.Digest = kind }); err != nil {
		t.Fatal(err)
	}
}

func (d *desk) publish(t *testing.T, title string, at time.Time, status article.Status, tags ...int) {
	t.Helper()
	if _, err := d.Articles.Save(access.AsSystem(t.Context()), &content.Draft{Title: title, Excerpt: "About " + title, Status: status, PublishedAt: &at, Tags: tags}); err != nil {
		t.Fatal(err)
	}
}

// send runs the job at a moment, and gives who got a mail, in order.
func (d *desk) send(t *testing.T, at time.Time) []string {
	t.Helper()
	d.now = at
	before := len(d.server.Mails())
	if err := d.Digests.Send(t.Context()); err != nil {
		t.Fatal(err)
	}
	to := []string{}
	for _, m := range d.server.Mails()[before:] {
		to = append(to, m.To)
	}
	slices.Sort(to)
	return to
}

func check(t *testing.T, what string, got []string, want ...string) {
	t.Helper()
	if diff := cmp.Diff(append([]string{}, want...), got); diff != "" {
		t.Errorf("%s (-want +got):\n%s", what, diff)
	}
}

func TestDigestsGoToThoseWhoWantThem(t *testing.T) {
	t.Parallel()
	eachDesk(t, func(t *testing.T, d *desk) {
		system := access.AsSystem(t.Context())
		d.reader(t, "daily@example.org", "en", readersettings.DigestDaily, true)
		d.reader(t, "weekly@example.org", "ar", readersettings.DigestWeekly, true)
		d.reader(t, "never@example.org", "en", readersettings.DigestNever, true)
		d.reader(t, "all@example.org", "", readersettings.DigestDaily, false)
		d.reader(t, "nobody@refused.example", "en", readersettings.DigestDaily, true)
		d.reader(t, "later@busy.example", "en", readersettings.DigestDaily, true)
		disabled := d.reader(t, "disabled@example.org", "en", readersettings.DigestDaily, true)
		d.DB.Ent(system).User.UpdateOneID(disabled.UserID).SetStatus(user.StatusDisabled).ExecX(system)
		d.reader(t, "bounced@example.org", "en", readersettings.DigestDaily, true)
		if err := d.Newsletters.Suppress(t.Context(), "bounced@example.org", suppression.ReasonBounce); err != nil {
			t.Fatal(err)
		}
		check(t, "before the first morning", d.send(t, d.now))
		thursday := time.Date(2026, 3, 5, 3, 0, 0, 0, time.UTC) // six o'clock in Riyadh
		d.publish(t, "Old news", thursday.Add(-30*time.Hour), article.StatusPublished, d.tag)
		d.publish(t, "Ferry deal", thursday.Add(-2*time.Hour), article.StatusPublished, d.tag)
		d.publish(t, "Elsewhere", thursday.Add(-3*time.Hour), article.StatusPublished)
		d.publish(t, "Secret draft", thursday.Add(-3*time.Hour), article.StatusDraft, d.tag)
		check(t, "a second too early", d.send(t, thursday.Add(-time.Second)))
		check(t, "on Thursday", d.send(t, thursday.Add(time.Minute)), "all@example.org", "daily@example.org")
		check(t, "a minute later", d.send(t, thursday.Add(2*time.Minute)))
		for _, m := range d.server.Mails() {
			_, text, _, err := mail.Parts(m.Data)
			if err != nil {
				t.Fatal(err)
			}
			if !strings.Contains(text, "Ferry deal") || strings.Contains(text, "Old news") || strings.Contains(text, "Secret") || strings.Contains(text, "Elsewhere") != (m.To == "all@example.org") {
				t.Errorf("to %s:\n%s", m.To, text)
			}
		}
		check(t, "on Friday, without news", d.send(t, thursday.Add(24*time.Hour)))
		d.publish(t, "Storm", thursday.Add(50*time.Hour), article.StatusPublished, d.tag)
		// The server was down on Saturday and Sunday morning: one digest, not two.
		check(t, "after two days", d.send(t, thursday.Add(80*time.Hour)), "all@example.org", "daily@example.org")
		check(t, "on Monday", d.send(t, thursday.Add(4*24*time.Hour)), "weekly@example.org")
		mails := d.server.Mails()
		header, text, html, err := mail.Parts(mails[len(mails)-1].Data)
		if err != nil || !strings.Contains(html, `dir="rtl"`) || header.Get("Content-Language") != "ar" || !strings.Contains(text, "Storm") || !strings.Contains(text, "Ferry deal") {
			t.Errorf("the weekly digest: %v, %v\n%s", err, header, text)
		}
	})
}

// TestDigestFindsOtherFormsOfALanguage: a reader of English hears of a site in British
// English.
func TestDigestFindsOtherFormsOfALanguage(t *testing.T) {
	t.Parallel()
	eachDesk(t, func(t *testing.T, d *desk) {
		d.reader(t, "all@example.org", "en", readersettings.DigestDaily, false)
		d.reader(t, "omani@example.org", "ar-OM", readersettings.DigestDaily, false)
		check(t, "before the first morning", d.send(t, d.now))
		thursday := time.Date(2026, 3, 5, 3, 0, 0, 0, time.UTC)
		for title, language := range map[string]string{"Ferry deal": "en-GB", "Fähre": "de"} {
			at := thursday.Add(-2 * time.Hour)
			if _, err := d.Articles.Save(access.AsSystem(t.Context()), &content.Draft{Title: title, Language: language, Status: article.StatusPublished, PublishedAt: &at}); err != nil {
				t.Fatal(err)
			}
		}
		check(t, "on Thursday", d.send(t, thursday.Add(time.Minute)), "all@example.org")
		if _, text, _, err := mail.Parts(d.server.Mails()[0].Data); err != nil || !strings.Contains(text, "Ferry deal") || strings.Contains(text, "Fähre") {
			t.Errorf("%v:\n%s", err, text)
		}
	})
}

func TestDigestIsSentOnce(t *testing.T) {
	t.Parallel()
	eachDesk(t, func(t *testing.T, d *desk) {
		var want []string
		for i := range 20 {
			email := fmt.Sprintf("reader%02d@example.org", i)
			want = append(want, email)
			d.reader(t, email, "en", readersettings.DigestDaily, true)
		}
		check(t, "planned", d.send(t, d.now))
		d.now = d.now.Add(24 * time.Hour)
		d.publish(t, "Ferry deal", d.now.Add(-7*time.Hour), article.StatusPublished, d.tag)
		// Runs that are interrupted: before the server has a mail, and after it has it.
		for _, hook := range []func(func(string)){d.server.OnRecipient, d.server.OnMail} {
			ctx, cancel := context.WithCancel(t.Context())
			n := 0
			hook(func(string) {
				if n++; n == 3 {
					cancel()
				}
			})
			_ = d.Digests.Send(ctx)
			hook(nil)
			cancel()
		}
		// A mail server that is down loses nothing.
		d.server.SetDown(true)
		if err := d.Digests.Send(t.Context()); err == nil {
			t.Error("a mail server that is down is no error")
		}
		d.server.SetDown(false)
		var nodes sync.WaitGroup
		for range 4 {
			nodes.Go(func() { _ = d.Digests.Send(t.Context()) }) // whoever is too late finds nothing left
		}
		nodes.Wait()
		check(t, "what is left", d.send(t, d.now.Add(15*time.Minute)))
		var got []string
		for _, m := range d.server.Mails() {
			got = append(got, m.To)
		}
		slices.Sort(got)
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("who got the digest (-want +got):\n%s", diff)
		}
	})
}

func TestDigestEndsByOnePost(t *testing.T) {
	t.Parallel()
	eachDesk(t, func(t *testing.T, d *desk) {
		rima := d.reader(t, "rima@example.org", "en", readersettings.DigestDaily, true)
		d.reader(t, "omar@example.org", "en", readersettings.DigestDaily, true)
		d.send(t, d.now)
		d.publish(t, "Ferry deal", d.now, article.StatusPublished, d.tag)
		check(t, "the first", d.send(t, d.now.Add(24*time.Hour)), "omar@example.org", "rima@example.org")
		target := ""
		for _, m := range d.server.Mails() {
			header, text, html, err := mail.Parts(m.Data)
			if err != nil || header.Get("List-Unsubscribe-Post") != "List-Unsubscribe=One-Click" {
				t.Fatalf("%v, %v", header, err)
			}
			address := strings.Trim(header.Get("List-Unsubscribe"), "<>")
			path, ok := strings.CutPrefix(address, "https://api.harbour.example")
			if token := path[strings.LastIndexByte(path, '/')+1:]; !ok || !strings.Contains(text, token) || !strings.Contains(html, token) {
				t.Errorf("List-Unsubscribe: %s", address)
			}
			if m.To == "rima@example.org" {
				target = path
			}
		}
		ask := func(method, path string) *httptest.ResponseRecorder {
			w := httptest.NewRecorder()
			d.Digests.Handler().ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), method, path, strings.NewReader("List-Unsubscribe=One-Click")))
			return w
		}
		if w := ask(http.MethodGet, target); w.Code != http.StatusSeeOther || !strings.HasPrefix(w.Header().Get("Location"), "https://harbour.example/account/stop-digest?token=") {
			t.Errorf("GET: %d %s", w.Code, w.Header())
		}
		if w := ask(http.MethodPost, target+"x"); w.Code != http.StatusNotFound {
			t.Errorf("a token that is changed: %d", w.Code)
		}
		d.publish(t, "Storm", d.now.Add(time.Hour), article.StatusPublished, d.tag)
		check(t, "a GET ends nothing", d.send(t, d.now.Add(24*time.Hour)), "omar@example.org", "rima@example.org")
		for range 2 {
			if w := ask(http.MethodPost, target); w.Code != http.StatusOK {
				t.Errorf("POST: %d %s", w.Code, w.Body)
			}
		}
		if s, err := d.Interests.Settings(access.With(t.Context(), rima)); err != nil || s.Digest != readersettings.DigestNever {
			t.Errorf("%v, %v", s, err)
		}
		d.publish(t, "Calm", d.now.Add(time.Hour), article.StatusPublished, d.tag)
		check(t, "after the POST", d.send(t, d.now.Add(24*time.Hour)), "omar@example.org")
		d.want(t, rima, readersettings.DigestWeekly)
		check(t, "wanted again, not at once", d.send(t, d.now.Add(time.Minute)))
	})
}
