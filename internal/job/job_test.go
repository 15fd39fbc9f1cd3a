package job_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/broadsheet-cms/broadsheet/internal/access"
	"github.com/broadsheet-cms/broadsheet/internal/audit"
	"github.com/broadsheet-cms/broadsheet/internal/event"
	"github.com/broadsheet-cms/broadsheet/internal/fault"
	"github.com/broadsheet-cms/broadsheet/internal/job"
	"github.com/broadsheet-cms/broadsheet/internal/keyset"
	"github.com/broadsheet-cms/broadsheet/internal/store"
	"github.com/broadsheet-cms/broadsheet/internal/testkit"
)

type words struct {
	Text string `json:"text"`
}

// at once lets failed jobs run again without waiting.
func atOnce(int) time.Duration { return 0 }

var say = job.Kind[words]{Name: "test.say", Backoff: atOnce}

// node is a server as far as jobs go.
type node struct {
	*job.Runner
	db  *store.DB
	log *event.Log
}

func newNode(t *testing.T, url string, settings job.Settings) *node {
	t.Helper()
	db := testkit.Open(t, url, store.Options{})
	log := event.NewLog(db)
	return &node{job.New(db, log.Woken, settings), db, log}
}

// start runs the node until the test ends or stop is called, which waits for it.
func (n *node) start(t *testing.T) (stop func()) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	var group sync.WaitGroup
	group.Go(func() { _ = n.Run(ctx) })
	group.Go(func() { _ = n.db.Listen(ctx, n.log.Wake) })
	stop = sync.OnceFunc(func() { cancel(); group.Wait() })
	t.Cleanup(stop)
	return stop
}

func enqueue[A any](t *testing.T, n *node, kind job.Kind[A], args A, opts job.Options) {
	t.Helper()
	if err := job.Enqueue(t.Context(), n.Runner, kind, args, opts); err != nil {
		t.Fatal(err)
	}
}

