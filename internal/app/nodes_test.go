package app_test

import (
	"context"
	"database/sql"
	"fmt"
	"io"
	"maps"
	"net/http"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/coder/websocket"

	"github.com/broadsheet-cms/broadsheet/ent/user"
	"github.com/broadsheet-cms/broadsheet/internal/app"
	"github.com/broadsheet-cms/broadsheet/internal/job"
	"github.com/broadsheet-cms/broadsheet/internal/store"
	"github.com/broadsheet-cms/broadsheet/internal/testkit"
)

// byID asks for a story as readers do.
func byID(story string) string {
	return `{"query":"{ article(by: {id: \"` + story + `\"}) { title } }"}`
}

// TestWhatEndsOnOneNodeEndsOnTheOther: once the other node hears of it, a killed story
// is in no answer that is asked for there, although it was kept in memory; a session
// that ended and a role that was lowered hold there with the first request after they
// are acknowledged, and their sockets tell nothing more.
func TestWhatEndsOnOneNodeEndsOnTheOther(t *testing.T) {
	t.Parallel()
	testkit.Long(t)
	testkit.EachURL(t, func(t *testing.T, url string) {
		here, there := runNode(t, url), runNode(t, url, "--rate-limit=0")
		_, _, admin := here.signedIn(t, user.RoleAdmin)
		editor, _, editing := here.signedIn(t, user.RoleEditor)
		_, session, reading := here.signedIn(t, user.RoleReader)
		story := here.publish(t, "Rain")

		one := there.listen(t, "", `subscription { articleUpdated(id: "`+story+`") { title } }`)
		one.expect(next(1, `{"articleUpdated":{"title":"Rain"}}`))
		var gone atomic.Bool
		var readers sync.WaitGroup
		warm := make(chan struct{}, 100_000)
		for range 4 {
			readers.Go(func() {
				for after := 0; after < 5; {
					was := gone.Load()
					got := there.post(t, byID(story))
					if was {
						after++
						if got != `{"data":{"article":null}}` {
							t.Errorf("asked after the node was told of the kill: %s", got)
						}
					}
					select {
					case warm <- struct{}{}:
					default:
					}
				}
			})
		}
		for range 40 {
			<-warm
		}
		here.change(t, editing, `mutation { killArticle(input: {id: "`+story+`"}) { userErrors { code } } }`)
		for got, want := "", next(1, `{"articleUpdated":null}`); got != want; {
			text, err := one.message()
			if got = string(text); err != nil || got != want && got != next(1, `{"articleUpdated":{"title":"Rain"}}`) { // its publication may be told late
				t.Fatalf("%s %v, want %s", got, err, want)
			}
		}
		gone.Store(true)
		readers.Wait()

		ask := func(token, query string) string { return there.post(t, query, "Authorization", "Bearer "+token) }
		const me = `{"query":"{ viewer { role } }"}`
		if got := ask(reading, me); got != `{"data":{"viewer":{"role":"READER"}}}` {
			t.Fatal(got)
		}
		reader := there.listen(t, reading, `subscription { articlePublished { title } }`)
		there.watched(t, 2)
		here.change(t, reading, `mutation { revokeSession(input: {sessionId: "`+session+`"}) { userErrors { code } } }`)
		if got := ask(reading, me); !strings.Contains(got, `"UNAUTHENTICATED"`) {
			t.Errorf("the first request after the session ended: %s", got)
		}
		reader.closed(4403)

		const desk = `{"query":"{ trash(first: 1) { nodes { id } } }"}`
		if got := ask(editing, desk); strings.Contains(got, `"errors"`) {
			t.Fatal(got)
		}
		edits := there.listen(t, editing, `subscription { articlePublished { title } }`)
		there.watched(t, 2)
		here.change(t, admin, `mutation { setUserRole(input: {userId: "`+editor+`", role: READER}) { userErrors { code } } }`)
		if got := ask(editing, desk); !strings.Contains(got, `"FORBIDDEN"`) {
			t.Errorf("the first request after the role was lowered: %s", got)
		}
		edits.closed(4403)
	})
}

