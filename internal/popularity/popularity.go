// Package popularity counts views of articles and finds the most read. Nothing
// says who looked: a view is a number beside an article and an hour.
//
// Views are gathered in memory and written in batches by Run; a crash loses what
// came since the last batch. Every half minute Rank finds the most read articles
// of the site and of each section from the hours, so that reading them is one
// range of an index.
package popularity

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"regexp"
	"slices"
	"sync"
	"time"

	"github.com/broadsheet-cms/broadsheet/internal/access"
	"github.com/broadsheet-cms/broadsheet/internal/store"
)

// Service counts views.
type Service struct {
	db *store.DB
	// Now is the clock, for tests.
	Now func() time.Time

	mu      sync.Mutex
	pending map[hourly]int
}

type hourly struct{ hour, article int }

// New gives the service.
func New(db *store.DB) *Service {
	return &Service{db: db, Now: time.Now, pending: map[hourly]int{}}
}

// Span is over what time views are counted.
type Span int

// The spans, as stored.
const (
	Hour Span = iota
	Day
	Week
	Month
)

var hours = map[Span]int{Hour: 1, Day: 24, Week: 7 * 24, Month: 30 * 24}

const (
	// FlushEvery is how often views are written, and so how many seconds of them a
	// crash can lose.
	FlushEvery = 2 * time.Second
	// RankEvery is how old an answer of MostRead can be.
	RankEvery = 30 * time.Second
	// maxPending bounds the memory for views that were not written yet; more are
	// not counted.
	maxPending = 100_000
	// MaxRanked is how many articles a list of the most read has.
	MaxRanked = 100
)

// robots are the words by which programs that fetch pages name themselves.
var robots = regexp.MustCompile(`(?i)bot\b|bot[/;_-]|crawl|spider|slurp|preview|fetch|scrap|monitor|curl|wget|python|httpclient|headless|lighthouse|facebookexternalhit|^$`)

// telephones are makes of telephones that are called like a robot.
var telephones = regexp.MustCompile(`(?i)\bcubot\b`)

// IsRobot reports whether a User-Agent is that of an obvious robot, or none.
func IsRobot(userAgent string) bool {
	return robots.MatchString(telephones.ReplaceAllString(userAgent, "phone"))
}

func (s *Service) hour() int { return int(s.Now().Unix() / 3600) }

var visibleSQL = store.ReadBoth(`SELECT a.id FROM articles a WHERE a.id = $1 AND visible_article(a)`)

// Record counts one view of an article that the viewer can see, unless a robot
// looks. It reports whether it was counted.
func (s *Service) Record(ctx context.Context, article int) (bool, error) {
	if IsRobot(access.OriginOf(ctx).UserAgent) {
		return false, nil
	}
	there, err := store.Collect(ctx, s.db, visibleSQL, store.ScanInt, article)
	if err != nil {
		return false, fmt.Errorf("record a view: %w", err)
	}
	if len(there) == 0 {
		return false, nil
	}
	at := hourly{s.hour(), article}
	s.mu.Lock()
	defer s.mu.Unlock()
	if _, known := s.pending[at]; !known && len(s.pending) >= maxPending {
		return false, nil
	}
	s.pending[at]++
	return true, nil
}

// Rows are written in the order of their keys, so that two nodes never wait for
// one another. An article that was deleted meanwhile is left out.
var (
	addHourSQL = store.MaintainBoth(`INSERT INTO article_views AS v (hour, article_id, views) SELECT $1, id, $3 FROM articles WHERE id = $2
		ON CONFLICT (hour, article_id) DO UPDATE SET views = v.views + excluded.views`)
	addTotalSQL = store.MaintainBoth(`INSERT INTO article_view_totals AS v (article_id, views) SELECT id, $2 FROM articles WHERE id = $1
		ON CONFLICT (article_id) DO UPDATE SET views = v.views + excluded.views`)

	// The sites' list (kind 0) and those of sections (kind 1) have the published
	// articles only. A window ends now, not with the hour of the clock: of the hour
	// that it begins in ($2), views count by the part of it ($4, in seconds) that
	// lies in the window, as if they had come evenly.
	dropRankSQL = store.MaintainBoth(`DELETE FROM most_read WHERE span = $1`)
	rankSQL     = store.MaintainBoth(`INSERT INTO most_read (span, kind, owner_id, position, article_id, views)
		SELECT $1, ranked.kind, ranked.owner_id, ranked.position, ranked.article_id, ranked.weight / 3600 FROM (
			SELECT l.kind, l.owner_id, l.article_id, v.weight,
				row_number() OVER (PARTITION BY l.kind, l.owner_id ORDER BY v.weight DESC, l.article_id DESC) AS position
			FROM (SELECT article_id, CAST(sum(CASE WHEN hour = $2 THEN views * $4 ELSE views * 3600 END) AS bigint) AS weight
				FROM article_views WHERE hour >= $2 GROUP BY article_id) v
			JOIN listings l ON l.article_id = v.article_id AND l.kind IN (0, 1)
		) ranked WHERE ranked.position <= $3`)
	mostReadSQL = store.Read(`SELECT m.article_id FROM most_read m
			CROSS JOIN LATERAL (SELECT 1 FROM articles a WHERE a.id = m.article_id AND visible_article(a) LIMIT 1) seen
			WHERE m.span = $1 AND m.kind = $2 AND m.owner_id = $3 ORDER BY m.position LIMIT $4`,
		`SELECT m.article_id FROM most_read m CROSS JOIN articles a ON a.id = m.article_id
			WHERE m.span = $1 AND m.kind = $2 AND m.owner_id = $3 AND visible_article(a) ORDER BY m.position LIMIT $4`)
	totalsSQL = store.ReadBoth(`SELECT v.article_id, v.views FROM each_id($1) JOIN article_view_totals v ON v.article_id = each_id.id`)
)

