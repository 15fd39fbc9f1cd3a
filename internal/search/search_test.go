package search_test

import (
	"context"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/broadsheet-cms/broadsheet/ent"
	"github.com/broadsheet-cms/broadsheet/ent/article"
	"github.com/broadsheet-cms/broadsheet/ent/schema"
	"github.com/broadsheet-cms/broadsheet/internal/access"
	"github.com/broadsheet-cms/broadsheet/internal/content"
	"github.com/broadsheet-cms/broadsheet/internal/directory"
	"github.com/broadsheet-cms/broadsheet/internal/event"
	"github.com/broadsheet-cms/broadsheet/internal/richtext"
	"github.com/broadsheet-cms/broadsheet/internal/search"
	"github.com/broadsheet-cms/broadsheet/internal/store"
	"github.com/broadsheet-cms/broadsheet/internal/testkit"
)

// newsroom is a small archive to search in.
type newsroom struct {
	*search.Service
	content *content.Service
	db      *store.DB
	dir     *directory.Directory
	clock   time.Time

	news, local, sport *ent.Category // local is below news
	author             *ent.Author
	harbour, tram      *ent.Tag
	place              *ent.Place
	slugs              map[int]string
}

func open(t *testing.T, db *store.DB) *newsroom {
	t.Helper()
	log := event.NewLog(db)
	dir := directory.New(db, log)
	n := &newsroom{Service: search.New(db, dir), content: content.New(db, log, dir), db: db, dir: dir,
		clock: time.Date(2026, 2, 1, 9, 0, 0, 0, time.UTC), slugs: map[int]string{}}
	ctx := access.AsSystem(t.Context())
	c := db.Ent(ctx)
	n.news = c.Category.Create().SetName("News").SetSlug("news").SaveX(ctx)
	n.local = c.Category.Create().SetName("Local news").SetSlug("local").SetParentID(n.news.ID).SaveX(ctx)
	n.sport = c.Category.Create().SetName("Sport").SetSlug("sport").SaveX(ctx)
	n.author = c.Author.Create().SetName("Nadia Wren").SetSlug("nadia-wren").SaveX(ctx)
	n.harbour = c.Tag.Create().SetName("Harbour strike").SetSlug("harbour-strike").
		SetLabels(schema.Labels{"ar": {Name: "إضراب الميناء"}}).SaveX(ctx)
	n.tram = c.Tag.Create().SetName("Trams").SetSlug("trams").SaveX(ctx)
	n.place = c.Place.Create().SetName("Marrow Bay").SetSlug("marrow-bay").SaveX(ctx)
	if err := dir.Consume(t.Context(), []event.Event{{Action: event.Missed}}); err != nil {
		t.Fatal(err)
	}
	return n
}

type change = func(*content.Draft)

// save stores an article under a slug, published a day after the one before.
func (n *newsroom) save(t *testing.T, slug, title, body string, changes ...change) *ent.Article {
	t.Helper()
	n.clock = n.clock.AddDate(0, 0, 1)
	at := n.clock
	d := &content.Draft{Title: title, Slug: slug, Status: article.StatusPublished, PublishedAt: &at, PrimaryCategory: &n.news.ID,
		Excerpt: " ", Body: []richtext.Block{{Kind: richtext.Paragraph, HTML: body}}}
	for _, c := range changes {
		c(d)
	}
	return n.store(t, d)
}

func (n *newsroom) store(t *testing.T, d *content.Draft) *ent.Article {
	t.Helper()
	var saved *ent.Article
	err := n.db.Tx(access.AsSystem(t.Context()), func(ctx context.Context) error {
		all, err := n.content.Save(ctx, d)
		if err != nil {
			return err
		}
		saved = all[0]
		return n.Refresh(ctx, []int{saved.ID})
	})
	if err != nil {
		t.Fatalf("save %q: %v", d.Title, err)
	}
	n.slugs[saved.ID] = saved.Slug
	return saved
}

func arabic(d *content.Draft) { d.Language = "ar" }
func excerpt(s string) change { return func(d *content.Draft) { d.Excerpt = s } }

