package richtext

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestFromHTMLMakesTypedBlocks(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		html string
		want []Block
	}{
		"paragraphs":             {"<p>One <b>two</b></p>\n<p>three</p>", []Block{{Kind: Paragraph, HTML: "One <strong>two</strong>"}, {Kind: Paragraph, HTML: "three"}}},
		"bare text":              {"one<div>two</div>three", []Block{{Kind: Paragraph, HTML: "one"}, {Kind: Paragraph, HTML: "two"}, {Kind: Paragraph, HTML: "three"}}},
		"empty paragraphs go":    {"<p>&nbsp;</p><p><br></p><p><b> </b></p>", []Block{}},
		"direction is inherited": {`<div dir="rtl"><p>سلام</p></div>`, []Block{{Kind: Paragraph, Dir: RTL, HTML: "سلام"}}},
		"alignment of WordPress": {`<p class="has-text-align-center">x</p>`, []Block{{Kind: Paragraph, Align: AlignCenter, HTML: "x"}}},
		"headings get anchors that differ": {"<h2>A b</h2><h3>A b</h3><h2 id=own>C</h2>", []Block{
			{Kind: Heading, Level: 2, Anchor: "a-b", HTML: "A b"}, {Kind: Heading, Level: 3, Anchor: "a-b-2", HTML: "A b"},
			{Kind: Heading, Level: 2, Anchor: "own", HTML: "C"}}},
		"nested lists": {"<ol start=3><li>a<ul><li>b</ul><li>c</ol>", []Block{{Kind: List, Ordered: true, Start: 3, Items: []ListItem{
			{HTML: "a", Items: []ListItem{{HTML: "b"}}}, {HTML: "c"}}}}},
		"a list right in a list": {"<ul><li>a</li><ul><li>b</li></ul></ul>", []Block{{Kind: List, Items: []ListItem{{HTML: "a", Items: []ListItem{{HTML: "b"}}}}}}},
		"an image in a list parts it": {"<ol><li>a<img src=/x.png></li><li>b</li></ol>", []Block{
			{Kind: List, Ordered: true, Items: []ListItem{{HTML: "a"}}}, {Kind: Picture, URL: "/x.png"},
			{Kind: List, Ordered: true, Start: 2, Items: []ListItem{{HTML: "b"}}}}},
		"quote": {"<blockquote><p>a</p><p>b</p><footer>Who</footer></blockquote>", []Block{{Kind: Quote, HTML: "a<br><br>b", Citation: "Who"}}},
		"pull quote": {`<figure class="wp-block-pullquote"><blockquote><p>a</p><cite>Who</cite></blockquote></figure>`,
			[]Block{{Kind: PullQuote, HTML: "a", Citation: "Who"}}},
		"code": {"<pre><code class='language-go'>a &lt; b\n\tc\n</code></pre>", []Block{{Kind: Code, Language: "go", Text: "a < b\n\tc"}}},
		"table": {"<table><caption>T</caption><tr><th>a<th>b<tr><td align=right>1<td colspan=2>2</table>", []Block{{Kind: Table, Caption: "T",
			Head: []TableRow{{Cells: []TableCell{{HTML: "a", Header: true}, {HTML: "b", Header: true}}}},
			Rows: []TableRow{{Cells: []TableCell{{HTML: "1", Align: "right"}, {HTML: "2", ColSpan: 2}}}}}}},
		"figure": {`<figure class="alignwide"><a href="/big"><img src="https://e.org/a.jpg" alt="A" width="10" height="20"></a><figcaption>Cap <span class="credit">By</span></figcaption></figure>`,
			[]Block{{Kind: Picture, Align: AlignWide, URL: "https://e.org/a.jpg", Alt: "A", Href: "/big", Width: 10, Height: 20, Caption: "Cap", Credit: "By"}}},
		"gallery": {`<figure class="wp-block-gallery columns-2"><ul><li><figure><img src=/a><figcaption>x</figcaption></figure><li><img src=/b></ul><figcaption>all</figcaption></figure>`,
			[]Block{{Kind: Gallery, Columns: 2, Caption: "all", Images: []Image{{URL: "/a", Caption: "x"}, {URL: "/b"}}}}},
		"image in a sentence":  {"<p>a <img src=/i> b</p>", []Block{{Kind: Paragraph, HTML: "a"}, {Kind: Picture, URL: "/i"}, {Kind: Paragraph, HTML: "b"}}},
		"lazy image":           {`<img src="data:image/gif;base64,AA" data-src="/real.jpg">`, []Block{{Kind: Picture, URL: "/real.jpg"}}},
		"video with a source":  {`<video poster=/p.jpg><source src=/v.mp4></video>`, []Block{{Kind: Video, URL: "/v.mp4", Poster: "/p.jpg"}}},
		"player":               {`<iframe src="//www.youtube.com/embed/abc-DEF?start=9" title="T"></iframe>`, []Block{{Kind: Embed, Provider: "youtube", URL: "https://www.youtube.com/watch?v=abc-DEF&t=9s", Title: "T"}}},
		"unknown player":       {`<iframe src="https://e.org/w">x</iframe>`, []Block{{Kind: Paragraph, HTML: `<a href="https://e.org/w">https://e.org/w</a>`}}},
		"post":                 {`<blockquote class="twitter-tweet"><p>Hi</p><a href="https://twitter.com/u/status/12?x=1">d</a></blockquote>`, []Block{{Kind: Embed, Provider: "x", URL: "https://x.com/u/status/12", Title: "Hi d"}}},
		"address on its line":  {"<p>https://youtu.be/abc</p>", []Block{{Kind: Embed, Provider: "youtube", URL: "https://www.youtube.com/watch?v=abc"}}},
		"button":               {`<div class="wp-block-button"><a href="/go">Go</a></div>`, []Block{{Kind: Button, URL: "/go", Title: "Go"}}},
		"file":                 {`<div class="wp-block-file"><a href="/f.pdf">F</a><a href="/f.pdf" download>Download</a></div>`, []Block{{Kind: File, URL: "/f.pdf", Name: "F"}}},
		"rule":                 {"a<hr>", []Block{{Kind: Paragraph, HTML: "a"}, {Kind: Divider}}},
		"definitions":          {"<dl><dt>a<dd onclick=x>b</dl>", []Block{{Kind: RawHTML, HTML: "<dl><dt>a</dt><dd>b</dd></dl>"}}},
		"bold around blocks":   {"<b><p>a</p><p>b</p></b>", []Block{{Kind: Paragraph, HTML: "<strong>a</strong>"}, {Kind: Paragraph, HTML: "<strong>b</strong>"}}},
		"layout table":         {"<table><tr><td><p>a</p><p>b</p></table>", []Block{{Kind: Paragraph, HTML: "a"}, {Kind: Paragraph, HTML: "b"}}},
		"checkboxes":           {"<ul><li><input type=checkbox checked> a</ul>", []Block{{Kind: List, Items: []ListItem{{HTML: "☑ a"}}}}},
		"word processor":       {`<b style="font-weight:normal"><p><span style="font-weight:700">a</span> <span style="font-style:italic">b</span></p></b>`, []Block{{Kind: Paragraph, HTML: "<strong>a</strong> <em>b</em>"}}},
		"white space":          {"<p> a  <i> b </i>c <br> d<br></p>", []Block{{Kind: Paragraph, HTML: "a <em>b</em> c<br>d"}}},
		"language of a phrase": {`<p><span lang="ar" dir="rtl" style="x">سلام</span><span class=y>!</span></p>`, []Block{{Kind: Paragraph, HTML: `<span dir="rtl" lang="ar">سلام</span>!`}}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, _ := FromHTML(tt.html, Options{})
			if d := cmp.Diff(tt.want, got); d != "" {
				t.Errorf("FromHTML(%q) (-want +got)\n%s", tt.html, d)
			}
			if err := Validate(got); err != nil {
				t.Errorf("Validate: %v", err)
			}
		})
	}
}

