package partner_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/broadsheet-cms/broadsheet/ent"
	"github.com/broadsheet-cms/broadsheet/ent/article"
	"github.com/broadsheet-cms/broadsheet/internal/access"
	"github.com/broadsheet-cms/broadsheet/internal/audit"
	"github.com/broadsheet-cms/broadsheet/internal/comment"
	"github.com/broadsheet-cms/broadsheet/internal/content"
	"github.com/broadsheet-cms/broadsheet/internal/directory"
	"github.com/broadsheet-cms/broadsheet/internal/event"
	"github.com/broadsheet-cms/broadsheet/internal/fault"
	"github.com/broadsheet-cms/broadsheet/internal/id"
	"github.com/broadsheet-cms/broadsheet/internal/ninjs"
	"github.com/broadsheet-cms/broadsheet/internal/partner"
	"github.com/broadsheet-cms/broadsheet/internal/richtext"
	"github.com/broadsheet-cms/broadsheet/internal/store"
	"github.com/broadsheet-cms/broadsheet/internal/testkit"
)

// node is a server as far as partners go.
type node struct {
	*partner.Service
	db       *store.DB
	log      *event.Log
	articles *content.Service
}

func newNode(t *testing.T, url string) *node {
	t.Helper()
	db := testkit.Open(t, url, store.Options{})
	log := event.NewLog(db)
	dir := directory.New(db, log)
	articles := content.New(db, log, dir)
	n := &node{partner.New(db, log, articles, comment.New(db, log), dir, audit.NewLog(db)), db, log, articles}
	ctx, cancel := context.WithCancel(t.Context())
	var group sync.WaitGroup
	group.Go(func() { _ = log.Run(ctx) })
	group.Go(func() { _ = db.Listen(ctx, log.Wake) })
	t.Cleanup(func() { cancel(); group.Wait() })
	return n
}

func admin(t *testing.T) context.Context {
	t.Helper()
	return access.With(t.Context(), access.Viewer{UserID: 1, Role: access.Admin, Name: "Ada"})
}

func must[T any](value T, err error) func(testing.TB) T {
	return func(t testing.TB) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return value
	}
}

// key makes a key and gives it as a request has it.
func (n *node) key(t *testing.T, k partner.Key) *partner.Key {
	t.Helper()
	_, token := n.secret(t, k)
	used, _, err := n.Use(t.Context(), token, "192.0.2.1")
	if err != nil {
		t.Fatal(err)
	}
	return used
}

func (n *node) secret(t *testing.T, k partner.Key) (*partner.Key, string) {
	t.Helper()
	if k.Name == "" {
		k.Name = "Harbour Post"
	}
	if k.Scopes == nil {
		k.Scopes = []partner.Scope{partner.Published, partner.Changes}
	}
	made, token, err := n.Create(admin(t), k)
	if err != nil {
		t.Fatal(err)
	}
	return made, token
}

func (n *node) category(t *testing.T, slug string, parent *ent.Category) *ent.Category {
	t.Helper()
	ctx := access.AsSystem(t.Context())
	var saved *ent.Category
	err := n.db.Tx(ctx, func(ctx context.Context) (err error) {
		b := n.db.Ent(ctx).Category.Create().SetName(slug).SetSlug(slug)
		if parent != nil {
			b.SetParentID(parent.ID)
		}
		if saved, err = b.Save(ctx); err != nil {
			return err
		}
		return n.log.Append(ctx, event.Event{Action: event.Created, Entity: id.Category, EntityID: saved.ID})
	})
	return must(saved, err)(t)
}

func draft(key int, title string, status article.Status, section *ent.Category) *content.Draft {
	at := time.Date(2026, 3, 1, 9, 0, 0, 0, time.UTC)
	return &content.Draft{ID: key, Title: title, Status: status, PublishedAt: &at, PrimaryCategory: &section.ID, Language: "en",
		Body: []richtext.Block{{Kind: richtext.Paragraph, HTML: "Words about " + title}}}
}

func (n *node) save(t *testing.T, d *content.Draft) int {
	t.Helper()
	return must(n.articles.Save(t.Context(), d))(t)[0].ID
}

