package richtext

import (
	"net/url"
	"slices"
	"strconv"
	"strings"

	a "golang.org/x/net/html/atom"
)

// Options say what a conversion cannot know from the text alone. The zero value is fine.
type Options struct {
	// Base makes relative links and image addresses absolute; nil leaves them.
	Base *url.URL
	// Reference resolves the target of a cross reference in Markdown ("posts/about.md"), and Asset the source of an
	// image named by the shortcode ("img", "photo-12"). Nil keeps the path without its .md and the source as it is.
	Reference func(path string) string
	Asset     func(shortcode, src string) string
}

// FromHTML turns HTML, of whatever origin and quality, into blocks. No text a reader would have seen is lost, whatever
// the markup around it; what was dropped or changed is counted in the notes.
func FromHTML(src string, opts Options) ([]Block, Notes) {
	notes := Notes{}
	return convert(limitInput(src, notes), opts, notes), notes
}

func convert(src string, opts Options, notes Notes) []Block {
	c := &converter{notes: notes, base: opts.Base, wrapBudget: maxWrap, out: []Block{}} // never null in JSON
	c.w = writer{base: opts.Base, notes: notes}
	c.flow(parse(src, notes), scope{kind: Paragraph})
	same := func(s string) string { return s }
	for i := range c.out {
		if b := &c.out[i]; b.Kind == List {
			b.Items = sanitiseItems(b.Items, 1, same) // for the depth of the lists
		}
	}
	return setAnchors(capBlocks(c.out, notes))
}

// scope is what a text inherits from the elements around it.
type scope struct {
	kind   Kind // of the blocks its lines become: Paragraph or Heading
	level  int
	anchor string
	dir    string
	align  Align
}

func (s scope) inside(n *node) scope {
	if d := dirOf(n); d != "" {
		s.dir = d
	}
	if v := alignOf(n); v != "" {
		s.align = v
	} else if n.tag == a.Center {
		s.align = AlignCenter
	}
	return s
}

// text drops the alignments that make sense for media only.
func (s scope) textAlign() Align {
	if s.align == AlignWide || s.align == AlignFull {
		return ""
	}
	return s.align
}

type converter struct {
	notes      Notes
	base       *url.URL
	out        []Block
	w          writer
	running    bool    // w holds the start of a line of inline content
	wrappers   []*node // inline elements around the current block
	marks      []mark
	wrapBudget int
}

// sub converts the content of n on its own and returns its blocks.
func (c *converter) sub(n *node, s scope) []Block {
	before := c.out
	c.out = nil
	c.flow(n, s)
	blocks := c.out
	c.out = before
	return blocks
}

func (c *converter) emit(b Block) { c.out = append(c.out, b) }

// begin starts a line: the inline elements that hold blocks are repeated around each line inside them.
func (c *converter) begin() {
	if c.running {
		return
	}
	c.running = true
	for _, n := range c.wrappers {
		if c.wrapBudget < 0 {
			c.notes.add("formatting around blocks dropped")
			return
		}
		before := len(c.w.buf)
		if m, ok := c.w.start(n); ok {
			c.marks = append(c.marks, m)
		}
		c.wrapBudget -= len(c.w.buf) - before
	}
}

func (c *converter) flush(s *scope) {
	if !c.running {
		return
	}
	c.running = false
	for i := len(c.marks) - 1; i >= 0; i-- {
		c.w.end(c.marks[i])
	}
	c.marks = c.marks[:0]
	text := c.w.finish()
	if text == "" {
		return
	}
	if s.kind == Paragraph {
		if provider, address := bareEmbed(text); provider != "" {
			c.emit(Block{Kind: Embed, Provider: provider, URL: address})
			return
		}
	}
	c.emit(Block{Kind: s.kind, HTML: text, Level: s.level, Anchor: s.anchor, Dir: s.dir, Align: s.textAlign()})
	s.anchor = ""
}

