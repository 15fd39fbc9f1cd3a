package richtext

import (
	"strings"

	a "golang.org/x/net/html/atom"
)

// figure converts its content as if it stood alone, then gives the caption to what came out. So nothing in a figure can
// get lost, whatever it holds.
func (c *converter) figure(n *node, s scope) {
	if provider := n.attr("data-provider"); provider != "" || n.has("data-url") {
		if b, ok := c.ownEmbed(n); ok {
			c.emit(b)
			return
		}
	}
	body := &node{}
	var caption, credit string
	for k := n.first; k != nil; k = k.next {
		if k.tag == a.Figcaption || k.class("wp-caption-text") {
			text, by := c.captionOf(k)
			caption, credit = joinLines(caption, text), joinLines(credit, by)
			continue
		}
		kept := *k
		kept.next = nil
		body.block = body.block || k.block
		if body.last == nil {
			body.first = &kept
		} else {
			body.last.next = &kept
		}
		body.last = &kept
	}
	inner := s
	inner.kind, inner.level, inner.anchor = Paragraph, 0, ""
	blocks := c.sub(body, inner)
	pictures := len(blocks) > 0
	for _, b := range blocks {
		pictures = pictures && b.Kind == Picture
	}
	switch {
	case len(blocks) == 1 && blocks[0].Kind == Quote && n.class("pull-quote", "wp-block-pullquote"):
		b := blocks[0]
		b.Kind, b.Citation, b.Align = PullQuote, joinLines(b.Citation, joinLines(caption, credit)), s.align
		blocks, caption, credit = []Block{b}, "", ""
	case pictures && (len(blocks) > 1 || n.class("gallery", "wp-block-gallery")):
		b := Block{Kind: Gallery, Caption: caption, Columns: columnsOf(n), Align: s.align, Dir: s.dir}
		for _, p := range blocks {
			b.Images = append(b.Images, Image{p.MediaID, p.URL, p.Alt, p.Caption, p.Credit, p.Href, p.Width, p.Height, p.OwnWords})
		}
		blocks, caption = []Block{b}, ""
	case len(blocks) == 1:
		b := &blocks[0]
		switch b.Kind {
		case Picture, Video, Audio:
			b.Caption, b.Credit = joinLines(b.Caption, caption), joinLines(b.Credit, credit)
			b.Align, b.Dir = s.align, s.dir
			caption, credit = "", ""
		case Table, Embed:
			b.Caption = joinLines(b.Caption, joinLines(caption, credit))
			b.Dir = s.dir
			caption, credit = "", ""
		case Quote:
			b.Citation = joinLines(b.Citation, joinLines(caption, credit))
			caption, credit = "", ""
		}
	}
	c.out = append(c.out, blocks...)
	if text := joinLines(caption, credit); text != "" {
		c.emit(Block{Kind: Paragraph, HTML: text, Dir: s.dir})
	}
}

// captionOf parts a caption from the credit of the photographer at its end.
func (c *converter) captionOf(n *node) (caption, credit string) {
	w := writer{base: c.base, notes: c.notes}
	rest := &node{block: n.block}
	for k := n.first; k != nil; k = k.next {
		if k.class("credit", "wp-media-credit", "media-credit") {
			credit = joinLines(credit, c.inline(k))
			continue
		}
		kept := *k
		kept.next = nil
		if rest.last == nil {
			rest.first = &kept
		} else {
			rest.last.next = &kept
		}
		rest.last = &kept
	}
	w.flat(rest)
	return w.finish(), credit
}

func columnsOf(n *node) int {
	if v := number(n.attr("data-columns"), 12); v > 0 {
		return v
	}
	for class := range strings.FieldsSeq(n.attr("class")) {
		if v, ok := strings.CutPrefix(strings.TrimPrefix(class, "gallery-"), "columns-"); ok {
			return number(v, 12)
		}
	}
	return 0
}

// ownEmbed reads the figure [HTML] writes for an embed.
func (c *converter) ownEmbed(n *node) (Block, bool) {
	b := Block{Kind: Embed, Dir: dirOf(n)}
	b.Provider, b.URL = canonicalEmbed(n.attr("data-url"))
	if b.Provider == "" {
		return b, false
	}
	for k := n.first; k != nil; k = k.next {
		switch {
		case k.tag == a.A && !k.block:
			if t := plainField(plain(k)); t != b.URL {
				b.Title = t
			}
		case k.tag == a.Figcaption:
			b.Caption = joinLines(b.Caption, c.inline(k))
		case !k.blank():
			return b, false
		}
	}
	return b, true
}

