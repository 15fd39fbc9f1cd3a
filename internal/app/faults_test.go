package app_test

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/Shopify/toxiproxy/v2"
	"github.com/lib/pq"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/rs/zerolog"

	"github.com/broadsheet-cms/broadsheet/ent/user"
	"github.com/broadsheet-cms/broadsheet/internal/store"
	"github.com/broadsheet-cms/broadsheet/internal/testkit"
	"github.com/broadsheet-cms/broadsheet/internal/testkit/pgtest"
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

// writers are clients that write while something fails. Each makes tags: an answer is
// the change, or a code that says to try again.
type writers struct {
	t     *testing.T
	url   string
	token string

	acknowledged, unsure sync.Map // names of tags
	count, good, refused atomic.Int64
}

// write makes a tag, and gives whether that was acknowledged.
func (w *writers) write() bool {
	tag := fmt.Sprintf("Tag %d", w.count.Add(1))
	body, _ := json.Marshal(map[string]string{"query": `mutation { createTag(input: {name: "` + tag + `"}) { tag { name } userErrors { message } } }`})
	r, err := http.NewRequestWithContext(w.t.Context(), http.MethodPost, w.url+"/graphql", strings.NewReader(string(body)))
	if err != nil {
		w.t.Error(err)
		return false
	}
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("Authorization", "Bearer "+w.token)
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		w.t.Errorf("no answer: %v", err)
		return false
	}
	defer func() { _ = answer.Body.Close() }()
	text, err := io.ReadAll(answer.Body)
	switch {
	case err == nil && answer.StatusCode == http.StatusOK && strings.Contains(string(text), `{"name":"`+tag+`"}`) && !strings.Contains(string(text), `"errors"`):
		w.acknowledged.Store(tag, true)
		w.good.Add(1)
		return true
	case err == nil && strings.Contains(string(text), `"TRY_AGAIN"`):
		w.unsure.Store(tag, true)
		w.refused.Add(1)
	default:
		w.t.Errorf("answered %d %s %v", answer.StatusCode, text, err)
	}
	return false
}

// each has three clients do the same.
func (w *writers) each(do func()) {
	var clients sync.WaitGroup
	for range 3 {
		clients.Go(do)
	}
	clients.Wait()
}

// well returns when each client had a change acknowledged: a busy machine may refuse
// some.
func (w *writers) well() {
	w.each(func() {
		for done := false; !done && !w.t.Failed(); {
			done = w.write()
		}
	})
}

// through writes before, while and after something fails, and gives how long it took
// until all was well again. meanwhile is told how many of 9 changes were refused; then
// the failure ends. stored gives the database in which all that was acknowledged must be.
func (w *writers) through(begin func() (end func()), meanwhile func(refused int64), stored func() *store.DB) (well time.Duration) {
	w.t.Helper()
	w.well()
	before := w.refused.Load()
	end := begin()
	w.each(func() {
		for range 3 {
			w.write()
		}
	})
	during := w.refused.Load() - before
	meanwhile(during)
	end()
	over := time.Now()
	w.well()
	well = time.Since(over)
	done := w.check(stored())
	w.t.Logf("%d acknowledged and all there; %d of 9 told to try again during the fault, %d of these are stored; well %v after it", w.good.Load(), during, done, well.Round(time.Millisecond))
	return well
}

// check compares what was acknowledged with what is stored, and gives how many
// changes were made of those that clients are not sure of.
func (w *writers) check(db *store.DB) (done int) {
	names, err := store.Collect(w.t.Context(), db, tagNamesSQL, store.ScanText)
	if err != nil {
		w.t.Fatal(err)
	}
	stored := map[string]bool{}
	for _, n := range names {
		if stored[n] {
			w.t.Errorf("%s is stored twice", n)
		}
		stored[n] = true
	}
	w.acknowledged.Range(func(tag, _ any) bool {
		if !stored[tag.(string)] {
			w.t.Errorf("%s was acknowledged and is lost", tag)
		}
		return true
	})
	w.unsure.Range(func(tag, _ any) bool {
		if stored[tag.(string)] {
			done++
		}
		return true
	})
	return done
}

// failure is something that fails between a node and its PostgreSQL, or there.
type failure struct {
	// cluster are settings of a cluster of its own; nil: a database of the shared one.
	cluster []string
	args    []string // of the node
	begin   func(*faulty) (end func())
}

// faulty is a node with its database, before which there is toxiproxy.
type faulty struct {
	t       *testing.T
	cluster *pgtest.Cluster
	direct  string // the database past the proxy
	after   string // the same, where connections are left in any case
	proxy   *toxiproxy.Proxy
}

func toxics(text string) failure {
	return failure{begin: func(f *faulty) func() {
		if _, err := f.proxy.Toxics.AddToxicJson(strings.NewReader(text)); err != nil {
			f.t.Fatal(err)
		}
		return func() {
			if err := f.proxy.Toxics.RemoveToxic(f.t.Context(), "fault"); err != nil {
				f.t.Error(err)
			}
		}
	}}
}

// restart ends and starts PostgreSQL while clients write.
func restart(crash bool) failure {
	return failure{cluster: []string{"synchronous_commit=on"}, begin: func(f *faulty) func() {
		var restarting sync.WaitGroup
		restarting.Go(func() {
			if err := f.cluster.Restart(f.t.Context(), crash); err != nil {
				f.t.Error(err)
			}
		})
		return restarting.Wait
	}}
}

