package content

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"

	"github.com/broadsheet-cms/broadsheet/ent"
	"github.com/broadsheet-cms/broadsheet/internal/related"
)

// ReasonKind says why an article is related to another.
type ReasonKind string

// The kinds of reasons.
const (
	Pinned      ReasonKind = "PINNED"       // an editor chose it
	SharedWords ReasonKind = "SHARED_WORDS" // both are about these words
	SharedTags  ReasonKind = "SHARED_TAGS"
	SameSeries  ReasonKind = "SAME_SERIES"
	SamePlace   ReasonKind = "SAME_PLACE"
	SamePeople  ReasonKind = "SAME_PEOPLE"
	SameSection ReasonKind = "SAME_SECTION"
)

// Reason is one reason with the words to show for it.
type Reason struct {
	Kind  ReasonKind
	Words []string
}

// Related is an article related to another.
type Related struct {
	Article *ent.Article
	// Score is comparable only among the related articles of one article. It is 0
	// for news of the same section that fills the list.
	Score float64

	pinned, section bool
	shared          []byte // JSON of a sharing, read only when somebody asks why
}

// Reasons say why the article is here, the strongest first.
func (r Related) Reasons() ([]Reason, error) {
	var all []Reason
	if r.pinned {
		all = append(all, Reason{Kind: Pinned})
	}
	if r.section {
		all = append(all, Reason{Kind: SameSection})
	}
	if len(r.shared) > 0 {
		var shared sharing
		if err := json.Unmarshal(r.shared, &shared); err != nil {
			return nil, fmt.Errorf("read the reasons of a related article: %w", err)
		}
		all = append(all, shared.reasons()...)
	}
	return all, nil
}

// MaxRelated is how many related articles an article has at most.
const MaxRelated = related.MaxCandidates

// Where a row of a list comes from; in this order they are shown.
const (
	fromPin = iota
	fromCandidate
	fromSection
)

// The related articles of an article are its pins, then its candidates (see
// relatedindex.go), then, only if that does not fill the list, the newest of its
// section. A candidate counts as long as the article is still about what it was
// about when it became one (its revision). No two have the same body, but for
// pins: a list of candidates holds each body once, so that $2 of them are enough
// where nothing is pinned.
//
// On PostgreSQL a look-up behind OFFSET 0 stays a look-up by key whatever the
// planner knows, and keeps the order of what it is joined to, so that LIMIT ends
// the reading of candidates. On SQLite json_each makes a table of the newest of
// the section, which FROM could not ask for by the article at hand.
const (
	relatedPostgres = `
	SELECT parent.id, chosen.* FROM each_id($1)
	CROSS JOIN LATERAL (SELECT * FROM articles p WHERE p.id = each_id.id AND visible_article(p) OFFSET 0) parent
	CROSS JOIN LATERAL (
		WITH candidate AS MATERIALIZED (
			SELECT 1 AS source, c.rank, (c.item ->> 's')::float8 AS score, {shared} AS shared, a.body_hash AS body, {article}
			FROM article_candidates l
			CROSS JOIN LATERAL (SELECT item, rank FROM jsonb_array_elements(l.candidates) WITH ORDINALITY AS e (item, rank) ORDER BY rank) c
			CROSS JOIN LATERAL (SELECT * FROM articles a WHERE a.id = (c.item ->> 'a')::bigint OFFSET 0) a
			WHERE l.article_id = parent.id AND a.subject_revision = (c.item ->> 'r')::bigint AND visible_article(a)
				AND (parent.translation_group IS NULL OR a.translation_group IS DISTINCT FROM parent.translation_group)
				AND (parent.body_hash = 0 OR a.body_hash <> parent.body_hash)
			LIMIT $2 + (SELECT count(*) FROM related_pins x WHERE x.article_id = parent.id))
		(SELECT 0 AS source, x.position AS rank, 1::float8 AS score, NULL::jsonb AS shared, a.body_hash AS body, {article}
			FROM related_pins x CROSS JOIN LATERAL (SELECT * FROM articles a WHERE a.id = x.related_id OFFSET 0) a
			WHERE x.article_id = parent.id AND visible_article(a) ORDER BY x.position LIMIT $2)
		UNION ALL
		SELECT * FROM candidate
		UNION ALL
		(SELECT 2, 0, 0::float8, NULL, a.body_hash, {article}
			FROM listings l CROSS JOIN LATERAL (SELECT * FROM articles a WHERE a.id = l.article_id OFFSET 0) a
			WHERE (SELECT count(DISTINCT nullif(body, 0)) + count(*) FILTER (WHERE body = 0) FROM candidate) < $2
				AND l.kind = 1 AND l.owner_id = parent.primary_category_id AND l.language = parent.language AND l.article_id <> parent.id
				AND (parent.translation_group IS NULL OR a.translation_group IS DISTINCT FROM parent.translation_group)
				AND (parent.body_hash = 0 OR a.body_hash <> parent.body_hash)
				AND l.article_id NOT IN (SELECT id FROM candidate) AND visible_article(a)
			ORDER BY l.published_at DESC, l.article_id DESC LIMIT $2 + 2)
	) chosen`
	relatedSQLite = `
	WITH parent AS MATERIALIZED (
		SELECT p.id AS id, p.language AS language, p.primary_category_id AS section_id, p.translation_group AS translation_group, p.body_hash AS body_hash,
			(SELECT count(*) FROM related_pins x WHERE x.article_id = p.id) AS pins
		FROM each_id($1) CROSS JOIN articles p ON p.id = each_id.id AND visible_article(p)),
	candidate AS MATERIALIZED (
		SELECT parent.id AS parent_id, c.key AS rank, c.value ->> 's' AS score, {shared} AS shared, b.id AS article_id, b.body_hash AS body_hash,
			row_number() OVER (PARTITION BY parent.id ORDER BY c.key) <= $2 + parent.pins AS shown
		FROM parent CROSS JOIN article_candidates l ON l.article_id = parent.id
		CROSS JOIN json_each(l.candidates) AS c
		CROSS JOIN articles b ON b.id = c.value ->> 'a' AND b.subject_revision = c.value ->> 'r' AND visible_article(b)
		WHERE (parent.translation_group IS NULL OR b.translation_group IS DISTINCT FROM parent.translation_group)
			AND (parent.body_hash = 0 OR b.body_hash <> parent.body_hash)),
	chosen AS MATERIALIZED (
		SELECT parent.id AS parent_id, 0 AS source, x.position AS rank, 1.0 AS score, NULL AS shared, x.related_id AS article_id
		FROM parent CROSS JOIN related_pins x ON x.article_id = parent.id
		UNION ALL
		SELECT parent_id, 1, rank, score, shared, article_id FROM candidate WHERE shown
		UNION ALL
		SELECT parent.id, 2, 0, 0.0, NULL, newest.value FROM parent CROSS JOIN json_each(CASE
			WHEN (SELECT count(DISTINCT nullif(c.body_hash, 0)) + count(*) FILTER (WHERE c.body_hash = 0)
				FROM candidate c WHERE c.parent_id = parent.id AND c.shown) < $2
			THEN (SELECT json_group_array(filler.article_id) FROM (SELECT l.article_id FROM listings l CROSS JOIN articles s ON s.id = l.article_id
				WHERE l.kind = 1 AND l.owner_id = parent.section_id AND l.language = parent.language AND l.article_id <> parent.id
					AND (parent.translation_group IS NULL OR s.translation_group IS DISTINCT FROM parent.translation_group)
					AND (parent.body_hash = 0 OR s.body_hash <> parent.body_hash)
					AND l.article_id NOT IN (SELECT c.article_id FROM candidate c WHERE c.parent_id = parent.id AND c.shown)
					AND visible_article(s)
				ORDER BY l.published_at DESC, l.article_id DESC LIMIT $2 + 2) filler)
			END) AS newest)
	SELECT chosen.parent_id, chosen.source, chosen.rank, chosen.score, chosen.shared, a.body_hash, {article}
	FROM chosen CROSS JOIN articles a ON a.id = chosen.article_id AND visible_article(a)`
)

