package model

import (
	"strings"

	"github.com/broadsheet-cms/broadsheet/internal/richtext"
)

// ContentBlock is one piece of a body as the API types it.
type ContentBlock interface{ IsContentBlock() }

type block struct{ richtext.Block }

// IsContentBlock marks the blocks.
func (block) IsContentBlock() {}

// Direction of the block, nil where it is that of the article.
func (b block) Direction() *TextDirection {
	if b.Dir == "" {
		return nil
	}
	d := TextDirection(strings.ToUpper(b.Dir))
	return &d
}

// Align of the block, nil where the design decides.
func (b block) Align() *richtext.Align { return orNil(b.Block.Align) }

// The kinds of blocks, each with the fields that mean something for it.
type (
	// ParagraphBlock is a paragraph.
	ParagraphBlock struct{ block }
	// HeadingBlock is a heading inside the body.
	HeadingBlock struct{ block }
	// ListBlock is a list.
	ListBlock struct{ block }
	// QuoteBlock is words of somebody else.
	QuoteBlock struct{ block }
	// CodeBlock is program text.
	CodeBlock struct{ block }
	// TableBlock is a table.
	TableBlock struct{ block }
	// ImageBlock is a picture.
	ImageBlock struct{ block }
	// GalleryBlock is a set of pictures.
	GalleryBlock struct {
		block
		Images []*BlockImage
	}
	// VideoBlock is a film.
	VideoBlock struct{ block }
	// AudioBlock is a sound recording.
	AudioBlock struct{ block }
	// EmbedBlock is something of another site.
	EmbedBlock struct{ block }
	// FileBlock is a file to download.
	FileBlock struct{ block }
	// ButtonBlock is a call to action.
	ButtonBlock struct{ block }
	// DividerBlock is a line between parts.
	DividerBlock struct{ block }
	// HTMLBlock is HTML that no other block can hold.
	HTMLBlock struct{ block }
)

// Blocks types the blocks of a body.
func Blocks(body []richtext.Block) []ContentBlock {
	typed := make([]ContentBlock, 0, len(body))
	for _, b := range body {
		w := block{b}
		switch b.Kind {
		case richtext.Paragraph:
			typed = append(typed, ParagraphBlock{w})
		case richtext.Heading:
			typed = append(typed, HeadingBlock{w})
		case richtext.List:
			typed = append(typed, ListBlock{w})
		case richtext.Quote, richtext.PullQuote:
			typed = append(typed, QuoteBlock{w})
		case richtext.Code:
			typed = append(typed, CodeBlock{w})
		case richtext.Table:
			typed = append(typed, TableBlock{w})
		case richtext.Picture:
			typed = append(typed, ImageBlock{w})
		case richtext.Gallery:
			images := make([]*BlockImage, len(b.Images))
			for i, im := range b.Images {
				images[i] = &BlockImage{im}
			}
			typed = append(typed, GalleryBlock{w, images})
		case richtext.Video:
			typed = append(typed, VideoBlock{w})
		case richtext.Audio:
			typed = append(typed, AudioBlock{w})
		case richtext.Embed:
			typed = append(typed, EmbedBlock{w})
		case richtext.File:
			typed = append(typed, FileBlock{w})
		case richtext.Button:
			typed = append(typed, ButtonBlock{w})
		case richtext.Divider:
			typed = append(typed, DividerBlock{w})
		case richtext.RawHTML:
			typed = append(typed, HTMLBlock{w})
		}
	}
	return typed
}

// Start is the number of the first item.
func (b ListBlock) Start() int { return max(b.Block.Start, 1) }

// Items are the lines of the list.
func (b ListBlock) Items() []*ListItem { return listItems(b.Block.Items) }

// ListItem is a line of a list.
type ListItem struct{ richtext.ListItem }

// Start is the number of the first of the items below.
func (i *ListItem) Start() int { return max(i.ListItem.Start, 1) }

// Items are the lines of the list below.
func (i *ListItem) Items() []*ListItem { return listItems(i.ListItem.Items) }

