package related

import (
	"cmp"
	"context"
	"math"
	"slices"
)

// Bounds on the work of ranking one article. Together they are all the rows
// that Rank asks for: at most maxPostings, then the terms of poolSize articles,
// then poolSize lists of graphDegree neighbours.
const (
	maxPostings    = 6000 // in all, the most telling terms first
	maxTermPosting = 500  // of one term, the newest articles
	poolSize       = 64   // articles compared in full
	graphDegree    = 16   // neighbours that speak for a candidate

	// MaxCandidates is how many candidates to store of each article. More than are
	// ever shown, so that a hidden one leaves no hole.
	MaxCandidates = 24
	maxWords      = 3 // shared words given as reasons
)

// Term is a stored term of an article.
type Term struct {
	ID     int64
	Kind   Kind
	Weight uint8 // ProfileTerm.Weight
	Count  int   // articles that hold it, as in Corpus.Count
}

// Article is a stored article with its salient terms.
type Article struct {
	ID        int64
	Section   int64
	Published int64 // Unix time in seconds
	BodyHash  uint64
	Terms     []Term // in any order
}

// Posting says that an article holds a term.
type Posting struct {
	Article int64
	Weight  uint8
}

// Neighbour is a stored candidate of an article.
type Neighbour struct {
	ID    int64
	Score float64
}

// Source is where Rank reads the archive. Each method is one statement on a
// database. An article that is not published must not appear.
type Source interface {
	// Articles is the number of published articles in the language at hand.
	Articles(ctx context.Context) (int, error)
	// Postings calls yield with the articles of each of the terms, by index into
	// limits; of term i the limits[i] newest, in any order. It wants the same
	// articles of a term whatever the other terms are.
	Postings(ctx context.Context, terms []int64, limits []int, yield func(i int, p Posting)) error
	// Read returns articles with their terms, in any order. Unknown ones are left out.
	Read(ctx context.Context, ids []int64) ([]Article, error)
	// Neighbours calls yield with the first limit candidates stored of each article.
	Neighbours(ctx context.Context, ids []int64, limit int, yield func(id int64, n Neighbour)) error
}

// Ranker holds the parameters of ranking. NewRanker gives the ones to use;
// others serve to measure what a signal is worth.
type Ranker struct {
	// Blend is the share that a candidate's neighbours have in its score.
	Blend float64
	// Kinds multiplies the weight of terms of a kind.
	Kinds [5]float64
	// Section is what being in the same section adds, as a share of the score.
	Section float64
	// Age is the share of the score that fades with the time between two articles:
	// half of it is gone after HalfLife days.
	Age, HalfLife float64
}

// NewRanker returns the ranker that Broadsheet uses.
func NewRanker() Ranker {
	return Ranker{Blend: 0.6, Kinds: [5]float64{1, 1, 1, 1, 1}, Section: 0.1, Age: 0.15, HalfLife: 180}
}

// Reasons tell why two articles are related.
type Reasons struct {
	Words                []int64 // terms, the most telling first
	Tags, Places, People []int64 // terms
	Series, Section      bool
}

// Candidate is an article related to another.
type Candidate struct {
	ID      int64
	Score   float64 // above 0; the article itself would have 1 or a little more
	Reasons Reasons
}

// Offer proposes an article for the stored candidates of another.
type Offer struct {
	To int64 // whose list
	Candidate
}

// Ranking is what Rank found.
type Ranking struct {
	// Candidates are at most MaxCandidates, the best first.
	Candidates []Candidate

	ranker   Ranker
	articles int
	subject  *member
	pool     []*member
}

// member is an article that is compared in full.
type member struct {
	Article
	telling []float64 // per term: weight times the square root of rarity; nil until weighed
	self    float64   // similarity to itself, not normalised; 0 until weighed
	shared  float64   // similarity to the subject, not normalised
	score   float64
}

// Rank finds the articles related to one. The article need not be stored yet;
// if it is, it is not its own candidate. Equal scores are in order of id, the
// newer first, so the same archive always gives the same answer.
func (r Ranker) Rank(ctx context.Context, src Source, a Article) (*Ranking, error) {
	articles, err := src.Articles(ctx)
	if err != nil {
		return nil, err
	}
	k := &Ranking{ranker: r, articles: articles}
	k.subject = newMember(a)
	k.weigh(k.subject)
	if k.subject.self == 0 {
		return k, nil
	}

	sums := newSums()
	defer sums.free()
	if err := k.collect(ctx, src, sums); err != nil {
		return nil, err
	}
	if err := k.readPool(ctx, src, sums); err != nil {
		return nil, err
	}
	if err := k.blend(ctx, src, sums); err != nil {
		return nil, err
	}
	k.choose()
	return k, nil
}

