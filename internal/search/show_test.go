package search_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/broadsheet-cms/broadsheet/internal/content"
	"github.com/broadsheet-cms/broadsheet/internal/search"
	"github.com/broadsheet-cms/broadsheet/internal/store"
	"github.com/broadsheet-cms/broadsheet/internal/testkit"
)

func TestHighlightsKeepTheSpelling(t *testing.T) {
	t.Parallel()
	testkit.Databases(t, func(t *testing.T, db *store.DB) {
		n := open(t, db)
		fill(t, n)
		n.save(t, "markup", "Escapes", "Say &lt;script&gt; &amp; \"Zürich\" to <b>bankers</b>’ ears.")
		n.save(t, "far", "Long read", "One two three four five six seven eight nine ten. Eleven twelve thirteen fourteen. "+
			"Here the lighthouse stands beside another lighthouse and the keeper of that lighthouse looks out over a sea that goes on, "+
			"and on, and on, until nobody who counts the waves can say where any of them began to break.")
		for query, want := range map[string]struct{ slug, highlight string }{
			"pilots ":      {"strike-begins", "The <mark>pilots</mark> of the port stopped working on Monday. The strike ends when wages rise."},
			"مؤسسه ":       {"foundation", "أَعْلَنَتِ <mark>الْمُؤَسَّسَةُ</mark> عَنْ آخِرِ نَتَائِجِهَا"},
			"انتخابات ":    {"elections", "أعلنت اللجنة نتائج <mark>الانتخابات</mark> في ١٦ شباط ٢٠٢٥."},
			"zurich bank ": {"markup", "Say &lt;script&gt; &amp; &#34;<mark>Zürich</mark>&#34; to bankers’ ears."},
			"wren ":        {"tram-budget", "The budget passed. A taxi firm objected to the tram, because trams and the tram depot take its tram stop."},
			"the who ":     {"who", "<mark>The</mark> <mark>Who</mark> play <mark>the</mark> harbour"},
			"lighthouse keeper ": {"far", "… Eleven twelve thirteen fourteen. Here the <mark>lighthouse</mark> stands beside another <mark>lighthouse</mark> " +
				"and the <mark>keeper</mark> of that <mark>lighthouse</mark> looks out over a sea that goes on, and on, and on, until nobody who …"},
		} {
			r, err := n.Search(t.Context(), search.Query{Text: query, First: 20})
			if err != nil {
				t.Fatal(err)
			}
			marked, err := r.Highlights(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			for _, h := range r.Hits {
				if n.slugs[h.Article] == want.slug {
					if diff := cmp.Diff(want.highlight, marked[h.Article]); diff != "" {
						t.Errorf("%q (-want +got):\n%s", query, diff)
					}
				}
			}
		}
	})
}

func TestFacetsCountWhatIsFound(t *testing.T) {
	t.Parallel()
	testkit.Databases(t, func(t *testing.T, db *store.DB) {
		n := open(t, db)
		fill(t, n)
		r, err := n.Search(t.Context(), search.Query{Text: "tram ", First: 1})
		if err != nil {
			t.Fatal(err)
		}
		f, err := r.Facets(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		want := &search.Facets{
			Categories: []search.Count{{ID: n.news.ID, Count: 2}, {ID: n.local.ID, Count: 1}},
			Authors:    []search.Count{{ID: n.author.ID, Count: 1}},
			Tags:       []search.Count{{ID: n.tram.ID, Count: 1}},
			Years:      []search.Count{{ID: 2026, Count: 2}},
			Languages:  []search.LanguageCount{{Language: "en", Count: 2}},
		}
		if diff := cmp.Diff(want, f); diff != "" {
			t.Errorf("facets (-want +got):\n%s", diff)
		}
	})
}

func TestSuggestions(t *testing.T) {
	t.Parallel()
	testkit.Databases(t, func(t *testing.T, db *store.DB) {
		n := open(t, db)
		fill(t, n)
		for i := range 30 {
			n.save(t, "", "Harbour diary", "Words.", func(d *content.Draft) { d.Title += string(rune('A' + i)) })
		}
		for _, test := range []struct {
			typed, language string
			n               int
			want            []string
		}{
			{"Mar", "", 10, []string{"Marrow Bay", "Bank of Marrow keeps its rate", "A quiet morning in the market"}},
			{"BAY", "", 10, []string{"Marrow Bay"}},
			{"tra", "", 10, []string{"Trams", "Council funds two tram lines"}},
			{"nadia wr", "", 10, []string{"Nadia Wren"}},
			{"local", "", 10, []string{"Local news"}},
			{"harb", "", 1, []string{"Harbour strike"}},
			{"اضراب", "ar", 10, []string{"إضراب الميناء"}},
			{"الانت", "ar", 10, []string{"الانتخابات البلدية في القاهرة"}},
			{"الانت", "en", 10, nil},
			{"who", "", 10, []string{"The Who play the harbour"}},
			{"zzz", "", 10, nil},
			{"harb", "", 0, nil},
		} {
			got, err := n.Suggest(t.Context(), test.typed, test.language, test.n)
			if err != nil {
				t.Fatal(err)
			}
			var texts []string
			for _, g := range got {
				texts = append(texts, g.Text)
			}
			if diff := cmp.Diff(test.want, texts); diff != "" {
				t.Errorf("%q (-want +got):\n%s", test.typed, diff)
			}
		}
		if got, err := n.Suggest(t.Context(), "harb", "", 100); err != nil || len(got) != search.MaxSuggestions {
			t.Errorf("%d suggestions, %v", len(got), err)
		}
	})
}
