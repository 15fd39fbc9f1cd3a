package richtext

import (
	"html"
	"strings"
)

// expander replaces the shortcodes of Hugo ({{< … >}}, {{% … %}}) and the tags ({% … %}) and expressions ({{ … | … }})
// of Liquid in Markdown. Code is left alone, and so is what a template escaped.
type expander struct {
	opts     Options
	notes    Notes
	snippets []string
	b        strings.Builder
	closers  map[string]int // where the next of each closing mark is: keeps the search linear
	src      string
}

// call is one shortcode or tag: its name and what it was given.
type call struct {
	name   string
	named  map[string]string
	values []string // without a name, in order
	closes bool     // {{< /name >}}
}

func (c call) get(names ...string) string {
	for _, n := range names {
		if v := c.named[n]; v != "" {
			return v
		}
	}
	return ""
}

func (c call) at(i int) string {
	if i < len(c.values) {
		return c.values[i]
	}
	return ""
}

func (e *expander) expand(src string) string {
	if !strings.Contains(src, "{{") && !strings.Contains(src, "{%") && !strings.Contains(src, "{:") {
		return src
	}
	raw := strings.Contains(src, "{% endraw %}")
	code := func(s string) {
		if raw { // Liquid knows nothing of code: this is how its authors show a brace there
			s = strings.ReplaceAll(strings.ReplaceAll(s, "{% raw %}", ""), "{% endraw %}", "")
		}
		e.b.WriteString(s)
	}
	e.src = src
	e.closers = map[string]int{}
	fence := ""
	var noSpan [16]int // for each length of a run of backticks: no closing one before this offset
	for i := 0; i < len(src); {
		if i == 0 || src[i-1] == '\n' {
			end := lineEnd(src, i)
			mark := fenceOf(src[i:end])
			switch {
			case fence == "" && mark != "":
				fence = mark
			case fence != "" && strings.HasPrefix(mark, fence) && strings.TrimSpace(src[i:end]) == mark:
				fence = ""
				code(src[i:end])
				i = end
				continue
			}
			if fence != "" {
				code(src[i:end])
				i = end
				continue
			}
		}
		next := strings.IndexAny(src[i:], "`{\n")
		if next < 0 {
			e.b.WriteString(src[i:])
			break
		}
		e.b.WriteString(src[i : i+next])
		i += next
		switch src[i] {
		case '\n':
			e.b.WriteByte('\n')
			i++
		case '`':
			n := 1
			for i+n < len(src) && src[i+n] == '`' {
				n++
			}
			end := i + n
			if n < len(noSpan) && i >= noSpan[n] {
				stop := lineEnd(src, i)
				if closed := closeSpan(src[:stop], i+n, n); closed > 0 {
					end = closed
				} else {
					noSpan[n] = stop
				}
			}
			code(src[i:end])
			i = end
		default:
			i = e.brace(i)
		}
	}
	return e.b.String()
}

func lineEnd(s string, i int) int {
	if n := strings.IndexByte(s[i:], '\n'); n >= 0 {
		return i + n + 1
	}
	return len(s)
}

// fenceOf returns the run of backticks or tildes a line starts with, when it is a code fence.
func fenceOf(line string) string {
	line = strings.TrimLeft(line, " \t>")
	for _, c := range []string{"`", "~"} {
		if n := len(line) - len(strings.TrimLeft(line, c)); n >= 3 {
			if c == "`" && strings.Contains(line[n:], "`") {
				return ""
			}
			return line[:n]
		}
	}
	return ""
}

// closeSpan finds the end of a code span opened by n backticks.
func closeSpan(s string, from, n int) int {
	for i := from; i < len(s); {
		if s[i] != '`' {
			i++
			continue
		}
		run := i
		for i < len(s) && s[i] == '`' {
			i++
		}
		if i-run == n {
			return i
		}
	}
	return 0
}

// next finds mark at or after i, or -1.
func (e *expander) next(mark string, i int) int {
	at, known := e.closers[mark]
	if known && (at < 0 || at >= i) {
		return at
	}
	at = strings.Index(e.src[i:], mark)
	if at >= 0 {
		at += i
	}
	e.closers[mark] = at
	return at
}

