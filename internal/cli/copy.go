package cli

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/broadsheet-cms/broadsheet/internal/access"
	"github.com/broadsheet-cms/broadsheet/internal/app"
	"github.com/broadsheet-cms/broadsheet/internal/config"
	"github.com/broadsheet-cms/broadsheet/internal/store"
)

type copyCommand struct {
	From string `required:"" help:"The database to read: sqlite:PATH or postgres://…" placeholder:"URL"`
	To   string `required:"" help:"The empty database to write." placeholder:"URL"`
}

// Run copies a newsroom, compares every row and makes the search index anew.
func (c *copyCommand) Run(ctx context.Context, s *streams) (err error) {
	from, err := openMigrated(ctx, config.Database{Database: c.From})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, from.Close()) }()
	to, err := openMigrated(ctx, config.Database{Database: c.To})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, to.Close()) }()
	report, err := store.Copy(access.AsSystem(ctx), from, to, rowProgress(s), app.NewServices(to, nil).Search.Rebuild)
	if err != nil {
		return err
	}
	rows := 0
	for _, t := range report.Tables {
		rows += t.Rows
	}
	_, err = fmt.Fprintf(s.out, "%d rows of %d tables were copied and compared; media files are copied by other means.\n", rows, len(report.Tables))
	return err
}

// rowProgress says once a second how far something is.
func rowProgress(s *streams) func(what string, n int) {
	last := time.Now()
	return func(what string, n int) {
		if now := time.Now(); now.Sub(last) >= time.Second {
			last = now
			_, _ = fmt.Fprintf(s.err, "%s: %d\n", what, n)
		}
	}
}
