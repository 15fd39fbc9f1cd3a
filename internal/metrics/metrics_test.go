package metrics_test

import (
	"database/sql"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

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
	m := metrics.New(func() sql.DBStats { return sql.DBStats{InUse: 3, WaitCount: 5} })
	m.Answered("/graphql", "POST", 200, time.Millisecond)
	m.Answered("/media/2026/a.jpg", "BREW", 404, time.Millisecond)
	m.Answered("/wp-login.php", "GET", 404, time.Millisecond)
	m.Operation("FrontPage", "query", []string{"BAD_USER_INPUT"}, 1400, time.Millisecond)
	m.Operation("", "", []string{"GRAPHQL_PARSE_FAILED"}, 0, time.Millisecond)
	m.Begin()
	m.Begin()()
	m.Shed()
	text := read(t, m)
	for _, line := range []string{
		`broadsheet_http_request_duration_seconds_count{method="POST",route="/graphql",status="200"} 1`,
		`broadsheet_http_request_duration_seconds_count{method="other",route="/media",status="404"} 1`,
		`broadsheet_http_request_duration_seconds_count{method="GET",route="other",status="404"} 1`,
		`broadsheet_graphql_operation_duration_seconds_count{operation="FrontPage",type="query"} 1`,
		`broadsheet_graphql_cost_total{operation="FrontPage"} 1400`,
		`broadsheet_graphql_errors_total{code="BAD_USER_INPUT"} 1`,
		`broadsheet_graphql_errors_total{code="GRAPHQL_PARSE_FAILED"} 1`,
		`broadsheet_graphql_requests_running 1`,
		`broadsheet_graphql_requests_shed_total 1`,
		`broadsheet_database_connections_in_use 3`,
		`broadsheet_database_connections_waits_total 5`,
		`go_goroutines`,
	} {
		if !strings.Contains(text, line) {
			t.Errorf("without %s", line)
		}
	}
}

func TestNamesOfOperationsAreBounded(t *testing.T) {
	t.Parallel()
	m := metrics.New(func() sql.DBStats { return sql.DBStats{} })
	for i := range 1000 {
		m.Operation(fmt.Sprintf("Made%d", i), "query", nil, 1, 0)
	}
	text := read(t, m)
	if n := strings.Count(text, "broadsheet_graphql_operation_duration_seconds_count{"); n != 201 {
		t.Errorf("%d names", n)
	}
	if !strings.Contains(text, `broadsheet_graphql_operation_duration_seconds_count{operation="other",type="query"} 800`) {
		t.Error("the others are not counted together")
	}
}
