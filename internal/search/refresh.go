package search

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"log/slog"
	"slices"
	"time"

	"github.com/broadsheet-cms/broadsheet/ent/schema"
	"github.com/broadsheet-cms/broadsheet/internal/access"
	"github.com/broadsheet-cms/broadsheet/internal/store"
)

// What an article says, in two statements for any number of articles: its own
// words, and the names of what it belongs to.
var (
	articlesSQL = store.MaintainBoth(`
		SELECT a.id, a.title, a.subtitle, a.excerpt, a.language, a.kind, a.published_at, public_article(a), a.status, a.trashed_at IS NOT NULL,
			coalesce(substr(t.text, 1, $2), ''), coalesce(t.byline, ''), s.article_id IS NULL, s.published_at IS NOT NULL, s.vector
		FROM each_id($1) JOIN articles a ON a.id = each_id.id
		LEFT JOIN article_details t ON t.article_id = a.id LEFT JOIN search_documents s ON s.article_id = a.id`)

	namesSQL = store.MaintainBoth(`
		WITH RECURSIVE section (article_id, category_id) AS (
			SELECT a.id, a.primary_category_id FROM articles a WHERE a.id IN (SELECT id FROM each_id($1)) AND a.primary_category_id IS NOT NULL
			UNION SELECT x.article_id, x.category_id FROM article_categories x WHERE x.article_id IN (SELECT id FROM each_id($1))
			UNION SELECT section.article_id, c.parent_id FROM section JOIN categories c ON c.id = section.category_id WHERE c.parent_id IS NOT NULL
		)
		SELECT s.article_id, 1, c.id, c.name, c.labels FROM section s JOIN categories c ON c.id = s.category_id
		UNION ALL SELECT x.article_id, 2, t.id, t.name, t.labels FROM article_tags x JOIN tags t ON t.id = x.tag_id
			WHERE x.article_id IN (SELECT id FROM each_id($1))
		UNION ALL SELECT x.article_id, 3, p.id, p.name, p.labels FROM article_places x JOIN places p ON p.id = x.place_id
			WHERE x.article_id IN (SELECT id FROM each_id($1))
		UNION ALL SELECT b.article_id, 4, w.id, w.name, w.labels FROM bylines b JOIN authors w ON w.id = b.author_id
			WHERE b.article_id IN (SELECT id FROM each_id($1))
		UNION ALL SELECT a.id, 5, s.id, s.name, s.labels FROM articles a JOIN series s ON s.id = a.series_id
			WHERE a.id IN (SELECT id FROM each_id($1))
		ORDER BY 1, 2, 3`)

	articlesAfterSQL = store.MaintainBoth(`SELECT id FROM articles WHERE id > $1 ORDER BY id LIMIT $2`)
)

// batch is how many articles are read and written at once.
const batch = 200

// name is what an article belongs to, with its wordings in all languages.
type name struct {
	kind  Kind
	owner int
	texts []string
}

// Refresh makes the index say what the given articles say now. It takes part
// in the transaction of ctx. Articles that are gone are left out: the database
// takes their rows away.
func (s *Service) Refresh(ctx context.Context, articles []int) error {
	for ids := range slices.Chunk(articles, batch) {
		docs, names, err := s.refresh(ctx, ids)
		if err != nil {
			return fmt.Errorf("index articles for search: %w", err)
		}
		var v vocabulary
		v.add(docs, names, false)
		s.db.AfterCommit(ctx, func() {
			ctx := context.WithoutCancel(ctx)
			if err := s.remember(ctx, v); err != nil {
				slog.WarnContext(ctx, "the vocabulary of search is behind; a rebuild mends it", "error", err)
			}
		})
	}
	return nil
}

// RebuildName is the kind of the job that calls Rebuild. A migration enqueues it
// that changes what the index holds or how words are read.
const RebuildName = "search.rebuild"