// others takes every connection that PostgreSQL has left, once those of the node
// were ended.
func others(f *faulty) (end func()) {
	ctx := f.t.Context()
	super, err := sql.Open("postgres", f.cluster.AdminURL("site"))
	if err != nil {
		f.t.Fatal(err)
	}
	greedy, err := sql.Open("postgres", f.direct)
	if err != nil {
		f.t.Fatal(err)
	}
	const full = "53300"
	for {
		if _, err := super.ExecContext(ctx, `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'broadsheet'`); err != nil {
			f.t.Fatal(err)
		}
		taken := 0
		for {
			if _, err = greedy.Conn(ctx); err != nil { // kept until greedy is closed
				break
			}
			taken++
		}
		if e, ok := errors.AsType[*pq.Error](err); !ok || e.Code != full {
			f.t.Fatal(err)
		}
		if taken == 0 { // and the node has none of them
			break
		}
	}
	return func() { _ = errors.Join(super.Close(), greedy.Close()) }
}

// locked has every connection of the node wait for a lock.
func locked(f *faulty) (end func()) {
	db, err := sql.Open("postgres", f.direct)
	if err != nil {
		f.t.Fatal(err)
	}
	tx, err := db.BeginTx(f.t.Context(), nil)
	if err != nil {
		f.t.Fatal(err)
	}
	if _, err := tx.ExecContext(f.t.Context(), `LOCK TABLE tags`); err != nil {
		f.t.Fatal(err)
	}
	return func() {
		if err := errors.Join(tx.Rollback(), db.Close()); err != nil {
			f.t.Error(err)
		}
	}
}

var faults = map[string]failure{
	"latency":                     toxics(`{"name":"fault","type":"latency","stream":"downstream","attributes":{"latency":5,"jitter":5}}`),
	"resets":                      toxics(`{"name":"fault","type":"reset_peer","stream":"downstream","attributes":{"timeout":15}}`),
	"resets after what was sent":  toxics(`{"name":"fault","type":"limit_data","stream":"downstream","attributes":{"bytes":3000}}`),
	"half-open: no answers":       toxics(`{"name":"fault","type":"timeout","stream":"downstream","attributes":{"timeout":0}}`),
	"half-open: nothing is heard": toxics(`{"name":"fault","type":"timeout","stream":"upstream","attributes":{"timeout":0}}`),
	"the server is away": {begin: func(f *faulty) func() {
		f.proxy.Stop()
		return func() {
			if err := f.proxy.Start(); err != nil {
				f.t.Error(err)
			}
		}
	}},
	"the server restarts":                restart(false),
	"the server crashes and restarts":    restart(true),
	"others have all of its connections": {cluster: []string{"max_connections=24", "synchronous_commit=on"}, args: []string{"--database-conns=8"}, begin: others},
	"the node has no connection left":    {args: []string{"--database-conns=2"}, begin: locked},
}

// ruin has clients write before, while and after something fails, and gives how long
// it took until all was well again.
func ruin(t *testing.T, f failure) (well time.Duration) {
	t.Helper()
	at := &faulty{t: t}
	if f.cluster == nil {
		at.direct = testkit.URL(t, store.Postgres)
		at.after = at.direct
	} else {
		at.cluster = pgtest.Own(t, f.cluster...)
		var err error
		if at.direct, err = at.cluster.Create(t.Context(), "site"); err != nil {
			t.Fatal(err)
		}
		at.after = at.cluster.AdminURL("site")
	}
	proxy, through := toxic(t, at.direct)
	at.proxy = proxy
	s := runNode(t, through, append([]string{"--request-timeout=700ms", "--rate-limit-signed-in=0", "--shutdown-timeout=5s"}, f.args...)...)
	_, _, token := s.signedIn(t, user.RoleAdmin)
	w := &writers{t: t, url: s.url, token: token}
	return w.through(func() func() { return f.begin(at) }, func(int64) {}, func() *store.DB { return testkit.Open(t, at.after, store.Options{MaxConns: 1}) })
}

// TestFaultsLoseNothingAcknowledged has clients write while the way to PostgreSQL, or
// the server there, fails: each answer is the change or a code that says to try again,
// everything that was acknowledged is there after it, and all is well again by itself.
func TestFaultsLoseNothingAcknowledged(t *testing.T) {
	t.Parallel()
	for name, f := range faults {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			ruin(t, f)
		})
	}
}

// TestSoakFaults measures how long it takes after each fault until all is well.
func TestSoakFaults(t *testing.T) {
	t.Parallel()
	lasts, long := testkit.Soak(t)
	if !long {
		return // TestFaultsLoseNothingAcknowledged is the short form
	}
	took := map[string][]time.Duration{}
	end, done := context.WithTimeout(t.Context(), lasts)
	defer done()
	for end.Err() == nil && !t.Failed() {
		for name, f := range faults {
			t.Run(name, func(t *testing.T) { took[name] = append(took[name], ruin(t, f)) })
		}
	}
	for _, name := range slices.Sorted(maps.Keys(took)) {
		all := took[name]
		slices.Sort(all)
		t.Logf("| %s | %d | %v | %v |", name, len(all), all[len(all)/2].Round(time.Millisecond), all[len(all)-1].Round(time.Millisecond))
	}
}
