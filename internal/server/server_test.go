package server

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"reflect"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

// testServer serves what the given routes lack with stand-ins.
func testServer(t *testing.T, change func(*Routes, *Options)) (*Server, *bytes.Buffer) {
	t.Helper()
	var log bytes.Buffer
	routes := Routes{
		SDL:   "type Query { a: Int }",
		Ready: func(context.Context) error { return nil },
		GraphQL: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			body, err := io.ReadAll(r.Body)
			if _, ok := errors.AsType[*http.MaxBytesError](err); ok {
				w.WriteHeader(http.StatusRequestEntityTooLarge)
				return
			}
			_, _ = w.Write(append([]byte(RequestID(r.Context())+" "), body...))
		}),
	}
	opts := Options{CORSOrigins: []string{"https://reader.example"}, MaxRequestBytes: 100, RequestTimeout: time.Second, ShutdownTimeout: time.Second,
		Addr: "127.0.0.1:0", Logger: slog.New(slog.NewTextHandler(&log, &slog.HandlerOptions{Level: slog.LevelDebug}))}
	if change != nil {
		change(&routes, &opts)
	}
	return New(routes, opts), &log
}

func send(s http.Handler, method, path, body string, headers ...string) *httptest.ResponseRecorder {
	r := httptest.NewRequest(method, path, strings.NewReader(body))
	for i := 0; i < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	w := httptest.NewRecorder()
	s.ServeHTTP(w, r)
	return w
}

func TestRoutes(t *testing.T) {
	t.Parallel()
	s, _ := testServer(t, nil)
	s.SetReady(true)
	for _, c := range []struct {
		method, path string
		status       int
		body         string
	}{
		{"POST", "/graphql", 200, ""},
		{"GET", "/schema.graphql", 200, "type Query"},
		{"HEAD", "/schema.graphql", 200, ""},
		{"POST", "/schema.graphql", 405, ""},
		{"GET", "/healthz", 200, "alive"},
		{"GET", "/readyz", 200, "ready"},
		{"HEAD", "/readyz", 200, ""},
		{"GET", "/", 200, "/graphql"},
		{"GET", "/nosuch", 404, ""},
		{"GET", "/graphql/", 404, ""},
		{"GET", "/graphiql", 404, ""}, // not switched on
		{"GET", "/media/x.jpg", 404, ""},
		{"GET", "/../etc/passwd", 301, ""},
	} {
		w := send(s, c.method, c.path, "")
		if w.Code != c.status && !(c.status == 301 && w.Code == 307) {
			t.Errorf("%s %s: %d, want %d", c.method, c.path, w.Code, c.status)
		}
		if !strings.Contains(w.Body.String(), c.body) {
			t.Errorf("%s %s: %q, want %q in it", c.method, c.path, w.Body, c.body)
		}
		if w.Header().Get("X-Request-Id") == "" {
			t.Errorf("%s %s: no X-Request-Id", c.method, c.path)
		}
	}
}

func TestSDLIsText(t *testing.T) {
	t.Parallel()
	s, _ := testServer(t, nil)
	w := send(s, "GET", "/schema.graphql", "", "Origin", "https://reader.example")
	for header, want := range map[string]string{"Content-Type": "text/plain; charset=utf-8", "X-Content-Type-Options": "nosniff",
		"Cache-Control": "public, max-age=300", "Access-Control-Allow-Origin": "https://reader.example"} {
		if got := w.Header().Get(header); got != want {
			t.Errorf("%s: %q, want %q", header, got, want)
		}
	}
}

