package richtext

import (
	"net/url"
	"strings"
	"unicode"
)

// urlUse says where a URL stands, and so which schemes it may have.
type urlUse int

const (
	linkURL  urlUse = iota // http, https, mailto, tel, relative
	mediaURL               // http, https, relative
)

// safeURL returns raw in canonical form, or false when it must not be written. It reads raw as a browser would: outer
// spaces and inner tabs and newlines do not count, so "java\nscript:" is seen for what it is. Data URLs are refused
// everywhere. base, when not nil, makes relative URLs absolute.
func safeURL(raw string, use urlUse, base *url.URL) (string, bool) {
	s := strings.TrimFunc(raw, func(r rune) bool { return r <= ' ' || unicode.IsSpace(r) })
	if strings.ContainsAny(s, "\t\n\r") {
		s = strings.NewReplacer("\t", "", "\n", "", "\r", "").Replace(s)
	}
	if s == "" || len(s) > MaxURLBytes {
		return "", false
	}
	for _, r := range s {
		// Format characters include the bidi controls, which make an address read as another one.
		if unicode.IsControl(r) || r == unicode.ReplacementChar || unicode.Is(unicode.Cf, r) && r != '\u200c' && r != '\u200d' {
			return "", false
		}
	}
	// Browsers take a backslash for a slash: "/\host" leaves the site while looking like a path.
	if i := strings.IndexAny(s, "?#"); strings.Contains(s[:cut(i, len(s))], `\`) {
		return "", false
	}
	if strings.HasPrefix(s, "//") {
		s = "https:" + s
	}
	u, err := url.Parse(s)
	if err != nil {
		return "", false
	}
	if u.Scheme == "" && base != nil && !strings.HasPrefix(s, "#") {
		u = base.ResolveReference(u)
	}
	switch u.Scheme {
	case "http", "https":
		if u.Host == "" {
			return "", false
		}
	case "mailto", "tel":
		if use != linkURL || u.Opaque == "" {
			return "", false
		}
	case "":
		if u.Host != "" {
			return "", false
		}
	default:
		return "", false
	}
	out := u.String()
	// Writing must be stable: what we store is read again by the same rules. A path such as "//host" in a URL without a
	// host would change its meaning.
	again, err := url.Parse(out)
	if err != nil || again.String() != out || again.Scheme != u.Scheme || strings.HasPrefix(out, "//") || len(out) > 3*MaxURLBytes {
		return "", false
	}
	return out, true
}

func cut(i, otherwise int) int {
	if i < 0 {
		return otherwise
	}
	return i
}

// host returns the host of an absolute URL in lower case without a leading "www." or "m.".
func host(u *url.URL) string {
	h := strings.ToLower(u.Hostname())
	h = strings.TrimPrefix(h, "www.")
	return strings.TrimPrefix(h, "m.")
}