// bareEmbed recognises the line of a classic editor that holds nothing but the address of a player or post.
func bareEmbed(text string) (string, string) {
	if !strings.HasPrefix(text, "http") || strings.ContainsAny(text, " <") || len(text) > 512 {
		return "", ""
	}
	return canonicalEmbed(strings.ReplaceAll(text, "&amp;", "&"))
}

// flow converts the children of n: lines of inline content become blocks of s.kind, blocks what they are.
func (c *converter) flow(n *node, s scope) {
	for k := n.first; k != nil; k = k.next {
		switch {
		case !k.block:
			if k.blank() && !c.running {
				continue
			}
			c.begin()
			c.w.element(k)
		case shapes[k.tag] == inlineElement:
			c.flush(&s)
			c.wrappers = append(c.wrappers, k)
			c.flow(k, s)
			c.wrappers = c.wrappers[:len(c.wrappers)-1]
		default:
			c.flush(&s)
			c.block(k, s)
		}
	}
	c.flush(&s)
}

func (c *converter) block(n *node, s scope) {
	s = s.inside(n)
	switch n.tag {
	case a.P:
		c.paragraph(n, s)
	case a.H1, a.H2, a.H3, a.H4, a.H5, a.H6:
		s.kind, s.level = Heading, int(n.tag.String()[1]-'0')
		if id := n.attr("id"); validAnchor(id) {
			s.anchor = id
		}
		c.flow(n, s)
	case a.Ul, a.Ol, a.Menu:
		c.list(n, s)
	case a.Blockquote:
		c.quote(n, s)
	case a.Pre, a.Listing:
		c.code(n)
	case a.Table:
		c.table(n, s)
	case a.Figure:
		c.figure(n, s)
	case a.Img:
		c.image(n, s)
	case a.Iframe, a.Embed:
		c.frame(n)
	case a.Object:
		if n.first == nil && n.attr("data") != "" {
			c.frame(n)
			return
		}
		c.flow(n, s)
	case a.Video, a.Audio:
		c.media(n, s)
	case a.Hr:
		c.emit(Block{Kind: Divider})
	case a.Dl, a.Details:
		c.fallback(n, s)
	case a.Source:
	default:
		c.container(n, s)
	}
}

func (c *converter) paragraph(n *node, s scope) {
	if b, ok := c.action(n); ok {
		c.emit(b)
		return
	}
	c.flow(n, s)
}

// action recognises the paragraphs that hold one link and are more than text: a button, a file.
func (c *converter) action(n *node) (Block, bool) {
	button := n.class("button", "wp-block-button")
	if !button && !n.class("file", "wp-block-file") {
		return Block{}, false
	}
	link := n.first
	for link != nil && link.tag != a.A {
		link = link.next
	}
	if link == nil || link.block {
		return Block{}, false
	}
	label := plainField(plain(link))
	for k := n.first; k != nil; k = k.next {
		switch {
		case k == link, k.blank(), k.class("wp-block-file__embed"): // the preview of the same file
		case k.tag == a.A && k.has("download"):
			if text := plainField(plain(k)); text != "" && !strings.EqualFold(text, label) && !slices.Contains(download, strings.ToLower(text)) {
				label = strings.TrimPrefix(label+" – "+text, " – ")
			}
		default:
			return Block{}, false
		}
	}
	address, ok := safeURL(link.attr("href"), linkURL, c.base)
	if button && address == "" && label != "" {
		c.notes.add("button that leads nowhere turned into text")
		return Block{}, false
	}
	if id := link.attr("data-media-id"); !button && validMediaID(id) {
		return Block{Kind: File, MediaID: id, Name: label}, true
	}
	switch {
	case !ok || label == "":
		return Block{}, false
	case button:
		return Block{Kind: Button, URL: address, Title: label}, true
	}
	return Block{Kind: File, URL: address, Name: label}, true
}

// download are the labels that WordPress gives the buttons of files by itself.
var download = []string{"download", "télécharger", "descargar", "herunterladen", "scarica", "baixar", "transferir", "downloaden", "تحميل", "تنزيل", "скачать", "indir", "ladda ner"}

