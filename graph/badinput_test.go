package graph_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"math"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/broadsheet-cms/broadsheet/graph"
	"github.com/broadsheet-cms/broadsheet/graph/relay"
	"github.com/broadsheet-cms/broadsheet/internal/app"
	"github.com/broadsheet-cms/broadsheet/internal/id"
	"github.com/broadsheet-cms/broadsheet/internal/keyset"
	"github.com/broadsheet-cms/broadsheet/internal/store"
	"github.com/broadsheet-cms/broadsheet/internal/testkit"
)

// Codes that a hostile document may be answered with; fine stands for an answer
// without errors, such as null for what names nothing.
const (
	fine          = ""
	badInput      = "BAD_USER_INPUT"
	cursorInvalid = "CURSOR_INVALID"
	tooCostly     = "COST_LIMIT_EXCEEDED"
	parseFailed   = "GRAPHQL_PARSE_FAILED"
	notValid      = "GRAPHQL_VALIDATION_FAILED"
)

type hostile struct {
	query     string
	variables map[string]any
	want      string // the one code of all errors
}

// hard are texts that have broken databases, decoders and caches before.
var hard = map[string]string{
	"empty":                "",
	"space":                " ",
	"a NUL":                "a\x00b",
	"only a NUL":           "\x00",
	"a lone surrogate":     "a\xed\xa0\x80b",
	"invalid UTF-8":        "\xff\xfe",
	"right-to-left marks":  "\u202e\u200f\u061cevil",
	"10 kB":                strings.Repeat("x", 10_000),
	"10 kB of Arabic":      strings.Repeat("ب", 5_000),
	"SQL":                  "'; DROP TABLE articles; --",
	"LIKE patterns":        "%_%",
	"percent signs":        "%zz%00%ff",
	"dots":                 "../../../etc/passwd",
	"slashes":              strings.Repeat("/", 2_000),
	"an address":           "https://evil.example/articles/hidden-draft",
	"a broken address":     "http://[::1",
	"newlines":             "a\r\nb",
	"emoji":                "👩‍👩‍👧‍👦",
	"combining characters": "e" + strings.Repeat("\u0301", 500),
	"an id of no type":     "xyz_0000000000000",
	"a short id":           "art_1",
	"a long id":            "art_" + strings.Repeat("0", 200),
	"an id with capitals":  "ART_0W3K5Z7Q9C1VD",
	"an id of 0":           "art_" + strings.Repeat("0", 13),
	"an id too large":      "art_" + strings.Repeat("z", 13),
}

