package media

import (
	"errors"
	"log/slog"
	"net/http"
	"regexp"
	"strings"

	"gocloud.dev/blob"
	"gocloud.dev/gcerrors"

	entmedia "github.com/broadsheet-cms/broadsheet/ent/media"
	"github.com/broadsheet-cms/broadsheet/internal/budget"
)

// Prefix is the path under which Handler serves.
const Prefix = "/media/"

// keyForm is what keys look like. Nothing else is looked up, so that a request
// can reach nothing but originals.
var keyForm = regexp.MustCompile(`^[0-9]{4}/[0-9]{2}/([0-9a-f]{16})(-[a-z0-9-]+)?\.[a-z0-9]{2,4}$`)

// maxKey bounds a key, in bytes.
const maxKey = 200

// contentSecurity lets a picture be a picture and nothing more, whatever is in
// it, also when it is opened as a page of its own.
const contentSecurity = "default-src 'none'; style-src 'unsafe-inline'; sandbox"

// What requests cost, in the points that the API counts.
const (
	requestPoints = 20    // each
	makePoints    = 1_000 // more for a variant that has to be made
)

// Handler serves originals and variants below Prefix. A key names its content, so answers
// may be kept for good; parts (Range) and conditions are honoured.
func (s *Service) Handler() http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		header := w.Header()
		header.Set("X-Content-Type-Options", "nosniff")
		header.Set("Content-Security-Policy", contentSecurity)
		if r.Method != http.MethodGet && r.Method != http.MethodHead {
			header.Set("Allow", "GET, HEAD")
			http.Error(w, "Media can only be read.", http.StatusMethodNotAllowed)
			return
		}
		if !budget.Admit(s.Budget, w, r, requestPoints) {
			return
		}
		key, below := strings.CutPrefix(r.URL.Path, Prefix)
		variant := ""
		if at := strings.LastIndexByte(key, '/'); strings.Count(key, "/") == segments {
			key, variant = key[:at], key[at+1:]
		}
		form := keyForm.FindStringSubmatch(key)
		format := formatOf(key)
		if !below || form == nil || format.contentType == "" || len(key) > maxKey {
			http.Error(w, "There is no such file.", http.StatusNotFound)
			return
		}
		l, err := s.mayShow(r.Context(), key)
		if err != nil {
			if r.Context().Err() == nil {
				slog.ErrorContext(r.Context(), "look whether a media file may be shown", "key", key, "error", err)
				unavailable(w)
			}
			return
		}
		serve := func(w http.ResponseWriter, r *http.Request) {
			if variant != "" {
				s.serveVariant(w, r, key, variant, l)
			} else {
				s.serveOriginal(w, r, key, format, form[1], l)
			}
		}
		if l.ended {
			s.restricted(w, r, serve)
			return
		}
		serve(w, r)
	})
}

func (s *Service) serveOriginal(w http.ResponseWriter, r *http.Request, key string, format format, tag string, l licence) {
	reader, err := s.bucket.NewReader(r.Context(), key, nil)
	switch {
	case gcerrors.Code(err) == gcerrors.NotFound:
		s.serveMoved(w, r, key, "")
	case r.Context().Err() != nil: // nobody is waiting
		if err == nil {
			_ = reader.Close()
		}
	case err != nil:
		slog.ErrorContext(r.Context(), "read a media file", "key", key, "error", err)
		unavailable(w)
	default:
		s.serveBlob(w, r, reader, key, format, tag, l)
	}
}

// unavailable answers that a file cannot be read at the moment.
func unavailable(w http.ResponseWriter) {
	w.Header().Set("Retry-After", "5")
	http.Error(w, "The file cannot be read now.", http.StatusServiceUnavailable)
}

// segments are those of a key; a variant has one more.
const segments = 3

// serveBlob answers with a blob, whose content its address names.
func (s *Service) serveBlob(w http.ResponseWriter, r *http.Request, reader *blob.Reader, key string, format format, tag string, l licence) {
	defer func() {
		if err := reader.Close(); err != nil && !errors.Is(err, r.Context().Err()) {
			slog.WarnContext(r.Context(), "close a media file", "key", key, "error", err)
		}
	}()
	header := w.Header()
	header.Set("Content-Type", format.contentType)
	header.Set("ETag", `"`+tag+`"`)
	header.Set("Cache-Control", s.cacheFor(l))
	header.Set("Cross-Origin-Resource-Policy", "cross-origin")
	if format.kind == entmedia.KindFile {
		header.Set("Content-Disposition", "attachment")
	}
	http.ServeContent(w, r, "", reader.ModTime(), reader)
}
