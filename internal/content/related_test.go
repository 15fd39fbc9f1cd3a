package content_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/broadsheet-cms/broadsheet/ent"
	"github.com/broadsheet-cms/broadsheet/ent/article"
	"github.com/broadsheet-cms/broadsheet/internal/access"
	"github.com/broadsheet-cms/broadsheet/internal/content"
	"github.com/broadsheet-cms/broadsheet/internal/richtext"
	"github.com/broadsheet-cms/broadsheet/internal/store"
	"github.com/broadsheet-cms/broadsheet/internal/testkit"
)

// body replaces the words of an article.
func body(text string) func(*content.Draft) {
	return func(d *content.Draft) {
		d.Body = nil
		if text != "" {
			d.Body = []richtext.Block{{Kind: richtext.Paragraph, HTML: text}}
		}
	}
}

// titled saves an article that has a title and nothing else.
func (b *bundle) titled(t *testing.T, title string, change ...func(*content.Draft)) *ent.Article {
	t.Helper()
	return b.publish(t, title, append([]func(*content.Draft){body("")}, change...)...)
}

// again saves an article anew with a change.
func (b *bundle) again(t *testing.T, a *ent.Article, change func(*content.Draft)) *ent.Article {
	t.Helper()
	at := *a.PublishedAt
	d := &content.Draft{ID: a.ID, Title: a.Title, Slug: a.Slug, Language: a.Language, Status: article.StatusPublished, PublishedAt: &at,
		PrimaryCategory: a.PrimaryCategoryID, TranslationGroup: a.TranslationGroup}
	change(d)
	saved, err := b.Save(t.Context(), d)
	if err != nil {
		t.Fatal(err)
	}
	return saved[0]
}

func (b *bundle) related(t *testing.T, a *ent.Article, n int) []content.Related {
	t.Helper()
	found, err := b.Related(t.Context(), []int{a.ID}, n)
	if err != nil {
		t.Fatal(err)
	}
	return found[a.ID]
}

func articlesOf(list []content.Related) []*ent.Article {
	var all []*ent.Article
	for _, r := range list {
		all = append(all, r.Article)
	}
	return all
}

func (b *bundle) wantRelated(t *testing.T, what string, a *ent.Article, want ...string) {
	t.Helper()
	if diff := cmp.Diff(want, titles(articlesOf(b.related(t, a, 8)))); diff != "" {
		t.Errorf("%s (-want +got):\n%s", what, diff)
	}
}

func draft(d *content.Draft) { d.Status = article.StatusDraft }

func TestRelatedAreAboutTheSame(t *testing.T) {
	t.Parallel()
	testkit.Databases(t, func(t *testing.T, db *store.DB) {
		b := setup(t, db)
		dam := b.titled(t, "Tarn dam leaks")
		b.titled(t, "Budget vote delayed")
		leak := b.titled(t, "Engineers lower Tarn reservoir", in(b.sport))
		b.wantRelated(t, "of the older", dam, "Engineers lower Tarn reservoir", "Budget vote delayed")
		b.wantRelated(t, "of the newer, alone in its section", leak, "Tarn dam leaks")
		list := b.related(t, dam, 8)
		if diff := cmp.Diff([]content.Reason{{Kind: content.SharedWords, Words: []string{"Tarn"}}}, why(t, list[0])); diff != "" {
			t.Errorf("reasons: %s", diff)
		}
		if list[0].Score <= 0 || list[1].Score != 0 {
			t.Errorf("scores %v and %v", list[0].Score, list[1].Score)
		}
		if diff := cmp.Diff([]content.Reason{{Kind: content.SameSection}}, why(t, list[1])); diff != "" {
			t.Errorf("reasons of the filler: %s", diff)
		}
	})
}

