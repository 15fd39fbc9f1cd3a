package feed_test

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/broadsheet-cms/broadsheet/ent/article"
	entcomment "github.com/broadsheet-cms/broadsheet/ent/comment"
	"github.com/broadsheet-cms/broadsheet/internal/access"
	"github.com/broadsheet-cms/broadsheet/internal/comment"
	"github.com/broadsheet-cms/broadsheet/internal/event"
	"github.com/broadsheet-cms/broadsheet/internal/job"
	"github.com/broadsheet-cms/broadsheet/internal/store"
	"github.com/broadsheet-cms/broadsheet/internal/testkit"
)

// hub is a hub of WebSub that counts the pings for each topic.
type hub struct {
	*httptest.Server
	mu     sync.Mutex
	pinged map[string]int
	fail   int // how many requests fail first
}

func newHub(t *testing.T) *hub {
	t.Helper()
	h := &hub{pinged: map[string]int{}, fail: 2}
	h.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h.mu.Lock()
		defer h.mu.Unlock()
		if err := r.ParseForm(); err != nil || r.Method != http.MethodPost || r.PostForm.Get("hub.mode") != "publish" {
			t.Errorf("%s %v, %v", r.Method, r.PostForm, err)
		}
		if h.fail--; h.fail >= 0 {
			w.WriteHeader(http.StatusServiceUnavailable)
			return
		}
		for _, topic := range r.PostForm["hub.url"] {
			h.pinged[strings.TrimPrefix(topic, home)]++
		}
		w.WriteHeader(http.StatusNoContent)
	}))
	t.Cleanup(h.Close)
	return h
}

// topics are those that were pinged since the last call.
func (h *hub) topics() []string {
	h.mu.Lock()
	defer h.mu.Unlock()
	var all []string
	for topic := range h.pinged {
		all = append(all, topic)
	}
	slices.Sort(all)
	h.pinged = map[string]int{}
	return all
}

var (
	placedSQL   = store.MaintainBoth(`SELECT count(*) FROM event_consumers WHERE name = 'websub'`)
	consumedSQL = store.MaintainBoth(`SELECT count(*) FROM event_consumers WHERE name = 'websub' AND (txid, id) >= ($1, $2)`)
	pingsSQL    = store.MaintainBoth(`SELECT count(*) FROM jobs WHERE kind = 'websub.ping'`)
)

// told waits until a hub was told of all that was written.
func (r *room) told(t *testing.T) {
	t.Helper()
	ctx := access.AsSystem(t.Context())
	events, err := r.db.Ent(ctx).Event.Query().Count(ctx)
	if err != nil {
		t.Fatal(err)
	}
	for {
		seen, err := r.log.Read(ctx, event.Position{}, events+1)
		if err != nil {
			t.Fatal(err)
		}
		if len(seen) == events && r.number(t, consumedSQL, seen[events-1].TxID, seen[events-1].ID) == 1 && r.number(t, pingsSQL) == 0 {
			return
		}
		runtime.Gosched()
	}
}

