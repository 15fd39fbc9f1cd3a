package graph

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"mime/multipart"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/99designs/gqlgen/graphql"
	"github.com/99designs/gqlgen/graphql/handler"
	"github.com/vektah/gqlparser/v2"
	"github.com/vektah/gqlparser/v2/ast"

	"github.com/broadsheet-cms/broadsheet/graph/document"
	"github.com/broadsheet-cms/broadsheet/graph/model"
	"github.com/broadsheet-cms/broadsheet/internal/access"
)

// shelf is a schema with one mutation that takes files, and answers what is in them.
type shelf struct{ schema *ast.Schema }

func (s shelf) Schema() *ast.Schema { return s.schema }

func (shelf) Complexity(context.Context, string, string, int, map[string]any) (int, bool) {
	return 0, false
}

func (shelf) Exec(ctx context.Context) graphql.ResponseHandler {
	texts := []string{}
	input, _ := graphql.GetOperationContext(ctx).Variables["input"].(map[string]any)
	files, _ := input["more"].([]any)
	if one := input["file"]; one != nil {
		files = append([]any{one}, files...)
	}
	for _, value := range files {
		f, err := model.UnmarshalUpload(value)
		if err != nil {
			return graphql.OneShot(graphql.ErrorResponse(ctx, "%s", err.Error()))
		}
		text, err := io.ReadAll(f.File)
		if err != nil {
			return graphql.OneShot(graphql.ErrorResponse(ctx, "%s", err.Error()))
		}
		texts = append(texts, fmt.Sprintf("%s %s %d %.20s", f.Filename, f.ContentType, f.Size, text))
	}
	data, _ := json.Marshal(map[string]any{"store": texts}) // texts can be written
	return graphql.OneShot(&graphql.Response{Data: data})
}

const mostUpload = 64 << 10

func shelves(t *testing.T) http.Handler {
	t.Helper()
	schema := gqlparser.MustLoadSchema(&ast.Source{Input: `scalar Upload input Files { name: String file: Upload more: [Upload!] } type Query { a: Int } type Mutation { store(input: Files!): [String!]! }`})
	srv := handler.New(shelf{schema})
	logger := slog.New(slog.DiscardHandler)
	srv.AddTransport(exchange{documents: document.NewStore(schema, document.Options{}), timeout: time.Minute, maxBytes: 4096, maxUpload: mostUpload, present: present(logger), logger: logger})
	srv.SetQueryCache(checkedDocuments{})
	srv.SetErrorPresenter(present(logger))
	return srv
}

// part is one part of a multipart request; a file has a name.
type part struct{ field, file, text string }

