// Package server is the HTTP around the API: routes, the limits every request
// meets first, health and the log of requests.
package server

import (
	"context"
	"fmt"
	"log/slog"
	"mime"
	"net/http"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"github.com/rs/cors"

	"github.com/broadsheet-cms/broadsheet/internal/httpheader"
)

// Routes are the handlers that the server puts under its paths. Nil ones are
// left out.
type Routes struct {
	GraphQL  http.Handler // POST and GET /graphql
	GraphiQL http.Handler // /graphiql
	SignIn   http.Handler // /auth/
	Media    http.Handler // /media/
	Uploads  http.Handler // /media and /media/uploads/
	Partner  http.Handler // /partner/
	// WordPress answers below /wp-json/; nil: nothing does.
	WordPress http.Handler
	Outputs   http.Handler // whatever nothing else is at: feeds, sitemaps, old addresses
	Site      http.Handler // the news site, which hands on to Outputs what is no page
	Mail      http.Handler // /mail, of a server that keeps its mails
	// Export is GET /account/export, Newsletters what mail programs and services
	// ask below /newsletters/.
	Export, Newsletters, Digests http.Handler
	SDL                          string // GET /schema.graphql; empty: there is none
	// MaySDL lets those through who may have SDL; nil: everybody.
	MaySDL func(next http.Handler) http.Handler
	Ready  func(ctx context.Context) error
}

// Options are the limits of the server.
type Options struct {
	Addr            string
	CORSOrigins     []string
	CORSHeaders     []string // that pages may send beside clientHeaders
	CORSCredentials bool     // whether pages of the origins may send cookies; never with *
	MaxRequestBytes int64
	MaxUploadBytes  int64 // of a request with files; 0: as other requests
	RequestTimeout  time.Duration
	UploadTimeout   time.Duration // of the body of a request with files
	ShutdownTimeout time.Duration
	DrainDelay      time.Duration // between /readyz saying no and the end of taking requests
	Drain           func()        // ends what lasts longer than a request; nil: there is nothing
	MaxRequests     int           // to the API, answered at once; 0: any number
	TLS             TLS           // of the listener; without it plain HTTP is spoken
	PlainAddr       string        // of a second listener, which sends browsers to https; empty: there is none
	PublicPort      string        // at which browsers reach https; empty: that of the listener
	HTTPS           bool          // whether the server is reached by https alone
	Metrics         Metrics
	Trace           func(next http.Handler) http.Handler // around every request; nil: nothing is
	Logger          *slog.Logger
}

// Metrics are told what the server does.
type Metrics interface {
	Answered(route, method string, status int, took time.Duration)
	Begin() (end func())
	Shed()
}

// unmeasured is told and forgets.
type unmeasured struct{}

func (unmeasured) Answered(string, string, int, time.Duration) {}
func (unmeasured) Begin() (end func())                         { return func() {} }
func (unmeasured) Shed()                                       {}

// Server answers HTTP.
type Server struct {
	opts    Options
	routes  Routes
	ready   atomic.Bool
	handler http.Handler
	api     places // of operations of the API
}

// New makes a server, which is not ready until Run listens.
func New(routes Routes, opts Options) *Server {
	if opts.Logger == nil {
		opts.Logger = slog.Default()
	}
	if opts.Metrics == nil {
		opts.Metrics = unmeasured{}
	}
	opts.Logger = slog.New(LogRequestID(opts.Logger.Handler()))
	opts.HTTPS = opts.HTTPS || opts.TLS.Enabled()
	opts.TLS.Logger = opts.Logger
	s := &Server{opts: opts, routes: routes, api: newPlaces(opts.MaxRequests)}
	if opts.Trace == nil {
		opts.Trace = func(next http.Handler) http.Handler { return next }
	}
	s.handler = s.identify(opts.Trace(s.secure(s.log(s.recover(s.mux())))))
	return s
}

// clientHeaders are those that GraphQL clients and what traces their requests send.
var clientHeaders = []string{"Accept", "Content-Type", "Content-Encoding", "Authorization", "X-Broadsheet-Client", "X-Broadsheet-Preview",
	"Apollo-Require-Preflight", "GraphQL-Require-Preflight", "X-Apollo-Operation-Name", "X-Apollo-Operation-Id", "X-Apollo-Cache-Key",
	"ApolloGraphQL-Client-Name", "ApolloGraphQL-Client-Version", "GraphQL-Client-Name", "GraphQL-Client-Version",
	"Traceparent", "Tracestate", "Baggage", "B3", "X-B3-TraceId", "X-B3-SpanId", "X-B3-ParentSpanId", "X-B3-Sampled", "Sentry-Trace", "X-Requested-With"}

