package partner

import (
	"context"
	"fmt"

	"github.com/broadsheet-cms/broadsheet/internal/access"
	"github.com/broadsheet-cms/broadsheet/internal/event"
	"github.com/broadsheet-cms/broadsheet/internal/fault"
	"github.com/broadsheet-cms/broadsheet/internal/store"
)

// Snapshot is a page of everything that a key may have. It may be shorter than
// was asked for, and still have more behind it.
type Snapshot struct {
	Stories []*Story
	// Next is the cursor of the next page; empty on the last one.
	Next string
	// Changes is where to go on in the feed of changes after the last page: all that
	// changed since the first page was read comes after it.
	Changes string
}

// candidatesSQL gives the keys of articles that some key might have.
var candidatesSQL = store.MaintainBoth(`SELECT a.id FROM articles a WHERE a.id > $1 AND a.status IN ('PUBLISHED', 'EMBARGOED') AND a.visibility = 'PUBLIC' AND a.trashed_at IS NULL
	ORDER BY a.id LIMIT $2`)

// Snapshot gives a page of everything that a key may have, in no useful order.
// The cursor of the first page is empty.
func (s *Service) Snapshot(ctx context.Context, k *Key, after string, first int) (*Snapshot, error) {
	if !k.Has(Changes) {
		return nil, fault.New(fault.Forbidden, "The key has no scope CHANGES.")
	}
	first, err := checkFirst(first)
	if err != nil {
		return nil, err
	}
	var head event.Position
	last := 0
	if after == "" {
		// Whatever is committed from now on is behind this place.
		if head, err = s.log.Head(access.AsSystem(ctx)); err != nil {
			return nil, err
		}
	} else {
		n, err := k.decode(after, snapshotCursor, 3)
		if err != nil {
			return nil, err
		}
		head, last = event.Position{TxID: n[0], ID: n[1]}, int(n[2])
	}
	page := &Snapshot{Changes: k.changesAt(head)}
	ids, err := store.Collect(ctx, s.db, candidatesSQL, store.ScanInt, last, first)
	if err != nil {
		return nil, fmt.Errorf("find articles: %w", err)
	}
	stories, err := s.Available(ctx, k, ids)
	if err != nil {
		return nil, err
	}
	given := map[int]copyRow{}
	for _, key := range ids {
		last = key
		if story := stories[key]; story != nil {
			page.Stories = append(page.Stories, story)
			given[key] = copyRow{Article: key, Version: story.Version}
		}
	}
	if len(ids) == first {
		page.Next = k.encode(cursor{snapshotCursor, []int64{head.TxID, head.ID, int64(last)}})
	}
	return page, s.remember(ctx, k, given)
}
