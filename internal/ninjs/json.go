package ninjs

import (
	"fmt"
	"iter"
	"slices"
	"strconv"
	"time"
	"unicode/utf16"
	"unicode/utf8"
)

// decoder takes the JSON text of one item apart, from left to right and once.
// A syntax error stays in err and moves to the end of the text, so that nobody
// need look after every step.
type decoder struct {
	loc *time.Location

	text     []byte
	pos      int
	err      *rejection
	path     []step   // to the value at hand
	key      string   // the field at hand as written, if it is an unknown one
	spelling spelling // of the known fields so far
	scratch  []byte   // a string with its escapes resolved
	repairs  repairs  // of the last string
	elements int      // of lists, so far
	cut      bool     // elements were dropped
	problems []Problem
}

// step is a part of a path: a field or an element.
type step struct {
	field string
	index int // if field is empty
}

// repairs is what had to be done to a string to make text of it.
type repairs uint8

const (
	replacedUTF8 repairs = 1 << iota
	replacedSurrogate
	removedNUL
	keptControl
)

func (d *decoder) fail(format string, args ...any) {
	if d.err == nil {
		d.err = reject(CodeMalformed, "%s, %d bytes into the item", fmt.Sprintf(format, args...), d.pos)
	}
	d.pos = len(d.text)
}

// peek moves to the next value or mark and returns its first byte, 0 at the
// end. NUL bytes outside strings are passed over.
func (d *decoder) peek() byte {
	for ; d.pos < len(d.text); d.pos++ {
		switch c := d.text[d.pos]; c {
		case ' ', '\t', '\r', '\n', 0:
		default:
			return c
		}
	}
	return 0
}

// take passes over a punctuation mark, which must come next.
func (d *decoder) take(mark byte) bool {
	if d.peek() != mark {
		d.unexpected(strconv.QuoteRune(rune(mark)))
		return false
	}
	d.pos++
	return true
}

func (d *decoder) unexpected(wanted string) {
	switch c := d.peek(); {
	case c == 0:
		d.fail("expected %s, found the end", wanted)
	case c < utf8.RuneSelf:
		d.fail("expected %s, found %q", wanted, c)
	default:
		r, _ := utf8.DecodeRune(d.text[d.pos:])
		d.fail("expected %s, found %q", wanted, r)
	}
}

// fields iterates over the fields of an object, which must come next. A body
// which leaves the value where it is has it passed over. Fields which are not
// among the names are given as unknown, with d.key. Of a name which is there
// twice the first is given. The body must not break off.
func (d *decoder) fields(names fieldNames) iter.Seq[field] {
	return func(yield func(field) bool) {
		var seen uint64
		if !d.take('{') {
			return
		}
		if d.peek() == '}' {
			d.pos++
			return
		}
		for d.err == nil {
			if d.peek() != '"' {
				d.unexpected("a field name")
				return
			}
			key := d.stringBytes()
			f, name, spelling := names.find(key)
			if f == unknown {
				d.key = string(key[:min(len(key), maxKeyBytes)])
				name = d.key
			}
			d.spelling |= spelling
			if !d.take(':') {
				return
			}
			d.peek()
			d.path = append(d.path, step{field: name})
			if f > fIgnored && seen>>f&1 == 1 {
				d.problem(CodeDuplicateKey, "", "the field is there twice, the first is kept", true)
				d.skip()
			} else {
				seen |= 1 << f
				before := d.pos
				if yield(f); d.pos == before {
					d.skip()
				}
			}
			d.path = d.path[:len(d.path)-1]
			if d.peek() == '}' {
				d.pos++
				return
			}
			d.take(',')
		}
	}
}

// list iterates over a list. A single value in its place counts as a list
// of one. A body which leaves the element where it is has it passed over. The body must not break off.
func (d *decoder) list() iter.Seq[int] {
	return func(yield func(int) bool) {
		switch d.peek() {
		case '[':
		case 'n':
			d.skip()
			return
		case '{', '"':
			d.problem(CodeWrongType, "", "expected a list, found a single value", true)
			d.element(0, yield)
			return
		default:
			d.wrongType("a list")
			return
		}
		d.pos++
		if d.peek() == ']' {
			d.pos++
			return
		}
		for i := 0; d.err == nil; i++ {
			d.element(i, yield)
			if d.peek() == ']' {
				d.pos++
				return
			}
			d.take(',')
		}
	}
}