// find gives the slugs of what is found, best first.
func (n *newsroom) find(t *testing.T, q search.Query) []string {
	t.Helper()
	if q.First == 0 {
		q.First = 100
	}
	r, err := n.Search(t.Context(), q)
	if err != nil {
		t.Fatalf("search %q: %v", q.Text, err)
	}
	var slugs []string
	for _, h := range r.Hits {
		slugs = append(slugs, n.slugs[h.Article])
	}
	return slugs
}

func fill(t *testing.T, n *newsroom) {
	t.Helper()
	n.save(t, "strike-begins", "Harbour pilots begin strike", "The pilots of the port stopped working on Monday. The strike ends when wages rise.",
		func(d *content.Draft) { d.Tags = []int{n.harbour.ID}; d.Places = []int{n.place.ID} })
	n.save(t, "tram-budget", "Council funds two tram lines", "The budget passed. A taxi firm objected to the tram, because trams and the tram depot take its tram stop.",
		func(d *content.Draft) {
			d.Tags = []int{n.tram.ID}
			d.PrimaryCategory = &n.local.ID
			d.Authors = []int{n.author.ID}
		})
	n.save(t, "tram-mention", "A quiet morning in the market", "Shoppers came by tram.")
	n.save(t, "bank", "Bank of Marrow keeps its rate", "The central bank's committee said O'Neill would chair it. Some 10,000 people watched. Its policies stand.")
	n.save(t, "police", "Police find the lost ferry", "The ferry was found by the bank of the river.", func(d *content.Draft) { d.PrimaryCategory = &n.sport.ID })
	n.save(t, "who", "The Who play the harbour", "A concert.")
	n.save(t, "empty", "Postponed", "")
	n.save(t, "one", "Gale", "")
	n.save(t, "mixed", "هاتف iPhone جديد", "وصل الهاتف الجديد إلى المتاجر.", arabic)
	n.save(t, "elections", "الانتخابات البلدية في القاهرة", "أعلنت اللجنة نتائج الانتخابات في ١٦ شباط ٢٠٢٥.", arabic, excerpt("نتائج أولية."))
	n.save(t, "foundation", "أَعْلَنَتِ الْمُؤَسَّسَةُ عَنْ آخِرِ نَتَائِجِهَا", "مدرسـة كبيرة إلى جوار مستشفى.", arabic)
	n.save(t, "school", "مدرسة جديده في المدينة", "وزير التعليم افتتح المدرسة.", arabic)
	n.save(t, "accents", "Café in Zürich sells naïve art", "A report, <b>not</b> R&amp;D.")
}

