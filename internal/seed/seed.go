// Package seed makes a synthetic newsroom of any size: a tree of sections, tags
// used by Zipf's law, stories told in several articles in English and Arabic,
// and threads of comments. The same seed makes the same newsroom, on both
// databases.
//
// Words and patterns are our own (words_en.go, words_ar.go); what they make
// reads like news and means nothing.
package seed

import (
	"context"
	"errors"
	"fmt"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/broadsheet-cms/broadsheet/internal/access"
	"github.com/broadsheet-cms/broadsheet/internal/account"
	"github.com/broadsheet-cms/broadsheet/internal/comment"
	"github.com/broadsheet-cms/broadsheet/internal/content"
	"github.com/broadsheet-cms/broadsheet/internal/media"
	"github.com/broadsheet-cms/broadsheet/internal/site"
	"github.com/broadsheet-cms/broadsheet/internal/store"
	"github.com/broadsheet-cms/broadsheet/internal/taxonomy"
)

// Services are what the newsroom is written with.
type Services struct {
	DB       *store.DB
	Accounts *account.Service
	Comments *comment.Service
	Content  *content.Service
	Media    *media.Service
	Site     *site.Service
	Taxonomy *taxonomy.Service
}

// Options of Run.
type Options struct {
	Articles int
	Seed     uint64
	// Until is the moment of the newest article; the oldest is ten years older.
	// Zero is the first of January 2026, so that the seed alone says everything.
	Until time.Time
	// Progress, when set, is called after every batch and every step.
	Progress func(Progress)
}

var defaultUntil = time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)

// Phase is a part of the work.
type Phase string

// The phases.
const (
	Writing  Phase = "writing"  // articles and comments
	Relating Phase = "relating" // what articles are related to
)

// Progress is how far the work is.
type Progress struct {
	Phase       Phase
	Done, Total int // articles when writing, steps when relating
	Comments    int
	Elapsed     time.Duration // since the beginning of the phase
}

// Rate is how many are done a second.
func (p Progress) Rate() float64 {
	if p.Elapsed <= 0 {
		return 0
	}
	return float64(p.Done) / p.Elapsed.Seconds()
}

// Report is what was made.
type Report struct {
	Articles, Comments, Stories int
	Writing, Relating           time.Duration
}

// ErrNotEmpty says that there are articles already. Nothing was changed.
var ErrNotEmpty = errors.New("the database has articles already")

// MaxArticles bounds one run.
const MaxArticles = 10_000_000

// batchSize is how many articles are stored in one transaction.
const batchSize = 500

// Run fills a database that has no articles. What is interrupted leaves whole
// batches behind, to which a second run refuses to add.
//
// Statements can take long: the database should be opened without a statement
// timeout.
func Run(ctx context.Context, s Services, o Options) (Report, error) {
	if o.Articles < 1 || o.Articles > MaxArticles {
		return Report{}, fmt.Errorf("seed: %d articles: want 1 to %d", o.Articles, MaxArticles)
	}
	if o.Until.IsZero() {
		o.Until = defaultUntil
	}
	if o.Progress == nil {
		o.Progress = func(Progress) {}
	}
	ctx = access.AsSystem(ctx)
	some, err := s.DB.Ent(ctx).Article.Query().Exist(ctx)
	if err != nil {
		return Report{}, fmt.Errorf("seed: look for articles: %w", err)
	}
	if some {
		return Report{}, ErrNotEmpty
	}
	w, err := build(ctx, s, o.Seed, o.Articles)
	if err != nil {
		return Report{}, fmt.Errorf("seed: %w", err)
	}
	var report Report
	begin := time.Now()
	g := newGenerator(o.Seed, o.Articles, w, o.Until.UTC())
	if err := s.write(content.DeferRelated(ctx), g, o, &report); err != nil {
		return report, fmt.Errorf("seed: %w", err)
	}
	report.Stories, report.Writing = g.count, time.Since(begin)
	begin = time.Now()
	err = s.Content.CompleteRelated(ctx, func(done, total int) {
		o.Progress(Progress{Phase: Relating, Done: done, Total: total, Comments: report.Comments, Elapsed: time.Since(begin)})
	})
	report.Relating = time.Since(begin)
	if err != nil {
		return report, fmt.Errorf("seed: %w", err)
	}
	return report, nil
}

// write stores all articles. The next batch is thought up while one is stored.
func (s Services) write(ctx context.Context, g *generator, o Options, report *Report) error {
	begin := time.Now()
	batches := make(chan []*written, 1)
	group, ctx := errgroup.WithContext(ctx)
	group.Go(func() error {
		defer close(batches)
		for {
			batch := make([]*written, 0, batchSize)
			for len(batch) < batchSize {
				a := g.next()
				if a == nil {
					break
				}
				batch = append(batch, a)
			}
			if len(batch) == 0 {
				return nil
			}
			select {
			case batches <- batch:
			case <-ctx.Done():
				return ctx.Err()
			}
		}
	})
	group.Go(func() error {
		for batch := range batches {
			comments, err := s.store(ctx, batch)
			if err != nil {
				return err
			}
			report.Articles += len(batch)
			report.Comments += comments
			o.Progress(Progress{Phase: Writing, Done: report.Articles, Total: o.Articles, Comments: report.Comments, Elapsed: time.Since(begin)})
		}
		return nil
	})
	return group.Wait()
}

// store stores a batch with its comments in one transaction and gives the
// number of comments.
func (s Services) store(ctx context.Context, batch []*written) (comments int, err error) {
	err = s.DB.Tx(ctx, func(ctx context.Context) error {
		if err := s.illustrate(ctx, batch); err != nil {
			return err
		}
		drafts := make([]*content.Draft, len(batch))
		for i, a := range batch {
			drafts[i] = a.Draft
		}
		saved, err := s.Content.Save(ctx, drafts...)
		if err != nil {
			return err
		}
		var remarks []*comment.Draft
		for i, a := range batch {
			for n := range a.comments {
				c := &a.comments[n]
				c.draft.ArticleID = saved[i].ID
				if c.parent >= 0 {
					c.draft.Parent = &a.comments[c.parent].draft
				}
				remarks = append(remarks, &c.draft)
			}
		}
		comments = len(remarks)
		_, err = s.Comments.Save(ctx, remarks...)
		return err
	})
	return comments, err
}

// illustrate gives every article the picture of its story. The pictures are
// elsewhere, at a place that never has them.
func (s Services) illustrate(ctx context.Context, batch []*written) error {
	var stories []*story
	var pictures []media.Elsewhere
	for _, a := range batch {
		if st := a.story; st.media == nil {
			st.media = new(0) // found below
			stories = append(stories, st)
			pictures = append(pictures, media.Elsewhere{
				Words: media.Words{
					Alt: a.Title, Caption: a.Excerpt, Credit: "Synthetic Pictures", SourceURL: fmt.Sprintf("https://example.org/pictures/%d.jpg", st.number),
				},
				ContentType: "image/jpeg", Width: 1600, Height: 900,
			})
		}
	}
	saved, err := s.Media.Refer(ctx, pictures...)
	if err != nil {
		return err
	}
	for i, st := range stories {
		*st.media = saved[i].ID
	}
	for _, a := range batch {
		a.FeaturedMedia = a.story.media
	}
	return nil
}
