package content

import (
	"context"
	"fmt"
	"time"

	"github.com/broadsheet-cms/broadsheet/internal/access"
	"github.com/broadsheet-cms/broadsheet/internal/event"
	"github.com/broadsheet-cms/broadsheet/internal/id"
	"github.com/broadsheet-cms/broadsheet/internal/store"
)

// Whoever saves an article relies on the sections, tags, places, series and authors
// that it names: that they are there, and which sections lie above its own. Whoever
// moves, merges or deletes those relies on the articles that name them. On
// PostgreSQL the first share a lock and the second have it alone; SQLite has one
// writer. The lock is taken before any row is, so that nobody waits in a circle.
// Its key is "sections" in ASCII.
var (
	shareTaxonomySQL = store.Maintain(`SELECT 1 FROM (SELECT pg_advisory_xact_lock_shared(x'73656374696f6e73'::bigint)) AS held`, `SELECT 1`)
	lockTaxonomySQL  = store.Maintain(`SELECT 1 FROM (SELECT pg_advisory_xact_lock(x'73656374696f6e73'::bigint)) AS held`, `SELECT 1`)
)

// ShareTaxonomy keeps sections, tags, places, series and authors where they are
// until the transaction of ctx ends.
func (s *Service) ShareTaxonomy(ctx context.Context) error { return s.lock(ctx, shareTaxonomySQL) }

// LockTaxonomy waits until no transaction relies on where sections, tags, places,
// series and authors are, and lets none do so until that of ctx ends.
func (s *Service) LockTaxonomy(ctx context.Context) error { return s.lock(ctx, lockTaxonomySQL) }

func (s *Service) lock(ctx context.Context, how *store.Statement) error {
	if s.db.Dialect == store.SQLite {
		return nil
	}
	if _, err := s.db.Exec(ctx, how); err != nil {
		return fmt.Errorf("lock sections and tags: %w", err)
	}
	return nil
}

// refreshBatch is how many articles are refreshed in one transaction.
const refreshBatch = 200

// RefreshNames has what is derived from the names of an owner, such as the search
// index, made anew for its articles: it got another name.
func (s *Service) RefreshNames(ctx context.Context, kind ListingKind, owner int) error {
	return s.eachListed(ctx, kind, owner, func(ids []int) error { return s.refreshSoon(ctx, ids) })
}

// eachListed walks the articles under an owner in batches.
func (s *Service) eachListed(ctx context.Context, kind ListingKind, owner int, do func(ids []int) error) error {
	for after := 0; ; {
		ids, err := store.Collect(ctx, s.db, listedUnderSQL, store.ScanInt, int(kind), owner, after, relistBatch)
		if err != nil {
			return fmt.Errorf("find what is listed: %w", err)
		}
		if len(ids) == 0 {
			return nil
		}
		if err := do(ids); err != nil {
			return err
		}
		after = ids[len(ids)-1]
	}
}

// refreshSoon hands articles to RefreshLater in batches, or refreshes them at once
// where nobody does it later.
func (s *Service) refreshSoon(ctx context.Context, ids []int) error {
	refresh := s.RefreshLater
	if refresh == nil {
		refresh = s.Refresh
	}
	for len(ids) > 0 {
		n := min(len(ids), refreshBatch)
		if err := refresh(ctx, ids[:n]); err != nil {
			return err
		}
		ids = ids[n:]
	}
	return nil
}

// Refresh makes what is derived from articles and the names of what they belong to
// anew, as it is now, and says by events that the articles are not what they were:
// partners have the names in their copies.
func (s *Service) Refresh(ctx context.Context, ids []int) error {
	return s.db.Tx(access.AsSystem(ctx), func(ctx context.Context) error {
		if err := s.ShareTaxonomy(ctx); err != nil {
			return err
		}
		if err := s.hold(ctx, ids); err != nil { // a save at the same time comes before or after
			return err
		}
		for _, d := range s.derivations {
			if err := d.Refresh(ctx, ids); err != nil {
				return err
			}
		}
		lists, err := s.listsOf(ctx, ids)
		if err != nil {
			return err
		}
		var events []event.Event
		for _, key := range ids {
			if l := lists[key]; len(l) > 0 {
				events = append(events, event.Event{Action: event.Updated, Entity: id.Article, EntityID: key, Detail: event.Detail{Was: l, Is: l}})
			}
		}
		return s.log.Append(ctx, events...)
	})
}

// RefreshTimeout bounds one Refresh of a batch.
const RefreshTimeout = 5 * time.Minute
