package main

import (
	"bufio"
	"compress/gzip"
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/broadsheet-cms/broadsheet/internal/directory"
	"github.com/broadsheet-cms/broadsheet/internal/event"
	"github.com/broadsheet-cms/broadsheet/internal/language"
	"github.com/broadsheet-cms/broadsheet/internal/search"
	"github.com/broadsheet-cms/broadsheet/internal/store"
)

// known is an article that is looked for.
type known struct {
	Title string `json:"title"`
	Body  string `json:"body"`

	titleWords, words []string // folded, no stop words; words: of the body, each once
}

// benchKnownItems measures how well search finds an article by some of its own
// words: the share of queries with it among the first ten, and the mean of one
// through its place. FTS5's own BM25 and ts_rank answer the same queries.
func benchKnownItems(ctx context.Context, args []string) error {
	flags := flag.NewFlagSet("known-items", flag.ContinueOnError)
	queries := flags.Int("queries", 400, "queries of each kind")
	seed := flags.Uint64("seed", 1, "of the choice of words")
	if err := flags.Parse(args); err != nil {
		return err
	}
	if flags.NArg() == 0 {
		return errors.New("name files of articles: a JSON object with title and body on each line, may be compressed by gzip")
	}
	var articles []*known
	for _, name := range flags.Args() {
		some, err := readKnown(name)
		if err != nil {
			return err
		}
		articles = append(articles, some...)
	}
	dbs, err := openDatabases(ctx)
	if err != nil {
		return err
	}
	defer dbs.close()
	kinds := knownQueries(articles, *queries, rand.New(rand.NewPCG(*seed, 7)))
	fmt.Printf("%d articles; success@10 and MRR@10\n\n", len(articles))
	for _, dialect := range dialects {
		db, _, err := dbs.open(ctx, dialect)
		if err != nil {
			return err
		}
		err = measureKnown(ctx, db, articles, kinds)
		if closing := db.Close(); err == nil {
			err = closing
		}
		if err != nil {
			return fmt.Errorf("%s: %w", dialect, err)
		}
	}
	return nil
}

func readKnown(name string) ([]*known, error) {
	f, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	var r io.Reader = f
	if strings.HasSuffix(name, ".gz") {
		if r, err = gzip.NewReader(f); err != nil {
			return nil, err
		}
	}
	lines := bufio.NewScanner(r)
	lines.Buffer(nil, 16<<20)
	var all []*known
	for lines.Scan() {
		k := new(known)
		if err := json.Unmarshal(lines.Bytes(), k); err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
		k.titleWords, k.words = distinctWords(k.Title), distinctWords(k.Body)
		all = append(all, k)
	}
	return all, lines.Err()
}

func distinctWords(text string) []string {
	var words []string
	seen := map[string]bool{}
	for _, t := range language.Terms(text) {
		if !seen[t.Term] && utf8.RuneCountInString(t.Term) >= 3 && strings.IndexFunc(t.Term, func(r rune) bool { return r >= '0' && r <= '9' }) < 0 {
			seen[t.Term] = true
			words = append(words, t.Term)
		}
	}
	return words
}

// knownQuery looks for one article.
type knownQuery struct {
	article int // its place in the list
	text    string
}

type queryKind struct {
	name    string
	queries []knownQuery
}

// knownQueries makes queries of every kind: words of the title, rare words and
// words of middling frequency of the body, and other forms of such words.
func knownQueries(articles []*known, count int, rng *rand.Rand) []queryKind {
	has := map[string]int{}
	for _, k := range articles {
		for _, w := range k.words {
			has[w]++
		}
	}
	forms := formsOf(has)
	low, high := max(2, len(articles)/200), max(4, len(articles)/10)
	kinds := []queryKind{{name: "words of the title"}, {name: "rare words"}, {name: "middling words"}, {name: "other forms"}}
	pick := func(kind, article int, words []string, n int) {
		if len(words) >= n && len(kinds[kind].queries) < count {
			rng.Shuffle(len(words), func(i, j int) { words[i], words[j] = words[j], words[i] })
			kinds[kind].queries = append(kinds[kind].queries, knownQuery{article, strings.Join(words[:n], " ") + " "})
		}
	}
	for _, i := range rng.Perm(len(articles)) {
		k := articles[i]
		var rare, middling, other []string
		own := map[string]bool{}
		for _, w := range k.words {
			own[w] = true
		}
		for _, w := range k.words {
			switch n := has[w]; {
			case n <= 2:
				rare = append(rare, w)
			case n >= low && n <= high:
				middling = append(middling, w)
				some := slices.DeleteFunc(slices.Clone(forms(w)), func(f string) bool { return own[f] })
				if len(some) > 0 {
					other = append(other, some[rng.IntN(len(some))])
				}
			}
		}
		pick(0, i, slices.Clone(k.titleWords), 3)
		pick(1, i, rare, 3)
		pick(2, i, middling, 3+rng.IntN(3))
		pick(3, i, other, 3)
	}
	return kinds
}

