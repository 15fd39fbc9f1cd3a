package app_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"regexp"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/mmcdole/gofeed"

	"github.com/broadsheet-cms/broadsheet/ent"
	"github.com/broadsheet-cms/broadsheet/ent/article"
	"github.com/broadsheet-cms/broadsheet/internal/access"
	"github.com/broadsheet-cms/broadsheet/internal/comment"
	"github.com/broadsheet-cms/broadsheet/internal/content"
	"github.com/broadsheet-cms/broadsheet/internal/event"
	"github.com/broadsheet-cms/broadsheet/internal/fault"
	"github.com/broadsheet-cms/broadsheet/internal/id"
	"github.com/broadsheet-cms/broadsheet/internal/partner"
	"github.com/broadsheet-cms/broadsheet/internal/richtext"
	"github.com/broadsheet-cms/broadsheet/internal/store"
	"github.com/broadsheet-cms/broadsheet/internal/testkit"
	"github.com/broadsheet-cms/broadsheet/internal/webhook"
)

// follow runs what a server runs beside its requests.
func (s *site) follow(t *testing.T) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	var group sync.WaitGroup
	group.Go(func() { _ = s.Log.Run(ctx) })
	group.Go(func() { _ = s.DB.Listen(ctx, s.Log.Wake) })
	group.Go(func() { _ = s.Jobs.Run(ctx) })
	t.Cleanup(func() { cancel(); group.Wait() })
	s.until(t, `SELECT count(*) FROM event_consumers WHERE name = 'webhooks'`, 1)
}

// until waits for a count.
func (s *site) until(t *testing.T, query string, want int) {
	t.Helper()
	statement := store.MaintainBoth(query)
	for {
		found, err := store.Collect(t.Context(), s.DB, statement, store.ScanInt)
		if err != nil {
			t.Fatal(err)
		}
		if found[0] == want {
			return
		}
		runtime.Gosched()
	}
}

// partner makes a key with its secret.
func (s *site) partner(t *testing.T) (*partner.Key, string) {
	t.Helper()
	k, token, err := s.Partners.Create(access.AsSystem(t.Context()), partner.Key{Name: "Harbour Post", Scopes: []partner.Scope{partner.Published, partner.Changes, partner.Webhooks, partner.Comments}, QuotaMinute: 1_000_000})
	if err != nil {
		t.Fatal(err)
	}
	return k, token
}

// section makes a section.
func (s *site) section(t *testing.T, slug string) (saved *ent.Category) {
	t.Helper()
	err := s.DB.Tx(access.AsSystem(t.Context()), func(ctx context.Context) (err error) {
		if saved, err = s.DB.Ent(ctx).Category.Create().SetName(slug).SetSlug(slug).Save(ctx); err != nil {
			return err
		}
		return s.Log.Append(ctx, event.Event{Action: event.Created, Entity: id.Category, EntityID: saved.ID})
	})
	if err != nil {
		t.Fatal(err)
	}
	return saved
}

// write makes an article, or changes one.
func (s *site) write(t *testing.T, key int, title string, status article.Status, section *ent.Category) int {
	t.Helper()
	at := time.Date(2026, 3, 1, 9, 0, key, 0, time.UTC)
	saved, err := s.Articles.Save(access.AsSystem(t.Context()), &content.Draft{ID: key, Title: title, Status: status, PublishedAt: &at, PrimaryCategory: &section.ID, Language: "en",
		Body: []richtext.Block{{Kind: richtext.Paragraph, HTML: "Words about <b>" + title + "</b>"}}})
	if err != nil {
		t.Fatal(err)
	}
	return saved[0].ID
}

// shake changes articles at random.
func (s *site) shake(t *testing.T, random *rand.Rand, keys []int, steps int, section *ent.Category) {
	t.Helper()
	for step := range steps {
		i := random.IntN(len(keys))
		status := []article.Status{article.StatusPublished, article.StatusPublished, article.StatusUnpublished, article.StatusKilled}[random.IntN(4)]
		keys[i] = s.write(t, keys[i], fmt.Sprintf("Story %d of %d", step, i), status, section)
	}
}

// fetch asks for JSON with a key.
func (s *site) fetch(t *testing.T, path, token string, into any) {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, s.url+path, nil)
	if err != nil {
		t.Fatal(err)
	}
	if token != "" {
		request.Header.Set("Authorization", "Bearer "+token)
	}
	answer, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = answer.Body.Close() }()
	text, err := io.ReadAll(answer.Body)
	if err != nil || answer.StatusCode != http.StatusOK {
		t.Fatalf("%s: %s, %v: %.300s", path, answer.Status, err, text)
	}
	if raw, ok := into.(*string); ok {
		*raw = string(text)
		return
	}
	if err := json.Unmarshal(text, into); err != nil {
		t.Fatal(err)
	}
}

