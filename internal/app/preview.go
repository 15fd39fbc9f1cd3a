package app

import (
	"log/slog"
	"net/http"

	"github.com/broadsheet-cms/broadsheet/internal/access"
	"github.com/broadsheet-cms/broadsheet/internal/newsroom"
)

// previewHeader bears a preview token.
const previewHeader = "X-Broadsheet-Preview"

// preview lets whoever sends a valid preview token read the one article that it
// is for. Any other token is like none. What is answered to a token is for its
// holder alone, and kept nowhere, whether or not the token is valid.
func preview(desk *newsroom.Service, logger *slog.Logger, next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		token := r.Header.Get(previewHeader)
		if token == "" {
			next.ServeHTTP(w, r)
			return
		}
		w.Header().Set("Cache-Control", "private, no-store")
		article, ok, err := desk.PreviewArticle(r.Context(), token)
		if err != nil {
			// Readers get their answer; only the draft stays hidden.
			logger.ErrorContext(r.Context(), "a preview token could not be looked up", "error", err)
		}
		if ok {
			v := access.Of(r.Context())
			v.Preview = article
			r = r.WithContext(access.With(r.Context(), v))
		}
		next.ServeHTTP(w, r)
	})
}
