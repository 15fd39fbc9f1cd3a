package wxr

import (
	"html"
	"slices"
	"strings"
)

// Shortcode is a call of the form [name key="value" other]text[/name].
// https://developer.wordpress.org/plugins/shortcodes/
type Shortcode struct {
	Name   string
	Named  map[string]string // keys in small letters
	Values []string          // without a key, in order
	Text   string            // between the two tags
	Closed bool              // there is an end tag
	Empty  bool              // [name /]
	Wide   bool              // an end tag stands further behind, but not its own for sure
	Stray  bool              // it is an end tag whose beginning was not found
	Raw    string            // the whole call as it was written

	// Unwrap is for the callback to set: only the first tag is replaced, and what follows it is read on.
	Unwrap bool

	tagEnd int // where the first tag ends
}

func (c *Shortcode) get(names ...string) string {
	for _, n := range names {
		if v := c.Named[n]; v != "" {
			return v
		}
	}
	return ""
}

// Bounds of a shortcode.
const (
	maxShortcodeTag   = 8 << 10
	maxShortcodeName  = 60
	maxShortcodeDepth = 5
	maxShortcodeAttrs = 100
)

// shortcodes replaces the calls in a text.
type shortcodes struct {
	text   string
	ends   map[string][]int // by name: where end tags stand, in order
	noEnd  map[string]int   // by end tag of code: none from this place on
	budget int              // bytes that may yet be looked through for nested calls
}

// endsOf finds all end tags of a text, [/name].
func endsOf(text string) map[string][]int {
	ends := map[string][]int{}
	for i := 0; ; {
		n := strings.Index(text[i:], "[/")
		if n < 0 {
			return ends
		}
		at := i + n
		i = at + 2
		if end := strings.IndexByte(text[i:min(len(text), i+maxShortcodeName+1)], ']'); end > 0 {
			name := text[i : i+end]
			ends[name] = append(ends[name], at)
		}
	}
}

// ExpandShortcodes gives the text with each shortcode replaced by what replace
// makes of it, where that is anything: the others stay as they are. One in
// double brackets, [[gallery]], is text, and so is what stands in code.
func ExpandShortcodes(text string, replace func(c *Shortcode) (string, bool)) string {
	if !strings.Contains(text, "[") {
		return text
	}
	s := &shortcodes{text: text, ends: endsOf(text), noEnd: map[string]int{}, budget: 16*len(text) + 1<<20}
	var out strings.Builder
	for i := 0; i < len(text); {
		n := strings.IndexAny(text[i:], "[<")
		if n < 0 {
			out.WriteString(text[i:])
			break
		}
		out.WriteString(text[i : i+n])
		i += n
		if text[i] == '<' {
			end := s.code(i)
			out.WriteString(text[i:end])
			i = end
			continue
		}
		if strings.HasPrefix(text[i:], "[[") {
			if c, end, ok := s.call(i + 1); ok && end < len(text) && text[end] == ']' && c.Name != "" {
				out.WriteString(text[i+1 : end])
				i = end + 1
				continue
			}
			out.WriteByte('[')
			i++
			continue
		}
		if c, end, ok := s.call(i); ok {
			c.Raw = text[i:end]
			if made, known := replace(c); known {
				out.WriteString(made)
				if i = end; c.Unwrap {
					i = c.tagEnd
				}
				continue
			}
		}
		out.WriteByte('[')
		i++
	}
	return out.String()
}

// code gives the end of what is passed over: an element whose content is code,
// or the < alone.
func (s *shortcodes) code(i int) int {
	for _, name := range []string{"pre", "code", "script", "style", "textarea"} {
		rest := s.text[i+1:]
		if len(rest) <= len(name) || !strings.EqualFold(rest[:len(name)], name) || !strings.ContainsRune(" >\t\n/", rune(rest[len(name)])) {
			continue
		}
		if end := s.find("</"+name, i); end >= 0 {
			return end
		}
	}
	return i + 1
}

// find is strings.Index from a place on, which remembers what is not there.
func (s *shortcodes) find(what string, from int) int {
	if none, ok := s.noEnd[what]; ok && from >= none {
		return -1
	}
	if n := strings.Index(s.text[from:], what); n >= 0 {
		return from + n
	}
	s.noEnd[what] = from
	return -1
}

// stray reads the end tag that begins at i.
func (s *shortcodes) stray(i int) (*Shortcode, int, bool) {
	rest := s.text[i+2 : min(len(s.text), i+3+maxShortcodeName)]
	end := strings.IndexByte(rest, ']')
	if end <= 0 || strings.ContainsFunc(rest[:end], func(r rune) bool {
		return !(r|0x20 >= 'a' && r|0x20 <= 'z' || r >= '0' && r <= '9' || r == '-' || r == '_')
	}) {
		return nil, 0, false
	}
	after := i + 2 + end + 1
	return &Shortcode{Name: strings.ToLower(rest[:end]), Stray: true, tagEnd: after}, after, true
}