func (n *newsroom) hostile() map[string]hostile {
	article := n.byTitle["Ferry crews accept deal"].PublicID()
	other := n.comments[0].PublicID()
	all := map[string]hostile{}
	add := func(name, query string, want string, variables ...any) {
		h := hostile{query: query, want: want, variables: map[string]any{}}
		for i := 0; i < len(variables); i += 2 {
			h.variables[variables[i].(string)] = variables[i+1]
		}
		all[name] = h
	}
	literal := func(s string) string { b, _ := json.Marshal(s); return string(b) }

	// Texts in every place that takes one.
	for name, text := range hard {
		add("slug: "+name, `query($s:String!){article(by:{slug:$s}){id} tag(by:{slug:$s}){id} category(by:{slug:$s}){id} page(by:{slug:$s}){id}
			place(by:{slug:$s}){id} series(by:{slug:$s}){id} author(by:{slug:$s}){id}}`, fine, "s", text)
		add("path: "+name, `query($s:String!){route(path:$s){path} article(by:{path:$s}){id} page(by:{path:$s}){id} category(by:{path:$s}){id}}`, fine, "s", text)
		for _, prefix := range []string{"/articles/", "/tags/", "/sections/", "/places/", "/series/", "/authors/"} {
			add("path below "+prefix+": "+name, `query($s:String!){route(path:$s){path}}`, fine, "s", prefix+text)
		}
		for _, root := range []string{"article", "tag", "category", "page", "place", "series", "author"} {
			add("id of "+root+": "+name, `query($s:ID!){`+root+`(by:{id:$s}){id}}`, badInput, "s", text)
		}
		add("node: "+name, `query($s:ID!){node(id:$s){id}}`, badInput, "s", text)
		add("nodes: "+name, `query($s:[ID!]!){nodes(ids:$s){id}}`, badInput, "s", []string{article, text})
		add("cursor: "+name, `query($s:String!){latestNews(after:$s){nodes{id}}}`, cursorInvalid, "s", text)
		add("cursor backward: "+name, `query($s:String!){latestNews(last:2,before:$s){nodes{id}}}`, cursorInvalid, "s", text)
		add("cursor of related: "+name, `query($s:String!,$id:ID!){article(by:{id:$id}){relatedArticles(after:$s){nodes{id}}}}`, cursorInvalid, "s", text, "id", article)
		add("slug as literal: "+name, `{article(by:{slug:`+literal(text)+`}){id}}`, fine)
	}
	delete(all, "id of article: an id of no type") // well formed, names nothing
	for _, root := range []string{"article", "tag", "category", "page", "place", "series", "author"} {
		delete(all, "id of "+root+": an id of no type")
		add("id of another type: "+root, `query($s:ID!){`+root+`(by:{id:$s}){id}}`, fine, "s", other)
		add("id of a type without a way to it: "+root, `query($s:ID!){`+root+`(by:{id:$s}){id}}`, fine, "s", id.Encode(id.User, 1))
		add("id of nothing: "+root, `query($s:ID!){`+root+`(by:{id:$s}){id}}`, fine, "s", id.Encode("art", math.MaxInt64))
	}
	for _, name := range []string{"node: an id of no type", "nodes: an id of no type"} {
		delete(all, name)
	}
	add("node of no type", `{node(id:"xyz_`+id.Encode("art", 7)[4:]+`"){id}}`, fine)
	add("101 ids", `query($s:[ID!]!){nodes(ids:$s){id}}`, badInput, "s", slices.Repeat([]string{article}, 101))
	add("no ids", `{nodes(ids:[]){id}}`, fine)
	add("the same id twice", `query($s:[ID!]!){nodes(ids:$s){id}}`, fine, "s", []string{article, article})

	// Languages and countries.
	for _, text := range []string{"", "e", "no-such-language-at-all-that-long", "en_", "a\x00", "\xff", strings.Repeat("en-", 40), "\u202een"} {
		add(fmt.Sprintf("language %q", text), `query($s:Locale){latestNews(language:$s){nodes{id}}}`, badInput, "s", text)
		add(fmt.Sprintf("label in %q", text), `query($s:Locale!){categories{label(language:$s)}}`, badInput, "s", text)
	}
	for _, text := range []string{"", "om", "OMN", "O\x00", "ع"} {
		add(fmt.Sprintf("country %q", text), `query($s:CountryCode!){place(by:{countryCode:$s}){id}}`, badInput, "s", text)
	}
	add("a country that is none", `{place(by:{countryCode:"ZZ"}){id}}`, fine)

	// Sizes of pages, on every kind of list.
	for _, list := range []string{`latestNews(%s){nodes{id}}`, `tags(%s){nodes{id}}`, `category(by:{slug:"world"}){latestNews(%s){nodes{id}}}`,
		`article(by:{slug:"ferry-crews-accept-deal"}){comments(%s){nodes{id}}}`,
		`article(by:{slug:"ferry-crews-accept-deal"}){comments{nodes{replies(%s){nodes{id}}}}}`} {
		for _, args := range []string{"first:-1", "first:101", "last:-5", "last:101", "first:1,last:1", "first:-2147483648"} {
			add(fmt.Sprintf(list, args), `{`+fmt.Sprintf(list, args)+`}`, badInput)
		}
		add("too large a page of "+list, `{`+fmt.Sprintf(list, "first:2147483647")+`}`, tooCostly)
		add("nulls for "+list, `{`+fmt.Sprintf(list, "first:null,last:null,after:null,before:null")+`}`, fine)
		add("no Int for "+list, `{`+fmt.Sprintf(list, "first:2147483648")+`}`, badInput)
	}
	for _, n := range []int{-1, 25} {
		add(fmt.Sprintf("related(first:%d)", n), `query($n:Int,$id:ID!){article(by:{id:$id}){relatedArticles(first:$n){nodes{id}}}}`, badInput, "n", n, "id", article)
	}
	for _, n := range []int{0, -1, 10_001, math.MinInt32} {
		add(fmt.Sprintf("totalCount(limit:%d)", n), `query($n:Int){latestNews{totalCount(limit:$n){value}}}`, badInput, "n", n)
	}
	for name, value := range map[string]any{"too large": json.Number("9999999999"), "huge": json.Number("1e400"), "a fraction": json.Number("1.5"), "a text": "five",
		"a list of two": []int{1, 2}, "an object": map[string]any{"a": 1}, "a boolean": true} {
		add("Int by variable: "+name, `query($n:Int){latestNews(first:$n){nodes{id}}}`, notValid, "n", value)
	}
	add("Int by literal: too large", `{latestNews(first:99999999999999999999){nodes{id}}}`, notValid)
	add("Int by literal: a text", `{latestNews(first:"5"){nodes{id}}}`, notValid)
	add("a year out of range", `{site{copyright(year:-2147483648)}}`, fine)
	add("a width below zero", `{article(by:{slug:"ferry-crews-accept-deal"}){featuredImage{url(width:-5)}}}`, badInput)
	add("an enum value that is none", `query($s:CommentOrder){article(by:{slug:"ferry-crews-accept-deal"}){comments(orderBy:$s){nodes{id}}}}`, notValid, "s", "BEST")
	add("a null for an enum with a default", `{article(by:{slug:"ferry-crews-accept-deal"}){previous(scope:null){id} comments(orderBy:null){nodes{id}}}}`, fine)
	add("null for a flag with a default", `{categories(topLevel:null){id}}`, fine)

	// Inputs of which one key must be given.
	for root, keys := range map[string][2]string{"article": {"id", "slug"}, "category": {"slug", "path"}, "tag": {"id", "slug"}, "place": {"slug", "countryCode"},
		"series": {"id", "slug"}, "author": {"id", "slug"}, "page": {"slug", "path"}} {
		input := strings.ToUpper(root[:1]) + root[1:] + "By"
		if root == "series" {
			input = "SeriesBy"
		}
		by := `query($by:` + input + `!){` + root + `(by:$by){id}}`
		add(root+" by nothing, by variable", by, notValid, "by", map[string]any{})
		add(root+" by two keys, by variable", by, notValid, "by", map[string]any{keys[0]: "a", keys[1]: "OM"})
		add(root+" by null, by variable", by, notValid, "by", map[string]any{keys[0]: nil})
		add(root+" by a key and a null, by variable", by, notValid, "by", map[string]any{keys[0]: "a", keys[1]: nil})
		add(root+" by an unknown key, by variable", by, notValid, "by", map[string]any{"nosuch": "a"})
		add(root+" by a null for all, by variable", by, notValid, "by", nil)
		add(root+" by nothing, by literal", `{`+root+`(by:{}){id}}`, notValid)
		add(root+" by two keys, by literal", `{`+root+`(by:{`+keys[0]+`:"a",`+keys[1]+`:"OM"}){id}}`, notValid)
		add(root+" by null, by literal", `{`+root+`(by:{`+keys[0]+`:null}){id}}`, notValid)
		add(root+" by an absent variable", `query($s:`+map[string]string{"id": "ID", "slug": "String"}[keys[0]]+`){`+root+`(by:{`+keys[0]+`:$s}){id}}`, notValid)
	}

	// Cursors: of other lists, damaged, forged.
	site := relay.EncodeCursor(listOfNews, keyset.Key{})
	for name, of := range map[string]keyset.Key{"at the end of time": {Time: math.MaxInt64, ID: math.MaxInt64}, "at its beginning": {Time: math.MinInt64, ID: math.MinInt64},
		"of the year 100000": {Time: time.Date(100_000, 1, 1, 0, 0, 0, 0, time.UTC).UnixMicro(), ID: -1}, "with a NUL": {Text: "a\x00"}, "with invalid UTF-8": {Text: "\xff"}, "with 1 kB": {Text: strings.Repeat("x", 1000)}} {
		want := fine
		if strings.Contains(name, "NUL") || strings.Contains(name, "UTF-8") {
			want = cursorInvalid
		}
		add("a forged cursor of news "+name, `query($s:String){latestNews(after:$s){nodes{id} pageInfo{hasNextPage hasPreviousPage}}}`, want, "s", relay.EncodeCursor(listOfNews, of))
		add("a forged cursor of news before "+name, `query($s:String){latestNews(last:1,before:$s){nodes{id} pageInfo{hasNextPage hasPreviousPage}}}`, want, "s", relay.EncodeCursor(listOfNews, of))
		add("a forged cursor of tags "+name, `query($s:String){tags(after:$s){nodes{id} pageInfo{hasNextPage hasPreviousPage}}}`, want, "s", relay.EncodeCursor(listOfTags, of))
		add("a forged cursor of comments "+name, `query($s:String,$id:ID!){article(by:{id:$id}){comments(after:$s){nodes{id} pageInfo{hasNextPage hasPreviousPage}}}}`, want,
			"id", article, "s", relay.EncodeCursor(fmt.Sprintf(listOfComments, n.byTitle["Ferry crews accept deal"].ID), of))
	}
	add("a forged cursor of related articles", `query($s:String,$id:ID!){article(by:{id:$id}){relatedArticles(after:$s){nodes{id}}}}`, cursorInvalid,
		"id", article, "s", relay.EncodeCursor(fmt.Sprintf(listOfRelated, n.byTitle["Ferry crews accept deal"].ID), keyset.Key{ID: -5}))
	add("a cursor with a damaged checksum", `query($s:String){latestNews(after:$s){nodes{id}}}`, cursorInvalid, "s", strings.Replace(site, site[8:9], "-", 1))
	add("a cursor cut short", `query($s:String){latestNews(after:$s){nodes{id}}}`, cursorInvalid, "s", site[:len(site)-6])
	add("a cursor of tags for news", `query($s:String){latestNews(after:$s){nodes{id}}}`, cursorInvalid, "s", relay.EncodeCursor(listOfTags, keyset.Key{ID: 1}))
	add("a cursor of one language for all", `query($s:String){latestNews(after:$s){nodes{id}}}`, cursorInvalid, "s", n.cursor(`latestNews(first:1,language:"en")`))
	add("a cursor of all for one language", `query($s:String){latestNews(after:$s,language:"en"){nodes{id}}}`, cursorInvalid, "s", n.cursor(`latestNews(first:1)`))
	add("a cursor of the site for a section", `query($s:String){category(by:{slug:"world"}){latestNews(after:$s){nodes{id}}}}`, cursorInvalid, "s", n.cursor(`latestNews(first:1)`))

	// Documents.
	add("50 aliases of a cheap field", `{`+repeat(50, func(i int) string { return fmt.Sprintf("a%d:site{name}", i) })+`}`, fine)
	add("51 aliases of a cheap field", `{`+repeat(51, func(i int) string { return fmt.Sprintf("a%d:site{name}", i) })+`}`, tooCostly)
	add("700 aliases of a list", `{`+repeat(700, func(i int) string { return fmt.Sprintf("a%d:tags(first:100){nodes{id}}", i) })+`}`, tooCostly)
	add("lists in lists", `{latestNews(first:100){nodes{relatedArticles(first:24){nodes{relatedArticles(first:24){nodes{id}}}}}}}`, tooCostly)
	add("lists so deep that numbers overflow", `{categories{`+strings.Repeat("children{", 40)+"id"+strings.Repeat("}", 40)+`}}`, tooCostly)
	add("nodes of many ids with lists", `query($s:[ID!]!){nodes(ids:$s){...on Article{relatedArticles(first:24){nodes{comments(first:100){nodes{id}}}}}}}`, tooCostly, "s", slices.Repeat([]string{article}, 100))
	add("a deep document", `{categories{`+strings.Repeat("parent{", 18)+"id"+strings.Repeat("}", 18)+`}}`, fine)
	add("a document that is too deep", `{categories{`+strings.Repeat("parent{", 19)+"id"+strings.Repeat("}", 19)+`}}`, tooCostly)
	add("a document over the token limit", `{site{`+strings.Repeat("name ", 11_000)+`}}`, parseFailed)
	add("a value nested over the token limit", `{nodes(ids:`+strings.Repeat("[", 11_000)+`){id}}`, parseFailed)
	add("fragments in a circle", `{site{...A}} fragment A on Site{...B} fragment B on Site{...A}`, notValid)
	add("a fragment of itself", `{site{...A}} fragment A on Site{name ...A}`, notValid)
	add("fragments that double", `{site{...F0}}`+repeat(30, func(i int) string {
		return fmt.Sprintf(" fragment F%d on Site{...F%d ...F%d}", i, i+1, i+1)
	})+` fragment F30 on Site{name}`, tooCostly)
	add("an unknown fragment", `{site{...Nosuch}}`, notValid)
	add("an unknown field", `{nosuch}`, notValid)
	add("an unknown argument", `{latestNews(nosuch:1){nodes{id}}}`, notValid)
	add("a list without fields", `{latestNews}`, notValid)
	add("conflicting fields", `{site{a:name a:tagline}}`, notValid)
	add("a variable that is not declared", `{latestNews(first:$n){nodes{id}}}`, notValid)
	add("a required variable that is missing", `query($s:String!){route(path:$s){path}}`, notValid)
	add("a variable of the wrong type", `query($s:Boolean){latestNews(after:$s){nodes{id}}}`, notValid)
	add("an unknown directive", `{site @nosuch{name}}`, notValid)
	add("include without its argument", `{site @include{name}}`, notValid)
	add("a mutation", `mutation{site{name}}`, notValid)
	add("a subscription", `subscription{site{name}}`, notValid)
	add("a schema", `type Query{a:Int}`, parseFailed)
	add("nothing", ``, badInput)
	add("words", `hello`, parseFailed)
	add("a brace", `{`, parseFailed)
	add("a NUL", "{site{name}}\x00", parseFailed)
	add("an unended text", `{route(path:"x){path}}`, parseFailed)
	add("a bad escape", `{route(path:"\uD8"){path}}`, parseFailed)
	add("half a surrogate pair", `{route(path:"\uD800"){path} article(by:{slug:"\uD800"}){id}}`, fine)
	add("the byte order mark", "\ufeff{site{name}}", fine)
	return all
}

