// Package website is the news site in the browser: the built application, and the
// first view of each page, which the server writes itself so that crawlers, link
// previews and readers with slow connections have the text at once.
//
// It knows nothing of services. It asks the API what the application would ask, by
// the same documents and through the same handler, and hands the answers on.
package website

import (
	"bytes"
	"cmp"
	"log/slog"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"github.com/broadsheet-cms/broadsheet/internal/httpheader"
	"github.com/broadsheet-cms/broadsheet/internal/httprecorder"
	"github.com/broadsheet-cms/broadsheet/internal/permalink"
)

// Options say what the site is put together from.
type Options struct {
	GraphQL http.Handler // answers operations for an anonymous reader
	// Next answers what is no page of the site: feeds, sitemaps and old addresses. It
	// answers 404 for what it does not have.
	Next http.Handler
	// Serves reports whether Next has something at a clean path, before any page.
	Serves func(clean string) bool
	Theme  []byte // a style sheet that changes variables; empty: none
	Logger *slog.Logger
}

// Site answers requests for pages and for the files of the application.
type Site struct {
	opts   Options
	assets *assets // nil: the application was not built
}

// New makes the site from the files that were built into the program.
func New(opts Options) (*Site, error) {
	if opts.Logger == nil {
		opts.Logger = slog.Default()
	}
	a, err := load(embedded)
	return &Site{opts, a}, err
}

// Documents are the operations of the application by their ids, for the store of
// trusted documents; none when it was not built.
func (s *Site) Documents() map[string]string {
	if s.assets == nil {
		return nil
	}
	return s.assets.documents
}

// policy lets a page use what comes from its own origin and nothing else. Blocks
// of data are no scripts to it.
const policy = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; connect-src 'self'; media-src 'self'; " +
	"manifest-src 'self'; worker-src 'self'; frame-ancestors 'self'; base-uri 'none'; form-action 'self'"

// ServeHTTP answers one request.
func (s *Site) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if name, ok := strings.CutPrefix(r.URL.Path, prefix); ok {
		s.serveFile(w, r, name)
		return
	}
	clean, ok := permalink.Clean(r.URL.EscapedPath())
	if !ok || r.Method != http.MethodGet && r.Method != http.MethodHead || s.opts.Serves(clean) {
		s.opts.Next.ServeHTTP(w, r)
		return
	}
	if clean == "/" && isOld(r.URL.Query()) && s.old(w, r) {
		return
	}
	if s.assets == nil {
		h := w.Header()
		h.Set("Content-Type", "text/html; charset=utf-8")
		h.Set("Cache-Control", "no-store")
		w.WriteHeader(http.StatusServiceUnavailable)
		_, _ = w.Write(missing) // a failed write means that the client has gone
		return
	}
	s.servePage(w, r, clean)
}

// isOld reports whether a query of the front page may be an address of another
// system, such as ?p=12.
func isOld(query url.Values) bool {
	for name := range query {
		switch name {
		case "p", "page_id", "attachment_id", "cat", "tag", "author", "m", "feed", "post_type", "s", "category_name", "author_name", "paged":
			return true
		}
	}
	return false
}

// old lets Next answer and reports whether it had something.
func (s *Site) old(w http.ResponseWriter, r *http.Request) bool {
	held := new(httprecorder.Recorder)
	s.opts.Next.ServeHTTP(held, r)
	status := cmp.Or(held.Status(), http.StatusOK)
	if status == http.StatusNotFound || status == http.StatusGone {
		return false
	}
	for name, values := range held.Header() {
		w.Header()[name] = values
	}
	w.WriteHeader(status)
	_, _ = w.Write(held.Body.Bytes()) // the client may be gone
	return true
}

func (s *Site) servePage(w http.ResponseWriter, r *http.Request, clean string) {
	v, err := s.view(r, clean)
	if err != nil {
		s.opts.Logger.WarnContext(r.Context(), "a page cannot be made", "path", clean, "error", err)
		w.Header().Set("Retry-After", "5")
		http.Error(w, "This page cannot be shown at the moment: try again.", http.StatusServiceUnavailable)
		return
	}
	h := w.Header()
	if v.MovedTo != "" {
		h.Set("Cache-Control", "public, max-age=300")
		http.Redirect(w, r, v.MovedTo, v.Status) //nolint:gosec // G710: a path of this site, or where an editor's redirect leads
		return
	}
	if v.Status == http.StatusNotFound && s.old(w, r) {
		return
	}
	var page bytes.Buffer
	if err := pages.ExecuteTemplate(&page, "document", v); err != nil {
		s.opts.Logger.ErrorContext(r.Context(), "a page cannot be written", "path", clean, "error", err)
		http.Error(w, "internal error", http.StatusInternalServerError)
		return
	}
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Content-Security-Policy", policy)
	h.Set("Referrer-Policy", "same-origin")
	h.Set("Content-Language", v.Language)
	h.Set("Cache-Control", "public, no-cache")
	if v.preview != "" {
		h.Set("Cache-Control", "private, no-store")
		h.Set("X-Robots-Tag", "noindex")
	}
	etag := httpheader.ETag(page.Bytes())
	h.Set("ETag", "W/"+etag) // as it may be compressed on its way
	if v.Status == http.StatusOK && httpheader.HasETag(r.Header["If-None-Match"], etag) {
		w.WriteHeader(http.StatusNotModified)
		return
	}
	h.Set("Content-Length", strconv.Itoa(page.Len()))
	w.WriteHeader(v.Status)
	if r.Method != http.MethodHead {
		_, _ = w.Write(page.Bytes()) // the client may be gone
	}
}
