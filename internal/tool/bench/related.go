package main

import (
	"bufio"
	"compress/gzip"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io/fs"
	"math"
	"os"
	"time"

	"github.com/broadsheet-cms/broadsheet/ent/article"
	"github.com/broadsheet-cms/broadsheet/internal/access"
	"github.com/broadsheet-cms/broadsheet/internal/content"
	"github.com/broadsheet-cms/broadsheet/internal/directory"
	"github.com/broadsheet-cms/broadsheet/internal/event"
	"github.com/broadsheet-cms/broadsheet/internal/keyset"
	"github.com/broadsheet-cms/broadsheet/internal/related"
	"github.com/broadsheet-cms/broadsheet/internal/store"
)

// benchRelated measures related articles: how well those of labelled headlines
// fit, what each signal is worth, and what publishing and reading cost in a
// synthetic archive.
func benchRelated(ctx context.Context, args []string) error {
	flags := flag.NewFlagSet("related", flag.ContinueOnError)
	file := flags.String("file", "../shared/data/related/headlines.ndjson.gz", "labelled headlines as gzipped NDJSON: id, title, category, publishedAt, story")
	ablation := flags.Bool("ablation", true, "measure what each signal is worth")
	articles := flags.Int("articles", 10_000, "size of the synthetic archive, 0: none")
	copies := flags.Int("copies", 1, "make the synthetic archive so many times as large, by SQL")
	only := flags.String("only", "", "measure one database alone: sqlite3 or postgres")
	if err := flags.Parse(args); err != nil {
		return err
	}
	if *file != "" {
		if _, err := os.Stat(*file); errors.Is(err, fs.ErrNotExist) {
			return fmt.Errorf("there are no labelled headlines at %s: say where with -file, or -file '' to leave them out", *file)
		}
	}
	on := dialects
	if *only != "" {
		on = []store.Dialect{store.Dialect(*only)}
	}
	dbs, err := openDatabases(ctx)
	if err != nil {
		return err
	}
	defer dbs.close()
	if *file != "" {
		if err := measureQuality(ctx, dbs, on, *file, *ablation); err != nil {
			return err
		}
	}
	if *articles > 0 {
		return measureCost(ctx, dbs, on, *articles, *copies)
	}
	return nil
}

// headline is a row of the file without its label.
type headline struct {
	ID          string    `json:"id"`
	Title       string    `json:"title"`
	Category    string    `json:"category"`
	PublishedAt time.Time `json:"publishedAt"`
}

// label is the story that a headline belongs to. It is read after ranking.
type label struct {
	ID    string `json:"id"`
	Story string `json:"story"`
}

// readRows decodes the rows of a gzipped NDJSON file.
func readRows[T any](path string) (rows []T, err error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer func() { _ = f.Close() }()
	z, err := gzip.NewReader(f)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	lines := bufio.NewScanner(z)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		var row T
		if err := json.Unmarshal(lines.Bytes(), &row); err != nil {
			return nil, fmt.Errorf("%s, line %d: %w", path, len(rows)+1, err)
		}
		rows = append(rows, row)
	}
	return rows, lines.Err()
}

// newsroom is a service on a database with sections.
type newsroom struct {
	*content.Service
	db       *store.DB
	sections map[string]int
}

func newNewsroom(ctx context.Context, db *store.DB, sections []string) (*newsroom, error) {
	log := event.NewLog(db)
	n := &newsroom{Service: content.New(db, log, directory.New(db, log)), db: db, sections: map[string]int{}}
	for _, name := range sections {
		c, err := db.Ent(ctx).Category.Create().SetName(name).SetSlug(fmt.Sprintf("section-%d", len(n.sections))).Save(ctx)
		if err != nil {
			return nil, err
		}
		n.sections[name] = c.ID
	}
	return n, nil
}

func (n *newsroom) draft(h headline) *content.Draft {
	at, section := h.PublishedAt, n.sections[h.Category]
	return &content.Draft{Title: h.Title, Language: "en", Status: article.StatusPublished, PublishedAt: &at, PrimaryCategory: &section}
}

// importHeadlines saves headlines, as an import does or one after the other,
// and gives the key of each.
func importHeadlines(ctx context.Context, n *newsroom, headlines []headline, atOnce bool) (ids []int, err error) {
	size, saving := 1, ctx
	if atOnce {
		size, saving = 200, content.DeferRelated(ctx)
	}
	for first := 0; first < len(headlines); first += size {
		var drafts []*content.Draft
		for _, h := range headlines[first:min(first+size, len(headlines))] {
			drafts = append(drafts, n.draft(h))
		}
		saved, err := n.Save(saving, drafts...)
		if err != nil {
			return nil, err
		}
		for _, a := range saved {
			ids = append(ids, a.ID)
		}
	}
	return ids, n.CompleteRelated(ctx, nil)
}

const shown = 8 // related articles that are judged

// answers gives the related articles of each headline, by place in the file.
func answers(ctx context.Context, n *newsroom, ids []int) ([][]int, error) {
	at := make(map[int]int, len(ids))
	for i, id := range ids {
		at[id] = i
	}
	all := make([][]int, 0, len(ids))
	for first := 0; first < len(ids); first += 100 {
		page := ids[first:min(first+100, len(ids))]
		found, err := n.Related(ctx, page, shown)
		if err != nil {
			return nil, err
		}
		for _, id := range page {
			var list []int
			for _, r := range found[id] {
				list = append(list, at[r.Article.ID])
			}
			all = append(all, list)
		}
	}
	return all, nil
}

