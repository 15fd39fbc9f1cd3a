package metrics_test

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus/testutil/promlint"

	"github.com/broadsheet-cms/broadsheet/internal/metrics"
)

func read(t *testing.T, m *metrics.Metrics) string {
	t.Helper()
	w := httptest.NewRecorder()
	m.Handler().ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/metrics", nil))
	if w.Code != http.StatusOK {
		t.Fatalf("%d: %s", w.Code, w.Body)
	}
	return w.Body.String()
}

func TestMetricsSayWhatHappened(t *testing.T) {
	t.Parallel()
	m := metrics.New()
	m.Ask(sources())
	m.Answered("/graphql", "POST", 200, time.Millisecond)
	m.Answered("/media/", "BREW", 404, time.Millisecond)
	m.Answered("none", "GET", 404, time.Millisecond)
	m.Operation("FrontPage", "query", false, []string{"BAD_USER_INPUT"}, 1400, time.Millisecond)
	m.Operation("", "", false, []string{"GRAPHQL_PARSE_FAILED"}, 0, time.Millisecond)
	m.Begin()
	m.Begin()()
	m.Shed()
	m.Statement("SELECT 1", time.Millisecond)
	m.Statement("select 2", time.Millisecond)
	m.Statement("VACUUM", time.Millisecond)
	text := read(t, m)
	for _, line := range []string{
		`broadsheet_http_request_duration_seconds_count{method="POST",route="/graphql",status="200"} 1`,
		`broadsheet_http_request_duration_seconds_count{method="other",route="/media/",status="404"} 1`,
		`broadsheet_http_request_duration_seconds_count{method="GET",route="none",status="404"} 1`,
		`broadsheet_graphql_operation_duration_seconds_count{operation="FrontPage",source="execution",type="query"} 1`,
		`broadsheet_graphql_cost_total{operation="FrontPage"} 1400`,
		`broadsheet_graphql_errors_total{code="BAD_USER_INPUT"} 1`,
		`broadsheet_graphql_errors_total{code="GRAPHQL_PARSE_FAILED"} 1`,
		`broadsheet_graphql_requests_running 1`,
		`broadsheet_graphql_requests_shed_total 1`,
		`broadsheet_database_connections_in_use 3`,
		`broadsheet_database_connections_waits_total 5`,
		`broadsheet_database_statement_duration_seconds_count{statement="select"} 2`,
		`broadsheet_database_statement_duration_seconds_count{statement="other"} 1`,
		`broadsheet_answers_asked_total{result="hit"} 7`,
		`broadsheet_answers_evicted_total 4`,
		`broadsheet_socket_connections{protocol="websocket"} 2`,
		`broadsheet_jobs{kind="mail.send",state="dead"} 3`,
		`broadsheet_job_lateness_seconds{kind="mail.send"} 90`,
		`broadsheet_schedule_lateness_seconds 2`,
		`broadsheet_event_lag_seconds{consumer="webhooks"} 0.5`,
		`broadsheet_event_unheard_seconds 1`,
		`go_goroutines`,
	} {
		if !strings.Contains(text, line) {
			t.Errorf("without %s", line)
		}
	}
}

func TestNamesOfOperationsAreBounded(t *testing.T) {
	t.Parallel()
	m := metrics.New()
	for i := range 1000 {
		m.Operation(fmt.Sprintf("Made%d", i), "query", false, nil, 1, 0)
	}
	text := read(t, m)
	if n := strings.Count(text, "broadsheet_graphql_operation_duration_seconds_count{"); n != 201 {
		t.Errorf("%d names", n)
	}
	if !strings.Contains(text, `broadsheet_graphql_operation_duration_seconds_count{operation="other",source="execution",type="query"} 800`) {
		t.Error("the others are not counted together")
	}
}

func sources() metrics.Sources {
	return metrics.Sources{
		Database: func() sql.DBStats { return sql.DBStats{InUse: 3, WaitCount: 5} },
		Replicas: func() ([]metrics.Replica, int64) {
			return []metrics.Replica{{Name: "db-2", Current: true, Used: 7, Failed: 1}}, 2
		},
		Answers: func() metrics.Answers { return metrics.Answers{Hits: 7, Evicted: 4} },
		Sockets: func() metrics.Sockets { return metrics.Sockets{WebSockets: 2} },
		Jobs: func(context.Context) ([]metrics.Jobs, error) {
			return []metrics.Jobs{{Kind: "mail.send", Dead: 3, Late: 90 * time.Second}}, nil
		},
		Schedule: func(context.Context) (metrics.Schedule, error) {
			return metrics.Schedule{Due: 1, Late: 2 * time.Second}, nil
		},
		Lag: func(context.Context) (map[string]time.Duration, error) {
			return map[string]time.Duration{"webhooks": time.Second / 2}, nil
		},
		Unheard: func() time.Duration { return time.Second },
	}
}

// TestASourceThatFailsCostsNoOther reads metrics while the database is away.
func TestASourceThatFailsCostsNoOther(t *testing.T) {
	t.Parallel()
	m, s := metrics.New(), sources()
	s.Jobs = func(context.Context) ([]metrics.Jobs, error) { return nil, errors.New("the database is away") }
	m.Ask(s)
	_ = read(t, m)
	text := read(t, m)
	for _, line := range []string{`broadsheet_schedule_due 1`, `broadsheet_metrics_failed_total{source="jobs"} `, `broadsheet_answers_stored_total 0`} {
		if !strings.Contains(text, line) {
			t.Errorf("without %s", line)
		}
	}
	if strings.Contains(text, "broadsheet_jobs{") {
		t.Error("there are jobs though they could not be read")
	}
}

// TestEveryMetricIsGood reads all metrics: their form is as Prometheus wants it, and
// the documentation has each of ours.
func TestEveryMetricIsGood(t *testing.T) {
	t.Parallel()
	m := metrics.New()
	m.Ask(sources())
	m.Answered("/graphql", "POST", 200, time.Millisecond)
	m.Operation("FrontPage", "query", false, []string{"BAD_USER_INPUT"}, 1400, time.Millisecond)
	failing := sources()
	failing.Jobs = func(context.Context) ([]metrics.Jobs, error) { return nil, errors.New("the database is away") }
	other := metrics.New()
	other.Ask(failing)
	_ = read(t, other)
	docs, err := os.ReadFile("../../docs/operations.md")
	if err != nil {
		t.Fatal(err)
	}
	known := map[string]bool{}
	for _, text := range []string{read(t, m), read(t, other)} {
		problems, err := promlint.New(strings.NewReader(text)).Lint()
		if err != nil {
			t.Fatal(err)
		}
		for _, p := range problems {
			t.Errorf("%s: %s", p.Metric, p.Text)
		}
		for line := range strings.Lines(text) {
			fields := strings.Fields(line)
			if len(fields) < 3 || fields[1] != "TYPE" || !strings.HasPrefix(fields[2], "broadsheet_") {
				continue
			}
			known[fields[2]] = true
			if !strings.Contains(string(docs), "| `"+fields[2]+"` |") {
				t.Errorf("docs/operations.md says nothing of %s", fields[2])
			}
		}
	}
	if len(known) < 32 {
		t.Errorf("only %d metrics", len(known))
	}
	for line := range strings.Lines(string(docs)) {
		name, ok := strings.CutPrefix(line, "| `broadsheet_")
		if name, _, _ = strings.Cut(name, "`"); ok && !known["broadsheet_"+name] {
			t.Errorf("docs/operations.md tells of broadsheet_%s, which is not there", name)
		}
	}
}
