package language

import (
	"hash/maphash"
	"iter"
	"strings"
	"sync/atomic"

	"golang.org/x/text/unicode/norm"
)

// maxTerm is the length in bytes at which a term is cut. Longer runs are not
// words but encodings and keyboards with a cat on them.
const maxTerm = 96

// wordBeforeNumber is how many letters a word has at least whose number is a
// term of its own. Shorter ones are names as a whole: G20, MP3, H1N1.
const wordBeforeNumber = 4

// Token is one word of a text.
type Token struct {
	Term       string // folded; letters, digits and marks only
	Start, End int    // the bytes of the text it was read from, End excluded
}

// Term is a token worth looking up.
type Term struct {
	Token
	Stem string
}

// Tokens yields the words of a text in order, folded, with their place in the
// text as it is written, so that text[t.Start:t.End] is the original spelling.
// Places do not overlap and Start rises strictly.
//
// An apostrophe joins ("O'Neill" is oneill) and a possessive goes ("Fed's" is
// fed). Dotted capitals are one term ("U.S." is us), and so are a number with
// its thousands marked ("10,000" is 10000) and a letter with a hyphen before
// more ("e-mail" is email, "F-16" is f16). A number behind a word is a term of
// its own: "covid19" is read like "covid-19".
func Tokens(text string) iter.Seq[Token] {
	return func(yield func(Token) bool) {
		s := scanner{text: text}
		for s.next() {
			if !yield(Token{intern(s.term).term, s.start, s.end}) {
				return
			}
		}
	}
}

// Terms are the tokens of a text that are not stop words, with their stems.
// A text of stop words alone has no terms; whoever must find "The Who" falls
// back on Tokens and Stem.
func Terms(text string) []Term {
	terms := make([]Term, 0, len(text)/8)
	s := scanner{text: text}
	for s.next() {
		if w := intern(s.term); !w.stop {
			terms = append(terms, Term{Token{w.term, s.start, s.end}, w.stem})
		}
	}
	return terms
}

// analysed is everything known about a folded word.
type analysed struct {
	term, stem string
	stop       bool
}

// vocabulary remembers recently seen words: two to a slot, a newcomer pushes out
// the older. Text repeats its words so much that this spares most allocations
// and nearly all stemming, at a bounded and small cost of memory.
var (
	vocabulary [1 << 12][2]atomic.Pointer[analysed]
	seed       = maphash.MakeSeed()
)

func intern(term []byte) *analysed {
	slot := &vocabulary[maphash.Bytes(seed, term)%uint64(len(vocabulary))]
	newer := slot[0].Load()
	if newer != nil && newer.term == string(term) {
		return newer
	}
	if w := slot[1].Load(); w != nil && w.term == string(term) {
		return w
	}
	w := &analysed{term: string(term)}
	w.stop = isStop(w.term)
	w.stem = strings.Clone(stem(w.term))
	slot[1].Store(newer)
	slot[0].Store(w)
	return w
}

// scanner cuts a text into folded words.
type scanner struct {
	text       string
	pos        int
	term       []byte // folded; valid until the next call of next
	start, end int
}

// next moves to the next word; it reports false at the end of the text.
func (s *scanner) next() bool {
	for s.scan() {
		if len(s.term) > 0 {
			return true
		}
	}
	return false
}

