package main

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"time"

	"github.com/broadsheet-cms/broadsheet/ent/article"
	"github.com/broadsheet-cms/broadsheet/internal/access"
	"github.com/broadsheet-cms/broadsheet/internal/content"
	"github.com/broadsheet-cms/broadsheet/internal/richtext"
	"github.com/broadsheet-cms/broadsheet/internal/store"
	"github.com/broadsheet-cms/broadsheet/internal/testkit"
)

// wire makes articles of invented words whose frequencies follow Zipf's law.
// Some twenty articles share a story, which has rare words of its own.
type wire struct {
	rng   *rand.Rand
	zipf  *rand.Zipf
	total int
	made  int
}

// apart is the time between an article of a wire and the next.
const apart = 10 * time.Minute

func newWire(total int) *wire {
	rng := rand.New(rand.NewPCG(3, uint64(total)))
	return &wire{rng: rng, zipf: rand.NewZipf(rng, 1.1, 10, uint64(20_000+total/5)), total: total}
}

var syllables = strings.Fields("ba de fi go ku la me ni po ru sa te vi wo xu ya ze chi dra flo gre spa tru vel")

// invented is the word with a number, at least three syllables long.
func invented(n uint64) string {
	var b strings.Builder
	for i := 0; i < 3 || n > 0; i++ {
		b.WriteString(syllables[n%uint64(len(syllables))])
		n /= uint64(len(syllables))
	}
	return b.String()
}

func (w *wire) draft(n *newsroom) *content.Draft {
	story := uint64(w.rng.IntN(max(w.total/20, 1)))
	words := func(count, own int) string {
		all := make([]string, count)
		for i := range all {
			if i%own == 0 {
				all[i] = invented(1_000_000 + story*8 + uint64(w.rng.IntN(8)))
			} else {
				all[i] = invented(w.zipf.Uint64())
			}
		}
		return strings.Join(all, " ")
	}
	w.made++
	at := time.Date(2004, 1, 1, 0, 0, 0, 0, time.UTC).Add(time.Duration(w.made) * apart)
	section := n.sections[fmt.Sprint(story%10)]
	return &content.Draft{Title: words(8, 4), Slug: fmt.Sprintf("wire-%d", w.made), Language: "en", Status: article.StatusPublished,
		PublishedAt: &at, PrimaryCategory: &section,
		Body: []richtext.Block{{Kind: richtext.Paragraph, HTML: words(60, 10)}, {Kind: richtext.Paragraph, HTML: words(60, 12)}}}
}

// measureCost fills an archive and measures what publishing one more article
// costs and how fast related articles are read.
func measureCost(ctx context.Context, dbs *databases, on []store.Dialect, articles, copies int) error {
	var sections []string
	for i := range 10 {
		sections = append(sections, fmt.Sprint(i))
	}
	fmt.Printf("%d synthetic articles\n\n", articles*copies)
	for _, dialect := range on {
		db, seen, err := dbs.open(ctx, dialect)
		if err != nil {
			return err
		}
		n, err := newNewsroom(access.AsSystem(ctx), db, sections)
		if err == nil {
			err = measureArchive(ctx, dbs, n, seen, articles, copies)
		}
		if closing := db.Close(); err == nil {
			err = closing
		}
		if err != nil {
			return fmt.Errorf("%s: %w", dialect, err)
		}
	}
	return nil
}

