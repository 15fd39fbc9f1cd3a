package graph_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/broadsheet-cms/broadsheet/ent/article"
	"github.com/broadsheet-cms/broadsheet/internal/access"
	"github.com/broadsheet-cms/broadsheet/internal/content"
	"github.com/broadsheet-cms/broadsheet/internal/richtext"
	"github.com/broadsheet-cms/broadsheet/internal/taxonomy"
	"github.com/broadsheet-cms/broadsheet/internal/testkit"
)

// attack is a request that is made to cost the server much.
type attack struct {
	name string
	as   access.Role // who sends it, empty for everybody
	body string      // of the HTTP request
	want string      // code of its errors, fine when it is answered
}

// Bounds on what one attack may allocate, all garbage counted, and on how many
// pieces: pieces stand for work, which the clock of a shared machine cannot tell.
const (
	refusedBytes, refusedAllocs   = 16 << 20, 250_000
	answeredBytes, answeredAllocs = 64 << 20, 1_000_000
)

func request(query string, variables map[string]any) string {
	var body bytes.Buffer
	e := json.NewEncoder(&body)
	e.SetEscapeHTML(false)                                               // clients do not
	_ = e.Encode(map[string]any{"query": query, "variables": variables}) // maps of texts
	return body.String()
}

// attacks are requests on the default limits.
func attacks(slug string) []attack {
	text := strings.Repeat
	all := func(n int, format string) string {
		return repeat(n, func(i int) string { return strings.ReplaceAll(format, "#", fmt.Sprint(i)) })
	}
	const markdown = `mutation($m:String!){createArticle(input:{article:{title:"x",body:{markdown:$m}}}){userErrors{code}}}`
	const html = `mutation($m:String!){createArticle(input:{article:{title:"x",body:{html:$m}}}){userErrors{code}}}`
	in := func(query, m string) string { return request(query, map[string]any{"m": m}) }
	introspection := `{__schema{types{name fields{name type{name fields{name args{name type{name}}}}}}}}`
	return []attack{
		// Overlapping fields.
		{"conflicting fields in pairs", "", request(`{article(by:{slug:"x"}){`+text("a: title a: slug ", 1650)+`}}`, nil), tooCostly},
		{"conflicting fields without aliases", "", request(`{`+all(49, `latestNews(first:#){nodes{id}}`)+`}`, nil), notValid},
		{"one field 9,900 times", "", request(`{article(by:{slug:"x"}){`+text("id ", 9900)+`}}`, nil), fine},
		{"one object 2,400 times", "", request(`{site{`+text("logo{url} ", 2400)+`}}`, nil), fine},
		{"objects repeated at every level", "", request(`{latestNews{`+text("nodes{"+text("tags{id} ", 15)+"} ", 150)+`}}`, nil), tooCostly},
		{"fragments compared with one another", "", request(`{site{`+all(190, "...F# ")+`}} `+all(190, "fragment F# on Site{name tagline language} "), nil), fine},
		{"fragments of abstract types", "", request(`{node(id:"x"){`+text("...on Node{...on Article{relatedArticles{nodes{id}}} ...on Tag{latestNews{nodes{id}}}} ", 180)+`}}`, nil), badInput},

		// Growth.
		{"fragments that double", "", request(`{site{...F0}} `+all(100, "fragment F# on Site{...F#_ ...F#_} fragment F#_ on Site{name} "), nil), tooCostly},
		{"fragments that double 60 times", "", request(`{site{...F0}} `+repeat(60, func(i int) string { return fmt.Sprintf("fragment F%d on Site{...F%d ...F%d}", i, i+1, i+1) })+` fragment F60 on Site{name}`, nil), tooCostly},
		{"a chain of fragments", "", request(`{site{...F0}} `+repeat(190, func(i int) string { return fmt.Sprintf("fragment F%d on Site{%s...F%d} ", i, text("name ", 40), i+1) })+` fragment F190 on Site{name}`, nil), tooCostly},
		{"fragments in a circle", "", request(`{site{...A}} fragment A on Site{`+text("...B ", 2000)+`} fragment B on Site{`+text("...A ", 2000)+`}`, nil), notValid},
		{"1,000 fragments", "", request(`{site{name}} `+all(1000, "fragment F# on Site{name} "), nil), tooCostly},
		{"2,000 operations", "", request(all(2000, "query Q#{a} "), nil), tooCostly},
		{"900 levels", "", request(`{categories{`+text("parent{", 900)+"id"+text("}", 900)+`}}`, nil), tooCostly},
		{"nested values", "", request(`{nodes(ids:`+text("[", 990)+text("]", 990)+`){id}}`, nil), notValid},
		{"lists in lists", "", request(`{latestNews(first:100){nodes{relatedArticles(first:24){nodes{relatedArticles(first:24){nodes{id}}}}}}}`, nil), tooCostly},

		// Mistakes and suggestions.
		{"4,000 unknown fields", "", request(`{`+all(45, "latestNew# ")+`site{`+all(4000, "nam# ")+`}}`, nil), notValid},
		{"a field with a long name", "", request(`{`+text("latestNews", 8000)+`}`, nil), tooCostly},
		{"an enum value with a long name", "", request(`{article(by:{slug:"x"}){comments(orderBy:`+text("NEWEST", 8000)+`){nodes{id}}}}`, nil), tooCostly},
		{"2,000 unknown arguments", "", request(`{latestNews(`+all(2000, "firs#:1 ")+`){nodes{id}}}`, nil), tooCostly},
		{"2,000 unknown input fields", "", request(`{article(by:{`+all(2000, "slu#:1 ")+`}){id}}`, nil), notValid},
		{"3,000 directives", "", request(`{site{name `+text("@include(if:true) ", 1400)+`}}`, nil), tooCostly},
		{"2,000 variables", "", request(`query(`+all(2000, "$v#:Int ")+`){site{name}}`, nil), tooCostly},
		{"450 variables used 4,000 times", "", request(`query(`+all(450, "$v#:Int ")+`){site{`+text("name @include(if:$v449) ", 190)+`}}`, nil), notValid},

		// Introspection.
		{"1,380 aliases of __schema", "", request(`{`+all(1380, "a#:__schema{types{name}} ")+`}`, nil), parseFailed},
		{"50 aliases of __schema", "", request(`{`+all(50, "a#:__schema{types{name description fields{name description}}} ")+`}`, nil), tooCostly},
		{"introspection in introspection", "", request(introspection, nil), fine},
		{"types of types", "", request(`{__schema{types{possibleTypes{possibleTypes{name fields{name}}}}}}`, nil), notValid},

		// Large answers.
		{"1,500 aliases of a body", "", request(`{article(by:{slug:"`+slug+`"}){`+all(1500, "a#:bodyHtml ")+`}}`, nil), tooCostly},
		{"160 aliases of a body", "", request(`{article(by:{slug:"`+slug+`"}){`+all(160, "a#:bodyHtml ")+`}}`, nil), fine},
		{"bodies of all articles", "", request(`{latestNews(first:100){nodes{bodyHtml bodyText body{...on ParagraphBlock{html}}}}}`, nil), tooCostly},
		{"the bodies of 100 articles", "", request(`{latestNews(first:100){nodes{bodyHtml}}}`, nil), fine},
		{"the blocks of 75 articles", "", request(`{latestNews(first:75){nodes{body{...on ParagraphBlock{html}}}}}`, nil), fine},
		{"bodies of all articles three times", "", request(`{latestNews(first:100){nodes{a:bodyHtml b:bodyHtml c:bodyHtml d:bodyText}}}`, nil), tooCostly},
		{"100 aliases of authors", "", request(`{`+all(100, "a#:authors{name} ")+`}`, nil), tooCostly},
		{"40 aliases of authors", "", request(`{`+all(40, "a#:authors{name slug label(language:\"en\")} ")+`}`, nil), fine},
		{"news of all authors", "", request(`{authors{latestNews(first:100){nodes{bodyHtml bodyText}}}}`, nil), tooCostly},
		{"long aliases", "", request(`{authors(first:500){`+all(45, text("a", 120)+"#:id ")+`}}`, nil), fine},
		{"names of 500 authors and nothing else", "", request(`{`+all(7, "a#:authors(first:500){a:name b:name c:name d:name e:slug}")+`}`, nil), fine},

		// Documents and bodies.
		{"a comment of 900 kB", "", request(`{site{name}} #`+text("x", 900_000), nil), tooCostly},
		{"900 kB of commas", "", request(`{site{name`+text(",", 900_000)+`}}`, nil), tooCostly},
		{"a block string of 120,000 lines", "", request(`{route(path:"""`+text("\n", 120_000)+`"""){path}}`, nil), fine},
		{"a text of 900 kB", "", request(`query($p:String!){route(path:$p){path}}`, map[string]any{"p": text("/", 900_000)}), fine},
		{"500,000 numbers", "", `{"query":"query($i:[ID!]!){nodes(ids:$i){id}}","variables":{"i":[` + text("1,", 500_000) + `1]}}`, badInput},
		{"300,000 empty lists", "", `{"query":"{site{name}}","variables":{"i":[` + text("[],", 300_000) + `1]}}`, badInput},
		{"90,000 variables", "", `{"query":"{site{name}}","variables":{` + all(90_000, `"v#":1,`) + `"x":1}}`, badInput},
		{"lists nested 500,000 times", "", `{"query":"{site{name}}","variables":{"i":` + text("[", 500_000), badInput},
		{"40,000 ids", "", `{"query":"query($i:[ID!]!){nodes(ids:$i){id}}","variables":{"i":[` + text("1,", 40_000) + `1]}}`, tooCostly},

		// Changes.
		{"100 mutations", "", request(`mutation{`+all(100, "a#:signOut{userErrors{code}} ")+`}`, nil), tooCostly},
		{"a Markdown table of 4,000 by 4,000", access.Contributor, in(markdown, text("|", 4000)+"\n"+text("|-", 4000)+"|\n"+text("x\n", 4000)), fine},
		{"a Markdown table in a quote", access.Contributor, in(markdown, "> "+text("|a", 4000)+"|\n> "+text("|-", 4000)+"|\n"+text("> x\n", 4000)), fine},
		{"Markdown tables of 500 by 500", access.Contributor, in(markdown, text(text("|", 500)+"\n"+text("|-", 500)+"|\n"+text("x\n", 500)+"\n", 50)), fine},
		{"900 kB of Markdown emphasis", access.Contributor, in(markdown, text("*a **b ", 120_000)), fine},
		{"900 kB of Markdown quotes", access.Contributor, in(markdown, text(text(">", 200)+"\n", 4_500)), fine},
		{"900 kB of HTML elements", access.Contributor, in(html, text("<b>x", 200_000)), fine},
		{"900 kB of HTML tables", access.Contributor, in(html, "<table>"+text("<tr><td>x", 100_000)), fine},
		{"900 kB of shortcodes", access.Contributor, in(markdown, text("{{< x >}}", 90_000)), fine},
	}
}