func TestNotesCountWhatWasDropped(t *testing.T) {
	t.Parallel()
	_, notes := FromHTML(`<script>x</script><script>y</script><p onclick=a onload=b><a href="javascript:1">k</a></p><my-el>t</my-el><iframe src="https://e.org/"></iframe>`, Options{})
	want := Notes{"script removed": 2, "event handler removed": 2, "unsafe link removed": 1, "element my-el unwrapped": 1, "iframe of unknown site turned into a link": 1}
	if d := cmp.Diff(want, notes); d != "" {
		t.Error(d)
	}
	if !strings.HasPrefix(notes.String(), "element my-el unwrapped: 1\n") {
		t.Errorf("String() = %q", notes)
	}
}

// everyKind has one canonical block of each kind.
func everyKind() []Block {
	row := func(cells ...TableCell) []TableRow { return []TableRow{{Cells: cells}} }
	return []Block{
		{Kind: Paragraph, Dir: RTL, Align: AlignRight, HTML: `س <a href="https://e.org/?a=1&amp;b=2" rel="sponsored" title="&#34;t&#34;">ص</a> &lt;b&gt; "it's"<br>x`},
		{Kind: Heading, Level: 3, Anchor: "عنوان-1", HTML: "عنوان 1"},
		{Kind: List, Ordered: true, Start: 4, Items: []ListItem{{HTML: "a", Ordered: true, Start: 2, Items: []ListItem{{HTML: "b", Items: []ListItem{{HTML: "c"}}}}}, {HTML: "d", Anchor: "fn:1"}}},
		{Kind: Quote, HTML: "a <em>b<br><br>c</em><br><br>d", Citation: "<cite>Who</cite>"},
		{Kind: PullQuote, Align: AlignWide, HTML: "a", Citation: "Who"},
		{Kind: Code, Language: "c++", Text: "  if a < b && c {\n\n\tx\n}"},
		{Kind: Table, Caption: "T", Head: row(TableCell{HTML: "h", Header: true, Align: "center"}, TableCell{Header: true}),
			Rows: row(TableCell{HTML: "r", Header: true, RowSpan: 2}, TableCell{HTML: "1<br>2", ColSpan: 3})},
		{Kind: Picture, Align: AlignLeft, URL: "/i.jpg", Alt: `an "alt"`, Caption: "cap <em>x</em>", Credit: "by", Href: "/big", Width: 3, Height: 4},
		{Kind: Picture, MediaID: "med_1"},
		{Kind: Gallery, Columns: 3, Caption: "all", Images: []Image{{MediaID: "med_2", Caption: "c", Credit: "d"}, {URL: "https://e.org/a", Alt: "a"}}},
		{Kind: Video, URL: "https://e.org/v.mp4", Poster: "/p.jpg", Caption: "cap", Width: 640, Height: 360},
		{Kind: Audio, MediaID: "med_3", Credit: "by"},
		{Kind: Embed, Provider: "vimeo", URL: "https://vimeo.com/12", Title: "T & U", Caption: "cap"},
		{Kind: File, MediaID: "med_4", Name: "Report"},
		{Kind: File, URL: "/f.pdf", Name: "F"},
		{Kind: Button, URL: "mailto:a@e.org", Title: "Write"},
		{Kind: Divider},
		{Kind: RawHTML, HTML: "<dl><dt>a</dt><dd>b</dd></dl>"},
	}
}

