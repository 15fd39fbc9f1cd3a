package app_test

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	"github.com/mmcdole/gofeed"
)

// hub is a hub of WebSub: it fetches a topic when it is told that it changed, and has what
// its subscribers have.
type hub struct {
	*httptest.Server
	mu   sync.Mutex
	have map[string]map[string]string // what the items of a topic say, by identity
}

func newHub(t *testing.T) *hub {
	t.Helper()
	h := &hub{have: map[string]map[string]string{}}
	h.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if err := r.ParseForm(); err != nil || r.PostForm.Get("hub.mode") != "publish" {
			t.Errorf("the hub was sent %v, %v", r.PostForm, err)
		}
		for _, topic := range r.PostForm["hub.url"] {
			items, err := readFeed(r.Context(), topic)
			if err != nil {
				http.Error(w, err.Error(), http.StatusServiceUnavailable) // it is told again
				return
			}
			h.mu.Lock()
			h.have[topic] = items
			h.mu.Unlock()
		}
		w.WriteHeader(http.StatusNoContent)
	}))
	t.Cleanup(h.Close)
	return h
}

func (h *hub) distributed(topic string) map[string]string {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.have[topic]
}

// readFeed gives what the items of a feed say, by their identities; nil of a feed that is
// not there.
func readFeed(ctx context.Context, address string) (map[string]string, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return nil, err
	}
	answer, err := http.DefaultClient.Do(request)
	if err != nil {
		return nil, err
	}
	defer func() { _ = answer.Body.Close() }()
	if answer.StatusCode == http.StatusNotFound { // of an article that was hidden meanwhile
		return nil, nil
	}
	if answer.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("%s: %s", address, answer.Status)
	}
	read, err := gofeed.NewParser().Parse(answer.Body)
	if err != nil {
		return nil, err
	}
	items := map[string]string{}
	for _, it := range read.Items {
		items[it.GUID] = it.Title + ": " + it.Description
	}
	return items, nil
}

func (s *site) itemsOf(t *testing.T, path string) map[string]string {
	t.Helper()
	items, err := readFeed(t.Context(), s.url+path)
	if err != nil {
		t.Fatal(err)
	}
	return items
}

// subscribe keeps a copy by a subscription to the changes of a key, over a WebSocket. What
// it gives reads on until an article has come, and gives the copy.
func (s *site) subscribe(t *testing.T, token string) (until func(article string) map[string]any) {
	t.Helper()
	var begin struct{ Next string }
	s.fetch(t, "/partner/changes?first=1", token, &begin)
	node := &served{App: s.App, url: s.url}
	l := node.listen(t, token, `subscription { changes(after: "`+begin.Next+`") { changes { articleId article } } }`)
	return func(last string) map[string]any {
		t.Helper()
		all := map[string]any{}
		for all[last] == nil {
			var told struct {
				Type    string
				Payload struct {
					Data struct {
						Changes struct {
							Changes []struct {
								ArticleID string
								Article   map[string]any
							}
						}
					}
				}
			}
			if l.read(&told); told.Type != "next" {
				t.Fatalf("the subscription to the changes was sent %q", told.Type)
			}
			for _, c := range told.Payload.Data.Changes.Changes {
				if delete(all, c.ArticleID); c.Article != nil {
					all[c.ArticleID] = c.Article
				}
			}
		}
		return all
	}
}

// announcements follows what is published over an event stream. What it gives reads on
// until an article was announced, and gives all that were.
func (s *site) announcements(t *testing.T) (until func(article string) map[string]bool) {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, s.url+"/graphql", strings.NewReader(`{"query":"subscription { articlePublished { id } }"}`))
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("Content-Type", "application/json")
	request.Header.Set("Accept", "text/event-stream")
	stream, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = stream.Body.Close() })
	if err := s.Watch.Await(t.Context(), 1); err != nil {
		t.Fatal(err)
	}
	return func(last string) map[string]bool {
		t.Helper()
		seen, lines := map[string]bool{}, bufio.NewScanner(stream.Body)
		for !seen[last] && lines.Scan() {
			text, data := strings.CutPrefix(lines.Text(), "data: ")
			var told struct {
				Data struct{ ArticlePublished struct{ ID string } }
			}
			if data && json.Unmarshal([]byte(text), &told) == nil {
				seen[told.Data.ArticlePublished.ID] = true
			}
		}
		if !seen[last] {
			t.Errorf("the event stream ended with %q: %v", lines.Text(), lines.Err())
		}
		return seen
	}
}
