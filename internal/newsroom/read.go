package newsroom

import (
	"context"
	"fmt"

	"github.com/broadsheet-cms/broadsheet/ent"
	"github.com/broadsheet-cms/broadsheet/ent/article"
	"github.com/broadsheet-cms/broadsheet/internal/access"
)

// Article gives an article that the viewer works on, in the trash or not; nil
// when there is none.
func (s *Service) Article(ctx context.Context, articleID int) (*ent.Article, error) {
	records, err := s.Records(ctx, []int{articleID})
	if err != nil || records[articleID] != nil {
		return records[articleID].article(), err
	}
	if err := access.Require(ctx, access.ReadNewsroom); err != nil {
		return nil, err
	}
	a, err := s.db.Ent(ctx).Article.Query().Where(article.ID(articleID)).Only(ctx)
	if ent.IsNotFound(err) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("find article %d: %w", articleID, err)
	}
	return a, nil
}

func (r *Record) article() *ent.Article {
	if r == nil {
		return nil
	}
	return r.Article
}
