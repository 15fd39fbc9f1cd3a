package wxr

import (
	"encoding/json"
	"strconv"
	"strings"
)

// Block is one block of the block editor, or the HTML between blocks. The
// grammar is that of comments in the HTML, with attributes in JSON:
//
//	<!-- wp:name {"key":1} --> … <!-- /wp:name -->
//	<!-- wp:name {"key":1} /-->
//
// https://developer.wordpress.org/block-editor/explanations/architecture/key-concepts/
type Block struct {
	Name  string         // namespace/name, such as core/paragraph; empty: HTML
	Attrs map[string]any // nil: none, or none that could be read
	HTML  string         // of what has no name
	Inner []Block        // HTML and blocks within, in order
}

// Bounds of a body.
const (
	maxBlockDepth = 50
	maxBlocks     = 20_000
	maxAttrBytes  = 256 << 10
)

// HasBlocks reports whether a body was written with the block editor.
func HasBlocks(body string) bool { return strings.Contains(body, "<!-- wp:") }

// ParseBlocks reads the blocks of a body. All of its HTML is in the answer,
// whatever its comments look like: what is not closed ends with what it lies
// in, what was not opened is passed over.
func ParseBlocks(body string) []Block {
	stack := []Block{{}}
	count := 0
	add := func(b Block) {
		top := &stack[len(stack)-1]
		if b.Name == "" {
			if b.HTML == "" {
				return
			}
			if n := len(top.Inner); n > 0 && top.Inner[n-1].Name == "" {
				top.Inner[n-1].HTML += b.HTML
				return
			}
		}
		top.Inner = append(top.Inner, b)
	}
	pop := func() {
		b := stack[len(stack)-1]
		stack = stack[:len(stack)-1]
		add(b)
	}
	html := 0 // where the HTML begins that was not added yet
	for at := 0; ; {
		start := strings.Index(body[at:], "<!--")
		if start < 0 {
			break
		}
		start += at
		end := strings.Index(body[start+4:], "-->")
		if end < 0 {
			break
		}
		end += start + 4
		at = end + 3
		c, ok := parseComment(body[start+4 : end])
		if !ok {
			continue
		}
		add(Block{HTML: body[html:start]})
		html = at
		count++
		switch {
		case c.closes:
			for i := len(stack) - 1; i > 0; i-- {
				if stack[i].Name == c.name {
					for len(stack) > i {
						pop()
					}
					break
				}
			}
		case c.empty || len(stack) > maxBlockDepth || count > maxBlocks:
			add(Block{Name: c.name, Attrs: c.attrs})
		default:
			stack = append(stack, Block{Name: c.name, Attrs: c.attrs})
		}
	}
	add(Block{HTML: body[html:]})
	for len(stack) > 1 {
		pop()
	}
	return stack[0].Inner
}

type blockComment struct {
	name          string
	attrs         map[string]any
	closes, empty bool
}

// parseComment reads what stands between <!-- and -->.
func parseComment(text string) (blockComment, bool) {
	var c blockComment
	text = strings.TrimSpace(text)
	if rest, ok := strings.CutPrefix(text, "/"); ok {
		c.closes, text = true, rest
	}
	text, ok := strings.CutPrefix(text, "wp:")
	if !ok {
		return c, false
	}
	if rest, ok := strings.CutSuffix(text, "/"); ok && !c.closes {
		c.empty, text = true, rest
	}
	end := strings.IndexFunc(text, func(r rune) bool {
		return !(r >= 'a' && r <= 'z' || r >= '0' && r <= '9' || r == '-' || r == '_' || r == '/')
	})
	if end < 0 {
		end = len(text)
	}
	c.name, text = text[:end], strings.TrimSpace(text[end:])
	if c.name == "" || len(c.name) > 100 || c.name[0] < 'a' || c.name[0] > 'z' {
		return c, false
	}
	if !strings.Contains(c.name, "/") {
		c.name = "core/" + c.name
	}
	if strings.HasPrefix(text, "{") && len(text) <= maxAttrBytes {
		// Attributes that are broken are as if there were none: the HTML counts.
		if json.Unmarshal([]byte(text), &c.attrs) != nil {
			c.attrs = nil
		}
	}
	return c, true
}

// text gives an attribute that is a text, id one that is the key of a post.
func (b *Block) text(name string) string {
	s, _ := b.Attrs[name].(string)
	return s
}

func (b *Block) id(name string) int {
	switch v := b.Attrs[name].(type) {
	case float64:
		if v > 0 && v < 1<<53 {
			return int(v)
		}
	case string:
		n, _ := strconv.Atoi(v)
		return max(n, 0)
	}
	return 0
}

// ownHTML is the HTML of a block without that of the blocks in it.
func (b *Block) ownHTML() string {
	var s strings.Builder
	for i := range b.Inner {
		s.WriteString(b.Inner[i].HTML)
	}
	return s.String()
}