func TestCORS(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name, origin, method, headers string
		origins                       []string
		allowed                       string
	}{
		{"a known origin may read", "https://reader.example", "POST", "content-type", []string{"https://reader.example"}, "https://reader.example"},
		{"any may where all may", "https://other.example", "POST", "authorization,content-type", []string{"*"}, "*"},
		{"an unknown origin may not", "https://other.example", "POST", "content-type", []string{"https://reader.example"}, ""},
		{"a part of an origin is no origin", "https://reader.example.evil.example", "POST", "content-type", []string{"https://reader.example"}, ""},
		{"no DELETE", "https://reader.example", "DELETE", "", []string{"https://reader.example"}, ""},
		{"headers of tracing and Apollo", "https://reader.example", "POST", "apollo-require-preflight,baggage,content-type,traceparent,tracestate,x-apollo-operation-name", []string{"https://reader.example"}, "https://reader.example"},
		{"no headers of one's own", "https://reader.example", "POST", "x-secret", []string{"https://reader.example"}, ""},
	} {
		s, _ := testServer(t, func(_ *Routes, o *Options) { o.CORSOrigins = c.origins })
		headers := []string{"Origin", c.origin, "Access-Control-Request-Method", c.method}
		if c.headers != "" {
			headers = append(headers, "Access-Control-Request-Headers", c.headers)
		}
		w := send(s, http.MethodOptions, "/graphql", "", headers...)
		if got := w.Header().Get("Access-Control-Allow-Origin"); got != c.allowed || w.Code >= 300 {
			t.Errorf("%s: preflight %d allows %q, want %q", c.name, w.Code, got, c.allowed)
		}
		if w.Header().Get("Access-Control-Allow-Credentials") != "" {
			t.Errorf("%s: credentials are allowed", c.name)
		}
	}
	s, _ := testServer(t, nil)
	if got := send(s, "POST", "/graphql", "{}", "Origin", "https://reader.example").Header(); got.Get("Access-Control-Allow-Origin") != "https://reader.example" || !strings.Contains(strings.Join(got.Values("Vary"), ","), "Origin") {
		t.Errorf("a simple request gets %v", got)
	}
	if got := send(s, "POST", "/graphql", "{}", "Origin", "https://other.example").Header().Get("Access-Control-Allow-Origin"); got != "" {
		t.Errorf("a simple request of an unknown origin gets %q", got)
	}
}

func TestCORSCredentialsAreForListedOrigins(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		origins     []string
		origin      string
		credentials string
	}{
		{[]string{"https://reader.example"}, "https://reader.example", "true"},
		{[]string{"https://reader.example"}, "https://other.example", ""},
		{[]string{"*"}, "https://reader.example", ""},
	} {
		s, _ := testServer(t, func(_ *Routes, o *Options) {
			o.CORSOrigins, o.CORSCredentials, o.CORSHeaders = c.origins, true, []string{"X-Own"}
		})
		got := send(s, http.MethodOptions, "/graphql", "", "Origin", c.origin, "Access-Control-Request-Method", "POST", "Access-Control-Request-Headers", "x-own").Header()
		if got.Get("Access-Control-Allow-Credentials") != c.credentials {
			t.Errorf("%v %s: %v", c.origins, c.origin, got)
		}
	}
}

func TestNoSchemaWhereItIsClosed(t *testing.T) {
	t.Parallel()
	s, _ := testServer(t, func(r *Routes, _ *Options) { r.SDL = "" })
	if w := send(s, "GET", "/schema.graphql", ""); w.Code != 404 {
		t.Errorf("%d: %s", w.Code, w.Body)
	}
	if w := send(s, "GET", "/", ""); strings.Contains(w.Body.String(), "schema") {
		t.Errorf("the root tells of it: %s", w.Body)
	}
}

func TestRequestsWithFilesMayBeLarger(t *testing.T) {
	t.Parallel()
	s, _ := testServer(t, func(_ *Routes, o *Options) { o.MaxUploadBytes = 1000 })
	for size, want := range map[int]int{1000: 200, 1001: 413} {
		if w := send(s, "POST", "/graphql", strings.Repeat("x", size), "Content-Type", "multipart/form-data; boundary=x"); w.Code != want {
			t.Errorf("%d bytes: %d, want %d", size, w.Code, want)
		}
	}
}

