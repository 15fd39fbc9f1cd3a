package newsroom

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/broadsheet-cms/broadsheet/ent"
	"github.com/broadsheet-cms/broadsheet/ent/article"
	"github.com/broadsheet-cms/broadsheet/ent/category"
	"github.com/broadsheet-cms/broadsheet/ent/pick"
	"github.com/broadsheet-cms/broadsheet/ent/predicate"
	"github.com/broadsheet-cms/broadsheet/internal/access"
	"github.com/broadsheet-cms/broadsheet/internal/audit"
	"github.com/broadsheet-cms/broadsheet/internal/event"
	"github.com/broadsheet-cms/broadsheet/internal/fault"
	"github.com/broadsheet-cms/broadsheet/internal/id"
	"github.com/broadsheet-cms/broadsheet/internal/store"
)

// MaxPicks bounds the editors' picks of one page.
const MaxPicks = 100

// Choice is an article that an editor picks for a page.
type Choice struct {
	Article   int
	ExpiresAt *time.Time // when it goes from the page; nil: it stays
}

// picked is what the record of who did what keeps of a pick.
type picked struct {
	Article   string     `json:"article"`
	ExpiresAt *time.Time `json:"expiresAt,omitempty"`
}

// SetPicks makes choices, in their order, the editors' picks of a section's
// page; nil stands for the front page. They replace those that were there.
func (s *Service) SetPicks(ctx context.Context, section *int, choices []Choice) (set []*ent.Pick, err error) {
	if err := access.Require(ctx, access.CurateArticles); err != nil {
		return nil, err
	}
	if len(choices) > MaxPicks {
		return nil, fault.Mistake(fault.LimitReached, "picks", "A page has at most %d picks.", MaxPicks)
	}
	err = s.db.Tx(ctx, func(ctx context.Context) error {
		if err := s.checkPicks(ctx, section, choices); err != nil {
			return err
		}
		by := access.Of(ctx).UserID
		ctx = access.AsSystem(ctx)
		before, err := s.holdPicks(ctx, section)
		if err != nil {
			return err
		}
		if _, err := s.db.Ent(ctx).Pick.Delete().Where(ofPage(section)).Exec(ctx); err != nil {
			return fmt.Errorf("replace picks: %w", err)
		}
		now := s.Now()
		builders := make([]*ent.PickCreate, len(choices))
		for i, c := range choices {
			builders[i] = s.db.Ent(ctx).Pick.Create().SetNillableCategoryID(section).SetArticleID(c.Article).SetPosition(i).SetCreatedAt(now)
			if by != 0 {
				builders[i].SetUserID(by)
			}
			if c.ExpiresAt != nil {
				builders[i].SetExpiresAt(c.ExpiresAt.UTC().Truncate(time.Microsecond))
			}
		}
		if set, err = s.db.Ent(ctx).Pick.CreateBulk(builders...).Save(ctx); err != nil {
			return fmt.Errorf("keep picks: %w", err)
		}
		if err := s.log.Append(ctx, event.Event{Action: event.Updated, Entity: event.Pick, EntityID: pageKey(section)}); err != nil {
			return err
		}
		return s.audit.Record(ctx, audit.Entry{Action: "setPicks", Entity: event.Pick, EntityID: pageKey(section), Before: pickedOf(before), After: pickedOf(set)})
	})
	if err != nil {
		return nil, err
	}
	return set, nil
}

// pageKey is the key of a section, 0 for the front page.
func pageKey(section *int) int {
	if section == nil {
		return 0
	}
	return *section
}

// Two who set the picks of one page come one after the other: on SQLite there
// is one writer, on PostgreSQL the lock is for the transaction.
var lockPicksSQL = store.Maintain(`SELECT 1 FROM (SELECT pg_advisory_xact_lock(7093, $1::integer)) AS held`, `SELECT 1 WHERE $1 >= 0`)

// holdPicks gives the picks of a page and holds them for the transaction.
func (s *Service) holdPicks(ctx context.Context, section *int) ([]*ent.Pick, error) {
	if _, err := store.Collect(ctx, s.db, lockPicksSQL, store.ScanInt, pageKey(section)); err != nil {
		return nil, fmt.Errorf("hold picks: %w", err)
	}
	return s.picksOf(ctx, section)
}

func (s *Service) picksOf(ctx context.Context, section *int) ([]*ent.Pick, error) {
	found, err := s.db.Ent(ctx).Pick.Query().Where(ofPage(section)).Order(ent.Asc(pick.FieldPosition, pick.FieldID)).All(ctx)
	if err != nil {
		return nil, fmt.Errorf("read picks: %w", err)
	}
	return found, nil
}

// Picks gives the picks of a page with what editors alone see of them; nil
// stands for the front page.
func (s *Service) Picks(ctx context.Context, section *int) ([]*ent.Pick, error) {
	if err := access.Require(ctx, access.CurateArticles); err != nil {
		return nil, err
	}
	return s.picksOf(ctx, section)
}

