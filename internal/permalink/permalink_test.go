package permalink

import (
	"bytes"
	"strings"
	"testing"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

func TestClean(t *testing.T) {
	t.Parallel()
	for raw, want := range map[string]string{
		"/articles/a": "/articles/a",
		"articles/a/": "/articles/a",
		"https://example.org/articles/a?utm=1#part": "/articles/a",
		"https://example.org":                       "/",
		"":                                          "/",
		"/a/../b":                                   "/b",
		"/%D8%A3":                                   "/أ",
		"/أ":                                        "/أ",
		"//":                                        "/",
		"//a//b/":                                   "/a/b",
		"/%zz":                                      "/%zz",
		"/100%-off":                                 "/100%-off",
		"/100%25-off":                               "/100%-off",
		"/proxy/ftp://a/b":                          "/proxy/ftp:/a/b",
	} {
		if got, ok := Clean(raw); !ok || got != want {
			t.Errorf("Clean(%q) = %q, %t; want %q", raw, got, ok, want)
		}
	}
	for _, raw := range []string{"/%00", "/a%0Ab", "/\x00", "/%ff", string(bytes.Repeat([]byte("a"), MaxLength+1))} {
		if got, ok := Clean(raw); ok {
			t.Errorf("Clean(%.20q) = %q, want a refusal", raw, got)
		}
	}
}

func TestPathAndParse(t *testing.T) {
	t.Parallel()
	for _, k := range []Kind{Article, Category, Tag, Place, Series, Author, Page} {
		kind, slug := Parse(Path(k, "some-slug"))
		if kind != k || slug != "some-slug" {
			t.Errorf("Parse(Path(%q)) = %q, %q", k, kind, slug)
		}
	}
	for path, want := range map[string]Kind{"/": Front, "/company/about": Page, "/articles": Page, "/articles/a/b": Page} {
		if got, _ := Parse(path); got != want {
			t.Errorf("Parse(%q) = %q, want %q", path, got, want)
		}
	}
}

func FuzzClean(f *testing.F) {
	for _, seed := range []string{"/", "", "a/b/", "//host/x", "https://h/x?y#z", "/%25", "/%zz", "caf%C3%A9", "cafe\u0301", "?p=1", "/a\x00", "/\xff", "http://", "%2F%2F"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, raw string) {
		path, ok := Clean(raw)
		if !ok {
			return
		}
		if !strings.HasPrefix(path, "/") || len(path) > 1 && strings.HasSuffix(path, "/") || strings.HasPrefix(path, "//") ||
			!utf8.ValidString(path) || !norm.NFC.IsNormalString(path) || len(path) > MaxLength {
			t.Errorf("%q became %q", raw, path)
		}
		// What a browser sends for the path finds it again.
		sent := Escaped(path)
		if again, ok := Clean(sent); !ok || again != path {
			t.Errorf("%q, sent as %q, became %q", path, sent, again)
		}
	})
}
