package app_test

import (
	"context"
	"database/sql"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/broadsheet-cms/broadsheet/internal/store"
	"github.com/broadsheet-cms/broadsheet/internal/testkit"
	"github.com/broadsheet-cms/broadsheet/internal/testkit/pgtest"
)

// pair is a PostgreSQL with a standby.
type pair struct {
	t                *testing.T
	primary, standby *pgtest.Cluster
	url, replica     string
}

func newPair(t *testing.T) *pair {
	t.Helper()
	primary, standby, url := pgtest.OwnPair(t, "max_connections=100", "hot_standby_feedback=on")
	return &pair{t: t, primary: primary, standby: standby, url: url, replica: standby.URL("site")}
}

// do runs a statement as the superuser of the standby.
func (p *pair) do(statement string) {
	p.t.Helper()
	db, err := sql.Open("postgres", p.standby.AdminURL("site"))
	if err != nil {
		p.t.Fatal(err)
	}
	defer func() { _ = db.Close() }()
	if _, err := db.ExecContext(p.t.Context(), statement); err != nil {
		p.t.Fatal(err)
	}
}

// readings gives how many readings the standbys answered, and the primary.
func (s *served) readings() (standby, primary int64) {
	all, primary := s.DB.Replicas()
	for _, r := range all {
		standby += r.Used - r.Failed
	}
	return standby, primary
}

// current waits until the first standby may answer.
func (s *served) current(t *testing.T) {
	t.Helper()
	for ctx := t.Context(); ctx.Err() == nil; time.Sleep(time.Millisecond) {
		if all, _ := s.DB.Replicas(); all[0].Current {
			return
		}
	}
}

func titles(n int) string {
	return fmt.Sprintf(`{"query":"{ latestNews(first: %d) { nodes { title } } }"}`, n)
}

// TestReadersReadFromAStandby that is current, by every way of reading; what is
// somebody's own, and every change, goes to the primary.
func TestReadersReadFromAStandby(t *testing.T) {
	t.Parallel()
	p := newPair(t)
	s := runNode(t, p.url, "--database-replica="+p.replica, "--cache-bytes=0")
	story := s.publish(t, "First")
	s.current(t)
	for _, query := range []string{
		`{ latestNews(first: 1) { nodes { title body { __typename } comments(first: 1) { nodes { body } } } } }`,
		`{ article(by: {id: \"` + story + `\"}) { title body { __typename } comments(first: 2) { nodes { body } } } }`,
		`{ site { name } page(by: {slug: \"x\"}) { title } tags(first: 1) { nodes { name } } }`,
	} {
		before, _ := s.readings()
		if got := s.post(t, `{"query":"`+query+`"}`); strings.Contains(got, `"errors"`) {
			t.Errorf("%s: %s", query, got)
		}
		if after, _ := s.readings(); after != before+1 {
			t.Errorf("%s is not read from the standby", query)
		}
	}
	_, primary := s.readings()
	before, _ := s.readings()
	s.post(t, `{"query":"{ viewer { email } search(query: \"x\") { totalCount } }"}`)
	if after, _ := s.readings(); after != before {
		t.Error("what events do not tell of is read from the standby")
	}
	if _, now := s.readings(); now != primary {
		t.Error("what a standby may not answer is counted")
	}
}

