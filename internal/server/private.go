package server

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/pprof"
	"time"

	"github.com/klauspost/compress/gzhttp"
)

// maxJitter is how many bytes an answer may grow by when it is compressed, so that
// its length tells little of what is in it.
const maxJitter = 32

// compressed compresses answers of a kilobyte and more by zstd or gzip.
func compressed(next http.Handler) http.Handler {
	wrap, err := gzhttp.NewWrapper(gzhttp.EnableZstd(true), gzhttp.RandomJitter(maxJitter, 0, false))
	if err != nil {
		panic(fmt.Errorf("compress answers: %w", err)) // the settings are fixed: a test makes a server
	}
	return wrap(next)
}

// secure sets the headers that every answer has. Handlers of pages set stricter ones.
func (s *Server) secure(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("Referrer-Policy", "no-referrer")
		h.Set("X-Frame-Options", "SAMEORIGIN")
		if s.opts.HTTPS {
			h.Set("Strict-Transport-Security", "max-age=31536000")
		}
		next.ServeHTTP(w, r)
	})
}

// places bound how much is answered at once; nil: nothing does.
type places chan struct{}

func newPlaces(most int) places {
	if most == 0 {
		return nil
	}
	return make(places, most)
}

// enter takes a place, or tells that there is none. Whoever gets one leaves it.
func (s *Server) enter(p places) (leave func(), ok bool) {
	if p != nil {
		select {
		case p <- struct{}{}:
		default:
			s.opts.Metrics.Shed()
			return nil, false
		}
	}
	end := s.opts.Metrics.Begin()
	return func() {
		end()
		if p != nil {
			<-p
		}
	}, true
}

// Enter takes one of the places of requests to the API, for an operation that comes
// over a socket.
func (s *Server) Enter() (leave func(), ok bool) { return s.enter(s.api) }

// shed refuses requests while as many are answered as may be: a server that takes
// them all answers none of them in time.
func (s *Server) shed(p places, next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		leave, ok := s.enter(p)
		if !ok {
			w.Header().Set("Retry-After", "1")
			graphQLError(w, http.StatusServiceUnavailable, "TRY_AGAIN", "too many requests are being answered: try again in a moment")
			return
		}
		defer leave()
		w.Header().Set("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'")
		next.ServeHTTP(w, r)
	})
}

// Private answers who runs the server: metrics, profiles, and health.
func (s *Server) Private(metrics http.Handler) http.Handler {
	mux := http.NewServeMux()
	mux.Handle("GET /metrics", metrics)
	mux.HandleFunc("GET /debug/pprof/", pprof.Index)
	mux.HandleFunc("GET /debug/pprof/cmdline", pprof.Cmdline)
	mux.HandleFunc("GET /debug/pprof/profile", pprof.Profile)
	mux.HandleFunc("GET /debug/pprof/symbol", pprof.Symbol)
	mux.HandleFunc("GET /debug/pprof/trace", pprof.Trace)
	mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) { plain(w, http.StatusOK, "alive") })
	mux.HandleFunc("GET /readyz", s.serveReady)
	return mux
}

// RunPrivate serves Private on a port of its own until ctx ends.
func (s *Server) RunPrivate(ctx context.Context, addr string, metrics http.Handler) error {
	listener, err := Listen(ctx, addr)
	if err != nil {
		return fmt.Errorf("metrics: %w", err)
	}
	srv := &http.Server{Handler: s.Private(metrics), ReadHeaderTimeout: 5 * time.Second, ReadTimeout: 30 * time.Second,
		WriteTimeout: 5 * time.Minute, // a profile takes as long as it is asked to
		IdleTimeout:  2 * time.Minute, MaxHeaderBytes: 1 << 16, ErrorLog: slog.NewLogLogger(s.opts.Logger.Handler(), slog.LevelDebug)}
	failed := make(chan error, 1)
	go func() { failed <- srv.Serve(listener) }() // ends with Close below
	s.opts.Logger.InfoContext(ctx, "serving metrics and profiles", "address", listener.Addr().String())
	select {
	case err := <-failed:
		return fmt.Errorf("serve metrics: %w", err)
	case <-ctx.Done():
	}
	return srv.Close()
}
