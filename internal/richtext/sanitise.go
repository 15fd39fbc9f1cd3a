package richtext

import (
	"net/url"
	"strings"
)

// Sanitise returns the blocks with everything in canonical form: markup sanitised, addresses checked, fields a kind does
// not use cleared, blocks without content left out, headings with anchors. It repairs; [Validate] complains. The input
// is not changed.
func Sanitise(blocks []Block) []Block {
	out := make([]Block, 0, len(blocks))
	for i := range blocks {
		if b, ok := sanitiseBlock(&blocks[i], nil); ok {
			out = append(out, b)
		}
	}
	return setAnchors(out)
}

func sanitiseBlock(in *Block, base *url.URL) (b Block, ok bool) {
	inline := func(s string) string { return sanitiseInlineBase(s, base) }
	link := func(s string, use urlUse) string { u, _ := safeURL(s, use, base); return u }
	b = Block{Kind: in.Kind}
	if validDir(in.Dir) {
		b.Dir = in.Dir
	}
	if validAlign(in.Align) {
		b.Align = in.Align
	}
	source := func(use urlUse) bool {
		if validMediaID(in.MediaID) {
			b.MediaID = in.MediaID
			return true
		}
		b.URL = link(in.URL, use)
		return b.URL != ""
	}
	size := func() {
		b.Width, b.Height = within(in.Width, maxPixels), within(in.Height, maxPixels)
	}
	switch in.Kind {
	case Paragraph:
		b.HTML = inline(in.HTML)
		return b, b.HTML != ""
	case Heading:
		b.HTML, b.Level = inline(in.HTML), min(max(in.Level, 1), 6)
		if validAnchor(in.Anchor) {
			b.Anchor = in.Anchor
		}
		return b, b.HTML != ""
	case List:
		b.Ordered = in.Ordered
		if in.Ordered {
			b.Start = startOf(in.Start)
		}
		b.Items = sanitiseItems(in.Items, 1, inline)
		return b, len(b.Items) > 0
	case Quote, PullQuote:
		b.HTML, b.Citation = inline(in.HTML), inline(in.Citation)
		return b, b.HTML != ""
	case Code:
		b.Text = codeLines(strings.ReplaceAll(strings.ToValidUTF8(in.Text, "\uFFFD"), "\r\n", "\n"))
		b.Language, b.Align = codeLanguage(in.Language), ""
		return b, b.Text != ""
	case Table:
		b.Caption = inline(in.Caption)
		b.Head, b.Rows = sanitiseRows(in.Head, true, inline), sanitiseRows(in.Rows, false, inline)
		return b, len(b.Head)+len(b.Rows) > 0
	case Picture:
		ok = source(mediaURL)
		size()
		b.Alt, b.Href = plainField(in.Alt), link(in.Href, linkURL)
		b.Caption, b.Credit = inline(in.Caption), inline(in.Credit)
		return b, ok
	case Gallery:
		b.Caption, b.Columns = inline(in.Caption), within(in.Columns, 12)
		for _, i := range in.Images {
			// A gallery is a list of image blocks under another name.
			p, ok := sanitiseBlock(&Block{Kind: Picture, MediaID: i.MediaID, URL: i.URL, Alt: i.Alt, Caption: i.Caption, Credit: i.Credit, Href: i.Href, Width: i.Width, Height: i.Height, OwnWords: i.OwnWords}, base)
			if ok {
				b.Images = append(b.Images, Image{p.MediaID, p.URL, p.Alt, p.Caption, p.Credit, p.Href, p.Width, p.Height, p.OwnWords})
			}
		}
		return b, len(b.Images) > 0
	case Video, Audio:
		ok = source(mediaURL)
		if in.Kind == Video {
			size()
			b.Poster = link(in.Poster, mediaURL)
		}
		b.Caption, b.Credit = inline(in.Caption), inline(in.Credit)
		return b, ok
	case Embed:
		// The provider follows from the address, so that no page can pass for another.
		b.Provider, b.URL = canonicalEmbed(in.URL)
		b.URL = link(b.URL, mediaURL)
		b.Title, b.Caption, b.Align = plainField(in.Title), inline(in.Caption), ""
		if b.Title == b.URL {
			b.Title = ""
		}
		return b, b.URL != ""
	case File:
		ok = source(linkURL)
		b.Name = plainField(in.Name)
		return b, ok
	case Button:
		b.URL, b.Title = link(in.URL, linkURL), plainField(in.Title)
		return b, b.URL != "" && b.Title != ""
	case Divider:
		return Block{Kind: Divider}, true
	case RawHTML:
		b.HTML = strings.TrimSpace(sanitiseNode(parse(limitInput(in.HTML, nil), nil), base, nil))
		b.Align = ""
		return b, b.HTML != ""
	}
	return Block{}, false
}

func sanitiseInlineBase(s string, base *url.URL) string {
	// Most paragraphs of most articles are plain sentences: those without markup need no parsing.
	if base == nil && isPlainLine(s) {
		return s
	}
	w := writer{base: base, buf: make([]byte, 0, len(s))}
	w.flat(parse(limitInput(s, nil), nil))
	return w.finish()
}

// isPlainLine reports whether s is canonical inline HTML already, by a look at its bytes: printable ASCII without
// markup, single spaces inside only.
func isPlainLine(s string) bool {
	space := true
	for i := 0; i < len(s); i++ {
		switch c := s[i]; {
		case c == ' ':
			if space {
				return false
			}
			space = true
			continue
		case c < ' ' || c >= 0x7F || c == '<' || c == '>' || c == '&':
			return false
		}
		space = false
	}
	return !space
}

func startOf(n int) int {
	if n == 1 {
		return 0
	}
	return within(n, maxStart)
}

func within(n, limit int) int {
	if n < 0 || n > limit {
		return 0
	}
	return n
}

// sanitiseItems cleans items; lists nested deeper than allowed join the list above them, so that nothing gets lost.
func sanitiseItems(in []ListItem, depth int, inline func(string) string) []ListItem {
	var out []ListItem
	for i := range in {
		if depth > maxDepth {
			break
		}
		it := ListItem{HTML: inline(in[i].HTML)}
		if strings.HasPrefix(in[i].Anchor, "fn") && validAnchor(in[i].Anchor) {
			it.Anchor = in[i].Anchor
		}
		nested := sanitiseItems(in[i].Items, depth+1, inline)
		if it.HTML == "" && len(nested) == 0 {
			continue
		}
		if depth >= MaxListDepth {
			if it.HTML != "" {
				out = append(out, it)
			}
			out = append(out, nested...)
			continue
		}
		if len(nested) > 0 {
			it.Items, it.Ordered = nested, in[i].Ordered
			if it.Ordered {
				it.Start = startOf(in[i].Start)
			}
		}
		out = append(out, it)
	}
	return out
}

func sanitiseRows(in []TableRow, head bool, inline func(string) string) []TableRow {
	var out []TableRow
	for _, row := range in {
		if len(row.Cells) == 0 {
			continue
		}
		cells := make([]TableCell, len(row.Cells))
		for i, c := range row.Cells {
			cells[i] = TableCell{HTML: inline(c.HTML), Header: head || c.Header}
			if c.Align == AlignLeft || c.Align == AlignRight || c.Align == AlignCenter {
				cells[i].Align = c.Align
			}
			if c.ColSpan > 1 {
				cells[i].ColSpan = within(c.ColSpan, maxSpan)
			}
			if c.RowSpan > 1 {
				cells[i].RowSpan = within(c.RowSpan, maxSpan)
			}
		}
		out = append(out, TableRow{cells})
	}
	return out
}
