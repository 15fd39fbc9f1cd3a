// Package related ranks articles by what they are about.
//
// An article is reduced to its salient terms: the stems of its title and body
// and its tags, series, places and people, each with a weight that depends on
// the article alone. How much a term tells is a property of the archive (its
// inverse document frequency) and is applied when two articles are compared,
// so nothing stored goes stale as the archive grows.
//
// Two articles are as similar as the terms they share; see Ranker. A candidate
// is then judged together with its own neighbours: a story is a group of
// articles, and one that belongs to the group is supported by the rest of it
// even if it shares few words with the article at hand. This is the score
// regularisation of Diaz, "Regularizing Ad Hoc Retrieval Scores" (CIKM 2005),
// with the candidates stored for every article as the graph.
//
// The package does no storage. It asks for rows through Source, never for more
// than a fixed number of them, whatever the size of the archive. Index is a
// Source in memory, for batches and tests.
package related

import (
	"cmp"
	"hash/fnv"
	"math"
	"slices"
	"strconv"
	"time"

	"github.com/broadsheet-cms/broadsheet/internal/language"
)

// Doc is what is known of an article when it is published. Lead is what stands
// between title and body and counts like the body, but is no part of it when
// bodies are told apart. Lead and Body are plain text. Series and Section are 0
// if there is none.
type Doc struct {
	ID        int64
	Language  string // BCP 47
	Title     string
	Lead      string
	Body      string
	Section   int64
	Series    int64
	Tags      []int64
	Places    []int64
	People    []int64
	Published time.Time
}

// Kind says what a term is; it is the reason two articles share it.
type Kind uint8

// The kinds of terms, in the order of kindLetters.
const (
	Word Kind = iota
	Tag
	Series
	Place
	Person
)

// The letters under which kinds appear in keys.
const kindLetters = "wtsap"

// KeyKind is the kind of the term with this key.
func KeyKind(key string) Kind {
	for i := range len(key) - 1 {
		if key[i] == ':' {
			for k := range len(kindLetters) {
				if kindLetters[k] == key[i+1] {
					return Kind(k)
				}
			}
			break
		}
	}
	return Word
}

// FacetKey is the key of a tag, series, place or person without the language.
func FacetKey(k Kind, id int64) string {
	return kindLetters[k:k+1] + ":" + strconv.FormatInt(id, 10)
}

// ProfileTerm is a term of one article.
type ProfileTerm struct {
	// Key names the term within the archive: language, kind and stem or id, as
	// in "en:w:taper" and "en:t:17". Articles in different languages share no
	// key, so they are never related.
	Key string
	// Surface is the word as the article spells it; empty but for words.
	Surface string
	// Weight is between 1 and 255, in hundredths.
	Weight uint8
}

// Bounds on an article.
const (
	maxProfile = 128     // distinct terms that count towards document frequencies
	maxSalient = 24      // terms stored and compared
	maxBody    = 1 << 16 // bytes of body that are read: a story says early what it is about
	maxFacets  = 16      // tags, and as many places and people
)

// Constants of BM25F (Robertson and Zaragoza, "The Probabilistic Relevance
// Framework", 2009) at their usual values. The average lengths, in terms that
// are no stop words, are fixed instead of measured: a weight then depends on
// the article alone.
const (
	saturation  = 1.2
	lengthShare = 0.75
	titleLength = 8
	bodyLength  = 250
	titleBoost  = 3
)

// Weights of what editors say an article is about, on the scale of words:
// one that a word approaches but for repetition is saturation+1.
var kindWeights = [...]float64{Tag: 1.5, Series: 2.2, Place: 1.0, Person: 1.5}

// Profile is an article's terms, at most maxProfile of them, the heaviest
// first.
type Profile struct {
	Terms []ProfileTerm
}

