package app_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/coder/websocket"

	"github.com/broadsheet-cms/broadsheet/ent/user"
	"github.com/broadsheet-cms/broadsheet/internal/access"
	"github.com/broadsheet-cms/broadsheet/internal/partner"
	"github.com/broadsheet-cms/broadsheet/internal/store"
	"github.com/broadsheet-cms/broadsheet/internal/testkit"
)

// fleet is some nodes on one database behind a proxy, which sends requests to those
// that say that they are ready.
type fleet struct {
	t        *testing.T
	database string
	proxy    *httptest.Server

	mu    sync.Mutex
	nodes []*member
}

// member is a node of a fleet.
type member struct {
	*served
	target *url.URL
	ready  atomic.Bool
}

func newFleet(t *testing.T, database string, nodes int) *fleet {
	t.Helper()
	f := &fleet{t: t, database: database}
	for range nodes {
		f.nodes = append(f.nodes, f.start())
	}
	var turn atomic.Int64
	f.proxy = httptest.NewServer(&httputil.ReverseProxy{
		Rewrite: func(r *httputil.ProxyRequest) {
			f.mu.Lock()
			ready := slices.DeleteFunc(slices.Clone(f.nodes), func(m *member) bool { return !m.ready.Load() })
			f.mu.Unlock()
			r.SetURL(ready[int(turn.Add(1))%len(ready)].target)
		},
		// As a proxy does that has idle connections to nodes that stop.
		Transport: &http.Transport{MaxIdleConnsPerHost: 100, IdleConnTimeout: time.Minute},
		ErrorLog:  slog.NewLogLogger(slog.NewTextHandler(t.Output(), nil), slog.LevelWarn),
	})
	ctx, stop := context.WithCancel(context.Background())
	var looking sync.WaitGroup
	looking.Go(func() { f.look(ctx) })
	t.Cleanup(func() {
		stop()
		looking.Wait()
		f.proxy.CloseClientConnections()
		f.proxy.Close()
	})
	return f
}

// start runs a node that goes on being asked for a moment once it says that it stops.
func (f *fleet) start() *member {
	f.t.Helper()
	s := runNode(f.t, f.database, "--drain-delay=300ms", "--rate-limit=0", "--cache-bytes=0")
	target, err := url.Parse(s.url)
	if err != nil {
		f.t.Fatal(err)
	}
	m := &member{served: s, target: target}
	m.ready.Store(true)
	return m
}

// look asks the nodes whether they are ready, as a proxy does.
func (f *fleet) look(ctx context.Context) {
	for tick := time.NewTicker(20 * time.Millisecond); ; {
		select {
		case <-ctx.Done():
			tick.Stop()
			return
		case <-tick.C:
		}
		f.mu.Lock()
		nodes := slices.Clone(f.nodes)
		f.mu.Unlock()
		for _, m := range nodes {
			m.ready.Store(answers(ctx, m.url+"/readyz", "ready") == nil)
		}
	}
}

// restart puts a new node in the place of one, which stops as by SIGTERM.
func (f *fleet) restart(i int) {
	f.t.Helper()
	fresh := f.start()
	f.mu.Lock()
	old := f.nodes[i]
	f.nodes = append(f.nodes, fresh)
	f.mu.Unlock()
	old.stop()
	f.mu.Lock()
	f.nodes = slices.DeleteFunc(f.nodes, func(m *member) bool { return m == old })
	f.mu.Unlock()
}