func TestBodySurvivesTheWayThroughHTMLAndJSON(t *testing.T) {
	t.Parallel()
	blocks := everyKind()
	if err := Validate(blocks); err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(blocks, Sanitise(blocks)); d != "" {
		t.Errorf("Sanitise changed canonical blocks (-want +got)\n%s", d)
	}
	rendered := HTML(blocks, RenderOptions{})
	again, notes := FromHTML(rendered, Options{})
	if d := cmp.Diff(blocks, again); d != "" {
		t.Errorf("HTML (-want +got)\n%s", d)
	}
	if len(notes) > 0 {
		t.Errorf("notes of our own HTML: %v", notes)
	}
	if s := SanitiseHTML(rendered); s != rendered {
		t.Errorf("sanitised again:\n%s\n%s", rendered, s)
	}
	raw, err := json.Marshal(blocks)
	if err != nil {
		t.Fatal(err)
	}
	var decoded []Block
	if err := json.Unmarshal(raw, &decoded); err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(blocks, decoded); d != "" {
		t.Errorf("JSON (-want +got)\n%s", d)
	}
	seen := map[Kind]bool{}
	for _, b := range blocks {
		seen[b.Kind] = true
	}
	if len(seen) != len(Kinds()) {
		t.Errorf("%d kinds tried, there are %d", len(seen), len(Kinds()))
	}
}

