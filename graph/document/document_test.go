package document

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/vektah/gqlparser/v2"
	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/parser"
	"github.com/vektah/gqlparser/v2/validator"
	"github.com/vektah/gqlparser/v2/validator/rules"

	"github.com/broadsheet-cms/broadsheet"
)

var schema = gqlparser.MustLoadSchema(&ast.Source{Name: "schema.graphql", Input: broadsheet.SDL})

// codeOf is the code of the first error of a document, empty when it passes.
func codeOf(s *Store, text string) string {
	_, errs := s.Load(context.Background(), text)
	if len(errs) == 0 {
		return ""
	}
	return fmt.Sprint(errs[0].Extensions["code"])
}

// TestLimits asks for each limit with a document just under and just over it.
func TestLimits(t *testing.T) {
	t.Parallel()
	text := strings.Repeat
	for name, c := range map[string]struct {
		limits   Limits
		document func(n int) string
		limit    int
		code     string
	}{
		"bytes":      {Limits{Bytes: 100}, func(n int) string { return "{site{name}}" + text(" ", n-12) }, 100, codeCost},
		"tokens":     {Limits{Tokens: 100}, func(n int) string { return "{site{" + text("name ", n-5) + "}}" }, 100, codeParse},
		"depth":      {Limits{Depth: 5}, func(n int) string { return "{categories{" + text("parent{", n-2) + "id" + text("}", n) }, 5, codeCost},
		"aliases":    {Limits{Aliases: 5}, func(n int) string { return "{site{" + text("a:name ", n) + "}}" }, 5, codeCost},
		"directives": {Limits{Directives: 5}, func(n int) string { return "{site{" + text("name @include(if:true) ", n) + "}}" }, 5, codeCost},
		"root fields": {Limits{RootFields: 5}, func(n int) string {
			return "{" + text("site{name} ", n-2) + "...F ...{site{name}}} fragment F on Query{site{name}}"
		}, 5, codeCost},
		"mutations": {Limits{Mutations: 3}, func(n int) string { return "mutation{" + text("signOut{userErrors{code}} ", n) + "}" }, 3, codeCost},
		"fragments": {Limits{Fragments: 3}, func(n int) string {
			return "{site{...A ...B}} fragment A on Site{name} " + text("fragment B on Site{name}", n-2)
		}, 3, codeCost},
		"selections": {Limits{Selections: 20}, func(n int) string { return "{site{" + text("name ", n-1) + "}}" }, 20, codeCost},
		"arguments":  {Limits{}, func(n int) string { return "{latestNews(" + text("first:1 ", n) + "){nodes{id}}}" }, maxArguments, codeCost},
		"variables":  {Limits{}, func(n int) string { return "query(" + text("$a:Int ", n) + "){site{name}}" }, maxVariables, codeCost},
		"names":      {Limits{}, func(n int) string { return "{site{" + text("a", n) + ":name}}" }, maxName, codeCost},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := NewStore(schema, Options{Limits: c.limits})
			if code := codeOf(s, c.document(c.limit)); code == c.code {
				t.Errorf("%d is refused with %s", c.limit, code)
			}
			if code := codeOf(s, c.document(c.limit+1)); code != c.code {
				t.Errorf("%d is answered with %q, want %s", c.limit+1, code, c.code)
			}
		})
	}
}

func TestCost(t *testing.T) {
	t.Parallel()
	s := NewStore(schema, Options{})
	for text, want := range map[string]int{
		`{site{name}}`:                               2,
		`{site{name __typename}}`:                    3,
		`{latestNews{nodes{id}}}`:                    22,
		`{latestNews(first:3){nodes{id}}}`:           5,
		`{latestNews(last:3){edges{cursor}}}`:        5,
		`{latestNews(first:3){pageInfo{endCursor}}}`: 3,
		`{latestNews(first:3){...F}} fragment F on ArticleConnection{nodes{id}}`:                               5,
		`{a:latestNews(first:3){...F} b:latestNews(first:5){...F}} fragment F on ArticleConnection{nodes{id}}`: 5 + 7,
		`query($n:Int=4){latestNews(first:$n){nodes{id}}}`:                                                     6,
		`{authors{id}}`:                           101,
		`{authors(first:7){id}}`:                  8,
		`{nodes(ids:["a","b"]){id}}`:              3,
		`{nodes(ids:[]){id}}`:                     2,
		`{latestNews(first:10){nodes{bodyHtml}}}`: 2 + 10*150,
		`{categories{children{children{children{children{children{children{id}}}}}}}}`:        22_222_221,
		`{latestNews(first:2147483647){nodes{relatedArticles(first:2147483647){nodes{id}}}}}`: maxCost,
	} {
		doc, errs := s.Load(t.Context(), text)
		if len(errs) > 0 {
			t.Errorf("%s: %v", text, errs)
			continue
		}
		if got := s.Cost(doc.Operations[0], map[string]any{}); got != want {
			t.Errorf("%s costs %d, want %d", text, got, want)
		}
	}
}

