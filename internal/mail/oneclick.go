package mail

import (
	"context"
	"io"
	"log/slog"
	"net/http"

	"github.com/broadsheet-cms/broadsheet/internal/fault"
)

// OneClick is how mails of a kind are ended by the address in their Unsubscribe.
type OneClick struct {
	Path string // of this server, with a slash at its end; a token follows
	Page Page   // for people who open the address
	// Stop ends what the mails are sent for; a fault BAD_USER_INPUT says that the
	// token is none.
	Stop func(ctx context.Context, token string) error
	Done string // what the mail program is told
}

const notNow = "This does not work right now. Try again later."

// HandleOneClick adds the POST by which a mail program ends mails (RFC 8058). It
// needs no cookie, no body and no page. A GET changes nothing, as programs follow
// links: it leads to the page of the front end.
func (m *Mailer) HandleOneClick(mux *http.ServeMux, o OneClick) {
	mux.HandleFunc("POST "+o.Path+"{token}", func(w http.ResponseWriter, r *http.Request) {
		err := o.Stop(r.Context(), r.PathValue("token"))
		if fault.CodeOf(err) == fault.BadUserInput {
			http.Error(w, "This link is not valid.", http.StatusNotFound)
			return
		}
		if err != nil {
			slog.ErrorContext(r.Context(), "mails could not be ended", "path", o.Path, "error", err)
			http.Error(w, notNow, http.StatusServiceUnavailable)
			return
		}
		w.Header().Set("Content-Type", "text/plain; charset=utf-8")
		_, _ = io.WriteString(w, o.Done+"\n") // the client may be gone
	})
	mux.HandleFunc("GET "+o.Path+"{token}", func(w http.ResponseWriter, r *http.Request) {
		brand, err := m.Brand(r.Context())
		if err != nil {
			http.Error(w, notNow, http.StatusServiceUnavailable)
			return
		}
		http.Redirect(w, r, brand.Link(o.Page, r.PathValue("token")), http.StatusSeeOther) //nolint:gosec // G710: a path of the site, whose address is a setting
	})
}

// Unlisted makes the answers of a handler, whose addresses have tokens in them, known
// to nobody but their clients.
func Unlisted(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Cache-Control", "no-store")
		w.Header().Set("X-Content-Type-Options", "nosniff")
		w.Header().Set("Referrer-Policy", "no-referrer")
		next.ServeHTTP(w, r)
	})
}
