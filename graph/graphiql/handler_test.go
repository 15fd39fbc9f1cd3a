package graphiql

import (
	"bytes"
	"compress/gzip"
	"io"
	"io/fs"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"
)

const script = "export const answer = 42;\n"

// built is a file system as "make web" leaves it, in miniature.
func built(t *testing.T) fs.FS {
	t.Helper()
	page := `<title>{{.Title}}</title><div data-endpoint="{{.Endpoint}}" data-subscription-endpoint="{{.SubscriptionEndpoint}}"></div>`
	return fstest.MapFS{
		"assets-missing.html":             {Data: []byte("run make web")},
		"assets/index.html":               {Data: []byte(page)},
		"assets/licenses.md.gz":           {Data: compressed(t, "# Licenses")},
		"assets/secret.txt.gz":            {Data: compressed(t, "outside static")},
		"assets/static/index-1a2b.js.gz":  {Data: compressed(t, script)},
		"assets/static/index-3c4d.css.gz": {Data: compressed(t, "a{}")},
		"assets/static/logo-5e6f.svg.gz":  {Data: compressed(t, "<svg/>")},
		"assets/static/icons-7a8b.ttf.gz": {Data: compressed(t, "font")},
		"assets/static/broken-9c.js.gz":   {Data: []byte("not gzip")},
		"assets/static/folder.gz/inner":   {Data: []byte("a folder named like a file")},
	}
}

func compressed(t *testing.T, text string) []byte {
	t.Helper()
	var out bytes.Buffer
	w := gzip.NewWriter(&out)
	if _, err := io.WriteString(w, text); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

func serve(h http.Handler, method, target string, header http.Header) *httptest.ResponseRecorder {
	r := httptest.NewRequest(method, "/", nil)
	r.URL.Path = target // as is: NewRequest would refuse or clean some of the paths below
	r.Header = header
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w
}

func TestPageCarriesTheOptions(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		opts Options
		want string
	}{
		"defaults": {
			Options{},
			`<title>Broadsheet GraphiQL</title><div data-endpoint="/graphql" data-subscription-endpoint=""></div>`,
		},
		"given": {
			Options{Endpoint: "/api/graphql", SubscriptionEndpoint: "/api/live", Title: "Gazette"},
			`<title>Gazette</title><div data-endpoint="/api/graphql" data-subscription-endpoint="/api/live"></div>`,
		},
		"escaped": {
			Options{Endpoint: `/"><script>`, Title: "</title><script>"},
			`<title>&lt;/title&gt;&lt;script&gt;</title><div data-endpoint="/&#34;&gt;&lt;script&gt;" data-subscription-endpoint=""></div>`,
		},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for _, target := range []string{"/graphiql", "/graphiql/"} {
				w := serve(newHandler(built(t), tt.opts), http.MethodGet, target, nil)
				if w.Code != http.StatusOK {
					t.Errorf("%s: status %d", target, w.Code)
				}
				if diff := cmp.Diff(tt.want, w.Body.String()); diff != "" {
					t.Errorf("%s: page (-want +got):\n%s", target, diff)
				}
			}
		})
	}
}

