package content

import (
	"context"
	"database/sql"
	"fmt"
	"slices"

	"github.com/broadsheet-cms/broadsheet/ent"
	"github.com/broadsheet-cms/broadsheet/internal/event"
	"github.com/broadsheet-cms/broadsheet/internal/id"
	"github.com/broadsheet-cms/broadsheet/internal/store"
)

// The listings of an article are derived: its row in the site's list from the
// article itself, all others from that one row and from what the article
// belongs to. An article that readers may not see has none.
var (
	dropListingsSQL = store.MaintainBoth(`DELETE FROM listings WHERE article_id IN (SELECT id FROM each_id($1)) RETURNING article_id, kind, owner_id`)

	// The moments come beside the keys, because the databases keep times in
	// forms of their own. SQLite keeps to the order of a CROSS JOIN; else it may
	// go through all articles.
	listOnSiteSQL = store.Maintain(
		`INSERT INTO listings (kind, owner_id, published_at, article_id, language)
			SELECT 0, 0, (m ->> 1)::bigint, a.id, a.language FROM jsonb_array_elements($1::jsonb) AS m JOIN articles a ON a.id = (m ->> 0)::bigint
			WHERE a.published_at IS NOT NULL AND public_article(a) RETURNING article_id, kind, owner_id`,
		`INSERT INTO listings (kind, owner_id, published_at, article_id, language)
			SELECT 0, 0, m.value ->> 1, a.id, a.language FROM json_each($1) AS m CROSS JOIN articles a ON a.id = CAST(m.value ->> 0 AS INTEGER)
			WHERE a.published_at IS NOT NULL AND public_article(a) RETURNING article_id, kind, owner_id`)

	// The "+ 0" keeps both databases from walking the whole list of the site: the
	// row of an article is found through the index by article.
	listUnderOwnersSQL = store.MaintainBoth(`
		INSERT INTO listings (kind, owner_id, published_at, article_id, language)
		WITH RECURSIVE section (article_id, category_id) AS (
			SELECT a.id, a.primary_category_id FROM articles a WHERE a.id IN (SELECT id FROM each_id($1)) AND a.primary_category_id IS NOT NULL
			UNION SELECT x.article_id, x.category_id FROM article_categories x WHERE x.article_id IN (SELECT id FROM each_id($1))
			UNION SELECT section.article_id, c.parent_id FROM section JOIN categories c ON c.id = section.category_id WHERE c.parent_id IS NOT NULL
		), owner (kind, owner_id, article_id) AS (
			SELECT 1, category_id, article_id FROM section
			UNION SELECT 2, tag_id, article_id FROM article_tags WHERE article_id IN (SELECT id FROM each_id($1))
			UNION SELECT 3, place_id, article_id FROM article_places WHERE article_id IN (SELECT id FROM each_id($1))
			UNION SELECT 4, author_id, article_id FROM bylines WHERE article_id IN (SELECT id FROM each_id($1))
			UNION SELECT 5, series_id, id FROM articles WHERE id IN (SELECT id FROM each_id($1)) AND series_id IS NOT NULL
		)
		SELECT owner.kind, owner.owner_id, site.published_at, site.article_id, site.language
		FROM owner JOIN listings site ON site.kind + 0 = 0 AND site.owner_id + 0 = 0 AND site.article_id = owner.article_id
		RETURNING article_id, kind, owner_id`)

	// The articles whose listings a section has a part in: those of the whole
	// tree below it.
	listedUnderSQL = store.MaintainBoth(`SELECT DISTINCT article_id FROM listings WHERE kind = $1 AND owner_id = $2 AND article_id > $3
		ORDER BY article_id LIMIT $4`)
)

// listings are the lists that an article was in before a change, and is in after.
type listings struct{ was, is []event.List }

// moved reports whether the lists differ. Both are sorted.
func (l listings) moved() bool { return !slices.Equal(l.was, l.is) }

