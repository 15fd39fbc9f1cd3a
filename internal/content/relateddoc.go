package content

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"math"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/broadsheet-cms/broadsheet/internal/language"
	"github.com/broadsheet-cms/broadsheet/internal/related"
	"github.com/broadsheet-cms/broadsheet/internal/store"
)

// What is read of articles to know what they are about.
var (
	relatedDocsSQL = store.MaintainBoth(`
		SELECT a.id, a.language, a.title, a.subtitle, a.excerpt, a.primary_category_id, a.series_id, a.published_at,
			CASE WHEN public_article(a) THEN 1 ELSE 0 END, coalesce(d.text, ''),
			a.body_hash, a.subject_revision, f.listed, f.published, f.section_id, f.body_hash, f.terms
		FROM each_id($1) JOIN articles a ON a.id = each_id.id
		LEFT JOIN article_details d ON d.article_id = a.id LEFT JOIN article_profiles f ON f.article_id = a.id`)
	relatedFacetsSQL = store.MaintainBoth(`
		SELECT x.article_id, 1, t.id, t.name FROM each_id($1) JOIN article_tags x ON x.article_id = each_id.id JOIN tags t ON t.id = x.tag_id
		UNION ALL SELECT a.id, 2, s.id, s.name FROM each_id($1) JOIN articles a ON a.id = each_id.id JOIN series s ON s.id = a.series_id
		UNION ALL SELECT x.article_id, 3, p.id, p.name FROM each_id($1) JOIN article_places x ON x.article_id = each_id.id JOIN places p ON p.id = x.place_id
		UNION ALL SELECT x.article_id, 4, u.id, u.name FROM each_id($1) JOIN bylines x ON x.article_id = each_id.id JOIN authors u ON u.id = x.author_id
		ORDER BY 1, 2, 3`)
)

// relatedDoc is an article on its way into the index.
type relatedDoc struct {
	id        int
	live      bool
	language  string // primary subtag
	published int    // minutes since 1970
	section   int64
	body      int64 // hash of the body
	revision  int   // of the subject
	profile   related.Profile
	old       *storedProfile // nil: never indexed before
	article   related.Article
	words     []string // how it spells article.Terms
	altered   bool     // body or revision are not as stored
}

// storedProfile is a row of article_profiles.
type storedProfile struct {
	listed    bool
	published int
	section   int64
	body      int64      // hash of the body that was ranked
	revision  int        // of the subject
	terms     [][2]int64 // term, weight
}

// minutes is a moment as listed with terms.
func minutes(t *time.Time) int {
	if t == nil {
		return 0
	}
	return int(min(max(t.Unix()/60, math.MinInt32), math.MaxInt32))
}

// relatedDocs reads and analyses articles. names are those of tags, series,
// places and people, by key without the language.
func (s *Service) relatedDocs(ctx context.Context, ids []int) (docs []*relatedDoc, names map[string]string, err error) {
	facets := map[int]*related.Doc{}
	names = map[string]string{}
	arg := s.db.IDs(ids)
	_, err = store.Collect(ctx, s.db, relatedFacetsSQL, func(rows *sql.Rows) (struct{}, error) {
		var article, kind int
		var id int64
		var name string
		if err := rows.Scan(&article, &kind, &id, &name); err != nil {
			return struct{}{}, err
		}
		d := facets[article]
		if d == nil {
			d = new(related.Doc)
			facets[article] = d
		}
		switch related.Kind(kind) {
		case related.Tag:
			d.Tags = append(d.Tags, id)
		case related.Series:
			d.Series = id
		case related.Place:
			d.Places = append(d.Places, id)
		case related.Person:
			d.People = append(d.People, id)
		}
		names[related.FacetKey(related.Kind(kind), id)] = name
		return struct{}{}, nil
	}, arg)
	if err != nil {
		return nil, nil, err
	}
	docs, err = store.Collect(ctx, s.db, relatedDocsSQL, func(rows *sql.Rows) (*relatedDoc, error) {
		return scanRelatedDoc(rows, facets)
	}, arg)
	if err != nil {
		return nil, nil, err
	}
	slices.SortFunc(docs, func(a, b *relatedDoc) int { return a.id - b.id })
	return docs, names, nil
}

