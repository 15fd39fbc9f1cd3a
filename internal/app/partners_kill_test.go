package app_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"math/rand/v2"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"os"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/alecthomas/kong"

	"github.com/broadsheet-cms/broadsheet/ent/user"
	"github.com/broadsheet-cms/broadsheet/internal/access"
	"github.com/broadsheet-cms/broadsheet/internal/app"
	"github.com/broadsheet-cms/broadsheet/internal/config"
	"github.com/broadsheet-cms/broadsheet/internal/content"
	"github.com/broadsheet-cms/broadsheet/internal/export"
	"github.com/broadsheet-cms/broadsheet/internal/job"
	"github.com/broadsheet-cms/broadsheet/internal/partner"
	"github.com/broadsheet-cms/broadsheet/internal/richtext"
	"github.com/broadsheet-cms/broadsheet/internal/store"
	"github.com/broadsheet-cms/broadsheet/internal/testkit"
	"github.com/broadsheet-cms/broadsheet/internal/webhook"
)

// serveHere runs a server with some arguments in this process, as broadsheet serve does,
// once it was prepared. It prints its address.
func serveHere(ctx context.Context, logger *slog.Logger, prepare func(*app.App), args ...string) error {
	var cfg config.Serve
	parser, err := kong.New(&cfg)
	if err != nil {
		return err
	}
	if _, err := parser.Parse(args); err != nil {
		return err
	}
	a, err := app.New(ctx, cfg, logger)
	if err != nil {
		return err
	}
	prepare(a)
	return a.Run(ctx, func(addr net.Addr) { fmt.Println("http://" + addr.String()) })
}

// serveNode is a server as broadsheet serve runs it, but that webhooks may go to this
// machine and that what a killed node held is free soon.
func serveNode(ctx context.Context, url string) error {
	media, err := os.MkdirTemp("", "node")
	if err != nil {
		return err
	}
	logger := slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: slog.LevelError}))
	return serveHere(ctx, logger, func(a *app.App) {
		reachable(a.Webhooks)
		a.Jobs.Configure(job.Settings{Lease: 3 * time.Second, Logger: logger})
	}, "--addr=127.0.0.1:0", "--database="+url, "--media-dir="+media, "--rate-limit-signed-in=0", "--no-site")
}

func reachable(w *webhook.Service) {
	w.Insecure, w.Rest, w.Claim, w.Backoff = true, 50*time.Millisecond, 3*time.Second, slices.Repeat([]time.Duration{10 * time.Millisecond}, 500)
	w.Reach(func(netip.Addr) bool { return true })
}

// crowd is a newsroom with writers, nodes that are killed, and partners.
type crowd struct {
	t        *testing.T
	url      string // of the database
	services *app.Services
	editor   string // token of a chief editor
	section  int

	mu    sync.Mutex
	nodes []*testkit.Process
	at    []string // addresses of nodes

	articles sync.Map // ids
	written  atomic.Int64
	wrote    chan struct{} // is sent to, where somebody waits, when written goes up
	over     atomic.Bool   // nothing is written any more
}

func newCrowd(t *testing.T, url string, nodes int) *crowd {
	t.Helper()
	c := &crowd{t: t, url: url, wrote: make(chan struct{}, 1), services: app.NewServices(testkit.Open(t, url, store.Options{}), nil)}
	reachable(c.services.Webhooks)
	s := &site{App: &app.App{Services: c.services}}
	_, _, c.editor = (&served{App: s.App}).signedIn(t, user.RoleAdmin)
	c.section = s.section(t, "world").ID
	for range nodes {
		c.nodes, c.at = append(c.nodes, nil), append(c.at, "")
	}
	for i := range nodes {
		c.start(i)
	}
	return c
}

// start starts a node in the place of one that was killed, if any.
func (c *crowd) start(i int) {
	p := testkit.Start(c.t, "node", c.url)
	address, ok := <-p.Lines
	if !ok {
		c.t.Error("a node did not start")
		return
	}
	c.mu.Lock()
	c.nodes[i], c.at[i] = p, address
	c.mu.Unlock()
}

// kill ends a node as a power failure does, and starts another.
func (c *crowd) kill(i int) {
	c.mu.Lock()
	p := c.nodes[i]
	c.mu.Unlock()
	p.Kill()
	c.start(i)
}

