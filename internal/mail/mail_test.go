package mail_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	netmail "net/mail"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/broadsheet-cms/broadsheet/internal/mail"
	"github.com/broadsheet-cms/broadsheet/internal/store"
	"github.com/broadsheet-cms/broadsheet/internal/testkit"
	"github.com/broadsheet-cms/broadsheet/internal/testkit/smtptest"
)

var brand = mail.Brand{Name: "The Harbour", URL: "https://harbour.example", LogoURL: "https://harbour.example/logo.png", Language: "en"}

func branded(context.Context) (mail.Brand, error) { return brand, nil }

// mailer sends to a server of the test.
func mailer(s *smtptest.Server, change func(*mail.Settings)) *mail.Mailer {
	m := mail.New(nil, branded)
	settings := mail.Settings{Host: s.Host, Port: s.Port, Username: smtptest.Username, Password: smtptest.Password, Security: mail.StartTLS, RootCAs: s.Roots, Timeout: 10 * time.Second}
	if change != nil {
		change(&settings)
	}
	m.Configure(settings)
	return m
}

// words fill all templates.
var words = mail.Words{Name: "Nadia", Email: "nadia@example.org", URL: "https://harbour.example/account/verify?token=abc", Code: "123456",
	Lasts: mail.Span{Number: 24, Unit: "hour"}, Date: "1 December 2026", Subject: "A question", Message: "Who wrote this?\n\nI ask for a friend.", Lists: []string{"Morning", "Evening"}}

func TestTemplatesInBothLanguages(t *testing.T) {
	t.Parallel()
	server := smtptest.New(t)
	m := mailer(server, nil)
	for _, name := range mail.Templates {
		for _, language := range []string{"en", "ar"} {
			before := len(server.Mails())
			if err := m.SendTemplate(t.Context(), mail.Address{Name: "Nadia Karīm", Email: "nadia@example.org"}, name, language, words); err != nil {
				t.Fatalf("%s/%s: %v", language, name, err)
			}
			arrived := server.Mails()[before]
			if !arrived.TLS || !arrived.Signed {
				t.Errorf("%s/%s: sent without TLS (%v) or authentication (%v)", language, name, arrived.TLS, arrived.Signed)
			}
			checkParts(t, language+"/"+name, arrived.Data, language)
		}
	}
}

// checkParts parses a mail and checks what every mail must have.
func checkParts(t *testing.T, what string, data []byte, language string) {
	t.Helper()
	header, text, html, err := mail.Parts(data)
	if err != nil {
		t.Fatalf("%s: %v", what, err)
	}
	for name, want := range map[string]string{"From": `"The Harbour" <noreply@harbour.example>`, "Content-Language": language, "Mime-Version": "1.0"} {
		if got := header.Get(name); got != want {
			t.Errorf("%s: %s is %q, want %q", what, name, got, want)
		}
	}
	if _, err := header.Date(); err != nil {
		t.Errorf("%s: Date: %v", what, err)
	}
	if to, err := header.AddressList("To"); err != nil || len(to) != 1 || to[0].Name != "Nadia Karīm" || to[0].Address != "nadia@example.org" {
		t.Errorf("%s: To is %q (%v)", what, header.Get("To"), err)
	}
	if id := header.Get("Message-ID"); !strings.HasSuffix(id, "@harbour.example>") {
		t.Errorf("%s: Message-ID is %q", what, id)
	}
	dir := map[string]string{"en": "ltr", "ar": "rtl"}[language]
	if !strings.Contains(html, fmt.Sprintf(`<html lang=%q dir=%q>`, language, dir)) || !strings.Contains(html, `src="https://harbour.example/logo.png"`) {
		t.Errorf("%s: the HTML part has not the language, direction or logo:\n%s", what, html)
	}
	if text == "" || strings.Contains(text, "<p") || strings.Contains(text+html, "<no value>") || strings.Contains(text+html, "{{") {
		t.Errorf("%s: text part:\n%s", what, text)
	}
	if strings.Contains(html, words.URL) != strings.Contains(text, words.URL) {
		t.Errorf("%s: the link stands in one part only", what)
	}
}