// The quality table: what a query must find, in this order where it says so,
// and what it must not.
func TestSearchFinds(t *testing.T) {
	t.Parallel()
	testkit.Databases(t, func(t *testing.T, db *store.DB) {
		n := open(t, db)
		fill(t, n)
		for _, test := range []struct {
			name, query string
			first       string   // must be first, if given
			want        []string // in any order
		}{
			{"stem of a plural", "pilot ", "strike-begins", []string{"strike-begins"}},
			{"other form of a verb", "beginning ", "strike-begins", []string{"strike-begins"}},
			{"upper case", "HARBOUR STRIKE ", "strike-begins", []string{"strike-begins"}},
			{"title before body, often before once", "tram ", "tram-budget", []string{"tram-budget", "tram-mention"}},
			{"all words must match", "tram budget ", "", []string{"tram-budget"}},
			{"words that never meet", "tram strike ", "", nil},
			{"policy is not police", "policy ", "bank", []string{"bank"}},
			{"police is not policy", "police ", "police", []string{"police"}},
			{"phrase", `"central bank" `, "", []string{"bank"}},
			{"phrase in the wrong order", `"bank central"`, "", nil},
			{"phrase over a stop word", `"bank of the river"`, "", []string{"police"}},
			{"phrase does not span title and body", `"rate central"`, "", nil},
			{"phrase left open", `"central bank`, "", []string{"bank"}},
			{"curly quotes", "“tram lines”", "", []string{"tram-budget"}},
			{"exclusion", "bank -river ", "", []string{"bank"}},
			{"excluded phrase", `bank -"central bank" `, "", []string{"police"}},
			{"prefix of the last word", "cou", "", []string{"tram-budget"}},
			{"prefix beyond the stem", "polici", "", []string{"bank"}},
			{"a word and more begins", "tra", "tram-budget", []string{"tram-budget", "tram-mention"}},
			{"no prefix after a blank", "cou ", "", nil},
			{"no prefix in the middle", "cou tram", "", nil},
			{"one letter is a word", "t", "", nil},
			{"by-line", "Wren ", "", []string{"tram-budget"}},
			{"tag", "harbour strike ", "strike-begins", []string{"strike-begins"}},
			{"tag in another language", "الميناء", "", []string{"strike-begins"}},
			{"place", "marrow bay ", "", []string{"strike-begins"}},
			{"names of tags are no one phrase", `"strike marrow"`, "", nil},
			{"possessive and apostrophe", "banks oneill ", "", []string{"bank"}},
			{"thousands", "10000 ", "", []string{"bank"}},
			{"accents left out", "cafe zurich naive ", "", []string{"accents"}},
			{"decomposed accents", "Cafe\u0301 ", "", []string{"accents"}},
			{"stop words beside words", "the ferry of the river ", "", []string{"police"}},
			{"stop words alone", "the who ", "", []string{"who"}},
			{"one word title", "gales ", "", []string{"one"}},
			{"empty body", "postponed ", "", []string{"empty"}},
			{"words of markup", "b ", "", nil},

			{"Arabic with the article", "الانتخابات", "", []string{"elections"}},
			{"Arabic without it", "انتخابات ", "", []string{"elections"}},
			{"Arabic with a conjunction", "والانتخابات ", "", []string{"elections"}},
			{"Arabic prefix", "الانتخ", "", []string{"elections"}},
			{"Arabic prefix without the article", "انتخ", "", []string{"elections"}},
			{"vowel marks in the text", "اعلنت المؤسسة ", "", []string{"foundation"}},
			{"vowel marks in the query", "نَتَائِجُ ", "", []string{"elections", "foundation"}},
			{"decomposed alef with madda", "ا\u0653خر ", "", []string{"foundation"}},
			{"bare alef for alef with madda", "اخر ", "", []string{"foundation"}},
			{"taa marbuta written as haa", "مدرسه ", "school", []string{"school", "foundation"}},
			{"tatweel", "مـــدرســـة ", "school", []string{"school", "foundation"}},
			{"alef maqsura written as yaa", "مستشفي ", "", []string{"foundation"}},
			{"Arabic digits", "16 شباط 2025 ", "", []string{"elections"}},
			{"Persian digits", "۱۶ شباط ", "", []string{"elections"}},
			{"mixed scripts", "iphone جديد ", "", []string{"mixed"}},
			{"right-to-left marks", "\u200fمدرسة\u200f -\u200fوزير", "", []string{"foundation"}},
			{"other letters", "كلب ", "", nil},
		} {
			got := n.find(t, search.Query{Text: test.query})
			if test.first != "" && (len(got) == 0 || got[0] != test.first) {
				t.Errorf("%s: %q finds %v, want %s first", test.name, test.query, got, test.first)
			}
			sorted, want := slices.Sorted(slices.Values(got)), slices.Sorted(slices.Values(test.want))
			if diff := cmp.Diff(want, sorted); diff != "" {
				t.Errorf("%s: %q (-want +got):\n%s", test.name, test.query, diff)
			}
		}
	})
}

