package richtext

import (
	"strings"

	"golang.org/x/net/html"
	a "golang.org/x/net/html/atom"
)

// node is an element we know, or a text (tag zero). The tree is deliberately simpler than the one of the HTML standard:
// its algorithm re-creates open formatting elements and can grow quadratically on hostile input, which this one
// cannot. Markup that a browser would repair in another way still keeps all its text.
type node struct {
	tag   a.Atom
	text  string
	attrs []html.Attribute
	first *node
	last  *node
	next  *node
	block bool // is a block, or holds one
}

func (n *node) attr(name string) string {
	for i := range n.attrs {
		if n.attrs[i].Key == name {
			return n.attrs[i].Val
		}
	}
	return ""
}

func (n *node) has(name string) bool {
	for i := range n.attrs {
		if n.attrs[i].Key == name {
			return true
		}
	}
	return false
}

// class reports whether one of names is among the classes of n.
func (n *node) class(names ...string) bool {
	v := n.attr("class")
	if v == "" {
		return false
	}
	for c := range strings.FieldsSeq(v) {
		for _, name := range names {
			if c == name {
				return true
			}
		}
	}
	return false
}

// blank reports whether n is a text of white space only.
func (n *node) blank() bool { return n.tag == 0 && strings.Trim(n.text, " \t\n\r\f") == "" }

type shape uint8

const (
	unknown shape = iota // its tags are ignored, its content stays
	inlineElement
	blockElement
	voidInline
	voidBlock
	rawText // content is text for the tokenizer, and dropped
	dropped // goes with its content
	voidDropped
)

var shapes = map[a.Atom]shape{
	a.A: inlineElement, a.Em: inlineElement, a.Strong: inlineElement, a.I: inlineElement, a.B: inlineElement,
	a.U: inlineElement, a.S: inlineElement, a.Strike: inlineElement, a.Del: inlineElement, a.Ins: inlineElement,
	a.Code: inlineElement, a.Tt: inlineElement, a.Samp: inlineElement, a.Kbd: inlineElement, a.Var: inlineElement,
	a.Sub: inlineElement, a.Sup: inlineElement, a.Mark: inlineElement, a.Small: inlineElement, a.Abbr: inlineElement,
	a.Acronym: inlineElement, a.Cite: inlineElement, a.Q: inlineElement, a.Bdi: inlineElement, a.Bdo: inlineElement,
	a.Span: inlineElement, a.Time: inlineElement, a.Dfn: inlineElement, a.Br: voidInline,

	a.P: blockElement, a.H1: blockElement, a.H2: blockElement, a.H3: blockElement, a.H4: blockElement, a.H5: blockElement,
	a.H6: blockElement, a.Ul: blockElement, a.Ol: blockElement, a.Menu: blockElement, a.Li: blockElement,
	a.Blockquote: blockElement, a.Pre: blockElement, a.Listing: blockElement, a.Table: blockElement, a.Caption: blockElement,
	a.Thead: blockElement, a.Tbody: blockElement, a.Tfoot: blockElement, a.Tr: blockElement, a.Td: blockElement,
	a.Th: blockElement, a.Figure: blockElement, a.Figcaption: blockElement, a.Dl: blockElement, a.Dt: blockElement,
	a.Dd: blockElement, a.Details: blockElement, a.Summary: blockElement, a.Div: blockElement, a.Section: blockElement,
	a.Article: blockElement, a.Main: blockElement, a.Header: blockElement, a.Footer: blockElement, a.Aside: blockElement,
	a.Nav: blockElement, a.Address: blockElement, a.Center: blockElement, a.Fieldset: blockElement, a.Hgroup: blockElement,
	a.Legend: blockElement, a.Form: blockElement, a.Dialog: blockElement, a.Video: blockElement, a.Audio: blockElement,
	a.Object: blockElement, a.Hr: voidBlock, a.Img: voidBlock, a.Source: voidBlock, a.Embed: voidBlock,

	a.Iframe: rawText, a.Script: rawText, a.Style: rawText, a.Noscript: rawText, a.Noembed: rawText, a.Noframes: rawText,
	a.Xmp: rawText, a.Title: rawText, a.Textarea: rawText,
	a.Svg: dropped, a.Math: dropped, a.Template: dropped, a.Select: dropped, a.Canvas: dropped, a.Datalist: dropped,
	a.Applet: dropped, a.Map: dropped,
	a.Meta: voidDropped, a.Base: voidDropped, a.Link: voidDropped, a.Input: voidDropped, a.Param: voidDropped,
	a.Track: voidDropped, a.Area: voidDropped, a.Frame: voidDropped,
}

