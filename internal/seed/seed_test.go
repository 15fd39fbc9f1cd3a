package seed

import (
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
	"gocloud.dev/blob/memblob"

	"github.com/broadsheet-cms/broadsheet/ent"
	"github.com/broadsheet-cms/broadsheet/ent/article"
	entcomment "github.com/broadsheet-cms/broadsheet/ent/comment"
	entevent "github.com/broadsheet-cms/broadsheet/ent/event"
	"github.com/broadsheet-cms/broadsheet/internal/access"
	"github.com/broadsheet-cms/broadsheet/internal/account"
	"github.com/broadsheet-cms/broadsheet/internal/audit"
	"github.com/broadsheet-cms/broadsheet/internal/comment"
	"github.com/broadsheet-cms/broadsheet/internal/content"
	"github.com/broadsheet-cms/broadsheet/internal/directory"
	"github.com/broadsheet-cms/broadsheet/internal/event"
	"github.com/broadsheet-cms/broadsheet/internal/id"
	"github.com/broadsheet-cms/broadsheet/internal/media"
	"github.com/broadsheet-cms/broadsheet/internal/site"
	"github.com/broadsheet-cms/broadsheet/internal/store"
	"github.com/broadsheet-cms/broadsheet/internal/taxonomy"
	"github.com/broadsheet-cms/broadsheet/internal/testkit"
)

func services(t testing.TB, d store.Dialect) Services {
	t.Helper()
	db := testkit.Open(t, testkit.URL(t, d), store.Options{StatementTimeout: -1})
	bucket := memblob.OpenBucket(nil)
	t.Cleanup(func() { _ = bucket.Close() })
	log := event.NewLog(db)
	articles := content.New(db, log, directory.New(db, log))
	return Services{
		DB: db, Accounts: account.New(db, log, audit.NewLog(db)), Comments: comment.New(db, log), Content: articles,
		Media: media.New(db, log, bucket), Site: site.New(db, log), Taxonomy: taxonomy.New(db, log, articles),
	}
}

// fingerprint is equal for two databases that say the same.
func fingerprint(t *testing.T, db *store.DB) string {
	t.Helper()
	ctx := access.AsSystem(t.Context())
	h := sha256.New()
	for _, a := range db.Ent(ctx).Article.Query().Order(article.ByID()).WithDetail().WithTags().WithPlaces().WithPrimaryCategory().WithBylines().
		WithLiveEntries().WithFeaturedMedia().WithComments(func(q *ent.CommentQuery) { q.Order(entcomment.ByID()) }).AllX(ctx) {
		facts := []any{
			a.Title, a.Slug, a.Excerpt, a.Language, a.Kind, a.Status, a.Visibility, a.WordCount, a.CommentCount, a.PublishedAt, a.Edges.PrimaryCategory.Slug,
			a.Edges.Detail.HTML, len(a.Edges.Tags), len(a.Edges.Places), len(a.Edges.Bylines), len(a.Edges.LiveEntries), a.Edges.FeaturedMedia.SourceURL,
		}
		for _, c := range a.Edges.Comments {
			facts = append(facts, c.Body, c.PostedAt, c.ReplyCount, c.GuestEmail)
		}
		data, err := json.Marshal(facts)
		if err != nil {
			t.Fatal(err)
		}
		h.Write(data)
	}
	return fmt.Sprintf("%x", h.Sum(nil))
}

// aWorld is one that is stored nowhere.
func aWorld() *world {
	w := &world{
		leaves: []leaf{{1, "world"}, {2, "sport"}, {3, "opinion"}}, tags: []int{1, 2, 3, 4, 5, 6}, authors: []int{1, 2, 3, 4}, desks: []int{5},
		series: []int{1, 2}, readers: []int{1, 2, 3},
	}
	for i, c := range countries {
		w.towns = append(w.towns, town{en: "Belaton", ar: "بندر الياقوت", country: c, id: 100 + i, countryID: i + 1})
	}
	return w
}

