package related

import (
	"cmp"
	"slices"
	"sync"
)

// sums adds up what postings say of articles. It is a hash table without
// deletion that is emptied by moving on to the next epoch; it holds at most
// maxPostings articles, and every article put to set has been added before.
type sums struct {
	slots [1 << 14]sum // more than twice maxPostings
	used  []uint16
	epoch uint32
}

type sum struct {
	id    int64
	value float64
	epoch uint32
}

var freeSums = sync.Pool{New: func() any { return new(sums) }}

func newSums() *sums {
	s := freeSums.Get().(*sums)
	s.used = s.used[:0]
	s.epoch++
	if s.epoch == 0 { // after four billion uses old entries would seem new
		s.slots = [len(s.slots)]sum{}
		s.epoch = 1
	}
	return s
}

func (s *sums) free() { freeSums.Put(s) }

// slot is where an article is or would be.
func (s *sums) slot(id int64) int {
	i := int(uint64(id) * 0x9e3779b97f4a7c15 >> 50) // Fibonacci hashing to 14 bits
	for s.slots[i].epoch == s.epoch && s.slots[i].id != id {
		i = (i + 1) % len(s.slots)
	}
	return i
}

func (s *sums) add(id int64, value float64) {
	i := s.slot(id)
	if p := &s.slots[i]; p.epoch == s.epoch {
		p.value += value
		return
	}
	if len(s.used) == maxPostings { // a Source that gives more than it was asked for
		return
	}
	s.slots[i] = sum{id, value, s.epoch}
	s.used = append(s.used, uint16(i))
}

func (s *sums) set(id int64, value float64) {
	if p := &s.slots[s.slot(id)]; p.epoch == s.epoch {
		p.value = value
	}
}

func (s *sums) get(id int64) float64 {
	if p := &s.slots[s.slot(id)]; p.epoch == s.epoch {
		return p.value
	}
	return 0
}

// top returns the n articles with the largest sums, the best first.
func (s *sums) top(n int) []int64 {
	better := func(a, b sum) int { return cmp.Or(cmp.Compare(b.value, a.value), cmp.Compare(b.id, a.id)) }
	best := make([]sum, 0, 2*n)
	cut := func() {
		slices.SortFunc(best, better)
		best = best[:min(len(best), n)]
	}
	for _, i := range s.used {
		p := s.slots[i]
		if len(best) >= n && better(p, best[n-1]) > 0 && len(best) == n {
			continue
		}
		if best = append(best, p); len(best) == cap(best) {
			cut()
		}
	}
	cut()
	ids := make([]int64, len(best))
	for i, p := range best {
		ids[i] = p.id
	}
	return ids
}
