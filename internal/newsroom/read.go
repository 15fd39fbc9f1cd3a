package newsroom

import (
	"context"

	"github.com/broadsheet-cms/broadsheet/ent"
	"github.com/broadsheet-cms/broadsheet/internal/access"
)

// Article gives an article that the viewer may see or works on, in the trash or
// not; nil when there is none. One that the viewer works on is whole, what the
// newsroom keeps about it included.
func (s *Service) Article(ctx context.Context, articleID int) (*ent.Article, error) {
	ids := []int{articleID}
	records, err := s.Records(ctx, ids)
	if err != nil {
		return nil, err
	}
	if r := records[articleID]; r != nil {
		return r.Article, nil
	}
	found, err := s.articles.ByIDs(ctx, ids)
	return found[articleID], err
}

// ArticlesByIDs gives the articles that the viewer may see or works on, in the
// trash or not, as lists show them.
func (s *Service) ArticlesByIDs(ctx context.Context, ids []int) (map[int]*ent.Article, error) {
	if err := access.Require(ctx, access.ReadNewsroom); err != nil {
		return nil, err
	}
	if len(ids) == 0 {
		return nil, nil
	}
	found, err := s.articles.ByIDs(ctx, ids)
	if err != nil {
		return nil, err
	}
	var others []int
	for _, id := range ids {
		if found[id] == nil {
			others = append(others, id)
		}
	}
	if len(others) == 0 {
		return found, nil
	}
	records, err := s.Records(ctx, others)
	if err != nil {
		return nil, err
	}
	for id, r := range records {
		found[id] = r.Article
	}
	return found, nil
}