// settled waits until the log gives all that was written: transactions of other
// tests on the same server may hold events back.
func (n *node) settled(t *testing.T) {
	t.Helper()
	ctx := access.AsSystem(t.Context())
	want := must(n.db.Ent(ctx).Event.Query().Count(ctx))(t)
	for len(must(n.log.Read(ctx, event.Position{}, want+1))(t)) < want {
		runtime.Gosched()
	}
}

// seen is a change as tests compare it.
type seen struct {
	Type    partner.ChangeType
	Reason  partner.Reason
	Article int
	Title   string
}

func (n *node) changes(t *testing.T, k *partner.Key, after *string) (all []seen) {
	t.Helper()
	n.settled(t)
	for more := true; more; {
		page := must(n.Changes(t.Context(), k, *after, 2, nil))(t)
		for _, c := range page.Changes {
			s := seen{c.Type, c.Reason, c.ArticleID, ""}
			if c.Story != nil {
				s.Title = c.Story.Item.Headline()
			}
			all = append(all, s)
		}
		*after, more = page.Next, page.HasMore
	}
	return all
}

func TestKeys(t *testing.T) {
	t.Parallel()
	testkit.EachURL(t, func(t *testing.T, url string) {
		n := newNode(t, url)
		now := time.Date(2026, 3, 1, 12, 0, 30, 0, time.UTC)
		n.Now = func() time.Time { return now }
		if _, _, err := n.Create(t.Context(), partner.Key{Name: "x", Scopes: []partner.Scope{partner.Changes}}); fault.CodeOf(err) != fault.Unauthenticated {
			t.Errorf("anybody makes keys: %v", err)
		}
		past := now.Add(-time.Hour)
		for name, k := range map[string]partner.Key{"no name": {Scopes: partner.Scopes()}, "no scope": {Name: "x"}, "a made-up scope": {Name: "x", Scopes: []partner.Scope{"ALL"}},
			"expired already": {Name: "x", Scopes: partner.Scopes(), ExpiresAt: &past}, "a made-up kind": {Name: "x", Scopes: partner.Scopes(), Entitlement: partner.Entitlement{Kinds: []article.Kind{"X"}}}} {
			if _, _, err := n.Create(admin(t), k); err == nil {
				t.Errorf("%s: the key is made", name)
			}
		}
		later := now.Add(48 * time.Hour)
		k, first := n.secret(t, partner.Key{Addresses: []netip.Prefix{netip.MustParsePrefix("192.0.2.0/24")}, ExpiresAt: &later})
		use := func(token, address string) error {
			_, _, err := n.Use(t.Context(), token, address)
			return err
		}
		expect := func(what string, got, want error) {
			t.Helper()
			if !errors.Is(got, want) {
				t.Errorf("%s: %v, want %v", what, got, want)
			}
		}
		if !strings.HasPrefix(first, partner.Prefix) || len(k.Hints) != 1 || !strings.HasPrefix(first, k.Hints[0]) || len(k.Hints[0]) > 14 {
			t.Errorf("the key %q is known by %v", first, k.Hints)
		}
		expect("a key", use(first, "192.0.2.7"), nil)
		expect("from elsewhere", use(first, "198.51.100.1"), partner.ErrAddress)
		expect("a made-up key", use(partner.Prefix+"x", "192.0.2.7"), partner.ErrUnknownKey)
		_, second, err := n.Rotate(admin(t), k.ID, time.Hour)
		if err != nil {
			t.Fatal(err)
		}
		expect("the old secret meanwhile", use(first, "192.0.2.7"), nil)
		expect("the new secret", use(second, "192.0.2.7"), nil)
		now = now.Add(2 * time.Hour)
		expect("the old secret later", use(first, "192.0.2.7"), partner.ErrExpiredKey)
		expect("the new secret later", use(second, "192.0.2.7"), nil)
		keys := must(n.Keys(admin(t)))(t)
		if len(keys) != 1 || keys[0].LastUsedAt == nil || !keys[0].LastUsedAt.Equal(now) || len(keys[0].Hints) != 1 || !strings.HasPrefix(second, keys[0].Hints[0]) {
			t.Errorf("keys: %+v", keys[0])
		}
		if usage := must(n.Usage(admin(t), k.ID, 10))(t); len(usage) != 1 || usage[0].Count != 4 {
			t.Errorf("usage: %v", usage)
		}
		if _, err := n.Revoke(admin(t), k.ID); err != nil {
			t.Fatal(err)
		}
		expect("a revoked key", use(second, "192.0.2.7"), partner.ErrRevokedKey)
		_, other := n.secret(t, partner.Key{ExpiresAt: &later})
		now = now.Add(72 * time.Hour)
		expect("an expired key", use(other, "192.0.2.7"), partner.ErrExpiredKey)
	})
}

