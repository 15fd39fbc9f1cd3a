package graph_test

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/broadsheet-cms/broadsheet/ent"
	"github.com/broadsheet-cms/broadsheet/ent/article"
	"github.com/broadsheet-cms/broadsheet/internal/content"
)

// newsPage is a page of news as a client gets it.
type newsPage struct {
	Nodes []struct {
		Title    string `json:"title"`
		Language string `json:"language"`
	} `json:"nodes"`
	Edges []struct {
		Cursor string `json:"cursor"`
	} `json:"edges"`
	PageInfo struct {
		HasNextPage     bool    `json:"hasNextPage"`
		HasPreviousPage bool    `json:"hasPreviousPage"`
		StartCursor     *string `json:"startCursor"`
		EndCursor       *string `json:"endCursor"`
	} `json:"pageInfo"`
	TotalCount struct {
		Value     int    `json:"value"`
		Precision string `json:"precision"`
	} `json:"totalCount"`
}

const pageOfNews = `query($first: Int, $after: String, $last: Int, $before: String, $language: Locale, $limit: Int) {
	latestNews(first: $first, after: $after, last: $last, before: $before, language: $language) {
		nodes { title language } edges { cursor } pageInfo { hasNextPage hasPreviousPage startCursor endCursor } totalCount(limit: $limit) { value precision }
	}
}`

func (n *newsroom) page(t *testing.T, variables map[string]any) newsPage {
	t.Helper()
	a, _ := n.post(t, pageOfNews, variables)
	if len(a.Errors) > 0 {
		t.Fatalf("%v: %+v", variables, a.Errors)
	}
	var data struct {
		LatestNews newsPage `json:"latestNews"`
	}
	if err := json.Unmarshal(a.Data, &data); err != nil {
		t.Fatal(err)
	}
	p := data.LatestNews
	if len(p.Edges) != len(p.Nodes) || len(p.Edges) > 0 && (p.Edges[0].Cursor != *p.PageInfo.StartCursor || p.Edges[len(p.Edges)-1].Cursor != *p.PageInfo.EndCursor) {
		t.Errorf("edges, nodes and page info disagree: %+v", p)
	}
	return p
}

func titles(p newsPage) (all []string) {
	for _, a := range p.Nodes {
		all = append(all, a.Title)
	}
	return all
}

// writer publishes and removes articles while somebody pages.
type writer struct {
	*newsroom
	random *rand.Rand
	live   []*content.Draft // newest first
	made   int
}

// publish makes an article of a moment. Moments are few, so that many tie.
func (w *writer) publish(t *testing.T, minute int) *content.Draft {
	t.Helper()
	w.made++
	at := w.clock.Add(24*time.Hour + time.Duration(minute)*time.Minute)
	d := &content.Draft{Title: fmt.Sprintf("Story %d", w.made), Status: article.StatusPublished, PublishedAt: &at, Language: []string{"en", "ar"}[w.made%2]}
	d.ID = must[[]*ent.Article](t)(w.Articles.Save(t.Context(), d))[0].ID
	w.live = append(w.live, d)
	return d
}

// remove takes an article back.
func (w *writer) remove(t *testing.T) string {
	t.Helper()
	i := w.random.IntN(len(w.live))
	gone := w.live[i]
	w.live = slices.Delete(w.live, i, i+1)
	gone.Status = article.StatusUnpublished
	must[[]*ent.Article](t)(w.Articles.Save(t.Context(), gone))
	return gone.Title
}

// TestPagingWhileTheListChanges pages in both directions with pages of any
// size, while articles are published, also with times long past, and removed.
// Of those that were there from beginning to end, none is skipped or repeated.
func TestPagingWhileTheListChanges(t *testing.T) {
	t.Parallel()
	eachNewsroom(t, func(t *testing.T, n *newsroom) {
		w := &writer{newsroom: n, random: rand.New(rand.NewPCG(1, 2))}
		for i := range 40 {
			w.publish(t, i/3)
		}
		for round := range 6 {
			backward, language := round%2 == 1, []any{nil, "ar", "en"}[round%3]
			before := w.whole(t, language)
			touched := map[string]bool{} // published or removed meanwhile
			var seen []string
			var cursor *string
			for step := 0; ; step++ {
				size := 1 + w.random.IntN(9)
				variables := map[string]any{"language": language, "first": size, "after": cursor}
				if backward {
					variables = map[string]any{"language": language, "last": size, "before": cursor}
				}
				p := n.page(t, variables)
				here := titles(p)
				if backward {
					seen = append(slices.Clone(here), seen...)
				} else {
					seen = append(seen, here...)
				}
				if whole := w.whole(t, language); len(here) > 0 {
					first, last := slices.Index(whole, here[0]), slices.Index(whole, here[len(here)-1])
					if p.PageInfo.HasPreviousPage != (first > 0) || p.PageInfo.HasNextPage != (last < len(whole)-1) {
						t.Errorf("page %v of %d rows from %d to %d says previous %v, next %v", here, len(whole), first, last, p.PageInfo.HasPreviousPage, p.PageInfo.HasNextPage)
					}
					if p.TotalCount.Value != len(whole) || p.TotalCount.Precision != "EXACT" {
						t.Errorf("counted %+v of %d", p.TotalCount, len(whole))
					}
				}
				more := p.PageInfo.HasNextPage
				cursor = p.PageInfo.EndCursor
				if backward {
					more, cursor = p.PageInfo.HasPreviousPage, p.PageInfo.StartCursor
				}
				if !more || len(here) == 0 {
					break
				}
				if step > 100 {
					t.Fatal("paging does not end")
				}
				switch w.random.IntN(4) {
				case 0: // news of now
					touched[w.publish(t, 20+w.made).Title] = true
				case 1: // an old draft, published late with its old date
					touched[w.publish(t, w.random.IntN(13)).Title] = true
				case 2:
					touched[w.remove(t)] = true
				}
			}
			stayed := func(titles []string) (kept []string) {
				for _, title := range titles {
					if !touched[title] {
						kept = append(kept, title)
					}
				}
				return kept
			}
			if got, want := stayed(seen), stayed(before); !slices.Equal(got, want) {
				t.Errorf("round %d: paging gave\n%v, of\n%v", round, got, want)
			}
			if sorted := slices.Sorted(slices.Values(seen)); len(slices.Compact(sorted)) != len(seen) {
				t.Errorf("round %d repeats rows: %v", round, seen)
			}
		}
	})
}

// whole is the list as it is now.
func (w *writer) whole(t *testing.T, language any) []string {
	t.Helper()
	p := w.page(t, map[string]any{"first": 100, "language": language})
	for _, a := range p.Nodes {
		if language != nil && a.Language != language {
			t.Errorf("%q is in %s, asked for %v", a.Title, a.Language, language)
		}
	}
	return titles(p)
}

func TestCountsStopAtTheirLimit(t *testing.T) {
	t.Parallel()
	eachNewsroom(t, func(t *testing.T, n *newsroom) {
		whole := len(n.page(t, map[string]any{"first": 100}).Nodes)
		for limit, want := range map[int]string{1: "AT_LEAST", whole - 1: "AT_LEAST", whole: "EXACT", whole + 1: "EXACT", 10_000: "EXACT"} {
			p := n.page(t, map[string]any{"first": 1, "limit": limit})
			if p.TotalCount.Precision != want || p.TotalCount.Value != min(limit, whole) {
				t.Errorf("limit %d of %d rows: %+v, want %s", limit, whole, p.TotalCount, want)
			}
		}
	})
}