// uploadHeaders are those of the protocol tus.
var uploadHeaders = []string{"Tus-Resumable", "Tus-Version", "Tus-Extension", "Tus-Max-Size", "Upload-Length", "Upload-Offset", "Upload-Metadata", "Upload-Defer-Length", "Upload-Expires"}

// crossOrigin says what pages of other origins may send, beside the headers of the
// usual clients, and read.
func (s *Server) crossOrigin(methods, headers []string, exposed ...string) cors.Options {
	return cors.Options{
		AllowedOrigins: s.opts.CORSOrigins,
		AllowedMethods: methods,
		AllowedHeaders: slices.Concat(clientHeaders, headers, s.opts.CORSHeaders),
		ExposedHeaders: exposed,
		// Else answers to other origins are what everybody sees.
		AllowCredentials: s.opts.CORSCredentials && !slices.Contains(s.opts.CORSOrigins, "*"),
	}
}

func (s *Server) mux() http.Handler {
	mux := http.NewServeMux()
	shared := s.crossOrigin([]string{http.MethodGet, http.MethodHead, http.MethodPost}, nil, "X-Request-Id", "Retry-After")
	shared.MaxAge = 86_400
	public := cors.New(shared).Handler
	requests, streams := s.shed(s.api, s.deadline(compressed(s.limit(s.routes.GraphQL)))), s.limit(s.routes.GraphQL)
	mux.Handle("/graphql", public(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if isStream(r) { // it lasts as long as its client likes, and has bounds of its own
			streams.ServeHTTP(w, r)
			return
		}
		requests.ServeHTTP(w, r)
	})))
	if s.routes.SDL != "" {
		sdl := http.Handler(http.HandlerFunc(s.serveSDL))
		if s.routes.MaySDL != nil {
			sdl = s.routes.MaySDL(sdl)
		}
		mux.Handle("GET /schema.graphql", public(compressed(sdl)))
	}
	if s.routes.GraphiQL != nil {
		mux.Handle("/graphiql", s.routes.GraphiQL)
		mux.Handle("/graphiql/", s.routes.GraphiQL)
	}
	if s.routes.SignIn != nil {
		mux.Handle("/auth/", s.deadline(s.routes.SignIn))
	}
	if s.routes.Media != nil {
		mux.Handle("/media/", public(s.routes.Media))
	}
	if s.routes.Uploads != nil {
		methods := []string{http.MethodPost, http.MethodHead, http.MethodPatch, http.MethodDelete}
		exposed := slices.Concat([]string{"X-Request-Id", "Location"}, uploadHeaders)
		uploads := cors.New(s.crossOrigin(methods, uploadHeaders, exposed...)).Handler(s.routes.Uploads)
		mux.Handle("/media", uploads)
		mux.Handle("/media/uploads/", uploads)
	}
	if s.routes.Partner != nil {
		mux.Handle("/partner/", compressed(s.limit(s.routes.Partner)))
	}
	if s.routes.Mail != nil {
		mux.Handle("/mail", s.routes.Mail)
		mux.Handle("/mail/", s.routes.Mail)
	}
	if s.routes.Export != nil {
		mux.Handle("GET /account/export", s.routes.Export)
	}
	if s.routes.Newsletters != nil {
		mux.Handle("/newsletters/", s.routes.Newsletters)
	}
	if s.routes.Digests != nil {
		mux.Handle("/digests/", s.routes.Digests)
	}
	if s.routes.WordPress != nil {
		wordpress := public(s.shed(newPlaces(s.opts.MaxRequests), s.deadline(compressed(s.routes.WordPress))))
		mux.Handle("/wp-json", wordpress)
		mux.Handle("/wp-json/", wordpress)
	}
	mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) { plain(w, http.StatusOK, "alive") })
	mux.HandleFunc("GET /readyz", s.serveReady)
	if s.routes.Site != nil {
		s.site(mux, public)
		return mux
	}
	mux.HandleFunc("GET /{$}", s.serveRoot)
	if s.routes.Outputs != nil {
		mux.Handle("/", public(s.deadline(compressed(s.routes.Outputs))))
	}
	return mux
}