func TestLoadIsShed(t *testing.T) {
	t.Parallel()
	enter, leave := make(chan struct{}), make(chan struct{})
	s, _ := testServer(t, func(r *Routes, o *Options) {
		o.MaxRequests = 2
		r.GraphQL = http.HandlerFunc(func(http.ResponseWriter, *http.Request) { enter <- struct{}{}; <-leave })
	})
	var running sync.WaitGroup
	for range 2 {
		running.Go(func() { send(s, "POST", "/graphql", "{}") })
		<-enter
	}
	w := send(s, "POST", "/graphql", "{}")
	if w.Code != 503 || w.Header().Get("Retry-After") == "" || !strings.Contains(w.Body.String(), "TRY_AGAIN") {
		t.Errorf("one too many: %d %v %s", w.Code, w.Header(), w.Body)
	}
	if w := send(s, "GET", "/healthz", ""); w.Code != 200 {
		t.Errorf("alive: %d", w.Code)
	}
	leave <- struct{}{}
	leave <- struct{}{}
	running.Wait()
	go func() { <-enter; leave <- struct{}{} }() // ends with the request below
	if w := send(s, "POST", "/graphql", "{}"); w.Code != 200 {
		t.Errorf("afterwards: %d", w.Code)
	}
}

func TestAnswersAreCompressed(t *testing.T) {
	t.Parallel()
	s, _ := testServer(t, func(r *Routes, _ *Options) {
		r.GraphQL = http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "application/graphql-response+json")
			_, _ = w.Write([]byte(`{"data":"` + strings.Repeat("news ", 2000) + `"}`))
		})
	})
	for accept, want := range map[string]string{"": "", "gzip": "gzip", "zstd": "zstd", "gzip, zstd, br": "zstd", "gzip;q=0": "", "identity": ""} {
		w := send(s, "POST", "/graphql", "{}", "Accept-Encoding", accept)
		if got := w.Header().Get("Content-Encoding"); got != want || want != "" && w.Body.Len() > 1000 || !strings.Contains(strings.Join(w.Header().Values("Vary"), ","), "Accept-Encoding") {
			t.Errorf("Accept-Encoding %q: %q, %d bytes, %v", accept, got, w.Body.Len(), w.Header())
		}
	}
}

func TestSecurityHeaders(t *testing.T) {
	t.Parallel()
	s, _ := testServer(t, func(_ *Routes, o *Options) { o.HTTPS = true })
	for _, path := range []string{"/graphql", "/schema.graphql", "/healthz", "/nosuch"} {
		h := send(s, "GET", path, "").Header()
		for name, want := range map[string]string{"X-Content-Type-Options": "nosniff", "Referrer-Policy": "no-referrer", "X-Frame-Options": "SAMEORIGIN", "Strict-Transport-Security": "max-age=31536000"} {
			if h.Get(name) != want {
				t.Errorf("%s: %s is %q", path, name, h.Get(name))
			}
		}
	}
	if got := send(s, "POST", "/graphql", "{}").Header().Get("Content-Security-Policy"); got != "default-src 'none'; frame-ancestors 'none'" {
		t.Errorf("policy of the API: %q", got)
	}
	plain, _ := testServer(t, nil)
	if got := send(plain, "GET", "/healthz", "").Header().Get("Strict-Transport-Security"); got != "" {
		t.Errorf("without https: %q", got)
	}
}

func TestThePrivateHandlerTellsAndProfiles(t *testing.T) {
	t.Parallel()
	s, _ := testServer(t, nil)
	private := s.Private(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte("numbers")) }))
	s.SetReady(true)
	for path, want := range map[string]string{"/metrics": "numbers", "/debug/pprof/": "goroutine", "/debug/pprof/goroutine?debug=1": "goroutine profile", "/healthz": "alive", "/readyz": "ready"} {
		if w := send(private, "GET", path, ""); w.Code != 200 || !strings.Contains(w.Body.String(), want) {
			t.Errorf("%s: %d", path, w.Code)
		}
		if path == "/metrics" || strings.HasPrefix(path, "/debug") {
			if w := send(s, "GET", path, ""); w.Code != 404 {
				t.Errorf("%s on the public port: %d", path, w.Code)
			}
		}
	}
}