// TestQuotasAreSharedByNodes: two nodes count the requests of a key together.
func TestQuotasAreSharedByNodes(t *testing.T) {
	t.Parallel()
	testkit.EachURL(t, func(t *testing.T, url string) {
		now := time.Date(2026, 3, 1, 12, 0, 30, 0, time.UTC)
		nodes := []*node{newNode(t, url), newNode(t, url)}
		for _, n := range nodes {
			n.Now = func() time.Time { return now }
		}
		_, token := nodes[0].secret(t, partner.Key{QuotaMinute: 3, QuotaDay: 5})
		var got []string
		for i := range 8 {
			if i == 4 {
				now = now.Add(time.Minute)
			}
			_, q, err := nodes[i%2].Use(t.Context(), token, "")
			if err != nil {
				t.Fatal(err)
			}
			got = append(got, fmt.Sprintf("%d of %d, %v, %v", q.Remaining, q.Limit, q.Reset, q.Exceeded))
		}
		want := []string{"2 of 3, 30s, false", "1 of 3, 30s, false", "0 of 3, 30s, false", "0 of 3, 30s, true",
			"0 of 5, 11h58m30s, false", "0 of 5, 11h58m30s, true", "0 of 5, 11h58m30s, true", "0 of 3, 30s, true"}
		want[7] = got[7] // both are used up
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("(-want +got):\n%s", diff)
		}
	})
}

func TestChangesFollowAnArticle(t *testing.T) {
	t.Parallel()
	testkit.EachURL(t, func(t *testing.T, url string) {
		n := newNode(t, url)
		world := n.category(t, "world", nil)
		asia, sport := n.category(t, "asia", world), n.category(t, "sport", nil)
		site, news := n.key(t, partner.Key{}), n.key(t, partner.Key{Entitlement: partner.Entitlement{Categories: []int{world.ID}}})
		a := n.save(t, draft(0, "One", article.StatusDraft, asia))
		step := func(title string, status article.Status, section *ent.Category) func() {
			return func() { n.save(t, draft(a, title, status, section)) }
		}
		move := func(status article.Status) func() {
			return func() {
				if _, err := n.articles.Move(t.Context(), content.Move{ID: a, Status: status, At: time.Now()}); err != nil {
					t.Fatal(err)
				}
			}
		}
		var atSite, atNews string
		for _, s := range []struct {
			name       string
			do         func()
			site, news []seen
		}{
			{"a draft", func() {}, nil, nil},
			{"is published", step("Two", article.StatusPublished, asia), []seen{{partner.ChangePublished, "", a, "Two"}}, []seen{{partner.ChangePublished, "", a, "Two"}}},
			{"is edited", step("Three", article.StatusPublished, asia), []seen{{partner.ChangeUpdated, "", a, "Three"}}, []seen{{partner.ChangeUpdated, "", a, "Three"}}},
			{"moves to sport", step("Four", article.StatusPublished, sport), []seen{{partner.ChangeUpdated, "", a, "Four"}}, []seen{{partner.ChangeLeft, partner.NotEntitled, a, ""}}},
			{"is edited there", step("Five", article.StatusPublished, sport), []seen{{partner.ChangeUpdated, "", a, "Five"}}, nil},
			{"comes back", step("Six", article.StatusPublished, asia), []seen{{partner.ChangeUpdated, "", a, "Six"}}, []seen{{partner.ChangeEntered, "", a, "Six"}}},
			{"is taken back", move(article.StatusUnpublished), []seen{{partner.ChangeWithdrawn, partner.Unpublished, a, ""}}, []seen{{partner.ChangeWithdrawn, partner.Unpublished, a, ""}}},
			{"is edited unseen", step("Seven", article.StatusUnpublished, asia), nil, nil},
			{"is published again", step("Eight", article.StatusPublished, asia), []seen{{partner.ChangePublished, "", a, "Eight"}}, []seen{{partner.ChangePublished, "", a, "Eight"}}},
			{"is killed", move(article.StatusKilled), []seen{{partner.ChangeWithdrawn, partner.Killed, a, ""}}, []seen{{partner.ChangeWithdrawn, partner.Killed, a, ""}}},
		} {
			s.do()
			if diff := cmp.Diff(s.site, n.changes(t, site, &atSite)); diff != "" {
				t.Errorf("it %s (-want +got):\n%s", s.name, diff)
			}
			if diff := cmp.Diff(s.news, n.changes(t, news, &atNews)); diff != "" {
				t.Errorf("it %s, for a partner of one section (-want +got):\n%s", s.name, diff)
			}
		}
	})
}

