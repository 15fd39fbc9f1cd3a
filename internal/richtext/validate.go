package richtext

import (
	"fmt"
	"strings"
	"unicode/utf8"
)

// Problem is the reason a body was refused.
type Problem string

// The problems [Validate] reports.
const (
	ProblemTooMany Problem = "TOO_MANY"    // more blocks, items, cells than allowed
	ProblemTooLong Problem = "TOO_LONG"    // more bytes than allowed
	ProblemTooDeep Problem = "TOO_DEEP"    // lists nested deeper than allowed
	ProblemMissing Problem = "MISSING"     // a field the kind needs is empty
	ProblemInvalid Problem = "INVALID"     // a value out of its range
	ProblemURL     Problem = "INVALID_URL" // an address that must not be written
	ProblemUnsafe  Problem = "UNSAFE"      // markup with a script, an event handler or the like
)

// InvalidError tells what is wrong with one field of one block.
type InvalidError struct {
	Block   int    // index of the block, -1 for the body as a whole
	Path    string // of the field below the block: "html", "items.3.items.0.html"
	Problem Problem
	Detail  string // for a person, in English
}

// Error implements error.
func (e *InvalidError) Error() string {
	if e.Block < 0 {
		return "body: " + e.Detail
	}
	if e.Path == "" {
		return fmt.Sprintf("block %d: %s", e.Block, e.Detail)
	}
	return fmt.Sprintf("block %d: %s: %s", e.Block, e.Path, e.Detail)
}

// Validate checks blocks that come from the API and returns the first problem as an [InvalidError]. It judges what an
// author can mend; markup that is merely not canonical is for [Sanitise].
func Validate(blocks []Block) error {
	if len(blocks) > MaxBlocks {
		return &InvalidError{-1, "", ProblemTooMany, fmt.Sprintf("%d blocks, at most %d are allowed", len(blocks), MaxBlocks)}
	}
	v := validator{anchors: map[string]bool{}}
	for i := range blocks {
		v.block = i
		v.check(&blocks[i])
		if v.err == nil && v.size > MaxBodyBytes {
			v.err = &InvalidError{-1, "", ProblemTooLong, fmt.Sprintf("more than %d bytes", MaxBodyBytes)}
		}
		if v.err != nil {
			return v.err
		}
	}
	return nil
}

type validator struct {
	block   int
	size    int
	anchors map[string]bool
	err     error
}

func (v *validator) fail(path string, p Problem, format string, args ...any) {
	if v.err == nil {
		v.err = &InvalidError{v.block, path, p, fmt.Sprintf(format, args...)}
	}
}

func (v *validator) need(ok bool, path string) {
	if !ok {
		v.fail(path, ProblemMissing, "is required")
	}
}

func (v *validator) str(path, s string) {
	v.size += len(s)
	if !utf8.ValidString(s) {
		v.fail(path, ProblemInvalid, "is not valid UTF-8")
	}
}

// markup checks a field of HTML for what an author must be told of.
func (v *validator) markup(path, s string) {
	v.str(path, s)
	if v.err != nil || v.size > MaxBodyBytes || isPlainLine(s) {
		return
	}
	_, notes := FromHTML(s, Options{})
	if found := notes.Unsafe(); len(found) > 0 {
		v.fail(path, ProblemUnsafe, "holds %s", strings.Join(found, " and "))
	}
}

func (v *validator) url(path, s string, use urlUse) {
	if s == "" {
		return
	}
	if len(s) > MaxURLBytes {
		v.fail(path, ProblemURL, "is longer than %d bytes", MaxURLBytes)
	} else if _, ok := safeURL(s, use, nil); !ok {
		v.fail(path, ProblemURL, "is not an address that may be used here")
	}
}

func (v *validator) within(path string, n, from, to int) {
	if n < from || n > to {
		v.fail(path, ProblemInvalid, "%d is not within %d and %d", n, from, to)
	}
}

func (v *validator) source(id, address string, use urlUse) {
	v.need(id != "" || address != "", "url")
	v.mediaID("mediaId", id)
	v.url("url", address, use)
}

func (v *validator) mediaID(path, id string) {
	if id != "" && !validMediaID(id) {
		v.fail(path, ProblemInvalid, "is not an id")
	}
}