// listEntities names the owners of listings in events.
var listEntities = map[ListingKind]string{
	BySite: event.Site, ByCategory: id.Category, ByTag: id.Tag, ByPlace: id.Place, ByAuthor: id.Author, BySeries: id.Series,
}

// list makes the listings of articles anew and gives what changed, by key.
func (s *Service) list(ctx context.Context, articles []*ent.Article) (map[int]listings, error) {
	ids, moments := make([]int, len(articles)), make([][2]int, len(articles))
	for i, a := range articles {
		k := Key(a)
		ids[i], moments[i] = k.ID, [2]int{k.ID, int(k.Time)}
	}
	changed := make(map[int]listings, len(articles))
	for _, step := range []struct {
		statement *store.Statement
		argument  any
	}{{dropListingsSQL, s.db.IDs(ids)}, {listOnSiteSQL, pairsArgument(moments)}, {listUnderOwnersSQL, s.db.IDs(ids)}} {
		_, err := store.Collect(ctx, s.db, step.statement, func(rows *sql.Rows) (none struct{}, err error) {
			var article, kind, owner int
			if err := rows.Scan(&article, &kind, &owner); err != nil {
				return none, err
			}
			l, one := changed[article], event.List{Entity: listEntities[ListingKind(kind)], Owner: owner}
			if step.statement == dropListingsSQL {
				l.was = append(l.was, one)
			} else {
				l.is = append(l.is, one)
			}
			changed[article] = l
			return none, nil
		}, step.argument)
		if err != nil {
			return nil, fmt.Errorf("list articles: %w", err)
		}
	}
	for _, l := range changed {
		slices.SortFunc(l.was, event.List.Compare)
		slices.SortFunc(l.is, event.List.Compare)
	}
	return changed, nil
}

var listsOfSQL = store.MaintainBoth(`SELECT l.article_id, l.kind, l.owner_id FROM each_id($1) JOIN listings l ON l.article_id = each_id.id`)

// listsOf gives the lists that readers find each article in.
func (s *Service) listsOf(ctx context.Context, ids []int) (map[int][]event.List, error) {
	found := make(map[int][]event.List, len(ids))
	_, err := store.Collect(ctx, s.db, listsOfSQL, func(rows *sql.Rows) (none struct{}, err error) {
		var article, kind, owner int
		err = rows.Scan(&article, &kind, &owner)
		found[article] = append(found[article], event.List{Entity: listEntities[ListingKind(kind)], Owner: owner})
		return none, err
	}, s.db.IDs(ids))
	if err != nil {
		return nil, fmt.Errorf("read the lists of articles: %w", err)
	}
	for _, l := range found {
		slices.SortFunc(l, event.List.Compare)
	}
	return found, nil
}

// Relist makes the listings of every article under an owner anew after the owner
// moved, and has what else is derived made anew soon after. It takes part in the
// transaction of ctx: readers see all articles where they were, then all where they
// are.
func (s *Service) Relist(ctx context.Context, kind ListingKind, owner int) error {
	return s.eachListed(ctx, kind, owner, func(ids []int) error { return s.regroup(ctx, ids) })
}

// regroup makes the listings of articles anew, and has whatever else is derived
// from what they belong to made anew soon after. Articles that come into other
// lists by that have an event each.
func (s *Service) regroup(ctx context.Context, ids []int) error {
	found, err := s.ByIDs(ctx, ids)
	if err != nil {
		return err
	}
	articles := make([]*ent.Article, 0, len(ids))
	for _, key := range ids {
		if a := found[key]; a != nil {
			articles = append(articles, a)
		}
	}
	changed, err := s.list(ctx, articles)
	if err != nil {
		return err
	}
	var events []event.Event
	for _, a := range articles {
		if changed[a.ID].moved() {
			events = append(events, eventOf(event.Updated, a, changed))
		}
	}
	if err := s.log.Append(ctx, events...); err != nil {
		return err
	}
	return s.refreshSoon(ctx, ids)
}
