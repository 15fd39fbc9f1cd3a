package search

import (
	"slices"
	"strings"
)

// What it counts for a word to stand in a field: everything in a title, less
// and less below. A body that uses a word again and again counts more than one
// that mentions it.
var weights = [fieldCount]float64{inTitle: 1, inTags: 0.6, inBylines: 0.55, inExcerpt: 0.45, inBody: 0.3}

const (
	mentioned  = 0.1  // weight of a word that stands in the body, but not often
	guessed    = 0.8  // share that is left when the beginning of a word went on
	elsewhere  = 0.25 // share that fields beside the best one add
	titleAlone = 0.15 // bonus for a title that has hardly more words than the query
	titleOrder = 0.15 // bonus for a title that has the words side by side in order
	maxScore   = 1000
	scoreScale = maxScore / (1 + elsewhere*(0.6+0.55+0.45+0.3) + titleAlone + titleOrder)
)

// rank gives every candidate its score. It reads the heads of the documents,
// so that both databases rank alike and no word's frequency has to be counted
// through the archive. Scores are coarse on purpose: articles that fit about
// equally well are told apart by their age.
func rank(m match, found []candidate) {
	r := newRanking(m)
	for i := range found {
		found[i].score = r.score(found[i].head)
	}
}

// ranking is a query ready to score documents.
type ranking struct {
	ids    map[string][]int // numbers of the words that a stem is, over all groups
	groups []rankGroup
	order  [][]string // stems of the query in order, for the bonus
	seen   []bool     // by word, reused for every field
}

type rankGroup struct {
	any    [][]int // numbers of the words of each alternative
	prefix bool
}

func newRanking(m match) *ranking {
	r := &ranking{ids: map[string][]int{}}
	n := 0
	for _, g := range m.all {
		rg := rankGroup{prefix: g.prefix}
		var first []string
		for _, stems := range g.any {
			var numbers []int
			for _, stem := range stems {
				r.ids[stem] = append(r.ids[stem], n)
				numbers = append(numbers, n)
				n++
			}
			rg.any = append(rg.any, numbers)
			if len(stems) == 1 {
				first = append(first, stems[0])
			}
		}
		r.groups = append(r.groups, rg)
		if len(g.any) == 1 && len(g.any[0]) > 1 {
			for _, stem := range g.any[0] {
				r.order = append(r.order, []string{stem})
			}
		} else {
			r.order = append(r.order, first)
		}
	}
	r.seen = make([]bool, n)
	return r
}

func (r *ranking) score(head string) int {
	best := make([]float64, len(r.groups))
	sum := make([]float64, len(r.groups))
	var title string
	for field := range fieldCount {
		line := head
		if i := strings.IndexByte(head, '\n'); i >= 0 {
			line, head = head[:i], head[i+1:]
		} else {
			head = ""
		}
		if field == inTitle {
			title = line
		}
		if !r.read(line) {
			continue
		}
		for i, g := range r.groups {
			w := weights[field] * r.fits(g)
			sum[i] += w
			best[i] = max(best[i], w)
		}
	}
	total := 0.0
	for i := range r.groups {
		total += max(best[i], mentioned) + elsewhere*(sum[i]-best[i])
	}
	total /= float64(len(r.groups))
	total += r.titleBonus(title)
	return max(1, int(total*scoreScale/10)*10)
}

// read notes which words of the query stand in a line.
func (r *ranking) read(line string) bool {
	clear(r.seen)
	some := false
	for line != "" {
		stem := line
		if i := strings.IndexByte(line, ' '); i >= 0 {
			stem, line = line[:i], line[i+1:]
		} else {
			line = ""
		}
		for _, n := range r.ids[stem] {
			r.seen[n], some = true, true
		}
	}
	return some
}

// fits says how well the words that were read are those of a group: 0 to 1.
func (r *ranking) fits(g rankGroup) float64 {
	for i, numbers := range g.any {
		all := true
		for _, n := range numbers {
			all = all && r.seen[n]
		}
		if all {
			if g.prefix && i > 0 {
				return guessed
			}
			return 1
		}
	}
	return 0
}

// titleBonus is for titles that say what the query says and little else.
func (r *ranking) titleBonus(title string) float64 {
	words := strings.Fields(title)
	if len(words) == 0 {
		return 0
	}
	hits := 0
	for _, w := range words {
		if len(r.ids[w]) > 0 {
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
