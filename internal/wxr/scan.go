package wxr

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"html"
	"strings"
	"unicode/utf8"

	"golang.org/x/text/encoding/charmap"
)

// scanner reads tags and the texts between them. It forgives what XML does
// not: names are not checked, prefixes need not be declared, entities are
// those of HTML, and nothing is ever defined or fetched.
type scanner struct {
	src    *bufio.Reader
	back   []byte // to be read before src
	offset int64
	line   int

	unread *tag   // what next gives once more
	text   []byte // of a field, reused

	rewinds int

	problem func(code Code, format string, args ...any)
}

// tag is a start or an end tag.
type tag struct {
	end, empty    bool // </x>, <x/>
	prefix, local string
	attrs         []attr
	at            Position
}

type attr struct{ prefix, local, value string }

func (t *tag) attr(local string) string {
	for _, a := range t.attrs {
		if a.local == local {
			return a.value
		}
	}
	return ""
}

func (t *tag) name() string {
	if t.prefix == "" {
		return t.local
	}
	return t.prefix + ":" + t.local
}

func (t *tag) String() string {
	if t.end {
		return "</" + t.name() + ">"
	}
	return "<" + t.name() + ">"
}

var errTooLong = errors.New("longer than the limit")

// window gives the bytes at hand, at least one, or an error. They stay valid
// until the next call of a method.
func (s *scanner) window() ([]byte, error) {
	if len(s.back) > 0 {
		return s.back, nil
	}
	if _, err := s.src.Peek(1); err != nil {
		return nil, err
	}
	return s.src.Peek(s.src.Buffered())
}

// advance moves on by n bytes of the window.
func (s *scanner) advance(n int) {
	if len(s.back) > 0 {
		s.line += bytes.Count(s.back[:n], []byte{'\n'})
		s.back = s.back[n:]
	} else {
		w, _ := s.src.Peek(n)
		s.line += bytes.Count(w, []byte{'\n'})
		_, _ = s.src.Discard(n) // n bytes are buffered
	}
	s.offset += int64(n)
}

// starts reports whether the stream goes on with a text.
func (s *scanner) starts(with string) bool {
	if len(s.back) == 0 {
		head, _ := s.src.Peek(len(with))
		return string(head) == with
	}
	n := min(len(s.back), len(with))
	if string(s.back[:n]) != with[:n] {
		return false
	}
	head, _ := s.src.Peek(len(with) - n)
	return string(head) == with[n:]
}

// until appends to dst what stands before the delimiter, and moves behind it.
// Where it fails, dst holds what was passed over.
func (s *scanner) until(delimiter string, dst []byte, limit int) ([]byte, error) {
	start := len(dst)
	for {
		w, err := s.window()
		if err != nil {
			return dst, err
		}
		from := max(start, len(dst)-len(delimiter)+1)
		n := min(len(w), windowBytes)
		dst = append(dst, w[:n]...)
		if i := bytes.Index(dst[from:], []byte(delimiter)); i >= 0 {
			s.advance(n - (len(dst) - (from + i + len(delimiter))))
			return dst[:from+i], nil
		}
		s.advance(n)
		if len(dst)-start > limit {
			return dst, errTooLong
		}
	}
}

// skipPast moves behind a delimiter.
func (s *scanner) skipPast(delimiter string) error {
	tail := make([]byte, 0, windowBytes+64)
	for {
		w, err := s.window()
		if err != nil {
			return err
		}
		n := min(len(w), windowBytes)
		keep := min(len(tail), len(delimiter)-1)
		copy(tail, tail[len(tail)-keep:])
		tail = append(tail[:keep], w[:n]...)
		if i := bytes.Index(tail, []byte(delimiter)); i >= 0 {
			s.advance(n - (len(tail) - (i + len(delimiter))))
			return nil
		}
		s.advance(n)
	}
}

