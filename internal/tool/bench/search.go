package main

import (
	"context"
	"database/sql"
	"flag"
	"fmt"
	"math/rand/v2"
	"strings"
	"time"

	"github.com/broadsheet-cms/broadsheet/internal/directory"
	"github.com/broadsheet-cms/broadsheet/internal/event"
	"github.com/broadsheet-cms/broadsheet/internal/search"
	"github.com/broadsheet-cms/broadsheet/internal/store"
	"github.com/broadsheet-cms/broadsheet/internal/testkit"
)

// The archive to search in: twenty years of articles of some 500 bytes, each
// in one of 20 sections, with an author, a place and a tag.
const (
	searchSections = 20
	searchAuthors  = 200
	searchPlaces   = 100
	searchTags     = 2000
	searchBatch    = 1000
)

// Articles go straight into the tables: what is measured is reading. The
// argument is [[key, title, text, microseconds, section, author, place, tag],
// …].
var fillSearchSQL = func() []*store.Statement {
	both := func(text string) *store.Statement {
		postgres := strings.NewReplacer("{rows}", "jsonb_array_elements($1::jsonb) AS r(value)",
			"{n}", "(r.value ->> 0)::bigint", "{title}", "r.value ->> 1", "{text}", "r.value ->> 2", "{at}", "(r.value ->> 3)::bigint",
			"{time}", "to_timestamp((r.value ->> 3)::bigint / 1e6)", "{section}", "(r.value ->> 4)::bigint", "{author}", "(r.value ->> 5)::bigint",
			"{place}", "(r.value ->> 6)::bigint", "{tag}", "(r.value ->> 7)::bigint")
		sqlite := strings.NewReplacer("{rows}", "json_each($1) AS r",
			"{n}", "r.value ->> 0", "{title}", "r.value ->> 1", "{text}", "r.value ->> 2", "{at}", "r.value ->> 3",
			"{time}", "strftime('%Y-%m-%d %H:%M:%f+00:00', (r.value ->> 3) / 1000000, 'unixepoch')", "{section}", "r.value ->> 4", "{author}", "r.value ->> 5",
			"{place}", "r.value ->> 6", "{tag}", "r.value ->> 7")
		return store.Maintain(postgres.Replace(text), sqlite.Replace(text))
	}
	all := []*store.Statement{
		both(`INSERT INTO articles (id, created_at, modified_at, title, slug, status, published_at, primary_category_id)
			SELECT {n}, {time}, {time}, {title}, 'wire-' || ({n}), 'PUBLISHED', {time}, {section} FROM {rows}`),
		both(`INSERT INTO article_details (article_id, blocks, text) SELECT {n}, '[]', {text} FROM {rows}`),
		both(`INSERT INTO bylines (article_id, author_id, position) SELECT {n}, {author}, 0 FROM {rows}`),
		both(`INSERT INTO article_places (article_id, place_id) SELECT {n}, {place} FROM {rows}`),
		both(`INSERT INTO article_tags (article_id, tag_id) SELECT {n}, {tag} FROM {rows}`),
	}
	listing := `INSERT INTO listings (kind, owner_id, published_at, article_id, language) SELECT %d, %s, {at}, {n}, 'en' FROM {rows}`
	for kind, owner := range []string{"0", "{section}", "{tag}", "{place}", "{author}"} {
		all = append(all, both(fmt.Sprintf(listing, kind, owner)))
	}
	return all
}()

var (
	namesForSearchSQL = []string{
		`INSERT INTO categories (id, created_at, modified_at, name, slug) VALUES ($1, $2, $2, $3, $4)`,
		`INSERT INTO authors (id, created_at, modified_at, name, slug) VALUES ($1, $2, $2, $3, $4)`,
		`INSERT INTO places (id, created_at, modified_at, name, slug) VALUES ($1, $2, $2, $3, $4)`,
		`INSERT INTO tags (id, created_at, modified_at, name, slug) VALUES ($1, $2, $2, $3, $4)`,
	}
	// The indexes of what is filled, which are made anew when it is full.
	indexesSQL = store.Maintain(
		`SELECT indexname, indexdef FROM pg_indexes WHERE schemaname = 'public' AND indexname NOT LIKE '%\_pkey'
			AND tablename IN ('articles', 'bylines', 'article_places', 'article_tags', 'listings')`,
		`SELECT name, sql FROM sqlite_master WHERE type = 'index' AND sql IS NOT NULL
			AND tbl_name IN ('articles', 'bylines', 'article_places', 'article_tags', 'listings')`)
	forgetKeysSQL = store.Maintain(`DO $do$ DECLARE k record; BEGIN
		FOR k IN SELECT conrelid::regclass AS name, conname FROM pg_constraint WHERE contype = 'f'
			AND conrelid IN ('articles'::regclass, 'article_details'::regclass, 'bylines'::regclass, 'article_places'::regclass,
				'article_tags'::regclass, 'listings'::regclass, 'search_documents'::regclass)
		LOOP EXECUTE format('ALTER TABLE %s DROP CONSTRAINT %I', k.name, k.conname); END LOOP; END $do$`, "")
	commonWordsSQL = store.MaintainBoth(`SELECT word, seen FROM search_words WHERE word >= 'a' AND seen >= 10 ORDER BY seen DESC, word`)
)

