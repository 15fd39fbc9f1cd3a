package website

import (
	"bytes"
	"compress/gzip"
	"embed"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"path"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/broadsheet-cms/broadsheet/internal/httpheader"
)

// prefix is where the files of the application are.
const prefix = "/_site/"

// serviceWorker is the file that shows pages without a network.
const serviceWorker = "worker.js"

// embedded are the files that "make web" builds into assets/, and what is shown
// while they are not there.
//
//go:embed assets*
var embedded embed.FS

//go:embed assets-missing.html
var missing []byte

// assets is the built application.
type assets struct {
	files     fs.FS
	documents map[string]string // by id
	named     map[string]string // ids by the names of their operations
	words     map[string]map[string]any
	routes    routes
	style     string
	fonts     []string            // of headlines, loaded early
	scripts   map[string][]string // by the page or words/LANGUAGE that they are for, the first to run first
}

// routes are the paths that the application knows (web/site/paths.ts).
type routes struct {
	// Fixed are the paths of single pages, with their kind and the file that shows
	// them, as "Search" for pages/Search.tsx.
	Fixed map[string][2]string
}

// script is the file that shows the page of a path, empty for a path that names no
// single page.
func (r routes) script(path string) string { return r.Fixed[path][1] }

// chunk is one entry of Vite's manifest.
type chunk struct {
	File    string   `json:"file"`
	Name    string   `json:"name"`
	Imports []string `json:"imports"`
	CSS     []string `json:"css"`
	IsEntry bool     `json:"isEntry"`
}

var operationName = regexp.MustCompile(`\b(?:query|mutation|subscription)\s+(\w+)`)

// load reads what the server needs of a build; nil when there is none.
func load(files fs.FS) (*assets, error) {
	if _, err := fs.Stat(files, "assets/manifest.json.gz"); errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	a := &assets{files: files, named: map[string]string{}, scripts: map[string][]string{}}
	var manifest map[string]chunk
	for name, into := range map[string]any{"manifest.json": &manifest, "operations.json": &a.documents, "words.json": &a.words, "routes.json": &a.routes} {
		text, err := unpack(files, name)
		if err == nil {
			err = json.Unmarshal(text, into)
		}
		if err != nil {
			return nil, fmt.Errorf("read the built site: %s: %w; build it again with make web", name, err)
		}
	}
	for id, text := range a.documents {
		if m := operationName.FindStringSubmatch(text); m != nil {
			a.named[m[1]] = id
		}
	}
	a.arrange(manifest)
	if a.style == "" || len(a.scripts["main"]) == 0 {
		return nil, errors.New("read the built site: the manifest names no script or no style sheet; build it again with make web")
	}
	return a, nil
}

// arrange sorts the files of a manifest by what they are for.
func (a *assets) arrange(manifest map[string]chunk) {
	var walk func(key string, into []string) []string
	walk = func(key string, into []string) []string {
		c, ok := manifest[key]
		if !ok || slices.Contains(into, prefix+c.File) {
			return into
		}
		into = append(into, prefix+c.File)
		for _, i := range c.Imports {
			into = walk(i, into)
		}
		return into
	}
	for key, c := range manifest {
		switch {
		case c.IsEntry:
			a.scripts["main"] = walk(key, nil)
		case strings.HasPrefix(key, "pages/"):
			a.scripts[strings.TrimSuffix(path.Base(key), ".tsx")] = walk(key, nil)
		case strings.HasPrefix(key, "words/"):
			a.scripts[strings.TrimSuffix(key, ".ts")] = []string{prefix + c.File}
		case path.Ext(c.File) == ".css":
			a.style = prefix + c.File
		case strings.Contains(c.File, "latin-600") && path.Ext(c.File) == ".woff2":
			a.fonts = append(a.fonts, prefix+c.File)
		}
		if len(c.CSS) > 0 && c.IsEntry {
			a.style = prefix + c.CSS[0]
		}
	}
}

// unpack gives a file of the build, which lies there gzipped.
func unpack(files fs.FS, name string) ([]byte, error) {
	packed, err := fs.ReadFile(files, "assets/"+name+".gz")
	if err != nil {
		return nil, err
	}
	z, err := gzip.NewReader(bytes.NewReader(packed))
	if err != nil {
		return nil, err
	}
	return io.ReadAll(z)
}

// contentTypes are those of the files of the build.
var contentTypes = map[string]string{
	".js": "text/javascript; charset=utf-8", ".css": "text/css; charset=utf-8", ".woff2": "font/woff2", ".svg": "image/svg+xml", ".md": "text/plain; charset=utf-8",
}

// serveFile sends one file of the build, or the theme.
func (s *Site) serveFile(w http.ResponseWriter, r *http.Request, name string) {
	h := w.Header()
	h.Set("Content-Security-Policy", policy)
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		h.Set("Allow", "GET, HEAD")
		http.Error(w, "method not allowed", http.StatusMethodNotAllowed)
		return
	}
	if name == "theme.css" && len(s.opts.Theme) > 0 {
		s.serveTheme(w, r)
		return
	}
	kind := contentTypes[path.Ext(name)]
	if s.assets == nil || kind == "" || name != "licenses.md" && name != serviceWorker && !strings.HasPrefix(name, "static/") {
		http.NotFound(w, r)
		return
	}
	packed, err := fs.ReadFile(s.assets.files, "assets/"+name+".gz") // refuses "..", empty elements and absolute paths
	if err != nil {
		http.NotFound(w, r)
		return
	}
	h.Set("Content-Type", kind)
	h.Set("Vary", "Accept-Encoding")
	h.Set("Cache-Control", "no-cache")
	if name == serviceWorker {
		h.Set("Service-Worker-Allowed", "/") // it lies below the pages that it is for
	}
	if strings.HasPrefix(name, "static/") { // names carry a hash of the content
		h.Set("Cache-Control", "public, max-age=31536000, immutable")
	}
	if httpheader.AcceptsGzip(r.Header["Accept-Encoding"]) {
		h.Set("Content-Encoding", "gzip")
	} else if packed, err = unpack(s.assets.files, name); err != nil {
		h.Del("Cache-Control")
		http.Error(w, "the file is damaged", http.StatusInternalServerError)
		return
	}
	h.Set("Content-Length", strconv.Itoa(len(packed)))
	if r.Method == http.MethodGet {
		_, _ = w.Write(packed) //nolint:gosec // G705: an embedded file; the client may be gone
	}
}

func (s *Site) serveTheme(w http.ResponseWriter, r *http.Request) {
	h := w.Header()
	etag := httpheader.ETag(s.opts.Theme)
	h.Set("Content-Type", contentTypes[".css"])
	h.Set("Cache-Control", "public, max-age=300")
	h.Set("ETag", etag)
	if httpheader.HasETag(r.Header["If-None-Match"], etag) {
		w.WriteHeader(http.StatusNotModified)
		return
	}
	if r.Method == http.MethodGet {
		_, _ = w.Write(s.opts.Theme) // the client may be gone
	}
}
