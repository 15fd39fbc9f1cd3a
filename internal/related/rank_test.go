package related

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// With few and short texts there is little to go by; the bounds are what the
// signals are known to reach here, with a margin for honest changes.
func TestStoriesAreFound(t *testing.T) {
	t.Parallel()
	docs, story := fixture(t)
	x, _, _ := archive(t, docs)
	alone := NewRanker()
	alone.Blend = 0
	words := ndcg(story, build(t, x, alone))
	both := ndcg(story, build(t, x, NewRanker()))
	t.Logf("nDCG@8: words %.3f, with neighbours %.3f", words, both)
	if both < 0.92 {
		t.Errorf("nDCG@8 = %.3f, want at least 0.92", both)
	}
	if both <= words {
		t.Errorf("neighbours do not help: %.3f, without %.3f", both, words)
	}
}

// Articles that come one by one, each offered to its neighbours, end up about
// as well as an archive that is ranked at once.
func TestPublishingRefreshesNeighbours(t *testing.T) {
	t.Parallel()
	docs, story := fixture(t)
	_, _, articles := archive(t, docs)
	rand.New(rand.NewPCG(1, 2)).Shuffle(len(articles), func(i, j int) {
		articles[i], articles[j] = articles[j], articles[i]
	})
	x := NewIndex()
	lists := make(map[int64][]Candidate)
	for _, a := range articles {
		k, err := NewRanker().Rank(t.Context(), x, a)
		if err != nil {
			t.Fatal(err)
		}
		if err := x.Add(a); err != nil {
			t.Fatal(err)
		}
		lists[a.ID] = k.Candidates
		x.SetNeighbours(a.ID, k.Candidates)
		for _, o := range k.Offers() {
			if o.ID != a.ID || o.To == a.ID {
				t.Fatalf("publishing %d offers %d to %d", a.ID, o.ID, o.To)
			}
			list := append(slices.Clone(lists[o.To]), o.Candidate)
			slices.SortStableFunc(list, func(a, b Candidate) int {
				if a.Score > b.Score {
					return -1
				}
				return 1
			})
			lists[o.To] = list[:min(len(list), MaxCandidates)]
			x.SetNeighbours(o.To, lists[o.To])
		}
	}
	if got := ndcg(story, lists); got < 0.90 {
		t.Errorf("nDCG@8 = %.3f, want at least 0.90", got)
	}
}

func TestRankingIsDeterministic(t *testing.T) {
	t.Parallel()
	docs, _ := fixture(t)
	x, _, _ := archive(t, docs)
	y, _, _ := archive(t, docs)
	if diff := cmp.Diff(build(t, x, NewRanker()), build(t, y, NewRanker())); diff != "" {
		t.Error(diff)
	}
}

// day returns a document published on a day of the same month.
func day(id int64, d int, title string) Doc {
	return Doc{ID: id, Language: "en", Title: title, Published: time.Date(2024, 3, d, 0, 0, 0, 0, time.UTC)}
}

func related(t *testing.T, docs []Doc, id int64) ([]Candidate, *Vocabulary) {
	t.Helper()
	x, v, _ := archive(t, docs)
	return build(t, x, NewRanker())[id], v
}

func ids(cs []Candidate) (out []int64) {
	for _, c := range cs {
		out = append(out, c.ID)
	}
	return out
}

func TestSignals(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name string
		docs []Doc
		want []int64 // candidates of article 1
	}{
		{"nothing shared", []Doc{day(1, 1, "One"), day(2, 1, "Other")}, nil},
		{"no words", []Doc{day(1, 1, ""), day(2, 1, "… !")}, nil},
		{"equal scores are newest id first", []Doc{day(1, 1, "Dam"), day(2, 1, "Dam"), day(3, 1, "Dam")}, []int64{3, 2}},
		{"nearer in time first", []Doc{day(1, 1, "Dam"), day(2, 2, "Dam"), day(3, 30, "Dam")}, []int64{2, 3}},
		{"same section first", func() []Doc {
			d := []Doc{day(1, 1, "Dam"), day(2, 1, "Dam"), day(3, 1, "Dam")}
			d[0].Section, d[1].Section, d[2].Section = 7, 7, 8
			return d
		}(), []int64{2, 3}},
		{"a tag relates without a word", func() []Doc {
			d := []Doc{day(1, 1, "Alpha"), day(2, 1, "Beta"), day(3, 1, "Gamma")}
			d[0].Tags, d[1].Tags = []int64{5, 5, 6}, []int64{5}
			return d
		}(), []int64{2}},
		{"kinds do not mix", func() []Doc {
			d := []Doc{day(1, 1, "Alpha"), day(2, 1, "Beta"), day(3, 1, "Gamma")}
			d[0].Tags, d[1].Places, d[2].People = []int64{5}, []int64{5}, []int64{5}
			return d
		}(), nil},
		{"other languages are not related", func() []Doc {
			d := []Doc{day(1, 1, "Google"), day(2, 1, "Google"), day(3, 1, "Google")}
			d[0].Language, d[1].Language, d[2].Language = "en-GB", "ar", "en"
			return d
		}(), []int64{3}},
		{"same body collapses, same title does not", func() []Doc {
			d := []Doc{day(1, 1, "Dam"), day(2, 1, "Dam"), day(3, 1, "Dam"), day(4, 1, "Dam"), day(5, 1, "Dam")}
			d[0].Body, d[1].Body = "The dam leaks.", "the DAM leaks"
			d[2].Body, d[3].Body = "Dam safe", "Dam: safe!"
			return d
		}(), []int64{4, 5}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			got, _ := related(t, tt.docs, 1)
			if diff := cmp.Diff(tt.want, ids(got)); diff != "" {
				t.Errorf("candidates (-want +got):\n%s", diff)
			}
		})
	}
}

