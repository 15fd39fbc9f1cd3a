package app

import (
	"fmt"
	"net/http"
	"os"

	"github.com/broadsheet-cms/broadsheet/internal/website"
)

// site gives the news site over the API. Its operations are trusted documents,
// without being registered.
func (a *App) site(api, outputs http.Handler) (http.Handler, error) {
	opts := website.Options{GraphQL: api, Next: outputs, Serves: a.Feeds.Serves, Logger: a.requestLogger()}
	if a.cfg.SiteTheme != "" {
		file, err := os.ReadFile(a.cfg.SiteTheme)
		if err == nil {
			opts.Theme, err = website.Theme(file)
		}
		if err != nil {
			return nil, fmt.Errorf("--site-theme %s: %w", a.cfg.SiteTheme, err)
		}
	}
	s, err := website.New(opts)
	if err != nil {
		return nil, err
	}
	a.Trusted.Include(s.Documents())
	return s, nil
}
