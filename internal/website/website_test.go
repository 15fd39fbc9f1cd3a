package website

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
)

// packed is a file of a build.
func packed(t *testing.T, text string) *fstest.MapFile {
	t.Helper()
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	_, _ = io.WriteString(z, text)
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return &fstest.MapFile{Data: b.Bytes()}
}

// built is a build as "make web" leaves it, in miniature.
func built(t *testing.T) fs.FS {
	t.Helper()
	operations := map[string]string{}
	for _, name := range []string{"Chrome", "FrontPage", "ArticlePage", "ArticleBody", "ArticleTables", "ArticleHead", "Rail", "SectionPage", "StaticPage", "Route"} {
		operations["id-"+name] = "query " + name + " { __typename }"
	}
	text, err := json.Marshal(operations)
	if err != nil {
		t.Fatal(err)
	}
	return fstest.MapFS{
		"assets/manifest.json.gz": packed(t, `{"main.tsx":{"file":"static/main-1.js","isEntry":true,"css":["static/style-1.css"],"imports":["_shared.js"]},
			"_shared.js":{"file":"static/shared-1.js"},"pages/Article.tsx":{"file":"static/Article-1.js","imports":["_shared.js"]},
			"serif.woff2":{"file":"static/serif-latin-600-1.woff2"}}`),
		"assets/operations.json.gz":  packed(t, string(text)),
		"assets/words.json.gz":       packed(t, `{"en":{"latest":"Latest","months":["January","February","March","April","May","June","July","August","September","October","November","December"]},"ar":{"latest":"آخر الأخبار"}}`),
		"assets/routes.json.gz":      packed(t, `{"fixed":{"/":["front","Front"],"/search":["search","Search"]},"below":{"articles":["article","Article"]},"other":["page","Page"]}`),
		"assets/static/main-1.js.gz": packed(t, "export {}"),
		"assets/licenses.md.gz":      packed(t, "# Licences"),
	}
}

const chromeAnswer = `{"site":{"name":"The Gazette","tagline":"News","description":"A paper","language":"en","timeZone":"Asia/Riyadh","url":"https://gazette.example"},"header":null,"footer":null}`

const storyAnswer = `{"article":{"id":"art_1","path":"/articles/a","title":"</script><script>alert(1)</script>","language":"%s","direction":"LTR","status":"PUBLISHED","kind":"ARTICLE","subtitle":"","excerpt":"Why","publishedAt":"2026-01-05T22:30:00Z","updatedAt":"2026-01-05T22:30:00Z","readingTimeMinutes":3,"seo":{"title":"Headline","description":"Why","canonicalUrl":"/articles/a","noIndex":false},"translations":[{"id":"art_2","path":"/articles/b","language":"ar","title":"ب"}],"authors":[],"tags":[],"places":[],"corrections":[],"liveEntries":[]}}`

// api answers the operations of the miniature.
func api(answers map[string]string) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var q struct {
			DocumentID string
			Variables  map[string]any
		}
		_ = json.NewDecoder(r.Body).Decode(&q)
		name := strings.TrimPrefix(q.DocumentID, "id-")
		data, ok := answers[name]
		if path, _ := q.Variables["path"].(string); ok && path == "/articles/none" {
			data = `{"article":null}`
		}
		if name == "Route" {
			data = map[string]string{"/articles/none": `{"route":null}`, "/old": `{"route":{"path":"/old","redirectTo":"/articles/a","statusCode":301,"target":null}}`,
				"/gone": `{"route":{"path":"/gone","redirectTo":null,"statusCode":410,"target":null}}`}[q.Variables["path"].(string)]
		}
		if data == "" {
			data = `{"page":null}`
		}
		_, _ = fmt.Fprintf(w, `{"data":%s}`, data)
	})
}

func site(t *testing.T) *Site {
	t.Helper()
	a, err := load(built(t))
	if err != nil {
		t.Fatal(err)
	}
	answers := map[string]string{"Chrome": chromeAnswer, "ArticlePage": fmt.Sprintf(storyAnswer, "en"), "ArticleBody": `{"article":{"id":"art_1","body":[{"__typename":"TableBlock"}]}}`,
		"ArticleTables": `{"article":null}`, "Rail": `{"mostRead":[]}`,
		"ArticleHead": `{"article":{"bodyHtml":"<p>The <b>text</b>.</p><video src=\"https://video.example/a.mp4\" controls=\"\"></video><img src=\"https://pictures.example/a.jpg\" alt=\"A boat\">","jsonLd":{"headline":"</script>"}}}`}
	next := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Query().Get("p") == "12" {
			http.Redirect(w, r, "/articles/a", http.StatusMovedPermanently)
			return
		}
		http.NotFound(w, r)
	})
	return &Site{Options{GraphQL: api(answers), Next: next, Serves: func(p string) bool { return p == "/feed" }, Logger: slog.New(slog.DiscardHandler)}, a}
}

func get(h http.Handler, target string) *httptest.ResponseRecorder {
	w := httptest.NewRecorder()
	h.ServeHTTP(w, httptest.NewRequest(http.MethodGet, target, nil))
	return w
}

func TestStatuses(t *testing.T) {
	t.Parallel()
	s := site(t)
	for target, want := range map[string]struct {
		status int
		to     string
	}{
		"/articles/a": {200, ""}, "/articles/a/": {301, "/articles/a"}, "/articles/none": {404, ""}, "/old": {301, "/articles/a"}, "/gone": {410, ""},
		"/?p=12": {301, "/articles/a"}, "/search": {200, ""}, "/feed": {404, ""}, "/_site/static/main-1.js": {200, ""}, "/_site/static/../words.json": {404, ""},
		"/_site/operations.json": {404, ""}, "/_site/theme.css": {404, ""}, "/_site/licenses.md": {200, ""},
	} {
		w := get(s, target)
		if w.Code != want.status || w.Header().Get("Location") != want.to {
			t.Errorf("%s: %d %q, want %d %q", target, w.Code, w.Header().Get("Location"), want.status, want.to)
		}
	}
}