func scanRelatedDoc(rows *sql.Rows, facets map[int]*related.Doc) (*relatedDoc, error) {
	d := new(relatedDoc)
	var tag, title, subtitle, excerpt, text string
	var section, series *int64
	var at *time.Time
	var listed *bool
	var published *int
	var oldSection, body *int64
	var terms []byte
	err := rows.Scan(&d.id, &tag, &title, &subtitle, &excerpt, &section, &series, &at, &d.live, &text,
		&d.body, &d.revision, &listed, &published, &oldSection, &body, &terms)
	if err != nil {
		return nil, err
	}
	if listed != nil {
		d.old = &storedProfile{listed: *listed, published: *published, section: *oldSection, body: *body}
		if err := json.Unmarshal(terms, &d.old.terms); err != nil {
			return nil, fmt.Errorf("profile of article %d: %w", d.id, err)
		}
	}
	if !d.live {
		return d, nil
	}
	if d.body == 0 { // it has no words, or was saved before hashes were stored
		d.body = int64(related.BodyHash(text))
		d.altered = d.body != 0
	}
	d.language, d.published = language.Base(tag), minutes(at)
	if section != nil {
		d.section = *section
	}
	doc := related.Doc{}
	if f := facets[d.id]; f != nil {
		doc = *f
	}
	doc.Language, doc.Title, doc.Lead, doc.Body = tag, title, subtitle, text
	if strings.TrimSpace(text) == "" {
		doc.Lead += "\n" + excerpt
	}
	d.profile = related.Analyse(doc)
	return d, nil
}

// pick chooses the terms that tell most about an article.
func (d *relatedDoc) pick(src *relatedSource, terms map[string]int64) {
	corpus := related.Corpus{Articles: src.articles[d.language], Count: func(key string) int { return src.terms[terms[key]].count }}
	d.article = related.Article{ID: int64(d.id), Section: d.section, Published: int64(d.published) * 60, BodyHash: uint64(d.body)}
	words := map[int64]string{}
	for _, t := range d.profile.Salient(corpus) {
		id := terms[t.Key]
		words[id] = cut(t.Surface)
		known := src.terms[id]
		d.article.Terms = append(d.article.Terms, related.Term{ID: id, Kind: known.kind, Weight: t.Weight, Count: known.count})
	}
	slices.SortFunc(d.article.Terms, func(a, b related.Term) int { return int(a.ID - b.ID) })
	for _, t := range d.article.Terms {
		d.words = append(d.words, words[t.ID])
	}
	if d.old != nil && d.becameAnother() {
		d.revision++
		d.altered = true
	}
}

// becameAnother reports whether fewer than half of an article's terms stayed.
// Where it is a candidate, it then is one no longer.
func (d *relatedDoc) becameAnother() bool {
	stayed := 0
	for _, t := range d.article.Terms {
		if slices.ContainsFunc(d.old.terms, func(o [2]int64) bool { return o[0] == t.ID }) {
			stayed++
		}
	}
	return 2*stayed < max(len(d.old.terms), len(d.article.Terms))
}

func (d *relatedDoc) unchanged() bool {
	o := d.old
	return o != nil && o.listed && o.published == d.published && o.section == d.section && o.body == d.body && !d.altered &&
		slices.EqualFunc(o.terms, d.article.Terms, func(o [2]int64, t related.Term) bool { return o[0] == t.ID && o[1] == int64(t.Weight) })
}

// cut bounds a word that is shown; no real one is as long.
func cut(word string) string {
	const most = 64
	if len(word) <= most {
		return word
	}
	end := most
	for !utf8.RuneStart(word[end]) {
		end--
	}
	return word[:end]
}
