// Package search finds articles by their words, on both databases by one set
// of rules.
//
// Words are read by internal/language alone, those of articles as those of
// queries, and the databases only ever see its stems: PostgreSQL in a tsvector
// with a GIN index, SQLite in a contentless FTS5 table. Their own parsers,
// dictionaries and rankings are not used, so an article is found and ranked
// alike on either.
//
// The way of a search: the query is parsed (query.go), its words are looked up
// in the vocabulary (words.go, frequency.go), the engine gives the newest articles
// that match, up to a cap (postgres.go, sqlite.go), and these are ranked (rank.go).
// When few match, relax.go looks for those that have most of the words, and
// correct.go for words that were meant.
// Highlights and facets are made for what is asked only. The index is kept by
// Refresh, in the transaction that saves an article.
package search

import (
	"cmp"
	"context"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/broadsheet-cms/broadsheet/internal/directory"
	"github.com/broadsheet-cms/broadsheet/internal/fault"
	"github.com/broadsheet-cms/broadsheet/internal/keyset"
	"github.com/broadsheet-cms/broadsheet/internal/store"
)

// MaxHits is how many articles a search ranks: the newest of those that match.
const MaxHits = 1000

// Kind is a kind of thing that articles belong to.
type Kind int

// The kinds, as stored with listings and names.
const (
	Category Kind = iota + 1 // with all its sub-sections
	Tag
	Place
	Author
	Series
)

// Service searches, and keeps the index.
type Service struct {
	db    *store.DB
	dir   *directory.Directory
	index index
}

// index is what differs between the databases.
type index interface {
	// put stores documents in the place of those of the same articles.
	put(ctx context.Context, docs []*document) error
	// find gives the newest visible articles that match, one more than limit
	// if there are more, in no particular order. With complete false there may
	// be more even so.
	find(ctx context.Context, m match, limit int) (found []candidate, complete bool, err error)
	// findHidden does the same among the articles that readers may not see and
	// the viewer works on: those of some statuses, in the trash or outside it.
	// Dates of publication are not asked for.
	findHidden(ctx context.Context, m match, statuses []string, trashed bool, limit int) (found []candidate, complete bool, err error)
}

// match is what an article must be and have.
type match struct {
	all, none   []group
	some        [][]int    // groups of all of which one set must be there, in the place of every optional one
	facts       [][]string // one of each
	since, till int64      // published at or after, and before, in microseconds since 1970
	rate        float64    // share of the articles that have the rarest of all; 0: unknown
	frequencies frequencies
	seen        []int // about how many articles that readers can find have each group of all
}

// dated reports whether there is a window of time.
func (m match) dated() bool { return m.since != math.MinInt64 || m.till != math.MaxInt64 }

// placed reports whether it matters where in an article a word stands.
func (m match) placed() bool {
	for _, g := range m.all {
		if len(g.any[0]) > 1 {
			return true
		}
	}
	return false
}

// single makes a phrase of each word.
func single(words []string) [][]string {
	phrases := make([][]string, len(words))
	for i, w := range words {
		phrases[i] = []string{w}
	}
	return phrases
}

// group is a clause with all that its words may be.
type group struct {
	any      [][]string // stems, side by side; the first is what was typed
	word     string     // folded, of a single word that is whole
	title    bool       // in the title alone
	byline   bool       // in by-lines alone
	prefix   bool       // all but any[0] are guesses of how a word goes on
	choice   bool       // any of them will do: they were joined by OR
	optional bool       // an article may lack it when few have every word
}

// share is what an alternative counts.
func (g group) share(i int) float64 {
	switch {
	case i == 0 || g.choice:
		return 1
	case g.prefix:
		return guessed
	}
	return attached
}

// candidate is an article that matches.
type candidate struct {
	article   int
	hidden    bool  // readers may not see it
	published int64 // of a hidden one, when it came into being
	language  string
	title     string // stems
	vector    vector
	partial   bool // lacks a word
	score     int
}

// New gives the service. The directory names what suggestions lead to.
func New(db *store.DB, dir *directory.Directory) *Service {
	s := &Service{db: db, dir: dir}
	if db.Dialect == store.Postgres {
		s.index = &postgres{db}
	} else {
		s.index = &sqlite{db}
	}
	return s
}

