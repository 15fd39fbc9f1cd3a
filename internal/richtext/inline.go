package richtext

import (
	"bytes"
	"net/url"
	"strings"
	"unicode"

	a "golang.org/x/net/html/atom"
)

// inlineName is the element written for one that was read: <b> and <i> are what <strong> and <em> are for, the rest
// of the synonyms come from old editors. Elements that are not in the list lose their tags and keep their text.
var inlineName = map[a.Atom]string{
	a.Em: "em", a.I: "em", a.Var: "em", a.Dfn: "em", a.Strong: "strong", a.B: "strong", a.A: "a", a.Code: "code", a.Tt: "code",
	a.Samp: "code", a.Kbd: "kbd", a.Sub: "sub", a.Sup: "sup", a.Mark: "mark", a.S: "s", a.Strike: "s", a.Del: "s", a.U: "u",
	a.Ins: "u", a.Small: "small", a.Abbr: "abbr", a.Acronym: "abbr", a.Cite: "cite", a.Q: "q", a.Bdi: "bdi", a.Bdo: "bdo",
	a.Span: "span", a.Time: "time",
}

// writer builds canonical inline HTML: white space collapsed, none at the ends or around <br>, no empty elements, no
// element inside its like, attributes from a closed list. Writing what it wrote yields the same string.
type writer struct {
	buf     []byte
	base    *url.URL
	notes   Notes
	open    []string // names of the open elements
	space   bool     // a space waits for the text after it
	breaks  int      // <br>s that wait, 2 at most
	glue    bool     // the text so far ends with something a space may follow
	visible bool     // there is text already
	solid   bool     // some of it can be seen
	bidi    bool
	skipAlt bool // leave images to the caller
	count   int  // texts written, to tell empty elements
}

// mark is the state before an element was opened, to go back to when it turns out empty.
type mark struct {
	pos    int
	space  bool
	breaks int
	glue   bool
	count  int
	name   string
}

func (w *writer) reset() {
	*w = writer{buf: w.buf[:0], base: w.base, notes: w.notes, open: w.open[:0]}
}

func (w *writer) pending() {
	switch {
	case w.breaks > 0 && w.visible:
		for ; w.breaks > 0; w.breaks-- {
			w.buf = append(w.buf, "<br>"...)
		}
		w.glue = false
	case w.space && w.glue:
		w.buf = append(w.buf, ' ')
		w.glue = false
	}
	w.space, w.breaks = false, 0
}

func isSpace(c byte) bool { return c == ' ' || c == '\t' || c == '\n' || c == '\r' || c == '\f' }

func (w *writer) text(s string) {
	if !w.bidi && hasBidi(s) {
		w.bidi = true
	}
	for i := 0; i < len(s); {
		if isSpace(s[i]) {
			w.space = w.space || w.glue && w.breaks == 0
			i++
			continue
		}
		end := i
		for end < len(s) && !isSpace(s[end]) {
			end++
		}
		w.pending()
		w.buf = appendEscaped(w.buf, s[i:end], false)
		if !w.solid {
			w.solid = strings.ContainsFunc(s[i:end], func(r rune) bool { return !unicode.IsSpace(r) && !unicode.Is(unicode.Cf, r) })
		}
		w.visible, w.glue = true, true
		w.count++
		i = end
	}
}

// br asks for a line break before the next text; lines asks for at least n of them.
func (w *writer) br() { w.breaks = min(w.breaks+1, 2) }

func (w *writer) lines(n int) { w.breaks = max(w.breaks, n) }

func (w *writer) isOpen(name string) bool {
	for _, o := range w.open {
		if o == name {
			return true
		}
	}
	return false
}

// start opens the element n and reports whether there is anything to close.
func (w *writer) start(n *node) (mark, bool) {
	name := inlineName[n.tag]
	style := n.attr("style")
	if n.tag == a.Span || n.tag == a.B {
		name = styledName(n, name, style)
	}
	// spans nest: each may have its own language.
	if name == "" || name != "span" && w.isOpen(name) {
		return mark{}, false
	}
	m := mark{pos: len(w.buf), space: w.space && w.glue, breaks: w.breaks, glue: w.glue, count: w.count, name: name}
	w.pending()
	w.buf = append(append(w.buf, '<'), name...)
	before := len(w.buf)
	hasHref := w.inlineAttrs(n, name)
	if name == "a" && !hasHref || (name == "span" || name == "bdo") && len(w.buf) == before {
		w.undo(m)
		return mark{}, false
	}
	w.buf = append(w.buf, '>')
	w.open = append(w.open, name)
	return m, true
}

func (w *writer) undo(m mark) {
	w.buf = w.buf[:m.pos]
	w.space, w.breaks, w.glue = m.space || w.space && m.glue, min(m.breaks+w.breaks, 2), m.glue
}

func (w *writer) end(m mark) {
	w.open = w.open[:len(w.open)-1]
	if w.count == m.count {
		w.undo(m)
		return
	}
	w.buf = append(append(append(w.buf, "</"...), m.name...), '>')
}