func TestRelatedByWhatEditorsSay(t *testing.T) {
	t.Parallel()
	testkit.Databases(t, func(t *testing.T, db *store.DB) {
		b := setup(t, db)
		ctx := access.AsSystem(t.Context())
		tag := db.Ent(ctx).Tag.Create().SetName("Floods").SetSlug("floods").SaveX(ctx)
		place := db.Ent(ctx).Place.Create().SetName("Tarn").SetSlug("tarn").SaveX(ctx)
		series := db.Ent(ctx).Series.Create().SetName("High water").SetSlug("high-water").SaveX(ctx)
		author := db.Ent(ctx).Author.Create().SetName("Ada Moor").SetSlug("ada").SaveX(ctx)
		set := func(d *content.Draft) {
			d.Tags, d.Places, d.Series, d.Authors = []int{tag.ID}, []int{place.ID}, &series.ID, []int{author.ID}
			d.PrimaryCategory = nil
		}
		one := b.titled(t, "Alpha", set)
		two := b.titled(t, "Beta", set)
		want := []content.Reason{{Kind: content.SameSeries, Words: []string{"High water"}}, {Kind: content.SharedTags, Words: []string{"Floods"}},
			{Kind: content.SamePeople, Words: []string{"Ada Moor"}}, {Kind: content.SamePlace, Words: []string{"Tarn"}}}
		for _, a := range []*ent.Article{one, two} {
			list := b.related(t, a, 8)
			if len(list) != 1 {
				t.Fatalf("%d related of %s", len(list), a.Title)
			}
			if diff := cmp.Diff(want, why(t, list[0])); diff != "" {
				t.Errorf("%s: %s", a.Title, diff)
			}
		}
	})
}

func TestPinsComeFirst(t *testing.T) {
	t.Parallel()
	testkit.Databases(t, func(t *testing.T, db *store.DB) {
		b := setup(t, db)
		far := b.titled(t, "Cup final drawn", in(b.sport))
		near := b.titled(t, "Dam inquiry opens")
		b.titled(t, "Dam inquiry hears engineers")
		hidden := b.titled(t, "Not yet", draft)
		a := b.titled(t, "Dam inquiry ends", func(d *content.Draft) { d.Pins = []int{hidden.ID, far.ID, near.ID, far.ID} })
		b.wantRelated(t, "all", a, "Cup final drawn", "Dam inquiry opens", "Dam inquiry hears engineers")
		list := b.related(t, a, 2)
		if diff := cmp.Diff([]string{"Cup final drawn", "Dam inquiry opens"}, titles(articlesOf(list))); diff != "" {
			t.Errorf("first two: %s", diff)
		}
		if why(t, list[0])[0].Kind != content.Pinned || len(why(t, list[1])) < 2 || why(t, list[1])[1].Kind != content.SharedWords {
			t.Errorf("reasons: %v, %v", why(t, list[0]), why(t, list[1]))
		}
	})
}

func TestHidingLeavesNoHoleAndShowingBringsBack(t *testing.T) {
	t.Parallel()
	testkit.Databases(t, func(t *testing.T, db *store.DB) {
		b := setup(t, db)
		a := b.titled(t, "Harbour strike zero", func(d *content.Draft) { d.PrimaryCategory = nil })
		for i := range 12 {
			b.titled(t, fmt.Sprintf("Harbour strike day %d", i), in(b.sport))
		}
		before := titles(articlesOf(b.related(t, a, 8)))
		first := b.related(t, a, 8)[0].Article
		hidden := b.again(t, first, draft)
		list := b.related(t, a, 8)
		if len(before) != 8 || len(list) != 8 {
			t.Fatalf("%d related, after hiding %d", len(before), len(list))
		}
		if slices.ContainsFunc(list, func(r content.Related) bool { return r.Article.ID == first.ID }) {
			t.Error("the hidden article is shown")
		}
		// What is published meanwhile does not know the hidden one, and does later.
		later := b.titled(t, "Harbour strike ends", in(b.sport))
		b.again(t, hidden, func(*content.Draft) {})
		if got := titles(articlesOf(b.related(t, a, 24))); !slices.Contains(got, first.Title) || len(got) != 13 {
			t.Errorf("shown again: %q", got)
		}
		if got := titles(articlesOf(b.related(t, later, 24))); !slices.Contains(got, first.Title) {
			t.Errorf("of the later one: %q", got)
		}
	})
}

