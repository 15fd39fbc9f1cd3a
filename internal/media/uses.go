package media

import (
	"context"
	"database/sql"
	"fmt"
	"math"
	"strings"

	"github.com/broadsheet-cms/broadsheet/internal/access"
	"github.com/broadsheet-cms/broadsheet/internal/audit"
	"github.com/broadsheet-cms/broadsheet/internal/event"
	"github.com/broadsheet-cms/broadsheet/internal/fault"
	"github.com/broadsheet-cms/broadsheet/internal/id"
	"github.com/broadsheet-cms/broadsheet/internal/store"
)

// Place is where a media item is used.
type Place string

// The places.
const (
	FeaturedImage Place = "FEATURED_IMAGE"
	InBody        Place = "BODY"
	Avatar        Place = "AVATAR"
	Logo          Place = "LOGO"
)

// Use is one place where a media item stands.
type Use struct {
	Place  Place
	Entity string // prefix of the public id of the thing; event.Site for the site
	Key    int
}

// OfSite reports whether it is the site itself that uses the item.
func (u Use) OfSite() bool { return u.Entity == event.Site }

// MaxUses bounds the uses that are listed of one item.
const MaxUses = 100

// usesSQL lists the uses of items, the first of each.
var usesSQL = store.MaintainBoth(`SELECT media_id, place, entity, thing FROM (
	SELECT media_id, place, entity, thing, row_number() OVER (PARTITION BY media_id ORDER BY place, entity, thing) AS n FROM (
		SELECT a.featured_media_id AS media_id, 'FEATURED_IMAGE' AS place, 'art' AS entity, a.id AS thing FROM articles a WHERE a.featured_media_id IN (SELECT id FROM each_id($1))
		UNION ALL SELECT b.media_id, 'BODY', 'art', b.article_id FROM article_media b WHERE b.media_id IN (SELECT id FROM each_id($1))
		UNION ALL SELECT p.media_id, 'BODY', 'pag', p.page_id FROM page_media p WHERE p.media_id IN (SELECT id FROM each_id($1))
		UNION ALL SELECT w.avatar_id, 'AVATAR', 'aut', w.id FROM authors w WHERE w.avatar_id IN (SELECT id FROM each_id($1))
		UNION ALL SELECT s.logo_id, 'LOGO', 'site', s.id FROM sites s WHERE s.logo_id IN (SELECT id FROM each_id($1))
		UNION ALL SELECT s.logo_dark_id, 'LOGO', 'site', s.id FROM sites s WHERE s.logo_dark_id IN (SELECT id FROM each_id($1))
	) AS every) AS numbered WHERE n <= $2 ORDER BY media_id, n`)

// Uses gives where items are used, at most MaxUses of each.
func (e *Editor) Uses(ctx context.Context, keys []int) (map[int][]Use, error) {
	return e.uses(ctx, keys, MaxUses)
}

func (e *Editor) uses(ctx context.Context, keys []int, most int) (map[int][]Use, error) {
	if err := access.Require(ctx, access.WriteArticles); err != nil {
		return nil, err
	}
	return e.s.uses(ctx, keys, most)
}

// uses are all places of items, whoever asks.
func (s *Service) uses(ctx context.Context, keys []int, most int) (map[int][]Use, error) {
	uses := make(map[int][]Use, len(keys))
	_, err := store.Collect(ctx, s.db, usesSQL, func(rows *sql.Rows) (none struct{}, err error) {
		var media int
		var u Use
		if err := rows.Scan(&media, &u.Place, &u.Entity, &u.Key); err != nil {
			return none, err
		}
		uses[media] = append(uses[media], u)
		return none, nil
	}, s.db.IDs(keys), most)
	if err != nil {
		return nil, fmt.Errorf("find where media are used: %w", err)
	}
	return uses, nil
}

// FindUsesName names the job that notes which files the bodies name that were stored
// before this was kept.
const FindUsesName = "media.find-uses"

// searchedSQL finds the job that notes which bodies name which files.
var searchedSQL = store.MaintainBoth(`SELECT id FROM jobs WHERE kind = $1 LIMIT 1`)

