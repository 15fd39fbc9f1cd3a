package app_test

import (
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"testing"

	"github.com/alecthomas/kong"

	"github.com/broadsheet-cms/broadsheet/ent/user"
	"github.com/broadsheet-cms/broadsheet/internal/access"
	"github.com/broadsheet-cms/broadsheet/internal/app"
	"github.com/broadsheet-cms/broadsheet/internal/config"
	"github.com/broadsheet-cms/broadsheet/internal/newsroom"
	"github.com/broadsheet-cms/broadsheet/internal/testkit/pgtest"
)

// TestPreviewTokenReadsOneDraft asks the whole server as a front end does.
func TestPreviewTokenReadsOneDraft(t *testing.T) {
	t.Parallel()
	for name, database := range map[string]func(*testing.T) string{
		"sqlite":   func(t *testing.T) string { return "sqlite:" + filepath.Join(t.TempDir(), "site.db") },
		"postgres": func(t *testing.T) string { return pgtest.Database(t) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var cfg config.Serve
			parser, err := kong.New(&cfg)
			if err != nil {
				t.Fatal(err)
			}
			if _, err := parser.Parse([]string{"--database=" + database(t), "--media-dir=" + t.TempDir()}); err != nil {
				t.Fatal(err)
			}
			a, err := app.New(t.Context(), cfg, slog.New(slog.DiscardHandler))
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { _ = a.Close() })
			author := a.DB.Ent(t.Context()).User.Create().SetEmail("a@example.org").SetDisplayName("A").SetRole(user.RoleAuthor).SaveX(t.Context())
			ctx := access.With(t.Context(), access.Viewer{UserID: author.ID, Role: access.Author, Name: "A"})
			tokens := map[string]string{}
			for _, title := range []string{"One", "Two"} {
				draft, err := a.Newsroom.Create(ctx, newsroom.Patch{Title: &title}, "")
				if err != nil {
					t.Fatal(err)
				}
				if tokens[title], _, err = a.Newsroom.CreatePreview(ctx, draft.ID, nil, ""); err != nil {
					t.Fatal(err)
				}
			}
			for name, c := range map[string]struct{ token, want, cache string }{
				"a token":                {tokens["One"], `{"data":{"one":{"title":"One","status":"DRAFT"},"two":null,"latestNews":{"nodes":[]}}}`, "private, no-store"},
				"the token of the other": {tokens["Two"], `{"data":{"one":null,"two":{"title":"Two","status":"DRAFT"},"latestNews":{"nodes":[]}}}`, "private, no-store"},
				"an unknown token":       {"bsp_guessed", `{"data":{"one":null,"two":null,"latestNews":{"nodes":[]}}}`, "private, no-store"},
				"no token":               {"", `{"data":{"one":null,"two":null,"latestNews":{"nodes":[]}}}`, "public, no-cache"},
			} {
				r := httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/graphql",
					strings.NewReader(`{"query":"{ one: article(by: {slug: \"one\"}) { title status } two: article(by: {slug: \"two\"}) { title status } latestNews { nodes { title } } }"}`))
				r.Header.Set("Content-Type", "application/json")
				if c.token != "" {
					r.Header.Set("X-Broadsheet-Preview", c.token)
				}
				w := httptest.NewRecorder()
				a.Handler().ServeHTTP(w, r)
				raw, err := io.ReadAll(w.Body)
				if err != nil {
					t.Fatal(err)
				}
				if string(raw) != c.want || w.Header().Get("Cache-Control") != c.cache {
					t.Errorf("%s: %q, %s", name, w.Header().Get("Cache-Control"), raw)
				}
			}
		})
	}
}
