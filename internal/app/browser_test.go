package app_test

import (
	"context"
	"fmt"
	"log/slog"
	"net"
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/alecthomas/kong"

	"github.com/broadsheet-cms/broadsheet/ent"
	"github.com/broadsheet-cms/broadsheet/ent/readersettings"
	"github.com/broadsheet-cms/broadsheet/ent/user"
	"github.com/broadsheet-cms/broadsheet/internal/access"
	"github.com/broadsheet-cms/broadsheet/internal/account"
	"github.com/broadsheet-cms/broadsheet/internal/app"
	"github.com/broadsheet-cms/broadsheet/internal/config"
	"github.com/broadsheet-cms/broadsheet/internal/mail"
	"github.com/broadsheet-cms/broadsheet/internal/testkit"
)

// findBrowser finds Chromium and what the journeys need beside it, or skips the test.
func findBrowser(t *testing.T) string {
	t.Helper()
	chromium := os.Getenv("CHROMIUM")
	if chromium == "" {
		chromium, _ = exec.LookPath("chromium") // its absence is answered below
	}
	for what, there := range map[string]bool{
		"Chromium (scripts/install-chromium.sh)": chromium != "",
		"GraphiQL (make web)":                    exists("../../graph/graphiql/assets/index.html"),
		"the news site (make web)":               exists("../../internal/website/assets/manifest.json.gz"),
		"playwright (make web)":                  exists("../../web/node_modules/playwright-core/package.json"),
	} {
		testkit.Need(t, what, there)
	}
	return chromium
}

// journey runs one of web/e2e against a server on a database.
func journey(t *testing.T, script, database string, prepare func(*app.App), env []string, flags ...string) {
	t.Helper()
	chromium := findBrowser(t)
	var cfg config.Serve
	parser, err := kong.New(&cfg)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := parser.Parse(append(flags, "--addr=127.0.0.1:0", "--database="+database, "--media-dir="+t.TempDir())); err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithTimeout(t.Context(), 10*time.Minute)
	defer stop()
	a, err := app.New(ctx, cfg, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	prepare(a)
	listening, done := make(chan net.Addr, 1), make(chan error, 1)
	go func() { done <- a.Run(ctx, func(addr net.Addr) { listening <- addr }) }() // ends with stop
	defer func() {
		stop()
		if err := <-done; err != nil {
			t.Error(err)
		}
		_ = a.Close()
	}()
	run := exec.CommandContext(ctx, "node", "e2e/"+script, fmt.Sprintf("http://%s/", <-listening))
	run.Dir = "../../web"
	run.Env = append(append(os.Environ(), "CHROMIUM="+chromium), env...)
	if out, err := run.CombinedOutput(); err != nil {
		t.Errorf("%v\n%s", err, out)
	}
}

// TestEditorPublishesInGraphiQL goes through web/e2e/newsroom.mjs in Chromium:
// an editor signs in, writes, publishes, corrects and moderates, and a reader finds the story.
func TestEditorPublishesInGraphiQL(t *testing.T) {
	t.Parallel()
	findBrowser(t)
	const email, password = "desk@example.org", "correct horse battery staple"
	testkit.EachURL(t, func(t *testing.T, database string) {
		journey(t, "newsroom.mjs", database, func(a *app.App) { makeAccount(t, a, email, password, user.RoleEditor) },
			[]string{"BROADSHEET_EMAIL=" + email, "BROADSHEET_PASSWORD=" + password}, "--demo")
	})
}

// TestReadersUseTheSite goes through web/e2e/site.mjs in Chromium: every page of the
// demo newsroom, what readers do there, and what mails lead to.
func TestReadersUseTheSite(t *testing.T) {
	t.Parallel()
	findBrowser(t)
	const email, password, digested = "desk@example.org", "correct horse battery staple", "rima@example.net"
	env := []string{"BROADSHEET_MAIL_PAGES=" + strings.Join(mailPages(), " "), "BROADSHEET_EMAIL=" + email, "BROADSHEET_PASSWORD=" + password, "BROADSHEET_DIGEST=" + digested}
	testkit.EachURL(t, func(t *testing.T, database string) {
		env := env
		if !strings.HasPrefix(database, "sqlite:") { // the pages are the same
			env = append(slices.Clone(env), "BROADSHEET_AXE=no")
		}
		journey(t, "site.mjs", database, func(a *app.App) {
			makeAccount(t, a, email, password, user.RoleAdmin)
			sendDigest(t, a, digested)
		}, env, "--demo", "--contact-address=desk@example.org")
	})
}

// sendDigest makes a reader, and sends the digest of next Monday.
func sendDigest(t *testing.T, a *app.App, email string) {
	t.Helper()
	made, _, err := a.Accounts.Create(access.AsSystem(t.Context()), account.User{Email: email, DisplayName: "Rima"}, "")
	if err != nil {
		t.Fatal(err)
	}
	reader := access.With(t.Context(), access.Viewer{UserID: made.ID, Role: access.Reader})
	if _, err := a.Interests.UpdateSettings(reader, func(s *ent.ReaderSettings) { s.Digest = readersettings.DigestWeekly }); err != nil {
		t.Fatal(err)
	}
	now := a.Digests.Now
	defer func() { a.Digests.Now = now }()
	start := now()
	for days := range 8 { // the first run plans, and one of the others is due
		a.Digests.Now = func() time.Time { return start.AddDate(0, 0, days) }
		if err := a.Digests.Send(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
}

// mailPages are the paths of the front end that mails lead to.
func mailPages() (paths []string) {
	for _, p := range mail.Pages() {
		paths = append(paths, p.Path())
	}
	return paths
}

func exists(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}

// makeAccount makes an account that can sign in.
func makeAccount(t *testing.T, a *app.App, email, password string, role user.Role) {
	t.Helper()
	_, _, err := a.Accounts.Create(access.AsSystem(t.Context()), account.User{Email: email, DisplayName: "Ed", Role: role}, password)
	if err != nil {
		t.Fatal(err)
	}
}