var relatedSQL = readArticles(relatedPostgres, relatedSQLite)

// relatedRow is a row of relatedSQL.
type relatedRow struct {
	source, rank int
	score        float64
	shared       []byte // what a candidate has in common, as JSON
	body         int64  // hash of its body, 0: no words
	article      *ent.Article
}

// Related gives up to n related articles of each article, at most MaxRelated,
// best first, in one statement for all of them. Fewer are the beginning of
// more, so that a list is paged by asking for more and leaving out what was
// shown; see RelatedAfter.
func (s *Service) Related(ctx context.Context, articles []int, n int) (map[int][]Related, error) {
	n = min(max(n, 0), MaxRelated)
	rows := make(map[int][]relatedRow, len(articles))
	_, err := collectArticles(ctx, s.db, relatedSQL, func(article func(...any) (*ent.Article, error)) (struct{}, error) {
		var parent int
		var row relatedRow
		var err error
		row.article, err = article(&parent, &row.source, &row.rank, &row.score, &row.shared, &row.body)
		rows[parent] = append(rows[parent], row)
		return struct{}{}, err
	}, s.db.IDs(articles), n)
	if err != nil {
		return nil, fmt.Errorf("find related articles: %w", err)
	}
	found := make(map[int][]Related, len(rows))
	for parent, of := range rows {
		found[parent] = chooseRelated(of, parent, n)
	}
	return found, nil
}

// RelatedAfter gives up to n related articles of one article that follow
// another in its list, none when that one is no longer there.
func (s *Service) RelatedAfter(ctx context.Context, article, after, n int) ([]Related, error) {
	found, err := s.Related(ctx, []int{article}, MaxRelated)
	if err != nil {
		return nil, err
	}
	all := found[article]
	at := slices.IndexFunc(all, func(r Related) bool { return r.Article.ID == after })
	if at < 0 {
		return nil, nil
	}
	rest := all[at+1:]
	return rest[:min(len(rest), max(n, 0))], nil
}

// chooseRelated makes the list of an article from its rows.
func chooseRelated(rows []relatedRow, parent, n int) []Related {
	slices.SortFunc(rows, func(a, b relatedRow) int {
		switch {
		case a.source != b.source:
			return a.source - b.source
		case a.rank != b.rank:
			return a.rank - b.rank
		default:
			return newestFirst(a.article, b.article)
		}
	})
	list := make([]Related, 0, min(n, len(rows)))
	at := make(map[int]int, n)
	bodies := make(map[int64]bool, n)
	for _, row := range rows {
		if i, ok := at[row.article.ID]; ok { // pinned, and related anyway
			list[i].shared = row.shared
			continue
		}
		// An editor may pin what nobody else would repeat.
		repeated := row.source != fromPin && row.body != 0 && bodies[row.body]
		if repeated || len(list) == n || row.article.ID == parent {
			continue
		}
		bodies[row.body] = true
		at[row.article.ID] = len(list)
		list = append(list, Related{Article: row.article, Score: min(row.score, 1), pinned: row.source == fromPin,
			section: row.source == fromSection, shared: row.shared})
	}
	return list
}