// Filter narrows a search. Kinds of conditions add up; the values of one are
// alternatives. The zero Filter lets everything pass.
type Filter struct {
	Categories []int // with their sub-sections
	Tags       []int
	Places     []int
	Authors    []int
	Series     []int
	Languages  []string // BCP 47; compared by their primary subtags
	Kinds      []string // as stored with articles

	PublishedSince, PublishedBefore *time.Time
}

// maxFilterValues bounds the alternatives of one condition.
const maxFilterValues = 100

func (f Filter) narrow(m *match) error {
	for _, list := range []struct {
		field string
		kind  Kind
		ids   []int
	}{
		{"categories", Category, f.Categories}, {"tags", Tag, f.Tags}, {"places", Place, f.Places},
		{"authors", Author, f.Authors}, {"series", Series, f.Series},
	} {
		if err := addFacts(m, list.field, list.ids, func(id int) string { return fact(list.kind, id) }); err != nil {
			return err
		}
	}
	if err := addFacts(m, "languages", f.Languages, languageFact); err != nil {
		return err
	}
	if err := addFacts(m, "kinds", f.Kinds, kindFact); err != nil {
		return err
	}
	m.since, m.till = math.MinInt64, math.MaxInt64
	if f.PublishedSince != nil {
		m.since = f.PublishedSince.UnixMicro()
	}
	if f.PublishedBefore != nil {
		m.till = f.PublishedBefore.UnixMicro()
	}
	return nil
}

func addFacts[T any](m *match, field string, values []T, word func(T) string) error {
	if len(values) > maxFilterValues {
		return fault.BadInput(field, "At most %d values.", maxFilterValues)
	}
	var words []string
	for _, v := range values {
		words = append(words, word(v))
	}
	if len(words) > 0 {
		m.facts = append(m.facts, words)
	}
	return nil
}

// isZero reports whether everything passes.
func (f Filter) isZero() bool {
	return len(f.Categories)+len(f.Tags)+len(f.Places)+len(f.Authors)+len(f.Series)+len(f.Languages)+len(f.Kinds) == 0 &&
		f.PublishedSince == nil && f.PublishedBefore == nil
}

// Order is the order of results.
type Order int

// The orders.
const (
	Relevance Order = iota // those that fit best first
	Newest                 // by the moment of publication
)

// Query asks for a page of a search.
type Query struct {
	Text   string // as typed; see parse for what it may hold
	Filter Filter
	Order  Order
	First  int         // rows of the page
	After  *keyset.Key // the Key of the last row of the page before
}

// Hit is one article found.
type Hit struct {
	Article int
	Score   float64    // above 0 and at most 1, comparable within one search
	Partial bool       // it lacks a word of the query
	Key     keyset.Key // its place in the ranking
	hidden  bool
}

// Results are what a search found.
type Results struct {
	Hits    []Hit // the page asked for, best first
	HasNext bool
	Count   int  // of all pages together
	Exact   bool // whether Count is just as many, or there are more articles than are ranked

	// Corrected is the query that the results are of, when nothing was found for what
	// was typed: the same with misspelt words corrected. Empty otherwise.
	Corrected string

	service *Service
	match   match
	ranked  []candidate
}

// finder is how the engine looks for articles.
type finder func(match) (found []candidate, complete bool, err error)

// Search gives a page of the articles that match, best first. A query without
// any word lists what passes the filter, newest first, and without a filter
// finds nothing. Errors that a client caused are faults.
func (s *Service) Search(ctx context.Context, q Query) (*Results, error) {
	return s.search(ctx, q, func(m match) ([]candidate, bool, error) { return s.index.find(ctx, m, MaxHits) })
}

