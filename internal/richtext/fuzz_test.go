package richtext

import (
	"strings"
	"testing"
	"unicode"

	"github.com/google/go-cmp/cmp"
)

func FuzzFromHTML(f *testing.F) {
	for _, s := range hostile {
		f.Add(s)
	}
	f.Add(HTML(everyKind(), RenderOptions{}))
	f.Fuzz(func(t *testing.T, src string) {
		blocks, _ := FromHTML(src, Options{})
		checkAll(t, src, blocks)
		written := sanitiseNode(parse(limitInput(src, nil), nil), nil, nil)
		checkSafe(t, src, written)
		if gated := gate(written); gated != written {
			t.Errorf("the policy changed what was written\n%q\n%q", written, gated)
		}
		inline := SanitiseInline(src)
		if again := SanitiseInline(inline); again != inline {
			t.Errorf("inline is not stable\n%q\n%q", inline, again)
		}
	})
}

func FuzzFromMarkdown(f *testing.F) {
	for _, s := range hostile {
		f.Add(s)
	}
	f.Add("# a\n\n> b\n\n- [x] c\n\n|a|b|\n|-|-|\n|1|2|\n\n{{< img src=\"x\" alt=\"y\" >}} `{{< z >}}` {% raw %}{{ a }}{% endraw %}[^1]\n\n[^1]: n")
	f.Fuzz(func(t *testing.T, src string) {
		blocks, _ := FromMarkdown(src, Options{})
		checkAll(t, src, blocks)
	})
}

// Whatever letters stand between well-formed tags come out of the conversion, in order.
func FuzzTextIsNeverLost(f *testing.F) {
	f.Add("p", "b", "one", "two", "three")
	f.Add("table", "td", "a b", "c", "d")
	f.Add("figure", "figcaption", "a", "b", "c")
	f.Add("ul", "li", "a", "b", "c")
	f.Add("blockquote", "footer", "a", "b", "c")
	f.Add("details", "summary", "a", "b", "c")
	f.Add("h2", "div", "a", "b", "c")
	f.Fuzz(func(t *testing.T, outer, inner, a, b, c string) {
		known := func(tag string) bool {
			for name, shape := range shapes {
				if name.String() == tag {
					return shape == inlineElement || shape == blockElement && tag != "video" && tag != "audio"
				}
			}
			return false
		}
		if !known(outer) || !known(inner) {
			return
		}
		letters := func(s string) string {
			return strings.Map(func(r rune) rune {
				if r == ' ' || unicode.IsLetter(r) && r != unicode.ReplacementChar {
					return r
				}
				return -1
			}, s)
		}
		a, b, c = letters(a), letters(b), letters(c)
		src := "<" + outer + ">" + a + "<" + inner + ">" + b + "</" + inner + ">" + c + "</" + outer + ">"
		blocks, _ := FromHTML(src, Options{})
		text := Text(blocks)
		for _, word := range strings.Fields(a + " " + b + " " + c) {
			if !strings.Contains(text, word) {
				t.Errorf("%q is not in %q of %q", word, text, src)
			}
		}
	})
}

func FuzzRoundTrip(f *testing.F) {
	f.Add("one", "two &amp; <em>three</em>", "x = 1\ny", 2)
	f.Add("\u2067a\u2069", "a<br>b", " z", 9)
	f.Add("\u2067\u2001\xa9", "\x7f>0", "\n0", 17)
	f.Fuzz(func(t *testing.T, plain, inline, code string, n int) {
		start := []Block{
			{Kind: Heading, Level: n, HTML: inline}, {Kind: Paragraph, HTML: inline}, {Kind: Quote, HTML: inline, Citation: plain},
			{Kind: Code, Text: code, Language: "go"}, {Kind: List, Ordered: true, Start: n, Items: []ListItem{{HTML: inline, Items: []ListItem{{HTML: plain}}}, {HTML: plain}}},
			{Kind: Picture, URL: "/x", Alt: plain, Caption: inline, Credit: plain, Width: n},
			{Kind: Table, Caption: inline, Rows: []TableRow{{Cells: []TableCell{{HTML: inline}, {HTML: plain, ColSpan: n}}}}},
		}
		blocks := Sanitise(start)
		for _, b := range blocks {
			if provider, _ := bareEmbed(b.HTML); provider != "" {
				return // a line that is an address becomes a player, by design
			}
		}
		again, _ := FromHTML(HTML(blocks, RenderOptions{}), Options{})
		if d := cmp.Diff(blocks, again); d != "" {
			t.Errorf("(-want +got)\n%s", d)
		}
	})
}