func TestLargeBodiesAreRefused(t *testing.T) {
	t.Parallel()
	s, _ := testServer(t, nil)
	w := send(s, "POST", "/graphql", strings.Repeat("x", 101))
	var answer struct {
		Errors []struct {
			Message    string
			Extensions struct{ Code string }
		}
	}
	if err := json.Unmarshal(w.Body.Bytes(), &answer); err != nil || len(answer.Errors) != 1 {
		t.Fatalf("%v: %s", err, w.Body)
	}
	if w.Code != 413 || answer.Errors[0].Extensions.Code != "BAD_USER_INPUT" || !strings.Contains(answer.Errors[0].Message, "100 bytes") {
		t.Errorf("%d: %s", w.Code, w.Body)
	}
	if w := send(s, "POST", "/graphql", strings.Repeat("x", 100)); w.Code != 200 {
		t.Errorf("a body of just the limit: %d", w.Code)
	}
	// A body that does not say how long it is, is stopped while it is read.
	r := httptest.NewRequest(http.MethodPost, "/graphql", io.MultiReader(strings.NewReader(strings.Repeat("x", 101))))
	r.ContentLength = -1
	w = httptest.NewRecorder()
	s.ServeHTTP(w, r)
	if w.Code != 413 {
		t.Errorf("a body of unknown length: %d", w.Code)
	}
}

func TestReadiness(t *testing.T) {
	t.Parallel()
	broken := errors.New("the cable is out")
	var fails error
	s, log := testServer(t, func(r *Routes, _ *Options) { r.Ready = func(context.Context) error { return fails } })
	if w := send(s, "GET", "/readyz", ""); w.Code != 503 {
		t.Errorf("before it listens: %d", w.Code)
	}
	s.SetReady(true)
	if w := send(s, "GET", "/readyz", ""); w.Code != 200 {
		t.Errorf("listening: %d", w.Code)
	}
	fails = broken
	if w := send(s, "GET", "/readyz", ""); w.Code != 503 || strings.Contains(w.Body.String(), broken.Error()) {
		t.Errorf("without a database: %d %s", w.Code, w.Body)
	}
	if !strings.Contains(log.String(), broken.Error()) {
		t.Errorf("the cause is not logged: %s", log)
	}
	if w := send(s, "GET", "/healthz", ""); w.Code != 200 {
		t.Errorf("alive: %d", w.Code)
	}
}

func TestPanicsAreAnswered(t *testing.T) {
	t.Parallel()
	s, log := testServer(t, func(r *Routes, _ *Options) {
		r.GraphQL = http.HandlerFunc(func(http.ResponseWriter, *http.Request) { panic("a secret inside") })
	})
	w := send(s, "POST", "/graphql", "{}")
	if w.Code != 500 || !strings.Contains(w.Body.String(), `"code":"INTERNAL"`) || strings.Contains(w.Body.String(), "secret") {
		t.Errorf("%d: %s", w.Code, w.Body)
	}
	id := w.Header().Get("X-Request-Id")
	if !strings.Contains(log.String(), "a secret inside") || !strings.Contains(log.String(), id) {
		t.Errorf("not in the log with %s: %s", id, log)
	}
}

func TestRequestIDsDiffer(t *testing.T) {
	t.Parallel()
	s, _ := testServer(t, nil)
	seen := map[string]bool{}
	for range 3 {
		w := send(s, "POST", "/graphql", "x", "X-Request-Id", "forged")
		id := w.Header().Get("X-Request-Id")
		if within, _, _ := strings.Cut(w.Body.String(), " "); within != id || id == "forged" || seen[id] {
			t.Errorf("answered %q, seen inside as %q", id, within)
		}
		seen[id] = true
	}
	if RequestID(t.Context()) != "" {
		t.Error("an id outside of a request")
	}
}