// Analyse reads an article. Its cost is bounded by maxBody.
func Analyse(d Doc) Profile {
	lang := language.Base(d.Language)
	body := d.Body[:min(len(d.Body), maxBody)]
	lead := d.Lead[:min(len(d.Lead), maxBody)]
	type count struct {
		surface     string
		title, body float64
		order       int
	}
	counts := make(map[string]*count)
	add := func(text string, n func(*count) *float64) (length float64) {
		for _, t := range language.Terms(text) {
			c := counts[t.Stem]
			if c == nil {
				c = &count{surface: text[t.Start:t.End], order: len(counts)}
				counts[t.Stem] = c
			}
			*n(c)++
			length++
		}
		return length
	}
	titleLen := add(d.Title, func(c *count) *float64 { return &c.title })
	bodyLen := add(lead, func(c *count) *float64 { return &c.body }) + add(body, func(c *count) *float64 { return &c.body })

	type ranked struct {
		ProfileTerm
		order int
	}
	terms := make([]ranked, 0, len(counts))
	for stem, c := range counts {
		tf := titleBoost*c.title/(1-lengthShare+lengthShare*titleLen/titleLength) +
			c.body/(1-lengthShare+lengthShare*bodyLen/bodyLength)
		w := tf * (saturation + 1) / (tf + saturation)
		if len(stem) == 1 { // an initial or a digit tells little
			w /= 2
		}
		terms = append(terms, ranked{ProfileTerm{lang + ":w:" + stem, c.surface, hundredths(w)}, c.order})
	}
	// The order of appearance makes the choice deterministic, and the right one:
	// title first, then the lead.
	slices.SortFunc(terms, func(a, b ranked) int {
		return cmp.Or(cmp.Compare(b.Weight, a.Weight), cmp.Compare(a.order, b.order))
	})

	var p Profile
	facet := func(k Kind, ids ...int64) {
		seen := make(map[int64]bool, len(ids))
		for _, id := range ids[:min(len(ids), maxFacets)] {
			if id == 0 || seen[id] {
				continue
			}
			seen[id] = true
			key := lang + ":" + FacetKey(k, id)
			p.Terms = append(p.Terms, ProfileTerm{Key: key, Weight: hundredths(kindWeights[k])})
		}
	}
	facet(Series, d.Series)
	facet(Tag, d.Tags...)
	facet(Person, d.People...)
	facet(Place, d.Places...)
	for _, t := range terms[:min(len(terms), maxProfile-len(p.Terms))] {
		p.Terms = append(p.Terms, t.ProfileTerm)
	}
	return p
}

func hundredths(w float64) uint8 { return uint8(min(max(math.Round(w*100), 1), 255)) }

// BodyHash is a hash of the folded words of all of a body: equal for bodies of
// the same words in the same order, and 0 for a body without words.
func BodyHash(body string) uint64 {
	h := fnv.New64a()
	empty := true
	var buf []byte
	for t := range language.Tokens(body) {
		buf = append(append(buf[:0], t.Term...), ' ')
		h.Write(buf) // a hash never fails to write
		empty = false
	}
	if empty {
		return 0
	}
	return max(h.Sum64(), 1)
}

// Corpus is what the archive knows of terms. Both numbers are statistics, not
// ledgers: they go up when an article is first published and need not go down
// when one is withdrawn.
type Corpus struct {
	Articles int                  // published, in the language of the article
	Count    func(key string) int // how many of their profiles hold a term
}

// Salient picks the terms that tell most about an article: those to store and
// to compare. The order is by what they tell.
func (p Profile) Salient(c Corpus) []ProfileTerm {
	type ranked struct {
		ProfileTerm
		tells float64
	}
	terms := make([]ranked, len(p.Terms))
	for i, t := range p.Terms {
		terms[i] = ranked{t, float64(t.Weight) * rarity(c.Articles, c.Count(t.Key))}
	}
	slices.SortStableFunc(terms, func(a, b ranked) int { return cmp.Compare(b.tells, a.tells) })
	out := make([]ProfileTerm, 0, min(len(terms), maxSalient))
	for _, t := range terms[:cap(out)] {
		out = append(out, t.ProfileTerm)
	}
	return out
}

// rarity is the square root of the inverse document frequency of BM25. In a
// query of a few words the rarest decides; between two articles that would be
// an accident of spelling more often than the subject, hence the root.
func rarity(articles, count int) float64 {
	n, df := float64(max(articles, count)), float64(count)
	return math.Sqrt(math.Log(1 + (n-df+0.5)/(df+0.5)))
}