func multipartOf(t *testing.T, parts ...part) (body, contentType string) {
	t.Helper()
	var b bytes.Buffer
	w := multipart.NewWriter(&b)
	for _, p := range parts {
		var to io.Writer
		var err error
		if p.file == "" {
			to, err = w.CreateFormField(p.field)
		} else {
			to, err = w.CreateFormFile(p.field, p.file)
		}
		if err == nil {
			_, err = io.WriteString(to, p.text)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.String(), w.FormDataContentType()
}

func TestUploads(t *testing.T) {
	dir := t.TempDir()
	t.Setenv("TMPDIR", dir)
	h := shelves(t)
	const query = `"query":"mutation($input:Files!){store(input:$input)}"`
	one := part{"operations", "", `{` + query + `,"variables":{"input":{"file":null}}}`}
	two := part{"operations", "", `{` + query + `,"variables":{"input":{"file":null,"more":[null,null]}}}`}
	named := func(text string) part { return part{"map", "", text} }
	file := func(field, text string) part { return part{field, field + ".txt", text} }
	many := map[string][]string{}
	for i := range maxFiles + 1 {
		many[fmt.Sprint(i)] = []string{"variables.input.file"}
	}
	tooMany, err := json.Marshal(many)
	if err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		parts  []part
		status int
		want   string
	}{
		"a file":                  {[]part{one, named(`{"0":["variables.input.file"]}`), file("0", "hello")}, 200, `["0.txt application/octet-stream 5 hello"]`},
		"files in a list":         {[]part{two, named(`{"a":["variables.input.more.1"],"b":["variables.input.more.0"],"c":["variables.input.file"]}`), file("a", "1"), file("b", "2"), file("c", "3")}, 200, `["c.txt application/octet-stream 1 3","b.txt application/octet-stream 1 2","a.txt application/octet-stream 1 1"]`},
		"a file in two places":    {[]part{two, named(`{"a":["variables.input.more.0","variables.input.more.1"]}`), file("a", "twice")}, 200, `["a.txt application/octet-stream 5 twice","a.txt application/octet-stream 5 twice"]`},
		"an empty file":           {[]part{one, named(`{"0":["variables.input.file"]}`), file("0", "")}, 200, `["0.txt application/octet-stream 0 "]`},
		"no files":                {[]part{one, named(`{}`)}, 200, `[]`},
		"null operations":         {[]part{{"operations", "", `null`}, named(`{}`)}, 400, `operations must be`},
		"null variables":          {[]part{{"operations", "", `{` + query + `,"variables":null}`}, named(`{"0":["variables.input.file"]}`), file("0", "x")}, 400, `names a path that is no null`},
		"a batch":                 {[]part{{"operations", "", `[{` + query + `}]`}, named(`{}`)}, 400, `is a list`},
		"no JSON":                 {[]part{{"operations", "", `{`}, named(`{}`)}, 400, `operations must be`},
		"a null map":              {[]part{one, named(`null`)}, 400, `map must be`},
		"a map of null":           {[]part{one, named(`{"0":null}`), file("0", "x")}, 400, `map must give`},
		"a map of text":           {[]part{one, named(`{"0":"variables.input.file"}`), file("0", "x")}, 400, `map must give`},
		"no path":                 {[]part{one, named(`{"0":[]}`), file("0", "x")}, 400, `map must give`},
		"an index too large":      {[]part{two, named(`{"0":["variables.input.more.2"]}`), file("0", "x")}, 400, `no null`},
		"an index below zero":     {[]part{two, named(`{"0":["variables.input.more.-1"]}`), file("0", "x")}, 400, `no null`},
		"an index with a zero":    {[]part{two, named(`{"0":["variables.input.more.01"]}`), file("0", "x")}, 400, `no null`},
		"an index that is none":   {[]part{two, named(`{"0":["variables.input.more.x"]}`), file("0", "x")}, 400, `no null`},
		"a path through a string": {[]part{{"operations", "", `{` + query + `,"variables":{"input":{"name":"text"}}}`}, named(`{"0":["variables.input.name.0"]}`), file("0", "x")}, 400, `no null`},
		"a path to a string":      {[]part{{"operations", "", `{` + query + `,"variables":{"input":{"name":"text"}}}`}, named(`{"0":["variables.input.name"]}`), file("0", "x")}, 400, `no null`},
		"a path to nothing":       {[]part{one, named(`{"0":["variables.input.other"]}`), file("0", "x")}, 400, `no null`},
		"a path to the query":     {[]part{one, named(`{"0":["query"]}`), file("0", "x")}, 400, `no null`},
		"a path of a batch":       {[]part{one, named(`{"0":["0.variables.input.file"]}`), file("0", "x")}, 400, `no null`},
		"two files in one place":  {[]part{one, named(`{"0":["variables.input.file"],"1":["variables.input.file"]}`), file("0", "x"), file("1", "x")}, 400, `no null`},
		"a file that is missing":  {[]part{one, named(`{"0":["variables.input.file"]}`)}, 400, `does not have`},
		"a file too much":         {[]part{one, named(`{"0":["variables.input.file"]}`), file("0", "x"), file("1", "x")}, 400, `does not name`},
		"one file twice":          {[]part{one, named(`{"0":["variables.input.file"]}`), file("0", "x"), file("0", "x")}, 400, `does not name`},
		"too many files":          {[]part{one, named(string(tooMany))}, 413, `more than 20 files`},
		"the map first":           {[]part{named(`{}`), one}, 400, `operations, map and then the files`},
		"nothing":                 {nil, 400, `operations, map`},
		"operations too large":    {[]part{{"operations", "", `{"query":"` + strings.Repeat("x", 5000) + `"}`}, named(`{}`)}, 413, `larger than 4096`},
		"just the limit":          {[]part{one, named(`{"0":["variables.input.file"]}`), file("0", strings.Repeat("x", mostUpload-1024))}, 200, `0.txt`},
		"too large a file":        {[]part{one, named(`{"0":["variables.input.file"]}`), file("0", strings.Repeat("x", mostUpload))}, 413, `larger than 65536`},
	} {
		for _, streamed := range []bool{false, true} {
			body, contentType := multipartOf(t, c.parts...)
			r := httptest.NewRequestWithContext(access.With(t.Context(), access.Viewer{UserID: 1}), http.MethodPost, "/graphql", strings.NewReader(body))
			r.Header.Set("Content-Type", contentType)
			r.Header.Set("Apollo-Require-Preflight", "true")
			if streamed {
				r.ContentLength = -1
			}
			w := httptest.NewRecorder()
			h.ServeHTTP(w, r)
			if w.Code != c.status || !strings.Contains(w.Body.String(), c.want) {
				t.Errorf("%s: %d, want %d %s: %.300s", name, w.Code, c.status, c.want, w.Body)
			}
			if w.Code != 200 && !strings.Contains(w.Body.String(), `"code":"BAD_USER_INPUT"`) {
				t.Errorf("%s: no code: %s", name, w.Body)
			}
		}
	}
	if left, err := filepath.Glob(filepath.Join(dir, "*")); err != nil || len(left) > 0 {
		t.Errorf("files are left: %v %q", err, left)
	}
	if err := os.RemoveAll(dir); err != nil {
		t.Fatal(err)
	}
}

func TestUploadsNeedAHeaderAndAViewer(t *testing.T) {
	t.Parallel()
	h := shelves(t)
	body, contentType := multipartOf(t, part{"operations", "", `{"query":"mutation{store(input:{})}"}`}, part{"map", "", `{}`})
	for name, c := range map[string]struct {
		viewer access.Viewer
		header string
		status int
	}{
		"a page of another site":  {access.Viewer{UserID: 1}, "Accept-Language", 400},
		"Apollo's header":         {access.Viewer{UserID: 1}, "Apollo-Require-Preflight", 200},
		"GraphQL's header":        {access.Viewer{UserID: 1}, "GraphQL-Require-Preflight", 200},
		"the name of a client":    {access.Viewer{UserID: 1}, "X-Broadsheet-Client", 200},
		"a token":                 {access.Viewer{UserID: 1}, "Authorization", 200},
		"nobody who is signed in": {access.Viewer{}, "Apollo-Require-Preflight", 401},
	} {
		r := httptest.NewRequestWithContext(access.With(t.Context(), c.viewer), http.MethodPost, "/graphql", strings.NewReader(body))
		r.Header.Set("Content-Type", contentType)
		r.Header.Set(c.header, "x")
		w := httptest.NewRecorder()
		h.ServeHTTP(w, r)
		if w.Code != c.status {
			t.Errorf("%s: %d, want %d: %s", name, w.Code, c.status, w.Body)
		}
	}
}
