package ninjs

import (
	"bytes"
	"errors"
	"io"
)

// nesting is the stack of open brackets. Beyond its maximum only the depth is
// kept, so that it never grows.
type nesting struct {
	arrays []uint64 // a bit per level: whether it is an array
	depth  int
	max    int
}

func newNesting(maxDepth int) nesting {
	return nesting{arrays: make([]uint64, maxDepth/64+1), max: maxDepth}
}

// open reports whether the new level is within the maximum.
func (n *nesting) open(array bool) bool {
	if n.depth >= n.max {
		n.depth++
		return false
	}
	word, bit := n.depth/64, uint64(1)<<(n.depth%64)
	n.arrays[word] &^= bit
	if array {
		n.arrays[word] |= bit
	}
	n.depth++
	return true
}

// close closes the innermost level of that kind, and with it those within. It
// reports whether it was the innermost of all, and whether there was one.
func (n *nesting) close(array bool) (innermost, found bool) {
	if n.depth > n.max {
		n.depth--
		return true, true
	}
	for level := n.depth - 1; level >= 0; level-- {
		if n.arrays[level/64]>>(level%64)&1 == 1 == array {
			innermost = level == n.depth-1
			n.depth = level
			return innermost, true
		}
	}
	return false, false
}

// plain marks the bytes which mean nothing to the scanner within a string.
var plain = func() (t [256]bool) {
	for i := range t {
		t[i] = i != '"' && i != '\\' && i != '\n'
	}
	return t
}()

// scanItem takes the JSON text of the item which starts with c, without looking
// into it any further than brackets and strings. The text is valid until the
// next call. A *rejection stands for an item without text; it was passed over.
func (r *Reader) scanItem(c byte) ([]byte, error) {
	if c == '{' {
		return r.scan(0, nil)
	}
	w, _ := r.src.window()
	line, _, _ := bytes.Cut(w[:min(len(w), 4*maxShown)], []byte{'\n'})
	bad := reject(CodeNotObject, "expected an object, found %q", shorten(string(line)))
	if r.inArray && c == '}' {
		r.src.advance(1) // closes nothing
		return nil, bad
	}
	if r.inArray {
		return r.scan(0, bad)
	}
	if err := r.src.skipLine(); err != nil && err != io.EOF { //nolint:errorlint // as in Next
		return nil, err
	}
	return nil, bad
}

// scanWrapperEnd passes over what follows the array within its object.
func (r *Reader) scanWrapperEnd() error {
	_, err := r.scan(1, reject(CodeMalformed, "not an item"))
	if _, ok := errors.AsType[*rejection](err); ok {
		return nil
	}
	return err
}

// scan takes one JSON value, within that many objects which are open already.
// If bad isn't nil the value is passed over and bad returned.
func (r *Reader) scan(depth int, bad *rejection) ([]byte, error) {
	s := scan{
		nesting: &r.nesting,
		array:   r.inArray,
		lines:   r.layout == Lines,
		bad:     bad,
	}
	r.nesting.depth = 0
	for range depth {
		r.nesting.open(false)
	}
	if cap(r.text) > 1<<20 {
		r.text = nil // one large item should not cost its memory for ever
	}
	r.text = r.text[:0]
	for size := 0; ; {
		w, err := r.src.window()
		if err != nil {
			return nil, s.cutOff(err, depth)
		}
		n, done := s.feed(w)
		if size += n; size > r.opts.MaxItemBytes && s.bad == nil {
			s.bad = reject(CodeTooLarge, "larger than %d bytes", r.opts.MaxItemBytes)
		}
		// A damaged line ends with the line, wherever its brackets lead.
		if s.bad != nil && s.lines && !s.array {
			r.src.advance(n)
			if err := r.src.skipLine(); err != nil && err != io.EOF { //nolint:errorlint // as in Next
				return nil, err
			}
			return nil, s.bad
		}
		if s.bad != nil {
			r.text = nil
		} else if done && len(r.text) == 0 {
			r.src.advance(n) // leaves w as it is
			return w[:n], nil
		} else {
			r.text = append(r.text, w[:n]...)
		}
		r.src.advance(n)
		if done && s.bad != nil {
			return nil, s.bad
		}
		if done {
			return r.text, nil
		}
	}
}

// scan finds the end of a JSON value which comes in pieces.
type scan struct {
	nesting *nesting
	array   bool // the value is an element of an array
	lines   bool // the value must end on its line
	bad     *rejection

	inString bool
	escaped  bool
	previous byte // the byte before
	last     byte // the byte before which isn't white space
}

// feed takes a piece. It returns how many bytes of it belong to the value, and
// whether the value ends there.
func (s *scan) feed(w []byte) (n int, done bool) {
	for i := 0; i < len(w); i++ {
		c := w[i]
		if s.inString {
			if s.escaped {
				s.escaped = false
			} else {
				for plain[c] {
					if i++; i == len(w) {
						return i, false
					}
					c = w[i]
				}
				s.escaped = c == '\\'
				s.inString = c != '"'
			}
			if c == '\n' && s.lines {
				s.fail(CodeTruncated, "the line ends within a string")
				return i, true
			}
			s.previous, s.last = c, c
			continue
		}
		switch c {
		case '"':
			s.inString = true
		case '{', '[':
			if c == '{' && s.startsOver() {
				s.fail(CodeTruncated, "another object starts before it is closed")
				return i, true
			}
			if !s.nesting.open(c == '[') {
				s.fail(CodeTooDeep, "brackets nest deeper than %d", s.nesting.max)
			}
		case '}', ']', ',':
			if s.nesting.depth == 0 {
				return i, true // the end of a bare value in an array
			}
			if c == ',' {
				break
			}
			innermost, found := s.nesting.close(c == ']')
			if !innermost {
				s.fail(CodeMalformed, "brackets do not match: found %q", c)
			}
			if !found && c == ']' && s.array {
				return i, true // the end of the array
			}
			if s.nesting.depth == 0 {
				return i + 1, true
			}
		case '\n':
			if s.lines && s.last == '{' && s.nesting.depth == 1 {
				s.lines = false // pretty-printed after all
			} else if s.lines {
				s.fail(CodeTruncated, "the line ends before the object is closed")
				return i, true
			}
		}
		s.previous = c
		if c > ' ' {
			s.last = c
		}
	}
	return len(w), false
}

// startsOver tells whether a brace is where only the next item can start: at
// the beginning of a line, and where no value may be.
func (s *scan) startsOver() bool {
	return !s.array && s.previous == '\n' && s.last != '[' && s.last != ',' && s.last != ':'
}

// fail keeps the first reason.
func (s *scan) fail(code Code, format string, args ...any) {
	if s.bad == nil {
		s.bad = reject(code, format, args...)
	}
}

// cutOff is the error for a value that the stream ends within.
func (s *scan) cutOff(err error, depth int) error {
	switch {
	case err != io.EOF: //nolint:errorlint // as in Next
		return err
	case s.array || depth > 0:
		return &fatal{CodeTruncated, errors.New("the array is not closed: the stream is cut off")}
	}
	s.fail(CodeTruncated, "the stream ends before the object is closed")
	return s.bad
}
