package content

import (
	"context"
	"fmt"

	"github.com/broadsheet-cms/broadsheet/internal/store"
)

var visibleArticlesSQL = store.ReadBoth(`SELECT a.id FROM each_id($1) JOIN articles a ON a.id = each_id.id WHERE visible_article(a)`)

// Visible tells which articles the viewer can see, without reading them.
func (s *Service) Visible(ctx context.Context, articles []int) (map[int]bool, error) {
	found, err := store.Collect(ctx, s.db, visibleArticlesSQL, store.ScanInt, s.db.IDs(articles))
	if err != nil {
		return nil, fmt.Errorf("look for articles: %w", err)
	}
	visible := make(map[int]bool, len(found))
	for _, id := range found {
		visible[id] = true
	}
	return visible, nil
}
