package wxr

import (
	"html"
	"slices"
	"strconv"
	"strings"

	nethtml "golang.org/x/net/html"

	"github.com/broadsheet-cms/broadsheet/internal/richtext"
)

// dropTags gives a fragment without the tags of some elements; what they hold
// stays.
func dropTags(fragment string, names ...string) string {
	z := nethtml.NewTokenizer(strings.NewReader(fragment))
	var out strings.Builder
	for {
		switch z.Next() {
		case nethtml.ErrorToken:
			out.Write(z.Raw())
			return out.String()
		case nethtml.StartTagToken, nethtml.EndTagToken, nethtml.SelfClosingTagToken:
			raw := string(z.Raw())
			if name, _ := z.TagName(); !slices.Contains(names, string(name)) {
				out.WriteString(raw)
			}
		default:
			out.Write(z.Raw())
		}
	}
}

// annotate writes the ids of our files into the tags that show them: by the
// key of the attachment, which is in a class, in an attribute or in that of the
// block (hint, 0: none), or by the address.
func (c *converter) annotate(fragment string, hint int) string {
	if c.opts.ByID == nil && c.opts.ByAddress == nil || !strings.Contains(fragment, "<") {
		return fragment
	}
	z := nethtml.NewTokenizer(strings.NewReader(fragment))
	var out strings.Builder
	out.Grow(len(fragment) + 64)
	for {
		kind := z.Next()
		if kind == nethtml.ErrorToken {
			out.Write(z.Raw())
			return out.String()
		}
		raw := string(z.Raw())
		if kind == nethtml.StartTagToken || kind == nethtml.SelfClosingTagToken {
			switch name, more := z.TagName(); string(name) {
			case "img", "video", "audio":
				if id := c.fileOf(z, more, hint); id != "" {
					raw = "<" + string(name) + ` data-own-words="" data-media-id="` + html.EscapeString(id) + `"` + raw[1+len(name):]
				}
			case "a":
				if id := c.download(z, more, hint); id != "" {
					raw = `<a data-media-id="` + html.EscapeString(id) + `"` + raw[2:]
				}
			}
		}
		out.WriteString(raw)
	}
}

// fileOf finds the file of ours that a tag shows.
func (c *converter) fileOf(z *nethtml.Tokenizer, more bool, hint int) string {
	var key int
	var address string
	for more {
		var name, value []byte
		name, value, more = z.TagAttr()
		switch string(name) {
		case "data-media-id":
			return ""
		case "class":
			for class := range strings.FieldsSeq(string(value)) {
				if n, ok := strings.CutPrefix(class, "wp-image-"); ok {
					key, _ = strconv.Atoi(n)
				}
			}
		case "data-id", "data-attachment-id":
			if key == 0 {
				key, _ = strconv.Atoi(string(value))
			}
		case "src", "data-src", "data-orig-file":
			if address == "" || string(name) == "data-orig-file" {
				address = string(value)
			}
		}
	}
	if id := c.byID(key); id != "" {
		return id
	}
	if id := c.byID(hint); id != "" {
		return id
	}
	return c.byAddress(address)
}

// download finds the file that a block of a file leads to.
func (c *converter) download(z *nethtml.Tokenizer, more bool, hint int) string {
	if hint == 0 {
		return ""
	}
	for more {
		var name, value []byte
		name, value, more = z.TagAttr()
		if string(name) == "href" && c.byAddress(string(value)) == c.byID(hint) {
			return c.byID(hint)
		}
	}
	return ""
}

func (c *converter) byID(id int) string {
	if id <= 0 || c.opts.ByID == nil {
		return ""
	}
	return c.opts.ByID(id)
}

func (c *converter) byAddress(address string) string {
	if address == "" || c.opts.ByAddress == nil {
		return ""
	}
	return c.opts.ByAddress(address)
}

// unlink takes away the links of pictures to their own files: what a theme made
// of them, a larger view, is not a link.
func (c *converter) unlink(blocks []richtext.Block) {
	for i := range blocks {
		b := &blocks[i]
		if b.MediaID != "" && b.Href != "" && c.byAddress(b.Href) == b.MediaID {
			b.Href = ""
		}
		for j := range b.Images {
			if p := &b.Images[j]; p.MediaID != "" && p.Href != "" && c.byAddress(p.Href) == p.MediaID {
				p.Href = ""
			}
		}
	}
}