func TestNewsOfTheSectionFillTheList(t *testing.T) {
	t.Parallel()
	testkit.Databases(t, func(t *testing.T, db *store.DB) {
		b := setup(t, db)
		for i := range 12 {
			b.titled(t, string(rune('a'+i))+"pple")
		}
		about := b.titled(t, "Election night", in(b.sport))
		a := b.titled(t, "Election result")
		want := []string{about.Title, "lpple", "kpple", "jpple", "ipple", "hpple", "gpple", "fpple"}
		b.wantRelated(t, "eight", a, want...)
		if got := b.related(t, a, 24); len(got) != 13 {
			t.Errorf("%d of 24", len(got))
		}
		rest, err := b.RelatedAfter(t.Context(), a.ID, b.related(t, a, 8)[7].Article.ID, 3)
		if diff := cmp.Diff([]string{"epple", "dpple", "cpple"}, titles(articlesOf(rest))); diff != "" || err != nil {
			t.Errorf("next three: %v %s", err, diff)
		}
	})
}

func TestLanguagesStayApart(t *testing.T) {
	t.Parallel()
	testkit.Databases(t, func(t *testing.T, db *store.DB) {
		b := setup(t, db)
		a := b.titled(t, "Google opens office")
		group := a.ID
		b.titled(t, "Google office opened", func(d *content.Draft) { d.Language = "ar" })
		british := b.titled(t, "Google office closed", func(d *content.Draft) { d.Language = "en-GB" })
		b.wantRelated(t, "same language", a, british.Title)
		b.again(t, a, func(d *content.Draft) { d.TranslationGroup = &group })
		b.again(t, british, func(d *content.Draft) { d.TranslationGroup = &group })
		b.wantRelated(t, "translations", a)
	})
}

func TestSameBodiesAreOne(t *testing.T) {
	t.Parallel()
	testkit.Databases(t, func(t *testing.T, db *store.DB) {
		b := setup(t, db)
		a := b.publish(t, "Agency report on the dam", body("The dam leaks, engineers say."))
		b.publish(t, "Dam report repeated", body("THE dam leaks; engineers say"))
		b.publish(t, "Second report on the dam", body("The dam is safe, owners say."))
		b.publish(t, "Report on the dam repeated", body("The dam is safe, owners say!"))
		b.publish(t, "Third report on the dam", body("The dam is old, owners say."))
		// Equal titles are no pair; of the pair the nearer in time stays.
		got := titles(articlesOf(b.related(t, a, 8)))
		slices.Sort(got)
		if diff := cmp.Diff([]string{"Second report on the dam", "Third report on the dam"}, got); diff != "" {
			t.Error(diff)
		}
	})
}

func TestSavedWithOtherWords(t *testing.T) {
	t.Parallel()
	testkit.Databases(t, func(t *testing.T, db *store.DB) {
		b := setup(t, db)
		none := func(d *content.Draft) { d.PrimaryCategory = nil }
		dam := b.titled(t, "Reservoir dam cracks", none)
		vote := b.titled(t, "Budget vote delayed", none)
		a := b.titled(t, "Reservoir dam inquiry", none)
		b.wantRelated(t, "before", dam, a.Title)
		a = b.again(t, a, func(d *content.Draft) { d.Title = "Budget vote counted" })
		b.wantRelated(t, "its own", a, vote.Title)
		b.wantRelated(t, "of the new neighbour", vote, a.Title)
		b.wantRelated(t, "of the old neighbour", dam)
		// A correction is no other article.
		b.again(t, a, func(d *content.Draft) { d.Title = "Budget vote counted again" })
		b.wantRelated(t, "after a correction", vote, "Budget vote counted again")
	})
}