func TestEmbargoedStoriesReachWhoIsEntitled(t *testing.T) {
	t.Parallel()
	testkit.EachURL(t, func(t *testing.T, url string) {
		n := newNode(t, url)
		world := n.category(t, "world", nil)
		plain, early := n.key(t, partner.Key{}), n.key(t, partner.Key{Scopes: partner.Scopes()})
		until := time.Date(2030, 1, 1, 8, 0, 0, 0, time.UTC)
		d := draft(0, "Figures", article.StatusEmbargoed, world)
		d.PublishedAt, d.EmbargoUntil = nil, &until
		a := n.save(t, d)
		n.settled(t)
		if page := must(n.Changes(t.Context(), plain, "", 0, nil))(t); len(page.Changes) > 0 {
			t.Errorf("a story under embargo reaches who is not entitled: %+v", page.Changes)
		}
		if stories := must(n.Available(t.Context(), plain, []int{a}))(t); len(stories) > 0 {
			t.Error("a story under embargo is available to who is not entitled")
		}
		page := must(n.Changes(t.Context(), early, "", 0, nil))(t)
		if len(page.Changes) != 1 {
			t.Fatalf("changes: %+v", page.Changes)
		}
		if it := page.Changes[0].Story.Item; it.PubStatus != ninjs.Withheld || !it.EmbargoedUntil.Equal(until) {
			t.Errorf("the story is marked %s until %v", it.PubStatus, it.EmbargoedUntil)
		}
	})
}

func TestCursors(t *testing.T) {
	t.Parallel()
	testkit.EachURL(t, func(t *testing.T, url string) {
		n := newNode(t, url)
		world := n.category(t, "world", nil)
		mine, other := n.key(t, partner.Key{}), n.key(t, partner.Key{})
		n.save(t, draft(0, "One", article.StatusPublished, world))
		n.settled(t)
		page := must(n.Changes(t.Context(), mine, "", 0, nil))(t)
		snapshot := must(n.Snapshot(t.Context(), mine, "", 0))(t)
		for name, test := range map[string]struct {
			key  *partner.Key
			text string
			want fault.Code
		}{
			"one's own": {mine, page.Next, ""}, "that of another key": {other, page.Next, fault.CursorInvalid}, "made up": {mine, "xyz", fault.CursorInvalid},
			"cut short": {mine, page.Next[:len(page.Next)-2], fault.CursorInvalid}, "of a snapshot": {mine, snapshot.Changes, ""}, "a long one": {mine, strings.Repeat("A", 10_000), fault.CursorInvalid},
		} {
			if _, err := n.Changes(t.Context(), test.key, test.text, 0, nil); fault.CodeOf(err) != test.want && (err != nil || test.want != "") {
				t.Errorf("%s: %v, want %q", name, err, test.want)
			}
		}
		first := page.Changes[0].Cursor
		n.save(t, draft(0, "Two", article.StatusPublished, world))
		n.settled(t)
		if err := n.log.Trim(t.Context(), time.Now().Add(time.Hour)); err != nil {
			t.Fatal(err)
		}
		if _, err := n.Changes(t.Context(), mine, first, 0, nil); fault.CodeOf(err) != fault.CursorExpired {
			t.Errorf("a cursor behind what is kept: %v", err)
		}
		snapshot = must(n.Snapshot(t.Context(), mine, "", 0))(t)
		if len(snapshot.Stories) != 2 || snapshot.Next != "" {
			t.Errorf("snapshot %+v", snapshot)
		}
		n.save(t, draft(0, "Three", article.StatusPublished, world))
		n.settled(t)
		if page := must(n.Changes(t.Context(), mine, snapshot.Changes, 0, nil))(t); len(page.Changes) != 1 {
			t.Errorf("after the snapshot: %+v", page.Changes)
		}
	})
}

