package cli

import (
	"bufio"
	"bytes"
	"context"
	"database/sql"
	"fmt"
	"io"
	"os"
	"os/exec"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/broadsheet-cms/broadsheet/ent"
	"github.com/broadsheet-cms/broadsheet/ent/article"
	"github.com/broadsheet-cms/broadsheet/internal/access"
	"github.com/broadsheet-cms/broadsheet/internal/app"
	"github.com/broadsheet-cms/broadsheet/internal/config"
	"github.com/broadsheet-cms/broadsheet/internal/content"
	"github.com/broadsheet-cms/broadsheet/internal/seed"
	"github.com/broadsheet-cms/broadsheet/internal/store"
	"github.com/broadsheet-cms/broadsheet/internal/testkit"
	"github.com/broadsheet-cms/broadsheet/internal/testkit/pgtest"
)

// rush is many articles due at about one moment, with servers that run as
// processes of their own.
type rush struct {
	archive  int // articles published before
	articles int
	in       time.Duration // from their planning until the first is due
	within   time.Duration // from the first to the last
	servers  int
	kill     bool // all servers with SIGKILL in the middle, and start them again
	freeze   bool // one of the servers with SIGSTOP in the middle
	commits  bool // the database keeps the times of its commits
}

func TestPlansAreCarriedOutByTwoServers(t *testing.T) {
	t.Parallel()
	url := testkit.URL(t, store.Postgres)
	rush{archive: 60, articles: 100, in: 3 * time.Second, within: time.Second, servers: 2}.run(t, url)
}

// TestPlansAreCarriedOutBesideAServerThatStopped: a server that is stopped in the
// middle of a sweep keeps its locks no longer than PostgreSQL lets a transaction
// be idle.
func TestPlansAreCarriedOutBesideAServerThatStopped(t *testing.T) {
	t.Parallel()
	url := testkit.URL(t, store.Postgres)
	if strings.Contains(url, "?") {
		url += "&"
	} else {
		url += "?"
	}
	url += "idle_in_transaction_session_timeout=1000"
	rush{archive: 60, articles: 100, in: 3 * time.Second, within: 2 * time.Second, servers: 2, freeze: true}.run(t, url)
}

func TestPlansOutliveServers(t *testing.T) {
	t.Parallel()
	testkit.Long(t)
	testkit.EachURL(t, func(t *testing.T, url string) {
		servers := 2
		if strings.HasPrefix(url, "sqlite:") {
			servers = 1
		}
		rush{archive: 60, articles: 100, in: 3 * time.Second, within: 2 * time.Second, servers: servers, kill: true}.run(t, url)
	})
}

// TestSoakSchedule is the long form: a thousand articles of newspapers' length
// due at one moment, on a database that flushes what it commits.
func TestSoakSchedule(t *testing.T) {
	if os.Getenv("BROADSHEET_SOAK") == "" {
		t.Log("the long form runs with BROADSHEET_SOAK set, by make soak")
		return
	}
	for _, kill := range []bool{false, true} {
		name := map[bool]string{false: "undisturbed", true: "killed in the middle"}[kill]
		t.Run("postgres "+name, func(t *testing.T) {
			cluster, err := pgtest.Start(t.Context(), "track_commit_timestamp=on", "fsync=on", "synchronous_commit=on", "full_page_writes=on")
			if err != nil {
				t.Fatal(err)
			}
			defer cluster.Stop()
			rush{archive: 1500, articles: 1000, in: 30 * time.Second, servers: 2, kill: kill, commits: true}.run(t, cluster.AdminURL("postgres"))
		})
		t.Run("sqlite "+name, func(t *testing.T) {
			rush{archive: 1500, articles: 1000, in: 30 * time.Second, servers: 1, kill: kill}.run(t, "sqlite:"+t.TempDir()+"/site.db")
		})
	}
}