func TestRelatedIsOneStatement(t *testing.T) {
	t.Parallel()
	testkit.EachURL(t, func(t *testing.T, url string) {
		seen := new(testkit.Statements)
		db := testkit.Open(t, url, store.Options{Wrap: seen.Wrap})
		b := setup(t, db)
		var ids []int
		for i := range 10 {
			ids = append(ids, b.titled(t, fmt.Sprintf("Harbour strike day %d", i)).ID)
		}
		seen.Take()
		found, err := b.Related(t.Context(), ids, 8)
		if statements := seen.Take(); err != nil || len(statements) != 1 {
			t.Errorf("%d statements, %v", len(statements), err)
		}
		for _, id := range ids {
			if len(found[id]) != 8 {
				t.Errorf("article %d has %d", id, len(found[id]))
			}
		}
		b.titled(t, "Harbour strike ends")
		if n := len(seen.Take()); n > 22 {
			t.Errorf("publishing takes %d statements", n)
		}
	})
}

// stories are headlines of three stories.
var stories = []string{
	"Tarn dam leaks", "Engineers lower Tarn reservoir", "Tarn reservoir dam inquiry opens", "Owners of Tarn dam fined",
	"Harbour strike begins", "Harbour workers strike over pay", "Strike at harbour enters second week", "Harbour pay deal ends strike",
	"Comet seen over hills", "Bright comet returns", "How to photograph the comet", "Comet fades from view",
}

func TestImportIsCompleteWhenItReturns(t *testing.T) {
	t.Parallel()
	testkit.Databases(t, func(t *testing.T, db *store.DB) {
		b := setup(t, db)
		ctx := content.DeferRelated(t.Context())
		var drafts []*content.Draft
		for i := range 250 { // enough to be ranked at once
			at := b.clock.Add(time.Duration(i) * time.Minute)
			d := &content.Draft{Title: fmt.Sprintf("filler%d other%d", i, i), Status: article.StatusPublished, PublishedAt: &at}
			if i < len(stories) {
				d.Title = stories[i]
			}
			drafts = append(drafts, d)
		}
		saved, err := b.Save(ctx, drafts...)
		if err != nil {
			t.Fatal(err)
		}
		last := [2]int{}
		progress := func(done, total int) { last = [2]int{done, total} }
		if err := b.CompleteRelated(t.Context(), progress); err != nil {
			t.Fatal(err)
		}
		if last[0] != last[1] || last[0] < 250 {
			t.Errorf("progress ended with %v", last)
		}
		check := func(what string) map[int][]content.Related {
			t.Helper()
			all := map[int][]content.Related{}
			for i := range stories {
				all[i] = b.related(t, saved[i], 8)
				for _, a := range articlesOf(all[i]) {
					if j := slices.Index(stories, a.Title); j/4 != i/4 {
						t.Errorf("%s: %q is related to %q", what, a.Title, stories[i])
					}
				}
				if len(all[i]) < 2 {
					t.Errorf("%s: %q has %q", what, stories[i], titles(articlesOf(all[i])))
				}
			}
			return all
		}
		before := check("at once")
		if err := b.RebuildRelated(t.Context(), nil); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(scores(t, before), scores(t, check("built anew"))); diff != "" {
			t.Errorf("built anew (-before +after):\n%s", diff)
		}

		// A few more are ranked one by one, and reach their neighbours.
		at := b.clock
		more, err := b.Save(ctx, &content.Draft{Title: "Comet surprises Tarn", Status: article.StatusPublished, PublishedAt: &at})
		if err != nil {
			t.Fatal(err)
		}
		if list := b.related(t, more[0], 8); len(list) != 0 {
			t.Errorf("related before completion: %q", titles(articlesOf(list)))
		}
		if err := b.CompleteRelated(t.Context(), nil); err != nil {
			t.Fatal(err)
		}
		if got := titles(articlesOf(b.related(t, saved[8], 8))); !slices.Contains(got, more[0].Title) {
			t.Errorf("related of %q: %q", stories[8], got)
		}
	})
}

