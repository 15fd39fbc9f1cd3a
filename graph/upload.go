package graph

import (
	"encoding/json"
	"errors"
	"io"
	"maps"
	"mime/multipart"
	"net/http"
	"os"
	"slices"
	"strconv"
	"strings"

	"github.com/99designs/gqlgen/graphql"

	"github.com/broadsheet-cms/broadsheet/internal/access"
	"github.com/broadsheet-cms/broadsheet/internal/fault"
)

// Bounds of a multipart request.
const (
	// DefaultUploadBytes bounds a request with files.
	DefaultUploadBytes = 64 << 20
	maxFiles           = 20
	maxPlaces          = 100      // of files in the variables
	maxMapBytes        = 64 << 10 // of the part that says which file stands where
)

// requireHeaders are headers that a page of another origin cannot send without a
// preflight. A multipart request is one that browsers send without, so it must carry
// one of them.
var requireHeaders = []string{"Apollo-Require-Preflight", "X-Apollo-Operation-Name", "GraphQL-Require-Preflight", "X-Broadsheet-Client", "Authorization"}

// upload is a file of a request, kept on the disk while it is answered.
type upload struct {
	file        *os.File
	name, kind  string
	size        int64
	placeholder []slot
}

// slot is where in the variables a file stands.
type slot struct {
	object map[string]any
	list   []any
	key    string
	index  int
}

func (p slot) put(value any) {
	if p.object != nil {
		p.object[p.key] = value
		return
	}
	p.list[p.index] = value
}

// close removes the files of a request.
func (q *request) close() {
	for _, f := range q.files {
		if f.file != nil {
			_ = f.file.Close()           // it was read to its end, or is not wanted any more
			_ = os.Remove(f.file.Name()) //nolint:gosec // G703: a name that os.CreateTemp made; the system clears the folder otherwise
		}
	}
}

// readMultipart reads a request with files. Its parts come in the order that the
// specification asks for, so that nothing has to be kept before it is known what
// for: the operation, which file stands where, the files.
//
// Source: GraphQL multipart request specification.
func (e exchange) readMultipart(w http.ResponseWriter, r *http.Request) (*request, *refusal) {
	if !slices.ContainsFunc(requireHeaders, func(name string) bool { return r.Header.Get(name) != "" }) {
		return nil, refuse(http.StatusBadRequest, "a multipart request needs the header Apollo-Require-Preflight, which pages of other sites cannot send")
	}
	if access.Of(r.Context()).UserID == 0 {
		return nil, because(http.StatusUnauthorized, fault.Unauthenticated, "sign in to send files")
	}
	if r.ContentLength > e.maxUpload {
		return nil, tooLarge(e.maxUpload)
	}
	r.Body = http.MaxBytesReader(w, r.Body, e.maxUpload)
	parts, err := r.MultipartReader()
	if err != nil {
		return nil, refuse(http.StatusBadRequest, "the Content-Type names no boundary")
	}
	q := &request{}
	if refused := e.readParts(parts, q); refused != nil {
		q.close()
		return nil, refused
	}
	return q, nil
}

func (e exchange) readParts(parts *multipart.Reader, q *request) *refusal {
	text, refused := e.readPart(parts, "operations", e.maxBytes)
	if refused == nil {
		refused = q.decode(text, "operations")
	}
	if refused != nil {
		return refused
	}
	if text, refused = e.readPart(parts, "map", maxMapBytes); refused != nil {
		return refused
	}
	wanted, refused := q.placeFiles(text)
	if refused != nil {
		return refused
	}
	for {
		part, err := parts.NextPart()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return e.unreadable(err)
		}
		f := wanted[part.FormName()]
		if f == nil {
			return refuse(http.StatusBadRequest, "the request has a file that its map does not name, or names once only")
		}
		delete(wanted, part.FormName())
		if refused := e.keep(f, part); refused != nil {
			return refused
		}
	}
	if len(wanted) > 0 {
		return refuse(http.StatusBadRequest, "the map names a file that the request does not have")
	}
	return nil
}

