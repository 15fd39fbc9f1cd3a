package content

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/broadsheet-cms/broadsheet/ent"
	"github.com/broadsheet-cms/broadsheet/internal/related"
	"github.com/broadsheet-cms/broadsheet/internal/store"
)

// What articles are about is stored twice: article_profiles holds the salient
// terms of each article, article_terms the articles of each term. When an
// article is published its profile is made, its candidates are ranked and
// stored, and it is offered to the articles it was compared with. All of it is
// bounded, whatever the size of the archive; see package related.
var (
	countArticlesSQL = store.Maintain(
		`INSERT INTO related_corpora (language, articles) SELECT e ->> 0, (e ->> 1)::bigint FROM jsonb_array_elements($1::jsonb) AS e
			ON CONFLICT (language) DO UPDATE SET articles = related_corpora.articles + excluded.articles RETURNING language, articles`,
		`INSERT INTO related_corpora (language, articles) SELECT value ->> 0, value ->> 1 FROM json_each($1) WHERE true
			ON CONFLICT (language) DO UPDATE SET articles = related_corpora.articles + excluded.articles RETURNING language, articles`)
	// Rows are [key, name, how many articles more]. PostgreSQL's ON CONFLICT
	// would use up an id for every word of every article.
	countTermsSQL = store.Maintain(`
		WITH input AS MATERIALIZED (SELECT e ->> 0 AS key, e ->> 1 AS name, (e ->> 2)::integer AS more FROM jsonb_array_elements($1::jsonb) AS e),
		raised AS (UPDATE terms t SET count = t.count + input.more FROM input WHERE t.key = input.key AND input.more > 0 RETURNING t.id, t.key, t.count, t.name),
		added AS (INSERT INTO terms (key, name, count) SELECT key, name, more FROM input
			WHERE NOT EXISTS (SELECT 1 FROM terms t WHERE t.key = input.key) RETURNING id, key, count, name)
		SELECT id, key, count, name FROM raised UNION ALL SELECT id, key, count, name FROM added
		UNION ALL SELECT t.id, t.key, t.count, t.name FROM input JOIN terms t ON t.key = input.key WHERE input.more = 0`,
		`INSERT INTO terms (key, name, count) SELECT value ->> 0, value ->> 1, value ->> 2 FROM json_each($1) WHERE true
		ON CONFLICT (key) DO UPDATE SET count = terms.count + excluded.count RETURNING id, key, count, name`)

	unlistTermsSQL    = store.Maintain(unlistTermsPostgres, unlistTermsSQLite)
	unlistProfilesSQL = store.Maintain(
		`UPDATE article_profiles SET listed = false WHERE article_id IN (SELECT id FROM each_id($1))`,
		`UPDATE article_profiles SET listed = 0 WHERE article_id IN (SELECT id FROM each_id($1))`)
	// Rows are [article, language, published, section, body, terms, words].
	saveProfilesSQL = store.Maintain(`
		INSERT INTO article_profiles (article_id, language, listed, published, section_id, body_hash, terms, words)
		SELECT (e ->> 0)::bigint, e ->> 1, true, (e ->> 2)::integer, (e ->> 3)::bigint, (e ->> 4)::bigint, e -> 5, e ->> 6
		FROM jsonb_array_elements($1::jsonb) AS e
		ON CONFLICT (article_id) DO UPDATE SET language = excluded.language, listed = true, published = excluded.published,
			section_id = excluded.section_id, body_hash = excluded.body_hash, terms = excluded.terms, words = excluded.words`, `
		INSERT INTO article_profiles (article_id, language, listed, published, section_id, body_hash, terms, words)
		SELECT value ->> 0, value ->> 1, 1, value ->> 2, value ->> 3, value ->> 4, value -> 5, value ->> 6 FROM json_each($1) WHERE true
		ON CONFLICT (article_id) DO UPDATE SET language = excluded.language, listed = 1, published = excluded.published,
			section_id = excluded.section_id, body_hash = excluded.body_hash, terms = excluded.terms, words = excluded.words`)
	// Rows are [article, body, revision].
	saveSubjectsSQL = store.Maintain(
		`UPDATE articles a SET body_hash = (e ->> 1)::bigint, subject_revision = (e ->> 2)::bigint
			FROM jsonb_array_elements($1::jsonb) AS e WHERE a.id = (e ->> 0)::bigint`,
		`UPDATE articles SET body_hash = e.value ->> 1, subject_revision = e.value ->> 2 FROM json_each($1) AS e WHERE articles.id = e.value ->> 0`)
	listTermsSQL = store.Maintain(
		`INSERT INTO article_terms (term_id, published, article_id, weight)
			SELECT (e ->> 0)::integer, f.published, f.article_id, (e ->> 1)::smallint
			FROM each_id($1) JOIN article_profiles f ON f.article_id = each_id.id CROSS JOIN LATERAL jsonb_array_elements(f.terms) AS e
			ORDER BY 1, 2, 3`,
		`INSERT INTO article_terms (term_id, published, article_id, weight)
			SELECT e.value ->> 0, f.published, f.article_id, e.value ->> 1
			FROM each_id($1) CROSS JOIN article_profiles f ON f.article_id = each_id.id CROSS JOIN json_each(f.terms) AS e
			ORDER BY 1, 2, 3`)
)

