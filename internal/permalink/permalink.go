// Package permalink is the scheme of addresses: which path of the front end
// shows which thing. It is written here and nowhere else.
package permalink

import (
	"net/url"
	"path"
	"strings"

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

// MaxLength bounds a path that is looked up, in bytes.
const MaxLength = 2048

// Clean brings what a router asks for into the one form in which paths are
// kept: without scheme, host, query and fragment, percent signs decoded,
// Unicode composed, one slash in front and none behind. It fails on what can
// be no path.
func Clean(raw string) (string, bool) {
	if len(raw) > MaxLength {
		return "", false
	}
	raw = strings.TrimSpace(raw)
	if i := strings.Index(raw, "://"); i >= 0 {
		rest := raw[i+3:]
		slash := strings.IndexByte(rest, '/')
		if slash < 0 {
			return "/", true
		}
		raw = rest[slash:]
	}
	if i := strings.IndexAny(raw, "?#"); i >= 0 {
		raw = raw[:i]
	}
	decoded, err := url.PathUnescape(raw)
	if err != nil || strings.ContainsRune(decoded, 0) || strings.ToValidUTF8(decoded, "") != decoded {
		return "", false
	}
	return path.Clean("/" + norm.NFC.String(decoded)), true
}

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
