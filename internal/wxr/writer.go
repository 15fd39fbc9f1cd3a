package wxr

import (
	"bufio"
	"encoding/json"
	"fmt"
	"html"
	"io"
	"iter"
	"regexp"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/broadsheet-cms/broadsheet/internal/richtext"
)

// Writer writes an export in version 1.2, one thing after another in bounded memory:
// the site, its authors, its terms, its items. Close ends the file.
type Writer struct {
	out  *bufio.Writer
	zone *time.Location
	err  error
}

// Space of names, and what WordPress' own importer looks for to know its kind.
const head = `<?xml version="1.0" encoding="UTF-8" ?>
<rss version="2.0"
	xmlns:excerpt="http://wordpress.org/export/1.2/excerpt/"
	xmlns:content="http://purl.org/rss/1.0/modules/content/"
	xmlns:wfw="http://wellformedweb.org/CommentAPI/"
	xmlns:dc="http://purl.org/dc/elements/1.1/"
	xmlns:wp="http://wordpress.org/export/1.2/"
>
<channel>
`

// NewWriter begins a file with what it says of the site. Dates by the site's clock are
// those of a zone.
func NewWriter(w io.Writer, s Site, zone *time.Location, at time.Time) *Writer {
	out := &Writer{out: bufio.NewWriterSize(w, 64<<10), zone: zone}
	out.raw(head)
	out.element("\t", "title", s.Title)
	out.element("\t", "link", s.Link)
	out.element("\t", "description", s.Description)
	out.element("\t", "pubDate", at.UTC().Format(time.RFC1123Z))
	out.element("\t", "language", s.Language)
	out.element("\t", "wp:wxr_version", "1.2")
	out.element("\t", "wp:base_site_url", s.Link)
	out.element("\t", "wp:base_blog_url", s.Link)
	return out
}

func (w *Writer) raw(parts ...string) {
	for _, p := range parts {
		if w.err == nil {
			_, w.err = w.out.WriteString(p)
		}
	}
}

// legal replaces what XML 1.0 has no character for.
func legal(text string) string {
	bad := func(r rune) bool { return forbidden(r) || r == utf8.RuneError }
	if utf8.ValidString(text) && strings.IndexFunc(text, bad) < 0 {
		return text
	}
	return strings.Map(func(r rune) rune {
		if bad(r) {
			return utf8.RuneError
		}
		return r
	}, text)
}

func (w *Writer) cdata(text string) {
	w.raw("<![CDATA[", strings.ReplaceAll(legal(text), "]]>", "]]]]><![CDATA[>"), "]]>")
}

// element writes an element with its text.
func (w *Writer) element(indent, name, text string) {
	w.raw(indent, "<", name, ">")
	w.cdata(text)
	w.raw("</", name, ">\n")
}

func (w *Writer) number(indent, name string, n int) {
	w.raw(indent, "<", name, ">", strconv.Itoa(n), "</", name, ">\n")
}

// Author writes an author of the site.
func (w *Writer) Author(a Author) error {
	w.raw("\t<wp:author>\n")
	w.number("\t\t", "wp:author_id", a.ID)
	for _, e := range [][2]string{{"login", a.Login}, {"email", a.Email}, {"display_name", a.DisplayName}, {"first_name", a.First}, {"last_name", a.Last}} {
		w.element("\t\t", "wp:author_"+e[0], e[1])
	}
	w.raw("\t</wp:author>\n")
	return w.err
}

// Term writes a section, a tag or a word of another taxonomy. A parent comes before what
// is below it.
func (w *Writer) Term(t Term) error {
	type names struct{ element, slug, parent, name, description string }
	n := names{"wp:term", "wp:term_slug", "wp:term_parent", "wp:term_name", "wp:term_description"}
	switch t.Taxonomy {
	case "category":
		n = names{"wp:category", "wp:category_nicename", "wp:category_parent", "wp:cat_name", "wp:category_description"}
	case "post_tag":
		n = names{"wp:tag", "wp:tag_slug", "", "wp:tag_name", "wp:tag_description"}
	}
	w.raw("\t<", n.element, ">\n")
	w.number("\t\t", "wp:term_id", t.ID)
	if n.element == "wp:term" {
		w.element("\t\t", "wp:term_taxonomy", t.Taxonomy)
	}
	w.element("\t\t", n.slug, t.Slug)
	if n.parent != "" {
		w.element("\t\t", n.parent, t.Parent)
	}
	w.element("\t\t", n.name, t.Name)
	if t.Description != "" {
		w.element("\t\t", n.description, t.Description)
	}
	w.raw("\t</", n.element, ">\n")
	return w.err
}