func TestKillCompliance(t *testing.T) {
	t.Parallel()
	testkit.EachURL(t, func(t *testing.T, url string) {
		n := newNode(t, url)
		world := n.category(t, "world", nil)
		names := []string{"Acts", "Hears", "Ignores", "Never had it"}
		keys := map[string]*partner.Key{}
		after := map[string]*string{}
		for _, name := range names {
			keys[name], after[name] = n.key(t, partner.Key{Name: name}), new(string)
		}
		a := n.save(t, draft(0, "Wrong", article.StatusPublished, world))
		for _, name := range names[:3] {
			n.changes(t, keys[name], after[name])
		}
		if _, err := n.articles.Move(t.Context(), content.Move{ID: a, Status: article.StatusKilled, At: time.Now()}); err != nil {
			t.Fatal(err)
		}
		n.settled(t)
		page := must(n.Changes(t.Context(), keys["Acts"], *after["Acts"], 0, nil))(t)
		if err := n.Acknowledge(t.Context(), keys["Hears"], page.Changes[0].Cursor); fault.CodeOf(err) != fault.CursorInvalid {
			t.Errorf("acknowledged by the cursor of another: %v", err)
		}
		for range 2 { // twice is once
			if err := n.Acknowledge(t.Context(), keys["Acts"], page.Changes[0].Cursor); err != nil {
				t.Fatal(err)
			}
		}
		n.changes(t, keys["Hears"], after["Hears"])
		n.changes(t, keys["Never had it"], after["Never had it"])
		if _, err := n.KillCompliance(t.Context(), a); fault.CodeOf(err) != fault.Unauthenticated {
			t.Errorf("anybody is told: %v", err)
		}
		got := map[string]partner.ComplianceState{}
		for _, c := range must(n.KillCompliance(admin(t), a))(t) {
			got[c.Name] = c.State
		}
		want := map[string]partner.ComplianceState{"Acts": partner.Acknowledged, "Hears": partner.Fetched, "Ignores": partner.NotFetched}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("(-want +got):\n%s", diff)
		}
	})
}

// TestCopiesEqualTheNewsroom: consumers follow the changes, one from the
// beginning, one from a snapshot in the middle, one of a single section, while
// many write, withdraw and roll back at random, through either of two nodes. In
// the end each has exactly what it may have.
func TestCopiesEqualTheNewsroom(t *testing.T) {
	t.Parallel()
	testkit.EachURL(t, func(t *testing.T, url string) {
		nodes := []*node{newNode(t, url), newNode(t, url)}
		world, sport := nodes[0].category(t, "world", nil), nodes[0].category(t, "sport", nil)
		writers, steps := 2, 15
		if nodes[0].db.Dialect == store.Postgres {
			writers = 8
		}
		all := nodes[0].key(t, partner.Key{Name: "All"})
		section := nodes[0].key(t, partner.Key{Name: "Section", Entitlement: partner.Entitlement{Categories: []int{world.ID}}})
		late := nodes[0].key(t, partner.Key{Name: "Late"})
		var written sync.WaitGroup
		done := make(chan struct{})
		for w := range writers {
			written.Go(func() { write(t, nodes[w%2], rand.New(rand.NewPCG(uint64(w), 1)), steps, world, sport) })
		}
		go func() { written.Wait(); close(done) }()
		var group sync.WaitGroup
		copies := make([]*mirror, 3)
		for i, k := range []*partner.Key{all, section, late} {
			copies[i] = &mirror{key: k, stories: map[int]string{}, snapshot: k == late}
			group.Go(func() { copies[i].follow(t, nodes, done) })
		}
		group.Wait()
		for _, m := range copies {
			want := (&mirror{key: m.key, stories: map[int]string{}, snapshot: true}).export(t, nodes[0])
			if diff := cmp.Diff(want, m.stories); diff != "" {
				t.Errorf("the copy of %s (-newsroom +copy):\n%s", m.key.Name, diff)
			}
		}
	})
}

