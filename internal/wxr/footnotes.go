package wxr

import (
	"encoding/json"
	"fmt"
	"html"
	"regexp"
	"strings"
)

// Footnote is the text of a footnote of the block editor, HTML, with the identity that
// refers to it in the body.
type Footnote struct {
	ID      string `json:"id"`
	Content string `json:"content"`
}

// maxFootnotes bounds the footnotes of one body.
const maxFootnotes = 1000

// ParseFootnotes reads the custom field "footnotes", false where it is none.
func ParseFootnotes(field string) ([]Footnote, bool) {
	var notes []Footnote
	if json.Unmarshal([]byte(field), &notes) != nil {
		return nil, false
	}
	return notes[:min(len(notes), maxFootnotes)], true
}

// reference matches where a body refers to a footnote of the block editor.
var reference = regexp.MustCompile(`(?is)<sup\b[^>]*\bdata-fn="([^"]+)"[^>]*>.*?</sup>`)

// footnoteShortcodes are those of the common plugins for footnotes.
var footnoteShortcodes = map[string]bool{"footnote": true, "footnotes": true, "ref": true, "fn": true, "efn_note": true, "mfn": true, "sidenote": true, "foot": true, "note_ref": true}

func footnoteMark(n int) string {
	return fmt.Sprintf(`<sup id="fnref-%d"><a href="#fn-%d">%d</a></sup>`, n, n, n)
}

// markFootnotes numbers the footnotes of the block editor and leads to them.
func (c *converter) markFootnotes(body string) string {
	if len(c.opts.Footnotes) == 0 {
		return body
	}
	numbers := map[string]int{}
	for _, f := range c.opts.Footnotes {
		if strings.TrimSpace(f.Content) != "" && numbers[f.ID] == 0 {
			numbers[f.ID] = c.addFootnote(f.Content)
		}
	}
	return reference.ReplaceAllStringFunc(body, func(found string) string {
		if n := numbers[html.UnescapeString(reference.FindStringSubmatch(found)[1])]; n > 0 {
			return footnoteMark(n)
		}
		c.note("footnote without its text: its number kept")
		return found
	})
}

// addFootnote takes a footnote and gives its number.
func (c *converter) addFootnote(content string) int {
	c.numbered++
	c.footnotes = append(c.footnotes, fmt.Sprintf(`<li id="fn-%d">%s</li>`, c.numbered, content))
	return c.numbered
}

// writeFootnotes writes the footnotes that were not written so far.
func (c *converter) writeFootnotes() string {
	if len(c.footnotes) == 0 {
		return ""
	}
	list := fmt.Sprintf(`<div class="footnotes"><ol start="%d">%s</ol></div>`, c.numbered-len(c.footnotes)+1, strings.Join(c.footnotes, ""))
	c.footnotes = nil
	return list
}