// scores tells lists apart to the last digit.
func scores(t *testing.T, all map[int][]content.Related) map[int][]string {
	out := map[int][]string{}
	for i, list := range all {
		for _, r := range list {
			out[i] = append(out[i], fmt.Sprintf("%d %v %v", r.Article.ID, r.Score, why(t, r)))
		}
	}
	return out
}

// Whatever is saved and hidden in whatever order, nobody sees a hidden article,
// an article is not related to itself, no list repeats one, and a shorter list
// is the beginning of a longer.
func TestRelatedHoldsWhateverHappens(t *testing.T) {
	t.Parallel()
	testkit.Databases(t, func(t *testing.T, db *store.DB) {
		b := setup(t, db)
		rng := rand.New(rand.NewPCG(5, 6))
		words := []string{"dam", "strike", "comet", "vote", "harbour", "Tarn", "inquiry", "pay"}
		var all []*ent.Article
		hidden := map[int]bool{}
		change := func(d *content.Draft) {
			d.Title = words[rng.IntN(len(words))] + " " + words[rng.IntN(len(words))] + " " + words[rng.IntN(len(words))]
			d.Status = []article.Status{article.StatusPublished, article.StatusPublished, article.StatusDraft}[rng.IntN(3)]
			if rng.IntN(4) == 0 && len(all) > 0 {
				d.Pins = []int{all[rng.IntN(len(all))].ID}
			}
			if rng.IntN(2) == 0 {
				d.PrimaryCategory = &b.sport.ID
			}
		}
		for step := range 60 {
			if len(all) < 5 || rng.IntN(2) == 0 {
				all = append(all, b.publish(t, "", body(""), change))
			} else {
				i := rng.IntN(len(all))
				all[i] = b.again(t, all[i], change)
			}
			for _, a := range all {
				hidden[a.ID] = !content.Live(a)
			}
			if step%5 != 0 {
				continue
			}
			var ids []int
			for _, a := range all {
				ids = append(ids, a.ID)
			}
			long, err := b.Related(t.Context(), ids, content.MaxRelated)
			if err != nil {
				t.Fatal(err)
			}
			short, err := b.Related(t.Context(), ids, 3)
			if err != nil {
				t.Fatal(err)
			}
			for _, id := range ids {
				seen := map[int]bool{id: true}
				for i, r := range long[id] {
					if hidden[r.Article.ID] || hidden[id] || seen[r.Article.ID] || len(why(t, r)) == 0 {
						t.Fatalf("step %d: %d in the list of %d", step, r.Article.ID, id)
					}
					seen[r.Article.ID] = true
					if i < 3 && short[id][i].Article.ID != r.Article.ID {
						t.Fatalf("step %d: lists of %d differ at %d", step, id, i)
					}
				}
				if want := min(3, len(long[id])); len(short[id]) != want {
					t.Fatalf("step %d: %d of %d for %d", step, len(short[id]), want, id)
				}
			}
		}
	})
}

func TestOddArticlesAreRelated(t *testing.T) {
	t.Parallel()
	testkit.Databases(t, func(t *testing.T, db *store.DB) {
		b := setup(t, db)
		for name, change := range map[string]func(*content.Draft){
			"empty":       func(d *content.Draft) { d.Title = "" },
			"punctuation": func(d *content.Draft) { d.Title = `… "'%_\ {}[]:` },
			"emoji":       func(d *content.Draft) { d.Title = "🌊" },
			"marks":       func(d *content.Draft) { d.Title = "\u200f\u202edam\u202c" },
			"one letter":  func(d *content.Draft) { d.Title = "a" },
			"long word":   func(d *content.Draft) { d.Title = longWord },
			"no date":     func(d *content.Draft) { d.PublishedAt = nil },
			"far past":    func(d *content.Draft) { at := time.Date(1, 1, 1, 0, 0, 0, 0, time.UTC); d.PublishedAt = &at },
			"far future":  func(d *content.Draft) { at := time.Date(9999, 1, 1, 0, 0, 0, 0, time.UTC); d.PublishedAt = &at },
			"language":    func(d *content.Draft) { d.Language = "a:b-c" },
		} {
			for range 2 {
				a := b.titled(t, "dam", change)
				if _, err := b.Related(t.Context(), []int{a.ID, a.ID}, 8); err != nil {
					t.Errorf("%s: %v", name, err)
				}
			}
		}
		for _, ids := range [][]int{nil, {-1}, {1 << 40}} {
			if found, err := b.Related(t.Context(), ids, 100); len(found) != 0 || err != nil {
				t.Errorf("of %v: %v, %v", ids, found, err)
			}
		}
		if list := b.related(t, b.titled(t, "dam"), -1); len(list) != 0 {
			t.Errorf("%d of -1", len(list))
		}
	})
}