// write changes articles at random; some transactions are rolled back.
func write(t *testing.T, n *node, random *rand.Rand, steps int, sections ...*ent.Category) {
	statuses := []article.Status{article.StatusPublished, article.StatusPublished, article.StatusUnpublished, article.StatusDraft, article.StatusKilled}
	var own []int
	rollback := errors.New("rolled back")
	for i := range steps {
		key := 0
		if len(own) > 3 || len(own) > 0 && random.IntN(2) == 0 {
			key = own[random.IntN(len(own))]
		}
		d := draft(key, fmt.Sprintf("Story %d %d", i, random.IntN(1000)), statuses[random.IntN(len(statuses))], sections[random.IntN(len(sections))])
		keep := random.IntN(4) > 0
		made := 0
		for {
			err := n.db.Tx(t.Context(), func(ctx context.Context) error {
				saved, err := n.articles.Save(ctx, d)
				if err != nil {
					return err
				}
				made = saved[0].ID
				if !keep {
					return rollback
				}
				return nil
			})
			if fault.CodeOf(err) == fault.Conflict {
				continue
			}
			if err != nil && !errors.Is(err, rollback) {
				t.Error(err)
				return
			}
			break
		}
		if keep && key == 0 {
			own = append(own, made)
		}
	}
}

// mirror is the copy of a partner: it stores what has a story and removes what
// has none.
type mirror struct {
	key      *partner.Key
	stories  map[int]string
	snapshot bool // begin with one
}

func (m *mirror) put(t *testing.T, s *partner.Story) {
	text, err := ninjs.Encode(s.Item)
	if err != nil {
		t.Error(err)
	}
	m.stories[s.ID] = string(text)
}

// export takes a snapshot.
func (m *mirror) export(t *testing.T, n *node) map[int]string {
	_, _ = m.start(t, n)
	return m.stories
}

func (m *mirror) start(t *testing.T, n *node) (changes string, ok bool) {
	for after := ""; ; {
		page, err := n.Snapshot(t.Context(), m.key, after, 3)
		if err != nil {
			t.Error(err)
			return "", false
		}
		for _, s := range page.Stories {
			m.put(t, s)
		}
		if after = page.Next; after == "" {
			return page.Changes, true
		}
	}
}

// follow reads changes, from one node and the other, until all is written and
// read.
func (m *mirror) follow(t *testing.T, nodes []*node, done <-chan struct{}) {
	after := ""
	if m.snapshot {
		var ok bool
		if after, ok = m.start(t, nodes[1]); !ok {
			return
		}
	}
	cursors := map[string]bool{}
	for i, last := 0, false; ; i++ {
		n := nodes[i%2]
		finished := false
		select {
		case <-done:
			finished = true
			n.settled(t)
		default:
		}
		page, err := n.Changes(t.Context(), m.key, after, 5, nil)
		if err != nil {
			t.Error(err)
			return
		}
		for _, c := range page.Changes {
			if cursors[c.Cursor] {
				t.Errorf("a change came twice")
			}
			cursors[c.Cursor] = true
			if c.Story == nil {
				delete(m.stories, c.ArticleID)
			} else {
				m.put(t, c.Story)
			}
		}
		after = page.Next
		if last = finished && !page.HasMore && len(page.Changes) == 0; last {
			return
		}
	}
}