func TestReasons(t *testing.T) {
	t.Parallel()
	a, b := day(1, 1, "Tarn dam leaks"), day(2, 1, "A leaking Dam")
	for _, d := range []*Doc{&a, &b} {
		d.Tags, d.Places, d.People, d.Series, d.Section = []int64{1}, []int64{2}, []int64{3}, 4, 5
	}
	got, v := related(t, []Doc{a, b}, 1)
	if len(got) != 1 {
		t.Fatalf("%d candidates", len(got))
	}
	r := got[0].Reasons
	var words []string
	for _, id := range r.Words {
		words = append(words, v.Surface(id))
	}
	slices.Sort(words)
	if diff := cmp.Diff([]string{"dam", "leaks"}, words); diff != "" {
		t.Errorf("words (-want +got):\n%s", diff)
	}
	if len(r.Tags) != 1 || len(r.Places) != 1 || len(r.People) != 1 || !r.Series || !r.Section {
		t.Errorf("reasons = %+v", r)
	}
}

func TestKeyKind(t *testing.T) {
	t.Parallel()
	d := Doc{Language: "ar", Title: "سد", Tags: []int64{1}, Places: []int64{1}, People: []int64{1}, Series: 1}
	got := map[string]Kind{}
	for _, k := range Analyse(d).Terms {
		got[k.Key] = KeyKind(k.Key)
	}
	want := map[string]Kind{"ar:w:سد": Word, "ar:t:1": Tag, "ar:s:1": Series, "ar:a:1": Place, "ar:p:1": Person}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestProfileIsBounded(t *testing.T) {
	t.Parallel()
	var b strings.Builder
	for i := range 50_000 {
		fmt.Fprintf(&b, "w%d ", i)
	}
	many := make([]int64, 1000)
	for i := range many {
		many[i] = int64(i + 1)
	}
	p := Analyse(Doc{Title: b.String(), Body: b.String(), Tags: many, Places: many, People: many, Series: 1})
	if len(p.Terms) != maxProfile {
		t.Errorf("profile of %d terms", len(p.Terms))
	}
	if n := len(p.Salient(Corpus{Count: func(string) int { return 0 }})); n != maxSalient {
		t.Errorf("%d salient terms", n)
	}
}

func TestRareWordsAreSalient(t *testing.T) {
	t.Parallel()
	p := Analyse(Doc{Language: "en", Title: "Minister visits Tarn"})
	counts := map[string]int{"en:w:minist": 900, "en:w:visit": 500, "en:w:tarn": 2}
	got := p.Salient(Corpus{Articles: 1000, Count: func(k string) int { return counts[k] }})
	var keys []string
	for _, k := range got {
		keys = append(keys, k.Key)
	}
	if diff := cmp.Diff([]string{"en:w:tarn", "en:w:visit", "en:w:minist"}, keys); diff != "" {
		t.Error(diff)
	}
}

// counting counts the rows a ranking asks for.
type counting struct {
	*Index
	postings, articles, neighbours int
	fail                           error
}

func (c *counting) Postings(ctx context.Context, terms []int64, limits []int, yield func(int, Posting)) error {
	return c.Index.Postings(ctx, terms, limits, func(i int, p Posting) { c.postings++; yield(i, p) })
}

func (c *counting) Read(ctx context.Context, ids []int64) ([]Article, error) {
	c.articles += len(ids)
	return c.Index.Read(ctx, ids)
}

func (c *counting) Neighbours(ctx context.Context, ids []int64, limit int, yield func(int64, Neighbour)) error {
	if c.fail != nil {
		return c.fail
	}
	return c.Index.Neighbours(ctx, ids, limit, func(id int64, n Neighbour) { c.neighbours++; yield(id, n) })
}

// synthetic makes articles of one language with terms drawn from Zipf's law.
func synthetic(n int) []Article {
	rng := rand.New(rand.NewPCG(7, uint64(n)))
	zipf := rand.NewZipf(rng, 1.1, 8, uint64(n)/2+1000)
	articles := make([]Article, n)
	counts := make(map[int64]int)
	for i := range articles {
		a := Article{ID: int64(i + 1), Published: int64(i) * 600}
		for len(a.Terms) < maxSalient {
			id := int64(zipf.Uint64())
			if slices.ContainsFunc(a.Terms, func(t Term) bool { return t.ID == id }) {
				continue
			}
			a.Terms = append(a.Terms, Term{ID: id, Weight: uint8(60 + rng.IntN(160))})
			counts[id]++
		}
		articles[i] = a
	}
	for i := range articles {
		for j := range articles[i].Terms {
			t := &articles[i].Terms[j]
			t.Count = counts[t.ID]
		}
	}
	return articles
}

func TestWorkIsBounded(t *testing.T) {
	t.Parallel()
	x := NewIndex()
	articles := synthetic(20_000)
	for _, a := range articles {
		if err := x.Add(a); err != nil {
			t.Fatal(err)
		}
	}
	for _, a := range articles[:200] {
		x.SetNeighbours(a.ID, []Candidate{{ID: a.ID + 1, Score: 1}})
	}
	c := &counting{Index: x}
	if _, err := NewRanker().Rank(t.Context(), c, articles[len(articles)-1]); err != nil {
		t.Fatal(err)
	}
	if c.postings == 0 || c.postings > maxPostings || c.articles > poolSize || c.neighbours > poolSize*graphDegree {
		t.Errorf("postings %d, articles %d, neighbours %d", c.postings, c.articles, c.neighbours)
	}
}

func TestErrorsOfTheSourceAreReturned(t *testing.T) {
	t.Parallel()
	docs, _ := fixture(t)
	x, _, articles := archive(t, docs)
	want := errors.New("gone")
	if _, err := NewRanker().Rank(t.Context(), &counting{Index: x, fail: want}, articles[0]); !errors.Is(err, want) {
		t.Errorf("error = %v", err)
	}
	if err := x.Build(t.Context(), NewRanker(), func(int64, []Candidate) error { return want }); !errors.Is(err, want) {
		t.Errorf("Build = %v", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := x.Build(ctx, NewRanker(), func(int64, []Candidate) error { return nil }); !errors.Is(err, context.Canceled) {
		t.Errorf("Build = %v", err)
	}
}

func FuzzAnalyse(f *testing.F) {
	f.Add("en", "Tarn dam", "A leak.", int64(1))
	f.Add("", "\xff", "\x00", int64(-1))
	f.Add("a:b-c", "'", strings.Repeat("x", 300), int64(0))
	f.Fuzz(func(t *testing.T, lang, title, body string, facet int64) {
		p := Analyse(Doc{Language: lang, Title: title, Body: body, Tags: []int64{facet}, Series: facet})
		for _, k := range p.Terms {
			if k.Weight == 0 || k.Key == "" {
				t.Fatalf("term %+v", k)
			}
			if isWord := KeyKind(k.Key) == Word; isWord != (k.Surface != "") {
				t.Fatalf("%q has the surface %q", k.Key, k.Surface)
			}
		}
		var v Vocabulary
		v.Learn(lang, p)
		if a := v.Article(Doc{Language: lang}, p); len(a.Terms) != min(len(p.Terms), maxSalient) {
			t.Fatalf("%d terms of %d", len(a.Terms), len(p.Terms))
		}
	})
}

func BenchmarkAnalyse(b *testing.B) {
	d := Doc{Language: "en", Title: "Engineers lower Tarn reservoir to ease pressure on dam", Body: strings.Repeat("Engineers said on Monday that the reservoir above the Tarn valley would fall by two metres a day until the leak is found. ", 25)}
	b.ReportAllocs()
	for b.Loop() {
		Analyse(d)
	}
}

// BenchmarkPublish is what publishing costs but for the statements: ranking one
// article and offering it, in an archive of 10,000 and 100,000 articles.
func BenchmarkPublish(b *testing.B) {
	for _, n := range []int{10_000, 100_000} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			x := NewIndex()
			articles := synthetic(n)
			for _, a := range articles {
				if err := x.Add(a); err != nil {
					b.Fatal(err)
				}
			}
			c := &counting{Index: x}
			runs := 0
			b.ReportAllocs()
			for b.Loop() {
				k, err := NewRanker().Rank(b.Context(), c, articles[runs*7919%n])
				if err != nil {
					b.Fatal(err)
				}
				k.Offers()
				runs++
			}
			b.ReportMetric(float64(c.postings)/float64(runs), "postings/op")
			b.ReportMetric(float64(c.articles)/float64(runs), "articles/op")
		})
	}
}