// brace handles the brace at i and returns where to go on.
func (e *expander) brace(i int) int {
	const longest = 8 << 10 // of a call: an unclosed one must not eat the article
	for _, m := range [...]struct{ open, close string }{{"{{<", ">}}"}, {"{{%", "%}}"}, {"{%", "%}"}, {"{{", "}}"}, {"{:", "}"}} {
		if !strings.HasPrefix(e.src[i:], m.open) {
			continue
		}
		end := e.next(m.close, i+len(m.open))
		if end < 0 || end-i > longest {
			continue
		}
		inner := strings.TrimSpace(e.src[i+len(m.open) : end])
		after := end + len(m.close)
		switch m.open {
		case "{:": // attributes of kramdown
			if strings.Contains(inner, "\n") {
				break
			}
			return after
		case "{{":
			if e.expression(inner) {
				return after
			}
		case "{%":
			return e.tag(parseCall(strings.Trim(inner, "- ")), after)
		default:
			if strings.HasPrefix(inner, "/*") {
				inner = strings.TrimSuffix(strings.TrimPrefix(inner, "/*"), "*/")
				e.b.WriteString(strings.ReplaceAll(m.open, "<", "&lt;") + inner + strings.ReplaceAll(m.close, ">", "&gt;"))
				return after
			}
			return e.shortcode(parseCall(inner), after)
		}
	}
	e.b.WriteByte('{')
	return i + 1
}

// parseCall reads: name "value" value key="value" key=value, with \" inside quotes.
func parseCall(s string) call {
	c := call{named: map[string]string{}}
	s = strings.TrimSpace(strings.TrimSuffix(s, "/"))
	if rest, ok := strings.CutPrefix(s, "/"); ok {
		c.closes, s = true, strings.TrimSpace(rest)
	}
	first := true
	for s != "" && len(c.values)+len(c.named) < 64 {
		key := ""
		if i := strings.IndexAny(s, "=\"'` \t\n"); i > 0 && s[i] == '=' {
			key, s = s[:i], s[i+1:]
		}
		value := ""
		value, s = parseValue(s)
		s = strings.TrimLeft(s, " \t\n,")
		switch {
		case first && key == "":
			c.name = strings.ToLower(value)
		case key != "":
			c.named[strings.ToLower(key)] = value
		default:
			c.values = append(c.values, value)
		}
		first = false
	}
	return c
}

func parseValue(s string) (value, rest string) {
	if s == "" {
		return "", ""
	}
	quote := s[0]
	if quote != '"' && quote != '\'' && quote != '`' {
		if i := strings.IndexAny(s, " \t\n\""); i > 0 {
			return s[:i], s[i:]
		}
		return s, ""
	}
	var b strings.Builder
	for i := 1; i < len(s); i++ {
		switch {
		case s[i] == '\\' && quote != '`' && i+1 < len(s):
			i++
			b.WriteByte(s[i])
		case s[i] == quote:
			return b.String(), s[i+1:]
		default:
			b.WriteByte(s[i])
		}
	}
	return b.String(), ""
}

// wantsURL reports whether the text so far ends where an address is expected: the target of a link, an attribute.
func (e *expander) wantsURL() bool {
	s := e.b.String()
	s = strings.TrimRight(s[max(0, len(s)-16):], " ")
	for _, end := range []string{"](", "](<", "]:", "=\"", "='"} {
		if strings.HasSuffix(s, end) {
			return true
		}
	}
	return false
}

// url writes an address so that it cannot end the link it stands in.
func (e *expander) url(s string) {
	e.b.WriteString(strings.NewReplacer(" ", "%20", "(", "%28", ")", "%29", `"`, "%22", "'", "%27", "<", "%3C", ">", "%3E", "\n", "").Replace(s))
}

func (e *expander) reference(path string) string {
	if e.opts.Reference != nil {
		return e.opts.Reference(path)
	}
	path, fragment, hasFragment := strings.Cut(path, "#")
	path = strings.Trim(strings.TrimSuffix(strings.TrimSuffix(path, ".md"), "index"), "/")
	if path != "" {
		path = "/" + strings.TrimSuffix(path, "/") + "/"
	}
	if hasFragment {
		path += "#" + fragment
	}
	return path
}