// snapshot is everything that a key may have, by id.
func (s *site) snapshot(t *testing.T, token string) map[string]any {
	t.Helper()
	all := map[string]any{}
	for after := ""; ; {
		var page struct {
			Articles []map[string]any
			Next     string
		}
		s.fetch(t, "/partner/snapshot?first=3&after="+after, token, &page)
		for _, a := range page.Articles {
			all[strings.TrimPrefix(a["uri"].(string), "urn:broadsheet:")] = a
		}
		if after = page.Next; after == "" {
			return all
		}
	}
}

// replayed is a copy that the changes from the beginning lead to.
func (s *site) replayed(t *testing.T, token string) map[string]any {
	t.Helper()
	all := map[string]any{}
	for after := ""; ; {
		var page struct {
			Changes []struct {
				ArticleID string
				Article   map[string]any
			}
			Next    string
			HasMore bool
		}
		s.fetch(t, "/partner/changes?first=7&after="+after, token, &page)
		for _, c := range page.Changes {
			if delete(all, c.ArticleID); c.Article != nil {
				all[c.ArticleID] = c.Article
			}
		}
		after = page.Next
		if !page.HasMore {
			return all
		}
	}
}

// listener keeps a copy by webhook: of articles, and of comments by their ids. When an
// article comes, read gives the comments that it has.
func listener(t *testing.T, read func(articleID string) map[string]string) (url string, current func() (map[string]any, map[string]string)) {
	t.Helper()
	var mu sync.Mutex
	all := map[string]any{}
	below := map[string]map[string]string{} // by article
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		mu.Lock()
		defer mu.Unlock()
		var m struct {
			Data struct {
				ArticleID, CommentID string
				Article              map[string]any
				Comment              *partner.Comment
			}
		}
		if err := json.NewDecoder(r.Body).Decode(&m); err != nil {
			w.WriteHeader(http.StatusBadRequest)
			return
		}
		switch {
		case m.Data.CommentID == "" && m.Data.Article == nil:
			delete(all, m.Data.ArticleID)
			delete(below, m.Data.ArticleID)
		case m.Data.CommentID == "":
			if all[m.Data.ArticleID] = m.Data.Article; below[m.Data.ArticleID] == nil {
				below[m.Data.ArticleID] = read(m.Data.ArticleID)
			}
		case below[m.Data.ArticleID] == nil: // its article comes, with its comments
		case m.Data.Comment == nil:
			delete(below[m.Data.ArticleID], m.Data.CommentID)
		default:
			below[m.Data.ArticleID][m.Data.CommentID] = m.Data.Comment.Body
		}
	}))
	t.Cleanup(server.Close)
	return server.URL, func() (map[string]any, map[string]string) {
		mu.Lock()
		defer mu.Unlock()
		comments := map[string]string{}
		for _, of := range below {
			maps.Copy(comments, of)
		}
		return maps.Clone(all), comments
	}
}

