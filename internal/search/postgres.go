package search

import (
	"context"
	"database/sql"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/lib/pq"

	"github.com/broadsheet-cms/broadsheet/internal/store"
)

// postgres keeps the index in a tsvector under a GIN index.
//
// GIN gives all rows that match, in no order, and each costs a visit to the
// table. So a search for common words asks for the newest months or years only,
// as many as should hold enough of them, and for more until it has enough.
// Months and years are words of the index like others: GIN goes through the
// shortest lists and skips through the longer ones, and the table is visited
// for little more than what is wanted.
type postgres struct{ db *store.DB }

var (
	putDocumentsPostgres = store.MaintainBoth(`INSERT INTO search_documents (article_id, published_at, title, vector, terms)
		SELECT d.article_id, d.published_at, d.title, d.vector, d.terms::tsvector
			FROM unnest($1::bigint[], $2::bigint[], $3::text[], $4::bytea[], $5::text[]) AS d(article_id, published_at, title, vector, terms)
		ON CONFLICT (article_id) DO UPDATE SET published_at = excluded.published_at, title = excluded.title, vector = excluded.vector,
			terms = excluded.terms`)

	monthsSQL = store.ReadBoth(`SELECT word, seen FROM search_words WHERE word >= '_m_' AND word < '_m_a'`)

	findPostgres = store.Maintain(`
		WITH hits AS MATERIALIZED (
			SELECT article_id, published_at FROM search_documents
			WHERE terms @@ $1::tsquery AND published_at >= $2 AND published_at < $3 LIMIT $4
		), newest AS MATERIALIZED (
			SELECT article_id, published_at FROM hits ORDER BY published_at DESC, article_id DESC LIMIT $5
		)
		SELECT d.article_id, d.published_at, a.language, d.title, d.vector, (SELECT count(*) FROM hits)
		FROM newest n JOIN search_documents d ON d.article_id = n.article_id JOIN articles a ON a.id = d.article_id
		WHERE visible_article(a)`, "")
)

// maxVisits bounds the rows that one statement looks at. It is met by phrases
// of common words, and when the vocabulary knows nothing of a word.
const maxVisits = 8_000

// maxHiddenVisits is the same among what readers may not see, where no month
// narrows it.
const maxHiddenVisits = 20_000

func (p *postgres) put(ctx context.Context, docs []*document) error {
	ids := make([]int, len(docs))
	published := make([]sql.NullInt64, len(docs))
	titles, terms, vectors := make([]string, len(docs)), make([]string, len(docs)), make([][]byte, len(docs))
	for i, d := range docs {
		ids[i], titles[i], terms[i], vectors[i] = d.article, d.title, tsvector(d), d.vector
		if d.published != nil {
			published[i] = sql.NullInt64{Int64: *d.published, Valid: true}
		}
	}
	if _, err := p.db.Exec(ctx, putDocumentsPostgres, p.db.IDs(ids), pq.Array(published), pq.Array(titles), pq.ByteaArray(vectors), pq.Array(terms)); err != nil {
		return fmt.Errorf("store documents: %w", err)
	}
	return nil
}

// month is a month with the articles published in it.
type month struct{ number, articles int }

func (m month) year() int { return m.number / monthsOfYear }

// months gives the months of a match, newest first.
func (p *postgres) months(ctx context.Context, m match) ([]month, error) {
	all, err := store.Collect(ctx, p.db, monthsSQL, func(rows *sql.Rows) (one month, err error) {
		var word string
		if err := rows.Scan(&word, &one.articles); err != nil {
			return one, err
		}
		one.number, err = strconv.Atoi(strings.TrimPrefix(word, "_m_"))
		return one, err
	})
	if err != nil {
		return nil, fmt.Errorf("read the months: %w", err)
	}
	first, last := math.MinInt, math.MaxInt
	if m.since != math.MinInt64 {
		first = monthOf(m.since)
	}
	if m.till != math.MaxInt64 {
		last = monthOf(m.till - 1)
	}
	all = slices.DeleteFunc(all, func(one month) bool { return one.number < first || one.number > last })
	slices.SortFunc(all, func(a, b month) int { return b.number - a.number })
	return all, nil
}