// TestAStandbyIsNeverBehindItsReaders publishes one story after another while the
// standby stops and goes on replaying. Whoever reads on the same node once a story is
// acknowledged sees it; on the other node, once it was told there; and no node goes back
// to an older state. Answers are kept in memory on one of the two nodes.
func TestAStandbyIsNeverBehindItsReaders(t *testing.T) {
	t.Parallel()
	p := newPair(t)
	here := runNode(t, p.url, "--database-replica="+p.replica, "--rate-limit=0")
	there := runNode(t, p.url, "--database-replica="+p.replica, "--rate-limit=0", "--cache-bytes=0")
	told := there.listen(t, "", `subscription { articlePublished { title } }`)
	there.watched(t, 1)
	stories := 30
	lasts, long := testkit.Soak(t)
	end := time.Now().Add(lasts)
	var newest atomic.Int64 // that was acknowledged
	var readers sync.WaitGroup
	done := make(chan struct{})
	for _, s := range []*served{here, there} {
		readers.Go(func() {
			for last := int64(0); ; {
				select {
				case <-done:
					return
				default:
				}
				acknowledged := newest.Load()
				var got int64
				text := s.post(t, titles(1))
				if strings.Contains(text, `"nodes":[]`) {
					continue
				}
				if _, err := fmt.Sscanf(text, `{"data":{"latestNews":{"nodes":[{"title":"Story %d"}]}}}`, &got); err != nil {
					t.Errorf("answered %s", text)
					return
				}
				if s == here && got < acknowledged || got < last {
					t.Errorf("answered story %d after %d was acknowledged and %d was seen", got, acknowledged, last)
				}
				last = got
			}
		})
	}
	for i := 1; i <= stories || long && time.Now().Before(end); i++ {
		switch i % 6 {
		case 2:
			p.do(`SELECT pg_wal_replay_pause()`)
		case 5:
			p.do(`SELECT pg_wal_replay_resume()`)
		case 1:
			here.current(t)
			there.current(t)
		}
		title := fmt.Sprintf("Story %d", i)
		here.publish(t, title)
		newest.Store(int64(i))
		want := `{"data":{"latestNews":{"nodes":[{"title":"` + title + `"}]}}}`
		if got := here.post(t, titles(1)); got != want {
			t.Errorf("right after it was acknowledged: %s, want %s", got, want)
		}
		told.expect(next(1, `{"articlePublished":{"title":"`+title+`"}}`))
		if got := there.post(t, titles(1)); got != want {
			t.Errorf("right after it was told on the other node: %s, want %s", got, want)
		}
	}
	p.do(`SELECT pg_wal_replay_resume()`)
	close(done)
	readers.Wait()
	for name, s := range map[string]*served{"with answers from memory": here, "without": there} {
		s.current(t)
		s.post(t, `{"query":"{ a: latestNews(first: 1) { nodes { title } } }"}`)
		standby, primary := s.readings()
		if standby == 0 {
			t.Errorf("%s: the standby answered nothing", name)
		}
		t.Logf("%s: %d readings from the standby, %d from the primary as it was behind", name, standby, primary)
	}
}

// TestReadersOutliveTheirStandby: a standby that is not there when the node starts, that
// dies, falls silent or is made a primary costs no reader an answer, but for those who
// were in the middle of reading from one that fell silent.
func TestReadersOutliveTheirStandby(t *testing.T) {
	t.Parallel()
	for name, lose := range map[string]func(p *pair, network *testkit.Proxy){
		"it dies":                 func(p *pair, _ *testkit.Proxy) { p.standby.Stop() },
		"its connections break":   func(_ *pair, network *testkit.Proxy) { network.Reset() },
		"it falls silent":         func(_ *pair, network *testkit.Proxy) { network.Blackhole() },
		"it is made a primary":    func(p *pair, _ *testkit.Proxy) { p.do(`SELECT pg_promote()`) },
		"it was not there at all": nil,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := newPair(t)
			network := testkit.NewProxy(t, p.replica)
			if lose == nil {
				network.Blackhole()
			}
			s := runNode(t, p.url, "--database-replica="+network.URL, "--cache-bytes=0", "--rate-limit=0")
			s.publish(t, "Story 1")
			if lose != nil {
				s.current(t)
			}
			var readers sync.WaitGroup
			var waited atomic.Int32
			asked := make(chan struct{}, 400)
			for range 4 {
				readers.Go(func() {
					for range 100 {
						switch got := s.post(t, titles(3)); {
						case strings.Contains(got, `"Story 1"`):
						case strings.Contains(got, "TRY_AGAIN"): // was in the middle of reading when the standby fell silent
							waited.Add(1)
						default:
							t.Errorf("answered %s", got)
						}
						asked <- struct{}{}
					}
				})
			}
			<-asked
			if lose != nil {
				lose(p, network)
			}
			s.publish(t, "Story 2")
			if got := s.post(t, titles(1)); !strings.Contains(got, `"Story 2"`) {
				t.Errorf("without the standby: %s", got)
			}
			readers.Wait()
			if n := waited.Load(); n > 0 && (name != "it falls silent" || n > 4) {
				t.Errorf("%d of 4 readers were told to try again", n)
			}
			all, primary := s.DB.Replicas()
			t.Logf("%d readings began on the standby, of which %d went on at the primary; %d began there", all[0].Used, all[0].Failed, primary)
		})
	}
}

// TestReplicasAreSettings of PostgreSQL alone.
func TestReplicasAreSettings(t *testing.T) {
	t.Parallel()
	db := testkit.Open(t, testkit.URL(t, store.SQLite), store.Options{})
	if err := db.AddReplica("postgres://localhost/x", store.Options{}); err == nil {
		t.Error("SQLite has a standby")
	}
	ctx := context.WithValue(t.Context(), http.ServerContextKey, 1)
	if db.Reading(ctx) != ctx {
		t.Error("a reading without standbys has another context")
	}
}