var longWord = func() string {
	r := make([]rune, 3000)
	for i := range r {
		r[i] = 'é'
	}
	return string(r)
}()

// Publishers that come together wait for one another instead of losing what the
// other put into a list.
func TestPublishingTogether(t *testing.T) {
	t.Parallel()
	testkit.Databases(t, func(t *testing.T, db *store.DB) {
		b := setup(t, db)
		a := b.titled(t, "Harbour strike begins")
		const publishers = 4
		errs := make(chan error, publishers)
		for i := range publishers {
			go func() {
				at := b.clock
				_, err := b.Save(context.WithoutCancel(t.Context()), &content.Draft{Title: fmt.Sprintf("Harbour strike day %d", i), Slug: fmt.Sprint("day-", i),
					Status: article.StatusPublished, PublishedAt: &at})
				errs <- err
			}()
		}
		for range publishers {
			if err := <-errs; err != nil {
				t.Error(err)
			}
		}
		if list := b.related(t, a, 8); len(list) != publishers {
			t.Errorf("%d related: %q", len(list), titles(articlesOf(list)))
		}
	})
}

func why(t *testing.T, r content.Related) []content.Reason {
	t.Helper()
	reasons, err := r.Reasons()
	if err != nil {
		t.Fatal(err)
	}
	return reasons
}

// TestRelatingLaterMeetsASave: an article that becomes another one again and
// again is related later by one and saved by another; neither waits for the
// other in a circle.
func TestRelatingLaterMeetsASave(t *testing.T) {
	t.Parallel()
	testkit.Databases(t, func(t *testing.T, db *store.DB) {
		b := setup(t, db)
		a := b.titled(t, "The dam of the northern valley leaks")
		subjects := []string{"Ferries stay in port as the storm comes", "The council votes on a new library roof"}
		others := map[string]string{subjects[0]: b.titled(t, "Storm keeps ferries in port").Title, subjects[1]: b.titled(t, "Council to vote on library roof").Title}
		save := func(ctx context.Context, i int) error {
			at := *a.PublishedAt
			_, err := b.Save(ctx, &content.Draft{ID: a.ID, Title: subjects[i%2], Slug: a.Slug, Language: a.Language, Status: article.StatusPublished, PublishedAt: &at})
			return err
		}
		var both sync.WaitGroup
		both.Go(func() {
			for i := range 40 {
				if err := save(content.DeferRelatedBriefly(t.Context()), i); err != nil {
					t.Errorf("saved to be related later: %v", err)
				}
				if _, err := b.RelateSoon(t.Context()); err != nil {
					t.Errorf("related later: %v", err)
				}
			}
		})
		both.Go(func() {
			for i := range 40 {
				if err := save(t.Context(), i+1); err != nil {
					t.Errorf("saved and related: %v", err)
				}
			}
		})
		both.Wait()
		// In the end it is related by the words it has.
		now, err := b.ByIDs(t.Context(), []int{a.ID})
		if err != nil {
			t.Fatal(err)
		}
		if list := titles(articlesOf(b.related(t, a, 1))); len(list) != 1 || list[0] != others[now[a.ID].Title] {
			t.Errorf("%q is related to %q", now[a.ID].Title, list)
		}
	})
}
