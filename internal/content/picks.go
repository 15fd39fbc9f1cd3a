package content

import (
	"context"
	"fmt"

	"github.com/broadsheet-cms/broadsheet/ent"
)

// What is picked until a moment goes from the table when that is over: reading
// asks no clock.
var picksSQL = readArticlesBoth(`SELECT each_id.id, {article} FROM each_id($1)
	JOIN picks p ON coalesce(p.category_id, 0) = each_id.id JOIN articles a ON a.id = p.article_id
	WHERE visible_article(a) ORDER BY each_id.id, p.position, p.id`)

// Picks gives the articles that editors picked for the page of each section, in
// their order; 0 stands for the front page.
func (s *Service) Picks(ctx context.Context, sections []int) (map[int][]*ent.Article, error) {
	found := make(map[int][]*ent.Article, len(sections))
	_, err := collectArticles(ctx, s.db, picksSQL, func(article func(...any) (*ent.Article, error)) (struct{}, error) {
		var section int
		a, err := article(&section)
		found[section] = append(found[section], a)
		return struct{}{}, err
	}, s.db.IDs(sections))
	if err != nil {
		return nil, fmt.Errorf("read editors' picks: %w", err)
	}
	return found, nil
}