// Item writes an item. Its comments are those of the sequence alone.
func (w *Writer) Item(it *Item, comments iter.Seq2[Comment, error]) error {
	w.raw("\t<item>\n")
	w.element("\t\t", "title", it.Title)
	w.element("\t\t", "link", it.Link)
	if !it.DateGMT.IsZero() {
		w.element("\t\t", "pubDate", it.DateGMT.UTC().Format(time.RFC1123Z))
	}
	w.element("\t\t", "dc:creator", it.Creator)
	w.raw("\t\t<guid isPermaLink=\"false\">")
	w.cdata(it.GUID)
	w.raw("</guid>\n\t\t<description></description>\n")
	w.element("\t\t", "content:encoded", it.Content)
	w.element("\t\t", "excerpt:encoded", it.Excerpt)
	w.number("\t\t", "wp:post_id", it.ID)
	local := it.Date
	if !it.DateGMT.IsZero() {
		local = it.DateGMT
	}
	w.moment("wp:post_date", local, w.zone)
	w.moment("wp:post_date_gmt", it.DateGMT, time.UTC)
	w.moment("wp:post_modified", it.Modified, w.zone)
	w.moment("wp:post_modified_gmt", it.Modified, time.UTC)
	w.element("\t\t", "wp:comment_status", it.CommentStatus)
	w.element("\t\t", "wp:ping_status", "closed")
	w.element("\t\t", "wp:post_name", it.Name)
	w.element("\t\t", "wp:status", it.Status)
	w.number("\t\t", "wp:post_parent", it.Parent)
	w.number("\t\t", "wp:menu_order", it.MenuOrder)
	w.element("\t\t", "wp:post_type", it.Type)
	w.element("\t\t", "wp:post_password", it.Password)
	sticky := 0
	if it.Sticky {
		sticky = 1
	}
	w.number("\t\t", "wp:is_sticky", sticky)
	if it.AttachmentURL != "" {
		w.element("\t\t", "wp:attachment_url", it.AttachmentURL)
	}
	for _, t := range it.Terms {
		w.raw("\t\t<category domain=\"", attribute(t.Domain), "\" nicename=\"", attribute(t.Slug), "\">")
		w.cdata(t.Name)
		w.raw("</category>\n")
	}
	for _, m := range it.Meta {
		w.raw("\t\t<wp:postmeta>\n")
		w.element("\t\t\t", "wp:meta_key", m.Key)
		w.element("\t\t\t", "wp:meta_value", m.Value)
		w.raw("\t\t</wp:postmeta>\n")
	}
	if comments != nil {
		for c, err := range comments {
			if err != nil {
				return err
			}
			w.comment(&c)
		}
	}
	w.raw("\t</item>\n")
	return w.err
}

func attribute(text string) string { return html.EscapeString(legal(text)) }

func (w *Writer) moment(name string, at time.Time, zone *time.Location) {
	text := "0000-00-00 00:00:00"
	if !at.IsZero() {
		text = at.In(zone).Format(dateLayout)
	}
	w.element("\t\t", name, text)
}

func (w *Writer) comment(c *Comment) {
	w.raw("\t\t<wp:comment>\n")
	w.number("\t\t\t", "wp:comment_id", c.ID)
	w.element("\t\t\t", "wp:comment_author", c.Author)
	w.element("\t\t\t", "wp:comment_author_email", c.Email)
	w.element("\t\t\t", "wp:comment_author_url", c.URL)
	w.element("\t\t\t", "wp:comment_author_IP", "")
	w.element("\t\t\t", "wp:comment_date", c.Date.In(w.zone).Format(dateLayout))
	w.element("\t\t\t", "wp:comment_date_gmt", c.Date.UTC().Format(dateLayout))
	w.element("\t\t\t", "wp:comment_content", c.Content)
	w.element("\t\t\t", "wp:comment_approved", c.Approved)
	w.element("\t\t\t", "wp:comment_type", c.Type)
	w.number("\t\t\t", "wp:comment_parent", c.Parent)
	w.number("\t\t\t", "wp:comment_user_id", c.UserID)
	w.raw("\t\t</wp:comment>\n")
}