// TestAttacksCostLittle sends each attack and measures what it allocates. It is
// not parallel, as memory is counted for the whole process.
func TestAttacksCostLittle(t *testing.T) { //nolint:paralleltest // see above
	testkit.Long(t)
	n := newNewsroom(t)
	n.members = map[access.Role]access.Viewer{}
	slug := n.fillForAttacks(t)
	for _, a := range attacks(slug) {
		t.Run(a.name, func(t *testing.T) { //nolint:paralleltest // see above
			viewer := access.Viewer{}
			if a.as != "" {
				viewer = n.holder(t, a.as)
			}
			n.sendRaw(viewer, `{"query":"{site{name} authors(first:1){id} latestNews{nodes{id}}}"}`) // what is kept in memory, is so from here on
			size, allocs, cpu, w := n.measured(viewer, a.body)
			var got answer
			if err := json.Unmarshal(w.Body.Bytes(), &got); err != nil {
				t.Fatalf("%v: %.200s", err, w.Body)
			}
			codes := got.codes()
			switch {
			case a.want == fine && len(codes) > 0:
				t.Errorf("%v, want none: %.300s", codes, w.Body)
			case a.want != fine && (len(codes) == 0 || codes[0] != a.want):
				t.Errorf("codes %v, want %s: %.300s", codes, a.want, w.Body)
			}
			if strings.Contains(a.name, "Markdown table") && !strings.Contains(w.Body.String(), "TOO_LONG") {
				t.Errorf("the table is taken: %.300s", w.Body)
			}
			maxBytes, maxAllocs := uint64(refusedBytes), uint64(refusedAllocs)
			if a.want == fine || len(got.Data) > 4 || a.as != "" {
				maxBytes, maxAllocs = answeredBytes, answeredAllocs
			}
			if size > maxBytes || allocs > maxAllocs {
				t.Errorf("%.1f MB in %d pieces, at most %.1f MB in %d are allowed", mb(size), allocs, mb(maxBytes), maxAllocs)
			}
			t.Logf("| %s | %.1f kB | %s | %d | %.1f MB | %d | %d ms | %.1f kB |", a.name, float64(len(a.body))/1024, strings.Join(codes[:min(1, len(codes))], ""), w.Code, mb(size), allocs,
				cpu.Milliseconds(), float64(w.Body.Len())/1024)
		})
	}
}