// TestARollingRestartLosesNothing restarts every node while clients read, write and
// follow changes through the proxy: no request fails, and whoever follows changes is told of each,
// however often the connection ends.
func TestARollingRestartLosesNothing(t *testing.T) {
	t.Parallel()
	f := newFleet(t, testkit.URL(t, store.Postgres), 2)
	first := f.nodes[0]
	_, _, editing := first.signedIn(t, user.RoleEditor)
	_, token, err := first.Partners.Create(access.AsSystem(t.Context()), partner.Key{Name: "Agency", Scopes: partner.Scopes(), QuotaMinute: 1_000_000, QuotaDay: 1_000_000})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	var published sync.Map // titles that were acknowledged
	var requests, reconnects atomic.Int64
	stopped := make(chan struct{})
	var clients sync.WaitGroup
	ask := func(auth, document string) (string, error) {
		body, err := json.Marshal(map[string]string{"query": document})
		if err != nil {
			return "", err
		}
		r, err := http.NewRequestWithContext(ctx, http.MethodPost, f.proxy.URL+"/graphql", strings.NewReader(string(body)))
		if err != nil {
			return "", err
		}
		r.Header.Set("Content-Type", "application/json")
		if auth != "" {
			r.Header.Set("Authorization", "Bearer "+auth)
		}
		w, err := http.DefaultClient.Do(r)
		if err != nil {
			return "", err
		}
		defer func() { _ = w.Body.Close() }()
		text, err := io.ReadAll(w.Body)
		requests.Add(1)
		if err == nil && (w.StatusCode != http.StatusOK || strings.Contains(string(text), `"errors"`)) {
			err = fmt.Errorf("%d: %s", w.StatusCode, text)
		}
		return string(text), err
	}
	until := func(do func() error) {
		clients.Go(func() {
			for {
				select {
				case <-stopped:
					return
				default:
				}
				if err := do(); err != nil {
					t.Errorf("a request failed: %v", err)
					return
				}
			}
		})
	}
	for range 4 {
		until(func() error {
			_, err := ask("", `{ latestNews(first: 5) { nodes { title } } }`)
			return err
		})
	}
	var count atomic.Int64
	for range 2 {
		until(func() error {
			title := fmt.Sprintf("Story %d", count.Add(1))
			text, err := ask(editing, `mutation { createArticle(input: {article: {title: "`+title+`", body: {blocks: [{paragraph: {html: "Words."}}]}}}) { article { id } userErrors { message } } }`)
			if err != nil {
				return err
			}
			_, rest, _ := strings.Cut(text, `"id":"`)
			key, _, ok := strings.Cut(rest, `"`)
			if !ok {
				return errors.New(text)
			}
			if text, err = ask(editing, `mutation { publishArticle(input: {id: "`+key+`"}) { userErrors { message } } }`); err != nil || !strings.Contains(text, `"userErrors":[]`) {
				return fmt.Errorf("%s %w", text, err)
			}
			published.Store(key, true)
			return nil
		})
	}
	// The follower connects again, from where it was, whenever its connection ends.
	begin, err := ask(token, `{ changes(first: 1) { next } }`)
	if err != nil {
		t.Fatal(err)
	}
	_, from, _ := strings.Cut(begin, `"next":"`)
	from, _, _ = strings.Cut(from, `"`)
	told, more := map[string]int{}, make(chan struct{}, 1)
	var toldMu sync.Mutex
	following, unfollow := context.WithCancel(ctx)
	var follower sync.WaitGroup
	follower.Go(func() {
		for following.Err() == nil {
			var err error
			from, err = follow(following, f.proxy.URL, token, from, func(article string) {
				toldMu.Lock()
				defer toldMu.Unlock()
				told[article]++
				select {
				case more <- struct{}{}:
				default:
				}
			})
			if code := websocket.CloseStatus(err); following.Err() == nil && code != websocket.StatusServiceRestart && code != -1 {
				t.Errorf("the follower's connection ended with %v", err)
			}
			reconnects.Add(1)
		}
	})
	for range 2 { // twice all nodes
		f.restart(0)
		f.restart(0)
	}
	close(stopped)
	clients.Wait()
	missing := func() (all, left int) {
		toldMu.Lock()
		defer toldMu.Unlock()
		published.Range(func(key, _ any) bool {
			all++
			if told[key.(string)] == 0 {
				left++
			}
			return true
		})
		return all, left
	}
	all, left := missing()
	for ; left > 0 && ctx.Err() == nil; all, left = missing() {
		select {
		case <-more:
		case <-ctx.Done():
		}
	}
	unfollow()
	follower.Wait()
	if left > 0 || all == 0 {
		t.Errorf("of %d published articles the follower was not told of %d", all, left)
	}
	t.Logf("%d requests and %d published articles during four restarts; the follower connected %d times", requests.Load(), all, reconnects.Load())
}

// follow tells of changes after a cursor until the connection ends, and gives the
// cursor to go on from.
func follow(ctx context.Context, address, token, from string, tell func(article string)) (string, error) {
	conn, _, err := websocket.Dial(ctx, strings.Replace(address, "http", "ws", 1)+"/graphql", &websocket.DialOptions{Subprotocols: []string{"graphql-transport-ws"}})
	if err != nil {
		return from, nil //nolint:nilerr // the node stopped meanwhile: the caller connects again
	}
	defer func() { _ = conn.CloseNow() }()
	conn.SetReadLimit(1 << 20)
	query, err := json.Marshal(`subscription { changes(after: "` + from + `") { changes { articleId type } next } }`)
	if err != nil {
		return from, err
	}
	if err := conn.Write(ctx, websocket.MessageText, []byte(`{"type":"connection_init","payload":{"authorization":"Bearer `+token+`"}}`)); err != nil {
		return from, err
	}
	for {
		_, text, err := conn.Read(ctx)
		if err != nil {
			return from, err
		}
		var m struct {
			Type    string
			Payload json.RawMessage
		}
		if err := json.Unmarshal(text, &m); err != nil {
			return from, err
		}
		switch m.Type {
		case "connection_ack":
			err = conn.Write(ctx, websocket.MessageText, []byte(`{"id":"1","type":"subscribe","payload":{"query":`+string(query)+`}}`))
		case "ping":
			err = conn.Write(ctx, websocket.MessageText, []byte(`{"type":"pong"}`))
		case "next":
			var result struct {
				Data struct {
					Changes struct {
						Changes []struct{ ArticleID string }
						Next    string
					}
				}
			}
			if err := json.Unmarshal(m.Payload, &result); err != nil {
				return from, err
			}
			for _, c := range result.Data.Changes.Changes {
				tell(c.ArticleID)
			}
			from = result.Data.Changes.Next
		case "error":
			return from, fmt.Errorf("%s", m.Payload)
		}
		if err != nil {
			return from, err
		}
	}
}
