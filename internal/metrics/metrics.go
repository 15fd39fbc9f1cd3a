// Package metrics counts what the server does, in the form that Prometheus reads.
package metrics

import (
	"net/http"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"
)

// maxNames bounds the names of operations that are told apart: clients choose them.
const maxNames = 200

// Metrics of one process.
type Metrics struct {
	registry   *prometheus.Registry
	answers    *prometheus.HistogramVec
	operations *prometheus.HistogramVec
	errors     *prometheus.CounterVec
	cost       *prometheus.CounterVec
	running    prometheus.Gauge
	shed       prometheus.Counter
	statements *prometheus.HistogramVec
	ofVerb     map[string]prometheus.Observer
	failed     *prometheus.CounterVec

	mu    sync.Mutex
	names map[string]bool
}

// New makes the metrics.
func New() *Metrics {
	m := &Metrics{registry: prometheus.NewRegistry(), names: map[string]bool{}, ofVerb: map[string]prometheus.Observer{},
		answers: prometheus.NewHistogramVec(prometheus.HistogramOpts{Name: "broadsheet_http_request_duration_seconds",
			Help: "Time to answer requests.", Buckets: prometheus.DefBuckets}, []string{"route", "method", "status"}),
		operations: prometheus.NewHistogramVec(prometheus.HistogramOpts{Name: "broadsheet_graphql_operation_duration_seconds",
			Help: "Time to answer operations, by execution or from memory.", Buckets: prometheus.DefBuckets}, []string{"operation", "type", "source"}),
		errors: prometheus.NewCounterVec(prometheus.CounterOpts{Name: "broadsheet_graphql_errors_total",
			Help: "Errors in answers, by code."}, []string{"code"}),
		cost: prometheus.NewCounterVec(prometheus.CounterOpts{Name: "broadsheet_graphql_cost_total",
			Help: "Cost of executed operations."}, []string{"operation"}),
		running: prometheus.NewGauge(prometheus.GaugeOpts{Name: "broadsheet_graphql_requests_running",
			Help: "Requests to the API that are being answered."}),
		shed: prometheus.NewCounter(prometheus.CounterOpts{Name: "broadsheet_graphql_requests_shed_total",
			Help: "Requests to the API that were refused because too many were being answered."}),
		statements: prometheus.NewHistogramVec(prometheus.HistogramOpts{Name: "broadsheet_database_statement_duration_seconds",
			Help: "Time of statements, until their rows were read.", Buckets: []float64{.0001, .0005, .001, .005, .01, .05, .1, .5, 1, 5, 15}}, []string{"statement"}),
		failed: prometheus.NewCounterVec(prometheus.CounterOpts{Name: "broadsheet_metrics_failed_total",
			Help: "Readings of metrics from the database that failed."}, []string{"source"}),
	}
	m.registry.MustRegister(m.answers, m.operations, m.errors, m.cost, m.running, m.shed, m.statements, m.failed,
		collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	for _, verb := range append(verbs, other) {
		m.ofVerb[verb] = m.statements.WithLabelValues(strings.ToLower(verb))
	}
	return m
}

// verbs are the statements that are told apart.
var verbs = []string{"SELECT", "INSERT", "UPDATE", "DELETE", "WITH", "BEGIN", "COMMIT", "ROLLBACK"}

const other = "other"

// Statement counts a statement once it ended.
func (m *Metrics) Statement(text string, took time.Duration) {
	observer := m.ofVerb[other]
	for _, verb := range verbs {
		if len(text) >= len(verb) && strings.EqualFold(text[:len(verb)], verb) {
			observer = m.ofVerb[verb]
			break
		}
	}
	observer.Observe(took.Seconds())
}

// Handler gives the metrics to who asks.
func (m *Metrics) Handler() http.Handler {
	return promhttp.HandlerFor(m.registry, promhttp.HandlerOpts{MaxRequestsInFlight: 4})
}

// Answered counts a request that was answered, by the pattern of what answered it.
func (m *Metrics) Answered(route, method string, status int, took time.Duration) {
	m.answers.WithLabelValues(route, verb(method), strconv.Itoa(status)).Observe(took.Seconds())
}

// Operation counts an operation with the codes of its errors. An empty kind is a
// request that was refused before there was one.
func (m *Metrics) Operation(name, kind string, fromMemory bool, codes []string, cost int, took time.Duration) {
	for _, code := range codes {
		m.errors.WithLabelValues(code).Inc()
	}
	if kind == "" {
		return
	}
	name = m.bounded(name)
	source := "execution"
	if fromMemory {
		source = "memory"
	}
	m.operations.WithLabelValues(name, kind, source).Observe(took.Seconds())
	m.cost.WithLabelValues(name).Add(float64(cost))
}

// Begin counts a request that begins to be answered; its end is what Begin gives.
func (m *Metrics) Begin() (end func()) {
	m.running.Inc()
	return m.running.Dec
}

// Shed counts a request that was refused because there were too many.
func (m *Metrics) Shed() { m.shed.Inc() }

// bounded gives the name of an operation, "other" once there are too many.
func (m *Metrics) bounded(name string) string {
	if name == "" {
		return "unnamed"
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if !m.names[name] {
		if len(m.names) >= maxNames {
			return other
		}
		m.names[name] = true
	}
	return name
}

// verb is a method of HTTP, or "other" for what a client made up.
func verb(method string) string {
	switch method {
	case http.MethodGet, http.MethodHead, http.MethodPost, http.MethodOptions, http.MethodPut, http.MethodPatch, http.MethodDelete:
		return method
	}
	return other
}