func tallies(t *testing.T, n *node) []job.Tally {
	t.Helper()
	all, err := n.Tallies(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return all
}

func TestJobsRunIfTheirCauseCommits(t *testing.T) {
	t.Parallel()
	testkit.EachURL(t, func(t *testing.T, url string) {
		n := newNode(t, url, job.Settings{Workers: 1})
		heard := make(chan string, 10)
		job.Register(n.Runner, say, func(_ context.Context, w words) error {
			heard <- w.Text
			return nil
		})
		n.start(t)
		failure := errors.New("no")
		for text, outcome := range map[string]error{"rolled back": failure, "committed": nil} {
			err := n.db.Tx(t.Context(), func(ctx context.Context) error {
				if err := job.Enqueue(ctx, n.Runner, say, words{text}, job.Options{}); err != nil {
					return err
				}
				return outcome
			})
			if !errors.Is(err, outcome) {
				t.Fatal(err)
			}
		}
		if got := <-heard; got != "committed" {
			t.Errorf("ran %q", got)
		}
		enqueue(t, n, say, words{"last"}, job.Options{})
		if got := <-heard; got != "last" {
			t.Errorf("ran %q", got)
		}
	})
}

func TestFailedJobsAreRetried(t *testing.T) {
	t.Parallel()
	testkit.EachURL(t, func(t *testing.T, url string) {
		n := newNode(t, url, job.Settings{})
		var mu sync.Mutex
		var attempts []int
		ids := map[int64]bool{}
		done := make(chan struct{})
		job.Register(n.Runner, say, func(ctx context.Context, _ words) error {
			mu.Lock()
			defer mu.Unlock()
			info := job.Current(ctx)
			attempts, ids[info.ID] = append(attempts, info.Attempt), true
			switch info.Attempt {
			case 1:
				return errors.New("not yet")
			case 2:
				panic("not yet either")
			}
			close(done)
			return nil
		})
		n.start(t)
		enqueue(t, n, say, words{"again"}, job.Options{})
		<-done
		mu.Lock()
		defer mu.Unlock()
		if diff := cmp.Diff([]int{1, 2, 3}, attempts); diff != "" || len(ids) != 1 {
			t.Errorf("attempts of %d jobs (-want +got):\n%s", len(ids), diff)
		}
	})
}

func TestDeadJobsWaitForStaff(t *testing.T) {
	t.Parallel()
	twice := job.Kind[words]{Name: "test.twice", MaxAttempts: 2, Backoff: atOnce}
	testkit.EachURL(t, func(t *testing.T, url string) {
		dead := make(logged, 10)
		n := newNode(t, url, job.Settings{Logger: slog.New(dead)})
		var broken atomic.Bool
		broken.Store(true)
		ran := make(chan string, 10)
		handler := func(_ context.Context, w words) error {
			if broken.Load() {
				return errors.New("out of order\x00")
			}
			ran <- w.Text
			return nil
		}
		job.Register(n.Runner, twice, handler)
		job.Register(n.Runner, say, func(ctx context.Context, w words) error {
			if broken.Load() {
				return job.Permanent(errors.New("no such receiver"))
			}
			return handler(ctx, w)
		})
		stop := n.start(t)
		enqueue(t, n, twice, words{"two"}, job.Options{})
		enqueue(t, n, say, words{"one"}, job.Options{})
		<-dead
		<-dead
		stop()

		office := job.NewOffice(n.Runner, audit.NewLog(n.db))
		if _, err := office.Dead(t.Context(), keyset.First(10)); fault.CodeOf(err) != fault.Unauthenticated {
			t.Errorf("anybody is told: %v", err)
		}
		admin := access.With(t.Context(), access.Viewer{UserID: 1, Role: access.Admin})
		list, err := office.Dead(admin, keyset.First(10))
		if err != nil {
			t.Fatal(err)
		}
		slices.SortFunc(list, func(a, b *job.Dead) int { return a.ID - b.ID })
		if len(list) != 2 || list[0].Attempts != 2 || list[0].LastError != "out of order" || list[1].Attempts != 1 || list[1].LastError != "no such receiver" {
			t.Fatalf("dead: %+v", list)
		}
		due := time.Date(2090, 1, 1, 0, 0, 0, 0, time.UTC)
		enqueue(t, n, say, words{"later"}, job.Options{RunAt: due})
		queues, err := office.Queues(admin)
		if diff := cmp.Diff([]*job.Queue{{Kind: "test.say", Waiting: 1, Dead: 1, NextDueAt: &due}, {Kind: "test.twice", Dead: 1}}, queues); diff != "" || err != nil {
			t.Errorf("%v, queues (-want +got):\n%s", err, diff)
		}
		if _, err := office.Queues(t.Context()); fault.CodeOf(err) != fault.Unauthenticated {
			t.Errorf("anybody is told what is left to do: %v", err)
		}
		broken.Store(false)
		if err := office.Retry(admin, list[0].ID); err != nil {
			t.Fatal(err)
		}
		if err := office.Retry(admin, list[0].ID); fault.CodeOf(err) == "" {
			t.Errorf("retried twice: %v", err)
		}
		if err := office.Discard(admin, list[1].ID); err != nil {
			t.Fatal(err)
		}
		again := newNode(t, url, job.Settings{})
		job.Register(again.Runner, twice, handler)
		again.start(t)
		if got := <-ran; got != "two" {
			t.Errorf("ran %q", got)
		}
	})
}

// TestPrivateArgumentsOfDeadJobsGoEarlier than those of others.
func TestPrivateArgumentsOfDeadJobsGoEarlier(t *testing.T) {
	t.Parallel()
	testkit.EachURL(t, func(t *testing.T, url string) {
		now := time.Date(2026, 5, 4, 9, 0, 0, 0, time.UTC)
		n := newNode(t, url, job.Settings{Now: func() time.Time { return now }})
		private := job.Kind[words]{Name: "test.private", Private: true}
		nothing := func(context.Context, words) error { return nil }
		job.Register(n.Runner, private, nothing)
		job.Register(n.Runner, say, nothing)
		insert := store.MaintainBoth(`INSERT INTO jobs (kind, args, state, priority, run_at, enqueued_at, died_at) VALUES ($1, '{}', 'dead', 0, $2, $2, $2)`)
		for _, days := range []int{1, 13, 15, 89, 91} {
			for _, kind := range []string{private.Name, say.Name} {
				if _, err := n.db.Exec(t.Context(), insert, kind, now.AddDate(0, 0, -days)); err != nil {
					t.Fatal(err)
				}
			}
		}
		if err := n.Forget(t.Context()); err != nil {
			t.Fatal(err)
		}
		want := []job.Tally{{Kind: private.Name, State: "dead", Count: 2}, {Kind: say.Name, State: "dead", Count: 4}}
		if diff := cmp.Diff(want, tallies(t, n)); diff != "" {
			t.Errorf("dead jobs (-want +got):\n%s", diff)
		}
	})
}

// logged receives what the log says of level ERROR.
type logged chan string

func (l logged) Enabled(_ context.Context, level slog.Level) bool { return level >= slog.LevelError }
func (l logged) WithAttrs([]slog.Attr) slog.Handler               { return l }
func (l logged) WithGroup(string) slog.Handler                    { return l }
func (l logged) Handle(_ context.Context, r slog.Record) error {
	l <- r.Message
	return nil
}

func TestUniqueJobs(t *testing.T) {
	t.Parallel()
	testkit.EachURL(t, func(t *testing.T, url string) {
		n := newNode(t, url, job.Settings{Workers: 1})
		started, release := make(chan int), make(chan struct{})
		runs := 0
		job.Register(n.Runner, say, func(context.Context, words) error {
			runs++
			started <- runs
			<-release
			return nil
		})
		later := time.Now().Add(time.Hour)
		for range 3 {
			enqueue(t, n, say, words{"x"}, job.Options{UniqueKey: "k", RunAt: later})
		}
		enqueue(t, n, say, words{"y"}, job.Options{UniqueKey: "other", RunAt: later})
		if diff := cmp.Diff([]job.Tally{{Kind: say.Name, State: "waiting", Count: 2}}, tallies(t, n)); diff != "" {
			t.Errorf("(-want +got):\n%s", diff)
		}
		n.start(t)
		enqueue(t, n, say, words{"x"}, job.Options{UniqueKey: "k"}) // sooner than the hour
		<-started
		for range 3 { // one that runs does not see what changes now
			enqueue(t, n, say, words{"x"}, job.Options{UniqueKey: "k"})
		}
		release <- struct{}{}
		<-started
		want := []job.Tally{{Kind: say.Name, State: "running", Count: 1}, {Kind: say.Name, State: "waiting", Count: 1}}
		if diff := cmp.Diff(want, tallies(t, n)); diff != "" {
			t.Errorf("(-want +got):\n%s", diff)
		}
		release <- struct{}{}
	})
}

// TestUniqueJobSeesEveryCause: a waiting job that a transaction asked for again
// does not run before that transaction has committed.
func TestUniqueJobSeesEveryCause(t *testing.T) {
	t.Parallel()
	testkit.EachURL(t, func(t *testing.T, url string) {
		n := newNode(t, url, job.Settings{})
		saw := make(chan int, 2)
		job.Register(n.Runner, say, func(ctx context.Context, _ words) error {
			saw <- n.db.Ent(ctx).Tag.Query().CountX(ctx)
			return nil
		})
		ctx := access.AsSystem(t.Context())
		enqueue(t, n, say, words{}, job.Options{UniqueKey: "k", RunAt: time.Now().Add(time.Hour)})
		var stop func()
		if err := n.db.Tx(ctx, func(ctx context.Context) error {
			if err := job.Enqueue(ctx, n.Runner, say, words{}, job.Options{UniqueKey: "k"}); err != nil {
				return err
			}
			stop = n.start(t)
			return n.db.Ent(ctx).Tag.Create().SetName("T").SetSlug("t").Exec(ctx)
		}); err != nil {
			t.Fatal(err)
		}
		if got := <-saw; got != 1 {
			t.Errorf("the job saw %d of its causes", got)
		}
		stop()
	})
}

// clock is one that tests move.
type clock struct{ atomic.Int64 }

func (c *clock) now() time.Time { return time.Unix(0, c.Load()) }

func newClock() *clock {
	c := &clock{}
	c.Store(time.Date(2026, 3, 1, 12, 0, 30, 0, time.UTC).UnixNano())
	return c
}

// TestJobsOfADeadNode are run by another once their claims have expired, and
// what kills every node that runs it does so no more often than it may fail.
func TestJobsOfADeadNode(t *testing.T) {
	t.Parallel()
	once := job.Kind[words]{Name: "test.once", MaxAttempts: 1}
	testkit.EachURL(t, func(t *testing.T, url string) {
		c, dead := newClock(), make(logged, 1)
		register := func(n *node, heard chan int) *node {
			handle := func(ctx context.Context, _ words) error {
				heard <- job.Current(ctx).Attempt
				return nil
			}
			job.Register(n.Runner, say, handle)
			job.Register(n.Runner, once, handle)
			return n
		}
		killed := register(newNode(t, url, job.Settings{Now: c.now}), nil)
		enqueue(t, killed, say, words{}, job.Options{})
		if claimed, err := killed.Die(t.Context()); err != nil || claimed != 1 {
			t.Fatal(claimed, err)
		}
		enqueue(t, killed, once, words{}, job.Options{})
		if claimed, err := killed.Die(t.Context()); err != nil || claimed != 1 {
			t.Fatal(claimed, err)
		}
		heard := make(chan int, 3)
		other := register(newNode(t, url, job.Settings{Now: c.now, Logger: slog.New(dead)}), heard)
		if claimed, err := other.Die(t.Context()); err != nil || claimed != 0 {
			t.Errorf("claimed %d jobs of a node that lives, %v", claimed, err)
		}
		c.Add(int64(20 * time.Second))
		if err := killed.RenewOnce(t.Context()); err != nil {
			t.Fatal(err)
		}
		c.Add(int64(20 * time.Second)) // longer than a lease, and renewed meanwhile
		if claimed, err := other.Die(t.Context()); err != nil || claimed != 0 {
			t.Errorf("claimed %d jobs of a node that renews its claims, %v", claimed, err)
		}
		c.Add(int64(time.Minute))
		stop := other.start(t)
		if got := <-heard; got != 2 {
			t.Errorf("attempt %d", got)
		}
		<-dead
		stop()
		if diff := cmp.Diff([]job.Tally{{Kind: once.Name, State: "dead", Count: 1}}, tallies(t, other)); diff != "" {
			t.Errorf("(-want +got):\n%s", diff)
		}
	})
}

func TestEachJobRunsOnOneNode(t *testing.T) {
	t.Parallel()
	testkit.EachURL(t, func(t *testing.T, url string) {
		const jobs = 200
		heard := make(chan string, 2*jobs)
		handle := func(_ context.Context, w words) error {
			heard <- w.Text
			return nil
		}
		var nodes []*node
		var stops []func()
		for range 2 {
			n := newNode(t, url, job.Settings{})
			job.Register(n.Runner, say, handle)
			nodes, stops = append(nodes, n), append(stops, n.start(t))
		}
		if err := nodes[0].db.Tx(t.Context(), func(ctx context.Context) error {
			for i := range jobs {
				if err := job.Enqueue(ctx, nodes[0].Runner, say, words{fmt.Sprint(i)}, job.Options{}); err != nil {
					return err
				}
			}
			return nil
		}); err != nil {
			t.Fatal(err)
		}
		seen := map[string]bool{}
		for range jobs {
			seen[<-heard] = true
		}
		for _, stop := range stops {
			stop()
		}
		if len(seen) != jobs || len(heard) > 0 || len(tallies(t, nodes[0])) > 0 {
			t.Errorf("%d different jobs ran, %d once more, left: %v", len(seen), len(heard), tallies(t, nodes[0]))
		}
	})
}

func TestPrioritiesAndRoomForOthers(t *testing.T) {
	t.Parallel()
	slow := job.Kind[words]{Name: "test.slow", Concurrency: 1}
	testkit.EachURL(t, func(t *testing.T, url string) {
		n := newNode(t, url, job.Settings{Workers: 2})
		heard, block := make(chan string), make(chan struct{})
		job.Register(n.Runner, slow, func(context.Context, words) error { <-block; return nil })
		job.Register(n.Runner, say, func(_ context.Context, w words) error {
			heard <- w.Text
			return nil
		})
		for range 5 {
			enqueue(t, n, slow, words{}, job.Options{Priority: job.High})
		}
		for text, priority := range map[string]job.Priority{"low": job.Low, "high": job.High, "normal": job.Normal} {
			enqueue(t, n, say, words{text}, job.Options{Priority: priority})
		}
		n.start(t)
		for _, want := range []string{"high", "normal", "low"} {
			if got := <-heard; got != want {
				t.Errorf("%s ran where %s should", got, want)
			}
		}
		close(block)
	})
}

// TestOneNodeRunsAPeriod: of two nodes with the same clock one enqueues the
// periodic job, at each moment and once at the beginning.
func TestOneNodeRunsAPeriod(t *testing.T) {
	t.Parallel()
	testkit.EachURL(t, func(t *testing.T, url string) {
		c := newClock()
		heard := make(chan time.Time, 10)
		var nodes []*node
		for range 2 {
			n := newNode(t, url, job.Settings{Now: c.now})
			job.Register(n.Runner, say, func(context.Context, words) error {
				heard <- c.now()
				return nil
			})
			job.Periodic(n.Runner, say, words{}, job.Every(time.Minute))
			n.start(t)
			nodes = append(nodes, n)
		}
		<-heard
		for range 3 {
			c.Add(int64(time.Minute))
			for _, n := range nodes {
				n.log.Wake()
			}
			<-heard
		}
		c.Add(int64(10 * time.Second)) // not yet
		for _, n := range nodes {
			n.log.Wake()
		}
		enqueue(t, nodes[0], say, words{}, job.Options{})
		<-heard
		if len(heard) > 0 {
			t.Errorf("a period ran twice")
		}
	})
}

func TestSchedules(t *testing.T) {
	t.Parallel()
	berlin, err := time.LoadLocation("Europe/Berlin")
	if err != nil {
		t.Fatal(err)
	}
	at := func(text string) time.Time {
		moment, err := time.Parse(time.RFC3339, text)
		if err != nil {
			t.Fatal(err)
		}
		return moment
	}
	for _, test := range []struct {
		schedule    job.Schedule
		after, want string
	}{
		{job.Every(10 * time.Minute), "2026-03-01T12:03:00Z", "2026-03-01T12:10:00Z"},
		{job.Every(10 * time.Minute), "2026-03-01T12:10:00Z", "2026-03-01T12:20:00Z"},
		{job.Daily(8, 30, berlin), "2026-03-01T07:00:00Z", "2026-03-01T07:30:00Z"},
		{job.Daily(8, 30, berlin), "2026-03-01T07:30:00Z", "2026-03-02T07:30:00Z"},
		{job.Daily(8, 30, berlin), "2026-03-28T12:00:00Z", "2026-03-29T06:30:00Z"}, // summer time begins
	} {
		if got := test.schedule.Next(at(test.after)); !got.Equal(at(test.want)) {
			t.Errorf("%v after %s: %v, want %s", test.schedule, test.after, got, test.want)
		}
	}
}

func TestStopping(t *testing.T) {
	t.Parallel()
	testkit.EachURL(t, func(t *testing.T, url string) {
		n := newNode(t, url, job.Settings{Grace: time.Millisecond})
		started := make(chan struct{})
		job.Register(n.Runner, say, func(ctx context.Context, w words) error {
			started <- struct{}{}
			if w.Text == "stubborn" {
				<-ctx.Done()
				return ctx.Err()
			}
			return nil
		})
		stop := n.start(t)
		enqueue(t, n, say, words{"stubborn"}, job.Options{UniqueKey: "k"})
		<-started
		stop()
		if diff := cmp.Diff([]job.Tally{{Kind: say.Name, State: "waiting", Count: 1}}, tallies(t, n)); diff != "" {
			t.Fatalf("a job that was stopped (-want +got):\n%s", diff)
		}
		other := newNode(t, url, job.Settings{})
		attempt := make(chan int, 1)
		job.Register(other.Runner, say, func(ctx context.Context, _ words) error {
			attempt <- job.Current(ctx).Attempt
			return nil
		})
		other.start(t)
		if got := <-attempt; got != 1 {
			t.Errorf("being stopped counts as a failure: attempt %d", got)
		}
	})
}
