package cli

import (
	"encoding/json"
	"log/slog"
	"maps"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/alecthomas/kong"

	"github.com/broadsheet-cms/broadsheet"
	"github.com/broadsheet-cms/broadsheet/internal/app"
	"github.com/broadsheet-cms/broadsheet/internal/config"
	"github.com/broadsheet-cms/broadsheet/internal/id"
	"github.com/broadsheet-cms/broadsheet/internal/testkit"
)

// relayApp is what an application of Relay has in its source: pages by @connection and
// @refetchable, inline fragments of interfaces, a mutation and a subscription.
const relayApp = "import { graphql } from 'react-relay';\n" +
	"export const page = graphql`query newsPageQuery($first: Int!, $after: String) { site { name } ...news_list @arguments(first: $first, after: $after) }`;\n" +
	"export const list = graphql`fragment news_list on Query @argumentDefinitions(first: { type: \"Int!\" }, after: { type: \"String\" }) @refetchable(queryName: \"newsListQuery\") {\n" +
	"  latestNews(first: $first, after: $after) @connection(key: \"news_latestNews\") { edges { node { id ...news_story } } } }`;\n" +
	"export const story = graphql`fragment news_story on Article @refetchable(queryName: \"newsStoryQuery\") { title excerpt body { __typename ... on ParagraphBlock { html } } }`;\n" +
	"export const node = graphql`query newsNodeQuery($id: ID!) { node(id: $id) { __typename ... on Article { ...news_story @alias } } }`;\n" +
	"export const publish = graphql`mutation newsPublishMutation($input: PublishArticleInput!) { publishArticle(input: $input) { article { id status } userErrors { code message } } }`;\n" +
	"export const published = graphql`subscription newsPublishedSubscription { articlePublished { id title } }`;\n"

// TestDocumentsOfTheRelayCompiler compiles an application of Relay against the schema,
// registers the manifest that this writes, and asks for each document by its id where
// only registered ones are answered.
func TestDocumentsOfTheRelayCompiler(t *testing.T) {
	t.Parallel()
	testkit.NeedPackages(t, "../../web", "relay-compiler")
	compiler, err := filepath.Abs("../../web/node_modules/relay-compiler/cli.js")
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	for name, text := range map[string]string{
		"schema.graphql":                broadsheet.SDL,
		"src/news.js":                   relayApp,
		"src/__generated__/placeholder": "",
		"persisted.json":                "{}",
		"relay.config.json":             `{"src": "src", "schema": "schema.graphql", "language": "javascript", "artifactDirectory": "src/__generated__", "persistConfig": {"file": "persisted.json", "algorithm": "SHA256"}}`,
	} {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o750); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	compile := exec.CommandContext(t.Context(), "node", compiler, "relay.config.json")
	compile.Dir = dir
	if out, err := compile.CombinedOutput(); err != nil {
		t.Fatalf("relay-compiler: %v\n%s", err, out)
	}
	manifest := filepath.Join(dir, "persisted.json")
	text, err := os.ReadFile(manifest)
	if err != nil {
		t.Fatal(err)
	}
	documents := map[string]string{}
	if err := json.Unmarshal(text, &documents); err != nil || len(documents) != 6 {
		t.Fatalf("%d documents, %v", len(documents), err)
	}

	database := "sqlite:" + dir + "/site.db"
	for _, line := range []string{"migrate --database " + database, "documents push --database " + database + " " + manifest} {
		var out, wrong strings.Builder
		if status := Main(strings.Fields(line), strings.NewReader(""), &out, &wrong); status != 0 {
			t.Fatalf("broadsheet %s: status %d: %s", line, status, &wrong)
		}
	}
	var cfg config.Serve
	parser, err := kong.New(&cfg)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := parser.Parse([]string{"--database=" + database, "--media-dir=" + dir + "/media", "--trusted-documents-only"}); err != nil {
		t.Fatal(err)
	}
	a, err := app.New(t.Context(), cfg, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = a.Close() }()
	ask := func(body map[string]any) string {
		text, _ := json.Marshal(body)
		r := httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/graphql", strings.NewReader(string(text)))
		r.Header.Set("Content-Type", "application/json")
		w := httptest.NewRecorder()
		a.Handler().ServeHTTP(w, r)
		return w.Body.String()
	}
	nobody := id.Encode(id.Article, 999) // which is no article
	for _, document := range slices.Sorted(maps.Keys(documents)) {
		kind, _, _ := strings.Cut(documents[document], "(")
		got := ask(map[string]any{"documentId": document, "variables": map[string]any{"first": 2, "id": nobody, "input": map[string]any{"id": nobody}}})
		want := `{"data":{`
		switch {
		case strings.HasPrefix(kind, "mutation"):
			want = `"UNAUTHENTICATED"`
		case strings.HasPrefix(kind, "subscription"):
			want = "event"
		}
		if !strings.Contains(got, want) {
			t.Errorf("%s: %s, want %s", kind, got, want)
		}
		if refused := ask(map[string]any{"query": documents[document]}); strings.Contains(refused, `"data":{`) {
			t.Errorf("%s is answered without its id: %s", kind, refused)
		}
	}
}