// The names that cursors carry.
const (
	listOfNews     = "latestNews0 0" // of the whole site
	listOfTags     = "tags"
	listOfComments = "comments0 %d 0" // of an article
	listOfRelated  = "relatedArticles%d"
)

// cursor gives the end of a page of news.
func (n *newsroom) cursor(field string) string {
	a, _ := n.ask(context.Background(), `{x:`+field+`{pageInfo{endCursor}}}`, nil)
	var data struct {
		X struct {
			PageInfo struct {
				EndCursor string `json:"endCursor"`
			} `json:"pageInfo"`
		} `json:"x"`
	}
	_ = json.Unmarshal(a.Data, &data)
	return data.X.PageInfo.EndCursor
}

func repeat(n int, of func(i int) string) string {
	var b strings.Builder
	for i := range n {
		b.WriteString(of(i) + " ")
	}
	return b.String()
}

// ask is post for what has no test at hand.
func (n *newsroom) ask(ctx context.Context, query string, variables map[string]any) (a answer, status int) {
	body, _ := json.Marshal(map[string]any{"query": query, "variables": variables})
	r := httptest.NewRequestWithContext(ctx, http.MethodPost, "/graphql", bytes.NewReader(body))
	r.Header.Set("Content-Type", "application/json")
	w := httptest.NewRecorder()
	n.handler.ServeHTTP(w, r)
	if err := json.Unmarshal(w.Body.Bytes(), &a); err != nil {
		return answer{}, 0
	}
	return a, w.Code
}

