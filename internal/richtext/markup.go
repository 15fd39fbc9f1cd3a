package richtext

import (
	"net/url"
	"regexp"
	"strconv"
	"strings"
	"sync"

	"github.com/microcosm-cc/bluemonday"
	a "golang.org/x/net/html/atom"
)

// blockName is the block element written for one that was read. Elements in neither this list nor inlineName lose
// their tags.
var blockName = map[a.Atom]string{
	a.P: "p", a.H1: "h1", a.H2: "h2", a.H3: "h3", a.H4: "h4", a.H5: "h5", a.H6: "h6", a.Ul: "ul", a.Ol: "ol", a.Menu: "ul",
	a.Li: "li", a.Blockquote: "blockquote", a.Footer: "footer", a.Pre: "pre", a.Listing: "pre", a.Table: "table",
	a.Caption: "caption", a.Thead: "thead", a.Tbody: "tbody", a.Tfoot: "tfoot", a.Tr: "tr", a.Td: "td", a.Th: "th",
	a.Figure: "figure", a.Figcaption: "figcaption", a.Dl: "dl", a.Dt: "dt", a.Dd: "dd", a.Details: "details",
	a.Summary: "summary", a.Hr: "hr", a.Img: "img", a.Video: "video", a.Audio: "audio", a.Source: "source", a.Div: "div",
	a.Section: "div", a.Article: "div", a.Main: "div", a.Header: "div", a.Aside: "div", a.Nav: "div", a.Address: "div",
	a.Center: "div", a.Fieldset: "div", a.Hgroup: "div", a.Legend: "div", a.Form: "div", a.Dialog: "div",
}

// markup writes block HTML from a tree: the closed lists of elements and attributes, text as it is.
type markup struct {
	w      writer
	inLink bool
	bidi   bool
}

// SanitiseHTML returns fragment with only the elements, attributes and URL schemes of the body of an article. Sanitising
// the result again, and sanitising what [HTML] wrote, changes nothing.
func SanitiseHTML(fragment string) string {
	return gate(sanitiseNode(&node{first: parse(limitInput(fragment, nil), nil)}, nil, nil))
}

func sanitiseNode(n *node, base *url.URL, notes Notes) string {
	m := markup{w: writer{base: base, notes: notes}}
	m.node(n)
	out := string(m.w.buf)
	if m.bidi {
		if b := balanceBidi(out); b != out {
			notes.add("unbalanced bidi control removed")
			return b
		}
	}
	return out
}

func (m *markup) children(n *node) {
	for k := n.first; k != nil; k = k.next {
		m.node(k)
	}
}

func (m *markup) node(n *node) {
	switch n.tag {
	case 0:
		m.bidi = m.bidi || hasBidi(n.text)
		m.w.buf = appendEscaped(m.w.buf, n.text, false)
		m.children(n)
		return
	case a.Iframe, a.Embed:
		m.frame(n)
		return
	case a.Br:
		m.w.buf = append(m.w.buf, "<br>"...)
		return
	}
	name := blockName[n.tag]
	inline := name == ""
	if inline {
		name = inlineName[n.tag]
	}
	if name == "" || name == "a" && m.inLink {
		m.children(n)
		return
	}
	before := len(m.w.buf)
	m.w.buf = append(append(m.w.buf, '<'), name...)
	tagEnd := len(m.w.buf)
	if classes := keepClasses(n); classes != "" {
		m.w.attr("class", classes)
	}
	ok := true
	if inline {
		href := m.w.inlineAttrs(n, name)
		if name == "a" {
			m.linkAttrs(n)
			ok = href
		}
	} else {
		ok = m.blockAttrs(n, name)
	}
	bare := len(m.w.buf) == tagEnd
	if !ok || bare && (name == "span" || name == "bdo" || name == "img" || name == "source") {
		m.w.buf = m.w.buf[:before]
		m.children(n)
		return
	}
	m.w.buf = append(m.w.buf, '>')
	if k := shapes[n.tag]; k == voidBlock {
		return
	}
	if name == "a" {
		m.inLink = true
		defer func() { m.inLink = false }()
	}
	m.children(n)
	m.w.buf = append(append(append(m.w.buf, "</"...), name...), '>')
}

func (m *markup) linkAttrs(n *node) {
	if n.has("download") {
		m.w.attr("download", "")
	}
	if id := n.attr("data-media-id"); validMediaID(id) {
		m.w.attr("data-media-id", id)
	}
}

// frame turns what shows another page into a link to it.
func (m *markup) frame(n *node) {
	raw := n.attr("src")
	if _, address := canonicalEmbed(raw); address != "" {
		raw = address
	}
	address, ok := safeURL(raw, mediaURL, m.w.base)
	if !ok || m.inLink {
		m.w.notes.add(n.tag.String() + " removed")
		return
	}
	m.node(linkNode(address, address))
}

func linkNode(address, text string) *node {
	n := &node{tag: a.A, first: &node{text: text}}
	n.attrs = append(n.attrs, attribute("href", address))
	return n
}