// TestEveryOutputSaysTheSame: after random changes the feed of changes, a snapshot,
// a webhook's receiver, a subscription, what a hub of WebSub hands on and each format of
// the site's feed agree.
func TestEveryOutputSaysTheSame(t *testing.T) {
	t.Parallel()
	testkit.Long(t)
	h := newHub(t)
	eachSite(t, func(t *testing.T, s *site) {
		s.Webhooks.Insecure = true
		s.Webhooks.Reach(func(netip.Addr) bool { return true })
		s.WebSub.Gather = 0
		s.WebSub.Reach(func(netip.Addr) bool { return true })
		s.follow(t)
		s.until(t, `SELECT count(*) FROM event_consumers WHERE name = 'websub'`, 1)
		k, token := s.partner(t)
		address, told := listener(t, func(article string) map[string]string { return s.below(t, token, article) })
		if _, _, err := s.Webhooks.Create(access.AsSystem(t.Context()), k.ID, webhook.Draft{URL: address, Full: true}); err != nil {
			t.Fatal(err)
		}
		seed := rand.Uint64()
		t.Log("seed", seed)
		section := s.section(t, "world")
		random, keys := rand.New(rand.NewPCG(seed, 0)), make([]int, 9)
		var posted []*comment.Posted
		subscribed, announced := s.subscribe(t, token), s.announcements(t)
		for range 20 {
			s.shake(t, random, keys, 4, section)
			posted = s.talk(t, random, keys, posted)
			s.kept(t) // so that it is answered from memory where nothing has changed
		}
		last := id.Encode(id.Article, s.write(t, 0, "The last story", article.StatusPublished, section))
		s.settle(t)
		want := s.snapshot(t, token)
		articles, comments := told()
		for name, got := range map[string]map[string]any{"the changes": s.replayed(t, token), "the webhook": articles, "the subscription": subscribed(last)} {
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("%s (-snapshot +%s):\n%s", name, name, diff)
			}
		}
		s.compareFeeds(t, want)
		seen := announced(last)
		for key := range want {
			if !seen[key] {
				t.Errorf("the event stream did not tell that %s was published", key)
			}
		}
		for _, topic := range []string{"/feed/", "/feed/atom/", "/feed/json/", "/sections/world/feed/", "/sections/world/feed/atom/", "/sections/world/feed/json/", "/languages/en/feed/", "/comments/feed/", "/comments/feed/atom/"} {
			if diff := cmp.Diff(s.itemsOf(t, topic), h.distributed(s.url+topic)); diff != "" {
				t.Errorf("what the hub has of %s (-feed +hub):\n%s", topic, diff)
			}
		}
		titles := map[string]string{}
		for key, a := range want {
			titles[key] = a.(map[string]any)["headlines"].([]any)[0].(map[string]any)["value"].(string)
		}
		for range 2 {
			if diff := cmp.Diff(titles, s.kept(t)); diff != "" {
				t.Errorf("answers of the API, kept in memory (-snapshot +answer):\n%s", diff)
			}
		}
		if diff := cmp.Diff(s.commentFeed(t), comments); diff != "" {
			t.Errorf("comments (-feed +webhook):\n%s", diff)
		}
	}, "--websub-hub="+h.URL)
}

// kept is what the API says is the latest, from memory if it is there; titles by id.
func (s *site) kept(t *testing.T) map[string]string {
	t.Helper()
	var answer struct {
		Data struct {
			LatestNews struct{ Nodes []struct{ ID, Title string } }
		}
	}
	s.fetch(t, "/graphql?query="+url.QueryEscape(`{ latestNews(first: 30) { nodes { id title } } }`), "", &answer)
	titles := map[string]string{}
	for _, a := range answer.Data.LatestNews.Nodes {
		titles[a.ID] = a.Title
	}
	return titles
}

// TestFeedsAreCompressed with and without the news site before them, and caches are told
// of both ways in which the answers differ.
func TestFeedsAreCompressed(t *testing.T) {
	t.Parallel()
	for _, mode := range []string{"--site", "--no-site"} {
		s := runNode(t, "sqlite:"+t.TempDir()+"/site.db", mode)
		o := &site{App: s.App, url: s.url}
		o.write(t, 0, strings.Repeat("Words and more ", 100), article.StatusPublished, o.section(t, "world"))
		_, token := o.partner(t)
		for _, path := range []string{"/feed/", "/feed/atom/", "/feed/json/", "/feed/ninjs/", "/partner/changes", "/partner/snapshot"} {
			request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, s.url+path, nil)
			if err != nil {
				t.Fatal(err)
			}
			request.Header.Set("Accept-Encoding", "gzip")
			if strings.HasPrefix(path, "/partner/") {
				request.Header.Set("Authorization", "Bearer "+token)
			}
			answer, err := http.DefaultTransport.RoundTrip(request)
			if err != nil {
				t.Fatal(err)
			}
			_ = answer.Body.Close()
			vary := strings.Join(answer.Header.Values("Vary"), ", ")
			if answer.StatusCode != http.StatusOK || answer.Header.Get("Content-Encoding") != "gzip" || !strings.Contains(vary, "Accept-Encoding") || !strings.Contains(vary, "Authorization") || answer.Header.Get("ETag") == "" {
				t.Errorf("%s %s: %s, %v", mode, path, answer.Status, answer.Header)
			}
		}
	}
}