func TestHostileDocumentsAreTypedErrors(t *testing.T) {
	t.Parallel()
	eachNewsroom(t, func(t *testing.T, n *newsroom) {
		for name, h := range n.hostile() {
			a, status := n.ask(t.Context(), h.query, h.variables)
			if status < 200 || status >= 500 {
				t.Errorf("%s: status %d", name, status)
			}
			if h.want == fine {
				if len(a.Errors) > 0 {
					t.Errorf("%s: %+v", name, a.Errors)
				}
				continue
			}
			if len(a.Errors) == 0 {
				t.Errorf("%s: no error, want %s: %.200s", name, h.want, a.Data)
			}
			for _, e := range a.Errors {
				if e.Extensions["code"] != h.want {
					t.Errorf("%s: %v %q, want %s", name, e.Extensions["code"], e.Message, h.want)
				}
				if len(e.Message) > 300 {
					t.Errorf("%s: the message has %d bytes: %.300s", name, len(e.Message), e.Message)
				}
				for _, leak := range []string{"pq:", "sqlite", "SELECT", "panic", "goroutine", ".go:"} {
					if strings.Contains(e.Message, leak) {
						t.Errorf("%s: the message tells of the inside: %s", name, e.Message)
					}
				}
			}
		}
	})
}

func TestHostileRequestsAreTypedErrors(t *testing.T) {
	t.Parallel()
	n := newNewsroom(t)
	get := func(query string) *http.Request {
		return httptest.NewRequest(http.MethodGet, "/graphql?"+query, nil)
	}
	post := func(contentType, body string) *http.Request {
		r := httptest.NewRequest(http.MethodPost, "/graphql", strings.NewReader(body))
		r.Header.Set("Content-Type", contentType)
		return r
	}
	limited := post("application/json", `{"query":"`+strings.Repeat("x", 4096)+`"}`)
	limited.Body = http.MaxBytesReader(nil, limited.Body, 1024)
	broken := post("application/json", "")
	broken.Body = io.NopCloser(io.MultiReader(strings.NewReader(`{"query":`), errReader{}))
	deep := `{"query":"{site{name}}","variables":{"a":` + strings.Repeat("[", 20_000) + strings.Repeat("]", 20_000) + `}}`
	for name, c := range map[string]struct {
		request *http.Request
		status  int
		code    string
	}{
		"a query by POST":                    {post("application/json; charset=utf-8", `{"query":"{site{name}}"}`), 200, fine},
		"a query by GET":                     {get("query=%7Bsite%7Bname%7D%7D"), 200, fine},
		"no content type":                    {post("", `{"query":"{site{name}}"}`), 415, badInput},
		"text":                               {post("text/plain", `{"query":"{site{name}}"}`), 415, badInput},
		"a form":                             {post("application/x-www-form-urlencoded", `query=%7Bsite%7Bname%7D%7D`), 415, badInput},
		"an upload":                          {post("multipart/form-data; boundary=x", "--x--"), 400, badInput},
		"a broken content type":              {post("application/json;;;=", `{}`), 415, badInput},
		"an empty body":                      {post("application/json", ""), 400, badInput},
		"no JSON":                            {post("application/json", "{query:1}"), 400, badInput},
		"half of JSON":                       {post("application/json", `{"query":"{site`), 400, badInput},
		"JSON and more":                      {post("application/json", `{"query":"{site{name}}"}{}`), 400, badInput},
		"a batch":                            {post("application/json", `[{"query":"{site{name}}"}]`), 400, badInput},
		"a number":                           {post("application/json", `7`), 400, badInput},
		"null":                               {post("application/json", `null`), 400, badInput},
		"an object without a query":          {post("application/json", `{}`), 400, badInput},
		"a query that is a number":           {post("application/json", `{"query":7}`), 400, badInput},
		"variables that are a list":          {post("application/json", `{"query":"{site{name}}","variables":[1]}`), 400, badInput},
		"variables that are null":            {post("application/json", `{"query":"{site{name}}","variables":null}`), 200, fine},
		"variables nested too deep":          {post("application/json", deep), 400, badInput},
		"invalid UTF-8":                      {post("application/json", "{\"query\":\"{route(path:\\\"\xff\\\"){path}}\"}"), 200, fine},
		"a lone surrogate":                   {post("application/json", `{"query":"query($s:String!){route(path:$s){path}}","variables":{"s":"\ud800"}}`), 200, fine},
		"a body over the limit":              {limited, 413, badInput},
		"a body that breaks off":             {broken, 400, badInput},
		"an unknown operation name":          {post("application/json", `{"query":"query A{site{name}}","operationName":"B"}`), 200, notValid},
		"several operations without a name":  {post("application/json", `{"query":"query A{site{name}} query B{site{name}}"}`), 200, notValid},
		"two operations of one name":         {post("application/json", `{"query":"query A{site{name}} query A{site{name}}","operationName":"A"}`), 200, notValid},
		"GET without a query":                {get(""), 400, badInput},
		"GET with a mutation":                {get("query=mutation%7Ba%7D"), 200, notValid},
		"GET with variables that are none":   {get("query=%7Bsite%7Bname%7D%7D&variables=x"), 400, badInput},
		"GET with a list of variables":       {get("query=%7Bsite%7Bname%7D%7D&variables=[]"), 400, badInput},
		"GET with extensions that are none":  {get("query=%7Bsite%7Bname%7D%7D&extensions=x"), 400, badInput},
		"GET with a broken percent sign":     {get("query=%zz"), 400, badInput},
		"GET with invalid UTF-8":             {get("query=" + url.QueryEscape("{route(path:\"\xff\"){path} article(by:{slug:\"\xff\"}){id} category(by:{slug:\"\xff\"}){id}}")), 200, fine},
		"GET with invalid UTF-8 as language": {get("query=" + url.QueryEscape("{latestNews(language:\"\xff\"){nodes{id}}}")), 200, badInput},
		"PUT":                                {httptest.NewRequest(http.MethodPut, "/graphql", strings.NewReader("{}")), 405, badInput},
		"DELETE":                             {httptest.NewRequest(http.MethodDelete, "/graphql", nil), 405, badInput},
		"a method that is none":              {httptest.NewRequest("BREW", "/graphql", nil), 405, badInput},
	} {
		t.Run(name, func(t *testing.T) {
			w := httptest.NewRecorder()
			n.handler.ServeHTTP(w, c.request)
			if w.Code != c.status {
				t.Errorf("status %d, want %d: %s", w.Code, c.status, w.Body)
			}
			if got := w.Header().Get("Content-Type"); got != "application/json" {
				t.Errorf("Content-Type %q", got)
			}
			var a answer
			if err := json.Unmarshal(w.Body.Bytes(), &a); err != nil {
				t.Fatalf("no JSON: %v: %s", err, w.Body)
			}
			codes := a.codes()
			if c.code == fine && len(codes) == 0 {
				return
			}
			if len(codes) == 0 || codes[0] != c.code {
				t.Errorf("codes %q, want %q: %s", codes, c.code, w.Body)
			}
			if w.Body.Len() > 1000 {
				t.Errorf("the answer repeats the request: %d bytes", w.Body.Len())
			}
		})
	}
}