// AddPicks puts articles behind the picks of the front page, as an import does:
// those that are not there yet, while there is room.
func (s *Service) AddPicks(ctx context.Context, articles ...int) error {
	if len(articles) == 0 {
		return nil
	}
	ctx = access.AsSystem(ctx)
	return s.db.Tx(ctx, func(ctx context.Context) error {
		before, err := s.holdPicks(ctx, nil)
		if err != nil {
			return err
		}
		there := make(map[int]bool, len(before))
		position := 0
		for _, p := range before {
			there[p.ArticleID] = true
			position = max(position, p.Position+1)
		}
		var added []*ent.PickCreate
		for _, key := range articles {
			if there[key] || len(before)+len(added) >= MaxPicks {
				continue
			}
			there[key] = true
			added = append(added, s.db.Ent(ctx).Pick.Create().SetArticleID(key).SetPosition(position+len(added)).SetCreatedAt(s.Now()))
		}
		if len(added) == 0 {
			return nil
		}
		if err := s.db.Ent(ctx).Pick.CreateBulk(added...).Exec(ctx); err != nil {
			return fmt.Errorf("add picks: %w", err)
		}
		return s.log.Append(ctx, event.Event{Action: event.Updated, Entity: event.Pick, EntityID: 0})
	})
}

func pickedOf(rows []*ent.Pick) []picked {
	all := make([]picked, len(rows))
	for i, p := range rows {
		all[i] = picked{id.Encode(id.Article, p.ArticleID), p.ExpiresAt}
	}
	return all
}

// checkPicks refuses what is not there, what is there twice, and what would be
// over at once.
func (s *Service) checkPicks(ctx context.Context, section *int, choices []Choice) error {
	if section != nil {
		there, err := s.db.Ent(ctx).Category.Query().Where(category.ID(*section)).Exist(ctx)
		if err != nil {
			return fmt.Errorf("find a section: %w", err)
		}
		if !there {
			return fault.Mistake(fault.Missing, "categoryId", "There is no such section.")
		}
	}
	ids := make([]int, len(choices))
	for i, c := range choices {
		ids[i] = c.Article
	}
	there, err := s.db.Ent(ctx).Article.Query().Where(article.IDIn(ids...)).IDs(ctx)
	if err != nil {
		return fmt.Errorf("find articles to pick: %w", err)
	}
	seen := make(map[int]bool, len(there))
	for _, key := range there {
		seen[key] = false
	}
	now := s.Now()
	for i, c := range choices {
		twice, found := seen[c.Article]
		switch {
		case !found:
			return fault.Mistake(fault.Missing, fmt.Sprintf("picks.%d.articleId", i), "There is no such article.")
		case twice:
			return fault.Mistake(fault.Taken, fmt.Sprintf("picks.%d.articleId", i), "The article is picked twice.")
		case c.ExpiresAt != nil && !c.ExpiresAt.After(now):
			return fault.Mistake(fault.InThePast, fmt.Sprintf("picks.%d.expiresAt", i), "The moment is over.")
		}
		seen[c.Article] = true
	}
	return nil
}

// expirePicksSQL removes what is over: of several nodes one gets each row.
var expirePicksSQL = store.MaintainBoth(`DELETE FROM picks WHERE expires_at <= $1 RETURNING coalesce(category_id, 0)`)

// ExpirePicks takes the editors' picks whose time is over at now off their
// pages, with an event for each page, and tells how many these were. It is for
// the server's own sweep: reading picks asks no clock.
func (s *Service) ExpirePicks(ctx context.Context, now time.Time) (n int, err error) {
	ctx = access.AsSystem(ctx)
	err = s.db.Tx(ctx, func(ctx context.Context) error {
		pages, err := store.Collect(ctx, s.db, expirePicksSQL, store.ScanInt, now)
		if err != nil {
			return fmt.Errorf("expire picks: %w", err)
		}
		n = len(pages)
		slices.Sort(pages)
		var events []event.Event
		for _, page := range slices.Compact(pages) {
			events = append(events, event.Event{Action: event.Updated, Entity: event.Pick, EntityID: page})
		}
		return s.log.Append(ctx, events...)
	})
	return n, err
}

// nextPickOver gives the next moment at which a pick's time is over, past ones
// included; zero when none is to end.
func (s *Service) nextPickOver(ctx context.Context) (time.Time, error) {
	first, err := s.db.Ent(ctx).Pick.Query().Where(pick.ExpiresAtNotNil()).Order(ent.Asc(pick.FieldExpiresAt)).First(ctx)
	if ent.IsNotFound(err) {
		return time.Time{}, nil
	}
	if err != nil {
		return time.Time{}, fmt.Errorf("find the next pick to expire: %w", err)
	}
	return *first.ExpiresAt, nil
}

func ofPage(section *int) predicate.Pick {
	if section == nil {
		return pick.CategoryIDIsNil()
	}
	return pick.CategoryID(*section)
}
