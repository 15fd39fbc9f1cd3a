package app_test

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"runtime"
	"runtime/debug"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/coder/websocket"

	"github.com/broadsheet-cms/broadsheet/ent/user"
	"github.com/broadsheet-cms/broadsheet/internal/store"
	"github.com/broadsheet-cms/broadsheet/internal/testkit"
)

// held is what a process has.
type held struct{ goroutines, files, memory int }

func holds(t *testing.T) held {
	t.Helper()
	files, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		t.Fatal(err)
	}
	debug.FreeOSMemory() // collects twice: what has a finalizer is gone as well
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return held{runtime.NumGoroutine(), len(files), int(m.HeapAlloc)}
}

// settles waits until no more is held than may be: what was closed ends in its own
// time. It gives what is held then.
func settles(t *testing.T, most held) (now held) {
	t.Helper()
	for end := time.Now().Add(time.Minute); ; time.Sleep(20 * time.Millisecond) {
		now = holds(t)
		if now.goroutines <= most.goroutines && now.files <= most.files && now.memory <= most.memory {
			return now
		}
		if time.Now().After(end) {
			stacks := make([]byte, 1<<20)
			t.Fatalf("held: %+v, allowed: %+v\n%s", now, most, stacks[:runtime.Stack(stacks, true)])
		}
	}
}

// TestChurnLeavesNothing: clients that come, break off and go, and a database that
// goes away and comes back, leave no goroutine, no descriptor and no memory; a server
// that stops leaves nothing at all. It runs alone, as it counts what the process has.
func TestChurnLeavesNothing(t *testing.T) { //nolint:paralleltest // see above
	for name, database := range map[string]string{"sqlite": "sqlite:" + t.TempDir() + "/site.db", "postgres": ""} {
		t.Run(name, func(t *testing.T) { //nolint:paralleltest // see above
			if database == "" {
				database = testkit.URL(t, store.Postgres)
			}
			rounds, more := 3, func() bool { return false }
			if lasts, long := testkit.Soak(t); long {
				end := time.Now().Add(lasts / 2)
				more = func() bool { return time.Now().Before(end) }
			}
			http.DefaultClient.CloseIdleConnections()
			empty := holds(t)
			t.Run("server", func(t *testing.T) { churn(t, database, rounds, more) }) //nolint:paralleltest // see above
			http.DefaultClient.CloseIdleConnections()
			// Statements and templates that are made once for the process stay.
			settles(t, held{empty.goroutines, empty.files, empty.memory + 32<<20})
		})
	}
}

func churn(t *testing.T, database string, rounds int, more func() bool) {
	t.Helper()
	reset := func() {}
	if strings.HasPrefix(database, "postgres") {
		network := testkit.NewProxy(t, database)
		database, reset = network.URL, network.Reset
	}
	s := runNode(t, database, "--rate-limit=0", "--rate-limit-signed-in=0", "--request-timeout=2s")
	_, _, token := s.signedIn(t, user.RoleAdmin)
	address := strings.TrimPrefix(s.url, "http://")
	client := &http.Client{Transport: &http.Transport{}}
	var bad sync.Map
	one := func(i int) {
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		switch i % 6 {
		case 0: // a reader, with a document of her own
			r, _ := http.NewRequestWithContext(ctx, http.MethodPost, s.url+"/graphql", strings.NewReader(fmt.Sprintf(`{"query":"{ a%d: latestNews(first: 3) { nodes { title } } }"}`, i)))
			r.Header.Set("Content-Type", "application/json")
			if w, err := client.Do(r); err == nil {
				_, _ = io.Copy(io.Discard, w.Body)
				_ = w.Body.Close()
			}
		case 1: // who breaks off in the middle of a body
			conn, err := (&net.Dialer{}).DialContext(ctx, "tcp", address)
			if err == nil {
				_, _ = io.WriteString(conn, "POST /graphql HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 5000\r\n\r\n{")
				_ = conn.Close()
			}
		case 2: // who does not wait for the answer
			r, _ := http.NewRequestWithContext(ctx, http.MethodPost, s.url+"/graphql", strings.NewReader(fmt.Sprintf(`{"query":"{ b%d: tags(first: 50) { nodes { name } } }"}`, i)))
			r.Header.Set("Content-Type", "application/json")
			time.AfterFunc(time.Millisecond, cancel)
			if w, err := client.Do(r); err == nil {
				_ = w.Body.Close()
			}
		case 3, 4: // subscribers that leave without a word, or with one
			conn, _, err := websocket.Dial(ctx, "ws://"+address+"/graphql", &websocket.DialOptions{Subprotocols: []string{"graphql-transport-ws"}})
			if err != nil {
				return
			}
			_ = conn.Write(ctx, websocket.MessageText, []byte(`{"type":"connection_init","payload":{"authorization":"Bearer `+token+`"}}`))
			_, _, _ = conn.Read(ctx)
			_ = conn.Write(ctx, websocket.MessageText, []byte(`{"id":"1","type":"subscribe","payload":{"query":"subscription { articlePublished { title } }"}}`))
			if i%6 == 3 {
				_ = conn.CloseNow()
			} else {
				_ = conn.Close(websocket.StatusNormalClosure, "")
			}
		case 5: // an event stream
			r, _ := http.NewRequestWithContext(ctx, http.MethodPost, s.url+"/graphql", strings.NewReader(`{"query":"subscription { articlePublished { title } }"}`))
			r.Header.Set("Content-Type", "application/json")
			r.Header.Set("Accept", "text/event-stream")
			if w, err := client.Do(r); err == nil {
				if w.StatusCode != http.StatusOK {
					bad.Store(w.Status, true)
				}
				_ = w.Body.Close()
			}
		}
	}
	count := 0
	round := func() {
		var clients sync.WaitGroup
		for range 8 {
			from := count
			count += 30
			clients.Go(func() {
				for i := range 30 {
					one(from + i)
				}
			})
		}
		reset()
		clients.Wait()
		tag := fmt.Sprintf("%q", fmt.Sprintf(`mutation { createTag(input: {name: "T%d"}) { userErrors { message } } }`, count))
		for !strings.Contains(s.post(t, `{"query":`+tag+`}`, "Authorization", "Bearer "+token), `"userErrors":[]`) && t.Context().Err() == nil { //nolint:revive // the pool may have dead connections
		}
		client.CloseIdleConnections()
		http.DefaultClient.CloseIdleConnections()
	}
	round() // what is made once is made, and the pool of the database is full
	stays := settles(t, held{1 << 20, 1 << 20, 1 << 40})
	for n := 0; n < rounds || more(); n++ {
		round()
	}
	// A connection of the pool is a descriptor on each side of the proxy, and some
	// goroutines; caches of documents and answers have their bounds.
	stays.goroutines += 40
	stays.files += 40
	stays.memory += 24 << 20
	now := settles(t, stays)
	bad.Range(func(status, _ any) bool { t.Logf("a stream was answered %v", status); return true })
	t.Logf("after %d clients: %d goroutines, %d descriptors, %d kB", count, now.goroutines, now.files, now.memory>>10)
}