// next gives the next tag, passing over texts, comments and declarations.
func (s *scanner) next() (*tag, error) {
	if t := s.unread; t != nil {
		s.unread = nil
		return t, nil
	}
	for {
		w, err := s.window()
		if err != nil {
			return nil, err
		}
		i := bytes.IndexByte(w, '<')
		if i < 0 {
			s.advance(len(w))
			continue
		}
		s.advance(i)
		t, _, err := s.markup(nil)
		if err != nil || t != nil {
			return t, err
		}
	}
}

const maxTagBytes = 16 << 10

// markup reads what begins with the "<" at hand: a tag, or nil for what is
// none. Its bytes are appended to raw where that may be text after all.
func (s *scanner) markup(raw []byte) (*tag, []byte, error) {
	at := Position{Line: s.line, Offset: s.offset}
	switch {
	case s.starts("<!--"):
		s.advance4(4)
		return nil, raw, s.skipPast("-->")
	case s.starts("<?"):
		s.advance4(2)
		return nil, raw, s.skipPast("?>")
	case s.starts("<![CDATA["):
		s.advance4(9)
		return nil, raw, s.skipPast("]]>")
	case s.starts("<!"):
		return nil, raw, s.declaration()
	}
	s.advance(1)
	raw = append(raw, '<')
	w, err := s.window()
	if err != nil {
		return nil, raw, err
	}
	if c := w[0]; c != '/' && c != '_' && (c|0x20 < 'a' || c|0x20 > 'z') && c < 0x80 {
		return nil, raw, nil // a < of its own
	}
	start := len(raw)
	quote := byte(0)
	for {
		w, err := s.window()
		if err != nil {
			return nil, raw, err
		}
		n, closed := 0, false
		for n < len(w) && !closed {
			c := w[n]
			switch {
			case quote != 0:
				if c == quote {
					quote = 0
				}
			case c == '"' || c == '\'':
				quote = c
			case c == '>':
				closed = true
			case c == '<': // the tag was not closed: what comes is another
				raw = append(raw, w[:n]...)
				s.advance(n)
				return nil, raw, nil
			}
			n++
		}
		raw = append(raw, w[:n]...)
		s.advance(n)
		if closed {
			t := parseTag(string(raw[start : len(raw)-1]))
			t.at = at
			return t, raw, nil
		}
		if len(raw)-start > maxTagBytes {
			return nil, raw, nil
		}
	}
}

// advance4 passes over a few bytes that may reach across two windows.
func (s *scanner) advance4(n int) {
	for n > 0 {
		w, err := s.window()
		if err != nil {
			return
		}
		step := min(n, len(w))
		s.advance(step)
		n -= step
	}
}

// declaration passes over <!DOCTYPE …>, with what it defines.
func (s *scanner) declaration() error {
	depth := 0
	for {
		w, err := s.window()
		if err != nil {
			return err
		}
		for i, c := range w {
			switch c {
			case '<', '[':
				depth++
			case ']':
				depth--
			case '>':
				if depth--; depth <= 0 {
					s.advance(i + 1)
					return nil
				}
			}
		}
		s.advance(len(w))
	}
}

func splitName(name string) (prefix, local string) {
	if i := strings.IndexByte(name, ':'); i >= 0 {
		return name[:i], name[i+1:]
	}
	return "", name
}

const spaces = " \t\r\n"

