// Package permalink is the scheme of addresses: which path of the front end
// shows which thing. It is written here and nowhere else.
package permalink

import (
	"net/url"
	"path"
	"regexp"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// Kind is the type of thing that a path shows.
type Kind string

// The kinds, with the first part of their paths. Pages stand at the root.
const (
	Front    Kind = "" // the front page itself
	Article  Kind = "articles"
	Category Kind = "sections"
	Tag      Kind = "tags"
	Place    Kind = "places"
	Series   Kind = "series"
	Author   Kind = "authors"
	Page     Kind = "pages"
)

// Path gives the path of a thing with a slug; for a page the slug is its whole
// path without slashes at the ends.
func Path(kind Kind, slug string) string {
	switch kind {
	case Front:
		return "/"
	case Page:
		return "/" + slug
	}
	return "/" + string(kind) + "/" + slug
}

// Absolute puts a path behind the address of the site; without one it stays a
// path.
func Absolute(site, p string) string {
	if site == "" || !strings.HasPrefix(p, "/") {
		return p
	}
	return strings.TrimSuffix(site, "/") + p
}

// MaxLength bounds a clean path, in bytes.
const MaxLength = 2000

// Clean brings what a router asks for, or an old address, into the one form in
// which paths are kept and compared: without scheme, host, query and fragment,
// percent signs decoded, in Unicode's form NFC, one slash in front and none
// behind, without empty segments and dots. What is wrongly encoded is kept as it
// came. It is false for what can be no path.
func Clean(raw string) (string, bool) {
	if len(raw) > 3*MaxLength {
		return "", false
	}
	p, _, _ := strings.Cut(strings.TrimSpace(raw), "#")
	p, _, _ = strings.Cut(p, "?")
	if scheme, rest, ok := strings.Cut(p, "://"); ok && (strings.EqualFold(scheme, "http") || strings.EqualFold(scheme, "https")) {
		_, p, _ = strings.Cut(rest, "/")
	}
	if decoded, err := url.PathUnescape(p); err == nil {
		p = decoded
	}
	if !utf8.ValidString(p) || strings.ContainsFunc(p, unicode.IsControl) {
		return "", false
	}
	p = path.Clean("/" + norm.NFC.String(p))
	return p, len(p) <= MaxLength
}

// Escaped writes a clean path as a browser sends it: Clean makes the same of it
// again, whatever percent signs and question marks are in it.
func Escaped(clean string) string { return (&url.URL{Path: clean}).EscapedPath() }

// Parse tells what a clean path shows: the kind and the slug of it. What is
// under none of the prefixes is a page.
func Parse(clean string) (Kind, string) {
	rest := strings.TrimPrefix(clean, "/")
	if rest == "" {
		return Front, ""
	}
	first, slug, ok := strings.Cut(rest, "/")
	if ok && !strings.Contains(slug, "/") {
		switch k := Kind(first); k {
		case Article, Category, Tag, Place, Series, Author:
			return k, slug
		}
	}
	return Page, rest
}

// rooted finds addresses in HTML that begin at the root of the site.
var rooted = regexp.MustCompile(`\b(src|href|poster)="(/[^/"][^"]*|/)"`)

// AbsoluteHTML puts the address of the site before the paths in HTML, for readers who
// do not know where it came from.
func AbsoluteHTML(site, html string) string {
	return rooted.ReplaceAllString(html, `$1="`+strings.ReplaceAll(site, "$", "$$")+`$2"`)
}