// ask sends a request to some node. An error says that the node was killed meanwhile.
func (c *crowd) ask(random *rand.Rand, method, path, token string, body any) (int, []byte, error) {
	var text []byte
	if body != nil {
		text, _ = json.Marshal(body) // maps of texts
	}
	c.mu.Lock()
	address := c.at[random.IntN(len(c.at))]
	c.mu.Unlock()
	request, err := http.NewRequestWithContext(c.t.Context(), method, address+path, bytes.NewReader(text))
	if err != nil {
		return 0, nil, err
	}
	request.Header.Set("Authorization", "Bearer "+token)
	if body != nil {
		request.Header.Set("Content-Type", "application/json")
	}
	answer, err := http.DefaultClient.Do(request)
	if err != nil {
		return 0, nil, err
	}
	defer func() { _ = answer.Body.Close() }()
	text, err = io.ReadAll(answer.Body)
	return answer.StatusCode, text, err
}

// steps are what a writer does to an article. Those that do not fit its status are
// refused by the server.
var steps = []string{
	`updateArticle(input: {id: "$ID", article: {title: "$TITLE", body: {html: "<p>Words of <b>$TITLE</b></p>"}}, isSubstantive: true})`,
	`publishArticle(input: {id: "$ID"})`, `publishArticle(input: {id: "$ID"})`, `publishArticle(input: {id: "$ID"})`,
	`unpublishArticle(input: {id: "$ID"})`, `killArticle(input: {id: "$ID"})`, `restoreRevision(input: {id: "$ID", number: 1})`,
	`correctArticle(input: {id: "$ID", note: "$TITLE", article: {title: "$TITLE"}})`,
}

// write publishes, edits, withdraws and rolls back at random until done says so.
func (c *crowd) write(writer int, seed uint64, done func(step int) bool) {
	random := rand.New(rand.NewPCG(seed, uint64(writer)))
	var own []string
	for step := 0; !done(step); step++ {
		title := fmt.Sprintf("Story %d of %d", step, writer)
		switch {
		case step%10 == 9:
			if err := c.rollBack(title); err != nil {
				c.t.Error(err)
			}
			continue
		case len(own) == 0 || step%7 == 0:
			id, err := c.mutate(random, `createArticle(input: {article: {title: "`+title+`", body: {html: "<p>First words &amp; more</p>"}}})`)
			if err == nil && id != "" {
				own = append(own, id)
				c.articles.Store(id, true)
			}
			continue
		}
		id := own[random.IntN(len(own))]
		if random.IntN(3) == 0 { // of another writer, who may be at it now
			c.articles.Range(func(key, _ any) bool { id, _ = key.(string); return random.IntN(8) > 0 })
		}
		_, _ = c.mutate(random, strings.NewReplacer("$ID", id, "$TITLE", title).Replace(steps[random.IntN(len(steps))])) // of a killed node nothing is known
	}
}

// mutate sends a mutation, and gives the id of the article when it was done.
func (c *crowd) mutate(random *rand.Rand, mutation string) (string, error) {
	_, text, err := c.ask(random, http.MethodPost, "/graphql", c.editor, map[string]string{"query": "mutation { it: " + mutation + " { article { id } userErrors { code } } }"})
	if err != nil {
		return "", err
	}
	var answer struct {
		Data struct {
			It *struct {
				Article *struct{ ID string }
			}
		}
	}
	if err := json.Unmarshal(text, &answer); err != nil {
		return "", fmt.Errorf("%w: %.200s", err, text)
	}
	if answer.Data.It == nil || answer.Data.It.Article == nil {
		return "", nil
	}
	c.written.Add(1)
	select {
	case c.wrote <- struct{}{}:
	default: // it was told already
	}
	return answer.Data.It.Article.ID, nil
}

var errRolledBack = errors.New("taken back")

// rollBack writes a published article with its events, and takes all of it back.
func (c *crowd) rollBack(title string) error {
	ctx, at := access.AsSystem(c.t.Context()), time.Now().UTC()
	err := c.services.DB.Tx(ctx, func(ctx context.Context) error {
		_, err := c.services.Articles.Save(ctx, &content.Draft{Title: "Never " + title, Status: "PUBLISHED", PublishedAt: &at, PrimaryCategory: &c.section, Language: "en", Body: []richtext.Block{{Kind: richtext.Paragraph, HTML: "Never"}}})
		return errors.Join(err, errRolledBack)
	})
	if err == nil || !errors.Is(err, errRolledBack) {
		return fmt.Errorf("a transaction that is taken back: %w", err)
	}
	return nil
}