// byTermID is the order in which terms of two articles are merged.
func byTermID(a, b Term) int { return cmp.Compare(a.ID, b.ID) }

// newMember prepares an article to be compared with the subject.
func newMember(a Article) *member {
	m := &member{Article: a}
	if !slices.IsSortedFunc(m.Terms, byTermID) {
		m.Terms = slices.Clone(m.Terms)
		slices.SortFunc(m.Terms, byTermID)
	}
	return m
}

// weigh works out what the terms of an article tell.
func (k *Ranking) weigh(m *member) {
	m.telling = make([]float64, len(m.Terms))
	for i, t := range m.Terms {
		tells := math.Sqrt(rarity(k.articles, t.Count) * k.ranker.Kinds[t.Kind])
		m.telling[i] = float64(t.Weight) / 100 * tells
		m.self += m.telling[i] * m.telling[i]
	}
}

// similarity is kernel(k.subject, m) for an article that is not weighed: a shared
// term tells the same of both.
func (k *Ranking) similarity(m *member) (sum float64) {
	a, b := k.subject.Terms, m.Terms
	for i, j := 0, 0; i < len(a) && j < len(b); {
		switch {
		case a[i].ID < b[j].ID:
			i++
		case a[i].ID > b[j].ID:
			j++
		default:
			t := k.subject.telling[i]
			sum += t * t * float64(b[j].Weight) / float64(a[i].Weight)
			i, j = i+1, j+1
		}
	}
	return sum
}

// kernel is the similarity of two articles before it is normalised: the sum over
// shared terms of both weights times the rarity. It is symmetric.
func kernel(a, b *member) (sum float64) {
	i, j := 0, 0
	for i < len(a.Terms) && j < len(b.Terms) {
		switch {
		case a.Terms[i].ID < b.Terms[j].ID:
			i++
		case a.Terms[i].ID > b.Terms[j].ID:
			j++
		default:
			sum += a.telling[i] * b.telling[j]
			i, j = i+1, j+1
		}
	}
	return sum
}

// collect adds up postings. The most telling terms are read first, until the
// budget is spent; a term that half the archive holds adds noise and no article
// that is not found through another.
func (k *Ranking) collect(ctx context.Context, src Source, sums *sums) error {
	order := make([]int, len(k.subject.Terms))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(i, j int) int {
		return cmp.Compare(k.subject.telling[j], k.subject.telling[i])
	})
	var ids []int64
	var limits []int
	var tells []float64
	budget := maxPostings
	for _, i := range order {
		t := k.subject.Terms[i]
		limit := min(maxTermPosting, budget)
		if limit == 0 {
			break
		}
		budget -= min(limit, max(t.Count, 1))
		factor := rarity(k.articles, t.Count) * k.ranker.Kinds[t.Kind] * float64(t.Weight) / 1e4
		if factor == 0 {
			continue
		}
		ids, limits, tells = append(ids, t.ID), append(limits, limit), append(tells, factor)
	}
	return src.Postings(ctx, ids, limits, func(i int, p Posting) {
		if p.Article != k.subject.ID {
			sums.add(p.Article, tells[i]*float64(p.Weight))
		}
	})
}

// readPool reads the most similar articles in full: their sums may lack terms
// whose postings were cut.
func (k *Ranking) readPool(ctx context.Context, src Source, sums *sums) error {
	pool, err := src.Read(ctx, sums.top(poolSize))
	if err != nil {
		return err
	}
	k.pool = make([]*member, 0, len(pool))
	for _, a := range pool {
		m := newMember(a)
		if m.shared = k.similarity(m); m.shared > 0 {
			sums.set(m.ID, m.shared)
			k.pool = append(k.pool, m)
		}
	}
	slices.SortFunc(k.pool, func(a, b *member) int { return cmp.Compare(b.ID, a.ID) })
	return nil
}

// support is a weighted mean of how well an article's neighbours fit.
type support struct{ sum, weight float64 }

// score blends the similarity of an article with that of its neighbours.
func (r Ranker) score(similarity float64, s support) float64 {
	if s.weight == 0 {
		return similarity
	}
	return (1-r.Blend)*similarity + r.Blend*s.sum/s.weight
}

