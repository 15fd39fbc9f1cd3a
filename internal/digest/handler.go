package digest

import (
	"io"
	"log/slog"
	"net/http"

	"github.com/broadsheet-cms/broadsheet/internal/fault"
)

// Handler serves the POST by which a mail program ends digests (RFC 8058). A GET
// changes nothing, as programs follow links: it leads to the page of the front end.
func (s *Service) Handler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("POST "+oneClickPath+"{token}", s.serveOneClick)
	mux.HandleFunc("GET "+oneClickPath+"{token}", s.serveAsk)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Cache-Control", "no-store")
		w.Header().Set("X-Content-Type-Options", "nosniff")
		w.Header().Set("Referrer-Policy", "no-referrer")
		mux.ServeHTTP(w, r)
	})
}

const notNow = "This does not work right now. Try again later."

func (s *Service) serveOneClick(w http.ResponseWriter, r *http.Request) {
	err := s.Stop(r.Context(), r.PathValue("token"))
	if fault.CodeOf(err) == fault.BadUserInput {
		http.Error(w, "This link is not valid.", http.StatusNotFound)
		return
	}
	if err != nil {
		slog.ErrorContext(r.Context(), "digests could not be ended", "error", err)
		http.Error(w, notNow, http.StatusServiceUnavailable)
		return
	}
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	_, _ = io.WriteString(w, "You get no digests any more.\n") // the client may be gone
}

func (s *Service) serveAsk(w http.ResponseWriter, r *http.Request) {
	brand, err := s.mail.Brand(r.Context())
	if err != nil {
		http.Error(w, notNow, http.StatusServiceUnavailable)
		return
	}
	http.Redirect(w, r, brand.Link(pageStop, r.PathValue("token")), http.StatusSeeOther) //nolint:gosec // G710: a path of the site, whose address is a setting
}
