package search_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/broadsheet-cms/broadsheet/ent/article"
	"github.com/broadsheet-cms/broadsheet/internal/access"
	"github.com/broadsheet-cms/broadsheet/internal/content"
	"github.com/broadsheet-cms/broadsheet/internal/event"
	"github.com/broadsheet-cms/broadsheet/internal/fault"
	"github.com/broadsheet-cms/broadsheet/internal/keyset"
	"github.com/broadsheet-cms/broadsheet/internal/richtext"
	"github.com/broadsheet-cms/broadsheet/internal/search"
	"github.com/broadsheet-cms/broadsheet/internal/store"
	"github.com/broadsheet-cms/broadsheet/internal/testkit"
)

// Whatever is typed is answered, or refused by a fault.
func TestBadInputIsAnsweredOrRefused(t *testing.T) {
	t.Parallel()
	testkit.Databases(t, func(t *testing.T, db *store.DB) {
		n := open(t, db)
		fill(t, n)
		for _, test := range []struct {
			name, query string
			refused     bool
		}{
			{"empty", "", false},
			{"blanks", " \t\n\u00a0", false},
			{"ten kilobytes", strings.Repeat("word ", 2000), true},
			{"one word of ten kilobytes", strings.Repeat("w", 10_000), true},
			{"a word of a thousand letters", strings.Repeat("ش", 1000), false},
			{"too many words", strings.Join(strings.Split("abcdefghijklmnopqrstuvwxyz", ""), "x "), true},
			{"punctuation", `!?.,;:…—()[]{}<>/\|&*^%$#@~` + "`'", false},
			{"unbalanced quotes", `"strike "bank" "`, false},
			{"only quotes", `"""""`, false},
			{"only an exclusion", "-strike", true},
			{"exclusion of nothing", "strike - -- -\"\" -!", false},
			{"operators of FTS5", `strike AND (title: bank NEAR(a, b) OR ^x*) NOT {title} : "y`, false},
			{"operators of tsquery", `'strike':A & !bank | (a <-> b) <2> c:*`, false},
			{"closing the quotation", `strike" OR "bank') | ('x`, false},
			{"SQL", `x'; DROP TABLE articles; --`, false},
			{"NUL", "strike\x00bank", false},
			{"invalid UTF-8", "strike \xff\xfe\xed\xa0\x80", false},
			{"replaced surrogate", "\ufffd\ufffd strike", false},
			{"emoji", "👍🏽 👩‍👩‍👧‍👦", false},
			{"emoji and word", "👍strike👍", false},
			{"right-to-left marks", "\u200f\u202e\u2066", false},
			{"one letter", "s", false},
			{"one Arabic letter", "و", false},
			{"marks alone", "\u064e\u0301\u0640", false},
			{"underscores", "_ __ __the _1_1 _m_24314", false},
			{"percent and underscore", "st%ke st_ke", false},
			{"backslashes", `\ \\ \' \"`, false},
			{"highest character", "\U0010ffff a\U0010ffff", false},
			{"digits", strings.Repeat("9", 90), false},
		} {
			r, err := n.Search(t.Context(), search.Query{Text: test.query, First: 10})
			if refused := fault.CodeOf(err) == fault.BadUserInput; err != nil && !refused || refused && err != nil != test.refused || err == nil && test.refused {
				t.Errorf("%s: refused %v: %v", test.name, test.refused, err)
			}
			if r != nil {
				if _, err := r.Highlights(t.Context()); err != nil {
					t.Errorf("%s: highlights: %v", test.name, err)
				}
				if _, err := r.Facets(t.Context()); err != nil {
					t.Errorf("%s: facets: %v", test.name, err)
				}
			}
			if _, err := n.Suggest(t.Context(), test.query, "en", 10); err != nil && fault.CodeOf(err) != fault.BadUserInput {
				t.Errorf("%s: suggestions: %v", test.name, err)
			}
		}
		if _, err := n.Search(t.Context(), search.Query{Text: "x", Filter: search.Filter{Tags: make([]int, 101)}}); fault.CodeOf(err) != fault.BadUserInput {
			t.Errorf("too many tags: %v", err)
		}
		if _, err := n.Search(t.Context(), search.Query{Text: "bank", After: &keyset.Key{Text: "x"}}); fault.CodeOf(err) != fault.CursorInvalid {
			t.Errorf("strange cursor: %v", err)
		}
	})
}

