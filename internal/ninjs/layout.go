package ninjs

import "bytes"

// Layout is how the items of a stream follow one another.
type Layout int

// The layouts.
const (
	UnknownLayout Layout = iota // nothing was read yet
	Lines                       // JSON Lines: an object a line
	Objects                     // objects one after another, on any number of lines
	Array                       // one array
	Wrapped                     // one array within an object, as {"items": […]}
)

var layoutNames = [...]string{"unknown", "JSON Lines", "objects", "array", "wrapped array"}

func (l Layout) String() string { return layoutNames[l] }

// layoutOf finds the layout by the beginning of a stream, which starts with a
// value. Where more of the stream is needed it reports false, unless head is
// all there is to be had. For an array, start is where its items start.
func layoutOf(head []byte, all bool) (layout Layout, start int, known bool) {
	switch head[0] {
	case '[':
		return Array, 1, true
	case '{':
		if start, known := wrappedArray(head); start > 0 || !known && !all {
			return Wrapped, start, known
		}
		return linesOrObjects(head, all)
	}
	// Neither: a file of JSON Lines whose first line is damaged has good ones
	// after it.
	if head[0] >= ' ' && head[0] != '<' {
		if i := bytes.Index(head, []byte("\n{")); i > 0 {
			return Lines, 0, true
		}
	}
	return UnknownLayout, 0, all
}

// wrappedArray looks for an "items" field with an array in the first object of
// the stream, and returns where the array's items start. Known is false when
// head ends too early to tell. An object with a uri is an item itself.
func wrappedArray(head []byte) (start int, known bool) {
	depth := 0
	for i := 0; i < len(head); i++ {
		switch head[i] {
		case '{', '[':
			depth++
		case '}', ']':
			if depth--; depth == 0 {
				return 0, true
			}
		case '"':
			end := i + 1
			for end < len(head) && head[end] != '"' {
				if head[end] == '\n' {
					return 0, true
				}
				if head[end] == '\\' {
					end++
				}
				end++
			}
			if end >= len(head) {
				return 0, false
			}
			name := string(bytes.ToLower(head[i+1 : min(end, i+1+len("newsitems"))]))
			i = end
			if depth != 1 || name != "uri" && name != "items" && name != "newsitems" {
				continue
			}
			next := bytes.TrimLeft(head[i+1:], " \t\r\n")
			if len(next) < 2 {
				return 0, false
			}
			if next[0] != ':' {
				continue
			}
			if name == "uri" {
				return 0, true
			}
			next = bytes.TrimLeft(next[1:], " \t\r\n")
			if len(next) == 0 {
				return 0, false
			}
			if next[0] == '[' {
				return len(head) - len(next) + 1, true
			}
		}
	}
	return 0, false
}

// linesOrObjects tells whether a stream of objects keeps each on a line of its
// own, which tells in turn where to go on after a damaged one. The answer
// depends on the first line alone: pretty-printed objects break it in the
// middle of an object.
func linesOrObjects(head []byte, all bool) (layout Layout, start int, known bool) {
	end := bytes.IndexByte(head, '\n')
	if end < 0 {
		return Lines, 0, all
	}
	line := bytes.TrimRight(head[:end], " \t\r")
	if len(line) == 1 {
		return Objects, 0, true
	}
	depth, inString := 0, false
	for i := 0; i < len(line); i++ {
		switch c := line[i]; {
		case inString && c == '\\':
			i++
		case c == '"':
			inString = !inString
		case inString:
		case c == '{' || c == '[':
			depth++
		case c == '}' || c == ']':
			depth--
		}
	}
	rest := bytes.TrimLeft(head[end:], " \t\r\n")
	switch {
	case depth <= 0, inString:
		return Lines, 0, true
	case len(rest) == 0:
		return Lines, 0, all
	case rest[0] == '{':
		return Lines, 0, true // the first line is cut off
	}
	return Objects, 0, true
}
