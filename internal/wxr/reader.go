package wxr

import (
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"
)

// Reader reads the records of a stream one after another. It must not be used
// by two goroutines at once.
type Reader struct {
	opts Options
	in   io.Reader
	scan *scanner
	err  error // what every further call of Next returns

	site     *Site
	told     bool // the site was given
	roots    int
	open     bool // within a channel
	index    int  // of the next item
	spaces   map[string]space
	problems []Problem

	item *Item // of which further comments follow
}

// space is what a namespace is for.
type space int

const (
	unknownSpace space = iota
	exportSpace        // wp
	excerptSpace
	contentSpace
)

// NewReader returns a reader of the export in r. It reads nothing before the
// first call of Next.
func NewReader(r io.Reader, opts Options) *Reader {
	return &Reader{opts: opts.withDefaults(), in: r, spaces: map[string]space{}}
}

// Index is the index of the next item.
func (r *Reader) Index() int { return r.index }

// Next returns the next record. At the end of the stream the error is io.EOF.
// An *ItemError stands for an item which can't be read: call Next again for
// what comes after it. A *StreamError is the end: nothing after it can be read.
func (r *Reader) Next() (Record, error) {
	if r.err != nil {
		return Record{}, r.err
	}
	rec, err := r.next()
	if err == nil {
		return rec, nil
	}
	var bad *ItemError
	if errors.As(err, &bad) {
		return Record{}, bad
	}
	if err != io.EOF { //nolint:errorlint // a wrapped io.EOF is no end of the stream
		err = r.streamError(err)
	}
	r.err = err
	return Record{}, err
}

func (r *Reader) next() (Record, error) {
	if r.scan == nil {
		if err := r.begin(); err != nil {
			return Record{}, err
		}
	}
	if r.item != nil {
		return r.continueItem()
	}
	for {
		t, err := r.scan.next()
		switch {
		case err == io.EOF && r.roots == 0: //nolint:errorlint // a wrapped io.EOF is no end of the stream
			return Record{}, &fatal{CodeWrongKind, errors.New("this is no export of WordPress: it has no <rss>")}
		case err == io.EOF && r.open: //nolint:errorlint // likewise
			return Record{}, &fatal{CodeTruncated, errors.New("the file is cut off: its <channel> is not closed")}
		case err == io.EOF && r.site != nil && !r.told: //nolint:errorlint // likewise
			return r.tellSite(), nil
		case err != nil:
			return Record{}, err
		}
		rec, found, err := r.element(t)
		if err != nil || found {
			return rec, err
		}
	}
}

// begin finds out what the stream is.
func (r *Reader) begin() error {
	src, err := open(r.in)
	if err != nil {
		return err
	}
	r.scan = &scanner{src: src, line: 1, problem: r.problem}
	head, err := src.Peek(4)
	if len(head) == 0 {
		if err == io.EOF { //nolint:errorlint // as it came
			return &fatal{CodeWrongKind, errors.New("the file is empty")}
		}
		return err
	}
	if name := signatureOf(head); name != "" {
		return &fatal{CodeWrongKind, fmt.Errorf("this is no export of WordPress: it looks like %s", name)}
	}
	return nil
}

// element handles a tag on the level of the channel.
func (r *Reader) element(t *tag) (Record, bool, error) {
	r.learn(t)
	if t.end {
		if t.local == "channel" {
			r.open = false
		}
		return Record{}, false, nil
	}
	switch {
	case t.local == "rss":
		r.root()
	case t.local == "channel":
		if r.roots == 0 {
			r.root()
		}
		r.open = !t.empty
	case r.roots == 0:
		if t.local == "html" || t.local == "feed" {
			return Record{}, false, &fatal{CodeWrongKind, fmt.Errorf("this is no export of WordPress: it begins with %s", t)}
		}
	case r.partOfFile(t) && !r.told:
		r.scan.unread = t
		return r.tellSite(), true, nil
	case t.local == "item" && t.prefix == "":
		rec, err := r.readItem(t)
		return rec, true, err
	case t.local == "author" && t.prefix != "":
		rec, err := r.readAuthor(t)
		return rec, true, err
	case (t.local == "category" || t.local == "tag" || t.local == "term") && t.prefix != "":
		rec, err := r.readTerm(t)
		return rec, true, err
	case t.empty:
	case t.local == "image" || t.local == "cloud" || t.local == "textInput":
		return Record{}, false, r.skip(t)
	default:
		return Record{}, false, r.readSite(t)
	}
	return Record{}, false, nil
}

