package richtext

import (
	"net/url"
	"strconv"
	"strings"
)

// Media is what is known of a file of our own when a body is rendered.
type Media struct {
	URL           string
	Width, Height int // pixels; 0 when unknown. The size in the block wins.
}

// RenderOptions say what [HTML] cannot know from the blocks.
type RenderOptions struct {
	// Media finds a file by its id; false leaves the file out and keeps its caption. Nil writes the id alone, in
	// data-media-id, for a client that resolves it.
	Media func(id string) (Media, bool)
	// Resolve rewrites the address of an image, video or sound before it is written (a proxy, a rendition). Nil keeps it.
	Resolve func(address string) string
	// Base makes relative addresses absolute, for feeds and mail.
	Base *url.URL
}

// HTML writes the body as semantic HTML: figures with captions, quotes, code and tables, with directions where blocks
// state them. Embeds are links in a figure with data-provider and data-url, so that the page works before any player
// of a third party is asked for. Every block is sanitised on its way, wherever it came from.
func HTML(blocks []Block, opts RenderOptions) string {
	r := renderer{opts: opts}
	r.w.base = opts.Base
	size := 0
	for i := range blocks {
		size += len(blocks[i].HTML) + len(blocks[i].Text) + 64
	}
	r.w.buf = make([]byte, 0, size)
	for i := range blocks {
		b, ok := sanitiseBlock(&blocks[i], opts.Base)
		if !ok {
			continue
		}
		if len(r.w.buf) > 0 {
			r.raw("\n")
		}
		r.block(&b)
	}
	return gate(string(r.w.buf))
}

// PlacedHTML is [HTML] for a body whose blocks hold the addresses of the files that they name beside their ids.
func PlacedHTML(blocks []Block) string {
	known := map[string]Media{}
	for _, b := range blocks {
		if b.MediaID != "" {
			known[b.MediaID] = Media{URL: b.URL, Width: b.Width, Height: b.Height}
		}
		for _, p := range b.Images {
			if p.MediaID != "" {
				known[p.MediaID] = Media{URL: p.URL, Width: p.Width, Height: p.Height}
			}
		}
	}
	return HTML(blocks, RenderOptions{Media: func(id string) (Media, bool) {
		m, ok := known[id]
		return m, ok && m.URL != ""
	}})
}

type renderer struct {
	w    writer // for its buffer and attributes only
	opts RenderOptions
}

func (r *renderer) raw(parts ...string) {
	for _, s := range parts {
		r.w.buf = append(r.w.buf, s...)
	}
}

func (r *renderer) text(s string) { r.w.buf = appendEscaped(r.w.buf, s, false) }

func (r *renderer) attr(name, value string) {
	if value != "" {
		r.w.attr(name, value)
	}
}

func (r *renderer) number(name string, n int) {
	if n > 0 {
		r.w.attr(name, strconv.Itoa(n))
	}
}

// open writes a start tag with the attributes every block may have.
func (r *renderer) open(name, class string, b *Block) {
	r.raw("<", name)
	if b.Align != "" {
		class = strings.TrimSpace(class + " align-" + string(b.Align))
	}
	r.attr("class", class)
	if b.Kind == Heading {
		r.attr("id", b.Anchor)
	}
	r.attr("dir", b.Dir)
	if b.Kind == List && b.Ordered && b.Start > 1 {
		r.number("start", b.Start)
	}
	r.raw(">")
}

func (r *renderer) block(b *Block) {
	switch b.Kind {
	case Paragraph:
		r.open("p", "", b)
		r.raw(b.HTML, "</p>")
	case Heading:
		name := "h" + strconv.Itoa(b.Level)
		r.open(name, "", b)
		r.raw(b.HTML, "</", name, ">")
	case List:
		name := listName(b.Ordered)
		r.open(name, "", b)
		r.items(b.Items)
		r.raw("</", name, ">")
	case Quote:
		r.open("blockquote", "", b)
		r.quote(b)
		if b.Citation != "" {
			r.raw("<footer>", b.Citation, "</footer>")
		}
		r.raw("</blockquote>")
	case PullQuote:
		r.open("figure", "pull-quote", b)
		r.raw("<blockquote>")
		r.quote(b)
		r.raw("</blockquote>")
		r.caption(b.Citation, "")
		r.raw("</figure>")
	case Code:
		r.open("pre", "", b)
		r.raw("<code")
		if b.Language != "" {
			r.attr("class", "language-"+b.Language)
		}
		r.raw(">")
		r.text(b.Text)
		r.raw("</code></pre>")
	case Table:
		r.table(b)
	case Picture:
		r.open("figure", "", b)
		r.image(Image{b.MediaID, b.URL, b.Alt, b.Caption, b.Credit, b.Href, b.Width, b.Height, b.OwnWords})
		r.caption(b.Caption, b.Credit)
		r.raw("</figure>")
	case Gallery:
		r.gallery(b)
	case Video, Audio:
		r.media(b)
	case Embed:
		r.raw("<figure")
		r.attr("dir", b.Dir)
		r.attr("data-provider", b.Provider)
		r.attr("data-url", b.URL)
		r.raw("><a")
		r.attr("href", b.URL)
		r.raw(">")
		r.text(either(b.Title, b.URL))
		r.raw("</a>")
		r.caption(b.Caption, "")
		r.raw("</figure>")
	case File:
		r.file(b)
	case Button:
		r.open("p", "button", b)
		r.raw("<a")
		r.attr("href", b.URL)
		r.raw(">")
		r.text(b.Title)
		r.raw("</a></p>")
	case Divider:
		r.raw("<hr>")
	case RawHTML:
		r.raw(b.HTML)
	}
}

func either(x, y string) string {
	if x != "" {
		return x
	}
	return y
}