func (p *postgres) find(ctx context.Context, m match, limit int) ([]candidate, bool, error) {
	query := tsquery(m)
	var months []month
	if m.rate > 0 {
		var err error
		if months, err = p.months(ctx, m); err != nil {
			return nil, false, err
		}
	}
	total := articlesIn(months)
	// Where places or weights must be compared, every row that has the words is
	// visited, whether it matches or not.
	most := math.Inf(1)
	if m.placed() && m.rate > 0 {
		most = maxVisits / m.rate
	}
	rate := m.rate
	var few, cut []candidate // of a window too small, and of one with more than may be looked at
	for before := 0; ; {
		// Half as much again as should hold what is wanted.
		want := math.Inf(1)
		if rate > 0 {
			want = 1.5 * float64(limit) / rate
		}
		last := want >= most && most < float64(total)
		n, covered := newest(months, min(want, most))
		if covered > total/2 && !last && cut == nil { // a list of everything spares little
			n, covered = len(months), total
		}
		if cut != nil && n >= before {
			return cut, false, nil
		}
		whole, inTime := n == len(months), query
		if n > 0 && (!whole || m.dated()) {
			inTime += " & " + anyTime(months[:n])
		}
		visits := 0
		found, err := store.Collect(ctx, p.db, findPostgres, func(rows *sql.Rows) (c candidate, err error) {
			err = rows.Scan(&c.article, &c.published, &c.language, &c.title, (*[]byte)(&c.vector), &visits)
			return c, err
		}, inTime, m.since, m.till, maxVisits, limit+1)
		if err != nil {
			return nil, false, err
		}
		// Those looked at, where there are more, need not be the newest.
		tooMany := visits == maxVisits && n > 1
		switch {
		case tooMany && few != nil:
			return joined(few, found, limit+1), false, nil
		case tooMany:
			cut, before, rate = found, n, 4*maxVisits/float64(max(covered, 1))
			continue
		case len(found) > limit, last:
			return found, false, nil
		case cut != nil:
			return joined(found, cut, limit+1), false, nil
		case whole:
			return found, visits < maxVisits, nil
		}
		// Too few: as much more as what was found suggests.
		few = found
		rate = min(rate/4, float64(max(len(found), 1))/float64(max(covered, 1)))
	}
}

// joined are the newest candidates, which are all of their time, and as many of
// the others as there is room for.
func joined(newest, others []candidate, limit int) []candidate {
	has := make(map[int]bool, len(newest))
	for _, c := range newest {
		has[c.article] = true
	}
	for _, c := range others {
		if len(newest) < limit && !has[c.article] {
			newest = append(newest, c)
		}
	}
	return newest
}

func articlesIn(months []month) (sum int) {
	for _, one := range months {
		sum += one.articles
	}
	return sum
}

func (p *postgres) findHidden(ctx context.Context, m match, statuses []string, trashed bool, limit int) ([]candidate, bool, error) {
	var words []string
	if trashed {
		words = []string{hiddenFact(trashedStatus)}
	} else {
		for _, status := range statuses {
			words = append(words, hiddenFact(status))
		}
	}
	if len(words) == 0 {
		return nil, true, nil
	}
	m.facts = append(slices.Clip(m.facts), words)
	visits := 0
	found, err := store.Collect(ctx, p.db, findHiddenPostgres, func(rows *sql.Rows) (c candidate, err error) {
		var created time.Time
		err = rows.Scan(&c.article, &created, &c.language, &c.title, (*[]byte)(&c.vector), &visits)
		c.published = created.UnixMicro()
		return c, err
	}, tsquery(m), maxHiddenVisits, trashed, p.db.Texts(statuses), limit+1)
	return found, len(found) <= limit && visits < maxHiddenVisits, err
}

