package search_test

import (
	"database/sql"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/broadsheet-cms/broadsheet/ent/article"
	"github.com/broadsheet-cms/broadsheet/internal/access"
	"github.com/broadsheet-cms/broadsheet/internal/content"
	"github.com/broadsheet-cms/broadsheet/internal/richtext"
	"github.com/broadsheet-cms/broadsheet/internal/search"
	"github.com/broadsheet-cms/broadsheet/internal/store"
	"github.com/broadsheet-cms/broadsheet/internal/testkit"
)

// What makes one article fit better than another, each pair with the better one
// first. The worse one is newer, so that age does not explain the order.
func TestRanking(t *testing.T) {
	t.Parallel()
	testkit.Databases(t, func(t *testing.T, db *store.DB) {
		n := open(t, db)
		filler := strings.Repeat("Other matters were discussed at length by the assembly. ", 30)
		for i := range 20 {
			n.save(t, fmt.Sprintf("common-%d", i), "Council meets", "The council of the city met. "+filler)
		}
		n.save(t, "often", "Morning", "The ferry sank. The ferry was old. A ferry like it is rare. "+filler)
		n.save(t, "once", "Evening", "A ferry passed by. "+filler)
		n.save(t, "short", "Noon", "A lighthouse keeper retired.")
		n.save(t, "long", "Night", "A lighthouse keeper retired. "+filler)
		n.save(t, "rare-word", "Harvest", "The almanac. "+filler)
		n.save(t, "rare-two", "Harvest home", "The almanac and the council. "+filler)
		n.save(t, "exact", "Sailing today", "We go.")
		n.save(t, "form", "Sails today", "We go.")
		n.save(t, "ar-exact", "كتاب جديد", "صدر اليوم.", arabic)
		n.save(t, "ar-form", "كتابات جديدة", "صدر اليوم.", arabic)
		for _, test := range []struct {
			name, query, better, worse string
		}{
			{"a word that stands more often", "ferry ", "often", "once"},
			{"a shorter text", "lighthouse ", "short", "long"},
			{"the form that was typed", "sailing ", "exact", "form"},
			{"the Arabic form that was typed", "كتاب ", "ar-exact", "ar-form"},
		} {
			got := n.find(t, search.Query{Text: test.query})
			better, worse := slices.Index(got, test.better), slices.Index(got, test.worse)
			if better < 0 || worse >= 0 && better > worse {
				t.Errorf("%s: %q finds %v, want %s before %s", test.name, test.query, got, test.better, test.worse)
			}
		}
		newest := n.find(t, search.Query{Text: "ferry ", Order: search.Newest})
		if diff := cmp.Diff([]string{"once", "often"}, newest); diff != "" {
			t.Errorf("newest first (-want +got):\n%s", diff)
		}
	})
}

// What can be typed beside words.
func TestOperators(t *testing.T) {
	t.Parallel()
	testkit.Databases(t, func(t *testing.T, db *store.DB) {
		n := open(t, db)
		fill(t, n)
		for _, test := range []struct {
			name, query string
			filter      search.Filter
			want        []string
		}{
			{"either word", "pilots OR ferry ", search.Filter{}, []string{"police", "strike-begins"}},
			{"either of three", `gale OR "tram lines" OR postponed `, search.Filter{}, []string{"empty", "one", "tram-budget"}},
			{"either, and another", "tram budget OR taxi ", search.Filter{}, []string{"tram-budget"}},
			{"or in small letters is a stop word", "pilots or ferry ", search.Filter{}, nil},
			{"OR at the end", "ferry OR", search.Filter{}, []string{"police"}},
			{"OR at the beginning", "OR ferry ", search.Filter{}, []string{"police"}},
			{"in the title", "title:tram ", search.Filter{}, []string{"tram-budget"}},
			{"a phrase of the title", `title:"tram lines"`, search.Filter{}, []string{"tram-budget"}},
			{"not in the title", "tram -title:tram ", search.Filter{}, []string{"tram-mention"}},
			{"by an author", "author:wren ", search.Filter{}, []string{"tram-budget"}},
			{"by an author and a word", "author:wren ferry ", search.Filter{}, nil},
			{"after a day", "tram after:2026-02-04 ", search.Filter{}, []string{"tram-mention"}},
			{"before a day", "tram before:2026-02-04 ", search.Filter{}, []string{"tram-budget"}},
			{"a window", "tram after:2026-02 before:2027 ", search.Filter{}, []string{"tram-budget", "tram-mention"}},
			{"the narrower window counts", "tram after:2020 ", search.Filter{PublishedSince: at(2026, 2, 4)}, []string{"tram-mention"}},
			{"no day is words", "after:lunch ", search.Filter{}, nil},
			{"a filter alone", "", search.Filter{Categories: []int{n.sport.ID}}, []string{"police"}},
			{"a window alone", "", search.Filter{PublishedBefore: at(2026, 2, 4)}, []string{"strike-begins", "tram-budget"}},
			{"a field and no word", "title: ferry ", search.Filter{}, nil},
		} {
			got := n.find(t, search.Query{Text: test.query, Filter: test.filter})
			slices.Sort(got)
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Errorf("%s: %q (-want +got):\n%s", test.name, test.query, diff)
			}
		}
	})
}