// Rebuild makes the whole index and the vocabulary anew. Readers search on
// meanwhile.
func (s *Service) Rebuild(ctx context.Context) error {
	ctx = access.AsSystem(ctx)
	err := s.db.Tx(ctx, func(ctx context.Context) error {
		// What is counted from now on is counted from nothing.
		for _, statement := range []*store.Statement{forgetWordsSQL, forgetFrequenciesSQL, forgetVectorsSQL} {
			if _, err := s.db.Exec(ctx, statement); err != nil {
				return fmt.Errorf("forget the vocabulary: %w", err)
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	var unsaved vocabulary // written less often than articles
	for after, batches := 0, 1; ; batches++ {
		ids, err := store.Collect(ctx, s.db, articlesAfterSQL, func(rows *sql.Rows) (id int, err error) {
			err = rows.Scan(&id)
			return id, err
		}, after, batch)
		if err != nil {
			return fmt.Errorf("find articles to index: %w", err)
		}
		if len(ids) == 0 || batches%50 == 0 {
			if err := s.remember(ctx, unsaved); err != nil {
				return err
			}
			unsaved = vocabulary{}
		}
		if len(ids) == 0 {
			return nil
		}
		err = s.db.Tx(ctx, func(ctx context.Context) error {
			docs, names, err := s.refresh(ctx, ids)
			unsaved.add(docs, names, true)
			return err
		})
		if err != nil {
			return fmt.Errorf("index articles for search: %w", err)
		}
		after = ids[len(ids)-1]
	}
}

func (s *Service) refresh(ctx context.Context, ids []int) ([]*document, map[int][]name, error) {
	ctx = access.AsSystem(ctx)
	type entry struct {
		*document
		byline string
	}
	entries, err := store.Collect(ctx, s.db, articlesSQL, func(rows *sql.Rows) (e entry, err error) {
		var id int
		var title, subtitle, excerpt, tag, kind, status, text string
		var at *time.Time
		var public, trashed, isNew, wasPublic bool
		var before vector
		if err := rows.Scan(&id, &title, &subtitle, &excerpt, &tag, &kind, &at, &public, &status, &trashed, &text, &e.byline, &isNew, &wasPublic, (*[]byte)(&before)); err != nil {
			return e, err
		}
		var published *int64
		if public && at != nil {
			micros := at.UnixMicro()
			published = &micros
		}
		e.document = newDocument(id, published)
		if trashed {
			status = trashedStatus
		}
		if published == nil {
			e.facts = append(e.facts, hiddenFact(status))
		}
		e.isNew = isNew
		if wasPublic {
			e.before = before
		}
		e.add(inTitle, title, maxTitleTerms)
		e.add(inExcerpt, subtitle, maxExcerptTerms)
		e.add(inExcerpt, excerpt, maxExcerptTerms)
		e.add(inBody, text, maxBodyTerms)
		e.facts = append(e.facts, languageFact(tag), kindFact(kind))
		return e, nil
	}, s.db.IDs(ids), maxTextLength)
	if err != nil {
		return nil, nil, fmt.Errorf("read articles: %w", err)
	}
	names, err := s.names(ctx, ids)
	if err != nil {
		return nil, nil, err
	}
	docs := make([]*document, len(entries))
	for i, e := range entries {
		docs[i] = e.document
		for _, n := range names[e.article] {
			e.facts = append(e.facts, fact(n.kind, n.owner))
			field := inTags
			switch n.kind {
			case Category: // too many articles have its name to be found by it
				continue
			case Author:
				field = inBylines
			}
			for _, text := range n.texts {
				e.add(field, text, maxNameTerms)
			}
		}
		e.add(inBylines, e.byline, maxNameTerms)
		e.finish()
	}
	return docs, names, s.index.put(ctx, docs)
}

// names gives what each article belongs to.
func (s *Service) names(ctx context.Context, ids []int) (map[int][]name, error) {
	of := make(map[int][]name, len(ids))
	_, err := store.Collect(ctx, s.db, namesSQL, func(rows *sql.Rows) (_ struct{}, err error) {
		var article int
		var n name
		var text string
		var labels []byte
		if err := rows.Scan(&article, &n.kind, &n.owner, &text, &labels); err != nil {
			return struct{}{}, err
		}
		if n.texts, err = wordings(text, labels); err != nil {
			return struct{}{}, fmt.Errorf("labels of %q: %w", text, err)
		}
		of[article] = append(of[article], n)
		return struct{}{}, nil
	}, s.db.IDs(ids))
	if err != nil {
		return nil, fmt.Errorf("read what articles belong to: %w", err)
	}
	return of, nil
}

// wordings are a name and what it is called in other languages, each once.
func wordings(text string, labels []byte) ([]string, error) {
	all := []string{text}
	if len(labels) > 0 {
		var of schema.Labels
		if err := json.Unmarshal(labels, &of); err != nil {
			return nil, err
		}
		for _, l := range of {
			if l.Name != "" {
				all = append(all, l.Name)
			}
		}
	}
	slices.Sort(all[1:])
	return slices.Compact(all), nil
}