// call reads the shortcode that begins at i, and gives where it ends.
func (s *shortcodes) call(i int) (*Shortcode, int, bool) {
	if i+1 < len(s.text) && s.text[i+1] == '/' {
		return s.stray(i)
	}
	rest := s.text[i+1 : min(len(s.text), i+1+maxShortcodeTag)]
	n := 0
	for n < len(rest) && (rest[n]|0x20 >= 'a' && rest[n]|0x20 <= 'z' || n > 0 && (rest[n] >= '0' && rest[n] <= '9' || rest[n] == '-' || rest[n] == '_')) {
		n++
	}
	if n == 0 || n > maxShortcodeName || n == len(rest) || !strings.ContainsRune(" \t\n\r]/", rune(rest[n])) {
		return nil, 0, false
	}
	c := &Shortcode{Name: strings.ToLower(rest[:n])}
	end := tagEnd(rest[n:])
	if end < 0 {
		return nil, 0, false
	}
	inner := strings.TrimSpace(rest[n : n+end])
	if cut, ok := strings.CutSuffix(inner, "/"); ok && (cut == "" || strings.HasSuffix(cut, " ") || strings.HasSuffix(cut, `"`)) {
		c.Empty, inner = true, cut
	}
	c.parse(inner)
	after := i + 1 + n + end + 1
	c.tagEnd = after
	if !c.Empty {
		ends := s.ends[rest[:n]]
		if next, _ := slices.BinarySearch(ends, after); next < len(ends) {
			at := ends[next]
			if c.Name == "caption" || c.Name == "wp_caption" || !s.opensAgain(rest[:n], after, at) {
				c.Text, c.Closed = s.text[after:at], true
				after = at + len(rest[:n]) + 3
			} else {
				c.Wide = true
			}
		}
	}
	return c, after, true
}

// opensAgain reports whether a call of a name begins within a part of the text:
// then the end behind that part is its own.
func (s *shortcodes) opensAgain(name string, from, to int) bool {
	if s.budget -= to - from; s.budget < 0 {
		return true // a text of very many calls: no more of them have an end
	}
	return strings.Contains(s.text[from:to], "["+name)
}

// tagEnd finds the ] that ends a tag, not looking into quotes and HTML.
func tagEnd(s string) int {
	quote := byte(0)
	for i := 0; i < len(s); i++ {
		switch c := s[i]; {
		case quote != 0:
			if c == quote {
				quote = 0
			}
		case (c == '"' || c == '\'') && i > 0 && s[i-1] == '=':
			if strings.IndexByte(s[i+1:], c) >= 0 {
				quote = c
			}
		case c == '[' || c == '<':
			return -1
		case c == ']':
			return i
		}
	}
	return -1
}

// straight turns the quotes that an editor has made curly or escaped back.
var straight = strings.NewReplacer("&quot;", `"`, "&#034;", `"`, "&#34;", `"`, "&#039;", "'", "&#8220;", `"`, "&#8221;", `"`, "&#8243;", `"`,
	"&#8216;", "'", "&#8217;", "'", "“", `"`, "”", `"`, "″", `"`, "„", `"`, "\u00a0", " ", "&nbsp;", " ")

func (c *Shortcode) parse(s string) {
	s = straight.Replace(s)
	for s = strings.TrimLeft(s, spaces); s != "" && len(c.Values)+len(c.Named) < maxShortcodeAttrs; s = strings.TrimLeft(s, spaces) {
		key := ""
		if i := strings.IndexAny(s, "=\"'"+spaces); i > 0 && s[i] == '=' {
			key, s = strings.ToLower(s[:i]), s[i+1:]
		}
		var value string
		switch {
		case s != "" && (s[0] == '"' || s[0] == '\''):
			end := strings.IndexByte(s[1:], s[0])
			if end < 0 {
				value, s = s[1:], ""
			} else {
				value, s = s[1:1+end], s[end+2:]
			}
		default:
			end := strings.IndexAny(s, spaces)
			if end < 0 {
				end = len(s)
			}
			value, s = s[:end], s[end:]
		}
		value = html.UnescapeString(value)
		if key == "" {
			c.Values = append(c.Values, value)
			continue
		}
		if c.Named == nil {
			c.Named = map[string]string{}
		}
		if _, twice := c.Named[key]; !twice {
			c.Named[key] = value
		}
	}
}

// looksCalled tells a shortcode of a plugin from words in brackets: [sic].
func (c *Shortcode) looksCalled() bool {
	return c.Closed || c.Empty || len(c.Named) > 0 || strings.ContainsAny(c.Name, "-_")
}