// Articles that lack a word of three or more come behind those that have all.
func TestMostOfTheWords(t *testing.T) {
	t.Parallel()
	testkit.Databases(t, func(t *testing.T, db *store.DB) {
		n := open(t, db)
		n.save(t, "all", "Pilots at sea", "The harbour pilots met the dredger.")
		n.save(t, "two", "Dredger dredger dredger", "The harbour has a dredger.")
		n.save(t, "one", "Anchors", "A harbour.")
		r, err := n.Search(t.Context(), search.Query{Text: "harbour pilots dredger ", First: 10})
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, h := range r.Hits {
			got = append(got, fmt.Sprint(n.slugs[h.Article], " ", h.Partial))
		}
		if diff := cmp.Diff([]string{"all false", "two true"}, got); diff != "" {
			t.Errorf("-want +got:\n%s", diff)
		}
		for query, want := range map[string][]string{
			"harbour quay ":                    nil, // of two words none may be missing
			`"harbour pilots" dredger quay `:   nil, // nor a phrase
			"harbour -dredger anchors pilots ": {"one"},
		} {
			if diff := cmp.Diff(want, n.find(t, search.Query{Text: query})); diff != "" {
				t.Errorf("%q (-want +got):\n%s", query, diff)
			}
		}
	})
}

// What was meant is found when nothing is found for what was typed.
func TestCorrection(t *testing.T) {
	t.Parallel()
	testkit.Databases(t, func(t *testing.T, db *store.DB) {
		n := open(t, db)
		fill(t, n)
		n.save(t, "hidden", "Zeppelins", "A secret dirigible.", func(d *content.Draft) { d.Status = article.StatusDraft })
		for _, test := range []struct {
			query, corrected string
			want             []string
		}{
			{"habour strike ", "harbour strike", []string{"strike-begins"}},
			{"commmittee", "committee", []string{"bank"}},
			{"budgte ", "budget", []string{"tram-budget"}},
			{"conserttt ", "", nil},
			{"stopqed workking ", "stopped working", []string{"strike-begins"}},
			{"الانتحابات ", "الانتخابات", []string{"elections"}},
			{"zeppelinx ", "", nil}, // only readers' words are suggested
			{"dirigibel ", "", nil},
			{"ferry ", "", []string{"police"}},
		} {
			r, err := n.Search(t.Context(), search.Query{Text: test.query, First: 10})
			if err != nil {
				t.Fatal(err)
			}
			var got []string
			for _, h := range r.Hits {
				got = append(got, n.slugs[h.Article])
			}
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Errorf("%q (-want +got):\n%s", test.query, diff)
			}
			if r.Corrected != test.corrected {
				t.Errorf("%q is corrected to %q, want %q", test.query, r.Corrected, test.corrected)
			}
		}
	})
}

