package app_test

import (
	"context"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/alecthomas/kong"

	"github.com/broadsheet-cms/broadsheet/ent/session"
	"github.com/broadsheet-cms/broadsheet/ent/user"
	"github.com/broadsheet-cms/broadsheet/internal/access"
	"github.com/broadsheet-cms/broadsheet/internal/account"
	"github.com/broadsheet-cms/broadsheet/internal/app"
	"github.com/broadsheet-cms/broadsheet/internal/config"
	"github.com/broadsheet-cms/broadsheet/internal/store"
	"github.com/broadsheet-cms/broadsheet/internal/testkit"
)

// serving is a running server behind a network that can fail.
type serving struct {
	site
	network *testkit.Proxy
	token   string
	stop    context.CancelFunc
	ended   chan error
}

// serve runs a server as the program does, from listening to SIGTERM.
func serve(t *testing.T, args ...string) *serving {
	t.Helper()
	s := &serving{network: testkit.NewProxy(t, testkit.URL(t, store.Postgres)), ended: make(chan error, 1)}
	var cfg config.Serve
	parser, err := kong.New(&cfg)
	if err != nil {
		t.Fatal(err)
	}
	settings := []string{"--addr=127.0.0.1:0", "--database=" + s.network.URL, "--media-dir=" + t.TempDir()}
	if _, err := parser.Parse(append(settings, args...)); err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(t.Context())
	s.stop = stop
	if s.App, err = app.New(ctx, cfg, slog.New(slog.DiscardHandler)); err != nil {
		t.Fatal(err)
	}
	if _, _, err := s.Accounts.Create(access.AsSystem(ctx), account.User{Email: "chief@example.org", DisplayName: "Chief", Role: user.RoleAdmin}, chiefPassword); err != nil {
		t.Fatal(err)
	}
	listening := make(chan net.Addr, 1)
	go func() {
		err := s.Run(ctx, func(addr net.Addr) { listening <- addr })
		_ = s.Close()
		s.ended <- err
	}()
	s.url = "http://" + (<-listening).String()
	// Here and not through the API: hashing a password takes longer than requests may.
	signedIn, err := s.Accounts.SignIn(ctx, account.SignIn{Email: "chief@example.org", Password: chiefPassword, Kind: session.KindBearer})
	if err != nil {
		t.Fatal(err)
	}
	s.token = signedIn.Token
	t.Cleanup(stop)
	return s
}

// requests are what clients of each kind ask.
func (s *serving) requests(t *testing.T) map[string]func() reply {
	const news = `{ latestNews { nodes { title } } }`
	return map[string]func() reply{
		"reader": func() reply { return s.ask(t, http.DefaultClient, news) },
		"signed in": func() reply {
			return s.ask(t, http.DefaultClient, news, "Authorization", "Bearer "+s.token)
		},
		"mutation": func() reply {
			return s.ask(t, http.DefaultClient, `mutation { createTag(input: {name: "Ferries"}) { tag { slug } userErrors { message } } }`, "Authorization", "Bearer "+s.token)
		},
		"ready": func() reply { return s.get(t, http.DefaultClient, "/readyz") },
	}
}

// TestClientsOfASilentDatabase: every request is answered with a code that says
// "try again", within its own time and a moment; /readyz says that the node
// cannot serve; and all is well with the first requests after the network is back.
func TestClientsOfASilentDatabase(t *testing.T) {
	t.Parallel()
	for name, fail := range map[string]func(*testkit.Proxy){
		"blackhole": func(p *testkit.Proxy) { p.Blackhole(); p.Reset() }, // new connections are silent
		"silence":   func(p *testkit.Proxy) { p.Blackhole() },            // those that there are, too
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := serve(t, "--request-timeout=500ms")
			fail(s.network)
			var all sync.WaitGroup
			for who, request := range s.requests(t) {
				all.Go(func() {
					start := time.Now()
					got := request()
					took := time.Since(start).Round(time.Millisecond)
					if who == "ready" {
						if got.status != http.StatusServiceUnavailable {
							t.Errorf("/readyz: %d %s", got.status, got.body)
						}
					} else if !strings.Contains(got.body, `"TRY_AGAIN"`) {
						t.Errorf("%s: %d %s", who, got.status, got.body)
					}
					t.Logf("%s: answered with %d after %v", who, got.status, took)
				})
			}
			all.Wait()
			s.network.Pass()
			start := time.Now()
			for healthy := false; !healthy && t.Context().Err() == nil; {
				healthy = true
				for _, request := range s.requests(t) {
					got := request()
					healthy = healthy && got.status == http.StatusOK && !strings.Contains(got.body, `"errors"`)
				}
			}
			t.Logf("all well %v after the network was back", time.Since(start).Round(time.Millisecond))
		})
	}
}

// TestStopWithASilentDatabase: a server that is told to stop ends, whatever its
// database does.
func TestStopWithASilentDatabase(t *testing.T) {
	t.Parallel()
	s := serve(t, "--request-timeout=500ms", "--shutdown-timeout=3s")
	s.network.Blackhole()
	var all sync.WaitGroup
	for who, request := range s.requests(t) {
		if who != "ready" {
			all.Go(func() { request() })
		}
	}
	all.Wait()
	start := time.Now()
	s.stop()
	select {
	case err := <-s.ended:
		if err != nil {
			t.Error(err)
		}
		t.Logf("ended after %v", time.Since(start).Round(time.Millisecond))
	case <-t.Context().Done():
		t.Fatal("the server does not end")
	}
}