// formsOf finds other forms of a word among the words of all articles, by endings
// and particles alone and not by the stemmer that is measured.
func formsOf(has map[string]int) func(word string) []string {
	endings := strings.Fields("s es ed d ing er ers ly ion ions al")
	before, after := strings.Fields("ال و ب ل ف وال بال لل"), strings.Fields("ات ون ين ان ها ه ي يه هم")
	return func(word string) []string {
		var all []string
		add := func(form string) {
			if form != word && has[form] > 0 {
				all = append(all, form)
			}
		}
		if word[0] < utf8.RuneSelf {
			for _, e := range endings {
				add(word + e)
				if rest, ok := strings.CutSuffix(word, e); ok && len(rest) >= 4 {
					add(rest)
					add(rest + "e")
					for _, other := range endings {
						add(rest + other)
					}
				}
			}
			if rest, ok := strings.CutSuffix(word, "y"); ok {
				add(rest + "ies")
			}
			return all
		}
		for _, p := range before {
			add(p + word)
			if rest, ok := strings.CutPrefix(word, p); ok && utf8.RuneCountInString(rest) >= 3 && p != "ب" && p != "ل" && p != "ف" && p != "و" {
				add(rest)
			}
		}
		for _, e := range after {
			add(word + e)
		}
		return all
	}
}

func measureKnown(ctx context.Context, db *store.DB, articles []*known, kinds []queryKind) error {
	s := search.New(db, directory.New(db, event.NewLog(db)))
	if err := fillKnown(ctx, db, articles); err != nil {
		return err
	}
	if err := s.Rebuild(ctx); err != nil {
		return err
	}
	ours := func(text string) ([]int, error) {
		r, err := s.Search(ctx, search.Query{Text: text, First: 10})
		if err != nil {
			return nil, err
		}
		var found []int
		for _, h := range r.Hits {
			found = append(found, h.Article-1)
		}
		return found, nil
	}
	baseline, name, err := databaseRanking(ctx, db)
	if err != nil {
		return err
	}
	for _, kind := range kinds {
		success, mrr, err := scoreQueries(kind.queries, ours)
		if err != nil {
			return err
		}
		baseSuccess, baseMRR, err := scoreQueries(kind.queries, baseline)
		if err != nil {
			return err
		}
		report(db, kind.name, "%d queries: %.3f (%.3f); %s %.3f (%.3f)", len(kind.queries), success, mrr, name, baseSuccess, baseMRR)
	}
	return nil
}

func scoreQueries(queries []knownQuery, find func(string) ([]int, error)) (success, mrr float64, err error) {
	for _, q := range queries {
		found, err := find(q.text)
		if err != nil {
			return 0, 0, fmt.Errorf("%q: %w", q.text, err)
		}
		if i := slices.Index(found, q.article); i >= 0 {
			success++
			mrr += 1 / float64(i+1)
		}
	}
	n := float64(max(len(queries), 1))
	return success / n, mrr / n, nil
}

func fillKnown(ctx context.Context, db *store.DB, articles []*known) error {
	now := time.Now().UTC().Truncate(time.Second)
	return db.Tx(ctx, func(ctx context.Context) error {
		for i := range namesForSearchSQL {
			if _, err := db.Exec(ctx, store.MaintainBoth(namesForSearchSQL[i]), 1, now, "All", fmt.Sprintf("all-%d", i)); err != nil {
				return err
			}
		}
		begin := time.Date(2015, 1, 1, 0, 0, 0, 0, time.UTC)
		for i, k := range articles {
			row, err := json.Marshal([][]any{{i + 1, k.Title, k.Body, begin.AddDate(0, 0, i%4000).UnixMicro() + int64(i), 1, 1, 1, 1}})
			if err != nil {
				return err
			}
			for _, statement := range fillSearchSQL[:2] {
				if _, err := db.Exec(ctx, statement, string(row)); err != nil {
					return err
				}
			}
		}
		return nil
	})
}

var (
	plainIndexSQL = []*store.Statement{
		store.Maintain(`CREATE TABLE plain AS SELECT a.id, setweight(to_tsvector('english', a.title), 'A') || to_tsvector('english', d.text) AS terms
			FROM articles a JOIN article_details d ON d.article_id = a.id`,
			`CREATE VIRTUAL TABLE plain USING fts5 (title, body, tokenize = 'porter unicode61')`),
		store.Maintain(`CREATE INDEX plain_terms ON plain USING gin (terms)`,
			`INSERT INTO plain (rowid, title, body) SELECT a.id, a.title, d.text FROM articles a JOIN article_details d ON d.article_id = a.id`),
	}
	plainFindSQL = store.Maintain(`SELECT id FROM plain WHERE terms @@ plainto_tsquery('english', $1) ORDER BY ts_rank(terms, plainto_tsquery('english', $1)) DESC LIMIT 10`,
		`SELECT rowid FROM plain WHERE plain MATCH $1 ORDER BY rank LIMIT 10`)
)

// databaseRanking is what the database offers by itself.
func databaseRanking(ctx context.Context, db *store.DB) (func(string) ([]int, error), string, error) {
	for _, statement := range plainIndexSQL {
		if _, err := db.Exec(ctx, statement); err != nil {
			return nil, "", err
		}
	}
	name := "FTS5 BM25"
	if db.Dialect == store.Postgres {
		name = "ts_rank"
	}
	return func(text string) ([]int, error) {
		return store.Collect(ctx, db, plainFindSQL, func(rows *sql.Rows) (int, error) {
			var id int
			err := rows.Scan(&id)
			return id - 1, err
		}, text)
	}, name, nil
}
