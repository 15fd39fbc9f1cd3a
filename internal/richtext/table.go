package richtext

import a "golang.org/x/net/html/atom"

// table converts rows and cells. What a cell cannot hold (images, players) follows the table.
func (c *converter) table(n *node, s scope) {
	t := &tableReader{c: c, block: Block{Kind: Table, Dir: s.dir, Align: s.align}}
	t.read(n)
	if t.cells <= 1 || n.attr("role") == "presentation" {
		if t.cells > 0 {
			c.notes.add("layout table unwrapped")
		}
		c.flow(n, s)
		return
	}
	b := t.block
	for _, k := range t.captions {
		b.Caption = joinLines(b.Caption, c.inline(k))
	}
	for _, row := range t.rows {
		cells := make([]TableCell, 0, len(row.cells))
		header := len(row.cells) > 0
		for _, k := range row.cells {
			cell := TableCell{HTML: c.cell(k), Header: k.tag == a.Th, Align: alignOf(k)}
			if cell.Align == AlignWide || cell.Align == AlignFull || cell.Align == AlignJustify {
				cell.Align = ""
			}
			if v := number(k.attr("colspan"), maxSpan); v > 1 {
				cell.ColSpan = v
			}
			if v := number(k.attr("rowspan"), maxSpan); v > 1 {
				cell.RowSpan = v
			}
			header = header && cell.Header
			cells = append(cells, cell)
		}
		if (row.head || header) && len(b.Rows) == 0 {
			for i := range cells {
				cells[i].Header = true
			}
			b.Head = append(b.Head, TableRow{cells})
		} else {
			b.Rows = append(b.Rows, TableRow{cells})
		}
	}
	c.emit(b)
	for _, row := range t.rows {
		for _, k := range row.cells {
			c.mediaIn(k, s)
		}
	}
	for _, k := range t.others {
		c.flow(k, s)
	}
}

type tableReader struct {
	c        *converter
	block    Block
	rows     []tableRowNodes
	captions []*node
	others   []*node // content that stands outside of any cell
	cells    int
}

type tableRowNodes struct {
	head  bool
	cells []*node
}

func (t *tableReader) read(n *node) {
	head := n.tag == a.Thead
	for k := n.first; k != nil; k = k.next {
		switch k.tag {
		case a.Caption:
			t.captions = append(t.captions, k)
		case a.Thead, a.Tbody, a.Tfoot:
			t.read(k)
		case a.Tr:
			t.rows = append(t.rows, tableRowNodes{head: head})
			t.readRow(k)
		case a.Td, a.Th: // a row without <tr>
			t.rows = append(t.rows, tableRowNodes{head: head, cells: []*node{k}})
			t.cells++
		default:
			t.other(k)
		}
	}
}

func (t *tableReader) readRow(n *node) {
	row := &t.rows[len(t.rows)-1]
	for k := n.first; k != nil; k = k.next {
		if k.tag == a.Td || k.tag == a.Th {
			row.cells = append(row.cells, k)
			t.cells++
		} else {
			t.other(k)
		}
	}
	if len(row.cells) == 0 {
		t.rows = t.rows[:len(t.rows)-1]
	}
}

func (t *tableReader) other(k *node) {
	if k.blank() || k.tag == a.Br {
		return
	}
	alone := *k
	alone.next = nil
	t.others = append(t.others, &node{first: &alone, last: &alone, block: k.block})
}

// cell writes the content of a cell; its pictures are set apart by mediaIn.
func (c *converter) cell(n *node) string {
	w := writer{base: c.base, notes: c.notes}
	w.skipAlt = true
	w.flat(n)
	return w.finish()
}

func (c *converter) mediaIn(n *node, s scope) {
	for k := n.first; k != nil; k = k.next {
		if !k.block {
			continue
		}
		switch k.tag {
		case a.Img, a.Iframe, a.Embed, a.Video, a.Audio:
			c.block(k, s)
		default:
			c.mediaIn(k, s)
		}
	}
}
