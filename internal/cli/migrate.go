package cli

import (
	"context"
	"errors"
	"fmt"

	"github.com/broadsheet-cms/broadsheet/internal/config"
	"github.com/broadsheet-cms/broadsheet/internal/store"
)

type migrateCommand struct{ config.Database }

// Run migrates and says what it did.
func (c *migrateCommand) Run(ctx context.Context, s *streams) (err error) {
	db, err := store.Open(ctx, c.Database.Database, store.Options{StatementTimeout: -1, Relaxed: c.Relaxed()})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	steps, err := db.Migrate(ctx)
	for _, step := range steps {
		_, _ = fmt.Fprintf(s.out, "applied %04d_%s\n", step.Version, step.Name)
	}
	if err == nil && len(steps) == 0 {
		_, _ = fmt.Fprintln(s.out, "the schema is up to date")
	}
	return err
}