func TestOverHTTP(t *testing.T) {
	t.Parallel()
	testkit.EachURL(t, func(t *testing.T, url string) {
		n := newNode(t, url)
		world := n.category(t, "world", nil)
		_, token := n.secret(t, partner.Key{})
		_, tight := n.secret(t, partner.Key{QuotaMinute: 1})
		server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if r.Header.Get("Authorization") != "" {
				n.Authenticate(n.Handler()).ServeHTTP(w, r)
				return
			}
			n.Handler().ServeHTTP(w, r)
		}))
		defer server.Close()
		ask := func(token, method, path, body string, headers ...string) (*http.Response, string) {
			t.Helper()
			r := must(http.NewRequestWithContext(t.Context(), method, server.URL+path, strings.NewReader(body)))(t)
			if token != "" {
				r.Header.Set("Authorization", "Bearer "+token)
			}
			for i := 0; i < len(headers); i += 2 {
				r.Header.Set(headers[i], headers[i+1])
			}
			response := must(http.DefaultClient.Do(r))(t)
			defer func() { _ = response.Body.Close() }()
			var text strings.Builder
			buf := make([]byte, 4096)
			for {
				k, err := response.Body.Read(buf)
				text.Write(buf[:k])
				if err != nil {
					return response, text.String()
				}
			}
		}
		waited := make(chan string)
		go func() {
			_, text := ask(token, "GET", "/partner/changes?wait=60", "")
			waited <- text
		}()
		a := n.save(t, draft(0, "The ferry", article.StatusPublished, world))
		var page struct {
			Changes []struct {
				Cursor, Type, ArticleID string
				Article                 json.RawMessage
			}
			Next string
		}
		if err := json.Unmarshal([]byte(<-waited), &page); err != nil || len(page.Changes) != 1 || page.Changes[0].ArticleID != id.Encode(id.Article, a) {
			t.Fatalf("%v: %+v", err, page)
		}
		it := must(ninjs.NewReader(strings.NewReader(string(page.Changes[0].Article)), ninjs.Options{}).Next())(t)
		if it.Headline() != "The ferry" || len(it.Problems) > 0 || len(it.Unknown) > 0 {
			t.Errorf("read back %+v", it)
		}
		first, _ := ask(token, "GET", "/partner/changes?after="+page.Next, "")
		again, _ := ask(token, "GET", "/partner/changes?after="+page.Next, "", "If-None-Match", first.Header.Get("ETag"))
		if first.StatusCode != http.StatusOK || again.StatusCode != http.StatusNotModified || first.Header.Get("RateLimit-Limit") != "600" || first.Header.Get("RateLimit-Remaining") == "" {
			t.Errorf("%d %d %v", first.StatusCode, again.StatusCode, first.Header)
		}
		for _, test := range []struct {
			token, method, path, body string
			status                    int
			code                      string
		}{
			{"", "GET", "/partner/changes", "", 401, "UNAUTHENTICATED"},
			{partner.Prefix + "x", "GET", "/partner/changes", "", 401, "UNAUTHENTICATED"},
			{token, "GET", "/partner/changes?key=" + token, "", 400, "BAD_USER_INPUT"},
			{token, "GET", "/partner/changes?after=x", "", 400, "CURSOR_INVALID"},
			{token, "GET", "/partner/changes?first=1000000", "", 400, "BAD_USER_INPUT"}, {token, "GET", "/partner/changes?first=0", "", 400, "BAD_USER_INPUT"}, {token, "GET", "/partner/snapshot?first=0", "", 400, "BAD_USER_INPUT"},
			{token, "GET", "/partner/nothing", "", 404, "NOT_FOUND"}, {token, "POST", "/partner/nothing", "", 404, "NOT_FOUND"},
			{token, "GET", "/partner/acknowledgements", "", 405, "Method"}, {token, "DELETE", "/partner/changes", "", 405, "Method"},
			{token, "GET", "/partner/changes?wait=-1", "", 400, "BAD_USER_INPUT"},
			{token, "GET", "/partner/changes?types=ALL", "", 400, "BAD_USER_INPUT"},
			{token, "GET", "/partner/articles/" + id.Encode(id.Article, a), "", 200, "ninjs"},
			{token, "GET", "/partner/articles/" + id.Encode(id.Article, a+1), "", 404, "NOT_FOUND"},
			{token, "GET", "/partner/articles/x", "", 404, "NOT_FOUND"},
			{token, "GET", "/partner/snapshot", "", 200, "The ferry"},
			{token, "POST", "/partner/acknowledgements", `{"cursor":"` + page.Next + `"}`, 404, "NOT_FOUND"},
			{token, "POST", "/partner/acknowledgements", `x`, 400, "BAD_USER_INPUT"},
			{tight, "GET", "/partner/snapshot", "", 200, ""},
			{tight, "GET", "/partner/snapshot", "", 429, "RATE_LIMITED"},
		} {
			response, text := ask(test.token, test.method, test.path, test.body)
			if response.StatusCode != test.status || !strings.Contains(text, test.code) {
				t.Errorf("%s %s: %d %s, want %d %s", test.method, test.path, response.StatusCode, text, test.status, test.code)
			}
			if test.status == 429 && response.Header.Get("Retry-After") == "" {
				t.Error("a quota that is used up says nothing of when to try again")
			}
		}
	})
}