func benchSearch(ctx context.Context, args []string) error {
	flags := flag.NewFlagSet("search", flag.ContinueOnError)
	articles := flags.Int("articles", 10_000, "how many articles to search in")
	only := flags.String("database", "", "only sqlite3 or postgres")
	runs := flags.Int("runs", 200, "searches of each kind")
	if err := flags.Parse(args); err != nil {
		return err
	}
	dbs, err := openDatabases(ctx)
	if err != nil {
		return err
	}
	defer dbs.close()
	fmt.Printf("%d synthetic articles\n\n", *articles)
	for _, dialect := range dialects {
		if *only != "" && *only != string(dialect) {
			continue
		}
		db, seen, err := dbs.open(ctx, dialect)
		if err != nil {
			return err
		}
		err = measureSearch(ctx, db, seen, *articles, *runs)
		if closing := db.Close(); err == nil {
			err = closing
		}
		if err != nil {
			return fmt.Errorf("%s: %w", dialect, err)
		}
	}
	return nil
}

func measureSearch(ctx context.Context, db *store.DB, seen *testkit.Statements, articles, runs int) error {
	start := time.Now()
	if err := fillSearch(ctx, db, articles); err != nil {
		return err
	}
	report(db, "fill", "%s", rate(articles, time.Since(start)))
	dir := directory.New(db, event.NewLog(db))
	s := search.New(db, dir)
	index := func(statements ...string) error {
		for _, text := range statements {
			if db.Dialect == store.Postgres {
				if _, err := db.Exec(ctx, store.MaintainBoth(text)); err != nil {
					return err
				}
			}
		}
		return nil
	}
	start = time.Now()
	if err := index(`DROP INDEX search_document_terms`); err != nil {
		return err
	}
	if err := s.Rebuild(ctx); err != nil {
		return err
	}
	if err := index(`CREATE INDEX search_document_terms ON search_documents USING gin (terms) WITH (fastupdate = off)`, `VACUUM ANALYZE`); err != nil {
		return err
	}
	report(db, "index", "%s", rate(articles, time.Since(start)))

	var took []time.Duration
	rng := rand.New(rand.NewPCG(1, 2))
	seen.Take()
	statements := 0
	for range runs {
		start := time.Now()
		if err := db.Tx(ctx, func(ctx context.Context) error { return s.Refresh(ctx, []int{1 + rng.IntN(articles)}) }); err != nil {
			return err
		}
		took = append(took, time.Since(start))
		statements = max(statements, len(seen.Take()))
	}
	report(db, "refresh one", "%d statements, %s", statements, quantiles(took))

	type word struct {
		text string
		seen int
	}
	words, err := store.Collect(ctx, db, commonWordsSQL, func(rows *sql.Rows) (w word, err error) {
		err = rows.Scan(&w.text, &w.seen)
		return w, err
	})
	if err != nil {
		return err
	}
	// between gives a word that so large a share of the articles has.
	between := func(low, high float64) func() string {
		var some []string
		for _, w := range words {
			if share := float64(w.seen) / float64(articles); share >= low && share < high {
				some = append(some, w.text)
			}
		}
		return func() string {
			if len(some) == 0 {
				return "nothing"
			}
			return some[rng.IntN(len(some))]
		}
	}
	common, frequent, middle, rare := between(0.1, 1), between(0.02, 0.1), between(0.002, 0.02), between(0, 0.0002)
	old := time.Date(2006, 1, 1, 0, 0, 0, 0, time.UTC)
	for _, kind := range []struct {
		name   string
		text   func() string
		filter search.Filter
	}{
		{"common word", func() string { return common() + " " }, search.Filter{}},
		{"frequent word", func() string { return frequent() + " " }, search.Filter{}},
		{"middle word", func() string { return middle() + " " }, search.Filter{}},
		{"rare word", func() string { return rare() + " " }, search.Filter{}},
		{"two common words", func() string { return common() + " " + common() + " " }, search.Filter{}},
		{"two frequent words", func() string { return frequent() + " " + frequent() + " " }, search.Filter{}},
		{"common and rare", func() string { return common() + " " + rare() + " " }, search.Filter{}},
		{"phrase, common", func() string { return `"` + common() + " " + common() + `"` }, search.Filter{}},
		{"phrase, frequent", func() string { return `"` + frequent() + " " + frequent() + `"` }, search.Filter{}},
		{"common but not", func() string { return common() + " -" + common() + " " }, search.Filter{}},
		{"prefix of 2", func() string { return common()[:2] }, search.Filter{}},
		{"prefix of 4", func() string { return frequent()[:4] }, search.Filter{}},
		{"common, one tag", func() string { return common() + " " }, search.Filter{Tags: []int{7}}},
		{"common, old", func() string { return common() + " " }, search.Filter{PublishedBefore: &old}},
	} {
		var plain, full []time.Duration
		hits, statements := 0, 0
		seen.Take()
		for range runs {
			q := search.Query{Text: kind.text(), Filter: kind.filter, First: 10}
			start := time.Now()
			r, err := s.Search(ctx, q)
			if err != nil {
				return err
			}
			plain = append(plain, time.Since(start))
			if _, err := r.Highlights(ctx); err != nil {
				return err
			}
			if _, err := r.Facets(ctx); err != nil {
				return err
			}
			full = append(full, time.Since(start))
			hits += r.Count
			statements = max(statements, len(seen.Take()))
		}
		report(db, kind.name, "%s; with highlights and facets %s; %d statements, %.0f hits", quantiles(plain), quantiles(full), statements, float64(hits)/float64(runs))
	}
	took = nil
	for range runs {
		word := frequent()
		start := time.Now()
		if _, err := s.Suggest(ctx, word[:2+rng.IntN(min(4, len(word)-2))], "en", 8); err != nil {
			return err
		}
		took = append(took, time.Since(start))
	}
	report(db, "suggestions", "%d statements, %s", len(seen.Take())/runs, quantiles(took))
	fmt.Println()
	return nil
}