func TestOneSeedMakesOneNewsroom(t *testing.T) {
	t.Parallel()
	tell := func(seed uint64) []string {
		var all []string
		g := newGenerator(seed, 400, aWorld(), defaultUntil)
		for a := g.next(); a != nil; a = g.next() {
			facts := []any{a.Draft}
			for _, c := range a.comments {
				facts = append(facts, c.draft, c.parent)
			}
			data, err := json.Marshal(facts)
			if err != nil {
				t.Fatal(err)
			}
			all = append(all, string(data))
		}
		return all
	}
	first := tell(7)
	if len(first) != 400 {
		t.Errorf("%d articles", len(first))
	}
	if diff := cmp.Diff(first, tell(7)); diff != "" {
		t.Error(diff)
	}
	if other := tell(8); slices.Equal(first, other) {
		t.Error("another seed tells the same")
	}
}

func TestRun(t *testing.T) {
	t.Parallel()
	const articles = 300
	var mu sync.Mutex
	prints := map[store.Dialect]string{}
	t.Run("databases", func(t *testing.T) {
		for _, d := range []store.Dialect{store.SQLite, store.Postgres} {
			t.Run(string(d), func(t *testing.T) {
				t.Parallel()
				s := services(t, d)
				var last Progress
				report, err := Run(t.Context(), s, Options{Articles: articles, Seed: 1, Progress: func(p Progress) {
					if p.Phase == Writing {
						last = p
					}
				}})
				if err != nil {
					t.Fatal(err)
				}
				if last.Done != articles || last.Total != articles || last.Comments != report.Comments || report.Articles != articles {
					t.Errorf("progress %+v, report %+v", last, report)
				}
				checkShape(t, s.DB, report)
				checkEvents(t, s.DB)
				if _, err := Run(t.Context(), s, Options{Articles: 1}); !errors.Is(err, ErrNotEmpty) {
					t.Errorf("a second run: %v", err)
				}
				mu.Lock()
				defer mu.Unlock()
				prints[d] = fingerprint(t, s.DB)
			})
		}
	})
	if len(prints) > 1 && prints[store.SQLite] != prints[store.Postgres] {
		t.Error("the databases say different things")
	}
}

func TestRunRefusesImpossibleNumbers(t *testing.T) {
	t.Parallel()
	for _, n := range []int{-1, 0, MaxArticles + 1} {
		if _, err := Run(t.Context(), Services{}, Options{Articles: n}); err == nil {
			t.Errorf("a run of %d articles succeeds", n)
		}
	}
}

// checkShape looks whether the newsroom is what a newsroom is like.
func checkShape(t *testing.T, db *store.DB, report Report) {
	ctx := access.AsSystem(t.Context())
	c := db.Ent(ctx)
	share := map[string]int{}
	bytes := 0
	for _, a := range c.Article.Query().WithDetail().WithTags().AllX(ctx) {
		share[a.Language]++
		share[string(a.Kind)]++
		if content.Live(a) {
			share["live"]++
		}
		text := a.Edges.Detail.Text
		bytes += len(text)
		if strings.ContainsAny(a.Title+text, "{}") || a.Title == "" || a.Excerpt == "" || len(a.Edges.Tags) < 1 || a.WordCount < 20 {
			t.Errorf("article %d: %q, %d tags, %d words", a.ID, a.Title, len(a.Edges.Tags), a.WordCount)
		}
	}
	for what, between := range map[string][2]int{
		"en": {report.Articles * 6 / 10, report.Articles * 95 / 100}, "live": {report.Articles * 9 / 10, report.Articles - 1},
		string(article.KindArticle): {report.Articles / 2, report.Articles * 9 / 10}, string(article.KindOpinion): {1, report.Articles / 4},
	} {
		if share[what] < between[0] || share[what] > between[1] {
			t.Errorf("%s: %d, want %d to %d", what, share[what], between[0], between[1])
		}
	}
	if mean := bytes / report.Articles; mean < 500 || mean > 3000 {
		t.Errorf("bodies have %d bytes on average", mean)
	}
	if report.Comments < report.Articles/2 || report.Comments > 5*report.Articles || report.Stories < 40 {
		t.Errorf("%+v", report)
	}
	if c.Comment.Query().Where(entcomment.ParentIDNotNil()).CountX(ctx) == 0 {
		t.Error("nobody replies")
	}
	counts := map[string]int{
		"sections": c.Category.Query().CountX(ctx), "tags": c.Tag.Query().CountX(ctx), "authors": c.Author.Query().CountX(ctx),
		"series": c.Series.Query().CountX(ctx), "places": c.Place.Query().CountX(ctx), "users": c.User.Query().CountX(ctx),
	}
	want := map[string]int{
		"sections": 37, "tags": minTags, "authors": authorCount + deskCount, "series": seriesCount, "places": len(countries) + townCount, "users": readerCount,
	}
	if diff := cmp.Diff(want, counts); diff != "" {
		t.Error(diff)
	}
}

