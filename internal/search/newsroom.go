package search

import (
	"context"
	"slices"

	"github.com/broadsheet-cms/broadsheet/internal/access"
	"github.com/broadsheet-cms/broadsheet/internal/store"
)

// publishedStatus is the status of what readers see, and of what was published
// for the newsroom alone.
const publishedStatus = "PUBLISHED"

// Scope says which articles a search of the newsroom looks through.
type Scope struct {
	Statuses []string // as stored with articles
	Trashed  bool     // the trash, whatever the status was; and nothing else
}

// SearchNewsroom searches what the viewer may see, published or not: an editor
// everything, a writer what readers see and their own articles. Words, ranking
// and highlights are those of Search. What readers do not see has no date of
// publication here: a search for such dates finds none of it.
func (s *Service) SearchNewsroom(ctx context.Context, q Query, in Scope) (*Results, error) {
	if err := access.Require(ctx, access.ReadNewsroom); err != nil {
		return nil, err
	}
	return s.search(ctx, q, func(m match) (found []candidate, complete bool, err error) {
		complete = true
		if !in.Trashed && slices.Contains(in.Statuses, publishedStatus) {
			if found, complete, err = s.index.find(ctx, m, MaxHits); err != nil {
				return nil, false, err
			}
		}
		if m.dated() {
			return found, complete, nil
		}
		hidden, all, err := s.index.findHidden(ctx, m, in.Statuses, in.Trashed, MaxHits)
		for _, c := range hidden {
			c.hidden = true
			found = append(found, c)
		}
		return found, complete && all, err
	})
}

// What the newsroom's search reads of hidden articles carries the rule of the
// newsroom's lists.
var (
	findHiddenPostgres = store.Maintain(`
		WITH hits AS MATERIALIZED (
			SELECT article_id FROM search_documents WHERE terms @@ $1::tsquery AND published_at IS NULL LIMIT $2
		)
		SELECT d.article_id, a.created_at, a.language, d.title, d.vector, (SELECT count(*) FROM hits)
		FROM hits h JOIN search_documents d ON d.article_id = h.article_id JOIN articles a ON a.id = d.article_id
		WHERE (a.trashed_at IS NOT NULL) = $3 AND a.status IN (SELECT text FROM each_text($4)) AND desk_article(a)
		ORDER BY a.created_at DESC, a.id DESC LIMIT $5`, "")

	// Their rows are the first of the index; see rowOf.
	findHiddenSQLite = store.ReadBoth(`SELECT d.article_id, a.created_at, a.language, d.title, d.vector
		FROM search_index CROSS JOIN search_documents d ON d.article_id = search_index.rowid & 4294967295
		CROSS JOIN articles a ON a.id = d.article_id
		WHERE search_index MATCH $1 AND search_index.rowid < $2 AND (a.trashed_at IS NOT NULL) = $3
			AND a.status IN (SELECT text FROM each_text($4)) AND desk_article(a)
		ORDER BY search_index.rowid DESC LIMIT $5`)

	highlightHiddenSQL = store.ReadBoth(`SELECT a.id, a.title, a.excerpt, coalesce(substr(t.text, 1, $2), '')
		FROM each_id($1) CROSS JOIN articles a LEFT JOIN article_details t ON t.article_id = a.id WHERE a.id = each_id.id AND desk_article(a)`)
)
