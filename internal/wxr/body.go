package wxr

import (
	"fmt"
	"html"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/broadsheet-cms/broadsheet/internal/richtext"
)

// BodyOptions say what a body alone does not tell.
type BodyOptions struct {
	// Base makes relative addresses absolute.
	Base *url.URL
	// ByID and ByAddress give the id of a file of ours by the key of its
	// attachment and by its old address; empty: there is none. Nil knows none.
	ByID      func(id int) string
	ByAddress func(address string) string
	// Attached gives the keys of the files that hang on the post, by their kind
	// (image, audio, video): what a gallery or playlist shows that names none.
	Attached func(kind string) []int
	// Pattern gives the body of a reusable block.
	Pattern func(id int) (string, bool)
	// Title gives the title of an attachment, for lists of sounds and films.
	Title func(id int) string
	// Footnotes are the texts of footnotes, which WordPress keeps beside the body.
	Footnotes []Footnote
	// Shortcodes say what becomes of shortcodes that WordPress itself does not know.
	Shortcodes ShortcodeRules
	// Apart takes the calls of shortcodes that nobody knows, as they were written.
	Apart func(call string)
}

// Convert makes the blocks of a body. The notes count what was dropped or
// changed: by package richtext, and here blocks and shortcodes by name.
func Convert(body string, opts BodyOptions) ([]richtext.Block, richtext.Notes) {
	c := &converter{opts: opts, notes: richtext.Notes{}, opened: map[string]bool{}, apart: map[string]bool{}}
	text := c.body(c.markFootnotes(body))
	text += c.writeFootnotes()
	blocks, notes := richtext.FromHTML(text, richtext.Options{Base: opts.Base})
	c.unlink(blocks)
	c.linkAddresses(blocks)
	for name, n := range c.notes {
		notes[name] += n
	}
	return blocks, notes
}

type converter struct {
	opts      BodyOptions
	notes     richtext.Notes
	depth     int             // of reusable blocks and shortcodes within one another
	size      int             // of what they gave
	opened    map[string]bool // shortcodes whose tags were taken away
	apart     map[string]bool // shortcodes that were kept apart
	footnotes []string        // that were not written so far, as HTML of an item
	numbered  int             // footnotes so far
}

// linkAddresses makes links of paragraphs that are nothing but an address: WordPress
// shows what is there.
func (c *converter) linkAddresses(blocks []richtext.Block) {
	for i := range blocks {
		b := &blocks[i]
		if b.Kind != richtext.Paragraph || !strings.HasPrefix(b.HTML, "http") || strings.ContainsAny(b.HTML, " <") {
			continue
		}
		address := html.UnescapeString(b.HTML)
		if u, err := url.Parse(address); err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" {
			continue
		}
		b.HTML = `<a href="` + html.EscapeString(address) + `">` + b.HTML + `</a>`
		c.note("address alone on a line turned into a link")
	}
}

// maxExpansion bounds what reusable blocks and galleries make of a body.
const maxExpansion = 8 << 20

const maxNotes = 200

func (c *converter) note(format string, args ...any) {
	name := fmt.Sprintf(format, args...)
	if _, ok := c.notes[name]; !ok && len(c.notes) >= maxNotes {
		name = "further changes"
	}
	c.notes[name]++
}

// body makes plain HTML of a body.
func (c *converter) body(body string) string {
	if !HasBlocks(body) {
		return c.annotate(c.classic(body), 0)
	}
	var out strings.Builder
	for _, b := range ParseBlocks(body) {
		if b.Name == "" {
			out.WriteString(c.annotate(c.classic(b.HTML), 0))
			continue
		}
		c.block(&out, &b)
	}
	return out.String()
}

// classic is for what the classic editor has written.
func (c *converter) classic(body string) string {
	return Paragraphs(ExpandShortcodes(body, c.shortcode))
}

// withoutContent are blocks that a server fills when a page is shown.
var withoutContent = map[string]bool{
	"core/latest-posts": true, "core/latest-comments": true, "core/archives": true, "core/calendar": true, "core/categories": true,
	"core/search": true, "core/rss": true, "core/tag-cloud": true, "core/page-list": true, "core/loginout": true, "core/query": true,
	"core/post-title": true, "core/post-content": true, "core/site-title": true, "core/navigation": true, "core/social-links": true,
}

// filled begin the names of further blocks that a server fills.
var filled = []string{"core/post-", "core/site-", "core/query", "core/comment", "core/term", "core/avatar", "core/read-more", "core/home-link", "core/navigation", "core/template-part"}

// kept are blocks that are blocks here as well, or hold others and show nothing themselves.
var kept = func() map[string]bool {
	m := map[string]bool{}
	for name := range strings.FieldsSeq(`paragraph heading list list-item quote pullquote code preformatted table image gallery video audio file buttons button
		separator html freeform group row stack column missing subhead text-columns`) {
		m["core/"+name] = true
	}
	return m
}()

// changed says what becomes of blocks that have no like here.
var changed = map[string]string{
	"core/columns":    "what stood side by side follows one another",
	"core/media-text": "what stood side by side follows one another",
	"core/cover":      "its picture stands before its text",
	"core/details":    "kept as HTML",
}