func (r rush) run(t *testing.T, url string) {
	t.Helper()
	db, err := openMigrated(t.Context(), config.Database{Database: url})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = db.Close() }()
	services := app.NewServices(db, nil)
	if _, err := seed.Run(t.Context(), services.Seed(), seed.Options{Articles: r.archive, Seed: 1}); err != nil {
		t.Fatal(err)
	}
	running := startServers(t, url, r.servers)
	first, planned := r.plan(t, services)
	if r.kill {
		waitUntil(t, func() bool { return r.left(t, db) <= r.articles*2/3 })
		for _, s := range running {
			s.kill(t)
		}
		t.Logf("killed with %d of %d left", r.left(t, db), r.articles)
		startServers(t, url, r.servers)
	}
	if r.freeze {
		waitUntil(t, func() bool { return r.left(t, db) <= r.articles*2/3 })
		if err := running[0].cmd.Process.Signal(syscall.SIGSTOP); err != nil {
			t.Fatal(err)
		}
	}
	waitUntil(t, func() bool { return r.left(t, db) == 0 })
	if r.freeze {
		t.Logf("all were published %v after the last was due", time.Since(first.Add(r.within)).Round(time.Millisecond))
		if err := running[0].cmd.Process.Signal(syscall.SIGCONT); err != nil {
			t.Fatal(err)
		}
	}
	r.check(t, db, planned)
	r.tellLateness(t, db)
	waitUntil(t, func() bool { return count(t, db, `SELECT count(*) FROM related_pending`) == 0 })
	t.Logf("what is related to them was found %v after the first was due", time.Since(first).Round(time.Millisecond))
}