func TestFirstViewCarriesTheStory(t *testing.T) {
	t.Parallel()
	w := get(site(t), "/articles/a")
	page := w.Body.String()
	for _, want := range []string{
		`<title>Headline</title>`, `<link rel="canonical" href="https://gazette.example/articles/a">`, `hreflang="ar" href="https://gazette.example/articles/b"`,
		`<p>The <b>text</b>.</p>`, `<a class="recording" href="https://video.example/a.mp4">`, `<a href="https://pictures.example/a.jpg">A boat</a>`, `property="og:type" content="article"`,
		`<script type="application/ld+json">{"headline":"\u003c/script\u003e"}</script>`, `6 January 2026, 01:30`, `<script type="module" src="/_site/static/main-1.js">`,
		`<link rel="modulepreload" href="/_site/static/Article-1.js">`, `"name":"ArticleTables"`, `<link rel="preload" href="/_site/static/serif-latin-600-1.woff2"`,
	} {
		if !strings.Contains(page, want) {
			t.Errorf("the page lacks %s", want)
		}
	}
	if strings.Contains(page, "<script>alert") || strings.Count(page, "</script>") != 3 {
		t.Error("a title ends a script element")
	}
	policy := w.Header().Get("Content-Security-Policy")
	if !strings.Contains(policy, "script-src 'self';") || strings.Contains(policy, "unsafe") {
		t.Errorf("policy %q", policy)
	}
	r := httptest.NewRequest(http.MethodGet, "/articles/a", nil)
	r.Header.Set("If-None-Match", w.Header().Get("ETag"))
	again := httptest.NewRecorder()
	site(t).ServeHTTP(again, r)
	if again.Code != http.StatusNotModified {
		t.Errorf("asked again: %d", again.Code)
	}
}

func TestPreviewIsForItsHolder(t *testing.T) {
	t.Parallel()
	w := get(site(t), "/articles/a?preview=token")
	if got := w.Header().Get("Cache-Control"); got != "private, no-store" {
		t.Errorf("Cache-Control %q", got)
	}
}

func TestAPIThatFailsIsAnAnswer(t *testing.T) {
	t.Parallel()
	s := site(t)
	s.opts.GraphQL = http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusServiceUnavailable) })
	if w := get(s, "/"); w.Code != http.StatusServiceUnavailable || w.Header().Get("Retry-After") == "" {
		t.Errorf("status %d", w.Code)
	}
}

func TestWithoutABuildThePageSaysHowToBuild(t *testing.T) {
	t.Parallel()
	s := site(t)
	s.assets = nil
	if w := get(s, "/"); w.Code != http.StatusServiceUnavailable || !strings.Contains(w.Body.String(), "make web") {
		t.Errorf("status %d\n%s", w.Code, w.Body)
	}
	if a, err := load(fstest.MapFS{}); a != nil || err != nil {
		t.Errorf("no build: %v %v", a, err)
	}
	if _, err := load(fstest.MapFS{"assets/manifest.json.gz": packed(t, "{")}); err == nil {
		t.Error("a broken build is taken")
	}
}

func TestNoStoryIsOnTheFrontPageTwice(t *testing.T) {
	t.Parallel()
	story := func(id, language string) any { return map[string]any{"id": id, "language": language} }
	var news []any
	for i := range 20 {
		news = append(news, story(fmt.Sprint(i), "en"))
	}
	f := arrange(map[string]any{
		"picks": []any{story("3", "en"), story("x", "ar"), story("4", "en")}, "latestNews": map[string]any{"nodes": news},
		"categories": []any{map[string]any{"id": "c", "latestNews": map[string]any{"nodes": news}}}, "mostRead": news,
	}, "en")
	seen := []string{text(f.Lead["id"])}
	for _, part := range [][]map[string]any{f.Picks, f.Latest, f.Rows[0].Stories, f.MostRead} {
		for _, s := range part {
			seen = append(seen, text(s["id"]))
		}
	}
	if len(f.Picks) != 4 || len(f.Latest) != 8 || seen[0] != "3" || seen[1] != "4" || slices.Contains(seen, "x") {
		t.Errorf("laid out %v", seen)
	}
	slices.Sort(seen)
	if len(slices.Compact(slices.Clone(seen))) != len(seen) {
		t.Errorf("twice: %v", seen)
	}
}

func TestTheme(t *testing.T) {
	t.Parallel()
	css, err := Theme([]byte(`{"light":{"accent":"#0a5","serif":"Georgia, serif"},"dark":{"paper":"rgb(0 0 0)"}}`))
	if want := ":root { --accent: #0a5; --serif: Georgia, serif; }\n@media (prefers-color-scheme: dark) { :root { --paper: rgb(0 0 0); } }\n"; err != nil || string(css) != want {
		t.Errorf("%q %v", css, err)
	}
	for _, bad := range []string{`{`, `{"light":{"colour":"red"}}`, `{"light":{"ink":"red; } body { display: none"}}`, `{"light":{"ink":"url(https://x.example)"}}`, `{"sepia":{}}`} {
		if _, err := Theme([]byte(bad)); err == nil {
			t.Errorf("%s is taken", bad)
		}
	}
}