func TestSearchFilters(t *testing.T) {
	t.Parallel()
	testkit.Databases(t, func(t *testing.T, db *store.DB) {
		n := open(t, db)
		fill(t, n)
		day := func(d int) *time.Time { at := time.Date(2026, 2, d, 9, 0, 0, 0, time.UTC); return &at }
		for _, test := range []struct {
			name, query string
			filter      search.Filter
			want        []string
		}{
			{"section with sub-sections", "tram ", search.Filter{Categories: []int{n.news.ID}}, []string{"tram-budget", "tram-mention"}},
			{"sub-section", "tram ", search.Filter{Categories: []int{n.local.ID}}, []string{"tram-budget"}},
			{"either of two", "bank ", search.Filter{Categories: []int{n.local.ID, n.sport.ID}}, []string{"police"}},
			{"tag", "tram ", search.Filter{Tags: []int{n.tram.ID}}, []string{"tram-budget"}},
			{"author", "tram ", search.Filter{Authors: []int{n.author.ID}}, []string{"tram-budget"}},
			{"place", "strike ", search.Filter{Places: []int{n.place.ID}}, []string{"strike-begins"}},
			{"both conditions", "tram ", search.Filter{Tags: []int{n.tram.ID}, Places: []int{n.place.ID}}, nil},
			{"language", "جديد ", search.Filter{Languages: []string{"ar-EG"}}, []string{"mixed", "school"}},
			{"other language", "جديد ", search.Filter{Languages: []string{"en"}}, nil},
			{"kind", "tram ", search.Filter{Kinds: []string{"ARTICLE", "OPINION"}}, []string{"tram-budget", "tram-mention"}},
			{"other kind", "tram ", search.Filter{Kinds: []string{"OPINION"}}, nil},
			{"since", "tram ", search.Filter{PublishedSince: day(4)}, []string{"tram-mention"}},
			{"before", "tram ", search.Filter{PublishedBefore: day(4)}, []string{"tram-budget"}},
			{"window", "tram ", search.Filter{PublishedSince: day(3), PublishedBefore: day(5)}, []string{"tram-budget", "tram-mention"}},
			{"window of nothing", "tram ", search.Filter{PublishedSince: day(5), PublishedBefore: day(3)}, nil},
			{"nonsense", "tram ", search.Filter{Languages: []string{`x" OR "y`}, Tags: []int{-1}}, nil},
		} {
			if diff := cmp.Diff(test.want, n.find(t, search.Query{Text: test.query, Filter: test.filter})); diff != "" {
				t.Errorf("%s (-want +got):\n%s", test.name, diff)
			}
		}
	})
}

func TestPagesFollowEachOther(t *testing.T) {
	t.Parallel()
	testkit.Databases(t, func(t *testing.T, db *store.DB) {
		n := open(t, db)
		for i := range 7 {
			title := "Quayside note"
			if i%3 == 0 {
				title = "Lantern on the quayside"
			}
			n.save(t, strings.Repeat("x", i+1), title, "A lantern hangs there.")
		}
		all := n.find(t, search.Query{Text: "lantern "})
		if len(all) != 7 {
			t.Fatalf("found %v", all)
		}
		q := search.Query{Text: "lantern ", First: 2}
		var paged []string
		for range 10 {
			r, err := n.Search(t.Context(), q)
			if err != nil {
				t.Fatal(err)
			}
			if r.Count != 7 || !r.Exact {
				t.Errorf("count %d, exact %v", r.Count, r.Exact)
			}
			for _, h := range r.Hits {
				paged = append(paged, n.slugs[h.Article])
				q.After = &h.Key
				if h.Score <= 0 || h.Score > 1 {
					t.Errorf("score %v", h.Score)
				}
			}
			if len(paged) == 4 {
				n.save(t, "late", "Lantern", "Comes between two pages.") // in the front, so no page changes
				r.Count = 8
			}
			if !r.HasNext {
				break
			}
			if len(paged) == 4 {
				break
			}
		}
		if diff := cmp.Diff(all[:4], paged); diff != "" {
			t.Errorf("first pages (-want +got):\n%s", diff)
		}
		q.First = 100
		if diff := cmp.Diff(all[4:], n.find(t, q)); diff != "" {
			t.Errorf("last page (-want +got):\n%s", diff)
		}
	})
}

func at(year, month, day int) *time.Time {
	t := time.Date(year, time.Month(month), day, 0, 0, 0, 0, time.UTC)
	return &t
}