// plan copies articles of the archive, to be published from a moment on.
func (r rush) plan(t *testing.T, s *app.Services) (first time.Time, planned map[int]*ent.Article) {
	t.Helper()
	system := access.AsSystem(t.Context())
	ids := s.DB.Ent(system).Article.Query().Where(article.StatusEQ(article.StatusPublished), article.VisibilityEQ(article.VisibilityPublic)).Order(ent.Asc(article.FieldID)).Limit(r.articles).IDsX(system)
	drafts := make([]*content.Draft, r.articles)
	for i := range drafts {
		err := s.DB.Tx(system, func(ctx context.Context) (err error) {
			_, drafts[i], err = s.Articles.Load(ctx, ids[i%len(ids)])
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		d := drafts[i]
		d.ID, d.Slug, d.Source, d.Entries, d.Title = 0, "", content.Source{}, nil, fmt.Sprintf("%s (%d)", d.Title, i)
		d.Status, d.PublishedAt, d.FirstPublishedAt, d.UpdatedAt, d.TranslationGroup = article.StatusApproved, nil, nil, nil, nil
	}
	var moves []content.Move
	for chunk := range slices.Chunk(drafts, 100) {
		saved, err := s.Articles.Save(system, chunk...)
		if err != nil {
			t.Fatal(err)
		}
		for _, a := range saved {
			moves = append(moves, content.Move{ID: a.ID, Status: article.StatusScheduled})
		}
	}
	first = time.Now().UTC().Truncate(time.Second).Add(time.Second + r.in)
	for i := range moves {
		at := first.Add(r.within * time.Duration(i) / time.Duration(r.articles))
		moves[i].At, moves[i].ScheduledAt = time.Now(), &at
	}
	moved, err := s.Articles.Move(system, moves...)
	if err != nil {
		t.Fatal(err)
	}
	if late := time.Since(first); late > 0 {
		t.Logf("planning took %v too long", late)
	}
	planned = make(map[int]*ent.Article, len(moved))
	for _, a := range moved {
		planned[a.ID] = a
	}
	return first, planned
}

func (r rush) left(t *testing.T, db *store.DB) int {
	t.Helper()
	// The archive has plans of its own, decades away.
	return count(t, db, `SELECT count(*) FROM articles WHERE status = 'SCHEDULED' AND scheduled_at < $1`, time.Now().UTC().Add(time.Hour))
}

// check holds that each article was published exactly once.
func (r rush) check(t *testing.T, db *store.DB, planned map[int]*ent.Article) {
	t.Helper()
	system := access.AsSystem(t.Context())
	for what, statement := range map[string]string{
		"event":       `SELECT entity_id, count(*) FROM events WHERE type = 'article.published' AND entity = 'art' GROUP BY 1`,
		"revision":    `SELECT article_id, count(*) FROM revisions WHERE action = 'due' GROUP BY 1`,
		"audit entry": `SELECT entity_id, count(*) FROM audit_entries WHERE action = 'due' AND entity = 'art' GROUP BY 1`,
		"listing":     `SELECT article_id, count(*) FROM listings WHERE kind = 0 GROUP BY 1`,
	} {
		found := map[int]int{}
		_, err := store.Collect(system, db, store.MaintainBoth(statement), func(rows *sql.Rows) (struct{}, error) {
			var id, n int
			err := rows.Scan(&id, &n)
			found[id] = n
			return struct{}{}, err
		})
		if err != nil {
			t.Fatal(err)
		}
		for id := range planned {
			if found[id] != 1 {
				t.Errorf("article %d has %d of %s, want 1", id, found[id], what)
			}
		}
	}
	for id, was := range planned {
		is := db.Ent(system).Article.GetX(system, id)
		if is.Status != article.StatusPublished || is.Version != was.Version+1 || is.PublishedAt == nil || !is.PublishedAt.Equal(*was.ScheduledAt) {
			t.Errorf("article %d is %s at version %d, published at %v; planned for %v at version %d", id, is.Status, is.Version, is.PublishedAt, was.ScheduledAt, was.Version)
		}
	}
}

// tellLateness prints how late articles were published: when the database
// committed it, where that is known, else when the record says so, shortly before.
func (r rush) tellLateness(t *testing.T, db *store.DB) {
	t.Helper()
	statement, of := `SELECT at, after ->> 'dueAt' FROM audit_entries WHERE action = 'due'`, "the record"
	if r.commits {
		statement, of = `SELECT pg_xact_commit_timestamp(xmin), after ->> 'dueAt' FROM audit_entries WHERE action = 'due'`, "the commit"
	}
	late, err := store.Collect(access.AsSystem(t.Context()), db, store.MaintainBoth(statement), func(rows *sql.Rows) (d time.Duration, err error) {
		var at time.Time
		var due string
		if err := rows.Scan(&at, &due); err != nil {
			return 0, err
		}
		planned, err := time.Parse(time.RFC3339Nano, due)
		return at.Sub(planned), err
	})
	if err != nil {
		t.Fatal(err)
	}
	slices.Sort(late)
	at := func(share float64) time.Duration {
		return late[min(int(share*float64(len(late))), len(late)-1)].Round(time.Millisecond)
	}
	t.Logf("lateness of %d articles by %s: first %v, median %v, 90 %% %v, 99 %% %v, last %v", len(late), of, at(0), at(0.5), at(0.9), at(0.99), at(1))
}

func count(t *testing.T, db *store.DB, statement string, args ...any) int {
	t.Helper()
	found, err := store.Collect(access.AsSystem(t.Context()), db, store.MaintainBoth(statement), store.ScanInt, args...)
	if err != nil {
		t.Fatal(err)
	}
	return found[0]
}

// waitUntil looks until something is so. The test's own deadline ends it.
func waitUntil(t *testing.T, so func() bool) {
	t.Helper()
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for !so() {
		select {
		case <-t.Context().Done():
			t.Fatal(t.Context().Err())
		case <-tick.C:
		}
	}
}

// process is a server that runs as a process of its own.
type process struct {
	cmd *exec.Cmd
	log *log
}

// log keeps what a process says.
type log struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (l *log) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.String()
}

// startServers starts servers and waits until they serve.
func startServers(t *testing.T, url string, n int) []*process {
	t.Helper()
	media := t.TempDir()
	all := make([]*process, n)
	ready := make(chan error, n)
	for i := range all {
		// TestMain puts the program into the path, as this binary.
		cmd := exec.Command("broadsheet", "serve", "--addr=127.0.0.1:0", "--database="+url, "--media-dir="+media)
		said, err := cmd.StderrPipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		p := &process{cmd, &log{}}
		all[i] = p
		go p.log.follow(said, ready)
		t.Cleanup(func() {
			p.kill(t)
			if t.Failed() {
				t.Logf("a server said:\n%s", p.log)
			}
		})
	}
	for range all {
		if err := <-ready; err != nil {
			t.Fatal(err)
		}
	}
	return all
}

func (l *log) follow(r io.Reader, ready chan<- error) {
	told := false
	for lines := bufio.NewScanner(r); lines.Scan(); {
		l.mu.Lock()
		l.text.WriteString(lines.Text() + "\n")
		l.mu.Unlock()
		if !told && strings.Contains(lines.Text(), "serving") {
			told = true
			ready <- nil
		}
	}
	if !told {
		ready <- fmt.Errorf("a server ended before it served:\n%s", l)
	}
}

// kill ends the process at once, as a power cut would, if it still runs.
func (p *process) kill(t *testing.T) {
	t.Helper()
	if p.cmd.ProcessState != nil {
		return
	}
	if err := p.cmd.Process.Kill(); err != nil {
		t.Log(err)
	}
	_ = p.cmd.Wait() // it was killed
}
