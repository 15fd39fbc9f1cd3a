package content

import (
	"context"
	"fmt"

	"github.com/broadsheet-cms/broadsheet/ent"
	"github.com/broadsheet-cms/broadsheet/internal/store"
)

// The join tables hold two keys and nothing else; whole lists of pairs go in
// by one statement.
type joinStatements struct{ drop, add *store.Statement }

var joinSQL = func() map[string]joinStatements {
	all := map[string]joinStatements{}
	for table, column := range map[string]string{"article_tags": "tag_id", "article_places": "place_id", "article_categories": "category_id"} {
		all[table] = joinStatements{
			drop: store.MaintainBoth(`DELETE FROM ` + table + ` WHERE article_id IN (SELECT id FROM each_id($1))`),
			add: store.Maintain(
				`INSERT INTO `+table+` (article_id, `+column+`) SELECT DISTINCT * FROM unnest($1::bigint[], $2::bigint[])`,
				`INSERT INTO `+table+` (article_id, `+column+`) SELECT DISTINCT a.value, b.value FROM json_each($1) AS a JOIN json_each($2) AS b ON b.key = a.key`),
		}
	}
	return all
}()

func (s *Service) saveJoin(ctx context.Context, table string, old []int, drafts []*prepared, saved []*ent.Article, of func(*Draft) []int) error {
	if len(old) > 0 {
		if _, err := s.db.Exec(ctx, joinSQL[table].drop, s.db.IDs(old)); err != nil {
			return fmt.Errorf("clear %s: %w", table, err)
		}
	}
	var articles, others []int
	for i, p := range drafts {
		for _, other := range of(p.Draft) {
			articles, others = append(articles, saved[i].ID), append(others, other)
		}
	}
	if len(articles) == 0 {
		return nil
	}
	if _, err := s.db.Exec(ctx, joinSQL[table].add, s.db.IDs(articles), s.db.IDs(others)); err != nil {
		return fmt.Errorf("fill %s: %w", table, err)
	}
	return nil
}
