package richtext

import (
	"bytes"
	"strconv"
	"strings"

	"github.com/yuin/goldmark"
	"github.com/yuin/goldmark/extension"
	"github.com/yuin/goldmark/parser"
	"github.com/yuin/goldmark/renderer/html"
)

// Raw HTML passes goldmark untouched: what comes out is read by the same strict reader as HTML from anywhere.
var (
	markdown = goldmark.New(
		goldmark.WithExtensions(extension.GFM, extension.Footnote),
		goldmark.WithParserOptions(parser.WithHeadingAttribute()),
		goldmark.WithRendererOptions(html.WithUnsafe()),
	)
	// markdownPlain reads what is too big or too odd for the extensions whose work grows faster than the text.
	markdownPlain = goldmark.New(goldmark.WithRendererOptions(html.WithUnsafe()))
)

// FromMarkdown turns Markdown (CommonMark, GitHub's tables, strikethrough, task lists and bare links, footnotes) into
// blocks. Raw HTML in it is converted like any other. The shortcodes of Hugo and the tags of Liquid become what they
// stand for where that is known; the others are left out, counted by name, and the text between their two ends stays.
func FromMarkdown(src string, opts Options) ([]Block, Notes) {
	notes := Notes{}
	src = cleanText(strings.ReplaceAll(limitInput(src, notes), "\r\n", "\n"))
	e := expander{opts: opts, notes: notes}
	src = tameMarkdown(e.expand(src), notes)
	md := markdown
	if strings.Count(src, "[^") > 2_000 || len(src) > 1<<20 {
		md = markdownPlain
	}
	var out bytes.Buffer
	if err := md.Convert([]byte(src), &out); err != nil {
		// A buffer does not fail and goldmark has no other errors; the text is kept should that ever change.
		notes.add("markdown not understood")
		return FromText(src), notes
	}
	return convert(e.insert(out.String()), opts, notes), notes
}

// tameMarkdown bounds what makes goldmark work more than linearly, and which no author writes: quotes and lists nested
// in one line, endless indentation, thousands of unmatched delimiters in one paragraph, and tables whose short rows it
// would fill up to thousands of columns. The text always stays.
func tameMarkdown(src string, notes Notes) string {
	var b strings.Builder
	b.Grow(len(src))
	budget := delimiterBudget
	var chunk []byte // the lines since the last blank one, within which delimiters can pair
	delimiters := 0
	lines, columns, cells := 0, 0, maxCells // of the chunk; left for all tables
	flush := func() {
		budget -= delimiters * delimiters
		if columns > 1 {
			cells -= lines * columns // the reader fills up each row to the columns of its table
		}
		large := columns > 1 && cells < 0
		if budget >= 0 && !large {
			b.Write(chunk)
		} else {
			if large {
				notes.add(noteTableTooLarge)
			} else {
				notes.add("paragraph with too many delimiters taken as text")
			}
			for _, c := range chunk {
				if strings.IndexByte(delimiterChars+"|", c) >= 0 {
					b.WriteByte('\\')
				}
				b.WriteByte(c)
			}
		}
		chunk, delimiters, lines, columns = chunk[:0], 0, 0, 0
	}
	for len(src) > 0 {
		line := src
		if i := strings.IndexByte(src, '\n'); i >= 0 {
			line = src[:i+1]
		}
		src = src[len(line):]
		line, flat := flattenPrefix(line)
		if flat {
			notes.add("markdown nested deeper than 24 flattened")
		}
		blank, bars := true, 0
		for i := 0; i < len(line); i++ {
			switch c := line[i]; {
			case strings.IndexByte(delimiterChars, c) >= 0:
				delimiters++
				blank = false
			case c == '|':
				bars++
				blank = false
			case c != ' ' && c != '\t' && c != '\n' && c != '>':
				blank = false
			}
		}
		if bars > 1000 {
			budget -= bars * bars
		}
		lines++
		if isTableDelimiter(line) {
			columns = max(columns, bars+1)
		}
		chunk = append(chunk, line...)
		if blank {
			flush()
		}
	}
	flush()
	return b.String()
}

const (
	delimiterChars  = "*_[]~`<!"
	delimiterBudget = 200_000_000 // squares of the delimiters of each paragraph, summed: well under a second of work
)

// isTableDelimiter reports whether a line can be the second one of a table, which says how many columns it has.
func isTableDelimiter(line string) bool {
	return strings.Contains(line, "-") && strings.Contains(line, "|") && strings.Trim(line, "|-: \t\r\n>*+0123456789.)") == ""
}

// flattenPrefix cuts the markers of quotes and lists a line starts with, and its indentation, to a depth anyone needs.
func flattenPrefix(line string) (string, bool) {
	const deepest, widest = 24, 240
	markers, i := 0, 0
	for i < len(line) {
		n := markerLen(line[i:])
		if n == 0 {
			break
		}
		if c := line[i]; c != ' ' && c != '\t' {
			markers++
		}
		i += n
		if markers > deepest || i > widest {
			kept := i - n
			for n > 0 && i < len(line) {
				n = markerLen(line[i:])
				i += n
			}
			return line[:kept] + line[i:], true
		}
	}
	return line, false
}

// markerLen is the length of the blank, quote mark or list marker s starts with.
func markerLen(s string) int {
	switch {
	case s == "":
		return 0
	case s[0] == ' ' || s[0] == '\t' || s[0] == '>':
		return 1
	case len(s) > 1 && (s[0] == '-' || s[0] == '*' || s[0] == '+') && (s[1] == ' ' || s[1] == '\t'):
		return 2
	}
	n := 0
	for n < len(s) && n < 9 && s[n] >= '0' && s[n] <= '9' {
		n++
	}
	if n > 0 && n+1 < len(s) && (s[n] == '.' || s[n] == ')') && s[n+1] == ' ' {
		return n + 2
	}
	return 0
}

// Noncharacters mark the places of expanded shortcodes while goldmark reads the text around them. The input cannot hold
// any: cleanText removed them.
const placeOpen, placeClose = "\uFDD0", "\uFDD1"

// place keeps a snippet of HTML out of sight of the Markdown reader and returns what stands for it.
func (e *expander) place(snippet string) string {
	e.snippets = append(e.snippets, snippet)
	return placeOpen + strconv.Itoa(len(e.snippets)-1) + placeClose
}

// insert puts the snippets where their places came out. Inside a tag there is room for none.
func (e *expander) insert(out string) string {
	if len(e.snippets) == 0 {
		return out
	}
	var b strings.Builder
	for {
		before, rest, ok := strings.Cut(out, placeOpen)
		b.WriteString(before)
		if !ok {
			return b.String()
		}
		n, rest, _ := strings.Cut(rest, placeClose)
		if i, err := strconv.Atoi(n); err == nil && i < len(e.snippets) && strings.LastIndexByte(before, '<') <= strings.LastIndexByte(before, '>') {
			b.WriteString(e.snippets[i])
		}
		out = rest
	}
}
