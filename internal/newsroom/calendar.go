package newsroom

import (
	"cmp"
	"context"
	"database/sql"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/broadsheet-cms/broadsheet/ent"
	"github.com/broadsheet-cms/broadsheet/internal/access"
	"github.com/broadsheet-cms/broadsheet/internal/fault"
	"github.com/broadsheet-cms/broadsheet/internal/keyset"
	"github.com/broadsheet-cms/broadsheet/internal/store"
)

// Occasion is what happens to an article at a moment of the calendar.
type Occasion string

// The occasions.
const (
	WillBePublished   Occasion = "WILL_BE_PUBLISHED"
	EmbargoWillLift   Occasion = "EMBARGO_WILL_LIFT"
	WillBeUnpublished Occasion = "WILL_BE_UNPUBLISHED"
	WasPublished      Occasion = "WAS_PUBLISHED" // and readers still see it
)

// Bounds of the calendar.
const (
	MaxCalendarSpan = 93 * 24 * time.Hour // three months
	MaxCalendarRows = 500
)

// CalendarEntry is something that happens, or happened, to an article.
type CalendarEntry struct {
	Occasion Occasion
	At       time.Time
	Article  *ent.Article
}

// Calendar is what happens in a span of time, the earliest first.
type Calendar struct {
	Entries []CalendarEntry
	HasMore bool // later entries of the span were left out
}

// planned is what reads one occasion: a range of an index of its own.
type planned struct {
	occasion  Occasion
	statement *store.Statement
}

const plannedText = `SELECT a.id, a.{at} FROM articles a WHERE a.{at} >= $1 AND a.{at} < $2 AND {condition}
	AND a.trashed_at IS NULL AND desk_article(a) ORDER BY a.{at}, a.id LIMIT $3`

func newPlanned(o Occasion, column, condition string) planned {
	return planned{o, store.ReadBoth(strings.NewReplacer("{at}", column, "{condition}", condition).Replace(plannedText))}
}

var plannedSQL = []planned{
	newPlanned(WillBePublished, "scheduled_at", "a.status = 'SCHEDULED'"),
	newPlanned(EmbargoWillLift, "embargo_until", "a.status = 'EMBARGOED'"),
	newPlanned(WillBeUnpublished, "unpublish_at", "a.status = 'PUBLISHED'"),
	newPlanned(WillBeUnpublished, "unpublish_at", "a.status IN ('SCHEDULED', 'EMBARGOED')"), // out by then
}

const wasPublished = `SELECT l.article_id, l.published_at FROM listings l CROSS JOIN articles a
	WHERE l.kind = 0 AND l.owner_id = 0 AND l.published_at >= $1 AND l.published_at < $2 AND a.id = l.article_id AND visible_article(a)
	ORDER BY l.published_at, l.article_id LIMIT $3`

var wasPublishedSQL = store.ReadBoth(wasPublished)

// Calendar gives what happens from one moment until before another: what is
// planned for the articles that the viewer works on, and what was published.
func (s *Service) Calendar(ctx context.Context, from, to time.Time, limit int) (*Calendar, error) {
	if err := access.Require(ctx, access.ReadNewsroom); err != nil {
		return nil, err
	}
	switch {
	case !from.Before(to):
		return nil, fault.BadInput("to", "to must be later than from")
	case to.Sub(from) > MaxCalendarSpan:
		return nil, fault.BadInput("to", "at most %d days can be asked for at once", int(MaxCalendarSpan/(24*time.Hour)))
	case limit < 1 || limit > MaxCalendarRows:
		return nil, fault.BadInput("first", "first must be from 1 to %d", MaxCalendarRows)
	}
	from, to = keyset.Key{Time: from.UnixMicro()}.Moment(), keyset.Key{Time: to.UnixMicro()}.Moment()
	var entries []CalendarEntry
	note := func(o Occasion, key int, at time.Time) {
		entries = append(entries, CalendarEntry{o, at.UTC(), &ent.Article{ID: key}})
	}
	for _, p := range plannedSQL {
		_, err := store.Collect(ctx, s.db, p.statement, func(rows *sql.Rows) (_ struct{}, err error) {
			var key int
			var at time.Time
			if err = rows.Scan(&key, &at); err == nil {
				note(p.occasion, key, at)
			}
			return struct{}{}, err
		}, from, to, limit+1)
		if err != nil {
			return nil, fmt.Errorf("read what is planned: %w", err)
		}
	}
	_, err := store.Collect(ctx, s.db, wasPublishedSQL, func(rows *sql.Rows) (_ struct{}, err error) {
		var key int
		var at int64
		if err = rows.Scan(&key, &at); err == nil {
			note(WasPublished, key, time.UnixMicro(at))
		}
		return struct{}{}, err
	}, from.UnixMicro(), to.UnixMicro(), limit+1)
	if err != nil {
		return nil, fmt.Errorf("read what was published: %w", err)
	}
	slices.SortFunc(entries, func(a, b CalendarEntry) int {
		return cmp.Or(a.At.Compare(b.At), cmp.Compare(a.Occasion, b.Occasion), cmp.Compare(a.Article.ID, b.Article.ID))
	})
	c := &Calendar{Entries: []CalendarEntry{}, HasMore: len(entries) > limit}
	entries = entries[:min(limit, len(entries))]
	ids := make([]int, len(entries))
	for i, e := range entries {
		ids[i] = e.Article.ID
	}
	found, err := s.ArticlesByIDs(ctx, ids)
	if err != nil {
		return nil, err
	}
	for _, e := range entries {
		if e.Article = found[e.Article.ID]; e.Article != nil {
			c.Entries = append(c.Entries, e)
		}
	}
	return c, nil
}