// No more than the keys of the postings themselves is looked up.
const (
	unlistTermsPostgres = `DELETE FROM article_terms t USING article_profiles f, jsonb_array_elements(f.terms) AS e
		WHERE f.article_id IN (SELECT id FROM each_id($1)) AND f.listed
		AND t.term_id = (e ->> 0)::integer AND t.published = f.published AND t.article_id = f.article_id`
	unlistTermsSQLite = `DELETE FROM article_terms WHERE (term_id, published, article_id) IN (
		SELECT e.value ->> 0, f.published, f.article_id FROM each_id($1) CROSS JOIN article_profiles f ON f.article_id = each_id.id
		CROSS JOIN json_each(f.terms) AS e WHERE f.listed)`
)

// relatedTerm is what is known of a stored term.
type relatedTerm struct {
	kind  related.Kind
	count int
	name  string // none of a word
}

// relate keeps what articles are related to right after a save.
func (s *Service) relate(ctx context.Context, saved []*ent.Article) error {
	ids := make([]int, len(saved))
	for i, a := range saved {
		ids[i] = a.ID
	}
	if to := deferralOf(ctx); to != notDeferred {
		return s.postpone(ctx, ids, to, time.Now().Add(relateAfterImport))
	}
	return s.relateNow(ctx, ids)
}

// relateNow indexes articles and ranks those that changed, one by one.
func (s *Service) relateNow(ctx context.Context, ids []int) error {
	docs, src, err := s.index(ctx, ids, false)
	if err != nil {
		return err
	}
	for _, d := range docs {
		if err := s.rank(ctx, src, d); err != nil {
			return fmt.Errorf("rank what is related to article %d: %w", d.id, err)
		}
	}
	return src.flush(ctx)
}

// rank stores the candidates of an article and offers it to its neighbours.
func (s *Service) rank(ctx context.Context, src *relatedSource, d *relatedDoc) error {
	src.language = d.language
	ranking, err := s.Ranker.Rank(ctx, src, d.article)
	if err != nil {
		return err
	}
	list := make([]candidate, 0, len(ranking.Candidates))
	for _, c := range ranking.Candidates {
		m := src.read[c.ID]
		stored, err := newCandidate(c, m.BodyHash, m.revision, src.terms, d.article.Terms, d.words)
		if err != nil {
			return err
		}
		list = append(list, stored)
	}
	src.set(d.article.ID, list)
	offers := ranking.Offers()
	to := make([]int64, len(offers))
	for i, o := range offers {
		to[i] = o.To
	}
	if err := src.readLists(ctx, to); err != nil { // most of them are known from ranking
		return err
	}
	for _, o := range offers {
		stored, err := newCandidate(o.Candidate, d.article.BodyHash, d.revision, src.terms, d.article.Terms, d.words)
		if err != nil {
			return err
		}
		src.offer(o.To, stored)
	}
	return nil
}

// index stores what articles are about. It gives those that may have other
// candidates now, with a source that knows them. With anew all of them count
// for the corpus, as if never seen before.
func (s *Service) index(ctx context.Context, ids []int, anew bool) ([]*relatedDoc, *relatedSource, error) {
	docs, names, err := s.relatedDocs(ctx, ids)
	if err != nil {
		return nil, nil, fmt.Errorf("read what articles are about: %w", err)
	}
	src := newRelatedSource(s.db)
	var gone, unlist []int
	var live []*relatedDoc
	for _, d := range docs {
		switch {
		case d.live:
			live = append(live, d)
		case d.old != nil && d.old.listed:
			gone = append(gone, d.id)
		}
	}
	if len(live) > 0 {
		terms, err := s.count(ctx, src, live, names, anew)
		if err != nil {
			return nil, nil, err
		}
		for _, d := range live {
			d.pick(src, terms)
		}
		live = slices.DeleteFunc(live, func(d *relatedDoc) bool { return !anew && d.unchanged() })
	}
	for _, d := range live {
		if d.old != nil && d.old.listed {
			unlist = append(unlist, d.id)
		}
	}
	for _, step := range []struct {
		statement *store.Statement
		ids       []int
	}{{unlistTermsSQL, append(unlist, gone...)}, {unlistProfilesSQL, gone}} {
		if len(step.ids) > 0 {
			if _, err := s.db.Exec(ctx, step.statement, s.db.IDs(step.ids)); err != nil {
				return nil, nil, fmt.Errorf("forget what articles are about: %w", err)
			}
		}
	}
	if err := s.saveProfiles(ctx, live); err != nil {
		return nil, nil, fmt.Errorf("store what articles are about: %w", err)
	}
	return live, src, nil
}