func (r *Reader) partOfFile(t *tag) bool {
	switch t.local {
	case "item":
		return t.prefix == ""
	case "author", "category", "tag", "term":
		return t.prefix != ""
	}
	return false
}

// root notes that a document begins.
func (r *Reader) root() {
	r.roots++
	r.site, r.told = new(Site), false
	if r.roots > 1 {
		r.problem(CodeRoot, "another document begins in the same file")
	}
}

func (r *Reader) tellSite() Record {
	r.told = true
	r.site.Problems = r.takeProblems()
	return Record{Site: r.site}
}

// learn reads which prefixes a tag declares. What counts is the word in the
// address, whatever its scheme and version.
func (r *Reader) learn(t *tag) {
	for _, a := range t.attrs {
		if a.prefix != "xmlns" || len(r.spaces) > 100 {
			continue
		}
		address := strings.ToLower(strings.TrimRight(a.value, "/"))
		switch {
		case strings.HasSuffix(address, "/excerpt"):
			r.spaces[a.local] = excerptSpace
		case strings.HasSuffix(address, "/modules/content"):
			r.spaces[a.local] = contentSpace
		case strings.Contains(address, "wordpress.org/export"):
			r.spaces[a.local] = exportSpace
		}
	}
}

// isExcerpt tells the two elements called "encoded" apart: by what their prefix
// stands for, or by its name where it was not declared.
func (r *Reader) isExcerpt(t *tag) bool {
	switch r.spaces[t.prefix] {
	case excerptSpace:
		return true
	case contentSpace:
		return false
	}
	return t.prefix == "excerpt"
}

func (r *Reader) problem(code Code, format string, args ...any) {
	for _, p := range r.problems {
		if p.Code == code {
			return
		}
	}
	if len(r.problems) < maxProblems {
		r.problems = append(r.problems, Problem{code, r.here(), fmt.Sprintf(format, args...)})
	}
}

func (r *Reader) takeProblems() []Problem {
	p := r.problems
	r.problems = nil
	return p
}

func (r *Reader) here() Position {
	return Position{Index: r.index, Line: r.scan.line, Offset: r.scan.offset}
}

// fatal is why the rest of the stream can't be had.
type fatal struct {
	code Code
	err  error
}

func (e *fatal) Error() string { return e.err.Error() }

func (r *Reader) streamError(err error) *StreamError {
	e := &StreamError{Position: Position{Index: r.index, Line: 1}}
	if r.scan != nil {
		e.Position = r.here()
	}
	if fatal, ok := errors.AsType[*fatal](err); ok {
		e.Code, e.Err = fatal.code, fatal.err
		return e
	}
	e.Code, e.Err = codeOf(err)
	return e
}

// value reads a field.
func (r *Reader) value(t *tag) (string, error) {
	text, tooLong, err := r.scan.field(t, r.opts.MaxFieldBytes)
	if tooLong {
		r.problem(CodeCut, "%s is longer than %d bytes: cut", t, r.opts.MaxFieldBytes)
		text = strings.ToValidUTF8(text, "")
	}
	return text, err
}

// word is value for what has no spaces at its ends.
func (r *Reader) word(t *tag, to *string) error {
	text, err := r.value(t)
	*to = strings.TrimSpace(text)
	return err
}

func (r *Reader) number(t *tag, to *int) error {
	var text string
	if err := r.word(t, &text); err != nil || text == "" {
		return err
	}
	n, err := strconv.Atoi(text)
	if err != nil || n < 0 {
		r.problem(CodeNumber, "%s holds %.40q, which is no number", t, text)
		return nil
	}
	*to = n
	return nil
}

// date reads a date of MySQL; one of zeros is none.
func (r *Reader) date(t *tag, layout string, to *time.Time) error {
	var text string
	if err := r.word(t, &text); err != nil || text == "" || strings.HasPrefix(text, "0000") || strings.Contains(text, " -0001 ") {
		return err
	}
	moment, err := time.Parse(layout, text)
	if err != nil || moment.Year() < 1400 || moment.Year() > 9999 {
		r.problem(CodeDate, "%s holds %.40q, which is no date", t, text)
		return nil
	}
	*to = moment.UTC()
	return nil
}

