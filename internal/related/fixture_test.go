package related

import (
	"bufio"
	"context"
	"math"
	"os"
	"strings"
	"testing"
	"time"
)

// fixture reads testdata/headlines.txt: stories under "# name", one headline a
// line. Times are spread so that they do not give the stories away.
func fixture(t testing.TB) (docs []Doc, story map[int64]string) {
	t.Helper()
	f, err := os.Open("testdata/headlines.txt")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	story = make(map[int64]string)
	name := ""
	for s := bufio.NewScanner(f); s.Scan(); {
		line := strings.TrimSpace(s.Text())
		if rest, ok := strings.CutPrefix(line, "# "); ok {
			name = rest
			continue
		}
		if line == "" {
			continue
		}
		id := int64(len(docs) + 1)
		docs = append(docs, Doc{
			ID: id, Language: "en", Title: line,
			Published: time.Date(2024, 5, 1, int(id*7%240), 0, 0, 0, time.UTC),
		})
		story[id] = name
	}
	return docs, story
}

// archive learns the documents and indexes them in the order of publishing.
func archive(t testing.TB, docs []Doc) (*Index, *Vocabulary, []Article) {
	t.Helper()
	v := new(Vocabulary)
	profiles := make([]Profile, len(docs))
	for i, d := range docs {
		profiles[i] = Analyse(d)
		v.Learn(d.Language, profiles[i])
	}
	x := NewIndex()
	articles := make([]Article, len(docs))
	for i, d := range docs {
		articles[i] = v.Article(d, profiles[i])
		if err := x.Add(articles[i]); err != nil {
			t.Fatal(err)
		}
	}
	return x, v, articles
}

func build(t testing.TB, x *Index, r Ranker) map[int64][]Candidate {
	t.Helper()
	out := make(map[int64][]Candidate)
	err := x.Build(context.Background(), r, func(id int64, c []Candidate) error {
		out[id] = c
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// ndcg is the mean normalised discounted cumulative gain of the first eight.
func ndcg(story map[int64]string, found map[int64][]Candidate) float64 {
	size := make(map[string]int)
	for _, s := range story {
		size[s]++
	}
	sum := 0.0
	for id, s := range story {
		got, ideal := 0.0, 0.0
		for k := range min(8, size[s]-1) {
			ideal += 1 / math.Log2(float64(k+2))
		}
		for k, c := range found[id][:min(8, len(found[id]))] {
			if story[c.ID] == s {
				got += 1 / math.Log2(float64(k+2))
			}
		}
		sum += got / ideal
	}
	return sum / float64(len(story))
}