// parseTag reads what stands between < and >.
func parseTag(text string) *tag {
	t := new(tag)
	if rest, ok := strings.CutPrefix(text, "/"); ok {
		t.end, text = true, rest
	}
	if rest, ok := strings.CutSuffix(text, "/"); ok && !t.end {
		t.empty, text = true, rest
	}
	i := strings.IndexAny(text, spaces)
	if i < 0 {
		t.prefix, t.local = splitName(text)
		return t
	}
	t.prefix, t.local = splitName(text[:i])
	for text = strings.TrimLeft(text[i:], spaces); text != "" && len(t.attrs) < 64; text = strings.TrimLeft(text, spaces) {
		var name, value string
		end := strings.IndexAny(text, "="+spaces)
		if end < 0 {
			break
		}
		name, text = text[:end], strings.TrimLeft(text[end:], spaces)
		if text == "" || text[0] != '=' {
			continue
		}
		text = strings.TrimLeft(text[1:], spaces)
		if text == "" {
			break
		}
		if q := text[0]; q == '"' || q == '\'' {
			end := strings.IndexByte(text[1:], q)
			if end < 0 {
				break
			}
			value, text = text[1:1+end], text[end+2:]
		} else if end := strings.IndexAny(text, spaces); end >= 0 {
			value, text = text[:end], text[end:]
		} else {
			value, text = text, ""
		}
		a := attr{value: html.UnescapeString(value)}
		a.prefix, a.local = splitName(name)
		t.attrs = append(t.attrs, a)
	}
	return t
}

// errUnclosed says that a field is not closed where the next part begins.
type errUnclosed struct{ field, before string }

func (e *errUnclosed) Error() string {
	return fmt.Sprintf("%s is not closed before %s", e.field, e.before)
}

// boundary are the elements that no field holds, unless it is not closed.
var boundary = map[string]bool{"item": true, "channel": true, "rss": true, "postmeta": true, "comment": true}

// field reads the text of an element without parts, up to its end. Over the
// limit, it is cut, and the rest of it is passed over; tooLong tells.
func (s *scanner) field(start *tag, limit int) (text string, tooLong bool, err error) {
	if start.empty {
		return "", false, nil
	}
	dst := s.text[:0]
	defer func() { s.text = dst[:0] }()
	for {
		w, err := s.window()
		if err != nil {
			return "", false, err
		}
		i := bytes.IndexByte(w, '<')
		from := len(dst)
		if i != 0 {
			if i < 0 {
				i = len(w)
			}
			// A text is unescaped whole: an entity may reach across windows.
			for {
				dst = append(dst, w[:i]...)
				s.advance(i)
				if w, err = s.window(); err != nil {
					return "", false, err
				}
				if i = bytes.IndexByte(w, '<'); i == 0 {
					break
				}
				if i < 0 {
					i = len(w)
				}
				if len(dst)-from > limit {
					break
				}
			}
			dst = s.plain(dst, from)
		} else if dst, err = s.inField(start, dst, limit); err != nil {
			if errors.Is(err, errEnd) {
				return s.clean(dst), tooLong, nil
			}
			return "", tooLong, err
		}
		if len(dst) > limit {
			tooLong = true
			dst = dst[:limit] // what is beyond is passed over window by window
		}
	}
}

// plain puts right the text that begins at from and stood outside of CDATA.
func (s *scanner) plain(dst []byte, from int) []byte {
	if bytes.IndexByte(dst[from:], '&') >= 0 {
		dst = append(dst[:from], html.UnescapeString(string(dst[from:]))...)
	}
	if bytes.Contains(dst[from:], []byte("]]>")) {
		s.problem(CodeNestedCDATA, "a CDATA section is closed twice")
		dst = append(dst[:from], bytes.ReplaceAll(dst[from:], []byte("]]>"), nil)...)
	}
	return dst
}

// errEnd says that the field ends.
var errEnd = errors.New("end of the field")

// inField reads what begins with < within a field.
func (s *scanner) inField(start *tag, dst []byte, limit int) ([]byte, error) {
	if s.starts("<![CDATA[") {
		s.advance4(len("<![CDATA["))
		return s.section(start, dst, limit)
	}
	if s.starts("<?") {
		s.advance4(2)
		return append(dst, "<?"...), nil
	}
	before := len(dst)
	t, dst, err := s.markup(dst)
	switch {
	case err != nil || t == nil:
		return dst, err
	case t.end && t.local == start.local && t.prefix == start.prefix:
		return dst[:before], errEnd
	case boundary[t.local] && (t.prefix == start.prefix || t.prefix == "" || start.prefix == "") || !t.end && t.prefix != "" && t.prefix == start.prefix:
		s.unread = t
		return dst[:before], &errUnclosed{start.String(), t.String()}
	}
	s.problem(CodeMarkup, "%s stands in %s unescaped", t, start)
	return dst, nil
}

