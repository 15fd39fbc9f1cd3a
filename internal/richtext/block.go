package richtext

import "slices"

// Kind says what a block is, and so which fields of [Block] it uses.
type Kind string

// The kinds of blocks. Containers (columns, groups) are not kinds: their children are kept in order instead.
const (
	Paragraph Kind = "PARAGRAPH"  // HTML
	Heading   Kind = "HEADING"    // HTML, Level, Anchor
	List      Kind = "LIST"       // Ordered, Start, Items
	Quote     Kind = "QUOTE"      // HTML (paragraphs parted by two <br>), Citation
	PullQuote Kind = "PULL_QUOTE" // HTML, Citation
	Code      Kind = "CODE"       // Text, Language
	Table     Kind = "TABLE"      // Head, Rows, Caption
	Picture   Kind = "IMAGE"      // MediaID or URL, Alt, Caption, Credit, Href, Width, Height
	Gallery   Kind = "GALLERY"    // Images, Columns, Caption
	Video     Kind = "VIDEO"      // MediaID or URL, Poster, Caption, Credit, Width, Height
	Audio     Kind = "AUDIO"      // MediaID or URL, Caption, Credit
	Embed     Kind = "EMBED"      // Provider, URL, Title, Caption
	File      Kind = "FILE"       // MediaID or URL, Name
	Button    Kind = "BUTTON"     // URL, Title: a call to action or a link card
	Divider   Kind = "DIVIDER"    // no fields
	RawHTML   Kind = "HTML"       // HTML: sanitised block markup no other kind can hold (<dl>, <details>)
)

// Kinds lists every kind in the order of their documentation.
func Kinds() []Kind {
	return []Kind{
		Paragraph, Heading, List, Quote, PullQuote, Code, Table, Picture, Gallery, Video, Audio, Embed, File, Button,
		Divider, RawHTML,
	}
}

// Valid reports whether k is one of [Kinds].
func (k Kind) Valid() bool {
	switch k {
	case Paragraph, Heading, List, Quote, PullQuote, Code, Table, Picture, Gallery, Video, Audio, Embed, File, Button,
		Divider, RawHTML:
		return true
	}
	return false
}

// Text directions of a block. An empty direction is the one of the article.
const (
	LTR = "ltr"
	RTL = "rtl"
)

// Align is the alignment of a block. An empty one is that of the design.
type Align string

// The alignments.
const (
	AlignLeft    Align = "left"
	AlignRight   Align = "right"
	AlignCenter  Align = "center"
	AlignJustify Align = "justify" // text only
	AlignWide    Align = "wide"    // wider than the column of text
	AlignFull    Align = "full"    // as wide as the page
)

// Block is one piece of a body. It is one flat struct so that it is stored as plain JSON and bound to GraphQL without
// a second set of types: Kind decides which of the other fields mean something, the rest stay empty.
//
// Fields called HTML, Citation, Caption and Credit hold inline HTML as written by [SanitiseInline] (except the HTML of
// kind [RawHTML], written by [SanitiseHTML]); all other strings are plain text.
type Block struct {
	Kind  Kind   `json:"kind"`
	Dir   string `json:"dir,omitempty"` // LTR, RTL or empty
	Align Align  `json:"align,omitempty"`

	HTML     string `json:"html,omitempty"`
	Citation string `json:"citation,omitempty"` // who is quoted

	Level  int    `json:"level,omitempty"`  // of a heading, 1 to 6
	Anchor string `json:"anchor,omitempty"` // of a heading: the fragment that leads to it, unique in the body

	OwnWords bool `json:"ownWords,omitempty"` // alternative text and caption are those of the body, also where they are empty: see Image; it stands here to take no room

	Ordered bool       `json:"ordered,omitempty"`
	Start   int        `json:"start,omitempty"` // number of the first item when it is not 1
	Items   []ListItem `json:"items,omitempty"`

	Text     string `json:"text,omitempty"`     // of code, lines kept as they are
	Language string `json:"language,omitempty"` // of code, lower case: go, python

	Head []TableRow `json:"head,omitempty"`
	Rows []TableRow `json:"rows,omitempty"`

	MediaID  string  `json:"mediaId,omitempty"` // a file of our own; wins over URL
	URL      string  `json:"url,omitempty"`
	Alt      string  `json:"alt,omitempty"`
	Caption  string  `json:"caption,omitempty"`
	Credit   string  `json:"credit,omitempty"`
	Href     string  `json:"href,omitempty"`   // where a click on the image leads
	Width    int     `json:"width,omitempty"`  // pixels
	Height   int     `json:"height,omitempty"` // pixels
	Poster   string  `json:"poster,omitempty"` // URL of the still shown before a video plays
	Images   []Image `json:"images,omitempty"`
	Columns  int     `json:"columns,omitempty"`  // of a gallery, 1 to 12
	Provider string  `json:"provider,omitempty"` // of an embed: youtube, x, … (see Providers)
	Title    string  `json:"title,omitempty"`    // of an embed or a button
	Name     string  `json:"name,omitempty"`     // of a file
}