func (d *decoder) element(i int, yield func(int) bool) {
	d.peek()
	if d.elements++; d.elements > maxElements {
		if !d.cut {
			d.cut = true
			d.problem(CodeListCut, "", fmt.Sprintf("more than %d list elements in one item, the rest is dropped", maxElements), false)
		}
		d.skip()
		return
	}
	d.path = append(d.path, step{index: i})
	before := d.pos
	if yield(i); d.pos == before {
		d.skip()
	}
	d.path = d.path[:len(d.path)-1]
}

// skip passes over a value, but not over a syntax error in it.
func (d *decoder) skip() {
	// The scanner has bounded the depth.
	switch c := d.peek(); c {
	case '{', '[':
		end := c + 2 // both pairs are two apart in ASCII
		d.pos++
		if d.peek() == end {
			d.pos++
			return
		}
		for d.err == nil {
			if c == '{' {
				if d.peek() != '"' {
					d.unexpected("a field name")
					return
				}
				d.stringBytes()
				d.take(':')
			}
			d.skip()
			if d.peek() == end {
				d.pos++
				return
			}
			d.take(',')
		}
	case '"':
		d.stringBytes()
	case 't':
		d.literal("true")
	case 'f':
		d.literal("false")
	case 'n':
		d.literal("null")
	default:
		d.number()
	}
}

func (d *decoder) literal(word string) {
	if end := d.pos + len(word); end <= len(d.text) && string(d.text[d.pos:end]) == word {
		d.pos = end
		return
	}
	d.fail("expected %s", word)
}

// number takes a number by the grammar of RFC 8259 and returns it as written.
func (d *decoder) number() string {
	start, i := d.pos, d.pos
	digits := func() bool {
		from := i
		for i < len(d.text) && d.text[i] >= '0' && d.text[i] <= '9' {
			i++
		}
		return i > from
	}
	at := func(oneOf string) bool {
		for j := range len(oneOf) {
			if i < len(d.text) && d.text[i] == oneOf[j] {
				i++
				return true
			}
		}
		return false
	}
	at("-")
	ok := at("0") || digits()
	if ok && at(".") {
		ok = digits()
	}
	if ok && at("eE") {
		at("+-")
		ok = digits()
	}
	if !ok {
		d.unexpected("a value")
		return ""
	}
	d.pos = i
	return string(d.text[start:i])
}

// stringBytes takes a string, which must come next, and sets d.repairs. The
// bytes are valid UTF-8; they may change with the next call.
func (d *decoder) stringBytes() []byte {
	d.repairs = 0
	d.pos++
	start, ascii := d.pos, true
	for i := start; i < len(d.text); i++ {
		if ordinary[d.text[i]] {
			continue
		}
		switch c := d.text[i]; {
		case c == '"':
			s := d.text[start:i]
			if !ascii && !utf8.Valid(s) {
				return d.stringSlow(start)
			}
			d.pos = i + 1
			return s
		case c == '\\' || c < ' ':
			return d.stringSlow(start)
		default:
			ascii = false
		}
	}
	d.fail("a string is not closed")
	return nil
}

// ordinary marks the bytes of a string which stand for themselves.
var ordinary = func() (t [256]bool) {
	for c := ' '; c < utf8.RuneSelf; c++ {
		t[c] = c != '"' && c != '\\'
	}
	return t
}()