// keptAttrs are the attributes anyone later asks for; the rest is not even stored.
var keptAttrs = map[string]bool{
	"href": true, "src": true, "alt": true, "title": true, "class": true, "id": true, "dir": true, "lang": true, "style": true,
	"align": true, "width": true, "height": true, "rel": true, "hreflang": true, "datetime": true, "start": true,
	"colspan": true, "rowspan": true, "scope": true, "poster": true, "controls": true, "open": true, "cite": true,
	"download": true, "role": true, "data": true, "type": true, "data-src": true, "data-lazy-src": true,
	"data-original": true, "data-media-id": true, "data-own-words": true, "data-provider": true, "data-url": true, "data-columns": true,
	"data-instgrm-permalink": true, "data-href": true, "data-lang": true,
}

type builder struct {
	notes    Notes
	stack    []*node // stack[0] is the root
	text     []byte  // waits for the next element that counts
	elements int
	overflow map[a.Atom]int // open elements beyond the limits, by tag
	dropTag  a.Atom         // inside an element that goes with its content
	dropped  int
}

// parse reads HTML into a tree under a root without tag. Linear in len(src) whatever is in it.
func parse(src string, notes Notes) *node {
	root := &node{}
	p := &builder{notes: notes, stack: []*node{root}}
	z := html.NewTokenizer(strings.NewReader(src))
	for {
		switch z.Next() {
		case html.ErrorToken:
			p.flush()
			for len(p.stack) > 1 {
				p.pop()
			}
			return root
		case html.TextToken:
			if p.dropTag == 0 {
				p.text = append(p.text, z.Text()...)
			}
		case html.StartTagToken:
			p.start(z, false)
		case html.SelfClosingTagToken:
			p.start(z, true)
		case html.EndTagToken:
			name, _ := z.TagName()
			p.end(a.Lookup(name))
		}
	}
}

func (p *builder) top() *node { return p.stack[len(p.stack)-1] }

func (p *builder) append(n *node) {
	t := p.top()
	if t.last == nil {
		t.first = n
	} else {
		t.last.next = n
	}
	t.last = n
	if n.block {
		t.block = true
	}
}

func (p *builder) flush() {
	if len(p.text) == 0 {
		return
	}
	if s := cleanText(string(p.text)); s != "" {
		p.append(&node{text: s})
	}
	p.text = p.text[:0]
}

func (p *builder) pop() {
	p.flush()
	n := p.top()
	p.stack = p.stack[:len(p.stack)-1]
	if n.block {
		p.top().block = true
	}
}

// closeOpen closes the innermost open element that is one of tags, unless one of the barriers is open inside it.
func (p *builder) closeOpen(barrier func(a.Atom) bool, tags ...a.Atom) bool {
	for i := len(p.stack) - 1; i > 0; i-- {
		t := p.stack[i].tag
		for _, tag := range tags {
			if t == tag {
				for len(p.stack) > i {
					p.pop()
				}
				return true
			}
		}
		if barrier(t) {
			return false
		}
	}
	return false
}

func cellBarrier(t a.Atom) bool { return t == a.Td || t == a.Th || t == a.Caption || t == a.Table }
func listBarrier(t a.Atom) bool { return t == a.Ul || t == a.Ol || t == a.Menu || cellBarrier(t) }
func dlBarrier(t a.Atom) bool   { return t == a.Dl || cellBarrier(t) }
func tableBarrier(t a.Atom) bool {
	return t == a.Table
}

func isTablePart(t a.Atom) bool {
	switch t {
	case a.Caption, a.Thead, a.Tbody, a.Tfoot, a.Tr, a.Td, a.Th:
		return true
	}
	return false
}

func isHeading(t a.Atom) bool {
	return t == a.H1 || t == a.H2 || t == a.H3 || t == a.H4 || t == a.H5 || t == a.H6
}

func (p *builder) inTable() bool {
	for i := len(p.stack) - 1; i > 0; i-- {
		if p.stack[i].tag == a.Table {
			return true
		}
	}
	return false
}

