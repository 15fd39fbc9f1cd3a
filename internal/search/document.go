package search

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/broadsheet-cms/broadsheet/internal/language"
)

// Bounds of what is indexed of one article. A tsvector holds 16,383 places and
// one megabyte; what follows these words of a body is not found.
const (
	maxTitleTerms   = 500
	maxNameTerms    = 1000 // of tags, places and series, and of by-lines
	maxExcerptTerms = 1000
	maxBodyTerms    = 10_000
	maxBodyBytes    = 300_000 // of stems
	maxTextLength   = 300_000 // characters of a body that are read at all
)

// The fields of a document in the order of their weight.
const (
	inTitle = iota
	inTags
	inBylines
	inExcerpt
	inBody
	fieldCount
)

// Words of the index that are no stems begin with a mark that no stem has.
const (
	gap        = "_"   // parts the names in a field, so that no phrase spans two
	stopMark   = "__"  // a stop word of a title
	titleMark  = "_t_" // a stem of a title
	bylineMark = "_b_" // a stem of a by-line
	anyArticle = "_a"  // stands in every document
)

// fact is the word for what an article belongs to.
func fact(kind Kind, owner int) string { return fmt.Sprintf("_%d_%d", kind, owner) }

func languageFact(tag string) string { return "_l_" + clean(language.Base(tag)) }
func kindFact(kind string) string    { return "_k_" + clean(strings.ToLower(kind)) }

// hiddenFact is the word for the status of an article that readers may not see.
// Others have none, so whoever looks for it comes to hidden articles alone.
func hiddenFact(status string) string { return "_s_" + clean(strings.ToLower(status)) }

// trashedStatus stands in the place of the status of what lies in the trash.
const trashedStatus = "TRASHED"

const monthsOfYear = 12

// monthFact is the word for the month of publication, counted from year 0, and
// yearFact for its year.
func monthFact(month int) string { return "_m_" + strconv.Itoa(month) }
func yearFact(year int) string   { return "_y_" + strconv.Itoa(year) }

func monthOf(micros int64) int {
	t := time.UnixMicro(micros).UTC()
	return t.Year()*monthsOfYear + int(t.Month()) - 1
}

// clean leaves the letters and digits of an identifier.
func clean(s string) string {
	return strings.Map(func(r rune) rune {
		if r < utf8.RuneSelf && (r >= 'a' && r <= 'z' || r >= '0' && r <= '9' || r == '_') {
			return r
		}
		return -1
	}, s)
}

// document is an article as the index holds it.
type document struct {
	article   int
	published *int64 // microseconds since 1970; nil while readers may not see it
	fields    [fieldCount][]string
	facts     []string
	title     string            // its stems in order
	terms     map[string]*count // every folded word, where it stands
	vector    vector            // the same in short, for the ranking
	words     map[string]heard  // what the vocabulary learns
	isNew     bool              // was in no index before
	before    vector            // what readers could find the article by until now
}

// count is how often a word stands in each field.
type count struct {
	stem   string
	fields [fieldCount]int
}

func newDocument(article int, published *int64) *document {
	d := &document{article: article, published: published, terms: map[string]*count{}, words: map[string]heard{}, facts: []string{anyArticle}}
	if published != nil {
		month := monthOf(*published)
		d.facts = append(d.facts, monthFact(month), yearFact(month/monthsOfYear))
	}
	return d
}

// add puts the terms of a text into a field, as far as limit allows.
func (d *document) add(field int, text string, limit int) {
	if len(d.fields[field]) > 0 {
		d.fields[field] = append(d.fields[field], gap)
	}
	size := 0
	for t := range language.Tokens(text) {
		if language.IsStop(t.Term) {
			if field == inTitle {
				d.facts = append(d.facts, stopMark+t.Term)
			}
			continue
		}
		stem := language.Stem(t.Term)
		size += len(stem)
		if len(d.fields[field]) >= limit || size > maxBodyBytes {
			return
		}
		d.fields[field] = append(d.fields[field], stem)
		c := d.terms[t.Term]
		if c == nil {
			c = &count{stem: stem}
			d.terms[t.Term] = c
			if remembered(t.Term) {
				d.words[t.Term] = heard{stem: stem, spelling: spelling(text[t.Start:t.End])}
			}
		}
		c.fields[field]++
	}
}

// remembered leaves numbers and codes out of the vocabulary, which they would
// fill without end.
func remembered(word string) bool {
	if len(word) > 48 {
		return false
	}
	return len(word) <= 4 || strings.IndexFunc(word, func(r rune) bool { return r >= '0' && r <= '9' }) < 0
}

// spelling is a word as it is suggested: as it was written, without vowel marks,
// and without capitals.
func spelling(written string) string {
	written = strings.ToLower(written)
	if written == "" || written[0] < utf8.RuneSelf {
		return written
	}
	return strings.Map(func(r rune) rune {
		if r == 'ـ' || unicode.In(r, unicode.Mn, unicode.Cf) {
			return -1
		}
		return r
	}, written)
}

// finish makes what is derived from the fields.
func (d *document) finish() {
	for field, mark := range map[int]string{inTitle: titleMark, inBylines: bylineMark} {
		for _, stem := range d.fields[field] {
			if stem != gap {
				d.facts = append(d.facts, mark+stem)
			}
		}
	}
	slices.Sort(d.facts)
	d.facts = slices.Compact(d.facts)
	for _, f := range d.facts {
		d.words[f] = heard{stem: f}
	}
	d.title = strings.Join(d.fields[inTitle], " ")
	d.vector = newVector(d)
}