func listItems(items []richtext.ListItem) []*ListItem {
	typed := make([]*ListItem, len(items))
	for i, item := range items {
		typed[i] = &ListItem{item}
	}
	return typed
}

// IsPullQuote reports whether the words stand in the article too.
func (b QuoteBlock) IsPullQuote() bool { return b.Kind == richtext.PullQuote }

// BlockImage is a picture in a body.
type BlockImage struct{ richtext.Image }

// Href is where a click leads, nil when nowhere.
func (i *BlockImage) Href() *string { return orNil(i.Image.Href) }

// Width in pixels, nil when unknown.
func (i *BlockImage) Width() *int { return positive(i.Image.Width) }

// Height in pixels, nil when unknown.
func (i *BlockImage) Height() *int { return positive(i.Image.Height) }

func positive(n int) *int {
	if n <= 0 {
		return nil
	}
	return &n
}

// TableCell is a cell of a table.
type TableCell struct{ richtext.TableCell }

// Align of the cell, nil where the design decides.
func (c *TableCell) Align() *richtext.Align { return orNil(c.TableCell.Align) }

// TableRow is a row of a table.
type TableRow struct{ Cells []*TableCell }

func tableRows(rows []richtext.TableRow) []*TableRow {
	typed := make([]*TableRow, len(rows))
	for i, r := range rows {
		cells := make([]*TableCell, len(r.Cells))
		for j, c := range r.Cells {
			c.ColSpan, c.RowSpan = max(c.ColSpan, 1), max(c.RowSpan, 1)
			cells[j] = &TableCell{c}
		}
		typed[i] = &TableRow{cells}
	}
	return typed
}

// Head are the rows of the head.
func (b TableBlock) Head() []*TableRow { return tableRows(b.Block.Head) }

// Rows are the rows of the body.
func (b TableBlock) Rows() []*TableRow { return tableRows(b.Block.Rows) }

// Image is the picture.
func (b ImageBlock) Image() *BlockImage {
	return &BlockImage{richtext.Image{MediaID: b.Block.MediaID, URL: b.URL, Alt: b.Alt, Caption: b.Caption, Credit: b.Credit, Href: b.Block.Href,
		Width: b.Width, Height: b.Height}}
}

// URL of the film, nil when it is gone.
func (b VideoBlock) URL() *string { return orNil(b.Block.URL) }

// URL of the recording, nil when it is gone.
func (b AudioBlock) URL() *string { return orNil(b.Block.URL) }

// URL of the file, nil when it is gone.
func (b FileBlock) URL() *string { return orNil(b.Block.URL) }

// URL of the page or player, nil when it is unknown: fields of one name have one
// type, so that they can be selected of all blocks together.
func (b EmbedBlock) URL() *string { return orNil(b.Block.URL) }

// URL is where a click leads, nil when nowhere.
func (b ButtonBlock) URL() *string { return orNil(b.Block.URL) }

// Href is where a click leads, nil when nowhere.
func (b ImageBlock) Href() *string { return orNil(b.Block.Href) }

// Poster is the still shown before the film plays.
func (b VideoBlock) Poster() *string { return orNil(b.Block.Poster) }

// MediaID of the file, nil for a file of elsewhere.
func (b block) MediaID() *string { return orNil(b.Block.MediaID) }

// MediaID of the picture, nil for a picture of elsewhere.
func (i *BlockImage) MediaID() *string { return orNil(i.Image.MediaID) }

// Width in pixels, nil when unknown.
func (b VideoBlock) Width() *int { return positive(b.Block.Width) }

// Height in pixels, nil when unknown.
func (b VideoBlock) Height() *int { return positive(b.Block.Height) }

func orNil[T ~string](s T) *T {
	if s == "" {
		return nil
	}
	return &s
}

// BlockFields is a block as a client gives it, of whatever kind: the inputs of
// all kinds bind to it, each with the fields that mean something for it.
type BlockFields struct {
	richtext.Block
	Direction   *TextDirection
	IsPullQuote bool
}
