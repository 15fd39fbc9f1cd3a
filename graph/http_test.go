package graph_test

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/json"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/99designs/gqlgen/graphql/introspection"
	"github.com/broadsheet-cms/broadsheet/graph"
	"github.com/broadsheet-cms/broadsheet/internal/testkit"
)

// TestGraphQLOverHTTPAudits runs all audits of the npm package graphql-http.
func TestGraphQLOverHTTPAudits(t *testing.T) {
	t.Parallel()
	testkit.NeedPackages(t, "../web", "graphql-http")
	server := httptest.NewServer(newNewsroom(t).handler)
	t.Cleanup(server.Close)
	ctx, stop := context.WithTimeout(t.Context(), time.Minute)
	defer stop()
	audits := exec.CommandContext(ctx, "node", "e2e/graphql-http.mjs", server.URL+"/graphql")
	audits.Dir = "../web"
	out, err := audits.CombinedOutput()
	if err != nil || !strings.Contains(string(out), "61 of 61 audits passed") {
		t.Errorf("%v\n%s", err, out)
	}
}

// exchanged is what a request over HTTP got.
type exchanged struct {
	*httptest.ResponseRecorder
	members map[string]json.RawMessage
	codes   []string
}

func send(t *testing.T, h http.Handler, method, address, body string, headers ...string) exchanged {
	t.Helper()
	r := httptest.NewRequestWithContext(t.Context(), method, address, strings.NewReader(body))
	if method == http.MethodPost {
		r.Header.Set("Content-Type", "application/json")
	}
	for i := 0; i < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	got := exchanged{ResponseRecorder: w}
	if err := json.Unmarshal(w.Body.Bytes(), &got.members); err != nil {
		t.Fatalf("%s %s: no JSON: %v: %s", method, address, err, w.Body)
	}
	var a answer
	if err := json.Unmarshal(w.Body.Bytes(), &a); err != nil {
		t.Fatal(err)
	}
	got.codes = a.codes()
	return got
}

func TestWhatIsAcceptedIsAnswered(t *testing.T) {
	t.Parallel()
	const plain, full = "application/json", "application/graphql-response+json"
	n := newNewsroom(t)
	for accept, want := range map[string]string{
		"":                              plain,
		"*/*":                           plain,
		"application/*":                 plain,
		plain:                           plain,
		full:                            full,
		full + "; charset=utf-8":        full,
		full + ", " + plain:             full,
		plain + ", " + full:             plain,
		full + ", */*":                  full,
		full + ";q=0.9, " + plain:       plain,
		plain + ";q=0.9," + full:        full,
		plain + ";q=0, " + "*/*":        full,
		full + ";q=0, " + "*/*":         plain,
		"text/html, */*;q=0.1":          plain,
		"text/html, " + full + ";q=0.1": full,
		full + ",application/graphql+json," + plain + ",text/event-stream,multipart/mixed": full, // urql
		";;;":                                  plain,
		plain + ";q=a, text/html":              "",
		"text/html":                            "",
		"text/event-stream":                    "",
		"application/json;q=0":                 "",
		"application/xml, application/pdf;q=1": "",
	} {
		got := send(t, n.handler, http.MethodPost, "/graphql", `{"query":"{site{name}}"}`, "Accept", accept)
		status := http.StatusOK
		if want == "" {
			want, status = plain, http.StatusNotAcceptable
		}
		if kind := got.Header().Get("Content-Type"); kind != want || got.Code != status {
			t.Errorf("Accept %q: %d %q, want %d %q", accept, got.Code, kind, status, want)
		}
		if got.Header().Get("Vary") != "Accept" {
			t.Errorf("Accept %q: Vary %q", accept, got.Header().Get("Vary"))
		}
	}
}

