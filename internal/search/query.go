package search

import (
	"fmt"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/broadsheet-cms/broadsheet/internal/fault"
	"github.com/broadsheet-cms/broadsheet/internal/language"
)

// Bounds of what may be asked.
const (
	MaxQueryLength = 1000 // characters
	maxClauses     = 24   // words, phrases and exclusions
	minPrefix      = 2    // letters of a word that is taken for a beginning
)

// clause is one thing that an article must or must not have: a word, a phrase,
// or any of the words that the last word may become.
type clause struct {
	stems  []string   // one for a word, several for a phrase, in order
	or     [][]string // other words or phrases that will do as well
	word   string     // the folded word of a single stem
	quoted bool
	prefix string // folded beginning of a word, empty when the word is whole
	title  bool   // look in titles only: stop words are indexed nowhere else
	byline bool   // look in by-lines only
}

func (c clause) any() [][]string { return append([][]string{c.stems}, c.or...) }

// optional reports whether an article may lack it when few have every word.
func (c clause) optional() bool {
	return len(c.stems) == 1 && !c.quoted && !c.title && !c.byline && len(c.or) == 0
}

// parsed is a query as understood. What the user typed is gone: only stems
// made by language are left, and they hold nothing but letters, digits and
// marks.
type parsed struct {
	all, none     []clause
	since, before *time.Time
}

// parse reads what a reader typed into a search box. Words must all be there;
// "quoted words" side by side in this order; -word must not be there; of words
// with OR between them, one. title:word and author:word look in titles and
// by-lines, after:2026-02-01 and before:2026 at the day of publication in UTC. The last
// word may be the beginning of a word unless a blank follows it. Everything
// else that is no word only parts words.
func parse(query string) (parsed, error) {
	if utf8.RuneCountInString(query) > MaxQueryLength {
		return parsed{}, fault.BadInput("query", "The query is longer than %d characters.", MaxQueryLength)
	}
	var p parsed
	var stops []clause // words too common to look for, in case there are no others
	seen := map[string]bool{}
	or := false // the piece before was OR
	for _, piece := range split(query) {
		if piece.text == "OR" && !piece.quoted && !piece.exclude && piece.field == "" && len(p.all) > 0 && !piece.open {
			or = true
			continue
		}
		if p.time(piece) {
			continue
		}
		clauses, common := piece.clauses()
		if !piece.exclude && piece.field == "" {
			stops = append(stops, common...)
		}
		switch {
		case len(clauses) == 0:
		case piece.exclude:
			p.none = append(p.none, clauses...)
		case or && len(clauses) == 1 && p.all[len(p.all)-1].joins(clauses[0]):
			last := &p.all[len(p.all)-1]
			last.or = append(last.or, clauses[0].stems)
			last.word, last.prefix = "", ""
		default:
			for _, c := range clauses {
				if key := c.key(); !seen[key] {
					seen[key] = true
					p.all = append(p.all, c)
				}
			}
		}
		or = false
	}
	if len(p.all) == 0 {
		p.all = stops
	}
	count := len(p.none)
	for _, c := range p.all {
		count += 1 + len(c.or)
	}
	if count > maxClauses {
		return parsed{}, fault.BadInput("query", "The query has more than %d words.", maxClauses)
	}
	if len(p.all) == 0 && len(p.none) > 0 {
		return parsed{}, fault.BadInput("query", "A query needs a word to find beside those to leave out.")
	}
	return p, nil
}

// key is equal for clauses that find the same: forms of one word have one.
func (c clause) key() string {
	return fmt.Sprint(c.stems, c.prefix, c.quoted, c.title, c.byline)
}

// joins reports whether two clauses look in the same fields, so that one of them
// may stand in the place of the other.
func (c clause) joins(other clause) bool { return c.title == other.title && c.byline == other.byline }

// time takes a bound of the time of publication, and reports whether the piece
// is one. A later bound wins.
func (p *parsed) time(of piece) bool {
	if of.exclude || of.field != afterField && of.field != beforeField {
		return false
	}
	for _, layout := range []string{time.DateOnly, "2006-01", "2006"} {
		at, err := time.Parse(layout, of.text)
		if err != nil {
			continue
		}
		if of.field == afterField {
			p.since = &at
		} else {
			p.before = &at
		}
		return true
	}
	return false
}

// piece is a stretch of a query between blanks or between quotation marks.
type piece struct {
	field           string // one of fields, or empty
	text            string
	exclude, quoted bool
	open            bool // nothing follows: its last word may go on
}

// The names that may stand before a colon.
const (
	titleField  = "title"
	authorField = "author"
	afterField  = "after"
	beforeField = "before"
)

var fields = []string{titleField, authorField, afterField, beforeField}

// clauses reads the words of a piece: one clause for a phrase, one for each
// word otherwise. Stop words are given apart.
func (p piece) clauses() (clauses, stops []clause) {
	var words []language.Token
	text := p.text
	if p.field == afterField || p.field == beforeField { // no time: words like others
		text = p.field + " " + text
	}
	var last language.Token
	for t := range language.Tokens(text) {
		last = t
		if language.IsStop(t.Term) {
			stops = append(stops, clause{stems: []string{stopMark + t.Term}, title: true})
			continue
		}
		words = append(words, t)
	}
	title, byline := p.field == titleField, p.field == authorField
	if p.quoted || p.exclude && len(words) > 1 {
		c := clause{quoted: p.quoted, title: title, byline: byline}
		for _, w := range words {
			c.stems = append(c.stems, language.Stem(w.Term))
		}
		if len(words) == 1 {
			c.word = words[0].Term
		}
		if len(words) > 0 {
			clauses = append(clauses, c)
		}
		return clauses, stops
	}
	for i, w := range words {
		c := clause{stems: []string{language.Stem(w.Term)}, word: w.Term, title: title, byline: byline}
		if i == len(words)-1 && p.open && w == last && utf8.RuneCountInString(w.Term) >= minPrefix {
			c.prefix = w.Term
		}
		clauses = append(clauses, c)
	}
	return clauses, stops
}

func split(query string) []piece {
	var pieces []piece
	for query = strings.TrimLeftFunc(query, blank); query != ""; query = strings.TrimLeftFunc(query, blank) {
		var p piece
		if rest, ok := strings.CutPrefix(query, "-"); ok {
			p.exclude, query = true, rest
		}
		for _, field := range fields {
			if rest, ok := strings.CutPrefix(query, field+":"); ok && rest != "" && !strings.HasPrefix(rest, " ") {
				p.field, query = field, rest
				break
			}
		}
		if r, size := utf8.DecodeRuneInString(query); quote(r) {
			p.quoted = true
			query = query[size:]
			end := strings.IndexFunc(query, quote)
			if end < 0 { // never closed: it goes to the end
				p.text, query = query, ""
			} else {
				_, size := utf8.DecodeRuneInString(query[end:])
				p.text, query = query[:end], query[end+size:]
			}
		} else {
			end := strings.IndexFunc(query, func(r rune) bool { return unicode.IsSpace(r) || quote(r) })
			if end < 0 {
				end = len(query)
				p.open = !p.exclude
			}
			p.text, query = query[:end], query[end:]
		}
		pieces = append(pieces, p)
	}
	return pieces
}

// blank parts words, or is not seen at all.
func blank(r rune) bool { return unicode.IsSpace(r) || unicode.Is(unicode.Cf, r) }

func quote(r rune) bool { return strings.ContainsRune("\"“”„«»", r) }