func measureArchive(ctx context.Context, dbs *databases, n *newsroom, seen *testkit.Statements, articles, copies int) error {
	w := newWire(articles)
	start := time.Now()
	var ids []int
	for w.made < articles {
		var drafts []*content.Draft
		for len(drafts) < min(500, articles-w.made+len(drafts)) {
			drafts = append(drafts, w.draft(n))
		}
		saved, err := n.Save(content.DeferRelated(ctx), drafts...)
		if err != nil {
			return err
		}
		for _, a := range saved {
			ids = append(ids, a.ID)
		}
		seen.Take()
	}
	report(n.db, "save", "%d articles, %s", articles, rate(articles, time.Since(start)))
	start = time.Now()
	if err := n.CompleteRelated(ctx, nil); err != nil {
		return err
	}
	seen.Take()
	report(n.db, "relate", "%d articles, %s", articles, rate(articles, time.Since(start)))
	if copies > 1 {
		start = time.Now()
		if err := multiplyArchive(ctx, dbs, n.db.Dialect, articles, copies); err != nil {
			return err
		}
		report(n.db, "copy", "%d times as large after %s", copies, time.Since(start).Round(time.Second))
	} else if n.db.Dialect == store.Postgres {
		if _, err := n.db.Exec(ctx, store.MaintainBoth("ANALYZE")); err != nil {
			return err
		}
	}

	for _, path := range []struct {
		name string
		ctx  context.Context
	}{{"publish", ctx}, {"without related", content.DeferRelated(ctx)}} {
		var took []time.Duration
		statements := 0
		for range 200 {
			d := w.draft(n)
			start := time.Now()
			if _, err := n.Save(path.ctx, d); err != nil {
				return err
			}
			took = append(took, time.Since(start))
			statements = max(statements, len(seen.Take()))
		}
		report(n.db, path.name, "%d statements, %s", statements, quantiles(took))
	}

	rng := rand.New(rand.NewPCG(1, 2))
	for _, parents := range []int{1, 20} {
		var took []time.Duration
		statements, found := 0, 0
		for range 300 {
			page := make([]int, parents)
			for i := range page {
				page[i] = ids[rng.IntN(len(ids))]
			}
			start := time.Now()
			lists, err := n.Related(ctx, page, shown)
			if err != nil {
				return err
			}
			took = append(took, time.Since(start))
			statements = max(statements, len(seen.Take()))
			for _, list := range lists {
				found += len(list)
			}
		}
		report(n.db, fmt.Sprintf("read for %d", parents), "%d statement, %s, %.1f found each", statements, quantiles(took), float64(found)/float64(300*parents))
	}
	fmt.Println()
	return nil
}

// multiplyArchive repeats a synthetic archive before it began, with all that is
// known of what its articles are about.
func multiplyArchive(ctx context.Context, dbs *databases, dialect store.Dialect, articles, copies int) error {
	db, err := dbs.raw(dialect)
	if err != nil {
		return err
	}
	defer func() { _ = db.Close() }()
	older := map[string]string{"published": fmt.Sprintf("published - k * %d", articles*int(apart/time.Minute))}
	err = multiply(ctx, db, dialect, []copied{
		{"articles", map[string]string{"slug": "slug || '-copy-' || k"}},
		{"article_details", nil},
		{"article_profiles", older},
		{"article_terms", older},
		{"article_candidates", map[string]string{"candidates": candidatesOfCopy[dialect]}},
		{"listings", map[string]string{"published_at": fmt.Sprintf("published_at - k * %d", int64(articles)*apart.Microseconds())}},
	}, copies)
	if err != nil {
		return err
	}
	for _, count := range []string{"UPDATE related_corpora SET articles = articles * $1", "UPDATE terms SET count = count * $1"} {
		if _, err := db.ExecContext(ctx, count, copies); err != nil {
			return fmt.Errorf("count the copies: %w", err)
		}
	}
	return nil
}

func report(db *store.DB, what, format string, args ...any) {
	fmt.Printf("%-10s %-18s %s\n", db.Dialect, what, fmt.Sprintf(format, args...))
}

func rate(n int, took time.Duration) string {
	return fmt.Sprintf("%s, %.0f a second", took.Round(time.Millisecond), float64(n)/took.Seconds())
}

func quantiles(took []time.Duration) string {
	slices.Sort(took)
	at := func(q float64) time.Duration { return took[int(q*float64(len(took)-1))].Round(10 * time.Microsecond) }
	return fmt.Sprintf("p50 %s, p95 %s", at(0.5), at(0.95))
}
