package content

import (
	"context"
	"database/sql"
	"fmt"

	"github.com/broadsheet-cms/broadsheet/ent"
	"github.com/broadsheet-cms/broadsheet/internal/store"
)

// ReasonKind says why an article is related to another.
type ReasonKind string

// The kinds of reasons.
const (
	Pinned      ReasonKind = "PINNED"       // an editor chose it
	SharedWords ReasonKind = "SHARED_WORDS" // both are about these words
	SharedTags  ReasonKind = "SHARED_TAGS"
	SameSeries  ReasonKind = "SAME_SERIES"
	SamePlace   ReasonKind = "SAME_PLACE"
	SamePeople  ReasonKind = "SAME_PEOPLE"
	SameSection ReasonKind = "SAME_SECTION"
)

// Reason is one reason with the words to show for it.
type Reason struct {
	Kind  ReasonKind `json:"k"`
	Words []string   `json:"w,omitempty"`
}

// Related is an article related to another.
type Related struct {
	Article *ent.Article
	Score   float64 // above 0; comparable only among the related articles of one article
	Reasons []Reason
}

// The newest of the same section in the same language, without the article
// itself.
var relatedSQL = store.Read(withColumns(`
	SELECT each_id.id, {article} FROM each_id($1) JOIN articles p ON p.id = each_id.id AND visible_article(p)
	CROSS JOIN LATERAL (
		SELECT b.* FROM listings l JOIN articles b ON b.id = l.article_id
		WHERE l.kind = 1 AND l.owner_id = p.primary_category_id AND l.language = p.language AND b.id <> p.id AND visible_article(b)
		ORDER BY l.published_at DESC, l.article_id DESC LIMIT $2) a`), withColumns(`
	SELECT each_id.id, {article} FROM each_id($1) CROSS JOIN articles p ON p.id = each_id.id AND visible_article(p)
	CROSS JOIN articles a WHERE a.id IN (
		SELECT l.article_id FROM listings l CROSS JOIN articles b ON b.id = l.article_id
		WHERE l.kind = 1 AND l.owner_id = p.primary_category_id AND l.language = p.language AND b.id <> p.id AND visible_article(b)
		ORDER BY l.published_at DESC, l.article_id DESC LIMIT $2)
	AND visible_article(a) ORDER BY a.published_at DESC, a.id DESC`))

// Related gives up to n related articles of each article, best first, in one
// statement for all of them.
func (s *Service) Related(ctx context.Context, articles []int, n int) (map[int][]Related, error) {
	found := make(map[int][]Related, len(articles))
	_, err := store.Collect(ctx, s.db, relatedSQL, func(rows *sql.Rows) (struct{}, error) {
		var parent int
		a, err := scanArticle(rows, &parent)
		if err != nil {
			return struct{}{}, err
		}
		found[parent] = append(found[parent], Related{Article: a, Reasons: []Reason{{Kind: SameSection}}})
		return struct{}{}, nil
	}, s.db.IDs(articles), n)
	if err != nil {
		return nil, fmt.Errorf("find related articles: %w", err)
	}
	return found, nil
}