// copies are what a partner has: each article as it was sent, but that < > and & are
// written in one of the two ways that JSON has.
type copies map[string]string

func (c copies) put(id string, article json.RawMessage) {
	if delete(c, id); len(article) > 0 && string(article) != "null" {
		text, _ := json.Marshal(article) // it was decoded
		c[id] = string(text)
	}
}

// pull follows the changes as the documentation says, until nothing is written any more
// and there are none left. With join it begins with a snapshot.
func (c *crowd) pull(token string, seed uint64, join bool) (copies, int) {
	random := rand.New(rand.NewPCG(seed, 99))
	have, cursor, read := copies{}, "", 0
	get := func(path string, into any) bool {
		status, text, err := c.ask(random, http.MethodGet, path, token, nil)
		if err != nil || status == http.StatusServiceUnavailable { // killed
			return false
		}
		if err := json.Unmarshal(text, into); err != nil || status != http.StatusOK {
			c.t.Errorf("%s: %d %v %.200s", path, status, err, text)
			return false
		}
		return true
	}
	for next := ""; join && c.t.Context().Err() == nil; {
		var page struct {
			Articles      []json.RawMessage
			Next, Changes string
		}
		if !get("/partner/snapshot?first=5&after="+next, &page) {
			continue
		}
		for _, a := range page.Articles {
			var it struct{ URI string }
			if err := json.Unmarshal(a, &it); err != nil {
				c.t.Error(err)
			}
			have.put(strings.TrimPrefix(it.URI, "urn:broadsheet:"), a)
		}
		if cursor, next = page.Changes, page.Next; next == "" {
			break
		}
	}
	for c.t.Context().Err() == nil {
		over := c.over.Load()
		var page struct {
			Changes []struct {
				Cursor, ArticleID string
				Article           json.RawMessage
			}
			Next    string
			HasMore bool
		}
		if !get("/partner/changes?wait=1&first=20&after="+cursor, &page) {
			continue
		}
		for _, change := range page.Changes {
			read++
			have.put(change.ArticleID, change.Article)
		}
		if cursor = page.Next; over && len(page.Changes) == 0 && !page.HasMore {
			return have, read
		}
	}
	return have, read
}

// receiver is a webhook's receiver that fails at random: before and after it has stored
// what it was told, by a status and by hanging up.
type receiver struct {
	mu     sync.Mutex
	have   copies
	random *rand.Rand
	failed int
}

func (r *receiver) ServeHTTP(w http.ResponseWriter, request *http.Request) {
	var m struct {
		Data struct {
			ArticleID string
			Article   json.RawMessage
		}
	}
	err := json.NewDecoder(request.Body).Decode(&m)
	r.mu.Lock()
	defer r.mu.Unlock()
	how := r.random.IntN(10)
	if err == nil && how != 0 {
		r.have.put(m.Data.ArticleID, m.Data.Article)
	}
	switch {
	case how <= 1:
		w.WriteHeader(http.StatusInternalServerError)
	case how == 2:
		panic(http.ErrAbortHandler)
	default:
		return
	}
	r.failed++
}

// exported is what export ninjs writes.
func (c *crowd) exported() copies {
	var out bytes.Buffer
	s := c.services
	if _, err := export.Ninjs(c.t.Context(), export.Services{DB: s.DB, Articles: s.Articles, Partners: s.Partners, Directory: s.Directory, Terms: s.Taxonomy}, &out); err != nil {
		c.t.Fatal(err)
	}
	all := copies{}
	for line := range bytes.Lines(out.Bytes()) {
		var it struct{ URI string }
		if err := json.Unmarshal(line, &it); err != nil {
			c.t.Fatal(err)
		}
		all.put(strings.TrimPrefix(it.URI, "urn:broadsheet:"), json.RawMessage(line))
	}
	return all
}

// bytesOf is a copy as one file.
func (c copies) bytesOf() string {
	var b strings.Builder
	for _, id := range slices.Sorted(maps.Keys(c)) {
		b.WriteString(c[id] + "\n")
	}
	return b.String()
}

func (c *crowd) compare(name string, want, got copies) {
	c.t.Helper()
	if got.bytesOf() == want.bytesOf() {
		return
	}
	c.t.Errorf("%s has %d articles, the export %d, and they differ", name, len(got), len(want))
	told := 0
	for _, id := range slices.Sorted(maps.Keys(want)) {
		if got[id] != want[id] && told < 3 {
			told++
			c.t.Errorf("%s: %s\n has    %s\n should %s", name, id, got[id], want[id])
		}
	}
	for _, id := range slices.Sorted(maps.Keys(got)) {
		if want[id] == "" && told < 6 {
			told++
			c.t.Errorf("%s: %s should be gone", name, id)
		}
	}
}