// stringSlow is stringBytes for strings with escapes or errors in them.
func (d *decoder) stringSlow(start int) []byte {
	out := d.scratch[:0]
	defer func() { d.scratch = out }()
	d.pos = start
	for d.pos < len(d.text) {
		run := d.pos
		for run < len(d.text) && ordinary[d.text[run]] {
			run++
		}
		if run > d.pos {
			out = append(out, d.text[d.pos:run]...)
			d.pos = run
			continue
		}
		switch c := d.text[d.pos]; {
		case c == '"':
			d.pos++
			return out
		case c == '\\':
			out = d.escape(out)
		case c == 0:
			d.repairs |= removedNUL
			d.pos++
		case c < ' ':
			d.repairs |= keptControl
			out = append(out, c)
			d.pos++
		default:
			r, size := utf8.DecodeRune(d.text[d.pos:])
			if r == utf8.RuneError && size == 1 {
				switch n := d.cutCharacter(out); {
				case n > 0:
					d.repairs |= replacedUTF8
					size = n
				case isSurrogate(d.text[d.pos:]):
					d.repairs |= replacedSurrogate
					size = 3
				default:
					d.notUTF8()
					return out
				}
			}
			out = utf8.AppendRune(out, r)
			d.pos += size
		}
	}
	d.fail("a string is not closed")
	return nil
}

// cutCharacter gives the length of a character that a text was cut within: it
// stands at the end of the string, behind others that are whole. 0: what stands
// there is no part of a character.
func (d *decoder) cutCharacter(before []byte) int {
	for n := 1; n < utf8.UTFMax && d.pos+n < len(d.text); n++ {
		if d.text[d.pos+n] == '"' {
			whole := slices.ContainsFunc(before, func(c byte) bool { return c >= utf8.RuneSelf })
			if whole && !utf8.FullRune(d.text[d.pos:d.pos+n]) {
				return n
			}
			return 0
		}
	}
	return 0
}

// isSurrogate reports whether half a pair stands there, encoded by itself.
func isSurrogate(text []byte) bool {
	return len(text) > 2 && text[0] == 0xED && text[1] >= 0xA0 && text[1] <= 0xBF && text[2]&0xC0 == 0x80
}

// notUTF8 rejects an item in another encoding. Which one it is cannot be told
// for sure, and the wrong one would publish other letters.
func (d *decoder) notUTF8() {
	if d.err == nil {
		d.err = reject(CodeInvalidUTF8, "%s has the byte 0x%02x, %d bytes into the item, which is not UTF-8; if the file is in another encoding, such as windows-1256, convert it to UTF-8 first",
			d.fieldPath(), d.text[d.pos], d.pos)
	}
	d.pos = len(d.text)
}

const escapes = `""\\//` + "b\bf\fn\nr\rt\t" // pairs: the letter, what it stands for

// escape takes one escape sequence, or a pair of surrogates.
func (d *decoder) escape(out []byte) []byte {
	if d.pos+1 >= len(d.text) {
		d.fail("a string is not closed")
		return out
	}
	letter := d.text[d.pos+1]
	if letter != 'u' {
		for i := 0; i < len(escapes); i += 2 {
			if escapes[i] == letter {
				d.pos += 2
				return append(out, escapes[i+1])
			}
		}
		d.fail(`unknown escape sequence \%c`, letter)
		return out
	}
	r, ok := d.hex(d.pos)
	if !ok {
		d.fail(`\u without four hexadecimal digits`)
		return out
	}
	d.pos += 6
	switch {
	case r == 0:
		d.repairs |= removedNUL
		return out
	case utf16.IsSurrogate(r):
		low, _ := d.hex(d.pos)
		if pair := utf16.DecodeRune(r, low); pair != utf8.RuneError {
			d.pos += 6
			return utf8.AppendRune(out, pair)
		}
		d.repairs |= replacedSurrogate
		r = utf8.RuneError
	}
	return utf8.AppendRune(out, r)
}

// hex reads the \uXXXX at pos.
func (d *decoder) hex(pos int) (rune, bool) {
	if pos+6 > len(d.text) || d.text[pos] != '\\' || d.text[pos+1] != 'u' {
		return 0, false
	}
	var r rune
	for _, c := range d.text[pos+2 : pos+6] {
		switch {
		case c >= '0' && c <= '9':
			r = r<<4 | rune(c-'0')
		case c|0x20 >= 'a' && c|0x20 <= 'f':
			r = r<<4 | rune(c|0x20-'a'+10)
		default:
			return 0, false
		}
	}
	return r, true
}
