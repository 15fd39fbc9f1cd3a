package graph_test

import (
	"encoding/json"
	"log/slog"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/broadsheet-cms/broadsheet/graph"
	"github.com/broadsheet-cms/broadsheet/internal/trusted"
)

const (
	aDocument = `query Named { site { __typename } }`
	notFound  = "PERSISTED_QUERY_NOT_FOUND"
	notTaken  = "PERSISTED_QUERY_NOT_SUPPORTED"
)

// persistedQuery is what Apollo's clients send as extensions.
func persistedQuery(hash string) string {
	return `{"persistedQuery":{"version":1,"sha256Hash":"` + hash + `"}}`
}

func TestAutomaticPersistedQueries(t *testing.T) {
	t.Parallel()
	n := newNewsroom(t)
	hash := trusted.Hash(aDocument)
	named := "/graphql?extensions=" + url.QueryEscape(persistedQuery(hash))
	whole := named + "&query=" + url.QueryEscape(aDocument)
	body := func(extensions string) string { return `{"query":"` + aDocument + `","extensions":` + extensions + `}` }
	// In this order: each follows from what was before.
	for _, c := range []struct{ name, method, address, body, code string }{
		{"a hash that is not known", http.MethodPost, "/graphql", `{"extensions":` + persistedQuery(hash) + `}`, notFound},
		{"by GET", http.MethodGet, named, "", notFound},
		{"a wrong hash with a document", http.MethodPost, "/graphql", body(persistedQuery(trusted.Hash("{other}"))), badInput},
		{"a broken document with its hash", http.MethodPost, "/graphql", `{"query":"{nosuch}","extensions":` + persistedQuery(trusted.Hash("{nosuch}")) + `}`, notValid},
		{"which is not kept", http.MethodPost, "/graphql", `{"extensions":` + persistedQuery(trusted.Hash("{nosuch}")) + `}`, notFound},
		{"a document with its hash, by GET", http.MethodGet, whole, "", fine},
		{"the hash alone", http.MethodPost, "/graphql", `{"extensions":` + persistedQuery(hash) + `}`, fine},
		{"the hash alone by GET", http.MethodGet, named, "", fine},
		{"with an empty query", http.MethodPost, "/graphql", `{"query":"","extensions":` + persistedQuery(hash) + `}`, fine},
		{"another version", http.MethodPost, "/graphql", body(`{"persistedQuery":{"version":2,"sha256Hash":"` + hash + `"}}`), badInput},
		{"no hash", http.MethodPost, "/graphql", body(`{"persistedQuery":{"version":1}}`), badInput},
		{"half a hash", http.MethodPost, "/graphql", body(persistedQuery(hash[:32])), badInput},
		{"no object", http.MethodPost, "/graphql", body(`{"persistedQuery":7}`), badInput},
		{"null", http.MethodPost, "/graphql", body(`{"persistedQuery":null}`), fine},
		{"other extensions", http.MethodPost, "/graphql", body(`{"a":1}`), fine},
	} {
		got := send(t, n.handler, c.method, c.address, c.body)
		if c.code == fine && len(got.codes) > 0 || c.code != fine && (len(got.codes) != 1 || got.codes[0] != c.code) {
			t.Errorf("%s: %d %q, want %q: %s", c.name, got.Code, got.codes, c.code, got.Body)
		}
		if c.code == notFound && (got.Code != 200 || !strings.Contains(got.Body.String(), "PersistedQueryNotFound") || got.Header().Get("Cache-Control") != "private, no-store") {
			t.Errorf("%s: %d %v %s", c.name, got.Code, got.Header(), got.Body)
		}
	}
	full := send(t, n.handler, http.MethodPost, "/graphql", `{"extensions":`+persistedQuery(trusted.Hash("{x}"))+`}`, "Accept", "application/graphql-response+json")
	if full.Code != http.StatusBadRequest {
		t.Errorf("with the other media type: %d", full.Code)
	}
	without := graph.Handler(n.Graph(), graph.Options{NoAutomatic: true, Logger: slog.New(slog.NewTextHandler(n.errors, nil))})
	if got := send(t, without, http.MethodGet, whole, ""); len(got.codes) > 0 {
		t.Errorf("a document with its hash where hashes are not taken: %s", got.Body)
	}
	if got := send(t, without, http.MethodGet, named, ""); len(got.codes) != 1 || got.codes[0] != notTaken {
		t.Errorf("a hash where they are not taken: %s", got.Body)
	}
}

