package newsroom

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/broadsheet-cms/broadsheet/internal/store"
)

// Failure is an article for which this server could not do what is due. It is
// tried again, with growing delay, and at once when the article changes.
type Failure struct {
	ArticleID int
	Version   int // of the article when it failed
	Attempts  int
	Since     time.Time // of the first attempt
	Next      time.Time // when it is tried again
	Err       error     // of the last attempt
}

// Bounds on failures.
const (
	maxFailures = 1000
	firstRetry  = time.Second
	lastRetry   = 5 * time.Minute
)

// failures are what one server knows; each finds its own. The zero value is none.
type failures struct {
	mu        sync.Mutex
	byArticle map[int]Failure
}

var errTooManyFailures = errors.New("too many publications fail")

// add notes one more failure and reports whether it is the first one of this
// version of the article.
func (f *failures) add(articleID, version int, at time.Time, err error) (Failure, bool, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.byArticle == nil {
		f.byArticle = map[int]Failure{}
	}
	was, known := f.byArticle[articleID]
	if !known && len(f.byArticle) >= maxFailures {
		return Failure{}, false, fmt.Errorf("%w: the last one with %w", errTooManyFailures, err)
	}
	is := Failure{ArticleID: articleID, Version: version, Attempts: 1, Since: at, Err: err}
	if known = known && was.Version == version; known {
		is.Attempts, is.Since = was.Attempts+1, was.Since
	}
	is.Next = at.Add(min(firstRetry<<min(is.Attempts-1, 20), lastRetry))
	f.byArticle[articleID] = is
	return is, !known, nil
}

func (f *failures) remove(articles ...int) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, id := range articles {
		delete(f.byArticle, id)
	}
}

// all gives the failures by article.
func (f *failures) all() []Failure {
	f.mu.Lock()
	defer f.mu.Unlock()
	list := make([]Failure, 0, len(f.byArticle))
	for _, failure := range f.byArticle {
		list = append(list, failure)
	}
	slices.SortFunc(list, func(a, b Failure) int { return a.ArticleID - b.ArticleID })
	return list
}

// waiting gives the articles that are not to be tried yet, and when the first of
// them is, zero when there are none.
func (f *failures) waiting(now time.Time) (articles []int, first time.Time) {
	for _, failure := range f.all() {
		if !failure.Next.After(now) {
			continue
		}
		articles = append(articles, failure.ArticleID)
		if first.IsZero() || failure.Next.Before(first) {
			first = failure.Next
		}
	}
	return articles, first
}

var versionsSQL = store.MaintainBoth(`SELECT a.id, a.version FROM each_id($1) JOIN articles a ON a.id = each_id.id`)

func (s *Service) versions(ctx context.Context, articles []int) (map[int]int, error) {
	found := make(map[int]int, len(articles))
	_, err := store.Collect(ctx, s.db, versionsSQL, func(rows *sql.Rows) (struct{}, error) {
		var articleID, version int
		err := rows.Scan(&articleID, &version)
		found[articleID] = version
		return struct{}{}, err
	}, s.db.IDs(articles))
	if err != nil {
		return nil, fmt.Errorf("look which articles changed: %w", err)
	}
	return found, nil
}

// forgetChanged forgets the failures of articles that were changed since.
func (s *Service) forgetChanged(ctx context.Context) error {
	known := s.failing.all()
	if len(known) == 0 {
		return nil
	}
	articles := make([]int, len(known))
	for i, f := range known {
		articles[i] = f.ArticleID
	}
	versions, err := s.versions(ctx, articles)
	if err != nil {
		return err
	}
	for _, f := range known {
		if versions[f.ArticleID] != f.Version {
			s.failing.remove(f.ArticleID)
		}
	}
	return nil
}