// A particle of one letter before an Arabic word is seen through where the text
// has the word without it more often.
func TestArabicParticles(t *testing.T) {
	t.Parallel()
	testkit.Databases(t, func(t *testing.T, db *store.DB) {
		n := open(t, db)
		n.save(t, "story-one", "القصة الأولى", "هذه القصة طويلة.", arabic)
		n.save(t, "story-two", "قصة أخرى", "القصة قصيرة.", arabic)
		n.save(t, "for-story", "نهاية لقصة", "وداع.", arabic)
		n.save(t, "imam", "إمام المسجد", "خطب الإمام.", arabic)
		n.save(t, "affairs", "شئون البلد", "مسئول كبير.", arabic)
		for query, want := range map[string][]string{
			"القصة ":       {"for-story", "story-one", "story-two"},
			"لقصة ":        {"for-story", "story-one", "story-two"},
			"إمام المسجد ": {"imam"},
			"شؤون ":        {"affairs"},
			"المسؤول ":     {"affairs"},
		} {
			got := n.find(t, search.Query{Text: query})
			slices.Sort(got)
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("%q (-want +got):\n%s", query, diff)
			}
		}
		if got := n.find(t, search.Query{Text: "لقصة "}); got[0] != "for-story" {
			t.Errorf("the form that was typed is not first: %v", got)
		}
	})
}

// How common each word is follows every change, and what is hidden is not
// counted: the counts are those of an index made anew.
func TestFrequenciesFollowRandomChanges(t *testing.T) {
	t.Parallel()
	testkit.Databases(t, func(t *testing.T, db *store.DB) {
		n := open(t, db)
		rng := rand.New(rand.NewPCG(3, 9))
		words := strings.Fields("anchor beacon cobalt dredger ember مرساة منارة سفينة")
		some := func() string { return words[rng.IntN(len(words))] + " " + words[rng.IntN(len(words))] }
		var ids []int
		for range 40 {
			at := n.clock
			d := &content.Draft{Title: some(), PublishedAt: &at, Status: article.StatusPublished, Body: []richtext.Block{{Kind: richtext.Paragraph, HTML: some()}}}
			if rng.IntN(3) == 0 {
				d.Status = article.StatusUnpublished
			}
			if len(ids) > 0 && rng.IntN(2) == 0 {
				d.ID = ids[rng.IntN(len(ids))]
			}
			ids = append(ids, n.store(t, d).ID)
		}
		frequencies := func() map[int]int {
			t.Helper()
			all := map[int]int{}
			_, err := store.Collect(access.AsSystem(t.Context()), db, store.MaintainBoth(`SELECT stem, articles FROM search_frequencies`), func(rows *sql.Rows) (_ struct{}, err error) {
				var stem, articles int
				err = rows.Scan(&stem, &articles)
				if articles != 0 {
					all[stem] = articles
				}
				return struct{}{}, err
			})
			if err != nil {
				t.Fatal(err)
			}
			return all
		}
		followed := frequencies()
		if err := n.Rebuild(t.Context()); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(frequencies(), followed); diff != "" || len(followed) == 0 {
			t.Errorf("counts of an index made anew, and counts that followed (-want +got):\n%s", diff)
		}
	})
}

// All pages of a search rank by what its first page knew.
func TestPagesRankAlikeWhateverIsPublished(t *testing.T) {
	t.Parallel()
	testkit.Databases(t, func(t *testing.T, db *store.DB) {
		n := open(t, db)
		for i := range 12 {
			n.save(t, fmt.Sprintf("a%d", i), strings.Repeat("lantern ", 1+i%4)+"quay", "A lantern on the quay."+strings.Repeat(" quay", i%5))
		}
		all := n.find(t, search.Query{Text: "lantern quay "})
		r, err := n.Search(t.Context(), search.Query{Text: "lantern quay ", First: 5})
		if err != nil {
			t.Fatal(err)
		}
		for i := range 30 { // makes one of the words common
			n.save(t, fmt.Sprintf("b%d", i), "Quay", "Quay.")
		}
		rest := n.find(t, search.Query{Text: "lantern quay ", First: 50, After: &r.Hits[4].Key})
		if diff := cmp.Diff(all[5:], rest); diff != "" {
			t.Errorf("the second page (-want +got):\n%s", diff)
		}
	})
}
