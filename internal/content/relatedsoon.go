package content

import (
	"context"
	"fmt"
	"slices"

	"github.com/broadsheet-cms/broadsheet/internal/access"
	"github.com/broadsheet-cms/broadsheet/internal/store"
)

// soonAtOnce is how many articles RelateSoon ranks in one transaction. While it
// runs nobody else publishes in their languages.
const soonAtOnce = 20

var (
	soonSQL = store.Maintain(`SELECT r.id, r.article_id FROM related_pending r WHERE r.soon ORDER BY r.id LIMIT $1 FOR UPDATE SKIP LOCKED`,
		`SELECT r.id, r.article_id FROM related_pending r WHERE r.soon ORDER BY r.id LIMIT $1`)
	anySoonSQL = store.MaintainBoth(`SELECT 1 FROM related_pending r WHERE r.soon LIMIT 1`)
	notSoonSQL = store.MaintainBoth(`UPDATE related_pending SET soon = false WHERE id IN (SELECT id FROM each_id($1))`)
)

// RelateSoon finds what is related to some of the articles saved or moved with
// DeferRelatedBriefly, on whichever node, and gives how many these were; 0 when
// none wait. Several nodes may call it at once: each takes others. An article
// that cannot be related is left to CompleteRelated, which runs at the next start,
// and the error says which.
func (s *Service) RelateSoon(ctx context.Context) (int, error) {
	ctx = access.AsSystem(ctx)
	some, err := store.Collect(ctx, s.db, anySoonSQL, store.ScanInt)
	if err != nil || len(some) == 0 {
		return 0, err
	}
	waiting, err := s.relateSoon(ctx, soonAtOnce)
	if err == nil || ctx.Err() != nil || len(waiting.rows) == 0 {
		return len(waiting.rows), err
	}
	for i := range waiting.rows { // which of them is it?
		one, err := s.relateSoon(ctx, 1)
		if err == nil && len(one.rows) == 0 {
			return i, nil
		}
		if err != nil {
			if _, aside := s.db.Exec(ctx, notSoonSQL, s.db.IDs(one.rows)); aside != nil {
				return i, aside
			}
			return i, fmt.Errorf("relate article %v: %w", one.articles, err)
		}
	}
	return len(waiting.rows), nil
}

func (s *Service) relateSoon(ctx context.Context, most int) (waiting pending, err error) {
	err = s.db.Tx(ctx, func(ctx context.Context) error {
		if waiting, err = s.readPending(ctx, soonSQL, most); err != nil || len(waiting.rows) == 0 {
			return err
		}
		slices.Sort(waiting.articles)
		waiting.articles = slices.Compact(waiting.articles)
		return s.relatePending(ctx, waiting)
	})
	return waiting, err
}
