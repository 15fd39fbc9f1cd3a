package feed

import (
	"fmt"
	"strings"

	"github.com/broadsheet-cms/broadsheet/internal/permalink"
)

// Language is the kind of the feeds of one language, whose slug is its tag.
const Language permalink.Kind = "languages"

// Format is how a feed is written.
type Format string

// The formats. The names stand in addresses; RSS is the one of /feed/ itself.
const (
	RSS   Format = ""
	Atom  Format = "atom"
	JSON  Format = "json"
	Ninjs Format = "ninjs"
)

// format says what is particular to a format.
type format struct {
	MediaType string
	write     func(*list) ([]byte, error)
}

var formats = map[Format]format{
	RSS:   {"application/rss+xml; charset=utf-8", writeRSS},
	Atom:  {"application/atom+xml; charset=utf-8", writeAtom},
	JSON:  {"application/feed+json", writeJSON},
	Ninjs: {"application/json", writeNinjs},
}

// named are the formats by the names that addresses may have, WordPress's too.
var named = map[string]Format{"": RSS, "feed": RSS, "rss": RSS, "rss2": RSS, "rdf": RSS, "atom": Atom, "json": JSON, "ninjs": Ninjs}

// kinds are what has feeds.
var kinds = map[permalink.Kind]bool{
	permalink.Front: true, permalink.Category: true, permalink.Tag: true, permalink.Author: true, permalink.Place: true, permalink.Series: true,
	permalink.Article: true, Language: true,
}

// Address names a feed: of what, in which format.
type Address struct {
	Of       permalink.Kind
	Slug     string
	Format   Format
	Comments bool // below the article, or below all
}

// Path is where the feed is.
func (a Address) Path() string {
	p := permalink.Path(a.Of, a.Slug)
	switch {
	case a.Comments && a.Of == permalink.Front:
		p = "/comments/feed/"
	case a.Of == permalink.Front:
		p = "/feed/"
	default:
		p = permalink.Escaped(p) + "/feed/"
	}
	if a.Format != RSS {
		p += string(a.Format) + "/"
	}
	return p
}

// Paths of outputs that are not feeds.
const (
	robotsPath   = "/robots.txt"
	adsPath      = "/ads.txt"
	humansPath   = "/humans.txt"
	sitemapPath  = "/sitemap.xml"
	newsPath     = "/sitemaps/news.xml"
	shardsPrefix = "/sitemaps/"
	pagesPath    = "/sitemaps/pages.xml"
)

// moved are the names that other systems give to our outputs.
var moved = map[string]string{
	"/wp-sitemap.xml": sitemapPath, "/sitemap_index.xml": sitemapPath, "/news-sitemap.xml": newsPath,
	"/rss": "/feed/", "/rss.xml": "/feed/", "/atom.xml": "/feed/atom/", "/feed.xml": "/feed/", "/feed.json": "/feed/json/",
	"/wp-rss.php": "/feed/", "/wp-rss2.php": "/feed/", "/wp-atom.php": "/feed/atom/", "/wp-rdf.php": "/feed/", "/wp-commentsrss2.php": "/comments/feed/",
}

// split cuts a clean path into what a feed is of and its format; false when it
// names no feed.
func split(clean string) (before string, f Format, ok bool) {
	if rest, found := strings.CutSuffix(clean, "/feed"); found {
		return rest, RSS, true
	}
	i := strings.LastIndex(clean, "/feed/")
	if i < 0 {
		return "", "", false
	}
	f, ok = named[clean[i+len("/feed/"):]]
	return clean[:i], f, ok
}

// parse tells which feed of ours a clean path names.
func parse(clean string) (Address, bool) {
	before, f, ok := split(clean)
	if !ok {
		return Address{}, false
	}
	if before == "/comments" {
		return Address{Format: f, Comments: true}, f == RSS || f == Atom
	}
	a := Address{Format: f}
	a.Of, a.Slug = permalink.Parse(before + "/")
	if before != "" {
		a.Of, a.Slug = permalink.Parse(before)
	}
	if slug, ok := strings.CutPrefix(before, "/"+string(Language)+"/"); ok && !strings.Contains(slug, "/") {
		a.Of, a.Slug = Language, slug
	}
	if a.Of == permalink.Article && f != Ninjs { // as with WordPress: what is said below it
		a.Comments = true
		return a, f == RSS || f == Atom
	}
	return a, kinds[a.Of]
}

// month is the name of a part of the sitemap of the articles of a month, from 1 on.
func month(year, m, part int) string {
	if part > 1 {
		return fmt.Sprintf("%s%04d-%02d-%d.xml", shardsPrefix, year, m, part)
	}
	return fmt.Sprintf("%s%04d-%02d.xml", shardsPrefix, year, m)
}
