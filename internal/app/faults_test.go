package app_test

import (
	"database/sql"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/Shopify/toxiproxy/v2"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/rs/zerolog"

	"github.com/broadsheet-cms/broadsheet/ent/user"
	"github.com/broadsheet-cms/broadsheet/internal/store"
	"github.com/broadsheet-cms/broadsheet/internal/testkit"
)

// toxic puts toxiproxy before the database of a URL.
func toxic(t *testing.T, database string) (proxy *toxiproxy.Proxy, through string) {
	t.Helper()
	plain := testkit.NewProxy(t, database) // where the database has a socket of Unix alone
	u, err := url.Parse(plain.URL)
	if err != nil {
		t.Fatal(err)
	}
	server := toxiproxy.NewServer(toxiproxy.NewMetricsContainer(prometheus.NewRegistry()), zerolog.Nop())
	proxy = toxiproxy.NewProxy(server, "database", "127.0.0.1:0", u.Host)
	if err := proxy.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(proxy.Stop)
	u.Host = proxy.Listen
	return proxy, u.String()
}

var tagNamesSQL = store.MaintainBoth(`SELECT name FROM tags`)

// TestFaultsLoseNothingAcknowledged has clients write while the way to PostgreSQL fails: each
// answer is the change or a code that says to try again, everything that was acknowledged is there after it,
// and all is well again by itself.
func TestFaultsLoseNothingAcknowledged(t *testing.T) {
	t.Parallel()
	toxics := func(text string) func(*testing.T, *toxiproxy.Proxy) (end func()) {
		return func(t *testing.T, p *toxiproxy.Proxy) func() {
			t.Helper()
			if _, err := p.Toxics.AddToxicJson(strings.NewReader(text)); err != nil {
				t.Fatal(err)
			}
			return func() {
				if err := p.Toxics.RemoveToxic(t.Context(), "fault"); err != nil {
					t.Error(err)
				}
			}
		}
	}
	for name, fault := range map[string]func(*testing.T, *toxiproxy.Proxy) (end func()){
		"latency":                     toxics(`{"name":"fault","type":"latency","stream":"downstream","attributes":{"latency":5,"jitter":5}}`),
		"resets":                      toxics(`{"name":"fault","type":"reset_peer","stream":"downstream","attributes":{"timeout":15}}`),
		"resets after what was sent":  toxics(`{"name":"fault","type":"limit_data","stream":"downstream","attributes":{"bytes":3000}}`),
		"half-open: no answers":       toxics(`{"name":"fault","type":"timeout","stream":"downstream","attributes":{"timeout":0}}`),
		"half-open: nothing is heard": toxics(`{"name":"fault","type":"timeout","stream":"upstream","attributes":{"timeout":0}}`),
		"the server is away": func(t *testing.T, p *toxiproxy.Proxy) func() {
			p.Stop()
			return func() {
				if err := p.Start(); err != nil {
					t.Error(err)
				}
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			database := testkit.URL(t, store.Postgres)
			proxy, through := toxic(t, database)
			s := runNode(t, through, "--request-timeout=700ms", "--rate-limit-signed-in=0", "--shutdown-timeout=5s")
			_, _, token := s.signedIn(t, user.RoleAdmin)
			var acknowledged, unsure sync.Map
			var count, good, refused atomic.Int64
			// write makes a tag, and gives whether that was acknowledged.
			write := func() bool {
				tag := fmt.Sprintf("Tag %d", count.Add(1))
				body, _ := json.Marshal(map[string]string{"query": `mutation { createTag(input: {name: "` + tag + `"}) { tag { name } userErrors { message } } }`})
				r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, s.url+"/graphql", strings.NewReader(string(body)))
				if err != nil {
					t.Error(err)
					return false
				}
				r.Header.Set("Content-Type", "application/json")
				r.Header.Set("Authorization", "Bearer "+token)
				w, err := http.DefaultClient.Do(r)
				if err != nil {
					t.Errorf("no answer: %v", err)
					return false
				}
				defer func() { _ = w.Body.Close() }()
				text, err := io.ReadAll(w.Body)
				switch {
				case err == nil && w.StatusCode == http.StatusOK && strings.Contains(string(text), `{"name":"`+tag+`"}`) && !strings.Contains(string(text), `"errors"`):
					acknowledged.Store(tag, true)
					good.Add(1)
					return true
				case err == nil && strings.Contains(string(text), `"TRY_AGAIN"`):
					unsure.Store(tag, true)
					refused.Add(1)
				default:
					t.Errorf("answered %d %s %v", w.StatusCode, text, err)
				}
				return false
			}
			each := func(do func()) {
				var clients sync.WaitGroup
				for range 3 {
					clients.Go(do)
				}
				clients.Wait()
			}
			each(func() {
				for done := false; !done && !t.Failed(); { // a busy machine may refuse some
					done = write()
				}
			})
			before := refused.Load()
			end := fault(t, proxy)
			each(func() {
				for range 3 {
					write()
				}
			})
			during := refused.Load() - before
			end()
			over := time.Now()
			each(func() {
				for done := false; !done && !t.Failed(); {
					done = write()
				}
			})
			well := time.Since(over)

			direct := testkit.Open(t, database, store.Options{})
			names, err := store.Collect(t.Context(), direct, tagNamesSQL, func(rows *sql.Rows) (name string, err error) {
				err = rows.Scan(&name)
				return name, err
			})
			if err != nil {
				t.Fatal(err)
			}
			stored := map[string]bool{}
			for _, n := range names {
				if stored[n] {
					t.Errorf("%s is stored twice", n)
				}
				stored[n] = true
			}
			acknowledged.Range(func(tag, _ any) bool {
				if !stored[tag.(string)] {
					t.Errorf("%s was acknowledged and is lost", tag)
				}
				return true
			})
			done := 0
			unsure.Range(func(tag, _ any) bool {
				if stored[tag.(string)] {
					done++
				}
				return true
			})
			t.Logf("%d acknowledged and all there; %d of 9 told to try again during the fault, %d of these are stored; well %v after it", good.Load(), during, done, well.Round(time.Millisecond))
		})
	}
}