func (e *expander) asset(name, src string) string {
	if e.opts.Asset != nil {
		return e.opts.Asset(name, src)
	}
	return src
}

// expression handles {{ "literal" | filter }} and {{ site.baseurl }}; anything else is text: people write about braces.
func (e *expander) expression(inner string) bool {
	literal := ""
	if inner != "" && (inner[0] == '"' || inner[0] == '\'') {
		literal, _ = parseValue(inner)
	}
	switch {
	case e.wantsURL():
		e.url(literal)
	case literal == "" && !strings.HasPrefix(inner, "site.") && !strings.HasPrefix(inner, "page."):
		return false
	default:
		name := inner
		if _, filter, ok := strings.Cut(inner, "|"); ok {
			name = strings.TrimSpace(filter)
		}
		e.notes.addNamed("template expression ", name, " dropped")
	}
	return true
}

// tag handles a tag of Liquid.
func (e *expander) tag(c call, after int) int {
	switch c.name {
	case "raw", "comment", "highlight", "codeblock", "mermaid":
		end := closingTag(e.src, after, "end"+c.name)
		if end.at < 0 {
			break
		}
		body := e.src[after:end.at]
		switch c.name {
		case "raw":
			e.b.WriteString(body)
		case "comment":
		default:
			e.b.WriteString(e.place(codeHTML(body, c.at(0))))
		}
		return end.after
	case "image_with_class":
		c.named["src"], c.named["alt"] = c.at(0), c.at(2)
		c.name = "image"
	case "image", "img":
		if c.get("src") == "" {
			c.named["src"], c.named["alt"] = c.at(0), c.at(1)
		}
	case "include", "include_relative", "render":
		c.name = strings.TrimSuffix(c.at(0), ".html")
		if i := strings.LastIndexByte(c.name, '/'); i >= 0 {
			c.name = c.name[i+1:]
		}
		c.values = nil
	case "post_url", "link":
		c.name = "ref"
	}
	if e.known(c) {
		return after
	}
	e.notes.addNamed("template tag ", c.name, " dropped")
	return after
}

type span struct{ at, after int }

// closingTag finds {% name %}.
func closingTag(src string, from int, name string) span {
	const farthest = 64 << 10
	s := src[from:min(len(src), from+farthest)]
	for i := 0; ; {
		n := strings.Index(s[i:], name)
		if n < 0 {
			return span{-1, -1}
		}
		i += n
		before := strings.TrimRight(s[:i], " -/")
		rest := strings.TrimLeft(s[i+len(name):], " -")
		i += len(name)
		for _, m := range [...]struct{ open, close string }{{"{%", "%}"}, {"{{<", ">}}"}, {"{{%", "%}}"}} {
			if strings.HasSuffix(before, m.open) && strings.HasPrefix(rest, m.close) {
				return span{from + len(before) - len(m.open), from + len(s) - len(rest) + len(m.close)}
			}
		}
	}
}

func codeHTML(body, language string) string {
	class := ""
	if l := codeLanguage(language); l != "" {
		class = ` class="language-` + html.EscapeString(l) + `"`
	}
	return "<pre><code" + class + ">" + html.EscapeString(strings.Trim(body, "\n")) + "</code></pre>"
}

// shortcode handles a call of Hugo.
func (e *expander) shortcode(c call, after int) int {
	if c.name == "highlight" && !c.closes && c.at(0) != "" {
		if end := closingTag(e.src, after, "highlight"); end.at >= 0 {
			e.b.WriteString(e.place(codeHTML(e.src[after:end.at], c.at(0))))
			return end.after
		}
	}
	if e.known(c) {
		return after
	}
	if c.closes {
		return after // counted when it opened
	}
	if e.wantsURL() {
		e.url(e.reference(c.at(0)))
		return after
	}
	// What an author wrote to be read stays, whatever the shortcode made of it.
	if text := c.get("label", "text", "title"); text != "" {
		e.b.WriteString(text)
		e.notes.addNamed("shortcode ", c.name, " reduced to its text")
		return after
	}
	e.notes.addNamed("shortcode ", c.name, " dropped")
	return after
}
