package search

import (
	"context"
	"database/sql"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"math"
	"strings"
	"time"

	"github.com/broadsheet-cms/broadsheet/internal/store"
)

// sqlite keeps the index in FTS5. Its rowids are in the order of time, so that
// the newest articles that match are the first that FTS5 comes to, however
// many there are.
type sqlite struct{ db *store.DB }

// A rowid is the day of publication, counted from long before newspapers, and
// the key of the article. That of an article that readers may not see has day 0.
const (
	articleBits = 32
	dayOffset   = 1_000_000
)

func rowDay(micros int64) int64 {
	const day = int64(24 * time.Hour / time.Microsecond)
	days := micros / day
	if micros%day < 0 {
		days--
	}
	return min(max(days+dayOffset, 1), 1<<(62-articleBits))
}

func rowOf(d *document) int64 {
	day := int64(0)
	if d.published != nil {
		day = rowDay(*d.published)
	}
	return day<<articleBits | int64(d.article)
}

var (
	// A trigger deletes what search_index holds of them.
	dropDocumentsSQL = store.MaintainBoth(`DELETE FROM search_documents WHERE article_id IN (SELECT id FROM each_id($1))`)

	putDocumentsSQLite = store.MaintainBoth(`INSERT INTO search_documents (article_id, row, published_at, title, vector)
		SELECT value ->> 'article', value ->> 'row', value ->> 'published', value ->> 'title', unhex(value ->> 'vector') FROM json_each($1)`)
	putIndexSQLite = store.MaintainBoth(`INSERT INTO search_index (rowid, title, tags, bylines, excerpt, body, facts)
		SELECT value ->> 'row', value ->> '$.fields[0]', value ->> '$.fields[1]', value ->> '$.fields[2]', value ->> '$.fields[3]',
			value ->> '$.fields[4]', value ->> 'facts' FROM json_each($1)`)

	findSQLite = store.ReadBoth(`SELECT d.article_id, d.published_at, a.language, d.title, d.vector
		FROM search_index CROSS JOIN search_documents d ON d.article_id = search_index.rowid & 4294967295
		CROSS JOIN articles a ON a.id = d.article_id
		WHERE search_index MATCH $1 AND search_index.rowid >= $2 AND search_index.rowid < $3
			AND d.published_at >= $4 AND d.published_at < $5 AND visible_article(a)
		ORDER BY search_index.rowid DESC LIMIT $6`)
)

func (s *sqlite) put(ctx context.Context, docs []*document) error {
	type row struct {
		Row       int64              `json:"row"`
		Article   int                `json:"article"`
		Published *int64             `json:"published"`
		Title     string             `json:"title"`
		Vector    string             `json:"vector"`
		Fields    [fieldCount]string `json:"fields"`
		Facts     string             `json:"facts"`
	}
	rows, ids := make([]row, len(docs)), make([]int, len(docs))
	for i, d := range docs {
		ids[i] = d.article
		rows[i] = row{Row: rowOf(d), Article: d.article, Published: d.published, Title: d.title, Vector: hex.EncodeToString(d.vector),
			Facts: strings.Join(d.facts, " ")}
		for f, stems := range d.fields {
			rows[i].Fields[f] = strings.Join(stems, " ")
		}
	}
	text, err := json.Marshal(rows)
	if err != nil {
		return fmt.Errorf("write documents: %w", err)
	}
	if _, err := s.db.Exec(ctx, dropDocumentsSQL, s.db.IDs(ids)); err != nil {
		return fmt.Errorf("drop documents: %w", err)
	}
	for _, statement := range []*store.Statement{putDocumentsSQLite, putIndexSQLite} {
		if _, err := s.db.Exec(ctx, statement, string(text)); err != nil {
			return fmt.Errorf("store documents: %w", err)
		}
	}
	return nil
}

func (s *sqlite) find(ctx context.Context, m match, limit int) ([]candidate, bool, error) {
	first, last := int64(1)<<articleBits, int64(math.MaxInt64)
	if m.since != math.MinInt64 {
		first = rowDay(m.since) << articleBits
	}
	if m.till != math.MaxInt64 {
		last = (rowDay(m.till) + 1) << articleBits
	}
	found, err := store.Collect(ctx, s.db, findSQLite, func(rows *sql.Rows) (c candidate, err error) {
		err = rows.Scan(&c.article, &c.published, &c.language, &c.title, (*[]byte)(&c.vector))
		return c, err
	}, matchFTS5(m), first, last, m.since, m.till, limit+1)
	if err != nil {
		return nil, false, err
	}
	return found, len(found) <= limit, nil
}

func (s *sqlite) findHidden(ctx context.Context, m match, statuses []string, trashed bool, limit int) ([]candidate, bool, error) {
	found, err := store.Collect(ctx, s.db, findHiddenSQLite, func(rows *sql.Rows) (c candidate, err error) {
		var created time.Time
		err = rows.Scan(&c.article, &created, &c.language, &c.title, (*[]byte)(&c.vector))
		c.published = created.UnixMicro()
		return c, err
	}, matchFTS5(m), int64(1)<<articleBits, trashed, s.db.Texts(statuses), limit+1)
	return found, len(found) <= limit, err
}

// matchFTS5 writes a match in the query language of FTS5, every stem in
// quotation marks.
func matchFTS5(m match) string {
	const text = "{title tags bylines excerpt body} : "
	one := func(g group) string {
		in := text
		switch {
		case g.title && strings.HasPrefix(g.any[0][0], stopMark):
			in = "{facts} : "
		case g.title:
			in = "{title} : "
		case g.byline:
			in = "{bylines} : "
		}
		return in + anyFTS5(g.any)
	}
	q := strings.Join(m.conditions(one, func(words []string) string { return "{facts} : " + anyFTS5(single(words)) }, " AND ", " OR "), " AND ")
	var none []string
	for _, g := range m.none {
		none = append(none, one(g))
	}
	if len(none) > 0 {
		q = "(" + q + ") NOT (" + strings.Join(none, " OR ") + ")"
	}
	return q
}

func anyFTS5(phrases [][]string) string {
	alternatives := make([]string, len(phrases))
	for i, stems := range phrases {
		alternatives[i] = `"` + strings.ReplaceAll(strings.Join(stems, " "), `"`, `""`) + `"`
	}
	return "(" + strings.Join(alternatives, " OR ") + ")"
}