func (v *validator) check(b *Block) {
	if !b.Kind.Valid() {
		v.fail("kind", ProblemInvalid, "unknown kind %.40q", string(b.Kind))
		return
	}
	if !validDir(b.Dir) {
		v.fail("dir", ProblemInvalid, "is neither %q nor %q", LTR, RTL)
	}
	if !validAlign(b.Align) {
		v.fail("align", ProblemInvalid, "unknown alignment %.40q", b.Align)
	}
	for _, f := range [...]struct{ path, s string }{
		{"text", b.Text}, {"language", b.Language}, {"anchor", b.Anchor}, {"mediaId", b.MediaID}, {"url", b.URL}, {"alt", b.Alt},
		{"href", b.Href}, {"poster", b.Poster}, {"provider", b.Provider}, {"title", b.Title}, {"name", b.Name},
	} {
		v.str(f.path, f.s)
	}
	for _, f := range [...]struct{ path, s string }{
		{"html", b.HTML}, {"citation", b.Citation}, {"caption", b.Caption}, {"credit", b.Credit},
	} {
		v.markup(f.path, f.s)
	}
	v.within("width", b.Width, 0, maxPixels)
	v.within("height", b.Height, 0, maxPixels)
	switch b.Kind {
	case Paragraph, Quote, PullQuote, RawHTML:
		v.need(b.HTML != "", "html")
	case Heading:
		v.heading(b)
	case List:
		v.need(len(b.Items) > 0, "items")
		v.within("start", b.Start, 0, maxStart)
		v.items("items", b.Items, 1)
	case Code:
		v.need(b.Text != "", "text")
		if b.Language != "" && codeLanguage(b.Language) == "" {
			v.fail("language", ProblemInvalid, "is not the name of a language")
		}
	case Table:
		v.need(len(b.Head)+len(b.Rows) > 0, "rows")
		v.rows("head", b.Head)
		v.rows("rows", b.Rows)
	case Picture:
		v.source(b.MediaID, b.URL, mediaURL)
		v.url("href", b.Href, linkURL)
	case Gallery:
		v.gallery(b)
	case Video, Audio:
		v.source(b.MediaID, b.URL, mediaURL)
		v.url("poster", b.Poster, mediaURL)
	case Embed:
		v.need(b.URL != "", "url")
		if provider, _ := canonicalEmbed(b.URL); provider == "" || b.Provider != "" && provider != b.Provider {
			v.fail("url", ProblemURL, "is not an address of a known provider")
		}
	case File:
		v.source(b.MediaID, b.URL, linkURL)
	case Button:
		v.need(b.URL != "", "url")
		v.url("url", b.URL, linkURL)
		v.need(b.Title != "", "title")
	}
}

func (v *validator) heading(b *Block) {
	v.need(b.HTML != "", "html")
	v.within("level", b.Level, 1, 6)
	if b.Anchor == "" {
		return
	}
	if !validAnchor(b.Anchor) {
		v.fail("anchor", ProblemInvalid, "may hold letters, digits and -_.: only")
	} else if v.anchors[b.Anchor] {
		v.fail("anchor", ProblemInvalid, "is used by another heading")
	}
	v.anchors[b.Anchor] = true
}

func (v *validator) gallery(b *Block) {
	v.need(len(b.Images) > 0, "images")
	v.within("columns", b.Columns, 0, 12)
	const most = 500
	if len(b.Images) > most {
		v.fail("images", ProblemTooMany, "at most %d are allowed", most)
		return
	}
	for i := range b.Images {
		m := &b.Images[i]
		path := fmt.Sprintf("images.%d.", i)
		for _, s := range [...]string{m.MediaID, m.URL, m.Alt, m.Href} {
			v.str(path+"alt", s)
		}
		v.markup(path+"caption", m.Caption)
		v.markup(path+"credit", m.Credit)
		v.need(m.MediaID != "" || m.URL != "", path+"url")
		v.mediaID(path+"mediaId", m.MediaID)
		v.url(path+"url", m.URL, mediaURL)
		v.url(path+"href", m.Href, linkURL)
		v.within(path+"width", m.Width, 0, maxPixels)
		v.within(path+"height", m.Height, 0, maxPixels)
	}
}

func (v *validator) items(path string, items []ListItem, depth int) {
	if len(items) == 0 {
		return
	}
	if depth > MaxListDepth {
		v.fail(path, ProblemTooDeep, "lists nest at most %d deep", MaxListDepth)
		return
	}
	const most = 10_000
	if len(items) > most {
		v.fail(path, ProblemTooMany, "at most %d items are allowed", most)
		return
	}
	for i := range items {
		if v.err != nil || v.size > MaxBodyBytes {
			return
		}
		it := &items[i]
		v.size += 8 // an empty item costs something too
		here := fmt.Sprintf("%s.%d", path, i)
		v.markup(here+".html", it.HTML)
		v.str(here+".anchor", it.Anchor)
		v.within(here+".start", it.Start, 0, maxStart)
		v.items(here+".items", it.Items, depth+1)
	}
}

func (v *validator) rows(path string, rows []TableRow) {
	const mostRows, mostCells = 5_000, 200
	if len(rows) > mostRows {
		v.fail(path, ProblemTooMany, "at most %d rows are allowed", mostRows)
		return
	}
	for i := range rows {
		if len(rows[i].Cells) > mostCells {
			v.fail(fmt.Sprintf("%s.%d", path, i), ProblemTooMany, "at most %d cells are allowed", mostCells)
			return
		}
		for j := range rows[i].Cells {
			c := &rows[i].Cells[j]
			v.size += 8
			if v.err != nil || v.size > MaxBodyBytes {
				return
			}
			if isPlainLine(c.HTML) && c.ColSpan >= 0 && c.ColSpan <= maxSpan && c.RowSpan >= 0 && c.RowSpan <= maxSpan {
				v.size += len(c.HTML)
				continue
			}
			here := fmt.Sprintf("%s.%d.cells.%d", path, i, j)
			v.markup(here+".html", c.HTML)
			v.within(here+".colSpan", c.ColSpan, 0, maxSpan)
			v.within(here+".rowSpan", c.RowSpan, 0, maxSpan)
		}
	}
}
