package related

import (
	"context"
	"errors"
	"runtime"
	"slices"
	"sync"
)

// maxIndex is the number of articles that an Index holds: a posting is an
// ordinal of 24 bits and a weight of 8.
const maxIndex = 1 << 24

// ErrIndexFull says that an Index has no room for another article.
var ErrIndexFull = errors.New("related: index is full")

// Index is the articles of one language in memory. It ranks whole archives
// after an import, and serves research and tests. An article of 24 terms takes
// about 500 bytes.
//
// Methods that add must not run beside others.
type Index struct {
	articles map[int64]uint32 // id to ordinal
	ids      []int64          // by ordinal; apart from rows, as postings look up many
	rows     []row
	terms    map[int64]uint32 // id to slot
	kinds    []Kind
	counts   []uint32
	termIDs  []int64
	postings [][]uint32 // by slot; in the order of adding

	// The terms of all articles end to end, and the neighbours, graphDegree an
	// article.
	slots      []uint32
	weights    []uint8
	neighbours []edge
	degrees    []uint8
}

type row struct {
	section, published int64
	hash               uint64
	first              uint64 // of slots
}

type edge struct {
	ordinal uint32
	score   float32
}

// NewIndex returns an empty index.
func NewIndex() *Index {
	return &Index{articles: make(map[int64]uint32), terms: make(map[int64]uint32)}
}

// Len is the number of articles.
func (x *Index) Len() int { return len(x.rows) }

// Add adds an article; one that is there already stays as it was. Articles must
// come in the order of publishing, because the newest of a term are the last.
func (x *Index) Add(a Article) error {
	if _, ok := x.articles[a.ID]; ok {
		return nil
	}
	if len(x.rows) == maxIndex {
		return ErrIndexFull
	}
	n := uint32(len(x.rows))
	x.articles[a.ID] = n
	x.ids = append(x.ids, a.ID)
	x.rows = append(x.rows, row{a.Section, a.Published, a.BodyHash, uint64(len(x.slots))})
	terms := slices.Clone(a.Terms)
	slices.SortFunc(terms, byTermID) // so that no ranking has to
	for _, t := range terms {
		slot, ok := x.terms[t.ID]
		if !ok {
			slot = uint32(len(x.postings))
			x.terms[t.ID] = slot
			x.termIDs = append(x.termIDs, t.ID)
			x.kinds = append(x.kinds, t.Kind)
			x.counts = append(x.counts, 0)
			x.postings = append(x.postings, nil)
		}
		x.counts[slot] = max(x.counts[slot], uint32(t.Count))
		x.postings[slot] = append(x.postings[slot], n<<8|uint32(t.Weight))
		x.slots = append(x.slots, slot)
		x.weights = append(x.weights, t.Weight)
	}
	return nil
}

// Article returns an article as it was added.
func (x *Index) Article(id int64) (Article, bool) {
	n, ok := x.articles[id]
	if !ok {
		return Article{}, false
	}
	return x.article(n), true
}

func (x *Index) article(n uint32) Article {
	r := x.rows[n]
	end := uint64(len(x.slots))
	if int(n)+1 < len(x.rows) {
		end = x.rows[n+1].first
	}
	a := Article{ID: x.ids[n], Section: r.section, Published: r.published, BodyHash: r.hash}
	a.Terms = make([]Term, 0, end-r.first)
	for i := r.first; i < end; i++ {
		s := x.slots[i]
		a.Terms = append(a.Terms, Term{x.termIDs[s], x.kinds[s], x.weights[i], int(x.counts[s])})
	}
	return a
}

// SetNeighbours stores the candidates of an article, the best first.
func (x *Index) SetNeighbours(id int64, candidates []Candidate) {
	n, ok := x.articles[id]
	if !ok {
		return
	}
	if short := len(x.rows) - len(x.degrees); short > 0 {
		x.degrees = append(x.degrees, make([]uint8, short)...)
		x.neighbours = append(x.neighbours, make([]edge, short*graphDegree)...)
	}
	degree := 0
	for _, c := range candidates {
		if m, ok := x.articles[c.ID]; ok && degree < graphDegree {
			x.neighbours[int(n)*graphDegree+degree] = edge{m, float32(c.Score)}
			degree++
		}
	}
	x.degrees[n] = uint8(degree)
}

// The methods of Source. They never fail.
var _ Source = (*Index)(nil)

// Articles implements Source.
func (x *Index) Articles(context.Context) (int, error) { return len(x.rows), nil }

// Postings implements Source.
func (x *Index) Postings(_ context.Context, terms []int64, limits []int, yield func(int, Posting)) error {
	for i, id := range terms {
		slot, ok := x.terms[id]
		if !ok {
			continue
		}
		list := x.postings[slot]
		for _, p := range list[max(0, len(list)-limits[i]):] {
			yield(i, Posting{x.ids[p>>8], uint8(p)})
		}
	}
	return nil
}

// Read implements Source.
func (x *Index) Read(_ context.Context, ids []int64) ([]Article, error) {
	out := make([]Article, 0, len(ids))
	for _, id := range ids {
		if n, ok := x.articles[id]; ok {
			out = append(out, x.article(n))
		}
	}
	return out, nil
}

// Neighbours implements Source.
func (x *Index) Neighbours(_ context.Context, ids []int64, limit int, yield func(int64, Neighbour)) error {
	for _, id := range ids {
		n, ok := x.articles[id]
		if !ok || int(n) >= len(x.degrees) {
			continue
		}
		first := int(n) * graphDegree
		for _, e := range x.neighbours[first : first+min(limit, int(x.degrees[n]))] {
			yield(id, Neighbour{x.ids[e.ordinal], float64(e.score)})
		}
	}
	return nil
}

// Build ranks every article and calls yield with the candidates of each, in the
// order of adding. It goes over the articles twice: neighbours must be known
// before they can speak for each other. The first error of yield ends it, as
// does the end of the context.
func (x *Index) Build(ctx context.Context, r Ranker, yield func(id int64, candidates []Candidate) error) error {
	if r.Blend > 0 {
		alone := r
		alone.Blend = 0
		err := x.each(ctx, alone, func(id int64, c []Candidate) error {
			x.SetNeighbours(id, c)
			return nil
		})
		if err != nil {
			return err
		}
	}
	return x.each(ctx, r, yield)
}

// each ranks all articles, a batch at a time on all processors, and yields the
// results of a batch when no ranking runs.
func (x *Index) each(ctx context.Context, r Ranker, yield func(int64, []Candidate) error) error {
	const batch = 1024
	workers := runtime.GOMAXPROCS(0)
	results := make([][]Candidate, batch)
	for start := 0; start < len(x.rows); start += batch {
		n := min(batch, len(x.rows)-start)
		errs := make([]error, workers)
		var wg sync.WaitGroup
		for w := range workers {
			wg.Go(func() {
				for i := w; i < n; i += workers {
					if errs[w] = ctx.Err(); errs[w] != nil {
						return
					}
					ranking, err := r.Rank(ctx, x, x.article(uint32(start+i)))
					if err != nil {
						errs[w] = err
						return
					}
					results[i] = ranking.Candidates
				}
			})
		}
		wg.Wait()
		if err := errors.Join(errs...); err != nil {
			return err
		}
		for i := range n {
			if err := yield(x.ids[start+i], results[i]); err != nil {
				return err
			}
		}
	}
	return nil
}