func TestLogHoldsNothingPersonal(t *testing.T) {
	t.Parallel()
	s, log := testServer(t, nil)
	send(s, "POST", "/graphql?query=private-query", "private-body", "Authorization", "private-token", "Cookie", "private-cookie")
	if strings.Contains(log.String(), "private") || !strings.Contains(log.String(), "route=/graphql") {
		t.Errorf("logged: %s", log)
	}
}

// told keeps what metrics are told of requests.
type told struct {
	unmeasured
	routes []string
}

func (m *told) Answered(route, _ string, _ int, _ time.Duration) { m.routes = append(m.routes, route) }

// TestPathsAreToldNobody has every handler fail, below every path that may be
// handed to it: tokens of addresses are neither in the log nor in metrics.
func TestPathsAreToldNobody(t *testing.T) {
	t.Parallel()
	const token = "bsx_token-of-somebody"
	measured := &told{}
	reached := map[string]bool{}
	s, log := testServer(t, func(r *Routes, o *Options) {
		o.Metrics = measured
		fields := reflect.ValueOf(r).Elem()
		for i := range fields.NumField() {
			name := fields.Type().Field(i).Name
			if fields.Field(i).Type() == reflect.TypeFor[http.Handler]() && name != "Site" {
				reached[name] = false
				fields.Field(i).Set(reflect.ValueOf(http.Handler(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
					reached[name] = true
					w.WriteHeader(http.StatusBadGateway)
				}))))
			}
		}
	})
	for _, below := range []string{"/graphql", "/graphiql", "/auth", "/media", "/media/uploads", "/partner", "/wp-json", "/mail", "/account/export", "/newsletters", "/digests", "/nosuch", "/-"} {
		send(s, "POST", below+"/"+token+"?token="+token, token)
		send(s, "GET", below+"?token="+token, "")
		send(s, "POST", below+"/"+token, "", "Upgrade", "websocket")
	}
	for name, asked := range reached {
		if !asked {
			t.Errorf("%s is asked by no path of this test: add one", name)
		}
	}
	if lines := strings.Count(log.String(), "status=502"); lines < len(reached) {
		t.Errorf("%d failures are logged, of %d handlers", lines, len(reached))
	}
	if strings.Contains(log.String(), token) || strings.Contains(strings.Join(measured.routes, " "), token) {
		t.Errorf("a token is told, to metrics as %q, to the log as:\n%s", measured.routes, log)
	}
	for _, want := range []string{"/digests/", "/newsletters/", "/account/export", "/"} {
		if !slices.Contains(measured.routes, want) || !strings.Contains(log.String(), "route="+want+" ") {
			t.Errorf("the route %s is not told: %q", want, measured.routes)
		}
	}
}

func TestRunServesUntilItIsToldToStop(t *testing.T) {
	t.Parallel()
	s, _ := testServer(t, nil)
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	listening, ended := make(chan net.Addr, 1), make(chan error, 1)
	go func() { ended <- s.Run(ctx, func(a net.Addr) { listening <- a }) }()
	addr := <-listening
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+addr.String()+"/readyz", nil)
	if err != nil {
		t.Fatal(err)
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	_ = response.Body.Close()
	if response.StatusCode != http.StatusOK {
		t.Errorf("status %d", response.StatusCode)
	}
	stop()
	if err := <-ended; err != nil {
		t.Error(err)
	}
	if w := send(s, "GET", "/readyz", ""); w.Code != 503 {
		t.Errorf("after the end: %d", w.Code)
	}
	taken, _ := testServer(t, func(_ *Routes, o *Options) { o.Addr = "256.0.0.1:x" })
	if err := taken.Run(t.Context(), func(net.Addr) {}); err == nil {
		t.Error("an address that cannot be listened on is no error")
	}
}