func TestTrustedDocuments(t *testing.T) {
	t.Parallel()
	eachNewsroom(t, func(t *testing.T, n *newsroom) {
		if _, err := n.Trusted.Push(t.Context(), trusted.Document{ID: "relay-1", Text: aDocument}); err != nil {
			t.Fatal(err)
		}
		hash := trusted.Hash(aDocument)
		only := graph.Handler(n.Graph(), graph.Options{Introspection: graph.Everyone, TrustedOnly: true, Logger: slog.New(slog.NewTextHandler(n.errors, nil))})
		for _, c := range []struct{ name, body, open, closed string }{
			{"its id", `{"documentId":"relay-1"}`, fine, fine},
			{"its hash as id", `{"documentId":"sha256:` + hash + `"}`, fine, fine},
			{"its hash without a prefix", `{"documentId":"` + hash + `"}`, fine, fine},
			{"its hash as Apollo's clients send it", `{"extensions":` + persistedQuery(hash) + `}`, fine, fine},
			{"the document itself", `{"query":"` + aDocument + `"}`, fine, fine},
			{"another document", `{"query":"{site{name}}"}`, fine, "DOCUMENT_NOT_TRUSTED"},
			{"another document with its hash", `{"query":"{site{name}}","extensions":` + persistedQuery(trusted.Hash("{site{name}}")) + `}`, fine, "DOCUMENT_NOT_TRUSTED"},
			{"the hash of another", `{"extensions":` + persistedQuery(trusted.Hash("{site{name}}")) + `}`, fine, notFound},
			{"an unknown id", `{"documentId":"relay-2"}`, notFound, notFound},
			{"no id", `{"documentId":"a b\u0000"}`, notFound, notFound},
			{"both", `{"documentId":"relay-1","query":"{site{name}}"}`, badInput, badInput},
			{"an operation of the document", `{"documentId":"relay-1","operationName":"Named"}`, fine, fine},
			{"a number as id", `{"documentId":1}`, badInput, badInput},
		} {
			for handler, want := range map[http.Handler]string{n.handler: c.open, only: c.closed} {
				got := send(t, handler, http.MethodPost, "/graphql", c.body)
				if want == fine && len(got.codes) > 0 || want != fine && (len(got.codes) != 1 || got.codes[0] != want) {
					t.Errorf("%s: %d %q, want %q: %s", c.name, got.Code, got.codes, want, got.Body)
				}
			}
		}
		if got := send(t, only, http.MethodGet, "/graphql?documentId=relay-1", ""); len(got.codes) > 0 {
			t.Errorf("by GET: %s", got.Body)
		}
	})
}

// TestWhatWasFoundByTrying holds what clients tried and got internal errors of.
func TestWhatWasFoundByTrying(t *testing.T) {
	t.Parallel()
	eachNewsroom(t, func(t *testing.T, n *newsroom) {
		admin := n.member(t, "ADMIN")
		for _, value := range []any{map[string]any{}, []any{}, 7, true, map[string]any{"a": []any{nil}}, `https://x"onmouseover="alert(1)`, "https://x/<b>", "https://x/a b", "/a\nb", "/\x00"} {
			_, raw := n.askAs(t, admin, `mutation($url: URL) { createRedirect(input: {path: "/tried", address: $url}) { redirect { id } userErrors { code } } }`, map[string]any{"url": value})
			if !strings.Contains(string(raw), `"code":"BAD_USER_INPUT"`) {
				t.Errorf("a URL %v: %s", value, raw)
			}
		}
		for _, value := range []any{map[string]any{}, []any{}, 7} {
			_, raw := n.askAs(t, admin, `mutation($html: HTML!) { createPage(input: {title: "A", body: {blocks: [{paragraph: {html: $html}}]}}) { page { id } userErrors { code } } }`, map[string]any{"html": value})
			if !strings.Contains(string(raw), `"code":"BAD_USER_INPUT"`) {
				t.Errorf("HTML %v: %s", value, raw)
			}
		}
		const nul = "a\x00b"
		for name, c := range map[string]string{
			"SEO of a page": `mutation($s: String!) { createPage(input: {title: "NUL", seo: {title: $s, description: $s}}) { page { id } userErrors { code } } }`,
			"an ad slot":    `mutation($s: String!) { createAdSlot(input: {name: $s, placement: FOOTER, provider: $s, unit: $s}) { adSlot { id } userErrors { code } } }`,
		} {
			a, raw := n.askAs(t, admin, c, map[string]any{"s": nul})
			if len(a.Errors) > 0 || !strings.Contains(string(raw), `"userErrors":[]`) {
				t.Errorf("a NUL in %s: %s", name, raw)
			}
		}
		a, raw := n.askAs(t, admin, `{ article(by: {slug: "ferry-crews-accept-deal"}) { body { ... on VideoBlock { url } ... on AudioBlock { url } ... on EmbedBlock { url } ... on FileBlock { url } ... on ButtonBlock { url } } } }`, nil)
		if len(a.Errors) > 0 {
			t.Errorf("url of all blocks: %s", raw)
		}
	})
}

// TestEveryRefusalHasACode sends what is refused at each step, and looks for what no
// message tells.
func TestEveryRefusalHasACode(t *testing.T) {
	t.Parallel()
	n := newNewsroom(t)
	for _, body := range []string{``, `{`, `[]`, `7`, `{"query":7}`, `{"query":"{"}`, `{"query":"{echoed}"}`, `{"query":"query($echoed:Int!){site{name}}","variables":{"echoed":"echoed"}}`,
		`{"query":"{latestNews(first:\"echoed\"){nodes{id}}}"}`, `{"query":"query A{site{name}}","operationName":"echoed-by-us"}`, `{"documentId":"echoed-by-us"}`} {
		got := send(t, n.handler, http.MethodPost, "/graphql", body)
		var a answer
		if err := json.Unmarshal(got.Body.Bytes(), &a); err != nil {
			t.Fatal(err)
		}
		if len(a.Errors) == 0 {
			t.Errorf("%s is answered", body)
		}
		for _, e := range a.Errors {
			if e.Extensions["code"] == nil {
				t.Errorf("%s: no code: %s", body, got.Body)
			}
			for _, leak := range []string{"echoed-by-us", "map[", "interface", "json:", "reflect", "int64", "SELECT"} {
				if strings.Contains(e.Message, leak) {
					t.Errorf("%s: the message tells %q: %s", body, leak, e.Message)
				}
			}
		}
	}
}