// ListItem is one line of a list and the list nested below it.
type ListItem struct {
	HTML    string     `json:"html,omitempty"`
	Anchor  string     `json:"anchor,omitempty"`  // target of a footnote reference
	Ordered bool       `json:"ordered,omitempty"` // whether Items are numbered
	Start   int        `json:"start,omitempty"`   // number of the first of Items when it is not 1
	Items   []ListItem `json:"items,omitempty"`
}

// TableRow is one row of a table.
type TableRow struct {
	Cells []TableCell `json:"cells"`
}

// TableCell is one cell: inline HTML and how it sits in the grid.
type TableCell struct {
	HTML    string `json:"html,omitempty"`
	Header  bool   `json:"header,omitempty"`  // names its row (<th>); cells of Head always are headers
	ColSpan int    `json:"colSpan,omitempty"` // when more than 1
	RowSpan int    `json:"rowSpan,omitempty"` // when more than 1
	Align   Align  `json:"align,omitempty"`   // left, right, center or empty
}

// Image is one picture of a gallery.
type Image struct {
	MediaID string `json:"mediaId,omitempty"`
	URL     string `json:"url,omitempty"`
	Alt     string `json:"alt,omitempty"`
	Caption string `json:"caption,omitempty"`
	Credit  string `json:"credit,omitempty"`
	Href    string `json:"href,omitempty"`
	Width   int    `json:"width,omitempty"`
	Height  int    `json:"height,omitempty"`
	// OwnWords says that Alt and Caption are as they shall be, also where they are empty. Without it, empty ones are those of
	// the file in the media library.
	OwnWords bool `json:"ownWords,omitempty"`
}

// Without leaves out what shows any of some files of our own, which are named by their
// public ids. A gallery goes when none of its images is left.
func Without(body []Block, ids map[string]bool) []Block {
	kept := make([]Block, 0, len(body))
	for _, b := range body {
		if ids[b.MediaID] {
			continue
		}
		if len(b.Images) > 0 {
			b.Images = slices.DeleteFunc(slices.Clone(b.Images), func(i Image) bool { return ids[i.MediaID] })
			if len(b.Images) == 0 {
				continue
			}
		}
		kept = append(kept, b)
	}
	return kept
}

// Hide takes what shows files that are gone out of a body and its HTML. A body that shows
// none of them stays as it is.
func Hide(body []Block, html string, gone map[string]bool) (left []Block, leftHTML string) {
	if !slices.ContainsFunc(MediaIDs(body), func(id string) bool { return gone[id] }) {
		return body, html
	}
	left = Without(body, gone)
	return left, PlacedHTML(left)
}

// KeepOwnWords marks the files of a new body whose words are as they are in the old one, where they are its
// own: clients send blocks without saying so.
func KeepOwnWords(old, next []Block) []Block {
	type words struct{ id, alt, caption string }
	own := map[words]bool{}
	for i := range old {
		b := &old[i]
		if b.OwnWords {
			own[words{b.MediaID, b.Alt, b.Caption}] = true
		}
		for _, p := range b.Images {
			if p.OwnWords {
				own[words{p.MediaID, p.Alt, p.Caption}] = true
			}
		}
	}
	for i := range next {
		b := &next[i]
		b.OwnWords = b.OwnWords || own[words{b.MediaID, b.Alt, b.Caption}]
		for j := range b.Images {
			p := &b.Images[j]
			p.OwnWords = p.OwnWords || own[words{p.MediaID, p.Alt, p.Caption}]
		}
	}
	return next
}

// MediaIDs gives the public ids of our own files that bodies name, in their order.
func MediaIDs(bodies ...[]Block) (ids []string) {
	for _, body := range bodies {
		for i := range body {
			if body[i].MediaID != "" {
				ids = append(ids, body[i].MediaID)
			}
			for j := range body[i].Images {
				if body[i].Images[j].MediaID != "" {
					ids = append(ids, body[i].Images[j].MediaID)
				}
			}
		}
	}
	return ids
}
