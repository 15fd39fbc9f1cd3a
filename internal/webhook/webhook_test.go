package webhook_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"math/rand/v2"
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
	"github.com/santhosh-tekuri/jsonschema/v6"
	standardwebhooks "github.com/standard-webhooks/standard-webhooks/libraries/go"

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
	"github.com/broadsheet-cms/broadsheet/internal/job"
	"github.com/broadsheet-cms/broadsheet/internal/link"
	"github.com/broadsheet-cms/broadsheet/internal/mail"
	"github.com/broadsheet-cms/broadsheet/internal/ninjs"
	"github.com/broadsheet-cms/broadsheet/internal/partner"
	"github.com/broadsheet-cms/broadsheet/internal/richtext"
	"github.com/broadsheet-cms/broadsheet/internal/secret"
	"github.com/broadsheet-cms/broadsheet/internal/store"
	"github.com/broadsheet-cms/broadsheet/internal/testkit"
	"github.com/broadsheet-cms/broadsheet/internal/webhook"
)

// node is a server as far as webhooks go.
type node struct {
	*webhook.Service
	db       *store.DB
	log      *event.Log
	articles *content.Service
	partners *partner.Service
	comments *comment.Service
	mails    *mail.Mailer
}

func newNode(t *testing.T, url string) *node {
	t.Helper()
	db := testkit.Open(t, url, store.Options{})
	n := &node{db: db, log: event.NewLog(db)}
	n.log.Logger = slog.New(slog.NewTextHandler(t.Output(), nil))
	dir := directory.New(db, n.log)
	record := audit.NewLog(db)
	n.articles = content.New(db, n.log, dir)
	n.comments = comment.New(db, n.log)
	n.partners = partner.New(db, n.log, n.articles, n.comments, dir, record)
	n.mails = mail.New(db, func(context.Context) (mail.Brand, error) {
		return mail.Brand{Name: "The Daily", URL: "https://news.example", Language: "en"}, nil
	})
	jobs := job.New(db, n.log.Woken, job.Settings{Logger: n.log.Logger})
	n.partners.SendBy(jobs, n.mails, link.New(db))
	n.partners.ServerURL = "https://api.example"
	n.Service = webhook.New(db, n.log, n.partners, jobs, record)
	n.Insecure = true
	n.Backoff = slices.Repeat([]time.Duration{time.Millisecond}, 50)
	n.Rest = time.Millisecond
	n.Sealer = secret.NewSealer("a key for the tests")
	n.Reach(func(netip.Addr) bool { return true })
	ctx, cancel := context.WithCancel(t.Context())
	var group sync.WaitGroup
	group.Go(func() { _ = n.log.Run(ctx) })
	group.Go(func() { _ = db.Listen(ctx, n.log.Wake) })
	group.Go(func() { _ = jobs.Run(ctx) })
	t.Cleanup(func() { cancel(); group.Wait() })
	// It is told of what happens from its first turn on.
	for len(must(store.Collect(t.Context(), db, placedSQL, store.ScanInt))(t)) == 0 {
		runtime.Gosched()
	}
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

func (n *node) section(t *testing.T, slug string) *ent.Category {
	t.Helper()
	var saved *ent.Category
	err := n.db.Tx(access.AsSystem(t.Context()), func(ctx context.Context) (err error) {
		if saved, err = n.db.Ent(ctx).Category.Create().SetName(slug).SetSlug(slug).Save(ctx); err != nil {
			return err
		}
		return n.log.Append(ctx, event.Event{Action: event.Created, Entity: id.Category, EntityID: saved.ID})
	})
	return must(saved, err)(t)
}

// key makes a key, as a request has it.
func (n *node) key(t *testing.T, entitlement partner.Entitlement) *partner.Key {
	t.Helper()
	_, token, err := n.partners.Create(admin(t), partner.Key{Name: "Harbour Post", Scopes: partner.Scopes(), Entitlement: entitlement, QuotaMinute: 1_000_000})
	if err != nil {
		t.Fatal(err)
	}
	used, _, err := n.partners.Use(t.Context(), token, "192.0.2.1")
	return must(used, err)(t)
}

// settled waits until all that was written was consumed, and nothing waits for
// webhooks.
func (n *node) settled(t *testing.T) {
	t.Helper()
	n.consumed(t)
	for must(store.Collect(t.Context(), n.db, waitingSQL, store.ScanInt))(t)[0] > 0 || must(store.Collect(t.Context(), n.db, mailsSQL, store.ScanInt))(t)[0] > 0 {
		runtime.Gosched()
	}
}

// consumed waits until all that was written was written down for webhooks.
func (n *node) consumed(t *testing.T) {
	t.Helper()
	ctx := access.AsSystem(t.Context())
	for {
		events := must(n.db.Ent(ctx).Event.Query().Count(ctx))(t)
		seen := must(n.log.Read(ctx, event.Position{}, events+1))(t)
		head := must(n.log.Head(ctx))(t) // last: it is not before any that was seen
		behind := must(store.Collect(ctx, n.db, behindSQL, store.ScanInt, head.TxID, head.ID))(t)
		if len(seen) == events && behind[0] == 0 {
			return
		}
		runtime.Gosched()
	}
}

var placedSQL = store.MaintainBoth(`SELECT 1 FROM event_consumers WHERE name = 'webhooks'`)

var behindSQL = store.MaintainBoth(`SELECT count(*) FROM event_consumers WHERE name = 'webhooks' AND (txid, id) < ($1, $2)`)

var mailsSQL = store.MaintainBoth(`SELECT count(*) FROM jobs WHERE kind = 'partner.remind'`)

var waitingSQL = store.MaintainBoth(`SELECT count(*) FROM webhook_deliveries WHERE state = 'WAITING'`)

// receiver is a partner that keeps a copy by full messages.
type receiver struct {
	*httptest.Server
	t      *testing.T
	secret string

	mu       sync.Mutex
	copy     map[string]string
	attempts int
	order    map[string][]string // accepted types by article
	ids      map[string]bool
	bodies   []string                                          // as they came
	answer   func(w http.ResponseWriter, r *http.Request) bool // whether it answered
}

func newReceiver(t *testing.T) *receiver {
	t.Helper()
	r := &receiver{t: t, copy: map[string]string{}, order: map[string][]string{}, ids: map[string]bool{}}
	r.Server = httptest.NewServer(r)
	t.Cleanup(r.Close)
	return r
}

type received struct {
	Type string
	Data struct {
		ArticleID, CommentID, Reason, Cursor, Href, Message string
		Article                                             json.RawMessage
	}
}

func (r *receiver) ServeHTTP(w http.ResponseWriter, request *http.Request) {
	body, _ := io.ReadAll(request.Body)
	r.mu.Lock()
	defer r.mu.Unlock()
	r.attempts++
	wh, err := standardwebhooks.NewWebhook(r.secret)
	if err == nil {
		err = wh.Verify(body, request.Header)
	}
	if err != nil {
		r.t.Errorf("a message is not signed: %v", err)
	}
	if r.answer != nil && r.answer(w, request) {
		return
	}
	var m received
	if err := json.Unmarshal(body, &m); err != nil {
		r.t.Error(err)
	}
	if r.ids[request.Header.Get("webhook-id")] {
		return // was done
	}
	r.ids[request.Header.Get("webhook-id")] = true
	r.bodies = append(r.bodies, string(body))
	if m.Data.CommentID != "" {
		r.order[m.Data.CommentID] = append(r.order[m.Data.CommentID], m.Type)
		return
	}
	r.order[m.Data.ArticleID] = append(r.order[m.Data.ArticleID], m.Type)
	if len(m.Data.Article) > 0 && string(m.Data.Article) != "null" {
		r.copy[m.Data.ArticleID] = string(m.Data.Article)
	} else {
		delete(r.copy, m.Data.ArticleID)
	}
}

// connect makes a webhook for a receiver.
func (n *node) connect(t *testing.T, k *partner.Key, r *receiver, d webhook.Draft) *webhook.Webhook {
	t.Helper()
	d.URL = r.URL
	r.mu.Lock()
	defer r.mu.Unlock()
	made, shown, err := n.Create(admin(t), k.ID, d)
	r.secret = shown
	return must(made, err)(t)
}

// export is everything that a key may have.
func (n *node) export(t *testing.T, k *partner.Key) map[string]string {
	t.Helper()
	all := map[string]string{}
	for after := ""; ; {
		page := must(n.partners.Snapshot(t.Context(), k, after, 50))(t)
		for _, s := range page.Stories {
			text, err := ninjs.Encode(s.Item)
			all[id.Encode(id.Article, s.ID)] = string(must(text, err)(t))
		}
		if after = page.Next; after == "" {
			return all
		}
	}
}

func (n *node) draft(key int, title string, status article.Status, section int) *content.Draft {
	at := time.Date(2026, 3, 1, 9, 0, 0, 0, time.UTC)
	return &content.Draft{ID: key, Title: title, Status: status, PublishedAt: &at, PrimaryCategory: &section, Language: "en",
		Body: []richtext.Block{{Kind: richtext.Paragraph, HTML: "Words about " + title}}}
}

func (n *node) save(t *testing.T, d *content.Draft) int {
	t.Helper()
	return must(n.articles.Save(access.AsSystem(t.Context()), d))(t)[0].ID
}

// change changes an article at random.
func (n *node) change(t *testing.T, random *rand.Rand, key, step int, sections []int) int {
	t.Helper()
	status := []article.Status{article.StatusPublished, article.StatusPublished, article.StatusUnpublished, article.StatusKilled}[random.IntN(4)]
	return n.save(t, n.draft(key, fmt.Sprintf("Story %d of %d", step, key), status, sections[random.IntN(len(sections))]))
}

func TestAReceiverThatFailsAtRandomHasTheSameAsAnExport(t *testing.T) {
	t.Parallel()
	testkit.EachURL(t, func(t *testing.T, url string) {
		n := newNode(t, url)
		inside, outside := n.section(t, "inside"), n.section(t, "outside")
		k := n.key(t, partner.Entitlement{Categories: []int{inside.ID}})
		r := newReceiver(t)
		seed := rand.Uint64()
		t.Log("seed", seed)
		random := rand.New(rand.NewPCG(seed, 0))
		failing := rand.New(rand.NewPCG(seed, 1))
		r.answer = func(w http.ResponseWriter, request *http.Request) bool {
			switch failing.IntN(6) {
			case 0:
				w.WriteHeader(http.StatusInternalServerError)
			case 1:
				panic(http.ErrAbortHandler)
			case 2:
				http.Redirect(w, request, "/elsewhere", http.StatusFound)
			default:
				return false
			}
			return true
		}
		n.connect(t, k, r, webhook.Draft{Full: true})
		var keys []int
		for i := range 8 {
			keys = append(keys, n.save(t, n.draft(0, fmt.Sprintf("Story %d", i), article.StatusPublished, inside.ID)))
		}
		for step := range 60 {
			i := random.IntN(len(keys))
			keys[i] = n.change(t, random, keys[i], step, []int{inside.ID, outside.ID})
		}
		n.settled(t)
		r.mu.Lock()
		defer r.mu.Unlock()
		want := n.export(t, k)
		if diff := cmp.Diff(want, r.copy); diff != "" {
			t.Errorf("the copy differs (-export +copy):\n%s", diff)
		}
		if r.attempts <= len(r.ids) {
			t.Errorf("%d attempts for %d messages: nothing failed", r.attempts, len(r.ids))
		}
	})
}

func TestMessagesOfAnArticleComeInOrder(t *testing.T) {
	t.Parallel()
	testkit.EachURL(t, func(t *testing.T, url string) {
		n := newNode(t, url)
		section := n.section(t, "inside")
		k := n.key(t, partner.Entitlement{})
		r := newReceiver(t)
		down := true
		r.answer = func(w http.ResponseWriter, _ *http.Request) bool {
			if down && r.attempts < 6 {
				w.WriteHeader(http.StatusServiceUnavailable)
				return true
			}
			down = false
			return false
		}
		w := n.connect(t, k, r, webhook.Draft{Types: []string{"article.published", "article.updated", "article.withdrawn"}})
		one := n.save(t, n.draft(0, "One", article.StatusPublished, section.ID))
		n.consumed(t) // each by itself
		n.save(t, n.draft(one, "One again", article.StatusPublished, section.ID))
		n.consumed(t)
		n.save(t, n.draft(one, "One", article.StatusKilled, section.ID))
		n.settled(t)
		r.mu.Lock()
		if diff := cmp.Diff([]string{"article.published", "article.updated", "article.withdrawn"}, r.order[id.Encode(id.Article, one)]); diff != "" {
			t.Error(diff)
		}
		r.mu.Unlock()
		log := must(n.Deliveries(admin(t), w.ID, 0, webhook.Delivered, 10))(t)
		if len(log) != 3 || log[0].Reason != "KILLED" || log[2].AttemptCount < 2 || *log[2].LastStatus() != http.StatusOK {
			t.Errorf("the log: %+v", log)
		}
		told := must(n.partners.KillCompliance(admin(t), one))(t)
		if len(told) != 1 || told[0].State != partner.Fetched || told[0].FetchedAt == nil {
			t.Errorf("what the newsroom sees of the kill: %+v", told)
		}
		// Replayed, they are messages of their own.
		if count := must(n.Replay(admin(t), w.ID, time.Now().Add(-time.Hour)))(t); count != 3 {
			t.Errorf("%d are replayed", count)
		}
		n.settled(t)
		r.mu.Lock()
		defer r.mu.Unlock()
		if got := r.order[id.Encode(id.Article, one)]; len(got) != 6 || got[5] != "article.withdrawn" {
			t.Errorf("after a replay: %v", got)
		}
	})
}

func TestGoneDisablesAndRetryGoesOn(t *testing.T) {
	t.Parallel()
	testkit.EachURL(t, func(t *testing.T, url string) {
		n := newNode(t, url)
		section := n.section(t, "inside")
		k := n.key(t, partner.Entitlement{})
		r := newReceiver(t)
		gone := true
		r.answer = func(w http.ResponseWriter, _ *http.Request) bool {
			if gone {
				w.WriteHeader(http.StatusGone)
			}
			return gone
		}
		w := n.connect(t, k, r, webhook.Draft{})
		n.save(t, n.draft(0, "One", article.StatusPublished, section.ID))
		n.settled(t)
		all := must(n.List(admin(t)))(t)
		if len(all) != 1 || all[0].DisabledReason() != webhook.Gone {
			t.Fatalf("after 410: %+v", all)
		}
		n.save(t, n.draft(0, "Two", article.StatusPublished, section.ID)) // of which it is told nothing
		n.settled(t)
		failed := must(n.Deliveries(admin(t), w.ID, 0, webhook.Failed, 10))(t)
		r.mu.Lock()
		gone = false
		r.mu.Unlock()
		enabled := true
		must(n.Update(admin(t), w.ID, func(*webhook.Draft) {}, &enabled))(t)
		if err := n.Retry(admin(t), failed[0].ID); err != nil || len(failed) != 1 {
			t.Fatalf("%v, %+v", err, failed)
		}
		must(n.Test(admin(t), w.ID))(t)
		n.settled(t)
		r.mu.Lock()
		defer r.mu.Unlock()
		if len(r.ids) != 2 || !slices.Equal(r.order[""], []string{webhook.TestEvent}) {
			t.Errorf("it got %v", r.order)
		}
	})
}

func TestAfterTheLastAttemptADeliveryHasFailed(t *testing.T) {
	t.Parallel()
	testkit.EachURL(t, func(t *testing.T, url string) {
		n := newNode(t, url)
		n.Backoff = slices.Repeat([]time.Duration{time.Millisecond}, 2)
		section := n.section(t, "inside")
		r := newReceiver(t)
		r.answer = func(w http.ResponseWriter, _ *http.Request) bool {
			w.WriteHeader(http.StatusTeapot)
			_, _ = w.Write(bytes.Repeat([]byte("x\x00\xff"), 1<<20)) // more than anybody reads
			return true
		}
		w := n.connect(t, n.key(t, partner.Entitlement{}), r, webhook.Draft{})
		n.save(t, n.draft(0, "One", article.StatusPublished, section.ID))
		n.settled(t)
		log := must(n.Deliveries(admin(t), w.ID, 0, "", 10))(t)
		if len(log) != 1 || log[0].State != webhook.Failed || log[0].AttemptCount != 3 || *log[0].LastStatus() != http.StatusTeapot || len(log[0].LastAnswer) > 1500 || log[0].NextAttemptAt() != nil {
			t.Errorf("got %+v", log)
		}
	})
}

func TestRequestsReachTheOpenWebOnly(t *testing.T) {
	t.Parallel()
	testkit.EachURL(t, func(t *testing.T, url string) {
		n := newNode(t, url)
		n.Backoff = nil
		n.Reach(nil) // as in production
		section := n.section(t, "inside")
		k := n.key(t, partner.Entitlement{})
		r := newReceiver(t)
		w := n.connect(t, k, r, webhook.Draft{})
		must(n.Update(admin(t), w.ID, func(d *webhook.Draft) { d.URL = strings.Replace(r.URL, "127.0.0.1", "localhost", 1) }, nil))(t)
		n.save(t, n.draft(0, "One", article.StatusPublished, section.ID))
		n.settled(t)
		log := must(n.Deliveries(admin(t), w.ID, 0, "", 10))(t)
		r.mu.Lock()
		defer r.mu.Unlock()
		if r.attempts != 0 || len(log) != 1 || log[0].State != webhook.Failed || !strings.Contains(log[0].LastError, "not one of the open web") {
			t.Errorf("%d requests, %+v", r.attempts, log)
		}
	})
}

func TestBadWebhooksAreRefused(t *testing.T) {
	t.Parallel()
	testkit.EachURL(t, func(t *testing.T, url string) {
		n := newNode(t, url)
		n.Insecure = false
		k := n.key(t, partner.Entitlement{})
		for name, d := range map[string]webhook.Draft{
			"http": {URL: "http://example.org/"}, "no address": {}, "a password": {URL: "https://a:b@example.org/"}, "a file": {URL: "file:///etc/passwd"},
			"this machine": {URL: "https://127.0.0.1/"}, "metadata": {URL: "https://169.254.169.254/latest"}, "IPv6": {URL: "https://[::1]/"}, "private": {URL: "https://10.0.0.1/"},
			"a made-up type": {URL: "https://example.org/", Types: []string{"article.stolen"}}, "too long": {URL: "https://example.org/" + strings.Repeat("x", 3000)},
		} {
			if _, _, err := n.Create(admin(t), k.ID, d); err == nil {
				t.Errorf("%s: it is made", name)
			}
		}
		if _, _, err := n.Create(t.Context(), k.ID, webhook.Draft{URL: "https://example.org/"}); fault.CodeOf(err) != fault.Unauthenticated {
			t.Errorf("anybody makes webhooks: %v", err)
		}
		narrow, _, err := n.partners.Create(admin(t), partner.Key{Name: "x", Scopes: []partner.Scope{partner.Changes}})
		if err != nil {
			t.Fatal(err)
		}
		if _, _, err := n.Create(admin(t), narrow.ID, webhook.Draft{URL: "https://example.org/"}); err == nil {
			t.Error("a key without the scope gets a webhook")
		}
		made, first, err := n.Create(admin(t), k.ID, webhook.Draft{URL: "https://example.org/hook"})
		if err != nil || !strings.HasPrefix(first, "whsec_") {
			t.Fatalf("%q, %v", first, err)
		}
		if stored := must(store.Collect(t.Context(), n.db, storedSQL, store.ScanText))(t); strings.Contains(stored[0], "whsec_") {
			t.Errorf("the secret is stored as %q", stored[0])
		}
		if _, _, err := n.Rotate(admin(t), made.ID, 1000*time.Hour); err == nil {
			t.Error("the overlap has no end")
		}
	})
}

var storedSQL = store.MaintainBoth(`SELECT secret FROM webhooks`)

func TestBothSecretsSignDuringRotation(t *testing.T) {
	t.Parallel()
	testkit.EachURL(t, func(t *testing.T, url string) {
		n := newNode(t, url)
		r := newReceiver(t)
		w := n.connect(t, n.key(t, partner.Entitlement{}), r, webhook.Draft{})
		_, second, err := n.Rotate(admin(t), w.ID, time.Hour)
		if err != nil {
			t.Fatal(err)
		}
		var signatures []int
		r.answer = func(_ http.ResponseWriter, request *http.Request) bool {
			signatures = append(signatures, len(strings.Fields(request.Header.Get("webhook-signature"))))
			return false
		}
		must(n.Test(admin(t), w.ID))(t) // the receiver checks by the first
		n.settled(t)
		r.mu.Lock()
		r.secret = second
		r.mu.Unlock()
		must(n.Test(admin(t), w.ID))(t)
		n.settled(t)
		r.mu.Lock()
		defer r.mu.Unlock()
		if !slices.Equal(signatures, []int{2, 2}) {
			t.Errorf("signatures: %v", signatures)
		}
	})
}

// TestExamplesFitTheirSchemas holds the catalogue of events.
func TestExamplesFitTheirSchemas(t *testing.T) {
	t.Parallel()
	for _, e := range webhook.Types() {
		doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(e.Schema))
		if err != nil {
			t.Fatal(err)
		}
		c := jsonschema.NewCompiler()
		c.AssertFormat()
		if err := c.AddResource("schema.json", doc); err != nil {
			t.Fatal(err)
		}
		schema, err := c.Compile("schema.json")
		if err != nil {
			t.Fatal(err)
		}
		example, err := jsonschema.UnmarshalJSON(bytes.NewReader(e.Example))
		if err != nil {
			t.Fatalf("%s: %v", e.Name, err)
		}
		if err := schema.Validate(example); err != nil || e.Description == "" {
			t.Errorf("%s: %v", e.Name, err)
		}
		if schema.Validate(map[string]any{"type": e.Name}) == nil {
			t.Errorf("%s: the schema lets everything pass", e.Name)
		}
	}
}

