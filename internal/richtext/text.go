package richtext

import (
	"html"
	"strings"
	"unicode"
	"unicode/utf8"

	a "golang.org/x/net/html/atom"
)

// FromText makes paragraphs of plain text: a blank line starts a new one, a single newline is a <br>.
func FromText(plain string) []Block {
	blocks, _ := FromTextNoted(plain)
	return blocks
}

// FromTextNoted is [FromText] with what was changed for the bounds of a body.
func FromTextNoted(plain string) ([]Block, Notes) {
	notes := Notes{}
	plain = strings.ReplaceAll(cleanText(strings.ReplaceAll(limitInput(plain, notes), "\r\n", "\n")), "\r", "\n")
	out := []Block{}
	w := writer{}
	flush := func() {
		if s := w.finish(); s != "" {
			out = append(out, Block{Kind: Paragraph, HTML: s})
		}
	}
	for line := range strings.SplitSeq(plain, "\n") {
		if strings.TrimSpace(line) == "" {
			flush()
			continue
		}
		w.br()
		w.text(line)
	}
	flush()
	return capBlocks(out, notes), notes
}

// Text is the body as plain text: blocks parted by a blank line, items and rows by lines, cells by tabs. Images
// contribute their captions, not their alt texts: those stand for something a reader sees.
func Text(blocks []Block) string {
	var b strings.Builder
	for i := range blocks {
		if s := textOf(&blocks[i]); s != "" {
			if b.Len() > 0 {
				b.WriteString("\n\n")
			}
			b.WriteString(s)
		}
	}
	return b.String()
}

func textOf(b *Block) string {
	var lines []string
	add := func(s string) {
		if s != "" {
			lines = append(lines, s)
		}
	}
	switch b.Kind {
	case Paragraph, Heading, RawHTML:
		return inlineText(b.HTML)
	case Quote, PullQuote:
		add(inlineText(b.HTML))
		add(inlineText(b.Citation))
	case Code:
		return b.Text
	case List:
		lines = itemLines(lines, b.Items, 0)
	case Table:
		add(inlineText(b.Caption))
		for _, rows := range [][]TableRow{b.Head, b.Rows} {
			for _, row := range rows {
				cells := make([]string, len(row.Cells))
				for i := range row.Cells {
					cells[i] = strings.ReplaceAll(inlineText(row.Cells[i].HTML), "\n", " ")
				}
				add(strings.TrimRight(strings.Join(cells, "\t"), "\t"))
			}
		}
	case Gallery:
		for i := range b.Images {
			add(inlineText(b.Images[i].Caption))
			add(inlineText(b.Images[i].Credit))
		}
		add(inlineText(b.Caption))
	case Picture, Video, Audio:
		add(inlineText(b.Caption))
		add(inlineText(b.Credit))
	case Embed, Button:
		add(b.Title)
		add(inlineText(b.Caption))
	case File:
		return b.Name
	}
	return strings.Join(lines, "\n")
}

func itemLines(lines []string, items []ListItem, depth int) []string {
	if depth > maxDepth {
		return lines
	}
	for i := range items {
		if s := inlineText(items[i].HTML); s != "" {
			lines = append(lines, s)
		}
		lines = itemLines(lines, items[i].Items, depth+1)
	}
	return lines
}

func inlineText(s string) string {
	if !strings.ContainsRune(s, '<') {
		return html.UnescapeString(s)
	}
	return PlainText(s)
}

// PlainText returns what a reader sees of an HTML fragment: blocks parted by a blank line, <br> as newline, reference
// numbers of footnotes in brackets. Scripts, styles and alt texts are not text.
func PlainText(fragment string) string {
	if !strings.ContainsAny(fragment, "<&") {
		return strings.TrimSpace(fragment)
	}
	return plain(parse(limitInput(fragment, nil), nil))
}

func plain(n *node) string {
	t := texter{}
	t.children(n)
	return string(t.buf)
}

// texter writes text with collapsed white space; breaks wait for the text after them.
type texter struct {
	buf    []byte
	space  bool
	breaks int
	pre    int
}