func mb(n uint64) float64 { return float64(n) / (1 << 20) }

func (n *newsroom) sendRaw(viewer access.Viewer, body string) *httptest.ResponseRecorder {
	r := httptest.NewRequest(http.MethodPost, "/graphql", strings.NewReader(body))
	r.Header.Set("Content-Type", "application/json")
	w := httptest.NewRecorder()
	n.handler.ServeHTTP(w, r.WithContext(access.With(r.Context(), viewer)))
	return w
}

// measured sends a request and tells what was allocated for it, and the CPU time
// that it took, which is shown and not judged.
func (n *newsroom) measured(viewer access.Viewer, body string) (size, allocs uint64, cpu time.Duration, w *httptest.ResponseRecorder) {
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	start := cpuTime()
	w = n.sendRaw(viewer, body)
	cpu = cpuTime() - start
	runtime.ReadMemStats(&after)
	return after.TotalAlloc - before.TotalAlloc, after.Mallocs - before.Mallocs, cpu, w
}

// fillForAttacks makes 2,000 authors and 100 articles with bodies of 30 kB, and
// gives the slug of one.
func (n *newsroom) fillForAttacks(t *testing.T) string {
	t.Helper()
	ctx := t.Context()
	authors := make([]taxonomy.Author, 2000)
	for i := range authors {
		authors[i] = taxonomy.Author{Name: fmt.Sprintf("Author %04d", i)}
	}
	keys := must[[]int](t)(n.Taxonomy.EnsureAuthors(ctx, authors...))
	body := make([]richtext.Block, 300)
	for i := range body {
		body[i] = richtext.Block{Kind: richtext.Paragraph, HTML: strings.Repeat("words ", 17)}
	}
	drafts := make([]*content.Draft, 100)
	for i := range drafts {
		published := time.Date(2026, 3, 1, 9, i, 0, 0, time.UTC)
		drafts[i] = &content.Draft{Title: fmt.Sprintf("Story %d", i), Status: article.StatusPublished, PublishedAt: &published, Authors: keys[i : i+1], Body: body}
	}
	if _, err := n.Articles.Save(ctx, drafts...); err != nil {
		t.Fatal(err)
	}
	return "story-0"
}
