package server

import (
	"context"
	"crypto/rand"
	"errors"
	"log/slog"
	"net/http"
	"runtime/debug"
	"time"

	"github.com/broadsheet-cms/broadsheet/internal/httprecorder"
)

type requestIDKey struct{}

// RequestID is the id of the request that ctx belongs to, empty outside of
// one.
func RequestID(ctx context.Context) string {
	id, _ := ctx.Value(requestIDKey{}).(string)
	return id
}

// LogRequestID puts the id of the request into every line that is logged while
// answering it.
func LogRequestID(h slog.Handler) slog.Handler { return requestIDHandler{h} }

type requestIDHandler struct{ slog.Handler }

func (h requestIDHandler) Handle(ctx context.Context, r slog.Record) error {
	if id := RequestID(ctx); id != "" {
		r.AddAttrs(slog.String("request", id))
	}
	return h.Handler.Handle(ctx, r)
}

func (h requestIDHandler) WithAttrs(attrs []slog.Attr) slog.Handler {
	return requestIDHandler{h.Handler.WithAttrs(attrs)}
}

func (h requestIDHandler) WithGroup(name string) slog.Handler {
	return requestIDHandler{h.Handler.WithGroup(name)}
}

func (s *Server) identify(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		id := rand.Text()
		w.Header().Set("X-Request-Id", id)
		next.ServeHTTP(w, r.WithContext(context.WithValue(r.Context(), requestIDKey{}, id)))
	})
}

// log writes a line for each request at debug, for each failure at warn. It
// holds no path, query, address or header: those may be personal, or have a token in
// them that is as good as a password. What answered is told by its route.
func (s *Server) log(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		start := time.Now()
		sw := &httprecorder.StatusWriter{ResponseWriter: w, Status: http.StatusOK}
		next.ServeHTTP(sw, r)
		if !isStream(r) || sw.Status >= http.StatusBadRequest { // how long a stream lasts says nothing
			s.opts.Metrics.Answered(httprecorder.Route(r), r.Method, sw.Status, time.Since(start))
		}
		level := slog.LevelDebug
		if sw.Status >= http.StatusInternalServerError {
			level = slog.LevelWarn
		}
		if s.opts.Logger.Enabled(r.Context(), level) {
			s.opts.Logger.Log(r.Context(), level, "answered", "method", r.Method, "route", httprecorder.Route(r),
				"status", sw.Status, "duration", time.Since(start))
		}
	})
}

func (s *Server) recover(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		defer func() {
			thrown := recover()
			if thrown == nil {
				return
			}
			if err, ok := thrown.(error); ok && errors.Is(err, http.ErrAbortHandler) {
				panic(thrown) // net/http's own way to cut a connection
			}
			s.opts.Logger.ErrorContext(r.Context(), "panic", "thrown", thrown, "stack", string(debug.Stack()))
			graphQLError(w, http.StatusInternalServerError, "INTERNAL", "internal error")
		}()
		next.ServeHTTP(w, r)
	})
}