// maxRewinds bounds the work on a file in which nothing is closed.
const maxRewinds = 50

// section reads a CDATA section. One that is not closed would swallow the items
// after it, up to the end of the next section: then they are read again, and
// the item with the section is refused.
func (s *scanner) section(start *tag, dst []byte, limit int) ([]byte, error) {
	offset, line, from := s.offset, s.line, len(dst)
	dst, err := s.until("]]>", dst, max(limit-len(dst), 0)+windowBytes)
	if i := itemStart(start, dst[from:]); i >= 0 && s.rewinds < maxRewinds {
		s.rewinds++
		if err == nil {
			dst = append(dst, "]]>"...) // which was passed over
		}
		s.rewind(dst[from:], i, offset, line)
		return dst[:from], &errUnclosed{"a CDATA section", "the next item"}
	}
	if errors.Is(err, errTooLong) {
		err = s.skipPast("]]>")
	}
	return dst, err
}

// itemStart finds where the next item begins in the text of a section that was
// not closed: behind the end of its element and that of its item.
func itemStart(start *tag, text []byte) int {
	from := bytes.Index(text, []byte("</item>"))
	if from < 0 || !bytes.Contains(text[:from], []byte("</"+start.name()+">")) {
		return -1
	}
	from += len("</item>")
	rest := bytes.TrimLeft(text[from:], spaces)
	if !bytes.HasPrefix(rest, []byte("<item>")) {
		return -1
	}
	return len(text) - len(rest)
}

// rewind puts back the part of a text from i on, which was read last.
func (s *scanner) rewind(text []byte, i int, offset int64, line int) {
	s.back = append(bytes.Clone(text[i:]), s.back...)
	s.offset = offset + int64(i)
	s.line = line + bytes.Count(text[:i], []byte{'\n'})
}

// clean gives a text as XML allows it: valid UTF-8, without characters that
// XML forbids, with line feeds alone.
func (s *scanner) clean(text []byte) string {
	if !utf8.Valid(text) {
		s.problem(CodeEncoding, "bytes that are no UTF-8 were taken for Windows-1252")
		text = fromWindows(text)
	}
	dirty := 0
	for i := 0; i < len(text); i++ {
		c := text[i]
		if c < ' ' && c != '\t' && c != '\n' && c != '\r' {
			dirty++
		} else if c == 0xEF && i+2 < len(text) && text[i+1] == 0xBF && text[i+2] >= 0xBE {
			dirty++
		}
	}
	if dirty > 0 {
		s.problem(CodeIllegalCharacter, "%d characters that XML forbids were removed", dirty)
		text = bytes.Map(func(r rune) rune {
			if forbidden(r) {
				return -1
			}
			return r
		}, text)
	}
	if bytes.IndexByte(text, '\r') >= 0 {
		return strings.ReplaceAll(strings.ReplaceAll(string(text), "\r\n", "\n"), "\r", "\n")
	}
	return string(text)
}

// forbidden reports whether XML 1.0 has no place for a character.
func forbidden(r rune) bool {
	return r < ' ' && r != '\t' && r != '\n' && r != '\r' || r == 0xFFFE || r == 0xFFFF
}

// fromWindows reads the bytes that are no UTF-8 as Windows-1252, which old
// databases are full of, and leaves the others.
func fromWindows(text []byte) []byte {
	out := make([]byte, 0, len(text)+len(text)/8)
	for len(text) > 0 {
		r, n := utf8.DecodeRune(text)
		if r == utf8.RuneError && n == 1 {
			r = charmap.Windows1252.DecodeByte(text[0])
		}
		out = utf8.AppendRune(out, r)
		text = text[n:]
	}
	return out
}