func TestHeaders(t *testing.T) {
	t.Parallel()
	const policy = "default-src 'none'; script-src 'self'; worker-src 'self' blob:; style-src 'self' 'unsafe-inline'; " +
		"img-src 'self' data: blob: https:; font-src 'self' data:; connect-src 'self'; frame-ancestors 'none'; " +
		"base-uri 'none'; form-action 'self'"
	common := func(h http.Header) http.Header {
		h.Set("Content-Security-Policy", policy)
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("Referrer-Policy", "same-origin")
		return h
	}
	asset := func(contentType string) http.Header {
		return common(http.Header{
			"Content-Type":  {contentType},
			"Cache-Control": {"public, max-age=31536000, immutable"},
			"Vary":          {"Accept-Encoding"},
		})
	}
	tests := map[string]http.Header{
		"/graphiql": common(http.Header{
			"Content-Type":  {"text/html; charset=utf-8"},
			"Cache-Control": {"no-cache"},
		}),
		"/graphiql/static/index-1a2b.js":  asset("text/javascript; charset=utf-8"),
		"/graphiql/static/index-3c4d.css": asset("text/css; charset=utf-8"),
		"/graphiql/static/logo-5e6f.svg":  asset("image/svg+xml"),
		"/graphiql/static/icons-7a8b.ttf": asset("font/ttf"),
		"/graphiql/licenses.md": common(http.Header{
			"Content-Type":  {"text/plain; charset=utf-8"},
			"Cache-Control": {"no-cache"},
			"Vary":          {"Accept-Encoding"},
		}),
		"/graphiql/absent": common(http.Header{
			"Content-Type": {"text/plain; charset=utf-8"},
		}),
	}
	h := newHandler(built(t), Options{})
	for target, want := range tests {
		t.Run(target, func(t *testing.T) {
			t.Parallel()
			w := serve(h, http.MethodGet, target, nil)
			if diff := cmp.Diff(want, w.Header()); diff != "" {
				t.Errorf("headers (-want +got):\n%s", diff)
			}
		})
	}
}

func TestAssetIsSentCompressedWhenAccepted(t *testing.T) {
	t.Parallel()
	tests := map[string]bool{
		"":                        false,
		"identity":                false,
		"br":                      false,
		"gzip":                    true,
		"GZIP":                    true,
		"gzip, deflate, br, zstd": true,
		"br;q=1.0, gzip;q=0.5":    true,
		"gzip;q=0":                false,
		"gzip; q=0.000, *":        false,
		"gzip;q=nonsense":         false,
		"*":                       true,
		"*;q=0":                   false,
		"*;q=0, gzip":             true,
	}
	h := newHandler(built(t), Options{})
	for accept, want := range tests {
		t.Run(accept, func(t *testing.T) {
			t.Parallel()
			w := serve(h, http.MethodGet, "/graphiql/static/index-1a2b.js", http.Header{"Accept-Encoding": {accept}})
			if got := w.Header().Get("Content-Encoding") == "gzip"; got != want {
				t.Fatalf("compressed = %t, want %t", got, want)
			}
			body := io.Reader(w.Body)
			if want {
				var err error
				if body, err = gzip.NewReader(w.Body); err != nil {
					t.Fatal(err)
				}
			}
			got, err := io.ReadAll(body)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(script, string(got)); diff != "" {
				t.Errorf("body (-want +got):\n%s", diff)
			}
		})
	}
}

func TestHeadHasNoBodyButTheLength(t *testing.T) {
	t.Parallel()
	server := httptest.NewServer(newHandler(built(t), Options{}))
	t.Cleanup(server.Close)
	for _, target := range []string{"/graphiql", "/graphiql/static/index-1a2b.js"} {
		r, err := http.NewRequestWithContext(t.Context(), http.MethodHead, server.URL+target, nil)
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("Accept-Encoding", "gzip")
		response, err := server.Client().Do(r)
		if err != nil {
			t.Fatal(err)
		}
		body, err := io.ReadAll(response.Body)
		response.Body.Close()
		if err != nil || response.StatusCode != http.StatusOK || len(body) != 0 || response.ContentLength <= 0 {
			t.Errorf("HEAD %s: status %d, %d bytes, length %d, error %v",
				target, response.StatusCode, len(body), response.ContentLength, err)
		}
	}
}

func TestOtherMethodsAreRefused(t *testing.T) {
	t.Parallel()
	h := newHandler(built(t), Options{})
	for _, method := range []string{http.MethodPost, http.MethodPut, http.MethodDelete, http.MethodOptions} {
		for _, target := range []string{"/graphiql", "/graphiql/static/index-1a2b.js"} {
			w := serve(h, method, target, nil)
			if w.Code != http.StatusMethodNotAllowed || w.Header().Get("Allow") != "GET, HEAD" {
				t.Errorf("%s %s: status %d, Allow %q", method, target, w.Code, w.Header().Get("Allow"))
			}
		}
	}
}