// Flush writes the views that were gathered. What cannot be written is kept for
// the next time; what may be written already is not, so that nothing counts twice.
func (s *Service) Flush(ctx context.Context) error {
	s.mu.Lock()
	views := s.pending
	s.pending = map[hourly]int{}
	s.mu.Unlock()
	if len(views) == 0 {
		return nil
	}
	err := s.db.Tx(access.AsSystem(ctx), func(ctx context.Context) error {
		totals := map[int]int{}
		for _, at := range slices.SortedFunc(maps.Keys(views), func(a, b hourly) int { return cmpHourly(a, b) }) {
			if _, err := s.db.Exec(ctx, addHourSQL, at.hour, at.article, views[at]); err != nil {
				return err
			}
			totals[at.article] += views[at]
		}
		for _, article := range slices.Sorted(maps.Keys(totals)) {
			if _, err := s.db.Exec(ctx, addTotalSQL, article, totals[article]); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		if !errors.Is(err, store.ErrUnconfirmed) {
			s.mu.Lock()
			defer s.mu.Unlock()
			for at, n := range views {
				s.pending[at] += n
			}
		}
		return fmt.Errorf("write views: %w", err)
	}
	return nil
}

func cmpHourly(a, b hourly) int {
	if a.hour != b.hour {
		return a.hour - b.hour
	}
	return a.article - b.article
}

// Rank finds the most read articles anew.
func (s *Service) Rank(ctx context.Context) error {
	now, elapsed := s.hour(), int(s.Now().Unix()%3600)
	err := s.db.Tx(access.AsSystem(ctx), func(ctx context.Context) error {
		for span := Hour; span <= Month; span++ {
			if _, err := s.db.Exec(ctx, dropRankSQL, int(span)); err != nil {
				return err
			}
			if _, err := s.db.Exec(ctx, rankSQL, int(span), now-hours[span], MaxRanked, 3600-elapsed); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("rank the most read: %w", err)
	}
	return nil
}

// Run writes views until ctx ends, and then those that are left.
func (s *Service) Run(ctx context.Context, logger *slog.Logger) error {
	ticker := time.NewTicker(FlushEvery)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			last, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
			defer cancel()
			return errors.Join(ctx.Err(), s.Flush(last))
		case <-ticker.C:
			if err := s.Flush(ctx); err != nil && ctx.Err() == nil {
				logger.WarnContext(ctx, "views wait to be written", "error", err)
			}
		}
	}
}

// MostRead gives the keys of the most read articles of the site, or of a section
// with those below it, in order.
func (s *Service) MostRead(ctx context.Context, span Span, category, limit int) ([]int, error) {
	kind := 0
	if category != 0 {
		kind = 1
	}
	keys, err := store.Collect(ctx, s.db, mostReadSQL, store.ScanInt, int(span), kind, category, limit)
	if err != nil {
		return nil, fmt.Errorf("read the most read: %w", err)
	}
	return keys, nil
}

// Totals gives how often each article was viewed in all.
func (s *Service) Totals(ctx context.Context, articles []int) (map[int]int, error) {
	if err := access.Require(ctx, access.ReadNewsroom); err != nil {
		return nil, err
	}
	totals := map[int]int{}
	_, err := store.Collect(ctx, s.db, totalsSQL, func(rows *sql.Rows) (struct{}, error) {
		var article, views int
		err := rows.Scan(&article, &views)
		totals[article] = views
		return struct{}{}, err
	}, s.db.IDs(articles))
	if err != nil {
		return nil, fmt.Errorf("read views: %w", err)
	}
	return totals, nil
}
