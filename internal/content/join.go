package content

import (
	"context"
	"encoding/json"
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
				`INSERT INTO `+table+` (article_id, `+column+`) SELECT DISTINCT (e ->> 0)::bigint, (e ->> 1)::bigint FROM jsonb_array_elements($1::jsonb) AS e`,
				`INSERT INTO `+table+` (article_id, `+column+`) SELECT DISTINCT value ->> 0, value ->> 1 FROM json_each($1)`),
		}
	}
	return all
}()

// pairsArgument makes one argument of pairs. Two lists side by side would be
// easier to write, but SQLite would go through the one for each of the other.
func pairsArgument(pairs [][2]int) string {
	text, _ := json.Marshal(pairs) // integers always marshal
	return string(text)
}

func (s *Service) saveJoin(ctx context.Context, table string, old []int, drafts []*prepared, saved []*ent.Article, of func(*Draft) []int) error {
	if len(old) > 0 {
		if _, err := s.db.Exec(ctx, joinSQL[table].drop, s.db.IDs(old)); err != nil {
			return fmt.Errorf("clear %s: %w", table, err)
		}
	}
	var pairs [][2]int
	for i, p := range drafts {
		for _, other := range of(p.Draft) {
			pairs = append(pairs, [2]int{saved[i].ID, other})
		}
	}
	if len(pairs) == 0 {
		return nil
	}
	if _, err := s.db.Exec(ctx, joinSQL[table].add, pairsArgument(pairs)); err != nil {
		return fmt.Errorf("fill %s: %w", table, err)
	}
	return nil
}