// run lets writers write while nodes are killed, and compares what partners have in the
// end with a full export. A kill comes after so many changes.
func (c *crowd) run(writers, kills, between int, more func() bool) {
	t := c.t
	seed := rand.Uint64()
	t.Log("seed", seed)
	key := func(name string) (*partner.Key, string) {
		k, token, err := c.services.Partners.Create(access.AsSystem(t.Context()), partner.Key{Name: name, Scopes: partner.Scopes(), QuotaMinute: 10_000_000, QuotaDay: 1_000_000_000})
		if err != nil {
			t.Fatal(err)
		}
		return k, token
	}
	hooked, _ := key("Told")
	_, pulling := key("Pulling")
	_, joining := key("Joining")
	r := &receiver{have: copies{}, random: rand.New(rand.NewPCG(seed, 7))}
	listening := httptest.NewServer(r)
	t.Cleanup(listening.Close)
	if _, _, err := c.services.Webhooks.Create(access.AsSystem(t.Context()), hooked.ID, webhook.Draft{URL: listening.URL, Full: true}); err != nil {
		t.Fatal(err)
	}
	(&site{App: &app.App{Services: c.services}}).until(t, `SELECT count(*) FROM event_consumers WHERE name = 'webhooks'`, 1)

	var group, partners sync.WaitGroup
	var stop atomic.Bool
	for w := range writers {
		group.Go(func() { c.write(w, seed, func(int) bool { return stop.Load() || t.Context().Err() != nil }) })
	}
	var pulled, joined copies
	var read int
	partners.Go(func() { pulled, read = c.pull(pulling, seed, false) })
	killed := 0
	for random := rand.New(rand.NewPCG(seed, 1)); killed < kills || more(); killed++ {
		for goal := c.written.Load() + int64(between); c.written.Load() < goal && t.Context().Err() == nil; {
			select {
			case <-c.wrote:
			case <-t.Context().Done():
			}
		}
		if killed == kills/2 {
			partners.Go(func() { joined, _ = c.pull(joining, seed+1, true) })
		}
		c.kill(random.IntN(len(c.nodes)))
		if t.Failed() {
			break
		}
	}
	stop.Store(true)
	group.Wait()
	(&site{App: &app.App{Services: c.services}}).settle(t)
	c.over.Store(true)
	partners.Wait()
	want := c.exported()
	c.compare("who followed the changes", want, pulled)
	c.compare("who joined by a snapshot", want, joined)
	r.mu.Lock()
	defer r.mu.Unlock()
	c.compare("the webhook's receiver", want, r.have)
	if len(want) == 0 || r.failed == 0 {
		t.Errorf("%d articles, %d failures of the receiver: nothing is shown by this", len(want), r.failed)
	}
	t.Logf("%d changes by %d writers, %d kills: %d articles are out; %d changes read, the receiver failed %d times", c.written.Load(), writers, killed, len(want), read, r.failed)
}

// TestPartnersKeepTheirCopiesThroughKills: writers publish, edit, withdraw and roll back
// at random on two nodes, each a process of its own, that are killed with SIGKILL. In
// the end who followed the changes, who joined in the middle by a snapshot, and a
// webhook's receiver that fails at random have what a full export has, byte for byte.
func TestPartnersKeepTheirCopiesThroughKills(t *testing.T) {
	t.Parallel()
	testkit.Long(t)
	testkit.EachURL(t, func(t *testing.T, url string) {
		newCrowd(t, url, 2).run(writersOn(url), 3, 40, func() bool { return false })
	})
}

func writersOn(url string) int {
	if strings.HasPrefix(url, "sqlite:") {
		return 2
	}
	return 8
}

// TestSoakPartnersKeepTheirCopies is the long form.
func TestSoakPartnersKeepTheirCopies(t *testing.T) {
	duration, long := testkit.Soak(t)
	if !long {
		t.Log("the long form runs with BROADSHEET_SOAK set, by make soak")
		return
	}
	testkit.EachURL(t, func(t *testing.T, url string) {
		end := time.Now().Add(duration / 2)
		newCrowd(t, url, 2).run(writersOn(url), 10, 100, func() bool { return time.Now().Before(end) })
	})
}