func TestHeadersCannotBeInjected(t *testing.T) {
	t.Parallel()
	server := smtptest.New(t)
	m := mailer(server, nil)
	content, err := mail.Render(brand, "test", "en", words)
	if err != nil {
		t.Fatal(err)
	}
	for name, change := range map[string]func(*mail.Message){
		"name":    func(m *mail.Message) { m.To.Name = "Nadia\r\nBcc: all@example.org" },
		"address": func(m *mail.Message) { m.To.Email = "nadia@example.org>\r\nRCPT TO:<all@example.org" },
		"subject": func(m *mail.Message) { m.Subject = "Hello\nBcc: all@example.org" },
		"reply": func(m *mail.Message) {
			m.ReplyTo = mail.Address{Name: "x\rBcc: all@example.org", Email: "x@example.org"}
		},
		"separator":    func(m *mail.Message) { m.Subject = "Hello\u2028Bcc: all@example.org" },
		"id":           func(m *mail.Message) { m.ID = "x>\r\nBcc: all@example.org" },
		"unsubscribe":  func(m *mail.Message) { m.Unsubscribe = "https://x.example\r\nBcc: all@example.org" },
		"no character": func(m *mail.Message) { m.To.Name = "Nadia\x00" },
	} {
		msg := mail.Message{To: mail.Address{Name: "Nadia", Email: "nadia@example.org"}, Content: content}
		change(&msg)
		if _, ok := errors.AsType[*mail.RefusedError](m.Send(t.Context(), msg)); !ok {
			t.Errorf("%s: the mail was not refused", name)
		}
	}
	// Marks that look like a header, and such as mean something in one, stay text.
	msg := mail.Message{To: mail.Address{Name: `"Bcc: all@example.org", <x>`, Email: "nadia@example.org"}, Content: content}
	if err := m.Send(t.Context(), msg); err != nil {
		t.Fatal(err)
	}
	mails := server.Mails()
	if len(mails) != 1 || mails[0].To != "nadia@example.org" {
		t.Fatalf("arrived: %+v", mails)
	}
	parsed, err := netmail.ReadMessage(bytes.NewReader(mails[0].Data))
	if err != nil {
		t.Fatal(err)
	}
	if to, err := parsed.Header.AddressList("To"); err != nil || len(to) != 1 || to[0].Address != "nadia@example.org" || parsed.Header.Get("Bcc") != "" {
		t.Errorf("To is %v, Bcc %q (%v)", to, parsed.Header.Get("Bcc"), err)
	}
}

func TestServersThatRefuse(t *testing.T) {
	t.Parallel()
	server := smtptest.New(t)
	for name, c := range map[string]struct {
		to      string
		change  func(*mail.Settings)
		refused bool
	}{
		"no such mailbox":     {"nobody@refused.example", nil, true},
		"busy":                {"somebody@busy.example", nil, false},
		"a wrong password":    {"nadia@example.org", func(s *mail.Settings) { s.Password = "another" }, false},
		"a wrong certificate": {"nadia@example.org", func(s *mail.Settings) { s.RootCAs = nil }, false},
		"no server":           {"nadia@example.org", func(s *mail.Settings) { s.Port = 1 }, false},
		// Without TLS a password is told to this machine only, and this one is not
		// offered to sign in.
		"no authentication offered": {"nadia@example.org", func(s *mail.Settings) { s.Security = mail.None }, false},
	} {
		err := mailer(server, c.change).SendTemplate(t.Context(), mail.Address{Email: c.to}, "test", "", words)
		if err == nil {
			t.Errorf("%s: sent", name)
			continue
		}
		if _, refused := errors.AsType[*mail.RefusedError](err); refused != c.refused {
			t.Errorf("%s: refused for ever %v, want %v: %v", name, refused, c.refused, err)
		}
		if strings.Contains(err.Error(), smtptest.Password) {
			t.Errorf("%s: the error has the password: %v", name, err)
		}
	}
	if n := len(server.Mails()); n != 0 {
		t.Errorf("%d mails arrived", n)
	}
}

