package feed

import (
	"context"
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/broadsheet-cms/broadsheet/ent/schema"
)

// settings gives what the settings say about outputs, with the address of the site.
func (s *Service) settings(ctx context.Context) (schema.Outputs, string, error) {
	dir, err := s.dir.Current(ctx)
	if err != nil {
		return schema.Outputs{}, "", err
	}
	var out schema.Outputs
	if dir.Site.Outputs != nil {
		out = *dir.Site.Outputs
	}
	return out, s.base(dir), nil
}

// robots is /robots.txt: the one of the settings, or one that allows all but
// what is no page. It names the sitemaps in any case.
func (s *Service) robots(ctx context.Context) ([]byte, error) {
	out, base, err := s.settings(ctx)
	if err != nil {
		return nil, err
	}
	text := strings.TrimSpace(out.RobotsTxt)
	if text == "" {
		text = "User-agent: *\nDisallow: /graphql\nDisallow: /graphiql/\nDisallow: /partner/"
	}
	if !strings.Contains(strings.ToLower(text), "sitemap:") {
		text += "\n\nSitemap: " + base + sitemapPath + "\nSitemap: " + base + newsPath
	}
	return []byte(text + "\n"), nil
}

// ads and humans are there only where the settings have them.
func (s *Service) ads(ctx context.Context) ([]byte, error) {
	out, _, err := s.settings(ctx)
	return text(out.AdsTxt), err
}

func (s *Service) humans(ctx context.Context) ([]byte, error) {
	out, _, err := s.settings(ctx)
	return text(out.HumansTxt), err
}

func text(said string) []byte {
	if said = strings.TrimSpace(said); said == "" {
		return nil
	}
	return []byte(said + "\n")
}

// ascii writes an address as URIs are written (RFC 3986): the protocol of sitemaps asks for
// it, and not every reader of feeds takes others.
func ascii(address string) string {
	var b strings.Builder
	for _, c := range []byte(address) {
		if c < utf8.RuneSelf {
			b.WriteByte(c)
		} else {
			fmt.Fprintf(&b, "%%%02X", c)
		}
	}
	return b.String()
}
