package graph_test

import (
	"bytes"
	"context"
	"encoding/json"
	"log/slog"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/broadsheet-cms/broadsheet/graph"
	"github.com/broadsheet-cms/broadsheet/internal/store"
)

// purse is a budget of some points that is never filled again.
type purse struct{ left int }

func (p *purse) Take(_ context.Context, points int) (int, time.Duration) {
	if points > p.left {
		return p.left, 1500 * time.Millisecond
	}
	p.left -= points
	return p.left, 0
}

func TestBudgetsAreChargedByCost(t *testing.T) {
	t.Parallel()
	n := newNewsroom(t)
	money := &purse{left: 1000}
	h := graph.Handler(n.Graph(), graph.Options{Budget: money, Statements: store.Counted, Logger: slog.New(slog.NewTextHandler(n.errors, nil))})
	const query = `{"query":"{latestNews(first:10){nodes{id title}}}"}`
	var told struct {
		Data       json.RawMessage
		Extensions struct {
			Cost struct {
				Cost, Limit, Remaining int
				Statements             *int
			}
		}
	}
	read := func(got exchanged) {
		t.Helper()
		told.Data, told.Extensions.Cost.Cost, told.Extensions.Cost.Statements = nil, 0, nil
		if err := json.Unmarshal(got.Body.Bytes(), &told); err != nil || len(got.codes) > 0 {
			t.Fatalf("%v %s", err, got.Body)
		}
	}
	read(send(t, h, http.MethodPost, "/graphql", query, "X-Broadsheet-Cost", "only"))
	cost := told.Extensions.Cost.Cost
	if cost < 20 || told.Data != nil || money.left != 980 || told.Extensions.Cost.Remaining != 980 || told.Extensions.Cost.Limit != 25_000 || told.Extensions.Cost.Statements != nil {
		t.Errorf("a dry run: %+v, %d left", told, money.left)
	}
	read(send(t, h, http.MethodPost, "/graphql", query, "X-Broadsheet-Cost", "1"))
	if told.Extensions.Cost.Cost != cost || told.Data == nil || told.Extensions.Cost.Remaining != 960-cost || money.left != 960-cost {
		t.Errorf("asked for: %+v, %d left", told, money.left)
	}
	if n := told.Extensions.Cost.Statements; n == nil || *n < 1 || *n > 5 { // one page of a list, and what is asked of the site
		t.Errorf("%v statements", n)
	}
	if got := send(t, h, http.MethodPost, "/graphql", query); got.members["extensions"] != nil || money.left != 940-2*cost {
		t.Errorf("not asked for: %s, %d left", got.Body, money.left)
	}
	before := money.left
	if got := send(t, h, http.MethodPost, "/graphql", `{"query":"{nosuch}"}`); got.codes[0] != notValid || money.left != before-20 {
		t.Errorf("a document that is refused: %d left of %d", money.left, before)
	}
	for _, left := range []int{25, 5} { // enough for the request but not for its operation; for neither
		money.left = left
		got := send(t, h, http.MethodPost, "/graphql", query)
		if got.Code != http.StatusTooManyRequests || !slices.Equal(got.codes, []string{"RATE_LIMITED"}) || got.Header().Get("Retry-After") != "2" || got.members["data"] != nil {
			t.Errorf("with %d left: %d %v %s", left, got.Code, got.Header(), got.Body)
		}
	}
}

func TestOperationsAreObserved(t *testing.T) {
	t.Parallel()
	n := newNewsroom(t)
	var all []graph.Observed
	var log bytes.Buffer
	h := graph.Handler(n.Graph(), graph.Options{SlowOperation: time.Nanosecond, Observe: func(o graph.Observed) { all = append(all, o) }, Logger: slog.New(slog.NewTextHandler(&log, nil))})
	send(t, h, http.MethodPost, "/graphql", `{"query":"query Named($s:String!){article(by:{slug:$s}){id}}","variables":{"s":"private-value"}}`)
	send(t, h, http.MethodPost, "/graphql", `{"query":"{latestNews(first:-1){nodes{id}}}"}`)
	send(t, h, http.MethodPost, "/graphql", `{"query":"{nosuch}"}`)
	if len(all) != 3 {
		t.Fatalf("%+v", all)
	}
	for i, want := range []graph.Observed{{Name: "Named", Type: "query", Cost: 6}, {Type: "query", Codes: []string{badInput}, Cost: 3}, {Codes: []string{notValid}}} {
		got := all[i]
		if got.Name != want.Name || got.Type != want.Type || !slices.Equal(got.Codes, want.Codes) || got.Took <= 0 || (got.Cost > 0) != (want.Cost > 0) {
			t.Errorf("%d: %+v, want %+v", i, got, want)
		}
	}
	if text := log.String(); strings.Count(text, "a slow operation") != 2 || !strings.Contains(text, "operation=Named") || !strings.Contains(text, "document=") || strings.Contains(text, "private-value") {
		t.Errorf("logged: %s", text)
	}
}