func TestOneConnectionForManyMails(t *testing.T) {
	t.Parallel()
	server := smtptest.New(t)
	c, err := mailer(server, nil).Connect(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	content, _ := mail.RenderIssue(brand, mail.Issue{Newsletter: "Morning", Subject: "صباح الخير", Language: "ar", Intro: []string{"مرحبًا"},
		Articles:       []mail.Article{{Title: "Ferry <b>deal</b>", Summary: "Crews accept.", URL: "https://harbour.example/articles/ferry"}},
		PreferencesURL: "https://harbour.example/newsletters?token=p", UnsubscribeURL: "https://harbour.example/newsletters/unsubscribe?token=u"})
	send := func(to string, handOver func(context.Context) error) error {
		return c.Send(t.Context(), mail.Message{To: mail.Address{Email: to}, Content: content, ID: "issue-1." + to[:1], Unsubscribe: "https://api.harbour.example/newsletters/unsubscribe/u"}, handOver)
	}
	noted := 0
	note := func(context.Context) error { noted++; return nil }
	if err := errors.Join(send("a@example.org", note), send("b@example.org", note)); err != nil {
		t.Fatal(err)
	}
	if _, refused := errors.AsType[*mail.RefusedError](send("c@refused.example", note)); !refused || noted != 2 {
		t.Errorf("a refused address: refused %v, noted %d times", refused, noted)
	}
	if err := send("d@example.org", note); err != nil {
		t.Errorf("after a refused one: %v", err)
	}
	if err := send("e@example.org", func(context.Context) error { return errors.New("sent already") }); !errors.Is(err, mail.ErrNotHandedOver) {
		t.Errorf("a mail that is not to be handed over: %v", err)
	}
	mails := server.Mails()
	if len(mails) != 3 {
		t.Fatalf("%d mails arrived, want 3", len(mails))
	}
	header, text, html, err := mail.Parts(mails[0].Data)
	if err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]string{"List-Unsubscribe": "<https://api.harbour.example/newsletters/unsubscribe/u>", "List-Unsubscribe-Post": "List-Unsubscribe=One-Click", "Message-Id": "<issue-1.a@harbour.example>"} {
		if got := header.Get(name); got != want {
			t.Errorf("%s is %q, want %q", name, got, want)
		}
	}
	for _, part := range []string{text, html} {
		for _, want := range []string{"https://harbour.example/articles/ferry", "https://harbour.example/newsletters/unsubscribe?token=u", "https://harbour.example/newsletters?token=p", "Crews accept.", "مرحبًا"} {
			if !strings.Contains(part, want) {
				t.Errorf("no %q in\n%s", want, part)
			}
		}
	}
	if !strings.Contains(html, "Ferry &lt;b&gt;deal&lt;/b&gt;") || !strings.Contains(html, `dir="rtl"`) {
		t.Errorf("HTML part:\n%s", html)
	}
}

func TestMailsAreKeptWithoutServer(t *testing.T) {
	t.Parallel()
	testkit.Databases(t, func(t *testing.T, db *store.DB) {
		m := mail.New(db, branded)
		m.Configure(mail.Settings{})
		if err := m.SendTemplate(t.Context(), mail.Address{Email: "nadia@example.org"}, "sign-in", "en", words); err != nil {
			t.Fatal(err)
		}
		ask := func(path, peer string, header ...string) *httptest.ResponseRecorder {
			r := httptest.NewRequest(http.MethodGet, "http://localhost:8080"+path, nil)
			r.RemoteAddr = peer
			for i := 0; i < len(header); i += 2 {
				if header[i] == "Host" {
					r.Host = header[i+1]
					continue
				}
				r.Header.Set(header[i], header[i+1])
			}
			w := httptest.NewRecorder()
			m.Handler().ServeHTTP(w, r)
			return w
		}
		if w := ask("/mail", "127.0.0.1:4711"); w.Code != http.StatusOK || !strings.Contains(w.Body.String(), "Your link to sign in to The Harbour") {
			t.Errorf("the list: %d %s", w.Code, w.Body)
		}
		if w := ask("/mail/1", "[::1]:4711", "Host", "[::1]:8080"); !strings.Contains(w.Body.String(), "123456") {
			t.Errorf("a mail: %d %s", w.Code, w.Body)
		}
		w := ask("/mail/1/html", "127.0.0.1:4711")
		if !strings.Contains(w.Body.String(), "<html lang=\"en\"") || !strings.Contains(strings.Join(w.Header()["Content-Security-Policy"], ";"), "sandbox") {
			t.Errorf("the HTML part: %v %s", w.Header(), w.Body)
		}
		for name, w := range map[string]*httptest.ResponseRecorder{
			"another machine":      ask("/mail", "192.0.2.7:4711"),
			"behind a proxy":       ask("/mail", "127.0.0.1:4711", "X-Forwarded-For", "192.0.2.7"),
			"by a name of a page":  ask("/mail", "127.0.0.1:4711", "Host", "rebound.example:8080"),
			"a mail that is none":  ask("/mail/99", "127.0.0.1:4711"),
			"one mail, from there": ask("/mail/1", "192.0.2.7:4711"),
		} {
			if w.Code != http.StatusNotFound {
				t.Errorf("%s: %d", name, w.Code)
			}
		}
		m.Now = func() time.Time { return time.Now().AddDate(0, 0, 8) }
		if err := m.Forget(t.Context()); err != nil {
			t.Fatal(err)
		}
		if left, err := m.Kept(t.Context(), 10); err != nil || len(left) != 0 {
			t.Errorf("%d mails left (%v)", len(left), err)
		}
	})
}

// TestDocumentationNamesThePages holds docs/accounts.md, from which front ends are
// built, to the pages that mails lead to.
func TestDocumentationNamesThePages(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("../../docs/accounts.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range mail.Pages() {
		if !strings.Contains(string(text), "| `"+p.Path()+"` |") {
			t.Errorf("docs/accounts.md does not say what the page at %s does", p.Path())
		}
	}
}