func TestPathsThatNameNoFileAreNotFound(t *testing.T) {
	t.Parallel()
	targets := []string{
		"/", "/graphiqlx", "/graphiql/index.html", "/graphiql/assets-missing.html", "/graphiql/handler.go",
		"/graphiql/secret.txt", "/graphiql/licenses.md.gz", "/graphiql/static", "/graphiql/static/", "/graphiql/static/.", "/graphiql/static/absent.js",
		"/graphiql/static/index-1a2b.js.gz", "/graphiql/static/folder", "/graphiql/static/folder.gz/inner",
		"/graphiql/static/../secret.txt", "/graphiql/static/x/../index-1a2b.js", "/graphiql/static//index-1a2b.js",
		"/graphiql/static/../../../../etc/passwd", `/graphiql/static/..\secret.txt`, "/graphiql/static/\x00",
	}
	h := newHandler(built(t), Options{})
	for _, target := range targets {
		if w := serve(h, http.MethodGet, target, nil); w.Code != http.StatusNotFound {
			t.Errorf("%q: status %d", target, w.Code)
		}
	}
}

func TestDamagedAssetIsAnError(t *testing.T) {
	t.Parallel()
	w := serve(newHandler(built(t), Options{}), http.MethodGet, "/graphiql/static/broken-9c.js", nil)
	if w.Code != http.StatusInternalServerError || w.Header().Get("Cache-Control") != "" {
		t.Errorf("status %d, Cache-Control %q", w.Code, w.Header().Get("Cache-Control"))
	}
}

func TestPageSaysHowToBuildWhenAssetsAreMissingOrBroken(t *testing.T) {
	t.Parallel()
	missing := &fstest.MapFile{Data: []byte("run make web")}
	tests := map[string]fs.FS{
		"missing":     fstest.MapFS{"assets-missing.html": missing},
		"unparsable":  fstest.MapFS{"assets-missing.html": missing, "assets/index.html": {Data: []byte("{{")}},
		"other field": fstest.MapFS{"assets-missing.html": missing, "assets/index.html": {Data: []byte("{{.Absent}}")}},
	}
	for name, files := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := serve(newHandler(files, Options{}), http.MethodGet, "/graphiql", nil)
			if w.Code != http.StatusServiceUnavailable || w.Body.String() != "run make web" {
				t.Errorf("status %d, body %q", w.Code, w.Body)
			}
			if got := w.Header().Get("Cache-Control"); got != "no-store" {
				t.Errorf("Cache-Control %q", got)
			}
			if w := serve(newHandler(files, Options{}), http.MethodGet, "/graphiql/static/a.js", nil); w.Code != http.StatusNotFound {
				t.Errorf("asset: status %d", w.Code)
			}
		})
	}
}

// TestEmbeddedPageIsWhole holds for a fresh clone, where the page says how to build, and for a built one, where every
// file that the page names must be there.
func TestEmbeddedPageIsWhole(t *testing.T) {
	t.Parallel()
	h := Handler(Options{})
	w := serve(h, http.MethodGet, Path, nil)
	if w.Code == http.StatusServiceUnavailable {
		if !strings.Contains(w.Body.String(), "make web") {
			t.Errorf("the page does not say how to build:\n%s", w.Body)
		}
		return
	}
	references := regexp.MustCompile(`(?:src|href)="([^"]*)"`).FindAllStringSubmatch(w.Body.String(), -1)
	if len(references) == 0 {
		t.Errorf("the page names no files:\n%s", w.Body)
	}
	for _, reference := range append(references, []string{"", Path + "/licenses.md"}) {
		if asset := serve(h, http.MethodGet, reference[1], nil); asset.Code != http.StatusOK {
			t.Errorf("%s: status %d", reference[1], asset.Code)
		}
	}
}