// newestOfSection is the rule of most news sites.
func newestOfSection(ctx context.Context, n *newsroom, headlines []headline, ids []int) ([][]int, error) {
	at := make(map[int]int, len(ids))
	for i, id := range ids {
		at[id] = i
	}
	newest := map[string][]int{}
	for name, section := range n.sections {
		found, err := n.Latest(ctx, content.List{Kind: content.ByCategory}, []int{section}, keyset.First(shown+1))
		if err != nil {
			return nil, err
		}
		for _, a := range found[section] {
			newest[name] = append(newest[name], at[a.ID])
		}
	}
	all := make([][]int, len(headlines))
	for i, h := range headlines {
		for _, j := range newest[h.Category] {
			if j != i && len(all[i]) < shown {
				all[i] = append(all[i], j)
			}
		}
	}
	return all, nil
}

// score gives the mean of the normalised discounted cumulative gain of the
// first eight and the share of first answers that fit, over all headlines that
// have a second one of their story.
func score(stories []string, lists [][]int) (ndcg, first float64) {
	size := map[string]int{}
	for _, s := range stories {
		size[s]++
	}
	queries := 0.0
	for i, list := range lists {
		others := size[stories[i]] - 1
		if others == 0 {
			continue
		}
		queries++
		got, ideal := 0.0, 0.0
		for k := range min(shown, others) {
			ideal += 1 / math.Log2(float64(k+2))
		}
		for k, j := range list {
			if stories[j] == stories[i] {
				got += 1 / math.Log2(float64(k+2))
				if k == 0 {
					first++
				}
			}
		}
		ndcg += got / ideal
	}
	return ndcg / queries, first / queries
}

func measureQuality(ctx context.Context, dbs *databases, on []store.Dialect, file string, ablation bool) error {
	headlines, err := readRows[headline](file)
	if err != nil {
		return err
	}
	type result struct {
		database, rule string
		lists          [][]int
		took           time.Duration
	}
	var results []result
	var sections []string
	for _, h := range headlines {
		if !contains(sections, h.Category) {
			sections = append(sections, h.Category)
		}
	}
	for _, dialect := range on {
		for _, atOnce := range []bool{true, false} {
			db, _, err := dbs.open(ctx, dialect)
			if err != nil {
				return err
			}
			add := func(rule string, lists [][]int, took time.Duration, err error) error {
				results = append(results, result{string(dialect), rule, lists, took})
				return err
			}
			err = func() error {
				n, err := newNewsroom(access.AsSystem(ctx), db, sections)
				if err != nil {
					return err
				}
				start := time.Now()
				ids, err := importHeadlines(ctx, n, headlines, atOnce)
				if err != nil {
					return err
				}
				took := time.Since(start)
				lists, err := answers(ctx, n, ids)
				if !atOnce {
					return add("published one by one", lists, took, err)
				}
				if err := add("imported at once", lists, took, err); err != nil {
					return err
				}
				lists, err = newestOfSection(ctx, n, headlines, ids)
				if err := add("same category, newest", lists, 0, err); err != nil {
					return err
				}
				if !ablation || dialect != on[0] {
					return nil
				}
				for _, without := range ablations {
					n.Ranker = without.ranker()
					start := time.Now()
					if err := n.RebuildRelated(ctx, nil); err != nil {
						return err
					}
					took := time.Since(start)
					lists, err := answers(ctx, n, ids)
					if err := add(without.name, lists, took, err); err != nil {
						return err
					}
				}
				return nil
			}()
			if closing := db.Close(); err == nil {
				err = closing
			}
			if err != nil {
				return fmt.Errorf("%s: %w", dialect, err)
			}
		}
	}

	labels, err := readRows[label](file)
	if err != nil {
		return err
	}
	stories := make([]string, len(labels))
	for i, l := range labels {
		stories[i] = l.Story
	}
	fmt.Printf("%d headlines, nDCG@%d and P@1\n\n%-10s %-28s %8s %8s %10s\n", len(headlines), shown, "database", "", "nDCG@8", "P@1", "took")
	for _, r := range results {
		ndcg, first := score(stories, r.lists)
		fmt.Printf("%-10s %-28s %8.4f %8.4f %10s\n", r.database, r.rule, ndcg, first, r.took.Round(10*time.Millisecond))
	}
	fmt.Println()
	return nil
}

func contains(all []string, one string) bool {
	for _, s := range all {
		if s == one {
			return true
		}
	}
	return false
}

// ablations are rankers that lack a signal.
var ablations = []struct {
	name   string
	ranker func() related.Ranker
}{
	{"without neighbours", func() related.Ranker { r := related.NewRanker(); r.Blend = 0; return r }},
	{"without section", func() related.Ranker { r := related.NewRanker(); r.Section = 0; return r }},
	{"without age", func() related.Ranker { r := related.NewRanker(); r.Age = 0; return r }},
	{"words alone", func() related.Ranker {
		r := related.NewRanker()
		r.Blend, r.Section, r.Age = 0, 0, 0
		return r
	}},
}