// readPart reads a part of JSON that must come next.
func (e exchange) readPart(parts *multipart.Reader, name string, most int64) ([]byte, *refusal) {
	part, err := parts.NextPart()
	if err != nil && !errors.Is(err, io.EOF) {
		return nil, e.unreadable(err)
	}
	if err != nil || part.FormName() != name {
		return nil, refuse(http.StatusBadRequest, "the parts of the request must be operations, map and then the files")
	}
	text, err := io.ReadAll(io.LimitReader(part, most+1))
	if err != nil {
		return nil, e.unreadable(err)
	}
	if int64(len(text)) > most {
		return nil, refuse(http.StatusRequestEntityTooLarge, "%s is larger than %d bytes", name, most)
	}
	return text, nil
}

// placeFiles finds the places of the files in the variables, each of which must be
// null as yet, and gives the files by the names of their parts.
func (q *request) placeFiles(text []byte) (map[string]*upload, *refusal) {
	if refused := checkSize(text, "map"); refused != nil {
		return nil, refused
	}
	var named map[string]json.RawMessage
	if decodeOne(text, &named) != nil || named == nil {
		return nil, refuse(http.StatusBadRequest, "map must be one JSON object and nothing else")
	}
	if len(named) > maxFiles {
		return nil, refuse(http.StatusRequestEntityTooLarge, "the request has more than %d files", maxFiles)
	}
	files := make(map[string]*upload, len(named))
	places := 0
	for _, name := range slices.Sorted(maps.Keys(named)) {
		var paths []string
		if decodeOne(named[name], &paths) != nil || len(paths) == 0 {
			return nil, refuse(http.StatusBadRequest, "map must give a list of paths for each file, such as [\"variables.file\"]")
		}
		if places += len(paths); places > maxPlaces {
			return nil, refuse(http.StatusBadRequest, "map names more than %d paths", maxPlaces)
		}
		f := &upload{}
		for _, path := range paths {
			at, ok := q.place(path)
			if !ok {
				return nil, refuse(http.StatusBadRequest, "map names a path that is no null in the variables")
			}
			at.put(f) // so that no other file goes there
			f.placeholder = append(f.placeholder, at)
		}
		files[name] = f
		q.files = append(q.files, f)
	}
	return files, nil
}

// place follows a path such as variables.files.0 to a null.
func (q *request) place(path string) (slot, bool) {
	steps := strings.Split(path, ".")
	if len(steps) < 2 || len(steps) > maxJSONDepth || steps[0] != "variables" {
		return slot{}, false
	}
	var here any = q.Variables
	for i, step := range steps[1:] {
		var next any
		var at slot
		switch v := here.(type) {
		case map[string]any:
			value, there := v[step]
			if !there {
				return slot{}, false
			}
			next, at = value, slot{object: v, key: step}
		case []any:
			n, err := strconv.Atoi(step)
			if err != nil || n < 0 || n >= len(v) || strconv.Itoa(n) != step {
				return slot{}, false
			}
			next, at = v[n], slot{list: v, index: n}
		default:
			return slot{}, false
		}
		if i == len(steps)-2 {
			return at, next == nil
		}
		here = next
	}
	return slot{}, false
}

// keep stores a file on the disk and puts it where it belongs in the variables.
func (e exchange) keep(f *upload, part *multipart.Part) *refusal {
	var err error
	if f.file, err = os.CreateTemp("", "broadsheet-upload-*"); err != nil {
		return e.broken("make a file for an upload", err)
	}
	f.name, f.kind = part.FileName(), part.Header.Get("Content-Type")
	from := &reading{from: part}
	if f.size, err = io.Copy(f.file, from); err != nil {
		if from.err != nil {
			return e.unreadable(from.err)
		}
		return e.broken("store an upload", err)
	}
	for _, at := range f.placeholder {
		// Each place reads the file by itself.
		at.put(graphql.Upload{File: io.NewSectionReader(f.file, 0, f.size), Filename: f.name, Size: f.size, ContentType: f.kind})
	}
	return nil
}

// broken is a failure of ours before there is an operation.
func (e exchange) broken(doing string, err error) *refusal {
	e.logger.Error("a request could not be read", "doing", doing, "error", err) //nolint:sloglint // the caller has no context at hand
	return because(http.StatusServiceUnavailable, fault.TryAgain, "the server cannot take files at the moment: try again later")
}

// reading tells a failure of the client's connection from one of our disk.
type reading struct {
	from io.Reader
	err  error
}

// Read implements io.Reader.
func (r *reading) Read(p []byte) (int, error) {
	n, err := r.from.Read(p)
	if err != nil && !errors.Is(err, io.EOF) {
		r.err = err
	}
	return n, err
}
