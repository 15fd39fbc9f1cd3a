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

// tameMarkdown bounds what makes goldmark work more than linearly: quotes and lists nested in one line, runs of
// delimiters nobody writes, and indentation without end.
func tameMarkdown(src string, notes Notes) string {
	const deepest = 24
	var b strings.Builder
	b.Grow(len(src))
	changed := false
	for len(src) > 0 {
		line := src
		if i := strings.IndexByte(src, '\n'); i >= 0 {
			line = src[:i+1]
		}
		src = src[len(line):]
		markers, i := 0, 0
		for i < len(line) && markers <= deepest {
			rest := line[i:]
			switch {
			case rest[0] == ' ' || rest[0] == '\t':
				i++
			case rest[0] == '>':
				markers++
				i++
			case len(rest) > 1 && (rest[0] == '-' || rest[0] == '*' || rest[0] == '+') && (rest[1] == ' ' || rest[1] == '\t'):
				markers++
				i += 2
			default:
				n := 0
				for n < len(rest) && n < 9 && rest[n] >= '0' && rest[n] <= '9' {
					n++
				}
				if n == 0 || n+1 >= len(rest) || rest[n] != '.' && rest[n] != ')' || rest[n+1] != ' ' {
					markers = deepest + 2 // ends the loop: this is text
					continue
				}
				markers++
				i += n + 2
			}
		}
		if markers == deepest+1 || i > 400 {
			changed = true
			b.WriteString(strings.TrimLeft(line[i:], " \t>-*+"))
			if !strings.HasSuffix(line[i:], "\n") {
				continue
			}
			if b.Len() > 0 && !strings.HasSuffix(b.String(), "\n") {
				b.WriteByte('\n')
			}
			continue
		}
		b.WriteString(line)
	}
	if changed {
		notes.add("markdown nested deeper than 24 flattened")
		return b.String()
	}
	return b.String()
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