// Close ends the file. It closes nothing that it was given.
func (w *Writer) Close() error {
	w.raw("</channel>\n</rss>\n")
	if w.err == nil {
		w.err = w.out.Flush()
	}
	if w.err != nil {
		return fmt.Errorf("write an export: %w", w.err)
	}
	return nil
}

// Body writes blocks as the block editor has them: the plain ones as its own, so that
// they can be edited there, all others as HTML. Number gives that of a file of ours by
// its id, 0 for none; html writes one block as HTML with absolute addresses.
func Body(blocks []richtext.Block, number func(id string) int, html func(b richtext.Block) string) string {
	var out strings.Builder
	for _, b := range blocks {
		text := mediaID.ReplaceAllString(html(b), "")
		if text == "" {
			continue
		}
		if out.Len() > 0 {
			out.WriteString("\n\n")
		}
		name, attrs, inner := ofEditor(&b, text, number)
		attributes := ""
		if len(attrs) > 0 {
			encoded, _ := json.Marshal(attrs) // texts and numbers
			attributes = " " + strings.ReplaceAll(string(encoded), "--", `\u002d\u002d`)
		}
		out.WriteString("<!-- wp:" + name + attributes + " -->\n" + called.ReplaceAllString(inner, "&#91;$1") + "\n<!-- /wp:" + name + " -->")
	}
	return out.String()
}

var (
	mediaID = regexp.MustCompile(` data-media-id="[^"]*"`)
	// called is what WordPress may take for a shortcode.
	called = regexp.MustCompile(`\[(\[?/?[A-Za-z])`)
)

// ofEditor says which block of the editor a block is, with its attributes and HTML.
func ofEditor(b *richtext.Block, text string, number func(id string) int) (name string, attrs map[string]any, inner string) {
	if b.Dir != "" || b.Align != "" && b.Kind != richtext.Picture {
		return "html", nil, text
	}
	switch b.Kind {
	case richtext.Paragraph:
		return "paragraph", nil, text
	case richtext.Heading:
		return "heading", map[string]any{"level": b.Level}, strings.Replace(text, "<h"+strconv.Itoa(b.Level), "<h"+strconv.Itoa(b.Level)+` class="wp-block-heading"`, 1)
	case richtext.List:
		if b.Ordered {
			attrs = map[string]any{"ordered": true}
			if b.Start > 1 {
				attrs["start"] = b.Start
			}
		}
		return "list", attrs, text
	case richtext.Divider:
		return "separator", nil, `<hr class="wp-block-separator has-alpha-channel-opacity"/>`
	case richtext.Quote:
		text = strings.NewReplacer("<footer>", "<cite>", "</footer>", "</cite>").Replace(text)
		return "quote", nil, strings.Replace(text, "<blockquote>", `<blockquote class="wp-block-quote">`, 1)
	case richtext.Embed:
		if b.Title == "" {
			caption := ""
			if b.Caption != "" {
				caption = `<figcaption class="wp-element-caption">` + b.Caption + "</figcaption>"
			}
			return "embed", map[string]any{"url": b.URL, "type": "rich", "providerNameSlug": b.Provider},
				`<figure class="wp-block-embed"><div class="wp-block-embed__wrapper">` + "\n" + html.EscapeString(b.URL) + "\n</div>" + caption + "</figure>"
		}
	case richtext.Picture:
		class := "wp-block-image"
		attrs = map[string]any{}
		if b.Align != "" {
			class += " align" + string(b.Align)
			attrs["align"] = string(b.Align)
			text = strings.Replace(text, ` class="align-`+string(b.Align)+`"`, "", 1)
		}
		text = strings.Replace(text, "<figure>", `<figure class="`+class+`">`, 1)
		if n := number(b.MediaID); n > 0 {
			attrs["id"] = n
			text = strings.Replace(text, "<img", `<img class="wp-image-`+strconv.Itoa(n)+`"`, 1)
		}
		return "image", attrs, text
	}
	return "html", nil, text
}