func (t *texter) text(s string) {
	for i := 0; i < len(s); {
		if isSpace(s[i]) {
			if t.pre > 0 && s[i] == '\n' {
				t.breaks++
			} else if t.pre > 0 && t.breaks == 0 {
				t.buf = append(t.buf, s[i])
			} else {
				t.space = true
			}
			i++
			continue
		}
		end := i
		for end < len(s) && !isSpace(s[end]) {
			end++
		}
		if len(t.buf) > 0 {
			if t.breaks > 0 {
				for ; t.breaks > 0; t.breaks-- {
					t.buf = append(t.buf, '\n')
				}
			} else if t.space {
				t.buf = append(t.buf, ' ')
			}
		}
		t.space, t.breaks = false, 0
		t.buf = append(t.buf, s[i:end]...)
		i = end
	}
}

func (t *texter) lines(n int) { t.breaks = max(t.breaks, n) }

func (t *texter) children(n *node) {
	for k := n.first; k != nil; k = k.next {
		t.node(k)
	}
}

func (t *texter) node(n *node) {
	switch n.tag {
	case 0:
		t.text(n.text)
	case a.Br:
		t.breaks = min(t.breaks+1, 2)
	case a.Sup:
		if strings.HasPrefix(n.attr("id"), "fnref") {
			t.text("[")
			t.children(n)
			t.text("]")
			return
		}
		t.children(n)
	case a.Td, a.Th:
		t.text(" ")
		t.children(n)
		t.text(" ")
	case a.Li, a.Tr, a.Dt, a.Dd, a.Figcaption, a.Caption, a.Div, a.Summary:
		t.lines(1)
		t.children(n)
		t.lines(1)
	case a.Pre:
		t.lines(2)
		t.pre++
		t.children(n)
		t.pre--
		t.lines(2)
	case a.Img, a.Hr, a.Source, a.Iframe, a.Embed:
	default:
		if shapes[n.tag] == blockElement {
			t.lines(2)
			t.children(n)
			t.lines(2)
			return
		}
		t.children(n)
	}
}

// Excerpt cuts text to at most maxRunes characters: after a sentence when one ends in the second half, else after a word
// and with an ellipsis (which counts). White space becomes single spaces.
func Excerpt(text string, maxRunes int) string {
	if maxRunes <= 0 {
		return ""
	}
	// Enough of the text to fill the excerpt, whatever its white space; long bodies are not walked whole.
	text = strings.Join(strings.Fields(firstRunes(strings.TrimSpace(text), 8*maxRunes+64)), " ")
	if utf8.RuneCountInString(text) <= maxRunes {
		return text
	}
	var sentence, word, count int // byte offsets
	prev, clusterStart := rune(0), 0
	for i, r := range text {
		if count > 0 {
			if !unicode.Is(unicode.M, r) && r != '\u200d' && prev != '\u200d' {
				clusterStart = i
			}
			if unicode.IsSpace(r) {
				if isSentenceEnd(prev) && count <= maxRunes {
					sentence = i
				}
				if count < maxRunes {
					word = i
				}
			}
			if (isWide(prev) || isSentenceEnd(prev) && prev > 0x2E80) && count < maxRunes {
				word = i // between ideographs a line may break anywhere
				if isSentenceEnd(prev) {
					sentence = i
				}
			}
		}
		if count >= maxRunes {
			break
		}
		count++
		prev = r
	}
	if sentence > 0 && utf8.RuneCountInString(text[:sentence]) >= maxRunes/2 {
		return balanceBidi(strings.TrimRight(text[:sentence], " "))
	}
	if word == 0 { // one word longer than the excerpt: cut at a letter with its marks
		word = min(clusterStart, len(firstRunes(text, maxRunes-1)))
	}
	return balanceBidi(strings.TrimRight(text[:word], " ,;:-–—،؛")) + "…"
}

func firstRunes(s string, n int) string {
	if len(s) <= n {
		return s
	}
	for i := range s {
		if n == 0 {
			return s[:i]
		}
		n--
	}
	return s
}

func isSentenceEnd(r rune) bool {
	switch r {
	case '.', '!', '?', '…', '؟', '۔', '。', '！', '？', '।':
		return true
	}
	return false
}