// site puts the news site under all paths that nothing else has, and under its own
// pages below paths of others.
func (s *Server) site(mux *http.ServeMux, public func(http.Handler) http.Handler) {
	site := public(s.shed(newPlaces(s.opts.MaxRequests), s.deadline(compressed(s.routes.Site))))
	mux.Handle("/", site)
	for _, page := range []string{"confirm", "preferences", "unsubscribe"} {
		mux.Handle("GET /newsletters/"+page, site)
	}
}

// ServeHTTP answers one request.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) { s.handler.ServeHTTP(w, r) }

// SetReady tells /readyz whether requests can be served.
func (s *Server) SetReady(ready bool) { s.ready.Store(ready) }

func (s *Server) serveReady(w http.ResponseWriter, r *http.Request) {
	if !s.ready.Load() {
		plain(w, http.StatusServiceUnavailable, "starting or stopping")
		return
	}
	ctx, cancel := context.WithTimeout(r.Context(), 2*time.Second)
	defer cancel()
	if err := s.routes.Ready(ctx); err != nil {
		s.opts.Logger.WarnContext(ctx, "not ready", "error", err)
		plain(w, http.StatusServiceUnavailable, "the database does not answer or cannot be written to")
		return
	}
	plain(w, http.StatusOK, "ready")
}

func (s *Server) serveSDL(w http.ResponseWriter, _ *http.Request) {
	if s.routes.MaySDL == nil {
		w.Header().Set("Cache-Control", "public, max-age=300")
	} else {
		w.Header().Set("Cache-Control", "private, no-store")
	}
	plain(w, http.StatusOK, s.routes.SDL)
}

func (s *Server) serveRoot(w http.ResponseWriter, r *http.Request) {
	if s.routes.Outputs != nil && r.URL.RawQuery != "" { // an old address, such as /?p=123
		s.routes.Outputs.ServeHTTP(w, r)
		return
	}
	if s.routes.GraphiQL != nil {
		http.Redirect(w, r, "/graphiql/", http.StatusFound)
		return
	}
	text := "This is Broadsheet. The API is at /graphql."
	if s.routes.SDL != "" && s.routes.MaySDL == nil {
		text += " Its schema is at /schema.graphql."
	}
	plain(w, http.StatusOK, text)
}

func plain(w http.ResponseWriter, status int, text string) {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.Header().Set("X-Content-Type-Options", "nosniff")
	w.WriteHeader(status)
	_, _ = w.Write([]byte(text + "\n")) // the client may be gone
}

// isStream reports whether a request asks for answers that come over time: by
// WebSocket or as server-sent events.
func isStream(r *http.Request) bool {
	return strings.EqualFold(r.Header.Get("Upgrade"), "websocket") || httpheader.WantsEvents(r.Header["Accept"])
}

// deadline bounds the time of a request, signing in included.
func (s *Server) deadline(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		most := s.opts.RequestTimeout
		if bringsFiles(r) {
			// What follows bounds the time of executing.
			most += s.opts.UploadTimeout
			c := http.NewResponseController(w)
			now := time.Now()
			_, _ = c.SetReadDeadline(now.Add(s.opts.UploadTimeout)), c.SetWriteDeadline(now.Add(most+writeTime)) // else those of all requests hold
		}
		ctx, cancel := context.WithTimeout(r.Context(), most)
		defer cancel()
		next.ServeHTTP(w, r.WithContext(ctx))
	})
}

// writeTime is how long an answer may take to be sent.
const writeTime = 30 * time.Second

// bringsFiles reports whether a request has files, which take longer than other
// bodies.
func bringsFiles(r *http.Request) bool {
	kind, _, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	return err == nil && r.Method == http.MethodPost && kind == "multipart/form-data"
}

// limit bounds the body of a request.
func (s *Server) limit(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		most := s.opts.MaxRequestBytes
		if bringsFiles(r) {
			most = max(most, s.opts.MaxUploadBytes)
		}
		if r.ContentLength > most {
			graphQLError(w, http.StatusRequestEntityTooLarge, "BAD_USER_INPUT", fmt.Sprintf("the request is larger than %d bytes", most))
			return
		}
		r.Body = http.MaxBytesReader(w, r.Body, most)
		w.Header().Set("X-Content-Type-Options", "nosniff")
		next.ServeHTTP(w, r)
	})
}

func graphQLError(w http.ResponseWriter, status int, code, message string) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_, _ = fmt.Fprintf(w, `{"errors":[{"message":%q,"extensions":{"code":%q}}]}`, message, code)
}