// block writes what a block shows.
func (c *converter) block(out *strings.Builder, b *Block) {
	switch b.Name {
	case "core/freeform":
		out.WriteString(c.annotate(c.classic(b.ownHTML()), 0))
		return
	case "core/shortcode":
		out.WriteString(c.annotate(c.classic(strings.TrimSpace(b.ownHTML())), 0))
		return
	case "core/more", "core/nextpage", "core/spacer":
		return
	case "core/block":
		c.pattern(out, b.id("ref"))
		return
	case "core/embed":
		c.embed(out, b)
		return
	case "core/gallery":
		c.gallery(out, b)
		return
	case "core/footnotes":
		out.WriteString(c.writeFootnotes())
		return
	case "core/math":
		if latex := strings.TrimSpace(b.text("latex")); latex != "" {
			c.note("block core/math: its formula kept as code")
			out.WriteString("<p><code>" + html.EscapeString(latex) + "</code></p>")
			return
		}
	case "core/verse":
		c.note("block core/verse: kept as a paragraph with its lines")
		own := b.ownHTML()
		out.WriteString("<p>" + strings.ReplaceAll(strings.TrimSpace(dropTags(own, "pre")), "\n", "<br>") + "</p>")
		return
	case "core/cover":
		if address := b.text("url"); address != "" && !strings.Contains(b.ownHTML(), "<img") && b.text("backgroundType") != "video" {
			out.WriteString(c.annotate(`<img src="`+html.EscapeString(address)+`" alt="">`, b.id("id")))
		}
	}
	if strings.HasPrefix(b.Name, "core-embed/") {
		c.embed(out, b)
		return
	}
	before := out.Len()
	id := 0
	switch b.Name {
	case "core/image", "core/video", "core/audio", "core/file", "core/cover":
		id = b.id("id")
	case "core/media-text":
		id = b.id("mediaId")
	}
	for i := range b.Inner {
		if in := &b.Inner[i]; in.Name != "" {
			c.block(out, in)
		} else {
			out.WriteString(c.annotate(ExpandShortcodes(in.HTML, c.shortcode), id))
		}
	}
	switch empty := strings.TrimSpace(out.String()[before:]) == ""; {
	case withoutContent[b.Name], strings.HasPrefix(b.Name, "core/") && empty && slices.ContainsFunc(filled, func(p string) bool { return strings.HasPrefix(b.Name, p) }):
		c.note("block %s is filled by WordPress: left out", b.Name)
	case changed[b.Name] != "":
		c.note("block %s: %s", b.Name, changed[b.Name])
	case kept[b.Name]:
	case empty:
		c.note("block %s has no content of its own: left out", b.Name)
	default:
		c.note("block %s is not known: its HTML kept", b.Name)
	}
}

// pattern writes a reusable block.
func (c *converter) pattern(out *strings.Builder, id int) {
	var body string
	var ok bool
	if c.opts.Pattern != nil && c.depth < maxShortcodeDepth {
		body, ok = c.opts.Pattern(id)
	}
	if c.size += len(body); !ok || c.size > maxExpansion {
		c.note("reusable block that is not in the export: left out")
		return
	}
	c.depth++
	out.WriteString(c.body(body))
	c.depth--
}

// embed writes a block that shows a page of another site. Its address stands
// as text in the HTML, which package richtext knows for the great sites; the
// others become links.
func (c *converter) embed(out *strings.Builder, b *Block) {
	own := b.ownHTML()
	address := strings.TrimSpace(b.text("url"))
	if address == "" || strings.Contains(own, "<iframe") || !strings.HasPrefix(address, "http") {
		out.WriteString(c.annotate(own, 0))
		return
	}
	caption := ""
	if _, rest, ok := strings.Cut(own, "<figcaption"); ok {
		caption, _, _ = strings.Cut(rest, "</figcaption>")
		caption = "<figcaption" + caption + "</figcaption>"
	}
	out.WriteString(`<figure><iframe src="` + html.EscapeString(address) + `"></iframe>` + caption + `</figure>`)
}

// gallery writes the pictures of a gallery block in any of its three shapes:
// list items, list items in a figure, figures in a figure.
func (c *converter) gallery(out *strings.Builder, b *Block) {
	columns := b.id("columns")
	var inner strings.Builder
	for i := range b.Inner {
		if in := &b.Inner[i]; in.Name != "" {
			c.block(&inner, in)
		} else {
			inner.WriteString(in.HTML)
		}
	}
	text := inner.String()
	if columns == 0 {
		if _, rest, ok := strings.Cut(text, "columns-"); ok {
			columns, _ = strconv.Atoi(rest[:min(1, len(rest))])
		}
	}
	class := "wp-block-gallery"
	if columns > 0 && columns <= 12 {
		class += " columns-" + strconv.Itoa(columns)
	}
	text = strings.TrimSpace(dropTags(text, "ul", "ol", "li"))
	if strings.HasPrefix(text, "<figure") && strings.Contains(text[:strings.IndexByte(text+">", '>')], "wp-block-gallery") {
		text = strings.TrimSuffix(text[strings.IndexByte(text, '>')+1:], "</figure>")
	}
	out.WriteString(`<figure class="` + class + `">` + c.annotate(text, 0) + "</figure>")
}
