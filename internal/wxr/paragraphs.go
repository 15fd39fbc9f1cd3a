package wxr

import (
	"strings"

	"golang.org/x/net/html"
)

// blockTags are the elements that stand for themselves: no paragraph holds
// them, and the line feeds around them mean nothing.
var blockTags = func() map[string]bool {
	m := map[string]bool{}
	for _, name := range strings.Fields(`address article aside blockquote body canvas caption center col colgroup dd details dialog dir div dl dt
		fieldset figcaption figure footer form frameset h1 h2 h3 h4 h5 h6 head header hgroup hr html legend li link main map math menu meta nav
		noscript object ol option p pre script section select style summary svg table tbody td template textarea tfoot th thead title tr ul
		video audio iframe`) {
		m[name] = true
	}
	return m
}()

// rawTags keep their line feeds.
var rawTags = map[string]bool{"pre": true, "script": true, "style": true, "textarea": true, "svg": true, "math": true, "select": true, "template": true}

// inlineTags are what an author may leave open over several paragraphs.
var inlineTags = map[string]bool{"a": true, "b": true, "strong": true, "i": true, "em": true, "u": true, "s": true, "del": true, "ins": true,
	"mark": true, "small": true, "span": true, "font": true, "big": true, "sub": true, "sup": true, "code": true, "q": true, "cite": true}

type inlineTag struct{ name, text string }

// maxOpen bounds what is written anew for each paragraph.
const maxOpen = 10

func endParagraph(out *strings.Builder, open []inlineTag) {
	for i := len(open) - 1; i >= 0; i-- {
		out.WriteString("</" + open[i].name + ">")
	}
	out.WriteString("<p></p>")
	for _, t := range open {
		out.WriteString(t.text)
	}
}

// Paragraphs marks the paragraphs of the classic editor, which keeps them as
// blank lines, and the lines within them: as the function wpautop of WordPress
// means them. A paragraph ends with an empty <p>, which package richtext reads
// as an end of whatever was open.
func Paragraphs(body string) string {
	if !strings.Contains(body, "\n") {
		return body
	}
	var open []inlineTag // to be closed before a paragraph ends and opened after
	z := html.NewTokenizer(strings.NewReader(body))
	var out strings.Builder
	out.Grow(len(body) + len(body)/8)
	raw, rawName := 0, ""
	atBlock := true // what came last ends a line by itself
	blanks := ""    // the white space that waits for what comes
	flush := func(blockNext bool) {
		switch n := strings.Count(blanks, "\n"); {
		case n == 0 || atBlock || blockNext:
			out.WriteString(blanks)
		case n == 1:
			out.WriteString("<br>\n")
		default:
			endParagraph(&out, open)
		}
		blanks = ""
	}
	for {
		kind := z.Next()
		text := string(z.Raw())
		switch kind {
		case html.ErrorToken:
			flush(true)
			out.WriteString(text) // of a tag that is not closed
			return out.String()
		case html.TextToken:
			if raw > 0 {
				out.WriteString(text)
				continue
			}
			for text != "" {
				trimmed := strings.TrimLeft(text, spaces)
				blanks += text[:len(text)-len(trimmed)]
				if trimmed == "" {
					break
				}
				end := strings.IndexByte(trimmed, '\n')
				if end < 0 {
					end = len(trimmed)
				}
				line := strings.TrimRight(trimmed[:end], spaces)
				if line != "" {
					flush(false)
					out.WriteString(line)
					atBlock = false
				}
				text = trimmed[len(line):]
			}
		case html.StartTagToken, html.EndTagToken, html.SelfClosingTagToken:
			name, _ := z.TagName()
			tag := string(name)
			isBlock := blockTags[tag] || tag == "br"
			if raw == 0 {
				flush(isBlock)
			}
			switch {
			case isBlock:
				open = nil
			case kind == html.StartTagToken && inlineTags[tag] && len(open) < maxOpen:
				open = append(open, inlineTag{tag, text})
			case kind == html.EndTagToken && len(open) > 0 && open[len(open)-1].name == tag:
				open = open[:len(open)-1]
			}
			switch {
			case !rawTags[tag]:
			case kind == html.StartTagToken && (raw == 0 || tag == rawName):
				raw, rawName = raw+1, tag
			case kind == html.EndTagToken && raw > 0 && tag == rawName:
				raw--
			}
			out.WriteString(text)
			atBlock = isBlock
		case html.CommentToken:
			if raw > 0 {
				continue
			}
			flush(false)
			if c := strings.TrimSpace(strings.TrimSuffix(strings.TrimPrefix(text, "<!--"), "-->")); strings.HasPrefix(c, "more") || c == "nextpage" {
				endParagraph(&out, open)
				atBlock = true
			}
		default:
			out.WriteString(text)
		}
	}
}
