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
	if s.Stray {
		return c.unknown(s)
	}
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
	return c.unknown(s)
}

// embedding are shortcodes of plugins that show something of another site, with the address
// of what has the given id.
var embedding = map[string]string{
	"soundcloud": "", "instagram": "", "tweet": "", "twitter": "", "facebook": "", "tiktok": "", "spotify": "", "googlemaps": "", "iframe": "", "embedly": "",
	"documentcloud": "https://www.documentcloud.org/documents/%s", "dailymotion": "https://www.dailymotion.com/video/%s", "flourish": "https://public.flourish.studio/visualisation/%s/",
	"datawrapper": "https://datawrapper.dwcdn.net/%s/", "infogram": "https://infogram.com/%s", "scribd": "https://www.scribd.com/document/%s", "ted": "https://www.ted.com/talks/%s",
}

// bare are names that are shortcodes also without attributes, not words in brackets.
var bare = map[string]bool{"ads": true, "ad": true, "adsense": true, "adrotate": true, "toc": true, "pullquote": true, "divider": true, "dropcap": true, "row": true, "column": true, "clear": true, "newsletter": true}

// unknown is for a shortcode of a plugin: what the mapping says, what others mean by the same
// name, else its tags are taken away and what they enclose stays. One that encloses nothing is
// kept apart.
func (c *converter) unknown(s *Shortcode) (string, bool) {
	if rule, ok := c.opts.Shortcodes[s.Name]; ok {
		if !s.Stray {
			c.note("shortcode %s: %s, by the mapping", s.Name, rule.As)
		}
		switch rule.As {
		case "drop":
			return "", true
		case "text":
			return "", false
		case "html":
			if s.Stray {
				return "", true
			}
			made := rule.fill(s, c.inner(s))
			c.size += len(made)
			return made, true
		}
		return c.unwrap(s, "")
	}
	if s.Stray {
		return "", c.opened[s.Name] || c.apart[s.Name]
	}
	switch {
	case footnoteShortcodes[s.Name] && s.Closed && c.numbered < maxFootnotes:
		return footnoteMark(c.addFootnote(oneLine(c.inner(s)))), true
	case s.Name == "pullquote" || s.Name == "pull_quote" || s.Name == "pull-quote":
		if s.Closed {
			cite := s.get("cite", "author", "source", "attribution", "name")
			if cite != "" {
				cite = "<figcaption>" + html.EscapeString(cite) + "</figcaption>"
			}
			return "\n\n" + `<figure class="pull-quote"><blockquote>` + oneLine(c.inner(s)) + `</blockquote>` + cite + "</figure>\n\n", true
		}
	case s.Name == "media-credit" && s.Closed:
		credit := `<small class="credit">` + html.EscapeString(s.get("name", "link")) + "</small>"
		inner := oneLine(c.inner(s))
		if c.depth > 0 {
			return inner + credit, true // within a caption
		}
		return "\n\n<figure>" + inner + "<figcaption>" + credit + "</figcaption></figure>\n\n", true
	case s.Name == "button" || s.Name == "btn":
		if link := s.get("link", "url", "href"); s.Closed && link != "" {
			return "\n\n" + `<p class="button"><a href="` + html.EscapeString(link) + `">` + oneLine(c.inner(s)) + "</a></p>\n\n", true
		}
	}
	if by, ok := embedding[s.Name]; ok {
		if address := embeddedAddress(s, by); address != "" {
			return "\n\n" + `<iframe src="` + html.EscapeString(address) + `"></iframe>` + "\n\n", true
		}
	}
	if s.Closed {
		return c.unwrap(s, "shortcode %s is not known: unwrapped")
	}
	if s.Wide || c.opened[s.Name] && !s.Empty { // an end stands further behind
		return c.unwrap(s, "shortcode %s is not known: unwrapped")
	}
	if !s.looksCalled() && !bare[s.Name] {
		return "", false
	}
	c.apart[s.Name] = true
	c.note("shortcode %s is not known: kept apart", s.Name)
	if c.opts.Apart != nil {
		c.opts.Apart(s.Raw)
	}
	return "", true
}

// unwrap takes the tags of a call away; a heading that they name stays.
func (c *converter) unwrap(s *Shortcode, note string) (string, bool) {
	if s.Stray {
		return "", true
	}
	c.opened[s.Name] = true
	if note != "" {
		c.note(note, s.Name)
	}
	s.Unwrap = true
	if title := s.get("title", "heading"); title != "" {
		return "\n\n<p><strong>" + html.EscapeString(title) + "</strong></p>\n\n", true
	}
	return "", true
}

// inner is what a call encloses, with the calls in it.
func (c *converter) inner(s *Shortcode) string {
	c.depth++
	defer func() { c.depth-- }()
	return strings.TrimSpace(ExpandShortcodes(s.Text, c.shortcode))
}

// embeddedAddress finds the address of what a call shows.
func embeddedAddress(s *Shortcode, byID string) string {
	candidates := append([]string{s.get("url", "src", "href", "link"), strings.TrimSpace(s.Text)}, s.Values...)
	for _, text := range candidates {
		if text = strings.TrimPrefix(html.UnescapeString(text), "="); strings.HasPrefix(text, "https://") || strings.HasPrefix(text, "http://") {
			return text
		}
	}
	for _, id := range append([]string{s.get("id")}, s.Values...) {
		id = strings.TrimPrefix(strings.TrimPrefix(id, "visualisation/"), "story/")
		if byID != "" && id != "" && len(id) < 100 && !strings.ContainsAny(id, "/?#%<>\"' ") {
			return strings.Replace(byID, "%s", id, 1)
		}
	}
	return ""
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
