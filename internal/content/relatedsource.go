package content

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/broadsheet-cms/broadsheet/internal/related"
	"github.com/broadsheet-cms/broadsheet/internal/store"
)

// postingsArms is for how many terms SQLite is asked at once: as many as an
// article has.
const postingsArms = 24

// The newest articles of each term are one range of an index for each. SQLite
// has no LATERAL; there each term is an arm of a union.
const (
	postingsPostgres = `
		SELECT t.nth - 1, p.article_id, p.weight
		FROM unnest($1::bigint[], $2::bigint[]) WITH ORDINALITY AS t (id, most, nth) CROSS JOIN LATERAL (
			SELECT x.article_id, x.weight FROM article_terms x WHERE x.term_id = t.id
			ORDER BY x.published DESC, x.article_id DESC LIMIT t.most) p`
)

// byKeyPostgres and byKeySQLite find the rows of a table by keys. OFFSET 0 keeps
// PostgreSQL from reading a whole table that it thinks small.
func byKeyPostgres(columns, table, key string) string {
	return `SELECT ` + columns + ` FROM each_id($1) CROSS JOIN LATERAL (SELECT * FROM ` + table + ` r WHERE r.` + key + ` = each_id.id OFFSET 0) r`
}

func byKeySQLite(columns, table, key string) string {
	return `SELECT ` + columns + ` FROM each_id($1) CROSS JOIN ` + table + ` r ON r.` + key + ` = each_id.id`
}

// Profiles by key, with what stands in the rows of the articles themselves.
const (
	profileColumns   = `f.article_id, f.published, f.section_id, a.body_hash, a.subject_revision, f.terms`
	profilesPostgres = `SELECT ` + profileColumns + ` FROM each_id($1)
		CROSS JOIN LATERAL (SELECT * FROM article_profiles f WHERE f.article_id = each_id.id OFFSET 0) f
		CROSS JOIN LATERAL (SELECT * FROM articles a WHERE a.id = f.article_id OFFSET 0) a`
	profilesSQLite = `SELECT ` + profileColumns + ` FROM each_id($1)
		CROSS JOIN article_profiles f ON f.article_id = each_id.id CROSS JOIN articles a ON a.id = f.article_id`
)

func byKey(columns, table, key string) *store.Statement {
	return store.Maintain(byKeyPostgres(columns, table, key), byKeySQLite(columns, table, key))
}

var (
	postingsSQL   = store.Maintain(postingsPostgres, postingsSQLite())
	profilesSQL   = store.Maintain(profilesPostgres, profilesSQLite)
	termsSQL      = byKey("r.id, r.key, r.count, r.name", "terms", "id")
	candidatesSQL = byKey("r.article_id, r.candidates", "article_candidates", "article_id")
	// Rows are [article, candidates].
	saveCandidatesSQL = store.Maintain(
		`INSERT INTO article_candidates (article_id, candidates) SELECT (e ->> 0)::bigint, e -> 1 FROM jsonb_array_elements($1::jsonb) AS e
			ON CONFLICT (article_id) DO UPDATE SET candidates = excluded.candidates`,
		`INSERT INTO article_candidates (article_id, candidates) SELECT value ->> 0, value -> 1 FROM json_each($1) WHERE true
			ON CONFLICT (article_id) DO UPDATE SET candidates = excluded.candidates`)
)

func postingsSQLite() string {
	arms := make([]string, postingsArms)
	for i := range arms {
		at := strconv.Itoa(i)
		arms[i] = `SELECT ` + at + `, article_id, weight FROM (SELECT article_id, weight FROM article_terms WHERE term_id = json_extract($1, '$[` + at + `]')
			ORDER BY published DESC, article_id DESC LIMIT coalesce(json_extract($2, '$[` + at + `]'), 0))`
	}
	return strings.Join(arms, " UNION ALL ")
}

// relatedSource is the stored archive for the ranker, for as long as one
// transaction. It holds what it has read, and the changed lists until flush.
type relatedSource struct {
	db       *store.DB
	language string // of the article being ranked
	articles map[string]int
	terms    map[int64]relatedTerm
	read     map[int64]readArticle
	lists    map[int64][]candidate
	changed  map[int64]bool
}

type readArticle struct {
	related.Article
	revision int
}

var _ related.Source = (*relatedSource)(nil)

func newRelatedSource(db *store.DB) *relatedSource {
	return &relatedSource{db: db, articles: map[string]int{}, terms: map[int64]relatedTerm{}, read: map[int64]readArticle{},
		lists: map[int64][]candidate{}, changed: map[int64]bool{}}
}

// Articles implements related.Source.
func (s *relatedSource) Articles(context.Context) (int, error) { return s.articles[s.language], nil }

// Postings implements related.Source.
func (s *relatedSource) Postings(ctx context.Context, terms []int64, limits []int, yield func(int, related.Posting)) error {
	for first := 0; first < len(terms); first += postingsArms {
		end := min(first+postingsArms, len(terms))
		_, err := store.Collect(ctx, s.db, postingsSQL, func(rows *sql.Rows) (struct{}, error) {
			var i int
			var p related.Posting
			err := rows.Scan(&i, &p.Article, &p.Weight)
			if err == nil {
				yield(first+i, p)
			}
			return struct{}{}, err
		}, s.db.IDs(narrow(terms[first:end])), s.db.IDs(limits[first:end]))
		if err != nil {
			return fmt.Errorf("read postings: %w", err)
		}
	}
	return nil
}