func fillSearch(ctx context.Context, db *store.DB, articles int) error {
	now := time.Now().UTC().Truncate(time.Second)
	err := db.Tx(ctx, func(ctx context.Context) error {
		for i, count := range []int{searchSections, searchAuthors, searchPlaces, searchTags} {
			statement := store.MaintainBoth(namesForSearchSQL[i])
			for n := 1; n <= count; n++ {
				name := invented(uint64(5_000_000+1000*i+n)) + " " + invented(uint64(6_000_000+1000*i+n))
				if _, err := db.Exec(ctx, statement, n, now, name, fmt.Sprintf("%d-%d", i, n)); err != nil {
					return err
				}
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	type index struct{ name, text string }
	indexes, err := store.Collect(ctx, db, indexesSQL, func(rows *sql.Rows) (x index, err error) {
		err = rows.Scan(&x.name, &x.text)
		return x, err
	})
	if err != nil {
		return err
	}
	for _, x := range indexes {
		if _, err := db.Exec(ctx, store.MaintainBoth("DROP INDEX "+x.name)); err != nil {
			return err
		}
	}
	if db.Dialect == store.Postgres { // which would look every key up
		if _, err := db.Exec(ctx, forgetKeysSQL); err != nil {
			return err
		}
	}
	rng := rand.New(rand.NewPCG(5, uint64(articles)))
	zipf := rand.NewZipf(rng, 1.1, 10, uint64(20_000+articles/5))
	words := func(count int) string {
		all := make([]string, count)
		for i := range all {
			all[i] = invented(zipf.Uint64())
		}
		return strings.Join(all, " ")
	}
	begin := time.Date(2005, 1, 1, 0, 0, 0, 0, time.UTC).UnixMicro()
	step := (20 * 365 * 24 * time.Hour / time.Duration(articles)).Microseconds()
	for done := 0; done < articles; {
		// Only articles and their details need the words.
		var full, bare strings.Builder
		full.WriteByte('[')
		bare.WriteByte('[')
		for i := range min(searchBatch, articles-done) {
			if i > 0 {
				full.WriteByte(',')
				bare.WriteByte(',')
			}
			n := done + i + 1
			rest := fmt.Sprintf("%d,%d,%d,%d,%d]", begin+int64(n)*step, 1+rng.IntN(searchSections), 1+rng.IntN(searchAuthors),
				1+rng.IntN(searchPlaces), 1+rng.IntN(searchTags))
			fmt.Fprintf(&full, `[%d,%q,%q,%s`, n, words(8), words(70), rest)
			fmt.Fprintf(&bare, `[%d,"","",%s`, n, rest)
		}
		full.WriteByte(']')
		bare.WriteByte(']')
		err := db.Tx(ctx, func(ctx context.Context) error {
			for i, statement := range fillSearchSQL {
				rows := bare.String()
				if i < 2 {
					rows = full.String()
				}
				if _, err := db.Exec(ctx, statement, rows); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			return err
		}
		done += searchBatch
	}
	for _, x := range indexes {
		if _, err := db.Exec(ctx, store.MaintainBoth(x.text)); err != nil {
			return err
		}
	}
	return nil
}
