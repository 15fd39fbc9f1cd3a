package wxr

import (
	"cmp"
	"html"
	"path"
	"strconv"
	"strings"
)

// shortcode writes what a shortcode of WordPress itself shows, as HTML without
// line feeds, between blank lines where it stands for itself.
func (c *converter) shortcode(s *Shortcode) (string, bool) {
	if c.depth >= maxShortcodeDepth || c.size > maxExpansion {
		return "", false
	}
	switch s.Name {
	case "gallery":
		return c.galleryShortcode(s), true
	case "playlist":
		return c.playlist(s), true
	case "caption", "wp_caption":
		if !s.Closed {
			break
		}
		return c.caption(s), true
	case "audio", "video":
		if made := c.player(s); made != "" {
			return made, true
		}
	case "embed", "youtube", "vimeo":
		address := strings.TrimSpace(s.Text)
		if address == "" {
			address = s.get("src", "url")
		}
		if address == "" && len(s.Values) > 0 {
			address = s.Values[0]
		}
		address = strings.TrimPrefix(html.UnescapeString(address), "=") // [youtube=https://…]
		if strings.HasPrefix(address, "http://") || strings.HasPrefix(address, "https://") {
			return `<iframe src="` + html.EscapeString(address) + `"></iframe>`, true
		}
	}
	if s.looksCalled() {
		c.note("shortcode %s is not known: kept as text", s.Name)
	}
	return "", false
}

// caption writes [caption align="…"]<img …> words[/caption].
func (c *converter) caption(s *Shortcode) string {
	c.depth++
	inner := strings.TrimSpace(ExpandShortcodes(s.Text, c.shortcode))
	c.depth--
	words := s.get("caption")
	if words == "" {
		// The words stand behind the picture and the link around it.
		end := strings.LastIndex(inner, "<img")
		if end >= 0 {
			if tagEnd := strings.IndexByte(inner[end:], '>'); tagEnd >= 0 {
				end += tagEnd + 1
				if rest := strings.TrimLeft(inner[end:], spaces); strings.HasPrefix(rest, "</a>") {
					end = len(inner) - len(rest) + len("</a>")
				}
				inner, words = inner[:end], strings.TrimSpace(inner[end:])
			}
		}
	}
	class := "wp-caption"
	if align := s.get("align"); align != "" && len(align) < 20 {
		class += " " + align
	}
	return "\n\n" + `<figure class="` + html.EscapeString(class) + `">` + oneLine(inner) + "<figcaption>" + oneLine(words) + "</figcaption></figure>\n\n"
}

// oneLine keeps paragraphs out of what is to be one element.
func oneLine(s string) string {
	return strings.ReplaceAll(strings.ReplaceAll(s, "\r", ""), "\n", " ")
}

// maxGallery bounds the pictures of one gallery.
const maxGallery = 500

// ids gives the attachments that a shortcode shows.
func (c *converter) ids(s *Shortcode, kind string) []int {
	list := s.get("ids", "include")
	if list == "" {
		if c.opts.Attached == nil {
			return nil
		}
		ids := c.opts.Attached(kind)
		return ids[:min(len(ids), maxGallery)]
	}
	var ids []int
	for part := range strings.FieldsFuncSeq(list, func(r rune) bool { return r == ',' || r == ' ' }) {
		if id, err := strconv.Atoi(part); err == nil && id > 0 && len(ids) < maxGallery {
			ids = append(ids, id)
		}
	}
	return ids
}

func (c *converter) galleryShortcode(s *Shortcode) string {
	var b strings.Builder
	for _, id := range c.ids(s, "image") {
		if media := c.byID(id); media != "" {
			b.WriteString(`<figure><img data-media-id="` + html.EscapeString(media) + `"></figure>`)
		} else {
			c.note("picture of a gallery that is not in the export: left out")
		}
	}
	c.size += b.Len()
	if b.Len() == 0 {
		c.note("gallery without pictures: left out")
		return ""
	}
	class := "gallery"
	columns := cmp.Or(s.get("columns"), "3")
	if n, err := strconv.Atoi(columns); err == nil && n > 0 && n <= 12 {
		class += " columns-" + columns
	}
	return "\n\n" + `<figure class="` + class + `">` + b.String() + "</figure>\n\n"
}

// playlist writes its sounds or films one after another, each with its title.
func (c *converter) playlist(s *Shortcode) string {
	name := "audio"
	if s.get("type") == "video" {
		name = "video"
	}
	var b strings.Builder
	for _, id := range c.ids(s, name) {
		media := c.byID(id)
		if media == "" {
			c.note("file of a playlist that is not in the export: left out")
			continue
		}
		title := ""
		if c.opts.Title != nil {
			title = c.opts.Title(id)
		}
		b.WriteString("<figure><" + name + ` data-media-id="` + html.EscapeString(media) + `"></` + name + "><figcaption>" + html.EscapeString(title) + "</figcaption></figure>")
	}
	c.size += b.Len()
	if b.Len() == 0 {
		return ""
	}
	return "\n\n" + b.String() + "\n\n"
}

// player writes [audio src="…"] and [video mp4="…"].
func (c *converter) player(s *Shortcode) string {
	address := s.get("src", "mp4", "m4v", "webm", "ogv", "mov", "wmv", "flv", "mp3", "ogg", "m4a", "wav", "wma", "flac")
	if address == "" {
		address = strings.TrimSpace(dropTags(s.Text, "a", "source"))
	}
	if address == "" && len(s.Values) > 0 && path.Ext(s.Values[0]) != "" {
		address = s.Values[0]
	}
	id := 0
	if n, err := strconv.Atoi(s.get("id")); err == nil {
		id = n
	}
	if address == "" && c.byID(id) == "" {
		return ""
	}
	if s.Name == "video" && !strings.Contains(path.Base(address), ".") && strings.HasPrefix(address, "http") {
		return `<iframe src="` + html.EscapeString(address) + `"></iframe>` // of a great site
	}
	var b strings.Builder
	b.WriteString("\n\n<" + s.Name + ` src="` + html.EscapeString(address) + `"`)
	if media := cmp.Or(c.byID(id), c.byAddress(address)); media != "" {
		b.WriteString(` data-media-id="` + html.EscapeString(media) + `"`)
	}
	for _, name := range []string{"poster", "width", "height"} {
		if v := s.get(name); v != "" && s.Name == "video" {
			b.WriteString(" " + name + `="` + html.EscapeString(v) + `"`)
		}
	}
	b.WriteString("></" + s.Name + ">\n\n")
	return b.String()
}