// Words of the index that are no stems cannot be asked for.
func TestMarksOfTheIndexCannotBeTyped(t *testing.T) {
	t.Parallel()
	testkit.Databases(t, func(t *testing.T, db *store.DB) {
		n := open(t, db)
		fill(t, n)
		for _, query := range []string{"_", "__who", "_1_1", "_l_en", "_k_article"} {
			if got := n.find(t, search.Query{Text: query + " "}); slices.Contains(got, "strike-begins") {
				t.Errorf("%q finds %v", query, got)
			}
		}
	})
}

func TestHiddenArticlesAreNeverFound(t *testing.T) {
	t.Parallel()
	testkit.Databases(t, func(t *testing.T, db *store.DB) {
		n := open(t, db)
		ctx := access.AsSystem(t.Context())
		secret := db.Ent(ctx).Tag.Create().SetName("Zeppelin affair").SetSlug("zeppelin").SaveX(ctx)
		if err := n.dir.Consume(t.Context(), []event.Event{{Action: event.Missed}}); err != nil {
			t.Fatal(err)
		}
		n.save(t, "shown", "Zeppelin over the bay", "It flew.")
		now := time.Now()
		hide := map[string]change{
			"draft":     func(d *content.Draft) { d.Status = article.StatusDraft },
			"scheduled": func(d *content.Draft) { d.Status = article.StatusScheduled },
			"embargoed": func(d *content.Draft) { d.Status = article.StatusEmbargoed },
			"archived":  func(d *content.Draft) { d.Status = article.StatusArchived },
			"private":   func(d *content.Draft) { d.Visibility = article.VisibilityPrivate },
			"trashed":   func(d *content.Draft) { d.TrashedAt = &now },
		}
		for name, change := range hide {
			n.save(t, name, "Zeppelin "+name, "Zeppelin.", change, func(d *content.Draft) { d.Tags = []int{secret.ID} })
		}
		// Shown first and hidden later, also behind the back of the index.
		taken := n.save(t, "taken", "Zeppelin taken back", "Zeppelin.")
		at := n.clock
		n.store(t, &content.Draft{ID: taken.ID, Slug: "taken", Title: "Zeppelin taken back", Status: article.StatusUnpublished, PublishedAt: &at})
		behind := n.save(t, "behind", "Zeppelin behind", "Zeppelin.", func(d *content.Draft) { d.Tags = []int{secret.ID} })
		db.Ent(ctx).Article.UpdateOneID(behind.ID).SetVisibility(article.VisibilityPrivate).ExecX(ctx)

		r, err := n.Search(t.Context(), search.Query{Text: "zeppelin ", First: 10})
		if err != nil {
			t.Fatal(err)
		}
		if len(r.Hits) != 1 || r.Count != 1 || r.HasNext || n.slugs[r.Hits[0].Article] != "shown" {
			t.Errorf("found %+v", r)
		}
		f, err := r.Facets(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(&search.Facets{Categories: []search.Count{{ID: n.news.ID, Count: 1}}, Years: []search.Count{{ID: 2026, Count: 1}},
			Languages: []search.LanguageCount{{Language: "en", Count: 1}}}, f); diff != "" {
			t.Errorf("facets (-want +got):\n%s", diff)
		}
		got, err := n.Suggest(t.Context(), "zepp", "en", 10)
		if err != nil {
			t.Fatal(err)
		}
		if len(got) != 1 || got[0].Text != "Zeppelin over the bay" {
			t.Errorf("suggestions %+v", got)
		}
	})
}

func TestLongAndEmptyArticles(t *testing.T) {
	t.Parallel()
	testkit.Databases(t, func(t *testing.T, db *store.DB) {
		n := open(t, db)
		ctx := access.AsSystem(t.Context())
		long := n.save(t, "long", "Almanac", "short")
		var body strings.Builder
		body.WriteString("beginning ")
		for i := 0; body.Len() < 5<<20; i++ {
			fmt.Fprintf(&body, "w%dx%s ", i, strings.Repeat("ä", i%60))
		}
		body.WriteString(" ending")
		db.Ent(ctx).ArticleDetail.Update().SetText(body.String()).ExecX(ctx)
		blank := n.save(t, "blank", "?!", "", excerpt(" "))
		deep := n.save(t, "deep", strings.Repeat("title ", 3000), strings.Repeat("same ", 30_000))
		if err := n.Refresh(t.Context(), []int{long.ID, blank.ID, deep.ID, 1 << 30}); err != nil {
			t.Fatal(err)
		}
		for query, want := range map[string][]string{"beginning ": {"long"}, "ending ": nil, "title same ": {"deep"}, "almanac ": {"long"}} {
			r, err := n.Search(t.Context(), search.Query{Text: query, First: 10})
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(want, n.find(t, search.Query{Text: query})); diff != "" {
				t.Errorf("%q (-want +got):\n%s", query, diff)
			}
			marked, err := r.Highlights(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			for id, h := range marked {
				if len(h) > 10_000 {
					t.Errorf("%q: highlight of %d is %d bytes long", query, id, len(h))
				}
			}
		}
	})
}

// The index says what the articles say, whatever was done to them before.
func TestIndexFollowsRandomChanges(t *testing.T) {
	t.Parallel()
	testkit.Databases(t, func(t *testing.T, db *store.DB) {
		n := open(t, db)
		ctx := access.AsSystem(t.Context())
		rng := rand.New(rand.NewPCG(7, 7))
		words := strings.Fields("anchor beacon cobalt dredger ember مرساة منارة سفينة")
		some := func() string {
			var all []string
			for range 1 + rng.IntN(3) {
				all = append(all, words[rng.IntN(len(words))])
			}
			return strings.Join(all, " ")
		}
		says := map[int]string{}
		var ids []int
		for step := range 60 {
			at := n.clock.AddDate(0, -rng.IntN(300), 0) // new and old days in any order
			d := &content.Draft{Title: some(), Excerpt: some(), PublishedAt: &at, Status: article.StatusPublished,
				Body: []richtext.Block{{Kind: richtext.Paragraph, HTML: some()}}}
			if rng.IntN(5) == 0 {
				d.Status = article.StatusUnpublished
			}
			text := d.Title + " " + d.Excerpt + " " + d.Body[0].HTML
			if d.Status == article.StatusUnpublished {
				text = ""
			}
			switch {
			case len(ids) > 0 && rng.IntN(3) == 0:
				d.ID = ids[rng.IntN(len(ids))]
				says[n.store(t, d).ID] = text
			case len(ids) > 0 && rng.IntN(4) == 0:
				i := rng.IntN(len(ids))
				db.Ent(ctx).Article.DeleteOneID(ids[i]).ExecX(ctx)
				delete(says, ids[i])
				ids = slices.Delete(ids, i, i+1)
			default:
				a := n.store(t, d)
				ids = append(ids, a.ID)
				says[a.ID] = text
			}
			if step == 30 {
				if err := n.Rebuild(t.Context()); err != nil {
					t.Fatal(err)
				}
			}
		}
		if db.Dialect == store.SQLite {
			if _, err := db.Exec(ctx, store.MaintainBoth(`INSERT INTO search_index (search_index) VALUES ('integrity-check')`)); err != nil {
				t.Errorf("integrity: %v", err)
			}
		}
		for _, w := range words {
			var want, got []int
			for id, text := range says {
				if slices.Contains(strings.Fields(text), w) {
					want = append(want, id)
				}
			}
			r, err := n.Search(t.Context(), search.Query{Text: w + " ", First: 1000})
			if err != nil {
				t.Fatal(err)
			}
			for _, h := range r.Hits {
				got = append(got, h.Article)
			}
			slices.Sort(want)
			slices.Sort(got)
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("%q (-want +got):\n%s", w, diff)
			}
		}
	})
}

func TestSearchTakesFewStatements(t *testing.T) {
	t.Parallel()
	testkit.EachURL(t, func(t *testing.T, url string) {
		seen := new(testkit.Statements)
		db := testkit.Open(t, url, store.Options{Wrap: seen.Wrap})
		n := open(t, db)
		fill(t, n)
		seen.Take()
		r, err := n.Search(t.Context(), search.Query{Text: "bank stri", First: 10})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := r.Highlights(t.Context()); err != nil {
			t.Fatal(err)
		}
		if _, err := r.Facets(t.Context()); err != nil {
			t.Fatal(err)
		}
		if got := seen.Take(); len(got) > 6 {
			t.Errorf("%d statements:\n%s", len(got), strings.Join(got, "\n"))
		}
	})
}

// TestTheNewestAreFoundAmongTooMany: what was published lately is found although
// more than may be looked at matches long ago, before a long silence.
func TestTheNewestAreFoundAmongTooMany(t *testing.T) {
	t.Parallel()
	db := testkit.Open(t, testkit.URL(t, store.Postgres), store.Options{})
	n, ctx := open(t, db), access.AsSystem(t.Context())
	for _, text := range []string{
		`INSERT INTO articles (id, created_at, modified_at, title, slug, status, published_at)
			SELECT n, now(), now(), 'zebra', 'old-' || n, 'PUBLISHED', timestamptz '2020-01-01' + n * interval '20 minutes' FROM generate_series(1, 9000) AS n`,
		`INSERT INTO articles (id, created_at, modified_at, title, slug, status, published_at)
			SELECT n, now(), now(), CASE WHEN n % 10 = 0 THEN 'zebra' ELSE 'lion' END, 'new-' || n, 'PUBLISHED', timestamptz '2024-01-01' + (n - 9000) * interval '1 day' FROM generate_series(9001, 9700) AS n`,
	} {
		if _, err := db.Exec(ctx, store.MaintainBoth(text)); err != nil {
			t.Fatal(err)
		}
	}
	if err := n.Rebuild(ctx); err != nil {
		t.Fatal(err)
	}
	found, err := n.Search(t.Context(), search.Query{Text: "zebra ", First: 71})
	if err != nil {
		t.Fatal(err)
	}
	if found.Exact || found.Count != search.MaxHits || len(found.Hits) != 71 {
		t.Fatalf("%d of %d, exact: %t", len(found.Hits), found.Count, found.Exact)
	}
	for i, hit := range found.Hits[:70] {
		if want := 9700 - 10*i; hit.Article != want {
			t.Fatalf("place %d has article %d, want %d", i, hit.Article, want)
		}
	}
}

// Characters that nobody sees, and letters that look like others, change neither what is
// found nor how long it takes.
func TestUnseenCharactersFindTheSame(t *testing.T) {
	t.Parallel()
	testkit.Databases(t, func(t *testing.T, db *store.DB) {
		n := open(t, db)
		fill(t, n)
		n.save(t, "unseen", "Zep\u200dpelin \u202eover\u202c the\u2060 qu\u00aday", "It \u2067flew\u2069 low.")
		for _, query := range []string{"zeppelin quay", "Zep\u00adpelin quay", "\u202ezeppelin\u202c quay", "\u2067zeppelin\u2069 \u200fquay\u200e", "zep\u2060pelin\ufeff quay", "z\u200ce\u200dppelin quay", "\uff5aeppelin quay", "flew low"} {
			if got := n.find(t, search.Query{Text: query}); !slices.Contains(got, "unseen") {
				t.Errorf("%+q finds %v", query, got)
			}
		}
		words := make([]string, 1000)
		for i := range words {
			words[i] = "w" + strings.Repeat("x", i%7) + string(rune('a'+i%26)) + string(rune('a'+i/26%26)) + string(rune('a'+i/676))
		}
		for name, test := range map[string]struct {
			query string
			code  fault.Code
		}{
			"letters of other scripts":   {"\u0437\u0435\u0440\u0440\u0435lin \u03bf\u03c5\u0435r h\u0430rbour", ""},
			"a thousand distinct words":  {strings.Join(words, " "), fault.BadUserInput},
			"a thousand unseen marks":    {"zeppelin" + strings.Repeat("\u200b\u202e", 100), ""},
			"ten thousand unseen marks":  {"zeppelin" + strings.Repeat("\u200b", 10_000), fault.BadUserInput},
			"nothing but unseen marks":   {"\u200b\u200c\u200d\u2060\ufeff\u202e", ""},
			"marks piled on one letter":  {"z" + strings.Repeat("\u0301\u0489", 100), ""},
			"letters that look the same": {"\u0440\u043e\u0440t p\u043ert por\u0442", ""},
		} {
			if _, err := n.Search(t.Context(), search.Query{Text: test.query, First: 10}); fault.CodeOf(err) != test.code && (err != nil || test.code != "") {
				t.Errorf("%s: %v", name, err)
			}
			if _, err := n.Suggest(t.Context(), test.query, "en", 10); err != nil && fault.CodeOf(err) != fault.BadUserInput {
				t.Errorf("%s: suggestions: %v", name, err)
			}
		}
	})
}
