package content

import (
	"context"
	"fmt"
	"strings"

	"github.com/broadsheet-cms/broadsheet/ent"
)

// Scope is the list in which an article has neighbours.
type Scope string

// The scopes.
const (
	WholeSite   Scope = "SITE"
	OneCategory Scope = "CATEGORY" // its primary section, with sub-sections
)

// Neighbours of an article: the one published just before it and the one just
// after, in its language; nil at the ends.
type Neighbours struct{ Previous, Next *ent.Article }

// {kind}, {owner}: the list to look in; p is the article, s its row in the
// site's list, which knows its moment.
const (
	neighboursPostgres = `SELECT each_id.id, n.later, {article} FROM each_id($1)
		JOIN articles p ON p.id = each_id.id AND visible_article(p)
		JOIN listings s ON s.article_id = p.id AND s.kind = 0
		CROSS JOIN LATERAL (
			(SELECT 0 AS later, l.article_id FROM listings l JOIN articles b ON b.id = l.article_id
				WHERE l.kind = {kind} AND l.owner_id = {owner} AND l.language = p.language
				AND (l.published_at, l.article_id) < (s.published_at, s.article_id) AND visible_article(b)
				ORDER BY l.published_at DESC, l.article_id DESC LIMIT 1)
			UNION ALL
			(SELECT 1 AS later, l.article_id FROM listings l JOIN articles b ON b.id = l.article_id
				WHERE l.kind = {kind} AND l.owner_id = {owner} AND l.language = p.language
				AND (l.published_at, l.article_id) > (s.published_at, s.article_id) AND visible_article(b)
				ORDER BY l.published_at, l.article_id LIMIT 1)) n
		JOIN articles a ON a.id = n.article_id AND visible_article(a)`
	neighboursSQLite = `WITH pair AS MATERIALIZED (
		SELECT p.id AS id,
			(SELECT l.article_id FROM listings l CROSS JOIN articles b ON b.id = l.article_id
				WHERE l.kind = {kind} AND l.owner_id = {owner} AND l.language = p.language
				AND (l.published_at, l.article_id) < (s.published_at, s.article_id) AND visible_article(b)
				ORDER BY l.published_at DESC, l.article_id DESC LIMIT 1) AS earlier,
			(SELECT l.article_id FROM listings l CROSS JOIN articles b ON b.id = l.article_id
				WHERE l.kind = {kind} AND l.owner_id = {owner} AND l.language = p.language
				AND (l.published_at, l.article_id) > (s.published_at, s.article_id) AND visible_article(b)
				ORDER BY l.published_at, l.article_id LIMIT 1) AS later
		FROM each_id($1) CROSS JOIN articles p ON p.id = each_id.id AND visible_article(p)
			CROSS JOIN listings s ON s.article_id = p.id AND s.kind = 0)
		SELECT pair.id, coalesce(a.id = pair.later, 0), {article} FROM pair CROSS JOIN articles a
			WHERE a.id IN (pair.earlier, pair.later) AND visible_article(a)`
)

var neighboursSQL = func() map[Scope]articleStatement {
	in := func(kind, owner string) articleStatement {
		fill := strings.NewReplacer("{kind}", kind, "{owner}", owner)
		return readArticles(fill.Replace(neighboursPostgres), fill.Replace(neighboursSQLite))
	}
	return map[Scope]articleStatement{WholeSite: in("0", "0"), OneCategory: in("1", "p.primary_category_id")}
}()

// Neighbours gives the neighbours of each article in a scope, in one statement
// for all of them.
func (s *Service) Neighbours(ctx context.Context, scope Scope, ids []int) (map[int]Neighbours, error) {
	type row struct {
		id      int
		later   int
		article *ent.Article
	}
	rows, err := collectArticles(ctx, s.db, neighboursSQL[scope], func(article func(...any) (*ent.Article, error)) (r row, err error) {
		r.article, err = article(&r.id, &r.later)
		return r, err
	}, s.db.IDs(ids))
	if err != nil {
		return nil, fmt.Errorf("find neighbours: %w", err)
	}
	found := make(map[int]Neighbours, len(ids))
	for _, r := range rows {
		n := found[r.id]
		if r.later == 1 {
			n.Next = r.article
		} else {
			n.Previous = r.article
		}
		found[r.id] = n
	}
	return found, nil
}