// endings are what ends on one node, and how long after it was acknowledged it had ended
// on another.
type endings map[string][]time.Duration

func (e endings) add(what string, since time.Time) { e[what] = append(e[what], time.Since(since)) }

// measure ends something of each kind on one node.
func (e endings) measure(t *testing.T, i int, here, there *served, admin, editing string) {
	t.Helper()
	title := fmt.Sprintf("Story %d", i)
	published := there.listen(t, "", `subscription { articlePublished { title } }`)
	there.watched(t, 1)
	story := here.publish(t, title)
	acknowledged := time.Now()
	published.expect(next(1, `{"articlePublished":{"title":"`+title+`"}}`))
	e.add("a published story: told to a subscriber", acknowledged)
	_ = published.Close(websocket.StatusNormalClosure, "")

	watching := there.listen(t, "", `subscription { articleUpdated(id: "`+story+`") { title } }`)
	watching.expect(next(1, `{"articleUpdated":{"title":"`+title+`"}}`))
	there.post(t, byID(story))
	here.change(t, editing, `mutation { killArticle(input: {id: "`+story+`"}) { userErrors { code } } }`)
	acknowledged = time.Now()
	for there.post(t, byID(story)) != `{"data":{"article":null}}` {
		if t.Context().Err() != nil {
			return
		}
	}
	e.add("a killed story: in no answer, where it was in memory", acknowledged)
	watching.expect(next(1, `{"articleUpdated":null}`))
	e.add("a killed story: told to a subscriber", acknowledged)
	_ = watching.Close(websocket.StatusNormalClosure, "")

	account, session, token := here.account(t, user.RoleEditor, fmt.Sprintf("editor-%d@example.org", i))
	lowered := there.listen(t, token)
	here.change(t, admin, `mutation { setUserRole(input: {userId: "`+account+`", role: READER}) { userErrors { code } } }`)
	acknowledged = time.Now()
	if got := there.post(t, `{"query":"{ trash(first: 1) { nodes { id } } }"}`, "Authorization", "Bearer "+token); !strings.Contains(got, `"FORBIDDEN"`) {
		t.Errorf("a lowered role: %s", got)
	}
	e.add("a lowered role: refused by the first request, answered", acknowledged)
	lowered.closed(4403)
	e.add("a lowered role: its socket is closed", acknowledged)

	ended := there.listen(t, token)
	here.change(t, token, `mutation { revokeSession(input: {sessionId: "`+session+`"}) { userErrors { code } } }`)
	acknowledged = time.Now()
	if got := there.post(t, `{"query":"{ viewer { role } }"}`, "Authorization", "Bearer "+token); !strings.Contains(got, `"UNAUTHENTICATED"`) {
		t.Errorf("a session that ended: %s", got)
	}
	e.add("a session that ended: refused by the first request, answered", acknowledged)
	ended.closed(4403)
	e.add("a session that ended: its socket is closed", acknowledged)
}

// TestSoakOtherNode measures how long it takes until what ends on one node has ended on
// another, from its acknowledgement on. TestWhatEndsOnOneNodeEndsOnTheOther proves that
// it does; this one asks few times where it is no soak.
func TestSoakOtherNode(t *testing.T) {
	t.Parallel()
	database := testkit.URL(t, store.Postgres)
	here, there := runNode(t, database, "--rate-limit-signed-in=0"), runNode(t, database, "--rate-limit=0", "--rate-limit-signed-in=0")
	_, _, admin := here.signedIn(t, user.RoleAdmin)
	_, _, editing := here.account(t, user.RoleEditor, "chief-editor@example.org")
	took := endings{}
	lasts, long := testkit.Soak(t)
	end := time.Now().Add(lasts)
	for i := 0; (i < 3 || long && time.Now().Before(end)) && !t.Failed(); i++ {
		took.measure(t, i, here, there, admin, editing)
	}
	for _, name := range slices.Sorted(maps.Keys(took)) {
		all := took[name]
		slices.Sort(all)
		t.Logf("| %s | %d | %v | %v | %v |", name, len(all), all[len(all)/2].Round(100*time.Microsecond), all[len(all)*99/100].Round(100*time.Microsecond), all[len(all)-1].Round(100*time.Microsecond))
	}
}