func narrow(ids []int64) []int {
	out := make([]int, len(ids))
	for i, id := range ids {
		out[i] = int(id)
	}
	return out
}

// Read implements related.Source.
func (s *relatedSource) Read(ctx context.Context, ids []int64) ([]related.Article, error) {
	var unknown []int
	wanted := map[int64]bool{}
	articles, err := store.Collect(ctx, s.db, profilesSQL, func(rows *sql.Rows) (related.Article, error) {
		var p storedProfile
		a, err := scanProfile(rows, &p)
		if err != nil {
			return a, err
		}
		for _, t := range p.terms {
			if _, ok := s.terms[t[0]]; !ok && !wanted[t[0]] {
				wanted[t[0]] = true
				unknown = append(unknown, int(t[0]))
			}
			a.Terms = append(a.Terms, related.Term{ID: t[0], Weight: uint8(t[1])})
		}
		s.read[a.ID] = readArticle{a, p.revision}
		return a, nil
	}, s.db.IDs(narrow(ids)))
	if err != nil {
		return nil, fmt.Errorf("read profiles: %w", err)
	}
	if err := s.readTerms(ctx, unknown); err != nil {
		return nil, err
	}
	for _, a := range articles {
		for i := range a.Terms {
			known := s.terms[a.Terms[i].ID]
			a.Terms[i].Kind, a.Terms[i].Count = known.kind, known.count
		}
	}
	return articles, nil
}

// scanProfile reads a row of profilesSQL, and what follows in it into more; the
// terms go into p only.
func scanProfile(rows *sql.Rows, p *storedProfile, more ...any) (a related.Article, err error) {
	var terms []byte
	var body int64
	if err := rows.Scan(append([]any{&a.ID, &p.published, &a.Section, &body, &p.revision, &terms}, more...)...); err != nil {
		return a, err
	}
	a.Published, a.BodyHash = int64(p.published)*60, uint64(body)
	if err := json.Unmarshal(terms, &p.terms); err != nil {
		return a, fmt.Errorf("profile of article %d: %w", a.ID, err)
	}
	return a, nil
}

// readTerms reads what is known of terms.
func (s *relatedSource) readTerms(ctx context.Context, ids []int) error {
	for chunk := range slices.Chunk(ids, rowsPerStatement) {
		_, err := store.Collect(ctx, s.db, termsSQL, func(rows *sql.Rows) (struct{}, error) {
			var id int64
			var key string
			var t relatedTerm
			err := rows.Scan(&id, &key, &t.count, &t.name)
			t.kind = related.KeyKind(key)
			s.terms[id] = t
			return struct{}{}, err
		}, s.db.IDs(chunk))
		if err != nil {
			return fmt.Errorf("read terms: %w", err)
		}
	}
	return nil
}

// Neighbours implements related.Source. It reads whole lists, which offers may
// change later.
func (s *relatedSource) Neighbours(ctx context.Context, ids []int64, limit int, yield func(int64, related.Neighbour)) error {
	if err := s.readLists(ctx, ids); err != nil {
		return err
	}
	for _, id := range ids {
		list := s.lists[id]
		for _, c := range list[:min(len(list), limit)] {
			yield(id, related.Neighbour{ID: c.Article, Score: c.Score})
		}
	}
	return nil
}

// readLists reads the lists of articles that were not read before.
func (s *relatedSource) readLists(ctx context.Context, ids []int64) error {
	var unread []int
	for _, id := range ids {
		if _, ok := s.lists[id]; !ok {
			unread = append(unread, int(id))
			s.lists[id] = nil
		}
	}
	if len(unread) == 0 {
		return nil
	}
	_, err := store.Collect(ctx, s.db, candidatesSQL, func(rows *sql.Rows) (struct{}, error) {
		var id int64
		var data []byte
		if err := rows.Scan(&id, &data); err != nil {
			return struct{}{}, err
		}
		var list []candidate
		if err := json.Unmarshal(data, &list); err != nil {
			return struct{}{}, fmt.Errorf("candidates of article %d: %w", id, err)
		}
		s.lists[id] = list
		return struct{}{}, nil
	}, s.db.IDs(unread))
	if err != nil {
		return fmt.Errorf("read candidates: %w", err)
	}
	return nil
}

// set replaces the list of an article.
func (s *relatedSource) set(article int64, list []candidate) {
	s.lists[article], s.changed[article] = list, true
}

// offer puts a candidate into a list that was read before.
func (s *relatedSource) offer(to int64, c candidate) {
	if list, changed := put(s.lists[to], c); changed {
		s.set(to, list)
	}
}

// flush stores the lists that changed.
func (s *relatedSource) flush(ctx context.Context) error {
	ids := make([]int64, 0, len(s.changed))
	for id := range s.changed {
		ids = append(ids, id)
	}
	slices.Sort(ids)
	for chunk := range slices.Chunk(ids, 500) {
		rows := make([]any, len(chunk))
		for i, id := range chunk {
			list := s.lists[id]
			if list == nil {
				list = []candidate{}
			}
			rows[i] = []any{id, list}
		}
		data, err := json.Marshal(rows)
		if err != nil {
			return err
		}
		if _, err := s.db.Exec(ctx, saveCandidatesSQL, string(data)); err != nil {
			return fmt.Errorf("store candidates: %w", err)
		}
	}
	clear(s.changed)
	return nil
}