func (s *scanner) scan() bool {
	s.term = s.term[:0]
	i := s.pos
	text := s.text
	for i < len(text) {
		c, size := classAt(text, i)
		if c == word {
			break
		}
		i += size
	}
	if i >= len(text) {
		s.pos = i
		return false
	}
	s.start, s.end = i, i
	var (
		compose  bool
		joint    = -1 // length of the term at the last apostrophe
		group    int  // characters since the start or the last dot
		abc, num int  // letters and digits of the whole term
	)
scan:
	for i < len(text) {
		if c := text[i]; c < 0x80 {
			switch f := asciiFold[c]; {
			case 'a' <= f && f <= 'z':
				s.append1(f)
				abc++
				group++
				i++
				s.end = i
			case '0' <= f && f <= '9':
				if num == 0 && abc >= wordBeforeNumber && abc == len(s.term) {
					break scan
				}
				s.append1(f)
				num++
				group++
				i++
				s.end = i
			case c == '\'' && abc > 0 && s.wordAhead(i+1):
				joint = len(s.term)
				group = 2
				i++
			case c == '.' && group == 1 && num == 0 && s.initialAhead(i+1):
				group = 0
				i++
			case c == '-' && abc == 1 && num == 0 && len(s.term) == 1 && s.partAhead(i+1):
				group = 2
				i++
			case c == ',' && abc == 0 && s.thousandsAhead(i+1):
				i++
			default:
				break scan
			}
			continue
		}
		f, size := foldAt(text, i)
		switch f.class {
		case word:
			if len(s.term)+len(f.text) <= maxTerm {
				s.term = append(s.term, f.text...)
			}
			compose = compose || size > 2
			if f.text[0] <= '9' {
				num++
			} else {
				abc++
			}
			group++
			s.end = i + size
		case mark:
			s.end = i + size
		case format:
		case apostrophe:
			if abc == 0 || !s.wordAhead(i+size) {
				break scan
			}
			joint = len(s.term)
			group = 2
		default:
			if text[i:i+size] != "٬" || abc > 0 || !s.thousandsAhead(i+size) {
				break scan
			}
		}
		i += size
	}
	s.pos = i
	if joint > 0 && joint == len(s.term)-1 && s.term[joint] == 's' {
		s.term = s.term[:joint]
	}
	if compose {
		s.term = norm.NFC.Append(nil, s.term...)
	}
	return true
}

func (s *scanner) append1(c byte) {
	if len(s.term) < maxTerm {
		s.term = append(s.term, c)
	}
}

// classAt is the class of the character at byte i and its length in bytes.
func classAt(text string, i int) (class, int) {
	if c := text[i]; c < 0x80 {
		switch f := asciiFold[c]; {
		case 'a' <= f && f <= 'z', '0' <= f && f <= '9':
			return word, 1
		}
		return separator, 1
	}
	f, size := foldAt(text, i)
	return f.class, size
}

// visible skips what folds to nothing, from byte i on.
func (s *scanner) visible(i int) (class, int, int) {
	for i < len(s.text) {
		c, size := classAt(s.text, i)
		if c != mark && c != format {
			return c, i, size
		}
		i += size
	}
	return separator, i, 0
}

func (s *scanner) wordAhead(i int) bool {
	c, _, _ := s.visible(i)
	return c == word
}

// partAhead reports whether a letter with a hyphen goes on without another
// hyphen soon: "e-mail" does, "s-p-e-l-l-e-d" does not.
func (s *scanner) partAhead(i int) bool {
	if i >= len(s.text) || s.text[i] >= 0x80 {
		return false
	}
	f := asciiFold[s.text[i]]
	if f >= '0' && f <= '9' {
		return true
	}
	return f >= 'a' && f <= 'z' && s.wordAhead(i+1)
}

// initialAhead reports whether exactly one letter follows: the S of "U.S.".
func (s *scanner) initialAhead(i int) bool {
	c, at, size := s.visible(i)
	if c != word || s.digit(at) {
		return false
	}
	c, _, _ = s.visible(at + size)
	return c != word
}

// thousandsAhead reports whether exactly three digits follow.
func (s *scanner) thousandsAhead(i int) bool {
	for n := 0; ; n++ {
		c, at, size := s.visible(i)
		if c != word || !s.digit(at) {
			return n == 3 && c != word
		}
		if n == 3 {
			return false
		}
		i = at + size
	}
}

func (s *scanner) digit(i int) bool {
	f, _ := foldAt(s.text, i)
	return len(f.text) == 1 && f.text[0] <= '9'
}
