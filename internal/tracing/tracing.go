// Package tracing sends traces of requests to a collector by OTLP: of a request over
// HTTP, its root fields, and their statements.
package tracing

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"strings"
	"time"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/exporters/otlp/otlptrace/otlptracehttp"
	"go.opentelemetry.io/otel/propagation"
	"go.opentelemetry.io/otel/sdk/resource"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	semconv "go.opentelemetry.io/otel/semconv/v1.26.0"
	"go.opentelemetry.io/otel/trace"

	"github.com/broadsheet-cms/broadsheet/internal/httprecorder"
)

// Settings of traces.
type Settings struct {
	Endpoint string  // of a collector, such as http://localhost:4318; empty: nothing is traced
	Share    float64 // of the requests that are traced, 0 to 1, unless the client says so
	Version  string  // of this program
	Logger   *slog.Logger
}

// Tracing makes and sends traces. Nil traces nothing.
type Tracing struct {
	provider *sdktrace.TracerProvider
	tracer   trace.Tracer
	headers  propagation.TraceContext
}

const name = "github.com/broadsheet-cms/broadsheet"

// New begins to send traces; nil without an endpoint. Close ends it.
func New(ctx context.Context, s Settings) (*Tracing, error) {
	if s.Endpoint == "" {
		return nil, nil //nolint:nilnil // nil traces nothing
	}
	exporter, err := otlptracehttp.New(ctx, otlptracehttp.WithEndpointURL(strings.TrimSuffix(s.Endpoint, "/")+"/v1/traces"), otlptracehttp.WithTimeout(5*time.Second))
	if err != nil {
		return nil, fmt.Errorf("send traces to %s: %w", s.Endpoint, err)
	}
	return newWith(sdktrace.NewBatchSpanProcessor(exporter, sdktrace.WithBatchTimeout(time.Second)), s), nil
}

func newWith(processor sdktrace.SpanProcessor, s Settings) *Tracing {
	about := resource.NewSchemaless(semconv.ServiceName("broadsheet"), semconv.ServiceVersion(s.Version))
	provider := sdktrace.NewTracerProvider(sdktrace.WithSpanProcessor(processor), sdktrace.WithResource(about),
		sdktrace.WithSampler(sdktrace.ParentBased(sdktrace.TraceIDRatioBased(s.Share))))
	return &Tracing{provider: provider, tracer: provider.Tracer(name)}
}

// Close sends what was not yet sent.
func (t *Tracing) Close(ctx context.Context) error {
	if t == nil {
		return nil
	}
	return t.provider.Shutdown(ctx)
}

// Tracer makes the spans of operations and fields; nil where nothing is traced.
func (t *Tracing) Tracer() trace.Tracer {
	if t == nil {
		return nil
	}
	return t.tracer
}

// Handler puts a span around each request, below that of the client's traceparent
// header. A span has no path, query, address or header: those may be personal, or have a token
// in them.
func (t *Tracing) Handler(next http.Handler) http.Handler {
	if t == nil {
		return next
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		ctx, span := t.tracer.Start(t.headers.Extract(r.Context(), propagation.HeaderCarrier(r.Header)), r.Method, trace.WithSpanKind(trace.SpanKindServer))
		defer span.End()
		if !span.IsRecording() {
			next.ServeHTTP(w, r.WithContext(ctx))
			return
		}
		status := &httprecorder.StatusWriter{ResponseWriter: w, Status: http.StatusOK}
		r = r.WithContext(ctx)
		next.ServeHTTP(status, r)
		route := httprecorder.Route(r)
		span.SetName(r.Method + " " + route)
		span.SetAttributes(semconv.HTTPRequestMethodKey.String(r.Method), semconv.HTTPRoute(route), semconv.HTTPResponseStatusCode(status.Status),
			attribute.String("broadsheet.request_id", w.Header().Get("X-Request-Id")))
		if status.Status >= http.StatusInternalServerError {
			span.SetStatus(codes.Error, http.StatusText(status.Status))
		}
	})
}

// Statement begins the span of a statement below the span of a context; nil where that
// is not traced. Statements have fixed texts: what they are about is in their
// arguments, which are left out.
func (t *Tracing) Statement(ctx context.Context, text string) (ended func()) {
	if t == nil || !trace.SpanFromContext(ctx).IsRecording() {
		return nil
	}
	verb, _, _ := strings.Cut(strings.TrimSpace(text), " ")
	_, span := t.tracer.Start(ctx, verb, trace.WithSpanKind(trace.SpanKindClient), trace.WithAttributes(semconv.DBQueryText(text)))
	return func() { span.End() }
}
