package cli

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/broadsheet-cms/broadsheet/internal/app"
	"github.com/broadsheet-cms/broadsheet/internal/config"
	"github.com/broadsheet-cms/broadsheet/internal/seed"
	"github.com/broadsheet-cms/broadsheet/internal/store"
)

type seedCommand struct {
	config.Database
	Articles int    `help:"How many articles to make." default:"1000" placeholder:"N"`
	Seed     uint64 `help:"Number that decides every word; the same number makes the same newsroom." default:"1" placeholder:"NUMBER"`
}

// Run fills an empty database with a synthetic newsroom.
func (c *seedCommand) Run(ctx context.Context, s *streams) (err error) {
	db, err := openMigrated(ctx, c.Database)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	last := time.Now()
	report, err := seed.Run(ctx, app.NewServices(db, nil).Seed(), seed.Options{Articles: c.Articles, Seed: c.Seed, Progress: func(p seed.Progress) {
		if now := time.Now(); now.Sub(last) >= time.Second {
			last = now
			_, _ = fmt.Fprintf(s.err, "%s: %d of %d, %.0f a second\n", p.Phase, p.Done, p.Total, float64(p.Done)/max(p.Elapsed.Seconds(), 0.001))
		}
	}})
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(s.out, "%d articles and %d comments written in %s, related articles found in %s\n",
		report.Articles, report.Comments, report.Writing.Round(time.Millisecond), report.Relating.Round(time.Millisecond))
	return err
}

// openMigrated opens a database for a command that fills it, whose statements
// may take as long as they need.
func openMigrated(ctx context.Context, d config.Database) (*store.DB, error) {
	return openWith(ctx, d, store.Options{})
}

// openExisting is openMigrated for a command that has nothing to do in a database
// that is not there: a mistyped name does not make one.
func openExisting(ctx context.Context, d config.Database) (*store.DB, error) {
	return openWith(ctx, d, store.Options{Existing: true})
}

func openWith(ctx context.Context, d config.Database, opts store.Options) (*store.DB, error) {
	opts.StatementTimeout, opts.Relaxed = -1, d.Relaxed()
	db, err := store.Open(ctx, d.Database, opts)
	if err != nil {
		return nil, err
	}
	if _, err := db.Migrate(ctx); err != nil {
		return nil, errors.Join(err, db.Close())
	}
	return db, nil
}