// TestAnswersWithoutAnEndAreCutOff: whatever a receiver sends back, a part of it is read, and
// another webhook has its message meanwhile.
func TestAnswersWithoutAnEndAreCutOff(t *testing.T) {
	t.Parallel()
	for name, status := range map[string]int{"taken": http.StatusOK, "refused": http.StatusInternalServerError} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			testkit.EachURL(t, func(t *testing.T, url string) {
				n := newNode(t, url)
				n.Backoff = nil
				section := n.section(t, "inside")
				k := n.key(t, partner.Entitlement{})
				endless, other := newReceiver(t), newReceiver(t)
				sent := 0
				endless.answer = func(w http.ResponseWriter, _ *http.Request) bool {
					w.WriteHeader(status)
					for chunk := make([]byte, 64<<10); ; {
						written, err := w.Write(chunk)
						if sent += written; err != nil || sent > 1<<30 {
							return true
						}
					}
				}
				bad := n.connect(t, k, endless, webhook.Draft{})
				n.connect(t, k, other, webhook.Draft{})
				n.save(t, n.draft(0, "One", article.StatusPublished, section.ID))
				n.settled(t)
				log := must(n.Deliveries(admin(t), bad.ID, 0, "", 10))(t)
				want := webhook.Failed
				if status == http.StatusOK {
					want = webhook.Delivered
				}
				if len(log) != 1 || log[0].State != want {
					t.Errorf("%+v", log)
				}
				endless.mu.Lock()
				defer endless.mu.Unlock()
				other.mu.Lock()
				defer other.mu.Unlock()
				const buffers = 64 << 20 // of both ends
				if sent > buffers || other.attempts != 1 {
					t.Errorf("%d bytes were taken, another webhook was sent %d messages", sent, other.attempts)
				}
			})
		})
	}
}
