package richtext

import (
	"strconv"
	"strings"
	"unicode"
)

// capBlocks keeps a body within [MaxBlocks]: the text of the blocks beyond goes on in the last one.
func capBlocks(blocks []Block, notes Notes) []Block {
	if len(blocks) <= MaxBlocks {
		return blocks
	}
	var b strings.Builder
	for i := range blocks[MaxBlocks-1:] {
		notes.add("blocks beyond 5,000 joined as text")
		if text := textOf(&blocks[MaxBlocks-1+i]); text != "" {
			if b.Len() > 0 {
				b.WriteString("\n")
			}
			b.WriteString(text)
		}
	}
	w := writer{}
	for line := range strings.SplitSeq(b.String(), "\n") {
		w.text(line)
		w.br()
	}
	return append(blocks[:MaxBlocks-1:MaxBlocks-1], Block{Kind: Paragraph, HTML: w.finish()})
}

// setAnchors gives every heading an anchor of its own, made from its text.
func setAnchors(blocks []Block) []Block {
	taken := map[string]bool{}
	for i := range blocks {
		if b := &blocks[i]; b.Kind == Heading && b.Anchor != "" {
			if taken[b.Anchor] || !validAnchor(b.Anchor) {
				b.Anchor = ""
			} else {
				taken[b.Anchor] = true
			}
		}
	}
	next := map[string]int{}
	for i := range blocks {
		b := &blocks[i]
		if b.Kind != Heading || b.Anchor != "" {
			continue
		}
		base := slug(PlainText(b.HTML))
		name := base
		for n := max(next[base], 2); taken[name]; n++ {
			name = base + "-" + strconv.Itoa(n)
			next[base] = n + 1
		}
		taken[name] = true
		b.Anchor = name
	}
	return blocks
}

// slug keeps letters of every script, since fragments of Arabic headings are read by Arabic readers.
func slug(text string) string {
	var b strings.Builder
	for _, r := range strings.ToLower(text) {
		switch {
		case b.Len() > 80:
			return strings.TrimRight(b.String(), "-")
		case unicode.IsLetter(r) || unicode.IsDigit(r) || unicode.Is(unicode.M, r) && b.Len() > 0:
			b.WriteRune(r)
		case b.Len() > 0 && !strings.HasSuffix(b.String(), "-") && !unicode.Is(unicode.Cf, r) && !strings.ContainsRune("'’", r):
			b.WriteByte('-')
		}
	}
	if s := strings.TrimRight(b.String(), "-"); s != "" {
		return s
	}
	return "section"
}