func TestRenderResolvesMedia(t *testing.T) {
	t.Parallel()
	opts := RenderOptions{
		Media: func(id string) (Media, bool) {
			return Media{URL: "https://cdn.example/" + id, Width: 8, Height: 6}, id != "gone"
		},
		Resolve: func(u string) string { return u + "?w=1" },
	}
	got := HTML([]Block{{Kind: Picture, MediaID: "m1", Alt: "a"}, {Kind: Picture, MediaID: "gone", Caption: "left"}}, opts)
	want := `<figure><img data-media-id="m1" src="https://cdn.example/m1?w=1" alt="a" width="8" height="6"></figure>` +
		"\n<figure><figcaption>left</figcaption></figure>"
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
}

func TestTextPartsBlocks(t *testing.T) {
	t.Parallel()
	got := Text([]Block{
		{Kind: Heading, Level: 2, HTML: "A &amp; B"}, {Kind: Paragraph, HTML: `one<br>two<sup id="fnref:1"><a href="#fn:1">1</a></sup>`},
		{Kind: List, Items: []ListItem{{HTML: "x", Items: []ListItem{{HTML: "y"}}}}},
		{Kind: Table, Rows: []TableRow{{Cells: []TableCell{{HTML: "1"}, {HTML: "2"}}}}},
		{Kind: Picture, URL: "/a", Alt: "alt", Caption: "cap"}, {Kind: RawHTML, HTML: "<dl><dt>d</dt><dd>e</dd></dl>"},
	})
	if want := "A & B\n\none\ntwo[1]\n\nx\ny\n\n1\t2\n\ncap\n\nd\ne"; got != want {
		t.Errorf("got %q\nwant %q", got, want)
	}
}

func TestFromTextKeepsLines(t *testing.T) {
	t.Parallel()
	got := FromText("a <b>\r\nc\n\n \n\nd\x00")
	want := []Block{{Kind: Paragraph, HTML: "a &lt;b&gt;<br>c"}, {Kind: Paragraph, HTML: "d"}}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
}

func TestBlocksBeyondTheLimitKeepTheirText(t *testing.T) {
	t.Parallel()
	blocks, _ := FromHTML(strings.Repeat("<p>word</p>", MaxBlocks+50), Options{})
	if len(blocks) != MaxBlocks {
		t.Errorf("%d blocks", len(blocks))
	}
	if n := CountWords(Text(blocks)); n != MaxBlocks+50 {
		t.Errorf("%d words", n)
	}
}

func TestWordsOfTheirOwnStayWhenABodyIsSavedAgain(t *testing.T) {
	t.Parallel()
	old := []Block{{Kind: Picture, MediaID: "med_1", OwnWords: true}, {Kind: Gallery, Images: []Image{{MediaID: "med_2", Caption: "Two", OwnWords: true}, {MediaID: "med_3"}}}}
	next := KeepOwnWords(old, []Block{{Kind: Picture, MediaID: "med_1"}, {Kind: Picture, MediaID: "med_1", Alt: "New"}, {Kind: Picture, MediaID: "med_3"},
		{Kind: Gallery, Images: []Image{{MediaID: "med_2", Caption: "Two"}, {MediaID: "med_2"}}}})
	got := []bool{next[0].OwnWords, next[1].OwnWords, next[2].OwnWords, next[3].Images[0].OwnWords, next[3].Images[1].OwnWords}
	if want := []bool{true, false, false, true, false}; !slices.Equal(got, want) {
		t.Errorf("%v, want %v", got, want)
	}
}