// TestANodeLeavesInOrder: as it does at SIGTERM, sockets are told to connect again,
// requests under way are answered, and jobs go on on another node, from their beginning
// and without that counting as a failure. Then it takes no more connections.
func TestANodeLeavesInOrder(t *testing.T) {
	t.Parallel()
	url := testkit.URL(t, store.Postgres)
	work := job.Kind[string]{Name: "test.work"}
	begun := make(chan struct{}, 1)
	here := runPrepared(t, url, func(a *app.App) {
		job.Register(a.Jobs, work, func(ctx context.Context, _ string) error {
			begun <- struct{}{}
			<-ctx.Done()
			return ctx.Err()
		})
	}, "--shutdown-timeout=3s")
	_, _, token := here.signedIn(t, user.RoleAdmin)
	if err := job.Enqueue(t.Context(), here.Jobs, work, "", job.Options{}); err != nil {
		t.Fatal(err)
	}
	<-begun
	socket := here.listen(t, "", `subscription { articlePublished { title } }`)
	here.watched(t, 1)
	stream, err := http.NewRequestWithContext(t.Context(), http.MethodPost, here.url+"/graphql", strings.NewReader(`{"query":"subscription { articlePublished { title } }"}`))
	if err != nil {
		t.Fatal(err)
	}
	stream.Header.Set("Content-Type", "application/json")
	stream.Header.Set("Accept", "text/event-stream")
	events, err := http.DefaultClient.Do(stream)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = events.Body.Close() }()
	here.watched(t, 2)

	// A change that waits for a lock is under way.
	db, err := sql.Open("postgres", url)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = db.Close() }()
	holder, err := db.BeginTx(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := holder.ExecContext(t.Context(), `LOCK TABLE tags`); err != nil {
		t.Fatal(err)
	}
	answered := make(chan string, 1)
	go func() {
		answered <- here.post(t, `{"query":"mutation { createTag(input: {name: \"Ferries\"}) { tag { name } userErrors { code } } }"}`, "Authorization", "Bearer "+token)
	}()
	for waiting := 0; waiting == 0; {
		if err := db.QueryRowContext(t.Context(), `SELECT count(*) FROM pg_locks WHERE NOT granted AND relation = 'tags'::regclass`).Scan(&waiting); err != nil {
			t.Fatal(err)
		}
	}

	var stopping sync.WaitGroup
	stopping.Go(here.stop)
	socket.closed(websocket.StatusServiceRestart)
	if rest, err := io.ReadAll(events.Body); err != nil {
		t.Errorf("the stream broke off after %q: %v", rest, err)
	}
	select {
	case got := <-answered:
		t.Errorf("answered while the lock is held: %s", got)
	default:
	}
	if err := holder.Rollback(); err != nil {
		t.Fatal(err)
	}
	if got := <-answered; got != `{"data":{"createTag":{"tag":{"name":"Ferries"},"userErrors":[]}}}` {
		t.Errorf("the request under way: %s", got)
	}
	stopping.Wait()
	if err := answers(t.Context(), here.url+"/healthz", "alive"); err == nil {
		t.Error("a node that left takes connections")
	}
	attempt := make(chan int, 1)
	runPrepared(t, url, func(a *app.App) {
		job.Register(a.Jobs, work, func(ctx context.Context, _ string) error {
			attempt <- job.Current(ctx).Attempt
			return nil
		})
	})
	if got := <-attempt; got != 1 {
		t.Errorf("the job goes on as attempt %d", got)
	}
}
