package app_test

import (
	"context"
	"fmt"
	"log/slog"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/alecthomas/kong"

	"github.com/broadsheet-cms/broadsheet/ent/user"
	"github.com/broadsheet-cms/broadsheet/internal/access"
	"github.com/broadsheet-cms/broadsheet/internal/account"
	"github.com/broadsheet-cms/broadsheet/internal/app"
	"github.com/broadsheet-cms/broadsheet/internal/config"
)

// TestEditorPublishesInGraphiQL goes through web/e2e/newsroom.mjs in Chromium:
// an editor signs in, writes and publishes, and a reader finds the story.
func TestEditorPublishesInGraphiQL(t *testing.T) {
	t.Parallel()
	browser := os.Getenv("CHROMIUM")
	if browser == "" {
		browser, _ = exec.LookPath("chromium") // its absence is answered below
	}
	for what, there := range map[string]bool{
		"Chromium (scripts/install-chromium.sh)": browser != "",
		"GraphiQL (make web)":                    exists("../../graph/graphiql/assets/index.html"),
		"playwright (make web)":                  exists("../../web/node_modules/playwright-core/package.json"),
	} {
		if !there && os.Getenv("CI") == "true" {
			t.Fatalf("%s is missing", what)
		}
		if !there {
			t.Skipf("%s is missing: make test brings it", what)
		}
	}
	var cfg config.Serve
	parser, err := kong.New(&cfg)
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	if _, err := parser.Parse([]string{"--addr=127.0.0.1:0", "--database=sqlite:" + filepath.Join(dir, "site.db"), "--media-dir=" + dir}); err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithTimeout(t.Context(), 3*time.Minute)
	defer stop()
	a, err := app.New(ctx, cfg, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	const email, password = "editor@example.org", "correct horse battery staple"
	makeEditor(t, a, email, password)
	listening, done := make(chan net.Addr, 1), make(chan error, 1)
	go func() { done <- a.Run(ctx, func(addr net.Addr) { listening <- addr }) }() // ends with stop
	defer func() {
		stop()
		if err := <-done; err != nil {
			t.Error(err)
		}
		_ = a.Close()
	}()
	journey := exec.CommandContext(ctx, "node", "e2e/newsroom.mjs", fmt.Sprintf("http://%s/", <-listening))
	journey.Dir = "../../web"
	journey.Env = append(os.Environ(), "CHROMIUM="+browser, "BROADSHEET_EMAIL="+email, "BROADSHEET_PASSWORD="+password)
	if out, err := journey.CombinedOutput(); err != nil {
		t.Errorf("%v\n%s", err, out)
	}
}

func exists(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}

// makeEditor makes an account that can sign in.
func makeEditor(t *testing.T, a *app.App, email, password string) {
	t.Helper()
	_, _, err := a.Accounts.Create(access.AsSystem(t.Context()), account.User{Email: email, DisplayName: "Ed", Role: user.RoleEditor}, password)
	if err != nil {
		t.Fatal(err)
	}
}