func listName(ordered bool) string {
	if ordered {
		return "ol"
	}
	return "ul"
}

func (r *renderer) items(items []ListItem) {
	for i := range items {
		it := &items[i]
		r.raw("<li")
		r.attr("id", it.Anchor)
		r.raw(">", it.HTML)
		if len(it.Items) > 0 {
			name := listName(it.Ordered)
			r.raw("<", name)
			if it.Ordered && it.Start > 1 {
				r.number("start", it.Start)
			}
			r.raw(">")
			r.items(it.Items)
			r.raw("</", name, ">")
		}
		r.raw("</li>")
	}
}

// quote writes the paragraphs of a quotation, which are parted by two <br> outside of any element.
func (r *renderer) quote(b *Block) {
	r.raw("<p>")
	rest, depth := b.HTML, 0
	for {
		i := strings.IndexByte(rest, '<')
		if i < 0 {
			break
		}
		r.raw(rest[:i])
		rest = rest[i:]
		end := strings.IndexByte(rest, '>') + 1
		switch tag := rest[:end]; {
		case depth == 0 && strings.HasPrefix(rest, "<br><br>"):
			r.raw("</p><p>")
			end = len("<br><br>")
		case tag == "<br>":
			r.raw(tag)
		case tag[1] == '/':
			depth--
			r.raw(tag)
		default:
			depth++
			r.raw(tag)
		}
		rest = rest[end:]
	}
	r.raw(rest, "</p>")
}

func (r *renderer) caption(caption, credit string) {
	if caption == "" && credit == "" {
		return
	}
	r.raw("<figcaption>", caption)
	if credit != "" {
		if caption != "" {
			r.raw(" ")
		}
		r.raw(`<small class="credit">`, credit, "</small>")
	}
	r.raw("</figcaption>")
}

// find returns the address of a file; an empty one with ok means that only the id is to be written.
func (r *renderer) find(id, address string) (m Media, ok bool) {
	m.URL = address
	if id != "" {
		if r.opts.Media == nil {
			return Media{}, true
		}
		if m, ok = r.opts.Media(id); !ok {
			return Media{}, false
		}
	}
	if r.opts.Resolve != nil {
		m.URL = r.opts.Resolve(m.URL)
	}
	m.URL, ok = safeURL(m.URL, mediaURL, r.opts.Base)
	return m, ok
}

func (r *renderer) image(i Image) {
	m, ok := r.find(i.MediaID, i.URL)
	if !ok {
		return
	}
	if i.Width > 0 || i.Height > 0 {
		m.Width, m.Height = i.Width, i.Height
	}
	if i.Href != "" {
		r.raw("<a")
		r.attr("href", i.Href)
		r.raw(">")
	}
	r.raw("<img")
	r.attr("data-media-id", i.MediaID)
	r.attr("src", m.URL)
	r.w.attr("alt", i.Alt)
	r.number("width", m.Width)
	r.number("height", m.Height)
	r.raw(">")
	if i.Href != "" {
		r.raw("</a>")
	}
}

func (r *renderer) gallery(b *Block) {
	r.raw("<figure")
	class := "gallery"
	if b.Align != "" {
		class += " align-" + string(b.Align)
	}
	r.attr("class", class)
	r.attr("dir", b.Dir)
	r.number("data-columns", b.Columns)
	r.raw(">")
	for _, i := range b.Images {
		r.raw("<figure>")
		r.image(i)
		r.caption(i.Caption, i.Credit)
		r.raw("</figure>")
	}
	r.caption(b.Caption, "")
	r.raw("</figure>")
}

func (r *renderer) media(b *Block) {
	r.open("figure", "", b)
	if m, ok := r.find(b.MediaID, b.URL); ok {
		name := "audio"
		if b.Kind == Video {
			name = "video"
		}
		r.raw("<", name)
		r.attr("data-media-id", b.MediaID)
		r.attr("src", m.URL)
		r.attr("poster", b.Poster)
		r.raw(` controls=""`)
		r.number("width", b.Width)
		r.number("height", b.Height)
		r.raw("></", name, ">")
	}
	r.caption(b.Caption, b.Credit)
	r.raw("</figure>")
}

func (r *renderer) file(b *Block) {
	m, ok := r.find(b.MediaID, b.URL)
	if !ok {
		return
	}
	r.open("p", "file", b)
	r.raw("<a")
	r.attr("href", either(m.URL, "#"+b.MediaID))
	r.raw(` download=""`)
	r.attr("data-media-id", b.MediaID)
	r.raw(">")
	r.text(either(b.Name, m.URL))
	r.raw("</a></p>")
}

func (r *renderer) table(b *Block) {
	r.open("table", "", b)
	if b.Caption != "" {
		r.raw("<caption>", b.Caption, "</caption>")
	}
	r.rows("thead", b.Head, true)
	r.rows("tbody", b.Rows, false)
	r.raw("</table>")
}

func (r *renderer) rows(section string, rows []TableRow, head bool) {
	if len(rows) == 0 {
		return
	}
	r.raw("<", section, ">")
	for _, row := range rows {
		r.raw("<tr>")
		for i := range row.Cells {
			c := &row.Cells[i]
			name, scope := "td", ""
			switch {
			case head:
				name, scope = "th", "col"
			case c.Header:
				name, scope = "th", "row"
			}
			r.raw("<", name)
			if c.Align != "" {
				r.attr("class", "align-"+string(c.Align))
			}
			if c.ColSpan > 1 {
				r.number("colspan", c.ColSpan)
			}
			if c.RowSpan > 1 {
				r.number("rowspan", c.RowSpan)
			}
			r.attr("scope", scope)
			r.raw(">", c.HTML, "</", name, ">")
		}
		r.raw("</tr>")
	}
	r.raw("</", section, ">")
}
