package app_test

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"path/filepath"
	"strings"
	"testing"

	"github.com/alecthomas/kong"
	"golang.org/x/sync/errgroup"

	"github.com/broadsheet-cms/broadsheet/internal/app"
	"github.com/broadsheet-cms/broadsheet/internal/config"
	"github.com/broadsheet-cms/broadsheet/internal/testkit/pgtest"
)

// TestNodesStartTogether starts servers at once on one empty database: each
// waits for whoever migrates, and all of them answer.
func TestNodesStartTogether(t *testing.T) {
	t.Parallel()
	for name, database := range map[string]func(*testing.T) string{
		"sqlite":   func(t *testing.T) string { return "sqlite:" + filepath.Join(t.TempDir(), "site.db") },
		"postgres": func(t *testing.T) string { return pgtest.Database(t) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			url, media := database(t), t.TempDir()
			ctx, stop := context.WithCancel(t.Context())
			defer stop()
			const nodes = 3
			listening := make(chan net.Addr, nodes)
			var group errgroup.Group
			for range nodes {
				group.Go(func() error {
					var cfg config.Serve
					parser, err := kong.New(&cfg)
					if err != nil {
						return err
					}
					if _, err := parser.Parse([]string{"--addr=127.0.0.1:0", "--database=" + url, "--media-dir=" + media}); err != nil {
						return err
					}
					a, err := app.New(ctx, cfg, slog.New(slog.DiscardHandler))
					if err != nil {
						listening <- nil
						return err
					}
					defer func() { _ = a.Close() }()
					return a.Run(ctx, func(addr net.Addr) { listening <- addr })
				})
			}
			for range nodes {
				addr := <-listening
				if addr == nil {
					break
				}
				for path, want := range map[string]string{"/readyz": "ready", "/schema.graphql": "type Query", "/graphql?query=%7Bsite%7Bname%7D%7D": `"data"`} {
					if err := answers(ctx, "http://"+addr.String()+path, want); err != nil {
						t.Error(err)
					}
				}
			}
			stop()
			if err := group.Wait(); err != nil {
				t.Error(err)
			}
		})
	}
}

func answers(ctx context.Context, url, want string) error {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return err
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return err
	}
	defer func() { _ = response.Body.Close() }()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		return err
	}
	if response.StatusCode != http.StatusOK || !strings.Contains(string(body), want) {
		return fmt.Errorf("%s: %d %.200s", url, response.StatusCode, body)
	}
	return nil
}