// dateLayout is that of MySQL.
const dateLayout = "2006-01-02 15:04:05"

// skip passes over an element and all it holds.
func (r *Reader) skip(t *tag) error {
	for depth := 1; depth > 0; {
		next, err := r.scan.next()
		if err != nil {
			return err
		}
		switch {
		case boundary[next.local] && next.local != t.local:
			r.scan.unread = next
			return nil
		case next.end && next.local == t.local:
			depth--
		case next.local == t.local && !next.empty && !next.end:
			depth++
		}
	}
	return nil
}

// parts calls each for the elements in t, until its end.
func (r *Reader) parts(t *tag, each func(part *tag) error) error {
	if t.empty {
		return nil
	}
	for {
		part, err := r.scan.next()
		switch {
		case err != nil:
			return err
		case part.end && part.local == t.local:
			return nil
		case part.end && !boundary[part.local]:
			continue // of something that was not opened
		case part.end || part.prefix == "" && (part.local == "item" || part.local == "channel" || part.local == "rss") || part.local == t.local && part.prefix == t.prefix:
			r.scan.unread = part
			return &errUnclosed{t.String(), part.String()}
		}
		if err := each(part); err != nil {
			return err
		}
	}
}

// refused tells why a record can't be had, in the form of an *ItemError where
// the stream goes on.
func (r *Reader) refused(at Position, err error) error {
	r.problems = nil
	bad := &ItemError{Position: at, Err: err}
	if _, ok := errors.AsType[*errUnclosed](err); ok {
		bad.Code = CodeMalformed
		return bad
	}
	if errors.Is(err, errTooLong) {
		bad.Code = CodeTooLarge
		return bad
	}
	if code, why := codeOf(err); code == CodeTruncated && bad.Index >= 0 {
		// The next call finds the end of the stream, and says so.
		bad.Code, bad.Err = code, why
		return bad
	}
	return err
}

func (r *Reader) readSite(t *tag) error {
	s := r.site
	to := map[string]*string{
		"title": &s.Title, "link": &s.Link, "description": &s.Description, "language": &s.Language,
		"wxr_version": &s.Version, "base_site_url": &s.BaseSiteURL, "base_blog_url": &s.BaseBlogURL,
	}[t.local]
	if to == nil || r.told || t.prefix != "" && (to == &s.Title || to == &s.Link || to == &s.Description) {
		return nil
	}
	err := r.word(t, to)
	if _, ok := errors.AsType[*errUnclosed](err); ok {
		r.problem(CodeMarkup, "%v", err)
		return nil
	}
	return err
}

func (r *Reader) readAuthor(t *tag) (Record, error) {
	a := &Author{Position: r.start(t)}
	err := r.parts(t, func(part *tag) error {
		switch part.local {
		case "author_id":
			return r.number(part, &a.ID)
		case "author_login":
			return r.word(part, &a.Login)
		case "author_email":
			return r.word(part, &a.Email)
		case "author_display_name":
			return r.word(part, &a.DisplayName)
		case "author_first_name":
			return r.word(part, &a.First)
		case "author_last_name":
			return r.word(part, &a.Last)
		}
		return nil
	})
	if err != nil {
		return Record{}, r.refused(a.Position, err)
	}
	return Record{Author: a}, nil
}

func (r *Reader) readTerm(t *tag) (Record, error) {
	w := &Term{Position: r.start(t)}
	switch t.local {
	case "category":
		w.Taxonomy = "category"
	case "tag":
		w.Taxonomy = "post_tag"
	}
	err := r.parts(t, func(part *tag) error {
		switch part.local {
		case "term_id":
			return r.number(part, &w.ID)
		case "term_taxonomy":
			return r.word(part, &w.Taxonomy)
		case "category_nicename", "tag_slug", "term_slug":
			return r.word(part, &w.Slug)
		case "category_parent", "term_parent":
			return r.word(part, &w.Parent)
		case "cat_name", "tag_name", "term_name":
			return r.word(part, &w.Name)
		case "category_description", "tag_description", "term_description":
			return r.word(part, &w.Description)
		}
		return nil
	})
	if err != nil {
		return Record{}, r.refused(w.Position, err)
	}
	return Record{Term: w}, nil
}

// start is the position of a tag.
func (r *Reader) start(t *tag) Position {
	t.at.Index = r.index
	return t.at
}