func (c *converter) container(n *node, s scope) {
	if b, ok := c.action(n); ok {
		c.emit(b)
		return
	}
	switch {
	case n.class("wp-caption", "gallery", "wp-block-gallery"):
		c.figure(n, s)
	case n.class("footnotes") && n.first != nil:
		// The rule above the notes is a matter of design.
		for k := n.first; k != nil; k = k.next {
			if k.block && k.tag != a.Hr {
				c.block(k, s)
			}
		}
	case n.tag == a.Li || n.tag == a.Dt || n.tag == a.Dd:
		s.anchor = ""
		c.flow(n, s)
	default:
		c.flow(n, s)
	}
}

// fallback keeps what has no kind of its own as sanitised markup.
func (c *converter) fallback(n *node, s scope) {
	text := strings.TrimSpace(sanitiseNode(n, c.base, c.notes))
	if PlainText(text) == "" {
		return
	}
	c.emit(Block{Kind: RawHTML, HTML: text, Dir: s.dir})
}

// list converts a list. What a line cannot hold (an image, a table, code) follows the item, and the list goes on after
// it with the next number.
func (c *converter) list(n *node, s scope) {
	cur := Block{Kind: List, Ordered: n.tag == a.Ol, Dir: s.dir}
	start := 1
	if v, err := strconv.Atoi(strings.TrimSpace(n.attr("start"))); err == nil && v >= 0 && v <= maxStart {
		start = v
	}
	next := start
	done := func() {
		if len(cur.Items) > 0 {
			c.emit(cur)
		}
		cur.Items = nil
	}
	inner := scope{kind: Paragraph, dir: s.dir}
	for k := n.first; k != nil; k = k.next {
		if k.blank() {
			continue
		}
		var blocks []Block
		switch {
		case k.tag == a.Li:
			blocks = c.sub(k, inner.inside(k))
		case k.tag == 0 || !k.block:
			blocks = c.sub(&node{first: &node{tag: k.tag, text: k.text, attrs: k.attrs, first: k.first, last: k.last}}, inner)
		default: // a list right in a list belongs to the item above it
			wrapped := *k
			wrapped.next = nil
			blocks = c.sub(&node{first: &wrapped, block: true}, inner)
		}
		item, rest := splitItem(blocks)
		if id := k.attr("id"); strings.HasPrefix(id, "fn") && validAnchor(id) {
			item.Anchor = id
		}
		switch {
		case k.tag != a.Li && item.HTML == "" && len(item.Items) > 0 && len(cur.Items) > 0 && len(cur.Items[len(cur.Items)-1].Items) == 0:
			last := &cur.Items[len(cur.Items)-1]
			last.Items, last.Ordered, last.Start = item.Items, item.Ordered, item.Start
		case item.HTML != "" || len(item.Items) > 0:
			if len(cur.Items) == 0 && cur.Ordered && next != 1 {
				cur.Start = next
			}
			cur.Items = append(cur.Items, item)
			next++
		case k.tag == a.Li && len(rest) > 0:
			next++
		}
		if len(rest) > 0 {
			done()
			cur.Start = 0
			c.out = append(c.out, rest...)
		}
	}
	done()
}

// splitItem puts the paragraphs and the first list of an item into one item; the blocks after them come back as rest.
func splitItem(blocks []Block) (item ListItem, rest []Block) {
	var text []string
	i := 0
	for ; i < len(blocks) && blocks[i].Kind == Paragraph; i++ {
		text = append(text, blocks[i].HTML)
	}
	item.HTML = strings.Join(text, "<br><br>")
	if i < len(blocks) && blocks[i].Kind == List {
		item.Items, item.Ordered, item.Start = blocks[i].Items, blocks[i].Ordered, blocks[i].Start
		i++
	}
	return item, blocks[i:]
}