// TestMergingIsThatOfTheLibrary compares the rule with the one that it stands
// for, on documents that are small enough for it.
func TestMergingIsThatOfTheLibrary(t *testing.T) {
	t.Parallel()
	fields := []string{"id", "a:id", "name:id", `label(language:"en")`, `label(language:"ar")`, "a:slug", "...F", "...on Category{a:name}", "...on Tag{a:slug}",
		"...on Category{x:children{a:id}}", "...on Category{x:parent{a:slug}}", "...on Tag{x:latestNews{nodes{a:id}}}", "...on Article{x:translations{a:title}}",
		"...on Article{x:authors{a:slug}}", "...on Node{a:id}", "...on Place{a:latitude}", "...on Article{y:next{z:title}}", "...on Article{y:next{z:slug}}",
		"...on Article{y:next(scope:SITE){z:title}}"}
	check := func(text string) {
		doc, err := parser.ParseQuery(&ast.Source{Input: text})
		if err != nil {
			t.Fatal(err)
		}
		want := len(validator.ValidateWithRules(schema, doc, rules.NewDefaultRules())) == 0
		doc, _ = parser.ParseQuery(&ast.Source{Input: text})
		s := NewStore(schema, Options{})
		if got := len(s.validate(context.Background(), doc)) == 0; got != want {
			t.Errorf("%s: passes %v, the library says %v", text, got, want)
		}
	}
	for _, a := range fields {
		for _, b := range fields {
			for _, owner := range []string{`node(id:"x")`, `tag(by:{slug:"x"})`, `category(by:{slug:"x"})`} {
				fragment := "fragment F on Node{...on Category{a:description} ...on Article{y:previous{z:title}}}"
				check(`{` + owner + `{` + a + ` ` + b + `}} ` + fragment)
				check(`{n:` + owner + `{` + a + `} ...{n:` + owner + `{` + b + `}}} ` + fragment)
			}
		}
	}
}

func TestMergingTakesBoundedSteps(t *testing.T) {
	t.Parallel()
	// Each level stands in the groups of all object types above it.
	var b strings.Builder
	for range 6 {
		b.WriteString("x:__typename ...on Article{r:relatedArticles{nodes{")
		for _, kind := range []string{"Article", "Category", "Tag", "Place", "Series", "Author"} {
			b.WriteString("...on " + kind + "{...on Node{id}} ")
		}
	}
	doc, err := parser.ParseQuery(&ast.Source{Input: "{node(id:\"x\"){" + b.String() + "id" + strings.Repeat("}}}", 6) + "}}"})
	if err != nil {
		t.Fatal(err)
	}
	s := NewStore(schema, Options{})
	_ = s.validate(context.Background(), doc) // ends
}

func TestTheCacheIsBoundedInBytes(t *testing.T) {
	t.Parallel()
	s := NewStore(schema, Options{Limits: Limits{CacheBytes: 100_000}})
	for i := range 1000 {
		if code := codeOf(s, fmt.Sprintf("{site{name}} #%d%s", i, strings.Repeat("x", 5000))); code != "" {
			t.Fatal(code)
		}
	}
	if s.cache.bytes > 100_000 || s.cache.documents.Len() < 10 {
		t.Errorf("%d bytes in %d documents", s.cache.bytes, s.cache.documents.Len())
	}
	codeOf(s, "{site{name}} #"+strings.Repeat("x", 50_000))
	if _, kept := s.cache.get("{site{name}} #" + strings.Repeat("x", 50_000)); kept {
		t.Error("half of the cache is one document")
	}
}

func TestValidationEndsWithItsContext(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancelCause(t.Context())
	gone := errors.New("the client has left")
	cancel(gone)
	_, errs := NewStore(schema, Options{}).Load(ctx, "{site{"+strings.Repeat("name ", 5000)+"}}")
	if len(errs) != 1 || !errors.Is(errs[0], gone) {
		t.Errorf("%v, want the cause of the context", errs)
	}
}

func TestNoSuggestionsNamesNothing(t *testing.T) {
	t.Parallel()
	s := NewStore(schema, Options{Suggests: func(context.Context) bool { return false }})
	for _, text := range []string{`{sit{name}}`, `{site{nam}}`, `{latestNews(firs:1){nodes{id}}}`, `{article(by:{slu:"x"}){id}}`, `{places(kind:COUNTR){id}}`,
		`query($a:Strin){site{name}}`, `{node(id:"x"){...on Articl{id}}}`, `{node(id:"x"){title}}`, `{site}`, `{latestNews{nodes}}`, `{site @skp{name}}`} {
		_, errs := s.Load(t.Context(), text)
		if len(errs) == 0 {
			t.Errorf("%s passes", text)
		}
		for _, err := range errs {
			if strings.Contains(err.Message, "Did you mean") {
				t.Errorf("%s: %s", text, err.Message)
			}
		}
	}
}