// styledName reads the styles by which word processors say bold and italic, and the <b> that Google Docs wraps around
// a whole document to say "not bold".
func styledName(n *node, name, style string) string {
	if style == "" {
		return name
	}
	style = strings.ReplaceAll(strings.ToLower(style), " ", "")
	switch {
	case n.tag == a.B && (strings.Contains(style, "font-weight:normal") || strings.Contains(style, "font-weight:400")):
		return ""
	case n.tag == a.B || n.has("dir") || n.has("lang"):
		return name
	case strings.Contains(style, "font-weight:bold") || strings.Contains(style, "font-weight:700"):
		return "strong"
	case strings.Contains(style, "font-style:italic"):
		return "em"
	}
	return name
}

func (w *writer) attr(name, value string) {
	w.buf = append(append(append(w.buf, ' '), name...), `="`...)
	w.buf = append(appendEscaped(w.buf, value, true), '"')
}

// inlineAttrs writes the attributes of an inline element in one order and reports whether it has an address.
func (w *writer) inlineAttrs(n *node, name string) (href bool) {
	if len(n.attrs) == 0 {
		return false
	}
	if name == "a" {
		if raw := n.attr("href"); raw != "" {
			u, ok := safeURL(raw, linkURL, w.base)
			if !ok {
				w.notes.add("unsafe link removed")
				return false
			}
			if u == "" { // "#" leads nowhere
				return false
			}
			w.attr("href", u)
			href = true
		}
		if rel := keepRel(n.attr("rel")); rel != "" {
			w.attr("rel", rel)
		}
		if lang := n.attr("hreflang"); validLang(lang) {
			w.attr("hreflang", lang)
		}
	}
	if name == "a" || name == "abbr" {
		if t := plainField(n.attr("title")); t != "" {
			w.attr("title", t)
		}
	}
	if name == "time" {
		if t := n.attr("datetime"); validDateTime(t) {
			w.attr("datetime", t)
		}
	}
	if name == "sup" {
		if id := n.attr("id"); strings.HasPrefix(id, "fnref") && validAnchor(id) {
			w.attr("id", id)
		}
	}
	if d := strings.ToLower(n.attr("dir")); d == LTR || d == RTL || d == "auto" && (name == "bdi" || name == "span") {
		w.attr("dir", d)
	}
	if lang := n.attr("lang"); validLang(lang) {
		w.attr("lang", lang)
	}
	return href
}

// keepRel keeps what rel says about the editorial standing of a link.
func keepRel(rel string) string {
	if rel == "" {
		return ""
	}
	var kept []string
	for _, want := range []string{"nofollow", "sponsored", "ugc"} {
		for have := range strings.FieldsSeq(strings.ToLower(rel)) {
			if have == want {
				kept = append(kept, want)
				break
			}
		}
	}
	return strings.Join(kept, " ")
}

// element writes n, which holds no block, and its content.
func (w *writer) element(n *node) {
	switch n.tag {
	case 0:
		w.text(n.text)
		return
	case a.Br:
		w.br()
		return
	}
	if n.tag == a.A && n.class("footnote-backref") {
		// goldmark glues the arrow back to the text with a no-break space.
		w.buf = bytes.TrimRight(w.buf, "\u00a0")
		return
	}
	m, ok := w.start(n)
	for k := n.first; k != nil; k = k.next {
		w.element(k)
	}
	if ok {
		w.end(m)
	}
}

// flat writes n with the blocks inside it reduced to lines, for places that hold one piece of inline HTML.
func (w *writer) flat(n *node) {
	for k := n.first; k != nil; k = k.next {
		switch {
		case !k.block:
			w.element(k)
		case k.tag == a.Img:
			if !w.skipAlt {
				w.text(k.attr("alt"))
			}
		case k.tag == a.Td || k.tag == a.Th:
			w.text(" ")
			w.flat(k)
			w.text(" ")
		case shapes[k.tag] == inlineElement:
			m, ok := w.start(k)
			w.flat(k)
			if ok {
				w.end(m)
			}
		default:
			w.lines(1)
			w.flat(k)
			w.lines(1)
		}
	}
}

// finish returns what was written, empty when none of it can be seen, and starts anew.
func (w *writer) finish() string {
	s := ""
	if w.solid {
		s = string(w.buf)
	}
	bidi := w.bidi
	w.reset()
	if bidi {
		// Removing a control may leave an empty element or two spaces behind: write once more, now balanced.
		if b := balanceBidi(s); b != s {
			w.notes.add("unbalanced bidi control removed")
			again := writer{base: w.base}
			again.flat(parse(b, nil))
			return again.finish()
		}
	}
	return s
}

// SanitiseInline returns fragment as canonical inline HTML: only em, strong, a, code, kbd, sub, sup, br, mark, s, u,
// small, abbr, cite, q, bdi, bdo, span with dir or lang, and time; blocks become lines.
func SanitiseInline(fragment string) string {
	return sanitiseInline(fragment, nil)
}

func sanitiseInline(fragment string, notes Notes) string {
	if fragment == "" {
		return ""
	}
	w := writer{notes: notes, buf: make([]byte, 0, len(fragment))}
	w.flat(parse(limitInput(fragment, notes), notes))
	return w.finish()
}