type errReader struct{}

func (errReader) Read([]byte) (int, error) { return 0, io.ErrUnexpectedEOF }

// newNewsroom is a newsroom on SQLite, for what does not depend on the
// database.
func newNewsroom(t testing.TB) *newsroom {
	t.Helper()
	n := &newsroom{statements: &testkit.Statements{}, errors: &bytes.Buffer{}}
	n.Services = app.NewServices(testkit.Open(t, testkit.URL(t, store.SQLite), store.Options{Wrap: n.statements.Wrap}), nil)
	n.handler = graph.Handler(n.Graph(), graph.Options{Introspection: graph.Everyone, Logger: slog.New(slog.NewTextHandler(n.errors, nil))})
	t.Cleanup(func() {
		if n.errors.Len() > 0 {
			t.Errorf("internal errors were logged:\n%s", n.errors)
		}
	})
	return n
}

// FuzzVariables sends any texts and numbers in the places of variables.
func FuzzVariables(f *testing.F) {
	for _, text := range hard {
		f.Add(text, text, int64(1), int64(0))
	}
	f.Add("art_0w3k5z7q9c1vd", relay.EncodeCursor(listOfNews, keyset.Key{Time: 1, ID: 1}), int64(101), int64(-1))
	f.Add("/articles/x?y#z", relay.EncodeCursor(listOfTags, keyset.Key{Text: "x"}), int64(math.MaxInt64), int64(math.MinInt64))
	n := newNewsroom(f)
	const query = `query($by: ArticleBy!, $slug: ArticleBy!, $path: String!, $ids: [ID!]!, $text: String, $first: Int, $last: Int, $language: Locale) {
		article(by: $by) { id } other: article(by: $slug) { id } route(path: $path) { path } nodes(ids: $ids) { id }
		latestNews(first: $first, last: $last, after: $text, language: $language) { nodes { id } pageInfo { hasNextPage hasPreviousPage } }
		tags(last: $last, before: $text) { nodes { id } }
	}`
	f.Fuzz(func(t *testing.T, text, cursor string, first, last int64) {
		n.errors.Reset()
		a, status := n.ask(t.Context(), query, map[string]any{"by": map[string]any{"path": text}, "slug": map[string]any{"slug": text, "id": cursor}, "path": text,
			"ids": []string{text, cursor}, "text": cursor, "first": first, "last": last, "language": text})
		if status < 200 || status >= 500 {
			t.Errorf("status %d", status)
		}
		for _, e := range a.Errors {
			if e.Extensions["code"] == "INTERNAL" || e.Extensions["code"] == nil {
				t.Errorf("%v: %s", e.Extensions["code"], e.Message)
			}
		}
		if n.errors.Len() > 0 {
			t.Errorf("logged: %s", n.errors)
		}
	})
}