// fewMonths is how many months are asked for as such. More are asked for as
// years: GIN looks every word of a query up for every row it considers.
const fewMonths = 6

// newest says how many of the months, newest first, hold so many articles, and
// how many they do hold. More than a few months end with a year.
func newest(months []month, articles float64) (n, covered int) {
	for n < len(months) && float64(covered) < articles || fewMonths < n && n < len(months) && months[n].year() == months[n-1].year() {
		covered += months[n].articles
		n++
	}
	return n, covered
}

// anyTime is the query for months, or for years of which they are the newest
// months.
func anyTime(months []month) string {
	var words []string
	for _, one := range months {
		word := yearFact(one.year())
		if len(months) <= fewMonths {
			word = monthFact(one.number)
		}
		if len(words) == 0 || words[len(words)-1] != word {
			words = append(words, word)
		}
	}
	return anyTSQuery(single(words), "")
}

// tsvector writes a document as PostgreSQL reads it. A gap moves the places on,
// so that no phrase spans it.
func tsvector(d *document) string {
	type lexeme struct {
		stem   string
		places []byte
	}
	at := make(map[string]int)
	var lexemes []lexeme
	place := 0
	for field, stems := range d.fields {
		place += 2
		for _, stem := range stems {
			place++
			if stem == gap {
				continue
			}
			i, ok := at[stem]
			if !ok {
				i = len(lexemes)
				at[stem] = i
				lexemes = append(lexemes, lexeme{stem: stem})
			}
			l := &lexemes[i]
			l.places = append(l.places, ',')
			l.places = strconv.AppendInt(l.places, int64(place), 10)
			if field == inTitle {
				l.places = append(l.places, 'A')
			}
		}
	}
	var b strings.Builder
	for _, l := range lexemes {
		b.WriteString(quoted(l.stem))
		b.WriteByte(':')
		b.Write(l.places[1:])
		b.WriteByte(' ')
	}
	for _, f := range d.facts {
		b.WriteString(quoted(f))
		b.WriteByte(' ')
	}
	return b.String()
}

// tsquery writes a match in PostgreSQL's query language, every stem in
// quotation marks.
func tsquery(m match) string {
	all := m.conditions(groupTSQuery, func(words []string) string { return anyTSQuery(single(words), "") }, " & ", " | ")
	for _, g := range m.none {
		all = append(all, "!"+groupTSQuery(g))
	}
	return strings.Join(all, " & ")
}

// groupTSQuery writes one group. A single word of a title or by-line is a word of
// the index of its own, so that no places need to be compared.
func groupTSQuery(g group) string {
	mark := ""
	switch {
	case g.title && strings.HasPrefix(g.any[0][0], stopMark):
	case g.title:
		mark = titleMark
	case g.byline:
		mark = bylineMark
	}
	if mark == "" {
		return anyTSQuery(g.any, "")
	}
	var alternatives []string
	for _, stems := range g.any {
		marked := make([]string, len(stems))
		for i, stem := range stems {
			marked[i] = quoted(mark + stem)
		}
		text := "(" + strings.Join(marked, " & ") + ")"
		if g.title && len(stems) > 1 {
			text = anyTSQuery([][]string{stems}, ":A")
		}
		alternatives = append(alternatives, text)
	}
	return "(" + strings.Join(alternatives, " | ") + ")"
}

func anyTSQuery(phrases [][]string, weight string) string {
	alternatives := make([]string, len(phrases))
	for i, stems := range phrases {
		words := make([]string, len(stems))
		for j, stem := range stems {
			words[j] = quoted(stem) + weight
		}
		alternatives[i] = strings.Join(words, " <-> ")
		if len(words) > 1 {
			alternatives[i] = "(" + alternatives[i] + ")"
		}
	}
	return "(" + strings.Join(alternatives, " | ") + ")"
}

var quoteLexeme = strings.NewReplacer(`'`, `''`, `\`, `\\`)

func quoted(stem string) string { return "'" + quoteLexeme.Replace(stem) + "'" }