func TestStatusesOfBothMediaTypes(t *testing.T) {
	t.Parallel()
	n := newNewsroom(t)
	for name, c := range map[string]struct {
		body        string
		plain, full int
		code        string
	}{
		"a query":                     {`{"query":"{site{name}}"}`, 200, 200, ""},
		"no GraphQL":                  {`{"query":"{"}`, 200, 400, parseFailed},
		"no field of the schema":      {`{"query":"{nosuch}"}`, 200, 400, notValid},
		"a missing variable":          {`{"query":"query($id:ID!){node(id:$id){id}}"}`, 200, 400, notValid},
		"an operation that is not":    {`{"query":"query A{site{name}}","operationName":"B"}`, 200, 400, notValid},
		"a document that costs a lot": {`{"query":"{latestNews(first:2147483647){nodes{id}}}"}`, 200, 400, tooCostly},
		"@defer":                      {`{"query":"{... @defer {site{name}}}"}`, 200, 400, notValid},
		"a subscription":              {`{"query":"subscription{a}"}`, 200, 400, notValid},
		"a subscription by POST":      {`{"query":"subscription{breakingNews{text}}"}`, 400, 400, badInput},
		"a field that fails":          {`{"query":"{latestNews(first:-1){nodes{id}}}"}`, 200, 200, badInput},
		"no query":                    {`{"notquery":"{site{name}}"}`, 400, 400, badInput},
		"an empty query":              {`{"query":""}`, 400, 400, badInput},
		"a query in other letters":    {`{"QUERY":"{site{name}}"}`, 400, 400, badInput},
		"variables in other letters":  {`{"query":"query($id:ID!){node(id:$id){id}}","Variables":{"id":"x"}}`, 200, 400, notValid},
		"a batch":                     {`[{"query":"{site{name}}"}]`, 400, 400, badInput},
		"an empty batch":              {` []`, 400, 400, badInput},
		"what follows the body":       {`{"query":"{site{name}}"} x`, 400, 400, badInput},
	} {
		for kind, status := range map[string]int{"application/json": c.plain, "application/graphql-response+json": c.full} {
			got := send(t, n.handler, http.MethodPost, "/graphql", c.body, "Accept", kind)
			if got.Code != status || got.Header().Get("Content-Type") != kind {
				t.Errorf("%s: %d %s, want %d %s: %s", name, got.Code, got.Header().Get("Content-Type"), status, kind, got.Body)
			}
			if c.code == "" && len(got.codes) > 0 || c.code != "" && (len(got.codes) == 0 || got.codes[0] != c.code) {
				t.Errorf("%s: codes %q, want %q: %s", name, got.codes, c.code, got.Body)
			}
			_, data := got.members["data"]
			if ran := c.code == "" || c.code == badInput && status == 200; data != ran {
				t.Errorf("%s: data is there: %t, want %t: %s", name, data, ran, got.Body)
			}
		}
	}
}

func TestMethodsAndUpgrades(t *testing.T) {
	t.Parallel()
	n := newNewsroom(t)
	query := "/graphql?query=" + url.QueryEscape("{site{name}}")
	for name, c := range map[string]struct {
		method, address string
		headers         []string
		status          int
		allow           string
	}{
		"a query by GET":      {http.MethodGet, query, nil, 200, ""},
		"a query by HEAD":     {http.MethodHead, query, nil, 200, ""},
		"a mutation by GET":   {http.MethodGet, "/graphql?query=mutation%7B__typename%7D", nil, 405, "POST"},
		"a mutation by HEAD":  {http.MethodHead, "/graphql?query=mutation%7B__typename%7D", nil, 405, "POST"},
		"PUT":                 {http.MethodPut, query, nil, 405, "GET, HEAD, POST, OPTIONS"},
		"a WebSocket upgrade": {http.MethodGet, "/graphql", []string{"Connection", "Upgrade", "Upgrade", "websocket", "Sec-WebSocket-Protocol", "graphql-transport-ws"}, 400, ""},
	} {
		got := send(t, n.handler, c.method, c.address, "", c.headers...)
		if got.Code != c.status || got.Header().Get("Allow") != c.allow {
			t.Errorf("%s: %d, Allow %q, want %d %q: %s", name, got.Code, got.Header().Get("Allow"), c.status, c.allow, got.Body)
		}
		if got.Code != 200 && (len(got.codes) != 1 || got.codes[0] != badInput) {
			t.Errorf("%s: codes %q", name, got.codes)
		}
	}
}