// searched fails while it is not known of all bodies which files they name.
func (e *Editor) searched(ctx context.Context) error {
	waiting, err := store.Collect(ctx, e.s.db, searchedSQL, store.ScanInt, FindUsesName)
	if err != nil {
		return fmt.Errorf("look for the job that finds uses: %w", err)
	}
	if len(waiting) > 0 {
		return fault.New(fault.TryAgain, "The server still finds out where files are used: try again later.")
	}
	return nil
}

var (
	forgetArticlesSQL = store.MaintainBoth(`DELETE FROM article_media WHERE media_id = $1`)
	forgetPagesSQL    = store.MaintainBoth(`DELETE FROM page_media WHERE media_id = $1`)
	forgetLogoSQL     = store.MaintainBoth(`UPDATE sites SET logo_id = CASE WHEN logo_id = $1 THEN NULL ELSE logo_id END,
		logo_dark_id = CASE WHEN logo_dark_id = $1 THEN NULL ELSE logo_dark_id END WHERE logo_id = $1 OR logo_dark_id = $1`)
)

// Delete takes an item and its file away. One that is used is kept, unless an
// editor forces it: then featured images, avatars and logos lose it, and bodies keep
// its address, which answers 404 from then on.
func (e *Editor) Delete(ctx context.Context, key int, force bool) error {
	err := e.s.db.Tx(ctx, func(ctx context.Context) error {
		old, err := e.Item(ctx, key)
		if err != nil {
			return err
		}
		if err := mayChange(ctx, old); err != nil {
			return err
		}
		if err := e.searched(ctx); err != nil {
			return err
		}
		// All of them: whoever shows the item must hear of it.
		found, err := e.uses(ctx, []int{key}, math.MaxInt32)
		if err != nil {
			return err
		}
		uses := found[key]
		if len(uses) > 0 && !force {
			return fault.Mistake(fault.InUse, "id", "The media item is used: %s.", phrase(uses))
		}
		if len(uses) > 0 {
			if err := access.Require(ctx, access.EditArticles); err != nil {
				return err
			}
		}
		for _, s := range []*store.Statement{forgetArticlesSQL, forgetPagesSQL, forgetLogoSQL} {
			if _, err := e.s.db.Exec(ctx, s, key); err != nil {
				return err
			}
		}
		if err := e.s.db.Ent(ctx).Media.DeleteOneID(key).Exec(ctx); err != nil {
			return err
		}
		was := stateOf(old)
		events := []event.Event{{Action: event.Deleted, Entity: id.Media, EntityID: key}}
		for _, u := range uses {
			events = append(events, event.Event{Action: event.Updated, Entity: u.Entity, EntityID: u.Key})
			name := u.Entity
			if name != event.Site {
				name = id.Encode(u.Entity, u.Key)
			}
			if len(was.Uses) < MaxUses {
				was.Uses = append(was.Uses, string(u.Place)+" "+name)
			}
		}
		if err := e.s.log.Append(ctx, events...); err != nil {
			return err
		}
		if old.BlobKey != "" {
			e.s.db.AfterCommit(ctx, func() { e.s.forget(context.WithoutCancel(ctx), old.BlobKey) })
		}
		return e.audit.Record(ctx, audit.Entry{Action: "deleteMedia", Entity: id.Media, EntityID: key, Before: was})
	})
	if err != nil {
		return shown("delete a media item", err)
	}
	return nil
}

// phrase tells where an item is used without naming what not everybody sees.
func phrase(uses []Use) string {
	n := map[Place]int{}
	for _, u := range uses {
		n[u.Place]++
	}
	var parts []string
	for _, p := range []struct {
		place     Place
		one, many string
	}{
		{FeaturedImage, "the featured image of one article", "the featured image of %d articles"}, {InBody, "in one body", "in %d bodies"},
		{Avatar, "the picture of one author", "the picture of %d authors"}, {Logo, "the logo of the site", "the logo of the site"},
	} {
		switch {
		case n[p.place] > 1 && strings.Contains(p.many, "%d"):
			parts = append(parts, fmt.Sprintf(p.many, n[p.place]))
		case n[p.place] > 0:
			parts = append(parts, p.one)
		}
	}
	return strings.Join(parts, ", ")
}