// quote converts a quotation: its paragraphs become one block, other blocks inside stand between quotes.
func (c *converter) quote(n *node, s scope) {
	if n.class("twitter-tweet", "twitter-video", "instagram-media", "tiktok-embed", "fb-post", "fb-video") {
		if provider, address := postOf(n); provider != "" {
			c.emit(Block{Kind: Embed, Provider: provider, URL: address, Title: plainField(plain(n))})
			return
		}
	}
	body := &node{block: n.block}
	var cites []*node
	for k := n.first; k != nil; k = k.next {
		if k.tag == a.Footer || k.tag == a.Cite && lastOf(k) && body.last != nil && body.block && !k.block {
			cites = append(cites, k)
			continue
		}
		if k.blank() && len(cites) > 0 {
			continue
		}
		kept := *k
		kept.next = nil
		if body.last == nil {
			body.first = &kept
		} else {
			body.last.next = &kept
		}
		body.last = &kept
	}
	s.kind, s.level, s.anchor = Paragraph, 0, ""
	blocks := mergeQuote(c.sub(body, s))
	citation := ""
	for _, cite := range cites {
		citation = joinLines(citation, c.inline(cite))
	}
	if citation != "" {
		if n := len(blocks); n > 0 && blocks[n-1].Kind == Quote && blocks[n-1].Citation == "" {
			blocks[n-1].Citation = citation
		} else {
			blocks = append(blocks, Block{Kind: Paragraph, HTML: citation, Dir: s.dir})
		}
	}
	c.out = append(c.out, blocks...)
}

func lastOf(n *node) bool {
	for k := n.next; k != nil; k = k.next {
		if !k.blank() {
			return false
		}
	}
	return true
}

func mergeQuote(blocks []Block) []Block {
	out := blocks[:0]
	open := false // the last of out is the quote that goes on
	for _, b := range blocks {
		if b.Kind != Paragraph {
			out = append(out, b)
			open = false
			continue
		}
		b.Kind = Quote
		if last := len(out) - 1; open && out[last].Dir == b.Dir && out[last].Align == b.Align {
			out[last].HTML += "<br><br>" + b.HTML
			continue
		}
		out = append(out, b)
		open = true
	}
	return out
}

func joinLines(x, y string) string {
	if x == "" || y == "" {
		return x + y
	}
	return x + "<br>" + y
}

// inline writes the content of n as one piece of inline HTML.
func (c *converter) inline(n *node) string {
	w := writer{base: c.base, notes: c.notes}
	w.flat(n)
	return w.finish()
}

// code keeps the text of a <pre> as it is, but for the newlines at its ends.
func (c *converter) code(n *node) {
	var b strings.Builder
	codeText(n, &b)
	text := codeLines(b.String())
	if text == "" {
		return
	}
	lang := languageOf(n)
	for k := n.first; k != nil && lang == ""; k = k.next {
		if k.tag == a.Code {
			lang = languageOf(k)
		}
	}
	c.emit(Block{Kind: Code, Text: text, Language: lang})
}

// codeLines returns code without blank lines at its ends.
func codeLines(s string) string {
	return balanceBidi(strings.TrimRight(strings.TrimLeft(cleanText(s), "\n"), " \t\n"))
}

func codeText(n *node, b *strings.Builder) {
	for k := n.first; k != nil; k = k.next {
		switch k.tag {
		case a.Br:
			b.WriteByte('\n')
		case 0:
			b.WriteString(k.text)
		case a.Img:
			b.WriteString(k.attr("alt"))
		default:
			codeText(k, b)
			if shapes[k.tag] == blockElement && k.next != nil {
				b.WriteByte('\n')
			}
		}
	}
}

func languageOf(n *node) string {
	if l := codeLanguage(n.attr("data-lang")); l != "" {
		return l
	}
	for class := range strings.FieldsSeq(n.attr("class")) {
		for _, prefix := range []string{"language-", "lang-"} {
			if l, ok := strings.CutPrefix(class, prefix); ok {
				return codeLanguage(l)
			}
		}
	}
	return ""
}