func packed(t *testing.T, text string) string {
	t.Helper()
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	if _, err := w.Write([]byte(text)); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func TestBodiesAreBoundedInEachForm(t *testing.T) {
	t.Parallel()
	const most = 1 << 20
	n := newNewsroom(t)
	// A body of so many bytes, most of it a comment.
	body := func(size int) string {
		const begin, end = `{"query":"{site{name}}","extensions":{"note":"`, `"}}`
		return begin + strings.Repeat("x", size-len(begin)-len(end)) + end
	}
	for name, c := range map[string]struct {
		body, encoding string
		status         int
	}{
		"just the limit":              {body(most), "", 200},
		"a byte more":                 {body(most + 1), "", 413},
		"just the limit, compressed":  {packed(t, body(most)), "gzip", 200},
		"a byte more, compressed":     {packed(t, body(most+1)), "gzip", 413},
		"a hundred times the limit":   {packed(t, body(100*most)), "gzip", 413},
		"no gzip":                     {body(100), "gzip", 400},
		"half of gzip":                {packed(t, body(100))[:40], "gzip", 400},
		"an encoding that is unknown": {body(100), "br", 415},
		"identity":                    {body(100), "identity", 200},
	} {
		got := send(t, n.handler, http.MethodPost, "/graphql", c.body, "Content-Encoding", c.encoding)
		if got.Code != c.status {
			t.Errorf("%s: %d, want %d: %.300s", name, got.Code, c.status, got.Body)
		}
	}
}

func TestVariablesThatDoNotFitAreNamed(t *testing.T) {
	t.Parallel()
	n := newNewsroom(t)
	long := strings.Repeat("zyx", 7_000)
	for name, c := range map[string]struct{ query, variables, message string }{
		"missing":            {`query($id:ID!){node(id:$id){id}}`, `{}`, `variable $id: a value of type ID! is needed`},
		"null":               {`query($id:ID!){node(id:$id){id}}`, `{"id":null}`, `variable $id: a value of type ID! is needed, not null`},
		"an object for text": {`query($s:String){latestNews(after:$s){nodes{id}}}`, `{"s":{}}`, `variable $s: this is no value of String`},
		"text for a number":  {`query($n:Int){latestNews(first:$n){nodes{id}}}`, `{"n":"5"}`, `variable $n: this is no value of Int`},
		"half of a number":   {`query($n:Int){latestNews(first:$n){nodes{id}}}`, `{"n":1.5}`, `variable $n: this is no value of Int`},
		"too large a number": {`query($n:Int){latestNews(first:$n){nodes{id}}}`, `{"n":2147483648}`, `variable $n: this is no value of Int`},
		"an unknown value":   {`query($k:MenuLocation!){menu(location:$k){id}}`, `{"k":"` + long + `"}`, `variable $k: this is no value of MenuLocation`},
		"other letters":      {`query($k:MenuLocation!){menu(location:$k){id}}`, `{"k":"header"}`, `variable $k: this is no value of MenuLocation`},
		"an unknown field":   {`query($by:ArticleBy!){article(by:$by){id}}`, `{"by":{"a b<":"x"}}`, `variable $by: ArticleBy has no such field: a?b?`},
		"two of one":         {`query($by:ArticleBy!){article(by:$by){id}}`, `{"by":{"id":"x","slug":"y"}}`, `variable $by: a ArticleBy has exactly one field`},
		"a null in a list":   {`query($ids:[ID!]!){nodes(ids:$ids){id}}`, `{"ids":["x",null]}`, `variable $ids.1: a value of type ID! is needed, not null`},
	} {
		body, err := json.Marshal(map[string]any{"query": c.query, "variables": json.RawMessage(c.variables)})
		if err != nil {
			t.Fatal(err)
		}
		got := send(t, n.handler, http.MethodPost, "/graphql", string(body))
		var a answer
		if err := json.Unmarshal(got.Body.Bytes(), &a); err != nil {
			t.Fatal(err)
		}
		if len(a.Errors) != 1 || a.Errors[0].Message != c.message || got.codes[0] != notValid {
			t.Errorf("%s: %s\nwant %s", name, got.Body, c.message)
		}
	}
	for name, c := range map[string]struct{ query, variables string }{
		"one for a list":       {`query($ids:[ID!]!){nodes(ids:$ids){id}}`, `{"ids":"` + n.anId() + `"}`},
		"a number of an id":    {`query($n:Int){latestNews(first:$n){nodes{id}}}`, `{"n":5.0}`},
		"what is not asked":    {`query{site{name}}`, `{"more":1}`},
		"an empty page":        {`query($n:Int){latestNews(first:$n){nodes{id}}}`, `{"n":0}`},
		"a default of a value": {`query($n:Int=3){latestNews(first:$n){nodes{id}}}`, `{}`},
	} {
		if got := send(t, n.handler, http.MethodPost, "/graphql", `{"query":"`+c.query+`","variables":`+c.variables+`}`); len(got.codes) > 0 {
			t.Errorf("%s: %s", name, got.Body)
		}
	}
}

// anId is a well-formed id that names nothing.
func (n *newsroom) anId() string { return "art_0w3k5z7q9c1vd" }

func TestClosedIntrospection(t *testing.T) {
	t.Parallel()
	n := newNewsroom(t)
	closed := graph.Handler(n.Graph(), graph.Options{Logger: slog.New(slog.NewTextHandler(n.errors, nil))})
	for _, query := range []string{`{__schema{types{name}}}`, `{__type(name:\"Article\"){name}}`, `{...F} fragment F on Query{__schema{types{name}}}`, `{...{a:__schema{types{name}}}}`} {
		got := send(t, closed, http.MethodPost, "/graphql", `{"query":"`+query+`"}`)
		if _, data := got.members["data"]; len(got.codes) != 1 || got.codes[0] != notValid || data {
			t.Errorf("%s: %s", query, got.Body)
		}
	}
	for _, query := range []string{`{sites{name}}`, `{site{nam}}`, `{latestNews(frst:1){nodes{id}}}`, `{article(by:{slg:\"x\"}){id}}`, `{menu(location:HEADR){id}}`,
		`query($a:Artcle){site{name}}`, `{node(id:\"x\"){... on Artcle{id}}}`, `{site}`, `{site @skp(if:true){name}}`} {
		got := send(t, closed, http.MethodPost, "/graphql", `{"query":"`+query+`"}`)
		if len(got.codes) == 0 || strings.Contains(got.Body.String(), "Did you mean") {
			t.Errorf("%s: %s", query, got.Body)
		}
	}
	if got := send(t, closed, http.MethodPost, "/graphql", `{"query":"{__typename site{__typename}}"}`); len(got.codes) > 0 {
		t.Errorf("__typename is refused: %s", got.Body)
	}
	open := send(t, n.handler, http.MethodPost, "/graphql", `{"query":"{__schema{directives{name}}}"}`)
	if len(open.codes) > 0 || strings.Contains(open.Body.String(), "defer") || !strings.Contains(open.Body.String(), "skip") {
		t.Errorf("directives that are offered: %s", open.Body)
	}
}

func TestATimeoutSaysToTryAgain(t *testing.T) {
	t.Parallel()
	n := newNewsroom(t)
	h := graph.Handler(n.Graph(), graph.Options{Timeout: time.Nanosecond, Logger: slog.New(slog.NewTextHandler(n.errors, nil))})
	got := send(t, h, http.MethodPost, "/graphql", `{"query":"{site{name}}"}`)
	if got.Code != http.StatusServiceUnavailable || got.Header().Get("Retry-After") == "" || len(got.codes) != 1 || got.codes[0] != "TRY_AGAIN" {
		t.Errorf("%d %v: %s", got.Code, got.Header(), got.Body)
	}
}

// TestOpenIntrospectionIsAnswered asks for the whole schema, as GraphiQL does: it must
// not outgrow the limits of answers.
func TestOpenIntrospectionIsAnswered(t *testing.T) {
	t.Parallel()
	n := newNewsroom(t)
	open := graph.Handler(n.Graph(), graph.Options{Introspection: graph.Everyone, Logger: slog.New(slog.NewTextHandler(n.errors, nil))})
	body, err := json.Marshal(map[string]string{"query": introspection.Query})
	if err != nil {
		t.Fatal(err)
	}
	if got := send(t, open, http.MethodPost, "/graphql", string(body)); len(got.codes) > 0 {
		t.Errorf("the schema is refused: %.300s", got.Body)
	}
}