// talk lets a guest post, change or take back a comment, at random.
func (s *site) talk(t *testing.T, random *rand.Rand, articles []int, posted []*comment.Posted) []*comment.Posted {
	t.Helper()
	ctx := access.With(t.Context(), access.Viewer{})
	refused := func(err error) { // its article may be hidden at the moment
		if err != nil && fault.CodeOf(err) == fault.Internal {
			t.Fatal(err)
		}
	}
	if key := articles[random.IntN(len(articles))]; key != 0 {
		made, err := s.Comments.Add(ctx, comment.Post{ArticleID: key, Body: fmt.Sprintf("Words number %d", len(posted)), GuestName: "Nadia", GuestEmail: "nadia@private.example",
			Submission: comment.Submission{OnPage: time.Minute}})
		if err == nil {
			posted = append(posted, made)
		} else {
			refused(err)
		}
	}
	if len(posted) == 0 {
		return posted
	}
	switch c := posted[random.IntN(len(posted))]; random.IntN(3) {
	case 0:
		_, err := s.Comments.Edit(ctx, c.Comment.ID, c.GuestToken, fmt.Sprintf("Words changed at %d", random.IntN(1000)))
		refused(err)
	case 1:
		refused(s.Comments.Delete(ctx, c.Comment.ID, c.GuestToken))
	}
	return posted
}

// below are the comments of an article that a key may have.
func (s *site) below(t *testing.T, token, article string) map[string]string {
	t.Helper()
	all := map[string]string{}
	for after := ""; ; {
		request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, s.url+"/partner/articles/"+article+"/comments?first=2&after="+after, nil)
		if err != nil {
			t.Error(err)
			return all
		}
		request.Header.Set("Authorization", "Bearer "+token)
		answer, err := http.DefaultClient.Do(request)
		if err != nil {
			t.Error(err)
			return all
		}
		var page struct {
			Comments []partner.Comment
			Next     string
		}
		err = json.NewDecoder(answer.Body).Decode(&page)
		_ = answer.Body.Close()
		if answer.StatusCode == http.StatusNotFound { // it went meanwhile
			return all
		}
		if err != nil {
			t.Error(err)
			return all
		}
		for _, c := range page.Comments {
			all[c.ID] = c.Body
		}
		if after = page.Next; after == "" {
			return all
		}
	}
}

// commentFeed are the comments of the site's feed.
func (s *site) commentFeed(t *testing.T) map[string]string {
	t.Helper()
	var text string
	s.fetch(t, "/comments/feed/", "", &text)
	read, err := gofeed.NewParser().ParseString(text)
	if err != nil {
		t.Fatal(err)
	}
	all := map[string]string{}
	for _, it := range read.Items {
		all[strings.TrimPrefix(it.GUID, "urn:broadsheet:")] = it.Description
	}
	return all
}

// settle waits until everything was consumed and sent.
func (s *site) settle(t *testing.T) {
	t.Helper()
	ctx := access.AsSystem(t.Context())
	events, err := s.DB.Ent(ctx).Event.Query().Count(ctx)
	if err != nil {
		t.Fatal(err)
	}
	for {
		seen, err := s.Log.Read(ctx, event.Position{}, events+1)
		if err != nil {
			t.Fatal(err)
		}
		if len(seen) == events {
			last := seen[events-1]
			s.until(t, fmt.Sprintf(`SELECT count(*) FROM event_consumers WHERE name = 'webhooks' AND (txid, id) >= (%d, %d)`, last.TxID, last.ID), 1)
			s.until(t, `SELECT count(*) FROM webhook_deliveries WHERE state = 'WAITING'`, 0)
			s.until(t, fmt.Sprintf(`SELECT count(*) FROM event_consumers WHERE name = 'websub' AND (txid, id) < (%d, %d)`, last.TxID, last.ID), 0) // there is none without a hub
			s.until(t, `SELECT count(*) FROM jobs WHERE kind = 'websub.ping'`, 0)
			return
		}
		runtime.Gosched()
	}
}

// compareFeeds compares titles and identities of the feeds with a snapshot.
func (s *site) compareFeeds(t *testing.T, want map[string]any) {
	t.Helper()
	titles := map[string]string{}
	for key, a := range want {
		titles["urn:broadsheet:"+key] = a.(map[string]any)["headlines"].([]any)[0].(map[string]any)["value"].(string)
	}
	for _, path := range []string{"/feed/", "/feed/atom/", "/feed/json/", "/sections/world/feed/"} {
		var text string
		s.fetch(t, path, "", &text)
		read, err := gofeed.NewParser().ParseString(text)
		if err != nil {
			t.Fatal(err)
		}
		got := map[string]string{}
		for _, it := range read.Items {
			got[it.GUID] = it.Title
		}
		if diff := cmp.Diff(titles, got); diff != "" {
			t.Errorf("%s (-snapshot +feed):\n%s", path, diff)
		}
	}
	var list struct {
		Associations []struct{ URI string }
	}
	s.fetch(t, "/feed/ninjs/", "", &list)
	if len(list.Associations) != len(want) {
		t.Errorf("ninjs: %d items, want %d", len(list.Associations), len(want))
	}
	for _, a := range list.Associations {
		if titles[a.URI] == "" {
			t.Errorf("ninjs has %s", a.URI)
		}
	}
}

