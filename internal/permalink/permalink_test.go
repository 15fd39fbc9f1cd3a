package permalink

import "testing"

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
	} {
		if got, ok := Clean(raw); !ok || got != want {
			t.Errorf("Clean(%q) = %q, %t; want %q", raw, got, ok, want)
		}
	}
	for _, raw := range []string{"/%zz", "/%00", "/\x00", "/%ff", string(make([]byte, MaxLength+1))} {
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
	f.Add("/articles/a%20b?x")
	f.Fuzz(func(t *testing.T, raw string) {
		if p, ok := Clean(raw); ok {
			if p == "" || p[0] != '/' {
				t.Errorf("Clean(%q) = %q", raw, p)
			}
		}
	})
}
