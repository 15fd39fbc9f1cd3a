// Package graphiql serves GraphiQL, the query editor in the browser, from files inside the binary.
//
// The page is built from web/graphiql by "make web" into the git-ignored folder assets. A binary built without it
// still works and serves a page that says how to build it.
package graphiql

import (
	"bytes"
	"compress/gzip"
	"embed"
	"fmt"
	"html/template"
	"io"
	"io/fs"
	"net/http"
	"path"
	"strconv"
	"strings"

	"github.com/broadsheet-cms/broadsheet/internal/httpheader"
)

// Path is where the handler expects to be mounted, with and without a trailing slash. The built page refers to its
// files by this path (base in web/graphiql/vite.config.ts).
const Path = "/graphiql"

// licenses names the notices of the bundled libraries, which their licences want to go with the program.
const licenses = "licenses.md"

// revalidate is the Cache-Control of what keeps its name while its content changes from version to version.
const revalidate = "no-cache"

// embedded holds assets-missing.html and, after "make web", the folder assets. The pattern covers both because one
// that matches nothing would break the build of a fresh clone.
//
//go:embed all:assets*
var embedded embed.FS

// contentSecurityPolicy lets the page run its own scripts and talk to its own server, WebSockets included ('self'
// covers ws: and wss: of the same host, Content Security Policy Level 3, section 6.7.2.8), and nothing else. Monaco
// writes style elements and draws with data: URIs; descriptions in a schema may show pictures from elsewhere.
const contentSecurityPolicy = "default-src 'none'; " +
	"script-src 'self'; " +
	"worker-src 'self' blob:; " +
	"style-src 'self' 'unsafe-inline'; " +
	"img-src 'self' data: blob: https:; " +
	"font-src 'self' data:; " +
	"connect-src 'self'; " +
	"frame-ancestors 'none'; " +
	"base-uri 'none'; " +
	"form-action 'self'"

// Options says what the page shows and where it sends operations. The zero value is usable.
type Options struct {
	// Endpoint is the path that takes operations by POST, on the same origin; "/graphql" when empty.
	Endpoint string
	// SubscriptionEndpoint is the path of the WebSocket that speaks graphql-transport-ws; empty when there is none.
	SubscriptionEndpoint string
	// Title is the title of the browser's window; "Broadsheet GraphiQL" when empty.
	Title string
}

// Handler serves the page at Path and its files below. Requests reach it with their full path (no StripPrefix).
func Handler(opts Options) http.Handler {
	return newHandler(embedded, opts)
}

// handler answers from files, where the build left "assets/index.html" and all else gzipped, "assets/NAME.gz".
type handler struct {
	files   fs.FS
	index   []byte // the rendered page; nil when the assets are not built
	missing []byte
}

func newHandler(files fs.FS, opts Options) *handler {
	h := &handler{files: files}
	index, err := renderIndex(files, opts)
	if err != nil {
		// Whether the build is absent or broken, building it anew is the remedy.
		h.missing, _ = fs.ReadFile(files, "assets-missing.html")
		return h
	}
	h.index = index
	return h
}

// renderIndex fills the options into the page. They stand in attributes, which html/template escapes, and not in a
// script element, which the policy would refuse.
func renderIndex(files fs.FS, opts Options) ([]byte, error) {
	if opts.Endpoint == "" {
		opts.Endpoint = "/graphql"
	}
	if opts.Title == "" {
		opts.Title = "Broadsheet GraphiQL"
	}
	page, err := template.ParseFS(files, "assets/index.html")
	if err != nil {
		return nil, fmt.Errorf("read the GraphiQL page: %w", err)
	}
	var out bytes.Buffer
	if err := page.Execute(&out, opts); err != nil {
		return nil, fmt.Errorf("render the GraphiQL page: %w", err)
	}
	return out.Bytes(), nil
}

func (h *handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	header := w.Header()
	header.Set("Content-Security-Policy", contentSecurityPolicy)
	header.Set("X-Content-Type-Options", "nosniff")
	header.Set("Referrer-Policy", "same-origin")
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		header.Set("Allow", "GET, HEAD")
		http.Error(w, "method not allowed", http.StatusMethodNotAllowed)
		return
	}
	switch name, below := strings.CutPrefix(r.URL.Path, Path+"/"); {
	case r.URL.Path == Path, below && name == "":
		h.serveIndex(w)
	case below && strings.HasPrefix(name, "static/"):
		// Names carry a hash of the content, so a name never changes its meaning.
		h.serveFile(w, r, name, "public, max-age=31536000, immutable")
	case below && name == licenses:
		h.serveFile(w, r, name, revalidate)
	default:
		http.NotFound(w, r)
	}
}

func (h *handler) serveIndex(w http.ResponseWriter) {
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	if h.index == nil {
		w.Header().Set("Cache-Control", "no-store")
		w.WriteHeader(http.StatusServiceUnavailable)
		_, _ = w.Write(h.missing) // a failed write means that the client has gone
		return
	}
	w.Header().Set("Cache-Control", revalidate) // it names the files of the running version
	_, _ = w.Write(h.index)
}

// serveFile sends one file of the build, which lies there gzipped.
func (h *handler) serveFile(w http.ResponseWriter, r *http.Request, name, cacheControl string) {
	// Open refuses "..", empty elements and absolute paths (fs.ValidPath).
	file, err := h.files.Open("assets/" + name + ".gz")
	if err != nil {
		http.NotFound(w, r)
		return
	}
	defer file.Close()
	info, err := file.Stat()
	if err != nil || !info.Mode().IsRegular() {
		http.NotFound(w, r)
		return
	}

	header := w.Header()
	header.Set("Content-Type", contentType(name))
	header.Set("Cache-Control", cacheControl)
	header.Set("Vary", "Accept-Encoding")
	var body io.Reader = file
	if httpheader.AcceptsGzip(r.Header["Accept-Encoding"]) {
		header.Set("Content-Encoding", "gzip")
		header.Set("Content-Length", strconv.FormatInt(info.Size(), 10))
	} else if body, err = gzip.NewReader(file); err != nil {
		header.Del("Cache-Control")
		http.Error(w, "the file is damaged", http.StatusInternalServerError)
		return
	}
	if r.Method == http.MethodHead {
		return
	}
	_, _ = io.Copy(w, body) //nolint:gosec // G110: the file is one of our own build; a failed write means that the client has gone
}

// contentType goes by the file's extension. The table of package mime depends on the machine, and nosniff makes
// browsers refuse a script with a wrong type.
func contentType(name string) string {
	switch path.Ext(name) {
	case ".js":
		return "text/javascript; charset=utf-8"
	case ".css":
		return "text/css; charset=utf-8"
	case ".md":
		return "text/plain; charset=utf-8"
	case ".svg":
		return "image/svg+xml"
	case ".ttf":
		return "font/ttf"
	case ".woff2":
		return "font/woff2"
	default:
		return "application/octet-stream"
	}
}
