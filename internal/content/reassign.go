package content

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/broadsheet-cms/broadsheet/internal/access"
	"github.com/broadsheet-cms/broadsheet/internal/store"
)

// reassignment is how articles go from one owner to another of its kind.
type reassignment struct {
	belonging *store.Statement   // keys of articles of the owner $1, $2 at most; one may come twice
	add       []*store.Statement // for the articles of each_id($1): from the owner $2 to $3
	drop      *store.Statement   // for the articles of each_id($1): from the owner $2 to none
}

// An article that belongs to both owners keeps one of the two rows; of two
// places in a by-line it keeps the first. "$2 <> $3" always holds: it is there
// because PostgreSQL wants every argument used.
var reassignSQL = map[ListingKind]reassignment{
	ByCategory: {
		belonging: store.MaintainBoth(`SELECT id FROM articles WHERE primary_category_id = $1
			UNION ALL SELECT article_id FROM article_categories WHERE category_id = $1 LIMIT $2`),
		add: []*store.Statement{
			store.MaintainBoth(`UPDATE articles SET primary_category_id = $3 WHERE primary_category_id = $2 AND id IN (SELECT id FROM each_id($1))`),
			reassignJoin("article_categories", "category_id"),
			store.MaintainBoth(`DELETE FROM article_categories WHERE category_id = $2 AND article_id IN (SELECT id FROM each_id($1)) AND $2 <> $3`),
			// Further sections are those beside the primary one.
			store.MaintainBoth(`DELETE FROM article_categories WHERE category_id = $3 AND category_id <> $2 AND article_id IN
				(SELECT id FROM articles WHERE primary_category_id = $3 AND id IN (SELECT id FROM each_id($1)))`),
		},
	},
	ByTag:   reassignByJoin("article_tags", "tag_id"),
	ByPlace: reassignByJoin("article_places", "place_id"),
	ByAuthor: {
		belonging: store.MaintainBoth(`SELECT article_id FROM bylines WHERE author_id = $1 LIMIT $2`),
		add: []*store.Statement{
			store.MaintainBoth(`UPDATE bylines SET position = (SELECT min(b.position) FROM bylines b WHERE b.article_id = bylines.article_id AND b.author_id IN ($2, $3))
				WHERE author_id IN ($2, $3) AND article_id IN (SELECT id FROM each_id($1))`),
			store.MaintainBoth(`DELETE FROM bylines WHERE author_id = $2 AND article_id IN (SELECT id FROM each_id($1))
				AND EXISTS (SELECT 1 FROM bylines b WHERE b.article_id = bylines.article_id AND b.author_id = $3)`),
			store.MaintainBoth(`UPDATE bylines SET author_id = $3 WHERE author_id = $2 AND article_id IN (SELECT id FROM each_id($1))`),
		},
	},
	BySeries: {
		belonging: store.MaintainBoth(`SELECT id FROM articles WHERE series_id = $1 LIMIT $2`),
		add: []*store.Statement{
			store.MaintainBoth(`UPDATE articles SET series_id = $3 WHERE series_id = $2 AND id IN (SELECT id FROM each_id($1))`),
		},
		drop: store.MaintainBoth(`UPDATE articles SET series_id = NULL, series_position = NULL WHERE series_id = $2 AND id IN (SELECT id FROM each_id($1))`),
	},
}

func reassignByJoin(table, column string) reassignment {
	drop := store.MaintainBoth(`DELETE FROM ` + table + ` WHERE ` + column + ` = $2 AND article_id IN (SELECT id FROM each_id($1))`)
	return reassignment{
		belonging: store.MaintainBoth(`SELECT article_id FROM ` + table + ` WHERE ` + column + ` = $1 LIMIT $2`),
		add: []*store.Statement{
			reassignJoin(table, column),
			store.MaintainBoth(`DELETE FROM ` + table + ` WHERE ` + column + ` = $2 AND $2 <> $3 AND article_id IN (SELECT id FROM each_id($1))`),
		},
		drop: drop,
	}
}

func reassignJoin(table, column string) *store.Statement {
	return store.MaintainBoth(`INSERT INTO ` + table + ` (article_id, ` + column + `) SELECT article_id, CAST($3 AS bigint) FROM ` + table + `
		WHERE ` + column + ` = $2 AND article_id IN (SELECT id FROM each_id($1)) ON CONFLICT DO NOTHING`)
}

// relistBatch is how many articles are listed anew at once.
const relistBatch = 1000

// Reassign makes every article that belongs to one owner belong to another of
// its kind, or to none when to is 0, and gives how many there were. What is
// derived from the articles is made anew in batches; what is related to them is
// found soon after. It takes part in the transaction of ctx.
func (s *Service) Reassign(ctx context.Context, kind ListingKind, from, to int) (count int, err error) {
	ctx = access.AsSystem(ctx)
	how, ok := reassignSQL[kind]
	if !ok || from == to || to == 0 && how.drop == nil {
		return 0, fmt.Errorf("articles cannot go from owner %d to %d of kind %d", from, to, kind)
	}
	for {
		ids, err := store.Collect(ctx, s.db, how.belonging, store.ScanInt, from, relistBatch)
		if err != nil {
			return count, fmt.Errorf("find articles to reassign: %w", err)
		}
		if len(ids) == 0 {
			return count, nil
		}
		slices.Sort(ids)
		ids = slices.Compact(ids)
		steps, args := how.add, []any{s.db.IDs(ids), from, to}
		if to == 0 {
			steps, args = []*store.Statement{how.drop}, args[:2]
		}
		for _, step := range steps {
			if _, err := s.db.Exec(ctx, step, args...); err != nil {
				return count, fmt.Errorf("reassign articles: %w", err)
			}
		}
		if err := s.regroup(ctx, ids); err != nil {
			return count, err
		}
		if err := s.postpone(ctx, ids, toComplete, time.Time{}); err != nil {
			return count, err
		}
		count += len(ids)
	}
}

// HasArticles reports whether any article, visible or not, belongs to an owner.
func (s *Service) HasArticles(ctx context.Context, kind ListingKind, owner int) (bool, error) {
	found, err := store.Collect(access.AsSystem(ctx), s.db, reassignSQL[kind].belonging, store.ScanInt, owner, 1)
	if err != nil {
		return false, fmt.Errorf("find articles: %w", err)
	}
	return len(found) > 0, nil
}