func TestAHubIsToldOfTheFeedsThatChanged(t *testing.T) {
	t.Parallel()
	testkit.EachURL(t, func(t *testing.T, url string) {
		r, h := newRoom(t, url), newHub(t)
		logger := slog.New(slog.NewTextHandler(t.Output(), nil))
		r.log.Logger = logger
		jobs := job.New(r.db, r.log.Woken, job.Settings{Logger: logger})
		p := r.PublishTo(h.URL, r.log, jobs)
		p.Gather = 0
		p.Reach(func(netip.Addr) bool { return true })
		r.follow(t, jobs)
		saved := r.save(t, r.draft("One", now.Add(-time.Hour)))
		for range 5 {
			d := r.draft("One", now.Add(-time.Hour))
			d.ID = saved[0].ID
			d.Excerpt = "About it again"
			r.save(t, d)
		}
		r.told(t)
		want := []string{}
		for _, of := range []string{"", "/sections/world", "/tags/floods", "/authors/ada", "/languages/en"} {
			want = append(want, of+"/feed/", of+"/feed/atom/", of+"/feed/json/")
		}
		slices.Sort(want)
		if diff := cmp.Diff(want, h.topics()); diff != "" {
			t.Errorf("after an article (-want +got):\n%s", diff)
		}

		draft := r.draft("Draft", now)
		draft.Status = article.StatusDraft
		r.save(t, draft)
		r.told(t)
		if got := h.topics(); got != nil {
			t.Errorf("after a draft: %v", got)
		}

		if _, err := comment.New(r.db, r.log).Save(access.AsSystem(t.Context()), &comment.Draft{ArticleID: saved[0].ID, GuestName: "Nadia", Body: "Words", Status: entcomment.StatusApproved, Kind: entcomment.KindComment}); err != nil {
			t.Fatal(err)
		}
		r.told(t)
		comments := []string{"/articles/one/feed/", "/articles/one/feed/atom/", "/comments/feed/", "/comments/feed/atom/"}
		if diff := cmp.Diff(comments, h.topics()); diff != "" {
			t.Errorf("after a comment (-want +got):\n%s", diff)
		}

		// An article that is now in another language has left a feed.
		arabic := r.draft("One", now.Add(-time.Hour))
		arabic.ID, arabic.Language = saved[0].ID, "ar"
		r.save(t, arabic)
		r.told(t)
		left := slices.Concat(want, comments, []string{"/languages/ar/feed/", "/languages/ar/feed/atom/", "/languages/ar/feed/json/"}) // feeds of comments name the article
		slices.Sort(left)
		if diff := cmp.Diff(left, h.topics()); diff != "" {
			t.Errorf("after another language (-want +got):\n%s", diff)
		}

		// Each topic that was pinged names the hub and itself, in the document and in a
		// header.
		for _, topic := range append(want, comments...) {
			answer := r.get(t, topic)
			text := body(t, answer)
			links := strings.Join(answer.Header.Values("Link"), ", ")
			if !strings.Contains(text, h.URL) || !strings.Contains(links, "<"+h.URL+`>; rel="hub"`) || !strings.Contains(links, "<"+home+topic+`>; rel="self"`) {
				t.Errorf("%s: %q, %.300s", topic, links, text)
			}
		}
	})
}

func TestChangesOfOneFeedWaitTogether(t *testing.T) {
	t.Parallel()
	testkit.EachURL(t, func(t *testing.T, url string) {
		r, h := newRoom(t, url), newHub(t)
		jobs := job.New(r.db, r.log.Woken, job.Settings{Logger: slog.New(slog.DiscardHandler)})
		r.PublishTo(h.URL, r.log, jobs).Gather = time.Hour
		r.follow(t, jobs)
		for i := range 20 {
			r.save(t, r.draft(fmt.Sprintf("Story %d", i), now.Add(-time.Hour)))
		}
		testkit.Settle(t, r.db)
		for r.number(t, behindSQL) > 0 {
			runtime.Gosched()
		}
		if got := r.number(t, pingsSQL); got != 5 { // the site, the section, the tag, the author, the language
			t.Errorf("%d pings wait", got)
		}
	})
}

var behindSQL = store.MaintainBoth(`SELECT count(*) FROM events e JOIN event_consumers c ON c.name = 'websub' AND (e.txid, e.id) > (c.txid, c.id)`)

func TestAHubOnAPrivateAddressIsNotReached(t *testing.T) {
	t.Parallel()
	testkit.EachURL(t, func(t *testing.T, url string) {
		r, h := newRoom(t, url), newHub(t)
		jobs := job.New(r.db, r.log.Woken, job.Settings{Logger: slog.New(slog.DiscardHandler)})
		r.PublishTo(h.URL, r.log, jobs).Gather = 0
		r.follow(t, jobs)
		r.save(t, r.draft("One", now.Add(-time.Hour)))
		for r.number(t, refusedSQL) == 0 {
			runtime.Gosched()
		}
		if got := h.topics(); got != nil || h.fail != 2 {
			t.Errorf("pinged %v", got)
		}
	})
}

var refusedSQL = store.MaintainBoth(`SELECT count(*) FROM jobs WHERE kind = 'websub.ping' AND last_error LIKE '%not one of the open web%'`)

// follow runs what a server runs beside its requests.
func (r *room) follow(t *testing.T, jobs *job.Runner) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	var group sync.WaitGroup
	group.Go(func() { _ = r.log.Run(ctx) })
	group.Go(func() { _ = r.db.Listen(ctx, r.log.Wake) })
	group.Go(func() { _ = jobs.Run(ctx) })
	t.Cleanup(func() { cancel(); group.Wait() })
	for r.number(t, placedSQL) == 0 { // it is told of what happens from its first turn on
		runtime.Gosched()
	}
}

func (r *room) number(t *testing.T, s *store.Statement, args ...any) int {
	t.Helper()
	found, err := store.Collect(t.Context(), r.db, s, store.ScanInt, args...)
	if err != nil {
		t.Fatal(err)
	}
	return found[0]
}