// blend scores the pool, each article together with its neighbours. A neighbour
// that shares nothing with the subject counts as 0, the subject itself as much
// as the best of the pool.
func (k *Ranking) blend(ctx context.Context, src Source, sums *sums) error {
	at := make(map[int64]*support, len(k.pool))
	ids := make([]int64, len(k.pool))
	best := 0.0
	for i, m := range k.pool {
		at[m.ID] = new(support)
		ids[i] = m.ID
		best = max(best, m.shared)
	}
	if k.ranker.Blend > 0 && len(ids) > 0 {
		err := src.Neighbours(ctx, ids, graphDegree, func(id int64, n Neighbour) {
			s := at[id]
			if s == nil {
				return
			}
			fit := best
			if n.ID != k.subject.ID {
				fit = sums.get(n.ID)
			}
			s.sum += n.Score * fit
			s.weight += n.Score
		})
		if err != nil {
			return err
		}
	}
	for _, m := range k.pool {
		m.score = k.ranker.score(m.shared, *at[m.ID]) / k.subject.self * k.ranker.fit(&k.subject.Article, &m.Article)
	}
	return nil
}

// fit is what section and age make of a score.
func (r Ranker) fit(a, b *Article) float64 {
	f := 1.0
	if a.Section != 0 && a.Section == b.Section {
		f += r.Section
	}
	if r.Age > 0 {
		days := math.Abs(float64(a.Published)-float64(b.Published)) / 86400
		f *= 1 - r.Age + r.Age*math.Exp2(-days/r.HalfLife)
	}
	return f
}

// choose orders the pool and keeps the best. Of articles with the same body
// only the best stays, and none with the body of the subject.
func (k *Ranking) choose() {
	slices.SortFunc(k.pool, func(a, b *member) int {
		return cmp.Or(cmp.Compare(b.score, a.score), cmp.Compare(b.ID, a.ID))
	})
	bodies := map[uint64]bool{0: false, k.subject.BodyHash: k.subject.BodyHash != 0}
	for _, m := range k.pool {
		if len(k.Candidates) == MaxCandidates {
			break
		}
		if bodies[m.BodyHash] {
			continue
		}
		bodies[m.BodyHash] = m.BodyHash != 0
		k.Candidates = append(k.Candidates, Candidate{m.ID, m.score, k.ranker.reasons(k.subject, m)})
	}
}

// Offers proposes the subject to the articles it was compared with, scored as
// if each of them had been ranked now. Whoever stores candidates puts the offer
// among those of Offer.To and cuts the list at MaxCandidates.
func (k *Ranking) Offers() []Offer {
	byID := make(map[int64]*member, len(k.pool))
	for _, m := range k.pool {
		byID[m.ID] = m
		if m.telling == nil {
			k.weigh(m)
		}
	}
	var offers []Offer
	for _, m := range k.pool {
		if m.BodyHash != 0 && m.BodyHash == k.subject.BodyHash {
			continue
		}
		var s support
		if k.ranker.Blend > 0 {
			for _, c := range k.Candidates[:min(len(k.Candidates), graphDegree)] {
				fit := m.shared // m itself: as much as the best, which may be the subject
				if c.ID != m.ID {
					fit = kernel(m, byID[c.ID])
				}
				s.sum += c.Score * fit
				s.weight += c.Score
			}
		}
		score := k.ranker.score(m.shared, s) / m.self * k.ranker.fit(&k.subject.Article, &m.Article)
		offers = append(offers, Offer{m.ID, Candidate{k.subject.ID, score, k.ranker.reasons(m, k.subject)}})
	}
	return offers
}

// reasons lists what two articles share; one of them is weighed.
func (r Ranker) reasons(a, b *member) Reasons {
	tells := func(i, j int) float64 {
		if a.telling != nil {
			return a.telling[i] * a.telling[i] / float64(a.Terms[i].Weight) * float64(b.Terms[j].Weight)
		}
		return b.telling[j] * b.telling[j] / float64(b.Terms[j].Weight) * float64(a.Terms[i].Weight)
	}
	out := Reasons{Section: a.Section != 0 && a.Section == b.Section}
	type word struct {
		id    int64
		tells float64
	}
	var words []word
	for i, t := range a.Terms {
		j, ok := slices.BinarySearchFunc(b.Terms, t.ID, func(t Term, id int64) int { return cmp.Compare(t.ID, id) })
		if !ok {
			continue
		}
		switch t.Kind {
		case Word:
			words = append(words, word{t.ID, tells(i, j)})
		case Tag:
			out.Tags = append(out.Tags, t.ID)
		case Place:
			out.Places = append(out.Places, t.ID)
		case Person:
			out.People = append(out.People, t.ID)
		case Series:
			out.Series = true
		}
	}
	slices.SortStableFunc(words, func(a, b word) int { return cmp.Compare(b.tells, a.tells) })
	for _, w := range words[:min(len(words), maxWords)] {
		out.Words = append(out.Words, w.id)
	}
	return out
}
