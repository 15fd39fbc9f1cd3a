package search

import (
	"math"
	"slices"
	"strings"
	"time"
)

// Articles are ranked by BM25F (Robertson, Zaragoza and Taylor, "Simple BM25
// Extension to Multiple Weighted Fields", 2004): how often a word stands in each
// field, weighed by the field and its length, saturates, and counts by how rare
// the word is among the articles that readers can find.
var (
	weights = [fieldCount]float64{inTitle: 6, inTags: 3, inBylines: 3, inExcerpt: 2, inBody: 1}
	// lengthShare is how far a longer field than usual makes its words count less.
	lengthShare = [fieldCount]float64{inTitle: 0.3, inTags: 0.2, inBylines: 0.2, inExcerpt: 0.4, inBody: 0.7}
	// usualLength stands in for an average while there are no articles.
	usualLength = [fieldCount]float64{inTitle: 9, inTags: 6, inBylines: 3, inExcerpt: 25, inBody: 400}
)

const (
	saturation = 1.5 // the k1 of BM25
	guessed    = 0.8 // what a word counts that the beginning of one went on to be
	attached   = 0.7 // what an Arabic word counts with another particle than the one typed
	titleAlone = 0.15
	titleOrder = 0.15
	yearly     = 0.005 // what a year newer counts
	firstYear  = 1990
	lastYear   = 2090
	maxScore   = 1_000_000
)

// frequencies are how common words are among the articles that readers can find.
// A cursor carries them, so that all pages of a search rank alike, whatever is
// published meanwhile.
type frequencies struct {
	lengths [fieldCount]int // average number of words of each field, in tenths
	rarity  []int           // of each group, in hundredths
}

// rarityOf is the weight of a word that so many of all articles have, in
// hundredths: the inverse document frequency of BM25.
func rarityOf(articles, all int) int {
	n := float64(min(articles, all))
	return max(1, int(100*math.Log(1+(float64(all)-n+0.5)/(n+0.5))))
}

// rank gives every candidate its score, an integer up to maxScore. It reads the
// vectors of the documents, so both databases rank alike. Articles that lack a
// word come behind all that have every word.
func rank(m match, found []candidate) {
	r := newRanking(m)
	for i := range found {
		c := &found[i]
		score := r.score(c)
		if c.partial {
			c.score = max(1, int(score*maxScore/2))
		} else {
			c.score = maxScore/2 + int(score*maxScore/2)
		}
	}
}

// ranking is a query ready to score documents.
type ranking struct {
	match  match
	groups []rankGroup
	titles map[string]bool // the stems of the query
	order  [][]string      // stems of the query in order, for the bonus
	best   float64         // the highest sum that words can reach
}

type rankGroup struct {
	any    [][]uint32 // hashes of the stems of each alternative
	form   byte
	rarity float64
}

func newRanking(m match) *ranking {
	r := &ranking{match: m, titles: map[string]bool{}}
	for n, g := range m.all {
		rg := rankGroup{rarity: float64(m.frequencies.rarity[n]) / 100}
		if g.word != "" {
			rg.form = formHash(g.word)
		}
		var first []string
		for _, stems := range g.any {
			hashes := make([]uint32, len(stems))
			for i, stem := range stems {
				hashes[i] = stemHash(stem)
				r.titles[stem] = true
			}
			rg.any = append(rg.any, hashes)
			if len(stems) == 1 {
				first = append(first, stems[0])
			}
		}
		r.groups = append(r.groups, rg)
		r.best += rg.rarity * (saturation + 1)
		if len(g.any) == 1 && len(g.any[0]) > 1 {
			for _, stem := range g.any[0] {
				r.order = append(r.order, []string{stem})
			}
		} else {
			r.order = append(r.order, first)
		}
	}
	return r
}

// score is above 0 and at most 1.
func (r *ranking) score(c *candidate) float64 {
	sum := 0.0
	for n := range r.groups {
		often := r.often(c, n)
		sum += r.groups[n].rarity * often * (saturation + 1) / (saturation + often)
	}
	fit := 0.0
	if r.best > 0 {
		fit = sum / r.best
	}
	fit = (fit + r.titleBonus(c.title)) / (1 + titleAlone + titleOrder)
	at := time.UnixMicro(c.published).UTC()
	year := min(max(at.Year(), firstYear), lastYear)
	day := float64(at.YearDay()) / 366
	const newest = 1 + yearly*(lastYear-firstYear+1)
	return fit * (1 + yearly*(float64(year-firstYear)+day)) / newest
}

// often is how often what a group asks for stands in a document, weighed by the
// fields. The best of the alternatives counts. A word that must be there but
// is not in the vector, as those of very long articles are cut, stands once in
// the body.
func (r *ranking) often(c *candidate, n int) float64 {
	g, rg := &r.match.all[n], &r.groups[n]
	best := 0.0
	for i, stems := range rg.any {
		var fields [fieldCount]float64
		for j, stem := range stems {
			form := rg.form
			if i > 0 || len(stems) > 1 {
				form = 0
			}
			counts, has := c.vector.count(stem, form)
			if !has {
				fields = [fieldCount]float64{}
				break
			}
			for f := range fields {
				if j == 0 || counts[f] < fields[f] {
					fields[f] = counts[f]
				}
			}
		}
		best = max(best, g.share(i)*r.weigh(c, g, fields))
	}
	if best == 0 && !c.partial {
		best = r.weigh(c, &group{}, [fieldCount]float64{inBody: 1})
	}
	return best
}

// weigh adds up the fields. A search in titles or by-lines looks at them alone.
func (r *ranking) weigh(c *candidate, g *group, fields [fieldCount]float64) float64 {
	sum := 0.0
	for f, n := range fields {
		if n == 0 || g.title && f != inTitle || g.byline && f != inBylines {
			continue
		}
		usual := float64(r.match.frequencies.lengths[f]) / 10
		if usual <= 0 {
			usual = usualLength[f]
		}
		sum += weights[f] * n / (1 - lengthShare[f] + lengthShare[f]*float64(c.vector.length(f))/usual)
	}
	return sum
}

// titleBonus is for titles that say what the query says and little else.
func (r *ranking) titleBonus(title string) float64 {
	words := strings.Fields(title)
	if len(words) == 0 {
		return 0
	}
	hits := 0
	for _, w := range words {
		if r.titles[w] {
			hits++
		}
	}
	bonus := titleAlone * float64(hits) / float64(len(words))
	if len(r.order) < 2 {
		return bonus
	}
	for begin := 0; begin+len(r.order) <= len(words); begin++ {
		same := true
		for i, stems := range r.order {
			same = same && slices.Contains(stems, words[begin+i])
		}
		if same {
			return bonus + titleOrder
		}
	}
	return bonus
}