// blockAttrs writes the attributes of a block element in one order; false means it is not worth writing.
func (m *markup) blockAttrs(n *node, name string) bool {
	w := &m.w
	switch name {
	case "h1", "h2", "h3", "h4", "h5", "h6", "li", "dt":
		if id := n.attr("id"); validAnchor(id) {
			w.attr("id", id)
		}
	}
	if d := dirOf(n); d != "" {
		w.attr("dir", d)
	}
	if lang := n.attr("lang"); validLang(lang) {
		w.attr("lang", lang)
	}
	switch name {
	case "ol":
		if v, err := strconv.Atoi(n.attr("start")); err == nil && v >= 0 && v <= maxStart {
			w.attr("start", strconv.Itoa(v))
		}
	case "td", "th":
		for _, key := range []string{"colspan", "rowspan"} {
			if v := number(n.attr(key), maxSpan); v > 1 {
				w.attr(key, strconv.Itoa(v))
			}
		}
		if s := n.attr("scope"); name == "th" && (s == "col" || s == "row") {
			w.attr("scope", s)
		}
	case "details":
		if n.has("open") {
			w.attr("open", "")
		}
	case "figure":
		if provider, address := canonicalEmbed(n.attr("data-url")); provider != "" && provider == n.attr("data-provider") {
			w.attr("data-provider", provider)
			w.attr("data-url", address)
		}
		if v := number(n.attr("data-columns"), 12); v > 0 {
			w.attr("data-columns", strconv.Itoa(v))
		}
	case "img", "video", "audio", "source":
		return m.mediaAttrs(n, name)
	}
	return true
}

func (m *markup) mediaAttrs(n *node, name string) bool {
	w := &m.w
	found := name == "video" || name == "audio" // may hold sources
	if id := n.attr("data-media-id"); validMediaID(id) && name != "source" {
		w.attr("data-media-id", id)
		found = true
	}
	if u, ok := safeURL(n.attr("src"), mediaURL, w.base); ok {
		w.attr("src", u)
		found = true
	}
	if u, ok := safeURL(n.attr("poster"), mediaURL, w.base); ok && name == "video" {
		w.attr("poster", u)
	}
	switch name {
	case "img":
		if found {
			w.attr("alt", plainField(n.attr("alt")))
		}
	case "video", "audio":
		w.attr("controls", "")
	}
	if name == "img" || name == "video" {
		for _, key := range []string{"width", "height"} {
			if v := number(n.attr(key), maxPixels); v > 0 {
				w.attr(key, strconv.Itoa(v))
			}
		}
	}
	return found
}

// Classes that mean something to the conversion back; the look of the page is the business of the page.
var ownClasses = map[string]bool{"button": true, "file": true, "pull-quote": true, "gallery": true, "credit": true}

func keepClasses(n *node) string {
	v := n.attr("class")
	if v == "" {
		return ""
	}
	var kept []string
	for c := range strings.FieldsSeq(v) {
		if len(kept) == 4 {
			break
		}
		v, isAlign := strings.CutPrefix(c, "align-")
		l, isLang := strings.CutPrefix(c, "language-")
		if ownClasses[c] || isAlign && v != "" && validAlign(Align(v)) || isLang && l != "" && codeLanguage(l) == l {
			kept = append(kept, c)
		}
	}
	return strings.Join(kept, " ")
}

// policy says once more, in the words of bluemonday, what markup writes. It changes nothing the writers of this package
// produce (a fuzz test holds that); it is there for the day one of them has a hole.
var policy = sync.OnceValue(func() *bluemonday.Policy {
	p := bluemonday.NewPolicy()
	var all []string
	seen := map[string]bool{"br": true}
	for _, names := range []map[a.Atom]string{blockName, inlineName} {
		for _, name := range names {
			seen[name] = true
		}
	}
	for name := range seen {
		all = append(all, name)
	}
	p.AllowElements(all...)
	p.AllowNoAttrs().OnElements(all...)
	p.AllowAttrs("dir").Matching(regexp.MustCompile(`^(ltr|rtl|auto)$`)).Globally()
	p.AllowAttrs("lang", "hreflang").Matching(regexp.MustCompile(`^[A-Za-z0-9-]{1,35}$`)).Globally()
	p.AllowAttrs("id").Matching(regexp.MustCompile(`^[\p{L}\p{N}\p{M}_.:-]{1,128}$`)).Globally()
	p.AllowAttrs("class").Matching(regexp.MustCompile(`^[a-z0-9+#._ -]+$`)).Globally()
	p.AllowAttrs("href", "rel", "title", "download").OnElements("a")
	p.AllowAttrs("title").OnElements("abbr")
	p.AllowAttrs("datetime").OnElements("time")
	p.AllowAttrs("src", "poster", "controls").OnElements("img", "video", "audio", "source")
	p.AllowAttrs("alt").OnElements("img")
	p.AllowAttrs("width", "height", "colspan", "rowspan", "start", "data-columns").Matching(regexp.MustCompile(`^[0-9]+$`)).
		OnElements("img", "video", "td", "th", "ol", "figure")
	p.AllowAttrs("scope").Matching(regexp.MustCompile(`^(row|col)$`)).OnElements("th")
	p.AllowAttrs("open").OnElements("details")
	p.AllowAttrs("data-media-id", "data-provider").Matching(regexp.MustCompile(`^[A-Za-z0-9_-]{1,64}$`)).Globally()
	p.AllowAttrs("data-url").Matching(regexp.MustCompile(`^https://`)).OnElements("figure")
	p.AllowURLSchemes("http", "https", "mailto", "tel")
	p.AllowRelativeURLs(true)
	p.RequireParseableURLs(true)
	return p
})

// gate passes HTML that leaves the package through the policy. bluemonday writes quotes as entities even in text; they
// are turned back, so that what it let pass is the same string.
func gate(s string) string {
	s = policy().Sanitize(s)
	if !strings.Contains(s, "&#3") && !strings.Contains(s, "\r") {
		return s
	}
	b := make([]byte, 0, len(s))
	tag := false
	for i := 0; i < len(s); i++ {
		switch c := s[i]; {
		case c == '<':
			tag = true
		case c == '>':
			tag = false
		case c == '&' && strings.HasPrefix(s[i:], "&#39;"):
			b = append(b, '\'')
			i += 4
			continue
		case c == '&' && !tag && strings.HasPrefix(s[i:], "&#34;"):
			b = append(b, '"')
			i += 4
			continue
		}
		b = append(b, s[i])
	}
	return string(b)
}
