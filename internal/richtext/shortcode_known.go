package richtext

import (
	"html"
	"strings"
)

// known writes what a call stands for, and reports false when nobody knows.
func (e *expander) known(c call) bool {
	esc := html.EscapeString
	switch c.name {
	case "ref", "relref", "tmp", "link", "url":
		target := e.reference(either(c.get("path", "href"), c.at(0)))
		if e.wantsURL() {
			e.url(target)
		} else if text := c.get("text", "title"); text != "" {
			e.b.WriteString(e.place(`<a href="` + esc(target) + `">` + esc(text) + `</a>`))
		}
		return true
	case "asset-static", "asset", "download", "file":
		file := e.asset(c.name, either(c.get("file", "src", "href"), c.at(0)))
		if e.wantsURL() {
			e.url(file)
		} else {
			e.b.WriteString(e.place(`<a href="` + esc(file) + `">` + esc(either(c.get("label", "text", "title"), file)) + `</a>`))
		}
		return true
	case "button":
		if c.closes || c.get("href", "url", "link") == "" {
			return true
		}
		e.b.WriteString(e.place(`<p class="button"><a href="` + esc(c.get("href", "url", "link")) + `">` + esc(c.get("text", "label", "title")) + `</a></p>`))
		return true
	case "youtube", "vimeo", "tweet", "twitter", "x", "instagram", "spotify", "dailymotion":
		address := embedAddress(c)
		if address == "" {
			return false
		}
		e.b.WriteString(e.place(`<iframe src="` + esc(address) + `" title="` + esc(c.get("title")) + `"></iframe>`))
		return true
	case "audio", "video":
		if src := e.asset(c.name, either(c.get("src", "mp4", "file"), c.at(0))); src != "" {
			e.b.WriteString(e.place("<" + c.name + ` src="` + esc(src) + `"></` + c.name + ">"))
		}
		return true
	case "quote-block", "pullquote", "blockquote", "quote":
		if text := c.get("text", "quote"); text != "" {
			cite := c.get("cite", "author", "attribution")
			if cite != "" {
				cite = "<footer>" + esc(cite) + "</footer>"
			}
			e.b.WriteString(e.place("<blockquote><p>" + esc(text) + "</p>" + cite + "</blockquote>"))
			return true
		}
		e.boundary(c)
		return true
	case "highlight", "mark":
		if c.closes {
			e.b.WriteString("</mark>")
		} else {
			e.b.WriteString("<mark>")
		}
		return true
	case "note", "notice", "warning", "tip", "info", "box", "callout", "admonition", "alert", "aside", "ring", "card", "accordion",
		"details", "expand", "columns", "column", "row", "rawhtml":
		e.boundary(c)
		return true
	}
	if c.name == "figure" || c.name == "image" || strings.HasSuffix(c.name, "-figure") || strings.HasSuffix(c.name, "-image") || strings.HasPrefix(c.name, "img") || strings.Contains(c.name, "-img") {
		return e.image(c)
	}
	return false
}

// boundary stands for one end of a container: its title stays, its content is ordinary text.
func (e *expander) boundary(c call) {
	if title := c.get("title", "heading"); title != "" && !c.closes {
		e.b.WriteString("\n\n" + e.place("<p><strong>"+html.EscapeString(title)+"</strong></p>") + "\n\n")
	}
}

func embedAddress(c call) string {
	id := either(c.get("id", "url", "src"), c.at(0))
	if strings.HasPrefix(id, "http") {
		return id
	}
	if !token(id) {
		return ""
	}
	switch c.name {
	case "youtube":
		return "https://www.youtube.com/embed/" + id
	case "vimeo":
		return "https://player.vimeo.com/video/" + id
	case "instagram":
		return "https://www.instagram.com/p/" + id + "/"
	case "dailymotion":
		return "https://www.dailymotion.com/video/" + id
	case "tweet", "twitter", "x":
		user := either(c.get("user"), "i")
		if c.at(1) != "" {
			user, id = c.at(0), c.at(1)
		}
		return "https://x.com/" + user + "/status/" + id
	}
	return ""
}

func (e *expander) image(c call) bool {
	esc := html.EscapeString
	src := e.asset(c.name, either(c.get("src", "path", "file", "url"), c.at(0)))
	if src == "" {
		return c.closes
	}
	if e.wantsURL() {
		e.url(src)
		return true
	}
	alt, caption, credit := c.get("alt"), c.get("caption"), c.get("credit", "attr", "attribution")
	class := ""
	for _, side := range []string{string(AlignLeft), string(AlignRight), string(AlignCenter)} {
		if strings.HasSuffix(c.name, "-"+side) || c.get("align") == side {
			class = ` class="align-` + side + `"`
		}
	}
	out := "<img" + class + ` src="` + esc(src) + `" alt="` + esc(alt) + `">`
	if link := c.get("link", "href"); link != "" {
		out = `<a href="` + esc(link) + `">` + out + `</a>`
	}
	if title := c.get("title"); title != "" {
		caption = strings.TrimSpace("<strong>" + esc(title) + "</strong> " + esc(caption))
	} else {
		caption = esc(caption)
	}
	if caption != "" || credit != "" {
		by := ""
		if credit != "" {
			by = ` <small class="credit">` + esc(credit) + `</small>`
		}
		out = "<figure" + class + ">" + out + "<figcaption>" + caption + by + "</figcaption></figure>"
	}
	e.b.WriteString(e.place(out))
	return true
}
