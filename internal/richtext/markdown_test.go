package richtext

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestFromMarkdownMakesTypedBlocks(t *testing.T) {
	t.Parallel()
	para := func(s string) Block { return Block{Kind: Paragraph, HTML: s} }
	tests := map[string]struct {
		md    string
		want  []Block
		notes Notes
	}{
		"inline":             {"a **b** _c_ ~~d~~ `e<` <https://e.org>", []Block{para(`a <strong>b</strong> <em>c</em> <s>d</s> <code>e&lt;</code> <a href="https://e.org">https://e.org</a>`)}, nil},
		"heading with id":    {"## Title {#own}", []Block{{Kind: Heading, Level: 2, Anchor: "own", HTML: "Title"}}, nil},
		"table":              {"|a|b|\n|:-:|-|\n|1|2|", []Block{{Kind: Table, Head: []TableRow{{Cells: []TableCell{{HTML: "a", Header: true, Align: "center"}, {HTML: "b", Header: true}}}}, Rows: []TableRow{{Cells: []TableCell{{HTML: "1", Align: "center"}, {HTML: "2"}}}}}}, nil},
		"fence":              {"```Go\nx {{< y >}}\n```", []Block{{Kind: Code, Language: "go", Text: "x {{< y >}}"}}, nil},
		"tasks":              {"- [x] a\n- [ ] b", []Block{{Kind: List, Items: []ListItem{{HTML: "☑ a"}, {HTML: "☐ b"}}}}, nil},
		"footnote":           {"a[^n]\n\n[^n]: note", []Block{para(`a<sup id="fnref:1"><a href="#fn:1">1</a></sup>`), {Kind: List, Ordered: true, Items: []ListItem{{HTML: "note", Anchor: "fn:1"}}}}, nil},
		"raw HTML":           {"a <script>x</script><b onclick=y>b</b>", []Block{para("a <strong>b</strong>")}, Notes{"script removed": 1, "event handler removed": 1}},
		"youtube":            {`{{< youtube id="abc" title="T" >}}`, []Block{{Kind: Embed, Provider: "youtube", URL: "https://www.youtube.com/watch?v=abc", Title: "T"}}, nil},
		"vimeo":              {"{{% vimeo 123 %}}", []Block{{Kind: Embed, Provider: "vimeo", URL: "https://vimeo.com/123"}}, nil},
		"tweet":              {`{{< tweet user="u" id="9" >}}`, []Block{{Kind: Embed, Provider: "x", URL: "https://x.com/u/status/9"}}, nil},
		"figure":             {`{{< figure src="/a.jpg" alt="A" caption="C" attr="By" link="/b" >}}`, []Block{{Kind: Picture, URL: "/a.jpg", Alt: "A", Caption: "C", Credit: "By", Href: "/b"}}, nil},
		"image in a link":    {`[{{< img-right src="a.png" alt="say \"hi\"" >}}](/b)` + "\n*cap*", []Block{{Kind: Picture, Align: AlignRight, URL: "a.png", Alt: `say "hi"`, Href: "/b"}, para("<em>cap</em>")}, nil},
		"note":               {"{{< note title=\"Mind\" >}}**a**{{< /note >}}\n\nb", []Block{para("<strong>Mind</strong>"), para("<strong>a</strong>"), para("b")}, nil},
		"quote":              {`{{< quote-block text="a > b" cite="C" >}}`, []Block{{Kind: Quote, HTML: "a &gt; b", Citation: "C"}}, nil},
		"reference":          {`see [x]({{< ref "posts/a.md" >}} "t")`, []Block{para(`see <a href="/posts/a/" title="t">x</a>`)}, nil},
		"highlighted code":   {"{{< highlight go >}}\na < b\n{{< /highlight >}}", []Block{{Kind: Code, Language: "go", Text: "a < b"}}, nil},
		"unknown shortcode":  {"a {{< wow x=1 >}}b{{< /wow >}} c", []Block{para("a b c")}, Notes{"shortcode wow dropped": 1}},
		"label stays":        {`a {{< dl-link file="x" label="the report" >}} b`, []Block{para("a the report b")}, Notes{"shortcode dl-link reduced to its text": 1}},
		"escaped shortcode":  {"a {{</* b */>}}", []Block{para("a {{&lt; b &gt;}}")}, nil},
		"unclosed shortcode": {"a {{< b", []Block{para("a {{&lt; b")}, nil},
		"liquid":             {"{% image \"a.png\" \"A\" %}\n\n{% if x %}b{% endif %} {% raw %}{{ c }}{% endraw %} [d]({{ \"/e/\" | url }}) {{ \"f\" | team }}", []Block{{Kind: Picture, URL: "a.png", Alt: "A"}, para(`b {{ c }} <a href="/e/">d</a>`)}, Notes{"template tag if dropped": 1, "template tag endif dropped": 1, "template expression team dropped": 1}},
		"prose about braces": {"write {{ name }} or `{% x %}`", []Block{para("write {{ name }} or <code>{% x %}</code>")}, nil},
		"kramdown":           {"a\n{: .lead}", []Block{para("a")}, nil},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, notes := FromMarkdown(tt.md, Options{})
			if d := cmp.Diff(tt.want, got); d != "" {
				t.Errorf("FromMarkdown(%q) (-want +got)\n%s", tt.md, d)
			}
			if tt.notes == nil {
				tt.notes = Notes{}
			}
			if d := cmp.Diff(tt.notes, notes); d != "" {
				t.Errorf("notes (-want +got)\n%s", d)
			}
		})
	}
}

func TestOddMarkdownKeepsItsText(t *testing.T) {
	t.Parallel()
	for _, unit := range []string{"[a](", "a**b*c_", "> ", "- ", "1. ", "`a``", "{{< x ", "<a ", "![a", "|", "{% raw "} {
		src := strings.Repeat(unit, 64<<10/len(unit)) + "\n\nlast words"
		blocks, _ := FromMarkdown(src, Options{})
		if text := Text(blocks); !strings.Contains(text, "last words") {
			t.Errorf("%q: lost the end: %.80q", unit, text)
		}
	}
}

func BenchmarkArticle(b *testing.B) {
	var src strings.Builder
	for src.Len() < 3_000 {
		src.WriteString("The council voted on *Tuesday* to keep the [library](https://example.org/library) open, said **Amal Haddad**.\n\n")
	}
	blocks, _ := FromMarkdown(src.String(), Options{})
	body := HTML(blocks, RenderOptions{})
	b.Run("markdown", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			FromMarkdown(src.String(), Options{})
		}
	})
	b.Run("html in", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			FromHTML(body, Options{})
		}
	})
	b.Run("html out", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			HTML(blocks, RenderOptions{})
		}
	})
	b.Run("text", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			Text(blocks)
		}
	})
}