// count adds articles to the corpus and gives the ids of their terms by key.
// From here to the end of the transaction nobody else publishes in their
// languages.
func (s *Service) count(ctx context.Context, src *relatedSource, docs []*relatedDoc, names map[string]string, anew bool) (map[string]int64, error) {
	type newTerm struct {
		name string
		more int
	}
	articles := map[string]int{}
	input := map[string]*newTerm{}
	for _, d := range docs {
		more := 0
		if d.old == nil || anew {
			more = 1
		}
		articles[d.language] += more
		for _, t := range d.profile.Terms {
			n := input[t.Key]
			if n == nil {
				_, facet, _ := strings.Cut(t.Key, ":")
				n = &newTerm{name: names[facet]}
				input[t.Key] = n
			}
			n.more += more
		}
	}
	rows := make([][]any, 0, max(len(articles), len(input)))
	for _, lang := range sortedKeys(articles) {
		rows = append(rows, []any{lang, articles[lang]})
	}
	err := s.each(ctx, countArticlesSQL, rows, func(rows *sql.Rows) error {
		var lang string
		var n int
		err := rows.Scan(&lang, &n)
		src.articles[lang] = n
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("count articles: %w", err)
	}
	rows = rows[:0]
	for _, key := range sortedKeys(input) {
		rows = append(rows, []any{key, input[key].name, input[key].more})
	}
	ids := make(map[string]int64, len(rows))
	err = s.each(ctx, countTermsSQL, rows, func(rows *sql.Rows) error {
		var id int64
		var key string
		var t relatedTerm
		if err := rows.Scan(&id, &key, &t.count, &t.name); err != nil {
			return err
		}
		t.kind = related.KeyKind(key)
		ids[key], src.terms[id] = id, t
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("count terms: %w", err)
	}
	return ids, nil
}

func sortedKeys[V any](m map[string]V) []string {
	keys := make([]string, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	return keys
}

// rowsPerStatement bounds the rows that are given to one statement as JSON.
const rowsPerStatement = 5000

// each runs a statement on rows given as JSON and calls scan with each row of
// the answer.
func (s *Service) each(ctx context.Context, statement *store.Statement, rows [][]any, scan func(*sql.Rows) error) error {
	for chunk := range slices.Chunk(rows, rowsPerStatement) {
		data, err := json.Marshal(chunk)
		if err != nil {
			return err
		}
		if _, err := store.Collect(ctx, s.db, statement, func(r *sql.Rows) (struct{}, error) { return struct{}{}, scan(r) }, string(data)); err != nil {
			return err
		}
	}
	return nil
}

func (s *Service) saveProfiles(ctx context.Context, docs []*relatedDoc) error {
	for chunk := range slices.Chunk(docs, 500) {
		rows := make([][]any, len(chunk))
		ids := make([]int, len(chunk))
		var altered [][]any
		for i, d := range chunk {
			terms := make([][2]int64, len(d.article.Terms))
			for j, t := range d.article.Terms {
				terms[j] = [2]int64{t.ID, int64(t.Weight)}
			}
			rows[i] = []any{d.id, d.language, d.published, d.section, d.body, terms, strings.Join(d.words, " ")}
			ids[i] = d.id
			if d.altered {
				altered = append(altered, []any{d.id, d.body, d.revision})
			}
		}
		data, err := json.Marshal(rows)
		if err != nil {
			return err
		}
		if _, err := s.db.Exec(ctx, saveProfilesSQL, string(data)); err != nil {
			return err
		}
		if _, err := s.db.Exec(ctx, listTermsSQL, s.db.IDs(ids)); err != nil {
			return err
		}
		if len(altered) == 0 {
			continue
		}
		if data, err = json.Marshal(altered); err != nil {
			return err
		}
		if _, err := s.db.Exec(ctx, saveSubjectsSQL, string(data)); err != nil {
			return err
		}
	}
	return nil
}