// search parses a query, lets find look for it, and ranks what was found.
func (s *Service) search(ctx context.Context, q Query, find finder) (*Results, error) {
	p, err := parse(q.Text)
	if err != nil {
		return nil, err
	}
	r := &Results{service: s, Exact: true}
	q.Filter.PublishedSince, q.Filter.PublishedBefore = later(q.Filter.PublishedSince, p.since), earlier(q.Filter.PublishedBefore, p.before)
	if len(p.all) == 0 {
		if q.Filter.isZero() {
			return r, nil
		}
		q.Order = Newest
	}
	if err := q.Filter.narrow(&r.match); err != nil {
		return nil, err
	}
	if r.match.since >= r.match.till {
		return r, nil
	}
	after, err := placeOf(q.After)
	if err != nil {
		return nil, err
	}
	found, complete, err := s.look(ctx, p, r, find)
	if err != nil {
		return nil, err
	}
	if len(found) < fewHits {
		if found, complete, err = s.lookAgain(ctx, q, p, r, found, complete, find); err != nil {
			return nil, err
		}
	}
	if after != nil && len(after.frequencies.rarity) == len(r.match.all) {
		r.match.frequencies = after.frequencies
	}
	if q.Order == Relevance {
		rank(r.match, found)
	}
	r.take(q, found, complete, after)
	return r, nil
}

// look finds what matches a parsed query within what r's filter lets pass.
func (s *Service) look(ctx context.Context, p parsed, r *Results, find finder) ([]candidate, bool, error) {
	r.match.all, r.match.none, r.match.seen = nil, nil, nil
	if err := s.understand(ctx, p, &r.match); err != nil {
		return nil, false, err
	}
	found, complete, err := find(r.match)
	if err != nil {
		return nil, false, fmt.Errorf("search: %w", err)
	}
	return found, complete, nil
}

// take cuts the page out of what was found.
func (r *Results) take(q Query, found []candidate, complete bool, after *place) {
	slices.SortFunc(found, bestFirst)
	if len(found) > MaxHits {
		found, complete = found[:MaxHits], false
	}
	r.ranked, r.Count, r.Exact = found, len(found), complete
	begin := 0
	if after != nil {
		begin, _ = slices.BinarySearchFunc(found, after.candidate, func(c, after candidate) int {
			if bestFirst(c, after) <= 0 {
				return -1
			}
			return 1
		})
	}
	end := min(begin+max(q.First, 0), len(found))
	for _, c := range found[begin:end] {
		r.Hits = append(r.Hits, Hit{Article: c.article, Score: max(float64(c.score), 1) / maxScore, Partial: c.partial,
			Key: c.key(r.match.frequencies), hidden: c.hidden})
	}
	r.HasNext = end < len(found)
}

func later(a, b *time.Time) *time.Time {
	if a == nil || b != nil && b.After(*a) {
		return b
	}
	return a
}

func earlier(a, b *time.Time) *time.Time {
	if a == nil || b != nil && b.Before(*a) {
		return b
	}
	return a
}

// bestFirst is the order of results. Articles that fit equally well go newest
// first.
func bestFirst(a, b candidate) int {
	return cmp.Or(cmp.Compare(b.score, a.score), cmp.Compare(b.published, a.published), cmp.Compare(b.article, a.article))
}

// key is the place of a candidate, with what it was ranked by.
func (c candidate) key(f frequencies) keyset.Key {
	numbers := append([]int{c.score}, f.lengths[:]...)
	text := make([]string, 0, len(numbers)+len(f.rarity))
	for _, n := range append(numbers, f.rarity...) {
		text = append(text, strconv.Itoa(n))
	}
	return keyset.Key{Text: strings.Join(text, " "), Time: c.published, ID: c.article}
}

// place is what a cursor of a search says.
type place struct {
	candidate
	frequencies frequencies
}

func placeOf(k *keyset.Key) (*place, error) {
	if k == nil {
		return nil, nil
	}
	fields := strings.Fields(k.Text)
	if len(fields) <= fieldCount || len(fields) > 1+fieldCount+maxClauses {
		return nil, fault.New(fault.CursorInvalid, "The cursor is not one of a search.")
	}
	numbers := make([]int, len(fields))
	for i, field := range fields {
		n, err := strconv.Atoi(field)
		if err != nil || n < 0 || n > math.MaxInt32 {
			return nil, fault.New(fault.CursorInvalid, "The cursor is not one of a search.")
		}
		numbers[i] = n
	}
	p := &place{candidate: candidate{article: k.ID, published: k.Time, score: numbers[0]}}
	copy(p.frequencies.lengths[:], numbers[1:])
	p.frequencies.rarity = numbers[1+fieldCount:]
	return p, nil
}
