package app_test

import (
	"encoding/hex"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"

	coltrace "go.opentelemetry.io/proto/otlp/collector/trace/v1"
	otlptrace "go.opentelemetry.io/proto/otlp/trace/v1"
	"google.golang.org/protobuf/proto"
)

// post sends a document and gives the answer.
func (s *served) post(t *testing.T, body string, headers ...string) string {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, s.url+"/graphql", strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/json")
	for i := 0; i < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	w, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = w.Body.Close() }()
	text, err := io.ReadAll(w.Body)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// TestAServerCountsWhatItDoes scrapes a server that runs.
func TestAServerCountsWhatItDoes(t *testing.T) {
	t.Parallel()
	s := runNode(t, "sqlite:"+filepath.Join(t.TempDir(), "site.db"))
	for range 3 {
		s.post(t, `{"query":"query Front{site{name}}"}`)
	}
	s.post(t, `{"query":"{nosuch}"}`)
	for { // until its consumers of events have a place in the log
		lag, err := s.Log.Lag(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if len(lag) > 0 {
			break
		}
		runtime.Gosched()
	}
	w := httptest.NewRecorder()
	s.MetricsHandler().ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/metrics", nil))
	text := w.Body.String()
	for _, line := range []string{
		`broadsheet_graphql_operation_duration_seconds_count{operation="Front",source="memory",type="query"} 2`,
		`broadsheet_graphql_operation_duration_seconds_count{operation="Front",source="execution",type="query"} 1`,
		`broadsheet_graphql_errors_total{code="GRAPHQL_VALIDATION_FAILED"} 1`,
		`broadsheet_answers_asked_total{result="hit"} 2`,
		`broadsheet_schedule_due 0`,
		`broadsheet_event_lag_seconds{consumer="`,
	} {
		if !strings.Contains(text, line) {
			t.Errorf("without %s", line)
		}
	}
	if strings.Contains(text, "broadsheet_metrics_failed_total{") {
		t.Errorf("sources failed:\n%s", text)
	}
}

// collector takes traces as a collector does.
type collector struct {
	mu    sync.Mutex
	spans []*otlptrace.Span
}

func (c *collector) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	var sent coltrace.ExportTraceServiceRequest
	if err != nil || r.URL.Path != "/v1/traces" || proto.Unmarshal(body, &sent) != nil {
		http.Error(w, "no traces", http.StatusBadRequest)
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, resource := range sent.GetResourceSpans() {
		for _, scope := range resource.GetScopeSpans() {
			c.spans = append(c.spans, scope.GetSpans()...)
		}
	}
}

func TestTracesGoFromRequestsToStatements(t *testing.T) {
	t.Parallel()
	c := &collector{}
	endpoint := httptest.NewServer(c)
	t.Cleanup(endpoint.Close)
	s := runNode(t, "sqlite:"+filepath.Join(t.TempDir(), "site.db"), "--otlp-endpoint="+endpoint.URL, "--trace-share=0")
	const trace, parent = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"
	s.post(t, `{"query":"query Untraced{latestNews(first:1){nodes{id}}}"}`)
	s.post(t, `{"query":"query Traced($n:Int){latestNews(first:$n){nodes{title}} tags(first:1){nodes{id}}}","variables":{"n":3}}`, "traceparent", "00-"+trace+"-"+parent+"-01")
	const token = "bsl_token-of-a-reader"
	for _, path := range []string{"/digests/unsubscribe/" + token, "/newsletters/unsubscribe/" + token, "/account/export?token=" + token, "/" + token} {
		r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, s.url+path, nil)
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("Traceparent", "00-"+trace+"-"+parent+"-01")
		w, err := http.DefaultTransport.RoundTrip(r)
		if err != nil {
			t.Fatal(err)
		}
		_ = w.Body.Close()
	}
	s.stop()
	if err := s.EndTraces(); err != nil {
		t.Fatal(err)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	byName, byID := map[string]*otlptrace.Span{}, map[string]*otlptrace.Span{}
	for _, span := range c.spans {
		byName[span.GetName()], byID[string(span.GetSpanId())] = span, span
		if !strings.EqualFold(hexOf(span.GetTraceId()), trace) {
			t.Errorf("%s belongs to another trace", span.GetName())
		}
		if strings.Contains(span.String(), token) {
			t.Errorf("a span tells the token of an address: %v", span)
		}
		for _, a := range span.GetAttributes() {
			if a.GetValue().GetStringValue() == "3" {
				t.Errorf("%s tells a variable", span.GetName())
			}
		}
	}
	path := func(span *otlptrace.Span) (names []string) {
		for ; span != nil; span = byID[string(span.GetParentSpanId())] {
			names = append(names, span.GetName())
		}
		return names
	}
	for name, want := range map[string][]string{
		"Query.latestNews": {"Query.latestNews", "query Traced", "POST /graphql"},
		"Query.tags":       {"Query.tags", "query Traced", "POST /graphql"},
	} {
		if got := path(byName[name]); !slices.Equal(got, want) {
			t.Errorf("%s: %q, want %q, among %q", name, got, want, slices.Sorted(maps.Keys(byName)))
		}
	}
	for _, name := range []string{"GET /digests/unsubscribe/{token}", "GET /newsletters/unsubscribe/{token}", "GET /account/export"} {
		if byName[name] == nil {
			t.Errorf("no span %s among %q", name, slices.Sorted(maps.Keys(byName)))
		}
	}
	if top := byName["POST /graphql"]; top == nil || hexOf(top.GetParentSpanId()) != parent {
		t.Errorf("the request is not below the client's span: %v", top)
	}
	statements := 0
	for _, span := range c.spans {
		if strings.EqualFold(span.GetName(), "SELECT") || strings.EqualFold(span.GetName(), "WITH") {
			statements++
			if got := path(span); !strings.HasPrefix(got[len(got)-1], "POST /") && !strings.HasPrefix(got[len(got)-1], "GET /") {
				t.Errorf("a statement below %q", got)
			}
		}
	}
	if statements == 0 {
		t.Errorf("no statement was traced: %d spans", len(c.spans))
	}
}

func hexOf(id []byte) string { return hex.EncodeToString(id) }