// maxLines is how long a consumer in the documentation may be.
const maxLines = 30

// TestDocumentedConsumersKeepACopy runs the programs of docs/partners.md, and kills
// each of them in the middle: what they have in the end is what they may have.
func TestDocumentedConsumersKeepACopy(t *testing.T) {
	t.Parallel()
	testkit.Long(t)
	doc, err := os.ReadFile("../../docs/partners.md")
	if err != nil {
		t.Fatal(err)
	}
	eachSite(t, func(t *testing.T, s *site) {
		s.follow(t)
		section := s.section(t, "world")
		for language, run := range map[string]struct {
			file    string
			command []string
		}{"python": {"copy.py", []string{"python3", "copy.py"}}, "js": {"copy.mjs", []string{"node", "copy.mjs"}}, "go": {"copy.go", []string{"go", "run", "copy.go"}}} {
			source := regexp.MustCompile("(?s)```" + language + "\n(.*?)```").FindSubmatch(doc)
			if source == nil || bytes.Count(source[1], []byte("\n")) > maxLines {
				t.Fatalf("there is no program in %s of at most %d lines", language, maxLines)
			}
			dir := t.TempDir()
			if err := os.WriteFile(filepath.Join(dir, run.file), source[1], 0o600); err != nil {
				t.Fatal(err)
			}
			t.Run(language, func(t *testing.T) {
				command := run.command
				_, err := exec.LookPath(command[0])
				testkit.Need(t, command[0], err == nil)
				if language == "go" { // kill the program, not the tool that runs it
					build := exec.CommandContext(t.Context(), "go", "build", "-o", filepath.Join(dir, "copy"), "copy.go")
					build.Dir = dir
					if out, err := build.CombinedOutput(); err != nil {
						t.Fatalf("%v\n%s", err, out)
					}
					command = []string{filepath.Join(dir, "copy")}
				}
				_, token := s.partner(t)
				random := rand.New(rand.NewPCG(1, 2))
				keys := make([]int, 5)
				s.shake(t, random, keys, 15, section)
				kill := start(t, dir, command, s.url, token)
				s.wait(t, dir, token)
				kill()
				s.shake(t, random, keys, 15, section)
				kill = start(t, dir, command, s.url, token)
				s.shake(t, random, keys, 15, section)
				s.wait(t, dir, token)
				kill()
			})
		}
	})
}

// start starts a consumer, and gives what kills it.
func start(t *testing.T, dir string, command []string, url, token string) (kill func()) {
	t.Helper()
	c := exec.CommandContext(t.Context(), command[0], command[1:]...)
	c.Dir, c.Env = dir, append(os.Environ(), "SITE="+url, "BROADSHEET_KEY="+token)
	var out bytes.Buffer
	c.Stdout, c.Stderr = &out, &out
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	ended := make(chan struct{})
	go func() { // ends with the process
		_ = c.Wait()
		close(ended)
	}()
	return func() {
		t.Helper()
		select {
		case <-ended:
			t.Errorf("the consumer ended by itself: %s", out.String())
		default:
			_ = c.Process.Kill()
			<-ended
		}
	}
}

// wait waits until the copy in a folder is what a key may have.
func (s *site) wait(t *testing.T, dir, token string) {
	t.Helper()
	want := s.snapshot(t, token)
	for {
		var copied struct{ Articles map[string]any }
		if text, err := os.ReadFile(filepath.Join(dir, "copy.json")); err == nil {
			if err := json.Unmarshal(text, &copied); err != nil {
				t.Fatal(err)
			}
		}
		if len(copied.Articles) == len(want) && (len(want) == 0 && copied.Articles != nil || reflect.DeepEqual(copied.Articles, want)) {
			return
		}
		if t.Context().Err() != nil {
			t.Fatal(cmp.Diff(want, copied.Articles))
		}
		time.Sleep(20 * time.Millisecond) // the program is another process: there is nothing to wait for but its file
	}
}