func checkEvents(t *testing.T, db *store.DB) {
	ctx := access.AsSystem(t.Context())
	c := db.Ent(ctx)
	for entity, want := range map[string]int{
		id.Article: c.Article.Query().CountX(ctx), id.Comment: c.Comment.Query().CountX(ctx), id.Media: c.Media.Query().CountX(ctx),
		id.Tag: c.Tag.Query().CountX(ctx), id.User: c.User.Query().CountX(ctx),
	} {
		if got := c.Event.Query().Where(entevent.Entity(entity)).CountX(ctx); got != want {
			t.Errorf("%s: %d events, want %d", entity, got, want)
		}
	}
}

func TestGrammarFillsEverySlot(t *testing.T) {
	t.Parallel()
	w := aWorld()
	g := newGenerator(1, 1, w, defaultUntil)
	for _, language := range []string{"en", "ar"} {
		for topic := range enTopics {
			s := newSubject(g.r, language, topic, w.towns[0], w.towns[1])
			tell := s.teller(g.r)
			for _, patterns := range [][]string{s.words.headlines, s.words.decks, s.words.leads, s.words.sentences, s.words.headings, s.words.listItems, s.words.comments, s.words.replies} {
				for _, p := range patterns {
					for slot := range strings.SplitSeq(p, "{") {
						name, _, is := strings.Cut(slot, "}")
						if is && tell.value(strings.ToLower(name)) == "" {
							t.Errorf("%s, %s: nothing for {%s} in %q", language, topic, name, p)
						}
					}
				}
			}
		}
	}
}

// BenchmarkRun makes BROADSHEET_SEED_ARTICLES articles, 20,000 unless set.
func BenchmarkRun(b *testing.B) {
	articles := 20_000
	if text := os.Getenv("BROADSHEET_SEED_ARTICLES"); text != "" {
		var err error
		if articles, err = strconv.Atoi(text); err != nil {
			b.Fatal(err)
		}
	}
	for _, d := range []store.Dialect{store.SQLite, store.Postgres} {
		b.Run(string(d), func(b *testing.B) {
			for b.Loop() {
				b.StopTimer()
				s := services(b, d)
				b.StartTimer()
				report, err := Run(b.Context(), s, Options{Articles: articles, Seed: 1})
				if err != nil {
					b.Fatal(err)
				}
				b.ReportMetric(float64(articles)/report.Writing.Seconds(), "written/s")
				b.ReportMetric(float64(articles)/report.Relating.Seconds(), "related/s")
				b.ReportMetric(float64(report.Comments)/float64(articles), "comments/article")
			}
		})
	}
}

func BenchmarkGenerator(b *testing.B) {
	g := newGenerator(1, 1<<30, aWorld(), defaultUntil)
	for b.Loop() {
		g.next()
	}
}