func (p *builder) start(z *html.Tokenizer, closed bool) {
	name, more := z.TagName()
	tag := a.Lookup(name)
	kind := shapes[tag]
	if p.dropTag != 0 {
		if tag == p.dropTag && !closed {
			p.dropped++
		}
		// A paragraph ends foreign content in a browser too; without this one stray <svg> would swallow the article.
		if p.dropTag == a.Template || kind != blockElement {
			return
		}
		p.dropTag = 0
	}
	if kind == unknown {
		switch tag {
		case a.Html, a.Head, a.Body, a.Font, a.Big, a.Picture, a.Label, a.Button, a.Wbr, a.Tbody, a.Col, a.Colgroup, a.Ruby, a.Rt,
			a.Rp, a.Option, a.Nobr:
		default:
			p.notes.addNamed("element ", string(name), " unwrapped")
		}
		return
	}
	n := &node{tag: tag, block: kind == blockElement || kind == voidBlock || tag == a.Iframe}
	for more {
		var key, val []byte
		key, val, more = z.TagAttr()
		k := string(key)
		switch {
		case keptAttrs[k] || tag == a.Input && k == "checked":
			if len(n.attrs) < len(keptAttrs) && !n.has(k) {
				n.attrs = append(n.attrs, html.Attribute{Key: k, Val: cleanText(string(val))})
			}
		case strings.HasPrefix(k, "on"):
			p.notes.add("event handler removed")
		}
	}
	switch kind {
	case dropped:
		p.notes.add(tag.String() + " removed")
		if !closed {
			p.dropTag, p.dropped = tag, 1
		}
		return
	case voidDropped:
		p.dropVoid(n)
		return
	case rawText:
		if tag != a.Iframe {
			p.notes.add(tag.String() + " removed")
			p.dropTag, p.dropped = tag, 1
			return
		}
	}
	if tag == a.Img && n.class("emoji", "wp-smiley") {
		p.text = append(p.text, n.attr("alt")...)
		return
	}
	if tag == a.Form {
		p.notes.add("form unwrapped")
	}
	p.imply(tag, n.block)
	if isTablePart(tag) && !p.inTable() {
		p.text = append(p.text, ' ')
		return
	}
	if len(p.stack) > maxDepth || p.elements >= maxElements {
		if len(p.stack) > maxDepth {
			p.notes.add("nesting deeper than 100 flattened")
		} else {
			p.notes.add("elements beyond 200,000 flattened")
		}
		if n.block || tag == a.Br {
			p.text = append(p.text, ' ') // keeps words apart
		}
		if kind == inlineElement || kind == blockElement {
			if p.overflow == nil {
				p.overflow = map[a.Atom]int{}
			}
			p.overflow[tag]++
		}
		if tag == a.Iframe {
			p.dropTag, p.dropped = tag, 1
		}
		return
	}
	p.flush()
	p.elements++
	p.append(n)
	switch kind {
	case inlineElement, blockElement:
		p.stack = append(p.stack, n)
	case rawText:
		p.dropTag, p.dropped = tag, 1
	}
}

// imply closes what the start of tag closes by the standard.
func (p *builder) imply(tag a.Atom, block bool) {
	switch tag {
	case a.Img, a.Source, a.Embed, a.Iframe, a.Video, a.Audio, a.Object:
		return // live in paragraphs, though we set them apart later
	case a.A:
		p.closeOpen(cellBarrier, a.A)
		return
	}
	if !block {
		return
	}
	p.closeOpen(cellBarrier, a.P)
	switch {
	case isHeading(tag):
		p.closeOpen(cellBarrier, a.H1, a.H2, a.H3, a.H4, a.H5, a.H6)
	case tag == a.Li:
		p.closeOpen(listBarrier, a.Li)
	case tag == a.Dt || tag == a.Dd:
		p.closeOpen(dlBarrier, a.Dt, a.Dd)
	case tag == a.Td || tag == a.Th:
		p.closeOpen(tableBarrier, a.Td, a.Th, a.Caption)
	case tag == a.Tr:
		for p.closeOpen(tableBarrier, a.Tr, a.Td, a.Th, a.Caption) {
		}
	case isTablePart(tag):
		for p.closeOpen(tableBarrier, a.Tr, a.Td, a.Th, a.Caption, a.Thead, a.Tbody, a.Tfoot) {
		}
	}
}

func (p *builder) dropVoid(n *node) {
	if n.tag != a.Input {
		if n.tag != a.Param && n.tag != a.Track {
			p.notes.add(n.tag.String() + " removed")
		}
		return
	}
	switch {
	case !strings.EqualFold(n.attr("type"), "checkbox"):
		p.notes.add("input removed")
	case n.has("checked"):
		p.text = append(p.text, "☑ "...)
	default:
		p.text = append(p.text, "☐ "...)
	}
}

func (p *builder) end(tag a.Atom) {
	if p.dropTag != 0 {
		if tag == p.dropTag {
			if p.dropped--; p.dropped <= 0 {
				p.dropTag = 0
			}
		}
		return
	}
	switch shapes[tag] {
	case inlineElement, blockElement:
	default:
		return
	}
	if p.overflow[tag] > 0 {
		p.overflow[tag]--
		if shapes[tag] == blockElement {
			p.text = append(p.text, ' ')
		}
		return
	}
	barrier := cellBarrier
	switch {
	case tag == a.Table:
		barrier = func(a.Atom) bool { return false }
	case isTablePart(tag):
		barrier = tableBarrier
	case tag == a.Li:
		barrier = listBarrier
	}
	if isHeading(tag) {
		p.closeOpen(barrier, a.H1, a.H2, a.H3, a.H4, a.H5, a.H6)
		return
	}
	p.closeOpen(barrier, tag)
}

func attribute(key, value string) html.Attribute { return html.Attribute{Key: key, Val: value} }