func (c *converter) image(n *node, s scope) {
	b := Block{
		Kind: Picture, Alt: plainField(n.attr("alt")), Align: s.align, Dir: s.dir,
		Width: number(n.attr("width"), maxPixels), Height: number(n.attr("height"), maxPixels),
	}
	if n.has("width") && n.has("height") && b.Width <= 1 && b.Height <= 1 && b.Alt == "" {
		c.notes.add("tracking pixel removed")
		return
	}
	if id := n.attr("data-media-id"); validMediaID(id) {
		b.MediaID, b.OwnWords = id, n.has("data-own-words")
	} else {
		for _, name := range []string{"data-src", "data-lazy-src", "data-original", "src"} { // lazy loaders hide the real one
			if u, ok := safeURL(n.attr(name), mediaURL, c.base); ok {
				b.URL = u
				break
			}
		}
	}
	if b.MediaID == "" && b.URL == "" {
		if b.Alt != "" {
			c.notes.add("image without usable address turned into its alt text")
			c.emit(Block{Kind: Paragraph, HTML: string(appendEscaped(nil, b.Alt, false)), Dir: s.dir})
		} else {
			c.notes.add("image without usable address removed")
		}
		return
	}
	for _, w := range c.wrappers {
		if w.tag != a.A {
			continue
		}
		if href, ok := safeURL(w.attr("href"), linkURL, c.base); ok && href != b.URL {
			b.Href = href
		}
	}
	c.emit(b)
}

// frame converts what shows another page inside ours: known players become an embed, others a link.
func (c *converter) frame(n *node) {
	raw := n.attr("src")
	for _, name := range []string{"data", "data-src", "data-lazy-src"} {
		if raw == "" || strings.HasPrefix(raw, "about:") {
			raw = n.attr(name)
		}
	}
	title := plainField(n.attr("title"))
	if provider, address := canonicalEmbed(raw); provider != "" {
		if address, ok := safeURL(address, mediaURL, nil); ok {
			c.emit(Block{Kind: Embed, Provider: provider, URL: address, Title: title})
			return
		}
	}
	address, ok := safeURL(raw, mediaURL, c.base)
	if !ok || !strings.HasPrefix(address, "http") {
		c.notes.add(n.tag.String() + " removed")
		return
	}
	c.notes.add(n.tag.String() + " of unknown site turned into a link")
	if title == "" {
		title = address
	}
	w := writer{}
	w.element(linkNode(address, title))
	c.emit(Block{Kind: Paragraph, HTML: w.finish()})
}

// postOf finds the address of the post that a block quote of a social site stands for.
func postOf(n *node) (provider, address string) {
	for _, name := range []string{"cite", "data-instgrm-permalink", "data-href"} {
		if provider, address = canonicalEmbed(n.attr(name)); provider != "" {
			return provider, address
		}
	}
	for k := n.first; k != nil; k = k.next {
		href := ""
		if k.tag == a.A {
			href = k.attr("href")
		}
		p, u := canonicalEmbed(href)
		if p == "" && k.first != nil {
			p, u = postOf(k)
		}
		if p != "" {
			provider, address = p, u // the last link is the one to the post itself
		}
	}
	return provider, address
}

func (c *converter) media(n *node, s scope) {
	b := Block{Kind: Video, Align: s.align, Dir: s.dir}
	if n.tag == a.Audio {
		b.Kind = Audio
	} else {
		b.Width, b.Height = number(n.attr("width"), maxPixels), number(n.attr("height"), maxPixels)
		if u, ok := safeURL(n.attr("poster"), mediaURL, c.base); ok {
			b.Poster = u
		}
	}
	b.URL, _ = safeURL(n.attr("src"), mediaURL, c.base)
	if id := n.attr("data-media-id"); validMediaID(id) {
		b.MediaID, b.URL, b.OwnWords = id, "", n.has("data-own-words")
	}
	for k := n.first; k != nil && b.URL == "" && b.MediaID == ""; k = k.next {
		if k.tag == a.Source {
			b.URL, _ = safeURL(k.attr("src"), mediaURL, c.base)
		}
	}
	if b.URL == "" && b.MediaID == "" {
		c.notes.add(n.tag.String() + " without usable address removed")
		c.flow(n, s) // the fallback is all there is to see
		return
	}
	c.emit(b)
}
