package search

import (
	"strings"
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
	stems  []string // one for a word, several for a phrase, in order
	prefix string   // folded beginning of a word, empty when the word is whole
	title  bool     // look in titles only: stop words are indexed nowhere else
}

// parsed is a query as understood. What the user typed is gone: only stems
// made by language are left, and they hold nothing but letters, digits and
// marks.
type parsed struct {
	all, none []clause
}

// parse reads what a reader typed into a search box. Words must all be there;
// "quoted words" side by side in this order; -word must not be there. The last
// word may be the beginning of a word unless a blank follows it. Everything
// else that is no word only parts words.
func parse(query string) (parsed, error) {
	if utf8.RuneCountInString(query) > MaxQueryLength {
		return parsed{}, fault.BadInput("query", "The query is longer than %d characters.", MaxQueryLength)
	}
	var p parsed
	var stops []clause // words too common to look for, in case there are no others
	seen := map[string]bool{}
	for _, piece := range split(query) {
		var stems []string
		var last language.Token
		for t := range language.Tokens(piece.text) {
			last = t
			if language.IsStop(t.Term) {
				if !piece.exclude {
					stops = append(stops, clause{stems: []string{stopMark + t.Term}, title: true})
				}
				continue
			}
			stems = append(stems, language.Stem(t.Term))
		}
		switch {
		case len(stems) == 0:
		case piece.exclude:
			p.none = append(p.none, clause{stems: stems})
		case piece.quoted:
			p.all = append(p.all, clause{stems: stems})
		default:
			for i, stem := range stems {
				c := clause{stems: []string{stem}}
				if i == len(stems)-1 && piece.open && !language.IsStop(last.Term) && utf8.RuneCountInString(last.Term) >= minPrefix {
					c.prefix = last.Term
				}
				if key := stem + " " + c.prefix; !seen[key] {
					seen[key] = true
					p.all = append(p.all, c)
				}
			}
		}
	}
	if len(p.all) == 0 {
		p.all = stops
	}
	if len(p.all)+len(p.none) > maxClauses {
		return parsed{}, fault.BadInput("query", "The query has more than %d words.", maxClauses)
	}
	if len(p.all) == 0 && len(p.none) > 0 {
		return parsed{}, fault.BadInput("query", "A query needs a word to find beside those to leave out.")
	}
	return p, nil
}

// piece is a stretch of a query between blanks or between quotation marks.
type piece struct {
	text            string
	exclude, quoted bool
	open            bool // nothing follows: its last word may go on
}

func split(query string) []piece {
	var pieces []piece
	for query = strings.TrimLeftFunc(query, blank); query != ""; query = strings.TrimLeftFunc(query, blank) {
		var p piece
		if rest, ok := strings.CutPrefix(query, "-"); ok {
			p.exclude, query = true, rest
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
